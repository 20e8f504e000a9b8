import type { Golden, GoldenCase } from './golden.ts';

const x = ({ inputs }: GoldenCase) => ({ x: inputs.x! });
const back = ({ inputs }: GoldenCase) => ({ dy: inputs.upstream_y!, x: inputs.x! });
const y = ({ outputs }: GoldenCase) => ({ y: outputs.y! });
const dx = ({ grads }: GoldenCase) => grads.x!;

type Blind = Record<string, string>;

/** Forward and backward of one activation, from one case of PyTorch's. */
const both = (name: string, exercise: string, forward: Blind = {}, backward: Blind = {}): Golden[] => [
  {
    exercise: `chapter-2/activations/${exercise}Forward`,
    file: 'basics',
    name,
    inputs: x,
    expected: y,
    blind: forward,
  },
  {
    exercise: `chapter-2/activations/${exercise}Backward`,
    file: 'basics',
    name,
    inputs: back,
    expected: dx,
    blind: backward,
  },
];

const small = 'no entry of this case is large enough for an exponential to overflow';
const overflow = { 'overflows for large x': small };
const rows = { 'largest not subtracted': small, 'largest of the whole tensor': small };
const edge = { 'slope 1 at 0': 'no entry of this case is exactly 0' };

export const goldens: Golden[] = [
  ...both('sigmoid', 'sigmoid', { ...overflow, 'cut off to be finite': small, 'cut off further out': small }),
  ...both('tanh', 'tanh', overflow),
  ...both('relu', 'relu', {}, edge),
  {
    exercise: 'chapter-2/activations/preluForward',
    file: 'basics',
    name: 'prelu',
    inputs: ({ inputs }) => ({ x: inputs.x!, a: inputs.a! }),
    expected: y,
    blind: { 'the larger of the two': 'the slope of this case lies between 0 and 1' },
  },
  {
    exercise: 'chapter-2/activations/preluBackward',
    file: 'basics',
    name: 'prelu',
    inputs: ({ inputs }) => ({ dy: inputs.upstream_y!, x: inputs.x!, a: inputs.a! }),
    expected: ({ grads }) => ({ dx: grads.x!, da: grads.a! }),
    blind: edge,
  },
  ...both('gelu', 'gelu'),
  {
    exercise: 'chapter-2/activations/geluTanh',
    file: 'basics',
    name: 'gelu_tanh',
    inputs: x,
    expected: ({ outputs }) => outputs.y!,
    blind: overflow,
  },
  ...both('silu', 'silu', overflow, overflow),
  ...both(
    'softplus',
    'softplus',
    {
      ...overflow,
      'cut off to be finite': small,
      'log of 1 + a tiny number': 'no entry lies so far left that its exponential is lost beside 1',
    },
    overflow,
  ),
  ...both('softmax', 'softmax', { ...rows, 'cut off to be finite': small }),
  ...both('softmax_large', 'softmax', { 'largest of the whole tensor': 'the largest entry is the same in both rows' }),
  ...both('log_softmax', 'logSoftmax', { ...rows, 'logarithm of softmax': small }),
];
