/** Exercises of LoRA where it is used: beside the queries and the values of an attention, and in all blocks of a frozen GPT. */
import { Tensor, zerosLike } from '#tensor';
import {
  headsLike,
  manyHeads,
  manyHeadsBack,
  projected,
  type HeadBackSlips,
  type HeadSlips,
  type MultiHead,
} from '../chapter-5-transformer/definitions-blocks.ts';
import { anyGpt, gptInput, type Block, type Gpt, type Settings } from '../chapter-5-transformer/definitions-gpt.ts';
import { attentionWeights, type Layer } from '../chapter-5-transformer/definitions-layers.ts';
import {
  agrees,
  choice,
  exercise,
  gradient,
  gradientAgrees,
  gradientOf,
  indices,
  listOf,
  number,
  property,
  pure,
  record,
  sizeOf,
  smooth,
  tensor,
  trace,
  valueOf,
  type Lifted,
  type ValueRecord,
  type VarTensor,
} from '../engine/index.ts';
import {
  added,
  filled,
  gptWith,
  headsSideBySide,
  heard,
  type Lora,
  maskInput,
  type Plain,
  someNames,
  triangle,
  unheard,
  type Up,
  withDetour,
} from './definitions.ts';

const small = { min: -1, max: 1 };

/** The detours of one attention. */
type Pair = { q: Lora; v: Lora };

const loraInput = record({ A: tensor('r', 'h*d', small), B: tensor('h*d', 'r', small) });
const pairInput = record({ q: loraInput, v: loraInput });
const alphaInput = number({ min: 1, max: 8, step: 1 });

const somePair = (seed: number, C: number, r: number): Pair => ({
  q: { A: filled(seed, r, C), B: filled(seed + 1, C, r) },
  v: { A: filled(seed + 2, r, C), B: filled(seed + 3, C, r) },
});

/** Self-attention (B, T, C) whose queries and values come from w + (α/r) B A. */
function loraAttention(
  x: Lifted<Tensor>,
  mask: Tensor,
  w: Lifted<MultiHead>,
  { q, v }: Lifted<Pair>,
  alpha: number,
  heads: number,
) {
  const scale = alpha / q.A.shape[0]!;
  const queries = projected(x, withDetour(w.wQ, q, scale), w.bQ);
  const keys = projected(x, w.wK, w.bK);
  const values = projected(x, withDetour(w.wV, v, scale), w.bV);
  return projected(headsSideBySide(queries, keys, values, mask, heads), w.wO, w.bO);
}

// Attention

type AttentionInputs = { x: Tensor; mask: Tensor; weights: MultiHead; adapters: Pair; alpha: number; heads: number };
const attentionInputs = {
  x: tensor('B', 'T', 'h*d'),
  mask: maskInput(['B', 'T'], '(T, T), (1, 1) or (B, 1, T, T) of 1 or 0', ({ B, T }) => [
    [T!, T!],
    [1, 1],
    [B!, 1, T!, T!],
  ]),
  weights: attentionWeights,
  adapters: pairInput,
  alpha: alphaInput,
  heads: sizeOf('h'),
};
const attentionSizes = { B: [1, 2], T: [1, 3], h: [1, 2], d: [1, 2], r: [1, 2] } as const;
const attentionParameters = Object.keys(attentionInputs);
const attentionPlain = ['mask', 'alpha', 'heads'];

const attentionDefinition = (i: Plain<AttentionInputs, 'mask' | 'alpha' | 'heads'>) => ({
  y: loraAttention(i.x, i.mask, i.weights, i.adapters, i.alpha, i.heads),
});

const attentionExamples: (AttentionInputs & ValueRecord)[] = [
  { heads: 2, C: 4, r: 3, alpha: 5, mask: triangle(3), seed: 3 },
  { heads: 3, C: 6, r: 2, alpha: 3, mask: triangle(2), seed: 41 },
  { heads: 2, C: 4, r: 2, alpha: 7, mask: new Tensor([2, 2], [1, 1, 0, 1]), seed: 59 },
  { heads: 1, C: 2, r: 1, alpha: 2, mask: new Tensor([2, 2], [1, 1, 1, 0]), seed: 67 },
].map(({ heads, C, r, alpha, mask, seed }) => ({
  x: filled(seed, 2, mask.shape[0]!, C),
  mask,
  weights: headsLike(seed + 1, C),
  adapters: somePair(seed + 11, C, r),
  alpha,
  heads,
}));

const change = ({ A, B }: Lora, scale: number) => B.matmul(A).mul(scale);

interface AttentionSlips extends HeadSlips {
  scale?: (alpha: number, r: number) => number;
  /** Which detour runs beside which projection. */
  q?: (pair: Pair) => Lora | undefined;
  k?: (pair: Pair) => Lora | undefined;
  v?: (pair: Pair) => Lora | undefined;
  noBase?: boolean;
  /** Values from the frozen matrix of the keys. */
  valuesFromKeys?: boolean;
  /** Queries and keys trade places in the attention. */
  askedByKeys?: boolean;
  /** A detour at the output's projection too. */
  o?: (pair: Pair) => Lora;
  causal?: boolean;
}

/** The attention's run with the detours in its matrices. */
function run(i: AttentionInputs, slips: AttentionSlips = {}) {
  const { adapters, alpha, weights: w } = i;
  const r = adapters.q.A.shape[0]!;
  const scale = (slips.scale ?? ((a, n) => a / n))(alpha, r);
  const beside = (base: Tensor, detour: Lora | undefined) => {
    const start = slips.noBase ? zerosLike(base) : base;
    return detour ? start.add(change(detour, scale)) : start;
  };
  const { q = (pair: Pair) => pair.q, k = () => undefined, v = (pair: Pair) => pair.v } = slips;
  const weights = {
    ...w,
    wQ: beside(w.wQ, q(adapters)),
    wK: k(adapters) ? beside(w.wK, k(adapters)) : w.wK,
    wV: beside(slips.valuesFromKeys ? w.wK : w.wV, v(adapters)),
    bV: slips.valuesFromKeys ? w.bK : w.bV,
    wO: slips.o ? beside(w.wO, slips.o(adapters)) : w.wO,
  };
  const { wQ, bQ, wK, bK } = weights;
  if (slips.askedByKeys) Object.assign(weights, { wQ: wK, bQ: bK, wK: wQ, bK: bQ });
  const mask = slips.causal ? triangle(i.x.shape[1]!) : i.mask;
  return { ...manyHeads({ ...i, mask, memory: i.x, weights }, slips), scale };
}
const slippedAttention = (slips: AttentionSlips) => (i: AttentionInputs) => ({ y: run(i, slips).y });

export const loraAttentionForward = exercise({
  points: 2,
  inputs: attentionInputs,
  sizes: attentionSizes,
  oracle: valueOf(attentionDefinition, { plain: attentionPlain }),
  uses: ['loraForward'],
  checks: [
    agrees({ cases: 6 }),
    property<AttentionInputs>('with both B = 0 it is the frozen attention', {
      cases: 2,
      runs: (i) => {
        const still = ({ A, B }: Lora) => ({ A, B: zerosLike(B) });
        return { y: { ...i, adapters: { q: still(i.adapters.q), v: still(i.adapters.v) } } };
      },
      holds: ({ y }: { y: { y: Tensor } }, i) =>
        y.y.allClose(manyHeads({ ...i, memory: i.x }).y, { rtol: 1e-9, atol: 1e-12 }),
    }),
    pure({ cases: 2 }),
  ],
  examples: attentionExamples,
  misconceptions: {
    'α/r forgotten': {
      wrong: slippedAttention({ scale: () => 1 }),
      says: 'α changes nothing in your result.',
    },
    'α not divided by the rank': {
      wrong: slippedAttention({ scale: (alpha) => alpha }),
      says: 'Both detours come in with α, not with α/r.',
    },
    'detours exchanged': {
      wrong: slippedAttention({ q: ({ v }) => v, v: ({ q }) => q }),
      says: 'The queries run beside the values’ detour, and the values beside that of the queries.',
    },
    'one detour for both': {
      wrong: slippedAttention({ v: ({ q }) => q }),
      says: 'Queries and values share the queries’ detour. Each has its own.',
    },
    'queries without a detour': {
      wrong: slippedAttention({ q: () => undefined }),
      says: 'Your queries are those of the frozen model: the detour q changes nothing.',
    },
    'values without a detour': {
      wrong: slippedAttention({ v: () => undefined }),
      says: 'Your values are those of the frozen model: the detour v changes nothing.',
    },
    'detour at the keys instead of the values': {
      wrong: slippedAttention({ k: ({ v }) => v, v: () => undefined }),
      says: 'The second detour runs beside your keys. It belongs beside the values.',
    },
    'keys detoured too': {
      wrong: slippedAttention({ k: ({ q }) => q }),
      says: 'Your keys take the queries’ detour as well. Keys stay as they are: plain projectForward.',
    },
    'frozen matrices left out': {
      wrong: slippedAttention({ noBase: true }),
      says: 'wQ and wV are missing in your result: queries and values come from the detours alone.',
    },
    'mask ignored': {
      wrong: slippedAttention({ noMask: true }),
      says: 'The mask changes nothing in your result.',
    },
    'allowed and forbidden exchanged': {
      wrong: slippedAttention({ maskInverted: true }),
      says: 'You attend to what is forbidden. 1 in the mask means allowed.',
    },
    'one head': {
      wrong: slippedAttention({ oneHead: true }),
      says: 'Your attention has one head, whatever `heads` says.',
    },
    'heads cut by reshape': {
      wrong: slippedAttention({ splitByReshape: true }),
      says: 'Your heads are cut by reshape alone, so each gets pieces of different tokens. splitHeads moves their axis.',
    },
    'heads merged by reshape': {
      wrong: slippedAttention({ mergeByReshape: true }),
      says: 'Your heads are put together by reshape alone, so the tokens are mixed up. mergeHeads moves their axis back.',
    },
    'output projection missing': {
      wrong: slippedAttention({ noOutput: true }),
      says: 'You return the heads side by side. wO, which mixes them, is still to come.',
    },
    'x added': {
      wrong: slippedAttention({ residual: true }),
      says: 'You add x to the result. That is the block’s business, not the attention’s.',
    },
    'the values’ detour for both': {
      wrong: slippedAttention({ q: ({ v }) => v }),
      says: 'Queries and values share the values’ detour. Each has its own.',
    },
    'detour at the keys instead of the queries': {
      wrong: slippedAttention({ k: ({ q }) => q, q: () => undefined }),
      says: 'The first detour runs beside your keys. It belongs beside the queries.',
    },
    'keys detoured with the values’': {
      wrong: slippedAttention({ k: ({ v }) => v }),
      says: 'Your keys take the values’ detour as well. Keys stay as they are: plain projectForward.',
    },
    'output detoured too': {
      wrong: slippedAttention({ o: ({ v }) => v }),
      says: 'The last projection takes the values’ detour as well. wO stays as it is: plain projectForward.',
    },
    'values from the keys’ matrix': {
      wrong: slippedAttention({ valuesFromKeys: true }),
      says: 'Your values run through wK and bK. Theirs are wV and bV.',
    },
    'queries and keys exchanged': {
      wrong: slippedAttention({ askedByKeys: true }),
      says: 'You hand attentionForward the keys as queries and the queries as keys. Queries come first.',
    },
    'a causal mask of your own': {
      wrong: slippedAttention({ causal: true }),
      says: 'You use a causal mask, whatever `mask` says. Which keys may be seen is for the caller to say.',
    },
  },
  hints: [
    'It is chapter 5’s attention of a sequence to itself, with two of its four projections exchanged for layers with a detour.',
    'Three projections (B, T, C), three times splitHeads, attentionForward, mergeHeads, and the last projection. Keep all five caches.',
    'loraForward for queries and values, projectForward for keys and output, all of x.',
    'const q = loraForward(x, weights.wQ, weights.bQ, adapters.q, alpha); const k = projectForward(x, weights.wK, weights.bK); …',
  ],
});

interface AttentionBackSlips extends HeadBackSlips {
  /** The matrices that dx comes back through. */
  through?: 'base' | 'detours';
  /** The projections for which that holds; both, unless said. */
  of?: ('q' | 'v')[];
  ways?: ('q' | 'k' | 'v')[];
  exchangedCaches?: boolean;
  scaleForgotten?: boolean;
  divide?: number;
}

/** Back through it: what the changed matrices get, handed on to A and B. */
function attentionBack(i: Up<AttentionInputs>, slips: AttentionBackSlips = {}) {
  const forward = run(i);
  const { adapters, weights } = i;
  const s = forward.scale;
  const by = (name: 'q' | 'v', w: Tensor) =>
    slips.through === 'base' && (slips.of ?? ['q', 'v']).includes(name)
      ? w
      : slips.through === 'detours'
        ? change(adapters[name], s)
        : w.add(change(adapters[name], s));
  const [wQ, wV] = [by('q', weights.wQ), by('v', weights.wV)];
  const on = slips.exchangedCaches ? { wQ: wV, wV: wQ } : { wQ, wV };
  // manyHeads keeps the scale of the scores under the name that α/r has here.
  const scores = manyHeads({ ...i, memory: i.x, weights: forward.weights }).scale;
  const back = (memory?: 'keys' | 'values') =>
    manyHeadsBack(
      i.dy,
      { ...forward, scale: scores, weights: { ...weights, ...on } },
      { ...slips, ...(memory && { memory }) },
    );
  const [keys, values] = [back('keys'), back('values')];
  const ways = slips.ways ?? ['q', 'k', 'v'];
  const parts = { q: keys.dx, k: keys.dmemory, v: values.dmemory };
  const dx = ways.map((way) => parts[way]).reduce((a, b) => a.add(b));
  const n = slips.divide ?? 1;
  const factor = (slips.scaleForgotten ? 1 : s) / n;
  const detour = (dw: Tensor, { A, B }: Lora): Lora => ({
    A: B.T.matmul(dw).mul(factor),
    B: dw.matmul(A.T).mul(factor),
  });
  const of = slips.exchangedCaches ? { q: adapters.v, v: adapters.q } : adapters;
  return {
    dx,
    adapters: {
      q: detour(keys.weights.wQ, of.q),
      v: detour(keys.weights.wV, of.v),
    },
  };
}
const slippedBack = (slips: AttentionBackSlips) => (i: Up<AttentionInputs>) => attentionBack(i, slips);

export const loraAttentionBackward = exercise({
  points: 3,
  inputs: { ...attentionInputs, dy: tensor('B', 'T', 'h*d') },
  sizes: attentionSizes,
  parameters: ['dy'],
  uses: ['loraBackward'],
  backwardOf: { forward: 'loraAttentionForward', takes: attentionParameters },
  oracle: smooth(
    gradientOf(attentionDefinition, {
      upstream: { y: 'dy' },
      wrt: { dx: 'x', adapters: 'adapters' },
      plain: attentionPlain,
    }),
  ),
  checks: [
    gradientAgrees({ upstream: ['dy'], cases: 6 }),
    property<Up<AttentionInputs>>('what is frozen has no gradient', {
      cases: 1,
      holds: ({ y }: { y: object }) => {
        const more = Object.keys(y).filter((key) => key !== 'dx' && key !== 'adapters');
        return more.length === 0 || `Your result has ${someNames(more)} too, for an optimizer to use.`;
      },
    }),
    pure({ cases: 2 }),
  ],
  examples: attentionExamples.map((e, k) => ({ ...e, dy: filled(71 + k, ...e.x.shape) })),
  misconceptions: {
    'dx through the queries only': {
      wrong: slippedBack({ ways: ['q'] }),
      says: 'Your dx is what came back through the queries. Keys and values were made of x too.',
    },
    'keys forgotten in dx': {
      wrong: slippedBack({ ways: ['q', 'v'] }),
      says: 'The keys’ part of dx is missing. They have no detour and nothing of theirs learns, but x went through them.',
    },
    'values forgotten in dx': {
      wrong: slippedBack({ ways: ['q', 'k'] }),
      says: 'The values’ part of dx is missing.',
    },
    'queries forgotten in dx': {
      wrong: slippedBack({ ways: ['k', 'v'] }),
      says: 'The queries’ part of dx is missing.',
    },
    'dx without the detours': {
      wrong: slippedBack({ through: 'base' }),
      says: 'dx comes back through the frozen matrices only. It went through both detours as well; loraBackward gives the sum.',
    },
    'dx without the frozen matrices': {
      wrong: slippedBack({ through: 'detours' }),
      says: 'For queries and values dx comes back through the detours only. wQ and wV are frozen, not closed.',
    },
    'detours under each other’s name': {
      wrong: (i) => {
        const right = attentionBack(i);
        return { ...right, adapters: { q: right.adapters.v, v: right.adapters.q } };
      },
      says: 'What you return as q is the gradient of the values’ detour, and the other way round.',
    },
    'queries’ and values’ caches exchanged': {
      wrong: slippedBack({ exchangedCaches: true }),
      says: 'The queries’ gradient goes back through the values’ cache, and the values’ through that of the queries.',
    },
    'α/r forgotten on the way back': {
      wrong: slippedBack({ scaleForgotten: true }),
      says: 'α/r is missing in the gradients of A and B.',
    },
    'output projection passed over': {
      wrong: slippedBack({ skipOutput: true }),
      says: 'You hand dy to the heads as it is. Between them and y there was wO: frozen, but it turns every gradient.',
    },
    'heads cut by reshape': {
      wrong: slippedBack({ splitByReshape: true }),
      says: 'The gradient is dealt out to the heads by reshape alone. splitHeads is the way back from mergeHeads.',
    },
    'heads merged by reshape': {
      wrong: slippedBack({ mergeByReshape: true }),
      says: 'The gradients of queries, keys and values are put together by reshape alone. mergeHeads is the way back from splitHeads.',
    },
    'queries’ heads merged by reshape': {
      wrong: slippedBack({ queriesByReshape: true }),
      says: 'The gradient of the queries is put together by reshape alone. mergeHeads is the way back from splitHeads.',
    },
    'averaged over the batch': {
      wrong: (i) => slippedBack({ divide: i.x.shape[0]! })(i),
      says: 'The detours’ gradients are divided by the number of sequences. If the loss is a mean, dy knows it already.',
    },
    'base not frozen': {
      wrong: (i) => ({ ...attentionBack(i), weights: manyHeadsBack(i.dy, manyHeads({ ...i, memory: i.x })).weights }),
      says: 'You return gradients for wQ, wK, wV and wO as well. They are frozen; an optimizer that is handed these would use them.',
    },
    'dx without the queries’ detour': {
      wrong: slippedBack({ through: 'base', of: ['q'] }),
      says: 'For the queries dx comes back through wQ alone. x went through their detour as well; loraBackward gives the sum.',
    },
    'dx without the values’ detour': {
      wrong: slippedBack({ through: 'base', of: ['v'] }),
      says: 'For the values dx comes back through wV alone. x went through their detour as well; loraBackward gives the sum.',
    },
    'dy added to dx': {
      wrong: (i) => {
        const right = attentionBack(i);
        return { ...right, dx: right.dx.add(i.dy) };
      },
      says: 'You add dy to dx. The residual connection is the block’s business, not the attention’s.',
    },
    'dk and dv exchanged': {
      wrong: slippedBack({ keysForValues: true }),
      says: 'dk goes back through the values’ cache, and dv through that of the keys. Each goes back the way its own came.',
    },
    'dx through the values only': {
      wrong: slippedBack({ ways: ['v'] }),
      says: 'Your dx is what came back through the values. Queries and keys were made of x too.',
    },
  },
  hints: [
    'The forward’s lines from the last to the first, each with its own cache. Four of the five caches are met with a backward function that you know.',
    'dy (B, T, C) → back through wO → splitHeads → attentionBackward → mergeHeads, three times → (B, T, C). The number of heads stands in the cache: cache.attention.q is (B, h, T, C/h).',
    'loraBackward for queries and values, projectBackward for keys and output, of which only dx is used. dx is the sum of three.',
    'const a = attentionBackward(splitHeads(o.dx, heads), cache.attention); const q = loraBackward(mergeHeads(a.dq), cache.q); …',
  ],
});

// A GPT

type GptInputs = { index: number[][]; base: Gpt; adapters: Pair[]; alpha: number; settings: Settings };
const gptInputs = {
  index: listOf('B', indices('T', 'V')),
  base: gptInput,
  adapters: listOf('n', pairInput),
  alpha: alphaInput,
  settings: record({ heads: sizeOf('h'), activation: choice<Settings['activation']>('gelu', 'relu') }),
};
const gptSizes = {
  B: [1, 2],
  T: [1, 3],
  V: [2, 2],
  L: [3, 3],
  h: [1, 2],
  d: [2, 3],
  M: [1, 1],
  n: [1, 2],
  r: [1, 2],
} as const;
/**
 * A layer norm of two numbers gives −1 and 1 whatever they are: the gradient that comes back through it is what is left of
 * a sum that cancels, and where the two are nearly equal that is mostly rounding.
 */
const widthIsEnough = ({ base }: { base: { tokens: Tensor } }): boolean => base.tokens.shape[1]! >= 3;
const gptPlain = ['index', 'alpha', 'settings'];

interface GptSlips {
  sees?: (i: number, j: number) => boolean;
  /** Which block's detours block i gets, of n. */
  which?: (i: number, n: number) => number;
  settings?: Partial<Settings>;
  scaleForgotten?: boolean;
  /** A residual connection inside that of the block. */
  residual?: boolean;
  /** Attention with the first block's weights everywhere. */
  firstAttention?: boolean;
  firstFeedForward?: boolean;
  /** On the way back only: what a sublayer sends on to its x. */
  back?: 'feed-forward silent' | 'feed-forward passed over' | 'attention silent' | 'dy added';
}

const gptDefinition =
  (slips: GptSlips = {}) =>
  ({ index, base: whole, adapters, alpha, settings: given }: Plain<GptInputs, 'index' | 'alpha' | 'settings'>) => {
    const settings = { ...given, ...slips.settings };
    const { feedForward } = whole.blocks[0]!;
    const base = slips.firstFeedForward
      ? { ...whole, blocks: whole.blocks.map((block) => ({ ...block, feedForward })) }
      : whole;
    const mask = triangle(index[0]!.length, slips.sees);
    const which = slips.which ?? ((i: number) => i);
    const strength = slips.scaleForgotten ? adapters[0]!.q.A.shape[0]! : alpha;
    const attention = (block: Lifted<Block>, i: number) => (t: VarTensor) => {
      const own = adapters[which(i, adapters.length)]!;
      const weights = slips.firstAttention ? base.blocks[0]!.attention : block.attention;
      const x = slips.back === 'attention silent' ? unheard(t) : t;
      const y = loraAttention(x, mask, weights, own, strength, settings.heads);
      if (slips.residual) return added(t, y);
      return slips.back === 'dy added' ? heard(y, y, t) : y;
    };
    const feed = (layer: Layer) => (t: VarTensor) => {
      if (slips.back === 'feed-forward silent') return unheard(layer(t));
      return slips.back === 'feed-forward passed over' ? heard(layer(t), t) : layer(t);
    };
    const logits = gptWith(index, base, settings, attention, feed);
    return { logits };
  };

const gptExamples: (GptInputs & { dlogits: Tensor } & ValueRecord)[] = [
  { seed: 'two blocks', tied: true, n: 2 },
  { seed: 'a head of its own', tied: false, n: 2 },
].map(({ seed, tied, n }) => ({
  index: [[0, 2, 1]],
  base: anyGpt({ V: 3, L: 3, C: 4, M: 1, n }, seed, tied),
  adapters: Array.from({ length: n }, (_, k) => somePair(5 + 7 * k, 4, 2)),
  alpha: 3,
  settings: { heads: 2, activation: 'gelu' },
  dlogits: new Tensor([1, 3, 3], [1, -0.5, 2, 0.25, -1.5, 0.75, -1, 0.5, 1.25]),
}));

const slippedGpt = (slips: GptSlips) => (i: GptInputs) => trace(gptDefinition(slips), i, gptPlain).value;

export const loraGptForward = exercise({
  points: 2,
  inputs: gptInputs,
  sizes: gptSizes,
  where: widthIsEnough,
  uses: ['loraAttentionForward'],
  oracle: valueOf(gptDefinition(), { plain: gptPlain }),
  checks: [agrees({ cases: 2 }), pure({ cases: 1 })],
  examples: gptExamples
    .flatMap((e) => [e, { ...e, settings: { ...e.settings, activation: 'relu' as const } }])
    .map(({ dlogits: _, ...rest }) => rest),
  misconceptions: {
    'no causal mask': {
      wrong: slippedGpt({ sees: () => true }),
      says: 'Your tokens see what comes after them. The frozen GPT was trained under a causal mask, and it is still a GPT.',
    },
    'mask one place too far': {
      wrong: slippedGpt({ sees: (i, j) => j <= i + 1 }),
      says: 'Each of your tokens sees the one after it: the very one that it is asked for.',
    },
    'mask turned round': {
      wrong: slippedGpt({ sees: (i, j) => j >= i }),
      says: 'Your tokens see what comes after them and nothing of what came before.',
    },
    'the first block’s detours for all': {
      wrong: slippedGpt({ which: () => 0 }),
      says: 'All blocks run beside the first block’s detours. Block i has adapters[i].',
    },
    'the last block’s detours for all': {
      wrong: slippedGpt({ which: (_, n) => n - 1 }),
      says: 'All blocks run beside the last block’s detours. Block i has adapters[i].',
    },
    'detours in reverse': {
      wrong: slippedGpt({ which: (i, n) => n - 1 - i }),
      says: 'Your first block gets the last block’s detours. On the way there the first block is the first.',
    },
    'detours ignored': {
      wrong: (i) => slippedGpt({})({ ...i, alpha: 0 }),
      says: 'Your logits are those of the frozen GPT: the detours change nothing.',
    },
    'α forgotten': {
      wrong: slippedGpt({ scaleForgotten: true }),
      says: 'α changes nothing in your result.',
    },
    'heads ignored': {
      wrong: slippedGpt({ settings: { heads: 1 } }),
      says: 'Your attention has one head, whatever the settings say.',
    },
    'always GELU': {
      wrong: slippedGpt({ settings: { activation: 'gelu' } }),
      says: 'Your feed-forward layers take GELU, whatever the settings say.',
    },
    'always ReLU': {
      wrong: slippedGpt({ settings: { activation: 'relu' } }),
      says: 'Your feed-forward layers take ReLU, whatever the settings say.',
    },
    'x added once more': {
      wrong: slippedGpt({ residual: true }),
      says: 'Your attention adds its x to what it gives. frozenGptForward has the residual connections already.',
    },
    'the first block’s attention for all': {
      wrong: slippedGpt({ firstAttention: true }),
      says: 'All blocks attend with the first block’s frozen weights. frozenGptForward hands you each block’s own.',
    },
    'the first block’s feed-forward layer for all': {
      wrong: slippedGpt({ firstFeedForward: true }),
      says: 'All blocks use the first block’s feed-forward layer. frozenGptForward hands you each block’s own.',
    },
  },
  hints: [
    'Everything of the GPT is given but what stands inside its residual connections. For each block you say what that is.',
    'index (B, T) → logits (B, T, V). The mask is (T, T): as many queries as keys. frozenGptForward hands you each block’s weights and its number.',
    'For block i: attention is a function t ↦ loraAttentionForward(t, mask, …, adapters[i], …), feedForward a function t ↦ feedForward(t, …).',
    'frozenGptForward(index, base, (block, i) => ({ attention: (t) => loraAttentionForward(t, mask, block.attention, adapters[i], alpha, settings.heads), … }))',
  ],
});

type GptBack = GptInputs & { dlogits: Tensor };

function gptBack(i: GptBack, slips: GptSlips = {}): Pair[] {
  const { dlogits, ...inputs } = i;
  return gradient(gptDefinition(slips), inputs, { logits: dlogits }, ['adapters'], gptPlain).gradients[
    'adapters'
  ] as Pair[];
}
const still = (pair: Pair): Pair => ({
  q: { A: zerosLike(pair.q.A), B: zerosLike(pair.q.B) },
  v: { A: zerosLike(pair.v.A), B: zerosLike(pair.v.B) },
});

export const loraGptBackward = exercise({
  points: 2,
  inputs: {
    dlogits: tensor('B', 'T', 'V'),
    ...gptInputs,
    settings: record({ heads: sizeOf('h'), activation: choice<Settings['activation']>('gelu') }),
  },
  sizes: gptSizes,
  where: widthIsEnough,
  parameters: ['dlogits'],
  uses: ['loraAttentionBackward'],
  backwardOf: { forward: 'loraGptForward', takes: Object.keys(gptInputs) },
  oracle: smooth((i: GptBack) => gptBack(i)),
  checks: [
    gradientAgrees({ upstream: ['dlogits'], cases: 3 }),
    property<GptBack>('what is frozen has no gradient', {
      cases: 1,
      holds: ({ y }: { y: object[] }) => {
        const more = new Set(y.flatMap((block) => Object.keys(block)).filter((key) => key !== 'q' && key !== 'v'));
        return more.size === 0 || `Your blocks have ${someNames(more)} too, for an optimizer to use.`;
      },
    }),
    pure({ cases: 1 }),
  ],
  examples: gptExamples,
  misconceptions: {
    'last block first': {
      wrong: (i) => gptBack(i).reverse(),
      says: 'Your list begins with the last block, as the way back does. The first block’s gradients come first.',
    },
    'queries’ and values’ gradients exchanged': {
      wrong: (i) => gptBack(i).map(({ q, v }) => ({ q: v, v: q })),
      says: 'What you return as q is the gradient of the values’ detour, and the other way round.',
    },
    'the first block’s gradients for all': {
      wrong: (i) => gptBack(i).map((_, __, all) => all[0]!),
      says: 'Every block gets the first block’s gradients. Each has its own.',
    },
    'the last block’s gradients for all': {
      wrong: (i) => gptBack(i).map((_, __, all) => all.at(-1)!),
      says: 'Every block gets the last block’s gradients. Each has its own.',
    },
    'only the last block learns': {
      wrong: (i) => gptBack(i).map((pair, k, all) => (k === all.length - 1 ? pair : still(pair))),
      says: 'Only the last block’s detours get a gradient. Frozen blocks let it through to those below.',
    },
    'handed on as they came': {
      wrong: (i) => gptBack(i).map((adapters) => ({ attention: { adapters, dx: i.dlogits } })),
      says: 'Your blocks have no q and v: you hand on what the way back gave you, all of it. Of each block take the attention’s part, and of that the adapters.',
    },
    'base not frozen': {
      wrong: (i) => gptBack(i).map((pair) => ({ ...pair, feedForward: pair.v })),
      says: 'Beside q and v your blocks bring other gradients along. What is frozen has none; an optimizer that is handed them would use them.',
    },
    'one block only': {
      wrong: (i) => gptBack(i).slice(0, 1),
      says: 'Your list has the first block’s gradients only. Every block has detours of its own.',
    },
    'feed-forward layers silent': {
      wrong: (i) => gptBack(i, { back: 'feed-forward silent' }),
      says: 'No gradient comes back through your feed-forward layers. They keep none of their own, but what lies below them has to hear of the loss: feedForwardBackward.',
    },
    'feed-forward layers passed over': {
      wrong: (i) => gptBack(i, { back: 'feed-forward passed over' }),
      says: 'Your feed-forward layers hand the gradient on as it came. They are frozen, but they turn every gradient: feedForwardBackward.',
    },
    'attention silent': {
      wrong: (i) => gptBack(i, { back: 'attention silent' }),
      says: 'The detours get gradients, but your attention sends none on to its x: the blocks below hear too little. loraAttentionBackward returns dx as well.',
    },
    'dy added to the attention’s dx': {
      wrong: (i) => gptBack(i, { back: 'dy added' }),
      says: 'Your attention adds dy to its dx. frozenGptBackward does that for the residual connection already.',
    },
  },
  hints: [
    'The way back is given too. You say how to walk back through an attention and a feed-forward layer, and take what you want of the result.',
    'frozenGptBackward returns a list with one entry { attention, feedForward } for each block; attention is all that loraAttentionBackward returned.',
    'Of each block’s entry take attention.adapters: { q, v }.',
    'frozenGptBackward(dlogits, loraAttentionBackward, feedForwardBackward, cache).map(({ attention }) => attention.adapters)',
  ],
});
