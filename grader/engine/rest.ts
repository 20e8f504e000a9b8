/**
 * What is left of a sum that cancels, 5e-19 beside numbers like 0.3, is rounding: engines differ in it, since they differ
 * in the last digit of `exp`. A report shows it as 0, so that it is the same on every machine.
 */
import { Tensor } from '#tensor';
import type { Mismatch } from './compare.ts';
import type { Value } from './value.ts';

/** Smaller parts of the numbers beside it are rounding: some five hundred units in the last place. */
const NOTHING = 1e-13;

/**
 * The two sides of a mismatch, without such remains. A wrong entry is held against its counterpart, the others against the
 * largest of all, so that a wrong entry never looks right.
 */
export function withoutRests({ expected, got, wrong }: Mismatch): { expected: Value; got: Value } {
  const [want, have] = [numbersOf(expected), numbersOf(got)];
  if (!want || !have || want.length !== have.length) return { expected, got };
  const size = (i: number) => Math.max(finite(want[i]!), finite(have[i]!));
  const largest = want.reduce((most, _, i) => Math.max(most, size(i)), 0);
  const isWrong = new Set(wrong);
  const kept = (x: number, i: number) => (Math.abs(x) < NOTHING * (isWrong.has(i) ? size(i) : largest) ? 0 : x);
  return { expected: withNumbers(expected, want.map(kept)), got: withNumbers(got, have.map(kept)) };
}

const finite = (x: number): number => (Number.isFinite(x) ? Math.abs(x) : 0);

/** The numbers of a value that is nothing else. */
function numbersOf(value: Value): number[] | undefined {
  if (value instanceof Tensor) return Array.from(value.data);
  if (typeof value === 'number') return [value];
  if (Array.isArray(value) && value.every((x) => typeof x === 'number')) return value;
  return undefined;
}

function withNumbers(value: Value, numbers: number[]): Value {
  if (value instanceof Tensor) return new Tensor(value.shape, numbers);
  return typeof value === 'number' ? numbers[0]! : numbers;
}
