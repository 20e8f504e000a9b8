/** What the lesson on the feed-forward layer shows: every number, printed block and figure in it is computed here. */
import { normal, ones, random, tensor, zeros, type Tensor } from '#tensor';
import { geluForward, reluForward, siluForward } from '../../../solutions/chapter-2-bp/activations.ts';
import { attentionForward } from '../../../solutions/chapter-5-transformer/attention.ts';
import {
  feedForward,
  swigluBackward,
  swigluForward,
  type FeedForwardWeights,
  type SwigluWeights,
} from '../../../solutions/chapter-5-transformer/feed-forward.ts';
import { lines, show } from '../chapter-2-bp/words.ts';
import { figure, plot } from '../svg.ts';

const cell = (v: number, digits = 3) => (Math.abs(v) < 0.5 * 10 ** -digits ? 0 : v).toFixed(digits).replace('-', '−');
const row = (x: Tensor, digits = 3) => Array.from(x.data, (v) => cell(v, digits).padStart(digits + 3)).join(' ');
const plain = (x: Tensor) => Array.from(x.data, show).join(' ');

// A memory of three patterns. Row m of w1 is what pattern m looks for, column m of w2 is what it writes.

const memory: FeedForwardWeights = {
  w1: tensor([
    [1, 1],
    [1, -1],
    [-1, -1],
  ]),
  b1: tensor([-1, 0, 0]),
  w2: tensor([
    [1, 0, 2],
    [0, 1, -1],
  ]),
  b2: zeros(2),
};
const asked = tensor([
  [1, 1],
  [2, -1],
  [-1, 0],
]);
function looked(): string {
  const z = asked.matmul(memory.w1.T).add(memory.b1);
  const [hard, soft] = [feedForward(asked, memory, 'relu'), feedForward(asked, memory, 'gelu')];
  const [relu, gelu] = [reluForward(z).y, geluForward(z).y];
  return lines([
    ['token', 'matches', 'ReLU', 'y', 'GELU', 'y'],
    ...[0, 1, 2].map((t) => [
      plain(asked.row(t)),
      plain(z.row(t)),
      plain(relu.row(t)),
      plain(hard.y.row(t)),
      row(gelu.row(t)),
      row(soft.y.row(t)),
    ]),
  ]);
}

// What attention alone does to a sequence, layer by layer: how far the tokens are from each other.

const [T, C, DEPTH] = [16, 24, 4];
/** The distance of the tokens from their mean, as a share of their size. */
const spread = (x: Tensor) => x.sub(x.mean(0)).norm() / x.norm();
const alone = (() => {
  const rng = random('collapse');
  let x = normal([T, C], rng);
  const found = [spread(x)];
  for (let l = 0; l < DEPTH; l++) {
    const [wQ, wK, wV] = [0, 1, 2].map(() => normal([C, C], rng, 0, 1 / Math.sqrt(C)));
    x = attentionForward(x.matmul(wQ), x.matmul(wK), x.matmul(wV), ones(1, 1)).y;
    // Back to size 1, so that only the differences count.
    x = x.div(Math.sqrt(x.square().mean().item()));
    found.push(spread(x));
  }
  return found;
})();

// Doubling a token, for a network without biases and for SwiGLU.

const bare: FeedForwardWeights = { ...memory, b1: zeros(3) };
const gatedWeights: SwigluWeights = { wGate: memory.w1, wUp: tensor([[1, 0], [0, 1], [1, 1]]), wDown: memory.w2 }; // prettier-ignore
function doubled(): string {
  const token = tensor([[2, -1]]);
  const of = (factor: number) => {
    const x = token.mul(factor);
    return [feedForward(x, bare, 'relu').y.at(0, 0), swigluForward(x, gatedWeights).y.at(0, 0)] as const;
  };
  return lines([
    ['factor', 'ReLU', 'times', 'SwiGLU', 'times'],
    ...[1, 2, 4, 8].map((factor) => {
      const [now, before] = [of(factor), of(factor / 2)];
      const times = (k: 0 | 1) => (factor === 1 ? '' : now[k] / before[k]);
      return [factor, now[0], times(0), now[1], times(1)];
    }),
  ]);
}

// SwiGLU with one gate: open, half open, shut.

function gates(): string {
  const one: SwigluWeights = { wGate: tensor([[1, 0]]), wUp: tensor([[0, 1]]), wDown: tensor([[1], [0]]) };
  return lines([
    ['token', 'gate', 'up', 'y', 'dup', 'dgate, behind SiLU'],
    ...[4, 0, -1, -4].map((g) => {
      const x = tensor([[g, 3]]);
      const { y, cache } = swigluForward(x, one);
      const { dx } = swigluBackward(tensor([[1, 0]]), cache);
      return [plain(x), cache.gate.item(), cache.up.item(), y.at(0, 0), dx.at(0, 1), dx.at(0, 0)];
    }),
  ]);
}

/** The three bends. */
function bends(): string {
  const xs = Array.from({ length: 121 }, (_, i) => -4 + i / 20);
  const at = tensor(xs);
  const points = (y: Tensor) => xs.map((v, i) => [v, y.data[i]] as const);
  const p = plot({ x: [-4, 2], y: [-0.5, 3], width: 560, height: 320, xLabel: 'z' });
  return figure(
    {
      title: 'Three bends: ReLU, GELU and SiLU',
      description:
        'The three functions for z from −4 to 2. ReLU is 0 on the left and z on the right, with a corner at 0. GELU and SiLU run without a corner: a little below 0 on the left, GELU deepest near −0.75, SiLU deeper and further left, near −1.28; on the right both approach z.',
      width: 560,
      height: 320,
    },
    p.axes(),
    p.line(points(reluForward(at).y), 'query'),
    p.line(points(geluForward(at).y), 'key'),
    p.line(points(siluForward(at).y), 'value'),
    p.legend([
      ['query', 'ReLU'],
      ['key', 'GELU'],
      ['value', 'SiLU'],
    ]),
  );
}

const attentionSize = (width: number) => 4 * width * width + 4 * width;
const feedSize = (width: number) => 8 * width * width + 5 * width;
/** Llama's rule: two thirds of 4 C, rounded up to a multiple of 256. */
const hidden = (width: number) => Math.ceil((8 * width) / 3 / 256) * 256;

/** Sixteen tokens, some layers of attention and nothing else. */
function collapse(): string {
  return lines([
    ['layers of attention', 'difference between the tokens'],
    ...alone.map((_, l) => [l, alone[l].toPrecision(2)]),
  ]);
}

export const values: Record<string, () => string | number> = {
  ffShare: () => ((100 * feedSize(768)) / (feedSize(768) + attentionSize(768))).toFixed(0),
  ffSize: () => feedSize(768).toLocaleString('en-US'),
  llamaWidth: () => (4096).toLocaleString('en-US'),
  llamaHidden: () => hidden(4096).toLocaleString('en-US'),
};

export const prints: Record<string, () => string> = {
  averagesOfAverages: collapse,
  lookedUp: looked,
  doubled,
  gatesSmall: gates,
};

export const figures: Record<string, () => string> = { bends };
