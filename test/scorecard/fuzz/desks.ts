/** The exercises of the course, each with inputs and their right result, so that a judge can be given something else. */
import { CHAPTERS } from '../../../grader/chapters.ts';
import { cases, drawCases } from '../../../grader/engine/cases.ts';
import { copy, identical, type Exercise, type Value, type ValueRecord } from '../../../grader/engine/index.ts';
import { toPlain } from './expected.ts';

export interface Desk {
  /** `chapter-1/neuron/step` */
  id: string;
  exercise: Exercise;
}

export async function allDesks(): Promise<Desk[]> {
  const chapters = await Promise.all(CHAPTERS.map((entry) => entry.load()));
  return chapters.flatMap((chapter) =>
    chapter.topics.flatMap((topic) =>
      topic.exercises.map((exercise) => ({ id: `${chapter.id}/${topic.name}/${exercise.name}`, exercise })),
    ),
  );
}

/** One case of an exercise. */
export interface Sheet {
  inputs: ValueRecord;
  expected: Value;
  /** The expected value as the hostile file takes it. */
  text: string;
  /** The exercise, whose oracle knows the answer to this case by heart. */
  exercise: Exercise;
}

export function sheetOf({ id, exercise }: Desk, seed: number): Sheet {
  const [main] = exercise.checks;
  const plan = cases({
    name: id,
    inputs: exercise.inputs,
    sizes: exercise.sizes,
    derive: exercise.derive,
    where: (inputs) => (exercise.where?.(inputs) ?? true) && (main!.where?.(inputs, exercise) ?? true),
  });
  const { inputs } = drawCases(plan, seed, 1)[0]!;
  const { oracle } = exercise;
  const expected = oracle(copy(inputs));
  const text = JSON.stringify(toPlain(expected));
  const byHeart = (given: ValueRecord) => (identical(given, inputs) ? copy(expected) : oracle(given));
  return {
    inputs,
    expected,
    text,
    exercise: { ...exercise, oracle: Object.assign(byHeart, { margin: oracle.margin! }) },
  };
}
