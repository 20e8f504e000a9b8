/**
 * How far a right answer may lie from the oracle's, derived from rounding.
 *
 * A sensible algorithm gives the exact result for inputs changed by about n·ε, n being the number of operations behind an
 * entry (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §1.5). So the oracle is run on inputs nudged by a
 * known step; how far each entry moves says how much that entry amplifies rounding. Three things that a careless estimate
 * overlooks, each of which has rejected right code:
 * - two effects may cancel when all inputs are nudged equally far, so each gets a step of its own;
 * - exp(0) is rounded although 0 is not, so numbers below 1 are nudged as far as 1 is;
 * - where a sum of squares or a divergence has its minimum 0, nothing moves to first order, yet y² − 2yt + t² is rounded as
 *   its terms are: the second order counts too.
 */
import type { Inputs } from './inputs.ts';
import type { Tolerance } from './compare.ts';
import { copy, countScalars, mapNumbers, scalars, type Value, type ValueRecord } from './value.ts';
import type { Oracle } from './exercise.ts';

const EPSILON = Number.EPSILON;
/** Large against rounding, also squared; small against the inputs. */
const NUDGE = 2 ** -16;
const TRIALS = 3;
/** For the constants that the analysis leaves open (order of operations, a library's exp being off in the last bit). */
const SAFETY = 16;
/** Where an oracle jumps, its spread says nothing about rounding; never allow more than this, relative to its size. */
const LOOSEST = 1e-7;

/**
 * Allowed absolute difference for each scalar of `expected`, in the order of {@link scalars}.
 *
 * The oracle is run on nudged inputs only for a difference that needs it: the bound is never below what it would be
 * without any spread and never above the loosest, and nearly all differences, right or wrong, lie outside these two.
 */
export function roundingTolerance(oracle: Oracle, inputs: ValueRecord, declared: Inputs, expected: Value): Tolerance {
  const wanted = scalars(expected);
  const n = countScalars(inputs) + 8;
  const size = wanted.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
  const loosest = LOOSEST * Math.max(1, size);
  const allowed = (k: number, spread: number) =>
    Math.min(SAFETY * n * EPSILON * (spread + (Math.abs(wanted[k]!) || 0) + size), loosest);
  let spread: number[] | undefined;
  return (k, difference) => {
    const least = allowed(k, 0);
    if (difference <= least) return least;
    if (!(difference <= loosest)) return loosest;
    spread ??= spreadOf(oracle, inputs, declared, wanted);
    return allowed(k, spread[k]!);
  };
}

/** How far each scalar of the result moves, per unit that the inputs are nudged. */
function spreadOf(oracle: Oracle, inputs: ValueRecord, declared: Inputs, wanted: readonly number[]): number[] {
  const spread = wanted.map(() => 0);
  for (let trial = 0; trial < TRIALS; trial++) {
    const up = nudgedResult(oracle, inputs, declared, trial, NUDGE);
    const down = nudgedResult(oracle, inputs, declared, trial, -NUDGE);
    if (up?.length !== wanted.length || down?.length !== wanted.length) continue;
    for (let i = 0; i < wanted.length; i++) {
      const first = Math.abs(up[i]! - down[i]!) / (2 * NUDGE);
      const second = Math.abs(up[i]! - wanted[i]! + (down[i]! - wanted[i]!)) / NUDGE ** 2;
      spread[i] = Math.max(spread[i]!, first + second || 0);
    }
  }
  return spread;
}

function nudgedResult(
  oracle: Oracle,
  inputs: ValueRecord,
  declared: Inputs,
  trial: number,
  by: number,
): number[] | undefined {
  let at = trial << 20;
  const nudge = (x: number) => x + by * step(at++) * Math.max(1, Math.abs(x));
  try {
    const moved = Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [
        name,
        declared[name]?.nudge(copy(value), nudge) ?? (isContinuous(value) ? mapNumbers(value, nudge) : value),
      ]),
    );
    return scalars(oracle(moved));
  } catch {
    return undefined;
  }
}

/** Whether a derived input, which nothing declares, is more than labels and counts. */
const isContinuous = (value: Value): boolean => scalars(value).some((x) => Number.isFinite(x) && !Number.isInteger(x));

/** A number between ½ and 1 with either sign, by position: a fixed hash, so the same on every machine. */
function step(at: number): number {
  let h = Math.imul(at + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h ^= h >>> 13;
  return (h < 0 ? -1 : 1) * (0.5 + ((h >>> 8) & 127) / 256);
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
