import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arange, eye, full, isTensor, linspace, ones, onesLike, showShape, tensor, zeros, zerosLike } from '#tensor';
import { gridOf, tensors, thrown } from './naive.ts';

describe('tensor', () => {
  it('reads nested lists and gives them back', () => {
    fc.assert(
      fc.property(tensors(0, 4), (x) => {
        expect(x.toArray()).toEqual(gridOf(x));
        if (x.size > 0) {
          const again = tensor(x.toArray());
          expect(again.shape).toEqual(x.shape);
          expect(again.data).toEqual(x.data);
        }
      }),
    );
  });

  it('knows scalars and empty lists', () => {
    expect(tensor(3).shape).toEqual([]);
    expect(tensor(3).toArray()).toBe(3);
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
  });

  it.each([
    [
      [
        [1, 2, 3],
        [4, 5],
      ],
      'ShapeError: tensor: ragged: entry [1] has length 2, those before it 3',
    ],
    [[[[1], [2]], [[3]]], 'ShapeError: tensor: ragged: entry [1] has length 1, those before it 2'],
    [[[1, 2], 3], 'ShapeError: tensor: ragged: entry [1] is a number where others are lists'],
    [[1, [2]], 'ShapeError: tensor: ragged: entry [1] is a list where others are numbers'],
    [
      [
        [1, 2],
        [3, 'x'],
      ],
      'TypeError: tensor needs numbers, but entry [1][1] is a string',
    ],
    [[[1, undefined]], 'TypeError: tensor needs numbers, but entry [0][1] is undefined'],
    [[[1], null], 'TypeError: tensor needs numbers, but entry [1] is null'],
    [undefined, 'TypeError: tensor needs numbers, but the input is undefined'],
  ])('says where %j is wrong', (nested, message) => {
    expect(thrown(() => tensor(nested as never))).toBe(message);
  });
});

describe('filled', () => {
  it('zeros, ones, full take their shapes', () => {
    expect(zeros(2, 3).toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(ones(2).toArray()).toEqual([1, 1]);
    expect(zeros().toArray()).toBe(0);
    expect(ones().toArray()).toBe(1);
    expect(full([1, 2], 7).toArray()).toEqual([[7, 7]]);
    expect(zeros(2, 0, 3).shape).toEqual([2, 0, 3]);
    expect(zerosLike(ones(2, 1)).toArray()).toEqual([[0], [0]]);
    expect(onesLike(zeros(1, 2)).toArray()).toEqual([[1, 1]]);
  });

  it('eye has ones on the diagonal', () => {
    expect(eye(3).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(eye(0).shape).toEqual([0, 0]);
  });

  it('says what is wrong with a shape', () => {
    expect(thrown(() => zeros([2, 3] as never))).toBe(
      'TypeError: zeros: axis 0 of the shape must be a whole number, got an array: ' +
        'give the lengths one by one, as in (2, 3)',
    );
    expect(thrown(() => full(3 as never, 1))).toBe('TypeError: full needs a shape such as [2, 3], got 3');
    expect(thrown(() => full([3], undefined as never))).toBe(
      'TypeError: full needs a number to fill with, got undefined',
    );
    expect(thrown(() => ones(NaN))).toContain('TypeError: ones: axis 0 of the shape must be a whole number, got NaN');
    expect(thrown(() => eye(-1))).toContain('ShapeError: eye: (-1) is no shape');
    expect(thrown(() => zerosLike(undefined as never))).toContain('zerosLike needs a Tensor, got undefined');
  });
});

describe('ranges', () => {
  it('arange stops before the end', () => {
    expect(arange(4).toArray()).toEqual([0, 1, 2, 3]);
    expect(arange(2, 5).toArray()).toEqual([2, 3, 4]);
    expect(arange(0, 1, 0.25).toArray()).toEqual([0, 0.25, 0.5, 0.75]);
    expect(arange(3, 0, -1).toArray()).toEqual([3, 2, 1]);
    expect(arange(3, 0).toArray()).toEqual([]);
    expect(thrown(() => arange(0, 1, 0))).toBe('RangeError: arange: from 0 to 1 in steps of 0 never ends');
    expect(thrown(() => arange(NaN))).toContain('RangeError: arange: from 0 to NaN');
  });

  it('linspace includes both ends exactly', () => {
    expect(linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(linspace(3, 9, 1).toArray()).toEqual([3]);
    expect(linspace(3, 9, 0).toArray()).toEqual([]);
    const x = linspace(0.1, 0.7, 50);
    expect([x.at(0), x.at(-1), x.size]).toEqual([0.1, 0.7, 50]);
  });
});

it('isTensor knows tensors, also of another copy of the library', () => {
  expect(isTensor(zeros(2))).toBe(true);
  expect(isTensor({ shape: [1], data: Float64Array.of(1) })).toBe(true);
  expect([undefined, null, 3, [1], { shape: [1] }, { data: [1], shape: [1] }].map(isTensor)).toEqual(
    Array(6).fill(false),
  );
});

it('showShape writes a shape', () => {
  expect([showShape([]), showShape([4]), showShape([2, 3])]).toEqual(['()', '(4)', '(2, 3)']);
});
