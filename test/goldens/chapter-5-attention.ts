import { concat, eye, ones, type Tensor } from '#tensor';
import type { Golden, GoldenCase } from './golden.ts';

const PREFIX = 'chapter-5/';

/** Where PyTorch gave weight: (T, S). */
const seen = (g: GoldenCase): Tensor => g.outputs.weights!.greater(0);

/**
 * PyTorch's gradients are those of y and of the weights together; ours has an upstream gradient for y only. An identity
 * beside the values makes the weights a part of y.
 */
const shown = (g: GoldenCase) => ({
  v: concat([g.inputs.v!, eye(g.inputs.v!.shape[0]!)], 1),
  dy: concat([g.inputs.upstream_y!, g.inputs.upstream_weights!], 1),
  dv: concat([g.grads.v!, g.outputs.weights!.T.matmul(g.inputs.upstream_weights!)], 1),
});

const because = (reason: string, ...names: string[]) => Object.fromEntries(names.map((name) => [name, reason]));

const everyRow = because(
  'Every query sees something.',
  'evenly spread where nothing is allowed',
  'a large number subtracted',
  'nothing divided by nothing',
);
const noMask = {
  ...everyRow,
  ...because('Everything is allowed.', 'mask after the softmax', 'mask multiplied into the scores', 'mask ignored'),
};
const plain = because('One sequence: the width is the second axis.', 'width read from the second axis');
const notSquare = because('The mask is not square, and cannot be transposed.', 'mask transposed');
const small = because(
  'All scores are small.',
  'largest score taken from the forbidden too',
  'largest score not taken out',
  'largest allowed score not taken out',
  'one largest score for all rows',
);
const rounding = because(
  'It is smaller than what PyTorch’s other order of summing may change.',
  '10⁻⁹ added to the sum',
);
const oneSequence = because(
  'One sequence: every row of the matrix is a token.',
  'positions counted through',
  'positions counted beyond their end',
  'another axis for time',
);

function scaledDotProduct(name: string, mask: (g: GoldenCase) => Tensor, masked: boolean, square: boolean): Golden[] {
  const rows = masked ? everyRow : noMask;
  return [
    {
      exercise: `${PREFIX}attention/maskedSoftmax`,
      file: 'attention',
      name,
      inputs: (g) => ({ scores: g.inputs.q!.matmul(g.inputs.k!.T).div(2), mask: mask(g) }),
      expected: ({ outputs }) => outputs.weights!,
      // With as many queries as keys the first query has one key, whose weight is 1: there it shows.
      blind: { ...rows, ...small, ...(square ? {} : rounding) },
    },
    {
      exercise: `${PREFIX}attention/attentionForward`,
      file: 'attention',
      name,
      inputs: (g) => ({ q: g.inputs.q!, k: g.inputs.k!, v: g.inputs.v!, mask: mask(g) }),
      expected: ({ outputs }) => ({ y: outputs.y!, weights: outputs.weights! }),
      blind: { ...rows, ...plain, ...(square ? {} : notSquare) },
    },
    {
      exercise: `${PREFIX}attention/attentionBackward`,
      file: 'attention',
      name,
      inputs: (g) => ({ dy: shown(g).dy, q: g.inputs.q!, k: g.inputs.k!, v: shown(g).v, mask: mask(g) }),
      expected: (g) => ({ dq: g.grads.q!, dk: g.grads.k!, dv: shown(g).dv }),
      blind: { ...plain, ...(masked ? {} : because('Everything is allowed.', 'mask forgotten on the way back')) },
    },
  ];
}

const positions = ({ inputs }: GoldenCase) => Array.from(inputs.positions!.data);

/** PyTorch's scaled dot-product attention, with and without a causal mask; rotary and sinusoidal positions. */
export const goldens: Golden[] = [
  {
    exercise: `${PREFIX}attention/causalMask`,
    file: 'attention',
    name: 'scaled_dot_product_causal_5x5',
    inputs: () => ({ T: 5, S: 5 }),
    expected: seen,
    blind: because(
      'There are as many queries as keys.',
      'aligned at the first query',
      'shifted the wrong way',
      'the first key for everybody',
    ),
  },
  {
    exercise: `${PREFIX}attention/causalMask`,
    file: 'attention',
    name: 'scaled_dot_product_causal_3x7',
    inputs: () => ({ T: 3, S: 7 }),
    expected: seen,
    blind: because('There are fewer queries than keys.', 'the first key for everybody'),
  },
  ...scaledDotProduct('scaled_dot_product', () => ones(1, 1), false, false),
  ...scaledDotProduct('scaled_dot_product_causal_5x5', seen, true, true),
  ...scaledDotProduct('scaled_dot_product_causal_3x7', seen, true, false),
  {
    exercise: `${PREFIX}positional-encoding/sinusoidalPositions`,
    file: 'attention',
    name: 'sinusoidal_positions',
    inputs: ({ inputs }) => ({ length: inputs.length!.item(), dModel: inputs.d_model!.item() }),
    expected: ({ outputs }) => outputs.y!,
  },
  {
    exercise: `${PREFIX}positional-encoding/rotaryForward`,
    file: 'attention',
    name: 'rope',
    inputs: (g) => ({ x: g.inputs.x!, positions: positions(g) }),
    expected: ({ outputs }) => ({ y: outputs.y! }),
    blind: oneSequence,
  },
  {
    exercise: `${PREFIX}positional-encoding/rotaryBackward`,
    file: 'attention',
    name: 'rope',
    inputs: (g) => ({ dy: g.inputs.upstream_y!, x: g.inputs.x!, positions: positions(g) }),
    expected: ({ grads }) => grads.x!,
    blind: oneSequence,
  },
];
