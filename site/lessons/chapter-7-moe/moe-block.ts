/** What the lesson on the block shows: every number, printed block and figure in it is computed here. */
import { normal, ones, random, zeros } from '#tensor';
import { expertsForward, dispatchTokens } from '../../../solutions/chapter-7-moe/experts.ts';
import {
  moeBlockForward,
  moeCost,
  moeLayerBackward,
  moeLayerForward,
  type MoeBlockWeights,
  type MoeWeights,
} from '../../../solutions/chapter-7-moe/moe-block.ts';
import { chooseExperts, gateForward } from '../../../solutions/chapter-7-moe/router.ts';
import { lines } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, text } from '../svg.ts';

const cell = (v: number, digits = 2) => (Math.abs(v) < 0.5 * 10 ** -digits ? 0 : v).toFixed(digits).replace('-', '−');
const millions = (n: number) => (n / 1e6).toFixed(1);

// What a mixture costs: layers of Switch-Base, whose feed-forward layer is 768 by 3072

const [C, M] = [768, 3072];
function costs(): string {
  return lines([
    ['experts', 'k', 'parameters', 'active', 'operations'],
    ...(
      [
        [1, 1],
        [8, 1],
        [8, 2],
        [128, 1],
      ] as const
    ).map(([experts, k]) => {
      const cost = moeCost(C, M, experts, k);
      return [
        String(experts).padStart(7),
        String(k),
        millions(cost.parameters).padStart(10),
        millions(cost.active).padStart(6),
        millions(cost.flops).padStart(10),
      ];
    }),
  ]);
}

// Mixtral 8x7B, from the numbers of its paper: experts with three matrices (SwiGLU), grouped queries

const mixtral = (() => {
  const { layers, width, hidden, experts, k, kvWidth, vocabulary } = {
    layers: 32,
    width: 4096,
    hidden: 14336,
    experts: 8,
    k: 2,
    kvWidth: 1024,
    vocabulary: 32000,
  };
  const expert = 3 * width * hidden;
  const attention = 2 * width * width + 2 * width * kvWidth;
  const rest = layers * (attention + experts * width + 2 * width) + 2 * vocabulary * width + width;
  return { all: rest + layers * experts * expert, active: rest + layers * k * expert };
})();
const billions = (n: number) => (n / 1e9).toFixed(1);

// A layer, and what a token's dx is made of

const rng = random('two readers');
const width = 4;
const layer: MoeWeights = {
  wGate: normal([3, width], rng),
  experts: Array.from({ length: 3 }, () => ({
    w1: normal([6, width], rng, 0, 0.5),
    b1: zeros(6),
    w2: normal([width, 6], rng, 0, 0.5),
    b2: zeros(width),
  })),
};
const x = normal([2, 4, width], rng);
const dy = normal([2, 4, width], rng);
const settings = { k: 1, form: 'raw', capacityFactor: Infinity } as const;
const run = moeLayerForward(x, layer, settings);
function readers(): string {
  const whole = moeLayerBackward(dy, 0.1, 0.01, run.cache);
  const task = moeLayerBackward(dy, 0, 0, run.cache);
  const balance = moeLayerBackward(dy.mul(0), 0.1, 0, run.cache);
  const z = moeLayerBackward(dy.mul(0), 0, 0.01, run.cache);
  const row = (name: string, back: typeof whole) => [
    name,
    ...Array.from(back.dx.row(0).row(0).data, (v) => cell(v, 4).padStart(8)),
  ];
  return lines([
    ['dx of the first token', ...['0', '1', '2', '3'].map((w) => w.padStart(8))],
    row('task: experts and gates', task),
    row('balance loss × 0.1', balance),
    row('z-loss × 0.01', z),
    row('together', whole),
  ]);
}

// Before you run anything: all experts alike

function alike(): number {
  const same: MoeWeights = { wGate: layer.wGate, experts: layer.experts.map(() => layer.experts[0]!) };
  const list = x.reshape(-1, width);
  const logits = list.matmul(same.wGate.T);
  const chosen = chooseExperts(logits, 2);
  const { gates } = gateForward(logits, chosen, 'renormalised');
  const one = expertsForward(list, ones(8, 1), dispatchTokens(chosen.map(() => [0]), 1, Infinity), [layer.experts[0]!]); // prettier-ignore
  const many = expertsForward(list, gates, dispatchTokens(chosen, 3, Infinity), same.experts);
  return many.y.sub(one.y).abs().max().item();
}

/** A token that finds no room in a block: what is left of it. */
function dropped(): string {
  const norm = () => ({ gamma: ones(width), beta: zeros(width) });
  const square = () => normal([width, width], rng, 0, 0.5);
  const none = zeros(width);
  const weights: MoeBlockWeights = {
    attention: { wQ: square(), bQ: none, wK: square(), bK: none, wV: square(), bV: none, wO: zeros(width, width), bO: none }, // prettier-ignore
    norm1: norm(),
    moe: { ...layer, wGate: zeros(3, width) },
    norm2: norm(),
  };
  const block = { heads: 1, activation: 'relu', order: 'pre' } as const;
  const { y } = moeBlockForward(x, ones(1, 1), weights, block, { k: 1, form: 'raw', capacityFactor: 1 });
  const moved = y.sub(x).reshape(-1, width);
  return lines([
    ['token', 'how far the block moves it'],
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((t) => [String(t), cell(moved.row(t).norm(), 3).padStart(26)]),
  ]);
}

/** The block, with what leaves its mixture on three roads. */
function blockFigure(): string {
  return figure(
    {
      title: 'A Transformer block with a mixture in place of its feed-forward layer',
      description:
        'From bottom to top: x, norm 1, attention, a plus with a road from x around both; then norm 2, the mixture, a plus with a road around both; y. Inside the mixture a router and four small boxes, two of them lit. From the router two arrows leave to the right: balance and z.',
      width: 420,
      height: 420,
    },
    text(150, 410, 'x'),
    arrow([150, 396], [150, 364], 'query'),
    box(100, 334, 100, 30, 'norm1'),
    arrow([150, 334], [150, 314], 'query'),
    box(90, 280, 120, 34, 'attention', 'key'),
    arrow([150, 280], [150, 256], 'query'),
    text(150, 252, '+'),
    arrow([150, 386], [60, 386], 'neutral'),
    arrow([60, 386], [60, 248], 'neutral'),
    arrow([60, 248], [140, 248], 'neutral'),
    arrow([150, 240], [150, 214], 'query'),
    box(100, 184, 100, 30, 'norm2'),
    arrow([150, 184], [150, 164], 'query'),
    box(80, 76, 140, 88, ''),
    box(92, 130, 116, 26, 'router', 'key'),
    ...[0, 1, 2, 3].map((e) => box(92 + e * 30, 86, 26, 32, String(e), e === 0 || e === 2 ? 'value' : 'neutral')),
    arrow([150, 76], [150, 52], 'value'),
    text(150, 48, '+'),
    arrow([150, 230], [60, 230], 'neutral'),
    arrow([60, 230], [60, 44], 'neutral'),
    arrow([60, 44], [140, 44], 'neutral'),
    arrow([150, 36], [150, 20], 'value'),
    text(150, 16, 'y'),
    arrow([208, 138], [300, 116], 'gradient'),
    arrow([208, 148], [300, 156], 'gradient'),
    text(308, 120, 'balance', 'start'),
    text(308, 160, 'z', 'start'),
  );
}

export const values = {
  blockMixtralAll: () => billions(mixtral.all),
  blockMixtralActive: () => billions(mixtral.active),
  blockAlike: () => (alike() < 1e-14 ? 'nothing but rounding' : cell(alike(), 6)),
};
export const prints = {
  blockCosts: costs,
  blockReaders: readers,
  blockDropped: dropped,
};
export const figures = { 'moe-block': blockFigure };
