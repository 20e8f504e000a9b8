/** What several interactive figures need. */
import type { Both } from './interactive.ts';

/** `from`, `from + step`, …, `to`, without rounding dust. */
export function steps(from: number, to: number, step = 1): number[] {
  const count = Math.round((to - from) / step);
  return Array.from({ length: count + 1 }, (_, i) => Number((from + i * step).toPrecision(12)));
}

/** A number as prose shows it: three significant digits, a real minus sign. */
export function short(x: number): string {
  if (!Number.isFinite(x)) return '∞';
  const text =
    x !== 0 && (Math.abs(x) < 0.001 || Math.abs(x) >= 1e5) ? x.toExponential(1) : String(Number(x.toPrecision(3)));
  return text.replace(/-/g, '−').replace('+', '');
}

export const both = (en: string, zh: string): Both => ({ en, zh });

/** A few repeatable numbers between −1 and 1 from a seed, by integer arithmetic only. */
export function wobble(seed: number, count: number): number[] {
  let state = (seed * 2654435761) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0;
    return ((state >>> 8) % 2001) / 1000 - 1;
  });
}
