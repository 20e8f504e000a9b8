/** Right results as JSON for the hostile file, and whether what it means is one. */
import { Tensor } from '#tensor';
import { isRecord, scalars, type Value } from '../../../grader/engine/index.ts';
import type { Meaning, Plain } from './hostile.ts';

const asJson = (x: number): number | string =>
  Number.isFinite(x) && !Object.is(x, -0) ? x : Object.is(x, -0) ? '-0' : String(x);

export function toPlain(value: Value): Plain {
  if (value === undefined) return { z: 'undefined' };
  if (value === null) return { z: 'null' };
  if (typeof value === 'number') return { n: asJson(value) };
  if (typeof value === 'string') return { s: value };
  if (typeof value === 'boolean') return { b: value };
  if (value instanceof Tensor) return { t: [...value.shape], d: Array.from(value.data, asJson) };
  if (value instanceof Uint8Array) return { y: [...value] };
  if (Array.isArray(value)) return { a: value.map(toPlain) };
  if (isRecord(value)) return { r: Object.entries(value).map(([key, v]) => [key, toPlain(v)]) };
  throw new Error('an oracle gave something that is no plain data');
}

/** `near`: within 1e-6 of the largest entry, which a check may take or not, as it sees rounding. */
export type Likeness = 'equal' | 'near' | 'different';

/** Whether a meaning is the expected value; fields beyond the expected ones say nothing. Written without a look at `compare`. */
export function likeness(expected: Value, means: Meaning): Likeness {
  const size = Math.max(1, ...scalars(expected).map((x) => (Number.isFinite(x) ? Math.abs(x) : 0)));
  const numbers = (want: number, have: number): Likeness =>
    want === have ? 'equal' : Math.abs(want - have) <= 1e-6 * size ? 'near' : 'different';
  return alike(toPlain(expected), means, numbers);
}

function alike(want: Plain, have: Meaning, numbers: (a: number, b: number) => Likeness): Likeness {
  const all = (parts: Likeness[]): Likeness =>
    parts.includes('different') ? 'different' : parts.includes('near') ? 'near' : 'equal';
  const when = (same: boolean): Likeness => (same ? 'equal' : 'different');
  if ('n' in want) return 'n' in have ? numbers(Number(want.n), Number(have.n)) : 'different';
  if ('s' in want) return when('s' in have && have.s === want.s);
  if ('b' in want) return when('b' in have && have.b === want.b);
  if ('z' in want) return when('z' in have && have.z === want.z);
  if ('y' in want) return when('y' in have && have.y.join() === want.y.join());
  if ('t' in want) {
    if (!('t' in have) || have.t.join() !== want.t.join() || have.d.length !== want.d.length) return 'different';
    return all(want.d.map((x, i) => numbers(Number(x), Number(have.d[i]))));
  }
  if ('a' in want) {
    if (!('a' in have) || have.a.length !== want.a.length) return 'different';
    return all(want.a.map((item, i) => alike(item, have.a[i]!, numbers)));
  }
  if ('r' in want && 'r' in have) {
    const fields = new Map(have.r);
    return all(want.r.map(([key, item]) => (fields.has(key) ? alike(item, fields.get(key)!, numbers) : 'different')));
  }
  return 'different';
}
