/** Random numbers that are the same on every machine: integer arithmetic only, and the seed decides everything. */
import { allocate } from './memory.ts';
import { Tensor } from './tensor.ts';
import { checkShape, describe, sizeOf } from './shape.ts';

/**
 * A stream of random numbers. The generator is sfc32 (Chris Doty-Humphrey, PractRand), four 32-bit words of state;
 * the seed is spread over them with
 * splitmix32: a counter in steps of 2³² / golden ratio (Steele, Lea and Flood, 2014), its bits mixed by multiplying and
 * shifting.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number | string) {
    let state = 0;
    for (const word of seedWords(seed)) state = splitmix32(state ^ word);
    this.#a = splitmix32(state + 1);
    this.#b = splitmix32(state + 2);
    this.#c = splitmix32(state + 3);
    for (let warmUp = 0; warmUp < 12; warmUp++) this.#word();
  }

  /** The next 32 random bits. */
  #word(): number {
    const out = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + out;
    this.#c |= 0;
    return out >>> 0;
  }

  /** A random whole number in 0 … 2⁵³ - 1: 27 bits of one word over 26 bits of the next. */
  #bits53(): number {
    const high = this.#word() >>> 5;
    const low = this.#word() >>> 6;
    return high * 2 ** 26 + low;
  }

  /** Uniform in [0, 1), a multiple of 2⁻⁵³. */
  next(): number {
    return this.#bits53() * 2 ** -53;
  }

  /** A whole number in 0 … n - 1, each equally likely. @throws RangeError unless 1 ≤ n ≤ 2⁵³ */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 53) {
      throw new RangeError(`integer needs a whole number n ≥ 1, got ${describe(n)}`);
    }
    // Of the 2⁵³ values, keep the largest multiple of n; draw again in the rare rest, which would favour small results.
    const limit = 2 ** 53 - (2 ** 53 % n);
    let bits = this.#bits53();
    while (bits >= limit) bits = this.#bits53();
    return bits % n;
  }

  /**
   * A standard normal number, by Marsaglia's polar method (1964): a random point in the unit disc, stretched.
   * The method yields two; the second is left, so that no draw depends on what was asked before it.
   */
  normal(): number {
    for (;;) {
      const u = 2 * this.next() - 1;
      const v = 2 * this.next() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s);
    }
  }

  /** A new array with the same entries in random order (Fisher and Yates). */
  shuffle<T>(array: readonly T[]): T[] {
    const out = [...array];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }

  /** 0 … n - 1 in random order. */
  permutation(n: number): number[] {
    checkShape('permutation', [n]);
    return this.shuffle(Array.from({ length: n }, (_, i) => i));
  }
}

/** A stream of random numbers for a seed: `random(1)` and `random('lesson 3')` are always the same streams. */
export function random(seed: number | string): Random {
  return new Random(seed);
}

/** One step of splitmix32: scrambles 32 bits so that near seeds give far results. */
function splitmix32(x: number): number {
  let bits = (x + 0x9e3779b9) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return bits ^ (bits >>> 15);
}

/** The seed as 32-bit words: a number's two halves as IEEE 754 stores them, a string's UTF-16 units. */
function seedWords(seed: number | string): number[] {
  if (typeof seed === 'string')
    return [seed.length, ...Array.from({ length: seed.length }, (_, i) => seed.charCodeAt(i))];
  if (typeof seed !== 'number' || Number.isNaN(seed)) {
    throw new TypeError(`random needs a number or a string as its seed, got ${describe(seed)}`);
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, seed + 0); // + 0: the seeds 0 and -0 are the same
  return [view.getInt32(0), view.getInt32(4)];
}

function draw(operation: string, shape: readonly number[], rng: Random, next: () => number): Tensor {
  checkShape(operation, shape);
  if (typeof rng?.next !== 'function') {
    throw new TypeError(`${operation} needs a Random as its second argument, such as random(1), got ${describe(rng)}`);
  }
  const out = allocate(sizeOf(shape));
  for (let i = 0; i < out.length; i++) out[i] = next();
  return new Tensor(shape, out);
}

/** A tensor of numbers uniform in [low, high), drawn in row-major order. */
export function uniform(shape: readonly number[], rng: Random, low = 0, high = 1): Tensor {
  return draw('uniform', shape, rng, () => low + (high - low) * rng.next());
}

/** A tensor of normal numbers with the given mean and standard deviation, drawn in row-major order. */
export function normal(shape: readonly number[], rng: Random, mean = 0, std = 1): Tensor {
  return draw('normal', shape, rng, () => mean + std * rng.normal());
}
