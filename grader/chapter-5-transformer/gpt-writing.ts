/** Exercises of a GPT that writes: how the next token is chosen, and what is kept so that it need not be computed again. */
import { Tensor, concat, random, tensor as toTensor, zeros } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  indices,
  integer,
  listOf,
  number,
  property,
  pure,
  range,
  record,
  rejects,
  sizeOf,
  table,
  tensor,
  trace,
  valueOf,
  vector,
  VarTensor,
  type Lifted,
} from '../engine/index.ts';
import { fedForward, projected } from './definitions-blocks.ts';
import {
  alone,
  anyGpt,
  attendedTo,
  embedded,
  gptInput,
  keptInput,
  keptWith,
  logitsOf,
  normed,
  only,
  wrapped,
  type Gpt,
  type Kept,
  type MultiHead,
  type Settings,
} from './definitions-gpt.ts';
import { attentionWeights } from './definitions-layers.ts';

// Which tokens may come

type Nucleus = { logits: Tensor; p: number };

const soft = (z: Tensor) => {
  const m = Math.max(...z.data);
  const e = z.map((x) => Math.exp(x - m));
  return e.div(e.sum());
};
/** The tokens by falling probability, of equal ones the smaller index first. */
const falling = (z: Tensor) => range(z.size, (v) => v).sort((a, b) => z.data[b]! - z.data[a]! || a - b);
const keeping = (z: Tensor, kept: readonly number[], rest = -Infinity) => z.map((x, v) => (kept.includes(v) ? x : rest)); // prettier-ignore

/** The first tokens of an order, as long as a rule says so of the sum before one and its own probability. */
function nucleus(
  { logits, p }: Nucleus,
  order: readonly number[] = falling(logits),
  goesOn: (before: number, own: number, p: number) => boolean = (before, _own, most) => before < most,
) {
  const shares = soft(logits);
  const kept: number[] = [];
  let before = 0;
  for (const v of order) {
    if (!goesOn(before, shares.data[v]!, p)) break;
    kept.push(v);
    before += shares.data[v]!;
  }
  return kept;
}
/** How near a decision is to falling otherwise by rounding. */
function nucleusMargin({ logits, p }: Nucleus): number {
  const shares = soft(logits);
  let [before, margin] = [0, Infinity];
  for (const v of falling(logits).slice(0, -1)) {
    before += shares.data[v]!;
    if (before < 1 - 1e-9 || p < 1) margin = Math.min(margin, Math.abs(before - p));
  }
  return margin;
}
const checkedP = (p: number) => {
  if (!(p > 0 && p <= 1)) throw new RangeError('p');
};
const numbersAsWords = (z: Tensor) =>
  range(z.size, (v) => v).sort((a, b) => {
    const [x, y] = [String(z.data[a]), String(z.data[b])];
    return x < y ? 1 : x > y ? -1 : a - b;
  });

export const topPFilter = exercise({
  points: 2,
  inputs: {
    logits: tensor('V', { min: -3, max: 12, step: 0.5 }),
    p: choice<number>(0.5, 0.9, 0.75, 0.95, 0.25, 1),
  },
  sizes: { V: [1, 6] },
  where: (i) => nucleusMargin(i) > 1e-6,
  oracle: (i) => {
    checkedP(i.p);
    return keeping(i.logits, nucleus(i));
  },
  checks: [
    agrees({ exact: true, cases: 30 }),
    pure({ cases: 3 }),
    rejects('a p that is not greater than 0 and at most 1', [
      { logits: toTensor([1, 2]), p: 0 },
      { logits: toTensor([1, 2]), p: -0.5 },
      { logits: toTensor([1, 2]), p: 1.25 },
      { logits: toTensor([1, 2]), p: NaN },
    ]),
  ],
  examples: [
    { logits: toTensor([2, 1, 0, 1.5]), p: 0.75 },
    { logits: toTensor([0, 0, 0, 0]), p: 0.5 },
    { logits: toTensor([0, 0, 0, 0]), p: 0.25 },
    { logits: toTensor([1, 1]), p: 0.5 },
    { logits: toTensor([1, 3, 1, 3, 1]), p: 0.9 },
    { logits: toTensor([-1, 5, 0.5]), p: 0.25 },
    { logits: toTensor([9, 10, 8]), p: 0.5 },
    { logits: toTensor([10, 9.5, 9, 2]), p: 0.8 },
    { logits: toTensor([-Infinity, 1, -Infinity, 0.5]), p: 0.9 },
    { logits: toTensor([-3, -2.5, -1, -2]), p: 0.75 },
  ],
  misconceptions: {
    'sum of the logits': {
      wrong: (i) => {
        const kept: number[] = [];
        let before = 0;
        for (const v of falling(i.logits)) {
          if (before >= i.p) break;
          kept.push(v);
          before += i.logits.data[v]!;
        }
        return keeping(i.logits, kept);
      },
      says: 'You add up logits and compare the sum with p. p is a probability: it is those that are added.',
    },
    'the token that reaches p dropped': {
      wrong: (i) =>
        keeping(
          i.logits,
          nucleus(i, falling(i.logits), (before, own, p) => before + own <= p),
        ),
      says: 'You keep tokens while their sum stays within p. Where the first alone has more than p, nothing is left at all. The one that reaches p is kept too.',
    },
    'the token that reaches p dropped, unless it is the first': {
      wrong: (i) => {
        const within = nucleus(i, falling(i.logits), (before, own, p) => before + own <= p);
        return keeping(i.logits, within.length > 0 ? within : falling(i.logits).slice(0, 1));
      },
      says: 'You keep tokens while their sum stays within p, and the first one in any case. The one that reaches p is kept too, whichever it is: look at the sum before a token, not after it.',
    },
    'all equal ones kept': {
      wrong: (i) => {
        const least = Math.min(...nucleus(i).map((v) => i.logits.data[v]!));
        return i.logits.map((x) => (x >= least ? x : -Infinity));
      },
      says: 'You keep every token whose logit is not below the last kept one’s. Of equal ones at the border only as many are kept as are needed to reach p, the smaller index first.',
    },
    'one more than needed': {
      wrong: (i) => keeping(i.logits, [...nucleus(i), falling(i.logits)[nucleus(i).length] ?? -1]),
      says: 'Your tokens had reached p already, and one more is kept.',
    },
    'kept where the sum is exactly p': {
      wrong: (i) =>
        keeping(
          i.logits,
          nucleus(i, falling(i.logits), (before, _own, p) => before <= p),
        ),
      says: 'Where the tokens before have exactly p, you keep one more. It is kept when they have less than p.',
    },
    'p as the least probability': {
      wrong: (i) => keeping(i.logits, falling(i.logits).filter((v) => soft(i.logits).data[v]! >= i.p)), // prettier-ignore
      says: 'You compare each token’s own probability with p. It is the sum of all kept ones that has to reach p.',
    },
    '1 − p as the least probability': {
      wrong: (i) => keeping(i.logits, falling(i.logits).filter((v) => soft(i.logits).data[v]! >= 1 - i.p)), // prettier-ignore
      says: 'You drop the tokens whose own probability is below 1 − p. It is the sum of all kept ones that has to reach p.',
    },
    'not sorted': {
      wrong: (i) => keeping(i.logits, nucleus(i, range(i.logits.size, (v) => v))), // prettier-ignore
      says: 'You add the probabilities in the order of the vocabulary. The likeliest comes first.',
    },
    'the unlikeliest first': {
      wrong: (i) => keeping(i.logits, nucleus(i, range(i.logits.size, (v) => v).sort((a, b) => i.logits.data[a]! - i.logits.data[b]!))), // prettier-ignore
      says: 'You begin with the unlikeliest token.',
    },
    'the later of equal ones first': {
      wrong: (i) => keeping(i.logits, nucleus(i, range(i.logits.size, (v) => v).sort((a, b) => i.logits.data[b]! - i.logits.data[a]! || b - a))), // prettier-ignore
      says: 'Of equal tokens you take the later ones first. The docstring prefers the smaller index.',
    },
    'numbers sorted as words': {
      wrong: (i) => keeping(i.logits, nucleus(i, numbersAsWords(i.logits))),
      says: 'sort() without a comparison turns numbers into words, and "10" comes before "9" in a dictionary. Give it one.',
    },
    'probabilities in place of logits': {
      wrong: (i) => keeping(soft(i.logits), nucleus(i)),
      says: 'The kept tokens come back as probabilities. Asked for are their logits, unchanged.',
    },
    'zero in place of −Infinity': {
      wrong: (i) => keeping(i.logits, nucleus(i), 0),
      says: 'The forbidden logits become 0, and e⁰ = 1 is not forbidden at all. What must the exponent be for the probability to be 0?',
    },
    'only the kept, sorted': {
      wrong: (i) => toTensor(nucleus(i).map((v) => i.logits.data[v]!)),
      says: 'You return the kept logits as a list, and nobody can tell any more which tokens they belong to. Every token keeps its place.',
    },
  },
  hints: [
    'Lay the probabilities out from the largest to the smallest, and walk along until you have covered p.',
    '(V) in, (V) out, nothing moves; the tokens that are not kept become −Infinity.',
    'p_v = softmax of the logits. Sort the indices by falling logit, the smaller index first among equals. Keep a token if the sum BEFORE adding its own is less than p.',
    'let sum = 0; for (const v of order) { if (sum < p) kept.add(v); sum += probabilities.data[v]; }',
  ],
});

// The choice

type Sampling = { temperature: number; topK: number; topP: number };
type Choice = { logits: Tensor; u: number; sampling: Sampling };

const firstK = (z: Tensor, k: number) => keeping(z, falling(z).slice(0, k));
const firstP = (z: Tensor, p: number) => keeping(z, nucleus({ logits: z, p }));
const drawn = (p: Tensor, u: number) => {
  let sum = 0;
  const found = p.data.findIndex((x) => (sum += x) > u);
  return found >= 0 ? found : p.data.reduce((at, x, v) => (x > 0 ? v : at), 0);
};

/** The chosen token by the definition, or by an order of its parts. */
function chosen(
  { logits, u, sampling: { temperature, topK, topP } }: Choice,
  way: (z: Tensor, s: Sampling) => Tensor = (z, s) => soft(firstP(firstK(z.div(s.temperature), s.topK), s.topP)),
) {
  if (!(temperature >= 0)) throw new RangeError('temperature');
  if (!(Number.isInteger(topK) && topK >= 1)) throw new RangeError('topK');
  checkedP(topP);
  if (!(u >= 0 && u < 1)) throw new RangeError('u');
  if (temperature === 0) return falling(logits)[0]!;
  return drawn(way(logits, { temperature, topK, topP }), u);
}
/** How near the choice came to being another. */
function choiceMargin({ logits, u, sampling: { temperature, topK, topP } }: Choice): number {
  if (temperature === 0) return Infinity;
  const few = firstK(logits.div(temperature), topK);
  const p = soft(firstP(few, topP));
  let sum = 0;
  const gaps = Array.from(p.data, (x) => Math.abs((sum += x) - u));
  return Math.min(nucleusMargin({ logits: few, p: topP }), ...gaps);
}

const samplingInput = record({
  temperature: choice<number>(1, 0.5, 2, 0),
  topK: integer(1, 6),
  topP: choice<number>(1, 0.9, 0.5),
});
const always = { temperature: 1, topK: 9, topP: 1 };

/** Draws from five tokens near both ends of what may come, where each setting decides. */
const choices: Choice[] = [
  ...[
    { temperature: 2, topK: 9, topP: 1 },
    { temperature: 0.5, topK: 9, topP: 1 },
    { temperature: 2, topK: 3, topP: 1 },
    { temperature: 2, topK: 9, topP: 0.75 },
    { temperature: 0.5, topK: 9, topP: 0.9 },
    { temperature: 1, topK: 3, topP: 0.75 },
    { temperature: 1, topK: 2, topP: 0.5 },
    { temperature: 2, topK: 4, topP: 0.75 },
  ].flatMap((sampling) => [
    { logits: toTensor([0, 0.5, 1, 1.5, 2]), u: 1 / 32, sampling },
    { logits: toTensor([2, 1.5, 1, 0.5, 0]), u: 31 / 32, sampling },
  ]),
  { logits: toTensor([0.5, 3, 1, 3]), u: 15 / 16, sampling: { temperature: 0, topK: 4, topP: 1 } },
  { logits: toTensor([0.5, 0, 1, 1]), u: 1 / 16, sampling: { temperature: 0, topK: 4, topP: 1 } },
];

export const chooseToken = exercise({
  points: 2,
  inputs: {
    logits: tensor('V', { min: -3, max: 3, step: 0.5 }),
    u: number({ min: 1 / 32, max: 31 / 32, step: 1 / 32 }),
    sampling: samplingInput,
  },
  sizes: { V: [1, 6] },
  where: (i) => choiceMargin(i) > 1e-6,
  uses: ['topPFilter'],
  oracle: (i) => chosen(i),
  checks: [
    agrees({ exact: true, cases: 40 }),
    pure({ cases: 3 }),
    rejects('settings or a u out of range', [
      { logits: toTensor([1, 2]), u: 0.5, sampling: { ...always, temperature: -1 } },
      { logits: toTensor([1, 2]), u: 0.5, sampling: { ...always, topK: 0 } },
      { logits: toTensor([1, 2]), u: 0.5, sampling: { ...always, topP: 0 } },
      { logits: toTensor([1, 2]), u: 1, sampling: always },
    ]),
    rejects('settings or a u out of range at temperature 0', [
      { logits: toTensor([1, 2]), u: 0.5, sampling: { ...always, temperature: 0, topK: 0 } },
      { logits: toTensor([1, 2]), u: 0.5, sampling: { ...always, temperature: 0, topP: 2 } },
      { logits: toTensor([1, 2]), u: 1, sampling: { ...always, temperature: 0 } },
    ]),
  ],
  examples: choices,
  misconceptions: {
    'temperature ignored': {
      wrong: (i) => chosen({ ...i, sampling: { ...i.sampling, temperature: 1 } }),
      says: 'The temperature changes nothing in what you choose.',
    },
    'temperature ignored but for 0': {
      wrong: (i) => chosen(i, (z, s) => soft(firstP(firstK(z, s.topK), s.topP))),
      says: 'At temperature 0 you choose the largest logit, as one should; other temperatures change nothing.',
    },
    'temperature multiplied': {
      wrong: (i) => chosen(i, (z, s) => soft(firstP(firstK(z.mul(s.temperature), s.topK), s.topP))),
      says: 'A high temperature makes your choice sure of itself. It is the other way round: heat blurs.',
    },
    'temperature twice': {
      wrong: (i) => chosen(i, (z, s) => soft(firstP(firstK(z.div(s.temperature), s.topK), s.topP).div(s.temperature))),
      says: 'You divide by the temperature and then once more, inside softmaxWithTemperature. After the first time it is 1.',
    },
    'temperature last': {
      wrong: (i) => chosen(i, (z, s) => soft(firstP(firstK(z, s.topK), s.topP).div(s.temperature))),
      says: 'Your nucleus is chosen before the temperature is applied. Heat spreads the probability, so that more tokens are needed to reach p: the temperature comes first.',
    },
    'top-p before top-k': {
      wrong: (i) => chosen(i, (z, s) => soft(firstK(firstP(z.div(s.temperature), s.topP), s.topK))),
      says: 'You take the nucleus of all tokens, and then the k likeliest of it. The other way round, the k likeliest share the whole probability, and fewer of them reach p.',
    },
    'filters on probabilities': {
      wrong: (i) => chosen(i, (z, s) => soft(firstP(firstK(soft(z), s.topK), s.topP))),
      says: 'Your filters are given probabilities and take them for logits, and the softmax behind them makes everything nearly alike. They take logits and give logits; softmax comes once, at the end.',
    },
    'top-k ignored': {
      wrong: (i) => chosen({ ...i, sampling: { ...i.sampling, topK: i.logits.size } }),
      says: 'Tokens are chosen that are not among the k likeliest.',
    },
    'top-p ignored': {
      wrong: (i) => chosen({ ...i, sampling: { ...i.sampling, topP: 1 } }),
      says: 'Tokens are chosen from outside the nucleus: topP changes nothing.',
    },
    'always the likeliest': {
      wrong: ({ logits }) => falling(logits)[0]!,
      says: 'You take the likeliest token each time; u is not used.',
    },
    'temperature 0 taken as 1': {
      wrong: (i) => chosen({ ...i, sampling: { ...i.sampling, temperature: i.sampling.temperature || 1 } }),
      says: 'Temperature 0 is treated like 1, perhaps because 0 counts as "not given" in a condition. It means: always the largest logit.',
    },
    'the largest logit, the last of equal ones': {
      wrong: (i) =>
        i.sampling.temperature > 0
          ? chosen(i)
          : i.logits.data.reduce((best, x, v) => (x >= i.logits.data[best]! ? v : best), 0),
      says: 'At temperature 0 the last of several equally large logits wins in your code. The docstring prefers the first.',
    },
  },
  hints: [
    'Four functions you have, one after the other. Only their order is a question.',
    '(V) logits stay (V) logits through all filters; softmax makes probabilities of them; sampleIndex makes a number.',
    'Divide by the temperature, topKFilter, topPFilter, softmax, sampleIndex. At temperature 0 dividing gives infinities: leave the logits as they are there, and let softmaxWithTemperature(…, 0) decide. The filters stay, and refuse a bad topK or topP.',
    'softmaxWithTemperature(topPFilter(topKFilter(z, topK), topP), temperature === 0 ? 0 : 1)',
  ],
});

// Writing

type Writing = { prompt: number[]; weights: Gpt; settings: Settings; uniforms: number[]; sampling: Sampling };

const values = (x: VarTensor, t: number) => toTensor(range(x.shape[1]!, (v) => x.at(t, v).value));
/** Lifts weights without asking for a gradient. */
function liftedOf(weights: Gpt): Lifted<Gpt> {
  let lifted: Lifted<Gpt> | undefined;
  trace((i: { weights: Lifted<Gpt> }) => ((lifted = i.weights), 0), { weights });
  return lifted!;
}

interface WritingSlips {
  /** What the model reads, of the whole text so far, and which row of logits counts. */
  window?: (text: number[], L: number, prompt: number[]) => number[];
  row?: (T: number) => number;
  u?: (uniforms: number[], n: number) => number;
  /** What is appended. */
  append?: (token: number, text: number[]) => number[];
}

/** Writes, and notes how near it came to deciding otherwise. */
function write(i: Writing, slips: WritingSlips = {}): { tokens: number[]; margin: number } {
  const { prompt, weights, settings, uniforms, sampling } = i;
  const L = weights.positions.shape[0]!;
  const lifted = liftedOf(weights);
  let [text, margin] = [[...prompt], Infinity];
  const tokens = uniforms.map((own, n) => {
    const read = slips.window ? slips.window(text, L, prompt) : text.slice(-L);
    const all = only(logitsOf([read], lifted, settings));
    const logits = values(all, slips.row ? slips.row(read.length) : read.length - 1);
    const u = slips.u ? slips.u(uniforms, n) : own;
    const token = chosen({ logits, u, sampling });
    const [first, second] = [...logits.data].sort((a, b) => b - a);
    margin = Math.min(margin, choiceMargin({ logits, u, sampling }), gapsOf(logits), (first ?? 0) - (second ?? -1)); // prettier-ignore
    text = slips.append ? slips.append(token, text) : [...text, token];
    return token;
  });
  return { tokens, margin };
}
/** The smallest distance between two logits: where top-k decides, none may be lost in rounding. */
const gapsOf = (z: Tensor) => {
  const sorted = [...z.data].sort((a, b) => b - a);
  return Math.min(Infinity, ...sorted.slice(1).map((x, k) => sorted[k]! - x));
};

const writingInputs = {
  prompt: indices('P', 'V'),
  weights: gptInput,
  heads: sizeOf('h'),
  uniforms: vector('N', { min: 1 / 16, max: 15 / 16, step: 1 / 16 }),
  sampling: record({
    temperature: choice<number>(1, 2, 0.5, 0),
    topK: integer(1, 5),
    topP: choice<number>(1, 0.9, 0.5),
  }),
};
const writingSizes = {
  P: [1, 4],
  V: [2, 4],
  L: [2, 3],
  h: [1, 2],
  d: [2, 2],
  M: [1, 2],
  n: [1, 1],
  N: [0, 4],
} as const;
const writingFrom = ({ prompt, weights, heads, uniforms, sampling }: { prompt: number[]; weights: Gpt; heads: number; uniforms: number[]; sampling: Sampling }): Writing => ({ prompt, weights, settings: { heads, activation: 'gelu' }, uniforms, sampling }); // prettier-ignore
const writingParameters = ['prompt', 'weights', 'settings', 'uniforms', 'sampling'];

/** Models, found by trying seeds, with which the slips write something else: prompts shorter and longer than the places. */
const writingExamples = (): Writing[] =>
  (
    [
      [24, 1, [2]],
      [20, 2, [0, 2, 1, 3, 2, 1]],
      [25, 2, [0, 2, 1, 3, 2, 1]],
      [25, 3, [1, 3]],
      [1, 5, [0, 2, 1, 3, 2, 1]],
    ] as const
  ).map(([seed, n, prompt]) => ({
    prompt: [...prompt],
    weights: anyGpt({ V: 4, L: 4, C: 4, M: 2, n: 1 }, `writing ${seed}`),
    settings: { heads: (n % 2) + 1, activation: 'gelu' },
    uniforms: range(7, (t) => (1 + ((7 * t + 4 * n + t * t) % 15)) / 16),
    sampling: { temperature: 4, topK: 4, topP: 1 },
  }));

export const generateText = exercise({
  points: 2,
  inputs: writingInputs,
  sizes: writingSizes,
  derive: writingFrom,
  parameters: writingParameters,
  where: (i) => write(i).margin > 1e-6,
  uses: ['gptForward', 'chooseToken'],
  oracle: (i) => write(i).tokens,
  checks: [agrees({ exact: true, cases: 8 }), pure({ cases: 2 })],
  examples: writingExamples(),
  misconceptions: {
    'never reads what it writes': {
      wrong: (i) => write(i, { append: (_token, text) => text }).tokens,
      says: 'Each token is chosen from the same reading of the prompt. What was written belongs to the text, and is read too.',
    },
    'reads only the last token': {
      wrong: (i) => write(i, { window: (text) => text.slice(-1) }).tokens,
      says: 'Your model reads only the last token. It has no state to remember the rest in: all the text that fits has to be read again.',
    },
    'first row of the logits': {
      wrong: (i) => write(i, { row: () => 0 }).tokens,
      says: 'You choose from the first row of the logits. It says what comes after the first token; which row speaks of the end?',
    },
    'row before the last': {
      wrong: (i) => write(i, { row: (T) => Math.max(0, T - 2) }).tokens,
      says: 'You choose from the row before the last, which says what comes after the last but one.',
    },
    'the first L tokens': {
      wrong: (i) => write(i, { window: (text, L) => text.slice(0, L) }).tokens,
      says: 'When the text is longer than the places, you read its beginning. What comes next depends on its end.',
    },
    'one place unused': {
      wrong: (i) => write(i, { window: (text, L) => text.slice(-Math.max(1, L - 1)) }).tokens,
      says: 'Your window is one token shorter than it could be: there are L places.',
    },
    'starts afresh when the places are full': {
      wrong: (i) => write(i, { window: (text, L) => text.slice(Math.floor((text.length - 1) / L) * L) }).tokens,
      says: 'When the places are full your window begins anew with a single token. It moves on by one each time and stays full.',
    },
    'the prompt forgotten': {
      wrong: (i) => write(i, { window: (text, L, prompt) => (text.length > prompt.length ? text.slice(prompt.length) : text).slice(-L) }).tokens, // prettier-ignore
      says: 'Once something has been written, the prompt is no longer read. It is the beginning of the text.',
    },
    'the same uniform each time': {
      wrong: (i) => write(i, { u: (us) => us[0]! }).tokens,
      says: 'All tokens are drawn by the first of the uniforms. Each draw has one of its own.',
    },
    'the prompt in the result': {
      wrong: (i) => [...i.prompt, ...write(i).tokens],
      says: 'Your result begins with the prompt. It holds what was written: as many tokens as there are uniforms.',
    },
  },
  hints: [
    'Read, choose, append, read again. The text so far is the only thing that changes.',
    'gptForward takes rows: one row of at most L tokens gives logits (1, T, V), of which you need the last (V).',
    'window = text.slice(−L); chooseToken(last row, this draw’s u, sampling). The result is what you appended, without the prompt.',
    'const { logits } = gptForward([text.slice(-L)], weights, settings); logits.row(0).row(-1)',
  ],
});

// What is kept

type Once = { x: Tensor; kept: Kept; weights: MultiHead; heads: number };
type LiftedOnce = Lifted<Pick<Once, 'x' | 'kept' | 'weights'>> & Pick<Once, 'heads'>;

/** Attention of the new token, with other keys and values than one should have where a slip says so. */
const once =
  (
    slip: {
      heads?: number;
      k?: (k: VarTensor, old: VarTensor) => VarTensor;
      v?: (v: VarTensor, old: VarTensor) => VarTensor;
    } = {},
  ) =>
  // prettier-ignore
  ({ x, kept, weights: w, heads }: LiftedOnce) => {
    const [row, old] = [only(x), { k: only(kept.k), v: only(kept.v) }];
    const right = keptWith(row, old, w);
    const k = slip.k ? slip.k(right.k, old.k) : right.k;
    const v = slip.v ? slip.v(right.v, old.v) : right.v;
    const y = attendedTo(row, { k, v }, w, slip.heads ?? heads);
    return { y: alone(y), kept: { k: alone(right.k), v: alone(right.v) } };
  };
const onceBy = (slip: Parameters<typeof once>[0]) => (i: Once) => trace(once(slip), i, ['heads']).value;
type OnceResult = { y: Tensor; kept: Kept };
const onceResult = (i: Once) => onceBy({})(i) as unknown as OnceResult;
/** Only the new token's own row: what is kept after an empty beginning. */
const fresh = (i: Once, weights = i.weights) =>
  onceResult({ ...i, weights, kept: { k: zeros(1, 0, i.x.shape[2]!), v: zeros(1, 0, i.x.shape[2]!) } }).kept;
/** A matrix (n, C) read in rows as if the heads came first: (h, n, d), and back into columns. */
const misdealt = (heads: number) => (m: VarTensor) => {
  const [n, C] = m.shape as [number, number];
  const d = C / heads;
  return table([n, C], (t, c) => m.data[(Math.floor(c! / d) * n + t!) * d + (c! % d)]!);
};

export const cachedAttention = exercise({
  points: 3,
  inputs: { x: tensor(1, 1, 'h*d'), kept: keptInput, weights: attentionWeights, heads: sizeOf('h') },
  sizes: { S: [0, 3], h: [1, 2], d: [1, 3] },
  oracle: valueOf(once(), { plain: ['heads'] }),
  checks: [agrees({ cases: 12 }), pure({ cases: 3 })],
  misconceptions: {
    'kept by heads': {
      wrong: (i) => {
        const { y, kept } = onceResult(i);
        const split = (m: Tensor) => m.reshape(1, m.shape[1]!, i.heads, m.shape[2]! / i.heads).transpose(0, 2, 1, 3);
        return { y, kept: { k: split(kept.k), v: split(kept.v) } };
      },
      says: 'You return keys and values as the heads see them, (1, h, S + 1, C/h). What is kept is (1, S + 1, C), before the heads are split.',
    },
    'x kept in place of its value': {
      wrong: (i) => {
        const C = i.x.shape[2]!;
        const eye = new Tensor([C, C], range(C * C, (k) => (k % (C + 1) === 0 ? 1 : 0))); // prettier-ignore
        return onceResult({ ...i, weights: { ...i.weights, wV: eye, bV: zeros(C) } });
      },
      says: 'The new token’s value is x itself. Values are made with wV and bV, then as now.',
    },
    'biases of key and value left out': {
      wrong: (i) => {
        const { bK, bV } = i.weights;
        return onceResult({ ...i, weights: { ...i.weights, bK: bK.mul(0), bV: bV.mul(0) } });
      },
      says: 'The new key and value lack their biases. They are made as multiHeadForward makes them, or they do not fit those that were kept.',
    },
    'blind to itself': {
      wrong: (i) => (i.kept.k.shape[1] === 0 ? onceBy({})(i) : onceBy({ k: (_k, old) => old, v: (_v, old) => old })(i)),
      says: 'The new token attends to those before it, but not to itself: its key and value must be in the list before you look.',
    },
    'kept as it was': {
      wrong: (i) => ({ ...onceResult(i), kept: i.kept }),
      says: 'You return what was kept before. The next token wants to see this one too.',
    },
    'the new one in front': {
      wrong: (i) => {
        const own = fresh(i);
        const put = (mine: Tensor, old: Tensor) => concat([mine, old], 1);
        return { y: onceResult(i).y, kept: { k: put(own.k, i.kept.k), v: put(own.v, i.kept.v) } };
      },
      says: 'You put the new key and value in front of the others. They come in the order of the text, so the newest is last.',
    },
    'only the new one kept': {
      wrong: (i) => ({ y: onceResult(i).y, kept: fresh(i) }),
      says: 'Only the new key and value are kept; those of all tokens before are lost.',
    },
    'x kept in place of its key and value': {
      wrong: (i) => ({ y: onceResult(i).y, kept: { k: concat([i.kept.k, i.x], 1), v: concat([i.kept.v, i.x], 1) } }),
      says: 'You keep x itself. What is kept are the key and the value that wK and wV make of it, so that they need not be made again.',
    },
    'values kept as keys': {
      wrong: (i) => {
        const { y, kept } = onceResult(i);
        return { y, kept: { k: kept.v, v: kept.k } };
      },
      says: 'Keys are kept under v, and values under k.',
    },
    'heads ignored': {
      wrong: (i) => onceBy({ heads: 1 })(i),
      says: 'Your attention has one head, whatever `heads` is.',
    },
    'heads split by reshape alone': {
      wrong: (i) => onceBy({ k: misdealt(i.heads), v: misdealt(i.heads) })(i),
      says: 'A reshape to (1, h, S + 1, d) deals whole tokens out to the heads. Every head gets some columns of every token: splitHeads does that.',
    },
    'output projection left out': {
      wrong: (i) => {
        const C = i.x.shape[2]!;
        const eye = new Tensor([C, C], range(C * C, (k) => (k % (C + 1) === 0 ? 1 : 0))); // prettier-ignore
        return onceResult({ ...i, weights: { ...i.weights, wO: eye, bO: zeros(C) } });
      },
      says: 'The heads are put side by side and returned as they are: wO and bO are missing.',
    },
    'the query among the keys': {
      wrong: (i) => {
        const { wQ, bQ } = i.weights;
        return onceResult({ ...i, weights: { ...i.weights, wK: wQ, bK: bQ } });
      },
      says: 'The new token’s key was made with wQ. Keys are made with wK, then as now.',
    },
    'not scaled': {
      wrong: (i) => {
        const d = i.x.shape[2]! / i.heads;
        const { wQ, bQ } = i.weights;
        return onceResult({ ...i, weights: { ...i.weights, wQ: wQ.mul(Math.sqrt(d)), bQ: bQ.mul(Math.sqrt(d)) } });
      },
      says: 'Your scores are not divided by √d_k.',
    },
  },
  hints: [
    'It is multi-head attention of a text of one token, whose memory is longer than the text. What is that memory made of?',
    'Kept k and v are (1, S, C), the new ones (1, 1, C); concat along axis 1 gives (1, S + 1, C). The query is (1, 1, C).',
    'Project, append, split all three into heads, attentionForward with a mask of one 1 (it broadcasts), mergeHeads, project with wO.',
    'const k = concat([kept.k, projectForward(x, weights.wK, weights.bK).y], 1);',
  ],
});

type StepInputs = { token: number; kept: Kept[]; weights: Gpt; settings: Settings };
type LiftedStep = Lifted<Pick<StepInputs, 'kept' | 'weights'>> & Pick<StepInputs, 'token' | 'settings'>;

interface StepSlips {
  place?: (S: number, L: number) => number | 'none';
  order?: 'post';
  lastNorm?: false;
  alwaysTied?: boolean;
  feedForward?: false;
  around?: false;
  /** Keys and values of the un-normed token. */
  rawKept?: boolean;
  /** Queries too. */
  rawRead?: boolean;
  /** Every block looks at what the first one kept. */
  firstKept?: boolean;
  /** Every block reads the entrance. */
  entrance?: boolean;
  /** Of the feed-forward layer alone. */
  feedOrder?: 'post';
}

/** A GPT reads one more token. */
const stepOf =
  (slips: StepSlips = {}) =>
  ({ token, kept, weights: w, settings }: LiftedStep) => {
    const S = kept[0]!.k.shape[1]!;
    const place = slips.place ? slips.place(S, w.positions.shape[0]!) : S;
    const at = place === 'none' ? 0 : place;
    let x = only(embedded([[token]], w.tokens, w.positions, at, place === 'none'));
    const start = x;
    const now = w.blocks.map(({ attention, norm1, feedForward, norm2 }, n) => {
      if (slips.entrance) x = start;
      const { k, v } = kept[slips.firstKept ? 0 : n]!;
      const raw = x;
      let grown = { k: only(k), v: only(v) };
      const attend = (t: VarTensor) => {
        grown = keptWith(slips.rawKept ? raw : t, grown, attention);
        return attendedTo(slips.rawRead ? raw : t, grown, attention, settings.heads);
      };
      x = slips.around === false ? attend(normed(x, norm1)) : wrapped(x, norm1, attend, slips.order);
      if (slips.feedForward !== false)
        x = wrapped(x, norm2, (t) => fedForward(t, feedForward, settings.activation), slips.feedOrder ?? slips.order);
      return { k: alone(grown.k), v: alone(grown.v) };
    });
    const own = slips.alwaysTied ? w.tokens : (w.head ?? w.tokens);
    const logits = projected(slips.lastNorm === false ? x : normed(x, w.norm), own);
    return { logits: only(logits), kept: now };
  };
type StepResult = { logits: Tensor; kept: Kept[] };
const stepBy = (slips: StepSlips) => (i: StepInputs) =>
  trace(stepOf(slips), i, ['token', 'settings']).value as unknown as StepResult;

const keptExamples = (): StepInputs[] =>
  range(4, (n) => {
    const rng = random(`kept ${n}`);
    const quarters = () => new Tensor([1, 2, 4], range(8, () => (rng.integer(17) - 8) / 4)); // prettier-ignore
    return {
      token: n,
      kept: range(2, () => ({ k: quarters(), v: quarters() })),
      weights: anyGpt({ V: 4, L: 4, C: 4, M: 2, n: 2 }, `kept ${n}`, n % 2 === 0),
      settings: { heads: 2, activation: 'gelu' },
    };
  });

const stepFrom = (drawn: { first: number[]; kept: Kept[]; weights: Gpt; settings: Settings }): StepInputs => {
  const { first, ...rest } = drawn;
  return { token: first[0]!, ...rest };
};

export const cachedStep = exercise({
  points: 3,
  inputs: {
    first: indices(1, 'V'),
    kept: listOf('n', keptInput),
    weights: gptInput,
    settings: record({ heads: sizeOf('h'), activation: choice<'gelu' | 'relu'>('gelu', 'relu') }),
  },
  sizes: { V: [2, 4], L: [4, 4], h: [1, 2], d: [2, 2], M: [1, 3], n: [1, 2], S: [0, 3] },
  derive: stepFrom,
  parameters: ['token', 'kept', 'weights', 'settings'],
  uses: ['embedTokens', 'lmHead', 'cachedAttention'],
  oracle: valueOf(stepOf(), { plain: ['token', 'settings'] }),
  checks: [
    agrees({ cases: 10 }),
    pure({ cases: 2 }),
    rejects(
      'one more token than there are places',
      () => {
        const { weights, settings } = keptExamples()[0]!;
        const full = { k: zeros(1, 4, 4), v: zeros(1, 4, 4) };
        return [{ token: 0, kept: [full, full], weights, settings }];
      },
      { worth: 1 },
    ),
  ],
  examples: keptExamples(),
  misconceptions: {
    'every block reads the entrance': {
      wrong: stepBy({ entrance: true }),
      says: 'Only the last block has a part in your logits, as if every block read the entrance. Each reads what the one before gave.',
    },
    'norm after the feed-forward layer': {
      wrong: stepBy({ feedOrder: 'post' }),
      says: 'Around the feed-forward layer your norm stands after the sum. A GPT’s stand before each sublayer, here as in gptForward.',
    },
    'places restarted': {
      wrong: stepBy({ place: () => 0 }),
      says: 'The new token stands at place 0, as if the text began with it. It stands behind all that have been read.',
    },
    'one place too far': {
      wrong: stepBy({ place: (S, L) => Math.min(S + 1, L - 1) }),
      says: 'The new token stands one place too far. S tokens stand at the places 0 … S − 1.',
    },
    'one place too early': {
      wrong: stepBy({ place: (S) => Math.max(0, S - 1) }),
      says: 'The new token stands at the place of the last one before it. S tokens stand at the places 0 … S − 1.',
    },
    'place left out': {
      wrong: stepBy({ place: () => 'none' }),
      says: 'The new token gets no place: the table of positions changes nothing.',
    },
    'norm after each sublayer': {
      wrong: stepBy({ order: 'post' }),
      says: 'Your norms stand after the sums. A GPT’s stand before each sublayer, here as in gptForward.',
    },
    'last norm left out': {
      wrong: stepBy({ lastNorm: false }),
      says: 'Between the last block and the product with the table a LayerNorm is missing: lmHead has one.',
    },
    'always tied': {
      wrong: stepBy({ alwaysTied: true }),
      says: 'Your head is the table of tokens even where the weights bring a head of their own.',
    },
    'feed-forward layer left out': {
      wrong: stepBy({ feedForward: false }),
      says: 'Your blocks attend and do nothing else: the feed-forward layer is missing.',
    },
    'no way around the attention': {
      wrong: stepBy({ around: false }),
      says: 'What the attention gives replaces x. It is added to x.',
    },
    'keys and values before the norm': {
      wrong: stepBy({ rawKept: true }),
      says: 'Your keys and values are made from x as it is. With the norm in front, queries, keys and values are all made from the normed x.',
    },
    'attention reads x without the norm': {
      wrong: stepBy({ rawKept: true, rawRead: true }),
      says: 'Your attention reads x as it came into the block. The sublayer is a function of t, and t is what norm1 has made of x: give it that.',
    },
    'norms exchanged': {
      wrong: (i) => {
        const blocks = i.weights.blocks.map((block) => ({ ...block, norm1: block.norm2, norm2: block.norm1 }));
        return stepBy({})({ ...i, weights: { ...i.weights, blocks } });
      },
      says: 'norm1 stands where norm2 belongs. The first one is the attention’s.',
    },
    'one block’s kept for all': {
      wrong: stepBy({ firstKept: true }),
      says: 'Every block looks at what the first one kept. Each has keys and values of its own.',
    },
    'kept as it was': {
      wrong: (i) => ({ ...stepBy({})(i), kept: i.kept }),
      says: 'You return what was kept before. The next token wants to see this one too.',
    },
  },
  hints: [
    'gptForward for a text of one token, with one difference: in each block the attention also sees what that block has kept.',
    'x is (1, 1, C) throughout. S is the length of what is kept, k.shape[1] (placesRead says it); at the end logits (1, 1, V) become (V).',
    'embedTokens([[token]], …, S); for each block residualForward with cachedAttention inside, then residualForward with feedForward inside, both "pre"; lmHead. Collect what each block now keeps.',
    'residualForward(x, norm1, "pre", (t) => { const { y, kept } = cachedAttention(t, before, attention, heads); return { y, cache: kept }; }): its cache.inner is what the block now keeps.',
  ],
});

interface CachedSlips {
  /** What is read into the empty cache before the first draw. */
  reads?: (prompt: number[], L: number) => number[];
  /** What happens to a token when L have been read. */
  full?: 'stop' | 'slide' | 'restart' | 'short';
  place?: (S: number) => number;
  /** The last token of the prompt is read again. */
  twice?: boolean;
  neverReads?: boolean;
}

/** Writes with a cache, where it may slip. */
function writeCached({ prompt, weights, settings, uniforms, sampling }: Writing, slips: CachedSlips): number[] {
  const [L, C] = weights.positions.shape as [number, number];
  const empty = () => weights.blocks.map(() => ({ k: zeros(1, 0, C), v: zeros(1, 0, C) }));
  let [kept, logits] = [empty(), zeros(weights.tokens.shape[0]!)];
  const size = () => kept[0]!.k.shape[1]!;
  let text: number[] = [];
  const read = (token: number) => {
    text.push(token);
    if (size() === L && slips.full === 'restart') kept = empty();
    if (size() === L && slips.full === 'slide')
      kept = kept.map(({ k, v }) => ({ k: k.slice(null, [1, L]), v: v.slice(null, [1, L]) }));
    if (size() === L) {
      const window = text.slice(-(slips.full === 'short' ? L - 1 : L));
      logits = values(only(logitsOf([window], liftedOf(weights), settings)), window.length - 1);
      return;
    }
    const place = slips.place;
    ({ logits, kept } = stepBy(place ? { place } : {})({ token, kept, weights, settings }));
  };
  for (const token of slips.reads ? slips.reads(prompt, L) : prompt.slice(-L)) read(token);
  if (slips.twice && size() < L) read(prompt.at(-1)!);
  text = [...prompt];
  const written: number[] = [];
  for (const u of uniforms) {
    if (slips.full === 'stop' && size() === L && written.length > 0) break;
    const token = chosen({ logits, u, sampling });
    written.push(token);
    if (!slips.neverReads) read(token);
  }
  return written;
}

export const generateCached = exercise({
  points: 3,
  inputs: writingInputs,
  sizes: { ...writingSizes, N: [0, 5] },
  derive: writingFrom,
  parameters: writingParameters,
  where: (i) => write(i).margin > 1e-6,
  uses: ['gptForward', 'chooseToken', 'cachedStep'],
  oracle: (i) => write(i).tokens,
  checks: [
    agrees({ exact: true, cases: 8 }),
    property<Writing>('a prompt is read only as far as its last L tokens', {
      cases: 3,
      where: (i) => write({ ...i, prompt: longPrompt(i) }).margin > 1e-6,
      runs: (i) => ({
        long: { ...i, prompt: longPrompt(i) },
        short: { ...i, prompt: longPrompt(i).slice(-i.weights.positions.shape[0]!) },
      }),
      holds: ({ long, short }) => long.join() === short.join(),
    }),
    pure({ cases: 2 }),
  ],
  examples: writingExamples(),
  misconceptions: {
    'only the first token of the prompt read': {
      wrong: (i) => writeCached(i, { reads: (prompt, L) => prompt.slice(-L).slice(0, 1) }),
      says: 'Before the first draw only one token of the prompt is in the cache. All of the prompt has to be read into it, token by token.',
    },
    'beginning of a long prompt, and its end never': {
      wrong: (i) => writeCached({ ...i, prompt: i.prompt.slice(0, i.weights.positions.shape[0]!) }, {}),
      says: 'Of a prompt that is too long you read the beginning. What comes next depends on its end: the last L tokens.',
    },
    'one place unused when the places are full': {
      wrong: (i) => writeCached(i, { full: 'short' }),
      says: 'When the places are full your window is one token shorter than it could be: there are L places.',
    },
    'only the last token of the prompt read': {
      wrong: (i) => writeCached(i, { reads: (prompt) => prompt.slice(-1) }),
      says: 'Before the first draw only the last token of the prompt is in the cache. All of the prompt has to be read into it, token by token.',
    },
    'last token of the prompt read twice': {
      wrong: (i) => writeCached(i, { twice: true }),
      says: 'The prompt’s last token is in the cache twice: it was read with the prompt, and then once more for the first draw.',
    },
    'beginning of a long prompt': {
      wrong: (i) => writeCached(i, { reads: (prompt, L) => prompt.slice(0, L) }),
      says: 'Of a prompt that is too long you read the beginning. What comes next depends on its end: the last L tokens.',
    },
    'never reads what it writes': {
      wrong: (i) => writeCached(i, { neverReads: true }),
      says: 'What was drawn is never read, so all tokens are drawn from the same logits.',
    },
    'ends when the places are full': {
      wrong: (i) => writeCached(i, { full: 'stop' }),
      says: 'When L tokens have been read you stop writing. Beyond that there is no cache to use, but there is still a window of the last L tokens.',
    },
    'old keys and values kept beyond L': {
      wrong: (i) => writeCached(i, { full: 'slide' }),
      says: 'When the places are full you drop the oldest keys and values and go on with the others. But every token in the window now stands one place earlier, so all of them are out of date.',
    },
    'starts afresh when the places are full': {
      wrong: (i) => writeCached(i, { full: 'restart' }),
      says: 'When the places are full you begin with an empty cache, and the text so far is forgotten. The last L tokens are read again.',
    },
    'places restarted with the cache': {
      wrong: (i) => writeCached(i, { place: () => 0 }),
      says: 'With the cache every token stands at place 0. It stands behind those that are kept.',
    },
    'the prompt in the result': {
      wrong: (i) => [...i.prompt, ...write(i).tokens],
      says: 'Your result begins with the prompt. It holds what was written: as many tokens as there are uniforms.',
    },
  },
  hints: [
    'Two states of affairs: there is a free place, or there is none. In the first the cache helps, in the second it is worthless.',
    'kept starts as nothingKept(weights); placesRead(kept) says S. logits (V) always belong to the last token read.',
    'Read the last L tokens of the prompt with cachedStep, keeping the logits. Then for each uniform: choose; append; if S < L one cachedStep of the new token, else gptForward of the last L tokens and its last row.',
    'const read = (token) => { text.push(token); if (placesRead(kept) < L) ({ logits, kept } = cachedStep(token, kept, weights, settings)); else logits = gptForward([text.slice(-L)], …).logits.row(0).row(-1); }',
  ],
});

/** A prompt that is sure to be longer than there are places. */
const longPrompt = ({ prompt, weights }: Writing) =>
  range(
    prompt.length + weights.positions.shape[0]!,
    (k) => (prompt[k % prompt.length]! + k) % weights.tokens.shape[0]!,
  );
