/** Wrong answers of the feed-forward layers. */
import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'feedForward',
    mistake: 'The bend is left out.',
    find: `const narrow = projectForward(h, w2, b2);`,
    put: `const narrow = projectForward(h.mul(0).add(wide.y), w2, b2);`,
    causes: ['no activation'],
  },
  {
    exercise: 'feedForward',
    mistake: 'The result is bent once more.',
    find: `return { y: narrow.y, cache: { up: wide.cache,`,
    put: `return { y: bends[activation].there(narrow.y).y, cache: { up: wide.cache,`,
    causes: ['bent once more at the end'],
  },
  {
    exercise: 'feedForward',
    mistake: 'ReLU whatever was asked for.',
    find: `bends[activation].there(wide.y);`,
    put: `bends.relu.there(wide.y);`,
    causes: ['always ReLU'],
  },
  {
    exercise: 'feedForward',
    mistake: 'GELU by its approximation with tanh.',
    find: `  const narrow = projectForward(h, w2, b2);`,
    put: `  const approximate = (z: number) =>
    0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)));
  const narrow = projectForward(activation === 'gelu' ? wide.y.map(approximate) : h, w2, b2);`,
    causes: ['GELU by its tanh approximation'],
  },
  {
    exercise: 'feedForward',
    mistake: 'GELU by its approximation with a sigmoid, x σ(1.702 x).',
    find: `  const narrow = projectForward(h, w2, b2);`,
    put: `  const narrow = projectForward(
    activation === 'gelu' ? wide.y.map((z) => z / (1 + Math.exp(-1.702 * z))) : h,
    w2,
    b2,
  );`,
    causes: ['GELU by a sigmoid'],
  },
  {
    exercise: 'feedForward',
    mistake: 'x is added to the result already.',
    find: `return { y: narrow.y, cache: { up: wide.cache,`,
    put: `return { y: narrow.y.add(x), cache: { up: wide.cache,`,
    causes: ['x added already'],
  },
  {
    exercise: 'feedForward',
    mistake: 'The first bias is forgotten.',
    find: `const wide = projectForward(x, w1, b1);`,
    put: `const wide = projectForward(x, w1, b1.mul(0));`,
    causes: ['first bias left out'],
  },
  {
    exercise: 'feedForwardBackward',
    mistake: 'The bend is skipped on the way back.',
    find: `projectBackward(dz, cache.up);`,
    put: `projectBackward(dh, cache.up);`,
    causes: ['activation passed over'],
  },
  {
    exercise: 'feedForwardBackward',
    mistake: 'Always the slope of ReLU.',
    find: `const dz = bends[cache.activation].back(dh, cache.bent);`,
    put: `const dz = reluBackward(dh, cache.bent);`,
    causes: ['always ReLU’s slope'],
  },
  {
    exercise: 'feedForwardBackward',
    mistake: 'The slope is taken at h, behind the bend.',
    find: `const dz = bends[cache.activation].back(dh, cache.bent);`,
    put: `const dz = bends[cache.activation].back(dh, { x: bends[cache.activation].there(cache.bent.x).y });`,
    causes: ['slope at what came out'],
  },
  {
    exercise: 'feedForwardBackward',
    mistake: 'GELU’s slope is Φ(z) alone, without the second term of the product rule.',
    find: `  const { dx, dw: w1, db: b1 } = projectBackward(dz, cache.up);`,
    put: `  const { dx, dw: w1, db: b1 } = projectBackward(
    cache.activation === 'gelu'
      ? dh.mul(geluForward(cache.bent.x).y.map((y, i) => (cache.bent.x.data[i] === 0 ? 0.5 : y / cache.bent.x.data[i])))
      : dz,
    cache.up,
  );`,
    causes: ['GELU’s slope without its second term'],
  },
  {
    exercise: 'feedForwardBackward',
    mistake: 'The mask of ReLU is read off the gradient: where dh is positive.',
    find: `const dz = bends[cache.activation].back(dh, cache.bent);`,
    put: `const dz = bends[cache.activation].back(dh, cache.activation === 'relu' ? { x: dh } : cache.bent);`,
    causes: ['cut by the gradient’s sign'],
  },
  {
    exercise: 'feedForwardBackward',
    mistake: 'The residual’s dy is added to dx already.',
    find: `return { dx, weights: { w1, b1, w2, b2 } };`,
    put: `return { dx: dx.add(dy), weights: { w1, b1, w2, b2 } };`,
    causes: ['dy added already'],
  },
  {
    exercise: 'feedForwardBackward',
    mistake: 'The gradients of the weights are means over the tokens.',
    find: `return { dx, weights: { w1, b1, w2, b2 } };`,
    put: `const n = dy.size / dy.shape[dy.rank - 1];
  return { dx, weights: { w1: w1.div(n), b1: b1.div(n), w2: w2.div(n), b2: b2.div(n) } };`,
    causes: ['averaged over the tokens'],
  },
  {
    exercise: 'swigluForward',
    mistake: 'The wrong one of the two is bent: silu of up.',
    find: `  const { y: gate, cache: silu } = siluForward(list.matmul(wGate.T));
  const up = list.matmul(wUp.T);`,
    put: `  const { y: gate, cache: silu } = siluForward(list.matmul(wUp.T));
  const up = list.matmul(wGate.T);`,
    causes: ['gate and up exchanged'],
  },
  {
    exercise: 'swigluForward',
    mistake: 'The gate is a plain sigmoid, as in the LSTM.',
    find: `  const up = list.matmul(wUp.T);
  const y = wDown.matmul(gate.mul(up).T).T;`,
    put: `  const up = list.matmul(wUp.T);
  const sigmoid = silu.x.map((z) => 1 / (1 + Math.exp(-z)));
  const y = wDown.matmul(sigmoid.mul(up).T).T;`,
    causes: ['sigmoid for SiLU'],
  },
  {
    exercise: 'swigluForward',
    mistake: 'Gate and up are added.',
    find: `const y = wDown.matmul(gate.mul(up).T).T;`,
    put: `const y = wDown.matmul(gate.add(up).T).T;`,
    causes: ['added instead of multiplied'],
  },
  {
    exercise: 'swigluForward',
    mistake: 'The gate is not bent at all: a bilinear layer.',
    find: `const y = wDown.matmul(gate.mul(up).T).T;`,
    put: `const y = wDown.matmul(silu.x.mul(up).T).T;`,
    causes: ['gate not bent'],
  },
  {
    exercise: 'swigluForward',
    mistake: 'Both are bent.',
    find: `const up = list.matmul(wUp.T);`,
    put: `const up = siluForward(list.matmul(wUp.T)).y;`,
    causes: ['both bent'],
  },
  {
    exercise: 'swigluForward',
    mistake: 'The product is bent, not the gate.',
    find: `const y = wDown.matmul(gate.mul(up).T).T;`,
    put: `const y = wDown.matmul(siluForward(silu.x.mul(up)).y.T).T;`,
    causes: ['bent after the product'],
  },
  {
    exercise: 'swigluForward',
    mistake: 'wUp is used for the gate as well.',
    find: `siluForward(list.matmul(wGate.T));`,
    put: `siluForward(list.matmul(wUp.T));`,
    causes: ['gate never used'],
  },
  {
    exercise: 'swigluBackward',
    mistake: 'Each of the two factors gets itself instead of the other.',
    find: `  const dup = dh.mul(gate);
  const dz = siluBackward(dh.mul(up), { x: z });`,
    put: `  const dup = dh.mul(up);
  const dz = siluBackward(dh.mul(gate), { x: z });`,
    causes: ['factors not exchanged'],
  },
  {
    exercise: 'swigluBackward',
    mistake: 'The way back through silu is left out.',
    find: `const dz = siluBackward(dh.mul(up), { x: z });`,
    put: `const dz = dh.mul(up);`,
    causes: ['SiLU passed over'],
  },
  {
    exercise: 'swigluBackward',
    mistake: 'The slope of silu is σ(z) alone.',
    find: `const dz = siluBackward(dh.mul(up), { x: z });`,
    put: `const dz = dh.mul(up).mul(z.map((one) => 1 / (1 + Math.exp(-one))));`,
    causes: ['SiLU’s slope taken for a sigmoid'],
  },
  {
    exercise: 'swigluBackward',
    mistake: 'The slope of a sigmoid, σ (1 − σ).',
    find: `const dz = siluBackward(dh.mul(up), { x: z });`,
    put: `const sigma = z.map((one) => 1 / (1 + Math.exp(-one)));
  const dz = dh.mul(up).mul(sigma).mul(sigma.neg().add(1));`,
    causes: ['SiLU’s slope taken for a sigmoid’s slope'],
  },
  {
    exercise: 'swigluBackward',
    mistake: 'dx comes through up only.',
    find: `const dx = dz.matmul(wGate).add(dup.matmul(wUp));`,
    put: `const dx = dup.matmul(wUp);`,
    causes: ['gate left out of dx'],
  },
  {
    exercise: 'swigluBackward',
    mistake: 'dx comes through the gate only.',
    find: `const dx = dz.matmul(wGate).add(dup.matmul(wUp));`,
    put: `const dx = dz.matmul(wGate);`,
    causes: ['up left out of dx'],
  },
  {
    exercise: 'swigluBackward',
    mistake: 'The gradient of wDown is made with up alone.',
    find: `wDown: slope.T.matmul(gate.mul(up)),`,
    put: `wDown: slope.T.matmul(up),`,
    causes: ['wDown’s gradient with up alone'],
  },
  {
    exercise: 'swigluBackward',
    mistake: 'The gradient of wDown is made with the gate alone.',
    find: `wDown: slope.T.matmul(gate.mul(up)),`,
    put: `wDown: slope.T.matmul(gate),`,
    causes: ['wDown’s gradient with the gate alone'],
  },
  {
    exercise: 'swigluBackward',
    mistake: 'dup is made with z, the gate before it was bent.',
    find: `const dup = dh.mul(gate);`,
    put: `const dup = dh.mul(z);`,
    causes: ['up gated by what was not yet bent'],
  },
];
