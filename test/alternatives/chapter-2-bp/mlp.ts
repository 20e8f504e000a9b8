/** Chapter 2, the multilayer perceptron, in another style: recursion, reduce, entries and spliced lists in place of counting loops. */
import { ShapeError, Tensor, showShape } from '#tensor';
import {
  reluBackward,
  reluForward,
  sigmoidBackward,
  sigmoidForward,
  tanhBackward,
  tanhForward,
} from './activations.ts';
import type { ReluCache, SigmoidCache, TanhCache } from './activations.ts';
import { linearBackward, linearForward } from './linear.ts';
import type { LinearCache } from './linear.ts';
import { crossEntropyBackward, crossEntropyForward } from './losses.ts';

export interface Layer {
  w: Tensor;
  b: Tensor;
}

export interface LayerGradient {
  dw: Tensor;
  db: Tensor;
}

export type Activation = 'sigmoid' | 'tanh' | 'relu';

export type ActivationCache = SigmoidCache | TanhCache | ReluCache;

export interface MlpCache {
  activation: Activation;
  linear: LinearCache[];
  hidden: ActivationCache[];
}

function activate(x: Tensor, activation: Activation): { y: Tensor; cache: ActivationCache } {
  if (activation === 'sigmoid') return sigmoidForward(x);
  if (activation === 'tanh') return tanhForward(x);
  if (activation === 'relu') return reluForward(x);
  throw new RangeError(`there is no activation called ${String(activation)}`);
}

function activateBackward(dy: Tensor, cache: ActivationCache, activation: Activation): Tensor {
  if (activation === 'sigmoid') return sigmoidBackward(dy, cache as SigmoidCache);
  if (activation === 'tanh') return tanhBackward(dy, cache as TanhCache);
  return reluBackward(dy, cache as ReluCache);
}

export function xavierUniform(u: Tensor): Tensor {
  if (u.rank !== 2) throw new ShapeError(`xavierUniform: u must be (out, in), not ${showShape(u.shape)}`);
  if (!u.data.every((value) => value >= 0 && value < 1)) throw new RangeError('xavierUniform: u must be in [0, 1)');
  const [outputs, inputs] = u.shape;
  const bound = Math.sqrt(6) / Math.sqrt(outputs + inputs);
  return u.sub(0.5).mul(2 * bound);
}

export function heNormal(z: Tensor): Tensor {
  if (z.rank !== 2) throw new ShapeError(`heNormal: z must be (out, in), not ${showShape(z.shape)}`);
  const fanIn = z.shape[1];
  const out = z.data.slice();
  for (let i = 0; i < out.length; i++) out[i] /= Math.sqrt(fanIn / 2);
  return new Tensor(z.shape, out);
}

export function mlpForward(x: Tensor, layers: Layer[], activation: Activation): { y: Tensor; cache: MlpCache } {
  if (layers.length === 0) throw new RangeError('mlpForward: a network needs at least one layer');
  const [first, ...rest] = layers;
  const here = linearForward(x, first.w, first.b);
  if (rest.length === 0) return { y: here.y, cache: { activation, linear: [here.cache], hidden: [] } };
  const bent = activate(here.y, activation);
  const above = mlpForward(bent.y, rest, activation);
  return {
    y: above.y,
    cache: {
      activation,
      linear: [here.cache, ...above.cache.linear],
      hidden: [bent.cache, ...above.cache.hidden],
    },
  };
}

export function mlpBackward(dy: Tensor, cache: MlpCache): { dx: Tensor; layers: LayerGradient[] } {
  const layers: LayerGradient[] = [];
  let gradient = dy;
  for (let l = cache.linear.length - 1; l >= 0; l--) {
    const isHidden = l < cache.hidden.length;
    if (isHidden) gradient = activateBackward(gradient, cache.hidden[l], cache.activation);
    const { dx, dw, db } = linearBackward(gradient, cache.linear[l]);
    layers.unshift({ dw, db });
    gradient = dx;
  }
  return { dx: gradient, layers };
}

export function mlpTrainStep(
  x: Tensor,
  labels: number[],
  layers: Layer[],
  activation: Activation,
  learningRate: number,
): { loss: number; layers: Layer[] } {
  if (!(learningRate > 0)) throw new RangeError(`mlpTrainStep: the learning rate must be greater than 0`);
  const forward = mlpForward(x, layers, activation);
  const criterion = crossEntropyForward(forward.y, labels);
  const gradients = mlpBackward(crossEntropyBackward(criterion.cache), forward.cache).layers;
  const step = (theta: Tensor, g: Tensor) => theta.map((value, i) => value - learningRate * g.data[i]);
  const after: Layer[] = [];
  for (const [l, { w, b }] of layers.entries()) {
    after.push({ w: step(w, gradients[l].dw), b: step(b, gradients[l].db) });
  }
  return { loss: criterion.loss, layers: after };
}
