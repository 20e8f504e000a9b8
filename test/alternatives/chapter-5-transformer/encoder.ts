/**
 * Chapter 5, topic 7, by another hand: one branch for each order, sublayers with names, and stacks that are folds or
 * recursions.
 */
import { Tensor } from '#tensor';
import { feedForward, feedForwardBackward } from './feed-forward.ts';
import type { FeedForwardActivation, FeedForwardCache, FeedForwardWeights } from './feed-forward.ts';
import { multiHeadBackward, multiHeadForward } from './multi-head-attention.ts';
import type { MultiHeadCache, MultiHeadWeights } from './multi-head-attention.ts';
import { EPSILON, layerNormBackward, layerNormForward } from './normalization.ts';
import type { LayerNormCache, NormWeights } from './normalization.ts';

export type NormOrder = 'pre' | 'post';

export interface BlockSettings {
  heads: number;
  activation: FeedForwardActivation;
  order: NormOrder;
}

export type Sublayer<C> = (x: Tensor) => { y: Tensor; cache: C };

export type SublayerBackward<C, G extends { dx: Tensor }> = (dy: Tensor, cache: C) => G;

export interface ResidualCache<C> {
  order: NormOrder;
  norm: LayerNormCache;
  inner: C;
}

export interface EncoderBlockWeights {
  attention: MultiHeadWeights;
  norm1: NormWeights;
  feedForward: FeedForwardWeights;
  norm2: NormWeights;
}

export interface EncoderBlockCache {
  attention: ResidualCache<MultiHeadCache>;
  feedForward: ResidualCache<FeedForwardCache>;
}

export function residualForward<C>(
  x: Tensor,
  norm: NormWeights,
  order: NormOrder,
  sublayer: Sublayer<C>,
): { y: Tensor; cache: ResidualCache<C> } {
  const { gamma, beta } = norm;
  switch (order) {
    case 'pre': {
      const quiet = layerNormForward(x, gamma, beta, EPSILON);
      const said = sublayer(quiet.y);
      return { y: said.y.add(x), cache: { order, norm: quiet.cache, inner: said.cache } };
    }
    case 'post': {
      const { y: change, cache: inner } = sublayer(x);
      const { y, cache } = layerNormForward(change.add(x), gamma, beta, EPSILON);
      return { y, cache: { order, norm: cache, inner } };
    }
  }
}

export function residualBackward<C, G extends { dx: Tensor }>(
  dy: Tensor,
  sublayerBackward: SublayerBackward<C, G>,
  cache: ResidualCache<C>,
): { dx: Tensor; norm: NormWeights; inner: G } {
  if (cache.order === 'post') {
    const ds = layerNormBackward(dy, cache.norm);
    const through = sublayerBackward(ds.dx, cache.inner);
    return { dx: through.dx.add(ds.dx), norm: { gamma: ds.dgamma, beta: ds.dbeta }, inner: through };
  }
  const inner = sublayerBackward(dy, cache.inner);
  const { dx: detour, dgamma: gamma, dbeta: beta } = layerNormBackward(inner.dx, cache.norm);
  return { dx: dy.add(detour), norm: { gamma, beta }, inner };
}

export function selfAttentionForward(
  x: Tensor,
  mask: Tensor,
  weights: MultiHeadWeights,
  heads: number,
): { y: Tensor; cache: MultiHeadCache } {
  const { y, cache } = multiHeadForward(x, x, mask, weights, heads);
  return { y, cache };
}

export function selfAttentionBackward(dy: Tensor, cache: MultiHeadCache): { dx: Tensor; weights: MultiHeadWeights } {
  const gradients = multiHeadBackward(dy, cache);
  const total = gradients.dx.data.map((entry, i) => entry + gradients.dmemory.data[i]);
  return { dx: new Tensor(dy.shape, total), weights: gradients.weights };
}

export function encoderBlockForward(
  x: Tensor,
  mask: Tensor,
  weights: EncoderBlockWeights,
  settings: BlockSettings,
): { y: Tensor; cache: EncoderBlockCache } {
  const { heads, activation, order } = settings;
  const meet: Sublayer<MultiHeadCache> = (t) => selfAttentionForward(t, mask, weights.attention, heads);
  const think: Sublayer<FeedForwardCache> = (t) => feedForward(t, weights.feedForward, activation);
  const met = residualForward(x, weights.norm1, order, meet);
  const thought = residualForward(met.y, weights.norm2, order, think);
  return { y: thought.y, cache: { attention: met.cache, feedForward: thought.cache } };
}

export function encoderBlockBackward(
  dy: Tensor,
  cache: EncoderBlockCache,
): { dx: Tensor; weights: EncoderBlockWeights } {
  const thought = residualBackward(dy, feedForwardBackward, cache.feedForward);
  const met = residualBackward(thought.dx, selfAttentionBackward, cache.attention);
  const weights: EncoderBlockWeights = {
    norm2: thought.norm,
    feedForward: thought.inner.weights,
    norm1: met.norm,
    attention: met.inner.weights,
  };
  return { dx: met.dx, weights };
}

export function encoderForward(
  x: Tensor,
  mask: Tensor,
  blocks: EncoderBlockWeights[],
  settings: BlockSettings,
): { y: Tensor; cache: EncoderBlockCache[] } {
  const start = { y: x, cache: [] as EncoderBlockCache[] };
  return blocks.reduce((below, weights) => {
    const { y, cache } = encoderBlockForward(below.y, mask, weights, settings);
    return { y, cache: below.cache.concat(cache) };
  }, start);
}

export function encoderBackward(dy: Tensor, cache: EncoderBlockCache[]): { dx: Tensor; blocks: EncoderBlockWeights[] } {
  if (cache.length === 0) return { dx: dy, blocks: [] };
  const top = encoderBlockBackward(dy, cache[cache.length - 1]);
  const below = encoderBackward(top.dx, cache.slice(0, -1));
  return { dx: below.dx, blocks: [...below.blocks, top.weights] };
}
