/**
 * Chapter 2: losses, the one number that says how wrong a network is.
 *
 * First what cross-entropy is made of (entropy, KL divergence), then the losses themselves. Each comes as a pair: the
 * forward pass returns the loss, a plain number, and a cache; the backward pass takes the cache alone, for a loss is where
 * the way back begins and its upstream gradient is 1. Means run over all elements, logarithms are natural (nats).
 */
import { ShapeError, Tensor, oneHot, showShape } from '#tensor';
import { logSoftmaxForward, sigmoidForward } from './activations.ts';

/** What the mean squared error leaves for its backward pass. */
export interface MseCache {
  /** y − target, in the shape of y */
  error: Tensor;
}

/** What the mean absolute error leaves for its backward pass. */
export interface L1Cache {
  /** y − target, in the shape of y */
  error: Tensor;
}

/** What the Huber loss leaves for its backward pass. */
export interface HuberCache {
  /** y − target, in the shape of y */
  error: Tensor;
  delta: number;
}

/** What the cross-entropy leaves for its backward pass. */
export interface CrossEntropyCache {
  /** (N, C) softmax of the logits, row by row */
  probabilities: Tensor;
  /** (N, C) what each row should have been: one-hot, or smoothed */
  targets: Tensor;
}

/** What the binary cross-entropy leaves for its backward pass. */
export interface BceCache {
  /** sigmoid of the logits, in their shape */
  probabilities: Tensor;
  /** in the shape of the logits */
  targets: Tensor;
}

/** Given. @throws RangeError unless p is a vector of numbers from 0 to 1 that add up to 1 (to within 1e-6) */
function needDistribution(name: string, p: Tensor): void {
  if (p.rank !== 1) throw new ShapeError(`${name}: a distribution is a vector (C), not ${showShape(p.shape)}`);
  const bad = p.data.find((x) => !(x >= 0 && x <= 1));
  if (bad !== undefined) throw new RangeError(`${name}: a probability must be from 0 to 1, not ${bad}`);
  const total = p.sum().item();
  if (!(Math.abs(total - 1) <= 1e-6)) throw new RangeError(`${name}: the probabilities add up to ${total}, not to 1`);
}

/** Given. @throws ShapeError unless both have exactly the same shape (nothing is broadcast) and at least one entry */
function needSameShape(name: string, y: Tensor, target: Tensor): void {
  if (!y.sameShape(target)) {
    throw new ShapeError(
      `${name}: outputs ${showShape(y.shape)} and targets ${showShape(target.shape)} differ in shape`,
    );
  }
  if (y.size === 0) throw new ShapeError(`${name}: there is nothing to average in ${showShape(y.shape)}`);
}

/**
 * The entropy of a distribution: how surprised one is by it on average.
 *
 *   H(p) = − Σ_c p_c · log p_c          with 0 · log 0 = 0
 *
 * It is 0 when one outcome is certain, and log C, the most it can be, when all C outcomes are equally likely.
 *
 * @param p (C) a distribution: numbers from 0 to 1 that add up to 1
 * @returns H(p) ≥ 0, in nats
 * @throws ShapeError when p is not a vector; RangeError when it is no distribution (`needDistribution` does both)
 * @see Shannon 1948, "A mathematical theory of communication", §6
 */
export function entropy(p: Tensor): number {
  throw new Error('TODO: entropy');
}

/**
 * The Kullback–Leibler divergence: what it costs, on average, to believe q where p is true.
 *
 *   KL(p ‖ q) = Σ_c p_c · log(p_c / q_c)
 *
 * An outcome with p_c = 0 contributes 0, whatever q_c is. Where p_c > 0 but q_c = 0 the divergence is +Infinity: q called
 * impossible what does happen. It is 0 exactly when p = q, and it is not symmetric.
 *
 * @param p (C) the true distribution
 * @param q (C) the distribution believed in
 * @returns KL(p ‖ q) ≥ 0, in nats; possibly Infinity
 * @throws ShapeError when p and q are not vectors of the same length; RangeError when one of them is no distribution
 * @see Kullback & Leibler 1951, "On information and sufficiency"
 */
export function klDivergence(p: Tensor, q: Tensor): number {
  throw new Error('TODO: klDivergence');
}

/**
 * The mean squared error, over all n elements of the outputs.
 *
 *   error = y − target              any shape
 *   loss  = (1/n) · Σ error²        a number; no factor ½
 *
 * @param y      any shape, n ≥ 1 elements
 * @param target the same shape as y; nothing is broadcast
 * @returns loss, and the cache for mseBackward
 * @throws ShapeError when the shapes differ or there are no elements (`needSameShape`)
 */
export function mseForward(y: Tensor, target: Tensor): { loss: number; cache: MseCache } {
  throw new Error('TODO: mseForward');
}

/**
 * The gradient of the mean squared error with respect to y.
 *
 *   dy = (2/n) · error              in the shape of y; n is the number of all elements
 *
 * @param cache from mseForward
 * @returns dy = ∂loss/∂y
 */
export function mseBackward(cache: MseCache): Tensor {
  throw new Error('TODO: mseBackward');
}

/**
 * The cross-entropy of logits against class labels: the mean surprise at the right classes.
 *
 *   logp    = log_softmax(logits)                      (N, C), row by row
 *   targets = (1 − ε) · onehot(labels) + ε/C           (N, C), ε = smoothing; each row adds up to 1
 *   loss    = −(1/N) · Σ_i Σ_c targets_ic · logp_ic    a number: summed over the classes, averaged over the rows
 *
 * Without smoothing (ε = 0) this is the mean of −logp at each row's label. Logits are any finite numbers, ±1000 too: never
 * take the logarithm of a softmax, it may be the logarithm of 0.
 *
 * @param logits    (N, C) raw scores, before any softmax; N ≥ 1
 * @param labels    (N) the right class of each row, a whole number from 0 to C − 1
 * @param smoothing ε from 0 to 1: the share of each target that is spread evenly over all C classes
 * @returns loss, and the cache for crossEntropyBackward
 * @throws ShapeError when logits are not (N, C) with N ≥ 1; RangeError when there are not N labels, a label is not a whole
 *         number from 0 to C − 1, or smoothing is not from 0 to 1
 * @see Szegedy et al. 2016, "Rethinking the Inception architecture", §7, on label smoothing
 */
export function crossEntropyForward(
  logits: Tensor,
  labels: number[],
  smoothing = 0,
): { loss: number; cache: CrossEntropyCache } {
  throw new Error('TODO: crossEntropyForward');
}

/**
 * The gradient of the cross-entropy with respect to the logits: what the network said, minus what it should have said.
 *
 *   dlogits = (softmax(logits) − targets) / N          (N, C)
 *
 * Each row adds up to 0.
 *
 * @param cache from crossEntropyForward
 * @returns dlogits (N, C) = ∂loss/∂logits
 */
export function crossEntropyBackward(cache: CrossEntropyCache): Tensor {
  throw new Error('TODO: crossEntropyBackward');
}

/**
 * The binary cross-entropy of logits: one yes-or-no question per element.
 *
 *   p    = σ(z)                                                    z = logits
 *   loss = (1/n) · Σ −[ t · log p + (1 − t) · log(1 − p) ]         over all n elements, t = targets
 *
 * For z far from 0, p rounds to exactly 0 or 1 and the logarithm is −Infinity. Put σ into the formula and simplify, and
 * what is left is exact for z = ±1000 as well:
 *
 *   −[…] = max(z, 0) − z · t + log(1 + e^(−|z|))                   Math.log1p(u) is log(1 + u)
 *
 * @param logits  any shape, n ≥ 1 elements
 * @param targets the same shape, each from 0 to 1 (usually 0 or 1, but soft targets are allowed)
 * @returns loss, and the cache for bceWithLogitsBackward
 * @throws ShapeError when the shapes differ or there are no elements; RangeError when a target is not from 0 to 1
 */
export function bceWithLogitsForward(logits: Tensor, targets: Tensor): { loss: number; cache: BceCache } {
  throw new Error('TODO: bceWithLogitsForward');
}

/**
 * The gradient of the binary cross-entropy with respect to the logits.
 *
 *   dlogits = (σ(logits) − targets) / n          in the shape of the logits; n is the number of all elements
 *
 * @param cache from bceWithLogitsForward
 * @returns dlogits = ∂loss/∂logits
 */
export function bceWithLogitsBackward(cache: BceCache): Tensor {
  throw new Error('TODO: bceWithLogitsBackward');
}

/**
 * The mean absolute error (L1), over all n elements.
 *
 *   loss = (1/n) · Σ |y − target|
 *
 * @param y      any shape, n ≥ 1 elements
 * @param target the same shape as y; nothing is broadcast
 * @returns loss, and the cache for l1Backward
 * @throws ShapeError when the shapes differ or there are no elements
 */
export function l1Forward(y: Tensor, target: Tensor): { loss: number; cache: L1Cache } {
  throw new Error('TODO: l1Forward');
}

/**
 * The gradient of the mean absolute error with respect to y: every element pulls equally hard, however far off it is.
 *
 *   dy = sign(error) / n            −1/n, 0 or +1/n; where the error is exactly 0, the gradient is 0
 *
 * @param cache from l1Forward
 * @returns dy = ∂loss/∂y
 */
export function l1Backward(cache: L1Cache): Tensor {
  throw new Error('TODO: l1Backward');
}

/**
 * The Huber loss, over all n elements: a parabola for small errors, straight lines for large ones, joined smoothly at ±δ.
 *
 *   h(e) = ½ e²                  when |e| ≤ δ
 *          δ · (|e| − ½ δ)       when |e| > δ
 *   loss = (1/n) · Σ h(y − target)
 *
 * Here the ½ belongs: with it the two pieces meet with the same slope. With δ = 1 this is PyTorch's smooth_l1_loss.
 *
 * @param y      any shape, n ≥ 1 elements
 * @param target the same shape as y; nothing is broadcast
 * @param delta  δ > 0, from where on an error counts as large
 * @returns loss, and the cache for huberBackward
 * @throws ShapeError when the shapes differ or there are no elements; RangeError when delta is not greater than 0
 * @see Huber 1964, "Robust estimation of a location parameter"
 */
export function huberForward(y: Tensor, target: Tensor, delta: number): { loss: number; cache: HuberCache } {
  throw new Error('TODO: huberForward');
}

/**
 * The gradient of the Huber loss with respect to y: the error itself, but never beyond ±δ.
 *
 *   h′(e) = e                    when |e| ≤ δ
 *           δ · sign(e)          when |e| > δ
 *   dy    = h′(error) / n        in the shape of y
 *
 * @param cache from huberForward
 * @returns dy = ∂loss/∂y
 */
export function huberBackward(cache: HuberCache): Tensor {
  throw new Error('TODO: huberBackward');
}
