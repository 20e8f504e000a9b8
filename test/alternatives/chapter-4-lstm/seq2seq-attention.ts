/**
 * Chapter 4, topic 5: from one sequence to another, through a single vector and with attention.
 *
 * Style: one query at a time where the lesson has matrices, matrices where it has pairs, and the softmax written out.
 */
import { ShapeError, Tensor, stack, zeros } from '#tensor';
import type { SoftmaxCache } from '../chapter-2-bp/activations.ts';
import { lstmBackward, lstmForward } from './lstm.ts';
import type { LstmCache, LstmWeights } from './lstm.ts';

export interface Seq2seqCache {
  encoder: LstmCache;
  decoder: LstmCache;
  encoded: Tensor;
}

export interface Seq2seqGradients {
  dsource: Tensor;
  dtarget: Tensor;
  encoder: LstmWeights;
  decoder: LstmWeights;
}

export interface AttendCache {
  softmax: SoftmaxCache;
  weights: Tensor;
  values: Tensor;
}

export interface AdditiveParameters {
  wQ: Tensor;
  wK: Tensor;
  v: Tensor;
}

export interface AdditiveScoresCache {
  q: Tensor;
  k: Tensor;
  e: Tensor;
  parameters: AdditiveParameters;
}

export interface AdditiveCache {
  scores: AdditiveScoresCache;
  attend: AttendCache;
}

export interface AdditiveGradients {
  dq: Tensor;
  dk: Tensor;
  dvalues: Tensor;
  parameters: AdditiveParameters;
}

export interface DotCache {
  q: Tensor;
  k: Tensor;
  attend: AttendCache;
}

export function seq2seqForward(
  source: Tensor,
  target: Tensor,
  encoder: LstmWeights,
  decoder: LstmWeights,
): { y: Tensor; cache: Seq2seqCache } {
  const nothing = zeros(source.shape[1], encoder.bIh.size / 4);
  const read = lstmForward(source, nothing, nothing, encoder);
  const written = lstmForward(target, read.hn, read.cn, decoder);
  return { y: written.y, cache: { encoder: read.cache, decoder: written.cache, encoded: read.y } };
}

export function seq2seqBackward(dy: Tensor, cache: Seq2seqCache): Seq2seqGradients {
  const [, B, H] = dy.shape;
  const unread = zeros(B, H);
  const fromDecoder = lstmBackward(dy, unread, unread, cache.decoder);
  const S = cache.encoder.steps.length;
  const fromEncoder = lstmBackward(zeros(S, B, H), fromDecoder.dh0, fromDecoder.dc0, cache.encoder);
  return {
    dsource: fromEncoder.dx,
    dtarget: fromDecoder.dx,
    encoder: fromEncoder.weights,
    decoder: fromDecoder.weights,
  };
}

export function attend(scores: Tensor, values: Tensor): { y: Tensor; weights: Tensor; cache: AttendCache } {
  const [T, S] = scores.shape;
  if (values.shape[0] !== S) throw new ShapeError(`attend: scores for ${S} keys, but ${values.shape[0]} values`);
  const weights = zeros(T, S);
  const y = zeros(T, values.shape[1]);
  for (let i = 0; i < T; i++) {
    const row = scores.data.slice(i * S, (i + 1) * S);
    const top = Math.max(...row);
    const powers = row.map((score) => Math.exp(score - top));
    const sum = powers.reduce((a, b) => a + b, 0);
    for (let j = 0; j < S; j++) {
      const w = powers[j] / sum;
      weights.data[i * S + j] = w;
      for (let d = 0; d < values.shape[1]; d++) y.data[i * values.shape[1] + d] += w * values.at(j, d);
    }
  }
  return { y, weights, cache: { softmax: { y: weights }, weights, values } };
}

export function attendBackward(dy: Tensor, cache: AttendCache): { dscores: Tensor; dvalues: Tensor } {
  const { weights, values } = cache;
  // What each value is worth to the gradient, less what its query gets on average.
  const worth = values.matmul(dy.T).T;
  const average = worth.mul(weights).sum(1, { keepDims: true });
  return {
    dscores: worth.sub(average).mul(weights),
    dvalues: dy.T.matmul(weights).T,
  };
}

export function additiveScores(
  q: Tensor,
  k: Tensor,
  parameters: AdditiveParameters,
): { scores: Tensor; cache: AdditiveScoresCache } {
  const { wQ, wK, v } = parameters;
  const A = v.size;
  if (wQ.shape[0] !== A || wK.shape[0] !== A) throw new ShapeError('additiveScores: wQ, wK and v differ in A');
  if (q.shape[1] !== wQ.shape[1]) throw new ShapeError('additiveScores: q and wQ differ in their width');
  if (k.shape[1] !== wK.shape[1]) throw new ShapeError('additiveScores: k and wK differ in their width');
  const [T, S] = [q.shape[0], k.shape[0]];
  const Q = q.matmul(wQ.T);
  const K = k.matmul(wK.T);
  const rows: Tensor[] = [];
  for (let i = 0; i < T; i++) rows.push(K.add(Q.row(i)).tanh());
  const e = stack(rows);
  return {
    scores: e
      .reshape(T * S, A)
      .matmul(v)
      .reshape(T, S),
    cache: { q, k, e, parameters },
  };
}

export function additiveScoresBackward(
  dscores: Tensor,
  cache: AdditiveScoresCache,
): { dq: Tensor; dk: Tensor; parameters: AdditiveParameters } {
  const { q, k, e, parameters } = cache;
  const [T, S, A] = e.shape;
  const dQ = zeros(T, A);
  const dK = zeros(S, A);
  const dv = zeros(A);
  for (let i = 0; i < T; i++) {
    for (let j = 0; j < S; j++) {
      const ds = dscores.at(i, j);
      for (let a = 0; a < A; a++) {
        const eija = e.at(i, j, a);
        dv.data[a] += ds * eija;
        const da = ds * parameters.v.data[a] * (1 - eija * eija);
        dQ.data[i * A + a] += da;
        dK.data[j * A + a] += da;
      }
    }
  }
  return {
    dq: dQ.matmul(parameters.wQ),
    dk: dK.matmul(parameters.wK),
    parameters: { wQ: dQ.T.matmul(q), wK: dK.T.matmul(k), v: dv },
  };
}

export function additiveAttention(
  q: Tensor,
  k: Tensor,
  values: Tensor,
  parameters: AdditiveParameters,
): { y: Tensor; weights: Tensor; cache: AdditiveCache } {
  const first = additiveScores(q, k, parameters);
  const { cache: attendCache, ...result } = attend(first.scores, values);
  return { ...result, cache: { scores: first.cache, attend: attendCache } };
}

export function additiveAttentionBackward(dy: Tensor, cache: AdditiveCache): AdditiveGradients {
  const { dscores, dvalues } = attendBackward(dy, cache.attend);
  return { ...additiveScoresBackward(dscores, cache.scores), dvalues };
}

export function dotAttention(q: Tensor, k: Tensor, values: Tensor): { y: Tensor; weights: Tensor; cache: DotCache } {
  if (q.shape[1] !== k.shape[1]) throw new ShapeError(`dotAttention: q is ${q.shape[1]} wide, k ${k.shape[1]}`);
  const scores = zeros(q.shape[0], k.shape[0]);
  for (let i = 0; i < q.shape[0]; i++) {
    for (let j = 0; j < k.shape[0]; j++) scores.data[i * k.shape[0] + j] = q.row(i).dot(k.row(j));
  }
  const { y, weights, cache } = attend(scores, values);
  return { y, weights, cache: { q, k, attend: cache } };
}

export function dotAttentionBackward(dy: Tensor, cache: DotCache): { dq: Tensor; dk: Tensor; dvalues: Tensor } {
  const { q, k } = cache;
  const { dscores, dvalues } = attendBackward(dy, cache.attend);
  const dq = stack(Array.from({ length: q.shape[0] }, (_, i) => dscores.row(i).matmul(k)));
  const dk = q.T.matmul(dscores).T;
  return { dq, dk, dvalues };
}
