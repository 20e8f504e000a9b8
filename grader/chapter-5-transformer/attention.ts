/** Exercises on scaled dot-product attention and its masks. */
import { Tensor, ones, tensor as toTensor, where, zeros } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientAgrees,
  gradientOf,
  integer,
  property,
  pure,
  range,
  rejects,
  staysFinite,
  tensor,
  topic,
  valueOf,
  vector,
  type Lifted,
  type VarTensor,
  type ValueRecord,
} from '../engine/index.ts';
import { AXES, attended, cutTo, leading, part, sharesOfRows, smooth } from './definitions.ts';

// Masks

const grid = (T: number, S: number, allowed: (i: number, j: number) => boolean) =>
  new Tensor(
    [T, S],
    range(T * S, (at) => (allowed(Math.floor(at / S), at % S) ? 1 : 0)),
  );
const causal = (T: number, S: number) => grid(T, S, (i, j) => j <= i + S - T);

const causalMask = exercise({
  points: 1,
  inputs: { T: integer(1, 5), S: integer(1, 5) },
  oracle: ({ T, S }) => causal(T, S),
  checks: [agrees({ exact: true })],
  examples: [
    { T: 2, S: 2 },
    { T: 3, S: 3 },
    { T: 2, S: 4 },
    { T: 3, S: 1 },
  ],
  misconceptions: {
    'one key ahead': {
      wrong: ({ T, S }) => grid(T, S, (i, j) => j <= i + S - T + 1),
      says: 'Each of your queries sees one key beyond its own place: just the token that it is to foretell.',
    },
    'nobody sees itself': {
      wrong: ({ T, S }) => grid(T, S, (i, j) => j < i + S - T),
      says: 'Your queries see what is before them, and not their own place. The first one would then see nothing at all.',
    },
    'allowed and forbidden exchanged': {
      wrong: ({ T, S }) => grid(T, S, (i, j) => j > i + S - T),
      says: 'You put 1 where looking is forbidden. Here 1 means that a query may attend to the key.',
    },
    'the future instead of the past': {
      wrong: ({ T, S }) => grid(T, S, (i, j) => j >= i + S - T),
      says: 'Your queries see themselves and what comes after them: the mask is mirrored. Row i belongs to query i.',
    },
    'aligned at the first query': {
      wrong: ({ T, S }) => grid(T, S, (i, j) => j <= i),
      says: 'With as many queries as keys this is right. When a text is continued there are fewer queries than keys, and it is the last query that sees all keys.',
    },
    'shifted the wrong way': {
      wrong: ({ T, S }) => grid(T, S, (i, j) => j <= i + T - S),
      says: 'You shift by T − S. With three new queries after four old tokens, which keys does the first of the three see?',
    },
    'to be added to the scores': {
      wrong: ({ T, S }) => causal(T, S).map((allowed) => (allowed ? 0 : -Infinity)),
      says: 'You put 0 where a query may look and −∞ where it may not, as for a mask that is added to the scores. The masks of this course are 1 and 0.',
    },
    'the first key for everybody': {
      wrong: ({ T, S }) => grid(T, S, (i, j) => j <= Math.max(0, i + S - T)),
      says: 'With more queries than keys your first queries see key 0. For them j ≤ i + S − T holds nowhere: they see nothing.',
    },
    'rows and columns exchanged': {
      wrong: ({ T, S }) => grid(S, T, (j, i) => j <= i + S - T),
      says: 'Your mask has a row for each key. A row for each query is asked for: (T, S).',
    },
  },
  hints: [
    'Draw it for T = S = 3: which keys may each query see? Then take away the first query.',
    'T rows, S columns. The last row is all ones, whatever T and S are.',
    '1 where j ≤ i + S − T, else 0.',
    'A column arange(T) of shape (T, 1), plus S − T, compared with a row arange(S).',
  ],
});

const paddingOf = (
  lengths: readonly number[],
  S: number,
  allowed: (j: number, n: number) => boolean,
  shape?: number[],
) =>
  new Tensor(
    shape ?? [lengths.length, 1, S],
    lengths.flatMap((n) => range(S, (j) => (allowed(j, n) ? 1 : 0))),
  );

const paddingMask = exercise({
  points: 1,
  inputs: { lengths: vector('B', { min: 0, max: 4, step: 1 }), S: integer(1, 5) },
  sizes: { B: [1, 3] },
  derive: ({ lengths, S }) => ({ lengths: lengths.map((n) => Math.min(n, S)), S }),
  oracle: ({ lengths, S }) => paddingOf(lengths, S, (j, n) => j < n),
  checks: [
    agrees({ exact: true }),
    pure({ cases: 3 }),
    rejects('a length that is no whole number from 0 to S', [
      { lengths: [2, 4], S: 3 },
      { lengths: [-1], S: 3 },
      { lengths: [1.5], S: 3 },
      { lengths: [NaN], S: 3 },
    ]),
  ],
  examples: [
    { lengths: [2, 4], S: 4 },
    { lengths: [0, 3, 1], S: 3 },
  ],
  misconceptions: {
    'padding allowed, text forbidden': {
      wrong: ({ lengths, S }) => paddingOf(lengths, S, (j, n) => j >= n),
      says: 'You put 1 where the padding is. In this course 1 means "may be attended to" (PyTorch’s key_padding_mask has it the other way round).',
    },
    'one key too many': {
      wrong: ({ lengths, S }) => paddingOf(lengths, S, (j, n) => j <= n),
      says: 'The first padded place is allowed too. A sequence of length 2 has the keys 0 and 1.',
    },
    'padding on the left': {
      wrong: ({ lengths, S }) => paddingOf(lengths, S, (j, n) => j >= S - n),
      says: 'You allow the last places of each row. The sequences stand at the front and are filled up behind.',
    },
    'no axis for the queries': {
      wrong: ({ lengths, S }) => paddingOf(lengths, S, (j, n) => j < n, [lengths.length, S]),
      says: 'Your mask is (B, S). Beside scores of (B, T, S) its B would be taken for T: the axis of the queries is missing, with length 1.',
    },
    'a row for every key': {
      wrong: ({ lengths, S }) => paddingOf(lengths, S, (j, n) => j < n).broadcastTo([lengths.length, S, S]),
      says: 'Your mask is (B, S, S), and fits only where there are as many queries as keys. One row is enough for all queries: (B, 1, S) broadcasts.',
    },
    'queries hidden instead of keys': {
      wrong: ({ lengths, S }) => paddingOf(lengths, S, (j, n) => j < n, [lengths.length, S, 1]),
      says: 'The axis of length 1 stands last, so your mask forbids whole queries. It is keys that must not be looked at.',
    },
  },
  hints: [
    'For each sequence a row: ones as far as it goes, then zeros.',
    'Compare numbers 0 … S − 1 with the lengths: (S) against (B, 1, 1) broadcasts to (B, 1, S).',
    'mask[b, 0, j] = 1 where j < lengths[b]. Look at the lengths first, and refuse what is none.',
    'arange(S).less(tensor(lengths).reshape(-1, 1, 1)), after a loop that throws a RangeError.',
  ],
});

// Softmax under a mask

const MASKS = ['all', 'any', 'causal', 'keys'];

const maskPart = (mask: Tensor, at: number[]) => (at.length > 0 ? mask.slice(...at) : mask);

/** A mask of a kind for scores of a shape. */
function maskOf(kind: string, allowed: Tensor, axes: number): Tensor {
  const [T, S] = allowed.shape.slice(-2) as [number, number];
  if (kind === 'all') return ones(1, 1);
  if (kind === 'causal') return causal(T, S);
  const any = cutTo(allowed, axes);
  // The first row of each, for all queries: which keys are real.
  return kind === 'keys' ? any.slice(...range(axes - 2, () => null), [0, 1]) : any;
}

/** All scores or all weights of one query, along the last axis. */
const soft = (x: Tensor, axis = -1) => {
  const e = x.sub(x.max(axis, { keepDims: true })).exp();
  return e.div(e.sum(axis, { keepDims: true }));
};
/** As asked for: allowed keys only. */
function masked(scores: Tensor, mask: Tensor, axis = -1): Tensor {
  const m = mask.broadcastTo(scores.shape);
  const largest = where(m, scores, -Number.MAX_VALUE).max(axis, { keepDims: true });
  const e = where(m, scores.sub(largest), 0).exp().mul(m);
  const sum = e.sum(axis, { keepDims: true });
  return e.div(where(sum, sum, 1));
}
const filled = (scores: Tensor, mask: Tensor, by: number) => where(mask.broadcastTo(scores.shape), scores, by);
const not = (mask: Tensor) => mask.neg().add(1);

/** Ways to go wrong between scores and weights; attention as a whole shares them. */
const weightSlips: Record<string, { weights: (scores: Tensor, mask: Tensor) => Tensor; says: string }> = {
  'mask after the softmax': {
    weights: (scores, mask) => soft(scores).mul(mask),
    says: 'You set weights to 0 after the softmax, so what the forbidden keys had taken is missing: rows sum to less than 1.',
  },
  'mask multiplied into the scores': {
    weights: (scores, mask) => soft(scores.mul(mask)),
    says: 'Forbidden scores become 0, and e⁰ is 1: those keys still get weight, often more than allowed ones with a negative score. Not the score is to be 0.',
  },
  'allowed and forbidden exchanged': {
    weights: (scores, mask) => masked(scores, not(mask)),
    says: 'You attend to what is forbidden, and to nothing else. 1 in the mask means allowed.',
  },
  'mask ignored': {
    weights: (scores) => soft(scores),
    says: 'The mask changes nothing in your result: forbidden keys get weight like all others.',
  },
  'softmax over the queries': {
    weights: (scores, mask) => masked(scores, mask, -2),
    says: 'Your weights sum to 1 down the columns, so queries compete for each key. Each query has one whole attention to give away, along its row.',
  },
  'evenly spread where nothing is allowed': {
    weights: (scores, mask) => soft(filled(scores, mask, -1e9)),
    says: 'A query that may attend to nothing spreads its attention evenly over what it must not see: a score of −10⁹ everywhere in a row makes all keys equal. Its weights are to be 0.',
  },
  'a large number subtracted': {
    weights: (scores, mask) => soft(scores.sub(not(mask).mul(1e9))),
    says: 'Where everything is forbidden, subtracting 10⁹ from each score leaves the same order as before: that query looks at all it must not see. Its weights are to be 0.',
  },
  'nothing divided by nothing': {
    weights: (scores, mask) => soft(filled(scores, mask, -Infinity)),
    says: 'Where everything is forbidden your row is NaN: neither −∞ − (−∞) nor 0/0 is a number. A row without allowed keys is all zeros.',
  },
  'zero times infinity': {
    weights: (scores, mask) => soft(scores.add(not(mask).mul(-Infinity))),
    says: 'You multiply by −∞, and 0 · ∞ is NaN, not 0: every allowed key has become NaN too. Choose between two numbers instead of multiplying.',
  },
};

const maskedSoftmax = exercise({
  points: 3,
  inputs: {
    scores: tensor('B', 'h', 'T', 'S'),
    allowed: tensor('B', 'h', 'T', 'S', { min: 0, max: 1, step: 1 }),
    axes: choice(...AXES),
    kind: choice(...MASKS),
  },
  sizes: { B: [1, 2], h: [1, 2], T: [1, 4], S: [1, 4] },
  derive: ({ scores, allowed, axes, kind }) => ({ scores: cutTo(scores, axes), mask: maskOf(kind, allowed, axes) }),
  parameters: ['scores', 'mask'],
  oracle: valueOf(
    ({ scores, mask }: { scores: Lifted<Tensor>; mask: Tensor }) => {
      const all = mask.broadcastTo(scores.shape);
      return leading(scores.shape.slice(0, -2), (...at) => sharesOfRows(part(scores, ...at), maskPart(all, at)));
    },
    { plain: ['mask'] },
  ),
  checks: [
    agrees({ cases: 16 }),
    staysFinite({ scale: 1000, only: ['scores'], cases: 5 }),
    property<{ scores: Tensor; mask: Tensor }>('a forbidden score takes no part, however large it is', {
      cases: 8,
      runs: ({ scores, mask }) => {
        const m = mask.broadcastTo(scores.shape);
        return { here: { scores, mask }, there: { scores: where(m, scores, 1000), mask } };
      },
      holds: ({ here, there }: { here: Tensor; there: Tensor }) => here.allClose(there, { rtol: 1e-9, atol: 1e-12 }),
    }),
    pure({ cases: 3 }),
    rejects(
      'a mask that does not broadcast to the shape of the scores',
      [
        { scores: zeros(2, 3), mask: ones(2, 2) },
        // These two would make more scores than there are.
        { scores: zeros(2, 3), mask: ones(4, 1, 1) },
        { scores: zeros(1, 3), mask: ones(2, 3) },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    { scores: toTensor([[1, 0.5], [-1, 2]]), mask: toTensor([[1, 0], [0, 0]]) }, // prettier-ignore
    { scores: toTensor([[1000, 0, 999], [0, 1, 0]]), mask: toTensor([[0, 1, 0], [1, 1, 1]]) }, // prettier-ignore
    { scores: toTensor([[-1, 800, 0.5]]), mask: toTensor([[1, 0, 1]]) },
    { scores: toTensor([[-1000, -999], [0, 1]]), mask: toTensor([[1, 1], [1, 1]]) }, // prettier-ignore
    { scores: toTensor([[0, 1], [-900, -901], [-1, 0]]), mask: ones(1, 1) }, // prettier-ignore
    { scores: toTensor([[1000, 999], [0, 0.5]]), mask: toTensor([[1, 1], [1, 1]]) }, // prettier-ignore
    // Lower than any number that might stand for "forbidden".
    { scores: toTensor([[-1e10, 0], [-1e10, -1e10]]), mask: toTensor([[1, 0], [1, 1]]) }, // prettier-ignore
  ] as (ValueRecord & { scores: Tensor; mask: Tensor })[],
  misconceptions: {
    'largest allowed score not taken out': {
      wrong: ({ scores, mask }) => {
        const e = where(mask.broadcastTo(scores.shape), scores, -Infinity).exp();
        const sum = e.sum(-1, { keepDims: true });
        return e.div(where(sum, sum, 1));
      },
      says: 'e^1000 is infinite, and e^−1000 is 0. Subtract the largest allowed score of each row first; the weights stay what they are.',
    },
    ...Object.fromEntries(
      Object.entries(weightSlips).map(([name, { weights, says }]) => [
        name,
        { wrong: ({ scores, mask }: { scores: Tensor; mask: Tensor }) => weights(scores, mask), says },
      ]),
    ),
    'largest score taken from the forbidden too': {
      wrong: ({ scores, mask }) => {
        const e = scores
          .sub(scores.max(-1, { keepDims: true }))
          .exp()
          .mul(mask);
        const sum = e.sum(-1, { keepDims: true });
        return e.div(where(sum, sum, 1));
      },
      says: 'You subtract the largest score of the whole row, forbidden ones included. If that one is 1000 larger, every allowed e^… is 0, and so is their sum.',
    },
    'one largest score for all rows': {
      wrong: ({ scores, mask }) => {
        const m = mask.broadcastTo(scores.shape);
        const largest = where(m, scores, -Number.MAX_VALUE).max();
        const e = where(m, scores.sub(largest), 0).exp().mul(m);
        const sum = e.sum(-1, { keepDims: true });
        return e.div(where(sum, sum, 1));
      },
      says: 'You subtract one number, the largest of all scores, from every row. A row whose own scores are 1000 lower is left with e^−1000 = 0 throughout. Each row needs its own largest.',
    },
    ...Object.fromEntries(
      (
        [
          [1e-9, '⁻⁹'],
          [1e-8, '⁻⁸'],
        ] as const
      ).map(([little, power]) => [
        // prettier-ignore
        `10${power} added to the sum`,
        {
          wrong: ({ scores, mask }: { scores: Tensor; mask: Tensor }) => {
            const m = mask.broadcastTo(scores.shape);
            const largest = where(m, scores, -Number.MAX_VALUE).max(-1, { keepDims: true });
            const e = where(m, scores.sub(largest), 0).exp().mul(m);
            return e.div(e.sum(-1, { keepDims: true }).add(little));
          },
          says: `You add 10${power} to every sum to avoid 0/0, and all weights come out a little too small. Mend only the rows in which the sum is 0.`,
        },
      ]),
    ),
    'largest score not taken out': {
      wrong: ({ scores, mask }) => {
        const e = scores.exp().mul(mask);
        const sum = e.sum(-1, { keepDims: true });
        return e.div(where(sum, sum, 1));
      },
      says: 'e^1000 is infinite, and e^−1000 is 0. Subtract the largest allowed score of each row first; the weights stay what they are.',
    },
    'not divided by the sum': {
      wrong: ({ scores, mask }) => {
        const m = mask.broadcastTo(scores.shape);
        const largest = where(m, scores, -Number.MAX_VALUE).max(-1, { keepDims: true });
        return where(m, scores.sub(largest), 0).exp().mul(m);
      },
      says: 'Your largest weight is 1 in every row, and the rows sum to more. They are not shares yet.',
    },
  },
  hints: [
    'Imagine the forbidden keys were not there at all, and the softmax were taken over the rest. What is left of a row in which nothing is there?',
    'mask.broadcastTo(scores.shape) has the scores’ shape; where(mask, a, b) takes a where it is 1, and b where it is 0.',
    'Put a very negative number in place of forbidden scores, find the row’s largest, subtract it, take e^…, and set what is forbidden to 0. The sum of a row is 0 only where nothing is allowed: divide by 1 there.',
    'where(mask, scores, −Number.MAX_VALUE) for the maximum; where(mask, scores.sub(largest), 0).exp().mul(mask) for the powers; e.div(sum.add(sum.equal(0))).', // prettier-ignore
  ],
});

// Attention

interface Inputs {
  q: Tensor;
  k: Tensor;
  v: Tensor;
  mask: Tensor;
}
interface BackInputs extends Inputs {
  dy: Tensor;
}
type LiftedInputs = Lifted<Pick<Inputs, 'q' | 'k' | 'v'>> & { mask: Tensor };

const heads = (i: LiftedInputs) => {
  const axes = i.q.shape.slice(0, -2);
  const all = i.mask.broadcastTo([...axes, i.q.shape.at(-2)!, i.k.shape.at(-2)!]);
  const weights: VarTensor[] = [];
  const y = leading(axes, (...at) => {
    const one = attended(part(i.q, ...at), part(i.k, ...at), part(i.v, ...at), maskPart(all, at));
    weights.push(one.weights);
    return one.y;
  });
  return { y, weights: leading(axes, () => weights.shift()!) };
};

const drawn = {
  q: tensor('B', 'h', 'T', 'd_k'),
  k: tensor('B', 'h', 'S', 'd_k'),
  v: tensor('B', 'h', 'S', 'd_v'),
  allowed: tensor('B', 'h', 'T', 'S', { min: 0, max: 1, step: 1 }),
  axes: choice(...AXES),
  kind: choice(...MASKS),
};
const sizes = { B: [1, 2], h: [1, 2], T: [1, 4], S: [1, 4], d_k: [1, 4], d_v: [1, 3] } as const;
type Drawn = { q: Tensor; k: Tensor; v: Tensor; allowed: Tensor; axes: number; kind: string };
const fed = ({ q, k, v, allowed, axes, kind }: Drawn) => ({
  q: cutTo(q, axes),
  k: cutTo(k, axes),
  v: cutTo(v, axes),
  mask: maskOf(kind, allowed, axes),
});

/** Small, square and not: d_k = 4, so that √d_k = 2. */
const examples = [
  {
    q: toTensor([[1, 0, -1, 2], [0.5, 1, 0, -1]]), // prettier-ignore
    k: toTensor([[2, 0, 1, 1], [-1, 1, 0, 0.5]]), // prettier-ignore
    v: toTensor([[1, 0], [0.5, -2]]), // prettier-ignore
    mask: ones(1, 1),
  },
  {
    q: toTensor([[1, 2], [0, -1], [1, 1]]), // prettier-ignore
    k: toTensor([[1, 0], [-1, 2], [0, 1]]), // prettier-ignore
    v: toTensor([[2, 1], [0, 1], [-1, 0.5]]), // prettier-ignore
    mask: toTensor([[1, 0, 1], [0, 0, 0], [1, 1, 0]]), // prettier-ignore
  },
  {
    q: toTensor([[0.5, 1, -1], [2, -1, 0]]), // prettier-ignore
    k: toTensor([[1, 1, 0], [0, -1, 1]]), // prettier-ignore
    v: toTensor([[1, 0, -1], [0.5, 2, 1]]), // prettier-ignore
    mask: toTensor([[0, 1], [1, 1]]), // prettier-ignore
  },
];

const scoresOf = (q: Tensor, k: Tensor, by = Math.sqrt(q.shape.at(-1)!)) => q.matmul(k.T).div(by);
const withWeights = (weights: Tensor, v: Tensor) => ({ y: weights.matmul(v), weights });
const slipped = (change: (i: Inputs) => Tensor) => (i: Inputs) => withWeights(change(i), i.v);

/** The queries, or the keys, in another order: each one place on. */
const rolled = (x: Tensor) => {
  const n = x.shape.at(-2)!;
  return x.take(
    x.rank - 2,
    range(n, (i) => (i + 1) % n),
  );
};
const whole = ({ q, k, mask }: Inputs) => mask.broadcastTo([...q.shape.slice(0, -1), k.shape.at(-2)!]);
const close = (a: Tensor, b: Tensor) => a.allClose(b, { rtol: 1e-9, atol: 1e-11 });
type Result = { y: Tensor; weights: Tensor };
const record = (i: Inputs): ValueRecord => ({ ...i });

const attentionForward = exercise({
  points: 4,
  inputs: drawn,
  sizes,
  derive: fed,
  parameters: ['q', 'k', 'v', 'mask'],
  uses: ['maskedSoftmax'],
  oracle: valueOf(heads, { plain: ['mask'] }),
  checks: [
    agrees({ cases: 14 }),
    property<Inputs>('queries in another order give outputs in that order', {
      cases: 4,
      runs: (i) => ({ one: record(i), other: record({ ...i, q: rolled(i.q), mask: rolled(whole(i)) }) }),
      holds: ({ one, other }: Record<string, Result>) => close(rolled(one!.y), other!.y),
    }),
    property<Inputs>('keys in another order, their values with them, change nothing', {
      cases: 4,
      runs: (i) => ({
        one: record(i),
        other: record({ ...i, k: rolled(i.k), v: rolled(i.v), mask: rolled(whole(i).T).T }),
      }),
      holds: ({ one, other }: Record<string, Result>) => close(one!.y, other!.y),
    }),
    property<Inputs>('self-attention without a mask follows its tokens wherever they move', {
      cases: 4,
      runs: ({ q }) => {
        const on = (x: Tensor): ValueRecord => ({ q: x, k: x, v: x, mask: ones(1, 1) });
        return { one: on(q), other: on(rolled(q)) };
      },
      holds: ({ one, other }: Record<string, Result>) => close(rolled(one!.y), other!.y),
    }),
    property<Inputs>('under a causal mask the last key is seen by the last query alone', {
      cases: 4,
      runs: ({ q, k, v }) => {
        const [T, S] = [q.shape.at(-2)!, k.shape.at(-2)!];
        const other = (x: Tensor) => {
          const width = x.shape.at(-1)!;
          return x.map((value, at) => (Math.floor(at / width) % S === S - 1 ? 1 - value : value));
        };
        const mask = causal(T, S);
        return { one: { q, k, v, mask }, other: { q, k: other(k), v: other(v), mask } };
      },
      holds: ({ one, other }: Record<string, Result>) => {
        const earlier = (x: Tensor) => x.slice(...range(x.rank - 2, () => null), [0, x.shape.at(-2)! - 1]);
        return close(earlier(one!.y), earlier(other!.y));
      },
    }),
    staysFinite({ scale: 100, only: ['q', 'k', 'v'], cases: 4 }),
    pure({ cases: 3 }),
    rejects(
      'keys of another width than the queries, another number of values than of keys, or a mask that does not fit',
      [
        { q: zeros(2, 3), k: zeros(4, 2), v: zeros(4, 2), mask: ones(1, 1) },
        { q: zeros(2, 3), k: zeros(4, 1), v: zeros(4, 2), mask: ones(1, 1) },
        { q: zeros(2, 3), k: zeros(4, 3), v: zeros(3, 2), mask: ones(1, 1) },
        { q: zeros(2, 3), k: zeros(4, 3), v: zeros(1, 2), mask: ones(1, 1) },
        { q: zeros(2, 3), k: zeros(4, 3), v: zeros(4, 2), mask: ones(5, 1, 1) },
      ],
      { worth: 1 },
    ),
  ],
  examples,
  misconceptions: {
    'scores not scaled': {
      wrong: slipped(({ q, k, mask }) => masked(scoresOf(q, k, 1), mask)),
      says: 'Your scores are not divided by anything. A sum of d_k products grows with d_k; what does that do to the softmax?',
    },
    'scaled by d instead of √d': {
      wrong: slipped(({ q, k, mask }) => masked(scoresOf(q, k, q.shape.at(-1)!), mask)),
      says: 'You divide by d_k itself. A sum of d_k random products has a spread of √d_k: dividing by more makes every query look everywhere alike.',
    },
    'multiplied by √d': {
      wrong: slipped(({ q, k, mask }) => masked(scoresOf(q, k, 1 / Math.sqrt(q.shape.at(-1)!)), mask)),
      says: 'Your scores are multiplied by √d_k. They are too large already; they want to be divided.',
    },
    'scaled by the number of keys': {
      wrong: slipped(({ q, k, mask }) => masked(scoresOf(q, k, Math.sqrt(k.shape.at(-2)!)), mask)),
      says: 'You divide by √S, the number of keys. Each score is a sum over the d_k columns, however many keys there are.',
    },
    'scaled by the width of the values': {
      wrong: slipped(({ q, k, v, mask }) => masked(scoresOf(q, k, Math.sqrt(v.shape.at(-1)!)), mask)),
      says: 'You divide by √d_v, the root of the width of the values. Scores are sums over the columns of queries and keys.',
    },
    'scores returned as weights': {
      wrong: ({ q, k, v, mask }) => ({ y: masked(scoresOf(q, k), mask).matmul(v), weights: scoresOf(q, k) }),
      says: 'y is right. What you return as weights are still the scores: rows of weights sum to 1.',
    },
    'width read from the second axis': {
      wrong: slipped(({ q, k, mask }) => masked(scoresOf(q, k, Math.sqrt(q.shape[1]!)), mask)),
      says: 'With plain matrices this is right. With a batch or heads in front, q.shape[1] is no longer d_k: the width is the last axis, however many there are.',
    },
    'scaled after the softmax': {
      wrong: slipped(({ q, k, mask }) => masked(scoresOf(q, k, 1), mask).div(Math.sqrt(q.shape.at(-1)!))),
      says: 'You divide the weights instead of the scores, so that rows sum to 1/√d_k. The scale belongs before the softmax.',
    },
    ...Object.fromEntries(
      Object.entries(weightSlips).map(([name, { weights, says }]) => [
        name,
        { wrong: slipped(({ q, k, mask }) => weights(scoresOf(q, k), mask)), says },
      ]),
    ),
    'mask transposed': {
      wrong: slipped(({ q, k, mask }) => {
        const [T, S] = [q.shape.at(-2)!, k.shape.at(-2)!];
        const square = T === S && mask.rank >= 2 && mask.shape.at(-1) === mask.shape.at(-2);
        return masked(scoresOf(q, k), square ? mask.T : mask);
      }),
      says: 'You use the mask with rows and columns exchanged. Row i says what query i may see; mirrored, a causal mask shows the future.',
    },
    'scores without a softmax': {
      wrong: slipped(({ q, k, mask }) => scoresOf(q, k).mul(mask)),
      says: 'You multiply the values by the bare scores. They may be negative and sum to anything; an average needs weights that do not.',
    },
    'keys averaged instead of values': {
      wrong: ({ q, k, mask }) => withWeights(masked(scoresOf(q, k), mask), k),
      says: 'You take the average of the keys. A key says how something is found, the value what is to be had there.',
    },
  },
  hints: [
    'Three steps: how well does each key answer each query? What share of its attention does each query give to each key? What does it take home?',
    'q is (…, T, d_k), k.T is (…, d_k, S): their product has one score per query and key.',
    'scores / √d_k, maskedSoftmax along the keys, times v. Look at the shapes first: d_k of q and k, S of k and v.',
    'weights = maskedSoftmax(q.matmul(k.T).div(Math.sqrt(d)), mask); y = weights.matmul(v).',
  ],
});

/** Back through a softmax whose rows are weights, along an axis. */
const softBack = (d: Tensor, w: Tensor, axis = -1) => w.mul(d.sub(d.mul(w).sum(axis, { keepDims: true })));

function parts({ dy, q, k, v, mask }: BackInputs) {
  const weights = masked(scoresOf(q, k), mask);
  const dweights = dy.matmul(v.T);
  return { weights, dweights, dscores: softBack(dweights, weights), dv: weights.T.matmul(dy), root: Math.sqrt(q.shape.at(-1)!) }; // prettier-ignore
}
type Parts = ReturnType<typeof parts>;
/** The gradients from dscores and dv, as changed; a query's and a key's gradient are divided by numbers of their own. */
const slippedBack =
  (change: (p: Parts, i: BackInputs) => { dscores?: Tensor; dv?: Tensor; byQ?: number; byK?: number }) =>
  (i: BackInputs) => {
    const p = parts(i);
    const { dscores, dv, byQ, byK } = { dscores: p.dscores, dv: p.dv, byQ: p.root, byK: p.root, ...change(p, i) };
    return { dq: dscores.matmul(i.k).div(byQ), dk: dscores.T.matmul(i.q).div(byK), dv };
  };

const drawnBack = { dy: tensor('B', 'h', 'T', 'd_v'), ...drawn };

const attentionBackward = exercise<typeof drawnBack, BackInputs & ValueRecord>({
  points: 4,
  inputs: drawnBack,
  sizes,
  derive: (i) => ({ dy: cutTo(i.dy, i.axes), ...fed(i) }),
  parameters: ['dy'],
  backwardOf: { forward: 'attentionForward', takes: ['q', 'k', 'v', 'mask'] },
  oracle: smooth(
    gradientOf<LiftedInputs>(heads, { upstream: { y: 'dy' }, wrt: { dq: 'q', dk: 'k', dv: 'v' }, plain: ['mask'] }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 14 }), pure({ cases: 3 })],
  examples: [
    { dy: toTensor([[1, 0.5], [-1, 2]]), ...examples[0]! }, // prettier-ignore
    { dy: toTensor([[1, 0.5], [-1, 2], [0, -1]]), ...examples[1]! }, // prettier-ignore
    { dy: toTensor([[1, -1, 0.5], [0, 2, 1]]), ...examples[2]! }, // prettier-ignore
  ],
  misconceptions: {
    'softmax with its sum not weighted': {
      wrong: slippedBack(({ weights: w, dweights: d }) => ({ dscores: w.mul(d.sub(d.sum(-1, { keepDims: true }))) })),
      says: 'In the sum that you subtract every key of the row counts in full. On the way there each of them had a weight.',
    },
    'gradient of the values from that of the scores': {
      wrong: slippedBack(({ dscores }, { dy }) => ({ dv: dscores.T.matmul(dy) })),
      says: 'Your dv multiplies dy by the gradient of the scores. It was the weights that multiplied the values.',
    },
    'gradient of the values from that of the scaled scores': {
      wrong: slippedBack(({ dscores, root }, { dy }) => ({ dv: dscores.T.matmul(dy).div(root) })),
      says: 'Your dv multiplies dy by the gradient of the scores. It was the weights that multiplied the values.',
    },
    'weights not transposed': {
      wrong: slippedBack(({ weights }, { dy }) => ({ dv: weights.matmul(dy) })),
      says: 'Your dv is the weights times dy, which fits only where there are as many keys as queries. dv has a row for each key: which axis of the weights is summed over?',
    },
    'gradient of the scores not transposed': {
      wrong: (i: BackInputs) => {
        const p = parts(i);
        const { dq, dv } = slippedBack(() => ({}))(i);
        return { dq, dk: p.dscores.matmul(i.q).div(p.root), dv };
      },
      says: 'Your dk is the scores’ gradient times q, which fits only where there are as many keys as queries. dk has a row for each key: which axis is summed over?',
    },
    'each with itself': {
      wrong: (i: BackInputs) => {
        const p = parts(i);
        return { dq: p.dscores.matmul(i.q).div(p.root), dk: p.dscores.T.matmul(i.k).div(p.root), dv: p.dv };
      },
      says: 'Your dq is made with q, and your dk with k. In a product each factor gets the gradient times the OTHER factor.',
    },
    'scale missing in the gradient of q': {
      wrong: slippedBack(() => ({ byQ: 1 })),
      says: 'The scale is in the gradient of k and not in that of q. Both came into the scores before they were divided.',
    },
    'scale missing in the gradient of k': {
      wrong: slippedBack(() => ({ byK: 1 })),
      says: 'The scale is in the gradient of q and not in that of k. Both came into the scores before they were divided.',
    },
    'scale missing on the way back': {
      wrong: slippedBack(() => ({ byQ: 1, byK: 1 })),
      says: 'The scores were divided by √d_k on the way there; on the way back nothing is.',
    },
    'scaled twice': {
      wrong: slippedBack(({ root }) => ({ byQ: root * root, byK: root * root })),
      says: 'You divide by √d_k twice. The scores were divided once, so their gradient is, too.',
    },
    'softmax passed over': {
      wrong: slippedBack(({ dweights }) => ({ dscores: dweights })),
      says: 'You take the gradient of the weights for that of the scores. Between them there is a softmax.',
    },
    'softmax with its diagonal only': {
      wrong: slippedBack(({ weights: w, dweights }) => ({ dscores: dweights.mul(w).mul(not(w)) })),
      says: 'You went back through the softmax with w(1 − w) alone. Raising one score lowers the weights of all other keys, and that counts too.',
    },
    'softmax without its sum': {
      wrong: slippedBack(({ weights: w, dweights }) => ({ dscores: dweights.mul(w) })),
      says: 'You multiply by the weights and stop. Raising one score takes from all other keys of its row: the row’s own Σ dweights ⊙ weights has to be subtracted first.',
    },
    'width read from the second axis': {
      wrong: slippedBack((_, { q }) => ({ byQ: Math.sqrt(q.shape[1]!), byK: Math.sqrt(q.shape[1]!) })),
      says: 'With plain matrices this is right. With a batch or heads in front, q.shape[1] is no longer d_k: the width is the last axis, however many there are.',
    },
    'softmax without the weights in front': {
      wrong: slippedBack(({ weights: w, dweights: d }) => ({
        dscores: d.sub(d.mul(w).sum(-1, { keepDims: true })),
      })),
      says: 'You subtract a row’s mean gradient, as one should, but a key with hardly any weight, or none at all under a mask, gets as much gradient as the others. One factor is missing.',
    },
    'back through a softmax over the queries': {
      wrong: slippedBack(({ weights, dweights }) => ({ dscores: softBack(dweights, weights, -2) })),
      says: 'On the way back your softmax runs down the columns. On the way there each row summed to 1.',
    },
    'gradient of the values not weighted': {
      wrong: slippedBack(({ weights }, { dy }) => ({ dv: ones(...weights.shape).T.matmul(dy) })),
      says: 'Every value gets the whole upstream gradient, also of queries that took nothing from it. How much did query i take of value j?',
    },
    'gradient of the values from the scores': {
      wrong: slippedBack((_, { dy, q, k }) => ({ dv: scoresOf(q, k).T.matmul(dy) })),
      says: 'Your dv multiplies dy by the scores. It was the weights that multiplied the values.',
    },
    'gradient of the values averaged over the queries': {
      wrong: slippedBack(({ dv }, { q }) => ({ dv: dv.div(q.shape.at(-2)!) })),
      says: 'Your dv is divided by the number of queries. Every query that took from a value adds its part.',
    },
    'gradients of queries and keys exchanged': {
      wrong: (i: BackInputs) => {
        const { dq, dk, dv } = slippedBack(() => ({}))(i);
        return { dq: dk, dk: dq, dv };
      },
      says: 'dq and dk have changed places: dq has a row for each query, dk one for each key.',
    },
    'mask forgotten on the way back': {
      wrong: (i: BackInputs) => {
        const all = slippedBack(() => ({}))({ ...i, mask: ones(1, 1) });
        return { ...all, dv: parts(i).dv };
      },
      says: 'Forbidden keys get a gradient through the scores. The weights in the cache are those after the mask, and where they are 0 nothing passes.',
    },
  },
  hints: [
    'Three steps on the way there, so three on the way back, in reverse: the average, the softmax, the scaled product.',
    'Of y = weights v: dv = weightsᵀ dy is (…, S, d_v), and dweights = dy vᵀ is (…, T, S), as the weights are.',
    'dscores = weights ⊙ (dweights − Σ over keys of dweights ⊙ weights); chapter 2’s softmaxBackward works along the last axis, whatever stands in front.',
    'dscores divided by √d_k once, then times k for dq, and transposed times q for dk.',
  ],
});

export const attention = topic('attention', 'Scaled dot-product attention', {
  causalMask,
  paddingMask,
  maskedSoftmax,
  attentionForward,
  attentionBackward,
});
