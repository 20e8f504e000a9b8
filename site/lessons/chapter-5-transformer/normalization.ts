/** What the lesson on normalisation shows: every number, printed block and figure in it is computed here. */
import { normal, ones, random, tensor, zeros, type Tensor } from '#tensor';
import { attentionForward } from '../../../solutions/chapter-5-transformer/attention.ts';
import { feedForward } from '../../../solutions/chapter-5-transformer/feed-forward.ts';
import {
  layerNormBackward,
  layerNormForward,
  rmsNormBackward,
  rmsNormForward,
} from '../../../solutions/chapter-5-transformer/normalization.ts';
import { lines, show } from '../chapter-2-bp/words.ts';
import { figure, plot } from '../svg.ts';

const EPSILON = 1e-5;
const minus = (words: string) => words.replaceAll('-', '−');
const cell = (v: number, digits = 3) => minus((Math.abs(v) < 0.5 * 10 ** -digits ? 0 : v).toFixed(digits));
const row = (x: Tensor, digits = 3) => Array.from(x.data, (v) => cell(v, digits).padStart(digits + 3)).join(' ');
const plain = (x: Tensor) => Array.from(x.data, show).join(' ');

// How large the tokens are, layer by layer, without a norm and with one.

const [N, C, M, DEPTH] = [40, 32, 128, 24];
function sizes(normed: boolean): number[] {
  const rng = random('depth');
  let x = normal([N, C], rng);
  const found = [Math.sqrt(x.square().mean().item())];
  for (let l = 0; l < DEPTH; l++) {
    const weights = {
      w1: normal([M, C], rng, 0, Math.sqrt(2 / C)),
      b1: zeros(M),
      w2: normal([C, M], rng, 0, 1 / Math.sqrt(M)),
      b2: zeros(C),
    };
    const sees = normed ? layerNormForward(x, ones(C), zeros(C), EPSILON).y : x;
    x = x.add(feedForward(sees, weights, 'relu').y);
    found.push(Math.sqrt(x.square().mean().item()));
  }
  return found;
}
const bare = sizes(false);
const kept = sizes(true);

function depth(): string {
  const p = plot({
    x: [0, DEPTH],
    y: [0, Math.ceil(Math.log10(bare[DEPTH])) + 1],
    width: 560,
    height: 320,
    xLabel: 'layer',
    yLabel: 'log₁₀ of the size of a token',
  });
  const points = (list: number[]) => list.map((v, l) => [l, Math.max(0, Math.log10(v))] as const);
  return figure(
    {
      title: 'How large tokens become in a stack of layers',
      description: `The root mean square of the tokens after each of ${DEPTH} layers with random weights, on a logarithmic scale. Where each layer reads the tokens as they are, the size grows in a straight line, that is by a constant factor in every layer. Where each layer reads them normalised, the curve flattens.`,
      width: 560,
      height: 320,
    },
    p.axes(),
    p.line(points(bare), 'loss'),
    p.line(points(kept), 'pass'),
    p.legend([
      ['loss', 'read as they are'],
      ['pass', 'read normalised'],
    ]),
  );
}

// A token by hand.

const x = tensor([[1, 2, 3, 6]]);
const gamma = tensor([1, 1, 2, 1]);
const beta = tensor([0, 0, 0, 1]);
const dy = tensor([[1, 0, 0, 0]]);
const layer = layerNormForward(x, gamma, beta, EPSILON);
const rms = rmsNormForward(x, gamma, EPSILON);
const layerBack = layerNormBackward(dy, layer.cache);
const rmsBack = rmsNormBackward(dy, rms.cache);
const variance = x.sub(x.mean()).square().mean().item();

function small(): string {
  return lines([
    ['', 'LayerNorm', 'RMSNorm'],
    ['x̂', row(layer.cache.xHat), row(rms.cache.xHat)],
    ['y', row(layer.y), row(rms.y)],
    ['dx', row(layerBack.dx), row(rmsBack.dx)],
    ['sum of dx', cell(layerBack.dx.sum().item()), cell(rmsBack.dx.sum().item())],
    ['dx · x̂', cell(layerBack.dx.mul(layer.cache.xHat).sum().item()), cell(rmsBack.dx.mul(rms.cache.xHat).sum().item())], // prettier-ignore
  ]);
}

/** The same token, larger and larger. */
function scaled(): string {
  const upstream = tensor([[1, -1, 0.5, 2]]);
  return lines([
    ['x', 'y', 'dx'],
    ...[1, 10, 1000].map((factor) => {
      const big = layerNormForward(x.mul(factor), gamma, beta, EPSILON);
      const { dx } = layerNormBackward(upstream, big.cache);
      return [plain(x.mul(factor)), row(big.y), row(dx, 6)];
    }),
  ]);
}

// ε inside the root and outside, for a token that hardly varies.

const faint = tensor([[0.001, -0.001]]);
const spread = faint.square().mean().item();
const inside = layerNormForward(faint, ones(2), zeros(2), EPSILON).y.at(0, 0);
const outside = faint.at(0, 0) / (Math.sqrt(spread) + EPSILON);

// The mean of the squares minus the square of the mean, far from zero.

const FAR = 2 ** 28;
const far = x.add(FAR);
const difference = far.square().mean().item() - far.mean().item() ** 2;

// Four keys in a plane; the third lies between the others, and no query can prefer it.

const keys = tensor([
  [3, 0, -3],
  [0, 3, -3],
  [0.5, 0.5, -1],
  [-2, -2, 4],
]);
/** The largest weight that each key gets from any of many queries in its plane, of the given length. */
function best(k: Tensor): number[] {
  const STEPS = 360;
  const [a, b] = [tensor([1, -1, 0]).div(Math.sqrt(2)), tensor([1, 1, -2]).div(Math.sqrt(6))];
  const found = Array.from({ length: k.shape[0] }, () => 0);
  for (let s = 0; s < STEPS; s++) {
    const angle = (2 * Math.PI * s) / STEPS;
    const q = a
      .mul(Math.cos(angle))
      .add(b.mul(Math.sin(angle)))
      .mul(20)
      .reshape(1, 3);
    const { weights } = attentionForward(q, k, k, ones(1, 1));
    weights.data.forEach((w, j) => (found[j] = Math.max(found[j], w)));
  }
  return found;
}
function selectable(): string {
  const normed = layerNormForward(keys, ones(3), zeros(3), EPSILON).y;
  const [before, after] = [best(keys), best(normed)];
  return lines([
    ['key', 'most it ever gets', 'key, normalised', 'most it ever gets'],
    ...before.map((most, j) => [plain(keys.row(j)), cell(most, 2), row(normed.row(j), 2), cell(after[j], 2)]),
  ]);
}

export const values: Record<string, () => string | number> = {
  depthLast: () => Math.round(bare[DEPTH]).toLocaleString('en-US'),
  depthFactor: () => ((bare[DEPTH] / bare[0]) ** (1 / DEPTH)).toFixed(2),
  depthKept: () => kept[DEPTH].toFixed(1),
  smallMean: () => x.mean().item(),
  smallVariance: () => variance,
  smallWrongVariance: () => show((variance * 4) / 3),
  smallSize: () => show(Math.sqrt(x.square().mean().item())),
  epsilonInside: () => inside.toFixed(2),
  epsilonOutside: () => outside.toFixed(2),
  farPlace: () => FAR.toLocaleString('en-US'),
  farVariance: () => show(difference),
};

export const prints: Record<string, () => string> = { normSmall: small, normScaled: scaled, selectable };

export const figures: Record<string, () => string> = { depth };
