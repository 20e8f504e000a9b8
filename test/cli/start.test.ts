/** Where commands start: the bundles that `start.mjs` keeps, and the folder one is in. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonical, type Report } from '../../grader/engine/report.ts';
import { repository, TestCourse } from './course.ts';

const HOUR = 60 * 60_000;

interface Scripts {
  scripts: Record<string, string>;
}

/** A copy of the course with a cache of its own. */
function ownCourse() {
  const course = new TestCourse();
  rmSync(course.path('grader'));
  cpSync(join(repository, 'grader'), course.path('grader'), { recursive: true });
  rmSync(course.path('node_modules'));
  mkdirSync(course.path('node_modules'));
  for (const name of readdirSync(join(repository, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(join(repository, 'node_modules', name), course.path(`node_modules/${name}`), 'junction'); // prettier-ignore
  const cache = course.path('node_modules/.cache/deep-learning-by-hand');
  const age = (name: string, hours: number) => {
    const then = new Date(Date.now() - hours * HOUR);
    utimesSync(join(cache, name), then, then);
  };
  return { course, cache, age, bundles: () => readdirSync(cache) };
}

describe('bundles', () => {
  it('are kept for a day after their last use, whoever made them', async () => {
    const { course, cache, age, bundles } = ownCourse();
    expect((await course.run(['grade', '--help'])).code).toBe(0);
    const [first] = bundles();
    mkdirSync(join(cache, 'of-another-copy', 'remembered'), { recursive: true });
    mkdirSync(join(cache, 'long-forgotten'));
    age('of-another-copy', 5);
    age('long-forgotten', 25);

    age(first!, 23);
    expect((await course.run(['grade', '--help'])).code).toBe(0);
    expect(Date.now() - statSync(join(cache, first!)).mtimeMs).toBeLessThan(HOUR);
    expect(bundles()).toHaveLength(3);

    course.write('grader/cli/words.ts', `${course.read('grader/cli/words.ts')}\n// changed\n`);
    age(first!, 2);
    expect((await course.run(['grade', '--help'])).code).toBe(0);
    expect(bundles()).toHaveLength(3);
    expect(bundles()).toContain(first);
    expect(bundles()).toContain('of-another-copy');
    // What is large goes earlier.
    expect(readdirSync(join(cache, 'of-another-copy'))).toEqual([]);
  });

  it('hold what a grading remembers, and the next grading says the same with it', async () => {
    const { course, cache, bundles } = ownCourse();
    course.solve('neuron');
    course.solve('perceptron');
    const grade = async () => JSON.parse((await course.run(['grade', 'chapter-1', '--json', '--fresh'])).out) as Report;
    const first = canonical(await grade());
    const [folder] = bundles();
    const kept = ['remembered', 'bundles'].map((name) => readdirSync(join(cache, folder!, name)).length);
    expect(kept).toEqual([2, 2]);
    expect(canonical(await grade())).toEqual(first);
    course.solve('neuron', (text) => text.replace('z >= 0 ? 1 : 0', 'z > 0 ? 1 : 0'));
    const wrong = canonical(await grade());
    rmSync(join(cache, folder!), { recursive: true });
    expect(canonical(await grade())).toEqual(wrong);
    expect(wrong.points).toBeLessThan(first.points);
  });

  it('may lose any part: the command runs all the same, and mends them', async () => {
    const { course, cache, bundles } = ownCourse();
    course.fill('neuron', { step: 'return 1;' });
    const whole = await course.run(['grade', 'chapter-1/neuron/step']);
    expect(whole.out).toContain('✗ agrees with the definition');
    for (const part of [/^chapter-1-mp.*\.mjs$/, /^chunk.*\.mjs$/]) {
      const [folder] = bundles();
      const gone = readdirSync(join(cache, folder!)).filter((name) => part.test(name));
      expect(gone.length, String(part)).toBeGreaterThan(0);
      for (const name of gone) rmSync(join(cache, folder!, name));
      expect(await course.run(['grade', 'chapter-1/neuron/step'])).toEqual(whole);
      expect(existsSync(join(cache, folder!))).toBe(false);
      expect(await course.run(['grade', 'chapter-1/neuron/step'])).toEqual(whole);
    }
  });

  it('of two copies that share node_modules stand beside each other', async () => {
    const { course, bundles } = ownCourse();
    const other = ownCourse().course;
    rmSync(other.path('node_modules'), { recursive: true });
    symlinkSync(course.path('node_modules'), other.path('node_modules'), 'junction');
    const ended = await Promise.all([course, other].map((c) => c.run(['grade', 'chapter-1/neuron'])));
    expect(ended.map((e) => e.err)).toEqual(['', '']);
    expect(bundles()).toHaveLength(2);
  });
});

describe('inside the folder of chapters', () => {
  const chapters = JSON.parse(readFileSync(join(repository, 'chapters', 'package.json'), 'utf8')) as Scripts;
  const whole = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Scripts;

  it('a student’s commands are the same as above it', () => {
    expect(Object.keys(chapters.scripts)).toEqual(['grade', 'hint', 'lab', 'reset', 'update']);
    for (const [name, script] of Object.entries(chapters.scripts))
      expect(script.replace('../grader', 'grader')).toBe(whole.scripts[name]);
  });

  it('npm finds them from a chapter’s own folder', () => {
    const course = new TestCourse();
    course.write('chapters/package.json', JSON.stringify(chapters));
    const cwd = course.path('chapters/chapter-1-mp');
    const { status, stdout } = spawnSync('npm', ['run', 'grade', 'chapter-1/neuron'], { cwd, encoding: 'utf8', shell: process.platform === 'win32' }); // prettier-ignore
    expect(stdout).toContain('Begin with step in chapters/chapter-1-mp/neuron.ts');
    expect(status).toBe(1);
  });
});
