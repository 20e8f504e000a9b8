/** What the lessons of chapter 1 show: every number, printed block and figure in them is computed here. */
import { tensor } from '#tensor';
import type { Tensor } from '#tensor';
import { evaluateNetwork, gate, mpNeuron, networkFor, weightedNeuron } from '../../solutions/chapter-1-mp/neuron.ts';
import type { TwoLayerNetwork } from '../../solutions/chapter-1-mp/neuron.ts';
import { novikoffBound, perceptronUpdate, predict, trainPerceptron } from '../../solutions/chapter-1-mp/perceptron.ts';
import type { Perceptron } from '../../solutions/chapter-1-mp/perceptron.ts';
import {
  deltaRule,
  linearGradients,
  linearOutput,
  meanSquaredError,
  meanSquaredErrorGradient,
  trainLinearUnit,
} from '../../solutions/chapter-1-mp/linear-unit.ts';
import {
  AND,
  OR,
  XOR,
  allInputs,
  boundarySvg,
  cycleOf,
  epochTitle,
  epochs,
  formula,
  majority,
  oneEpoch,
  plots,
  show,
} from '../../solutions/chapter-1-mp/lab.ts';
import type { Task } from '../../solutions/chapter-1-mp/lab.ts';

const total = (xs: number[]) => xs.reduce((a, b) => a + b, 0);
const point = (x: number[]) => `(${x.map(show).join(', ')})`;

/** Rows of cells as text: every column as wide as its widest cell; numbers to the right. */
function table(rows: (string | number)[][]): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? show(cell) : cell)));
  const widths = cells[0].map((_, j) => Math.max(...cells.map((row) => row[j].length)));
  return cells
    .map((row, i) =>
      row
        .map((cell, j) =>
          typeof rows[Math.max(i, 1)][j] === 'number' ? cell.padStart(widths[j]) : cell.padEnd(widths[j]),
        )
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

// Lesson 1: the neuron

const majorityTable = (n: number) => allInputs(n).map((x) => (2 * total(x) > n ? 1 : 0));
const parityTable = (n: number) => allInputs(n).map((x) => total(x) % 2);
const hiddenSum = (network: TwoLayerNetwork, j: number, x: number[]) =>
  linearOutput(x, network.hiddenWeights[j], network.hiddenBiases[j]);

function veto(): string {
  const rows: (string | number)[][] = [['excitatory', 'inhibitory', 'veto', 'weight −1']];
  for (const [e, i] of [
    [[1, 1, 0], [0]],
    [[1, 1, 0], [1]],
    [[1, 1, 1], [1]],
  ]) {
    rows.push([e.join(' '), i.join(' '), mpNeuron(e, i, 2), weightedNeuron([...e, ...i], [1, 1, 1, -1], -2)]);
  }
  return table(rows);
}

/** Weights (1, 1) with three biases: AND twice, and OR, which the reader is to recognize. */
function gates(): string {
  const biases = [gate('AND').bias, -1.5, gate('OR').bias];
  return table([
    ['x1 x2', ...biases.map((bias) => `b = ${show(bias)}`)],
    ...allInputs(2).map((x) => [
      x.join('  '),
      ...biases.map(
        (bias) => `${show(linearOutput(x, [1, 1], bias)).padStart(4)} → ${weightedNeuron(x, [1, 1], bias)}`,
      ),
    ]),
  ]);
}

function dnf(): string {
  const network = networkFor([0, 1, 1, 0]);
  return table([
    ['x1 x2', 'sum 1', 'h1', 'sum 2', 'h2', 'y'],
    ...allInputs(2).map((x) => [
      x.join('  '),
      ...[0, 1].flatMap((j) => {
        const z = hiddenSum(network, j, x);
        return [z, weightedNeuron(x, network.hiddenWeights[j], network.hiddenBiases[j])];
      }),
      evaluateNetwork(network, x),
    ]),
  ]);
}

// Lesson 2: the perceptron

const andRun = epochs(AND, 1, 50);
const xorRun = epochs(XOR, 1, 12);
const pair: Task = { name: 'two points', samples: [[0.5], [-0.5]], labels: [1, -1] };

/** Sample by sample: what was predicted, whether it was wrong, and the weights after it. */
function trace(of: Task, count: number, from: Perceptron = { weights: of.samples[0].map(() => 0), bias: 0 }): string {
  let now = from;
  const rows: (string | number)[][] = [['epoch', 'x', 't', 'score', 'class', '', 'w', 'b']];
  for (let k = 0; k < count; k++) {
    const i = k % of.samples.length;
    const x = of.samples[i];
    const score = linearOutput(x, now.weights, now.bias);
    const answer = predict(x, now.weights, now.bias);
    now = perceptronUpdate(x, of.labels[i], now.weights, now.bias, 1);
    const sign = (v: number) => (v > 0 ? '+1' : '−1');
    rows.push([
      Math.floor(k / of.samples.length) + 1,
      point(x),
      sign(of.labels[i]),
      score,
      sign(answer),
      answer === of.labels[i] ? '' : 'wrong',
      point(now.weights),
      now.bias,
    ]);
  }
  return table(rows);
}

/** Tasks with a separator whose margin is the largest there is (by symmetry, equal weights). */
const separable: { of: Task; separator: Perceptron }[] = [
  { of: OR, separator: { weights: [2, 2], bias: -1 } },
  { of: AND, separator: { weights: [2, 2], bias: -3 } },
  ...[3, 5, 7].map((n) => ({
    of: majority(n),
    separator: { weights: Array.from({ length: n }, () => 2), bias: -n },
  })),
];

function bounds(): string {
  return table([
    ['task', 'samples', 'mistakes per epoch', 'in all', 'bound'],
    ...separable.map(({ of, separator }) => {
      const { history } = trainPerceptron(of.samples, of.labels, 1, 1000);
      const line = history.length > 9 ? [...history.slice(0, 6), '…', ...history.slice(-2)] : history;
      const bound = novikoffBound(of.samples, of.labels, separator.weights, separator.bias);
      return [of.name, of.samples.length, line.join(' '), total(history), Number(bound.toFixed(2))];
    }),
  ]);
}

/** R²/γ² as if the bias were free: R = max ‖x‖, the margin of a separator with ‖w‖ = 1. */
function unaugmented({ samples, labels }: Task, { weights, bias }: Perceptron): number {
  const norm = Math.hypot(...weights);
  const margin = Math.min(...samples.map((x, i) => (labels[i] * linearOutput(x, weights, bias)) / norm));
  return (Math.max(...samples.map((x) => Math.hypot(...x))) / margin) ** 2;
}

// Lesson 3: the linear unit

const lineX = [[0], [1], [2]];
const lineT = [1, 3, 5];
const line = (rate: number, steps: number) => trainLinearUnit(lineX, lineT, rate, steps);
const zeroGradient = meanSquaredErrorGradient(lineX, lineT, [0], 0);

function descent(): string {
  return table([
    ['step', 'w', 'b', 'loss'],
    ...[0, 1, 2, 3, 10, 100].map((k) => {
      const { weights, bias, history } = line(0.1, k);
      return [k, ...[weights[0], bias, history[k]].map((v) => v.toFixed(4))] as (string | number)[];
    }),
  ]);
}

const rates = [0.01, 0.1, 0.4, 0.45];
function ratesTable(): string {
  const short = (v: number) =>
    v < 0.001 || v >= 1e6 ? v.toExponential(2).replace('-', '−') : String(Number(v.toPrecision(4)));
  return table([
    ['rate', 'after 1 step', 'after 10', 'after 100'],
    ...rates.map((rate) => [show(rate), ...[1, 10, 100].map((k) => short(line(rate, k).history[k]))]),
  ]);
}

/** The largest eigenvalue of the loss's second derivative in (w, b): 2/N · Σ (x, 1)(x, 1)ᵀ, a 2 × 2 matrix. */
function sharpest(xs: number[][]): number {
  const [a, b, d] = [xs.map(([x]) => x * x), xs.map(([x]) => x), xs.map(() => 1)].map(
    (v) => (2 * total(v)) / xs.length,
  );
  return (a + d) / 2 + Math.hypot((a - d) / 2, b);
}

/** One correction by each rule from the same weights, on a sample that is already on the right side. */
function rules(): string {
  const rows: (string | number)[][] = [['x', 't', 'score', 'perceptron rule', 'delta rule']];
  for (const [x, t] of [
    [[1, 1], 1],
    [[2, 2], 1],
    [[2, 2], -1],
  ] as [number[], number][]) {
    const [w, b] = [[1, 1], -1];
    const p = perceptronUpdate(x, t, w, b, 0.25);
    const d = deltaRule(x, t, w, b, 0.25);
    const change = (m: Perceptron) => `${point(m.weights.map((v, i) => v - w[i]))}, ${show(m.bias - b)}`;
    rows.push([point(x), t > 0 ? '+1' : '−1', linearOutput(x, w, b), change(p), change(d)]);
  }
  return table(rows);
}

/** Five points on a line that a threshold separates, one far out on its own right side. */
const far: Task = { name: 'far out', samples: [[-1], [-0.5], [0.5], [1], [16]], labels: [-1, -1, 1, 1, 1] };
const farUnit = trainLinearUnit(far.samples, far.labels, 0.009, 5000);
const farWrong = far.samples.filter((x, i) => predict(x, farUnit.weights, farUnit.bias) !== far.labels[i]);

const matrix = (() => {
  const X = tensor([[0], [1], [2]]);
  const T = tensor([
    [1, 0],
    [3, 0],
    [5, 3],
  ]);
  return linearGradients(X, tensor([[0], [0]]), tensor([0, 0]), T);
})();
const rowsOf = (t: Tensor) => JSON.stringify(t.toArray(), (_, v) => (typeof v === 'number' ? Number(v.toFixed(4)) : v));
const written = (t: Tensor) => rowsOf(t).replaceAll('-', '−').replaceAll(',', ', ');

// Figures

const style = `<style>
.figure text { font: 14px system-ui, sans-serif; fill: #24292f; }
.figure .frame { fill: none; stroke: #8c959f; }
.figure .line { fill: none; stroke: #8250df; stroke-width: 3; }
.figure .stair { fill: none; stroke: #bc4c00; stroke-width: 3; stroke-dasharray: 8 4; }
.figure .side { fill: #8250df; opacity: 0.15; }
.figure .one { fill: #0969da; }
.figure .zero { fill: none; stroke: #bc4c00; stroke-width: 3; }
@media (prefers-color-scheme: dark) {
.figure text { fill: #e6edf3; }
.figure .frame { stroke: #6e7681; }
.figure .line { stroke: #bc8cff; }
.figure .stair { stroke: #ffa657; }
.figure .side { fill: #bc8cff; opacity: 0.2; }
.figure .one { fill: #58a6ff; }
.figure .zero { stroke: #ffa657; }
}
</style>`;

function figure(width: number, height: number, title: string, description: string, body: string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-labelledby="t d" class="figure">
<title id="t">${title}</title>
<desc id="d">${description}</desc>
${style}
${body.join('\n')}
</svg>
`;
}

/** AND, OR and XOR in the plane: where one line is enough, and where it takes two. */
function plane(): string {
  const [size, gap, top] = [190, 34, 30];
  const body: string[] = [];
  [AND, OR, XOR].forEach((of, k) => {
    const left = 20 + k * (size + gap);
    const px = (v: number) => left + ((v + 0.5) / 2) * size;
    const py = (v: number) => top + ((1.5 - v) / 2) * size;
    // x1 + x2 = c, from edge to edge of the square
    const end = (c: number): [number, number, number, number] =>
      c <= 1 ? [-0.5, c + 0.5, c + 0.5, -0.5] : [c - 1.5, 1.5, 1.5, c - 1.5];
    const levels = of === AND ? [1.5] : of === OR ? [0.5] : [0.5, 1.5];
    const corner: Record<string, number[][]> = {
      AND: [[0, 1.5], [1.5, 1.5], [1.5, 0]], // prettier-ignore
      OR: [[-0.5, 1], [-0.5, 1.5], [1.5, 1.5], [1.5, -0.5], [1, -0.5]], // prettier-ignore
      XOR: [[-0.5, 1], [-0.5, 1.5], [0, 1.5], [1.5, 0], [1.5, -0.5], [1, -0.5]], // prettier-ignore
    };
    body.push(`<polygon class="side" points="${corner[of.name].map(([a, b]) => `${px(a)},${py(b)}`).join(' ')}"/>`);
    body.push(`<rect class="frame" x="${left}" y="${top}" width="${size}" height="${size}"/>`);
    for (const c of levels) {
      const [x1, y1, x2, y2] = end(c);
      body.push(`<line class="line" x1="${px(x1)}" y1="${py(y1)}" x2="${px(x2)}" y2="${py(y2)}"/>`);
    }
    of.samples.forEach(([a, b], i) => {
      const on = of.labels[i] === 1;
      body.push(
        on
          ? `<rect class="one" x="${px(a) - 7}" y="${py(b) - 7}" width="14" height="14"/>`
          : `<circle class="zero" cx="${px(a)}" cy="${py(b)}" r="7"/>`,
        `<text x="${px(a) + (a ? 12 : -22)}" y="${py(b) + 5}">${on ? 1 : 0}</text>`,
      );
    });
    const lines = levels.length === 1 ? 'one line' : 'two lines';
    body.push(`<text x="${left + size / 2}" y="20" text-anchor="middle">${of.name}: ${lines}</text>`);
    body.push(`<text x="${left + size / 2}" y="${top + size + 20}" text-anchor="middle">x₁</text>`);
    if (k === 0) body.push(`<text x="2" y="${top + size / 2}">x₂</text>`);
  });
  return figure(
    20 + 3 * size + 2 * gap + 10,
    top + size + 30,
    'AND, OR and XOR as regions of the plane',
    'Three squares with the four inputs at their corners; filled squares are 1, circles are 0, the shaded side is where the answer is 1. One line cuts off the 1s of AND and of OR. For XOR the 1s lie in a band between two parallel lines.',
    body,
  );
}

const stairX = [[-2], [-1], [0.5], [1.5]];
const stairT = [-1, -1, 1, 1];

/** The number of mistakes is a staircase in the bias, the squared error a bowl. */
function staircase(): string {
  const [width, height, left, top] = [560, 240, 50, 20];
  const [low, high, most] = [-3, 3, 8];
  const px = (b: number) => Number((left + ((b - low) / (high - low)) * width).toFixed(2));
  const py = (v: number) => Number((top + (1 - v / most) * height).toFixed(2));
  const biases = Array.from({ length: 481 }, (_, k) => low + (k * (high - low)) / 480);
  const mistakes = (b: number) => stairX.filter((x, i) => predict(x, [1], b) !== stairT[i]).length;
  const loss = (b: number) =>
    meanSquaredError(
      stairX.map((x) => linearOutput(x, [1], b)),
      stairT,
    );
  const path = (f: (b: number) => number, stair: boolean) =>
    biases
      .filter((b) => f(b) <= most)
      .map((b, k, all) => {
        if (k === 0) return `M${px(b)} ${py(f(b))}`;
        const jump = stair && f(all[k - 1]) !== f(b);
        if (stair && !jump && k < all.length - 1) return '';
        return jump ? `H${px(b)}V${py(f(b))}` : `L${px(b)} ${py(f(b))}`;
      })
      .join('');
  return figure(
    width + left + 20,
    height + top + 50,
    'A staircase and a bowl',
    'Against the bias of a unit with one weight: the number of mistakes, a dashed staircase that is flat almost everywhere, and the mean squared error, a smooth bowl.',
    [
      `<path class="frame" d="M${left} ${top}V${top + height}H${left + width}"/>`,
      ...[0, 2, 4, 6, 8].map((v) => `<text x="${left - 10}" y="${py(v) + 5}" text-anchor="end">${v}</text>`),
      ...[-3, -2, -1, 0, 1, 2, 3].map(
        (b) => `<text x="${px(b)}" y="${top + height + 20}" text-anchor="middle">${show(b)}</text>`,
      ),
      `<text x="${left + width / 2}" y="${top + height + 42}" text-anchor="middle">bias</text>`,
      `<path class="line" d="${path(loss, false)}"/>`,
      `<path class="stair" d="${path(mistakes, true)}"/>`,
      `<text x="${px(2.2)}" y="${py(6.9)}" text-anchor="end">mean squared error</text>`,
      `<text x="${px(-1.7)}" y="${py(2.35)}" text-anchor="end">mistakes</text>`,
    ],
  );
}

export const values: Record<string, () => string | number> = {
  majority5Hidden: () => networkFor(majorityTable(5)).hiddenWeights.length,
  parity8Hidden: () => networkFor(parityTable(8)).hiddenWeights.length,
  andHistory: () => andRun.map((e) => e.mistakes).join(', '),
  andHistoryTenth: () => trainPerceptron(AND.samples, AND.labels, 0.1, 50).history.join(', '),
  andHistoryQuarter: () => trainPerceptron(AND.samples, AND.labels, 0.25, 50).history.join(', '),
  rounding: () => (0.1 + 0.2 - 0.3).toExponential(2).replace('-', '−'),
  andMistakes: () => total(andRun.map((e) => e.mistakes)),
  andBound: () => novikoffBound(AND.samples, AND.labels, [2, 2], -3),
  andFound: () => formula(andRun[andRun.length - 1]),
  pairMistakes: () => total(trainPerceptron(pair.samples, pair.labels, 1, 10).history),
  pairUnaugmented: () => unaugmented(pair, { weights: [1], bias: 0 }),
  pairBound: () => novikoffBound(pair.samples, pair.labels, [1], 0),
  xorHistory: () => xorRun.map((e) => e.mistakes).join(', '),
  xorCycle: () => cycleOf(xorRun)?.from ?? 'none',
  lineLoss0: () => show(Number(line(0.1, 0).history[0].toFixed(4))),
  lineGradientW: () => show(Number(zeroGradient.weights[0].toFixed(4))),
  lineGradientB: () => show(zeroGradient.bias),
  lineW1: () => show(Number(line(0.1, 1).weights[0].toFixed(4))),
  lineB1: () => show(Number(line(0.1, 1).bias.toFixed(4))),
  sharpest: () => sharpest(lineX).toFixed(4),
  criticalRate: () => (2 / sharpest(lineX)).toFixed(4),
  xorLoss: () => show(trainLinearUnit(XOR.samples, XOR.labels, 0.25, 200).history[200]),
  farWeight: () => show(Number(farUnit.weights[0].toFixed(4))),
  farBias: () => show(Number(farUnit.bias.toFixed(4))),
  farWrong: () => farWrong.map(point).join(' and '),
  matrixDW: () => written(matrix.dW),
  matrixDb: () => written(matrix.db),
};

export const prints: Record<string, () => string> = {
  veto,
  gates,
  dnf,
  andTrace: () => trace(AND, 24),
  andPlots: () => plots(AND, andRun, epochTitle(andRun)),
  bounds,
  pairTrace: () => trace(pair, 6),
  xorTrace: () => trace(XOR, 4, xorRun[xorRun.length - 1]).replace(/^(.*)$/gm, (row) => row.slice(8)),
  descent,
  rates: ratesTable,
  rules,
};

export const figures: Record<string, () => string> = {
  plane,
  staircase,
  'and-boundary': () => boundarySvg(AND, andRun, `AND: no mistake in epoch ${andRun.length}`),
  'xor-circle': () =>
    boundarySvg(XOR, oneEpoch(XOR, xorRun[xorRun.length - 1], 1), 'XOR: four updates, and back where it began'),
};
