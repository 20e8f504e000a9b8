import { ones, split, type Tensor } from '#tensor';
import type { Golden, GoldenCase } from './golden.ts';

const PREFIX = 'chapter-5/';

type Named = Record<string, Tensor>;

/** PyTorch keeps wQ, wK and wV one above the other. */
function attention(from: Named, name: string) {
  const [wQ, wK, wV] = split(from[`${name}.in_proj_weight`]!, 3, 0) as [Tensor, Tensor, Tensor];
  const [bQ, bK, bV] = split(from[`${name}.in_proj_bias`]!, 3, 0) as [Tensor, Tensor, Tensor];
  return { wQ, bQ, wK, bK, wV, bV, wO: from[`${name}.out_proj.weight`]!, bO: from[`${name}.out_proj.bias`]! };
}
const norm = (from: Named, name: string) => ({ gamma: from[`${name}.weight`]!, beta: from[`${name}.bias`]! });
const feedForward = (from: Named) => ({
  w1: from['linear1.weight']!,
  b1: from['linear1.bias']!,
  w2: from['linear2.weight']!,
  b2: from['linear2.bias']!,
});

/** Parameters of a layer, or their gradients. */
const encoderLayer = (from: Named) => ({
  attention: attention(from, 'self_attn'),
  norm1: norm(from, 'norm1'),
  feedForward: feedForward(from),
  norm2: norm(from, 'norm2'),
});
const decoderLayer = (from: Named) => ({
  selfAttention: attention(from, 'self_attn'),
  norm1: norm(from, 'norm1'),
  crossAttention: attention(from, 'multihead_attn'),
  norm2: norm(from, 'norm2'),
  feedForward: feedForward(from),
  norm3: norm(from, 'norm3'),
});

const settings = (order: string, activation: string) => ({ heads: 3, activation, order });
const causal = (T: number) => ones(T, T).map((_, at) => (at % T <= Math.floor(at / T) ? 1 : 0));

const nothingMasked = 'PyTorch’s layer was given no mask';
const always: Record<string, Record<string, string>> = {
  pre: { 'pre-norm for both': 'the layer is pre-norm' },
  post: { 'post-norm for both': 'the layer is post-norm' },
};
const oneBlock = 'there is one block only';

const encoders = ['pre', 'post'].flatMap((order) =>
  ['relu', 'gelu'].flatMap((activation): Golden[] => {
    const given = { file: 'attention', name: `encoder_layer_${order}_${activation}` };
    const inputs = ({ inputs }: GoldenCase) => ({
      x: inputs.x!,
      mask: ones(1, 1),
      settings: settings(order, activation),
    });
    const post = order === 'post';
    return [
      {
        ...given,
        exercise: `${PREFIX}encoder/encoderBlockForward`,
        inputs: (g) => ({ ...inputs(g), weights: encoderLayer(g.inputs) }),
        expected: ({ outputs }) => ({ y: outputs.y! }),
        blind: {
          'mask forgotten': nothingMasked,
          ...always[order],
          ...(activation === 'relu' && { 'always ReLU': 'the layer bends with ReLU' }),
          ...(post && {
            'memory without the norm': 'with ‘post’ there is no norm before the attention',
            'attention reads x without the norm': 'with ‘post’ there is no norm before the attention',
            'feed-forward reads a without the norm': 'with ‘post’ there is no norm before the feed-forward layer',
          }),
        },
      },
      {
        ...given,
        exercise: `${PREFIX}encoder/encoderBlockBackward`,
        inputs: (g) => ({ ...inputs(g), weights: encoderLayer(g.inputs), dy: g.inputs.upstream_y! }),
        expected: ({ grads }) => ({ dx: grads.x!, weights: encoderLayer(grads) }),
      },
      {
        ...given,
        exercise: `${PREFIX}encoder/encoderForward`,
        inputs: (g) => ({ ...inputs(g), blocks: [encoderLayer(g.inputs)] }),
        expected: ({ outputs }) => ({ y: outputs.y! }),
        blind: {
          'mask forgotten': nothingMasked,
          'mask for the first block only': nothingMasked,
          'every block reads x': oneBlock,
          'the last block first': oneBlock,
          'one block’s weights for all': oneBlock,
          'only the first block': oneBlock,
        },
      },
      {
        ...given,
        exercise: `${PREFIX}encoder/encoderBackward`,
        inputs: (g) => ({ ...inputs(g), blocks: [encoderLayer(g.inputs)], dy: g.inputs.upstream_y! }),
        expected: ({ grads }) => ({ dx: grads.x!, blocks: [encoderLayer(grads)] }),
        blind: {
          'gradients in the order of the walk': oneBlock,
          'from the first block to the last': oneBlock,
          'from the first block to the last, and the list turned round': oneBlock,
          'every block gets dy': oneBlock,
          'dx of the last block': oneBlock,
        },
      },
    ];
  }),
);

const decoders = ['pre', 'post'].flatMap((order): Golden[] => {
  const given = { file: 'attention', name: `decoder_layer_${order}` };
  const inputs = ({ inputs }: GoldenCase) => ({
    x: inputs.x!,
    memory: inputs.memory!,
    mask: causal(inputs.x!.shape[1]!),
    memoryMask: ones(1, 1),
    settings: settings(order, 'relu'),
  });
  return [
    {
      ...given,
      exercise: `${PREFIX}decoder/decoderBlockForward`,
      inputs: (g) => ({ ...inputs(g), weights: decoderLayer(g.inputs) }),
      expected: ({ outputs }) => ({ y: outputs.y! }),
      blind: {
        'reads the padding': 'nothing of PyTorch’s memory was padding',
        'always ReLU': 'the layer bends with ReLU',
        ...always[order],
        ...(order === 'post' && {
          'self-attention reads x without the norm': 'with ‘post’ there is no norm before the attention',
          'self-attention reads x in all three roles': 'with ‘post’ there is no norm before the attention',
          'cross-attention asks without the norm': 'with ‘post’ there is no norm before the attention',
          'feed-forward reads c without the norm': 'with ‘post’ there is no norm before the feed-forward layer',
        }),
      },
    },
    {
      ...given,
      exercise: `${PREFIX}decoder/decoderBlockBackward`,
      inputs: (g) => ({ ...inputs(g), weights: decoderLayer(g.inputs), dy: g.inputs.upstream_y! }),
      expected: ({ grads }) => ({ dx: grads.x!, dmemory: grads.memory!, weights: decoderLayer(grads) }),
    },
    {
      ...given,
      exercise: `${PREFIX}decoder/decoderForward`,
      inputs: (g) => ({ ...inputs(g), blocks: [decoderLayer(g.inputs)] }),
      expected: ({ outputs }) => ({ y: outputs.y! }),
      blind: {
        'reads the padding': 'nothing of PyTorch’s memory was padding',
        'every block reads x': oneBlock,
        'the last block first': oneBlock,
        'one block’s weights for all': oneBlock,
        'only the first block': oneBlock,
      },
    },
    {
      ...given,
      exercise: `${PREFIX}decoder/decoderBackward`,
      inputs: (g) => ({ ...inputs(g), blocks: [decoderLayer(g.inputs)], dy: g.inputs.upstream_y! }),
      expected: ({ grads }) => ({ dx: grads.x!, dmemory: grads.memory!, blocks: [decoderLayer(grads)] }),
      blind: {
        'memory’s gradient written over': oneBlock,
        'memory’s gradient of the last block only': oneBlock,
        'memory’s gradient averaged': oneBlock,
        'gradients in the order of the walk': oneBlock,
        'from the first block to the last': oneBlock,
        'every block gets dy': oneBlock,
      },
    },
  ];
});

/** PyTorch's multi-head attention of a sequence to itself. */
const selfAttention = ['mha_self', 'mha_causal'].map((name): Golden => ({
  file: 'attention',
  name,
  exercise: `${PREFIX}encoder/selfAttentionBackward`,
  inputs: ({ inputs }) => ({
    dy: inputs.upstream_y!,
    x: inputs.x!,
    mask: name === 'mha_causal' ? causal(inputs.x!.shape[1]!) : ones(1, 1),
    weights: bare(inputs),
    heads: 3,
  }),
  expected: ({ grads }) => ({ dx: grads.x!, weights: bare(grads) }),
}));
function bare(from: Named) {
  const renamed = Object.fromEntries(Object.entries(from).map(([key, value]) => [`self_attn.${key}`, value]));
  return attention(renamed, 'self_attn');
}

/** PyTorch's encoder and decoder layers, and its attention of a sequence to itself. */
export const goldens: Golden[] = [...selfAttention, ...encoders, ...decoders];
