/** Wrong answers of the two norms. */
import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'layerNormForward',
    mistake: 'The variance is divided by C − 1.',
    find: `Math.sqrt(squares / C + epsilon)`,
    put: `Math.sqrt(squares / Math.max(1, C - 1) + epsilon)`,
    causes: ['divided by C − 1'],
  },
  {
    exercise: 'layerNormForward',
    mistake: 'ε is added behind the root.',
    find: `1 / Math.sqrt(squares / C + epsilon)`,
    put: `1 / (Math.sqrt(squares / C) + epsilon)`,
    causes: ['epsilon outside the root'],
  },
  {
    exercise: 'layerNormForward',
    mistake: 'ε is left out.',
    find: `1 / Math.sqrt(squares / C + epsilon)`,
    put: `1 / Math.sqrt(squares / C)`,
    causes: ['epsilon forgotten'],
  },
  {
    exercise: 'layerNormForward',
    mistake: 'ε is the constant of the file, whatever was handed over.',
    find: `Math.sqrt(squares / C + epsilon)`,
    put: `Math.sqrt(squares / C + EPSILON)`,
    causes: ['always the same epsilon'],
  },
  {
    exercise: 'layerNormForward',
    mistake: 'Divided by the variance, without a root.',
    find: `1 / Math.sqrt(squares / C + epsilon)`,
    put: `1 / (squares / C + epsilon)`,
    causes: ['root forgotten'],
  },
  {
    exercise: 'layerNormForward',
    mistake: 'The variance is the mean of the squares minus the square of the mean.',
    find: `for (const entry of row) squares += (entry - mean) ** 2;`,
    put: `for (const entry of row) squares += entry ** 2 - mean ** 2;`,
    causes: [
      'mean of the squares minus square of the mean',
      'squares minus the square of the mean, feature by feature',
    ],
  },
  {
    exercise: 'layerNormForward',
    mistake: 'The mean is not subtracted from the row, only within the variance.',
    find: `(row[c] - mean) * inverse`,
    put: `row[c] * inverse`,
    causes: ['mean not subtracted'],
  },
  {
    exercise: 'layerNormForward',
    mistake: 'beta is forgotten.',
    find: `entry * gamma.data[at % C] + beta.data[at % C]`,
    put: `entry * gamma.data[at % C]`,
    causes: ['shift left out'],
  },
  {
    exercise: 'layerNormForward',
    mistake: 'beta is added before gamma multiplies.',
    find: `entry * gamma.data[at % C] + beta.data[at % C]`,
    put: `(entry + beta.data[at % C]) * gamma.data[at % C]`,
    causes: ['shifted before scaling'],
  },
  {
    exercise: 'layerNormForward',
    mistake: 'Measured down the batch, feature by feature, as batch norm does.',
    find: `  const C = gamma.size;
  const xHat = new Float64Array(x.size);`,
    put: `  if (gamma) {
    const list = x.reshape(-1, gamma.size);
    const far = list.sub(list.mean(0));
    const normedList = far.div(far.square().mean(0).add(epsilon).sqrt());
    const inv = far.square().mean(0).add(epsilon).pow(-0.5);
    const hat = normedList.reshape(...x.shape);
    return { y: hat.mul(gamma).add(beta), cache: { xHat: hat, inverse: inv, gamma } };
  }
  const C = gamma.size;
  const xHat = new Float64Array(x.size);`,
    causes: ['over the tokens'],
  },
  {
    exercise: 'layerNormForward',
    mistake: 'Mean and variance of the whole tensor, all tokens together.',
    find: `  const C = gamma.size;
  const xHat = new Float64Array(x.size);`,
    put: `  if (gamma) {
    const far = x.sub(x.mean());
    const inv = far.square().mean().add(epsilon).pow(-0.5);
    const hat = far.mul(inv);
    return { y: hat.mul(gamma).add(beta), cache: { xHat: hat, inverse: inv, gamma } };
  }
  const C = gamma.size;
  const xHat = new Float64Array(x.size);`,
    causes: ['one mean for the whole tensor'],
  },
  {
    exercise: 'layerNormForward',
    mistake: 'A gamma of one number is accepted.',
    find: `  needWidth('gamma', gamma, x);
  needWidth('beta', beta, x);`,
    put: `  [gamma, beta] = [gamma, beta].map((vector) => vector.broadcastTo([x.shape[x.rank - 1]]));`,
    causes: [],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'Mean and variance are held constant.',
    find: `(inverse.data[n] / C) * (C * slope - sum - xHat.data[at + c] * along)`,
    put: `inverse.data[n] * slope`,
    causes: ['mean and variance held constant'],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'The way through the mean is forgotten.',
    find: `(C * slope - sum - xHat`,
    put: `(C * slope - xHat`,
    causes: ['mean held constant'],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'The way through the variance is forgotten.',
    find: `(C * slope - sum - xHat.data[at + c] * along)`,
    put: `(C * slope - sum)`,
    causes: ['variance held constant'],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'Sums stand where means should.',
    find: `(inverse.data[n] / C) * (C * slope - sum`,
    put: `inverse.data[n] * (slope - sum`,
    causes: ['sums for means'],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'The means are taken of dy, without gamma; only the direct term has it.',
    find: `      const slope = dy.data[at + c] * gamma.data[c];
      sum += slope;`,
    put: `      const slope = dy.data[at + c];
      sum += slope;`,
    causes: ['means without gamma'],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'gamma is forgotten altogether.',
    find: `  const { xHat, inverse, gamma } = cache;
  const C = gamma.size;
  const dgamma`,
    put: `  const { xHat, inverse } = cache;
  const gamma = cache.gamma.map(() => 1);
  const C = gamma.size;
  const dgamma`,
    causes: ['gamma forgotten'],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'The division by the standard deviation is forgotten.',
    find: `(inverse.data[n] / C) *`,
    put: `(1 / C) *`,
    causes: ['not divided by the deviation'],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'dgamma is the sum of dy, without x̂.',
    find: `dgamma[c] += dy.data[at + c] * xHat.data[at + c];`,
    put: `dgamma[c] += dy.data[at + c];`,
    causes: ['gradient of gamma without x̂'],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'dgamma is made with x in place of x̂ (as far as x can be found again: x̂ times the deviation).',
    find: `dgamma[c] += dy.data[at + c] * xHat.data[at + c];`,
    put: `dgamma[c] += (dy.data[at + c] * xHat.data[at + c]) / inverse.data[n];`,
    causes: ['gradient of gamma with x', 'gradient of gamma with x − μ'],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'dbeta carries gamma.',
    find: `dbeta[c] += dy.data[at + c];`,
    put: `dbeta[c] += slope;`,
    causes: ['gradient of beta with gamma'],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'dgamma and dbeta are means over the tokens.',
    find: `dgamma: new Tensor([C], dgamma), dbeta: new Tensor([C], dbeta) };`,
    put: `dgamma: new Tensor([C], dgamma).mul(C / dy.size), dbeta: new Tensor([C], dbeta).mul(C / dy.size) };`,
    causes: ['gradients of gamma and beta averaged'],
  },
  {
    exercise: 'layerNormBackward',
    mistake: 'A sign: the variance’s term is added.',
    find: `- sum - xHat.data[at + c] * along)`,
    put: `- sum + xHat.data[at + c] * along)`,
    causes: ['a sign in the second mean'],
  },
  {
    exercise: 'rmsNormForward',
    mistake: 'The sum of the squares instead of their mean.',
    find: `x.mul(x).mean(-1, { keepDims: true })`,
    put: `x.mul(x).sum(-1, { keepDims: true })`,
    causes: ['length for the root mean square'],
  },
  {
    exercise: 'rmsNormForward',
    mistake: 'The mean is subtracted, as in LayerNorm.',
    find: `  const inverse = x.mul(x).mean(`,
    put: `  x = x.sub(x.mean(-1, { keepDims: true }));
  const inverse = x.mul(x).mean(`,
    causes: ['mean subtracted'],
  },
  {
    exercise: 'rmsNormForward',
    mistake: 'Divided by the standard deviation: the mean is subtracted within the root only.',
    find: `const inverse = x.mul(x).mean(`,
    put: `const inverse = x.sub(x.mean(-1, { keepDims: true })).square().mean(`,
    causes: ['standard deviation for the size'],
  },
  {
    exercise: 'rmsNormForward',
    mistake: 'ε is added behind the root.',
    find: `.add(epsilon).pow(-0.5);`,
    put: `.sqrt().add(epsilon).reciprocal();`,
    causes: ['epsilon outside the root'],
  },
  {
    exercise: 'rmsNormForward',
    mistake: 'Divided by the mean square, without a root.',
    find: `.add(epsilon).pow(-0.5);`,
    put: `.add(epsilon).reciprocal();`,
    causes: ['root forgotten'],
  },
  {
    exercise: 'rmsNormForward',
    mistake: 'gamma is forgotten.',
    find: `return { y: xHat.mul(gamma), cache: { xHat, inverse, gamma } };`,
    put: `return { y: xHat, cache: { xHat, inverse, gamma } };`,
    causes: ['gamma left out'],
  },
  {
    exercise: 'rmsNormForward',
    mistake: 'The mean of the squares over the tokens, feature by feature.',
    find: `x.mul(x).mean(-1, { keepDims: true })`,
    put: `x.mul(x).reshape(-1, gamma.size).mean(0)`,
    causes: ['over the tokens'],
  },
  {
    exercise: 'rmsNormBackward',
    mistake: 'The root mean square is held constant.',
    find: `inverse.mul(slope).sub(inverse.mul(share).mul(xHat))`,
    put: `inverse.mul(slope)`,
    causes: ['size held constant'],
  },
  {
    exercise: 'rmsNormBackward',
    mistake: 'LayerNorm’s formula: the mean of dx̂ is subtracted too.',
    find: `inverse.mul(slope).sub(inverse.mul(share).mul(xHat))`,
    put: `inverse.mul(slope.sub(slope.mean(-1, { keepDims: true }))).sub(inverse.mul(share).mul(xHat))`,
    causes: ['the mean of LayerNorm too'],
  },
  {
    exercise: 'rmsNormBackward',
    mistake: 'A sum stands where the mean should.',
    find: `.sum(-1, { keepDims: true }).div(gamma.size);`,
    put: `.sum(-1, { keepDims: true });`,
    causes: ['sum for mean'],
  },
  {
    exercise: 'rmsNormBackward',
    mistake: 'The last x̂ is forgotten, the mean is subtracted bare.',
    find: `inverse.mul(share).mul(xHat)`,
    put: `inverse.mul(share)`,
    causes: ['x̂ missing behind the mean'],
  },
  {
    exercise: 'rmsNormBackward',
    mistake: 'gamma comes at the very end, behind the mean.',
    find: `  const slope = gamma.mul(dy);
  const share = slope.mul(xHat).sum(-1, { keepDims: true }).div(gamma.size);
  const dx = inverse.mul(slope).sub(inverse.mul(share).mul(xHat));`,
    put: `  const share = dy.mul(xHat).sum(-1, { keepDims: true }).div(gamma.size);
  const dx = inverse.mul(dy).sub(inverse.mul(share).mul(xHat)).mul(gamma);`,
    causes: ['gamma after the mean'],
  },
  {
    exercise: 'rmsNormBackward',
    mistake: 'The division by r is forgotten.',
    find: `inverse.mul(slope).sub(inverse.mul(share).mul(xHat))`,
    put: `slope.sub(share.mul(xHat))`,
    causes: ['not divided by the size'],
  },
  {
    exercise: 'rmsNormBackward',
    mistake: 'dgamma is summed over the first axis only.',
    find: `overTokens(xHat.mul(dy))`,
    put: `xHat.mul(dy).sum(0)`,
    causes: ['gradient of gamma summed over the batch only'],
  },
  {
    exercise: 'rmsNormBackward',
    mistake: 'dgamma is made with x instead of x̂.',
    find: `overTokens(xHat.mul(dy))`,
    put: `overTokens(xHat.div(inverse).mul(dy))`,
    causes: ['gradient of gamma with x'],
  },
];
