/**
 * Chapter 6, topic 3: prefix-tuning. Not a weight is added: every attention gets a few keys and values more, which belong to no
 * token, and which are learned.
 */
import { Tensor, concat, ones, split } from '#tensor';
import { sumToShape } from '../chapter-2-bp/chain-rule.ts';
import { attentionBackward, attentionForward } from '../chapter-5-transformer/attention.ts';
import type { AttentionCache } from '../chapter-5-transformer/attention.ts';
import {
  mergeHeads,
  projectBackward,
  projectForward,
  splitHeads,
} from '../chapter-5-transformer/multi-head-attention.ts';
import type { MultiHeadWeights, ProjectCache } from '../chapter-5-transformer/multi-head-attention.ts';

/** The learned keys and values of one attention, or their gradients. P of them. */
export interface Prefix {
  /** (P, C) */
  k: Tensor;
  /** (P, C) */
  v: Tensor;
}

export interface PrefixAttentionCache {
  /** over P + S keys */
  attention: AttentionCache;
  /** of prefixK */
  kShape: number[];
  /** of prefixV */
  vShape: number[];
}

export interface PrefixSelfAttentionCache {
  q: ProjectCache;
  k: ProjectCache;
  v: ProjectCache;
  /** of prefixAttentionForward over all heads */
  attention: PrefixAttentionCache;
  o: ProjectCache;
}

/**
 * A mask that lets every query see the whole prefix. The prefix comes before all keys and has no place in the order, so no
 * causal mask hides it, and it moves nobody's position.
 *
 * @param mask (T, S), or (B, T, S): 1 where attending is allowed, else 0
 * @param P    how many columns of ones to put in front, ≥ 0
 * @returns (T, P + S), or (B, T, P + S)
 */
export function prefixMask(mask: Tensor, P: number): Tensor {
  // #region prefixMask
  return concat([ones(...mask.shape.slice(0, -1), P), mask], -1);
  // #endregion
}

/**
 * Attention over a prefix and the keys: one sequence (T, d), a batch (B, T, d), or a batch with heads (B, h, T, d).
 *
 *   k′ = [prefixK; k]      (…, P + S, d_k)        the prefix spread over the axes in front of k
 *   v′ = [prefixV; v]      (…, P + S, d_v)
 *   y  = attention(q, k′, v′, prefixMask(mask, P))      (…, T, d_v)
 *
 * @param q       (…, T, d_k)
 * @param k       (…, S, d_k)
 * @param v       (…, S, d_v)
 * @param prefixK (…, P, d_k), where the axes in front broadcast to those of k: (P, d_k) serves all sequences and
 *                heads alike; (1, h, P, d_k) has rows of its own for each head
 * @param prefixV (…, P, d_v) likewise
 * @param mask    (T, S), or (B, T, S) where q is (B, T, d_k): over the keys, without the prefix
 * @returns y (…, T, d_v), and the cache for prefixAttentionBackward
 * @see Li & Liang 2021, "Prefix-tuning: optimizing continuous prompts for generation", §4
 */
export function prefixAttentionForward(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  prefixK: Tensor,
  prefixV: Tensor,
  mask: Tensor,
): { y: Tensor; cache: PrefixAttentionCache } {
  // #region prefixAttentionForward
  const [P] = prefixK.shape.slice(-2);
  const spread = (prefix: Tensor, to: Tensor) =>
    prefix.broadcastTo([...to.shape.slice(0, -2), ...prefix.shape.slice(-2)]);
  const keys = concat([spread(prefixK, k), k], -2);
  const values = concat([spread(prefixV, v), v], -2);
  const { y, cache } = attentionForward(q, keys, values, prefixMask(mask, P));
  return { y, cache: { attention: cache, kShape: [...prefixK.shape], vShape: [...prefixV.shape] } };
  // #endregion
}

/**
 * The way back: the first P rows of the gradient of k′ are the prefix's, the rest is that of k; likewise for v′. Where one
 * prefix served many sequences or heads, its gradients are summed (sumToShape).
 *
 * @param dy    (…, T, d_v) upstream gradient of y
 * @param cache from prefixAttentionForward
 * @returns dq (…, T, d_k), dk (…, S, d_k), dv (…, S, d_v), and dprefixK and dprefixV in the shapes of the prefixes
 */
export function prefixAttentionBackward(
  dy: Tensor,
  cache: PrefixAttentionCache,
): { dq: Tensor; dk: Tensor; dv: Tensor; dprefixK: Tensor; dprefixV: Tensor } {
  // #region prefixAttentionBackward
  const { attention, kShape, vShape } = cache;
  const { dq, dk: dkeys, dv: dvalues } = attentionBackward(dy, attention);
  const P = kShape[kShape.length - 2];
  const parts = [P, dkeys.shape[dkeys.rank - 2] - P];
  const [dprefixK, dk] = split(dkeys, parts, -2);
  const [dprefixV, dv] = split(dvalues, parts, -2);
  return { dq, dk, dv, dprefixK: sumToShape(dprefixK, kShape), dprefixV: sumToShape(dprefixV, vShape) };
  // #endregion
}

/**
 * Self-attention of a frozen model, with a learned prefix. The prefix is not projected: its rows are keys and values already,
 * and only dealt out to the heads.
 *
 *   q, k, v = splitHeads of x wQᵀ + bQ, x wKᵀ + bK, x wVᵀ + bV             (B, h, T, C/h)
 *   a = prefixAttention(q, k, v, splitHeads(prefix.k), splitHeads(prefix.v), mask)      the prefix as (1, h, P, C/h)
 *   y = mergeHeads(a) wOᵀ + bO                                             (B, T, C)
 *
 * @param x       (B, T, C)
 * @param mask    (T, T) over the tokens, without the prefix
 * @param weights of multi-head attention; frozen
 * @param prefix  k and v, (P, C) each
 * @param heads   h, divides C
 * @returns y (B, T, C), and the cache for prefixSelfAttentionBackward
 */
export function prefixSelfAttentionForward(
  x: Tensor,
  mask: Tensor,
  weights: MultiHeadWeights,
  prefix: Prefix,
  heads: number,
): { y: Tensor; cache: PrefixSelfAttentionCache } {
  // #region prefixSelfAttentionForward
  const q = projectForward(x, weights.wQ, weights.bQ);
  const k = projectForward(x, weights.wK, weights.bK);
  const v = projectForward(x, weights.wV, weights.bV);
  const [qs, ks, vs] = [q, k, v].map(({ y }) => splitHeads(y, heads));
  const [pk, pv] = [prefix.k, prefix.v].map((p) => splitHeads(p.expandDims(0), heads));
  const a = prefixAttentionForward(qs, ks, vs, pk, pv, mask);
  const o = projectForward(mergeHeads(a.y), weights.wO, weights.bO);
  return { y: o.y, cache: { q: q.cache, k: k.cache, v: v.cache, attention: a.cache, o: o.cache } };
  // #endregion
}

/**
 * The way back through it: gradients for x and for the prefix, none for what is frozen.
 *
 * @param dy    (B, T, C) upstream gradient of y
 * @param cache from prefixSelfAttentionForward
 * @returns dx (B, T, C), and prefix: the gradients of k and v, (P, C) each, summed over the batch
 */
export function prefixSelfAttentionBackward(
  dy: Tensor,
  cache: PrefixSelfAttentionCache,
): { dx: Tensor; prefix: Prefix } {
  // #region prefixSelfAttentionBackward
  const heads = cache.attention.attention.q.shape[1];
  const o = projectBackward(dy, cache.o);
  const a = prefixAttentionBackward(splitHeads(o.dx, heads), cache.attention);
  const [q, k, v] = [a.dq, a.dk, a.dv].map(mergeHeads);
  const dx = projectBackward(q, cache.q).dx.add(projectBackward(k, cache.k).dx).add(projectBackward(v, cache.v).dx);
  const [pk, pv] = [a.dprefixK, a.dprefixV].map((p) => mergeHeads(p).row(0));
  return { dx, prefix: { k: pk, v: pv } };
  // #endregion
}
