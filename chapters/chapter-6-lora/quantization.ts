/**
 * Chapter 6, topic 4: a frozen matrix need not be stored in 64 bits a number. First whole numbers from −127 to 127 with one
 * scale; then blocks of 32 with a scale each, in 8 and in 4 bits, packed byte for byte as GGML packs them; at last a quantised
 * matrix with a LoRA detour on top.
 */
import { Tensor, fromHalfBits, halfBits, showShape, ShapeError } from '#tensor';
import { loraBackward, loraForward } from './lora.ts';
import type { LoraCache, LoraWeights } from './lora.ts';

/** Whole numbers, and what one step of them is worth. */
export interface Quantized {
  /** whole numbers from −127 to 127, one for each entry */
  q: number[];
  /** ≥ 0 */
  scale: number;
}

/** A matrix in blocks, as bytes. */
export interface QuantizedMatrix {
  format: 'q8_0' | 'q4_0';
  /** out and in; in is a multiple of 32 */
  shape: number[];
  /** each 0 … 255; row after row, each row in blocks of 32 */
  bytes: number[];
}

/** How many numbers share a scale. */
export const BLOCK = 32;

/** Bytes of a block: 2 for the scale, then 32 numbers of 8 bits, or of 4. */
export const BLOCK_BYTES = { q8_0: 34, q4_0: 18 } as const;

/**
 * Rounds to the nearest whole number, halves away from zero, as C's roundf does. `Math.round` sends −2.5 to −2.
 *
 * @param x any finite number
 * @returns a whole number: 2.5 ↦ 3, −2.5 ↦ −3
 */
export function roundAwayFromZero(x: number): number {
  throw new Error('TODO: roundAwayFromZero');
}

/**
 * Absmax quantisation: the largest entry becomes 127 or −127, zero stays zero.
 *
 *   scale = max |x| / 127
 *   q     = x / scale, rounded, halves away from zero       all 0 when scale is 0
 *
 * @param x any shape, at least one entry
 * @returns q, one whole number for each entry, in the order of `data`; and scale
 * @see Dettmers et al. 2022, "LLM.int8(): 8-bit matrix multiplication for transformers at scale", §2
 */
export function absmaxQuantize(x: Tensor): Quantized {
  throw new Error('TODO: absmaxQuantize');
}

/**
 * The numbers that the whole numbers stand for.
 *
 * @param quantized q and scale
 * @param shape     as many entries as q
 * @returns q · scale, in this shape
 */
export function absmaxDequantize(quantized: Quantized, shape: number[]): Tensor {
  throw new Error('TODO: absmaxDequantize');
}

/**
 * What is left of a vector when every block has its own scale: absmax, block by block, to the whole numbers that fit into so
 * many bits, and back.
 *
 *   levels = 2^(bits − 1) − 1                      127 for 8 bits, 7 for 4
 *   scale  = max |block| / levels                  one for each block
 *   y      = scale · round(x / scale)              halves away from zero; 0 where scale is 0
 *
 * @param x    (n)
 * @param size of a block, ≥ 1; the last block may be shorter
 * @param bits 2 … 8
 * @returns y (n)
 */
export function quantizeInBlocks(x: Tensor, size: number, bits: number): Tensor {
  throw new Error('TODO: quantizeInBlocks');
}

/**
 * One block in GGML's format q8_0: 34 bytes.
 *
 *   amax = max |x|                                  every step in float32: `Math.fround`
 *   d    = amax / 127
 *   id   = 1 / d, or 0 when d is 0                  from d as it is, before it is stored in half precision
 *   q_j  = round(x_j · id)                          halves away from zero
 *
 *   bytes 0, 1:   d in half precision, the low byte first         (`halfBits`)
 *   bytes 2 … 33: q_0 … q_31 as int8; a negative one as 256 + q_j
 *
 * @param x 32 numbers; they are rounded to float32 first
 * @returns 34 whole numbers from 0 to 255
 * @throws RangeError when there are not 32 numbers
 * @see ggml, quantize_row_q8_0_ref
 */
export function packQ8(x: number[]): number[] {
  throw new Error('TODO: packQ8');
}

/**
 * The 32 numbers of a q8_0 block: d · q_j, in float32.
 *
 * @param bytes 34 whole numbers from 0 to 255
 * @returns 32 numbers
 * @throws RangeError when there are not 34 bytes
 */
export function unpackQ8(bytes: number[]): number[] {
  throw new Error('TODO: unpackQ8');
}

/**
 * One block in GGML's format q4_0: 18 bytes. The 16 levels are −8 … 7 times d, and d has the sign that puts the entry of
 * largest size on −8, the level that has no partner.
 *
 *   m   = the entry of largest size, with its sign; the first of equal ones        every step in float32
 *   d   = m / −8
 *   id  = 1 / d, or 0 when d is 0                  from d as it is, before it is stored in half precision
 *   q_j = min(15, trunc(x_j · id + 8.5))           0 … 15, stands for q_j − 8
 *
 *   bytes 0, 1:  d in half precision, the low byte first
 *   byte 2 + j:  q_j in the low four bits, q_{j+16} in the high four        j = 0 … 15
 *
 * A block of zeros needs no rule of its own: m = 0, d = 0 / −8 = −0, every q_j is 8. The sign of −0 is stored too, so byte 1
 * is 128, as in ggml.
 *
 * @param x 32 numbers; they are rounded to float32 first
 * @returns 18 whole numbers from 0 to 255
 * @throws RangeError when there are not 32 numbers
 * @see ggml, quantize_row_q4_0_ref
 */
export function packQ4(x: number[]): number[] {
  throw new Error('TODO: packQ4');
}

/**
 * The 32 numbers of a q4_0 block: d · (q_j − 8), in float32. d may be negative.
 *
 * @param bytes 18 whole numbers from 0 to 255
 * @returns 32 numbers
 * @throws RangeError when there are not 18 bytes
 */
export function unpackQ4(bytes: number[]): number[] {
  throw new Error('TODO: unpackQ4');
}

/**
 * A matrix in blocks of 32 along its rows.
 *
 * @param w      (out, in); in is a multiple of 32
 * @param format 'q8_0' or 'q4_0'
 * @returns format, shape and bytes: row after row, each row's blocks from left to right
 * @throws ShapeError when w is not a matrix, or its rows cannot be cut into blocks of 32
 */
export function quantizeMatrix(w: Tensor, format: 'q8_0' | 'q4_0'): QuantizedMatrix {
  throw new Error('TODO: quantizeMatrix');
}

/**
 * The matrix that the bytes stand for.
 *
 * @param matrix from quantizeMatrix
 * @returns (out, in)
 */
export function dequantizeMatrix(matrix: QuantizedMatrix): Tensor {
  throw new Error('TODO: dequantizeMatrix');
}

/**
 * A linear layer whose frozen matrix is stored in blocks, with a detour in full precision: QLoRA's idea. The matrix is
 * unpacked when it is needed, and forgotten.
 *
 *   y = loraForward(x, dequantizeMatrix(matrix), b, adapter, alpha)      (…, out)
 *
 * @param x       (…, in)
 * @param matrix  (out, in) in blocks; frozen
 * @param b       (out) frozen
 * @param adapter A (r, in), B (out, r)
 * @param alpha   α
 * @returns y (…, out), and the cache for qloraBackward
 * @see Dettmers et al. 2023, "QLoRA: efficient finetuning of quantized LLMs", eq. 5
 */
export function qloraForward(
  x: Tensor,
  matrix: QuantizedMatrix,
  b: Tensor,
  adapter: LoraWeights,
  alpha: number,
): { y: Tensor; cache: LoraCache } {
  throw new Error('TODO: qloraForward');
}

/**
 * The way back: nobody differentiates the rounding. What is frozen needs no gradient, and x gets its own through the matrix
 * that was used, which is the unpacked one.
 *
 * @param dy    (…, out) upstream gradient of y
 * @param cache from qloraForward
 * @returns dx (…, in), and adapter: the gradients of A and B
 */
export function qloraBackward(dy: Tensor, cache: LoraCache): { dx: Tensor; adapter: LoraWeights } {
  throw new Error('TODO: qloraBackward');
}
