/** Chapter 2, topic 3, in another style: scalar functions for one number each, row loops for the softmaxes, one-sided forms. */
import { ShapeError, Tensor, erf, tensor } from '#tensor';

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
export interface SoftmaxCache {
  y: Tensor;
}
export interface LogSoftmaxCache {
  y: Tensor;
}

/** σ of one number; the exponential is never of a positive number. */
function sigma(v: number): number {
  const small = Math.exp(-Math.abs(v));
  return v < 0 ? small / (1 + small) : 1 / (1 + small);
}

export function sigmoidForward(x: Tensor): { y: Tensor; cache: SigmoidCache } {
  const y = x.map((v) => sigma(v));
  return { y, cache: { y } };
}

export function sigmoidBackward(dy: Tensor, cache: SigmoidCache): Tensor {
  const s = cache.y.data;
  return dy.map((g, i) => g * (1 - s[i]) * s[i]);
}

export function tanhForward(x: Tensor): { y: Tensor; cache: TanhCache } {
  const out = new Float64Array(x.size);
  for (let i = 0; i < out.length; i++) out[i] = Math.tanh(x.data[i]);
  const y = new Tensor(x.shape, out);
  return { y, cache: { y } };
}

export function tanhBackward(dy: Tensor, { y }: TanhCache): Tensor {
  const slope = y.add(1).mul(y.neg().add(1));
  return slope.mul(dy);
}

export function reluForward(x: Tensor): { y: Tensor; cache: ReluCache } {
  return { y: x.maximum(0), cache: { x } };
}

export function reluBackward(dy: Tensor, { x }: ReluCache): Tensor {
  const out = dy.data.slice();
  x.data.forEach((v, i) => {
    if (v <= 0) out[i] = 0;
  });
  return new Tensor(dy.shape, out);
}

export function leakyReluForward(x: Tensor, slope: number): { y: Tensor; cache: LeakyReluCache } {
  const positive = x.maximum(0);
  const negative = x.minimum(0);
  return { y: positive.add(negative.mul(slope)), cache: { x, slope } };
}

export function leakyReluBackward(dy: Tensor, cache: LeakyReluCache): Tensor {
  const on = cache.x.greater(0);
  const off = on.neg().add(1);
  return on.add(off.mul(cache.slope)).mul(dy);
}

export function preluForward(x: Tensor, a: Tensor): { y: Tensor; cache: PreluCache } {
  if (a.rank !== 1 || a.size !== 1) throw new ShapeError(`a must have the shape (1), not (${a.shape.join(', ')})`);
  const [slope] = a.data;
  return { y: x.map((v) => (v > 0 ? v : slope * v)), cache: { x, a } };
}

export function preluBackward(dy: Tensor, { x, a }: PreluCache): { dx: Tensor; da: Tensor } {
  const dx = new Float64Array(x.size);
  let sum = 0;
  for (let i = 0; i < x.size; i++) {
    const g = dy.data[i];
    if (x.data[i] > 0) {
      dx[i] = g;
    } else {
      dx[i] = a.data[0] * g;
      sum += x.data[i] * g;
    }
  }
  return { dx: new Tensor(x.shape, dx), da: tensor([sum]) };
}

/** Φ of one number. On the left erfc would keep more digits of a number that is nearly 0; erf is as near absolutely. */
const below = (v: number) => 0.5 + 0.5 * erf(v * Math.SQRT1_2);

export function geluForward(x: Tensor): { y: Tensor; cache: GeluCache } {
  return { y: x.map((v) => v * below(v)), cache: { x } };
}

export function geluBackward(dy: Tensor, { x }: GeluCache): Tensor {
  return dy.map((g, i) => {
    const v = x.data[i];
    const density = Math.exp(-(v * v) / 2) / Math.sqrt(2 * Math.PI);
    return g * (below(v) + v * density);
  });
}

export function geluTanh(x: Tensor): Tensor {
  const inner = x
    .mul(x)
    .mul(0.044715)
    .add(1)
    .mul(x)
    .mul(Math.sqrt(2 / Math.PI));
  const half = x.div(2);
  return half.add(half.mul(inner.tanh()));
}

export function siluForward(x: Tensor): { y: Tensor; cache: SiluCache } {
  const out = Float64Array.from(x.data, (v) => v * sigma(v));
  return { y: new Tensor(x.shape, out), cache: { x } };
}

export function siluBackward(dy: Tensor, { x }: SiluCache): Tensor {
  const { y: s } = sigmoidForward(x);
  const bend = x.mul(s).mul(sigmoidForward(x.neg()).y);
  return dy.mul(bend.add(s));
}

export function softplusForward(x: Tensor): { y: Tensor; cache: SoftplusCache } {
  const rounded = x.map((v) => (v > 0 ? v + Math.log1p(Math.exp(-v)) : Math.log1p(Math.exp(v))));
  return { y: rounded, cache: { x } };
}

export function softplusBackward(dy: Tensor, { x }: SoftplusCache): Tensor {
  return x.map((v, i) => sigma(v) * dy.data[i]);
}

/** Hands each row of the last axis to `change`, as a list that it may write to. */
function eachRow(x: Tensor, change: (row: Float64Array, start: number) => void): Tensor {
  if (x.rank === 0) throw new ShapeError('a row of scores needs an axis, and this is one number');
  const width = x.shape[x.rank - 1];
  const out = x.data.slice();
  for (let start = 0; start < out.length; start += width) change(out.subarray(start, start + width), start);
  return new Tensor(x.shape, out);
}

export function softmaxForward(x: Tensor): { y: Tensor; cache: SoftmaxCache } {
  const y = eachRow(x, (row) => {
    const top = row.reduce((a, b) => Math.max(a, b));
    let total = 0;
    for (let c = 0; c < row.length; c++) {
      row[c] = Math.exp(row[c] - top);
      total += row[c];
    }
    for (let c = 0; c < row.length; c++) row[c] /= total;
  });
  return { y, cache: { y } };
}

export function softmaxBackward(dy: Tensor, { y }: SoftmaxCache): Tensor {
  return eachRow(dy, (row, start) => {
    const p = y.data.subarray(start, start + row.length);
    const mean = row.reduce((sum, g, c) => sum + g * p[c], 0);
    row.forEach((g, c) => {
      row[c] = p[c] * (g - mean);
    });
  });
}

export function logSoftmaxForward(x: Tensor): { y: Tensor; cache: LogSoftmaxCache } {
  if (x.rank === 0) throw new ShapeError('log-softmax needs at least one axis');
  const shifted = x.sub(x.max(-1, { keepDims: true }));
  const total = shifted.exp().sum(-1, { keepDims: true });
  const y = shifted.sub(total.log());
  return { y, cache: { y } };
}

export function logSoftmaxBackward(dy: Tensor, { y }: LogSoftmaxCache): Tensor {
  const share = y.exp().mul(dy.sum(-1, { keepDims: true }));
  return dy.sub(share);
}
