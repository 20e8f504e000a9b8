/** Chapter 2, optimizers, in another style: entry by entry over Float64Arrays, helpers of its own, settings destructured. */
import { ShapeError, Tensor, zerosLike } from '#tensor';

export interface SgdSettings {
  learningRate: number;
  weightDecay?: number;
}

export interface MomentumSettings {
  learningRate: number;
  momentum: number;
}

export interface MomentumState {
  velocity: Tensor[];
}

export interface AdagradSettings {
  learningRate: number;
  epsilon: number;
}

export interface AdagradState {
  sum: Tensor[];
}

export interface RmspropSettings {
  learningRate: number;
  decay: number;
  epsilon: number;
}

export interface RmspropState {
  meanSquare: Tensor[];
}

export interface AdamSettings {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}

export interface AdamWSettings extends AdamSettings {
  weightDecay: number;
}

export interface AdamState {
  step: number;
  m: Tensor[];
  v: Tensor[];
}

export interface Updated<State> {
  parameters: Tensor[];
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

export const momentumInit = (parameters: Tensor[]): MomentumState => ({ velocity: parameters.map(zerosLike) });

export const adagradInit = (parameters: Tensor[]): AdagradState => ({ sum: parameters.map(zerosLike) });

export const rmspropInit = (parameters: Tensor[]): RmspropState => ({ meanSquare: parameters.map(zerosLike) });

export const adamInit = (parameters: Tensor[]): AdamState => ({
  step: 0,
  m: parameters.map(zerosLike),
  v: parameters.map(zerosLike),
});

/** A tensor like `x` from the entries of it and of the tensors beside it. */
function zip(x: Tensor, beside: Tensor[], entry: (value: number, ...others: number[]) => number): Tensor {
  const out = new Float64Array(x.size);
  for (let k = 0; k < out.length; k++) out[k] = entry(x.data[k], ...beside.map((other) => other.data[k]));
  return new Tensor(x.shape, out);
}

export function sgdStep(parameters: Tensor[], gradients: Tensor[], settings: SgdSettings): Tensor[] {
  checkStep('sgdStep', settings, parameters, gradients);
  const { learningRate, weightDecay = 0 } = settings;
  const shrink = 1 - learningRate * weightDecay;
  return parameters.map((theta, i) => theta.mul(shrink).sub(gradients[i].mul(learningRate)));
}

export function momentumStep(
  parameters: Tensor[],
  gradients: Tensor[],
  state: MomentumState,
  settings: MomentumSettings,
): Updated<MomentumState> {
  checkStep('momentumStep', settings, parameters, gradients, state.velocity);
  const { learningRate: eta, momentum: mu } = settings;
  const velocity = gradients.map((g, i) => zip(g, [state.velocity[i]], (slope, v) => slope + mu * v));
  const moved = velocity.map((v, i) => v.mul(-eta).add(parameters[i]));
  return { parameters: moved, state: { velocity } };
}

export function nesterovStep(
  parameters: Tensor[],
  gradients: Tensor[],
  { velocity }: MomentumState,
  settings: MomentumSettings,
): Updated<MomentumState> {
  checkStep('nesterovStep', settings, parameters, gradients, velocity);
  const { learningRate, momentum } = settings;
  const next: Updated<MomentumState> = { parameters: [], state: { velocity: [] } };
  for (let i = 0; i < parameters.length; i++) {
    const g = gradients[i];
    const v = g.add(velocity[i].mul(momentum));
    const ahead = v.mul(momentum).add(g);
    next.parameters.push(parameters[i].sub(ahead.mul(learningRate)));
    next.state.velocity.push(v);
  }
  return next;
}

export function adagradStep(
  parameters: Tensor[],
  gradients: Tensor[],
  state: AdagradState,
  settings: AdagradSettings,
): Updated<AdagradState> {
  checkStep('adagradStep', settings, parameters, gradients, state.sum);
  const sum: Tensor[] = [];
  const moved: Tensor[] = [];
  parameters.forEach((theta, i) => {
    const s = zip(state.sum[i], [gradients[i]], (old, g) => g ** 2 + old);
    const step = (t: number, g: number, all: number) =>
      t - (settings.learningRate / (settings.epsilon + Math.sqrt(all))) * g;
    moved.push(zip(theta, [gradients[i], s], step));
    sum.push(s);
  });
  return { parameters: moved, state: { sum } };
}

export function rmspropStep(
  parameters: Tensor[],
  gradients: Tensor[],
  state: RmspropState,
  settings: RmspropSettings,
): Updated<RmspropState> {
  checkStep('rmspropStep', settings, parameters, gradients, state.meanSquare);
  const { learningRate, decay, epsilon } = settings;
  const meanSquare = gradients.map((g, i) => state.meanSquare[i].mul(decay).add(g.square().mul(1 - decay)));
  const after = parameters.map((theta, i) => {
    const scale = meanSquare[i].sqrt().add(epsilon);
    return theta.sub(gradients[i].div(scale).mul(learningRate));
  });
  return { parameters: after, state: { meanSquare } };
}

export function adamStep(
  parameters: Tensor[],
  gradients: Tensor[],
  state: AdamState,
  settings: AdamSettings,
): Updated<AdamState> {
  checkStep('adamStep', settings, parameters, gradients, state.m, state.v);
  const { learningRate, beta1, beta2, epsilon } = settings;
  const step = state.step + 1;
  const correct1 = 1 - beta1 ** step;
  const correct2 = 1 - beta2 ** step;
  const m = state.m.map((old, i) => zip(old, [gradients[i]], (mean, g) => beta1 * mean + (1 - beta1) * g));
  const v = state.v.map((old, i) => zip(old, [gradients[i]], (mean, g) => beta2 * mean + (1 - beta2) * g * g));
  const after = parameters.map((theta, i) =>
    zip(theta, [m[i], v[i]], (t, mean, square) => {
      const direction = mean / correct1;
      const size = Math.sqrt(square / correct2);
      return t - (learningRate * direction) / (size + epsilon);
    }),
  );
  return { parameters: after, state: { step, m, v } };
}

export function adamwStep(
  parameters: Tensor[],
  gradients: Tensor[],
  state: AdamState,
  settings: AdamWSettings,
): Updated<AdamState> {
  checkStep('adamwStep', settings, parameters, gradients, state.m, state.v);
  const { weightDecay, ...adam } = settings;
  const kept = 1 - adam.learningRate * weightDecay;
  const shrunk = parameters.map((theta) => theta.mul(kept));
  return adamStep(shrunk, gradients, state, adam);
}

export function clipByNorm(gradients: Tensor[], maxNorm: number): { gradients: Tensor[]; norm: number } {
  if (!(maxNorm > 0)) throw new RangeError(`clipByNorm: maxNorm must be greater than 0, not ${maxNorm}`);
  const lengths = gradients.map((g) => g.norm());
  const norm = Math.hypot(...lengths);
  const room = maxNorm / (norm + 1e-6);
  const factor = room < 1 ? room : 1;
  return { gradients: gradients.map((g) => g.mul(factor)), norm };
}
