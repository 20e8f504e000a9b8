/**
 * Chapter 5, topic 3: where a token stands. Attention sees a set: exchange two words, and nothing but the order of its
 * outputs changes. Three ways to tell it the order: a learned table, sines and cosines, and a rotation of queries and keys.
 */
import { ShapeError, Tensor, arange, showShape, tensor, zeros } from '#tensor';

export interface LearnedPositionsCache {
  /** the place in the table of the first token */
  start: number;
  /** L, the number of rows of the table */
  length: number;
}

export interface RotaryCache {
  /** one for each token */
  positions: number[];
}

/** The slowest wave of positions turns once in about 2π · 10000 tokens. */
export const BASE = 10_000;

/**
 * A learned table of positions: token t of a sequence gets row start + t added, the same row in every sequence of the batch.
 *
 *   y_btc = x_btc + table[start + t, c]      (B, T, C)
 *
 * @param x     (B, T, C) embedded tokens
 * @param table (L, C) one learned vector per place; L is the longest text that the model can read
 * @param start the place of the first token, a whole number ≥ 0; 0 unless a text is being continued
 * @returns y (B, T, C), and the cache for learnedPositionsBackward
 * @throws ShapeError when x and table differ in C; RangeError when start is not a whole number ≥ 0, or start + T > L
 * @see Gehring et al. 2017, "Convolutional sequence to sequence learning", §3.1
 */
export function learnedPositionsForward(
  x: Tensor,
  table: Tensor,
  start: number,
): { y: Tensor; cache: LearnedPositionsCache } {
  // #region learnedPositionsForward
  const [, T, C] = x.shape;
  const [length, width] = table.shape;
  if (C !== width)
    throw new ShapeError(`learnedPositionsForward: x ${showShape(x.shape)}, table ${showShape(table.shape)}`);
  if (!Number.isInteger(start) || start < 0 || start + T > length) {
    throw new RangeError(`learnedPositionsForward: ${T} tokens from place ${start}, and a table of ${length} places`);
  }
  return { y: x.add(table.slice([start, start + T])), cache: { start, length } };
  // #endregion
}

/**
 * The gradients of a learned table: every sequence of the batch used the same rows.
 *
 *   dx = dy                                                     (B, T, C)
 *   dtable[start + t, c] = Σ_b dy_btc, and 0 in rows not used    (L, C)
 *
 * @param dy    (B, T, C) upstream gradient of y
 * @param cache from learnedPositionsForward
 * @returns dx (B, T, C) and dtable (L, C)
 */
export function learnedPositionsBackward(dy: Tensor, cache: LearnedPositionsCache): { dx: Tensor; dtable: Tensor } {
  // #region learnedPositionsBackward
  const { start, length } = cache;
  const [, T, C] = dy.shape;
  return { dx: dy, dtable: zeros(length, C).withSlice([[start, start + T]], dy.sum(0)) };
  // #endregion
}

/**
 * Sinusoidal positions: nothing to learn. Each pair of columns is a point on a circle, which turns with the position; the
 * first pair turns fast, the last hardly at all.
 *
 *   ω_i = 10000^(−2i/d)                   i = 0 … d/2 − 1
 *   PE[p, 2i]     = sin(p ω_i)            (length, d)
 *   PE[p, 2i + 1] = cos(p ω_i)
 *
 * @param length number of positions, p = 0 … length − 1
 * @param dModel d, the width; even, ≥ 2
 * @returns (length, d), to be added to embedded tokens
 * @throws RangeError when d is not an even whole number ≥ 2
 * @see Vaswani et al. 2017, §3.5
 */
export function sinusoidalPositions(length: number, dModel: number): Tensor {
  // #region sinusoidalPositions
  if (!Number.isInteger(dModel / 2) || dModel < 2)
    throw new RangeError(`sinusoidalPositions: a width of ${dModel} is not even`);
  const angles = arange(length).outer(frequencies(dModel));
  return zeros(length, dModel).map((_, n) => {
    const [p, column] = [Math.floor(n / dModel), n % dModel];
    const angle = angles.at(p, Math.floor(column / 2));
    return column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  // #endregion
}

/**
 * The rotation that moves every sinusoidal position on by the same shift, whatever the position was:
 *
 *   PE[p + shift] = R PE[p]      for every p             R (d, d), PE[p] as a column of d numbers
 *
 * R is zero but for a 2 × 2 block for each pair of columns 2i and 2i + 1, in the rows of the same numbers. That such an R
 * exists is why a model can learn to attend "three tokens back".
 *
 * @param shift  how many positions, any whole number, negative to go back
 * @param dModel d, even, ≥ 2
 * @returns R (d, d)
 */
export function shiftRotation(shift: number, dModel: number): Tensor {
  // #region shiftRotation
  const angles = frequencies(dModel).mul(shift);
  return zeros(dModel, dModel).map((_, n) => {
    const [row, column] = [Math.floor(n / dModel), n % dModel];
    const pair = Math.floor(row / 2);
    if (pair !== Math.floor(column / 2)) return 0;
    if (row === column) return Math.cos(angles.at(pair));
    return row < column ? Math.sin(angles.at(pair)) : -Math.sin(angles.at(pair));
  });
  // #endregion
}

/**
 * Rotary positions: queries and keys are turned by an angle that grows with the position, pair of columns by pair of columns.
 *
 *   θ = positions_t · 10000^(−2i/d)                      for the pair of columns 2i and 2i + 1
 *   y_2i     = x_2i cos θ − x_{2i+1} sin θ
 *   y_{2i+1} = x_2i sin θ + x_{2i+1} cos θ               (…, T, d)
 *
 * The product of a query turned by m and a key turned by n depends on m − n alone. Values are not turned.
 *
 * @param x         (…, T, d) queries or keys of one head, d even
 * @param positions T numbers, where each token stands
 * @returns y (…, T, d), and the cache for rotaryBackward
 * @throws ShapeError when d is odd, or there are not T positions
 * @see Su et al. 2021, "RoFormer: enhanced transformer with rotary position embedding", eq. 34
 */
export function rotaryForward(x: Tensor, positions: number[]): { y: Tensor; cache: RotaryCache } {
  // #region rotaryForward
  const [T, d] = x.shape.slice(-2);
  if (d % 2 !== 0 || positions.length !== T) {
    throw new ShapeError(`rotaryForward: x ${showShape(x.shape)} with ${positions.length} positions`);
  }
  const angles = tensor(positions).outer(frequencies(d));
  const [cos, sin] = [angles.cos().expandDims(-1), angles.sin().expandDims(-1)];
  const pairs = x.reshape(...x.shape.slice(0, -1), d / 2, 2);
  // The point (a, b) turned by a right angle is (−b, a).
  const turned = pairs.take(-1, [1, 0]).mul(tensor([-1, 1]));
  return {
    y: pairs
      .mul(cos)
      .add(turned.mul(sin))
      .reshape(...x.shape),
    cache: { positions },
  };
  // #endregion
}

/**
 * The gradient of a rotation: the upstream gradient, turned back.
 *
 *   dx_2i     =  dy_2i cos θ + dy_{2i+1} sin θ
 *   dx_{2i+1} = −dy_2i sin θ + dy_{2i+1} cos θ           (…, T, d)
 *
 * @param dy    (…, T, d) upstream gradient of y
 * @param cache from rotaryForward
 * @returns dx (…, T, d)
 */
export function rotaryBackward(dy: Tensor, cache: RotaryCache): Tensor {
  // #region rotaryBackward
  const back = cache.positions.map((p) => -p);
  return rotaryForward(dy, back).y;
  // #endregion
}

/** ω_i = 10000^(−2i/d) for i = 0 … d/2 − 1: how far pair i turns from one position to the next, in radians. (d/2) */
export function frequencies(d: number): Tensor {
  return arange(d / 2).map((i) => BASE ** ((-2 * i) / d));
}
