/**
 * Chapter 5, topic 2, by another hand: each query by itself, with indices into the numbers of a Float64Array; only the
 * backward pass is written with whole tensors, and goes through the softmax by hand.
 */
import { ShapeError, Tensor, ones, showShape, tensor, zeros } from '#tensor';

export interface AttentionCache {
  q: Tensor;
  k: Tensor;
  v: Tensor;
  weights: Tensor;
}

export function causalMask(T: number, S: number): Tensor {
  const mask = zeros(T, S);
  for (let i = 0; i < T; i++) {
    const last = S - T + i;
    for (let j = 0; j < S && j <= last; j++) mask.data[i * S + j] = 1;
  }
  return mask;
}

export function paddingMask(lengths: number[], S: number): Tensor {
  const rows = lengths.map((length) => {
    if (!Number.isInteger(length) || length < 0 || length > S) throw new RangeError(`length ${length}, keys ${S}`);
    return [Array.from({ length: S }, (_, j) => (j < length ? 1 : 0))];
  });
  return S === 0 || rows.length === 0 ? zeros(rows.length, 1, S) : tensor(rows);
}

export function maskedSoftmax(scores: Tensor, mask: Tensor): Tensor {
  const allowed = mask.broadcastTo(scores.shape).data;
  const S = scores.shape[scores.rank - 1];
  const weights = new Float64Array(scores.size);
  for (let start = 0; start < scores.size; start += S) {
    let largest = -Infinity;
    for (let j = start; j < start + S; j++) {
      if (allowed[j] && scores.data[j] > largest) largest = scores.data[j];
    }
    let total = 0;
    for (let j = start; j < start + S; j++) {
      if (!allowed[j]) continue;
      weights[j] = Math.exp(scores.data[j] - largest);
      total += weights[j];
    }
    if (total === 0) continue;
    for (let j = start; j < start + S; j++) weights[j] /= total;
  }
  return new Tensor(scores.shape, weights);
}

const axis = (x: Tensor, fromEnd: number) => x.shape[x.rank - fromEnd];

export function attentionForward(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor,
): { y: Tensor; weights: Tensor; cache: AttentionCache } {
  if (axis(q, 1) !== axis(k, 1)) throw new ShapeError(`q ${showShape(q.shape)} and k ${showShape(k.shape)}`);
  if (axis(k, 2) !== axis(v, 2)) throw new ShapeError(`k ${showShape(k.shape)} and v ${showShape(v.shape)}`);
  const narrowed = q.mul(axis(q, 1) ** -0.5);
  const weights = maskedSoftmax(narrowed.matmul(k.T), mask);
  return { y: weights.matmul(v), weights, cache: { q, k, v, weights } };
}

export function attentionBackward(dy: Tensor, cache: AttentionCache): { dq: Tensor; dk: Tensor; dv: Tensor } {
  const { q, k, v, weights } = cache;
  const dweights = dy.matmul(v.T);
  const shared = weights.mul(dweights);
  const rowSums = shared.matmul(ones(axis(weights, 1), 1));
  const dscores = shared.sub(weights.mul(rowSums)).div(Math.sqrt(axis(q, 1)));
  const dq = dscores.matmul(k);
  const dk = q.T.matmul(dscores).T;
  const dv = dy.T.matmul(weights).T;
  return { dq, dk, dv };
}
