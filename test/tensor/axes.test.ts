import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arange, concat, split, stack, tensor, zeros } from '#tensor';
import { broadcastEntry, entryOf, grid, gridOf, shapes, tensors, tensorsOf, thrown } from './naive.ts';

describe('reshape and friends', () => {
  it('keep the row-major order', () => {
    const x = arange(6);
    expect(x.reshape(2, 3).toArray()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(x.reshape(-1, 2).shape).toEqual([3, 2]);
    expect(x.reshape(2, -1).shape).toEqual([2, 3]);
    expect(x.reshape(6, -1).shape).toEqual([6, 1]);
    expect(tensor([5]).reshape().shape).toEqual([]);
    expect(zeros(0, 4).reshape(-1, 2).shape).toEqual([0, 2]);
    expect(zeros(2, 3, 2).flatten().shape).toEqual([12]);
    expect(tensor(1).flatten().shape).toEqual([1]);
  });

  it.each([
    [[4, 2], 'ShapeError: reshape: the 6 numbers of (2, 3) do not fill (4, 2), which holds 8'],
    [
      [4, -1],
      'ShapeError: reshape: the 6 numbers of (2, 3) do not fill (4, -1): no length in place of -1 fits 6 numbers',
    ],
    [
      [0, -1],
      'ShapeError: reshape: the 6 numbers of (2, 3) do not fill (0, -1): no length in place of -1 fits 6 numbers',
    ],
    [[-1, -1], 'ShapeError: reshape: (-1) is no shape'],
    [[2, NaN], 'TypeError: reshape: axis 1 of the shape must be a whole number, got NaN'],
    [[[2, 3]], 'TypeError: reshape: axis 0 of the shape must be a whole number, got an array'],
  ])('reshape refuses %j', (shape, message) => {
    expect(thrown(() => zeros(2, 3).reshape(...(shape as number[])))).toContain(message);
  });

  it('expandDims and squeeze put in and take out axes of 1', () => {
    const x = zeros(2, 3);
    expect([0, 1, 2, -1, -3].map((axis) => x.expandDims(axis).shape)).toEqual([
      [1, 2, 3],
      [2, 1, 3],
      [2, 3, 1],
      [2, 3, 1],
      [1, 2, 3],
    ]);
    expect(zeros(1, 2, 1).squeeze().shape).toEqual([2]);
    expect(zeros(1, 2, 1).squeeze(-1).shape).toEqual([1, 2]);
    expect(thrown(() => x.squeeze(1))).toBe('ShapeError: squeeze: axis 1 of (2, 3) is 3; only an axis of 1 can go');
    expect(thrown(() => x.expandDims(3))).toContain('RangeError: expandDims: (2, 3) has no axis 3');
  });

  it('share no memory with their operand', () => {
    const x = zeros(1, 2, 3);
    const results = [
      x.reshape(6),
      x.flatten(),
      x.expandDims(0),
      x.squeeze(),
      x.squeeze(0),
      x.transpose(),
      x.transpose(0, 1, 2),
      x.T,
      x.broadcastTo([1, 2, 3]),
      x.slice(),
      x.row(0),
      x.withSlice([], 1),
      concat([x], 0),
      stack([x], 0),
      ...split(x, 1, 0),
      x.gather([0]),
    ];
    for (const result of results) result.data.fill(7);
    expect(x.data).toEqual(new Float64Array(6));
  });
});

describe('transpose', () => {
  it('agrees with the loop for every order of axes', () => {
    const cases = tensors(0, 4).chain((x) =>
      fc
        .tuple(
          fc.shuffledSubarray(
            x.shape.map((_, k) => k),
            { minLength: x.rank },
          ),
          fc.boolean(),
        )
        .map(([order, negative]) => ({ x, order, negative })),
    );
    fc.assert(
      fc.property(cases, ({ x, order, negative }) => {
        const result = x.transpose(...order.map((axis) => (negative ? axis - x.rank : axis)));
        const shape = order.map((axis) => x.shape[axis]);
        const nested = gridOf(x);
        expect(result.shape).toEqual(shape);
        expect(gridOf(result)).toEqual(
          grid(shape, (index) =>
            entryOf(
              nested,
              x.shape.map((_, axis) => index[order.indexOf(axis)]),
            ),
          ),
        );
      }),
    );
  });

  it('reverses with no axes named, and T swaps the last two', () => {
    expect(zeros(2, 3, 4).transpose().shape).toEqual([4, 3, 2]);
    expect(zeros(2, 3, 4).T.shape).toEqual([2, 4, 3]);
    expect(arange(6).reshape(2, 3).T.toArray()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
  });

  it('says what is wrong with the axes', () => {
    expect(thrown(() => zeros(2, 3).transpose(0))).toBe('ShapeError: transpose: (2, 3) has 2 axes, but 1 were named');
    expect(thrown(() => zeros(2, 3).transpose(0, 0))).toBe('RangeError: transpose: axis 0 is named twice');
    expect(thrown(() => zeros(2, 3).transpose(0, 2))).toContain('transpose: (2, 3) has no axis 2');
  });
});

describe('broadcastTo', () => {
  it('agrees with the loop', () => {
    const cases = shapes().chain((shape) =>
      fc
        .tuple(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat(shape.length))
        .chain(([ones, drop]) => tensorsOf(shape.map((n, axis) => (ones[axis] ? 1 : n)).slice(drop)))
        .map((x) => ({ x, shape })),
    );
    fc.assert(
      fc.property(cases, ({ x, shape }) => {
        const result = x.broadcastTo(shape);
        expect(result.shape).toEqual(shape);
        expect(gridOf(result)).toEqual(grid(shape, (index) => broadcastEntry(x, index)));
      }),
    );
  });

  it('refuses to shrink or to stretch anything but 1', () => {
    expect(thrown(() => zeros(2, 3).broadcastTo([3]))).toContain('broadcastTo: (2, 3) does not broadcast to (3)');
    expect(thrown(() => zeros(2).broadcastTo([4]))).toContain('broadcastTo: (2) does not broadcast to (4)');
    expect(thrown(() => zeros(2).broadcastTo([1]))).toContain('broadcastTo: (2) does not broadcast to (1)');
    expect(thrown(() => zeros(2).broadcastTo(4 as never))).toContain('broadcastTo needs a shape such as [2, 3], got 4');
  });
});

describe('concat, split, stack', () => {
  it('split and concat undo each other along every axis', () => {
    const cases = tensors(1, 4).chain((x) =>
      fc.tuple(fc.nat(x.rank - 1), fc.array(fc.nat(4), { maxLength: 3 })).map(([axis, cuts]) => {
        const bounds = [0, ...cuts.map((cut) => Math.min(cut, x.shape[axis])).sort((a, b) => a - b), x.shape[axis]];
        return { x, axis, sizes: bounds.slice(1).map((bound, i) => bound - bounds[i]) };
      }),
    );
    fc.assert(
      fc.property(cases, ({ x, axis, sizes }) => {
        const parts = split(x, sizes, axis - x.rank);
        expect(parts.map((part) => part.shape[axis])).toEqual(sizes);
        let start = 0;
        const nested = gridOf(x);
        for (const part of parts) {
          const from = start;
          expect(gridOf(part)).toEqual(
            grid(part.shape, (index) =>
              entryOf(
                nested,
                index.map((i, k) => (k === axis ? i + from : i)),
              ),
            ),
          );
          start += part.shape[axis];
        }
        const joined = concat(parts, axis);
        expect(joined.shape).toEqual(x.shape);
        expect(joined.data).toEqual(x.data);
      }),
    );
  });

  it('concat joins along the axis', () => {
    expect(
      concat(
        [
          tensor([[1], [2]]),
          tensor([
            [3, 4],
            [5, 6],
          ]),
        ],
        1,
      ).toArray(),
    ).toEqual([
      [1, 3, 4],
      [2, 5, 6],
    ]);
    expect(concat([tensor([1]), tensor([2, 3])]).toArray()).toEqual([1, 2, 3]);
  });

  it('stack makes a new axis', () => {
    const [a, b] = [tensor([1, 2]), tensor([3, 4])];
    expect(stack([a, b], 0).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(stack([a, b], 1).toArray()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(stack([a, b], -1).toArray()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(stack([tensor(1), tensor(2)]).toArray()).toEqual([1, 2]);
  });

  it('split takes a number of equal parts', () => {
    expect(split(arange(6), 3).map((part) => part.toArray())).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(split(zeros(2, 6), 2, 1).map((part) => part.shape)).toEqual([
      [2, 3],
      [2, 3],
    ]);
  });

  it.each([
    [() => concat([]), 'ShapeError: concat needs at least one Tensor, got an empty list'],
    [() => concat(zeros(2) as never), 'TypeError: concat needs a list of Tensors, got an object'],
    [
      () => concat([zeros(2), undefined as never]),
      'TypeError: concat needs a Tensor, got undefined: did an earlier step',
    ],
    [
      () => concat([zeros(2, 3), zeros(2, 4)], 0),
      'ShapeError: concat: (2, 3) and (2, 4) do not join along axis 0: every other axis must be equal',
    ],
    [() => concat([zeros(2), zeros(2, 1)], 0), 'ShapeError: concat: (2) and (2, 1) do not join along axis 0'],
    [() => concat([zeros(2)], 1), 'RangeError: concat: (2) has no axis 1: legal axes are -1 to 0'],
    [() => stack([zeros(2), zeros(3)]), 'ShapeError: stack: (2) and (3) differ: all must be equal'],
    [() => stack([zeros(2)], 2), 'RangeError: stack: (2) has no axis 2: legal axes are -2 to 1'],
    [() => split(zeros(5), 2), 'ShapeError: split: axis 0 of (5) is 5: it does not divide into 2 equal parts'],
    [() => split(zeros(5), 0), 'ShapeError: split: axis 0 of (5) is 5: it does not divide into 0 equal parts'],
    [() => split(zeros(5), [2, 2]), 'ShapeError: split: axis 0 of (5) is 5: the sizes (2, 2) add up to 4'],
    [() => split(undefined as never, 2), 'TypeError: split needs a Tensor, got undefined'],
  ])('says what does not fit: %s', (f, message) => {
    expect(thrown(f)).toContain(message);
  });
});
