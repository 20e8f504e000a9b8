/**
 * Chapter 5, topic 2: scaled dot-product attention, with masks. Chapter 4 let a decoder look back; here looking is all
 * there is.
 *
 * Every function takes any number of axes in front: one sequence is (T, d), a batch of them (B, T, d), a batch with several
 * heads (B, h, T, d). T counts queries, S keys. `k.T` exchanges the last two axes, whatever stands in front.
 */
import { ShapeError, Tensor, arange, showShape, tensor, where } from '#tensor';
import { softmaxBackward } from '../chapter-2-bp/activations.ts';

export interface AttentionCache {
  /** (…, T, d_k) */
  q: Tensor;
  /** (…, S, d_k) */
  k: Tensor;
  /** (…, S, d_v) */
  v: Tensor;
  /** (…, T, S) */
  weights: Tensor;
}

/**
 * The mask of a model that may not look ahead: query i may attend to key j when j ≤ i + S − T.
 *
 * With T = S that is "up to and including yourself". With fewer queries than keys, as when a text is continued, the last
 * query still sees all keys, the one before it all but one, and so on.
 *
 * @param T number of queries, ≥ 1
 * @param S number of keys, ≥ 1
 * @returns (T, S) 1 where attending is allowed, 0 where not
 */
export function causalMask(T: number, S: number): Tensor {
  throw new Error('TODO: causalMask');
}

/**
 * The mask of a batch whose sequences differ in length: nobody attends to what is only filled up.
 *
 *   mask[b, 0, j] = 1 where j < lengths_b, else 0
 *
 * The middle axis has length 1 and broadcasts over the queries; times a causal mask (T, S) it gives (B, T, S): both hold.
 *
 * @param lengths B whole numbers from 0 to S
 * @param S       number of keys, padding included
 * @returns (B, 1, S)
 * @throws RangeError when a length is not a whole number from 0 to S
 */
export function paddingMask(lengths: number[], S: number): Tensor {
  throw new Error('TODO: paddingMask');
}

/**
 * Softmax along the keys, over the allowed ones only. What is not allowed gets weight 0, and takes no part in the sum.
 *
 *   weights_ij = e^(scores_ij − m_i) / Σ over allowed j′ of e^(scores_ij′ − m_i)      m_i: the largest allowed score of row i
 *              = 0 where the mask is 0
 *
 * Each row sums to 1, but for a row in which nothing is allowed: it is all zeros. Scores may be any finite numbers, ±1000
 * too, also where they are not allowed.
 *
 * @param scores (…, T, S)
 * @param mask   1 or 0, any shape that broadcasts to that of the scores: (T, S), (B, 1, S), (1, 1) for "all allowed"
 * @returns weights (…, T, S), each from 0 to 1
 * @throws ShapeError when the mask does not broadcast to the shape of the scores: a larger one must not enlarge them
 */
export function maskedSoftmax(scores: Tensor, mask: Tensor): Tensor {
  throw new Error('TODO: maskedSoftmax');
}

/**
 * Scaled dot-product attention: every query takes a weighted average of the values.
 *
 *   scores  = q kᵀ / √d_k                      (…, T, S)
 *   weights = maskedSoftmax(scores, mask)      (…, T, S)
 *   y       = weights v                        (…, T, d_v)
 *
 * @param q    (…, T, d_k) queries
 * @param k    (…, S, d_k) keys
 * @param v    (…, S, d_v) values
 * @param mask 1 where attending is allowed, else 0; any shape that broadcasts to (…, T, S). A query that may attend to
 *             nothing gets weights of 0 and an output of 0
 * @returns y (…, T, d_v), weights (…, T, S), and the cache for attentionBackward
 * @throws ShapeError when q and k differ in d_k, or k and v in S, or the mask does not fit
 * @see Vaswani et al. 2017, "Attention is all you need", eq. 1
 */
export function attentionForward(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor,
): { y: Tensor; weights: Tensor; cache: AttentionCache } {
  throw new Error('TODO: attentionForward');
}

/**
 * The gradients of attention. The mask needs no word: a weight of 0 passes no gradient.
 *
 *   dv       = weightsᵀ dy                                       (…, S, d_v) = (…, S, T) (…, T, d_v)
 *   dweights = dy vᵀ                                             (…, T, S)   = (…, T, d_v) (…, d_v, S)
 *   dscores  = dweights, back through the softmax of each row    (…, T, S)
 *   dq       = dscores k / √d_k                                  (…, T, d_k) = (…, T, S) (…, S, d_k)
 *   dk       = dscoresᵀ q / √d_k                                 (…, S, d_k) = (…, S, T) (…, T, d_k)
 *
 * @param dy    (…, T, d_v) upstream gradient of y (the weights are shown, and have none)
 * @param cache from attentionForward
 * @returns dq (…, T, d_k), dk (…, S, d_k), dv (…, S, d_v)
 */
export function attentionBackward(dy: Tensor, cache: AttentionCache): { dq: Tensor; dk: Tensor; dv: Tensor } {
  throw new Error('TODO: attentionBackward');
}
