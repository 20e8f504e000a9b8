/**
 * Chapter 6, topic 4: quantisation.
 *
 * Style: trunc and what is left of it in place of Math.round, typed arrays for signs and float32, arithmetic in place of
 * bit operations, flat loops over blocks.
 */
import { Tensor, fromHalfBits, halfBits, ShapeError } from '#tensor';
import { loraBackward, loraForward } from './lora.ts';
import type { LoraCache, LoraWeights } from './lora.ts';

export interface Quantized {
  q: number[];
  scale: number;
}

export interface QuantizedMatrix {
  format: 'q8_0' | 'q4_0';
  shape: number[];
  bytes: number[];
}

export const BLOCK = 32;

export const BLOCK_BYTES = { q8_0: 34, q4_0: 18 } as const;

export function roundAwayFromZero(x: number): number {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
}

export function absmaxQuantize(x: Tensor): Quantized {
  let largest = 0;
  for (const value of x.data) if (Math.abs(value) > largest) largest = Math.abs(value);
  const scale = largest / 127;
  const q: number[] = [];
  for (const value of x.data) q.push(scale === 0 ? 0 : roundAwayFromZero(value / scale));
  return { q, scale };
}

export function absmaxDequantize({ q, scale }: Quantized, shape: number[]): Tensor {
  const data = new Float64Array(q.length);
  for (let i = 0; i < q.length; i++) data[i] = scale * q[i];
  return new Tensor(shape, data);
}

export function quantizeInBlocks(x: Tensor, size: number, bits: number): Tensor {
  const levels = (1 << (bits - 1)) - 1;
  const y = x.data.slice();
  for (let start = 0; start < y.length; start += size) {
    const block = y.subarray(start, start + size);
    const scale = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / levels;
    block.forEach((value, i) => (block[i] = scale > 0 ? roundAwayFromZero(value / scale) * scale : 0));
  }
  return new Tensor(x.shape, y);
}

export function packQ8(x: number[]): number[] {
  if (x.length !== 32) throw new RangeError(`packQ8: a block has 32 numbers, not ${x.length}`);
  const floats = Float32Array.from(x);
  // What is put into it is rounded to float32.
  const float = new Float32Array(3);
  for (const value of floats) float[0] = Math.max(float[0], Math.abs(value));
  float[0] /= 127;
  float[1] = float[0] > 0 ? 1 / float[0] : 0;
  const levels = new Int8Array(32);
  for (let j = 0; j < 32; j++) {
    float[2] = floats[j] * float[1];
    levels[j] = roundAwayFromZero(float[2]);
  }
  const half = halfBits(float[0]);
  return [half % 256, Math.floor(half / 256), ...new Uint8Array(levels.buffer)];
}

export function unpackQ8(bytes: number[]): number[] {
  if (bytes.length !== 34) throw new RangeError(`unpackQ8: a block has 34 bytes, not ${bytes.length}`);
  const [low, high, ...levels] = bytes;
  const d = fromHalfBits(low + 256 * high);
  return [...Int8Array.from(levels)].map((level) => Math.fround(level * d));
}

export function packQ4(x: number[]): number[] {
  if (x.length !== 32) throw new RangeError(`packQ4: a block has 32 numbers, not ${x.length}`);
  const { fround } = Math;
  const floats = x.map(fround);
  const m = floats.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  const d = fround(m / -8);
  const id = d === 0 ? 0 : fround(1 / d);
  const level = (value: number): number => Math.min(15, Math.floor(fround(fround(value * id) + 8.5)));
  const half = halfBits(d);
  const bytes = [half & 255, half >> 8];
  for (let j = 0; j < 16; j++) bytes.push(level(floats[j]) + 16 * level(floats[j + 16]));
  return bytes;
}

export function unpackQ4(bytes: number[]): number[] {
  if (bytes.length !== 18) throw new RangeError(`unpackQ4: a block has 18 bytes, not ${bytes.length}`);
  const d = fromHalfBits(bytes[0] | (bytes[1] << 8));
  const y = new Float32Array(32);
  for (let j = 0; j < 16; j++) {
    const byte = bytes[2 + j];
    y[j] = ((byte % 16) - 8) * d;
    y[j + 16] = (Math.floor(byte / 16) - 8) * d;
  }
  return Array.from(y);
}

export function quantizeMatrix(w: Tensor, format: 'q8_0' | 'q4_0'): QuantizedMatrix {
  if (w.rank !== 2 || w.shape[1] % BLOCK !== 0) {
    throw new ShapeError(`quantizeMatrix: (${w.shape}) is no matrix whose rows can be cut into blocks of ${BLOCK}`);
  }
  const pack = format === 'q8_0' ? packQ8 : packQ4;
  const numbers = Array.from(w.data);
  const bytes: number[] = [];
  while (numbers.length > 0) bytes.push(...pack(numbers.splice(0, BLOCK)));
  return { format, shape: [...w.shape], bytes };
}

export function dequantizeMatrix({ format, shape, bytes }: QuantizedMatrix): Tensor {
  const size = BLOCK_BYTES[format];
  const count = bytes.length / size;
  const blocks = Array.from({ length: count }, (_, n) => bytes.slice(n * size, (n + 1) * size));
  return new Tensor(shape, blocks.flatMap(format === 'q4_0' ? unpackQ4 : unpackQ8));
}

export function qloraForward(
  x: Tensor,
  matrix: QuantizedMatrix,
  b: Tensor,
  adapter: LoraWeights,
  alpha: number,
): { y: Tensor; cache: LoraCache } {
  const unpacked = dequantizeMatrix(matrix);
  return loraForward(x, unpacked, b, adapter, alpha);
}

export function qloraBackward(dy: Tensor, cache: LoraCache): { dx: Tensor; adapter: LoraWeights } {
  const { dx, adapter } = loraBackward(dy, cache);
  return { dx, adapter };
}
