/**
 * Chapter 2: the linear layer, for a whole batch at once, forward and backward; and the two smallest networks there are,
 * one linear layer under a loss.
 *
 * Row i of x is sample i. Row k of w holds the weights of output k: w is (out, in), here and in the whole course.
 */
import { ShapeError, Tensor, showShape, tensor } from '#tensor';
import { bceWithLogitsBackward, bceWithLogitsForward, crossEntropyBackward, crossEntropyForward } from './losses.ts';

/** What a linear layer leaves for its backward pass. */
export interface LinearCache {
  /** (N, in) its input */
  x: Tensor;
  /** (out, in) its weights */
  w: Tensor;
}

/** The gradients of a linear layer; each has the shape of what it is the gradient of. */
export interface LinearGradients {
  /** (N, in) */
  dx: Tensor;
  /** (out, in) */
  dw: Tensor;
  /** (out) */
  db: Tensor;
}

/**
 * A linear layer: every output is a weighted sum of the inputs, plus a bias.
 *
 *   y = x wᵀ + b            (N, out) = (N, in) (in, out) + (out)
 *   y_ik = Σ_j x_ij · w_kj + b_k
 *
 * @param x (N, in) one row per sample
 * @param w (out, in)
 * @param b (out)
 * @returns y (N, out), and the cache for linearBackward
 * @throws ShapeError when x or w is not a matrix, when their last axes differ in length, or when b is not exactly (out):
 *         a b of another shape, such as (1), must not be broadcast
 */
export function linearForward(x: Tensor, w: Tensor, b: Tensor): { y: Tensor; cache: LinearCache } {
  throw new Error('TODO: linearForward');
}

/**
 * The way back through a linear layer. `dy` is the upstream gradient: for each output how fast the loss grows with it.
 *
 *   dx = dy w               (N, in)   = (N, out) (out, in)
 *   dw = dyᵀ x              (out, in) = (out, N) (N, in)       summed over the batch by the product itself
 *   db = Σ_i dy_i           (out)     dy summed over its rows
 *
 * Nothing is divided by N: where the loss is a mean, dy already carries the 1/N.
 *
 * @param dy    (N, out) ∂loss/∂y
 * @param cache from linearForward
 * @returns dx (N, in), dw (out, in), db (out)
 * @throws ShapeError when dy does not have the shape of y
 */
export function linearBackward(dy: Tensor, cache: LinearCache): LinearGradients {
  throw new Error('TODO: linearBackward');
}

/**
 * The class that each row of logits votes for: the one with the largest logit.
 *
 *   class_i = argmax_c logits_ic          the smallest such c when several are equal
 *
 * A softmax would change nothing here: it keeps the order.
 *
 * @param logits (N, C), C ≥ 1
 * @returns (N) whole numbers from 0 to C − 1, a plain array
 * @throws ShapeError when logits are not a matrix
 */
export function predictClasses(logits: Tensor): number[] {
  throw new Error('TODO: predictClasses');
}

/**
 * Softmax regression: one linear layer under a cross-entropy, forward and back.
 *
 *   logits   = x wᵀ + b                            (N, C)
 *   loss     = cross-entropy(logits, labels)       mean over the N rows, no smoothing
 *   dlogits  = (softmax(logits) − onehot) / N      (N, C)
 *   dw, db   = back through the linear layer       (C, d), (C)
 *
 * Everything it needs has been written already.
 *
 * @param x      (N, d) one row per sample; N ≥ 1
 * @param w      (C, d) one row of weights per class
 * @param b      (C)
 * @param labels (N) whole numbers from 0 to C − 1
 * @returns loss, and its gradients dw (C, d) and db (C)
 * @throws ShapeError or RangeError where linearForward or crossEntropyForward would
 */
export function softmaxRegression(
  x: Tensor,
  w: Tensor,
  b: Tensor,
  labels: number[],
): { loss: number; dw: Tensor; db: Tensor } {
  throw new Error('TODO: softmaxRegression');
}

/**
 * Logistic regression: one output, yes or no, under a binary cross-entropy; forward and back.
 *
 *   z_i  = w · x_i + b                             (N) logits
 *   loss = binary cross-entropy(z, targets)        mean over the N samples
 *   dz   = (σ(z) − targets) / N                    (N)
 *   dw   = Σ_i dz_i · x_i                          (d)
 *   db   = Σ_i dz_i                                a number
 *
 * As a linear layer it has a weight matrix of one row, (1, d): `reshape` leads there and back.
 *
 * @param x       (N, d) one row per sample; N ≥ 1
 * @param w       (d) a vector
 * @param b       a number
 * @param targets (N) each from 0 to 1
 * @returns loss, and its gradients in the parameters' own form: dw (d), a vector, and db, a number
 * @throws ShapeError when x is not (N, d) with N ≥ 1, w is not (d), or there are not N targets; RangeError when a target is
 *         not from 0 to 1
 */
export function logisticRegression(
  x: Tensor,
  w: Tensor,
  b: number,
  targets: number[],
): { loss: number; dw: Tensor; db: number } {
  throw new Error('TODO: logisticRegression');
}
