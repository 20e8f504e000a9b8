/**
 * The same functions in the ways that people write them, all right: sums in another order, means as products, products
 * multiplied out, logarithms before or after. The first of each is the oracle.
 */
import { choice, integer, number, vector, type Inputs, type ValueRecord } from '../../grader/engine/index.ts';

export interface Family {
  inputs: Inputs;
  sizes: Record<string, readonly [number, number]>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as below
  derive?: (drawn: any) => ValueRecord;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each reads the inputs declared beside it
  ways: ((inputs: any) => number | number[])[];
}

type Numbers = readonly number[];
export const forwards = (x: Numbers) => x.reduce((s, v) => s + v, 0);
export const backwards = (x: Numbers) => x.reduceRight((s, v) => s + v, 0);
/** Halves summed apart, as a parallel sum does it. */
export const pairwise = (x: Numbers): number =>
  x.length < 2 ? (x[0] ?? 0) : pairwise(x.slice(0, x.length >> 1)) + pairwise(x.slice(x.length >> 1));
/** Kahan's sum: almost exact. */
export const compensated = (x: Numbers): number => {
  let sum = 0;
  let lost = 0;
  for (const v of x) {
    const y = v - lost;
    const t = sum + y;
    lost = t - sum - y;
    sum = t;
  }
  return sum;
};
const sums = [forwards, backwards, pairwise, compensated];

const dot = (a: Numbers, b: Numbers, sum = forwards) => sum(a.map((x, i) => x * b[i]));
const softmax = (x: Numbers, sum = forwards, shift = Math.max(...x)) => {
  const e = x.map((v) => Math.exp(v - shift));
  const z = sum(e);
  return e.map((v) => v / z);
};
const logSumExp = (x: Numbers, sum = forwards) => {
  const m = Math.max(...x);
  return m + Math.log(sum(x.map((v) => Math.exp(v - m))));
};
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function layerNorm(x: Numbers, gamma: Numbers, beta: Numbers, sum: typeof forwards, other: boolean): number[] {
  const n = x.length;
  const mean = other ? sum(x.map((v) => v / n)) : sum(x) * (1 / n);
  const variance = other
    ? Math.max(0, sum(x.map((v) => v * v)) / n - mean * mean)
    : sum(x.map((v) => (v - mean) * (v - mean))) / n;
  const scale = other ? Math.sqrt(variance + 1e-5) : 1 / (variance + 1e-5) ** 0.5;
  return x.map((v, i) =>
    other ? (gamma[i] * (v - mean)) / scale + beta[i] : v * gamma[i] * scale + (beta[i] - mean * gamma[i] * scale),
  );
}

/** Two steps of a recurrent network of one unit per entry. */
function recurrent(x: Numbers, w: Numbers, tanh: (z: number) => number, sum: typeof forwards): number[] {
  let h = x.map(() => 0);
  for (let t = 0; t < 4; t++) h = h.map((_, i) => tanh(sum([x[i] * 0.7, dot(w, h, sum), 0.1])));
  return h;
}

/** Numbers that are not exact in binary, so that every sum rounds. */
const tenths = { step: 0.1 };

export const families: Record<string, Family> = {
  'dot product of tenths': {
    inputs: { a: vector('n', tenths), b: vector('n', tenths), c: number(tenths) },
    sizes: { n: [1, 9] },
    ways: [
      ({ a, b, c }) => c + dot(a, b),
      ({ a, b, c }) => dot(a, b, backwards) + c,
      ({ a, b, c }) => pairwise([c, ...a.map((x: number, i: number) => x * b[i])]),
      ({ a, b, c }) => compensated([...a.map((x: number, i: number) => x * b[i]), c]),
      ({ a, b, c }) => a.reduceRight((s: number, x: number, i: number) => s + x * b[i], c),
    ],
  },
  'dot product that cancels': {
    inputs: { a: vector('n', { step: 0.1, min: 1, max: 30 }), b: vector('n', tenths), r: integer(-9, 9) },
    sizes: { n: [1, 6] },
    // c is minus the rest, to three digits: terms thousands of times larger than the result.
    derive: ({ a, b, r }: { a: number[]; b: number[]; r: number }) => ({
      a,
      b,
      c: Number((-dot(a, b)).toFixed(3)) + r / 1000,
    }),
    ways: [
      ({ a, b, c }) => c + dot(a, b),
      ({ a, b, c }) => dot(a, b, backwards) + c,
      ({ a, b, c }) => pairwise([c, ...a.map((x: number, i: number) => x * b[i])]),
      ({ a, b, c }) => compensated([...a.map((x: number, i: number) => x * b[i]), c]),
    ],
  },
  'mean squared error': {
    inputs: { y: vector('n', tenths), t: vector('n', tenths) },
    sizes: { n: [1, 8] },
    ways: [
      ({ y, t }) => forwards(y.map((v: number, i: number) => (v - t[i]) ** 2)) / y.length,
      ({ y, t }) => backwards(y.map((v: number, i: number) => (t[i] - v) ** 2 / y.length)),
      ({ y, t }) => (dot(y, y) - 2 * dot(y, t) + dot(t, t)) / y.length,
      ({ y, t }) => dot(y, y) / y.length + dot(t, t) / y.length - (2 / y.length) * dot(t, y, pairwise),
    ],
  },
  softmax: {
    inputs: { x: vector('n') },
    sizes: { n: [1, 7] },
    ways: [
      ({ x }) => softmax(x),
      ({ x }) => softmax(x, backwards),
      ({ x }) => softmax(x, pairwise, 0),
      ({ x }) => x.map((v: number) => Math.exp(v - logSumExp(x))),
      ({ x }) => x.map((v: number) => 1 / forwards(x.map((w: number) => Math.exp(w - v)))),
    ],
  },
  'softmax of far numbers': {
    inputs: { x: vector('n', { min: -30, max: 30 }) },
    sizes: { n: [1, 5] },
    ways: [
      ({ x }) => softmax(x),
      ({ x }) => softmax(x, backwards, 0),
      ({ x }) => x.map((v: number) => Math.exp(v - logSumExp(x))),
    ],
  },
  'gradient of softmax': {
    inputs: { x: vector('n'), g: vector('n') },
    sizes: { n: [1, 6] },
    ways: [
      ({ x, g }) => softmax(x).map((p, i) => p * (g[i] - dot(softmax(x), g))),
      ({ x, g }) => {
        const p = softmax(x, backwards, 0);
        return p.map((pi, i) => forwards(p.map((pj, j) => pi * ((i === j ? 1 : 0) - pj) * g[j])));
      },
      ({ x, g }) => {
        const p = softmax(x, pairwise, 0);
        return p.map((pi, i) => pi * g[i] - pi * dot(p, g, backwards));
      },
    ],
  },
  LayerNorm: {
    inputs: { x: vector('n'), gamma: vector('n'), beta: vector('n') },
    sizes: { n: [1, 7] },
    ways: sums.flatMap((sum) => [false, true].map((other) => (i) => layerNorm(i.x, i.gamma, i.beta, sum, other))),
  },
  'LayerNorm of tenths that are almost alike, without shift': {
    inputs: { x: vector('n', { step: 0.1, min: 0.1, max: 0.3 }), gamma: vector('n') },
    sizes: { n: [1, 5] },
    ways: sums.flatMap((sum) =>
      [false, true].map(
        (other) => (i) =>
          layerNorm(
            i.x,
            i.gamma,
            i.x.map(() => 0),
            sum,
            other,
          ),
      ),
    ),
  },
  'deviations from the mean': {
    inputs: { x: vector('n', { step: 0.1, min: 0, max: 0.3 }) },
    sizes: { n: [1, 7] },
    ways: [
      ({ x }) => x.map((v: number) => v - forwards(x) / x.length),
      ({ x }) => x.map((v: number) => v - backwards(x.map((w: number) => w / x.length))),
      ({ x }) => x.map((v: number) => (x.length * v - pairwise(x)) / x.length),
    ],
  },
  'cross-entropy': {
    inputs: { x: vector('n'), k: integer(0, 5) },
    sizes: { n: [1, 6] },
    ways: [
      ({ x, k }) => -Math.log(softmax(x)[k % x.length]),
      ({ x, k }) => logSumExp(x, backwards) - x[k % x.length],
      ({ x, k }) => Math.log(pairwise(x.map((v: number) => Math.exp(v - x[k % x.length])))),
    ],
  },
  'divergence of two softmaxes': {
    inputs: { x: vector('n', { min: 0, max: 0.5 }), y: vector('n', { min: 0, max: 0.5 }) },
    sizes: { n: [1, 5] },
    ways: [
      ({ x, y }) => {
        const [p, q] = [softmax(x), softmax(y)];
        return forwards(p.map((v, i) => v * Math.log(v / q[i])));
      },
      ({ x, y }) => {
        const [a, b] = [logSumExp(x), logSumExp(y)];
        return backwards(softmax(x, backwards, 0).map((p, i) => p * (x[i] - a - (y[i] - b))));
      },
      ({ x, y }) => {
        const [p, q] = [softmax(x, pairwise, 0), softmax(y, pairwise, 0)];
        return dot(p, p.map(Math.log)) - dot(p, q.map(Math.log));
      },
    ],
  },
  'sigmoid and its slope': {
    inputs: { x: vector('n') },
    sizes: { n: [1, 4] },
    ways: [
      ({ x }) => x.map((v: number) => sigmoid(v) * (1 - sigmoid(v))),
      ({ x }) => x.map((v: number) => sigmoid(v) - sigmoid(v) ** 2),
      ({ x }) => x.map((v: number) => (1 - Math.tanh(v / 2) ** 2) / 4),
      ({ x }) => x.map((v: number) => Math.exp(-v) / (1 + Math.exp(-v)) ** 2),
    ],
  },
  tanh: {
    inputs: { x: vector('n') },
    sizes: { n: [1, 4] },
    ways: [
      ({ x }) => x.map(Math.tanh),
      ({ x }) => x.map((v: number) => 2 * sigmoid(2 * v) - 1),
      ({ x }) => x.map((v: number) => (Math.exp(v) - Math.exp(-v)) / (Math.exp(v) + Math.exp(-v))),
      ({ x }) => x.map((v: number) => 1 - 2 / (Math.exp(2 * v) + 1)),
    ],
  },
  'a recurrent network': {
    inputs: { x: vector('n'), w: vector('n') },
    sizes: { n: [1, 4] },
    ways: [
      ({ x, w }) => recurrent(x, w, Math.tanh, forwards),
      ({ x, w }) => recurrent(x, w, Math.tanh, backwards),
      ({ x, w }) => recurrent(x, w, (z) => 2 * sigmoid(2 * z) - 1, pairwise),
    ],
  },
  'one step of Adam': {
    inputs: { w: vector('n'), g: vector('n'), m: vector('n'), v: vector('n', { min: 0 }), t: integer(1, 9) },
    sizes: { n: [1, 4] },
    ways: [
      ({ w, g, m, v, t }) =>
        w.map((x: number, i: number) => {
          const mean = (0.9 * m[i] + 0.1 * g[i]) / (1 - 0.9 ** t);
          return x - (0.001 * mean) / (Math.sqrt((0.999 * v[i] + 0.001 * g[i] ** 2) / (1 - 0.999 ** t)) + 1e-8);
        }),
      ({ w, g, m, v, t }) =>
        w.map((x: number, i: number) => {
          const rate = (0.001 * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
          const second = Math.sqrt(v[i] + (1 - 0.999) * (g[i] * g[i] - v[i]));
          return x - (rate * (m[i] + (1 - 0.9) * (g[i] - m[i]))) / (second + 1e-8 * Math.sqrt(1 - 0.999 ** t));
        }),
    ],
  },
  'cosine of an angle': {
    inputs: { a: vector('n', { nonzero: true }), b: vector('n', { nonzero: true }), s: choice(0.1, 3) },
    sizes: { n: [1, 5] },
    ways: [
      ({ a, b }) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
      ({ a, b }) => {
        const unit = (x: number[]) => x.map((v) => v / Math.hypot(...x));
        return dot(unit(a), unit(b), backwards);
      },
      ({ a, b, s }) =>
        dot(
          a.map((v: number) => v * s),
          b,
          pairwise,
        ) /
        (Math.sqrt(dot(a, a)) * s) /
        Math.sqrt(dot(b, b)),
    ],
  },
};
