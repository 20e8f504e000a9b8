/**
 * The one loop behind broadcasting, reducing, slicing and transposing.
 *
 * All four walk the positions of a shape in row-major order while two other positions, i and j, follow with strides of
 * their own. A stride of 0 stays in place: that is broadcasting (and, seen from the other side, summing into one cell).
 */
import type { Shape } from './shape.ts';

/**
 * One stretch of the walk: `count` positions from `o` on, on which i moves by `di` and j by `dj` at every step.
 */
export type Visit = (o: number, i: number, di: number, j: number, dj: number, count: number) => void;

/**
 * Calls `visit` for stretches that together cover `shape` in row-major order, each as long as the strides allow:
 * two equal contiguous shapes are one single stretch, a row added to a matrix is one stretch for each row.
 */
export function walk(shape: Shape, iStrides: readonly number[], jStrides: readonly number[], visit: Visit): void {
  // Join the last axes into one stretch for as long as both strides continue evenly.
  let count = 1;
  let di = 0;
  let dj = 0;
  let outer = shape.length; // axes 0 … outer - 1 remain for the loop below
  for (; outer > 0; outer--) {
    const length = shape[outer - 1];
    if (length === 0) return; // no positions at all
    if (length === 1) continue;
    if (count === 1) {
      di = iStrides[outer - 1];
      dj = jStrides[outer - 1];
    } else if (iStrides[outer - 1] !== di * count || jStrides[outer - 1] !== dj * count) {
      break;
    }
    count *= length;
  }
  let stretches = 1;
  for (let axis = 0; axis < outer; axis++) stretches *= shape[axis];

  // Count through the outer axes as an odometer does: the last one turns fastest.
  const counter = new Array<number>(outer).fill(0);
  let i = 0;
  let j = 0;
  for (let stretch = 0; stretch < stretches; stretch++) {
    visit(stretch * count, i, di, j, dj, count);
    for (let axis = outer - 1; axis >= 0; axis--) {
      counter[axis]++;
      i += iStrides[axis];
      j += jStrides[axis];
      if (counter[axis] < shape[axis]) break;
      counter[axis] = 0;
      i -= iStrides[axis] * shape[axis];
      j -= jStrides[axis] * shape[axis];
    }
  }
}

/** Copies the numbers at `start`, `start + stride`, … of `data` into a new row-major array of the given shape. */
export function copyOut(data: Float64Array, shape: Shape, strides: readonly number[], start: number): Float64Array {
  let size = 1;
  for (const length of shape) size *= length;
  const out = new Float64Array(size);
  walk(shape, strides, strides, (o, i, di, _j, _dj, count) => {
    let from = start + i;
    for (let to = o; to < o + count; to++) {
      out[to] = data[from];
      from += di;
    }
  });
  return out;
}
