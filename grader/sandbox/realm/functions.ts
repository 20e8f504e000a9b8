/**
 * The functions that an exercise can be given as an argument, by name: the judge sends the name and the data, the
 * function is built inside the student's realm, so no closure of the judge ever crosses. To add one, add an entry.
 */
import { Tensor } from '#tensor';

type Data = Record<string, unknown>;

const builders: Record<string, (data: never) => (...args: never[]) => unknown> = {
  /** data: coefficients c₀, c₁, … as an array → x ↦ Σ cₖ xᵏ. */
  polynomial: (coefficients: number[]) => (x: number) => {
    let sum = 0;
    for (let k = coefficients.length - 1; k >= 0; k--) sum = sum * x + coefficients[k];
    return sum;
  },

  /** data: { A: Tensor (n, n), b: Tensor (n) } → x: Tensor with n entries ↦ ½ xᵀ A x + bᵀ x, a number. */
  'quadratic-form':
    ({ A, b }: { A: Tensor; b: Tensor }) =>
    (x: Tensor) => {
      const n = b.data.length;
      let sum = 0;
      for (let i = 0; i < n; i++) {
        let row = 0;
        for (let j = 0; j < n; j++) row += A.data[i * n + j] * x.data[j];
        sum += x.data[i] * (0.5 * row + b.data[i]);
      }
      return sum;
    },

  /** data: { coefficients: Tensor (K, …shape) } → x: Tensor (…shape) ↦ the sum over entries e and k of cₖₑ xₑᵏ, a number. */
  'tensor-polynomial':
    ({ coefficients: c }: { coefficients: Tensor }) =>
    (x: Tensor) => {
      const size = x.data.length;
      let sum = 0;
      for (let e = 0; e < size; e++) {
        let term = 0;
        for (let k = c.shape[0] - 1; k >= 0; k--) term = term * x.data[e] + c.data[k * size + e];
        sum += term;
      }
      return sum;
    },
};

/** The names that a `NamedFunction` may have. */
export const functionNames: readonly string[] = Object.keys(builders);

/** Builds a function from its name and data. */
export function buildFunction(name: string, data: unknown): (...args: never[]) => unknown {
  return builders[name](data as Data as never);
}
