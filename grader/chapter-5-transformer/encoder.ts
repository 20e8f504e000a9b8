/** Exercises of the encoder: the residual connection, the block, the stack. */
import { Tensor, ones, zeros } from '#tensor';
import {
  agrees,
  choice,
  dot,
  exercise,
  functionOf,
  gradientAgrees,
  gradientOf,
  listOf,
  NamedFunction,
  pure,
  range,
  record,
  sizeOf,
  tensor,
  topic,
  valueOf,
  VarTensor,
  type Definition,
  type Lifted,
  type Oracle,
  type ValueRecord,
} from '../engine/index.ts';
import { multiHead, perToken, type MultiHead } from './definitions-blocks.ts';
import {
  attentionWeights,
  blockSizes,
  constant,
  encoderBlock,
  feedForwardWeights,
  attending,
  backFromTheTop,
  backOneBlock,
  backUpwards,
  feeding,
  filled,
  heard,
  inTurn,
  norming,
  normWeights,
  ownMask,
  plus,
  residual,
  settings,
  someAttention,
  someFeedForward,
  someNorm,
  spread,
  tokens,
  unheard,
  withMargin,
  wrongBackward,
  wrongForward,
  type Connection,
  type EncoderBlock,
  type EncoderSlips,
  type Norm,
  type Order,
  type Plain,
  type Settings,
} from './definitions-layers.ts';

// The residual connection, around t ↦ t ⊙ (t Aᵀ)

const small = { min: -1, max: 1 };
const order = choice<Order>('post', 'pre');
const narrow = { B: [1, 2], T: [1, 3], C: [2, 4] } as const;

const product = (t: VarTensor, A: VarTensor): VarTensor =>
  perToken(t, (token) =>
    range(A.shape[0]!, (i) =>
      token[i]!.mul(
        dot(
          token,
          range(A.shape[0]!, (j) => A.at(i, j)),
        ),
      ),
    ),
  );

interface ResidualInputs {
  x: Tensor;
  norm: Norm;
  order: Order;
  sublayer: NamedFunction;
}
const matrixOf = (f: NamedFunction) => (f.data as { A: Tensor }).A;

const connected =
  (connection: Connection): Definition<Lifted<Omit<ResidualInputs, 'sublayer'>> & { sublayer: NamedFunction }> =>
  ({ x, norm, order, sublayer }) => ({
    y: connection(x, norming(norm), order, (t) => product(t, constant(matrixOf(sublayer)))),
  });
const wronglyConnected = (connection: Connection) => valueOf(connected(connection), { plain: ['sublayer'] });

const residualForward = exercise<{ [K in keyof ResidualInputs]: never }, ResidualInputs>({
  points: 2,
  inputs: {
    x: tensor('B', 'T', 'C'),
    norm: record({ gamma: tensor('C'), beta: tensor('C', small) }),
    order,
    sublayer: functionOf('product-layer', record({ A: tensor('C', 'C', small) })),
  } as never,
  sizes: narrow,
  where: spread,
  oracle: wronglyConnected(residual),
  checks: [agrees({ cases: 14 }), pure({ cases: 3 })],
  misconceptions: {
    'pre and post exchanged': {
      wrong: wronglyConnected(wrongForward.exchanged),
      says: 'You do for ‘pre’ what ‘post’ asks for, and the other way round. In which of the two does the norm stand before the sublayer?',
    },
    'post-norm for both': {
      wrong: wronglyConnected(wrongForward.alwaysPost),
      says: 'Your norm stands after the sum whatever the order is.',
    },
    'pre-norm for both': {
      wrong: wronglyConnected(wrongForward.alwaysPre),
      says: 'Your norm stands before the sublayer whatever the order is.',
    },
    'nothing goes around': {
      wrong: wronglyConnected(wrongForward.nothingAround),
      says: 'Your result is what comes out of the sublayer; x itself is lost. What makes a connection residual is that x is added.',
    },
    'nothing goes around with pre': {
      wrong: wronglyConnected(wrongForward.nothingAroundPre),
      says: 'With ‘pre’ your result is what comes out of the sublayer; x, as it came, is not added to it.',
    },
    'nothing goes around with post': {
      wrong: wronglyConnected(wrongForward.nothingAroundPost),
      says: 'With ‘post’ you normalise what the sublayer gave, without x. What goes into the norm is the sum of the two.',
    },
    'norm behind the sublayer with pre': {
      wrong: wronglyConnected(wrongForward.normBehindPre),
      says: 'With ‘pre’ your norm stands behind the sublayer. It stands before it: the sublayer reads normalised tokens.',
    },
    'the normed tokens go around': {
      wrong: wronglyConnected(wrongForward.normedAround),
      says: 'With ‘pre’ you add the normalised x to the sublayer’s output. The road around the sublayer is left bare: x goes there as it came.',
    },
    'norm before the sum': {
      wrong: wronglyConnected(wrongForward.normBeforeSum),
      says: 'With ‘post’ you normalise what the sublayer gave, and then add x. The norm comes after the sum.',
    },
    'no norm': {
      wrong: wronglyConnected(wrongForward.noNorm),
      says: 'Your result is x + sublayer(x): gamma and beta change nothing in it.',
    },
    'the sublayer reads x': {
      wrong: wronglyConnected(wrongForward.noNormPre),
      says: 'With ‘pre’ your sublayer is given x. It should read what the norm has made of x; only the road around it is left bare.',
    },
    'no norm after the sum': {
      wrong: wronglyConnected(wrongForward.noNormPost),
      says: 'With ‘post’ you return the bare sum. The norm comes after it.',
    },
    'a norm on both sides': {
      wrong: wronglyConnected(wrongForward.normTwice),
      says: 'You normalise before the sublayer and again after the sum. One of them, as the order says.',
    },
  },
  hints: [
    'Two roads from x to y: one through the sublayer, one around it. They meet in a sum. The order only says where the norm stands.',
    'Everything is (B, T, C): x, what the norm makes of it, what the sublayer gives, y.',
    'post: layerNormForward of x.add(sublayer(x).y). pre: x.add of what the sublayer makes of layerNormForward(x, …).y. The cache keeps the order, the norm’s cache, and the sublayer’s.',
    'const before = layerNormForward(x, norm.gamma, norm.beta, EPSILON); const inner = sublayer(before.y); return { y: x.add(inner.y), cache: { order, norm: before.cache, inner: inner.cache } };',
  ],
});

interface ResidualBackInputs extends ResidualInputs {
  dy: Tensor;
  sublayerBackward: NamedFunction;
}

/** The sublayer's own gradients are those of its matrix and of what goes in: an e that is 0 is added there. */
const connectedBack = (connection: Connection): Oracle<ResidualBackInputs> => {
  interface Around {
    x: Tensor;
    norm: Norm;
    order: Order;
    A: Tensor;
    e: Tensor;
  }
  const gradients = gradientOf<Lifted<Around>>(
    ({ x, norm, order, A, e }) => connection(x, norming(norm), order, (t) => product(plus(t, e), A)),
    { upstream: 'dy', wrt: { dx: 'x', norm: 'norm', e: 'e', dA: 'A' } },
  );
  return ({ dy, x, norm, order, sublayer }) => {
    const given = { dy, x, norm, order, A: matrixOf(sublayer), e: zeros(...x.shape) };
    const { dx, norm: dnorm, e, dA } = gradients(given) as { dx: Tensor; norm: ValueRecord; e: Tensor; dA: Tensor };
    return { dx, norm: dnorm, inner: { dx: e, dA } };
  };
};

/** gamma's gradient under beta's name, and the reverse, where the order says so. */
const normsTurned = (where: (order: Order) => boolean) => (i: ResidualBackInputs) => {
  const all = connectedBack(residual)(i) as { norm: { gamma: Tensor; beta: Tensor } } & ValueRecord;
  const { gamma, beta } = all.norm;
  return where(i.order) ? { ...all, norm: { gamma: beta, beta: gamma } } : all;
};

const residualBackInputs = {
  dy: tensor('B', 'T', 'C'),
  x: tensor('B', 'T', 'C'),
  norm: record({ gamma: tensor('C'), beta: tensor('C', small) }),
  order,
  A: tensor('C', 'C', small),
};

const residualBackward = exercise<typeof residualBackInputs, ResidualBackInputs>({
  points: 3,
  inputs: residualBackInputs,
  sizes: narrow,
  where: spread,
  derive: ({ dy, x, norm, order, A }) => ({
    dy,
    sublayerBackward: new NamedFunction('product-layer-backward', { A }),
    x,
    norm,
    order,
    sublayer: new NamedFunction('product-layer', { A }),
  }),
  parameters: ['dy', 'sublayerBackward'],
  backwardOf: { forward: 'residualForward', takes: ['x', 'norm', 'order', 'sublayer'] },
  oracle: connectedBack(residual),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 14 }), pure({ cases: 3 })],
  misconceptions: {
    'only the way around with pre': {
      wrong: connectedBack(wrongBackward.onlyAroundPre),
      says: 'With ‘pre’ your dx has only come back around the sublayer. The sublayer read x as well, by way of the norm: add what comes back there.',
    },
    'only the way around with post': {
      wrong: connectedBack(wrongBackward.onlyAroundPost),
      says: 'With ‘post’ your dx has only come back around the sublayer. The sublayer read x as well: add what it sends back.',
    },
    'gamma’s and beta’s gradients exchanged': {
      wrong: normsTurned(() => true),
      says: 'What you return as the gradient of gamma is that of beta, and the other way round.',
    },
    'gamma’s and beta’s gradients exchanged with pre': {
      wrong: normsTurned((order) => order === 'pre'),
      says: 'With ‘pre’ what you return as the gradient of gamma is that of beta, and the other way round.',
    },
    'residual dropped': {
      wrong: connectedBack(wrongBackward.nothingAround),
      says: 'Your dx has only come back through the sublayer. On the way there x took a second road, around it; that one has a gradient too.',
    },
    'residual dropped with pre': {
      wrong: connectedBack(wrongBackward.nothingAroundPre),
      says: 'With ‘pre’ your dx has only come back through the sublayer and the norm. Around them comes dy, as it is.',
    },
    'residual dropped with post': {
      wrong: connectedBack(wrongBackward.nothingAroundPost),
      says: 'With ‘post’ your dx has only come back through the sublayer. x was a term of the sum itself: add what came back through the norm, ds.',
    },
    'the sublayer gets dy with post': {
      wrong: connectedBack(wrongBackward.throughPastNorm),
      says: 'With ‘post’ you give dy to the sublayer’s way back. What it gave was normalised afterwards, as part of the sum: give it what comes back through the norm.',
    },
    'around, and then through the norm': {
      wrong: connectedBack(wrongBackward.aroundThroughNorm),
      says: 'With ‘pre’ you add dy first and go back through the norm with the sum. The norm stands on one of the two roads only: dy is added behind it.',
    },
    'only the way around': {
      wrong: connectedBack(wrongBackward.onlyAround),
      says: 'Your dx has only come back around the sublayer. The sublayer read x as well: add what it sends back.',
    },
    'past the norm': {
      wrong: connectedBack(wrongBackward.pastNorm),
      says: 'Your gamma and beta have their gradients, but on its way to x the gradient does not go through the norm: take the dx that layerNormBackward gives.',
    },
    'past the norm with pre': {
      wrong: connectedBack(wrongBackward.pastNormPre),
      says: 'With ‘pre’ you add the sublayer’s dx to dy as it is. Before the sublayer stood the norm: go back through it too, and take the dx that layerNormBackward gives.',
    },
    'around the norm too': {
      wrong: connectedBack(wrongBackward.aroundPastNorm),
      says: 'With ‘post’ you add dy itself to the sublayer’s gradient. The sum was normalised afterwards, so both roads get what comes back through the norm.',
    },
    'back as in post-norm': {
      wrong: connectedBack(wrongBackward.alwaysPost),
      says: 'You go back through the norm first, whatever the order was. With ‘pre’ the norm was the first thing on the way there.',
    },
    'back as in pre-norm': {
      wrong: connectedBack(wrongBackward.alwaysPre),
      says: 'You go back through the sublayer first, whatever the order was. With ‘post’ the norm was the last thing on the way there.',
    },
    'pre and post exchanged': {
      wrong: connectedBack(wrongBackward.exchanged),
      says: 'You go back through ‘pre’ as if it were ‘post’, and the other way round. What was last on the way there comes first now.',
    },
  },
  hints: [
    'x went two ways, so dx is a sum of two. And what happened last is undone first.',
    'All gradients on the way are (B, T, C); gamma’s and beta’s are (C), and layerNormBackward gives them.',
    'post: through the norm, giving ds; then dx = ds + sublayerBackward(ds).dx. pre: through the sublayer, then through the norm; dx = dy + that.',
    'const inner = sublayerBackward(dy, cache.inner); const { dx, dgamma, dbeta } = layerNormBackward(inner.dx, cache.norm); return { dx: dy.add(dx), norm: { gamma: dgamma, beta: dbeta }, inner };',
  ],
});

// Attention of a sequence to itself

interface SelfInputs {
  x: Tensor;
  mask: Tensor;
  weights: MultiHead;
  heads: number;
}
type LiftedSelf = Lifted<Omit<SelfInputs, 'mask' | 'heads'>> & Pick<SelfInputs, 'mask' | 'heads'>;

const selfBack = (asks: (x: VarTensor) => VarTensor, answers: (x: VarTensor) => VarTensor) =>
  gradientOf<LiftedSelf>(
    ({ x, mask, weights, heads }) => ({ y: multiHead(asks(x), answers(x), mask, weights, heads).y }),
    { upstream: { y: 'dy' }, wrt: { dx: 'x', weights: 'weights' }, plain: ['mask', 'heads'] },
  );
const itself = (x: VarTensor) => x;
const selfInputs = {
  dy: tokens('T'),
  x: tokens('T'),
  mask: ownMask,
  weights: attentionWeights,
  heads: sizeOf('h'),
};

const selfAttentionBackward = exercise<typeof selfInputs, SelfInputs & { dy: Tensor }>({
  points: 1,
  inputs: selfInputs,
  sizes: blockSizes,
  where: spread,
  parameters: ['dy'],
  backwardOf: { forward: 'selfAttentionForward', takes: ['x', 'mask', 'weights', 'heads'] },
  oracle: selfBack(itself, itself),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 5 }), pure({ cases: 2 })],
  misconceptions: {
    'dy added already': {
      wrong: (i) => {
        const { dx, weights } = selfBack(itself, itself)(i) as { dx: Tensor; weights: ValueRecord };
        return { dx: dx.add(i.dy), weights };
      },
      says: 'You have added dy to dx. That is the way past the layer, the residual’s, and residualBackward’s business.',
    },
    'gradient of the memory dropped': {
      wrong: selfBack(itself, unheard),
      says: 'Your dx is the gradient of what asked. The keys and values were made from the same x.',
    },
    'gradient of the queries dropped': {
      wrong: selfBack(unheard, itself),
      says: 'Your dx is the gradient of the memory. The queries were made from the same x.',
    },
    'mean of the two': {
      wrong: (i) => {
        const { dx, weights } = selfBack(itself, itself)(i) as { dx: Tensor; weights: ValueRecord };
        return { dx: dx.div(2), weights };
      },
      says: 'Your dx is the mean of the two gradients. One number used in two places gets their sum.',
    },
  },
  hints: [
    'One tensor went in at two doors.',
    'multiHeadBackward gives dx (B, T, C) and dmemory (B, S, C), and here S is T.',
    'dx + dmemory; the weights’ gradients as they are.',
    'const { dx, dmemory, weights } = multiHeadBackward(dy, cache); return { dx: dx.add(dmemory), weights };',
  ],
});

// The block

interface BlockInputs {
  x: Tensor;
  mask: Tensor;
  weights: EncoderBlock;
  settings: Settings;
}
type LiftedBlock = Plain<BlockInputs, 'mask' | 'settings'>;
const plain = ['mask', 'settings'];

const blockWeights = record({
  attention: attentionWeights,
  norm1: normWeights,
  feedForward: feedForwardWeights,
  norm2: normWeights,
});
const blockInputs = { x: tokens('T'), mask: ownMask, weights: blockWeights, settings };

const someBlock = (seed: number, C: number, M: number): EncoderBlock => ({
  attention: someAttention(seed, C),
  norm1: someNorm(seed + 10, C),
  feedForward: someFeedForward(seed + 20, C, M),
  norm2: someNorm(seed + 30, C),
});
/** One of each order, of each activation, with more than one head and with a mask. */
const someBlocks = (['pre', 'post', 'pre'] as const).map((order, k) => ({
  dy: filled(3 + k, 1, 2, 4),
  x: filled(7 + k, 1, 2, 4),
  mask: new Tensor([2, 2], [1, 1, 0, 1]),
  weights: someBlock(19 + k, 4, 3),
  settings: { heads: 2, activation: k === 1 ? 'relu' : 'gelu', order },
})) as never;

/** A wrong block: other inputs, other roads. */
interface BlockSlips extends EncoderSlips {
  mask?: (mask: Tensor) => Tensor;
  weights?: (w: Lifted<EncoderBlock>) => Lifted<EncoderBlock>;
  settings?: Partial<Settings>;
}
const block =
  (slips: BlockSlips = {}) =>
  (x: VarTensor, mask: Tensor, weights: Lifted<EncoderBlock>, settings: Settings) =>
    encoderBlock(
      x,
      slips.mask?.(mask) ?? mask,
      slips.weights?.(weights) ?? weights,
      { ...settings, ...slips.settings },
      slips,
    );
type Block = ReturnType<typeof block>;
const blockValue = (f: Block) =>
  valueOf<LiftedBlock>(({ x, mask, weights, settings }) => ({ y: f(x, mask, weights, settings) }), { plain });
const slipped = (slips: BlockSlips) => blockValue(block(slips));

const encoderBlockForward = exercise<typeof blockInputs, BlockInputs>({
  points: 2,
  inputs: blockInputs,
  sizes: blockSizes,
  where: spread,
  examples: someBlocks,
  uses: ['residualForward'],
  oracle: slipped({}),
  checks: [agrees({ cases: 5 }), pure({ cases: 2 })],
  misconceptions: {
    'feed-forward before attention': {
      wrong: blockValue((x, mask, w, { order, activation, heads }) => {
        const f = residual(x, norming(w.norm2), order, feeding(w.feedForward, activation));
        return residual(f, norming(w.norm1), order, attending(w.attention, mask, heads));
      }),
      says: 'Your tokens think first and listen afterwards. Attention comes first.',
    },
    'feed-forward reads x': {
      wrong: blockValue((x, _, w, { order, activation }) =>
        residual(x, norming(w.norm2), order, feeding(w.feedForward, activation)),
      ),
      says: 'What attention gave has no part in your result: the feed-forward layer’s connection reads x. It is the second in a row.',
    },
    'norms exchanged': {
      wrong: slipped({ weights: (w) => ({ ...w, norm1: w.norm2, norm2: w.norm1 }) }),
      says: 'norm1 stands where norm2 belongs. The first one is the attention’s.',
    },
    'one norm for both': {
      wrong: slipped({ weights: (w) => ({ ...w, norm2: w.norm1 }) }),
      says: 'norm1 is used twice, and norm2 not at all. Each sublayer has a norm of its own.',
    },
    'mask forgotten': {
      wrong: slipped({ mask: (m) => m.map(() => 1) }),
      says: 'Your mask changes nothing: every token attends to every other.',
    },
    'memory without the norm': {
      wrong: blockValue((x, mask, w, { order, activation, heads }) => {
        const a = residual(
          x,
          norming(w.norm1),
          order,
          attending(w.attention, mask, heads, () => x),
        );
        return residual(a, norming(w.norm2), order, feeding(w.feedForward, activation));
      }),
      says: 'With ‘pre’ your queries come from the normalised tokens, but keys and values from x as it came into the block. The sublayer is a function of one t: all three come from that.',
    },
    'attention reads x without the norm': {
      wrong: slipped({ attention: wrongForward.noNormPre }),
      says: 'With ‘pre’ your attention reads x as it came into the block. The sublayer is a function of t, and t is what norm1 has made of x: give it that.',
    },
    'feed-forward reads a without the norm': {
      wrong: slipped({ feedForward: wrongForward.noNormPre }),
      says: 'With ‘pre’ your feed-forward layer reads what attention’s connection gave. The sublayer is a function of t, and t is what norm2 has made of that: give it t.',
    },
    'post-norm for both': {
      wrong: slipped({ settings: { order: 'post' } }),
      says: 'Your block is post-norm whatever settings.order says.',
    },
    'pre-norm for both': {
      wrong: slipped({ settings: { order: 'pre' } }),
      says: 'Your block is pre-norm whatever settings.order says.',
    },
    'always ReLU': {
      wrong: slipped({ settings: { activation: 'relu' } }),
      says: 'Your block bends with ReLU whatever settings.activation says.',
    },
    'one head': {
      wrong: slipped({ settings: { heads: 1 } }),
      says: 'Your attention has one head whatever settings.heads says.',
    },
    'attention not added to x': {
      wrong: slipped({ attention: wrongForward.nothingAround }),
      says: 'What attention gives replaces x. Both sublayers stand in a residual connection.',
    },
    'feed-forward not added': {
      wrong: slipped({ feedForward: wrongForward.nothingAround }),
      says: 'What the feed-forward layer gives replaces what it read. Both sublayers stand in a residual connection.',
    },
  },
  hints: [
    'You have the connection and both sublayers. A block is two calls of residualForward, the second on the result of the first.',
    'x, a and y are all (B, T, C). A sublayer is a function of one tensor: (t) => selfAttentionForward(t, mask, …).',
    'The cache holds two residual caches, attention and feedForward.',
    'const a = residualForward(x, weights.norm1, order, (t) => selfAttentionForward(t, mask, weights.attention, heads)); const f = residualForward(a.y, weights.norm2, order, (t) => feedForward(t, weights.feedForward, activation));',
  ],
});

interface BlockBackInputs extends BlockInputs {
  dy: Tensor;
}

const blockGradient = (f: Block) => {
  const definition: Definition<LiftedBlock> = ({ x, mask, weights, settings }) => ({
    y: f(x, mask, weights, settings),
  });
  const oracle = gradientOf<LiftedBlock>(definition, {
    upstream: { y: 'dy' },
    wrt: { dx: 'x', weights: 'weights' },
    plain,
  });
  return withMargin<BlockBackInputs>(oracle, definition, plain);
};
const slippedBack = (slips: BlockSlips) => blockGradient(block(slips));

const blockBackInputs = { dy: tokens('T'), ...blockInputs };

const encoderBlockBackward = exercise<typeof blockBackInputs, BlockBackInputs>({
  points: 2,
  inputs: blockBackInputs,
  sizes: blockSizes,
  where: spread,
  examples: someBlocks,
  parameters: ['dy'],
  uses: ['residualBackward', 'selfAttentionBackward'],
  backwardOf: { forward: 'encoderBlockForward', takes: ['x', 'mask', 'weights', 'settings'] },
  oracle: slippedBack({}),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 5 }), pure({ cases: 2 })],
  misconceptions: {
    'dy added once more': {
      wrong: (i) => {
        const { dx, weights } = slippedBack({})(i) as { dx: Tensor; weights: ValueRecord };
        return { dx: dx.add(i.dy), weights };
      },
      says: 'You have added dy to the block’s dx. The roads around are inside, one for each sublayer; there is none around the whole block.',
    },
    'gradient of the memory dropped': {
      wrong: blockGradient((x, mask, w, { order, activation, heads }) => {
        const a = residual(x, norming(w.norm1), order, attending(w.attention, mask, heads, unheard));
        return residual(a, norming(w.norm2), order, feeding(w.feedForward, activation));
      }),
      says: 'Your dx lacks what came back through keys and values. In self-attention x was the memory too: selfAttentionBackward adds both.',
    },
    'both sublayers get dy': {
      wrong: blockGradient((x, mask, w, { order, activation, heads }) => {
        const a = residual(x, norming(w.norm1), order, attending(w.attention, mask, heads));
        const y = residual(unheard(a), norming(w.norm2), order, feeding(w.feedForward, activation));
        return heard(y, y, a);
      }),
      says: 'You give dy to the attention’s connection as well. Its output was read by the feed-forward layer: what comes back from there is its upstream gradient.',
    },
    'the attention first': {
      wrong: blockGradient((x, mask, w, { order, activation, heads }) => {
        const attend = (t: VarTensor) => residual(t, norming(w.norm1), order, attending(w.attention, mask, heads));
        const a = heard(attend(unheard(x)), x);
        const y = residual(a, norming(w.norm2), order, feeding(w.feedForward, activation));
        return heard(y, attend(heard(x, y)));
      }),
      says: 'You go back through the attention first. On the way there it came first, so now it comes last: dy belongs to the feed-forward layer’s connection.',
    },
    'stopped before the attention': {
      wrong: blockGradient((x, mask, w, { order, activation, heads }) => {
        const a = residual(unheard(x), norming(w.norm1), order, attending(w.attention, mask, heads));
        return residual(heard(a, a, x), norming(w.norm2), order, feeding(w.feedForward, activation));
      }),
      says: 'Your dx is the gradient of a, which stands between the two sublayers. x stands before the attention.',
    },
    'the norms’ gradients exchanged': {
      wrong: (i) => {
        const { dx, weights } = slippedBack({})(i) as { dx: Tensor; weights: ValueRecord };
        return { dx, weights: { ...weights, norm1: weights['norm2'], norm2: weights['norm1'] } };
      },
      says: 'What you return as norm1 is the gradient of norm2, and the other way round.',
    },
    'residual dropped around the attention': {
      wrong: slippedBack({ attention: wrongBackward.nothingAround }),
      says: 'Around the attention nothing comes back in your dx. There x was added.',
    },
    'residual dropped around the feed-forward layer': {
      wrong: slippedBack({ feedForward: wrongBackward.nothingAround }),
      says: 'Around the feed-forward layer nothing comes back: the attention hears only what went through that layer.',
    },
    'residual dropped around both': {
      wrong: slippedBack({ attention: wrongBackward.nothingAround, feedForward: wrongBackward.nothingAround }),
      says: 'Nothing comes back around your sublayers. Each connection had two roads.',
    },
  },
  hints: [
    'Two calls of residualBackward, in the reverse order: what was last comes first.',
    'The first one’s dx (B, T, C) is the second one’s upstream gradient. `inner` is what the sublayer’s backward returned: its weights are in there.',
    'feedForwardBackward has just the form that residualBackward asks for, and selfAttentionBackward too.',
    'const f = residualBackward(dy, feedForwardBackward, cache.feedForward); const a = residualBackward(f.dx, selfAttentionBackward, cache.attention); weights: { attention: a.inner.weights, norm1: a.norm, … }',
  ],
});

// The stack

interface StackInputs {
  x: Tensor;
  mask: Tensor;
  blocks: EncoderBlock[];
  settings: Settings;
}
type LiftedStack = Plain<StackInputs, 'mask' | 'settings'>;
const stackInputs = { x: tokens('T'), mask: ownMask, blocks: listOf('L', blockWeights), settings };
const stackSizes = { ...blockSizes, L: [0, 2], T: [1, 2], d: [2, 2], M: [1, 2] } as const;

/** Three blocks, so that first, last and next to last are different ones. */
const someStack = (seed: number, order: Order): StackInputs & { dy: Tensor } => ({
  dy: filled(seed, 1, 2, 4),
  x: filled(seed + 1, 1, 2, 4),
  mask: new Tensor([2, 2], [1, 0, 1, 1]),
  blocks: [50, 100, 150].map((k) => someBlock(seed + k, 4, 1)),
  settings: { heads: 2, activation: 'gelu', order },
});
const someStacks = [someStack(11, 'pre'), someStack(23, 'post')] as never;

/** A stack from a single step and from how its steps are put together. */
type Composition = (
  x: VarTensor,
  blocks: Lifted<EncoderBlock>[],
  step: (t: VarTensor, w: Lifted<EncoderBlock>) => VarTensor,
) => VarTensor;
const stack =
  (composition: Composition): Definition<LiftedStack> =>
  ({ x, mask, blocks, settings }) => ({
    y: composition(x, blocks, (t, w) => encoderBlock(t, mask, w, settings)),
  });
const stackValue = (composition: Composition) => valueOf(stack(composition), { plain });
/** A stack in which some blocks attend to everything. */
const stackMask = (kept: (l: number) => boolean) =>
  valueOf<LiftedStack>(
    ({ x, mask, blocks, settings }) => ({
      y: inTurn(x, blocks, (t, w, l) => encoderBlock(t, kept(l) ? mask : ones(1, 1), w, settings)),
    }),
    { plain },
  );

const encoderForward = exercise<typeof stackInputs, StackInputs>({
  points: 1,
  inputs: stackInputs,
  sizes: stackSizes,
  where: spread,
  examples: someStacks,
  uses: ['encoderBlockForward'],
  oracle: stackValue(inTurn),
  checks: [agrees({ cases: 5 }), pure({ cases: 2 })],
  misconceptions: {
    'mask forgotten': {
      wrong: stackMask(() => false),
      says: 'Your mask changes nothing: every token attends to every other.',
    },
    'mask for the first block only': {
      wrong: stackMask((l) => l === 0),
      says: 'Only your first block has the mask. Above it every token attends to every other: one look is enough to see what was to be hidden.',
    },
    'every block reads x': {
      wrong: stackValue((x, blocks, step) => (blocks.length > 0 ? step(x, blocks.at(-1)!) : x)),
      says: 'Each of your blocks reads x, so only the last one counts. A block reads what the one before it gave.',
    },
    'the last block first': {
      wrong: stackValue((x, blocks, step) => inTurn(x, blocks.toReversed(), step)),
      says: 'Your tokens go through the blocks from the last to the first.',
    },
    'one block’s weights for all': {
      wrong: stackValue((x, blocks, step) => inTurn(x, blocks, (t) => step(t, blocks[0]!))),
      says: 'Every one of your blocks has the weights of the first.',
    },
    'the last block left out': {
      wrong: stackValue((x, blocks, step) => inTurn(x, blocks.slice(0, -1), step)),
      says: 'The last block changes nothing in your result.',
    },
    'added once more': {
      wrong: stackValue((x, blocks, step) => inTurn(x, blocks, (t, w) => plus(t, step(t, w)))),
      says: 'You add what a block read to what it gave. The roads around are inside the block, one for each sublayer; the stack just hands on.',
    },
    'only the first block': {
      wrong: stackValue((x, blocks, step) => inTurn(x, blocks.slice(0, 1), step)),
      says: 'What you return has been through the first block only.',
    },
  },
  hints: [
    'A loop with one variable in it: what the next block reads.',
    'It is (B, T, C) before the loop, in it, and after it. With no block the loop does nothing, and y is x.',
    'Collect each block’s cache in a list, the first block’s first.',
    'let y = x; const cache = blocks.map((weights) => { const block = encoderBlockForward(y, mask, weights, settings); y = block.y; return block.cache; });',
  ],
});

const stackBackInputs = { dy: tokens('T'), ...stackInputs };
const stackGradient = (composition: Composition) =>
  withMargin<StackInputs & { dy: Tensor }>(
    gradientOf<LiftedStack>(stack(composition), {
      upstream: { y: 'dy' },
      wrt: { dx: 'x', blocks: 'blocks' },
      plain,
    }),
    stack(inTurn),
    plain,
  );

const encoderBackward = exercise<typeof stackBackInputs, StackInputs & { dy: Tensor }>({
  points: 2,
  inputs: stackBackInputs,
  sizes: stackSizes,
  where: spread,
  examples: someStacks,
  parameters: ['dy'],
  uses: ['encoderBlockBackward'],
  backwardOf: { forward: 'encoderForward', takes: ['x', 'mask', 'blocks', 'settings'] },
  oracle: stackGradient(inTurn),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 5 }), pure({ cases: 2 })],
  misconceptions: {
    'gradients in the order of the walk': {
      wrong: (i) => {
        const { dx, blocks } = stackGradient(inTurn)(i) as { dx: Tensor; blocks: ValueRecord[] };
        return { dx, blocks: blocks.toReversed() };
      },
      says: 'Your list of gradients begins with the last block. You walk from the last to the first; the list is the other way round.',
    },
    'from the first block to the last': {
      wrong: stackGradient(backUpwards),
      says: 'You start your way back at the first block. dy is the gradient of what the last one gave.',
    },
    'every block gets dy': {
      wrong: stackGradient(backFromTheTop),
      says: 'You give dy to every block. Below the last one, a block’s upstream gradient is the dx of the block above it.',
    },
    'from the first block to the last, and the list turned round': {
      wrong: (i) => {
        const { dx, blocks } = stackGradient(backUpwards)(i) as { dx: Tensor; blocks: ValueRecord[] };
        return { dx, blocks: blocks.toReversed() };
      },
      says: 'You walk from the first block to the last, and put each one’s gradients in front of the list. The walk goes the other way: dy is the gradient of what the last block gave.',
    },
    'dx of the last block': {
      wrong: stackGradient(backOneBlock),
      says: 'Your dx is what comes out of the last block. There are blocks below it: walk on to the first.',
    },
  },
  hints: [
    'The loop of the forward pass, from its end to its beginning.',
    'One variable again, (B, T, C): it begins as dy and ends as dx. Without a block they are the same.',
    'Walk over the caches from the last to the first, and put each block’s gradients at the front of the list.',
    'for (const blockCache of cache.toReversed()) { const block = encoderBlockBackward(dx, blockCache); blocks.unshift(block.weights); dx = block.dx; }',
  ],
});

export const encoder = topic('encoder', 'The encoder: residual blocks', {
  residualForward,
  residualBackward,
  selfAttentionBackward,
  encoderBlockForward,
  encoderBlockBackward,
  encoderForward,
  encoderBackward,
});
