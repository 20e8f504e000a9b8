/** Reading and replacing parts of a tensor: by position (at, slice) and by a list of indices (gather, take, pick). */
import { allocate, copyOf } from './memory.ts';
import { Tensor, isTensor, needOperand } from './tensor.ts';
import { ShapeError, describe, resolveIndex, sameShape, showShape, sizeOf, stridesOf } from './shape.ts';
import type { Shape } from './shape.ts';
import { broadcastStrides, broadcastTo } from './broadcast.ts';
import { copyOut, walk } from './walk.ts';

/**
 * What to take of one axis: a number takes that one entry and drops the axis, [start, stop] takes start up to but
 * without stop, null takes all. Negative numbers count from the end.
 */
export type Range = number | readonly [start: number, stop: number] | null;

export function at(x: Tensor, index: readonly number[]): number {
  if (index.length !== x.rank) {
    throw new ShapeError(`at: ${showShape(x.shape)} needs ${x.rank} indices, one for each axis, got ${index.length}`);
  }
  let position = 0;
  for (let axis = 0; axis < x.rank; axis++) {
    position = position * x.shape[axis] + resolveIndex('at', index[axis], axis, x.shape);
  }
  return x.data[position];
}

/** Start and stop of a range on an axis, both counted from 0. */
function resolveRange(operation: string, range: readonly number[], axis: number, shape: Shape): [number, number] {
  const length = shape[axis];
  if (!Array.isArray(range) || range.length !== 2 || !range.every(Number.isInteger)) {
    const given = Array.isArray(range) ? `[${range.join(', ')}]` : describe(range);
    throw new TypeError(`${operation}: axis ${axis} needs a number, [start, stop] or null, got ${given}`);
  }
  const [start, stop] = range.map((bound) => (bound < 0 ? bound + length : bound));
  if (start < 0 || start > stop || stop > length) {
    const legal = `legal are ${-length} ≤ start ≤ stop ≤ ${length}`;
    throw new RangeError(
      `${operation}: [${range.join(', ')}] does not fit axis ${axis} of ${showShape(shape)}: ${legal}`,
    );
  }
  return [start, stop];
}

/** Where a slice starts in `data`, its shape and its strides. Axes that no range names are taken whole. */
function locate(operation: string, x: Tensor, ranges: readonly Range[]) {
  if (ranges.length > x.rank) {
    throw new ShapeError(
      `${operation}: ${showShape(x.shape)} has ${x.rank} axes, but ${ranges.length} ranges were given`,
    );
  }
  const own = stridesOf(x.shape);
  const shape: number[] = [];
  const strides: number[] = [];
  let offset = 0;
  for (let axis = 0; axis < x.rank; axis++) {
    const range = axis < ranges.length ? ranges[axis] : null;
    if (typeof range === 'number') {
      offset += resolveIndex(operation, range, axis, x.shape) * own[axis];
      continue;
    }
    const [start, stop] = range === null ? [0, x.shape[axis]] : resolveRange(operation, range, axis, x.shape);
    offset += start * own[axis];
    shape.push(stop - start);
    strides.push(own[axis]);
  }
  return { offset, shape, strides };
}

export function slice(x: Tensor, ranges: readonly Range[], operation = 'slice'): Tensor {
  const { offset, shape, strides } = locate(operation, x, ranges);
  const contiguous = sameShape(strides, stridesOf(shape));
  if (contiguous) return new Tensor(shape, copyOf(x.data.subarray(offset, offset + sizeOf(shape))));
  return new Tensor(shape, copyOut(x.data, shape, strides, offset));
}

/** A copy of x in which the part that `ranges` name holds `value`, broadcast to that part's shape. */
export function withSlice(x: Tensor, ranges: readonly Range[], value: Tensor | number): Tensor {
  const { offset, shape, strides } = locate('withSlice', x, ranges);
  const source = broadcastTo(needOperand('withSlice', value), shape, 'withSlice');
  const out = copyOf(x.data);
  walk(shape, strides, broadcastStrides(shape, shape), (_o, i, di, j, dj, count) => {
    for (let step = 0; step < count; step++) out[offset + i + step * di] = source.data[j + step * dj];
  });
  return new Tensor(x.shape, out);
}

/** Indices as a flat list with their shape, each a whole number in 0 … length - 1 (they are names, not positions). */
function checkIndices(operation: string, indices: Tensor | readonly number[], length: number) {
  if (!Array.isArray(indices) && !isTensor(indices)) {
    throw new TypeError(`${operation} needs its indices as a list or a Tensor, got ${describe(indices)}`);
  }
  const given = isTensor(indices) ? indices : new Tensor([indices.length], indices);
  for (const index of given.data) {
    if (!Number.isInteger(index)) throw new TypeError(`${operation}: an index must be a whole number, got ${index}`);
    if (index < 0 || index >= length) {
      const legal = length === 0 ? 'there is nothing to choose from' : `legal are 0 to ${length - 1}`;
      throw new RangeError(`${operation}: index ${index} is out of range: ${legal}`);
    }
  }
  return given;
}

/** The entries of one axis named by `indices`, in that order; the axis is replaced by the shape of the indices. */
export function take(x: Tensor, axis: number, indices: Tensor | readonly number[], operation = 'take'): Tensor {
  const chosen = checkIndices(operation, indices, x.shape[axis]);
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  const shape = [...before, ...chosen.shape, ...after];
  const inner = sizeOf(after);
  const blocks = sizeOf(before);
  const out = allocate(sizeOf(shape));
  let to = 0;
  for (let block = 0; block < blocks; block++) {
    for (const index of chosen.data) {
      const from = (block * x.shape[axis] + index) * inner;
      for (let k = 0; k < inner; k++) out[to++] = x.data[from + k];
    }
  }
  return new Tensor(shape, out);
}

/** One entry of every row: x (…, C) and indices (…) -> (…), the entry `indices[…]` of each row of C. */
export function pick(x: Tensor, indices: Tensor | readonly number[]): Tensor {
  const classes = x.shape[x.rank - 1] ?? 0;
  const chosen = checkIndices('pick', indices, classes);
  if (x.rank === 0 || !sameShape(chosen.shape, x.shape.slice(0, -1))) {
    const which = `pick: ${showShape(x.shape)} and indices ${showShape(chosen.shape)}`;
    throw new ShapeError(`${which}: one index for each row is needed, so indices ${showShape(x.shape.slice(0, -1))}`);
  }
  const out = allocate(chosen.size);
  for (let row = 0; row < out.length; row++) out[row] = x.data[row * classes + chosen.data[row]];
  return new Tensor(chosen.shape, out);
}

/** (…) indices -> (…, classes): 1 at the index, 0 elsewhere. */
export function oneHot(indices: Tensor | readonly number[], classes: number): Tensor {
  if (!Number.isInteger(classes) || classes < 0) {
    throw new TypeError(`oneHot: the number of classes must be a whole number, 0 or more, got ${describe(classes)}`);
  }
  const chosen = checkIndices('oneHot', indices, classes);
  const out = allocate(chosen.size * classes);
  for (let row = 0; row < chosen.size; row++) out[row * classes + chosen.data[row]] = 1;
  return new Tensor([...chosen.shape, classes], out);
}
