/** What the lesson on the multilayer perceptron shows: every number, printed block and figure in it is computed here. */
import { Tensor, full, normal, random, tensor, uniform, zeros } from '#tensor';
import { mlp } from '../../../grader/chapter-2-bp/mlp.ts';
import { tanhBackward, tanhForward } from '../../../solutions/chapter-2-bp/activations.ts';
import { linearBackward, linearForward } from '../../../solutions/chapter-2-bp/linear.ts';
import { crossEntropyBackward, crossEntropyForward } from '../../../solutions/chapter-2-bp/losses.ts';
import { heNormal, mlpBackward, mlpForward, mlpTrainStep, xavierUniform } from '../../../solutions/chapter-2-bp/mlp.ts';
import type { Activation, Layer } from '../../../solutions/chapter-2-bp/mlp.ts';
import { figure, plot } from '../svg.ts';

const minus = (words: string) => words.replaceAll('-', '−');
const fixed = (x: number, digits = 4) => minus(x.toFixed(digits));

function table(rows: string[][]): string {
  const widths = rows[0].map((_, j) => Math.max(...rows.map((row) => row[j].length)));
  return rows
    .map((row) =>
      row
        .map((cell, j) => (j === 0 ? cell.padEnd(widths[j]) : cell.padStart(widths[j])))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

// How a signal fares through twenty layers

const [WIDTH, DEPTH, BATCH] = [100, 20, 100];
type Start = (out: number, inputs: number) => Tensor;
const starts = (seed: string): Record<'small' | 'xavier' | 'he', Start> => {
  const rng = random(seed);
  return {
    small: (out, inputs) => normal([out, inputs], rng).mul(0.01),
    xavier: (out, inputs) => xavierUniform(uniform([out, inputs], rng)),
    he: (out, inputs) => heNormal(normal([out, inputs], rng)),
  };
};
/** Root of the mean square: the standard deviation around 0. */
const strength = (t: Tensor) => t.norm() / Math.sqrt(t.size);

/** The strength of the signal at the input of each layer and at the end, and of the gradient on its way back. */
function signal(start: Start, activation: Activation) {
  const layers = Array.from({ length: DEPTH + 1 }, () => ({ w: start(WIDTH, WIDTH), b: zeros(WIDTH) }));
  const x = normal([BATCH, WIDTH], random('signal'));
  const { cache } = mlpForward(x, layers, activation);
  const { dx } = mlpBackward(normal([BATCH, WIDTH], random('upstream')), cache);
  return { forward: cache.linear.map((layer) => strength(layer.x)), back: strength(dx) };
}
const through = {
  small: signal(starts('small').small, 'tanh'),
  xavier: signal(starts('xavier').xavier, 'tanh'),
  cut: signal(starts('cut').xavier, 'relu'),
  he: signal(starts('he').he, 'relu'),
};

function depth(): string {
  const p = plot({
    x: [0, DEPTH],
    y: [-24, 4],
    xLabel: 'hidden layer',
    yLabel: 'log₁₀ of the signal’s standard deviation',
  });
  const line = (run: { forward: number[] }) => run.forward.map((s, l): [number, number] => [l, Math.log10(s)]);
  return figure(
    {
      title: 'The signal through twenty layers, by how the weights begin',
      description:
        'The logarithm of the signal’s standard deviation against the layer. With small weights it falls steeply, by a power of ten at each layer. With Xavier’s start and ReLU it falls gently. With Xavier’s start and tanh, and with He’s start and ReLU, it stays near 0.',
    },
    p.axes(),
    p.line(line(through.small), 'fail'),
    p.line(line(through.cut), 'key'),
    p.line(line(through.xavier), 'query'),
    p.line(line(through.he), 'pass'),
    `<g transform="translate(-200 130)">${p.legend([
      ['pass', 'He, ReLU'],
      ['query', 'Xavier, tanh'],
      ['key', 'Xavier, ReLU'],
      ['fail', '0.01 · normal, tanh'],
    ])}</g>`,
  );
}

function signals(): string {
  const row = (name: string, run: { forward: number[]; back: number }) => [
    name,
    ...[1, 5, 20].map((l) => short(run.forward[l])),
    short(run.back),
  ];
  const short = (v: number) => minus(v < 0.001 ? v.toExponential(1) : v.toFixed(3));
  return table([
    ['start', 'layer 1', 'layer 5', 'layer 20', 'gradient at x'],
    row('0.01 · normal, tanh', through.small),
    row('Xavier, tanh', through.xavier),
    row('Xavier, ReLU', through.cut),
    row('He, ReLU', through.he),
  ]);
}

// XOR, at last

const xorX = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
const xorLabels = [0, 1, 1, 0];
const xorStart = (): Layer[] => {
  const rng = random('xor');
  return [
    { w: xavierUniform(uniform([4, 2], rng)), b: zeros(4) },
    { w: xavierUniform(uniform([2, 4], rng)), b: zeros(2) },
  ];
};

/** Training with the course's step; `after` may spoil the new layers. */
function train(layers: Layer[], steps: number, rate = 0.5, after = (now: Layer[], _before: Layer[]) => now) {
  let now = layers;
  const losses: number[] = [];
  for (let k = 0; k < steps; k++) {
    const step = mlpTrainStep(xorX, xorLabels, now, 'tanh', rate);
    losses.push(step.loss);
    now = after(step.layers, now);
  }
  losses.push(crossEntropyForward(mlpForward(xorX, now, 'tanh').y, xorLabels).loss);
  return { layers: now, losses };
}
const right = train(xorStart(), 1000);
const frozen = train(xorStart(), 1000, 0.5, (now, before) => now.map(({ w }, l) => ({ w, b: before[l].b })));
const given = (layers: Layer[]) =>
  crossEntropyForward(mlpForward(xorX, layers, 'tanh').y, xorLabels).cache.probabilities;

function xor(): string {
  const shown = [0, 1, 10, 100, 1000];
  return table([
    ['steps', 'loss', 'loss, biases never updated'],
    ...shown.map((k) => [String(k), fixed(right.losses[k]), fixed(frozen.losses[k])]),
  ]);
}
function answers(): string {
  const [a, c] = [given(right.layers), given(frozen.layers)];
  return table([
    ['x', 'label', 'probability given to it', 'biases never updated'],
    ...xorLabels.map((label, i) => [
      Array.from(xorX.row(i).data).join(' '),
      String(label),
      fixed(a.at(i, label)),
      fixed(c.at(i, label)),
    ]),
  ]);
}

/** Three starts: all zero, all alike, and different. */
const flat = (v: number): Layer[] => [
  { w: full([4, 2], v), b: zeros(4) },
  { w: full([2, 4], v).map((x, k) => (k < 4 ? x : -x)), b: zeros(2) },
];
function symmetry(): string {
  const rows = (
    [
      ['all zero', flat(0)],
      ['all alike', flat(0.5)],
      ['Xavier', xorStart()],
    ] as const
  ).map(([name, start]) => {
    const run = train([...start], 1000);
    const w1 = run.layers[0].w;
    const kinds = new Set(Array.from({ length: 4 }, (_, i) => Array.from(w1.row(i).data, (v) => v.toFixed(9)).join()))
      .size;
    return [name, fixed(run.losses[0]), fixed(run.losses[1000]), String(kinds)];
  });
  return table([['start', 'loss at first', 'after 1000 steps', 'different hidden units'], ...rows]);
}

// One sample by hand

const hand: Layer[] = [
  { w: tensor([[1, 0], [0.5, -1]]), b: tensor([0, 0.5]) }, // prettier-ignore
  { w: tensor([[1, -1], [0, 2]]), b: tensor([0, 0]) }, // prettier-ignore
];
const handX = tensor([[1, 2]]);
const handRun = mlpForward(handX, hand, 'tanh');
const handLoss = crossEntropyForward(handRun.y, [1]);
const handDy = crossEntropyBackward(handLoss.cache);
const handBack = mlpBackward(handDy, handRun.cache);
function trace(): string {
  const first = linearForward(handX, hand[0].w, hand[0].b);
  const h = tanhForward(first.y);
  const second = linearForward(h.y, hand[1].w, hand[1].b);
  const dh = linearBackward(handDy, second.cache).dx;
  const dz = tanhBackward(dh, h.cache);
  const line = (name: string, t: Tensor, how: string) => [name, Array.from(t.data, (v) => fixed(v)).join('  '), how];
  const rows = [
    line('z₁', first.y, 'x w₁ᵀ + b₁'),
    line('h₁', h.y, 'tanh z₁'),
    line('y', second.y, 'h₁ w₂ᵀ + b₂'),
    line('p', handLoss.cache.probabilities, 'softmax y'),
    line('dy', handDy, 'p − onehot(1)'),
    line('dh₁', dh, 'dy w₂'),
    line('dz₁', dz, 'dh₁ (1 − h₁²)'),
    line('dx', handBack.dx, 'dz₁ w₁'),
  ];
  const widths = [0, 1].map((j) => Math.max(...rows.map((row) => row[j].length)));
  return rows.map(([a, c, how]) => `${a.padEnd(widths[0])}   ${c.padStart(widths[1])}   ${how}`).join('\n');
}

/** How far the first layer's gradient is off when the second layer has moved already. */
function early(rate: number): number {
  const layers = xorStart();
  const run = mlpForward(xorX, layers, 'tanh');
  const dy = crossEntropyBackward(crossEntropyForward(run.y, xorLabels).cache);
  const exact = mlpBackward(dy, run.cache).layers;
  const first = linearForward(xorX, layers[0].w, layers[0].b);
  const h = tanhForward(first.y);
  const moved = layers[1].w.sub(exact[1].dw.mul(rate));
  const dz = tanhBackward(dy.matmul(moved), h.cache);
  const { dw } = linearBackward(dz, first.cache);
  return dw.sub(exact[0].dw).norm() / exact[0].dw.norm();
}
function tooEarly(): string {
  return table([
    ['rate', 'error of dw₁'],
    ...[0.01, 0.1, 0.5, 2].map((rate) => [String(rate), `${(100 * early(rate)).toFixed(1)} %`]),
  ]);
}

/** What the grader says to the two mistakes. */
function verdicts(): string {
  const step = mlp.exercises.find((e) => e.name === 'mlpTrainStep')!;
  return ['biases never updated', 'weights updated too early', 'a step per sample']
    .map((name) => {
      const words = step.misconceptions[name].says.split(' ');
      const lines = [''];
      for (const word of words) {
        if (lines[lines.length - 1].length + word.length > 88) lines.push('');
        lines[lines.length - 1] += (lines[lines.length - 1] === '' ? '' : ' ') + word;
      }
      return lines.join('\n');
    })
    .join('\n\n');
}

export const values: Record<string, () => string | number> = {
  handLoss: () => fixed(handLoss.loss),
  frozenFloor: () => fixed(Math.LN2 / 4),
  frozenLoss: () => fixed(frozen.losses[1000]),
  rightLoss: () => fixed(right.losses[1000]),
  signalFactor: () => (WIDTH ** 0.5 * 0.01).toFixed(1),
};

export const prints: Record<string, () => string> = { signals, trace, xor, answers, symmetry, tooEarly, verdicts };

export const figures: Record<string, () => string> = { depth };
