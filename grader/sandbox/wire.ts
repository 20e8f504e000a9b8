/**
 * Values as they travel between processes: each as itself where structured clone keeps it, else as a record with a
 * tag `t`. What comes back was written beside a student's code, so `decode` believes nothing.
 */
import { Tensor } from '#tensor';
import { type Arg, NamedFunction, ResultOf } from '../engine/sandbox.ts';
import { Odd, type Value } from '../engine/value.ts';
import { functionNames } from './realm/functions.ts';

export type Wire =
  | undefined
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | { t: 'tensor'; shape: number[]; data: Float64Array }
  | { t: 'array'; items: Wire[] }
  | { t: 'record'; keys: string[]; values: Wire[] }
  | { t: 'odd'; what: string }
  | { t: 'result'; call: number; field: string | undefined }
  | { t: 'function'; name: string; data: Wire };

/** How deep a result may be nested. */
export const maxDepth = 20;
/** How many numbers and characters a result may hold. */
export const maxSize = 4_000_000;

/** An argument on its way into the sandbox. */
export function encode(value: Arg): Wire {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Tensor) return { t: 'tensor', shape: [...value.shape], data: alone(value.data) };
  if (value instanceof Uint8Array) return alone(value);
  if (Array.isArray(value)) return { t: 'array', items: value.map(encode) };
  if (value instanceof ResultOf) return { t: 'result', call: value.call, field: value.field };
  if (value instanceof NamedFunction) {
    if (!functionNames.includes(value.name))
      throw new Error(`there is no function named "${value.name}" in the sandbox`);
    return { t: 'function', name: value.name, data: encode(value.data) };
  }
  if (value instanceof Odd) throw new Error(`${value.what} cannot be an argument`);
  return { t: 'record', keys: Object.keys(value), values: Object.values(value).map(encode) };
}

/**
 * Numbers without what lies beside them: structured clone takes the whole buffer along, and in the judge's memory a
 * neighbour may be the answer.
 */
const alone = <T extends Float64Array | Uint8Array>(numbers: T): T =>
  numbers.byteLength === numbers.buffer.byteLength ? numbers : (numbers.slice() as T);

/** Thrown by `decode` for anything that `encode`'s counterpart in the child would not have written. */
export class NotAResult extends Error {}

/** A result on its way out of the sandbox. */
export function decode(wire: unknown): Value {
  let size = 0;
  const count = (n: number) => {
    size += n;
    if (size > maxSize + 1_000) throw new NotAResult('too large');
  };
  const walk = (value: unknown, depth: number): Value => {
    if (typeof value === 'string') count(value.length);
    else count(1);
    if (value === undefined || value === null) return value;
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value !== 'object' || depth > maxDepth + 1) throw new NotAResult(typeof value);
    if (value instanceof Uint8Array) {
      count(value.length);
      return new Uint8Array(value);
    }
    const { t, shape, data, items, keys, values, what } = value as Record<string, unknown>;
    if (t === 'odd' && typeof what === 'string') return new Odd(what.slice(0, 200));
    if (t === 'array' && Array.isArray(items)) return items.map((item) => walk(item, depth + 1));
    if (t === 'record' && Array.isArray(keys) && Array.isArray(values) && keys.length === values.length) {
      if (!keys.every((key) => typeof key === 'string')) throw new NotAResult('a key');
      keys.forEach((key: string) => count(key.length));
      // Defines properties, so a key "__proto__" is only a key.
      return Object.fromEntries(keys.map((key: string, i) => [key, walk(values[i], depth + 1)]));
    }
    if (t === 'tensor' && Array.isArray(shape) && data instanceof Float64Array && shape.length <= 32) {
      count(data.length);
      const sizes = shape.map((n: unknown) => {
        if (typeof n !== 'number' || !Number.isSafeInteger(n) || n < 0) throw new NotAResult('a shape');
        return n;
      });
      if (sizes.reduce((product, n) => product * n, 1) !== data.length) throw new NotAResult('a shape');
      return new Tensor(sizes, new Float64Array(data));
    }
    throw new NotAResult('a record');
  };
  return walk(wire, 0);
}
