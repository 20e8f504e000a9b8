import { arange, ones, split, type Tensor } from '#tensor';
import type { Golden, GoldenCase } from './golden.ts';

const PREFIX = 'chapter-5/';

type Named = Record<string, Tensor>;

/** PyTorch keeps the three projections on top of each other. */
const heads = (from: Named) => {
  const [wQ, wK, wV] = split(from.in_proj_weight!, 3, 0) as [Tensor, Tensor, Tensor];
  const [bQ, bK, bV] = split(from.in_proj_bias!, 3, 0) as [Tensor, Tensor, Tensor];
  return { wQ, bQ, wK, bK, wV, bV, wO: from['out_proj.weight']!, bO: from['out_proj.bias']! };
};

type Masked = 'self' | 'causal' | 'cross' | 'padding';
/** Ours is 1 where attending is allowed; PyTorch's padding mask is 1 where it is not. */
const maskOf = (kind: Masked, { inputs }: GoldenCase): Tensor => {
  if (kind === 'padding') return inputs.key_padding_mask!.neg().add(1).expandDims(1);
  const T = inputs.x!.shape[1]!;
  return kind === 'causal' ? arange(T).expandDims(1).greaterEqual(arange(T)) : ones(1, 1);
};
const attending = (kind: Masked) => (g: GoldenCase) => ({
  x: g.inputs.x!,
  memory: g.inputs.memory ?? g.inputs.x!,
  mask: maskOf(kind, g),
  weights: heads(g.inputs),
  heads: 3,
});

const unmasked = 'Nothing is hidden in it.';
const itself = 'The memory is x.';
const alike = 'Every sequence has the same mask.';
const ungrouped = 'Every query head has a key–value head of its own.';
const when = (yes: boolean, reason: string, ...names: string[]) =>
  yes ? Object.fromEntries(names.map((name) => [name, reason])) : {};

const forward = (kind: Masked): Golden => ({
  exercise: `${PREFIX}multi-head-attention/multiHeadForward`,
  file: 'attention',
  name: `mha_${kind}`,
  inputs: attending(kind),
  expected: ({ outputs }) => ({ y: outputs.y!, attention: outputs.weights! }),
  blind: {
    ...when(kind === 'self' || kind === 'cross', unmasked, 'mask ignored', 'score 0 for what is hidden'),
    ...when(
      kind === 'self' || kind === 'causal',
      itself,
      'keys from x',
      'values from x',
      'memory never read',
      'x and memory exchanged',
    ),
    ...when(kind !== 'padding', alike, 'the first sequence’s mask for all', 'mask without an axis for the heads'),
  },
});

/** Where the memory is another sequence, PyTorch's gradients of the two are apart, as ours are. */
const back = ({ grads }: GoldenCase) => ({ dx: grads.x!, dmemory: grads.memory!, weights: heads(grads) });
const backward = (kind: 'cross' | 'padding'): Golden => ({
  exercise: `${PREFIX}multi-head-attention/multiHeadBackward`,
  file: 'attention',
  name: `mha_${kind}`,
  inputs: (g) => ({ dy: g.inputs.upstream_y!, ...attending(kind)(g) }),
  expected: back,
});

/** As many key–value heads as heads: plain multi-head attention. */
const grouped = (kind: Masked) => (g: GoldenCase) => ({ ...attending(kind)(g), kvHeads: 3 });

const norm = (epsilon: number) => (g: GoldenCase) => ({
  x: g.inputs.x!,
  gamma: g.inputs.weight!,
  ...(g.inputs.bias && { beta: g.inputs.bias }),
  epsilon,
});

const swiglu = (from: Named) => ({ wGate: from.w1!, wUp: from.w3!, wDown: from.w2! });

/** An adapter is a feed-forward layer with x added: taken away again, the layer remains. */
const adapter = (from: Named) => ({ w1: from.down!, b1: from.down_bias!, w2: from.up!, b2: from.up_bias! });
const adapterInputs = ({ inputs }: GoldenCase) => ({ x: inputs.x!, weights: adapter(inputs), activation: 'gelu' });
const onlyGelu = 'It bends with GELU only.';

const linear = ({ inputs }: GoldenCase) => ({ x: inputs.x!, w: inputs.weight!, b: inputs.bias! });
const oneList = 'Its x is one list of tokens already.';

/** PyTorch's multi-head attention, norms and feed-forward layers, with their gradients. */
export const goldens: Golden[] = [
  {
    exercise: `${PREFIX}multi-head-attention/projectForward`,
    file: 'basics',
    name: 'linear',
    inputs: linear,
    expected: ({ outputs }) => ({ y: outputs.y! }),
    blind: when(true, oneList, 'left as one list', 'axes in front exchanged', 'first sequence only'),
  },
  {
    exercise: `${PREFIX}multi-head-attention/projectBackward`,
    file: 'basics',
    name: 'linear',
    inputs: (g) => ({ dy: g.inputs.upstream_y!, ...linear(g) }),
    expected: ({ grads }) => ({ dx: grads.x!, dw: grads.weight!, db: grads.bias! }),
    blind: when(
      true,
      oneList,
      'weights’ gradient for each sequence',
      'weights’ gradient of the last sequence',
      'bias’s gradient summed over the batch only',
      'dx left as one list',
    ),
  },
  forward('self'),
  forward('causal'),
  forward('cross'),
  forward('padding'),
  backward('cross'),
  backward('padding'),
  {
    exercise: `${PREFIX}multi-head-attention/groupedQueryForward`,
    file: 'attention',
    name: 'mha_padding',
    inputs: grouped('padding'),
    expected: ({ outputs }) => ({ y: outputs.y!, attention: outputs.weights! }),
    blind: when(true, ungrouped, 'key–value heads dealt in turn', 'values’ heads dealt in turn'),
  },
  {
    exercise: `${PREFIX}multi-head-attention/groupedQueryBackward`,
    file: 'attention',
    name: 'mha_padding',
    inputs: (g) => ({ dy: g.inputs.upstream_y!, ...grouped('padding')(g) }),
    expected: back,
    blind: when(
      true,
      ungrouped,
      'the first copy’s gradient only',
      'the last copy’s gradient only',
      'averaged over the group',
      'another group’s gradients',
    ),
  },
  {
    exercise: `${PREFIX}normalization/layerNormForward`,
    file: 'basics',
    name: 'layer_norm',
    inputs: norm(1e-5),
    expected: ({ outputs }) => ({ y: outputs.y! }),
    blind: {
      ...when(
        true,
        'Its tokens are near zero.',
        'mean of the squares minus square of the mean',
        'squares minus the square of the mean, feature by feature',
      ),
      ...when(true, 'It is the usual one.', 'always the same epsilon'),
      ...when(true, oneList, 'over the second axis'),
    },
  },
  {
    exercise: `${PREFIX}normalization/layerNormBackward`,
    file: 'basics',
    name: 'layer_norm',
    inputs: (g) => ({ dy: g.inputs.upstream_y!, ...norm(1e-5)(g) }),
    expected: ({ grads }) => ({ dx: grads.x!, dgamma: grads.weight!, dbeta: grads.bias! }),
    blind: when(true, oneList, 'gradients of gamma and beta summed over the batch only'),
  },
  {
    exercise: `${PREFIX}normalization/rmsNormForward`,
    file: 'basics',
    name: 'rms_norm',
    inputs: norm(1e-6),
    expected: ({ outputs }) => ({ y: outputs.y! }),
  },
  {
    exercise: `${PREFIX}normalization/rmsNormBackward`,
    file: 'basics',
    name: 'rms_norm',
    inputs: (g) => ({ dy: g.inputs.upstream_y!, ...norm(1e-6)(g) }),
    expected: ({ grads }) => ({ dx: grads.x!, dgamma: grads.weight! }),
    blind: when(true, oneList, 'gradient of gamma summed over the batch only'),
  },
  {
    exercise: `${PREFIX}feed-forward/feedForward`,
    file: 'adapters',
    name: 'bottleneck_adapter',
    inputs: adapterInputs,
    expected: ({ inputs, outputs }) => ({ y: outputs.y!.sub(inputs.x!) }),
    blind: when(true, onlyGelu, 'always GELU'),
  },
  {
    exercise: `${PREFIX}feed-forward/feedForwardBackward`,
    file: 'adapters',
    name: 'bottleneck_adapter',
    inputs: (g) => ({ dy: g.inputs.upstream_y!, ...adapterInputs(g) }),
    expected: ({ inputs, grads }) => ({ dx: grads.x!.sub(inputs.upstream_y!), weights: adapter(grads) }),
    blind: when(true, onlyGelu, 'always GELU’s slope', 'cut by the gradient’s sign'),
  },
  {
    exercise: `${PREFIX}feed-forward/swigluForward`,
    file: 'attention',
    name: 'swiglu',
    inputs: ({ inputs }) => ({ x: inputs.x!, weights: swiglu(inputs) }),
    expected: ({ outputs }) => ({ y: outputs.y! }),
  },
  {
    exercise: `${PREFIX}feed-forward/swigluBackward`,
    file: 'attention',
    name: 'swiglu',
    inputs: ({ inputs }) => ({ dy: inputs.upstream_y!, x: inputs.x!, weights: swiglu(inputs) }),
    expected: ({ grads }) => ({ dx: grads.x!, weights: swiglu(grads) }),
  },
];
