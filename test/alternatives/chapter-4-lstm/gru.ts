/**
 * Chapter 4, topic 3: the gated recurrent unit.
 *
 * Style: the weights cut into blocks before any product, h′ as n + z (h − n); the way back in loops, number by number;
 * recursion through time forward, flat buffers backward.
 */
import { ShapeError, Tensor, split, stack, zeros, zerosLike } from '#tensor';
import { sigmoidForward } from '../chapter-2-bp/activations.ts';

export interface GruWeights {
  wIh: Tensor;
  wHh: Tensor;
  bIh: Tensor;
  bHh: Tensor;
}

export interface GruStepCache {
  x: Tensor;
  h: Tensor;
  r: Tensor;
  z: Tensor;
  n: Tensor;
  m: Tensor;
  weights: GruWeights;
}

export interface GruStepGradients {
  dx: Tensor;
  dh: Tensor;
  weights: GruWeights;
}

export interface GruCache {
  steps: GruStepCache[];
}

export interface GruGradients {
  dx: Tensor;
  dh0: Tensor;
  weights: GruWeights;
}

export function gruStep(x: Tensor, h: Tensor, weights: GruWeights): { h: Tensor; cache: GruStepCache } {
  const H = weights.wHh.shape[1];
  if (x.shape[1] !== weights.wIh.shape[1]) throw new ShapeError('gruStep: x and wIh differ in D');
  if (h.shape[0] !== x.shape[0] || h.shape[1] !== H) throw new ShapeError('gruStep: h must be (B, H)');
  const linear = (input: Tensor, w: Tensor, b: Tensor) => w.matmul(input.T).T.add(b);
  const [wR, wZ, wN] = split(weights.wIh, 3);
  const [uR, uZ, uN] = split(weights.wHh, 3);
  const [bR, bZ, bN] = split(weights.bIh, 3);
  const [vR, vZ, vN] = split(weights.bHh, 3);
  const r = sigmoidForward(linear(x, wR, bR).add(linear(h, uR, vR))).y;
  const z = sigmoidForward(linear(x, wZ, bZ).add(linear(h, uZ, vZ))).y;
  const m = linear(h, uN, vN);
  const n = linear(x, wN, bN).add(m.mul(r)).tanh();
  return { h: n.add(z.mul(h.sub(n))), cache: { x, h, r, z, n, m, weights } };
}

export function gruStepBackward(dh: Tensor, cache: GruStepCache): GruStepGradients {
  const { x, h, weights } = cache;
  const [B, D] = x.shape;
  const H = h.shape[1];
  const [dx, dhBefore] = [zerosLike(x), zerosLike(h)];
  const gradients: GruWeights = {
    wIh: zerosLike(weights.wIh),
    wHh: zerosLike(weights.wHh),
    bIh: zerosLike(weights.bIh),
    bHh: zerosLike(weights.bHh),
  };
  for (let b = 0; b < B; b++) {
    for (let u = 0; u < H; u++) {
      const at = b * H + u;
      const up = dh.data[at];
      const [r, z, n, m] = [cache.r.data[at], cache.z.data[at], cache.n.data[at], cache.m.data[at]];
      const daN = up * (1 - z) * (1 - n * n);
      const daZ = up * (h.data[at] - n) * z * (1 - z);
      const daR = daN * m * r * (1 - r);
      const da = [daR, daZ, daN];
      const ds = [daR, daZ, daN * r];
      dhBefore.data[at] += up * z;
      for (let block = 0; block < 3; block++) {
        const row = block * H + u;
        for (let d = 0; d < D; d++) {
          dx.data[b * D + d] += da[block] * weights.wIh.data[row * D + d];
          gradients.wIh.data[row * D + d] += da[block] * x.data[b * D + d];
        }
        for (let k = 0; k < H; k++) {
          dhBefore.data[b * H + k] += ds[block] * weights.wHh.data[row * H + k];
          gradients.wHh.data[row * H + k] += ds[block] * h.data[b * H + k];
        }
        gradients.bIh.data[row] += da[block];
        gradients.bHh.data[row] += ds[block];
      }
    }
  }
  return { dx, dh: dhBefore, weights: gradients };
}

export function gruForward(x: Tensor, h0: Tensor, weights: GruWeights): { y: Tensor; hn: Tensor; cache: GruCache } {
  const run = (t: number, h: Tensor): { h: Tensor; cache: GruStepCache }[] => {
    if (t === x.shape[0]) return [];
    const one = gruStep(x.slice(t), h, weights);
    return [one, ...run(t + 1, one.h)];
  };
  const all = run(0, h0);
  return {
    y: stack(all.map((one) => one.h)),
    hn: all[all.length - 1].h,
    cache: { steps: all.map((one) => one.cache) },
  };
}

export function gruBackward(dy: Tensor, dhn: Tensor, cache: GruCache): GruGradients {
  const T = cache.steps.length;
  const { x, weights } = cache.steps[0];
  const dx = zeros(T, ...x.shape);
  const sum: GruWeights = {
    wIh: zerosLike(weights.wIh),
    wHh: zerosLike(weights.wHh),
    bIh: zerosLike(weights.bIh),
    bHh: zerosLike(weights.bHh),
  };
  const accumulate = (into: Tensor, share: Tensor) => share.data.forEach((value, k) => (into.data[k] += value));
  let dh = dhn;
  for (let t = T; t-- > 0;) {
    const { dx: dxt, dh: before, weights: share } = gruStepBackward(dy.row(t).add(dh), cache.steps[t]);
    dx.data.set(dxt.data, t * x.size);
    accumulate(sum.wIh, share.wIh);
    accumulate(sum.wHh, share.wHh);
    accumulate(sum.bIh, share.bIh);
    accumulate(sum.bHh, share.bHh);
    dh = before;
  }
  return { dx, dh0: dh, weights: sum };
}
