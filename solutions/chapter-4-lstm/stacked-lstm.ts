/**
 * Chapter 4, topic 2: LSTMs of any depth, and a hidden state that need not be as wide as the cell state.
 *
 * Sequences are (T, B, features). In a stack, layer l reads the whole output sequence of layer l − 1. With a projection,
 * what a layer gives out (and hands on to its own next step) is wHr times what the LSTM step returns: R = P numbers
 * instead of H. Without one, R = H.
 */
import { ShapeError, Tensor, stack } from '#tensor';
import { lstmStep, lstmStepBackward, type LstmStepCache, type LstmWeights } from './lstm.ts';

/** The parameters of one layer, or the gradients of a loss with respect to them. */
export interface LstmLayer extends LstmWeights {
  /** (P, H) the projection; left out where there is none */
  wHr?: Tensor;
}

/** The state of one layer, or the gradient with respect to it. */
export interface LstmState {
  /** (B, R) R = P with a projection, H without */
  h: Tensor;
  /** (B, H) never projected */
  c: Tensor;
}

export interface ProjectCache {
  /** (B, H) */
  h: Tensor;
  /** (P, H) */
  wHr: Tensor;
}

/** One entry per time step. */
export interface LayerCache {
  steps: LstmStepCache[];
  /** left out where the layer has no projection */
  projections?: ProjectCache[];
}

export interface LayerGradients {
  /** (T, B, D) */
  dx: Tensor;
  /** the gradient of the state before the first step: h (B, R), c (B, H) */
  dstate: LstmState;
  /** one gradient per parameter; wHr only where the layer has one */
  layer: LstmLayer;
}

/** One entry per layer, the lowest first. */
export interface StackedCache {
  layers: LayerCache[];
}

export interface StackedGradients {
  /** (T, B, D) */
  dx: Tensor;
  /** per layer the gradient of its state before the first step */
  dstates: LstmState[];
  /** per layer one gradient per parameter */
  layers: LstmLayer[];
}

/**
 * The projection: a narrower view of the hidden state, without bias.
 *
 *   y = h wHrᵀ        (B, P) = (B, H) · (H, P)
 *
 * @param h   (B, H) what lstmStep returned: o ⊙ tanh(c)
 * @param wHr (P, H)
 * @returns y (B, P), and the cache
 * @throws ShapeError when h and wHr differ in H
 * @see Sak, Senior & Beaufays 2014, "Long short-term memory recurrent neural network architectures …"
 */
export function project(h: Tensor, wHr: Tensor): { y: Tensor; cache: ProjectCache } {
  // #region project
  return { y: h.matmul(wHr.T), cache: { h, wHr } };
  // #endregion
}

/**
 * The gradients of the projection.
 *
 *   dh   = dy wHr        (B, H) = (B, P) · (P, H)
 *   dwHr = dyᵀ h         (P, H) = (P, B) · (B, H)
 *
 * @param dy    (B, P) upstream gradient of y
 * @param cache from project
 * @returns dh (B, H) and dwHr (P, H)
 */
export function projectBackward(dy: Tensor, cache: ProjectCache): { dh: Tensor; dwHr: Tensor } {
  // #region projectBackward
  return { dh: dy.matmul(cache.wHr), dwHr: dy.T.matmul(cache.h) };
  // #endregion
}

/**
 * One layer through time, with a projection or without.
 *
 *   h_0, c_0 = the given state
 *   u_t, c_t = lstmStep(x_t, h_{t−1}, c_{t−1})      t = 1 … T; u_t (B, H)
 *   h_t      = u_t wHrᵀ                             with a projection: (B, P)
 *              u_t                                  without one: (B, H)
 *   y        = h_1, h_2, …, h_T                     (T, B, R) stacked along time
 *
 * It is the projected h_t that the next step reads (wHh has P columns); the cell state stays as wide as H.
 *
 * @param x     (T, B, D), T ≥ 1
 * @param state the state before the first step: h (B, R), c (B, H)
 * @param layer wIh (4H, D), wHh (4H, R), bIh (4H), bHh (4H), and wHr (P, H) or nothing
 * @returns y (T, B, R); state, the one after the last step; and the cache
 */
export function layerForward(
  x: Tensor,
  state: LstmState,
  layer: LstmLayer,
): { y: Tensor; state: LstmState; cache: LayerCache } {
  // #region layerForward
  let { h, c } = state;
  const outputs: Tensor[] = [];
  const steps: LstmStepCache[] = [];
  const projections: ProjectCache[] = [];
  for (let t = 0; t < x.shape[0]; t++) {
    const step = lstmStep(x.row(t), h, c, layer);
    ({ h, c } = step);
    steps.push(step.cache);
    if (layer.wHr) {
      const projected = project(h, layer.wHr);
      h = projected.y;
      projections.push(projected.cache);
    }
    outputs.push(h);
  }
  return { y: stack(outputs), state: { h, c }, cache: layer.wHr ? { steps, projections } : { steps } };
  // #endregion
}

/**
 * One layer back through time.
 *
 *   from dh = dstate.h, dc = dstate.c;  for t = T … 1:
 *     dh_t = dy_t + dh                          (B, R) all that reads h_t
 *     du_t, and a share of wHr's gradient       from projectBackward(dh_t); without a projection du_t = dh_t
 *     dx_t, dh, dc, and shares of the others    from lstmStepBackward(du_t, dc)
 *   each parameter's gradient is the sum of its shares over all t
 *
 * @param dy     (T, B, R) upstream gradient of y
 * @param dstate upstream gradient of the state after the last step: h (B, R), c (B, H)
 * @param cache  from layerForward
 * @returns dx (T, B, D); dstate, the gradient of the state before the first step; and layer with one gradient per
 *          parameter (wHr only where the layer has one)
 */
export function layerBackward(dy: Tensor, dstate: LstmState, cache: LayerCache): LayerGradients {
  // #region layerBackward
  let { h: dh, c: dc } = dstate;
  const dxs: Tensor[] = [];
  const shares: LstmLayer[] = [];
  for (let t = cache.steps.length - 1; t >= 0; t--) {
    dh = dh.add(dy.row(t));
    const projection = cache.projections && projectBackward(dh, cache.projections[t]);
    const back = lstmStepBackward(projection?.dh ?? dh, dc, cache.steps[t]);
    ({ dh, dc } = back);
    dxs.unshift(back.dx);
    shares.push(projection ? { ...back.weights, wHr: projection.dwHr } : back.weights);
  }
  const total = (name: keyof LstmLayer) => shares.map((s) => s[name]!).reduce((sum, d) => sum.add(d));
  const layer: LstmLayer = { wIh: total('wIh'), wHh: total('wHh'), bIh: total('bIh'), bHh: total('bHh') };
  if (cache.projections) layer.wHr = total('wHr');
  return { dx: stack(dxs), dstate: { h: dh, c: dc }, layer };
  // #endregion
}

/**
 * A stack of layers: each reads the whole output sequence of the one below it, and each starts from a state of its own.
 *
 *   y⁰ = x;   y^l, state^l = layerForward(y^{l−1}, states[l − 1], layers[l − 1])   l = 1 … L;   y = y^L
 *
 * Layers may differ in width; layer l's wIh has as many columns as the layer below gives out numbers.
 *
 * @param x      (T, B, D), T ≥ 1
 * @param states (L) per layer the state before the first step: h (B, R), c (B, H); the lowest first
 * @param layers (L) the parameters, the lowest first; L ≥ 1
 * @returns y (T, B, R) of the top layer; states (L), per layer the state after the last step; and the cache
 * @throws ShapeError when there are no layers, or not as many states as layers
 */
export function stackedForward(
  x: Tensor,
  states: LstmState[],
  layers: LstmLayer[],
): { y: Tensor; states: LstmState[]; cache: StackedCache } {
  // #region stackedForward
  if (layers.length === 0 || states.length !== layers.length) {
    throw new ShapeError(`stackedForward: ${layers.length} layers and ${states.length} states`);
  }
  let y = x;
  const results = layers.map((layer, l) => {
    const result = layerForward(y, states[l], layer);
    y = result.y;
    return result;
  });
  return { y, states: results.map((r) => r.state), cache: { layers: results.map((r) => r.cache) } };
  // #endregion
}

/**
 * Back through all layers and all times.
 *
 *   from d = dy;  for l = L … 1:  one layer back with d and dstates[l − 1];  its dx is the d of the layer below
 *
 * Every output of a lower layer, at every time, was an input of the layer above: so it is the whole sequence dx
 * (T, B, R) that goes down, not only its last entry.
 *
 * @param dy      (T, B, R) upstream gradient of the top layer's outputs
 * @param dstates (L) upstream gradients of the states after the last step
 * @param cache   from stackedForward
 * @returns dx (T, B, D); dstates (L), the gradients of the states before the first step; layers (L), one gradient per
 *          parameter; both with the lowest layer first
 */
export function stackedBackward(dy: Tensor, dstates: LstmState[], cache: StackedCache): StackedGradients {
  // #region stackedBackward
  let dx = dy;
  const backs: LayerGradients[] = [];
  for (let l = cache.layers.length - 1; l >= 0; l--) {
    const back = layerBackward(dx, dstates[l], cache.layers[l]);
    dx = back.dx;
    backs.unshift(back);
  }
  return { dx, dstates: backs.map((b) => b.dstate), layers: backs.map((b) => b.layer) };
  // #endregion
}
