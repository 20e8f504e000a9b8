/**
 * Chapter 7, topic 3: keeping the experts busy. A router that likes one expert sends it more tokens, the expert gets better at
 * them, and the router likes it more. Two small losses beside the task's: one asks for an even load, the other for small logits.
 */
import { Tensor } from '#tensor';
import { softmaxBackward, softmaxForward } from '../chapter-2-bp/activations.ts';

export interface BalanceCache {
  /** (T, E) softmax of the logits */
  probabilities: Tensor;
  /** (E) the share of all assignments that each expert got; a constant */
  fractions: Tensor;
}

export interface ZLossCache {
  /** (T, E) softmax of the logits */
  probabilities: Tensor;
  /** (T, 1) log Σ e^logits of each token */
  logSum: Tensor;
}

/**
 * The share of the assignments that each expert got, before any were dropped for want of room.
 *
 *   f_e = how often e occurs in chosen / (T · k)      (E); they sum to 1
 *
 * @param chosen  (T, k) in rows; T ≥ 1
 * @param experts E
 * @returns (E)
 */
export function assignmentFractions(chosen: number[][], experts: number): Tensor {
  throw new Error('TODO: assignmentFractions');
}

/**
 * The load-balancing loss.
 *
 *   P_e  = mean over the tokens of softmax(logits)[t, e]      (E)
 *   loss = E · Σ_e f_e P_e                                    1 when both are even
 *
 * f counts, and counts cannot be differentiated; P can. Where f is large, P is pushed down.
 *
 * @param logits (T, E) of the router
 * @param chosen (T, k) in rows
 * @returns loss, and the cache for balanceLossBackward
 * @see Fedus, Zoph & Shazeer 2022, eq. 4–6; with f over all T · k assignments
 */
export function balanceLossForward(logits: Tensor, chosen: number[][]): { loss: number; cache: BalanceCache } {
  throw new Error('TODO: balanceLossForward');
}

/**
 * The gradient of the load-balancing loss, f being a constant.
 *
 *   dp[t, e] = E · f_e / T, back through the softmax of each token      (T, E)
 *
 * @param cache from balanceLossForward
 * @returns dlogits (T, E)
 */
export function balanceLossBackward(cache: BalanceCache): Tensor {
  throw new Error('TODO: balanceLossBackward');
}

/**
 * The router z-loss: keeps the logits small, so that the softmax stays soft and precise.
 *
 *   z_t  = log Σ_e e^(logits[t, e])      (T)      of any finite logits, ±1000 too
 *   loss = mean over the tokens of z_t²
 *
 * @param logits (T, E)
 * @returns loss, and the cache for zLossBackward
 * @see Zoph et al. 2022, "ST-MoE: designing stable and transferable sparse expert models", eq. 5
 */
export function zLossForward(logits: Tensor): { loss: number; cache: ZLossCache } {
  throw new Error('TODO: zLossForward');
}

/**
 * The gradient of the z-loss. The derivative of log Σ e^x is softmax(x).
 *
 *   dlogits[t, e] = (2/T) · z_t · softmax(logits)[t, e]      (T, E)
 *
 * @param cache from zLossForward
 * @returns dlogits (T, E)
 */
export function zLossBackward(cache: ZLossCache): Tensor {
  throw new Error('TODO: zLossBackward');
}
