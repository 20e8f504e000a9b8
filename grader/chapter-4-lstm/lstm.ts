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
    'nothing written': {
      wrong: slipped({ noWrite: true }),
      says: 'Your new cell is what was kept of the old one, and nothing more: neither input gate nor candidate has a say in it.',
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
      wrong: slipped({ without: 'bHh' }),
      says: 'bHh changes nothing in your result. It is one bias too many for mathematics, but it is there, and it is added.',
    },
    'gate order i, g, f, o': {
      wrong: slipped({ order: [0, 2, 1, 3] }),
      says: 'Your second and third block of rows are exchanged: here the forget gate comes before the candidate. Old weights from TensorFlow have them the other way round.',
    },
    'blocks taken unit by unit': {
      wrong: slipped({ interleaved: true }),
      says: 'You take every fourth column for one gate. The columns come in four blocks of H: first all H units’ input gates, then all their forget gates, and so on.',
    },
    'nothing forgotten': {
      wrong: slipped({ keep: 'all' }),
      says: 'The old cell goes into the new one whole: the forget gate has no say in your result. In the paper of 1997 there was none; here there is.',
    },
    '1 − f kept': {
      wrong: slipped({ keep: 'rest' }),
      says: 'You keep 1 − f of the old cell. In spite of its name the forget gate says what is kept: near 1 everything stays.',
    },
    'first bias left out': {
      wrong: slipped({ without: 'bIh' }),
      says: 'bIh changes nothing in your result. Both biases are added.',
    },
    'both biases left out': {
      wrong: slipped({ without: 'both' }),
      says: 'Neither bias changes anything in your result. Both are added before the gates.',
    },
    'cell squashed by a sigmoid': {
      wrong: slipped({ shown: 'sigmoid' }),
      says: 'Your hidden state is never negative: the cell goes out through a sigmoid. σ is for gates; what is shown has a sign.',
    },
    'tanh after the output gate': {
      wrong: slipped({ shown: 'tanhAfterGate' }),
      says: 'You gate the cell first and squash the product. The tanh belongs to the cell; the gate multiplies what comes out of it.',
    },
    'squashed cell handed on': {
      wrong: slipped({ squashedCell: true }),
      says: 'The c that you return has been through the tanh. Only what is shown is squashed; the cell itself goes on as it is, or it could not hold anything for long.',
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
      wrong: slippedBack({ forgetSees: 'newCell' }),
      says: 'The slope of the forget gate is taken with the cell state after the step. Look at the forward line: which cell state does f multiply?',
    },
    '1 − c² for 1 − tanh²(c)': {
      wrong: slippedBack({ cellSlope: 'raw' }),
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
    'tanh′ missing on the way to the cell': {
      wrong: slippedBack({ cellSlope: 'none' }),
      says: 'Between h′ and the cell stands a tanh, and your gradient passes it as if it were not there.',
    },
    '1 − tanh(c) for 1 − tanh²(c)': {
      wrong: slippedBack({ cellSlope: 'notSquared' }),
      says: 'You take 1 minus the tanh of the cell. Something is not squared.',
    },
    'tanh′ at the old cell': {
      wrong: slippedBack({ cellSlope: 'oldCell' }),
      says: 'You take the slope of the tanh at the cell state before the step. It was the new one that went through it; its tanh is in the cache.',
    },
    'output gate missing on the way to the cell': {
      wrong: slippedBack({ noOutputGate: true }),
      says: 'On its way from h′ back to the cell your gradient does not meet the output gate. What multiplied tanh(c′) on the way there?',
    },
    'next step’s gradient through the tanh': {
      wrong: slippedBack({ nextThroughTanh: true }),
      says: 'You send dc through the slope of tanh as well. The next step reads the cell directly; only h′ sees it through a tanh.',
    },
    'forget gate judged by the squashed cell': {
      wrong: slippedBack({ forgetSees: 'tanhCell' }),
      says: 'The slope of the forget gate is taken with tanh(c′). Look at the forward line: which cell state does f multiply, and is it squashed?',
    },
    'output gate from the whole gradient of the cell': {
      wrong: slippedBack({ outputFromCell: true }),
      says: 'The output gate’s gradient is made from δ, the gradient of the cell. The gate stands behind the cell, in h′ alone: its upstream gradient is dh.',
    },
    'no slopes at the gates and the candidate': {
      wrong: slippedBack({ gateSlope: 'none', candidateSlope: 'none' }),
      says: 'Your four blocks are gradients of i, f, g and o themselves. Each of them came out of a σ or a tanh, and that has to be gone back through.',
    },
    'no slopes at the gates': {
      wrong: slippedBack({ gateSlope: 'none' }),
      says: 'The gates’ gradients do not go back through their sigmoids.',
    },
    'no slope at the candidate': {
      wrong: slippedBack({ candidateSlope: 'none' }),
      says: 'The candidate’s gradient does not go back through its tanh.',
    },
    'gate gradients in the order f, i, g, o': {
      wrong: slippedBack({ order: [1, 0, 2, 3] }),
      says: 'The gradients of the input and of the forget gate land in each other’s rows. Join the blocks in the order in which they were cut.',
    },
    'only the next step’s gradient gated': {
      wrong: slippedBack({ nextGatedOnly: true }),
      says: 'The dc you hand back is f times the dc that came in. The whole gradient of the cell goes back through f, with what came through h′.',
    },
    'all gradients averaged over the batch': {
      wrong: slippedBack({ allAveraged: true }),
      says: 'The gradients of your matrices and biases are means over the batch. If the loss is a mean, dh knows it already; here sums are due.',
    },
    'gate gradients in the order i, g, f, o': {
      wrong: slippedBack({ order: [0, 2, 1, 3] }),
      says: 'The gradients of the forget gate and of the candidate land in each other’s rows. Join the blocks in the order in which they were cut.',
    },
    'no slope at the output gate': {
      wrong: slippedBack({ outputFlat: true }),
      says: 'Three of your four blocks go back through their σ or tanh; the output gate’s does not.',
    },
    'next step’s gradient handed on twice': {
      wrong: slippedBack({ nextTwice: true }),
      says: 'The dc that came in stands twice in the dc you hand back: within δ, which goes through the forget gate, and once more as it came. There is one road.',
    },
    'wHh from the state after the step': {
      wrong: slippedBack({ newHidden: true }),
      says: 'The gradient of wHh is made with h′. Which hidden state met these weights, the one before the step or the one after it?',
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
    'hidden state not handed on': {
      wrong: slippedRun({ forgetHidden: true }),
      says: 'The cell travels from step to step, but every step reads h0. The gates look at the hidden state of the step before.',
    },
    'initial cell state ignored': {
      wrong: slippedRun({ zeroCell: true }),
      says: 'Your cell starts from zeros whatever c0 is. Both states may come from an earlier piece of the sequence.',
    },
    'states exchanged on their way into the step': {
      wrong: slippedRun({ exchanged: true }),
      says: 'Your steps take the cell for the hidden state and the other way round: lstmStep wants x, h, c, in this order.',
    },
    'read from the end': {
      wrong: slippedRun({ fromTheEnd: true }),
      says: 'Your first step reads the last input. Time runs from row 0 on.',
    },
    'states before the steps': {
      wrong: slippedRun({}, (r, i) => ({ y: stack([i.h0, ...r.raw.slice(0, -1)]) })),
      says: 'Your outputs are the states as they were before each step: h0 is among them, and the last one is not.',
    },
    'squashed final cell': {
      wrong: slippedRun({}, (r) => ({ cn: r.state.c.tanh() })),
      says: 'Your cn is tanh of the cell. The cell is handed on as it is.',
    },
    'cell state never changed': {
      wrong: slippedRun({ keepsCell: 'always' }),
      says: 'c0 enters every one of your steps, and c0 is what you return as cn. What a step returns as c is what the next one starts from.',
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
    'cell gradient kept from the earlier steps': {
      wrong: slippedThrough({ cellStays: 'zero' }),
      says: 'Only the last step gets a dc; all before it are given zeros. What one step back returns as dc is what the next one back has to be given: that road is what the LSTM was invented for.',
    },
    'dcn at every step': {
      wrong: slippedThrough({ cellStays: 'final' }),
      says: 'Every step back is given dcn, the gradient from the very end. It belongs to the last step; the others get the dc that the step after them returned.',
    },
    'hidden gradient kept from the earlier steps': {
      wrong: slippedThrough({ hiddenStays: 'zero' }),
      says: 'Before the last step only dy_t enters: the dh that the step after it returned is lost.',
    },
    'dhn at every step': {
      wrong: slippedThrough({ hiddenStays: 'final' }),
      says: 'Every step back is given dhn, the gradient from the very end. It belongs to the last step; the others get the dh that the step after them returned.',
    },
    'hidden gradient never added': {
      wrong: slippedThrough({ hiddenStays: 'zero', noFinalHidden: true }),
      says: 'Each of your steps back hears its own dy_t only: neither dhn nor what the next step sends back through wHh has a part in it.',
    },
    'upstream gradient of the outputs ignored': {
      wrong: slippedThrough({ upstreamIgnored: true }),
      says: 'dy changes nothing in your result: only dhn and dcn come in. Every output may have been looked at.',
    },
    'outputs’ gradients in reverse': {
      wrong: slippedThrough({ upstreamReversed: true }),
      says: 'You take dy from its beginning while you walk from the end: at time t it is dy_t that joins.',
    },
    'gradients of hn and cn forgotten': {
      wrong: slippedThrough({ noFinalHidden: true, noFinalCell: true }),
      says: 'dhn and dcn change nothing in your result. Whoever continues from the final states has something to say about it too.',
    },
    'dh0 and dc0 exchanged': {
      wrong: slippedThrough({ startsExchanged: true }),
      says: 'dh0 and dc0 have changed places.',
    },
    'bias gradient of the last step only': {
      wrong: slippedThrough({ biasShare: 'last' }),
      says: 'The weight matrices collect over time, the biases do not: they hold the last time step’s share only.',
    },
    'input weights overwritten': {
      wrong: slippedThrough({ inputShare: 'first' }),
      says: 'Three of the four gradients collect over time; that of wIh holds the first time step’s share only.',
    },
    'input weights of the last step only': {
      wrong: slippedThrough({ inputShare: 'last' }),
      says: 'Three of the four gradients collect over time; that of wIh holds the last time step’s share only.',
    },
    'cell gradient never handed back': {
      wrong: slippedThrough({ neverBack: 'cell' }),
      says: 'What a step back returns as dc is never used: dcn enters every step, and dcn is your dc0. The dc of one step is what the step before it has to be given.',
    },
    'hidden gradient never handed back': {
      wrong: slippedThrough({ neverBack: 'hidden' }),
      says: 'What a step back returns as dh is never used: dhn enters every step, and dhn is your dh0. The dh of one step is what the step before it has to be given.',
    },
    'cell gradient never added': {
      wrong: slippedThrough({ cellStays: 'zero', noFinalCell: true }),
      says: 'Every one of your steps back is given a dc of zeros: neither dcn nor what the step after it returned has a part in it. That road is what the LSTM was invented for.',
    },
    'hidden gradient piled up': {
      wrong: slippedThrough({ piles: 'hidden' }),
      says: 'The dh of each step is added to all that came before it. What a step back returns holds everything from the future already: it replaces the old dh.',
    },
    'cell gradient piled up': {
      wrong: slippedThrough({ piles: 'cell' }),
      says: 'The dc of each step is added to all that came before it. What a step back returns holds everything from the future already: it replaces the old dc.',
    },
    'both gradients piled up': {
      wrong: slippedThrough({ piles: 'both' }),
      says: 'The dh and dc of each step are added to all that came before them. What a step back returns holds everything from the future already: it replaces the old ones.',
    },
    'shares averaged over time': {
      wrong: slippedThrough({ meanShare: true }),
      says: 'The weights’ gradients are means over the time steps. Something that is used T times collects T shares; if the loss is a mean, dy knows it already.',
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
