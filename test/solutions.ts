/**
 * The solutions as functions of named inputs, called in this process: for comparing them with goldens and oracles.
 */
import {
  callable,
  NamedFunction,
  type Chapter,
  type Exercise,
  type Topic,
  type Value,
  type ValueRecord,
} from '../grader/engine/index.ts';

type Functions = Record<string, (...args: unknown[]) => Value>;

/** Each exercise's solution, taking the exercise's named inputs; a backward pass runs the forward for its cache. */
export async function solutionsOf(
  chapter: Chapter,
  topic: Topic,
): Promise<Record<string, (inputs: ValueRecord) => Value>> {
  const module = (await import(`../solutions/${chapter.folder}/${topic.name}.ts`)) as Functions;
  return Object.fromEntries(topic.exercises.map((e) => [e.name, (inputs: ValueRecord) => call(module, e, inputs)]));
}

function call(module: Functions, exercise: Exercise, inputs: ValueRecord): Value {
  const given = (name: string) => {
    const value = inputs[name];
    return value instanceof NamedFunction ? callable(value) : value;
  };
  const args = exercise.parameters.map(given);
  const back = exercise.backwardOf;
  if (!back) return module[exercise.name]!(...args);
  const forward = module[back.forward]!(...back.takes.map(given)) as ValueRecord;
  return module[exercise.name]!(...args, forward['cache']);
}
