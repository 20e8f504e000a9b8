/** What the lesson on the encoder shows: every number, printed block and figure in it is computed here. */
import { type Tensor, normal, ones, random, tensor, zeros } from '#tensor';
import { type EncoderBlockWeights, type NormOrder, encoderBackward, encoderForward, residualBackward, residualForward, selfAttentionBackward, selfAttentionForward } from '../../../solutions/chapter-5-transformer/encoder.ts'; // prettier-ignore
import { feedForward, feedForwardBackward } from '../../../solutions/chapter-5-transformer/feed-forward.ts';
import { EPSILON, layerNormForward } from '../../../solutions/chapter-5-transformer/normalization.ts';
import { countParameters, parametersOf } from '../../../solutions/chapter-5-transformer/parameters.ts';
import { lines } from '../chapter-2-bp/words.ts';
import { results } from '../results.ts';
import type { Watched } from '../results/order.ts';
import { arrow, box, figure, plot, text } from '../svg.ts';

const minus = (words: string) => words.replaceAll('-', '−');
const fixed = (v: number, digits: number) => minus((Math.abs(v) < 0.5 * 10 ** -digits ? 0 : v).toFixed(digits));
const row = (x: Tensor, digits = 2) => Array.from(x.data, (v) => fixed(v, digits).padStart(digits + 4)).join('');

// Twelve blocks, untrained: how long is the gradient of each block's weights?

const [DEPTH, C, T, B] = [12, 32, 16, 8];
const rng = random('twelve blocks');
const matrix = (out: number, inputs: number) => normal([out, inputs], rng, 0, 1 / Math.sqrt(inputs));
const norm = () => ({ gamma: ones(C), beta: zeros(C) });
const blocks: EncoderBlockWeights[] = Array.from({ length: DEPTH }, () => ({
  attention: {
    wQ: matrix(C, C),
    bQ: zeros(C),
    wK: matrix(C, C),
    bK: zeros(C),
    wV: matrix(C, C),
    bV: zeros(C),
    wO: matrix(C, C),
    bO: zeros(C),
  },
  norm1: norm(),
  feedForward: { w1: matrix(4 * C, C), b1: zeros(4 * C), w2: matrix(C, 4 * C), b2: zeros(C) },
  norm2: norm(),
}));
const x = normal([B, T, C], rng);
const dy = normal([B, T, C], rng);
const all = ones(1, 1);

/** The length of the gradient of everything in one block. */
const lengthOf = (gradients: EncoderBlockWeights) =>
  Math.sqrt(parametersOf(gradients).reduce((sum, g) => sum + g.square().sum().item(), 0));

function connected(order: NormOrder): number[] {
  const settings = { heads: 4, activation: 'gelu', order } as const;
  const run = encoderForward(x, all, blocks, settings);
  return encoderBackward(dy, run.cache).blocks.map(lengthOf);
}

/** The same blocks with nothing going around: each sublayer's output replaces what it read. */
function bare(): number[] {
  let y = x;
  const steps = blocks.map((w) => {
    const a = selfAttentionForward(y, all, w.attention, 4);
    const f = feedForward(a.y, w.feedForward, 'gelu');
    y = f.y;
    return { a: a.cache, f: f.cache };
  });
  let d = dy;
  return steps
    .toReversed()
    .map(({ a, f }) => {
      const back = feedForwardBackward(d, f);
      const attention = selfAttentionBackward(back.dx, a);
      d = attention.dx;
      return Math.sqrt(
        [...parametersOf(back.weights), ...parametersOf(attention.weights)].reduce(
          (sum, g) => sum + g.square().sum().item(),
          0,
        ),
      );
    })
    .toReversed();
}
const lengths = { bare: bare(), post: connected('post'), pre: connected('pre') };
const first = (name: keyof typeof lengths) => lengths[name][0]!;
const last = (name: keyof typeof lengths) => lengths[name][DEPTH - 1]!;
const ratio = (name: keyof typeof lengths) => last(name) / first(name);
const rough = (v: number) => (v >= 100 ? Math.round(v).toLocaleString('en') : v >= 1 ? v.toFixed(1) : v.toPrecision(2));

/** What is left of dy when it comes back around all sublayers and through none, as a share of its length. */
function aroundAlone(order: NormOrder): number {
  const { cache } = encoderForward(x, all, blocks, { heads: 4, activation: 'gelu', order });
  const silent = (d: Tensor) => ({ dx: zeros(...d.shape) });
  const connections = cache.flatMap(({ attention, feedForward }) => [attention, feedForward]);
  const d = connections.toReversed().reduce<Tensor>((d, c) => residualBackward(d, silent, c as never).dx, dy);
  return d.norm() / dy.norm();
}

/** How large the tokens themselves are in the end: their root mean square. */
const size = (order: NormOrder) => {
  const { y } = encoderForward(x, all, blocks, { heads: 4, activation: 'gelu', order });
  return Math.sqrt(y.square().mean().item());
};

function gradientLengths(): string {
  const show = (v: number) => (v < 0.01 ? minus(v.toExponential(1)) : v >= 100 ? v.toFixed(0) : v.toFixed(2));
  return lines([
    ['block', 'nothing around', 'post-norm', 'pre-norm'],
    ...[0, 3, 7, 11].map((l) => [
      String(l + 1).padStart(5),
      show(lengths.bare[l]!).padStart(14),
      show(lengths.post[l]!).padStart(9),
      show(lengths.pre[l]!).padStart(8),
    ]),
  ]);
}

// One token through a connection

const one = tensor([[[3, 1, -1, 1]]]);
const plain = { gamma: ones(4), beta: zeros(4) };
/** A sublayer that can be followed in the head: it turns the token round and halves it. */
const turn = tensor([
  [0, 0, 0, 0.5],
  [0, 0, 0.5, 0],
  [0, 0.5, 0, 0],
  [0.5, 0, 0, 0],
]);
const turned = (t: Tensor) => ({ y: t.matmul(turn.T), cache: null });
const turnedBack = (d: Tensor) => ({ dx: d.matmul(turn) });

function oneToken(): string {
  const normed = layerNormForward(one, plain.gamma, plain.beta, EPSILON).y;
  const pre = residualForward(one, plain, 'pre', turned);
  const post = residualForward(one, plain, 'post', turned);
  return [
    `x                          ${row(one)}`,
    '',
    `pre    LayerNorm(x)        ${row(normed)}`,
    `       sublayer of that    ${row(turned(normed).y)}`,
    `       y = x + that        ${row(pre.y)}`,
    '',
    `post   sublayer(x)         ${row(turned(one).y)}`,
    `       x + that            ${row(one.add(turned(one).y))}`,
    `       y = LayerNorm(that) ${row(post.y)}`,
  ].join('\n');
}

const upstream = tensor([[[1, 0, 0, 0]]]);
function oneTokenBack(): string {
  const pre = residualForward(one, plain, 'pre', turned);
  const post = residualForward(one, plain, 'post', turned);
  const preBack = residualBackward(upstream, turnedBack, pre.cache);
  const postBack = residualBackward(upstream, turnedBack, post.cache);
  const ds = postBack.dx.sub(postBack.inner.dx);
  return [
    `dy                         ${row(upstream)}`,
    '',
    `pre    around: dy          ${row(upstream)}`,
    `       through             ${row(preBack.dx.sub(upstream))}`,
    `       dx                  ${row(preBack.dx)}`,
    '',
    `post   around: ds          ${row(ds)}`,
    `       through             ${row(postBack.inner.dx)}`,
    `       dx                  ${row(postBack.dx)}`,
  ].join('\n');
}

// Figures

function roads(): string {
  const column = (left: number, order: NormOrder): string[] => {
    const [middle, around] = [left + 90, left + 190];
    const post = order === 'post';
    const norm = (y: number) => box(left + 20, y, 140, 36, 'LayerNorm', 'value');
    const layer = (y: number) => box(left + 20, y, 140, 36, 'sublayer', 'query');
    return [
      text(middle, 24, post ? 'post (2017)' : 'pre (since GPT-2)'),
      text(middle, 372, 'x (B, T, C)'),
      // The way through.
      ...(post
        ? [
            arrow([middle, 356], [middle, 268]),
            layer(230),
            arrow([middle, 230], [middle, 192]),
            arrow([middle, 160], [middle, 126]),
            norm(88),
            arrow([middle, 88], [middle, 52]),
          ]
        : [
            arrow([middle, 356], [middle, 308]),
            norm(270),
            arrow([middle, 270], [middle, 218]),
            layer(180),
            arrow([middle, 180], [middle, 132]),
            arrow([middle, 100], [middle, 52]),
          ]),
      text(middle, post ? 181 : 121, '+'),
      `<circle cx="${middle}" cy="${post ? 176 : 116}" r="15" fill="none" stroke="currentColor"/>`,
      // The way around.
      arrow([middle, 338], [around, 338], 'gradient'),
      arrow([around, 338], [around, post ? 176 : 116], 'gradient'),
      arrow([around, post ? 176 : 116], [middle + 17, post ? 176 : 116], 'gradient'),
      text(around + 8, 240, 'around', 'start'),
      text(middle, 44, 'y (B, T, C)'),
    ];
  };
  return figure(
    {
      title: 'Two ways to put a norm into a residual connection',
      description:
        'Two drawings side by side, from the input x below to the output y above. Left, post: x goes into the sublayer and around it, both meet in a plus, and the sum goes through the LayerNorm. Right, pre: x goes through the LayerNorm and the sublayer, and around both; they meet in a plus, which is y, so that the road around has nothing standing on it. Every arrow carries (B, T, C).',
      width: 540,
      height: 390,
    },
    ...column(10, 'post'),
    ...column(280, 'pre'),
  );
}

function depths(): string {
  const curves = [
    ['bare', 'loss', 'nothing around'],
    ['post', 'key', 'post-norm'],
    ['pre', 'pass', 'pre-norm'],
  ] as const;
  const logs = (name: keyof typeof lengths) => lengths[name].map((v, l) => [l + 1, Math.log10(v)] as const);
  const values = curves.flatMap(([name]) => logs(name).map(([, v]) => v));
  const p = plot({
    x: [1, DEPTH],
    y: [Math.floor(Math.min(...values)), Math.ceil(Math.max(...values)) + 1],
    xLabel: 'block',
    yLabel: 'log₁₀ of the gradient’s length',
  });
  return figure(
    {
      title: 'How long the gradient of each of twelve blocks is',
      description: `The length of the gradient of each block's weights, on a logarithmic scale, for twelve untrained blocks. Without a residual road it falls from ${rough(last('bare'))} in the last block to ${rough(first('bare'))} in the first. With post-norm it falls from ${rough(last('post'))} to ${rough(first('post'))}. With pre-norm it is ${rough(last('pre'))} in the last and ${rough(first('pre'))} in the first.`,
    },
    p.axes(),
    ...curves.map(([name, role]) => p.line(logs(name), role)),
    p.legend(curves.map(([, role, words]) => [role, words] as const)),
  );
}

// The lab on order

const order = () => results<Watched>('order');
/** The lines between two others, without their indentation. */
function excerpt(from: string, count: number): string {
  const { lines } = order();
  const at = lines.findIndex((line) => line.startsWith(from));
  if (at < 0) throw new Error(`The lab on order prints no line "${from}".`);
  const cut = lines.slice(at + 1).filter((line) => line.trim() !== '');
  return minus(cut.slice(0, count).map((line) => line.replace(/^ {2}/, '').trimEnd()).join('\n')); // prettier-ignore
}

const weights = (width: number) => {
  const perBlock = 4 * (width * width + width) + 2 * 4 * width * width + 5 * width + 4 * width;
  return perBlock.toLocaleString('en');
};

export const values = {
  encoderBareRatio: () => rough(ratio('bare')),
  encoderPostRatio: () => rough(ratio('post')),
  encoderPreRatio: () => rough(1 / ratio('pre')),
  encoderAroundPost: () => aroundAlone('post').toFixed(4),
  encoderAroundPre: () => aroundAlone('pre'),
  encoderPreSize: () => size('pre').toFixed(1),
  encoderCount: () => countParameters(blocks[0]).toLocaleString('en'),
  encoderBertCount: () => weights(768),
};
export const prints = {
  encoderOneToken: oneToken,
  encoderOneTokenBack: oneTokenBack,
  encoderLengths: gradientLengths,
  encoderDistances: () => excerpt('How far apart', 4),
  encoderOrder: () => excerpt('One block each', 3),
};
export const figures: Record<string, () => string> = {
  'residual-roads': roads,
  'block-gradients': depths,
  'order-attention': () => order().files['order-attention.svg']!.trimEnd(),
};
