import { ones, zeros } from '#tensor';
import type { Golden, GoldenCase } from './golden.ts';

const epsilon = 1e-5;

/** PyTorch began the training case at running mean 0 and variance 1. */
const train = ({ inputs }: GoldenCase) => ({
  x: inputs.x!,
  gamma: inputs.weight!,
  beta: inputs.bias!,
  runningMean: zeros(inputs.weight!.size),
  runningVar: ones(inputs.weight!.size),
  momentum: 0.1,
  epsilon,
});

const evaluation = ({ inputs }: GoldenCase) => ({
  x: inputs.x!,
  gamma: inputs.weight!,
  beta: inputs.bias!,
  runningMean: inputs.running_mean!,
  runningVar: inputs.running_var!,
  epsilon,
});

const gradients = ({ grads }: GoldenCase) => ({ dx: grads.x!, dgamma: grads.weight!, dbeta: grads.bias! });

export const goldens: Golden[] = [
  {
    exercise: 'chapter-2/regularization/batchNormTrain',
    file: 'basics',
    name: 'batch_norm_train',
    inputs: train,
    expected: ({ outputs }) => ({
      y: outputs.y!,
      runningMean: outputs.running_mean!,
      runningVar: outputs.running_var!,
    }),
  },
  {
    exercise: 'chapter-2/regularization/batchNormTrainBackward',
    file: 'basics',
    name: 'batch_norm_train',
    inputs: (g) => ({ ...train(g), dy: g.inputs.upstream_y! }),
    expected: gradients,
  },
  {
    exercise: 'chapter-2/regularization/batchNormEval',
    file: 'basics',
    name: 'batch_norm_eval',
    inputs: evaluation,
    expected: ({ outputs }) => ({ y: outputs.y! }),
  },
  {
    exercise: 'chapter-2/regularization/batchNormEvalBackward',
    file: 'basics',
    name: 'batch_norm_eval',
    inputs: (g) => ({ ...evaluation(g), dy: g.inputs.upstream_y! }),
    expected: gradients,
  },
];
