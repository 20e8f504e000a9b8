/**
 * The one loop behind broadcasting, reducing, slicing and transposing.
 *
 * All four walk the positions of a shape in row-major order while two other positions, i and j, follow with strides of
 * their own. A stride of 0 stays in place: that is broadcasting (and, seen from the other side, summing into one cell).
 */
import { allocate } from './memory.ts';
import { sizeOf } from './shape.ts';
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
  const out = allocate(sizeOf(shape));
  // The two innermost loops are written out below; `walk` goes through what stands before them.
  const [rows, rowStep, columns, step, outer] = innermost(shape, strides);
  const outerStrides = strides.slice(0, outer);
  const block = rows * columns;
  walk(shape.slice(0, outer), outerStrides, outerStrides, (o, i, di, _j, _dj, count) => {
    for (let k = 0; k < count; k++) {
      copyRows(out, (o + k) * block, data, start + i + k * di, rows, rowStep, columns, step);
    }
  });
  return out;
}

/** `rows` times `columns` numbers, to where they lie next to each other. */
function copyRows(
  out: Float64Array,
  to: number,
  data: Float64Array,
  from: number,
  rows: number,
  rowStep: number,
  columns: number,
  step: number,
): void {
  for (let row = 0; row < rows; row++, to += columns, from += rowStep) {
    if (step === 1) for (let j = 0; j < columns; j++) out[to + j] = data[from + j];
    else if (step === 0) out.fill(data[from], to, to + columns);
    else for (let j = 0; j < columns; j++) out[to + j] = data[from + j * step];
  }
}

/** The last two loops of a walk: axes that continue one another evenly are one, axes of length 1 are none. */
function innermost(shape: Shape, strides: readonly number[]): [number, number, number, number, number] {
  const loops: [number, number, number, number] = [1, 0, 1, 0]; // rows and their step, columns and their step
  let outer = shape.length;
  for (const loop of [2, 0]) {
    for (; outer > 0; outer--) {
      const [length, stride] = [shape[outer - 1], strides[outer - 1]];
      if (length === 1) continue;
      if (loops[loop] === 1) loops[loop + 1] = stride;
      else if (stride !== loops[loop + 1] * loops[loop]) break;
      loops[loop] *= length;
    }
  }
  return [...loops, outer];
}
