/**
 * Chapter 1, topic 3: the linear unit. The step is gone, so the error has a slope, and learning is walking down it.
 *
 * Style: reduce for one number, column by column for a gradient, loops over Float64Array in place of matrix products.
 */
import { Tensor } from '#tensor';

export interface LinearUnit {
  weights: number[];
  bias: number;
}

export interface TrainedLinearUnit extends LinearUnit {
  history: number[];
}

export interface LayerGradients {
  dW: Tensor;
  db: Tensor;
}

export function linearOutput(x: number[], weights: number[], bias: number): number {
  if (x.length !== weights.length) throw new RangeError('linearOutput: x and weights differ in length');
  return x.reduceRight((sum, value, i) => sum + value * weights[i], 0) + bias;
}

export function meanSquaredError(outputs: number[], targets: number[]): number {
  const N = outputs.length;
  if (N === 0) throw new RangeError('meanSquaredError: no outputs');
  if (N !== targets.length) throw new RangeError('meanSquaredError: one target per output');
  let mean = 0;
  for (let i = 0; i < N; i++) {
    const error = targets[i] - outputs[i];
    mean += (error * error) / N;
  }
  return mean;
}

export function meanSquaredErrorGradient(
  samples: number[][],
  targets: number[],
  weights: number[],
  bias: number,
): LinearUnit {
  const N = samples.length;
  if (N === 0 || N !== targets.length) throw new RangeError('meanSquaredErrorGradient: one target per sample');
  const slopes = samples.map((x, i) => (2 / N) * (linearOutput(x, weights, bias) - targets[i]));
  return {
    weights: weights.map((_, j) => slopes.reduce((sum, slope, i) => sum + slope * samples[i][j], 0)),
    bias: slopes.reduce((sum, slope) => sum + slope, 0),
  };
}

export function deltaRule(
  x: number[],
  target: number,
  weights: number[],
  bias: number,
  learningRate: number,
): LinearUnit {
  if (!(learningRate > 0)) throw new RangeError('deltaRule: the learning rate must be greater than 0');
  const y = linearOutput(x, weights, bias);
  const stride = learningRate * (target - y);
  const next = [...weights];
  for (const [i, value] of x.entries()) next[i] += stride * value;
  return { weights: next, bias: bias + stride };
}

export function trainLinearUnit(
  samples: number[][],
  targets: number[],
  learningRate: number,
  steps: number,
): TrainedLinearUnit {
  if (samples.length === 0) throw new RangeError('trainLinearUnit: no samples');
  if (samples.length !== targets.length) throw new RangeError('trainLinearUnit: one target per sample');
  if (!(learningRate > 0)) throw new RangeError('trainLinearUnit: the learning rate must be greater than 0');
  if (!Number.isInteger(steps) || steps < 0) throw new RangeError('trainLinearUnit: steps is no count');
  const n = samples[0].length;
  let weights = Array.from({ length: n }, () => 0);
  let bias = 0;
  const history: number[] = [];
  const record = () => {
    const outputs = samples.map((x) => linearOutput(x, weights, bias));
    history.push(meanSquaredError(outputs, targets));
  };
  record();
  for (let k = 1; k <= steps; k++) {
    const gradient = meanSquaredErrorGradient(samples, targets, weights, bias);
    weights = weights.map((w, j) => w - learningRate * gradient.weights[j]);
    bias -= learningRate * gradient.bias;
    record();
  }
  return { weights, bias, history };
}

export function linearForward(X: Tensor, W: Tensor, b: Tensor): Tensor {
  const [N, d] = X.shape;
  const [out, width] = W.shape;
  if (d !== width) throw new RangeError(`linearForward: ${d} inputs for units with ${width} weights`);
  const data = new Float64Array(N * out);
  for (let i = 0; i < N; i++) {
    for (let k = 0; k < out; k++) {
      let sum = b.data[b.size === 1 ? 0 : k];
      for (let j = 0; j < d; j++) sum += X.data[i * d + j] * W.data[k * d + j];
      data[i * out + k] = sum;
    }
  }
  return new Tensor([N, out], data);
}

export function linearGradients(X: Tensor, W: Tensor, b: Tensor, T: Tensor): LayerGradients {
  const Y = linearForward(X, W, b);
  if (!Y.sameShape(T)) throw new RangeError('linearGradients: targets and outputs differ in shape');
  const [N, out] = Y.shape;
  const errors = Y.sub(T);
  const scale = 2 / (N * out);
  const dW = X.T.matmul(errors).T.mul(scale);
  const db = errors.sum(0).mul(scale);
  return { dW, db };
}
