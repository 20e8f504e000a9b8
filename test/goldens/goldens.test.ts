import { describe, expect, test } from 'vitest';
import { CHAPTERS } from '../../grader/chapters.ts';
import { compare, scalars, type Chapter, type Topic, type Value, type ValueRecord } from '../../grader/engine/index.ts';
import { solutionsOf } from '../solutions.ts';
import { follow, goldenCase, type Golden } from './golden.ts';
import { GOLDENS } from './index.ts';

const chapters = new Map<string, Chapter>(
  await Promise.all(CHAPTERS.map(async (entry) => [entry.id, await entry.load()] as const)),
);

function find(id: string) {
  const [chapterId, topicName, name] = id.split('/');
  const chapter = chapters.get(chapterId!);
  const topic = chapter?.topics.find((t) => t.name === topicName);
  const exercise = topic?.exercises.find((e) => e.name === name);
  if (!chapter || !topic || !exercise) throw new Error(`A golden speaks of ${id}, which is no exercise.`);
  return { chapter, topic, exercise };
}

const solved = new Map<Topic, Promise<Record<string, (inputs: ValueRecord) => Value>>>();
function solution(chapter: Chapter, topic: Topic) {
  if (!solved.has(topic)) solved.set(topic, solutionsOf(chapter, topic));
  return solved.get(topic)!;
}

/** 1e-9 relative to the largest entry: PyTorch orders its sums otherwise. */
function differences(expected: Value, got: Value) {
  const size = Math.max(1e-3, ...scalars(expected).map(Math.abs).filter(Number.isFinite));
  return compare(expected, got, () => 1e-9 * size);
}

const source = ({ file }: Golden) => (file === 'quantization' ? 'ggml' : 'PyTorch');

describe.each(GOLDENS.map((g) => [`${g.exercise}: ${source(g)}'s ${g.name}`, g] as const))('%s', (_title, golden) => {
  const { chapter, topic, exercise } = find(golden.exercise);
  const g = goldenCase(golden.file, golden.name);
  const expected = golden.expected(g);

  test('has something to compare', () => {
    expect(scalars(expected).length).toBeGreaterThan(0);
  });

  test('the oracle agrees', () => {
    expect(differences(expected, follow(golden, g, exercise.oracle))).toEqual([]);
  });

  test('the solution agrees', async () => {
    const functions = await solution(chapter, topic);
    expect(differences(expected, follow(golden, g, functions[exercise.name]!))).toEqual([]);
  });

  test.each(Object.keys(exercise.misconceptions))('it tells "%s" from the right answer', (name) => {
    let got: Value;
    try {
      got = follow(golden, g, exercise.misconceptions[name]!.wrong);
    } catch {
      got = undefined;
    }
    const told = differences(expected, got).length > 0;
    // A golden that turns out to see a "blind" one must not go on claiming that it cannot.
    expect(told).toBe(!(golden.blind && name in golden.blind));
  });

  test('speaks only of misconceptions that exist', () => {
    expect(Object.keys(golden.blind ?? {}).filter((name) => !(name in exercise.misconceptions))).toEqual([]);
  });
});
