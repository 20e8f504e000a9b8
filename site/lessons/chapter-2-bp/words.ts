/** How the lessons on calculus write numbers and tables. */
import type { Tensor } from '#tensor';

/** A number with four digits behind the point at most, and a real minus sign. */
export const show = (x: number): string => String(Number(x.toFixed(4)) || 0).replace('-', '−');

/** 3.69e−6 */
export const scientific = (x: number, digits = 1): string => x.toExponential(digits).replace('-', '−');

/** A tensor as nested lists: [[1, 2], [3, 4]]. */
export const written = (t: Tensor): string =>
  JSON.stringify(t.toArray(), (_, v) => (typeof v === 'number' ? Number(v.toFixed(4)) || 0 : v))
    .replaceAll('-', '−')
    .replaceAll(',', ', ');

/** Rows of cells as text, the first row a heading: numbers to the right, words to the left. */
export function lines(rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? show(cell) : cell)));
  const widths = cells[0].map((_, j) => Math.max(...cells.map((row) => row[j].length)));
  const right = rows[0].map((_, j) => rows.slice(1).some((row) => typeof row[j] === 'number'));
  return cells
    .map((row) =>
      row
        .map((cell, j) => (right[j] ? cell.padStart(widths[j]) : cell.padEnd(widths[j])))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
