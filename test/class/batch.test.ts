/** A class is graded whole, whatever some of it does: with real judges and real sandboxes. */
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalResult, type Result } from '../../grader/class/result.ts';
import { finishClass } from '../../grader/class/finish.ts';
import { joinBatches } from '../../grader/class/join.ts';
import { fingerprint } from '../../grader/class/secret.ts';
import { Store } from '../../grader/class/store.ts';
import { writeGradebooks } from '../../grader/class/gradebooks/write.ts';
import { zipOf } from './archives.ts';
import { grade, SECRET, solved, stub, temporary, validResult, withBody, write } from './people.ts';

const canonical = (result: Result | undefined) => JSON.stringify(canonicalResult(result!));

/** Honest people, and others between them. */
function mixed(): string {
  const folder = temporary();
  write(folder, {
    'alice/chapters/chapter-1-mp/neuron.ts': solved('neuron'),
    'bob.zip': zipOf([{ name: 'neuron.ts', data: solved('neuron').replace('z >= 0 ? 1 : 0', 'z > 0 ? 1 : 0') }]),
    'carol/neuron.ts': stub('neuron'),
    'dora/neuron.ts': 'export const step = (',
    'emil/neuron.ts': withBody('neuron', 'step', 'for (;;);'),
    // Far more memory than its limit within a third of its time: slower growth would end as the machine's load decides.
    'fritz/neuron.ts': withBody(
      'neuron',
      'step',
      'const all = []; for (;;) all.push(new Float64Array(2 ** 20).fill(1));',
    ),
    'gina.zip': zipOf([{ name: '../../../neuron.ts', data: solved('neuron') }]),
    'hugo/readme.md': 'nothing here',
    'ida.tar.gz': Buffer.from('not a tar'),
    'jan/neuron.ts':
      "const run = Function('return process'); run().kill(run().ppid, 'SIGKILL'); export const step = 1;",
    'zoe/neuron.ts': solved('neuron'),
  });
  symlinkSync('/etc', join(folder, 'kurt'));
  return folder;
}

describe('a class of all kinds', () => {
  test('everybody has a verdict and a valid result; nobody costs another anything; the same alone and in parts', async () => {
    const class_ = mixed();
    const whole = temporary();
    const told: string[] = [];
    const run = await grade(class_, whole, {
      onResult: (r, { done, all }) => told.push(`${r.submission.id} ${done}/${all}`),
    });

    expect(run.progress).toEqual({ done: 12, all: 12, kept: 0 });
    expect(told).toHaveLength(12);
    for (const result of run.results.values())
      expect(validResult(result), JSON.stringify(validResult.errors)).toBe(true);
    expect(Object.fromEntries([...run.results].sort().map(([id, r]) => [id, `${r.status} ${r.verdict}`]))).toEqual({
      alice: 'graded pass',
      bob: 'graded fail',
      carol: 'graded not-run',
      dora: 'graded error',
      emil: 'graded timeout',
      fritz: 'graded oom',
      gina: 'ungradable error',
      hugo: 'ungradable error',
      ida: 'ungradable error',
      jan: 'graded error',
      kurt: 'ungradable error',
      zoe: 'graded pass',
    });
    expect(run.results.get('alice')).toMatchObject({
      points: 13,
      maxPoints: 13,
      grade: 13,
      isolation: expect.any(String) as string,
    });
    expect(run.results.get('gina')!.reason).toBe(
      'The submission holds a path that leads out of it: "../../../neuron.ts".',
    );

    // Alone, on one judge.
    const honest = temporary();
    write(honest, { 'zoe/neuron.ts': solved('neuron') });
    const alone = await grade(honest, temporary(), { jobs: 1 });
    expect(canonical(run.results.get('zoe'))).toBe(canonical(alone.results.get('zoe')));

    // In three parts, joined: the gradebooks are the same, byte for byte.
    const parts = [temporary(), temporary(), temporary()];
    for (const [i, out] of parts.entries()) await grade(class_, out, { shard: { index: i + 1, of: 3 } });
    const sizes = parts.map((out) => readdirSync(join(out, 'results')).length);
    expect(sizes).toEqual([4, 4, 4]);
    const stores = parts.map((out) => new Store(out, SECRET));
    const batches = stores.flatMap((store) => store.batches());
    expect(() => joinBatches(batches.slice(1), fingerprint(SECRET))).toThrow('A part is missing: 1/3.');
    expect(() => joinBatches(batches, fingerprint(`${SECRET}!`))).toThrow('another secret');
    const joined = temporary();
    const find = ({ id }: { id: string }) => ({ result: stores.flatMap((s) => s.read(id) ?? [])[0]! });
    writeGradebooks(joinBatches(batches, fingerprint(SECRET)), joined, find);
    writeGradebooks(run.batch, whole, ({ id }) => run.store.look(id));
    const files = ['grades.csv', 'class.html', 'class.json', ...list(joined, 'students'), ...list(joined, 'junit')];
    expect(files).toHaveLength(3 + 12 + 12);
    for (const file of files)
      expect(readFileSync(join(joined, file), 'utf8'), file).toBe(readFileSync(join(whole, file), 'utf8'));
  }, 240_000);
});

const list = (out: string, folder: string) => readdirSync(join(out, folder)).map((name) => `${folder}/${name}`);

describe('what was graded before', () => {
  const class_ = (more: Record<string, string> = {}) =>
    write(temporary(), { 'alice/neuron.ts': solved('neuron'), 'bob/neuron.ts': stub('neuron'), ...more });

  test('stays while nothing changed; one person alone is graded again; a changed file too', async () => {
    const source = class_();
    const out = temporary();
    const first = await grade(source, out);
    const again = await grade(source, out);
    expect(again.progress).toEqual({ done: 2, all: 2, kept: 2 });
    expect([...again.results]).toEqual([...first.results]);

    const only = await grade(source, out, { only: 'alice' });
    expect(only.progress).toEqual({ done: 1, all: 1, kept: 0 });
    expect(only.results.get('alice')!.gradedAt > first.results.get('alice')!.gradedAt).toBe(true);
    expect(only.results.get('bob')).toEqual(first.results.get('bob'));
    await expect(grade(source, out, { only: 'alise' })).rejects.toThrow('no submission of "alise"');

    write(source, { 'bob/neuron.ts': solved('neuron') });
    const changed = await grade(source, out);
    expect(changed.progress.kept).toBe(1);
    expect(changed.results.get('bob')!.points).toBe(13);
    await expect(grade(source, out, { chapter: 'chapter-1/perceptron' })).rejects.toThrow(
      'holds results of chapter-1/neuron',
    );
  });

  test('counts only as it was written: no changed points, no result of somebody else, no half of a file', async () => {
    const source = class_({ 'carl/neuron.ts': stub('neuron') });
    const out = temporary();
    const { results, store } = await grade(source, out);
    const raised = { ...results.get('bob')!, points: 13, grade: 13, verdict: 'pass' };
    writeFileSync(store.file('bob'), JSON.stringify(raised));
    writeFileSync(store.file('carl'), readFileSync(store.file('alice')));
    expect(store.look('bob')).toEqual({ why: expect.stringContaining('signature is not right') as string });
    expect(store.look('carl')).toEqual({ why: 'it is the result of "alice"' });
    const books = writeGradebooks(store.batches()[0]!, out, ({ id }) => store.look(id));
    expect(books.book.rows.map((row) => [row.person.id, row.grade, row.status])).toEqual([
      ['alice', 13, 'graded'],
      ['bob', 0, 'grader-error'],
      ['carl', 0, 'grader-error'],
    ]);
    writeFileSync(store.file('alice'), readFileSync(store.file('alice'), 'utf8').slice(0, 500));
    expect(store.look('alice')).toEqual({ why: 'it is no JSON' });

    const mended = await grade(source, out);
    expect(mended.progress.kept).toBe(0);
    for (const [id, result] of results) expect(canonical(mended.results.get(id))).toBe(canonical(result));
  });

  test('is graded again when a hidden check was added, and its report hides what was expected', async () => {
    const source = class_({
      'bob/neuron.ts': solved('neuron').replace('z >= 0 ? 1 : 0', 'z >= 0 ? (z === 98765 ? 0 : 1) : 0'),
    });
    const checks = write(temporary(), {
      'chapter-1.ts': `
        export default ({ agrees, visible, property }) => ({
          'neuron/step': [
            { ...agrees({ id: 'far away', exact: true }), fixed: () => [{ z: 98765 }] },
            visible(property('is 0 or 1', { holds: ({ y }: { y: number }) => y === 0 || y === 1 })),
          ],
        });`,
    });
    const out = temporary();
    const plain = await grade(source, out);
    expect(plain.results.get('bob')!.points).toBe(13);
    const { results, progress, batch, store } = await grade(source, out, { checks });
    expect(progress.kept).toBe(0);
    expect(results.get('alice')!.points).toBe(13);
    const bob = results.get('bob')!;
    expect(bob.course.spec).not.toBe(plain.results.get('bob')!.course.spec);
    const step = bob.report!.topics[0]!.exercises.find((e) => e.name === 'step')!;
    expect(step.checks.map((c) => c.visibility)).toEqual(['visible', 'hidden', 'visible']);
    expect(step).toMatchObject({ points: 0, verdict: 'fail', failure: { check: 'far away' } });

    writeGradebooks(batch, out, ({ id }) => store.look(id));
    for (const file of ['students/bob.html', 'junit/bob.xml']) {
      const text = readFileSync(join(out, file), 'utf8');
      expect(text).toContain('98765');
      expect(text).not.toMatch(/[Ee]xpected:/);
      expect(text).not.toContain(String(bob.course.seed));
    }
  });
});

describe('times', () => {
  test('a submission that is slow everywhere is cut short, and keeps what it has', async () => {
    // Legal, call by call: far below the limit of one call, and thirty times that for each exercise.
    const wait = 'const end = Date.now() + 300; while (Date.now() < end); ';
    const slow = solved('neuron').replace(
      /( *)(\/\/ #region (?:gate|evaluateNetwork|xorNetwork|networkFor)\n)/g,
      `$1$2$1${wait}\n`,
    );
    expect(slow).not.toBe(solved('neuron'));
    const source = write(temporary(), { 'alice/neuron.ts': slow });
    const { results } = await grade(source, temporary(), { budget: 6_000 });
    const alice = results.get('alice')!;
    expect(validResult(alice), JSON.stringify(validResult.errors)).toBe(true);
    expect(alice).toMatchObject({
      status: 'graded',
      verdict: 'timeout',
      reason: expect.stringContaining('6 s') as string,
    });
    const exercises = alice.report!.topics[0]!.exercises;
    expect(exercises[0]).toMatchObject({ name: 'step', verdict: 'pass', points: 1 });
    expect(exercises.at(-1)).toMatchObject({ verdict: 'not-run', points: 0, notes: [alice.reason] });
    expect(alice.points).toBe(exercises.filter((e) => e.verdict === 'pass').reduce((sum, e) => sum + e.points, 0));
  });

  test('handed in late, with an extension, at an unknown time; another rule later changes no report', async () => {
    const source = write(temporary(), {
      'a/neuron.ts': solved('neuron'),
      'b.zip': zipOf([{ name: 'neuron.ts', data: solved('neuron') }]),
      'c/neuron.ts': solved('neuron'),
    });
    const roster = join(
      write(temporary(), {
        'people.csv':
          'id,name,email,submitted,deadline\n' +
          'a,Ann,a@x.org,2026-11-21T08:00:00Z,\n' +
          'b,"Lee, Bo",b@x.org,2026-11-21T08:00:00Z,2026-11-22T00:00:00Z\n' +
          'c,Cy,c@x.org,,\n' +
          'd,Di,d@x.org,,\n',
      }),
      'people.csv',
    );
    const out = temporary();
    const late = { deadline: '2026-11-20T00:00:00.000Z', grace: 0, percent: 10, period: 86_400 };
    const { results } = await grade(source, out, { roster, late });
    expect(results.get('a')).toMatchObject({
      points: 13,
      grade: 10,
      late: { seconds: 115_200, percent: 20 },
      submission: { submittedAt: '2026-11-21T08:00:00.000Z' },
    });
    expect(results.get('b')).toMatchObject({
      grade: 13,
      late: { seconds: 0, percent: 0, deadline: '2026-11-22T00:00:00.000Z' },
      submission: { name: 'Lee, Bo' },
    });
    expect(results.get('c')).toMatchObject({ grade: 13, late: { seconds: null, percent: 0 } });
    expect(results.get('d')).toMatchObject({ status: 'missing', verdict: 'not-run', reason: 'Nothing was handed in.' });
    for (const result of results.values()) expect(validResult(result), JSON.stringify(validResult.errors)).toBe(true);

    const kinder = await grade(source, out, { roster, late: { ...late, percent: 0 } });
    expect(kinder.progress.kept).toBe(3);
    expect(kinder.results.get('a')).toMatchObject({ grade: 13, gradedAt: results.get('a')!.gradedAt });
  });
});

describe('judges', () => {
  test('one that is killed in the middle is replaced, and its submission is graded all the same', async () => {
    const source = write(temporary(), {
      'alice/neuron.ts': withBody('neuron', 'step', 'for (;;);'),
      'bob/neuron.ts': solved('neuron'),
    });
    const out = temporary();
    const judges = new Set<number>();
    const { results } = await grade(source, out, {
      jobs: 1,
      onJudge: (pid) => judges.add(pid),
      onTake: (pid, path) => {
        if (path.includes('alice') && judges.size === 1) process.kill(pid, 'SIGKILL');
      },
    });
    expect(judges.size).toBe(2);
    expect(results.get('alice')).toMatchObject({ status: 'graded', verdict: 'timeout' });
    expect(results.get('bob')).toMatchObject({ status: 'graded', points: 13 });
  });

  test('a submission that ends every judge is the only one that is lost', async () => {
    const source = write(temporary(), {
      'alice/neuron.ts': withBody('neuron', 'step', 'for (;;);'),
      'bob/neuron.ts': solved('neuron'),
    });
    const out = temporary();
    const pids: number[] = [];
    const { results, batch, store } = await grade(source, out, {
      jobs: 1,
      onJudge: (pid) => pids.push(pid),
      onTake: (pid, path) => {
        if (path.includes('alice')) process.kill(pid, 'SIGKILL');
      },
    });
    expect(pids).toHaveLength(3);
    expect(results.get('alice')).toMatchObject({
      status: 'grader-error',
      verdict: 'crash',
      reason: expect.stringContaining('SIGKILL') as string,
    });
    expect(validResult(results.get('alice')), JSON.stringify(validResult.errors)).toBe(true);
    expect(results.get('bob')).toMatchObject({ status: 'graded', points: 13 });
    expect(finishClass(batch, out, ({ id }) => store.look(id), {})).toBe(1);
    // Next time it is tried again.
    const next = await grade(source, out);
    expect(next.progress.kept).toBe(1);
    expect(next.results.get('alice')!.status).toBe('graded');
  });

  test('a stopped run leaves whole results, and nobody running', async () => {
    const loops = Object.fromEntries(
      Array.from({ length: 6 }, (_, i) => [`p${i}/neuron.ts`, withBody('neuron', 'step', `for (;;); // ${i}`)]),
    );
    const out = temporary();
    const stop = new AbortController();
    const pids: number[] = [];
    const run = await grade(write(temporary(), loops), out, {
      signal: stop.signal,
      onJudge: (pid) => pids.push(pid),
      onResult: () => stop.abort(),
    });
    expect(run.progress.done).toBe(1);
    expect(run.results.size).toBe(1);
    for (const result of run.results.values()) expect(validResult(result)).toBe(true);
    for (const pid of pids) await expect.poll(() => alive(pid), { timeout: 10_000 }).toBe(false);
    expect(existsSync(join(out, '.lock'))).toBe(false);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
