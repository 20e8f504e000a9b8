/** eˣ, erf and erfc of many numbers in WebAssembly have the bits they have one by one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tensor, erf, erfc, random, tensor, uniform } from '#tensor';
import { everyEntry } from '../../solutions/tensor/exponentials.ts';

const functions = { exp: Math.exp, erf: erf as (x: number) => number, erfc: erfc as (x: number) => number };
const names = Object.keys(functions) as (keyof typeof functions)[];

/** Where the way of computing changes, or a result leaves the float64 or its normal numbers. */
const edges = [
  ...[0, 1, 2 ** -28, 2 ** -53, 3 * 2 ** -54, 5e-324, 0.5 * Math.LN2, 1.5 * Math.LN2, 0.3465735912322998, Infinity],
  ...[708, 708.3964185322641, 709.782712893384, 745.1332191019411, 1e308, 0.46875, 4, 27, 26.5, 0.5, 0.375, 1 / 16],
].flatMap((x) => [x, -x].flatMap(neighbours));

/** A number and the three to either side of it. */
function neighbours(x: number): number[] {
  const [number, bits] = [new Float64Array([x]), new BigInt64Array(1)];
  bits.set(new BigInt64Array(number.buffer));
  return [-3n, -2n, -1n, 0n, 1n, 2n, 3n].map((step) => new Float64Array(BigInt64Array.of(bits[0] + step).buffer)[0]);
}

/** The numbers for which f of all of them is not f of each, with both. */
function different(name: keyof typeof functions, x: Float64Array): number[][] {
  const out = new Float64Array(x.length).fill(7);
  expect(everyEntry(name, out, x)).toBe(true);
  return Array.from(x, (v, i) => [v, out[i], functions[name](v)]).filter(([, fast, one]) => !Object.is(fast, one));
}

describe.each(names)('%s', (name) => {
  it('has the same bits at every edge, beside any neighbour', () => {
    for (const other of [0.25, 3, 30, -30, NaN, -Infinity, 0]) {
      const beside = edges.flatMap((x, i) => (i % 2 ? [x, other] : [other, x]));
      expect(different(name, Float64Array.from(beside))).toEqual([]);
    }
  });

  it.each([1e-9, 0.3, 1, 5, 30, 800])('has them between ±%d', (scale) => {
    expect(different(name, uniform([20_000], random(1), -scale, scale).data)).toEqual([]);
  });

  it('has them for any float64, whatever their number', () => {
    const any = fc.float64Array({ minLength: 64, maxLength: 70 });
    fc.assert(
      fc.property(any, (x) => {
        expect(different(name, Float64Array.from(x))).toEqual([]);
      }),
    );
    for (const size of [64, 2047, 2048, 2049, 4096, 4097]) {
      expect(different(name, uniform([size], random(size), -2, 2).data)).toEqual([]);
    }
  });

  it('leaves what it is given as it was, and gives memory of its own', () => {
    const x = uniform([100], random(1), -2, 2);
    const before = x.data.slice();
    const of = (t: Tensor) => (name === 'exp' ? t.exp() : name === 'erf' ? erf(t) : erfc(t));
    const y = of(x);
    const first = y.data.slice();
    expect([...first]).toEqual(Array.from(before, (v) => functions[name](v)));
    of(x.neg());
    expect(x.data).toEqual(before);
    expect(y.data).toEqual(first);
    expect(y.shape).toEqual([100]);
  });

  it('leaves few numbers to the caller', () => {
    const out = new Float64Array(63).fill(7);
    expect(everyEntry(name, out, new Float64Array(63))).toBe(false);
    expect(new Set(out)).toEqual(new Set([7]));
  });
});

it('erf and erfc take a Tensor of few entries, and say what they cannot take', () => {
  const x = tensor([
    [0, -1, NaN],
    [30, -30, 0.25],
  ]);
  expect(erf(x).shape).toEqual([2, 3]);
  expect([...erf(x).data]).toEqual([...x.data].map((v) => erf(v)));
  expect([...erfc(x).data]).toEqual([...x.data].map((v) => erfc(v)));
  expect(() => erf('x' as unknown as number)).toThrow('erf needs a Tensor or a number, got a string');
  expect(() => erfc([1, 2] as unknown as Tensor)).toThrow('erfc needs a Tensor or a number, got');
});
