import { ones } from '#tensor';
import type { Golden, GoldenCase } from './golden.ts';

const PREFIX = 'chapter-6/';

const because = (reason: string, ...names: string[]) => Object.fromEntries(names.map((name) => [name, reason]));

const layer = ({ inputs }: GoldenCase) => ({
  w: inputs.weight!,
  adapter: { A: inputs.A!, B: inputs.B! },
  alpha: inputs.alpha!.item(),
});
const lora = (g: GoldenCase) => ({ x: g.inputs.x!, b: g.inputs.bias!, ...layer(g) });

const adapterOf = (from: GoldenCase['inputs']) => ({
  wDown: from.down!,
  bDown: from.down_bias!,
  wUp: from.up!,
  bUp: from.up_bias!,
});

const oneSequence = because(
  'One sequence: every row of the matrix is a token.',
  'first sequence only',
  'last sequence only',
  'a gradient for each sequence',
);

/** Everything is allowed, for three queries and three keys. */
const all = ones(3, 3);
const prefixed = ({ inputs }: GoldenCase) => ({
  q: inputs.q!,
  k: inputs.k!,
  v: inputs.v!,
  prefixK: inputs.prefix_k!,
  prefixV: inputs.prefix_v!,
  mask: all,
});

/** A LoRA layer, a bottleneck adapter and attention over a prefix, in PyTorch, with all gradients. */
export const goldens: Golden[] = [
  {
    exercise: `${PREFIX}lora/loraForward`,
    file: 'adapters',
    name: 'lora_linear',
    inputs: lora,
    expected: ({ outputs }) => ({ y: outputs.y! }),
  },
  {
    exercise: `${PREFIX}lora/loraBackward`,
    file: 'adapters',
    name: 'lora_linear',
    inputs: (g) => ({ dy: g.inputs.upstream_y!, ...lora(g) }),
    expected: ({ grads }) => ({ dx: grads.x!, adapter: { A: grads.A!, B: grads.B! } }),
    blind: { ...oneSequence, 'base not frozen': 'what is more than asked for is not compared' },
  },
  {
    exercise: `${PREFIX}lora/mergeLora`,
    file: 'adapters',
    name: 'lora_linear',
    inputs: layer,
    expected: ({ outputs }) => outputs.merged!,
  },
  {
    exercise: `${PREFIX}lora/unmergeLora`,
    file: 'adapters',
    name: 'lora_linear',
    inputs: (g) => ({ ...layer(g), w: g.outputs.merged! }),
    expected: ({ inputs }) => inputs.weight!,
  },
  {
    exercise: `${PREFIX}adapter/adapterForward`,
    file: 'adapters',
    name: 'bottleneck_adapter',
    inputs: ({ inputs }) => ({ x: inputs.x!, weights: adapterOf(inputs) }),
    expected: ({ outputs }) => ({ y: outputs.y! }),
  },
  {
    exercise: `${PREFIX}adapter/adapterBackward`,
    file: 'adapters',
    name: 'bottleneck_adapter',
    inputs: ({ inputs }) => ({ dy: inputs.upstream_y!, x: inputs.x!, weights: adapterOf(inputs) }),
    expected: ({ grads }) => ({ dx: grads.x!, weights: adapterOf(grads) }),
    blind: because(
      'One sequence: every row of the matrix is a token.',
      'last sequence only',
      'biases summed over the first axis only',
      'bUp summed over the first axis only',
    ),
  },
  {
    exercise: `${PREFIX}prefix-tuning/prefixAttentionForward`,
    file: 'adapters',
    name: 'prefix_attention',
    inputs: prefixed,
    expected: ({ outputs }) => ({ y: outputs.y! }),
    blind: because('Everything is allowed.', 'mask in front, prefix behind', 'mask widened behind', 'mask ignored'),
  },
  {
    exercise: `${PREFIX}prefix-tuning/prefixAttentionBackward`,
    file: 'adapters',
    name: 'prefix_attention',
    inputs: (g) => ({ dy: g.inputs.upstream_y!, ...prefixed(g) }),
    expected: ({ grads }) => ({
      dq: grads.q!,
      dk: grads.k!,
      dv: grads.v!,
      dprefixK: grads.prefix_k!,
      dprefixV: grads.prefix_v!,
    }),
    blind: because(
      'One sequence: the prefix serves nobody else.',
      'prefix’s gradients not summed',
      'averaged over the sequences',
      'the first sequence only',
      'the last sequence only',
      'axes of length 1 not summed',
      'summed over all axes in front',
      'the first of all where an axis is lacking',
      'averaged where an axis is lacking',
    ),
  },
];
