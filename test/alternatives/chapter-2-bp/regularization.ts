/** Chapter 2, regularization, in another style: column by column, deviations and steps written out, scales computed anew. */
import { ShapeError, Tensor, showShape } from '#tensor';

export interface DropoutCache {
  scale: Tensor;
}

export interface BatchNormTrainCache {
  xHat: Tensor;
  std: Tensor;
  gamma: Tensor;
}

export interface BatchNormEvalCache {
  xHat: Tensor;
  std: Tensor;
  gamma: Tensor;
}

export interface BatchNormGradients {
  dx: Tensor;
  dgamma: Tensor;
  dbeta: Tensor;
}

function checkFeatures(name: string, x: Tensor, others: Record<string, Tensor>): void {
  if (x.rank !== 2) throw new ShapeError(`${name}: x has the shape ${showShape(x.shape)}, not (N, d)`);
  for (const [key, value] of Object.entries(others)) {
    if (value.rank === 1 && value.shape[0] === x.shape[1]) continue;
    throw new ShapeError(`${name}: ${key} ${showShape(value.shape)} does not fit x ${showShape(x.shape)}`);
  }
}

export function dropoutForward(
  x: Tensor,
  mask: Tensor,
  p: number,
  training: boolean,
): { y: Tensor; cache: DropoutCache } {
  if (!(p >= 0 && p < 1)) throw new RangeError(`dropoutForward: p must be in [0, 1), not ${p}`);
  if (!mask.sameShape(x)) throw new ShapeError('dropoutForward: mask and x differ in shape');
  const kept = 1 / (1 - p);
  const scale = mask.map((bit) => (training ? bit * kept : 1));
  return { y: scale.mul(x), cache: { scale } };
}

export function dropoutBackward(dy: Tensor, { scale }: DropoutCache): Tensor {
  return dy.map((slope, i) => slope * scale.data[i]);
}

export function l2Penalty(ws: Tensor[], lambda: number): number {
  if (!(lambda >= 0)) throw new RangeError(`l2Penalty: lambda must be at least 0, not ${lambda}`);
  let squares = 0;
  for (const { data } of ws) {
    for (const value of data) squares += value * value;
  }
  return 0.5 * lambda * squares;
}

export function l2PenaltyGradient(ws: Tensor[], lambda: number): Tensor[] {
  if (!(lambda >= 0)) throw new RangeError(`l2PenaltyGradient: lambda must be at least 0, not ${lambda}`);
  return ws.map(
    (w) =>
      new Tensor(
        w.shape,
        w.data.map((value) => lambda * value),
      ),
  );
}

export function batchNormTrain(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  runningMean: Tensor,
  runningVar: Tensor,
  momentum: number,
  epsilon: number,
): { y: Tensor; runningMean: Tensor; runningVar: Tensor; cache: BatchNormTrainCache } {
  checkFeatures('batchNormTrain', x, { gamma, beta, runningMean, runningVar });
  const [n, d] = x.shape;
  if (n < 2) throw new RangeError('batchNormTrain: one sample has no variance');
  if (!(momentum >= 0 && momentum <= 1)) throw new RangeError(`batchNormTrain: momentum ${momentum} is not in [0, 1]`);
  if (!(epsilon > 0)) throw new RangeError(`batchNormTrain: epsilon must be greater than 0, not ${epsilon}`);
  const y = new Float64Array(n * d);
  const xHat = new Float64Array(n * d);
  const std = new Float64Array(d);
  const newMean = new Float64Array(d);
  const newVar = new Float64Array(d);
  for (let j = 0; j < d; j++) {
    let mu = 0;
    for (let i = 0; i < n; i++) mu += x.data[i * d + j] / n;
    let squares = 0;
    for (let i = 0; i < n; i++) squares += (x.data[i * d + j] - mu) ** 2;
    std[j] = Math.sqrt(squares / n + epsilon);
    for (let i = 0; i < n; i++) {
      const k = i * d + j;
      xHat[k] = (x.data[k] - mu) / std[j];
      y[k] = beta.data[j] + gamma.data[j] * xHat[k];
    }
    newMean[j] = runningMean.data[j] + momentum * (mu - runningMean.data[j]);
    newVar[j] = runningVar.data[j] + momentum * (squares / (n - 1) - runningVar.data[j]);
  }
  return {
    y: new Tensor([n, d], y),
    runningMean: new Tensor([d], newMean),
    runningVar: new Tensor([d], newVar),
    cache: { xHat: new Tensor([n, d], xHat), std: new Tensor([d], std), gamma },
  };
}

export function batchNormTrainBackward(dy: Tensor, cache: BatchNormTrainCache): BatchNormGradients {
  const { xHat, std, gamma } = cache;
  const n = dy.shape[0];
  const dbeta = dy.sum(0);
  const dgamma = xHat.mul(dy).sum(0);
  const whole = dy.mul(n).sub(dbeta).sub(xHat.mul(dgamma));
  const dx = whole.mul(gamma.div(std.mul(n)));
  return { dx, dgamma, dbeta };
}

export function batchNormEval(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  runningMean: Tensor,
  runningVar: Tensor,
  epsilon: number,
): { y: Tensor; cache: BatchNormEvalCache } {
  checkFeatures('batchNormEval', x, { gamma, beta, runningMean, runningVar });
  if (!(epsilon > 0)) throw new RangeError(`batchNormEval: epsilon must be greater than 0, not ${epsilon}`);
  if (runningVar.data.some((variance) => !(variance >= 0))) throw new RangeError('batchNormEval: a negative variance');
  const d = gamma.size;
  const std = runningVar.map((variance) => Math.sqrt(variance + epsilon));
  const xHat = x.map((value, k) => (value - runningMean.data[k % d]) / std.data[k % d]);
  const y = xHat.map((value, k) => gamma.data[k % d] * value + beta.data[k % d]);
  return { y, cache: { xHat, std, gamma } };
}

export function batchNormEvalBackward(dy: Tensor, cache: BatchNormEvalCache): BatchNormGradients {
  const [n, d] = dy.shape;
  const dx = new Float64Array(n * d);
  const dgamma = new Float64Array(d);
  const dbeta = new Float64Array(d);
  dy.data.forEach((slope, k) => {
    const j = k % d;
    dbeta[j] += slope;
    dgamma[j] += slope * cache.xHat.data[k];
    dx[k] = (cache.gamma.data[j] / cache.std.data[j]) * slope;
  });
  return { dx: new Tensor([n, d], dx), dgamma: new Tensor([d], dgamma), dbeta: new Tensor([d], dbeta) };
}
