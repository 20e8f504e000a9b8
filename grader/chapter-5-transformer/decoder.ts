/** Exercises of the decoder: the block that also reads a memory, and the stack. */
import { Tensor, ones, zerosLike } from '#tensor';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  listOf,
  pure,
  record,
  topic,
  valueOf,
  VarTensor,
  type Definition,
  type Lifted,
  type ValueRecord,
} from '../engine/index.ts';
import { mask as maskInput } from './definitions-blocks.ts';
import {
  attending,
  attentionWeights,
  backFromTheTop,
  backUpwards,
  blockSizes,
  decoderBlock,
  feeding,
  feedForwardWeights,
  filled,
  heard,
  inTurn,
  norming,
  normWeights,
  ownMask,
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
  type DecoderBlock,
  type DecoderSlips,
  type Order,
  type Plain,
  type Settings,
} from './definitions-layers.ts';

// The block

interface BlockInputs {
  x: Tensor;
  memory: Tensor;
  mask: Tensor;
  memoryMask: Tensor;
  weights: DecoderBlock;
  settings: Settings;
}
const plain = ['mask', 'memoryMask', 'settings'];
type LiftedBlock = Plain<BlockInputs, 'mask' | 'memoryMask' | 'settings'>;

const blockWeights = record({
  selfAttention: attentionWeights,
  norm1: normWeights,
  crossAttention: attentionWeights,
  norm2: normWeights,
  feedForward: feedForwardWeights,
  norm3: normWeights,
});
const reading = { x: tokens('T'), memory: tokens('S'), mask: ownMask, memoryMask: maskInput };
const blockInputs = { ...reading, weights: blockWeights, settings };
const sizes = { ...blockSizes, T: [1, 2], S: [1, 3], M: [1, 2] } as const;

const someBlock = (seed: number, C: number, M: number): DecoderBlock => ({
  selfAttention: someAttention(seed, C),
  norm1: someNorm(seed + 10, C),
  crossAttention: someAttention(seed + 20, C),
  norm2: someNorm(seed + 30, C),
  feedForward: someFeedForward(seed + 40, C, M),
  norm3: someNorm(seed + 50, C),
});
const somePlace = (seed: number, order: Order, activation: Settings['activation'] = 'gelu') => ({
  dy: filled(seed, 1, 2, 4),
  x: filled(seed + 1, 1, 2, 4),
  memory: filled(seed + 2, 1, 3, 4),
  mask: new Tensor([2, 2], [1, 0, 1, 1]),
  memoryMask: new Tensor([1, 1, 3], [1, 1, 0]),
  settings: { heads: 2, activation, order },
});
const someBlocks = [
  { ...somePlace(5, 'pre'), weights: someBlock(40, 4, 2) },
  { ...somePlace(9, 'post', 'relu'), weights: someBlock(50, 4, 2) },
  { ...somePlace(13, 'pre'), weights: someBlock(60, 4, 2) },
] as never;

/** A block that may be wrong: in what it is given, in its connections, or altogether. */
type Block = (i: LiftedBlock) => VarTensor;
const block =
  (slips: DecoderSlips = {}, change: (i: LiftedBlock) => Partial<LiftedBlock> = () => ({})): Block =>
  (given) => {
    const i = { ...given, ...change(given) };
    return decoderBlock(i.x, i.memory, i.mask, i.memoryMask, i.weights, i.settings, slips);
  };
const value = (f: Block) => valueOf<LiftedBlock>((i) => ({ y: f(i) }), { plain });
const changed = (change: (i: LiftedBlock) => Partial<LiftedBlock>) => value(block({}, change));
const reweighed = (change: (w: Lifted<DecoderBlock>) => Partial<Lifted<DecoderBlock>>) =>
  changed(({ weights }) => ({ weights: { ...weights, ...change(weights) } }));
const always = (part: Partial<Settings>) => changed((i) => ({ settings: { ...i.settings, ...part } }));

/** The three sublayers and their norms, to be put together otherwise. */
const parts = ({ memory, mask, memoryMask, weights: w, settings }: LiftedBlock) => ({
  order: settings.order,
  own: attending(w.selfAttention, mask, settings.heads),
  ownOf: (memory: (t: VarTensor) => VarTensor) => attending(w.selfAttention, mask, settings.heads, memory),
  read: attending(w.crossAttention, memoryMask, settings.heads, () => memory),
  readOf: (memory: VarTensor) => attending(w.crossAttention, memoryMask, settings.heads, () => memory),
  feed: feeding(w.feedForward, settings.activation),
  norms: [w.norm1, w.norm2, w.norm3].map(norming) as [
    ReturnType<typeof norming>,
    ReturnType<typeof norming>,
    ReturnType<typeof norming>,
  ],
});

const decoderBlockForward = exercise<typeof blockInputs, BlockInputs>({
  points: 3,
  inputs: blockInputs,
  sizes,
  where: spread,
  examples: someBlocks,
  oracle: value(block()),
  checks: [agrees({ cases: 4 }), pure({ cases: 2 })],
  misconceptions: {
    'always ReLU': {
      wrong: always({ activation: 'relu' }),
      says: 'Your block bends with ReLU whatever settings.activation says.',
    },
    'one head': {
      wrong: always({ heads: 1 }),
      says: 'Your attentions have one head whatever settings.heads says.',
    },
    'memory read first': {
      wrong: value((i) => {
        const { order, own, read, feed, norms } = parts(i);
        const c = residual(i.x, norms[1], order, read);
        return residual(residual(c, norms[0], order, own), norms[2], order, feed);
      }),
      says: 'Your block reads the memory before it has looked at its own tokens. Self-attention comes first: one must know what to ask.',
    },
    'self-attention left out': {
      wrong: value((i) => {
        const { order, read, feed, norms } = parts(i);
        return residual(residual(i.x, norms[1], order, read), norms[2], order, feed);
      }),
      says: 'What self-attention gave has no part in your result: cross-attention’s connection reads x. It reads a.',
    },
    'cross-attention left out': {
      wrong: value((i) => {
        const { order, own, feed, norms } = parts(i);
        return residual(residual(i.x, norms[0], order, own), norms[2], order, feed);
      }),
      says: 'The memory changes nothing in your result: the feed-forward layer’s connection reads a. It reads c.',
    },
    'memory normed': {
      wrong: value((i) => {
        const { order, own, readOf, feed, norms } = parts(i);
        const a = residual(i.x, norms[0], order, own);
        return residual(residual(a, norms[1], order, readOf(norms[1](i.memory))), norms[2], order, feed);
      }),
      says: 'You send the memory through norm2. It is the encoder’s finished work and goes in as it is; the norm is for what asks.',
    },
    'self-attention reads x without the norm': {
      wrong: value((i) => {
        const { order, ownOf, read, feed, norms } = parts(i);
        const a = residual(
          i.x,
          norms[0],
          order,
          ownOf(() => i.x),
        );
        return residual(residual(a, norms[1], order, read), norms[2], order, feed);
      }),
      says: 'With ‘pre’ the queries of your self-attention are normalised, its keys and values are not. All three come from the one t that the sublayer is given.',
    },
    'one attention’s weights for both': {
      wrong: reweighed((w) => ({ crossAttention: w.selfAttention })),
      says: 'Both of your attentions have the weights of self-attention.',
    },
    'the two attentions’ weights exchanged': {
      wrong: reweighed((w) => ({ crossAttention: w.selfAttention, selfAttention: w.crossAttention })),
      says: 'Your self-attention has the weights of cross-attention, and the other way round.',
    },
    'norm2 for the feed-forward layer': {
      wrong: reweighed((w) => ({ norm3: w.norm2 })),
      says: 'norm2 is used twice, and norm3 not at all: it belongs to the feed-forward layer.',
    },
    'norm1 for all': {
      wrong: reweighed((w) => ({ norm2: w.norm1, norm3: w.norm1 })),
      says: 'norm1 is used three times. Each sublayer has a norm of its own: norm1, norm2, norm3 from below.',
    },
    'the first two norms exchanged': {
      wrong: reweighed((w) => ({ norm1: w.norm2, norm2: w.norm1 })),
      says: 'norm2 stands at self-attention and norm1 at cross-attention. They are numbered from below.',
    },
    'norms exchanged': {
      wrong: reweighed((w) => ({ norm2: w.norm3, norm3: w.norm2 })),
      says: 'norm3 stands at cross-attention and norm2 at the feed-forward layer.',
    },
    'looks ahead': {
      wrong: changed(({ mask }) => ({ mask: mask.map(() => 1) })),
      says: 'mask changes nothing in your result: every token sees those that come after it.',
    },
    'reads the padding': {
      wrong: changed(({ memoryMask }) => ({ memoryMask: memoryMask.map(() => 1) })),
      says: 'memoryMask changes nothing in your result: the padding of the source is read like everything else.',
    },
    'post-norm for both': {
      wrong: always({ order: 'post' }),
      says: 'Your block is post-norm whatever settings.order says.',
    },
    'pre-norm for both': {
      wrong: always({ order: 'pre' }),
      says: 'Your block is pre-norm whatever settings.order says.',
    },
    'self-attention reads x in all three roles': {
      wrong: value(block({ selfAttention: wrongForward.noNormPre })),
      says: 'With ‘pre’ your self-attention reads x as it came into the block. The sublayer is a function of t, and t is what norm1 has made of x: give it that.',
    },
    'cross-attention asks without the norm': {
      wrong: value(block({ crossAttention: wrongForward.noNormPre })),
      says: 'With ‘pre’ your cross-attention asks with a itself. The sublayer is a function of t, and t is what norm2 has made of a: that asks. Only the memory goes in as it is.',
    },
    'feed-forward reads c without the norm': {
      wrong: value(block({ feedForward: wrongForward.noNormPre })),
      says: 'With ‘pre’ your feed-forward layer reads c itself. The sublayer is a function of t, and t is what norm3 has made of c: give it t.',
    },
    'self-attention not added': {
      wrong: value(block({ selfAttention: wrongForward.nothingAround })),
      says: 'What self-attention gives replaces x. All three sublayers stand in a residual connection.',
    },
    'feed-forward not added': {
      wrong: value(block({ feedForward: wrongForward.nothingAround })),
      says: 'What the feed-forward layer gives replaces c. All three sublayers stand in a residual connection.',
    },
    'cross-attention not added': {
      wrong: value(block({ crossAttention: wrongForward.nothingAround })),
      says: 'What is read from the memory replaces the tokens. All three sublayers stand in a residual connection.',
    },
  },
  hints: [
    'An encoder block with one sublayer more in the middle. Who asks there, and who answers?',
    'a, c and y are (B, T, C). The sublayer in the middle is a function of one tensor, t; the memory (B, S, C) is a constant to it.',
    'residualForward three times, each on the result of the one before: selfAttentionForward, multiHeadForward, feedForward.',
    'const c = residualForward(a.y, weights.norm2, order, (t) => multiHeadForward(t, memory, memoryMask, weights.crossAttention, heads));',
  ],
});

interface BlockBackInputs extends BlockInputs {
  dy: Tensor;
}
const gradients = (f: Block) => {
  const definition: Definition<LiftedBlock> = (i) => ({ y: f(i) });
  const oracle = gradientOf<LiftedBlock>(definition, {
    upstream: { y: 'dy' },
    wrt: { dx: 'x', dmemory: 'memory', weights: 'weights' },
    plain,
  });
  return withMargin<BlockBackInputs>(oracle, definition, plain);
};
const withoutRoad = (name: keyof DecoderSlips, road: Connection = wrongBackward.nothingAround) =>
  gradients(block({ [name]: road }));
const renamed = (names: Record<string, string>) => (i: BlockBackInputs) => {
  const all = gradients(block())(i) as { dx: Tensor; dmemory: Tensor; weights: ValueRecord };
  const other = Object.fromEntries(Object.entries(names).map(([to, from]) => [to, all.weights[from]]));
  return { ...all, weights: { ...all.weights, ...other } };
};

const backInputs = { dy: tokens('T'), ...blockInputs };

const decoderBlockBackward = exercise<typeof backInputs, BlockBackInputs>({
  points: 3,
  inputs: backInputs,
  sizes,
  where: spread,
  examples: someBlocks,
  parameters: ['dy'],
  backwardOf: { forward: 'decoderBlockForward', takes: ['x', 'memory', 'mask', 'memoryMask', 'weights', 'settings'] },
  oracle: gradients(block()),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 4 }), pure({ cases: 2 })],
  misconceptions: {
    'memory of self-attention dropped': {
      wrong: gradients((i) => {
        const { order, ownOf, read, feed, norms } = parts(i);
        const a = residual(i.x, norms[0], order, ownOf(unheard));
        return residual(residual(a, norms[1], order, read), norms[2], order, feed);
      }),
      says: 'Your dx lacks what came back through self-attention’s keys and values: there x was the memory too. selfAttentionBackward adds both; multiHeadBackward keeps them apart.',
    },
    'nothing for the memory': {
      wrong: (i) => {
        const all = gradients(block())(i) as { dx: Tensor; dmemory: Tensor; weights: ValueRecord };
        return { ...all, dmemory: zerosLike(all.dmemory) };
      },
      says: 'Your dmemory is zero: the encoder would never hear of the loss. It is in what cross-attention’s backward returned.',
    },
    'every sublayer gets dy': {
      wrong: gradients((i) => {
        const { order, own, read, feed, norms } = parts(i);
        const a = residual(i.x, norms[0], order, own);
        const c = residual(unheard(a), norms[1], order, read);
        const y = residual(unheard(c), norms[2], order, feed);
        return heard(y, y, c, a);
      }),
      says: 'You give dy to all three connections. Only the last one made y; below it, the upstream gradient is the dx of the one above.',
    },
    'self-attention gets what cross-attention got': {
      wrong: gradients((i) => {
        const { order, own, read, feed, norms } = parts(i);
        const a = residual(i.x, norms[0], order, own);
        const c = residual(unheard(a), norms[1], order, read);
        return residual(heard(c, c, a), norms[2], order, feed);
      }),
      says: 'You give the feed-forward layer’s dx to both attentions. Self-attention stands below cross-attention: its upstream gradient is the dx of that one.',
    },
    'stopped before self-attention': {
      wrong: gradients((i) => {
        const { order, own, read, feed, norms } = parts(i);
        const a = residual(unheard(i.x), norms[0], order, own);
        return residual(residual(heard(a, a, i.x), norms[1], order, read), norms[2], order, feed);
      }),
      says: 'Your dx is the gradient of a, behind self-attention. x stands before it.',
    },
    'residual dropped around self-attention': {
      wrong: withoutRoad('selfAttention'),
      says: 'Around self-attention nothing comes back into your dx. There x was added.',
    },
    'residual dropped around cross-attention': {
      wrong: withoutRoad('crossAttention'),
      says: 'Around cross-attention nothing comes back: self-attention hears only what went through the reading of the memory.',
    },
    'residual dropped around the feed-forward layer': {
      wrong: withoutRoad('feedForward'),
      says: 'Around the feed-forward layer nothing comes back: both attentions hear only what went through that layer.',
    },
    'the two attentions’ gradients exchanged': {
      wrong: renamed({ selfAttention: 'crossAttention', crossAttention: 'selfAttention' }),
      says: 'What you return as selfAttention is the gradient of crossAttention, and the other way round.',
    },
    'the upper norms’ gradients exchanged': {
      wrong: renamed({ norm2: 'norm3', norm3: 'norm2' }),
      says: 'norm2 and norm3 have changed places among your gradients. norm2 is cross-attention’s, norm3 the feed-forward layer’s.',
    },
    'the norms’ gradients in the order of the walk': {
      wrong: renamed({ norm1: 'norm3', norm3: 'norm1' }),
      says: 'norm1 and norm3 have changed places among your gradients. You walk from the last sublayer to the first; norm1 is still self-attention’s.',
    },
  },
  hints: [
    'Three calls of residualBackward, in the reverse order of the forward pass.',
    'The dx (B, T, C) of each is the upstream gradient of the next. dmemory (B, S, C) is in the `inner` of one of them.',
    'feedForwardBackward, multiHeadBackward, selfAttentionBackward, each with its cache. In cross-attention x and the memory are two things: nothing is added there.',
    'const c = residualBackward(f.dx, multiHeadBackward, cache.crossAttention); … dmemory: c.inner.dmemory, weights: { …, crossAttention: c.inner.weights, norm2: c.norm, … }',
  ],
});

// The stack

interface StackInputs extends Omit<BlockInputs, 'weights'> {
  blocks: DecoderBlock[];
}
type LiftedStack = Plain<StackInputs, 'mask' | 'memoryMask' | 'settings'>;
const stackInputs = { ...reading, blocks: listOf('L', blockWeights), settings };
const stackSizes = { ...sizes, L: [0, 2], S: [1, 2], d: [2, 2] } as const;
const someStacks = (['pre', 'post'] as const).map((order, k) => ({
  ...somePlace(17 + 4 * k, order),
  blocks: [70, 150, 230].map((seed) => someBlock(seed + k, 4, 1)),
})) as never;

/** A step takes the memory too, so that a wrong stack can keep it from hearing. */
type Step = (t: VarTensor, w: Lifted<DecoderBlock>, memory: VarTensor) => VarTensor;
type Composition = (i: LiftedStack, step: Step) => VarTensor;
const right: Composition = ({ x, memory, blocks }, step) => inTurn(x, blocks, (t, w) => step(t, w, memory));

const stack =
  (composition: Composition): Definition<LiftedStack> =>
  (i) => ({
    y: composition(i, (t, w, memory) => decoderBlock(t, memory, i.mask, i.memoryMask, w, i.settings)),
  });
const stackValue = (composition: Composition) => valueOf(stack(composition), { plain });

const decoderForward = exercise<typeof stackInputs, StackInputs>({
  points: 1,
  inputs: stackInputs,
  sizes: stackSizes,
  where: spread,
  examples: someStacks,
  uses: ['decoderBlockForward'],
  oracle: stackValue(right),
  checks: [agrees({ cases: 4 }), pure({ cases: 2 })],
  misconceptions: {
    'looks ahead': {
      wrong: (i) => stackValue(right)({ ...i, mask: ones(1, 1) }),
      says: 'mask changes nothing in your result: every token sees those that come after it.',
    },
    'reads the padding': {
      wrong: (i) => stackValue(right)({ ...i, memoryMask: ones(1, 1) }),
      says: 'memoryMask changes nothing in your result: the padding of the source is read like everything else.',
    },
    'every block reads x': {
      wrong: stackValue(({ x, memory, blocks }, step) => (blocks.length > 0 ? step(x, blocks.at(-1)!, memory) : x)),
      says: 'Each of your blocks reads x, so only the last one counts. A block reads what the one before it gave.',
    },
    'the last block first': {
      wrong: stackValue(({ x, memory, blocks }, step) => inTurn(x, blocks.toReversed(), (t, w) => step(t, w, memory))),
      says: 'Your tokens go through the blocks from the last to the first.',
    },
    'only the first block': {
      wrong: stackValue(({ x, memory, blocks }, step) => inTurn(x, blocks.slice(0, 1), (t, w) => step(t, w, memory))),
      says: 'What you return has been through the first block only.',
    },
    'one block’s weights for all': {
      wrong: stackValue(({ x, memory, blocks }, step) => inTurn(x, blocks, (t) => step(t, blocks[0]!, memory))),
      says: 'Every one of your blocks has the weights of the first.',
    },
  },
  hints: [
    'The loop of encoderForward. What changes from block to block, and what does not?',
    'y is (B, T, C) throughout; the memory (B, S, C) and both masks go into every block as they are.',
    'The cache holds the blocks’ caches, the first one first, and the memory, whose shape the way back needs.',
    'const caches = blocks.map((weights) => { const block = decoderBlockForward(y, memory, mask, memoryMask, weights, settings); y = block.y; return block.cache; });',
  ],
});

interface StackBackInputs extends StackInputs {
  dy: Tensor;
}
const stackGradients = (composition: Composition) =>
  withMargin<StackBackInputs>(
    gradientOf<LiftedStack>(stack(composition), {
      upstream: { y: 'dy' },
      wrt: { dx: 'x', dmemory: 'memory', blocks: 'blocks' },
      plain,
    }),
    stack(right),
    plain,
  );
/** The memory hears the chosen blocks only. */
const hearing = (chosen: (l: number, count: number) => boolean) =>
  stackGradients(({ x, memory, blocks }, step) =>
    inTurn(x, blocks, (t, w, l) => step(t, w, chosen(l, blocks.length) ? memory : unheard(memory))),
  );
type StackResult = { dx: Tensor; dmemory: Tensor; blocks: ValueRecord[] };
const afterwards = (change: (all: StackResult, i: StackBackInputs) => Partial<StackResult>) => (i: StackBackInputs) => {
  const all = stackGradients(right)(i) as StackResult;
  return { ...all, ...change(all, i) };
};

const stackBackInputs = { dy: tokens('T'), ...stackInputs };

const decoderBackward = exercise<typeof stackBackInputs, StackBackInputs>({
  points: 2,
  inputs: stackBackInputs,
  sizes: stackSizes,
  where: spread,
  examples: someStacks,
  parameters: ['dy'],
  uses: ['decoderBlockBackward'],
  backwardOf: { forward: 'decoderForward', takes: ['x', 'memory', 'mask', 'memoryMask', 'blocks', 'settings'] },
  oracle: stackGradients(right),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 4 }), pure({ cases: 2 })],
  misconceptions: {
    'memory’s gradient written over': {
      wrong: hearing((l) => l === 0),
      says: 'Your dmemory is that of one block, the one you came to last: each block writes over what the others had to say. All of them read the memory.',
    },
    'memory’s gradient of the last block only': {
      wrong: hearing((l, count) => l === count - 1),
      says: 'Your dmemory is that of the last block. The blocks below it read the memory too.',
    },
    'memory’s gradient averaged': {
      wrong: afterwards(({ dmemory }, { blocks }) => ({ dmemory: dmemory.div(blocks.length || 1) })),
      says: 'Your dmemory is a mean over the blocks. What is used in several places gets the sum.',
    },
    'gradients in the order of the walk': {
      wrong: afterwards(({ blocks }) => ({ blocks: blocks.toReversed() })),
      says: 'Your list of gradients begins with the last block. You walk from the last to the first; the list is the other way round.',
    },
    'from the first block to the last': {
      wrong: stackGradients(({ x, memory, blocks }, step) => backUpwards(x, blocks, (t, w) => step(t, w, memory))),
      says: 'You start your way back at the first block. dy is the gradient of what the last one gave.',
    },
    'every block gets dy': {
      wrong: stackGradients(({ x, memory, blocks }, step) => backFromTheTop(x, blocks, (t, w) => step(t, w, memory))),
      says: 'You give dy to every block. Below the last one, a block’s upstream gradient is the dx of the block above it.',
    },
  },
  hints: [
    'encoderBackward, with a second thing to keep an eye on: the memory was read by every block.',
    'dx (B, T, C) is handed from block to block; dmemory (B, S, C) begins as zeros and grows.',
    'Each block’s dmemory is added to the sum, and goes nowhere else.',
    'const block = decoderBlockBackward(dx, blockCache); blocks.unshift(block.weights); dx = block.dx; dmemory = dmemory.add(block.dmemory);',
  ],
});

export const decoder = topic('decoder', 'The decoder: reading while writing', {
  decoderBlockForward,
  decoderBlockBackward,
  decoderForward,
  decoderBackward,
});
