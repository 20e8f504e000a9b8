/**
 * Chapter 3, topic 3: a language model.
 *
 * Style: a helper for the logarithm of a sum of exponentials; products on all three axes; drawing by subtraction.
 */
import { ShapeError, Tensor, showShape, zerosLike } from '#tensor';
import { embeddingBackward, embeddingForward } from './embedding.ts';
import { rnnBackward, rnnForward, rnnStep } from './rnn.ts';
import type { RnnWeights } from './rnn.ts';

export interface LanguageModel {
  table: Tensor;
  rnn: RnnWeights;
  wOut: Tensor;
  bOut: Tensor;
}

export interface WindowResult {
  loss: number;
  hn: Tensor;
  gradients: LanguageModel;
}

export const PADDING = -1;

function logSumExp(row: ArrayLike<number>): number {
  const values = Array.from(row);
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, v) => sum + Math.exp(v - top), 0));
}

export function sequenceLoss(logits: Tensor, targets: number[][]): { loss: number; dlogits: Tensor } {
  if (logits.rank !== 3) throw new ShapeError(`sequenceLoss: logits must be (T, B, V), not ${showShape(logits.shape)}`);
  const [T, B, V] = logits.shape;
  if (targets.length !== T || targets.some((row) => row.length !== B))
    throw new ShapeError(`sequenceLoss: targets must be (${T}, ${B})`);
  const places: { at: number; target: number }[] = [];
  targets.flat().forEach((target, n) => {
    if (!Number.isInteger(target) || target < PADDING || target >= V)
      throw new RangeError(`sequenceLoss: ${target} is neither a token nor padding`);
    if (target !== PADDING) places.push({ at: n * V, target });
  });
  const n = places.length;
  if (n === 0) throw new RangeError('sequenceLoss: nothing but padding');
  let loss = 0;
  const data = new Float64Array(T * B * V);
  for (const { at, target } of places) {
    const row = logits.data.subarray(at, at + V);
    const norm = logSumExp(row);
    loss += (norm - row[target]) / n;
    row.forEach((z, v) => {
      data[at + v] = Math.exp(z - norm) / n;
    });
    data[at + target] -= 1 / n;
  }
  return { loss, dlogits: new Tensor([T, B, V], data) };
}

export function perplexity(losses: number[], counts: number[]): number {
  if (losses.length === 0 || losses.length !== counts.length)
    throw new RangeError('perplexity: one count for each loss, and at least one');
  const tokens = counts.reduce((a, b) => a + b, 0);
  const mean = losses.reduce((sum, loss, i) => sum + (counts[i] / tokens) * loss, 0);
  return Math.exp(mean);
}

export function softmaxWithTemperature(logits: Tensor, temperature: number): Tensor {
  if (Number.isNaN(temperature) || temperature < 0)
    throw new RangeError(`softmaxWithTemperature: ${temperature} is no temperature`);
  const [V] = logits.shape;
  if (temperature === 0) {
    const best = logits.argmax().item();
    return new Tensor(
      [V],
      Array.from({ length: V }, (_, v) => (v === best ? 1 : 0)),
    );
  }
  const top = Math.max(...logits.data);
  const warm = Array.from(logits.data, (z) => Math.exp((z - top) / temperature));
  const total = warm.reduce((a, b) => a + b);
  return new Tensor(
    [V],
    warm.map((e) => e / total),
  );
}

export function topKFilter(logits: Tensor, k: number): Tensor {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`topKFilter: ${k} is no number of tokens`);
  const z = logits.data;
  return logits.map((value, v) => {
    let better = 0;
    for (let w = 0; w < z.length; w++) {
      if (z[w] > value || (z[w] === value && w < v)) better += 1;
    }
    return better < k ? value : -Infinity;
  });
}

export function sampleIndex(p: Tensor, u: number): number {
  if (!(u >= 0 && u < 1)) throw new RangeError(`sampleIndex: ${u} is not in [0, 1)`);
  let left = u;
  let last = 0;
  for (const [v, share] of p.data.entries()) {
    if (left < share) return v;
    left -= share;
    if (share > 0) last = v;
  }
  return last;
}

export function generate(
  first: number,
  h0: Tensor,
  model: LanguageModel,
  uniforms: number[],
  temperature: number,
  k: number,
): number[] {
  const { table, rnn, wOut, bOut } = model;
  const text: number[] = [];
  uniforms.reduce(
    ({ token, state }, u) => {
      const { h } = rnnStep(embeddingForward(table, [token]).y, state, rnn);
      const logits = wOut.matmul(h.flatten()).add(bOut);
      const next = sampleIndex(softmaxWithTemperature(topKFilter(logits, k), temperature), u);
      text.push(next);
      return { token: next, state: h };
    },
    { token: first, state: h0 },
  );
  return text;
}

export function languageModelStep(
  tokens: number[][],
  targets: number[][],
  h0: Tensor,
  model: LanguageModel,
): WindowResult {
  const embedded = embeddingForward(model.table, tokens);
  const recurrent = rnnForward(embedded.y, h0, model.rnn);
  const logits = recurrent.y.matmul(model.wOut.T).add(model.bOut);
  const { loss, dlogits } = sequenceLoss(logits, targets);

  const [T] = dlogits.shape;
  let dwOut = zerosLike(model.wOut);
  for (let t = 0; t < T; t++) dwOut = dwOut.add(dlogits.slice(t).T.matmul(recurrent.y.slice(t)));
  const back = rnnBackward(dlogits.matmul(model.wOut), zerosLike(recurrent.hn), recurrent.cache);
  return {
    loss,
    hn: recurrent.hn,
    gradients: {
      table: embeddingBackward(back.dx, embedded.cache),
      rnn: back.weights,
      wOut: dwOut,
      bOut: dlogits.sum([0, 1]),
    },
  };
}

export function truncatedBackpropagation(
  tokens: number[][],
  targets: number[][],
  h0: Tensor,
  model: LanguageModel,
  length: number,
): WindowResult[] {
  if (!Number.isInteger(length) || length < 1) throw new RangeError(`truncatedBackpropagation: windows of ${length}`);
  if (tokens.length !== targets.length)
    throw new RangeError('truncatedBackpropagation: tokens and targets differ in T');
  const windows = Math.ceil(tokens.length / length);
  const results: WindowResult[] = [];
  for (let i = 0; i < windows; i++) {
    const [from, to] = [i * length, (i + 1) * length];
    const start = results.at(-1)?.hn ?? h0;
    results.push(languageModelStep(tokens.slice(from, to), targets.slice(from, to), start, model));
  }
  return results;
}
