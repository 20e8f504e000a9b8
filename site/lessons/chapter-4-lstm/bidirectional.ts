/** What the lesson on both directions shows: every number, printed block and figure in it is computed here. */
import { ones, stack, tensor, where, zeros, type Tensor } from '#tensor';
import {
  bidirectionalBackward,
  bidirectionalForward,
  maskedBackward,
  maskedForward,
  reverseWithin,
} from '../../../solutions/chapter-4-lstm/bidirectional.ts';
import { lstmForward, lstmStepBackward, type LstmWeights } from '../../../solutions/chapter-4-lstm/lstm.ts';
import { lines, show } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, text } from '../svg.ts';

// A batch of three sequences whose numbers say where they come from: 21 is the second sequence's time 1.

const lengths = [4, 2, 3];
const T = 4;
const places = stack(Array.from({ length: T }, (_, t) => tensor(lengths.map((_, b) => [10 * (b + 1) + t]))));
const flipped = places.gather([3, 2, 1, 0]);

function turned(): string {
  const cells = (x: Tensor, b: number) =>
    Array.from({ length: T }, (_, t) => {
      const n = x.at(t, b, 0);
      return n % 10 < lengths[b] ? String(n) : `(${n})`;
    }).join(' ');
  return lines([
    ['length', 'x', 'time axis reversed', 'reverseWithin'],
    ...lengths.map((length, b) => [
      length,
      cells(places, b),
      cells(flipped, b),
      cells(reverseWithin(places, lengths), b),
    ]),
  ]);
}

// One unit, set by hand, that writes when it reads a 1 and keeps what it has: has there been a 1?

const seen: LstmWeights = {
  wIh: tensor([[8], [0], [4], [0]]),
  wHh: zeros(4, 1),
  bIh: tensor([-4, 6, 0, 6]),
  bHh: zeros(4),
};
const word = [0, 0, 1, 0, 0];
const one = tensor(word.map((v) => [[v]]));

function halves(): string {
  const { y } = bidirectionalForward(one, [word.length], seen, seen);
  return lines([
    ['t', 'x', 'forward half', 'backward half'],
    ...word.map((v, t) => [t, v, y.at(t, 0, 0).toFixed(2), y.at(t, 0, 1).toFixed(2)]),
  ]);
}

/** Two sequences side by side, the second one ended after two steps; what stands behind it is chosen. */
const padded = (padding: number) =>
  tensor([
    [[0], [0]],
    [[1], [0]],
    [[0], [padding]],
    [[0], [padding]],
  ]);
const two = [4, 2];
const start = zeros(2, 1);

/** The second sequence's final state, read in four ways, for two kinds of padding. */
function finals(): string {
  const ways: [string, (x: Tensor) => number][] = [
    ['after T steps', (x) => lstmForward(x, start, start, seen).hn.at(1, 0)],
    ['T steps from the end, padding first', (x) => lstmForward(x.gather([3, 2, 1, 0]), start, start, seen).hn.at(1, 0)],
    ['maskedForward', (x) => maskedForward(x, two, seen).hn.at(1, 0)],
    ['maskedForward of reverseWithin', (x) => maskedForward(reverseWithin(x, two), two, seen).hn.at(1, 0)],
  ];
  return lines([
    ['how it was read', 'padding 0', 'padding 1'],
    ...ways.map(([name, f]) => [name, f(padded(0)).toFixed(3), f(padded(1)).toFixed(3)]),
  ]);
}

/** Upstream 1 for both final hidden states: what is carried back, row by row. */
function carried(): string {
  const { cache } = maskedForward(padded(1), two, seen);
  let [dh, dc] = [ones(2, 1), zeros(2, 1)];
  const rows: (string | number)[][] = [['before step', 'm, row 0', 'dh', 'dc', 'm, row 1', 'dh', 'dc']];
  const write = (t: number | string, mask?: Tensor) =>
    rows.push([t, ...[0, 1].flatMap((b) => [mask ? String(mask.at(b, 0)) : '', show(dh.at(b, 0)), show(dc.at(b, 0))])]);
  write('(given)');
  for (let t = 3; t >= 0; t--) {
    const mask = cache.masks[t];
    const back = lstmStepBackward(dh.mul(mask), dc.mul(mask), cache.steps[t]);
    [dh, dc] = [where(mask, back.dh, dh), where(mask, back.dc, dc)];
    write(String(t), mask);
  }
  return lines(rows);
}

const difference = (a: Tensor, b: Tensor) => Math.max(...a.sub(b).abs().data);
/** How much anything changes when the padding does. */
const insensitive = (() => {
  const weights: LstmWeights = { ...seen, wHh: tensor([[1], [-1], [0.5], [1]]) };
  const runs = [0, 1000].map((padding) => {
    const f = bidirectionalForward(padded(padding), two, weights, seen);
    return { f, back: bidirectionalBackward(ones(4, 2, 2), ones(2, 2, 1), ones(2, 2, 1), f.cache) };
  });
  const [a, b] = runs;
  return Math.max(
    difference(a.f.y, b.f.y),
    difference(a.f.hn, b.f.hn),
    difference(a.f.cn, b.f.cn),
    difference(a.back.dx, b.back.dx),
    difference(a.back.forwardWeights.wIh, b.back.forwardWeights.wIh),
    difference(a.back.backwardWeights.wIh, b.back.backwardWeights.wIh),
  );
})();
const paddingGradient = (() => {
  const { cache } = maskedForward(padded(1000), two, seen);
  const { dx } = maskedBackward(ones(4, 2, 1), ones(2, 1), ones(2, 1), cache);
  return Math.max(...dx.slice([2, 4], 1).abs().data);
})();

/** A sequence of three in a batch of five: who reads what, in which order. */
function bothWays(): string {
  const [left, width, gap, top] = [120, 60, 18, 110];
  const at = (t: number) => left + t * (width + gap);
  const words = ['x₀', 'x₁', 'x₂', 'padding', 'padding'];
  const body = words.flatMap((name, t) => [
    box(at(t), top, width, 40, name, t < 3 ? 'value' : 'neutral'),
    ...(t < 3
      ? [
          box(at(t), 40, width, 34, 'LSTM', 'query'),
          box(at(t), 186, width, 34, 'LSTM', 'key'),
          arrow([at(t) + width / 2, top - 2], [at(t) + width / 2, 78], 'value'),
          arrow([at(t) + width / 2, top + 42], [at(t) + width / 2, 182], 'value'),
        ]
      : []),
  ]);
  return figure(
    {
      title: 'One sequence of three inputs in a batch of length five, read in both directions',
      description:
        'Five boxes in a row: x0, x1, x2 and two of padding. Above the first three stands an LSTM that goes from left to right and ends, with its final state, above x2. Below them stands another that begins at x2, goes to the left and ends, with its final state, below x0. Nothing stands above or below the padding.',
      width: 540,
      height: 262,
    },
    ...body,
    arrow([at(0) + width, 57], [at(1) - 2, 57], 'query'),
    arrow([at(1) + width, 57], [at(2) - 2, 57], 'query'),
    arrow([at(2) + width, 57], [at(3) + 14, 57], 'query'),
    text(at(3) + 22, 61, 'hn, row 0', 'start'),
    arrow([at(2), 203], [at(1) + width + 2, 203], 'key'),
    arrow([at(1), 203], [at(0) + width + 2, 203], 'key'),
    arrow([at(0), 203], [at(0) - 34, 203], 'key'),
    text(at(0) - 40, 207, 'hn, row 1', 'end'),
    text(at(3) - 8, 207, '← begins at x₂', 'start'),
  );
}

export const values: Record<string, () => string | number> = {
  biInsensitive: () => show(insensitive),
  biPaddingGradient: () => show(paddingGradient),
};

export const prints: Record<string, () => string> = {
  biTurned: turned,
  biHalves: halves,
  biFinals: finals,
  biCarried: carried,
};

export const figures: Record<string, () => string> = { 'both-ways': bothWays };
