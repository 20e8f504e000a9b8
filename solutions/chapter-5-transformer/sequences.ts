/**
 * Part of the lab of chapter 5: an encoder–decoder of one block each reads ten digits and writes them backwards, or sorted.
 * All of it is made of your own functions; nothing here is yours to write.
 *
 *   npm run lab chapter-5 -- --task reverse
 *   npm run lab chapter-5 -- --task sort
 */
import { normal, ones, random, zeros } from '#tensor';
import type { Random, Tensor } from '#tensor';
import { adamInit, adamStep, clipByNorm } from '../chapter-2-bp/optimizers.ts';
import { warmupCosine } from '../chapter-2-bp/schedules.ts';
import { sequenceLoss } from '../chapter-3-rnn/language-model.ts';
import { causalMask } from './attention.ts';
import { decoderBackward, decoderForward } from './decoder.ts';
import type { DecoderBlockWeights } from './decoder.ts';
import { encoderBackward, encoderForward } from './encoder.ts';
import type { BlockSettings, EncoderBlockWeights } from './encoder.ts';
import { embedTokens, embedTokensBackward, lmHead, lmHeadBackward } from './gpt.ts';
import { curvesSvg, curvesText, mapText, mapsSvg, smoothed } from './lab-pictures.ts';
import type { LabIo } from './lab-pictures.ts';

import type { MultiHeadWeights } from './multi-head-attention.ts';
import { EPSILON, layerNormBackward, layerNormForward } from './normalization.ts';
import type { NormWeights } from './normalization.ts';
import { countParameters, parametersOf, withParameters } from './parameters.ts';

export type Task = 'reverse' | 'sort';

/** The digits 0 … 9, and after them what the decoder is given before the first digit. */
export const DIGITS = 10;
export const START = DIGITS;

/** The parameters of the whole model; the table of tokens serves source, target and, a third time, the head. */
export interface Translator {
  /** (11, C) */
  tokens: Tensor;
  /** (L, C) */
  positions: Tensor;
  encoder: EncoderBlockWeights[];
  /** of what the encoder hands over */
  memoryNorm: NormWeights;
  decoder: DecoderBlockWeights[];
  /** before the head */
  norm: NormWeights;
}

export interface Settings {
  task: Task;
  /** of a sequence */
  length: number;
  /** C */
  width: number;
  heads: number;
  batch: number;
  steps: number;
  learningRate: number;
  seed: number;
}

const block = ({ heads }: Pick<Settings, 'heads'>): BlockSettings => ({ heads, activation: 'gelu', order: 'pre' });

// What there is to learn

/** Sequences of random digits, and what should be written for each. */
export interface Batch {
  source: number[][];
  target: number[][];
}

export function sequences(task: Task, length: number, count: number, rng: Random): Batch {
  const source = Array.from({ length: count }, () => Array.from({ length }, () => rng.integer(DIGITS)));
  const target = source.map((row) => (task === 'reverse' ? row.toReversed() : row.toSorted((a, b) => a - b)));
  return { source, target };
}

/** What the decoder reads: the target, one place late, so that each digit is asked for before it is seen. */
const late = (target: number[][]) => target.map((row) => [START, ...row.slice(0, -1)]);

// The model

/** Normal numbers of standard deviation 1/√(inputs); biases 0, norms neutral. */
export function newTranslator({ width: C, length, seed }: Pick<Settings, 'width' | 'length' | 'seed'>): Translator {
  const rng = random(`translator ${seed}`);
  const matrix = (out: number, inputs: number) => normal([out, inputs], rng, 0, 1 / Math.sqrt(inputs));
  const norm = (): NormWeights => ({ gamma: ones(C), beta: zeros(C) });
  const attention = (): MultiHeadWeights => ({
    wQ: matrix(C, C),
    bQ: zeros(C),
    wK: matrix(C, C),
    bK: zeros(C),
    wV: matrix(C, C),
    bV: zeros(C),
    wO: matrix(C, C),
    bO: zeros(C),
  });
  const feedForward = () => ({ w1: matrix(4 * C, C), b1: zeros(4 * C), w2: matrix(C, 4 * C), b2: zeros(C) });
  return {
    tokens: normal([DIGITS + 1, C], rng, 0, 0.3),
    positions: normal([length, C], rng, 0, 0.3),
    encoder: [{ attention: attention(), norm1: norm(), feedForward: feedForward(), norm2: norm() }],
    memoryNorm: norm(),
    decoder: [
      {
        selfAttention: attention(),
        norm1: norm(),
        crossAttention: attention(),
        norm2: norm(),
        feedForward: feedForward(),
        norm3: norm(),
      },
    ],
    norm: norm(),
  };
}

const everything = ones(1, 1);

/** Reads the sources, and asks for the next digit at every place of what has been written so far. */
function forward(source: number[][], written: number[][], model: Translator, settings: BlockSettings) {
  const { tokens, positions, memoryNorm, norm } = model;
  const T = written[0].length;
  const reading = embedTokens(source, tokens, positions, 0);
  const encoder = encoderForward(reading.y, everything, model.encoder, settings);
  const memory = layerNormForward(encoder.y, memoryNorm.gamma, memoryNorm.beta, EPSILON);
  const writing = embedTokens(written, tokens, positions, 0);
  const decoder = decoderForward(writing.y, memory.y, causalMask(T, T), everything, model.decoder, settings);
  const head = lmHead(decoder.y, norm, tokens);
  return { logits: head.logits, reading, encoder, memory, writing, decoder, head };
}

/** The loss of a batch, the decoder fed the truth, and the gradient of every parameter. */
export function slope({ source, target }: Batch, model: Translator, settings: BlockSettings) {
  const there = forward(source, late(target), model, settings);
  const { loss, dlogits } = sequenceLoss(there.logits, target);
  const head = lmHeadBackward(dlogits, there.head.cache);
  const decoder = decoderBackward(head.dx, there.decoder.cache);
  const memory = layerNormBackward(decoder.dmemory, there.memory.cache);
  const encoder = encoderBackward(memory.dx, there.encoder.cache);
  const writing = embedTokensBackward(decoder.dx, there.writing.cache);
  const reading = embedTokensBackward(encoder.dx, there.reading.cache);
  const gradients: Translator = {
    tokens: head.dtable.add(writing.dtokens).add(reading.dtokens),
    positions: writing.dpositions.add(reading.dpositions),
    encoder: encoder.blocks,
    memoryNorm: { gamma: memory.dgamma, beta: memory.dbeta },
    decoder: decoder.blocks,
    norm: head.norm,
  };
  return { loss, gradients };
}

/** What the model writes, its own digits read back: always the likeliest next one. */
export function write(source: number[][], model: Translator, settings: BlockSettings): number[][] {
  const written = source.map(() => [START]);
  for (let t = 0; t < source[0].length; t++) {
    const { logits } = forward(source, written, model, settings);
    const likeliest = logits.argmax(-1);
    written.forEach((row, b) => row.push(likeliest.at(b, t)));
  }
  return written.map((row) => row.slice(1));
}

/** Where each head of the decoder looks in the source while it writes: (h, T, S) for one sequence. */
export function looks(source: number[], target: number[], model: Translator, settings: BlockSettings): Tensor {
  const { decoder } = forward([source], late([target]), model, settings);
  return decoder.cache.blocks[decoder.cache.blocks.length - 1].crossAttention.inner.attention.weights.row(0);
}

/** The share of sequences that are right from the first digit to the last. */
export const right = (said: number[][], wanted: number[][]) =>
  said.filter((row, k) => row.every((digit, i) => digit === wanted[k][i])).length / wanted.length;

// Training

export interface Training {
  losses: number[];
  model: Translator;
}

/** Trains on new sequences at every step, until the steps are used up or `listen` answers false. */
export function train(settings: Settings, listen: (losses: number[], model: () => Translator) => boolean): Training {
  const { task, length, batch, steps, learningRate, seed } = settings;
  const rng = random(`${task} ${seed}`);
  const start = newTranslator(settings);
  const losses: number[] = [];
  let parameters = parametersOf(start);
  let state = adamInit(parameters);
  const model = () => withParameters(start, parameters);
  while (losses.length < steps) {
    const { loss, gradients } = slope(sequences(task, length, batch, rng), model(), block(settings));
    const warmup = Math.min(20, steps - 1);
    const adam = { beta1: 0.9, beta2: 0.98, epsilon: 1e-9 };
    const rate = warmupCosine(losses.length + 1, warmup, steps, learningRate, learningRate / 20);
    const clipped = clipByNorm(parametersOf(gradients), 1).gradients;
    ({ parameters, state } = adamStep(parameters, clipped, state, { ...adam, learningRate: rate }));
    losses.push(loss);
    if (!listen(losses, model)) break;
  }
  return { losses, model: model() };
}

// The lab

const WINDOW = 5;
const words = (row: number[]) => row.map((digit) => (digit === START ? '·' : digit)).join(' ');

/** `npm run lab chapter-5 -- --task reverse`, or `sort`. */
export async function run(io: LabIo, { task }: { task: Task }): Promise<void> {
  const whole = (name: string, fallback: number, low: number, high: number) =>
    Math.min(high, Math.max(low, Math.round(io.option(name, fallback)) || fallback));
  const heads = whole('heads', 4, 1, 16);
  const settings: Settings = {
    task,
    heads,
    length: whole('length', 10, 2, 40),
    width: Math.max(1, Math.round(whole('width', 32, heads, 256) / heads)) * heads,
    batch: whole('batch', 32, 1, 512),
    steps: whole('steps', task === 'reverse' ? 200 : 600, 10, 100_000),
    learningRate: io.option('rate', 0.01),
    seed: whole('seed', 1, 1, 1e9),
  };
  const { length, width, batch, steps, seed } = settings;
  const test = sequences(task, length, 100, random(`test ${seed}`));
  const [asked, wanted] = [test.source[0], test.target[0]];
  const answer = (model: Translator) => words(write([asked], model, block(settings))[0]);

  io.print(`An encoder of one block reads ${length} digits, a decoder of one block writes them ${task === 'reverse' ? 'backwards' : 'sorted'}.`); // prettier-ignore
  io.print(`Width ${width}, ${settings.heads} heads, ${countParameters(newTranslator(settings))} numbers to learn; ${steps} steps of ${batch} new sequences.\n`); // prettier-ignore
  io.print(`            ${words(asked)}   is read`);
  io.print(`            ${words(wanted)}   should be written`);
  io.print(`step${'0'.padStart(6)}  ${answer(newTranslator(settings))}`);

  const every = Math.max(1, Math.round(steps / 8));
  const { losses, model } = train(settings, (seen, now) => {
    const n = seen.length;
    const last = seen[n - 1].toFixed(4);
    io.progress(n / (steps + 1), `step ${n}, loss ${last}`);
    if (n % every === 0 || n === steps) io.print(`step${String(n).padStart(6)}  ${answer(now())}   loss ${last}`);
    return !io.stopped();
  });
  if (io.stopped()) io.print(`\nStopped after ${losses.length} steps; this is how far it came.`);

  const curve = smoothed(losses, WINDOW);
  const most = Math.max(...curve);
  io.print('\nThe loss while it learned:\n');
  io.print(curvesText([{ letter: '*', values: curve }], most));
  const share = right(write(test.source, model, block(settings)), test.target);
  io.print(`\nOf 100 sequences that it has never seen, ${Math.round(100 * share)} come out right to the last digit.`);

  const maps = looks(asked, wanted, model, block(settings));
  const heatmaps = Array.from({ length: maps.shape[0] }, (_, h) => ({
    name: `head ${h + 1}`,
    rows: maps.row(h).toArray() as number[][],
    queries: wanted.map(String),
    keys: asked.map(String),
  }));
  const clearest = heatmaps.reduce((a, b) => (sharpness(b.rows) > sharpness(a.rows) ? b : a));
  io.print(`\nWhere ${clearest.name} looks in what was read (across) when it writes each digit (down):\n`);
  io.print(mapText(clearest));
  await io.save(
    `${task}-attention.svg`,
    mapsSvg(
      `${task}-attention`,
      `Cross-attention of a decoder that has learned to ${task}`,
      `One field for each of ${maps.shape[0]} heads: the digits that were read, ${words(asked)}, from left to right, the digits that are written, ${words(wanted)}, from top to bottom; a square is dark where the head looks while it writes.`,
      heatmaps,
    ),
  );
  await io.save(
    `${task}-loss.svg`,
    curvesSvg(
      `${task}-loss`,
      `The loss while an encoder and a decoder learn to ${task}`,
      `The cross-entropy over ${losses.length} steps falls from ${losses[0].toFixed(2)} to ${losses[losses.length - 1].toFixed(4)}.`,
      [{ name: 'loss', values: curve }],
      { steps: losses.length, most, what: 'loss' },
    ),
  );
  io.print(`Next: npm run lab chapter-5 -- --task ${task === 'reverse' ? 'sort' : 'order'}`);
  io.progress(1, 'done');
}

/** How much of each query's attention goes to a single key, on average. */
export const sharpness = (rows: number[][]) => rows.reduce((sum, row) => sum + Math.max(...row), 0) / rows.length;
