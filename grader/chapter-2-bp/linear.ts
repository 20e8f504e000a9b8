import { Tensor, ones, tensor as toTensor } from '#tensor';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  indices,
  mean,
  number,
  pattern,
  property,
  pure,
  range,
  rejects,
  sum,
  table,
  tensor,
  topic,
  valueOf,
  type Lifted,
  type ValueRecord,
  type Var,
  type VarTensor,
} from '../engine/index.ts';

interface LinearInputs {
  x: Tensor;
  w: Tensor;
  b: Tensor;
}

/** y_ik = Σ_j x_ij w_kj + b_k, one number at a time. */
const layer = ({ x, w, b }: Lifted<LinearInputs>): VarTensor =>
  table([x.shape[0]!, w.shape[0]!], (i, k) =>
    sum(range(w.shape[1]!, (j) => x.at(i!, j).mul(w.at(k!, j)))).add(b.at(k!)),
  );

const layerInputs = { x: tensor('N', 'in'), w: tensor('out', 'in'), b: tensor('out') };
const upTo = (n: number) => [1, n] as const;

const linearForward = exercise({
  points: 2,
  inputs: layerInputs,
  sizes: { N: upTo(4), in: upTo(4), out: upTo(4) },
  oracle: valueOf((i: Lifted<LinearInputs>) => ({ y: layer(i) })),
  checks: [
    agrees(),
    property<LinearInputs>('each sample is computed by itself', {
      runs: (i) => ({ all: { ...i } as ValueRecord, first: { ...i, x: i.x.slice([0, 1]) } as ValueRecord }),
      holds: ({ all, first }) => all.y.slice([0, 1]).allClose(first.y, { atol: 1e-12 }),
    }),
    pure(),
    rejects('shapes that do not fit together', [
      { x: toTensor([[1, 2]]), w: toTensor([[1, 2, 3]]), b: toTensor([0]) },
      { x: toTensor([[1, 2]]), w: toTensor([[1], [2]]), b: toTensor([0, 0]) },
      { x: toTensor([1, 2]), w: toTensor([[1, 2]]), b: toTensor([0]) },
      {
        x: toTensor([[1, 2]]),
        w: toTensor([
          [1, 2],
          [3, 4],
        ]),
        b: toTensor([1]),
      },
      { x: toTensor([[1], [2]]), w: toTensor([[1]]), b: toTensor([[0], [1]]) },
      { x: toTensor([[1, 2]]), w: ones(1, 2, 2), b: toTensor([0]) },
      { x: ones(1, 2, 2), w: toTensor([[1, 2]]), b: toTensor([0]) },
    ]),
  ],
  misconceptions: {
    'w not transposed': {
      wrong: ({ x, w, b }) => ({ y: x.matmul(w).add(b) }),
      says: 'You multiply with w itself. It holds one row per output, so its transpose has to stand on the right.',
    },
    'bias left out': {
      wrong: ({ x, w }) => ({ y: x.matmul(w.T) }),
      says: 'The bias changes nothing in your result.',
    },
    'bias subtracted': {
      wrong: ({ x, w, b }) => ({ y: x.matmul(w.T).sub(b) }),
      says: 'The bias is added, not subtracted.',
    },
    'output transposed': {
      wrong: ({ x, w, b }) => ({ y: x.matmul(w.T).add(b).T }),
      says: 'Rows and columns are swapped: row i of y belongs to sample i.',
    },
    'bias per sample': {
      wrong: ({ x, w, b }) => ({ y: x.matmul(w.T).map((y, k) => y + b.data[Math.floor(k / b.size) % b.size]!) }),
      says: 'The bias is added along the wrong axis: b has one number per output, which is one per column.',
    },
    'w reshaped instead of transposed': {
      wrong: ({ x, w, b }) => ({ y: x.matmul(w.reshape(w.shape[1]!, w.shape[0]!)).add(b) }),
      says: 'You bring w to (in, out) by reshaping it, or read it column by column: the shape fits, and the numbers stay in their old order. Transposing moves them.',
    },
  },
  hints: [
    'All dot products of N samples with the weights of all outputs are one matrix product.',
    '(N, in) times something of shape (in, out) gives (N, out). How do you get (in, out) from w?',
    'y = x wᵀ + b; the addition repeats b in every row.',
    'return { y: x.matmul(w.T).add(b), cache: { x, w } }; after comparing the shapes.',
  ],
});

interface LinearBackInputs extends LinearInputs {
  dy: Tensor;
}

const linearGradient = gradientOf(layer, { upstream: 'dy', wrt: { dx: 'x', dw: 'w', db: 'b' } });
const back = ({ x, w, dy }: LinearBackInputs) => ({ dx: dy.matmul(w), dw: dy.T.matmul(x), db: dy.sum(0) });

const linearBackward = exercise({
  points: 3,
  inputs: { dy: tensor('N', 'out'), ...layerInputs },
  sizes: { N: upTo(4), in: upTo(4), out: upTo(4) },
  parameters: ['dy'],
  backwardOf: { forward: 'linearForward', takes: ['x', 'w', 'b'] },
  oracle: linearGradient,
  checks: [
    gradientAgrees({ upstream: ['dy'] }),
    pure(),
    rejects(
      'an upstream gradient of another shape than y',
      [
        { x: toTensor([[1], [2]]), w: toTensor([[1]]), b: toTensor([0]), dy: toTensor([[1]]) },
        { x: toTensor([[1, 2]]), w: toTensor([[1, 2]]), b: toTensor([0]), dy: toTensor([[1, 2]]) },
        { x: toTensor([[1, 2]]), w: toTensor([[1, 2]]), b: toTensor([0]), dy: toTensor([1]) },
        { x: toTensor([[1]]), w: toTensor([[1]]), b: toTensor([0]), dy: ones(1, 1, 1) },
      ],
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'dw transposed': {
      wrong: (i) => ({ ...back(i), dw: i.x.T.matmul(i.dy) }),
      says: 'dw has the shape (in, out). A gradient has the shape of its variable: w is (out, in).',
    },
    'bias gradient not summed over the batch': {
      wrong: (i) => ({ ...back(i), db: i.dy }),
      says: 'db still has a row for each sample. One bias served all of them, so their contributions add up.',
    },
    'bias gradient averaged': {
      wrong: (i) => ({ ...back(i), db: i.dy.mean(0) }),
      says: 'db is averaged over the samples, dw is summed over them. If the loss is a mean, dy carries the 1/N already.',
    },
    'bias gradient summed over the outputs': {
      wrong: (i) => ({ ...back(i), db: i.dy.sum(1) }),
      says: 'db is summed along the wrong axis: it has one number per output, so the samples are what disappears.',
    },
    'divided by N once more': {
      wrong: (i) => {
        const { dx, dw, db } = back(i);
        return { dx, dw: dw.div(i.x.shape[0]!), db: db.div(i.x.shape[0]!) };
      },
      says: 'dw and db are divided by N. The layer does not know of any mean: if the loss has one, its 1/N has come down with dy.',
    },
    'w transposed on the way back': {
      wrong: (i) => ({ ...back(i), dx: i.dy.matmul(i.w.T) }),
      says: 'On the way forward w was transposed. On the way back it is the other way round: (N, out) has to become (N, in).',
    },
    'upstream gradient ignored': {
      wrong: (i) => back({ ...i, dy: i.dy.map(() => 1) }),
      says: 'Your gradients do not depend on dy: they are those of the sum of all outputs. What the loss wants of each output comes in as dy.',
    },
    'w where x belongs': {
      wrong: (i) => ({ ...back(i), dx: i.dy.sum(1, { keepDims: true }).mul(i.w.sum(0)) }),
      says: 'dx adds up dy and w separately before multiplying. Each dy_ik goes with its own row k of w, and only then is summed.',
    },
    'one bias gradient for all': {
      wrong: (i) => ({ ...back(i), db: i.dy.sum() }),
      says: 'db is one number, the sum of all of dy. Every output has a bias of its own: add up over the samples only.',
    },
    'w reshaped on the way back': {
      wrong: (i) => ({ ...back(i), dx: i.dy.matmul(i.w.T.reshape(...i.w.shape)) }),
      says: 'In dx the numbers of w are in the wrong order, though its shape fits. On the way back w is needed as it is, neither transposed nor reshaped.',
    },
    'weight gradient averaged': {
      wrong: (i) => ({ ...back(i), dw: back(i).dw.div(i.x.shape[0]!) }),
      says: 'dw is averaged over the samples, db is summed over them. If the loss is a mean, dy carries the 1/N already.',
    },
  },
  hints: [
    'y_ik = Σ_j x_ij w_kj + b_k. Which outputs does one x_ij reach, which does one w_kj, which does b_k?',
    'Three shapes in, three shapes out: (N, in), (out, in), (out). Only one product of dy and w gives the first, only one of dy and x the second.',
    'dx = dy w, dw = dyᵀ x, db = dy summed over its rows.',
    'return { dx: dy.matmul(w), dw: dy.T.matmul(x), db: dy.sum(0) };',
  ],
});

const best = (logits: Tensor, better: (a: number, b: number) => boolean) => {
  const [N, C] = logits.shape as [number, number];
  return range(N, (i) => {
    let at = 0;
    for (let c = 1; c < C; c++) if (better(logits.at(i, c), logits.at(i, at))) at = c;
    return at;
  });
};

const predictClasses = exercise({
  points: 1,
  inputs: { logits: tensor('N', 'C', { step: 0.5 }) },
  sizes: { N: upTo(4), C: upTo(5) },
  oracle: ({ logits }) => best(logits, (a, b) => a > b),
  checks: [
    agrees({ exact: true }),
    pure(),
    rejects('logits that are not a matrix', [{ logits: toTensor([1, 2, 3]) }, { logits: ones(2, 2, 2) }]),
  ],
  examples: [
    {
      logits: toTensor([
        [1, 1, 0],
        [0, 2, 2],
        [-1, -1, -1],
        [0, 0.5, -2],
      ]),
    },
    {
      logits: toTensor([
        [0.25, -2, -0.5],
        [-0.25, -0.25, -1.5],
      ]),
    },
  ],
  misconceptions: {
    'over the batch': {
      wrong: ({ logits }) => best(logits.T, (a, b) => a > b),
      says: 'You look for the best sample of each class. Each row is one sample, and asks for its best class.',
    },
    'the last of equal ones': {
      wrong: ({ logits }) => best(logits, (a, b) => a >= b),
      says: 'Where several logits are equally large, you take the last. The docstring asks for the first.',
    },
    'largest in size': {
      wrong: ({ logits }) => best(logits, (a, b) => Math.abs(a) > Math.abs(b)),
      says: 'You compare the logits without their signs. −2 is a strong no.',
    },
    'the smallest': {
      wrong: ({ logits }) => best(logits, (a, b) => a < b),
      says: 'You take the class with the smallest logit.',
    },
    'the logit instead of its place': {
      wrong: ({ logits }) => Array.from(logits.max(1).data),
      says: 'You return how large the largest logit is. Asked for is where it stands.',
    },
    'search begins at 0': {
      wrong: ({ logits }) => {
        const [N, C] = logits.shape as [number, number];
        return range(N, (n) => {
          let [at, most] = [0, 0];
          for (let c = 0; c < C; c++) if (logits.at(n, c) > most) [at, most] = [c, logits.at(n, c)];
          return at;
        });
      },
      says: 'Your search begins with a largest logit of 0. Where all logits are negative nothing beats it, and you answer class 0.',
    },
    'one place for the whole batch': {
      wrong: ({ logits }) => Array.from(logits.argmax().data),
      says: 'You look for the largest logit of the whole tensor. Every row is a sample with an answer of its own: argmax along which axis?',
    },
  },
  hints: [
    'Which column of each row holds the largest number?',
    '(N, C) becomes a plain array of N whole numbers.',
    'argmax along axis 1; of equal ones it takes the first.',
    'return Array.from(logits.argmax(1).data);',
  ],
});

interface SoftmaxInputs extends LinearInputs {
  labels: number[];
}

/** Mean over the rows of log Σ exp(z) − z at the label, z from the layer. */
function softmaxLoss({ x, w, b, labels }: Lifted<LinearInputs> & { labels: number[] }): Var {
  const z = layer({ x, w, b });
  const [N, C] = z.shape as [number, number];
  return mean(
    range(N, (i) =>
      sum(range(C, (c) => z.at(i, c).exp()))
        .log()
        .sub(z.at(i, labels[i]!)),
    ),
  );
}

/** The loss beside its gradients. */
const both =
  <I>(definition: (inputs: I) => Var, wrt: Record<string, string>, plain: string[]) =>
  (inputs: ValueRecord): ValueRecord => ({
    loss: valueOf(definition, { plain })(inputs),
    ...(gradientOf(definition, { wrt, plain })(inputs) as ValueRecord),
  });

const softmaxRows = (z: Tensor, axis = 1) => {
  const e = z.sub(z.max(axis, { keepDims: true })).exp();
  return e.div(e.sum(axis, { keepDims: true }));
};
const oneHotOf = (z: Tensor, labels: number[]) =>
  z.map((_, k) => (labels[Math.floor(k / z.shape[1]!)] === k % z.shape[1]! ? 1 : 0));

/** Softmax regression written out, with places to slip. */
function regress(
  i: SoftmaxInputs,
  slip: {
    p?: (z: Tensor) => Tensor;
    dz?: (dz: Tensor, z: Tensor, N: number) => Tensor;
    db?: (dz: Tensor) => Tensor;
  } = {},
) {
  const z = i.x.matmul(i.w.T).add(i.b);
  const N = z.shape[0]!;
  const targets = oneHotOf(z, i.labels);
  const p = slip.p ? slip.p(z) : softmaxRows(z);
  const right = p.sub(targets).div(N);
  const dz = slip.dz ? slip.dz(right, z, N) : right;
  return { loss: -targets.mul(p.log()).sum().item() / N, dw: dz.T.matmul(i.x), db: slip.db ? slip.db(dz) : dz.sum(0) };
}

const softmaxRegression = exercise({
  points: 2,
  uses: ['linearForward', 'linearBackward'],
  inputs: { x: tensor('N', 'd'), w: tensor('C', 'd'), b: tensor('C'), labels: indices('N', 'C') },
  sizes: { N: upTo(4), d: upTo(4), C: [2, 5] },
  // Where the model is sure of every label, the loss is what is left of log Σ e^z − z: rounding, beside numbers like 10.
  where: ({ x, w, b, labels }) => {
    const p = softmaxRows(x.matmul(w.T).add(b));
    return labels.some((label, i) => p.at(i, label) < 0.95);
  },
  oracle: both(softmaxLoss, { dw: 'w', db: 'b' }, ['labels']),
  checks: [
    agrees(),
    property('the gradients of all classes together are zero', {
      holds: ({ y }) => Math.abs(y.db.sum().item()) <= 1e-12 && y.dw.sum(0).abs().max().item() <= 1e-11,
    }),
    pure(),
    rejects('shapes or labels that do not fit', [
      { x: toTensor([[1, 2]]), w: toTensor([[1], [2]]), b: toTensor([0, 0]), labels: [0] },
      {
        x: toTensor([[1, 2]]),
        w: toTensor([
          [1, 2],
          [3, 4],
        ]),
        b: toTensor([0]),
        labels: [0],
      },
      { x: toTensor([[1], [2]]), w: toTensor([[1], [2]]), b: toTensor([0, 0]), labels: [0] },
      { x: toTensor([[1]]), w: toTensor([[1], [2]]), b: toTensor([0, 0]), labels: [2] },
    ]),
  ],
  misconceptions: {
    'gradient not divided by N': {
      wrong: (i) => regress(i, { dz: (dz, _z, N) => dz.mul(N) }),
      says: 'The loss is a mean over the samples, the gradients are sums over them. The 1/N has been lost on the way back.',
    },
    'gradient divided by N twice': {
      wrong: (i) => regress(i, { dz: (dz, _z, N) => dz.div(N) }),
      says: 'The gradients are divided by N twice. It comes in with the loss’s gradient; the layer does not divide again.',
    },
    'sign turned': {
      wrong: (i) => regress(i, { dz: (dz) => dz.neg() }),
      says: 'Your gradients point downhill. They say where the loss grows; the minus sign belongs to the step.',
    },
    'logits for probabilities': {
      wrong: (i) => regress(i, { dz: (_dz, z, N) => z.sub(oneHotOf(z, i.labels)).div(N) }),
      says: 'Your gradient subtracts the labels from the logits. The softmax is missing on the way back.',
    },
    'softmax twice': {
      wrong: (i) => regress(i, { p: (z) => softmaxRows(softmaxRows(z)) }),
      says: 'The logits go through a softmax before the cross-entropy, which takes one itself.',
    },
    'softmax over the batch': {
      wrong: (i) => regress(i, { p: (z) => softmaxRows(z, 0) }),
      says: 'Your probabilities add up to 1 over the samples. Each row has its own distribution over the classes.',
    },
    'dw transposed': {
      wrong: (i) => {
        const g = regress(i);
        return { ...g, dw: g.dw.T };
      },
      says: 'dw has the shape (d, C). A gradient has the shape of its variable: w is (C, d).',
    },
    'bias gradient averaged': {
      wrong: (i) => {
        const g = regress(i);
        return { ...g, db: g.db.div(i.x.shape[0]!) };
      },
      says: 'db is averaged over the samples once more. The 1/N is in dlogits already; sum them.',
    },
    'bias gradient not summed over the batch': {
      wrong: (i) => regress(i, { db: (dz) => dz }),
      says: 'db still has a row for each sample. One bias per class served all of them, so their contributions add up.',
    },
    'one bias gradient for all': {
      wrong: (i) => regress(i, { db: (dz) => dz.sum() }),
      says: 'db is one number, the sum over samples and classes. Every class has a bias of its own: add up over the samples only.',
    },
    'bias left out': {
      wrong: (i) => regress({ ...i, b: i.b.mul(0) }),
      says: 'The bias changes nothing in your result.',
    },
  },
  hints: [
    'Nothing new is to be computed: two functions forward, the same two backward.',
    'logits (N, C) down, a number; dlogits (N, C) up, then dw (C, d) and db (C).',
    'linearForward, crossEntropyForward, crossEntropyBackward, linearBackward: each backward takes its own forward’s cache.',
    'const { dw, db } = linearBackward(crossEntropyBackward(cache), linear.cache); return { loss, dw, db };',
  ],
});

interface LogisticInputs {
  x: Tensor;
  w: Tensor;
  b: number;
  targets: number[];
}

/** Mean of log(1 + e^z) − t z, z = w · x + b. */
function logisticLoss({ x, w, b, targets }: Lifted<Omit<LogisticInputs, 'targets'>> & { targets: number[] }): Var {
  const [N, d] = x.shape as [number, number];
  return mean(
    range(N, (i) => {
      const z = sum(range(d, (j) => x.at(i, j).mul(w.at(j)))).add(b);
      return z.exp().add(1).log().sub(z.mul(targets[i]!));
    }),
  );
}

/** Logistic regression written out, with places to slip. */
function decide(
  i: LogisticInputs,
  slip: {
    b?: number;
    dz?: (z: number, t: number, N: number) => number;
    loss?: (mean: number, N: number) => number;
  } = {},
) {
  const N = i.targets.length;
  const z = Array.from(i.x.matmul(i.w).add(slip.b ?? i.b).data);
  const dz = slip.dz ?? ((v, t) => (1 / (1 + Math.exp(-v)) - t) / N);
  const slopes = toTensor(z.map((v, k) => dz(v, i.targets[k]!, N)));
  const loss = z.reduce((s, v, k) => s + Math.log1p(Math.exp(v)) - v * i.targets[k]!, 0) / N;
  return { loss: slip.loss ? slip.loss(loss, N) : loss, dw: slopes.matmul(i.x), db: slopes.sum().item() };
}
const sigma = (z: number) => 1 / (1 + Math.exp(-z));

/** The gradients from σ(z) (N, 1) minus targets (N), which is (N, N). */
const everyPair = (i: LogisticInputs, divided: number) => {
  const asked = i.targets.reduce((s, t) => s + t, 0);
  const N = i.targets.length;
  const { dw, db } = decide(i, { dz: (z) => (N * sigma(z) - asked) / N / divided });
  return { dw, db };
};

const logisticRegression = exercise({
  points: 3,
  uses: ['linearForward', 'linearBackward'],
  inputs: { x: tensor('N', 'd'), w: tensor('d'), b: number(), targets: pattern('N', 0, 1) },
  sizes: { N: upTo(5), d: upTo(4) },
  oracle: both(logisticLoss, { dw: 'w', db: 'b' }, ['targets']),
  checks: [
    agrees(),
    property<LogisticInputs>('at w = 0, b = 0 every sample is a coin toss: the loss is log 2', {
      runs: (i) => ({ start: { ...i, w: i.w.mul(0), b: 0 } as ValueRecord }),
      holds: ({ start }) => Math.abs(start.loss - Math.LN2) <= 1e-12,
    }),
    pure(),
    rejects(
      'shapes or targets that do not fit',
      [
        { x: toTensor([[1, 2]]), w: toTensor([1]), b: 0, targets: [1] },
        { x: toTensor([[1, 2]]), w: toTensor([[1, 2]]), b: 0, targets: [1] },
        { x: toTensor([[1], [2]]), w: toTensor([1]), b: 0, targets: [1] },
        { x: toTensor([[1]]), w: toTensor([1]), b: 0, targets: [2] },
        { x: toTensor([[1]]), w: toTensor([1]), b: 0, targets: [-1] },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    {
      x: toTensor([
        [0.5, -1],
        [1.5, 0.25],
        [-2, 1],
      ]),
      w: toTensor([1, -0.5]),
      b: 0.75,
      targets: [0, 1, 1],
    },
    {
      x: toTensor([
        [1, 1],
        [-0.5, 0.25],
        [0.5, 2],
      ]),
      w: toTensor([-0.25, 1]),
      b: -0.5,
      targets: [1, 0, 0],
    },
  ],
  misconceptions: {
    'gradient not divided by N': {
      wrong: (i) => decide(i, { dz: (z, t) => sigma(z) - t }),
      says: 'The loss is a mean over the samples, the gradients are sums over them. The 1/N has been lost on the way back.',
    },
    'sum for mean': {
      wrong: (i) => decide(i, { dz: (z, t) => sigma(z) - t, loss: (mean, N) => mean * N }),
      says: 'Loss and gradients are sums over the samples. Both should be means.',
    },
    'sign turned': {
      wrong: (i) => decide(i, { dz: (z, t, N) => (t - sigma(z)) / N }),
      says: 'Your gradients point downhill. They say where the loss grows; the minus sign belongs to the step.',
    },
    'sigmoid’s slope once too often': {
      wrong: (i) => decide(i, { dz: (z, t, N) => ((sigma(z) - t) * sigma(z) * (1 - sigma(z))) / N }),
      says: 'There is a σ(1 − σ) too many in your gradients: it cancels against the slope of the logarithm.',
    },
    'thresholded output': {
      wrong: (i) => decide(i, { dz: (z, t, N) => ((z >= 0 ? 1 : 0) - t) / N }),
      says: 'The gradient is taken from a yes-or-no output: that is the perceptron rule. Here a sample pulls by how far its probability is off.',
    },
    'bias left out': {
      wrong: (i) => decide(i, { b: 0 }),
      says: 'The bias changes nothing in your result.',
    },
    'w as a row matrix': {
      wrong: (i) => {
        const g = decide(i);
        return { ...g, dw: g.dw.reshape(1, -1) };
      },
      says: 'dw is (1, d), w is (d). Inside it may be a matrix of one row; handed back, a gradient has the shape of its variable.',
    },
    'bias gradient averaged': {
      wrong: (i) => {
        const g = decide(i);
        return { ...g, db: g.db / i.targets.length };
      },
      says: 'db is averaged over the samples once more. The 1/N is in dz already; sum them.',
    },
    'a table of all pairs': {
      wrong: (i) => ({ ...decide(i), ...everyPair(i, 1) }),
      says: 'Every probability meets every target: (N, 1) minus (N) is broadcast to an (N, N) table, and no shape protests. Bring both to one shape before you subtract.',
    },
    'a table of all pairs, averaged': {
      wrong: (i) => ({ ...decide(i), ...everyPair(i, i.targets.length) }),
      says: 'Your db is right and your dw is not: every probability meets the targets of all samples, since (N, 1) minus (N) is an (N, N) table, whose mean hides it in db. Bring both to one shape before you subtract.',
    },
    'sigmoid twice': {
      wrong: (i) => {
        const z = Array.from(i.x.matmul(i.w).add(i.b).data, sigma);
        const slopes = toTensor(z.map((v, k) => (sigma(v) - i.targets[k]!) / z.length));
        return {
          loss: z.reduce((s, v, k) => s + Math.log1p(Math.exp(v)) - v * i.targets[k]!, 0) / z.length,
          dw: slopes.matmul(i.x),
          db: slopes.sum().item(),
        };
      },
      says: 'The sums go through a sigmoid before the loss, which takes logits and has its own: no answer can then be surer than σ(1).',
    },
  },
  hints: [
    'A linear layer with one output, and a yes-or-no loss on it.',
    'w (d) becomes (1, d), b becomes (1), logits are (N, 1); the loss wants (N). On the way back each reshape is undone.',
    'linearForward → bceWithLogitsForward, then bceWithLogitsBackward → linearBackward.',
    'linearForward(x, w.reshape(1, -1), tensor([b])); linearBackward(bceWithLogitsBackward(cache).reshape(-1, 1), linear.cache); dw.flatten(), db.item().',
  ],
});

export const linear = topic('linear', 'The linear layer, and the two smallest networks', {
  linearForward,
  linearBackward,
  predictClasses,
  softmaxRegression,
  logisticRegression,
});
