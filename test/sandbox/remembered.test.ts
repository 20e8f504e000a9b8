/** What a grading remembers saves work, and never changes a report. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHAPTERS } from '../../grader/chapters.ts';
import { gradeRun, type GradeRunOptions } from '../../grader/course/grade-run.ts';
import { gradeTopic, inSandbox, type TopicReport } from '../../grader/engine/index.ts';
import { canonical } from '../../grader/engine/report.ts';
import { openSandbox } from '../../grader/sandbox/node/sandbox.ts';
import { Remembered } from '../../grader/sandbox/node/remembered.ts';
import { keptFiles, withKeptFolder } from './kept.ts';
import { call, outcomes, student, tensorPath, workshop } from './workshop.ts';

withKeptFolder();

const standIns = path.dirname(path.dirname(tensorPath));
const FILE = 'chapter-1-mp/neuron.ts';
const right = readFileSync(path.join(standIns, FILE), 'utf8');
/** The same text with a change, which must be there. */
const changed = (from: string, to: string) => {
  if (!right.includes(from)) throw new Error(`There is no longer "${from}" in ${FILE}.`);
  return right.replace(from, to);
};
const wrong = changed('z >= 0 ? 1 : 0', 'z > 0 ? 1 : 0');
const chapter = CHAPTERS[0]!;

interface Graded {
  report: TopicReport;
  /** How often what was remembered sufficed, had to be judged, or was not there. */
  pass: number;
  outcomes: number;
  nothing: number;
}

/** Grades a text as the topic `neuron`. */
async function grade(text: string, remembered: Remembered | undefined, memory = 512): Promise<Graded> {
  const { chapters } = workshop({ [FILE]: text });
  const loaded = await chapter.load();
  const topic = loaded.topics.find((t) => t.name === 'neuron')!;
  const sandbox = await openSandbox({
    chapters,
    standIns,
    tensor: tensorPath,
    topic: 'chapter-1-mp/neuron',
    mode: 'grade',
    memory,
    remembered,
  });
  const counts = { pass: 0, outcomes: 0, nothing: 0 };
  const subject = inSandbox(sandbox);
  const { memory: own } = subject;
  const watched = own && {
    keep: own.keep.bind(own),
    async again(name: string) {
      const found = await own.again(name);
      counts[!found ? 'nothing' : 'pass' in found ? 'pass' : 'outcomes']++;
      return found;
    },
  };
  const report = await gradeTopic(loaded, topic, { ...subject, memory: watched }, { seed: 1 });
  await sandbox.close();
  return { report, ...counts };
}

const again = (text: string, memory?: number) => grade(text, new Remembered('neuron'), memory);
const anew = async (text: string) => (await grade(text, undefined)).report;

/** Grades once more: what is remembered suffices for every check. */
async function suffices(text: string, checks: number): Promise<Graded> {
  const graded = await again(text);
  expect(graded).toMatchObject({ pass: checks, outcomes: 0, nothing: 0 });
  return graded;
}

describe('the second grading', () => {
  test('judges nothing anew, and reports the same', async () => {
    const first = await again(right);
    expect(first).toMatchObject({ pass: 0, outcomes: 0 });
    const second = await suffices(right, first.nothing);
    const plain = await anew(right);
    expect(plain.points).toBe(plain.maxPoints);
    expect([first.report, second.report]).toEqual([plain, plain]);
  });

  test('still calls the student’s functions, as often and in the same order', async () => {
    const counting = changed(
      'return z >= 0 ? 1 : 0;',
      'console.log(`step ${++calls}`);\n  return z >= 0 ? 1 : 0;',
    ).concat('\nlet calls = 0;\n');
    const first = await again(counting);
    const second = await suffices(counting, first.nothing);
    expect(first.report.exercises[0]!.console).toContain('step 1');
    expect(second.report).toEqual(first.report);
    // What is printed is part of an answer: one call more, and no answer is as it was.
    const more = await again(counting.replace('let calls = 0', 'let calls = 1'));
    expect(more.outcomes).toBeGreaterThan(0);
    expect(more.report.exercises[0]!.console).toContain('step 2');
  });

  test('finds every mistake that it found without a memory', async () => {
    const { nothing } = await again(right);
    const graded = await again(wrong);
    expect(graded.outcomes).toBeGreaterThan(0);
    expect(graded.report).toEqual(await anew(wrong));
    expect(graded.report.exercises[0]).toMatchObject({ verdict: 'fail', failure: { diagnosis: expect.anything() } });
    // And has not learnt it.
    expect((await again(wrong)).report).toEqual(graded.report);
    await suffices(right, nothing);
  });

  test('takes another right answer for right only once it was judged', async () => {
    const other = changed('z >= 0 ? 1 : 0', 'z >= 0 ? 1 : -0');
    const { nothing } = await again(right);
    const first = await again(other);
    expect(first.outcomes).toBeGreaterThan(0);
    expect(first.report).toEqual(await anew(other));
    if (first.report.points === first.report.maxPoints) await suffices(other, nothing);
  });

  test('tells an endless loop, and what comes after it', async () => {
    await again(right);
    const loop = changed('return z >= 0 ? 1 : 0;', 'if (z === 0) for (;;);\n  return z >= 0 ? 1 : 0;');
    const { report } = await again(loop);
    expect(report.exercises[0]!.verdict).toBe('timeout');
    expect(report).toEqual(await anew(loop));
    // On a busy machine each loop gets more time before it is one.
  }, 180_000);

  test('tells a stub', async () => {
    await again(right);
    const stub = changed('return z >= 0 ? 1 : 0;', "throw new Error('TODO: step');");
    const { report } = await again(stub);
    expect(report.exercises[0]).toMatchObject({ verdict: 'not-run', started: false });
    expect(report).toEqual(await anew(stub));
  });

  test.skipIf(process.platform === 'win32')('tells the end of the process', async () => {
    await again(right);
    const hungry = changed(
      'return z >= 0 ? 1 : 0;',
      'const all: Float64Array[] = []; for (;;) all.push(new Float64Array(1e6).fill(z));',
    );
    const { report, nothing } = await again(hungry, 150);
    expect(nothing).toBeGreaterThan(0);
    expect(report.exercises[0]!.verdict).toBe('oom');
  });
});

test('answers are the same ones in however many messages they come', async () => {
  const sandbox = await student(
    `let calls = 0;
     export function f(x: number): string {
       // The first of all is slow, so that its answer is not gathered with the next.
       for (const end = Date.now() + 50; calls === 0 && Date.now() < end; );
       calls++;
       if (x < 0) throw new RangeError('f: x ≥ 0');
       return 'x ≥ ' + x;
     }`,
    { remembered: new Remembered('one/topic') },
  );
  const programs = [1, -1, 10, -10, 100].map((x) => [call('f', x)]);
  expect(await outcomes(sandbox, programs)).toMatchObject([{ value: 'x ≥ 1' }, { name: 'RangeError' }, {}, {}, {}]);
  sandbox.memory!.keep('check', { cases: 5 });
  expect(await sandbox.memory!.again('check')).toEqual({ pass: { cases: 5 } });
});

describe('a damaged memory', () => {
  test.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 10)],
    ['empty', () => Buffer.alloc(0)],
    ['of another kind', () => Buffer.from('This is no memory, and long enough to be taken for one.')],
    ['changed in its index', (bytes: Buffer) => flipped(bytes, 60)],
    ['changed in a request', (bytes: Buffer) => flipped(bytes, bytes.length - 40)],
  ])('(%s) is none, and is written anew', async (_what, damage) => {
    const first = await again(right);
    const [file] = keptFiles('remembered');
    writeFileSync(file!, damage(readFileSync(file!)));
    const second = await again(right);
    expect(second).toMatchObject({ pass: 0, outcomes: 0, nothing: first.nothing, report: first.report });
    const third = await suffices(right, first.nothing);
    expect(third.report).toEqual(first.report);
  });

  test('that cannot be written costs nothing', async () => {
    globalThis.courseCache!.folder = path.join(tensorPath, 'no-folder');
    expect((await again(right)).report).toEqual(await anew(right));
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at]! ^= 1;
  return bytes;
}

describe('grading a course', () => {
  const run = (text: string, options: Partial<GradeRunOptions>) => {
    const { chapters } = workshop({ [FILE]: text });
    const files = { chapters, standIns, tensor: tensorPath };
    return gradeRun({ files, goals: [{ chapter, topic: 'neuron' }], ...options });
  };

  test('remembers for who keeps full marks, and gives the same report', async () => {
    const plain = canonical(await run(right, {}));
    expect(keptFiles('remembered')).toEqual([]);
    for (let i = 0; i < 2; i++) {
      expect(canonical(await run(right, { keep: 'renew' }))).toEqual(plain);
      expect(keptFiles('remembered')).toHaveLength(1);
    }
    expect(canonical(await run(wrong, { keep: 'renew' }))).toEqual(canonical(await run(wrong, {})));
  });

  test('remembers nothing of other seeds, which do not come again', async () => {
    await run(right, { keep: 'renew', seed: 7 });
    expect(keptFiles('remembered')).toEqual([]);
  });

  test('remembers one function as part of its topic', async () => {
    const goals = [{ chapter, topic: 'neuron', fn: 'step' }];
    const first = canonical(await run(right, { keep: 'renew', goals }));
    expect(canonical(await run(right, { keep: 'renew', goals }))).toEqual(first);
    expect(canonical(await run(wrong, { keep: 'renew', goals }))).toEqual(canonical(await run(wrong, { goals })));
  });

  test('replays a case without a memory', async () => {
    await run(right, { keep: 'renew' });
    const failed = await run(wrong, { keep: 'renew' });
    const replay = failed.topics[0]!.exercises[0]!.failure!.replay.case!;
    const goals = [{ chapter, topic: 'neuron', fn: 'step' }];
    expect(canonical(await run(wrong, { keep: 'renew', goals, replay }))).toEqual(
      canonical(await run(wrong, { goals, replay })),
    );
  });
});
