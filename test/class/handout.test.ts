/** The handout: what is in it, what is not, and that it works in a clean folder with what the course installs already. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHAPTERS } from '../../grader/chapters.ts';
import { readChecks, writeHandout } from '../../grader/class/handout/handout.ts';
import { bare, filesIn, findLeaks } from '../../grader/class/handout/leaks.ts';
import { importsOf, minified } from '../../grader/class/handout/stand-ins.ts';
import { openCourse } from '../../grader/course/layout.ts';
import type { Report } from '../../grader/engine/report.ts';
import { repository, temporary, write } from './people.ts';

const course = openCourse(repository);
const chapters = CHAPTERS.filter(({ id }) => id === 'chapter-1' || id === 'chapter-3');
const CHECKS = {
  'chapter-1.ts':
    "export default ({ agrees }) => ({ 'neuron/step': [agrees({ id: 'a secret of mine', cases: 77 })] });",
};
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as never;

interface Lock {
  packages: Record<string, { version?: string; dev?: boolean; dependencies?: Record<string, string> }>;
}

describe('a handout of two chapters', () => {
  test('grades itself, installs nothing that the course does not, and holds no solution', async () => {
    const out = join(temporary(), 'handout');
    const checks = write(temporary(), CHECKS);
    const { points, files } = await writeHandout({ course, chapters, out, checks: readChecks(checks) });
    expect(points).toBe(86);
    const there = filesIn(out);
    expect(there).toHaveLength(files);

    // What is in it.
    for (const path of [
      'chapters/chapter-1-mp/neuron.ts',
      'chapters/chapter-3-rnn/README.md',
      'chapters/tensor/index.ts',
      'README.md',
      'LICENSE',
    ])
      expect(there).toContain(path);
    for (const path of there) {
      expect(path).not.toMatch(
        /^(solutions|test|site|grader\/class)\/|grade-class|chapter-(2|4)-\w+\/README|skeletons\.ts/,
      );
      if (path.startsWith('chapters/') && path.endsWith('.ts'))
        expect(readFileSync(join(out, path), 'utf8'), path).toBe(
          course.source.skeleton(path.slice('chapters/'.length)),
        );
    }
    const readme = readFileSync(join(out, 'README.md'), 'utf8');
    expect(readme).toContain('can dig them out');
    expect(readme).not.toMatch(/npm test|If you are teaching|chapter-2-bp/);

    // Nothing new to install: every package of its lock is in the course's, in the same version.
    const [own, whole] = [
      json(join(out, 'package-lock.json')) as Lock,
      json(join(repository, 'package-lock.json')) as Lock,
    ];
    const names = Object.keys(own.packages).filter((name) => name !== '');
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(own.packages[name]).toEqual(whole.packages[name]);
    const about = json(join(out, 'package.json')) as { dependencies: Record<string, string>; devDependencies?: object };
    expect(about.devDependencies).toBeUndefined();
    expect(own.packages['']!.dependencies).toEqual(about.dependencies);
    for (const name of Object.keys(about.dependencies)) expect(names).toContain(`node_modules/${name}`);

    // It works where nothing else is.
    symlinkSync(join(repository, 'node_modules'), join(out, 'node_modules'), 'junction');
    const run = (...words: string[]) =>
      spawnSync(process.execPath, ['grader/cli/start.mjs', ...words], {
        cwd: out,
        encoding: 'utf8',
        env: { PATH: process.env.PATH! },
      });
    const untouched = run('grade', '--json');
    expect(untouched.stderr).toBe('');
    const report = JSON.parse(untouched.stdout) as Report;
    expect([report.points, report.maxPoints, untouched.status]).toEqual([0, 86, 1]);
    for (const path of ['chapter-1-mp/neuron.ts', 'chapter-3-rnn/rnn.ts'])
      writeFileSync(join(out, 'chapters', path), readFileSync(join(repository, 'solutions', path)));
    for (const word of ['chapter-1/neuron', 'chapter-3/rnn'])
      expect(run('grade', word)).toMatchObject({ status: 0, stderr: '' });
    expect(run('hint', 'chapter-1/neuron/step').stdout).toContain('hint 1 of');
    const reset = execFileSync(process.execPath, ['--import', 'tsx', 'grader/cli/reset.ts', 'chapter-3/rnn'], {
      cwd: out,
      encoding: 'utf8',
    });
    expect(reset).toContain('backups');
    expect(readFileSync(join(out, 'chapters/chapter-3-rnn/rnn.ts'), 'utf8')).toBe(
      course.source.skeleton('chapter-3-rnn/rnn.ts'),
    );

    // The student has solved it, the handout is not made again over that.
    await expect(writeHandout({ course, chapters, out, checks: new Map() })).rejects.toThrow('is not empty');
    await expect(
      writeHandout({ course: openCourse(out), chapters, out: temporary(), checks: new Map() }),
    ).rejects.toThrow('is a handout itself');
  }, 240_000);

  test('is taken back when something is in it that must not be', async () => {
    const out = join(temporary(), 'handout');
    // A check that is public already cannot be hidden.
    const line = readFileSync(join(repository, 'grader/chapter-1-mp/neuron.ts'), 'utf8')
      .split('\n')
      .find((l) => bare(l).length > 60)!;
    await expect(writeHandout({ course, chapters, out, checks: new Map([['mine.ts', line]]) })).rejects.toThrow(
      'grader/chapter-1-mp/neuron.ts: a hidden check (mine.ts)',
    );
    expect(existsSync(out) ? filesIn(out) : []).toEqual([]);
  });
});

describe('the search for what must not be there', () => {
  const solution = [
    "import { Tensor } from '#tensor';", 'export function f(x: Tensor): Tensor {', '  // #region f', '  // Why.',
    '  const scaled = x.mul(2).add(x.sum(-1, { keepDims: true }));', '  const shifted = scaled.sub(scaled.max(-1));', '  return shifted.exp();',
    '  // #endregion', '}', '',
  ].join('\n'); // prettier-ignore
  const body = solution.split('\n').slice(3, 7).join('\n');
  const solutions = new Map([['chapter-9/f.ts', solution]]);
  const leaks = (files: Record<string, string>, checks = new Map<string, string>()) =>
    findLeaks(write(temporary(), files), solutions, checks).map(({ file, what }) => `${file}: ${what}`);
  const what = 'the solution of f (chapter-9/f.ts)';

  test.each([
    ['as it is', 'a.ts', solution],
    ['in prose', 'lesson.md', `Some words.\n\n${body}\n`],
    ['reindented, without comments', 'b.ts', body.replace('// Why.', '').replace(/\s+/g, ' ')],
    ['with other comments', 'c.ts', body.replace('// Why.', '/* mine */')],
    ['as a string in JSON', 'd.json', JSON.stringify({ deep: [{ text: solution }] })],
    ['in a hidden file', '.x/e.txt', body],
    ['in a spec, as an oracle', 'grader/chapter-9/f.ts', body],
  ])('finds a solution %s', (_, file, text) => {
    expect(leaks({ [file]: text, 'harmless.ts': 'export const f = 1;' })).toEqual([`${file}: ${what}`]);
  });

  test('finds hidden checks, source maps, and folders of solutions', () => {
    const checks = new Map([['private/chapter-9.ts', CHECKS['chapter-1.ts']]]);
    expect(leaks({ 'a.ts': `// x\n${CHECKS['chapter-1.ts']}` }, checks)).toEqual([
      'a.ts: a hidden check (private/chapter-9.ts)',
    ]);
    expect(leaks({ 'a.js.map': '{}', 'x/solutions/f.ts': '1' }).map((l) => l.split(':')[0])).toEqual([
      'a.js.map',
      'x/solutions/f.ts',
    ]);
  });

  test('lets the minified solution pass, and the stub', async () => {
    const small = await minified(solution, 'f.ts');
    expect(small).toContain('export{');
    expect(small).not.toMatch(/scaled|Why|region/);
    expect(
      leaks({ 'stand-ins/f.ts': small, 'chapters/f.ts': solution.replace(body, "  throw new Error('TODO: f');") }),
    ).toEqual([]);
  });

  test('knows what a file imports', () => {
    const text =
      "import { a,\n b } from './a.ts';\nimport type { C } from '../c/c.ts';\nexport * from './d.ts';\nimport { T } from '#tensor';\nconst x = './no.ts';";
    expect(importsOf(text)).toEqual(['./a.ts', '../c/c.ts', './d.ts']);
  });
});
