/**
 * The four of arithmetic where nothing has to be broadcast: two arrays of equally many numbers, or an array and a number.
 * One index serves all of them, which is faster than the kernels in kernels.ts, and eight entries go at a time.
 */

export type AlignedName = keyof typeof pairwise;

/** out[i] = a[i] ∘ b[i]; all three of one length */
export const pairwise = {
  add(out, a, b) {
    let i = 0;
    for (const last = out.length - 8; i <= last; i += 8) {
      out[i] = a[i] + b[i];
      out[i + 1] = a[i + 1] + b[i + 1];
      out[i + 2] = a[i + 2] + b[i + 2];
      out[i + 3] = a[i + 3] + b[i + 3];
      out[i + 4] = a[i + 4] + b[i + 4];
      out[i + 5] = a[i + 5] + b[i + 5];
      out[i + 6] = a[i + 6] + b[i + 6];
      out[i + 7] = a[i + 7] + b[i + 7];
    }
    for (; i < out.length; i++) out[i] = a[i] + b[i];
  },
  sub(out, a, b) {
    let i = 0;
    for (const last = out.length - 8; i <= last; i += 8) {
      out[i] = a[i] - b[i];
      out[i + 1] = a[i + 1] - b[i + 1];
      out[i + 2] = a[i + 2] - b[i + 2];
      out[i + 3] = a[i + 3] - b[i + 3];
      out[i + 4] = a[i + 4] - b[i + 4];
      out[i + 5] = a[i + 5] - b[i + 5];
      out[i + 6] = a[i + 6] - b[i + 6];
      out[i + 7] = a[i + 7] - b[i + 7];
    }
    for (; i < out.length; i++) out[i] = a[i] - b[i];
  },
  mul(out, a, b) {
    let i = 0;
    for (const last = out.length - 8; i <= last; i += 8) {
      out[i] = a[i] * b[i];
      out[i + 1] = a[i + 1] * b[i + 1];
      out[i + 2] = a[i + 2] * b[i + 2];
      out[i + 3] = a[i + 3] * b[i + 3];
      out[i + 4] = a[i + 4] * b[i + 4];
      out[i + 5] = a[i + 5] * b[i + 5];
      out[i + 6] = a[i + 6] * b[i + 6];
      out[i + 7] = a[i + 7] * b[i + 7];
    }
    for (; i < out.length; i++) out[i] = a[i] * b[i];
  },
  div(out, a, b) {
    let i = 0;
    for (const last = out.length - 8; i <= last; i += 8) {
      out[i] = a[i] / b[i];
      out[i + 1] = a[i + 1] / b[i + 1];
      out[i + 2] = a[i + 2] / b[i + 2];
      out[i + 3] = a[i + 3] / b[i + 3];
      out[i + 4] = a[i + 4] / b[i + 4];
      out[i + 5] = a[i + 5] / b[i + 5];
      out[i + 6] = a[i + 6] / b[i + 6];
      out[i + 7] = a[i + 7] / b[i + 7];
    }
    for (; i < out.length; i++) out[i] = a[i] / b[i];
  },
} satisfies Record<string, (out: Float64Array, a: Float64Array, b: Float64Array) => void>;

/** out[i] = a[i] ∘ b, b a number */
export const withNumber = {
  add(out, a, b) {
    let i = 0;
    for (const last = out.length - 8; i <= last; i += 8) {
      out[i] = a[i] + b;
      out[i + 1] = a[i + 1] + b;
      out[i + 2] = a[i + 2] + b;
      out[i + 3] = a[i + 3] + b;
      out[i + 4] = a[i + 4] + b;
      out[i + 5] = a[i + 5] + b;
      out[i + 6] = a[i + 6] + b;
      out[i + 7] = a[i + 7] + b;
    }
    for (; i < out.length; i++) out[i] = a[i] + b;
  },
  sub(out, a, b) {
    let i = 0;
    for (const last = out.length - 8; i <= last; i += 8) {
      out[i] = a[i] - b;
      out[i + 1] = a[i + 1] - b;
      out[i + 2] = a[i + 2] - b;
      out[i + 3] = a[i + 3] - b;
      out[i + 4] = a[i + 4] - b;
      out[i + 5] = a[i + 5] - b;
      out[i + 6] = a[i + 6] - b;
      out[i + 7] = a[i + 7] - b;
    }
    for (; i < out.length; i++) out[i] = a[i] - b;
  },
  mul(out, a, b) {
    let i = 0;
    for (const last = out.length - 8; i <= last; i += 8) {
      out[i] = a[i] * b;
      out[i + 1] = a[i + 1] * b;
      out[i + 2] = a[i + 2] * b;
      out[i + 3] = a[i + 3] * b;
      out[i + 4] = a[i + 4] * b;
      out[i + 5] = a[i + 5] * b;
      out[i + 6] = a[i + 6] * b;
      out[i + 7] = a[i + 7] * b;
    }
    for (; i < out.length; i++) out[i] = a[i] * b;
  },
  div(out, a, b) {
    let i = 0;
    for (const last = out.length - 8; i <= last; i += 8) {
      out[i] = a[i] / b;
      out[i + 1] = a[i + 1] / b;
      out[i + 2] = a[i + 2] / b;
      out[i + 3] = a[i + 3] / b;
      out[i + 4] = a[i + 4] / b;
      out[i + 5] = a[i + 5] / b;
      out[i + 6] = a[i + 6] / b;
      out[i + 7] = a[i + 7] / b;
    }
    for (; i < out.length; i++) out[i] = a[i] / b;
  },
} satisfies Record<AlignedName, (out: Float64Array, a: Float64Array, b: number) => void>;
