/** Chapter 2, the linear layer, in another style: explicit loops forward, products in other orders backward. */
import { ShapeError, Tensor, full, tensor } from '#tensor';
import { bceWithLogitsBackward, bceWithLogitsForward, crossEntropyBackward, crossEntropyForward } from './losses.ts';

export interface LinearCache {
  x: Tensor;
  w: Tensor;
}

export interface LinearGradients {
  dx: Tensor;
  dw: Tensor;
  db: Tensor;
}

export function linearForward(x: Tensor, w: Tensor, b: Tensor): { y: Tensor; cache: LinearCache } {
  if (x.rank !== 2 || w.rank !== 2) throw new ShapeError('linearForward: x and w must be matrices');
  const [samples, inputs] = x.shape;
  const [outputs, width] = w.shape;
  if (inputs !== width) throw new ShapeError(`linearForward: x has ${inputs} features, w takes ${width}`);
  if (b.rank !== 1 || b.shape[0] !== outputs) throw new ShapeError(`linearForward: b must be (${outputs})`);
  const y = new Float64Array(samples * outputs);
  for (let i = 0; i < samples; i++) {
    for (let k = 0; k < outputs; k++) {
      let sum = b.data[k];
      for (let j = 0; j < inputs; j++) sum += x.data[i * inputs + j] * w.data[k * inputs + j];
      y[i * outputs + k] = sum;
    }
  }
  return { y: new Tensor([samples, outputs], y), cache: { x, w } };
}

export function linearBackward(dy: Tensor, cache: LinearCache): LinearGradients {
  const { x, w } = cache;
  const [samples] = x.shape;
  const [outputs] = w.shape;
  if (dy.rank !== 2 || dy.shape[0] !== samples || dy.shape[1] !== outputs) {
    throw new ShapeError(`linearBackward: dy must be (${samples}, ${outputs})`);
  }
  const dx = w.T.matmul(dy.T).T;
  const dw = x.T.matmul(dy).T;
  const everyone = full([samples], 1);
  return { dx, dw, db: everyone.matmul(dy) };
}

export function predictClasses(logits: Tensor): number[] {
  if (logits.rank !== 2) throw new ShapeError('predictClasses: logits must be a matrix');
  const [rows, classes] = logits.shape;
  const chosen: number[] = [];
  for (let i = 0; i < rows; i++) {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (logits.data[i * classes + c] > logits.data[i * classes + best]) best = c;
    }
    chosen.push(best);
  }
  return chosen;
}

export function softmaxRegression(
  x: Tensor,
  w: Tensor,
  b: Tensor,
  labels: number[],
): { loss: number; dw: Tensor; db: Tensor } {
  const scores = linearForward(x, w, b).y;
  const { loss, cache } = crossEntropyForward(scores, labels);
  const dlogits = crossEntropyBackward(cache);
  const dw = dlogits.T.matmul(x);
  const db = dlogits.sum(0);
  return { loss, dw, db };
}

export function logisticRegression(
  x: Tensor,
  w: Tensor,
  b: number,
  targets: number[],
): { loss: number; dw: Tensor; db: number } {
  if (x.rank !== 2 || x.shape[0] === 0) throw new ShapeError('logisticRegression: x must be (N, d), N ≥ 1');
  if (w.rank !== 1 || w.size !== x.shape[1]) throw new ShapeError(`logisticRegression: w must be (${x.shape[1]})`);
  if (targets.length !== x.shape[0]) throw new ShapeError('logisticRegression: one target for each row of x');
  const z = x.matmul(w).add(b);
  const { loss, cache } = bceWithLogitsForward(z, tensor(targets));
  const dz = bceWithLogitsBackward(cache);
  const dw = dz.matmul(x);
  let db = 0;
  for (const slope of dz.data) db += slope;
  return { loss, dw, db };
}
