/** Exercises on bottleneck adapters: their start, forward and back, and their size. */
import { erf, ones, zeros, zerosLike, type Tensor } from '#tensor';
import { gelu, linear, projected, tokens } from '../chapter-5-transformer/definitions-blocks.ts';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  integer,
  property,
  pure,
  record,
  rejects,
  smooth,
  tensor,
  topic,
  valueOf,
  VarTensor,
  type Lifted,
} from '../engine/index.ts';
import { added, filled, type Up } from './definitions.ts';

const small = { min: -1, max: 1 };

type Adapter = { wDown: Tensor; bDown: Tensor; wUp: Tensor; bUp: Tensor };

// The start

const started = (z: Tensor, change: Partial<Adapter> = {}): Adapter => {
  const [m, C] = z.shape as [number, number];
  return { wDown: z.div(Math.sqrt(C)), bDown: zeros(m), wUp: zeros(C, m), bUp: zeros(C), ...change };
};

const adapterInit = exercise({
  points: 1,
  inputs: { z: tensor('m', 'C') },
  sizes: { m: [1, 4], C: [1, 5] },
  oracle: ({ z }) => {
    const [m, C] = z.shape as [number, number];
    return { wDown: z.map((x) => x / Math.sqrt(C)), bDown: zeros(m), wUp: zeros(C, m), bUp: zeros(C) };
  },
  checks: [
    agrees({ cases: 14 }),
    pure({ cases: 3 }),
    rejects('a z that is no matrix', [{ z: zeros(2) }, { z: zeros(1, 1, 2) }]),
  ],
  examples: [{ z: filled(3, 2, 5) }, { z: filled(7, 4, 3) }],
  misconceptions: {
    'wUp not zero': {
      wrong: ({ z }) => started(z, { wUp: z.div(Math.sqrt(z.shape[1]!)).T }),
      says: 'Your wUp is not zero, so the adapter changes the model before it has learned anything.',
    },
    'both matrices zero': {
      wrong: ({ z }) => started(z, { wDown: zerosLike(z) }),
      says: 'Both matrices are zero. Then wUp’s gradient, made with gelu(0) = 0, is zero, and wDown’s, made with wUp, is zero too: but for bUp nothing would ever learn.',
    },
    'wDown as large as z': {
      wrong: ({ z }) => started(z, { wDown: z }),
      says: 'Your wDown is z itself. One row of it adds up C inputs, so that the sum would be √C times as large as one of them.',
    },
    'divided by C': {
      wrong: ({ z }) => started(z, { wDown: z.div(z.shape[1]!) }),
      says: 'You divide by C. The spread of a sum of C independent numbers grows with the root of their number.',
    },
    'divided by the root of m': {
      wrong: ({ z }) => started(z, { wDown: z.div(Math.sqrt(z.shape[0]!)) }),
      says: 'You divide by √m. A row of wDown is multiplied with the inputs, and there are C of them.',
    },
    'wUp in the shape of wDown': {
      wrong: ({ z }) => started(z, { wUp: zerosLike(z) }),
      says: 'Your wUp is (m, C), like wDown. It leads up: (out, in) is (C, m) for it.',
    },
    'biases exchanged': {
      wrong: ({ z }) => started(z, { bDown: zeros(z.shape[1]!), bUp: zeros(z.shape[0]!) }),
      says: 'Your biases have each other’s length. bDown is added to m numbers, bUp to C.',
    },
    'biases of ones': {
      wrong: ({ z }) => started(z, { bDown: ones(z.shape[0]!), bUp: ones(z.shape[1]!) }),
      says: 'Your biases are 1. bUp is added to what comes out: at the start that must be nothing.',
    },
    'wUp random by its own width': {
      wrong: ({ z }) => started(z, { wUp: z.div(Math.sqrt(z.shape[0]!)).T }),
      says: 'Your wUp is not zero, so the adapter changes the model before it has learned anything. Its width does not matter here: all of it is 0.',
    },
  },
  hints: [
    'Nothing may come out of the adapter at first, and yet it must be able to begin. Which of the two matrices is zero?',
    'z is (m, C): wDown (m, C), bDown (m), wUp (C, m), bUp (C).',
    'wDown = z / √C, all others 0.',
    'const [m, C] = z.shape; return { wDown: z.div(Math.sqrt(C)), bDown: zeros(m), wUp: zeros(C, m), bUp: zeros(C) }; after a look at z.rank',
  ],
});

// Forward

type AdapterInputs = { x: Tensor; weights: Adapter };
const adapterInputs = {
  x: tensor('B?', 'T', 'C'),
  weights: record({
    wDown: tensor('m', 'C', small),
    bDown: tensor('m', { ...small, nonzero: true }),
    wUp: tensor('C', 'm', small),
    bUp: tensor('C', { nonzero: true }),
  }),
};
const adapterSizes = { B: [0, 3], T: [1, 4], C: [1, 4], m: [1, 3] } as const;

const someAdapter = (seed: number, C: number, m: number): Adapter => ({
  wDown: filled(seed, m, C),
  bDown: filled(seed + 1, m).add(0.125),
  wUp: filled(seed + 2, C, m),
  bUp: filled(seed + 3, C).add(0.125),
});
const adapterExamples: AdapterInputs[] = [
  { x: filled(3, 2, 3, 5).mul(2), weights: someAdapter(5, 5, 2) },
  { x: filled(11, 4, 3).mul(2), weights: someAdapter(13, 3, 2) },
  { x: filled(17, 3, 2, 3).mul(2), weights: someAdapter(19, 3, 3) },
];

const definition = ({ x, weights: { wDown, bDown, wUp, bUp } }: Lifted<AdapterInputs>) => {
  const z = projected(x, wDown, bDown);
  const h = new VarTensor(z.shape, z.data.map(gelu));
  return { y: added(x, projected(h, wUp, bUp)) };
};

const relu = (x: Tensor) => x.map((v) => Math.max(0, v));
const phi = (v: number) => (1 + erf(v / Math.SQRT2)) / 2;
const bent = (x: Tensor) => x.map((v) => v * phi(v));
const bentByTanh = (x: Tensor) =>
  x.map((v) => (v / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))));

/** Forward, with another bend, with or without what came in, with or without biases. */
function run(
  { x, weights: w }: AdapterInputs,
  slips: { bend?: (z: Tensor) => Tensor; after?: (up: Tensor) => Tensor; bDown?: Tensor; bUp?: Tensor } = {},
) {
  const { bend = bent, after = (up) => up, bDown = w.bDown, bUp = w.bUp } = slips;
  const z = linear(x, w.wDown, bDown);
  const h = bend(z);
  return { z, h, up: after(linear(h, w.wUp, bUp)) };
}
const slipped = (slips: (i: AdapterInputs) => Parameters<typeof run>[1]) => (i: AdapterInputs) => ({
  y: i.x.add(run(i, slips(i)).up),
});

const adapterForward = exercise({
  points: 2,
  inputs: adapterInputs,
  sizes: adapterSizes,
  oracle: valueOf(definition),
  checks: [
    agrees({ cases: 14 }),
    property<AdapterInputs>('with wUp = 0 and bUp = 0 it changes nothing', {
      cases: 4,
      runs: ({ x, weights }) => ({
        y: { x, weights: { ...weights, wUp: zerosLike(weights.wUp), bUp: zerosLike(weights.bUp) } },
      }),
      holds: ({ y }: { y: { y: Tensor } }, { x }) => y.y.equals(x),
    }),
    pure({ cases: 3 }),
    rejects('weights that do not fit x', [
      { x: zeros(2, 3, 4), weights: someAdapter(3, 5, 2) },
      { x: zeros(3, 4), weights: { ...someAdapter(3, 4, 2), wUp: zeros(5, 2), bUp: zeros(5) } },
      { x: zeros(3, 4), weights: { ...someAdapter(3, 4, 2), wUp: zeros(4, 3) } },
    ]),
  ],
  examples: adapterExamples,
  misconceptions: {
    'x not added': {
      wrong: (i) => ({ y: run(i).up }),
      says: 'Your result is the detour alone. What came in goes straight through as well, and at the start it is all there is.',
    },
    'no bend': {
      wrong: slipped(() => ({ bend: (z) => z })),
      says: 'There is no GELU between down and up. Without it two matrices in a row are one.',
    },
    'ReLU for GELU': {
      wrong: slipped(() => ({ bend: relu })),
      says: 'You bend with ReLU. Here it is GELU.',
    },
    'the approximation by tanh': {
      wrong: slipped(() => ({ bend: bentByTanh })),
      says: 'You bend with the approximation by tanh. The course’s geluForward is the exact one.',
    },
    'bend at the end': {
      wrong: slipped(() => ({ bend: (z) => z, after: bent })),
      says: 'Your GELU stands behind wUp. It belongs between down and up, on the m numbers.',
    },
    'bend at both ends': {
      wrong: slipped(() => ({ after: bent })),
      says: 'There is a second GELU behind wUp. Up ends without a bend.',
    },
    'bend over everything': {
      wrong: (i) => ({ y: bent(i.x.add(run(i).up)) }),
      says: 'You bend the sum at the end. What came in has to go through unchanged.',
    },
    'bDown left out': {
      wrong: slipped(({ weights }) => ({ bDown: zerosLike(weights.bDown) })),
      says: 'bDown changes nothing in your result.',
    },
    'bUp left out': {
      wrong: slipped(({ weights }) => ({ bUp: zerosLike(weights.bUp) })),
      says: 'bUp changes nothing in your result.',
    },
    'x bent too': {
      wrong: (i) => ({ y: bent(i.x).add(run(i).up) }),
      says: 'You add gelu(x). What came in goes straight through, unbent.',
    },
    'x added twice': {
      wrong: (i) => ({ y: i.x.mul(2).add(run(i).up) }),
      says: 'x is in your result twice. The residual connection of the block is another one; the adapter adds its x once.',
    },
    'detour subtracted': {
      wrong: (i) => ({ y: i.x.sub(run(i).up) }),
      says: 'You subtract the detour. It is added to what came in.',
    },
    'bend before down': {
      wrong: (i) => ({ y: i.x.add(run({ ...i, x: bent(i.x) }).up) }),
      says: 'You bend x before it goes down. The only GELU stands between down and up.',
    },
    'the approximation by a sigmoid': {
      wrong: slipped(() => ({ bend: (z) => z.map((v) => v / (1 + Math.exp(-1.702 * v))) })),
      says: 'You bend with the approximation z σ(1.702 z). The course’s geluForward is the exact one.',
    },
  },
  hints: [
    'A small feed-forward layer, and what came in is added to what comes out.',
    'x (…, C) → (…, m) → bend → (…, C). projectForward takes any number of axes in front.',
    'down = projectForward(x, wDown, bDown), geluForward of it, up = projectForward of that with wUp and bUp; y = x + up.',
    'const bent = geluForward(down.y); … return { y: x.add(up.y), cache: { down: down.cache, gelu: bent.cache, up: up.cache } };',
  ],
});

// Back

const slopeOf = (v: number) => phi(v) + (v * Math.exp((-v * v) / 2)) / Math.sqrt(2 * Math.PI);

/** The way back, its steps in reach. */
function back(
  i: Up<AdapterInputs>,
  slips: { slope?: (z: number, h: number) => number; h?: (z: Tensor, h: Tensor) => Tensor } = {},
) {
  const { weights: w, dy } = i;
  const { z, h } = run(i);
  const { slope = slopeOf } = slips;
  const dh = dy.matmul(w.wUp);
  const dz = dh.mul(z.map((v, at) => slope(v, h.data[at]!)));
  const detour = dz.matmul(w.wDown);
  return {
    dh,
    dz,
    z,
    h,
    detour,
    dx: dy.add(detour),
    weights: {
      wDown: tokens(dz).T.matmul(tokens(i.x)),
      bDown: tokens(dz).sum(0),
      wUp: tokens(dy).T.matmul(tokens(h)),
      bUp: tokens(dy).sum(0),
    },
  };
}
type Back = ReturnType<typeof back>;
const slippedBack =
  (
    change: (b: Back, i: Up<AdapterInputs>) => { dx?: Tensor; weights?: Partial<Adapter> },
    slips: Parameters<typeof back>[1] = {},
  ) =>
  (i: Up<AdapterInputs>) => {
    const b = back(i, slips);
    const { dx = b.dx, weights = {} } = change(b, i);
    return { dx, weights: { ...b.weights, ...weights } };
  };
const bySlope = (slope: (z: number, h: number) => number) => slippedBack(() => ({}), { slope });
const divided = ({ weights: w }: Back, n: number): Adapter => ({
  wDown: w.wDown.div(n),
  bDown: w.bDown.div(n),
  wUp: w.wUp.div(n),
  bUp: w.bUp.div(n),
});
const lastOf = (x: Tensor) => (x.rank === 3 ? x.row(-1) : x);

const adapterBackward = exercise({
  points: 3,
  inputs: { dy: tensor('B?', 'T', 'C'), ...adapterInputs },
  sizes: adapterSizes,
  parameters: ['dy'],
  backwardOf: { forward: 'adapterForward', takes: ['x', 'weights'] },
  oracle: smooth(gradientOf(definition, { upstream: { y: 'dy' }, wrt: { dx: 'x', weights: 'weights' } })),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 14 }), pure({ cases: 3 })],
  examples: adapterExamples.map((e, k) => ({ dy: filled(31 + k, ...e.x.shape), ...e })),
  misconceptions: {
    'only along the detour': {
      wrong: slippedBack((b) => ({ dx: b.detour })),
      says: 'Your dx comes back along the detour only. x also went straight into y.',
    },
    'only straight': {
      wrong: slippedBack((_, { dy }) => ({ dx: dy })),
      says: 'Your dx is dy. x went through the detour as well.',
    },
    'bend passed over': {
      wrong: bySlope(() => 1),
      says: 'The gradient goes from up to down as if there were no GELU between them.',
    },
    'slope at what came out of the bend': {
      wrong: bySlope((_, h) => slopeOf(h)),
      says: 'You take GELU’s slope at its output. It is a function of what went in, which geluForward keeps.',
    },
    'slope of ReLU': {
      wrong: bySlope((z) => (z > 0 ? 1 : 0)),
      says: 'On the way back you use ReLU’s slope. The bend is GELU.',
    },
    'half of the slope': {
      wrong: bySlope(phi),
      says: 'GELU is z · Φ(z), a product: its slope has two terms, and yours has Φ(z) alone.',
    },
    'the bend’s value for its slope': {
      wrong: bySlope((_, h) => h),
      says: 'You multiply by what came out of the bend. On the way back it is the slope.',
    },
    'wUp’s gradient from before the bend': {
      wrong: slippedBack((b, { dy }) => ({ weights: { wUp: tokens(dy).T.matmul(tokens(b.z)) } })),
      says: 'Your gradient of wUp is made with what came down, before the bend. What wUp multiplied was gelu of that.',
    },
    'wDown’s gradient past the bend': {
      wrong: slippedBack((b, { x }) => ({
        weights: { wDown: tokens(b.dh).T.matmul(tokens(x)), bDown: tokens(b.dh).sum(0) },
      })),
      says: 'The gradients of wDown and bDown are made with what comes back from wUp. The bend is still between.',
    },
    'up and down exchanged': {
      wrong: slippedBack((b) => ({
        weights: { wDown: b.weights.wUp, bDown: b.weights.bUp, wUp: b.weights.wDown, bUp: b.weights.bDown },
      })),
      says: 'What you return for up belongs to down, and the other way round.',
    },
    'biases summed over the first axis only': {
      wrong: slippedBack((b, { dy }) => ({ weights: { bDown: b.dz.sum(0), bUp: dy.sum(0) } })),
      says: 'Your biases’ gradients are summed over the first axis only. With (B, T, …) there are two axes of tokens.',
    },
    'averaged over the tokens': {
      wrong: slippedBack((b, { x }) => ({ weights: divided(b, tokens(x).shape[0]!) })),
      says: 'The parameters’ gradients are divided by the number of tokens. If the loss is a mean, dy knows it already.',
    },
    'averaged over the first axis': {
      wrong: slippedBack((b, { x }) => ({ weights: divided(b, x.shape[0]!) })),
      says: 'The parameters’ gradients are divided by the length of the first axis. If the loss is a mean, dy knows it already.',
    },
    'last sequence only': {
      wrong: slippedBack((_, i) => ({ weights: back({ ...i, x: lastOf(i.x), dy: lastOf(i.dy) }).weights })),
      says: 'The parameters hear of the last sequence only. All tokens of all sequences went through them.',
    },
    'straight part counted twice': {
      wrong: slippedBack((b, { dy }) => ({ dx: b.dx.add(dy) })),
      says: 'dy is in your dx twice. The residual connection of the block is another one.',
    },
    'matrices exchanged': {
      wrong: slippedBack((b) => ({ weights: { wDown: b.weights.wUp, wUp: b.weights.wDown } })),
      says: 'What you return as wDown is the gradient of wUp, and the other way round.',
    },
    'biases exchanged': {
      wrong: slippedBack((b) => ({ weights: { bDown: b.weights.bUp, bUp: b.weights.bDown } })),
      says: 'What you return as bDown is the gradient of bUp, and the other way round.',
    },
    'bDown’s gradient past the bend': {
      wrong: slippedBack((b) => ({ weights: { bDown: tokens(b.dh).sum(0) } })),
      says: 'The gradient of bDown is made with what comes back from wUp. The bend is still between.',
    },
    'detour subtracted in dx': {
      wrong: slippedBack((b, { dy }) => ({ dx: dy.sub(b.detour) })),
      says: 'You subtract what comes back along the detour. The two ways were added, so their gradients are too.',
    },
    'biases not summed': {
      wrong: slippedBack((b, { dy }) => ({ weights: { bDown: b.dz, bUp: dy } })),
      says: 'Your biases have a gradient for each token. All tokens used the same: add up what they say.',
    },
    'bUp summed over the first axis only': {
      wrong: slippedBack((b, { dy }) => ({ weights: { ...b.weights, bUp: dy.sum(0) } })),
      says: 'The gradient of bUp is summed over the first axis only. With (B, T, …) there are two axes of tokens.',
    },
  },
  hints: [
    'Two ways led from x to y. And along the detour three things are undone in turn: up, bend, down.',
    'dy (…, C) → through up (…, m) → through the bend (…, m) → through down (…, C).',
    'up = projectBackward(dy, cache.up); geluBackward(up.dx, cache.gelu); down = projectBackward of that; dx = dy + down.dx.',
    'weights: { wDown: down.dw, bDown: down.db, wUp: up.dw, bUp: up.db }',
  ],
});

// How many

type CountInputs = { layers: number; dModel: number; bottleneck: number };
const perBlock = (of: (C: number, m: number) => number) => (i: CountInputs) => i.layers * of(i.dModel, i.bottleneck);

const adapterParameterCount = exercise({
  points: 1,
  inputs: { layers: integer(1, 8), dModel: integer(1, 12), bottleneck: integer(1, 6) },
  oracle: ({ layers, dModel, bottleneck }) => {
    let total = 0;
    for (let adapter = 0; adapter < 2 * layers; adapter++) {
      total += bottleneck * dModel + bottleneck; // wDown, bDown
      total += dModel * bottleneck + dModel; // wUp, bUp
    }
    return total;
  },
  checks: [agrees({ exact: true, cases: 20 })],
  examples: [
    { layers: 3, dModel: 10, bottleneck: 4 },
    { layers: 24, dModel: 1024, bottleneck: 64 },
  ],
  misconceptions: {
    'one adapter in each block': {
      wrong: perBlock((C, m) => 2 * C * m + C + m),
      says: 'You count one adapter for each block. There is one behind each of its two sublayers.',
    },
    'biases left out': {
      wrong: perBlock((C, m) => 4 * C * m),
      says: 'You count the matrices only. Unlike LoRA’s, these small layers have biases.',
    },
    'one matrix of each adapter': {
      wrong: perBlock((C, m) => 2 * (C * m + C + m)),
      says: 'You count one matrix for each adapter. One leads down, one up.',
    },
    'one bias of each adapter': {
      wrong: perBlock((C, m) => 2 * (2 * C * m + C)),
      says: 'You count the biases of up only. Down has one for each of the m numbers.',
    },
    'both biases as long as C': {
      wrong: perBlock((C, m) => 2 * (2 * C * m + 2 * C)),
      says: 'You give both biases length C. The one in the middle has length m.',
    },
    'both biases as long as m': {
      wrong: perBlock((C, m) => 2 * (2 * C * m + 2 * m)),
      says: 'You give both biases length m. The one at the end has length C.',
    },
    'one block only': {
      wrong: (i) => perBlock((C, m) => 2 * (2 * C * m + C + m))({ ...i, layers: 1 }),
      says: 'You count one block. Every block has two adapters of its own.',
    },
    'norms counted too': {
      wrong: perBlock((C, m) => 2 * (2 * C * m + C + m + 2 * C)),
      says: 'You count the layer norms as well. The paper trains those too; this function counts the adapters alone.',
    },
    'like LoRA': {
      wrong: perBlock((C, m) => 2 * C * m),
      says: 'You count as for a LoRA of rank m beside one matrix. An adapter has biases, and a block has two of them.',
    },
    'only the matrices doubled': {
      wrong: perBlock((C, m) => 4 * C * m + C + m),
      says: 'You count four matrices in a block, but the biases of one adapter only.',
    },
    'down’s bias alone': {
      wrong: perBlock((C, m) => 2 * (2 * C * m + m)),
      says: 'You count the biases of down only. Up has one for each of the C numbers.',
    },
    'one adapter for the whole model': {
      wrong: (i) => perBlock((C, m) => 2 * C * m + C + m)({ ...i, layers: 1 }),
      says: 'You count one adapter. Every block has two of its own.',
    },
    'the way down only': {
      wrong: perBlock((C, m) => 2 * (C * m + m)),
      says: 'You count wDown and bDown only. Each adapter also leads up again.',
    },
  },
  hints: [
    'Count one adapter first: how many numbers have wDown, bDown, wUp and bUp?',
    'wDown (m, C), bDown (m), wUp (C, m), bUp (C).',
    '2 m C + C + m for one, two of them in each block.',
    'layers * 2 * (2 * dModel * bottleneck + dModel + bottleneck)',
  ],
});

export const adapter = topic('adapter', 'Adapters: a small network in between', {
  adapterInit,
  adapterForward,
  adapterBackward,
  adapterParameterCount,
});
