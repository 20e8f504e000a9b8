import type { Equivalent } from './equivalent.ts';

const ties = {
  topic: 'language-model',
  exercise: 'topKFilter',
  reason: 'same value',
  because:
    'sort is stable and asks only whether the answer is below 0: equal logits stay in the order of their indices.',
} as const;
const biases = { topic: 'rnn', exercise: 'rnnBackward', operator: 'swapped results', reason: 'same value' } as const;

export const equivalents: Equivalent[] = [
  {
    topic: 'gradient-flow',
    exercise: 'largestSingularValue',
    operator: 'constant',
    before: '1',
    after: '0',
    on: 'w.shape[1] !== start.shape[0]',
    reason: 'promised input',
    because: 'w is (H, H); and where its rows are not as long as the start, the product throws.',
  },
  {
    topic: 'language-model',
    exercise: 'sequenceLoss',
    operator: 'logic',
    before: 'kept.length === 0',
    after: 'false',
    reason: 'message only',
    because: 'The cross-entropy refuses to work on no rows.',
  },
  { ...ties, operator: 'sign', before: '-', after: '+', on: '|| a - b' },
  { ...ties, operator: 'left out', before: 'a - b', after: 'a' },
  { ...ties, operator: 'left out', before: 'a - b', after: 'b' },
  {
    topic: 'language-model',
    exercise: 'truncatedBackpropagation',
    operator: 'constant',
    before: '1',
    after: '0',
    on: 'length < 1',
    reason: 'message only',
    because: 'A window without a single time is refused by the first of its parts.',
  },
  {
    topic: 'rnn',
    exercise: 'rnnForward',
    operator: 'logic',
    before: 'x.rank !== 3 || x.shape[0] === 0',
    after: 'false',
    reason: 'message only',
    because: 'rnnStep refuses what is no (B, D), and no states cannot be stacked.',
  },
  {
    topic: 'rnn',
    exercise: 'rnnForward',
    operator: 'logic',
    before: '||',
    after: '&&',
    reason: 'message only',
    because: 'rnnStep refuses what is no (B, D), and no states cannot be stacked.',
  },
  {
    topic: 'rnn',
    exercise: 'rnnForward',
    operator: 'constant',
    before: '0',
    after: '1',
    on: 'x.shape[0] === 0',
    reason: 'promised input',
    because: 'It refuses a batch of no sequences, which is none; without times there is nothing to stack.',
  },
  {
    ...biases,
    before: '{ wIh: zerosLike(wIh), wHh: zerosLike(wHh), bIh: zerosLike(…',
    after: '{ wIh: zerosLike(wIh), wHh: zerosLike(wHh), bIh: zerosLike(…',
    on: 'let sum: RnnWeights',
    because: 'Both are zeros of the same shape.',
  },
  {
    ...biases,
    before: '{ wIh: sum.wIh.add(g.wIh), wHh: sum.wHh.add(g.wHh), bIh: su…',
    after: '{ wIh: sum.wIh.add(g.wIh), wHh: sum.wHh.add(g.wHh), bIh: su…',
    on: 'sum = {',
    because: 'The two biases are added to the same sum, so their gradients are equal.',
  },
];
