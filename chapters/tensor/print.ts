/** Showing a tensor: as nested arrays, and as text. */
import type { Tensor } from './tensor.ts';
import { showShape } from './shape.ts';

/** A number, or lists of these, nested as deep as there are axes. */
export type Nested = number | readonly Nested[];

export function toNested(x: Tensor): Nested {
  let position = 0;
  const build = (axis: number): Nested =>
    axis === x.rank ? x.data[position++] : Array.from({ length: x.shape[axis] }, () => build(axis + 1));
  return build(0);
}

/** An axis longer than LONG shows its first and last EDGE entries, with … between. */
const LONG = 9;
const EDGE = 4;

/** The indices of an axis to show; -1 stands for the … */
function shown(length: number): number[] {
  const all = Array.from({ length }, (_, i) => i);
  return length <= LONG ? all : [...all.slice(0, EDGE), -1, ...all.slice(-EDGE)];
}

/** A number as text: whole numbers in full (up to 10¹⁵), others with six significant digits. */
export function showNumber(x: number): string {
  if (Object.is(x, -0)) return '-0';
  if (!Number.isFinite(x) || (Number.isInteger(x) && Math.abs(x) < 1e15)) return String(x);
  const [digits, exponent] = x.toPrecision(6).split('e');
  const short = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
  return exponent === undefined ? short : `${short}e${exponent}`;
}

/** Pads the texts of one column so that their decimal points stand under each other. */
function alignColumn(texts: readonly string[]): string[] {
  const point = (text: string) => (/[.e]/.exec(text) ?? { index: text.length }).index;
  const left = Math.max(...texts.map(point));
  const padded = texts.map((text) => ' '.repeat(left - point(text)) + text);
  const width = Math.max(...padded.map((text) => text.length));
  return padded.map((text) => text.padEnd(width));
}

/** The lines of the matrix that starts at `start`, one for each row. */
function matrixLines(x: Tensor, start: number, rows: number, columns: number): string[] {
  const rowList = shown(rows);
  const real = rowList.filter((row) => row >= 0);
  const columnTexts = shown(columns).map((column) =>
    alignColumn(real.map((row) => (column < 0 ? '…' : showNumber(x.data[start + row * columns + column])))),
  );
  const lines = real.map((_, k) => `[  ${columnTexts.map((texts) => texts[k]).join('  ')} ]`);
  const gap = rowList.indexOf(-1);
  if (gap >= 0) lines.splice(gap, 0, '…');
  return lines;
}

/**
 * The shape, then the numbers: a scalar and a vector on one line, a matrix row by row, and of more axes one matrix after
 * the other, each under its leading indices:
 *
 *     Tensor (2, 3)
 *     [  0.5  -1  2    ]
 *     [  1     0  3.25 ]
 */
export function toText(x: Tensor): string {
  const title = `Tensor ${showShape(x.shape)}`;
  if (x.rank === 0) return `${title} ${showNumber(x.data[0])}`;
  if (x.size === 0) return `${title} empty`;
  const columns = x.shape[x.rank - 1];
  const rows = x.rank === 1 ? 1 : x.shape[x.rank - 2];
  const blocks: string[] = [];
  const visit = (axis: number, index: readonly number[], matrix: number): void => {
    if (axis >= x.rank - 2) {
      const label = index.length === 0 ? [] : [`[${index.join(', ')}, :, :]`];
      blocks.push([...label, ...matrixLines(x, matrix * rows * columns, rows, columns)].join('\n'));
      return;
    }
    for (const i of shown(x.shape[axis])) {
      if (i < 0) blocks.push('…');
      else visit(axis + 1, [...index, i], matrix * x.shape[axis] + i);
    }
  };
  visit(0, [], 0);
  return `${title}\n${blocks.join('\n')}`;
}
