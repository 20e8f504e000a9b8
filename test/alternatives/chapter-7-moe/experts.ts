/**
 * Chapter 7, topic 2: the experts at work.
 *
 * Style: the even load first; one queue of arrivals; tokens and gates of a pile as tensors, scattered by a one-hot matrix.
 */
import { Tensor, oneHot, zeros, zerosLike } from '#tensor';
import { feedForward, feedForwardBackward } from '../chapter-5-transformer/feed-forward.ts';
import type { FeedForwardCache, FeedForwardWeights } from '../chapter-5-transformer/feed-forward.ts';

export interface Assignment {
  token: number;
  slot: number;
}

export interface ExpertsCache {
  x: Tensor;
  gates: Tensor;
  piles: Assignment[][];
  experts: FeedForwardWeights[];
  work: ({ y: Tensor; cache: FeedForwardCache } | undefined)[];
}

export function expertCapacity(tokens: number, experts: number, k: number, factor: number): number {
  const even = (k * tokens) / experts;
  return Math.max(1, Math.ceil(even * factor));
}

export function dispatchTokens(chosen: number[][], experts: number, capacity: number): Assignment[][] {
  const arrivals = chosen
    .flatMap((row, token) => row.map((expert, slot) => ({ expert, token, slot })))
    .sort((a, b) => a.slot - b.slot || a.token - b.token);
  return Array.from({ length: experts }, (_, e) => {
    const wanting = arrivals.filter(({ expert }) => expert === e);
    const pile: Assignment[] = [];
    for (const { token, slot } of wanting) if (pile.length < capacity) pile.push({ token, slot });
    return pile;
  });
}

/** (n, 1) the gates of a pile. */
const gatesOf = (pile: Assignment[], gates: Tensor): Tensor =>
  new Tensor(
    [pile.length, 1],
    pile.map(({ token, slot }) => gates.at(token, slot)),
  );

/** (T, n) a 1 where row t of the batch is row i of the pile. */
const placesOf = (pile: Assignment[], T: number): Tensor =>
  oneHot(
    pile.map(({ token }) => token),
    T,
  ).T;

export function expertsForward(
  x: Tensor,
  gates: Tensor,
  piles: Assignment[][],
  experts: FeedForwardWeights[],
): { y: Tensor; cache: ExpertsCache } {
  let y = zerosLike(x);
  const work: ExpertsCache['work'] = piles.map((pile, e) => {
    if (pile.length === 0) return undefined;
    const read = x.gather(pile.map(({ token }) => token));
    const said = feedForward(read, experts[e], 'relu');
    const weighed = said.y.mul(gatesOf(pile, gates));
    y = y.add(placesOf(pile, x.shape[0]).matmul(weighed));
    return said;
  });
  return { y, cache: { x, gates, piles, experts, work } };
}

export function expertsBackward(
  dy: Tensor,
  cache: ExpertsCache,
): { dx: Tensor; dgates: Tensor; experts: FeedForwardWeights[] } {
  const { x, gates, piles, experts, work } = cache;
  const [T, C] = x.shape;
  const k = gates.shape[1];
  const dx = new Float64Array(T * C);
  const dgates = new Float64Array(T * k);
  const gradients: FeedForwardWeights[] = [];
  for (let e = 0; e < experts.length; e++) {
    const done = work[e];
    if (!done) {
      gradients.push(zeroWeights(experts[e]));
      continue;
    }
    const pile = piles[e];
    const heard = dy.gather(pile.map(({ token }) => token));
    const told = heard.mul(done.y).sum(1);
    const back = feedForwardBackward(heard.mul(gatesOf(pile, gates)), done.cache);
    for (const [i, { token, slot }] of pile.entries()) {
      dgates[token * k + slot] = told.at(i);
      for (let c = 0; c < C; c++) dx[token * C + c] += back.dx.at(i, c);
    }
    gradients.push(back.weights);
  }
  return { dx: new Tensor([T, C], dx), dgates: new Tensor([T, k], dgates), experts: gradients };
}

/** Adds a row (C) to row t of x (T, C), in place: only for a tensor that you have just made. */
export function addToRow(x: Tensor, t: number, row: Tensor): void {
  for (let c = 0; c < row.size; c++) x.data[t * row.size + c] += row.data[c];
}

/** Gradients of zeros, in the shapes of an expert's weights. */
export function zeroWeights({ w1, b1, w2, b2 }: FeedForwardWeights): FeedForwardWeights {
  return { w1: zeros(...w1.shape), b1: zeros(...b1.shape), w2: zeros(...w2.shape), b2: zeros(...b2.shape) };
}
