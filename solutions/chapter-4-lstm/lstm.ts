/**
 * Chapter 4, topic 1: the long short-term memory. A second state, the cell, runs through time beside the hidden state; it
 * is changed by adding, and gates decide how much is kept, written and shown.
 *
 * Sequences are (T, B, features): time first, then the batch. Weights are (out, in). The four gates' rows are stacked
 * along the first axis in the order i, f, g, o (input, forget, candidate, output), H rows each: 4H rows in all.
 */
import { ShapeError, Tensor, concat, split, stack } from '#tensor';
import { sigmoidBackward, sigmoidForward, tanhBackward, tanhForward } from '../chapter-2-bp/activations.ts';

/** The parameters of one layer, or the gradients of a loss with respect to them. Rows in the order i, f, g, o. */
export interface LstmWeights {
  /** (4H, D) from the input */
  wIh: Tensor;
  /** (4H, R) from the hidden state; R = H unless the hidden state is projected (topic 2) */
  wHh: Tensor;
  /** (4H) */
  bIh: Tensor;
  /** (4H) a second bias, as in PyTorch; it is simply added to the first */
  bHh: Tensor;
}

/** What one step back needs of one step forward. */
export interface LstmStepCache {
  /** (B, D) */
  x: Tensor;
  /** (B, R) the hidden state before the step */
  h: Tensor;
  /** (B, H) the cell state before the step */
  c: Tensor;
  /** (B, H) the input gate after its sigmoid; likewise f and o */
  i: Tensor;
  f: Tensor;
  /** (B, H) the candidate after its tanh */
  g: Tensor;
  o: Tensor;
  /** (B, H) tanh of the cell state AFTER the step */
  tanhC: Tensor;
  weights: LstmWeights;
}

export interface LstmStepGradients {
  /** (B, D) */
  dx: Tensor;
  /** (B, R) with respect to the hidden state before the step */
  dh: Tensor;
  /** (B, H) with respect to the cell state before the step */
  dc: Tensor;
  weights: LstmWeights;
}

/** The caches of all steps, the first step's first. */
export interface LstmCache {
  steps: LstmStepCache[];
}

export interface LstmGradients {
  /** (T, B, D) */
  dx: Tensor;
  /** (B, H) */
  dh0: Tensor;
  /** (B, H) */
  dc0: Tensor;
  weights: LstmWeights;
}

/**
 * One step of an LSTM on a batch.
 *
 *   a  = x wIhᵀ + bIh + h wHhᵀ + bHh           (B, 4H), cut into a_i, a_f, a_g, a_o of (B, H) each, in this order
 *   i  = σ(a_i)    f = σ(a_f)    o = σ(a_o)    the gates, between 0 and 1
 *   g  = tanh(a_g)                             the candidate, between −1 and 1
 *   c′ = f ⊙ c + i ⊙ g                         keep some, write some      (⊙: entry by entry)
 *   h′ = o ⊙ tanh(c′)                          show some
 *
 * The h that is read need not be as wide as the h′ that is returned: R is the number of columns of wHh, H a quarter of
 * its rows. In this topic both are equal; with a projection (topic 2) they are not.
 *
 * @param x       (B, D)
 * @param h       (B, R) the hidden state before the step
 * @param c       (B, H) the cell state before the step
 * @param weights wIh (4H, D), wHh (4H, R), bIh (4H), bHh (4H)
 * @returns h′ as h (B, H), c′ as c (B, H), and the cache that one step back needs
 * @throws ShapeError when x and wIh differ in D, h and wHh in R, x and h in B, or when c is not (B, H)
 * @see Hochreiter & Schmidhuber 1997, "Long short-term memory"; Gers et al. 2000 for the forget gate
 */
export function lstmStep(
  x: Tensor,
  h: Tensor,
  c: Tensor,
  weights: LstmWeights,
): { h: Tensor; c: Tensor; cache: LstmStepCache } {
  // #region lstmStep
  const { wIh, wHh, bIh, bHh } = weights;
  const [B, H] = [x.shape[0], wHh.shape[0] / 4];
  if (h.shape[0] !== B || c.shape.join() !== `${B},${H}`) {
    throw new ShapeError(`lstmStep: x (${x.shape}), h (${h.shape}), c (${c.shape}): h and c must be (${B}, ${H})`);
  }
  const a = x.matmul(wIh.T).add(bIh).add(h.matmul(wHh.T)).add(bHh);
  const [ai, af, ag, ao] = split(a, 4, 1);
  const [i, f, o] = [ai, af, ao].map((gate) => sigmoidForward(gate).y);
  const g = tanhForward(ag).y;
  const cNext = f.mul(c).add(i.mul(g));
  const tanhC = tanhForward(cNext).y;
  return { h: o.mul(tanhC), c: cNext, cache: { x, h, c, i, f, g, o, tanhC, weights } };
  // #endregion
}

/**
 * One step back: from the gradients of the state after the step to those of the state before it, of x and the weights.
 *
 * The new cell state c′ is read by two: by h′ in this step, and by the next step. Both contributions add up:
 *
 *   δ    = dc + dh ⊙ o ⊙ (1 − tanh²c′)         (B, H) the whole gradient of c′
 *   da_i = δ ⊙ g ⊙ i (1 − i)                   da_f = δ ⊙ c ⊙ f (1 − f)       with the OLD c
 *   da_g = δ ⊙ i ⊙ (1 − g²)                    da_o = dh ⊙ tanh c′ ⊙ o (1 − o)
 *   da   = [da_i, da_f, da_g, da_o]            (B, 4H)
 *
 *   dx = da wIh (B, D)      dh_before = da wHh (B, R)      dc_before = δ ⊙ f (B, H)
 *   wIh: daᵀ x (4H, D)      wHh: daᵀ h (4H, R)             bIh and bHh: da summed over the batch (4H)
 *
 * @param dh    (B, H) upstream gradient of h′, from everything that reads it
 * @param dc    (B, H) upstream gradient of c′ from the next step alone, without the way through h′
 * @param cache from lstmStep
 * @returns dx (B, D), dh (B, R) and dc (B, H) of the state before the step, and weights with one gradient per parameter
 */
export function lstmStepBackward(dh: Tensor, dc: Tensor, cache: LstmStepCache): LstmStepGradients {
  // #region lstmStepBackward
  const { x, h, c, i, f, g, o, tanhC, weights } = cache;
  const delta = tanhBackward(dh.mul(o), { y: tanhC }).add(dc);
  const da = concat(
    [
      sigmoidBackward(delta.mul(g), { y: i }),
      sigmoidBackward(delta.mul(c), { y: f }),
      tanhBackward(delta.mul(i), { y: g }),
      sigmoidBackward(dh.mul(tanhC), { y: o }),
    ],
    1,
  );
  const db = da.sum(0);
  const dWeights = { wIh: da.T.matmul(x), wHh: da.T.matmul(h), bIh: db, bHh: db };
  return { dx: da.matmul(weights.wIh), dh: da.matmul(weights.wHh), dc: delta.mul(f), weights: dWeights };
  // #endregion
}

/**
 * An LSTM over whole sequences: the same step T times, the states handed on.
 *
 *   h_0 = h0, c_0 = c0
 *   h_t, c_t = lstmStep(x_t, h_{t−1}, c_{t−1})       t = 1 … T, the same weights at every step
 *   y        = h_1, h_2, …, h_T                      (T, B, H) stacked along time; h0 is not among them
 *   hn, cn   = h_T, c_T                              (B, H) each
 *
 * @param x       (T, B, D), T ≥ 1
 * @param h0      (B, H) the hidden state before the first step
 * @param c0      (B, H) the cell state before the first step
 * @param weights wIh (4H, D), wHh (4H, H), bIh (4H), bHh (4H)
 * @returns y (T, B, H), the hidden state after each step; hn (B, H) and cn (B, H) after the last one; and the cache
 */
export function lstmForward(
  x: Tensor,
  h0: Tensor,
  c0: Tensor,
  weights: LstmWeights,
): { y: Tensor; hn: Tensor; cn: Tensor; cache: LstmCache } {
  // #region lstmForward
  let [h, c] = [h0, c0];
  const outputs: Tensor[] = [];
  const steps: LstmStepCache[] = [];
  for (let t = 0; t < x.shape[0]; t++) {
    const step = lstmStep(x.row(t), h, c, weights);
    ({ h, c } = step);
    outputs.push(h);
    steps.push(step.cache);
  }
  return { y: stack(outputs), hn: h, cn: c, cache: { steps } };
  // #endregion
}

/**
 * Backpropagation through time: the steps in reverse, both states' gradients handed back, the weights' gradients summed.
 *
 *   from dh = dhn, dc = dcn;  for t = T … 1:
 *     one step back at time t, with dy_t + dh for its h and dc for its c
 *     dx_t, and dh and dc for the step before, come from it
 *   dh0, dc0 = what is left of dh, dc;  each weight's gradient is the sum over all t
 *
 * h_t is read by the output y_t and by the next step, so their gradients add. hn is h_T once more: dhn adds to dy_T.
 *
 * @param dy    (T, B, H) upstream gradient of y
 * @param dhn   (B, H) upstream gradient of hn
 * @param dcn   (B, H) upstream gradient of cn
 * @param cache from lstmForward
 * @returns dx (T, B, D), dh0 (B, H), dc0 (B, H), and weights with one gradient per parameter
 * @see Werbos 1990, "Backpropagation through time: what it does and how to do it"
 */
export function lstmBackward(dy: Tensor, dhn: Tensor, dcn: Tensor, cache: LstmCache): LstmGradients {
  // #region lstmBackward
  let [dh, dc] = [dhn, dcn];
  const backs: LstmStepGradients[] = [];
  for (let t = cache.steps.length - 1; t >= 0; t--) {
    const back = lstmStepBackward(dy.row(t).add(dh), dc, cache.steps[t]);
    ({ dh, dc } = back);
    backs.unshift(back);
  }
  const total = (name: keyof LstmWeights) => backs.map((b) => b.weights[name]).reduce((sum, d) => sum.add(d));
  const weights = { wIh: total('wIh'), wHh: total('wHh'), bIh: total('bIh'), bHh: total('bHh') };
  return { dx: stack(backs.map((b) => b.dx)), dh0: dh, dc0: dc, weights };
  // #endregion
}
