/**
 * Chapter 2, topic 2: derivatives by trying. Slow and not quite exact, but they need nothing but the function itself:
 * the judge of every gradient that you derive by hand.
 */
import { ShapeError, Tensor } from '#tensor';

/** What a gradient check found. */
export interface GradientCheck {
  /** whether error ≤ tolerance; a NaN in either gradient makes it false */
  ok: boolean;
  /** relativeError of the given gradient and the numerical one */
  error: number;
  /** where in `data` the two differ most, in absolute value; the first such place when several differ equally */
  worst: number;
  /** the given gradient at that place */
  given: number;
  /** the numerical gradient at that place */
  numerical: number;
}

/**
 * The slope of f between x and x + h: the limit's definition of the derivative, without the limit.
 *
 *   f′(x) ≈ (f(x + h) − f(x)) / h          wrong by about ½ · h · f″(x)
 *
 * @param f a function of one number
 * @param x where
 * @param h the step, greater than 0
 * @returns the difference quotient
 * @throws RangeError when h is not greater than 0 (NaN is not)
 */
export function forwardDifference(f: (x: number) => number, x: number, h: number): number {
  // #region forwardDifference
  if (!(h > 0)) throw new RangeError(`forwardDifference: the step must be greater than 0, not ${h}`);
  return (f(x + h) - f(x)) / h;
  // #endregion
}

/**
 * The slope of f between x − h and x + h: as cheap, and far nearer to the derivative.
 *
 *   f′(x) ≈ (f(x + h) − f(x − h)) / (2h)          wrong by about ⅙ · h² · f‴(x)
 *
 * @param f a function of one number
 * @param x where
 * @param h the step, greater than 0
 * @returns the difference quotient
 * @throws RangeError when h is not greater than 0 (NaN is not)
 */
export function centralDifference(f: (x: number) => number, x: number, h: number): number {
  // #region centralDifference
  if (!(h > 0)) throw new RangeError(`centralDifference: the step must be greater than 0, not ${h}`);
  return (f(x + h) - f(x - h)) / (2 * h);
  // #endregion
}

/**
 * The gradient of a scalar function of a Tensor: for each entry a central difference in which only that entry moves.
 *
 *   g_i = (f(x + h e_i) − f(x − h e_i)) / (2h)          e_i: 1 at entry i, 0 elsewhere
 *
 * f is called twice for each entry, with Tensors in the shape of x. x itself is the same after the call as before, to the
 * last digit: 0.1 + h − 2h + h is not always 0.1, so move an entry of a copy.
 *
 * @param f a function of a Tensor in the shape of x; it returns one number
 * @param x where; any shape
 * @param h the step, greater than 0
 * @returns the gradient, in the shape of x
 * @throws RangeError when h is not greater than 0 (NaN is not)
 */
export function numericalGradient(f: (x: Tensor) => number, x: Tensor, h: number): Tensor {
  // #region numericalGradient
  if (!(h > 0)) throw new RangeError(`numericalGradient: the step must be greater than 0, not ${h}`);
  return x.map((_, i) => {
    const along = (value: number) => f(x.map((entry, j) => (j === i ? value : entry)));
    return centralDifference(along, x.data[i], h);
  });
  // #endregion
}

/**
 * How far apart two tensors are, measured by their own size.
 *
 *   error = ‖a − b‖ / max(‖a‖, ‖b‖)          ‖v‖ = √(Σ v_i²), over all entries
 *
 * 0 when both are all zeros. It is symmetric and at most 2 (for b = −a); multiplying both by the same number changes
 * nothing. One number for the whole tensor, so that entries near 0 are judged by the size of the others.
 *
 * @param a any shape
 * @param b the same shape
 * @returns one number from 0 to 2
 * @throws when the shapes differ (also when they would broadcast)
 */
export function relativeError(a: Tensor, b: Tensor): number {
  // #region relativeError
  if (!a.sameShape(b)) throw new ShapeError(`relativeError: shapes (${a.shape}) and (${b.shape})`);
  const size = Math.max(a.norm(), b.norm());
  return size === 0 ? 0 : a.sub(b).norm() / size;
  // #endregion
}

/**
 * Judges a gradient that somebody derived by hand: compares it with the numerical one, and says where it is worst.
 *
 *   numerical = numericalGradient(f, x, h)
 *   error     = relativeError(gradient, numerical)
 *   ok        = error ≤ tolerance          false when the error is NaN
 *   worst     = the i with the largest |gradient_i − numerical_i|, the first of equal ones
 *
 * With a NaN in a gradient only `ok` is defined: false.
 *
 * @param f         a function of a Tensor; it returns one number
 * @param x         where; any shape, at least one entry
 * @param gradient  the gradient to be judged, in the shape of x
 * @param h         the step, greater than 0
 * @param tolerance the largest relative error that passes
 * @returns ok, error, worst (an index into `data`), and the two gradients there: given and numerical
 * @throws when gradient and x differ in shape, or h is not greater than 0
 */
export function checkGradient(
  f: (x: Tensor) => number,
  x: Tensor,
  gradient: Tensor,
  h: number,
  tolerance: number,
): GradientCheck {
  // #region checkGradient
  const numerical = numericalGradient(f, x, h);
  const error = relativeError(gradient, numerical);
  const worst = gradient.sub(numerical).abs().argmax().item();
  return { ok: error <= tolerance, error, worst, given: gradient.data[worst], numerical: numerical.data[worst] };
  // #endregion
}
