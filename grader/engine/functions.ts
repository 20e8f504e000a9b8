/**
 * The functions that an exercise can be given as an argument, by name: the judge sends the name and the data, the
 * function is built inside the student's realm, so no closure of the judge ever crosses. Oracles build the same ones.
 * To add one, add an entry; its formula is for people.
 */
import type { Tensor } from '#tensor';
import type { NamedFunction } from './value.ts';

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

  /**
   * A layer, as a Transformer's residual connection takes one. data: { A: Tensor (C, C) } → t: Tensor (…, C) ↦
   * { y: t ⊙ (t Aᵀ), cache }. Its way back is `product-layer-backward`.
   */
  'product-layer':
    ({ A }: { A: Tensor }) =>
    (t: Tensor) => {
      if (typeof t?.matmul !== 'function') throw new Error('the sublayer takes a tensor; it was given something else');
      return { y: t.mul(t.matmul(A.T)), cache: { kept: t } };
    },

  /** data: { A: Tensor (C, C) } → (dy, cache of a `product-layer` with the same A) ↦ { dx, dA }. */
  'product-layer-backward':
    ({ A }: { A: Tensor }) =>
    (dy: Tensor, cache: { kept: Tensor }) => {
      const t = cache?.kept;
      if (!t) throw new Error('sublayerBackward takes the cache that the sublayer gave; it was given something else');
      const C = A.shape[0];
      const weighed = dy.mul(t);
      return {
        dx: dy.mul(t.matmul(A.T)).add(weighed.matmul(A)),
        dA: weighed.reshape(-1, C).T.matmul(t.reshape(-1, C)),
      };
    },
};

/** The names that a `NamedFunction` may have. */
export const functionNames: readonly string[] = Object.keys(builders);

/** Builds a function from its name and data. */
export function buildFunction(name: string, data: unknown): (...args: never[]) => unknown {
  return builders[name](data as Data as never);
}

/** The function itself, for oracles and wrong answers. */
export function callable<F extends (...args: never[]) => unknown>(f: NamedFunction): F {
  return buildFunction(f.name, f.data) as F;
}

/** A function for people: "x ↦ 1 + 0.5·x − 2·x²". */
export function formula(f: NamedFunction): string {
  if (f.name === 'polynomial') return `x ↦ ${polynomialText(f.data as number[])}`;
  const { A, b, coefficients } = f.data as Record<string, Tensor>;
  if (f.name === 'quadratic-form') return `x ↦ ½ xᵀ A x + bᵀ x with A = ${inline(A!)}, b = ${inline(b!)}`;
  if (f.name === 'product-layer') return `t ↦ { y: t ⊙ (t Aᵀ), cache } with A = ${inline(A!)}`;
  if (f.name === 'product-layer-backward') return `(dy, cache) ↦ { dx, dA } of t ⊙ (t Aᵀ) with A = ${inline(A!)}`;
  return `x ↦ Σ over entries of Σ_k c_k x^k with c = ${inline(coefficients!)}`;
}

const inline = (x: Tensor) => JSON.stringify(x.toArray());

function polynomialText(coefficients: readonly number[]): string {
  const powers = ['', '·x', '·x²', '·x³'];
  const terms = coefficients.flatMap((c, k) => (c === 0 ? [] : [`${Math.abs(c)}${powers[k] ?? `·x^${k}`}`]));
  const signs = coefficients.filter((c) => c !== 0).map((c) => (c < 0 ? '− ' : '+ '));
  const text = terms.map((t, i) => signs[i]! + t).join(' ');
  return text === '' ? '0' : text.replace(/^\+ /, '').replace(/^− /, '−');
}
