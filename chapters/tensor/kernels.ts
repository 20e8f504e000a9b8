/**
 * The inner loops of the two-operand operations, one for each, so that the engine compiles each for itself.
 *
 * Every kernel does the same walk: for `count` entries, combine a[i] with b[j], write out[o], and step on. A step of 0
 * (`di` or `dj`) reads the same number again: that is how a repeated axis is broadcast without being copied.
 */

export type Kernel = (
  out: Float64Array,
  o: number,
  a: Float64Array,
  i: number,
  di: number,
  b: Float64Array,
  j: number,
  dj: number,
  count: number,
) => void;

export type BinaryName = keyof typeof kernels;

export const kernels = {
  add(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = a[i] + b[j];
  },
  sub(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = a[i] - b[j];
  },
  mul(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = a[i] * b[j];
  },
  div(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = a[i] / b[j];
  },
  pow(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = a[i] ** b[j];
  },
  maximum(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = Math.max(a[i], b[j]);
  },
  minimum(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = Math.min(a[i], b[j]);
  },
  equal(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = a[i] === b[j] ? 1 : 0;
  },
  notEqual(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = a[i] !== b[j] ? 1 : 0;
  },
  greater(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = a[i] > b[j] ? 1 : 0;
  },
  greaterEqual(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = a[i] >= b[j] ? 1 : 0;
  },
  less(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = a[i] < b[j] ? 1 : 0;
  },
  lessEqual(out, o, a, i, di, b, j, dj, count) {
    for (const end = o + count; o < end; o++, i += di, j += dj) out[o] = a[i] <= b[j] ? 1 : 0;
  },
} satisfies Record<string, Kernel>;
