/** What goldens say of oracles, solutions and misconceptions. */
import { CHAPTERS } from '../../grader/chapters.ts';
import {
  compare,
  scalars,
  type Chapter,
  type Exercise,
  type Mismatch,
  type Topic,
  type Value,
  type ValueRecord,
} from '../../grader/engine/index.ts';
import { solutionsOf } from '../solutions.ts';
import { follow, goldenCase, type Golden } from './golden.ts';

/** Who made a golden's numbers. */
export const sourceOf = ({ file }: Golden): 'ggml' | 'PyTorch' => (file === 'quantization' ? 'ggml' : 'PyTorch');

const chapters = new Map<string, Promise<Chapter>>();
const solved = new Map<Topic, ReturnType<typeof solutionsOf>>();

/** The exercise that a golden speaks of. */
export async function exerciseOf({
  exercise: id,
}: Golden): Promise<{ chapter: Chapter; topic: Topic; exercise: Exercise }> {
  const [chapterId, topicName, name] = id.split('/');
  if (!chapters.has(chapterId!)) {
    const entry = CHAPTERS.find((c) => c.id === chapterId);
    if (entry) chapters.set(chapterId!, entry.load());
  }
  const chapter = await chapters.get(chapterId!);
  const topic = chapter?.topics.find((t) => t.name === topicName);
  const exercise = topic?.exercises.find((e) => e.name === name);
  if (!chapter || !topic || !exercise) throw new Error(`A golden speaks of ${id}, which is no exercise.`);
  return { chapter, topic, exercise };
}

/** The golden's numbers. */
export const expectedBy = (golden: Golden): Value => golden.expected(goldenCase(golden.file, golden.name));

/** Where a function's results are not the golden's: 1e-9 relative to the largest entry, as PyTorch orders its sums otherwise. */
function differences(golden: Golden, f: (inputs: ValueRecord) => Value): Mismatch[] {
  const expected = expectedBy(golden);
  const size = Math.max(1e-3, ...scalars(expected).map(Math.abs).filter(Number.isFinite));
  return compare(expected, follow(golden, goldenCase(golden.file, golden.name), f), () => 1e-9 * size);
}

export async function oracleDiffers(golden: Golden): Promise<Mismatch[]> {
  const { exercise } = await exerciseOf(golden);
  return differences(golden, exercise.oracle);
}

export async function solutionDiffers(golden: Golden): Promise<Mismatch[]> {
  const { chapter, topic, exercise } = await exerciseOf(golden);
  if (!solved.has(topic)) solved.set(topic, solutionsOf(chapter, topic));
  return differences(golden, (await solved.get(topic)!)[exercise.name]!);
}

/** Whether a golden tells a misconception from the right answer; one that throws is told. */
export function tells(golden: Golden, exercise: Exercise, misconception: string): boolean {
  try {
    return differences(golden, exercise.misconceptions[misconception]!.wrong).length > 0;
  } catch {
    return true;
  }
}
