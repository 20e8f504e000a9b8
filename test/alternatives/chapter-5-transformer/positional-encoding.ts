/**
 * Chapter 5, topic 3, by another hand: a row at a time where the lesson slices, complex numbers where it rotates, products
 * of matrices where it pairs columns.
 */
import { ShapeError, Tensor, arange, showShape, stack, zeros } from '#tensor';

export interface LearnedPositionsCache {
  start: number;
  length: number;
}

export interface RotaryCache {
  positions: number[];
}

export const BASE = 10_000;

export function learnedPositionsForward(
  x: Tensor,
  table: Tensor,
  start: number,
): { y: Tensor; cache: LearnedPositionsCache } {
  const [B, T, C] = x.shape;
  const [L, width] = table.shape;
  if (width !== C) throw new ShapeError(`x ${showShape(x.shape)} and table ${showShape(table.shape)}`);
  if (!Number.isInteger(start) || start < 0 || start + T > L) throw new RangeError(`${start} + ${T} of ${L} places`);
  const y = x.data.slice();
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) {
      for (let c = 0; c < C; c++) y[(b * T + t) * C + c] += table.data[(start + t) * C + c];
    }
  }
  return { y: new Tensor(x.shape, y), cache: { start, length: L } };
}

export function learnedPositionsBackward(dy: Tensor, cache: LearnedPositionsCache): { dx: Tensor; dtable: Tensor } {
  const { start, length } = cache;
  const [B, T, C] = dy.shape;
  const dtable = zeros(length, C);
  for (let n = 0; n < B * T; n++) {
    const place = start + (n % T);
    for (let c = 0; c < C; c++) dtable.data[place * C + c] += dy.data[n * C + c];
  }
  return { dx: dy, dtable };
}

export function sinusoidalPositions(length: number, dModel: number): Tensor {
  if (!(dModel >= 2 && dModel % 2 === 0)) throw new RangeError(`the width must be even, not ${dModel}`);
  const angles = arange(length).outer(frequencies(dModel));
  return stack([angles.sin(), angles.cos()], 2).reshape(length, dModel);
}

export function shiftRotation(shift: number, dModel: number): Tensor {
  const rows: number[][] = Array.from({ length: dModel }, () => new Array<number>(dModel).fill(0));
  for (let even = 0; even < dModel; even += 2) {
    const angle = shift * BASE ** (-even / dModel);
    rows[even][even] = Math.cos(angle);
    rows[even][even + 1] = Math.sin(angle);
    rows[even + 1][even] = -Math.sin(angle);
    rows[even + 1][even + 1] = Math.cos(angle);
  }
  return new Tensor([dModel, dModel], rows.flat());
}

function turn(x: Tensor, positions: number[], direction: 1 | -1): Tensor {
  const d = x.shape[x.rank - 1];
  const speeds = frequencies(d).data;
  const out = new Float64Array(x.size);
  for (let at = 0; at < x.size; at += 2) {
    const t = Math.floor(at / d) % positions.length;
    const theta = direction * positions[t] * speeds[(at % d) / 2];
    const [re, im] = [x.data[at], x.data[at + 1]];
    out[at] = re * Math.cos(theta) - im * Math.sin(theta);
    out[at + 1] = re * Math.sin(theta) + im * Math.cos(theta);
  }
  return new Tensor(x.shape, out);
}

export function rotaryForward(x: Tensor, positions: number[]): { y: Tensor; cache: RotaryCache } {
  const [T, d] = x.shape.slice(-2);
  if (d % 2 === 1) throw new ShapeError(`rotary positions need pairs of columns, not ${d}`);
  if (T !== positions.length) throw new ShapeError(`${positions.length} positions for x ${showShape(x.shape)}`);
  return { y: turn(x, positions, 1), cache: { positions } };
}

export function rotaryBackward(dy: Tensor, cache: RotaryCache): Tensor {
  return turn(dy, cache.positions, -1);
}

export function frequencies(d: number): Tensor {
  return arange(d / 2).map((i) => BASE ** ((-2 * i) / d));
}
