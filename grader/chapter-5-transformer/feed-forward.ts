/** Exercises of what a block does with each token by itself: the two-layer network, and SwiGLU. */
import { zeros, type Tensor } from '#tensor';
import { erf } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientAgrees,
  gradientOf,
  pure,
  record,
  rejects,
  tensor,
  topic,
  valueOf,
  type Lifted,
} from '../engine/index.ts';
import { smooth } from './definitions.ts';
import {
  fedForward,
  filled,
  linear,
  linearBack,
  swiglued,
  tokens,
  type Bend,
  type FeedForward,
  type Swiglu,
} from './definitions-blocks.ts';

const sizes = { B: [0, 2], T: [1, 3], C: [1, 3], M: [1, 4] } as const;
const small = { min: -1, max: 1 };

type Up<I> = I & { dy: Tensor };
type Plain<I, K extends keyof I> = Omit<Lifted<I>, K> & Pick<I, K>;

// Two layers and a bend

type FeedInputs = { x: Tensor; weights: FeedForward; activation: Bend };

const feedInputs = {
  x: tensor('B?', 'T', 'C'),
  weights: record({
    w1: tensor('M', 'C', small),
    b1: tensor('M', { ...small, nonzero: true }),
    w2: tensor('C', 'M', small),
    b2: tensor('C', { ...small, nonzero: true }),
  }),
  activation: choice<Bend>('relu', 'gelu'),
};
const feedParameters = ['x', 'weights', 'activation'];

const feedWeights = (seed: number, C: number, M: number): FeedForward => ({
  w1: filled(seed, M, C),
  // Off the grid of what is added to it: no pre-activation is 0.
  b1: filled(seed + 1, M).add(1 / 8),
  w2: filled(seed + 2, C, M),
  b2: filled(seed + 3, C).add(1 / 8),
});
const halves = (seed: number, ...shape: number[]) => filled(seed, ...shape).mul(4);
const feedExamples = [
  { x: halves(5, 2, 2, 2), weights: feedWeights(21, 2, 3), activation: 'gelu' as const },
  { x: halves(6, 2, 3, 2), weights: feedWeights(41, 2, 3), activation: 'relu' as const },
  { x: halves(7, 1, 2, 2, 2), weights: feedWeights(61, 2, 4), activation: 'gelu' as const },
];

const sigmoid = (x: Tensor) => x.map((v) => 1 / (1 + Math.exp(-v)));
const relu = (x: Tensor) => x.map((v) => Math.max(0, v));
const gelu = (x: Tensor) => x.map((v) => (v / 2) * (1 + erf(v / Math.SQRT2)));
const geluTanh = (x: Tensor) =>
  x.map((v) => (v / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))));
/** Φ(z) + z φ(z) */
const geluSlope = (z: Tensor) =>
  z.map((v) => (1 + erf(v / Math.SQRT2)) / 2 + (v * Math.exp((-v * v) / 2)) / Math.sqrt(2 * Math.PI));
const reluSlope = (z: Tensor) => z.greater(0);
const bent = (z: Tensor, activation: Bend) => (activation === 'relu' ? relu(z) : gelu(z));

interface FeedSlips {
  bend?: (z: Tensor, activation: Bend) => Tensor;
  /** What is done with y at the end. */
  end?: (y: Tensor, i: FeedInputs) => Tensor;
  noFirstBias?: boolean;
  noSecondBias?: boolean;
  bendBeforeBias?: boolean;
}
const fed =
  (slips: FeedSlips) =>
  (i: FeedInputs): { y: Tensor } => {
    const { w1, b1, w2, b2 } = i.weights;
    const bend = slips.bend ?? bent;
    const h = slips.bendBeforeBias
      ? bend(linear(i.x, w1), i.activation).add(b1)
      : bend(linear(i.x, w1, slips.noFirstBias ? undefined : b1), i.activation);
    const y = linear(h, w2, slips.noSecondBias ? undefined : b2);
    return { y: slips.end ? slips.end(y, i) : y };
  };

const feedForward = exercise({
  points: 2,
  inputs: feedInputs,
  sizes,
  oracle: valueOf(
    ({ x, weights, activation }: Plain<FeedInputs, 'activation'>) => ({ y: fedForward(x, weights, activation) }),
    { plain: ['activation'] },
  ),
  checks: [
    agrees({ cases: 14 }),
    pure({ cases: 3 }),
    rejects('weights that do not fit each other or x', [
      { x: zeros(2, 2, 3), weights: feedWeights(1, 2, 4), activation: 'relu' },
      { x: zeros(2, 2), weights: { ...feedWeights(1, 2, 4), w2: zeros(2, 3) }, activation: 'gelu' },
      { x: zeros(2, 2), weights: { ...feedWeights(1, 2, 4), b1: zeros(1) }, activation: 'relu' },
      { x: zeros(2, 2), weights: { ...feedWeights(1, 2, 4), b2: zeros(1) }, activation: 'gelu' },
    ]),
  ],
  examples: feedExamples,
  misconceptions: {
    'no activation': {
      wrong: fed({ bend: (z) => z }),
      says: 'Nothing bends in your result: two linear layers in a row are one linear layer.',
    },
    'always ReLU': {
      wrong: fed({ bend: relu }),
      says: 'You bend with ReLU whatever the activation says.',
    },
    'always GELU': {
      wrong: fed({ bend: gelu }),
      says: 'You bend with GELU whatever the activation says.',
    },
    'activations exchanged': {
      wrong: fed({ bend: (z, a) => bent(z, a === 'relu' ? 'gelu' : 'relu') }),
      says: 'You bend with GELU where ReLU is asked for, and the other way round.',
    },
    'GELU by its tanh approximation': {
      wrong: fed({ bend: (z, a) => (a === 'relu' ? relu(z) : geluTanh(z)) }),
      says: 'Your GELU is the approximation with tanh, off in the fourth digit. The exact one is asked for.',
    },
    'GELU by a sigmoid': {
      wrong: fed({ bend: (z, a) => (a === 'relu' ? relu(z) : z.mul(sigmoid(z.mul(1.702)))) }),
      says: 'Your GELU is the approximation z σ(1.702 z). The exact one is asked for.',
    },
    'SiLU for GELU': {
      wrong: fed({ bend: (z, a) => (a === 'relu' ? relu(z) : z.mul(sigmoid(z))) }),
      says: 'Where GELU is asked for you give z σ(z), which is SiLU. They look alike and are not the same.',
    },
    'bent once more at the end': {
      wrong: fed({ end: (y, { activation }) => bent(y, activation) }),
      says: 'Your result has been through an activation. The second layer is plain: what it adds to a token may be negative.',
    },
    'bent before the bias': {
      wrong: fed({ bendBeforeBias: true }),
      says: 'You bend first and add b1 afterwards. The bias decides where the bend is.',
    },
    'first bias left out': {
      wrong: fed({ noFirstBias: true }),
      says: 'b1 changes nothing in your result.',
    },
    'second bias left out': {
      wrong: fed({ noSecondBias: true }),
      says: 'b2 changes nothing in your result.',
    },
    'x added already': {
      wrong: fed({ end: (y, { x }) => y.add(x) }),
      says: 'You have added x to the result. That is the residual connection, and the block’s business, not the layer’s.',
    },
  },
  hints: [
    'Chapter 2’s MLP with one hidden layer, for every token alike.',
    '(…, C) → (…, M) by projectForward, bend, → (…, C) by projectForward.',
    'reluForward or geluForward, as the activation says. Keep both projections’ caches, the bend’s cache and the activation’s name.',
    "const up = projectForward(x, weights.w1, weights.b1); const bent = activation === 'relu' ? reluForward(up.y) : geluForward(up.y); const down = projectForward(bent.y, weights.w2, weights.b2);",
  ],
});

interface FeedBackSlips {
  /** What the gradient of the bent numbers is multiplied by. */
  slope?: (z: Tensor, h: Tensor, activation: Bend, dh: Tensor) => Tensor;
  /** What stands in the gradient of w2 for the bent numbers. */
  second?: (z: Tensor, h: Tensor) => Tensor;
  end?: (dx: Tensor, dy: Tensor) => Tensor;
  weights?: (w: FeedForward, i: Up<FeedInputs>) => FeedForward;
}
const slopeOf = (z: Tensor, activation: Bend) => (activation === 'relu' ? reluSlope(z) : geluSlope(z));
const fedBack =
  (slips: FeedBackSlips) =>
  (i: Up<FeedInputs>): { dx: Tensor; weights: FeedForward } => {
    const { w1, b1, w2 } = i.weights;
    const z = linear(i.x, w1, b1);
    const h = bent(z, i.activation);
    const down = linearBack(i.dy, slips.second ? slips.second(z, h) : h, w2);
    const slope = slips.slope ? slips.slope(z, h, i.activation, down.dx) : slopeOf(z, i.activation);
    const up = linearBack(down.dx.mul(slope), i.x, w1);
    const weights = { w1: up.dw, b1: up.db, w2: down.dw, b2: down.db };
    return {
      dx: slips.end ? slips.end(up.dx, i.dy) : up.dx,
      weights: slips.weights ? slips.weights(weights, i) : weights,
    };
  };

const feedForwardBackward = exercise({
  points: 3,
  inputs: { dy: tensor('B?', 'T', 'C'), ...feedInputs },
  sizes,
  parameters: ['dy'],

  backwardOf: { forward: 'feedForward', takes: feedParameters },
  oracle: gradientOf<Plain<FeedInputs, 'activation'>>((i) => fedForward(i.x, i.weights, i.activation), {
    upstream: 'dy',
    wrt: { dx: 'x', weights: 'weights' },
    plain: ['activation'],
  }),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 12 }), pure({ cases: 2 })],
  examples: feedExamples.map((e, at) => ({ dy: filled(80 + at, ...e.x.shape), ...e })),
  misconceptions: {
    'activation passed over': {
      wrong: fedBack({ slope: (z) => z.map(() => 1) }),
      says: 'Your gradient goes through the bend as if it were straight.',
    },
    'always ReLU’s slope': {
      wrong: fedBack({ slope: (z) => reluSlope(z) }),
      says: 'You go back through ReLU whatever bent on the way there. The cache remembers which it was.',
    },
    'always GELU’s slope': {
      wrong: fedBack({ slope: (z) => geluSlope(z) }),
      says: 'You go back through GELU whatever bent on the way there. The cache remembers which it was.',
    },
    'GELU’s slope without its second term': {
      wrong: fedBack({
        slope: (z, _, a) => (a === 'relu' ? reluSlope(z) : z.map((v) => (1 + erf(v / Math.SQRT2)) / 2)),
      }),
      says: 'For GELU you multiply by Φ(z). But z Φ(z) is a product: when z moves, Φ(z) moves too.',
    },
    'slope at what came out': {
      wrong: fedBack({ slope: (_z, h, a) => slopeOf(h, a) }),
      says: 'You take the slope at h, which has been bent already. It belongs to what went INTO the bend.',
    },
    'bent again instead of sloped': {
      wrong: fedBack({ slope: (_z, h) => h }),
      says: 'You multiply the gradient by h, the bend’s output. Its slope is asked for.',
    },
    'cut by the gradient’s sign': {
      wrong: fedBack({ slope: (z, _h, a, dh) => (a === 'relu' ? dh.greater(0) : geluSlope(z)) }),
      says: 'Your ReLU lets positive gradients through. Whether a unit is open was decided by what went into it.',
    },
    'second matrix with what was not yet bent': {
      wrong: fedBack({ second: (z) => z }),
      says: 'The gradient of w2 is taken with the numbers before the bend. w2 met them after it.',
    },
    'averaged over the tokens': {
      wrong: fedBack({
        weights: (w, { dy }) => {
          const N = tokens(dy).shape[0]!;
          return { w1: w.w1.div(N), b1: w.b1.div(N), w2: w.w2.div(N), b2: w.b2.div(N) };
        },
      }),
      says: 'The weights’ gradients are divided by the number of tokens. If the loss is a mean, dy knows it already.',
    },
    'biases’ gradients not summed': {
      wrong: fedBack({
        weights: (w, i) => ({ ...w, b2: i.dy }),
      }),
      says: 'The gradient of b2 still has a row for each token. One b2 was added to all of them.',
    },
    'dy added already': {
      wrong: fedBack({ end: (dx, dy) => dx.add(dy) }),
      says: 'You have added dy to dx. That is the way past the layer, the residual’s, and the block’s business.',
    },
  },
  hints: [
    'Three steps there, three steps back, in reverse.',
    'dy (…, C) → projectBackward → (…, M) → back through the bend → projectBackward → dx (…, C).',
    'Each projectBackward gives dw and db of its own layer: the second layer’s are w2 and b2.',
    'const down = projectBackward(dy, cache.down); then reluBackward or geluBackward of down.dx; then projectBackward of that with cache.up',
  ],
});

// SwiGLU

type GatedInputs = { x: Tensor; weights: Swiglu };

const gatedInputs = {
  x: tensor('B?', 'T', 'C'),
  weights: record({ wGate: tensor('M', 'C', small), wUp: tensor('M', 'C', small), wDown: tensor('C', 'M', small) }),
};
const gatedExample = (seed: number, C: number, M: number, ...front: number[]) => ({
  x: halves(seed, ...front, C),
  weights: { wGate: filled(seed + 1, M, C), wUp: filled(seed + 2, M, C), wDown: filled(seed + 3, C, M) },
});
const gatedExamples = [gatedExample(5, 2, 3, 2, 3), gatedExample(23, 2, 2, 2, 2), gatedExample(43, 2, 2, 3)];

const silu = (x: Tensor) => x.mul(sigmoid(x));

const gated =
  (hidden: (gate: Tensor, up: Tensor) => Tensor, end: (y: Tensor, x: Tensor) => Tensor = (y) => y) =>
  ({ x, weights }: GatedInputs) => {
    const h = hidden(linear(x, weights.wGate), linear(x, weights.wUp));
    return { y: end(linear(h, weights.wDown), x) };
  };

const swigluForward = exercise({
  points: 2,
  inputs: gatedInputs,
  sizes,
  oracle: valueOf(({ x, weights }: Lifted<GatedInputs>) => ({ y: swiglued(x, weights) })),
  checks: [
    agrees({ cases: 14 }),
    pure({ cases: 3 }),
    rejects('weights that do not fit each other or x', [
      { x: zeros(2, 2, 3), weights: { wGate: zeros(4, 2), wUp: zeros(4, 2), wDown: zeros(2, 4) } },
      { x: zeros(2, 2), weights: { wGate: zeros(1, 2), wUp: zeros(4, 2), wDown: zeros(2, 4) } },
      { x: zeros(2, 2), weights: { wGate: zeros(4, 2), wUp: zeros(1, 2), wDown: zeros(2, 4) } },
      { x: zeros(2, 2), weights: { wGate: zeros(4, 2), wUp: zeros(4, 2), wDown: zeros(2, 3) } },
    ]),
  ],
  examples: gatedExamples,
  misconceptions: {
    'gate never used': {
      wrong: gated((_, up) => silu(up).mul(up)),
      says: 'wGate changes nothing in your result: both views of the token are made with wUp.',
    },
    'up never used': {
      wrong: gated((gate) => silu(gate).mul(gate)),
      says: 'wUp changes nothing in your result: both views of the token are made with wGate.',
    },
    'gate and up exchanged': {
      wrong: gated((gate, up) => gate.mul(silu(up))),
      says: 'You bend x wUpᵀ and leave x wGateᵀ straight. The gate is the one that is bent.',
    },
    'sigmoid for SiLU': {
      wrong: gated((gate, up) => sigmoid(gate).mul(up)),
      says: 'Your gate is σ(z): that is the older GLU. SiLU is z σ(z).',
    },
    'GELU for SiLU': {
      wrong: gated((gate, up) => gelu(gate).mul(up)),
      says: 'Your gate is bent by GELU: that variant is called GEGLU. Here it is SiLU.',
    },
    'ReLU for SiLU': {
      wrong: gated((gate, up) => relu(gate).mul(up)),
      says: 'Your gate is bent by ReLU: that variant is called ReGLU. Here it is SiLU.',
    },
    'bent after the product': {
      wrong: gated((gate, up) => silu(gate.mul(up))),
      says: 'You multiply first and bend the product. The gate alone is bent.',
    },
    'both bent': {
      wrong: gated((gate, up) => silu(gate).mul(silu(up))),
      says: 'Both halves are bent in your result. What is let through stays straight; only the gate is bent.',
    },
    'added instead of multiplied': {
      wrong: gated((gate, up) => silu(gate).add(up)),
      says: 'You add the gate. A gate multiplies: 0 lets nothing through.',
    },
    'nothing let through': {
      wrong: gated((gate) => silu(gate)),
      says: 'wUp changes nothing in your result: you send the gate itself down.',
    },
    'gate not bent': {
      wrong: gated((gate, up) => gate.mul(up)),
      says: 'Your gate is a plain linear layer. A bend belongs on it.',
    },
    'x added already': {
      wrong: gated((gate, up) => silu(gate).mul(up), (y, x) => y.add(x)), // prettier-ignore
      says: 'You have added x to the result. That is the residual connection, and the block’s business, not the layer’s.',
    },
  },
  hints: [
    'Two views of the same token meet in a product. Only one of them is bent.',
    'gate and up are both (…, M); their product too, and wDown brings it back to (…, C).',
    'gate = siluForward(x wGateᵀ), up = x wUpᵀ, y = (gate ⊙ up) wDownᵀ. x.matmul works with any number of axes in front.',
    'const { y: gate, cache: silu } = siluForward(x.matmul(weights.wGate.T)); gate.mul(up).matmul(weights.wDown.T)',
  ],
});

interface GatedPieces {
  dy: Tensor;
  x: Tensor;
  w: Swiglu;
  /** x wGateᵀ, before the bend */
  z: Tensor;
  gate: Tensor;
  up: Tensor;
  dh: Tensor;
}
/** σ + z σ (1 − σ) */
const siluSlope = (z: Tensor) => {
  const s = sigmoid(z);
  return s.add(z.mul(s).mul(s.neg().add(1)));
};
interface GatedBack {
  dgate: Tensor;
  dup: Tensor;
  /** What wDown met. */
  met: Tensor;
  dx?: (parts: { gate: Tensor; up: Tensor }) => Tensor;
  weights?: (w: Swiglu) => Swiglu;
}
const gatedBack =
  (slip: (p: GatedPieces) => Partial<GatedBack>) =>
  ({ dy, x, weights: w }: Up<GatedInputs>): { dx: Tensor; weights: Swiglu } => {
    const z = linear(x, w.wGate);
    const [gate, up, dh] = [silu(z), linear(x, w.wUp), dy.matmul(w.wDown)];
    const { dgate, dup, met, dx, weights }: GatedBack = {
      dgate: dh.mul(up).mul(siluSlope(z)),
      dup: dh.mul(gate),
      met: gate.mul(up),
      ...slip({ dy, x, w, z, gate, up, dh }),
    };
    const [fromGate, fromUp] = [linearBack(dgate, x, w.wGate), linearBack(dup, x, w.wUp)];
    const all = { wGate: fromGate.dw, wUp: fromUp.dw, wDown: linearBack(dy, met, w.wDown).dw };
    return {
      dx: dx ? dx({ gate: fromGate.dx, up: fromUp.dx }) : fromGate.dx.add(fromUp.dx),
      weights: weights ? weights(all) : all,
    };
  };

const swigluBackward = exercise({
  points: 4,
  inputs: { dy: tensor('B?', 'T', 'C'), ...gatedInputs },
  sizes,
  parameters: ['dy'],
  backwardOf: { forward: 'swigluForward', takes: ['x', 'weights'] },
  oracle: smooth(
    gradientOf<Lifted<GatedInputs>>(({ x, weights }) => swiglued(x, weights), {
      upstream: 'dy',
      wrt: { dx: 'x', weights: 'weights' },
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 12 }), pure({ cases: 2 })],
  examples: gatedExamples.map((e, at) => ({ dy: filled(90 + at, ...e.x.shape), ...e })),
  misconceptions: {
    'SiLU passed over': {
      wrong: gatedBack(({ dh, up }) => ({ dgate: dh.mul(up) })),
      says: 'The gate’s gradient goes to wGate as it is. Between the two there is a SiLU.',
    },
    'SiLU’s slope taken for a sigmoid': {
      wrong: gatedBack(({ dh, up, z }) => ({ dgate: dh.mul(up).mul(sigmoid(z)) })),
      says: 'You go back through SiLU with σ(z). But z σ(z) is a product: when z moves, σ(z) moves too.',
    },
    'SiLU’s slope taken for a sigmoid’s slope': {
      wrong: gatedBack(({ dh, up, z }) => ({ dgate: dh.mul(up).mul(sigmoid(z)).mul(sigmoid(z).neg().add(1)) })),
      says: 'You go back through SiLU with σ(1 − σ), the slope of a sigmoid. SiLU is z times a sigmoid.',
    },
    'SiLU’s slope at what came out': {
      wrong: gatedBack(({ dh, up, gate }) => ({ dgate: dh.mul(up).mul(siluSlope(gate)) })),
      says: 'You take SiLU’s slope at the gate, which has been bent already. It belongs to what went INTO SiLU.',
    },
    'gate taken as a constant': {
      wrong: gatedBack(({ dh }) => ({ dgate: dh.mul(0) })),
      says: 'wGate gets no gradient, so the gate could never learn what to let through.',
    },
    'gate left out of dx': {
      wrong: gatedBack(() => ({ dx: ({ up }) => up })),
      says: 'Your dx is the way through wUp alone. The gate saw x too.',
    },
    'up left out of dx': {
      wrong: gatedBack(() => ({ dx: ({ gate }) => gate })),
      says: 'Your dx is the way through the gate alone. wUp saw x too.',
    },
    'factors not exchanged': {
      wrong: gatedBack(({ dh, z, gate, up }) => ({ dgate: dh.mul(gate).mul(siluSlope(z)), dup: dh.mul(up) })),
      says: 'In a product each factor gets the gradient times the OTHER factor. Yours get themselves.',
    },
    'up not gated on the way back': {
      wrong: gatedBack(({ dh }) => ({ dup: dh })),
      says: 'The gradient reaches wUp in full. What a gate held back on the way there, it holds back here.',
    },
    'up gated by what was not yet bent': {
      wrong: gatedBack(({ dh, z }) => ({ dup: dh.mul(z) })),
      says: 'You multiply by x wGateᵀ on the way to wUp. What multiplied it was the gate, after SiLU.',
    },
    'gradients of the two matrices exchanged': {
      wrong: gatedBack(() => ({ weights: (w) => ({ ...w, wGate: w.wUp, wUp: w.wGate }) })),
      says: 'The gradients of wGate and wUp have changed places.',
    },
    'wDown’s gradient with the gate alone': {
      wrong: gatedBack(({ gate }) => ({ met: gate })),
      says: 'The gradient of wDown is taken with the gate. What wDown multiplied was gate ⊙ up.',
    },
    'wDown’s gradient with up alone': {
      wrong: gatedBack(({ up }) => ({ met: up })),
      says: 'The gradient of wDown is taken with up. What wDown multiplied was gate ⊙ up.',
    },
    'averaged over the tokens': {
      wrong: gatedBack(({ dy }) => ({
        weights: (w) => {
          const N = tokens(dy).shape[0]!;
          return { wGate: w.wGate.div(N), wUp: w.wUp.div(N), wDown: w.wDown.div(N) };
        },
      })),
      says: 'The weights’ gradients are divided by the number of tokens. If the loss is a mean, dy knows it already.',
    },
  },
  hints: [
    'A product of two things that both came from x. Walk back to the product first; then x is reached by two ways.',
    'dh (…, M) from dy and wDown. For a weight’s gradient take the tokens as one list: (N, M)ᵀ (N, C) is (M, C).',
    'dup = dh ⊙ gate, dgate = siluBackward(dh ⊙ up). dx is the sum of what both matrices send back.',
    'const flat = (t: Tensor) => t.reshape(-1, t.shape[t.rank - 1]); wUp: flat(dup).T.matmul(flat(x)); dx = dup.matmul(wUp).add(dgate.matmul(wGate))',
  ],
});

export const feedForwardTopic = topic('feed-forward', 'Feed-forward: each token by itself', {
  feedForward,
  feedForwardBackward,
  swigluForward,
  swigluBackward,
});
