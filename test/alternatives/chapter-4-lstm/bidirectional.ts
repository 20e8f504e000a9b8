/**
 * Chapter 4, topic 4: reading in both directions, in a batch whose sequences differ in length.
 *
 * Style: rows gathered by index, masks as arithmetic (m · new + (1 − m) · old) forward and as loops over rows backward.
 */
import { ShapeError, Tensor, showShape, stack, tensor, zeros } from '#tensor';
import { lstmStep, lstmStepBackward } from './lstm.ts';
import type { LstmStepCache, LstmWeights } from './lstm.ts';

export interface MaskedCache {
  steps: LstmStepCache[];
  masks: Tensor[];
}

export interface MaskedGradients {
  dx: Tensor;
  weights: LstmWeights;
}

export interface BidirectionalCache {
  forward: MaskedCache;
  backward: MaskedCache;
  lengths: number[];
}

export interface BidirectionalGradients {
  dx: Tensor;
  forwardWeights: LstmWeights;
  backwardWeights: LstmWeights;
}

/** Given. @throws ShapeError unless x is (T, B, D) with a length per sequence, RangeError unless each is 1, 2, … or T */
function needLengths(name: string, x: Tensor, lengths: number[]): void {
  const [T, B] = x.shape;
  if (x.rank !== 3 || lengths.length !== B) {
    throw new ShapeError(
      `${name}: x ${showShape(x.shape)} is not (T, B, D) with B = ${lengths.length}, one per length`,
    );
  }
  const bad = lengths.find((n) => !Number.isInteger(n) || n < 1 || n > T);
  if (bad !== undefined) throw new RangeError(`${name}: a length is ${bad}, but it must be one of 1 … ${T}`);
}

/** Given. masks[t] (B, 1) is 1 for the sequences that are longer than t, 0 for those that have ended. */
function masksFor(T: number, lengths: number[]): Tensor[] {
  return Array.from({ length: T }, (_, t) => tensor(lengths.map((length) => [t < length ? 1 : 0])));
}

export function reverseWithin(x: Tensor, lengths: number[]): Tensor {
  needLengths('reverseWithin', x, lengths);
  const [T, B, D] = x.shape;
  const from: number[] = [];
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      const source = t < lengths[b] ? lengths[b] - t - 1 : t;
      from.push(source * B + b);
    }
  }
  return x
    .reshape(T * B, D)
    .gather(from)
    .reshape(T, B, D);
}

export function maskedForward(
  x: Tensor,
  lengths: number[],
  weights: LstmWeights,
): { y: Tensor; hn: Tensor; cn: Tensor; cache: MaskedCache } {
  needLengths('maskedForward', x, lengths);
  const [T, B] = x.shape;
  const H = weights.wHh.shape[1];
  const masks = masksFor(T, lengths);
  const steps: LstmStepCache[] = [];
  const outputs: Tensor[] = [];
  let hn = zeros(B, H);
  let cn = zeros(B, H);
  masks.forEach((mask, t) => {
    const step = lstmStep(x.row(t), hn, cn, weights);
    const ended = mask.neg().add(1);
    const shown = step.h.mul(mask);
    steps.push(step.cache);
    outputs.push(shown);
    hn = shown.add(hn.mul(ended));
    cn = step.c.mul(mask).add(cn.mul(ended));
  });
  return { y: stack(outputs, 0), hn, cn, cache: { steps, masks } };
}

export function maskedBackward(dy: Tensor, dhn: Tensor, dcn: Tensor, cache: MaskedCache): MaskedGradients {
  const [T, B, H] = dy.shape;
  const D = cache.steps[0].x.shape[1];
  const dx = zeros(T, B, D);
  const dh = dhn.data.slice();
  const dc = dcn.data.slice();
  let weights: LstmWeights | null = null;
  for (let t = T - 1; t >= 0; t--) {
    const mask = cache.masks[t].data;
    const intoH = zeros(B, H);
    const intoC = zeros(B, H);
    for (let b = 0; b < B; b++) {
      if (mask[b] === 0) continue;
      for (let u = b * H; u < (b + 1) * H; u++) {
        intoH.data[u] = dy.data[t * B * H + u] + dh[u];
        intoC.data[u] = dc[u];
      }
    }
    const back = lstmStepBackward(intoH, intoC, cache.steps[t]);
    dx.data.set(back.dx.data, t * B * D);
    for (let b = 0; b < B; b++) {
      if (mask[b] === 0) continue;
      dh.set(back.dh.data.slice(b * H, (b + 1) * H), b * H);
      dc.set(back.dc.data.slice(b * H, (b + 1) * H), b * H);
    }
    weights = weights === null ? back.weights : plus(weights, back.weights);
  }
  return { dx, weights: weights! };
}

function plus(a: LstmWeights, b: LstmWeights): LstmWeights {
  return { wIh: a.wIh.add(b.wIh), wHh: a.wHh.add(b.wHh), bIh: a.bIh.add(b.bIh), bHh: a.bHh.add(b.bHh) };
}

export function bidirectionalForward(
  x: Tensor,
  lengths: number[],
  forwardWeights: LstmWeights,
  backwardWeights: LstmWeights,
): { y: Tensor; hn: Tensor; cn: Tensor; cache: BidirectionalCache } {
  const there = maskedForward(x, lengths, forwardWeights);
  const back = maskedForward(reverseWithin(x, lengths), lengths, backwardWeights);
  const [T, B, H] = there.y.shape;
  const y = zeros(T, B, 2 * H);
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      // In the padding back.y is 0 already.
      const same = t < lengths[b] ? lengths[b] - 1 - t : t;
      for (let u = 0; u < H; u++) {
        y.data[(t * B + b) * 2 * H + u] = there.y.at(t, b, u);
        y.data[(t * B + b) * 2 * H + H + u] = back.y.at(same, b, u);
      }
    }
  }
  return {
    y,
    hn: stack([there.hn, back.hn]),
    cn: stack([there.cn, back.cn]),
    cache: { forward: there.cache, backward: back.cache, lengths },
  };
}

export function bidirectionalBackward(
  dy: Tensor,
  dhn: Tensor,
  dcn: Tensor,
  cache: BidirectionalCache,
): BidirectionalGradients {
  const { forward, backward, lengths } = cache;
  const H = dy.shape[2] / 2;
  const turn = (s: Tensor) => reverseWithin(s, lengths);
  const there = maskedBackward(dy.slice(null, null, [0, H]), dhn.row(0), dcn.row(0), forward);
  const back = maskedBackward(turn(dy).slice(null, null, [H, 2 * H]), dhn.row(1), dcn.row(1), backward);
  return {
    dx: turn(back.dx).add(there.dx),
    forwardWeights: there.weights,
    backwardWeights: back.weights,
  };
}
