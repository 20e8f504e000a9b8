/** What the lessons of chapter 3 show: every number, printed block and figure in them is computed here. */
import { Tensor, normal, random, tensor, zeros } from '#tensor';
import { embeddingBackward, embeddingForward, oneHotEncode } from '../../solutions/chapter-3-rnn/embedding.ts';
import {
  clipGradients,
  jacobianProductNorms,
  largestSingularValue,
  stateJacobian,
} from '../../solutions/chapter-3-rnn/gradient-flow.ts';
import { TEXT, anyPair, columns, corpus, longestCarry, newModel, toTokens } from '../../solutions/chapter-3-rnn/lab.ts';
import {
  perplexity,
  sampleIndex,
  sequenceLoss,
  softmaxWithTemperature,
  topKFilter,
} from '../../solutions/chapter-3-rnn/language-model.ts';
import { rnnBackward, rnnForward, rnnStepBackward } from '../../solutions/chapter-3-rnn/rnn.ts';
import type { RnnWeights } from '../../solutions/chapter-3-rnn/rnn.ts';
import { POEMS } from '../../solutions/chapter-3-rnn/text.ts';
import { lines, show, written } from './chapter-2-bp/words.ts';
import { results } from './results.ts';
import type { AdderResults } from './results/adder.ts';
import type { PoemResults } from './results/poems.ts';
import { arrow, box, figure, plot, text, type Role } from './svg.ts';

const four = (x: number) => Number(x.toFixed(4)) || 0;
const list = (xs: readonly number[], digits = 4) => xs.map((x) => show(Number(x.toFixed(digits)))).join(', ');

// Lesson 1: embedding

const words = ['the', 'cat', 'sat', 'on', 'mat'];
const sentence = ['the', 'cat', 'sat', 'on', 'the', 'mat'];
const sentenceTokens = sentence.map((w) => words.indexOf(w));
const wordTable = tensor([
  [0.5, -1],
  [2, 0.25],
  [-0.5, 1.5],
  [1, 1],
  [1.75, 0.5],
]);
const sentenceDy = tensor([
  [1, 0],
  [0.5, -1],
  [0, 2],
  [-1, 1],
  [0.25, 0.5],
  [2, -0.5],
]);

function lookup(): string {
  const { y } = embeddingForward(wordTable, sentenceTokens);
  const hot = oneHotEncode(sentenceTokens, words.length);
  return lines([
    ['n', 'word', 'token', 'one-hot', 'y = its row of the table'],
    ...sentence.map((w, n) => [n, w, sentenceTokens[n]!, Array.from(hot.row(n).data).join(' '), written(y.row(n))]),
  ]);
}

function scatter(): string {
  const { cache } = embeddingForward(wordTable, sentenceTokens);
  const dtable = embeddingBackward(sentenceDy, cache);
  return lines([
    ['row', 'word', 'read at', 'dtable'],
    ...words.map((w, v) => [
      v,
      w,
      sentenceTokens.flatMap((t, n) => (t === v ? [n] : [])).join(', '),
      written(dtable.row(v)),
    ]),
  ]);
}

function lookupFigure(): string {
  const [left, right, step] = [130, 330, 40];
  const parts = [text(left, 26, 'the sentence'), text(right + 60, 26, 'the table (V, E)')];
  words.forEach((w, v) =>
    parts.push(
      box(right, 55 + step * v, 120, 30, written(wordTable.row(v)), 'value'),
      text(right + 128, 75 + step * v, `${v}  ${w}`, 'start'),
    ),
  );
  sentence.forEach((w, n) => {
    parts.push(box(left - 45, 40 + step * n, 90, 30, `${w} → ${sentenceTokens[n]!}`, 'query'));
    parts.push(arrow([left + 47, 55 + step * n], [right - 3, 70 + step * sentenceTokens[n]!], 'neutral'));
  });
  return figure(
    {
      title: 'An embedding looks rows up',
      description:
        'Six words of a sentence on the left, each with its token; five rows of numbers on the right. An arrow goes from every word to the row of its token. Both occurrences of "the" point to row 0.',
      width: 520,
      height: 290,
    },
    ...parts,
  );
}

// Lesson 2: the recurrent network

const one: RnnWeights = {
  wIh: tensor([[1]]),
  wHh: tensor([[0.5]]),
  bIh: tensor([0]),
  bHh: tensor([0]),
};
const impulse = tensor([[[1]], [[0]], [[0]], [[0]]]);
const sequence = rnnForward(impulse, zeros(1, 1), one);
const dyOne = tensor([[[0]], [[0]], [[1]], [[1]]]);

function forwardTrace(): string {
  const y = Array.from(sequence.y.data);
  return lines([
    ['t', 'x', 'h before', 'a', 'h = tanh(a)'],
    ...y.map((h, t) => {
      const before = t === 0 ? 0 : y[t - 1]!;
      return [t + 1, impulse.data[t]!, four(before), four(impulse.data[t]! + 0.5 * before), four(h)];
    }),
  ]);
}

function backwardTrace(dy = dyOne, dhn = tensor([[0.5]])): string {
  const rows: (string | number)[][] = [];
  let dh = dhn;
  for (let t = 3; t >= 0; t--) {
    const carried = dh;
    const total = dy.row(t).add(carried);
    const step = rnnStepBackward(total, sequence.cache.steps[t]!);
    const h = sequence.y.data[t]!;
    rows.push([
      t + 1,
      dy.data[t]!,
      four(carried.item()),
      four(total.item()),
      four(1 - h * h),
      four(step.weights.bIh.item()),
      four(step.weights.wHh.item()),
      four(step.dh.item()),
    ]);
    dh = step.dh;
  }
  return lines([['t', 'dy', 'carried', 'dh', '1 − h²', 'da', 'to dwHh', 'to the left'], ...rows]);
}
const oneBack = rnnBackward(dyOne, tensor([[0.5]]), sequence.cache);
const lossOfOne = (w: number) => {
  const { y, hn } = rnnForward(impulse, zeros(1, 1), { ...one, wHh: tensor([[w]]) });
  return y.mul(dyOne).sum().item() + 0.5 * hn.item();
};
const nudge = 1e-5;

function unrolled(): string {
  const [x0, step, top, middle, bottom] = [110, 120, 50, 125, 200];
  const parts: string[] = [text(32, middle + 5, 'h₀'), arrow([44, middle], [x0 - 27, middle], 'query')];
  for (let t = 0; t < 4; t++) {
    const x = x0 + step * t;
    parts.push(
      box(x - 25, middle - 20, 50, 40, 'step', 'key'),
      text(x, bottom + 18, `x${'₁₂₃₄'[t]!}`),
      arrow([x - 6, bottom], [x - 6, middle + 22], 'query'),
      arrow([x + 8, middle + 22], [x + 8, bottom], 'gradient'),
      text(x, top - 14, `y${'₁₂₃₄'[t]!}`),
      arrow([x - 6, middle - 22], [x - 6, top - 4], 'query'),
      arrow([x + 8, top - 4], [x + 8, middle - 22], 'gradient'),
      arrow([x + 27, middle - 6], [x + step - 27, middle - 6], 'query'),
      t < 3 ? text(x + step / 2, middle - 14, `h${'₁₂₃'[t]!}`) : '',
      arrow([x + step - 27, middle + 10], [x + 27, middle + 10], 'gradient'),
    );
  }
  parts.push(text(x0 + 4 * step - 8, middle - 2, 'hₙ'));
  parts.push(arrow([x0 - 27, middle + 14], [48, middle + 14], 'gradient'));
  return figure(
    {
      title: 'A recurrent network, unrolled in time',
      description:
        'Four boxes in a row, the same step four times. Inputs come from below, outputs leave above, and states go from each box to the next. Dashed arrows in the opposite direction are gradients: into every box from above and from the right.',
      width: 590,
      height: 240,
    },
    ...parts,
  );
}

// Lesson 3: the language model

const lossLogits = tensor([
  [
    [2, 0, 0],
    [0, 1, 0],
  ],
  [
    [0, 0, 1],
    [0, 0, 0],
  ],
  [
    [1, 1, 0],
    [3, 0, 0],
  ],
]);
const lossTargets = [
  [0, 1],
  [2, 2],
  [1, -1],
];
const lossExample = sequenceLoss(lossLogits, lossTargets);

function lossTable(): string {
  const [T, B] = [3, 2];
  const rows: (string | number)[][] = [['t', 'sequence', 'target', 'p(target)', 'loss', 'dlogits']];
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      const target = lossTargets[t]![b]!;
      const p = softmaxWithTemperature(lossLogits.row(t).row(b), 1);
      rows.push([
        t + 1,
        b + 1,
        show(target),
        target < 0 ? '' : show(p.at(target)),
        target < 0 ? '' : show(-Math.log(p.at(target))),
        written(lossExample.dlogits.row(t).row(b)),
      ]);
    }
  }
  return lines(rows);
}

const heat = tensor([2, 1, 0, -1]);
function temperatures(): string {
  return lines([
    ['temperature', 'p_0', 'p_1', 'p_2', 'p_3'],
    ...[0, 0.5, 1, 2, 10].map((T) => [T, ...Array.from(softmaxWithTemperature(heat, T).data, four)]),
  ]);
}
function draws(): string {
  const p = softmaxWithTemperature(topKFilter(heat, 3), 1);
  let sum = 0;
  return lines([['v', 'p', 'running sum'], ...Array.from(p.data, (x, v) => [v, four(x), four((sum += x))])]);
}

// Lesson 4: gradient flow

const LAGS = 40;
/** A network of 32 units whose wHh has the given largest singular value, driven by normal noise: its norms by lag. */
function flow(sigma: number, noise: number): number[] {
  const rng = random('flow');
  const H = 32;
  const w = normal([H, H], rng);
  const wHh = w.mul(sigma / largestSingularValue(w, normal([H], rng), 200));
  const x = normal([LAGS + 20, 1, H], rng, 0, noise);
  const eyes = tensor(Array.from({ length: H }, (_, i) => Array.from({ length: H }, (_v, j) => (i === j ? 1 : 0))));
  const { y } = rnnForward(x, normal([1, H], rng), { wIh: eyes, wHh, bIh: zeros(H), bHh: zeros(H) });
  return jacobianProductNorms(y.slice([20, LAGS + 20], 0), wHh);
}
const flows: { role: Role; sigma: number; noise: number }[] = [
  { role: 'pass', sigma: 4, noise: 0.1 },
  { role: 'query', sigma: 2, noise: 0.1 },
  { role: 'key', sigma: 2, noise: 1 },
  { role: 'fail', sigma: 0.9, noise: 0.1 },
];
const cached = new Map<string, number[]>();
const flowOf = ({ sigma, noise }: { sigma: number; noise: number }) => {
  const key = `${sigma} ${noise}`;
  if (!cached.has(key)) cached.set(key, flow(sigma, noise));
  return cached.get(key)!;
};
const logged = (xs: number[]) => xs.map((v, k): [number, number] => [k, Math.max(-12, Math.log10(v))]);

function flowFigure(): string {
  const p = plot({
    x: [0, LAGS],
    y: [-12, 6],
    width: 560,
    height: 360,
    xLabel: 'lag k',
    yLabel: 'log₁₀ of the norm of ∂h_T/∂h_{T−k}',
  });
  return figure(
    {
      title: 'How much of a gradient arrives k steps earlier',
      description:
        'Four nearly straight lines on a logarithmic scale. The one with singular value 4 and weak input climbs, with 2 and weak input it falls slowly, with 2 and strong input or 0.9 and weak input it falls steeply.',
      width: 560,
      height: 360,
    },
    p.axes(),
    ...flows.map((f) => p.line(logged(flowOf(f)), f.role)),
    ...flows.map((f, i) => {
      const [k, v] = logged(flowOf(f))[[30, 22, 26, 20][i]!]!;
      return p.label([k, v + [0.7, 0.5, 0.8, -1.2][i]!], `σ = ${f.sigma}, input ${f.noise}`, i < 3 ? 'middle' : 'end');
    }),
  );
}

function flowTable(): string {
  return lines([
    ['σ of wHh', 'input', 'lag 0', 'lag 1', 'lag 10', 'lag 20', 'lag 40'],
    ...flows.map((f) => {
      const n = flowOf(f);
      return [
        String(f.sigma),
        String(f.noise),
        ...[0, 1, 10, 20, 40].map((k) => n[k]!.toPrecision(3).replace('e-', 'e−')),
      ];
    }),
  ]);
}

const small = tensor([0.6, -0.8]);
const smallW = tensor([
  [1, 0.5],
  [-0.5, 1],
]);
const clipped = clipGradients({ wIh: tensor([[3]]), wHh: tensor([[4]]), bIh: tensor([12]), bHh: tensor([0]) }, 1);

// The labs, run once in full

const adder = () => results<AdderResults>('adder');
const poems = () => results<PoemResults>('poems').lines;

function between(all: string[], from: string, to: string): string {
  const start = all.findIndex((line) => line.startsWith(from));
  const end = all.findIndex((line, i) => i > start && line.startsWith(to));
  if (start < 0 || end < 0) throw new Error(`the lab prints nothing from "${from}" to "${to}".`);
  return all.slice(start, end).join('\n');
}
function said(all: string[], pattern: RegExp): string {
  const found = all.map((line) => pattern.exec(line)?.[1]).find(Boolean);
  if (found === undefined) throw new Error(`the lab prints nothing like ${String(pattern)}.`);
  return found;
}

function adderWidths(): string {
  return lines([
    ['width', 'steps, for five seeds', 'right of 1000, in the harder exam'],
    ...adder().widths.map((w) => [w.width, w.steps.join(', '), w.right.join(', ')]),
  ]);
}

function columnsShown(): string {
  const { training, characters } = corpus();
  const { read, next } = columns(toTokens(training, characters), 8);
  const line = (rows: number[][], b: number) =>
    rows
      .slice(0, 25)
      .map((row) => characters[row[b]!]!.replace('\n', '⏎'))
      .join('');
  return [0, 1, 2]
    .map((b) => `column ${b + 1}   reads  ${line(read, b)}\n           next   ${line(next, b)}`)
    .join('\n');
}

export const values = {
  sharedRow: () => written(embeddingBackward(sentenceDy, embeddingForward(wordTable, sentenceTokens).cache).row(0)),
  lastWins: () => written(sentenceDy.row(4)),
  h3: () => four(sequence.y.data[2]!),
  oneDw: () => four(oneBack.weights.wHh.item()),
  oneDb: () => four(oneBack.weights.bIh.item()),
  oneDh0: () => four(oneBack.dh0.item()),
  oneNumeric: () => four((lossOfOne(0.5 + nudge) - lossOfOne(0.5 - nudge)) / (2 * nudge)),
  lossExample: () => four(lossExample.loss),
  lossPadded: () => four((lossExample.loss * 5) / 6),
  perplexityExample: () => four(perplexity([lossExample.loss], [5])),
  guess: () => four(Math.log(corpus().characters.length)),
  vocabulary: () => corpus().characters.length,
  poems: () => POEMS.length,
  letters: () => corpus().training.length + corpus().kept.length,
  trainingLetters: () => corpus().training.length,
  parameters: () => {
    const { table, rnn, wOut, bOut } = newModel(corpus().characters.length, TEXT.embedding, TEXT.width, random('size'));
    return [table, ...Object.values(rnn), wOut, bOut].reduce((n, t: Tensor) => n + t.size, 0);
  },
  drawnLow: () => sampleIndex(softmaxWithTemperature(topKFilter(heat, 3), 1), 0.5),
  drawnHigh: () => sampleIndex(softmaxWithTemperature(topKFilter(heat, 3), 1), 0.9),
  perplexityTrained: () => said(poems(), /has read: (\d+\.\d+)/),
  perplexityKept: () => said(poems(), /that it has not: (\d+\.\d+)/),
  perplexityFirst: () => said(poems(), /^step 1: .* perplexity (\d+\.\d+)/),
  longCarries: () => {
    const rng = random('pairs');
    let long = 0;
    for (let i = 0; i < 100_000; i++) if (longestCarry(anyPair(rng)) >= 10) long++;
    return Math.round(100_000 / long);
  },
  adderSteps: () => said(adder().lines, /^After (\d+) steps/),
  adderAny: () => said(adder().lines, /(\d+) of 1000 sums are right/),
  adderLong: () => said(adder().lines, /(\d+) of 1000 sums with long/),
  jacobian: () => written(stateJacobian(small, smallW)),
  sigmaSmall: () => four(largestSingularValue(smallW, tensor([1, 0]), 20)),
  clippedNorm: () => four(clipped.norm),
  clippedParts: () =>
    list([clipped.gradients.wIh, clipped.gradients.wHh, clipped.gradients.bIh].map((t: Tensor) => t.item())),
  vanished: () => flowOf(flows[3]!)[40]!.toExponential(1).replace('-', '−'),
  bound40: () => (Math.sqrt(32) * 0.9 ** 40).toPrecision(2),
  power: () => (0.9 ** 40).toPrecision(2),
  powerUp: () => (1.1 ** 100).toFixed(0),
  adderNorm1: () => adder().norms[1]!.toPrecision(2).replace('e-', 'e−'),
  adderNorm16: () => adder().norms[16]!.toExponential(1).replace('-', '−'),
};

export const prints = {
  lookup,
  scatter,
  forwardTrace,
  backwardTrace: () => backwardTrace(),
  lossTable,
  temperatures,
  draws,
  columnsShown,
  flowTable,
  adderWidths,
  adderLog: () => between(adder().lines, '  step    loss', 'After'),
  adderLongest: () => adder().longest,
  poemsEarly: () => between(poems(), 'step 1:', 'step 500:'),
  poemsLate: () => between(poems(), 'step 1500:', 'Perplexity'),
  poemsHeat: () => between(poems(), 'At temperature 0:', 'Next:'),
};

export const figures = {
  lookup: lookupFigure,
  unrolled,
  'gradient-flow': flowFigure,
  'adder-states': () => adder().states,
};
