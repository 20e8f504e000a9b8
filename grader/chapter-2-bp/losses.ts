import { Tensor, tensor as toTensor, zeros } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientAgrees,
  gradientOf,
  indices,
  mean,
  property,
  pure,
  range,
  rejects,
  staysFinite,
  sum,
  tensor,
  topic,
  valueOf,
  Var,
  VarTensor,
  type Lifted,
  type ValueRecord,
} from '../engine/index.ts';

// Distributions

/** Counts become a distribution; shrinking then shrinks counts. */
const shares = (counts: Tensor) => counts.div(counts.sum());
const isDistribution = (p: Tensor) => p.data.every((x) => x >= 0);

const plogp = (p: Tensor, log: (x: number) => number) => p.data.reduce((s, x) => (x === 0 ? s : s + x * log(x)), 0);

const entropy = exercise({
  points: 1,
  inputs: { p: tensor('C', { min: 0, max: 4, step: 1 }) },
  sizes: { C: [1, 5] },
  derive: ({ p }) => ({ p: shares(p) }),
  where: ({ p }) => isDistribution(p),
  oracle({ p }) {
    let surprise = 0;
    for (const x of p.data) if (x > 0) surprise += x * Math.log(1 / x);
    return surprise;
  },
  checks: [
    agrees(),
    property<{ p: Tensor }>('nothing is more uncertain than equal chances: H ≤ log C', {
      holds: ({ y }, { p }) => y >= -1e-12 && y <= Math.log(p.size) + 1e-12,
    }),
    pure(),
    rejects('numbers that are no distribution', [
      { p: toTensor([0.5, 0.25]) },
      { p: toTensor([1.5, -0.5]) },
      { p: toTensor([0.5, 0.75]) },
      { p: toTensor([[0.5, 0.5]]) },
    ]),
  ],
  examples: [{ p: toTensor([0.5, 0.25, 0.25]) }, { p: toTensor([0, 1, 0]) }, { p: toTensor([0.75, 0, 0.25]) }],
  misconceptions: {
    'minus sign missing': {
      wrong: ({ p }) => plogp(p, Math.log),
      says: 'Your entropy is never positive. The logarithm of a probability is at most 0; surprise is minus that.',
    },
    '0 · log 0 is NaN': {
      wrong: ({ p }) => -p.mul(p.log()).sum().item(),
      says: 'An outcome that never happens makes your sum NaN: log 0 is −Infinity, and 0 times that is no number. What should something that never happens add to an average?',
    },
    'in bits': {
      wrong: ({ p }) => -plogp(p, Math.log2),
      says: 'You take the logarithm to base 2, which measures in bits. Here everything is in nats, with the natural logarithm.',
    },
    'not weighted': {
      wrong: ({ p }) => -p.data.reduce((s, x) => (x === 0 ? s : s + Math.log(x)), 0),
      says: 'You add up the surprises as if each outcome happened equally often. An average weighs each with how often it happens.',
    },
    'divided by C': {
      wrong: ({ p }) => -plogp(p, Math.log) / p.size,
      says: 'You divide by the number of outcomes. The probabilities are the weights of the average already; they add up to 1.',
    },
    'a small number inside the logarithm': {
      wrong: ({ p }) => -p.data.reduce((s, x) => s + x * Math.log(x + 1e-8), 0),
      says: 'A small number added inside the logarithm keeps NaN away, and makes every result slightly wrong. Treat probability 0 by itself instead.',
    },
  },
  hints: [
    'How surprised are you by an outcome of probability p? By −log p. Now the average over all outcomes.',
    'A vector (C) becomes one number. What does an outcome with p = 0 contribute?',
    'H = −Σ p log p, skipping every p that is 0.',
    'p.map((x) => (x === 0 ? 0 : -x * Math.log(x))).sum().item(), after needDistribution.',
  ],
});

const kl = (p: Tensor, q: Tensor, term: (p: number, q: number) => number) =>
  p.data.reduce((s, x, c) => s + term(x, q.data[c]!), 0);
const orZero = (p: number, value: number) => (p === 0 ? 0 : value);

const klDivergence = exercise({
  points: 2,
  inputs: { p: tensor('C', { min: 0, max: 4, step: 1 }), q: tensor('C', { min: 0, max: 8, step: 1 }) },
  sizes: { C: [1, 5] },
  derive: ({ p, q }) => ({ p: shares(p), q: shares(q) }),
  where: ({ p, q }) => isDistribution(p) && isDistribution(q),
  oracle({ p, q }) {
    let cost = 0;
    for (let c = 0; c < p.size; c++) {
      if (p.data[c]! > 0) cost += p.data[c]! * (Math.log(p.data[c]!) - Math.log(q.data[c]!));
    }
    return cost;
  },
  checks: [
    agrees(),
    property<{ p: Tensor; q: Tensor }>('it is never negative, and 0 when both are the same', {
      runs: (i) => ({ other: { ...i }, same: { ...i, q: i.p } }),
      holds: ({ other, same }) => other >= -1e-12 && Math.abs(same) <= 1e-12,
    }),
    pure(),
    rejects('two vectors that are not distributions over the same outcomes', [
      { p: toTensor([0.5, 0.5]), q: toTensor([0.5, 0.25, 0.25]) },
      { p: toTensor([0.5, 0.5]), q: toTensor([1]) },
      { p: toTensor([0.5, 0.25]), q: toTensor([0.5, 0.5]) },
      { p: toTensor([0.5, 0.5]), q: toTensor([1.25, -0.25]) },
    ]),
  ],
  examples: [
    { p: toTensor([0.5, 0.25, 0.25]), q: toTensor([0.25, 0.25, 0.5]) },
    { p: toTensor([0.5, 0.5, 0]), q: toTensor([0.5, 0.25, 0.25]) },
    { p: toTensor([0.5, 0.5]), q: toTensor([0, 1]) },
    { p: toTensor([0, 1, 0]), q: toTensor([0, 0.75, 0.25]) },
    { p: toTensor([0.25, 0.75]), q: toTensor([1, 0]) },
  ],
  misconceptions: {
    'p and q swapped': {
      wrong: ({ p, q }) => kl(q, p, (x, y) => orZero(x, x * Math.log(x / y))),
      says: 'You computed KL(q ‖ p). The two are different: the first one is what really happens, and it weighs the terms.',
    },
    'sign turned': {
      wrong: ({ p, q }) => kl(p, q, (x, y) => orZero(x, x * Math.log(y / x))),
      says: 'Your divergence is never positive: the fraction inside the logarithm is upside down.',
    },
    'weighted with q': {
      wrong: ({ p, q }) => kl(p, q, (x, y) => orZero(x, y * Math.log(x / y))),
      says: 'You weigh the terms with q. The average is over what really happens, and that is p.',
    },
    'cross-entropy instead': {
      wrong: ({ p, q }) => kl(p, q, (x, y) => orZero(x, -x * Math.log(y))),
      says: 'That is the cross-entropy −Σ p log q. Of that, a part is surprise that even p itself could not avoid; the divergence is only the rest.',
    },
    'difference of the entropies': {
      wrong: ({ p, q }) => plogp(p, Math.log) - plogp(q, Math.log),
      says: 'You subtract two entropies. Both logarithms have to be averaged with the same weights, those of p.',
    },
    '0 · log 0 is NaN': {
      wrong: ({ p, q }) => kl(p, q, (x, y) => x * Math.log(x / y)),
      says: 'Where p is 0 you get 0 · (−Infinity), which is NaN. An outcome that never happens adds nothing, whatever q thinks of it.',
    },
    'q = 0 skipped': {
      wrong: ({ p, q }) => kl(p, q, (x, y) => (x === 0 || y === 0 ? 0 : x * Math.log(x / y))),
      says: 'You leave out the outcomes that q calls impossible. If they do happen, that is the worst mistake a belief can make, not the smallest.',
    },
    'in bits': {
      wrong: ({ p, q }) => kl(p, q, (x, y) => orZero(x, x * Math.log2(x / y))),
      says: 'You take the logarithm to base 2. Here everything is in nats, with the natural logarithm.',
    },
    'p and q swapped, with the zeros of p left out': {
      wrong: ({ p, q }) => kl(p, q, (x, y) => orZero(x, y * Math.log(y / x))),
      says: 'You computed KL(q ‖ p), of the outcomes that p allows. The first of the two is what really happens, and it weighs the terms.',
    },
    'divided by C': {
      wrong: ({ p, q }) => kl(p, q, (x, y) => orZero(x, x * Math.log(x / y))) / p.size,
      says: 'You divide by the number of outcomes. The probabilities p are the weights of the average already; they add up to 1.',
    },
  },
  hints: [
    'Someone believes q while p is true. How much more surprised are they, on average, than someone who knows p?',
    'Two vectors (C) become one number; each outcome contributes p_c times a difference of two logarithms.',
    'KL = Σ p log(p/q); skip p = 0, and let q = 0 give Infinity, as the division does by itself.',
    'p.map((x, c) => (x === 0 ? 0 : x * Math.log(x / q.data[c]))).sum().item(), after the three checks.',
  ],
});

// Regression: the error of each element, and a mean over all of them.

interface Pair {
  y: Tensor;
  target: Tensor;
}

const pairInputs = { y: tensor('N', 'M'), target: tensor('N', 'M') };
/** Distances between y and target that tell mistakes apart, in one, two and three axes. */
const pairExamples = [
  {
    y: toTensor([
      [0.5, -1.25, 2],
      [1, 0.25, -2],
    ]),
    target: toTensor([
      [1.5, -1, -1],
      [0.5, 2, -0.25],
    ]),
  },
  { y: toTensor([1.5, -0.5, 0.25]), target: toTensor([-1, 1.25, 0]) },
  {
    y: toTensor([
      [[1], [-2]],
      [[0.5], [1.75]],
    ]),
    target: toTensor([
      [[0.5], [1]],
      [[-1.5], [1.5]],
    ]),
  },
];
const badPairs = [
  { y: toTensor([[1], [2], [3]]), target: toTensor([1, 2, 3]) },
  { y: toTensor([1, 2]), target: toTensor([1]) },
  { y: toTensor([1]), target: toTensor([1, 2]) },
  { y: zeros(0, 2), target: zeros(0, 2) },
];

/** The mean of f(error) over all elements, on the tape. */
const meanOf =
  (f: (error: Var) => Var) =>
  ({ y, target }: Lifted<Pair>): Var =>
    mean(y.data.map((v, k) => f(v.sub(target.data[k]!))));
const lossOf =
  <I>(definition: (inputs: I) => Var) =>
  (inputs: I) => ({ loss: definition(inputs) });

const errors = ({ y, target }: Pair) => y.sub(target);
const rowsOf = ({ y }: Pair) => y.shape[0]!;
const total = (x: Tensor) => x.sum().item();

const squared = meanOf((e) => e.mul(e));

const mseForward = exercise({
  points: 1,
  inputs: pairInputs,
  oracle: valueOf(lossOf(squared)),
  checks: [agrees(), pure(), rejects('targets of another shape, or nothing at all', badPairs)],
  examples: pairExamples,
  misconceptions: {
    'sum for mean': {
      wrong: (i) => ({ loss: total(errors(i).square()) }),
      says: 'You add up the squares; the mean divides by their number.',
    },
    'mean over rows only': {
      wrong: (i) => ({ loss: total(errors(i).square()) / rowsOf(i) }),
      says: 'You divide by the number of rows. The mean runs over all elements.',
    },
    'half the mean': {
      wrong: (i) => ({ loss: errors(i).square().mean().item() / 2 }),
      says: 'There is a ½ in your loss. The mean squared error of this course has none.',
    },
    'root of the mean': {
      wrong: (i) => ({ loss: Math.sqrt(errors(i).square().mean().item()) }),
      says: 'You take the root at the end. The loss is the mean square itself.',
    },
    'absolute differences': {
      wrong: (i) => ({ loss: errors(i).abs().mean().item() }),
      says: 'You average the absolute errors. That is the L1 loss, further down in this file.',
    },
    'square of the mean': {
      wrong: (i) => ({ loss: errors(i).mean().item() ** 2 }),
      says: 'You average first and square afterwards, so that errors of opposite sign cancel.',
    },
  },
  hints: [
    'Each element’s miss, squared, and the average of those.',
    'Two tensors of one shape become one number; the cache keeps what the gradient will need.',
    'error = y − target; loss = mean of error².',
    'return { loss: error.square().mean().item(), cache: { error } };',
  ],
});

/** A gradient from each error and the two counts it could be divided by. */
const slope = (i: Pair, f: (error: number, n: number, rows: number) => number) =>
  errors(i).map((e) => f(e, i.y.size, rowsOf(i)));

const mseBackward = exercise({
  points: 1,
  inputs: pairInputs,
  parameters: [],
  backwardOf: { forward: 'mseForward', takes: ['y', 'target'] },
  oracle: gradientOf(squared, { wrt: 'y' }),
  checks: [gradientAgrees()],
  examples: pairExamples,
  misconceptions: {
    'factor 2 missing': {
      wrong: (i) => slope(i, (e, n) => e / n),
      says: 'Everything is half of what it should be: the 2 of the square’s derivative stays, for the loss has no ½.',
    },
    'sum for mean': {
      wrong: (i) => slope(i, (e) => 2 * e),
      says: 'The loss is a mean over n elements, so each of them can move it by only 1/n of its own slope.',
    },
    'neither 2 nor 1/n': {
      wrong: (i) => slope(i, (e) => e),
      says: 'You return the error itself: both the 2 of the square and the 1/n of the mean are missing.',
    },
    'mean over rows only': {
      wrong: (i) => slope(i, (e, _n, rows) => (2 * e) / rows),
      says: 'You divide by the number of rows. The mean of the forward pass runs over all elements.',
    },
    'sign turned': {
      wrong: (i) => slope(i, (e, n) => (-2 * e) / n),
      says: 'Your gradient points downhill. It has to say where the loss grows, and it grows when y moves away from the target.',
    },
  },
  hints: [
    'Move one element of y a little. Only one term of the mean notices.',
    'The gradient has the shape of y.',
    '∂/∂y of (y − t)² is 2 (y − t), and the mean divides by n = error.size.',
    'return cache.error.mul(2 / cache.error.size);',
  ],
});

const absolute = meanOf((e) => e.abs());

const l1Forward = exercise({
  points: 1,
  inputs: pairInputs,
  oracle: valueOf(lossOf(absolute)),
  checks: [agrees(), pure(), rejects('targets of another shape, or nothing at all', badPairs)],
  examples: pairExamples,
  misconceptions: {
    'sum for mean': {
      wrong: (i) => ({ loss: total(errors(i).abs()) }),
      says: 'You add up the absolute errors; the mean divides by their number.',
    },
    'mean over rows only': {
      wrong: (i) => ({ loss: total(errors(i).abs()) / rowsOf(i) }),
      says: 'You divide by the number of rows. The mean runs over all elements.',
    },
    'squares instead': {
      wrong: (i) => ({ loss: errors(i).square().mean().item() }),
      says: 'You square the errors. The L1 loss takes their absolute values.',
    },
    'no absolute value': {
      wrong: (i) => ({ loss: errors(i).mean().item() }),
      says: 'Errors of opposite sign cancel in your mean, and your loss can be negative.',
    },
    'absolute value of the mean': {
      wrong: (i) => ({ loss: Math.abs(errors(i).mean().item()) }),
      says: 'You take the absolute value at the end, when errors of opposite sign have cancelled already.',
    },
  },
  hints: [
    'As the mean squared error, with another way of making every miss count as positive.',
    'Two tensors of one shape become one number.',
    'loss = mean of |y − target|.',
    'return { loss: error.abs().mean().item(), cache: { error } };',
  ],
});

const l1Backward = exercise({
  points: 1,
  inputs: pairInputs,
  sizes: { N: [1, 4], M: [1, 3] },
  parameters: [],
  backwardOf: { forward: 'l1Forward', takes: ['y', 'target'] },
  oracle: gradientOf(absolute, { wrt: 'y' }),
  checks: [
    gradientAgrees({ cases: 20 }),
    property<Pair>('an element that is exactly right has gradient 0', {
      fixed: () => [
        { y: toTensor([1, -0.5, 2]), target: toTensor([1, 0.5, 2]) },
        { y: toTensor([[0], [3]]), target: toTensor([[0], [1]]) },
      ],
      holds: ({ y: dy }, { y, target }) =>
        dy.data.every((g: number, k: number) => g === 0 || y.data[k] !== target.data[k]) && !dy.data.some(Number.isNaN),
    }),
  ],
  examples: pairExamples,
  misconceptions: {
    'error instead of its sign': {
      wrong: (i) => slope(i, (e, n) => e / n),
      says: 'Your gradient grows with the error. |e| is made of two straight lines: how steep are they?',
    },
    'square’s derivative': {
      wrong: (i) => slope(i, (e, n) => (2 * e) / n),
      says: 'That is the gradient of the mean squared error. |e| is made of two straight lines: how steep are they?',
    },
    'sum for mean': {
      wrong: (i) => slope(i, (e) => Math.sign(e)),
      says: 'The loss is a mean over n elements; its gradient carries the 1/n.',
    },
    'mean over rows only': {
      wrong: (i) => slope(i, (e, _n, rows) => Math.sign(e) / rows),
      says: 'You divide by the number of rows. The mean of the forward pass runs over all elements.',
    },
    'sign turned': {
      wrong: (i) => slope(i, (e, n) => -Math.sign(e) / n),
      says: 'Your gradient points downhill; it has to say where the loss grows.',
    },
    'slope 1 at the kink': {
      wrong: (i) => slope(i, (e, n) => (e >= 0 ? 1 : -1) / n),
      says: 'Where the error is exactly 0, you push anyway. At the tip of the V the course takes 0, the middle of its two slopes.',
    },
    'error divided by its size': {
      wrong: (i) => slope(i, (e, n) => e / Math.abs(e) / n),
      says: 'e / |e| is the sign of e, except at 0, where it is 0/0. Is there a function that knows about that case?',
    },
  },
  hints: [
    'How steep is |e| to the right of 0, how steep to the left, and what does the docstring say of 0 itself?',
    'The gradient has the shape of y and only three different values.',
    'dy = sign(error) / n.',
    'return cache.error.sign().div(cache.error.size);',
  ],
});

interface HuberInputs extends Pair {
  delta: number;
}

/** The two pieces, one error at a time. `delta` is a plain number. */
const huber = ({ y, target, delta }: Lifted<Pair> & { delta: number }) =>
  meanOf((e) => {
    const far = Math.abs(e.value) > delta;
    return far
      ? e
          .abs()
          .sub(delta / 2)
          .mul(delta)
      : e.mul(e).div(2);
  })({ y, target });

const huberInputs = { ...pairInputs, delta: choice<number>(1, 0.5, 1.5, 0.75) };
const huberExamples = [
  { ...pairExamples[0]!, delta: 0.5 },
  { ...pairExamples[1]!, delta: 1.5 },
  { ...pairExamples[2]!, delta: 0.75 },
  { y: toTensor([0.25, -0.5, 0.5]), target: toTensor([0, 0, 0]), delta: 1.5 },
  { y: toTensor([1, -1, 3]), target: toTensor([0, 0, 0]), delta: 1 },
];
const piecewise = (i: HuberInputs, near: (e: number, d: number) => number, far: (e: number, d: number) => number) =>
  errors(i).map((e) => (Math.abs(e) <= i.delta ? near(e, i.delta) : far(e, i.delta)));
const parabola = (e: number) => e ** 2 / 2;
const line = (e: number, d: number) => d * (Math.abs(e) - d / 2);
const huberLoss = (terms: Tensor) => ({ loss: terms.mean().item() });

const huberForward = exercise({
  points: 2,
  inputs: huberInputs,
  oracle: valueOf(lossOf(huber), { plain: ['delta'] }),
  checks: [
    agrees(),
    property<HuberInputs>('for a large δ it is half the mean squared error', {
      runs: (i) => ({ wide: { ...i, delta: 64 } }),
      holds: ({ wide }, i) => Math.abs(wide.loss - errors(i).square().mean().item() / 2) <= 1e-12 * (1 + wide.loss),
    }),
    pure(),
    rejects('targets of another shape, or a δ that is not greater than 0', [
      ...badPairs.map((pair) => ({ ...pair, delta: 1 })),
      { y: toTensor([1]), target: toTensor([0]), delta: 0 },
      { y: toTensor([1]), target: toTensor([0]), delta: -1 },
      { y: toTensor([1]), target: toTensor([0]), delta: Number.NaN },
    ]),
  ],
  examples: huberExamples,
  misconceptions: {
    '½ missing in the parabola': {
      wrong: (i) => huberLoss(piecewise(i, (e) => e ** 2, line)),
      says: 'Your parabola is twice too high and does not meet the lines at ±δ. Here the ½ belongs.',
    },
    'parabola everywhere': {
      wrong: (i) => huberLoss(errors(i).map(parabola)),
      says: 'Large errors still count with their square. From δ on the loss should go on as a straight line.',
    },
    'lines do not meet the parabola': {
      wrong: (i) => huberLoss(piecewise(i, parabola, (e, d) => d * Math.abs(e))),
      says: 'Your loss jumps at ±δ. Put e = δ into both pieces: what has to be taken from the line?',
    },
    'δ taken as 1': {
      wrong: (i) => huberLoss(piecewise({ ...i, delta: 1 }, parabola, line)),
      says: 'δ changes nothing in your result; you always change pieces at 1.',
    },
    'divided by δ': {
      wrong: (i) => ({ loss: piecewise(i, parabola, line).mean().item() / i.delta }),
      says: 'That is PyTorch’s smooth L1 loss with beta = δ: the Huber loss divided by δ. Near 0 the Huber loss is ½ e², whatever δ is.',
    },
    'slope 1 instead of δ': {
      wrong: (i) => huberLoss(piecewise(i, parabola, (e, d) => Math.abs(e) - d / 2)),
      says: 'Your lines have slope 1. The parabola arrives at ±δ with another slope; go on with that one.',
    },
    'sum for mean': {
      wrong: (i) => ({ loss: total(piecewise(i, parabola, line)) }),
      says: 'You add up the terms; the mean divides by their number.',
    },
    'δ subtracted whole': {
      wrong: (i) => huberLoss(piecewise(i, parabola, (e, d) => d * (Math.abs(e) - d))),
      says: 'Your loss jumps down at ±δ: there your line begins at 0, and the parabola has come to ½ δ². How much has to be taken from |e|?',
    },
    'line on the right only': {
      wrong: (i) => huberLoss(errors(i).map((e) => (e <= i.delta ? parabola(e) : line(e, i.delta)))),
      says: 'Errors above δ go on as a line, errors below −δ still count with their square. It is the size of the error that decides.',
    },
    '½ missing where both pieces need it': {
      wrong: (i) =>
        huberLoss(
          errors(i).map((e) => {
            const near = Math.min(Math.abs(e), i.delta);
            return near ** 2 + i.delta * (Math.abs(e) - near);
          }),
        ),
      says: 'Your parabola is twice too high, and so is the height at which the lines set out. Here the ½ belongs.',
    },
    'δ missing in the line': {
      wrong: (i) => huberLoss(piecewise(i, parabola, (e) => Math.abs(e) - 0.5)),
      says: 'Your line is |e| − ½, which is right for δ = 1 only. Its slope and the place where it begins both depend on δ.',
    },
    'pieces swapped': {
      wrong: (i) => huberLoss(errors(i).map((e) => (Math.abs(e) > i.delta ? parabola(e) : line(e, i.delta)))),
      says: 'Small errors are on the line and large ones on the parabola. It is the large ones that should count less than their square.',
    },
  },
  hints: [
    'Draw ½ e² up to δ, then go on straight with the slope it has there.',
    'Each element decides by itself which piece it is on; the result is one number.',
    'h(e) = ½ e² for |e| ≤ δ, else δ (|e| − ½ δ); then the mean.',
    'error.map((e) => (Math.abs(e) <= delta ? e ** 2 / 2 : delta * (Math.abs(e) - delta / 2))).mean().item()',
  ],
});

const huberBackward = exercise({
  points: 1,
  inputs: huberInputs,
  parameters: [],
  backwardOf: { forward: 'huberForward', takes: ['y', 'target', 'delta'] },
  oracle: gradientOf(huber, { wrt: 'y', plain: ['delta'] }),
  checks: [gradientAgrees()],
  examples: huberExamples,
  misconceptions: {
    'not limited': {
      wrong: (i) => slope(i, (e, n) => e / n),
      says: 'Your gradient grows with the error without end. Beyond δ the loss is a straight line.',
    },
    'large errors dropped': {
      wrong: (i) =>
        piecewise(
          i,
          (e) => e,
          () => 0,
        ).div(i.y.size),
      says: 'Beyond δ your gradient is 0. The line there is not level: it goes on with the slope of the parabola at δ.',
    },
    'δ taken as 1': {
      wrong: (i) => errors(i).clip(-1, 1).div(i.y.size),
      says: 'δ changes nothing in your gradient; you always limit at ±1.',
    },
    'slope 1 instead of δ': {
      wrong: (i) =>
        piecewise(
          i,
          (e) => e,
          (e) => Math.sign(e),
        ).div(i.y.size),
      says: 'Beyond δ your gradient has size 1/n. How steep is δ (|e| − ½ δ)?',
    },
    'factor 2': {
      wrong: (i) =>
        piecewise(
          i,
          (e) => 2 * e,
          (e, d) => d * Math.sign(e),
        ).div(i.y.size),
      says: 'In the middle your gradient is twice too steep: the derivative of ½ e² has no 2.',
    },
    'sum for mean': {
      wrong: (i) => errors(i).clip(-i.delta, i.delta),
      says: 'The loss is a mean over n elements; its gradient carries the 1/n.',
    },
    'sign turned': {
      wrong: (i) => errors(i).clip(-i.delta, i.delta).div(-i.y.size),
      says: 'Your gradient points downhill; it has to say where the loss grows.',
    },
    'limited above only': {
      wrong: (i) => slope(i, (e, n) => Math.min(e, i.delta) / n),
      says: 'You limit errors above δ; those below −δ pull without end. The loss has a straight line on both sides.',
    },
    'limited after the division': {
      wrong: (i) => slope(i, (e, n) => Math.max(-i.delta, Math.min(i.delta, e / n))),
      says: 'You divide by n first and limit at ±δ afterwards. Each error decides which piece it is on before there is any mean.',
    },
    'always to the right': {
      wrong: (i) =>
        piecewise(
          i,
          (e) => e,
          (_e, d) => d,
        ).div(i.y.size),
      says: 'Beyond δ your gradient is always +δ. For an error below −δ the loss falls towards the right.',
    },
  },
  hints: [
    'The slope of each piece: of ½ e², and of the line.',
    'The gradient has the shape of y, and no entry beyond ±δ/n.',
    'e in the middle, ±δ outside: the error, cut off at ±δ. Then the 1/n.',
    'return error.clip(-delta, delta).div(error.size);',
  ],
});

// Classification

interface CrossEntropyInputs {
  logits: Tensor;
  labels: number[];
  smoothing: number;
}

/** log Σ exp of a row on the tape, shifted by its largest. */
function logSumExp(row: readonly Var[]): Var {
  const m = Math.max(...row.map((z) => z.value));
  return sum(row.map((z) => z.sub(m).exp()))
    .log()
    .add(m);
}

/** −(1/N) Σ_i Σ_c target_ic log softmax(logits)_ic, one row at a time. */
function crossEntropy({ logits, labels, smoothing }: { logits: VarTensor; labels: number[]; smoothing: number }): Var {
  const [N, C] = logits.shape as [number, number];
  return mean(
    range(N, (i) => {
      const row = range(C, (c) => logits.at(i, c));
      const norm = logSumExp(row);
      return sum(row.map((z, c) => norm.sub(z).mul((c === labels[i] ? 1 - smoothing : 0) + smoothing / C)));
    }),
  );
}

const plain = ['labels', 'smoothing'];
const crossEntropyInputs = {
  logits: tensor('N', 'C'),
  labels: indices('N', 'C'),
  smoothing: choice<number>(0, 0.25, 0.1, 0.5),
};
const hugeLogits = [
  {
    logits: toTensor([
      [1000, -1000, 0],
      [0, 500, 1000],
    ]),
    labels: [1, 0],
    smoothing: 0,
  },
  {
    logits: toTensor([
      [-1000, 1000],
      [-900, 900],
      [800, -800],
    ]),
    labels: [0, 1, 1],
    smoothing: 0.25,
  },
];
/** Rows so far apart that a maximum over the whole tensor leaves nothing of the lower ones. */
const distantRows = [
  {
    logits: toTensor([
      [1000, 1001],
      [-1000, -999],
    ]),
    labels: [0, 1],
    smoothing: 0,
  },
  {
    logits: toTensor([
      [900, 901, 899.5],
      [0, 1, -1],
      [1, 2, 0],
    ]),
    labels: [2, 0, 1],
    smoothing: 0.1,
  },
];

/** Nothing is left of the labels: the targets are even. */
const wholeSmoothing = { logits: toTensor([[0.5, -1, 2]]), labels: [2], smoothing: 1 };

const onehot = ({ logits, labels }: CrossEntropyInputs) =>
  logits.map((_, k) => (labels[Math.floor(k / logits.shape[1]!)] === k % logits.shape[1]! ? 1 : 0));
const soft = (i: CrossEntropyInputs) =>
  onehot(i)
    .mul(1 - i.smoothing)
    .add(i.smoothing / i.logits.shape[1]!);
const softmaxAlong = (x: Tensor, axis: number) => {
  const e = x.sub(x.max(axis, { keepDims: true })).exp();
  return e.div(e.sum(axis, { keepDims: true }));
};
const logSoftmax = (x: Tensor) => {
  const shifted = x.sub(x.max(1, { keepDims: true }));
  return shifted.sub(shifted.exp().sum(1, { keepDims: true }).log());
};
const crossed = (targets: Tensor, logp: Tensor) => ({ loss: -total(targets.mul(logp)) / logp.shape[0]! });

const crossEntropyForward = exercise({
  points: 3,
  inputs: crossEntropyInputs,
  sizes: { N: [1, 4], C: [1, 5] },
  oracle: valueOf(lossOf(crossEntropy), { plain }),
  checks: [
    agrees(),
    property<CrossEntropyInputs>('a constant added to a row of logits changes nothing', {
      runs: (i) => ({ before: { ...i } as ValueRecord, after: { ...i, logits: i.logits.add(3) } as ValueRecord }),
      holds: ({ before, after }) => Math.abs(before.loss - after.loss) <= 1e-11,
    }),
    staysFinite({ scale: 1000 }),
    pure(),
    rejects(
      'labels or settings that make no sense',
      [
        {
          logits: toTensor([
            [1, 2],
            [3, 4],
          ]),
          labels: [0, 2],
          smoothing: 0,
        },
        {
          logits: toTensor([
            [1, 2],
            [3, 4],
          ]),
          labels: [0, -1],
          smoothing: 0,
        },
        {
          logits: toTensor([
            [1, 2],
            [3, 4],
          ]),
          labels: [0, 0.5],
          smoothing: 0,
        },
        {
          logits: toTensor([
            [1, 2],
            [3, 4],
          ]),
          labels: [0],
          smoothing: 0,
        },
        {
          logits: toTensor([
            [1, 2],
            [3, 4],
          ]),
          labels: [0, 1, 1],
          smoothing: 0,
        },
        {
          logits: toTensor([
            [1, 2],
            [3, 4],
          ]),
          labels: [0, 1],
          smoothing: -0.1,
        },
        {
          logits: toTensor([
            [1, 2],
            [3, 4],
          ]),
          labels: [0, 1],
          smoothing: 1.5,
        },
        { logits: toTensor([1, 2]), labels: [0, 1], smoothing: 0 },
        { logits: zeros(0, 2), labels: [], smoothing: 0 },
      ],
      { worth: 1 },
    ),
  ],
  examples: [...hugeLogits, ...distantRows, wholeSmoothing],
  misconceptions: {
    'logarithm of a softmax': {
      wrong: (i) => crossed(soft(i), softmaxAlong(i.logits, 1).log()),
      says: 'For large logits a probability rounds to 0, and its logarithm is −Infinity. Take the log-softmax in one step: subtracting the logarithm of the sum never needs the probability.',
    },
    'maximum of the whole tensor': {
      wrong: (i) => {
        const shifted = i.logits.sub(i.logits.max());
        return crossed(soft(i), shifted.sub(shifted.exp().sum(1, { keepDims: true }).log()));
      },
      says: 'You subtract one maximum from all rows. A row far below it underflows to nothing but zeros. Which maximum keeps every row safe?',
    },
    'softmax twice': {
      wrong: (i) => crossed(soft(i), logSoftmax(softmaxAlong(i.logits, 1))),
      says: 'The logits go through two softmaxes. Numbers from 0 to 1 are nearly alike for the second one, so no answer can ever be confident.',
    },
    'softmax over the batch': {
      wrong: (i) => crossed(soft(i), softmaxAlong(i.logits, 0).log()),
      says: 'Your probabilities add up to 1 over the samples. Each sample, each row, has its own distribution over the classes.',
    },
    'not normalised': {
      wrong: (i) => crossed(soft(i), i.logits),
      says: 'You use the logits as if they were log-probabilities. They become that only when the log of the row’s sum of exponentials is taken off.',
    },
    'sum for mean': {
      wrong: (i) => ({ loss: -total(soft(i).mul(logSoftmax(i.logits))) }),
      says: 'You add up the losses of the rows; the loss is their mean.',
    },
    'divided by N · C': {
      wrong: (i) => ({ loss: -soft(i).mul(logSoftmax(i.logits)).mean().item() }),
      says: 'You average over classes too. Over the classes the products are summed (a row is one question); the mean is over the N rows.',
    },
    'sign turned': {
      wrong: (i) => ({ loss: -crossed(soft(i), logSoftmax(i.logits)).loss }),
      says: 'Your loss is never positive. The logarithm of a probability is at most 0; surprise is minus that.',
    },
    'smoothing ignored': {
      wrong: (i) => crossed(onehot(i), logSoftmax(i.logits)),
      says: 'The smoothing changes nothing in your result.',
    },
    'smoothing over the other classes only': {
      wrong: (i) => {
        const others = i.smoothing / Math.max(1, i.logits.shape[1]! - 1);
        return crossed(
          onehot(i).map((t) => (t === 1 ? 1 - i.smoothing : others)),
          logSoftmax(i.logits),
        );
      },
      says: 'You spread ε over the C − 1 wrong classes. Here (and in PyTorch) it is spread over all C, so the right class gets a share of it back.',
    },
    'smoothing not divided by C': {
      wrong: (i) =>
        crossed(
          onehot(i)
            .mul(1 - i.smoothing)
            .add(i.smoothing),
          logSoftmax(i.logits),
        ),
      says: 'Every class gets the whole ε, and the targets of a row no longer add up to 1.',
    },
    'logarithm of a plain softmax': {
      wrong: (i) => {
        const e = i.logits.exp();
        return crossed(soft(i), e.div(e.sum(1, { keepDims: true })).log());
      },
      says: 'For large logits eˣ is Infinity, and Infinity/Infinity is NaN; and where a probability rounds to 0, it has no logarithm. Take the log-softmax in one step: it needs neither.',
    },
    'no share for the right class': {
      wrong: (i) =>
        crossed(
          onehot(i).map((t) => (t === 1 ? 1 - i.smoothing : i.smoothing / i.logits.shape[1]!)),
          logSoftmax(i.logits),
        ),
      says: 'The right class gets exactly 1 − ε, so that your targets add up to less than 1. Its share of ε/C is due to every class, the right one too.',
    },
    'spread over C − 1': {
      wrong: (i) =>
        crossed(
          onehot(i)
            .mul(1 - i.smoothing)
            .add(i.smoothing / (i.logits.shape[1]! - 1)),
          logSoftmax(i.logits),
        ),
      says: 'You add ε/(C − 1) to all C classes, so that your targets add up to more than 1. By how many is ε shared?',
    },
    'right class not lowered': {
      wrong: (i) => crossed(onehot(i).add(i.smoothing / i.logits.shape[1]!), logSoftmax(i.logits)),
      says: 'The right class keeps its whole 1 and gets ε/C on top, so that your targets add up to more than 1. What is spread over all has to be taken from somewhere.',
    },
  },
  hints: [
    'For each row: which distribution does the network claim, which should it be, and how surprised is the second by the first?',
    'logp and targets are both (N, C). Multiply, sum everything, divide by N.',
    'logp = log-softmax of each row; targets = (1 − ε) · onehot + ε/C; loss = −Σ targets · logp / N.',
    'const logp = logSoftmaxForward(logits).y; const targets = oneHot(labels, C).mul(1 - smoothing).add(smoothing / C); the cache keeps logp.exp() and targets.',
  ],
});

const claimed = (i: CrossEntropyInputs) => softmaxAlong(i.logits, 1);
const batch = (i: CrossEntropyInputs) => i.logits.shape[0]!;

const crossEntropyBackward = exercise({
  points: 2,
  inputs: crossEntropyInputs,
  sizes: { N: [1, 4], C: [1, 5] },
  parameters: [],
  backwardOf: { forward: 'crossEntropyForward', takes: ['logits', 'labels', 'smoothing'] },
  oracle: gradientOf(crossEntropy, { wrt: 'logits', plain }),
  checks: [
    gradientAgrees(),
    property('each row adds up to 0', {
      holds: ({ y }) => y.sum(1).data.every((s: number) => Math.abs(s) <= 1e-12),
    }),
    staysFinite({ scale: 1000 }),
  ],
  examples: hugeLogits,
  misconceptions: {
    'not divided by N': {
      wrong: (i) => claimed(i).sub(soft(i)),
      says: 'Your gradient grows with the batch. The loss is a mean over N rows, so each row moves it by only 1/N.',
    },
    'divided by N · C': {
      wrong: (i) => claimed(i).sub(soft(i)).div(i.logits.size),
      says: 'You divide by the classes too. The forward pass summed over them; only the rows were averaged.',
    },
    'sign turned': {
      wrong: (i) => soft(i).sub(claimed(i)).div(batch(i)),
      says: 'Your gradient points downhill: a logit of the right class should have a negative gradient, for raising it lowers the loss.',
    },
    'only the softmax’s diagonal': {
      wrong: (i) => soft(i).mul(claimed(i).sub(1)).div(batch(i)),
      says: 'You treat each probability as if it depended on its own logit only, with slope s(1 − s). Raising one logit also lowers all the other probabilities of its row.',
    },
    'gradient of the probabilities': {
      wrong: (i) => soft(i).div(claimed(i)).div(-batch(i)),
      says: 'That is the gradient with respect to the probabilities. The logits are one step further back, behind the softmax.',
    },
    'targets not subtracted': {
      wrong: (i) => claimed(i).div(batch(i)),
      says: 'You return the probabilities. What should they have been?',
    },
    'smoothing left out': {
      wrong: (i) => claimed(i).sub(onehot(i)).div(batch(i)),
      says: 'You subtract the one-hot labels. With smoothing the targets are others; they are in the cache.',
    },
    'softmax twice': {
      wrong: (i) => softmaxAlong(claimed(i), 1).sub(soft(i)).div(batch(i)),
      says: 'The probabilities go through a second softmax before the targets are subtracted.',
    },
    'softmax’s slope once too often': {
      wrong: (i) => {
        const p = claimed(i);
        return p.sub(soft(i)).mul(p).mul(p.neg().add(1)).div(batch(i));
      },
      says: 'There is a factor p(1 − p) too many. probabilities − targets has been through the softmax already: that slope cancelled against the logarithm’s.',
    },
    'divided by C': {
      wrong: (i) => claimed(i).sub(soft(i)).div(i.logits.shape[1]!),
      says: 'You divide by the number of classes. The mean of the forward pass is over the N rows.',
    },
    'other classes forgotten': {
      wrong: (i) => claimed(i).sub(soft(i)).mul(soft(i)).div(batch(i)),
      says: 'You multiply the difference by the target, so that only the right class is moved. The other logits push its probability down, and have a gradient too.',
    },
    'probabilities missing': {
      wrong: (i) => soft(i).div(-batch(i)),
      says: 'Your gradient does not depend on what the network said. Of log Σ exp(z) too there is a derivative, and that is the probabilities.',
    },
  },
  hints: [
    'Write the loss of one row as log Σ exp(z) − Σ target · z, and differentiate by one z.',
    'The result is (N, C), and each row adds up to 0.',
    'dlogits = (softmax(logits) − targets) / N.',
    'return cache.probabilities.sub(cache.targets).div(cache.targets.shape[0]);',
  ],
});

interface BceInputs {
  logits: Tensor;
  targets: Tensor;
}

/** −[t log σ(z) + (1 − t) log σ(−z)], with log σ(z) = −log(1 + e^−z) taken from the side that cannot overflow. */
function logSigmoid(z: Var): Var {
  return z.value >= 0 ? z.neg().exp().add(1).log().neg() : z.sub(z.exp().add(1).log());
}
const binaryCrossEntropy = ({ logits, targets }: { logits: VarTensor; targets: Tensor }): Var =>
  mean(
    logits.data.map((z, k) => {
      const t = targets.data[k]!;
      return logSigmoid(z)
        .mul(t)
        .add(logSigmoid(z.neg()).mul(1 - t))
        .neg();
    }),
  );

const bceInputs = { logits: tensor('N', 'M'), targets: tensor('N', 'M', { min: 0, max: 1 }) };
const bceExamples = [
  { logits: toTensor([1000, -1000, 0.5]), targets: toTensor([0, 1, 1]) },
  {
    logits: toTensor([
      [800, -900],
      [-1000, 2],
    ]),
    targets: toTensor([
      [1, 0],
      [0.25, 0],
    ]),
  },
  { logits: toTensor([-1000, 900]), targets: toTensor([0, 1]) },
  { logits: toTensor([0.5, -1.5, 1]), targets: toTensor([1, 0, 1]) },
];
const sigma = (z: number) => 1 / (1 + Math.exp(-z));
const perElement = ({ logits, targets }: BceInputs, f: (z: number, t: number) => number) =>
  logits.map((z, k) => f(z, targets.data[k]!));
const stable = (z: number, t: number) => Math.max(z, 0) - z * t + Math.log1p(Math.exp(-Math.abs(z)));

/** With p kept away from 0 and 1, as many programs do. */
const clippedLoss = (i: BceInputs, away: number) =>
  perElement(i, (z, t) => {
    const p = Math.min(Math.max(sigma(z), away), 1 - away);
    return -t * Math.log(p) - (1 - t) * Math.log(1 - p);
  })
    .mean()
    .item();

const bceWithLogitsForward = exercise({
  points: 3,
  inputs: bceInputs,
  oracle: valueOf(lossOf(binaryCrossEntropy), { plain: ['targets'] }),
  checks: [
    agrees(),
    property<BceInputs>('turning every question round changes nothing: −logits against 1 − targets', {
      runs: (i) => ({
        asked: { ...i } as ValueRecord,
        turned: { logits: i.logits.neg(), targets: i.targets.neg().add(1) } as ValueRecord,
      }),
      holds: ({ asked, turned }) => Math.abs(asked.loss - turned.loss) <= 1e-12 * (1 + asked.loss),
    }),
    staysFinite({ scale: 1000, only: ['logits'] }),
    pure(),
    rejects(
      'targets of another shape, or not from 0 to 1',
      [
        { logits: toTensor([1, 2]), targets: toTensor([1]) },
        { logits: toTensor([[1], [2]]), targets: toTensor([1, 0]) },
        { logits: toTensor([1, 2]), targets: toTensor([1, 2]) },
        { logits: toTensor([1, 2]), targets: toTensor([1, -1]) },
        { logits: zeros(0), targets: zeros(0) },
      ],
      { worth: 1 },
    ),
  ],
  examples: bceExamples,
  misconceptions: {
    'logarithm of a sigmoid': {
      wrong: (i) => ({
        loss: perElement(i, (z, t) => -t * Math.log(sigma(z)) - (1 - t) * Math.log(1 - sigma(z)))
          .mean()
          .item(),
      }),
      says: 'For large logits the sigmoid rounds to exactly 0 or 1 and a logarithm becomes −Infinity. Put the sigmoid into the formula and simplify before you compute.',
    },
    'exponential overflows': {
      wrong: (i) => ({
        loss: perElement(i, (z, t) => Math.log1p(Math.exp(z)) - z * t)
          .mean()
          .item(),
      }),
      says: 'For a large positive logit e^z is Infinity. Of log(1 + e^z) take out max(z, 0): what remains inside is never large.',
    },
    'no sigmoid': {
      wrong: (i) => ({
        loss: perElement(i, (z, t) => -t * Math.log(z) - (1 - t) * Math.log(1 - z))
          .mean()
          .item(),
      }),
      says: 'You take the logits for probabilities. They are any numbers; the sigmoid makes probabilities of them.',
    },
    'only the yes half': {
      wrong: (i) => ({
        loss: perElement(i, (z, t) => t * stable(z, 1))
          .mean()
          .item(),
      }),
      says: 'Where the target is 0, you charge nothing, however sure the network is of a yes. The formula has a second half.',
    },
    'targets turned round': {
      wrong: (i) => ({
        loss: perElement(i, (z, t) => stable(z, 1 - t))
          .mean()
          .item(),
      }),
      says: 'You charge for being right: the target 1 goes with log p, the target 0 with log(1 − p).',
    },
    'sum for mean': {
      wrong: (i) => ({ loss: total(perElement(i, stable)) }),
      says: 'You add up the terms; the mean divides by their number.',
    },
    'mean over rows only': {
      wrong: (i) => ({ loss: total(perElement(i, stable)) / i.logits.shape[0]! }),
      says: 'You divide by the number of rows. Every element is a question of its own, and the mean runs over all of them.',
    },
    'sign turned': {
      wrong: (i) => ({ loss: -perElement(i, stable).mean().item() }),
      says: 'Your loss is never positive. The logarithm of a probability is at most 0; surprise is minus that.',
    },
    'logarithms clamped': {
      wrong: (i) => ({
        loss: perElement(i, (z, t) => {
          const log = (p: number) => Math.max(Math.log(p), -100);
          return -t * log(sigma(z)) - (1 - t) * log(1 - sigma(z));
        })
          .mean()
          .item(),
      }),
      says: 'You stop the logarithms at −100. That is finite, but a logit of −1000 for a yes costs 1000, and from 100 on your loss no longer grows. Simplify on paper and nothing needs stopping.',
    },
    'probabilities clipped': {
      wrong: (i) => ({ loss: clippedLoss(i, 1e-12) }),
      says: 'You keep the probability 1e-12 away from 0 and 1. That is finite, but no mistake then costs more than 28, however sure the network was. Simplify on paper and nothing needs clipping.',
    },
    'probabilities clipped early': {
      wrong: (i) => ({ loss: clippedLoss(i, 1e-7) }),
      says: 'You keep the probability 1e-7 away from 0 and 1. That is finite, but no mistake then costs more than 16, however sure the network was. Simplify on paper and nothing needs clipping.',
    },
    'exponential of −z': {
      wrong: (i) => ({
        loss: perElement(i, (z, t) => Math.max(z, 0) - z * t + Math.log1p(Math.exp(-z)))
          .mean()
          .item(),
      }),
      says: 'For negative logits your loss is too large, and for −1000 Infinity: with max(z, 0) in front, the exponent is −|z|, never above 0.',
    },
    'only the yes half, of a sigmoid': {
      wrong: (i) => ({
        loss: perElement(i, (z, t) => -t * Math.log(sigma(z)))
          .mean()
          .item(),
      }),
      says: 'You have −t log p only, so where the target is 0 nothing is charged. The formula has a second half (and the logarithm of a finished sigmoid can be −Infinity).',
    },
    'z t with the wrong sign': {
      wrong: (i) => ({
        loss: perElement(i, (z, t) => Math.max(z, 0) + z * t + Math.log1p(Math.exp(-Math.abs(z))))
          .mean()
          .item(),
      }),
      says: 'A large logit is dearest to you where the target is 1. A yes to a yes should cost next to nothing: look at the sign of z t.',
    },
    '|z| in front': {
      wrong: (i) => ({
        loss: perElement(i, (z, t) => Math.abs(z) - z * t + Math.log1p(Math.exp(-Math.abs(z))))
          .mean()
          .item(),
      }),
      says: 'In front stands |z| in your formula, so that a sure no costs something even where no is right. It is max(z, 0) there; the bars belong into the exponent.',
    },
  },
  hints: [
    'Each element is a small cross-entropy over two classes, yes and no.',
    'Logits and targets have one shape; one number comes out.',
    'max(z, 0) − z t + log(1 + e^(−|z|)), averaged over all elements.',
    'logits.map((z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)))).sub(logits.mul(targets)).mean().item(); the cache keeps sigmoidForward(logits).y.',
  ],
});

const bceWithLogitsBackward = exercise({
  points: 2,
  inputs: bceInputs,
  parameters: [],
  backwardOf: { forward: 'bceWithLogitsForward', takes: ['logits', 'targets'] },
  oracle: gradientOf(binaryCrossEntropy, { wrt: 'logits', plain: ['targets'] }),
  checks: [gradientAgrees(), staysFinite({ scale: 1000, only: ['logits'] })],
  examples: bceExamples.slice(1),
  misconceptions: {
    'not divided by n': {
      wrong: (i) => perElement(i, (z, t) => sigma(z) - t),
      says: 'The loss is a mean over n elements; its gradient carries the 1/n.',
    },
    'mean over rows only': {
      wrong: (i) => perElement(i, (z, t) => (sigma(z) - t) / i.logits.shape[0]!),
      says: 'You divide by the number of rows. The mean of the forward pass runs over all elements.',
    },
    'sign turned': {
      wrong: (i) => perElement(i, (z, t) => (t - sigma(z)) / i.logits.size),
      says: 'Your gradient points downhill: where the target is 1, a larger logit lowers the loss, so the gradient is negative there.',
    },
    'sigmoid’s slope once too often': {
      wrong: (i) => perElement(i, (z, t) => ((sigma(z) - t) * sigma(z) * (1 - sigma(z))) / i.logits.size),
      says: 'There is a σ(1 − σ) too many. It belongs to squared error behind a sigmoid; here it cancels against the slope of the logarithm, and that is the beauty of this loss.',
    },
    'gradient of the probabilities': {
      wrong: (i) => perElement(i, (z, t) => (sigma(z) - t) / (sigma(z) * (1 - sigma(z))) / i.logits.size),
      says: 'That is the gradient with respect to p. The logits are one step further back, behind the sigmoid.',
    },
    'logits for probabilities': {
      wrong: (i) => perElement(i, (z, t) => (z - t) / i.logits.size),
      says: 'You subtract the targets from the logits. What the network said is their sigmoid.',
    },
  },
  hints: [
    'Differentiate max(z, 0) − z t + log(1 + e^(−|z|)) for z > 0 and for z < 0: both give the same.',
    'The gradient has the shape of the logits.',
    'dlogits = (σ(logits) − targets) / n.',
    'return cache.probabilities.sub(cache.targets).div(cache.targets.size);',
  ],
});

export const losses = topic('losses', 'Losses: how wrong, in one number', {
  entropy,
  klDivergence,
  mseForward,
  mseBackward,
  crossEntropyForward,
  crossEntropyBackward,
  bceWithLogitsForward,
  bceWithLogitsBackward,
  l1Forward,
  l1Backward,
  huberForward,
  huberBackward,
});
