/** What a student throws, names or returns may be of any length; a report is not. */
import { describe, expect, test } from 'vitest';
import {
  agrees,
  exercise,
  gradeTopic,
  property,
  show,
  topic,
  vector,
  type Check,
  type Outcome,
  type Place,
  type TopicReport,
  type Value,
} from '../../grader/engine/index.ts';
import { Ends, subject } from './subjects.ts';

const LONG = 'long and longer '.repeat(100_000);
const MANY = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`name${i}`, i]));

const of = (checks: Check[]) => {
  const f = exercise({
    points: 1,
    inputs: { x: vector('n') },
    sizes: { n: [1, 3] },
    oracle: ({ x }) => x.reduce((s, v) => s + v, 0),
    checks,
    misconceptions: {},
    hints: ['—'],
  });
  return topic('t', 'T', { f });
};
const chapter = { id: 'c', folder: 'c', title: 'C', topics: [] };

async function graded(check: Check, returns: Value | Ends): Promise<TopicReport> {
  return gradeTopic(chapter, of([check]), subject({ functions: { f: () => returns } }), { seed: 1 });
}
const failure = async (check: Check, returns: Value | Ends) => (await graded(check, returns)).exercises[0]!.failure!;
const thrown = (message: string, at?: Place): Ends =>
  new Ends({ kind: 'error', name: 'Error', message, todo: false, fn: 'f', ...(at && { at }) } as Outcome);

const quotes = (quote: (y: never) => string) =>
  property('says what it saw', { cases: 3, holds: ({ y }: { y: never }) => quote(y) });

describe('a report stays small', () => {
  test.each<[string, Check, Value | Ends]>([
    ['the message of an error', agrees(), thrown(LONG)],
    ['the text of the line that threw', agrees(), thrown('no', { file: 'c/t.ts', line: 1, column: 9, text: LONG })],
    ['a text', agrees(), LONG],
    ['the names of properties', agrees(), MANY],
    ['long names of properties', agrees(), { [LONG]: 1, [`${LONG}2`]: 2 }],
    ['a list of texts', agrees(), Array.from({ length: 4_000 }, () => LONG.slice(0, 450))],
    ['names that a law quotes', quotes((y) => `Your result has ${Object.keys(y).join(' and ')} too.`), MANY],
    ['a value that a law quotes', quotes((y) => `It gives ${JSON.stringify(y)}.`), LONG],
    ['a crash', agrees(), new Ends({ kind: 'crash', detail: LONG })],
  ])('whatever the length of %s', async (_, check, returns) => {
    const report = await graded(check, returns);
    expect(report.exercises[0]!.failure).toBeDefined();
    expect(JSON.stringify(report).length).toBeLessThan(150_000);
    const { sentence, facts, problem } = report.exercises[0]!.failure!;
    for (const text of [sentence, ...facts, problem?.message ?? '']) expect(text.length).toBeLessThanOrEqual(1_001);
  });

  test('and of why a file does not load', async () => {
    const none = subject({ functions: {} });
    const loaded = { kind: 'failed', why: 'throws', message: LONG } as const;
    const report = await gradeTopic(chapter, of([agrees()]), { ...none, loaded }, { seed: 1 });
    expect(report.load!.message).toBe(`${LONG.slice(0, 1_000)}…`);
  });
});

describe('what can be read is not touched', () => {
  test('messages, places and quotations', async () => {
    const at: Place = { file: 'c/t.ts', line: 3, column: 5, text: `const y = ${'x + '.repeat(300)}0;` };
    const message = 'the shapes (2, 3) and (4, 5) do not fit together '.repeat(9).trim();
    expect((await failure(agrees(), thrown(message, at))).problem).toEqual({
      verdict: 'error',
      message: `Error: ${message}`,
      at,
    });
    const fact = `Your result has ${Array.from({ length: 60 }, (_, i) => `dw${i}`).join(' and ')} too.`;
    expect(
      (
        await failure(
          quotes(() => fact),
          1,
        )
      ).facts,
    ).toEqual([fact]);
  });

  test('values', () => {
    const words = Array.from({ length: 2_000 }, (_, i) => `token ${i}`);
    expect(show(words)).toEqual({ list: words.map((text) => ({ text })) });
    expect(show({ [words[0]!.repeat(50)]: 1 })).toEqual({ record: { [words[0]!.repeat(50)]: 1 } });
  });
});
