import type { Equivalent } from './equivalent.ts';

type Place = Pick<Equivalent, 'topic' | 'exercise' | 'operator' | 'before' | 'after' | 'on'>;

/** Places that have a reason in common. */
const all = (reason: Equivalent['reason'], because: string, places: Place[]): Equivalent[] =>
  places.map((place) => ({ ...place, reason, because }));

/** `before` becomes `after` and the other way round: the order of two operands. */
const swapped = (topic: string, exercise: string, before: string, after: string): Place => ({
  topic,
  exercise,
  operator: 'swapped operands',
  before,
  after,
});

/** The lists that an optimizer's step hands to `checkStep`. */
const lists = (exercise: string, ...pairs: [string, string][]): Place[] =>
  pairs.map(([a, b]) => swapped('optimizers', exercise, `${a}, ${b}`, `${b}, ${a}`));

export const equivalents: Equivalent[] = [
  ...all('same value', 'Which of two numbers is the larger (the smaller) does not depend on their order.', [
    swapped('activations', 'softplusForward', 'v, 0', '0, v'),
    swapped('autograd', 'relu', 'a, 0', '0, a'),
    swapped('losses', 'bceWithLogitsForward', 'z, 0', '0, z'),
    swapped('numerical-gradient', 'relativeError', 'a.norm(), b.norm()', 'b.norm(), a.norm()'),
    swapped('optimizers', 'clipByNorm', '1, maxNorm / (norm + 1e-6)', 'maxNorm / (norm + 1e-6), 1'),
    swapped('schedules', 'cosine', '1, (step - 1) / total', '(step - 1) / total, 1'),
    swapped('schedules', 'linearWarmup', '1, step / warmup', 'step / warmup, 1'),
    swapped('schedules', 'warmupCosine', '1, step - warmup', 'step - warmup, 1'),
    swapped(
      'schedules',
      'inverseSquareRoot',
      'step ** -0.5, step * warmup ** -1.5',
      'step * warmup ** -1.5, step ** -0.5',
    ),
    swapped(
      'schedules',
      'reduceOnPlateau',
      'learningRate, Math.max(minimum, factor * learningRate)',
      'Math.max(minimum, factor * learningRate), learningRate',
    ),
    swapped('schedules', 'reduceOnPlateau', 'minimum, factor * learningRate', 'factor * learningRate, minimum'),
  ]),
  ...all('same value', 'Only its size is taken, and a − b is as large as b − a.', [
    swapped('numerical-gradient', 'relativeError', 'a.sub(b)', '(b).sub(a)'),
    swapped('numerical-gradient', 'checkGradient', 'gradient.sub(numerical)', '(numerical).sub(gradient)'),
  ]),
  ...all('same value', 'The relative error is symmetric.', [
    swapped('numerical-gradient', 'checkGradient', 'gradient, numerical', 'numerical, gradient'),
  ]),
  ...all('same value', 'Both pieces are 0 at 0.', [
    { topic: 'activations', exercise: 'leakyReluForward', operator: 'comparison', before: '>', after: '>=' },
    { topic: 'activations', exercise: 'preluForward', operator: 'comparison', before: '>', after: '>=' },
  ]),
  ...all('same value', 'The parabola and the line meet at ±δ: both are ½ δ² there.', [
    { topic: 'losses', exercise: 'huberForward', operator: 'comparison', before: '<=', after: '<' },
  ]),
  ...all('same value', 'At step warmup the rise has arrived at the base rate, and the cosine begins with it.', [
    { topic: 'schedules', exercise: 'warmupCosine', operator: 'comparison', before: '<=', after: '<' },
  ]),
  ...all('same value', 'With warmup 0 the share is step / 0 = Infinity, cut off at 1; with warmup 1 it is 1 as well.', [
    {
      topic: 'schedules',
      exercise: 'linearWarmup',
      operator: 'logic',
      before: 'warmup === 0 ? base : base * Math.min(1, step / warmup)',
      after: 'base * Math.min(1, step / warmup)',
    },
    { topic: 'schedules', exercise: 'linearWarmup', operator: 'constant', before: '0', after: '1', on: 'warmup === 0' },
  ]),
  ...all('same value', 'reshape brings the sum to its shape, with or without the axes of length 1.', [
    {
      topic: 'chain-rule',
      exercise: 'sumToShape',
      operator: 'axis or argument',
      before: '{ keepDims: true }',
      after: '{}',
    },
    { topic: 'chain-rule', exercise: 'sumToShape', operator: 'constant', before: 'true', after: 'false' },
  ]),
  ...all(
    'message only',
    'What it was asked about is refused one line later, by the function that would have to use it.',
    [
      { topic: 'activations', exercise: 'softmaxForward', operator: 'logic', before: 'x.rank === 0', after: 'false' },
      {
        topic: 'activations',
        exercise: 'logSoftmaxForward',
        operator: 'logic',
        before: 'x.rank === 0',
        after: 'false',
      },
      {
        topic: 'autograd',
        exercise: 'topologicalOrder',
        operator: 'logic',
        before: 'parents[output] === undefined',
        after: 'false',
      },
      {
        topic: 'chain-rule',
        exercise: 'vectorJacobianProduct',
        operator: 'logic',
        before: 'dy.size !== J.shape[0]',
        after: 'false',
      },
    ],
  ),
  ...all('message only', 'oneHot refuses a label that is no class, too.', [
    {
      topic: 'losses',
      exercise: 'crossEntropyForward',
      operator: 'logic',
      before: '||',
      after: '&&',
      on: 'labels.find',
    },
    {
      topic: 'losses',
      exercise: 'crossEntropyForward',
      operator: 'comparison',
      before: '>=',
      after: '>',
      on: 'labels.find',
    },
    {
      topic: 'losses',
      exercise: 'crossEntropyForward',
      operator: 'logic',
      before: 'bad !== undefined',
      after: 'false',
    },
  ]),
  ...(
    [
      ['sign', '-', '+'],
      ['left out', 'C - 1', 'C'],
      ['left out', 'C - 1', '1'],
      ['swapped operands', 'C - 1', '1 - (C)'],
      ['constant', '1', '2'],
      ['constant', '1', '0'],
    ] as const
  ).map(([operator, before, after]): Equivalent => ({
    topic: 'losses',
    exercise: 'crossEntropyForward',
    operator,
    before,
    after,
    on: 'a label must be a whole number',
    reason: 'message only',
  })),
  ...all('message only', 'Which of the two is named as not fitting the other is a matter of the message.', [
    swapped('losses', 'klDivergence', 'p, q', 'q, p'),
    swapped('losses', 'mseForward', 'y, target', 'target, y'),
    swapped('losses', 'bceWithLogitsForward', 'logits, targets', 'targets, logits'),
    swapped('losses', 'l1Forward', 'y, target', 'target, y'),
    swapped('losses', 'huberForward', 'y, target', 'target, y'),
    ...lists('sgdStep', ['parameters', 'gradients']),
    ...lists('momentumStep', ['parameters', 'gradients'], ['gradients', 'state.velocity']),
    ...lists('nesterovStep', ['parameters', 'gradients'], ['gradients', 'state.velocity']),
    ...lists('adagradStep', ['parameters', 'gradients'], ['gradients', 'state.sum']),
    ...lists('rmspropStep', ['parameters', 'gradients'], ['gradients', 'state.meanSquare']),
    ...lists('adamStep', ['parameters', 'gradients'], ['gradients', 'state.m'], ['state.m', 'state.v']),
    ...lists('adamwStep', ['parameters', 'gradients'], ['gradients', 'state.m'], ['state.m', 'state.v']),
  ]),
  ...all('message only', 'adamStep, which is called with the same settings and lists, checks them all again.', [
    {
      topic: 'optimizers',
      exercise: 'adamwStep',
      operator: 'left out',
      before: "checkStep('adamwStep', settings, parameters, gradients, sta…",
      after: ';',
    },
    swapped('optimizers', 'adamwStep', "'adamwStep', settings", "settings, 'adamwStep'"),
  ]),
  ...['batchNormTrain', 'batchNormEval'].flatMap((exercise) =>
    all(
      'message only',
      'The keys name the tensors in the message; all four are asked for the same shape.',
      [
        '{ gamma: beta, beta: gamma, runningMean, runningVar }',
        '{ gamma, beta, runningMean: runningVar, runningVar: running…',
        '{ gamma, beta: runningMean, runningMean: beta, runningVar }',
      ].map((after) => ({
        topic: 'regularization',
        exercise,
        operator: 'swapped results',
        before: '{ gamma, beta, runningMean, runningVar }',
        after,
      })),
    ),
  ),
  ...all('message only', 'centralDifference, which is asked about each entry, refuses the same steps.', [
    {
      topic: 'numerical-gradient',
      exercise: 'numericalGradient',
      operator: 'logic',
      before: '!(h > 0)',
      after: 'false',
    },
    { topic: 'numerical-gradient', exercise: 'numericalGradient', operator: 'comparison', before: '>', after: '>=' },
  ]),
  ...all('message only', 'The products of linearBackward refuse the same shapes.', [
    {
      topic: 'linear',
      exercise: 'linearBackward',
      operator: 'logic',
      before: '||',
      after: '&&',
      on: 'dy.shape[0] !== N || dy.shape[1] !== out',
    },
  ]),
];
