/**
 * The lab of chapter 4: who remembers longest? A recurrent network, a GRU and an LSTM learn to add two numbers that stand
 * far apart in a long sequence, on the same budget, and then the LSTM shows its gates. Or five layers of LSTM learn to go
 * on with a wave. It runs on your own functions of this chapter and of chapters 2 and 3.
 *
 *   npm run lab chapter-4
 *   npm run lab chapter-4 -- --length 50 --forget 0
 *   npm run lab chapter-4 -- --task sine
 */
import { random, tensor, uniform, zeros, zerosLike } from '#tensor';
import type { Random, Tensor } from '#tensor';
import { linearBackward, linearForward } from '../chapter-2-bp/linear.ts';
import { mseBackward, mseForward } from '../chapter-2-bp/losses.ts';
import { adamInit, adamStep, clipByNorm } from '../chapter-2-bp/optimizers.ts';
import { rnnBackward, rnnForward } from '../chapter-3-rnn/rnn.ts';
import { gruBackward, gruForward } from './gru.ts';
import { lstmBackward, lstmForward } from './lstm.ts';
import { stackedBackward, stackedForward } from './stacked-lstm.ts';
import type { LstmLayer, LstmState } from './stacked-lstm.ts';

/** What a lab may do to the world around it. */
export interface LabIo {
  print(text: string): void;
  /** How far along the lab is, from 0 to 1. */
  progress(fraction: number, note?: string): void;
  save(fileName: string, text: string): void | Promise<void>;
  option<T extends number | string>(name: string, fallback: T): T;
  /** Whether somebody asked to stop. */
  stopped(): boolean;
  /** Milliseconds on some clock. */
  now(): number;
}

// The adding problem

/** Sequences of pairs (a number, a mark), and the sum of the two marked numbers. */
export interface Batch {
  /** (T, B, 2) */
  x: Tensor;
  /** (B, 1) */
  target: Tensor;
}

/**
 * The adding problem: T numbers between 0 and 1, two of them marked, one in each half; the answer is their sum.
 *
 * @see Hochreiter & Schmidhuber 1997, section 5.4
 */
export function adding(length: number, count: number, rng: Random): Batch {
  const [x, target] = [zeros(length, count, 2), zeros(count, 1)];
  const half = Math.floor(length / 2);
  const numbers = uniform([count, length], rng);
  for (let b = 0; b < count; b++) {
    for (let t = 0; t < length; t++) x.data[(t * count + b) * 2] = numbers.at(b, t);
    for (const t of [rng.integer(half), half + rng.integer(length - half)]) {
      x.data[(t * count + b) * 2 + 1] = 1;
      target.data[b] += numbers.at(b, t);
    }
  }
  return { x, target };
}

/** Parameters of a recurrent layer, whatever its kind: PyTorch's names, the gates' rows stacked. */
export interface Weights {
  wIh: Tensor;
  wHh: Tensor;
  bIh: Tensor;
  bHh: Tensor;
}

/** A recurrent layer read to its end: its last state, and the way back from there. */
export interface Reader {
  name: string;
  /** Blocks of H rows. */
  gates: number;
  read(x: Tensor, weights: Weights): { last: Tensor; back: (dLast: Tensor) => Weights };
}

const first = (x: Tensor, { wHh }: Weights) => zeros(x.shape[1], wHh.shape[1]);
export const readers: Reader[] = [
  {
    name: 'RNN',
    gates: 1,
    read(x, weights) {
      const { y, hn, cache } = rnnForward(x, first(x, weights), weights);
      return { last: hn, back: (d) => rnnBackward(zerosLike(y), d, cache).weights };
    },
  },
  {
    name: 'GRU',
    gates: 3,
    read(x, weights) {
      const { y, hn, cache } = gruForward(x, first(x, weights), weights);
      return { last: hn, back: (d) => gruBackward(zerosLike(y), d, cache).weights };
    },
  },
  {
    name: 'LSTM',
    gates: 4,
    read(x, weights) {
      const start = first(x, weights);
      const { y, hn, cache } = lstmForward(x, start, start, weights);
      return { last: hn, back: (d) => lstmBackward(zerosLike(y), d, zerosLike(d), cache).weights };
    },
  },
];

/** A recurrent layer and a linear one that reads its last state. */
export interface Model {
  layer: Weights;
  w: Tensor;
  b: Tensor;
}

/** Uniform between ±1/√H, as PyTorch does; biases 0, but 1 for the LSTM's forget gate: it begins by remembering. */
export function newLayer(gates: number, inputs: number, width: number, rng: Random, forget = 1): Weights {
  const k = 1 / Math.sqrt(width);
  const bIh = zeros(gates * width);
  return {
    wIh: uniform([gates * width, inputs], rng, -k, k),
    wHh: uniform([gates * width, width], rng, -k, k),
    bIh: gates === 4 ? bIh.withSlice([[width, 2 * width]], forget) : bIh,
    bHh: zeros(gates * width),
  };
}

export function newModel({ gates }: Reader, { width, seed, forget }: Settings): Model {
  const rng = random(`weights ${seed}`);
  const k = 1 / Math.sqrt(width);
  return { layer: newLayer(gates, 2, width, rng, forget), w: uniform([1, width], rng, -k, k), b: zeros(1) };
}

const flat = ({ layer: { wIh, wHh, bIh, bHh }, w, b }: Model) => [wIh, wHh, bIh, bHh, w, b];
const unflat = ([wIh, wHh, bIh, bHh, w, b]: Tensor[]): Model => ({ layer: { wIh, wHh, bIh, bHh }, w, b });

/** The mean squared error of a batch, and its gradient with respect to every parameter. */
export function slope(reader: Reader, model: Model, { x, target }: Batch): { loss: number; gradients: Tensor[] } {
  const { last, back } = reader.read(x, model.layer);
  const head = linearForward(last, model.w, model.b);
  const { loss, cache } = mseForward(head.y, target);
  const { dx, dw, db } = linearBackward(mseBackward(cache), head.cache);
  return { loss, gradients: flat({ layer: back(dx), w: dw, b: db }) };
}

export const testLoss = (reader: Reader, { layer, w, b }: Model, { x, target }: Batch) =>
  mseForward(linearForward(reader.read(x, layer).last, w, b).y, target).loss;

const adam = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
/** Batches over whose mean it is decided whether a network is done, and every how many steps that is asked. */
const WINDOW = 20;
export const DONE = 0.01;

export interface Settings {
  length: number;
  width: number;
  batch: number;
  /** at most so many */
  steps: number;
  seed: number;
  /** the bias of an LSTM's forget gate to begin with */
  forget: number;
}

/** A training: the loss of every batch (all of them new), and whether it got below 0.01. */
export interface Training {
  losses: number[];
  done: boolean;
  model: Model;
}

const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
/** The mean loss of the last batches. */
export const lately = (losses: number[]) => mean(losses.slice(-WINDOW));

/** Trains until the mean of 20 batches is below 0.01, the steps are used up, or `listen` answers false. */
export function train(reader: Reader, settings: Settings, listen: (losses: number[]) => boolean): Training {
  const { length, batch, steps, seed } = settings;
  const rng = random(`adding ${seed}`);
  const losses: number[] = [];
  let parameters = flat(newModel(reader, settings));
  let state = adamInit(parameters);
  let done = false;
  while (losses.length < steps && !done) {
    const { loss, gradients } = slope(reader, unflat(parameters), adding(length, batch, rng));
    ({ parameters, state } = adamStep(parameters, clipByNorm(gradients, 1).gradients, state, adam));
    losses.push(loss);
    done = losses.length % WINDOW === 0 && lately(losses) < DONE;
    if (!listen(losses)) break;
  }
  return { losses, done, model: unflat(parameters) };
}

/** The loss at every moment as the mean of the batches around it: one number for each 20 steps. */
export function smoothed(losses: number[]): number[] {
  return Array.from({ length: Math.ceil(losses.length / WINDOW) }, (_, k) =>
    mean(losses.slice(k * WINDOW, (k + 1) * WINDOW)),
  );
}

// The gates of an LSTM

/** What an LSTM did with one sequence: per unit one number for each time. */
export interface Gates {
  /** The numbers read, and where the marks stood. */
  numbers: number[];
  marks: number[];
  input: number[][];
  forget: number[][];
  output: number[][];
  /** after each step */
  cell: number[][];
}

/** Reads one sequence and writes down gates and cells; the units that open most at the marks come first. */
export function gatesOf({ layer }: Model, { x }: Batch): Gates {
  const one = x.slice(null, [0, 1]);
  const start = zeros(1, layer.wHh.shape[1]);
  const { cn, cache } = lstmForward(one, start, start, layer);
  const { steps } = cache;
  const numbers = steps.map((_, t) => one.at(t, 0, 0));
  const marks = steps.flatMap((_, t) => (one.at(t, 0, 1) === 1 ? [t] : []));
  const cells = [...steps.slice(1).map((step) => step.c), cn];
  const perUnit = (at: Tensor[]) => Array.from({ length: start.size }, (_, k) => at.map((row) => row.at(0, k)));
  const all = {
    input: perUnit(steps.map((step) => step.i)),
    forget: perUnit(steps.map((step) => step.f)),
    output: perUnit(steps.map((step) => step.o)),
    cell: perUnit(cells),
  };
  const opening = all.input.map((row) => mean(marks.map((t) => row[t])) - mean(row));
  const order = opening.map((_, k) => k).sort((a, b) => opening[b] - opening[a]);
  const sorted = (rows: number[][]) => order.map((k) => rows[k]);
  return {
    numbers,
    marks,
    input: sorted(all.input),
    forget: sorted(all.forget),
    output: sorted(all.output),
    cell: sorted(all.cell),
  };
}

/** One unit's gate: its mean at the marks, and everywhere else. */
export const atMarks = (row: number[], marks: number[]) => ({
  marked: mean(marks.map((t) => row[t])),
  elsewhere: mean(row.filter((_, t) => !marks.includes(t))),
});

/** A row divided by its largest entry, whatever the sign of that. */
const bySize = (row: number[]) => row.map((v) => v / Math.max(1e-9, ...row.map(Math.abs)));

const SHADES = ' .:-=+*#%@';

/** A row of numbers between 0 and 1 as characters, dark for 1; at most 60, each the largest of its share. */
export function strip(row: number[]): string {
  const columns = Math.min(60, row.length);
  return Array.from({ length: columns }, (_, c) => {
    const from = Math.floor((c * row.length) / columns);
    const top = Math.max(...row.slice(from, Math.floor(((c + 1) * row.length) / columns)));
    return SHADES[Math.min(9, Math.max(0, Math.round(top * 9)))];
  }).join('');
}

// The wave

/** How many layers the wave task has, how wide they are inside, and how wide what they hand on is. */
export const STACK = { layers: 5, width: 16, projection: 8 };

/** Five layers and a linear one that reads the top layer's output. */
export interface StackModel {
  layers: LstmLayer[];
  w: Tensor;
  b: Tensor;
}

export function newStack(seed: number): StackModel {
  const rng = random(`stack ${seed}`);
  const { layers, width, projection } = STACK;
  const k = 1 / Math.sqrt(width);
  return {
    layers: Array.from({ length: layers }, (_, l) => ({
      ...newLayer(4, l === 0 ? 1 : projection, width, rng),
      wHh: uniform([4 * width, projection], rng, -k, k),
      wHr: uniform([projection, width], rng, -k, k),
    })),
    w: uniform([1, projection], rng, -k, k),
    b: zeros(1),
  };
}

const flatStack = ({ layers, w, b }: StackModel) => [
  ...layers.flatMap(({ wIh, wHh, bIh, bHh, wHr }) => [wIh, wHh, bIh, bHh, wHr!]),
  w,
  b,
];
const unflatStack = (list: Tensor[]): StackModel => ({
  layers: Array.from({ length: STACK.layers }, (_, l) => {
    const [wIh, wHh, bIh, bHh, wHr] = list.slice(5 * l, 5 * l + 5);
    return { wIh, wHh, bIh, bHh, wHr };
  }),
  w: list[list.length - 2],
  b: list[list.length - 1],
});

/** Nothing remembered: a state for each layer. */
export const noStates = (batch: number): LstmState[] =>
  Array.from({ length: STACK.layers }, () => ({ h: zeros(batch, STACK.projection), c: zeros(batch, STACK.width) }));

/** sin(2π (t / period + phase)), t = 0 … length − 1 */
export const wave = (length: number, period: number, phase: number) =>
  Array.from({ length }, (_, t) => Math.sin(2 * Math.PI * (t / period + phase)));

/** Waves of periods between 12 and 30 and any phase: (T + 1, B, 1), so that each value has a next one. */
export function waves(length: number, count: number, rng: Random): Tensor {
  const each = Array.from({ length: count }, () => wave(length + 1, 12 + 18 * rng.next(), rng.next()));
  return tensor(each).T.expandDims(2);
}

/** The error of guessing every next value, and its gradient with respect to every parameter. */
export function stackSlope(model: StackModel, values: Tensor): { loss: number; gradients: Tensor[] } {
  const [T, B] = [values.shape[0] - 1, values.shape[1]];
  const { y, states, cache } = stackedForward(values.slice([0, T]), noStates(B), model.layers);
  const rows = y.reshape(T * B, STACK.projection);
  const head = linearForward(rows, model.w, model.b);
  const { loss, cache: error } = mseForward(head.y, values.slice([1, T + 1]).reshape(T * B, 1));
  const { dx, dw, db } = linearBackward(mseBackward(error), head.cache);
  const nothing = states.map(({ h, c }) => ({ h: zerosLike(h), c: zerosLike(c) }));
  const { layers } = stackedBackward(dx.reshape(...y.shape), nothing, cache);
  return { loss, gradients: flatStack({ layers, w: dw, b: db }) };
}

/** Trains on new waves at every step. */
export function trainStack(
  settings: Pick<Settings, 'length' | 'batch' | 'steps' | 'seed'>,
  listen: (losses: number[]) => boolean,
): { losses: number[]; model: StackModel } {
  const { length, batch, steps, seed } = settings;
  const rng = random(`waves ${seed}`);
  let parameters = flatStack(newStack(seed));
  let state = adamInit(parameters);
  const losses: number[] = [];
  while (losses.length < steps) {
    const { loss, gradients } = stackSlope(unflatStack(parameters), waves(length, batch, rng));
    ({ parameters, state } = adamStep(parameters, clipByNorm(gradients, 1).gradients, state, adam));
    losses.push(loss);
    if (!listen(losses)) break;
  }
  return { losses, model: unflatStack(parameters) };
}

/** Reads some values, then goes on alone: every guess is its next input. */
export function goOn({ layers, w, b }: StackModel, heard: number[], more: number): number[] {
  let states = noStates(1);
  let next = 0;
  const said: number[] = [];
  for (let t = 0; t < heard.length + more - 1; t++) {
    const x = tensor([[[t < heard.length ? heard[t] : next]]]);
    const step = stackedForward(x, states, layers);
    states = step.states;
    next = linearForward(step.y.row(0), w, b).y.item();
    if (t >= heard.length - 1) said.push(next);
  }
  return said;
}

// Pictures

const style = `<style>
.memory text { font: 13px system-ui, sans-serif; fill: #24292f; }
.memory .frame { fill: none; stroke: #8c959f; }
.memory .gate { fill: #8250df; } .memory .plus { fill: #0969da; } .memory .minus { fill: #bc4c00; }
.memory .mark { stroke: #24292f; stroke-width: 1.5; }
.memory .path { fill: none; stroke-width: 2; }
.memory .a { stroke: #bc4c00; stroke-dasharray: 2 3; } .memory .b { stroke: #1a7030; stroke-dasharray: 8 4; }
.memory .c { stroke: #8250df; }
.memory .level { stroke: #8c959f; stroke-dasharray: 3 4; }
@media (prefers-color-scheme: dark) {
.memory text { fill: #e6edf3; }
.memory .frame { stroke: #6e7681; }
.memory .gate { fill: #bc8cff; } .memory .plus { fill: #58a6ff; } .memory .minus { fill: #ffa657; }
.memory .mark { stroke: #e6edf3; }
.memory .a { stroke: #ffa657; } .memory .b { stroke: #6fd583; } .memory .c { stroke: #bc8cff; }
.memory .level { stroke: #6e7681; }
}
</style>`;

export function picture(width: number, height: number, id: string, title: string, story: string, body: string[]) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-labelledby="${id}-t ${id}-d" class="memory">
<title id="${id}-t">${title}</title>
<desc id="${id}-d">${story}</desc>
${style}
${body.join('\n')}
</svg>
`;
}

const short = (v: number) => String(Math.round(v * 10) / 10 || 0);

/** Rows of numbers between −1 and 1 as a field of cells: eight strengths of one colour above 0, of another below. */
export function heat(rows: number[][], left: number, top: number, wide: number, high: number, colour = 'gate'): string {
  const [columns, count] = [rows[0].length, rows.length];
  const shades = new Map<string, string[]>();
  rows.forEach((row, r) => {
    const level = row.map((v) => Math.max(-8, Math.min(8, Math.round(8 * v))));
    for (let c = 0; c < columns; c++) {
      const from = c;
      while (c + 1 < columns && level[c + 1] === level[from]) c++;
      if (level[from] === 0) continue;
      const name = `${level[from] > 0 ? colour : 'minus'}" fill-opacity="${Math.abs(level[from]) / 8}`;
      const n = c + 1 - from;
      shades.set(name, [...(shades.get(name) ?? []), `M${from} ${r}h${n}v1h-${n}z`]);
    }
  });
  const paths = [...shades].map(([name, pieces]) => `<path class="${name}" d="${pieces.join('')}"/>`);
  return [
    `<g transform="translate(${left} ${top}) scale(${short(wide / columns)} ${short(high / count)})">${paths.join('')}</g>`,
    `<rect class="frame" x="${left}" y="${top}" width="${short(Number(short(wide / columns)) * columns)}" height="${short(Number(short(high / count)) * count)}"/>`,
  ].join('\n');
}

/** The gates of all units over one sequence, and the cells: time from left to right, a row for each unit. */
export function gatesSvg({ numbers, marks, input, forget, output, cell }: Gates): string {
  const [left, wide, high, gap] = [150, 500, 96, 22];
  const panels: [string, string, number[][], string][] = [
    ['input gate i', 'opens to write', input, 'gate'],
    ['forget gate f', '1: keeps', forget, 'gate'],
    ['output gate o', 'opens to show', output, 'gate'],
    ['cell c', 'row by row', cell.map(bySize), 'plus'],
  ];
  const column = Number(short(wide / numbers.length));
  const middle = (t: number) => left + (t + 0.5) * column;
  const bottom = 40 + panels.length * (high + gap);
  const body = panels.flatMap(([name, note, rows, colour], k) => {
    const top = 40 + k * (high + gap);
    return [
      heat(rows, left, top, wide, high, colour),
      `<text x="${left - 10}" y="${top + 44}" text-anchor="end">${name}</text>`,
      `<text x="${left - 10}" y="${top + 62}" text-anchor="end">${note}</text>`,
    ];
  });
  const arrows = marks.flatMap((t) => [
    `<path class="mark" d="M${short(middle(t))} 22V38"/>`,
    `<text x="${short(middle(t))}" y="16" text-anchor="middle">${numbers[t].toFixed(2)}</text>`,
  ]);
  return picture(
    left + wide + 30,
    bottom + 20,
    'gates',
    'The gates of an LSTM that adds two marked numbers',
    `Four fields, one above the other: input gate, forget gate, output gate and cell of ${input.length} units (rows) over ${numbers.length} times (columns); each row of cells is divided by its largest entry. The marked numbers stand at the times ${marks.join(' and ')}, counted from 0.`,
    [
      ...body,
      ...arrows,
      `<text x="${left - 10}" y="30" text-anchor="end">marked</text>`,
      `<text x="${left + wide / 2}" y="${bottom + 8}" text-anchor="middle">time →</text>`,
    ],
  );
}

/** The loss of the three against the steps. */
export function lossesSvg(runs: { name: string; losses: number[] }[], steps: number): string {
  const [left, top, wide, high, most] = [60, 20, 520, 240, 0.25];
  const px = (step: number) => short(left + (step / steps) * wide);
  const py = (v: number) => short(top + (1 - Math.min(v, most) / most) * high);
  const body = runs.flatMap(({ name, losses }, k) => {
    const curve = smoothed(losses);
    const at = curve.map((v, i) => `${px(Math.min(losses.length, (i + 1) * WINDOW))} ${py(v)}`);
    const last = Number(py(curve[curve.length - 1]));
    const end = Math.min(Number(px(losses.length)), left + wide - 40);
    return [
      `<path class="path ${'abc'[k % 3]}" d="M${at.join('L')}"/>`,
      `<text x="${short(end + 6)}" y="${short(last - 8)}">${name}</text>`,
    ];
  });
  return picture(
    left + wide + 30,
    top + high + 50,
    'adding',
    'Who learns the adding problem',
    `The mean squared error of ${runs.map((r) => r.name).join(', ')} against the steps of training, up to ${steps}; ${runs.map((r) => `${r.name} ends at ${lately(r.losses).toFixed(3)} after ${r.losses.length} steps`).join(', ')}. A dashed level marks 0.167, the error of always answering 1.`,
    [
      `<path class="frame" d="M${left} ${top}V${top + high}H${left + wide}"/>`,
      ...[0, 0.05, 0.1, 0.15, 0.2, 0.25].map(
        (v) => `<text x="${left - 8}" y="${short(Number(py(v)) + 4)}" text-anchor="end">${v}</text>`,
      ),
      ...[0, 0.25, 0.5, 0.75, 1].map(
        (s) => `<text x="${px(s * steps)}" y="${top + high + 18}" text-anchor="middle">${Math.round(s * steps)}</text>`,
      ),
      `<text x="${left + wide / 2}" y="${top + high + 38}" text-anchor="middle">step</text>`,
      `<path class="level" d="M${left} ${py(1 / 6)}H${left + wide}"/>`,
      ...body,
    ],
  );
}

/** What was heard, how it would have gone on, and how the stack goes on. */
export function waveSvg(heard: number[], truth: number[], said: number[]): string {
  const [left, top, wide, high] = [30, 20, 560, 200];
  const all = heard.length + truth.length;
  const at = (v: number, t: number) => `${short(left + (t / (all - 1)) * wide)} ${short(top + (0.5 - v / 2.6) * high)}`;
  const path = (list: number[], from: number) => `M${list.map((v, i) => at(v, from + i)).join('L')}`;
  return picture(
    left + wide + 30,
    top + high + 30,
    'wave',
    'Five layers go on with a wave',
    `${heard.length} values of a sine wave that were given, then ${truth.length} that the network makes from its own answers (solid), beside the wave itself (dotted).`,
    [
      `<path class="level" d="M${at(1.3, heard.length - 1)}L${at(-1.3, heard.length - 1)}"/>`,
      `<path class="path b" d="${path(heard, 0)}"/>`,
      `<path class="path a" d="${path([heard[heard.length - 1], ...truth], heard.length - 1)}"/>`,
      `<path class="path c" d="${path([heard[heard.length - 1], ...said], heard.length - 1)}"/>`,
      `<text x="${left}" y="${top + high + 22}">heard: dashed</text>`,
      `<text x="${left + wide}" y="${top + high + 22}" text-anchor="end">the wave: dotted; the network: solid</text>`,
    ],
  );
}

/** Curves in letters, 60 columns and 11 rows, as wide as the longest of them: the last one's letter lies on top. */
export function curvesText(curves: { letter: string; values: number[] }[], low: number, high: number): string {
  const [rows, columns] = [11, 60];
  const longest = Math.max(2, ...curves.map(({ values }) => values.length));
  const grid = Array.from({ length: rows }, () => Array.from({ length: columns }, () => ' '));
  for (const { letter, values } of curves) {
    values.forEach((v, i) => {
      const c = Math.round((i / (longest - 1)) * (columns - 1));
      const r = Math.round(((high - v) / (high - low)) * (rows - 1));
      if (r >= 0 && r < rows && Number.isFinite(v)) grid[r][c] = letter;
    });
  }
  return grid.map((row, r) => {
    const label = r === 0 ? high : r === rows - 1 ? low : r === (rows - 1) / 2 ? (low + high) / 2 : undefined;
    return `${(label === undefined ? '' : label.toFixed(2)).padStart(6)} |${row.join('')}`.trimEnd();
  }).join('\n'); // prettier-ignore
}

/** Rows of cells in columns: the first to the left, the others to the right. */
export function tableText(rows: string[][]): string {
  const widths = rows[0].map((_, j) => Math.max(...rows.map((row) => row[j].length)));
  const pad = (cell: string, j: number) => (j ? cell.padStart(widths[j]) : cell.padEnd(widths[j]));
  return rows.map((row) => row.map(pad).join('   ').trimEnd()).join('\n');
}

// The lab

export async function lab(io: LabIo): Promise<void> {
  const task = io.option('task', 'adding');
  if (task !== 'adding' && task !== 'sine') throw new Error(`the option task is "adding" or "sine", not "${task}"`);
  const whole = (name: string, fallback: number, low: number, high: number) =>
    Math.min(high, Math.max(low, Math.round(io.option(name, fallback)) || fallback));
  return task === 'adding' ? addingLab(io, whole) : sineLab(io, whole);
}

type Whole = (name: string, fallback: number, low: number, high: number) => number;

/** What a step of each costs beside the others, for the time left. */
const costs: Record<string, number> = { RNN: 1, GRU: 3, LSTM: 3.6 };

async function addingLab(io: LabIo, whole: Whole): Promise<void> {
  const settings: Settings = {
    length: whole('length', 100, 4, 1000),
    steps: whole('steps', 1500, 20, 100_000),
    width: whole('width', 32, 1, 512),
    batch: whole('batch', 32, 1, 1024),
    seed: whole('seed', 1, 1, 1e9),
    forget: io.option('forget', 1),
  };
  const { length, steps, width, seed } = settings;
  const test = adding(length, 500, random(`test ${seed}`));
  io.print(`${length} numbers, two of them marked, one in each half. What is the sum of those two?`);
  io.print(`Always answering 1 has a mean squared error of 0.167.\nDone means: below ${DONE} over ${WINDOW} batches.`);
  io.print(`Width ${width}, at most ${steps} steps each.\n`);

  const total = steps * Object.values(costs).reduce((a, b) => a + b, 0);
  let before = 0;
  const runs: (Training & { name: string; reader: Reader })[] = [];
  for (const reader of readers) {
    const { name } = reader;
    const began = io.now();
    const run = train(reader, settings, (losses) => {
      const n = losses.length;
      if (n % WINDOW === 0) {
        io.progress((before + n * costs[name]) / total, `${name}, step ${n}, error ${lately(losses).toFixed(4)}`);
      }
      return !io.stopped();
    });
    if (io.stopped()) return;
    before += steps * costs[name];
    runs.push({ ...run, name, reader });
    const how = run.done ? `done after ${run.losses.length} steps` : `not done after ${run.losses.length} steps`;
    io.print(
      `${name.padEnd(4)}  ${how}, error ${lately(run.losses).toFixed(4)}, in ${((io.now() - began) / 1000).toFixed(0)} s`,
    );
  }

  io.print('\nThe error while they learned (R: RNN, G: GRU, L: LSTM), step by step:\n');
  io.print(curvesText(runs.map(({ name, losses }) => ({ letter: name[0], values: smoothed(losses) })), 0, 0.2)); // prettier-ignore
  io.print('\nOn 500 sequences that none of them has seen:\n');
  io.print(
    tableText([
      ['', 'numbers to learn', 'steps', 'error'],
      ...runs.map(({ name, reader, model, losses }) => [
        name,
        String(flat(model).reduce((n, p) => n + p.size, 0)),
        String(losses.length),
        testLoss(reader, model, test).toFixed(4),
      ]),
    ]),
  );
  await io.save('adding.svg', lossesSvg(runs, Math.max(...runs.map((r) => r.losses.length))));

  // What the LSTM does with its gates.
  const lstm = runs[runs.length - 1].model;
  const gates = gatesOf(lstm, test);
  const row = (name: string, of: number[]) => `  ${name.padEnd(12)}|${strip(of)}|`;
  io.print('\nThe LSTM reads one of them. Its three units that open most at the marks:\n');
  io.print(row('marks', gates.numbers.map((_, t) => (gates.marks.includes(t) ? 1 : 0)))); // prettier-ignore
  for (let k = 0; k < Math.min(3, width); k++) {
    io.print(row('input gate', gates.input[k]));
    io.print(row('forget gate', gates.forget[k]));
    io.print(row('cell', bySize(gates.cell[k]).map(Math.abs)));
  }
  const most = atMarks(gates.input[0], gates.marks);
  io.print(
    `\nThe first one's input gate: ${most.marked.toFixed(2)} at the marks, ${most.elsewhere.toFixed(2)} elsewhere.`,
  );
  await io.save('gates.svg', gatesSvg(gates));
  io.print('\nNext: npm run lab chapter-4 -- --task sine');
  io.progress(1, 'done');
}

async function sineLab(io: LabIo, whole: Whole): Promise<void> {
  const settings = {
    length: whole('length', 40, 4, 1000),
    steps: whole('steps', 800, 20, 100_000),
    batch: whole('batch', 16, 1, 1024),
    seed: whole('seed', 1, 1, 1e9),
  };
  const { layers, width, projection } = STACK;
  const size = flatStack(newStack(settings.seed)).reduce((n, p) => n + p.size, 0);
  io.print(`${layers} layers of LSTM, ${width} cells each, ${projection} numbers handed on; ${size} numbers to learn.`);
  io.print('They hear waves of periods 12 to 30 and guess the next value, again and again.\n');
  const { losses, model } = trainStack(settings, (seen) => {
    const n = seen.length;
    if (n % 10 === 0) io.progress(n / settings.steps, `step ${n}, error ${lately(seen).toFixed(4)}`);
    if (n % 100 === 0) io.print(`step ${String(n).padStart(5)}   error ${lately(seen).toFixed(4)}`);
    return !io.stopped();
  });
  if (io.stopped()) return;
  const curve = smoothed(losses);
  io.print('\nThe error while they learned:\n');
  io.print(curvesText([{ letter: '*', values: curve }], 0, Math.max(...curve)));

  const line = wave(100, 20, 0.1);
  const [heard, truth] = [line.slice(0, 40), line.slice(40)];
  const said = goOn(model, heard, truth.length);
  io.print(
    '\nAfter 40 values of a wave of period 20 they go on alone,\neach answer the next input (o; the wave itself: .):\n',
  );
  io.print(curvesText([{ letter: '.', values: truth }, { letter: 'o', values: said }], -1.3, 1.3)); // prettier-ignore
  const off = (n: number) => mean(said.slice(0, n).map((v, i) => (v - truth[i]) ** 2)).toFixed(4);
  io.print(
    `\nMean squared error: ${off(10)} over the first 10 values, ${off(60)} over all 60\n(silence would have 0.5).`,
  );
  await io.save('wave.svg', waveSvg(heard, truth, said));
  io.print('\nNext: npm run grade chapter-5');
  io.progress(1, 'done');
}
