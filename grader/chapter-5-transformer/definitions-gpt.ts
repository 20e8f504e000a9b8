/**
 * A GPT as its papers define it, one number at a time on the tape, with places into which a student's slips can be switched:
 * the sequences of a batch do not meet, so one sequence is all there is to define.
 */
import { Tensor } from '#tensor';
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
import { attended, part } from './definitions.ts';

export type Norm = { gamma: Tensor; beta: Tensor };
export type MultiHead = {
  wQ: Tensor;
  bQ: Tensor;
  wK: Tensor;
  bK: Tensor;
  wV: Tensor;
  bV: Tensor;
  wO: Tensor;
  bO: Tensor;
};
export type FeedForward = { w1: Tensor; b1: Tensor; w2: Tensor; b2: Tensor };
export type Block = { attention: MultiHead; norm1: Norm; feedForward: FeedForward; norm2: Norm };
export type Gpt = { tokens: Tensor; positions: Tensor; blocks: Block[]; norm: Norm; head?: Tensor };
export type Settings = { heads: number; activation: 'relu' | 'gelu' };

// What is drawn

const small = { min: -1, max: 1 };
const square = tensor('C', 'C', small);
const along = tensor('C', small);

export const normInput = record({ gamma: tensor('C', { min: 0.5, max: 1.5 }), beta: along });
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
    w1: tensor('M', 'C', small),
    b1: tensor('M', small),
    w2: tensor('C', 'M', small),
    b2: along,
  }),
  norm2: normInput,
});

/** What one block keeps of S tokens. */
export const keptInput = record({ k: tensor(1, 'S', 'C'), v: tensor(1, 'S', 'C') });

const shared = {
  tokens: tensor('V', 'C'),
  positions: tensor('L', 'C', small),
  blocks: listOf('n', blockInput),
  norm: normInput,
};
const tied = record(shared);
const untied = record({ ...shared, head: tensor('V', 'C') });
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

// The definitions

const addition = (a: VarTensor, b: VarTensor) => table(a.shape, (...at) => a.at(...at).add(b.at(...at)));

/** The same numbers, through which no gradient goes. */
export const still = (x: VarTensor): VarTensor => table(x.shape, (...at) => new Var(x.at(...at).value));

/** x (T, in), w (out, in), bias (out) → (T, out) */
export const affine = (x: VarTensor, w: VarTensor, bias?: VarTensor) =>
  table([x.shape[0]!, w.shape[0]!], (t, o) => {
    const product = sum(range(w.shape[1]!, (c) => x.at(t!, c).mul(w.at(o!, c))));
    return bias ? product.add(bias.at(o!)) : product;
  });

/** Each row with mean 0 and variance 1, then scaled and shifted. */
export function normed(x: VarTensor, { gamma, beta }: Lifted<Norm>, epsilon = 1e-5): VarTensor {
  const C = x.shape[1]!;
  const rows = range(x.shape[0]!, (t) => {
    const row = range(C, (c) => x.at(t, c));
    const centre = mean(row);
    const root = mean(row.map((v) => v.sub(centre).pow(2)))
      .add(epsilon)
      .sqrt();
    return row.map((v, c) => v.sub(centre).div(root).mul(gamma.at(c)).add(beta.at(c)));
  });
  return table(x.shape, (t, c) => rows[t!]![c!]!);
}

/** Columns `from` to `to` of a matrix. */
const columns = (x: VarTensor, from: number, to: number) =>
  table([x.shape[0]!, to - from], (t, c) => x.at(t!, from + c!));

/** Every head by itself on its own columns, the results side by side. q (T, C); k, v (S, C). */
export function manyHeads(q: VarTensor, k: VarTensor, v: VarTensor, mask: Tensor, heads: number): VarTensor {
  const d = q.shape[1]! / heads;
  const each = range(heads, (h) => {
    const [from, to] = [h * d, (h + 1) * d];
    return attended(columns(q, from, to), columns(k, from, to), columns(v, from, to), mask).y;
  });
  return table(q.shape, (t, c) => each[Math.floor(c! / d)]!.at(t!, c! % d));
}

/** Self-attention of one sequence (T, C). */
function selfAttention(x: VarTensor, w: Lifted<MultiHead>, mask: Tensor, heads: number): VarTensor {
  const a = manyHeads(affine(x, w.wQ, w.bQ), affine(x, w.wK, w.bK), affine(x, w.wV, w.bV), mask, heads);
  return affine(a, w.wO, w.bO);
}

export function feedForwardOf(x: VarTensor, w: Lifted<FeedForward>, activation: Settings['activation']): VarTensor {
  const up = affine(x, w.w1, w.b1);
  const bent = table(up.shape, (...at) => {
    const z = up.at(...at);
    return activation === 'relu' ? z.relu() : z.mul(z.div(Math.SQRT2).erf().add(1)).div(2);
  });
  return affine(bent, w.w2, w.b2);
}

/** A sublayer with its norm and the way around it. */
export const residual = (
  x: VarTensor,
  norm: Lifted<Norm>,
  sublayer: (x: VarTensor) => VarTensor,
  order: 'pre' | 'post' = 'pre',
) => (order === 'pre' ? addition(x, sublayer(normed(x, norm))) : normed(addition(x, sublayer(x)), norm));

export interface GptSlips {
  /** Which query sees which key. */
  sees?: (i: number, j: number) => boolean;
  order?: 'post';
  lastNorm?: false;
  /** The place of a token; none at all where undefined. */
  place?: ((t: number) => number) | 'none';
  alwaysTied?: boolean;
  heads?: number;
  activation?: Settings['activation'];
  chain?: 'reversed' | 'first' | 'last' | 'none';
  probabilities?: boolean;
  // For gradients: the values stay right.
  stillEntrance?: boolean;
  stillHead?: boolean;
  /** Blocks count for the values only; what the head says goes straight to the entrance. */
  straightDown?: boolean;
}

/** One sequence of tokens, embedded: tokens[index_t] + positions[start + t]. (T, C) */
export const embedded = (
  row: readonly number[],
  tokens: VarTensor,
  positions: VarTensor,
  start: number,
  place: GptSlips['place'] = (t) => t,
) =>
  table([row.length, tokens.shape[1]!], (t, c) => {
    const token = tokens.at(row[t!]!, c!);
    return place === 'none' ? token : token.add(positions.at(start + place(t!), c!));
  });

/** The logits of one sequence, (T, V). */
export function logitsOf(row: readonly number[], w: Lifted<Gpt>, settings: Settings, slips: GptSlips = {}): VarTensor {
  const T = row.length;
  const { heads, activation } = { ...settings, ...('heads' in slips && { heads: slips.heads! }), ...(slips.activation && { activation: slips.activation }) }; // prettier-ignore
  const sees = slips.sees ?? ((i, j) => j <= i);
  const mask = new Tensor(
    [T, T],
    range(T * T, (k) => (sees(Math.floor(k / T), k % T) ? 1 : 0)),
  );
  const tokens = slips.stillEntrance ? still(w.tokens) : w.tokens;
  const start = embedded(row, tokens, w.positions, 0, slips.place);
  const block = (x: VarTensor, { attention, norm1, feedForward, norm2 }: Lifted<Block>) => {
    const a = residual(x, norm1, (t) => selfAttention(t, attention, mask, heads), slips.order);
    return residual(a, norm2, (t) => feedForwardOf(t, feedForward, activation), slips.order);
  };
  const chain = {
    all: w.blocks,
    reversed: [...w.blocks].reverse(),
    first: w.blocks.slice(0, 1),
    last: w.blocks.slice(-1),
    none: [],
  }[slips.chain ?? 'all'];
  const through = chain.reduce(block, start);
  const y = slips.straightDown ? table(start.shape, (t, c) => start.at(t!, c!).sub(start.at(t!, c!).value).add(through.at(t!, c!).value)) : through; // prettier-ignore
  const own = slips.alwaysTied ? w.tokens : (w.head ?? w.tokens);
  const logits = affine(slips.lastNorm === false ? y : normed(y, w.norm), slips.stillHead ? still(own) : own);
  if (!slips.probabilities) return logits;
  const V = logits.shape[1]!;
  const sums = range(T, (t) => sum(range(V, (v) => logits.at(t, v).exp())));
  return table([T, V], (t, v) => logits.at(t!, v!).exp().div(sums[t!]!));
}

/** −log softmax(logits_t)[target_t], averaged over the places of all sequences. */
export function lossOf(
  read: readonly (readonly number[])[],
  targets: readonly (readonly number[])[],
  w: Lifted<Gpt>,
  settings: Settings,
  asked: (t: number, T: number) => boolean = () => true,
): Var {
  const terms = read.flatMap((row, b) => {
    const logits = logitsOf(row, w, settings);
    return row.flatMap((_, t) => {
      if (!asked(t, row.length)) return [];
      const scores = range(logits.shape[1]!, (v) => logits.at(t, v));
      const top = Math.max(...scores.map((s) => s.value));
      const log = sum(scores.map((s) => s.sub(top).exp()))
        .log()
        .add(top);
      return [log.sub(scores[targets[b]![t]!]!)];
    });
  });
  return mean(terms);
}

/** What one block keeps: keys and values, (1, S, C). */
export type Kept = { k: Tensor; v: Tensor };

/** A matrix with one row more. */
export const withRow = (x: VarTensor, row: VarTensor) =>
  new VarTensor([x.shape[0]! + 1, x.shape[1]!], [...x.data, ...row.data]);

/** (1, S, C) without its first axis, and with it again. */
export const only = (x: VarTensor) => part(x, 0);
export const alone = (x: VarTensor) => new VarTensor([1, ...x.shape], x.data);

/** Attention of one new token x (1, C) over the kept ones and itself. */
export function attendedOnce(
  x: VarTensor,
  kept: { k: VarTensor; v: VarTensor },
  w: Lifted<MultiHead>,
  heads: number,
): { y: VarTensor; kept: { k: VarTensor; v: VarTensor } } {
  const [k, v] = [withRow(kept.k, affine(x, w.wK, w.bK)), withRow(kept.v, affine(x, w.wV, w.bV))];
  const everything = new Tensor([1, 1], [1]);
  return { y: affine(manyHeads(affine(x, w.wQ, w.bQ), k, v, everything, heads), w.wO, w.bO), kept: { k, v } };
}
