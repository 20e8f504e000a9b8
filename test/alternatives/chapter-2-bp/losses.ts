/** Chapter 2, losses, in another style: sums by hand and by reduce, one-hot tables without oneHot, probabilities from the gradient's own formula. */
import { ShapeError, Tensor, showShape, zerosLike } from '#tensor';
import { logSoftmaxForward, sigmoidForward } from './activations.ts';

export interface MseCache {
  error: Tensor;
}

export interface L1Cache {
  error: Tensor;
}

export interface HuberCache {
  error: Tensor;
  delta: number;
}

export interface CrossEntropyCache {
  probabilities: Tensor;
  targets: Tensor;
}

export interface BceCache {
  probabilities: Tensor;
  targets: Tensor;
}

function needDistribution(name: string, p: Tensor): void {
  if (p.rank !== 1) throw new ShapeError(`${name}: a distribution is a vector (C), not ${showShape(p.shape)}`);
  const bad = p.data.find((x) => !(x >= 0 && x <= 1));
  if (bad !== undefined) throw new RangeError(`${name}: a probability must be from 0 to 1, not ${bad}`);
  const total = p.sum().item();
  if (!(Math.abs(total - 1) <= 1e-6)) throw new RangeError(`${name}: the probabilities add up to ${total}, not to 1`);
}

function needSameShape(name: string, y: Tensor, target: Tensor): void {
  if (!y.sameShape(target)) {
    throw new ShapeError(
      `${name}: outputs ${showShape(y.shape)} and targets ${showShape(target.shape)} differ in shape`,
    );
  }
  if (y.size === 0) throw new ShapeError(`${name}: there is nothing to average in ${showShape(y.shape)}`);
}

export function entropy(p: Tensor): number {
  needDistribution('entropy', p);
  let total = 0;
  for (const share of p.data) {
    if (share === 0) continue;
    total += share * Math.log(1 / share);
  }
  return total;
}

export function klDivergence(p: Tensor, q: Tensor): number {
  needDistribution('klDivergence', p);
  needDistribution('klDivergence', q);
  if (p.size !== q.size) throw new ShapeError('klDivergence: the two distributions are of different length');
  const possible = [...p.data.keys()].filter((c) => p.data[c] > 0);
  return possible.reduce((sum, c) => sum + p.data[c] * (Math.log(p.data[c]) - Math.log(q.data[c])), 0);
}

export function mseForward(y: Tensor, target: Tensor): { loss: number; cache: MseCache } {
  needSameShape('mseForward', y, target);
  const error = y.sub(target);
  let squares = 0;
  for (const e of error.data) squares += e * e;
  return { loss: squares / error.size, cache: { error } };
}

export function mseBackward({ error }: MseCache): Tensor {
  return error.add(error).div(error.size);
}

export function crossEntropyForward(
  logits: Tensor,
  labels: number[],
  smoothing = 0,
): { loss: number; cache: CrossEntropyCache } {
  if (logits.rank !== 2 || logits.shape[0] < 1) {
    throw new ShapeError(`crossEntropyForward: logits must be (N, C), not ${showShape(logits.shape)}`);
  }
  const [rows, classes] = logits.shape;
  if (labels.length !== rows) throw new RangeError(`crossEntropyForward: ${labels.length} labels for ${rows} rows`);
  if (!labels.every((label) => Number.isInteger(label) && label >= 0 && label < classes)) {
    throw new RangeError('crossEntropyForward: a label is no class');
  }
  if (!(smoothing >= 0 && smoothing <= 1)) throw new RangeError(`crossEntropyForward: smoothing ${smoothing}`);
  const logp = logSoftmaxForward(logits).y;
  const targets = new Float64Array(rows * classes).fill(smoothing / classes);
  let surprise = 0;
  for (let i = 0; i < rows; i++) {
    targets[i * classes + labels[i]] += 1 - smoothing;
    for (let c = 0; c < classes; c++) surprise -= targets[i * classes + c] * logp.data[i * classes + c];
  }
  const cache = { probabilities: logp.exp(), targets: new Tensor([rows, classes], targets) };
  return { loss: surprise / rows, cache };
}

export function crossEntropyBackward(cache: CrossEntropyCache): Tensor {
  const { probabilities: p, targets: t } = cache;
  const rows = p.shape[0];
  return p.map((share, i) => (share - t.data[i]) / rows);
}

export function bceWithLogitsForward(logits: Tensor, targets: Tensor): { loss: number; cache: BceCache } {
  needSameShape('bceWithLogitsForward', logits, targets);
  if (targets.data.some((t) => !(t >= 0) || !(t <= 1))) throw new RangeError('a target is not from 0 to 1');
  // −log σ(z) is softplus(−z), and −log(1 − σ(z)) is softplus(z).
  const softplus = (v: number) => (v > 0 ? v : 0) + Math.log1p(Math.exp(-Math.abs(v)));
  const each = logits.map((z, i) => targets.data[i] * softplus(-z) + (1 - targets.data[i]) * softplus(z));
  return { loss: each.mean().item(), cache: { probabilities: sigmoidForward(logits).y, targets } };
}

export function bceWithLogitsBackward({ probabilities, targets }: BceCache): Tensor {
  const each = 1 / targets.size;
  return probabilities.sub(targets).mul(each);
}

export function l1Forward(y: Tensor, target: Tensor): { loss: number; cache: L1Cache } {
  needSameShape('l1Forward', y, target);
  const error = y.sub(target);
  const distance = y.maximum(target).sub(y.minimum(target));
  return { loss: distance.sum().item() / y.size, cache: { error } };
}

export function l1Backward({ error }: L1Cache): Tensor {
  const dy = zerosLike(error);
  const pull = 1 / error.size;
  for (let i = 0; i < error.size; i++) {
    if (error.data[i] > 0) dy.data[i] = pull;
    else if (error.data[i] < 0) dy.data[i] = -pull;
  }
  return dy;
}

export function huberForward(y: Tensor, target: Tensor, delta: number): { loss: number; cache: HuberCache } {
  needSameShape('huberForward', y, target);
  if (!(delta > 0)) throw new RangeError(`huberForward: delta must be greater than 0, not ${delta}`);
  const error = y.sub(target);
  // The part of the error within ±δ counts squared, the part beyond it straight.
  const size = error.abs();
  const inside = size.minimum(delta);
  const beyond = size.sub(inside);
  const loss = inside.square().div(2).add(beyond.mul(delta)).mean().item();
  return { loss, cache: { error, delta } };
}

export function huberBackward({ error, delta }: HuberCache): Tensor {
  return error.clip(-delta, delta).div(error.size);
}
