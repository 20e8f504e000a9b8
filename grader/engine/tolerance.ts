/**
 * How far a right answer may lie from the oracle's, derived from rounding.
 *
 * A sensible algorithm gives the exact result for inputs changed by about n·ε, n being the number of operations behind an
 * entry (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §1.5). So the oracle is run on inputs nudged by a
 * known relative step; how far each entry moves says how much that entry amplifies rounding.
 */
import type { Inputs } from './inputs.ts';
import { copy, scalars, type Value, type ValueRecord } from './value.ts';
import type { Oracle } from './exercise.ts';

const EPSILON = Number.EPSILON;
/** Large against rounding, small against the inputs: quarters times this are still exact. */
const NUDGE = 2 ** -26;
const TRIALS = 3;
/** For the constants that the analysis leaves open (order of operations, a library's exp being off in the last bit). */
const SAFETY = 16;
/** Where an oracle jumps, its spread says nothing about rounding; never allow more than this, relative to its size. */
const LOOSEST = 1e-7;

/** Allowed absolute difference for each scalar of `expected`, in the order of {@link scalars}. */
export function roundingTolerance(oracle: Oracle, inputs: ValueRecord, declared: Inputs, expected: Value): number[] {
  const wanted = scalars(expected);
  const n = scalars(inputs).length + 8;
  const spread = wanted.map(() => 0);
  for (let trial = 0; trial < TRIALS; trial++) {
    const moved = nudgedResult(oracle, inputs, declared, trial);
    if (moved?.length !== wanted.length) continue;
    moved.forEach((x, i) => (spread[i] = Math.max(spread[i]!, Math.abs(x - wanted[i]!) || 0)));
  }
  const size = Math.max(0, ...wanted.filter(Number.isFinite).map(Math.abs));
  return wanted.map((x, i) => {
    const allowed = SAFETY * n * EPSILON * (spread[i]! / NUDGE + (Math.abs(x) || 0) + size);
    return Math.min(allowed, LOOSEST * Math.max(1, size));
  });
}

function nudgedResult(oracle: Oracle, inputs: ValueRecord, declared: Inputs, trial: number): number[] | undefined {
  let at = trial + 1;
  // A fixed pattern of signs (a Weyl sequence): the same on every machine, and different in each trial.
  const nudge = (x: number) => x * (1 + ((at = (at * 5 + 0x9e3779b1) >>> 0) >>> 31 ? NUDGE : -NUDGE));
  const moved = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, declared[name]?.nudge(copy(value), nudge) ?? value]),
  );
  try {
    return scalars(oracle(moved));
  } catch {
    return undefined;
  }
}

/**
 * For gradients: max |g − ref| ≤ rtol·‖ref‖ + floor, one bound for all entries of a tensor. The absolute floor keeps right
 * code whose true gradient cancels to almost nothing (a softmax's, say) from being rejected for the order of its sums.
 *
 * @param ref the reference gradient of one tensor, from the tape
 * @param upstream norm of the upstream gradient
 * @param size norm of all inputs
 */
export function gradientTolerance(ref: readonly number[], upstream: number, size: number): number {
  return 1e-9 * norm(ref) + 1e-13 * Math.max(1, upstream) * Math.max(1, size * size);
}

export const norm = (x: readonly number[]): number => Math.sqrt(x.reduce((s, v) => s + v * v, 0));
