/** What the tests compare with: nested arrays and plain loops, written without the library's own machinery. */
import fc from 'fast-check';
import { Tensor } from '#tensor';

export type Grid = number | Grid[];

/** Builds nested arrays of a shape; `entry` gets the full index. */
export function grid(shape: readonly number[], entry: (index: number[]) => number, index: number[] = []): Grid {
  if (index.length === shape.length) return entry(index);
  return Array.from({ length: shape[index.length] }, (_, i) => grid(shape, entry, [...index, i]));
}

/** One entry of nested arrays. */
export function entryOf(nested: Grid, index: readonly number[]): number {
  let at = nested;
  for (const i of index) at = (at as Grid[])[i];
  return at as number;
}

/** Every index of a shape, in row-major order. */
export function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (prefixes, length) => prefixes.flatMap((prefix) => Array.from({ length }, (_, i) => [...prefix, i])),
    [[]],
  );
}

/** The nested arrays of a tensor, read with its documented row-major rule. */
export function gridOf(x: Tensor): Grid {
  return grid(x.shape, (index) => x.data[index.reduce((position, i, axis) => position * x.shape[axis] + i, 0)]);
}

const numbers = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -40, max: 40 }).map((n) => n / 8) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 0, -0) },
);

/** Shapes of rank `min` … 4, axes 0 … 4 (0 rarely). */
export function shapes(min = 0, max = 4): fc.Arbitrary<number[]> {
  const length = fc.oneof(
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 12, arbitrary: fc.nat(3).map((n) => n + 1) },
  );
  return fc.array(length, { minLength: min, maxLength: max });
}

export function tensorsOf(shape: readonly number[], entries: fc.Arbitrary<number> = numbers): fc.Arbitrary<Tensor> {
  const size = shape.reduce((a, b) => a * b, 1);
  return fc.array(entries, { minLength: size, maxLength: size }).map((data) => new Tensor(shape, data));
}

export function tensors(min = 0, max = 4, entries?: fc.Arbitrary<number>): fc.Arbitrary<Tensor> {
  return shapes(min, max).chain((shape) => tensorsOf(shape, entries));
}

export const finite = fc.integer({ min: -40, max: 40 }).map((n) => n / 8);

/** Two shapes that broadcast: each axis of a common shape may be 1 in either, and leading axes may be missing. */
export const broadcastable: fc.Arbitrary<[number[], number[]]> = shapes().chain((shape) =>
  fc
    .tuple(...[0, 1].map(() => fc.tuple(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat(shape.length))))
    .map(
      (both) =>
        both.map(([ones, drop]) => shape.map((n, axis) => (ones[axis] ? 1 : n)).slice(drop)) as [number[], number[]],
    ),
);

/** The shape two shapes broadcast to, by the rule written out. */
export function together(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const pad = (shape: readonly number[]) => [...Array<number>(rank - shape.length).fill(1), ...shape];
  const [p, q] = [pad(a), pad(b)];
  return p.map((n, axis) => (n === 1 ? q[axis] : n));
}

/** The entry of `x` that stands at `index` of the broadcast shape. */
export function broadcastEntry(x: Tensor, index: readonly number[]): number {
  const own = index.slice(index.length - x.rank).map((i, axis) => (x.shape[axis] === 1 ? 0 : i));
  return entryOf(gridOf(x), own);
}

/** The message of what `f` throws, with the error's name in front. */
export function thrown(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'nothing was thrown';
}
