import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHalfBits, halfBits, roundHalf } from '#tensor';

/** The definition: (-1)^s · 2^(e-15) · 1.fraction, subnormals with exponent -14 and 0.fraction. */
function definition(bits: number): number {
  const digits = bits.toString(2).padStart(16, '0');
  const sign = digits[0] === '1' ? -1 : 1;
  const exponent = parseInt(digits.slice(1, 6), 2);
  const fraction = parseInt(digits.slice(6), 2) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * 2 ** -14 * fraction : sign * 2 ** (exponent - 15) * (1 + fraction);
}

/** Every finite half ≥ 0, in order; then 2¹⁶, where Infinity stands when it comes to rounding. */
const ladder = [...Array.from({ length: 31 * 1024 }, (_, bits) => definition(bits)), 65536];

describe('the 65536 patterns', () => {
  it('mean what the standard says, and come back', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 65536; bits++) {
      const value = fromHalfBits(bits);
      const back = Number.isNaN(value) ? 0x7e00 : bits;
      if (!Object.is(value, definition(bits)) || halfBits(value) !== back || !Object.is(roundHalf(value), value)) {
        wrong.push(bits);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('round halfway numbers to the even neighbour, and others to the nearer, on the whole ladder', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits + 1 < ladder.length; bits++) {
      const [low, high] = [ladder[bits], ladder[bits + 1]];
      const middle = (low + high) / 2;
      const nudge = middle * 2 ** -50;
      const even = bits % 2 === 0 ? bits : bits + 1;
      for (const sign of [0, 0x8000]) {
        const s = sign ? -1 : 1;
        if (halfBits(s * middle) !== (sign | even)) wrong.push(middle);
        if (halfBits(s * (middle - nudge)) !== (sign | bits)) wrong.push(middle - nudge);
        if (halfBits(s * (middle + nudge)) !== (sign | (bits + 1))) wrong.push(middle + nudge);
      }
    }
    expect(wrong).toEqual([]);
  });
});

it('rounds any number to the nearest half', () => {
  fc.assert(
    fc.property(fc.double({ min: -66000, max: 66000, noNaN: true }), (x) => {
      const got = Math.min(Math.abs(roundHalf(x)), 65536);
      const nearest = Math.min(...ladder.map((half) => Math.abs(half - Math.abs(x))));
      expect(Math.abs(got - Math.abs(x))).toBe(nearest);
    }),
    { numRuns: 60 },
  );
});

it('overflows to Infinity from 65520 on, and underflows to zero', () => {
  expect([roundHalf(65519.99), roundHalf(65520), roundHalf(-1e300), roundHalf(Infinity)]).toEqual([
    65504,
    Infinity,
    -Infinity,
    Infinity,
  ]);
  expect([roundHalf(2 ** -25), roundHalf(2 ** -25 * 1.0001), roundHalf(-(2 ** -26)), roundHalf(5e-324)]).toEqual([
    0,
    2 ** -24,
    -0,
    0,
  ]);
  expect([roundHalf(NaN), halfBits(NaN)]).toEqual([NaN, 0x7e00]);
  expect([halfBits(1), halfBits(-2), halfBits(0), halfBits(-0)]).toEqual([0x3c00, 0xc000, 0, 0x8000]);
});

it('rounds once: by way of float32 this would come out differently', () => {
  const x = 1 + 2 ** -11 + 2 ** -40; // just above halfway between 1 and 1 + 2⁻¹⁰; float32 would lose the 2⁻⁴⁰
  expect(roundHalf(x)).toBe(1 + 2 ** -10);
  expect(roundHalf(Math.fround(x))).toBe(1);
});
