/**
 * The solutions as functions of named inputs, called in this process: for comparing them with goldens and oracles.
 */
import type { Chapter, Exercise, Topic, Value, ValueRecord } from '../grader/engine/index.ts';

type Functions = Record<string, (...args: Value[]) => Value>;

/** Each exercise's solution, taking the exercise's named inputs; a backward pass runs the forward for its cache. */
export async function solutionsOf(
  chapter: Chapter,
  topic: Topic,
): Promise<Record<string, (inputs: ValueRecord) => Value>> {
  const module = (await import(`../solutions/${chapter.folder}/${topic.name}.ts`)) as Functions;
  return Object.fromEntries(topic.exercises.map((e) => [e.name, (inputs: ValueRecord) => call(module, e, inputs)]));
}

function call(module: Functions, exercise: Exercise, inputs: ValueRecord): Value {
  const args = exercise.parameters.map((name) => inputs[name]);
  const back = exercise.backwardOf;
  if (!back) return module[exercise.name]!(...args);
  const forward = module[back.forward]!(...back.takes.map((name) => inputs[name])) as ValueRecord;
  return module[exercise.name]!(...args, forward['cache']);
}
