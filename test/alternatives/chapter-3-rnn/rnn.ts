/**
 * Chapter 3, topic 2: the recurrent network, and backpropagation through time.
 *
 * Style: input and state side by side in one product; gradients entry by entry; all steps' gradients first, then their sum.
 */
import { ShapeError, Tensor, concat, showShape, stack, zerosLike } from '#tensor';

export interface RnnWeights {
  wIh: Tensor;
  wHh: Tensor;
  bIh: Tensor;
  bHh: Tensor;
}

export interface RnnStepCache {
  x: Tensor;
  hBefore: Tensor;
  h: Tensor;
  weights: RnnWeights;
}

export interface RnnStepGradients {
  dx: Tensor;
  dh: Tensor;
  weights: RnnWeights;
}

export interface RnnCache {
  steps: RnnStepCache[];
}

export interface RnnGradients {
  dx: Tensor;
  dh0: Tensor;
  weights: RnnWeights;
}

/** Given. @throws ShapeError unless x is (B, D), h is (B, H) and the weights fit both */
function needStep(name: string, x: Tensor, h: Tensor, { wIh, wHh, bIh, bHh }: RnnWeights): void {
  const [B, D] = x.shape;
  const H = wHh.shape[0];
  const fits = (t: Tensor, ...shape: number[]) => t.rank === shape.length && shape.every((n, i) => t.shape[i] === n);
  if (!fits(x, B, D) || !fits(h, B, H) || !fits(wIh, H, D) || !fits(wHh, H, H) || !fits(bIh, H) || !fits(bHh, H)) {
    const shapes = Object.entries({ x, h, wIh, wHh, bIh, bHh }).map(([key, t]) => `${key} ${showShape(t.shape)}`);
    throw new ShapeError(`${name}: these shapes do not fit together: ${shapes.join(', ')}`);
  }
}

export function rnnStep(x: Tensor, h: Tensor, weights: RnnWeights): { h: Tensor; cache: RnnStepCache } {
  needStep('rnnStep', x, h, weights);
  const both = concat([x, h], 1);
  const w = concat([weights.wIh, weights.wHh], 1);
  const next = both.matmul(w.T).add(weights.bIh.add(weights.bHh)).tanh();
  return { h: next, cache: { x, hBefore: h, h: next, weights } };
}

export function rnnStepBackward(dh: Tensor, cache: RnnStepCache): RnnStepGradients {
  const { x, hBefore, h, weights } = cache;
  if (!dh.sameShape(h)) throw new ShapeError(`rnnStepBackward: dh is ${showShape(dh.shape)}, h ${showShape(h.shape)}`);
  const [B, H] = h.shape;
  const D = x.shape[1];
  const dwIh = new Float64Array(H * D);
  const dwHh = new Float64Array(H * H);
  const db = new Float64Array(H);
  const da = new Float64Array(B * H);
  for (let n = 0; n < B; n++) {
    for (let i = 0; i < H; i++) {
      const y = h.data[n * H + i];
      const slope = (1 - y) * (1 + y);
      const d = dh.data[n * H + i] * slope;
      da[n * H + i] = d;
      db[i] += d;
      for (let j = 0; j < D; j++) dwIh[i * D + j] += d * x.data[n * D + j];
      for (let j = 0; j < H; j++) dwHh[i * H + j] += d * hBefore.data[n * H + j];
    }
  }
  const dA = new Tensor([B, H], da);
  return {
    dx: dA.matmul(weights.wIh),
    dh: dA.matmul(weights.wHh),
    weights: {
      wIh: new Tensor([H, D], dwIh),
      wHh: new Tensor([H, H], dwHh),
      bIh: new Tensor([H], db),
      bHh: new Tensor([H], db.slice()),
    },
  };
}

export function rnnForward(x: Tensor, h0: Tensor, weights: RnnWeights): { y: Tensor; hn: Tensor; cache: RnnCache } {
  if (x.rank !== 3 || x.shape[0] < 1)
    throw new ShapeError(`rnnForward: x must be (T, B, D), not ${showShape(x.shape)}`);
  const states = [h0];
  const steps: RnnStepCache[] = [];
  while (steps.length < x.shape[0]) {
    const t = steps.length;
    const { h, cache } = rnnStep(x.slice(t), states[t], weights);
    states.push(h);
    steps.push(cache);
  }
  const [, ...outputs] = states;
  return { y: stack(outputs), hn: states[steps.length], cache: { steps } };
}

export function rnnBackward(dy: Tensor, dhn: Tensor, cache: RnnCache): RnnGradients {
  const { steps } = cache;
  const T = steps.length;
  const { h, weights } = steps[T - 1];
  if (dy.rank !== 3 || dy.shape[0] !== T || !dy.slice(0).sameShape(h))
    throw new ShapeError(`rnnBackward: dy is ${showShape(dy.shape)} for ${T} steps of ${showShape(h.shape)}`);
  if (!dhn.sameShape(h)) throw new ShapeError(`rnnBackward: dhn is ${showShape(dhn.shape)}, hn ${showShape(h.shape)}`);
  const all: RnnStepGradients[] = [];
  let fromRight = dhn;
  steps.forEach((_, back) => {
    const t = T - 1 - back;
    const step = rnnStepBackward(fromRight.add(dy.slice(t)), steps[t]);
    all.unshift(step);
    fromRight = step.dh;
  });
  const total = (name: keyof RnnWeights) =>
    all.reduce((sum, step) => sum.add(step.weights[name]), zerosLike(weights[name]));
  return {
    dx: stack(all.map(({ dx }) => dx)),
    dh0: fromRight,
    weights: { wIh: total('wIh'), wHh: total('wHh'), bIh: total('bIh'), bHh: total('bHh') },
  };
}
