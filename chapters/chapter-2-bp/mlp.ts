/**
 * Chapter 2: the multilayer perceptron. Linear layers with something bent between them, as many as one likes: where their
 * weights begin, the way forward, the way back, and one step of learning.
 */
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

/** The parameters of one linear layer. */
export interface Layer {
  /** (out, in) */
  w: Tensor;
  /** (out) */
  b: Tensor;
}

/** The gradients of one layer's parameters, in their shapes. */
export interface LayerGradient {
  /** (out, in) */
  dw: Tensor;
  /** (out) */
  db: Tensor;
}

/** What bends the hidden layers. */
export type Activation = 'sigmoid' | 'tanh' | 'relu';

/** What `activate` leaves for `activateBackward`. */
export type ActivationCache = SigmoidCache | TanhCache | ReluCache;

/** What a network leaves for its backward pass. */
export interface MlpCache {
  activation: Activation;
  /** one for each of the L layers, the first layer first */
  linear: LinearCache[];
  /** one for each of the L − 1 hidden layers: the last layer has no activation */
  hidden: ActivationCache[];
}

/** Given: the activation of that name. @throws RangeError when there is none */
function activate(x: Tensor, activation: Activation): { y: Tensor; cache: ActivationCache } {
  if (activation === 'sigmoid') return sigmoidForward(x);
  if (activation === 'tanh') return tanhForward(x);
  if (activation === 'relu') return reluForward(x);
  throw new RangeError(`there is no activation called ${String(activation)}`);
}

/** Given: the way back through it. */
function activateBackward(dy: Tensor, cache: ActivationCache, activation: Activation): Tensor {
  if (activation === 'sigmoid') return sigmoidBackward(dy, cache as SigmoidCache);
  if (activation === 'tanh') return tanhBackward(dy, cache as TanhCache);
  return reluBackward(dy, cache as ReluCache);
}

/**
 * Xavier's start for a layer under a sigmoid or tanh: weights even in [−a, a), so small that a signal neither grows nor
 * fades on its way through, forward or back.
 *
 *   a = √(6 / (in + out))
 *   w = (2u − 1) · a                (out, in); its variance is a²/3 = 2 / (in + out)
 *
 * The random numbers come in as an argument, so the result is determined.
 *
 * @param u (out, in) uniform random numbers, each 0 ≤ u < 1
 * @returns w (out, in)
 * @throws ShapeError when u is not a matrix; RangeError when an entry is not in [0, 1)
 * @see Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", eq. 16
 */
export function xavierUniform(u: Tensor): Tensor {
  throw new Error('TODO: xavierUniform');
}

/**
 * He's start for a layer under a ReLU: half of the signal is cut off, so the weights are larger to make up for it.
 *
 *   w = z · √(2 / in)               (out, in); its variance is 2 / in
 *
 * @param z (out, in) standard normal random numbers: mean 0, variance 1
 * @returns w (out, in)
 * @throws ShapeError when z is not a matrix
 * @see He et al. 2015, "Delving deep into rectifiers", eq. 10
 */
export function heNormal(z: Tensor): Tensor {
  throw new Error('TODO: heNormal');
}

/**
 * A multilayer perceptron of any depth L ≥ 1.
 *
 *   h_0 = x                                     (N, d_0)
 *   z_l = h_{l−1} w_lᵀ + b_l                    (N, d_l)       l = 1 … L, w_l (d_l, d_{l−1}), b_l (d_l)
 *   h_l = activation(z_l)                       (N, d_l)       l = 1 … L − 1: every layer but the last
 *   y   = z_L                                   (N, d_L)       logits: nothing comes after the last sum
 *
 * With L = 1 it is a linear layer, and the activation is not used.
 *
 * @param x          (N, d_0)
 * @param layers     L layers, the first one first
 * @param activation what bends the hidden layers
 * @returns y (N, d_L), and the cache for mlpBackward
 * @throws RangeError when there are no layers, or when a hidden layer asks for an activation that does not exist (with
 *         L = 1 nobody asks); ShapeError when a layer does not fit the one before
 * @see Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors"
 */
export function mlpForward(x: Tensor, layers: Layer[], activation: Activation): { y: Tensor; cache: MlpCache } {
  throw new Error('TODO: mlpForward');
}

/**
 * The way back through a multilayer perceptron: the same layers in reverse, each handing its dx to the layer below.
 *
 *   dz_L = dy                                              (N, d_L)
 *   dw_l, db_l, dh_{l−1}  from  dz_l                       l = L … 1: back through the linear layer
 *   dz_l = back through the activation, from dh_l          l = L − 1 … 1: every layer but the last
 *   dx   = dh_0                                            (N, d_0)
 *
 * @param dy    (N, d_L) ∂loss/∂y
 * @param cache from mlpForward
 * @returns dx (N, d_0), and layers: for each layer dw (d_l, d_{l−1}) and db (d_l), the first layer first
 * @throws ShapeError when dy does not have the shape of y
 */
export function mlpBackward(dy: Tensor, cache: MlpCache): { dx: Tensor; layers: LayerGradient[] } {
  throw new Error('TODO: mlpBackward');
}

/**
 * One step of learning for a classifier: forward, loss, backward, and then, when every gradient is known, every parameter
 * a small step downhill.
 *
 *   loss = cross-entropy(mlp(x), labels)        before the step
 *   w_l′ = w_l − η · dw_l                       for every layer,
 *   b_l′ = b_l − η · db_l                       weights and biases alike
 *
 * @param x            (N, d_0) a batch of samples; N ≥ 1
 * @param labels       (N) the right classes, whole numbers from 0 to d_L − 1
 * @param layers       L layers, before the step; not changed
 * @param activation   what bends the hidden layers
 * @param learningRate η > 0
 * @returns the loss before the step, and new layers after it
 * @throws RangeError when the learning rate is not greater than 0, and where mlpForward or crossEntropyForward would
 */
export function mlpTrainStep(
  x: Tensor,
  labels: number[],
  layers: Layer[],
  activation: Activation,
  learningRate: number,
): { loss: number; layers: Layer[] } {
  throw new Error('TODO: mlpTrainStep');
}
