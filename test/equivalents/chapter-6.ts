import type { Equivalent } from './equivalent.ts';

const topic = 'quantization';

export const equivalents: Equivalent[] = [
  {
    topic,
    exercise: 'quantizeInBlocks',
    operator: 'swapped operands',
    before: '2 ** (bits - 1) - 1',
    after: '1 - (2 ** (bits - 1))',
    reason: 'same value',
    because:
      'The scale is negative, and so is every whole number: their product is the same, for halves go away from zero.',
  },
  {
    topic,
    exercise: 'quantizeInBlocks',
    operator: 'swapped operands',
    before: 'most, Math.abs(v)',
    after: 'Math.abs(v), most',
    reason: 'same value',
    because: 'The larger of two does not know which came first.',
  },
  {
    topic,
    exercise: 'packQ8',
    operator: 'constant',
    before: '0',
    after: '1',
    on: '? 0 : Math.fround(1 / d)',
    reason: 'same value',
    because: 'Where d is 0, in float32, every number is far below a half, and is rounded to 0 as it is.',
  },
  {
    topic,
    exercise: 'packQ8',
    operator: 'logic',
    before: 'd === 0 ? 0 : Math.fround(1 / d)',
    after: 'Math.fround(1 / d)',
    reason: 'same value',
    because: 'Where d is 0, the products are NaN or infinite, and of both `& 255` makes 0.',
  },
  {
    topic,
    exercise: 'packQ4',
    operator: 'constant',
    before: '0',
    after: '1',
    on: '? 0 : Math.fround(1 / d)',
    reason: 'same value',
    because: 'Where d is 0, in float32, every number is far below a half, and 8.5 and so little is cut off to 8.',
  },
  {
    topic,
    exercise: 'packQ4',
    operator: 'swapped operands',
    before: '15, Math.trunc(Math.fround(Math.fround(value * id) + 8.5))',
    after: 'Math.trunc(Math.fround(Math.fround(value * id) + 8.5)), 15',
    reason: 'same value',
    because: 'The smaller of two does not know which came first.',
  },
];
