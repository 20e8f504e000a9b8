import { Tensor, stack, tensor as toTensor, zerosLike } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientOf,
  indices,
  integer,
  listOf,
  number,
  pattern,
  property,
  pure,
  range,
  record,
  rejects,
  sum,
  table,
  tensor,
  topic,
  valueOf,
  vector,
  type Lifted,
  type ValueRecord,
  type Var,
  type VarTensor,
} from '../engine/index.ts';
import { unroll } from './rnn.ts';

// The loss of a batch of sequences

type LossInputs = {
  logits: Tensor;
  targets: number[][];
};

/** log Σ exp(x), with the constant m = max x taken out. */
function logSumExp(terms: Var[]): Var {
  const m = Math.max(...terms.map((x) => x.value));
  return sum(terms.map((x) => x.sub(m).exp()))
    .log()
    .add(m);
}

/** −(1/n) Σ log softmax(logits_tb)[target_tb] over the places whose target is not −1. */
function lossOf(logits: VarTensor, targets: number[][]): Var {
  const V = logits.shape[2]!;
  const terms = targets.flatMap((row, t) =>
    row.flatMap((target, b) =>
      target < 0 ? [] : [logSumExp(range(V, (v) => logits.at(t, b, v))).sub(logits.at(t, b, target))],
    ),
  );
  return sum(terms).div(terms.length);
}

const definedLoss = ({ logits, targets }: Lifted<Pick<LossInputs, 'logits'>> & Pick<LossInputs, 'targets'>) =>
  lossOf(logits, targets);

function sequenceLossOracle(i: ValueRecord): ValueRecord {
  const { logits, targets } = i as unknown as LossInputs;
  const V = logits.shape[2]!;
  if (targets.flat().some((t) => !Number.isInteger(t) || t < -1 || t >= V)) throw new RangeError('target');
  return {
    loss: valueOf(definedLoss, { plain: ['targets'] })(i),
    dlogits: gradientOf(definedLoss, { wrt: 'logits', plain: ['targets'] })(i),
  };
}

/** The loss as a weighted sum over places, with places to slip. */
function weigh(
  { logits, targets }: LossInputs,
  weight: (t: number, b: number, targets: number[][]) => number,
  slip: { target?: (target: number, V: number) => number; gradient?: (t: number, b: number) => number } = {},
) {
  const [T, B, V] = logits.shape as [number, number, number];
  const dlogits = zerosLike(logits);
  let loss = 0;
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      const raw = targets[t]![b]!;
      const target = slip.target ? slip.target(raw, V) : raw;
      const e = range(V, (v) => Math.exp(logits.at(t, b, v)));
      const z = e.reduce((a, x) => a + x, 0);
      const w = weight(t, b, targets);
      if (w !== 0) loss += w * (Math.log(z) - logits.at(t, b, target));
      const g = slip.gradient ? slip.gradient(t, b) : w;
      for (let v = 0; v < V; v++)
        dlogits.data[(t * B + b) * V + v] = g === 0 ? 0 : g * (e[v]! / z - (v === target ? 1 : 0));
    }
  }
  return { loss, dlogits };
}
const real = (targets: number[][]) => targets.flat().filter((t) => t >= 0).length;
const isReal = (t: number, b: number, targets: number[][]) => targets[t]![b]! >= 0;

const overAll = (t: number, b: number, s: number[][]) => (isReal(t, b, s) ? 1 / s.flat().length : 0);
const right = (i: LossInputs) => weigh(i, (t, b, s) => (isReal(t, b, s) ? 1 / real(s) : 0));

const padded: LossInputs[] = [
  {
    logits: toTensor([
      [
        [1, 0, -0.5],
        [0.5, -1, 2],
      ],
      [
        [-1, 0.25, 1],
        [0, 1.5, -2],
      ],
      [
        [2, 1, 0.5],
        [-0.75, 0, 1],
      ],
    ]),
    targets: [
      [0, 1],
      [2, -1],
      [1, -1],
    ],
  },
  {
    logits: toTensor([
      [
        [0.5, 0, 1.5],
        [-0.5, 1, 0],
        [1, 1.25, -2],
      ],
      [
        [1, -0.25, 0],
        [2, -1.5, 0.5],
        [0.25, -1, 1],
      ],
    ]),
    targets: [
      [2, 0, 1],
      [-1, 1, -1],
    ],
  },
];

const sequenceLoss = exercise({
  points: 3,
  inputs: {
    logits: tensor('T', 'B', 'V'),
    tokens: listOf('T', indices('B', 'V')),
    filled: listOf('T', pattern('B', 0, 1)),
  },
  sizes: { T: [1, 4], B: [1, 3], V: [2, 5] },
  derive: ({ logits, tokens, filled }) => ({
    logits,
    targets: tokens.map((row, t) => row.map((token, b) => (filled[t]![b] ? -1 : token))),
  }),
  parameters: ['logits', 'targets'],
  where: ({ targets }) => real(targets) > 0,
  oracle: (i) => sequenceLossOracle(i),
  checks: [
    agrees(),
    property<LossInputs>('what the logits are at padded places changes nothing', {
      fixed: () => padded as (LossInputs & ValueRecord)[],
      runs: (i) => ({
        one: i,
        other: {
          ...i,
          logits: i.logits.map((x, k) => (i.targets.flat()[Math.floor(k / i.logits.shape[2]!)]! < 0 ? 3 - x : x)),
        } as unknown as ValueRecord,
      }),
      holds: ({ one, other }) => Math.abs(one.loss - other.loss) <= 1e-12 && one.dlogits.allClose(other.dlogits),
    }),
    property<LossInputs>('large logits overflow nothing', {
      fixed: () => [
        {
          logits: toTensor([[[1000, 0, -1000]], [[-1000, 1000, 0]]]),
          targets: [[1], [1]],
        } as LossInputs & ValueRecord,
      ],
      holds: ({ y }) => Math.abs(y.loss - 500) <= 1e-9 && y.dlogits.abs().max().item() <= 0.5 + 1e-12,
    }),
    pure(),
    rejects(
      'shapes or targets that do not fit, and a batch of padding only',
      [
        { logits: toTensor([[[1, 2]], [[0, 1]]]), targets: [[0]] },
        { logits: toTensor([[[1, 2]], [[0, 1]]]), targets: [[0, 1]] },
        { logits: toTensor([[1, 2]]), targets: [[0]] },
        { logits: toTensor([[[1, 2]]]), targets: [[2]] },
        { logits: toTensor([[[1, 2]]]), targets: [[-2]] },
        { logits: toTensor([[[1, 2]], [[0, 1]]]), targets: [[0], [-2]] },
        { logits: toTensor([[[1, 2]]]), targets: [[0, 1]] },
        { logits: toTensor([[[1, 2]]]), targets: [[0], [1]] },
        { logits: toTensor([[[1, 2]]]), targets: [[-1]] },
      ],
      { worth: 1 },
    ),
  ],
  examples: padded as unknown as (Partial<LossInputs> & ValueRecord)[],
  misconceptions: {
    'mean over padded places': {
      wrong: (i) => weigh(i, (t, b, s) => (isReal(t, b, s) ? 1 / s.flat().length : 0)),
      says: 'You divide by T·B, padding included. Then a batch of short sequences looks easier than it is: divide by the number of places that count.',
    },
    'only the loss over padded places': {
      wrong: (i) => ({ ...right(i), loss: weigh(i, overAll).loss }),
      says: 'The gradient is right, but the loss is divided by T·B, padding included. Divide both by the number of places that count.',
    },
    'only the gradient over padded places': {
      wrong: (i) => ({ ...right(i), dlogits: weigh(i, overAll).dlogits }),
      says: 'The loss is right, but its gradient is divided by T·B, padding included. What the loss is divided by, its gradient is divided by, too.',
    },
    'sum over the places': {
      wrong: (i) => weigh(i, (t, b, s) => (isReal(t, b, s) ? 1 : 0)),
      says: 'Your loss is the sum over all places, and its gradient that of a sum. It grows with the length of the text; divide by the number of real places.',
    },
    'token 0 taken for padding': {
      wrong: (i) => {
        const n = i.targets.flat().filter((t) => t > 0).length;
        if (n === 0) throw new RangeError('nothing but padding');
        return weigh(i, (t, b, s) => (s[t]![b]! > 0 ? 1 / n : 0));
      },
      says: 'Places whose target is token 0 are left out. 0 is a token like any other; only −1 marks the padding.',
    },
    'token 0 taken for padding, but counted': {
      wrong: (i) => {
        const n = real(i.targets);
        return weigh(i, (t, b, s) => (s[t]![b]! > 0 ? 1 / n : 0));
      },
      says: 'Places whose target is token 0 add nothing to the loss. 0 is a token like any other; only −1 marks the padding.',
    },
    'softmax without the one-hot': {
      wrong: (i) => {
        const { loss } = right(i);
        const n = real(i.targets);
        const { logits, targets } = i;
        const [T, B, V] = logits.shape as [number, number, number];
        const dlogits = stack(
          range(T, (t) =>
            stack(
              range(B, (b) => (isReal(t, b, targets) ? soft(logits.slice(t, b)).div(n) : logits.slice(t, b).mul(0))),
            ),
          ),
        ).reshape(T, B, V);
        return { loss, dlogits };
      },
      says: 'Your gradient is the softmax alone, so that every logit would be pushed down. From the target’s own entry 1 is taken: what was said, minus what should have been said.',
    },
    'mean of the means of each time': {
      wrong: (i) => {
        const counts = i.targets.map((row) => row.filter((t) => t >= 0).length);
        const times = counts.filter((n) => n > 0).length;
        return weigh(i, (t, b, s) => (isReal(t, b, s) ? 1 / (counts[t]! * times) : 0));
      },
      says: 'You average within each time first, and then over the times. Near the end, where few sequences are left, a token then weighs more. Every real place counts the same.',
    },
    'sum over the batch, mean over time': {
      wrong: (i) => weigh(i, (t, b, s) => (isReal(t, b, s) ? 1 / s.length : 0)),
      says: 'Your loss is summed over the batch and divided by T only. The mean runs over all real places, of all times and sequences.',
    },
    'mean of sequence means': {
      wrong: (i) => {
        const B = i.targets[0]!.length;
        const lengths = range(B, (b) => i.targets.filter((row) => row[b]! >= 0).length);
        const sequences = lengths.filter((n) => n > 0).length;
        return weigh(i, (t, b, s) => (isReal(t, b, s) ? 1 / (lengths[b]! * sequences) : 0));
      },
      says: 'You average within each sequence first, and then over the sequences. So a token in a short sequence weighs more than one in a long sequence. Every real place counts the same.',
    },
    'sum over time, mean over the batch': {
      wrong: (i) => weigh(i, (t, b, s) => (isReal(t, b, s) ? 1 / s[0]!.length : 0)),
      says: 'Your loss is summed over time and divided by B only. It grows with the length of the text; the mean runs over all real places, of all times and sequences.',
    },
    'padding counted as token 0': {
      wrong: (i) => weigh(i, (_t, _b, s) => 1 / s.flat().length, { target: (t) => Math.max(t, 0) }),
      says: 'Padded places are treated as if token 0 had to come there. The target −1 means that nothing is asked at this place.',
    },
    'padding counted as the last token': {
      wrong: (i) => weigh(i, (_t, _b, s) => 1 / s.flat().length, { target: (t, V) => (t < 0 ? V - 1 : t) }),
      says: 'The target −1 has been read as "the last of the vocabulary", as a negative index. It marks a place at which nothing is asked.',
    },
    'gradient at padded places': {
      wrong: (i) => {
        const n = real(i.targets);
        return weigh(i, (t, b, s) => (isReal(t, b, s) ? 1 / n : 0), { gradient: () => 1 / n });
      },
      says: 'The loss leaves the padding out, its gradient does not: at padded places dlogits still holds the softmax. What has no part in the loss has gradient zero.',
    },
    'gradient not divided': {
      wrong: (i) => {
        const n = real(i.targets);
        return weigh(i, (t, b, s) => (isReal(t, b, s) ? 1 / n : 0), {
          gradient: (t, b) => (isReal(t, b, i.targets) ? 1 : 0),
        });
      },
      says: 'The loss is a mean, its gradient is that of a sum: the 1/n has been lost on the way back.',
    },
    'sign turned': {
      wrong: (i) => {
        const n = real(i.targets);
        return weigh(i, (t, b, s) => (isReal(t, b, s) ? 1 / n : 0), {
          gradient: (t, b) => (isReal(t, b, i.targets) ? -1 / n : 0),
        });
      },
      says: 'dlogits points downhill. A gradient says where the loss grows; the minus belongs to the optimizer.',
    },
  },
  hints: [
    'Gather the real places from the batch, and leave the padding; then it is the cross-entropy of chapter 2 on a plain list of rows.',
    '(T, B, V) is T·B rows of V, in the order of targets.flat(). dlogits has all T·B rows again, those of the padding zero.',
    'n real places: loss = mean of −log softmax at the target; row = (softmax − onehot)/n. crossEntropyForward and its backward do both, on the rows you keep.',
    'kept = places with target ≠ −1; rows = logits.reshape(T * B, V).gather(kept); and row i of the gradient goes back to row kept[i].',
  ],
});

// Perplexity

const weighted = (xs: number[], counts: number[]) =>
  xs.reduce((s, x, i) => s + x * counts[i]!, 0) / counts.reduce((s, n) => s + n, 0);
const plainMean = (xs: number[]) => xs.reduce((s, x) => s + x, 0) / xs.length;

const perplexity = exercise({
  points: 1,
  inputs: {
    losses: vector('N', { min: 0.25, max: 4 }),
    counts: vector('N', { min: 1, max: 9, step: 1 }),
  },
  sizes: { N: [1, 4] },
  oracle: ({ losses, counts }) => Math.exp(weighted(losses, counts)),
  checks: [
    agrees(),
    property('a model that guesses among V tokens has perplexity V', {
      fixed: () => [2, 10, 65].map((V) => ({ losses: [Math.log(V), Math.log(V)], counts: [3, 5] })),
      holds: ({ y }, { losses }) => Math.abs(y / Math.exp(losses[0]!) - 1) <= 1e-12,
    }),
    pure(),
    rejects('no batch at all, or losses without counts', [
      { losses: [], counts: [] },
      { losses: [1, 2], counts: [3] },
    ]),
  ],
  examples: [
    { losses: [1, 3], counts: [6, 2] },
    { losses: [2, 0.5, 1.5], counts: [1, 4, 2] },
  ],
  misconceptions: {
    'mean of the means': {
      wrong: ({ losses }) => Math.exp(plainMean(losses)),
      says: 'A batch of 2 tokens counts as much as one of 6 in your mean. Every token has one vote, so a batch has as many as it has tokens.',
    },
    'two to the power of nats': {
      wrong: ({ losses, counts }) => 2 ** weighted(losses, counts),
      says: 'You raise 2 to the loss. The loss is in nats, made with the natural logarithm; 2 would belong to bits.',
    },
    'of a sum': {
      wrong: ({ losses, counts }) => Math.exp(losses.reduce((s, x, i) => s + x * counts[i]!, 0)),
      says: 'The exponent is the loss of the whole text, and so the result explodes with its length. Perplexity is per token.',
    },
    'mean of the perplexities': {
      wrong: ({ losses, counts }) => weighted(losses.map(Math.exp), counts),
      says: 'You average the perplexities of the batches. Average the losses and exponentiate once: otherwise one hard batch drowns the rest.',
    },
    'plain mean of the perplexities': {
      wrong: ({ losses }) => plainMean(losses.map(Math.exp)),
      says: 'You average the perplexities of the batches, each with one vote. Average the losses, weighted by their tokens, and exponentiate once.',
    },
    'of the sum of the means': {
      wrong: ({ losses }) => Math.exp(losses.reduce((s, x) => s + x, 0)),
      says: 'The exponent is the sum of the batches’ losses. They are means: weigh each by its tokens, and divide by all of them.',
    },
    'losses not weighted': {
      wrong: ({ losses, counts }) => Math.exp(losses.reduce((s, x) => s + x, 0) / counts.reduce((s, n) => s + n, 0)),
      says: 'You add up the losses as they are and divide by the number of tokens. losses_i is a mean already: times counts_i it is the loss of the whole batch.',
    },
    'divided by the number of batches': {
      wrong: ({ losses, counts }) => Math.exp(losses.reduce((s, x, i) => s + x * counts[i]!, 0) / losses.length),
      says: 'You weigh each loss by its tokens, but divide by the number of batches. What is added up is the loss of all tokens; divide by how many they are.',
    },
    'the loss itself': {
      wrong: ({ losses, counts }) => weighted(losses, counts),
      says: 'That is the mean loss per token, in nats. One step is missing to the number of tokens between which the model hesitates.',
    },
    'probability of a token': {
      wrong: ({ losses, counts }) => Math.exp(-weighted(losses, counts)),
      says: 'You have the typical probability of the right token; the perplexity is its reciprocal. Mind the sign.',
    },
  },
  hints: [
    'What is the mean loss of one token, over all batches together?',
    'One number from two lists: each loss has to weigh as much as its batch has tokens.',
    'L = Σ counts_i · losses_i / Σ counts_i, then e^L.',
    'Math.exp(total / all), with total = losses.reduce((sum, loss, i) => sum + loss * counts[i], 0).',
  ],
});

// Sampling

type Warm = {
  logits: Tensor;
  temperature: number;
};
const soft = (z: Tensor) => {
  const m = Math.max(...z.data);
  const e = z.map((x) => Math.exp(x - m));
  return e.div(e.sum());
};
const largest = (z: Tensor) => z.data.reduce((best, x, v) => (x > z.data[best]! ? v : best), 0);
const pickOut = (z: Tensor, v: number) => z.map((_x, k) => (k === v ? 1 : 0));
const warm = ({ logits, temperature: t }: Warm) => (t === 0 ? pickOut(logits, largest(logits)) : soft(logits.div(t)));

const softmaxWithTemperature = exercise({
  points: 2,
  inputs: {
    logits: tensor('V', { min: -4, max: 4, step: 0.5 }),
    temperature: choice<number>(1, 0.5, 2, 0, 0.25, 4),
  },
  sizes: { V: [1, 5] },
  oracle: warm,
  checks: [
    agrees(),
    property('the probabilities sum to 1', {
      holds: ({ y }) => Math.abs(y.sum().item() - 1) <= 1e-12,
    }),
    pure(),
    rejects('a temperature below zero', [
      { logits: toTensor([1, 2]), temperature: -1 },
      { logits: toTensor([1, 2]), temperature: NaN },
    ]),
  ],
  examples: [
    { logits: toTensor([1, 3, -2, 0.5]), temperature: 0 },
    { logits: toTensor([2, -1, 2, 2]), temperature: 0 },
    { logits: toTensor([-3, -1.5, -1.5]), temperature: 0 },
    { logits: toTensor([1000, 999, -1000]), temperature: 1 },
    { logits: toTensor([-2000, -1999.5, -2001]), temperature: 0.5 },
    { logits: toTensor([1, -Infinity, 0.5, -Infinity]), temperature: 2 },
    { logits: toTensor([-Infinity, -1, -0.5]), temperature: 0 },
  ],
  misconceptions: {
    multiplied: {
      wrong: (i) => (i.temperature === 0 ? warm(i) : soft(i.logits.mul(i.temperature))),
      says: 'A high temperature makes your model sure of itself, a low one makes it wild: it is the other way round. Heat blurs.',
    },
    'after the softmax': {
      wrong: (i) => (i.temperature === 0 ? warm(i) : soft(i.logits).div(i.temperature)),
      says: 'You divide the probabilities by the temperature, so that they no longer sum to 1. It belongs inside, under the logits.',
    },
    'softmax twice': {
      wrong: (i) => (i.temperature === 0 ? warm(i) : soft(soft(i.logits).div(i.temperature))),
      says: 'You take the softmax, divide, and take a softmax again. Probabilities lie so close together that nearly nothing is left of the differences.',
    },
    'temperature 0 divides by zero': {
      wrong: ({ logits, temperature }) => {
        const e = logits
          .sub(Math.max(...logits.data))
          .div(temperature)
          .exp();
        return e.div(e.sum());
      },
      says: 'At temperature 0 you divide by zero, and 0/0 is NaN. The limit is perfectly well behaved: all probability goes to one place. It wants a line of its own.',
    },
    'temperature 0 taken as 1': {
      wrong: (i) => warm({ ...i, temperature: i.temperature || 1 }),
      says: 'Temperature 0 is treated like 1, perhaps because 0 counts as "not given" in a condition. It means: always the most likely token.',
    },
    'temperature 0 shared among equals': {
      wrong: (i) => {
        if (i.temperature > 0) return warm(i);
        const top = Math.max(...i.logits.data);
        const best = i.logits.map((x) => (x === top ? 1 : 0));
        return best.div(best.sum());
      },
      says: 'At temperature 0 several equally large logits share the probability. The docstring gives it to the first of them.',
    },
    'temperature 0, all of the largest': {
      wrong: (i) => {
        if (i.temperature > 0) return warm(i);
        const top = Math.max(...i.logits.data);
        return i.logits.map((x) => (x === top ? 1 : 0));
      },
      says: 'At temperature 0 every one of several equally large logits gets probability 1, and together they exceed it. Only the first of them does.',
    },
    'temperature 0, the last of the largest': {
      wrong: (i) =>
        i.temperature > 0 ? warm(i) : pickOut(i.logits, i.logits.data.lastIndexOf(Math.max(...i.logits.data))),
      says: 'At temperature 0 you take the last of several equally large logits. The docstring gives it to the first.',
    },
    'temperature 0, all alike': {
      wrong: (i) => (i.temperature > 0 ? warm(i) : i.logits.map(() => 1 / i.logits.size)),
      says: 'At temperature 0 all tokens are alike in your code: that is what great heat does. Cold makes sure: everything goes to the largest logit.',
    },
    'not normalised': {
      wrong: (i) => {
        if (i.temperature === 0) return warm(i);
        return i.logits
          .sub(Math.max(...i.logits.data))
          .div(i.temperature)
          .exp();
      },
      says: 'The exponentials are right, but they are not divided by their sum, so that they do not add up to 1.',
    },
    'largest logit not subtracted': {
      wrong: (i) => {
        if (i.temperature === 0) return warm(i);
        const e = i.logits.div(i.temperature).exp();
        return e.div(e.sum());
      },
      says: 'With logits in the hundreds your exponentials overflow, or all vanish, and ∞/∞ or 0/0 is NaN. Subtracting the same number from all logits changes no probability: which number makes it safe?',
    },
    'temperature ignored unless it is 0': {
      wrong: (i) => (i.temperature === 0 ? warm(i) : soft(i.logits)),
      says: 'Temperature 0 has its line, but every other temperature changes nothing in your result.',
    },
    'temperature ignored': {
      wrong: (i) => soft(i.logits),
      says: 'The temperature changes nothing in your result.',
    },
  },
  hints: [
    'Dividing the logits by a number stretches or shrinks their differences, and differences are all that softmax looks at.',
    '(V) in, (V) out. Temperature 0 is a case of its own: a one-hot row at the argmax.',
    'p = softmax(logits / temperature). First subtract the largest logit from all, so that no exponential exceeds 1.',
    'const e = logits.sub(logits.max()).div(temperature).exp(); return e.div(e.sum());',
  ],
});

type Filter = {
  logits: Tensor;
  k: number;
};
/** Keeps the first k in an order of the indices. */
function keep({ logits, k }: Filter, order: (a: number, b: number) => number, rest = -Infinity) {
  const best = range(logits.size, (v) => v)
    .sort(order)
    .slice(0, k);
  return logits.map((x, v) => (best.includes(v) ? x : rest));
}
const byValue =
  ({ logits }: Filter) =>
  (a: number, b: number) =>
    logits.data[b]! - logits.data[a]! || a - b;

const topKFilter = exercise({
  points: 2,
  inputs: { logits: tensor('V', { min: -12, max: 12, step: 1 }), k: integer(1, 6) },
  sizes: { V: [1, 6] },
  oracle: (i) => keep(i, byValue(i)),
  checks: [
    agrees({ exact: true, cases: 40 }),
    pure(),
    rejects('a k that is no whole number from 1', [
      { logits: toTensor([1, 2]), k: 0 },
      { logits: toTensor([1, 2]), k: 1.5 },
      { logits: toTensor([1, 2]), k: -1 },
    ]),
  ],
  examples: [
    { logits: toTensor([9, 10, 2, 11]), k: 2 },
    { logits: toTensor([10, 9, -3, 1, 8]), k: 1 },
    { logits: toTensor([3, 1, 3, 3, 0]), k: 2 },
    { logits: toTensor([-2, 4, 4, -2, 1]), k: 1 },
    { logits: toTensor([-1, -2, -10]), k: 2 },
    { logits: toTensor([3, 2, 1, 1]), k: 2 },
  ],
  misconceptions: {
    'numbers sorted as words': {
      wrong: (i) =>
        keep(i, (a, b) => {
          const [x, y] = [String(i.logits.data[a]), String(i.logits.data[b])];
          return x < y ? 1 : x > y ? -1 : a - b;
        }),
      says: 'sort() without a comparison turns numbers into words, and "10" comes before "9" in a dictionary. Give it (a, b) => b − a.',
    },
    'all equal ones kept': {
      wrong: (i) => {
        const border = [...i.logits.data].sort((a, b) => b - a)[Math.min(i.k, i.logits.size) - 1]!;
        return i.logits.map((x) => (x >= border ? x : -Infinity));
      },
      says: 'Where several logits are equal at the border you keep them all, and more than k remain. Exactly k: of equal ones the earlier.',
    },
    'none of the equal ones kept': {
      wrong: (i) => {
        if (i.k >= i.logits.size) return i.logits;
        const border = [...i.logits.data].sort((a, b) => b - a)[i.k]!;
        return i.logits.map((x) => (x > border ? x : -Infinity));
      },
      says: 'Where several logits are equal at the border all of them are dropped, and fewer than k remain, perhaps none.',
    },
    'the later of equal ones': {
      wrong: (i) => keep(i, (a, b) => i.logits.data[b]! - i.logits.data[a]! || b - a),
      says: 'Of equal logits at the border you keep the later ones. The docstring prefers the smaller index.',
    },
    'zero in place of −Infinity': {
      wrong: (i) => keep(i, byValue(i), 0),
      says: 'The dropped logits become 0. A logit of 0 is not forbidden at all: e⁰ = 1, more than every negative logit gets. What must the exponent be for the probability to be 0?',
    },
    'a very negative number in place of −Infinity': {
      wrong: (i) => keep(i, byValue(i), -1e9),
      says: 'The dropped logits become −10⁹. That is hardly ever drawn, but not impossible, and at a great temperature it is likely. −Infinity is a number you may use.',
    },
    'the most negative number in place of −Infinity': {
      wrong: (i) => keep(i, byValue(i), -Number.MAX_VALUE),
      says: 'The dropped logits become the most negative finite number. −Infinity is a number you may use, and it stays what it is whatever it is divided by.',
    },
    '+Infinity': {
      wrong: (i) => keep(i, byValue(i), Infinity),
      says: 'The dropped logits become +Infinity: now they are certain. A minus is missing.',
    },
    'NaN for the dropped': {
      wrong: (i) => keep(i, byValue(i), NaN),
      says: 'The dropped logits become NaN, and a softmax with one NaN is NaN everywhere. What must the exponent be for the probability to be 0?',
    },
    'the kept ones dropped': {
      wrong: (i) => {
        const kept = keep(i, byValue(i));
        return i.logits.map((x, v) => (kept.data[v]! === -Infinity ? x : -Infinity));
      },
      says: 'The k largest become −Infinity and the others stay: it should be the other way round.',
    },
    'one too few': {
      wrong: (i) => keep({ ...i, k: i.k - 1 }, byValue(i)),
      says: 'One logit fewer than k remains.',
    },
    'the first k': {
      wrong: (i) => i.logits.map((x, v) => (v < i.k ? x : -Infinity)),
      says: 'You keep the first k tokens of the vocabulary, whatever their logits are.',
    },
    'by size without sign': {
      wrong: (i) => keep(i, (a, b) => Math.abs(i.logits.data[b]!) - Math.abs(i.logits.data[a]!) || a - b),
      says: 'You keep those that are farthest from 0, so that −12 counts more than 5. A very negative logit is a very unlikely token.',
    },
    'one more than k where the border is': {
      wrong: (i) => {
        if (i.k >= i.logits.size) return i.logits;
        const border = [...i.logits.data].sort((a, b) => b - a)[i.k]!;
        return i.logits.map((x) => (x >= border ? x : -Infinity));
      },
      says: 'Your border is the logit after the k-th, and it is kept as well: counted from 0, the k-th largest stands at k − 1.',
    },
    'the k-th dropped as well': {
      wrong: (i) => {
        const border = [...i.logits.data].sort((a, b) => b - a)[Math.min(i.k, i.logits.size) - 1]!;
        return i.logits.map((x) => (x > border ? x : -Infinity));
      },
      says: 'Only what exceeds the k-th largest logit is kept, so the k-th itself is dropped. It is one of the k.',
    },
    'k different values': {
      wrong: (i) => {
        const values = [...new Set(i.logits.data)].sort((a, b) => b - a);
        const border = values[Math.min(i.k, values.length) - 1]!;
        return i.logits.map((x) => (x >= border ? x : -Infinity));
      },
      says: 'You count equal logits once, so that more than k tokens remain. k is a number of tokens: of equal ones at the border the earlier.',
    },
    'words sorted, and all equal ones kept': {
      wrong: (i) => {
        const border = [...i.logits.data].map(String).sort().reverse()[Math.min(i.k, i.logits.size) - 1]!;
        return i.logits.map((x) => (x >= Number(border) ? x : -Infinity));
      },
      says: 'sort() without a comparison turns numbers into words, and "10" comes before "9" in a dictionary. Give it (a, b) => b − a.',
    },
    'logits sorted in place': {
      wrong: (i) => {
        const sorted = new Tensor(
          [i.logits.size],
          [...i.logits.data].sort((a, b) => b - a),
        );
        const border = sorted.data[Math.min(i.k, sorted.size) - 1]!;
        return sorted.map((x) => (x >= border ? x : -Infinity));
      },
      says: 'Your result is sorted. Mind that logits.data.sort(…) sorts the logits themselves, and then they belong to other tokens: sort a copy, or the indices.',
    },
    'sorted, the dropped behind': {
      wrong: (i) => {
        const best = [...i.logits.data].sort((a, b) => b - a);
        return i.logits.map((_x, v) => (v < i.k ? best[v]! : -Infinity));
      },
      says: 'Your result is sorted, and nobody can tell any more which tokens the logits belong to. Every token keeps its place.',
    },
    'the smallest kept': {
      wrong: (i) => keep(i, (a, b) => i.logits.data[a]! - i.logits.data[b]! || a - b),
      says: 'You keep the k smallest logits.',
    },
    'one too many': {
      wrong: (i) => keep({ ...i, k: i.k + 1 }, byValue(i)),
      says: 'One logit more than k remains.',
    },
    'only the kept, sorted': {
      wrong: (i) => toTensor([...i.logits.data].sort((a, b) => b - a).slice(0, i.k)),
      says: 'You return the k largest logits as a list, and nobody can tell any more which tokens they belong to. Every token keeps its place.',
    },
  },
  hints: [
    'Find out which k places hold the largest numbers; all other places become impossible.',
    '(V) in, (V) out, nothing moves. e to the power of what is 0?',
    'Sort the indices 0 … V − 1 by their logit, falling, and by the index where logits are equal; the first k are kept.',
    'Array.from(logits.data.keys()).sort((a, b) => logits.data[b] - logits.data[a] || a - b), then a Set of the first k.',
  ],
});

type Toss = {
  p: Tensor;
  u: number;
};
const cumulative = (p: Tensor) => {
  let s = 0;
  return Array.from(p.data, (x) => (s += x));
};
const lastPossible = (p: Tensor) => p.data.reduce((at, x, v) => (x > 0 ? v : at), 0);
const draw = ({ p, u }: Toss) => {
  const v = cumulative(p).findIndex((c) => c > u);
  return v >= 0 ? v : lastPossible(p);
};
/** The token that was found moved by one; the rule for sums that fall short stays. */
const shifted = ({ p, u }: Toss, by: number) => {
  const v = cumulative(p).findIndex((c) => c > u);
  return v >= 0 ? Math.max(0, v + by) : lastPossible(p);
};
const tenth = new Array<number>(10).fill(0.1);
const almostOne = 1 - 2 ** -53;

const sampleIndex = exercise({
  points: 2,
  inputs: { parts: vector('V', { min: 0, max: 4, step: 1 }), u: number({ min: 0, max: 31 / 32, step: 1 / 32 }) },
  sizes: { V: [1, 5] },
  // Sixteenths that add up to exactly 1: the last part takes what is left.
  derive: ({ parts, u }): Toss => {
    const left = 16 - parts.slice(0, -1).reduce((s, x) => s + x, 0);
    return { p: toTensor([...parts.slice(0, -1), left].map((x) => x / 16)), u };
  },
  parameters: ['p', 'u'],
  oracle: (i) => draw(i),
  checks: [
    agrees({ exact: true, cases: 40 }),
    pure(),
    rejects('a u outside [0, 1)', [
      { p: toTensor([0.5, 0.5]), u: 1 },
      { p: toTensor([0.5, 0.5]), u: -0.25 },
      { p: toTensor([0.5, 0.5]), u: NaN },
    ]),
  ],
  examples: [
    { p: toTensor([0, 0.5, 0.5]), u: 0 },
    { p: toTensor([0, 0, 0.25, 0.75]), u: 0 },
    { p: toTensor([0.25, 0.5, 0.25]), u: 0.75 },
    { p: toTensor([0.25, 0.5, 0.25]), u: 0.25 },
    { p: toTensor([0.125, 0.25, 0.25, 0.375]), u: 0.5 },
    { p: toTensor([...tenth, 0]), u: almostOne },
    { p: toTensor([0, ...tenth, 0, 0]), u: almostOne },
  ],
  misconceptions: {
    'greater or equal': {
      wrong: ({ p, u }) => {
        const v = cumulative(p).findIndex((c) => c >= u);
        return v >= 0 ? v : lastPossible(p);
      },
      says: 'You stop where the sum reaches u. With u = 0 that is the first token even if its probability is 0: it has to exceed u.',
    },
    'one too far': {
      wrong: (i) => Math.min(draw(i) + 1, i.p.size - 1),
      says: 'You return the token after the one that you have drawn, or the last one.',
    },
    'one token late': {
      wrong: ({ p, u }) => {
        const v = cumulative(p).findIndex((c, k) => c - p.data[k]! > u);
        return v >= 0 ? v : lastPossible(p);
      },
      says: 'You come one token late: the one at which the sum exceeds u is the token itself. When you compare, is its own probability in the sum?',
    },
    'one token early': {
      wrong: (i) => shifted(i, -1),
      says: 'You return the token before the one at which the sum exceeds u.',
    },
    'tokens counted from 1': {
      wrong: (i) => shifted(i, 1),
      says: 'Your tokens are counted from 1. The first of them is token 0.',
    },
    'from the last token on': {
      wrong: ({ p, u }) => {
        let s = 0;
        for (let v = p.size - 1; v >= 0; v--) if ((s += p.data[v]!) > u) return v;
        return p.data.findIndex((x) => x > 0);
      },
      says: 'You lay the pieces out from the last token to the first. Any order would be fair, but the docstring begins with token 0.',
    },
    '1 − u': {
      wrong: (i) => draw({ ...i, u: 1 - i.u }),
      says: 'You compare with 1 − u. That would be fair, too, but the docstring asks where the sum exceeds u itself.',
    },
    'V where the sum falls short': {
      wrong: ({ p, u }) => {
        const v = cumulative(p).findIndex((c) => c > u);
        return v >= 0 ? v : p.size;
      },
      says: 'When rounding leaves the sum short of u you return V, and there is no such token. The docstring has a rule for it.',
    },
    'token 0 where the sum falls short': {
      wrong: ({ p, u }) =>
        Math.max(
          0,
          cumulative(p).findIndex((c) => c > u),
        ),
      says: 'When rounding leaves the sum short of u you return token 0, which is at the other end of the line. Take the last token that is possible.',
    },
    'no cumulative sum': {
      wrong: ({ p, u }) => {
        const v = p.data.findIndex((x) => x > u);
        return v >= 0 ? v : lastPossible(p);
      },
      says: 'You look for the first probability that is larger than u. Lay the probabilities end to end on a line from 0 to 1: on which piece does u fall?',
    },
    'always the most likely': {
      wrong: ({ p }) => largest(p),
      says: 'You take the most likely token, whatever u is. Every token should come as often as its probability says.',
    },
    'all tokens alike': {
      wrong: ({ p, u }) => Math.floor(u * p.size),
      says: 'Every token has the same chance in your code: the probabilities are not used.',
    },
    '−1 where the sum falls short': {
      wrong: ({ p, u }) => cumulative(p).findIndex((c) => c > u),
      says: 'Ten tenths add up to a little less than 1 in a computer, and a u just below 1 then finds no token: findIndex says −1. The docstring has a rule for it.',
    },
    'the last token where the sum falls short': {
      wrong: ({ p, u }) => {
        const v = cumulative(p).findIndex((c) => c > u);
        return v >= 0 ? v : p.size - 1;
      },
      says: 'When rounding leaves the sum short of u you take the last token, though its probability is 0. Take the last one that is possible.',
    },
  },
  hints: [
    'The probabilities are pieces of a line of length 1, laid end to end. u is a point on it.',
    'A running sum, one number per token; the answer is an index.',
    'The first v with p_0 + … + p_v > u. If there is none, the last v with p_v > 0.',
    'let sum = 0; const found = p.data.findIndex((x) => (sum += x) > u);',
  ],
});

// The model

type Weights = {
  wIh: Tensor;
  wHh: Tensor;
  bIh: Tensor;
  bHh: Tensor;
};
type Model = {
  table: Tensor;
  rnn: Weights;
  wOut: Tensor;
  bOut: Tensor;
};
type Window = {
  tokens: number[][];
  targets: number[][];
  h0: Tensor;
  model: Model;
};

const small = { min: -0.75, max: 0.75 };
const model = record({
  table: tensor('V', 'E'),
  rnn: record({
    wIh: tensor('H', 'E', small),
    wHh: tensor('H', 'H', small),
    bIh: tensor('H', small),
    bHh: tensor('H', small),
  }),
  wOut: tensor('V', 'H', small),
  bOut: tensor('V', small),
});

type Generation = {
  first: number;
  h0: Tensor;
  model: Model;
  uniforms: number[];
  temperature: number;
  k: number;
};

type WritingSlip = {
  /** What is read next, given what was drawn. */
  reads?: (drawn: number, first: number) => number;
  state?: (h: Tensor, h0: Tensor) => Tensor;
  u?: (uniforms: number[], t: number) => number;
  temperature?: number;
  filter?: boolean;
  /** The probabilities from all logits, in place of filter and softmax. */
  p?: (all: Tensor) => Tensor;
  /** The state from which the logits are made: the new one, or the one before. */
  seen?: (now: Tensor, before: Tensor) => Tensor;
  token?: (p: Tensor) => number;
};

/** Writes, and notes how near it came to deciding otherwise. */
function write(i: Generation, slip: WritingSlip = {}): { tokens: number[]; margin: number } {
  let [read, h, margin] = [i.first, i.h0, Infinity];
  const { wIh, wHh, bIh, bHh } = i.model.rnn;
  const temperature = slip.temperature ?? i.temperature;
  const tokens = i.uniforms.map((_u, t) => {
    const x = i.model.table.slice([read, read + 1]);
    const now = x.matmul(wIh.T).add(bIh).add(h.matmul(wHh.T)).add(bHh).tanh();
    const seen = slip.seen ? slip.seen(now, h) : now;
    h = slip.state ? slip.state(now, i.h0) : now;
    const all = seen.matmul(i.model.wOut.T).add(i.model.bOut).row(0);
    const sorted = [...all.data].sort((a, b) => b - a);
    for (let k = 1; k < sorted.length; k++) margin = Math.min(margin, sorted[k - 1]! - sorted[k]!);
    const logits = slip.filter === false ? all : keep({ logits: all, k: i.k }, byValue({ logits: all, k: i.k }));
    const p = slip.p ? slip.p(all) : warm({ logits, temperature });
    const u = slip.u ? slip.u(i.uniforms, t) : i.uniforms[t]!;
    for (const c of cumulative(p)) margin = Math.min(margin, Math.abs(c - u));
    const token = slip.token ? slip.token(p) : draw({ p, u });
    read = slip.reads ? slip.reads(token, i.first) : token;
    return token;
  });
  return { tokens, margin };
}

const generate = exercise({
  points: 3,
  uses: ['softmaxWithTemperature', 'topKFilter', 'sampleIndex'],
  inputs: {
    start: indices(1, 'V'),
    h0: tensor(1, 'H', small),
    model,
    uniforms: vector('N', { min: 1 / 16, max: 15 / 16, step: 1 / 16 }),
    temperature: choice<number>(1, 0.5, 2, 0),
    k: integer(1, 5),
  },
  sizes: { V: [2, 5], E: [1, 3], H: [1, 3], N: [0, 6] },
  derive: ({ start, ...rest }) => ({ first: start[0]!, ...rest }),
  parameters: ['first', 'h0', 'model', 'uniforms', 'temperature', 'k'],
  where: (i) => write(i).margin >= 1e-6,
  oracle: (i) => write(i).tokens,
  checks: [agrees({ exact: true, cases: 20 }), pure({ cases: 3 })],
  examples: range(6, (n) => ({
    first: n % 3,
    h0: toTensor([[0.5, -0.75]]),
    model: {
      table: toTensor([
        [2, -1],
        [-1.5, 0.5],
        [0.25, 1.75],
        [-2, -2],
      ]),
      rnn: {
        wIh: toTensor([
          [0.75, -0.5],
          [0.5, 0.75],
        ]),
        wHh: toTensor([
          [-0.75, 0.5],
          [0.25, 0.75],
        ]),
        bIh: toTensor([0.25, -0.25]),
        bHh: toTensor([0, 0.5]),
      },
      wOut: toTensor([
        [0.75, -0.25],
        [-0.5, 0.75],
        [-0.75, -0.75],
        [0.25, 0.5],
      ]),
      bOut: toTensor([0.25, 0, 0.5, -0.25]),
    },
    uniforms: range(6, (t) => (((n + 3) * (t + 1) * 5) % 15) / 16 + 1 / 16),
    temperature: [2, 0.5, 2][n % 3]!,
    k: [3, 4, 2][n % 3]!,
  })),
  misconceptions: {
    'never reads what it writes': {
      wrong: (i) => write(i, { reads: (_drawn, first) => first }).tokens,
      says: 'The model reads the first token at every step. What it has just drawn is what it should read next; otherwise it cannot know what it has said.',
    },
    'state not carried': {
      wrong: (i) => write(i, { state: (_h, h0) => h0 }).tokens,
      says: 'Every token starts from h0 again. The state is all the model knows of what came before the last token.',
    },
    'the same uniform each time': {
      wrong: (i) => write(i, { u: (us) => us[0]! }).tokens,
      says: 'All tokens are drawn by the first of the uniforms. Each draw has one of its own.',
    },
    'temperature ignored': {
      wrong: (i) => write(i, { temperature: 1 }).tokens,
      says: 'The temperature changes nothing in what you write.',
    },
    'k ignored': {
      wrong: (i) => write(i, { filter: false }).tokens,
      says: 'Tokens come up that are not among the k likeliest. The filter comes before the softmax.',
    },
    'always the most likely': {
      wrong: (i) => write(i, { token: largest }).tokens,
      says: 'You take the most likely token each time; the uniforms are not used.',
    },
    'first token in the result': {
      wrong: (i) => [i.first, ...write(i).tokens].slice(0, i.uniforms.length),
      says: 'Your result begins with the token that was given. It holds what was drawn: as many tokens as there are uniforms.',
    },
    'first token in front of the result': {
      wrong: (i) => [i.first, ...write(i).tokens],
      says: 'Your result begins with the token that was given, and so has one too many. It holds what was drawn: as many tokens as there are uniforms.',
    },
    'h0 ignored': {
      wrong: (i) => write({ ...i, h0: zerosLike(i.h0) }).tokens,
      says: 'You start from zeros, whatever h0 is. It holds what was read before.',
    },
    'output bias forgotten': {
      wrong: (i) => write({ ...i, model: { ...i.model, bOut: i.model.bOut.mul(0) } }).tokens,
      says: 'bOut has no part in your logits: logits = h wOutᵀ + bOut.',
    },
    'logits from the state before': {
      wrong: (i) => write(i, { seen: (_now, before) => before }).tokens,
      says: 'Your logits are made from the state as it was before the token was read. Take the step first, then bet.',
    },
    'first token read twice': {
      wrong: (i) => {
        const { wIh, wHh, bIh, bHh } = i.model.rnn;
        const x = i.model.table.slice([i.first, i.first + 1]);
        const h0 = x.matmul(wIh.T).add(bIh).add(i.h0.matmul(wHh.T)).add(bHh).tanh();
        return write({ ...i, h0 }).tokens;
      },
      says: 'The first token is read twice: once before the loop and once in it.',
    },
    'filter after the softmax': {
      wrong: (i) =>
        write(i, {
          p: (all) => {
            const p = warm({ logits: all, temperature: i.temperature });
            return keep({ logits: p, k: i.k }, byValue({ logits: p, k: i.k }), 0);
          },
        }).tokens,
      says: 'You filter the probabilities, so that those which remain no longer sum to 1. Filter the logits; the softmax after it shares out everything among the k that are left.',
    },
    'temperature applied twice': {
      wrong: (i) =>
        write(i, {
          p: (all) => {
            const kept = keep({ logits: all, k: i.k }, byValue({ logits: all, k: i.k }));
            return warm({ logits: i.temperature > 0 ? kept.div(i.temperature) : kept, temperature: i.temperature });
          },
        }).tokens,
      says: 'The temperature works twice. softmaxWithTemperature divides the logits by it; do not divide them before.',
    },
  },
  hints: [
    'Read a token, take a step, draw a token; that token is the next to be read.',
    'Two things change from draw to draw: the token, a number, and the state, (1, H). A batch of one: the embedding of [token] is (1, E), the logits (1, V).',
    'embedding → rnnStep → linear → the row of logits → topKFilter → softmaxWithTemperature → sampleIndex with this draw’s own u.',
    'uniforms.map((u) => { …; token = sampleIndex(softmaxWithTemperature(topKFilter(logits, k), temperature), u); return token; })',
  ],
});

/** The whole model on the tape. Loss of the times from `from` on; the state starts from h0. */
function readText(
  { tokens, targets, h0, model: m }: Lifted<Pick<Window, 'h0' | 'model'>> & Pick<Window, 'tokens' | 'targets'>,
  from = 0,
): { loss: Var; hn: VarTensor } {
  const [T, B, E] = [tokens.length, tokens[0]!.length, m.table.shape[1]!];
  const [V, H] = m.wOut.shape as [number, number];
  const x = table([T, B, E], (t, b, e) => m.table.at(tokens[t!]![b!]!, e!));
  const { y, hn } = unroll(x, h0, m.rnn);
  const logits = table([T - from, B, V], (t, b, v) =>
    sum([...range(H, (i) => y.at(t! + from, b!, i).mul(m.wOut.at(v!, i))), m.bOut.at(v!)]),
  );
  return { loss: lossOf(logits, targets.slice(from)), hn };
}

const plain = ['tokens', 'targets'];
type Result = { loss: number; hn: Tensor; gradients: Model };

/** Loss, state and gradients of a window; `from` leaves the losses of earlier times out. */
function readWindow(i: Window, from = 0): Result {
  const inputs = i;
  const values = valueOf((w: Parameters<typeof readText>[0]) => readText(w, from), { plain })(inputs) as ValueRecord;
  const gradients = gradientOf((w: Parameters<typeof readText>[0]) => readText(w, from).loss, { wrt: 'model', plain });
  return { ...values, gradients: gradients(inputs) } as unknown as Result;
}

const window = {
  tokens: listOf('T', indices('B', 'V')),
  wanted: listOf('T', indices('B', 'V')),
  filled: listOf('T', pattern('B', 0, 1)),
  h0: tensor('B', 'H', small),
  model,
};
/** Padding comes at the end of a sequence. */
const withPadding = (wanted: number[][], filled: number[][]) =>
  wanted.map((row, t) => row.map((token, b) => (t > 0 && filled.slice(t).every((f) => f[b] === 1) ? -1 : token)));

/** The same by hand, with places to slip. */
function byHand(
  { tokens, targets, h0, model: m }: Window,
  slip: {
    dy?: (dy: Tensor[]) => Tensor[];
    dhn?: (hn: Tensor, dy: Tensor[]) => Tensor;
    put?: (old: number, now: number) => number;
    db?: (rows: Tensor) => Tensor;
    dwOut?: (each: Tensor[]) => Tensor;
    weigh?: (targets: number[][]) => number;
  } = {},
): Result {
  const T = tokens.length;
  const { wIh, wHh, bIh, bHh } = m.rnn;
  const states = [h0];
  const words = tokens.map((row) => m.table.gather(row));
  for (const x of words) states.push(x.matmul(wIh.T).add(bIh).add(states.at(-1)!.matmul(wHh.T)).add(bHh).tanh());
  const logits = stack(states.slice(1).map((h) => h.matmul(m.wOut.T).add(m.bOut)));
  const weight = 1 / (slip.weigh ?? real)(targets);
  const { loss, dlogits } = weigh({ logits, targets }, (t, b) => (targets[t]![b]! >= 0 ? weight : 0));
  const rows = range(T, (t) => dlogits.row(t));
  const dy = (slip.dy ?? ((d: Tensor[]) => d))(rows.map((d) => d.matmul(m.wOut)));
  const g: Model = {
    table: zerosLike(m.table),
    rnn: { wIh: zerosLike(wIh), wHh: zerosLike(wHh), bIh: zerosLike(bIh), bHh: zerosLike(bHh) },
    wOut: (slip.dwOut ?? ((each: Tensor[]) => each.reduce((a, b) => a.add(b))))(
      rows.map((d, t) => d.T.matmul(states[t + 1]!)),
    ),
    bOut: slip.db ? slip.db(dlogits.reshape(-1, m.bOut.size)) : dlogits.sum([0, 1]),
  };
  const E = m.table.shape[1]!;
  let carried = slip.dhn ? slip.dhn(states.at(-1)!, dy) : zerosLike(h0);
  for (let t = T - 1; t >= 0; t--) {
    const da = dy[t]!.add(carried).mul(states[t + 1]!.square().neg().add(1));
    g.rnn = {
      wIh: g.rnn.wIh.add(da.T.matmul(words[t]!)),
      wHh: g.rnn.wHh.add(da.T.matmul(states[t]!)),
      bIh: g.rnn.bIh.add(da.sum(0)),
      bHh: g.rnn.bHh.add(da.sum(0)),
    };
    const dx = da.matmul(wIh);
    tokens[t]!.forEach((token, b) => {
      for (let e = 0; e < E; e++) {
        const at = token * E + e;
        g.table.data[at] = (slip.put ?? ((o, n) => o + n))(g.table.data[at]!, dx.at(b, e));
      }
    });
    carried = da.matmul(wHh);
  }
  return { loss, hn: states.at(-1)!, gradients: g };
}

const languageModelStep = exercise({
  points: 3,
  uses: ['sequenceLoss'],
  inputs: window,
  sizes: { T: [1, 4], B: [1, 3], V: [2, 4], E: [1, 3], H: [1, 3] },
  derive: ({ tokens, wanted, filled, h0, model }) => ({ tokens, targets: withPadding(wanted, filled), h0, model }),
  parameters: ['tokens', 'targets', 'h0', 'model'],
  oracle: (i) => readWindow(i),
  checks: [agrees({ cases: 10 }), pure({ cases: 3 })],
  misconceptions: {
    'the answer is the question': {
      wrong: (i) =>
        byHand({ ...i, targets: i.tokens.map((row, t) => row.map((x, b) => (i.targets[t]![b]! < 0 ? -1 : x))) }),
      says: 'The loss asks for the token that the model is reading, not for the one that comes next. It would learn to repeat what it is told, and its loss would fall to nothing.',
    },
    'state before the window ignored': {
      wrong: (i) => byHand({ ...i, h0: zerosLike(i.h0) }),
      says: 'The window starts from zeros, whatever h0 is. What was read before is in there.',
    },
    'only the last time teaches the state': {
      wrong: (i) => byHand(i, { dy: (dy) => dy.map((d, t) => (t === dy.length - 1 ? d : zerosLike(d))) }),
      says: 'Into the recurrent layer goes only the gradient of the last time. The model predicts at every time, so a gradient comes down at every time.',
    },
    'last repeat wins in the table': {
      wrong: (i) => byHand(i, { put: (_old, now) => now }),
      says: 'When a token was read more than once, one of its gradients overwrites the others in the table. They add up.',
    },
    'loss of the final state invented': {
      wrong: (i) => byHand(i, { dhn: (h) => h.map(() => 1) }),
      says: 'You send a gradient of ones into hn. No loss is attached there in this window; with nothing asked, nothing comes back.',
    },
    'hn for its gradient': {
      wrong: (i) => byHand(i, { dhn: (hn) => hn }),
      says: 'You send hn itself back, as if it were its gradient. No loss is attached to hn in this window: its gradient is zero.',
    },
    'last output counted twice': {
      wrong: (i) => byHand(i, { dhn: (_hn, dy) => dy.at(-1)! }),
      says: 'The gradient of the last output goes into hn as well, and so counts twice. It is in dy already; the gradient of hn is zero.',
    },
    'the answer is the question, padding and all': {
      wrong: (i) => byHand({ ...i, targets: i.tokens }),
      says: 'The loss asks for the token that the model is reading: `tokens` stands where `targets` should. It would learn to repeat what it is told.',
    },
    'padding in the mean': {
      wrong: (i) => byHand(i, { weigh: (targets) => targets.flat().length }),
      says: 'Loss and gradients are divided by T·B, padding included. Only the real places count: sequenceLoss knows.',
    },
    'output bias forgotten': {
      wrong: (i) => byHand({ ...i, model: { ...i.model, bOut: i.model.bOut.mul(0) } }),
      says: 'bOut has no part in your logits: logits = y wOutᵀ + bOut.',
    },
    'output weights of the last time only': {
      wrong: (i) => byHand(i, { dwOut: (each) => each.at(-1)! }),
      says: 'The gradient of wOut holds the last time only. wOut served at every time: their contributions add up (+=, not =).',
    },
    'output weights of the first time only': {
      wrong: (i) => byHand(i, { dwOut: (each) => each[0]! }),
      says: 'The gradient of wOut holds the first time only. wOut served at every time, and their contributions add up.',
    },
    'output bias averaged': {
      wrong: (i) => byHand(i, { db: (rows) => rows.mean(0) }),
      says: 'The gradient of bOut is averaged over the places. The 1/n is in dlogits already; it is summed.',
    },
  },
  hints: [
    'Nothing new is computed here. Four parts forward, the same four backward in reverse order, each with its own cache.',
    'x (T, B, E), y (T, B, H), logits (T, B, V). The linear layer wants rows: (T·B, H) in, (T·B, V) out, and the same reshapes on the way back.',
    'sequenceLoss gives dlogits; linearBackward dy, wOut, bOut; rnnBackward (with zeros for hn) dx and rnn; embeddingBackward the table.',
    'const { dx, weights } = rnnBackward(dy.reshape(T, B, H), zeros(B, H), cache); and gradients: { table: embeddingBackward(dx, words.cache), rnn: weights, wOut: dw, bOut: db }.',
  ],
});

type Truncated = Window & { length: number };

/** Where the windows start and end. */
const windowsOf = (T: number, length: number) =>
  range(Math.ceil(T / length), (w) => [w * length, Math.min(T, (w + 1) * length)] as const);
const part = (i: Window, from: number, to: number, h0 = i.h0): Window => ({
  ...i,
  tokens: i.tokens.slice(from, to),
  targets: i.targets.slice(from, to),
  h0,
});

function truncate(i: Truncated, starts: (h: Tensor, h0: Tensor) => Tensor = (h) => h): Result[] {
  let h = i.h0;
  return windowsOf(i.tokens.length, i.length).map(([from, to], w) => {
    const read = readWindow(part(i, from, to, w === 0 ? h : starts(h, i.h0)));
    h = read.hn;
    return read;
  });
}
const plus = (a: ValueRecord, b: ValueRecord): ValueRecord =>
  Object.fromEntries(
    Object.entries(a).map(([key, x]) => [
      key,
      x instanceof Tensor ? x.add(b[key] as Tensor) : plus(x as ValueRecord, b[key] as ValueRecord),
    ]),
  );

const truncatedBackpropagation = exercise({
  points: 3,
  uses: ['languageModelStep'],
  inputs: { ...window, length: integer(1, 3) },
  sizes: { T: [1, 5], B: [1, 2], V: [2, 3], E: [1, 2], H: [1, 3] },
  derive: ({ tokens, wanted, h0, model, length }) => ({ tokens, targets: wanted, h0, model, length }),
  parameters: ['tokens', 'targets', 'h0', 'model', 'length'],
  oracle: (i) => truncate(i),
  checks: [
    agrees({ cases: 10 }),
    pure({ cases: 3 }),
    rejects(
      'a window without length, or targets that do not fit',
      () => {
        const one = (...shape: number[]) =>
          new Tensor(shape, new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0.5));
        const m = {
          table: one(2, 1),
          rnn: { wIh: one(2, 1), wHh: one(2, 2), bIh: one(2), bHh: one(2) },
          wOut: one(2, 2),
          bOut: one(2),
        };
        const good = { tokens: [[0], [1], [1]], targets: [[1], [1], [0]], h0: one(1, 2), model: m, length: 2 };
        return [
          { ...good, length: 0 },
          { ...good, length: 1.5 },
          { ...good, length: -1 },
          { ...good, targets: [[1], [1]] },
          { ...good, targets: [[1], [1], [0], [0]] },
          { ...good, tokens: [[0], [1]], targets: [[1], [1], [0], [0]] },
        ];
      },
      { worth: 1 },
    ),
  ],
  // Two whole windows and a short one; and one whole one and a short one.
  examples: [2, 3].map((length) => ({
    tokens: [[0], [1], [1], [0], [1]].slice(0, 7 - length),
    targets: [[1], [1], [0], [1], [0]].slice(0, 7 - length),
    h0: toTensor([[0.5, -0.25]]),
    model: {
      table: toTensor([[0.5], [-1]]),
      rnn: {
        wIh: toTensor([[0.75], [-0.5]]),
        wHh: toTensor([
          [0.5, -0.25],
          [0.25, 0.75],
        ]),
        bIh: toTensor([0.25, -0.5]),
        bHh: toTensor([-0.25, 0.5]),
      },
      wOut: toTensor([
        [1, -0.5],
        [-0.75, 0.25],
      ]),
      bOut: toTensor([0.25, -0.25]),
    },
    length,
  })),
  misconceptions: {
    'state reset to h0': {
      wrong: (i) => truncate(i, (_h, h0) => h0),
      says: 'Every window starts from h0 again. Truncation cuts the gradient, not the memory: the value of the state goes on.',
    },
    'state reset to zero': {
      wrong: (i) => truncate(i, (h) => zerosLike(h)),
      says: 'From the second window on the state starts at zero, as if nothing had been read. Truncation cuts the gradient, not the memory.',
    },
    'h0 ignored': {
      wrong: (i) => truncate({ ...i, h0: zerosLike(i.h0) }),
      says: 'The first window starts from zeros, whatever h0 is. It may hold what was read before this text.',
    },
    'the last window alone': {
      wrong: (i) => truncate(i).slice(-1),
      says: 'You return the last window only. Every window has its result, in the order of time.',
    },
    'last window first': {
      wrong: (i) => truncate(i).reverse(),
      says: 'Your results run from the last window to the first.',
    },
    'windows that begin at every time': {
      wrong: (i) => {
        let h = i.h0;
        return range(i.tokens.length, (from) => {
          const read = readWindow(part(i, from, from + i.length, h));
          h = read.hn;
          return read;
        });
      },
      says: 'A window begins at every time, so most tokens are read several times. Each begins where the one before has ended: move on by `length`.',
    },
    'one time too many in each window': {
      wrong: (i) => {
        let h = i.h0;
        return windowsOf(i.tokens.length, i.length).map(([from]) => {
          const read = readWindow(part(i, from, from + i.length + 1, h));
          h = read.hn;
          return read;
        });
      },
      says: 'Each window reads one time more than its length, the first of the next window. slice leaves out the end that it is given: t + length is enough.',
    },
    'gradient through the cut': {
      wrong: (i) => windowsOf(i.tokens.length, i.length).map(([from, to]) => readWindow(part(i, 0, to), from)),
      says: 'Your gradients reach back beyond the start of the window, through the state into earlier ones. The state that comes in is to be taken as a constant: its value counts, not how it came about.',
    },
    'short last window dropped': {
      wrong: (i) => truncate(i).slice(0, Math.floor(i.tokens.length / i.length)),
      says: 'When the text does not divide evenly, its end is never read. The last window may be shorter.',
    },
    'windows that move on by one': {
      wrong: (i) => {
        let h = i.h0;
        return windowsOf(i.tokens.length, i.length).map((_, w) => {
          const read = readWindow(part(i, w, w + i.length, h));
          h = read.hn;
          return read;
        });
      },
      says: 'Your windows are as many as they should be, but move on by one step, so that the text is not read to its end. Window i begins at i · length.',
    },
    'windows from the beginning of the text': {
      wrong: (i) => windowsOf(i.tokens.length, i.length).map(([, to]) => readWindow(part(i, 0, to))),
      says: 'Each of your windows begins at the beginning of the text, in its loss as in its gradients. Window i begins at i · length, in the state in which the one before ended.',
    },
    'windows that overlap': {
      wrong: (i) => {
        let h = i.h0;
        return range(Math.max(1, i.tokens.length - i.length + 1), (from) => {
          const read = readWindow(part(i, from, from + i.length, h));
          h = read.hn;
          return read;
        });
      },
      says: 'Your windows move on by one step, so most tokens are read several times. Each begins where the one before has ended.',
    },
    'gradients added up': {
      wrong: (i) => {
        let total: ValueRecord | undefined;
        return truncate(i).map((w) => {
          total = total ? plus(total, w.gradients as unknown as ValueRecord) : (w.gradients as unknown as ValueRecord);
          return { ...w, gradients: total };
        });
      },
      says: 'Each window’s gradients contain those of the windows before it. Every window has its own loss, and its own gradients.',
    },
    'one window': {
      wrong: (i) => truncate({ ...i, length: i.tokens.length }),
      says: 'The text is read as a single window: the length is not used.',
    },
  },
  hints: [
    'languageModelStep does a window. What does the second window need from the first?',
    'Slices of at most `length` rows of tokens and targets; between them a state (B, H).',
    'h = h0; for each window: languageModelStep(slice, slice, h, model), keep the result, h = its hn. The gradient is cut because nothing is ever sent back into hn.',
    'for (let t = 0; t < tokens.length; t += length) { … tokens.slice(t, t + length) … }',
  ],
});

export const languageModel = topic('language-model', 'A language model', {
  sequenceLoss,
  perplexity,
  softmaxWithTemperature,
  topKFilter,
  sampleIndex,
  generate,
  languageModelStep,
  truncatedBackpropagation,
});
