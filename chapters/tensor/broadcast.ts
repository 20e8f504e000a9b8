/**
 * Broadcasting: how two shapes become one, and the operations that take two tensors entry by entry.
 *
 * The rule is NumPy's. Write the two shapes so that they end together; missing axes on the left count as 1; on every
 * axis the lengths must be equal, or one of them 1, which is then repeated.
 */
import { allocate } from './memory.ts';
import { Tensor, needOperand } from './tensor.ts';
import { ShapeError, sameShape, showShape, sizeOf, stridesOf } from './shape.ts';
import type { Shape } from './shape.ts';
import { copyOut, walk } from './walk.ts';
import { kernels } from './kernels.ts';
import type { BinaryName } from './kernels.ts';
import { pairwise, withNumber } from './aligned.ts';
import type { AlignedName } from './aligned.ts';

/**
 * The shape two shapes broadcast to: (2, 1) and (3) give (2, 3).
 * @param what the beginning of the message, such as 'add:'
 * @throws ShapeError when they do not fit
 */
export function broadcastShapes(what: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let fromEnd = 1; fromEnd <= rank; fromEnd++) {
    const one = a[a.length - fromEnd] ?? 1;
    const two = b[b.length - fromEnd] ?? 1;
    if (one !== two && one !== 1 && two !== 1) {
      throw new ShapeError(
        `${what} ${showShape(a)} and ${showShape(b)} do not broadcast: axis -${fromEnd} is ${one} in the first ` +
          `and ${two} in the second; the two must be equal, or one of them 1`,
      );
    }
    shape[rank - fromEnd] = one === 1 ? two : one;
  }
  return sameShape(shape, a) ? a : shape;
}

/** The strides with which a tensor of shape `from` is read as if it had shape `to`: 0 on every repeated axis. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = stridesOf(from);
  const missing = to.length - from.length;
  return to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : own[axis - missing]));
}

/** Repeats `x` to exactly `shape`. @throws ShapeError when an axis would have to change and is not 1. */
export function broadcastTo(x: Tensor, shape: Shape, operation = 'broadcastTo'): Tensor {
  const missing = shape.length - x.rank;
  const fits = missing >= 0 && x.shape.every((length, axis) => length === 1 || length === shape[axis + missing]);
  if (!fits) {
    throw new ShapeError(
      `${operation}: ${showShape(x.shape)} does not broadcast to ${showShape(shape)}: written so that they end ` +
        `together, every axis of the first must be 1 or equal the axis of the second`,
    );
  }
  return new Tensor(shape, copyOut(x.data, shape, broadcastStrides(x.shape, shape), 0));
}

/** Holds the number while a tensor is combined with one. */
const number = new Float64Array(1);

/** Applies one of the two-operand operations entry by entry, broadcasting. */
export function binary(name: BinaryName, a: Tensor, other: Tensor | number): Tensor {
  if (typeof other === 'number') {
    const out = allocate(a.size);
    if (isAligned(name)) withNumber[name](out, a.data, other);
    else {
      number[0] = other;
      kernels[name](out, 0, a.data, 0, 1, number, 0, 0, out.length);
    }
    return new Tensor(a.shape, out);
  }
  const b = needOperand(name, other);
  const shape = broadcastShapes(`${name}:`, a.shape, b.shape);
  const out = allocate(sizeOf(shape));
  // Equal sizes mean that nothing is repeated, though axes of length 1 may be missing on one side.
  if (a.size === out.length && b.size === out.length) {
    if (isAligned(name)) pairwise[name](out, a.data, b.data);
    else kernels[name](out, 0, a.data, 0, 1, b.data, 0, 1, out.length);
  } else {
    const kernel = kernels[name];
    walk(shape, broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape), (o, i, di, j, dj, count) =>
      kernel(out, o, a.data, i, di, b.data, j, dj, count),
    );
  }
  return new Tensor(shape, out);
}

function isAligned(name: BinaryName): name is AlignedName {
  return name === 'add' || name === 'sub' || name === 'mul' || name === 'div';
}

/**
 * Entry by entry: `a` where `condition` is not 0, `b` where it is. All three broadcast together.
 * Neither side's value is computed with, so a NaN in the side not chosen does no harm.
 */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const [test, yes, no] = [needOperand('where', condition), needOperand('where', a), needOperand('where', b)];
  const shape = broadcastShapes('where:', broadcastShapes('where:', test.shape, yes.shape), no.shape);
  const out = copyOut(no.data, shape, broadcastStrides(no.shape, shape), 0);
  const [tests, yeses] = [test, yes].map((x) => (x.size === out.length ? x : broadcastTo(x, shape, 'where')).data);
  for (let i = 0; i < out.length; i++) if (tests[i] !== 0) out[i] = yeses[i];
  return new Tensor(shape, out);
}
