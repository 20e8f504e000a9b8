/** What the lesson on regularization shows: every number, printed block and figure in it is computed here. */
import { normal, ones, random, tensor, zeros } from '#tensor';
import type { Tensor } from '#tensor';
import { tableText } from '../../../solutions/chapter-2-bp/lab.ts';
import { linearBackward, linearForward } from '../../../solutions/chapter-2-bp/linear.ts';
import {
  batchNormEval,
  batchNormTrain,
  batchNormTrainBackward,
  dropoutForward,
  l2Penalty,
} from '../../../solutions/chapter-2-bp/regularization.ts';
import { results } from '../results.ts';
import type { LandscapeResults } from '../results/landscape.ts';
import { figure, plot } from '../svg.ts';

const minus = (text: string) => text.replaceAll('-', '−');
const fixed = (x: number, digits = 4) => minus((Math.abs(x) < 0.5 * 10 ** -digits ? 0 : x).toFixed(digits));
const column = (x: Tensor) => Array.from(x.data);

/** One feature through batch normalization in training, with γ = 1 and β = 0 unless said otherwise. */
const normalize = (xs: number[], gamma = 1, beta = 0, epsilon = 1e-5) =>
  batchNormTrain(tensor(xs).reshape(-1, 1), tensor([gamma]), tensor([beta]), zeros(1), ones(1), 0.1, epsilon);
const normalized = (xs: number[]) => column(normalize(xs).y);

// Dropout

const activations = tensor([2, -1, 0.5, 4]);
const masks = [
  [1, 0, 1, 1],
  [0, 1, 1, 1],
  [1, 1, 1, 0],
  [1, 1, 0, 1],
];

function dropout(): string {
  const drop = (mask: number[]) => column(dropoutForward(activations, tensor(mask), 0.25, true).y);
  const outputs = masks.map(drop);
  const average = column(activations).map((_, j) => outputs.reduce((s, y) => s + y[j]!, 0) / outputs.length);
  const row = (name: string, ys: number[]) => [name, ...ys.map((y) => fixed(y))];
  return tableText([
    ['mask', ...column(activations).map((x) => `x = ${minus(String(x))}`)],
    ...masks.map((mask, k) => row(mask.join(' '), outputs[k]!)),
    row('average', average),
  ]);
}

// The worked example

const xs = [1, 2, 6];
const dys = [1, 0, 0];

function example(): string {
  const { y, cache } = normalize(xs, 2, 1);
  const { dx } = batchNormTrainBackward(tensor(dys).reshape(-1, 1), cache);
  return tableText([
    ['x', 'x̂', 'y', 'dy', 'dx'],
    ...xs.map((x, i) => [String(x), fixed(cache.xHat.data[i]!), fixed(y.data[i]!), String(dys[i]), fixed(dx.data[i]!)]),
  ]);
}

const exampleBack = () => {
  const { cache } = normalize(xs, 2, 1);
  return { ...batchNormTrainBackward(tensor(dys).reshape(-1, 1), cache), xHat: cache.xHat };
};

// Small batches

/** The sample 1 beside one other: what becomes of it. */
function company(): string {
  return tableText([
    ['the other sample', 'x̂ of the sample 1', 'x̂ of the other'],
    ...[1.5, 3, 300, -300].map((other) => [minus(String(other)), ...normalized([1, other]).map((v) => fixed(v, 3))]),
  ]);
}

const BATCHES = 500;

/** x̂ of the sample 1 among N − 1 others from a standard normal distribution, in many batches. */
function fates(N: number, batches: number): number[] {
  const rng = random(`company of ${N}`);
  return Array.from({ length: batches }, () => normalized([1, ...normal([N - 1], rng).data])[0]!);
}

const sizes = [2, 4, 8, 16, 32, 64, 128];
const average = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const spread = (values: number[]) => {
  const m = average(values);
  return Math.sqrt(average(values.map((v) => (v - m) ** 2)));
};

function batchSizes(): string {
  return tableText([
    ['batch size', 'mean of x̂', 'spread of x̂', 'mean of σ²'],
    ...sizes.map((N) => {
      const all = fates(N, BATCHES);
      const rng = random(`variance of ${N}`);
      const variances = Array.from({ length: BATCHES }, () => {
        const x = normal([N], rng);
        return x.sub(x.mean()).square().mean().item();
      });
      return [String(N), fixed(average(all), 3), fixed(spread(all), 3), fixed(average(variances), 3)];
    }),
  ]);
}

function fatesFigure(): string {
  const p = plot({
    x: [0.4, 7.6],
    y: [-1.5, 3],
    xLabel: 'batch size: 2 to the power of …',
    yLabel: 'x̂ of the sample x = 1',
  });
  const points = sizes.flatMap((N, k) => fates(N, 40).map((v, i) => [k + 1 + (i - 20) / 90, v] as const));
  return figure(
    {
      title: 'What batch normalization makes of one and the same sample',
      description:
        'The sample x = 1, normalized in 40 batches of each size from 2 to 128, its companions drawn from a standard normal distribution. In batches of 2 the result is almost exactly +1 or −1, but for one mark where the two samples were nearly equal. In batches of 4 and 8 it is scattered widely. In batches of 128 it lies close to 1, the dashed line.',
    },
    p.axes(),
    p.line(
      [
        [0.4, 1],
        [7.6, 1],
      ],
      'pass',
    ),
    p.scatter(
      points.map(([a, b]) => [a, Math.min(3, b)] as const),
      'neutral',
    ),
    p.label([7.5, 2.65], 'dashed: what all data together would give', 'end'),
  );
}

// Sequences

const lengths = [3, 5, 8, 12];

/** Sequences of one feature around 2, and the statistics of each position over those that are still running. */
function positions(): string {
  const rng = random('sequences');
  const data = lengths.map((n) => normal([n], rng, 2, 1));
  const rows = [1, 3, 5, 8, 12].map((t) => {
    const there = data.filter((x) => x.size >= t).map((x) => x.at(t - 1));
    const padded = data.map((x) => (x.size >= t ? x.at(t - 1) : 0));
    const variance = (v: number[]) => spread(v) ** 2;
    return [
      String(t),
      String(there.length),
      fixed(average(there), 2),
      fixed(variance(there), 2),
      fixed(average(padded), 2),
      fixed(variance(padded), 2),
    ];
  });
  return tableText([
    ['position', 'sequences', 'mean', 'variance', 'mean with padding', 'variance with padding'],
    ...rows,
  ]);
}

const sequence = [0.5, -1, 1.5, 0, 2];
const firstOutput = (last: number) => normalized([...sequence.slice(0, -1), last])[0]!;

// Why it works

function landscape(): string {
  const { kinds, rates, losses } = results<LandscapeResults>('landscape');
  return tableText([
    ['rate', ...kinds],
    ...rates.map((rate, r) => [String(rate), ...losses[r]!.map((loss) => fixed(loss, 3))]),
  ]);
}

// The prediction: a linear layer under batch normalization, its weights times 10

function scaled(factor: number) {
  const rng = random('scale');
  const [x, w, dy] = [normal([8, 3], rng), normal([2, 3], rng).mul(factor), normal([8, 2], rng)];
  const linear = linearForward(x, w, zeros(2));
  const { y, cache } = batchNormTrain(linear.y, ones(2), zeros(2), zeros(2), ones(2), 0.1, 1e-5);
  const { dx } = batchNormTrainBackward(dy, cache);
  return { y: y.at(0, 0), dw: linearBackward(dx, linear.cache).dw.norm() };
}

// Training against evaluation

/** Running statistics after k batches of 32 from a normal distribution with mean 3 and variance 4. */
function running(): string {
  const rng = random('running');
  let state = { runningMean: zeros(1), runningVar: ones(1) };
  const rows: string[][] = [['batches', 'running mean', 'running variance', 'x = 5 in evaluation']];
  for (let k = 0; k <= 100; k++) {
    if ([0, 1, 10, 30, 100].includes(k)) {
      const { y } = batchNormEval(tensor([[5]]), ones(1), zeros(1), state.runningMean, state.runningVar, 1e-5);
      rows.push([String(k), ...[state.runningMean, state.runningVar, y].map((t) => fixed(t.item(), 3))]);
    }
    state = batchNormTrain(
      normal([32, 1], rng, 3, 2),
      ones(1),
      zeros(1),
      state.runningMean,
      state.runningVar,
      0.1,
      1e-5,
    );
  }
  return tableText(rows);
}

const penaltyOf = [tensor([3, -4]), tensor([[0.5], [0.5]])];

export const values: Record<string, () => string | number> = {
  regPenalty: () => l2Penalty(penaltyOf, 0.1),
  regDxSum: () => fixed(exampleBack().dx.sum().item()),
  regDxDot: () => fixed(exampleBack().dx.mul(exampleBack().xHat).sum().item()),
  regSpread2: () => fixed(spread(fates(2, BATCHES)), 2),
  regSpread128: () => fixed(spread(fates(128, BATCHES)), 2),
  regFirst: () => fixed(firstOutput(2)),
  regFirstAfter: () => fixed(firstOutput(12)),
  regScaledY: () => fixed(scaled(1).y),
  regScaledY10: () => fixed(scaled(10).y),
  regScaledDw: () => fixed(scaled(1).dw),
  regScaledDw10: () => fixed(scaled(10).dw),
};

export const prints: Record<string, () => string> = {
  regDropout: dropout,
  regExample: example,
  regRunning: running,
  regCompany: company,
  regBatchSizes: batchSizes,
  regPositions: positions,
  regLandscape: landscape,
};

export const figures: Record<string, () => string> = {
  'batch-fates': fatesFigure,
};
