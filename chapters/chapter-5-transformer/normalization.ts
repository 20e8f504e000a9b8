/**
 * Chapter 5, topic 5: normalisation of one token at a time. Batch normalisation (chapter 2) looks down a column, over the
 * samples of a batch; these two look along a row, over the features of one token, and need no batch and no running mean.
 */
import { ShapeError, Tensor, showShape } from '#tensor';

/** The scale and the shift of a LayerNorm, or the gradients of a loss with respect to them. */
export interface NormWeights {
  /** (C) */
  gamma: Tensor;
  /** (C) */
  beta: Tensor;
}

export interface LayerNormCache {
  /** (…, C) normalised: mean 0 and variance 1 along each row, but for ε */
  xHat: Tensor;
  /** (…, 1) 1 / √(variance + ε) */
  inverse: Tensor;
  /** (C) */
  gamma: Tensor;
}

export interface RmsNormCache {
  /** (…, C) x divided by its root mean square */
  xHat: Tensor;
  /** (…, 1) 1 / √(mean square + ε) */
  inverse: Tensor;
  /** (C) */
  gamma: Tensor;
}

/** What is added to the variance, unless said otherwise. */
export const EPSILON = 1e-5;

/**
 * LayerNorm: each token gets mean 0 and variance 1 along its own features, then a learned scale and shift.
 *
 *   μ  = mean of the row             (…, 1)        over the C features
 *   σ² = mean of (x − μ)²            (…, 1)        divided by C, not C − 1
 *   x̂  = (x − μ) / √(σ² + ε)         (…, C)
 *   y  = gamma ⊙ x̂ + beta            (…, C)
 *
 * @param x       (…, C) tokens; any number of axes in front
 * @param gamma   (C)
 * @param beta    (C)
 * @param epsilon ε > 0, inside the root
 * @returns y (…, C), and the cache for layerNormBackward
 * @throws ShapeError when gamma or beta are not (C)
 * @see Ba, Kiros & Hinton 2016, "Layer normalization", eq. 4
 */
export function layerNormForward(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  epsilon: number,
): { y: Tensor; cache: LayerNormCache } {
  throw new Error('TODO: layerNormForward');
}

/**
 * The gradients of LayerNorm. Every feature of a row moves its mean and its variance, and through them the whole row. With
 * dx̂ = dy ⊙ gamma and means along each row,
 *
 *   dx     = (dx̂ − mean(dx̂) − x̂ ⊙ mean(dx̂ ⊙ x̂)) / √(σ² + ε)      (…, C)
 *   dgamma = Σ over all tokens of dy ⊙ x̂                           (C)
 *   dbeta  = Σ over all tokens of dy                               (C)
 *
 * @param dy    (…, C) upstream gradient of y
 * @param cache from layerNormForward
 * @returns dx (…, C), dgamma (C), dbeta (C)
 */
export function layerNormBackward(dy: Tensor, cache: LayerNormCache): { dx: Tensor; dgamma: Tensor; dbeta: Tensor } {
  throw new Error('TODO: layerNormBackward');
}

/**
 * RMSNorm, Llama's variant: only the size of a token is normalised. Nothing is subtracted and nothing added.
 *
 *   r = √(mean of x² + ε)      (…, 1)       over the C features
 *   y = gamma ⊙ x / r          (…, C)
 *
 * @param x       (…, C)
 * @param gamma   (C)
 * @param epsilon ε > 0, inside the root
 * @returns y (…, C), and the cache for rmsNormBackward
 * @throws ShapeError when gamma is not (C)
 * @see Zhang & Sennrich 2019, "Root mean square layer normalization", eq. 4
 */
export function rmsNormForward(x: Tensor, gamma: Tensor, epsilon: number): { y: Tensor; cache: RmsNormCache } {
  throw new Error('TODO: rmsNormForward');
}

/**
 * The gradients of RMSNorm: LayerNorm's, without the mean that nobody subtracted. With dx̂ = dy ⊙ gamma,
 *
 *   dx     = (dx̂ − x̂ ⊙ mean(dx̂ ⊙ x̂)) / r                (…, C)      x̂ = x / r
 *   dgamma = Σ over all tokens of dy ⊙ x̂                 (C)
 *
 * @param dy    (…, C) upstream gradient of y
 * @param cache from rmsNormForward
 * @returns dx (…, C), dgamma (C)
 */
export function rmsNormBackward(dy: Tensor, cache: RmsNormCache): { dx: Tensor; dgamma: Tensor } {
  throw new Error('TODO: rmsNormBackward');
}

/** (…, C) summed over every axis but the last: (C). */
export function overTokens(x: Tensor): Tensor {
  return x.reshape(-1, x.shape[x.rank - 1]).sum(0);
}
