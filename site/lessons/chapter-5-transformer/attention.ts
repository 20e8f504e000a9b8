/** What the lesson on scaled dot-product attention shows: every number, print and figure in it is computed here. */
import { type Tensor, normal, ones, random, tensor } from '#tensor';
import {
  attentionBackward,
  attentionForward,
  causalMask,
  maskedSoftmax,
  paddingMask,
} from '../../../solutions/chapter-5-transformer/attention.ts';
import { lines } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, plot, text } from '../svg.ts';

const all = ones(1, 1);
const fixed = (x: number, digits: number) => (Math.abs(x) < 1e-9 ? 0 : x).toFixed(digits).replace('-', '−');
const row = (x: Tensor, i: number, digits = 3) =>
  Array.from(x.row(i).data, (v) => fixed(v, digits).padStart(digits === 0 ? 2 : digits + 3)).join(' ');

// The way of the numbers

function flow(): string {
  return figure(
    {
      title: 'Scaled dot-product attention, with the shape on every arrow',
      description:
        'Queries of shape T by d_k and keys of shape S by d_k meet in a product, divided by the root of d_k: scores of shape T by S. A mask and a softmax along the keys make weights of them, T by S again. The weights multiply the values, S by d_v, and give y, T by d_v: one row for each query.',
      width: 620,
      height: 270,
    },
    box(10, 14, 76, 34, 'q', 'query'),
    box(10, 100, 76, 34, 'k', 'key'),
    box(10, 206, 76, 34, 'v', 'value'),
    box(214, 56, 112, 38, 'q kᵀ / √d_k'),
    box(440, 56, 150, 38, 'softmax of each row'),
    box(474, 4, 82, 26, 'mask'),
    box(460, 204, 110, 38, 'weights · v', 'value'),
    arrow([86, 31], [214, 68], 'query'),
    text(152, 30, '(T, d_k)'),
    arrow([86, 117], [214, 84], 'key'),
    text(152, 126, '(S, d_k)'),
    arrow([326, 75], [440, 75], 'neutral'),
    text(383, 66, 'scores (T, S)'),
    arrow([515, 30], [515, 56], 'neutral'),
    arrow([515, 94], [515, 204], 'neutral'),
    text(505, 148, 'weights (T, S)', 'end'),
    arrow([86, 223], [460, 223], 'value'),
    text(250, 213, '(S, d_v)'),
    arrow([570, 223], [614, 223], 'value'),
    text(610, 262, 'y (T, d_v)', 'end'),
  );
}

// Why √d_k

const KEYS = 10;
const wide = (() => {
  const draw = random('why the root');
  return [4, 16, 64, 256, 1024].map((d) => {
    const [q, k] = [normal([400, d], draw), normal([KEYS, d], draw)];
    const dweights = normal([400, KEYS], draw);
    const look = (by: number) => {
      const scores = q.matmul(k.T).div(by);
      const weights = maskedSoftmax(scores, all);
      const dscores = weights.mul(dweights.sub(dweights.mul(weights).sum(1, { keepDims: true })));
      return {
        typical: Math.sqrt(scores.square().mean().item()),
        largest: weights.max(1).mean().item(),
        /** How long the gradient of a query's scores is, for a random gradient of its weights. */
        left: dscores.square().sum(1).sqrt().mean().item(),
      };
    };
    return { d, bare: look(1), root: look(Math.sqrt(d)), whole: look(d) };
  });
})();

function root(): string {
  const cells = ({ typical, largest, left }: (typeof wide)[number]['bare']) => [
    typical.toFixed(1).padStart(5),
    largest.toFixed(2).padStart(7),
    left.toFixed(3).padStart(8),
  ];
  return lines([
    ['', 'q · k', '', '', 'q · k / √d_k', '', ''],
    [' d_k', 'score', 'largest', 'gradient', 'score', 'largest', 'gradient'],
    ...wide.map(({ d, bare, root: r }) => [String(d).padStart(4), ...cells(bare), ...cells(r)]),
  ]);
}

function scale(): string {
  const p = plot({
    x: [2, 10],
    y: [0, 1],
    width: 560,
    height: 300,
    xLabel: 'log₂ of the width d_k',
    yLabel: `largest of ${KEYS} weights`,
  });
  const at = (of: (w: (typeof wide)[number]) => number) => wide.map((w) => [Math.log2(w.d), of(w)] as const);
  return figure(
    {
      title: 'How much of its attention a query gives to its best key',
      description: `The largest of ${KEYS} weights against the width, for random queries and keys. Bare scores: it rises from about one half at width 4 to nearly 1 at width 1024. Scores divided by the root of the width: it stays near 0.3. Scores divided by the width: it falls to one tenth, which is no choice at all.`,
      width: 560,
      height: 300,
    },
    p.axes(),
    ...(['bare', 'root', 'whole'] as const).flatMap((name) => {
      const role = ({ bare: 'loss', root: 'pass', whole: 'neutral' } as const)[name];
      const points = at((w) => w[name].largest);
      return [p.line(points, role), p.scatter(points, role)];
    }),
    p.label([4.4, 0.83], 'q · k', 'start'),
    p.label([7.2, 0.4], 'q · k / √d_k', 'start'),
    p.label([7.2, 0.16], 'q · k / d_k', 'start'),
  );
}

// Masks

const bits = (x: Tensor) => (x.toArray() as number[][]).map((r) => r.join(' '));

function masks(): string {
  const [square, late] = [bits(causalMask(4, 4)), bits(causalMask(2, 4))];
  const padding = paddingMask([2, 4], 4);
  const both = padding.mul(causalMask(4, 4));
  const rows = [0, 1, 2, 3].map((i) => [
    square[i]!,
    late[i] ?? '',
    ['', ...bits(padding.reshape(2, 4))][i] ?? '',
    bits(both.row(0))[i]!,
    bits(both.row(1))[i]!,
  ]);
  return lines([
    ['causal, 4 on 4', 'causal, 2 on 4', 'lengths 2 and 4', 'both, sequence 0', 'both, sequence 1'],
    ...rows,
  ]);
}

// Two queries and three keys by hand, as in chapter 4

const q = tensor([
  [2, 0],
  [0, 1],
]);
const k = tensor([
  [1, 0],
  [0, 1],
  [1, 1],
]);
const v = tensor([[10], [20], [60]]);
const mask = causalMask(2, 3);
const run = attentionForward(q, k, v, mask);
const scores = q.matmul(k.T).div(Math.sqrt(2));
const dy = tensor([[1], [1]]);
const back = attentionBackward(dy, run.cache);

function forwardSmall(): string {
  return lines([
    ['query', 'q kᵀ', 'q kᵀ / √2', 'mask', 'weights', 'y'],
    ...[0, 1].map((i) => [
      i,
      row(q.matmul(k.T), i, 0),
      row(scores, i),
      row(mask, i, 0),
      row(run.weights, i),
      fixed(run.y.at(i, 0), 3),
    ]),
  ]);
}

function backwardSmall(): string {
  const dweights = dy.matmul(v.T);
  const dscores = run.weights.mul(dweights.sub(dweights.mul(run.weights).sum(1, { keepDims: true })));
  return lines([
    ['query', 'dweights', 'dscores', 'dq'],
    ...[0, 1].map((i) => [i, row(dweights, i, 0), row(dscores, i), row(back.dq, i)]),
  ]);
}
const triple = (x: Tensor) => `(${Array.from(x.data, (value) => fixed(value, 3)).join(', ')})`;

// A set

const x = tensor([
  [1, 0],
  [0, 2],
  [-1, 1],
]);
const order = [1, 0, 2];
const NAMES = ['A', 'B', 'C'];

function exchanged(): string {
  const rows = (m: Tensor) => {
    const moved = x.gather(order);
    const [before, after] = [attentionForward(x, x, x, m), attentionForward(moved, moved, moved, m)];
    return NAMES.map((name, i) => [name, row(before.y, i), row(after.y, order.indexOf(i))]);
  };
  const [free, causal] = [rows(all), rows(causalMask(3, 3))];
  return lines([
    ['token', 'as A B C', 'as B A C', 'causal: A B C', 'causal: B A C'],
    ...free.map((r, i) => [...r, ...causal[i]!.slice(1)]),
  ]);
}

const blind = maskedSoftmax(tensor([[1, 2, 3]]).add(-1e9), ones(1, 1));

export const values: Record<string, () => string | number> = {
  widest: () => wide.at(-1)!.d.toLocaleString('en-US'),
  bareTypical: () => wide.at(-1)!.bare.typical.toFixed(1),
  bareLargest: () => wide.at(-1)!.bare.largest.toFixed(2),
  times: () => (wide.at(-1)!.root.left / wide.at(-1)!.bare.left).toFixed(0),
  dv: () => triple(back.dv),
  dk: () => [0, 1, 2].map((j) => triple(back.dk.row(j))).join(', '),
  firstForbidden: () => fixed(back.dk.at(2, 0), 0),
  blind: () => triple(blind),
  pairs: () => (1000 * 1000).toLocaleString('en-US'),
};

export const prints: Record<string, () => string> = { root, masks, forwardSmall, backwardSmall, exchanged };

export const figures: Record<string, () => string> = { 'attention-flow': flow, 'attention-scale': scale };
