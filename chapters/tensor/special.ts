/**
 * The error function, which JavaScript's Math lacks.
 *
 * Rational approximations from W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
 * Computation 23 (1969), 631-637: three intervals, each a quotient of two polynomials, to about 16 digits.
 * The coefficients are the paper's, written with as many digits as a float64 keeps.
 */

import { everyEntry } from './exponentials.ts';
import { allocate } from './memory.ts';
import { Tensor, needOperand } from './tensor.ts';

// Every polynomial is written out, its highest power first, by Horner's rule, which is faster than a loop over coefficients.

/** erf for |x| ≤ 0.46875: x · P(x²) / Q(x²) */
function erfSmall(x: number): number {
  const y = x * x;
  let p = 0.18577770618460315;
  p = p * y + 3.1611237438705655;
  p = p * y + 113.86415415105016;
  p = p * y + 377.485237685302;
  p = p * y + 3209.3775891384694;
  let q = y + 23.601290952344122;
  q = q * y + 244.02463793444417;
  q = q * y + 1282.6165260773723;
  q = q * y + 2844.236833439171;
  return (x * p) / q;
}

/** erfc for 0.46875 < x ≤ 4: exp(-x²) · P(x) / Q(x) */
function erfcMiddle(x: number): number {
  let p = 2.1531153547440383e-8;
  p = p * x + 0.5641884969886701;
  p = p * x + 8.883149794388377;
  p = p * x + 66.11919063714163;
  p = p * x + 298.6351381974001;
  p = p * x + 881.952221241769;
  p = p * x + 1712.0476126340707;
  p = p * x + 2051.0783778260716;
  p = p * x + 1230.3393547979972;
  let q = x + 15.744926110709835;
  q = q * x + 117.6939508913125;
  q = q * x + 537.1811018620099;
  q = q * x + 1621.3895745666903;
  q = q * x + 3290.7992357334597;
  q = q * x + 4362.619090143247;
  q = q * x + 3439.3676741437216;
  q = q * x + 1230.3393548037495;
  return (expMinusSquare(x) * p) / q;
}

const ONE_OVER_ROOT_PI = 0.5641895835477563;

/** erfc for x > 4: exp(-x²) / x · (1/√π - x⁻² · P(x⁻²) / Q(x⁻²)) */
function erfcLarge(x: number): number {
  const y = 1 / (x * x);
  let p = 0.016315387137302097;
  p = p * y + 0.30532663496123236;
  p = p * y + 0.36034489994980445;
  p = p * y + 0.12578172611122926;
  p = p * y + 0.016083785148742275;
  p = p * y + 0.0006587491615298378;
  let q = y + 2.568520192289822;
  q = q * y + 1.8729528499234673;
  q = q * y + 0.5279051029514285;
  q = q * y + 0.06051834131244132;
  q = q * y + 0.0023352049762686918;
  return (expMinusSquare(x) * (ONE_OVER_ROOT_PI - (y * p) / q)) / x;
}

/** exp(-(n/16)²) for n = 0 … 432, as far as asked for yet. */
const squares = new Float64Array(27 * 16 + 1);

/**
 * exp(-x²) for 0 ≤ x ≤ 27 without the rounding error of x²: with r = x rounded down to sixteenths, r² is exact, and
 * x² = r² + (x - r)(x + r).
 */
function expMinusSquare(x: number): number {
  const n = Math.floor(x * 16);
  const r = n / 16;
  if (squares[n] === 0) squares[n] = Math.exp(-r * r);
  return squares[n] * Math.exp(-(x - r) * (x + r));
}

/** erfc for x > 0.46875 */
function erfcTail(x: number): number {
  if (x <= 4) return erfcMiddle(x);
  return x > 27 ? 0 : erfcLarge(x); // beyond 27 it is below the smallest float64
}

function erfOf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const size = Math.abs(x);
  if (size <= 0.46875) return erfSmall(x);
  return Math.sign(x) * (1 - erfcTail(size));
}

function erfcOf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) <= 0.46875) return 1 - erfSmall(x);
  return x > 0 ? erfcTail(x) : 2 - erfcTail(-x);
}

/** Of a number, or of every entry. */
function ofEach(name: 'erf' | 'erfc', f: (x: number) => number, x: number | Tensor): number | Tensor {
  if (typeof x === 'number') return f(x);
  const { shape, data } = needOperand(name, x);
  const out = allocate(data.length);
  if (!everyEntry(name, out, data)) for (let i = 0; i < out.length; i++) out[i] = f(data[i]);
  return new Tensor(shape, out);
}

/** The error function, 2/√π · ∫₀ˣ exp(-t²) dt: odd, from -1 to 1. Of a Tensor: of every entry. */
export function erf(x: number): number;
export function erf(x: Tensor): Tensor;
export function erf(x: number | Tensor): number | Tensor {
  return ofEach('erf', erfOf, x);
}

/** 1 - erf x, accurate also where that difference would be lost to rounding: erfc(10) is 2.09e-45, not 0. */
export function erfc(x: number): number;
export function erfc(x: Tensor): Tensor;
export function erfc(x: number | Tensor): number | Tensor {
  return ofEach('erfc', erfcOf, x);
}
