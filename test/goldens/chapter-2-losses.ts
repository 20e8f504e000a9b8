import { eye, zeros } from '#tensor';
import type { Golden, GoldenCase } from './golden.ts';

const PREFIX = 'chapter-2/losses/';
const loss = ({ outputs }: GoldenCase) => ({ loss: outputs.loss!.item() });
/** PyTorch's gradients start from an upstream gradient of the loss; ours from 1. */
const unscaled = (name: string) => (g: GoldenCase) => g.grads[name]!.div(g.inputs.upstream_loss!.item());
const labels = (g: GoldenCase) => Array.from(g.inputs.target!.data);

const pair = ({ inputs }: GoldenCase) => ({ y: inputs.x!, target: inputs.target! });
const classified = (smoothing: number) => (g: GoldenCase) => ({
  logits: g.inputs.logits!,
  labels: labels(g),
  smoothing,
});
const asked = ({ inputs }: GoldenCase) => ({ logits: inputs.logits!, targets: inputs.target! });

const moderate = 'its logits are small, and nothing overflows or underflows';
const noSmoothing = 'there is no smoothing in it';
const unit = 'its δ is 1';
const vector = 'it is a vector: rows and elements are the same';
const unsmoothed = {
  'logarithm of a softmax': moderate,
  'logarithm of a plain softmax': moderate,
  'maximum of the whole tensor': moderate,
  'smoothing ignored': noSmoothing,
  'smoothing over the other classes only': noSmoothing,
  'smoothing not divided by C': noSmoothing,
  'no share for the right class': noSmoothing,
  'spread over C − 1': noSmoothing,
  'right class not lowered': noSmoothing,
};

/** PyTorch's losses and linear layer. */
export const goldens: Golden[] = [
  {
    exercise: `${PREFIX}mseForward`,
    file: 'basics',
    name: 'mse',
    inputs: pair,
    expected: loss,
  },
  {
    exercise: `${PREFIX}mseBackward`,
    file: 'basics',
    name: 'mse',
    inputs: pair,
    expected: unscaled('x'),
  },
  {
    exercise: `${PREFIX}crossEntropyForward`,
    file: 'basics',
    name: 'cross_entropy',
    inputs: classified(0),
    expected: loss,
    blind: unsmoothed,
  },
  {
    exercise: `${PREFIX}crossEntropyBackward`,
    file: 'basics',
    name: 'cross_entropy',
    inputs: classified(0),
    expected: unscaled('logits'),
    blind: { 'smoothing left out': noSmoothing },
  },
  {
    exercise: `${PREFIX}crossEntropyForward`,
    file: 'basics',
    name: 'cross_entropy_smoothed',
    inputs: classified(0.1),
    expected: loss,
    blind: {
      'logarithm of a softmax': moderate,
      'logarithm of a plain softmax': moderate,
      'maximum of the whole tensor': moderate,
    },
  },
  {
    exercise: `${PREFIX}crossEntropyBackward`,
    file: 'basics',
    name: 'cross_entropy_smoothed',
    inputs: classified(0.1),
    expected: unscaled('logits'),
  },
  {
    exercise: `${PREFIX}bceWithLogitsForward`,
    file: 'basics',
    name: 'bce_with_logits',
    inputs: asked,
    expected: loss,
    blind: {
      'logarithm of a sigmoid': moderate,
      'exponential overflows': moderate,
      'logarithms clamped': moderate,
      'probabilities clipped': moderate,
      'probabilities clipped early': moderate,
      'mean over rows only': vector,
    },
  },
  {
    exercise: `${PREFIX}bceWithLogitsBackward`,
    file: 'basics',
    name: 'bce_with_logits',
    inputs: asked,
    expected: unscaled('logits'),
    blind: { 'mean over rows only': vector },
  },
  {
    exercise: `${PREFIX}huberForward`,
    file: 'basics',
    name: 'smooth_l1',
    inputs: (g) => ({ ...pair(g), delta: 1 }),
    expected: loss,
    blind: { 'δ taken as 1': unit, 'divided by δ': unit, 'slope 1 instead of δ': unit, 'δ missing in the line': unit },
  },
  {
    exercise: `${PREFIX}huberBackward`,
    file: 'basics',
    name: 'smooth_l1',
    inputs: (g) => ({ ...pair(g), delta: 1 }),
    expected: unscaled('x'),
    blind: { 'δ taken as 1': unit, 'slope 1 instead of δ': unit },
  },
  {
    exercise: 'chapter-2/linear/linearForward',
    file: 'basics',
    name: 'linear',
    inputs: ({ inputs }) => ({ x: inputs.x!, w: inputs.weight!, b: inputs.bias! }),
    expected: ({ outputs }) => ({ y: outputs.y! }),
  },
  {
    exercise: 'chapter-2/linear/linearBackward',
    file: 'basics',
    name: 'linear',
    inputs: ({ inputs }) => ({ x: inputs.x!, w: inputs.weight!, b: inputs.bias!, dy: inputs.upstream_y! }),
    expected: ({ grads }) => ({ dx: grads.x!, dw: grads.weight!, db: grads.bias! }),
  },
  {
    // A linear layer under a cross-entropy whose inputs are one-hot: x = I makes logits = wᵀ, so the golden's logits are
    // reached with w = logitsᵀ, b = 0, and dw is its gradient transposed.
    exercise: 'chapter-2/linear/softmaxRegression',
    file: 'basics',
    name: 'cross_entropy',
    inputs: (g) => {
      const [N, C] = g.inputs.logits!.shape as [number, number];
      return { x: eye(N), w: g.inputs.logits!.T, b: zeros(C), labels: labels(g) };
    },
    expected: (g) => ({ ...loss(g), dw: unscaled('logits')(g).T, db: unscaled('logits')(g).sum(0) }),
    blind: { 'bias left out': 'its bias is 0' },
  },
];
