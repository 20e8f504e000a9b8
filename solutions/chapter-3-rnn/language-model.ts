/**
 * Chapter 3, topic 3: a language model. It reads a text token by token and says, after each, how likely every token of the
 * vocabulary is to come next. That is enough to measure how well it knows a language, and to let it write.
 */
import { ShapeError, Tensor, oneHot, showShape, zeros, zerosLike } from '#tensor';
import { crossEntropyBackward, crossEntropyForward } from '../chapter-2-bp/losses.ts';
import { linearBackward, linearForward } from '../chapter-2-bp/linear.ts';
import { embeddingBackward, embeddingForward } from './embedding.ts';
import { rnnBackward, rnnForward, rnnStep } from './rnn.ts';
import type { RnnWeights } from './rnn.ts';

/** A recurrent language model: embedding, recurrent layer, linear layer to logits. */
export interface LanguageModel {
  /** (V, E) */
  table: Tensor;
  /** H wide, over inputs of E numbers */
  rnn: RnnWeights;
  /** (V, H) */
  wOut: Tensor;
  /** (V) */
  bOut: Tensor;
}

/** What one window of text says about a model. */
export interface WindowResult {
  /** mean over all positions that are not padding, in nats */
  loss: number;
  /** (B, H) the hidden state after the last position */
  hn: Tensor;
  /** of the loss, for each parameter, under the parameter's own name */
  gradients: LanguageModel;
}

/** What stands for "no token here" among the targets. */
export const PADDING = -1;

/**
 * The cross-entropy of a batch of sequences, with padding left out, and its gradient.
 *
 * Sequences of a batch differ in length; the short ones are filled up, and the target −1 marks the filled places. They
 * count for nothing. With n the number of all the other places, over the whole batch together,
 *
 *   loss         = −(1/n) Σ over places with target ≥ 0 of log softmax(logits_tb)[target_tb]
 *   dlogits_tb   = (softmax(logits_tb) − onehot(target_tb)) / n        (V) where target_tb ≥ 0
 *                = 0                                                   (V) where target_tb = −1
 *
 * @param logits  (T, B, V)
 * @param targets (T, B) in rows: the token that should come there, 0 … V − 1, or −1 for padding
 * @returns loss, a number, and dlogits (T, B, V)
 * @throws ShapeError when logits are not (T, B, V) or targets not (T, B); RangeError when a target is neither −1 nor a
 *         whole number from 0 to V − 1, or when all of them are padding
 */
export function sequenceLoss(logits: Tensor, targets: number[][]): { loss: number; dlogits: Tensor } {
  // #region sequenceLoss
  const [T, B, V] = logits.shape;
  if (logits.rank !== 3 || targets.length !== T || targets.some((row) => row.length !== B)) {
    throw new ShapeError(`sequenceLoss: logits ${showShape(logits.shape)} and ${targets.length} rows of targets`);
  }
  const flat = targets.flat();
  const kept = flat.flatMap((target, place) => (target === PADDING ? [] : [place]));
  if (kept.length === 0) throw new RangeError('sequenceLoss: every target is padding');
  const rows = logits.reshape(T * B, V).gather(kept);
  const labels = kept.map((place) => flat[place]);
  const { loss, cache } = crossEntropyForward(rows, labels);
  const drows = crossEntropyBackward(cache);
  const dlogits = zerosLike(logits);
  kept.forEach((place, i) => dlogits.data.set(drows.row(i).data, place * V));
  return { loss, dlogits };
  // #endregion
}

/**
 * Perplexity: between how many equally likely tokens the model hesitates, on average. It is eᴸ, where L is the mean loss
 * per token in nats. A long text is measured in batches; batch i has the mean loss losses_i over counts_i tokens, so
 *
 *   L          = Σ_i counts_i · losses_i / Σ_i counts_i
 *   perplexity = e^L
 *
 * A model that gives each of V tokens the same probability has loss log V, and perplexity V.
 *
 * @param losses the mean loss of each batch, in nats
 * @param counts the number of tokens of each batch, > 0
 * @returns e^L
 * @throws RangeError when there is no batch, or losses and counts differ in number
 */
export function perplexity(losses: number[], counts: number[]): number {
  // #region perplexity
  if (losses.length === 0 || losses.length !== counts.length) {
    throw new RangeError(`perplexity: ${losses.length} losses for ${counts.length} counts`);
  }
  const total = losses.reduce((sum, loss, i) => sum + loss * counts[i], 0);
  return Math.exp(total / counts.reduce((sum, n) => sum + n, 0));
  // #endregion
}

/**
 * Probabilities from logits, more or less daring.
 *
 *   p_v = exp(logits_v / temperature) / Σ_w exp(logits_w / temperature)         (V)
 *
 * Temperature 1 is plain softmax; below 1 the likely tokens gain, above 1 all become more alike. Temperature 0 is the limit:
 * probability 1 for the largest logit (the first of equal ones), 0 for all others. A logit may be −Infinity (but not all
 * of them), which gives probability 0 at any temperature. Large logits must not overflow: e^1000 is Infinity.
 *
 * @param logits      (V)
 * @param temperature ≥ 0
 * @returns (V) probabilities that sum to 1
 * @throws RangeError when the temperature is negative or NaN
 * @see Ackley, Hinton & Sejnowski 1985, where a network got its temperature
 */
export function softmaxWithTemperature(logits: Tensor, temperature: number): Tensor {
  // #region softmaxWithTemperature
  if (!(temperature >= 0)) throw new RangeError(`softmaxWithTemperature: the temperature is ${temperature}`);
  if (temperature === 0) return oneHot([logits.argmax().item()], logits.size).row(0);
  const e = logits.sub(logits.max()).div(temperature).exp();
  return e.div(e.sum());
  // #endregion
}

/**
 * Keeps the k largest logits and forbids the others.
 *
 *   y_v = logits_v      for the k largest
 *       = −Infinity     for all others                 (V)
 *
 * Of equal logits at the border the one with the smaller index is kept, so that exactly k remain. With k ≥ V all remain.
 *
 * @param logits (V)
 * @param k      whole number ≥ 1
 * @returns (V)
 * @throws RangeError when k is not a whole number ≥ 1
 * @see Fan, Lewis & Dauphin 2018, "Hierarchical neural story generation", §5
 */
export function topKFilter(logits: Tensor, k: number): Tensor {
  // #region topKFilter
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`topKFilter: k must be a whole number ≥ 1, not ${k}`);
  const order = Array.from(logits.data.keys()).sort((a, b) => logits.data[b] - logits.data[a] || a - b);
  const kept = new Set(order.slice(0, k));
  return logits.map((x, v) => (kept.has(v) ? x : -Infinity));
  // #endregion
}

/**
 * Draws a token from a distribution, by a uniform random number that is given.
 *
 *   cum_v = p_0 + … + p_v
 *   token = the first v with cum_v > u
 *
 * Greater, not "greater or equal": with u = 0 a token of probability 0 must not be drawn. Rounding may leave even the
 * last sum at or below u; then the token is the last one with p_v > 0.
 *
 * @param p (V) probabilities, each ≥ 0, that sum to 1
 * @param u 0 ≤ u < 1
 * @returns the token, from 0 to V − 1
 * @throws RangeError when u is not in [0, 1)
 */
export function sampleIndex(p: Tensor, u: number): number {
  // #region sampleIndex
  if (!(u >= 0 && u < 1)) throw new RangeError(`sampleIndex: u must be in [0, 1), not ${u}`);
  let sum = 0;
  const found = p.data.findIndex((x) => (sum += x) > u);
  return found >= 0 ? found : p.data.findLastIndex((x) => x > 0);
  // #endregion
}

/**
 * Lets a model write. Each token it draws is what it reads next.
 *
 *   x_1 = table[first]
 *   h_t = rnnStep(x_t, h_{t−1})                            (1, H), from h0
 *   logits_t = h_t wOutᵀ + bOut                            (1, V), of which the filter wants the one row, (V)
 *   token_t = drawn by uniforms_t from the k largest logits, at the temperature       (filter, then softmax)
 *   x_{t+1} = table[token_t]
 *
 * @param first       the token it reads first; not part of the result
 * @param h0          (1, H) its state before that
 * @param model       a batch of one
 * @param uniforms    one number in [0, 1) for each token to draw; may be empty
 * @param temperature ≥ 0, as in softmaxWithTemperature
 * @param k           as in topKFilter; V or more to allow every token
 * @returns the tokens drawn, as many as there are uniforms
 */
export function generate(
  first: number,
  h0: Tensor,
  model: LanguageModel,
  uniforms: number[],
  temperature: number,
  k: number,
): number[] {
  // #region generate
  let [token, h] = [first, h0];
  return uniforms.map((u) => {
    const { y: x } = embeddingForward(model.table, [token]);
    h = rnnStep(x, h, model.rnn).h;
    const logits = linearForward(h, model.wOut, model.bOut).y.row(0);
    token = sampleIndex(softmaxWithTemperature(topKFilter(logits, k), temperature), u);
    return token;
  });
  // #endregion
}

/**
 * A window of text forward through the model, and its gradients back.
 *
 *   x      = table[tokens]                      (T, B, E)
 *   y, hn  = rnnForward(x, h0)                  (T, B, H), (B, H)
 *   logits = y wOutᵀ + bOut                     (T, B, V)     linearForward takes them as (T·B, H)
 *   loss   = sequenceLoss(logits, targets)
 *
 * and back through the same four. Nothing after the window is known, so the gradient of hn is zero; that of h0 is not
 * wanted.
 *
 * @param tokens  (T, B) in rows: what the model reads, 0 … V − 1
 * @param targets (T, B) in rows: what comes next, or −1 for padding
 * @param h0      (B, H) the state before the window
 * @param model   table (V, E), rnn of width H, wOut (V, H), bOut (V)
 * @returns loss, hn (B, H), and gradients { table, rnn: { wIh, wHh, bIh, bHh }, wOut, bOut }
 * @throws ShapeError or RangeError where one of its parts would
 */
export function languageModelStep(
  tokens: number[][],
  targets: number[][],
  h0: Tensor,
  model: LanguageModel,
): WindowResult {
  // #region languageModelStep
  const { table, wOut, bOut } = model;
  const words = embeddingForward(table, tokens);
  const { y, hn, cache } = rnnForward(words.y, h0, model.rnn);
  const [T, B, H] = y.shape;
  const head = linearForward(y.reshape(T * B, H), wOut, bOut);
  const { loss, dlogits } = sequenceLoss(head.y.reshape(T, B, -1), targets);
  const { dx: dy, dw, db } = linearBackward(dlogits.reshape(T * B, -1), head.cache);
  const { dx, weights } = rnnBackward(dy.reshape(T, B, H), zeros(B, H), cache);
  return { loss, hn, gradients: { table: embeddingBackward(dx, words.cache), rnn: weights, wOut: dw, bOut: db } };
  // #endregion
}

/**
 * Truncated backpropagation through time: a long text in windows, from left to right. The value of the state is carried
 * from each window into the next; the gradient is cut there.
 *
 *   window i covers the times i·length … (i + 1)·length − 1       the last one may be shorter
 *   window i starts from the state in which window i − 1 ended, the first one from h0
 *   its loss and gradients are languageModelStep's, with that starting state taken as a constant
 *
 * All windows use the model as given. (In training one would take a step of the optimizer after each.)
 *
 * @param tokens  (T, B) in rows, T ≥ 1
 * @param targets (T, B) in rows; in each window at least one is not padding
 * @param h0      (B, H)
 * @param model   as in languageModelStep
 * @param length  of a window, a whole number ≥ 1
 * @returns one WindowResult for each window, in the order of time: loss, hn, gradients
 * @throws RangeError when the length is not a whole number ≥ 1, or tokens and targets differ in T
 * @see Williams & Peng 1990; Sutskever 2013, §2.8.6
 */
export function truncatedBackpropagation(
  tokens: number[][],
  targets: number[][],
  h0: Tensor,
  model: LanguageModel,
  length: number,
): WindowResult[] {
  // #region truncatedBackpropagation
  if (!Number.isInteger(length) || length < 1) throw new RangeError(`truncatedBackpropagation: windows of ${length}`);
  if (tokens.length !== targets.length) {
    throw new RangeError(`truncatedBackpropagation: ${tokens.length} tokens for ${targets.length} targets`);
  }
  const windows: WindowResult[] = [];
  let h = h0;
  for (let t = 0; t < tokens.length; t += length) {
    const window = languageModelStep(tokens.slice(t, t + length), targets.slice(t, t + length), h, model);
    windows.push(window);
    h = window.hn;
  }
  return windows;
  // #endregion
}
