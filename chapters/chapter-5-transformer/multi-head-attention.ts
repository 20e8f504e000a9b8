/**
 * Chapter 5, topic 4: several attentions side by side. Each head gets its own queries, keys and values, narrower ones, and
 * may look for something else; what they find is put side by side and mixed.
 */
import { ShapeError, Tensor, showShape } from '#tensor';
import { linearBackward, linearForward } from '../chapter-2-bp/linear.ts';
import type { LinearCache } from '../chapter-2-bp/linear.ts';
import { attentionBackward, attentionForward } from './attention.ts';
import type { AttentionCache } from './attention.ts';

export interface ProjectCache {
  /** of the linear layer over all tokens in one list */
  linear: LinearCache;
  /** the shape of x */
  shape: number[];
}

/** The parameters of multi-head attention, or the gradients of a loss with respect to them. C is d_model. */
export interface MultiHeadWeights {
  /** (C, C) */
  wQ: Tensor;
  /** (C) */
  bQ: Tensor;
  /** (C, C); with grouped queries (kvHeads · C/heads, C) */
  wK: Tensor;
  /** as long as wK has rows */
  bK: Tensor;
  /** the shape of wK */
  wV: Tensor;
  /** the shape of bK */
  bV: Tensor;
  /** (C, C) */
  wO: Tensor;
  /** (C) */
  bO: Tensor;
}

export interface MultiHeadCache {
  q: ProjectCache;
  k: ProjectCache;
  v: ProjectCache;
  attention: AttentionCache;
  o: ProjectCache;
}

export interface MultiHeadGradients {
  /** (B, T, C) through the queries */
  dx: Tensor;
  /** (B, S, C) through the keys and the values */
  dmemory: Tensor;
  weights: MultiHeadWeights;
}

/**
 * One linear layer, applied to every token alike.
 *
 *   y = x wᵀ + b      (…, out)
 *
 * Chapter 2's linear layer takes a matrix; for it, a batch of sequences is one long list of tokens.
 *
 * @param x (…, in) tokens, with one or more axes in front
 * @param w (out, in)
 * @param b (out)
 * @returns y (…, out), and the cache for projectBackward
 * @throws ShapeError when x, w and b do not fit
 */
export function projectForward(x: Tensor, w: Tensor, b: Tensor): { y: Tensor; cache: ProjectCache } {
  throw new Error('TODO: projectForward');
}

/**
 * The gradients of that layer. Every token used the same w and b, so theirs are summed over all tokens of all sequences.
 *
 * @param dy    (…, out) upstream gradient of y
 * @param cache from projectForward
 * @returns dx (…, in), dw (out, in), db (out)
 */
export function projectBackward(dy: Tensor, cache: ProjectCache): { dx: Tensor; dw: Tensor; db: Tensor } {
  throw new Error('TODO: projectBackward');
}

/**
 * Deals the columns of every token out to the heads: the first C/h columns go to head 0, the next C/h to head 1, …
 *
 *   y[b, n, t, i] = x[b, t, n · C/h + i]      (B, h, T, C/h)
 *
 * @param x     (B, T, C)
 * @param heads h, a whole number ≥ 1 that divides C
 * @returns (B, h, T, C/h)
 * @throws RangeError when h does not divide C
 */
export function splitHeads(x: Tensor, heads: number): Tensor {
  throw new Error('TODO: splitHeads');
}

/**
 * Puts the heads' columns side by side again: what splitHeads did, undone. Each of the two is also the other's backward pass.
 *
 * @param x (B, h, T, d)
 * @returns (B, T, h · d)
 */
export function mergeHeads(x: Tensor): Tensor {
  throw new Error('TODO: mergeHeads');
}

/**
 * Multi-head attention. Queries come from x, keys and values from the memory: self-attention when the memory is x itself,
 * cross-attention when it is another sequence.
 *
 *   q = splitHeads(x wQᵀ + bQ)                 (B, h, T, C/h)
 *   k = splitHeads(memory wKᵀ + bK)            (B, h, S, C/h)
 *   v = splitHeads(memory wVᵀ + bV)            (B, h, S, C/h)
 *   a = attention(q, k, v, mask)               (B, h, T, C/h)      every head by itself, with the same mask
 *   y = mergeHeads(a) wOᵀ + bO                 (B, T, C)
 *
 * @param x       (B, T, C)
 * @param memory  (B, S, C)
 * @param mask    1 where attending is allowed, else 0: (T, S) or (1, 1) for all sequences alike, or one for each sequence,
 *                (B, T, S) or (B, 1, S). Mind the heads' axis
 * @param weights wQ, wK, wV, wO (C, C) and bQ, bK, bV, bO (C)
 * @param heads   h, divides C
 * @returns y (B, T, C), attention: the weights of every head (B, h, T, S), and the cache for multiHeadBackward
 * @throws RangeError when h does not divide C; ShapeError when the shapes do not fit
 * @see Vaswani et al. 2017, §3.2.2
 */
export function multiHeadForward(
  x: Tensor,
  memory: Tensor,
  mask: Tensor,
  weights: MultiHeadWeights,
  heads: number,
): { y: Tensor; attention: Tensor; cache: MultiHeadCache } {
  throw new Error('TODO: multiHeadForward');
}

/**
 * The way back through multi-head attention: the same five lines from the last to the first.
 *
 *   da       = splitHeads of dy, back through wO                      (B, h, T, C/h)
 *   dq,dk,dv = back through the attention of every head               (B, h, T or S, C/h)
 *   dx       = mergeHeads(dq), back through wQ                        (B, T, C)
 *   dmemory  = mergeHeads(dk), back through wK, plus
 *              mergeHeads(dv), back through wV                        (B, S, C)
 *
 * In self-attention x is the memory too: whoever called then adds the two.
 *
 * @param dy    (B, T, C) upstream gradient of y
 * @param cache from multiHeadForward
 * @returns dx (B, T, C), dmemory (B, S, C), and weights: the gradient of each parameter under its own name
 */
export function multiHeadBackward(dy: Tensor, cache: MultiHeadCache): MultiHeadGradients {
  throw new Error('TODO: multiHeadBackward');
}

/**
 * Gives each group of queries its key (or value) head: every head is repeated, the copies side by side.
 *
 *   y[:, n] = x[:, floor(n / times)]      (B, g · times, S, d)
 *
 * @param x     (B, g, S, d)
 * @param times how often, a whole number ≥ 1
 * @returns (B, g · times, S, d)
 */
export function repeatHeads(x: Tensor, times: number): Tensor {
  throw new Error('TODO: repeatHeads');
}

/**
 * The backward pass of repeatHeads: what was used `times` times gets the sum of that many gradients.
 *
 * @param dy    (B, g · times, S, d) upstream gradient of y
 * @param times as in repeatHeads
 * @returns dx (B, g, S, d)
 */
export function repeatHeadsBackward(dy: Tensor, times: number): Tensor {
  throw new Error('TODO: repeatHeadsBackward');
}

/**
 * Grouped-query attention, Llama's variant: fewer heads for keys and values than for queries, so that there is less to keep
 * while a text is written. Each key–value head serves h / kvHeads neighbouring query heads.
 *
 *   q = splitHeads(x wQᵀ + bQ, h)                                          (B, h, T, C/h)
 *   k = repeatHeads(splitHeads(memory wKᵀ + bK, kvHeads), h / kvHeads)     (B, h, S, C/h)      v likewise
 *
 * and on as in multi-head attention. With kvHeads = h it is just that; with kvHeads = 1 it is called multi-query.
 *
 * @param x       (B, T, C)
 * @param memory  (B, S, C)
 * @param mask    as in multiHeadForward
 * @param weights wQ, wO (C, C); wK, wV (kvHeads · C/h, C); bQ, bO (C); bK, bV (kvHeads · C/h)
 * @param heads   h, divides C
 * @param kvHeads divides h
 * @returns y (B, T, C), attention (B, h, T, S), and the cache for groupedQueryBackward
 * @throws RangeError when h does not divide C or kvHeads does not divide h; ShapeError when the shapes do not fit
 * @see Ainslie et al. 2023, "GQA: training generalized multi-query transformer models from multi-head checkpoints"
 */
export function groupedQueryForward(
  x: Tensor,
  memory: Tensor,
  mask: Tensor,
  weights: MultiHeadWeights,
  heads: number,
  kvHeads: number,
): { y: Tensor; attention: Tensor; cache: MultiHeadCache & { times: number } } {
  throw new Error('TODO: groupedQueryForward');
}

/**
 * The way back through grouped-query attention: as in multiHeadBackward, with the gradients of the repeated heads summed.
 *
 * @param dy    (B, T, C) upstream gradient of y
 * @param cache from groupedQueryForward; `times` is h / kvHeads
 * @returns dx (B, T, C), dmemory (B, S, C), and weights: the gradient of each parameter under its own name
 */
export function groupedQueryBackward(dy: Tensor, cache: MultiHeadCache & { times: number }): MultiHeadGradients {
  throw new Error('TODO: groupedQueryBackward');
}
