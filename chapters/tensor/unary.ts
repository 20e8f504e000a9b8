/** Operations on each entry alone. */
import { Tensor } from './tensor.ts';
import { describe } from './shape.ts';

/** f(entry, flat index) for every entry; the shape stays. */
export function map(x: Tensor, f: (x: number, flatIndex: number) => number): Tensor {
  if (typeof f !== 'function') throw new TypeError(`map needs a function, got ${describe(f)}`);
  const out = new Float64Array(x.size);
  for (let i = 0; i < out.length; i++) {
    const value: unknown = f(x.data[i], i);
    if (typeof value !== 'number') throw new TypeError(`map: the function returned ${describe(value)} for entry ${i}`);
    out[i] = value;
  }
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
