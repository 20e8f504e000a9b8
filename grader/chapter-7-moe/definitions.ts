/**
 * A mixture of experts as its papers define it, one number at a time on the tape; and places where a student's slips can be
 * switched in, for the misconceptions.
 */
import { Tensor } from '#tensor';
import {
  dot,
  listOf,
  mean,
  range,
  record,
  softmax,
  sum,
  table,
  tensor,
  Var,
  VarTensor,
  type Axis,
  type Lifted,
} from '../engine/index.ts';
import { filled, type FeedForward } from '../chapter-5-transformer/definitions-blocks.ts';
import { unheard } from '../chapter-5-transformer/definitions-layers.ts';
import { rowsOf } from '../chapter-5-transformer/definitions.ts';

export { rowsOf } from '../chapter-5-transformer/definitions.ts';
export { filled, type FeedForward } from '../chapter-5-transformer/definitions-blocks.ts';
export { heard, plus, unheard } from '../chapter-5-transformer/definitions-layers.ts';

export type GateForm = 'renormalised' | 'raw';
export type Assignment = { token: number; slot: number };
export type Routing = { k: number; form: GateForm; capacityFactor: number };
export type Mixture = { wGate: Tensor; experts: FeedForward[] };

export const small = { min: -1, max: 1 };

/** E experts for tokens of width C. */
export const expertWeights = (C: Axis) =>
  listOf(
    'E',
    record({
      w1: tensor('M', C, small),
      b1: tensor('M', { ...small, nonzero: true }),
      w2: tensor(C, 'M', small),
      b2: tensor(C, { ...small, nonzero: true }),
    }),
  );

/** The k largest of a row by their places, falling; of equal ones the smaller place first. */
export const largest = (row: readonly number[], k: number): number[] =>
  range(row.length, (e) => e)
    .sort((a, b) => row[b]! - row[a]! || a - b)
    .slice(0, k);

/** The rows of a matrix as plain lists. */
export const rowsIn = (x: Tensor): number[][] =>
  range(x.shape[0]!, (t) => Array.from(x.data.subarray(t * x.shape[1]!, (t + 1) * x.shape[1]!)));
export const fromRows = (rows: number[][]): Tensor => new Tensor([rows.length, rows[0]!.length], rows.flat());

/** The k best experts of each token. */
export const chosenBy = (logits: Tensor, k: number): number[][] => rowsIn(logits).map((row) => largest(row, k));

/** The smallest gap, in any row, between two neighbours of the k + 1 largest: how far the choice is from being another. */
export const clearBy = (rows: number[][], k: number): number =>
  Math.min(
    Infinity,
    ...rows.flatMap((row) => {
      const falling = row.toSorted((a, b) => b - a).slice(0, k + 1);
      return falling.slice(1).map((x, i) => falling[i]! - x);
    }),
  );

/** Each expert's pile: first choices in the order of the tokens, then second ones …, as far as there is room. */
export function dealt(chosen: number[][], experts: number, capacity: number): Assignment[][] {
  const order = range(chosen[0]?.length ?? 0, (slot) => chosen.map((_, token) => ({ token, slot }))).flat();
  return range(experts, (e) => order.filter(({ token, slot }) => chosen[token]![slot] === e).slice(0, capacity));
}

/** ⌈factor · k · T / E⌉ */
export const roomFor = (tokens: number, experts: number, k: number, factor: number): number =>
  Math.max(1, Math.ceil((factor * k * tokens) / experts));

/** The gates of each token's chosen experts. */
export function gatesOf(logits: VarTensor, chosen: number[][], form: GateForm): VarTensor {
  const rows = rowsOf(logits).map((row, t) => {
    if (form === 'renormalised') return softmax(chosen[t]!.map((e) => row[e]!));
    const p = softmax(row);
    return chosen[t]!.map((e) => p[e]!);
  });
  return table([rows.length, rows[0]!.length], (t, s) => rows[t!]![s!]!);
}

/** max(0, w₁ x + b₁), then w₂ and b₂; of one token. */
export function expertSays(token: readonly Var[], { w1, b1, w2, b2 }: Lifted<FeedForward>): Var[] {
  const hidden = rowsOf(w1).map((row, m) => dot(token, row).add(b1.at(m)).relu());
  return rowsOf(w2).map((row, c) => dot(hidden, row).add(b2.at(c)));
}

/** How one assignment's part of the sum is made: from the token, its gate, and its expert. Slips are other ways. */
export type Word = (token: VarTensor, gate: Var, expert: Lifted<FeedForward>, at: Assignment) => Var[];
export const weighedWord: Word = (token, gate, expert) => expertSays(token.data, expert).map((v) => v.mul(gate));

/** A token by itself, (C). */
export const tokenAt = (x: VarTensor, t: number) => new VarTensor([x.shape[1]!], rowsOf(x)[t]!);

/** y_t = Σ over the assignments {t, s} of gates[t, s] · expert(x_t). */
export function mixed(
  x: VarTensor,
  gates: VarTensor,
  piles: Assignment[][],
  experts: Lifted<FeedForward>[],
  word: Word = weighedWord,
): VarTensor {
  const [T, C] = x.shape as [number, number];
  const words = range(T, (): Var[][] => []);
  piles.forEach((pile, e) => {
    for (const at of pile)
      words[at.token]!.push(word(tokenAt(x, at.token), gates.at(at.token, at.slot), experts[e]!, at));
  });
  return table([T, C], (t, c) => sum(words[t!]!.map((said) => said[c!]!)));
}

/** f_e: the share of all assignments. */
export const sharesOf = (chosen: number[][], experts: number): number[] =>
  range(experts, (e) => chosen.flat().filter((c) => c === e).length / chosen.flat().length);

/** E Σ f_e P_e, or with other shares f. */
export function balanceOf(logits: VarTensor, chosen: number[][], f = sharesOf(chosen, logits.shape[1]!)): Var {
  const [T, E] = logits.shape as [number, number];
  const p = rowsOf(logits).map(softmax);
  return sum(range(E, (e) => mean(range(T, (t) => p[t]![e]!)).mul(f[e]! * E)));
}

/** log Σ e^x of a row, from its largest entry. */
export function logSumExp(row: readonly Var[]): Var {
  const m = Math.max(...row.map((v) => v.value));
  return sum(row.map((v) => v.sub(m).exp()))
    .log()
    .add(m);
}

/** The mean of the tokens' squared log-sum-exp. */
export const zOf = (logits: VarTensor): Var => mean(rowsOf(logits).map((row) => logSumExp(row).pow(2)));

// The layer

/** Where a mixture may go wrong; each default is the right one. */
export interface MixtureSlips {
  /** What the router reads. */
  read?: (x: VarTensor) => VarTensor;
  matrix?: (wGate: VarTensor) => VarTensor;
  /** How many experts are chosen. */
  k?: (k: number, experts: number) => number;
  form?: (form: GateForm) => GateForm;
  /** How much room there is. */
  room?: (tokens: number, experts: number, k: number, factor: number) => number;
  choose?: (row: readonly number[], k: number) => number[];
  gates?: (gates: VarTensor) => VarTensor;
  /** What the experts read. */
  heardBy?: (x: VarTensor) => VarTensor;
  experts?: (experts: Lifted<FeedForward>[]) => Lifted<FeedForward>[];
  word?: Word;
  end?: (y: VarTensor, x: VarTensor) => VarTensor;
  /** The logits that the two losses see. */
  seen?: (logits: VarTensor) => VarTensor;
  /** The shares of the balance loss, from what was chosen and what was dealt. */
  shares?: (chosen: number[][], piles: Assignment[][], experts: number) => number[];
  losses?: (losses: { balance: Var; z: Var }) => { balance: Var; z: Var };
}

/** All tokens of (…, C) as one list. */
export const asList = (x: VarTensor) => new VarTensor([x.data.length / x.shape.at(-1)!, x.shape.at(-1)!], x.data);

/** x wᵀ for a list of tokens. */
export function timesRows(x: VarTensor, w: VarTensor): VarTensor {
  const [tokens, rows] = [rowsOf(x), rowsOf(w)];
  return table([tokens.length, rows.length], (t, e) => dot(tokens[t!]!, rows[e!]!));
}

/** The mixture on every token, with its two losses. */
export function mixture(x: VarTensor, weights: Lifted<Mixture>, routing: Routing, slips: MixtureSlips = {}) {
  const tokens = asList(x);
  const E = weights.experts.length;
  const T = tokens.shape[0]!;
  const k = slips.k?.(routing.k, E) ?? routing.k;
  const wGate = slips.matrix?.(weights.wGate) ?? weights.wGate;
  const logits = timesRows(slips.read?.(tokens) ?? tokens, wGate);
  const chosen = rowsOf(logits).map((row) => (slips.choose ?? largest)(row.map((v) => v.value), k)); // prettier-ignore
  const raw = gatesOf(logits, chosen, slips.form?.(routing.form) ?? routing.form);
  const piles = dealt(chosen, E, (slips.room ?? roomFor)(T, E, k, routing.capacityFactor));
  const list = mixed(
    slips.heardBy?.(tokens) ?? tokens,
    slips.gates?.(raw) ?? raw,
    piles,
    slips.experts?.(weights.experts) ?? weights.experts,
    slips.word,
  );
  const ended = slips.end?.(list, tokens) ?? list;
  const seen = slips.seen?.(logits) ?? logits;
  const shares = slips.shares?.(chosen, piles, E) ?? sharesOf(chosen, E);
  const losses = { balance: balanceOf(seen, chosen, shares), z: zOf(seen) };
  return { y: new VarTensor(x.shape, ended.data), ...(slips.losses?.(losses) ?? losses) };
}

/** A number that no gradient leaves. */
export const still = (v: Var): Var => unheard(new VarTensor([], [v])).data[0]!;

// Examples

export const someExpert = (seed: number, C: number, M: number): FeedForward => ({
  w1: filled(seed, M, C),
  // Off the grid of what is added to it: no pre-activation is 0.
  b1: filled(seed + 1, M).add(1 / 8),
  w2: filled(seed + 2, C, M),
  b2: filled(seed + 3, C).add(1 / 8),
});
export const someExperts = (seed: number, E: number, C: number, M: number): FeedForward[] =>
  range(E, (e) => someExpert(seed + 17 * e, C, M));
