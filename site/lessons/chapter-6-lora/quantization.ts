/** What the lesson on quantisation shows: every number, print and figure in it is computed here. */
import { Tensor, fromHalfBits, halfBits, normal, random, tensor } from '#tensor';
import { corpus, toTokens } from '../../../solutions/chapter-5-transformer/writer.ts';
import { BASE } from '../../../solutions/chapter-6-lora/base.ts';
import { baseLoss, fromText, unpackBase } from '../../../solutions/chapter-6-lora/base-training.ts';
import { packBlocks, unpackBlocks } from '../../../solutions/chapter-6-lora/methods.ts';
import {
  dequantizeMatrix,
  packQ4,
  packQ8,
  quantizeInBlocks,
  quantizeMatrix,
  roundAwayFromZero,
  unpackQ4,
} from '../../../solutions/chapter-6-lora/quantization.ts';
import { lines, show } from '../chapter-2-bp/words.ts';
import { figure, plot } from '../svg.ts';

const count = (n: number) => n.toLocaleString('en-US');
const percent = (share: number, digits = 0) => (100 * share).toFixed(digits);

// One scale, worked out

const few = tensor([0.31, -1.12, 0.05, 0.9, -0.44, 2.1, -0.02, 0.63]);
/** The steps of absmax in 4 bits, and the scale. */
function fourBits(x: Tensor) {
  const scale = x.abs().max().item() / 7;
  return { scale, q: x.map((v) => roundAwayFromZero(v / scale)) };
}
function worked(): string {
  const { scale, q } = fourBits(few);
  const row = (name: string, f: (v: number, i: number) => string) => [name, ...Array.from(few.data, f)];
  const y = quantizeInBlocks(few, 8, 4);
  return lines([
    row('x', (v) => show(v)),
    row('x / scale', (v) => show(Number((v / scale).toFixed(2)))),
    row('q', (_, i) => show(q.data[i]! + 0)),
    row('scale · q', (_, i) => show(y.data[i]! + 0)),
    row('error', (v, i) => show(Number((y.data[i]! - v).toFixed(2)))),
  ]);
}
const spoiled = few.map((v) => (v === 2.1 ? 21 : v));
function outlier(): string {
  const cells = (x: Tensor) => Array.from(x.data, (v) => show(Number(v.toFixed(2)) + 0));
  return lines([
    ['x', ...cells(spoiled)],
    ['one scale', ...cells(quantizeInBlocks(spoiled, 8, 4))],
    ['blocks of 4', ...cells(quantizeInBlocks(spoiled, 4, 4))],
  ]);
}

// Error against block size

const N = 4096;
const ordinary = normal([N], random('weights'));
/** One in five hundred twenty times as large. */
const wild = ordinary.map((v, i) => (i % 500 === 250 ? 20 * v : v));
const isOrdinary = (i: number) => i % 500 !== 250;
const sizes = [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

/** Root mean square of the error of the ordinary numbers, as a share of their own size. */
function error(x: Tensor, size: number, bits: number): number {
  const y = quantizeInBlocks(x, size, bits);
  let [wrong, all] = [0, 0];
  x.data.forEach((v, i) => {
    if (!isOrdinary(i)) return;
    wrong += (y.data[i]! - v) ** 2;
    all += v ** 2;
  });
  return Math.sqrt(wrong / all);
}
const measured = {
  four: sizes.map((size) => error(ordinary, size, 4)),
  fourWild: sizes.map((size) => error(wild, size, 4)),
  eightWild: sizes.map((size) => error(wild, size, 8)),
};
const at = (size: number) => sizes.indexOf(size);

function blockSize(): string {
  const p = plot({
    x: [2, 12],
    y: [0, 100],
    width: 560,
    height: 340,
    xLabel: 'numbers that share a scale, as a power of two',
    yLabel: 'error, in percent of the size of an ordinary number',
  });
  const points = (list: number[]) => list.map((e, i) => [Math.log2(sizes[i]!), 100 * e] as const);
  return figure(
    {
      title: 'The error of quantising against the size of a block',
      description: `Three curves over blocks of 4 to 4,096 numbers. Plain noise in 4 bits: from ${percent(measured.four[0]!)} percent slowly up to ${percent(measured.four.at(-1)!)}. The same with an outlier in five hundred: like the first up to blocks of 16, then steeply up to ${percent(measured.fourWild.at(-1)!)} percent. In 8 bits, with the outliers: from under one percent up to ${percent(measured.eightWild.at(-1)!)}.`,
      width: 560,
      height: 340,
    },
    p.axes(),
    p.line(points(measured.four), 'query'),
    p.scatter(points(measured.four), 'query'),
    p.line(points(measured.fourWild), 'loss'),
    p.scatter(points(measured.fourWild), 'loss'),
    p.line(points(measured.eightWild), 'value'),
    p.scatter(points(measured.eightWild), 'value'),
    p.label([7.6, 48], '4 bits, with outliers', 'end'),
    p.label([9.6, 22], '4 bits, without', 'middle'),
    p.label([4.1, 3.8], '8 bits, with outliers', 'start'),
  );
}

/** What the estimate says: half a step is the most, a step over √12 the rule. */
const largestOf32 = (() => {
  const blocks = ordinary.reshape(-1, 32).abs().max(1);
  return blocks.square().mean().sqrt().item();
})();

function prices(): string {
  return lines([
    ['numbers a block', '8 bits', '4 bits', 'error in 4 bits'],
    ...[16, 32, 64, 256].map((size) => [
      String(size),
      (8 + 16 / size).toFixed(2),
      (4 + 16 / size).toFixed(2),
      `${percent(measured.fourWild[at(size)]!, 1)} %`,
    ]),
  ]);
}

// A vector with one large number, for the prediction

const surprised = ordinary.map((v, i) => (i === 100 ? 50 : v));
const zerosIn = (x: Tensor) => x.data.filter((v) => v === 0).length / x.size;

// Bytes

const block = Array.from({ length: 32 }, (_, j) => Math.round(100 * Math.sin(j)) / 50);
const [low4, high4, ...pairs] = packQ4(block);

function nibbles(): string {
  const back = unpackQ4(packQ4(block));
  const level = (j: number) => (j < 16 ? pairs[j]! & 15 : pairs[j - 16]! >> 4);
  const row = (j: number) => [
    String(j),
    show(block[j]!),
    level(j),
    show(level(j) - 8),
    back[j]!.toFixed(3).replace('-', '−'),
    j < 16 ? String(pairs[j]!) : '',
    j < 16 ? pairs[j]!.toString(2).padStart(8, '0').replace(/(?=....$)/, ' ') : '', // prettier-ignore
  ];
  return lines([['j', 'x', 'level', 'level − 8', 'unpacked', 'byte 2 + j', 'bits'], ...[0, 1, 2, 3, 16, 17, 18, 19].map(row)]); // prettier-ignore
}

// 1/d before or after rounding d: how many bytes differ

const early = (() => {
  let different = 0;
  for (let i = 0; i < N; i += 32) {
    const x = Array.from(ordinary.data.slice(i, i + 32), Math.fround);
    const d = Math.fround(Math.max(...x.map(Math.abs)) / 127);
    const id = Math.fround(1 / fromHalfBits(halfBits(d)));
    const right = packQ8(x).slice(2);
    different += x.filter((v, j) => (roundAwayFromZero(Math.fround(v * id)) & 255) !== right[j]).length;
  }
  return different;
})();

// What becomes of a small change

const matrix = ordinary.reshape(64, 64);
const small = normal([64, 64], random('update')).mul(0.01);
const before = quantizeMatrix(matrix, 'q4_0');
const standing = dequantizeMatrix(before);
const after = quantizeMatrix(standing.add(small), 'q4_0');
/** The levels of all numbers, two of them in each byte, the scales left out. */
const levels = (bytes: number[]) => bytes.flatMap((b, i) => (i % 18 < 2 ? [] : [b & 15, b >> 4]));
const moved = levels(before.bytes).filter((level, i) => level !== levels(after.bytes)[i]).length;
const step = packedStep();
/** The mean scale of the blocks. */
function packedStep(): number {
  const scales = Array.from({ length: N / 32 }, (_, k) => {
    const [low, high] = before.bytes.slice(18 * k);
    return Math.abs(fromHalfBits(low! | (high! << 8)));
  });
  return scales.reduce((a, b) => a + b, 0) / scales.length;
}

// The lab's base

const base = (() => {
  const { training, characters } = corpus();
  const tokens = toTokens(training, characters);
  const weights = unpackBase(fromText(BASE.weights));
  const four = unpackBlocks(weights, packBlocks(weights, 'q4_0'));
  return { four: baseLoss(tokens, four), bytes: fromText(BASE.weights).length };
})();

const B = 1e9;
export const values: Record<string, () => string | number> = {
  gptHalf: () => (175 * 2).toFixed(0),
  gptFour: () => ((175 * B * 18) / 32 / B).toFixed(0),
  scaleFew: () => show(fourBits(few).scale),
  scaleSpoiled: () => show(fourBits(spoiled).scale),
  error32: () => percent(measured.four[at(32)]!, 1),
  largest32: () => largestOf32.toFixed(2),
  estimate32: () => percent(largestOf32 / 7 / Math.sqrt(12), 1),
  error32Eight: () => percent(error(ordinary, 32, 8), 2),
  eightTimes: () => (measured.four[at(32)]! / error(ordinary, 32, 8)).toFixed(1),
  wildAll: () => percent(measured.fourWild.at(-1)!),
  wild16: () => percent(measured.fourWild[at(16)]!),
  calm16: () => percent(measured.four[at(16)]!),
  zerosBefore: () => percent(zerosIn(quantizeInBlocks(ordinary, N, 4))),
  zerosAfter: () => percent(zerosIn(quantizeInBlocks(surprised, N, 4)), 1),
  zerosBlocks: () => percent(zerosIn(quantizeInBlocks(surprised, 32, 4))),
  surprisedScale: () => show(Number((50 / 7).toFixed(2))),
  blockLargest: () => show(block.reduce((m, v) => (Math.abs(v) > Math.abs(m) ? v : m), 0)),
  blockD: () => show(Number((block.reduce((m, v) => (Math.abs(v) > Math.abs(m) ? v : m), 0) / -8).toFixed(4))),
  blockHalf: () => `${low4}, ${high4}`,
  early: () => early,
  numbers: () => count(N),
  moved: () => moved,
  step: () => step.toFixed(2),
  lossTrained: () => BASE.loss.trained.toFixed(4),
  lossPacked: () => BASE.loss.packed.toFixed(4),
  lossFour: () => base.four.toFixed(4),
  baseBytes: () => count(base.bytes),
};

export const prints: Record<string, () => string> = { worked, outlier, prices, nibbles };

export const figures: Record<string, () => string> = { 'block-size': blockSize };
