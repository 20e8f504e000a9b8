/**
 * The parts of a Transformer block as their papers define them, one token at a time on the tape; and, beside them, the same
 * parts in tensors into which students' slips can be switched, for the misconceptions.
 */
import { Tensor, concat, ones } from '#tensor';
import { dot, mean, range, table, Var, VarTensor, type Input, type Lifted } from '../engine/index.ts';
import { attended, rowsOf, stacked } from './definitions.ts';

/** Parameters of multi-head attention, with grouped queries or without. */
export type MultiHead = {
  wQ: Tensor;
  bQ: Tensor;
  wK: Tensor;
  bK: Tensor;
  wV: Tensor;
  bV: Tensor;
  wO: Tensor;
  bO: Tensor;
};
export type FeedForward = {
  w1: Tensor;
  b1: Tensor;
  w2: Tensor;
  b2: Tensor;
};
export type Swiglu = {
  wGate: Tensor;
  wUp: Tensor;
  wDown: Tensor;
};
export type Bend = 'relu' | 'gelu';

// Inputs

/** A mask of 1 and 0 for B sequences, T queries and S keys: the same for all sequences, or one for each; rows of 0 happen. */
export const mask: Input<Tensor> = {
  symbols: ['B', 'T', 'S'],
  shape: '(T, S), (1, 1), (B, T, S) or (B, 1, S) of 1 or 0',
  draw: (rng, { B, T, S }) => {
    const shape = [
      [T!, S!],
      [1, 1],
      [B!, T!, S!],
      [B!, 1, S!],
    ][rng.nextInt(0, 3)]!;
    const rows = range(shape.length === 3 ? shape[0]! * shape[1]! : shape[0]!, () => rng.nextInt(0, 5) > 0);
    const all = rows.flatMap((some) => range(shape.at(-1)!, () => (some && rng.nextInt(0, 3) > 0 ? 1 : 0)));
    return shape.length === 2 && shape[0] === 1 && shape[1] === 1 ? ones(1, 1) : new Tensor(shape, all);
  },
  cut: (value, { B, T, S }, keep) => {
    const to = (n: number, size: number): [number, number] => {
      const kept = Math.min(n, size);
      return keep === 'last' ? [n - kept, n] : [0, kept];
    };
    const limits = [B!, T!, S!].slice(-value.rank);
    return value.slice(...value.shape.map((n, axis) => to(n, limits[axis]!)));
  },
  *simpler(value) {
    if (value.rank > 2 || value.size > 1) yield ones(1, 1);
    if (value.data.includes(0)) yield value.map(() => 1);
    for (const [at, v] of value.data.entries()) if (v === 0) yield value.map((w, k) => (k === at ? 1 : w));
  },
  nudge: (value) => value,
};

/** Numbers on a grid of quarters between −1 and 1 without a pattern that a mistake could share; for examples. */
export function filled(seed: number, ...shape: number[]): Tensor {
  let at = seed;
  const next = () => (at = (at * 75 + 74) % 65537);
  return ones(...shape).map(() => ((next() % 9) - 4) / 4);
}

/** Parameters for width C, with keys and values of width K. */
export const headsLike = (seed: number, C: number, K = C): MultiHead => ({
  wQ: filled(seed, C, C),
  bQ: filled(seed + 1, C),
  wK: filled(seed + 2, K, C),
  bK: filled(seed + 3, K),
  wV: filled(seed + 4, K, C),
  bV: filled(seed + 5, K),
  wO: filled(seed + 6, C, C),
  bO: filled(seed + 7, C),
});

// On the tape

/** What f makes of each token (…, C), put in its place. */
export function perToken(x: VarTensor, f: (token: Var[]) => Var[]): VarTensor {
  const C = x.shape.at(-1)!;
  const results = range(x.data.length / C, (t) => f(x.data.slice(t * C, (t + 1) * C)));
  return new VarTensor([...x.shape.slice(0, -1), results[0]!.length], results.flat());
}

/** y_k = Σ_j x_j w_kj + b_k, for each token. */
export function projected(x: VarTensor, w: VarTensor, b?: VarTensor): VarTensor {
  const rows = rowsOf(w);
  return perToken(x, (token) => rows.map((row, k) => (b ? dot(token, row).add(b.at(k)) : dot(token, row))));
}

/** Multi-head attention (B, T, C), with its weights (B, h, T, S): every head of every sequence by itself. */
export function multiHead(
  x: VarTensor,
  memory: VarTensor,
  mask: Tensor,
  weights: Lifted<MultiHead>,
  heads: number,
  kvHeads = heads,
) {
  const width = x.shape[2]! / heads;
  const q = projected(x, weights.wQ, weights.bQ);
  const k = projected(memory, weights.wK, weights.bK);
  const v = projected(memory, weights.wV, weights.bV);
  /** Columns n · width … of one sequence: what head n gets of it. */
  const share = (y: VarTensor, b: number, n: number) =>
    table([y.shape[1]!, width], (t, i) => y.at(b, t!, n * width + i!));
  const perSequence = range(x.shape[0]!, (b) =>
    range(heads, (n) => {
      const group = Math.floor(n / (heads / kvHeads));
      const seen = mask.rank === 3 ? mask.row(mask.shape[0] === 1 ? 0 : b) : mask;
      return attended(share(q, b, n), share(k, b, group), share(v, b, group), seen);
    }),
  );
  const sideBySide = table([...x.shape], (b, t, c) => perSequence[b!]![Math.floor(c! / width)]!.y.at(t!, c! % width));
  return {
    y: projected(sideBySide, weights.wO, weights.bO),
    attention: stacked(perSequence.map((all) => stacked(all.map((head) => head.weights)))),
  };
}

/** LayerNorm of each token. */
export const layerNormed = (x: VarTensor, gamma: VarTensor, beta: VarTensor, epsilon: number): VarTensor =>
  perToken(x, (token) => {
    const mu = mean(token);
    const variance = mean(token.map((v) => v.sub(mu).pow(2)));
    return token.map((v, i) => v.sub(mu).div(variance.add(epsilon).sqrt()).mul(gamma.at(i)).add(beta.at(i)));
  });

/** RMSNorm of each token. */
export const rmsNormed = (x: VarTensor, gamma: VarTensor, epsilon: number): VarTensor =>
  perToken(x, (token) => {
    const r = mean(token.map((v) => v.pow(2)))
      .add(epsilon)
      .sqrt();
    return token.map((v, i) => v.div(r).mul(gamma.at(i)));
  });

/** ½ z (1 + erf(z/√2)) */
export const gelu = (z: Var): Var => z.mul(z.div(Math.SQRT2).erf().add(1)).div(2);

/** max(0, x W₁ᵀ + b₁) W₂ᵀ + b₂, or the same with GELU. */
export const fedForward = (x: VarTensor, { w1, b1, w2, b2 }: Lifted<FeedForward>, bend: Bend): VarTensor => {
  const hidden = projected(x, w1, b1);
  const bent = new VarTensor(
    hidden.shape,
    hidden.data.map((z) => (bend === 'relu' ? z.relu() : gelu(z))),
  );
  return projected(bent, w2, b2);
};

/** (silu(x W_gateᵀ) ⊙ x W_upᵀ) W_downᵀ */
export const swiglued = (x: VarTensor, { wGate, wUp, wDown }: Lifted<Swiglu>): VarTensor => {
  const [gate, up] = [projected(x, wGate), projected(x, wUp)];
  const passed = new VarTensor(
    gate.shape,
    gate.data.map((z, i) => z.mul(z.sigmoid()).mul(up.data[i]!)),
  );
  return projected(passed, wDown);
};

// In tensors, with switches. A switch that is off does nothing.

/** All tokens as one list: (…, C) -> (N, C). */
export const tokens = (x: Tensor) => x.reshape(-1, x.shape.at(-1)!);

export const linear = (x: Tensor, w: Tensor, b?: Tensor) => (b ? x.matmul(w.T).add(b) : x.matmul(w.T));

/** Back through a linear layer over all tokens. */
export const linearBack = (dy: Tensor, x: Tensor, w: Tensor) => ({
  dx: dy.matmul(w),
  dw: tokens(dy).T.matmul(tokens(x)),
  db: tokens(dy).sum(0),
});

export const splitInto = (x: Tensor, heads: number) => {
  const [B, T, C] = x.shape as [number, number, number];
  return x.reshape(B, T, heads, C / heads).transpose(0, 2, 1, 3);
};
export const mergeOf = (x: Tensor) => {
  const [B, h, T, d] = x.shape as [number, number, number, number];
  return x.transpose(0, 2, 1, 3).reshape(B, T, h * d);
};
/** The same numbers in the same order: the heads get pieces of different tokens. */
const splitCarelessly = (x: Tensor, heads: number) => {
  const [B, T, C] = x.shape as [number, number, number];
  return x.reshape(B, heads, T, C / heads);
};
const mergeCarelessly = (x: Tensor) => {
  const [B, h, T, d] = x.shape as [number, number, number, number];
  return x.reshape(B, T, h * d);
};

/** Heads by their number: of (B, g, S, d) those in the list. */
export const pickHeads = (x: Tensor, which: number[]) => x.take(1, which);
/** For each of h heads the head of g that serves it. */
export const groups = (h: number, g: number) => range(h, (n) => Math.floor(n / (h / g)));
/** The sum of those heads of dy that were copies of the same one, as `which` says. */
export function collect(dy: Tensor, which: number[], g: number): Tensor {
  const empty = dy.slice(null, [0, 1]).mul(0);
  return concat(
    range(g, (head) =>
      which.reduce((total, n, at) => (n === head ? total.add(dy.slice(null, [at, at + 1])) : total), empty),
    ),
    1,
  );
}

const flip = (x: Tensor) => x.transpose(...range(x.rank - 2, (i) => i), x.rank - 1, x.rank - 2);

export interface HeadSlips {
  splitByReshape?: boolean;
  mergeByReshape?: boolean;
  interleaved?: boolean;
  oneHead?: boolean;
  /** Keys and values with wQ. */
  sharedProjection?: boolean;
  exchangedProjections?: boolean;
  /** Values with the keys' matrix, or with their bias too. */
  valuesLikeKeys?: 'matrix' | 'both';
  /** Keys, or values, or both from x. */
  fromX?: 'keys' | 'values' | 'both';
  /** Queries from the memory, keys and values from x. */
  rolesExchanged?: boolean;
  residual?: boolean;
  noOutput?: boolean;
  noOutputBias?: boolean;
  noBias?: boolean;
  notTransposed?: boolean;
  noScale?: boolean;
  scaleByModel?: boolean;
  scaleByWidth?: boolean;
  noMask?: boolean;
  /** A mask (B, T, S) without an axis for the heads. */
  maskUnaligned?: boolean;
  /** The mask of the first sequence for all of them. */
  firstMask?: boolean;
  maskInverted?: boolean;
  zeroScores?: boolean;
  /** Which key–value head serves query head n. */
  serves?: (n: number, h: number, g: number) => number;
  /** The same for the values alone. */
  valuesServe?: (n: number, h: number, g: number) => number;
}

interface HeadInputs {
  x: Tensor;
  memory: Tensor;
  mask: Tensor;
  weights: MultiHead;
  heads: number;
  kvHeads?: number;
}

/** Multi-head attention, with everything that its backward pass needs. */
export function manyHeads(i: HeadInputs, slips: HeadSlips = {}) {
  const { weights: w } = i;
  const h = slips.oneHead ? 1 : i.heads;
  const g = slips.oneHead ? 1 : (i.kvHeads ?? h);
  const project = (x: Tensor, m: Tensor, b: Tensor) =>
    linear(x, slips.notTransposed ? m.T : m, slips.noBias ? undefined : b);
  const divide = slips.splitByReshape ? splitCarelessly : slips.interleaved ? splitInterleaved : splitInto;
  const join = slips.mergeByReshape ? mergeCarelessly : slips.interleaved ? mergeInterleaved : mergeOf;
  const [wK, bK] = slips.sharedProjection ? [w.wQ, w.bQ] : slips.exchangedProjections ? [w.wV, w.bV] : [w.wK, w.bK];
  const [wV, bV] = slips.valuesLikeKeys
    ? [w.wK, slips.valuesLikeKeys === 'both' ? w.bK : w.bV]
    : slips.sharedProjection
      ? [w.wQ, w.bQ]
      : slips.exchangedProjections
        ? [w.wK, w.bK]
        : [w.wV, w.bV];
  const which = slips.serves ? range(h, (n) => slips.serves!(n, h, g)) : groups(h, g);
  const asking = slips.rolesExchanged ? i.memory : i.x;
  const found = slips.rolesExchanged || slips.fromX === 'keys' || slips.fromX === 'both' ? i.x : i.memory;
  const giving = slips.rolesExchanged || slips.fromX === 'values' || slips.fromX === 'both' ? i.x : i.memory;
  const q = divide(project(asking, w.wQ, w.bQ), h);
  const k = pickHeads(divide(project(found, wK, bK), g), which);
  const given = slips.valuesServe ? range(h, (n) => slips.valuesServe!(n, h, g)) : which;
  const v = pickHeads(divide(project(giving, wV, bV), g), given);
  const d = q.shape[3]!;
  const C = i.x.shape[2]!;
  const scale = slips.noScale ? 1 : slips.scaleByModel ? Math.sqrt(C) : slips.scaleByWidth ? d : Math.sqrt(d);
  const scores = q.matmul(flip(k)).div(scale);
  const own = i.mask.rank === 3 && slips.firstMask ? i.mask.row(0) : i.mask;
  const four = own.rank === 3 && !slips.maskUnaligned ? own.expandDims(1) : own;
  const allowed = (slips.maskInverted ? four.neg().add(1) : four).broadcastTo(scores.shape);
  const attention = slips.noMask
    ? sharesIn(
        scores,
        allowed.map(() => 1),
      )
    : slips.zeroScores
      ? sharesIn(
          scores.mul(allowed),
          allowed.map(() => 1),
        )
      : sharesIn(scores, allowed);
  const merged = join(attention.matmul(v));
  const mixed = slips.noOutput ? merged : project(merged, w.wO, w.bO);
  const y = slips.residual ? mixed.add(i.x) : mixed;
  return { ...i, y: slips.noOutputBias ? y.sub(w.bO) : y, attention, q, k, v, merged, scale, which, h, g };
}

const splitInterleaved = (x: Tensor, h: number) => {
  const [B, T, C] = x.shape as [number, number, number];
  return x.reshape(B, T, C / h, h).transpose(0, 3, 1, 2);
};
const mergeInterleaved = (x: Tensor) => {
  const [B, h, T, d] = x.shape as [number, number, number, number];
  return x.transpose(0, 2, 3, 1).reshape(B, T, h * d);
};

/** Softmax of each row over what is allowed; rows in which nothing is are 0. */
export function sharesIn(scores: Tensor, allowed: Tensor): Tensor {
  const low = scores.map((s, at) => (allowed.data[at] === 1 ? s : -Infinity));
  const most = low.max(-1, { keepDims: true }).map((m) => (Number.isFinite(m) ? m : 0));
  const e = low.sub(most).exp();
  return e.div(e.sum(-1, { keepDims: true }).map((z) => z || 1));
}

export interface HeadBackSlips {
  splitByReshape?: boolean;
  mergeByReshape?: boolean;
  skipOutput?: boolean;
  /** What of the memory's two gradients is kept. */
  memory?: 'keys' | 'values' | 'mean';
  /** All three ways in dx. */
  memoryInX?: boolean;
  /** The gradients of keys' and values' weights under each other's name. */
  namesExchanged?: boolean;
  /** Keys sent back through wV, values through wK. */
  otherCache?: 'keys' | 'values' | 'both';
  noScale?: boolean;
  softmaxPassed?: boolean;
  weightsConstant?: boolean;
  /** How the gradients of copied heads are gathered. */
  gather?: 'mean' | 'first' | 'last';
  copyOf?: (n: number, h: number, g: number) => number;
  averaged?: boolean;
  noBiases?: boolean;
  outputFromInput?: boolean;
  queriesFromMemory?: boolean;
  /** What attention's backward gives for the keys is taken for the values', and the reverse. */
  keysForValues?: boolean;
  /** Only the queries' gradient is merged by reshape. */
  queriesByReshape?: boolean;
}

/** Back through multi-head attention. */
export function manyHeadsBack(dy: Tensor, run: ReturnType<typeof manyHeads>, slips: HeadBackSlips = {}) {
  const { weights: w, attention, q, k, v, h, g } = run;
  const divide = slips.splitByReshape ? splitCarelessly : splitInto;
  const join = slips.mergeByReshape ? mergeCarelessly : mergeOf;
  const out = linearBack(dy, slips.outputFromInput ? run.x : run.merged, w.wO);
  const da = divide(slips.skipOutput ? dy : out.dx, h);
  const dweights = da.matmul(flip(v));
  const pulled = slips.softmaxPassed
    ? dweights
    : attention.mul(dweights.sub(dweights.mul(attention).sum(-1, { keepDims: true })));
  const dscores = pulled.mul(slips.weightsConstant ? 0 : 1).div(slips.noScale ? 1 : run.scale);
  const which = slips.copyOf ? range(h, (n) => slips.copyOf!(n, h, g)) : run.which;
  const gathered = (d: Tensor) => {
    const times = h / g;
    if (slips.gather === 'first')
      return pickHeads(
        d,
        range(g, (n) => n * times),
      );
    if (slips.gather === 'last')
      return pickHeads(
        d,
        range(g, (n) => n * times + times - 1),
      );
    return slips.gather === 'mean' ? collect(d, which, g).div(times) : collect(d, which, g);
  };
  const joinQ = slips.queriesByReshape ? mergeCarelessly : join;
  const fromQ = linearBack(joinQ(dscores.matmul(k)), run.x, w.wQ);
  const pair = [join(gathered(flip(dscores).matmul(q))), join(gathered(flip(attention).matmul(da)))] as const;
  const [dk, dv] = slips.keysForValues ? [pair[1], pair[0]] : pair;
  const fromK = linearBack(dk, run.memory, slips.otherCache && slips.otherCache !== 'values' ? w.wV : w.wK);
  const fromV = linearBack(dv, run.memory, slips.otherCache && slips.otherCache !== 'keys' ? w.wK : w.wV);
  const [K, V] = slips.namesExchanged ? [fromV, fromK] : [fromK, fromV];
  const both = fromK.dx.add(fromV.dx);
  const dmemory =
    slips.memory === 'keys'
      ? fromK.dx
      : slips.memory === 'values'
        ? fromV.dx
        : slips.memory === 'mean'
          ? both.div(2)
          : both;
  const N = dy.shape[0]!;
  const weight = (t: Tensor) => (slips.averaged ? t.div(N) : t);
  const bias = (t: Tensor) => (slips.noBiases ? t.mul(0) : weight(t));
  return {
    dx: slips.memoryInX ? fromQ.dx.add(both) : fromQ.dx,
    dmemory,
    weights: {
      wQ: weight(fromQ.dw),
      bQ: bias(fromQ.db),
      wK: weight(K.dw),
      bK: bias(K.db),
      wV: weight(V.dw),
      bV: bias(V.db),
      wO: weight(out.dw),
      bO: bias(out.db),
    },
  };
}
