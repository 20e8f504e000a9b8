import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tensor, ShapeError, ones, tensor, where, zeros } from '#tensor';
import { broadcastEntry, broadcastable, grid, gridOf, tensors, tensorsOf, thrown, together } from './naive.ts';

const binaries = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
  pow: (a: number, b: number) => a ** b,
  maximum: (a: number, b: number) => (a !== a || b !== b ? NaN : Math.max(a, b)),
  minimum: (a: number, b: number) => (a !== a || b !== b ? NaN : Math.min(a, b)),
  equal: (a: number, b: number) => Number(a === b),
  notEqual: (a: number, b: number) => Number(a !== b),
  greater: (a: number, b: number) => Number(a > b),
  greaterEqual: (a: number, b: number) => Number(a >= b),
  less: (a: number, b: number) => Number(a < b),
  lessEqual: (a: number, b: number) => Number(a <= b),
};
type Binary = keyof typeof binaries;

const pairs = broadcastable.chain(([a, b]) => fc.tuple(tensorsOf(a), tensorsOf(b)));

describe.each(Object.keys(binaries) as Binary[])('%s', (name) => {
  it('agrees with the loop, broadcasting both ways', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const shape = together(a.shape, b.shape);
        const result = a[name](b);
        expect(result.shape).toEqual(shape);
        expect(gridOf(result)).toEqual(
          grid(shape, (index) => binaries[name](broadcastEntry(a, index), broadcastEntry(b, index))),
        );
      }),
    );
  });

  it('takes a number as the second operand', () => {
    fc.assert(
      fc.property(tensors(), fc.double(), (a, b) => {
        expect(gridOf(a[name](b))).toEqual(grid(a.shape, (index) => binaries[name](broadcastEntry(a, index), b)));
      }),
    );
  });

  it('leaves its operands alone and shares no memory', () => {
    const [a, b] = [tensor([[1, 2]]), tensor([[3, 4]])];
    const result = a[name](b);
    result.data.fill(99);
    expect([a.toArray(), b.toArray()]).toEqual([[[1, 2]], [[3, 4]]]);
  });

  it('names itself and both shapes when they do not broadcast', () => {
    expect(() => zeros(2, 3)[name](zeros(4))).toThrow(ShapeError);
    expect(thrown(() => zeros(2, 3)[name](zeros(4)))).toBe(
      `ShapeError: ${name}: (2, 3) and (4) do not broadcast: axis -1 is 3 in the first and 4 in the second; ` +
        'the two must be equal, or one of them 1',
    );
  });

  it('says what it got instead of an operand', () => {
    expect(thrown(() => zeros(2)[name](undefined as never))).toBe(
      `TypeError: ${name} needs a Tensor or a number, got undefined: did an earlier step return nothing?`,
    );
    expect(thrown(() => zeros(2)[name]([1, 2] as never))).toContain('got an array: tensor(…) makes a Tensor of it');
  });
});

describe('where', () => {
  it('chooses by the condition, all three broadcast', () => {
    const [a, b] = [tensor([[1], [2]]), tensor([10, 20, 30])];
    expect(where(a.greater(1), b, -1).toArray()).toEqual([
      [-1, -1, -1],
      [10, 20, 30],
    ]);
    expect(where(tensor([0, 1]), 1, tensor(NaN)).toArray()).toEqual([NaN, 1]);
    expect(where(tensor(1), tensor([1, 2]), tensor([[0], [0]])).shape).toEqual([2, 2]);
  });

  it('shares no memory with what it chose from', () => {
    const a = ones(3);
    where(ones(3), a, a).data.fill(7);
    expect(a.toArray()).toEqual([1, 1, 1]);
  });

  it('refuses shapes that do not fit', () => {
    expect(thrown(() => where(zeros(2), zeros(3), 0))).toContain('where: (2) and (3) do not broadcast');
    expect(thrown(() => where(zeros(2), undefined as never, 0))).toContain('where needs a Tensor or a number');
  });
});

describe('one operand', () => {
  const unaries = {
    neg: (x: number) => -x,
    exp: Math.exp,
    log: Math.log,
    sqrt: Math.sqrt,
    square: (x: number) => x * x,
    abs: Math.abs,
    sign: Math.sign,
    sin: Math.sin,
    cos: Math.cos,
    tanh: Math.tanh,
    reciprocal: (x: number) => 1 / x,
  };
  it.each(Object.keys(unaries) as (keyof typeof unaries)[])('%s agrees with the loop and keeps the shape', (name) => {
    fc.assert(
      fc.property(tensors(), (x) => {
        const before = gridOf(x);
        const y = x[name]();
        expect(gridOf(y)).toEqual(grid(x.shape, (index) => unaries[name](broadcastEntry(x, index))));
        y.data.fill(5);
        expect(gridOf(x)).toEqual(before);
      }),
    );
  });

  it('round goes to the nearest whole number, halves to the even one', () => {
    const x = tensor([-2.5, -1.5, -0.5, -0.2, 0, 0.5, 0.7, 1.5, 2.5, 3.2, NaN, Infinity, -Infinity, 2 ** 53 + 2]);
    const y = x.round();
    expect(y.add(0).toArray()).toEqual([-2, -2, 0, 0, 0, 0, 1, 2, 2, 3, NaN, Infinity, -Infinity, 2 ** 53 + 2]);
  });

  it('clip holds entries between its bounds', () => {
    expect(tensor([-5, 0.5, 5, NaN]).clip(-1, 1).toArray()).toEqual([-1, 0.5, 1, NaN]);
    expect(thrown(() => zeros(1).clip(2, 1))).toBe('RangeError: clip: lo = 2 must not be larger than hi = 1');
    expect(thrown(() => zeros(1).clip(0, undefined as never))).toBe(
      'TypeError: clip needs two numbers, lo and hi, got 0 and undefined',
    );
  });

  it('map passes the entry and its flat index', () => {
    const y = tensor([
      [5, 6],
      [7, 8],
    ]).map((x, i) => x * 10 + i);
    expect(y.toArray()).toEqual([
      [50, 61],
      [72, 83],
    ]);
    expect(thrown(() => ones(2).map(() => undefined as never))).toBe(
      'TypeError: map: the function returned undefined for entry 0',
    );
    expect(thrown(() => ones(2).map(3 as never))).toBe('TypeError: map needs a function, got 3');
  });
});

describe('comparing as a whole', () => {
  it('equals wants the same shape and the same numbers', () => {
    expect(tensor([1, 2]).equals(tensor([1, 2]))).toBe(true);
    expect(tensor([1, 2]).equals(tensor([[1, 2]]))).toBe(false);
    expect(tensor([1, 2]).equals(tensor([1, 2 + 1e-15]))).toBe(false);
    expect(tensor([NaN]).equals(tensor([NaN]))).toBe(false);
    expect(tensor([0]).equals(tensor([-0]))).toBe(true);
  });

  it('allClose allows for rounding, never for NaN', () => {
    expect(tensor([1]).allClose(tensor([1 + 5e-10]))).toBe(true);
    expect(tensor([1]).allClose(tensor([1 + 5e-9]))).toBe(false);
    expect(tensor([1]).allClose(tensor([1.05]), { rtol: 0.1 })).toBe(true);
    expect(tensor([0]).allClose(tensor([0.05]), { atol: 0.1 })).toBe(true);
    expect(tensor([0]).allClose(tensor([5e-13]))).toBe(true);
    expect(tensor([NaN]).allClose(tensor([NaN]))).toBe(false);
    expect(tensor([1]).allClose(tensor([Infinity]), { rtol: 1 })).toBe(false);
    expect(tensor([Infinity]).allClose(tensor([1]), { rtol: 1 })).toBe(false);
    expect(tensor([Infinity]).allClose(tensor([Infinity]))).toBe(true);
    expect(tensor([Infinity]).allClose(tensor([-Infinity]))).toBe(false);
    expect(zeros(2).allClose(zeros(2, 1))).toBe(false);
  });

  it('sameShape compares shapes only', () => {
    expect(zeros(2, 3).sameShape(ones(2, 3))).toBe(true);
    expect(zeros(2, 3).sameShape(ones(3, 2))).toBe(false);
    expect(thrown(() => zeros(2).sameShape(3 as never))).toBe('TypeError: sameShape needs a Tensor, got 3');
    expect(thrown(() => zeros(2).allClose(undefined as never))).toContain('did an earlier step return nothing?');
    expect(thrown(() => zeros(2).equals([0, 0] as never))).toContain('equals needs a Tensor, got an array');
  });
});

describe('the class', () => {
  it('keeps a Float64Array and copies a list', () => {
    const data = Float64Array.of(1, 2);
    expect(new Tensor([2], data).data).toBe(data);
    expect(new Tensor([2], [1, 2]).data).toEqual(data);
  });

  it('has a frozen shape of its own', () => {
    const shape = [2];
    const x = new Tensor(shape, [1, 2]);
    shape[0] = 5;
    expect(x.shape).toEqual([2]);
    expect(() => (x.shape as number[]).push(1)).toThrow(TypeError);
  });

  it('knows rank, size and T', () => {
    const x = zeros(4, 2, 3);
    expect([x.rank, x.size, x.T.shape]).toEqual([3, 24, [4, 3, 2]]);
    expect([new Tensor([], [7]).rank, new Tensor([], [7]).size]).toEqual([0, 1]);
    expect(thrown(() => zeros(3).T)).toBe('ShapeError: T: (3) has fewer than two axes; nothing can be swapped');
  });

  it.each([
    [[2, 3], [1], 'ShapeError: Tensor: the shape (2, 3) holds 6 numbers, but the data has 1'],
    [[-1], [], 'ShapeError: Tensor: (-1) is no shape: axis 0 is -1; every axis must be a whole number, 0 or more'],
    [[1.5], [], 'ShapeError: Tensor: (1.5) is no shape: axis 0 is 1.5; every axis must be a whole number, 0 or more'],
    [[2, NaN], [], 'TypeError: Tensor: axis 1 of the shape must be a whole number, got NaN'],
    [[undefined], [], 'TypeError: Tensor: axis 0 of the shape must be a whole number, got undefined'],
    [3, [], 'TypeError: Tensor needs a shape such as [2, 3], got 3'],
    [[2], [1, '2'], 'TypeError: Tensor needs numbers, but entry 1 of the data is a string'],
    [
      [2],
      new Float32Array(2),
      'TypeError: Tensor needs its data as a Float64Array or a list of numbers, got a typed array',
    ],
    [[1], undefined, 'TypeError: Tensor needs its data as a Float64Array or a list of numbers, got undefined'],
  ])('refuses %j', (shape, data, message) => {
    expect(thrown(() => new Tensor(shape as never, data as never))).toBe(message);
  });
});
