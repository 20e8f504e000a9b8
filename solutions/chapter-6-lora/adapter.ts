/**
 * Chapter 6, topic 2: bottleneck adapters, the older idea. A small network is put after a frozen sublayer: down to m numbers,
 * through a bend, up again, and added to what came in. It cannot be merged into anything: the bend is in the way.
 */
import { ShapeError, Tensor, showShape, zeros } from '#tensor';
import { geluBackward, geluForward } from '../chapter-2-bp/activations.ts';
import type { GeluCache } from '../chapter-2-bp/activations.ts';
import { projectBackward, projectForward } from '../chapter-5-transformer/multi-head-attention.ts';
import type { ProjectCache } from '../chapter-5-transformer/multi-head-attention.ts';

/** The parameters of an adapter, or the gradients of a loss with respect to them. */
export interface AdapterWeights {
  /** (m, C) */
  wDown: Tensor;
  /** (m) */
  bDown: Tensor;
  /** (C, m) */
  wUp: Tensor;
  /** (C) */
  bUp: Tensor;
}

export interface AdapterCache {
  down: ProjectCache;
  gelu: GeluCache;
  up: ProjectCache;
}

/**
 * The start of an adapter: nothing comes out of it, so that the frozen model is what it was.
 *
 *   wDown = z / √C (m, C)      bDown = 0 (m)      wUp = 0 (C, m)      bUp = 0 (C)
 *
 * @param z (m, C) standard normal random numbers
 * @returns the adapter's weights
 * @throws ShapeError when z is not a matrix
 */
export function adapterInit(z: Tensor): AdapterWeights {
  // #region adapterInit
  if (z.rank !== 2) throw new ShapeError(`adapterInit: z is ${showShape(z.shape)}, not (m, C)`);
  const [m, C] = z.shape;
  return { wDown: z.div(Math.sqrt(C)), bDown: zeros(m), wUp: zeros(C, m), bUp: zeros(C) };
  // #endregion
}

/**
 * A bottleneck adapter.
 *
 *   h = gelu(x wDownᵀ + bDown)      (…, m)      m much smaller than C
 *   y = x + h wUpᵀ + bUp            (…, C)
 *
 * @param x       (…, C) tokens, with one or more axes in front
 * @param weights wDown (m, C), bDown (m), wUp (C, m), bUp (C)
 * @returns y (…, C), and the cache for adapterBackward
 * @throws ShapeError when the shapes do not fit
 * @see Houlsby et al. 2019, "Parameter-efficient transfer learning for NLP", figure 2
 */
export function adapterForward(x: Tensor, weights: AdapterWeights): { y: Tensor; cache: AdapterCache } {
  // #region adapterForward
  const down = projectForward(x, weights.wDown, weights.bDown);
  const bent = geluForward(down.y);
  const up = projectForward(bent.y, weights.wUp, weights.bUp);
  return { y: x.add(up.y), cache: { down: down.cache, gelu: bent.cache, up: up.cache } };
  // #endregion
}

/**
 * The way back: along the detour, and straight. With z = x wDownᵀ + bDown, what goes into the bend:
 *
 *   dwUp   = Σ over tokens of dyᵀ h      (C, m)        dbUp   = Σ over tokens of dy      (C)
 *   dz     = gelu′(z) ⊙ (dy wUp)         (…, m)
 *   dwDown = Σ over tokens of dzᵀ x      (m, C)        dbDown = Σ over tokens of dz      (m)
 *   dx     = dy + dz wDown               (…, C)
 *
 * @param dy    (…, C) upstream gradient of y
 * @param cache from adapterForward
 * @returns dx (…, C), and weights: the gradients of wDown, bDown, wUp and bUp under their own names
 */
export function adapterBackward(dy: Tensor, cache: AdapterCache): { dx: Tensor; weights: AdapterWeights } {
  // #region adapterBackward
  const up = projectBackward(dy, cache.up);
  const down = projectBackward(geluBackward(up.dx, cache.gelu), cache.down);
  return { dx: dy.add(down.dx), weights: { wDown: down.dw, bDown: down.db, wUp: up.dw, bUp: up.db } };
  // #endregion
}

/**
 * How many numbers there are to train with an adapter after each of the two sublayers of every block.
 *
 * @param layers     blocks of the model
 * @param dModel     C
 * @param bottleneck m
 * @returns a whole number: two adapters per block, weights and biases
 * @see Houlsby et al. 2019, §2.1: "2md + d + m" for one adapter
 */
export function adapterParameterCount(layers: number, dModel: number, bottleneck: number): number {
  // #region adapterParameterCount
  return layers * 2 * (2 * dModel * bottleneck + dModel + bottleneck);
  // #endregion
}
