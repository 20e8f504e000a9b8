/**
 * The Tensor: numbers in a rectangular grid of any number of axes.
 *
 * Each method is one line here and lives in the file named after its kind: arithmetic in broadcast.ts and kernels.ts,
 * sums in reduce.ts, slices in indexing.ts, shapes in axes.ts, matrix products in matmul.ts, printing in print.ts.
 */
import { copyOf } from './memory.ts';
import * as axes from './axes.ts';
import { binary, broadcastTo } from './broadcast.ts';
import * as compare from './compare.ts';
import type { Tolerance } from './compare.ts';
import * as indexing from './indexing.ts';
import type { Range } from './indexing.ts';
import * as product from './matmul.ts';
import { toNested, toText } from './print.ts';
import type { Nested } from './print.ts';
import * as reduce from './reduce.ts';
import type { Axes, ReduceOptions } from './reduce.ts';
import { ShapeError, checkShape, describe, frozen, resolveAxis, sameShape, showShape, sizeOf } from './shape.ts';
import * as unary from './unary.ts';

/**
 * A tensor of float64 numbers, row-major and contiguous: `data` holds the last axis's entries next to each other.
 * There are no views: every operation returns a new Tensor that shares no memory with its operands.
 */
export class Tensor {
  readonly shape: readonly number[];
  /** Its numbers, and no other tensor's; `data.buffer` may hold others' beside them (see memory.ts). */
  readonly data: Float64Array;

  /**
   * @param shape whole numbers ≥ 0; [] is a scalar
   * @param data as many numbers as the shape holds. A Float64Array is kept, not copied; a number[] is copied.
   * @throws TypeError when an argument is of the wrong type, ShapeError when shape and data do not fit
   */
  constructor(shape: readonly number[], data: Float64Array | readonly number[]) {
    checkShape('Tensor', shape);
    this.shape = frozen(shape);
    this.data = data instanceof Float64Array ? data : toFloat64(data);
    if (this.data.length !== sizeOf(shape)) {
      const need = `the shape ${showShape(shape)} holds ${sizeOf(shape)} numbers`;
      throw new ShapeError(`Tensor: ${need}, but the data has ${this.data.length}`);
    }
  }

  /** The number of axes: 0 for a scalar, 2 for a matrix. */
  get rank(): number {
    return this.shape.length;
  }
  /** How many numbers it holds. */
  get size(): number {
    return this.data.length;
  }
  /** The last two axes swapped: (…, m, n) -> (…, n, m). @throws ShapeError when there are fewer than two */
  get T(): Tensor {
    return axes.swapLastTwo(this);
  }

  // Entry by entry with a second operand. The two broadcast (see broadcast.ts); @throws ShapeError when they cannot.

  /** this + other */
  add(other: Tensor | number): Tensor {
    return binary('add', this, other);
  }
  /** this - other */
  sub(other: Tensor | number): Tensor {
    return binary('sub', this, other);
  }
  /** this · other, entry by entry (for the matrix product see matmul) */
  mul(other: Tensor | number): Tensor {
    return binary('mul', this, other);
  }
  /** this / other; x / 0 is ±Infinity, 0 / 0 is NaN */
  div(other: Tensor | number): Tensor {
    return binary('div', this, other);
  }
  /** this to the power of other */
  pow(other: Tensor | number): Tensor {
    return binary('pow', this, other);
  }
  /** The larger of the two; NaN when either is NaN */
  maximum(other: Tensor | number): Tensor {
    return binary('maximum', this, other);
  }
  /** The smaller of the two; NaN when either is NaN */
  minimum(other: Tensor | number): Tensor {
    return binary('minimum', this, other);
  }

  // Comparisons give 1 where they hold and 0 where they do not. They broadcast as well.

  /** 1 where this = other. NaN equals nothing. */
  equal(other: Tensor | number): Tensor {
    return binary('equal', this, other);
  }
  /** 1 where this ≠ other */
  notEqual(other: Tensor | number): Tensor {
    return binary('notEqual', this, other);
  }
  /** 1 where this > other */
  greater(other: Tensor | number): Tensor {
    return binary('greater', this, other);
  }
  /** 1 where this ≥ other */
  greaterEqual(other: Tensor | number): Tensor {
    return binary('greaterEqual', this, other);
  }
  /** 1 where this < other */
  less(other: Tensor | number): Tensor {
    return binary('less', this, other);
  }
  /** 1 where this ≤ other */
  lessEqual(other: Tensor | number): Tensor {
    return binary('lessEqual', this, other);
  }

  // Entry by entry, alone. The shape stays.

  /** f(entry, its index in `data`) for every entry */
  map(f: (x: number, flatIndex: number) => number): Tensor {
    return unary.map(this, f);
  }
  /** -x */
  neg(): Tensor {
    return binary('mul', this, -1);
  }
  /** eˣ */
  exp(): Tensor {
    return unary.elementary('exp', this);
  }
  /** The natural logarithm; log 0 is -Infinity, of a negative number NaN */
  log(): Tensor {
    return unary.elementary('log', this);
  }
  /** √x; NaN for a negative number */
  sqrt(): Tensor {
    return unary.elementary('sqrt', this);
  }
  /** x² */
  square(): Tensor {
    return binary('mul', this, this);
  }
  /** |x| */
  abs(): Tensor {
    return unary.map(this, Math.abs);
  }
  /** -1, 0 or 1 */
  sign(): Tensor {
    return unary.map(this, Math.sign);
  }
  sin(): Tensor {
    return unary.map(this, Math.sin);
  }
  cos(): Tensor {
    return unary.map(this, Math.cos);
  }
  tanh(): Tensor {
    return unary.elementary('tanh', this);
  }
  /** The nearest whole number; halfway cases go to the even one, as IEEE 754 and NumPy do: 2.5 -> 2, 3.5 -> 4 */
  round(): Tensor {
    return unary.map(this, unary.roundHalfToEven);
  }
  /** 1 / x */
  reciprocal(): Tensor {
    return unary.elementary('reciprocal', this);
  }
  /** lo where x < lo, hi where x > hi, else x. NaN stays NaN. @throws RangeError when lo > hi */
  clip(lo: number, hi: number): Tensor {
    return unary.clip(this, lo, hi);
  }

  // Reductions, over one axis, several, or (none given) all. Negative axes count from the end.

  /** The sum, added up in row-major order. Of nothing: 0. (2, 3) over axis 0 -> (3), with keepDims (1, 3) */
  sum(axis?: Axes, options?: ReduceOptions): Tensor {
    return reduce.sum(this, axis, options);
  }
  /** The mean. Of nothing: NaN. */
  mean(axis?: Axes, options?: ReduceOptions): Tensor {
    return reduce.mean(this, axis, options);
  }
  /** The largest; NaN if there is one. @throws ShapeError of nothing */
  max(axis?: Axes, options?: ReduceOptions): Tensor {
    return reduce.max(this, axis, options);
  }
  /** The smallest; NaN if there is one. @throws ShapeError of nothing */
  min(axis?: Axes, options?: ReduceOptions): Tensor {
    return reduce.min(this, axis, options);
  }
  /** Where along the axis the largest stands, the first of equal ones; with no axis, its index in `data`, shape (). */
  argmax(axis?: number): Tensor {
    return reduce.argmax(this, axis);
  }
  /** Where along the axis the smallest stands, the first of equal ones; with no axis, its index in `data`, shape (). */
  argmin(axis?: number): Tensor {
    return reduce.argmin(this, axis);
  }
  /** √(Σ x²) over all entries */
  norm(): number {
    return Math.sqrt(reduce.sum(this.square()).item());
  }

  // Parts.

  /** One entry: one index for each axis, negative ones counting from the end. @throws RangeError, ShapeError */
  at(...index: number[]): number {
    return indexing.at(this, index);
  }
  /** The number in a tensor that holds exactly one, whatever its rank. @throws ShapeError */
  item(): number {
    if (this.size !== 1) throw new ShapeError(`item: ${showShape(this.shape)} holds ${this.size} numbers, not one`);
    return this.data[0];
  }
  /** Entry i of axis 0: (N, …) -> (…) */
  row(i: number): Tensor {
    return indexing.slice(this, [i], 'row');
  }
  /**
   * One range for each axis (left out: all of it): a number drops the axis, [start, stop] keeps start … stop - 1,
   * null keeps all. Of (4, 5): slice(1) -> (5), slice(null, [0, 2]) -> (4, 2), slice([-2, 4], -1) -> (2).
   * @throws RangeError when a range does not lie within its axis (nothing is clamped)
   */
  slice(...ranges: Range[]): Tensor {
    return indexing.slice(this, ranges);
  }
  /** A copy in which the part that `ranges` name (as in slice) holds `value`, broadcast to that part's shape. */
  withSlice(ranges: readonly Range[], value: Tensor | number): Tensor {
    return indexing.withSlice(this, ranges, value);
  }
  /** Rows by index: (V, …) and indices (N) -> (N, …), or (B, T) -> (B, T, …). Indices are 0 … V - 1. */
  gather(indices: Tensor | readonly number[]): Tensor {
    const axis = resolveAxis('gather', 0, this.rank, this.shape);
    return indexing.take(this, axis, indices, 'gather');
  }
  /** As gather, along any axis: the axis is replaced by the shape of the indices. */
  take(axis: number, indices: Tensor | readonly number[]): Tensor {
    return indexing.take(this, resolveAxis('take', axis, this.rank, this.shape), indices);
  }
  /** One entry of each row: (N, C) and indices (N) -> (N). In general (…, C) and (…) -> (…). */
  pick(indices: Tensor | readonly number[]): Tensor {
    return indexing.pick(this, indices);
  }

  // Shape.

  /** The same numbers, in the same order, in another shape; one axis may be -1. @throws ShapeError */
  reshape(...shape: number[]): Tensor {
    return axes.reshape(this, shape);
  }
  /** (…) -> (size) */
  flatten(): Tensor {
    return new Tensor([this.size], copyOf(this.data));
  }
  /** Axis k of the result is axis `order[k]`; none given reverses them. (2, 3, 4).transpose(1, 0, 2) -> (3, 2, 4) */
  transpose(...order: number[]): Tensor {
    return axes.transpose(this, order);
  }
  /** A new axis of length 1 at the given place: (2, 3).expandDims(1) -> (2, 1, 3), of -1 -> (2, 3, 1) */
  expandDims(axis: number): Tensor {
    return axes.expandDims(this, axis);
  }
  /** Drops an axis of length 1, or (none given) all of them. */
  squeeze(axis?: number): Tensor {
    return axes.squeeze(this, axis);
  }
  /** Repeated to the given shape by the rules of broadcasting: (3) -> (2, 3). @throws ShapeError */
  broadcastTo(shape: readonly number[]): Tensor {
    checkShape('broadcastTo', shape);
    return broadcastTo(this, shape);
  }

  // Products.

  /** (m, k) · (k, n) -> (m, n), with vectors and leading batch axes as NumPy's `@`; see matmul.ts. */
  matmul(other: Tensor): Tensor {
    return product.matmul(this, other);
  }
  /** Σ aᵢ bᵢ of two vectors, a number */
  dot(other: Tensor): number {
    return product.dot(this, other);
  }
  /** (m) and (n) -> (m, n), entries aᵢ bⱼ */
  outer(other: Tensor): Tensor {
    return product.outer(this, other);
  }

  // Comparing as a whole, and reading.

  sameShape(other: Tensor): boolean {
    return sameShape(this.shape, needTensor('sameShape', other).shape);
  }
  /** The same shape, and every |this - other| ≤ atol + rtol · |other|. NaN is close to nothing. */
  allClose(other: Tensor, tolerance?: Tolerance): boolean {
    return compare.allClose(this, other, tolerance);
  }
  /** The same shape and exactly the same numbers (===: so NaN equals nothing, and -0 equals 0). */
  equals(other: Tensor): boolean {
    return compare.equals(this, other);
  }
  /** Nested arrays; of a scalar, its number. `tensor(x.toArray())` is x again, as long as no axis is 0. */
  toArray(): Nested {
    return toNested(this);
  }
  toString(): string {
    return toText(this);
  }
  /** What Node's console.log shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** Keeps a Float64Array (of any realm), copies a list of numbers, and refuses everything else. */
function toFloat64(data: Float64Array | readonly number[]): Float64Array {
  if (Object.prototype.toString.call(data) === '[object Float64Array]') return data as Float64Array;
  if (!Array.isArray(data)) {
    throw new TypeError(`Tensor needs its data as a Float64Array or a list of numbers, got ${describe(data)}`);
  }
  const wrong = data.findIndex((x) => typeof x !== 'number');
  if (wrong >= 0)
    throw new TypeError(`Tensor needs numbers, but entry ${wrong} of the data is ${describe(data[wrong])}`);
  return Float64Array.from(data as number[]);
}

/** Whether a value is a Tensor, also one made by another copy of this library. */
export function isTensor(value: unknown): value is Tensor {
  if (value instanceof Tensor) return true;
  if (typeof value !== 'object' || value === null) return false;
  const { shape, data } = value as Partial<Tensor>;
  return Array.isArray(shape) && ArrayBuffer.isView(data);
}

/** @throws TypeError unless the value is a Tensor */
export function needTensor(operation: string, value: Tensor): Tensor {
  if (!isTensor(value)) throw wrongOperand(`${operation} needs a Tensor`, value);
  return value;
}

/** A number becomes a scalar Tensor. @throws TypeError unless the value is a Tensor or a number */
export function needOperand(operation: string, value: Tensor | number): Tensor {
  if (typeof value === 'number') return new Tensor([], Float64Array.of(value));
  if (!isTensor(value)) throw wrongOperand(`${operation} needs a Tensor or a number`, value);
  return value;
}

function wrongOperand(need: string, value: unknown): TypeError {
  if (value === undefined) return new TypeError(`${need}, got undefined: did an earlier step return nothing?`);
  const hint = Array.isArray(value) ? ': tensor(…) makes a Tensor of it' : '';
  return new TypeError(`${need}, got ${describe(value)}${hint}`);
}
