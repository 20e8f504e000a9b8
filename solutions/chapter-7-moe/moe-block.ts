/**
 * Chapter 7, topic 4: a mixture of experts in place of the feed-forward layer of a Transformer block, with its two extra
 * losses; and what it costs: many parameters, few of them at work on any one token.
 */
import { Tensor } from '#tensor';
import { residualBackward, residualForward, selfAttentionBackward } from '../chapter-5-transformer/encoder.ts';
import type { BlockSettings, ResidualCache } from '../chapter-5-transformer/encoder.ts';
import type { FeedForwardWeights } from '../chapter-5-transformer/feed-forward.ts';
import { multiHeadForward } from '../chapter-5-transformer/multi-head-attention.ts';
import type { MultiHeadCache, MultiHeadWeights } from '../chapter-5-transformer/multi-head-attention.ts';
import type { NormWeights } from '../chapter-5-transformer/normalization.ts';
import { balanceLossBackward, balanceLossForward, zLossBackward, zLossForward } from './balance.ts';
import type { BalanceCache, ZLossCache } from './balance.ts';
import { dispatchTokens, expertCapacity, expertsBackward, expertsForward } from './experts.ts';
import type { ExpertsCache } from './experts.ts';
import { chooseExperts, gateBackward, gateForward } from './router.ts';
import type { GateCache, GateForm } from './router.ts';

/** The parameters of a mixture, or the gradients of a loss with respect to them. */
export interface MoeWeights {
  /** (E, C) */
  wGate: Tensor;
  /** E feed-forward layers */
  experts: FeedForwardWeights[];
}

export interface MoeSettings {
  /** experts per token, 1 … E */
  k: number;
  form: GateForm;
  /** > 0; Infinity drops nothing */
  capacityFactor: number;
}

export interface MoeLayerCache {
  /** (T, C) all tokens in one list */
  x: Tensor;
  /** of x as it came */
  shape: number[];
  wGate: Tensor;
  gate: GateCache;
  experts: ExpertsCache;
  balance: BalanceCache;
  z: ZLossCache;
}

/** The parameters of a block with a mixture, or their gradients. */
export interface MoeBlockWeights {
  attention: MultiHeadWeights;
  norm1: NormWeights;
  moe: MoeWeights;
  norm2: NormWeights;
}

export interface MoeBlockCache {
  attention: ResidualCache<MultiHeadCache>;
  moe: ResidualCache<MoeLayerCache>;
}

/** Numbers in a mixture, and how many of them one token meets. */
export interface MoeCost {
  /** router and all experts */
  parameters: number;
  /** router and k experts */
  active: number;
  /** floating-point operations of the matrix products for one token, forward: 2 for each weight met */
  flops: number;
}

/**
 * A mixture of experts on every token of a batch, and its two extra losses.
 *
 *   t      = x as one list of tokens                                      (N, C), N = B · T
 *   logits = t wGateᵀ, chosen = chooseExperts(logits, k), gates           (N, E), (N, k), (N, k)
 *   piles  = dispatchTokens(chosen, E, expertCapacity(N, E, k, capacityFactor))
 *   y      = expertsForward(t, gates, piles, experts), in the shape of x
 *
 * @param x        (…, C)
 * @param weights  wGate (E, C), experts: E feed-forward layers
 * @param settings k, form, capacityFactor
 * @returns y (…, C), balance and z: the load-balancing loss and the z-loss of these logits, and the cache
 */
export function moeLayerForward(
  x: Tensor,
  weights: MoeWeights,
  settings: MoeSettings,
): { y: Tensor; balance: number; z: number; cache: MoeLayerCache } {
  // #region moeLayerForward
  const { wGate, experts } = weights;
  const { k, form, capacityFactor } = settings;
  const tokens = x.reshape(-1, x.shape[x.rank - 1]);
  const logits = tokens.matmul(wGate.T);
  const chosen = chooseExperts(logits, k);
  const gate = gateForward(logits, chosen, form);
  const [N, E] = logits.shape;
  const piles = dispatchTokens(chosen, E, expertCapacity(N, E, k, capacityFactor));
  const mixed = expertsForward(tokens, gate.gates, piles, experts);
  const [balance, z] = [balanceLossForward(logits, chosen), zLossForward(logits)];
  const caches = { gate: gate.cache, experts: mixed.cache, balance: balance.cache, z: z.cache };
  const cache = { x: tokens, shape: [...x.shape], wGate, ...caches };
  return { y: mixed.y.reshape(...x.shape), balance: balance.loss, z: z.loss, cache };
  // #endregion
}

/**
 * The way back. Three losses pull at the router's logits: the task's, through the gates, and the two extra ones.
 *
 *   dlogits = gateBackward(dgates) + dbalance · balanceLossBackward + dz · zLossBackward      (N, E)
 *   dx      = through the experts + dlogits wGate                                             (…, C)
 *   dwGate  = dlogitsᵀ t                                                                      (E, C)
 *
 * @param dy       (…, C) upstream gradient of y
 * @param dbalance upstream gradient of balance: the weight α of that loss in the whole
 * @param dz       upstream gradient of z: the weight of that loss
 * @param cache    from moeLayerForward
 * @returns dx (…, C), and weights: the gradients of wGate and of every expert
 */
export function moeLayerBackward(
  dy: Tensor,
  dbalance: number,
  dz: number,
  cache: MoeLayerCache,
): { dx: Tensor; weights: MoeWeights } {
  // #region moeLayerBackward
  const { x, shape, wGate, gate, experts, balance, z } = cache;
  const mixed = expertsBackward(dy.reshape(...x.shape), experts);
  const dlogits = gateBackward(mixed.dgates, gate)
    .add(balanceLossBackward(balance).mul(dbalance))
    .add(zLossBackward(z).mul(dz));
  const dx = mixed.dx.add(dlogits.matmul(wGate));
  return { dx: dx.reshape(...shape), weights: { wGate: dlogits.T.matmul(x), experts: mixed.experts } };
  // #endregion
}

/**
 * A Transformer block with a mixture in place of its feed-forward layer.
 *
 *   a = residual(x, norm1, t ↦ multiHead(t, t, mask))      (B, T, C)
 *   y = residual(a, norm2, t ↦ moeLayer(t))                (B, T, C)
 *
 * @param x        (B, T, C)
 * @param mask     as multiHeadForward takes it
 * @param weights  attention, norm1, moe, norm2
 * @param settings of the block: heads, order (its activation is not used: experts have ReLU)
 * @param routing  of the mixture: k, form, capacityFactor
 * @returns y (B, T, C), balance and z of this block's mixture, and the cache for moeBlockBackward
 */
export function moeBlockForward(
  x: Tensor,
  mask: Tensor,
  weights: MoeBlockWeights,
  settings: BlockSettings,
  routing: MoeSettings,
): { y: Tensor; balance: number; z: number; cache: MoeBlockCache } {
  // #region moeBlockForward
  const { heads, order } = settings;
  const a = residualForward(x, weights.norm1, order, (t) => multiHeadForward(t, t, mask, weights.attention, heads));
  const losses = { balance: 0, z: 0 };
  const m = residualForward(a.y, weights.norm2, order, (t) => {
    const { balance, z, ...layer } = moeLayerForward(t, weights.moe, routing);
    Object.assign(losses, { balance, z });
    return layer;
  });
  return { y: m.y, ...losses, cache: { attention: a.cache, moe: m.cache } };
  // #endregion
}

/**
 * The way back through the block.
 *
 * @param dy       (B, T, C) upstream gradient of y
 * @param dbalance upstream gradient of balance
 * @param dz       upstream gradient of z
 * @param cache    from moeBlockForward
 * @returns dx (B, T, C), and weights: all gradients, under the names of the parameters
 */
export function moeBlockBackward(
  dy: Tensor,
  dbalance: number,
  dz: number,
  cache: MoeBlockCache,
): { dx: Tensor; weights: MoeBlockWeights } {
  // #region moeBlockBackward
  const m = residualBackward(dy, (d, c: MoeLayerCache) => moeLayerBackward(d, dbalance, dz, c), cache.moe);
  const a = residualBackward(m.dx, selfAttentionBackward, cache.attention);
  return {
    dx: a.dx,
    weights: { attention: a.inner.weights, norm1: a.norm, moe: m.inner.weights, norm2: m.norm },
  };
  // #endregion
}

/**
 * What a mixture costs.
 *
 *   one expert: w1 (M, C), b1 (M), w2 (C, M), b2 (C)          the router: (E, C)
 *   parameters: all of them        active: the router and k experts
 *   flops: 2 for each weight of the matrices that one token meets (router, k times w1 and w2); biases, bends and gates not counted
 *
 * @param dModel  C
 * @param hidden  M
 * @param experts E
 * @param k       experts per token
 * @returns parameters, active, flops
 */
export function moeCost(dModel: number, hidden: number, experts: number, k: number): MoeCost {
  // #region moeCost
  const router = experts * dModel;
  const matrices = 2 * dModel * hidden;
  const expert = matrices + hidden + dModel;
  return {
    parameters: router + experts * expert,
    active: router + k * expert,
    flops: 2 * (router + k * matrices),
  };
  // #endregion
}
