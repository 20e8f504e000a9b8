/** Attention as its paper defines it, one number at a time on the tape: what the other definitions of this chapter compose. */
import { Tensor } from '#tensor';
import { dot, range, softmax, table, Var, VarTensor } from '../engine/index.ts';

export { smooth } from '../engine/index.ts';

/** The part of a tensor at the given indices of its first axes: of (B, T, d) at b, the (T, d). */
export function part(x: VarTensor, ...index: number[]): VarTensor {
  const shape = x.shape.slice(index.length);
  const size = shape.reduce((a, b) => a * b, 1);
  const first = size * index.reduce((at, i, axis) => at * x.shape[axis]! + i, 0);
  return new VarTensor(shape, x.data.slice(first, first + size));
}

/** Parts of one shape as a tensor with one axis more, the first. */
export const stacked = (parts: VarTensor[]): VarTensor =>
  new VarTensor(
    [parts.length, ...parts[0]!.shape],
    parts.flatMap((p) => p.data),
  );

/** The rows of a matrix. */
export const rowsOf = (w: VarTensor) => range(w.shape[0]!, (k) => w.data.slice(k * w.shape[1]!, (k + 1) * w.shape[1]!));

/** A tensor from its parts at every index of the first axes: `leading([B, h], (b, i) => …)` is (B, h, …). */
export function leading(axes: readonly number[], of: (...index: number[]) => VarTensor): VarTensor {
  const [first, ...rest] = axes;
  return first === undefined ? of() : stacked(range(first, (i) => leading(rest, (...index) => of(i, ...index))));
}

/** The softmax of the scores that count; 0 for the others, and for all of them where none counts. */
export function shares(scores: readonly Var[], counts: readonly boolean[]): Var[] {
  const kept = softmax(scores.filter((_, j) => counts[j]));
  return counts.map((count) => (count ? kept.shift()! : new Var(0)));
}

/** Shares for each row of scores (T, S), under a mask of 1 and 0 that broadcasts to them. */
export function sharesOfRows(scores: VarTensor, mask: Tensor): VarTensor {
  const [T, S] = scores.shape as [number, number];
  const allowed = mask.broadcastTo([T, S]);
  const rows = range(T, (i) =>
    shares(
      range(S, (j) => scores.at(i, j)),
      range(S, (j) => allowed.data[i * S + j] === 1),
    ),
  );
  return table([T, S], (i, j) => rows[i!]![j!]!);
}

/**
 * Scaled dot-product attention of one sequence and one head: q (T, d_k), k (S, d_k), v (S, d_v), and a mask of 1 and 0 that
 * broadcasts to (T, S). The mask is plain; nothing is differentiated by it.
 */
export function attended(q: VarTensor, k: VarTensor, v: VarTensor, mask: Tensor) {
  const [T, d] = q.shape as [number, number];
  const S = k.shape[0]!;
  const [asks, answers] = [rowsOf(q), rowsOf(k)];
  const scores = table([T, S], (i, j) => dot(asks[i!]!, answers[j!]!).div(Math.sqrt(d)));
  const weights = sharesOfRows(scores, mask);
  const taken = rowsOf(weights);
  const columns = range(v.shape[1]!, (c) => range(S, (j) => v.at(j, c)));
  const y = table([T, v.shape[1]!], (i, c) => dot(taken[i!]!, columns[c!]!));
  return { y, weights };
}

/** How many axes a function is tried with: one sequence, a batch, a batch with heads. Drawn are always four, and cut to so many. */
export const AXES = [2, 3, 4];
export const cutTo = (x: Tensor, axes: number): Tensor =>
  axes === 4 ? x : axes === 3 ? x.slice(null, 0) : x.slice(0, 0);
