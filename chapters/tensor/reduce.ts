/** Reductions: sum, mean, max, min over some axes or all, and where the largest and smallest stand. */
import { allocate } from './memory.ts';
import { Tensor } from './tensor.ts';
import { ShapeError, resolveAxes, resolveAxis, showShape, sizeOf, stridesOf } from './shape.ts';
import type { Shape } from './shape.ts';
import { broadcastStrides } from './broadcast.ts';
import { walk } from './walk.ts';

/** Which axes to reduce over: one, several, or (left out) all. Negative ones count from the end. */
export type Axes = number | readonly number[];

export interface ReduceOptions {
  /** Keep every reduced axis with length 1, so that the result broadcasts against the operand. Default: false. */
  keepDims?: boolean;
}

/** The shapes of a reduction, and how many numbers go into each cell of its result. */
function plan(operation: string, x: Tensor, axes: Axes | undefined, options: ReduceOptions) {
  const reduced = resolveAxes(operation, axes, x.shape);
  const kept: Shape = x.shape.map((length, axis) => (reduced.includes(axis) ? 1 : length));
  const shape = options.keepDims ? kept : x.shape.filter((_, axis) => !reduced.includes(axis));
  const count = sizeOf(reduced.map((axis) => x.shape[axis]));
  return { kept, shape, count };
}

/**
 * Runs through x in row-major order and folds each number into the cell of the result it belongs to.
 * The order is fixed, so a sum is rounded the same way on every machine.
 */
function sumInto(out: Float64Array, kept: Shape, x: Tensor): void {
  walk(x.shape, stridesOf(x.shape), broadcastStrides(kept, x.shape), (_o, i, di, j, dj, count) => {
    const { data } = x;
    if (dj === 0) {
      let total = out[j];
      for (let step = 0; step < count; step++, i += di) total += data[i];
      out[j] = total;
    } else for (let step = 0; step < count; step++, i += di, j += dj) out[j] += data[i];
  });
}

/**
 * The same over a single axis, the commonest case: x is `out.length / inner` blocks of `length` rows of `inner` numbers,
 * and the rows of a block are added up.
 */
function sumRowsInto(out: Float64Array, data: Float64Array, length: number, inner: number): void {
  if (inner === 1) return sumStretchesInto(out, data, length);
  let i = 0;
  for (let cell = 0; cell < out.length; cell += inner)
    for (let row = 0; row < length; row++) for (let j = cell; j < cell + inner; j++, i++) out[j] += data[i];
}

/**
 * Sums of so many numbers that follow one another. An addition waits for the one before it, so four stretches are added up
 * side by side, each in its order.
 */
function sumStretchesInto(out: Float64Array, data: Float64Array, length: number): void {
  let cell = 0;
  for (; cell + 4 <= out.length; cell += 4) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    const start = cell * length;
    for (let i = start, end = start + length; i < end; i++) {
      s0 += data[i];
      s1 += data[i + length];
      s2 += data[i + 2 * length];
      s3 += data[i + 3 * length];
    }
    out[cell] = s0;
    out[cell + 1] = s1;
    out[cell + 2] = s2;
    out[cell + 3] = s3;
  }
  for (; cell < out.length; cell++) {
    let total = 0;
    for (let i = cell * length, end = i + length; i < end; i++) total += data[i];
    out[cell] = total;
  }
}

/** The sums, and how many numbers went into each. */
function total(operation: string, x: Tensor, axes: Axes | undefined, options: ReduceOptions) {
  if (typeof axes === 'number') {
    const axis = resolveAxis(operation, axes, x.rank, x.shape);
    const shape: number[] = [];
    let inner = 1;
    for (let k = 0; k < x.rank; k++) {
      if (k !== axis) shape.push(x.shape[k]);
      else if (options.keepDims) shape.push(1);
      if (k > axis) inner *= x.shape[k];
    }
    const out = allocate(sizeOf(shape));
    sumRowsInto(out, x.data, x.shape[axis], inner);
    return { shape, out, count: x.shape[axis] };
  }
  const { kept, shape, count } = plan(operation, x, axes, options);
  const out = allocate(sizeOf(shape));
  sumInto(out, kept, x);
  return { shape, out, count };
}

export function sum(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const { shape, out } = total('sum', x, axes, options);
  return new Tensor(shape, out);
}

export function mean(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const { shape, out, count } = total('mean', x, axes, options);
  for (let i = 0; i < out.length; i++) out[i] /= count;
  return new Tensor(shape, out);
}

/** The largest entry (sign = 1) or the smallest (sign = -1). A NaN among them makes the result NaN. */
function extreme(operation: string, sign: 1 | -1, x: Tensor, axes: Axes | undefined, options: ReduceOptions): Tensor {
  const { kept, shape, count } = plan(operation, x, axes, options);
  const out = allocate(sizeOf(shape)).fill(-sign * Infinity);
  if (count === 0 && out.length > 0) throw emptyError(operation, x);
  const { data } = x;
  walk(x.shape, stridesOf(x.shape), broadcastStrides(kept, x.shape), (_o, i, di, j, dj, count) => {
    if (dj === 0) {
      let best = out[j];
      for (let step = 0; step < count; step++, i += di) {
        const value = data[i];
        if (sign > 0 ? value > best : value < best) best = value;
        else if (value !== value) best = value; // only NaN is not itself
      }
      out[j] = best;
    } else {
      for (let step = 0; step < count; step++, i += di, j += dj) {
        const value = data[i];
        if (sign * value > sign * out[j] || value !== value) out[j] = value;
      }
    }
  });
  return new Tensor(shape, out);
}

export function max(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return extreme('max', 1, x, axes, options);
}

export function min(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return extreme('min', -1, x, axes, options);
}

/**
 * Where the largest (sign = 1) or smallest entry stands along one axis, or in the flat data when no axis is given.
 * Of equal ones the first counts; a NaN counts as the extreme, as in NumPy.
 */
function argExtreme(operation: string, sign: 1 | -1, x: Tensor, axis: number | undefined): Tensor {
  const along = axis === undefined ? 0 : resolveAxis(operation, axis, x.rank, x.shape);
  const full = axis === undefined ? [x.size] : x.shape;
  const length = full[along];
  const inner = sizeOf(full.slice(along + 1));
  const shape = [...full.slice(0, along), ...full.slice(along + 1)];
  const out = allocate(sizeOf(shape));
  if (length === 0 && out.length > 0) throw emptyError(operation, x);
  for (let cell = 0; cell < out.length; cell++) {
    const start = Math.floor(cell / inner) * length * inner + (cell % inner);
    let best = 0;
    for (let k = 1; k < length; k++) {
      const champion = x.data[start + best * inner];
      const value = x.data[start + k * inner];
      if (Number.isNaN(champion)) break;
      if (sign * value > sign * champion || Number.isNaN(value)) best = k;
    }
    out[cell] = best;
  }
  return new Tensor(shape, out);
}

export function argmax(x: Tensor, axis?: number): Tensor {
  return argExtreme('argmax', 1, x, axis);
}

export function argmin(x: Tensor, axis?: number): Tensor {
  return argExtreme('argmin', -1, x, axis);
}

function emptyError(operation: string, x: Tensor): ShapeError {
  return new ShapeError(
    `${operation}: ${showShape(x.shape)} leaves nothing to choose from: at least one number is needed`,
  );
}
