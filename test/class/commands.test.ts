/** The instructor's commands as they are used: as processes. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPromise } from 'yauzl';
import { widthOf } from '../../grader/reports/wrap.ts';
import { canonicalResult } from '../../grader/class/result.ts';
import { repository, resultsIn, SECRET, solved, stub, temporary, validResult, withBody, write } from './people.ts';

const START = join(repository, 'grader/cli/start.mjs');
const ENV = { PATH: process.env.PATH!, HOME: process.env.HOME ?? '/', DLBH_SECRET: SECRET };

function run(words: string[], env: NodeJS.ProcessEnv = ENV) {
  return spawnSync(process.execPath, [START, ...words], { cwd: repository, encoding: 'utf8', env });
}

function start(words: string[]): ChildProcess {
  const child = spawn(process.execPath, [START, ...words], {
    cwd: repository,
    env: ENV,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

const ended = (child: ChildProcess) =>
  new Promise<number | null>((resolve) =>
    child.exitCode !== null ? resolve(child.exitCode) : child.once('exit', resolve),
  );

/** The judges whose parent is this process, or that have lost it; where the system tells. */
const judgesOf = (parent: number) =>
  (existsSync('/proc/self/stat') ? readdirSync('/proc') : [])
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        const ppid = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
        return args.includes('class-worker') && (ppid === parent || ppid === 1);
      } catch {
        return false;
      }
    });

describe('npm run grade-class', () => {
  test('killed with -9 in the middle, it goes on where it stopped; the end is as if nothing had been', async () => {
    const people = Object.fromEntries(
      Array.from({ length: 6 }, (_, i) => [
        `p${i}/neuron.ts`,
        i % 2 ? withBody('neuron', 'step', `for (;;); // ${i}`) : `${solved('neuron')}// ${i}\n`,
      ]),
    );
    const class_ = write(temporary(), people);
    const out = temporary();
    const words = (to: string) => ['grade-class', class_, '--chapter', 'chapter-1/neuron', '--out', to, '--jobs', '1'];
    const child = start(words(out));
    const results = () =>
      existsSync(join(out, 'results')) ? readdirSync(join(out, 'results')).filter((n) => n.endsWith('.json')) : [];
    await expect.poll(() => results().length, { timeout: 60_000, interval: 20 }).toBeGreaterThanOrEqual(2);
    child.kill('SIGKILL');
    await ended(child);
    // Nobody is left who could still write, or loop.
    await expect.poll(() => judgesOf(child.pid!), { timeout: 20_000 }).toEqual([]);
    const before = resultsIn(out);
    expect(before.size).toBeGreaterThanOrEqual(2);
    expect(before.size).toBeLessThan(6);
    for (const result of before.values()) expect(validResult(result), JSON.stringify(validResult.errors)).toBe(true);

    const again = run(words(out));
    expect(again.status).toBe(0);
    expect(again.stdout).toContain(`${before.size} of 6 had not changed and were not graded again.`);
    const after = resultsIn(out);
    expect(after.size).toBe(6);
    for (const [id, result] of before) expect(after.get(id)).toEqual(result);
    expect(readdirSync(join(out, 'results')).filter((name) => name.endsWith('.tmp'))).toEqual([]);

    const whole = temporary();
    expect(run(words(whole)).status).toBe(0);
    for (const [id, result] of resultsIn(whole))
      expect(JSON.stringify(canonicalResult(after.get(id)!))).toBe(JSON.stringify(canonicalResult(result)));
    for (const file of ['grades.csv', 'class.html', 'class.json', 'students/p0.html'])
      expect(readFileSync(join(out, file), 'utf8'), file).toBe(readFileSync(join(whole, file), 'utf8'));
  }, 180_000);

  test('in parts with one secret, then merged; a forged result does not count', () => {
    const class_ = write(temporary(), {
      'a/neuron.ts': solved('neuron'),
      'b/neuron.ts': stub('neuron'),
      'c/neuron.ts': solved('neuron'),
    });
    const parts = [temporary(), temporary()];
    for (const [i, out] of parts.entries()) {
      const { status, stdout } = run([
        'grade-class',
        class_,
        '--chapter',
        '1/neuron',
        '--out',
        out,
        '--shard',
        `${i + 1}/2`,
      ]);
      expect(status).toBe(0);
      expect(stdout).toContain(`Part ${i + 1} of 2: ${i === 0 ? 2 : 1} results`);
    }
    const out = join(temporary(), 'whole');
    const merged = run(['merge', ...parts, '--out', out]);
    expect(merged).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(out, 'grades.csv'), 'utf8').split('\r\n').map((line) => line.split(',').slice(0, 6).join())).toEqual([
      'id,name,email,status,verdict,points', 'a,,,graded,pass,13', 'b,,,graded,not-run,0', 'c,,,graded,pass,13', '',
    ]); // prettier-ignore
    // The same class again, from the merged folder alone.
    const books = ['grades.csv', 'class.html'].map((file) => readFileSync(join(out, file), 'utf8'));
    expect(run(['merge', out]).status).toBe(0);
    expect(['grades.csv', 'class.html'].map((file) => readFileSync(join(out, file), 'utf8'))).toEqual(books);

    const forged = join(out, 'results', 'b.json');
    writeFileSync(forged, readFileSync(forged, 'utf8').replace('"grade": 0', '"grade": 13'));
    const caught = run(['merge', out]);
    expect(caught.status).toBe(1);
    expect(caught.stdout.replace(/\s+/g, ' ')).toContain('b: Its result does not count: its signature is not right');
    expect(run(['merge', parts[0]!, '--out', temporary()]).stderr).toContain('A part is missing: 2/2.');
    expect(run(['merge', out], { ...ENV, DLBH_SECRET: 'another secret, as long' }).stderr).toContain('another secret');
  }, 120_000);

  test('keeps a secret of its own where none is given, which only its owner can read', () => {
    const class_ = write(temporary(), { 'a/neuron.ts': stub('neuron') });
    const out = temporary();
    const { DLBH_SECRET: _, ...env } = ENV;
    const words = ['grade-class', class_, '--chapter', 'chapter-1/neuron', '--out', out];
    expect(run(words, env).status).toBe(0);
    const seed = resultsIn(out).get('a')!.course.seed;
    if (process.platform !== 'win32') expect(statSync(join(out, '.secret')).mode & 0o077).toBe(0);
    expect(run([...words, '--again'], env).status).toBe(0);
    expect(resultsIn(out).get('a')!.course.seed).toBe(seed);
    const other = temporary();
    expect(run([...words.slice(0, -1), other], env).status).toBe(0);
    expect(resultsIn(other).get('a')!.course.seed).not.toBe(seed);
    expect(run([...words, '--shard', '1/2'], env).stderr).toContain('one secret');
  }, 60_000);

  test('its lines fit a terminal', () => {
    const class_ = write(temporary(), {
      'a/neuron.ts': solved('neuron'),
      [`${'long'.repeat(40)}/neuron.ts`]: stub('neuron'),
      'x/readme.md': '',
    });
    const { stdout, stderr } = run(['grade-class', class_, '--chapter', 'chapter-1/neuron', '--out', temporary()]);
    for (const line of stdout.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(80);
    expect(stderr.split('\n').filter(Boolean)).toHaveLength(3);
  }, 60_000);

  test.each([
    [[], 'Whose work'],
    [['SUBS'], 'Name it with --chapter'],
    [['SUBS', '--chapter', 'chapter-1'], 'Name a folder with --out'],
    [['SUBS', '--chapter', 'chapter-99', '--out', 'OUT'], 'There is no chapter'],
    [['nowhere', '--chapter', '1', '--out', 'OUT'], 'There is nothing at'],
    [['SUBS/a', '--chapter', '1', '--out', 'OUT'], 'no submission in'],
    [['COURSE', '--chapter', '1', '--out', 'OUT'], "looks like one person's work"],
    [['SUBS', '--chapter', '1', '--out', 'SUBS/results'], 'lie among the submissions'],
    [['SUBS', '--chapter', '1', '--out', 'OUT', '--shard', '3/2'], 'no part of a class'],
    [['SUBS', '--chapter', '1', '--out', 'OUT', '--late', '10%/day'], 'need a deadline'],
    [['SUBS', '--chapter', '1', '--out', 'OUT', '--deadline', 'tomorrow'], 'no moment that means the same everywhere'],
    [['SUBS', '--chapter', '1', '--out', 'OUT', '--deadline', '2026-11-20T12:00:00Z', '--late', 'lots'], 'is no rule'],
    [['SUBS', '--chapter', '1', '--out', 'OUT', '--jobs', '0'], 'whole number'],
    [['SUBS', '--chapter', '1', '--out', 'OUT', '--only', 'zoe'], 'Did you mean a?'],
    [['SUBS', '--chapter', '1', '--out', 'OUT', '--checks', 'nowhere'], 'There is no folder'],
    [['SUBS', '--chapter', '1', '--out', 'OUT', '--secret', 'nowhere'], 'To make a secret'],
    [['SUBS', '--chapter', '1', '--out', 'OUT', '--roster', 'SUBS/bad.csv'], 'no column "id"'],
    [['SUBS/bad.csv', '--chapter', '1', '--out', 'OUT'], 'no column "id"'],
    [['SUBS/twice.csv', '--chapter', '1', '--out', 'OUT'], 'row 3: "a" is there twice'],
    [['SUBS/when.csv', '--chapter', '1', '--out', 'OUT'], 'row 2, submitted: "noon"'],
  ])('%j: %s', (words, said) => {
    const source = write(temporary(), {
      'a/neuron.ts': stub('neuron'), 'bad.csv': 'who,where\nx,y\n', 'twice.csv': 'id,path\na,a\na,a\n', 'when.csv': 'id,path,submitted\na,a,noon\n',
    }); // prettier-ignore
    const out = temporary();
    const filled = words.map((word) => word.replace('SUBS', source).replace('OUT', out).replace('COURSE', repository));
    const { status, stderr } = run(['grade-class', ...filled]);
    expect(stderr.replace(/\s+/g, ' ')).toContain(said);
    expect(status).toBe(2);
  });
});

/** As unzip does: names, contents, modes. */
async function unpack(file: string, into: string): Promise<void> {
  const zip = await openPromise(file);
  for await (const entry of zip.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
    write(into, { [entry.fileName]: Buffer.concat(chunks) });
    chmodSync(join(into, entry.fileName), (entry.externalFileAttributes >>> 16) & 0o777);
  }
}

describe('npm run bundle:gradescope', () => {
  test('a zip that grades in a container’s folders, whatever it is given', async () => {
    const folder = temporary();
    const checks = write(temporary(), {
      'chapter-1.ts': "export default ({ agrees }) => ({ 'neuron/step': [agrees({ id: 'more', cases: 99 })] });",
    });
    const zip = join(folder, 'autograder.zip');
    const bundle = execFileSync(
      process.execPath,
      [
        '--import',
        'tsx',
        'grader/cli/bundle-gradescope.ts',
        '--chapter',
        'chapter-1/neuron',
        '--out',
        zip,
        '--checks',
        checks,
        '--visibility',
        'after_published',
      ],
      { cwd: repository, encoding: 'utf8', env: ENV },
    );
    expect(bundle).toContain('autograder.zip');
    const root = join(folder, 'autograder');
    mkdirSync(join(root, 'source'), { recursive: true });
    await unpack(zip, join(root, 'source'));
    expect(readdirSync(join(root, 'source')).sort()).toEqual([
      'checks',
      'course',
      'run_autograder',
      'secret.txt',
      'setup.sh',
    ]);
    for (const program of ['setup.sh', 'run_autograder']) {
      expect(statSync(join(root, 'source', program)).mode & 0o111).not.toBe(0);
      execFileSync('bash', ['-n', join(root, 'source', program)]);
    }
    expect(existsSync(join(root, 'source/course/solutions'))).toBe(false);
    symlinkSync(join(repository, 'node_modules'), join(root, 'source/course/node_modules'), 'junction');

    const grade = () => {
      const { status } = spawnSync('bash', [join(root, 'source/run_autograder')], {
        env: { PATH: process.env.PATH!, AUTOGRADER_ROOT: root },
        encoding: 'utf8',
      });
      expect(status).toBe(0);
      return JSON.parse(readFileSync(join(root, 'results/results.json'), 'utf8')) as {
        score: number;
        output: string;
        visibility?: string;
        tests?: { name: string; output: string }[];
      };
    };
    write(root, {
      'submission/neuron.ts': solved('neuron'),
      'submission_metadata.json':
        '{"created_at":"2026-07-01T14:22:32.365935-07:00","users":[{"name":"<b>A</b>","email":"a@x.org"}]}',
    });
    const right = grade();
    expect(right).toMatchObject({ score: 13, visibility: 'after_published' });
    expect(right.tests!.map((t) => t.name)).toContain('neuron: step');
    expect(right.tests![0]!.output).toBe('2 checks passed');

    write(root, { 'submission/neuron.ts': 'for (;;);', 'submission_metadata.json': 'not json' });
    expect(grade()).toMatchObject({ score: 0 });
    write(root, { 'source/checks/chapter-1.ts': 'export default 1;' });
    const broken = grade();
    expect(broken.score).toBe(0);
    expect(broken.output).toContain('not your fault');
  }, 120_000);
});
