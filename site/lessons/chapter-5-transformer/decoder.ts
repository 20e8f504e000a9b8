/** What the lesson on the decoder shows: every number, printed block and figure in it is computed here. */
import { type Tensor, normal, ones, random, zeros } from '#tensor';
import { causalMask } from '../../../solutions/chapter-5-transformer/attention.ts';
import {
  type DecoderBlockWeights,
  decoderBackward,
  decoderBlockBackward,
  decoderForward,
} from '../../../solutions/chapter-5-transformer/decoder.ts';
import { countParameters } from '../../../solutions/chapter-5-transformer/parameters.ts';
import { lines } from '../chapter-2-bp/words.ts';
import { results } from '../results.ts';
import type { Watched } from '../results/order.ts';
import { arrow, box, figure, roles, text } from '../svg.ts';

const minus = (words: string) => words.replaceAll('-', '−');

// Three blocks that read four tokens and remember three

const [C, T, S] = [16, 4, 3];
const rng = random('three decoder blocks');
const matrix = (out: number, inputs: number) => normal([out, inputs], rng, 0, 1 / Math.sqrt(inputs));
const norm = () => ({ gamma: ones(C), beta: zeros(C) });
const attention = () => ({
  wQ: matrix(C, C),
  bQ: zeros(C),
  wK: matrix(C, C),
  bK: zeros(C),
  wV: matrix(C, C),
  bV: zeros(C),
  wO: matrix(C, C),
  bO: zeros(C),
});
const blocks: DecoderBlockWeights[] = Array.from({ length: 3 }, () => ({
  selfAttention: attention(),
  norm1: norm(),
  crossAttention: attention(),
  norm2: norm(),
  feedForward: { w1: matrix(4 * C, C), b1: zeros(4 * C), w2: matrix(C, 4 * C), b2: zeros(C) },
  norm3: norm(),
}));
const settings = { heads: 2, activation: 'gelu', order: 'pre' } as const;
const x = normal([1, T, C], rng);
const memory = normal([1, S, C], rng);
const dy = normal([1, T, C], rng);
const through = (x: Tensor, memory: Tensor) =>
  decoderForward(x, memory, causalMask(T, T), ones(1, 1), blocks, settings);

/** A tensor with something added to one token. */
const touched = (t: Tensor, token: number) => {
  const changed = t
    .row(0)
    .row(token)
    .add(normal([C], random(`touch ${token}`)));
  return t.withSlice([null, token], changed.expandDims(0));
};

function reach(): string {
  const before = through(x, memory).y;
  const moved = (after: Tensor) =>
    Array.from({ length: T }, (_, t) => after.row(0).row(t).sub(before.row(0).row(t)).norm()).map((d) =>
      (d < 1e-12 ? '0' : d.toFixed(2)).padStart(8),
    );
  return lines([
    ['changed', ...Array.from({ length: T }, (_, t) => `y${t}`.padStart(8))],
    ...Array.from({ length: T }, (_, t) => [`token ${t}`, ...moved(through(touched(x, t), memory).y)]),
    ...Array.from({ length: S }, (_, s) => [`memory ${s}`, ...moved(through(x, touched(memory, s)).y)]),
  ]);
}

/** What each block tells the memory, from the first to the last, and what it is told in all. */
const told = (() => {
  const { cache } = through(x, memory);
  let d = dy;
  const each = cache.blocks
    .toReversed()
    .map((blockCache) => {
      const back = decoderBlockBackward(d, blockCache);
      d = back.dx;
      return back.dmemory;
    })
    .toReversed();
  return { each, sum: decoderBackward(dy, cache).dmemory };
})();

function memoryGradient(): string {
  const row = (d: Tensor) => Array.from({ length: S }, (_, s) => d.row(0).row(s).norm().toFixed(2).padStart(8));
  return lines([
    ['length of dmemory', ...Array.from({ length: S }, (_, s) => `place ${s}`)],
    ...told.each.map((d, l) => [`from block ${l + 1}`, ...row(d)]),
    ['their sum', ...row(told.sum)],
  ]);
}
/** How far the gradient of one block alone is from the whole, as a share of the whole. */
const missing = (l: number) => `${((100 * told.sum.sub(told.each[l]!).norm()) / told.sum.norm()).toFixed(0)} %`;

// Figures

function decoderBlock(): string {
  const left = 210;
  const middle = left + 100;
  const layer = (y: number, words: string) => box(left, y, 200, 36, words, 'query');
  const plus = (y: number) => [
    `<circle cx="${middle}" cy="${y}" r="12" fill="none" stroke="currentColor"/>`,
    text(middle, y + 5, '+'),
  ];
  const around = (from: number, to: number) => [
    arrow([middle, from], [left + 240, from], 'gradient'),
    arrow([left + 240, from], [left + 240, to], 'gradient'),
    arrow([left + 240, to], [middle + 14, to], 'gradient'),
  ];
  const part = (from: number, words: string) => [
    ...around(from, from - 100),
    arrow([middle, from + 14], [middle, from - 24]),
    layer(from - 62, words),
    arrow([middle, from - 62], [middle, from - 86]),
    ...plus(from - 100),
  ];
  return figure(
    {
      title: 'A decoder block',
      description:
        'From the bottom to the top: x, of shape (B, T, C), goes through causal self-attention and around it, then through cross-attention and around it, then through the feed-forward layer and around it; y has the shape of x. From the left the memory, of shape (B, S, C), enters cross-attention as keys and values. The norms are not drawn.',
      width: 540,
      height: 445,
    },
    text(middle, 432, 'x (B, T, C)'),
    ...part(400, 'self-attention, causal'),
    ...part(276, 'cross-attention'),
    ...part(152, 'feed-forward'),
    arrow([middle, 40], [middle, 26]),
    text(middle, 16, 'y (B, T, C)'),
    box(10, 214, 110, 36, 'memory', 'value'),
    text(65, 270, '(B, S, C)'),
    arrow([120, 232], [left - 2, 232], 'value'),
    text(164, 222, 'K, V'),
    text(middle + 10, 268, 'Q', 'start'),
  );
}

/** Who may look at whom: a field of squares for each family. */
function families(): string {
  const size = 24;
  const field = (
    left: number,
    name: string,
    words: string[],
    allowed: (i: number, j: number) => boolean | undefined,
  ): string[] => {
    const top = 62;
    return [
      text(left + (words.length * size) / 2, 24, name),
      ...words.map((word, k) => text(left + (k + 0.5) * size, top - 8, word)),
      ...words.map((word, k) => text(left - 8, top + (k + 0.5) * size + 4, word, 'end')),
      ...words.flatMap((_, i) =>
        words.map((_, j) => {
          const may = allowed(i, j);
          const fill = may ? `fill="${roles.query.light}" style="fill:var(--query)" fill-opacity="0.7"` : 'fill="none"';
          return `<rect x="${left + j * size}" y="${top + i * size}" width="${size}" height="${size}" ${fill} stroke="currentColor" stroke-opacity="0.4"/>`;
        }),
      ),
    ];
  };
  const letters = ['a', 'b', 'c', 'd', 'e', 'f'];
  const both = ['a', 'b', 'c', 'X', 'Y', 'Z'];
  return figure(
    {
      title: 'Who may look at whom in the three families',
      description:
        'Three fields of six by six squares, who looks from top to bottom, who is looked at from left to right. Encoder-only: all squares are full. Decoder-only: the lower triangle is full. Encoder–decoder, with three source tokens a, b, c and three target tokens X, Y, Z: source looks at all of the source, target looks at all of the source and at itself and what comes before in the target, and the source never looks at the target.',
      width: 600,
      height: 220,
    },
    ...field(30, 'encoder-only', letters, () => true),
    ...field(230, 'decoder-only', letters, (i, j) => j <= i),
    ...field(430, 'encoder–decoder', both, (i, j) => (j < 3 ? true : i >= 3 && j <= i)),
  );
}

// The lab

const printed = (task: 'reverse' | 'sort') => results<Record<'reverse' | 'sort', Watched>>('sequences')[task];
const stepsOf = (task: 'reverse' | 'sort', wanted: (line: string, k: number) => boolean) => {
  const shown = printed(task).lines.filter((line) => /^(step| {12}\d)/.test(line));
  return shown
    .filter(wanted)
    .map((line) => line.trimEnd())
    .join('\n');
};
const found = (task: 'reverse' | 'sort', pattern: RegExp) => {
  const match = printed(task)
    .lines.map((line) => pattern.exec(line))
    .find(Boolean);
  if (!match) throw new Error(`The lab ${task} prints nothing like ${pattern}.`);
  return match[1]!;
};

export const values = {
  decoderCount: () => countParameters(blocks[0]).toLocaleString('en'),
  decoderMissing: () => missing(0),
  decoderLabNumbers: () => Number(found('reverse', /(\d+) numbers to learn/)).toLocaleString('en'),
  decoderReverseRight: () => found('reverse', /that it has never seen, (\d+)/),
  decoderSortRight: () => found('sort', /that it has never seen, (\d+)/),
  decoderSortSteps: () => found('sort', /(\d+) steps of/),
};
export const prints = {
  decoderReach: reach,
  decoderMemory: memoryGradient,
  decoderReverse: () => minus(stepsOf('reverse', (_, k) => k < 7)),
  decoderSort: () => stepsOf('sort', (_, k) => [0, 1, 2, 3, 4, 6, 10].includes(k)),
};
export const figures: Record<string, () => string> = {
  'decoder-block': decoderBlock,
  'three-families': families,
  'reverse-attention': () => printed('reverse').files['reverse-attention.svg']!.trimEnd(),
  'sort-attention': () => printed('sort').files['sort-attention.svg']!.trimEnd(),
};
