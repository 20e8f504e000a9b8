/**
 * Shapes: how they are written, counted, compared and checked.
 *
 * A shape is the list of a tensor's axis lengths: (2, 3) has two rows of three, () is a single number.
 */

export type Shape = readonly number[];

/** A tensor's shape does not fit what was asked of it. The message names the operation, the shapes and what would fit. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

/** A shape as the course writes it: `showShape([2, 3])` is `'(2, 3)'`. */
export function showShape(shape: Shape): string {
  let text = shape.length === 0 ? '(' : `(${shape[0]}`;
  for (let axis = 1; axis < shape.length; axis++) text += `, ${shape[axis]}`;
  return `${text})`;
}

/** How many numbers a tensor of this shape holds: the product of its axes, so 1 for the scalar shape (). */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis]; // faster than for … of: it runs for every result
  return size;
}

/**
 * Row-major strides: how far apart in `data` two neighbours along each axis lie.
 * (2, 3, 4) has strides 12, 4, 1: the last axis is contiguous.
 */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** Shapes frozen lately, each at its hash: freezing an array costs the engine more than finding one it has frozen. */
const recent = new Array<Shape>(64).fill(Object.freeze([]));

/** The same shape, unchangeable: itself if it is so already, else one that shares nothing with it. */
export function frozen(shape: Shape): Shape {
  if (Object.isFrozen(shape)) return shape;
  let hash = 0;
  for (let axis = 0; axis < shape.length; axis++) hash = (hash * 31 + shape[axis]) & 63;
  if (!sameShape(recent[hash], shape)) recent[hash] = Object.freeze(shape.slice());
  return recent[hash];
}

/** Says what a wrong argument is, for a message: 'undefined', 'NaN', 'an array', 'a string'. */
export function describe(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return 'an array';
  if (ArrayBuffer.isView(value)) return 'a typed array';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

/**
 * Accepts only lists of whole numbers ≥ 0.
 * @throws TypeError when the shape is no list of numbers, or has a NaN; ShapeError when a length is negative or broken.
 */
export function checkShape(operation: string, shape: unknown): asserts shape is Shape {
  if (!Array.isArray(shape)) {
    throw new TypeError(`${operation} needs a shape such as [2, 3], got ${describe(shape)}`);
  }
  for (let axis = 0; axis < shape.length; axis++) {
    const length: unknown = shape[axis];
    if (typeof length === 'number' && length >= 0 && Math.floor(length) === length && length < Infinity) continue;
    if (typeof length !== 'number' || Number.isNaN(length)) {
      const hint = Array.isArray(length) ? ': give the lengths one by one, as in (2, 3)' : '';
      throw new TypeError(
        `${operation}: axis ${axis} of the shape must be a whole number, got ${describe(length)}${hint}`,
      );
    }
    if (!Number.isInteger(length) || length < 0) {
      const rule = 'every axis must be a whole number, 0 or more';
      throw new ShapeError(`${operation}: ${showShape(shape)} is no shape: axis ${axis} is ${length}; ${rule}`);
    }
  }
}

/**
 * Turns an axis that may count from the end (-1 is the last) into one that counts from 0.
 * @throws RangeError when there is no such axis, TypeError when it is no whole number.
 */
export function resolveAxis(operation: string, axis: number, rank: number, shape: Shape): number {
  if (!Number.isInteger(axis))
    throw new TypeError(`${operation}: an axis must be a whole number, got ${describe(axis)}`);
  if (axis < -rank || axis >= rank) {
    const legal = rank === 0 ? 'a scalar has no axes' : `legal axes are ${-rank} to ${rank - 1}`;
    throw new RangeError(`${operation}: ${showShape(shape)} has no axis ${axis}: ${legal}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Resolves one axis, several, or none given (meaning all), sorted. @throws RangeError also when one is named twice. */
export function resolveAxes(operation: string, axes: number | readonly number[] | undefined, shape: Shape): number[] {
  if (axes === undefined) return shape.map((_, axis) => axis);
  const list = Array.isArray(axes) ? axes : [axes];
  const resolved = list.map((axis: number) => resolveAxis(operation, axis, shape.length, shape));
  resolved.forEach((axis, i) => {
    if (resolved.indexOf(axis) !== i) throw new RangeError(`${operation}: axis ${axis} is named twice`);
  });
  return resolved.sort((a, b) => a - b);
}

/**
 * Turns an index that may count from the end into one that counts from 0.
 * @throws RangeError when it lies outside the axis, TypeError when it is no whole number.
 */
export function resolveIndex(operation: string, index: number, axis: number, shape: Shape): number {
  const length = shape[axis];
  if (!Number.isInteger(index)) {
    throw new TypeError(`${operation}: the index on axis ${axis} must be a whole number, got ${describe(index)}`);
  }
  if (index < -length || index >= length) {
    const legal = length === 0 ? 'the axis is empty' : `legal indices are ${-length} to ${length - 1}`;
    throw new RangeError(`${operation}: index ${index} is outside axis ${axis} of ${showShape(shape)}: ${legal}`);
  }
  return index < 0 ? index + length : index;
}
