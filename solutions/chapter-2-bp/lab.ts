/**
 * The lab of chapter 2: a network of 2, 25, 50, 25 and 2 units learns to tell two moons apart while you watch its boundary
 * grow. It runs on your own functions from mlp.ts, losses.ts, linear.ts, optimizers.ts and schedules.ts.
 *
 *   npm run lab chapter-2
 *   npm run lab chapter-2 -- --seed 7 --seeds 1 --epochs 30
 */
import { concat, linspace, normal, random, stack, tensor, uniform, zeros } from '#tensor';
import type { Random, Tensor } from '#tensor';
import type { LabIo } from '../chapter-1-mp/lab.ts';
import { predictClasses } from './linear.ts';
import { crossEntropyBackward, crossEntropyForward } from './losses.ts';
import { mlpBackward, mlpForward, xavierUniform } from './mlp.ts';
import type { Activation, Layer } from './mlp.ts';
import {
  adagradInit,
  adagradStep,
  adamInit,
  adamStep,
  adamwStep,
  momentumInit,
  momentumStep,
  nesterovStep,
  rmspropInit,
  rmspropStep,
  sgdStep,
} from './optimizers.ts';
import { cosine } from './schedules.ts';

// Data

/** Points of the plane and their classes. */
export interface Data {
  /** (N, 2) */
  x: Tensor;
  /** (N) 0 or 1 */
  labels: number[];
}

/**
 * Two half circles that reach into each other, as in scikit-learn's make_moons: n/2 points evenly spaced on each,
 *
 *   class 0:  (cos t, sin t)                0 ≤ t ≤ π, the upper moon
 *   class 1:  (1 − cos t, ½ − sin t)        0 ≤ t ≤ π, the lower one
 *
 * then normal noise of the given standard deviation on every coordinate, then all in random order.
 */
export function twoMoons(n: number, noise: number, rng: Random): Data {
  const upper = Math.floor(n / 2);
  const [t, s] = [linspace(0, Math.PI, upper), linspace(0, Math.PI, n - upper)];
  const circles = concat([stack([t.cos(), t.sin()], 1), stack([s.cos().neg().add(1), s.sin().neg().add(0.5)], 1)]);
  const order = rng.permutation(n);
  const x = circles.add(normal([n, 2], rng, 0, noise)).gather(order);
  return { x, labels: order.map((i) => (i < upper ? 0 : 1)) };
}

export function part({ x, labels }: Data, from: number, to: number): Data {
  return { x: x.slice([from, to]), labels: labels.slice(from, to) };
}

/** 1,000 points with noise 0.2: 700 to learn from, 300 to be examined on. */
export function moons(seed: number): { training: Data; test: Data } {
  const all = twoMoons(1000, 0.2, random(`moons ${seed}`));
  return { training: part(all, 0, 700), test: part(all, 700, 1000) };
}

// Training

/** A training: what stays the same from step to step. */
export interface Settings {
  activation: Activation;
  optimizer: Optimizer;
  learningRate: number;
  /** whether the rate falls along a cosine, or stays */
  falling: boolean;
  epochs: number;
  batch: number;
}

/** An optimizer with a memory of its own: gives a function that takes the parameters one step. */
export type Optimizer = (
  parameters: Tensor[],
) => (parameters: Tensor[], gradients: Tensor[], learningRate: number) => Tensor[];

/** Wraps a step with a state into an optimizer that keeps the state to itself. */
function remembering<State>(
  init: (parameters: Tensor[]) => State,
  step: (
    parameters: Tensor[],
    gradients: Tensor[],
    state: State,
    learningRate: number,
  ) => { parameters: Tensor[]; state: State },
): Optimizer {
  return (first) => {
    let state = init(first);
    return (parameters, gradients, learningRate) => {
      const next = step(parameters, gradients, state, learningRate);
      state = next.state;
      return next.parameters;
    };
  };
}

const [momentum, epsilon, betas] = [0.9, 1e-8, { beta1: 0.9, beta2: 0.999 }];
export const optimizers: Record<string, Optimizer> = {
  SGD: () => (p, g, learningRate) => sgdStep(p, g, { learningRate }),
  momentum: remembering(momentumInit, (p, g, s, learningRate) => momentumStep(p, g, s, { learningRate, momentum })),
  Nesterov: remembering(momentumInit, (p, g, s, learningRate) => nesterovStep(p, g, s, { learningRate, momentum })),
  Adagrad: remembering(adagradInit, (p, g, s, learningRate) => adagradStep(p, g, s, { learningRate, epsilon })),
  RMSprop: remembering(rmspropInit, (p, g, s, learningRate) =>
    rmspropStep(p, g, s, { learningRate, epsilon, decay: 0.99 }),
  ),
  Adam: remembering(adamInit, (p, g, s, learningRate) => adamStep(p, g, s, { learningRate, epsilon, ...betas })),
};
export const adamw = (weightDecay: number): Optimizer =>
  remembering(adamInit, (p, g, s, learningRate) =>
    adamwStep(p, g, s, { learningRate, epsilon, weightDecay, ...betas }),
  );

/** Chosen on validation data (a fifth of the training data), never on the test data. */
export const chosen: Settings = {
  activation: 'tanh',
  optimizer: adamw(0.1),
  learningRate: 0.01,
  falling: true,
  epochs: 100,
  batch: 32,
};

export const WIDTHS = [2, 25, 50, 25, 2];

/** Weights by Xavier, biases 0. */
export function newNetwork(rng: Random, widths = WIDTHS): Layer[] {
  return widths.slice(1).map((out, l) => ({ w: xavierUniform(uniform([out, widths[l]], rng)), b: zeros(out) }));
}

/** All parameters in one list, and back. */
export const flat = (layers: Layer[]) => layers.flatMap(({ w, b }) => [w, b]);
export const unflat = (list: Tensor[]): Layer[] => list.flatMap((w, i) => (i % 2 === 0 ? [{ w, b: list[i + 1] }] : []));

/** The loss and its gradient with respect to every parameter. */
export function slope({ x, labels }: Data, layers: Layer[], activation: Activation) {
  const forward = mlpForward(x, layers, activation);
  const { loss, cache } = crossEntropyForward(forward.y, labels);
  const { layers: gradients } = mlpBackward(crossEntropyBackward(cache), forward.cache);
  return { loss, gradients: gradients.flatMap(({ dw, db }) => [dw, db]) };
}

/** What is told after every epoch; answering false ends the training. */
export type Listener = (epoch: number, loss: number, layers: Layer[]) => boolean | undefined;

/** Trains a network: every epoch goes through the data once, in a new order, batch by batch. */
export function train(data: Data, start: Layer[], settings: Settings, rng: Random, listen: Listener): Layer[] {
  const { activation, optimizer, learningRate, falling, epochs, batch } = settings;
  const n = data.labels.length;
  const steps = epochs * Math.ceil(n / batch);
  let parameters = flat(start);
  const update = optimizer(parameters);
  for (let epoch = 1, step = 1; epoch <= epochs; epoch++) {
    const order = rng.permutation(n);
    let total = 0;
    for (let first = 0; first < n; first += batch, step++) {
      const chunk = order.slice(first, first + batch);
      const some = { x: data.x.gather(chunk), labels: chunk.map((i) => data.labels[i]) };
      const { loss, gradients } = slope(some, unflat(parameters), activation);
      const rate = falling ? cosine(step, steps, learningRate, 0) : learningRate;
      parameters = update(parameters, gradients, rate);
      total += loss * chunk.length;
    }
    if (listen(epoch, total / n, unflat(parameters)) === false) break;
  }
  return unflat(parameters);
}

// Judging

/** counts[t][p]: how many points of class t were taken for class p. */
export function confusion({ x, labels }: Data, layers: Layer[], activation: Activation): number[][] {
  const counts = [
    [0, 0],
    [0, 0],
  ];
  predictClasses(mlpForward(x, layers, activation).y).forEach((p, i) => counts[labels[i]][p]++);
  return counts;
}

/** Of all points, how many were right; and for class 1: precision, recall and their harmonic mean. */
export function scores([[trueNegative, falsePositive], [falseNegative, truePositive]]: number[][]) {
  const right = trueNegative + truePositive;
  const precision = truePositive / (truePositive + falsePositive);
  const recall = truePositive / (truePositive + falseNegative);
  const f1 = (2 * precision * recall) / (precision + recall);
  return { accuracy: right / (right + falsePositive + falseNegative), precision, recall, f1 };
}

export const accuracy = (data: Data, layers: Layer[], activation: Activation) =>
  scores(confusion(data, layers, activation)).accuracy;

// Text

export const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

/** A curve in letters: as many columns as asked for, each the mean of its share of the epochs. */
export function curveText(losses: number[], columns = 60, rows = 8): string {
  const width = Math.min(columns, losses.length);
  const heights = Array.from({ length: width }, (_, c) => {
    const share = losses.slice(Math.floor((c * losses.length) / width), Math.floor(((c + 1) * losses.length) / width));
    return share.reduce((a, b) => a + b, 0) / share.length;
  });
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const level = (v: number) => (high > low ? Math.round(((v - low) / (high - low)) * (rows - 1)) : 0);
  const lines = Array.from({ length: rows }, (_, r) => {
    const at = rows - 1 - r;
    const label = at === rows - 1 ? high.toFixed(3) : at === 0 ? low.toFixed(3) : '';
    return `${label.padStart(6)} |${heights.map((v) => (level(v) === at ? '*' : ' ')).join('')}`.trimEnd();
  });
  const last = String(losses.length);
  return [...lines, `       +${'-'.repeat(width)}`, `        1${last.padStart(width - 1)}  epoch`].join('\n');
}

const [LEFT, RIGHT, BOTTOM, TOP] = [-1.75, 2.75, -1.25, 1.75];

/** Places of a grid over the picture, row by row from the top. */
function grid(columns: number, rows: number): Tensor {
  const [across, down] = [linspace(LEFT, RIGHT, columns).data, linspace(TOP, BOTTOM, rows).data];
  return tensor(Array.from(down, (y) => Array.from(across, (x) => [x, y])).flat());
}

/** The plane as text, 25 × 12 with its frame: ':' where the network says class 1; the first of the points as 'o' (0) and 'x' (1). */
export function planeText(layers: Layer[], activation: Activation, { x, labels }: Data, points = 60): string[] {
  const [columns, rows] = [23, 12];
  const cells = predictClasses(mlpForward(grid(columns, rows), layers, activation).y).map((c): string =>
    c ? ':' : ' ',
  );
  for (let i = 0; i < Math.min(points, labels.length); i++) {
    const c = Math.round(((x.at(i, 0) - LEFT) / (RIGHT - LEFT)) * (columns - 1));
    const r = Math.round(((TOP - x.at(i, 1)) / (TOP - BOTTOM)) * (rows - 1));
    if (c >= 0 && c < columns && r >= 0 && r < rows) cells[r * columns + c] = labels[i] ? 'x' : 'o';
  }
  return Array.from({ length: rows }, (_, r) => `|${cells.slice(r * columns, (r + 1) * columns).join('')}|`);
}

/** Up to three blocks of 25 columns beside each other: 79 columns. */
export function beside(blocks: { title: string; lines: string[] }[]): string {
  const whole = blocks.map(({ title, lines }) => [title.padEnd(25), ...lines]);
  const rows = whole[0].map((_, r) => whole.map((block) => block[r]).join('  '));
  return rows.map((row) => row.trimEnd()).join('\n');
}

/** Rows of cells in columns: the first to the left, the others to the right. */
export function tableText(rows: string[][]): string {
  const widths = rows[0].map((_, j) => Math.max(...rows.map((row) => row[j].length)));
  const pad = (cell: string, j: number) => (j ? cell.padStart(widths[j]) : cell.padEnd(widths[j]));
  return rows.map((row) => row.map(pad).join('   ').trimEnd()).join('\n');
}

// Pictures

const style = `<style>
.moons text { font: 13px system-ui, sans-serif; fill: #24292f; }
.moons .frame { fill: none; stroke: #8c959f; }
.moons .side { fill: #0969da; }
.moons .edge { fill: none; stroke: #8250df; stroke-width: 2.5; }
.moons .zero { fill: none; stroke: #bc4c00; stroke-width: 1.3; }
.moons .one { fill: #0969da; }
.moons .level { fill: none; stroke: #8c959f; stroke-width: 1; }
.moons .path { fill: none; stroke-width: 2; }
.moons .a { stroke: #bc4c00; } .moons .b { stroke: #8250df; } .moons .c { stroke: #1a7030; }
.moons .d { stroke: #b3261e; } .moons .e { stroke: #0969da; }
.moons .dot { fill: #24292f; }
@media (prefers-color-scheme: dark) {
.moons text { fill: #e6edf3; }
.moons .frame { stroke: #6e7681; }
.moons .side { fill: #58a6ff; }
.moons .edge { stroke: #bc8cff; }
.moons .zero { stroke: #ffa657; }
.moons .one { fill: #58a6ff; }
.moons .level { stroke: #6e7681; }
.moons .a { stroke: #ffa657; } .moons .b { stroke: #bc8cff; } .moons .c { stroke: #6fd583; }
.moons .d { stroke: #ff8f85; } .moons .e { stroke: #6cb0ff; }
.moons .dot { fill: #e6edf3; }
}
</style>`;

function picture(width: number, height: number, id: string, title: string, story: string, body: string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-labelledby="${id}-t ${id}-d" class="moons">
<title id="${id}-t">${title}</title>
<desc id="${id}-d">${story}</desc>
${style}
${body.join('\n')}
</svg>
`;
}

const short = (v: number) => String(Math.round(v * 10) / 10 || 0);

/**
 * Where a function on a grid crosses a level: pieces of line, one for each triangle of the grid that the level cuts.
 * values[r][c] belongs to column c and row r; the ends are in columns and rows.
 */
export function crossings(values: number[][], level: number): number[][] {
  const pieces: number[][] = [];
  for (let r = 0; r + 1 < values.length; r++) {
    for (let c = 0; c + 1 < values[0].length; c++) {
      for (const [dr, dc] of [
        [0, 1],
        [1, 0],
      ]) {
        const corners = [
          [r, c],
          [r + dr, c + dc],
          [r + 1, c + 1],
        ];
        const hits = corners.flatMap(([r1, c1], k) => {
          const [r2, c2] = corners[(k + 1) % 3];
          const [p, q] = [values[r1][c1] - level, values[r2][c2] - level];
          if (p >= 0 === q >= 0) return [];
          const t = p / (p - q);
          return [c1 + t * (c2 - c1), r1 + t * (r2 - r1)];
        });
        if (hits.length === 4) pieces.push(hits);
      }
    }
  }
  return pieces;
}

/** The network's boundary at several moments, in a row of pictures, two beside each other, with points to compare. */
export function boundarySvg(
  stages: { title: string; layers: Layer[] }[],
  activation: Activation,
  { x, labels }: Data,
  points = 150,
): string {
  const [wide, high, gap, columns, rows] = [330, 220, 30, 67, 45];
  const body = stages.flatMap(({ title, layers }, k) => {
    const [left, top] = [10 + (k % 2) * (wide + gap), 30 + Math.floor(k / 2) * (high + 40)];
    const logits = mlpForward(grid(columns, rows), layers, activation).y;
    // The boundary is where both logits are equal.
    const lead = Array.from({ length: rows }, (_, r) =>
      Array.from({ length: columns }, (_, c) => logits.at(r * columns + c, 1) - logits.at(r * columns + c, 0)),
    );
    const [dx, dy] = [wide / (columns - 1), high / (rows - 1)];
    const edge = crossings(lead, 0).map(
      ([c1, r1, c2, r2]) =>
        `M${short(left + c1 * dx)} ${short(top + r1 * dy)}L${short(left + c2 * dx)} ${short(top + r2 * dy)}`,
    );
    const side = lead.flatMap((row, r) => {
      const runs: string[] = [];
      for (let c = 0; c < columns; c++) {
        if (row[c] < 0) continue;
        const from = c;
        while (c + 1 < columns && row[c + 1] >= 0) c++;
        const [a, b] = [Math.max(from - 0.5, 0), Math.min(c + 0.5, columns - 1)];
        const [s, e] = [Math.max(r - 0.5, 0), Math.min(r + 0.5, rows - 1)];
        runs.push(
          `M${short(left + a * dx)} ${short(top + s * dy)}H${short(left + b * dx)}V${short(top + e * dy)}H${short(left + a * dx)}Z`,
        );
      }
      return runs;
    });
    const marks = labels.slice(0, points).map((label, i) => {
      const [px, py] = [
        left + ((x.at(i, 0) - LEFT) / (RIGHT - LEFT)) * wide,
        top + ((TOP - x.at(i, 1)) / (TOP - BOTTOM)) * high,
      ];
      return label
        ? `<rect class="one" x="${short(px - 2)}" y="${short(py - 2)}" width="4" height="4"/>`
        : `<circle class="zero" cx="${short(px)}" cy="${short(py)}" r="2.3"/>`;
    });
    return [
      `<text x="${left + wide / 2}" y="${top - 8}" text-anchor="middle">${title}</text>`,
      `<path class="side" fill-opacity="0.16" d="${side.join('')}"/>`,
      ...marks,
      `<path class="edge" d="${edge.join('')}"/>`,
      `<rect class="frame" x="${left}" y="${top}" width="${wide}" height="${high}"/>`,
    ];
  });
  const story = `The plane with the two moons at ${stages.length} moments of training: ${stages.map((s) => s.title).join('; ')}. Open circles are test points of class 0, filled squares of class 1; the shaded side is where the network says class 1. The boundary begins as nearly a straight line and ends as an S between the moons.`;
  return picture(
    2 * wide + gap + 20,
    Math.ceil(stages.length / 2) * (high + 40) + 5,
    'moons-boundary',
    'The decision boundary grows',
    story,
    body,
  );
}

// Optimizers compared

/** What an optimizer did with a network, and at which constant rate. */
export interface Comparison {
  name: string;
  learningRate: number;
  /** after each epoch */
  losses: number[];
  layers: Layer[];
}

/** For each optimizer the best of the rates 1, 0.3, 0.1, … 0.001, by the training loss after 20 epochs. */
export const rates: Record<string, number> = {
  SGD: 0.3,
  momentum: 0.03,
  Nesterov: 0.03,
  Adagrad: 0.1,
  RMSprop: 0.01,
  Adam: 0.01,
};

/** Every optimizer from the same weights, over the same batches, at a constant rate. */
export function compareOptimizers(
  data: Data,
  start: Layer[],
  epochs: number,
  seed: number,
  each: (done: number) => boolean,
): Comparison[] {
  const runs: Comparison[] = [];
  for (const [name, optimizer] of Object.entries(optimizers)) {
    const learningRate = rates[name];
    const losses: number[] = [];
    const settings = { ...chosen, optimizer, learningRate, falling: false, epochs };
    const layers = train(data, start, settings, random(`order ${seed}`), (_, loss) => {
      losses.push(loss);
      return each((runs.length + losses.length / epochs) / Object.keys(optimizers).length);
    });
    runs.push({ name, learningRate, losses, layers });
  }
  return runs;
}

// A plane through the space of all parameters

/** The points origin + a·u + b·v; u and v are at right angles, and each entry of them one direction's share. */
export interface Plane {
  origin: Tensor[];
  u: Tensor[];
  v: Tensor[];
}

const dot = (p: Tensor[], q: Tensor[]) => p.reduce((sum, t, i) => sum + t.mul(q[i]).sum().item(), 0);
const combine = (p: Tensor[], k: number, q: Tensor[]) => p.map((t, i) => t.add(q[i].mul(k)));

/** The plane through three networks: the first at (0, 0), the second at (1, 0). */
export function planeThrough(origin: Layer[], second: Layer[], third: Layer[]): Plane {
  const zero = flat(origin);
  const u = combine(flat(second), -1, zero);
  const w = combine(flat(third), -1, zero);
  const across = combine(w, -dot(w, u) / dot(u, u), u);
  // As long as u, so that both axes have the same unit.
  const scale = Math.sqrt(dot(u, u) / dot(across, across));
  return { origin: zero, u, v: across.map((t) => t.mul(scale)) };
}

/** The network's loss at a point of the plane, and its gradient there: two numbers. */
export function lossOnPlane(data: Data, { origin, u, v }: Plane, [a, b]: number[], activation: Activation) {
  const { loss, gradients } = slope(data, unflat(combine(combine(origin, a, u), b, v)), activation);
  return { loss, gradient: [dot(gradients, u), dot(gradients, v)] };
}

/** An optimizer's way down the plane. */
export interface Walk {
  name: string;
  learningRate: number;
  /** the start, and the place after each step */
  places: [a: number, b: number][];
  /** the loss at the last place */
  loss: number;
}

/** On the plane there are two parameters in place of 2,702, and other rates are right. */
const planeRates: Record<string, number> = { SGD: 0.03, momentum: 0.01, Adagrad: 0.2, RMSprop: 0.03, Adam: 0.1 };

/** Each optimizer, with two numbers as its only parameters, from the same place on the plane. */
export function walks(data: Data, plane: Plane, from: [number, number], steps: number): Walk[] {
  return Object.entries(planeRates).map(([name, learningRate]) => {
    let parameters = [tensor(from)];
    const update = optimizers[name](parameters);
    const places: [number, number][] = [from];
    for (let step = 0; step < steps; step++) {
      const { gradient } = lossOnPlane(data, plane, places[step], chosen.activation);
      parameters = update(parameters, [tensor(gradient)], learningRate);
      places.push([parameters[0].at(0), parameters[0].at(1)]);
    }
    return { name, learningRate, places, loss: lossOnPlane(data, plane, places[steps], chosen.activation).loss };
  });
}

/** The walks over the level lines of the loss. */
export function walksSvg(data: Data, plane: Plane, all: Walk[]): string {
  const [wide, high, left, top] = [500, 400, 20, 20];
  const [a0, a1, b0, b1] = [-0.75, 1.25, -0.4, 1.2];
  const [columns, rows] = [41, 33];
  const px = (a: number) => left + ((a - a0) / (a1 - a0)) * wide;
  const py = (b: number) => top + ((b1 - b) / (b1 - b0)) * high;
  const losses = Array.from(linspace(b1, b0, rows).data, (b) =>
    Array.from(linspace(a0, a1, columns).data, (a) => lossOnPlane(data, plane, [a, b], chosen.activation).loss),
  );
  const heights = [0.14, 0.16, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8];
  const levels = heights.map((level) => {
    const pieces = crossings(losses, level).map(([c1, r1, c2, r2]) => {
      const at = (c: number, r: number) =>
        `${short(left + (c / (columns - 1)) * wide)} ${short(top + (r / (rows - 1)) * high)}`;
      return `M${at(c1, r1)}L${at(c2, r2)}`;
    });
    return `<path class="level" d="${pieces.join('')}"/>`;
  });
  const dashes = ['', '9 3', '2 3', '6 3 1 3', '14 4'];
  const paths = all.map(({ places }, i) => {
    // A place outside the frame is drawn on its edge.
    const ends = places.map(([a, b]) => [Math.min(a1, Math.max(a0, a)), Math.min(b1, Math.max(b0, b))]);
    const d = ends.map(([a, b], k) => `${k ? 'L' : 'M'}${short(px(a))} ${short(py(b))}`).join('');
    return `<path class="path ${'abcde'[i]}" stroke-dasharray="${dashes[i] || 'none'}" d="${d}"/>`;
  });
  const names = all.map(({ name, learningRate, loss }, i) => {
    const y = top + high + 44 + 20 * i;
    return (
      `<path class="path ${'abcde'[i]}" stroke-dasharray="${dashes[i] || 'none'}" d="M${left} ${y - 4}h40"/>` +
      `<text x="${left + 50}" y="${y}">${name}, rate ${learningRate}: loss ${loss.toFixed(3)} after ${all[i].places.length - 1} steps</text>`
    );
  });
  const [sa, sb] = all[0].places[0];
  return picture(
    wide + 2 * left,
    top + high + 44 + 20 * all.length,
    'moons-paths',
    'Five optimizers on one plane of the loss',
    `Level lines of the network’s loss on a plane through its parameters: a curved valley from the upper left to the lower right. ${all.length} paths start on the steep wall at the left; ${all.map((w) => `${w.name} ends at (${w.places[w.places.length - 1].map((v) => v.toFixed(2)).join(', ')}) with loss ${w.loss.toFixed(3)}`).join('; ')}.`,
    [
      ...levels,
      `<rect class="frame" x="${left}" y="${top}" width="${wide}" height="${high}"/>`,
      ...paths,
      `<circle class="dot" cx="${short(px(sa))}" cy="${short(py(sb))}" r="4"/>`,
      `<text x="${left}" y="${top + high + 20}">level lines at loss ${heights.join(', ')}</text>`,
      ...names,
    ],
  );
}

// The lab

export async function lab(io: LabIo): Promise<void> {
  const whole = (name: string, fallback: number, low: number, high: number) =>
    Math.min(high, Math.max(low, Math.round(io.option(name, fallback)) || fallback));
  const seed = whole('seed', 1, 1, 1e9);
  const seeds = whole('seeds', 10, 1, 100);
  const epochs = whole('epochs', chosen.epochs, 1, 1000);
  const settings = { ...chosen, epochs };
  const { activation } = settings;
  const { training, test } = moons(seed);
  const start = newNetwork(random(`weights ${seed}`));
  const seconds = (since: number) => `${((io.now() - since) / 1000).toFixed(1)} s`;

  io.print(`Two moons, seed ${seed}: 700 points to learn from, 300 to be examined on.`);
  io.print(
    `A network of ${WIDTHS.join('-')} units, ${flat(start).reduce((n, p) => n + p.size, 0)} numbers to learn.\n`,
  );

  // One training, watched.
  const moments = [1, 3, 10, 30, epochs].filter((e, i, all) => e <= epochs && all.indexOf(e) === i);
  const seen = [{ title: 'before training', layers: start }];
  const losses: number[] = [];
  const began = io.now();
  const best = train(training, start, settings, random(`order ${seed}`), (epoch, loss, layers) => {
    losses.push(loss);
    if (moments.includes(epoch)) {
      seen.push({ title: `epoch ${epoch}: loss ${loss.toFixed(3)}`, layers });
      if (seen.length % 3 === 0) show(seen.slice(-3));
    }
    io.progress((0.7 * epoch) / epochs / seeds, `epoch ${epoch} of ${epochs}, loss ${loss.toFixed(3)}`);
    return !io.stopped();
  });
  const took = seconds(began);
  if (io.stopped()) return;
  if (seen.length % 3 > 0) show(seen.slice(-(seen.length % 3)));
  function show(stages: typeof seen): void {
    io.print(beside(stages.map(({ title, layers }) => ({ title, lines: planeText(layers, activation, test) }))) + '\n');
  }
  io.print('The loss, epoch by epoch:\n');
  io.print(curveText(losses));
  io.print(`\n${losses.length} epochs in ${took}.`);
  const four = seen.filter((_, i) => [0, 2, 3, seen.length - 1].includes(i));
  await io.save('moons.svg', boundarySvg(four, activation, test));

  // The examination.
  const counts = confusion(test, best, activation);
  const { precision, recall, f1, ...rest } = scores(counts);
  io.print('\nThe 300 test points:\n');
  io.print(
    tableText([['', 'taken for 0', 'taken for 1'], ...counts.map((row, t) => [`class ${t}`, ...row.map(String)])]),
  );
  io.print(`\naccuracy ${percent(rest.accuracy)}; for class 1:`);
  io.print(`precision ${percent(precision)}, recall ${percent(recall)}, F1 ${percent(f1)}`);

  // The same with other data and other weights.
  const shares = [rest.accuracy];
  for (let k = 1; k < seeds; k++) {
    const now = seed + k;
    const other = moons(now);
    const fresh = newNetwork(random(`weights ${now}`));
    const layers = train(other.training, fresh, settings, random(`order ${now}`), (epoch) => {
      io.progress((0.7 * (k + epoch / epochs)) / seeds, `seed ${now}, epoch ${epoch} of ${epochs}`);
      return !io.stopped();
    });
    if (io.stopped()) return;
    shares.push(accuracy(other.test, layers, activation));
  }
  if (seeds > 1) {
    const cells = shares.map((a) => (100 * a).toFixed(1).padStart(6));
    io.print(`\nTest accuracy over the seeds ${seed} to ${seed + seeds - 1}, in percent:\n`);
    for (let k = 0; k < seeds; k += 10) io.print(cells.slice(k, k + 10).join(''));
    io.print(`\non average ${percent(shares.reduce((a, b) => a + b, 0) / seeds)}`);
  }

  // The optimizers, all from the same weights.
  const few = Math.min(20, epochs);
  const runs = compareOptimizers(training, start, few, seed, (done) => {
    io.progress(0.7 + 0.2 * done, 'comparing optimizers');
    return !io.stopped();
  });
  if (io.stopped()) return;
  const at = [1, 5, few].filter((e, i, all) => e <= few && all.indexOf(e) === i);
  io.print(`\n${few} epochs from the same weights, at a constant rate:\n`);
  io.print(
    tableText([
      ['', 'rate', ...at.map((e) => `loss, epoch ${e}`), 'test accuracy'],
      ...runs.map((r) => [
        r.name,
        String(r.learningRate),
        ...at.map((e) => r.losses[e - 1].toFixed(4)),
        percent(accuracy(test, r.layers, activation)),
      ]),
    ]),
  );

  // Two numbers in place of all.
  io.progress(0.9, 'paths on a plane');
  const some = part(training, 0, 140);
  const plane = planeThrough(start, best, runs[0].layers);
  const paths = walks(some, plane, [-0.5, 0.5], 80);
  io.print('\nAnd on a plane through the space of all parameters, 80 steps from one place:\n');
  io.print(
    tableText([
      ['', 'rate', 'ends at', 'loss'],
      ...paths.map((w) => [
        w.name,
        String(w.learningRate),
        `(${w.places[80].map((v) => v.toFixed(2).replace('-', '−')).join(', ')})`,
        w.loss.toFixed(4),
      ]),
    ]),
  );
  await io.save('optimizers.svg', walksSvg(some, plane, paths));
  io.print('\nNext: npm run grade chapter-3');
  io.progress(1, 'done');
}
