/** Mutants of chapter 5 that do the same as its solutions. */
import type { Equivalent } from './equivalent.ts';

const all = (
  reason: Equivalent['reason'],
  because: string,
  mutants: Omit<Equivalent, 'reason' | 'because'>[],
): Equivalent[] => mutants.map((mutant) => ({ ...mutant, reason, because }));

const fits = { topic: 'attention', exercise: 'attentionForward', operator: 'logic' };
const ties = { topic: 'gpt', exercise: 'topPFilter', on: '|| a - b' };
const cached = { topic: 'gpt', exercise: 'generateCached' };
const heads = { topic: 'multi-head-attention', exercise: 'splitHeads', on: '!(heads >= 1) || C % heads !== 0' };
const grouped = { topic: 'multi-head-attention', exercise: 'groupedQueryForward', operator: 'logic' };
const places = { topic: 'positional-encoding', exercise: 'learnedPositionsForward', on: 'start + T > length' };

export const equivalents: Equivalent[] = [
  ...all('same value', '0 / 1 and 0 / −1 are both 0.', [
    { topic: 'attention', exercise: 'maskedSoftmax', operator: 'sign', before: 'add', after: 'sub' },
  ]),
  ...all('message only', 'Where the widths or the numbers differ, the product of the matrices throws.', [
    { ...fits, before: 'dK !== k.shape[k.rank - 1] || k.shape[k.rank - 2] !== v.sha…', after: 'false' },
    { ...fits, before: '||', after: '&&' },
  ]),
  ...all(
    'same value',
    'sort is stable and asks only whether the answer is below 0: equal shares stay in the order of their indices.',
    [
      { ...ties, operator: 'left out', before: 'a - b', after: 'a' },
      { ...ties, operator: 'left out', before: 'a - b', after: 'b' },
      { ...ties, operator: 'sign', before: '-', after: '+' },
    ],
  ),
  ...all('effort only', 'Without the cache gptForward reads the window again and gives the same logits.', [
    { ...cached, operator: 'logic', before: 'text.length <= L', after: 'false' },
    { ...cached, operator: 'comparison', before: '<=', after: '<' },
    {
      ...cached,
      operator: 'left out',
      before: '({ logits, kept } = cachedStep(token, kept, weights, settin…',
      after: ';',
    },
  ]),
  ...all('message only', 'reshape refuses axes that are broken, negative or infinite.', [
    { ...heads, operator: 'logic', before: '!(heads >= 1) || C % heads !== 0', after: 'false' },
    { ...heads, operator: 'logic', before: '||', after: '&&' },
    { ...heads, operator: 'constant', before: '1', after: '0' },
  ]),
  ...all('message only', 'repeatHeads cannot make a broken number of copies: broadcastTo throws.', [
    { ...grouped, before: '!Number.isInteger(times)', after: 'false' },
  ]),
  ...all('message only', 'Keys of another width than the queries are refused by attentionForward.', [
    { ...grouped, before: 'weights.wK.shape[0] * times !== C', after: 'false' },
  ]),
  ...all('message only', 'slice refuses places that the table does not have.', [
    { ...places, operator: 'sign', before: '+', after: '-' },
    { ...places, operator: 'left out', before: 'start + T', after: 'start' },
    { ...places, operator: 'left out', before: 'start + T', after: 'T' },
  ]),
  ...all('same value', 'No even number lies between.', [
    {
      topic: 'positional-encoding',
      exercise: 'sinusoidalPositions',
      operator: 'constant',
      before: '2',
      after: '1',
      on: 'dModel < 2',
    },
  ]),
  ...all('never reached', 'Where row and column are equal, the line before has returned.', [
    {
      topic: 'positional-encoding',
      exercise: 'shiftRotation',
      operator: 'comparison',
      before: '<',
      after: '<=',
      on: 'row < column',
    },
  ]),
  ...all('message only', 'An odd width cannot be reshaped into pairs: reshape throws.', [
    {
      topic: 'positional-encoding',
      exercise: 'rotaryForward',
      operator: 'constant',
      before: '2',
      after: '1',
      on: 'd % 2',
    },
  ]),
  ...all('same value', 'Times ±1 and divided by ±1 are the same.', [
    {
      topic: 'positional-encoding',
      exercise: 'rotaryForward',
      operator: 'factor',
      before: 'mul',
      after: 'div',
      on: 'mul(tensor([-1, 1]))',
    },
  ]),
];
