import type { Equivalent } from './equivalent.ts';

export const equivalents: Equivalent[] = [
  ...[
    ['lstm', 'lstmBackward'],
    ['bidirectional', 'maskedBackward'],
    ['stacked-lstm', 'layerBackward'],
  ].map(([topic, exercise]) => ({
    topic: topic!,
    exercise: exercise!,
    operator: 'swapped results',
    before: "{ wIh: total('wIh'), wHh: total('wHh'), bIh: total('bIh'), …",
    after: "{ wIh: total('wIh'), wHh: total('wHh'), bIh: total('bHh'), …",
    reason: 'same value' as const,
    because: 'Both biases of an LSTM are added to the same sum, so they have the same gradient.',
  })),
  {
    topic: 'stacked-lstm',
    exercise: 'layerBackward',
    operator: 'order',
    before: 'push',
    after: 'unshift',
    on: 'shares.push',
    reason: 'same within rounding',
    because: 'The shares are added up, in the other order.',
  },
];
