import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arange, oneHot, tensor, zeros } from '#tensor';
import type { Range, Tensor } from '#tensor';
import { entryOf, grid, gridOf, indicesOf, tensors, thrown } from './naive.ts';

const x = arange(24).reshape(2, 3, 4);

describe('at and item', () => {
  it('read every entry, counting from either end', () => {
    fc.assert(
      fc.property(tensors(), (x) => {
        const nested = gridOf(x);
        for (const index of indicesOf(x.shape)) {
          expect(x.at(...index)).toBe(entryOf(nested, index));
          expect(x.at(...index.map((i, axis) => i - x.shape[axis]))).toBe(entryOf(nested, index));
        }
      }),
    );
    expect(tensor([[[7]]]).item()).toBe(7);
    expect(tensor(7).at()).toBe(7);
  });

  it.each([
    [() => x.at(0, 3, 0), 'RangeError: at: index 3 is outside axis 1 of (2, 3, 4): legal indices are -3 to 2'],
    [() => x.at(0, 0, -5), 'RangeError: at: index -5 is outside axis 2 of (2, 3, 4): legal indices are -4 to 3'],
    [() => x.at(0, 1), 'ShapeError: at: (2, 3, 4) needs 3 indices, one for each axis, got 2'],
    [() => x.at(0, 1.5, 0), 'TypeError: at: the index on axis 1 must be a whole number, got 1.5'],
    [() => zeros(0).at(0), 'RangeError: at: index 0 is outside axis 0 of (0): the axis is empty'],
    [() => x.item(), 'ShapeError: item: (2, 3, 4) holds 24 numbers, not one'],
    [() => zeros(0).item(), 'ShapeError: item: (0) holds 0 numbers, not one'],
  ])('say what is wrong: %s', (f, message) => {
    expect(thrown(f)).toBe(message);
  });
});

/** A tensor, ranges of every kind for some of its axes, and the indices each axis is thereby to give. */
const cases = tensors(0, 4)
  .filter((x) => !x.shape.includes(0))
  .chain((x) =>
    fc.tuple(fc.nat(x.rank), fc.infiniteStream(fc.nat(1000))).map(([named, stream]) => {
      const pull = (n: number) => (stream.next().value as number) % n;
      const ranges: Range[] = [];
      const wanted = x.shape.map((n, axis) => {
        const all = Array.from({ length: n }, (_, i) => i);
        const kind = axis < named ? pull(3) : 3;
        if (kind === 0) {
          const i = pull(n);
          ranges.push(pull(2) ? i : i - n);
          return [i];
        }
        if (kind === 1) {
          const [start, stop] = [pull(n + 1), pull(n + 1)].sort((a, b) => a - b);
          ranges.push([start < n && pull(2) ? start - n : start, stop < n && pull(2) ? stop - n : stop]);
          return all.slice(start, stop);
        }
        if (kind === 2) ranges.push(null);
        return all;
      });
      return { x, ranges, wanted };
    }),
  );

describe('slice', () => {
  it('agrees with the loop, and withSlice writes exactly there', () => {
    fc.assert(
      fc.property(cases, ({ x, ranges, wanted }) => {
        const nested = gridOf(x);
        const full = wanted.map((indices) => indices.length);
        const shape = full.filter((_, axis) => typeof ranges[axis] !== 'number');
        const part = x.slice(...ranges);
        expect(part.shape).toEqual(shape);
        expect(gridOf(part.reshape(...full))).toEqual(
          grid(full, (index) =>
            entryOf(
              nested,
              index.map((i, axis) => wanted[axis][i]),
            ),
          ),
        );

        const inside = (index: number[]) => index.every((i, axis) => wanted[axis].includes(i));
        const replaced = x.withSlice(ranges, 1000);
        expect(gridOf(replaced)).toEqual(grid(x.shape, (index) => (inside(index) ? 1000 : entryOf(nested, index))));
        expect(gridOf(x.withSlice(ranges, part))).toEqual(nested);
        expect(gridOf(x)).toEqual(nested);
      }),
    );
  });

  it('row is entry i of axis 0', () => {
    expect(x.row(1).toArray()).toEqual(x.slice(1).toArray());
    expect(x.row(-1).shape).toEqual([3, 4]);
    expect(tensor([5, 6]).row(1).toArray()).toBe(6);
  });

  it('withSlice broadcasts the value', () => {
    const y = zeros(2, 3).withSlice([null, [1, 3]], tensor([[1], [2]]));
    expect(y.toArray()).toEqual([
      [0, 1, 1],
      [0, 2, 2],
    ]);
  });

  it.each([
    [() => x.slice(2), 'RangeError: slice: index 2 is outside axis 0 of (2, 3, 4): legal indices are -2 to 1'],
    [() => x.row(2), 'RangeError: row: index 2 is outside axis 0 of (2, 3, 4): legal indices are -2 to 1'],
    [
      () => x.slice(null, [0, 4]),
      'RangeError: slice: [0, 4] does not fit axis 1 of (2, 3, 4): legal are -3 ≤ start ≤ stop ≤ 3',
    ],
    [
      () => x.slice([1, 0]),
      'RangeError: slice: [1, 0] does not fit axis 0 of (2, 3, 4): legal are -2 ≤ start ≤ stop ≤ 2',
    ],
    [() => x.slice([-3, 0]), 'RangeError: slice: [-3, 0] does not fit axis 0'],
    [() => x.slice(0, 0, 0, 0), 'ShapeError: slice: (2, 3, 4) has 3 axes, but 4 ranges were given'],
    [
      () => x.slice(undefined as never),
      'TypeError: slice: axis 0 needs a number, [start, stop] or null, got undefined',
    ],
    [() => x.slice([0] as never), 'TypeError: slice: axis 0 needs a number, [start, stop] or null, got [0]'],
    [() => x.slice([0, NaN]), 'TypeError: slice: axis 0 needs a number, [start, stop] or null, got [0, NaN]'],
    [() => x.withSlice([0, 0], zeros(5)), 'ShapeError: withSlice: (5) does not broadcast to (4)'],
    [() => x.withSlice([0, 0], undefined as never), 'TypeError: withSlice needs a Tensor or a number, got undefined'],
  ])('says what is wrong: %s', (f, message) => {
    expect(thrown(f)).toContain(message);
  });
});

describe('by a list of indices', () => {
  it('take agrees with the loop along every axis, with indices of any shape', () => {
    const cases = tensors(1, 3)
      .filter((x) => !x.shape.includes(0))
      .chain((x) =>
        fc.tuple(fc.nat(x.rank - 1), tensors(0, 2, fc.nat(11))).map(([axis, raw]) => ({
          x,
          axis,
          indices: raw.map((i) => i % x.shape[axis]),
        })),
      );
    fc.assert(
      fc.property(cases, ({ x, axis, indices }) => {
        const nested = gridOf(x);
        const chosen = gridOf(indices);
        const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
        const expected = grid(shape, (index) => {
          const own = entryOf(chosen, index.slice(axis, axis + indices.rank));
          return entryOf(nested, [...index.slice(0, axis), own, ...index.slice(axis + indices.rank)]);
        });
        const same = (result: Tensor) => {
          expect(result.shape).toEqual(shape);
          expect(gridOf(result)).toEqual(expected);
        };
        same(x.take(axis, indices));
        same(x.take(axis - x.rank, indices));
        if (axis === 0) same(x.gather(indices));
        if (indices.rank === 1) same(x.take(axis, [...indices.data]));
      }),
    );
  });

  it('gather takes rows', () => {
    const table = tensor([
      [0, 1],
      [10, 11],
      [20, 21],
    ]);
    expect(table.gather([2, 0, 2]).toArray()).toEqual([
      [20, 21],
      [0, 1],
      [20, 21],
    ]);
    expect(table.gather(tensor([[1], [0]])).toArray()).toEqual([[[10, 11]], [[0, 1]]]);
    expect(table.gather([]).shape).toEqual([0, 2]);
  });

  it('pick takes one entry of each row', () => {
    expect(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ])
        .pick([2, 0])
        .toArray(),
    ).toEqual([3, 4]);
    expect(
      x
        .pick(
          tensor([
            [0, 1, 2],
            [3, 3, 3],
          ]),
        )
        .toArray(),
    ).toEqual([
      [0, 5, 10],
      [15, 19, 23],
    ]);
  });

  it('oneHot has a 1 at each index', () => {
    expect(oneHot([1, 0], 3).toArray()).toEqual([
      [0, 1, 0],
      [1, 0, 0],
    ]);
    expect(oneHot(tensor([[1], [0]]), 2).toArray()).toEqual([[[0, 1]], [[1, 0]]]);
    expect(oneHot([], 4).shape).toEqual([0, 4]);
  });

  it.each([
    [() => zeros(3, 2).gather([0, 3]), 'RangeError: gather: index 3 is out of range: legal are 0 to 2'],
    [() => zeros(3, 2).gather([-1]), 'RangeError: gather: index -1 is out of range: legal are 0 to 2'],
    [() => zeros(0, 2).gather([0]), 'RangeError: gather: index 0 is out of range: there is nothing to choose from'],
    [() => zeros(3, 2).gather([0.5]), 'TypeError: gather: an index must be a whole number, got 0.5'],
    [() => tensor(1).gather([0]), 'RangeError: gather: () has no axis 0: a scalar has no axes'],
    [
      () => zeros(3).gather(undefined as never),
      'TypeError: gather needs its indices as a list or a Tensor, got undefined',
    ],
    [() => zeros(3, 2).take(2, [0]), 'RangeError: take: (3, 2) has no axis 2: legal axes are -2 to 1'],
    [
      () => zeros(3, 2).pick([0, 1]),
      'ShapeError: pick: (3, 2) and indices (2): one index for each row is needed, so indices (3)',
    ],
    [() => zeros(3, 2).pick([0, 1, 2]), 'RangeError: pick: index 2 is out of range: legal are 0 to 1'],
    [() => oneHot([4], 4), 'RangeError: oneHot: index 4 is out of range: legal are 0 to 3'],
    [() => oneHot([0], NaN), 'TypeError: oneHot: the number of classes must be a whole number, 0 or more, got NaN'],
  ])('says what is wrong: %s', (f, message) => {
    expect(thrown(f)).toContain(message);
  });
});
