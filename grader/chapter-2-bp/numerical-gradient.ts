import { Tensor, full, ones, tensor as toTensor, zeros } from '#tensor';
import {
  agrees,
  callable,
  choice,
  exercise,
  functionOf,
  NamedFunction,
  number,
  property,
  pure,
  rejects,
  tensor,
  topic,
  vector,
  type ValueRecord,
} from '../engine/index.ts';

// Polynomials with quarters for coefficients, at quarters, with a power of 2 for a step: every difference is exact.

const cubic = () => functionOf('polynomial', vector(4));
const step = () => choice<number>(0.5, 0.25, 2 ** -10);

interface Curve {
  f: NamedFunction;
  x: number;
  h: number;
}

const along = (i: Curve) => callable<(x: number) => number>(i.f);
const parabola = new NamedFunction('polynomial', [0, 0, 1, 0]);
const badSteps = [
  { f: parabola, x: 1, h: 0 },
  { f: parabola, x: 1, h: -0.5 },
  { f: parabola, x: 1, h: Number.NaN },
];

const forwardDifference = exercise({
  points: 1,
  inputs: { f: cubic(), x: number(), h: step() },
  oracle(i) {
    const f = along(i);
    const rise = f(i.x + i.h) - f(i.x);
    return rise / i.h;
  },
  checks: [agrees({ exact: true }), rejects('a step that is not greater than 0', badSteps)],
  misconceptions: {
    'step to the left': {
      wrong: (i) => (along(i)(i.x) - along(i)(i.x - i.h)) / i.h,
      says: 'You step back from x. That is a difference too, but the forward one looks to the right.',
    },
    'steps to both sides': {
      wrong: (i) => (along(i)(i.x + i.h) - along(i)(i.x - i.h)) / (2 * i.h),
      says: 'You look to both sides: that is the central difference, which is the next exercise. The forward one starts at x itself.',
    },
    'not divided': {
      wrong: (i) => along(i)(i.x + i.h) - along(i)(i.x),
      says: 'You return how much f rises. A slope is the rise for each unit of the way.',
    },
    'the wrong way round': {
      wrong: (i) => (along(i)(i.x) - along(i)(i.x + i.h)) / i.h,
      says: 'The sign is turned: where f rises, your slope is negative. Where you arrive minus where you start.',
    },
    'only half the way': {
      wrong: (i) => (along(i)(i.x + i.h) - along(i)(i.x)) / (2 * i.h),
      says: 'You divide by 2h, but between x and x + h lies one step only.',
    },
  },
  hints: [
    'A slope is rise over run.',
    'f is called twice, at x + h and at x; each call gives one number.',
    '(f(x + h) − f(x)) / h, once h is known to be greater than 0.',
  ],
});

const centralDifference = exercise({
  points: 1,
  inputs: { f: cubic(), x: number(), h: step() },
  oracle(i) {
    const f = along(i);
    const rise = f(i.x + i.h) - f(i.x - i.h);
    const run = 2 * i.h;
    return rise / run;
  },
  checks: [agrees({ exact: true }), rejects('a step that is not greater than 0', badSteps)],
  misconceptions: {
    'divided by one step': {
      wrong: (i) => (along(i)(i.x + i.h) - along(i)(i.x - i.h)) / i.h,
      says: 'Your slope is twice too steep. How far is it from x − h to x + h?',
    },
    'one side only': {
      wrong: (i) => (along(i)(i.x + i.h) - along(i)(i.x)) / i.h,
      says: 'This is the forward difference: it starts at x. The central one starts as far to the left of x as it ends to the right.',
    },
    'half steps': {
      wrong: (i) => (along(i)(i.x + i.h / 2) - along(i)(i.x - i.h / 2)) / i.h,
      says: 'You take half a step to each side. That is a central difference as well, but one with h/2: a whole step to each side is asked for.',
    },
    'the wrong way round': {
      wrong: (i) => (along(i)(i.x - i.h) - along(i)(i.x + i.h)) / (2 * i.h),
      says: 'The sign is turned: where f rises, your slope is negative.',
    },
    'not divided': {
      wrong: (i) => along(i)(i.x + i.h) - along(i)(i.x - i.h),
      says: 'You return how much f rises. A slope is the rise for each unit of the way.',
    },
    'multiplied by h at the end': {
      wrong: (i) => ((along(i)(i.x + i.h) - along(i)(i.x - i.h)) / 2) * i.h,
      says: 'a / 2 * h divides by 2 and then multiplies by h: the computer reads from left to right. Brackets around 2 * h.',
    },
  },
  hints: [
    'Rise over run again, but with x in the middle.',
    'f is called twice, at x + h and at x − h.',
    '(f(x + h) − f(x − h)) / (2 * h).',
  ],
});

interface Field {
  f: NamedFunction;
  x: Tensor;
  h: number;
}

/** x ↦ ½ xᵀ A x + bᵀ x for an x of any shape; A (r, c, r, c) and b in the shape of x are drawn. */
const quadratic = (A: Tensor, b: Tensor) =>
  new NamedFunction('quadratic-form', { A: A.reshape(b.size, b.size), b: b.reshape(b.size) });
const cubicField = (coefficients: Tensor) => new NamedFunction('tensor-polynomial', { coefficients });

const moved = (x: Tensor, at: number, by: number) => x.map((v, i) => (i === at ? v + by : v));

function slopes({ f, x, h }: Field): Tensor {
  const value = callable<(x: Tensor) => number>(f);
  const g: number[] = [];
  for (let i = 0; i < x.size; i++) g.push((value(moved(x, i, h)) - value(moved(x, i, -h))) / (2 * h));
  return new Tensor(x.shape, g);
}

function forwardSlopes({ f, x, h }: Field): Tensor {
  const value = callable<(x: Tensor) => number>(f);
  return x.map((_, i) => (value(moved(x, i, h)) - value(x)) / h);
}

const bowl = new NamedFunction('quadratic-form', { A: toTensor([[2, 1], [1, 2]]), b: toTensor([1, 0]) }); // prettier-ignore
const counting = (shape: number[], start: number) => full(shape, 0).map((_, i) => start + ((i * 7) % 5) * 0.25 - 0.5);

const gradientByDifferences = exercise({
  points: 3,
  uses: ['centralDifference'],
  inputs: { x: tensor('r', 'c'), A: tensor('r', 'c', 'r', 'c'), b: tensor('r', 'c'), h: step() },
  sizes: { r: [1, 3], c: [1, 3] },
  derive: ({ x, A, b, h }): Field & ValueRecord => ({ f: quadratic(A, b), x, h }),
  parameters: ['f', 'x', 'h'],
  oracle: (i) => slopes(i),
  checks: [
    agrees({ exact: true, cases: 20 }),
    {
      ...pure(),
      // Moved by h, back by 2h and forth by h, the first entry is 0 in the end.
      fixed: () => [
        { f: bowl, x: toTensor([1e-20, 0.7]), h: 0.1 },
        { f: bowl, x: toTensor([1.5, -1e-20]), h: 0.1 },
      ],
    },
    rejects(
      'a step that is not greater than 0',
      [0, -0.25, Number.NaN].map((h) => ({ f: bowl, x: toTensor([1, 2]), h })),
      { worth: 1 },
    ),
  ],
  examples: [
    { f: cubicField(counting([4, 5], 0.25)), x: counting([5], 0), h: 0.25 },
    { f: cubicField(counting([4, 2, 1, 3], -0.25)), x: counting([2, 1, 3], 0.5), h: 0.5 },
    { f: cubicField(toTensor([1, -0.5, 2, 0.25])), x: toTensor(1.5), h: 0.5 },
  ],
  misconceptions: {
    'one side only': {
      wrong: (i) => forwardSlopes(i),
      says: 'You compare f(x + h e_i) with f(x): a forward difference for each entry. The central one is much nearer to the truth.',
    },
    'never on the other side': {
      wrong: ({ f, x, h }) => {
        const value = callable<(x: Tensor) => number>(f);
        return x.map((_, i) => (value(moved(x, i, h)) - value(x)) / (2 * h));
      },
      says: 'You go up by h and down by h, which brings you back to x, and not to the other side of it. Then you divide by the whole way.',
    },
    'divided by one step': {
      wrong: (i) => slopes(i).mul(2),
      says: 'Your gradient is twice too long. How far is it from x − h e_i to x + h e_i?',
    },
    'entries left where they were moved': {
      wrong: ({ f, x, h }) => {
        const value = callable<(x: Tensor) => number>(f);
        const now = new Tensor(x.shape, x.data.slice());
        return x.map((v, i) => {
          now.data[i] = v + h;
          const up = value(now);
          now.data[i] = v - h;
          return (up - value(now)) / (2 * h);
        });
      },
      says: 'The first entry is right; then its neighbour is moved while the first still stands at x − h. Put each entry back before you touch the next.',
    },
    'all entries moved at once': {
      wrong: ({ f, x, h }) => {
        const value = callable<(x: Tensor) => number>(f);
        const slope = (value(x.add(h)) - value(x.sub(h))) / (2 * h);
        return x.map(() => slope);
      },
      says: 'You move all entries together, and so every entry of your gradient is the sum of all. One at a time, the others held still.',
    },
    flattened: {
      wrong: (i) => slopes(i).flatten(),
      says: 'The numbers are right, in a row. A gradient has the shape of its variable.',
    },
  },
  hints: [
    'For one entry you have solved it already: the others stand still, and f is a function of one number.',
    'As many central differences as x has entries; the result has the shape of x.',
    'For each i: a copy of x with h added to entry i, another with h taken away; (f of the one − f of the other) / (2h).',
    'x.map((_, i) => centralDifference((v) => f(x.map((entry, j) => (j === i ? v : entry))), x.data[i], h)).',
  ],
});

const length = (x: Tensor) => Math.sqrt(Array.from(x.data).reduce((s, v) => s + v * v, 0));

const relativeError = exercise({
  points: 2,
  inputs: { a: tensor('r', 'c'), b: tensor('r', 'c') },
  sizes: { r: [1, 3], c: [1, 4] },
  oracle({ a, b }) {
    const larger = Math.max(length(a), length(b));
    if (larger === 0) return 0;
    let apart = 0;
    for (let i = 0; i < a.size; i++) apart += (a.data[i]! - b.data[i]!) ** 2;
    return Math.sqrt(apart) / larger;
  },
  checks: [
    agrees(),
    property<{ a: Tensor; b: Tensor }>('multiplying both by the same number changes nothing', {
      runs: ({ a, b }) => ({ plain: { a, b }, tiny: { a: a.mul(2 ** -40), b: b.mul(2 ** -40) } }),
      holds: ({ plain, tiny }) => Math.abs(plain - tiny) <= 1e-12,
    }),
    rejects('tensors of different shapes', [
      { a: ones(2, 3), b: ones(3, 2) },
      { a: ones(2, 3), b: ones(3) },
      { a: ones(2, 1), b: ones(2) },
      { a: ones(1), b: ones(3) },
    ]),
  ],
  examples: [
    { a: zeros(2, 2), b: zeros(2, 2) },
    { a: zeros(3), b: zeros(3) },
    { a: toTensor(2), b: toTensor(1) },
    { a: ones(2, 1, 2), b: zeros(2, 1, 2) },
    { a: toTensor([1000, 0]), b: toTensor([1000, 0.5]) },
  ],
  misconceptions: {
    'absolute error': {
      wrong: ({ a, b }) => length(a.sub(b)),
      says: 'This is how far apart they are, in the unit of the gradient. Is 0.01 much? Between gradients of length 100 it is nothing, between gradients of length 0.01 it is everything.',
    },
    'each entry by its own size': {
      wrong: ({ a, b }) =>
        Math.max(
          ...Array.from(a.data, (v, i) => {
            const size = Math.max(Math.abs(v), Math.abs(b.data[i]!));
            return size === 0 ? 0 : Math.abs(v - b.data[i]!) / size;
          }),
        ),
      says: 'You measure each entry by its own size and take the worst. Many books do; but an entry that should be 0 and is 1e-17 then counts as all wrong. Here the tensor is measured as a whole.',
    },
    'divided by the sum of the sizes': {
      wrong: ({ a, b }) => {
        const sizes = length(a) + length(b);
        return sizes === 0 ? 0 : length(a.sub(b)) / sizes;
      },
      says: 'You divide by both sizes together, which makes most errors look half as large. The larger of the two is asked for.',
    },
    'divided by the first': {
      wrong: ({ a, b }) => {
        const size = length(a);
        return size === 0 && length(b) === 0 ? 0 : length(a.sub(b)) / size;
      },
      says: 'You divide by the size of a. Swap a and b, and your error changes; and a = 0 makes it Infinity.',
    },
    'squares, without a root': {
      wrong: ({ a, b }) => {
        const size = Math.max(length(a), length(b)) ** 2;
        return size === 0 ? 0 : length(a.sub(b)) ** 2 / size;
      },
      says: 'You return the square of the error: 1e-4 where it should say 1e-2. A norm ends with a root.',
    },
    'difference of the lengths': {
      wrong: ({ a, b }) => {
        const size = Math.max(length(a), length(b));
        return size === 0 ? 0 : Math.abs(length(a) - length(b)) / size;
      },
      says: 'You compare how long they are. Two gradients can be equally long and point in opposite directions: subtract first, then measure.',
    },
    'two zeros are NaN': {
      wrong: ({ a, b }) => length(a.sub(b)) / Math.max(length(a), length(b)),
      says: 'Two tensors of zeros are equal, but 0/0 is NaN. A gradient that is 0 everywhere is not rare (a ReLU that is off has one).',
    },
    'divided by the second': {
      wrong: ({ a, b }) => {
        const size = length(b);
        return size === 0 && length(a) === 0 ? 0 : length(a.sub(b)) / size;
      },
      says: 'You divide by the size of b. Swap a and b, and your error changes; and b = 0 makes it Infinity.',
    },
    'a floor under the size': {
      wrong: ({ a, b }) => length(a.sub(b)) / Math.max(length(a), length(b), 1e-8),
      says: 'A smallest size in the denominator keeps 0/0 away, and makes every wrong gradient look right once it is small enough. Two zeros are a case of their own.',
    },
    'divided by the second, and 0 where it is 0': {
      wrong: ({ a, b }) => (length(b) === 0 ? 0 : length(a.sub(b)) / length(b)),
      says: 'You divide by the size of b. Swap a and b, and your error changes; and for b = 0 you find no error at all, whatever a is.',
    },
    'divided by the smaller': {
      wrong: ({ a, b }) => {
        const size = Math.min(length(a), length(b));
        return size === 0 ? 0 : length(a.sub(b)) / size;
      },
      says: 'You divide by the smaller of the two sizes: your error has no upper limit. It should never be more than 2.',
    },
  },
  hints: [
    'How far apart, and compared with what?',
    'All entries together make one number: subtract, square, sum, take the root. The same for the sizes.',
    '‖a − b‖ / max(‖a‖, ‖b‖), and 0 when that would be 0/0.',
    'a.sub(b).norm() / Math.max(a.norm(), b.norm()), after a.sameShape(b) and the case that both are zeros.',
  ],
});

interface Claim extends Field {
  gradient: Tensor;
  tolerance: number;
}

const errorOf = (a: Tensor, b: Tensor) => {
  const size = Math.max(length(a), length(b));
  return size === 0 ? 0 : length(a.sub(b)) / size;
};

function verdict({ gradient, tolerance }: Claim, numerical: Tensor) {
  let worst = 0;
  for (let i = 1; i < gradient.size; i++) {
    const apart = (k: number) => Math.abs(gradient.data[k]! - numerical.data[k]!);
    if (apart(i) > apart(worst)) worst = i;
  }
  const error = errorOf(gradient, numerical);
  return { ok: error <= tolerance, error, worst, given: gradient.data[worst]!, numerical: numerical.data[worst]! };
}

const checkGradient = exercise({
  points: 3,
  uses: ['numericalGradient', 'relativeError'],
  inputs: {
    x: tensor('r', 'c'),
    A: tensor('r', 'c', 'r', 'c'),
    b: tensor('r', 'c'),
    off: tensor('r', 'c'),
    by: choice<number>(1, 0, 2 ** -8),
    h: step(),
    tolerance: choice<number>(0.01, 0.3, 1e-6),
  },
  sizes: { r: [1, 3], c: [1, 3] },
  derive: ({ x, A, b, off, by, h, tolerance }): Claim & ValueRecord => {
    const f = quadratic(A, b);
    return { f, x, gradient: slopes({ f, x, h }).add(off.mul(by)), h, tolerance };
  },
  // Clear by a margin on which side of the tolerance the error lies.
  where: (i) => Math.abs(errorOf(i.gradient, slopes(i)) / i.tolerance - 1) > 1e-3,
  parameters: ['f', 'x', 'gradient', 'h', 'tolerance'],
  oracle: (i) => verdict(i, slopes(i)),
  checks: [
    agrees({ cases: 20 }),
    property<Claim>('a gradient with a NaN in it is never ok', {
      fixed: () =>
        [toTensor([Number.NaN, 1]), toTensor([4, Number.NaN])].map((gradient) => ({
          f: bowl,
          x: toTensor([1, 0]),
          gradient,
          h: 0.5,
          tolerance: 0.5,
        })),
      holds: ({ y }) => y.ok === false,
    }),
    pure(),
    rejects(
      'a gradient of another shape than x, or a step that is not greater than 0',
      [
        { f: bowl, x: toTensor([1, 2]), gradient: toTensor([[4, 5]]), h: 0.5, tolerance: 0.5 },
        { f: bowl, x: toTensor([1, 2]), gradient: toTensor([4]), h: 0.5, tolerance: 0.5 },
        { f: bowl, x: toTensor([1, 2]), gradient: toTensor([4, 5]), h: 0, tolerance: 0.5 },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    { f: bowl, x: toTensor([1, 0]), gradient: toTensor([3, 2]), h: 0.5, tolerance: 0.01 },
    { f: bowl, x: toTensor([1, 0]), gradient: toTensor([0, 0]), h: 0.5, tolerance: 0.3 },
    // an error of exactly the tolerance: 0, and 1
    { f: bowl, x: toTensor([1, 0]), gradient: toTensor([3, 1]), h: 0.5, tolerance: 0 },
    { f: bowl, x: toTensor([1, 0]), gradient: toTensor([0, 0]), h: 0.5, tolerance: 1 },
  ],
  misconceptions: {
    'judged by one-sided differences': {
      wrong: (i) => verdict(i, forwardSlopes(i)),
      says: 'Your numerical gradient looks to one side only: its own error is then larger than many of the mistakes it should find.',
    },
    'judged by the absolute error': {
      wrong: (i) => {
        const numerical = slopes(i);
        const error = length(i.gradient.sub(numerical));
        return { ...verdict(i, numerical), error, ok: error <= i.tolerance };
      },
      says: 'You compare the distance itself with the tolerance. Long gradients then never pass and short ones always do.',
    },
    'ok the wrong way round': {
      wrong: (i) => {
        const v = verdict(i, slopes(i));
        return { ...v, ok: v.error > i.tolerance };
      },
      says: 'Right gradients are refused and wrong ones accepted: which of error and tolerance must be the smaller?',
    },
    'worst with its sign': {
      wrong: (i) => {
        const numerical = slopes(i);
        const worst = i.gradient.sub(numerical).argmax().item();
        return { ...verdict(i, numerical), worst, given: i.gradient.data[worst]!, numerical: numerical.data[worst]! };
      },
      says: 'You look for the largest difference, with its sign: an entry that is far too small is never found.',
    },
    'the largest entry for the worst': {
      wrong: (i) => {
        const numerical = slopes(i);
        const worst = i.gradient.abs().argmax().item();
        return { ...verdict(i, numerical), worst, given: i.gradient.data[worst]!, numerical: numerical.data[worst]! };
      },
      says: 'worst shows where the gradient is largest, not where the two differ most.',
    },
    'given and numerical swapped': {
      wrong: (i) => {
        const v = verdict(i, slopes(i));
        return { ...v, given: v.numerical, numerical: v.given };
      },
      says: 'given is the gradient that you were handed, numerical the one that you computed.',
    },
    'NaN passes': {
      wrong: (i) => {
        const numerical = slopes(i);
        const error = i.gradient.data.some(Number.isNaN) ? Number.NaN : errorOf(i.gradient, numerical);
        return { ...verdict(i, numerical), error, ok: !(error > i.tolerance) };
      },
      says: 'Every comparison with NaN is false, so "not greater than the tolerance" lets it pass. Ask for what must hold instead of what must not.',
    },
    'below the tolerance only': {
      wrong: (i) => {
        const v = verdict(i, slopes(i));
        return { ...v, ok: v.error < i.tolerance };
      },
      says: 'An error that is just as large as the tolerance passes, too: with a tolerance of 0, a perfect gradient should.',
    },
    'ok when at least the tolerance': {
      wrong: (i) => {
        const v = verdict(i, slopes(i));
        return { ...v, ok: v.error >= i.tolerance };
      },
      says: 'Large errors are accepted and small ones refused: which of error and tolerance must be the smaller?',
    },
    'NaN passes, and is passed over': {
      wrong: (i) => {
        const numerical = slopes(i);
        let [worst, most] = [0, -1];
        for (let k = 0; k < i.gradient.size; k++) {
          const apart = Math.abs(i.gradient.data[k]! - numerical.data[k]!);
          if (apart > most) [worst, most] = [k, apart];
        }
        const error = i.gradient.data.some(Number.isNaN) ? Number.NaN : errorOf(i.gradient, numerical);
        return {
          ok: !(error > i.tolerance),
          error,
          worst,
          given: i.gradient.data[worst]!,
          numerical: numerical.data[worst]!,
        };
      },
      says: 'Every comparison with NaN is false, so "not greater than the tolerance" lets it pass. Ask for what must hold instead of what must not.',
    },
    'NaN passes, and is the worst': {
      wrong: (i) => {
        const numerical = slopes(i);
        const worst = i.gradient.sub(numerical).abs().argmax().item();
        const error = i.gradient.data.some(Number.isNaN) ? Number.NaN : errorOf(i.gradient, numerical);
        return {
          ok: !(error > i.tolerance),
          error,
          worst,
          given: i.gradient.data[worst]!,
          numerical: numerical.data[worst]!,
        };
      },
      says: 'Every comparison with NaN is false, so "not greater than the tolerance" lets it pass. Ask for what must hold instead of what must not.',
    },
    'the last of equal places': {
      wrong: (i) => {
        const numerical = slopes(i);
        const apart = i.gradient.sub(numerical).abs();
        let worst = 0;
        for (let k = 1; k < apart.size; k++) if (apart.data[k]! >= apart.data[worst]!) worst = k;
        return { ...verdict(i, numerical), worst, given: i.gradient.data[worst]!, numerical: numerical.data[worst]! };
      },
      says: 'Where several entries are equally far off, you name the last of them. The docstring asks for the first.',
    },
  },
  hints: [
    'You have written all the parts: a numerical gradient, and a measure of how far apart two tensors are.',
    'Two tensors in the shape of x; out of them come one error, and one place.',
    'worst is where |gradient − numerical| is largest: argmax() of a Tensor without an axis gives the index into data, the first of equal ones.',
    'const numerical = numericalGradient(f, x, h); const error = relativeError(gradient, numerical); ok: error <= tolerance; worst = gradient.sub(numerical).abs().argmax().item().',
  ],
});

export const numericalGradient = topic('numerical-gradient', 'Derivatives by trying', {
  forwardDifference,
  centralDifference,
  numericalGradient: gradientByDifferences,
  relativeError,
  checkGradient,
});
