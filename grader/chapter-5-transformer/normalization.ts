/** Exercises of normalising one token at a time: LayerNorm, and RMSNorm without its mean. */
import { ones, tensor as asTensor, zeros, type Tensor } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientAgrees,
  gradientOf,
  property,
  pure,
  rejects,
  tensor,
  topic,
  valueOf,
  type Lifted,
  type ValueRecord,
} from '../engine/index.ts';
import { smooth } from './definitions.ts';
import { layerNormed, rmsNormed, tokens } from './definitions-blocks.ts';

interface RmsInputs {
  x: Tensor;
  gamma: Tensor;
  epsilon: number;
}
interface LayerInputs extends RmsInputs {
  beta: Tensor;
}
type Up<I> = I & { dy: Tensor };
type Plain<I> = Omit<Lifted<I>, 'epsilon'> & { epsilon: number };

const gamma = tensor('C', { nonzero: true });
const epsilon = choice<number>(0.25, 1e-5, 1e-3);
const layerInputs = { x: tensor('B?', 'T', 'C'), gamma, beta: tensor('C'), epsilon };
const rmsInputs = { x: tensor('B?', 'T', 'C'), gamma, epsilon };
const dy = tensor('B?', 'T', 'C');
const sizes = { B: [0, 2], T: [1, 3], C: [2, 4] } as const;

// One token alone; two of them, one constant; four axes.
const alone = { x: asTensor([1, -2, 3]), gamma: asTensor([2, -0.5, 1]), beta: asTensor([0.5, 1, -1]), epsilon: 0.25 };
const constant = { ...alone, x: asTensor([[2, 2, 2], [0, 1, -1]]), epsilon: 1e-3 }; // prettier-ignore
const deep = { ...alone, x: asTensor([[[[1, 0.5, -2]], [[3, 1, 0]]], [[[-1, 2, 2]], [[0.25, 0, 1]]]]) }; // prettier-ignore
const layerExamples = [alone, constant, deep];
const without = ({ x, gamma, epsilon }: LayerInputs) => ({ x, gamma, epsilon });
const rmsExamples = layerExamples.map(without);
const withUpstream = <I extends { x: Tensor } & ValueRecord>(examples: I[]) =>
  examples.map((e) => ({ dy: e.x.map((_, at) => [0.5, -1, 2, 1, -0.25][at % 5]!), ...e }));

// LayerNorm

/** (…, 1): along each row. */
const along = { keepDims: true };

interface Ways {
  /** The numbers over which mean and variance are taken. */
  mean: (x: Tensor) => Tensor;
  /** What the centred row is divided by. */
  divisor: (variance: Tensor, epsilon: number) => Tensor;
  variance: (x: Tensor, mu: Tensor) => Tensor;
  centred: (x: Tensor, mu: Tensor) => Tensor;
  end: (xHat: Tensor, gamma: Tensor, beta: Tensor) => Tensor;
}
const rightly: Ways = {
  mean: (x) => x.mean(-1, along),
  variance: (x, mu) => x.sub(mu).square().mean(-1, along),
  divisor: (variance, e) => variance.add(e).sqrt(),
  centred: (x, mu) => x.sub(mu),
  end: (xHat, g, b) => xHat.mul(g).add(b),
};
const layerNorm =
  (ways: Partial<Ways>) =>
  ({ x, gamma, beta, epsilon }: LayerInputs) => {
    const { mean, variance, divisor, centred, end } = { ...rightly, ...ways };
    const mu = mean(x);
    return { y: end(centred(x, mu).div(divisor(variance(x, mu), epsilon)), gamma, beta) };
  };
/** Over all tokens, feature by feature: chapter 2's. */
const overTokens = (x: Tensor) => tokens(x).mean(0).broadcastTo(x.shape);
const everything = (x: Tensor) => x.mean().broadcastTo(x.shape);

/** So many digits that a square of it must be rounded. */
const FAR = 2 ** 20 + 2 ** -10;

const layerNormForward = exercise({
  points: 3,
  inputs: layerInputs,
  sizes,
  oracle: valueOf(({ x, gamma, beta, epsilon }: Plain<LayerInputs>) => ({ y: layerNormed(x, gamma, beta, epsilon) }), {
    plain: ['epsilon'],
  }),
  checks: [
    agrees({ cases: 14 }),
    property<LayerInputs>('a token moved by a million, all of it, gives the same', {
      cases: 4,
      runs: (i) => ({ here: { ...i }, far: { ...i, x: i.x.add(FAR) } }),
      holds: ({ here, far }: Record<string, { y: Tensor }>) =>
        far!.y.allClose(here!.y, { rtol: 1e-6, atol: 1e-6 }) ||
        'Far from zero the mean of the squares minus the square of the mean is a small difference of two huge numbers.',
    }),
    pure({ cases: 3 }),
    rejects(
      'a gamma or a beta of another shape than (C)',
      [
        { x: zeros(2, 3), gamma: ones(1), beta: zeros(3), epsilon: 1e-5 },
        { x: zeros(2, 3), gamma: ones(3), beta: zeros(1), epsilon: 1e-5 },
        { x: zeros(2, 3), gamma: ones(2), beta: zeros(2), epsilon: 1e-5 },
        { x: zeros(2, 3), gamma: ones(2, 3), beta: zeros(3), epsilon: 1e-5 },
        // Both would be broadcast.
        { x: zeros(2, 3), gamma: ones(1), beta: zeros(1), epsilon: 1e-5 },
        { x: zeros(2, 3), gamma: ones(1, 3), beta: zeros(1, 3), epsilon: 1e-5 },
      ],
      { worth: 1 },
    ),
  ],
  examples: layerExamples,
  misconceptions: {
    'shift left out': {
      wrong: layerNorm({ end: (xHat, g) => xHat.mul(g) }),
      says: 'beta changes nothing in your result.',
    },
    'scale left out': {
      wrong: layerNorm({ end: (xHat, _, b) => xHat.add(b) }),
      says: 'gamma changes nothing in your result.',
    },
    'squares minus the square of the mean, feature by feature': {
      wrong: layerNorm({ variance: (x, mu) => x.square().sub(mu.square()).mean(-1, along) }),
      says: 'Your variance is the mean of x² − μ². On paper that is the same; far from zero it is a small difference of two huge numbers, and their last digits are all that is left.',
    },
    'over the tokens': {
      wrong: layerNorm({
        mean: overTokens,
        variance: (x, mu) => overTokens(x.sub(mu).square()),
      }),
      says: 'You normalise each feature over all tokens: that is batch normalisation. Here each token is alone with its own features.',
    },
    'over the first axis': {
      wrong: layerNorm({
        mean: (x) => x.mean(0, along),
        variance: (x, mu) => x.sub(mu).square().mean(0, along),
      }),
      says: 'Your mean and variance run along the first axis, so each token depends on other ones. The features of a token lie along the last.',
    },
    'over the second axis': {
      wrong: layerNorm({
        mean: (x) => x.mean(1, along),
        variance: (x, mu) => x.sub(mu).square().mean(1, along),
      }),
      says: 'With matrices this is right. In (B, T, C) axis 1 is time; the features of a token lie along the last axis, which is -1 however many there are.',
    },
    'one mean for the whole tensor': {
      wrong: layerNorm({
        mean: everything,
        variance: (x, mu) => everything(x.sub(mu).square()),
      }),
      says: 'Your mean and variance are taken over the whole tensor, so each token depends on all others. Each row has a mean and a variance of its own.',
    },
    'divided by C − 1': {
      wrong: layerNorm({
        variance: (x, mu) =>
          x
            .sub(mu)
            .square()
            .sum(-1, along)
            .div(x.shape.at(-1)! - 1),
      }),
      says: 'Your variance is divided by C − 1. That is for guessing the variance of a population from a sample; here the row itself is measured, all C of it.',
    },
    'epsilon outside the root': {
      wrong: layerNorm({ divisor: (variance, e) => variance.sqrt().add(e) }),
      says: 'You add ε to the standard deviation. Is your epsilon inside the root?',
    },
    'always the same epsilon': {
      wrong: layerNorm({ divisor: (variance) => variance.add(1e-5).sqrt() }),
      says: 'Your ε is 10⁻⁵ whatever was asked for. It is an argument, `epsilon`; the constant of the file is what callers give when they have no other wish.',
    },
    'epsilon forgotten': {
      wrong: layerNorm({ divisor: (variance) => variance.sqrt() }),
      says: 'ε changes nothing in your result. What becomes of a token whose features are all equal?',
    },
    'root forgotten': {
      wrong: layerNorm({ divisor: (variance, e) => variance.add(e) }),
      says: 'You divide by the variance, which has the unit of x². What has the unit of x?',
    },
    'mean not subtracted': {
      wrong: layerNorm({ centred: (x) => x }),
      says: 'Your rows are scaled by their standard deviation, but they keep their mean.',
    },
    'mean of the squares for the variance': {
      wrong: layerNorm({ variance: (x) => x.square().mean(-1, along) }),
      says: 'Your variance is the mean of x², without the mean taken away first. It is the distances from the mean that are squared.',
    },
    'mean of the squares minus square of the mean': {
      wrong: layerNorm({ variance: (x, mu) => x.square().mean(-1, along).sub(mu.square()) }),
      says: 'Your variance is mean(x²) − μ². On paper that is the same; far from zero it is a small difference of two huge numbers, and their last digits are all that is left.',
    },
    'mean distance for the deviation': {
      wrong: layerNorm({ divisor: (v, e) => v.add(e), variance: (x, mu) => x.sub(mu).abs().mean(-1, along) }),
      says: 'You divide by the mean of |x − μ|. The distances are squared, averaged, and then comes the root.',
    },
    'gamma and beta exchanged': {
      wrong: layerNorm({ end: (xHat, g, b) => xHat.mul(b).add(g) }),
      says: 'You multiply by beta and add gamma. gamma is the scale, beta the shift.',
    },
    'shifted before scaling': {
      wrong: layerNorm({ end: (xHat, g, b) => xHat.add(b).mul(g) }),
      says: 'Your shift is multiplied by gamma too: (x̂ + beta) ⊙ gamma. First scale, then shift.',
    },
    'scale and shift left out': {
      wrong: layerNorm({ end: (xHat) => xHat }),
      says: 'You return x̂. The learned scale and shift are still to come.',
    },
  },
  hints: [
    'What would you do to one token, a list of C numbers, to give it mean 0 and variance 1? Then do it to all rows at once.',
    'mean(-1, { keepDims: true }) of (…, C) is (…, 1), and broadcasts back over the row.',
    'σ² = mean((x − μ)²), x̂ = (x − μ) · 1/√(σ² + ε), y = gamma ⊙ x̂ + beta. Keep x̂ and 1/√(σ² + ε).',
    'const centred = x.sub(x.mean(-1, { keepDims: true })); const inverse = centred.square().mean(-1, { keepDims: true }).add(epsilon).sqrt().reciprocal(); and xHat = centred.mul(inverse)',
  ],
});

/** What every backward pass of a norm has at hand. */
interface Pieces {
  dy: Tensor;
  x: Tensor;
  gamma: Tensor;
  xHat: Tensor;
  inverse: Tensor;
  dxHat: Tensor;
}
interface NormGradients {
  dx: Tensor;
  dgamma: Tensor;
  dbeta?: Tensor;
}
const C = (x: Tensor) => x.shape.at(-1)!;
const rowMean = (x: Tensor) => x.mean(-1, along);

function pieces({ dy, x, gamma, epsilon }: Up<RmsInputs>, centre: boolean): Pieces {
  const from = centre ? x.sub(rowMean(x)) : x;
  const inverse = rowMean(from.square()).add(epsilon).sqrt().reciprocal();
  return { dy, x, gamma, xHat: from.mul(inverse), inverse, dxHat: dy.mul(gamma) };
}
/** dx̂ back through the division, and through the mean where one was subtracted. */
const pulled = ({ dxHat, xHat, inverse }: Pieces, centre: boolean, mean = rowMean) =>
  dxHat
    .sub(centre ? mean(dxHat) : 0)
    .sub(xHat.mul(mean(dxHat.mul(xHat))))
    .mul(inverse);
const summed = (x: Tensor) => tokens(x).sum(0);

const slippedLayer =
  (change: (p: Pieces) => Partial<NormGradients>) =>
  (i: Up<LayerInputs>): ValueRecord => {
    const p = pieces(i, true);
    return { dx: pulled(p, true), dgamma: summed(p.dy.mul(p.xHat)), dbeta: summed(p.dy), ...change(p) } as ValueRecord;
  };
const slippedRms =
  (change: (p: Pieces) => Partial<NormGradients>) =>
  (i: Up<RmsInputs>): ValueRecord => {
    const p = pieces(i, false);
    return { dx: pulled(p, false), dgamma: summed(p.dy.mul(p.xHat)), ...change(p) } as ValueRecord;
  };

/** Summed over the first axis only: all there is in (T, C), not in (B, T, C). */
const overFirst = (x: Tensor) => x.sum(0);

const layerNormBackward = exercise({
  points: 4,
  inputs: { dy, ...layerInputs },
  sizes,
  parameters: ['dy'],
  backwardOf: { forward: 'layerNormForward', takes: ['x', 'gamma', 'beta', 'epsilon'] },
  oracle: smooth(
    gradientOf<Plain<LayerInputs>>((i) => layerNormed(i.x, i.gamma, i.beta, i.epsilon), {
      upstream: 'dy',
      wrt: { dx: 'x', dgamma: 'gamma', dbeta: 'beta' },
      plain: ['epsilon'],
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 12 }), pure({ cases: 3 })],
  examples: withUpstream(layerExamples),
  misconceptions: {
    'means without gamma': {
      wrong: slippedLayer(({ dy, dxHat, xHat, inverse }) => ({
        dx: dxHat
          .sub(rowMean(dy))
          .sub(xHat.mul(rowMean(dy.mul(xHat))))
          .mul(inverse),
      })),
      says: 'The means in your dx are taken of dy; only the first term has gamma. All three speak of dx̂ = dy ⊙ gamma.',
    },
    'a sign in the second mean': {
      wrong: slippedLayer(({ dxHat, xHat, inverse }) => ({
        dx: dxHat
          .sub(rowMean(dxHat))
          .add(xHat.mul(rowMean(dxHat.mul(xHat))))
          .mul(inverse),
      })),
      says: 'The way through the variance has the wrong sign in your dx. A larger variance makes every entry of x̂ smaller.',
    },
    'gradient of gamma with x − μ': {
      wrong: slippedLayer(({ dy, x }) => ({ dgamma: summed(dy.mul(x.sub(rowMean(x)))) })),
      says: 'Your dgamma multiplies dy by x − μ, the row before it was divided. What did gamma multiply on the way there?',
    },
    'gradient of beta with gamma': {
      wrong: slippedLayer(({ dxHat }) => ({ dbeta: summed(dxHat) })),
      says: 'Your dbeta contains gamma. beta was added when gamma had done its work: the derivative of y by beta is 1.',
    },
    'mean and variance held constant': {
      wrong: slippedLayer(({ dxHat, inverse }) => ({ dx: dxHat.mul(inverse) })),
      says: 'Your dx takes mean and variance for constants. Nudge one feature: its row’s mean moves, its variance moves, and with them all the others.',
    },
    'variance held constant': {
      wrong: slippedLayer(({ dxHat, inverse }) => ({ dx: dxHat.sub(rowMean(dxHat)).mul(inverse) })),
      says: 'The way through the mean is in your dx, the way through the variance is not.',
    },
    'mean held constant': {
      wrong: slippedLayer((p) => ({ dx: pulled(p, false) })),
      says: 'The way through the variance is in your dx, the way through the mean is not.',
    },
    'gamma forgotten': {
      wrong: slippedLayer((p) => ({ dx: pulled({ ...p, dxHat: p.dy }, true) })),
      says: 'Your dx does not depend on gamma. Every entry of x̂ was multiplied by it on the way to y.',
    },
    'gamma after the means': {
      wrong: slippedLayer((p) => ({ dx: pulled({ ...p, dxHat: p.dy }, true).mul(p.gamma) })),
      says: 'You multiply by gamma at the very end. The means in dx are means of dx̂, in which gamma is already.',
    },
    'not divided by the deviation': {
      wrong: slippedLayer((p) => ({ dx: pulled(p, true).div(p.inverse) })),
      says: 'Your bracket is right, and stays undivided. A row that was shrunk on the way there has its gradient shrunk by as much.',
    },
    'multiplied by the deviation': {
      wrong: slippedLayer((p) => ({ dx: pulled(p, true).div(p.inverse.square()) })),
      says: 'You divide by `inverse`, which is 1/√(σ² + ε) already. Its name says that it multiplies.',
    },
    'means over the whole tensor': {
      wrong: slippedLayer((p) => ({ dx: pulled(p, true, everything) })),
      says: 'The means in your dx run over the whole tensor. Each row had a mean and a variance of its own: the means run along the last axis, and keep it with length 1.',
    },
    'sums for means': {
      wrong: slippedLayer((p) => ({ dx: pulled(p, true, (x) => x.sum(-1, along)) })),
      says: 'In dx you subtract sums over the row. Each feature had a share of 1/C in the mean and in the variance.',
    },
    'divided by C − 1': {
      wrong: slippedLayer((p) => ({ dx: pulled(p, true, (x) => x.sum(-1, along).div(C(x) - 1)) })),
      says: 'The means in your dx divide by C − 1. The forward pass divided by C.',
    },
    'means over the tokens': {
      wrong: slippedLayer((p) => ({ dx: pulled(p, true, overTokens) })),
      says: 'The means in your dx run over the tokens: that is batch normalisation’s gradient. One token knows nothing of another here.',
    },
    'x̂ missing in the second mean': {
      wrong: slippedLayer(({ dxHat, xHat, inverse }) => ({
        dx: dxHat.sub(rowMean(dxHat)).sub(xHat.mul(rowMean(dxHat))).mul(inverse), // prettier-ignore
      })),
      says: 'Both your means are of dx̂. The one that comes through the variance asks how dx̂ goes along with x̂.',
    },
    'gradients of gamma and beta summed over the batch only': {
      wrong: slippedLayer(({ dy, xHat }) => ({ dgamma: overFirst(dy.mul(xHat)), dbeta: overFirst(dy) })),
      says: 'Your dgamma and dbeta are summed over the first axis only. One gamma served every token of every sequence: with (B, T, C) there are two axes to sum over.',
    },
    'gradients of gamma and beta not summed': {
      wrong: slippedLayer(({ dy, xHat }) => ({ dgamma: dy.mul(xHat), dbeta: dy })),
      says: 'Your dgamma and dbeta still have a row for each token. One gamma and one beta served them all.',
    },
    'gradients of gamma and beta averaged': {
      wrong: slippedLayer(({ dy, xHat }) => ({
        dgamma: tokens(dy.mul(xHat)).mean(0),
        dbeta: tokens(dy).mean(0),
      })),
      says: 'Your dgamma and dbeta are means over the tokens. Gradients of something used many times add up.',
    },
    'gradient of gamma with x': {
      wrong: slippedLayer(({ dy, x }) => ({ dgamma: summed(dy.mul(x)) })),
      says: 'Your dgamma multiplies dy by x. What did gamma multiply on the way there?',
    },
    'gradient of gamma without x̂': {
      wrong: slippedLayer(({ dy }) => ({ dgamma: summed(dy) })),
      says: 'Your dgamma is dbeta over again. gamma did not stand alone: it multiplied something.',
    },
    'gradients of gamma and beta exchanged': {
      wrong: slippedLayer(({ dy, xHat }) => ({ dgamma: summed(dy), dbeta: summed(dy.mul(xHat)) })),
      says: 'dgamma and dbeta have changed places. It was gamma that multiplied x̂.',
    },
    'gradients of gamma and beta with gamma': {
      wrong: slippedLayer(({ dxHat, xHat }) => ({ dgamma: summed(dxHat.mul(xHat)), dbeta: summed(dxHat) })),
      says: 'Your dgamma and dbeta contain gamma: they are made of dx̂ = dy ⊙ gamma. On the way to gamma and beta there is no gamma: take dy itself.',
    },
    'gradient of gamma with gamma': {
      wrong: slippedLayer(({ dxHat, xHat }) => ({ dgamma: summed(dxHat.mul(xHat)) })),
      says: 'Your dgamma contains gamma itself. The derivative of gamma · x̂ by gamma is x̂, nothing more.',
    },
  },
  hints: [
    'Three ways lead from a feature to its row: directly, through the mean, and through the variance. How many of them are in your dx?',
    'dxHat = dy ⊙ gamma is (…, C); its means along the row are (…, 1). dgamma and dbeta are (C): every axis in front is summed away.',
    'dx = inverse ⊙ (dxHat − mean(dxHat) − xHat ⊙ mean(dxHat ⊙ xHat)); all means along the row.',
    'dxHat.sub(dxHat.mean(-1, { keepDims: true })).sub(xHat.mul(dxHat.mul(xHat).mean(-1, { keepDims: true }))).mul(inverse), and overTokens(dy.mul(xHat)) for dgamma',
  ],
});

// RMSNorm

interface RmsWays {
  size: (x: Tensor, epsilon: number) => Tensor;
  from: (x: Tensor) => Tensor;
  end: (xHat: Tensor, gamma: Tensor) => Tensor;
}
const rmsNorm =
  (ways: Partial<RmsWays>) =>
  ({ x, gamma, epsilon }: RmsInputs) => {
    const size = ways.size ?? ((t: Tensor, e: number) => rowMean(t.square()).add(e).sqrt());
    const from = ways.from ? ways.from(x) : x;
    const xHat = from.div(size(from, epsilon));
    return { y: ways.end ? ways.end(xHat, gamma) : xHat.mul(gamma) };
  };

const rmsNormForward = exercise({
  points: 1,
  inputs: rmsInputs,
  sizes,
  oracle: valueOf(({ x, gamma, epsilon }: Plain<RmsInputs>) => ({ y: rmsNormed(x, gamma, epsilon) }), {
    plain: ['epsilon'],
  }),
  checks: [
    agrees({ cases: 14 }),
    pure({ cases: 3 }),
    rejects('a gamma of another shape than (C)', [
      { x: zeros(2, 3), gamma: ones(1), epsilon: 1e-5 },
      { x: zeros(2, 3), gamma: ones(2), epsilon: 1e-5 },
      { x: zeros(2, 3), gamma: ones(2, 3), epsilon: 1e-5 },
    ]),
  ],
  examples: rmsExamples,
  misconceptions: {
    'mean subtracted': {
      wrong: rmsNorm({ from: (x) => x.sub(rowMean(x)) }),
      says: 'You subtract the mean first, as LayerNorm does. What RMSNorm saves is just that.',
    },
    'standard deviation for the size': {
      wrong: rmsNorm({
        size: (x, e) =>
          rowMean(x.sub(rowMean(x)).square())
            .add(e)
            .sqrt(),
      }),
      says: 'You divide by the standard deviation, measured from the mean. The root mean square is measured from zero.',
    },
    'epsilon outside the root': {
      wrong: rmsNorm({ size: (x, e) => rowMean(x.square()).sqrt().add(e) }),
      says: 'You add ε to the root mean square. Is your epsilon inside the root?',
    },
    'always the same epsilon': {
      wrong: rmsNorm({ size: (x) => rowMean(x.square()).add(1e-5).sqrt() }),
      says: 'Your ε is 10⁻⁵ whatever was asked for. It is an argument, `epsilon`; the constant of the file is what callers give when they have no other wish.',
    },
    'mean of the absolute values': {
      wrong: rmsNorm({ size: (x, e) => rowMean(x.abs()).add(e) }),
      says: 'You divide by the mean of |x|. The squares are averaged, and then comes the root.',
    },
    'epsilon forgotten': {
      wrong: rmsNorm({ size: (x) => rowMean(x.square()).sqrt() }),
      says: 'ε changes nothing in your result. What becomes of a token of zeros?',
    },
    'length for the root mean square': {
      wrong: rmsNorm({ size: (x, e) => x.square().sum(-1, along).add(e).sqrt() }),
      says: 'You divide by the length of the token, a root of a sum. The squares are averaged, so that wide tokens are not made smaller than narrow ones.',
    },
    'root forgotten': {
      wrong: rmsNorm({ size: (x, e) => rowMean(x.square()).add(e) }),
      says: 'You divide by the mean square itself. Its root is still to be taken.',
    },
    'over the tokens': {
      wrong: rmsNorm({ size: (x, e) => overTokens(x.square()).add(e).sqrt() }),
      says: 'Your mean runs down the tokens, feature by feature. Each token is divided by its own size.',
    },
    'one size for the whole tensor': {
      wrong: rmsNorm({ size: (x, e) => x.square().mean().add(e).sqrt() }),
      says: 'You divide the whole tensor by one number. Each token has a size of its own.',
    },
    'gamma left out': {
      wrong: rmsNorm({ end: (xHat) => xHat }),
      says: 'gamma changes nothing in your result.',
    },
    'one more, as some models do': {
      wrong: rmsNorm({ end: (xHat, g) => xHat.mul(g.add(1)) }),
      says: 'You scale by 1 + gamma. Some models store gamma that way, starting from 0; here gamma is the factor itself.',
    },
  },
  hints: [
    'How large is a token? Square its features, average, take the root; divide by that.',
    'The size of each token is (…, 1), so that it broadcasts over the row.',
    'inverse = 1/√(mean(x²) + ε), x̂ = x ⊙ inverse, y = gamma ⊙ x̂.',
    'const inverse = x.square().mean(-1, { keepDims: true }).add(epsilon).sqrt().reciprocal();',
  ],
});

const rmsNormBackward = exercise({
  points: 2,
  inputs: { dy, ...rmsInputs },
  sizes,
  parameters: ['dy'],
  backwardOf: { forward: 'rmsNormForward', takes: ['x', 'gamma', 'epsilon'] },
  oracle: smooth(
    gradientOf<Plain<RmsInputs>>((i) => rmsNormed(i.x, i.gamma, i.epsilon), {
      upstream: 'dy',
      wrt: { dx: 'x', dgamma: 'gamma' },
      plain: ['epsilon'],
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 12 }), pure({ cases: 3 })],
  examples: withUpstream(rmsExamples),
  misconceptions: {
    'x̂ missing behind the mean': {
      wrong: slippedRms(({ dxHat, xHat, inverse }) => ({
        dx: dxHat.sub(rowMean(dxHat.mul(xHat))).mul(inverse),
      })),
      says: 'You subtract the same number from all features of a row. The larger a feature is, the more it moves r: one factor is missing.',
    },
    'size held constant': {
      wrong: slippedRms(({ dxHat, inverse }) => ({ dx: dxHat.mul(inverse) })),
      says: 'Your dx takes r for a constant. Nudge one feature: r grows, and the whole row shrinks.',
    },
    'the mean of LayerNorm too': {
      wrong: slippedRms((p) => ({ dx: pulled(p, true) })),
      says: 'You subtract mean(dx̂), as LayerNorm does. That came through a mean which nobody subtracted here.',
    },
    'gamma forgotten': {
      wrong: slippedRms((p) => ({ dx: pulled({ ...p, dxHat: p.dy }, false) })),
      says: 'Your dx does not depend on gamma. Every entry of x̂ was multiplied by it on the way to y.',
    },
    'gamma after the mean': {
      wrong: slippedRms((p) => ({ dx: pulled({ ...p, dxHat: p.dy }, false).mul(p.gamma) })),
      says: 'You multiply by gamma at the very end. The mean in dx is of dx̂ ⊙ x̂, in which gamma is already.',
    },
    'not divided by the size': {
      wrong: slippedRms((p) => ({ dx: pulled(p, false).div(p.inverse) })),
      says: 'Your bracket is right, and stays undivided by r.',
    },
    'multiplied by the size': {
      wrong: slippedRms((p) => ({ dx: pulled(p, false).div(p.inverse.square()) })),
      says: 'You divide by `inverse`, which is 1/r already. Its name says that it multiplies.',
    },
    'mean over the whole tensor': {
      wrong: slippedRms((p) => ({ dx: pulled(p, false, everything) })),
      says: 'The mean in your dx runs over the whole tensor. Each row had a size of its own: the mean runs along the last axis, and keeps it with length 1.',
    },
    'sum for mean': {
      wrong: slippedRms((p) => ({ dx: pulled(p, false, (x) => x.sum(-1, along)) })),
      says: 'In dx you subtract with a sum over the row. Each feature had a share of 1/C in the mean square.',
    },
    'x for x̂': {
      wrong: slippedRms(({ dxHat, x, inverse }) => ({
        dx: dxHat.sub(x.mul(rowMean(dxHat.mul(x)))).mul(inverse),
      })),
      says: 'Your formula has x where x̂ belongs. In the cache it is divided by r already.',
    },
    'gradient of gamma summed over the batch only': {
      wrong: slippedRms(({ dy, xHat }) => ({ dgamma: overFirst(dy.mul(xHat)) })),
      says: 'Your dgamma is summed over the first axis only. With (B, T, C) there are two axes to sum over.',
    },
    'gradient of gamma not summed': {
      wrong: slippedRms(({ dy, xHat }) => ({ dgamma: dy.mul(xHat) })),
      says: 'Your dgamma still has a row for each token. One gamma served them all.',
    },
    'gradient of gamma averaged': {
      wrong: slippedRms(({ dy, xHat }) => ({ dgamma: tokens(dy.mul(xHat)).mean(0) })),
      says: 'Your dgamma is a mean over the tokens. Gradients of something used many times add up.',
    },
    'gradient of gamma with x': {
      wrong: slippedRms(({ dy, x }) => ({ dgamma: summed(dy.mul(x)) })),
      says: 'Your dgamma multiplies dy by x. What did gamma multiply on the way there?',
    },
    'gradient of gamma with gamma': {
      wrong: slippedRms(({ dxHat, xHat }) => ({ dgamma: summed(dxHat.mul(xHat)) })),
      says: 'Your dgamma contains gamma itself. The derivative of gamma · x̂ by gamma is x̂, nothing more.',
    },
    'gradient of gamma without x̂': {
      wrong: slippedRms(({ dy }) => ({ dgamma: summed(dy) })),
      says: 'Your dgamma is the plain sum of dy: that would be the gradient of a shift, and RMSNorm has none.',
    },
  },
  hints: [
    'LayerNorm’s backward with one of its three ways gone. Which one?',
    'mean(dxHat ⊙ xHat) along the row is (…, 1); dgamma is (C).',
    'dx = inverse ⊙ (dxHat − xHat ⊙ mean(dxHat ⊙ xHat)).',
    'dxHat.sub(xHat.mul(dxHat.mul(xHat).mean(-1, { keepDims: true }))).mul(inverse)',
  ],
});

export const normalization = topic('normalization', 'Normalisation: each token by its own measure', {
  layerNormForward,
  layerNormBackward,
  rmsNormForward,
  rmsNormBackward,
});
