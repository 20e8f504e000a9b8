/**
 * Chapter 6, topic 2: bottleneck adapters.
 *
 * Style: the projections of chapter 5 forward, matrices over one list of tokens backward, with the bend's slope written out
 * and its output computed anew.
 */
import { ShapeError, Tensor, erfc, zeros } from '#tensor';
import { geluForward } from '../chapter-2-bp/activations.ts';
import type { GeluCache } from '../chapter-2-bp/activations.ts';
import { projectForward } from '../chapter-5-transformer/multi-head-attention.ts';
import type { ProjectCache } from '../chapter-5-transformer/multi-head-attention.ts';

export interface AdapterWeights {
  wDown: Tensor;
  bDown: Tensor;
  wUp: Tensor;
  bUp: Tensor;
}

export interface AdapterCache {
  down: ProjectCache;
  gelu: GeluCache;
  up: ProjectCache;
}

export function adapterInit(z: Tensor): AdapterWeights {
  if (z.rank !== 2) throw new ShapeError('adapterInit: z must be a matrix (m, C)');
  const [m, C] = z.shape;
  return { wDown: z.mul(1 / Math.sqrt(C)), bDown: zeros(m), wUp: zeros(C, m), bUp: zeros(C) };
}

export function adapterForward(x: Tensor, weights: AdapterWeights): { y: Tensor; cache: AdapterCache } {
  const { wDown, bDown, wUp, bUp } = weights;
  const [m, C] = wDown.shape;
  const shapes = [
    [x.shape[x.rank - 1], C],
    [bDown.size, m],
    [wUp.shape[0], C],
    [wUp.shape[1], m],
    [bUp.size, C],
  ];
  if (shapes.some(([is, should]) => is !== should)) throw new ShapeError('adapterForward: the shapes do not fit');
  const { y: z, cache: down } = projectForward(x, wDown, bDown);
  const { y: h, cache: gelu } = geluForward(z);
  const { y: change, cache: up } = projectForward(h, wUp, bUp);
  const y = zeros(...x.shape);
  for (let k = 0; k < y.size; k++) y.data[k] = x.data[k] + change.data[k];
  return { y, cache: { down, gelu, up } };
}

export function adapterBackward(dy: Tensor, cache: AdapterCache): { dx: Tensor; weights: AdapterWeights } {
  const { x, w: wDown } = cache.down.linear;
  const { w: wUp } = cache.up.linear;
  const [m, C] = wDown.shape;
  const up = dy.reshape(dy.size / C, C);
  const z = cache.gelu.x.reshape(up.shape[0], m);
  const below = z.map((v) => erfc(-v / Math.SQRT2) / 2);
  const density = z.map((v) => Math.exp((-v * v) / 2) / Math.sqrt(2 * Math.PI));
  const h = z.mul(below);
  const dz = up.matmul(wUp).mul(below.add(z.mul(density)));
  return {
    dx: up.add(dz.matmul(wDown)).reshape(...dy.shape),
    weights: {
      wDown: x.T.matmul(dz).T,
      bDown: dz.sum(0),
      wUp: h.T.matmul(up).T,
      bUp: up.sum(0),
    },
  };
}

export function adapterParameterCount(layers: number, dModel: number, bottleneck: number): number {
  const down = (dModel + 1) * bottleneck;
  const up = (bottleneck + 1) * dModel;
  return 2 * layers * (down + up);
}
