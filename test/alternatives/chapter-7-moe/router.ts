/**
 * Chapter 7, topic 1: the router.
 *
 * Style: no function of chapter 2; softplus, sigmoid and softmax by hand; the best experts one after the other.
 */
import { ShapeError, Tensor, showShape } from '#tensor';
import type { SoftplusCache } from '../chapter-2-bp/activations.ts';

export type GateForm = 'renormalised' | 'raw';

export interface NoisyLogitsCache {
  x: Tensor;
  wGate: Tensor;
  wNoise: Tensor;
  noise: Tensor;
  softplus: SoftplusCache;
}

export interface GateCache {
  form: GateForm;
  chosen: number[][];
  probabilities: Tensor;
  gates: Tensor;
}

const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

function sigmoid(z: number): number {
  const e = Math.exp(-Math.abs(z));
  return z >= 0 ? 1 / (1 + e) : e / (1 + e);
}

function softmax(row: number[]): number[] {
  const top = row.reduce((a, b) => Math.max(a, b));
  const powers = row.map((z) => Math.exp(z - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

const rowsOf = (x: Tensor): number[][] => x.toArray() as number[][];

export function noisyLogitsForward(
  x: Tensor,
  wGate: Tensor,
  wNoise: Tensor,
  noise: Tensor,
): { logits: Tensor; cache: NoisyLogitsCache } {
  const [T, C] = x.shape;
  const [E, width] = wGate.shape;
  const fits = x.rank === 2 && wGate.rank === 2 && width === C && wNoise.sameShape(wGate);
  if (!fits || noise.rank !== 2 || noise.shape[0] !== T || noise.shape[1] !== E) {
    const shapes = [x, wGate, wNoise, noise].map((t) => showShape(t.shape));
    throw new ShapeError(`noisyLogitsForward: these do not fit together: ${shapes.join(', ')}`);
  }
  const clean = x.matmul(wGate.T);
  const raw = x.matmul(wNoise.T);
  const logits = clean.map((value, i) => value + softplus(raw.data[i]) * noise.data[i]);
  return { logits, cache: { x, wGate, wNoise, noise, softplus: { x: raw } } };
}

export function noisyLogitsBackward(
  dlogits: Tensor,
  cache: NoisyLogitsCache,
): { dx: Tensor; dwGate: Tensor; dwNoise: Tensor } {
  const { x, wGate, wNoise, noise } = cache;
  const slope = x.matmul(wNoise.T).map(sigmoid);
  const draw = slope.mul(noise).mul(dlogits);
  const dx = dlogits.matmul(wGate).add(draw.matmul(wNoise));
  const [dwGate, dwNoise] = [dlogits, draw].map((d) => x.T.matmul(d).T);
  return { dx, dwGate, dwNoise };
}

export function chooseExperts(logits: Tensor, k: number): number[][] {
  const [, E] = logits.shape;
  if (!Number.isInteger(k) || k < 1 || k > E) throw new RangeError(`chooseExperts: ${k} of ${E} experts`);
  return rowsOf(logits).map((row) => {
    const chosen: number[] = [];
    while (chosen.length < k) {
      let best = -1;
      for (let e = 0; e < E; e++) {
        if (chosen.includes(e)) continue;
        if (best < 0 || row[e] > row[best]) best = e;
      }
      chosen.push(best);
    }
    return chosen;
  });
}

export function gateForward(
  logits: Tensor,
  chosen: number[][],
  form: GateForm,
): { gates: Tensor; probabilities: Tensor; cache: GateCache } {
  const rows = rowsOf(logits);
  const p = rows.map(softmax);
  const g = chosen.map((experts, t) =>
    form === 'raw' ? experts.map((e) => p[t][e]) : softmax(experts.map((e) => rows[t][e])),
  );
  const probabilities = new Tensor([...logits.shape], p.flat());
  const gates = new Tensor([chosen.length, chosen[0].length], g.flat());
  return { gates, probabilities, cache: { form, chosen, probabilities, gates } };
}

export function gateBackward(dgates: Tensor, cache: GateCache): Tensor {
  const { form, chosen, probabilities, gates } = cache;
  const [T, E] = probabilities.shape;
  const dlogits = new Float64Array(T * E);
  for (let t = 0; t < T; t++) {
    const experts = chosen[t];
    experts.forEach((e, s) => {
      const pull = dgates.at(t, s) * gates.at(t, s);
      dlogits[t * E + e] += pull;
      if (form === 'raw') {
        for (let other = 0; other < E; other++) dlogits[t * E + other] -= pull * probabilities.at(t, other);
      } else {
        experts.forEach((other, r) => {
          dlogits[t * E + other] -= pull * gates.at(t, r);
        });
      }
    });
  }
  return new Tensor([T, E], dlogits);
}

/** (T, E) and (T, k) in rows -> (T, k): the entries at the chosen places. */
export function pickChosen(x: Tensor, chosen: number[][]): Tensor {
  const rows = chosen.map((row, t) => row.map((e) => x.at(t, e)));
  return new Tensor([rows.length, rows[0].length], rows.flat());
}

/** The way back: (T, k) -> (T, E), zeros where nothing was chosen. */
export function placeChosen(x: Tensor, chosen: number[][], E: number): Tensor {
  const data = new Float64Array(chosen.length * E);
  chosen.forEach((row, t) => row.forEach((e, s) => (data[t * E + e] += x.at(t, s))));
  return new Tensor([chosen.length, E], data);
}
