import { split, type Tensor } from '#tensor';
import type { Golden, GoldenCase } from './golden.ts';

const PREFIX = 'chapter-5/gpt/';

type Named = Record<string, Tensor>;

/** PyTorch's block number n. Its queries, keys and values come from one matrix: three of ours below each other. */
function block(from: Named, n: number) {
  const of = (name: string) => from[`blocks.${n}.${name}`]!;
  const [wQ, wK, wV] = split(of('qkv.weight'), 3, 0) as [Tensor, Tensor, Tensor];
  const [bQ, bK, bV] = split(of('qkv.bias'), 3, 0) as [Tensor, Tensor, Tensor];
  return {
    attention: { wQ, bQ, wK, bK, wV, bV, wO: of('proj.weight'), bO: of('proj.bias') },
    norm1: { gamma: of('ln1.weight'), beta: of('ln1.bias') },
    feedForward: { w1: of('up.weight'), b1: of('up.bias'), w2: of('down.weight'), b2: of('down.bias') },
    norm2: { gamma: of('ln2.weight'), beta: of('ln2.bias') },
  };
}

/** The weights of the golden GPT, or their gradients, in our form. */
const weights = (from: Named) => ({
  tokens: from['tok']!,
  positions: from['pos']!,
  blocks: [block(from, 0), block(from, 1)],
  norm: { gamma: from['ln.weight']!, beta: from['ln.bias']! },
});

const run = ({ inputs }: GoldenCase) => ({
  index: inputs['index']!.toArray() as number[][],
  weights: weights(inputs),
  settings: { heads: 2, activation: 'gelu' },
});

/** The gradient of the mean cross-entropy, (softmax − onehot) / n, times the loss's own upstream gradient. */
function fromLoss({ inputs, outputs }: GoldenCase): Tensor {
  const logits = outputs['logits']!;
  const e = logits.sub(logits.max(-1, { keepDims: true })).exp();
  const p = e.div(e.sum(-1, { keepDims: true }));
  const [V, targets] = [logits.shape.at(-1)!, inputs['target']!.data];
  const upstream = inputs['upstream_loss']!.item() / targets.length;
  return p.map((x, k) => (x - (targets[Math.floor(k / V)] === k % V ? 1 : 0)) * upstream);
}

/** A small tied GPT in PyTorch, with all its gradients. */
export const goldens: Golden[] = [
  {
    exercise: `${PREFIX}gptForward`,
    file: 'attention',
    name: 'gpt_tied',
    inputs: run,
    expected: ({ outputs }) => ({ logits: outputs['logits']! }),
    blind: { 'always tied': 'its head is tied', 'always GELU': 'it bends with GELU' },
  },
  {
    exercise: `${PREFIX}gptBackward`,
    file: 'attention',
    name: 'gpt_tied',
    inputs: (g) => ({ dlogits: fromLoss(g), ...run(g) }),
    expected: ({ grads }) => weights(grads),
    blind: { 'always added': 'its head is tied', 'the head’s own gradient missing': 'its head is tied' },
  },
];
