/**
 * Chapter 3, topic 2: the recurrent network, and backpropagation through time.
 *
 * One layer is applied again and again, at each time step to the next input and to its own last output, the hidden state.
 * Sequences are (T, B, features): time first, then the batch. B sequences run side by side and never meet.
 */
import { ShapeError, Tensor, showShape, stack, zerosLike } from '#tensor';

/** The parameters of a recurrent layer, of width H over inputs of D numbers. The same ones serve at every time step. */
export interface RnnWeights {
  /** (H, D) from the input */
  wIh: Tensor;
  /** (H, H) from the hidden state of the step before */
  wHh: Tensor;
  /** (H) */
  bIh: Tensor;
  /** (H) a second bias; it does what the first does, and is kept because PyTorch has it */
  bHh: Tensor;
}

/** What one step leaves for its backward pass. */
export interface RnnStepCache {
  /** (B, D) its input */
  x: Tensor;
  /** (B, H) the hidden state that came in, h_{t−1} */
  hBefore: Tensor;
  /** (B, H) the hidden state that went out, h_t */
  h: Tensor;
  weights: RnnWeights;
}

/** The gradients of one step; each has the shape of what it is the gradient of. */
export interface RnnStepGradients {
  /** (B, D) */
  dx: Tensor;
  /** (B, H) of the hidden state that came in, h_{t−1} */
  dh: Tensor;
  /** of each parameter, under the parameter's own name */
  weights: RnnWeights;
}

/** What a whole sequence leaves for its backward pass: the cache of every step, in the order of time. */
export interface RnnCache {
  steps: RnnStepCache[];
}

/** The gradients of a whole sequence. */
export interface RnnGradients {
  /** (T, B, D) */
  dx: Tensor;
  /** (B, H) of the initial state */
  dh0: Tensor;
  /** of each parameter, summed over all steps */
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

/**
 * One time step of a recurrent network, for a batch.
 *
 *   a_t = x_t wIhᵀ + bIh + h_{t−1} wHhᵀ + bHh       (B, H) = (B, D) (D, H) + (H) + (B, H) (H, H) + (H)
 *   h_t = tanh(a_t)                                 (B, H)
 *
 * @param x       (B, D) the input at this time
 * @param h       (B, H) the hidden state of the time before, h_{t−1}
 * @param weights wIh (H, D), wHh (H, H), bIh (H), bHh (H)
 * @returns h (B, H), the new hidden state h_t, and the cache for rnnStepBackward
 * @throws ShapeError when the shapes do not fit together (`needStep` does it)
 * @see Elman 1990, "Finding structure in time"; torch.nn.RNN
 */
export function rnnStep(x: Tensor, h: Tensor, weights: RnnWeights): { h: Tensor; cache: RnnStepCache } {
  // #region rnnStep
  needStep('rnnStep', x, h, weights);
  const { wIh, wHh, bIh, bHh } = weights;
  const a = x.matmul(wIh.T).add(bIh).add(h.matmul(wHh.T)).add(bHh);
  const next = a.tanh();
  return { h: next, cache: { x, hBefore: h, h: next, weights } };
  // #endregion
}

/**
 * The way back through one time step.
 *
 *   da      = dh ⊙ (1 − h_t²)          (B, H) entry by entry: the slope of tanh at a_t, from its value h_t
 *   dx      = da wIh                   (B, D) = (B, H) (H, D)
 *   dh_{t−1} = da wHh                  (B, H) = (B, H) (H, H)
 *   dwIh    = daᵀ x                    (H, D) = (H, B) (B, D)
 *   dwHh    = daᵀ h_{t−1}              (H, H) = (H, B) (B, H)
 *   dbIh    = dbHh = Σ over the batch of da          (H) each
 *
 * @param dh    (B, H) ∂loss/∂h_t, everything that the loss wants of the new state
 * @param cache from rnnStep
 * @returns dx (B, D); dh (B, H), the gradient of h_{t−1}; weights { wIh, wHh, bIh, bHh }, their gradients
 * @throws ShapeError when dh does not have the shape of h
 */
export function rnnStepBackward(dh: Tensor, cache: RnnStepCache): RnnStepGradients {
  // #region rnnStepBackward
  const { x, hBefore, h, weights } = cache;
  if (!dh.sameShape(h)) throw new ShapeError(`rnnStepBackward: dh ${showShape(dh.shape)}, but h ${showShape(h.shape)}`);
  const da = dh.mul(h.map((v) => 1 - v * v));
  const db = da.sum(0);
  return {
    dx: da.matmul(weights.wIh),
    dh: da.matmul(weights.wHh),
    weights: { wIh: da.T.matmul(x), wHh: da.T.matmul(hBefore), bIh: db, bHh: db },
  };
  // #endregion
}

/**
 * A whole batch of sequences through the recurrent layer, from the first time step to the last.
 *
 *   h_0 = h0
 *   h_t = rnnStep(x_t, h_{t−1})        t = 1 … T, the same weights at every step
 *   y   = h_1, h_2, …, h_T             (T, B, H) stacked along time; h0 is not among them
 *   hn  = h_T                          (B, H)
 *
 * @param x       (T, B, D), T ≥ 1, B ≥ 1
 * @param h0      (B, H) the initial state
 * @param weights wIh (H, D), wHh (H, H), bIh (H), bHh (H)
 * @returns y (T, B, H), hn (B, H), and the cache for rnnBackward
 * @throws ShapeError when x is not (T, B, D) with T ≥ 1, or where rnnStep would
 * @see torch.nn.RNN
 */
export function rnnForward(x: Tensor, h0: Tensor, weights: RnnWeights): { y: Tensor; hn: Tensor; cache: RnnCache } {
  // #region rnnForward
  if (x.rank !== 3 || x.shape[0] === 0) throw new ShapeError(`rnnForward: x is ${showShape(x.shape)}, not (T, B, D)`);
  const steps: RnnStepCache[] = [];
  let h = h0;
  for (let t = 0; t < x.shape[0]; t++) {
    const step = rnnStep(x.row(t), h, weights);
    h = step.h;
    steps.push(step.cache);
  }
  return { y: stack(steps.map((step) => step.h)), hn: h, cache: { steps } };
  // #endregion
}

/**
 * Backpropagation through time: the way back from the last step to the first.
 *
 * The state h_t is used twice, as the output y_t and as the state of step t + 1, and h_T a third time, as hn. What comes
 * back along every use is added:
 *
 *   dh_T = dy_T + dhn                                            (B, H)
 *   dh_t = dy_t + (the gradient of h_t that step t + 1 gives)     (B, H), t = T − 1 … 1
 *   dx_t = what rnnStepBackward(dh_t) says                       (B, D)
 *   dh0  = the gradient of h_0 that step 1 gives                 (B, H)
 *
 * The weights serve at every step, so each of their gradients is the sum over all steps.
 *
 * @param dy    (T, B, H) ∂loss/∂y
 * @param dhn   (B, H) ∂loss/∂hn
 * @param cache from rnnForward
 * @returns dx (T, B, D); dh0 (B, H); weights { wIh, wHh, bIh, bHh }, their gradients
 * @throws ShapeError when dy does not have the shape of y, or dhn that of hn
 * @see Werbos 1990, "Backpropagation through time: what it does and how to do it"
 */
export function rnnBackward(dy: Tensor, dhn: Tensor, cache: RnnCache): RnnGradients {
  // #region rnnBackward
  const { steps } = cache;
  const [T, { h, weights }] = [steps.length, steps[0]];
  if (dy.rank !== 3 || dy.shape[0] !== T || !dy.row(0).sameShape(h) || !dhn.sameShape(h)) {
    const shapes = `dy ${showShape(dy.shape)} and dhn ${showShape(dhn.shape)}`;
    throw new ShapeError(`rnnBackward: ${shapes} for ${T} states of ${showShape(h.shape)}`);
  }
  const { wIh, wHh, bIh, bHh } = weights;
  let sum: RnnWeights = { wIh: zerosLike(wIh), wHh: zerosLike(wHh), bIh: zerosLike(bIh), bHh: zerosLike(bHh) };
  const dx: Tensor[] = [];
  let dh = dhn;
  for (let t = T - 1; t >= 0; t--) {
    const step = rnnStepBackward(dy.row(t).add(dh), steps[t]);
    const g = step.weights;
    dx.unshift(step.dx);
    dh = step.dh;
    sum = { wIh: sum.wIh.add(g.wIh), wHh: sum.wHh.add(g.wHh), bIh: sum.bIh.add(g.bIh), bHh: sum.bHh.add(g.bHh) };
  }
  return { dx: stack(dx), dh0: dh, weights: sum };
  // #endregion
}
