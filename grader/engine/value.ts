/**
 * The values that travel between judge and sandbox: plain data only.
 */
import { Tensor } from '#tensor';

/** Plain data: what an exercise may take and return. */
export type Value =
  | number
  | string
  | boolean
  | null
  | undefined
  | Tensor
  | Uint8Array
  | Odd
  | NamedFunction
  | Value[]
  | { [key: string]: Value };

/** Something a student's function gave back that is not plain data (a Promise, a function, a Proxy, …). */
export class Odd {
  /** What it is, as a noun with its article: "a Promise". */
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

/**
 * A function that an exercise is given, as its name and data: see `functions.ts`, where it is built. It only ever goes in;
 * what comes back from a sandbox never holds one.
 */
export class NamedFunction {
  readonly name: string;
  readonly data: Value;
  constructor(name: string, data: Value) {
    this.name = name;
    this.data = data;
  }
}

/** The arguments of an exercise by parameter name, or a record of results. */
export type ValueRecord = Record<string, Value>;

export function isRecord(value: Value): value is ValueRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Tensor) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Odd) &&
    !(value instanceof NamedFunction)
  );
}

/** What a value is, for a message: "a Tensor of shape (2, 3)", "an array of 4", "undefined". */
export function describe(value: Value): string {
  if (value === undefined) return 'undefined';
  if (value === null) return 'null';
  if (value instanceof Odd) return value.what;
  if (value instanceof NamedFunction) return 'a function';
  if (value instanceof Tensor) return `a Tensor of shape (${value.shape.join(', ')})`;
  if (value instanceof Uint8Array) return `a Uint8Array of ${value.length}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number' : String(value);
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'boolean') return String(value);
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an empty object';
  const shown = keys.slice(0, 8).map((key) => (key.length > 40 ? `${key.slice(0, 40)}…` : key));
  return `an object with ${shown.join(', ')}${keys.length > 8 ? ` and ${keys.length - 8} more` : ''}`;
}

/** Every scalar in a value, in a fixed order; strings and odd things are skipped. */
export function scalars(value: Value): number[] {
  const found: number[] = [];
  collect(value, found);
  return found;
}

function collect(value: Value, into: number[]): void {
  if (typeof value === 'number') into.push(value);
  else if (typeof value === 'boolean') into.push(value ? 1 : 0);
  else if (value instanceof Tensor) for (const x of value.data) into.push(x);
  else if (value instanceof Uint8Array) for (const x of value) into.push(x);
  else if (Array.isArray(value)) for (const v of value) collect(v, into);
  else if (isRecord(value)) for (const v of Object.values(value)) collect(v, into);
}

/** How many {@link scalars} there are. */
export function countScalars(value: Value): number {
  if (typeof value === 'number' || typeof value === 'boolean') return 1;
  if (value instanceof Tensor) return value.data.length;
  if (value instanceof Uint8Array) return value.length;
  let count = 0;
  if (Array.isArray(value)) for (const v of value) count += countScalars(v);
  else if (isRecord(value)) for (const v of Object.values(value)) count += countScalars(v);
  return count;
}

/** The same value with every scalar passed through `f`; booleans, strings and bytes stay. */
export function mapNumbers(value: Value, f: (x: number) => number): Value {
  if (typeof value === 'number') return f(value);
  if (value instanceof Tensor) return value.map((x) => f(x));
  if (Array.isArray(value)) return value.map((v) => mapNumbers(v, f));
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mapNumbers(v, f)]));
  return value;
}

/** A deep copy; tensors and arrays share no memory with the original. */
export function copy<T extends Value>(value: T): T {
  if (value instanceof Uint8Array) return value.slice() as Value as T;
  if (value instanceof Tensor) return new Tensor(value.shape, value.data.slice()) as Value as T;
  if (Array.isArray(value)) return value.map((v) => copy(v)) as Value as T;
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copy(v)])) as Value as T;
  return value;
}

/** Exactly equal: same types, shapes and bits (NaN equals NaN, 0 equals -0). */
export function identical(a: Value, b: Value): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a === b || (Number.isNaN(a) && Number.isNaN(b));
  if (a instanceof NamedFunction || b instanceof NamedFunction)
    return a instanceof NamedFunction && b instanceof NamedFunction && a.name === b.name && identical(a.data, b.data);
  if (a instanceof Odd || b instanceof Odd) return a instanceof Odd && b instanceof Odd && a.what === b.what;
  if (a instanceof Tensor && b instanceof Tensor)
    return identical([...a.shape], [...b.shape]) && a.data.every((x, i) => identical(x, b.data[i]));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return a.length === b.length && a.every((x, i) => x === b[i]);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => identical(x, b[i]));
  if (isRecord(a) && isRecord(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((k) => k in b && identical(a[k], b[k]));
  }
  return a === b;
}
