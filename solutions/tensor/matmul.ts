/** Matrix products. */
import { Tensor, needTensor } from './tensor.ts';
import { ShapeError, showShape, sizeOf } from './shape.ts';
import { broadcastShapes, broadcastStrides } from './broadcast.ts';
import { walk } from './walk.ts';

/**
 * out (m, n) += a (m, k) · b (k, n), each starting at its offset.
 *
 * The loops run i, k, j: the innermost goes along a row of b and a row of out, both contiguous. Every out[i, j] is
 * summed over k = 0, 1, 2, … in this order, starting from 0, so the result is the same on every machine.
 */
function multiplyInto(
  out: Float64Array,
  outAt: number,
  a: Float64Array,
  aAt: number,
  b: Float64Array,
  bAt: number,
  m: number,
  k: number,
  n: number,
): void {
  for (let row = 0; row < m; row++) {
    const first = outAt + row * n;
    for (let inner = 0; inner < k; inner++) {
      const factor = a[aAt + row * k + inner];
      const bRow = bAt + inner * n;
      for (let column = 0; column < n; column++) {
        out[first + column] += factor * b[bRow + column];
      }
    }
  }
}

/**
 * The matrix product, as NumPy's `@`:
 * (m, k) · (k, n) -> (m, n); (m, k) · (k) -> (m); (k) · (k, n) -> (n); (k) · (k) -> ();
 * with more axes, the last two are the matrices and the leading ones broadcast: (B, m, k) · (k, n) -> (B, m, n).
 */
export function matmul(a: Tensor, second: Tensor): Tensor {
  const b = needTensor('matmul', second);
  if (a.rank === 0 || b.rank === 0) {
    const which = `matmul: ${showShape(a.shape)} and ${showShape(b.shape)}`;
    throw new ShapeError(`${which}: a scalar is no matrix; to scale every entry, use mul`);
  }
  // A vector on the left is one row, a vector on the right one column; the extra axis goes away again at the end.
  const aShape = a.rank === 1 ? [1, a.shape[0]] : a.shape;
  const bShape = b.rank === 1 ? [b.shape[0], 1] : b.shape;
  const [m, k] = aShape.slice(-2);
  const [rows, n] = bShape.slice(-2);
  if (k !== rows) {
    throw new ShapeError(
      `matmul: ${showShape(a.shape)} and ${showShape(b.shape)} do not align: the ${k} ` +
        `${a.rank === 1 ? 'entries' : 'columns'} of the first must equal the ${rows} ` +
        `${b.rank === 1 ? 'entries' : 'rows'} of the second`,
    );
  }
  const aBatch = aShape.slice(0, -2);
  const bBatch = bShape.slice(0, -2);
  const batch = broadcastShapes('matmul (leading axes)', aBatch, bBatch);
  const out = new Float64Array(sizeOf(batch) * m * n);
  walk(batch, broadcastStrides(aBatch, batch), broadcastStrides(bBatch, batch), (o, i, di, j, dj, count) => {
    for (let step = 0; step < count; step++) {
      const aAt = (i + step * di) * m * k;
      const bAt = (j + step * dj) * k * n;
      multiplyInto(out, (o + step) * m * n, a.data, aAt, b.data, bAt, m, k, n);
    }
  });
  return new Tensor([...batch, ...(a.rank === 1 ? [] : [m]), ...(b.rank === 1 ? [] : [n])], out);
}

/** Σ aᵢ bᵢ of two vectors of the same length. */
export function dot(a: Tensor, second: Tensor): number {
  const b = needTensor('dot', second);
  if (a.rank !== 1 || b.rank !== 1 || a.size !== b.size) {
    const which = `dot: ${showShape(a.shape)} and ${showShape(b.shape)}`;
    throw new ShapeError(`${which}: dot needs two vectors of the same length, such as (3) and (3)`);
  }
  let sum = 0;
  for (let i = 0; i < a.size; i++) sum += a.data[i] * b.data[i];
  return sum;
}

/** (m) and (n) -> (m, n) with entries aᵢ bⱼ. */
export function outer(a: Tensor, second: Tensor): Tensor {
  const b = needTensor('outer', second);
  if (a.rank !== 1 || b.rank !== 1) {
    const which = `outer: ${showShape(a.shape)} and ${showShape(b.shape)}`;
    throw new ShapeError(`${which}: outer needs two vectors, such as (3) and (4)`);
  }
  return a.reshape(-1, 1).mul(b);
}
