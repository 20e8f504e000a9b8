/**
 * Chapter 5, topic 9: a GPT. Tokens and their places go in, blocks that may not look ahead work on them, and out comes, for
 * every place, how likely each token is to stand there next. What is new is only the two ends; between them is all you have
 * written.
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

/** The parameters of a GPT, or the gradients of a loss with respect to them. */
export interface GptWeights {
  /** (V, C) a vector for each token */
  tokens: Tensor;
  /** (L, C) a vector for each place; L is the longest text it can read */
  positions: Tensor;
  blocks: EncoderBlockWeights[];
  /** the last norm, before the head */
  norm: NormWeights;
  /** (V, C); left out when the head is tied: then the table of tokens is used once more */
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
  /** (B, T, C) after the norm */
  h: Tensor;
  /** (V, C) */
  table: Tensor;
}

export interface GptCache {
  embed: EmbedTokensCache;
  blocks: EncoderBlockCache[];
  head: HeadCache;
  tied: boolean;
}

/** How the next token is chosen. */
export interface Sampling {
  /** ≥ 0, as in softmaxWithTemperature */
  temperature: number;
  /** a whole number ≥ 1; V or more to allow every token */
  topK: number;
  /** 0 < topP ≤ 1; 1 to allow every token */
  topP: number;
}

/** Training's settings: Adam's, and the largest norm that the gradient may have. */
export interface TrainSettings extends AdamSettings {
  /** > 0 */
  maxNorm: number;
}

/** What one block has seen so far: the keys and values of every token. */
export interface KeyValues {
  /** (1, S, C) before the heads are split */
  k: Tensor;
  /** (1, S, C) */
  v: Tensor;
}

/**
 * The entrance: each token's vector plus that of its place.
 *
 *   x_bt = tokens[index_bt] + positions[start + t]      (B, T, C)
 *
 * @param index     (B, T) in rows: tokens, 0 … V − 1
 * @param tokens    (V, C)
 * @param positions (L, C)
 * @param start     the place of the first token, ≥ 0; 0 unless a text is being continued
 * @returns y (B, T, C), and the cache for embedTokensBackward
 * @throws RangeError when start + T > L, or where embeddingForward would
 */
export function embedTokens(
  index: number[][],
  tokens: Tensor,
  positions: Tensor,
  start: number,
): { y: Tensor; cache: EmbedTokensCache } {
  throw new Error('TODO: embedTokens');
}

/**
 * The way back through the entrance.
 *
 * @param dy    (B, T, C) upstream gradient of y
 * @param cache from embedTokens
 * @returns dtokens (V, C) and dpositions (L, C)
 */
export function embedTokensBackward(dy: Tensor, cache: EmbedTokensCache): { dtokens: Tensor; dpositions: Tensor } {
  throw new Error('TODO: embedTokensBackward');
}

/**
 * The exit: a last LayerNorm (ε = EPSILON), then the product of every token with every row of a table. A token's logit is
 * high where its vector points the same way.
 *
 *   h      = LayerNorm(x)        (B, T, C)
 *   logits = h tableᵀ            (B, T, V)      no bias
 *
 * @param x     (B, T, C) what the last block gave
 * @param norm  gamma (C), beta (C)
 * @param table (V, C)
 * @returns logits (B, T, V), and the cache for lmHeadBackward
 */
export function lmHead(x: Tensor, norm: NormWeights, table: Tensor): { logits: Tensor; cache: HeadCache } {
  throw new Error('TODO: lmHead');
}

/**
 * The way back through the exit.
 *
 *   dh     = dlogits table, back through the norm         (B, T, C)
 *   dtable = Σ over all tokens of dlogitsᵀ h              (V, C)
 *
 * @param dlogits (B, T, V) upstream gradient of the logits
 * @param cache   from lmHead
 * @returns dx (B, T, C), norm: the gradients of gamma and beta under the parameters' own names, and dtable (V, C)
 */
export function lmHeadBackward(dlogits: Tensor, cache: HeadCache): { dx: Tensor; norm: NormWeights; dtable: Tensor } {
  throw new Error('TODO: lmHeadBackward');
}

/**
 * A GPT: entrance, causal blocks with the norm before each sublayer, exit.
 *
 *   x      = embedTokens(index), from place 0                          (B, T, C)
 *   y      = encoder blocks, order 'pre', with a causal mask           (B, T, C)
 *   logits = lmHead(y, norm, head, or tokens where the head is tied)   (B, T, V)
 *
 * @param index    (B, T) in rows: tokens, 0 … V − 1; T ≤ L
 * @param weights  tokens, positions, blocks, norm, and head unless it is tied
 * @param settings heads, activation
 * @returns logits (B, T, V), where row t says what may come after token t, and the cache for gptBackward
 * @throws RangeError when T > L
 * @see Radford et al. 2019 (GPT-2), §2.3; Press & Wolf 2017 for the tied head
 */
export function gptForward(
  index: number[][],
  weights: GptWeights,
  settings: GptSettings,
): { logits: Tensor; cache: GptCache } {
  throw new Error('TODO: gptForward');
}

/**
 * The way back through a GPT. With a tied head the table of tokens was used twice, and gets both gradients.
 *
 * @param dlogits (B, T, V) upstream gradient of the logits
 * @param cache   from gptForward
 * @returns the gradient of every parameter, in the form of GptWeights; head only where it is not tied
 */
export function gptBackward(dlogits: Tensor, cache: GptCache): GptWeights {
  throw new Error('TODO: gptBackward');
}

/**
 * One step of training. At every place the model is asked for the token that comes next, so a text of T + 1 tokens gives T
 * questions with their answers.
 *
 *   read    = text without its last token         (B, T)
 *   targets = text without its first token        (B, T)
 *   loss    = mean cross-entropy of gptForward(read) against the targets, over all B · T places      (sequenceLoss)
 *   g       = all gradients, scaled down together where their norm exceeds maxNorm                   (clipByNorm)
 *   θ′      = adamStep(θ, g)
 *
 * `sequenceLoss` speaks of (T, B); a mean over all places is the same in either order, so (B, T) goes in as it is.
 * `parametersOf` and `withParameters` turn weights into a list and back.
 *
 * @param text     (B, T + 1) in rows: tokens
 * @param weights  before the step; not changed
 * @param state    Adam's, its lists in the order of parametersOf
 * @param settings of the model: heads, activation
 * @param training Adam's settings, and maxNorm
 * @returns the loss before the step, and weights and state after it
 */
export function trainStep(
  text: number[][],
  weights: GptWeights,
  state: AdamState,
  settings: GptSettings,
  training: TrainSettings,
): { loss: number; weights: GptWeights; state: AdamState } {
  throw new Error('TODO: trainStep');
}

/**
 * Keeps the likeliest tokens that together have at least probability p, and forbids the others ("nucleus sampling").
 *
 *   in the order of falling probability (of equal ones the smaller index first):
 *     a token is kept when those before it have together less than p
 *
 * So the token that reaches p is kept too, and at least one always is.
 *
 * @param logits (V), some may be −Infinity
 * @param p      0 < p ≤ 1
 * @returns (V) the logits of the tokens that are kept, −Infinity for the others
 * @throws RangeError when p is not greater than 0 and at most 1
 * @see Holtzman et al. 2020, "The curious case of neural text degeneration", §3.1
 */
export function topPFilter(logits: Tensor, p: number): Tensor {
  throw new Error('TODO: topPFilter');
}

/**
 * Chooses the next token: the temperature first, then the k likeliest, then the likeliest of those up to p, then the draw.
 *
 *   z     = logits / temperature
 *   z     = topPFilter(topKFilter(z, topK), topP)
 *   token = drawn by u from softmax(z)                       (sampleIndex)
 *
 * With temperature 0 nothing is divided and nothing left to chance: the largest logit wins, the first of equal ones. The
 * filters never forbid it.
 *
 * @param logits   (V)
 * @param u        0 ≤ u < 1
 * @param sampling temperature ≥ 0, topK ≥ 1, 0 < topP ≤ 1
 * @returns the token
 * @throws RangeError when temperature, topK, topP or u is out of its range, at temperature 0 as at any other
 */
export function chooseToken(logits: Tensor, u: number, sampling: Sampling): number {
  throw new Error('TODO: chooseToken');
}

/**
 * Lets a GPT write. It reads what there is, chooses the next token, appends it, and reads again.
 *
 *   window = the last L tokens of the text, or all when there are fewer      it stands at the places 0, 1, …
 *   logits = the last row of gptForward(window)                              (V)
 *   token  = chooseToken(logits, the next uniform number, sampling)
 *
 * @param prompt   at least one token
 * @param weights  of the model
 * @param settings of the model
 * @param uniforms one number in [0, 1) for each token to write; may be empty
 * @param sampling temperature, topK, topP
 * @returns the tokens written, without the prompt, as many as there are uniforms
 */
export function generateText(
  prompt: number[],
  weights: GptWeights,
  settings: GptSettings,
  uniforms: number[],
  sampling: Sampling,
): number[] {
  throw new Error('TODO: generateText');
}

/**
 * Attention for one new token, when the keys and values of all tokens before it have been kept.
 *
 *   k, v = those kept, and after them the new token's: x wKᵀ + bK and x wVᵀ + bV      (1, S + 1, C)
 *   y    = multi-head attention of the new token's query over all S + 1 of them       (1, 1, C)
 *
 * The newest token may look at everything there is, so there is nothing to mask.
 *
 * @param x       (1, 1, C) the new token
 * @param kept    k and v, (1, S, C) each; S is 0 at the very first token
 * @param weights as in multiHeadForward
 * @param heads   h, divides C
 * @returns y (1, 1, C), and kept with the new token's key and value at the end, (1, S + 1, C) each
 */
export function cachedAttention(
  x: Tensor,
  kept: KeyValues,
  weights: MultiHeadWeights,
  heads: number,
): { y: Tensor; kept: KeyValues } {
  throw new Error('TODO: cachedAttention');
}

/**
 * A GPT reads one more token. What it kept of the tokens before makes this as much work as one row, not as S + 1 rows.
 *
 *   x      = tokens[token] + positions[S]                              (1, 1, C)     S: how many tokens have been read
 *   x      = every block: residual(cachedAttention), residual(feedForward), order 'pre'
 *   logits = lmHead(x, norm, head or tokens)                           (V)
 *
 * @param token    0 … V − 1
 * @param kept     one entry for each block, from the last step; (1, 0, C) tensors before the first token
 * @param weights  of the model, which has at least one block
 * @param settings of the model
 * @returns logits (V), the last row of gptForward of all tokens read so far, and kept for the next step
 * @throws RangeError when L tokens have been read already: there is no place left
 */
export function cachedStep(
  token: number,
  kept: KeyValues[],
  weights: GptWeights,
  settings: GptSettings,
): { logits: Tensor; kept: KeyValues[] } {
  throw new Error('TODO: cachedStep');
}

/**
 * generateText, faster: the same tokens, with the keys and values kept while the text fits into the L places.
 *
 * Up to L tokens each new one takes one cachedStep. Beyond that the window moves on, every token in it stands at another
 * place than before, and all that was kept is worthless: then each new token takes a gptForward of the last L tokens.
 *
 * @param prompt   at least one token; only its last L are read
 * @param weights  of the model
 * @param settings of the model
 * @param uniforms one number in [0, 1) for each token to write; may be empty
 * @param sampling temperature, topK, topP
 * @returns the tokens written, exactly those of generateText
 */
export function generateCached(
  prompt: number[],
  weights: GptWeights,
  settings: GptSettings,
  uniforms: number[],
  sampling: Sampling,
): number[] {
  throw new Error('TODO: generateCached');
}

/** What is kept before the first token: for each block keys and values of no tokens, (1, 0, C). */
export function nothingKept(weights: GptWeights): KeyValues[] {
  const empty = zeros(1, 0, weights.tokens.shape[1]);
  return weights.blocks.map(() => ({ k: empty, v: empty }));
}

/** How many tokens have been read, S. */
export function placesRead(kept: KeyValues[]): number {
  return kept.length === 0 ? 0 : kept[0].k.shape[1];
}
