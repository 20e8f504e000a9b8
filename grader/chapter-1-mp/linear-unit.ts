import { tensor as toTensor, type Tensor } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientAgrees,
  gradientOf,
  integer,
  learns,
  mean,
  number,
  property,
  pure,
  range,
  rejects,
  rows,
  sum,
  table,
  tensor,
  topic,
  valueOf,
  vector,
  type Lifted,
  type ValueRecord,
} from '../engine/index.ts';

const dot = (x: readonly number[], w: readonly number[], b: number): number => {
  let s = b;
  for (let i = 0; i < x.length; i++) s += w[i]! * x[i]!;
  return s;
};

const linearOutput = exercise({
  points: 1,
  inputs: { x: vector('n'), weights: vector('n'), bias: number() },
  sizes: { n: [0, 5] },
  oracle: ({ x, weights, bias }) => dot(x, weights, bias),
  checks: [
    agrees(),
    pure(),
    rejects('a sample and weights of different lengths', [
      { x: [1, 2], weights: [1], bias: 0 },
      { x: [1], weights: [1, 1], bias: 0 },
      { x: [], weights: [1], bias: 0 },
      { x: [1], weights: [], bias: 1 },
    ]),
  ],
  misconceptions: {
    'still thresholded': {
      wrong: ({ x, weights, bias }) => (dot(x, weights, bias) >= 0 ? 1 : 0),
      says: 'Your unit still decides 0 or 1. The linear unit returns the sum itself, and that is its whole point: a sum has a slope, a step has none.',
    },
    'class instead of output': {
      wrong: ({ x, weights, bias }) => (dot(x, weights, bias) >= 0 ? 1 : -1),
      says: 'You return a class, as predict does. The linear unit returns the sum itself.',
    },
    'bias left out': {
      wrong: ({ x, weights }) => dot(x, weights, 0),
      says: 'The bias changes nothing in your result.',
    },
    'bias subtracted': {
      wrong: ({ x, weights, bias }) => dot(x, weights, -bias),
      says: 'The bias is added, not subtracted.',
    },
    'bias times each input': {
      wrong: ({ x, weights, bias }) => x.reduce((s, v, j) => s + v * weights[j]! + bias, 0),
      says: 'The bias is added once for every input; there is only one bias for the whole unit.',
    },
    'first input not weighted': {
      wrong: ({ x, weights, bias }) => x.reduce((s, v, j) => s + v * weights[j]!) + bias,
      says: 'The first input counts as it is, without its weight. What does your `reduce` begin with?',
    },
    'last input skipped': {
      wrong: ({ x, weights, bias }) => dot(x.slice(0, -1), weights, bias),
      says: 'The last input changes nothing in your result. How far does your loop run?',
    },
    'first input skipped': {
      wrong: ({ x, weights, bias }) => dot(x.slice(1), weights.slice(1), bias),
      says: 'The first input changes nothing in your result. Where does your loop begin, or end?',
    },
  },
  hints: [
    'It is the neuron you know, without the decision at the end.',
    'Two lists of length n and a number give one number.',
    'y = w_1 x_1 + … + w_n x_n + b.',
    'return x.reduce((s, xi, i) => s + weights[i] * xi, bias);',
  ],
});

const squares = ({ outputs, targets }: { outputs: number[]; targets: number[] }) =>
  outputs.reduce((s, y, i) => s + (y - targets[i]!) ** 2, 0);

const meanSquaredError = exercise({
  points: 1,
  inputs: { outputs: vector('N'), targets: vector('N') },
  sizes: { N: [1, 6] },
  oracle: ({ outputs, targets }) => {
    let total = 0;
    for (let i = 0; i < outputs.length; i++) total += (outputs[i]! - targets[i]!) * (outputs[i]! - targets[i]!);
    return total / outputs.length;
  },
  checks: [
    agrees(),
    pure(),
    rejects('no outputs, or another number of targets', [
      { outputs: [], targets: [] },
      { outputs: [1, 2], targets: [1] },
      { outputs: [1], targets: [1, 2] },
      { outputs: [], targets: [1] },
      { outputs: [1], targets: [] },
    ]),
  ],
  misconceptions: {
    'sum for mean': {
      wrong: (i) => squares(i),
      says: 'You add up the squares; the mean divides by their number. Without that, the loss grows with the amount of data.',
    },
    'half the mean': {
      wrong: (i) => squares(i) / (2 * i.outputs.length),
      says: 'There is a ½ in your loss. Many books put it there to make the derivative shorter; this course does not.',
    },
    'half the sum': {
      wrong: (i) => squares(i) / 2,
      says: 'You take half the sum of squares. This course takes the plain mean, without ½.',
    },
    'root of the mean': {
      wrong: (i) => Math.sqrt(squares(i) / i.outputs.length),
      says: 'You take the square root at the end. That is the RMSE; the loss here is the mean square itself.',
    },
    'absolute differences': {
      wrong: ({ outputs, targets }) => outputs.reduce((s, y, i) => s + Math.abs(y - targets[i]!), 0) / outputs.length,
      says: 'You average the absolute differences. Square them first.',
    },
    'square of the mean': {
      wrong: ({ outputs, targets }) => (outputs.reduce((s, y, i) => s + y - targets[i]!, 0) / outputs.length) ** 2,
      says: 'You average first and square afterwards, so that errors of opposite sign cancel. Square each error, then average.',
    },
  },
  hints: [
    'How far off is each output? Large misses should count much more than small ones.',
    'Two lists of length N give one number, never negative.',
    'L = (1/N) Σ (y_i − t_i)².',
    'outputs.reduce((s, y, i) => s + (y - targets[i]) ** 2, 0) / outputs.length, after checking the lengths.',
  ],
});

interface FitInputs {
  samples: number[][];
  targets: number[];
  weights: number[];
  bias: number;
}

/** The loss of a linear unit on N samples, written out on the tape. */
const unitLoss = ({ samples, targets, weights, bias }: Lifted<FitInputs>) =>
  mean(
    samples.map((x, i) => {
      const y = sum(x.map((xj, j) => xj.mul(weights[j]!))).add(bias);
      const error = y.sub(targets[i]!);
      return error.mul(error);
    }),
  );

/** Σ_i c(error_i) x_i and Σ_i c(error_i), the shape all wrong gradients share. */
function slopes({ samples, targets, weights, bias }: FitInputs, c: (error: number, N: number) => number, cb = c) {
  const errors = samples.map((x, i) => dot(x, weights, bias) - targets[i]!);
  return {
    weights: weights.map((_, j) => samples.reduce((s, x, i) => s + c(errors[i]!, samples.length) * x[j]!, 0)),
    bias: errors.reduce((s, e) => s + cb(e, samples.length), 0),
  };
}

const meanSquaredErrorGradient = exercise({
  points: 3,
  uses: ['linearOutput'],
  inputs: { samples: rows('N', 'n'), targets: vector('N'), weights: vector('n'), bias: number() },
  sizes: { N: [1, 5], n: [1, 4] },
  oracle: gradientOf<Lifted<FitInputs>>(unitLoss, { wrt: { weights: 'weights', bias: 'bias' } }),
  checks: [
    gradientAgrees(),
    property<FitInputs>('it vanishes where the outputs are the targets', {
      runs: (i) => ({ fitted: { ...i, targets: i.samples.map((x) => dot(x, i.weights, i.bias)) } }),
      holds: ({ fitted }) => [...fitted.weights, fitted.bias].every((g) => Math.abs(g) <= 1e-12),
    }),
    pure({
      fixed: () => [
        {
          samples: [
            [1, 2],
            [0, -1],
          ],
          targets: [1, -1],
          weights: [0.5, 1],
          bias: 0.25,
        },
      ],
    }),
    rejects(
      'data that do not fit together',
      [
        { samples: [[1]], targets: [1, 2], weights: [1], bias: 0 },
        { samples: [], targets: [1], weights: [1], bias: 0 },
        { samples: [[1, 2], [1]], targets: [1, 2], weights: [1, 1], bias: 0 },
        {
          samples: [
            [1, 2],
            [1, 2, 3],
          ],
          targets: [1, 2],
          weights: [1, 1],
          bias: 0,
        },
        { samples: [[1], [2]], targets: [1, 2], weights: [1, 1], bias: 0 },
        { samples: [], targets: [], weights: [1], bias: 0 },
        { samples: [[1], [2]], targets: [1], weights: [1], bias: 0 },
        { samples: [[1, 2]], targets: [1], weights: [1], bias: 0 },
      ],
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'factor 2 missing': {
      wrong: (i) => slopes(i, (e, N) => e / N),
      says: 'Everything is half of what it should be. The loss has no ½ in front, so the 2 of the square’s derivative stays.',
    },
    'sum for mean': {
      wrong: (i) => slopes(i, (e) => 2 * e),
      says: 'The loss is a mean over N samples, so its gradient is one too.',
    },
    'neither 2 nor 1/N': {
      wrong: (i) => slopes(i, (e) => e),
      says: 'You sum error times input and stop there: both the 2 of the square and the 1/N of the mean are missing.',
    },
    'target and output swapped': {
      wrong: (i) => slopes(i, (e, N) => (-2 * e) / N),
      says: 'Your gradient points downhill. ∂L/∂w is the direction in which the loss grows; the minus sign belongs to the step, not to the gradient.',
    },
    'input left out': {
      wrong: (i) => {
        const g = slopes(i, (e, N) => (2 * e) / N);
        return { weights: i.weights.map(() => g.bias), bias: g.bias };
      },
      says: 'Every weight gets the same gradient. How much a weight can change y depends on its own input x_j.',
    },
    'bias not averaged': {
      wrong: (i) =>
        slopes(
          i,
          (e, N) => (2 * e) / N,
          (e) => 2 * e,
        ),
      says: 'The bias gradient is a sum over the samples; the weights’ gradient is a mean, as it should be.',
    },
    'bias gradient of the last sample': {
      wrong: (i) => {
        const g = slopes(i, (e, N) => (2 * e) / N);
        const last = dot(i.samples.at(-1)!, i.weights, i.bias) - i.targets.at(-1)!;
        return { ...g, bias: (2 * last) / i.samples.length };
      },
      says: 'The bias gradient holds the last sample only. Each sample adds its part (+=, not =).',
    },
    'weight gradient of the last sample': {
      wrong: (i) => {
        const g = slopes(i, (e, N) => (2 * e) / N);
        const x = i.samples.at(-1)!;
        const last = dot(x, i.weights, i.bias) - i.targets.at(-1)!;
        return { weights: x.map((xj) => (2 * last * xj) / i.samples.length), bias: g.bias };
      },
      says: 'The weights’ gradient holds the last sample only. Each sample adds its part (+=, not =).',
    },
    'gradient of the last sample': {
      wrong: (i) => {
        const x = i.samples.at(-1)!;
        const slope = (2 * (dot(x, i.weights, i.bias) - i.targets.at(-1)!)) / i.samples.length;
        return { weights: x.map((xj) => slope * xj), bias: slope };
      },
      says: 'Only the last sample is left in your gradient. Each sample adds its part (+=, not =).',
    },
    'sign and 2 both off': {
      wrong: (i) => slopes(i, (e, N) => -e / N),
      says: 'Two things at once: the gradient points downhill (target minus output), and the 2 of the square’s derivative is missing.',
    },
    'outputs without the bias': {
      wrong: (i) => slopes({ ...i, bias: 0 }, (e, N) => (2 * e) / N),
      says: 'Your gradient does not depend on the bias. The outputs whose errors you take are w · x + b.',
    },
    'thresholded output': {
      wrong: (i) => {
        const errors = i.samples.map((x, k) => (dot(x, i.weights, i.bias) >= 0 ? 1 : 0) - i.targets[k]!);
        const N = errors.length;
        return {
          weights: i.weights.map((_, j) => errors.reduce((s, e, k) => s + (2 * e * i.samples[k]![j]!) / N, 0)),
          bias: errors.reduce((s, e) => s + (2 * e) / N, 0),
        };
      },
      says: 'The error is taken from a thresholded output. The linear unit has no step.',
    },
  },
  hints: [
    'Nudge one weight a little: each sample’s output changes by x_j times the nudge, and the loss with it.',
    'One gradient number per weight (n of them) and one for the bias: the gradient has the shape of what it belongs to.',
    'Chain rule on (y − t)²: 2 (y − t) times ∂y/∂w_j = x_j, averaged over the samples. For the bias ∂y/∂b = 1.',
    'slope_i = 2 (y_i − t_i) / N; weights[j] = Σ_i slope_i x_ij; bias = Σ_i slope_i.',
  ],
});

interface DeltaInputs {
  x: number[];
  target: number;
  weights: number[];
  bias: number;
  learningRate: number;
}

const corrected = ({ x, weights, bias }: DeltaInputs, step: number, stepBias = step) => ({
  weights: weights.map((w, j) => w + step * x[j]!),
  bias: bias + stepBias,
});
const missBy = ({ x, target, weights, bias }: DeltaInputs) => target - dot(x, weights, bias);

const deltaRule = exercise({
  points: 2,
  uses: ['linearOutput'],
  inputs: {
    x: vector('n'),
    target: number(),
    weights: vector('n'),
    bias: number(),
    learningRate: choice<number>(0.5, 0.25, 0.125),
  },
  oracle(i) {
    const error = missBy(i);
    const weights: number[] = [];
    for (let j = 0; j < i.x.length; j++) weights.push(i.weights[j]! + i.learningRate * error * i.x[j]!);
    return { weights, bias: i.bias + i.learningRate * error };
  },
  checks: [
    agrees(),
    learns<DeltaInputs>('five steps on one sample bring the output to the target', {
      start: () => ({ x: [1, -0.5], target: 1.5, weights: [0, 0], bias: 0, learningRate: 0.25 }),
      feed: (i, result) => ({ ...i, ...(result as unknown as { weights: number[]; bias: number }) }),
      steps: 5,
    }),
    pure({
      fixed: () => [
        { x: [1, 2], target: -1, weights: [1, 1], bias: 1, learningRate: 0.5 },
        { x: [1, 2], target: 3, weights: [1, 1], bias: 0, learningRate: 0.5 },
      ],
    }),
    rejects('a rate that is not greater than 0, or lengths that differ', [
      { x: [1], target: 1, weights: [0], bias: 0, learningRate: 0 },
      { x: [1], target: 1, weights: [0], bias: 0, learningRate: -1 },
      { x: [1], target: 1, weights: [0], bias: 0, learningRate: Number.NaN },
      { x: [1, 2], target: 1, weights: [0], bias: 0, learningRate: 1 },
      { x: [1], target: 1, weights: [0, 0], bias: 0, learningRate: 1 },
      { x: [1], target: 0, weights: [0], bias: 0, learningRate: 0 },
      { x: [1], target: 0, weights: [0], bias: 0, learningRate: -1 },
      { x: [1], target: 0, weights: [0, 0], bias: 0, learningRate: 1 },
    ]),
  ],
  examples: [
    { x: [1, 2], target: 1, weights: [2, -1], bias: 1, learningRate: 0.5 },
    { x: [1, 2], target: 1, weights: [2, 1], bias: 0.5, learningRate: 0.5 },
    { x: [2, -1], target: -1, weights: [1, 1], bias: 1, learningRate: 0.25 },
    { x: [2, 1], target: -1, weights: [-1, 1], bias: -1, learningRate: 0.25 },
  ],
  misconceptions: {
    'thresholded output': {
      wrong: (i) => corrected(i, i.learningRate * (i.target - (dot(i.x, i.weights, i.bias) >= 0 ? 1 : 0))),
      says: 'The error is taken after a step: that is the perceptron rule again. The delta rule uses the linear output.',
    },
    'class for output': {
      wrong: (i) => corrected(i, i.learningRate * (i.target - (dot(i.x, i.weights, i.bias) >= 0 ? 1 : -1))),
      says: 'The error is taken from the class. The delta rule uses the linear output.',
    },
    'target and output swapped': {
      wrong: (i) => corrected(i, -i.learningRate * missBy(i)),
      says: 'Each step makes the error larger: output minus target is the wrong way round for a plus sign.',
    },
    'bias never updated': {
      wrong: (i) => corrected(i, i.learningRate * missBy(i), 0),
      says: 'The weights learn, the bias stays.',
    },
    'learning rate dropped': {
      wrong: (i) => corrected(i, missBy(i)),
      says: 'The learning rate changes nothing in your result.',
    },
    'rate forgotten for the bias': {
      wrong: (i) => corrected(i, i.learningRate * missBy(i), missBy(i)),
      says: 'The weights move by the learning rate times the error, the bias by the whole error.',
    },
    'rate forgotten for the weights': {
      wrong: (i) => corrected(i, missBy(i), i.learningRate * missBy(i)),
      says: 'The bias moves by the learning rate times the error, the weights by the whole error times their input.',
    },
    'factor 2': {
      wrong: (i) => corrected(i, 2 * i.learningRate * missBy(i)),
      says: 'Your steps are twice as long. The delta rule leaves the 2 of the derivative inside η.',
    },
    'perceptron rule': {
      wrong: (i) =>
        corrected(i, (dot(i.x, i.weights, i.bias) >= 0 ? 1 : -1) === i.target ? 0 : i.learningRate * i.target),
      says: 'You move by the target, and only when the class is wrong: that is the perceptron rule. The delta rule moves by the error of the linear output, however small.',
    },
    'minus for the bias': {
      wrong: (i) => corrected(i, i.learningRate * missBy(i), -i.learningRate * missBy(i)),
      says: 'The weights move against the error, the bias with it. Both have the same sign.',
    },
    'weights corrected one after the other': {
      wrong: (i) => {
        const weights = [...i.weights];
        for (let j = 0; j < weights.length; j++)
          weights[j] = weights[j]! + i.learningRate * missBy({ ...i, weights }) * i.x[j]!;
        return { weights, bias: i.bias + i.learningRate * missBy(i) };
      },
      says: 'Your bias is right, but each weight is corrected with an error that the earlier weights have already changed. Compute the error once, before you change anything.',
    },
    'bias from the new weights': {
      wrong: (i) => {
        const { weights } = corrected(i, i.learningRate * missBy(i));
        return { weights, bias: i.bias + i.learningRate * missBy({ ...i, weights }) };
      },
      says: 'The bias is corrected with an error taken after the weights have moved. One error, computed once, serves them all.',
    },
    'weights from the new bias': {
      wrong: (i) => {
        const bias = i.bias + i.learningRate * missBy(i);
        return { weights: corrected(i, i.learningRate * missBy({ ...i, bias })).weights, bias };
      },
      says: 'The weights are corrected with an error taken after the bias has moved. One error, computed once, serves them all.',
    },
    'error recomputed inside the loop': {
      wrong: (i) => {
        const weights = [...i.weights];
        for (let j = 0; j < weights.length; j++)
          weights[j] = weights[j]! + i.learningRate * missBy({ ...i, weights }) * i.x[j]!;
        return { weights, bias: i.bias + i.learningRate * missBy({ ...i, weights }) };
      },
      says: 'The later weights are corrected with an error that the earlier ones have already changed. Compute the error once, before you change anything.',
    },
    'input left out': {
      wrong: (i) => ({
        ...corrected(i, i.learningRate * missBy(i)),
        weights: i.weights.map((w) => w + i.learningRate * missBy(i)),
      }),
      says: 'Every weight moves by the same amount. A weight whose input was 0 has no part in the error.',
    },
  },
  hints: [
    'How wrong was the output, and which weights had a part in it?',
    'One error (a number) serves all n weights and the bias.',
    'w′ = w + η (t − y) x and b′ = b + η (t − y), with the linear y.',
    'const error = target - linearOutput(x, weights, bias); then weights.map((w, j) => w + learningRate * error * x[j]).',
  ],
});

interface DescentInputs {
  samples: number[][];
  targets: number[];
  learningRate: number;
  steps: number;
}

const lossAt = (i: DescentInputs, weights: number[], bias: number) =>
  i.samples.reduce((s, x, k) => s + (dot(x, weights, bias) - i.targets[k]!) ** 2, 0) / i.samples.length;

/** Gradient descent written out; `bugs` are the places where students slip. */
function descend(
  i: DescentInputs,
  bugs: {
    factor?: number;
    /** The bias with another factor than the weights. */
    biasFactor?: number;
    late?: boolean;
    short?: boolean;
    noFirst?: boolean;
    bias?: boolean;
    online?: number;
  } = {},
) {
  const n = i.samples[0]!.length;
  const N = i.samples.length;
  let w = new Array<number>(n).fill(0);
  let b = 0;
  const history = [lossAt(i, w, b)];
  for (let k = 0; k < i.steps; k++) {
    if (bugs.online) {
      i.samples.forEach((x, s) => {
        const error = dot(x, w, b) - i.targets[s]!;
        w = w.map((v, j) => v - i.learningRate * bugs.online! * error * x[j]!);
        b -= i.learningRate * bugs.online! * error;
      });
    } else {
      const factor = (bugs.factor ?? 2) / N;
      const g = slopes({ samples: i.samples, targets: i.targets, weights: w, bias: b }, (e) => factor * e);
      w = w.map((v, j) => v - i.learningRate * g.weights[j]!);
      const gb = bugs.late
        ? slopes({ samples: i.samples, targets: i.targets, weights: w, bias: b }, (e) => factor * e).bias
        : g.bias;
      if (bugs.bias !== false) b -= i.learningRate * gb * ((bugs.biasFactor ?? factor * N) / (factor * N));
    }
    history.push(lossAt(i, w, b));
  }
  if (bugs.short) history.pop();
  if (bugs.noFirst) history.shift();
  return { weights: w, bias: b, history };
}

const trainLinearUnit = exercise({
  points: 3,
  uses: ['linearOutput', 'meanSquaredError', 'meanSquaredErrorGradient'],
  inputs: {
    samples: rows('N', 'n', { min: -1, max: 1 }),
    targets: vector('N'),
    learningRate: choice<number>(0.25, 0.125),
    steps: integer(0, 5),
  },
  sizes: { N: [1, 5], n: [1, 3] },
  oracle: (i) => descend(i),
  checks: [
    agrees(),
    property<DescentInputs>('a line without noise is learned', {
      fixed: () => [{ samples: [[-1], [0], [1], [2]], targets: [-1, 1, 3, 5], learningRate: 0.25, steps: 200 }],
      holds: ({ y }) =>
        (Math.abs(y.weights[0] - 2) < 1e-6 && Math.abs(y.bias - 1) < 1e-6) ||
        `The data lie on y = 2x + 1; after 200 steps your unit has w = ${Number(y.weights[0]).toPrecision(4)}, b = ${Number(y.bias).toPrecision(4)}.`,
    }),
    pure({
      fixed: () => [
        {
          samples: [
            [1, 2],
            [0, -1],
          ],
          targets: [1, -1],
          learningRate: 0.25,
          steps: 2,
        },
      ],
    }),
    rejects(
      'data or settings that make no sense',
      [
        { samples: [], targets: [], learningRate: 0.1, steps: 0 },
        { samples: [], targets: [1], learningRate: 0.1, steps: 2 },
        { samples: [[1]], targets: [1, 2], learningRate: 0.1, steps: 2 },
        { samples: [[1]], targets: [1, 2], learningRate: 0.1, steps: 0 },
        { samples: [[1], [2]], targets: [1], learningRate: 0.1, steps: 0 },
        { samples: [[1], [1, 2]], targets: [1, 2], learningRate: 0.1, steps: 0 },
        { samples: [[1, 2], [1]], targets: [1, 2], learningRate: 0.1, steps: 0 },
        { samples: [[1, 2], [1, 1], [1]], targets: [1, 2, 3], learningRate: 0.1, steps: 1 },
        { samples: [[1]], targets: [1], learningRate: 0, steps: 0 },
        { samples: [[1]], targets: [1], learningRate: -0.1, steps: 2 },
        { samples: [[1]], targets: [1], learningRate: Number.NaN, steps: 2 },
        { samples: [[1]], targets: [1], learningRate: 0.1, steps: Number.NaN },
        { samples: [], targets: [], learningRate: 0.1, steps: 2 },
        { samples: [[1], [2]], targets: [1], learningRate: 0.1, steps: 2 },
        { samples: [[1], [1, 2]], targets: [1, 2], learningRate: 0.1, steps: 2 },
        { samples: [[1]], targets: [1], learningRate: 0, steps: 2 },
        { samples: [[1]], targets: [1], learningRate: 0.1, steps: -1 },
        { samples: [[1]], targets: [1], learningRate: 0.1, steps: 2.5 },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    {
      samples: [
        [1, -0.5],
        [0.5, 1],
        [-1, 0.25],
      ],
      targets: [1, -1, 0.5],
      learningRate: 0.25,
      steps: 3,
    },
    { samples: [[1], [0.5], [-0.75]], targets: [2, 1, 0.5], learningRate: 0.125, steps: 4 },
  ],
  misconceptions: {
    climbing: {
      wrong: (i) => descend({ ...i }, { factor: -2 }),
      says: 'The loss grows with every step. The gradient points uphill; take the step against it.',
    },
    'weights climb': {
      wrong: (i) => descend(i, { factor: -2, biasFactor: 2 }),
      says: 'The bias goes downhill, the weights go uphill. Both take the step against the gradient.',
    },
    'bias climbs': {
      wrong: (i) => descend(i, { biasFactor: -2 }),
      says: 'The weights go downhill, the bias goes uphill. Both take the step against the gradient.',
    },
    'factor 2 missing': {
      wrong: (i) => descend(i, { factor: 1 }),
      says: 'Your steps are half as long: the 2 of the square’s derivative is missing.',
    },
    'sum for mean': {
      wrong: (i) => descend(i, { factor: 2 * i.samples.length }),
      says: 'Your steps grow with the number of samples: the gradient of a mean is a mean.',
    },
    'history one entry short': {
      wrong: (i) => descend(i, { short: true }),
      says: 'The loss after the last step is missing from your history: k steps have k + 1 losses, the one at the start included.',
    },
    'last loss not recorded': {
      wrong: (i) => descend(i, { short: i.steps > 0 }),
      says: 'The loss after the last step is missing from your history, if there is a step at all: k steps have k + 1 losses.',
    },
    'history without the start': {
      wrong: (i) => descend(i, { noFirst: true }),
      says: 'The loss before the first step is missing from your history: history[0] belongs to zero weights.',
    },
    'bias from the new weights': {
      wrong: (i) => descend(i, { late: true }),
      says: 'The bias step is computed with weights that have already moved. Compute the whole gradient first, then move everything.',
    },
    'bias never updated': {
      wrong: (i) => descend(i, { bias: false }),
      says: 'The weights learn, the bias stays 0.',
    },
    'a step per sample': {
      wrong: (i) => descend(i, { online: 2 }),
      says: 'You take a step after every sample. Here one step uses the gradient over all samples (full batch).',
    },
    'the delta rule, sample by sample': {
      wrong: (i) => descend(i, { online: 1 }),
      says: 'You apply the delta rule to one sample after the other. Here one step uses the gradient over all samples (full batch), with its 2 and its 1/N.',
    },
    'a part of the step per sample': {
      wrong: (i) => descend(i, { online: 2 / i.samples.length }),
      says: 'You move after every sample, by its share of the gradient: the later samples see weights that have already moved. Add up the whole gradient first.',
    },
  },
  hints: [
    'Look at the slope under your feet, take one step downhill, look again.',
    'weights (n) and bias start at zeros; history ends with steps + 1 numbers.',
    'Each step: compute the whole gradient at the present weights, then w ← w − η ∂L/∂w and b ← b − η ∂L/∂b, then note the loss.',
    'const g = meanSquaredErrorGradient(samples, targets, weights, bias); weights = weights.map((w, j) => w - learningRate * g.weights[j]); bias -= learningRate * g.bias;',
  ],
});

interface LayerInputs {
  X: Tensor;
  W: Tensor;
  b: Tensor;
}

/** Y_ik = Σ_j X_ij W_kj + b_k, one number at a time. */
const layer = ({ X, W, b }: Lifted<LayerInputs>) =>
  table([X.shape[0]!, W.shape[0]!], (i, k) =>
    sum(range(W.shape[1]!, (j) => X.at(i!, j).mul(W.at(k!, j)))).add(b.at(k!)),
  );

const layerInputs = { X: tensor('N', 'd'), W: tensor('out', 'd'), b: tensor('out') };

const linearForward = exercise({
  points: 2,
  inputs: layerInputs,
  oracle: valueOf<Lifted<LayerInputs>>(layer),
  checks: [
    agrees(),
    property<LayerInputs>('each sample is computed by itself', {
      runs: (i) => ({ all: { ...i } as ValueRecord, first: { ...i, X: i.X.slice([0, 1]) } as ValueRecord }),
      holds: ({ all, first }) => all.slice([0, 1]).allClose(first, { atol: 1e-12 }),
    }),
    pure(),
    rejects('samples and weights that differ in d', [
      { X: toTensor([[1, 2]]), W: toTensor([[1, 2, 3]]), b: toTensor([0]) },
      { X: toTensor([[1, 2]]), W: toTensor([[1], [2]]), b: toTensor([0, 0]) },
    ]),
  ],
  misconceptions: {
    'W not transposed': {
      wrong: ({ X, W, b }) => X.matmul(W).add(b),
      says: 'You multiply with W itself. It holds one row per unit, so its transpose has to stand on the right.',
    },
    'W read as (d, out)': {
      wrong: ({ X, W, b }) => X.matmul(W.reshape(W.shape[1]!, W.shape[0]!)).add(b),
      says: 'Your result has the right shape, but W is read as if it were (d, out). It holds one row per unit: Y_ik pairs X.at(i, j) with W.at(k, j).',
    },
    'bias left out': {
      wrong: ({ X, W }) => X.matmul(W.T),
      says: 'The bias changes nothing in your result.',
    },
    'bias subtracted': {
      wrong: ({ X, W, b }) => X.matmul(W.T).sub(b),
      says: 'The bias is added to every row, not subtracted.',
    },
    'output transposed': {
      wrong: ({ X, W, b }) => X.matmul(W.T).add(b).T,
      says: 'Rows and columns are swapped: row i of the result belongs to sample i.',
    },
    'output filled column by column': {
      wrong: ({ X, W, b }) => {
        const Y = X.matmul(W.T).add(b);
        return Y.T.reshape(...Y.shape);
      },
      says: 'The numbers are right and stand in the wrong places. `data` holds row after row: sample i and unit k belong at i · out + k.',
    },
    'bias times each input': {
      wrong: ({ X, W, b }) => X.matmul(W.T).add(b.mul(W.shape[1]!)),
      says: 'The bias is added once for every input; each unit has one bias, added once.',
    },
    'bias per sample': {
      wrong: ({ X, W, b }) => {
        const y = X.matmul(W.T);
        return y.add(toTensor(Array.from({ length: y.shape[0]! }, (_, i) => [b.data[i % b.size]!])));
      },
      says: 'The bias is added along the wrong axis: b has one number per unit, which is one per column.',
    },
  },
  hints: [
    'A layer is many linear units reading the same sample, and a batch is many samples: all their dot products at once are one matrix product.',
    '(N, d) times something of shape (d, out) gives (N, out). How do you get (d, out) from W?',
    'Y = X Wᵀ + b; the addition repeats b in every row by broadcasting.',
    'return X.matmul(W.T).add(b);',
  ],
});

interface LossInputs extends LayerInputs {
  T: Tensor;
}

const layerLoss = ({ X, W, b, T }: Lifted<LossInputs>) => {
  const Y = layer({ X, W, b });
  return mean(
    Y.data.map((y, k) => {
      const error = y.sub(T.data[k]!);
      return error.mul(error);
    }),
  );
};

/** dW and db from G, and from G with a slip in it. */
const layerSlopes = ({ X, W, b, T }: LossInputs, factor: (N: number, out: number) => number) => {
  const G = X.matmul(W.T).add(b).sub(T).mul(factor(X.shape[0]!, W.shape[0]!));
  return { dW: G.T.matmul(X), db: G.sum(0), G };
};
const only = ({ dW, db }: { dW: Tensor; db: Tensor }) => ({ dW, db });
const right = (N: number, out: number) => 2 / (N * out);

const linearGradients = exercise({
  points: 4,
  uses: ['linearForward'],
  inputs: { ...layerInputs, T: tensor('N', 'out') },
  oracle: gradientOf<Lifted<LossInputs>>(layerLoss, { wrt: { dW: 'W', db: 'b' } }),
  checks: [
    gradientAgrees(),
    pure(),
    rejects(
      'targets of another shape than the outputs',
      [
        { X: toTensor([[1], [2], [3]]), W: toTensor([[1]]), b: toTensor([0]), T: toTensor([1, 2, 3]) },
        { X: toTensor([[1], [2]]), W: toTensor([[1], [2]]), b: toTensor([0, 0]), T: toTensor([[1], [2]]) },
        { X: toTensor([[1], [2]]), W: toTensor([[1]]), b: toTensor([0]), T: toTensor([[1]]) },
        { X: toTensor([[1], [2]]), W: toTensor([[1]]), b: toTensor([0]), T: toTensor([[1, 2]]) },
        { X: toTensor([[1], [2]]), W: toTensor([[1], [2]]), b: toTensor([0, 0]), T: toTensor([1, 2]) },
        {
          X: toTensor([[1], [2], [3]]),
          W: toTensor([[1], [2]]),
          b: toTensor([0, 0]),
          T: toTensor([
            [1, 2, 3],
            [4, 5, 6],
          ]),
        },
        { X: toTensor([[1, 2]]), W: toTensor([[1, 2, 3]]), b: toTensor([0]), T: toTensor([[1]]) },
      ],
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'mean over rows only': {
      wrong: (i) => only(layerSlopes(i, (N) => 2 / N)),
      says: 'You divide by the number of samples. The mean runs over all N · out elements of the output.',
    },
    'factor 2 missing': {
      wrong: (i) => only(layerSlopes(i, (N, out) => 1 / (N * out))),
      says: 'Everything is half of what it should be: the 2 of the square’s derivative stays, since the loss has no ½.',
    },
    'sum for mean': {
      wrong: (i) => only(layerSlopes(i, () => 2)),
      says: 'The loss is a mean over N · out elements, so its gradient is divided by that number too.',
    },
    'target and output swapped': {
      wrong: (i) => only(layerSlopes(i, (N, out) => -right(N, out))),
      says: 'Your gradient points downhill: it is built from T − Y. The gradient points to where the loss grows.',
    },
    'divided by the units only': {
      wrong: (i) => only(layerSlopes(i, (_N, out) => 2 / out)),
      says: 'You divide by the number of units. The mean runs over all N · out elements of the output.',
    },
    'bias gradient with its axis kept': {
      wrong: (i) => {
        const { dW, G } = layerSlopes(i, right);
        return { dW, db: G.sum(0, { keepDims: true }) };
      },
      says: 'db is a table of one row. b has one axis only, and a gradient has the shape of its variable: look at keepDims.',
    },
    'bias gradient not summed over the batch': {
      wrong: (i) => {
        const { dW, G } = layerSlopes(i, right);
        return { dW, db: G };
      },
      says: 'db still has a row for each sample. One bias served all of them, so their contributions add up.',
    },
    'bias gradient averaged': {
      wrong: (i) => {
        const { dW, G } = layerSlopes(i, right);
        return { dW, db: G.mean(0) };
      },
      says: 'db is averaged over the samples once more; G already holds the 1/(N · out). Sum it.',
    },
    'bias gradient summed over the units': {
      wrong: (i) => {
        const { dW, G } = layerSlopes(i, right);
        return { dW, db: G.sum(1) };
      },
      says: 'db is summed along the wrong axis: it has one number per unit, so the samples are what disappears.',
    },
    'dW transposed': {
      wrong: (i) => {
        const { dW, db } = layerSlopes(i, right);
        return { dW: dW.T, db };
      },
      says: 'dW has the shape (d, out). A gradient has the shape of its variable: W is (out, d).',
    },
  },
  hints: [
    'Go backwards through the forward pass: from L to Y, from Y to W and to b.',
    'G = ∂L/∂Y has the shape of Y. dW must have the shape of W, (out, d): which product of G (N, out) and X (N, d) gives that?',
    'G = 2/(N·out) (Y − T); dW = Gᵀ X; db = the sum of G over the samples.',
    'const G = Y.sub(T).mul(2 / Y.size); return { dW: G.T.matmul(X), db: G.sum(0) }; and check T’s shape before.',
  ],
});

export const linearUnit = topic('linear-unit', 'The linear unit: an error with a slope', {
  linearOutput,
  meanSquaredError,
  meanSquaredErrorGradient,
  deltaRule,
  trainLinearUnit,
  linearForward,
  linearGradients,
});
