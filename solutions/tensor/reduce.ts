/** Reductions: sum, mean, max, min over some axes or all, and where the largest and smallest stand. */
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

export function sum(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const { kept, shape } = plan('sum', x, axes, options);
  const out = new Float64Array(sizeOf(shape));
  sumInto(out, kept, x);
  return new Tensor(shape, out);
}

export function mean(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const { kept, shape, count } = plan('mean', x, axes, options);
  const out = new Float64Array(sizeOf(shape));
  sumInto(out, kept, x);
  for (let i = 0; i < out.length; i++) out[i] /= count;
  return new Tensor(shape, out);
}

/** The largest entry (sign = 1) or the smallest (sign = -1). A NaN among them makes the result NaN. */
function extreme(operation: string, sign: 1 | -1, x: Tensor, axes: Axes | undefined, options: ReduceOptions): Tensor {
  const { kept, shape, count } = plan(operation, x, axes, options);
  const out = new Float64Array(sizeOf(shape)).fill(-sign * Infinity);
  if (count === 0 && out.length > 0) throw emptyError(operation, x);
  walk(x.shape, stridesOf(x.shape), broadcastStrides(kept, x.shape), (_o, i, di, j, dj, count) => {
    const { data } = x;
    for (let step = 0; step < count; step++, i += di, j += dj) {
      const value = data[i];
      if (sign * value > sign * out[j] || value !== value) out[j] = value; // only NaN is not itself
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
  const out = new Float64Array(sizeOf(shape));
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
