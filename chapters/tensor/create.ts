/** Making tensors. */
import { allocate } from './memory.ts';
import { Tensor, needTensor } from './tensor.ts';
import { ShapeError, checkShape, describe, sizeOf } from './shape.ts';
import type { Nested } from './print.ts';

/**
 * A tensor of nested lists: tensor(3) is (), tensor([1, 2, 3]) is (3), tensor([[1, 2], [3, 4]]) is (2, 2).
 * @throws ShapeError when rows differ in length (naming the place), TypeError when an entry is no number
 */
export function tensor(nested: Nested): Tensor {
  const shape: number[] = [];
  for (let level: unknown = nested; Array.isArray(level); level = level[0]) shape.push(level.length);
  const data: number[] = [];
  fill(nested, 0, '');
  return new Tensor(shape, Float64Array.from(data));

  function fill(value: unknown, axis: number, place: string): void {
    const where = place === '' ? 'the input' : `entry ${place}`;
    if (axis === shape.length) {
      if (Array.isArray(value)) throw new ShapeError(`tensor: ragged: ${where} is a list where others are numbers`);
      if (typeof value !== 'number') throw new TypeError(`tensor needs numbers, but ${where} is ${describe(value)}`);
      data.push(value);
      return;
    }
    if (!Array.isArray(value)) {
      if (typeof value !== 'number') throw new TypeError(`tensor needs numbers, but ${where} is ${describe(value)}`);
      throw new ShapeError(`tensor: ragged: ${where} is a number where others are lists`);
    }
    if (value.length !== shape[axis]) {
      const lengths = `${where} has length ${value.length}, those before it ${shape[axis]}`;
      throw new ShapeError(`tensor: ragged: ${lengths}`);
    }
    for (let i = 0; i < value.length; i++) fill(value[i], axis + 1, `${place}[${i}]`);
  }
}

/** A tensor in which every entry is `value`. The shape is a list: full([2, 3], 7). */
export function full(shape: readonly number[], value: number): Tensor {
  checkShape('full', shape);
  if (typeof value !== 'number') throw new TypeError(`full needs a number to fill with, got ${describe(value)}`);
  return new Tensor(shape, allocate(sizeOf(shape)).fill(value));
}

/** zeros(2, 3) is (2, 3); zeros() is the scalar 0. For a shape in hand: zeros(...x.shape). */
export function zeros(...shape: number[]): Tensor {
  checkShape('zeros', shape);
  return new Tensor(shape, allocate(sizeOf(shape)));
}

/** ones(2, 3) is (2, 3); ones() is the scalar 1. */
export function ones(...shape: number[]): Tensor {
  checkShape('ones', shape);
  return full(shape, 1);
}

export function zerosLike(x: Tensor): Tensor {
  return zeros(...needTensor('zerosLike', x).shape);
}

export function onesLike(x: Tensor): Tensor {
  return ones(...needTensor('onesLike', x).shape);
}

/** The identity matrix (n, n). */
export function eye(n: number): Tensor {
  checkShape('eye', [n]);
  const out = zeros(n, n);
  for (let i = 0; i < n; i++) out.data[i * n + i] = 1;
  return out;
}

/** start, start + step, … up to but without stop; arange(n) is 0 … n - 1. */
export function arange(start: number, stop?: number, step = 1): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!Number.isFinite(length)) {
    throw new RangeError(`arange: from ${describe(from)} to ${describe(to)} in steps of ${describe(step)} never ends`);
  }
  const out = allocate(length);
  for (let i = 0; i < length; i++) out[i] = from + i * step;
  return new Tensor([length], out);
}

/** n evenly spaced numbers from a to b, both included; for n = 1 just a. */
export function linspace(a: number, b: number, n: number): Tensor {
  checkShape('linspace', [n]);
  const out = allocate(n);
  for (let i = 0; i < n; i++) out[i] = i === 0 ? a : i === n - 1 ? b : a + ((b - a) * i) / (n - 1);
  return new Tensor([n], out);
}
