/** Matrix products. */
import { allocate } from './memory.ts';
import { Tensor, needTensor } from './tensor.ts';
import { ShapeError, showShape, sizeOf } from './shape.ts';
import type { Shape } from './shape.ts';
import { broadcastShapes, broadcastStrides } from './broadcast.ts';
import { product } from './simd.ts';
import type { Pairs, Sizes } from './simd.ts';
import { walk } from './walk.ts';

/**
 * out (m, n) = a (m, k) · b (k, n), each starting at its offset.
 *
 * Every out[i, j] is summed over k = 0, 1, 2, … in this order, starting from 0, so the result is the same on every
 * machine. Eight columns are summed side by side: their sums need no memory until they are done, and each number of a is
 * read once for all eight.
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
  for (let i = 0; i < m; i++) {
    const o = outAt + i * n;
    const from = aAt + i * k;
    const to = from + k;
    let j = 0;
    for (; j + 8 <= n; j += 8) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let s4 = 0;
      let s5 = 0;
      let s6 = 0;
      let s7 = 0;
      for (let p = from, q = bAt + j; p < to; p++, q += n) {
        const x = a[p];
        s0 += x * b[q];
        s1 += x * b[q + 1];
        s2 += x * b[q + 2];
        s3 += x * b[q + 3];
        s4 += x * b[q + 4];
        s5 += x * b[q + 5];
        s6 += x * b[q + 6];
        s7 += x * b[q + 7];
      }
      out[o + j] = s0;
      out[o + j + 1] = s1;
      out[o + j + 2] = s2;
      out[o + j + 3] = s3;
      out[o + j + 4] = s4;
      out[o + j + 5] = s5;
      out[o + j + 6] = s6;
      out[o + j + 7] = s7;
    }
    for (; j < n; j++) {
      let sum = 0;
      for (let p = from, q = bAt + j; p < to; p++, q += n) sum += a[p] * b[q];
      out[o + j] = sum;
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
  const m = a.rank === 1 ? 1 : a.shape[a.rank - 2];
  const k = a.shape[a.rank - 1];
  const rows = b.rank === 1 ? b.shape[0] : b.shape[b.rank - 2];
  const n = b.rank === 1 ? 1 : b.shape[b.rank - 1];
  if (k !== rows) {
    throw new ShapeError(
      `matmul: ${showShape(a.shape)} and ${showShape(b.shape)} do not align: the ${k} ` +
        `${a.rank === 1 ? 'entries' : 'columns'} of the first must equal the ${rows} ` +
        `${b.rank === 1 ? 'entries' : 'rows'} of the second`,
    );
  }
  const { batch, pairs } = a.rank <= 2 && b.rank <= 2 ? ONE : batchOf(a, b, m * k, k * n, m * n);
  const size = sizeOf(batch) * m * n;
  const one = { m, k, n };
  const data = product(a.data, b.data, size, one, pairs) ?? plainProduct(a.data, b.data, size, one, pairs);
  if (a.rank === 2 && b.rank === 2) return new Tensor([m, n], data);
  return new Tensor([...batch, ...(a.rank === 1 ? [] : [m]), ...(b.rank === 1 ? [] : [n])], data);
}

/** Two matrices and nothing else. */
const ONE: { batch: Shape; pairs: Pairs } = { batch: [], pairs: (each) => each(0, 0, 0) };

/** The leading axes of the product, and which matrices meet in it; the sizes are of one matrix of each. */
function batchOf(a: Tensor, b: Tensor, aSize: number, bSize: number, outSize: number): { batch: Shape; pairs: Pairs } {
  const [aBatch, bBatch] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const which = `matmul: ${showShape(a.shape)} and ${showShape(b.shape)}: the leading axes`;
  const batch = broadcastShapes(which, aBatch, bBatch);
  const pairs: Pairs = (each) =>
    walk(batch, broadcastStrides(aBatch, batch), broadcastStrides(bBatch, batch), (o, i, di, j, dj, count) => {
      for (let step = 0; step < count; step++)
        each((i + step * di) * aSize, (j + step * dj) * bSize, (o + step) * outSize);
    });
  return { batch, pairs };
}

/** What `product` of simd.ts does, without WebAssembly. */
export function plainProduct(
  a: Float64Array,
  b: Float64Array,
  size: number,
  { m, k, n }: Sizes,
  pairs: Pairs,
): Float64Array {
  const out = allocate(size);
  pairs((aAt, bAt, outAt) => multiplyInto(out, outAt, a, aAt, b, bAt, m, k, n));
  return out;
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
