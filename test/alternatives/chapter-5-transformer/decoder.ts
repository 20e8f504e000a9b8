/**
 * Chapter 5, topic 8, by another hand: the floors of a block as functions with names, loops with counters, and the memory's
 * gradient collected in a list and added at the end.
 */
import { Tensor, zerosLike } from '#tensor';
import { residualBackward, residualForward, selfAttentionBackward, selfAttentionForward } from './encoder.ts';
import type { BlockSettings, ResidualCache } from './encoder.ts';
import { feedForward, feedForwardBackward } from './feed-forward.ts';
import type { FeedForwardCache, FeedForwardWeights } from './feed-forward.ts';
import { multiHeadBackward, multiHeadForward } from './multi-head-attention.ts';
import type { MultiHeadCache, MultiHeadWeights } from './multi-head-attention.ts';
import type { NormWeights } from './normalization.ts';

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
  memory: Tensor;
}

export function decoderBlockForward(
  x: Tensor,
  memory: Tensor,
  mask: Tensor,
  memoryMask: Tensor,
  weights: DecoderBlockWeights,
  settings: BlockSettings,
): { y: Tensor; cache: DecoderBlockCache } {
  const { heads, activation, order } = settings;
  function lookBack(t: Tensor) {
    return selfAttentionForward(t, mask, weights.selfAttention, heads);
  }
  function lookAcross(t: Tensor) {
    return multiHeadForward(t, memory, memoryMask, weights.crossAttention, heads);
  }
  function think(t: Tensor) {
    return feedForward(t, weights.feedForward, activation);
  }
  const { y: a, cache: selfAttention } = residualForward(x, weights.norm1, order, lookBack);
  const { y: c, cache: crossAttention } = residualForward(a, weights.norm2, order, lookAcross);
  const { y, cache: last } = residualForward(c, weights.norm3, order, think);
  return { y, cache: { selfAttention, crossAttention, feedForward: last } };
}

export function decoderBlockBackward(
  dy: Tensor,
  cache: DecoderBlockCache,
): { dx: Tensor; dmemory: Tensor; weights: DecoderBlockWeights } {
  const thought = residualBackward(dy, feedForwardBackward, cache.feedForward);
  const across = residualBackward(thought.dx, multiHeadBackward, cache.crossAttention);
  const back = residualBackward(across.dx, selfAttentionBackward, cache.selfAttention);
  const weights: DecoderBlockWeights = {
    selfAttention: back.inner.weights,
    norm1: back.norm,
    crossAttention: across.inner.weights,
    norm2: across.norm,
    feedForward: thought.inner.weights,
    norm3: thought.norm,
  };
  return { dx: back.dx, dmemory: across.inner.dmemory, weights };
}

export function decoderForward(
  x: Tensor,
  memory: Tensor,
  mask: Tensor,
  memoryMask: Tensor,
  blocks: DecoderBlockWeights[],
  settings: BlockSettings,
): { y: Tensor; cache: DecoderCache } {
  const caches: DecoderBlockCache[] = [];
  let stream = x;
  for (let l = 0; l < blocks.length; l++) {
    const block = decoderBlockForward(stream, memory, mask, memoryMask, blocks[l], settings);
    stream = block.y;
    caches[l] = block.cache;
  }
  return { y: stream, cache: { blocks: caches, memory } };
}

export function decoderBackward(
  dy: Tensor,
  cache: DecoderCache,
): { dx: Tensor; dmemory: Tensor; blocks: DecoderBlockWeights[] } {
  const shares: Tensor[] = [];
  const blocks: DecoderBlockWeights[] = [];
  let slope = dy;
  for (let l = cache.blocks.length - 1; l >= 0; l--) {
    const { dx, dmemory, weights } = decoderBlockBackward(slope, cache.blocks[l]);
    slope = dx;
    shares.push(dmemory);
    blocks.unshift(weights);
  }
  const dmemory = shares.reduce((sum, share) => sum.add(share), zerosLike(cache.memory));
  return { dx: slope, dmemory, blocks };
}
