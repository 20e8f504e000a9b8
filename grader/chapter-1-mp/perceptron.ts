import {
  agrees,
  choice,
  exercise,
  integer,
  learns,
  number,
  pattern,
  property,
  pure,
  rejects,
  rows,
  topic,
  vector,
  type ValueRecord,
} from '../engine/index.ts';

const score = (x: readonly number[], w: readonly number[], b: number): number => {
  let s = b;
  for (let i = 0; i < x.length; i++) s += w[i]! * x[i]!;
  return s;
};

const side = (s: number) => (s >= 0 ? 1 : -1);

const predict = exercise({
  points: 1,
  inputs: { x: vector('n'), weights: vector('n'), bias: number() },
  oracle: ({ x, weights, bias }) => side(score(x, weights, bias)),
  checks: [
    agrees({ exact: true, cases: 60 }),
    pure({ fixed: () => [{ x: [1, 2, -1], weights: [0.5, -1, 2], bias: 1 }] }),
    rejects('a sample and weights of different lengths', [
      { x: [1, 2], weights: [1], bias: 0 },
      { x: [1], weights: [1, 1], bias: 0 },
      { x: [], weights: [1], bias: 0 },
      { x: [1], weights: [], bias: -1 },
    ]),
  ],
  examples: [
    { x: [0, 0], weights: [0, 0], bias: 0 },
    { x: [1, 2], weights: [2, -1], bias: 0 },
    { x: [1], weights: [1], bias: -2 },
    { x: [1], weights: [-1], bias: 2 },
    { x: [0.25, 0.5], weights: [1, 1], bias: -0.5 },
    { x: [1], weights: [1], bias: -1 - 2 ** -10 },
    { x: [1], weights: [1], bias: -1 + 2 ** -10 },
    { x: [2 ** -15], weights: [-(2 ** -15)], bias: 0 },
    { x: [1, 1], weights: [0.5, -1.5], bias: 1 },
  ],
  misconceptions: {
    '0 and 1 for the classes': {
      wrong: ({ x, weights, bias }) => (score(x, weights, bias) >= 0 ? 1 : 0),
      says: 'You answer 0 or 1. From this topic on the classes are −1 and +1, because the label is also the direction in which to correct.',
    },
    '> for ≥': {
      wrong: ({ x, weights, bias }) => (score(x, weights, bias) > 0 ? 1 : -1),
      says: 'A sample exactly on the boundary counts as +1, as step(0) = 1.',
    },
    'sign, with 0 on the boundary': {
      wrong: ({ x, weights, bias }) => Math.sign(score(x, weights, bias)),
      says: 'On the boundary you answer 0. Math.sign has three values, but there are only two classes.',
    },
    'bias left out': {
      wrong: ({ x, weights }) => side(score(x, weights, 0)),
      says: 'The bias changes nothing: your boundary always goes through the origin.',
    },
    'bias subtracted': {
      wrong: ({ x, weights, bias }) => side(score(x, weights, -bias)),
      says: 'The bias pulls in the wrong direction: it is added to the sum.',
    },
    'last input skipped': {
      wrong: ({ x, weights, bias }) => side(score(x.slice(0, -1), weights, bias)),
      says: 'The last input changes nothing in your result. How far does your loop run?',
    },
    'first input skipped': {
      wrong: ({ x, weights, bias }) => side(score(x.slice(1), weights.slice(1), bias)),
      says: 'The first input changes nothing in your result. Where does your loop begin, or your `reduce`?',
    },
    'classes swapped': {
      wrong: ({ x, weights, bias }) => -side(score(x, weights, bias)),
      says: 'Your two classes have changed places: a score of at least 0 means +1.',
    },
    'the score itself': {
      wrong: ({ x, weights, bias }) => score(x, weights, bias),
      says: 'You return the score. The class is only its side: −1 or +1.',
    },
  },
  hints: [
    'A line (or plane) cuts the space in two. Which side is the sample on?',
    'x and weights have length n; the score is one number; the class is one of two.',
    'score = w · x + b; the class is +1 when it is ≥ 0, else −1.',
    'return x.reduce((s, xi, i) => s + weights[i] * xi, bias) >= 0 ? 1 : -1; with a look at the lengths first.',
  ],
});

interface Model {
  weights: number[];
  bias: number;
}
interface UpdateInputs {
  x: number[];
  label: number;
  weights: number[];
  bias: number;
  learningRate: number;
}

/** One update; `rule` says by how much to move. */
function moved({ x, weights, bias }: UpdateInputs, move: number, moveBias = move): Model & ValueRecord {
  const w: number[] = [];
  for (let i = 0; i < x.length; i++) w.push(weights[i]! + move * x[i]!);
  return { weights: w, bias: bias + moveBias };
}

const isRight = ({ x, label, weights, bias }: UpdateInputs) => side(score(x, weights, bias)) === label;

const perceptronUpdate = exercise({
  points: 3,
  uses: ['predict'],
  inputs: {
    x: vector('n'),
    label: choice(1, -1),
    weights: vector('n'),
    bias: number(),
    learningRate: choice<number>(1, 0.5, 0.25),
  },
  oracle: (i) => moved(i, isRight(i) ? 0 : i.learningRate * i.label),
  checks: [
    agrees({ exact: true, cases: 60 }),
    learns<UpdateInputs>('three updates in a row on one sample', {
      start: () => ({ x: [1, 0.5], label: -1, weights: [2, 1], bias: 1, learningRate: 0.5 }),
      feed: (i, result) => ({ ...i, ...(result as unknown as Model) }),
      steps: 3,
    }),
    pure({
      fixed: () => [
        { x: [1, 2], label: -1, weights: [1, 1], bias: 1, learningRate: 0.5 },
        { x: [1, -2], label: 1, weights: [-1, 1], bias: 1, learningRate: 0.5 },
        { x: [1, 2], label: 1, weights: [1, 1], bias: 1, learningRate: 0.5 },
      ],
    }),
    rejects(
      'a label, a rate or lengths that make no sense',
      [
        { x: [1], label: 0, weights: [1], bias: 0, learningRate: 1 },
        { x: [1], label: 2, weights: [1], bias: 0, learningRate: 1 },
        { x: [1], label: 1, weights: [-2], bias: 0, learningRate: 0 },
        { x: [1], label: 1, weights: [-2], bias: 0, learningRate: -0.5 },
        { x: [1], label: 1, weights: [-2], bias: 0, learningRate: Number.NaN },
        { x: [1, 2], label: 1, weights: [1], bias: 0, learningRate: 1 },
        { x: [1], label: 1, weights: [1, 1], bias: 0, learningRate: 1 },
        { x: [1], label: -1, weights: [1, 1], bias: 0, learningRate: 1 },
        { x: [1], label: 0.5, weights: [1], bias: 0, learningRate: 1 },
        { x: [1], label: 0.5, weights: [-2], bias: 0, learningRate: 1 },
        { x: [1], label: -2, weights: [-2], bias: 0, learningRate: 1 },
        { x: [1], label: Number.NaN, weights: [1], bias: 0, learningRate: 1 },
        { x: [1], label: 1, weights: [1], bias: 0, learningRate: 0 },
        { x: [1], label: -1, weights: [-1], bias: 0, learningRate: -0.5 },
        { x: [1], label: 1, weights: [1], bias: 0, learningRate: Number.NaN },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    { x: [1, 2], label: -1, weights: [1, 1], bias: 1, learningRate: 0.5 },
    { x: [2, -1], label: 1, weights: [-1, 1], bias: -1, learningRate: 0.25 },
    { x: [1, 1], label: -1, weights: [0, 0], bias: 0, learningRate: 0.5 },
    { x: [2, 1], label: 1, weights: [1, 1], bias: 1, learningRate: 0.5 },
    { x: [-2, 0.5], label: -1, weights: [1, 1], bias: 0.5, learningRate: 0.25 },
    { x: [0], label: -1, weights: [0], bias: 0, learningRate: 1 },
    { x: [0], label: 1, weights: [0], bias: 0, learningRate: 1 },
    { x: [1, 2], label: 1, weights: [2, -1], bias: 0, learningRate: 0.5 },
    { x: [1, 2], label: -1, weights: [2, -1], bias: 0, learningRate: 0.5 },
    { x: [1, 1], label: 1, weights: [0, 0], bias: 0, learningRate: 0.5 },
    { x: [1, 2], label: 1, weights: [1, 1], bias: -2, learningRate: 0.5 },
    { x: [1, 2], label: -1, weights: [1, -1], bias: 0, learningRate: 0.5 },
    { x: [1], label: -1, weights: [1], bias: -1 - 2 ** -10, learningRate: 1 },
    { x: [1], label: 1, weights: [1], bias: -1 - 2 ** -10, learningRate: 1 },
    { x: [1], label: -1, weights: [1], bias: -1 + 2 ** -10, learningRate: 1 },
  ],
  misconceptions: {
    'bias never updated': {
      wrong: (i) => (isRight(i) ? moved(i, 0) : moved(i, i.learningRate * i.label, 0)),
      says: 'The weights move, the bias stays. It learns too: as the weight of an input that is always 1.',
    },
    'update when already right': {
      wrong: (i) => moved(i, i.learningRate * i.label),
      says: 'You also update when the prediction was right. The perceptron learns from mistakes only.',
    },
    'update only when right': {
      wrong: (i) => (isRight(i) ? moved(i, i.learningRate * i.label) : moved(i, 0)),
      says: 'The test is the wrong way round: a right prediction changes the weights, a wrong one does not.',
    },
    'label left out': {
      wrong: (i) => moved(i, isRight(i) ? 0 : i.learningRate),
      says: 'You move toward the sample whatever its class. With the label −1 the weights should move away from it.',
    },
    'prediction for label': {
      wrong: (i) => moved(i, isRight(i) ? 0 : -i.learningRate * i.label),
      says: 'You move in the direction of the prediction, deeper into the mistake. Which of the two numbers is the truth?',
    },
    'minus for the weights': {
      wrong: (i) => (isRight(i) ? moved(i, 0) : moved(i, -i.learningRate * i.label, i.learningRate * i.label)),
      says: 'The bias moves toward the label, the weights move away from it. Look at the sign in front of η t x.',
    },
    'minus for the bias': {
      wrong: (i) => (isRight(i) ? moved(i, 0) : moved(i, i.learningRate * i.label, -i.learningRate * i.label)),
      says: 'The weights move toward the label, the bias moves away from it. Look at the sign in front of η t.',
    },
    'label left out of the weights': {
      wrong: (i) => (isRight(i) ? moved(i, 0) : moved(i, i.learningRate, i.learningRate * i.label)),
      says: 'The label steers your bias and not your weights: they always move toward the sample.',
    },
    'label left out of the bias': {
      wrong: (i) => (isRight(i) ? moved(i, 0) : moved(i, i.learningRate * i.label, i.learningRate)),
      says: 'The label steers your weights and not your bias: it only ever grows.',
    },
    'input left out': {
      wrong: (i) => {
        const move = isRight(i) ? 0 : i.learningRate * i.label;
        return { weights: i.weights.map((w) => w + move), bias: i.bias + move };
      },
      says: 'Every weight moves by the same amount. A weight moves by its own input: one whose input was 0 had no part in the mistake.',
    },
    'score compared with the label': {
      wrong: (i) => moved(i, score(i.x, i.weights, i.bias) === i.label ? 0 : i.learningRate * i.label),
      says: 'You compare the score with the label, and a score is hardly ever exactly ±1. It is the class, the side of the score, that is right or wrong.',
    },
    'moves by the score': {
      wrong: (i) => moved(i, isRight(i) ? 0 : i.learningRate * score(i.x, i.weights, i.bias)),
      says: 'Your step is as long as the score, and points where it points. The rule uses the label: the score is what was wrong.',
    },
    'score 0 is never right': {
      wrong: (i) => moved(i, i.label * score(i.x, i.weights, i.bias) <= 0 ? i.learningRate * i.label : 0),
      says: 'You correct a sample of class +1 whose score is exactly 0. On the boundary the class is +1, so it was right: ask predict, rather than the sign of label times score.',
    },
    'score 0 is always right': {
      wrong: (i) => moved(i, i.label * score(i.x, i.weights, i.bias) < 0 ? i.learningRate * i.label : 0),
      says: 'You leave a sample of class −1 alone when its score is exactly 0. On the boundary the class is +1, so it was wrong: ask predict, rather than the sign of label times score.',
    },
    'prediction 0 or 1': {
      wrong: (i) => moved(i, (score(i.x, i.weights, i.bias) >= 0 ? 1 : 0) === i.label ? 0 : i.learningRate * i.label),
      says: 'Your prediction is 0 or 1, and the labels are −1 and +1: class −1 is never called right.',
    },
    'error of a prediction 0 or 1': {
      wrong: (i) => moved(i, i.learningRate * (i.label - (score(i.x, i.weights, i.bias) >= 0 ? 1 : 0))),
      says: 'You take label minus prediction with a prediction of 0 or 1. The classes are −1 and +1 here, so class −1 is never at rest.',
    },
    'learning rate dropped': {
      wrong: (i) => moved(i, isRight(i) ? 0 : i.label),
      says: 'The learning rate changes nothing in your result.',
    },
    'rate forgotten for the bias': {
      wrong: (i) => (isRight(i) ? moved(i, 0) : moved(i, i.learningRate * i.label, i.label)),
      says: 'The weights move by the learning rate, the bias by a whole step.',
    },
    'rate forgotten for the weights': {
      wrong: (i) => (isRight(i) ? moved(i, 0) : moved(i, i.label, i.learningRate * i.label)),
      says: 'The bias moves by the learning rate, the weights by a whole step.',
    },
    'twice the step (label − prediction)': {
      wrong: (i) => moved(i, isRight(i) ? 0 : 2 * i.learningRate * i.label),
      says: 'Your steps are twice as long. Label minus prediction is ±2 when the classes are ±1; the rule uses the label alone.',
    },
    'delta rule': {
      wrong: (i) => moved(i, i.learningRate * (i.label - score(i.x, i.weights, i.bias))),
      says: 'You correct in proportion to the error of the score, even when the class is right. That is the delta rule of the next topic; the perceptron only asks whether the class is right.',
    },
    'delta rule on mistakes': {
      wrong: (i) => moved(i, isRight(i) ? 0 : i.learningRate * (i.label - score(i.x, i.weights, i.bias))),
      says: 'You correct mistakes only, but by label minus score, so the step grows with the score. The rule moves by η t x, however far off the score was.',
    },
    'negatives never teach': {
      wrong: (i) => moved(i, isRight(i) || i.label < 0 ? 0 : i.learningRate),
      says: 'A sample of class −1 never changes anything. With labels 0 and 1 the product with the label is 0; with ±1 it is not.',
    },
  },
  hints: [
    'If the answer was right, leave it. If it was wrong, the boundary should move so that this sample gets closer to its own side.',
    'Adding a bit of x to w raises the score of x; subtracting lowers it. The new weights have the length of the old ones.',
    'Wrong: w′ = w + η t x and b′ = b + η t. Right: w′ = w, b′ = b. `predict` says which; make new weights with `map`, so that the old ones stay.',
    'weights.map((w, i) => w + learningRate * label * x[i]), and bias + learningRate * label.',
  ],
});

interface TrainInputs {
  samples: number[][];
  labels: number[];
  learningRate: number;
  maxEpochs: number;
}
type Trained = Model & { history: number[]; converged: boolean };

interface Bugs {
  /** Judge only the last sample of an epoch. */
  lastOnly?: boolean;
  /** Leave the clean epoch out of the history. */
  dropClean?: boolean;
  /** Never stop early. */
  always?: boolean;
  /** Count updates by the final model of the epoch. */
  after?: boolean;
  /** Count a sample after the update that it caused. */
  afterUpdate?: boolean;
  /** Only the flag is judged by the last sample. */
  flagByLast?: boolean;
  /** As many epochs as it takes. */
  unlimited?: boolean;
  /** Every sample teaches. */
  rightOnes?: boolean;
  /** A score of 0 is never right. */
  edge?: boolean;
  /** Mistakes since the beginning, in place of those of the epoch. */
  running?: boolean;
  /** And an epoch is clean when there was never a mistake. */
  runningEnd?: boolean;
  /** Collect the corrections and apply them at the end of the epoch. */
  batch?: boolean;
  /** Start again from zero in every epoch. */
  restart?: boolean;
  bias?: boolean;
}

/** Training written out, with the places where students slip as switches. */
function train({ samples, labels, learningRate, maxEpochs }: TrainInputs, bugs: Bugs = {}): Trained & ValueRecord {
  const n = samples[0]!.length;
  let w: number[] = new Array<number>(n).fill(0);
  let b = 0;
  const history: number[] = [];
  let converged = false;
  let all = 0;
  let lastFlag = false;
  for (let epoch = 0; epoch < (bugs.unlimited ? 300 : maxEpochs); epoch++) {
    if (bugs.restart) [w, b] = [new Array<number>(n).fill(0), 0];
    let mistakes = 0;
    let lastRight = true;
    const [startW, startB] = [w, b];
    for (let s = 0; s < samples.length; s++) {
      const x = samples[s]!;
      const t = labels[s]!;
      lastRight = (bugs.batch ? side(score(x, startW, startB)) : side(score(x, w, b))) === t;
      if (bugs.edge) lastRight = t * score(x, w, b) > 0;
      if (!lastRight && !bugs.afterUpdate) mistakes++;
      if (lastRight && !bugs.rightOnes) continue;
      w = w.map((v, i) => v + learningRate * t * x[i]!);
      if (bugs.bias !== false) b += learningRate * t;
      if (bugs.afterUpdate && side(score(x, w, b)) !== t) mistakes++;
    }
    lastFlag = lastRight;
    all += mistakes;
    if (bugs.after) mistakes = samples.filter((x, s) => side(score(x, w, b)) !== labels[s]).length;
    converged = bugs.lastOnly ? lastRight : (bugs.runningEnd ? all : mistakes) === 0;
    if (!(bugs.dropClean && converged)) history.push(bugs.running || bugs.runningEnd ? all : mistakes);
    if (converged && !bugs.always) break;
  }
  return { weights: w, bias: b, history, converged: bugs.flagByLast ? lastFlag : converged };
}

const XOR: TrainInputs & ValueRecord = {
  samples: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  labels: [-1, 1, 1, -1],
  learningRate: 1,
  maxEpochs: 12,
};
const AND = { ...XOR, labels: [-1, -1, -1, 1] };

/** R² / γ² in the augmented space, from its definition. */
function bound(
  samples: readonly number[][],
  labels: readonly number[],
  weights: readonly number[],
  bias: number,
): number {
  const unit = Math.sqrt(score(weights, weights, bias * bias));
  let radius = 0;
  let margin = Infinity;
  samples.forEach((x, i) => {
    radius = Math.max(radius, Math.sqrt(score(x, x, 1)));
    margin = Math.min(margin, (labels[i]! * score(x, weights, bias)) / unit);
  });
  return (radius / margin) ** 2;
}

/** The same data with the labels of a teacher, so that they can be separated. */
function taught({ samples, teacher, teacherBias, learningRate }: ValueRecord): TrainInputs & ValueRecord {
  const [w, b] = [teacher as number[], teacherBias as number];
  const labels = (samples as number[][]).map((x) => side(score(x, w, b)));
  const most = bound(samples as number[][], labels, w, b);
  return {
    samples: samples as number[][],
    labels,
    learningRate: learningRate as number,
    maxEpochs: Math.ceil(most) + 2,
  };
}

const trainPerceptron = exercise({
  points: 4,
  uses: ['predict', 'perceptronUpdate'],
  inputs: {
    samples: rows('N', 'n'),
    labels: pattern('N', 1, -1),
    learningRate: choice<number>(1, 0.5, 0.25),
    maxEpochs: integer(0, 8),
    teacher: vector('n'),
    teacherBias: number(),
  },
  sizes: { N: [1, 6], n: [1, 3] },
  parameters: ['samples', 'labels', 'learningRate', 'maxEpochs'],
  oracle: (i) => train(i),
  checks: [
    agrees({ exact: true, cases: 60 }),
    property<TrainInputs>("separable data: it converges, and its mistakes never exceed Novikoff's (R/γ)²", {
      where: (i) => {
        const { samples, teacher, teacherBias } = i as unknown as ValueRecord;
        return (samples as number[][]).every(
          (x) => Math.abs(score(x, teacher as number[], teacherBias as number)) >= 0.25,
        );
      },
      runs: (i) => ({ trained: taught(i as unknown as ValueRecord) }),
      holds: ({ trained }, i) => {
        const { teacher, teacherBias } = i as unknown as ValueRecord;
        const data = taught(i as unknown as ValueRecord);
        const most = bound(data.samples, data.labels, teacher as number[], teacherBias as number);
        const mistakes = (trained as Trained).history.reduce((a, b) => a + b, 0);
        if (mistakes > most * (1 + 1e-9))
          return `${mistakes} mistakes; the bound allows ${Number(most.toPrecision(6))}.`;
        return (trained as Trained).converged || 'It did not converge, although a separating line exists.';
      },
    }),
    property<TrainInputs>('on XOR it never converges', {
      fixed: () => [{ ...XOR, maxEpochs: 50 }],
      holds: ({ y }) => (y as Trained).converged === false && (y as Trained).history.length === 50,
    }),
    pure({
      fixed: () => [
        AND,
        { samples: [[1], [-1], [2]], labels: [1, -1, 1], learningRate: 0.5, maxEpochs: 5 },
        { ...XOR, maxEpochs: 3 },
      ],
    }),
    rejects(
      'data or settings that make no sense',
      [
        { samples: [], labels: [], learningRate: 1, maxEpochs: 3 },
        { samples: [], labels: [], learningRate: 1, maxEpochs: 0 },
        { samples: [], labels: [1], learningRate: 1, maxEpochs: 3 },
        { samples: [[1], [2]], labels: [1, 1, -1], learningRate: 1, maxEpochs: 3 },
        { samples: [[1], [2]], labels: [1, 1, 1], learningRate: 1, maxEpochs: 0 },
        { samples: [[1], [2]], labels: [1], learningRate: 1, maxEpochs: 0 },
        { samples: [[1], [2]], labels: [0, 1], learningRate: 1, maxEpochs: 3 },
        { samples: [[1], [2]], labels: [1, 0.5], learningRate: 1, maxEpochs: 3 },
        { samples: [[1, 2], [1, 1], [1]], labels: [1, 1, 1], learningRate: 1, maxEpochs: 3 },
        { samples: [[1, 2], [1], [1, 1]], labels: [-1, -1, 1], learningRate: 1, maxEpochs: 3 },
        { samples: [[1], [2]], labels: [1, 1], learningRate: -1, maxEpochs: 3 },
        { samples: [[1], [2]], labels: [1, 1], learningRate: Number.NaN, maxEpochs: 3 },
        { samples: [[1]], labels: [1], learningRate: 1, maxEpochs: 0.5 },
        { samples: [[1]], labels: [1], learningRate: 1, maxEpochs: Number.NaN },
        { samples: [[1], [2]], labels: [1], learningRate: 1, maxEpochs: 3 },
        { samples: [[1], [2]], labels: [1, 0], learningRate: 1, maxEpochs: 3 },
        { samples: [[1], [1, 2]], labels: [-1, -1], learningRate: 1, maxEpochs: 3 },
        { samples: [[1]], labels: [1], learningRate: 0, maxEpochs: 3 },
        { samples: [[1]], labels: [1], learningRate: 1, maxEpochs: -1 },
        { samples: [[1]], labels: [1], learningRate: 1, maxEpochs: 1.5 },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    AND,
    XOR,
    { samples: [[1], [-1], [2]], labels: [1, -1, 1], learningRate: 0.5, maxEpochs: 5 },
    {
      samples: [
        [2, 1],
        [1, 1],
        [-1, 1],
      ],
      labels: [-1, 1, 1],
      learningRate: 0.25,
      maxEpochs: 6,
    },
    { samples: [[1, 1]], labels: [-1], learningRate: 1, maxEpochs: 0 },
    { samples: [[0]], labels: [1], learningRate: 1, maxEpochs: 3 },
    { samples: [[0]], labels: [-1], learningRate: 1, maxEpochs: 3 },
    { samples: [[4], [-0.5]], labels: [-1, 1], learningRate: 1, maxEpochs: 4 },
    { samples: [[1], [-1]], labels: [1, -1], learningRate: 1, maxEpochs: 1 },
    { ...XOR, maxEpochs: 1 },
  ],
  misconceptions: {
    'converged judged on the last sample': {
      wrong: (i) => train(i, { lastOnly: true }),
      says: 'You stop as soon as the last sample of an epoch is right, though others were wrong. An epoch is clean when none was.',
    },
    'history one entry short': {
      wrong: (i) => train(i, { dropClean: true }),
      says: 'Your history ends before the clean epoch. That epoch was run too, so its 0 belongs to the history.',
    },
    'never stops early': {
      wrong: (i) => train(i, { always: true }),
      says: 'After an epoch without mistakes you go on to the limit. Nothing can change any more; stop there.',
    },
    'flag judged by the last sample': {
      wrong: (i) => train(i, { flagByLast: true }),
      says: 'Your converged only asks about the last sample of the last epoch. An epoch is clean when none of its samples was wrong.',
    },
    'converged always true': {
      wrong: (i) => ({ ...train(i), converged: true }),
      says: 'Your converged is always true. Where the limit ends the training it was not reached by a clean epoch.',
    },
    'limit ignored': {
      wrong: (i) => train(i, { unlimited: true }),
      says: 'maxEpochs makes no difference to your training. Where no line separates the samples it would run for ever.',
    },
    'mistakes counted after the update': {
      wrong: (i) => train(i, { afterUpdate: true }),
      says: 'You ask whether a sample is wrong after the update that it has just caused. Predict first, count, and update then.',
    },
    'right answers teach too': {
      wrong: (i) => train(i, { rightOnes: true }),
      says: 'Samples that were right move your weights too. The perceptron learns from mistakes only; Novikoff’s proof rests on it.',
    },
    'score 0 is never right': {
      wrong: (i) => train(i, { edge: true }),
      says: 'You count a sample of class +1 with a score of exactly 0 as a mistake. On the boundary the class is +1: predict says so.',
    },
    'mistakes added up over the epochs': {
      wrong: (i) => train(i, { running: true }),
      says: 'Your count goes on from epoch to epoch. Each entry of the history begins again at 0.',
    },
    'mistakes never set back to 0': {
      wrong: (i) => train(i, { runningEnd: true }),
      says: 'Your count goes on from epoch to epoch, so that after a first mistake no epoch can be clean. Each epoch begins to count at 0.',
    },
    'converged by the number of epochs': {
      wrong: (i) => {
        const t = train(i);
        return { ...t, converged: t.history.length < i.maxEpochs };
      },
      says: 'You call it converged when epochs were left over. The last epoch that was allowed may have been a clean one.',
    },
    'converged without an epoch': {
      wrong: (i) => ({ ...train(i), ...(i.maxEpochs === 0 && { converged: true }) }),
      says: 'With maxEpochs = 0 you say that it converged. No epoch was run, so none was clean.',
    },
    'mistakes counted after the epoch': {
      wrong: (i) => train(i, { after: true }),
      says: 'You count how many samples the finished epoch leaves wrong. A mistake is a sample predicted wrong when its turn comes, before the update that it causes.',
    },
    'predictions from the start of the epoch': {
      wrong: (i) => train(i, { batch: true }),
      says: 'All predictions of an epoch are made with the weights from its beginning. Each sample should see the weights that the samples before it have left.',
    },
    'weights reset in every epoch': {
      wrong: (i) => train(i, { restart: true }),
      says: 'Each epoch starts again from zero, so nothing learned is kept.',
    },
    'bias never updated': {
      wrong: (i) => train(i, { bias: false }),
      says: 'The bias stays 0 during the whole training.',
    },
    'epochs in place of mistakes': {
      wrong: (i) => {
        const t = train(i);
        return { ...t, history: t.history.map((_, e) => e + 1) };
      },
      says: 'Your history numbers the epochs. It should say how many mistakes each of them had.',
    },
  },
  hints: [
    'An epoch is one walk over all samples, in order. Keep walking until one walk is clean, or until you have walked often enough.',
    'weights has the length of a sample and starts at zeros; history grows by one number per epoch.',
    'For each sample: predict, count it if wrong, then update. After the last sample push the count; a count of 0 ends the training.',
    'while (history.length < maxEpochs && history.at(-1) !== 0) { … }, and converged is history.at(-1) === 0.',
  ],
});

const novikoffBound = exercise({
  points: 3,
  inputs: { samples: rows('N', 'n'), weights: vector('n'), bias: number() },
  sizes: { N: [1, 5], n: [1, 3] },
  derive: ({ samples, weights, bias }) => ({
    samples,
    labels: samples.map((x) => side(score(x, weights, bias))),
    weights,
    bias,
  }),
  parameters: ['samples', 'labels', 'weights', 'bias'],
  where: ({ samples, weights, bias }) =>
    weights.some((w) => w !== 0) && samples.every((x) => Math.abs(score(x, weights, bias)) >= 0.25),
  oracle: ({ samples, labels, weights, bias }) => bound(samples, labels, weights, bias),
  checks: [
    agrees(),
    pure({
      fixed: () => [
        {
          samples: [
            [1, 2],
            [-1, 0],
          ],
          labels: [1, -1],
          weights: [2, 1],
          bias: 0.5,
        },
      ],
    }),
    rejects(
      'a separator that does not separate, or data that do not fit',
      [
        { samples: [[1], [-1]], labels: [1, 1], weights: [1], bias: 0 },
        { samples: [[1], [0]], labels: [1, -1], weights: [1], bias: 0 },
        { samples: [[1]], labels: [1], weights: [0], bias: 0 },
        { samples: [], labels: [], weights: [1], bias: 0 },
        { samples: [[1], [2]], labels: [1], weights: [1], bias: 0 },
        { samples: [[1]], labels: [1, 1], weights: [1], bias: 0 },
        { samples: [[1]], labels: [1], weights: [-1], bias: 0 },
        { samples: [[1], [2], [-1]], labels: [1, 1, 1], weights: [1], bias: 0 },
        { samples: [[1], [2]], labels: [1, 0], weights: [1], bias: 0 },
        { samples: [[1], [2]], labels: [1, 2], weights: [1], bias: 0 },
        { samples: [[1], [2]], labels: [0.5, 1], weights: [1], bias: 0 },
        { samples: [[1, 1], [2]], labels: [1, 1], weights: [1, 1], bias: 0 },
        { samples: [[1], [2, 1]], labels: [1, 1], weights: [1], bias: 0 },
        { samples: [[1]], labels: [1], weights: [1, 0], bias: 0 },
        { samples: [[1, 0]], labels: [1], weights: [1], bias: 1 },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    {
      samples: [
        [2, 1],
        [-1, 0],
        [0, -2],
      ],
      labels: [1, -1, -1],
      weights: [1, 2],
      bias: 0.5,
    },
    {
      samples: [
        [1, 1],
        [0, 1],
      ],
      labels: [1, -1],
      weights: [2, 0.5],
      bias: -1.5,
    },
    { samples: [[1], [-2]], labels: [-1, 1], weights: [-2], bias: 1 },
  ],
  misconceptions: {
    'not augmented': {
      wrong: ({ samples, labels, weights, bias }) => {
        const unit = Math.sqrt(score(weights, weights, 0));
        const radius = Math.max(...samples.map((x) => score(x, x, 0)));
        const margin = Math.min(...samples.map((x, i) => (labels[i]! * score(x, weights, bias)) / unit));
        return radius / margin ** 2;
      },
      says: 'The bias is missing from the lengths: with (x, 1) and (w, b) each vector has one component more. Without it the bound is false.',
    },
    'sample not augmented': {
      wrong: ({ samples, labels, weights, bias }) => {
        const unit = Math.sqrt(score(weights, weights, bias * bias));
        const radius = Math.max(...samples.map((x) => score(x, x, 0)));
        const margin = Math.min(...samples.map((x, i) => (labels[i]! * score(x, weights, bias)) / unit));
        return radius / margin ** 2;
      },
      says: 'R is taken over x alone. The longest sample is measured with its constant 1 too: ‖(x, 1)‖.',
    },
    'separator’s length without the bias': {
      wrong: ({ samples, labels, weights, bias }) => {
        const unit = Math.sqrt(score(weights, weights, 0));
        const radius = Math.max(...samples.map((x) => score(x, x, 1)));
        const margin = Math.min(...samples.map((x, i) => (labels[i]! * score(x, weights, bias)) / unit));
        return radius / margin ** 2;
      },
      says: 'The separator is measured by ‖w‖ alone. Its bias is one of its components: the length is ‖(w, b)‖.',
    },
    'separator not at unit length': {
      wrong: ({ samples, labels, weights, bias }) => {
        const radius = Math.max(...samples.map((x) => score(x, x, 1)));
        const margin = Math.min(...samples.map((x, i) => labels[i]! * score(x, weights, bias)));
        return radius / margin ** 2;
      },
      says: 'Doubling w and b changes your bound, though the boundary stays where it is. Divide by the separator’s length.',
    },
    'not squared': {
      wrong: ({ samples, labels, weights, bias }) => Math.sqrt(bound(samples, labels, weights, bias)),
      says: 'You return R/γ. The bound is its square.',
    },
    'largest margin': {
      wrong: ({ samples, labels, weights, bias }) => {
        const unit = Math.sqrt(score(weights, weights, bias * bias));
        const radius = Math.max(...samples.map((x) => score(x, x, 1)));
        const margin = Math.max(...samples.map((x, i) => (labels[i]! * score(x, weights, bias)) / unit));
        return radius / margin ** 2;
      },
      says: 'γ is taken from the sample farthest from the boundary. The nearest one makes the problem hard.',
    },
    'smallest radius': {
      wrong: ({ samples, labels, weights, bias }) => {
        const unit = Math.sqrt(score(weights, weights, bias * bias));
        const radius = Math.min(...samples.map((x) => score(x, x, 1)));
        const margin = Math.min(...samples.map((x, i) => (labels[i]! * score(x, weights, bias)) / unit));
        return radius / margin ** 2;
      },
      says: 'R is taken from the shortest sample; one update can be as long as the longest.',
    },
  },
  hints: [
    'Long samples make big jumps, and a narrow gap is hard to hit: the bound is large when R is large or γ is small.',
    'Put a 1 behind every sample and the bias behind the weights: then everything is a vector of n + 1 numbers and the bias is nothing special.',
    'R² is the largest x·x + 1. γ is the smallest t (w·x + b), divided by √(w·w + b²). Return R²/γ².',
    'R² · (w·w + b²) / (smallest t(w·x + b))²; throw when that smallest is not greater than 0.',
  ],
});

export const perceptron = topic('perceptron', 'The perceptron', {
  predict,
  perceptronUpdate,
  trainPerceptron,
  novikoffBound,
});
