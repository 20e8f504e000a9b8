import type { Equivalent } from './equivalent.ts';

const ties = {
  topic: 'router',
  exercise: 'chooseExperts',
  reason: 'same value',
  because:
    'sort is stable and asks only whether the answer is below 0: equal logits stay in the order of their indices.',
} as const;

export const equivalents: Equivalent[] = [
  {
    topic: 'experts',
    exercise: 'expertCapacity',
    operator: 'swapped operands',
    before: '1, Math.ceil((factor * k * tokens) / experts)',
    after: 'Math.ceil((factor * k * tokens) / experts), 1',
    reason: 'same value',
  },
  {
    topic: 'experts',
    exercise: 'dispatchTokens',
    operator: 'logic',
    before: 'chosen.length === 0 ? 0 : chosen[0].length',
    after: 'chosen[0].length',
    reason: 'promised input',
    because: 'T ≥ 1.',
  },
  {
    topic: 'experts',
    exercise: 'dispatchTokens',
    operator: 'constant',
    before: '0',
    after: '1',
    on: 'chosen.length === 0 ? 0',
    reason: 'promised input',
    because: 'How many slots the tokens have is of no use where there are no tokens; and T ≥ 1.',
  },
  {
    topic: 'experts',
    exercise: 'expertsForward',
    operator: 'logic',
    before: 'pile.length === 0',
    after: 'false',
    reason: 'effort only',
    because: 'An expert works through an empty pile, says nothing, and gets gradients of zeros for it.',
  },
  {
    topic: 'moe-block',
    exercise: 'moeLayerForward',
    operator: 'swapped operands',
    before: 'k, capacityFactor',
    after: 'capacityFactor, k',
    reason: 'same value',
    because: 'The capacity is made of their product.',
  },
  {
    topic: 'moe-block',
    exercise: 'moeBlockForward',
    operator: 'constant',
    before: '0',
    after: '1',
    on: 'const losses = { balance: 0, z: 0 };',
    reason: 'same value',
    because: 'Both are written over before anybody reads them.',
  },
  { ...ties, operator: 'left out', before: 'a - b', after: 'a' },
  { ...ties, operator: 'left out', before: 'a - b', after: 'b' },
  { ...ties, operator: 'sign', before: '-', after: '+', on: '|| a - b' },
];
