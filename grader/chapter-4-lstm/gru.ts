/** Exercises of the GRU: one step and whole sequences, forward and backward. */
import { concat, split, stack, zeros, type Tensor } from '#tensor';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  pure,
  range,
  record,
  rejects,
  staysFinite,
  sum,
  table,
  tensor,
  topic,
  valueOf,
  type Lifted,
  type Var,
  type VarTensor,
} from '../engine/index.ts';
import { affine, moment, sequence, smooth, type Weights } from './definitions.ts';

const small = { min: -1, max: 1 };
const weights = record({
  wIh: tensor('3H', 'D', small),
  wHh: tensor('3H', 'H', small),
  bIh: tensor('3H', small),
  bHh: tensor('3H', small),
});

/** What students take for a GRU. */
interface CellSlips {
  /** As in the paper: the reset gate before the product with the weights. */
  resetFirst?: boolean;
  biasOutside?: boolean;
  swapped?: boolean;
  /** Which block is taken for r, z and n. */
  order?: [number, number, number];
  resetAll?: boolean;
  newContent?: 'sigmoid' | 'bare';
  noReset?: boolean;
  without?: 'bIh' | 'bHh' | 'both';
  /** What becomes of the two parts of the weighted mean. */
  mean?: 'newInFull' | 'oldInFull' | 'newOnly';
}

/** One step, entry by entry; the form with both biases and the reset after the product, as PyTorch has it. */
function cell(x: VarTensor, h: VarTensor, w: Lifted<Weights>, slips: CellSlips = {}): VarTensor {
  const [B, H] = [h.shape[0]!, h.shape[1]!];
  const [R, Z, N] = slips.order ?? [0, 1, 2];
  const kept = (b: Var, name: string) => (slips.without === name || slips.without === 'both' ? b.mul(0) : b);
  const xBias = table([w.bIh.shape[0]!], (row) => kept(w.bIh.at(row!), 'bIh'));
  const fromX = (block: number, b: number, k: number) => affine(x, w.wIh, xBias, b, block * H + k);
  const product = (v: VarTensor, row: number, b: number) => sum(range(H, (j) => v.at(b, j).mul(w.wHh.at(row, j))));
  const bias = (row: number) => kept(w.bHh.at(row), 'bHh');
  const fromH = (block: number, b: number, k: number) => product(h, block * H + k, b).add(bias(block * H + k));
  const gates = (block: number) =>
    table([B, H], (b, k) =>
      fromX(block, b!, k!)
        .add(fromH(block, b!, k!))
        .sigmoid(),
    );
  const [r, z] = [gates(R), gates(Z)];
  const resetH = table([B, H], (b, k) => r.at(b!, k!).mul(h.at(b!, k!)));
  return table([B, H], (b, k) => {
    const [i, j] = [b!, k!];
    const row = N * H + j;
    const past = slips.resetFirst
      ? product(resetH, row, i).add(bias(row))
      : slips.biasOutside
        ? r
            .at(i, j)
            .mul(product(h, row, i))
            .add(bias(row))
        : slips.noReset
          ? fromH(N, i, j)
          : r.at(i, j).mul(fromH(N, i, j));
    const before = slips.resetAll ? r.at(i, j).mul(fromX(N, i, j).add(fromH(N, i, j))) : fromX(N, i, j).add(past);
    const n = slips.newContent === 'sigmoid' ? before.sigmoid() : slips.newContent ? before : before.tanh();
    const keep = slips.swapped ? z.at(i, j).neg().add(1) : z.at(i, j);
    const [fresh, old] = [n.mul(keep.neg().add(1)), keep.mul(h.at(i, j))];
    if (slips.mean === 'newOnly') return fresh;
    return slips.mean === 'newInFull'
      ? n.add(old)
      : slips.mean === 'oldInFull'
        ? fresh.add(h.at(i, j))
        : fresh.add(old);
  });
}

interface StepInputs {
  x: Tensor;
  h: Tensor;
  weights: Weights;
}
const oneStep =
  (slips: CellSlips = {}) =>
  (i: Lifted<StepInputs>) => ({ h: cell(i.x, i.h, i.weights, slips) });
const stepInputs = { x: tensor('B', 'D'), h: tensor('B', 'H'), weights };
const stepSizes = { B: [1, 4], D: [1, 4], H: [1, 3] } as const;
const slipped = (slips: CellSlips) => valueOf(oneStep(slips));

const shaped = (x: number[], h: number[], wIh: number[], wHh: number[]) => ({
  x: zeros(...x),
  h: zeros(...h),
  weights: { wIh: zeros(...wIh), wHh: zeros(...wHh), bIh: zeros(wHh[0]!), bHh: zeros(wHh[0]!) },
});

const gruStep = exercise({
  points: 3,
  inputs: stepInputs,
  sizes: stepSizes,
  oracle: valueOf(oneStep()),
  checks: [
    agrees({ cases: 20 }),
    staysFinite({ scale: 1000, cases: 6 }),
    pure({ cases: 3 }),
    rejects(
      'an input or a state that does not fit',
      [
        shaped([2, 3], [2, 2], [6, 1], [6, 2]),
        shaped([2, 3], [2, 3], [6, 3], [6, 2]),
        shaped([3, 1], [1, 2], [6, 1], [6, 2]),
        shaped([3, 1], [2], [6, 1], [6, 2]),
      ],
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'reset before the product': {
      wrong: slipped({ resetFirst: true }),
      says: 'You reset the hidden state and then multiply with the weights, as the paper of 2014 prints it. Here r multiplies the finished product, so that all three products can be done in one.',
    },
    'reset without the bias': {
      wrong: slipped({ biasOutside: true }),
      says: 'Your bHh of the third block stands outside the reset gate. It belongs to what is reset; otherwise there would be no need for two biases.',
    },
    'z and 1 − z exchanged': {
      wrong: slipped({ swapped: true }),
      says: 'Your update gate keeps where it should replace: papers differ on this letter. Here z near 1 means that the old state stays.',
    },
    'gate order z, r, n': {
      wrong: slipped({ order: [1, 0, 2] }),
      says: 'Your first block is the update gate. Other libraries have it so; here the reset gate comes first.',
    },
    'all of the new content reset': {
      wrong: slipped({ resetAll: true }),
      says: 'Your reset gate also weakens what the input says. It decides about the past only.',
    },
    'sigmoid on the new content': {
      wrong: slipped({ newContent: 'sigmoid' }),
      says: 'Your new content is never negative. Two of the three blocks are gates; the third is content.',
    },
    'second bias left out': {
      wrong: slipped({ without: 'bHh' }),
      says: 'bHh changes nothing in your result. In a GRU the second bias cannot be folded into the first: part of it is reset.',
    },
    'gate order r, n, z': {
      wrong: slipped({ order: [0, 2, 1] }),
      says: 'Your second and third block of rows are exchanged: the update gate comes before the new content.',
    },
    'nothing reset': {
      wrong: slipped({ noReset: true }),
      says: 'Your reset gate changes nothing: the new content sees the whole past. What does r multiply?',
    },
    'new content not squashed': {
      wrong: slipped({ newContent: 'bare' }),
      says: 'Your new content has no bounds: it has not been through its tanh.',
    },
    'first bias left out': {
      wrong: slipped({ without: 'bIh' }),
      says: 'bIh changes nothing in your result. Both biases are added, each on its own side.',
    },
    'both biases left out': {
      wrong: slipped({ without: 'both' }),
      says: 'Neither bias changes anything in your result.',
    },
    'new content added in full': {
      wrong: slipped({ mean: 'newInFull' }),
      says: 'Your new content is added whole. The new state is a weighted mean, whose weights z and 1 − z sum to 1.',
    },
    'old state added in full': {
      wrong: slipped({ mean: 'oldInFull' }),
      says: 'Your old state stays whole, whatever z says. The new state is a weighted mean, whose weights z and 1 − z sum to 1.',
    },
    'old state left out': {
      wrong: slipped({ mean: 'newOnly' }),
      says: 'The old state does not stand in your h′ itself, only in the gates and the new content. z says how much of it stays.',
    },
  },
  hints: [
    'The new state is a weighted mean of the old one and of new content; one gate holds the balance, the other one a filter.',
    'Keep the two products apart: x wIhᵀ + bIh and h wHhᵀ + bHh are both (B, 3H); cut each into three of (B, H).',
    'r and z see the sums of their blocks; n = tanh(a_n + r ⊙ m); h′ = (1 − z) ⊙ n + z ⊙ h.',
    'const [ar, az, an] = split(x.matmul(wIh.T).add(bIh), 3, 1); const [sr, sz, m] = split(h.matmul(wHh.T).add(bHh), 3, 1);',
  ],
});

// One step back in tensors, with switches for the misconceptions.

const sigmoid = (x: Tensor) => x.map((v) => (v >= 0 ? 1 / (1 + Math.exp(-v)) : Math.exp(v) / (1 + Math.exp(v))));
const rest = (s: Tensor) => s.neg().add(1);

interface Memory extends StepInputs {
  r: Tensor;
  z: Tensor;
  n: Tensor;
  m: Tensor;
}

function step(x: Tensor, h: Tensor, w: Weights): { h: Tensor; memory: Memory } {
  const [ar, az, an] = split(x.matmul(w.wIh.T).add(w.bIh), 3, 1) as [Tensor, Tensor, Tensor];
  const [sr, sz, m] = split(h.matmul(w.wHh.T).add(w.bHh), 3, 1) as [Tensor, Tensor, Tensor];
  const [r, z] = [sigmoid(ar.add(sr)), sigmoid(az.add(sz))];
  const n = an.add(r.mul(m)).tanh();
  return { h: rest(z).mul(n).add(z.mul(h)), memory: { x, h, weights: w, r, z, n, m } };
}

interface BackSlips {
  noDirect?: boolean;
  noGates?: boolean;
  noContent?: boolean;
  resetForgotten?: boolean;
  biasesEqual?: boolean;
  updateSign?: boolean;
  /** What stands in place of h − n. */
  updateSees?: 'h' | '-n';
  exchanged?: boolean;
  newGetsZ?: boolean;
  direct?: 'rest' | 'ungated';
  directOnly?: boolean;
  /** Which of the two stacks serves for both sides. */
  stack?: 'da' | 'ds';
  hiddenSideOf?: 'dh' | 'wHh';
  noSlope?: 'gates' | 'content' | 'contentForReset';
  contentSlope?: 'sigmoid';
  order?: 'zrn';
  averaged?: 'biases' | 'all';
  resetSeesState?: boolean;
  squaredBefore?: boolean;
  biasNotSummed?: boolean;
}

function stepBack(dh: Tensor, { x, h, weights: w, r, z, n, m }: Memory, slips: BackSlips = {}) {
  const flat = z.mul(0).add(1);
  const gate = (s: Tensor) => (slips.noSlope === 'gates' ? flat : s.mul(rest(s)));
  const squashed = slips.squaredBefore ? n.tanh() : n;
  const slope = slips.contentSlope ? n.mul(rest(n)) : slips.noSlope === 'content' ? flat : rest(squashed.square());
  const dn = dh.mul(slips.exchanged || slips.newGetsZ ? z : rest(z));
  const dan = dn.mul(slope);
  const seen = slips.updateSees === 'h' ? h : slips.updateSees === '-n' ? n.neg() : h.sub(n);
  const daz = dh.mul(slips.updateSign ? seen.neg() : seen).mul(gate(z));
  const partner = slips.resetSeesState ? h : m;
  const dar = (slips.noSlope === 'contentForReset' ? dn : dan).mul(partner).mul(gate(r));
  const dm = slips.resetForgotten || slips.stack === 'da' ? dan : dan.mul(r);
  const joined = (third: Tensor) => concat(slips.order ? [daz, dar, third] : [dar, daz, third], 1);
  const da = joined(slips.stack === 'ds' ? dm : dan);
  const ds = joined(dm);
  const zero = dar.mul(0);
  const ways = concat([slips.noGates ? zero : dar, slips.noGates ? zero : daz, slips.noContent ? zero : dm], 1);
  const back = slips.hiddenSideOf === 'dh' ? da : slips.noGates || slips.noContent ? ways : ds;
  const before = slips.directOnly ? h.mul(0) : back.matmul(w.wHh);
  const bias = (d: Tensor) => (slips.biasNotSummed ? d : slips.averaged ? d.mean(0) : d.sum(0));
  const share = slips.averaged === 'all' ? 1 / x.shape[0]! : 1;
  const kept = slips.exchanged || slips.direct === 'rest' ? rest(z) : slips.direct ? flat : z;
  return {
    dx: da.matmul(w.wIh),
    dh: slips.noDirect ? before : dh.mul(kept).add(before),
    weights: {
      wIh: da.T.matmul(x).mul(share),
      wHh: (slips.hiddenSideOf === 'wHh' ? da : ds).T.matmul(h).mul(share),
      bIh: bias(da),
      bHh: bias(slips.biasesEqual ? da : ds),
    },
    da,
  };
}

interface StepBackInputs extends StepInputs {
  dh: Tensor;
}
const slippedBack = (slips: BackSlips) => (i: StepBackInputs) => {
  const back = stepBack(i.dh, step(i.x, i.h, i.weights).memory, slips);
  return { dx: back.dx, dh: back.dh, weights: back.weights };
};
const wrtStep = { upstream: { h: 'dh' }, wrt: { dx: 'x', dh: 'h', weights: 'weights' } };

const gruStepBackward = exercise({
  points: 4,
  inputs: { dh: tensor('B', 'H'), ...stepInputs },
  sizes: stepSizes,
  parameters: ['dh'],
  backwardOf: { forward: 'gruStep', takes: ['x', 'h', 'weights'] },
  oracle: smooth(gradientOf<Lifted<StepInputs>>(oneStep(), wrtStep)),
  checks: [gradientAgrees({ upstream: ['dh'], cases: 16 }), pure({ cases: 3 })],
  misconceptions: {
    'direct way to the old state missing': {
      wrong: slippedBack({ noDirect: true }),
      says: 'The old state stands in h′ itself, multiplied by z, and that way is missing from your dh. It is the short cut that makes a GRU remember.',
    },
    'way through the gates missing': {
      wrong: slippedBack({ noGates: true }),
      says: 'The gates r and z were computed from the old state too: your dh leaves their way out.',
    },
    'way through the new content missing': {
      wrong: slippedBack({ noContent: true }),
      says: 'The old state also enters the new content, behind the reset gate: your dh leaves this way out.',
    },
    'reset gate forgotten on the way back': {
      wrong: slippedBack({ resetForgotten: true }),
      says: 'What r multiplied going forward, it multiplies going back. Your third block of wHh, bHh and dh has not met it.',
    },
    'both biases alike': {
      wrong: slippedBack({ biasesEqual: true }),
      says: 'You give bHh the gradient of bIh. For two blocks they agree; the third one stands behind the reset gate.',
    },
    'update gate’s gradient with the wrong sign': {
      wrong: slippedBack({ updateSign: true }),
      says: 'Turn z up a little: h′ moves from the new content toward the old state. Yours moves the other way.',
    },
    'update gate sees the old state only': {
      wrong: slippedBack({ updateSees: 'h' }),
      says: 'z stands in h′ twice, once as z and once as 1 − z. Both give it a gradient.',
    },
    'z and 1 − z exchanged': {
      wrong: slippedBack({ exchanged: true }),
      says: 'The new content gets back what belongs to the old state, and the other way round. Who was multiplied by z?',
    },
    'reset gate judged by the old state': {
      wrong: slippedBack({ resetSeesState: true }),
      says: 'The reset gate multiplied m, the finished product with its bias, not the state h. Its partner in the product is what it gets back.',
    },
    'slope of a value squashed twice': {
      wrong: slippedBack({ squaredBefore: true }),
      says: 'n in the cache has been through its tanh already; you put it through once more before taking the slope.',
    },
    'bias gradient not summed over the batch': {
      wrong: slippedBack({ biasNotSummed: true }),
      says: 'Your bias gradients still have a row per sample. One bias served them all: their contributions add up.',
    },
    'new content weighted with z': {
      wrong: slippedBack({ newGetsZ: true }),
      says: 'Your dn is dh ⊙ z. By what was n multiplied, going forward?',
    },
    'update gate sees the new content only': {
      wrong: slippedBack({ updateSees: '-n' }),
      says: 'z stands in h′ twice, once as 1 − z and once as z. Both give it a gradient.',
    },
    'direct way weighted with 1 − z': {
      wrong: slippedBack({ direct: 'rest' }),
      says: 'The direct way to the old state has the weight 1 − z in your dh. By what was h multiplied, going forward?',
    },
    'direct way not weighted': {
      wrong: slippedBack({ direct: 'ungated' }),
      says: 'Your dh goes straight back whole. Going forward, the old state was multiplied by z.',
    },
    'only the direct way': {
      wrong: slippedBack({ directOnly: true }),
      says: 'Your dh knows one way to the old state, the direct one. The gates and the new content were made from it too.',
    },
    'reset gate on the side of x': {
      wrong: slippedBack({ stack: 'ds' }),
      says: 'What belongs to x has met the reset gate in your third block. r multiplied the past, h wHhᵀ + bHh; the input went into the new content as it was.',
    },
    'dh through the stack of x': {
      wrong: slippedBack({ hiddenSideOf: 'dh' }),
      says: 'Your dh goes through wHh with da, the stack for the side of x. In its third block the reset gate is missing.',
    },
    'wHh from the stack of x': {
      wrong: slippedBack({ hiddenSideOf: 'wHh' }),
      says: 'The gradient of wHh is made from da, the stack for the side of x. In its third block the reset gate is missing.',
    },
    'tanh′ missing before the reset gate': {
      wrong: slippedBack({ noSlope: 'contentForReset' }),
      says: 'The reset gate’s gradient is made from dn. r stands inside the tanh: its upstream gradient is that of what went into it.',
    },
    'no slope at the new content': {
      wrong: slippedBack({ noSlope: 'content' }),
      says: 'The gradient of the new content does not go back through its tanh.',
    },
    'no slopes at the gates': {
      wrong: slippedBack({ noSlope: 'gates' }),
      says: 'The gates’ gradients do not go back through their sigmoids.',
    },
    'sigmoid’s slope on the new content': {
      wrong: slippedBack({ contentSlope: 'sigmoid' }),
      says: 'The new content came out of a tanh, and went back through the slope of a sigmoid.',
    },
    'gate gradients in the order z, r, n': {
      wrong: slippedBack({ order: 'zrn' }),
      says: 'The gradients of the two gates land in each other’s rows. Join the blocks in the order in which they were cut.',
    },
    'bias gradients averaged over the batch': {
      wrong: slippedBack({ averaged: 'biases' }),
      says: 'Your bias gradients are means over the batch. If the loss is a mean, dh knows it already; here sums are due.',
    },
    'all gradients averaged over the batch': {
      wrong: slippedBack({ averaged: 'all' }),
      says: 'The gradients of your matrices and biases are means over the batch. If the loss is a mean, dh knows it already; here sums are due.',
    },
  },
  hints: [
    'Count the places in which h stands in the forward pass. Each of them is a way back to it.',
    'Two different (B, 3H) come out: da for the side of x, ds for the side of h. They differ in their third block.',
    'da = [da_r, da_z, da_n], ds = [da_r, da_z, da_n ⊙ r]; dh_before = dh ⊙ z + ds wHh.',
    'const dan = dh.mul(z.neg().add(1)).mul(n.square().neg().add(1)); const dar = dan.mul(m).mul(r).mul(r.neg().add(1));',
  ],
});

interface SequenceInputs {
  x: Tensor;
  h0: Tensor;
  weights: Weights;
}
const whole = (i: Lifted<SequenceInputs>) => {
  let h = i.h0;
  const outputs = range(i.x.shape[0]!, (t) => (h = cell(moment(i.x, t), h, i.weights)));
  return { y: sequence(outputs), hn: h };
};
const sequenceInputs = { x: tensor('T', 'B', 'D'), h0: tensor('B', 'H'), weights };
const sequenceSizes = { T: [1, 4], B: [1, 3], D: [1, 3], H: [1, 3] } as const;

function run(i: SequenceInputs, slips: { forget?: boolean; zero?: boolean; fromTheEnd?: boolean } = {}) {
  const first = slips.zero ? i.h0.mul(0) : i.h0;
  let h = first;
  const steps = range(i.x.shape[0]!, (t) => {
    const next = step(i.x.row(slips.fromTheEnd ? -1 - t : t), slips.forget ? first : h, i.weights);
    h = next.h;
    return next;
  });
  return { states: steps.map((s) => s.h), memories: steps.map((s) => s.memory), hn: h };
}

const gruForward = exercise({
  points: 2,
  uses: ['gruStep'],
  inputs: sequenceInputs,
  sizes: sequenceSizes,
  oracle: valueOf(whole),
  checks: [agrees({ cases: 12 }), pure({ cases: 3 })],
  misconceptions: {
    'every step from the first state': {
      wrong: (i) => {
        const r = run(i, { forget: true });
        return { y: stack(r.states), hn: r.hn };
      },
      says: 'Each of your steps starts from h0 again, so nothing is remembered. What a step returns is what the next one starts from.',
    },
    'initial state ignored': {
      wrong: (i) => {
        const r = run(i, { zero: true });
        return { y: stack(r.states), hn: r.hn };
      },
      says: 'You start from zeros whatever h0 is. A sequence may be the second half of a longer one.',
    },
    'batch first': {
      wrong: (i) => {
        const r = run(i);
        return { y: stack(r.states, 1), hn: r.hn };
      },
      says: 'Your outputs are (B, T, H). In this chapter time comes first.',
    },
    'outputs in reverse': {
      wrong: (i) => {
        const r = run(i);
        return { y: stack([...r.states].reverse()), hn: r.hn };
      },
      says: 'Your outputs run backwards in time: the last hidden state comes first.',
    },
    'states before the steps': {
      wrong: (i) => {
        const r = run(i);
        return { y: stack([i.h0, ...r.states.slice(0, -1)]), hn: r.hn };
      },
      says: 'Your outputs are the states as they were before each step: h0 is among them, and the last one is not.',
    },
    'read from the end': {
      wrong: (i) => {
        const r = run(i, { fromTheEnd: true });
        return { y: stack(r.states), hn: r.hn };
      },
      says: 'Your first step reads the last input. Time runs from row 0 on.',
    },
  },
  hints: [
    'The same step, T times, each from the state that the last one returned.',
    'x.row(t) is (B, D). Collect T hidden states of (B, H) and T caches; stack the former to (T, B, H).',
    'hn is the last entry of y.',
    'const step = gruStep(x.row(t), h, weights); h = step.h; outputs.push(h); steps.push(step.cache);',
  ],
});

interface SequenceBackInputs extends SequenceInputs {
  dy: Tensor;
  dhn: Tensor;
}

interface TimeSlips {
  dropHidden?: boolean;
  /** No gradient crosses from a step to the one before it, or the final one goes to all. */
  stays?: 'zero' | 'final';
  /** What a step back returns as dh is never used, or added to what went in. */
  returned?: 'unused' | 'piled';
  upstreamIgnored?: boolean | 'beforeTheLast';
  noFinal?: boolean;
  noStart?: boolean;
  lastInput?: boolean;
  keepShare?: 'last' | 'first';
  biasShare?: boolean;
  averaged?: boolean;
  computedOrder?: boolean;
  upwards?: boolean;
  step?: BackSlips;
}

const slippedThrough = (slips: TimeSlips) => (i: SequenceBackInputs) => {
  const { memories } = run(i);
  const T = memories.length;
  let dh = slips.noFinal ? i.dhn.mul(0) : i.dhn;
  const shares: (Weights & { dx: Tensor })[] = [];
  const times = range(T, (k) => (slips.upwards ? k : T - 1 - k));
  for (const [k, t] of times.entries()) {
    if (k > 0 && slips.stays) dh = slips.stays === 'zero' ? dh.mul(0) : i.dhn;
    const ignored = slips.upstreamIgnored === 'beforeTheLast' ? t < T - 1 : slips.upstreamIgnored;
    const own = ignored ? i.dy.row(t).mul(0) : i.dy.row(t);
    const back = stepBack(own.add(dh), memories[t]!, slips.step);
    const next = slips.returned === 'piled' ? dh.add(back.dh) : slips.returned === 'unused' ? dh : back.dh;
    dh = slips.dropHidden ? back.dh.mul(0) : next;
    const wIh = slips.lastInput ? back.da.T.matmul(memories[T - 1]!.x) : back.weights.wIh;
    shares.push({ ...back.weights, wIh, dx: back.dx });
  }
  const inTime = slips.upwards ? shares : [...shares].reverse();
  const total = (name: keyof Weights) => {
    const all = inTime.map((s) => s[name]);
    if (slips.keepShare === 'last') return all.at(-1)!;
    if (slips.keepShare === 'first' || (slips.biasShare && name.startsWith('b'))) return all[0]!;
    const sum = all.reduce((a, b) => a.add(b));
    return slips.averaged ? sum.div(T) : sum;
  };
  return {
    dx: stack((slips.computedOrder ? shares : inTime).map((s) => s.dx)),
    dh0: slips.noStart ? dh.mul(0) : dh,
    weights: { wIh: total('wIh'), wHh: total('wHh'), bIh: total('bIh'), bHh: total('bHh') },
  };
};

const gruBackward = exercise({
  points: 3,
  uses: ['gruStepBackward'],
  inputs: { dy: tensor('T', 'B', 'H'), dhn: tensor('B', 'H'), ...sequenceInputs },
  sizes: sequenceSizes,
  parameters: ['dy', 'dhn'],
  backwardOf: { forward: 'gruForward', takes: ['x', 'h0', 'weights'] },
  oracle: smooth(
    gradientOf<Lifted<SequenceInputs>>(whole, {
      upstream: { y: 'dy', hn: 'dhn' },
      wrt: { dx: 'x', dh0: 'h0', weights: 'weights' },
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy', 'dhn'], cases: 8 }), pure({ cases: 2 })],
  misconceptions: {
    'hidden gradient dropped between time steps': {
      wrong: slippedThrough({ dropHidden: true }),
      says: 'Each of your steps back hears its own dy_t only. The next step read the hidden state as well.',
    },
    'gradient of hn forgotten': {
      wrong: slippedThrough({ noFinal: true }),
      says: 'dhn changes nothing in your result. Whoever continues from hn has something to say about it too.',
    },
    'gradient of h0 forgotten': {
      wrong: slippedThrough({ noStart: true }),
      says: 'dh0 is zero. It is what is left in your hands after the last step back.',
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
      wrong: slippedThrough({ biasShare: true }),
      says: 'The weight matrices collect over time, the biases do not: they hold the first time step’s share only.',
    },
    'dx in the order of computation': {
      wrong: slippedThrough({ computedOrder: true }),
      says: 'Your dx runs backwards in time: its first entry belongs to the last step. You walk from the end, so put each dx_t in its place.',
    },
    'walked forwards': {
      wrong: slippedThrough({ upwards: true }),
      says: 'You walk from the first step to the last. A gradient comes from the future: which step must be done before which?',
    },
    'hidden gradient kept from the earlier steps': {
      wrong: slippedThrough({ stays: 'zero' }),
      says: 'Before the last step only dy_t enters: the dh that the step after it returned is lost.',
    },
    'hidden gradient never added': {
      wrong: slippedThrough({ stays: 'zero', noFinal: true }),
      says: 'Each of your steps back hears its own dy_t only: neither dhn nor what the next step sends back has a part in it.',
    },
    'dhn at every step': {
      wrong: slippedThrough({ stays: 'final' }),
      says: 'Every step back is given dhn, the gradient from the very end. It belongs to the last step; the others get the dh that the step after them returned.',
    },
    'upstream gradient of the outputs ignored': {
      wrong: slippedThrough({ upstreamIgnored: true }),
      says: 'dy changes nothing in your result: only dhn comes in. Every output may have been looked at.',
    },
    'upstream gradient at the last step only': {
      wrong: slippedThrough({ upstreamIgnored: 'beforeTheLast' }),
      says: 'Only the last entry of dy enters. Every output may have been looked at, so at every step dy_t joins what comes from the future.',
    },
    'hidden gradient never handed back': {
      wrong: slippedThrough({ returned: 'unused' }),
      says: 'What a step back returns as dh is never used: dhn enters every step, and dhn is your dh0. The dh of one step is what the step before it has to be given.',
    },
    'hidden gradient piled up': {
      wrong: slippedThrough({ returned: 'piled' }),
      says: 'The dh of each step is added to all that came before it. What a step back returns holds everything from the future already: it replaces the old dh.',
    },
    'shares averaged over time': {
      wrong: slippedThrough({ averaged: true }),
      says: 'The weights’ gradients are means over the time steps. Something that is used T times collects T shares; if the loss is a mean, dy knows it already.',
    },
  },
  hints: [
    'Read your forward loop from the bottom to the top. What a step handed to the next one is what comes back to it.',
    'Carry dh (B, H) from step to step, starting from dhn. At time t the state also receives dy_t.',
    'Weights were used T times, so their gradients are sums of T shares; dx has one entry per time, in the order of x.',
    'const back = gruStepBackward(dy.row(t).add(dh), cache.steps[t]); dh = back.dh; backs.unshift(back);',
  ],
});

export const gru = topic('gru', 'The GRU: one state, three blocks', {
  gruStep,
  gruStepBackward,
  gruForward,
  gruBackward,
});
