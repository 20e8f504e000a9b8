import { Tensor, full, ones, tensor as toTensor } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradient,
  gradientAgrees,
  gradientOf,
  listOf,
  number,
  pure,
  rejects,
  table,
  tensor,
  topic,
  valueOf,
  type Lifted,
  type ValueRecord,
} from '../engine/index.ts';

interface Three {
  x: number;
  y: number;
  z: number;
}

/** The small function itself, on the tape. */
const small = ({ x, y, z }: Lifted<Three>) => {
  const q = x.mul(y).add(z);
  return x.mul(q.mul(q));
};

const inner = ({ x, y, z }: Three) => x * y + z;
const smallValue = (i: Three) => i.x * inner(i) ** 2;

const partials = exercise({
  points: 2,
  inputs: { x: number(), y: number(), z: number() },
  oracle(i) {
    const { gradients } = gradient(small, i, undefined, ['x', 'y', 'z']);
    return { f: smallValue(i), dx: gradients['x'], dy: gradients['y'], dz: gradients['z'] };
  },
  checks: [agrees({ exact: true })],
  misconceptions: {
    'only the way through q': {
      wrong: (i) => {
        const dq = 2 * i.x * inner(i);
        return { f: smallValue(i), dx: dq * i.y, dy: dq * i.x, dz: dq };
      },
      says: 'Your dx follows x through q only. Cover q with a finger and look at the formula of f again: where else does x stand?',
    },
    'only the direct way': {
      wrong: (i) => {
        const dq = 2 * i.x * inner(i);
        return { f: smallValue(i), dx: inner(i) ** 2, dy: dq * i.x, dz: dq };
      },
      says: 'Your dx treats q as if it did not depend on x. But x is a factor inside q, too.',
    },
    'the two ways multiplied': {
      wrong: (i) => {
        const dq = 2 * i.x * inner(i);
        return { f: smallValue(i), dx: inner(i) ** 2 * dq * i.y, dy: dq * i.x, dz: dq };
      },
      says: 'Along one way slopes are multiplied; what arrives on different ways is put together otherwise.',
    },
    'inner derivative forgotten': {
      wrong: (i) => {
        const dq = 2 * i.x * inner(i);
        return { f: smallValue(i), dx: inner(i) ** 2 + dq, dy: dq, dz: dq };
      },
      says: 'The slope of f in q is there, and that is where you stop. How fast does q itself move when x or y does?',
    },
    'the 2 of the square missing': {
      wrong: (i) => {
        const dq = i.x * inner(i);
        return { f: smallValue(i), dx: inner(i) ** 2 + dq * i.y, dy: dq * i.x, dz: dq };
      },
      says: 'Everything that comes through q is half of what it should be. What is the derivative of a square?',
    },
    'factor x dropped': {
      wrong: (i) => {
        const dq = 2 * inner(i);
        return { f: smallValue(i), dx: inner(i) ** 2 + dq * i.y, dy: dq * i.x, dz: dq };
      },
      says: 'You differentiate q², but f is x times q²: seen from q, x is a constant factor, and constant factors stay.',
    },
  },
  hints: [
    'First the number q, then f from it. Then walk back: how fast does f grow with q, and how fast does q grow with each of x, y, z?',
    'One number each. dz is the easiest (q grows exactly as fast as z), dx the hardest (x has two ways to f).',
    '∂f/∂q = 2 x q. Through q: ∂q/∂x = y, ∂q/∂y = x, ∂q/∂z = 1. Directly: ∂f/∂x = q² when q is held.',
    'const dq = 2 * x * q; then dx = q * q + dq * y, dy = dq * x, dz = dq.',
  ],
});

/** dy J, one number at a time. */
function pulled(dy: Tensor, J: Tensor): Tensor {
  const [m, n] = [J.shape[0]!, J.shape[1]!];
  const dx: number[] = [];
  for (let j = 0; j < n; j++) {
    let s = 0;
    for (let i = 0; i < m; i++) s += dy.data[i]! * J.at(i, j);
    dx.push(s);
  }
  return toTensor(dx);
}

const vectorJacobianProduct = exercise({
  points: 1,
  inputs: { dy: tensor('m'), J: tensor('m', 'n') },
  oracle: ({ dy, J }) => pulled(dy, J),
  checks: [
    agrees({ exact: true }),
    rejects('an upstream gradient that does not have an entry for each row of J', [
      { dy: toTensor([1, 2]), J: ones(3, 2) },
      { dy: toTensor([1, 2, 3]), J: ones(1, 3) },
    ]),
  ],
  misconceptions: {
    'Jacobian the wrong way round': {
      wrong: ({ dy, J }) => J.matmul(dy),
      says: 'J · dy sums over the inputs, and fits only where there are as many inputs as outputs. Backward, each input collects from all outputs.',
    },
    'diagonal only': {
      wrong: ({ dy, J }) =>
        toTensor(Array.from({ length: J.shape[1]! }, (_, j) => (j < dy.size ? dy.data[j]! * J.at(j, j) : 0))),
      says: 'Each input hears from one output only, the one with its own number. Every output that an input has touched has something to say.',
    },
    'upstream forgotten': {
      wrong: ({ J }) => J.sum(0),
      says: 'You sum the columns of J, as if the loss cared for all outputs equally. How much it cares for each is what dy says.',
    },
    'not summed over the outputs': {
      wrong: ({ dy, J }) => J.mul(dy.expandDims(1)),
      says: 'Every row of J is weighted rightly, and then left alone. An input wants one number: its share in all outputs together.',
    },
    'last output only': {
      wrong: ({ dy, J }) => J.row(dy.size - 1).mul(dy.data[dy.size - 1]!),
      says: 'Only the last output has a say in your result: = where += is meant. Every output that an input has touched adds its share.',
    },
    'first output only': {
      wrong: ({ dy, J }) => J.row(0).mul(dy.data[0]!),
      says: 'Only the first output has a say in your result. Every output that an input has touched adds its share.',
    },
    'read column by column': {
      wrong: ({ dy, J }) => J.reshape(J.shape[1]!, J.shape[0]!).matmul(dy),
      says: 'You read J as if its columns lay one after the other, or reshape it where it should be transposed. Its entries lie row by row: J_ij is number i · n + j.',
    },
  },
  hints: [
    'An input reaches the loss by way of every output. What arrives on different ways is added.',
    '(m) and (m, n) give (n): the sum runs over the outputs, of which there are m.',
    'dx_j = Σ_i dy_i J_ij. That is dy as a row times J, or Jᵀ times dy as a column.',
    'return J.T.matmul(dy); after comparing dy.shape[0] with J.shape[0].',
  ],
});

const backThroughChain = exercise({
  points: 2,
  uses: ['vectorJacobianProduct'],
  inputs: { dy: tensor('n'), jacobians: listOf('K', tensor('n', 'n')) },
  sizes: { n: [1, 3], K: [0, 4] },
  oracle({ dy, jacobians }) {
    let g = dy;
    for (let k = jacobians.length; k > 0; k--) g = pulled(g, jacobians[k - 1]!);
    return g;
  },
  checks: [
    agrees({ exact: true }),
    pure(),
    rejects('a Jacobian that does not fit to what comes after it', [
      { dy: toTensor([1, 2]), jacobians: [ones(3, 3), ones(2, 2)] },
      { dy: toTensor([1, 2]), jacobians: [ones(2, 3), ones(3, 2)] },
      { dy: toTensor([1, 2]), jacobians: [ones(3, 3)] },
    ]),
  ],
  misconceptions: {
    'walked forward': {
      wrong: ({ dy, jacobians }) => jacobians.reduce((g, J) => pulled(g, J), dy),
      says: 'You meet the steps in the order in which they were taken. dy is the gradient at the END of the chain: which step is next to it?',
    },
    'Jacobians the wrong way round': {
      wrong: ({ dy, jacobians }) => jacobians.reduceRight((g, J) => J.matmul(g), dy),
      says: 'The order of the steps is right, but each is J · g, which carries a change forward. Backward it is g as a row times J.',
    },
    'forward in both senses': {
      wrong: ({ dy, jacobians }) => jacobians.reduce((g, J) => J.matmul(g), dy),
      says: 'You carry dy forward through the chain, from the first step to the last, as if it were a change of x. It is a gradient, and comes from the other end.',
    },
    'first step left out': {
      wrong: ({ dy, jacobians }) => jacobians.slice(1).reduceRight((g, J) => pulled(g, J), dy),
      says: 'You arrive at y_1 and stop. One step is left, from y_1 to x: does your loop run down to index 0?',
    },
    'last step only': {
      wrong: ({ dy, jacobians }) => (jacobians.length > 0 ? pulled(dy, jacobians.at(-1)!) : dy),
      says: 'Only the last Jacobian counts in your result. Each step back starts from the gradient that the one before it left.',
    },
    'upstream forgotten': {
      wrong: ({ dy, jacobians }) => jacobians.reduceRight((g, J) => pulled(g, J), ones(dy.size)),
      says: 'You begin with ones. The chain is walked rightly, but from a gradient that nobody gave you.',
    },
    'last step left out': {
      wrong: ({ dy, jacobians }) => jacobians.slice(0, -1).reduceRight((g, J) => pulled(g, J), dy),
      says: 'The step that dy belongs to is left out: the last Jacobian comes first on the way back. Does your loop begin at length − 1?',
    },
    'every step from dy': {
      wrong: ({ dy, jacobians }) => (jacobians.length > 0 ? pulled(dy, jacobians[0]!) : dy),
      says: 'Every step of yours starts again from dy, so that only the last one you take is left. Each starts from the gradient that the one before it left.',
    },
  },
  hints: [
    'You have the gradient at the end. One vectorJacobianProduct brings you one step nearer to the beginning.',
    'A vector is carried along all the time; it has as many entries as the next Jacobian to be passed has rows.',
    'g_K = dy, and g_(k−1) = g_k J_k for k = K, …, 1. The answer is g_0.',
    'let g = dy; for (let k = jacobians.length - 1; k >= 0; k--) g = vectorJacobianProduct(g, jacobians[k]);',
  ],
});

/** "b 1" with sizes { b: 3 } is [3, 1]; "" is the shape of a scalar. */
const shapeOf = (words: string, sizes: Record<string, number>) =>
  words
    .split(' ')
    .filter(Boolean)
    .map((word) => (word === '1' ? 1 : sizes[word]!));

/** For an index into a broadcast shape, the index into a variable of the given shape: 0 wherever it is repeated. */
const before = (index: readonly number[], shape: readonly number[]) =>
  shape.map((length, axis) => (length === 1 ? 0 : index[index.length - shape.length + axis]!));

/** Every index of a shape, in order. */
function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, length) => all.flatMap((index) => Array.from({ length }, (_, i) => [...index, i])),
    [[]],
  );
}

/** Folds each entry of g into the cell of a variable that it was broadcast from. */
function gathered(g: Tensor, shape: readonly number[], fold: (now: number, x: number) => number): Tensor {
  const out = full(shape, 0);
  const at = (index: readonly number[]) => index.reduce((flat, i, axis) => flat * shape[axis]! + i, 0);
  for (const index of indicesOf(g.shape)) {
    const cell = at(before(index, shape));
    out.data[cell] = fold(out.data[cell]!, g.at(...index));
  }
  return out;
}
const added = (g: Tensor, shape: readonly number[]) => gathered(g, shape, (now, x) => now + x);
const averaged = (g: Tensor, shape: readonly number[]) =>
  added(g, shape).mul(shape.reduce((a, b) => a * b, 1) / g.size);

interface SumInputs {
  g: Tensor;
  shape: readonly number[];
}

const sumToShape = exercise({
  points: 3,
  inputs: {
    g: tensor('a', 'b', 'c'),
    form: choice('c', '1', 'b 1', 'b c', '', '1 c', 'a 1 c', '1 b 1', 'a b 1', 'a b c'),
  },
  sizes: { a: [1, 3], b: [1, 4], c: [1, 4] },
  derive: ({ g, form }): SumInputs & ValueRecord => {
    const [a, b, c] = g.shape as [number, number, number];
    return { g, shape: shapeOf(form, { a, b, c }) };
  },
  parameters: ['g', 'shape'],
  oracle: ({ g, shape }) => added(g, shape),
  checks: [
    agrees({ exact: true }),
    pure(),
    rejects(
      'a shape that could not have been broadcast to that of g',
      [
        { g: ones(4, 3), shape: [2] },
        { g: ones(4, 3), shape: [4] },
        { g: ones(4, 3), shape: [2, 1] },
        { g: ones(4, 3), shape: [1, 4, 3] },
        { g: ones(1, 3), shape: [4, 3] },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    {
      g: toTensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      shape: [3],
    },
    {
      g: toTensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      shape: [2, 1],
    },
    { g: toTensor([1, 2, 3]), shape: [1] },
    { g: toTensor([1, 2, 3]), shape: [] },
    { g: toTensor(5), shape: [] },
  ],
  misconceptions: {
    'axes of length 1 not summed': {
      wrong: ({ g, shape }) => {
        const missing = g.rank - shape.length;
        return missing > 0 ? g.sum(Array.from({ length: missing }, (_, i) => i)) : g;
      },
      says: 'The axes missing on the left are summed away, but a variable can also be repeated along an axis that it has, with length 1.',
    },
    'axis of length 1 dropped': {
      wrong: ({ g, shape }) => added(g, shape).reshape(...shape.filter((n) => n !== 1)),
      says: 'The sums are right, but an axis of length 1 got lost on the way: a gradient has the shape of its variable, to the last 1.',
    },
    'mean for sum': {
      wrong: ({ g, shape }) => averaged(g, shape),
      says: 'You average where the variable was repeated. Each use of a number changes the loss on its own; the changes add up.',
    },
    'first instead of sum': {
      wrong: ({ g, shape }) => {
        const seen = new Set<number>();
        let cell = 0;
        const at = indicesOf(g.shape).map((index) =>
          before(index, shape).reduce((flat, i, axis) => flat * shape[axis]! + i, 0),
        );
        return gathered(g, shape, (now, x) => {
          const mine = at[cell++]!;
          if (seen.has(mine)) return now;
          seen.add(mine);
          return x;
        });
      },
      says: 'You take one of the copies and forget the rest. All of them were the same number, and all of them have a gradient.',
    },
    'last instead of sum': {
      wrong: ({ g, shape }) => gathered(g, shape, (_, x) => x),
      says: 'Each copy overwrites the one before, so the last one wins: = where += is meant.',
    },
    'shapes written from the left': {
      wrong: ({ g, shape }) => {
        const axes = [...g.shape.keys()].filter((axis) => (shape[axis] ?? 1) === 1);
        const summed = g.sum(axes, { keepDims: true });
        return summed.reshape(...summed.shape.slice(0, shape.length));
      },
      says: 'You match the first axis with the first. Broadcasting writes shapes so that they END together; what is missing is missing on the left.',
    },
    'only missing axes summed, then reshaped': {
      wrong: ({ g, shape }) => {
        const missing = g.rank - shape.length;
        return g.sum(Array.from({ length: missing }, (_, i) => i)).reshape(...shape);
      },
      says: 'You sum the axes that are missing on the left, and hope that reshape does the rest; it never adds anything up. A variable can also be repeated along an axis that it has, with length 1.',
    },
    'aligned on the left': {
      wrong: ({ g, shape }) => {
        const axes = [...g.shape.keys()].filter((axis) => axis >= shape.length || shape[axis] === 1);
        return g.sum(axes, { keepDims: true }).reshape(...shape);
      },
      says: 'You compare axis 0 with axis 0. Broadcasting writes shapes so that they END together: with (4, 3) over (3), what is missing is missing in front.',
    },
  },
  hints: [
    'Along which axes of g was one and the same number used again and again? Along those, the gradients of its copies are added.',
    'Write the two shapes so that they end together. Sum where the lower one has nothing, and where it has a 1.',
    'With missing = g.rank − shape.length: axis is summed when axis < missing or shape[axis − missing] = 1. Keep the axes while summing, reshape at the end.',
    'g.sum(axes, { keepDims: true }).reshape(...shape), with axes = [...g.shape.keys()].filter((axis) => axis < missing || shape[axis - missing] === 1).',
  ],
});

/** Pairs of shapes that broadcast, and what they broadcast to. */
const pairs = [
  'r c * c',
  'r c * r 1',
  'r c * r c',
  'c * r c',
  'r 1 * c',
  'r c * 1',
  'r c * ',
  'b r c * r 1',
  '1 c * r c',
];

interface Factors {
  a: Tensor;
  b: Tensor;
}

function factors(drawn: { A: Tensor; B: Tensor; form: string }) {
  const [b, r, c] = drawn.A.shape as [number, number, number];
  const [one, two] = drawn.form.split('*').map((words) => shapeOf(words, { b, r, c })) as [number[], number[]];
  const rank = Math.max(one.length, two.length);
  const y = Array.from({ length: rank }, (_, i) =>
    Math.max(one[one.length - rank + i] ?? 1, two[two.length - rank + i] ?? 1),
  );
  const cut = (from: Tensor, shape: number[]) =>
    new Tensor(
      shape,
      from.data.slice(
        0,
        shape.reduce((p, n) => p * n, 1),
      ),
    );
  return { a: cut(drawn.A, one), b: cut(drawn.B, two), y, cut };
}

/** The product on the tape, one entry at a time. */
const product = ({ a, b }: Lifted<Factors>) => {
  const rank = Math.max(a.shape.length, b.shape.length);
  const at = (shape: readonly number[], i: number) => shape[shape.length - rank + i] ?? 1;
  const shape = Array.from({ length: rank }, (_, i) => Math.max(at(a.shape, i), at(b.shape, i)));
  return table(shape, (...index) => a.at(...before(index, a.shape)).mul(b.at(...before(index, b.shape))));
};

const mulForward = exercise({
  points: 1,
  inputs: { A: tensor('b', 'r', 'c'), B: tensor('b', 'r', 'c'), form: choice(...pairs) },
  sizes: { b: [1, 2], r: [1, 4], c: [1, 4] },
  derive: (drawn): Factors & ValueRecord => {
    const { a, b } = factors(drawn);
    return { a, b };
  },
  parameters: ['a', 'b'],
  oracle: valueOf<Lifted<Factors>>((i) => ({ y: product(i) })),
  checks: [
    agrees({ exact: true }),
    pure(),
    rejects('shapes that do not broadcast', [
      { a: ones(2, 3), b: ones(2) },
      { a: ones(2, 3), b: ones(3, 2) },
    ]),
  ],
  misconceptions: {
    'added instead of multiplied': {
      wrong: ({ a, b }) => ({ y: a.add(b) }),
      says: 'You add. This one is the product, entry by entry.',
    },
    'matrix product': {
      wrong: ({ a, b }) => ({ y: a.matmul(b) }),
      says: 'You take the matrix product, which sums over an axis. Here entry meets entry, and nothing is summed.',
    },
    'summed up': {
      wrong: ({ a, b }) => ({ y: a.mul(b).sum() }),
      says: 'The products are right; then you add them up. y keeps the shape that a and b broadcast to.',
    },
  },
  hints: [
    'The Tensor already knows how to multiply entry by entry, and how to broadcast.',
    'y has the shape that a and b broadcast to; the cache holds a and b as they came.',
    'return { y: a.mul(b), cache: { a, b } };',
  ],
});

const mulBackward = exercise({
  points: 3,
  uses: ['sumToShape'],
  inputs: {
    A: tensor('b', 'r', 'c'),
    B: tensor('b', 'r', 'c'),
    D: tensor('b', 'r', 'c'),
    form: choice(...pairs),
  },
  sizes: { b: [1, 2], r: [1, 4], c: [1, 4] },
  derive: (drawn): Factors & { dy: Tensor } & ValueRecord => {
    const { a, b, y, cut } = factors(drawn);
    return { a, b, dy: cut(drawn.D, y) };
  },
  parameters: ['dy'],
  backwardOf: { forward: 'mulForward', takes: ['a', 'b'] },
  oracle: gradientOf<Lifted<Factors>>(product, { upstream: 'dy', wrt: { da: 'a', db: 'b' } }),
  checks: [gradientAgrees({ upstream: ['dy'] }), pure()],
  examples: [
    {
      a: toTensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      b: toTensor([1, -1, 2]),
      dy: toTensor([
        [1, 0, 2],
        [-1, 3, 1],
      ]),
    },
    { a: toTensor([[2], [3]]), b: toTensor([1, -1, 2]), dy: toTensor([[1, 0, 2], [-1, 3, 1]]) }, // prettier-ignore
  ],
  misconceptions: {
    'factors swapped': {
      wrong: ({ a, b, dy }) => ({ da: added(dy.mul(a), a.shape), db: added(dy.mul(b), b.shape) }),
      says: 'Each factor gets its own value as slope. How fast a · b grows with a depends on the other one.',
    },
    'upstream forgotten': {
      wrong: ({ a, b, dy }) => {
        const each = ones(...dy.shape);
        return { da: added(each.mul(b), a.shape), db: added(each.mul(a), b.shape) };
      },
      says: 'These are the slopes of y itself. The loss may care much for one entry of y and not at all for another: that is what dy tells you.',
    },
    'broadcast not summed away': {
      wrong: ({ a, b, dy }) => ({ da: dy.mul(b), db: dy.mul(a) }),
      says: 'Entry by entry this is right, but a gradient must have the shape of its variable. Where a factor was repeated, its copies’ gradients belong together.',
    },
    'mean over the copies': {
      wrong: ({ a, b, dy }) => ({ da: averaged(dy.mul(b), a.shape), db: averaged(dy.mul(a), b.shape) }),
      says: 'You average over the copies of a repeated factor. Each copy changes the loss on its own; the changes add up.',
    },
    'last copy wins': {
      wrong: ({ a, b, dy }) => ({
        da: gathered(dy.mul(b), a.shape, (_, x) => x),
        db: gathered(dy.mul(a), b.shape, (_, x) => x),
      }),
      says: 'Of a repeated factor only the last copy’s gradient is left: = where += is meant.',
    },
    'summed before multiplied': {
      wrong: ({ a, b, dy }) => ({
        da: added(added(dy, a.shape).mul(b), a.shape),
        db: added(added(dy, b.shape).mul(a), b.shape),
      }),
      says: 'You sum dy first and multiply afterwards. But each entry of dy belongs to one entry of the other factor: multiply while they are still side by side.',
    },
  },
  hints: [
    'Think of single numbers first: how fast does a · b grow with a? Then ask how often each number was used.',
    'dy · b has the shape of y. da must have the shape of a, which may be smaller.',
    'da = sumToShape(dy · b, shape of a), and db likewise with a in the place of b.',
    'return { da: sumToShape(dy.mul(b), [...a.shape]), db: sumToShape(dy.mul(a), [...b.shape]) };',
  ],
});

export const chainRule = topic('chain-rule', 'The chain rule, backwards', {
  partials,
  vectorJacobianProduct,
  backThroughChain,
  sumToShape,
  mulForward,
  mulBackward,
});
