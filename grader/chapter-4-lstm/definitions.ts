/**
 * The cells of this chapter as their papers define them, one number at a time on the tape; and, beside them, LSTMs in
 * tensors into which students' slips can be switched, for the misconceptions.
 */
import { concat, split, stack, zeros, Tensor } from '#tensor';
import { range, sum, table, Var, VarTensor, type Lifted } from '../engine/index.ts';

/** Parameters of one recurrent layer: rows of wIh and wHh in blocks, one per gate. */
export interface Weights {
  wIh: Tensor;
  wHh: Tensor;
  bIh: Tensor;
  bHh: Tensor;
}
export interface State {
  h: Tensor;
  c: Tensor;
}
export interface Layer extends Weights {
  wHr?: Tensor;
}

export { smooth } from '../engine/index.ts';

/** x_t of a sequence (T, B, …). */
export const moment = (x: VarTensor, t: number): VarTensor => table(x.shape.slice(1), (b, j) => x.at(t, b!, j!));

/** (T, B, …) from its moments. */
export const sequence = (moments: VarTensor[]): VarTensor =>
  new VarTensor(
    [moments.length, ...moments[0]!.shape],
    moments.flatMap((m) => m.data),
  );

/** Σ_j x_bj w_kj + b_k */
export const affine = (x: VarTensor, w: VarTensor, bias: VarTensor, b: number, k: number): Var =>
  sum([...range(x.shape[1]!, (j) => x.at(b, j).mul(w.at(k, j))), bias.at(k)]);

/** One step of an LSTM. */
export function lstmCell(x: VarTensor, h: VarTensor, c: VarTensor, w: Lifted<Weights>): { h: VarTensor; c: VarTensor } {
  const [B, H] = [c.shape[0]!, c.shape[1]!];
  const before = (gate: number, b: number, k: number) =>
    affine(x, w.wIh, w.bIh, b, gate * H + k).add(affine(h, w.wHh, w.bHh, b, gate * H + k));
  const cNew = table([B, H], (b, k) => {
    const input = before(0, b!, k!).sigmoid();
    const forget = before(1, b!, k!).sigmoid();
    const candidate = before(2, b!, k!).tanh();
    return forget.mul(c.at(b!, k!)).add(input.mul(candidate));
  });
  const hNew = table([B, H], (b, k) => before(3, b!, k!).sigmoid().mul(cNew.at(b!, k!).tanh()));
  return { h: hNew, c: cNew };
}

/** One layer of an LSTM through time, its output projected where there is a projection. */
export function lstmLayer(x: VarTensor, start: Lifted<State>, layer: Lifted<Layer>) {
  let { h, c } = start;
  const outputs = range(x.shape[0]!, (t) => {
    const next = lstmCell(moment(x, t), h, c, layer);
    c = next.c;
    const r = layer.wHr;
    h = r
      ? table([next.h.shape[0]!, r.shape[0]!], (b, p) =>
          sum(range(r.shape[1]!, (k) => next.h.at(b!, k).mul(r.at(p!, k)))),
        )
      : next.h;
    return h;
  });
  return { y: sequence(outputs), state: { h, c } };
}

/** Numbers on a grid of quarters between −1 and 1 without a pattern that a mistake could share. */
export function filled(seed: number, ...shape: number[]): Tensor {
  let at = seed;
  const next = () => (at = (at * 75 + 74) % 65537);
  return zeros(...shape).map(() => ((next() % 9) - 4) / 4);
}

/** Weights of an LSTM from D to H. */
export const weightsLike = (seed: number, D: number, H: number) => ({
  wIh: filled(seed, 4 * H, D),
  wHh: filled(seed + 1, 4 * H, H),
  bIh: filled(seed + 2, 4 * H),
  bHh: filled(seed + 3, 4 * H),
});

// In tensors, with switches. A switch that is off does nothing.

const sigmoid = (x: Tensor) => x.map((v) => (v >= 0 ? 1 / (1 + Math.exp(-v)) : Math.exp(v) / (1 + Math.exp(v))));
/** s (1 − s) and 1 − t² */
const slopeS = (s: Tensor) => s.mul(s.neg().add(1));
const slopeT = (t: Tensor) => t.square().neg().add(1);

export interface StepSlips {
  /** Which block is taken for i, f, g and o. */
  order?: [number, number, number, number];
  /** The candidate's function. */
  candidate?: 'sigmoid';
  noOutputTanh?: boolean;
  oldCellOut?: boolean;
  coupled?: boolean;
  ungatedWrite?: boolean;
  noWrite?: boolean;
  /** The old cell stays as it is, or 1 − f of it does. */
  keep?: 'all' | 'rest';
  without?: 'bIh' | 'bHh' | 'both';
  /** The gates' rows taken in turn, unit by unit. */
  interleaved?: boolean;
  shown?: 'sigmoid' | 'tanhAfterGate';
  squashedCell?: boolean;
}

export interface StepMemory {
  x: Tensor;
  h: Tensor;
  c: Tensor;
  i: Tensor;
  f: Tensor;
  g: Tensor;
  o: Tensor;
  cNew: Tensor;
  weights: Weights;
}

export function step(x: Tensor, h: Tensor, c: Tensor, weights: Weights, slips: StepSlips = {}) {
  const [a0, a1, a2, a3] = slips.order ?? [0, 1, 2, 3];
  const [fromX, fromH] = [x.matmul(weights.wIh.T), h.matmul(weights.wHh.T)];
  const bias = (b: Tensor, name: string) => (slips.without === name || slips.without === 'both' ? b.mul(0) : b);
  const a = fromX.add(bias(weights.bIh, 'bIh')).add(fromH).add(bias(weights.bHh, 'bHh'));
  const blocks = slips.interleaved
    ? range(4, (k) => a.reshape(a.shape[0]!, -1, 4).slice(null, null, k))
    : split(a, 4, 1);
  const [i, f, o] = [a0, a1, a3].map((k) => sigmoid(blocks[k]!)) as [Tensor, Tensor, Tensor];
  const g = slips.candidate === 'sigmoid' ? sigmoid(blocks[a2]!) : blocks[a2]!.tanh();
  const write = slips.coupled ? f.neg().add(1).mul(g) : slips.ungatedWrite ? g : i.mul(g).mul(slips.noWrite ? 0 : 1);
  const kept = slips.keep === 'all' ? c : slips.keep === 'rest' ? f.neg().add(1).mul(c) : f.mul(c);
  const cNew = kept.add(write);
  const seen = slips.oldCellOut ? c.tanh() : slips.noOutputTanh ? cNew : cNew.tanh();
  const shown =
    slips.shown === 'sigmoid'
      ? o.mul(sigmoid(cNew))
      : slips.shown === 'tanhAfterGate'
        ? o.mul(cNew).tanh()
        : o.mul(seen);
  const memory: StepMemory = { x, h, c, i, f, g, o, cNew, weights };
  return { h: shown, c: slips.squashedCell ? cNew.tanh() : cNew, memory };
}

export interface BackSlips {
  forgetSees?: 'newCell' | 'tanhCell';
  /** What stands in place of 1 − tanh²(c′). */
  cellSlope?: 'raw' | 'none' | 'notSquared' | 'oldCell';
  /** On the way from h′ to the cell. */
  noOutputGate?: boolean;
  nextThroughTanh?: boolean;
  candidateSlope?: 'sigmoid' | 'none';
  gateSlope?: 'tanh' | 'none';
  /** The output gate's gradient is not sent through its sigmoid; those of the others are. */
  outputFlat?: boolean;
  /** What came from the next step is handed back as it came, besides the whole through f. */
  nextTwice?: boolean;
  /** wHh's gradient is made with the hidden state after the step. */
  newHidden?: boolean;
  outputFromCell?: boolean;
  nextGatedOnly?: boolean;
  squashedTwice?: boolean;
  cellFromHidden?: boolean;
  cellFromNext?: boolean;
  cellUngated?: boolean;
  outputSeesRawCell?: boolean;
  order?: [number, number, number, number];
  biasNotSummed?: boolean;
  biasAveraged?: boolean;
  allAveraged?: boolean;
}

export function stepBack(dh: Tensor, dc: Tensor, m: StepMemory, slips: BackSlips = {}) {
  const tanhC = m.cNew.tanh();
  const flat = m.c.mul(0).add(1);
  const slopes = {
    raw: slopeT(m.cNew),
    none: flat,
    notSquared: tanhC.neg().add(1),
    oldCell: slopeT(m.c.tanh()),
    right: slopeT(tanhC),
  };
  const slope = slopes[slips.cellSlope ?? 'right'];
  const shown = slips.noOutputGate ? dh : dh.mul(m.o);
  const through = shown.mul(slope);
  const both = slips.nextThroughTanh ? shown.add(dc).mul(slope) : through.add(dc);
  const delta = slips.cellFromHidden ? through : slips.cellFromNext ? dc : both;
  const gateSlopes = { tanh: slopeT, none: () => flat, right: slopeS };
  const gate = (s: Tensor) => gateSlopes[slips.gateSlope ?? 'right'](slips.squashedTwice ? sigmoid(s) : s);
  const candidateSlopes = { sigmoid: slopeS, none: () => flat, right: slopeT };
  const candidate = candidateSlopes[slips.candidateSlope ?? 'right'];
  const seenByForget = { newCell: m.cNew, tanhCell: tanhC, right: m.c }[slips.forgetSees ?? 'right'];
  const blocks = [
    delta.mul(m.g).mul(gate(m.i)),
    delta.mul(seenByForget).mul(gate(m.f)),
    delta.mul(m.i).mul(candidate(slips.squashedTwice ? m.g.tanh() : m.g)),
    (slips.outputFromCell ? delta : dh)
      .mul(slips.outputSeesRawCell ? m.cNew : tanhC)
      .mul(slips.outputFlat ? flat : gate(m.o)),
  ];
  const da = concat(
    (slips.order ?? [0, 1, 2, 3]).map((k) => blocks[k]!),
    1,
  );
  const db = slips.biasNotSummed ? da : slips.biasAveraged || slips.allAveraged ? da.mean(0) : da.sum(0);
  const share = slips.allAveraged ? 1 / m.x.shape[0]! : 1;
  const old = slips.cellUngated ? delta : (slips.nextGatedOnly ? dc : delta).mul(m.f);
  const met = slips.newHidden ? m.o.mul(tanhC) : m.h;
  return {
    dx: da.matmul(m.weights.wIh),
    dh: da.matmul(m.weights.wHh),
    dc: slips.nextTwice ? old.add(dc) : old,
    weights: { wIh: da.T.matmul(m.x).mul(share), wHh: da.T.matmul(met).mul(share), bIh: db, bHh: db },
    da,
  };
}

export interface LayerSlips {
  /** The recurrence reads what lstmStep returned. */
  rawRecurrence?: boolean;
  rawOutputs?: boolean;
  rawFinal?: boolean;
  /** Each step starts from the first state, or from the first cell state. */
  forgetState?: boolean;
  forgetCell?: boolean;
  forgetHidden?: boolean;
  /** The cell is never changed, and returned as it came; `'projected'`: where there is a projection. */
  keepsCell?: 'always' | 'projected';
  /** Both states begin with zeros, or the cell alone does. */
  zeroStart?: boolean;
  zeroCell?: boolean;
  /** h is given to the step as c, and c as h. */
  exchanged?: boolean;
  /** The inputs are read from the last to the first. */
  fromTheEnd?: boolean;
  /** What is projected, and whether it is squashed. */
  projects?: 'cell' | 'tanhCell';
  squashedView?: boolean;
  unprojected?: boolean;
}

/** One layer through time; `y` also as a list of moments. */
export function layer(x: Tensor, start: State, parameters: Layer, slips: LayerSlips = {}) {
  const zero = (s: Tensor) => s.mul(0);
  const first = {
    h: slips.zeroStart ? zero(start.h) : start.h,
    c: slips.zeroStart || slips.zeroCell ? zero(start.c) : start.c,
  };
  let { h, c } = first;
  const raw: Tensor[] = [];
  const outputs: Tensor[] = [];
  const cells: Tensor[] = [];
  const memories: StepMemory[] = [];
  let shownLast = h;
  for (let t = 0; t < x.shape[0]!; t++) {
    const from = {
      h: slips.forgetState || slips.forgetHidden ? first.h : h,
      c: slips.forgetState || slips.forgetCell ? first.c : c,
    };
    const at = x.row(slips.fromTheEnd ? -1 - t : t);
    const next = slips.exchanged ? step(at, from.c, from.h, parameters) : step(at, from.h, from.c, parameters);
    const wide = slips.projects === 'cell' ? next.c : slips.projects === 'tanhCell' ? next.c.tanh() : next.h;
    const view = parameters.wHr && !slips.unprojected ? wide.matmul(parameters.wHr.T) : next.h;
    const shown = parameters.wHr && slips.squashedView ? view.tanh() : view;
    h = slips.rawRecurrence ? next.h : shown;
    if (!slips.keepsCell || (slips.keepsCell === 'projected' && !parameters.wHr)) c = next.c;
    raw.push(next.h);
    shownLast = shown;
    outputs.push(slips.rawOutputs ? next.h : shown);
    cells.push(c);
    memories.push(next.memory);
  }
  const state = { h: slips.rawFinal ? raw.at(-1)! : shownLast, c };
  return { y: stack(outputs), state, raw, cells, memories, parameters };
}

export interface TimeSlips {
  /** No gradient crosses from a step to the one before it; what the first step leaves is zero as well. */
  dropCell?: boolean;
  dropHidden?: boolean;
  /** The same, but what the first step leaves is returned. */
  cellStays?: 'zero' | 'final';
  hiddenStays?: 'zero' | 'final';
  /** What a step back returns is never used: the given one enters every step, and is returned for the first state. */
  neverBack?: 'hidden' | 'cell';
  /** What a step back returns is added to what went in. */
  piles?: 'hidden' | 'cell' | 'both';
  /** The parameters' gradients are means over time. */
  meanShare?: boolean;
  upstreamIgnored?: boolean;
  upstreamReversed?: boolean;
  startsExchanged?: boolean;
  noFinalHidden?: boolean;
  noFinalCell?: boolean;
  /** The upstream gradient counts at the last step only. */
  lastUpstreamOnly?: boolean;
  /** Every step's share of wIh's gradient is taken with the last input. */
  lastInput?: boolean;
  /** Only one step's share is kept: that of the last step, or that of the first (written over). */
  keepShare?: 'last' | 'first';
  biasShare?: 'last' | 'first';
  inputShare?: 'last' | 'first';
  noStart?: boolean;
  computedOrder?: boolean;
  upwards?: boolean;
  stateNotAdded?: boolean;
  step?: BackSlips;
  // With a projection.
  projectionSees?: 'cell' | 'tanhCell';
  projectionShare?: 'last' | 'first';
  /** Its gradient is made from dy_t alone. */
  projectionHears?: 'output';
  noProjection?: boolean;
  pastProjection?: boolean;
  /** What goes down to the layer below is the gradient of the hidden state. */
  hiddenDown?: boolean;
}

type Run = ReturnType<typeof layer>;

export function layerBack(dy: Tensor, dstate: State, run: Run, slips: TimeSlips = {}) {
  const T = run.memories.length;
  const none = (s: Tensor) => s.mul(0);
  const wHr = run.parameters.wHr;
  let dh = slips.noFinalHidden ? none(dstate.h) : dstate.h;
  let dc = slips.noFinalCell ? none(dstate.c) : dstate.c;
  const times = range(T, (k) => (slips.upwards ? k : T - 1 - k));
  const shares: (Layer & { dx: Tensor })[] = [];
  for (const [k, t] of times.entries()) {
    const upstream = dy.row(slips.upstreamReversed ? T - 1 - t : t);
    const own = slips.upstreamIgnored || (slips.lastUpstreamOnly && t < T - 1) ? none(upstream) : upstream;
    if (k > 0 && slips.cellStays) dc = slips.cellStays === 'zero' ? none(dc) : dstate.c;
    if (k > 0 && slips.hiddenStays) dh = slips.hiddenStays === 'zero' ? none(dh) : dstate.h;
    const out = slips.pastProjection ? own : slips.stateNotAdded && k > 0 ? dh : own.add(dh);
    let du = wHr && !slips.noProjection ? out.matmul(wHr) : out;
    if (slips.pastProjection) du = du.add(dh);
    const m = run.memories[t]!;
    const back = stepBack(du, dc, m, slips.step);
    const piled = (which: 'hidden' | 'cell') => slips.piles === which || slips.piles === 'both';
    if (slips.neverBack !== 'hidden')
      dh = slips.dropHidden ? none(back.dh) : piled('hidden') ? dh.add(back.dh) : back.dh;
    if (slips.neverBack !== 'cell') dc = slips.dropCell ? none(back.dc) : piled('cell') ? dc.add(back.dc) : back.dc;
    const lastX = run.memories[T - 1]!.x;
    const wIh = slips.lastInput ? back.da.T.matmul(lastX) : back.weights.wIh;
    const dx = slips.hiddenDown ? back.dh : back.dx;
    const seen =
      slips.projectionSees === 'cell'
        ? run.cells[t]!
        : slips.projectionSees === 'tanhCell'
          ? run.cells[t]!.tanh()
          : run.raw[t]!;
    const met = slips.projectionHears === 'output' ? own : out;
    shares.push({ ...back.weights, wIh, dx, ...(wHr && { wHr: met.T.matmul(seen) }) });
  }
  const inTime = [...shares].sort((a, b) => times[shares.indexOf(a)]! - times[shares.indexOf(b)]!);
  const add = (list: Tensor[]) => list.reduce((a, b) => a.add(b));
  const total = (name: keyof Layer) => {
    const all = inTime.map((s) => s[name]!);
    const kept =
      slips.keepShare ??
      (name === 'wHr' ? slips.projectionShare : name.startsWith('b') ? slips.biasShare : undefined) ??
      (name === 'wIh' ? slips.inputShare : undefined);
    return kept === 'last' ? all.at(-1)! : kept === 'first' ? all[0]! : slips.meanShare ? add(all).div(T) : add(all);
  };
  const parameters = {
    wIh: total('wIh'),
    wHh: total('wHh'),
    bIh: total('bIh'),
    bHh: total('bHh'),
    ...(wHr && { wHr: total('wHr') }),
  };
  return {
    dx: stack((slips.computedOrder ? shares : inTime).map((s) => s.dx)),
    dstate: slips.noStart ? { h: none(dh), c: none(dc) } : slips.startsExchanged ? { h: dc, c: dh } : { h: dh, c: dc },
    layer: parameters as Layer,
  };
}
