/**
 * The lab of chapter 6, on your own functions. A small GPT that has read the poems of chapter 3 is to learn recipes, in five
 * ways and with equally many steps: all of its numbers; LoRA; adapters; a prefix; and LoRA on matrices of 4 bits. What does
 * each cost, what does it learn, and what does the model forget?
 *
 *   npm run lab chapter-6
 *   npm run lab chapter-6 -- --steps 1000
 *   npm run lab chapter-6 -- --methods lora,full --rank 16
 */
import { random } from '#tensor';
import type { Tensor } from '#tensor';
import { adamInit, adamStep, clipByNorm } from '../chapter-2-bp/optimizers.ts';
import type { AdamState } from '../chapter-2-bp/optimizers.ts';
import { warmupCosine } from '../chapter-2-bp/schedules.ts';
import { sequenceLoss } from '../chapter-3-rnn/language-model.ts';
import { chooseToken } from '../chapter-5-transformer/gpt.ts';
import type { GptWeights } from '../chapter-5-transformer/gpt.ts';
import { curvesText, smoothed } from '../chapter-5-transformer/lab-pictures.ts';
import type { LabIo } from '../chapter-5-transformer/lab-pictures.ts';
import { countParameters, parametersOf, withParameters } from '../chapter-5-transformer/parameters.ts';
import { corpus, toTokens } from '../chapter-5-transformer/writer.ts';
import { BASE } from './base.ts';
import { BASE_SETTINGS, GPT, baseLoss, fromText, lossOn, unpackBase } from './base-training.ts';
import { barsSvg, waysSvg } from './charts.ts';
import type { AttentionLora } from './lora.ts';
import { adapterMethod, fullMethod, loraMethod, memoryOf, merged, prefixMethod, qloraMethod } from './methods.ts';
import type { AnyMethod, Method, Sizes } from './methods.ts';
import { KEPT, RECIPES } from './recipes.ts';

export type { LabIo } from '../chapter-5-transformer/lab-pictures.ts';

// The texts

export interface Texts {
  characters: string[];
  /** what the base has read */
  poems: number[];
  /** what it is to learn, and recipes that nobody learns */
  recipes: number[];
  kept: number[];
}

export function texts(): Texts {
  const { training, characters } = corpus();
  const tokens = (list: string[]) => toTokens(list.join('\n'), characters);
  return {
    characters,
    poems: toTokens(training, characters),
    recipes: tokens(RECIPES.slice(0, -KEPT)),
    kept: tokens(RECIPES.slice(-KEPT)),
  };
}

export const base = (): GptWeights => unpackBase(fromText(BASE.weights));

// The methods

export const NAMES = ['full', 'lora', 'adapter', 'prefix', 'qlora'] as const;
export type Name = (typeof NAMES)[number];

export interface Settings extends Sizes {
  steps: number;
  batch: number;
  /** P */
  prefix: number;
  seed: number;
}

export const SETTINGS: Settings = {
  steps: 300,
  batch: 8,
  rank: 4,
  alpha: 8,
  bottleneck: 4,
  prefix: 8,
  seed: 1,
};

/** For each the best of three that were tried, one about three times the other, by the loss on the recipes. */
export const RATES: Record<Name, number> = { full: 0.01, lora: 0.03, adapter: 0.03, prefix: 0.3, qlora: 0.03 };

export function methodOf(name: Name, weights: GptWeights, settings: Settings, { poems }: Texts): AnyMethod {
  // LoRA and QLoRA begin with the same A.
  const rng = random(`detours ${settings.seed}`);
  const rate = RATES[name];
  // Nobody outside asks what it is that learns.
  const any = <W>(method: Method<W>) => method as unknown as AnyMethod;
  if (name === 'full') return any(fullMethod(weights, GPT, rate));
  if (name === 'lora') return any(loraMethod(weights, GPT, settings, rng, rate));
  if (name === 'adapter') return any(adapterMethod(weights, GPT, settings, rng, rate));
  if (name === 'prefix') return any(prefixMethod(weights, GPT, poems.slice(0, settings.prefix), rate));
  return any(qloraMethod(weights, GPT, settings, rng, rate));
}

// Training

/** What came of one method. */
export interface Outcome {
  learned: unknown;
  /** of every step */
  losses: number[];
  /** [on the recipes, on the poems], a piece of each: before, and every so many steps */
  way: [number, number][];
}

/** How often both losses are looked at on the way. */
const LOOKS = 20;

const running =
  <W>(method: Method<W>, learned: W) =>
  (index: number[][]): Tensor =>
    method.run(index, learned).logits;

/** The pieces that a step reads: drawn by its number, so that all methods see the same ones. */
function pieces({ recipes }: Texts, { batch, seed }: Settings, step: number): number[][] {
  const L = BASE_SETTINGS.context;
  const rng = random(`recipes ${seed} ${step}`);
  return Array.from({ length: batch }, () => {
    const at = rng.integer(recipes.length - L);
    return recipes.slice(at, at + L + 1);
  });
}

/** One step of gradient descent on what learns, and on nothing else. */
function oneStep(method: AnyMethod, text: number[][], parameters: Tensor[], state: AdamState, learningRate: number) {
  const learned = withParameters(method.start, parameters);
  const { logits, back } = method.run(text.map((row) => row.slice(0, -1)), learned); // prettier-ignore
  const { loss, dlogits } = sequenceLoss(logits, text.map((row) => row.slice(1))); // prettier-ignore
  const { gradients } = clipByNorm(parametersOf(back(dlogits)), 1);
  return { loss, ...adamStep(parameters, gradients, state, { learningRate, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 }) };
}

/** Trains a method on the recipes. */
export function tune(
  method: AnyMethod,
  all: Texts,
  settings: Settings,
  listen: (losses: number[]) => boolean,
): Outcome {
  const { steps } = settings;
  const some = 8 * BASE_SETTINGS.context + 1;
  let parameters = parametersOf(method.start);
  let state = adamInit(parameters);
  const learned = () => withParameters(method.start, parameters);
  const look = (): [number, number] => {
    const forward = running(method, learned());
    return [lossOn(all.recipes.slice(0, some), forward), lossOn(all.poems.slice(0, some), forward)];
  };
  const losses: number[] = [];
  const way = [look()];
  while (losses.length < steps) {
    const step = losses.length + 1;
    const rate = warmupCosine(step, Math.min(10, steps - 1), steps, method.learningRate, method.learningRate / 20);
    const after = oneStep(method, pieces(all, settings, step), parameters, state, rate);
    ({ parameters, state } = after);
    losses.push(after.loss);
    if (Math.floor((step * LOOKS) / steps) > Math.floor(((step - 1) * LOOKS) / steps)) way.push(look());
    if (!listen(losses)) break;
  }
  return { learned: learned(), losses, way };
}

/**
 * Milliseconds that a step of each method takes. They take turns, and the shortest time counts, so that whatever else the
 * machine does meanwhile falls on nobody.
 */
export function timesOf(methods: AnyMethod[], all: Texts, settings: Settings, now: () => number): number[] {
  const text = pieces(all, settings, 1);
  const shortest = methods.map(() => Infinity);
  for (let round = 0; round < 20; round++) {
    methods.forEach((method, k) => {
      const parameters = parametersOf(method.start);
      const state = adamInit(parameters);
      const begun = now();
      oneStep(method, text, parameters, state, method.learningRate);
      shortest[k] = Math.min(shortest[k], now() - begun);
    });
  }
  return shortest;
}

/** Lets a model write, from the start of a line. */
export function writeWith(
  forward: (index: number[][]) => Tensor,
  characters: string[],
  length: number,
  temperature: number,
  seed: string,
): string {
  const rng = random(seed);
  const text = [characters.indexOf('\n')];
  while (text.length <= length) {
    const logits = forward([text.slice(-BASE_SETTINGS.context)])
      .row(0)
      .row(-1);
    text.push(chooseToken(logits, rng.next(), { temperature, topK: characters.length, topP: 1 }));
  }
  return text.slice(1).map((token) => characters[token]).join(''); // prettier-ignore
}

// The lab

/** Set in from the left, long lines folded, blank lines and a last half line left out. */
const indented = (text: string) =>
  text
    .replace(/\n+/g, '\n')
    .replace(/^\n|\n$/g, '')
    .replace(/.{72}(?=.)/g, '$&\n')
    .replace(/^(?=.)/gm, '    ');
const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} kB`;

interface Row {
  method: AnyMethod;
  outcome: Outcome;
  /** on the recipes, on those kept back, on the poems */
  losses: number[];
  /** of a step */
  milliseconds: number;
}

export async function lab(io: LabIo): Promise<void> {
  const whole = (name: string, fallback: number, low: number, high: number) =>
    Math.min(high, Math.max(low, Math.round(io.option(name, fallback)) || fallback));
  const settings: Settings = {
    steps: whole('steps', SETTINGS.steps, 2, 100_000),
    batch: whole('batch', SETTINGS.batch, 1, 256),
    rank: whole('rank', SETTINGS.rank, 1, 32),
    alpha: io.option('alpha', SETTINGS.alpha),
    bottleneck: whole('bottleneck', SETTINGS.bottleneck, 1, 256),
    prefix: whole('keys', SETTINGS.prefix, 1, BASE_SETTINGS.context),
    seed: whole('seed', SETTINGS.seed, 1, 1e9),
  };
  const temperature = Math.max(0, io.option('temperature', 0.4));
  const asked: string = io.option('methods', 'all');
  const names = asked === 'all' ? NAMES : (asked.split(',') as Name[]);
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown !== undefined)
    throw new Error(
      `the option methods is "all", or some of ${NAMES.join(', ')} with commas between, not "${unknown}"`,
    );

  const all = texts();
  const { characters, poems, recipes, kept } = all;
  const weights = base();
  const evaluate = (forward: (index: number[][]) => Tensor) => [recipes, kept, poems].map((t) => lossOn(t, forward));
  const unchanged = running(fullMethod(weights, GPT, 0), weights);
  const before = evaluate(unchanged);

  const size = countParameters(weights);
  io.print(
    `The base: ${weights.blocks.length} blocks, ${size} numbers, which came as ${fromText(BASE.weights).length} bytes of q8_0.`,
  );
  io.print(
    `It has read the poems, ${poems.length} characters, and is to learn ${RECIPES.length - KEPT} recipes, ${recipes.length} characters.`,
  );
  io.print(
    `Loss per character on the poems ${before[2].toFixed(3)}, on the recipes ${before[0].toFixed(3)}; an even guess: ${Math.log(characters.length).toFixed(3)}.`,
  );
  io.print('\nWhat it writes now:\n');
  const sample = (forward: (index: number[][]) => Tensor) =>
    indented(writeWith(forward, characters, 160, temperature, `sample ${settings.seed}`));
  io.print(`${sample(unchanged)}\n`);
  io.print('Who will learn most of the recipes in as many steps? Who will forget least of the poems?\n');

  const rows: Row[] = [];
  for (const [k, name] of names.entries()) {
    const method = methodOf(name, weights, settings, all);
    const outcome = tune(method, all, settings, (losses) => {
      const lately = losses.slice(-20);
      const loss = lately.reduce((a, b) => a + b, 0) / lately.length;
      io.progress((k + losses.length / settings.steps) / (names.length + 0.05), `${method.name} ${losses.length} of ${settings.steps}, loss ${loss.toFixed(2)}`); // prettier-ignore
      return !io.stopped();
    });
    const forward = running(method, outcome.learned);
    const losses = evaluate(forward);
    rows.push({ method, outcome, losses, milliseconds: 0 });
    io.print(
      `${method.name}: ${countParameters(method.start)} numbers learned, ${outcome.losses.length} steps. It writes:\n`,
    );
    io.print(`${sample(forward)}\n`);
    if (io.stopped()) {
      io.print('Stopped; this is how far it came.\n');
      break;
    }
  }

  const times = timesOf(rows.map(({ method }) => method), all, settings, io.now); // prettier-ignore
  rows.forEach((row, k) => (row.milliseconds = times[k]));
  print(io, rows, before, size);
  afterwards(io, rows, weights, settings, all, before);
  await draw(io, rows, before);
  io.progress(1, 'done');
}

/** The table and the curves. */
function print(io: LabIo, rows: Row[], before: number[], size: number): void {
  const head = ['', 'learns', 'of all', 'memory', 'a step', 'recipes', 'new ones', 'poems'];
  const table = [
    head,
    ['before', '', '', '', '', ...before.map((l) => l.toFixed(3))],
    ...rows.map(({ method, losses, milliseconds }) => {
      const n = countParameters(method.start);
      return [
        method.name,
        String(n),
        `${((100 * n) / size).toFixed(1)} %`,
        kilobytes(memoryOf(method)),
        `${milliseconds.toFixed(0)} ms`,
        ...losses.map((l) => l.toFixed(3)),
      ];
    }),
  ];
  const widths = head.map((_, c) => Math.max(...table.map((row) => row[c].length)));
  for (const row of table)
    io.print(`  ${row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c] + 2))).join('')}`);
  io.print(
    '\nMemory: the base, and for each number that learns itself, its gradient and Adam’s two moments. On the right the loss per character: on the recipes, on two that nobody has read, and on the poems.\n',
  );
  io.print(
    `The loss while they learned (${rows.map(({ method }) => `${method.letter}: ${method.name}`).join('; ')}):\n`,
  );
  const window = Math.max(1, Math.round(rows[0].outcome.losses.length / 60));
  io.print(
    curvesText(rows.map(({ method, outcome }) => ({ letter: method.letter, values: smoothed(outcome.losses, window) })), 3.5), // prettier-ignore
  );
}

/** What can be done with a detour: add it in, or take it off. */
function afterwards(
  io: LabIo,
  rows: Row[],
  weights: GptWeights,
  { alpha }: Settings,
  { recipes, poems }: Texts,
  before: number[],
): void {
  const lora = rows.find(({ method }) => method.name === 'LoRA');
  io.print('');
  if (lora) {
    const one = merged(weights, lora.outcome.learned as AttentionLora[], alpha);
    const [apart, together] = [lora.losses[0], baseLoss(recipes, one)];
    const same = Math.abs(together - apart) < 1e-6 ? 'the same' : 'it should be the same';
    io.print(
      `LoRA added into the base: ${countParameters(one)} numbers as before, loss on the recipes ${together.toFixed(3)} (${same}).`,
    );
  }
  if (rows.some(({ method }) => method.frozenBytes > 0)) {
    const again = baseLoss(poems, weights);
    const there = again === before[2] ? 'what it was before' : 'which should be what it was before';
    io.print(
      `Detours, adapters and prefix taken off: loss on the poems ${again.toFixed(3)}, ${there}. What all numbers have learned cannot be taken off.`,
    );
  }
}

/** The pictures. */
async function draw(io: LabIo, rows: Row[], before: number[]): Promise<void> {
  const names = rows.map(({ method }) => method.name);
  const column = (name: string, value: (row: Row) => number, written: (v: number) => string) => ({ name, values: rows.map(value), written }); // prettier-ignore
  await io.save(
    'tuning-bars.svg',
    barsSvg(
      'tuning-bars',
      'What each way of tuning costs, learns and forgets',
      `A row for each of ${names.join(', ')}; bars for the numbers that learn, the memory, the time of a step, and the loss on recipes and poems.`,
      names,
      [
        column(
          'numbers that learn',
          ({ method }) => countParameters(method.start),
          (v) => String(v),
        ),
        column('memory', ({ method }) => memoryOf(method), kilobytes),
        column(
          'time of a step',
          ({ milliseconds }) => milliseconds,
          (v) => `${v.toFixed(0)} ms`,
        ),
        column(
          'loss on the recipes',
          ({ losses }) => losses[0],
          (v) => v.toFixed(2),
        ),
        column(
          'loss on the poems',
          ({ losses }) => losses[2],
          (v) => v.toFixed(2),
        ),
      ],
    ),
  );
  await io.save(
    'tuning-ways.svg',
    waysSvg(
      'tuning-ways',
      'What is learned, against what is forgotten',
      `A road for each of ${names.join(', ')} through the plane of the two losses. All begin on the right, with ${before[0].toFixed(1)} on the recipes; to the left is learning, upwards is forgetting.`,
      rows.map(({ method, outcome }) => ({ name: method.name, points: outcome.way })),
      { x: 'loss on the recipes (to the left: learned)', y: 'loss on the poems (upwards: forgotten)' },
    ),
  );
  io.print('\nNext: npm run grade chapter-7');
}
