/**
 * The blocks of a Transformer as their papers draw them, on the tape; and how to write, on the tape too, what a wrong backward
 * pass does: the values stay, the gradient takes other ways.
 */
import { zeros, type Tensor } from '#tensor';
import {
  Var,
  VarTensor,
  choice,
  record,
  sizeOf,
  tensor,
  trace,
  type Definition,
  type Input,
  type Lifted,
  type Oracle,
  type ValueRecord,
} from '../engine/index.ts';
import { fedForward, layerNormed, mask, multiHead, type FeedForward, type MultiHead } from './definitions-blocks.ts';

export type Order = 'pre' | 'post';

export interface Norm {
  gamma: Tensor;
  beta: Tensor;
}

export interface Settings {
  heads: number;
  activation: 'relu' | 'gelu';
  order: Order;
}

// Inputs: C is h·d, so that h divides it

const small = { min: -1, max: 1 };

export const tokens = (T: string): Input<Tensor> => tensor('B', T, 'h*d');
export const normWeights = record({ gamma: tensor('h*d'), beta: tensor('h*d', small) });
export const attentionWeights = record({
  wQ: tensor('h*d', 'h*d', small),
  bQ: tensor('h*d', small),
  wK: tensor('h*d', 'h*d', small),
  bK: tensor('h*d', small),
  wV: tensor('h*d', 'h*d', small),
  bV: tensor('h*d', small),
  wO: tensor('h*d', 'h*d', small),
  bO: tensor('h*d', small),
});
export const feedForwardWeights = record({
  w1: tensor('M', 'h*d', small),
  b1: tensor('M', small),
  w2: tensor('h*d', 'M', small),
  b2: tensor('h*d', small),
});
export const settings = record({
  heads: sizeOf('h'),
  activation: choice<Settings['activation']>('gelu', 'relu'),
  order: choice<Order>('post', 'pre'),
});
export const blockSizes = { B: [1, 2], T: [1, 3], h: [1, 2], d: [2, 3], M: [1, 4] } as const;

/** No token of equal numbers, which a norm would divide by next to nothing: results stay readable. */
export const spread = ({ x }: { x: Tensor }): boolean => {
  const C = x.shape.at(-1)!;
  return Array.from({ length: x.size / C }, (_, n) => x.data.subarray(n * C, (n + 1) * C)).every((t) =>
    t.some((v) => v !== t[0]),
  );
};

/** Numbers on a grid of quarters between −1 and 1, without a pattern that a mistake could share. */
export function filled(seed: number, ...shape: number[]): Tensor {
  let at = seed;
  const next = () => (at = (at * 75 + 74) % 65537);
  return zeros(...shape).map(() => ((next() % 9) - 4) / 4);
}

export const someNorm = (seed: number, C: number): Norm => ({
  gamma: filled(seed, C).add(1.25),
  beta: filled(seed + 1, C),
});
export const someAttention = (seed: number, C: number): MultiHead => ({
  wQ: filled(seed, C, C),
  bQ: filled(seed + 1, C),
  wK: filled(seed + 2, C, C),
  bK: filled(seed + 3, C),
  wV: filled(seed + 4, C, C),
  bV: filled(seed + 5, C),
  wO: filled(seed + 6, C, C),
  bO: filled(seed + 7, C),
});
export const someFeedForward = (seed: number, C: number, M: number): FeedForward => ({
  w1: filled(seed, M, C),
  b1: filled(seed + 1, M),
  w2: filled(seed + 2, C, M),
  b2: filled(seed + 3, C),
});

/** A mask for queries and keys of the same sequence. */
export const ownMask: Input<Tensor> = {
  symbols: ['B', 'T'],
  shape: mask.shape.replaceAll('S', 'T'),
  draw: (rng, sizes) => mask.draw(rng, { ...sizes, S: sizes.T! }),
  cut: (value, sizes, keep) => mask.cut(value, { ...sizes, S: sizes.T! }, keep),
  simpler: (value) => mask.simpler(value),
  nudge: (value) => value,
};

/** What can stand in a residual connection. */
export type Layer = (t: VarTensor) => VarTensor;

// Gradients that take other ways

/** The numbers of y; what gradient comes goes, as it is, to each of the others. */
export const heard = (y: VarTensor, ...by: VarTensor[]): VarTensor =>
  new VarTensor(
    y.shape,
    y.data.map(
      (v, i) =>
        new Var(
          v.value,
          by.map((x) => x.data[i]!),
          by.map(() => 1),
        ),
    ),
  );

/** The same numbers, which no gradient leaves: what a backward pass forgets. */
export const unheard = (x: VarTensor): VarTensor => heard(x);

/** Numbers that are no variables. */
export const constant = (x: Tensor): VarTensor =>
  new VarTensor(
    x.shape,
    Array.from(x.data, (v) => new Var(v)),
  );

/** Entry by entry: a + b. */
export const plus = (a: VarTensor, b: VarTensor): VarTensor =>
  new VarTensor(
    a.shape,
    a.data.map((v, i) => v.add(b.data[i]!)),
  );

// Residual connections, right and wrong

export type Connection = (x: VarTensor, norm: Layer, order: Order, f: Layer) => VarTensor;

const pre: Connection = (x, norm, _, f) => plus(x, f(norm(x)));
const post: Connection = (x, norm, _, f) => norm(plus(x, f(x)));

/** y = x + f(LayerNorm(x)), or y = LayerNorm(x + f(x)). */
export const residual: Connection = (x, norm, order, f) => (order === 'pre' ? pre : post)(x, norm, order, f);

const bare: Connection = (x, _, __, f) => plus(x, f(x));

/** A connection for each order. */
const either =
  (whenPre: Connection, whenPost: Connection): Connection =>
  (x, norm, order, f) =>
    (order === 'pre' ? whenPre : whenPost)(x, norm, order, f);

/** Past the norm on the way back: its own parameters get their gradients. */
const past =
  (norm: Layer): Layer =>
  (t) =>
    heard(norm(t), norm(unheard(t)), t);

/** Where the forward was pre-norm, the way back of post-norm, and the other way round. */
const preBackAsPost: Connection = (x, norm, _, f) => norm(heard(x, x, f(heard(norm(x), x))));
const postBackAsPre: Connection = (x, norm, _, f) => plus(x, f(heard(x, norm(heard(plus(x, f(x)), x)))));

/** Wrong in their values. */
export const wrongForward = {
  alwaysPost: post,
  alwaysPre: pre,
  exchanged: either(post, pre),
  nothingAround: ((x, norm, order, f) => (order === 'pre' ? f(norm(x)) : norm(f(x)))) as Connection,
  nothingAroundPre: either((x, norm, _, f) => f(norm(x)), post),
  nothingAroundPost: either(pre, (x, norm, _, f) => norm(f(x))),
  normBehindPre: either((x, norm, _, f) => plus(x, norm(f(x))), post),
  normedAround: either((x, norm, _, f) => plus(norm(x), f(norm(x))), post),
  normBeforeSum: either(pre, (x, norm, _, f) => plus(x, norm(f(x)))),
  noNorm: bare,
  noNormPre: either(bare, post),
  noNormPost: either(pre, bare),
  normTwice: either(
    (x, norm, _, f) => norm(plus(x, f(norm(x)))),
    (x, norm, _, f) => norm(plus(x, f(norm(x)))),
  ),
};

/** Right in their values, wrong on the way back. */
export const wrongBackward = {
  nothingAround: either(
    (x, norm, _, f) => plus(unheard(x), f(norm(x))),
    (x, norm, _, f) => norm(plus(unheard(x), f(x))),
  ),
  nothingAroundPre: either((x, norm, _, f) => plus(unheard(x), f(norm(x))), post),
  nothingAroundPost: either(pre, (x, norm, _, f) => norm(plus(unheard(x), f(x)))),
  /** post: what comes back through the norm goes around, and dy as it is into the sublayer */
  throughPastNorm: either(pre, (x, norm, _, f) => {
    const inner = f(x);
    const sum = norm(plus(x, unheard(inner)));
    return heard(sum, sum, inner);
  }),
  /** pre: both roads through the norm */
  aroundThroughNorm: either((x, norm, _, f) => {
    const before = norm(x);
    const inner = f(before);
    return heard(plus(x, inner), before, inner);
  }, post),
  onlyAround: either(
    (x, norm, _, f) => plus(x, f(norm(unheard(x)))),
    (x, norm, _, f) => norm(plus(x, f(unheard(x)))),
  ),
  onlyAroundPre: either((x, norm, _, f) => plus(x, f(norm(unheard(x)))), post),
  onlyAroundPost: either(pre, (x, norm, _, f) => norm(plus(x, f(unheard(x))))),
  pastNorm: ((x, norm, order, f) => residual(x, past(norm), order, f)) as Connection,
  pastNormPre: either((x, norm, _, f) => plus(x, f(past(norm)(x))), post),
  aroundPastNorm: either(pre, (x, norm, _, f) => {
    const y = norm(plus(unheard(x), f(x)));
    return heard(y, y, x);
  }),
  alwaysPost: either(preBackAsPost, post),
  alwaysPre: either(pre, postBackAsPre),
  exchanged: either(preBackAsPost, postBackAsPre),
};

// Sublayers

export const norming =
  (weights: Lifted<Norm>): Layer =>
  (t) =>
    layerNormed(t, weights.gamma, weights.beta, 1e-5);

/** Attention, to the tokens themselves or to a memory. */
export const attending =
  (weights: Lifted<MultiHead>, mask: Tensor, heads: number, memory: (t: VarTensor) => VarTensor = (t) => t): Layer =>
  (t) =>
    multiHead(t, memory(t), mask, weights, heads).y;

export const feeding =
  (weights: Lifted<FeedForward>, activation: Settings['activation']): Layer =>
  (t) =>
    fedForward(t, weights, activation);

// Blocks

export interface EncoderBlock {
  attention: MultiHead;
  norm1: Norm;
  feedForward: FeedForward;
  norm2: Norm;
}

/** Where a block may go wrong; each default is the right one. */
export interface EncoderSlips {
  attention?: Connection;
  feedForward?: Connection;
}

/** Vaswani et al. 2017, figure 1, left. */
export function encoderBlock(
  x: VarTensor,
  mask: Tensor,
  w: Lifted<EncoderBlock>,
  { heads, activation, order }: Settings,
  { attention = residual, feedForward = residual }: EncoderSlips = {},
): VarTensor {
  const a = attention(x, norming(w.norm1), order, attending(w.attention, mask, heads));
  return feedForward(a, norming(w.norm2), order, feeding(w.feedForward, activation));
}

export interface DecoderBlock {
  selfAttention: MultiHead;
  norm1: Norm;
  crossAttention: MultiHead;
  norm2: Norm;
  feedForward: FeedForward;
  norm3: Norm;
}

export interface DecoderSlips {
  selfAttention?: Connection;
  crossAttention?: Connection;
  feedForward?: Connection;
}

/** Vaswani et al. 2017, figure 1, right. */
export function decoderBlock(
  x: VarTensor,
  memory: VarTensor,
  mask: Tensor,
  memoryMask: Tensor,
  w: Lifted<DecoderBlock>,
  { heads, activation, order }: Settings,
  { selfAttention = residual, crossAttention = residual, feedForward = residual }: DecoderSlips = {},
): VarTensor {
  const a = selfAttention(x, norming(w.norm1), order, attending(w.selfAttention, mask, heads));
  const read = attending(w.crossAttention, memoryMask, heads, () => memory);
  const c = crossAttention(a, norming(w.norm2), order, read);
  return feedForward(c, norming(w.norm3), order, feeding(w.feedForward, activation));
}

// Stacks

export type Step<W> = (t: VarTensor, w: W, l: number) => VarTensor;

/** Each block on what the one before gave. */
export const inTurn = <W>(x: VarTensor, blocks: readonly W[], step: Step<W>): VarTensor => blocks.reduce(step, x);

/** What each block of a stack was given, and, last, what the stack gives. */
export const stages = <W>(x: VarTensor, blocks: readonly W[], step: Step<W>): VarTensor[] =>
  blocks.reduce((all, w, l) => [...all, step(all[l]!, w, l)], [x]);

/** The first block is the first to be walked back through: what comes in reaches it, and x hears what leaves the last. */
export function backUpwards<W>(x: VarTensor, blocks: readonly W[], step: Step<W>): VarTensor {
  const given = stages(x, blocks, step);
  let way = x;
  for (let l = blocks.length - 1; l >= 0; l--) way = step(heard(given[l]!, way), blocks[l]!, l);
  return way;
}

/** Every block is told what the last one should be; x hears what leaves the first. */
export function backFromTheTop<W>(x: VarTensor, blocks: readonly W[], step: Step<W>): VarTensor {
  const given = stages(x, blocks, step);
  const each = blocks.map((w, l) => step(l === 0 ? x : unheard(given[l]!), w, l));
  return blocks.length > 0 ? heard(given.at(-1)!, ...each) : x;
}

/** x hears what leaves the last block. */
export function backOneBlock<W>(x: VarTensor, blocks: readonly W[], step: Step<W>): VarTensor {
  return inTurn(x, blocks, (t, w, l) => {
    if (l === blocks.length - 1) return step(l === 0 ? t : heard(t, t, x), w, l);
    return step(l === 0 ? unheard(t) : t, w, l);
  });
}

// Oracles

/** Inputs on the tape, but for those that are no variables. */
export type Plain<I, K extends keyof I> = Lifted<Omit<I, K>> & Pick<I, K>;

/** ReLU has a kink, GELU has none; the tape need not look for it twice. */
export const withMargin = <I extends { settings: Settings }>(
  oracle: Oracle<I>,
  definition: Definition<never>,
  names: string[],
): Oracle<I> =>
  Object.assign((i: I) => oracle(i), {
    margin: (i: I) =>
      i.settings.activation === 'relu' ? trace(definition, i as unknown as ValueRecord, names).margin : Infinity,
  });
