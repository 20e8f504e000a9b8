/**
 * Chapter 2, topic 10: regularization and normalization. What keeps a network from learning its training data by heart
 * (dropout, the L2 penalty), and what keeps the numbers inside it in a sane range (batch normalization).
 *
 * Two of the three behave differently while training and afterwards. The randomness of dropout comes in as an argument.
 */
import { ShapeError, Tensor, showShape } from '#tensor';

/** What dropoutBackward needs. */
export interface DropoutCache {
  /** the shape of x: by what each entry was multiplied, 0 or 1/(1 − p) in training, 1 in evaluation */
  scale: Tensor;
}

/** What batchNormTrainBackward needs. */
export interface BatchNormTrainCache {
  /** (N, d) the normalized x̂, before γ and β */
  xHat: Tensor;
  /** (d) √(variance of the batch + ε) */
  std: Tensor;
  /** (d) */
  gamma: Tensor;
}

/** What batchNormEvalBackward needs. */
export interface BatchNormEvalCache {
  /** (N, d) (x − running mean) / √(running variance + ε) */
  xHat: Tensor;
  /** (d) √(running variance + ε) */
  std: Tensor;
  /** (d) */
  gamma: Tensor;
}

/** The gradients of a batch normalization; each has the shape of what it is the gradient of. */
export interface BatchNormGradients {
  /** (N, d) */
  dx: Tensor;
  /** (d) */
  dgamma: Tensor;
  /** (d) */
  dbeta: Tensor;
}

/** Given, for the two forward passes of batch normalization: @throws ShapeError unless x is (N, d) and each of the others (d) */
function checkFeatures(name: string, x: Tensor, others: Record<string, Tensor>): void {
  if (x.rank !== 2) throw new ShapeError(`${name}: x has the shape ${showShape(x.shape)}, not (N, d)`);
  for (const [key, value] of Object.entries(others)) {
    if (value.rank === 1 && value.shape[0] === x.shape[1]) continue;
    throw new ShapeError(`${name}: ${key} ${showShape(value.shape)} does not fit x ${showShape(x.shape)}`);
  }
}

/**
 * Inverted dropout: in training each entry is dropped (becomes 0) or kept and enlarged, so that its mean over many masks
 * is the entry itself; in evaluation nothing happens at all.
 *
 *   training:     y = x · mask / (1 − p)      entry by entry
 *   evaluation:   y = x                       mask and p are checked, and not used
 *
 * p is the probability of DROPPING, so a mask holds about a share p of zeros. The mask is drawn by the caller: this
 * function has no randomness of its own.
 *
 * @param x        any shape
 * @param mask     the shape of x: 1 where an entry is kept, 0 where it is dropped
 * @param p        probability of dropping, 0 ≤ p < 1
 * @param training whether the network is being trained
 * @returns y, the shape of x, and the cache for dropoutBackward
 * @throws RangeError when p is not in [0, 1), ShapeError when mask and x differ in shape
 * @see Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting"
 */
export function dropoutForward(
  x: Tensor,
  mask: Tensor,
  p: number,
  training: boolean,
): { y: Tensor; cache: DropoutCache } {
  throw new Error('TODO: dropoutForward');
}

/**
 * The gradient of dropout: what was dropped has no influence, what was enlarged has it enlarged.
 *
 *   ∂L/∂x = ∂L/∂y · mask / (1 − p)   in training        ∂L/∂x = ∂L/∂y   in evaluation
 *
 * @param dy    ∂L/∂y, the shape of y
 * @param cache from dropoutForward
 * @returns ∂L/∂x, the shape of x
 */
export function dropoutBackward(dy: Tensor, cache: DropoutCache): Tensor {
  throw new Error('TODO: dropoutBackward');
}

/**
 * The L2 penalty: a price on large weights, to be added to the loss.
 *
 *   R = λ/2 · Σ w²        over every entry of every tensor in the list; a sum, not a mean
 *
 * With this ½ the gradient is λ w, so λ is the same number that optimizers call weight decay. An empty list costs 0.
 *
 * @param ws     the weights, tensors of any shapes
 * @param lambda λ ≥ 0
 * @returns R ≥ 0, one number
 * @throws RangeError when λ is negative or NaN
 * @see Krogh & Hertz 1991, "A simple weight decay can improve generalization"
 */
export function l2Penalty(ws: Tensor[], lambda: number): number {
  throw new Error('TODO: l2Penalty');
}

/**
 * The gradient of the L2 penalty with respect to each tensor.
 *
 *   ∂R/∂w = λ w        entry by entry
 *
 * @param ws     the weights, tensors of any shapes
 * @param lambda λ ≥ 0
 * @returns one new tensor for each of ws, in the same order and of the same shape
 * @throws RangeError when λ is negative or NaN
 */
export function l2PenaltyGradient(ws: Tensor[], lambda: number): Tensor[] {
  throw new Error('TODO: l2PenaltyGradient');
}

/**
 * Batch normalization while training: each feature is shifted and scaled to mean 0 and variance 1 over the batch, then
 * given a new scale γ and a new mean β, which are learned. Along the way it notes the statistics for later.
 *
 *   μ  = 1/N Σ_i x_i                    (d)        mean of each feature over the samples
 *   σ² = 1/N Σ_i (x_i − μ)²             (d)        variance, divided by N
 *   x̂  = (x − μ) / √(σ² + ε)            (N, d)     ε inside the root
 *   y  = γ x̂ + β                        (N, d)
 *
 *   running mean     ← (1 − m) · running mean     + m · μ
 *   running variance ← (1 − m) · running variance + m · σ² N/(N − 1)
 *
 * The momentum m weighs the NEW value. The variance that is noted for later is the unbiased one (divided by N − 1), the
 * one that divides the batch is not. The deviations x − μ are computed first and then squared: the mean of the squares
 * minus the square of the mean is the same on paper only, and drowns in rounding when the mean is large.
 *
 * @param x           (N, d), N ≥ 2
 * @param gamma       (d) γ
 * @param beta        (d) β
 * @param runningMean (d) before this batch; not changed
 * @param runningVar  (d) before this batch; not changed
 * @param momentum    m, from 0 to 1
 * @param epsilon     ε > 0
 * @returns y (N, d), the new runningMean (d) and runningVar (d), and the cache for batchNormTrainBackward
 * @throws RangeError when N < 2, when m is not in [0, 1], or when ε is not greater than 0;
 *         ShapeError when x is not (N, d), or another tensor not (d)
 * @see Ioffe & Szegedy 2015, algorithms 1 and 2
 */
export function batchNormTrain(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  runningMean: Tensor,
  runningVar: Tensor,
  momentum: number,
  epsilon: number,
): { y: Tensor; runningMean: Tensor; runningVar: Tensor; cache: BatchNormTrainCache } {
  throw new Error('TODO: batchNormTrain');
}

/**
 * The gradients of batch normalization in training. A sample moves the mean and the variance of its whole batch, and
 * through them every other sample's output: so the gradient of x has three parts.
 *
 *   ∂L/∂β = Σ_i dy_i                                                  (d)
 *   ∂L/∂γ = Σ_i dy_i x̂_i                                              (d)
 *   ∂L/∂x = γ/√(σ² + ε) · (dy − mean(dy) − x̂ · mean(dy · x̂))           (N, d)
 *
 * with sums and means over the samples, for each feature by itself. The running statistics have no part in it.
 *
 * @param dy    (N, d) ∂L/∂y
 * @param cache from batchNormTrain
 * @returns dx (N, d), dgamma (d), dbeta (d)
 * @see Ioffe & Szegedy 2015, section 3 (there in six steps)
 */
export function batchNormTrainBackward(dy: Tensor, cache: BatchNormTrainCache): BatchNormGradients {
  throw new Error('TODO: batchNormTrainBackward');
}

/**
 * Batch normalization in evaluation: the running statistics stand in for those of a batch, so every sample is computed by
 * itself, and a batch of one is as good as any.
 *
 *   x̂ = (x − running mean) / √(running variance + ε)        (N, d)
 *   y = γ x̂ + β                                             (N, d)
 *
 * @param x           (N, d), N ≥ 1
 * @param gamma       (d) γ
 * @param beta        (d) β
 * @param runningMean (d)
 * @param runningVar  (d), each ≥ 0
 * @param epsilon     ε > 0
 * @returns y (N, d), and the cache for batchNormEvalBackward
 * @throws RangeError when ε is not greater than 0, or a running variance is negative;
 *         ShapeError when x is not (N, d), or another tensor not (d)
 * @see Ioffe & Szegedy 2015, algorithm 2
 */
export function batchNormEval(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  runningMean: Tensor,
  runningVar: Tensor,
  epsilon: number,
): { y: Tensor; cache: BatchNormEvalCache } {
  throw new Error('TODO: batchNormEval');
}

/**
 * The gradients of batch normalization in evaluation. The statistics are constants now, so the gradient of x has one part.
 *
 *   ∂L/∂β = Σ_i dy_i             (d)
 *   ∂L/∂γ = Σ_i dy_i x̂_i         (d)
 *   ∂L/∂x = dy · γ / √(running variance + ε)        (N, d)
 *
 * @param dy    (N, d) ∂L/∂y
 * @param cache from batchNormEval
 * @returns dx (N, d), dgamma (d), dbeta (d)
 */
export function batchNormEvalBackward(dy: Tensor, cache: BatchNormEvalCache): BatchNormGradients {
  throw new Error('TODO: batchNormEvalBackward');
}
