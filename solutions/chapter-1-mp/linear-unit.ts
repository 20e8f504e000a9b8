/**
 * Chapter 1, topic 3: the linear unit. The step is gone, so the error has a slope, and learning is walking down it.
 *
 * First one unit with vectors (number[]), then a layer of units in matrix form (Tensor). The mean squared error is
 * a plain mean over all elements, without a factor ½.
 */
import { Tensor } from '#tensor';

/** One weight per input and a bias: the unit itself, or the gradient of a loss with respect to it. */
export interface LinearUnit {
  /** (n) */
  weights: number[];
  bias: number;
}

/** A linear unit after training, and the loss along the way. */
export interface TrainedLinearUnit extends LinearUnit {
  /** history[k] is the loss after k steps: one entry more than steps */
  history: number[];
}

/** The gradient of the loss of a layer; each has the shape of what it is the gradient of. */
export interface LayerGradients {
  /** (out, d) */
  dW: Tensor;
  /** (out) */
  db: Tensor;
}

/**
 * The output of a linear unit: a neuron without its step.
 *
 *   y = w_1 x_1 + … + w_n x_n + b
 *
 * @param x       (n) one sample
 * @param weights (n)
 * @param bias    one number
 * @returns y, one number
 * @throws RangeError when x and weights differ in length
 * @see Widrow & Hoff 1960, "Adaptive switching circuits"
 */
export function linearOutput(x: number[], weights: number[], bias: number): number {
  // #region linearOutput
  if (x.length !== weights.length) {
    throw new RangeError(`linearOutput: ${x.length} inputs but ${weights.length} weights`);
  }
  return x.reduce((sum, xi, i) => sum + weights[i] * xi, bias);
  // #endregion
}

/**
 * The mean squared error of N outputs.
 *
 *   L = (1/N) · Σ_i (y_i − t_i)²        no factor ½
 *
 * @param outputs (N) y; N ≥ 1
 * @param targets (N) t
 * @returns L ≥ 0, in the square of the targets' unit
 * @throws RangeError when there are no outputs, or when outputs and targets differ in length
 */
export function meanSquaredError(outputs: number[], targets: number[]): number {
  // #region meanSquaredError
  if (outputs.length === 0) throw new RangeError('meanSquaredError: no outputs');
  if (outputs.length !== targets.length) {
    throw new RangeError(`meanSquaredError: ${outputs.length} outputs but ${targets.length} targets`);
  }
  return outputs.reduce((sum, y, i) => sum + (y - targets[i]) ** 2, 0) / outputs.length;
  // #endregion
}

/**
 * The gradient of the mean squared error of a linear unit: how fast the loss grows with each weight and the bias.
 *
 *   y_i   = w · x_i + b
 *   ∂L/∂w = (2/N) · Σ_i (y_i − t_i) · x_i        (n)
 *   ∂L/∂b = (2/N) · Σ_i (y_i − t_i)              one number
 *
 * @param samples (N, n) one row per sample; N ≥ 1
 * @param targets (N) t
 * @param weights (n)
 * @param bias    one number
 * @returns the gradient: weights ∂L/∂w (n), bias ∂L/∂b
 * @throws RangeError when there are no samples, when samples and targets differ in number, or when a sample and the
 *                    weights differ in length
 */
export function meanSquaredErrorGradient(
  samples: number[][],
  targets: number[],
  weights: number[],
  bias: number,
): LinearUnit {
  // #region meanSquaredErrorGradient
  if (samples.length === 0) throw new RangeError('meanSquaredErrorGradient: no samples');
  if (samples.length !== targets.length) {
    throw new RangeError(`meanSquaredErrorGradient: ${samples.length} samples but ${targets.length} targets`);
  }
  const slopes = samples.map((x, i) => (2 * (linearOutput(x, weights, bias) - targets[i])) / samples.length);
  return {
    weights: weights.map((_, j) => samples.reduce((sum, x, i) => sum + slopes[i] * x[j], 0)),
    bias: slopes.reduce((sum, slope) => sum + slope, 0),
  };
  // #endregion
}

/**
 * The delta rule (least mean squares) on one sample: move in proportion to the error of the LINEAR output.
 *
 *   y  = w · x + b                 not thresholded
 *   w′ = w + η · (t − y) · x
 *   b′ = b + η · (t − y)
 *
 * The factor 2 of the derivative of (t − y)² is left inside η. One error, computed once, serves all weights.
 *
 * @param x            (n) one sample
 * @param target       t, any number
 * @param weights      (n) before the update; not changed
 * @param bias         before the update
 * @param learningRate η > 0
 * @returns the new weights and the new bias
 * @throws RangeError when x and weights differ in length, or the learning rate is not greater than 0
 * @see Widrow & Hoff 1960
 */
export function deltaRule(
  x: number[],
  target: number,
  weights: number[],
  bias: number,
  learningRate: number,
): LinearUnit {
  // #region deltaRule
  if (!(learningRate > 0)) throw new RangeError(`deltaRule: the learning rate is ${learningRate}`);
  const error = target - linearOutput(x, weights, bias);
  return { weights: weights.map((w, j) => w + learningRate * error * x[j]), bias: bias + learningRate * error };
  // #endregion
}

/**
 * Gradient descent on a linear unit: from zero weights and zero bias, a fixed number of steps, each against the
 * gradient of the mean squared error over all samples (full batch).
 *
 *   w ← w − η · ∂L/∂w        b ← b − η · ∂L/∂b        both from the same gradient
 *
 * history[0] is the loss at zero, history[k] the loss after k steps: steps + 1 entries.
 *
 * @param samples      (N, n) one row per sample; N ≥ 1
 * @param targets      (N)
 * @param learningRate η > 0
 * @param steps        whole number ≥ 0
 * @returns weights (n), bias, and history (steps + 1)
 * @throws RangeError when there are no samples, when samples and targets differ in number, when samples differ in
 *                    length, when the learning rate is not greater than 0, or when steps is not a whole number ≥ 0
 */
export function trainLinearUnit(
  samples: number[][],
  targets: number[],
  learningRate: number,
  steps: number,
): TrainedLinearUnit {
  // #region trainLinearUnit
  if (samples.length === 0) throw new RangeError('trainLinearUnit: no samples');
  if (!(learningRate > 0)) throw new RangeError(`trainLinearUnit: the learning rate is ${learningRate}`);
  if (!Number.isInteger(steps) || steps < 0) throw new RangeError(`trainLinearUnit: ${steps} steps`);
  let weights = samples[0].map(() => 0);
  let bias = 0;
  const outputs = () => samples.map((x) => linearOutput(x, weights, bias));
  const history = [meanSquaredError(outputs(), targets)];
  for (let k = 0; k < steps; k++) {
    const gradient = meanSquaredErrorGradient(samples, targets, weights, bias);
    weights = weights.map((w, j) => w - learningRate * gradient.weights[j]);
    bias -= learningRate * gradient.bias;
    history.push(meanSquaredError(outputs(), targets));
  }
  return { weights, bias, history };
  // #endregion
}

/**
 * A layer of linear units on a batch of samples: every unit reads every sample, in one product of matrices.
 *
 *   Y = X Wᵀ + b        (N, out) = (N, d) · (d, out) + (out)        b is added to every row
 *
 * Row i, column k is unit k's output for sample i: Y_ik = W_k · X_i + b_k.
 *
 * @param X (N, d) one row per sample
 * @param W (out, d) one row per unit
 * @param b (out) one bias per unit. Its length is not asked for: a b of shape (1) goes to every unit, as broadcasting
 *          has it
 * @returns Y (N, out)
 * @throws when X and W differ in d; X.matmul(W.T) does that for you
 */
export function linearForward(X: Tensor, W: Tensor, b: Tensor): Tensor {
  // #region linearForward
  return X.matmul(W.T).add(b);
  // #endregion
}

/**
 * The gradients of a layer's mean squared error, in matrix form.
 *
 *   Y  = X Wᵀ + b                                (N, out)
 *   L  = 1/(N·out) · Σ_i Σ_k (Y_ik − T_ik)²      the mean over all N·out elements
 *   G  = ∂L/∂Y = 2/(N·out) · (Y − T)             (N, out)
 *   dW = ∂L/∂W = Gᵀ X                            (out, d) = (out, N) · (N, d)
 *   db = ∂L/∂b = sum of G over the samples       (out)
 *
 * A target of shape (N) against an output of shape (N, 1) would be broadcast to (N, N) without a word, and train
 * toward nonsense: so the shapes must be equal.
 *
 * @param X (N, d) one row per sample
 * @param W (out, d)
 * @param b (out)
 * @param T (N, out) the targets
 * @returns dW (out, d) and db (out)
 * @throws when X and W differ in d, or when T does not have the shape (N, out)
 */
export function linearGradients(X: Tensor, W: Tensor, b: Tensor, T: Tensor): LayerGradients {
  // #region linearGradients
  const Y = linearForward(X, W, b);
  if (T.shape.join() !== Y.shape.join()) {
    throw new RangeError(`linearGradients: targets of shape (${T.shape}), outputs of shape (${Y.shape})`);
  }
  const G = Y.sub(T).mul(2 / Y.data.length);
  return { dW: G.T.matmul(X), db: G.sum(0) };
  // #endregion
}
