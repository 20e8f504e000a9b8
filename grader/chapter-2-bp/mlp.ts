import { Tensor, tensor as toTensor } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientAgrees,
  gradientOf,
  indices,
  learns,
  mean,
  property,
  pure,
  range,
  rejects,
  sum,
  table,
  tensor,
  topic,
  valueOf,
  type Input,
  type Lifted,
  type Sizes,
  type Value,
  type ValueRecord,
  type Var,
  type VarTensor,
} from '../engine/index.ts';

// Where the weights begin

const scaled = (x: Tensor, factor: (inputs: number, out: number) => number) => x.mul(factor(x.shape[1]!, x.shape[0]!));
const centred = (u: Tensor) => u.mul(2).sub(1);

const xavierUniform = exercise({
  points: 1,
  inputs: { u: tensor('out', 'in', { min: 0, max: 0.9375, step: 0.0625 }) },
  sizes: { out: [1, 5], in: [1, 5] },
  oracle({ u }) {
    const [out, inputs] = u.shape as [number, number];
    return u.map((x) => -Math.sqrt(6 / (inputs + out)) + 2 * Math.sqrt(6 / (inputs + out)) * x);
  },
  checks: [
    agrees(),
    pure(),
    rejects('numbers outside [0, 1), or no matrix', [
      { u: toTensor([[0.5, 1]]) },
      { u: toTensor([[0.5, -0.25]]) },
      { u: toTensor([0.5, 0.25]) },
    ]),
  ],
  examples: [{ u: toTensor([[0, 0.5, 0.75, 0.25]]) }, { u: toTensor([[0.125], [0.875], [0.5]]) }],
  misconceptions: {
    'only positive weights': {
      wrong: ({ u }) => scaled(u, (n, m) => Math.sqrt(6 / (n + m))),
      says: 'All your weights are positive. u runs from 0 to 1; the weights should run from −a to a.',
    },
    'half as wide': {
      wrong: ({ u }) => scaled(u.sub(0.5), (n, m) => Math.sqrt(6 / (n + m))),
      says: 'Your weights lie between −a/2 and a/2. u is centred, but its range is still of width 1.',
    },
    'standard deviation for the bound': {
      wrong: ({ u }) => scaled(centred(u), (n, m) => Math.sqrt(2 / (n + m))),
      says: '√(2 / (in + out)) is the standard deviation that the weights should have. Even numbers in [−a, a) have the standard deviation a/√3.',
    },
    'only the inputs counted': {
      wrong: ({ u }) => scaled(centred(u), (n) => Math.sqrt(6 / n)),
      says: 'You divide by the number of inputs alone. Xavier’s compromise serves the way forward and the way back, so both sides count.',
    },
    'root missing': {
      wrong: ({ u }) => scaled(centred(u), (n, m) => 6 / (n + m)),
      says: 'You scale by 6 / (in + out) itself. That is about a variance; weights scale with its root.',
    },
    'root over the 6 only': {
      wrong: ({ u }) => scaled(centred(u), (n, m) => Math.sqrt(6) / (n + m)),
      says: 'Your root ends after the 6. It covers the whole fraction.',
    },
    'product of the widths': {
      wrong: ({ u }) => scaled(centred(u), (n, m) => Math.sqrt(6 / (n * m))),
      says: 'You divide by in · out. It is their sum.',
    },
  },
  hints: [
    'Stretch [0, 1) to [−a, a).',
    'u is (out, in): its own shape tells both numbers.',
    'a = √(6 / (in + out)); w = (2u − 1) a.',
    'const [out, inputs] = u.shape; return u.mul(2).sub(1).mul(Math.sqrt(6 / (inputs + out)));',
  ],
});

const heNormal = exercise({
  points: 1,
  inputs: { z: tensor('out', 'in') },
  sizes: { out: [1, 5], in: [1, 5] },
  oracle({ z }) {
    const deviation = Math.sqrt(2) / Math.sqrt(z.shape[1]!);
    return z.map((x) => x * deviation);
  },
  checks: [agrees(), pure(), rejects('no matrix', [{ z: toTensor([1, -1]) }])],
  examples: [
    { z: toTensor([[1, -0.5, 0.25, 2, -1]]) },
    {
      z: toTensor([
        [1, -2, 0.5],
        [0.25, 1.5, -1],
      ]),
    },
  ],
  misconceptions: {
    'outputs counted': {
      wrong: ({ z }) => scaled(z, (_n, m) => Math.sqrt(2 / m)),
      says: 'You divide by the number of outputs. How much a sum varies depends on how many terms it has, and those are the inputs.',
    },
    'Xavier’s variance': {
      wrong: ({ z }) => scaled(z, (n, m) => Math.sqrt(2 / (n + m))),
      says: 'That is Xavier’s variance, 2 / (in + out). He’s looks at the way forward only.',
    },
    'the ReLU not made up for': {
      wrong: ({ z }) => scaled(z, (n) => Math.sqrt(1 / n)),
      says: 'Your variance is 1 / in, right for a layer without a bend. A ReLU throws half of the signal’s power away.',
    },
    'root missing': {
      wrong: ({ z }) => scaled(z, (n) => 2 / n),
      says: 'You scale by the variance 2 / in. Multiplying by c multiplies the variance by c².',
    },
    'bound for the standard deviation': {
      wrong: ({ z }) => scaled(z, (n) => Math.sqrt(6 / n)),
      says: '√(6 / in) is the bound of He’s uniform start. These numbers are normal: scale them by the standard deviation itself.',
    },
  },
  hints: [
    'The numbers come with variance 1; give them another.',
    'z is (out, in). Which of the two decides how many terms each sum has?',
    'The variance should be 2 / in, so multiply by its root.',
    'return z.mul(Math.sqrt(2 / z.shape[1]));',
  ],
});

// Networks of one to three layers: in → h1 → h2 → out, fewer hidden widths where there are fewer layers.

type Layer = { w: Tensor; b: Tensor };
type Activation = 'sigmoid' | 'tanh' | 'relu';

/**
 * L layers. Weights are halves; biases are odd eighths, so that a first layer's sum never lies on the ReLU's kink.
 */
function netInput(): Input<Layer[]> {
  const widths = (s: Sizes) => [s['in']!, ...[s['h1']!, s['h2']!].slice(0, s['L']! - 1), s['out']!];
  const build = (sizes: Sizes, w: (l: number, i: number, j: number) => number, b: (l: number, i: number) => number) => {
    const d = widths(sizes);
    return range(d.length - 1, (l) => ({
      w: toTensor(range(d[l + 1]!, (i) => range(d[l]!, (j) => w(l, i, j)))),
      b: toTensor(range(d[l + 1]!, (i) => b(l, i))),
    }));
  };
  const plainer = function* (x: Tensor, simplest: number): Iterable<Tensor> {
    if (x.data.some((v) => v !== simplest)) yield x.map(() => simplest);
    for (let k = 0; k < x.size; k++) if (x.data[k] !== simplest) yield x.map((v, at) => (at === k ? simplest : v));
  };
  return {
    symbols: ['L', 'in', 'h1', 'h2', 'out'],
    shape: 'L layers of { w (d_l, d_{l−1}), b (d_l) }',
    draw: (rng, sizes) =>
      build(
        sizes,
        () => rng.nextInt(-3, 3) / 2,
        () => (2 * rng.nextInt(-4, 3) + 1) / 8,
      ),
    cut(layers, sizes) {
      // The last layer stays the last; an entry that its new shape asks for and it does not have becomes 1.
      const from = (l: number) => (l === sizes['L']! - 1 ? layers.at(-1)! : layers[l]!);
      return build(
        sizes,
        (l, i, j) => {
          const { w } = from(l);
          return i < w.shape[0]! && j < w.shape[1]! ? w.at(i, j) : 1;
        },
        (l, i) => from(l).b.data[i] ?? 0.125,
      );
    },
    *simpler(layers) {
      const swap = (l: number, part: Partial<Layer>) =>
        layers.map((layer, k) => (k === l ? { ...layer, ...part } : layer));
      for (const [l, { w, b }] of layers.entries()) {
        for (const simple of plainer(w, 1)) yield swap(l, { w: simple });
        for (const simple of plainer(b, 0.125)) yield swap(l, { b: simple });
      }
    },
    nudge: (layers, f) => layers.map(({ w, b }) => ({ w: w.map(f), b: b.map(f) })),
  };
}

type NetInputs = { x: Tensor; layers: Layer[]; activation: Activation };

const bend = (z: Var, activation: Activation) => {
  if (activation === 'sigmoid') return z.sigmoid();
  return activation === 'tanh' ? z.tanh() : z.relu();
};

/** Layer by layer, neuron by neuron. */
function networkOf({ x, layers, activation }: Lifted<NetInputs>): VarTensor {
  return layers.reduce(
    (h, { w, b }, l) =>
      table([h.shape[0]!, w.shape[0]!], (i, k) => {
        const z = sum(range(w.shape[1]!, (j) => h.at(i!, j).mul(w.at(k!, j)))).add(b.at(k!));
        return l < layers.length - 1 ? bend(z, activation) : z;
      }),
    x,
  );
}

/** The same with Tensors and places to slip. What it met on the way is kept for the way back. */
interface ForwardSlips {
  last?: boolean;
  straight?: boolean;
  early?: boolean;
  biasless?: boolean;
}
const f: Record<Activation, (z: number) => number> = {
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  tanh: Math.tanh,
  relu: (z) => Math.max(z, 0),
};
/** Each slope from the output of the activation. */
const slopes: Record<Activation, (y: number) => number> = {
  sigmoid: (y) => y * (1 - y),
  tanh: (y) => 1 - y * y,
  relu: (y) => (y > 0 ? 1 : 0),
};
function forward({ x, layers, activation }: NetInputs, slip: ForwardSlips = {}) {
  const inputs: Tensor[] = [];
  const sums: Tensor[] = [];
  let h = slip.early ? x.map(f[activation]) : x;
  layers.forEach(({ w, b }, l) => {
    inputs.push(h);
    const z = slip.biasless ? h.matmul(w.T) : h.matmul(w.T).add(b);
    sums.push(z);
    const bent = slip.last || (l < layers.length - 1 && !slip.straight);
    h = bent ? z.map(f[activation]) : z;
  });
  return { y: h, inputs, sums };
}

interface BackwardSlips {
  /** the slope of the activation, from its upstream gradient, its sum and its output */
  slope?: (dh: number, z: number, y: number) => number;
  /** the weights that pass the gradient on */
  passing?: (l: number, dw: Tensor, db: Tensor) => Tensor;
  last?: boolean;
  reversed?: boolean;
  divided?: boolean;
  short?: boolean;
  transposed?: boolean;
  averagedBias?: boolean;
}
function backward(i: NetInputs & { dy: Tensor }, slip: BackwardSlips = {}) {
  const { inputs, sums } = forward(i);
  const slope = slip.slope ?? ((_dh, _z, y) => slopes[i.activation](y));
  const N = i.x.shape[0]!;
  const gradients: { dw: Tensor; db: Tensor }[] = [];
  let dh = i.dy;
  let dz = i.dy;
  for (let l = i.layers.length - 1; l >= 0; l--) {
    const z = sums[l]!;
    const bent = l < i.layers.length - 1 || slip.last;
    dz = bent ? dh.map((g, k) => g * slope(g, z.data[k]!, f[i.activation](z.data[k]!))) : dh;
    let [dw, db] = [dz.T.matmul(inputs[l]!), dz.sum(0)];
    dh = dz.matmul(slip.passing?.(l, dw, db) ?? i.layers[l]!.w);
    if (slip.divided) [dw, db] = [dw.div(N), db.div(N)];
    if (slip.averagedBias) db = db.div(N);
    if (slip.transposed) dw = dw.T;
    gradients.unshift({ dw, db });
  }
  if (slip.reversed) gradients.reverse();
  return { dx: slip.short ? dz : dh, layers: gradients };
}

const netInputs = {
  layers: netInput(),
  x: tensor('N', 'in', { step: 0.5 }),
  activation: choice<Activation>('tanh', 'sigmoid', 'relu'),
};
const netSizes = { L: [1, 3], N: [1, 4], in: [1, 4], h1: [1, 5], h2: [1, 4], out: [1, 4] } as const;

/** Fixed networks in which every mistake shows: 2-3-2 with each activation, and 2-3-2-1. */
const net232 = {
  x: toTensor([
    [1, -0.5],
    [0.5, 1.5],
    [-1, 0.5],
  ]),
  layers: [
    {
      w: toTensor([
        [0.5, -1],
        [1, 0.5],
        [-0.5, 1],
      ]),
      b: toTensor([0.125, -0.375, 0.625]),
    },
    {
      w: toTensor([
        [1, -0.5, 0.5],
        [0.5, 1, -1],
      ]),
      b: toTensor([0.375, -0.125]),
    },
  ],
};
const net2321 = {
  ...net232,
  layers: [...net232.layers, { w: toTensor([[1.5, -0.5]]), b: toTensor([0.625]) }],
};
const each = <T>(make: (activation: Activation) => T): T[] => (['tanh', 'sigmoid', 'relu'] as const).map(make);

const mlpForward = exercise({
  points: 3,
  inputs: netInputs,
  sizes: netSizes,
  parameters: ['x', 'layers', 'activation'],
  oracle: valueOf((i: Lifted<NetInputs>) => ({ y: networkOf(i) })),
  checks: [
    agrees({ cases: 20 }),
    property<NetInputs>('each sample is computed by itself', {
      runs: (i) => ({ all: { ...i } as ValueRecord, first: { ...i, x: i.x.slice([0, 1]) } as ValueRecord }),
      holds: ({ all, first }) => all.y.slice([0, 1]).allClose(first.y, { atol: 1e-12 }),
      cases: 10,
    }),
    pure(),
    rejects(
      'no layers, layers that do not fit, or an unknown activation',
      [
        { x: toTensor([[1, 2]]), layers: [], activation: 'tanh' },
        { ...net232, layers: net2321.layers.slice(1), activation: 'tanh' },
        { ...net232, layers: [net232.layers[0]!, net2321.layers[2]!], activation: 'tanh' },
        { ...net232, activation: 'swish' },
      ],
      { worth: 1 },
    ),
  ],
  examples: each((activation) => ({ ...net2321, activation })),
  misconceptions: {
    'activation after the last layer too': {
      wrong: (i) => ({ y: forward(i, { last: true }).y }),
      says: 'Your last layer goes through the activation as well. Its sums are the logits: the loss wants to see them as they are.',
    },
    'no activation at all': {
      wrong: (i) => ({ y: forward(i, { straight: true }).y }),
      says: 'Nothing bends your network: linear layers on linear layers are one linear layer, however many there are.',
    },
    'the input bent too': {
      wrong: (i) => ({ y: forward(i, { early: true }).y }),
      says: 'The samples go through the activation before the first layer. It belongs behind a sum, not in front.',
    },
    'biases left out': {
      wrong: (i) => ({ y: forward(i, { biasless: true }).y }),
      says: 'The biases change nothing in your result.',
    },
    'always a sigmoid': {
      wrong: (i) => ({ y: forward({ ...i, activation: 'sigmoid' }).y }),
      says: 'Your hidden layers are sigmoids whatever the third argument says.',
    },
    'softmax at the end': {
      wrong: (i) => {
        const e = forward(i).y.exp();
        return { y: e.div(e.sum(1, { keepDims: true })) };
      },
      says: 'You return probabilities. The softmax belongs to the loss, which takes logits.',
    },
    'always tanh': {
      wrong: (i) => ({ y: forward({ ...i, activation: 'tanh' }).y }),
      says: 'Your hidden layers are tanh whatever the third argument says.',
    },
  },
  hints: [
    'The output of a layer is the input of the next. Keep one variable for what is on its way.',
    'h is (N, d_0), then (N, d_1), … ; after the last sum it is y. Keep each layer’s cache in a list.',
    'For each layer: linearForward, and, except after the last, activate.',
    'layers.forEach(({ w, b }, l) => { const linear = linearForward(h, w, b); cache.linear.push(linear.cache); h = linear.y; … }); h through activate only if l < layers.length − 1.',
  ],
});

type BackInputs = NetInputs & { dy: Tensor };

const networkGradient = gradientOf(networkOf, { upstream: 'dy', wrt: { dx: 'x', layers: 'layers' } });
/** Gradients of layers come from the tape as layers; the exercise calls them dw and db. */
const renamed = (layers: Value) => (layers as Layer[]).map(({ w, b }) => ({ dw: w, db: b }));

const backExamples = [
  ...each((activation) => ({ ...net2321, activation, dy: toTensor([[1], [-0.5], [2]]) })),
  ...each((activation) => ({
    ...net232,
    activation,
    dy: toTensor([
      [0.5, -1],
      [1, 0.25],
      [-1.5, 1],
    ]),
  })),
];

const mlpBackward = exercise({
  points: 4,
  inputs: { ...netInputs, dy: tensor('N', 'out', { nonzero: true }) },
  sizes: netSizes,
  parameters: ['dy'],
  backwardOf: { forward: 'mlpForward', takes: ['x', 'layers', 'activation'] },
  oracle: Object.assign(
    (i: BackInputs) => {
      const { dx, layers } = networkGradient(i) as ValueRecord;
      return { dx, layers: renamed(layers) };
    },
    { margin: networkGradient.margin! },
  ),
  checks: [
    gradientAgrees({ upstream: ['dy'], cases: 15 }),
    pure(),
    rejects(
      'an upstream gradient of another shape than y',
      [
        { ...net232, activation: 'tanh', dy: toTensor([[1, 1]]) },
        { ...net232, activation: 'tanh', dy: toTensor([[1], [1], [1]]) },
      ],
      { worth: 1 },
    ),
  ],
  examples: backExamples,
  misconceptions: {
    'activation left out on the way back': {
      wrong: (i) => backward(i, { slope: () => 1 }),
      says: 'Your way back goes through the linear layers only. Each hidden layer also bent its sums, and its slope belongs in the product.',
    },
    'slope at the output': {
      wrong: (i) => backward(i, { slope: (_dh, _z, y) => slopes[i.activation](f[i.activation](y)) }),
      says: 'The slope is taken as if the activation had been applied once more: σ(y)(1 − σ(y)) of what already is y. One of the two, the sum or the output, fits the formula you use.',
    },
    'output’s formula fed with the sum': {
      wrong: (i) => backward(i, { slope: (_dh, z) => slopes[i.activation](z) }),
      says: 'y(1 − y) and 1 − y² want the activation’s output; you feed them with the sum in front of it.',
    },
    'ReLU masked by the gradient’s sign': {
      wrong: (i) =>
        backward(i, { slope: (dh, _z, y) => (i.activation === 'relu' ? Number(dh > 0) : slopes[i.activation](y)) }),
      says: 'Your ReLU lets positive gradients through. Open is where its input was positive on the way forward; the gradient may have any sign.',
    },
    'slope after the last layer': {
      wrong: (i) => backward(i, { last: true }),
      says: 'You pass dy through an activation first. Nothing came after the last sum on the way forward, so nothing comes before it on the way back.',
    },
    'last layer first': {
      wrong: (i) => backward(i, { reversed: true }),
      says: 'Your gradients come in the order in which you met them. The first layer’s belong first, beside its parameters.',
    },
    'divided by N': {
      wrong: (i) => backward(i, { divided: true }),
      says: 'Your parameter gradients are divided by the number of samples. If the loss is a mean, dy carries the 1/N already.',
    },
    'bias gradients averaged': {
      wrong: (i) => backward(i, { averagedBias: true }),
      says: 'Your weight gradients are sums over the batch, your bias gradients are means. Both should be sums.',
    },
    'dw transposed': {
      wrong: (i) => backward(i, { transposed: true }),
      says: 'Each dw has the shape (d_{l−1}, d_l). A gradient has the shape of its variable.',
    },
    'one step short of x': {
      wrong: (i) => backward(i, { short: true }),
      says: 'Your dx is the gradient of the first layer’s sums. One more step, through its weights, leads to x.',
    },
    'always tanh’s slope': {
      wrong: (i) => backward(i, { slope: (_dh, _z, y) => 1 - y * y }),
      says: 'Your hidden layers go back through a tanh whatever the activation was. The cache knows which one it is.',
    },
  },
  hints: [
    'Read the forward pass from bottom to top: every line has one line of backward, and each hands its result on.',
    'The upstream gradient is (N, d_L), then (N, d_{L−1}), …, at last (N, d_0), which is dx.',
    'For l from the last to the first: (not at the last) activateBackward, then linearBackward; keep dw and db, go on with dx.',
    'if (l < cache.hidden.length) upstream = activateBackward(upstream, cache.hidden[l], cache.activation); const { dx, dw, db } = linearBackward(upstream, cache.linear[l]); layers.unshift({ dw, db }); upstream = dx;',
  ],
});

type StepInputs = NetInputs & { labels: number[]; learningRate: number };

const stepLoss = ({ labels, ...net }: Lifted<NetInputs> & { labels: number[] }): Var => {
  const z = networkOf(net);
  const [N, C] = z.shape as [number, number];
  return mean(
    range(N, (i) => {
      const row = range(C, (c) => z.at(i, c));
      const top = Math.max(...row.map((v) => v.value));
      return sum(row.map((v) => v.sub(top).exp()))
        .log()
        .add(top)
        .sub(row[labels[i]!]!);
    }),
  );
};
const plain = ['labels', 'learningRate'];
const stepGradient = gradientOf(stepLoss, { wrt: 'layers', plain });

/** Loss and ∂loss/∂logits with Tensors. */
function lossAndSlope(i: StepInputs) {
  const { y } = forward(i);
  const shifted = y.sub(y.max(1, { keepDims: true }));
  const logp = shifted.sub(shifted.exp().sum(1, { keepDims: true }).log());
  const onehot = y.map((_, k) => Number(i.labels[Math.floor(k / y.shape[1]!)] === k % y.shape[1]!));
  return {
    loss: -logp.mul(onehot).sum().item() / y.shape[0]!,
    dy: logp.exp().sub(onehot).div(y.shape[0]!),
  };
}
const moved = (i: StepInputs, gradients: { dw: Tensor; db: Tensor }[], rate = i.learningRate, biasRate = rate) =>
  i.layers.map(({ w, b }, l) => ({
    w: w.sub(gradients[l]!.dw.mul(rate)),
    b: b.sub(gradients[l]!.db.mul(biasRate)),
  }));
const gradientsOf = (i: StepInputs, slip: BackwardSlips = {}) =>
  backward({ ...i, dy: lossAndSlope(i).dy }, slip).layers;
const stepped = (i: StepInputs) => moved(i, gradientsOf(i));

const mlpTrainStep = exercise({
  points: 3,
  uses: ['mlpForward', 'mlpBackward'],
  inputs: { ...netInputs, labels: indices('N', 'out'), learningRate: choice<number>(0.5, 0.25, 1) },
  sizes: { ...netSizes, out: [2, 4] },
  parameters: ['x', 'labels', 'layers', 'activation', 'learningRate'],
  where: (i) => (stepGradient.margin?.(i) ?? 1) >= 0.05,
  oracle: (i) => {
    const gradients = stepGradient(i) as Layer[];
    return {
      loss: valueOf(stepLoss, { plain })(i),
      layers: i.layers.map((layer, l) => ({
        w: layer.w.map((v, k) => v - i.learningRate * gradients[l]!.w.data[k]!),
        b: layer.b.map((v, k) => v - i.learningRate * gradients[l]!.b.data[k]!),
      })),
    };
  },
  checks: [
    agrees({ cases: 10 }),
    learns<StepInputs>('five steps on XOR, which chapter 1 could not', {
      start: () => ({
        ...net232,
        x: toTensor([
          [0, 0],
          [0, 1],
          [1, 0],
          [1, 1],
        ]),
        labels: [0, 1, 1, 0],
        activation: 'tanh',
        learningRate: 0.5,
      }),
      feed: (i, result) => ({ ...i, layers: (result as { layers: Layer[] }).layers }),
      steps: 5,
    }),
    pure(),
    rejects('a rate that is not greater than 0, or labels that do not fit', [
      { ...net232, labels: [0, 1, 1], activation: 'tanh', learningRate: 0 },
      { ...net232, labels: [0, 1, 1], activation: 'tanh', learningRate: -0.5 },
      { ...net232, labels: [0, 1, 2], activation: 'tanh', learningRate: 0.5 },
      { ...net232, labels: [0, 1], activation: 'tanh', learningRate: 0.5 },
    ]),
  ],
  examples: [
    { ...net232, labels: [0, 1, 1], activation: 'tanh', learningRate: 0.5 },
    { ...net232, labels: [1, 0, 1], activation: 'sigmoid', learningRate: 1 },
    {
      ...net232,
      layers: [
        ...net232.layers,
        {
          w: toTensor([
            [1, -0.5],
            [0.5, 1.5],
          ]),
          b: toTensor([0.125, -0.25]),
        },
      ],
      labels: [0, 1, 0],
      activation: 'tanh',
      learningRate: 0.25,
    },
  ],
  misconceptions: {
    'biases never updated': {
      wrong: (i) => ({ loss: lossAndSlope(i).loss, layers: moved(i, gradientsOf(i), i.learningRate, 0) }),
      says: 'The weights learn, the biases stay where they began. Their gradients are computed; nobody uses them.',
    },
    'weights updated too early': {
      wrong: (i) => {
        const early = gradientsOf(i, { passing: (l, dw) => i.layers[l]!.w.sub(dw.mul(i.learningRate)) });
        return { loss: lossAndSlope(i).loss, layers: moved(i, early) };
      },
      says: 'The lower layers get their gradients through weights that have already moved. All gradients belong to the same point: finish the way back first, then step.',
    },
    'a step per sample': {
      wrong: (i) => {
        const layers = i.labels.reduce<Layer[]>(
          (now, label, k) => stepped({ ...i, layers: now, x: i.x.slice([k, k + 1]), labels: [label] }),
          i.layers,
        );
        return { loss: lossAndSlope(i).loss, layers };
      },
      says: 'You take a step after every sample. Here the whole batch makes one step, with the mean of its gradients.',
    },
    uphill: {
      wrong: (i) => ({ loss: lossAndSlope(i).loss, layers: moved(i, gradientsOf(i), -i.learningRate) }),
      says: 'Your step climbs: the gradient points to where the loss grows.',
    },
    'gradient of the sum': {
      wrong: (i) => ({
        loss: lossAndSlope(i).loss,
        layers: moved(i, gradientsOf(i), i.learningRate * i.x.shape[0]!),
      }),
      says: 'Your step grows with the batch: the gradient of a mean is divided by N.',
    },
    'learning rate left out': {
      wrong: (i) => ({ loss: lossAndSlope(i).loss, layers: moved(i, gradientsOf(i), 1) }),
      says: 'The learning rate changes nothing in your result.',
    },
    'loss after the step': {
      wrong: (i) => ({ loss: lossAndSlope({ ...i, layers: stepped(i) }).loss, layers: stepped(i) }),
      says: 'The loss is measured with the new layers. Asked for is the loss that the step started from.',
    },
    'only the last layer learns': {
      wrong: (i) => ({
        loss: lossAndSlope(i).loss,
        layers: stepped(i).map((layer, l) => (l === i.layers.length - 1 ? layer : i.layers[l]!)),
      }),
      says: 'Only the last layer moves. The gradient reaches the others too, that is what the way back is for.',
    },
    'divided by N once more': {
      wrong: (i) => ({
        loss: lossAndSlope(i).loss,
        layers: moved(i, gradientsOf(i), i.learningRate / i.x.shape[0]!),
      }),
      says: 'Your step shrinks with the batch: the 1/N of the mean has come down with the loss’s gradient, and you divide by N again.',
    },
    'weights never updated': {
      wrong: (i) => ({ loss: lossAndSlope(i).loss, layers: stepped(i).map(({ b }, l) => ({ w: i.layers[l]!.w, b })) }),
      says: 'The biases learn, the weights stay where they began. Their gradients are computed; nobody uses them.',
    },
  },
  hints: [
    'Four calls you have written already, then one subtraction for every parameter.',
    'layers in, layers out, each w and b in its own shape; the loss is a number.',
    'mlpForward → crossEntropyForward → crossEntropyBackward → mlpBackward; then w − η dw and b − η db for every layer.',
    'layers.map(({ w, b }, l) => ({ w: w.sub(gradients[l].dw.mul(learningRate)), b: b.sub(gradients[l].db.mul(learningRate)) }))',
  ],
});

export const mlp = topic('mlp', 'The multilayer perceptron: any depth, forward and back', {
  xavierUniform,
  heNormal,
  mlpForward,
  mlpBackward,
  mlpTrainStep,
});
