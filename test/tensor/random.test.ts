import { describe, expect, it } from 'vitest';
import { normal, random, uniform } from '#tensor';
import { thrown } from './naive.ts';

const draws = <T>(n: number, draw: () => T) => Array.from({ length: n }, draw);
const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
function moment(xs: number[], k: number): number {
  const center = mean(xs);
  return mean(xs.map((x) => (x - center) ** k));
}

/** sfc32 and splitmix32 once more, on BigInt, so that no 32-bit shortcut of the library's is repeated here. */
function reference(words: bigint[]): () => bigint {
  const M = 0xffffffffn;
  const mix = (x: bigint) => {
    let z = (x + 0x9e3779b9n) & M;
    z = ((z ^ (z >> 16n)) * 0x21f0aaadn) & M;
    z = ((z ^ (z >> 15n)) * 0x735a2d97n) & M;
    return z ^ (z >> 15n);
  };
  const seed = words.reduce((state, word) => mix(state ^ word), 0n);
  let [a, b, c, counter] = [mix(seed + 1n), mix(seed + 2n), mix(seed + 3n), 1n];
  const word = () => {
    const out = (a + b + counter) & M;
    counter = (counter + 1n) & M;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & M;
    c = ((((c << 21n) | (c >> 11n)) & M) + out) & M;
    return out;
  };
  for (let i = 0; i < 12; i++) word();
  return word;
}

describe('the stream', () => {
  it('agrees with the generator written out on BigInt, two words to a number', () => {
    const bits = new DataView(new ArrayBuffer(8));
    for (const seed of [0, 1, -7, 0.5, 2 ** 40 + 1, Infinity]) {
      bits.setFloat64(0, seed);
      const word = reference([BigInt(bits.getUint32(0)), BigInt(bits.getUint32(4))]);
      const rng = random(seed);
      const expected = draws(50, () => Number(((word() >> 5n) << 26n) | (word() >> 6n)) / 2 ** 53);
      expect(draws(50, () => rng.next())).toEqual(expected);
    }
    const word = reference([3n, 97n, 98n, 0x624bn]);
    const rng = random('ab手');
    expect(rng.next()).toBe(Number(((word() >> 5n) << 26n) | (word() >> 6n)) / 2 ** 53);
  });

  it('begins with these numbers for ever', () => {
    const rng = random(1);
    expect(draws(3, () => rng.next())).toEqual([0.6018914175413891, 0.7722487931394575, 0.59748018714838]);
    const named = random('lesson 1');
    expect(draws(6, () => named.integer(100))).toEqual([66, 57, 1, 23, 89, 61]);
    const bell = random(1);
    draws(3, () => bell.normal()).forEach((x, i) =>
      expect(x).toBeCloseTo([0.516267387899781, 1.3906936892691584, 0.3427220430587514][i], 12),
    );
    expect(random(1).permutation(8)).toEqual([3, 4, 0, 2, 1, 5, 6, 7]);
  });

  it('is decided by the seed alone', () => {
    for (const seed of [0, 1, 'x', '']) {
      const [a, b] = [random(seed), random(seed)];
      expect(draws(20, () => a.next())).toEqual(draws(20, () => b.next()));
    }
    const firsts = [0, 1, 2, -1, 0.1, '0', '1', '', 'a', 'b', 'ab', 'ba', 2 ** 32, 2 ** 52].map((seed) =>
      random(seed).next(),
    );
    expect(new Set(firsts).size).toBe(firsts.length);
    expect(random(-0).next()).toBe(random(0).next());
  });

  it('refuses what is no seed', () => {
    expect(thrown(() => random(undefined as never))).toBe(
      'TypeError: random needs a number or a string as its seed, got undefined',
    );
    expect(thrown(() => random(NaN))).toContain('got NaN');
  });
});

describe('the distributions', () => {
  it('next is uniform in [0, 1) with 53 bits', () => {
    const rng = random(3);
    const xs = draws(40_000, () => rng.next());
    expect(xs.every((x) => x >= 0 && x < 1 && Number.isInteger(x * 2 ** 53))).toBe(true);
    expect(xs.some((x) => (x * 2 ** 53) % 2 === 1)).toBe(true);
    expect(mean(xs)).toBeCloseTo(1 / 2, 2);
    expect(moment(xs, 2)).toBeCloseTo(1 / 12, 2);
    const tenths = Array<number>(10).fill(0);
    for (const x of xs) tenths[Math.floor(x * 10)]++;
    const chiSquare = tenths.reduce((sum, n) => sum + (n - 4000) ** 2 / 4000, 0);
    expect(chiSquare).toBeLessThan(27.9); // 9 degrees of freedom, p = 0.001
  });

  it('normal has the moments of a standard normal', () => {
    const rng = random(4);
    const xs = draws(40_000, () => rng.normal());
    expect(mean(xs)).toBeCloseTo(0, 1);
    expect(Math.abs(moment(xs, 2) - 1)).toBeLessThan(0.03);
    expect(Math.abs(moment(xs, 3))).toBeLessThan(0.06);
    expect(Math.abs(moment(xs, 4) - 3)).toBeLessThan(0.2);
    expect(mean(xs.map((x) => Number(Math.abs(x) < 1)))).toBeCloseTo(0.6827, 1);
  });

  it('integer is 0 … n - 1, each alike', () => {
    const rng = random(5);
    const counts = Array<number>(7).fill(0);
    for (let i = 0; i < 21_000; i++) counts[rng.integer(7)]++;
    const chiSquare = counts.reduce((sum, n) => sum + (n - 3000) ** 2 / 3000, 0);
    expect(chiSquare).toBeLessThan(22.5); // 6 degrees of freedom, p = 0.001
    expect(rng.integer(1)).toBe(0);
    // 3 · 2⁵¹ does not divide 2⁵³: without drawing again, results below 2⁵¹ would come twice as often.
    const low = mean(draws(20_000, () => Number(rng.integer(3 * 2 ** 51) < 2 ** 51)));
    expect(Math.abs(low - 1 / 3)).toBeLessThan(0.015);
    for (const n of [0, -1, 1.5, NaN, 2 ** 54]) expect(() => rng.integer(n)).toThrow(RangeError);
  });

  it('shuffle and permutation rearrange, and leave the array alone', () => {
    const rng = random(6);
    const list = ['a', 'b', 'c', 'd'];
    expect([...rng.shuffle(list)].sort()).toEqual(list);
    expect(list).toEqual(['a', 'b', 'c', 'd']);
    expect(rng.permutation(100).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(rng.permutation(0)).toEqual([]);
    const orders = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = rng.permutation(3).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(6);
    const chiSquare = [...orders.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(20.6); // 5 degrees of freedom, p = 0.001
  });

  it('uniform and normal fill tensors in row-major order', () => {
    const rng = random(7);
    const flat = draws(6, () => rng.next());
    expect([...uniform([2, 3], random(7)).data]).toEqual(flat);
    expect([...uniform([2, 3], random(7), -2, 4).data]).toEqual(flat.map((x) => -2 + 6 * x));
    const bell = random(7);
    const bells = draws(4, () => bell.normal());
    expect([...normal([4, 1], random(7)).data]).toEqual(bells);
    expect([...normal([4], random(7), 10, 2).data]).toEqual(bells.map((x) => 10 + 2 * x));
    expect(uniform([0, 3], random(7)).shape).toEqual([0, 3]);
    expect(thrown(() => uniform([2], undefined as never))).toBe(
      'TypeError: uniform needs a Random as its second argument, such as random(1), got undefined',
    );
    expect(thrown(() => normal(3 as never, random(1)))).toBe('TypeError: normal needs a shape such as [2, 3], got 3');
  });
});
