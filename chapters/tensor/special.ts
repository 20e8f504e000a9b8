/**
 * The error function, which JavaScript's Math lacks.
 *
 * Rational approximations from W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
 * Computation 23 (1969), 631-637: three intervals, each a quotient of two polynomials, to about 16 digits.
 * The coefficients are the paper's, written with as many digits as a float64 keeps.
 */

/** A polynomial, its highest power first, by Horner's rule. */
function polynomial(x: number, coefficients: readonly number[]): number {
  let value = 0;
  for (let i = 0; i < coefficients.length; i++) value = value * x + coefficients[i];
  return value;
}

// |x| ≤ 0.46875: erf x = x · P(x²) / Q(x²)
const SMALL_P = [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694];
const SMALL_Q = [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171];

// 0.46875 ≤ x ≤ 4: erfc x = exp(-x²) · P(x) / Q(x)
const MIDDLE_P = [
  2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769,
  1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
];
const MIDDLE_Q = [
  1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
  4362.619090143247, 3439.3676741437216, 1230.3393548037495,
];

// x ≥ 4: erfc x = exp(-x²) / x · (1/√π - x⁻² · P(x⁻²) / Q(x⁻²))
const LARGE_P = [
  0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
  0.0006587491615298378,
];
const LARGE_Q = [
  1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
];
const ONE_OVER_ROOT_PI = 0.5641895835477563;

/** erf for |x| ≤ 0.46875 */
function erfSmall(x: number): number {
  const square = x * x;
  return (x * polynomial(square, SMALL_P)) / polynomial(square, SMALL_Q);
}

/**
 * exp(-x²) without the rounding error of x²: with r = x rounded down to sixteenths, r² is exact, and
 * x² = r² + (x - r)(x + r).
 */
function expMinusSquare(x: number): number {
  const r = Math.floor(x * 16) / 16;
  return Math.exp(-r * r) * Math.exp(-(x - r) * (x + r));
}

/** erfc for x > 0.46875 */
function erfcLarge(x: number): number {
  if (x > 27) return 0; // below the smallest float64
  if (x <= 4) return (expMinusSquare(x) * polynomial(x, MIDDLE_P)) / polynomial(x, MIDDLE_Q);
  const y = 1 / (x * x);
  const tail = (y * polynomial(y, LARGE_P)) / polynomial(y, LARGE_Q);
  return (expMinusSquare(x) * (ONE_OVER_ROOT_PI - tail)) / x;
}

/** The error function, 2/√π · ∫₀ˣ exp(-t²) dt: odd, from -1 to 1. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const size = Math.abs(x);
  if (size <= 0.46875) return erfSmall(x);
  return Math.sign(x) * (1 - erfcLarge(size));
}

/** 1 - erf x, accurate also where that difference would be lost to rounding: erfc(10) is 2.09e-45, not 0. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) <= 0.46875) return 1 - erfSmall(x);
  return x > 0 ? erfcLarge(x) : 2 - erfcLarge(-x);
}
