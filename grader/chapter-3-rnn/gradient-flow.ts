import { Tensor, eye, tensor as toTensor, zeros } from '#tensor';
import {
  agrees,
  exercise,
  integer,
  number,
  property,
  pure,
  range,
  record,
  rejects,
  tensor,
  topic,
} from '../engine/index.ts';

const inside = { min: -0.75, max: 0.75 };

type JacobianInputs = {
  h: Tensor;
  wHh: Tensor;
};
/** J[i, j] = slope(h_i) · wHh[i, j]. */
const entries = ({ h, wHh }: JacobianInputs, entry: (i: number, j: number) => number) => {
  const H = h.size;
  return new Tensor(
    [...wHh.shape],
    Float64Array.from({ length: H * H }, (_, k) => entry(Math.floor(k / H), k % H)),
  );
};
const slope = (x: number) => 1 - x * x;
const jacobian = (i: JacobianInputs) => entries(i, (r, c) => slope(i.h.at(r)) * i.wHh.at(r, c));

const stateJacobian = exercise({
  points: 2,
  inputs: { h: tensor('H', inside), wHh: tensor('H', 'H', { min: -1, max: 1 }) },
  sizes: { H: [1, 4] },
  oracle: jacobian,
  checks: [
    agrees(),
    pure(),
    rejects('a state and a weight that do not fit', [
      { h: toTensor([0.5, 0.5]), wHh: toTensor([[1]]) },
      { h: toTensor([[0.5]]), wHh: toTensor([[1]]) },
      { h: toTensor([0.5]), wHh: toTensor([[1, 2]]) },
      { h: toTensor([0.5]), wHh: toTensor([[1], [2]]) },
    ]),
  ],
  misconceptions: {
    'slope of the old state’s numbers': {
      wrong: (i) => entries(i, (r, c) => slope(i.h.at(c)) * i.wHh.at(r, c)),
      says: 'Each column is scaled by a slope; it should be each row. The tanh sits behind the sum, on the side of the new state, and the new state’s numbers are the rows.',
    },
    transposed: {
      wrong: (i) => jacobian(i).T,
      says: 'Your matrix has the old state in its rows. Row i says how the new h_i depends on everything: output first, as in a weight matrix.',
    },
    'no slope': {
      wrong: ({ wHh }) => wHh.mul(1),
      says: 'That is wHh alone: the Jacobian of a network without its tanh.',
    },
    'tanh once more': {
      wrong: (i) => entries(i, (r, c) => slope(Math.tanh(i.h.at(r))) * i.wHh.at(r, c)),
      says: 'You take the tanh of h once more before squaring. h is what came out of the tanh already.',
    },
    'slope of the sigmoid': {
      wrong: (i) => entries(i, (r, c) => i.h.at(r) * (1 - i.h.at(r)) * i.wHh.at(r, c)),
      says: 'h(1 − h) is the slope of the sigmoid; this is a tanh.',
    },
    'slope not squared': {
      wrong: (i) => entries(i, (r, c) => (1 - i.h.at(r)) * i.wHh.at(r, c)),
      says: 'Your slope is 1 − h. That of tanh, in terms of its value, is 1 − h².',
    },
    'wHh transposed': {
      wrong: (i) => entries(i, (r, c) => slope(i.h.at(r)) * i.wHh.at(c, r)),
      says: 'The rows are scaled by the right slopes, but wHh is transposed: how the new h_i depends on the old h_j is in wHh_ij.',
    },
    'slope with a plus': {
      wrong: (i) => entries(i, (r, c) => (1 + i.h.at(r) ** 2) * i.wHh.at(r, c)),
      says: 'Your slope is 1 + h², which is never below 1. tanh gets flatter far out: 1 − h².',
    },
    'wHh left out': {
      wrong: (i) => entries(i, (r, c) => (r === c ? slope(i.h.at(r)) : 0)),
      says: 'That is diag(1 − h²), the Jacobian of the tanh alone. Before it, the old state went through wHh.',
    },
    'slopes times matrix, summed': {
      wrong: (i) => i.h.map(slope).matmul(i.wHh),
      says: 'You multiply the vector of slopes by wHh, which sums the rows away. A Jacobian is a matrix: its rows are scaled, not summed.',
    },
    'matrix product with the slopes': {
      wrong: (i) => {
        const slopes = i.h.map(slope);
        return i.wHh.matmul(slopes);
      },
      says: 'You multiply wHh by the vector of slopes, which sums the columns away. A Jacobian is a matrix: its rows are scaled, not summed.',
    },
  },
  hints: [
    'Change one number of the old state by a little. How much do the sums change, and how much of that passes the tanh?',
    '(H) and (H, H) make (H, H). Row i has one slope, that of h_i.',
    'J_ij = (1 − h_i²) · wHh_ij. As a column of shape (H, 1) the slopes broadcast along the rows.',
    'h.map((v) => 1 - v * v).expandDims(1).mul(wHh)',
  ],
});

type Path = {
  states: Tensor;
  wHh: Tensor;
};
const frobenius = (m: Tensor) => Math.sqrt(m.data.reduce((s, x) => s + x * x, 0));
const jacobiansOf = ({ states, wHh }: Path) => range(states.shape[0]!, (t) => jacobian({ h: states.row(t), wHh }));

/** Norms of growing products, from the identity on. */
function grow(js: Tensor[], H: number, times: (product: Tensor, j: Tensor) => Tensor, norm = frobenius) {
  let product = eye(H);
  return [norm(product), ...js.map((j) => norm((product = times(product, j))))];
}
const backwards = (i: Path) => jacobiansOf(i).reverse();
const onTheRight = (product: Tensor, j: Tensor) => product.matmul(j);

const jacobianProductNorms = exercise({
  points: 3,
  uses: ['stateJacobian'],
  inputs: { states: tensor('T', 'H', inside), wHh: tensor('H', 'H', { min: -1, max: 1 }) },
  sizes: { T: [1, 5], H: [1, 4] },
  oracle: (i) => {
    // Entry by entry: d[r, c] = ∂h_T,r / ∂h_{T−k},c, one step further back in each round.
    const H = i.wHh.shape[0]!;
    let d = range(H, (r) => range(H, (c) => (r === c ? 1 : 0) as number));
    const norms = [Math.sqrt(H)];
    for (let t = i.states.shape[0]! - 1; t >= 0; t--) {
      d = d.map((row) =>
        range(H, (c) => row.reduce((s, x, m) => s + x * slope(i.states.at(t, m)) * i.wHh.at(m, c), 0)),
      );
      norms.push(Math.sqrt(d.flat().reduce((s, x) => s + x * x, 0)));
    }
    return norms;
  },
  checks: [
    agrees(),
    pure(),
    rejects(
      'states that are no rows, or do not fit the weight',
      [
        { states: toTensor([0.5, 0.5]), wHh: toTensor([[1]]) },
        {
          states: zeros(0, 2),
          wHh: toTensor([
            [1, 0],
            [0, 1],
          ]),
        },
        { states: toTensor([[0.5, 0.5]]), wHh: toTensor([[1]]) },
        { states: toTensor([[0.5]]), wHh: toTensor([[1, 2]]) },
      ],
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'multiplied on the other side': {
      wrong: (i) => grow(backwards(i), i.wHh.shape[0]!, (product, j) => j.matmul(product)),
      says: 'The Jacobian of an earlier step is multiplied on the left. Matrices do not commute: ∂h_T/∂h_{T−2} is J_T J_{T−1}, the later step in front.',
    },
    'from the beginning of time': {
      wrong: (i) => grow(jacobiansOf(i), i.wHh.shape[0]!, (product, j) => j.matmul(product)),
      says: 'You go forward from h_0: your entry k is the norm of ∂h_k/∂h_0. Asked for is how h_T, the last state, depends on the ones before it; start from the end.',
    },
    'first entry missing': {
      wrong: (i) => grow(backwards(i), i.wHh.shape[0]!, onTheRight).slice(1),
      says: 'Your list begins with lag 1. Lag 0 belongs to it: h_T depends on itself by the identity.',
    },
    'each Jacobian alone': {
      wrong: (i) => grow(backwards(i), i.wHh.shape[0]!, (_product, j) => j),
      says: 'Your numbers are the norms of the single Jacobians. Between h_T and an earlier state lie all steps in between, multiplied.',
    },
    'product of the norms': {
      wrong: (i) => {
        let p = 1;
        return [Math.sqrt(i.wHh.shape[0]!), ...backwards(i).map((j) => (p *= frobenius(j)))];
      },
      says: 'You multiply the norms. That is only an upper bound of the norm of the product: directions that one step stretches may be shrunk by the next.',
    },
    'product of the norms, from √H on': {
      wrong: (i) => {
        let p = Math.sqrt(i.wHh.shape[0]!);
        return [p, ...backwards(i).map((j) => (p *= frobenius(j)))];
      },
      says: 'You multiply the norms. Multiply the matrices, and take the norm of what comes out: directions that one step stretches may be shrunk by the next.',
    },
    'from the beginning, and on the other side': {
      wrong: (i) => grow(jacobiansOf(i), i.wHh.shape[0]!, onTheRight),
      says: 'You start with the first step. Asked for is how h_T, the last state, depends on the ones before it: J_T comes first, then J_(T−1), down to J_1.',
    },
    'lag 0 taken as 1': {
      wrong: (i) => [1, ...grow(backwards(i), i.wHh.shape[0]!, onTheRight).slice(1)],
      says: 'Your first number is 1. The identity of H rows has H ones, and the root of the sum of their squares is √H.',
    },
    'lag 0 taken as H': {
      wrong: (i) => [i.wHh.shape[0]!, ...grow(backwards(i), i.wHh.shape[0]!, onTheRight).slice(1)],
      says: 'Your first number is H, the sum of the squares of the identity. Its root is missing.',
    },
    'last entry missing': {
      wrong: (i) => grow(backwards(i), i.wHh.shape[0]!, onTheRight).slice(0, -1),
      says: 'Your list ends one lag early. T steps lead from h_T back to h_0, so there are T + 1 numbers.',
    },
    'entry by entry': {
      wrong: (i) => grow(backwards(i), i.wHh.shape[0]!, (product, j) => product.mul(j)),
      says: 'You multiply entry by entry, which leaves only the diagonal of each Jacobian. The chain rule for vectors is the matrix product.',
    },
    'slopes on the columns': {
      wrong: (i) =>
        grow(
          range(i.states.shape[0]!, (t) =>
            entries({ h: i.states.row(t), wHh: i.wHh }, (r, c) => slope(i.states.at(t, c)) * i.wHh.at(r, c)),
          ).reverse(),
          i.wHh.shape[0]!,
          onTheRight,
        ),
      says: 'In each Jacobian the slopes scale the columns. The tanh is on the side of the new state: row i has the slope of h_i. stateJacobian does it.',
    },
    'wHh transposed': {
      wrong: (i) => grow(backwards({ ...i, wHh: i.wHh.T }), i.wHh.shape[0]!, onTheRight),
      says: 'Your Jacobians are made with wHhᵀ. J_ij = (1 − h_i²) wHh_ij, with wHh as it is.',
    },
    'largest entry': {
      wrong: (i) => grow(backwards(i), i.wHh.shape[0]!, onTheRight, (m) => m.abs().max().item()),
      says: 'You take the largest entry of each product. The Frobenius norm is the root of the sum of all squares.',
    },
    'squared norm': {
      wrong: (i) => grow(backwards(i), i.wHh.shape[0]!, onTheRight, (m) => frobenius(m) ** 2),
      says: 'Your numbers are squares: the root of the sum is missing.',
    },
    'sum of sizes': {
      wrong: (i) => grow(backwards(i), i.wHh.shape[0]!, onTheRight, (m) => m.abs().sum().item()),
      says: 'You add up absolute values. The Frobenius norm is the root of the sum of squares.',
    },
    'one Jacobian for all times': {
      wrong: (i) => {
        const last = backwards(i)[0]!;
        return grow(new Array<Tensor>(i.states.shape[0]!).fill(last), i.wHh.shape[0]!, onTheRight);
      },
      says: 'You use the last step’s Jacobian at every time. Each step has its own, because the slope of tanh depends on where the state was.',
    },
    'slopes forgotten': {
      wrong: (i) =>
        grow(
          jacobiansOf(i).map(() => i.wHh),
          i.wHh.shape[0]!,
          onTheRight,
        ),
      says: 'Your products are powers of wHh; the slopes of tanh are missing, and they are what makes most gradients vanish.',
    },
  },
  hints: [
    'h_T depends on h_{T−1}, which depends on h_{T−2}: the chain rule, one matrix after the other.',
    'The product stays (H, H) all the way, and gives one number at each lag: T + 1 numbers.',
    'Start with the identity. For t = T … 1: product ← product · J_t, and note its norm.',
    'for (let t = states.shape[0] - 1; t >= 0; t--) { product = product.matmul(stateJacobian(states.row(t), wHh)); norms.push(product.norm()); }',
  ],
});

type Power = {
  w: Tensor;
  start: Tensor;
  steps: number;
};
/** Power iteration, one number at a time, with places to slip. */
function iterate(
  { w, start, steps }: Power,
  slip: {
    round?: (v: Tensor) => Tensor;
    /** Where a vector is brought to length 1: nowhere, or only at the start, or only in the rounds. */
    unit?: 'never' | 'at the start' | 'in the rounds';
    length?: (v: Tensor) => number;
    isZero?: (n: number) => boolean;
    end?: (wv: Tensor, v: Tensor) => number;
  } = {},
): number {
  const { unit, length = frobenius, isZero = (n: number) => n === 0 } = slip;
  let v = unit === 'never' || unit === 'in the rounds' ? start : start.div(length(start));
  for (let k = 0; k < steps; k++) {
    const next = slip.round ? slip.round(v) : w.T.matmul(w.matmul(v));
    const n = length(next);
    if (isZero(n)) return 0;
    v = unit === 'never' || unit === 'at the start' ? next : next.div(n);
  }
  return slip.end ? slip.end(w.matmul(v), v) : frobenius(w.matmul(v));
}

const largestSingularValue = exercise({
  points: 2,
  inputs: { w: tensor('H', 'H', { min: -1, max: 1 }), start: tensor('H'), steps: integer(0, 5) },
  sizes: { H: [1, 4] },
  // Away from a start that w sends to zero, where rounding decides.
  where: ({ w, start }) => frobenius(start) > 0 && frobenius(w.matmul(start)) >= 0.1,
  oracle: ({ w, start, steps }) => {
    const H = w.shape[0]!;
    const length = (x: number[]) => Math.sqrt(x.reduce((s, a) => s + a * a, 0));
    const times = (x: number[]) => range(H, (i) => x.reduce((s, a, j) => s + w.at(i, j) * a, 0));
    const timesT = (x: number[]) => range(H, (j) => x.reduce((s, a, i) => s + w.at(i, j) * a, 0));
    let v = Array.from(start.data);
    v = v.map((a) => a / length(Array.from(start.data)));
    for (let k = 0; k < steps; k++) {
      const next = timesT(times(v));
      if (length(next) === 0) return 0;
      v = next.map((a) => a / length(next));
    }
    return length(times(v));
  },
  checks: [
    agrees(),
    property('a rotation stretches nothing, a diagonal by its largest entry', {
      fixed: () => [
        {
          w: toTensor([
            [0, -1],
            [1, 0],
          ]),
          start: toTensor([1, 2]),
          steps: 3,
        },
        {
          w: toTensor([
            [0.5, 0],
            [0, -2],
          ]),
          start: toTensor([1, 1]),
          steps: 40,
        },
      ],
      holds: ({ y }, { steps }) => Math.abs(y - (steps === 3 ? 1 : 2)) <= 1e-9,
    }),
    property('a matrix of zeros has largest singular value 0', {
      fixed: () => [{ w: zeros(2, 2), start: toTensor([1, 2]), steps: 3 }],
      holds: ({ y }) => y === 0,
    }),
    pure(),
    rejects('a start that points nowhere, or shapes that do not fit', [
      { w: toTensor([[1]]), start: toTensor([0]), steps: 1 },
      {
        w: toTensor([
          [1, 2],
          [3, 4],
        ]),
        start: toTensor([1]),
        steps: 1,
      },
      { w: toTensor([1, 2]), start: toTensor([1, 2]), steps: 1 },
      {
        w: toTensor([
          [1, 2],
          [3, 4],
        ]),
        start: toTensor([[1], [1]]),
        steps: 1,
      },
    ]),
  ],
  examples: [
    {
      w: toTensor([
        [0.0005, 0.0001],
        [0, 0.0002],
      ]),
      start: toTensor([1, 1]),
      steps: 3,
    },
    { w: toTensor([[0.0005]]), start: toTensor([2]), steps: 1 },
    {
      w: toTensor([
        [1, 0.5],
        [-0.5, 0.25],
      ]),
      start: toTensor([2, -1]),
      steps: 0,
    },
    {
      w: toTensor([
        [0, 1],
        [-0.5, 0.25],
      ]),
      start: toTensor([1, 2]),
      steps: 0,
    },
  ],
  misconceptions: {
    'w again and again': {
      wrong: (i) => iterate(i, { round: (v) => i.w.matmul(v) }),
      says: 'You iterate with w alone. That looks for an eigenvector, and a matrix that turns vectors may have none; wᵀw always has one that is stretched most.',
    },
    'w twice': {
      wrong: (i) => iterate(i, { round: (v) => i.w.matmul(i.w.matmul(v)) }),
      says: 'You apply w twice. The second time it is the transpose that belongs there: wᵀ brings the stretched vector back.',
    },
    'wwᵀ for wᵀw': {
      wrong: (i) => iterate(i, { round: (v) => i.w.matmul(i.w.T.matmul(v)) }),
      says: 'You iterate with w wᵀ and then measure w v. The two products share their eigenvalues, but not their eigenvectors: v has to be one of wᵀw.',
    },
    'start not normalised': {
      wrong: (i) => iterate(i, { unit: 'never' }),
      says: 'Your vector is never brought to length 1, so its own length is in the result. How much w stretches it is what is wanted.',
    },
    'start not normalised, though the rounds are': {
      wrong: (i) => iterate(i, { unit: 'in the rounds' }),
      says: 'The rounds bring the vector to length 1, but the start is taken as it comes. With 0 steps its own length is in the result.',
    },
    'rounds not normalised': {
      wrong: (i) => iterate(i, { unit: 'at the start' }),
      says: 'The start has length 1, but the rounds let the vector grow or shrink. Bring it back to length 1 after each.',
    },
    'length as the sum of the entries': {
      wrong: (i) => iterate(i, { length: (v) => v.sum().item() }),
      says: 'You divide by the sum of the entries. The length of a vector is the root of the sum of their squares.',
    },
    'length as the largest entry': {
      wrong: (i) => iterate(i, { length: (v) => v.abs().max().item() }),
      says: 'You divide by the largest entry. That keeps the direction, but σ = ‖w v‖ wants a v of length 1: the root of the sum of squares.',
    },
    'small taken for zero': {
      wrong: (i) => iterate(i, { isZero: (n) => n < 1e-6 }),
      says: 'A small wᵀw v is taken for zero. A matrix of small numbers has a direction that it stretches most, too; only an exact zero has none.',
    },
    'wᵀ again and again': {
      wrong: (i) => iterate(i, { round: (v) => i.w.T.matmul(v) }),
      says: 'You iterate with wᵀ alone. First w stretches the vector, then wᵀ brings it back.',
    },
    'wᵀ twice': {
      wrong: (i) => iterate(i, { round: (v) => i.w.T.matmul(i.w.T.matmul(v)) }),
      says: 'You apply wᵀ twice. The first of the two should be w.',
    },
    'length of wᵀw v': {
      wrong: (i) => iterate(i, { end: (wv) => frobenius(i.w.T.matmul(wv)) }),
      says: 'You return the length of wᵀw v, which comes to σ². The length of w v is σ itself.',
    },
    'root of the length of wᵀw v': {
      wrong: (i) => iterate(i, { end: (wv) => Math.sqrt(frobenius(i.w.T.matmul(wv))) }),
      says: 'You return the root of ‖wᵀw v‖. After many rounds that is σ as well, before it is not: the docstring asks for ‖w v‖.',
    },
    'eigenvalue for singular value': {
      wrong: (i) => iterate(i, { end: (wv, v) => v.dot(wv) }),
      says: 'You return v · w v, which would be an eigenvalue of w. A rotation by a right angle makes it 0, though it shortens nothing: the length of w v is wanted.',
    },
    squared: {
      wrong: (i) => iterate(i, { end: (wv) => frobenius(wv) ** 2 }),
      says: 'You return the eigenvalue of wᵀw, which is σ². The length of w v is σ itself.',
    },
    'one step short': {
      wrong: (i) => iterate({ ...i, steps: Math.max(0, i.steps - 1) }),
      says: 'You take one step fewer than asked.',
    },
    'one step too many': {
      wrong: (i) => iterate({ ...i, steps: i.steps + 1 }),
      says: 'You take one step more than asked.',
    },
    'Frobenius norm': {
      wrong: ({ w }) => frobenius(w),
      says: 'That is the Frobenius norm, which counts all directions together. The largest singular value is the stretch of the one direction that is stretched most.',
    },
  },
  hints: [
    'Stretch a vector again and again, and the direction that is stretched most takes over.',
    'v stays a vector of H numbers and of length 1; the result is one number.',
    'v = start/‖start‖; `steps` times v = wᵀwv/‖wᵀwv‖; σ = ‖wv‖. If wᵀwv is zero, return 0.',
    'const stretched = w.T.matmul(w.matmul(v)); v = stretched.div(stretched.norm());',
  ],
});

type Gradients = {
  wIh: Tensor;
  wHh: Tensor;
  bIh: Tensor;
  bHh: Tensor;
};
type Clip = {
  gradients: Gradients;
  maxNorm: number;
};
const list = ({ wIh, wHh, bIh, bHh }: Gradients) => [wIh, wHh, bIh, bHh];
const together = (ts: Tensor[]) => Math.sqrt(ts.reduce((s, t) => s + t.data.reduce((q, x) => q + x * x, 0), 0));
const each = ({ wIh, wHh, bIh, bHh }: Gradients, f: (t: Tensor) => Tensor): Gradients => ({
  wIh: f(wIh),
  wHh: f(wHh),
  bIh: f(bIh),
  bHh: f(bHh),
});
const factor = (norm: number, max: number) => Math.min(1, max / (norm + 1e-6));
const clip = ({ gradients, maxNorm }: Clip) => {
  const norm = together(list(gradients));
  return { gradients: { ...each(gradients, (t) => t.mul(factor(norm, maxNorm))) }, norm };
};

const clipGradients = exercise({
  points: 2,
  inputs: {
    gradients: record({ wIh: tensor('H', 'D'), wHh: tensor('H', 'H'), bIh: tensor('H'), bHh: tensor('H') }),
    maxNorm: number({ min: 0.5, max: 10, step: 0.5 }),
  },
  sizes: { H: [1, 3], D: [1, 4] },
  where: ({ gradients, maxNorm }) => Math.abs(together(list(gradients)) + 1e-6 - maxNorm) >= 1e-3,
  oracle: (i) => clip(i),
  checks: [
    agrees(),
    pure(),
    rejects('a limit that is not above zero', () => {
      const g = { wIh: toTensor([[1]]), wHh: toTensor([[2]]), bIh: toTensor([1]), bHh: toTensor([0]) };
      return [
        { gradients: g, maxNorm: 0 },
        { gradients: g, maxNorm: -1 },
        { gradients: g, maxNorm: NaN },
      ];
    }),
  ],
  misconceptions: {
    'each tensor by itself': {
      wrong: ({ gradients, maxNorm }) => ({
        gradients: { ...each(gradients, (t) => t.mul(factor(together([t]), maxNorm))) },
        norm: together(list(gradients)),
      }),
      says: 'Each of the four is clipped by its own norm. Then their proportions change, and with them the direction of the step. One norm, one factor, for all.',
    },
    'short gradients made longer': {
      wrong: (i) => {
        const norm = together(list(i.gradients));
        return { gradients: { ...each(i.gradients, (t) => t.mul(i.maxNorm / (norm + 1e-6))) }, norm };
      },
      says: 'Gradients below the limit are scaled up to it. Near a minimum they should be short: clipping only ever shortens.',
    },
    'entries cut off': {
      wrong: (i) => ({
        gradients: { ...each(i.gradients, (t) => t.clip(-i.maxNorm, i.maxNorm)) },
        norm: together(list(i.gradients)),
      }),
      says: 'You cut each entry at the limit. That bends the direction; scaling everything by one factor keeps it.',
    },
    'norm after clipping': {
      wrong: (i) => {
        const clipped = clip(i);
        return { ...clipped, norm: together(list(clipped.gradients)) };
      },
      says: 'The norm you return is measured after clipping. Before is what one wants to see: it says when the gradients explode.',
    },
    'norm cut at the limit': {
      wrong: (i) => {
        const clipped = clip(i);
        return { ...clipped, norm: Math.min(clipped.norm, i.maxNorm) };
      },
      says: 'The norm you return never exceeds the limit. The norm before clipping is what one wants to see: it says when the gradients explode.',
    },
    'largest of the four norms': {
      wrong: (i) => {
        const norm = Math.max(...list(i.gradients).map((t) => together([t])));
        return { gradients: { ...each(i.gradients, (t) => t.mul(factor(norm, i.maxNorm))) }, norm };
      },
      says: 'You take the largest of the four norms. All four tensors are one long vector: the squares of all entries go under one root.',
    },
    'root of the mean': {
      wrong: (i) => {
        const all = list(i.gradients);
        const norm = together(all) / Math.sqrt(all.reduce((n, t) => n + t.size, 0));
        return { gradients: { ...each(i.gradients, (t) => t.mul(factor(norm, i.maxNorm))) }, norm };
      },
      says: 'Your norm is the root of the mean of the squares. A length is the root of their sum.',
    },
    'biases not shortened': {
      wrong: (i) => {
        const { gradients, norm } = clip(i);
        return { gradients: { ...gradients, bIh: i.gradients.bIh, bHh: i.gradients.bHh }, norm };
      },
      says: 'The biases’ gradients come back as they were. One factor, for all four: otherwise the direction changes.',
    },
    'only wHh shortened': {
      wrong: (i) => {
        const { gradients, norm } = clip(i);
        return { gradients: { ...i.gradients, wHh: gradients.wHh }, norm };
      },
      says: 'Only wHh is shortened. One factor, for all four: otherwise the direction changes.',
    },
    'max for min': {
      wrong: (i) => {
        const norm = together(list(i.gradients));
        return { gradients: { ...each(i.gradients, (t) => t.mul(Math.max(1, i.maxNorm / (norm + 1e-6)))) }, norm };
      },
      says: 'Short gradients are made longer and long ones are left: the factor is the smaller of 1 and maxNorm / (norm + 1e-6), not the larger.',
    },
    'fraction upside down': {
      wrong: (i) => {
        const norm = together(list(i.gradients));
        return { gradients: { ...each(i.gradients, (t) => t.mul(Math.min(1, (norm + 1e-6) / i.maxNorm))) }, norm };
      },
      says: 'Your factor is norm / maxNorm, so that short gradients become shorter still and long ones are left. The limit is above the line.',
    },
    'shortened to length 1': {
      wrong: (i) => {
        const norm = together(list(i.gradients));
        return { gradients: { ...each(i.gradients, (t) => t.mul(norm > i.maxNorm ? 1 / norm : 1)) }, norm };
      },
      says: 'Gradients that are too long are brought to length 1, not to the limit.',
    },
    'the two biases exchanged': {
      wrong: (i) => {
        const { gradients, norm } = clip(i);
        return { gradients: { ...gradients, bIh: gradients.bHh, bHh: gradients.bIh }, norm };
      },
      says: 'bIh and bHh come back under each other’s names. clipByNorm keeps the order of its list.',
    },
    'root forgotten': {
      wrong: (i) => {
        const norm = together(list(i.gradients)) ** 2;
        return { gradients: { ...each(i.gradients, (t) => t.mul(factor(norm, i.maxNorm))) }, norm };
      },
      says: 'Your norm is the sum of the squares; the root is missing.',
    },
    'norms added': {
      wrong: (i) => {
        const norm = list(i.gradients).reduce((s, t) => s + together([t]), 0);
        return { gradients: { ...each(i.gradients, (t) => t.mul(factor(norm, i.maxNorm))) }, norm };
      },
      says: 'You add up four norms. Squares add, lengths do not: 3 and 4 at a right angle make 5.',
    },
    'biases left out': {
      wrong: (i) => {
        const norm = together([i.gradients.wIh, i.gradients.wHh]);
        return { gradients: { ...each(i.gradients, (t) => t.mul(factor(norm, i.maxNorm))) }, norm };
      },
      says: 'The biases have no part in your norm. All four are one long vector.',
    },
    'no 1e-6': {
      wrong: (i) => {
        const norm = together(list(i.gradients));
        return { gradients: { ...each(i.gradients, (t) => t.mul(Math.min(1, i.maxNorm / norm))) }, norm };
      },
      says: 'You are off by a millionth: the formula adds 1e-6 to the norm, so that a gradient of zero divides by something.',
    },
  },
  hints: [
    'Lay the four tensors end to end: one long vector, with one length.',
    'Four tensors in, the same four out, and the length before. Chapter 2 had a function that clips a list of tensors.',
    'factor = min(1, maxNorm / (norm + 1e-6)), the same for all four.',
    'const { gradients: clipped, norm } = clipByNorm([wIh, wHh, bIh, bHh], maxNorm); then put them back under their names.',
  ],
});

export const gradientFlow = topic('gradient-flow', 'How far a gradient travels', {
  stateJacobian,
  jacobianProductNorms,
  largestSingularValue,
  clipGradients,
});
