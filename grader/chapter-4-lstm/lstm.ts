/** Exercises of the LSTM: one step and whole sequences, forward and backward. */
import { stack, zeros, type Tensor } from '#tensor';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  pure,
  record,
  rejects,
  staysFinite,
  tensor,
  topic,
  valueOf,
  type Lifted,
} from '../engine/index.ts';
import {
  layer,
  layerBack,
  lstmCell,
  lstmLayer,
  smooth,
  step,
  stepBack,
  type BackSlips,
  type LayerSlips,
  type StepSlips,
  type TimeSlips,
  type Weights,
} from './definitions.ts';

// Weights between −1 and 1 keep the gates off their flat ends, where mistakes in a slope hardly show.
const small = { min: -1, max: 1 };
const weightsFor = (R: string) =>
  record({
    wIh: tensor('4H', 'D', small),
    wHh: tensor('4H', R, small),
    bIh: tensor('4H', small),
    bHh: tensor('4H', small),
  });

interface StepInputs {
  x: Tensor;
  h: Tensor;
  c: Tensor;
  weights: Weights;
}
const cell = (i: Lifted<StepInputs>) => lstmCell(i.x, i.h, i.c, i.weights);
const stepInputs = { x: tensor('B', 'D'), h: tensor('B', 'R'), c: tensor('B', 'H'), weights: weightsFor('R') };
const stepSizes = { B: [1, 4], D: [1, 3], R: [1, 4], H: [1, 3] } as const;

const slipped = (slips: StepSlips) => (i: StepInputs) => {
  const { h, c } = step(i.x, i.h, i.c, i.weights, slips);
  return { h, c };
};

/** Inputs whose shapes are chosen one by one. */
const shaped = (x: number[], h: number[], c: number[], wIh: number[], wHh: number[]) => ({
  x: zeros(...x),
  h: zeros(...h),
  c: zeros(...c),
  weights: { wIh: zeros(...wIh), wHh: zeros(...wHh), bIh: zeros(wHh[0]!), bHh: zeros(wHh[0]!) },
});

const lstmStep = exercise({
  points: 3,
  inputs: stepInputs,
  sizes: stepSizes,
  oracle: valueOf(cell),
  checks: [
    agrees({ cases: 20 }),
    staysFinite({ scale: 1000, cases: 6 }),
    pure({ cases: 3 }),
    rejects(
      'states that do not fit the input or the weights',
      [
        shaped([2, 3], [2, 2], [2, 2], [8, 1], [8, 2]),
        shaped([2, 3], [2, 3], [2, 2], [8, 3], [8, 2]),
        shaped([3, 1], [1, 2], [3, 2], [8, 1], [8, 2]),
        shaped([3, 1], [3, 2], [1, 2], [8, 1], [8, 2]),
        shaped([3, 1], [3, 2], [3, 1], [8, 1], [8, 2]),
        shaped([3, 1], [3, 2], [2], [8, 1], [8, 2]),
      ],
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'gate order i, f, o, g': {
      wrong: slipped({ order: [0, 1, 3, 2] }),
      says: 'Your third and fourth block of rows are exchanged: the candidate comes before the output gate here. Other libraries order them otherwise, and weights know nothing of names.',
    },
    'forget and input gate exchanged': {
      wrong: slipped({ order: [1, 0, 2, 3] }),
      says: 'What should be kept is decided by the rows of the input gate, and what should be written by those of the forget gate. Which block comes first?',
    },
    'sigmoid on the candidate': {
      wrong: slipped({ candidate: 'sigmoid' }),
      says: 'Your candidate is never negative, so your cell could only ever grow. Three of the four blocks are gates; the fourth is content.',
    },
    'no tanh on the way out': {
      wrong: slipped({ noOutputTanh: true }),
      says: 'Your hidden state shows the bare cell. The cell has no bounds; what the rest of the network gets to see should have some.',
    },
    'the old cell shown': {
      wrong: slipped({ oldCellOut: true }),
      says: 'Your hidden state is made from the cell as it was before this step. Write first, then show.',
    },
    'write and keep tied': {
      wrong: slipped({ coupled: true }),
      says: 'You write exactly as much as you forget, 1 − f. That is a variant of its own; here the input gate is free to do both, or neither.',
    },
    'candidate not gated': {
      wrong: slipped({ ungatedWrite: true }),
      says: 'The whole candidate goes into the cell at every step: the input gate has no say in your result.',
    },
    'second bias left out': {
      wrong: slipped({ oneBias: true }),
      says: 'bHh changes nothing in your result. It is one bias too many for mathematics, but it is there, and it is added.',
    },
  },
  hints: [
    'Two states go in and two come out. One is changed by keeping and adding only; the other is a filtered view of it.',
    'x wIhᵀ and h wHhᵀ are both (B, 4H): add them and both biases, then cut along axis 1 into four of (B, H).',
    'c′ = f ⊙ c + i ⊙ g and h′ = o ⊙ tanh(c′), with σ on blocks 0, 1 and 3 and tanh on block 2.',
    'const a = x.matmul(wIh.T).add(bIh).add(h.matmul(wHh.T)).add(bHh); const [ai, af, ag, ao] = split(a, 4, 1);',
  ],
});

interface StepBackInputs extends StepInputs {
  dh: Tensor;
  dc: Tensor;
}

const slippedBack = (slips: BackSlips) => (i: StepBackInputs) => {
  const { dx, dh, dc, weights } = stepBack(i.dh, i.dc, step(i.x, i.h, i.c, i.weights).memory, slips);
  return { dx, dh, dc, weights };
};

const lstmStepBackward = exercise({
  points: 4,
  inputs: { dh: tensor('B', 'H'), dc: tensor('B', 'H'), ...stepInputs },
  sizes: stepSizes,
  parameters: ['dh', 'dc'],
  backwardOf: { forward: 'lstmStep', takes: ['x', 'h', 'c', 'weights'] },
  oracle: smooth(
    gradientOf<Lifted<StepInputs>>(cell, {
      upstream: { h: 'dh', c: 'dc' },
      wrt: { dx: 'x', dh: 'h', dc: 'c', weights: 'weights' },
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dh', 'dc'], cases: 16 }), pure({ cases: 3 })],
  misconceptions: {
    'forget gate judged by the new cell': {
      wrong: slippedBack({ forgetSeesNewCell: true }),
      says: 'The slope of the forget gate is taken with the cell state after the step. Look at the forward line: which cell state does f multiply?',
    },
    '1 − c² for 1 − tanh²(c)': {
      wrong: slippedBack({ slopeOfRawCell: true }),
      says: 'The derivative of tanh is 1 minus the square of its OUTPUT. You squared what went in, the cell itself.',
    },
    'sigmoid’s slope on the candidate': {
      wrong: slippedBack({ candidateSlope: 'sigmoid' }),
      says: 'The candidate came out of a tanh, and went back through the slope of a sigmoid.',
    },
    'tanh’s slope on the gates': {
      wrong: slippedBack({ gateSlope: 'tanh' }),
      says: 'The gates came out of sigmoids, and went back through the slope of tanh.',
    },
    'slope of a value squashed twice': {
      wrong: slippedBack({ squashedTwice: true }),
      says: 'The gates in the cache have been through their σ and tanh already; you put them through once more before taking the slope.',
    },
    'gradient of the cell from the next step dropped': {
      wrong: slippedBack({ cellFromHidden: true }),
      says: 'Your dc, as it comes in, changes nothing. The new cell state is read twice: by h′ now, and by the next step, and the second is the road on which gradients travel far.',
    },
    'gradient through h′ overwritten': {
      wrong: slippedBack({ cellFromNext: true }),
      says: 'The cell’s gradient is only what comes from the next step: dc is set where it should be added to. h′ reads the cell too.',
    },
    'cell’s gradient not gated on its way back': {
      wrong: slippedBack({ cellUngated: true }),
      says: 'The dc you hand back is the gradient of the NEW cell. The old one was multiplied by something on its way in.',
    },
    'output gate judged by the bare cell': {
      wrong: slippedBack({ outputSeesRawCell: true }),
      says: 'The output gate multiplied tanh(c′), not c′. What stands beside it in the product is what it gets back.',
    },
    'gate gradients in the order i, f, o, g': {
      wrong: slippedBack({ order: [0, 1, 3, 2] }),
      says: 'The gradients of the candidate and of the output gate land in each other’s rows. Join the blocks in the order in which they were cut.',
    },
    'bias gradient not summed over the batch': {
      wrong: slippedBack({ biasNotSummed: true }),
      says: 'Your bias gradients still have a row per sample. One bias served them all: their contributions add up.',
    },
    'bias gradient averaged over the batch': {
      wrong: slippedBack({ biasAveraged: true }),
      says: 'Your bias gradients are means over the batch. If the loss is a mean, dh knows it already; here sums are due.',
    },
  },
  hints: [
    'Draw the step as a graph and walk it backwards. Which arrows leave c′? Which leave h′?',
    'First δ (B, H), the whole gradient of c′; then four blocks of (B, H), joined to da (B, 4H); then five products with da.',
    'Each block is: upstream, times its partner in the product, times the slope of its own σ or tanh, from the value in the cache.',
    'const delta = dc.add(dh.mul(o).mul(tanhC.square().neg().add(1))); and for the forget gate delta.mul(c).mul(f).mul(f.neg().add(1)).',
  ],
});

interface SequenceInputs {
  x: Tensor;
  h0: Tensor;
  c0: Tensor;
  weights: Weights;
}
const whole = (i: Lifted<SequenceInputs>) => {
  const { y, state } = lstmLayer(i.x, { h: i.h0, c: i.c0 }, i.weights);
  return { y, hn: state.h, cn: state.c };
};
const sequenceInputs = {
  x: tensor('T', 'B', 'D'),
  h0: tensor('B', 'H'),
  c0: tensor('B', 'H'),
  weights: weightsFor('H'),
};
const sequenceSizes = { T: [1, 4], B: [1, 3], D: [1, 3], H: [1, 3] } as const;

const run = (i: SequenceInputs, slips: LayerSlips = {}) => layer(i.x, { h: i.h0, c: i.c0 }, i.weights, slips);
const slippedRun =
  (
    slips: LayerSlips,
    change: (r: ReturnType<typeof layer>, i: SequenceInputs) => Partial<Record<'y' | 'hn' | 'cn', Tensor>> = () => ({}),
  ) =>
  (i: SequenceInputs) => {
    const r = run(i, slips);
    return { y: r.y, hn: r.state.h, cn: r.state.c, ...change(r, i) };
  };

const lstmForward = exercise({
  points: 2,
  uses: ['lstmStep'],
  inputs: sequenceInputs,
  sizes: sequenceSizes,
  oracle: valueOf(whole),
  checks: [agrees({ cases: 12 }), pure({ cases: 3 })],
  misconceptions: {
    'every step from the first state': {
      wrong: slippedRun({ forgetState: true }),
      says: 'Each of your steps starts from h0 and c0 again, so nothing is remembered. What a step returns is what the next one starts from.',
    },
    'cell state not handed on': {
      wrong: slippedRun({ forgetCell: true }),
      says: 'The hidden state travels from step to step, but every step starts from c0. The cell is the memory; it has to travel too.',
    },
    'initial states ignored': {
      wrong: slippedRun({ zeroStart: true }),
      says: 'You start from zeros whatever h0 and c0 are. A sequence may be the second half of a longer one.',
    },
    'batch first': {
      wrong: slippedRun({}, (r) => ({ y: r.y.transpose(1, 0, 2) })),
      says: 'Your outputs are (B, T, H). In this chapter time comes first.',
    },
    'cell states as outputs': {
      wrong: slippedRun({}, (r) => ({ y: stack(r.cells) })),
      says: 'Your outputs are the cell states. The cell is private; what a layer gives out is its hidden state.',
    },
    'hn and cn exchanged': {
      wrong: slippedRun({}, (r) => ({ hn: r.state.c, cn: r.state.h })),
      says: 'hn and cn have changed places.',
    },
    'outputs in reverse': {
      wrong: slippedRun({}, (r) => ({ y: stack([...r.raw].reverse()) })),
      says: 'Your outputs run backwards in time: the last hidden state comes first.',
    },
  },
  hints: [
    'There is nothing new in it: the same step, T times, each from the states that the last one returned.',
    'x.row(t) is (B, D). Collect T hidden states of (B, H) and T caches; stack the former to (T, B, H).',
    'hn and cn are the states after the last step; hn is also the last entry of y.',
    'const step = lstmStep(x.row(t), h, c, weights); h = step.h; c = step.c; outputs.push(h); steps.push(step.cache);',
  ],
});

interface SequenceBackInputs extends SequenceInputs {
  dy: Tensor;
  dhn: Tensor;
  dcn: Tensor;
}

const slippedThrough = (slips: TimeSlips) => (i: SequenceBackInputs) => {
  const back = layerBack(i.dy, { h: i.dhn, c: i.dcn }, run(i), slips);
  return { dx: back.dx, dh0: back.dstate.h, dc0: back.dstate.c, weights: { ...back.layer } };
};

const lstmBackward = exercise({
  points: 4,
  uses: ['lstmStepBackward'],
  inputs: { dy: tensor('T', 'B', 'H'), dhn: tensor('B', 'H'), dcn: tensor('B', 'H'), ...sequenceInputs },
  sizes: sequenceSizes,
  parameters: ['dy', 'dhn', 'dcn'],
  backwardOf: { forward: 'lstmForward', takes: ['x', 'h0', 'c0', 'weights'] },
  oracle: smooth(
    gradientOf<Lifted<SequenceInputs>>(whole, {
      upstream: { y: 'dy', hn: 'dhn', cn: 'dcn' },
      wrt: { dx: 'x', dh0: 'h0', dc0: 'c0', weights: 'weights' },
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy', 'dhn', 'dcn'], cases: 8 }), pure({ cases: 2 })],
  misconceptions: {
    'cell gradient dropped between time steps': {
      wrong: slippedThrough({ dropCell: true }),
      says: 'Your cell’s gradient dies at every step: each step back starts again from dc = 0. That road through the cells is what the LSTM was invented for.',
    },
    'hidden gradient dropped between time steps': {
      wrong: slippedThrough({ dropHidden: true }),
      says: 'Only the cell’s gradient goes from step to step. The next step read the hidden state as well, through wHh.',
    },
    'input weights from the last input only': {
      wrong: slippedThrough({ lastInput: true }),
      says: 'Every step’s share of wIh’s gradient is taken with the last x of the sequence. At time t it was x_t that met these weights.',
    },
    'only the last step’s share': {
      wrong: slippedThrough({ keepShare: 'last' }),
      says: 'The weights’ gradients hold what the last time step contributed and nothing else. The same weights served at every step.',
    },
    'shares overwritten': {
      wrong: slippedThrough({ keepShare: 'first' }),
      says: 'The weights’ gradients are those of the first time step alone: each step back overwrites what the others had put there.',
    },
    'bias gradient not summed over time': {
      wrong: slippedThrough({ biasShare: 'first' }),
      says: 'The weight matrices collect over time, the biases do not: they hold the first time step’s share only.',
    },
    'gradient of hn forgotten': {
      wrong: slippedThrough({ noFinalHidden: true }),
      says: 'dhn changes nothing in your result. Whoever continues from hn has something to say about it too.',
    },
    'gradient of cn forgotten': {
      wrong: slippedThrough({ noFinalCell: true }),
      says: 'dcn changes nothing in your result. Whoever continues from cn has something to say about it too.',
    },
    'upstream gradient at the last step only': {
      wrong: slippedThrough({ lastUpstreamOnly: true }),
      says: 'Only the last entry of dy enters. Every output may have been looked at, so at every step dy_t joins what comes from the future.',
    },
    'gradients of h0 and c0 forgotten': {
      wrong: slippedThrough({ noStart: true }),
      says: 'dh0 and dc0 are zeros. They are what is left in your hands after the last step back.',
    },
    'dx in the order of computation': {
      wrong: slippedThrough({ computedOrder: true }),
      says: 'Your dx runs backwards in time: its first entry belongs to the last step. You walk from the end, so put each dx_t in its place.',
    },
    'walked forwards': {
      wrong: slippedThrough({ upwards: true }),
      says: 'You walk from the first step to the last. A gradient comes from the future: which step must be done before which?',
    },
  },
  hints: [
    'Read your forward loop from the bottom to the top. What a step handed to the next one is what comes back to it.',
    'Carry dh and dc, both (B, H), from step to step; start from dhn and dcn. At time t the step’s h also receives dy_t.',
    'Weights were used T times, so their gradients are sums of T shares; dx has one entry per time, in the order of x.',
    'const back = lstmStepBackward(dy.row(t).add(dh), dc, cache.steps[t]); dh = back.dh; dc = back.dc;',
  ],
});

export const lstm = topic('lstm', 'The LSTM: a memory that is added to', {
  lstmStep,
  lstmStepBackward,
  lstmForward,
  lstmBackward,
});
