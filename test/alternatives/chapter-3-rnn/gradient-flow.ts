/**
 * Chapter 3, topic 4: how far a gradient travels.
 *
 * Style: the opposite of the topics before: products with diagonal matrices, norms of flattened tensors, recursion.
 */
import { ShapeError, Tensor, concat, eye, showShape } from '#tensor';
import type { RnnWeights } from './rnn.ts';

export function stateJacobian(h: Tensor, wHh: Tensor): Tensor {
  const [H] = h.shape;
  if (h.rank !== 1 || wHh.rank !== 2 || wHh.shape[0] !== H || wHh.shape[1] !== H)
    throw new ShapeError(`stateJacobian: h is ${showShape(h.shape)}, wHh ${showShape(wHh.shape)}`);
  const slopes = eye(H).sub(eye(H).mul(h).mul(h));
  return slopes.matmul(wHh);
}

export function jacobianProductNorms(states: Tensor, wHh: Tensor): number[] {
  if (states.rank !== 2 || states.shape[0] < 1)
    throw new ShapeError(`jacobianProductNorms: states must be (T, H), not ${showShape(states.shape)}`);
  const [T, H] = states.shape;
  if (!wHh.sameShape(eye(H))) throw new ShapeError(`jacobianProductNorms: wHh is ${showShape(wHh.shape)}`);
  const further = (product: Tensor, t: number): number[] => {
    const norm = Math.sqrt(product.square().sum().item());
    return t === 0 ? [norm] : [norm, ...further(product.matmul(stateJacobian(states.row(t - 1), wHh)), t - 1)];
  };
  return further(eye(H), T);
}

export function largestSingularValue(w: Tensor, start: Tensor, steps: number): number {
  if (w.rank !== 2 || start.rank !== 1 || w.shape[1] !== start.size || w.shape[0] !== start.size)
    throw new ShapeError(`largestSingularValue: w is ${showShape(w.shape)}, start ${showShape(start.shape)}`);
  const gram = w.T.matmul(w);
  let v = start;
  for (let k = 0; k <= steps; k++) {
    if (k > 0) v = gram.matmul(v);
    const length = v.norm();
    if (length === 0 && k === 0) throw new RangeError('largestSingularValue: the start is zero');
    if (length === 0) return 0;
    v = v.div(length);
  }
  return w.matmul(v).norm();
}

export function clipGradients(gradients: RnnWeights, maxNorm: number): { gradients: RnnWeights; norm: number } {
  if (!(maxNorm > 0)) throw new RangeError(`clipGradients: maxNorm is ${maxNorm}`);
  const { wIh, wHh, bIh, bHh } = gradients;
  const norm = concat([wIh, wHh, bIh, bHh].map((g) => g.flatten())).norm();
  const allowed = maxNorm / (norm + 1e-6);
  if (allowed >= 1) return { gradients: { ...gradients }, norm };
  const shorter = (g: Tensor) => g.mul(allowed);
  return { gradients: { wIh: shorter(wIh), wHh: shorter(wHh), bIh: shorter(bIh), bHh: shorter(bHh) }, norm };
}
