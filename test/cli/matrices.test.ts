import { expect, test } from 'vitest';
import { PLAIN } from '../../grader/reports/colours.ts';
import { draw, leaves, showNumber } from '../../grader/reports/matrices.ts';

test('numbers that are too wide for their column still stand there, one at least', () => {
  const leaf = leaves('dx', { tensor: { shape: [1, 1, 3], data: [-0.0000399976, 0, 0.0000399976] } })[0]!;
  expect(draw(leaf, { width: 32, style: PLAIN })).toEqual(['[ -3.99976e-5  0  3.99976e-5 ]']);
  expect(draw(leaf, { width: 10, style: PLAIN })).toEqual(['[ -3.99976e-5  … ]']);
});

test('small numbers are written with their power of ten', () => {
  expect([0.00012345678, 0.000012345678, -1e-7, 0].map(showNumber)).toEqual([
    '0.000123457',
    '1.23457e-5',
    '-1e-7',
    '0',
  ]);
});
