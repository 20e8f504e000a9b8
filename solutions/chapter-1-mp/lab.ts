/**
 * The lab of chapter 1: a perceptron learns AND while you watch its boundary move, then OR and the majority of n;
 * then it meets XOR. It runs on your own functions from neuron.ts, perceptron.ts and linear-unit.ts.
 *
 *   npm run lab chapter-1
 */
import { evaluateNetwork, xorNetwork } from './neuron.ts';
import { novikoffBound, perceptronUpdate, predict, trainPerceptron } from './perceptron.ts';
import type { Perceptron } from './perceptron.ts';
import { trainLinearUnit } from './linear-unit.ts';

/** What a lab may do to the world around it. */
export interface LabIo {
  print(text: string): void;
  /** How far along the lab is, from 0 to 1. */
  progress(fraction: number, note?: string): void;
  save(fileName: string, text: string): void | Promise<void>;
  option(name: string, fallback: number): number;
  /** Whether somebody asked to stop. */
  stopped(): boolean;
  /** Milliseconds on some clock. */
  now(): number;
}

/** A task for a perceptron: bits in, one class out. */
export interface Task {
  name: string;
  samples: number[][];
  labels: number[];
}

/** The perceptron at the end of an epoch. */
export interface Epoch extends Perceptron {
  mistakes: number;
}

/** Every row of n bits, counting up: 00, 01, 10, 11 for n = 2. */
export function allInputs(n: number): number[][] {
  return Array.from({ length: 2 ** n }, (_, k) => Array.from({ length: n }, (_, i) => (k >> (n - 1 - i)) & 1));
}

/** A task from a rule on bits. */
export function task(name: string, n: number, rule: (x: number[]) => boolean): Task {
  const samples = allInputs(n);
  return { name, samples, labels: samples.map((x) => (rule(x) ? 1 : -1)) };
}

const count = (x: number[]) => x.reduce((sum, bit) => sum + bit, 0);
export const AND = task('AND', 2, (x) => count(x) === 2);
export const OR = task('OR', 2, (x) => count(x) >= 1);
export const XOR = task('XOR', 2, (x) => count(x) === 1);
export const majority = (n: number) => task(`majority of ${n}`, n, (x) => 2 * count(x) > n);

/** Trains like trainPerceptron, but keeps the weights at the end of every epoch. */
export function epochs({ samples, labels }: Task, learningRate: number, limit: number): Epoch[] {
  let now: Perceptron = { weights: samples[0].map(() => 0), bias: 0 };
  const seen: Epoch[] = [];
  while (seen.length < limit && seen.at(-1)?.mistakes !== 0) {
    let mistakes = 0;
    samples.forEach((x, i) => {
      if (predict(x, now.weights, now.bias) !== labels[i]) mistakes++;
      now = perceptronUpdate(x, labels[i], now.weights, now.bias, learningRate);
    });
    seen.push({ ...now, mistakes });
  }
  return seen;
}

/** The perceptron after each sample of one epoch that starts from the given weights. */
export function oneEpoch({ samples, labels }: Task, from: Perceptron, learningRate: number): Perceptron[] {
  let now = from;
  return samples.map((x, i) => (now = perceptronUpdate(x, labels[i], now.weights, now.bias, learningRate)));
}

/** The first epoch whose weights had been seen before, and how many epochs ago; undefined when none repeats. */
export function cycleOf(run: Epoch[]): { from: number; length: number } | undefined {
  const key = (e: Epoch) => [...e.weights, e.bias].join(' ');
  for (let end = 1; end < run.length; end++) {
    const start = run.findIndex((e) => key(e) === key(run[end]));
    if (start < end) return { from: start + 1, length: end - start };
  }
  return undefined;
}

/** A number as people write it: a real minus sign, no noise in the last digits. */
export function show(x: number): string {
  return String(Number(x.toPrecision(6))).replace('-', '−');
}

/** The boundary's formula: "2·x₁ + x₂ − 3 ≥ 0". */
export function formula({ weights, bias }: Perceptron): string {
  const terms = [...weights.map((w, i) => ({ c: w, v: `x${i + 1}` })), { c: bias, v: '' }].filter(({ c }) => c !== 0);
  if (terms.length === 0) return '0 ≥ 0';
  const text = terms.map(({ c, v }, i) => {
    const sign = c < 0 ? (i === 0 ? '−' : ' − ') : i === 0 ? '' : ' + ';
    return sign + (v && Math.abs(c) === 1 ? v : show(Math.abs(c)) + v);
  });
  return `${text.join('')} ≥ 0`;
}

/** The square from −0.5 to 1.5 as text, 21 × 9: ':' where the answer is +1; the samples as '+' and '-'. */
export function plot({ samples, labels }: Task, { weights, bias }: Perceptron): string[] {
  const [columns, rows] = [21, 9];
  const at = (k: number, of: number) => -0.5 + (2 * k) / (of - 1);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => {
      const x = [at(column, columns), at(rows - 1 - row, rows)];
      const sample = samples.findIndex((s) => s.every((v, i) => Math.abs(v - x[i]) < 1e-9));
      if (sample >= 0) return labels[sample] === 1 ? '+' : '-';
      return predict(x, weights, bias) === 1 ? ':' : ' ';
    }).join(''),
  );
}

/** Up to three plots beside each other, each under a title: 69 columns at most. */
export function plots(of: Task, models: Perceptron[], title: (index: number) => string): string {
  const blocks: string[] = [];
  for (let first = 0; first < models.length; first += 3) {
    const pictures = models
      .slice(first, first + 3)
      .map((model, i) => [
        title(first + i).padEnd(21),
        formula(model).padEnd(21),
        ...plot(of, model).map((line) => `|${line.slice(1, -1)}|`),
      ]);
    blocks.push(
      pictures[0]
        .map((_, line) =>
          pictures
            .map((p) => p[line])
            .join('   ')
            .trimEnd(),
        )
        .join('\n'),
    );
  }
  return blocks.join('\n\n');
}

export function epochTitle(run: Epoch[]): (index: number) => string {
  return (i) => `epoch ${i + 1}: ${run[i].mistakes} ${run[i].mistakes === 1 ? 'mistake' : 'mistakes'}`;
}

/** The same as a picture: dashed boundaries for the earlier models, a solid one for the last. */
export function boundarySvg(of: Task, models: Perceptron[], caption: string): string {
  const [size, margin, low, high] = [360, 44, -0.5, 1.5];
  const px = (v: number) => Number((margin + ((v - low) / (high - low)) * size).toFixed(2));
  const py = (v: number) => Number((margin + ((high - v) / (high - low)) * size).toFixed(2));
  // Boundaries that coincide are drawn once, with all their numbers.
  const drawn = new Map<string, { ends: [number[], number[]]; numbers: number[] }>();
  models.forEach((model, i) => {
    const ends = cut(model, low, high);
    if (ends === undefined) return;
    const key = ends.flat().map((v) => v.toFixed(6)).join(); // prettier-ignore
    drawn.set(key, { ends, numbers: [...(drawn.get(key)?.numbers ?? []), i + 1] });
  });
  const lines = [...drawn.values()].flatMap(({ ends: [[x1, y1], [x2, y2]], numbers }) => {
    const latest = numbers[numbers.length - 1];
    const last = latest === models.length;
    const fade = last ? '' : ` opacity="${(0.45 + (0.45 * latest) / models.length).toFixed(2)}"`;
    const right = x2 >= high - 1e-9;
    const below = y2 <= low + 1e-9;
    const [tx, ty] = [px(x2) + (right ? 6 : 0), py(y2) + (below && !right ? 15 : right ? 4 : -6)];
    const anchor = right ? 'start' : 'middle';
    return [
      `<line class="${last ? 'last' : 'old'}" x1="${px(x1)}" y1="${py(y1)}" x2="${px(x2)}" y2="${py(y2)}"${fade}/>`,
      `<text class="small" x="${tx}" y="${ty}" text-anchor="${anchor}">${numbers.join(', ')}</text>`,
    ];
  });
  const points = of.samples.map(([a, b], i) =>
    of.labels[i] === 1
      ? `<rect class="plus" x="${px(a) - 8}" y="${py(b) - 8}" width="16" height="16"/><text x="${px(a) + 13}" y="${py(b) - 9}">+1</text>`
      : `<circle class="minus" cx="${px(a)}" cy="${py(b)}" r="8"/><text x="${px(a) + 13}" y="${py(b) - 9}">−1</text>`,
  );
  const side = size + 2 * margin;
  const story = `The boundary of a perceptron on ${of.name} at ${models.length} moments, numbered in order: dashed before the last, solid at the end (${formula(models[models.length - 1])}). A boundary that misses the square is not drawn. Squares are class +1, circles class −1.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side + 32}" width="${side}" role="img" aria-labelledby="t d" class="boundary">
<title id="t">${caption}</title>
<desc id="d">${story}</desc>
<style>
.boundary text { font: 14px system-ui, sans-serif; fill: #24292f; }
.boundary .small { font-size: 12px; }
.boundary .frame { fill: none; stroke: #8c959f; }
.boundary .old { stroke: #57606a; stroke-width: 1.5; stroke-dasharray: 5 4; }
.boundary .last { stroke: #8250df; stroke-width: 3; }
.boundary .plus { fill: #0969da; }
.boundary .minus { fill: none; stroke: #bc4c00; stroke-width: 3; }
@media (prefers-color-scheme: dark) {
.boundary text { fill: #e6edf3; }
.boundary .frame { stroke: #6e7681; }
.boundary .old { stroke: #9ea7b3; }
.boundary .last { stroke: #bc8cff; }
.boundary .plus { fill: #58a6ff; }
.boundary .minus { stroke: #ffa657; }
}
</style>
<rect class="frame" x="${margin}" y="${margin}" width="${size}" height="${size}"/>
${[...lines, ...points].join('\n')}
<text x="${side / 2}" y="${side - 10}" text-anchor="middle">x₁</text>
<text x="14" y="${side / 2}">x₂</text>
<text x="${side / 2}" y="${side + 16}" text-anchor="middle">${caption}</text>
</svg>
`;
}

/** Where the boundary crosses the square: its two ends, the right one last; undefined where it does not. */
function cut({ weights: [a, b], bias }: Perceptron, low: number, high: number): [number[], number[]] | undefined {
  const inside = (v: number) => v >= low - 1e-9 && v <= high + 1e-9;
  const ends: number[][] = [];
  for (const edge of [low, high]) {
    if (b !== 0) ends.push([edge, -(a * edge + bias) / b]);
    if (a !== 0) ends.push([-(b * edge + bias) / a, edge]);
  }
  const crossing = ends.filter(([x, y]) => inside(x) && inside(y)).sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  return crossing.length < 2 ? undefined : [crossing[0], crossing[crossing.length - 1]];
}

/** How a run ended, in a sentence. */
function ending(name: string, run: Epoch[]): string {
  const clean = run[run.length - 1].mistakes === 0;
  return clean ? `${name}: no mistake in epoch ${run.length}` : `${name}: still wrong after ${run.length} epochs`;
}

export async function lab(io: LabIo): Promise<void> {
  const whole = (name: string, fallback: number, low: number, high: number) =>
    Math.min(high, Math.max(low, Math.round(io.option(name, fallback)) || fallback));
  const limit = whole('epochs', 50, 1, 1000);
  const n = whole('n', 5, 1, 9);
  const stages = 5;

  io.progress(0, 'AND');
  const and = epochs(AND, 1, limit);
  io.print('AND: the boundary after every epoch (":" is where the perceptron says +1)\n');
  io.print(plots(AND, and, epochTitle(and)));
  await io.save('and.svg', boundarySvg(AND, and, ending('AND', and)));

  const or = epochs(OR, 1, limit);
  for (const [i, of] of [OR, majority(n)].entries()) {
    if (io.stopped()) return;
    io.progress((i + 1) / stages, of.name);
    const { history, converged, ...model } = trainPerceptron(of.samples, of.labels, 1, limit);
    const separator = of.samples[0].map(() => 2);
    const bound = novikoffBound(of.samples, of.labels, separator, of === OR ? -1 : n % 2 ? -n : -n - 1);
    io.print(`\n${of.name}: mistakes per epoch ${history.join(' ')}${converged ? '' : ' … not yet done'}`);
    io.print(`  it found ${formula(model)}`);
    io.print(`  ${count(history)} mistakes in all; Novikoff allows ${show(bound)}`);
    if (of === OR) await io.save('or.svg', boundarySvg(OR, or, ending('OR', or)));
  }

  if (io.stopped()) return;
  io.progress(3 / stages, 'XOR');
  const xor = epochs(XOR, 1, 12);
  const cycle = cycleOf(xor);
  io.print(`\nXOR: mistakes per epoch ${xor.map((e) => e.mistakes).join(' ')} …`);
  if (cycle) {
    const again =
      cycle.length === 1 ? 'every epoch ends where it began' : `they come back every ${cycle.length} epochs`;
    io.print(`  After epoch ${cycle.from} the weights are in a circle: ${again}, and so for ever. Once around:\n`);
    const circle = oneEpoch(XOR, xor[xor.length - 1], 1);
    io.print(plots(XOR, circle, (i) => `after (${XOR.samples[i].join(', ')})`));
    await io.save('xor.svg', boundarySvg(XOR, circle, 'XOR: four updates, and back where it began'));
  }
  const answers = XOR.samples.map((x) => `${x.join('')} → ${evaluateNetwork(xorNetwork(), x)}`);
  io.print(`\n  Two layers, wired by hand, have no trouble: ${answers.join(', ')}`);

  if (io.stopped()) return;
  io.progress(4 / stages, 'linear unit');
  io.print('\nAnd the linear unit, 200 steps of gradient descent at rate 0.25 on the same labels:');
  for (const of of [AND, XOR]) {
    const { weights, bias, history } = trainLinearUnit(of.samples, of.labels, 0.25, 200);
    const rounded = { weights: weights.map((w) => Number(w.toFixed(4))), bias: Number(bias.toFixed(4)) };
    const y = formula(rounded).replace(' ≥ 0', '').replace(/^0$/, '0');
    io.print(`  ${of.name.padEnd(3)}  loss ${show(history[0])} → ${show(Number(history[200].toFixed(6)))},  y = ${y}`);
  }
  io.print('  On XOR it never moves: at zero the gradient is exactly zero, and nothing straight is better.');
  io.print('\nNext: npm run grade chapter-2');
  io.progress(1, 'done');
}
