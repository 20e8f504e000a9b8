import type { Golden } from './golden.ts';

/** The layer of chapter 1 is PyTorch's linear; its loss gradient follows from mse_loss through the chain rule. */
export const goldens: Golden[] = [
  {
    exercise: 'chapter-1/linear-unit/linearForward',
    file: 'basics',
    name: 'linear',
    inputs: ({ inputs }) => ({ X: inputs.x!, W: inputs.weight!, b: inputs.bias! }),
    expected: ({ outputs }) => outputs.y!,
  },
  {
    exercise: 'chapter-1/linear-unit/meanSquaredError',
    file: 'basics',
    name: 'mse',
    inputs: ({ inputs }) => ({ outputs: Array.from(inputs.x!.data), targets: Array.from(inputs.target!.data) }),
    expected: ({ outputs }) => outputs.loss!.item(),
  },
];
