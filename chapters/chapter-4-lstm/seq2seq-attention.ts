/**
 * Chapter 4, topic 5: from one sequence to another. First through a single vector, which is too narrow a door; then with
 * attention, which looks back at everything that was read.
 *
 * The encoder and the decoder take batches, (S, B, features) and (T, B, features). Attention is written for one sequence
 * of T queries and one of S keys with their values: matrices, one row per time.
 */
import { ShapeError, Tensor, showShape, zeros, zerosLike } from '#tensor';
import { softmaxBackward, softmaxForward } from '../chapter-2-bp/activations.ts';
import type { SoftmaxCache } from '../chapter-2-bp/activations.ts';
import { lstmBackward, lstmForward } from './lstm.ts';
import type { LstmCache, LstmWeights } from './lstm.ts';

export interface Seq2seqCache {
  encoder: LstmCache;
  decoder: LstmCache;
  /** (S, B, H) what the encoder gave out, and nobody read */
  encoded: Tensor;
}

export interface Seq2seqGradients {
  /** (S, B, D) */
  dsource: Tensor;
  /** (T, B, E) */
  dtarget: Tensor;
  encoder: LstmWeights;
  decoder: LstmWeights;
}

export interface AttendCache {
  softmax: SoftmaxCache;
  /** (T, S) */
  weights: Tensor;
  /** (S, d_v) */
  values: Tensor;
}

/** The parameters of additive attention, or the gradients of a loss with respect to them. A is a width of your choice. */
export interface AdditiveParameters {
  /** (A, d_q) for the queries */
  wQ: Tensor;
  /** (A, d_k) for the keys */
  wK: Tensor;
  /** (A) turns A numbers into one score */
  v: Tensor;
}

export interface AdditiveScoresCache {
  /** (T, d_q) */
  q: Tensor;
  /** (S, d_k) */
  k: Tensor;
  /** (T, S, A) tanh(wQ q_i + wK k_j) for every pair */
  e: Tensor;
  parameters: AdditiveParameters;
}

export interface AdditiveCache {
  scores: AdditiveScoresCache;
  attend: AttendCache;
}

export interface AdditiveGradients {
  /** (T, d_q) */
  dq: Tensor;
  /** (S, d_k) */
  dk: Tensor;
  /** (S, d_v) */
  dvalues: Tensor;
  parameters: AdditiveParameters;
}

export interface DotCache {
  /** (T, d) */
  q: Tensor;
  /** (S, d) */
  k: Tensor;
  attend: AttendCache;
}

/**
 * An encoder and a decoder: one LSTM reads the source, another writes from the state in which the first one ended.
 *
 *   hn, cn = the encoder's states after the whole source, which it reads from zeros      (B, H) each
 *   y      = the decoder's hidden states over the target's inputs, from h0 = hn, c0 = cn (T, B, H)
 *
 * Whatever the decoder knows of the source is in these two (B, H) tensors, however long the source was.
 *
 * @param source  (S, B, D) what is read
 * @param target  (T, B, E) what the decoder is fed: in training the right answer, one step late ("teacher forcing")
 * @param encoder an LSTM from D to H: wIh (4H, D), wHh (4H, H), bIh (4H), bHh (4H)
 * @param decoder an LSTM from E to H, of the same width H
 * @returns y (T, B, H), and the cache
 * @see Sutskever, Vinyals & Le 2014, "Sequence to sequence learning with neural networks"
 */
export function seq2seqForward(
  source: Tensor,
  target: Tensor,
  encoder: LstmWeights,
  decoder: LstmWeights,
): { y: Tensor; cache: Seq2seqCache } {
  throw new Error('TODO: seq2seqForward');
}

/**
 * Back through the decoder, through the door between the two, and through the encoder.
 *
 *   the decoder:  upstream dy for its outputs, 0 for its final states (nobody reads them)      gives dtarget, dh0, dc0
 *   the encoder:  upstream 0 for its outputs (nobody reads them), dh0 and dc0 for its final states      gives dsource
 *
 * @param dy    (T, B, H) upstream gradient of y
 * @param cache from seq2seqForward
 * @returns dsource (S, B, D), dtarget (T, B, E), encoder and decoder with one gradient per parameter
 */
export function seq2seqBackward(dy: Tensor, cache: Seq2seqCache): Seq2seqGradients {
  throw new Error('TODO: seq2seqBackward');
}

/**
 * The second half of every attention: from scores to an average of the values, one for each query.
 *
 *   weights_i = softmax(scores_i) over the keys      (T, S); each row sums to 1
 *   y_i       = Σ_j weights_ij · values_j            (T, d_v)
 *
 * @param scores (T, S) how well key j answers query i; any real numbers
 * @param values (S, d_v) what is there to be taken
 * @returns y (T, d_v), weights (T, S), and the cache
 * @throws ShapeError when scores and values differ in S
 */
export function attend(scores: Tensor, values: Tensor): { y: Tensor; weights: Tensor; cache: AttendCache } {
  throw new Error('TODO: attend');
}

/**
 * The gradients of the average.
 *
 *   dvalues  = weightsᵀ dy                          (S, d_v) = (S, T) (T, d_v)
 *   dweights = dy valuesᵀ                           (T, S) = (T, d_v) (d_v, S)
 *   dscores  = dweights, back through the softmax of each row      (T, S)
 *
 * @param dy    (T, d_v) upstream gradient of y
 * @param cache from attend
 * @returns dscores (T, S) and dvalues (S, d_v)
 */
export function attendBackward(dy: Tensor, cache: AttendCache): { dscores: Tensor; dvalues: Tensor } {
  throw new Error('TODO: attendBackward');
}

/**
 * The scores of additive attention: a small network with one hidden layer looks at every pair of a query and a key.
 *
 *   e_ij      = tanh(wQ q_i + wK k_j)      (A) for each pair: (T, S, A) in all
 *   scores_ij = v · e_ij                   one number for each pair: (T, S)
 *
 * @param q          (T, d_q) queries, one per row
 * @param k          (S, d_k) keys, one per row
 * @param parameters wQ (A, d_q), wK (A, d_k), v (A)
 * @returns scores (T, S), and the cache
 * @throws ShapeError when q and wQ differ in d_q, k and wK in d_k, or wQ, wK and v in A
 * @see Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and translate", A.1.2
 */
export function additiveScores(
  q: Tensor,
  k: Tensor,
  parameters: AdditiveParameters,
): { scores: Tensor; cache: AdditiveScoresCache } {
  throw new Error('TODO: additiveScores');
}

/**
 * The gradients of the scores. The sum of wQ q_i (T, 1, A) and wK k_j (1, S, A) was broadcast over pairs, so the gradient
 * of each is da summed over the other's axis.
 *
 *   de = dscores_ij · v                 (T, S, A)          dv = Σ_ij dscores_ij · e_ij    (A)
 *   da = de ⊙ (1 − e²)                  (T, S, A) the gradient of what went into the tanh
 *   dQ = da summed over the keys        (T, A)             dK = da summed over the queries (S, A)
 *   dq = dQ wQ   (T, d_q)               dwQ = dQᵀ q  (A, d_q)
 *   dk = dK wK   (S, d_k)               dwK = dKᵀ k  (A, d_k)
 *
 * @param dscores (T, S) upstream gradient of the scores
 * @param cache   from additiveScores
 * @returns dq (T, d_q), dk (S, d_k), and parameters with the gradients of wQ, wK and v under their own names
 */
export function additiveScoresBackward(
  dscores: Tensor,
  cache: AdditiveScoresCache,
): { dq: Tensor; dk: Tensor; parameters: AdditiveParameters } {
  throw new Error('TODO: additiveScoresBackward');
}

/**
 * Additive attention, whole: scores, then the average they ask for.
 *
 *   scores     = additiveScores(q, k, parameters)      (T, S)
 *   y, weights = attend(scores, values)                (T, d_v), (T, S)
 *
 * @param q          (T, d_q) queries: the decoder's states
 * @param k          (S, d_k) keys: the encoder's states
 * @param values     (S, d_v) values: with recurrent networks usually the encoder's states again
 * @param parameters wQ (A, d_q), wK (A, d_k), v (A)
 * @returns y (T, d_v), weights (T, S), and the cache
 * @throws ShapeError where additiveScores does, or when k and values differ in S
 * @see Bahdanau, Cho & Bengio 2015, section 3.1
 */
export function additiveAttention(
  q: Tensor,
  k: Tensor,
  values: Tensor,
  parameters: AdditiveParameters,
): { y: Tensor; weights: Tensor; cache: AdditiveCache } {
  throw new Error('TODO: additiveAttention');
}

/**
 * Back through additive attention: through the average, then through the scores.
 *
 * @param dy    (T, d_v) upstream gradient of y (the weights are shown, and have none)
 * @param cache from additiveAttention
 * @returns dq (T, d_q), dk (S, d_k), dvalues (S, d_v), and parameters with the gradients of wQ, wK and v
 */
export function additiveAttentionBackward(dy: Tensor, cache: AdditiveCache): AdditiveGradients {
  throw new Error('TODO: additiveAttentionBackward');
}

/**
 * Dot-product attention: a query and a key agree as much as their product says. It has no parameters at all, and is not
 * scaled by anything (that is chapter 5's first improvement).
 *
 *   scores_ij  = q_i · k_j                   (T, S)
 *   y, weights = attend(scores, values)      (T, d_v), (T, S)
 *
 * @param q      (T, d) queries
 * @param k      (S, d) keys, as wide as the queries
 * @param values (S, d_v)
 * @returns y (T, d_v), weights (T, S), and the cache
 * @throws ShapeError when q and k differ in d, or k and values in S
 * @see Luong, Pham & Manning 2015, "Effective approaches to attention-based neural machine translation", score "dot"
 */
export function dotAttention(q: Tensor, k: Tensor, values: Tensor): { y: Tensor; weights: Tensor; cache: DotCache } {
  throw new Error('TODO: dotAttention');
}

/**
 * The gradients of dot-product attention.
 *
 *   dscores, dvalues   through the average      (T, S), (S, d_v)
 *   dq = dscores k     (T, d) = (T, S) (S, d)
 *   dk = dscoresᵀ q    (S, d) = (S, T) (T, d)
 *
 * @param dy    (T, d_v) upstream gradient of y
 * @param cache from dotAttention
 * @returns dq (T, d), dk (S, d), dvalues (S, d_v)
 */
export function dotAttentionBackward(dy: Tensor, cache: DotCache): { dq: Tensor; dk: Tensor; dvalues: Tensor } {
  throw new Error('TODO: dotAttentionBackward');
}
