/**
 * Chapter 5, topic 4, by another hand: heads are cut and joined with slices and stacks or with indices, not with
 * transpositions, and the grouped variant shares one core with the plain one.
 */
import { ShapeError, Tensor, concat, showShape, split, stack, zeros } from '#tensor';
import { linearBackward, linearForward } from '../chapter-2-bp/linear.ts';
import type { LinearCache } from '../chapter-2-bp/linear.ts';
import { attentionBackward, attentionForward } from './attention.ts';
import type { AttentionCache } from './attention.ts';

export interface ProjectCache {
  linear: LinearCache;
  shape: number[];
}

export interface MultiHeadWeights {
  wQ: Tensor;
  bQ: Tensor;
  wK: Tensor;
  bK: Tensor;
  wV: Tensor;
  bV: Tensor;
  wO: Tensor;
  bO: Tensor;
}

export interface MultiHeadCache {
  q: ProjectCache;
  k: ProjectCache;
  v: ProjectCache;
  attention: AttentionCache;
  o: ProjectCache;
}

export interface MultiHeadGradients {
  dx: Tensor;
  dmemory: Tensor;
  weights: MultiHeadWeights;
}

export function projectForward(x: Tensor, w: Tensor, b: Tensor): { y: Tensor; cache: ProjectCache } {
  const front = x.shape.slice(0, -1);
  const tokens = front.reduce((product, length) => product * length, 1);
  const list = new Tensor([tokens, x.shape[x.rank - 1]], x.data.slice());
  const { y, cache: linear } = linearForward(list, w, b);
  return { y: new Tensor([...front, w.shape[0]], y.data), cache: { linear, shape: [...x.shape] } };
}

export function projectBackward(dy: Tensor, cache: ProjectCache): { dx: Tensor; dw: Tensor; db: Tensor } {
  const list = dy.reshape(-1, dy.shape[dy.rank - 1]);
  const { dx, ...rest } = linearBackward(list, cache.linear);
  return { ...rest, dx: dx.reshape(...cache.shape) };
}

export function splitHeads(x: Tensor, heads: number): Tensor {
  const C = x.shape[2];
  if (!Number.isInteger(heads) || heads < 1 || C % heads !== 0) {
    throw new RangeError(`${heads} heads do not divide the ${C} columns`);
  }
  return stack(split(x, heads, 2), 1);
}

export function mergeHeads(x: Tensor): Tensor {
  const [B, h, T, d] = x.shape;
  const out = zeros(B, T, h * d);
  let from = 0;
  for (let b = 0; b < B; b++) {
    for (let n = 0; n < h; n++) {
      for (let t = 0; t < T; t++) {
        for (let i = 0; i < d; i++) out.data[(b * T + t) * h * d + n * d + i] = x.data[from++];
      }
    }
  }
  return out;
}

const forEveryHead = (mask: Tensor) => (mask.rank < 3 ? mask : mask.expandDims(-3));

export function multiHeadForward(
  x: Tensor,
  memory: Tensor,
  mask: Tensor,
  weights: MultiHeadWeights,
  heads: number,
): { y: Tensor; attention: Tensor; cache: MultiHeadCache } {
  const { wQ, bQ, wK, bK, wV, bV, wO, bO } = weights;
  const asked = projectForward(x, wQ, bQ);
  const found = projectForward(memory, wK, bK);
  const given = projectForward(memory, wV, bV);
  const looked = attentionForward(
    splitHeads(asked.y, heads),
    splitHeads(found.y, heads),
    splitHeads(given.y, heads),
    forEveryHead(mask),
  );
  const mixed = projectForward(mergeHeads(looked.y), wO, bO);
  return {
    y: mixed.y,
    attention: looked.weights,
    cache: { q: asked.cache, k: found.cache, v: given.cache, attention: looked.cache, o: mixed.cache },
  };
}

export function multiHeadBackward(dy: Tensor, cache: MultiHeadCache): MultiHeadGradients {
  const heads = cache.attention.weights.shape[1];
  const o = projectBackward(dy, cache.o);
  const { dq, dk, dv } = attentionBackward(splitHeads(o.dx, heads), cache.attention);
  const q = projectBackward(mergeHeads(dq), cache.q);
  const k = projectBackward(mergeHeads(dk), cache.k);
  const v = projectBackward(mergeHeads(dv), cache.v);
  const weights: MultiHeadWeights = {
    wQ: q.dw,
    bQ: q.db,
    wK: k.dw,
    bK: k.db,
    wV: v.dw,
    bV: v.db,
    wO: o.dw,
    bO: o.db,
  };
  return { dx: q.dx, dmemory: k.dx.add(v.dx), weights };
}

export function repeatHeads(x: Tensor, times: number): Tensor {
  const copies: Tensor[] = [];
  for (let n = 0; n < x.shape[1]; n++) {
    const head = x.slice(null, [n, n + 1]);
    for (let copy = 0; copy < times; copy++) copies.push(head);
  }
  return concat(copies, 1);
}

export function repeatHeadsBackward(dy: Tensor, times: number): Tensor {
  const [B, h, S, d] = dy.shape;
  const g = h / times;
  const dx = new Float64Array(B * g * S * d);
  const block = S * d;
  for (let b = 0; b < B; b++) {
    for (let n = 0; n < h; n++) {
      const to = (b * g + Math.floor(n / times)) * block;
      const from = (b * h + n) * block;
      for (let i = 0; i < block; i++) dx[to + i] += dy.data[from + i];
    }
  }
  return new Tensor([B, g, S, d], dx);
}

export function groupedQueryForward(
  x: Tensor,
  memory: Tensor,
  mask: Tensor,
  weights: MultiHeadWeights,
  heads: number,
  kvHeads: number,
): { y: Tensor; attention: Tensor; cache: MultiHeadCache & { times: number } } {
  const times = heads / kvHeads;
  const C = x.shape[x.rank - 1];
  if (C % heads !== 0 || !Number.isInteger(times)) {
    throw new RangeError(`${heads} heads of ${C} columns, ${kvHeads} of them for keys and values`);
  }
  const width = C / heads;
  if (weights.wK.shape[0] !== kvHeads * width || weights.wV.shape[0] !== kvHeads * width) {
    throw new ShapeError(`wK ${showShape(weights.wK.shape)}, wV ${showShape(weights.wV.shape)} for ${kvHeads} heads`);
  }
  const project = (from: Tensor, letter: 'Q' | 'K' | 'V') =>
    projectForward(from, weights[`w${letter}`], weights[`b${letter}`]);
  const [q, k, v] = [project(x, 'Q'), project(memory, 'K'), project(memory, 'V')];
  const keys = repeatHeads(splitHeads(k.y, kvHeads), times);
  const values = repeatHeads(splitHeads(v.y, kvHeads), times);
  const {
    y: a,
    weights: attention,
    cache,
  } = attentionForward(splitHeads(q.y, heads), keys, values, forEveryHead(mask));
  const o = projectForward(mergeHeads(a), weights.wO, weights.bO);
  return { y: o.y, attention, cache: { q: q.cache, k: k.cache, v: v.cache, attention: cache, o: o.cache, times } };
}

export function groupedQueryBackward(dy: Tensor, cache: MultiHeadCache & { times: number }): MultiHeadGradients {
  const { times, attention } = cache;
  const out = projectBackward(dy, cache.o);
  const inner = attentionBackward(splitHeads(out.dx, attention.q.shape[1]), attention);
  const query = projectBackward(mergeHeads(inner.dq), cache.q);
  const key = projectBackward(mergeHeads(repeatHeadsBackward(inner.dk, times)), cache.k);
  const value = projectBackward(mergeHeads(repeatHeadsBackward(inner.dv, times)), cache.v);
  return {
    dx: query.dx,
    dmemory: value.dx.add(key.dx),
    weights: {
      wQ: query.dw,
      bQ: query.db,
      wK: key.dw,
      bK: key.db,
      wV: value.dw,
      bV: value.db,
      wO: out.dw,
      bO: out.db,
    },
  };
}
