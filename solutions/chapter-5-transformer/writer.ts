/**
 * Part of the lab of chapter 5: a GPT reads the poems of chapter 3 letter by letter, and writes. All of it is made of your
 * own functions; nothing here is yours to write.
 *
 *   npm run lab chapter-5
 *   npm run lab chapter-5 -- --steps 500 --layers 2
 */
import { Tensor, normal, ones, random, uniform, zeros } from '#tensor';
import type { Random } from '#tensor';
import { adamInit } from '../chapter-2-bp/optimizers.ts';
import type { AdamState } from '../chapter-2-bp/optimizers.ts';
import { warmupCosine } from '../chapter-2-bp/schedules.ts';
import { perplexity, sequenceLoss } from '../chapter-3-rnn/language-model.ts';
import { POEMS } from '../chapter-3-rnn/text.ts';
import type { EncoderBlockWeights } from './encoder.ts';
import { generateCached, generateText, gptForward, trainStep } from './gpt.ts';
import type { GptSettings, GptWeights } from './gpt.ts';
import { curvesSvg, curvesText, mapText, mapsSvg, smoothed } from './lab-pictures.ts';
import type { AttentionMap, LabIo } from './lab-pictures.ts';
import { countParameters, parametersOf, withParameters } from './parameters.ts';

// The text

/** Lower case, four kinds of stop made two, and no dashes: at most 31 different characters. */
const plain = (text: string) => text.toLowerCase().replace(/[;:]/g, ',').replace(/[?!]/g, '.').replace(/-/g, ' ');

export interface Corpus {
  /** what is read in training, and a poem that is not */
  training: string;
  kept: string;
  characters: string[];
  /** the words of three letters or more that occur in the training text */
  words: Set<string>;
}

const wordsOf = (text: string) => text.match(/[a-z']{3,}/g) ?? [];

export function corpus(): Corpus {
  const texts = POEMS.map((poem) => plain(`${poem.text}\n`));
  const training = texts.slice(0, -1).join('');
  const characters = [...new Set(texts.join(''))].sort();
  return { training, kept: texts[texts.length - 1], characters, words: new Set(wordsOf(training)) };
}

export const toTokens = (text: string, characters: string[]) => [...text].map((c) => characters.indexOf(c));

/** The share of words of three letters or more, in what was written, that occur in the text. The last one may be cut off. */
export function knownWords(text: string, words: Set<string>): number {
  const written = wordsOf(text.replace(/[a-z']+$/, ''));
  return written.length === 0 ? 0 : written.filter((word) => words.has(word)).length / written.length;
}

// The model

export interface WriterSettings {
  width: number;
  layers: number;
  heads: number;
  /** L, the longest text it can read */
  context: number;
  batch: number;
  learningRate: number;
  seed: number;
}

export const WRITER: WriterSettings = {
  width: 32,
  layers: 1,
  heads: 4,
  context: 32,
  batch: 8,
  learningRate: 0.01,
  seed: 1,
};

/** Steps of warm-up; the first of them measure how long a step takes. */
export const WARM_UP = 50;
export const MEASURED = 20;

const gptSettings = ({ heads }: WriterSettings): GptSettings => ({ heads, activation: 'gelu' });

/** Normal numbers of standard deviation 1/√(inputs); biases 0, norms neutral. The head is tied. */
export function newGpt({ width: C, layers, context }: WriterSettings, vocabulary: number, rng: Random): GptWeights {
  const matrix = (out: number, inputs: number) => normal([out, inputs], rng, 0, 1 / Math.sqrt(inputs));
  const norm = () => ({ gamma: ones(C), beta: zeros(C) });
  const block = (): EncoderBlockWeights => ({
    attention: {
      wQ: matrix(C, C),
      bQ: zeros(C),
      wK: matrix(C, C),
      bK: zeros(C),
      wV: matrix(C, C),
      bV: zeros(C),
      wO: matrix(C, C),
      bO: zeros(C),
    },
    norm1: norm(),
    feedForward: { w1: matrix(4 * C, C), b1: zeros(4 * C), w2: matrix(C, 4 * C), b2: zeros(C) },
    norm2: norm(),
  });
  return {
    tokens: normal([vocabulary, C], rng, 0, 0.3),
    positions: normal([context, C], rng, 0, 0.3),
    blocks: Array.from({ length: layers }, block),
    norm: norm(),
  };
}

/** Perplexity of a model on a text, in pieces as long as its context. */
export function perplexityOn(tokens: number[], weights: GptWeights, settings: WriterSettings): number {
  const { context: L, batch } = settings;
  const pieces: number[][] = [];
  for (let at = 0; at + L < tokens.length; at += L) pieces.push(tokens.slice(at, at + L + 1));
  const [losses, counts]: [number[], number[]] = [[], []];
  for (let at = 0; at < pieces.length; at += batch) {
    const text = pieces.slice(at, at + batch);
    const read = text.map((row) => row.slice(0, -1));
    const { logits } = gptForward(read, weights, gptSettings(settings));
    losses.push(sequenceLoss(logits, text.map((row) => row.slice(1))).loss); // prettier-ignore
    counts.push(text.length * L);
  }
  return perplexity(losses, counts);
}

/** Lets a model write, from the start of a line. */
export function write(
  weights: GptWeights,
  settings: WriterSettings,
  characters: string[],
  length: number,
  temperature: number,
  rng: Random,
): string {
  const uniforms = Array.from(uniform([length], rng).data);
  const sampling = { temperature, topK: characters.length, topP: 1 };
  const start = [characters.indexOf('\n')];
  return generateCached(start, weights, gptSettings(settings), uniforms, sampling)
    .map((token) => characters[token])
    .join('');
}

// Training

/** How training stands: all that is needed to go on with it. */
export interface Standing {
  weights: GptWeights;
  state: AdamState;
  /** of every step so far */
  losses: number[];
}

export const beginning = (settings: WriterSettings, vocabulary: number): Standing => {
  const weights = newGpt(settings, vocabulary, random(`gpt ${settings.seed}`));
  return { weights, state: adamInit(parametersOf(weights)), losses: [] };
};

/** One step further, of `total`. Every step draws its own pieces of text by its number, so a run can be taken up anywhere. */
export function oneStep(now: Standing, tokens: number[], settings: WriterSettings, total: number): Standing {
  const { context: L, batch, learningRate, seed } = settings;
  const step = now.losses.length + 1;
  const rng = random(`batch ${seed} ${step}`);
  const text = Array.from({ length: batch }, () => {
    const at = rng.integer(tokens.length - L);
    return tokens.slice(at, at + L + 1);
  });
  const rate = warmupCosine(step, Math.min(WARM_UP, total - 1), total, learningRate, learningRate / 20);
  const training = { learningRate: rate, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, maxNorm: 1 };
  const after = trainStep(text, now.weights, now.state, gptSettings(settings), training);
  return { weights: after.weights, state: after.state, losses: [...now.losses, after.loss] };
}

/** How many steps fit into the seconds, from the milliseconds that one takes. */
export const stepsFor = (seconds: number, milliseconds: number) =>
  Math.min(6000, Math.max(300, Math.round((1000 * seconds) / Math.max(1, milliseconds) / 100) * 100));

// Checkpoints

export const CHECKPOINT = 'gpt-checkpoint.json';

interface Stored {
  settings: WriterSettings;
  total: number;
  characters: string;
  shapes: string[];
  losses: number[];
  step: number;
  parameters: number[][];
  m: number[][];
  v: number[][];
}

const shapesOf = (weights: GptWeights) => parametersOf(weights).map((p) => `(${p.shape.join(', ')})`);
const numbersOf = (list: Tensor[]) => list.map((p) => Array.from(p.data));

/** The standing as text. Numbers are written so that they come back to the last bit. */
export function toCheckpoint({ weights, state, losses }: Standing, settings: WriterSettings, total: number): string {
  const stored: Stored = {
    settings,
    total,
    characters: corpus().characters.join(''),
    shapes: shapesOf(weights),
    losses,
    step: state.step,
    parameters: numbersOf(parametersOf(weights)),
    m: numbersOf(state.m),
    v: numbersOf(state.v),
  };
  return JSON.stringify(stored);
}

/** What a finished run leaves behind, so that the next one begins anew. */
export const FINISHED = '{"finished":true}';

export type Restored =
  { kind: 'none' } | { kind: 'standing'; standing: Standing; total: number } | { kind: 'unfit'; why: string };

/** What a checkpoint's text holds, if it belongs to a run with these settings. `steps` is 0 when any number of them will do. */
export function fromCheckpoint(text: string | undefined, settings: WriterSettings, steps: number): Restored {
  if (text === undefined) return { kind: 'none' };
  let stored: Partial<Stored> & { finished?: boolean };
  try {
    stored = JSON.parse(text) as typeof stored;
  } catch {
    return { kind: 'unfit', why: 'It cannot be read: it is no JSON.' };
  }
  if (typeof stored !== 'object' || stored === null || !(stored.settings || stored.finished))
    return { kind: 'unfit', why: 'It holds no model.' };
  if (stored.finished) return { kind: 'none' };
  const unlike = (Object.keys(settings) as (keyof WriterSettings)[]).find((k) => stored.settings?.[k] !== settings[k]);
  if (unlike !== undefined)
    return {
      kind: 'unfit',
      why: `It was made with ${unlike} ${String(stored.settings?.[unlike])}, and this run asks for ${settings[unlike]}.`,
    };
  const { total = 0, losses = [], step = -1, parameters = [], m = [], v = [] } = stored;
  if (steps > 0 && total !== steps)
    return { kind: 'unfit', why: `It is on its way to ${total} steps, and this run asks for ${steps}.` };
  const { characters } = corpus();
  if (stored.characters !== characters.join(''))
    return { kind: 'unfit', why: 'It was made with another text: the characters are not the same.' };
  const fresh = beginning(settings, characters.length).weights;
  const shapes = shapesOf(fresh);
  if (shapes.join() !== stored.shapes?.join())
    return { kind: 'unfit', why: 'Its parameters have other shapes than those that the code makes now.' };
  const tensors = (lists: number[][]) => parametersOf(fresh).map((p, k) => new Tensor(p.shape, lists[k] ?? []));
  const sizes = parametersOf(fresh).map((p) => p.size);
  const whole = [parameters, m, v].every((lists) => sizes.every((n, k) => lists[k]?.length === n && lists[k].every(Number.isFinite))); // prettier-ignore
  if (!whole || losses.length !== step || !(total > step))
    return { kind: 'unfit', why: 'It is damaged: numbers are missing.' };
  const standing = {
    weights: withParameters(fresh, tensors(parameters)),
    state: { step, m: tensors(m), v: tensors(v) },
    losses,
  };
  return { kind: 'standing', standing, total };
}

// The lab

/** Set in from the left, long lines folded. */
const indented = (text: string) =>
  text
    .replace(/\n+$/, '')
    .replace(/.{72}(?=.)/g, '$&\n')
    .replace(/^(?=.)/gm, '    ');
const percent = (share: number) => `${Math.round(100 * share)} %`;

/** The beginning of a line that is in the poems, for the maps of attention. */
export const SHOWN = 'tyger tyger, burning b';

/** What every head of every block looks at while it reads a line. */
export function looks(
  line: string,
  weights: GptWeights,
  settings: WriterSettings,
  characters: string[],
): AttentionMap[] {
  const { cache } = gptForward([toTokens(line, characters)], weights, gptSettings(settings));
  const letters = [...line].map((c) => (c === ' ' ? '␣' : c));
  return cache.blocks.flatMap((block, l) => {
    const heads = block.attention.inner.attention.weights.row(0);
    return Array.from({ length: heads.shape[0] }, (_, h) => ({
      name: settings.layers > 1 ? `block ${l + 1}, head ${h + 1}` : `head ${h + 1}`,
      rows: heads.row(h).toArray() as number[][],
      queries: letters,
      keys: letters,
    }));
  });
}

export async function run(io: LabIo): Promise<void> {
  const whole = (name: string, fallback: number, low: number, high: number) =>
    Math.min(high, Math.max(low, Math.round(io.option(name, fallback))));
  const heads = whole('heads', WRITER.heads, 1, 16);
  const settings: WriterSettings = {
    heads,
    width: Math.max(1, Math.round(whole('width', WRITER.width, 2, 256) / heads)) * heads,
    layers: whole('layers', WRITER.layers, 1, 12),
    context: whole('context', WRITER.context, 2, 256),
    batch: whole('batch', WRITER.batch, 1, 256),
    learningRate: io.option('rate', WRITER.learningRate),
    seed: whole('seed', WRITER.seed, 1, 1e9),
  };
  // 0: as many as fit into the seconds.
  const steps = whole('steps', 0, 0, 100_000);
  const seconds = io.option('seconds', 140);
  const temperature = Math.max(0, io.option('temperature', 0.5));
  const fresh = io.option('fresh', false);
  const { training, kept, characters, words } = corpus();
  const tokens = toTokens(training, characters);
  const size = countParameters(beginning(settings, characters.length).weights);

  const restored = fresh ? ({ kind: 'none' } as const) : fromCheckpoint(io.load(CHECKPOINT), settings, steps);
  if (restored.kind === 'unfit') {
    io.print(`There is a checkpoint, ${CHECKPOINT}, but it does not fit.\n${restored.why}`);
    io.print('Ask for what it was made with to go on with it, or begin anew with --fresh.');
    return;
  }
  io.print(`${POEMS.length - 1} poems, ${tokens.length} characters, ${characters.length} different ones.`);
  const blocks = settings.layers === 1 ? 'one block' : `${settings.layers} blocks`;
  io.print(
    `A GPT of width ${settings.width}: ${blocks}, ${heads} heads, ${size} numbers. It sees ${settings.context} characters.`,
  );
  io.print('How many of its longer words (three letters or more) will be words of the poems?\n');

  let now = restored.kind === 'standing' ? restored.standing : beginning(settings, characters.length);
  let total = restored.kind === 'standing' ? restored.total : steps;
  const from = now.losses.length;
  const sample = (length: number, heat = temperature) =>
    write(now.weights, settings, characters, length, heat, random(`sample ${now.losses.length}`));
  const report = () => {
    const text = sample(600);
    const recent = now.losses.slice(-50);
    const loss = recent.reduce((a, b) => a + b, 0) / recent.length;
    const when = recent.length === 0 ? 'Before the first step' : `Step ${now.losses.length}, loss ${loss.toFixed(3)}`;
    io.print(`${when}: ${percent(knownWords(text, words))} of its longer words are in the poems.\n`);
    io.print(`${indented(text.slice(0, 160))}\n`);
  };
  if (from > 0) io.print(`Going on from step ${from} of ${total}, where the last run stopped.\n`);
  else report();

  // What the first steps cost, without the very first ones, in which the code is still being compiled.
  let measuring = io.now();
  while ((total === 0 || now.losses.length < total) && !io.stopped()) {
    // While nobody knows the total, the rate is on its way up and does not depend on it.
    now = oneStep(now, tokens, settings, total || 6000);
    const step = now.losses.length;
    if (total === 0 && step === MEASURED / 4) measuring = io.now();
    if (total === 0 && step === MEASURED) {
      const measured = (io.now() - measuring) / (MEASURED - MEASURED / 4);
      total = stepsFor(seconds, measured);
      io.print(`A step takes ${measured.toFixed(0)} ms here, so there will be ${total} of them.\n`);
    }
    if (total === 0) io.progress(0, `step ${step}, measuring`);
    else if (step % 5 === 0) {
      const lately = now.losses.slice(-50);
      const loss = lately.reduce((a, b) => a + b, 0) / lately.length;
      io.progress((step - from) / (total - from), `step ${step} of ${total}, loss ${loss.toFixed(2)}`);
    }
    if (total > 0 && [0.1, 0.25, 0.5].some((share) => step === Math.round(share * total))) report();
  }
  if (io.stopped()) {
    const step = now.losses.length;
    if (total === 0) {
      io.print(`Stopped after ${step} steps, too few to keep.`);
      return;
    }
    await io.save(CHECKPOINT, toCheckpoint(now, settings, total));
    io.print(`Stopped after step ${step} of ${total}. The next run goes on; --fresh begins anew.`);
    return;
  }
  await io.save(CHECKPOINT, FINISHED);

  io.print(`After ${total} steps. What it writes now:\n`);
  for (const heat of [...new Set([0, temperature, 1])].sort((a, b) => a - b)) {
    const text = sample(heat === 0 ? 300 : 1500, heat);
    io.print(`At temperature ${heat} (${percent(knownWords(text, words))} of its longer words are in the poems):\n`);
    io.print(`${indented(text.slice(0, 240))}\n`);
  }
  const seen = perplexityOn(tokens, now.weights, settings);
  const unseen = perplexityOn(toTokens(kept, characters), now.weights, settings);
  io.print(`Perplexity on the poems it has read: ${seen.toFixed(2)}; on one that it has not: ${unseen.toFixed(2)}.`);
  io.print('(It has learnt these poems rather than English: there are too few of them.)\n');

  io.print('The loss while it learned:\n');
  const curve = smoothed(now.losses, Math.max(1, Math.round(total / 120)));
  io.print(curvesText([{ letter: '*', values: curve }], 3.5));
  await io.save(
    'gpt-loss.svg',
    curvesSvg(
      'gpt-loss',
      'The loss of a GPT that reads poems',
      `The mean loss per character, in nats, from ${curve[0].toFixed(2)} to ${curve[curve.length - 1].toFixed(2)} after ${total} steps.`,
      [{ name: 'loss', values: curve }],
      { steps: total, most: 3.5, what: 'nats' },
    ),
  );

  const maps = looks(SHOWN, now.weights, settings, characters);
  io.print('\nWhere its first head looks while it reads, a line for each letter:\n');
  io.print(mapText(maps[0]));
  await io.save(
    'gpt-heads.svg',
    mapsSvg(
      'gpt-heads',
      `Where the heads look while they read “${SHOWN}”`,
      `A field for each of ${maps.length} heads: a row for each letter that reads, a column for each letter it may look at. Everything above the diagonal is empty, for nobody looks ahead.`,
      maps,
      14,
    ),
  );

  const milliseconds = (f: () => void) => {
    const start = io.now();
    f();
    return io.now() - start;
  };
  const prompt = [characters.indexOf('\n')];
  const uniforms = Array.from(uniform([settings.context - 1], random('speed')).data);
  const choose = { temperature, topK: characters.length, topP: 1 };
  const slow = milliseconds(() => void generateText(prompt, now.weights, gptSettings(settings), uniforms, choose));
  const quick = milliseconds(() => void generateCached(prompt, now.weights, gptSettings(settings), uniforms, choose));
  if (slow > 0)
    io.print(
      `\n${uniforms.length} more characters: ${slow.toFixed(0)} ms when all is read again for each,\n` +
        `${quick.toFixed(0)} ms with the keys and values kept.`,
    );
  io.print('\nNext: npm run lab chapter-5 -- --task reverse');
  io.progress(1, 'done');
}
