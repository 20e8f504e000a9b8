/**
 * Chapter 6, topic 1: low-rank adaptation.
 *
 * Style: all tokens in one list and loops over flat arrays forward, the factor taken into dy backward, the merged matrix as a
 * sum of outer products, and closures for the sublayers.
 */
import { ShapeError, Tensor, zeros } from '#tensor';
import { attentionBackward, attentionForward, causalMask } from '../chapter-5-transformer/attention.ts';
import { feedForward, feedForwardBackward } from '../chapter-5-transformer/feed-forward.ts';
import type { FeedForwardCache } from '../chapter-5-transformer/feed-forward.ts';
import type { GptSettings, GptWeights } from '../chapter-5-transformer/gpt.ts';
import {
  mergeHeads,
  projectBackward,
  projectForward,
  splitHeads,
} from '../chapter-5-transformer/multi-head-attention.ts';
import type { MultiHeadWeights, ProjectCache } from '../chapter-5-transformer/multi-head-attention.ts';
import type { AttentionCache } from '../chapter-5-transformer/attention.ts';
import { frozenGptBackward, frozenGptForward } from './frozen-gpt.ts';
import type { FrozenGptCache } from './frozen-gpt.ts';

export interface LoraWeights {
  A: Tensor;
  B: Tensor;
}

export interface LoraCache {
  x: Tensor;
  low: Tensor;
  w: Tensor;
  adapter: LoraWeights;
  scale: number;
}

export interface AttentionLora {
  q: LoraWeights;
  v: LoraWeights;
}

export interface LoraAttentionCache {
  q: LoraCache;
  k: ProjectCache;
  v: LoraCache;
  attention: AttentionCache;
  o: ProjectCache;
}

export type LoraGptCache = FrozenGptCache<LoraAttentionCache, FeedForwardCache>;

export function loraInit(z: Tensor, out: number): LoraWeights {
  if (z.rank !== 2) throw new ShapeError(`loraInit: z must be (r, in), but it has ${z.rank} axes`);
  const [rank, inputs] = z.shape;
  const A = zeros(rank, inputs);
  for (let k = 0; k < A.size; k++) A.data[k] = z.data[k] / Math.sqrt(inputs);
  return { A, B: new Tensor([out, rank], new Float64Array(out * rank)) };
}

/** Throws unless A (r, in) and B (out, r) belong beside w (out, in). */
function fits(name: string, w: Tensor, { A, B }: LoraWeights): void {
  const right =
    A.rank === 2 && B.rank === 2 && A.shape[0] === B.shape[1] && B.shape[0] === w.shape[0] && A.shape[1] === w.shape[1];
  if (!right) throw new ShapeError(`${name}: A (${A.shape}) and B (${B.shape}) do not fit w (${w.shape})`);
}

export function loraForward(
  x: Tensor,
  w: Tensor,
  b: Tensor,
  adapter: LoraWeights,
  alpha: number,
): { y: Tensor; cache: LoraCache } {
  fits('loraForward', w, adapter);
  const { A, B } = adapter;
  const [out, inputs] = w.shape;
  if (x.shape[x.rank - 1] !== inputs) throw new ShapeError(`loraForward: x is not ${inputs} wide`);
  const r = A.shape[0];
  const scale = alpha / r;
  const tokens = x.size / inputs;
  const front = x.shape.slice(0, -1);
  const low = zeros(...front, r);
  const y = zeros(...front, out);
  for (let n = 0; n < tokens; n++) {
    for (let i = 0; i < r; i++) {
      let sum = 0;
      for (let j = inputs - 1; j >= 0; j--) sum += x.data[n * inputs + j] * A.data[i * inputs + j];
      low.data[n * r + i] = sum;
    }
    for (let k = 0; k < out; k++) {
      let detour = 0;
      for (let i = 0; i < r; i++) detour += low.data[n * r + i] * B.data[k * r + i];
      let sum = b.data[k];
      for (let j = 0; j < inputs; j++) sum += x.data[n * inputs + j] * w.data[k * inputs + j];
      y.data[n * out + k] = sum + scale * detour;
    }
  }
  return { y, cache: { x, low, w, adapter, scale } };
}

export function loraBackward(dy: Tensor, cache: LoraCache): { dx: Tensor; adapter: LoraWeights } {
  const { x, low, w, adapter, scale } = cache;
  const list = (s: Tensor) => s.reshape(-1, s.shape[s.rank - 1]);
  const up = list(dy);
  const scaled = up.mul(scale);
  const dlow = scaled.matmul(adapter.B);
  const dx = up.matmul(w).add(dlow.matmul(adapter.A));
  return {
    dx: dx.reshape(...x.shape),
    adapter: { A: dlow.T.matmul(list(x)), B: scaled.T.matmul(list(low)) },
  };
}

export function mergeLora(w: Tensor, adapter: LoraWeights, alpha: number): Tensor {
  fits('mergeLora', w, adapter);
  const r = adapter.A.shape[0];
  let change = zeros(...w.shape);
  for (let i = 0; i < r; i++) change = change.add(adapter.B.slice(null, i).outer(adapter.A.row(i)));
  return change.mul(alpha).div(r).add(w);
}

export function unmergeLora(w: Tensor, adapter: LoraWeights, alpha: number): Tensor {
  fits('unmergeLora', w, adapter);
  const { A, B } = adapter;
  const inputs = w.shape[1];
  return w.map((value, flat) => {
    const [k, j] = [Math.floor(flat / inputs), flat % inputs];
    let product = 0;
    for (let i = 0; i < A.shape[0]; i++) product += B.at(k, i) * A.at(i, j);
    return value - (product * alpha) / A.shape[0];
  });
}

export function loraParameterCount(layers: number, matrices: [out: number, inputs: number][], rank: number): number {
  let perLayer = 0;
  for (const [out, inputs] of matrices) perLayer += out + inputs;
  return perLayer * rank * layers;
}

export function loraAttentionForward(
  x: Tensor,
  mask: Tensor,
  weights: MultiHeadWeights,
  adapters: AttentionLora,
  alpha: number,
  heads: number,
): { y: Tensor; cache: LoraAttentionCache } {
  const { wQ, bQ, wK, bK, wV, bV, wO, bO } = weights;
  const parts = {
    q: loraForward(x, wQ, bQ, adapters.q, alpha),
    k: projectForward(x, wK, bK),
    v: loraForward(x, wV, bV, adapters.v, alpha),
  };
  const [q, k, v] = [parts.q.y, parts.k.y, parts.v.y].map((s) => splitHeads(s, heads));
  const looked = attentionForward(q, k, v, mask);
  const o = projectForward(mergeHeads(looked.y), wO, bO);
  return {
    y: o.y,
    cache: { q: parts.q.cache, k: parts.k.cache, v: parts.v.cache, attention: looked.cache, o: o.cache },
  };
}

export function loraAttentionBackward(dy: Tensor, cache: LoraAttentionCache): { dx: Tensor; adapters: AttentionLora } {
  const heads = cache.attention.q.shape[1];
  const dMixed = projectBackward(dy, cache.o).dx;
  const { dq, dk, dv } = attentionBackward(splitHeads(dMixed, heads), cache.attention);
  const throughValues = loraBackward(mergeHeads(dv), cache.v);
  const throughQueries = loraBackward(mergeHeads(dq), cache.q);
  const throughKeys = projectBackward(mergeHeads(dk), cache.k);
  return {
    dx: throughValues.dx.add(throughKeys.dx).add(throughQueries.dx),
    adapters: { q: throughQueries.adapter, v: throughValues.adapter },
  };
}

export function loraGptForward(
  index: number[][],
  base: GptWeights,
  adapters: AttentionLora[],
  alpha: number,
  settings: GptSettings,
): { logits: Tensor; cache: LoraGptCache } {
  const T = index[0].length;
  return frozenGptForward(index, base, (block, i) => ({
    attention: (x) => loraAttentionForward(x, causalMask(T, T), block.attention, adapters[i], alpha, settings.heads),
    feedForward: (x) => feedForward(x, block.feedForward, settings.activation),
  }));
}

export function loraGptBackward(dlogits: Tensor, cache: LoraGptCache): AttentionLora[] {
  const found: AttentionLora[] = [];
  for (const { attention } of frozenGptBackward(dlogits, loraAttentionBackward, feedForwardBackward, cache)) {
    found.push(attention.adapters);
  }
  return found;
}
