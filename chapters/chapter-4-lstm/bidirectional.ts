/**
 * Chapter 4, topic 4: reading in both directions, in a batch whose sequences differ in length.
 *
 * Sequences are (T, B, features). A batch is a rectangle, so shorter sequences are filled up at their end: sequence b is
 * x[0 … lengths[b] − 1, b], and what stands behind it, the padding, means nothing. It may hold any (finite) numbers, and
 * must change no output, no state and no gradient.
 */
import { ShapeError, Tensor, concat, showShape, split, stack, tensor, where, zeros } from '#tensor';
import { lstmStep, lstmStepBackward } from './lstm.ts';
import type { LstmStepCache, LstmStepGradients, LstmWeights } from './lstm.ts';

/** What the way back over a batch with lengths needs. */
export interface MaskedCache {
  /** steps[t] belongs to time t; every step runs on the whole batch */
  steps: LstmStepCache[];
  /** masks[t] (B, 1): 1 where time t lies within the sequence, 0 in the padding */
  masks: Tensor[];
}

export interface MaskedGradients {
  /** (T, B, D), 0 in the padding */
  dx: Tensor;
  weights: LstmWeights;
}

export interface BidirectionalCache {
  forward: MaskedCache;
  backward: MaskedCache;
  lengths: number[];
}

export interface BidirectionalGradients {
  /** (T, B, D), 0 in the padding */
  dx: Tensor;
  forwardWeights: LstmWeights;
  backwardWeights: LstmWeights;
}

/** Given. @throws ShapeError unless x is (T, B, D) with a length per sequence, RangeError unless each is 1, 2, … or T */
function needLengths(name: string, x: Tensor, lengths: number[]): void {
  const [T, B] = x.shape;
  if (x.rank !== 3 || lengths.length !== B) {
    throw new ShapeError(
      `${name}: x ${showShape(x.shape)} is not (T, B, D) with B = ${lengths.length}, one per length`,
    );
  }
  const bad = lengths.find((n) => !Number.isInteger(n) || n < 1 || n > T);
  if (bad !== undefined) throw new RangeError(`${name}: a length is ${bad}, but it must be one of 1 … ${T}`);
}

/** Given. masks[t] (B, 1) is 1 for the sequences that are longer than t, 0 for those that have ended. */
function masksFor(T: number, lengths: number[]): Tensor[] {
  return Array.from({ length: T }, (_, t) => tensor(lengths.map((length) => [t < length ? 1 : 0])));
}

/**
 * Every sequence of a batch turned around within its own length. The padding stays where it is.
 *
 *   y[t, b] = x[lengths[b] − 1 − t, b]      for t < lengths[b]
 *   y[t, b] = x[t, b]                       for t ≥ lengths[b]
 *
 * Done twice, it gives x again. And since it only moves numbers, the gradient of x is the upstream gradient moved in the
 * same way: reverseWithin(dy, lengths).
 *
 * @param x       (T, B, D)
 * @param lengths (B) each one of 1 … T
 * @returns y (T, B, D)
 * @throws ShapeError or RangeError when the lengths do not fit x (`needLengths` does it)
 */
export function reverseWithin(x: Tensor, lengths: number[]): Tensor {
  throw new Error('TODO: reverseWithin');
}

/**
 * One direction of an LSTM over a batch with lengths. Where its sequence has ended, a row stands still.
 *
 * From h_{−1} = c_{−1} = 0, for t = 0 … T − 1, with m_t (B, 1) = 1 where t < lengths[b] and 0 elsewhere:
 *
 *   h*, c* = lstmStep(x_t, h_{t−1}, c_{t−1})         (B, H) each, the whole batch
 *   h_t    = h* where m_t = 1, h_{t−1} elsewhere     (B, H)
 *   c_t    = c* where m_t = 1, c_{t−1} elsewhere     (B, H)
 *   y_t    = h* where m_t = 1, 0 elsewhere           (B, H)
 *
 * So hn = h_{T−1} and cn = c_{T−1} hold, for every sequence, the state after its own last input.
 *
 * @param x       (T, B, D)
 * @param lengths (B) each one of 1 … T
 * @param weights wIh (4H, D), wHh (4H, H), bIh (4H), bHh (4H)
 * @returns y (T, B, H), hn (B, H), cn (B, H), and the cache
 * @throws ShapeError or RangeError when the lengths do not fit x (`needLengths` does it)
 */
export function maskedForward(
  x: Tensor,
  lengths: number[],
  weights: LstmWeights,
): { y: Tensor; hn: Tensor; cn: Tensor; cache: MaskedCache } {
  throw new Error('TODO: maskedForward');
}

/**
 * Back through one direction. A row that stood still hands its gradients on as they are; a row that took the step sends
 * them through it.
 *
 *   from dh = dhn, dc = dcn (B, H);  for t = T − 1 … 0:
 *     one step back with  m_t ⊙ (dy_t + dh)  for its h  and  m_t ⊙ dc  for its c       gives dx_t, dh*, dc*, dweights_t
 *     dh ← dh* where m_t = 1, dh elsewhere
 *     dc ← dc* where m_t = 1, dc elsewhere
 *   each weight's gradient is the sum over all t
 *
 * A row whose upstream gradients are both 0 sends 0 to x and to the weights: so the padding gets no gradient, and gives
 * none. Upstream gradients of outputs in the padding (they are the constant 0) count for nothing.
 *
 * @param dy    (T, B, H) upstream gradient of y
 * @param dhn   (B, H) upstream gradient of hn
 * @param dcn   (B, H) upstream gradient of cn
 * @param cache from maskedForward
 * @returns dx (T, B, D), and weights with one gradient per parameter
 */
export function maskedBackward(dy: Tensor, dhn: Tensor, dcn: Tensor, cache: MaskedCache): MaskedGradients {
  throw new Error('TODO: maskedBackward');
}

/**
 * Two LSTMs over the same batch: one reads every sequence from its beginning, the other from its end.
 *
 *   there     = maskedForward(x, forwardWeights)                              y (T, B, H), hn, cn (B, H)
 *   back      = maskedForward(every sequence turned around, backwardWeights)  y (T, B, H), hn, cn (B, H)
 *   y[t, b]   = [ there.y[t, b] , back's output for the SAME input x[t, b] ]  (2H)
 *   hn        = there.hn and back.hn, stacked                                 (2, B, H); cn likewise
 *
 * What the second one gives out runs from the end of a sequence to its beginning, and has to be turned back. Its final
 * state is the one after it has read x[0, b]. Both start from zeros; outputs in the padding are 0.
 *
 * @param x               (T, B, D)
 * @param lengths         (B) each one of 1 … T
 * @param forwardWeights  wIh (4H, D), wHh (4H, H), bIh (4H), bHh (4H)
 * @param backwardWeights the same shapes, other numbers
 * @returns y (T, B, 2H), hn (2, B, H), cn (2, B, H), and the cache
 * @throws ShapeError or RangeError when the lengths do not fit x
 * @see Schuster & Paliwal 1997, "Bidirectional recurrent neural networks"
 */
export function bidirectionalForward(
  x: Tensor,
  lengths: number[],
  forwardWeights: LstmWeights,
  backwardWeights: LstmWeights,
): { y: Tensor; hn: Tensor; cn: Tensor; cache: BidirectionalCache } {
  throw new Error('TODO: bidirectionalForward');
}

/**
 * Back through both directions.
 *
 *   dy (T, B, 2H) is cut into its first H numbers, for the forward direction, and its last H, for the backward one;
 *   what was turned around on the way there is turned around on the way back;
 *   x was read twice, so dx is the sum of both directions' gradients                (T, B, D)
 *
 * @param dy    (T, B, 2H) upstream gradient of y
 * @param dhn   (2, B, H) upstream gradient of hn; likewise dcn
 * @param cache from bidirectionalForward
 * @returns dx (T, B, D), forwardWeights and backwardWeights with one gradient per parameter
 */
export function bidirectionalBackward(
  dy: Tensor,
  dhn: Tensor,
  dcn: Tensor,
  cache: BidirectionalCache,
): BidirectionalGradients {
  throw new Error('TODO: bidirectionalBackward');
}
