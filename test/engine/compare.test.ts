import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Tensor } from '#tensor';
import { close, compare, EXACT, identical, Odd, type Value } from '../../grader/engine/index.ts';
import { describe as describeValue } from '../../grader/engine/index.ts';

const loose = () => 1e-9;
const kinds = (want: Value, have: Value) => compare(want, have, loose).map((m) => `${m.name} ${m.kind}`.trim());
const t = (shape: number[], data: number[]) => new Tensor(shape, data);

const numbers = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(Infinity, -Infinity, -0, 0.1, 1e300));
const tensors = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }).chain((shape) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return fc.array(numbers, { minLength: size, maxLength: size }).map((data) => new Tensor(shape, data));
});
const { value: values } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    numbers,
    tensors,
    fc.string({ maxLength: 4 }),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.uint8Array({ maxLength: 3 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('dw', 'db', 'x', '__proto__', 'toString'), tie('value'), { maxKeys: 3 }),
  ),
}));

describe('compare', () => {
  test('a value equals itself and its copy; another value never does', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(compare(a, a, EXACT)).toEqual([]);
        // Fields beyond the expected ones are ignored, so only one direction need differ.
        if (identical(a, b)) expect(compare(a, b, EXACT)).toEqual([]);
        else expect(compare(a, b, EXACT).length + compare(b, a, EXACT).length).toBeGreaterThan(0);
      }),
      { numRuns: 3_000, seed: 1 },
    );
  });

  test('NaN passes nowhere, not even for NaN or under an infinite tolerance', () => {
    for (const tolerance of [EXACT, loose, () => Infinity, () => NaN]) {
      for (const want of [0, NaN, Infinity]) expect(compare(want, NaN, tolerance)).toHaveLength(1);
      expect(compare(t([2], [1, 2]), t([2], [1, NaN]), tolerance)[0].wrong).toEqual([1]);
      expect(compare([1, [2]], [1, [NaN]], tolerance)).toHaveLength(1);
    }
    expect(close(1, 2, NaN)).toBe(false);
  });

  test('infinities equal themselves only; −0 equals 0', () => {
    expect(kinds(Infinity, Infinity)).toEqual([]);
    expect(kinds(-Infinity, Infinity)).toEqual(['value']);
    expect(kinds(1, Infinity)).toEqual(['nonfinite']);
    expect(kinds(Infinity, 1e308)).toEqual(['value']);
    expect(kinds(0, -0)).toEqual([]);
    expect(kinds(t([1], [-0]), t([1], [0]))).toEqual([]);
  });

  test('shapes, ranks and lengths', () => {
    expect(kinds(t([2, 3], [1, 2, 3, 4, 5, 6]), t([3, 2], [1, 2, 3, 4, 5, 6]))).toEqual(['shape']);
    expect(kinds(t([1, 2], [1, 2]), t([2], [1, 2]))).toEqual(['shape']);
    expect(kinds(t([], [1]), t([1], [1]))).toEqual(['shape']);
    expect(kinds([1, 2], [1, 2, 3])).toEqual(['shape']);
    expect(kinds([1, 2], [])).toEqual(['shape']);
    expect(kinds(new Uint8Array([1]), new Uint8Array([1, 2]))).toEqual(['shape']);
  });

  test('types: an array is no Tensor, a number no scalar, a boolean no number, a number no text', () => {
    expect(kinds(t([2], [1, 2]), [1, 2])).toEqual(['type']);
    expect(kinds([1, 2], t([2], [1, 2]))).toEqual(['type']);
    expect(kinds(1, t([], [1]))).toEqual(['type']);
    expect(kinds(t([], [1]), 1)).toEqual(['type']);
    expect(kinds(1, true)).toEqual(['type']);
    expect(kinds(1, '1')).toEqual(['type']);
    expect(kinds(1, [1])).toEqual(['type']);
    expect(kinds([1], { 0: 1, length: 1 })).toEqual(['type']);
    expect(kinds({ a: 1 }, [1])).toEqual(['type']);
    expect(kinds([1, 0], new Uint8Array([1, 0]))).toEqual(['type']);
    expect(kinds(undefined, 1)).toEqual(['type']);
    expect(kinds(1, undefined)).toEqual(['type']);
    expect(kinds([], undefined)).toEqual(['type']);
    expect(kinds(null, {})).toHaveLength(1);
    expect(kinds({}, null)).toHaveLength(1);
  });

  test('what is no plain data is never right, wherever it stands', () => {
    const promise = new Odd('a Promise');
    for (const want of [1, 'a Promise', t([1], [1]), [1], { a: 1 }, null, undefined, true])
      expect(compare(want, promise, () => Infinity)).toHaveLength(1);
    expect(kinds({ a: [1, { b: 2 }] }, { a: [1, { b: promise }] })).toEqual(['a[1].b type']);
    expect(compare(1, promise, loose)[0].says).toBe('expected a number, got a Promise');
  });

  test('missing fields are named, also inherited ones; further fields are ignored', () => {
    expect(kinds({ dw: 1, db: 2 }, { dw: 1 })).toEqual(['db missing']);
    expect(kinds({ dw: 1, db: 2 }, { dw: 1, db: undefined })).toEqual(['db missing']);
    expect(kinds({ p: { w: 1 } }, { p: {} })).toEqual(['p.w missing']);
    expect(kinds({ dw: 1 }, { dw: 1, extra: NaN })).toEqual([]);
    expect(kinds({ toString: 1 }, {})).toEqual(['toString missing']);
    expect(kinds({ a: undefined }, { a: undefined })).toEqual([]);
  });

  test('a hole in an array is not a number', () => {
    const holes = [1, 2, 3];
    delete holes[1];
    expect(compare([1, 2, 3], holes, () => Infinity)).toHaveLength(1);
    expect(compare([1, 0, 3], holes, loose)).toHaveLength(1);
  });

  test('each scalar meets its own tolerance, whatever form it is in', () => {
    const want = { a: t([2], [0, 0]), s: 'text', b: [true, 0], c: [[0], [0, 0]], d: 0, e: new Uint8Array([7]) };
    // Scalars in order: a a b b c c c d e.
    for (let k = 0; k < 9; k++) {
      const seen: number[] = [];
      compare(want, want, (i) => (seen.push(i), 0));
      expect([...new Set(seen)].sort((x, y) => x - y)).toEqual([0, 1, 3, 4, 5, 6, 7, 8]);
    }
    const only = (k: number) => (i: number) => (i === k ? 1 : 0);
    expect(compare(want, { ...want, d: 0.5 }, only(7))).toEqual([]);
    expect(compare(want, { ...want, d: 0.5 }, only(6))).toHaveLength(1);
    expect(compare(want, { ...want, c: [[0], [0, 0.5]] }, only(6))).toEqual([]);
    expect(compare(want, { ...want, c: [[0], [0, 0.5]] }, only(5))).toHaveLength(1);
  });

  test('a message stays short whatever came back', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, 1]));
    expect(describeValue(many)).toBe('an object with key0, key1, key2, key3, key4, key5, key6, key7 and 9992 more');
    expect(describeValue({ ['x'.repeat(5_000)]: 1 }).length).toBeLessThan(100);
    expect(describeValue({ a: 1, b: 2 })).toBe('an object with a, b');
  });
});
