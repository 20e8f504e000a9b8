import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, normal, ones, random, tensor, zeros } from '#tensor';
import { broadcastable, entryOf, finite, grid, gridOf, tensorsOf, thrown, together } from './naive.ts';

/** Two batches of matrices that align: leading axes broadcast, (m, k) and (k, n), each from 0 to 6. */
const cases = fc
  .tuple(broadcastable, fc.nat(6), fc.nat(6), fc.nat(6))
  .filter(([[a, b]]) => a.length <= 2 && b.length <= 2)
  .chain(([[a, b], m, k, n]) => fc.tuple(tensorsOf([...a, m, k], finite), tensorsOf([...b, k, n], finite)));

describe('matmul', () => {
  it('agrees with the triple loop, the leading axes broadcast', () => {
    fc.assert(
      fc.property(cases, ([a, b]) => {
        const [aGrid, bGrid] = [gridOf(a), gridOf(b)];
        const k = a.shape[a.rank - 1];
        const batch = together(a.shape.slice(0, -2), b.shape.slice(0, -2));
        const shape = [...batch, a.shape[a.rank - 2], b.shape[b.rank - 1]];
        const lead = (index: number[], of: readonly number[]) =>
          index.slice(batch.length - of.length + 2, batch.length).map((i, axis) => (of[axis] === 1 ? 0 : i));
        const result = a.matmul(b);
        expect(result.shape).toEqual(shape);
        expect(gridOf(result)).toEqual(
          grid(shape, (index) => {
            const [row, column] = index.slice(-2);
            let sum = 0;
            for (let step = 0; step < k; step++) {
              const left = entryOf(aGrid, [...lead(index, a.shape), row, step]);
              sum += left * entryOf(bGrid, [...lead(index, b.shape), step, column]);
            }
            return sum;
          }),
        );
      }),
    );
  });

  it('adds over k in order, bit for bit', () => {
    const [a, b] = [normal([5, 11], random(1)), normal([11, 3], random(2))];
    const expected = grid([5, 3], ([i, j]) => {
      let sum = 0;
      for (let k = 0; k < 11; k++) sum += a.at(i, k) * b.at(k, j);
      return sum;
    });
    expect(a.matmul(b).toArray()).toEqual(expected);
  });

  it('takes vectors on either side', () => {
    const [m, v, w] = [
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      tensor([1, 0, -1]),
      tensor([1, 10]),
    ];
    expect(m.matmul(v).toArray()).toEqual([-2, -2]);
    expect(w.matmul(m).toArray()).toEqual([41, 52, 63]);
    expect(v.matmul(v).toArray()).toBe(2);
    expect(ones(4, 2, 3).matmul(v).shape).toEqual([4, 2]);
    expect(w.matmul(ones(4, 2, 3)).shape).toEqual([4, 3]);
  });

  it('carries NaN and Infinity, also past a zero', () => {
    expect(
      tensor([[0, 1]])
        .matmul(tensor([[Infinity], [1]]))
        .toArray(),
    ).toEqual([[NaN]]);
    expect(
      tensor([[1, 1]])
        .matmul(tensor([[Infinity], [1]]))
        .toArray(),
    ).toEqual([[Infinity]]);
  });

  it('leaves its operands alone', () => {
    const [a, b] = [ones(2, 2), ones(2, 2)];
    a.matmul(b).data.fill(9);
    expect([a.data, b.data]).toEqual([new Float64Array(4).fill(1), new Float64Array(4).fill(1)]);
  });

  it.each([
    [
      [2, 3],
      [4, 5],
      'matmul: (2, 3) and (4, 5) do not align: the 3 columns of the first must equal the 4 rows of the second',
    ],
    [
      [3],
      [4, 5],
      'matmul: (3) and (4, 5) do not align: the 3 entries of the first must equal the 4 rows of the second',
    ],
    [
      [2, 3],
      [4],
      'matmul: (2, 3) and (4) do not align: the 3 columns of the first must equal the 4 entries of the second',
    ],
    [[], [4], 'matmul: () and (4): a scalar is no matrix; to scale every entry, use mul'],
    [
      [2, 4, 3],
      [5, 3, 4],
      'matmul: (2, 4, 3) and (5, 3, 4): the leading axes (2) and (5) do not broadcast: axis -1 is 2 in the first ' +
        'and 5 in the second; the two must be equal, or one of them 1',
    ],
  ])('refuses %j and %j', (a, b, message) => {
    expect(() => zeros(...a).matmul(zeros(...b))).toThrow(ShapeError);
    expect(thrown(() => zeros(...a).matmul(zeros(...b)))).toBe(`ShapeError: ${message}`);
  });

  it('needs a Tensor', () => {
    expect(thrown(() => zeros(2, 2).matmul(undefined as never))).toBe(
      'TypeError: matmul needs a Tensor, got undefined: did an earlier step return nothing?',
    );
    expect(thrown(() => zeros(2, 2).matmul(3 as never))).toBe('TypeError: matmul needs a Tensor, got 3');
  });
});

describe('dot and outer', () => {
  it('multiply vectors', () => {
    expect(tensor([1, 2, 3]).dot(tensor([4, 5, 6]))).toBe(32);
    expect(zeros(0).dot(zeros(0))).toBe(0);
    expect(
      tensor([1, 2])
        .outer(tensor([3, 4, 5]))
        .toArray(),
    ).toEqual([
      [3, 4, 5],
      [6, 8, 10],
    ]);
    expect(zeros(0).outer(zeros(3)).shape).toEqual([0, 3]);
  });

  it('refuse anything else', () => {
    expect(thrown(() => zeros(3).dot(zeros(4)))).toBe(
      'ShapeError: dot: (3) and (4): dot needs two vectors of the same length, such as (3) and (3)',
    );
    expect(thrown(() => zeros(3, 1).dot(zeros(3)))).toContain('dot: (3, 1) and (3)');
    expect(thrown(() => zeros(3, 1).outer(zeros(3)))).toBe(
      'ShapeError: outer: (3, 1) and (3): outer needs two vectors, such as (3) and (4)',
    );
    expect(thrown(() => zeros(3).outer(undefined as never))).toContain('outer needs a Tensor, got undefined');
  });
});
