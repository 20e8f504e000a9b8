/**
 * Chapter 5, topic 5, by another hand: rows as plain lists of numbers and sums in loops; the backward passes multiply out by
 * C and divide once at the end.
 */
import { ShapeError, Tensor, showShape } from '#tensor';

export interface NormWeights {
  gamma: Tensor;
  beta: Tensor;
}

export interface LayerNormCache {
  xHat: Tensor;
  inverse: Tensor;
  gamma: Tensor;
}

export interface RmsNormCache {
  xHat: Tensor;
  inverse: Tensor;
  gamma: Tensor;
}

export const EPSILON = 1e-5;

function needWidth(name: string, vector: Tensor, x: Tensor): void {
  const C = x.shape[x.rank - 1];
  if (vector.rank !== 1 || vector.shape[0] !== C) {
    throw new ShapeError(`${name} ${showShape(vector.shape)} does not fit x ${showShape(x.shape)}`);
  }
}

export function layerNormForward(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  epsilon: number,
): { y: Tensor; cache: LayerNormCache } {
  needWidth('gamma', gamma, x);
  needWidth('beta', beta, x);
  const C = gamma.size;
  const xHat = new Float64Array(x.size);
  const inverses: number[] = [];
  for (let start = 0; start < x.size; start += C) {
    const row = x.data.subarray(start, start + C);
    let sum = 0;
    for (const entry of row) sum += entry;
    const mean = sum / C;
    let squares = 0;
    for (const entry of row) squares += (entry - mean) ** 2;
    const inverse = 1 / Math.sqrt(squares / C + epsilon);
    inverses.push(inverse);
    for (let c = 0; c < C; c++) xHat[start + c] = (row[c] - mean) * inverse;
  }
  const normed = new Tensor(x.shape, xHat);
  const y = normed.map((entry, at) => entry * gamma.data[at % C] + beta.data[at % C]);
  return { y, cache: { xHat: normed, inverse: new Tensor([...x.shape.slice(0, -1), 1], inverses), gamma } };
}

export function layerNormBackward(dy: Tensor, cache: LayerNormCache): { dx: Tensor; dgamma: Tensor; dbeta: Tensor } {
  const { xHat, inverse, gamma } = cache;
  const C = gamma.size;
  const dgamma = new Float64Array(C);
  const dbeta = new Float64Array(C);
  const dx = new Float64Array(dy.size);
  for (let n = 0; n < dy.size / C; n++) {
    const at = n * C;
    let sum = 0;
    let along = 0;
    for (let c = 0; c < C; c++) {
      const slope = dy.data[at + c] * gamma.data[c];
      sum += slope;
      along += slope * xHat.data[at + c];
      dgamma[c] += dy.data[at + c] * xHat.data[at + c];
      dbeta[c] += dy.data[at + c];
    }
    for (let c = 0; c < C; c++) {
      const slope = dy.data[at + c] * gamma.data[c];
      dx[at + c] = (inverse.data[n] / C) * (C * slope - sum - xHat.data[at + c] * along);
    }
  }
  return { dx: new Tensor(dy.shape, dx), dgamma: new Tensor([C], dgamma), dbeta: new Tensor([C], dbeta) };
}

export function rmsNormForward(x: Tensor, gamma: Tensor, epsilon: number): { y: Tensor; cache: RmsNormCache } {
  needWidth('gamma', gamma, x);
  const inverse = x.mul(x).mean(-1, { keepDims: true }).add(epsilon).pow(-0.5);
  const xHat = inverse.mul(x);
  return { y: xHat.mul(gamma), cache: { xHat, inverse, gamma } };
}

export function rmsNormBackward(dy: Tensor, cache: RmsNormCache): { dx: Tensor; dgamma: Tensor } {
  const { xHat, inverse, gamma } = cache;
  const slope = gamma.mul(dy);
  const share = slope.mul(xHat).sum(-1, { keepDims: true }).div(gamma.size);
  const dx = inverse.mul(slope).sub(inverse.mul(share).mul(xHat));
  const dgamma = overTokens(xHat.mul(dy));
  return { dx, dgamma };
}

export function overTokens(x: Tensor): Tensor {
  return x.reshape(-1, x.shape[x.rank - 1]).sum(0);
}
