/**
 * The inner loops of the two-operand operations, one for each, so that the engine compiles each for itself.
 *
 * Every kernel does the same walk: for `count` entries, combine a[i] with b[j], write out[o], and step on. A step of 0
 * (`di` or `dj`) reads the same number again: that is how a repeated axis is broadcast without being copied.
 *
 * The four of arithmetic go four entries at a time where a, and b if it moves, lie next to each other: that takes about
 * two thirds of the time.
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
    let t = 0;
    if (di === 1 && dj === 1) {
      for (const last = count - 4; t <= last; t += 4) {
        out[o + t] = a[i + t] + b[j + t];
        out[o + t + 1] = a[i + t + 1] + b[j + t + 1];
        out[o + t + 2] = a[i + t + 2] + b[j + t + 2];
        out[o + t + 3] = a[i + t + 3] + b[j + t + 3];
      }
    } else if (di === 1 && dj === 0) {
      const right = b[j];
      for (const last = count - 4; t <= last; t += 4) {
        out[o + t] = a[i + t] + right;
        out[o + t + 1] = a[i + t + 1] + right;
        out[o + t + 2] = a[i + t + 2] + right;
        out[o + t + 3] = a[i + t + 3] + right;
      }
    }
    for (; t < count; t++) out[o + t] = a[i + t * di] + b[j + t * dj];
  },
  sub(out, o, a, i, di, b, j, dj, count) {
    let t = 0;
    if (di === 1 && dj === 1) {
      for (const last = count - 4; t <= last; t += 4) {
        out[o + t] = a[i + t] - b[j + t];
        out[o + t + 1] = a[i + t + 1] - b[j + t + 1];
        out[o + t + 2] = a[i + t + 2] - b[j + t + 2];
        out[o + t + 3] = a[i + t + 3] - b[j + t + 3];
      }
    } else if (di === 1 && dj === 0) {
      const right = b[j];
      for (const last = count - 4; t <= last; t += 4) {
        out[o + t] = a[i + t] - right;
        out[o + t + 1] = a[i + t + 1] - right;
        out[o + t + 2] = a[i + t + 2] - right;
        out[o + t + 3] = a[i + t + 3] - right;
      }
    }
    for (; t < count; t++) out[o + t] = a[i + t * di] - b[j + t * dj];
  },
  mul(out, o, a, i, di, b, j, dj, count) {
    let t = 0;
    if (di === 1 && dj === 1) {
      for (const last = count - 4; t <= last; t += 4) {
        out[o + t] = a[i + t] * b[j + t];
        out[o + t + 1] = a[i + t + 1] * b[j + t + 1];
        out[o + t + 2] = a[i + t + 2] * b[j + t + 2];
        out[o + t + 3] = a[i + t + 3] * b[j + t + 3];
      }
    } else if (di === 1 && dj === 0) {
      const right = b[j];
      for (const last = count - 4; t <= last; t += 4) {
        out[o + t] = a[i + t] * right;
        out[o + t + 1] = a[i + t + 1] * right;
        out[o + t + 2] = a[i + t + 2] * right;
        out[o + t + 3] = a[i + t + 3] * right;
      }
    }
    for (; t < count; t++) out[o + t] = a[i + t * di] * b[j + t * dj];
  },
  div(out, o, a, i, di, b, j, dj, count) {
    let t = 0;
    if (di === 1 && dj === 1) {
      for (const last = count - 4; t <= last; t += 4) {
        out[o + t] = a[i + t] / b[j + t];
        out[o + t + 1] = a[i + t + 1] / b[j + t + 1];
        out[o + t + 2] = a[i + t + 2] / b[j + t + 2];
        out[o + t + 3] = a[i + t + 3] / b[j + t + 3];
      }
    } else if (di === 1 && dj === 0) {
      const right = b[j];
      for (const last = count - 4; t <= last; t += 4) {
        out[o + t] = a[i + t] / right;
        out[o + t + 1] = a[i + t + 1] / right;
        out[o + t + 2] = a[i + t + 2] / right;
        out[o + t + 3] = a[i + t + 3] / right;
      }
    }
    for (; t < count; t++) out[o + t] = a[i + t * di] / b[j + t * dj];
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
