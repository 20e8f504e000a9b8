/**
 * Part of the lab of chapter 5: who knows the order of the words? An encoder that sees everything and has no positions does
 * not; a causal one does, without any positions; and positions help the first. All of it is made of your own functions;
 * nothing here is yours to write.
 *
 *   npm run lab chapter-5 -- --task order
 */
import { normal, ones, random, zeros } from '#tensor';
import type { Random, Tensor } from '#tensor';
import { linearBackward, linearForward } from '../chapter-2-bp/linear.ts';
import { bceWithLogitsBackward, bceWithLogitsForward } from '../chapter-2-bp/losses.ts';
import { adamInit, adamStep, clipByNorm } from '../chapter-2-bp/optimizers.ts';
import { embeddingBackward, embeddingForward } from '../chapter-3-rnn/embedding.ts';
import { causalMask } from './attention.ts';
import { encoderBackward, encoderForward } from './encoder.ts';
import type { BlockSettings, EncoderBlockWeights } from './encoder.ts';
import { curvesSvg, curvesText, mapText, mapsSvg, smoothed } from './lab-pictures.ts';
import type { AttentionMap, LabIo } from './lab-pictures.ts';
import { parametersOf, withParameters } from './parameters.ts';
import { learnedPositionsBackward, learnedPositionsForward } from './positional-encoding.ts';

/** The three encoders: what each may see, and whether it is told where a word stands. */
export interface Kind {
  name: string;
  letter: string;
  causal: boolean;
  placed: boolean;
}
export const kinds: Kind[] = [
  { name: 'sees all, no positions', letter: 'o', causal: false, placed: false },
  { name: 'causal, no positions', letter: 'c', causal: true, placed: false },
  { name: 'sees all, positions', letter: 'p', causal: false, placed: true },
];

export interface Reader {
  /** (V, C) */
  tokens: Tensor;
  /** (L, C) */
  positions: Tensor;
  blocks: EncoderBlockWeights[];
  /** (1, C) and (1): from the mean of the tokens to a yes or no */
  w: Tensor;
  b: Tensor;
}

const SETTINGS: BlockSettings = { heads: 2, activation: 'gelu', order: 'pre' };

export interface Size {
  vocabulary: number;
  length: number;
  width: number;
  blocks: number;
}

/** Normal numbers of standard deviation 1/√(inputs); biases 0, norms neutral. */
export function newReader({ vocabulary, length, width: C, blocks }: Size, rng: Random): Reader {
  const matrix = (out: number, inputs: number) => normal([out, inputs], rng, 0, 1 / Math.sqrt(inputs));
  const norm = () => ({ gamma: ones(C), beta: zeros(C) });
  return {
    tokens: normal([vocabulary, C], rng),
    positions: normal([length, C], rng),
    blocks: Array.from({ length: blocks }, () => ({
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
    })),
    w: matrix(1, C),
    b: zeros(1),
  };
}

/** Texts through the encoder: y (B, T, C), and what the way back needs. */
export function read(texts: number[][], reader: Reader, { causal, placed }: Kind) {
  const T = texts[0].length;
  const words = embeddingForward(reader.tokens, texts);
  const places = placed ? learnedPositionsForward(words.y, reader.positions, 0) : undefined;
  const mask = causal ? causalMask(T, T) : ones(1, 1);
  const encoder = encoderForward(places?.y ?? words.y, mask, reader.blocks, SETTINGS);
  return { y: encoder.y, words, places, encoder };
}

// Two sentences of the same words

export const SENTENCES = [
  ['dog', 'bites', 'man'],
  ['man', 'bites', 'dog'],
];
const VOCABULARY = ['dog', 'bites', 'man'];
const sentences = SENTENCES.map((words) => words.map((word) => VOCABULARY.indexOf(word)));
const untrained = (seed: number) =>
  newReader({ vocabulary: 3, length: 3, width: 16, blocks: 2 }, random(`order ${seed}`));

/** How far apart an untrained encoder's vectors of each word are in the two sentences; last, the sentences' means. */
export function distances(kind: Kind, seed: number): number[] {
  const [one, other] = sentences.map((text) => read([text], untrained(seed), kind).y.row(0));
  const apart = (a: Tensor, b: Tensor) => Math.sqrt(a.sub(b).square().sum().item());
  const each = VOCABULARY.map((_, word) => apart(one.row(sentences[0].indexOf(word)), other.row(sentences[1].indexOf(word)))); // prettier-ignore
  return [...each, apart(one.mean(0), other.mean(0))];
}

/** What the first head of the first block looks at in each of the two sentences. */
export function sentenceMaps(kind: Kind, seed: number): AttentionMap[] {
  return sentences.map((text, k) => ({
    name: `${SENTENCES[k].join(' ')}: ${kind.name}`,
    rows: read([text], untrained(seed), kind)
      .encoder.cache[0].attention.inner.attention.weights.row(0)
      .row(0)
      .toArray() as number[][],
    queries: SENTENCES[k],
    keys: SENTENCES[k],
  }));
}

// A question about order

/** Eight letters, one A and one B among them; the answer is 1 when A comes first. */
export function questions(length: number, count: number, rng: Random): { texts: number[][]; answers: Tensor } {
  const answers = zeros(count, 1);
  const texts = Array.from({ length: count }, (_, k) => {
    const text = Array.from({ length }, () => 2 + rng.integer(6));
    const a = rng.integer(length);
    const b = (a + 1 + rng.integer(length - 1)) % length;
    [text[a], text[b]] = [0, 1];
    answers.data[k] = a < b ? 1 : 0;
    return text;
  });
  return { texts, answers };
}

/** Answers from the mean of all tokens. */
function answered(texts: number[][], reader: Reader, kind: Kind) {
  const there = read(texts, reader, kind);
  return { there, head: linearForward(there.y.mean(1), reader.w, reader.b) };
}

/** The loss of a batch, and the gradient of every parameter. */
export function slope(texts: number[][], answers: Tensor, reader: Reader, kind: Kind) {
  const { there, head } = answered(texts, reader, kind);
  const { loss, cache } = bceWithLogitsForward(head.y, answers);
  const { dx, dw, db } = linearBackward(bceWithLogitsBackward(cache), head.cache);
  const [B, T, C] = there.y.shape;
  const back = encoderBackward(dx.div(T).expandDims(1).broadcastTo([B, T, C]), there.encoder.cache);
  const places = there.places && learnedPositionsBackward(back.dx, there.places.cache);
  const gradients: Reader = {
    tokens: embeddingBackward(places?.dx ?? back.dx, there.words.cache),
    positions: places?.dtable ?? zeros(...reader.positions.shape),
    blocks: back.blocks,
    w: dw,
    b: db,
  };
  return { loss, gradients };
}

export interface Settings {
  length: number;
  width: number;
  batch: number;
  steps: number;
  seed: number;
}

/** Trains one of the three, on the same questions as the others, until the steps are used up or `listen` answers false. */
export function train(kind: Kind, settings: Settings, listen: (losses: number[]) => boolean) {
  const { length, width, batch, steps, seed } = settings;
  const rng = random(`questions ${seed}`);
  const start = newReader({ vocabulary: 8, length, width, blocks: 1 }, random(`reader ${seed}`));
  const adam = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const losses: number[] = [];
  let parameters = parametersOf(start);
  let state = adamInit(parameters);
  while (losses.length < steps) {
    const { texts, answers } = questions(length, batch, rng);
    const { loss, gradients } = slope(texts, answers, withParameters(start, parameters), kind);
    const clipped = clipByNorm(parametersOf(gradients), 1).gradients;
    ({ parameters, state } = adamStep(parameters, clipped, state, adam));
    losses.push(loss);
    if (!listen(losses)) break;
  }
  return { losses, reader: withParameters(start, parameters) };
}

/** The share of questions that are answered right. */
export function accuracy(reader: Reader, kind: Kind, { texts, answers }: ReturnType<typeof questions>): number {
  const { y } = answered(texts, reader, kind).head;
  return answers.data.filter((answer, k) => y.data[k] > 0 === answer > 0).length / texts.length;
}

// The lab

const WINDOW = 5;

/** `npm run lab chapter-5 -- --task order` */
export async function run(io: LabIo): Promise<void> {
  const whole = (name: string, fallback: number, low: number, high: number) =>
    Math.min(high, Math.max(low, Math.round(io.option(name, fallback)) || fallback));
  const settings: Settings = {
    length: whole('length', 8, 2, 64),
    width: 2 * Math.round(whole('width', 16, 2, 128) / 2),
    batch: whole('batch', 64, 1, 512),
    steps: whole('steps', 300, 5, 100_000),
    seed: whole('seed', 1, 1, 1e9),
  };
  const { length, steps, seed } = settings;

  io.print('Two blocks of an encoder, untrained, read two sentences of the same words:');
  io.print(`"${SENTENCES[0].join(' ')}" and "${SENTENCES[1].join(' ')}".\n`);
  io.print('How far apart are the vectors of each word in the two?\n');
  const digits = (v: number) => (v < 1e-9 ? '0' : v.toFixed(2));
  for (const [name, ...cells] of [
    ['', ...VOCABULARY, 'the mean'],
    ...kinds.map((kind) => [kind.name, ...distances(kind, seed).map(digits)]),
  ])
    io.print(`  ${name.padEnd(24)}${cells.map((cell) => cell.padStart(10)).join('')}`);
  const maps = kinds.slice(0, 2).flatMap((kind) => sentenceMaps(kind, seed));
  io.print('\nWhere each word (down) looks (across), when all see all:\n');
  io.print(`${mapText(maps[0])}\n\n${mapText(maps[1])}`);
  io.print('\nThe same squares in another order. And when nobody looks ahead:\n');
  io.print(`${mapText(maps[2])}\n\n${mapText(maps[3])}`);
  await io.save(
    'order-attention.svg',
    mapsSvg(
      'order-attention',
      'Attention to two sentences of the same words',
      'Four fields of squares: "dog bites man" and "man bites dog", read by an encoder that sees all (the second field is the first with its rows and columns in another order) and by a causal one (a triangle is empty, and the fields differ).',
      maps.map((map) => ({ ...map, name: map.name.replace(/:.*,/, map.name.includes('causal') ? ': causal' : ': sees all').replace(/ no positions/, '') })), // prettier-ignore
      34,
    ),
  );

  io.print(`\nNow they learn. ${length} letters, one A and one B among them: does A come before B?`);
  io.print(`One block each, ${steps} steps; guessing costs ln 2 = 0.693.\n`);
  const test = questions(length, 500, random(`test ${seed}`));
  const runs: { kind: Kind; losses: number[] }[] = [];
  for (const [k, kind] of kinds.entries()) {
    const { losses, reader } = train(kind, settings, (seen) => {
      io.progress((k * steps + seen.length) / (kinds.length * steps + 1), `${kind.name}, step ${seen.length}`);
      return !io.stopped();
    });
    if (io.stopped()) return;
    runs.push({ kind, losses });
    const share = (100 * accuracy(reader, kind, test)).toFixed(0);
    const last = smoothed(losses, WINDOW)[Math.ceil(losses.length / WINDOW) - 1];
    io.print(`  ${kind.name.padEnd(24)} loss ${last.toFixed(3)}, right in ${share} of 100 (500 new ones)`);
  }
  const curves = runs.map(({ kind, losses }) => ({ name: kind.name, letter: kind.letter, values: smoothed(losses, WINDOW) })); // prettier-ignore
  io.print('\nThe loss while they learned (o: no order; c: causal; p: positions):\n');
  io.print(curvesText(curves, 1));
  await io.save(
    'order-loss.svg',
    curvesSvg(
      'order-loss',
      'Who learns which of two letters comes first',
      'The loss of three encoders: the one that sees everything and has no positions stays at 0.69, the level of guessing; the causal one and the one with positions fall.',
      curves,
      { steps, most: 1, what: 'loss' },
    ),
  );
  io.print('\nNext: npm run lab chapter-5');
  io.progress(1, 'done');
}
