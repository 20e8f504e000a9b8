/**
 * Chapter 5, topic 6, by another hand: a table of bends in place of an if, and SwiGLU over one list of tokens from the
 * first line on, with its activations found again on the way back.
 */
import { ShapeError, Tensor, showShape } from '#tensor';
import { geluBackward, geluForward, reluBackward, reluForward } from '../chapter-2-bp/activations.ts';
import { siluBackward, siluForward } from '../chapter-2-bp/activations.ts';
import type { GeluCache, ReluCache, SiluCache } from '../chapter-2-bp/activations.ts';
import { projectBackward, projectForward } from './multi-head-attention.ts';
import type { ProjectCache } from './multi-head-attention.ts';

export type FeedForwardActivation = 'relu' | 'gelu';

export interface FeedForwardWeights {
  w1: Tensor;
  b1: Tensor;
  w2: Tensor;
  b2: Tensor;
}

export interface FeedForwardCache {
  up: ProjectCache;
  activation: FeedForwardActivation;
  bent: ReluCache | GeluCache;
  down: ProjectCache;
}

export interface SwigluWeights {
  wGate: Tensor;
  wUp: Tensor;
  wDown: Tensor;
}

export interface SwigluCache {
  x: Tensor;
  silu: SiluCache;
  gate: Tensor;
  up: Tensor;
  weights: SwigluWeights;
}

const bends = {
  relu: { there: reluForward, back: reluBackward },
  gelu: { there: geluForward, back: geluBackward },
};

export function feedForward(
  x: Tensor,
  weights: FeedForwardWeights,
  activation: FeedForwardActivation,
): { y: Tensor; cache: FeedForwardCache } {
  const { w1, b1, w2, b2 } = weights;
  const wide = projectForward(x, w1, b1);
  const { y: h, cache: bent } = bends[activation].there(wide.y);
  const narrow = projectForward(h, w2, b2);
  return { y: narrow.y, cache: { up: wide.cache, activation, bent, down: narrow.cache } };
}

export function feedForwardBackward(dy: Tensor, cache: FeedForwardCache): { dx: Tensor; weights: FeedForwardWeights } {
  const { dx: dh, dw: w2, db: b2 } = projectBackward(dy, cache.down);
  const dz = bends[cache.activation].back(dh, cache.bent);
  const { dx, dw: w1, db: b1 } = projectBackward(dz, cache.up);
  return { dx, weights: { w1, b1, w2, b2 } };
}

const asList = (x: Tensor) => x.reshape(-1, x.shape[x.rank - 1]);

export function swigluForward(x: Tensor, weights: SwigluWeights): { y: Tensor; cache: SwigluCache } {
  const { wGate, wUp, wDown } = weights;
  const C = x.shape[x.rank - 1];
  const M = wGate.shape[0];
  const fits =
    wGate.sameShape(wUp) && wGate.rank === 2 && wGate.shape[1] === C && wDown.shape[0] === C && wDown.shape[1] === M;
  if (!fits) {
    const shapes = [wGate, wUp, wDown].map((w) => showShape(w.shape)).join(', ');
    throw new ShapeError(`wGate, wUp, wDown ${shapes} for x ${showShape(x.shape)}`);
  }
  const hidden = [...x.shape.slice(0, -1), M];
  const list = asList(x);
  const { y: gate, cache: silu } = siluForward(list.matmul(wGate.T));
  const up = list.matmul(wUp.T);
  const y = wDown.matmul(gate.mul(up).T).T;
  const cache = { x, silu: { x: silu.x.reshape(...hidden) }, gate: gate.reshape(...hidden), up: up.reshape(...hidden) };
  return { y: y.reshape(...x.shape), cache: { ...cache, weights } };
}

export function swigluBackward(dy: Tensor, cache: SwigluCache): { dx: Tensor; weights: SwigluWeights } {
  const { wGate, wUp, wDown } = cache.weights;
  const [x, z, up, slope] = [cache.x, cache.silu.x, cache.up, dy].map(asList);
  const gate = siluForward(z).y;
  const dh = slope.matmul(wDown);
  const dup = dh.mul(gate);
  const dz = siluBackward(dh.mul(up), { x: z });
  const dx = dz.matmul(wGate).add(dup.matmul(wUp));
  const weights = {
    wGate: x.T.matmul(dz).T,
    wUp: x.T.matmul(dup).T,
    wDown: slope.T.matmul(gate.mul(up)),
  };
  return { dx: dx.reshape(...cache.x.shape), weights };
}
