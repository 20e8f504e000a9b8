/**
 * Chapter 2: optimizers. The gradient says which way the loss falls; an optimizer says how far to go.
 *
 * Every step is a pure function: parameters, their gradients and what it remembers come in, new ones go out, and
 * nothing that came in is changed. Parameters, gradients and each part of a state are lists of the same length whose
 * i-th tensors all have the same shape, and everything happens entry by entry. η is the learning rate. Products,
 * squares, roots and quotients of tensors below are taken entry by entry.
 */
import { ShapeError, zerosLike } from '#tensor';
import type { Tensor } from '#tensor';

/** What a plain step of gradient descent needs to know. */
export interface SgdSettings {
  /** η ≥ 0 */
  learningRate: number;
  /** λ ≥ 0; left out: 0 */
  weightDecay?: number;
}

/** Settings of momentum and of Nesterov's variant. */
export interface MomentumSettings {
  /** η ≥ 0 */
  learningRate: number;
  /** μ, 0 ≤ μ < 1: how much of the velocity is kept from step to step */
  momentum: number;
}

/** One velocity for each parameter, in its shape. */
export interface MomentumState {
  velocity: Tensor[];
}

export interface AdagradSettings {
  /** η ≥ 0 */
  learningRate: number;
  /** ε > 0, outside the root */
  epsilon: number;
}

/** The sum of all squared gradients so far, for each parameter, in its shape. */
export interface AdagradState {
  sum: Tensor[];
}

export interface RmspropSettings {
  /** η ≥ 0 */
  learningRate: number;
  /** ρ, 0 ≤ ρ < 1: how much of the running mean is kept from step to step (PyTorch calls it alpha) */
  decay: number;
  /** ε > 0, outside the root */
  epsilon: number;
}

/** A running mean of the squared gradients, for each parameter, in its shape. */
export interface RmspropState {
  meanSquare: Tensor[];
}

export interface AdamSettings {
  /** η ≥ 0 */
  learningRate: number;
  /** β₁, 0 ≤ β₁ < 1: of the running mean of the gradients */
  beta1: number;
  /** β₂, 0 ≤ β₂ < 1: of the running mean of their squares */
  beta2: number;
  /** ε > 0, outside the root */
  epsilon: number;
}

export interface AdamWSettings extends AdamSettings {
  /** λ ≥ 0 */
  weightDecay: number;
}

/** What Adam and AdamW remember. Both means are stored as they are, without bias correction. */
export interface AdamState {
  /** how many updates have been made: 0 before the first */
  step: number;
  /** running mean of the gradients, for each parameter */
  m: Tensor[];
  /** running mean of the squared gradients, for each parameter */
  v: Tensor[];
}

/** What a step with a memory gives back. */
export interface Updated<State> {
  parameters: Tensor[];
  /** the memory for the next step */
  state: State;
}

const below1 = (x: number) => x >= 0 && x < 1;
const notNegative = (x: number) => x >= 0 && x < Infinity;
const ranges: Record<string, [fits: (x: number) => boolean, range: string]> = {
  learningRate: [notNegative, 'at least 0'],
  weightDecay: [notNegative, 'at least 0'],
  momentum: [below1, 'at least 0 and below 1'],
  decay: [below1, 'at least 0 and below 1'],
  beta1: [below1, 'at least 0 and below 1'],
  beta2: [below1, 'at least 0 and below 1'],
  epsilon: [(x) => x > 0 && x < Infinity, 'greater than 0'],
};

/**
 * Given: the checks that every step starts with, so that you write them in one line. For example
 * `checkStep('adamStep', settings, parameters, gradients, state.m, state.v);`
 *
 * @param name     the step's name, for the message
 * @param settings each setting must lie in its range
 * @param lists    parameters, gradients and the lists of the state: equally long, the i-th tensors of the same shape
 * @throws RangeError for a setting outside its range or lists of different lengths, ShapeError for different shapes
 */
export function checkStep(name: string, settings: object, ...lists: Tensor[][]): void {
  for (const [key, value] of Object.entries(settings)) {
    if (value === undefined || !(key in ranges)) continue;
    const [fits, range] = ranges[key];
    if (!fits(value)) throw new RangeError(`${name}: ${key} must be ${range}, not ${value}`);
  }
  for (const list of lists) {
    if (list.length !== lists[0].length) {
      throw new RangeError(`${name}: ${lists[0].length} parameters, but a list of ${list.length} beside them`);
    }
    list.forEach((x, i) => {
      const shape = lists[0][i].shape;
      if (!x.sameShape(lists[0][i])) {
        throw new ShapeError(`${name}: parameter ${i} has the shape (${shape}), but beside it stands (${x.shape})`);
      }
    });
  }
}

/** Given: before the first step every velocity is zero. */
export const momentumInit = (parameters: Tensor[]): MomentumState => ({ velocity: parameters.map(zerosLike) });

/** Given: before the first step every sum is zero. */
export const adagradInit = (parameters: Tensor[]): AdagradState => ({ sum: parameters.map(zerosLike) });

/** Given: before the first step every mean is zero. */
export const rmspropInit = (parameters: Tensor[]): RmspropState => ({ meanSquare: parameters.map(zerosLike) });

/** Given: no step yet, and both means zero. */
export const adamInit = (parameters: Tensor[]): AdamState => ({
  step: 0,
  m: parameters.map(zerosLike),
  v: parameters.map(zerosLike),
});

/**
 * Gradient descent, with weight decay if asked for: each parameter moves against its gradient, and the decay adds the
 * gradient of ½ λ ‖θ‖² to it.
 *
 *   θ′ = θ − η (g + λ θ)
 *
 * @param parameters θ, any number of tensors of any shapes
 * @param gradients  g, one for each parameter, in its shape
 * @param settings   learningRate η ≥ 0, weightDecay λ ≥ 0 (left out: 0)
 * @returns θ′, new tensors in the same order
 * @throws when a setting is out of its range or the lists do not fit (checkStep does both)
 * @see Robbins & Monro 1951, "A stochastic approximation method"
 */
export function sgdStep(parameters: Tensor[], gradients: Tensor[], settings: SgdSettings): Tensor[] {
  // #region sgdStep
  checkStep('sgdStep', settings, parameters, gradients);
  const { learningRate, weightDecay = 0 } = settings;
  return parameters.map((w, i) => w.sub(gradients[i].add(w.mul(weightDecay)).mul(learningRate)));
  // #endregion
}

/**
 * Momentum: a velocity collects the gradients, and the parameters follow the velocity.
 *
 *   v′ = μ v + g            the gradient enters whole, without a factor (1 − μ)
 *   θ′ = θ − η v′           the new velocity
 *
 * @param parameters θ
 * @param gradients  g, one for each parameter, in its shape
 * @param state      velocity v, from momentumInit or the last step
 * @param settings   learningRate η ≥ 0, momentum 0 ≤ μ < 1
 * @returns parameters θ′ and state { velocity: v′ }
 * @throws when a setting is out of its range or the lists do not fit
 * @see Polyak 1964; Sutskever et al. 2013, in the form that PyTorch uses
 */
export function momentumStep(
  parameters: Tensor[],
  gradients: Tensor[],
  state: MomentumState,
  settings: MomentumSettings,
): Updated<MomentumState> {
  // #region momentumStep
  checkStep('momentumStep', settings, parameters, gradients, state.velocity);
  const { learningRate, momentum } = settings;
  const velocity = state.velocity.map((v, i) => v.mul(momentum).add(gradients[i]));
  return { parameters: parameters.map((w, i) => w.sub(velocity[i].mul(learningRate))), state: { velocity } };
  // #endregion
}

/**
 * Nesterov's momentum: the parameters move as if the velocity had already been applied once more.
 *
 *   v′ = μ v + g
 *   θ′ = θ − η (g + μ v′)
 *
 * @param parameters θ
 * @param gradients  g at θ, one for each parameter, in its shape
 * @param state      velocity v, from momentumInit or the last step
 * @param settings   learningRate η ≥ 0, momentum 0 ≤ μ < 1
 * @returns parameters θ′ and state { velocity: v′ }
 * @throws when a setting is out of its range or the lists do not fit
 * @see Nesterov 1983; Sutskever et al. 2013, in the form that PyTorch uses
 */
export function nesterovStep(
  parameters: Tensor[],
  gradients: Tensor[],
  state: MomentumState,
  settings: MomentumSettings,
): Updated<MomentumState> {
  // #region nesterovStep
  checkStep('nesterovStep', settings, parameters, gradients, state.velocity);
  const { learningRate, momentum } = settings;
  const velocity = state.velocity.map((v, i) => v.mul(momentum).add(gradients[i]));
  const ahead = gradients.map((g, i) => g.add(velocity[i].mul(momentum)));
  return { parameters: parameters.map((w, i) => w.sub(ahead[i].mul(learningRate))), state: { velocity } };
  // #endregion
}

/**
 * Adagrad: every single number has its own step, which gets shorter the more gradient it has seen.
 *
 *   s′ = s + g²
 *   θ′ = θ − η g / (√s′ + ε)
 *
 * @param parameters θ
 * @param gradients  g, one for each parameter, in its shape
 * @param state      sum s of the squares so far, from adagradInit or the last step
 * @param settings   learningRate η ≥ 0, epsilon ε > 0 (added after the root)
 * @returns parameters θ′ and state { sum: s′ }
 * @throws when a setting is out of its range or the lists do not fit
 * @see Duchi, Hazan & Singer 2011
 */
export function adagradStep(
  parameters: Tensor[],
  gradients: Tensor[],
  state: AdagradState,
  settings: AdagradSettings,
): Updated<AdagradState> {
  // #region adagradStep
  checkStep('adagradStep', settings, parameters, gradients, state.sum);
  const { learningRate, epsilon } = settings;
  const sum = state.sum.map((s, i) => s.add(gradients[i].square()));
  const steps = gradients.map((g, i) => g.mul(learningRate).div(sum[i].sqrt().add(epsilon)));
  return { parameters: parameters.map((w, i) => w.sub(steps[i])), state: { sum } };
  // #endregion
}

/**
 * RMSprop: like Adagrad, but with a running mean of the squares, which forgets, in place of a sum, which never does.
 *
 *   s′ = ρ s + (1 − ρ) g²
 *   θ′ = θ − η g / (√s′ + ε)
 *
 * @param parameters θ
 * @param gradients  g, one for each parameter, in its shape
 * @param state      meanSquare s, from rmspropInit or the last step
 * @param settings   learningRate η ≥ 0, decay 0 ≤ ρ < 1, epsilon ε > 0 (added after the root)
 * @returns parameters θ′ and state { meanSquare: s′ }
 * @throws when a setting is out of its range or the lists do not fit
 * @see Tieleman & Hinton 2012, lecture 6.5 of "Neural networks for machine learning"
 */
export function rmspropStep(
  parameters: Tensor[],
  gradients: Tensor[],
  state: RmspropState,
  settings: RmspropSettings,
): Updated<RmspropState> {
  // #region rmspropStep
  checkStep('rmspropStep', settings, parameters, gradients, state.meanSquare);
  const { learningRate, decay, epsilon } = settings;
  const meanSquare = state.meanSquare.map((s, i) => s.mul(decay).add(gradients[i].square().mul(1 - decay)));
  const steps = gradients.map((g, i) => g.mul(learningRate).div(meanSquare[i].sqrt().add(epsilon)));
  return { parameters: parameters.map((w, i) => w.sub(steps[i])), state: { meanSquare } };
  // #endregion
}

/**
 * Adam: momentum's memory of the gradient over RMSprop's memory of its size, each corrected for having started at zero.
 *
 *   t  = step + 1                          1 at the first update
 *   m′ = β₁ m + (1 − β₁) g                 stored as it is
 *   v′ = β₂ v + (1 − β₂) g²                stored as it is
 *   m̂  = m′ / (1 − β₁ᵗ)                    corrected, for this step only
 *   v̂  = v′ / (1 − β₂ᵗ)
 *   θ′ = θ − η m̂ / (√v̂ + ε)
 *
 * @param parameters θ
 * @param gradients  g, one for each parameter, in its shape
 * @param state      step (updates made so far), m, v, from adamInit or the last step
 * @param settings   learningRate η ≥ 0, 0 ≤ beta1 < 1, 0 ≤ beta2 < 1, epsilon ε > 0 (added after the root)
 * @returns parameters θ′ and state { step: t, m: m′, v: v′ }
 * @throws when a setting is out of its range or the lists do not fit
 * @see Kingma & Ba 2015, algorithm 1
 */
export function adamStep(
  parameters: Tensor[],
  gradients: Tensor[],
  state: AdamState,
  settings: AdamSettings,
): Updated<AdamState> {
  // #region adamStep
  checkStep('adamStep', settings, parameters, gradients, state.m, state.v);
  const { learningRate, beta1, beta2, epsilon } = settings;
  const step = state.step + 1;
  const m = state.m.map((x, i) => x.mul(beta1).add(gradients[i].mul(1 - beta1)));
  const v = state.v.map((x, i) => x.mul(beta2).add(gradients[i].square().mul(1 - beta2)));
  const steps = m.map((x, i) => {
    const root = v[i].div(1 - beta2 ** step).sqrt();
    return x
      .div(1 - beta1 ** step)
      .mul(learningRate)
      .div(root.add(epsilon));
  });
  return { parameters: parameters.map((w, i) => w.sub(steps[i])), state: { step, m, v } };
  // #endregion
}

/**
 * AdamW: Adam with weight decay that does not pass through the gradient. The parameters shrink by themselves, and m
 * and v never hear of it.
 *
 *   θ′ = (1 − η λ) θ − η m̂ / (√v̂ + ε)      with t, m′, v′, m̂, v̂ of g alone, exactly as in adamStep
 *
 * @param parameters θ
 * @param gradients  g, one for each parameter, in its shape, without any decay in it
 * @param state      step (updates made so far), m, v, from adamInit or the last step
 * @param settings   those of adamStep, and weightDecay λ ≥ 0
 * @returns parameters θ′ and state { step: t, m: m′, v: v′ }
 * @throws when a setting is out of its range or the lists do not fit
 * @see Loshchilov & Hutter 2019, algorithm 2, in the form that PyTorch uses
 */
export function adamwStep(
  parameters: Tensor[],
  gradients: Tensor[],
  state: AdamState,
  settings: AdamWSettings,
): Updated<AdamState> {
  // #region adamwStep
  checkStep('adamwStep', settings, parameters, gradients, state.m, state.v);
  const shrunk = parameters.map((w) => w.mul(1 - settings.learningRate * settings.weightDecay));
  return adamStep(shrunk, gradients, state, settings);
  // #endregion
}

/**
 * Gradient clipping by the global norm: when all gradients together are longer than allowed, all are shortened by the
 * same factor, so that the direction of the step stays. Shorter ones are left as they are.
 *
 *   norm   = √( Σ over all entries of all tensors of g² )       one number
 *   factor = min(1, maxNorm / (norm + 10⁻⁶))                    one number, for all tensors
 *   g′     = factor · g
 *
 * @param gradients g, any number of tensors of any shapes; none at all have the norm 0
 * @param maxNorm   > 0
 * @returns gradients g′, new tensors in the same order, and norm, the length BEFORE clipping
 * @throws RangeError when maxNorm is not greater than 0
 * @see Pascanu, Mikolov & Bengio 2013, algorithm 1
 */
export function clipByNorm(gradients: Tensor[], maxNorm: number): { gradients: Tensor[]; norm: number } {
  // #region clipByNorm
  if (!(maxNorm > 0)) throw new RangeError(`clipByNorm: maxNorm must be greater than 0, not ${maxNorm}`);
  const norm = Math.sqrt(gradients.reduce((sum, g) => sum + g.square().sum().item(), 0));
  const factor = Math.min(1, maxNorm / (norm + 1e-6));
  return { gradients: gradients.map((g) => g.mul(factor)), norm };
  // #endregion
}
