/**
 * The detours of this chapter as their papers define them, on the tape: LoRA as the matrix it amounts to, and attention and a
 * GPT whose parts can be handed in. Where a slip is a gradient's, the values stay and the gradient takes another way.
 */
import type { Tensor } from '#tensor';
import { Tensor as Matrix } from '#tensor';
import { dot, range, table, VarTensor, type Input, type Lifted, type Sizes } from '../engine/index.ts';
import { attended } from '../chapter-5-transformer/definitions.ts';
import { projected } from '../chapter-5-transformer/definitions-blocks.ts';
import {
  embedded,
  normed,
  wrapped,
  type Block,
  type Gpt,
  type Settings,
} from '../chapter-5-transformer/definitions-gpt.ts';
import { feeding, type Layer } from '../chapter-5-transformer/definitions-layers.ts';

export { filled } from '../chapter-5-transformer/definitions-blocks.ts';
export { heard, unheard } from '../chapter-5-transformer/definitions-layers.ts';

/** A (r, in) and B (out, r). */
export type Lora = { A: Tensor; B: Tensor };

/** Inputs on the tape, but for those that are no variables. */
export type Plain<I, K extends keyof I> = Lifted<Omit<I, K>> & Pick<I, K>;
export type Up<I> = I & { dy: Tensor };

/** The sum of two tensors of one shape, entry by entry. */
export const added = (a: VarTensor, b: VarTensor) =>
  new VarTensor(
    a.shape,
    a.data.map((v, i) => v.add(b.data[i]!)),
  );

/** w′_kj = w_kj + s Σ_i B_ki A_ij (Hu et al. 2022, eq. 3): what a layer and its detour amount to. */
export function withDetour(w: VarTensor, { A, B }: Lifted<Lora>, scale: number): VarTensor {
  const r = A.shape[0]!;
  return table(w.shape, (k, j) =>
    w.at(k!, j!).add(
      dot(
        range(r, (i) => B.at(k!, i)),
        range(r, (i) => A.at(i, j!)),
      ).mul(scale),
    ),
  );
}

/** What a mask that broadcasts to (B, h, T, S), alike for all heads, allows in sequence b. */
export const maskIn = (mask: Tensor, b: number): Tensor => {
  if (mask.rank === 2) return mask;
  const own = mask.row(mask.shape[0] === 1 ? 0 : b);
  return own.rank === 3 ? own.row(0) : own;
};

/** Columns from · width … of one sequence of (B, S, C): what a head gets of it. */
const share = (y: VarTensor, b: number, head: number, width: number) =>
  table([y.shape[1]!, width], (t, i) => y.at(b, t!, head * width + i!));

/** Every head of every sequence by itself: q (B, T, C), k and v (B, S, C), results side by side. */
export function headsSideBySide(q: VarTensor, k: VarTensor, v: VarTensor, mask: Tensor, heads: number): VarTensor {
  const width = q.shape[2]! / heads;
  const all = range(q.shape[0]!, (b) =>
    range(
      heads,
      (n) => attended(share(q, b, n, width), share(k, b, n, width), share(v, b, n, width), maskIn(mask, b)).y,
    ),
  );
  return table(q.shape, (b, t, c) => all[b!]![Math.floor(c! / width)]!.at(t!, c! % width));
}

/** The same rows (P, C) in front of every sequence (B, S, C). */
export function inFront(prefix: VarTensor, x: VarTensor): VarTensor {
  const [B, , C] = x.shape as [number, number, number];
  const P = prefix.shape[0]!;
  return table([B, P + x.shape[1]!, C], (b, s, c) => (s! < P ? prefix.at(s!, c!) : x.at(b!, s! - P, c!)));
}

/** A mask (…, T, S) with P columns of ones in front. */
export const seeing = (mask: Tensor, P: number): Tensor => {
  const S = mask.shape.at(-1)!;
  const shape = [...mask.shape.slice(0, -1), P + S];
  return new Matrix(
    shape,
    range((mask.size / S) * (P + S), (at) => {
      const [row, column] = [Math.floor(at / (P + S)), at % (P + S)];
      return column < P ? 1 : mask.data[row * S + column - P]!;
    }),
  );
};

/** Chapter 5's GPT with other attention, and its feed-forward layers as `feed` makes them: logits (B, T, V). */
export function gptWith(
  index: readonly (readonly number[])[],
  base: Lifted<Gpt>,
  settings: Settings,
  attention: (block: Lifted<Block>, i: number) => Layer,
  feed: (layer: Layer) => Layer = (layer) => layer,
): VarTensor {
  const start = embedded(index, base.tokens, base.positions, 0);
  const through = base.blocks.reduce((x, block, i) => {
    const a = wrapped(x, block.norm1, attention(block, i));
    return wrapped(a, block.norm2, feed(feeding(block.feedForward, settings.activation)));
  }, start);
  return projected(normed(through, base.norm), base.head ?? base.tokens);
}

/** 1 where a query of a text of T tokens may look. */
export const triangle = (T: number, sees: (i: number, j: number) => boolean = (i, j) => j <= i): Tensor =>
  new Matrix(
    [T, T],
    range(T * T, (at) => (sees(Math.floor(at / T), at % T) ? 1 : 0)),
  );

// Inputs

/** A mask of 1 and 0 in one of some forms; rows of 0 happen. Of forms with as many axes the largest comes first. */
export const maskInput = (symbols: string[], shape: string, forms: (sizes: Sizes) => number[][]): Input<Tensor> => ({
  symbols,
  shape,
  draw: (rng, sizes) => {
    const all = forms(sizes);
    const form = all[rng.nextInt(0, all.length - 1)]!;
    const S = form.at(-1)!;
    const rows = range(form.reduce((a, n) => a * n, 1) / S, () => {
      const some = rng.nextInt(0, 5) > 0;
      return range(S, () => (some && rng.nextInt(0, 3) > 0 ? 1 : 0));
    });
    return new Matrix(form, rows.flat());
  },
  cut: (value, sizes, keep) => {
    const limits = forms(sizes).find((form) => form.length === value.rank)!;
    const to = (n: number, size: number): [number, number] => {
      const kept = Math.min(n, size);
      return keep === 'last' ? [n - kept, n] : [0, kept];
    };
    return value.slice(...value.shape.map((n, axis) => to(n, limits[axis]!)));
  },
  *simpler(value) {
    if (value.data.includes(0)) yield value.map(() => 1);
    for (const [at, v] of value.data.entries()) if (v === 0) yield value.map((w, k) => (k === at ? 1 : w));
  },
  nudge: (value) => value,
});

/** Names that a student has chosen, for a message: the first three, and not the whole of a long one. */
export const someNames = (names: Iterable<string>): string => {
  const [all, short] = [[...names], (name: string) => (name.length > 40 ? `${name.slice(0, 40)}…` : name)];
  return [...all.slice(0, 3).map(short), ...(all.length > 3 ? [`${all.length - 3} more`] : [])].join(' and ');
};
