/**
 * What an exercise is fed: each parameter is declared once, with the symbols of its axes, and is drawn, cut smaller and
 * made simpler from that declaration. Integers only until the last step, so that a seed gives the same bits everywhere.
 */
import { Tensor } from '#tensor';
import { mapNumbers, NamedFunction, type Value, type ValueRecord } from './value.ts';

/** The size of each axis symbol: `{ T: 4, d_k: 3 }`. */
export type Sizes = Record<string, number>;

/** A source of integers, both ends included. */
export interface Draw {
  nextInt(min: number, max: number): number;
}

/** Which end of an axis stays when it is cut. */
export type Keep = 'first' | 'last';

/** One parameter's declaration. */
export interface Input<T extends Value = Value> {
  /** Axis symbols whose sizes it needs. */
  readonly symbols: readonly string[];
  /** For the exercise card: "(T, d_k)". */
  readonly shape: string;
  draw(rng: Draw, sizes: Sizes): T;
  /** The value for smaller sizes, keeping what comes first on each axis, or last. */
  cut(value: T, sizes: Sizes, keep?: Keep): T;
  /** Simpler values of the same size, most daring first; each strictly simpler than `value`, so that shrinking ends. */
  simpler(value: T): Iterable<T>;
  /** The value with each continuous number passed through `f`; discrete inputs return themselves. */
  nudge(value: T, f: (x: number) => number): T;
}

export type Inputs = Record<string, Input>;
/** The record of values that declared inputs yield. */
export type Fed<S> = { [K in keyof S]: S[K] extends Input<infer T> ? T : never };

/**
 * An axis: a number, a symbol, or a small expression: `'H'`, `'4H'`, `'T+1'`, `'h*d'`; or, at the very front, `'B?'`, an axis
 * that is left out where the size is 0.
 */
export type Axis = number | string;

interface ParsedAxis {
  factor: number;
  symbols: string[];
  plus: number;
  mayBeMissing: boolean;
}

function parseAxis(axis: Axis): ParsedAxis {
  if (typeof axis === 'number') return { factor: 1, symbols: [], plus: axis, mayBeMissing: false };
  const match = /^(\d*)([A-Za-z]\w*(?:\*[A-Za-z]\w*)*)([+-]\d+|\?)?$/.exec(axis);
  if (!match) throw new Error(`The axis '${axis}' is not a number, a symbol, '4H', 'T+1', 'h*d' or 'B?'.`);
  const [, factor, symbols, rest] = match;
  return {
    factor: factor ? Number(factor) : 1,
    symbols: symbols!.split('*'),
    plus: rest && rest !== '?' ? Number(rest) : 0,
    mayBeMissing: rest === '?',
  };
}

function axisSize(axis: Axis, sizes: Sizes): number {
  const { factor, symbols, plus } = parseAxis(axis);
  if (symbols.length === 0) return plus;
  const size = symbols.reduce((product, symbol) => {
    const size = sizes[symbol];
    if (size === undefined) throw new Error(`No size for the axis symbol '${symbol}'.`);
    return product * size;
  }, factor);
  return size + plus;
}

const symbolsOf = (axes: readonly Axis[]): string[] => axes.flatMap((a) => parseAxis(a).symbols);

/** Where numbers come from: multiples of `step` between `min` and `max`. */
export interface Grid {
  /** Default −2. */
  min?: number;
  /** Default 2. */
  max?: number;
  /** Default ¼: exact in binary, and short to print. */
  step?: number;
  /** Leave out 0. */
  nonzero?: boolean;
}

function drawOnGrid(rng: Draw, grid: Grid): number {
  const { min = -2, max = 2, step = 0.25, nonzero = false } = grid;
  const [first, last] = [Math.ceil(min / step), Math.floor(max / step)];
  if (!(first <= last) || (nonzero && first === 0 && last === 0))
    throw new Error(`There is no number to draw between ${min} and ${max} in steps of ${step}.`);
  for (;;) {
    // Adding 0 makes a −0 a plain 0.
    const x = rng.nextInt(first, last) * step + 0;
    if (x !== 0 || !nonzero) return x;
  }
}

/** How much there is to read in a number; shrinking only ever lowers it. */
export function weight(x: number): number {
  const fraction = Number.isInteger(x) ? 0 : Number.isInteger(2 * x) ? 20 : 40;
  return Math.abs(x) * 2 + (x < 0 ? 1 : 0) + fraction;
}

function* simplerNumber(x: number, grid: Grid): Iterable<number> {
  const { min = -2, max = 2, step = 0.25, nonzero = false } = grid;
  const fits = (c: number) => c >= min && c <= max && Number.isInteger(c / step) && !(nonzero && c === 0);
  const plainer = [0, 1, -1, Math.trunc(x), Math.sign(x) * Math.ceil(Math.abs(x)), -x, Math.trunc(2 * x) / 2];
  if (Math.abs(x) > 2) plainer.push(Math.trunc(x / 2), x - Math.sign(x));
  for (const c of new Set(plainer)) if (fits(c) && weight(c) < weight(x)) yield c === 0 ? 0 : c;
}

/** Simpler versions of a flat list: all entries alike first, then entry by entry. */
function* simplerList(list: readonly number[], one: (x: number) => Iterable<number>): Iterable<number[]> {
  for (const target of [0, 1]) {
    const all = list.map((x) => (weight(target) < weight(x) && [...one(x)].includes(target) ? target : x));
    if (list.length > 1 && all.some((x, i) => x !== list[i])) yield all;
  }
  for (let i = 0; i < list.length; i++) for (const x of one(list[i]!)) yield list.map((y, j) => (j === i ? x : y));
}

/** The simplest value that an input can be brought to, all of it at once. */
export function simplest<T extends Value>(input: Input<T>, value: T): T {
  let now = value;
  for (;;) {
    const { done, value: next } = input.simpler(now)[Symbol.iterator]().next() as IteratorResult<T, undefined>;
    if (done) return now;
    now = next;
  }
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Entries of a row-major array that remain when each axis is cut to `to`. */
function cutFlat<T>(flat: ArrayLike<T>, from: readonly number[], to: readonly number[], keep?: Keep): T[] {
  const out: T[] = [];
  const index = to.map(() => 0);
  for (let n = 0; n < product(to); n++) {
    let at = 0;
    for (let axis = 0; axis < to.length; axis++) {
      const skipped = keep === 'last' ? from[axis]! - to[axis]! : 0;
      at = at * from[axis]! + index[axis]! + skipped;
    }
    out.push(flat[at]!);
    for (let axis = to.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < to[axis]!) break;
      index[axis] = 0;
    }
  }
  return out;
}

const cutList = <T>(list: readonly T[], size: number, keep?: Keep): T[] =>
  keep === 'last' ? list.slice(list.length - size) : list.slice(0, size);

const showAxes = (axes: readonly Axis[]) => `(${axes.join(', ').replaceAll('*', '·')}${axes.length === 1 ? ',' : ''})`;

/**
 * A Tensor with the given axes, entries on a grid: `tensor('T', 'd_k')`, `tensor('n', { min: 0 })`, `tensor('B?', 'T', 'd')`
 * with the first axis or without.
 */
export function tensor(...spec: [...Axis[], Grid] | Axis[]): Input<Tensor> {
  const last = spec.at(-1);
  const grid: Grid = typeof last === 'object' ? last : {};
  const axes = (typeof last === 'object' ? spec.slice(0, -1) : spec) as Axis[];
  if (axes.slice(1).some((a) => parseAxis(a).mayBeMissing)) throw new Error('Only the first axis may be missing.');
  const first = axes.length > 0 && parseAxis(axes[0]!).mayBeMissing;
  const without = (sizes: Sizes) => first && axisSize(axes[0]!, sizes) === 0;
  const shapeFor = (sizes: Sizes) => (without(sizes) ? axes.slice(1) : axes).map((a) => axisSize(a, sizes));
  return {
    symbols: symbolsOf(axes),
    shape: showAxes(axes),
    draw: (rng, sizes) => {
      const shape = shapeFor(sizes);
      return new Tensor(
        shape,
        Float64Array.from({ length: product(shape) }, () => drawOnGrid(rng, grid)),
      );
    },
    cut: (value, sizes, keep) => {
      const shape = shapeFor(sizes);
      // Where the first axis goes, one slice of it stays.
      const to = value.shape.length > shape.length ? [1, ...shape] : shape;
      return new Tensor(shape, Float64Array.from(cutFlat(value.data, value.shape, to, keep)));
    },
    *simpler(value) {
      for (const list of simplerList(Array.from(value.data), (x) => simplerNumber(x, grid)))
        yield new Tensor(value.shape, Float64Array.from(list));
    },
    nudge: (value, f) => mapNumbers(value, f) as Tensor,
  };
}

/** A plain array of numbers: `vector('n')`. */
export function vector(axis: Axis, grid: Grid = {}): Input<number[]> {
  return {
    symbols: symbolsOf([axis]),
    shape: showAxes([axis]),
    draw: (rng, sizes) => Array.from({ length: axisSize(axis, sizes) }, () => drawOnGrid(rng, grid)),
    cut: (value, sizes, keep) => cutList(value, axisSize(axis, sizes), keep),
    simpler: (value) => simplerList(value, (x) => simplerNumber(x, grid)),
    nudge: (value, f) => value.map(f),
  };
}

/** Plain rows of numbers: `rows('n', 'd')`. */
export function rows(n: Axis, d: Axis, grid: Grid = {}): Input<number[][]> {
  const unflatten = (flat: number[], width: number, count: number) =>
    Array.from({ length: count }, (_, i) => flat.slice(i * width, (i + 1) * width));
  return {
    symbols: symbolsOf([n, d]),
    shape: showAxes([n, d]),
    draw: (rng, sizes) =>
      Array.from({ length: axisSize(n, sizes) }, () =>
        Array.from({ length: axisSize(d, sizes) }, () => drawOnGrid(rng, grid)),
      ),
    cut: (value, sizes, keep) =>
      cutList(value, axisSize(n, sizes), keep).map((row) => cutList(row, axisSize(d, sizes), keep)),
    *simpler(value) {
      const width = value[0]?.length ?? 0;
      for (const flat of simplerList(value.flat(), (x) => simplerNumber(x, grid)))
        yield unflatten(flat, width, value.length);
    },
    nudge: (value, f) => value.map((row) => row.map(f)),
  };
}

/** One number on a grid. */
export function number(grid: Grid = {}): Input<number> {
  return {
    symbols: [],
    shape: 'number',
    draw: (rng) => drawOnGrid(rng, grid),
    cut: (value) => value,
    simpler: (value) => simplerNumber(value, grid),
    nudge: (value, f) => f(value),
  };
}

/** A whole number, both ends included; it is never nudged. */
export function integer(min: number, max: number): Input<number> {
  return { ...number({ min, max, step: 1 }), shape: 'integer', nudge: (value) => value };
}

/** The size of an axis as a number of its own: with `tensor('T', 'h*d')`, `sizeOf('h')` says how many heads there are. */
export function sizeOf(axis: Axis): Input<number> {
  return {
    symbols: symbolsOf([axis]),
    shape: String(axis).replaceAll('*', '·'),
    draw: (_rng, sizes) => axisSize(axis, sizes),
    cut: (_value, sizes) => axisSize(axis, sizes),
    *simpler() {},
    nudge: (value) => value,
  };
}

/** One of the given values; earlier ones are simpler. */
export function choice<T extends Value>(...options: T[]): Input<T> {
  return {
    symbols: [],
    shape: options.map(String).join(' | '),
    draw: (rng) => options[rng.nextInt(0, options.length - 1)]!,
    cut: (value) => value,
    simpler: (value) => options.slice(0, Math.max(0, options.indexOf(value))),
    nudge: (value) => value,
  };
}

/** Always the same value. */
export const fixed = <T extends Value>(value: T): Input<T> => choice(value);

/** Whole numbers in a plain array, each at least 0 and below a size: class labels, token indices. */
export function indices(axis: Axis, below: Axis): Input<number[]> {
  return {
    symbols: symbolsOf([axis, below]),
    shape: `${showAxes([axis])} of 0 … ${below} − 1`,
    draw: (rng, sizes) =>
      Array.from({ length: axisSize(axis, sizes) }, () => rng.nextInt(0, axisSize(below, sizes) - 1)),
    cut: (value, sizes, keep) =>
      cutList(value, axisSize(axis, sizes), keep).map((i) => Math.min(i, axisSize(below, sizes) - 1)),
    simpler: (value) => simplerList(value, (x) => simplerNumber(x, { min: 0, max: x, step: 1 })),
    nudge: (value) => value,
  };
}

/** Each entry one of the given numbers (labels −1 and 1, bits 0 and 1). */
export function pattern(axis: Axis, ...options: number[]): Input<number[]> {
  const before = (x: number) => options.slice(0, Math.max(0, options.indexOf(x)));
  return {
    symbols: symbolsOf([axis]),
    shape: `${showAxes([axis])} of ${options.join(' or ')}`,
    draw: (rng, sizes) =>
      Array.from({ length: axisSize(axis, sizes) }, () => options[rng.nextInt(0, options.length - 1)]!),
    cut: (value, sizes, keep) => cutList(value, axisSize(axis, sizes), keep),
    *simpler(value) {
      for (let i = 0; i < value.length; i++)
        for (const x of before(value[i]!)) yield value.map((y, j) => (j === i ? x : y));
    },
    nudge: (value) => value,
  };
}

/**
 * Characters that tell ways of cutting a text apart, from plain to odd: one, two, three and four bytes of UTF-8, two units of
 * UTF-16 and one above them, an accent of its own that follows an e, capitals before small letters.
 */
const CHARACTERS = Array.from('ab cBeé\u0301汉字！😀🏽𠮷');

/**
 * A well-formed text of as many characters (code points) as an axis says. Each is drawn from a few characters, so that some
 * come again; shrinking replaces one character by a plainer one wherever it stands, then place by place.
 */
export function text(axis: Axis, characters: readonly string[] = CHARACTERS): Input<string> {
  const rank = (c: string) => Math.max(0, characters.indexOf(c));
  const plainer = (c: string) => characters.slice(0, rank(c));
  return {
    symbols: symbolsOf([axis]),
    shape: `text of ${axis}`,
    draw: (rng, sizes) => {
      const any = () => characters[rng.nextInt(0, characters.length - 1)]!;
      const few = Array.from({ length: rng.nextInt(2, 4) }, any);
      return Array.from({ length: axisSize(axis, sizes) }, () => few[rng.nextInt(0, few.length - 1)]!).join('');
    },
    cut: (value, sizes, keep) => cutList(Array.from(value), axisSize(axis, sizes), keep).join(''),
    *simpler(value) {
      const list = Array.from(value);
      const plain = list.map((c) => (rank(c) > 0 ? characters[0]! : c)).join('');
      if (plain !== value) yield plain;
      for (const c of new Set(list)) for (const d of plainer(c)) yield value.replaceAll(c, d);
      for (let i = 0; i < list.length; i++) for (const d of plainer(list[i]!)) yield list.with(i, d).join('');
    },
    nudge: (value) => value,
  };
}

/** Several inputs under names: parameters, a state. */
export function record<S extends Inputs>(fields: S): Input<Fed<S> & ValueRecord> {
  const names = Object.keys(fields);
  const build = (f: (input: Input, name: string) => Value) =>
    Object.fromEntries(names.map((name) => [name, f(fields[name]!, name)])) as Fed<S> & ValueRecord;
  return {
    symbols: names.flatMap((name) => fields[name]!.symbols),
    shape: `{ ${names.map((name) => `${name} ${fields[name]!.shape}`).join(', ')} }`,
    draw: (rng, sizes) => build((input) => input.draw(rng, sizes)),
    cut: (value, sizes, keep) => build((input, name) => input.cut(value[name], sizes, keep)),
    *simpler(value) {
      for (const name of names)
        for (const v of fields[name]!.simpler(value[name])) yield { ...value, [name]: v } as Fed<S> & ValueRecord;
    },
    nudge: (value, f) => build((input, name) => input.nudge(value[name], f)),
  };
}

/** As many of one input as an axis says: layers, time steps, a list of tensors. */
export function listOf<T extends Value>(axis: Axis, each: Input<T>): Input<T[]> {
  return {
    symbols: [...symbolsOf([axis]), ...each.symbols],
    shape: `${axis} × ${each.shape}`,
    draw: (rng, sizes) => Array.from({ length: axisSize(axis, sizes) }, () => each.draw(rng, sizes)),
    cut: (value, sizes, keep) => cutList(value, axisSize(axis, sizes), keep).map((v) => each.cut(v, sizes, keep)),
    *simpler(value) {
      for (let i = 0; i < value.length; i++)
        for (const v of each.simpler(value[i]!)) yield value.map((w, j) => (j === i ? v : w));
    },
    nudge: (value, f) => value.map((v) => each.nudge(v, f)),
  };
}

/** Now and then left out (`undefined`), which is also its simplest form. */
export function optional<T extends Value>(input: Input<T>): Input<T | undefined> {
  return {
    symbols: input.symbols,
    shape: `${input.shape}, optional`,
    draw: (rng, sizes) => {
      const value = input.draw(rng, sizes);
      return rng.nextInt(0, 3) === 0 ? undefined : value;
    },
    cut: (value, sizes, keep) => (value === undefined ? undefined : input.cut(value as T, sizes, keep)),
    *simpler(value) {
      if (value === undefined) return;
      yield undefined;
      yield* input.simpler(value as T);
    },
    nudge: (value, f) => (value === undefined ? undefined : input.nudge(value as T, f)),
  };
}

/** A function from `functions.ts`, its data drawn from an input: `functionOf('polynomial', vector(4))`. */
export function functionOf(name: string, data: Input): Input<NamedFunction> {
  return {
    symbols: data.symbols,
    shape: `function (${name})`,
    draw: (rng, sizes) => new NamedFunction(name, data.draw(rng, sizes)),
    cut: (value, sizes, keep) => new NamedFunction(name, data.cut(value.data, sizes, keep)),
    *simpler(value) {
      for (const d of data.simpler(value.data)) yield new NamedFunction(name, d);
    },
    nudge: (value, f) => new NamedFunction(name, data.nudge(value.data, f)),
  };
}
