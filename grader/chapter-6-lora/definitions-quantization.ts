/** Definitions of quantising: rounding, absmax, and ggml's two block formats byte by byte. */
import { Tensor, fromHalfBits, halfBits } from '#tensor';
import { range } from '../engine/index.ts';

export type Format = 'q8_0' | 'q4_0';
export interface Matrix {
  format: Format;
  shape: number[];
  bytes: number[];
}

/** The nearest whole number, halves away from zero. */
export function nearest(x: number): number {
  const size = Math.abs(x);
  const whole = Math.floor(size);
  const rounded = size - whole >= 0.5 ? whole + 1 : whole;
  return x < 0 ? -rounded : rounded;
}

/** Largest size; 0 of nothing. */
export function largest(values: readonly number[]): number {
  let most = 0;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  return most;
}

/** Consecutive pieces of a list; the last one may be shorter. */
export const pieces = <T>(list: readonly T[], size: number): T[][] =>
  range(Math.ceil(list.length / size), (k) => list.slice(k * size, (k + 1) * size));

/** A single-precision number. */
export const float = Math.fround;

/** Two bytes, the low one first, of a number in half precision. */
export const halfOf = (d: number): number[] => [halfBits(d) % 256, Math.floor(halfBits(d) / 256)];
export const fromHalf = (low: number, high: number): number => fromHalfBits(256 * high + low);

export function q8Block(x: readonly number[]): number[] {
  const values = x.map(float);
  const d = float(largest(values) / 127);
  const inverse = d === 0 ? 0 : float(1 / d);
  const bytes = halfOf(d);
  for (const value of values) {
    const q = nearest(float(value * inverse));
    bytes.push(q < 0 ? 256 + q : q + 0);
  }
  return bytes;
}

export function fromQ8Block([low, high, ...rest]: readonly number[]): number[] {
  const d = fromHalf(low!, high!);
  return rest.map((byte) => float(d * (byte > 127 ? byte - 256 : byte)));
}

/** The entry of largest size with its sign, the first of equal ones; 0 of zeros. */
export function extreme(values: readonly number[]): number {
  let m = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(m)) m = value;
  return m;
}

export function q4Block(x: readonly number[]): number[] {
  const values = x.map(float);
  const d = float(extreme(values) / -8);
  const inverse = d === 0 ? 0 : float(1 / d);
  const level = (value: number) => Math.min(15, Math.floor(float(float(value * inverse) + 8.5)));
  return [...halfOf(d), ...range(16, (j) => level(values[j]!) + 16 * level(values[j + 16]!))];
}

export function fromQ4Block([low, high, ...rest]: readonly number[]): number[] {
  const d = fromHalf(low!, high!);
  return range(32, (j) => {
    const byte = rest[j % 16]!;
    const level = j < 16 ? byte % 16 : Math.floor(byte / 16);
    return float(d * (level - 8));
  });
}

const blocks = {
  q8_0: { pack: q8Block, unpack: fromQ8Block, size: 34 },
  q4_0: { pack: q4Block, unpack: fromQ4Block, size: 18 },
};

/** Row after row, block after block. */
export function packed(w: Tensor, format: Format): Matrix {
  const numbers = Array.from(w.data);
  return { format, shape: [...w.shape], bytes: pieces(numbers, 32).flatMap(blocks[format].pack) };
}

export function unpacked({ format, shape, bytes }: Matrix): Tensor {
  const { unpack, size } = blocks[format];
  return new Tensor(shape, pieces(bytes, size).flatMap(unpack));
}
