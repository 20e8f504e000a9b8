/**
 * Values computed with PyTorch (test/golden/, float64), as inputs and expected results of exercises; those of quantization.json
 * come from a program of ggml's rules instead.
 */
import { readFileSync } from 'node:fs';
import { Tensor } from '#tensor';
import { copy, type Value, type ValueRecord } from '../../grader/engine/index.ts';

/** One case of a golden file, its arrays as Tensors. */
export interface GoldenCase {
  name: string;
  /** The PyTorch call, for a reader who wants to look the layout up. */
  torch: string;
  inputs: Record<string, Tensor>;
  outputs: Record<string, Tensor>;
  /** d(Σ output · upstream)/d(input), for the outputs that have an `upstream_NAME` among the inputs. */
  grads: Record<string, Tensor>;
}

/** How an exercise reads a golden. */
export interface Golden {
  /** `chapter-2/activations/softmaxForward` */
  exercise: string;
  /** File below test/golden without `.json`. */
  file: string;
  /** Name of the case in it. */
  name: string;
  inputs: (g: GoldenCase) => ValueRecord;
  expected: (g: GoldenCase) => Value;
  /**
   * For a trajectory: the inputs of the next call, from the inputs and the result of call number `step` (counting from 1);
   * undefined ends it. `inputs` are then those of the first call, and `expected` is the list of all results.
   */
  next?: (g: GoldenCase, step: number, inputs: ValueRecord, result: Value) => ValueRecord | undefined;
  /** Misconceptions that this golden cannot tell from the right answer, each with the reason. */
  blind?: Record<string, string>;
}

/** What a function makes of a golden: its result, or all results of a trajectory, each call fed by the last result. */
export function follow(golden: Golden, g: GoldenCase, f: (inputs: ValueRecord) => Value): Value {
  const first = golden.inputs(g);
  if (!golden.next) return f(copy(first));
  const results: Value[] = [];
  for (let inputs: ValueRecord | undefined = first; inputs;) {
    const result = f(copy(inputs));
    results.push(result);
    inputs = golden.next(g, results.length, inputs, result);
  }
  return results;
}

type Packed = { shape: number[]; data: (number | string)[] } | number | string;

const unpack = (x: Packed): Tensor =>
  typeof x === 'object' ? new Tensor(x.shape, x.data.map(Number)) : new Tensor([], [Number(x)]);

const unpackAll = (fields: Record<string, Packed>) =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, unpack(value)]));

const files = new Map<string, GoldenCase[]>();

/** The case of a golden file. */
export function goldenCase(file: string, name: string): GoldenCase {
  let cases = files.get(file);
  if (!cases) {
    const text = readFileSync(new URL(`../golden/${file}.json`, import.meta.url), 'utf8');
    const raw = JSON.parse(text) as (Record<'inputs' | 'outputs' | 'grads', Record<string, Packed>> & {
      name: string;
      torch: string;
    })[];
    cases = raw.map((c) => ({
      name: c.name,
      torch: c.torch,
      inputs: unpackAll(c.inputs),
      outputs: unpackAll(c.outputs),
      grads: unpackAll(c.grads),
    }));
    files.set(file, cases);
  }
  const found = cases.find((c) => c.name === name);
  if (!found)
    throw new Error(`No case '${name}' in test/golden/${file}.json; it has ${cases.map((c) => c.name).join(', ')}.`);
  return found;
}
