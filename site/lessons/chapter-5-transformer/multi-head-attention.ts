/** What the lesson on multi-head attention shows: every number, printed block and figure in it is computed here. */
import { eye, normal, ones, random, tensor, zeros, type Tensor } from '#tensor';
import {
  multiHeadBackward,
  multiHeadForward,
  repeatHeads,
  repeatHeadsBackward,
  splitHeads,
  type MultiHeadWeights,
} from '../../../solutions/chapter-5-transformer/multi-head-attention.ts';
import { lines, show } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, text } from '../svg.ts';

const list = (x: Tensor, digits = 4) =>
  Array.from(x.data, (v) => String(Number(v.toFixed(digits)) || 0).replace('-', '−')).join(' ');

// One head and two, with the same parameters. The columns of a token: is it an A, is it a B, its number, and a 1.

const SURE = 60;
const looking: MultiHeadWeights = {
  // Both halves of the query come from the bias: the first asks for an A, the second for a B.
  wQ: zeros(4, 4),
  bQ: tensor([SURE, 0, 0, SURE]),
  wK: tensor([
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [1, 0, 0, 0],
    [0, 1, 0, 0],
  ]),
  bK: zeros(4),
  wV: tensor([
    [0, 0, 1, 0],
    [0, 0, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 0],
  ]),
  bV: zeros(4),
  wO: eye(4),
  bO: zeros(4),
};
const sentence = (a: number, b: number) =>
  tensor([
    [
      [1, 0, a, 1],
      [0, 1, b, 1],
      [0, 0, 5, 1],
    ],
  ]);
const asker = tensor([[[0, 0, 0, 1]]]);

function oneAndTwo(): string {
  const rows = [1, 2].flatMap((heads) =>
    [
      [3, 7],
      [7, 3],
    ].map(([a, b]) => {
      const { y, attention } = multiHeadForward(asker, sentence(a, b), ones(1, 1), looking, heads);
      const weights = Array.from({ length: heads }, (_, n) => list(attention.slice(0, n), 2)).join(' | ');
      return [heads, a, b, weights, `${show(y.at(0, 0, 0))} ${show(y.at(0, 0, 2))}`];
    }),
  );
  return lines([['heads', 'A', 'B', 'weights of each head', 'y, columns 0 and 2'], ...rows]);
}

// Splitting, rightly and by reshape alone. The entry 12 is column 2 of token 1.

const numbered = zeros(1, 3, 4).map((_, at) => 10 * Math.floor(at / 4) + (at % 4));
const grid = (x: Tensor) =>
  Array.from({ length: x.shape[0] }, (_, t) => Array.from(x.row(t).data, (v) => String(v).padStart(2, '0')).join(' '));
function splitting(): string {
  const right = splitHeads(numbered, 2).row(0);
  const wrong = numbered.reshape(1, 2, 3, 2).row(0);
  const block = (x: Tensor, n: number) => grid(x.row(n));
  const whole = grid(numbered.row(0));
  return lines([
    ['x', 'head 0', 'head 1', 'reshape alone: head 0', 'head 1'],
    ...[0, 1, 2].map((t) => [whole[t], block(right, 0)[t], block(right, 1)[t], block(wrong, 0)[t], block(wrong, 1)[t]]),
  ]);
}

// All eight gradients of a drawn example.

const [B, T, C, HEADS] = [2, 5, 6, 3];
const drawn = (() => {
  const rng = random('eight gradients');
  const draw = (...shape: number[]) => normal(shape, rng, 0, 0.5);
  const weights: MultiHeadWeights = {
    wQ: draw(C, C),
    bQ: draw(C),
    wK: draw(C, C),
    bK: draw(C),
    wV: draw(C, C),
    bV: draw(C),
    wO: draw(C, C),
    bO: draw(C),
  };
  const x = normal([B, T, C], rng);
  const { cache } = multiHeadForward(x, x, ones(1, 1), weights, HEADS);
  return multiHeadBackward(normal([B, T, C], rng), cache);
})();

function gradients(): string {
  // What is only rounding is shown as the 0 that it stands for.
  const length = (x: Tensor) => (x.norm() < 1e-12 ? '0' : x.norm().toFixed(2));
  const { weights } = drawn;
  return lines([
    ['', 'Q', 'K', 'V', 'O'],
    ['length of dw', ...[weights.wQ, weights.wK, weights.wV, weights.wO].map(length)],
    ['length of db', ...[weights.bQ, weights.bK, weights.bV, weights.bO].map(length)],
  ]);
}

// Groups: two key heads for four query heads.

function groups(): string {
  const x = tensor([[[[1]], [[2]]]]);
  const dy = tensor([[[[10]], [[20]], [[30]], [[40]]]]);
  return lines([
    ['x', 'repeatHeads', 'dy', 'repeatHeadsBackward'],
    [list(x), list(repeatHeads(x, 2)), list(dy), list(repeatHeadsBackward(dy, 2))],
  ]);
}

/** The way of a batch through three heads. */
function flow(): string {
  const [mid, gap] = [150, 70];
  const heads = [0, 1, 2].map((n) => mid + (n - 1) * gap);
  return figure(
    {
      title: 'Multi-head attention: cut, attend side by side, put together, mix',
      description:
        'From left to right. x, of shape B, T, C, goes through wQ, wK and wV. Splitting makes h heads of it, each of shape T by C over h; three are drawn below each other, each with a small attention of its own. Merging puts their results side by side, B, T, C again, and wO mixes them into y, of shape B, T, C.',
      width: 740,
      height: 260,
    },
    text(30, mid + 4, 'x'),
    arrow([44, mid], [128, mid], 'neutral', '(B, T, C)'),
    box(130, mid - 44, 84, 88, 'wQ wK wV', 'key'),
    ...heads.flatMap((y, n) => [
      arrow([216, mid + (n - 1) * 26], [330, y], 'query'),
      box(332, y - 22, 150, 44, `attention of head ${n}`, 'query'),
      arrow([484, y], [574, mid + (n - 1) * 26], 'query'),
    ]),
    text(273, 34, 'splitHeads'),
    text(273, 52, '(B, h, T, C/h)'),
    text(532, 34, 'mergeHeads'),
    text(532, 52, '(B, T, C)'),
    box(576, mid - 44, 44, 88, 'wO', 'key'),
    arrow([622, mid], [706, mid], 'neutral', '(B, T, C)'),
    text(722, mid + 4, 'y'),
  );
}

// Published sizes of Llama 2 with 70 billion parameters: layers, heads, key–value heads, width of a head, context.
const llama = { layers: 80, heads: 64, kvHeads: 8, width: 128, context: 4096 };
/** Gigabytes of keys and values for one full context, two bytes a number. */
const kept = (heads: number) => (2 * llama.layers * heads * llama.width * llama.context * 2) / 1e9;

const parameters = (width: number) => 4 * width * width + 4 * width;

export const values: Record<string, () => string | number> = {
  mhaParameters: () => parameters(768).toLocaleString('en-US'),
  llamaAll: () => kept(llama.heads).toFixed(1),
  llamaGrouped: () => kept(llama.kvHeads).toFixed(1),
  llamaContext: () => llama.context.toLocaleString('en-US'),
  llamaHeads: () => llama.heads,
  llamaKvHeads: () => llama.kvHeads,
};

export const prints: Record<string, () => string> = {
  oneAndTwo,
  splitting,
  eightGradients: gradients,
  groupsSmall: groups,
};

export const figures: Record<string, () => string> = { 'many-heads': flow };
