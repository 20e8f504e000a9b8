/**
 * The lab of chapter 3, on your own functions. By default a network of 16 units learns to add two 16-bit numbers, digit by
 * digit, as on paper; with --task text another reads poems letter by letter, and writes.
 *
 *   npm run lab chapter-3
 *   npm run lab chapter-3 -- --width 2 --seed 3
 *   npm run lab chapter-3 -- --task text
 *   npm run lab chapter-3 -- --task text --steps 3000 --temperature 0.5
 */
import { Tensor, random, uniform, zeros } from '#tensor';
import type { Random } from '#tensor';
import { linearBackward, linearForward } from '../chapter-2-bp/linear.ts';
import { bceWithLogitsBackward, bceWithLogitsForward } from '../chapter-2-bp/losses.ts';
import { adamInit, adamStep, clipByNorm } from '../chapter-2-bp/optimizers.ts';
import type { AdamState } from '../chapter-2-bp/optimizers.ts';
import { generate, languageModelStep, perplexity, truncatedBackpropagation } from './language-model.ts';
import type { LanguageModel } from './language-model.ts';
import { rnnBackward, rnnForward } from './rnn.ts';
import type { RnnWeights } from './rnn.ts';
import { POEMS } from './text.ts';

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

// What both tasks need

/** A recurrent layer with uniform numbers of up to 1/√H in it, as in PyTorch. */
export function newRnn(inputs: number, width: number, rng: Random): RnnWeights {
  const draw = (...shape: number[]) => uniform(shape, rng, -1 / Math.sqrt(width), 1 / Math.sqrt(width));
  return { wIh: draw(width, inputs), wHh: draw(width, width), bIh: draw(width), bHh: draw(width) };
}

/** Clip at 1, then Adam. */
function update(parameters: Tensor[], gradients: Tensor[], state: AdamState, learningRate: number) {
  const clipped = clipByNorm(gradients, 1);
  const settings = { learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  return { ...adamStep(parameters, clipped.gradients, state, settings), norm: clipped.norm };
}

const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
const fixed = (x: number, digits: number) => x.toFixed(digits).replace('-', '−');

// Adding

export const BITS = 16;
/** One step more than a number has bits: the last one writes the last carry. */
export const STEPS = BITS + 1;

/** Two numbers below 2^16. */
export type Pair = readonly [a: number, b: number];

export interface Adder {
  rnn: RnnWeights;
  /** (1, H) */
  wOut: Tensor;
  /** (1) */
  bOut: Tensor;
}

const bit = (n: number, t: number) => Math.floor(n / 2 ** t) % 2;

/** Pairs as the network sees them, lowest bit first: x (17, N, 2) of bits, and the bits of the sums, (17 · N). */
export function encode(pairs: readonly Pair[]): { x: Tensor; targets: Tensor } {
  const N = pairs.length;
  const [x, targets] = [zeros(STEPS, N, 2), zeros(STEPS * N)];
  pairs.forEach(([a, b], n) => {
    for (let t = 0; t < STEPS; t++) {
      x.data[(t * N + n) * 2] = bit(a, t);
      x.data[(t * N + n) * 2 + 1] = bit(b, t);
      targets.data[t * N + n] = bit(a + b, t);
    }
  });
  return { x, targets };
}

/**
 * Over how many digits the longest carry of an addition runs: 1 + 1 makes it, and digits with exactly one 1 hand it on,
 * which would not have made one themselves.
 */
export function longestCarry([a, b]: Pair): number {
  let [run, longest] = [0, 0];
  for (let t = 0; t < BITS; t++) {
    const ones = bit(a, t) + bit(b, t);
    run = ones === 2 ? 1 : ones === 1 && run > 0 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

export const anyPair = (rng: Random): Pair => [rng.integer(2 ** BITS), rng.integer(2 ** BITS)];

/** A pair with a carry that runs over at least ten digits. */
export function longPair(rng: Random): Pair {
  let [a, b] = anyPair(rng);
  const length = 10 + rng.integer(BITS - 9);
  const start = rng.integer(BITS - length + 1);
  for (let t = start; t < start + length; t++) {
    const first = t === start ? 1 : bit(a, t);
    const second = t === start ? 1 : 1 - first;
    a += (first - bit(a, t)) * 2 ** t;
    b += (second - bit(b, t)) * 2 ** t;
  }
  return [a, b];
}

/** n pairs, all different, none of which is in `seen`; from now on they are. */
function fresh(n: number, draw: () => Pair, seen: Set<number>): Pair[] {
  const pairs: Pair[] = [];
  while (pairs.length < n) {
    const pair = draw();
    const key = pair[0] * 2 ** BITS + pair[1];
    if (seen.has(key)) continue;
    seen.add(key);
    pairs.push(pair);
  }
  return pairs;
}

export const newAdder = (width: number, rng: Random): Adder => ({
  rnn: newRnn(2, width, rng),
  wOut: uniform([1, width], rng, -1 / Math.sqrt(width), 1 / Math.sqrt(width)),
  bOut: zeros(1),
});

/** The states (17, N, H) and the logits (17 · N, 1) of a batch. */
function run(adder: Adder, x: Tensor) {
  const H = adder.wOut.shape[1];
  const states = rnnForward(x, zeros(x.shape[1], H), adder.rnn);
  const head = linearForward(states.y.reshape(-1, H), adder.wOut, adder.bOut);
  return { states, head, logits: head.y.flatten() };
}

/** How many sums are right in every bit. */
export function correct(adder: Adder, pairs: readonly Pair[]): number {
  const { x, targets } = encode(pairs);
  const { logits } = run(adder, x);
  const wrong = new Set<number>();
  logits.data.forEach((z, k) => {
    if (z > 0 !== (targets.data[k] === 1)) wrong.add(k % pairs.length);
  });
  return pairs.length - wrong.size;
}

/** Loss and gradients on a batch of pairs. */
export function adderStep(adder: Adder, pairs: readonly Pair[]): { loss: number; gradients: Adder } {
  const { x, targets } = encode(pairs);
  const { states, head, logits } = run(adder, x);
  const { loss, cache } = bceWithLogitsForward(logits, targets);
  const { dx, dw, db } = linearBackward(bceWithLogitsBackward(cache).reshape(-1, 1), head.cache);
  const { weights } = rnnBackward(dx.reshape(...states.y.shape), zeros(...states.hn.shape), states.cache);
  return { loss, gradients: { rnn: weights, wOut: dw, bOut: db } };
}

const adderList = ({ rnn, wOut, bOut }: Adder) => [rnn.wIh, rnn.wHh, rnn.bIh, rnn.bHh, wOut, bOut];
const adderOf = ([wIh, wHh, bIh, bHh, wOut, bOut]: Tensor[]): Adder => ({ rnn: { wIh, wHh, bIh, bHh }, wOut, bOut });

/** How training stands: after so many steps, the mean loss since the last report, and the sums right of 250 each. */
export interface AdderReport {
  step: number;
  loss: number;
  any: number;
  long: number;
}

export interface AdderRun {
  adder: Adder;
  steps: number;
  losses: number[];
  reports: AdderReport[];
  /** right of 1,000 pairs that were not trained on, and of 1,000 with long carries */
  exam: { any: number; long: number };
}

/**
 * Trains an adder until it makes no mistake in four practice tests in a row, or the limit is reached; then it is examined.
 * Practice and exam are different pairs, and the training avoids both.
 */
export async function trainAdder(
  settings: { width: number; seed: number; limit: number; batch?: number; learningRate?: number },
  watch: (report: AdderReport) => void | Promise<void> = () => {},
  stopped: () => boolean = () => false,
): Promise<AdderRun> {
  const { width, seed, limit, batch = 64, learningRate = 0.01 } = settings;
  const rng = random(`adder ${seed}`);
  const seen = new Set<number>();
  const test = (n: number) => ({
    any: fresh(n, () => anyPair(rng), seen),
    long: fresh(n, () => longPair(rng), seen),
  });
  const [exam, practice] = [test(1000), test(250)];
  let adder = newAdder(width, rng);
  let state = adamInit(adderList(adder));
  const losses: number[] = [];
  const reports: AdderReport[] = [];
  let clean = 0;
  while (losses.length < limit && clean < 4 && !stopped()) {
    const pairs: Pair[] = [];
    while (pairs.length < batch) {
      const pair = anyPair(rng);
      if (!seen.has(pair[0] * 2 ** BITS + pair[1])) pairs.push(pair);
    }
    const { loss, gradients } = adderStep(adder, pairs);
    losses.push(loss);
    const next = update(adderList(adder), adderList(gradients), state, learningRate);
    [adder, state] = [adderOf(next.parameters), next.state];
    if (losses.length % 25 > 0) continue;
    const report = {
      step: losses.length,
      loss: mean(losses.slice(-25)),
      any: correct(adder, practice.any),
      long: correct(adder, practice.long),
    };
    clean = report.any === 250 && report.long === 250 ? clean + 1 : 0;
    reports.push(report);
    await watch(report);
  }
  return {
    adder,
    steps: losses.length,
    losses,
    reports,
    exam: { any: correct(adder, exam.any), long: correct(adder, exam.long) },
  };
}

/** What an adder says of a pair, and its states (17, H) while it says so. */
export function add(adder: Adder, pair: Pair): { bits: number[]; sum: number; states: Tensor } {
  const { states, logits } = run(adder, encode([pair]).x);
  const bits: number[] = Array.from(logits.data, (z) => (z > 0 ? 1 : 0));
  return { bits, sum: bits.reduce((sum, b, t) => sum + b * 2 ** t, 0), states: states.y.slice(null, 0) };
}

const binary = (n: number, length: number) => n.toString(2).padStart(length, '0');

/** An addition on paper, with the carries on top. */
export function onPaper(adder: Adder, [a, b]: Pair): string {
  let carry = 0;
  const carries = Array.from({ length: BITS }, (_, t) => (carry = bit(a, t) + bit(b, t) + carry >= 2 ? 1 : 0));
  const { sum } = add(adder, [a, b]);
  const row = [...carries].reverse().map((c) => (c ? '1' : ' '));
  return [
    `carry   ${row.join('')}`.trimEnd(),
    `         ${binary(a, BITS)}   ${a}`,
    `       + ${binary(b, BITS)}   ${b}`,
    `       = ${binary(sum, STEPS)}`.replace('= ', '=') + `   ${sum}${sum === a + b ? '' : ` (wrong: ${a + b})`}`,
  ].join('\n');
}

// Pictures

const STYLE = `text { font: 13px system-ui, sans-serif; fill: #24292f; }
.axis { stroke: #57606a; fill: none; }
.line { stroke: #8250df; stroke-width: 2; fill: none; }
.plus { fill: #0969da; } .minus { fill: #bc4c00; }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .axis { stroke: #9ea7b3; } .line { stroke: #bc8cff; }
.plus { fill: #58a6ff; } .minus { fill: #ffa657; } }`;

const svg = (width: number, height: number, title: string, what: string, parts: string[]) =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${title}">`,
    `<title>${title}</title><desc>${what}</desc><style>${STYLE}</style>`,
    ...parts,
    '</svg>\n',
  ].join('\n');

/** Losses as a curve, from 0 up. */
export function curveSvg(losses: number[], title: string): string {
  const top = Math.max(...losses);
  const x = (i: number) => (50 + (i / Math.max(1, losses.length - 1)) * 410).toFixed(1);
  const y = (v: number) => (240 - (v / top) * 200).toFixed(1);
  return svg(480, 290, title, `From ${fixed(losses[0], 3)} to ${fixed(losses[losses.length - 1], 3)}.`, [
    '<path class="axis" d="M50 30V240H470"/>',
    `<path class="line" d="M${losses.map((v, i) => `${x(i)} ${y(v)}`).join('L')}"/>`,
    `<text x="44" y="44" text-anchor="end">${fixed(top, 2)}</text><text x="44" y="244" text-anchor="end">0</text>`,
    `<text x="260" y="262" text-anchor="middle">${losses.length} steps</text><text x="260" y="20" text-anchor="middle">${title}</text>`,
  ]);
}

/** An addition in which a carry comes and goes twice. */
export const SHOWN: Pair = [0b0011_1100_0011_1110, 0b0000_0100_0000_0010];

/** The states of an adder during one addition: a column for each digit, lowest first, a row for each unit. */
export function statesSvg(adder: Adder, pair: Pair): string {
  const { states } = add(adder, pair);
  const [T, H] = states.shape;
  let carry = 0;
  const parts: string[] = [];
  for (let t = 0; t < T; t++) {
    const sum = bit(pair[0], t) + bit(pair[1], t) + carry;
    carry = sum >= 2 ? 1 : 0;
    const x = 70 + 24 * t;
    const marks = [bit(pair[0], t), bit(pair[1], t), carry];
    marks.forEach((m, i) => parts.push(`<text x="${x + 11}" y="${24 + 18 * i}" text-anchor="middle">${m}</text>`));
    for (let u = 0; u < H; u++) {
      const v = states.at(t, u);
      const side = (20 * Math.abs(v)).toFixed(1);
      const corner = (10 - 10 * Math.abs(v)).toFixed(1);
      parts.push(
        `<rect class="${v > 0 ? 'plus' : 'minus'}" x="${x + 1 + Number(corner)}" y="${70 + 22 * u + Number(corner)}" width="${side}" height="${side}"${v > 0 ? '' : ` rx="${side}"`}/>`,
      );
    }
  }
  ['a', 'b', 'carry'].forEach((w, i) => parts.push(`<text x="60" y="${24 + 18 * i}" text-anchor="end">${w}</text>`));
  const what = `Squares are positive, circles negative states; the size shows how large. ${pair[0]} + ${pair[1]}, lowest digit on the left.`;
  return svg(90 + 24 * T, 90 + 22 * H, 'The hidden states while it adds', what, parts);
}

async function adding(io: LabIo): Promise<void> {
  const [width, limit] = [Math.max(1, io.option('width', 16)), Math.max(25, io.option('steps', 1500))];
  io.print(`A network of ${width} units learns to add two ${BITS}-bit numbers, lowest digit first.`);
  io.print('At each of 17 steps it reads two bits and says one.\nNobody tells it about carries.\n');
  io.print('  step    loss   sums right   with long carries (ten digits or more)');
  const began = io.now();
  const trained = await trainAdder(
    { width, limit, seed: io.option('seed', 1) },
    ({ step, loss, any, long }) => {
      io.print(
        `${String(step).padStart(6)}  ${fixed(loss, 4)}   ${`${fixed(any / 2.5, 1)} %`.padStart(10)}   ${`${fixed(long / 2.5, 1)} %`.padStart(10)}`,
      );
      const left = (((io.now() - began) / step) * (limit - step)) / 1000;
      io.progress(step / limit, `at most ${fixed(left, 0)} s more`);
    },
    () => io.stopped(),
  );
  const { adder, steps, exam, losses } = trained;
  io.print(`\nAfter ${steps} steps, on pairs it has never seen:`);
  io.print(`  ${exam.any} of 1000 sums are right in every bit`);
  io.print(`  ${exam.long} of 1000 sums with long carries`);
  io.print('\nThe longest carry there is:\n');
  io.print(onPaper(adder, [2 ** BITS - 1, 1]));
  await io.save('adder-loss.svg', curveSvg(losses, 'Adding: loss while it learns'));
  await io.save('adder-states.svg', statesSvg(adder, SHOWN));
  io.print('\nWhich unit holds the carry? adder-states.svg shows it.');
  io.print('Next: --width 2 with a few seeds, and --task text.');
}

// Text

/** The poems to train on, the one that is kept back, and the characters of all of them. */
export function corpus(): { training: string; kept: string; characters: string[] } {
  const texts = POEMS.map((poem) => `${poem.text}\n`);
  const characters = [...new Set(texts.join(''))].sort();
  return { training: texts.slice(0, -1).join(''), kept: texts[texts.length - 1], characters };
}

export const toTokens = (text: string, characters: string[]) => [...text].map((c) => characters.indexOf(c));

/** A text as B columns, each a piece of it: rows (T, B) of tokens, and what comes next. */
export function columns(tokens: number[], batch: number): { read: number[][]; next: number[][] } {
  const T = Math.floor((tokens.length - 1) / batch);
  const rows = (shift: number) =>
    Array.from({ length: T }, (_, t) => Array.from({ length: batch }, (_, b) => tokens[b * T + t + shift]));
  return { read: rows(0), next: rows(1) };
}

export function newModel(vocabulary: number, embedding: number, width: number, rng: Random): LanguageModel {
  const edge = 1 / Math.sqrt(width);
  return {
    table: uniform([vocabulary, embedding], rng, -1, 1),
    rnn: newRnn(embedding, width, rng),
    wOut: uniform([vocabulary, width], rng, -edge, edge),
    bOut: zeros(vocabulary),
  };
}

const modelList = ({ table, rnn, wOut, bOut }: LanguageModel) => [
  table, rnn.wIh, rnn.wHh, rnn.bIh, rnn.bHh, wOut, bOut,
]; // prettier-ignore
const modelOf = ([table, wIh, wHh, bIh, bHh, wOut, bOut]: Tensor[]): LanguageModel => ({
  table, rnn: { wIh, wHh, bIh, bHh }, wOut, bOut,
}); // prettier-ignore

/** Perplexity of a model on a text, read from left to right. */
export function perplexityOn(model: LanguageModel, tokens: number[]): number {
  const { read, next } = columns(tokens, 1);
  const windows = truncatedBackpropagation(read, next, zeros(1, model.wOut.shape[1]), model, 64);
  return perplexity(
    windows.map((w) => w.loss),
    windows.map((_, i) => Math.min(64, read.length - 64 * i)),
  );
}

/** Lets a model write, from the start of a line. */
export function write(
  model: LanguageModel,
  characters: string[],
  length: number,
  temperature: number,
  rng: Random,
): string {
  const uniforms = Array.from(uniform([length], rng).data);
  const start = characters.indexOf('\n');
  const tokens = generate(start, zeros(1, model.wOut.shape[1]), model, uniforms, temperature, characters.length);
  return tokens.map((t) => characters[t]).join('');
}

export interface TextReport {
  step: number;
  /** mean loss per character since the last report, in nats */
  loss: number;
  /** what the model writes now */
  sample: string;
}

export interface TextSettings {
  width: number;
  embedding: number;
  batch: number;
  window: number;
  steps: number;
  learningRate: number;
  temperature: number;
  seed: number;
  /** steps between two reports */
  every: number;
}
export const TEXT: TextSettings = {
  width: 64,
  embedding: 16,
  batch: 8,
  window: 25,
  steps: 1500,
  learningRate: 0.01,
  temperature: 0.7,
  seed: 1,
  every: 250,
};

/** Truncated backpropagation through time over the poems, again and again, the state carried from window to window. */
export async function trainText(
  settings: TextSettings,
  watch: (report: TextReport, fraction: number) => void | Promise<void> = () => {},
  stopped: () => boolean = () => false,
  step = (_n: number) => {},
): Promise<{ model: LanguageModel; losses: number[]; kept: number; trained: number }> {
  const { width, batch, window, steps, every, temperature } = settings;
  const rng = random(`text ${settings.seed}`);
  const { training, kept, characters } = corpus();
  const { read, next } = columns(toTokens(training, characters), batch);
  let model = newModel(characters.length, settings.embedding, width, rng);
  let state = adamInit(modelList(model));
  const losses: number[] = [];
  let [t, h] = [0, zeros(batch, width)];
  while (losses.length < steps && !stopped()) {
    if (t + window > read.length) [t, h] = [0, zeros(batch, width)];
    const { loss, hn, gradients } = languageModelStep(read.slice(t, t + window), next.slice(t, t + window), h, model);
    [t, h] = [t + window, hn];
    losses.push(loss);
    // The rate falls in a straight line, to a tenth at the end.
    const rate = settings.learningRate * (1 - (0.9 * losses.length) / steps);
    const moved = update(modelList(model), modelList(gradients), state, rate);
    [model, state] = [modelOf(moved.parameters), moved.state];
    step(losses.length);
    if (losses.length % every > 0 && losses.length > 1) continue;
    const sample = write(model, characters, 160, temperature, random(`sample ${losses.length}`));
    await watch({ step: losses.length, loss: mean(losses.slice(-every)), sample }, losses.length / steps);
  }
  return {
    model,
    losses,
    kept: perplexityOn(model, toTokens(kept, characters)),
    trained: perplexityOn(model, toTokens(training, characters)),
  };
}

const indented = (text: string) => text.replace(/\n+$/, '').replace(/^/gm, '    ');

async function reading(io: LabIo): Promise<void> {
  const settings: TextSettings = {
    ...TEXT,
    seed: io.option('seed', TEXT.seed),
    steps: Math.max(1, io.option('steps', TEXT.steps)),
    width: Math.max(1, io.option('width', TEXT.width)),
    temperature: Math.max(0, io.option('temperature', TEXT.temperature)),
  };
  const { training, kept, characters } = corpus();
  io.print(`${POEMS.length} poems, ${training.length + kept.length} characters, ${characters.length} different ones.`);
  io.print(
    `A model of width ${settings.width} reads them in ${settings.batch} columns, ${settings.window} characters at a time.\n`,
  );
  const began = io.now();
  const { model, losses, ...end } = await trainText(
    settings,
    ({ step, loss, sample }) => {
      io.print(
        `step ${step}: loss ${fixed(loss, 3)} nats, perplexity ${fixed(perplexity([loss], [1]), 2)}. It writes:\n`,
      );
      io.print(`${indented(sample)}\n`);
    },
    () => io.stopped(),
    (step) => {
      if (step % 10 > 0) return;
      const left = (((io.now() - began) / step) * (settings.steps - step)) / 1000;
      io.progress(step / settings.steps, `step ${step} of ${settings.steps}, ${fixed(left, 0)} s more`);
    },
  );
  io.print(
    `Perplexity on the poems it has read: ${fixed(end.trained, 2)}; on one that it has not: ${fixed(end.kept, 2)}.`,
  );
  io.print('(It has learnt these poems rather than English: there are too few of them.)\n');
  for (const temperature of [0, 0.5, 1, 2]) {
    io.print(`At temperature ${temperature}:\n`);
    io.print(`${indented(write(model, characters, 200, temperature, random('last')))}\n`);
  }
  await io.save('text-loss.svg', curveSvg(losses, 'Text: loss while it learns'));
  io.print('Next: npm run grade chapter-4');
}

export async function lab(io: LabIo): Promise<void> {
  const task = io.option('task', 'add');
  if (task !== 'add' && task !== 'text') {
    io.print(`There is no task "${task}": --task add, or --task text.`);
    return;
  }
  io.progress(0, task);
  await (task === 'add' ? adding(io) : reading(io));
  io.progress(1, 'done');
}
