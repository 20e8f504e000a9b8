import { concat, eye, split, type Tensor } from '#tensor';
import type { Golden, GoldenCase } from './golden.ts';

const PREFIX = 'chapter-4/';

type Named = Record<string, Tensor>;

/** The parameters (or gradients) of one direction. */
const direction = (from: Named, suffix: string) => ({
  wIh: from[`weight_ih_l0${suffix}`]!,
  wHh: from[`weight_hh_l0${suffix}`]!,
  bIh: from[`bias_ih_l0${suffix}`]!,
  bHh: from[`bias_hh_l0${suffix}`]!,
});

const bothWays = ({ inputs }: GoldenCase) => ({
  x: inputs.x!,
  lengths: Array.from(inputs.lengths!.data),
  forwardWeights: direction(inputs, ''),
  backwardWeights: direction(inputs, '_reverse'),
});

/** One of the two directions: its half of y, of hn and of cn. */
const half = (t: Tensor, k: number) => split(t, 2, 2)[k]!;
const oneWay = ({ inputs }: GoldenCase) => ({
  x: inputs.x!,
  lengths: Array.from(inputs.lengths!.data),
  weights: direction(inputs, ''),
});

/**
 * PyTorch's gradients are those of y and of the weights together; ours has an upstream gradient for y only. An identity
 * beside the values makes the weights a part of y.
 */
const shown = (g: GoldenCase, values: string) => {
  const S = g.inputs[values]!.shape[0]!;
  return {
    values: concat([g.inputs[values]!, eye(S)], 1),
    dy: concat([g.inputs.upstream_y!, g.inputs.upstream_weights!], 1),
    dvalues: concat([g.grads[values]!, g.outputs.weights!.T.matmul(g.inputs.upstream_weights!)], 1),
  };
};

const additive = ({ inputs }: GoldenCase) => ({
  q: inputs.q!,
  k: inputs.k!,
  values: inputs.values!,
  parameters: { wQ: inputs.W_q!, wK: inputs.W_k!, v: inputs.v! },
});

/** PyTorch's are the scaled scores of chapter 5, with √d_k = 2: halved queries give the same scores without a scale. */
const halved = (g: GoldenCase) => ({ q: g.inputs.q!.div(2), k: g.inputs.k!, values: g.inputs.v! });

/** PyTorch's LSTM over packed sequences in both directions, and its attentions. */
export const goldens: Golden[] = [
  {
    exercise: `${PREFIX}bidirectional/maskedForward`,
    file: 'recurrent',
    name: 'lstm_bidirectional_lengths',
    inputs: oneWay,
    expected: ({ outputs }) => ({
      y: half(outputs.y!, 0),
      hn: outputs.hn!.row(0),
      cn: outputs.cn!.row(0),
    }),
  },
  {
    exercise: `${PREFIX}bidirectional/bidirectionalForward`,
    file: 'recurrent',
    name: 'lstm_bidirectional_lengths',
    inputs: bothWays,
    expected: ({ outputs }) => ({ y: outputs.y!, hn: outputs.hn!, cn: outputs.cn! }),
  },
  {
    exercise: `${PREFIX}bidirectional/bidirectionalBackward`,
    file: 'recurrent',
    name: 'lstm_bidirectional_lengths',
    inputs: (g) => ({
      dy: g.inputs.upstream_y!,
      dhn: g.inputs.upstream_hn!,
      dcn: g.inputs.upstream_cn!,
      ...bothWays(g),
    }),
    expected: ({ grads }) => ({
      dx: grads.x!,
      forwardWeights: direction(grads, ''),
      backwardWeights: direction(grads, '_reverse'),
    }),
  },
  {
    exercise: `${PREFIX}seq2seq-attention/additiveAttention`,
    file: 'recurrent',
    name: 'additive_attention',
    inputs: additive,
    expected: ({ outputs }) => ({ y: outputs.y!, weights: outputs.weights! }),
  },
  {
    exercise: `${PREFIX}seq2seq-attention/additiveAttentionBackward`,
    file: 'recurrent',
    name: 'additive_attention',
    inputs: (g) => {
      const { values, dy } = shown(g, 'values');
      return { ...additive(g), dy, values };
    },
    expected: (g) => ({
      dq: g.grads.q!,
      dk: g.grads.k!,
      dvalues: shown(g, 'values').dvalues,
      parameters: { wQ: g.grads.W_q!, wK: g.grads.W_k!, v: g.grads.v! },
    }),
  },
  {
    exercise: `${PREFIX}seq2seq-attention/dotAttention`,
    file: 'attention',
    name: 'scaled_dot_product',
    inputs: halved,
    expected: ({ outputs }) => ({ y: outputs.y!, weights: outputs.weights! }),
  },
  {
    exercise: `${PREFIX}seq2seq-attention/dotAttentionBackward`,
    file: 'attention',
    name: 'scaled_dot_product',
    inputs: (g) => {
      const { values, dy } = shown(g, 'v');
      return { ...halved(g), dy, values };
    },
    expected: (g) => ({ dq: g.grads.q!.mul(2), dk: g.grads.k!, dvalues: shown(g, 'v').dvalues }),
  },
];
