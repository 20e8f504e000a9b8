import { Tensor, full, showShape, stack, tensor as toTensor, zerosLike } from '#tensor';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  pure,
  range,
  record,
  rejects,
  sum,
  table,
  tensor,
  topic,
  valueOf,
  VarTensor,
  type Lifted,
} from '../engine/index.ts';

type Weights = {
  wIh: Tensor;
  wHh: Tensor;
  bIh: Tensor;
  bHh: Tensor;
};
type Step = {
  x: Tensor;
  h: Tensor;
  weights: Weights;
};

const small = { min: -0.75, max: 0.75 };
const weights = record({
  wIh: tensor('H', 'D', small),
  wHh: tensor('H', 'H', small),
  bIh: tensor('H', small),
  bHh: tensor('H', small),
});

// The definition, one number at a time

/** h'[b, i] = tanh(Σ_j x[b, j] wIh[i, j] + bIh[i] + Σ_j h[b, j] wHh[i, j] + bHh[i]). */
function next(x: VarTensor, h: VarTensor, { wIh, wHh, bIh, bHh }: Lifted<Weights>): VarTensor {
  const [B, D] = x.shape as [number, number];
  const H = wHh.shape[0]!;
  return table([B, H], (b, i) =>
    sum([
      ...range(D, (j) => x.at(b!, j).mul(wIh.at(i!, j))),
      ...range(H, (j) => h.at(b!, j).mul(wHh.at(i!, j))),
      bIh.at(i!),
      bHh.at(i!),
    ]).tanh(),
  );
}

/** The states of all times, one after the other. */
export function unroll(x: VarTensor, h0: VarTensor, w: Lifted<Weights>): { y: VarTensor; hn: VarTensor } {
  const [T, B, D] = x.shape as [number, number, number];
  const states: VarTensor[] = [];
  for (let t = 0; t < T; t++) {
    const now = table([B, D], (b, j) => x.at(t, b!, j!));
    states.push(next(now, states.at(-1) ?? h0, w));
  }
  const H = h0.shape[1]!;
  return { y: table([T, B, H], (t, b, i) => states[t!]!.at(b!, i!)), hn: states.at(-1)! };
}

const stepOnce = ({ x, h, weights: w }: Lifted<Step>) => ({ h: next(x, h, w) });
const wholeSequence = ({ x, h0, weights: w }: Lifted<Sequence>) => unroll(x, h0, w);

// The same with places to slip

type Slip = {
  /** The pre-activation. */
  a?: (i: Step) => Tensor;
  /** The slope of the activation from the new state, the old state and the pre-activation. */
  slope?: (h: Tensor, before: Tensor, a: Tensor) => Tensor;
  /** Which state meets da in dwHh. */
  partner?: (h: Tensor, before: Tensor) => Tensor;
  /** The state's gradient from da (and dh). */
  dh?: (da: Tensor, w: Weights, dh: Tensor) => Tensor;
  db?: (da: Tensor, dh: Tensor) => Tensor;
};

const preActivation = ({ x, h, weights: w }: Step) => x.matmul(w.wIh.T).add(w.bIh).add(h.matmul(w.wHh.T)).add(w.bHh);
const one = (i: Step): Tensor => preActivation(i).tanh();
const slopeOf = (h: Tensor) => h.square().neg().add(1);

function back({ dh, ...i }: Step & { dh: Tensor }, slip: Slip = {}) {
  const a = preActivation(i);
  const h = a.tanh();
  const da = dh.mul((slip.slope ?? slopeOf)(h, i.h, a));
  const db = slip.db ? slip.db(da, dh) : da.sum(0);
  return {
    dx: da.matmul(i.weights.wIh),
    dh: slip.dh ? slip.dh(da, i.weights, dh) : da.matmul(i.weights.wHh),
    weights: {
      wIh: da.T.matmul(i.x),
      wHh: da.T.matmul(slip.partner ? slip.partner(h, i.h) : i.h),
      bIh: db,
      bHh: db,
    },
  };
}

const rnnStep = exercise({
  points: 2,
  inputs: { x: tensor('B', 'D'), h: tensor('B', 'H', small), weights },
  sizes: { B: [1, 3], D: [1, 4], H: [1, 4] },
  oracle: valueOf(stepOnce),
  checks: [
    agrees(),
    pure(),
    rejects('shapes that do not fit together', () => {
      const w = { wIh: full([2, 3], 1), wHh: full([2, 2], 1), bIh: full([2], 1), bHh: full([2], 1) };
      const [x, h] = [full([1, 3], 1), full([1, 2], 1)];
      return [
        { x, h: full([1, 3], 1), weights: w },
        { x, h: full([2, 2], 1), weights: w },
        { x: full([1, 2], 1), h, weights: w },
        { x, h, weights: { ...w, bIh: full([1], 1) } },
        { x, h, weights: { ...w, bHh: full([1, 2], 1) } },
        { x, h, weights: { ...w, wHh: full([2, 3], 1) } },
      ];
    }),
  ],
  misconceptions: {
    'no tanh': {
      wrong: (i) => ({ h: preActivation(i) }),
      says: 'Your state is the weighted sum itself. Without tanh, T steps collapse into one linear map, and the state grows without a bound.',
    },
    'sigmoid for tanh': {
      wrong: (i) => ({ h: preActivation(i).map((v) => 1 / (1 + Math.exp(-v))) }),
      says: 'Your states lie between 0 and 1: that is the sigmoid. The state of this network may be negative; its squashing function reaches from −1 to 1.',
    },
    'wHh transposed': {
      wrong: (i) => ({
        h: i.x.matmul(i.weights.wIh.T).add(i.weights.bIh).add(i.h.matmul(i.weights.wHh)).add(i.weights.bHh).tanh(),
      }),
      says: 'wHh is used the wrong way round. It is square, so no shape complains: but it is (out, in) like every weight of the course, and the input weight next to it shows what that means for a product.',
    },
    'wIh transposed': {
      wrong: (i) => ({
        h: i.x.matmul(i.weights.wIh).add(i.weights.bIh).add(i.h.matmul(i.weights.wHh.T)).add(i.weights.bHh).tanh(),
      }),
      says: 'wIh is used the wrong way round. Weights are (out, in) in the whole course: x is (B, D), so what it meets has to be (D, H).',
    },
    'state without its weights': {
      wrong: (i) => {
        const { wIh, bIh, bHh } = i.weights;
        return { h: i.x.matmul(wIh.T).add(bIh).add(i.h).add(bHh).tanh() };
      },
      says: 'The old state is added as it is, and wHh changes nothing. It goes through its own weights, as the input does.',
    },
    'state forgotten': {
      wrong: (i) => ({ h: one({ ...i, h: i.h.mul(0) }) }),
      says: 'The state that came in changes nothing. Then this is an ordinary layer, and the network has no memory.',
    },
    'second bias forgotten': {
      wrong: (i) => ({ h: one({ ...i, weights: { ...i.weights, bHh: i.weights.bHh.mul(0) } }) }),
      says: 'Only one of the two biases is added. The second is redundant, you are right; but it is there, and PyTorch adds it.',
    },
    'first bias forgotten': {
      wrong: (i) => ({ h: one({ ...i, weights: { ...i.weights, bIh: i.weights.bIh.mul(0) } }) }),
      says: 'bHh is added, bIh is not. Each of the two linear layers has a bias of its own.',
    },
    'both biases forgotten': {
      wrong: (i) => ({
        h: one({ ...i, weights: { ...i.weights, bIh: i.weights.bIh.mul(0), bHh: i.weights.bHh.mul(0) } }),
      }),
      says: 'Neither bias is added. A state could then never be anything but 0 where input and memory are 0.',
    },
    'input forgotten': {
      wrong: (i) => ({ h: one({ ...i, x: i.x.mul(0) }) }),
      says: 'x changes nothing in your result: the network remembers, but it reads nothing.',
    },
    'ReLU for tanh': {
      wrong: (i) => ({ h: preActivation(i).maximum(0) }),
      says: 'Your states are cut off at 0 and have no upper bound: that is ReLU. Multiplied by wHh at every step such a state can grow for ever; tanh keeps it between −1 and 1.',
    },
    'bias behind the tanh': {
      wrong: (i) => {
        const { bIh, bHh } = i.weights;
        const bare = { ...i.weights, bIh: bIh.mul(0), bHh: bHh.mul(0) };
        return {
          h: one({ ...i, weights: bare })
            .add(bIh)
            .add(bHh),
        };
      },
      says: 'The biases are added after the tanh, so your state may leave the interval from −1 to 1. They shift the sum before it is squashed.',
    },
    'a tanh for each part': {
      wrong: (i) => {
        const { wIh, wHh, bIh, bHh } = i.weights;
        return { h: i.x.matmul(wIh.T).add(bIh).tanh().add(i.h.matmul(wHh.T).add(bHh).tanh()) };
      },
      says: 'Input and memory are squashed separately and then added. They are added first: one sum, one tanh.',
    },
  },
  hints: [
    'Two linear layers, one for what comes in and one for what is remembered; their sum is squashed.',
    '(B, D) and (B, H) both have to become (B, H). Both weights are (out, in), so both are transposed in the product.',
    'a = x wIhᵀ + bIh + h wHhᵀ + bHh, and the new state is tanh(a). The cache needs what backward will ask for: x, the old state, the new one.',
    'const next = x.matmul(wIh.T).add(bIh).add(h.matmul(wHh.T)).add(bHh).tanh();',
  ],
});

const rnnStepBackward = exercise({
  points: 3,
  inputs: { x: tensor('B', 'D'), h: tensor('B', 'H', small), weights, dh: tensor('B', 'H') },
  sizes: { B: [1, 4], D: [1, 4], H: [1, 4] },
  parameters: ['dh'],
  backwardOf: { forward: 'rnnStep', takes: ['x', 'h', 'weights'] },
  oracle: gradientOf(stepOnce, { upstream: { h: 'dh' }, wrt: { dx: 'x', dh: 'h', weights: 'weights' } }),
  checks: [
    gradientAgrees({ upstream: ['dh'] }),
    pure(),
    rejects(
      'a gradient of another shape than the state',
      () => {
        const w = { wIh: full([2, 3], 1), wHh: full([2, 2], 1), bIh: full([2], 1), bHh: full([2], 1) };
        const good = { x: full([2, 3], 1), h: full([2, 2], 0.5), weights: w };
        return [
          { ...good, dh: full([1, 2], 1) },
          { ...good, dh: full([2, 1], 1) },
          { ...good, dh: full([2], 1) },
        ];
      },
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'slope of tanh missing': {
      wrong: (i) => back(i, { slope: (h) => h.mul(0).add(1) }),
      says: 'The gradient passes the tanh as if it were not there. What did tanh do to a small change of its input, where the state is near 1?',
    },
    'slope from the state before': {
      wrong: (i) => back(i, { slope: (_h, before) => slopeOf(before) }),
      says: 'You take the slope of tanh from the state that came in. The tanh of this step made the state that went out.',
    },
    'slope from the pre-activation': {
      wrong: (i) => back(i, { slope: (_h, _b, a) => slopeOf(a) }),
      says: 'You compute 1 − a², from the sum before the tanh. The slope is 1 − tanh(a)²: it is the value of tanh that is squared.',
    },
    'slope of the sigmoid': {
      wrong: (i) => back(i, { slope: (h) => h.mul(h.neg().add(1)) }),
      says: 'h(1 − h) is the slope of the sigmoid. This state came out of a tanh.',
    },
    'slope not squared': {
      wrong: (i) => back(i, { slope: (h) => h.neg().add(1) }),
      says: 'Your slope is 1 − h. For h = −0.9 that would be 1.9, yet tanh is nearly flat there.',
    },
    'dwHh with the new state': {
      wrong: (i) => back(i, { partner: (h) => h }),
      says: 'dwHh pairs da with h_t. In the forward pass wHh was multiplied with the state that came in: h_{t−1} is its partner on the way back, too.',
    },
    'wHh transposed on the way back': {
      wrong: (i) => back(i, { dh: (da, w) => da.matmul(w.wHh.T) }),
      says: 'The state’s gradient goes through wHhᵀ. Forward used the transpose; the way back undoes it. Being square, wHh lets either pass without a complaint.',
    },
    'state gradient past the tanh': {
      wrong: (i) => back(i, { dh: (_da, w, dh) => dh.matmul(w.wHh) }),
      says: 'The gradient of h_{t−1} is computed from dh, not from da: on its way back to the old state it has to cross the tanh as everything else does.',
    },
    'state gradient without wHh': {
      wrong: (i) => back(i, { dh: (da) => da }),
      says: 'What you return as the gradient of h_{t−1} is da, the gradient of the sum. Between the old state and the sum there is still wHh.',
    },
    'input gradient past the tanh': {
      wrong: (i) => ({ ...back(i), dx: i.dh.matmul(i.weights.wIh) }),
      says: 'dx is computed from dh, not from da. Between the input and the new state there is the tanh as well.',
    },
    'bias gradient past the tanh': {
      wrong: (i) => back(i, { db: (_da, dh) => dh.sum(0) }),
      says: 'The bias gradients are computed from dh, not from da. The biases are added before the tanh, so their gradient has to cross it.',
    },
    'weights’ gradients past the tanh': {
      wrong: (i) => {
        const g = back(i);
        return { ...g, weights: { ...g.weights, wIh: i.dh.T.matmul(i.x), wHh: i.dh.T.matmul(i.h) } };
      },
      says: 'dwIh and dwHh are computed from dh, not from da. The weights work before the tanh, so their gradient has to cross it.',
    },
    'tanh once more': {
      wrong: (i) => back(i, { slope: (h) => slopeOf(h.tanh()) }),
      says: 'You take the tanh of h once more before squaring. h is what came out of the tanh already.',
    },
    'all gradients averaged over the batch': {
      wrong: (i) => {
        const g = back(i);
        return { ...g, weights: scaled(g.weights, 1 / i.x.shape[0]!) };
      },
      says: 'The weights’ gradients are divided by the size of the batch. If the loss has a mean in it, its 1/N has come down with dh; here they are summed.',
    },
    'bias gradient summed over the units': {
      wrong: (i) => back(i, { db: (da) => da.sum(1) }),
      says: 'The bias gradients are summed over the units, which leaves one number for each sequence. A bias belongs to a unit: sum over the batch, axis 0.',
    },
    'bias gradient not summed over the batch': {
      wrong: (i) => back(i, { db: (da) => da }),
      says: 'The bias gradients still have a row for each sequence. One bias served the whole batch: its contributions add up.',
    },
    'bias gradient of the last sequence': {
      wrong: (i) => back(i, { db: (da) => da.row(-1) }),
      says: 'The bias gradients hold the last sequence of the batch only. Each sequence adds its part (+=, not =).',
    },
    'bias gradient averaged': {
      wrong: (i) => back(i, { db: (da) => da.mean(0) }),
      says: 'The bias gradients are averaged over the batch, the weights’ are summed. If the loss has a mean in it, its 1/N has come down with dh.',
    },
  },
  hints: [
    'One tanh on top of a sum of two linear layers. Undo the tanh first; then it is twice the linear layer of chapter 2.',
    'da (B, H) is what everything else is made of: dx (B, D), dh (B, H), dwIh (H, D), dwHh (H, H), and the biases (H).',
    'da = dh ⊙ (1 − h_t²). Then dx = da wIh, dh = da wHh, dwIh = daᵀ x, dwHh = daᵀ h_{t−1}, both biases: da summed over the batch.',
    'const da = dh.mul(h.map((v) => 1 - v * v)); and db = da.sum(0), for both.',
  ],
});

type Sequence = {
  x: Tensor;
  h0: Tensor;
  weights: Weights;
};

/** The states, each from what `from` says came before. */
function run(
  { x, h0, weights: w }: Sequence,
  slip: { before?: (states: Tensor[], h0: Tensor) => Tensor; at?: (t: number) => number } = {},
) {
  const states: Tensor[] = [];
  for (let t = 0; t < x.shape[0]!; t++) {
    const h = slip.before ? slip.before(states, h0) : (states.at(-1) ?? h0);
    states.push(one({ x: x.row(slip.at ? slip.at(t) : t), h, weights: w }));
  }
  return states;
}
/** What the stub's `needStep` says of shapes that do not fit. */
const misfit = (shapes: Record<string, Tensor>) =>
  `rnnStep: these shapes do not fit together: ${Object.entries(shapes)
    .map(([name, t]) => `${name} ${showShape(t.shape)}`)
    .join(', ')}`;
const result = (states: Tensor[]) => ({ y: stack(states), hn: states.at(-1)! });

const rnnForward = exercise({
  points: 3,
  uses: ['rnnStep'],
  inputs: { x: tensor('T', 'B', 'D'), h0: tensor('B', 'H', small), weights },
  sizes: { T: [1, 5], B: [1, 3], D: [1, 4], H: [1, 4] },
  oracle: valueOf(wholeSequence),
  checks: [
    agrees({ cases: 20 }),
    pure(),
    rejects(
      'an x without time, or a state that does not fit',
      () => {
        const w = { wIh: full([2, 3], 1), wHh: full([2, 2], 1), bIh: full([2], 1), bHh: full([2], 1) };
        return [
          { x: full([4, 3], 1), h0: full([4, 2], 1), weights: w },
          { x: new Tensor([0, 1, 3], []), h0: full([1, 2], 1), weights: w },
          { x: full([4, 1, 3], 1), h0: full([1, 3], 1), weights: w },
          { x: full([4, 1, 3], 1), h0: full([4, 2], 1), weights: w },
        ];
      },
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'every step from h0': {
      wrong: (i) => result(run(i, { before: (_s, h0) => h0 })),
      says: 'Every step starts from h0 again, so nothing is remembered from one to the next. The state that a step returns belongs into the step after it.',
    },
    'h0 ignored': {
      wrong: (i) => result(run({ ...i, h0: zerosLike(i.h0) })),
      says: 'You start from zeros, whatever h0 is. It may hold what was read before this piece of text.',
    },
    'y begins with h0': {
      wrong: (i) => {
        const states = run(i);
        return { y: stack([i.h0, ...states.slice(0, -1)]), hn: states.at(-1)! };
      },
      says: 'Your y is one step late: it holds the states before each step, h0 first. y_t is the state after input t has been read.',
    },
    'y holds h0 as well': {
      wrong: (i) => {
        const states = run(i);
        return { y: stack([i.h0, ...states]), hn: states.at(-1)! };
      },
      says: 'y has T + 1 entries, with h0 in front. One output for each input: h0 is not an output.',
    },
    'only the last state': {
      wrong: (i) => {
        const hn = run(i).at(-1)!;
        return { y: hn, hn };
      },
      says: 'y is the last state alone. It keeps the state of every time; only hn is the last one.',
    },
    'time reversed': {
      wrong: (i) => {
        const T = i.x.shape[0]!;
        const states = run(i, { at: (t) => T - 1 - t });
        return { y: stack([...states].reverse()), hn: states.at(-1)! };
      },
      says: 'You read the sequence from its end. Then y_1 knows everything that comes later, and hn has seen the first input last.',
    },
    'time reversed in y as well': {
      wrong: (i) => {
        const T = i.x.shape[0]!;
        return result(run(i, { at: (t) => T - 1 - t }));
      },
      says: 'You read the sequence from its end, so your first output belongs to the last input. Time runs from x_1 to x_T.',
    },
    'x read as if the batch came first': {
      wrong: (i) => {
        const states: Tensor[] = [];
        for (let t = 0; t < i.x.shape[1]!; t++) {
          const [x, h] = [i.x.slice(null, t), states.at(-1) ?? i.h0];
          if (x.shape[0] !== h.shape[0]) throw new Error(misfit({ x, h, ...i.weights }));
          states.push(one({ x, h, weights: i.weights }));
        }
        return result(states);
      },
      says: 'You take x to be (B, T, D). It is (T, B, D): what all sequences read at time t is x.row(t), and there are x.shape[0] times.',
    },
    'last step missing': {
      wrong: (i) => {
        const states = run(i);
        return { y: stack([...states.slice(0, -1)]), hn: states.at(-2)! };
      },
      says: 'The last input is never read: your loop stops one step early. There are T steps, one for each row of x.',
    },
    'outputs in reverse order': {
      wrong: (i) => {
        const states = run(i);
        return { y: stack([...states].reverse()), hn: states.at(-1)! };
      },
      says: 'The states are right, but y holds them from the last to the first.',
    },
    'batch first': {
      wrong: (i) => {
        const { y, hn } = result(run(i));
        return { y: y.transpose(1, 0, 2), hn };
      },
      says: 'Your y is (B, T, H). Time is the first axis in this chapter, in y as in x.',
    },
    'the first input again and again': {
      wrong: (i) => result(run(i, { at: () => 0 })),
      says: 'Every step reads x_1. The weights stay the same from step to step; the input does not.',
    },
    'hn one step early': {
      wrong: (i) => {
        const states = run(i);
        return { y: stack(states), hn: states.at(-2) ?? i.h0 };
      },
      says: 'hn is the state before the last step. It should be the one with which the sequence ends.',
    },
    'hn from the first step': {
      wrong: (i) => {
        const states = run(i);
        return { y: stack(states), hn: states[0]! };
      },
      says: 'hn is the state after the first step. It should be the one with which the sequence ends, so that somebody can go on from there.',
    },
  },
  hints: [
    'You have written one step. Take it T times, and hand on what it gives you.',
    'x.row(t) is (B, D), the state (B, H). T states stacked give y (T, B, H). Keep the caches in a list, in the order of time.',
    'h = h0; for t = 1 … T: h = rnnStep(x_t, h), keep h; y is all that were kept, hn the last.',
    'const step = rnnStep(x.row(t), h, weights); h = step.h; steps.push(step.cache); and at the end stack(…).',
  ],
});

type SequenceBack = Sequence & { dy: Tensor; dhn: Tensor };
const added = (a: Weights, b: Weights): Weights => ({
  wIh: a.wIh.add(b.wIh),
  wHh: a.wHh.add(b.wHh),
  bIh: a.bIh.add(b.bIh),
  bHh: a.bHh.add(b.bHh),
});
const scaled = (w: Weights, c: number): Weights => ({
  wIh: w.wIh.mul(c),
  wHh: w.wHh.mul(c),
  bIh: w.bIh.mul(c),
  bHh: w.bHh.mul(c),
});

type TimeSlip = Slip & {
  /** What reaches the state of time t, from its output and from the step after it. */
  reaches?: (dy: Tensor, carried: Tensor, t: number, T: number, dhn: Tensor) => Tensor;
  /** The weights' gradients from those of the steps, in the order of time. */
  total?: (each: Weights[]) => Weights;
  /** From what came back through step 1, all that reached h_1, and what of it came from step 2. */
  dh0?: (dh0: Tensor, dh1: Tensor, carried: Tensor) => Tensor;
  dx?: (dx: Tensor[]) => Tensor[];
};

function through(i: SequenceBack, slip: TimeSlip = {}) {
  const T = i.x.shape[0]!;
  const before = [i.h0, ...run(i)];
  const each: Weights[] = [];
  const dx: Tensor[] = [];
  let carried = i.dhn;
  let dh1 = i.dhn;
  let before1 = i.dhn;
  for (let t = T - 1; t >= 0; t--) {
    const dh = slip.reaches ? slip.reaches(i.dy.row(t), carried, t, T, i.dhn) : i.dy.row(t).add(carried);
    const g = back({ x: i.x.row(t), h: before[t]!, weights: i.weights, dh }, slip);
    each.unshift(g.weights);
    dx.unshift(g.dx);
    before1 = carried;
    carried = g.dh;
    dh1 = dh;
  }
  return {
    dx: stack(slip.dx ? slip.dx(dx) : dx),
    dh0: slip.dh0 ? slip.dh0(carried, dh1, before1) : carried,
    weights: slip.total ? slip.total(each) : each.reduce(added),
  };
}

/** The same walk in the wrong direction. */
function forwards(i: SequenceBack) {
  const before = [i.h0, ...run(i)];
  let carried = i.dhn;
  const each = range(i.x.shape[0]!, (t) => {
    const dh = i.dy.row(t).add(carried);
    const g = back({ x: i.x.row(t), h: before[t]!, weights: i.weights, dh });
    carried = g.dh;
    return g;
  });
  return { dx: stack(each.map((g) => g.dx)), dh0: carried, weights: each.map((g) => g.weights).reduce(added) };
}

const rnnBackward = exercise({
  points: 4,
  uses: ['rnnStepBackward'],
  inputs: {
    x: tensor('T', 'B', 'D'),
    h0: tensor('B', 'H', small),
    weights,
    dy: tensor('T', 'B', 'H'),
    dhn: tensor('B', 'H'),
  },
  sizes: { T: [1, 5], B: [1, 3], D: [1, 3], H: [1, 3] },
  parameters: ['dy', 'dhn'],
  backwardOf: { forward: 'rnnForward', takes: ['x', 'h0', 'weights'] },
  oracle: gradientOf(wholeSequence, {
    upstream: { y: 'dy', hn: 'dhn' },
    wrt: { dx: 'x', dh0: 'h0', weights: 'weights' },
  }),
  checks: [
    gradientAgrees({ upstream: ['dy', 'dhn'], cases: 20 }),
    pure(),
    rejects(
      'upstream gradients of another shape than y and hn',
      () => {
        const w = { wIh: full([2, 3], 1), wHh: full([2, 2], 1), bIh: full([2], 1), bHh: full([2], 1) };
        const good = { x: full([4, 1, 3], 0.5), h0: full([1, 2], 0.5), weights: w };
        return [
          { ...good, dy: full([3, 1, 2], 1), dhn: full([1, 2], 1) },
          { ...good, dy: full([5, 1, 2], 1), dhn: full([1, 2], 1) },
          { ...good, dy: full([4, 1, 1], 1), dhn: full([1, 2], 1) },
          { ...good, dy: full([4, 2], 1), dhn: full([1, 2], 1) },
          { ...good, dy: full([4, 1, 2], 1), dhn: full([2], 1) },
          { ...good, dy: full([4, 1, 2], 1), dhn: full([2, 2], 1) },
        ];
      },
      { worth: 1 },
    ),
  ],
  examples: [
    {
      x: toTensor([
        [[1], [0.5]],
        [[-0.5], [1]],
        [[0.75], [-1]],
        [[0.25], [2]],
      ]),
      h0: toTensor([
        [0.5, -0.25],
        [-0.5, 0.75],
      ]),
      weights: {
        wIh: toTensor([[0.5], [-0.75]]),
        wHh: toTensor([
          [0.25, 0.75],
          [-0.5, 0.5],
        ]),
        bIh: toTensor([0.25, -0.25]),
        bHh: toTensor([-0.5, 0.5]),
      },
      dy: toTensor([
        [
          [1, -1],
          [0.5, 2],
        ],
        [
          [-1.5, 0.25],
          [1, 1],
        ],
        [
          [0.5, 0.75],
          [-2, 1],
        ],
        [
          [1.25, -0.5],
          [0.75, -1],
        ],
      ]),
      dhn: toTensor([
        [1, 0.5],
        [-0.75, 2],
      ]),
    },
  ],
  misconceptions: {
    'final-state gradient ignored': {
      wrong: (i) => through({ ...i, dhn: zerosLike(i.dhn) }),
      says: 'dhn changes nothing in your result. The last state left the sequence by two doors, as y_T and as hn, and the loss may have used both.',
    },
    'dh replaces dy': {
      wrong: (i) => through(i, { reaches: (dy, carried, t, T) => (t === T - 1 ? dy.add(carried) : carried) }),
      says: 'Before the last step only the gradient from step t + 1 counts in your code, and dy_t is lost. The state h_t is used twice, as output and as memory: two uses, two gradients.',
    },
    'nothing carried back': {
      wrong: (i) => through(i, { reaches: (dy, _carried, t, T, dhn) => (t === T - 1 ? dy.add(dhn) : dy) }),
      says: 'Each step gets only its own dy_t. The state of time t also goes into step t + 1; what comes back from there belongs to it as well. Without it this is no backpropagation through time.',
    },
    'dhn at every step': {
      wrong: (i) => through(i, { reaches: (dy, carried, t, T, dhn) => dy.add(carried).add(t === T - 1 ? 0 : dhn) }),
      says: 'dhn is added at every time. hn is the state of the last step only; earlier ones feel it through the steps between.',
    },
    'nothing carried back, not even to h0': {
      wrong: (i) => ({
        ...through(i, { reaches: (dy, _carried, t, T, dhn) => (t === T - 1 ? dy.add(dhn) : dy) }),
        dh0: zerosLike(i.h0),
      }),
      says: 'Each step gets only its own dy_t, and h0 gets nothing: what rnnStepBackward returns as dh is thrown away. It is the gradient of the state before, and belongs to the step on the left.',
    },
    'dy ignored': {
      wrong: (i) => through(i, { reaches: (_dy, carried) => carried }),
      says: 'dy changes nothing in your result: only dhn is sent back. Every y_t is an output, and may have a loss of its own.',
    },
    'dhn in place of the last dy': {
      wrong: (i) => through(i, { reaches: (dy, carried, t, T) => (t === T - 1 ? carried : dy.add(carried)) }),
      says: 'At the last time dhn takes the place of dy_T. h_T leaves by both doors, as y_T and as hn: add the two.',
    },
    'what came back kept for good': {
      wrong: (i) => {
        let kept = i.dhn;
        return through(i, {
          reaches: (dy, _carried) => dy.add(kept),
          dh: (da, w) => (kept = kept.add(da.matmul(w.wHh))),
        });
      },
      says: 'The carried gradient is added to the one of the step before instead of taking its place. All that h_t feels of later times is what step t + 1 returns; older ones have gone into it already.',
    },
    'from the first step to the last': {
      wrong: (i) => forwards(i),
      says: 'You walk from the first step to the last. What h_t does to the loss at later times is known only once those have been undone: start at the end.',
    },
    'from the first step to the last, dx turned round': {
      wrong: (i) => {
        const g = forwards(i);
        return { ...g, dx: stack(range(i.x.shape[0]!, (t) => g.dx.row(t)).reverse()) };
      },
      says: 'You walk from the first step to the last, and hand dx over from the last to the first. What h_t does to the loss at later times is known only once those have been undone: start at the end.',
    },
    'first step left out': {
      wrong: (i) => {
        const g = through(i, {
          total: (each) => (each.length > 1 ? each.slice(1).reduce(added) : scaled(each[0]!, 0)),
        });
        const dh1 = through(i, { dh0: (_dh0, _dh1, carried) => carried }).dh0;
        return { ...g, dx: g.dx.withSlice([0], 0), dh0: dh1 };
      },
      says: 'Your loop stops before the first step: it gives no gradient to x_1 and nothing to the weights, and what you return as dh0 has not come back through it.',
    },
    'first step left out, in dx as well': {
      wrong: (i) => {
        const T = i.x.shape[0]!;
        const total = (each: Weights[]) => (T > 1 ? each.slice(1).reduce(added) : scaled(each[0]!, 0));
        const g = through(i, { total, dh0: (_dh0, _dh1, carried) => carried });
        return { ...g, dx: stack(range(T - 1, (t) => g.dx.row(t + 1))) };
      },
      says: 'Your loop stops before the first step: dx lacks the gradient of x_1, the weights lack its share, and dh0 has not come back through it. T steps forward, T steps back.',
    },
    'weights of one step only': {
      wrong: (i) => through(i, { total: (each) => each[0]! }),
      says: 'The weights’ gradients are those of the first time step: each step overwrites what the one before has left. The same weights were used T times.',
    },
    'weights of the last step only': {
      wrong: (i) => through(i, { total: (each) => each.at(-1)! }),
      says: 'Only the last time step contributes to the weights’ gradients. They served at every step, and have to hear from each.',
    },
    'averaged over time': {
      wrong: (i) => through(i, { total: (each) => scaled(each.reduce(added), 1 / each.length) }),
      says: 'The weights’ gradients are divided by T. A weight that is used T times collects T contributions; any mean is the loss’s affair, and has come down with dy.',
    },
    'bias gradient not summed over time': {
      wrong: (i) =>
        through(i, {
          total: (each) => ({ ...each.reduce(added), bIh: each[0]!.bIh, bHh: each[0]!.bHh }),
        }),
      says: 'The bias gradients are those of a single step, while the weights’ are summed. The biases were added at every time, too.',
    },
    'gradient of h0 forgotten': {
      wrong: (i) => through(i, { dh0: (dh0) => zerosLike(dh0) }),
      says: 'dh0 is zero. The initial state went into the first step, so that step’s gradient of the state before it is what you need; do not throw it away.',
    },
    'what came back to h1 for h0': {
      wrong: (i) => through(i, { dh0: (_dh0, _dh1, carried) => carried }),
      says: 'What you return as dh0 is what step 2 gave back to h_1. There is one more step to go back through.',
    },
    'dy added to the gradient of h0': {
      wrong: (i) => through(i, { dh0: (dh0) => dh0.add(i.dy.row(0)) }),
      says: 'dy_1 is added to dh0. It belongs to h_1, and has been used there; h_0 is not an output, so nothing comes from above.',
    },
    'gradient of h1 for h0': {
      wrong: (i) => through(i, { dh0: (_dh0, dh1) => dh1 }),
      says: 'What you return as dh0 is the gradient of h_1. There is one more step to go back through.',
    },
    'dwHh with the new state': {
      wrong: (i) => through(i, { partner: (h) => h }),
      says: 'dwHh pairs each da_t with h_t. In step t, wHh was multiplied with h_{t−1}.',
    },
    'h0 left out of dwHh': {
      wrong: (i) =>
        through(i, {
          total: (each) => {
            const all = each.reduce(added);
            return { ...all, wHh: all.wHh.sub(each[0]!.wHh) };
          },
        }),
      says: 'dwHh lacks the contribution of the first step, where h0 was the state that came in. If h0 is zero nobody notices; here it is not.',
    },
    'slope from the state before': {
      wrong: (i) => through(i, { slope: (_h, before) => slopeOf(before) }),
      says: 'The slope of tanh at step t is taken from h_{t−1}. The tanh of step t made h_t.',
    },
    'slope of tanh missing': {
      wrong: (i) => through(i, { slope: (h) => h.mul(0).add(1) }),
      says: 'The gradient passes every tanh as if it were not there. Each step multiplies it by 1 − h_t²: rnnStepBackward does it.',
    },
    'dx in reverse order': {
      wrong: (i) => through(i, { dx: (dx) => [...dx].reverse() }),
      says: 'dx runs from the last time to the first. You walk backwards, and so collect it backwards.',
    },
    'wHh transposed on the way back': {
      wrong: (i) => through(i, { dh: (da, w) => da.matmul(w.wHh.T) }),
      says: 'On its way from step to step the gradient is multiplied by wHhᵀ. Forward used the transpose; backward uses wHh as it is.',
    },
  },
  hints: [
    'Draw three steps as boxes with arrows. Each state has two arrows going out, up to y and right to the next step; walk the arrows back, from the right.',
    'A gradient of the state, (B, H), is carried from step to step; dx collects T pieces of (B, D); four sums have the shapes of the parameters.',
    'Start with dh = dhn. For t = T … 1: rnnStepBackward(dy_t + dh), which gives dx_t, the next dh and contributions to the weights. What is left in dh at the end is dh0.',
    'const step = rnnStepBackward(dy.row(t).add(dh), steps[t]); dx.unshift(step.dx); dh = step.dh; and add step.weights to the sums.',
  ],
});

export const rnn = topic('rnn', 'The recurrent network', { rnnStep, rnnStepBackward, rnnForward, rnnBackward });
