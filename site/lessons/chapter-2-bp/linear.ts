/** What the lesson on linear layers shows: every number, printed block and figure in it is computed here. */
import { Tensor, tensor, zeros } from '#tensor';
import {
  linearBackward,
  linearForward,
  logisticRegression,
  predictClasses,
  softmaxRegression,
} from '../../../solutions/chapter-2-bp/linear.ts';
import { arrow, box, figure, plot, text } from '../svg.ts';

const minus = (words: string) => words.replaceAll('-', '−');
const fixed = (x: number, digits = 4) => minus(x.toFixed(digits));

/** Named matrices side by side. */
function beside(...named: [string, Tensor][]): string {
  const blocks = named.map(([name, t]) => {
    const matrix = t.rank === 1 ? [Array.from(t.data)] : (t.toArray() as number[][]);
    const cells = matrix.map((row) => row.map((v) => minus(String(Number(v.toFixed(4))))));
    const widths = cells[0].map((_, j) => Math.max(...cells.map((row) => row[j].length)));
    const lines = cells.map((row) => row.map((cell, j) => cell.padStart(widths[j])).join('  '));
    const all = [`${name} (${t.shape.join(', ')})`, ...lines];
    const width = Math.max(...all.map((line) => line.length));
    return all.map((line) => line.padEnd(width));
  });
  const height = Math.max(...blocks.map((block) => block.length));
  return Array.from({ length: height }, (_, i) =>
    blocks
      .map((block) => block[i] ?? ' '.repeat(block[0].length))
      .join('     ')
      .trimEnd(),
  ).join('\n');
}

const x = tensor([
  [1, 2],
  [0, -1],
  [3, 1],
  [-2, 0],
]);
const w = tensor([
  [1, 0],
  [2, -1],
  [0, 3],
]);
const b = tensor([0.5, 0, -1]);
const forward = linearForward(x, w, b);
const dy = tensor([
  [1, 0, 0],
  [0, -1, 0],
  [0.5, 1, 0],
  [0, 0, 2],
]);
const back = linearBackward(dy, forward.cache);

// Chapter 1's five points, one far out on its own right side.

const farX = tensor([[-1], [-0.5], [0.5], [1], [16]]);
const farT = [0, 0, 1, 1, 1];
function farRun(steps: number) {
  let [weight, bias] = [tensor([0]), 0];
  for (let k = 0; k < steps; k++) {
    const { dw, db } = logisticRegression(farX, weight, bias, farT);
    weight = weight.sub(dw);
    bias -= db;
  }
  const scores = Array.from(farX.matmul(weight).add(bias).data);
  const wrong = scores.filter((z, i) => Number(z >= 0) !== farT[i]).length;
  return { w: weight.item(), b: bias, loss: logisticRegression(farX, weight, bias, farT).loss, wrong };
}
const farSteps = [0, 1, 10, 100, 1000, 10000];

function far(): string {
  const rows = [
    ['steps', 'w', 'b', 'loss', 'wrong'],
    ...farSteps.map((k) => {
      const r = farRun(k);
      return [String(k), fixed(r.w), fixed(r.b), fixed(r.loss), String(r.wrong)];
    }),
  ];
  const widths = rows[0].map((_, j) => Math.max(...rows.map((row) => row[j].length)));
  return rows.map((row) => row.map((cell, j) => cell.padStart(widths[j])).join('   ')).join('\n');
}

// Three groups of points in the plane, and softmax regression from zero.

const groups = tensor([
  [0, 2],
  [1, 3],
  [-1, 2],
  [-2, -1],
  [-3, 0],
  [-2, -2],
  [2, -1],
  [3, 0],
  [2, -2],
]);
const classes = [0, 0, 0, 1, 1, 1, 2, 2, 2];
function groupRun(steps: number) {
  let [weights, biases] = [zeros(3, 2), zeros(3)];
  const losses: number[] = [];
  for (let k = 0; k < steps; k++) {
    const { loss, dw, db } = softmaxRegression(groups, weights, biases, classes);
    losses.push(loss);
    weights = weights.sub(dw.mul(0.5));
    biases = biases.sub(db.mul(0.5));
  }
  return { weights, biases, losses };
}
const fitted = groupRun(50);

function regions(): string {
  const p = plot({ x: [-4, 4], y: [-3, 4], width: 480, height: 420, xLabel: 'x₁', yLabel: 'x₂' });
  const score = (c: number) => (u: number, v: number) =>
    fitted.weights.at(c, 0) * u + fitted.weights.at(c, 1) * v + fitted.biases.at(c);
  /** Where two classes tie and beat the third, sampled along the tie. */
  const border = (a: number, c: number, third: number) => {
    const [da, dc] = [score(a), score(c)];
    const gap = (u: number, v: number) => da(u, v) - dc(u, v);
    const slope = [gap(1, 0) - gap(0, 0), gap(0, 1) - gap(0, 0)];
    const length = slope[0] ** 2 + slope[1] ** 2;
    const foot = [(-gap(0, 0) * slope[0]) / length, (-gap(0, 0) * slope[1]) / length];
    return Array.from({ length: 801 }, (_, k) => (k - 400) / 60)
      .map((s): [number, number] => [foot[0] - s * slope[1], foot[1] + s * slope[0]])
      .filter(([u, v]) => Math.abs(u) <= 4 && v >= -3 && v <= 4 && da(u, v) >= score(third)(u, v));
  };
  const of = (c: number) =>
    classes.flatMap((k, i): [number, number][] => (k === c ? [[groups.at(i, 0), groups.at(i, 1)]] : []));
  return figure(
    {
      title: 'Three classes, three straight borders',
      description:
        'Nine points of three classes in the plane. The borders found by softmax regression are three half-lines that meet in one point, and each class has its own sector.',
      width: 480,
      height: 420,
    },
    p.axes(),
    p.line(border(0, 1, 2), 'neutral'),
    p.line(border(0, 2, 1), 'neutral'),
    p.line(border(1, 2, 0), 'neutral'),
    p.scatter(of(0), 'query'),
    p.scatter(of(1), 'key'),
    p.scatter(of(2), 'value'),
  );
}

/** A linear layer, its arrows labelled with shapes. */
function shapes(): string {
  return figure(
    {
      title: 'A linear layer, forward and back',
      description:
        'Forward, from left to right: x of shape N by in enters the layer, y of shape N by out leaves it. Back, from right to left: dy of shape N by out enters, dx of shape N by in leaves. The parameters w and b stand above the layer; their gradients dw and db, of the same shapes, leave below.',
      width: 560,
      height: 260,
    },
    box(200, 80, 160, 100, 'linear'),
    arrow([20, 108], [200, 108], 'query'),
    text(110, 98, 'x (N, in)'),
    arrow([360, 108], [540, 108], 'query'),
    text(450, 98, 'y (N, out)'),
    arrow([540, 152], [360, 152], 'gradient'),
    text(450, 174, 'dy (N, out)'),
    arrow([200, 152], [20, 152], 'gradient'),
    text(110, 174, 'dx (N, in)'),
    arrow([235, 24], [235, 80], 'query'),
    text(227, 48, 'w (out, in)', 'end'),
    arrow([325, 24], [325, 80], 'query'),
    text(333, 48, 'b (out)', 'start'),
    arrow([235, 180], [235, 240], 'gradient'),
    text(227, 216, 'dw (out, in)', 'end'),
    arrow([325, 180], [325, 240], 'gradient'),
    text(333, 216, 'db (out)', 'start'),
  );
}

export const values: Record<string, () => string | number> = {
  linearDx00: () => minus(String(back.dx.at(2, 0))),
  linearDw10: () => minus(String(back.dw.at(1, 0))),
  groupLoss0: () => fixed(fitted.losses[0]),
  groupLoss50: () => fixed(softmaxRegression(groups, fitted.weights, fitted.biases, classes).loss),
  groupRight: () =>
    predictClasses(linearForward(groups, fitted.weights, fitted.biases).y).filter((c, i) => c === classes[i]).length,
  groupColumn: () => {
    const sums = Array.from(fitted.weights.sum(0).data);
    return Math.max(...sums.map(Math.abs)) < 1e-12 ? 0 : sums.join(' ');
  },
};

export const prints: Record<string, () => string> = {
  linearForward: () => beside(['x', x], ['w', w], ['b', b], ['y', forward.y]),
  linearBackward: () => beside(['dy', dy], ['dx', back.dx], ['dw', back.dw], ['db', back.db]),
  far,
};

export const figures: Record<string, () => string> = { 'linear-shapes': shapes, 'softmax-regions': regions };
