/**
 * Chapter 7, topic 3: keeping the experts busy.
 *
 * Style: token by token with plain numbers; in the way back the sum over the experts written out.
 */
import { Tensor } from '#tensor';

export interface BalanceCache {
  probabilities: Tensor;
  fractions: Tensor;
}

export interface ZLossCache {
  probabilities: Tensor;
  logSum: Tensor;
}

/** Of each token the logarithm of the sum of exponentials, (T, 1), and the softmax, (T, E). */
function normalised(logits: Tensor): { logSum: Tensor; probabilities: Tensor } {
  const [T, E] = logits.shape;
  const logSum = new Float64Array(T);
  const probabilities = new Float64Array(T * E);
  for (let t = 0; t < T; t++) {
    const row = logits.data.subarray(t * E, (t + 1) * E);
    const top = Math.max(...row);
    let sum = 0;
    for (const z of row) sum += Math.exp(z - top);
    logSum[t] = Math.log(sum) + top;
    row.forEach((z, e) => {
      probabilities[t * E + e] = Math.exp(z - top) / sum;
    });
  }
  return { logSum: new Tensor([T, 1], logSum), probabilities: new Tensor([T, E], probabilities) };
}

export function assignmentFractions(chosen: number[][], experts: number): Tensor {
  const all = chosen.flat();
  const share = (e: number) => all.filter((c) => c === e).length / all.length;
  return new Tensor(
    [experts],
    Array.from({ length: experts }, (_, e) => share(e)),
  );
}

export function balanceLossForward(logits: Tensor, chosen: number[][]): { loss: number; cache: BalanceCache } {
  const [T, E] = logits.shape;
  const fractions = assignmentFractions(chosen, E);
  const { probabilities } = normalised(logits);
  let total = 0;
  probabilities.data.forEach((p, i) => {
    total += fractions.data[i % E] * p;
  });
  return { loss: (E / T) * total, cache: { probabilities, fractions } };
}

export function balanceLossBackward(cache: BalanceCache): Tensor {
  const { probabilities: p, fractions: f } = cache;
  const [T, E] = p.shape;
  const dlogits = new Float64Array(T * E);
  for (let t = 0; t < T; t++) {
    let expected = 0;
    for (let e = 0; e < E; e++) expected += f.at(e) * p.at(t, e);
    for (let e = 0; e < E; e++) dlogits[t * E + e] = (E / T) * p.at(t, e) * (f.at(e) - expected);
  }
  return new Tensor([T, E], dlogits);
}

export function zLossForward(logits: Tensor): { loss: number; cache: ZLossCache } {
  const { logSum, probabilities } = normalised(logits);
  const T = logSum.size;
  const loss = logSum.data.reduce((sum, z) => sum + (z * z) / T, 0);
  return { loss, cache: { probabilities, logSum } };
}

export function zLossBackward(cache: ZLossCache): Tensor {
  const { probabilities, logSum } = cache;
  const [T, E] = probabilities.shape;
  return probabilities.map((p, i) => (2 * p * logSum.data[Math.floor(i / E)]) / T);
}
