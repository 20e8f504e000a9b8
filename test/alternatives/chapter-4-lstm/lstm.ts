/**
 * Chapter 4, topic 1: the long short-term memory.
 *
 * Style: the step with loops over flat arrays, its way back gate by gate with blocks of the weights, and lists of shares
 * that are added up at the end.
 */
import { ShapeError, Tensor, concat, split, zeros } from '#tensor';
import { sigmoidBackward } from '../chapter-2-bp/activations.ts';

export interface LstmWeights {
  wIh: Tensor;
  wHh: Tensor;
  bIh: Tensor;
  bHh: Tensor;
}

export interface LstmStepCache {
  x: Tensor;
  h: Tensor;
  c: Tensor;
  i: Tensor;
  f: Tensor;
  g: Tensor;
  o: Tensor;
  tanhC: Tensor;
  weights: LstmWeights;
}

export interface LstmStepGradients {
  dx: Tensor;
  dh: Tensor;
  dc: Tensor;
  weights: LstmWeights;
}

export interface LstmCache {
  steps: LstmStepCache[];
}

export interface LstmGradients {
  dx: Tensor;
  dh0: Tensor;
  dc0: Tensor;
  weights: LstmWeights;
}

const squash = (a: number): number => 1 / (1 + Math.exp(-a));

export function lstmStep(
  x: Tensor,
  h: Tensor,
  c: Tensor,
  weights: LstmWeights,
): { h: Tensor; c: Tensor; cache: LstmStepCache } {
  const { wIh, wHh, bIh, bHh } = weights;
  const [batch, inputs] = x.shape;
  const [rows, read] = wHh.shape;
  const units = rows / 4;
  if (wIh.shape[1] !== inputs) throw new ShapeError(`lstmStep: x has ${inputs} columns, wIh ${wIh.shape[1]}`);
  if (h.shape[1] !== read) throw new ShapeError(`lstmStep: h has ${h.shape[1]} columns, wHh ${read}`);
  if (h.shape[0] !== batch) throw new ShapeError(`lstmStep: x has ${batch} rows, h ${h.shape[0]}`);
  if (c.rank !== 2 || c.shape[0] !== batch || c.shape[1] !== units) {
    throw new ShapeError(`lstmStep: c must be (${batch}, ${units})`);
  }
  const preactivation = (b: number, row: number): number => {
    let a = 0;
    for (let d = 0; d < inputs; d++) a += wIh.data[row * inputs + d] * x.data[b * inputs + d];
    for (let r = 0; r < read; r++) a += wHh.data[row * read + r] * h.data[b * read + r];
    return a + bIh.data[row] + bHh.data[row];
  };
  const [i, f, g, o, tanhC, newC, newH] = Array.from({ length: 7 }, () => zeros(batch, units));
  for (let b = 0; b < batch; b++) {
    for (let u = 0; u < units; u++) {
      const at = b * units + u;
      i.data[at] = squash(preactivation(b, u));
      f.data[at] = squash(preactivation(b, units + u));
      g.data[at] = Math.tanh(preactivation(b, 2 * units + u));
      o.data[at] = squash(preactivation(b, 3 * units + u));
      newC.data[at] = i.data[at] * g.data[at] + f.data[at] * c.data[at];
      tanhC.data[at] = Math.tanh(newC.data[at]);
      newH.data[at] = tanhC.data[at] * o.data[at];
    }
  }
  return { h: newH, c: newC, cache: { x, h, c, i, f, g, o, tanhC, weights } };
}

export function lstmStepBackward(dh: Tensor, dc: Tensor, cache: LstmStepCache): LstmStepGradients {
  const { x, h, c, i, f, g, o, tanhC, weights } = cache;
  const dTanhC = dh.mul(o);
  const delta = dTanhC.sub(dTanhC.mul(tanhC).mul(tanhC)).add(dc);
  const di = sigmoidBackward(delta.mul(g), { y: i });
  const df = sigmoidBackward(delta.mul(c), { y: f });
  const dg = delta.mul(i).mul(g.square().neg().add(1));
  const dout = dh.mul(tanhC).mul(o.sub(o.square()));
  const gates = [di, df, dg, dout];

  const inBlocks = split(weights.wIh, 4);
  const stateBlocks = split(weights.wHh, 4);
  let dx = zeros(...x.shape);
  let dhBefore = zeros(...h.shape);
  gates.forEach((da, k) => {
    dx = dx.add(da.matmul(inBlocks[k]));
    dhBefore = dhBefore.add(da.matmul(stateBlocks[k]));
  });
  const bias = concat(gates.map((da) => da.sum(0)));
  return {
    dx,
    dh: dhBefore,
    dc: f.mul(delta),
    weights: {
      wIh: concat(gates.map((da) => da.T.matmul(x))),
      wHh: concat(gates.map((da) => da.T.matmul(h))),
      bIh: bias,
      bHh: bias,
    },
  };
}

export function lstmForward(
  x: Tensor,
  h0: Tensor,
  c0: Tensor,
  weights: LstmWeights,
): { y: Tensor; hn: Tensor; cn: Tensor; cache: LstmCache } {
  const [T, B] = x.shape;
  const H = h0.shape[1];
  const y = zeros(T, B, H);
  const steps: LstmStepCache[] = [];
  let [h, c] = [h0, c0];
  for (let t = 0; t < T; t++) {
    const after = lstmStep(x.row(t), h, c, weights);
    steps.push(after.cache);
    y.data.set(after.h.data, t * B * H);
    ({ h, c } = after);
  }
  return { y, hn: h, cn: c, cache: { steps } };
}

/** Adds up one parameter's shares, the first step's first. */
const total = (shares: Tensor[]): Tensor => shares.reduce((sum, share) => sum.add(share));

export function lstmBackward(dy: Tensor, dhn: Tensor, dcn: Tensor, { steps }: LstmCache): LstmGradients {
  const back: LstmStepGradients[] = [];
  let dh = dhn;
  let dc = dcn;
  for (let t = steps.length - 1; t >= 0; t--) {
    const one = lstmStepBackward(dh.add(dy.row(t)), dc, steps[t]);
    back[t] = one;
    dh = one.dh;
    dc = one.dc;
  }
  const shares = Array.from(back, (one) => one.weights);
  return {
    dx: concat(
      back.map((one) => one.dx.expandDims(0)),
      0,
    ),
    dh0: dh,
    dc0: dc,
    weights: {
      wIh: total(shares.map((w) => w.wIh)),
      wHh: total(shares.map((w) => w.wHh)),
      bIh: total(shares.map((w) => w.bIh)),
      bHh: total(shares.map((w) => w.bHh)),
    },
  };
}
