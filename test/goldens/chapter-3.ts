import type { Tensor } from '#tensor';
import type { Value } from '../../grader/engine/index.ts';
import type { Golden, GoldenCase } from './golden.ts';

const rowsOf = (t: Tensor) => t.toArray() as number[][];

/** PyTorch's parameters, or their gradients, under our names. */
const weights = (from: Record<string, Tensor>) => ({
  wIh: from.weight_ih_l0!,
  wHh: from.weight_hh_l0!,
  bIh: from.bias_ih_l0!,
  bHh: from.bias_hh_l0!,
});
const sequence = ({ inputs }: GoldenCase) => ({
  x: inputs.x!,
  h0: inputs.h0!.row(0),
  weights: weights(inputs),
});

/** Six rows of logits as a batch of two over three times; PyTorch marks padding by −100. */
const padded = ({ inputs }: GoldenCase) => ({
  logits: inputs.logits!.reshape(3, 2, 4),
  targets: rowsOf(inputs.target!.reshape(3, 2)).map((row) => row.map((t) => (t < 0 ? -1 : t))),
});

/** The ten numbers that PyTorch clipped as two tensors, as four. */
const four = (from: Record<string, Tensor>): { [key: string]: Value } => ({
  wIh: from.g0!.slice([0, 2]),
  wHh: from.g0!.slice([2, 3]),
  bIh: from.g1!.slice([0, 2]),
  bHh: from.g1!.slice([2, 4]),
});

export const goldens: Golden[] = [
  {
    exercise: 'chapter-3/embedding/embeddingForward',
    file: 'basics',
    name: 'embedding',
    inputs: ({ inputs }) => ({ table: inputs.weight!, tokens: rowsOf(inputs.index!) }),
    expected: ({ outputs }) => ({ y: outputs.y! }),
  },
  {
    exercise: 'chapter-3/embedding/embeddingBackward',
    file: 'basics',
    name: 'embedding',
    inputs: ({ inputs }) => ({ table: inputs.weight!, tokens: rowsOf(inputs.index!), dy: inputs.upstream_y! }),
    expected: ({ grads }) => grads.weight!,
  },
  {
    exercise: 'chapter-3/rnn/rnnStep',
    file: 'recurrent',
    name: 'rnn_1layer',
    inputs: ({ inputs, outputs }) => ({ x: inputs.x!.row(3), h: outputs.y!.row(2), weights: weights(inputs) }),
    expected: ({ outputs }) => ({ h: outputs.y!.row(3) }),
  },
  {
    exercise: 'chapter-3/rnn/rnnForward',
    file: 'recurrent',
    name: 'rnn_1layer',
    inputs: sequence,
    expected: ({ outputs }) => ({ y: outputs.y!, hn: outputs.hn!.row(0) }),
  },
  {
    exercise: 'chapter-3/rnn/rnnBackward',
    file: 'recurrent',
    name: 'rnn_1layer',
    inputs: (g) => ({ ...sequence(g), dy: g.inputs.upstream_y!, dhn: g.inputs.upstream_hn!.row(0) }),
    expected: ({ grads }) => ({ dx: grads.x!, dh0: grads.h0!.row(0), weights: weights(grads) }),
  },
  {
    exercise: 'chapter-3/language-model/sequenceLoss',
    file: 'basics',
    name: 'cross_entropy_ignore',
    inputs: padded,
    expected: ({ inputs, outputs, grads }) => ({
      loss: outputs.loss!.item(),
      dlogits: grads.logits!.div(inputs.upstream_loss!.item()).reshape(3, 2, 4),
    }),
    blind: {
      'mean of sequence means': 'both sequences have two real places, so that all weigh the same',
    },
  },
  {
    exercise: 'chapter-3/language-model/softmaxWithTemperature',
    file: 'basics',
    name: 'softmax',
    inputs: ({ inputs }) => ({ logits: inputs.x!.row(0).mul(2), temperature: 2 }),
    expected: ({ outputs }) => outputs.y!.row(0),
    blind: {
      'temperature 0 divides by zero': 'the temperature is 2',
      'temperature 0 taken as 1': 'the temperature is 2',
      'temperature 0 shared among equals': 'the temperature is 2',
      'temperature 0, all of the largest': 'the temperature is 2',
      'temperature 0, the last of the largest': 'the temperature is 2',
      'temperature 0, all alike': 'the temperature is 2',
      'largest logit not subtracted': 'the logits are small',
    },
  },
  {
    exercise: 'chapter-3/gradient-flow/clipGradients',
    file: 'optimizers',
    name: 'clip_grad_norm',
    inputs: ({ inputs }) => ({ gradients: four(inputs), maxNorm: 1 }),
    expected: ({ outputs }) => ({ gradients: four(outputs), norm: outputs.norm!.item() }),
    blind: { 'short gradients made longer': 'these gradients are too long' },
  },
];
