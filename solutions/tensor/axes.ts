/** Moving numbers without changing them: reshape, transpose, squeeze, concat, stack, split. */
import { allocate, copyOf } from './memory.ts';
import { Tensor, needTensor } from './tensor.ts';
import { ShapeError, checkShape, describe, resolveAxes, resolveAxis, showShape, sizeOf, stridesOf } from './shape.ts';
import type { Shape } from './shape.ts';
import { copyOut } from './walk.ts';

/** The same numbers in the same row-major order under another shape. One axis may be -1: it takes what is left. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const free = shape.indexOf(-1);
  const given = shape.filter((_, axis) => axis !== free);
  checkShape('reshape', given);
  const known = sizeOf(given);
  const target = [...shape];
  if (free >= 0 && known > 0) target[free] = x.size / known;
  if ((free >= 0 && !(Number.isInteger(target[free]) && known > 0)) || (free < 0 && known !== x.size)) {
    throw new ShapeError(
      `reshape: the ${x.size} numbers of ${showShape(x.shape)} do not fill ${showShape(shape)}` +
        (free < 0 ? `, which holds ${known}` : `: no length in place of -1 fits ${x.size} numbers`),
    );
  }
  return new Tensor(target, copyOf(x.data));
}

/** Axis k of the result is axis `axes[k]` of x; with no axes given, the order is reversed. */
export function transpose(x: Tensor, axes: readonly number[]): Tensor {
  const order = axes.length === 0 ? x.shape.map((_, axis) => x.rank - 1 - axis) : axes;
  if (order.length !== x.rank) {
    throw new ShapeError(`transpose: ${showShape(x.shape)} has ${x.rank} axes, but ${order.length} were named`);
  }
  resolveAxes('transpose', order, x.shape);
  const resolved = order.map((axis) => resolveAxis('transpose', axis, x.rank, x.shape));
  const strides = stridesOf(x.shape);
  const shape = resolved.map((axis) => x.shape[axis]);
  const steps = resolved.map((axis) => strides[axis]);
  return new Tensor(shape, copyOut(x.data, shape, steps, 0));
}

/** Swaps the last two axes: (…, m, n) -> (…, n, m). */
export function swapLastTwo(x: Tensor): Tensor {
  if (x.rank < 2) throw new ShapeError(`T: ${showShape(x.shape)} has fewer than two axes; nothing can be swapped`);
  const rows = x.shape[x.rank - 2];
  const columns = x.shape[x.rank - 1];
  const shape = x.rank === 2 ? [columns, rows] : [...x.shape.slice(0, -2), columns, rows];
  if (rows === 1 || columns === 1) return new Tensor(shape, copyOf(x.data));
  const out = allocate(x.size);
  for (let at = 0; at < out.length; at += rows * columns) transposeInto(out, x.data, at, rows, columns);
  return new Tensor(shape, out);
}

/**
 * out (columns, rows) = x (rows, columns) transposed, both beginning at `at`. Eight rows are read side by side, so that
 * eight numbers in a row are written.
 */
function transposeInto(out: Float64Array, x: Float64Array, at: number, rows: number, columns: number): void {
  let top = 0;
  for (; top + 8 <= rows; top += 8) {
    const r0 = at + top * columns;
    const r1 = r0 + columns;
    const r2 = r1 + columns;
    const r3 = r2 + columns;
    const r4 = r3 + columns;
    const r5 = r4 + columns;
    const r6 = r5 + columns;
    const r7 = r6 + columns;
    for (let j = 0, to = at + top; j < columns; j++, to += rows) {
      out[to] = x[r0 + j];
      out[to + 1] = x[r1 + j];
      out[to + 2] = x[r2 + j];
      out[to + 3] = x[r3 + j];
      out[to + 4] = x[r4 + j];
      out[to + 5] = x[r5 + j];
      out[to + 6] = x[r6 + j];
      out[to + 7] = x[r7 + j];
    }
  }
  for (; top < rows; top++) {
    const from = at + top * columns;
    for (let j = 0, to = at + top; j < columns; j++, to += rows) out[to] = x[from + j];
  }
}

export function expandDims(x: Tensor, axis: number): Tensor {
  const at = resolveAxis('expandDims', axis, x.rank + 1, x.shape);
  return new Tensor([...x.shape.slice(0, at), 1, ...x.shape.slice(at)], copyOf(x.data));
}

export function squeeze(x: Tensor, axis?: number): Tensor {
  if (axis === undefined) {
    return new Tensor(
      x.shape.filter((length) => length !== 1),
      copyOf(x.data),
    );
  }
  const at = resolveAxis('squeeze', axis, x.rank, x.shape);
  if (x.shape[at] !== 1) {
    throw new ShapeError(`squeeze: axis ${axis} of ${showShape(x.shape)} is ${x.shape[at]}; only an axis of 1 can go`);
  }
  return new Tensor([...x.shape.slice(0, at), ...x.shape.slice(at + 1)], copyOf(x.data));
}

function needTensors(operation: string, tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors)) throw new TypeError(`${operation} needs a list of Tensors, got ${describe(tensors)}`);
  if (tensors.length === 0) throw new ShapeError(`${operation} needs at least one Tensor, got an empty list`);
  for (const x of tensors) needTensor(operation, x);
}

/** Joins tensors along an axis they already have: (2, 3) and (4, 3) along axis 0 give (6, 3). */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  needTensors('concat', tensors);
  const first = tensors[0].shape;
  const at = resolveAxis('concat', axis, first.length, first);
  for (const { shape } of tensors) {
    if (shape.length !== first.length || shape.some((length, k) => k !== at && length !== first[k])) {
      const which = `concat: ${showShape(first)} and ${showShape(shape)}`;
      throw new ShapeError(`${which} do not join along axis ${at}: every other axis must be equal`);
    }
  }
  const joined = tensors.reduce((total, x) => total + x.shape[at], 0);
  const shape = [...first.slice(0, at), joined, ...first.slice(at + 1)];
  const out = allocate(sizeOf(shape));
  const blocks = sizeOf(first.slice(0, at));
  const inner = sizeOf(first.slice(at + 1));
  let offset = 0;
  for (const x of tensors) {
    const length = x.shape[at] * inner;
    for (let block = 0; block < blocks; block++) {
      out.set(x.data.subarray(block * length, (block + 1) * length), block * joined * inner + offset);
    }
    offset += length;
  }
  return new Tensor(shape, out);
}

/** Joins tensors of one and the same shape along a new axis: three of (2, 4) along axis 0 give (3, 2, 4). */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  needTensors('stack', tensors);
  const first = tensors[0];
  for (const x of tensors) {
    if (!x.sameShape(first)) {
      throw new ShapeError(`stack: ${showShape(first.shape)} and ${showShape(x.shape)} differ: all must be equal`);
    }
  }
  const at = resolveAxis('stack', axis, first.rank + 1, first.shape);
  const inner = sizeOf(first.shape.slice(at));
  const blocks = sizeOf(first.shape.slice(0, at));
  const out = allocate(first.size * tensors.length);
  tensors.forEach(({ data }, place) => {
    for (let block = 0; block < blocks; block++) {
      const from = block * inner;
      out.set(data.subarray(from, from + inner), (block * tensors.length + place) * inner);
    }
  });
  return new Tensor([...first.shape.slice(0, at), tensors.length, ...first.shape.slice(at)], out);
}

/**
 * Cuts x along an axis: into `parts` equal pieces when that is a number, into pieces of the given lengths when it is a
 * list. `concat` puts them together again.
 */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  needTensor('split', x);
  const at = resolveAxis('split', axis, x.rank, x.shape);
  const length = x.shape[at];
  const fits = (problem: string) =>
    new ShapeError(`split: axis ${at} of ${showShape(x.shape)} is ${length}: ${problem}`);
  if (typeof parts === 'number' && !(Number.isInteger(parts) && parts > 0 && length % parts === 0)) {
    throw fits(`it does not divide into ${parts} equal parts`);
  }
  const sizes = typeof parts === 'number' ? new Array<number>(parts).fill(length / parts) : parts;
  checkShape('split', sizes);
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total !== length) throw fits(`the sizes ${showShape(sizes)} add up to ${total}`);
  let start = 0;
  return sizes.map((size) => {
    const ranges = x.shape.map((_, k): [number, number] | null => (k === at ? [start, start + size] : null));
    start += size;
    return x.slice(...ranges);
  });
}
