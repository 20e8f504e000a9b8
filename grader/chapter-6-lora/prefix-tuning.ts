/** Exercises on prefix-tuning: keys and values that belong to no token, in front of an attention. */
import { Tensor, concat, ones, zeros, zerosLike } from '#tensor';
import { cutTo, leading, part } from '../chapter-5-transformer/definitions.ts';
import {
  headsLike,
  linear,
  linearBack,
  mergeOf,
  projected,
  sharesIn,
  splitInto,
  type MultiHead,
} from '../chapter-5-transformer/definitions-blocks.ts';
import { attended } from '../chapter-5-transformer/definitions.ts';
import { attentionWeights } from '../chapter-5-transformer/definitions-layers.ts';
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
  record,
  sizeOf,
  smooth,
  tensor,
  topic,
  valueOf,
  VarTensor,
  type ValueRecord,
} from '../engine/index.ts';
import {
  filled,
  headsSideBySide,
  inFront,
  maskIn,
  maskInput,
  type Plain,
  seeing,
  someNames,
  triangle,
  type Up,
} from './definitions.ts';

// The mask

/** The given mask and P columns by a rule, in front or behind. */
const columns = (
  mask: Tensor,
  P: number,
  value: (t: number, p: number, T: number) => number,
  behind = false,
): Tensor => {
  const [T] = mask.shape.slice(-2) as [number];
  const more = zeros(...mask.shape.slice(0, -1), P).map((_, at) => value(Math.floor(at / P) % T, at % P, T));
  return concat(behind ? [mask, more] : [more, mask], -1);
};
const UNSEEN =
  'The prefix changes nothing in your result: it is not among the keys, or its columns of the mask are zeros. It is there to be seen by all.';

/** What becomes of the mask when it goes wrong, and what to say. */
const maskSlips: Record<string, { mask: (mask: Tensor, P: number) => Tensor; says: string }> = {
  'prefix hidden': {
    mask: (mask, P) => columns(mask, P, () => 0),
    says: 'No query sees the prefix: its columns are zeros. It is there to be seen by all.',
  },
  'mask laid over the prefix': {
    mask: (mask, P) => columns(mask, P, () => 0, true),
    says: 'The mask’s first column now belongs to the first row of the prefix, and the last tokens are hidden from everybody. The prefix comes first, so the mask moves to the right.',
  },
  'prefix given positions': {
    mask: (mask, P) => columns(mask, P, (t, p) => (p <= t ? 1 : 0)),
    says: 'Your first query does not see the whole prefix: you give its rows places in the order of the text, and a causal mask among them. The prefix has no places.',
  },
  'prefix seen from the end': {
    mask: (mask, P) => columns(mask, P, (t, p, T) => (p >= P - T + t ? 1 : 0)),
    says: 'Your later queries lose rows of the prefix. It belongs to no place in the text, so it is near to all of them.',
  },
};

const prefixMask = exercise({
  points: 1,
  inputs: {
    mask: maskInput(['B', 'T', 'S'], '(T, S) or (B, T, S) of 1 or 0', ({ B, T, S }) => [
      [T!, S!],
      [B!, T!, S!],
    ]),
    P: integer(0, 3),
  },
  sizes: { B: [1, 2], T: [1, 4], S: [1, 4] },
  oracle: ({ mask, P }) => seeing(mask, P),
  checks: [agrees({ exact: true, cases: 20 }), pure({ cases: 3 })],
  examples: [
    { mask: triangle(3), P: 2 },
    { mask: triangle(2), P: 3 },
    { mask: new Tensor([2, 2, 3], [1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0]), P: 2 },
  ],
  misconceptions: {
    ...Object.fromEntries(
      Object.entries(maskSlips).map(([name, { mask: wrong, says }]) => [
        name,
        { wrong: ({ mask, P }: { mask: Tensor; P: number }) => (P === 0 ? mask : wrong(mask, P)), says },
      ]),
    ),
    'ones behind': {
      wrong: ({ mask, P }) => (P === 0 ? mask : columns(mask, P, () => 1, true)),
      says: 'Your columns of ones stand behind the mask. The prefix comes before all keys, and so do its columns.',
    },
    'not widened': {
      wrong: ({ mask }) => mask,
      says: 'Your mask has S columns still. There are P keys more.',
    },
    'one column for all': {
      wrong: ({ mask }) => columns(mask, 1, () => 1),
      says: 'You put one column in front. Each of the P rows of the prefix is a key with a column of its own.',
    },
    'queries added too': {
      wrong: ({ mask, P }) => {
        if (P === 0) return mask;
        const wide = columns(mask, P, () => 1);
        return concat([ones(...mask.shape.slice(0, -2), P, wide.shape.at(-1)!), wide], -2);
      },
      says: 'Your mask has P rows more as well. The prefix is looked at; it asks nothing, and has no query.',
    },
    'rows instead of columns': {
      wrong: ({ mask, P }) =>
        P === 0 ? mask : concat([ones(...mask.shape.slice(0, -2), P, mask.shape.at(-1)!), mask], -2),
      says: 'You put rows in front. Rows are queries; keys are columns.',
    },
    'everything allowed': {
      wrong: ({ mask, P }) => seeing(mask, P).map(() => 1),
      says: 'Your mask is all ones. Among the tokens what was forbidden stays forbidden.',
    },
    'one causal mask over all': {
      wrong: ({ mask, P }) =>
        seeing(mask, P).map((_, at) =>
          at % (P + mask.shape.at(-1)!) <= Math.floor(at / (P + mask.shape.at(-1)!)) % mask.shape.at(-2)! ? 1 : 0,
        ),
      says: 'You lay one causal mask over prefix and tokens together, and the given one is gone. Keep the mask as it is, behind P columns of ones.',
    },
  },
  hints: [
    'A row of the mask says what one query may look at. Now there are P things more, and everybody may look at them.',
    '(…, T, P) of ones in front of (…, T, S), along the last axis.',
    'concat of two tensors along axis −1. The ones have the shape of the mask, but for the last axis.',
    'concat([ones(...mask.shape.slice(0, -1), P), mask], -1)',
  ],
});

// Attention over a prefix

type AttentionInputs = { q: Tensor; k: Tensor; v: Tensor; prefixK: Tensor; prefixV: Tensor; mask: Tensor };

/** For all sequences and heads alike; one for each head; one for each head of each sequence. */
const OWN = ['shared', 'for each head', 'for each sequence'] as const;

const drawn = {
  q: tensor('B', 'h', 'T', 'd_k'),
  k: tensor('B', 'h', 'S', 'd_k'),
  v: tensor('B', 'h', 'S', 'd_v'),
  prefixK: tensor('B', 'h', 'P', 'd_k'),
  prefixV: tensor('B', 'h', 'P', 'd_v'),
  mask: maskInput(['B', 'T', 'S'], '(T, S), or (B, T, S) for a batch, of 1 or 0', ({ B, T, S }) => [
    [T!, S!],
    [B!, T!, S!],
  ]),
  axes: choice(2, 3, 4),
  own: choice<string>(...OWN),
};
const attentionSizes = {
  B: [1, 3],
  h: [1, 2],
  T: [1, 3],
  S: [1, 3],
  P: [1, 3],
  d_k: [1, 3],
  d_v: [1, 3],
} as const;

const prefixFor = (prefix: Tensor, axes: number, own: string): Tensor => {
  if (own === 'for each sequence') return cutTo(prefix, axes);
  if (own === 'for each head' && axes > 2) return cutTo(prefix, axes).slice([0, 1]);
  return cutTo(prefix, 2);
};
const derive = ({ axes, own, ...i }: AttentionInputs & { axes: number; own: string }): AttentionInputs => ({
  q: cutTo(i.q, axes),
  k: cutTo(i.k, axes),
  v: cutTo(i.v, axes),
  prefixK: prefixFor(i.prefixK, axes, own),
  prefixV: prefixFor(i.prefixV, axes, own),
  mask: axes === 3 || i.mask.rank === 2 ? i.mask : i.mask.row(0),
});
const attentionParameters = ['q', 'k', 'v', 'prefixK', 'prefixV', 'mask'];

/** The rows of a prefix (P, d) in front of those of x (S, d). */
const before = (prefix: VarTensor, x: VarTensor) =>
  new VarTensor([prefix.shape[0]! + x.shape[0]!, x.shape[1]!], [...prefix.data, ...x.data]);
/** The part of a prefix that belongs to the sequence and head `at`: axes of length 1, or missing, serve all. */
const own = (prefix: VarTensor, at: number[]) => {
  const axes = prefix.shape.slice(0, -2);
  return part(prefix, ...axes.map((n, k) => (n === 1 ? 0 : at[at.length - axes.length + k]!)));
};

const attentionDefinition = ({ q, k, v, prefixK, prefixV, mask }: Plain<AttentionInputs, 'mask'>) => ({
  y: leading(q.shape.slice(0, -2), (...at) => {
    const keys = before(own(prefixK, at), part(k, ...at));
    const values = before(own(prefixV, at), part(v, ...at));
    return attended(part(q, ...at), keys, values, seeing(maskIn(mask, at[0] ?? 0), prefixK.shape.at(-2)!)).y;
  }),
});

const someAttention = (seed: number, front: number[], prefixFront: number[], mask: Tensor, P: number, d: number) => {
  const [T, S] = mask.shape.slice(-2) as [number, number];
  return {
    q: filled(seed, ...front, T, d).mul(2),
    k: filled(seed + 1, ...front, S, d).mul(2),
    v: filled(seed + 2, ...front, S, d),
    prefixK: filled(seed + 3, ...prefixFront, P, d).mul(2),
    prefixV: filled(seed + 4, ...prefixFront, P, d),
    mask,
  };
};
const attentionExamples: AttentionInputs[] = [
  someAttention(3, [], [], triangle(3), 2, 4),
  someAttention(13, [3], [], new Tensor([2, 4], [1, 0, 1, 1, 0, 0, 0, 0]), 3, 2),
  someAttention(29, [2, 2], [1, 2], triangle(3), 2, 3),
  someAttention(43, [2], [2], triangle(4), 3, 2),
];

const flip = (x: Tensor) => x.transpose(...range(x.rank - 2, (i) => i), x.rank - 1, x.rank - 2);
const spread = (prefix: Tensor, to: Tensor) =>
  prefix.broadcastTo([...to.shape.slice(0, -2), ...prefix.shape.slice(-2)]);
const rowsOfPrefix = (prefix: Tensor) => prefix.shape.at(-2)!;

/** Attention over a prefix, with everything that its backward pass needs. */
function attend(
  { q, k, v, prefixK, prefixV, mask }: AttentionInputs,
  slips: {
    mask?: (mask: Tensor, P: number) => Tensor;
    behind?: boolean | 'values';
    noMask?: boolean;
    noScale?: boolean;
  } = {},
) {
  const P = rowsOfPrefix(prefixK);
  const [pk, pv] = [spread(prefixK, k), spread(prefixV, v)];
  const keys = concat(slips.behind === true ? [k, pk] : [pk, k], -2);
  const values = concat(slips.behind ? [v, pv] : [pv, v], -2);
  const scale = slips.noScale ? 1 : Math.sqrt(q.shape.at(-1)!);
  const scores = q.matmul(flip(keys)).div(scale);
  const allowed = slips.noMask ? scores.map(() => 1) : (slips.mask ?? seeing)(mask, P).broadcastTo(scores.shape);
  const weights = sharesIn(scores, allowed);
  return { P, pk, pv, keys, values, weights, scores, allowed, y: weights.matmul(values) };
}
/** A causal mask in the place of the given one. */
const causal = (mask: Tensor): Tensor => {
  const [T, S] = mask.shape.slice(-2) as [number, number];
  return zeros(T, S).map((_, at) => (at % S <= Math.floor(at / S) + S - T ? 1 : 0));
};

/** Attention to the prefix and attention to the tokens, each with a softmax of its own, added. */
function apart(i: AttentionInputs): Tensor {
  const { scores, allowed, P, pv } = attend(i);
  const cut = (x: Tensor, from: number, to: number) => x.slice(...range(x.rank - 1, () => null), [from, to]);
  const sharesOf = (from: number, to: number) => sharesIn(cut(scores, from, to), cut(allowed, from, to));
  return sharesOf(0, P)
    .matmul(pv)
    .add(sharesOf(P, scores.shape.at(-1)!).matmul(i.v));
}
const slipped = (slips: Parameters<typeof attend>[1]) => (i: AttentionInputs) => ({ y: attend(i, slips).y });

const prefixAttentionForward = exercise({
  points: 3,
  inputs: drawn,
  sizes: attentionSizes,
  derive,
  parameters: attentionParameters,
  uses: ['prefixMask'],
  oracle: valueOf(attentionDefinition, { plain: ['mask'] }),
  checks: [
    agrees({ cases: 10 }),
    property<AttentionInputs>('the order of the prefix’s rows does not matter', {
      cases: 4,
      runs: (i) => {
        const turned = (x: Tensor) =>
          x.take(
            x.rank - 2,
            range(rowsOfPrefix(x), (p) => rowsOfPrefix(x) - 1 - p),
          );
        return { here: i, there: { ...i, prefixK: turned(i.prefixK), prefixV: turned(i.prefixV) } };
      },
      holds: ({ here, there }: { here: { y: Tensor }; there: { y: Tensor } }) =>
        here.y.allClose(there.y, { rtol: 1e-9, atol: 1e-12 }),
    }),
    pure({ cases: 2 }),
  ],
  examples: attentionExamples as (AttentionInputs & ValueRecord)[],
  misconceptions: {
    ...Object.fromEntries(
      Object.entries(maskSlips).map(([name, { mask, says }]) => [
        name,
        { wrong: slipped({ mask }), says: name === 'prefix hidden' ? UNSEEN : says },
      ]),
    ),
    'mask in front, prefix behind': {
      wrong: slipped({ behind: true }),
      says: 'Your prefix stands behind the keys, and its columns of the mask stand in front: each query sees the wrong ones.',
    },
    'mask ignored': {
      wrong: slipped({ noMask: true }),
      says: 'The mask changes nothing in your result. Among the tokens it still holds.',
    },
    'prefix’s keys and values exchanged': {
      wrong: (i) => ({ y: attend({ ...i, prefixK: i.prefixV, prefixV: i.prefixK }).y }),
      says: 'prefixV stands among your keys and prefixK among your values.',
    },
    'prefix’s keys as its values': {
      wrong: (i) => ({ y: attend({ ...i, prefixV: i.prefixK }).y }),
      says: 'prefixK stands among your keys and among your values. What is found by a key is another vector.',
    },
    'two attentions added': {
      wrong: (i) => ({ y: apart(i) }),
      says: 'You attend to the prefix and to the tokens by themselves and add the two: each query gives away two whole attentions. One softmax runs over all P + S keys.',
    },
    'scale forgotten': {
      wrong: slipped({ noScale: true }),
      says: 'Your scores are not divided by √d_k. attentionForward does it.',
    },
    'values’ prefix behind': {
      wrong: slipped({ behind: 'values' }),
      says: 'The prefix stands before your keys and behind your values, so each weight meets the wrong value. It comes first in both.',
    },
    'two attentions averaged': {
      wrong: (i) => ({ y: apart(i).div(2) }),
      says: 'You attend to the prefix and to the tokens by themselves and take the mean. How much the prefix gets is for each query to decide: one softmax runs over all P + S keys.',
    },
    'mask not widened': {
      wrong: slipped({ mask: (mask) => mask }),
      says: 'Your mask has no columns for the prefix: it is stretched over P + S keys where it can be, and elsewhere does not fit.',
    },
    'prefix among the queries': {
      wrong: (i) => {
        const q = concat([spread(i.prefixK, i.q), i.q], -2);
        const wide = seeing(i.mask, rowsOfPrefix(i.prefixK));
        const rows = ones(...wide.shape.slice(0, -2), rowsOfPrefix(i.prefixK), wide.shape.at(-1)!);
        return { y: attend({ ...i, q }, { mask: () => concat([rows, wide], -2) }).y };
      },
      says: 'Your result has P rows more: the prefix stands among the queries too. It is looked at; it asks nothing.',
    },
    'a causal mask of your own': {
      wrong: slipped({ mask: (mask, P) => seeing(causal(mask), P) }),
      says: 'Among the tokens you use a causal mask, whatever `mask` says. Which of them may be seen is for the caller to say.',
    },
    'mask widened behind': {
      wrong: slipped({ mask: (mask, P) => concat([mask, ones(...mask.shape.slice(0, -1), P)], -1) }),
      says: 'Your columns of ones stand behind the mask, and the prefix stands before the keys: each query sees the wrong ones.',
    },
    'prefix’s values left out': {
      wrong: (i) => ({ y: attend({ ...i, prefixV: zerosLike(i.prefixV) }).y }),
      says: 'prefixV changes nothing in your result: the prefix takes attention and has nothing to say.',
    },
    'prefix’s keys left out': {
      wrong: (i) => ({ y: attend({ ...i, prefixK: zerosLike(i.prefixK) }).y }),
      says: 'prefixK changes nothing in your result: every query gives the prefix the same vote.',
    },
  },
  hints: [
    'It is the attention you have, with longer lists of keys and values, and a mask to match.',
    'k′ is (…, P + S, d_k). Where k has axes in front that the prefix lacks, or has with length 1, the prefix has to be spread over them first: broadcastTo.',
    'concat([prefix, k], -2) after prefix.broadcastTo([...k’s axes in front, P, d_k]); the same for the values; attentionForward with prefixMask(mask, P). Keep the prefixes’ shapes for the way back.',
    'const keys = concat([spread(prefixK, k), k], -2); const { y, cache } = attentionForward(q, keys, values, prefixMask(mask, P));',
  ],
});

/** Sums over axes that were spread, down to a shape. */
function gathered(x: Tensor, shape: readonly number[]): Tensor {
  const more = x.rank - shape.length;
  const sum = more > 0 ? x.sum(range(more, (k) => k)) : x;
  const spreadAxes = shape.flatMap((n, axis) => (n === 1 && sum.shape[axis] !== 1 ? [axis] : []));
  return spreadAxes.length > 0 ? sum.sum(spreadAxes, { keepDims: true }) : sum;
}
/** The axes that the prefix lacks, one after the other, as `away` says; those that it has with length 1 are summed. */
const lacking = (away: (x: Tensor) => Tensor) => (x: Tensor, shape: readonly number[]) => {
  let now = x;
  while (now.rank > shape.length) now = away(now);
  return gathered(now, shape);
};
/** The first entry along axes that were spread. */
function firstOf(x: Tensor, shape: readonly number[], last = false): Tensor {
  let now = x;
  while (now.rank > shape.length) now = now.row(last ? -1 : 0);
  return now.slice(
    ...shape.map((n, axis) =>
      n === now.shape[axis] ? null : last ? ([now.shape[axis]! - 1, now.shape[axis]!] as const) : ([0, 1] as const),
    ),
  );
}

interface BackSlips {
  /** How the gradients of a prefix that served many are gathered. */
  gather?: (x: Tensor, shape: readonly number[]) => Tensor;
  softmaxPassed?: boolean;
  noScale?: boolean;
  /** The last P rows for the prefix. */
  fromTheEnd?: boolean;
  /** dq hears of one part of the keys only. */
  queries?: 'tokens' | 'prefix';
  weightsConstant?: boolean;
}
function attendBack(i: Up<AttentionInputs>, slips: BackSlips = {}) {
  const { q, k, prefixK, prefixV, dy } = i;
  const { weights, keys, values, P } = attend(i);
  const dweights = dy.matmul(flip(values));
  const pulled = slips.softmaxPassed
    ? dweights
    : weights.mul(dweights.sub(dweights.mul(weights).sum(-1, { keepDims: true })));
  const dscores = pulled.div(slips.noScale ? 1 : Math.sqrt(q.shape.at(-1)!)).mul(slips.weightsConstant ? 0 : 1);
  const [dkeys, dvalues] = [flip(dscores).matmul(q), flip(weights).matmul(dy)];
  const S = k.shape.at(-2)!;
  const rows = (x: Tensor, from: number, to: number) => x.slice(...range(x.rank - 2, () => null), [from, to]);
  const prefixRows: [number, number] = slips.fromTheEnd ? [S, S + P] : [0, P];
  const tokenRows: [number, number] = slips.fromTheEnd ? [0, S] : [P, P + S];
  const lastAxis = (x: Tensor, from: number, to: number) => x.slice(...range(x.rank - 1, () => null), [from, to]);
  const gather = slips.gather ?? gathered;
  const asked = (from: number, to: number) => lastAxis(dscores, from, to).matmul(rows(keys, from, to));
  const dq = slips.queries === 'tokens' ? asked(P, P + S) : slips.queries === 'prefix' ? asked(0, P) : asked(0, P + S);
  return {
    dq,
    dk: rows(dkeys, ...tokenRows),
    dv: rows(dvalues, ...tokenRows),
    dprefixK: gather(rows(dkeys, ...prefixRows), prefixK.shape),
    dprefixV: gather(rows(dvalues, ...prefixRows), prefixV.shape),
    whole: { dk: dkeys, dv: dvalues },
  };
}
type Gradients = Omit<ReturnType<typeof attendBack>, 'whole'>;
const slippedBack =
  (slips: BackSlips, change: (right: ReturnType<typeof attendBack>) => Partial<Gradients> = () => ({})) =>
  (i: Up<AttentionInputs>) => {
    const result = attendBack(i, slips);
    const { whole: _, ...gradients } = result;
    return { ...gradients, ...change(result) };
  };
const size = (shape: readonly number[]) => shape.reduce((a, n) => a * n, 1);

const prefixAttentionBackward = exercise({
  points: 3,
  inputs: { ...drawn, dy: tensor('B', 'h', 'T', 'd_v') },
  sizes: attentionSizes,
  derive: ({ dy, ...i }) => ({ dy: cutTo(dy, i.axes), ...derive(i) }),
  parameters: ['dy'],
  backwardOf: { forward: 'prefixAttentionForward', takes: attentionParameters },
  oracle: smooth(
    gradientOf(attentionDefinition, {
      upstream: { y: 'dy' },
      wrt: { dq: 'q', dk: 'k', dv: 'v', dprefixK: 'prefixK', dprefixV: 'prefixV' },
      plain: ['mask'],
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 10 }), pure({ cases: 2 })],
  examples: attentionExamples.map((e, k) => ({ dy: filled(61 + k, ...e.q.shape), ...e })) as (Up<AttentionInputs> &
    ValueRecord)[],
  misconceptions: {
    'the last rows for the prefix': {
      wrong: slippedBack({ fromTheEnd: true }),
      says: 'You take the last P rows for the prefix and the first S for the tokens. On the way there the prefix came first.',
    },
    'not cut': {
      wrong: slippedBack({}, ({ whole }) => whole),
      says: 'Your dk and dv have P + S rows. The first P belong to the prefix, and were handed out already.',
    },
    'prefix’s gradients not summed': {
      wrong: slippedBack({ gather: (x) => x }),
      says: 'Your prefix has a gradient for each sequence. Where one prefix served many, what they say is summed.',
    },
    'averaged over the sequences': {
      wrong: slippedBack({ gather: (x, shape) => gathered(x, shape).mul(size(shape) / x.size) }),
      says: 'You take the mean of what the sequences say of the prefix. What is used many times gets the sum.',
    },
    'the first sequence only': {
      wrong: slippedBack({ gather: (x, shape) => firstOf(x, shape) }),
      says: 'The prefix hears of the first sequence only. It served all of them.',
    },
    'the last sequence only': {
      wrong: slippedBack({ gather: (x, shape) => firstOf(x, shape, true) }),
      says: 'The prefix hears of the last sequence only. It served all of them.',
    },
    'prefix’s keys and values exchanged': {
      wrong: slippedBack({}, ({ dprefixK, dprefixV }) => ({ dprefixK: dprefixV, dprefixV: dprefixK })),
      says: 'What you return as dprefixK is the gradient of the prefix’s values, and the other way round.',
    },
    'queries hear of the tokens only': {
      wrong: slippedBack({ queries: 'tokens' }),
      says: 'Your dq holds what came by the tokens’ keys. The queries met the prefix’s keys too.',
    },
    'queries hear of the prefix only': {
      wrong: slippedBack({ queries: 'prefix' }),
      says: 'Your dq holds what came by the prefix’s keys. The queries met the tokens’ keys too.',
    },
    'softmax passed over': {
      wrong: slippedBack({ softmaxPassed: true }),
      says: 'The gradient of the weights goes into the scores as it is. Between the two there is a softmax over all P + S keys.',
    },
    'scale forgotten on the way back': {
      wrong: slippedBack({ noScale: true }),
      says: 'Queries and keys get gradients that are too large by √d_k.',
    },
    'prefix frozen': {
      wrong: slippedBack({}, ({ dprefixK, dprefixV }) => ({
        dprefixK: zerosLike(dprefixK),
        dprefixV: zerosLike(dprefixV),
      })),
      says: 'The prefix gets no gradient. It is the only thing here that is to learn.',
    },
    'prefix’s keys get nothing': {
      wrong: slippedBack({}, ({ dprefixK }) => ({ dprefixK: zerosLike(dprefixK) })),
      says: 'The prefix’s values learn and its keys do not: nobody could learn to look there more, or less.',
    },
    'axes of length 1 not summed': {
      wrong: slippedBack({
        gather: (x, shape) => {
          const more = x.rank - shape.length;
          return more > 0 ? x.sum(range(more, (k) => k)) : x;
        },
      }),
      says: 'You sum over axes that the prefix does not have, and not over those that it has with length 1. It was spread over both: sumToShape does both.',
    },
    'summed over all axes in front': {
      wrong: slippedBack({ gather: (x) => x.reshape(-1, ...x.shape.slice(-2)).sum(0) }),
      says: 'You always sum down to (P, d). A prefix may have axes of its own in front, one for each head for instance: sumToShape sums only where it was spread.',
    },
    'tokens’ keys and values exchanged': {
      wrong: slippedBack({}, ({ dk, dv }) => ({ dk: dv, dv: dk })),
      says: 'What you return as dk is the gradient of the values, and the other way round.',
    },
    'tokens get nothing': {
      wrong: slippedBack({}, ({ dk, dv }) => ({ dk: zerosLike(dk), dv: zerosLike(dv) })),
      says: 'The tokens’ keys and values get no gradient. Nothing of theirs is to learn here, but what lies before them has to hear of the loss.',
    },
    'the first of all where an axis is lacking': {
      wrong: slippedBack({ gather: lacking((x) => x.row(0)) }),
      says: 'Where the prefix lacks an axis, of sequences or of heads, it hears of the first one only. It served all of them.',
    },
    'averaged where an axis is lacking': {
      wrong: slippedBack({ gather: lacking((x) => x.mean(0)) }),
      says: 'Where the prefix lacks an axis, of sequences or of heads, you take the mean of what they say. What is used many times gets the sum.',
    },
  },
  hints: [
    'attentionBackward knows nothing of prefixes. It gives gradients for P + S keys and values: whose are they?',
    'dk′ (…, P + S, d_k) is cut along axis −2 into P rows and S rows. The P rows have the axes in front of k; the prefix may have fewer.',
    'split(dk′, [P, S], -2), and sumToShape(…, kShape) for the prefix’s part. Likewise the values.',
    'const [dprefixK, dk] = split(dkeys, [P, dkeys.shape[dkeys.rank - 2] - P], -2); … sumToShape(dprefixK, kShape)',
  ],
});

// Self-attention with a prefix

type Prefix = { k: Tensor; v: Tensor };
type SelfInputs = { x: Tensor; mask: Tensor; weights: MultiHead; prefix: Prefix; heads: number };
const selfInputs = {
  x: tensor('B', 'T', 'h*d'),
  mask: maskInput(['T'], '(T, T) of 1 or 0', ({ T }) => [[T!, T!]]),
  weights: attentionWeights,
  prefix: record({ k: tensor('P', 'h*d'), v: tensor('P', 'h*d') }),
  heads: sizeOf('h'),
};
const selfSizes = { B: [1, 2], T: [1, 3], P: [1, 2], h: [1, 2], d: [1, 2] } as const;
const selfPlain = ['mask', 'heads'];

const selfDefinition = ({ x, mask, weights: w, prefix, heads }: Plain<SelfInputs, 'mask' | 'heads'>) => {
  const q = projected(x, w.wQ, w.bQ);
  const k = inFront(prefix.k, projected(x, w.wK, w.bK));
  const v = inFront(prefix.v, projected(x, w.wV, w.bV));
  return { y: projected(headsSideBySide(q, k, v, seeing(mask, prefix.k.shape[0]!), heads), w.wO, w.bO) };
};

const someSelf = (seed: number, heads: number, C: number, T: number, P: number): SelfInputs => ({
  x: filled(seed, 2, T, C).mul(2),
  mask: triangle(T),
  weights: headsLike(seed + 1, C),
  prefix: { k: filled(seed + 9, P, C).mul(2), v: filled(seed + 10, P, C) },
  heads,
});
const selfExamples = [someSelf(3, 2, 4, 3, 2), someSelf(23, 3, 6, 2, 3), someSelf(47, 2, 4, 2, 2)];

interface SelfSlips {
  mask?: (mask: Tensor, P: number) => Tensor;
  noMask?: boolean;
  /** How the prefix is dealt out to the heads: (P, C) → (1, h, P, C/h). */
  deal?: (prefix: Tensor, heads: number) => Tensor;
  prefix?: (i: SelfInputs) => Prefix;
  heads?: number;
  splitByReshape?: boolean;
  mergeByReshape?: boolean;
  noOutput?: boolean;
  /** Which of queries, keys and values the attention takes for these. */
  order?: [q: 0 | 1 | 2, k: 0 | 1 | 2, v: 0 | 1 | 2];
}
const dealt = (prefix: Tensor, heads: number) => splitInto(prefix.expandDims(0), heads);
const byReshape = (x: Tensor, heads: number) => {
  const [B, T, C] = x.shape as [number, number, number];
  return x.reshape(B, heads, T, C / heads);
};
const mergeCarelessly = (x: Tensor) => {
  const [B, h, T, d] = x.shape as [number, number, number, number];
  return x.reshape(B, T, h * d);
};

function selfAttend(i: SelfInputs, slips: SelfSlips = {}) {
  const { x, mask, weights: w } = i;
  const heads = slips.heads ?? i.heads;
  const cut = slips.splitByReshape ? byReshape : splitInto;
  const own = [linear(x, w.wQ, w.bQ), linear(x, w.wK, w.bK), linear(x, w.wV, w.bV)].map((t) => cut(t, heads));
  const [q, k, v] = (slips.order ?? [0, 1, 2]).map((which) => own[which]) as [Tensor, Tensor, Tensor];
  const prefix = slips.prefix ? slips.prefix(i) : i.prefix;
  const deal = slips.deal ?? dealt;
  const inner = { q, k, v, prefixK: deal(prefix.k, heads), prefixV: deal(prefix.v, heads), mask };
  const merged = (slips.mergeByReshape ? mergeCarelessly : mergeOf)(attend(inner, slips).y);
  return { inner, merged, y: slips.noOutput ? merged : linear(merged, w.wO, w.bO) };
}
const slippedSelf = (slips: SelfSlips | ((i: SelfInputs) => SelfSlips)) => (i: SelfInputs) => ({
  y: selfAttend(i, typeof slips === 'function' ? slips(i) : slips).y,
});

const prefixSelfAttentionForward = exercise({
  points: 2,
  inputs: selfInputs,
  sizes: selfSizes,
  uses: ['prefixAttentionForward'],
  oracle: valueOf(selfDefinition, { plain: selfPlain }),
  checks: [agrees({ cases: 6 }), pure({ cases: 2 })],
  examples: selfExamples as (SelfInputs & ValueRecord)[],
  misconceptions: {
    ...Object.fromEntries(
      Object.entries(maskSlips).map(([name, { mask, says }]) => [
        name,
        { wrong: slippedSelf({ mask }), says: name === 'prefix hidden' ? UNSEEN : says },
      ]),
    ),
    'prefix projected': {
      wrong: slippedSelf({
        prefix: ({ prefix, weights: w }) => ({ k: linear(prefix.k, w.wK, w.bK), v: linear(prefix.v, w.wV, w.bV) }),
      }),
      says: 'Your prefix goes through wK and wV. Its rows are keys and values already.',
    },
    'prefix as tokens': {
      wrong: slippedSelf({
        prefix: ({ prefix, weights: w }) => ({ k: linear(prefix.k, w.wK, w.bK), v: linear(prefix.k, w.wV, w.bV) }),
      }),
      says: 'You put prefix.k before x and make keys and values of it. Learned tokens are another method (prompt tuning); here keys and values are learned themselves.',
    },
    'prefix’s keys and values exchanged': {
      wrong: slippedSelf({ prefix: ({ prefix: { k, v } }) => ({ k: v, v: k }) }),
      says: 'prefix.v stands among your keys and prefix.k among your values.',
    },
    'prefix’s keys as its values': {
      wrong: slippedSelf({ prefix: ({ prefix: { k } }) => ({ k, v: k }) }),
      says: 'prefix.k stands among your keys and among your values.',
    },
    'prefix cut by reshape': {
      wrong: slippedSelf({ deal: (p, h) => byReshape(p.expandDims(0), h) }),
      says: 'Your prefix is dealt out to the heads by reshape alone, so a head gets pieces of different rows. Deal it out as keys are.',
    },
    'the first head’s prefix for all': {
      wrong: slippedSelf({ deal: (p, h) => dealt(p, h).slice(null, [0, 1]) }),
      says: 'All heads see the first head’s columns of the prefix. Each has its own.',
    },
    'mask ignored': {
      wrong: slippedSelf({ noMask: true }),
      says: 'The mask changes nothing in your result. Among the tokens it still holds.',
    },
    'one head': {
      wrong: slippedSelf({ heads: 1 }),
      says: 'Your attention has one head, whatever `heads` says.',
    },
    'output projection missing': {
      wrong: slippedSelf({ noOutput: true }),
      says: 'You return the heads side by side. wO, which mixes them, is still to come.',
    },
    'heads cut by reshape': {
      wrong: slippedSelf({ splitByReshape: true }),
      says: 'Queries, keys and values are cut into heads by reshape alone, so each head gets pieces of different tokens. splitHeads moves their axis.',
    },
    'heads merged by reshape': {
      wrong: slippedSelf({ mergeByReshape: true }),
      says: 'Your heads are put together by reshape alone, so the tokens are mixed up. mergeHeads moves their axis back.',
    },
    'x added': {
      wrong: (i) => ({ y: selfAttend(i).y.add(i.x) }),
      says: 'You add x to the result. That is the block’s business, not the attention’s.',
    },
    'queries and keys exchanged': {
      wrong: slippedSelf({ order: [1, 0, 2] }),
      says: 'You hand the attention the keys as queries and the queries as keys. Queries come first.',
    },
    'keys and values exchanged': {
      wrong: slippedSelf({ order: [0, 2, 1] }),
      says: 'You hand the attention the tokens’ values as keys and their keys as values. Keys come before values.',
    },
    'keys from the queries’ matrix': {
      wrong: slippedSelf({ order: [0, 0, 2] }),
      says: 'Your keys run through wQ and bQ. Theirs are wK and bK.',
    },
  },
  hints: [
    'It is chapter 5’s attention of a sequence to itself, with prefixAttentionForward in the place of attentionForward.',
    'q, k, v (B, h, T, C/h). The prefix (P, C) becomes (1, P, C), and by splitHeads (1, h, P, C/h): one for all sequences.',
    'Three times projectForward and splitHeads; splitHeads(prefix.k.expandDims(0), heads) and likewise v; mergeHeads and projectForward at the end.',
    'prefixAttentionForward(qs, ks, vs, splitHeads(prefix.k.expandDims(0), heads), splitHeads(prefix.v.expandDims(0), heads), mask)',
  ],
});

interface SelfBackSlips extends BackSlips {
  ways?: ('q' | 'k' | 'v')[];
  skipOutput?: boolean;
  /** dk goes back as the values' gradient, and dv as the keys'. */
  keysForValues?: boolean;
  mergePrefix?: (x: Tensor) => Tensor;
  splitByReshape?: boolean;
  mergeByReshape?: boolean;
}

function selfBack(i: Up<SelfInputs>, slips: SelfBackSlips = {}) {
  const { x, weights: w, heads, dy } = i;
  const { inner, merged } = selfAttend(i);
  const out = slips.skipOutput ? dy : dy.matmul(w.wO);
  const a = attendBack({ ...inner, dy: (slips.splitByReshape ? byReshape : splitInto)(out, heads) }, slips);
  const join = slips.mergeByReshape ? mergeCarelessly : mergeOf;
  const parts = {
    q: linearBack(join(a.dq), x, w.wQ),
    k: linearBack(join(slips.keysForValues ? a.dv : a.dk), x, w.wK),
    v: linearBack(join(slips.keysForValues ? a.dk : a.dv), x, w.wV),
  };
  const dx = (slips.ways ?? ['q', 'k', 'v']).map((way) => parts[way].dx).reduce((s, t) => s.add(t));
  const mergePrefix = slips.mergePrefix ?? ((p: Tensor) => mergeOf(p).row(0));
  return { parts, merged, dx, prefix: { k: mergePrefix(a.dprefixK), v: mergePrefix(a.dprefixV) } };
}
const slippedSelfBack =
  (slips: SelfBackSlips, change: (prefix: Prefix, i: Up<SelfInputs>) => Prefix = (prefix) => prefix) =>
  (i: Up<SelfInputs>) => {
    const { dx, prefix } = selfBack(i, slips);
    return { dx, prefix: change(prefix, i) };
  };

const prefixSelfAttentionBackward = exercise({
  points: 3,
  inputs: { ...selfInputs, dy: tensor('B', 'T', 'h*d') },
  sizes: selfSizes,
  parameters: ['dy'],
  uses: ['prefixAttentionBackward'],
  backwardOf: { forward: 'prefixSelfAttentionForward', takes: Object.keys(selfInputs) },
  oracle: smooth(
    gradientOf(selfDefinition, { upstream: { y: 'dy' }, wrt: { dx: 'x', prefix: 'prefix' }, plain: selfPlain }),
  ),
  checks: [
    gradientAgrees({ upstream: ['dy'], cases: 6 }),
    property<Up<SelfInputs>>('what is frozen has no gradient', {
      cases: 1,
      holds: ({ y }: { y: object }) => {
        const more = Object.keys(y).filter((key) => key !== 'dx' && key !== 'prefix');
        return more.length === 0 || `Your result has ${someNames(more)} too, for an optimizer to use.`;
      },
    }),
    pure({ cases: 2 }),
  ],
  examples: selfExamples.map((e, k) => ({ dy: filled(81 + k, ...e.x.shape), ...e })) as (Up<SelfInputs> &
    ValueRecord)[],
  misconceptions: {
    'dx through the queries only': {
      wrong: slippedSelfBack({ ways: ['q'] }),
      says: 'Your dx is what came back through the queries. Keys and values were made of x too.',
    },
    'keys forgotten in dx': {
      wrong: slippedSelfBack({ ways: ['q', 'v'] }),
      says: 'The keys’ part of dx is missing.',
    },
    'values forgotten in dx': {
      wrong: slippedSelfBack({ ways: ['q', 'k'] }),
      says: 'The values’ part of dx is missing.',
    },
    'queries forgotten in dx': {
      wrong: slippedSelfBack({ ways: ['k', 'v'] }),
      says: 'The queries’ part of dx is missing.',
    },
    'output projection passed over': {
      wrong: slippedSelfBack({ skipOutput: true }),
      says: 'You hand dy to the heads as it is. Between them and y there was wO: frozen, but it turns every gradient.',
    },
    'prefix sent back through the projections': {
      wrong: slippedSelfBack({}, ({ k, v }, { weights: w }) => ({ k: k.matmul(w.wK), v: v.matmul(w.wV) })),
      says: 'The prefix’s gradients go back through wK and wV. The prefix never went through them.',
    },
    'prefix’s keys and values exchanged': {
      wrong: slippedSelfBack({}, ({ k, v }) => ({ k: v, v: k })),
      says: 'What you return as prefix.k is the gradient of the prefix’s values, and the other way round.',
    },
    'prefix’s heads merged by reshape': {
      wrong: slippedSelfBack({ mergePrefix: (p) => mergeCarelessly(p).row(0) }),
      says: 'The prefix’s gradients are put together by reshape alone, so its rows are mixed up. It was dealt out by splitHeads.',
    },
    'heads merged by reshape': {
      wrong: slippedSelfBack({ mergeByReshape: true }),
      says: 'The gradients of queries, keys and values are put together by reshape alone. mergeHeads is the way back from splitHeads.',
    },
    'heads cut by reshape': {
      wrong: slippedSelfBack({ splitByReshape: true }),
      says: 'The gradient is dealt out to the heads by reshape alone. splitHeads is the way back from mergeHeads.',
    },
    'an axis too many': {
      wrong: slippedSelfBack({ mergePrefix: mergeOf }),
      says: 'Your prefix’s gradients are (1, P, C). The prefix is (P, C): the axis that was put in front has to go.',
    },
    'averaged over the batch': {
      wrong: slippedSelfBack({}, ({ k, v }, { x }) => ({ k: k.div(x.shape[0]!), v: v.div(x.shape[0]!) })),
      says: 'The prefix’s gradients are divided by the number of sequences. What is used many times gets the sum.',
    },
    'the first sequence only': {
      wrong: slippedSelfBack({ gather: (x, shape) => firstOf(x, shape) }),
      says: 'The prefix hears of the first sequence only. It served all of them.',
    },
    'base not frozen': {
      wrong: (i) => {
        const { parts, merged, dx, prefix } = selfBack(i);
        const { dw: wO, db: bO } = linearBack(i.dy, merged, i.weights.wO);
        const { q, k, v } = parts;
        const weights = { wQ: q.dw, bQ: q.db, wK: k.dw, bK: k.db, wV: v.dw, bV: v.db, wO, bO };
        return { dx, prefix, weights };
      },
      says: 'You return gradients for wQ, wK, wV and wO as well. They are frozen; an optimizer that is handed these would use them.',
    },
    'dy added to dx': {
      wrong: (i) => {
        const { dx, prefix } = selfBack(i);
        return { dx: dx.add(i.dy), prefix };
      },
      says: 'You add dy to dx. The residual connection is the block’s business, not the attention’s.',
    },
    'dk and dv exchanged': {
      wrong: slippedSelfBack({ keysForValues: true }),
      says: 'dk goes back through the values’ cache, and dv through that of the keys. Each goes back the way its own came.',
    },
    'dx through the values only': {
      wrong: slippedSelfBack({ ways: ['v'] }),
      says: 'Your dx is what came back through the values. Queries and keys were made of x too.',
    },
  },
  hints: [
    'The forward’s lines from the last to the first, each with its own cache.',
    'dy (B, T, C) → back through wO → splitHeads → prefixAttentionBackward, which gives five gradients. Three go on through their projections to x; two are the prefix’s, (1, h, P, C/h) each.',
    'dx is the sum of what comes back through wQ, wK and wV. For the prefix: mergeHeads makes (1, P, C), and its only row is (P, C).',
    'const [pk, pv] = [a.dprefixK, a.dprefixV].map((p) => mergeHeads(p).row(0)); the number of heads is cache.attention.attention.q.shape[1]',
  ],
});

export const prefixTuning = topic('prefix-tuning', 'Prefix-tuning: learned keys and values', {
  prefixMask,
  prefixAttentionForward,
  prefixAttentionBackward,
  prefixSelfAttentionForward,
  prefixSelfAttentionBackward,
});
