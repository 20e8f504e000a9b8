/** What the lesson on sequences to sequences and attention shows: every number, print and figure in it is computed here. */
import { type Tensor, normal, random, stack, tensor, uniform, zeros } from '#tensor';
import { lstmBackward, lstmForward, type LstmWeights } from '../../../solutions/chapter-4-lstm/lstm.ts';
import {
  additiveAttention,
  additiveScores,
  attend,
  attendBackward,
  dotAttention,
  dotAttentionBackward,
  seq2seqBackward,
  seq2seqForward,
} from '../../../solutions/chapter-4-lstm/seq2seq-attention.ts';
import { lines, show } from '../chapter-2-bp/words.ts';
import { figure, plot } from '../svg.ts';

const minus = (words: string) => words.replaceAll('-', '−');
const row = (x: Tensor, i: number, digits = 3) =>
  Array.from(x.row(i).data, (v) => minus((Math.abs(v) < 1e-9 ? 0 : v).toFixed(digits)).padStart(digits + 3)).join(' ');

// How much the source is heard of, through the door and through attention.

const [S, D, H, COUNT] = [60, 4, 16, 24];
const rng = random('the bottleneck');
function layer(inputs: number): LstmWeights {
  const k = 1 / Math.sqrt(H);
  return {
    wIh: uniform([4 * H, inputs], rng, -k, k),
    wHh: uniform([4 * H, H], rng, -k, k),
    bIh: zeros(4 * H).withSlice([[H, 2 * H]], 1),
    bHh: zeros(4 * H),
  };
}
const [encoder, decoder] = [layer(D), layer(D)];
const source = normal([S, COUNT, D], rng);
const target = normal([1, COUNT, D], rng);
const upstream = normal([1, COUNT, H], rng);

/** The length of the gradient of each source input, as a mean over the batch. */
const lengthsOf = (d: Tensor) => Array.from(d.square().sum(2).sqrt().mean(1).data);

const throughDoor = (() => {
  const { cache } = seq2seqForward(source, target, encoder, decoder);
  return lengthsOf(seq2seqBackward(upstream, cache).dsource);
})();

/** The decoder's first state asks, the encoder's outputs answer: keys and values at once. */
const throughAttention = (() => {
  const start = zeros(COUNT, H);
  const read = lstmForward(source, start, start, encoder);
  const written = lstmForward(target, read.hn, read.cn, decoder);
  const perSequence = Array.from({ length: COUNT }, (_, b) => {
    const [q, k] = [written.y.slice(null, b), read.y.slice(null, b)];
    const back = dotAttentionBackward(upstream.slice(null, b), dotAttention(q, k, k).cache);
    return back.dk.add(back.dvalues);
  });
  const nothing = zeros(COUNT, H);
  return lengthsOf(lstmBackward(stack(perSequence, 1), nothing, nothing, read.cache).dx);
})();

function bottleneck(): string {
  const [first, last] = [-6, 0];
  const p = plot({
    x: [0, S],
    y: [first, last],
    width: 560,
    height: 320,
    xLabel: 'steps between the input and the end of the source',
    yLabel: 'log₁₀ of the gradient',
  });
  const points = (list: number[]) => list.map((v, t) => [S - t, Math.max(first, Math.log10(v))] as const);
  return figure(
    {
      title: 'How loudly each input of the source is heard',
      description: `The gradient of the decoder's first output with respect to each of ${S} source inputs, on a logarithmic scale. Through the single vector it falls steadily, by more than four powers of ten over sixty steps. Through attention it stays on one level, from the last input to the first.`,
      width: 560,
      height: 320,
    },
    p.axes(),
    p.line(points(throughDoor), 'loss'),
    p.line(points(throughAttention), 'query'),
    p.legend([
      ['query', 'attention'],
      ['loss', 'one vector'],
    ]),
  );
}

// A small attention by hand: two queries, three keys.

const q = tensor([
  [2, 0],
  [0, 1],
]);
const k = tensor([
  [1, 0],
  [0, 1],
  [1, 1],
]);
const values_ = tensor([[10], [20], [60]]);
const dots = q.matmul(k.T);
const dot = dotAttention(q, k, values_);
const dy = tensor([[1], [1]]);
const back = attendBackward(dy, attend(dots, values_).cache);

function small(): string {
  return lines([
    ['query', 'scores', 'weights', 'y'],
    ...[0, 1].map((i) => [i, row(dots, i, 0), row(dot.weights, i), minus(dot.y.at(i, 0).toFixed(3))]),
  ]);
}
function smallBack(): string {
  const dweights = dy.matmul(values_.T);
  return lines([
    ['query', 'dweights', 'dscores', 'their sum'],
    ...[0, 1].map((i) => [i, row(dweights, i, 0), row(back.dscores, i), show(back.dscores.row(i).sum().item())]),
  ]);
}

const parameters = {
  wQ: tensor([
    [1, 0],
    [0, 1],
  ]),
  wK: tensor([
    [-1, 0],
    [0, -1],
  ]),
  v: tensor([-4, -4]),
};
const additive = additiveAttention(q, k, values_, parameters);

function additiveSmall(): string {
  const { scores } = additiveScores(q, k, parameters);
  return lines([
    ['query', 'scores', 'weights', 'y'],
    ...[0, 1].map((i) => [i, row(scores, i), row(additive.weights, i), additive.y.at(i, 0).toFixed(3)]),
  ]);
}

/** The same without the tanh. */
function noTanh(): string {
  const a = q.matmul(parameters.wQ.T).expandDims(1).add(k.matmul(parameters.wK.T).expandDims(0));
  const scores = a.matmul(parameters.v);
  const { weights } = attend(scores, values_);
  return lines([['query', 'scores', 'weights'], ...[0, 1].map((i) => [i, row(scores, i, 0), row(weights, i)])]);
}

// Dot products of wide vectors.

const wide = (() => {
  const draw = random('wide');
  return [4, 16, 64, 256, 1024].map((d) => {
    const scores = normal([200, d], draw).matmul(normal([10, d], draw).T);
    const { weights } = attend(scores, zeros(10, 1));
    const typical = Math.sqrt(scores.square().mean().item()).toFixed(1);
    return { d, typical, largest: weights.max(1).mean().item().toFixed(2) };
  });
})();

function widths(): string {
  return lines([
    ['d', 'typical score', 'largest of 10 weights'],
    ...wide.map(({ d, typical, largest }) => [d, typical, largest]),
  ]);
}

export const values: Record<string, () => string | number> = {
  doorFirst: () => throughDoor[0].toFixed(5),
  doorLast: () => throughDoor[S - 1].toFixed(2),
  smallDvalues: () => `(${Array.from(back.dvalues.data, (x) => x.toFixed(3)).join(', ')})`,
  tanhCount: () => (50 * 50 * 256).toLocaleString('en-US'),
  dotLast: () => wide[wide.length - 1].typical,
};

export const prints: Record<string, () => string> = {
  attendSmall: small,
  attendBack: smallBack,
  additiveSmall,
  noTanh,
  dotWidths: widths,
};

export const figures: Record<string, () => string> = { bottleneck };
