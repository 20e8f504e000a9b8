import type { Tensor } from '#tensor';
import type { Golden, GoldenCase } from './golden.ts';

const TOPIC = 'chapter-6/quantization/';
const file = 'quantization';
const list = (x: Tensor | undefined) => Array.from(x!.data);
const because = (reason: string, ...names: string[]) => Object.fromEntries(names.map((name) => [name, reason]));

const block = (exercise: string, name: string, blind?: Golden['blind']): Golden => ({
  exercise: TOPIC + exercise,
  file,
  name,
  inputs: ({ inputs, outputs }) =>
    exercise.startsWith('pack') ? { x: list(inputs.x) } : { bytes: list(outputs.bytes) },
  expected: ({ outputs }) => list(exercise.startsWith('pack') ? outputs.bytes : outputs.y),
  ...(blind && { blind }),
});
const matrix = ({ inputs, outputs }: GoldenCase, format: string) => ({
  format,
  shape: [...inputs.w!.shape],
  bytes: list(outputs.bytes),
});
const formats = ['q8_0', 'q4_0'] as const;

const noZeros = because(
  'No block of zeros.',
  'nothing divided by nothing',
  'zeros packed as zero bytes',
  'minus zero without its sign',
);
const noHalves = because('Nothing lies on a half.', 'Math.round');
const notNear = because(
  'Nothing lies so near to a half that the way of computing matters.',
  'divided by d',
  'product not rounded to float32',
  'numbers not rounded to float32',
  'scale not rounded to float32',
  'in double precision',
  'floats in double precision',
);
const floats = because('The numbers are floats.', 'numbers not rounded to float32');
const floatScale = because('The scale is a float.', 'scale not rounded to float32');
const keeps = because('d is a number of half precision.', 'scale in half precision before 1/d');
const without = (list: Record<string, string>, ...names: string[]) =>
  Object.fromEntries(Object.entries(list).filter(([name]) => !names.includes(name)));
const zeros8 = without(noZeros, 'zeros packed as zero bytes', 'minus zero without its sign');
const notNear4 = {
  ...without(notNear, 'product not rounded to float32', 'scale not rounded to float32'),
  ...because(
    'Nothing lies so near to a half that the way of computing matters.',
    'sum not rounded to float32',
    'neither product nor sum rounded to float32',
  ),
};
const positive = because(
  'The largest number is positive.',
  'largest instead of largest in size',
  'scale without the sign',
);
const negative = because('The largest number is negative.', 'size divided by eight');
const noEqual = because('No two numbers share the largest size.', 'the last of equal ones');
const noOpposite = because('Nothing lies opposite the largest number.', 'level 16');
const noneOfLess = because('No byte is 128: 127 steps to each side.', '128 taken for positive');

export const goldens: Golden[] = [
  {
    exercise: `${TOPIC}absmaxQuantize`,
    file,
    name: 'absmax',
    inputs: ({ inputs }) => ({ x: inputs.x! }),
    expected: ({ outputs }) => ({ q: list(outputs.q), scale: outputs.scale!.item() }),
    blind: {
      ...noHalves,
      ...because('It is not zero.', 'nothing divided by nothing', 'a scale of one for zeros'),
    },
  },
  ...['blocks of 4, 4 bits', 'blocks of 3, 3 bits', 'blocks of 8, 8 bits'].map((name) => ({
    exercise: `${TOPIC}quantizeInBlocks`,
    file,
    name,
    inputs: ({ inputs }: GoldenCase) => ({ x: inputs.x!, size: inputs.size!.item(), bits: inputs.bits!.item() }),
    expected: ({ outputs }: GoldenCase) => outputs.y!,
    blind: {
      ...noHalves,
      ...zeros8,
      ...(name.endsWith(' 8 bits') ? because('8 bits: 127 is right.', 'always 127 steps') : {}),
      ...(name.endsWith(' 3 bits') ? because('2 ^ 1 happens to be 3.', '^ for a power') : {}),
    },
  })),
  block('packQ8', 'q8_0 noise', { ...zeros8, ...noHalves, ...notNear }),
  block('packQ8', 'q8_0 forty-one', { ...zeros8, ...keeps, ...floats, ...floatScale }),
  block('packQ8', 'q8_0 eleven', zeros8),
  block('unpackQ8', 'q8_0 noise', noneOfLess),
  block('unpackQ8', 'q8_0 forty-one', noneOfLess),
  block('packQ4', 'q4_0 noise', {
    ...noZeros,
    ...notNear4,
    ...negative,
    ...noEqual,
    ...noOpposite,
    ...because('Nothing lies on a half.', 'rounded, then moved'),
    ...because('The rounding of d moves nothing over a half.', 'scale in half precision before 1/d'),
  }),
  block('packQ4', 'q4_0 seven', { ...noZeros, ...positive, ...noEqual, ...keeps, ...floats }),
  block('packQ4', 'q4_0 large', {
    ...noZeros,
    ...negative,
    ...noEqual,
    ...noOpposite,
    ...floats,
    ...because('These products are exact halves.', 'divided by d', 'sum not rounded to float32'),
  }),
  block('packQ4', 'q4_0 equal sizes', {
    ...noZeros,
    ...positive,
    ...notNear4,
    ...keeps,
    ...because('Nothing lies on a half.', 'rounded, then moved'),
  }),
  block('packQ4', 'q4_0 seven tenths', { ...noZeros, ...negative, ...noEqual, ...noOpposite }),
  block('unpackQ4', 'q4_0 noise', because('Its scale is positive.', 'scale without its sign')),
  block('unpackQ4', 'q4_0 seven'),
  ...formats.flatMap((format): Golden[] => [
    {
      exercise: `${TOPIC}quantizeMatrix`,
      file,
      name: `${format} matrix`,
      inputs: ({ inputs }) => ({ w: inputs.w!, format }),
      expected: (g) => matrix(g, format),
      blind: because('That is what is asked for.', `always ${format}`),
    },
    {
      exercise: `${TOPIC}dequantizeMatrix`,
      file,
      name: `${format} matrix`,
      inputs: (g) => ({ matrix: matrix(g, format) }),
      expected: ({ outputs }) => outputs.y!,
    },
  ]),
];
