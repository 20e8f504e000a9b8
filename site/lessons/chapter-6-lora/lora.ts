/** What the lesson on LoRA shows: every number, printed block and figure in it is computed here. */
import { normal, random, tensor, zeros, type Tensor } from '#tensor';
import { countParameters } from '../../../solutions/chapter-5-transformer/parameters.ts';
import {
  loraBackward,
  loraForward,
  loraInit,
  loraParameterCount,
  mergeLora,
} from '../../../solutions/chapter-6-lora/lora.ts';
import { lines, show, written } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, text } from '../svg.ts';
import { BACKWARDS, STEPS, WIDTH, WORD, base, baseLoss, learned } from './backwards.ts';

const count = (n: number) => n.toLocaleString('en-US');
const list = (x: Tensor) => Array.from(x.data, show).join(' ');

// The picture

function detour(): string {
  const y = 85;
  return figure(
    {
      title: 'A frozen layer and its detour',
      description:
        'x goes two ways. Above, into a large box: w, of shape out by in, frozen. Below, into A, a flat box of r rows and in columns; what comes out are only r numbers; they go into B, a thin box of out rows and r columns. What comes out of B, times α/r, is added to what comes out of w. The sum is y.',
      width: 620,
      height: 270,
    },
    text(26, 134, 'x'),
    arrow([40, 126], [148, y + 4]),
    arrow([40, 138], [148, 198], 'query'),
    box(150, 30, 160, 110, 'w (out, in), frozen'),
    arrow([312, y], [510, y]),
    box(150, 190, 160, 26, 'A (r, in)', 'query'),
    arrow([312, 203], [408, 203], 'query'),
    text(360, 192, 'r numbers'),
    box(410, 148, 26, 110, '', 'key'),
    text(444, 246, 'B (out, r)', 'start'),
    arrow([438, 186], [518, y + 14], 'key'),
    text(486, 150, 'α/r', 'start'),
    box(512, y - 13, 26, 26, '+'),
    arrow([540, y], [588, y]),
    text(602, y + 4, 'y'),
  );
}

// A layer small enough to follow

const small = {
  x: tensor([[1, 2, -1]]),
  w: tensor([
    [1, 0, 1],
    [0, 1, 0],
  ]),
  b: tensor([0, 1]),
  adapter: { A: tensor([[1, 1, 0]]), B: tensor([[0.5], [-1]]) },
  alpha: 2,
  dy: tensor([[1, 1]]),
};

function there(): string {
  const { x, w, b, adapter, alpha } = small;
  const { y } = loraForward(x, w, b, adapter, alpha);
  const straight = loraForward(x, w, b, { ...adapter, B: zeros(2, 1) }, alpha).y;
  const merged = mergeLora(w, adapter, alpha);
  return lines([
    ['', 'formula', 'result'],
    ['the frozen layer', 'x wᵀ + b', list(straight)],
    ['down', 'low = x Aᵀ', list(x.matmul(adapter.A.T))],
    ['up', '2 · low Bᵀ', list(y.sub(straight))],
    ['the sum', 'y', list(y)],
    ['as one matrix', 'w′ = w + 2 B A', written(merged)],
    ['the same again', 'x w′ᵀ + b', list(x.matmul(merged.T).add(b))],
  ]);
}

function andBack(): string {
  const { x, w, b, adapter, alpha, dy } = small;
  const { cache } = loraForward(x, w, b, adapter, alpha);
  const { dx, adapter: d } = loraBackward(dy, cache);
  return lines([
    ['', 'formula', 'result'],
    ['dlow', '2 · dy B', list(dy.matmul(adapter.B).mul(2))],
    ['dB', '2 · dyᵀ low', written(d.B)],
    ['dA', 'dlowᵀ x', written(d.A)],
    ['dx', 'dy w + dlow A', list(dx)],
  ]);
}

// The first steps

function start(zeroA: boolean): { A: number; B: number }[] {
  const rng = random('first steps');
  const [x, w, target] = [normal([5, 6], rng), normal([4, 6], rng, 0, 0.4), normal([5, 4], rng)];
  let adapter = loraInit(normal([2, 6], rng), 4);
  if (zeroA) adapter = { ...adapter, A: zeros(2, 6) };
  return [0, 1, 2].map(() => {
    const { y, cache } = loraForward(x, w, zeros(4), adapter, 2);
    const d = loraBackward(y.sub(target).div(5), cache).adapter;
    adapter = { A: adapter.A.sub(d.A.mul(0.5)), B: adapter.B.sub(d.B.mul(0.5)) };
    return { A: d.A.norm(), B: d.B.norm() };
  });
}

function firstSteps(): string {
  const [right, stuck] = [start(false), start(true)];
  const digits = (x: number) => (x === 0 ? '0' : x.toFixed(3));
  return lines([
    ['step', 'length of dA', 'of dB', 'both zero: dA', 'dB'],
    ...right.map(({ A, B }, k) => [k + 1, digits(A), digits(B), digits(stuck[k].A), digits(stuck[k].B)]),
  ]);
}

// How many

interface Model {
  name: string;
  layers: number;
  width: number;
  rank: number;
  /** all parameters, as the paper's table gives them */
  all: number;
}
const models: Model[] = [
  { name: 'RoBERTa-base', layers: 12, width: 768, rank: 8, all: 125e6 },
  { name: 'RoBERTa-large', layers: 24, width: 1024, rank: 8, all: 355e6 },
  { name: 'DeBERTa-XXL', layers: 48, width: 1536, rank: 16, all: 1.5e9 },
  { name: 'GPT-3', layers: 96, width: 12_288, rank: 8, all: 175e9 },
];
const trained = ({ layers, width, rank }: Model) =>
  loraParameterCount(
    layers,
    [
      [width, width],
      [width, width],
    ],
    rank,
  );
const oneMatrix = ({ width, rank }: Model) => loraParameterCount(1, [[width, width]], rank);

function counts(): string {
  return lines([
    ['', 'layers', 'C', 'r', 'a pair', 'q and v', 'all layers', 'of all'],
    ...models.map((m) => [
      m.name,
      m.layers,
      count(m.width),
      m.rank,
      count(oneMatrix(m)),
      count(2 * oneMatrix(m)),
      count(trained(m)),
      `${((100 * trained(m)) / m.all).toFixed(2)} %`,
    ]),
  ]);
}

// Full fine-tuning beside it

function byHeart(): string {
  const runs = [learned('full'), learned('lora1'), learned('lora2')];
  return lines([
    ['step', 'full', 'r = 1', 'r = 2'],
    ['trained', ...runs.map((r) => count(r.trained))],
    ...STEPS.map((step, k) => [String(step), ...runs.map((r) => r.losses[k].toFixed(4))]),
    ['writes', ...runs.map((r) => r.writes)],
    ['old word', ...runs.map((r) => r.old.toFixed(4))],
    ['taken out', '', ...[0, 1].map(() => baseLoss(WORD).toFixed(4))],
  ]);
}

const [roberta, large, deberta, gpt3] = models;

export const values: Record<string, () => string | number> = {
  gpt3Billions: () => gpt3.all / 1e9,
  gpt3Training: () => ((gpt3.all * 16) / 1e12).toFixed(1),
  gpt3Copy: () => (gpt3.all * 2) / 1e9,
  gpt3Small: () => Math.round((trained(gpt3) * 2) / 1e6),
  throughDetour: () => count(8 * (768 + 768)),
  throughProduct: () => count(768 * 768),
  robertaA: () => count(8 * roberta.width),
  robertaPair: () => count(oneMatrix(roberta)),
  robertaLayer: () => count(2 * oneMatrix(roberta)),
  robertaAll: () => count(trained(roberta)),
  largePair: () => count(oneMatrix(large)),
  largeAll: () => count(trained(large)),
  debertaPair: () => count(oneMatrix(deberta)),
  debertaAll: () => count(trained(deberta)),
  gpt3Pair: () => count(oneMatrix(gpt3)),
  gpt3All: () => count(trained(gpt3)),
  gpt3Frozen: () => count(gpt3.width ** 2),
  word: () => WORD,
  backwards: () => BACKWARDS,
  baseKnows: () => baseLoss(WORD).toFixed(4),
  baseWidth: () => WIDTH,
  baseParameters: () => count(countParameters(base)),
  loraParameters: () => learned('lora1').trained,
  oldAfterFull: () => learned('full').old.toFixed(2),
  oldAfterLora: () => learned('lora1').old.toFixed(2),
};

export const prints: Record<string, () => string> = { there, andBack, firstSteps, counts, byHeart };

export const figures: Record<string, () => string> = { 'lora-detour': detour };
