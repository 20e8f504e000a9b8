/**
 * Chapter 6, topic 3: prefix-tuning.
 *
 * Style: slices and copies in place of concat and split, repetition by index, and sums over the batch by hand.
 */
import { Tensor, concat, full, zeros } from '#tensor';
import { attentionBackward, attentionForward } from '../chapter-5-transformer/attention.ts';
import type { AttentionCache } from '../chapter-5-transformer/attention.ts';
import {
  mergeHeads,
  projectBackward,
  projectForward,
  splitHeads,
} from '../chapter-5-transformer/multi-head-attention.ts';
import type { MultiHeadWeights, ProjectCache } from '../chapter-5-transformer/multi-head-attention.ts';

export interface Prefix {
  k: Tensor;
  v: Tensor;
}

export interface PrefixAttentionCache {
  attention: AttentionCache;
  kShape: number[];
  vShape: number[];
}

export interface PrefixSelfAttentionCache {
  q: ProjectCache;
  k: ProjectCache;
  v: ProjectCache;
  attention: PrefixAttentionCache;
  o: ProjectCache;
}

export function prefixMask(mask: Tensor, P: number): Tensor {
  const front = mask.shape.slice(0, -1);
  const S = mask.shape[mask.rank - 1];
  const wide = full([...front, P + S], 1);
  const rows = front.reduce((a, b) => a * b, 1);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < S; j++) wide.data[row * (P + S) + P + j] = mask.data[row * S + j];
  }
  return wide;
}

/** The prefix, spread over the axes in front of `rest`, and `rest` behind it. */
function before(prefix: Tensor, rest: Tensor): Tensor {
  const front = rest.shape.slice(0, -2);
  const [P, d] = prefix.shape.slice(-2);
  return concat([prefix.broadcastTo([...front, P, d]), rest], rest.rank - 2);
}

export function prefixAttentionForward(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  prefixK: Tensor,
  prefixV: Tensor,
  mask: Tensor,
): { y: Tensor; cache: PrefixAttentionCache } {
  const P = prefixK.shape[prefixK.rank - 2];
  const { y, cache: attention } = attentionForward(q, before(prefixK, k), before(prefixV, v), prefixMask(mask, P));
  return { y, cache: { attention, kShape: [...prefixK.shape], vShape: [...prefixV.shape] } };
}

/** The rows from `start` up to `stop` of the last axis but one. */
function rowsOf(x: Tensor, start: number, stop: number): Tensor {
  const all = x.shape.slice(0, -2).map(() => null);
  return x.slice(...all, [start, stop], null);
}

/** Sums g over all that was repeated: axes that `shape` does not have, and those where it has a 1. */
function summed(g: Tensor, shape: number[]): Tensor {
  let result = g;
  while (result.rank > shape.length) result = result.sum(0);
  shape.forEach((length, axis) => {
    if (length === 1 && result.shape[axis] !== 1) result = result.sum(axis, { keepDims: true });
  });
  return result;
}

export function prefixAttentionBackward(
  dy: Tensor,
  cache: PrefixAttentionCache,
): { dq: Tensor; dk: Tensor; dv: Tensor; dprefixK: Tensor; dprefixV: Tensor } {
  const { attention, kShape, vShape } = cache;
  const { dq, dk, dv } = attentionBackward(dy, attention);
  const P = kShape[kShape.length - 2];
  const all = dk.shape[dk.rank - 2];
  return {
    dq,
    dk: rowsOf(dk, P, all),
    dv: rowsOf(dv, P, all),
    dprefixK: summed(rowsOf(dk, 0, P), kShape),
    dprefixV: summed(rowsOf(dv, 0, P), vShape),
  };
}

export function prefixSelfAttentionForward(
  x: Tensor,
  mask: Tensor,
  weights: MultiHeadWeights,
  prefix: Prefix,
  heads: number,
): { y: Tensor; cache: PrefixSelfAttentionCache } {
  const q = projectForward(x, weights.wQ, weights.bQ);
  const k = projectForward(x, weights.wK, weights.bK);
  const v = projectForward(x, weights.wV, weights.bV);
  const dealt = (s: Tensor) => splitHeads(s.rank === 2 ? s.expandDims(0) : s, heads);
  const a = prefixAttentionForward(dealt(q.y), dealt(k.y), dealt(v.y), dealt(prefix.k), dealt(prefix.v), mask);
  const o = projectForward(mergeHeads(a.y), weights.wO, weights.bO);
  return { y: o.y, cache: { q: q.cache, k: k.cache, v: v.cache, attention: a.cache, o: o.cache } };
}

export function prefixSelfAttentionBackward(
  dy: Tensor,
  cache: PrefixSelfAttentionCache,
): { dx: Tensor; prefix: Prefix } {
  const [, heads, P, width] = cache.attention.kShape;
  const da = splitHeads(projectBackward(dy, cache.o).dx, heads);
  const back = prefixAttentionBackward(da, cache.attention);
  const dx = zeros(...dy.shape);
  const ways: [Tensor, ProjectCache][] = [
    [back.dq, cache.q],
    [back.dk, cache.k],
    [back.dv, cache.v],
  ];
  for (const [gradient, way] of ways) {
    projectBackward(mergeHeads(gradient), way).dx.data.forEach((value, at) => (dx.data[at] += value));
  }
  // (1, h, P, C/h) -> (P, C)
  const together = (s: Tensor) => s.transpose(0, 2, 1, 3).reshape(P, heads * width);
  return { dx, prefix: { k: together(back.dprefixK), v: together(back.dprefixV) } };
}
