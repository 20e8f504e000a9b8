/**
 * The loops that are unrolled, and the shapes that take a shorter way, give the bits of the loop written out: at every
 * length around the unrolling, among NaN, infinities and zeros of both signs.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tensor, where, zeros } from '#tensor';
import { plainProduct } from '../../solutions/tensor/matmul.ts';
import { entryOf, grid, gridOf, indicesOf } from './naive.ts';

const entry = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 5e-324, 1e308) },
);
const length = fc.nat(27);
const of = (...shape: number[]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return fc.array(entry, { minLength: size, maxLength: size }).map((data) => new Tensor(shape, data));
};
const arithmetic = [
  ['add', (a: number, b: number) => a + b],
  ['sub', (a: number, b: number) => a - b],
  ['mul', (a: number, b: number) => a * b],
  ['div', (a: number, b: number) => a / b],
] as const;

describe.each(arithmetic)('%s', (name, by) => {
  it('of two tensors of one shape, of a tensor and a number, and of a tensor and one that lacks axes of 1', () => {
    const pair = length.chain((n) => fc.tuple(of(1, n), of(1, n), entry));
    fc.assert(
      fc.property(pair, ([a, b, x]) => {
        const expected = Array.from(a.data, (value, i) => by(value, b.data[i]));
        expect(Array.from(a[name](b).data)).toEqual(expected);
        const flat = b.reshape(b.size);
        expect(a[name](flat).shape).toEqual(a.shape);
        expect(flat[name](a).shape).toEqual(a.shape);
        expect(Array.from(a[name](flat).data)).toEqual(expected);
        expect(Array.from(flat[name](a).data)).toEqual(Array.from(b.data, (value, i) => by(value, a.data[i])));
        expect(Array.from(a[name](x).data)).toEqual(Array.from(a.data, (value) => by(value, x)));
      }),
    );
  });
});

it('T swaps rows and columns of every size', () => {
  const matrices = fc.tuple(fc.nat(2), length, length).chain((shape) => of(...shape));
  fc.assert(
    fc.property(matrices, (x) => {
      const [batch, rows, columns] = x.shape;
      const nested = gridOf(x);
      expect(x.T.shape).toEqual([batch, columns, rows]);
      expect(gridOf(x.T)).toEqual(grid([batch, columns, rows], ([b, j, i]) => entryOf(nested, [b, i, j])));
    }),
    { numRuns: 60 },
  );
});

it('the plain product adds over k in order, from 0, for every number of columns', () => {
  const pair = fc.tuple(fc.nat(3), fc.nat(9), length).chain(([m, k, n]) => fc.tuple(of(m, k), of(k, n)));
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const [m, k, n] = [a.shape[0], a.shape[1], b.shape[1]];
      const product = plainProduct(a.data, b.data, m * n, { m, k, n }, (each) => each(0, 0, 0));
      const expected = indicesOf([m, n]).map(([i, j]) => {
        let sum = 0;
        for (let step = 0; step < k; step++) sum += a.data[i * k + step] * b.data[step * n + j];
        return sum;
      });
      expect(Array.from(product)).toEqual(expected);
    }),
  );
});

it('sums, means and extremes over one axis add up and compare in order', () => {
  const cubes = fc.tuple(fc.nat(3), length, fc.nat(9)).chain((shape) => fc.tuple(of(...shape), fc.nat(2)));
  fc.assert(
    fc.property(cubes, ([x, axis]) => {
      const count = x.shape[axis];
      const rest = x.shape.filter((_, k) => k !== axis);
      const cells = indicesOf(rest).map((index) =>
        Array.from({ length: count }, (_, step) => x.at(...index.slice(0, axis), step, ...index.slice(axis))),
      );
      const sums = cells.map((cell) => cell.reduce((a, b) => a + b, 0));
      expect(x.sum(axis).shape).toEqual(rest);
      expect(Array.from(x.sum(axis).data)).toEqual(sums);
      expect(Array.from(x.sum([axis]).data)).toEqual(sums);
      expect(Array.from(x.mean(axis - 3, { keepDims: true }).data)).toEqual(sums.map((sum) => sum / count));
      if (count === 0) return;
      const same = (a: Tensor, b: number[]) => expect(Array.from(a.data, (v) => v + 0)).toEqual(b.map((v) => v + 0));
      same(
        x.max(axis),
        cells.map((cell) => cell.reduce((a, b) => Math.max(a, b), -Infinity)),
      );
      same(
        x.min(axis),
        cells.map((cell) => cell.reduce((a, b) => Math.min(a, b), Infinity)),
      );
    }),
    { numRuns: 60 },
  );
});

it('transpose and broadcastTo copy every entry, long stretches and short ones', () => {
  const orders = [
    [0, 1, 2, 3],
    [0, 2, 1, 3],
    [3, 2, 1, 0],
    [1, 0, 3, 2],
    [2, 3, 0, 1],
    [0, 3, 1, 2],
  ];
  const cases = fc
    .tuple(fc.nat(3), fc.nat(5), fc.constantFrom(1, 2, 9), fc.constantFrom(0, 1, 3, 17))
    .chain((shape) => fc.tuple(of(...shape), fc.constantFrom(...orders)));
  fc.assert(
    fc.property(cases, ([x, order]) => {
      const nested = gridOf(x);
      const shape = order.map((axis) => x.shape[axis]);
      expect(gridOf(x.transpose(...order))).toEqual(
        grid(shape, (index) =>
          entryOf(
            nested,
            order.map((_, axis) => index[order.indexOf(axis)]),
          ),
        ),
      );
      const wider = [2, ...x.shape];
      expect(gridOf(x.broadcastTo(wider))).toEqual(grid(wider, (index) => entryOf(nested, index.slice(1))));
    }),
  );
});

it('where chooses among operands of full size, single numbers and repeated rows', () => {
  const cases = fc.tuple(fc.nat(4), length).chain(([rows, n]) => fc.tuple(of(rows, n), of(n), of(rows, 1), entry));
  fc.assert(
    fc.property(cases, ([x, row, column, value]) => {
      const [rows, n] = x.shape;
      const cells = indicesOf([rows, n]);
      const read = (t: Tensor) => Array.from(t.data);
      const chosen = (yes: (i: number, j: number) => number, no: (i: number, j: number) => number) =>
        cells.map(([i, j]) => (x.data[i * n + j] > 0 ? yes(i, j) : no(i, j)));
      const test = x.greater(0);
      expect(read(where(test, row, value))).toEqual(
        chosen(
          (_, j) => row.data[j],
          () => value,
        ),
      );
      expect(read(where(test, value, column))).toEqual(
        chosen(
          () => value,
          (i) => column.data[i],
        ),
      );
      expect(read(where(test, x, zeros(rows, n)))).toEqual(
        chosen(
          (i, j) => x.data[i * n + j],
          () => 0,
        ),
      );
    }),
  );
});
