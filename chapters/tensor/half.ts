/**
 * Half precision (IEEE 754 binary16): 1 sign bit, 5 bits of exponent, 10 bits of fraction.
 *
 * The numbers form 31 bands. Within a band they are evenly spaced: by 2⁻²⁴ in bands 0 (the subnormals) and 1, and by
 * twice as much in each following band. The bits of a positive half, read as a whole number, count them in order.
 */

/** The distance between neighbours in a band. */
function spacing(band: number): number {
  return 2 ** (Math.max(band, 1) - 25);
}

const INFINITY_BITS = 31 << 10;
const NAN_BITS = INFINITY_BITS | (1 << 9);
const SIGN_BIT = 1 << 15;

/** The 16 bits of the half nearest to x, ties to the even one; from 65520 on, Infinity. Every NaN gives 0x7e00. */
export function halfBits(x: number): number {
  if (Number.isNaN(x)) return NAN_BITS;
  const sign = x < 0 || Object.is(x, -0) ? SIGN_BIT : 0;
  const size = Math.abs(x);
  if (size >= 2 ** 16) return sign | INFINITY_BITS;
  let band = 1;
  while (size >= 2048 * spacing(band)) band++;
  // In units of the spacing, x is exact: dividing by a power of two loses nothing. So this is the only rounding.
  const units = size / spacing(band);
  let whole = Math.floor(units);
  const rest = units - whole;
  if (rest > 0.5 || (rest === 0.5 && whole % 2 === 1)) whole++;
  // Band 1 begins at 1024 units (fewer are subnormal). A round up to 2048 carries into the next band by itself,
  // and out of the last one into Infinity.
  return sign | ((band - 1) * 1024 + whole);
}

/** The number that 16 bits stand for. */
export function fromHalfBits(bits: number): number {
  const sign = bits & SIGN_BIT ? -1 : 1;
  const band = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (band === 31) return fraction === 0 ? sign * Infinity : NaN;
  const units = band === 0 ? fraction : 1024 + fraction;
  return sign * units * spacing(band);
}

/** The half nearest to x, ties to the even one: one rounding, straight from float64. */
export function roundHalf(x: number): number {
  return fromHalfBits(halfBits(x));
}
