/** Exercises of reading in both directions: lengths, one direction that stands still in the padding, and both together. */
import { concat, split, stack, tensor as asTensor, where, zeros, type Tensor } from '#tensor';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  indices,
  pure,
  range,
  record,
  rejects,
  table,
  tensor,
  topic,
  valueOf,
  Var,
  VarTensor,
  type Input,
  type Lifted,
} from '../engine/index.ts';
import { lstmCell, layer, smooth, step, stepBack, type StepMemory, type Weights } from './definitions.ts';

const small = { min: -1, max: 1 };
const weights = record({
  wIh: tensor('4H', 'D', small),
  wHh: tensor('4H', 'H', small),
  bIh: tensor('4H', small),
  bHh: tensor('4H', small),
});
const sizes = { T: [1, 5], B: [1, 3], D: [1, 3], H: [1, 2] } as const;
/** A length for each sequence, 1 … T: what `indices` draws, and one more. */
const below = indices('B', 'T');
const more = (list: number[]) => list.map((n) => n + 1);
const less = (list: number[]) => list.map((n) => n - 1);
const lengths: Input<number[]> = {
  ...below,
  shape: '(B,) of 1 … T',
  draw: (rng, sizes) => more(below.draw(rng, sizes)),
  cut: (value, sizes, keep) => more(below.cut(less(value), sizes, keep)),
  *simpler(value) {
    for (const list of below.simpler(less(value))) yield more(list);
  },
};

// reverseWithin

interface ReverseInputs {
  x: Tensor;
  lengths: number[];
}

/** y[t, b] = x[source(t, length), b] */
const moved =
  (source: (t: number, length: number, i: ReverseInputs) => number) =>
  (i: ReverseInputs): Tensor => {
    const [T, B, D] = i.x.shape as [number, number, number];
    const y = zeros(T, B, D);
    for (let t = 0; t < T; t++)
      for (let b = 0; b < B; b++)
        for (let d = 0; d < D; d++) {
          const from = source(t, i.lengths[b]!, i);
          y.data[(t * B + b) * D + d] = from < 0 ? 0 : i.x.at(from, b, d);
        }
    return y;
  };
const turn = (x: Tensor, lengths: number[]) => moved((t, n) => (t < n ? n - 1 - t : t))({ x, lengths });
const flip = (x: Tensor) => stack(range(x.shape[0]!, (t) => x.row(x.shape[0]! - 1 - t)));

const wrongLengths = [[0, 2], [2, 5], [1.5, 2], [2], [2, 2, 2]]; // prettier-ignore

const reverseWithin = exercise({
  points: 3,
  inputs: { x: tensor('T', 'B', 'D'), lengths },
  sizes: { ...sizes, B: [1, 4] },
  oracle: ({ x, lengths }: ReverseInputs) => {
    const [T, B, D] = x.shape as [number, number, number];
    const y = range(T, (t) => range(B, (b) => range(D, (d) => x.at(t, b, d))));
    for (let b = 0; b < B; b++)
      for (let t = 0; t < lengths[b]!; t++) y[t]![b] = range(D, (d) => x.at(lengths[b]! - t - 1, b, d));
    return asTensor(y);
  },
  checks: [
    agrees({ exact: true }),
    pure({ cases: 3 }),
    rejects(
      'lengths that do not fit the batch',
      wrongLengths.map((lengths) => ({ x: zeros(4, 2, 1), lengths })),
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'padding reversed too': {
      wrong: moved((t, _, { x }) => x.shape[0]! - 1 - t),
      says: 'You turn the whole time axis around, so a short sequence now begins with its padding. Each sequence turns around its own middle.',
    },
    'all by the longest length': {
      wrong: moved((t, _, { lengths }) => (t < Math.max(...lengths) ? Math.max(...lengths) - 1 - t : t)),
      says: 'Every sequence is turned around as if it were as long as the longest one. Which entry of lengths belongs to sequence b?',
    },
    'all by the first length': {
      wrong: moved((t, _, { lengths }) => (t < lengths[0]! ? lengths[0]! - 1 - t : t)),
      says: 'Every sequence is turned around by the length of the first. Each has its own.',
    },
    'padding dropped': {
      wrong: moved((t, n) => (t < n ? n - 1 - t : -1)),
      says: 'Your padding became zeros. It is to stay as it is, so that turning around twice gives the batch back.',
    },
    'not turned around': {
      wrong: ({ x }) => x,
      says: 'The batch comes back as it went in. The first entry of a sequence should now be its last one.',
    },
    'batch reversed instead of time': {
      wrong: ({ x }) => {
        const B = x.shape[1]!;
        return stack(
          range(B, (b) => x.slice(null, B - 1 - b)),
          1,
        );
      },
      says: 'You have reversed the order of the sequences in the batch, axis 1. Time is axis 0.',
    },
    'one place too far': {
      wrong: moved((t, n) => (t < n ? n - t : t)),
      says: 'Your first entry comes from place n, one behind the last input. Places are counted from 0: the last one is n − 1.',
    },
    'padding turned around by itself': {
      wrong: moved((t, n, { x }) => (t < n ? n - 1 - t : x.shape[0]! - 1 - (t - n))),
      says: 'The padding is turned around too, in its own place. It is to stay as it is.',
    },
    'padding in front': {
      wrong: moved((t, n, { x }) => (t < x.shape[0]! - n ? n + t : x.shape[0]! - 1 - t)),
      says: 'Your padding comes first, and the sequence behind it. A sequence begins at time 0, turned around or not.',
    },
    'features reversed instead of time': {
      wrong: ({ x }) =>
        x.take(
          2,
          range(x.shape[2]!, (d) => x.shape[2]! - 1 - d),
        ),
      says: 'You have reversed the features, axis 2. Time is axis 0.',
    },
    'sequences first': {
      wrong: ({ x, lengths }) => turn(x, lengths).transpose(1, 0, 2),
      says: 'Your result is (B, T, D): one sequence after the other. Put them together along axis 1.',
    },
  },
  examples: [
    {
      x: asTensor([[[1], [5]], [[2], [6]], [[3], [7]], [[4], [8]]]), // prettier-ignore
      lengths: [2, 3],
    },
    {
      x: asTensor([[[1], [5], [9]], [[2], [6], [10]], [[3], [7], [11]], [[4], [8], [12]]]), // prettier-ignore
      lengths: [3, 1, 4],
    },
  ],
  hints: [
    'Take one sequence of the batch and write its numbers under each other, padding included. Which rows change places?',
    'x.slice(null, b) is one sequence, (T, D); gather picks its rows by a list of T times. stack(…, 1) puts the B results together.',
    'Time t gets what was at length − 1 − t, as long as t < length; behind that, t gets t.',
    'sequence.gather(Array.from({ length: T }, (_, t) => (t < length ? length - 1 - t : t)))',
  ],
});

// One direction

interface OneWay {
  x: Tensor;
  lengths: number[];
  weights: Weights;
}

/** One sequence read by itself, input after input, at the given times; no batch, no padding, no mask. */
function readOne(x: VarTensor, b: number, times: number[], w: Lifted<Weights>) {
  const [D, H] = [x.shape[2]!, w.wHh.shape[1]!];
  const nothing = () => table([1, H], () => new Var(0));
  let [h, c] = [nothing(), nothing()];
  const after = new Map<number, VarTensor>();
  for (const t of times) {
    const at = table([1, D], (_, d) => x.at(t, b, d!));
    ({ h, c } = lstmCell(at, h, c, w));
    after.set(t, h);
  }
  return { after, h, c };
}

/** All sequences read one by one, from the beginning or from the end: outputs beside the inputs they answer. */
function readAll(x: VarTensor, lengths: number[], w: Lifted<Weights>, fromEnd: boolean) {
  const [T, B] = [x.shape[0]!, x.shape[1]!];
  const H = w.wHh.shape[1]!;
  const each = range(B, (b) => {
    const times = range(lengths[b]!, (t) => t);
    return readOne(x, b, fromEnd ? times.reverse() : times, w);
  });
  return {
    y: table([T, B, H], (t, b, k) => each[b!]!.after.get(t!)?.at(0, k!) ?? new Var(0)),
    hn: table([B, H], (b, k) => each[b!]!.h.at(0, k!)),
    cn: table([B, H], (b, k) => each[b!]!.c.at(0, k!)),
  };
}

type LiftedOneWay = Omit<Lifted<OneWay>, 'lengths'> & { lengths: number[] };
const oneWay = (i: LiftedOneWay) => readAll(i.x, i.lengths, i.weights, false);

interface MaskSlips {
  /** How many times more (or fewer) each sequence lasts. */
  longer?: number;
  /** What a row does where its sequence has ended: its states stand still unless it says otherwise. */
  h?: 'runs' | 'zero';
  c?: 'runs' | 'zero';
  /** What it gives out there. */
  y?: 'held' | 'run';
  hn?: 'lastOutput';
  /** `'states'`: the outputs are right. */
  inverted?: boolean | 'states';
  /** The inputs are multiplied by the mask, and every step counts. */
  inputs?: boolean;
  exchanged?: boolean;
}

const maskAt = (t: number, lengths: number[]) => asTensor(lengths.map((n) => [t < n ? 1 : 0]));

function masked({ x, lengths, weights }: OneWay, slips: MaskSlips = {}) {
  const lasting = lengths.map((n) => n + (slips.longer ?? 0));
  const start = zeros(lengths.length, weights.wHh.shape[1]!);
  let [h, c] = [start, start];
  const outputs: Tensor[] = [];
  const memories: StepMemory[] = [];
  for (let t = 0; t < x.shape[0]!; t++) {
    const inside = maskAt(t, lasting);
    const mask = slips.inverted ? inside.neg().add(1) : inside;
    const next = step(slips.inputs ? x.row(t).mul(mask) : x.row(t), h, c, weights);
    const rest = (after: Tensor, was: Tensor, how?: 'runs' | 'zero') =>
      how === 'runs' || slips.inputs ? after : where(mask, after, how === 'zero' ? 0 : was);
    h = rest(next.h, h, slips.h);
    c = rest(next.c, c, slips.c);
    const answers = slips.inverted === 'states' ? inside : mask;
    outputs.push(slips.y === 'held' ? h : slips.y === 'run' ? next.h : where(answers, next.h, 0));
    memories.push(next.memory);
  }
  const finals = slips.exchanged ? { hn: c, cn: h } : { hn: slips.hn ? outputs.at(-1)! : h, cn: c };
  return { y: stack(outputs), ...finals, memories };
}
const slippedMask = (slips: MaskSlips) => (i: OneWay) => {
  const { y, hn, cn } = masked(i, slips);
  return { y, hn, cn };
};

const maskedForward = exercise({
  points: 3,
  inputs: { x: tensor('T', 'B', 'D'), lengths, weights },
  sizes,
  oracle: valueOf(oneWay, { plain: ['lengths'] }),
  checks: [
    agrees({ cases: 16 }),
    pure({ cases: 3 }),
    rejects(
      'lengths that do not fit the batch',
      wrongLengths.map((lengths) => ({
        x: zeros(4, 2, 1),
        lengths,
        weights: { wIh: zeros(4, 1), wHh: zeros(4, 1), bIh: zeros(4), bHh: zeros(4) },
      })),
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'states run on through the padding': {
      wrong: slippedMask({ h: 'runs', c: 'runs' }),
      says: 'Your outputs are right and your final states are not: they were read after the padding. A sequence that has ended has nothing more to say.',
    },
    'lengths ignored': {
      wrong: slippedMask({ h: 'runs', c: 'runs', y: 'run' }),
      says: 'The lengths change nothing in your result: the padding is read like any other input.',
    },
    'only the hidden state stands still': {
      wrong: slippedMask({ c: 'runs' }),
      says: 'Your hidden state is kept where a sequence has ended, and the cell state goes on reading padding. An LSTM has two states.',
    },
    'states set to zero in the padding': {
      wrong: slippedMask({ h: 'zero', c: 'zero' }),
      says: 'Where a sequence has ended you multiply its states by 0, and they are lost: hn and cn are to be what it ended with.',
    },
    'hn read from the last output': {
      wrong: slippedMask({ hn: 'lastOutput' }),
      says: 'Your hn is the last row of y, which is 0 for every sequence that ended earlier. Where does a sequence’s own last state stand?',
    },
    'the kept state shown in the padding': {
      wrong: slippedMask({ y: 'held' }),
      says: 'In the padding you give out the state that stands still. Outputs there are 0: there was no input to answer.',
    },
    'one step too far': {
      wrong: slippedMask({ longer: 1 }),
      says: 'Each of your sequences reads one step of its padding. Times are counted from 0: which is the last one of a sequence of length n?',
    },
    'only the cell stands still': {
      wrong: slippedMask({ h: 'runs' }),
      says: 'Your cell is kept where a sequence has ended, and the hidden state goes on. An LSTM has two states.',
    },
    'outputs in the padding': {
      wrong: slippedMask({ y: 'run' }),
      says: 'Your states stand still, but in the padding you still give out what the step made of it. Outputs there are 0.',
    },
    'one step too few': {
      wrong: slippedMask({ longer: -1 }),
      says: 'The last input of each of your sequences is not read. Times are counted from 0: a sequence of length n has the times 0 … n − 1.',
    },
    'inputs masked instead of the states': {
      wrong: slippedMask({ inputs: true }),
      says: 'You set the padding to 0 and read it all the same. A step with an input of 0 is still a step: biases and old states move both states.',
    },
    'mask the wrong way round': {
      wrong: slippedMask({ inverted: true }),
      says: 'You step in the padding and stand still in the sequence: the mask is 1 where a sequence has NOT ended.',
    },
    'hn and cn exchanged': {
      wrong: slippedMask({ exchanged: true }),
      says: 'hn and cn have changed places.',
    },
    'states chosen the wrong way round': {
      wrong: slippedMask({ inverted: 'states' }),
      says: 'Your outputs are cut off in the right place, but the states step in the padding and stand still in the sequence. where takes its second argument where the mask is 1.',
    },
  },
  examples: [
    {
      x: asTensor([[[1], [-1]], [[2], [1]], [[-1], [0.5]], [[0.5], [2]]]), // prettier-ignore
      lengths: [2, 4],
      weights: {
        wIh: asTensor([[0.5], [0.75], [1], [-0.5]]),
        wHh: asTensor([[0.25], [-0.5], [0.5], [1]]),
        bIh: asTensor([0.25, 0.5, -0.25, 0]),
        bHh: asTensor([0, 0.25, 0, 0.5]),
      },
    },
  ],
  hints: [
    'Let the whole batch take every step. Then decide, row by row, whether the step is to count.',
    'A mask m_t (B, 1) broadcasts over (B, H). The helper above makes all T of them.',
    'where(mask, new, old) keeps the old state of a row that has ended; where(mask, new, 0) is what goes into y.',
    'h = where(mask, step.h, h); c = where(mask, step.c, c); outputs.push(where(mask, step.h, 0));',
  ],
});

interface OneWayBack extends OneWay {
  dy: Tensor;
  dhn: Tensor;
  dcn: Tensor;
}

interface MaskBackSlips {
  /** What becomes of the gradients of a row that stood still. */
  dh?: 'lost';
  dc?: 'lost';
  unmasked?: boolean;
  paddingOutputs?: boolean;
  noFinal?: 'h' | 'c' | 'both';
  computedOrder?: boolean;
  share?: 'first' | 'last';
  biasShare?: boolean;
  /** What enters the step without having met the mask. */
  into?: 'all' | 'dc' | 'dh' | 'carried';
  /** From a step that counted nothing goes on to the one before it. */
  dropped?: 'h' | 'c';
  added?: boolean;
}

function maskedBack(
  i: Pick<OneWayBack, 'dy' | 'dhn' | 'dcn' | 'lengths'>,
  ms: StepMemory[],
  slips: MaskBackSlips = {},
) {
  let dh = slips.noFinal === 'h' || slips.noFinal === 'both' ? i.dhn.mul(0) : i.dhn;
  let dc = slips.noFinal === 'c' || slips.noFinal === 'both' ? i.dcn.mul(0) : i.dcn;
  const backs: ReturnType<typeof stepBack>[] = [];
  for (let t = ms.length - 1; t >= 0; t--) {
    const mask = maskAt(t, slips.unmasked ? i.lengths.map(() => Infinity) : i.lengths);
    const all = i.dy.row(t).add(dh);
    const whole = slips.into === 'all';
    const hidden = slips.into === 'carried' ? i.dy.row(t).mul(mask).add(dh) : all.mul(mask);
    const back = stepBack(
      whole || slips.into === 'dh' ? all : hidden,
      whole || slips.into === 'dc' ? dc : dc.mul(mask),
      ms[t]!,
    );
    const on = (d: Tensor, drop: boolean) => (drop ? d.mul(0) : d);
    dh = slips.added
      ? back.dh.add(dh)
      : where(mask, on(back.dh, slips.dropped === 'h'), slips.dh ? 0 : slips.paddingOutputs ? all : dh);
    dc = slips.added ? back.dc.add(dc) : where(mask, on(back.dc, slips.dropped === 'c'), slips.dc ? 0 : dc);
    backs.push(back);
  }
  const inTime = [...backs].reverse();
  const total = (name: keyof Weights) => {
    const shares = inTime.map((b) => b.weights[name]);
    const kept = slips.share ?? (slips.biasShare && name.startsWith('b') ? 'first' : undefined);
    return kept ? shares.at(kept === 'first' ? 0 : -1)! : shares.reduce((a, b) => a.add(b));
  };
  return {
    dx: stack((slips.computedOrder ? backs : inTime).map((b) => b.dx)),
    weights: { wIh: total('wIh'), wHh: total('wHh'), bIh: total('bIh'), bHh: total('bHh') },
  };
}
const slippedMaskBack = (slips: MaskBackSlips) => (i: OneWayBack) => maskedBack(i, masked(i).memories, slips);

const maskedBackward = exercise({
  points: 4,
  inputs: {
    dy: tensor('T', 'B', 'H'),
    dhn: tensor('B', 'H'),
    dcn: tensor('B', 'H'),
    x: tensor('T', 'B', 'D'),
    lengths,
    weights,
  },
  sizes,
  parameters: ['dy', 'dhn', 'dcn'],
  backwardOf: { forward: 'maskedForward', takes: ['x', 'lengths', 'weights'] },
  oracle: smooth(
    gradientOf<LiftedOneWay>(oneWay, {
      upstream: { y: 'dy', hn: 'dhn', cn: 'dcn' },
      wrt: { dx: 'x', weights: 'weights' },
      plain: ['lengths'],
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy', 'dhn', 'dcn'], cases: 12 }), pure({ cases: 2 })],
  misconceptions: {
    'gradients lost in the padding': {
      wrong: slippedMaskBack({ dh: 'lost', dc: 'lost' }),
      says: 'For a sequence that ended early, dhn and dcn never arrive: you multiply them by the mask and they are gone. A row that stood still hands its gradients on as they are.',
    },
    'the cell’s gradient lost in the padding': {
      wrong: slippedMaskBack({ dc: 'lost' }),
      says: 'dh waits where a sequence stood still, dc does not: it is lost on the way to the sequence’s end. Two states stood still.',
    },
    'padding walked through': {
      wrong: slippedMaskBack({ unmasked: true }),
      says: 'You walk back through the padding as if those steps had counted; so the padding gets gradients, and spoils those of the rest.',
    },
    'outputs in the padding counted': {
      wrong: slippedMaskBack({ paddingOutputs: true }),
      says: 'Upstream gradients of outputs in the padding reach the sequence in your result. Those outputs are the constant 0: nothing that was computed changes them.',
    },
    'gradient of hn forgotten': {
      wrong: slippedMaskBack({ noFinal: 'h' }),
      says: 'dhn changes nothing in your result. Whoever reads hn has something to say about it.',
    },
    'gradient of cn forgotten': {
      wrong: slippedMaskBack({ noFinal: 'c' }),
      says: 'dcn changes nothing in your result. Whoever reads cn has something to say about it.',
    },
    'dx in the order of computation': {
      wrong: slippedMaskBack({ computedOrder: true }),
      says: 'Your dx runs backwards in time: its first entry belongs to the last step. Put each dx_t in its place.',
    },
    'shares overwritten': {
      wrong: slippedMaskBack({ share: 'first' }),
      says: 'The weights’ gradients are those of the first time step alone. The same weights served at every step.',
    },
    'the hidden gradient lost in the padding': {
      wrong: slippedMaskBack({ dh: 'lost' }),
      says: 'dc waits where a sequence stood still, dh does not: it is lost on the way to the sequence’s end. Two states stood still.',
    },
    'padding sent through the step': {
      wrong: slippedMaskBack({ into: 'all' }),
      says: 'Rows that stood still go into your step back with their gradients: what it makes of them is thrown away for dh and dc, but it is in dx and in the weights.',
    },
    'cell gradient of the padding sent through the step': {
      wrong: slippedMaskBack({ into: 'dc' }),
      says: 'Your dc goes into the step without the mask: a row that stood still sends something to dx and to the weights.',
    },
    'hidden gradient of the padding sent through the step': {
      wrong: slippedMaskBack({ into: 'dh' }),
      says: 'What goes into the step for its h has not met the mask: a row that stood still sends something to dx and to the weights.',
    },
    'mask on dy alone': {
      wrong: slippedMaskBack({ into: 'carried' }),
      says: 'You multiply dy_t by the mask and add dh as it is, so a row that stood still sends its waiting gradient through the step. The sum is masked.',
    },
    'added where it should be chosen': {
      wrong: slippedMaskBack({ added: true }),
      says: 'You add what comes out of the step to what went in. A row either took the step or stood still: where chooses one of the two.',
    },
    'cell gradient dropped between time steps': {
      wrong: slippedMaskBack({ dropped: 'c' }),
      says: 'Your cell’s gradient dies at every step that counted: what the step back returns as dc has to go on.',
    },
    'hidden gradient dropped between time steps': {
      wrong: slippedMaskBack({ dropped: 'h' }),
      says: 'Your hidden state’s gradient dies at every step that counted: what the step back returns as dh has to go on.',
    },
    'final states’ gradients forgotten': {
      wrong: slippedMaskBack({ noFinal: 'both' }),
      says: 'dhn and dcn change nothing in your result. Whoever reads the final states has something to say about it.',
    },
    'only the last step’s share': {
      wrong: slippedMaskBack({ share: 'last' }),
      says: 'The weights’ gradients hold what the last time step contributed and nothing else. The same weights served at every step.',
    },
    'bias gradient not summed over time': {
      wrong: slippedMaskBack({ biasShare: true }),
      says: 'The weight matrices collect over time, the biases do not: they hold the first time step’s share only.',
    },
  },
  hints: [
    'Read the forward loop from the bottom up. Where a row kept its old state, what is the derivative of the new state with respect to the old one?',
    'Carry dh and dc, (B, H) each, from dhn and dcn. cache.masks[t] is (B, 1) and tells the rows that stepped from those that stood still.',
    'Into the step go m ⊙ (dy_t + dh) and m ⊙ dc. What comes out counts where m is 1; where it is 0, dh and dc stay what they were.',
    'const back = lstmStepBackward(dy.row(t).add(dh).mul(mask), dc.mul(mask), cache.steps[t]); dh = where(mask, back.dh, dh);',
  ],
});

// Both directions

interface TwoWay {
  x: Tensor;
  lengths: number[];
  forwardWeights: Weights;
  backwardWeights: Weights;
}
type LiftedTwoWay = Omit<Lifted<TwoWay>, 'lengths'> & { lengths: number[] };

const twoWay = (i: LiftedTwoWay) => {
  const there = readAll(i.x, i.lengths, i.forwardWeights, false);
  const back = readAll(i.x, i.lengths, i.backwardWeights, true);
  const [T, B, H] = there.y.shape as [number, number, number];
  const both = (a: VarTensor, b: VarTensor) => table([2, B, H], (way, n, k) => (way ? b : a).at(n!, k!));
  return {
    y: table([T, B, 2 * H], (t, b, k) => (k! < H ? there.y.at(t!, b!, k!) : back.y.at(t!, b!, k! - H))),
    hn: both(there.hn, back.hn),
    cn: both(there.cn, back.cn),
  };
};

interface TwoWaySlips {
  /** The backward direction reads the batch as it is. */
  notTurned?: boolean;
  /** Its outputs are left in the order in which it read, or turned with the whole time axis. */
  notTurnedBack?: boolean | 'flipped';
  /**
   * It reads the whole time axis from the end, padding first; `'short'`: and no more than a sequence's length of it;
   * `'turned'`: likewise, and its outputs are turned back within the lengths.
   */
  padding?: boolean | 'short' | 'turned';
  /** Its "last" state is taken beside the last input: of the batch, or of the sequence. */
  last?: 'batch' | 'sequence';
  sameWeights?: boolean;
  exchanged?: boolean;
  halves?: boolean;
  weights?: boolean;
  summed?: boolean;
  cellsAreHidden?: boolean;
  /** The final states side by side (B, 2H), or with the batch first (B, 2, H). */
  finals?: 'beside' | 'batchFirst';
}

function bothWays(i: TwoWay, slips: TwoWaySlips = {}) {
  const { lengths } = i;
  const there = masked({ ...i, weights: slips.weights ? i.backwardWeights : i.forwardWeights });
  const own = slips.sameWeights || slips.weights ? i.forwardWeights : i.backwardWeights;
  const back = masked({ x: slips.notTurned ? i.x : turn(i.x, lengths), lengths, weights: own });
  let [yBack, hBack, cBack] = [back.y, back.hn, back.cn];
  if (!slips.notTurnedBack) yBack = turn(yBack, lengths);
  else if (slips.notTurnedBack === 'flipped') yBack = flip(yBack);
  if (slips.padding === 'short' || slips.padding === 'turned') {
    const run = masked({ x: flip(i.x), lengths, weights: own });
    [yBack, hBack, cBack] = [slips.padding === 'turned' ? turn(run.y, lengths) : flip(run.y), run.hn, run.cn];
  } else if (slips.padding) {
    const start = zeros(lengths.length, own.wHh.shape[1]!);
    const run = layer(flip(i.x), { h: start, c: start }, own);
    yBack = stack(range(i.x.shape[0]!, (t) => where(maskAt(t, lengths), flip(run.y).row(t), 0)));
    [hBack, cBack] = [run.state.h, run.state.c];
  }
  if (slips.last === 'batch') hBack = yBack.row(-1);
  if (slips.last === 'sequence') hBack = stack(lengths.map((n, b) => yBack.slice(n - 1, b)));
  const order = (a: Tensor, b: Tensor, other = slips.exchanged) => (other ? [b, a] : [a, b]);
  const finals = (a: Tensor, b: Tensor) =>
    slips.finals === 'beside' ? concat([a, b], 1) : stack(order(a, b), slips.finals ? 1 : 0);
  const hn = finals(there.hn, hBack);
  return {
    y: slips.summed ? there.y.add(yBack) : concat(order(there.y, yBack, slips.exchanged || slips.halves), 2),
    hn,
    cn: slips.cellsAreHidden ? hn : finals(there.cn, cBack),
  };
}
const slippedBoth = (slips: TwoWaySlips) => (i: TwoWay) => bothWays(i, slips);

const bidirectionalForward = exercise({
  points: 3,
  uses: ['reverseWithin', 'maskedForward'],
  inputs: { x: tensor('T', 'B', 'D'), lengths, forwardWeights: weights, backwardWeights: weights },
  sizes,
  oracle: valueOf(twoWay, { plain: ['lengths'] }),
  checks: [agrees({ cases: 12 }), pure({ cases: 2 })],
  misconceptions: {
    'padding reversed too': {
      wrong: slippedBoth({ padding: true }),
      says: 'Your backward direction starts at the end of the batch, so for a short sequence it reads padding before the first word. It has to start at the sequence’s own end.',
    },
    'outputs not turned back': {
      wrong: slippedBoth({ notTurnedBack: true }),
      says: 'Beside the first input you put what the backward direction said about the last one: its outputs come in the order in which it read. Turn them around once more.',
    },
    'backward direction read forwards': {
      wrong: slippedBoth({ notTurned: true, notTurnedBack: true }),
      says: 'Both of your directions read from the beginning. That is one LSTM of twice the width, and neither half knows what comes next.',
    },
    'last backward state read at t = T − 1': {
      wrong: slippedBoth({ last: 'batch' }),
      says: 'The backward half of your hn is its output beside the last input of the batch. For this direction that is where reading begins.',
    },
    'last backward state read at the sequence’s end': {
      wrong: slippedBoth({ last: 'sequence' }),
      says: 'The backward half of your hn is its output beside the last input of each sequence: there it has read one input only. Where does it finish?',
    },
    'one set of weights for both': {
      wrong: slippedBoth({ sameWeights: true }),
      says: 'backwardWeights changes nothing in your result. The two directions are two LSTMs.',
    },
    'directions exchanged': {
      wrong: slippedBoth({ exchanged: true }),
      says: 'The backward direction comes first in your results, and the forward one second.',
    },
    'outputs added': {
      wrong: slippedBoth({ summed: true }),
      says: 'You add the two directions’ outputs. They are set side by side: 2H numbers for every input.',
    },
    'padding read first': {
      wrong: slippedBoth({ padding: 'short' }),
      says: 'You turn the whole time axis around, so for a short sequence the backward direction reads its padding and stops before the words. Each sequence turns around within its own length.',
    },
    'read forwards, then turned': {
      wrong: slippedBoth({ notTurned: true }),
      says: 'Your backward direction reads from the beginning, and its outputs are turned around all the same. What it reads has to be turned as well.',
    },
    'halves of y exchanged': {
      wrong: slippedBoth({ halves: true }),
      says: 'The backward direction’s outputs come first in your y. The final states are in the right order.',
    },
    'weights exchanged': {
      wrong: slippedBoth({ weights: true }),
      says: 'Each direction works with the other one’s weights.',
    },
    'cn filled with hidden states': {
      wrong: slippedBoth({ cellsAreHidden: true }),
      says: 'Your cn holds the hidden states. Both directions have a cell of their own.',
    },
    'final states side by side': {
      wrong: slippedBoth({ finals: 'beside' }),
      says: 'Your hn is (B, 2H): the two final states were joined. They are stacked, one row of (B, H) per direction.',
    },
    'final states with the batch first': {
      wrong: slippedBoth({ finals: 'batchFirst' }),
      says: 'Your hn is (B, 2, H). The direction comes first: (2, B, H).',
    },
    'padding read first, turned back within the lengths': {
      wrong: slippedBoth({ padding: 'turned' }),
      says: 'What you read is turned around with the whole time axis, so for a short sequence the backward direction reads its padding and stops before the words. Each sequence turns around within its own length.',
    },
    'outputs turned back with their padding': {
      wrong: slippedBoth({ notTurnedBack: 'flipped' }),
      says: 'What the backward direction reads is turned within the lengths, its outputs are turned with the whole time axis: for a short sequence they stand beside the padding. Both turns are the same.',
    },
  },
  hints: [
    'You have an LSTM that reads from the beginning. What must you do to a batch, so that the same function reads it from the end?',
    'Two results of (T, B, H) become (T, B, 2H) with concat(…, 2); two of (B, H) become (2, B, H) with stack.',
    'Turn around before reading, with the lengths; turn the outputs around after reading. The final states need no turning.',
    'const back = maskedForward(reverseWithin(x, lengths), lengths, backwardWeights); and then reverseWithin(back.y, lengths).',
  ],
});

interface TwoWayBack extends TwoWay {
  dy: Tensor;
  dhn: Tensor;
  dcn: Tensor;
}

interface TwoWayBackSlips {
  upstreamNotTurned?: boolean;
  dxNotTurned?: boolean;
  padding?: boolean;
  only?: 'there' | 'back';
  halves?: boolean;
  finals?: boolean;
  noFinals?: boolean | 'back';
  /** Both directions get row 0. */
  sharedFinals?: boolean;
  statesExchanged?: boolean;
  weights?: boolean;
}

function bothBack(i: TwoWayBack, slips: TwoWayBackSlips = {}) {
  const { lengths } = i;
  const there = masked({ ...i, weights: i.forwardWeights });
  const back = masked({ x: turn(i.x, lengths), lengths, weights: i.backwardWeights });
  const [a, b] = split(i.dy, 2, 2) as [Tensor, Tensor];
  const [dThere, dBack] = slips.halves ? [b, a] : [a, b];
  const around = (x: Tensor) => (slips.padding ? flip(x) : turn(x, lengths));
  const final = (d: Tensor, way: number) => {
    const lost = slips.noFinals === true || (slips.noFinals === 'back' && way === 1);
    return d.row(slips.finals ? 1 - way : slips.sharedFinals ? 0 : way).mul(lost ? 0 : 1);
  };
  const [dhn, dcn] = slips.statesExchanged ? [i.dcn, i.dhn] : [i.dhn, i.dcn];
  const one = maskedBack({ dy: dThere, dhn: final(dhn, 0), dcn: final(dcn, 0), lengths }, there.memories);
  const dyBack = slips.upstreamNotTurned ? dBack : around(dBack);
  const two = maskedBack({ dy: dyBack, dhn: final(dhn, 1), dcn: final(dcn, 1), lengths }, back.memories);
  const dxBack = slips.dxNotTurned ? two.dx : around(two.dx);
  return {
    dx: slips.only === 'there' ? one.dx : slips.only === 'back' ? dxBack : one.dx.add(dxBack),
    forwardWeights: slips.weights ? two.weights : one.weights,
    backwardWeights: slips.weights ? one.weights : two.weights,
  };
}
const slippedBothBack = (slips: TwoWayBackSlips) => (i: TwoWayBack) => bothBack(i, slips);

const bidirectionalBackward = exercise({
  points: 3,
  uses: ['reverseWithin', 'maskedBackward'],
  inputs: {
    dy: tensor('T', 'B', '2H'),
    dhn: tensor(2, 'B', 'H'),
    dcn: tensor(2, 'B', 'H'),
    x: tensor('T', 'B', 'D'),
    lengths,
    forwardWeights: weights,
    backwardWeights: weights,
  },
  sizes,
  parameters: ['dy', 'dhn', 'dcn'],
  backwardOf: { forward: 'bidirectionalForward', takes: ['x', 'lengths', 'forwardWeights', 'backwardWeights'] },
  oracle: smooth(
    gradientOf<LiftedTwoWay>(twoWay, {
      upstream: { y: 'dy', hn: 'dhn', cn: 'dcn' },
      wrt: { dx: 'x', forwardWeights: 'forwardWeights', backwardWeights: 'backwardWeights' },
      plain: ['lengths'],
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy', 'dhn', 'dcn'], cases: 8 }), pure({ cases: 2 })],
  misconceptions: {
    'upstream gradient not turned around': {
      wrong: slippedBothBack({ upstreamNotTurned: true }),
      says: 'The backward direction’s outputs were turned around before they were given out. Their gradients come in that order, and you use them as they come.',
    },
    'dx of the backward direction not turned back': {
      wrong: slippedBothBack({ dxNotTurned: true }),
      says: 'The backward direction read a batch that was turned around, so its dx is in that order. You add it to the other as it is.',
    },
    'padding reversed too': {
      wrong: slippedBothBack({ padding: true }),
      says: 'On the way back you turn the whole time axis around, padding included. On the way there each sequence turned within its own length.',
    },
    'only the forward direction reaches x': {
      wrong: slippedBothBack({ only: 'there' }),
      says: 'Your dx is what the forward direction says. The other one read x as well.',
    },
    'dx overwritten by the backward direction': {
      wrong: slippedBothBack({ only: 'back' }),
      says: 'Your dx is what the backward direction says: it was set where it should have been added to.',
    },
    'halves of dy exchanged': {
      wrong: slippedBothBack({ halves: true }),
      says: 'Each direction gets the gradient of the other’s outputs. Whose H numbers came first in y?',
    },
    'final states’ gradients exchanged': {
      wrong: slippedBothBack({ finals: true }),
      says: 'dhn and dcn reach the wrong directions. Row 0 belongs to the one that reads from the beginning.',
    },
    'final states’ gradients forgotten': {
      wrong: slippedBothBack({ noFinals: true }),
      says: 'dhn and dcn change nothing in your result: only the gradients of the outputs come through.',
    },
    'nothing turned around': {
      wrong: slippedBothBack({ upstreamNotTurned: true, dxNotTurned: true }),
      says: 'On the way back you turn nothing around. The backward direction’s input was turned on the way there, and so were its outputs: both of their gradients have to be.',
    },
    'one row of final gradients for both': {
      wrong: slippedBothBack({ sharedFinals: true }),
      says: 'Both directions get row 0 of dhn and dcn. Row 1 belongs to the one that reads from the end.',
    },
    'final gradients of the backward direction forgotten': {
      wrong: slippedBothBack({ noFinals: 'back' }),
      says: 'Row 1 of dhn and dcn changes nothing in your result. The backward direction has a final state too.',
    },
    'dhn and dcn exchanged': {
      wrong: slippedBothBack({ statesExchanged: true }),
      says: 'The hidden state gets the gradient of the cell, and the other way round: maskedBackward wants dy, dhn, dcn, in this order.',
    },
    'weights’ gradients exchanged': {
      wrong: slippedBothBack({ weights: true }),
      says: 'The two directions’ gradients have changed places.',
    },
  },
  hints: [
    'Write the forward function as a chain: turn, read, turn, join. Go through it from the end.',
    'split(dy, 2, 2) gives two of (T, B, H). dhn.row(0) and dhn.row(1) are (B, H).',
    'Turning around is its own gradient: wherever something was turned, its gradient is turned. And x was read twice.',
    'there.dx.add(reverseWithin(back.dx, lengths))',
  ],
});

export const bidirectional = topic('bidirectional', 'Both directions, and sequences of different lengths', {
  reverseWithin,
  maskedForward,
  maskedBackward,
  bidirectionalForward,
  bidirectionalBackward,
});
