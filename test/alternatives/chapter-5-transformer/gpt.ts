/**
 * Chapter 5, topic 9, by another hand: the exit over one list of tokens, top-p as a walk from winner to winner, a writer
 * that counts, and a cache that is read through in a helper of its own.
 */
import { Tensor, concat, ones, zeros } from '#tensor';
import { adamStep, clipByNorm } from '../chapter-2-bp/optimizers.ts';
import type { AdamSettings, AdamState } from '../chapter-2-bp/optimizers.ts';
import { embeddingBackward, embeddingForward } from '../chapter-3-rnn/embedding.ts';
import type { EmbeddingCache } from '../chapter-3-rnn/embedding.ts';
import { sampleIndex, sequenceLoss, softmaxWithTemperature, topKFilter } from '../chapter-3-rnn/language-model.ts';
import { attentionForward, causalMask } from './attention.ts';
import { encoderBackward, encoderForward, residualForward } from './encoder.ts';
import type { EncoderBlockCache, EncoderBlockWeights } from './encoder.ts';
import { feedForward } from './feed-forward.ts';
import type { FeedForwardActivation } from './feed-forward.ts';
import { mergeHeads, projectForward, splitHeads } from './multi-head-attention.ts';
import type { MultiHeadWeights } from './multi-head-attention.ts';
import { EPSILON, layerNormBackward, layerNormForward } from './normalization.ts';
import type { LayerNormCache, NormWeights } from './normalization.ts';
import { parametersOf, withParameters } from './parameters.ts';
import { learnedPositionsBackward, learnedPositionsForward } from './positional-encoding.ts';
import type { LearnedPositionsCache } from './positional-encoding.ts';

export interface GptWeights {
  tokens: Tensor;
  positions: Tensor;
  blocks: EncoderBlockWeights[];
  norm: NormWeights;
  head?: Tensor;
}

export interface GptSettings {
  heads: number;
  activation: FeedForwardActivation;
}

export interface EmbedTokensCache {
  embedding: EmbeddingCache;
  positions: LearnedPositionsCache;
}

export interface HeadCache {
  norm: LayerNormCache;
  h: Tensor;
  table: Tensor;
}

export interface GptCache {
  embed: EmbedTokensCache;
  blocks: EncoderBlockCache[];
  head: HeadCache;
  tied: boolean;
}

export interface Sampling {
  temperature: number;
  topK: number;
  topP: number;
}

export interface TrainSettings extends AdamSettings {
  maxNorm: number;
}

export interface KeyValues {
  k: Tensor;
  v: Tensor;
}

export function embedTokens(
  index: number[][],
  tokens: Tensor,
  positions: Tensor,
  start: number,
): { y: Tensor; cache: EmbedTokensCache } {
  const words = embeddingForward(tokens, index);
  const placed = learnedPositionsForward(words.y, positions, start);
  return { y: placed.y, cache: { embedding: words.cache, positions: placed.cache } };
}

export function embedTokensBackward(dy: Tensor, cache: EmbedTokensCache): { dtokens: Tensor; dpositions: Tensor } {
  const dpositions = learnedPositionsBackward(dy, cache.positions).dtable;
  const dtokens = embeddingBackward(dy, cache.embedding);
  return { dtokens, dpositions };
}

export function lmHead(x: Tensor, norm: NormWeights, table: Tensor): { logits: Tensor; cache: HeadCache } {
  const [B, T, C] = x.shape;
  const V = table.shape[0];
  const { y: h, cache } = layerNormForward(x, norm.gamma, norm.beta, EPSILON);
  const columns = table.matmul(h.reshape(B * T, C).T);
  return { logits: columns.T.reshape(B, T, V), cache: { norm: cache, h, table } };
}

export function lmHeadBackward(dlogits: Tensor, cache: HeadCache): { dx: Tensor; norm: NormWeights; dtable: Tensor } {
  const { h, table, norm } = cache;
  const [B, T, V] = dlogits.shape;
  const [, C] = table.shape;
  const dtable = zeros(V, C);
  for (let n = 0; n < B * T; n++) {
    for (let v = 0; v < V; v++) {
      const slope = dlogits.data[n * V + v];
      for (let c = 0; c < C; c++) dtable.data[v * C + c] += slope * h.data[n * C + c];
    }
  }
  const dh = dlogits.matmul(table);
  const { dx, dgamma: gamma, dbeta: beta } = layerNormBackward(dh, norm);
  return { dx, norm: { gamma, beta }, dtable };
}

export function gptForward(
  index: number[][],
  weights: GptWeights,
  settings: GptSettings,
): { logits: Tensor; cache: GptCache } {
  const T = index[0].length;
  const entrance = embedTokens(index, weights.tokens, weights.positions, 0);
  const tower = encoderForward(entrance.y, causalMask(T, T), weights.blocks, { order: 'pre', ...settings });
  const tied = weights.head === undefined;
  const exit = lmHead(tower.y, weights.norm, tied ? weights.tokens : weights.head!);
  return { logits: exit.logits, cache: { embed: entrance.cache, blocks: tower.cache, head: exit.cache, tied } };
}

export function gptBackward(dlogits: Tensor, cache: GptCache): GptWeights {
  const exit = lmHeadBackward(dlogits, cache.head);
  const tower = encoderBackward(exit.dx, cache.blocks);
  const entrance = embedTokensBackward(tower.dx, cache.embed);
  const gradients: GptWeights = {
    tokens: entrance.dtokens,
    positions: entrance.dpositions,
    blocks: tower.blocks,
    norm: exit.norm,
  };
  if (cache.tied) gradients.tokens = gradients.tokens.add(exit.dtable);
  else gradients.head = exit.dtable;
  return gradients;
}

export function trainStep(
  text: number[][],
  weights: GptWeights,
  state: AdamState,
  settings: GptSettings,
  training: TrainSettings,
): { loss: number; weights: GptWeights; state: AdamState } {
  const T = text[0].length - 1;
  const read = text.map((row) => row.filter((_, t) => t < T));
  const targets = text.map(([, ...rest]) => rest);
  const { maxNorm, ...adam } = training;
  const there = gptForward(read, weights, settings);
  const { loss, dlogits } = sequenceLoss(there.logits, targets);
  const slopes = parametersOf(gptBackward(dlogits, there.cache));
  const { gradients } = clipByNorm(slopes, maxNorm);
  const after = adamStep(parametersOf(weights), gradients, state, adam);
  return { loss, weights: withParameters(weights, after.parameters), state: after.state };
}

export function topPFilter(logits: Tensor, p: number): Tensor {
  if (!(p > 0 && p <= 1)) throw new RangeError(`p must be above 0 and at most 1, not ${p}`);
  const probability = softmaxWithTemperature(logits, 1).data;
  const order = [...probability.keys()].sort((a, b) => probability[b] - probability[a] || a - b);
  const kept = new Float64Array(logits.size).fill(-Infinity);
  let before = 0;
  for (const v of order) {
    if (before >= p) break;
    kept[v] = logits.data[v];
    before += probability[v];
  }
  return new Tensor(logits.shape, kept);
}

export function chooseToken(logits: Tensor, u: number, sampling: Sampling): number {
  const { temperature, topK, topP } = sampling;
  if (!(temperature >= 0)) throw new RangeError(`a temperature must be at least 0, not ${temperature}`);
  const cold = temperature === 0;
  const heated = cold ? logits : logits.div(temperature);
  const allowed = topPFilter(topKFilter(heated, topK), topP);
  return sampleIndex(softmaxWithTemperature(allowed, cold ? 0 : 1), u);
}

export function generateText(
  prompt: number[],
  weights: GptWeights,
  settings: GptSettings,
  uniforms: number[],
  sampling: Sampling,
): number[] {
  const L = weights.positions.shape[0];
  const text = [...prompt];
  for (const u of uniforms) {
    const read = text.slice(Math.max(0, text.length - L));
    const { logits } = gptForward([read], weights, settings);
    text.push(chooseToken(logits.slice(0, read.length - 1), u, sampling));
  }
  return text.slice(prompt.length);
}

export function cachedAttention(
  x: Tensor,
  kept: KeyValues,
  weights: MultiHeadWeights,
  heads: number,
): { y: Tensor; kept: KeyValues } {
  const { wQ, bQ, wK, bK, wV, bV, wO, bO } = weights;
  const asked = projectForward(x, wQ, bQ).y;
  const k = concat([kept.k, projectForward(x, wK, bK).y], 1);
  const v = concat([kept.v, projectForward(x, wV, bV).y], 1);
  const [q, keys, values] = [asked, k, v].map((part) => splitHeads(part, heads));
  const looked = attentionForward(q, keys, values, ones(1, k.shape[1]));
  return { y: projectForward(mergeHeads(looked.y), wO, bO).y, kept: { k, v } };
}

export function cachedStep(
  token: number,
  kept: KeyValues[],
  weights: GptWeights,
  settings: GptSettings,
): { logits: Tensor; kept: KeyValues[] } {
  const { heads, activation } = settings;
  let { y: x } = embedTokens([[token]], weights.tokens, weights.positions, placesRead(kept));
  const grown: KeyValues[] = [];
  weights.blocks.forEach((block, l) => {
    const met = residualForward(x, block.norm1, 'pre', (t) => {
      const { y, kept: cache } = cachedAttention(t, kept[l], block.attention, heads);
      return { y, cache };
    });
    const thought = residualForward(met.y, block.norm2, 'pre', (t) => feedForward(t, block.feedForward, activation));
    grown.push(met.cache.inner);
    x = thought.y;
  });
  const { logits } = lmHead(x, weights.norm, weights.head ?? weights.tokens);
  return { logits: logits.flatten(), kept: grown };
}

export function generateCached(
  prompt: number[],
  weights: GptWeights,
  settings: GptSettings,
  uniforms: number[],
  sampling: Sampling,
): number[] {
  const L = weights.positions.shape[0];
  const window = prompt.slice(-L);
  const written: number[] = [];
  let kept = nothingKept(weights);
  const next = (token: number): Tensor => {
    if (placesRead(kept) < L) {
      const step = cachedStep(token, kept, weights, settings);
      kept = step.kept;
      return step.logits;
    }
    const read = [...window, ...written].slice(-L);
    return gptForward([read], weights, settings).logits.slice(0, -1);
  };
  let logits: Tensor | undefined;
  for (const token of window) logits = next(token);
  for (let i = 0; i < uniforms.length; i++) {
    if (i > 0) logits = next(written[i - 1]);
    written.push(chooseToken(logits!, uniforms[i], sampling));
  }
  return written;
}

export function nothingKept(weights: GptWeights): KeyValues[] {
  const empty = zeros(1, 0, weights.tokens.shape[1]);
  return weights.blocks.map(() => ({ k: empty, v: empty }));
}

export function placesRead(kept: KeyValues[]): number {
  return kept.length === 0 ? 0 : kept[0].k.shape[1];
}
