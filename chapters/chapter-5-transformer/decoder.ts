/**
 * Chapter 5, topic 8: the decoder. It is an encoder that may not look ahead, and has one sublayer more: between attention to
 * itself and the feed-forward layer it attends to what the encoder has made of the source.
 */
import { Tensor, zerosLike } from '#tensor';
import { residualBackward, residualForward, selfAttentionBackward, selfAttentionForward } from './encoder.ts';
import type { BlockSettings, ResidualCache } from './encoder.ts';
import { feedForward, feedForwardBackward } from './feed-forward.ts';
import type { FeedForwardCache, FeedForwardWeights } from './feed-forward.ts';
import { multiHeadBackward, multiHeadForward } from './multi-head-attention.ts';
import type { MultiHeadCache, MultiHeadWeights } from './multi-head-attention.ts';
import type { NormWeights } from './normalization.ts';

/** The parameters of a decoder block, or the gradients of a loss with respect to them. */
export interface DecoderBlockWeights {
  selfAttention: MultiHeadWeights;
  norm1: NormWeights;
  crossAttention: MultiHeadWeights;
  norm2: NormWeights;
  feedForward: FeedForwardWeights;
  norm3: NormWeights;
}

export interface DecoderBlockCache {
  selfAttention: ResidualCache<MultiHeadCache>;
  crossAttention: ResidualCache<MultiHeadCache>;
  feedForward: ResidualCache<FeedForwardCache>;
}

export interface DecoderCache {
  blocks: DecoderBlockCache[];
  /** (B, S, C) */
  memory: Tensor;
}

/**
 * A decoder block: self-attention, cross-attention to the memory, the feed-forward layer, each in a residual connection
 * with its own norm.
 *
 *   a = residual(x, norm1, t ↦ selfAttention(t, mask))                     (B, T, C)
 *   c = residual(a, norm2, t ↦ multiHead(t, memory, memoryMask))           (B, T, C)
 *   y = residual(c, norm3, t ↦ feedForward(t))                             (B, T, C)
 *
 * The memory goes in as it is: no norm of this block touches it.
 *
 * @param x          (B, T, C) the target so far
 * @param memory     (B, S, C) the encoder's output
 * @param mask       (T, T) or (B, T, T), as multiHeadForward takes it: causal, in a model that writes
 * @param memoryMask (1, 1), (T, S), (B, 1, S) or (B, T, S): the source's padding
 * @param weights    selfAttention, norm1, crossAttention, norm2, feedForward, norm3
 * @param settings   heads, activation, order
 * @returns y (B, T, C), and the cache for decoderBlockBackward
 * @see Vaswani et al. 2017, figure 1, right; equals PyTorch's TransformerDecoderLayer without dropout
 */
export function decoderBlockForward(
  x: Tensor,
  memory: Tensor,
  mask: Tensor,
  memoryMask: Tensor,
  weights: DecoderBlockWeights,
  settings: BlockSettings,
): { y: Tensor; cache: DecoderBlockCache } {
  throw new Error('TODO: decoderBlockForward');
}

/**
 * The way back through a decoder block.
 *
 * @param dy    (B, T, C) upstream gradient of y
 * @param cache from decoderBlockForward
 * @returns dx (B, T, C), dmemory (B, S, C), and weights: all gradients, under the names of the parameters
 */
export function decoderBlockBackward(
  dy: Tensor,
  cache: DecoderBlockCache,
): { dx: Tensor; dmemory: Tensor; weights: DecoderBlockWeights } {
  throw new Error('TODO: decoderBlockBackward');
}

/**
 * A stack of decoder blocks: each reads what the one before gave, and all read the same memory.
 *
 * @param x          (B, T, C)
 * @param memory     (B, S, C)
 * @param mask       as in decoderBlockForward, the same for every block
 * @param memoryMask likewise
 * @param blocks     the weights of each block, the first one first; with none, y is x
 * @param settings   the same for every block
 * @returns y (B, T, C), and the cache for decoderBackward
 */
export function decoderForward(
  x: Tensor,
  memory: Tensor,
  mask: Tensor,
  memoryMask: Tensor,
  blocks: DecoderBlockWeights[],
  settings: BlockSettings,
): { y: Tensor; cache: DecoderCache } {
  throw new Error('TODO: decoderForward');
}

/**
 * The way back through the stack. Every block read the memory, so its gradient is the sum over the blocks.
 *
 * @param dy    (B, T, C) upstream gradient of y
 * @param cache from decoderForward
 * @returns dx (B, T, C), dmemory (B, S, C), and blocks: the gradients of each block's weights, the first one first
 */
export function decoderBackward(
  dy: Tensor,
  cache: DecoderCache,
): { dx: Tensor; dmemory: Tensor; blocks: DecoderBlockWeights[] } {
  throw new Error('TODO: decoderBackward');
}
