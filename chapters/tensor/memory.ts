/**
 * Where results get their memory from.
 *
 * A typed array of more than 64 bytes of its own costs V8 about a microsecond, whatever its length: a buffer must be
 * asked of the system, registered, and later returned. That is more than the arithmetic of a small layer takes. So results
 * of middling size are cut, one after the other, from a block of 64 KB. Their numbers stay apart: no two results share
 * one. A block goes when nothing cut from it is used any more.
 */

/** In numbers. Up to SMALL the engine keeps a typed array's numbers with the object; beyond LARGE the microsecond is lost in the work. */
const [SMALL, LARGE, BLOCK] = [8, 2048, 8192];

let block = new ArrayBuffer(0);
let used = 0;

/** A new array of so many zeros. Its `buffer` may be larger than the array. */
export function allocate(size: number): Float64Array {
  if (size <= SMALL || size > LARGE) return new Float64Array(size);
  const bytes = size * 8;
  if (used + bytes > block.byteLength) {
    block = new ArrayBuffer(BLOCK * 8);
    used = 0;
  }
  const out = new Float64Array(block, used, size);
  used += bytes;
  return out;
}

/** A new array of the same numbers. */
export function copyOf(data: Float64Array): Float64Array {
  const out = allocate(data.length);
  out.set(data);
  return out;
}
