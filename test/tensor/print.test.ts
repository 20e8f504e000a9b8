import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { arange, ones, tensor, zeros } from '#tensor';

const lines = (...text: string[]) => text.join('\n');

it('aligns the decimal points of a column', () => {
  const x = tensor([
    [0.5, -1, 2],
    [1, 0, 3.25],
  ]);
  expect(x.toString()).toBe(
    lines(
      'Tensor (2, 3)', //
      '[  0.5  -1  2    ]',
      '[  1     0  3.25 ]',
    ),
  );
});

it('writes scalars and vectors on one line', () => {
  expect(tensor(3.5).toString()).toBe('Tensor () 3.5');
  expect(arange(3).toString()).toBe('Tensor (3)\n[  0  1  2 ]');
  expect(ones(1, 1).toString()).toBe('Tensor (1, 1)\n[  1 ]');
});

it('gives six significant digits, and whole numbers in full', () => {
  const x = tensor([1 / 3, 1234567, 1234567.8, 0.000012345678, 1.5e-9, -0, NaN, Infinity, 1e20]);
  expect(x.toString()).toBe(
    'Tensor (9)\n[  0.333333  1234567  1.23457e+6  0.0000123457  1.5e-9  -0  NaN  Infinity  1e+20 ]',
  );
  expect(tensor([1.0000001, 99.99999999, -123.456789, 100, 120.5]).toString()).toBe(
    'Tensor (5)\n[  1  100  -123.457  100  120.5 ]',
  );
});

it('labels the matrices of a tensor with more axes', () => {
  expect(arange(8).reshape(2, 2, 2).toString()).toBe(
    lines('Tensor (2, 2, 2)', '[0, :, :]', '[  0  1 ]', '[  2  3 ]', '[1, :, :]', '[  4  5 ]', '[  6  7 ]'),
  );
  expect(arange(4).reshape(2, 1, 1, 2).toString()).toBe(
    lines('Tensor (2, 1, 1, 2)', '[0, 0, :, :]', '[  0  1 ]', '[1, 0, :, :]', '[  2  3 ]'),
  );
});

it('elides the middle of a long axis', () => {
  expect(arange(9).toString()).toBe('Tensor (9)\n[  0  1  2  3  4  5  6  7  8 ]');
  expect(arange(10).toString()).toBe('Tensor (10)\n[  0  1  2  3  …  6  7  8  9 ]');
  expect(arange(20).reshape(10, 2).toString()).toBe(
    lines(
      'Tensor (10, 2)',
      '[   0   1 ]',
      '[   2   3 ]',
      '[   4   5 ]',
      '[   6   7 ]',
      '…',
      '[  12  13 ]',
      '[  14  15 ]',
      '[  16  17 ]',
      '[  18  19 ]',
    ),
  );
  const deep = arange(12).reshape(12, 1, 1).toString();
  expect(deep).toContain('[3, :, :]\n[  3 ]\n…\n[8, :, :]\n[  8 ]');
});

it('says when there is nothing', () => {
  expect(zeros(0, 3).toString()).toBe('Tensor (0, 3) empty');
});

it('is what console.log shows, and what a template writes', () => {
  expect(inspect(arange(2))).toBe('Tensor (2)\n[  0  1 ]');
  expect(`${tensor(2)}`).toBe('Tensor () 2');
});
