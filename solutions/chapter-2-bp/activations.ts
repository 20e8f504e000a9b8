/**
 * Chapter 2, topic 3: activations, each forward and backward.
 *
 * A forward pass takes x of any shape and returns y in the same shape, and a cache with whatever its backward pass
 * needs. The backward pass takes the upstream gradient dy = ∂L/∂y (the shape of y) and that cache, and returns
 * dx = ∂L/∂x. Every function here is finite for finite x, also for ±1000, where eˣ is 0 or Infinity.
 */
import { ShapeError, Tensor, erfc } from '#tensor';

/** The output is all that a sigmoid's derivative needs. */
export interface SigmoidCache {
  y: Tensor;
}
export interface TanhCache {
  y: Tensor;
}
export interface ReluCache {
  x: Tensor;
}
export interface LeakyReluCache {
  x: Tensor;
  slope: number;
}
export interface PreluCache {
  x: Tensor;
  /** (1) */
  a: Tensor;
}
export interface GeluCache {
  x: Tensor;
}
export interface SiluCache {
  x: Tensor;
}
export interface SoftplusCache {
  x: Tensor;
}
/** The probabilities. */
export interface SoftmaxCache {
  y: Tensor;
}
/** The logarithms of the probabilities. */
export interface LogSoftmaxCache {
  y: Tensor;
}

/**
 * The sigmoid: any number becomes one between 0 and 1.
 *
 *   y = 1 / (1 + e^(−x)) = eˣ / (1 + eˣ)
 *
 * Both forms are the same function, but in the second eˣ overflows for large x. Nothing has to be cut off: σ(−40) is
 * about 4e-18.
 *
 * @param x any shape
 * @returns y in the shape of x, and the cache
 */
export function sigmoidForward(x: Tensor): { y: Tensor; cache: SigmoidCache } {
  // #region sigmoidForward
  const y = x.map((v) => 1 / (1 + Math.exp(-v)));
  return { y, cache: { y } };
  // #endregion
}

/**
 * The gradient of the sigmoid, from its output.
 *
 *   dx = dy · y · (1 − y)
 *
 * @param dy    upstream gradient, in the shape of y
 * @param cache from sigmoidForward
 * @returns dx in the shape of x
 */
export function sigmoidBackward(dy: Tensor, cache: SigmoidCache): Tensor {
  // #region sigmoidBackward
  const { y } = cache;
  return dy.mul(y).mul(y.neg().add(1));
  // #endregion
}

/**
 * The hyperbolic tangent: a sigmoid from −1 to 1.
 *
 *   y = tanh x = (eˣ − e^(−x)) / (eˣ + e^(−x))
 *
 * @param x any shape
 * @returns y in the shape of x, and the cache
 */
export function tanhForward(x: Tensor): { y: Tensor; cache: TanhCache } {
  // #region tanhForward
  const y = x.tanh();
  return { y, cache: { y } };
  // #endregion
}

/**
 * The gradient of tanh, from its output.
 *
 *   dx = dy · (1 − y²)
 *
 * @param dy    upstream gradient, in the shape of y
 * @param cache from tanhForward
 * @returns dx in the shape of x
 */
export function tanhBackward(dy: Tensor, cache: TanhCache): Tensor {
  // #region tanhBackward
  return dy.mul(cache.y.square().neg().add(1));
  // #endregion
}

/**
 * The rectified linear unit.
 *
 *   y = max(x, 0)
 *
 * @param x any shape
 * @returns y in the shape of x, and the cache
 * @see Nair & Hinton 2010
 */
export function reluForward(x: Tensor): { y: Tensor; cache: ReluCache } {
  // #region reluForward
  return { y: x.maximum(0), cache: { x } };
  // #endregion
}

/**
 * The gradient of ReLU: what came through forward comes through backward, the rest is 0.
 *
 *   dx = dy where x > 0
 *        0  where x ≤ 0          (at 0 there is no derivative; this course takes 0)
 *
 * @param dy    upstream gradient, in the shape of y
 * @param cache from reluForward
 * @returns dx in the shape of x
 */
export function reluBackward(dy: Tensor, cache: ReluCache): Tensor {
  // #region reluBackward
  return dy.mul(cache.x.greater(0));
  // #endregion
}

/**
 * ReLU with a small slope on the left, so that a unit that is off can still learn.
 *
 *   y = x          where x > 0
 *       slope · x  where x ≤ 0
 *
 * @param x     any shape
 * @param slope one number, such as 0.01
 * @returns y in the shape of x, and the cache
 * @see Maas, Hannun & Ng 2013
 */
export function leakyReluForward(x: Tensor, slope: number): { y: Tensor; cache: LeakyReluCache } {
  // #region leakyReluForward
  return { y: x.map((v) => (v > 0 ? v : slope * v)), cache: { x, slope } };
  // #endregion
}

/**
 * The gradient of leaky ReLU.
 *
 *   dx = dy          where x > 0
 *        slope · dy  where x ≤ 0
 *
 * @param dy    upstream gradient, in the shape of y
 * @param cache from leakyReluForward
 * @returns dx in the shape of x
 */
export function leakyReluBackward(dy: Tensor, cache: LeakyReluCache): Tensor {
  // #region leakyReluBackward
  const { x, slope } = cache;
  return dy.mul(x.map((v) => (v > 0 ? 1 : slope)));
  // #endregion
}

/**
 * Leaky ReLU whose slope is a parameter that is learned: one number a for all entries.
 *
 *   y = x      where x > 0
 *       a · x  where x ≤ 0
 *
 * @param x any shape
 * @param a (1) the slope
 * @returns y in the shape of x, and the cache
 * @throws when a does not have the shape (1)
 * @see He et al. 2015, eq. 1
 */
export function preluForward(x: Tensor, a: Tensor): { y: Tensor; cache: PreluCache } {
  // #region preluForward
  if (a.rank !== 1 || a.size !== 1) throw new ShapeError(`preluForward: the slope a has shape (${a.shape}), not (1)`);
  const slope = a.item();
  return { y: x.map((v) => (v > 0 ? v : slope * v)), cache: { x, a } };
  // #endregion
}

/**
 * The gradients of PReLU: of its input, and of its one parameter, which every entry has used.
 *
 *   dx = dy      where x > 0
 *        a · dy  where x ≤ 0
 *   da = Σ over all entries with x ≤ 0 of dy · x          (1)
 *
 * @param dy    upstream gradient, in the shape of y
 * @param cache from preluForward
 * @returns dx in the shape of x, da (1)
 */
export function preluBackward(dy: Tensor, cache: PreluCache): { dx: Tensor; da: Tensor } {
  // #region preluBackward
  const { x, a } = cache;
  const slope = a.item();
  const dx = dy.mul(x.map((v) => (v > 0 ? 1 : slope)));
  return { dx, da: dy.mul(x.minimum(0)).sum().reshape(1) };
  // #endregion
}

/**
 * The Gaussian error linear unit, exact: x times the probability Φ(x) that a standard normal number is below x.
 *
 *   y = x · Φ(x),    Φ(x) = ½ · (1 + erf(x / √2)) = ½ · erfc(−x / √2)
 *
 * JavaScript has no erf; `erf` and `erfc` = 1 − erf come from #tensor, for a number and for a Tensor.
 *
 * @param x any shape
 * @returns y in the shape of x, and the cache
 * @see Hendrycks & Gimpel 2016
 */
export function geluForward(x: Tensor): { y: Tensor; cache: GeluCache } {
  // #region geluForward
  return { y: x.mul(0.5).mul(erfc(x.div(-Math.SQRT2))), cache: { x } };
  // #endregion
}

/**
 * The gradient of GELU: the product rule, with the normal density as the derivative of Φ.
 *
 *   dx = dy · (Φ(x) + x · φ(x)),    φ(x) = Φ′(x) = e^(−x²/2) / √(2π)
 *
 * @param dy    upstream gradient, in the shape of y
 * @param cache from geluForward
 * @returns dx in the shape of x
 */
export function geluBackward(dy: Tensor, cache: GeluCache): Tensor {
  // #region geluBackward
  const { x } = cache;
  const below = erfc(x.div(-Math.SQRT2)).mul(0.5);
  const density = x
    .square()
    .div(-2)
    .exp()
    .div(Math.sqrt(2 * Math.PI));
  return dy.mul(below.add(x.mul(density)));
  // #endregion
}

/**
 * The approximation of GELU by a tanh, as GPT-2 has it.
 *
 *   y = ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))
 *
 * @param x any shape
 * @returns y in the shape of x
 * @see Hendrycks & Gimpel 2016, section 2
 */
export function geluTanh(x: Tensor): Tensor {
  // #region geluTanh
  return x.map((v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))));
  // #endregion
}

/**
 * SiLU, also called swish: x times its own sigmoid.
 *
 *   y = x · σ(x),    σ(x) = 1 / (1 + e^(−x))
 *
 * @param x any shape
 * @returns y in the shape of x, and the cache
 * @see Ramachandran, Zoph & Le 2017
 */
export function siluForward(x: Tensor): { y: Tensor; cache: SiluCache } {
  // #region siluForward
  return { y: x.mul(sigmoidForward(x).y), cache: { x } };
  // #endregion
}

/**
 * The gradient of SiLU.
 *
 *   dx = dy · (s + x · s · (1 − s)),    s = σ(x)
 *
 * @param dy    upstream gradient, in the shape of y
 * @param cache from siluForward
 * @returns dx in the shape of x
 */
export function siluBackward(dy: Tensor, cache: SiluCache): Tensor {
  // #region siluBackward
  const { x } = cache;
  const s = sigmoidForward(x).y;
  return dy.mul(s.add(x.mul(s).mul(s.neg().add(1))));
  // #endregion
}

/**
 * Softplus: a ReLU with its corner rounded.
 *
 *   y = log(1 + eˣ) = max(x, 0) + log(1 + e^(−|x|))
 *
 * In the first form eˣ overflows for large x, in the second nothing does. Math.log1p(v) is log(1 + v), accurate also
 * where v is tiny: softplus(−40) is about 4e-18, and not 0.
 *
 * @param x any shape
 * @returns y in the shape of x, and the cache
 */
export function softplusForward(x: Tensor): { y: Tensor; cache: SoftplusCache } {
  // #region softplusForward
  return { y: x.map((v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)))), cache: { x } };
  // #endregion
}

/**
 * The gradient of softplus, whose derivative is the sigmoid.
 *
 *   dx = dy · σ(x),    σ(x) = 1 / (1 + e^(−x))
 *
 * @param dy    upstream gradient, in the shape of y
 * @param cache from softplusForward
 * @returns dx in the shape of x
 */
export function softplusBackward(dy: Tensor, cache: SoftplusCache): Tensor {
  // #region softplusBackward
  return dy.mul(sigmoidForward(cache.x).y);
  // #endregion
}

/**
 * Softmax over the last axis: each row of scores becomes a row of probabilities.
 *
 *   y_c = e^(x_c) / Σ_k e^(x_k) = e^(x_c − m) / Σ_k e^(x_k − m)          m: the largest entry of this very row
 *
 * Subtracting the same m from a whole row changes nothing but the size of the exponentials: none is then above 1, and
 * at least one is 1.
 *
 * @param x (…, C): rows of C ≥ 1 scores; any number of axes in front, also none
 * @returns y (…, C), each row summing to 1, and the cache
 * @throws when x has no axis at all
 */
export function softmaxForward(x: Tensor): { y: Tensor; cache: SoftmaxCache } {
  // #region softmaxForward
  if (x.rank === 0) throw new ShapeError('softmaxForward: x of shape () has no rows');
  const e = x.sub(x.max(-1, { keepDims: true })).exp();
  const y = e.div(e.sum(-1, { keepDims: true }));
  return { y, cache: { y } };
  // #endregion
}

/**
 * The gradient of softmax. Every output of a row depends on every input of that row:
 *
 *   ∂y_k/∂x_c = y_k · (1 − y_c)  for k = c
 *              −y_k · y_c        for k ≠ c
 *
 *   dx_c = Σ_k dy_k · ∂y_k/∂x_c = y_c · (dy_c − Σ_k dy_k · y_k)          within each row
 *
 * @param dy    (…, C) upstream gradient
 * @param cache from softmaxForward
 * @returns dx (…, C)
 */
export function softmaxBackward(dy: Tensor, cache: SoftmaxCache): Tensor {
  // #region softmaxBackward
  const { y } = cache;
  return y.mul(dy.sub(dy.mul(y).sum(-1, { keepDims: true })));
  // #endregion
}

/**
 * The logarithm of softmax over the last axis, without taking the logarithm of a probability that is 0.
 *
 *   y_c = log(e^(x_c) / Σ_k e^(x_k)) = x_c − m − log Σ_k e^(x_k − m)          m: the largest entry of this very row
 *
 * For the scores (0, 1000) the first probability is too small for a float64, its logarithm is −1000.
 *
 * @param x (…, C): rows of C ≥ 1 scores; any number of axes in front, also none
 * @returns y (…, C), and the cache
 * @throws when x has no axis at all
 */
export function logSoftmaxForward(x: Tensor): { y: Tensor; cache: LogSoftmaxCache } {
  // #region logSoftmaxForward
  if (x.rank === 0) throw new ShapeError('logSoftmaxForward: x of shape () has no rows');
  const shifted = x.sub(x.max(-1, { keepDims: true }));
  const y = shifted.sub(shifted.exp().sum(-1, { keepDims: true }).log());
  return { y, cache: { y } };
  // #endregion
}

/**
 * The gradient of log-softmax.
 *
 *   ∂y_k/∂x_c = 1[k = c] − e^(y_c)
 *   dx_c = dy_c − e^(y_c) · Σ_k dy_k          within each row; e^(y_c) is the probability of c
 *
 * @param dy    (…, C) upstream gradient
 * @param cache from logSoftmaxForward
 * @returns dx (…, C)
 */
export function logSoftmaxBackward(dy: Tensor, cache: LogSoftmaxCache): Tensor {
  // #region logSoftmaxBackward
  return dy.sub(cache.y.exp().mul(dy.sum(-1, { keepDims: true })));
  // #endregion
}
