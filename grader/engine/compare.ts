/**
 * Comparing what came back with what was expected: type first, then shape, then finiteness, then numbers. Every comparison
 * is written so that NaN fails it.
 */
import { Tensor } from '#tensor';
import { countScalars, describe, isRecord, Odd, type Value } from './value.ts';

/** One result that differs. */
export interface Mismatch {
  /** Name of the result: "dw", "params.w"; "" when the function returns it directly. */
  name: string;
  kind: 'type' | 'shape' | 'missing' | 'nonfinite' | 'value';
  /** "expected a Tensor of shape (2, 3), got undefined". */
  says: string;
  expected: Value;
  got: Value;
  /** Flat positions of wrong entries. */
  wrong: number[];
}

/** Allowed difference for the k-th scalar of the whole expected value; it may depend on the difference there is. */
export type Tolerance = (k: number, difference: number) => number;

export const EXACT: Tolerance = () => 0;

/** All results in which `got` differs from `expected`; fields beyond the expected ones are ignored. */
export function compare(expected: Value, got: Value, tolerance: Tolerance): Mismatch[] {
  const found: Mismatch[] = [];
  walk('', expected, got, 0);
  return found;

  function walk(name: string, want: Value, have: Value, first: number): void {
    const differs = (kind: Mismatch['kind'], says: string, wrong: number[] = []) =>
      found.push({ name, kind, says, expected: want, got: have, wrong });

    if (isRecord(want)) {
      if (!isRecord(have)) return void differs('type', `expected ${describe(want)}, got ${describe(have)}`);
      for (const [key, value] of Object.entries(want)) {
        const path = name ? `${name}.${key}` : key;
        if (!Object.hasOwn(have, key) || (have[key] === undefined && value !== undefined))
          found.push({
            name: path,
            kind: 'missing',
            says: `${key} is missing from the result`,
            expected: value,
            got: undefined,
            wrong: [],
          });
        else walk(path, value, have[key], first);
        first += countScalars(value);
      }
      return;
    }
    if (have instanceof Odd || (have === undefined) !== (want === undefined))
      return void differs('type', `expected ${describe(want)}, got ${describe(have)}`);
    if (want instanceof Tensor) {
      if (!(have instanceof Tensor)) return void differs('type', `expected ${describe(want)}, got ${describe(have)}`);
      if (want.shape.length !== have.shape.length || want.shape.some((n, axis) => n !== have.shape[axis]))
        return void differs('shape', `expected shape (${want.shape.join(', ')}), got (${have.shape.join(', ')})`);
      return numbers(Array.from(want.data), Array.from(have.data), first, differs);
    }
    if (want instanceof Uint8Array) {
      if (!(have instanceof Uint8Array))
        return void differs('type', `expected ${describe(want)}, got ${describe(have)}`);
      if (want.length !== have.length)
        return void differs('shape', `expected ${want.length} bytes, got ${have.length}`);
      return numbers(Array.from(want), Array.from(have), first, differs);
    }
    if (Array.isArray(want)) {
      if (!Array.isArray(have)) return void differs('type', `expected ${describe(want)}, got ${describe(have)}`);
      if (want.length !== have.length)
        return void differs(
          'shape',
          `expected ${want.length} ${want.length === 1 ? 'entry' : 'entries'}, got ${have.length}`,
        );
      if (want.every((x) => typeof x === 'number') && have.every((x) => typeof x === 'number'))
        return numbers(want as number[], have as number[], first, differs);
      want.forEach((value, i) => {
        walk(`${name}[${i}]`, value, have[i], first);
        first += countScalars(value);
      });
      return;
    }
    if (typeof want === 'number') {
      if (typeof have !== 'number') return void differs('type', `expected a number, got ${describe(have)}`);
      return numbers([want], [have], first, differs);
    }
    if (typeof want !== typeof have) return void differs('type', `expected ${describe(want)}, got ${describe(have)}`);
    if (want !== have) differs('value', `expected ${JSON.stringify(want)}, got ${JSON.stringify(have)}`);
  }

  function numbers(
    want: number[],
    have: number[],
    first: number,
    differs: (kind: Mismatch['kind'], says: string, wrong: number[]) => unknown,
  ): void {
    const wrong = want.flatMap((x, i) => (close(x, have[i]!, tolerance(first + i, Math.abs(x - have[i]!))) ? [] : [i]));
    if (wrong.length === 0) return;
    const bad = wrong.find((i) => !Number.isFinite(have[i]!) && Number.isFinite(want[i]!));
    if (bad !== undefined) differs('nonfinite', `contains ${have[bad]!}`, wrong);
    else
      differs(
        'value',
        wrong.length === want.length ? 'differs' : `differs in ${wrong.length} of ${want.length} entries`,
        wrong,
      );
  }
}

/** |a − b| ≤ tolerance; infinities are close to themselves only, NaN to nothing. */
export function close(want: number, have: number, tolerance: number): boolean {
  return want === have || Math.abs(want - have) <= tolerance;
}
