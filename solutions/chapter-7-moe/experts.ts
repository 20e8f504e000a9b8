/**
 * Chapter 7, topic 2: the experts at work. Tokens are handed to the experts that were chosen for them, as far as there is
 * room; each expert works through its own pile; and what it says is weighed and put back where the token stood.
 */
import { Tensor, zeros, zerosLike } from '#tensor';
import { feedForward, feedForwardBackward } from '../chapter-5-transformer/feed-forward.ts';
import type { FeedForwardCache, FeedForwardWeights } from '../chapter-5-transformer/feed-forward.ts';

/** One token in an expert's pile: which token it is, and the how-manieth choice of that token the expert was. */
export interface Assignment {
  token: number;
  /** 0 … k − 1: the column of gates and of chosen */
  slot: number;
}

export interface ExpertsCache {
  /** (T, C) */
  x: Tensor;
  /** (T, k) */
  gates: Tensor;
  /** for each expert its pile */
  piles: Assignment[][];
  experts: FeedForwardWeights[];
  /** for each expert what it said of its pile, (n, C), and its cache; undefined where the pile is empty */
  work: ({ y: Tensor; cache: FeedForwardCache } | undefined)[];
}

/**
 * How many tokens an expert takes at most.
 *
 *   capacity = ceil(factor · k · T / E)      at least 1
 *
 * With factor 1 there is just room for everybody, if the load is even; more leaves slack.
 *
 * @param tokens  T
 * @param experts E
 * @param k       experts per token
 * @param factor  > 0; Infinity for room without end
 * @returns a whole number ≥ 1, or Infinity where factor is
 * @see Fedus, Zoph & Shazeer 2022, eq. 3
 */
export function expertCapacity(tokens: number, experts: number, k: number, factor: number): number {
  // #region expertCapacity
  return Math.max(1, Math.ceil((factor * k * tokens) / experts));
  // #endregion
}

/**
 * Deals the tokens out. First all tokens' first choices, from token 0 to the last, then all second choices, and so on. An
 * expert that has reached its capacity takes no more: what comes then is dropped.
 *
 * @param chosen   (T, k) in rows, from chooseExperts; T ≥ 1
 * @param experts  E
 * @param capacity a whole number ≥ 0, or Infinity
 * @returns E piles, in each the assignments in the order in which they came
 * @see Lepikhin et al. 2021 (GShard), §2.2, for first choices before second ones
 */
export function dispatchTokens(chosen: number[][], experts: number, capacity: number): Assignment[][] {
  // #region dispatchTokens
  const piles: Assignment[][] = Array.from({ length: experts }, () => []);
  const k = chosen.length === 0 ? 0 : chosen[0].length;
  for (let slot = 0; slot < k; slot++) {
    for (let token = 0; token < chosen.length; token++) {
      const pile = piles[chosen[token][slot]];
      if (pile.length < capacity) pile.push({ token, slot });
    }
  }
  return piles;
  // #endregion
}

/**
 * The mixture: every expert works on its pile, and each token gets what its experts say, weighed by the gates.
 *
 *   y_t = Σ over the assignments {t, s} of all piles e of gates[t, s] · expert_e(x_t)      (T, C)
 *
 * The gate weighs what the expert says, not what it is told. A token all of whose choices were dropped gets 0 (in a block the
 * residual connection carries it on); the gates of the others are not rescaled for what was dropped.
 *
 * @param x       (T, C)
 * @param gates   (T, k)
 * @param piles   E piles, from dispatchTokens
 * @param experts E feed-forward layers with ReLU: w1 (M, C), b1 (M), w2 (C, M), b2 (C) each
 * @returns y (T, C), and the cache for expertsBackward
 * @see Shazeer et al. 2017, eq. 1
 */
export function expertsForward(
  x: Tensor,
  gates: Tensor,
  piles: Assignment[][],
  experts: FeedForwardWeights[],
): { y: Tensor; cache: ExpertsCache } {
  // #region expertsForward
  const y = zerosLike(x);
  const work = piles.map((pile, e) => {
    if (pile.length === 0) return undefined;
    const said = feedForward(x.gather(pile.map(({ token }) => token)), experts[e], 'relu');
    pile.forEach(({ token, slot }, i) => addToRow(y, token, said.y.row(i).mul(gates.at(token, slot))));
    return said;
  });
  return { y, cache: { x, gates, piles, experts, work } };
  // #endregion
}

/**
 * The way back. With {t, s} the i-th assignment of pile e, and said_i what the expert said of it,
 *
 *   dgates[t, s] = dy_t · said_i                              (T, k)      0 where the assignment was dropped
 *   dsaid_i      = gates[t, s] dy_t, back through the expert  gives its gradients, and the i-th row of dx_e
 *   dx_t        += that row                                   (T, C)      summed over all experts of the token
 *
 * An expert without a token gets gradients of zeros.
 *
 * @param dy    (T, C) upstream gradient of y
 * @param cache from expertsForward
 * @returns dx (T, C), dgates (T, k), and experts: for each expert the gradients of w1, b1, w2, b2
 */
export function expertsBackward(
  dy: Tensor,
  cache: ExpertsCache,
): { dx: Tensor; dgates: Tensor; experts: FeedForwardWeights[] } {
  // #region expertsBackward
  const { x, gates, piles, experts, work } = cache;
  const [dx, dgates] = [zerosLike(x), zerosLike(gates)];
  const gradients = piles.map((pile, e) => {
    const said = work[e];
    if (said === undefined) return zeroWeights(experts[e]);
    const upstream = dy.gather(pile.map(({ token }) => token));
    const share = pile.map(({ token, slot }) => gates.at(token, slot));
    const back = feedForwardBackward(upstream.mul(new Tensor([pile.length, 1], share)), said.cache);
    const agreement = upstream.mul(said.y).sum(1);
    pile.forEach(({ token, slot }, i) => {
      addToRow(dx, token, back.dx.row(i));
      dgates.data[token * gates.shape[1] + slot] = agreement.at(i);
    });
    return back.weights;
  });
  return { dx, dgates, experts: gradients };
  // #endregion
}

/** Adds a row (C) to row t of x (T, C), in place: only for a tensor that you have just made. */
export function addToRow(x: Tensor, t: number, row: Tensor): void {
  for (let c = 0; c < row.size; c++) x.data[t * row.size + c] += row.data[c];
}

/** Gradients of zeros, in the shapes of an expert's weights. */
export function zeroWeights({ w1, b1, w2, b2 }: FeedForwardWeights): FeedForwardWeights {
  return { w1: zeros(...w1.shape), b1: zeros(...b1.shape), w2: zeros(...w2.shape), b2: zeros(...b2.shape) };
}
