/**
 * Chapter 7, topic 1: the router. A mixture of experts has many feed-forward layers and uses a few of them for each token. Who
 * works on which token, and how much each says, is decided by one small matrix, and learned like everything else.
 *
 * T counts tokens (a batch of sequences is one list of them), E experts, k the experts of one token.
 */
import { ShapeError, Tensor, showShape } from '#tensor';
import { softmaxBackward, softmaxForward, softplusBackward, softplusForward } from '../chapter-2-bp/activations.ts';
import type { SoftplusCache } from '../chapter-2-bp/activations.ts';

/**
 * What a chosen expert's word weighs: 'renormalised', its share among the k chosen ones, or 'raw', its probability among all
 * experts, as in the Switch Transformer.
 */
export type GateForm = 'renormalised' | 'raw';

export interface NoisyLogitsCache {
  /** (T, C) */
  x: Tensor;
  /** (E, C) */
  wGate: Tensor;
  /** (E, C) */
  wNoise: Tensor;
  /** (T, E) */
  noise: Tensor;
  softplus: SoftplusCache;
}

export interface GateCache {
  form: GateForm;
  /** (T, k) in rows */
  chosen: number[][];
  /** (T, E) softmax of all logits */
  probabilities: Tensor;
  /** (T, k) */
  gates: Tensor;
}

/**
 * The router's logits, with learned noise: in training each token now and then tries another expert.
 *
 *   logits = x wGateᵀ + noise ⊙ softplus(x wNoiseᵀ)      (T, E)      softplus(z) = log(1 + e^z)
 *
 * The noise is given: standard normal numbers in training, zeros when the model is used.
 *
 * @param x      (T, C) tokens
 * @param wGate  (E, C) one row for each expert; no bias
 * @param wNoise (E, C) how much noise, depending on the token
 * @param noise  (T, E)
 * @returns logits (T, E), and the cache for noisyLogitsBackward
 * @throws ShapeError when the shapes do not fit
 * @see Shazeer et al. 2017, "Outrageously large neural networks: the sparsely-gated mixture-of-experts layer", eq. 4
 */
export function noisyLogitsForward(
  x: Tensor,
  wGate: Tensor,
  wNoise: Tensor,
  noise: Tensor,
): { logits: Tensor; cache: NoisyLogitsCache } {
  // #region noisyLogitsForward
  const clean = x.matmul(wGate.T);
  if (!noise.sameShape(clean) || !wNoise.sameShape(wGate)) {
    const [a, b] = [noise, wNoise].map((t) => showShape(t.shape));
    throw new ShapeError(`noisyLogitsForward: noise ${a} and wNoise ${b} for logits ${showShape(clean.shape)}`);
  }
  const { y: size, cache: softplus } = softplusForward(x.matmul(wNoise.T));
  return { logits: clean.add(noise.mul(size)), cache: { x, wGate, wNoise, noise, softplus } };
  // #endregion
}

/**
 * The gradients of the noisy logits; the noise itself is a constant.
 *
 * @param dlogits (T, E) upstream gradient of the logits
 * @param cache   from noisyLogitsForward
 * @returns dx (T, C), dwGate (E, C), dwNoise (E, C)
 */
export function noisyLogitsBackward(
  dlogits: Tensor,
  cache: NoisyLogitsCache,
): { dx: Tensor; dwGate: Tensor; dwNoise: Tensor } {
  // #region noisyLogitsBackward
  const { x, wGate, wNoise, noise, softplus } = cache;
  const draw = softplusBackward(dlogits.mul(noise), softplus);
  return {
    dx: dlogits.matmul(wGate).add(draw.matmul(wNoise)),
    dwGate: dlogits.T.matmul(x),
    dwNoise: draw.T.matmul(x),
  };
  // #endregion
}

/**
 * The k best experts of every token.
 *
 * @param logits (T, E)
 * @param k      a whole number from 1 to E
 * @returns (T, k) in rows: experts in the order of falling logits; of equal logits the smaller index first
 * @throws RangeError when k is not a whole number from 1 to E
 */
export function chooseExperts(logits: Tensor, k: number): number[][] {
  // #region chooseExperts
  const [T, E] = logits.shape;
  if (!Number.isInteger(k) || k < 1 || k > E) throw new RangeError(`chooseExperts: ${k} of ${E} experts`);
  return Array.from({ length: T }, (_, t) => {
    const row = logits.row(t).data;
    return Array.from(row.keys())
      .sort((a, b) => row[b] - row[a] || a - b)
      .slice(0, k);
  });
  // #endregion
}

/**
 * The gates: how much each chosen expert's word weighs.
 *
 *   p      = softmax(logits) of each token, over all E experts                            (T, E)
 *   raw:            gates_ts = p[t, chosen_ts]                                            (T, k)
 *   renormalised:   gates_ts = p[t, chosen_ts] / Σ_s′ p[t, chosen_ts′]                    (T, k)      each row sums to 1
 *
 * The renormalised gates are just the softmax over the k chosen logits.
 *
 * @param logits (T, E), any finite numbers, ±1000 too
 * @param chosen (T, k) in rows, from chooseExperts
 * @param form   'renormalised' or 'raw'
 * @returns gates (T, k), probabilities p (T, E), and the cache for gateBackward
 * @see Fedus, Zoph & Shazeer 2022 (Switch Transformer), eq. 2, for 'raw'; Lepikhin et al. 2021 (GShard), algorithm 1, for
 *      'renormalised'
 */
export function gateForward(
  logits: Tensor,
  chosen: number[][],
  form: GateForm,
): { gates: Tensor; probabilities: Tensor; cache: GateCache } {
  // #region gateForward
  const { y: probabilities } = softmaxForward(logits);
  const gates = form === 'raw' ? pickChosen(probabilities, chosen) : softmaxForward(pickChosen(logits, chosen)).y;
  return { gates, probabilities, cache: { form, chosen, probabilities, gates } };
  // #endregion
}

/**
 * The gradient of the gates. Which experts were chosen is not differentiable, and a small change does not alter it; how much
 * they weigh is.
 *
 *   raw:            the softmax over all E: also the logits of experts that were not chosen get a gradient
 *   renormalised:   the softmax over the k chosen: the others get 0. With k = 1 the gate is always 1, and all gradients are 0
 *
 * @param dgates (T, k) upstream gradient of the gates
 * @param cache  from gateForward
 * @returns dlogits (T, E)
 */
export function gateBackward(dgates: Tensor, cache: GateCache): Tensor {
  // #region gateBackward
  const { form, chosen, probabilities, gates } = cache;
  const E = probabilities.shape[1];
  if (form === 'raw') return softmaxBackward(placeChosen(dgates, chosen, E), { y: probabilities });
  return placeChosen(softmaxBackward(dgates, { y: gates }), chosen, E);
  // #endregion
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
