/**
 * Chapter 4, topic 3: the gated recurrent unit. One state instead of two, three blocks of rows instead of four.
 *
 * Sequences are (T, B, features). The blocks are stacked along the first axis in the order r, z, n (reset, update, new),
 * H rows each: 3H rows in all. This is PyTorch's form: both biases are kept, and the reset gate multiplies the hidden
 * state's contribution AFTER its product with the weights, bias included.
 */
import { ShapeError, Tensor, concat, split, stack } from '#tensor';
import { sigmoidBackward, sigmoidForward, tanhBackward, tanhForward } from '../chapter-2-bp/activations.ts';

/** The parameters of one layer, or the gradients of a loss with respect to them. Rows in the order r, z, n. */
export interface GruWeights {
  /** (3H, D) from the input */
  wIh: Tensor;
  /** (3H, H) from the hidden state */
  wHh: Tensor;
  /** (3H) */
  bIh: Tensor;
  /** (3H) not the same as bIh: its third block stands inside r ⊙ ( … ) */
  bHh: Tensor;
}

/** What one step back needs of one step forward. */
export interface GruStepCache {
  /** (B, D) */
  x: Tensor;
  /** (B, H) the hidden state before the step */
  h: Tensor;
  /** (B, H) the reset gate after its sigmoid */
  r: Tensor;
  /** (B, H) the update gate after its sigmoid */
  z: Tensor;
  /** (B, H) the new content after its tanh */
  n: Tensor;
  /** (B, H) h W_hnᵀ + b_hn, what r multiplies */
  m: Tensor;
  weights: GruWeights;
}

export interface GruStepGradients {
  /** (B, D) */
  dx: Tensor;
  /** (B, H) with respect to the hidden state before the step */
  dh: Tensor;
  weights: GruWeights;
}

/** The caches of all steps, the first step's first. */
export interface GruCache {
  steps: GruStepCache[];
}

export interface GruGradients {
  /** (T, B, D) */
  dx: Tensor;
  /** (B, H) */
  dh0: Tensor;
  weights: GruWeights;
}

/**
 * One step of a GRU on a batch.
 *
 *   a = x wIhᵀ + bIh         (B, 3H), cut into a_r, a_z, a_n of (B, H) each
 *   s = h wHhᵀ + bHh         (B, 3H), cut into s_r, s_z, m of (B, H) each
 *   r = σ(a_r + s_r)         the reset gate: how much of the past the new content may see
 *   z = σ(a_z + s_z)         the update gate: how much of the old state stays
 *   n = tanh(a_n + r ⊙ m)    the new content; r multiplies m, which holds its bias
 *   h′ = (1 − z) ⊙ n + z ⊙ h
 *
 * @param x       (B, D)
 * @param h       (B, H) the hidden state before the step
 * @param weights wIh (3H, D), wHh (3H, H), bIh (3H), bHh (3H)
 * @returns h′ as h (B, H), and the cache that one step back needs
 * @throws ShapeError when x and wIh differ in D, or when h is not (B, H)
 * @see Cho et al. 2014, "Learning phrase representations using RNN encoder–decoder"; PyTorch's nn.GRU for this form
 */
export function gruStep(x: Tensor, h: Tensor, weights: GruWeights): { h: Tensor; cache: GruStepCache } {
  throw new Error('TODO: gruStep');
}

/**
 * One step back. The old state h reaches h′ in three ways: directly through z ⊙ h, through both gates, and through m.
 *
 *   dn   = dh ⊙ (1 − z)           da_n = dn ⊙ (1 − n²)
 *   dz   = dh ⊙ (h − n)           da_z = dz ⊙ z (1 − z)
 *   dr   = da_n ⊙ m               da_r = dr ⊙ r (1 − r)
 *   dm   = da_n ⊙ r
 *   da = [da_r, da_z, da_n]  (B, 3H)      ds = [da_r, da_z, dm]  (B, 3H)
 *
 *   dx = da wIh (B, D)            dh_before = dh ⊙ z + ds wHh (B, H)
 *   wIh: daᵀ x (3H, D)            wHh: dsᵀ h (3H, H)
 *   bIh: da summed over the batch (3H)          bHh: ds summed over the batch (3H)
 *
 * @param dh    (B, H) upstream gradient of h′
 * @param cache from gruStep
 * @returns dx (B, D), dh (B, H) of the state before the step, and weights with one gradient per parameter
 */
export function gruStepBackward(dh: Tensor, cache: GruStepCache): GruStepGradients {
  throw new Error('TODO: gruStepBackward');
}

/**
 * A GRU over whole sequences: the same step T times, the state handed on.
 *
 *   h_0 = h0
 *   h_t = gruStep(x_t, h_{t−1})        t = 1 … T, the same weights at every step
 *   y   = h_1, h_2, …, h_T             (T, B, H) stacked along time; h0 is not among them
 *   hn  = h_T                          (B, H)
 *
 * @param x       (T, B, D), T ≥ 1
 * @param h0      (B, H) the hidden state before the first step
 * @param weights wIh (3H, D), wHh (3H, H), bIh (3H), bHh (3H)
 * @returns y (T, B, H), the hidden state after each step; hn (B, H) after the last one; and the cache
 */
export function gruForward(x: Tensor, h0: Tensor, weights: GruWeights): { y: Tensor; hn: Tensor; cache: GruCache } {
  throw new Error('TODO: gruForward');
}

/**
 * Backpropagation through time for a GRU: the steps in reverse, the state's gradient handed back, the weights' summed.
 *
 *   from dh = dhn;  for t = T … 1:  one step back at time t, with dy_t + dh for its h
 *   dh0 = what is left of dh;  each weight's gradient is the sum over all t
 *
 * @param dy    (T, B, H) upstream gradient of y
 * @param dhn   (B, H) upstream gradient of hn
 * @param cache from gruForward
 * @returns dx (T, B, D), dh0 (B, H), and weights with one gradient per parameter
 */
export function gruBackward(dy: Tensor, dhn: Tensor, cache: GruCache): GruGradients {
  throw new Error('TODO: gruBackward');
}
