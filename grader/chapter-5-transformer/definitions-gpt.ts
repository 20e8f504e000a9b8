/**
 * A GPT as its papers define it, on the tape, with places into which a student's slips can be switched; and the inputs that
 * it is fed.
 */
import { Tensor, random } from '#tensor';
import {
  listOf,
  mean,
  range,
  record,
  sum,
  table,
  tensor,
  Var,
  VarTensor,
  type Input,
  type Lifted,
} from '../engine/index.ts';
import * as blocks from './definitions-blocks.ts';
import { fedForward, layerNormed, multiHead, projected, type Bend } from './definitions-blocks.ts';
import { attended, part } from './definitions.ts';

/** An interface as plain data. */
type Plain<T> = { [K in keyof T]: T[K] };
export type Norm = { gamma: Tensor; beta: Tensor };
export type MultiHead = Plain<blocks.MultiHead>;
export type FeedForward = Plain<blocks.FeedForward>;
export type Block = { attention: MultiHead; norm1: Norm; feedForward: FeedForward; norm2: Norm };
export type Gpt = { tokens: Tensor; positions: Tensor; blocks: Block[]; norm: Norm; head?: Tensor };
export type Settings = { heads: number; activation: Bend };
/** What one block keeps: keys and values, (1, S, C). */
export type Kept = { k: Tensor; v: Tensor };

// What is drawn. C is h · d: h heads, each d wide.

const small = { min: -1, max: 1 };
const square = tensor('h*d', 'h*d', small);
const along = tensor('h*d', small);

export const normInput = record({ gamma: tensor('h*d', { min: 0.5, max: 1.5 }), beta: along });
export const attentionInput = record({
  wQ: square,
  bQ: along,
  wK: square,
  bK: along,
  wV: square,
  bV: along,
  wO: square,
  bO: along,
});
const blockInput = record({
  attention: attentionInput,
  norm1: normInput,
  feedForward: record({
    w1: tensor('M', 'h*d', small),
    b1: tensor('M', small),
    w2: tensor('h*d', 'M', small),
    b2: along,
  }),
  norm2: normInput,
});
const shared = {
  tokens: tensor('V', 'h*d'),
  positions: tensor('L', 'h*d', small),
  blocks: listOf('n', blockInput),
  norm: normInput,
};
const tied = record(shared);
const untied = record({ ...shared, head: tensor('V', 'h*d') });
const formOf = (value: Gpt) => (value.head === undefined ? tied : untied) as Input;

/** The weights of a GPT: every other one has its head tied, and then there is no `head`. */
export const gptInput: Input<Gpt> = {
  symbols: untied.symbols,
  shape: untied.shape,
  draw: (rng, sizes) => (rng.nextInt(0, 1) === 0 ? tied : untied).draw(rng, sizes) as Gpt,
  cut: (value, sizes, keep) => formOf(value).cut(value, sizes, keep) as Gpt,
  *simpler(value) {
    if (value.head !== undefined) {
      const { head: _dropped, ...rest } = value;
      yield rest;
    }
    yield* formOf(value).simpler(value) as Iterable<Gpt>;
  },
  nudge: (value, f) => formOf(value).nudge(value, f) as Gpt,
};

/** A GPT for a fixed example: quarters between −1.5 and 1.5. */
export function anyGpt(
  { V, L, C, M, n }: Record<'V' | 'L' | 'C' | 'M' | 'n', number>,
  seed: string,
  headTied = true,
): Gpt {
  const rng = random(seed);
  const some = (...shape: number[]) =>
    new Tensor(
      shape,
      range(
        shape.reduce((a, b) => a * b, 1),
        () => (rng.integer(13) - 6) / 4,
      ),
    );
  const norm = () => ({ gamma: some(C).div(4).add(1), beta: some(C).div(2) });
  const matrixAndBias = () => [some(C, C), some(C)] as const;
  const block = () => {
    const [[wQ, bQ], [wK, bK], [wV, bV], [wO, bO]] = [matrixAndBias(), matrixAndBias(), matrixAndBias(), matrixAndBias()]; // prettier-ignore
    const feedForward = { w1: some(M, C), b1: some(M), w2: some(C, M), b2: some(C) };
    return { attention: { wQ, bQ, wK, bK, wV, bV, wO, bO }, norm1: norm(), feedForward, norm2: norm() };
  };
  const weights = { tokens: some(V, C), positions: some(L, C), blocks: range(n, block), norm: norm() };
  return headTied ? weights : { ...weights, head: some(V, C) };
}

/** What one block keeps of S tokens. */
export const keptInput = record({ k: tensor(1, 'S', 'h*d'), v: tensor(1, 'S', 'h*d') });

// The definitions

const plus = (a: VarTensor, b: VarTensor) =>
  new VarTensor(
    a.shape,
    a.data.map((x, k) => x.add(b.data[k]!)),
  );

/** The same numbers, through which no gradient goes. */
export const still = (x: VarTensor): VarTensor =>
  new VarTensor(
    x.shape,
    x.data.map((v) => new Var(v.value)),
  );

export const normed = (x: VarTensor, { gamma, beta }: Lifted<Norm>) => layerNormed(x, gamma, beta, 1e-5);

/** A sublayer with its norm and the way around it. */
export const residual = (
  x: VarTensor,
  norm: Lifted<Norm>,
  sublayer: (x: VarTensor) => VarTensor,
  order: 'pre' | 'post' = 'pre',
) => (order === 'pre' ? plus(x, sublayer(normed(x, norm))) : normed(plus(x, sublayer(x)), norm));

export interface GptSlips {
  /** Which query sees which key. */
  sees?: (i: number, j: number) => boolean;
  order?: 'post';
  lastNorm?: false;
  noPlaces?: boolean;
  alwaysTied?: boolean;
  settings?: Partial<Settings>;
  chain?: 'reversed' | 'first' | 'last';
  probabilities?: boolean;
  // For gradients: the values stay right.
  stillEntrance?: boolean;
  stillHead?: boolean;
  /** Blocks count for the values only; what the head says goes straight to the entrance. */
  straightDown?: boolean;
}

/** y_bt = tokens[index_bt] + positions[start + t]. (B, T, C) */
export const embedded = (
  index: readonly (readonly number[])[],
  tokens: VarTensor,
  positions: VarTensor,
  start: number,
  noPlaces = false,
) =>
  table([index.length, index[0]!.length, tokens.shape[1]!], (b, t, c) => {
    const token = tokens.at(index[b!]![t!]!, c!);
    return noPlaces ? token : token.add(positions.at(start + t!, c!));
  });

/** The logits after each token, (B, T, V). */
export function logitsOf(
  index: readonly (readonly number[])[],
  w: Lifted<Gpt>,
  given: Settings,
  slips: GptSlips = {},
): VarTensor {
  const T = index[0]!.length;
  const { heads, activation } = { ...given, ...slips.settings };
  const sees = slips.sees ?? ((i, j) => j <= i);
  const mask = new Tensor(
    [T, T],
    range(T * T, (k) => (sees(Math.floor(k / T), k % T) ? 1 : 0)),
  );
  const start = embedded(index, slips.stillEntrance ? still(w.tokens) : w.tokens, w.positions, 0, slips.noPlaces);
  const block = (x: VarTensor, { attention, norm1, feedForward, norm2 }: Lifted<Block>) => {
    const a = residual(x, norm1, (t) => multiHead(t, t, mask, attention, heads).y, slips.order);
    return residual(a, norm2, (t) => fedForward(t, feedForward, activation), slips.order);
  };
  const chain = {
    all: w.blocks,
    reversed: [...w.blocks].reverse(),
    first: w.blocks.slice(0, 1),
    last: w.blocks.slice(-1),
  }[slips.chain ?? 'all'];
  const through = chain.reduce(block, start);
  const bridge = (x: Var, k: number) => x.sub(x.value).add(through.data[k]!.value);
  const y = slips.straightDown ? new VarTensor(start.shape, start.data.map(bridge)) : through;
  const own = slips.alwaysTied ? w.tokens : (w.head ?? w.tokens);
  const logits = projected(slips.lastNorm === false ? y : normed(y, w.norm), slips.stillHead ? still(own) : own);
  return slips.probabilities ? blocks.perToken(logits, (z) => z.map((x) => x.exp().div(sum(z.map((o) => o.exp()))))) : logits; // prettier-ignore
}

/** −log softmax(logits_bt)[target_bt], averaged over the places of all sequences that are asked. */
export function lossOf(
  read: readonly (readonly number[])[],
  targets: readonly (readonly number[])[],
  w: Lifted<Gpt>,
  settings: Settings,
  asked: (t: number, T: number) => boolean = () => true,
): Var {
  const logits = logitsOf(read, w, settings);
  const terms = read.flatMap((row, b) =>
    row.flatMap((_, t) => {
      if (!asked(t, row.length)) return [];
      const scores = part(logits, b, t).data;
      const top = Math.max(...scores.map((s) => s.value));
      const log = sum(scores.map((s) => s.sub(top).exp())).log();
      return [log.add(top).sub(scores[targets[b]![t]!]!)];
    }),
  );
  return mean(terms);
}

// One token at a time

/** Columns `from` to `to` of a matrix. */
const columns = (x: VarTensor, from: number, to: number) =>
  table([x.shape[0]!, to - from], (t, c) => x.at(t!, from + c!));

/** Every head by itself on its own columns, nothing masked, the results side by side. q (1, C); k, v (S, C). */
export function headsOver(q: VarTensor, k: VarTensor, v: VarTensor, heads: number): VarTensor {
  const d = q.shape[1]! / heads;
  const each = range(heads, (h) => {
    const own = (x: VarTensor) => columns(x, h * d, (h + 1) * d);
    return attended(own(q), own(k), own(v), new Tensor([1, 1], [1])).y;
  });
  return table(q.shape, (t, c) => each[Math.floor(c! / d)]!.at(t!, c! % d));
}

/** Tokens (n, C) with one more behind them. */
const withRow = (x: VarTensor, row: VarTensor) => new VarTensor([x.shape[0]! + 1, x.shape[1]!], [...x.data, ...row.data]); // prettier-ignore

/** (1, S, C) without its first axis, and with it again. */
export const only = (x: VarTensor) => new VarTensor(x.shape.slice(1), x.data);
export const alone = (x: VarTensor) => new VarTensor([1, ...x.shape], x.data);

/** What is kept, (S, C), with the key and the value of one token more. */
export const keptWith = (x: VarTensor, kept: Lifted<Kept>, w: Lifted<MultiHead>) => ({
  k: withRow(kept.k, projected(x, w.wK, w.bK)),
  v: withRow(kept.v, projected(x, w.wV, w.bV)),
});

/** Attention of one token x (1, C) over keys and values (S, C). */
export const attendedTo = (x: VarTensor, { k, v }: Lifted<Kept>, w: Lifted<MultiHead>, heads: number) =>
  projected(headsOver(projected(x, w.wQ, w.bQ), k, v, heads), w.wO, w.bO);
