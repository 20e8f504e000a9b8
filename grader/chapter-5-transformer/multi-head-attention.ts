/** Exercises of attention with several heads: projecting, dealing out, attending side by side, and sharing keys and values. */
import { ones, tensor as asTensor, zeros, type Tensor } from '#tensor';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  integer,
  pure,
  range,
  record,
  rejects,
  sizeOf,
  tensor,
  topic,
  valueOf,
  type Lifted,
} from '../engine/index.ts';
import { smooth } from './definitions.ts';
import {
  collect,
  filled,
  groups,
  headsLike,
  linear,
  linearBack,
  manyHeads,
  manyHeadsBack,
  mask,
  multiHead,
  pickHeads,
  projected,
  splitInto,
  tokens,
  type HeadBackSlips,
  type HeadSlips,
  type MultiHead,
} from './definitions-blocks.ts';

const small = { min: -1, max: 1 };

// One linear layer on every token

interface ProjectInputs {
  x: Tensor;
  w: Tensor;
  b: Tensor;
}
const projectInputs = { x: tensor('B?', 'T', 'in'), w: tensor('out', 'in'), b: tensor('out', { nonzero: true }) };
const projectSizes = { B: [0, 3], T: [1, 4], in: [1, 3], out: [1, 4] } as const;
const projectExamples = [
  { x: filled(3, 2, 3, 2), w: filled(4, 2, 2), b: filled(5, 2) },
  { x: filled(6, 2, 2, 2, 3), w: filled(7, 2, 3), b: filled(8, 2) },
];

const projectForward = exercise({
  points: 1,
  inputs: projectInputs,
  sizes: projectSizes,
  oracle: valueOf(({ x, w, b }: Lifted<ProjectInputs>) => ({ y: projected(x, w, b) })),
  checks: [
    agrees({ cases: 14 }),
    pure({ cases: 3 }),
    rejects('a w or a b that does not fit', [
      { x: zeros(2, 2, 3), w: zeros(4, 2), b: zeros(4) },
      { x: zeros(2, 2, 3), w: zeros(4, 3), b: zeros(1) },
      // Six numbers would make three tokens of width 2, or two of width 3.
      { x: zeros(1, 3, 2), w: zeros(4, 3), b: zeros(4) },
    ]),
  ],
  examples: projectExamples,
  misconceptions: {
    'w not transposed': {
      wrong: ({ x, w, b }) => ({ y: linear(x, w.T, b) }),
      says: 'You multiply with w itself. Like all weights of this course it is (out, in).',
    },
    'bias left out': {
      wrong: ({ x, w }) => ({ y: linear(x, w) }),
      says: 'b changes nothing in your result.',
    },
    'left as one list': {
      wrong: ({ x, w, b }) => ({ y: linear(tokens(x), w, b) }),
      says: 'Your result is one long list of tokens. Give it back the axes in front that x had.',
    },
    'put back into the shape of x': {
      wrong: ({ x, w, b }) => ({ y: linear(tokens(x), w, b).reshape(...x.shape) }),
      says: 'You give the result the shape of x. Its last axis is out now, not in.',
    },
    'axes in front exchanged': {
      wrong: ({ x, w, b }) => {
        const y = linear(x, w, b);
        return { y: y.rank === 3 ? y.reshape(y.shape[1]!, y.shape[0]!, y.shape[2]!) : y };
      },
      says: 'Batch and time have changed places in the shape of your result, and the tokens with them.',
    },
    'first sequence only': {
      wrong: ({ x, w, b }) => ({ y: linear(x.rank === 3 ? x.row(0) : x, w, b) }),
      says: 'Your result holds the first sequence of the batch only.',
    },
  },
  hints: [
    'A linear layer does not care to which sequence a token belongs. What would chapter 2’s layer need to be given?',
    'x.reshape(-1, in) is a list of all tokens, (N, in); linearForward makes (N, out) of it.',
    'The result goes back into the shape of x with out in place of in: […x.shape without its last, out].',
    'const { y, cache: linear } = linearForward(x.reshape(-1, x.shape[x.rank - 1]), w, b); y.reshape(...x.shape.slice(0, -1), w.shape[0])',
  ],
});

type Up<I> = I & { dy: Tensor };

const slippedProject =
  (change: (i: Up<ProjectInputs>, right: ReturnType<typeof linearBack>) => Partial<ReturnType<typeof linearBack>>) =>
  (i: Up<ProjectInputs>) => {
    const right = linearBack(i.dy, i.x, i.w);
    return { ...right, ...change(i, right) };
  };
/** dyᵀ x of each sequence by itself. */
const perSequence = ({ dy, x }: Up<ProjectInputs>) =>
  dy.rank === 2 ? dy.T.matmul(x) : dy.transpose(...range(dy.rank - 2, (k) => k), dy.rank - 1, dy.rank - 2).matmul(x);

const projectBackward = exercise({
  points: 2,
  inputs: { dy: tensor('B?', 'T', 'out'), ...projectInputs },
  sizes: projectSizes,
  parameters: ['dy'],
  backwardOf: { forward: 'projectForward', takes: ['x', 'w', 'b'] },
  oracle: smooth(
    gradientOf<Lifted<ProjectInputs>>(({ x, w, b }) => projected(x, w, b), {
      upstream: 'dy',
      wrt: { dx: 'x', dw: 'w', db: 'b' },
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 14 }), pure({ cases: 3 })],
  examples: projectExamples.map((e) => ({ dy: filled(9, ...e.x.shape.slice(0, -1), 2), ...e })),
  misconceptions: {
    'weights’ gradient for each sequence': {
      wrong: slippedProject((i) => ({ dw: perSequence(i) })),
      says: 'Your dw has one matrix for each sequence. All sequences used the same w: add up what they say.',
    },
    'weights’ gradient of the last sequence': {
      wrong: slippedProject((i) => ({ dw: i.dy.rank === 3 ? perSequence(i).row(-1) : perSequence(i) })),
      says: 'Your dw comes from the last sequence alone. Every sequence used w.',
    },
    'averaged over the tokens': {
      wrong: slippedProject(({ dy }, { dw, db }) => ({ dw: dw.div(tokens(dy).shape[0]!), db: db.div(tokens(dy).shape[0]!) })), // prettier-ignore
      says: 'Your dw and db are divided by the number of tokens. If the loss is a mean, dy knows it already.',
    },
    'averaged over the first axis': {
      wrong: slippedProject(({ dy }, { dw, db }) => ({ dw: dw.div(dy.shape[0]!), db: db.div(dy.shape[0]!) })),
      says: 'Your dw and db are divided by the length of the first axis. If the loss is a mean, dy knows it already.',
    },
    'bias’s gradient not summed': {
      wrong: slippedProject(({ dy }) => ({ db: dy })),
      says: 'Your db has a row for each token. One b was added to all of them.',
    },
    'bias’s gradient summed over the batch only': {
      wrong: slippedProject(({ dy }) => ({ db: dy.sum(0) })),
      says: 'Your db is summed over the first axis only. With (B, T, out) there are two axes of tokens.',
    },
    'dw transposed': {
      wrong: slippedProject((_, { dw }) => ({ dw: dw.T })),
      says: 'Your dw is (in, out). A gradient has the shape of its variable: w is (out, in).',
    },
    'dx left as one list': {
      wrong: slippedProject((_, { dx }) => ({ dx: tokens(dx) })),
      says: 'Your dx is one long list of tokens. It belongs into the shape of x, which the cache remembers.',
    },
    'dx not multiplied by the weights': {
      wrong: slippedProject(({ dy }) => ({ dx: dy })),
      says: 'Your dx is dy. Every feature of x went through a column of w on its way.',
    },
  },
  hints: [
    'The same trick on the way back: one long list of tokens, chapter 2’s layer, and back into shape.',
    'dy (…, out) as a list is (N, out). linearBackward sums dw and db over all N tokens by itself.',
    'Only dx has axes in front to get back: cache.shape.',
    'const { dx, dw, db } = linearBackward(dy.reshape(-1, dy.shape[dy.rank - 1]), cache.linear); dx.reshape(...cache.shape)',
  ],
});

// Dealing out the columns, and gathering them

/** By index, an entry at a time. */
const filledBy = (shape: number[], at: (...index: number[]) => number): Tensor => {
  const counts = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return zeros(...shape).map((_, flat) => at(...counts.map((n, axis) => Math.floor(flat / n) % shape[axis]!)));
};
type Four = [number, number, number, number];

const splitHeads = exercise({
  points: 2,
  inputs: { heads: sizeOf('h'), x: tensor('B', 'T', 'h*d') },
  sizes: { h: [1, 4], d: [1, 3], B: [1, 3], T: [1, 4] },
  parameters: ['x', 'heads'],
  oracle: ({ x, heads }) => {
    const [B, T, C] = x.shape as [number, number, number];
    const d = C / heads;
    return filledBy([B, heads, T, d], (b, n, t, i) => x.at(b!, t!, n! * d + i!));
  },
  checks: [
    agrees({ exact: true, cases: 20 }),
    pure({ cases: 3 }),
    rejects('a number of heads that does not divide C', [
      { x: zeros(2, 3, 4), heads: 3 },
      { x: zeros(2, 3, 4), heads: 8 },
      { x: zeros(2, 3, 4), heads: 0 },
      { x: zeros(2, 3, 3), heads: 1.5 },
    ]),
  ],
  examples: [
    { x: filled(2, 2, 3, 4), heads: 2 },
    { x: filled(3, 2, 2, 6), heads: 3 },
    { x: filled(4, 1, 3, 6), heads: 2 },
  ],
  misconceptions: {
    'reshaped without a transpose': {
      wrong: ({ x, heads }) => x.reshape(x.shape[0]!, heads, x.shape[1]!, x.shape[2]! / heads),
      says: 'The shape is right, and the numbers are not where they belong: your heads got pieces of different tokens. reshape never moves a number; which axis has to move past which?',
    },
    'axes not exchanged': {
      wrong: ({ x, heads }) => x.reshape(x.shape[0]!, x.shape[1]!, heads, x.shape[2]! / heads),
      says: 'Your result is (B, T, h, C/h): cut, but not yet moved. Each head should have the whole sequence together.',
    },
    'columns dealt like cards': {
      wrong: ({ x, heads }) => x.reshape(x.shape[0]!, x.shape[1]!, x.shape[2]! / heads, heads).transpose(0, 3, 1, 2),
      says: 'You deal the columns one by one: column 0 to head 0, column 1 to head 1. Each head gets C/h neighbouring columns.',
    },
    'heads in front of the batch': {
      wrong: ({ x, heads }) => splitInto(x, heads).transpose(1, 0, 2, 3),
      says: 'Your first axis counts heads. The batch stays in front, so that masks and everything else find it there.',
    },
    'h taken for the width of a head': {
      wrong: ({ x, heads }) => splitInto(x, x.shape[2]! / heads),
      says: 'You make C/h heads of width h. There are h heads, of width C/h.',
    },
    'heads and batch in one axis': {
      wrong: ({ x, heads }) => {
        const [B, h, T, d] = splitInto(x, heads).shape as Four;
        return splitInto(x, heads).reshape(B * h, T, d);
      },
      says: 'You merged batch and heads into one axis. Some libraries do; here they stay apart, (B, h, T, C/h).',
    },
    'each head transposed': {
      wrong: ({ x, heads }) => splitInto(x, heads).transpose(0, 1, 3, 2),
      says: 'Your heads are (C/h, T), with the tokens in the columns. A token is a row.',
    },
  },
  hints: [
    'Cut each token into h pieces. Then all first pieces belong together, all second pieces, and so on.',
    '(B, T, C) → (B, T, h, C/h) by reshape. And which exchange of axes makes (B, h, T, C/h) of that?',
    'Reshape keeps every number where it is, so it can cut; only transpose can move an axis. Check h before.',
    'x.reshape(B, T, heads, C / heads).transpose(0, 2, 1, 3)',
  ],
});

const mergeHeads = exercise({
  points: 1,
  inputs: { x: tensor('B', 'h', 'T', 'd') },
  sizes: { h: [1, 4], d: [1, 3], B: [1, 3], T: [1, 4] },
  oracle: ({ x }) => {
    const [B, h, T, d] = x.shape as Four;
    return filledBy([B, T, h * d], (b, t, c) => x.at(b!, Math.floor(c! / d), t!, c! % d));
  },
  checks: [agrees({ exact: true, cases: 20 }), pure({ cases: 3 })],
  examples: [{ x: filled(2, 2, 2, 3, 2) }, { x: filled(3, 2, 3, 2, 2) }],
  misconceptions: {
    'reshaped without a transpose': {
      wrong: ({ x }) => x.reshape(x.shape[0]!, x.shape[2]!, x.shape[1]! * x.shape[3]!),
      says: 'The shape is right, and the numbers are not where they belong: your tokens are pieces of different tokens of one head. The heads’ axis has to move back first.',
    },
    'columns interleaved': {
      wrong: ({ x }) => x.transpose(0, 2, 3, 1).reshape(x.shape[0]!, x.shape[2]!, x.shape[1]! * x.shape[3]!),
      says: 'Your columns alternate between the heads. First all columns of head 0, then all of head 1.',
    },
    'heads added up': {
      wrong: ({ x }) => x.sum(1),
      says: 'You add the heads up. They are put side by side; the mixing is wO’s.',
    },
    'heads averaged': {
      wrong: ({ x }) => x.mean(1),
      says: 'You average the heads. They are put side by side; the mixing is wO’s.',
    },
    'heads one after the other in time': {
      wrong: ({ x }) => x.reshape(x.shape[0]!, x.shape[1]! * x.shape[2]!, x.shape[3]!),
      says: 'Your sequence has become h times as long. Each token should get the columns of all heads.',
    },
    'time and heads confused': {
      wrong: ({ x }) => x.reshape(x.shape[0]!, x.shape[1]!, x.shape[2]! * x.shape[3]!),
      says: 'You merge the axes 2 and 3, which are time and a head’s columns. The axes of x are (B, h, T, d), in this order.',
    },
    'axes exchanged, not merged': {
      wrong: ({ x }) => x.transpose(0, 2, 1, 3),
      says: 'Your result is (B, T, h, d): each token has its heads together. One step is missing.',
    },
  },
  hints: [
    'splitHeads did two things. Undo the second first.',
    '(B, h, T, d) → (B, T, h, d) → (B, T, h · d).',
    'transpose(0, 2, 1, 3) undoes itself; then a reshape.',
    'x.transpose(0, 2, 1, 3).reshape(B, T, h * d)',
  ],
});

// Multi-head attention

type HeadInputs = {
  x: Tensor;
  memory: Tensor;
  mask: Tensor;
  weights: MultiHead;
  heads: number;
};
type Plain<I, K extends keyof I> = Omit<Lifted<I>, K> & Pick<I, K>;

const weightsOf = (C: string, K = C) =>
  record({
    wQ: tensor(C, C, small),
    bQ: tensor(C, small),
    wK: tensor(K, C, small),
    bK: tensor(K, small),
    wV: tensor(K, C, small),
    bV: tensor(K, small),
    wO: tensor(C, C, small),
    bO: tensor(C, small),
  });
const headInputs = {
  heads: sizeOf('h'),
  x: tensor('B', 'T', 'h*d', small),
  memory: tensor('B', 'S', 'h*d', small),
  mask,
  weights: weightsOf('h*d'),
};
const headSizes = { h: [1, 3], d: [1, 2], B: [1, 2], T: [1, 3], S: [1, 3] } as const;
const headParameters = ['x', 'memory', 'mask', 'weights', 'heads'];

const some = {
  perSequence: asTensor([[[1, 1, 0]], [[1, 0, 0]]]),
  causal: asTensor([
    [1, 0, 0],
    [1, 1, 0],
    [1, 1, 1],
  ]),
  perQuery: asTensor([
    [
      [1, 0, 0],
      [1, 1, 0],
    ],
    [
      [0, 0, 0],
      [0, 1, 1],
    ],
  ]),
};
const headExample = (seed: number, mask: Tensor) => ({
  x: filled(seed, 2, 2, 4),
  memory: filled(seed + 1, 2, 3, 4),
  mask,
  weights: headsLike(seed + 2, 4),
  heads: 2,
});
const headExamples = [
  headExample(11, some.perSequence),
  headExample(37, some.perQuery),
  { ...headExample(53, some.causal), x: filled(5, 2, 3, 4) },
];

const slippedHeads = (slips: HeadSlips) => (i: HeadInputs) => {
  const { y, attention } = manyHeads(i, slips);
  return { y, attention };
};

const misfit = (change: Partial<HeadInputs>) => ({ ...headExample(11, ones(1, 1)), ...change });

const multiHeadForward = exercise({
  points: 3,
  inputs: headInputs,
  sizes: headSizes,
  parameters: headParameters,
  uses: ['projectForward', 'splitHeads', 'mergeHeads'],
  oracle: valueOf((i: Plain<HeadInputs, 'mask' | 'heads'>) => multiHead(i.x, i.memory, i.mask, i.weights, i.heads), {
    plain: ['mask', 'heads'],
  }),
  checks: [
    agrees({ cases: 8 }),
    pure({ cases: 2 }),
    rejects(
      'heads that do not divide C, or shapes that do not fit',
      [
        misfit({ heads: 3 }),
        misfit({ memory: zeros(2, 3, 6) }),
        misfit({ mask: ones(3, 3) }),
        misfit({ mask: ones(2, 2, 2) }),
        misfit({ weights: headsLike(3, 6) }),
      ],
      { worth: 1 },
    ),
  ],
  examples: headExamples,
  misconceptions: {
    'values from x': {
      wrong: slippedHeads({ fromX: 'values' }),
      says: 'Your values are made of x, and your keys of the memory. What is to be had lies where it is found: both come from the memory.',
    },
    'heads split by reshape': {
      wrong: slippedHeads({ splitByReshape: true }),
      says: 'Your heads are cut from (B, T, C) by reshape alone, so each gets pieces of different tokens. The heads’ axis has to move.',
    },
    'heads merged by reshape': {
      wrong: slippedHeads({ mergeByReshape: true }),
      says: 'Your heads attend rightly and are put together by reshape alone, so the tokens are mixed up. The heads’ axis has to move back first.',
    },
    'columns dealt like cards': {
      wrong: slippedHeads({ interleaved: true }),
      says: 'Head n gets every h-th column. With the weights given here, each head owns C/h neighbouring ones.',
    },
    'one wide head': {
      wrong: slippedHeads({ oneHead: true }),
      says: 'The number of heads changes nothing in your result: one attention over the full width.',
    },
    'one projection for all three': {
      wrong: slippedHeads({ sharedProjection: true }),
      says: 'Your keys and values are made with wQ. Asking, being found and giving are three roles, with three matrices.',
    },
    'keys’ and values’ weights exchanged': {
      wrong: slippedHeads({ exchangedProjections: true }),
      says: 'You project the keys with wV and the values with wK.',
    },
    'values projected like keys': {
      wrong: slippedHeads({ valuesLikeKeys: 'both' }),
      says: 'Your values are made with wK and bK. What a token is found by need not be what it gives: values have wV and bV.',
    },
    'keys’ matrix for the values': {
      wrong: slippedHeads({ valuesLikeKeys: 'matrix' }),
      says: 'Your values are made with wK. What a token is found by need not be what it gives: values have wV.',
    },
    'keys from x': {
      wrong: slippedHeads({ fromX: 'keys' }),
      says: 'Your keys are made of x, and your values of the memory. Whoever is to be found is in the memory: both come from there.',
    },
    'memory never read': {
      wrong: slippedHeads({ fromX: 'both' }),
      says: 'Keys and values are made of x, and the memory changes nothing. That is self-attention; here x may look at another sequence.',
    },
    'x and memory exchanged': {
      wrong: slippedHeads({ rolesExchanged: true }),
      says: 'Your queries come from the memory, and keys and values from x. It is x that asks: there is one result for each token of x.',
    },
    'x added': {
      wrong: slippedHeads({ residual: true }),
      says: 'You add x to the result. That is the block’s to do, around this layer; done in both places it would be added twice.',
    },
    'output projection missing': {
      wrong: slippedHeads({ noOutput: true }),
      says: 'You return the heads side by side. wO, which mixes them, is still to come.',
    },
    'weights not transposed': {
      wrong: slippedHeads({ notTransposed: true }),
      says: 'You multiply with the matrices themselves. They are (out, in); being square, they do not complain.',
    },
    'biases left out': {
      wrong: slippedHeads({ noBias: true }),
      says: 'The four biases change nothing in your result.',
    },
    'scores not scaled': {
      wrong: slippedHeads({ noScale: true }),
      says: 'Your scores are not divided by anything.',
    },
    'scaled by the width of the model': {
      wrong: slippedHeads({ scaleByModel: true }),
      says: 'Your scores are divided by √C. A dot product in one head is a sum of C/h terms.',
    },
    'scaled without the root': {
      wrong: slippedHeads({ scaleByWidth: true }),
      says: 'Your scores are divided by the width of a head. It is the root of the width by which dot products grow.',
    },
    'mask ignored': {
      wrong: slippedHeads({ noMask: true }),
      says: 'The mask changes nothing in your result.',
    },
    'mask the wrong way round': {
      wrong: slippedHeads({ maskInverted: true }),
      says: 'You hide what may be seen and show what may not. A 1 means: may attend.',
    },
    'score 0 for what is hidden': {
      wrong: slippedHeads({ zeroScores: true }),
      says: 'What is hidden gets a score of 0 and so a weight like any other: e⁰ is 1. It is the weight that must be 0.',
    },
    'mask without an axis for the heads': {
      wrong: slippedHeads({ maskUnaligned: true }),
      says: 'A mask (B, T, S) is handed on as it is, and meets weights (B, h, T, S): its B stands where the heads are.',
    },
    'the first sequence’s mask for all': {
      wrong: slippedHeads({ firstMask: true }),
      says: 'Every sequence is masked like the first one. A mask with three axes has one for each sequence: where does the heads’ axis belong in it?',
    },
    'weights averaged over the heads': {
      wrong: (i) => {
        const { y, attention } = slippedHeads({})(i);
        return { y, attention: attention.mean(1) };
      },
      says: 'y is right. Your attention is a mean over the heads; keep each head’s own, (B, h, T, S).',
    },
  },
  hints: [
    'Five lines, and you have written a function for each: project three times, split, attend, merge, project.',
    'attentionForward takes any number of axes in front, so (B, h, T, C/h) needs no loop. A mask (B, T, S) needs a heads’ axis of length 1.',
    'A mask of rank 3 becomes (B, 1, T, S) or (B, 1, 1, S); one of rank 2 fits as it is. The result’s attention are the weights of attentionForward.',
    'const q = projectForward(x, weights.wQ, weights.bQ); … attentionForward(splitHeads(q.y, heads), splitHeads(k.y, heads), splitHeads(v.y, heads), mask.rank === 3 ? mask.expandDims(1) : mask)',
  ],
});

const slippedHeadsBack = (slips: HeadBackSlips) => (i: Up<HeadInputs>) => manyHeadsBack(i.dy, manyHeads(i), slips);
const headWrt = { dx: 'x', dmemory: 'memory', weights: 'weights' };
const withUpstream = <I extends HeadInputs>(examples: I[]) =>
  examples.map((e, at) => ({ dy: filled(70 + at, ...e.x.shape), ...e }));

const multiHeadBackward = exercise({
  points: 4,
  inputs: { ...headInputs, dy: tensor('B', 'T', 'h*d') },
  sizes: headSizes,
  parameters: ['dy'],
  uses: ['projectBackward', 'splitHeads', 'mergeHeads'],
  backwardOf: { forward: 'multiHeadForward', takes: headParameters },
  oracle: smooth(
    gradientOf<Plain<HeadInputs, 'mask' | 'heads'>>((i) => multiHead(i.x, i.memory, i.mask, i.weights, i.heads), {
      upstream: { y: 'dy' },
      wrt: headWrt,
      plain: ['mask', 'heads'],
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 8 }), pure({ cases: 2 })],
  examples: withUpstream(headExamples),
  misconceptions: {
    'keys’ and values’ gradients exchanged': {
      wrong: slippedHeadsBack({ keysForValues: true }),
      says: 'What attention’s backward gives for the keys you take for the values’, and the other way round.',
    },
    'queries’ heads merged by reshape': {
      wrong: slippedHeadsBack({ queriesByReshape: true }),
      says: 'The gradient of the queries is put together by reshape alone. mergeHeads is the way back from splitHeads.',
    },
    'memory hears from the keys only': {
      wrong: slippedHeadsBack({ memory: 'keys' }),
      says: 'Your dmemory holds the way through the keys. The values were made of the memory too.',
    },
    'memory hears from the values only': {
      wrong: slippedHeadsBack({ memory: 'values' }),
      says: 'Your dmemory holds the way through the values. The keys were made of the memory too.',
    },
    'memory’s gradient added to dx': {
      wrong: slippedHeadsBack({ memoryInX: true }),
      says: 'Your dx holds all three ways. Only when x is the memory do they belong together, and then it is the caller who adds dx and dmemory.',
    },
    'keys’ and values’ weights under each other’s names': {
      wrong: slippedHeadsBack({ namesExchanged: true }),
      says: 'The gradients of wK and bK stand under wV and bV, and the other way round.',
    },
    'memory’s two gradients averaged': {
      wrong: slippedHeadsBack({ memory: 'mean' }),
      says: 'Your dmemory is the mean of the two ways. What is used twice gets the sum.',
    },
    'heads split by reshape': {
      wrong: slippedHeadsBack({ splitByReshape: true }),
      says: 'On the way back you cut the gradient into heads by reshape alone: each head hears about other tokens.',
    },
    'heads merged by reshape': {
      wrong: slippedHeadsBack({ mergeByReshape: true }),
      says: 'The gradients of queries, keys and values are put together by reshape alone. mergeHeads is the way back from splitHeads.',
    },
    'output projection passed over': {
      wrong: slippedHeadsBack({ skipOutput: true }),
      says: 'You hand dy to the heads as it is. Between them and y there was wO.',
    },
    'keys’ and values’ caches exchanged': {
      wrong: slippedHeadsBack({ otherCache: 'both' }),
      says: 'You send the keys’ gradient back through wV and the values’ through wK: are the caches in the right calls?',
    },
    'keys’ gradient through the values’ cache': {
      wrong: slippedHeadsBack({ otherCache: 'keys' }),
      says: 'The keys’ gradient goes back through wV: is the right cache in that call?',
    },
    'values’ gradient through the keys’ cache': {
      wrong: slippedHeadsBack({ otherCache: 'values' }),
      says: 'The values’ gradient goes back through wK: is the right cache in that call?',
    },
    'gradient of wO with x': {
      wrong: slippedHeadsBack({ outputFromInput: true }),
      says: 'The gradient of wO is taken with x. What did wO multiply on the way there?',
    },
    'softmax passed over': {
      wrong: slippedHeadsBack({ softmaxPassed: true }),
      says: 'The gradient of the weights goes into the scores as it is. Between the two there is a softmax.',
    },
    'looking treated as fixed': {
      wrong: slippedHeadsBack({ weightsConstant: true }),
      says: 'Only the values get a gradient, so the heads could never learn where to look.',
    },
    'scale forgotten on the way back': {
      wrong: slippedHeadsBack({ noScale: true }),
      says: 'Queries and keys get gradients that are too large by the root of a head’s width.',
    },
    'averaged over the batch': {
      wrong: slippedHeadsBack({ averaged: true }),
      says: 'The parameters’ gradients are divided by the number of sequences. If the loss is a mean, dy knows it already.',
    },
    'biases without a gradient': {
      wrong: slippedHeadsBack({ noBiases: true }),
      says: 'Your biases get no gradient. (Only the keys’ bias deserves none: adding the same to all scores of a row changes nothing.)',
    },
  },
  hints: [
    'The forward’s five lines from the last to the first. What is each one’s way back called?',
    'dy (B, T, C) → back through wO → splitHeads (B, h, T, C/h) → attentionBackward → mergeHeads, three times → back through wQ, wK and wV.',
    'The memory went through two projections: its gradient is a sum. The eight gradients of the parameters come out of the four calls of projectBackward.',
    'const o = projectBackward(dy, cache.o); const { dq, dk, dv } = attentionBackward(splitHeads(o.dx, heads), cache.attention); const q = projectBackward(mergeHeads(dq), cache.q); …',
  ],
});

// Sharing keys and values

const timesInput = integer(1, 3);
const repeatSizes = { g: [1, 3], d: [1, 2], B: [1, 2], S: [1, 3] } as const;
const repeatExamples = [
  { x: filled(2, 2, 2, 3, 2), times: 2 },
  { x: filled(3, 1, 3, 2, 1), times: 2 },
  { x: filled(4, 2, 2, 1, 2), times: 3 },
];
const copies = (g: number, times: number) => groups(g * times, g);
const tiled = (g: number, times: number) => range(g * times, (n) => n % g);

const repeatHeads = exercise({
  points: 1,
  inputs: { x: tensor('B', 'g', 'S', 'd'), times: timesInput },
  sizes: repeatSizes,
  oracle: ({ x, times }) => {
    const [B, g, S, d] = x.shape as Four;
    return filledBy([B, g * times, S, d], (b, n, s, i) => x.at(b!, Math.floor(n! / times), s!, i!));
  },
  checks: [agrees({ exact: true, cases: 16 }), pure({ cases: 3 })],
  examples: repeatExamples,
  misconceptions: {
    'the whole sequence repeated': {
      wrong: ({ x, times }) => x.take(2, tiled(x.shape[2]!, times)),
      says: 'You repeat along the tokens: the sequence has become longer. It is the heads’ axis, axis 1, that grows.',
    },
    'one copy too many': {
      wrong: ({ x, times }) => pickHeads(x, copies(x.shape[1]!, times + 1)),
      says: 'Every head stands there once more than it should: `times` counts the original too.',
    },
    'the whole row of heads repeated': {
      wrong: ({ x, times }) => pickHeads(x, tiled(x.shape[1]!, times)),
      says: 'You repeat the list of heads: 0, 1, 0, 1. The copies of one head stand side by side: 0, 0, 1, 1.',
    },
    'not repeated': {
      wrong: ({ x }) => x,
      says: 'You return the heads as they came.',
    },
    'first head for all': {
      wrong: ({ x, times }) =>
        pickHeads(
          x,
          range(x.shape[1]! * times, () => 0),
        ),
      says: 'All heads of your result are copies of head 0.',
    },
    'tokens repeated': {
      wrong: ({ x, times }) => x.take(2, copies(x.shape[2]!, times)),
      says: 'You repeat along the tokens: the sequence has become longer. It is the heads’ axis, axis 1, that grows.',
    },
    'tokens repeated into the next head': {
      wrong: ({ x, times }) => {
        const [B, g, S, d] = x.shape as Four;
        return x.take(2, copies(S, times)).reshape(B, g * times, S, d);
      },
      says: 'The shape is right, but it is the tokens that stand there several times: the axis of the copies has to come right behind that of the heads, before time.',
    },
    'columns repeated': {
      wrong: ({ x, times }) => x.take(3, copies(x.shape[3]!, times)),
      says: 'You repeat along the columns of a head. It is the heads’ axis, axis 1, that grows.',
    },
    'sequences repeated': {
      wrong: ({ x, times }) => x.take(0, copies(x.shape[0]!, times)),
      says: 'You repeat along the batch. It is the heads’ axis, axis 1, that grows.',
    },
  },
  hints: [
    'Which head of x does head n of the result come from?',
    'take(1, […]) picks entries of axis 1 by a list of indices, of any length: (B, g, S, d) → (B, g · times, S, d).',
    'The list is floor(n / times) for n = 0 … g · times − 1.',
    'x.take(1, Array.from({ length: g * times }, (_, n) => Math.floor(n / times)))',
  ],
});

interface RepeatBack {
  dy: Tensor;
  times: number;
}
const repeatBackExamples = [
  { dy: filled(12, 2, 4, 3, 2), times: 2 },
  { dy: filled(13, 1, 6, 2, 1), times: 2 },
  { dy: filled(14, 2, 6, 1, 2), times: 3 },
];
const gathered =
  (f: (dy: Tensor, g: number, times: number) => Tensor) =>
  ({ dy, times }: RepeatBack) =>
    f(dy, dy.shape[1]! / times, times);

const repeatHeadsBackward = exercise({
  points: 2,
  inputs: { times: sizeOf('r'), dy: tensor('B', 'g*r', 'S', 'd') },
  sizes: { r: [1, 3], ...repeatSizes },
  parameters: ['dy', 'times'],
  oracle: ({ dy, times }) => {
    const [B, h, S, d] = dy.shape as Four;
    return filledBy([B, h / times, S, d], (b, n, s, i) =>
      range(times, (copy) => dy.at(b!, n! * times + copy, s!, i!)).reduce((a, v) => a + v, 0),
    );
  },
  checks: [agrees({ cases: 16 }), pure({ cases: 3 })],
  examples: repeatBackExamples,
  misconceptions: {
    'the first copy only': {
      wrong: gathered((dy, g, times) =>
        pickHeads(
          dy,
          range(g, (n) => n * times),
        ),
      ),
      says: 'Each head hears from its first copy only. Every copy was used.',
    },
    'the last copy only': {
      wrong: gathered((dy, g, times) =>
        pickHeads(
          dy,
          range(g, (n) => n * times + times - 1),
        ),
      ),
      says: 'Each head hears from its last copy only: are the gradients set where they should be added?',
    },
    'averaged over the copies': {
      wrong: gathered((dy, g, times) => collect(dy, copies(g, times), g).div(times)),
      says: 'You take the mean over the copies. What is used many times gets the sum of the gradients.',
    },
    'other heads’ copies added': {
      wrong: gathered((dy, g, times) => collect(dy, tiled(g, times), g)),
      says: 'You add every g-th head. The copies of one head stand side by side: the first `times` heads are all copies of head 0.',
    },
    'all heads added': {
      wrong: gathered((dy) => dy.sum(1, { keepDims: true })),
      says: 'You add up all heads. Only copies of the same head belong together.',
    },
    'not gathered': {
      wrong: gathered((dy) => dy),
      says: 'You return dy as it came. x has fewer heads: g of them.',
    },
    'summed without their own axis': {
      wrong: gathered((dy, g, times) => {
        const [B, , S, d] = dy.shape as Four;
        return dy.reshape(B, g, times, S, d).sum(1);
      }),
      says: 'You sum over the groups, and the copies remain. Cut the heads’ axis into (g, times): which of the two goes away?',
    },
  },
  hints: [
    'One head was handed out several times. Each user sends a gradient back.',
    'The heads’ axis g · times, cut into two: (B, g, times, S, d).',
    'Sum over the axis of the copies, and (B, g, S, d) is left.',
    'dy.reshape(B, g, times, S, d).sum(2)',
  ],
});

type GroupInputs = HeadInputs & {
  kvHeads: number;
};
const groupInputs = {
  kvHeads: sizeOf('g'),
  heads: sizeOf('g*r'),
  x: tensor('B', 'T', 'g*r*d', small),
  memory: tensor('B', 'S', 'g*r*d', small),
  mask,
  weights: weightsOf('g*r*d', 'g*d'),
};
const groupSizes = { g: [1, 2], r: [1, 2], d: [1, 2], B: [1, 2], T: [1, 3], S: [1, 3] } as const;
const groupParameters = ['x', 'memory', 'mask', 'weights', 'heads', 'kvHeads'];
const groupExample = (seed: number, mask: Tensor, heads: number, kvHeads: number, d: number) => ({
  x: filled(seed, 2, 2, heads * d),
  memory: filled(seed + 1, 2, 3, heads * d),
  mask,
  weights: headsLike(seed + 2, heads * d, kvHeads * d),
  heads,
  kvHeads,
});
const groupExamples = [
  groupExample(11, some.perSequence, 4, 2, 1),
  groupExample(37, some.perQuery, 4, 2, 2),
  groupExample(71, ones(1, 1), 6, 2, 1),
];
const misfitGroup = (change: Partial<GroupInputs>) => ({ ...groupExample(11, ones(1, 1), 4, 2, 1), ...change });

const slippedGroups = (slips: HeadSlips) => (i: GroupInputs) => slippedHeads(slips)(i);

const groupedQueryForward = exercise({
  points: 2,
  inputs: groupInputs,
  sizes: groupSizes,
  parameters: groupParameters,
  uses: ['projectForward', 'splitHeads', 'mergeHeads', 'repeatHeads'],
  oracle: valueOf(
    (i: Plain<GroupInputs, 'mask' | 'heads' | 'kvHeads'>) =>
      multiHead(i.x, i.memory, i.mask, i.weights, i.heads, i.kvHeads),
    { plain: ['mask', 'heads', 'kvHeads'] },
  ),
  checks: [
    agrees({ cases: 6 }),
    pure({ cases: 2 }),
    rejects('heads that do not divide C, or key–value heads that do not divide the heads', [
      misfitGroup({ heads: 3, kvHeads: 1, weights: headsLike(3, 4, 1) }),
      misfitGroup({ kvHeads: 3, weights: headsLike(3, 4, 3) }),
      misfitGroup({ heads: 2, kvHeads: 4, weights: headsLike(3, 4, 8) }),
    ]),
  ],
  examples: groupExamples,
  misconceptions: {
    'values’ heads dealt in turn': {
      wrong: slippedGroups({ valuesServe: (n, _h, g) => n % g }),
      says: 'Your keys are shared by neighbours, your values are dealt out in turn, 0, 1, 0, 1. What is found and what is taken home no longer belong together.',
    },
    'memory never read': {
      wrong: slippedGroups({ fromX: 'both' }),
      says: 'Keys and values are made of x, and the memory changes nothing. That is self-attention; here x may look at another sequence.',
    },
    'key–value heads dealt in turn': {
      wrong: slippedGroups({ serves: (n, _h, g) => n % g }),
      says: 'Query heads 0, 1, 2, 3 are served by key–value heads 0, 1, 0, 1. Neighbours share: 0, 0, 1, 1.',
    },
    'first key–value head serves all': {
      wrong: slippedGroups({ serves: () => 0 }),
      says: 'All query heads look at key–value head 0; the others are never asked.',
    },
    'heads split by reshape': {
      wrong: slippedGroups({ splitByReshape: true }),
      says: 'Your heads are cut by reshape alone, so each gets pieces of different tokens. The heads’ axis has to move.',
    },
    'heads merged by reshape': {
      wrong: slippedGroups({ mergeByReshape: true }),
      says: 'Your heads are put together by reshape alone, so the tokens are mixed up. The heads’ axis has to move back first.',
    },
    'keys’ and values’ weights exchanged': {
      wrong: slippedGroups({ exchangedProjections: true }),
      says: 'You project the keys with wV and the values with wK.',
    },
    'output projection missing': {
      wrong: slippedGroups({ noOutput: true }),
      says: 'You return the heads side by side. wO, which mixes them, is still to come.',
    },
    'mask ignored': {
      wrong: slippedGroups({ noMask: true }),
      says: 'The mask changes nothing in your result.',
    },
    'mask without an axis for the heads': {
      wrong: slippedGroups({ maskUnaligned: true }),
      says: 'A mask (B, T, S) is handed on as it is, and meets weights (B, h, T, S): its B stands where the heads are.',
    },
    'the first sequence’s mask for all': {
      wrong: slippedGroups({ firstMask: true }),
      says: 'Every sequence is masked like the first one. A mask with three axes has one for each sequence.',
    },
  },
  hints: [
    'multiHeadForward with one line more. Which two tensors have too few heads?',
    'wK and wV make (B, S, kvHeads · C/h): split into kvHeads heads of the usual width, (B, kvHeads, S, C/h).',
    'times = heads / kvHeads; repeatHeads makes (B, h, S, C/h) of both. It has to be a whole number.',
    'repeatHeads(splitHeads(k.y, kvHeads), heads / kvHeads)',
  ],
});

const slippedGroupsBack = (slips: HeadBackSlips) => (i: Up<GroupInputs>) => manyHeadsBack(i.dy, manyHeads(i), slips);

const groupedQueryBackward = exercise({
  points: 3,
  inputs: { ...groupInputs, dy: tensor('B', 'T', 'g*r*d') },
  sizes: groupSizes,
  parameters: ['dy'],
  uses: ['projectBackward', 'splitHeads', 'mergeHeads', 'repeatHeadsBackward'],
  backwardOf: { forward: 'groupedQueryForward', takes: groupParameters },
  oracle: smooth(
    gradientOf<Plain<GroupInputs, 'mask' | 'heads' | 'kvHeads'>>(
      (i) => multiHead(i.x, i.memory, i.mask, i.weights, i.heads, i.kvHeads),
      { upstream: { y: 'dy' }, wrt: headWrt, plain: ['mask', 'heads', 'kvHeads'] },
    ),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 8 }), pure({ cases: 2 })],
  examples: withUpstream(groupExamples),
  misconceptions: {
    'the first copy’s gradient only': {
      wrong: slippedGroupsBack({ gather: 'first' }),
      says: 'Each key–value head hears from the first query head of its group only. All of them looked at it.',
    },
    'the last copy’s gradient only': {
      wrong: slippedGroupsBack({ gather: 'last' }),
      says: 'Each key–value head hears from the last query head of its group only: set where it should be added?',
    },
    'averaged over the group': {
      wrong: slippedGroupsBack({ gather: 'mean' }),
      says: 'The gradients of a group are averaged. A head that served several gets the sum.',
    },
    'another group’s gradients': {
      wrong: slippedGroupsBack({ copyOf: (n, _h, g) => n % g }),
      says: 'You add up every other head. On the way there neighbours shared a key–value head.',
    },
    'memory hears from the keys only': {
      wrong: slippedGroupsBack({ memory: 'keys' }),
      says: 'Your dmemory holds the way through the keys. The values were made of the memory too.',
    },
    'memory hears from the values only': {
      wrong: slippedGroupsBack({ memory: 'values' }),
      says: 'Your dmemory holds the way through the values. The keys were made of the memory too.',
    },
    'output projection passed over': {
      wrong: slippedGroupsBack({ skipOutput: true }),
      says: 'You hand dy to the heads as it is. Between them and y there was wO.',
    },
    'heads merged by reshape': {
      wrong: slippedGroupsBack({ mergeByReshape: true }),
      says: 'The gradients of queries, keys and values are put together by reshape alone. mergeHeads is the way back from splitHeads.',
    },
    'keys’ and values’ caches exchanged': {
      wrong: slippedGroupsBack({ otherCache: 'both' }),
      says: 'You send the keys’ gradient back through wV and the values’ through wK: are the caches in the right calls?',
    },
  },
  hints: [
    'multiHeadBackward with one line more, in the mirror place.',
    'attentionBackward gives dk and dv with h heads each; wK and wV know of kvHeads only.',
    'repeatHeadsBackward, with the times of the cache, between attentionBackward and mergeHeads.',
    'mergeHeads(repeatHeadsBackward(dk, cache.times))',
  ],
});

export const multiHeadAttention = topic('multi-head-attention', 'Multi-head attention: several looks at once', {
  projectForward,
  projectBackward,
  splitHeads,
  mergeHeads,
  multiHeadForward,
  multiHeadBackward,
  repeatHeads,
  repeatHeadsBackward,
  groupedQueryForward,
  groupedQueryBackward,
});
