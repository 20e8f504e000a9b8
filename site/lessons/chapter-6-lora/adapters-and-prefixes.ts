/** What the lesson on adapters and prefixes shows: every number, printed block and figure in it is computed here. */
import { Tensor, tensor, zeros } from '#tensor';
import { attentionForward, causalMask } from '../../../solutions/chapter-5-transformer/attention.ts';
import { adapterBackward, adapterForward, adapterParameterCount } from '../../../solutions/chapter-6-lora/adapter.ts';
import { loraParameterCount } from '../../../solutions/chapter-6-lora/lora.ts';
import {
  prefixAttentionBackward,
  prefixAttentionForward,
  prefixMask,
} from '../../../solutions/chapter-6-lora/prefix-tuning.ts';
import { lines, show, written } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, text } from '../svg.ts';
import { baseLoss, BACKWARDS, learned, STEPS } from './backwards.ts';

const count = (n: number) => n.toLocaleString('en-US');
const list = (x: Tensor) => Array.from(x.data, show).join(' ');

// The picture

function places(): string {
  const y = 120;
  const plus = (x: number) =>
    `<circle cx="${x}" cy="${y}" r="14" fill="none" stroke="currentColor"/>` + text(x, y + 5, '+');
  const around = (from: number, to: number) => [
    arrow([from, y], [from, 40]),
    arrow([from, 40], [to, 40]),
    arrow([to, 40], [to, y - 16]),
  ];
  return figure(
    {
      title: 'Three places for a few learned numbers in a frozen block',
      description:
        'A block from left to right: x, LayerNorm, attention, adapter, a plus where the road around comes in; then LayerNorm, feed-forward, adapter and another plus. From below two things reach the attention: a prefix, among its keys and values, and LoRA, beside wQ and wV. The adapters stand behind each sublayer, before the plus.',
      width: 704,
      height: 250,
    },
    text(12, y + 4, 'x'),
    arrow([20, y], [46, y]),
    ...around(32, 340),
    box(48, y - 18, 54, 36, 'norm'),
    arrow([104, y], [122, y]),
    box(124, y - 28, 90, 56, 'attention'),
    arrow([216, y], [234, y]),
    box(236, y - 18, 70, 36, 'adapter', 'key'),
    arrow([308, y], [324, y]),
    plus(340),
    arrow([356, y], [384, y]),
    ...around(368, 658),
    box(386, y - 18, 54, 36, 'norm'),
    arrow([442, y], [458, y]),
    box(460, y - 28, 76, 56, 'feed-fwd'),
    arrow([538, y], [554, y]),
    box(556, y - 18, 70, 36, 'adapter', 'key'),
    arrow([628, y], [642, y]),
    plus(658),
    arrow([674, y], [698, y]),
    box(88, 188, 70, 28, 'prefix', 'value'),
    arrow([130, 186], [146, 150], 'value'),
    text(112, 236, 'keys and values'),
    box(184, 188, 70, 28, 'LoRA', 'query'),
    arrow([212, 186], [194, 150], 'query'),
    text(228, 236, 'beside wQ, wV'),
  );
}

// An adapter to follow

const small = {
  x: tensor([[1, 2]]),
  weights: { wDown: tensor([[1, 0]]), bDown: zeros(1), wUp: tensor([[0.5], [-1]]), bUp: zeros(2) },
  dy: tensor([[1, 1]]),
};

function bend(): string {
  const { x, weights, dy } = small;
  const { y, cache } = adapterForward(x, weights);
  const { dx, weights: d } = adapterBackward(dy, cache);
  const detour = y.sub(x);
  return lines([
    ['', 'formula', 'result'],
    ['down', 'z = x wDownᵀ', list(x.matmul(weights.wDown.T))],
    ['bend and up', 'gelu(z) wUpᵀ', list(detour)],
    ['the sum', 'y', list(y)],
    ['through up', 'dh = dy wUp', list(dy.matmul(weights.wUp))],
    ['through the bend', 'dz', list(d.bDown)],
    ['', 'dwUp', written(d.wUp)],
    ['', 'dwDown', written(d.wDown)],
    ['the sum', 'dx = dy + dz wDown', list(dx)],
  ]);
}

// The share of a prefix

const query = tensor([[2, 0]]);
const keys = tensor([
  [1, 0],
  [0, 1],
]);
const answers = tensor([
  [10, 0],
  [0, 10],
]);
const prefix = { k: tensor([[1, 1]]), v: tensor([[-5, -5]]) };

function parts(): string {
  const all = new Tensor([1, 2], [1, 1]);
  const alone = attentionForward(query, keys, answers, all);
  const only = attentionForward(query, prefix.k, prefix.v, new Tensor([1, 1], [1]));
  const { y, cache } = prefixAttentionForward(query, keys, answers, prefix.k, prefix.v, all);
  const weights = cache.attention.weights;
  const share = weights.at(0, 0);
  const mixed = alone.y.mul(1 - share).add(only.y.mul(share));
  const two = (x: Tensor) => list(x.map((v) => Number(v.toFixed(3))));
  return lines([
    ['', 'weights', 'y'],
    ['two tokens', two(alone.weights), two(alone.y)],
    ['a prefix in front', two(weights), two(y)],
    [`${(1 - share).toFixed(3)} × first + ${share.toFixed(3)} × prefix`, '', two(mixed)],
  ]);
}

// A prefix of zeros

function nothing(): string {
  const [x, P] = [tensor([[1, 0], [0, 2], [2, 1]]), 2]; // prettier-ignore
  const mask = causalMask(3, 3);
  const bare = attentionForward(x, x, x, mask);
  const { y, cache } = prefixAttentionForward(x, x, x, zeros(P, 2), zeros(P, 2), mask);
  const two = (t: Tensor) => Array.from(t.data, (v) => v.toFixed(2)).join(' ');
  return lines([
    ['query', 'weights', 'y', 'with the zeros', 'y'],
    ...[0, 1, 2].map((t) => [
      t,
      two(bare.weights.row(t)),
      two(bare.y.row(t)),
      two(cache.attention.weights.row(t)),
      two(y.row(t)),
    ]),
  ]);
}

function masks(): string {
  const before = causalMask(3, 3);
  const after = prefixMask(before, 2);
  return lines([
    ['query', 'mask', 'with P = 2'],
    ...[0, 1, 2].map((t) => [String(t), list(before.row(t)), list(after.row(t))]),
  ]);
}

/** One prefix, two sequences: what each says of it, and what it hears. */
function summed(): string {
  const batch = new Tensor([2, 1, 2], [2, 0, 0, 2]);
  const k = new Tensor([2, 2, 2], [1, 0, 0, 1, 1, 1, 0, 1]);
  const dy = new Tensor([2, 1, 2], [1, 0, 1, -1]);
  const all = new Tensor([1, 2], [1, 1]);
  const { cache } = prefixAttentionForward(batch, k, k, prefix.k, prefix.v, all);
  const both = prefixAttentionBackward(dy, cache);
  const each = [0, 1].map((b) => {
    const one = prefixAttentionForward(batch.row(b), k.row(b), k.row(b), prefix.k, prefix.v, all);
    return prefixAttentionBackward(dy.row(b), one.cache);
  });
  return lines([
    ['', 'dprefixK', 'dprefixV'],
    ...each.map((d, b) => [`sequence ${b} alone`, list(d.dprefixK), list(d.dprefixV)]),
    ['both in a batch', list(both.dprefixK), list(both.dprefixV)],
  ]);
}

// How many, on one model

const medium = { layers: 24, width: 1024 };
const inAdapters = (m: number) => adapterParameterCount(medium.layers, medium.width, m);
const inPrefix = (P: number) => medium.layers * 2 * P * medium.width;
const inLora = (r: number) =>
  loraParameterCount(
    medium.layers,
    [
      [medium.width, medium.width],
      [medium.width, medium.width],
    ],
    r,
  );

function counts(): string {
  return lines([
    ['', 'trained'],
    ['prefix, P = 10', count(inPrefix(10))],
    ['LoRA, r = 8', count(inLora(8))],
    ['adapters, m = 8', count(inAdapters(8))],
    ['adapters, m = 64', count(inAdapters(64))],
  ]);
}

// All four on the word that is to be written backwards

function fourWays(): string {
  const runs = [
    ['full', '0.01', learned('full')],
    ['LoRA, r = 1', '0.01', learned('lora1')],
    ['adapters, m = 2', '0.03', learned('adapter')],
    ['prefix, P = 4', '0.01', learned('prefixSlow')],
    ['prefix, P = 4', '0.1', learned('prefix')],
  ] as const;
  const shown = [0, 20, 100];
  return lines([
    ['', 'trained', 'rate', ...shown.map(String), 'writes'],
    ...runs.map(([name, rate, r]) => [
      name,
      count(r.trained),
      rate,
      ...shown.map((s) => r.losses[STEPS.indexOf(s)].toFixed(2)),
      r.writes,
    ]),
  ]);
}

export const values: Record<string, () => string | number> = {
  oneAdapter: () => count(adapterParameterCount(1, medium.width, 64) / 2),
  allAdapters: () => count(inAdapters(64)),
  onePrefix: () => count(2 * 10 * medium.width),
  allPrefixes: () => count(inPrefix(10)),
  untouchedLoss: () => baseLoss(BACKWARDS).toFixed(2),
  prefixStart: () => learned('prefix').losses[0].toFixed(2),
};

export const prints: Record<string, () => string> = {
  bend,
  parts,
  nothing,
  masks,
  summed,
  countsOfAll: counts,
  fourWays,
};

export const figures: Record<string, () => string> = { 'three-places': places };
