import { tensor as toTensor, type Tensor } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientAgrees,
  gradientOf,
  listOf,
  mean,
  property,
  pure,
  range,
  rejects,
  sum,
  table,
  tensor,
  topic,
  valueOf,
  type Lifted,
  type ValueRecord,
} from '../engine/index.ts';

// Dropout

interface DropoutInputs {
  x: Tensor;
  mask: Tensor;
  p: number;
  training: boolean;
}
interface DropoutUp extends DropoutInputs {
  dy: Tensor;
}

const dropoutInputs = {
  x: tensor('N', 'd'),
  mask: tensor('N', 'd', { min: 0, max: 1, step: 1 }),
  p: choice<number>(0.25, 0.75, 0.5, 0),
  training: choice<boolean>(true, false),
};
const dropoutExamples = [
  { x: toTensor([[1, -2, 3]]), mask: toTensor([[1, 0, 1]]), p: 0.25, training: true },
  { x: toTensor([[1, -2, 3]]), mask: toTensor([[1, 0, 1]]), p: 0.75, training: true },
  { x: toTensor([[-1, 2, 0.5]]), mask: toTensor([[1, 0, 0]]), p: 0.25, training: false },
];
const withUpstream = <T extends ValueRecord>(examples: T[], dy: Tensor): (T & { dy: Tensor })[] =>
  examples.map((e) => ({ ...e, dy }));

type Plain<I, K extends keyof I> = Omit<Lifted<I>, K> & Pick<I, K>;

/** Each entry alone: multiplied by 0 or 1/(1 − p) in training, left alone in evaluation. */
const dropout = ({ x, mask, p, training }: Plain<DropoutInputs, 'mask' | 'p' | 'training'>) =>
  table(x.shape, (i, j) => {
    if (!training) return x.at(i!, j!).mul(1);
    return mask.at(i!, j!) === 1 ? x.at(i!, j!).div(1 - p) : x.at(i!, j!).mul(0);
  });

const dropoutForward = exercise({
  points: 2,
  inputs: dropoutInputs,
  oracle: (inputs) => ({
    y: valueOf(dropout, { plain: ['mask', 'p', 'training'] })(inputs),
  }),
  checks: [
    agrees(),
    pure(),
    rejects('a probability outside [0, 1), or a mask of another shape', [
      { x: toTensor([[1, 2]]), mask: toTensor([[1, 0]]), p: 1, training: true },
      { x: toTensor([[1, 2]]), mask: toTensor([[1, 0]]), p: -0.25, training: true },
      { x: toTensor([[1, 2]]), mask: toTensor([[1, 0]]), p: Number.NaN, training: true },
      { x: toTensor([[1, 2]]), mask: toTensor([[1, 0]]), p: 1.5, training: false },
      { x: toTensor([[1, 2]]), mask: toTensor([[1], [0]]), p: 0.5, training: true },
      { x: toTensor([[1, 2]]), mask: toTensor([1, 0]), p: 0.5, training: true },
    ]),
  ],
  examples: dropoutExamples,
  misconceptions: {
    'p taken as the probability of keeping': {
      wrong: ({ x, mask, p, training }) => ({ y: training ? x.mul(mask).div(p) : x }),
      says: 'You divide by p. Here p is the probability of dropping; what is the probability that an entry is kept?',
    },
    'not scaled': {
      wrong: ({ x, mask, training }) => ({ y: training ? x.mul(mask) : x }),
      says: 'What is kept stays as large as it was, so in training everything is smaller on average than in evaluation, by the share that was dropped.',
    },
    'scaled in evaluation': {
      wrong: ({ x, mask, p, training }) => ({ y: training ? x.mul(mask) : x.mul(1 - p) }),
      says: 'You shrink in evaluation what you did not enlarge in training. That is dropout as first published; inverted dropout does its scaling in training, and evaluation is free of it.',
    },
    'dropped in evaluation too': {
      wrong: ({ x, mask, p }) => ({ y: x.mul(mask).div(1 - p) }),
      says: 'You drop in evaluation too. Then the network answers differently each time it is asked the same.',
    },
    'mask the wrong way round': {
      wrong: ({ x, mask, p, training }) => ({
        y: training ? x.mul(mask.map((m) => 1 - m)).div(1 - p) : x,
      }),
      says: 'You drop where the mask says 1. A 1 means: keep.',
    },
    'multiplied by 1 − p': {
      wrong: ({ x, mask, p, training }) => ({ y: training ? x.mul(mask).mul(1 - p) : x }),
      says: 'What is kept gets smaller. It has to stand in for what was dropped beside it: should it grow or shrink?',
    },
    'training and evaluation swapped': {
      wrong: ({ x, mask, p, training }) => ({ y: training ? x : x.mul(mask).div(1 - p) }),
      says: 'You drop in evaluation and leave training alone. Which of the two should be made harder?',
    },
  },
  hints: [
    'If a quarter of the entries disappear, what must happen to the others so that the average stays what it was?',
    'x and mask have the same shape; so has y. p is one number for all entries.',
    'Training: y = x · mask / (1 − p). Evaluation: y = x. For the backward pass remember by what each entry was multiplied.',
    'const scale = training ? mask.div(1 - p) : x.map(() => 1); return { y: x.mul(scale), cache: { scale } }; and check p and the shapes before.',
  ],
});

const dropoutBackward = exercise({
  points: 1,
  inputs: { ...dropoutInputs, dy: tensor('N', 'd') },
  parameters: ['dy'],
  backwardOf: { forward: 'dropoutForward', takes: ['x', 'mask', 'p', 'training'] },
  oracle: gradientOf<Plain<DropoutUp, 'mask' | 'p' | 'training'>>(dropout, {
    upstream: 'dy',
    wrt: 'x',
    plain: ['mask', 'p', 'training', 'dy'],
  }),
  checks: [gradientAgrees({ upstream: ['dy'] }), pure()],
  examples: withUpstream(dropoutExamples, toTensor([[0.5, 1, -1]])),
  misconceptions: {
    'mask not used': {
      wrong: ({ dy, p, training }) => (training ? dy.div(1 - p) : dy),
      says: 'Gradient flows into entries that were dropped. They had no influence on the output; how fast does the loss change with them?',
    },
    'passed through': {
      wrong: ({ dy }) => dy,
      says: 'You hand the upstream gradient on as it is. In training each entry was multiplied by something on its way forward.',
    },
    'scale forgotten': {
      wrong: ({ dy, mask, training }) => (training ? dy.mul(mask) : dy),
      says: 'The mask is there and the scale is not: what was enlarged on the way forward has an enlarged influence.',
    },
    'dropped in evaluation too': {
      wrong: ({ dy, mask, p }) => dy.mul(mask).div(1 - p),
      says: 'In evaluation the forward pass was y = x, whatever the mask says.',
    },
    'scaled twice': {
      wrong: ({ dy, mask, p, training }) => (training ? dy.mul(mask).div((1 - p) ** 2) : dy),
      says: 'The scale is in your result twice. Backward multiplies by the same factor as forward did, once.',
    },
    'mask read off the sign': {
      wrong: ({ dy, x, mask, p, training }) => (training ? dy.mul(x.mul(mask).greater(0)).div(1 - p) : dy),
      says: 'You let gradient through where the output is positive. That is ReLU; a kept entry may well be negative.',
    },
    'upstream forgotten': {
      wrong: ({ dy, mask, p, training }) => (training ? mask.div(1 - p) : dy.map(() => 1)),
      says: 'These are the factors of the forward pass. How much the loss cares for each entry of y is what dy says; it multiplies every factor.',
    },
  },
  hints: [
    'Forward, each entry was multiplied by a number that does not depend on x. What is the derivative of a · x?',
    'The result has the shape of dy, which is the shape of x.',
    '∂L/∂x = ∂L/∂y times the same factor: mask / (1 − p) in training, 1 in evaluation.',
    'return dy.mul(cache.scale);',
  ],
});

// The L2 penalty

interface PenaltyInputs {
  ws: Tensor[];
  lambda: number;
}

const penaltyInputs = { ws: listOf('K', tensor('m', 'n')), lambda: choice<number>(0.25, 0.5, 1.5, 0) };
const penaltySizes = { K: [0, 3], m: [1, 3], n: [1, 3] } as const;
const penaltyExamples = [
  { ws: [toTensor([1, -2]), toTensor([[0.5], [1], [3]])], lambda: 0.25 },
  { ws: [toTensor([[2, -1]]), toTensor([1, 1, 1])], lambda: 1.5 },
];
const negativeRates = [
  { ws: [toTensor([1])], lambda: -0.5 },
  { ws: [toTensor([1])], lambda: Number.NaN },
];

const squares = (ws: Tensor[]) => ws.reduce((s, w) => s + w.data.reduce((t, v) => t + v * v, 0), 0);
const entries = (ws: Tensor[]) => ws.reduce((s, w) => s + w.size, 0);

const l2Penalty = exercise({
  points: 1,
  inputs: penaltyInputs,
  sizes: penaltySizes,
  oracle: ({ ws, lambda }) => {
    let total = 0;
    for (const w of ws) for (const v of w.data) total += (lambda * v * v) / 2;
    return total;
  },
  checks: [agrees(), pure(), rejects('a λ below 0, or NaN', negativeRates)],
  examples: penaltyExamples,
  misconceptions: {
    'without the ½': {
      wrong: ({ ws, lambda }) => lambda * squares(ws),
      says: 'Your penalty is twice as large. It carries a ½, so that its gradient is λw and λ means the same as an optimizer’s weight decay.',
    },
    'mean for sum': {
      wrong: ({ ws, lambda }) => (ws.length === 0 ? 0 : ((lambda / 2) * squares(ws)) / entries(ws)),
      says: 'You take a mean over the weights. Then a weight costs less the more of them there are; the penalty is a sum.',
    },
    'the norm, not its square': {
      wrong: ({ ws, lambda }) => (lambda / 2) * Math.sqrt(squares(ws)),
      says: 'You take a root at the end. The penalty is the squared norm.',
    },
    'absolute values': {
      wrong: ({ ws, lambda }) => lambda * ws.reduce((s, w) => s + w.data.reduce((t, v) => t + Math.abs(v), 0), 0),
      says: 'You add up absolute values: that is the L1 penalty. L2 adds up squares.',
    },
    'the first tensor only': {
      wrong: ({ ws, lambda }) => (lambda / 2) * squares(ws.slice(0, 1)),
      says: 'Only the first tensor of the list is counted.',
    },
    'half the absolute values': {
      wrong: ({ ws, lambda }) => (lambda / 2) * ws.reduce((s, w) => s + w.data.reduce((t, v) => t + Math.abs(v), 0), 0),
      says: 'You add up absolute values, as the L1 penalty does. L2 adds up squares.',
    },
    'λ left out': {
      wrong: ({ ws }) => squares(ws) / 2,
      says: 'λ changes nothing in your result.',
    },
  },
  hints: [
    'One price for all weights together: the large ones should be much dearer than the small ones.',
    'A list of tensors and a number give one number, never negative; for an empty list 0.',
    'R = λ/2 · Σ w², over every entry of every tensor.',
    'return ws.reduce((sum, w) => sum + (lambda / 2) * w.square().sum().item(), 0); after checking lambda.',
  ],
});

/** λ/2 Σ w² on the tape. */
const penalty = ({ ws, lambda }: Lifted<PenaltyInputs>) =>
  sum(ws.flatMap((w) => w.data.map((v) => v.mul(v))))
    .mul(lambda)
    .div(2);

const l2PenaltyGradient = exercise({
  points: 1,
  inputs: penaltyInputs,
  sizes: penaltySizes,
  oracle: gradientOf<Lifted<PenaltyInputs>>(penalty, { wrt: 'ws' }),
  checks: [gradientAgrees(), pure(), rejects('a λ below 0, or NaN', negativeRates)],
  examples: penaltyExamples,
  misconceptions: {
    'factor 2': {
      wrong: ({ ws, lambda }) => ws.map((w) => w.mul(2 * lambda)),
      says: 'Your gradient is twice as large: the 2 of the square’s derivative meets the ½ of the penalty.',
    },
    downhill: {
      wrong: ({ ws, lambda }) => ws.map((w) => w.mul(-lambda)),
      says: 'Your gradient points to where the penalty shrinks. A gradient points uphill; the step that follows turns it round.',
    },
    'λ left out': {
      wrong: ({ ws }) => ws.map((w) => w.mul(1)),
      says: 'λ changes nothing in your result.',
    },
    'the sign of w': {
      wrong: ({ ws, lambda }) => ws.map((w) => w.sign().mul(lambda)),
      says: 'Every weight is pulled with the same force: that is L1. With L2 a large weight is pulled harder.',
    },
    averaged: {
      wrong: ({ ws, lambda }) => ws.map((w) => w.mul(lambda / w.size)),
      says: 'You divide by the number of entries. The penalty is a sum, so its gradient is not divided by anything.',
    },
    'the weights after the step': {
      wrong: ({ ws, lambda }) => ws.map((w) => w.mul(1 - lambda)),
      says: 'You return weights that have shrunk already. Here only the gradient is asked for; the step is the optimizer’s.',
    },
    half: {
      wrong: ({ ws, lambda }) => ws.map((w) => w.mul(lambda / 2)),
      says: 'Your gradient is half as large: the ½ of the penalty meets the 2 of the square’s derivative.',
    },
  },
  hints: [
    'Nudge one weight: only its own square changes.',
    'A list of as many tensors as came in, each of the shape of its own.',
    'The derivative of λ/2 · w² is λ w.',
    'return ws.map((w) => w.mul(lambda)); after checking lambda.',
  ],
});

// Batch normalization

interface TrainInputs {
  x: Tensor;
  gamma: Tensor;
  beta: Tensor;
  runningMean: Tensor;
  runningVar: Tensor;
  momentum: number;
  epsilon: number;
}
interface TrainUp extends TrainInputs {
  dy: Tensor;
}

const featureInputs = {
  x: tensor('N', 'd'),
  gamma: tensor('d', { nonzero: true }),
  beta: tensor('d'),
  runningMean: tensor('d'),
  runningVar: tensor('d', { min: 0.25, max: 3 }),
};
const trainInputs = {
  ...featureInputs,
  momentum: choice<number>(0.25, 0.125, 0.75),
  epsilon: choice<number>(0.25, 1e-3, 1e-5),
};
const trainSizes = { N: [2, 5], d: [1, 3] } as const;
const batch = {
  x: toTensor([
    [1, -2],
    [3, 0.5],
    [-0.5, 1],
    [0.25, -1],
  ]),
  gamma: toTensor([2, -0.5]),
  beta: toTensor([0.5, 1]),
  runningMean: toTensor([0.25, -1]),
  runningVar: toTensor([2, 0.5]),
};
const trainExamples = [
  { ...batch, momentum: 0.25, epsilon: 0.25 },
  { ...batch, x: batch.x.slice([0, 3]), momentum: 0.125, epsilon: 1e-3 },
  { ...batch, momentum: 0, epsilon: 0.25 },
  { ...batch, momentum: 1, epsilon: 0.25 },
];

/** Algorithm 1 of Ioffe & Szegedy, feature by feature, and the statistics kept for later. */
const train = ({ x, gamma, beta, runningMean, runningVar, momentum, epsilon }: Lifted<TrainInputs>) => {
  const [N, d] = x.shape as [number, number];
  const means = range(d, (j) => mean(range(N, (i) => x.at(i, j))));
  const spread = range(d, (j) => sum(range(N, (i) => x.at(i, j).sub(means[j]!).pow(2))));
  const keep = momentum.neg().add(1);
  return {
    y: table([N, d], (i, j) => {
      const xHat = x.at(i!, j!).sub(means[j!]!).div(spread[j!]!.div(N).add(epsilon).sqrt());
      return gamma.at(j!).mul(xHat).add(beta.at(j!));
    }),
    runningMean: table([d], (j) => keep.mul(runningMean.at(j!)).add(momentum.mul(means[j!]!))),
    runningVar: table([d], (j) => keep.mul(runningVar.at(j!)).add(momentum.mul(spread[j!]!.div(N - 1)))),
  };
};

/** The pieces that wrong versions are made of. */
function pieces({ x, epsilon }: Pick<TrainInputs, 'x' | 'epsilon'>) {
  const m = x.mean(0);
  const c = x.sub(m);
  const v = c.square().mean(0);
  return { N: x.shape[0]!, m, c, v, std: v.add(epsilon).sqrt() };
}

/** A forward pass with some of its steps replaced. */
function trainWith(
  i: TrainInputs,
  change: { y?: Tensor; xHat?: Tensor; runningMean?: Tensor; runningVar?: Tensor } = {},
) {
  const { N, m, c, v, std } = pieces(i);
  const blend = (old: Tensor, seen: Tensor) => old.mul(1 - i.momentum).add(seen.mul(i.momentum));
  const y = (change.xHat ?? c.div(std)).mul(i.gamma).add(i.beta);
  return {
    y: change.y ?? y,
    runningMean: change.runningMean ?? blend(i.runningMean, m),
    runningVar: change.runningVar ?? blend(i.runningVar, v.mul(N / (N - 1))),
  };
}

const large = 2 ** 27;

const batchNormTrain = exercise({
  points: 4,
  inputs: trainInputs,
  sizes: trainSizes,
  oracle: valueOf<Lifted<TrainInputs>>(train),
  checks: [
    agrees(),
    property<TrainInputs>('a large number added to every sample leaves y as it was', {
      cases: 8,
      where: ({ epsilon }) => epsilon === 0.25,
      runs: (i) => ({ near: { ...i } as ValueRecord, far: { ...i, x: i.x.add(large) } as ValueRecord }),
      holds: ({ near, far }) =>
        near.y.allClose(far.y, { atol: 1e-4, rtol: 1e-4 }) ||
        `Here 2²⁷ is added to every entry of x; the mean takes it away again. Where do numbers of the size 2⁵⁴ arise in your function?`,
    }),
    pure(),
    rejects(
      'a batch of one, a setting out of range, or features that do not fit',
      [
        { ...trainExamples[0]!, x: toTensor([[1, 2]]) },
        { ...trainExamples[0]!, momentum: 1.5 },
        { ...trainExamples[0]!, momentum: -0.25 },
        { ...trainExamples[0]!, epsilon: 0 },
        { ...trainExamples[0]!, gamma: toTensor([1]) },
        { ...trainExamples[0]!, beta: toTensor([1, 2, 3]) },
        { ...trainExamples[0]!, runningMean: toTensor([[0, 0]]) },
        { ...trainExamples[0]!, runningVar: toTensor([1]) },
        { ...trainExamples[0]!, x: toTensor([1, 2]) },
      ],
      { worth: 1 },
    ),
  ],
  examples: trainExamples,
  misconceptions: {
    'momentum reversed for the mean only': {
      wrong: (i) => trainWith(i, { runningMean: i.runningMean.mul(i.momentum).add(pieces(i).m.mul(1 - i.momentum)) }),
      says: 'For the running mean the momentum weighs the old value, for the variance the new one. In this course, as in PyTorch, it weighs the new one in both.',
    },
    'ε in the running variance': {
      wrong: (i) => {
        const { N, v } = pieces(i);
        const seen = v.mul(N / (N - 1)).add(i.epsilon);
        return trainWith(i, { runningVar: i.runningVar.mul(1 - i.momentum).add(seen.mul(i.momentum)) });
      },
      says: 'ε has got into the running variance. It is there for the division only; evaluation will add it again.',
    },
    'running variance biased': {
      wrong: (i) => trainWith(i, { runningVar: i.runningVar.mul(1 - i.momentum).add(pieces(i).v.mul(i.momentum)) }),
      says: 'The variance you keep for later is divided by N. Deviations from a batch’s own mean are a little too small; the running variance makes up for it with N − 1.',
    },
    'batch normalized with N − 1': {
      wrong: (i) => {
        const { N, c, v } = pieces(i);
        return trainWith(i, {
          xHat: c.div(
            v
              .mul(N / (N - 1))
              .add(i.epsilon)
              .sqrt(),
          ),
        });
      },
      says: 'You normalize the batch with the variance divided by N − 1. That one is for the running statistics; the batch itself is divided by its plain spread.',
    },
    'momentum reversed': {
      wrong: (i) => {
        const { N, m, v } = pieces(i);
        const blend = (old: Tensor, seen: Tensor) => old.mul(i.momentum).add(seen.mul(1 - i.momentum));
        return trainWith(i, {
          runningMean: blend(i.runningMean, m),
          runningVar: blend(i.runningVar, v.mul(N / (N - 1))),
        });
      },
      says: 'Your momentum weighs the old value. Some libraries do it so (Paddle’s 0.9 is the same as 0.1 here); in this course, as in PyTorch, it weighs the new one.',
    },
    'ε outside the root': {
      wrong: (i) => {
        const { c, v } = pieces(i);
        return trainWith(i, { xHat: c.div(v.sqrt().add(i.epsilon)) });
      },
      says: 'You add ε to the standard deviation. It is added to the variance, inside the root.',
    },
    'divided by the variance': {
      wrong: (i) => {
        const { c, v } = pieces(i);
        return trainWith(i, { xHat: c.div(v.add(i.epsilon)) });
      },
      says: 'You divide by the variance. In which unit is the variance of a length, and in which its standard deviation?',
    },
    'running statistics used in training': {
      wrong: (i) => trainWith(i, { xHat: i.x.sub(i.runningMean).div(i.runningVar.add(i.epsilon).sqrt()) }),
      says: 'You normalize with the running statistics. In training a batch is normalized with its own; the running ones are only written down.',
    },
    'statistics of each sample': {
      wrong: (i) => {
        const m = i.x.mean(1, { keepDims: true });
        const v = i.x.sub(m).square().mean(1, { keepDims: true });
        return trainWith(i, { xHat: i.x.sub(m).div(v.add(i.epsilon).sqrt()) });
      },
      says: 'You normalize along each row. That is layer normalization, which you will meet in chapter 5; here each feature is compared across the samples.',
    },
    'one mean for everything': {
      wrong: (i) => {
        const c = i.x.sub(i.x.mean().item());
        return trainWith(i, { xHat: c.div(c.square().mean().add(i.epsilon).sqrt()) });
      },
      says: 'You take one mean and one variance over the whole batch. Each feature has its own.',
    },
    'running statistics left alone': {
      wrong: (i) => trainWith(i, { runningMean: i.runningMean, runningVar: i.runningVar }),
      says: 'The running statistics come back as they went in. Who will tell evaluation what the data look like?',
    },
    'β left out': {
      wrong: (i) => {
        const { c, std } = pieces(i);
        return trainWith(i, { y: c.div(std).mul(i.gamma) });
      },
      says: 'β changes nothing in your result.',
    },
    'γ and β swapped': {
      wrong: (i) => {
        const { c, std } = pieces(i);
        return trainWith(i, { y: c.div(std).mul(i.beta).add(i.gamma) });
      },
      says: 'γ and β have changed places: γ is the new scale, β the new mean.',
    },
    'mean not subtracted': {
      wrong: (i) => trainWith(i, { xHat: i.x.div(pieces(i).std) }),
      says: 'Your columns keep their old mean. Each is shifted to 0 first, and then scaled.',
    },
    'running statistics replaced': {
      wrong: (i) => {
        const { N, m, v } = pieces(i);
        return trainWith(i, { runningMean: m, runningVar: v.mul(N / (N - 1)) });
      },
      says: 'The running statistics forget everything but this batch. The momentum says how much of the new one is mixed in.',
    },
    'running spread for the variance': {
      wrong: (i) => {
        const { N, v } = pieces(i);
        return trainWith(i, {
          runningVar: i.runningVar.mul(1 - i.momentum).add(
            v
              .mul(N / (N - 1))
              .sqrt()
              .mul(i.momentum),
          ),
        });
      },
      says: 'Into the running variance you mix a standard deviation. Evaluation will take the root itself.',
    },
  },
  hints: [
    'Take one feature, that is one column: shift it and stretch it until its mean is 0 and its variance 1. Then let the network choose another mean and width after all.',
    'Means over axis 0 turn (N, d) into (d), which broadcasts against the rows. All of γ, β and the running statistics are (d).',
    'μ and σ² over the samples (divide by N), x̂ = (x − μ)/√(σ² + ε), y = γx̂ + β. New running value = (1 − m) · old + m · seen; for the variance, seen is σ² · N/(N − 1).',
    'const centered = x.sub(x.mean(0)); const variance = centered.square().mean(0); const std = variance.add(epsilon).sqrt(); const xHat = centered.div(std); keep xHat, std and gamma in the cache.',
  ],
});

const trainBackwardInputs = { ...trainInputs, dy: tensor('N', 'd') };
const upstreams = (n: number) =>
  toTensor([
    [1, 0.5],
    [-0.25, 2],
    [0.5, -1],
    [1.5, 0.75],
  ]).slice([0, n]);

/** dx = (dy − a·mean(dy) − b·x̂·mean(dy·x̂)) γ / std, and the other two; `change` replaces results. */
function backWith(
  i: TrainUp,
  a = 1,
  b = 1,
  change: Partial<{ dx: Tensor; dgamma: Tensor; dbeta: Tensor }> = {},
): { dx: Tensor; dgamma: Tensor; dbeta: Tensor } {
  const { c, std } = pieces(i);
  const xHat = c.div(std);
  const inner = i.dy.sub(i.dy.mean(0).mul(a)).sub(xHat.mul(i.dy.mul(xHat).mean(0)).mul(b));
  return { dx: inner.mul(i.gamma).div(std), dgamma: i.dy.mul(xHat).sum(0), dbeta: i.dy.sum(0), ...change };
}

const batchNormTrainBackward = exercise({
  points: 4,
  inputs: trainBackwardInputs,
  sizes: trainSizes,
  parameters: ['dy'],
  backwardOf: {
    forward: 'batchNormTrain',
    takes: ['x', 'gamma', 'beta', 'runningMean', 'runningVar', 'momentum', 'epsilon'],
  },
  oracle: gradientOf<Lifted<TrainUp>>(train, {
    upstream: { y: 'dy' },
    wrt: { dx: 'x', dgamma: 'gamma', dbeta: 'beta' },
  }),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 20 }), pure()],
  examples: trainExamples.map((e) => ({ ...e, dy: upstreams(e.x.shape[0]!) })),
  misconceptions: {
    'signs of the two paths': {
      wrong: (i) => backWith(i, -1, -1),
      says: 'The paths through the mean and through the variance are added where they should be subtracted. Both work against moving one sample alone.',
    },
    'means over N − 1': {
      wrong: (i) => {
        const N = i.x.shape[0]!;
        return N === 1 ? backWith(i) : backWith(i, N / (N - 1), N / (N - 1));
      },
      says: 'Your means divide by N − 1. The batch was normalized with N.',
    },
    'x̂ missing in the variance path': {
      wrong: (i) => {
        const { c, std } = pieces(i);
        const along = i.dy.mul(c.div(std)).mean(0);
        const inner = i.dy.sub(i.dy.mean(0)).sub(along);
        return backWith(i, 1, 1, { dx: inner.mul(i.gamma).div(std) });
      },
      says: 'The part through the variance is the same for every sample in your dx. How far a sample is from the mean decides how much it moves the variance.',
    },
    'multiplied by the spread': {
      wrong: (i) => {
        const { std } = pieces(i);
        return backWith(i, 1, 1, { dx: backWith(i).dx.mul(std).mul(std) });
      },
      says: 'dx is multiplied by √(σ² + ε). The forward pass divided by it; so does the way back.',
    },
    'divided by the variance': {
      wrong: (i) => backWith(i, 1, 1, { dx: backWith(i).dx.div(pieces(i).std) }),
      says: 'dx is divided by σ² + ε. One root of it is enough: x̂ has it once.',
    },
    'only dγ averaged': {
      wrong: (i) => backWith(i, 1, 1, { dgamma: backWith(i).dgamma.div(i.x.shape[0]!) }),
      says: 'dγ is averaged over the batch. γ served every sample, so their contributions add up.',
    },
    'mean and variance held constant': {
      wrong: (i) => backWith(i, 0, 0),
      says: 'You treat the mean and the variance as constants. They are computed from x: moving one sample moves both, and with them every output of the batch.',
    },
    'variance held constant': {
      wrong: (i) => backWith(i, 1, 0),
      says: 'The path through the mean is there, the one through the variance is missing. How does the width of the batch change when one sample moves outward?',
    },
    'mean held constant': {
      wrong: (i) => backWith(i, 0, 1),
      says: 'The path through the variance is there, the one through the mean is missing. Shift all samples by the same amount: does y change?',
    },
    'sums for means': {
      wrong: (i) => backWith(i, i.x.shape[0], i.x.shape[0]),
      says: 'What you subtract is N times too large: each sample has only a share 1/N in the mean and in the variance.',
    },
    'γ left out of dx': {
      wrong: (i) => backWith({ ...i, gamma: i.gamma.map(() => 1) }),
      says: 'dx does not know γ, though y = γx̂ + β.',
    },
    'dγ from y or x': {
      wrong: (i) => backWith(i, 1, 1, { dgamma: i.dy.mul(i.x).sum(0) }),
      says: 'Your dγ multiplies the upstream gradient with x. What is γ multiplied with in the forward pass?',
    },
    'dγ and dβ not summed': {
      wrong: (i) => backWith(i, 1, 1, { dgamma: i.dy.mul(pieces(i).c.div(pieces(i).std)), dbeta: i.dy }),
      says: 'dγ and dβ still have a row for each sample. One γ served them all, so their contributions add up.',
    },
    'dγ and dβ averaged': {
      wrong: (i) =>
        backWith(i, 1, 1, {
          dgamma: i.dy.mul(pieces(i).c.div(pieces(i).std)).mean(0),
          dbeta: i.dy.mean(0),
        }),
      says: 'dγ and dβ are averaged over the batch. The two means belong into dx; γ and β collect sums.',
    },
    'spread left out of dx': {
      wrong: (i) => backWith(i, 1, 1, { dx: backWith(i).dx.mul(pieces(i).std) }),
      says: 'dx does not know √(σ² + ε), though x was divided by it.',
    },
    'means over the features': {
      wrong: (i) => {
        const { c, std } = pieces(i);
        const xHat = c.div(std);
        const keep = { keepDims: true };
        const inner = i.dy.sub(i.dy.mean(1, keep)).sub(xHat.mul(i.dy.mul(xHat).mean(1, keep)));
        return backWith(i, 1, 1, { dx: inner.mul(i.gamma).div(std) });
      },
      says: 'Your two means run along the rows. The statistics were taken over the samples, for each feature by itself; so are the means on the way back.',
    },
    'dγ without x̂': {
      wrong: (i) => backWith(i, 1, 1, { dgamma: i.dy.sum(0) }),
      says: 'Your dγ is the same as dβ. What is γ multiplied with in the forward pass?',
    },
  },
  hints: [
    'x reaches y three ways: by itself, through the batch’s mean, and through its variance. The gradient has a part for each.',
    'dx is (N, d). dγ and dβ are (d): something is summed over the samples. x̂ and √(σ² + ε) are all you need from the forward pass.',
    'With g = dy γ: dx = (g − mean(g) − x̂ · mean(g · x̂)) / √(σ² + ε), means over the samples. dγ = Σ dy · x̂, dβ = Σ dy.',
    'const along = dy.mul(xHat); dx = dy.sub(dy.mean(0)).sub(xHat.mul(along.mean(0))).mul(gamma.div(std)); dgamma = along.sum(0); dbeta = dy.sum(0).',
  ],
});

type EvalInputs = Omit<TrainInputs, 'momentum'>;
type EvalUp = EvalInputs & { dy: Tensor };

const evalInputs = { ...featureInputs, epsilon: choice<number>(0.25, 1e-3, 1e-5) };
const evalSizes = { N: [1, 4], d: [1, 3] } as const;
const evalExamples = [
  { ...batch, epsilon: 0.25 },
  { ...batch, x: batch.x.slice([0, 3]), epsilon: 1e-3 },
  { ...batch, runningVar: toTensor([0, 0.5]), epsilon: 0.25 },
];

/** The same line for every sample: known mean, known variance. */
const evaluate = ({ x, gamma, beta, runningMean, runningVar, epsilon }: Lifted<EvalInputs>) => ({
  y: table(x.shape, (i, j) => {
    const xHat = x.at(i!, j!).sub(runningMean.at(j!)).div(runningVar.at(j!).add(epsilon).sqrt());
    return gamma.at(j!).mul(xHat).add(beta.at(j!));
  }),
});

const batchNormEval = exercise({
  points: 2,
  inputs: evalInputs,
  sizes: evalSizes,
  oracle: valueOf<Lifted<EvalInputs>>(evaluate),
  checks: [
    agrees(),
    pure(),
    rejects('a setting out of range, or features that do not fit', [
      { ...evalExamples[0]!, epsilon: 0 },
      { ...evalExamples[0]!, runningVar: toTensor([1, -1]) },
      { ...evalExamples[0]!, gamma: toTensor([1]) },
      { ...evalExamples[0]!, beta: toTensor([[1, 2]]) },
      { ...evalExamples[0]!, runningMean: toTensor([1, 2, 3]) },
      { ...evalExamples[0]!, x: toTensor([1, 2]) },
    ]),
  ],
  examples: evalExamples,
  misconceptions: {
    'statistics of the batch': {
      wrong: (i) => {
        const { c, std } = pieces(i);
        return { y: c.div(std).mul(i.gamma).add(i.beta) };
      },
      says: 'You normalize with the batch in front of you. In evaluation a sample’s answer must not depend on who else is asked; that is what the running statistics were kept for.',
    },
    'ε outside the root': {
      wrong: (i) => ({
        y: i.x.sub(i.runningMean).div(i.runningVar.sqrt().add(i.epsilon)).mul(i.gamma).add(i.beta),
      }),
      says: 'You add ε to the standard deviation. It is added to the variance, inside the root, as in training.',
    },
    'divided by the variance': {
      wrong: (i) => ({ y: i.x.sub(i.runningMean).div(i.runningVar.add(i.epsilon)).mul(i.gamma).add(i.beta) }),
      says: 'You divide by the running variance. It still needs its root.',
    },
    'γ and β left out': {
      wrong: (i) => ({ y: i.x.sub(i.runningMean).div(i.runningVar.add(i.epsilon).sqrt()) }),
      says: 'You stop at x̂. The scale and the mean that were learned apply in evaluation too.',
    },
    'ε left out': {
      wrong: (i) => ({ y: i.x.sub(i.runningMean).div(i.runningVar.sqrt()).mul(i.gamma).add(i.beta) }),
      says: 'ε changes nothing in your result. Evaluation must compute the same function as training did, with other statistics.',
    },
    'mean not subtracted': {
      wrong: (i) => ({ y: i.x.div(i.runningVar.add(i.epsilon).sqrt()).mul(i.gamma).add(i.beta) }),
      says: 'The running mean changes nothing in your result. x is shifted first, and then scaled.',
    },
    'β inside the scale': {
      wrong: (i) => ({ y: i.x.sub(i.runningMean).div(i.runningVar.add(i.epsilon).sqrt()).add(i.beta).mul(i.gamma) }),
      says: 'γ multiplies β too. β is the new mean itself, added at the very end.',
    },
  },
  hints: [
    'The same formula as in training; only the mean and the variance come from somewhere else.',
    'x is (N, d), everything else (d); nothing is computed over the samples, so N may be 1.',
    'y = γ (x − running mean) / √(running variance + ε) + β.',
    'const std = runningVar.add(epsilon).sqrt(); const xHat = x.sub(runningMean).div(std); and the cache holds xHat, std and gamma.',
  ],
});

const evalHat = (i: EvalUp) => i.x.sub(i.runningMean).div(i.runningVar.add(i.epsilon).sqrt());
const evalBack = (i: EvalUp) => ({
  dx: i.dy.mul(i.gamma).div(i.runningVar.add(i.epsilon).sqrt()),
  dgamma: i.dy.mul(evalHat(i)).sum(0),
  dbeta: i.dy.sum(0),
});

const batchNormEvalBackward = exercise({
  points: 2,
  inputs: { ...evalInputs, dy: tensor('N', 'd') },
  sizes: evalSizes,
  parameters: ['dy'],
  backwardOf: { forward: 'batchNormEval', takes: ['x', 'gamma', 'beta', 'runningMean', 'runningVar', 'epsilon'] },
  oracle: gradientOf<Lifted<EvalUp>>(evaluate, {
    upstream: { y: 'dy' },
    wrt: { dx: 'x', dgamma: 'gamma', dbeta: 'beta' },
  }),
  checks: [gradientAgrees({ upstream: ['dy'] }), pure()],
  examples: evalExamples.map((e) => ({ ...e, dy: upstreams(e.x.shape[0]!) })),
  misconceptions: {
    'three parts as in training': {
      wrong: (i) => {
        const xHat = evalHat(i);
        const inner = i.dy.sub(i.dy.mean(0)).sub(xHat.mul(i.dy.mul(xHat).mean(0)));
        return { ...evalBack(i), dx: inner.mul(i.gamma).div(i.runningVar.add(i.epsilon).sqrt()) };
      },
      says: 'This is the gradient for training. In evaluation the statistics do not come from x, so no path leads through them.',
    },
    'γ left out of dx': {
      wrong: (i) => ({ ...evalBack(i), dx: i.dy.div(i.runningVar.add(i.epsilon).sqrt()) }),
      says: 'dx does not know γ, though y = γx̂ + β.',
    },
    'spread left out of dx': {
      wrong: (i) => ({ ...evalBack(i), dx: i.dy.mul(i.gamma) }),
      says: 'dx does not know the running variance, though x was divided by its root.',
    },
    'dγ from x': {
      wrong: (i) => ({ ...evalBack(i), dgamma: i.dy.mul(i.x).sum(0) }),
      says: 'Your dγ multiplies the upstream gradient with x. What is γ multiplied with in the forward pass?',
    },
    'dγ and dβ not summed': {
      wrong: (i) => ({ ...evalBack(i), dgamma: i.dy.mul(evalHat(i)), dbeta: i.dy }),
      says: 'dγ and dβ still have a row for each sample. One γ served them all, so their contributions add up.',
    },
    'dγ and dβ averaged': {
      wrong: (i) => ({ ...evalBack(i), dgamma: i.dy.mul(evalHat(i)).mean(0), dbeta: i.dy.mean(0) }),
      says: 'dγ and dβ are averaged over the batch; they collect sums.',
    },
    'dγ without x̂': {
      wrong: (i) => ({ ...evalBack(i), dgamma: i.dy.sum(0) }),
      says: 'Your dγ is the same as dβ. What is γ multiplied with in the forward pass?',
    },
  },
  hints: [
    'With fixed statistics this is a line for each feature: y = a x + c. What is its slope?',
    'dx is (N, d); dγ and dβ are (d), summed over the samples.',
    'dx = dy · γ / √(running variance + ε); dγ = Σ dy · x̂; dβ = Σ dy.',
    'return { dx: dy.mul(gamma.div(std)), dgamma: dy.mul(xHat).sum(0), dbeta: dy.sum(0) };',
  ],
});

export const regularization = topic('regularization', 'Dropout, weight decay, batch normalization', {
  dropoutForward,
  dropoutBackward,
  l2Penalty,
  l2PenaltyGradient,
  batchNormTrain,
  batchNormTrainBackward,
  batchNormEval,
  batchNormEvalBackward,
});
