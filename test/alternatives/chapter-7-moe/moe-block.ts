/**
 * Chapter 7, topic 4: a mixture of experts in place of the feed-forward layer of a Transformer block.
 *
 * Style: destructuring everywhere, gradients of the router collected in a list, costs counted expert by expert.
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

export interface MoeWeights {
  wGate: Tensor;
  experts: FeedForwardWeights[];
}

export interface MoeSettings {
  k: number;
  form: GateForm;
  capacityFactor: number;
}

export interface MoeLayerCache {
  x: Tensor;
  shape: number[];
  wGate: Tensor;
  gate: GateCache;
  experts: ExpertsCache;
  balance: BalanceCache;
  z: ZLossCache;
}

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

export interface MoeCost {
  parameters: number;
  active: number;
  flops: number;
}

export function moeLayerForward(
  x: Tensor,
  weights: MoeWeights,
  settings: MoeSettings,
): { y: Tensor; balance: number; z: number; cache: MoeLayerCache } {
  const { wGate, experts } = weights;
  const { k, form, capacityFactor } = settings;
  const C = x.shape[x.rank - 1];
  const N = x.size / C;
  const E = experts.length;
  const list = x.reshape(N, C);
  const logits = list.matmul(wGate.T);
  const chosen = chooseExperts(logits, k);
  const { gates, cache: gate } = gateForward(logits, chosen, form);
  const piles = dispatchTokens(chosen, E, expertCapacity(N, E, k, capacityFactor));
  const { y, cache: said } = expertsForward(list, gates, piles, experts);
  const { loss: balance, cache: balanceCache } = balanceLossForward(logits, chosen);
  const { loss: z, cache: zCache } = zLossForward(logits);
  return {
    y: y.reshape(...x.shape),
    balance,
    z,
    cache: { x: list, shape: [...x.shape], wGate, gate, experts: said, balance: balanceCache, z: zCache },
  };
}

export function moeLayerBackward(
  dy: Tensor,
  dbalance: number,
  dz: number,
  cache: MoeLayerCache,
): { dx: Tensor; weights: MoeWeights } {
  const { x, shape, wGate, gate, experts, balance, z } = cache;
  const { dx, dgates, experts: dexperts } = expertsBackward(dy.reshape(...x.shape), experts);
  const pulls = [zLossBackward(z).mul(dz), balanceLossBackward(balance).mul(dbalance), gateBackward(dgates, gate)];
  const dlogits = pulls.reduce((a, b) => a.add(b));
  const throughRouter = dlogits.matmul(wGate);
  return {
    dx: throughRouter.add(dx).reshape(...shape),
    weights: { wGate: x.T.matmul(dlogits).T, experts: dexperts },
  };
}

export function moeBlockForward(
  x: Tensor,
  mask: Tensor,
  weights: MoeBlockWeights,
  settings: BlockSettings,
  routing: MoeSettings,
): { y: Tensor; balance: number; z: number; cache: MoeBlockCache } {
  const { heads, order } = settings;
  const losses = { balance: 0, z: 0 };
  const attended = residualForward(x, weights.norm1, order, (t) =>
    multiHeadForward(t, t, mask, weights.attention, heads),
  );
  const mixed = residualForward(attended.y, weights.norm2, order, (t) => {
    const layer = moeLayerForward(t, weights.moe, routing);
    losses.balance = layer.balance;
    losses.z = layer.z;
    return layer;
  });
  return { y: mixed.y, ...losses, cache: { attention: attended.cache, moe: mixed.cache } };
}

export function moeBlockBackward(
  dy: Tensor,
  dbalance: number,
  dz: number,
  cache: MoeBlockCache,
): { dx: Tensor; weights: MoeBlockWeights } {
  const second = residualBackward(dy, (d, c: MoeLayerCache) => moeLayerBackward(d, dbalance, dz, c), cache.moe);
  const first = residualBackward(second.dx, selfAttentionBackward, cache.attention);
  const { weights: attention } = first.inner;
  const { weights: moe } = second.inner;
  return { dx: first.dx, weights: { attention, norm1: first.norm, moe, norm2: second.norm } };
}

export function moeCost(dModel: number, hidden: number, experts: number, k: number): MoeCost {
  const router = experts * dModel;
  const matrices = 2 * dModel * hidden;
  const biases = hidden + dModel;
  const withExperts = (n: number) => router + n * (matrices + biases);
  return {
    parameters: withExperts(experts),
    active: withExperts(k),
    flops: 2 * (router + k * matrices),
  };
}
