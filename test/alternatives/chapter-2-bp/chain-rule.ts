/** Chapter 2, topic 1, in another style: product rule written out, index loops over Float64Array, one walk over a broadcast. */
import { ShapeError, Tensor } from '#tensor';

export interface Partials {
  f: number;
  dx: number;
  dy: number;
  dz: number;
}

export interface MulCache {
  a: Tensor;
  b: Tensor;
}

export function partials(x: number, y: number, z: number): Partials {
  const q = y * x + z;
  // Backwards, node by node: f = x · s, s = q².
  const ds = x;
  const dq = ds * 2 * q;
  const through = dq * y;
  const direct = q * q;
  return { f: direct * x, dx: direct + through, dy: dq * x, dz: dq };
}

export function vectorJacobianProduct(dy: Tensor, J: Tensor): Tensor {
  const [m, n] = J.shape;
  if (dy.size !== m) throw new ShapeError(`dy has ${dy.size} entries, J has ${m} rows`);
  const dx = new Float64Array(n);
  for (let i = m - 1; i >= 0; i--) {
    for (let j = 0; j < n; j++) dx[j] += J.data[i * n + j] * dy.data[i];
  }
  return new Tensor([n], dx);
}

export function backThroughChain(dy: Tensor, jacobians: Tensor[]): Tensor {
  return jacobians.reduceRight((gradient, J) => vectorJacobianProduct(gradient, J), dy);
}

/** Where in a smaller tensor the entry lies that was written to place `flat` of the broadcast one. */
function sourceOf(flat: number, big: readonly number[], small: readonly number[]): number {
  let index = 0;
  let stride = 1;
  for (let axis = 1; axis <= big.length; axis++) {
    const length = big[big.length - axis];
    const at = flat % length;
    flat = (flat - at) / length;
    if (axis > small.length) continue;
    const own = small[small.length - axis];
    if (own !== 1) index += at * stride;
    stride *= own;
  }
  return index;
}

export function sumToShape(g: Tensor, shape: readonly number[]): Tensor {
  const tooMany = shape.length > g.rank;
  const missing = g.rank - shape.length;
  if (tooMany || shape.some((length, k) => length !== 1 && length !== g.shape[missing + k])) {
    throw new ShapeError(`(${shape.join(', ')}) cannot be broadcast to (${g.shape.join(', ')})`);
  }
  const total = new Float64Array(shape.reduce((product, length) => product * length, 1));
  g.data.forEach((value, flat) => {
    total[sourceOf(flat, g.shape, shape)] += value;
  });
  return new Tensor(shape, total);
}

export function mulForward(a: Tensor, b: Tensor): { y: Tensor; cache: MulCache } {
  const y = b.mul(a);
  return { y, cache: { a, b } };
}

export function mulBackward(dy: Tensor, cache: MulCache): { da: Tensor; db: Tensor } {
  const { a, b } = cache;
  const da = new Float64Array(a.size);
  const db = new Float64Array(b.size);
  for (let flat = 0; flat < dy.size; flat++) {
    const i = sourceOf(flat, dy.shape, a.shape);
    const j = sourceOf(flat, dy.shape, b.shape);
    da[i] += dy.data[flat] * b.data[j];
    db[j] += dy.data[flat] * a.data[i];
  }
  return { da: new Tensor(a.shape, da), db: new Tensor(b.shape, db) };
}
