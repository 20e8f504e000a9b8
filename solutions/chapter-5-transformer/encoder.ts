/**
 * Chapter 5, topic 7: the encoder. A block is attention and a feed-forward layer, each wrapped in the same thing: a residual
 * connection and a LayerNorm. That wrapping is written once, before or after, and blocks only compose.
 */
import { Tensor } from '#tensor';
import { feedForward, feedForwardBackward } from './feed-forward.ts';
import type { FeedForwardActivation, FeedForwardCache, FeedForwardWeights } from './feed-forward.ts';
import { multiHeadBackward, multiHeadForward } from './multi-head-attention.ts';
import type { MultiHeadCache, MultiHeadWeights } from './multi-head-attention.ts';
import { EPSILON, layerNormBackward, layerNormForward } from './normalization.ts';
import type { LayerNormCache, NormWeights } from './normalization.ts';

/** Where the norm stands: 'post' after the sum, as in 2017; 'pre' before the sublayer, as in every GPT since the second. */
export type NormOrder = 'pre' | 'post';

export interface BlockSettings {
  /** h, divides C */
  heads: number;
  activation: FeedForwardActivation;
  order: NormOrder;
}

/** What can stand inside a residual connection: from (B, T, C) to (B, T, C). */
export type Sublayer<C> = (x: Tensor) => { y: Tensor; cache: C };

/** The way back through it: at least the gradient of its input. */
export type SublayerBackward<C, G extends { dx: Tensor }> = (dy: Tensor, cache: C) => G;

export interface ResidualCache<C> {
  order: NormOrder;
  norm: LayerNormCache;
  /** what the sublayer gave */
  inner: C;
}

/** The parameters of an encoder block, or the gradients of a loss with respect to them. */
export interface EncoderBlockWeights {
  attention: MultiHeadWeights;
  /** the norm of the attention */
  norm1: NormWeights;
  feedForward: FeedForwardWeights;
  /** the norm of the feed-forward layer */
  norm2: NormWeights;
}

export interface EncoderBlockCache {
  attention: ResidualCache<MultiHeadCache>;
  feedForward: ResidualCache<FeedForwardCache>;
}

/**
 * A residual connection around any sublayer, with its LayerNorm (ε = EPSILON).
 *
 *   post:  y = LayerNorm(x + sublayer(x))         (B, T, C)
 *   pre:   y = x + sublayer(LayerNorm(x))
 *
 * @param x        (B, T, C)
 * @param norm     gamma (C), beta (C)
 * @param order    'pre' or 'post'
 * @param sublayer a function of a (B, T, C) tensor; it returns y (B, T, C) and a cache of its own
 * @returns y (B, T, C), and the cache for residualBackward
 * @see He et al. 2016 for the residual; Vaswani et al. 2017, §3.1 (post); Xiong et al. 2020, figure 1 (pre)
 */
export function residualForward<C>(
  x: Tensor,
  norm: NormWeights,
  order: NormOrder,
  sublayer: Sublayer<C>,
): { y: Tensor; cache: ResidualCache<C> } {
  // #region residualForward
  const normalise = (t: Tensor) => layerNormForward(t, norm.gamma, norm.beta, EPSILON);
  if (order === 'pre') {
    const before = normalise(x);
    const inner = sublayer(before.y);
    return { y: x.add(inner.y), cache: { order, norm: before.cache, inner: inner.cache } };
  }
  const inner = sublayer(x);
  const after = normalise(x.add(inner.y));
  return { y: after.y, cache: { order, norm: after.cache, inner: inner.cache } };
  // #endregion
}

/**
 * The way back: what came in by two ways goes back by two, and is added.
 *
 *   post:  ds = LayerNorm backward of dy          dx = ds + sublayerBackward(ds).dx
 *   pre:   dx = dy + LayerNorm backward of sublayerBackward(dy).dx
 *
 * @param dy               (B, T, C) upstream gradient of y
 * @param sublayerBackward takes the gradient of the sublayer's output and the cache that the sublayer gave; returns dx (B, T, C),
 *                         the gradient of the sublayer's input, and whatever else it likes
 * @param cache            from residualForward
 * @returns dx (B, T, C), norm: the gradients of gamma and beta under the parameters' own names, and inner: all that
 *          sublayerBackward returned
 */
export function residualBackward<C, G extends { dx: Tensor }>(
  dy: Tensor,
  sublayerBackward: SublayerBackward<C, G>,
  cache: ResidualCache<C>,
): { dx: Tensor; norm: NormWeights; inner: G } {
  // #region residualBackward
  if (cache.order === 'pre') {
    const inner = sublayerBackward(dy, cache.inner);
    const { dx, dgamma, dbeta } = layerNormBackward(inner.dx, cache.norm);
    return { dx: dy.add(dx), norm: { gamma: dgamma, beta: dbeta }, inner };
  }
  const { dx: ds, dgamma, dbeta } = layerNormBackward(dy, cache.norm);
  const inner = sublayerBackward(ds, cache.inner);
  return { dx: ds.add(inner.dx), norm: { gamma: dgamma, beta: dbeta }, inner };
  // #endregion
}

/**
 * Attention of a sequence to itself: queries, keys and values all come from x. Nothing here is yours to write.
 *
 * @param x       (B, T, C)
 * @param mask    1 where attending is allowed, else 0, as multiHeadForward takes it
 * @param weights wQ, wK, wV, wO (C, C) and bQ, bK, bV, bO (C)
 * @param heads   h, divides C
 * @returns y (B, T, C), and the cache for selfAttentionBackward
 */
export function selfAttentionForward(
  x: Tensor,
  mask: Tensor,
  weights: MultiHeadWeights,
  heads: number,
): { y: Tensor; cache: MultiHeadCache } {
  const { y, cache } = multiHeadForward(x, x, mask, weights, heads);
  return { y, cache };
}

/**
 * The way back through it: one tensor was the queries' source and the memory too, so it has two gradients, and they are
 * added.
 *
 * @param dy    (B, T, C) upstream gradient of y
 * @param cache from selfAttentionForward
 * @returns dx (B, T, C), and weights: the gradient of each parameter under its own name
 */
export function selfAttentionBackward(dy: Tensor, cache: MultiHeadCache): { dx: Tensor; weights: MultiHeadWeights } {
  // #region selfAttentionBackward
  const { dx, dmemory, weights } = multiHeadBackward(dy, cache);
  return { dx: dx.add(dmemory), weights };
  // #endregion
}

/**
 * An encoder block: self-attention, then the feed-forward layer, each in a residual connection with its own norm.
 *
 *   a = residual(x, norm1, t ↦ selfAttention(t, mask))      (B, T, C)
 *   y = residual(a, norm2, t ↦ feedForward(t))              (B, T, C)
 *
 * @param x        (B, T, C)
 * @param mask     1 where attending is allowed, else 0, as multiHeadForward takes it; a causal one makes it a GPT's block
 * @param weights  attention, norm1, feedForward, norm2
 * @param settings heads, activation, order
 * @returns y (B, T, C), and the cache for encoderBlockBackward
 * @see Vaswani et al. 2017, figure 1, left; equals PyTorch's TransformerEncoderLayer without dropout
 */
export function encoderBlockForward(
  x: Tensor,
  mask: Tensor,
  weights: EncoderBlockWeights,
  settings: BlockSettings,
): { y: Tensor; cache: EncoderBlockCache } {
  // #region encoderBlockForward
  const { heads, activation, order } = settings;
  const a = residualForward(x, weights.norm1, order, (t) => selfAttentionForward(t, mask, weights.attention, heads));
  const f = residualForward(a.y, weights.norm2, order, (t) => feedForward(t, weights.feedForward, activation));
  return { y: f.y, cache: { attention: a.cache, feedForward: f.cache } };
  // #endregion
}

/**
 * The way back through an encoder block, from the last sublayer to the first.
 *
 * @param dy    (B, T, C) upstream gradient of y
 * @param cache from encoderBlockForward
 * @returns dx (B, T, C), and weights: all gradients, under the names of the parameters
 */
export function encoderBlockBackward(
  dy: Tensor,
  cache: EncoderBlockCache,
): { dx: Tensor; weights: EncoderBlockWeights } {
  // #region encoderBlockBackward
  const f = residualBackward(dy, feedForwardBackward, cache.feedForward);
  const a = residualBackward(f.dx, selfAttentionBackward, cache.attention);
  return {
    dx: a.dx,
    weights: { attention: a.inner.weights, norm1: a.norm, feedForward: f.inner.weights, norm2: f.norm },
  };
  // #endregion
}

/**
 * A stack of encoder blocks: each reads what the one before gave. With no block at all, y is x.
 *
 * @param x        (B, T, C)
 * @param mask     the same for every block
 * @param blocks   the weights of each block, the first one first
 * @param settings the same for every block
 * @returns y (B, T, C), and the cache: one for each block
 */
export function encoderForward(
  x: Tensor,
  mask: Tensor,
  blocks: EncoderBlockWeights[],
  settings: BlockSettings,
): { y: Tensor; cache: EncoderBlockCache[] } {
  // #region encoderForward
  let y = x;
  const cache = blocks.map((weights) => {
    const block = encoderBlockForward(y, mask, weights, settings);
    y = block.y;
    return block.cache;
  });
  return { y, cache };
  // #endregion
}

/**
 * The way back through the stack, from the last block to the first.
 *
 * @param dy    (B, T, C) upstream gradient of y
 * @param cache from encoderForward
 * @returns dx (B, T, C), and blocks: the gradients of each block's weights, the first one first
 */
export function encoderBackward(dy: Tensor, cache: EncoderBlockCache[]): { dx: Tensor; blocks: EncoderBlockWeights[] } {
  // #region encoderBackward
  const blocks: EncoderBlockWeights[] = [];
  let dx = dy;
  for (const blockCache of cache.toReversed()) {
    const block = encoderBlockBackward(dx, blockCache);
    blocks.unshift(block.weights);
    dx = block.dx;
  }
  return { dx, blocks };
  // #endregion
}
