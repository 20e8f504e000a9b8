/** Operations on each entry alone. */
import { allocate } from './memory.ts';
import { everyEntry } from './exponentials.ts';
import { Tensor } from './tensor.ts';
import { describe } from './shape.ts';

/** f(entry, flat index) for every entry; the shape stays. */
export function map(x: Tensor, f: (x: number, flatIndex: number) => number): Tensor {
  if (typeof f !== 'function') throw new TypeError(`map needs a function, got ${describe(f)}`);
  const out = allocate(x.size);
  for (let i = 0; i < out.length; i++) {
    const value: unknown = f(x.data[i], i);
    if (typeof value !== 'number') throw new TypeError(`map: the function returned ${describe(value)} for entry ${i}`);
    out[i] = value;
  }
  return new Tensor(x.shape, out);
}

/** The commonest functions, a loop for each, so that the engine compiles each for itself. */
const loops = {
  exp(out: Float64Array, x: Float64Array) {
    if (everyEntry('exp', out, x)) return;
    for (let i = 0; i < out.length; i++) out[i] = Math.exp(x[i]);
  },
  log(out: Float64Array, x: Float64Array) {
    for (let i = 0; i < out.length; i++) out[i] = Math.log(x[i]);
  },
  sqrt(out: Float64Array, x: Float64Array) {
    for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(x[i]);
  },
  tanh(out: Float64Array, x: Float64Array) {
    for (let i = 0; i < out.length; i++) out[i] = Math.tanh(x[i]);
  },
  reciprocal(out: Float64Array, x: Float64Array) {
    for (let i = 0; i < out.length; i++) out[i] = 1 / x[i];
  },
};

/** One of the functions above of every entry. */
export function elementary(name: keyof typeof loops, x: Tensor): Tensor {
  const out = allocate(x.size);
  loops[name](out, x.data);
  return new Tensor(x.shape, out);
}

/** The nearest whole number, halfway cases to the even one. */
export function roundHalfToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5) return down;
  if (rest > 0.5) return down + 1;
  if (rest === 0.5) return down % 2 === 0 ? down : down + 1;
  return x; // NaN and ±Infinity, whose rest is NaN
}

export function clip(x: Tensor, lo: number, hi: number): Tensor {
  if (typeof lo !== 'number' || typeof hi !== 'number') {
    throw new TypeError(`clip needs two numbers, lo and hi, got ${describe(lo)} and ${describe(hi)}`);
  }
  if (!(lo <= hi)) throw new RangeError(`clip: lo = ${lo} must not be larger than hi = ${hi}`);
  return map(x, (value) => Math.min(hi, Math.max(lo, value)));
}
