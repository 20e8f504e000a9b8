/**
 * Chapter 4, topic 2: LSTMs of any depth, and a projection.
 *
 * Style: products as outer products and dot products, reduce through time, recursion upward through the
 * layers and reduceRight downward.
 */
import { ShapeError, Tensor, stack, zeros } from '#tensor';
import { lstmStep, lstmStepBackward, type LstmStepCache, type LstmWeights } from './lstm.ts';

export interface LstmLayer extends LstmWeights {
  wHr?: Tensor;
}

export interface LstmState {
  h: Tensor;
  c: Tensor;
}

export interface ProjectCache {
  h: Tensor;
  wHr: Tensor;
}

export interface LayerCache {
  steps: LstmStepCache[];
  projections?: ProjectCache[];
}

export interface LayerGradients {
  dx: Tensor;
  dstate: LstmState;
  layer: LstmLayer;
}

export interface StackedCache {
  layers: LayerCache[];
}

export interface StackedGradients {
  dx: Tensor;
  dstates: LstmState[];
  layers: LstmLayer[];
}

export function project(h: Tensor, wHr: Tensor): { y: Tensor; cache: ProjectCache } {
  const [B, H] = h.shape;
  const [P, columns] = wHr.shape;
  if (H !== columns) throw new ShapeError(`project: h is ${H} wide, but wHr has ${columns} columns`);
  const y = zeros(B, P);
  for (let b = 0; b < B; b++) for (let p = 0; p < P; p++) y.data[b * P + p] = h.row(b).dot(wHr.row(p));
  return { y, cache: { h, wHr } };
}

export function projectBackward(dy: Tensor, cache: ProjectCache): { dh: Tensor; dwHr: Tensor } {
  const { h, wHr } = cache;
  const dh = wHr.T.matmul(dy.T).T;
  let dwHr = zeros(...wHr.shape);
  for (let b = 0; b < h.shape[0]; b++) dwHr = dwHr.add(dy.row(b).outer(h.row(b)));
  return { dh, dwHr };
}

export function layerForward(
  x: Tensor,
  state: LstmState,
  layer: LstmLayer,
): { y: Tensor; state: LstmState; cache: LayerCache } {
  const ys: Tensor[] = [];
  const steps: LstmStepCache[] = [];
  const projections: ProjectCache[] = [];
  const last = Array.from({ length: x.shape[0] }, (_, t) => x.row(t)).reduce(({ h, c }: LstmState, xt): LstmState => {
    const made = lstmStep(xt, h, c, layer);
    steps.push(made.cache);
    if (layer.wHr === undefined) {
      ys.push(made.h);
      return { h: made.h, c: made.c };
    }
    const shown = project(made.h, layer.wHr);
    projections.push(shown.cache);
    ys.push(shown.y);
    return { h: shown.y, c: made.c };
  }, state);
  return { y: stack(ys), state: last, cache: layer.wHr ? { steps, projections } : { steps } };
}

export function layerBackward(dy: Tensor, dstate: LstmState, cache: LayerCache): LayerGradients {
  const { steps, projections } = cache;
  const T = steps.length;
  const dx: Tensor[] = new Array(T);
  let { h: dh, c: dc } = dstate;
  let layer: LstmLayer | undefined;
  for (let t = T - 1; t >= 0; t--) {
    const whole = dy.row(t).add(dh);
    let du = whole;
    let dwHr: Tensor | undefined;
    if (projections) ({ dh: du, dwHr } = projectBackward(whole, projections[t]));
    const { dx: dxt, dh: before, dc: cBefore, weights } = lstmStepBackward(du, dc, steps[t]);
    dx[t] = dxt;
    dh = before;
    dc = cBefore;
    if (layer === undefined) {
      layer = { ...weights };
      if (dwHr) layer.wHr = dwHr;
    } else {
      layer.wIh = layer.wIh.add(weights.wIh);
      layer.wHh = layer.wHh.add(weights.wHh);
      layer.bIh = layer.bIh.add(weights.bIh);
      layer.bHh = layer.bHh.add(weights.bHh);
      if (layer.wHr && dwHr) layer.wHr = layer.wHr.add(dwHr);
    }
  }
  return { dx: stack(dx), dstate: { h: dh, c: dc }, layer: layer! };
}

export function stackedForward(
  x: Tensor,
  states: LstmState[],
  layers: LstmLayer[],
): { y: Tensor; states: LstmState[]; cache: StackedCache } {
  if (layers.length < 1 || states.length !== layers.length) {
    throw new ShapeError(`stackedForward: ${layers.length} layers and ${states.length} states`);
  }
  const [state, ...otherStates] = states;
  const [layer, ...otherLayers] = layers;
  const lowest = layerForward(x, state, layer);
  if (otherLayers.length === 0) {
    return { y: lowest.y, states: [lowest.state], cache: { layers: [lowest.cache] } };
  }
  const above = stackedForward(lowest.y, otherStates, otherLayers);
  return {
    y: above.y,
    states: [lowest.state, ...above.states],
    cache: { layers: [lowest.cache, ...above.cache.layers] },
  };
}

export function stackedBackward(dy: Tensor, dstates: LstmState[], cache: StackedCache): StackedGradients {
  return cache.layers.reduceRight<StackedGradients>(
    (above, layerCache, l) => {
      const here = layerBackward(above.dx, dstates[l], layerCache);
      return {
        dx: here.dx,
        dstates: [here.dstate, ...above.dstates],
        layers: [here.layer, ...above.layers],
      };
    },
    { dx: dy, dstates: [], layers: [] },
  );
}
