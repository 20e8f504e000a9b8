import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, tensor, zeros } from '#tensor';
import { entryOf, finite, grid, gridOf, indicesOf, tensors, thrown } from './naive.ts';

const folds = {
  sum: (xs: number[]) => xs.reduce((a, b) => a + b, 0),
  mean: (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length,
  max: (xs: number[]) => (xs.some(Number.isNaN) ? NaN : xs.reduce((a, b) => (b > a ? b : a))),
  min: (xs: number[]) => (xs.some(Number.isNaN) ? NaN : xs.reduce((a, b) => (b < a ? b : a))),
};
type Fold = keyof typeof folds;

/** A tensor and a choice of its axes, some of them negative; entries are eighths, so sums are exact in any order. */
const cases = tensors(
  0,
  4,
  fc.oneof({ weight: 9, arbitrary: finite }, { weight: 1, arbitrary: fc.constant(NaN) }),
).chain((x) =>
  fc
    .tuple(fc.subarray(x.shape.map((_, axis) => axis)), fc.boolean(), fc.boolean())
    .map(([axes, negative, keepDims]) => ({ x, axes, negative, keepDims })),
);

describe.each(Object.keys(folds) as Fold[])('%s', (name) => {
  it('agrees with the loop over any axes', () => {
    fc.assert(
      fc.property(cases, ({ x, axes, negative, keepDims }) => {
        const count = axes.reduce((n, axis) => n * x.shape[axis], 1);
        fc.pre(count > 0 || name === 'sum' || name === 'mean');
        const nested = gridOf(x);
        const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
        const cell = (index: number[]) =>
          folds[name](
            indicesOf(x.shape)
              .filter((full) => full.every((i, axis) => axes.includes(axis) || i === index[axis]))
              .map((full) => entryOf(nested, full)),
          );
        const result = x[name](
          axes.map((axis) => (negative ? axis - x.rank : axis)),
          { keepDims },
        );
        expect(result.shape).toEqual(keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis)));
        expect(gridOf(result.reshape(...kept))).toEqual(grid(kept, cell));
        expect(gridOf(x)).toEqual(nested);
      }),
    );
  });

  it('reduces everything when no axis is given', () => {
    const x = tensor([
      [1, 2],
      [3, 6],
    ]);
    expect(x[name]().toArray()).toBe({ sum: 12, mean: 3, max: 6, min: 1 }[name]);
    expect(x[name](undefined, { keepDims: true }).shape).toEqual([1, 1]);
    expect(x[name](-1).toArray()).toEqual({ sum: [3, 9], mean: [1.5, 4.5], max: [2, 6], min: [1, 3] }[name]);
  });

  it('names itself when an axis is wrong', () => {
    expect(thrown(() => zeros(2, 3)[name](2))).toBe(
      `RangeError: ${name}: (2, 3) has no axis 2: legal axes are -2 to 1`,
    );
    expect(thrown(() => zeros(2, 3)[name]([0, -2]))).toBe(`RangeError: ${name}: axis 0 is named twice`);
    expect(thrown(() => tensor(1)[name](0))).toBe(`RangeError: ${name}: () has no axis 0: a scalar has no axes`);
    expect(thrown(() => zeros(2)[name](NaN))).toBe(`TypeError: ${name}: an axis must be a whole number, got NaN`);
  });
});

it('of nothing: the sum is 0, the mean NaN, and there is no largest', () => {
  expect(zeros(0, 2).sum(0).toArray()).toEqual([0, 0]);
  expect(zeros(0, 2).mean(0).toArray()).toEqual([NaN, NaN]);
  expect(zeros(0, 2).max(1).toArray()).toEqual([]);
  for (const name of ['max', 'min', 'argmax', 'argmin'] as const) {
    expect(() => zeros(0, 2)[name](0)).toThrow(ShapeError);
    expect(thrown(() => zeros(0, 2)[name]())).toBe(
      `ShapeError: ${name}: (0, 2) leaves nothing to choose from: at least one number is needed`,
    );
  }
});

it('infinities and -Infinity only are still numbers to max and min', () => {
  expect(tensor([-Infinity, -Infinity]).max().item()).toBe(-Infinity);
  expect(tensor([Infinity, Infinity]).min().item()).toBe(Infinity);
});

describe('argmax and argmin', () => {
  it('agree with the loop along every axis; of equal ones the first counts, and NaN before all', () => {
    fc.assert(
      fc.property(tensors(1, 4), fc.nat(3), fc.boolean(), (x, k, negative) => {
        const axis = k % x.rank;
        fc.pre(x.shape[axis] > 0);
        const nested = gridOf(x);
        const rest = x.shape.filter((_, other) => other !== axis);
        for (const [name, better] of [
          ['argmax', (a: number, b: number) => a > b],
          ['argmin', (a: number, b: number) => a < b],
        ] as const) {
          const result = x[name](negative ? axis - x.rank : axis);
          expect(result.shape).toEqual(rest);
          expect(gridOf(result)).toEqual(
            grid(rest, (index) => {
              const line = Array.from({ length: x.shape[axis] }, (_, i) =>
                entryOf(nested, [...index.slice(0, axis), i, ...index.slice(axis)]),
              );
              if (line.some(Number.isNaN)) return line.findIndex(Number.isNaN);
              return line.findIndex((value) => !line.some((other) => better(other, value)));
            }),
          );
        }
      }),
    );
  });

  it('without an axis give the flat index', () => {
    const x = tensor([
      [1, 9, 3],
      [9, 0, 0],
    ]);
    expect([x.argmax().item(), x.argmin().item()]).toEqual([1, 4]);
    expect(x.argmax().shape).toEqual([]);
    expect(thrown(() => x.argmax(2))).toBe('RangeError: argmax: (2, 3) has no axis 2: legal axes are -2 to 1');
  });
});

it('norm is Euclidean over all entries', () => {
  expect(
    tensor([
      [3, 0],
      [0, 4],
    ]).norm(),
  ).toBe(5);
  expect(zeros(0).norm()).toBe(0);
});

it('sums in row-major order', () => {
  expect(tensor([1e16, 1, -1e16]).sum().item()).toBe(0);
  expect(tensor([1e16, -1e16, 1]).sum().item()).toBe(1);
  expect(
    tensor([[1e16], [1], [-1e16]])
      .sum(0)
      .toArray(),
  ).toEqual([0]);
});
