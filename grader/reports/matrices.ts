/**
 * Values as a person reads them: numbers in columns aligned on the decimal point, wrong cells marked, large ones elided.
 */
import type { Shown } from '../engine/report.ts';
import type { Style } from './colours.ts';
import { clean, fit, widthOf } from './wrap.ts';

/** One piece of a value that can be drawn by itself: a number, a word, a matrix. */
export interface Leaf {
  /** "x", "network.hiddenWeights", "layers[0].w" */
  name: string;
  /** Its shape; undefined for what has none. */
  shape: readonly number[] | undefined;
  /** Row-major cells; for what has no shape a single one. */
  cells: string[];
  /** Rows of their own lengths, when it is no rectangle. */
  ragged?: string[][];
}

/** A number as text: six significant digits at most, and no more than needed. */
export function showNumber(x: number | string): string {
  if (typeof x === 'string') return x.replace('Infinity', '∞');
  if (Number.isInteger(x) && Math.abs(x) < 1e9) return String(x);
  // 0.0000399976 is hard to read, and longer than 3.99976e-5.
  const text = x !== 0 && Math.abs(x) < 1e-4 ? x.toExponential(5) : x.toPrecision(6);
  const [digits, exponent] = text.split('e');
  const short = digits!.includes('.') ? digits!.replace(/\.?0+$/, '') : digits!;
  return exponent === undefined ? short : `${short}e${exponent.replace('+', '')}`;
}

const isNumber = (v: Shown): v is number | string => typeof v === 'number' || typeof v === 'string';

/** A value as pieces, each with its name. */
export function leaves(name: string, value: Shown): Leaf[] {
  const single = (text: string): Leaf[] => [{ name, shape: undefined, cells: [text] }];
  if (value === null) return single('null');
  if (isNumber(value)) return single(showNumber(value));
  if (typeof value === 'boolean') return single(String(value));
  if ('odd' in value) return single(clean(value.odd));
  if ('text' in value) return single(JSON.stringify(clean(value.text)));
  if ('bytes' in value) return [{ name, shape: [value.bytes.length], cells: value.bytes.map(String) }];
  if ('tensor' in value) return [{ name, shape: value.tensor.shape, cells: value.tensor.data.map(showNumber) }];
  if ('record' in value) {
    const fields = Object.entries(value.record);
    if (fields.length === 0) return single('{}');
    return fields.flatMap(([key, v]) => leaves(name ? `${name}.${clean(key)}` : clean(key), v));
  }
  const { list } = value;
  if (list.every(isNumber)) return [{ name, shape: [list.length], cells: list.map(showNumber) }];
  const rows = list.map((row) => (typeof row === 'object' && row && 'list' in row ? row.list : undefined));
  if (rows.every((row): row is (number | string)[] => row !== undefined && row.every(isNumber))) {
    const texts = rows.map((row) => row.map(showNumber));
    const width = texts[0]!.length;
    if (texts.every((row) => row.length === width))
      return [{ name, shape: [texts.length, width], cells: texts.flat() }];
    return [{ name, shape: undefined, cells: texts.flat(), ragged: texts }];
  }
  const words = list.map((v) => (typeof v === 'object' && v && 'text' in v ? JSON.stringify(clean(v.text)) : v));
  if (words.every((v) => typeof v === 'string')) return [{ name, shape: [words.length], cells: words }];
  return list.flatMap((v, i) => leaves(`${name}[${i}]`, v));
}

/** "(2, 3)", "(3)", "" for a plain number. */
export const shapeText = (shape: readonly number[] | undefined): string =>
  shape === undefined || shape.length === 0 ? '' : `(${shape.join(', ')})`;

/** The positions of an axis to show: all of them, or the ends and what surrounds a wrong entry, -1 standing for "…". */
export function picks(length: number, most: number, wrong?: number): number[] {
  if (length <= most) return Array.from({ length }, (_, i) => i);
  const wanted = new Set<number>();
  const add = (i: number) => wanted.size < most - 1 && i >= 0 && i < length && wanted.add(i);
  add(wrong ?? 0);
  add(0);
  add(length - 1);
  for (let d = 1; wanted.size < Math.min(most - 1, length); d++) {
    if (wrong !== undefined && (wrong > d || d <= 1)) add(wrong - d);
    add(d);
    if (wrong !== undefined) add(wrong + d);
    add(length - 1 - d);
  }
  const sorted = [...wanted].sort((a, b) => a - b);
  const marked = sorted.flatMap((i, k) => (i !== (sorted[k - 1] ?? -1) + 1 ? [-1, i] : [i]));
  return sorted.at(-1)! < length - 1 ? [...marked, -1] : marked;
}

/** Columns aligned on the decimal point; marks stand behind the digits. */
function alignColumn(texts: readonly string[], marks: readonly boolean[]): string[] {
  const words = texts.some((t) => /["a-z]{2}/i.test(t) && t !== 'NaN');
  const point = (t: string) => (words ? 0 : (/[.e](?=.)/.exec(t)?.index ?? widthOf(t)));
  const left = Math.max(...texts.map(point));
  const padded = texts.map((t, i) => ' '.repeat(left - point(t)) + t + (marks[i] ? '*' : ''));
  const width = Math.max(...padded.map(widthOf));
  return padded.map((t) => t + ' '.repeat(width - widthOf(t)));
}

const MOST = 9;
/** One column, and the sign for the others. */
const FEWEST = 2;
const MOST_SLICES = 4;

export interface Drawing {
  /** Columns that may be used. */
  width: number;
  style: Style;
  /** Flat positions of wrong entries. */
  wrong?: ReadonlySet<number>;
  /** Where to look when not all can be shown; the wrong entries unless said otherwise. */
  near?: ReadonlySet<number>;
  /** How many columns to show at most. */
  columns?: number;
}

/** Two leaves of one shape, cut in the same places, so that what stands at the same place can be compared. */
export function drawAlike(mine: Leaf, other: Leaf, { wrong = new Set(), ...drawing }: Drawing): [string[], string[]] {
  for (let columns = MOST + 1; ; columns--) {
    const near = { ...drawing, near: wrong, columns };
    const both: [string[], string[]] = [draw(mine, { ...near, wrong }), draw(other, near)];
    if (columns <= FEWEST || both.flat().every((line) => widthOf(line) <= drawing.width)) return both;
  }
}

/** The lines of a leaf: `[ 0.5  -1* ]`, one for each row of a matrix. */
export function draw(leaf: Leaf, { width, style, wrong = new Set(), near = wrong, columns: most }: Drawing): string[] {
  const { shape, cells } = leaf;
  if (leaf.ragged) {
    const room = leaf.ragged
      .slice(0, MOST)
      .map((row) => fit(row.length === 0 ? '[ ]' : `[ ${row.join('  ')} ]`, width));
    return leaf.ragged.length > MOST ? [...room, '…'] : room;
  }
  if (shape === undefined || shape.length === 0) {
    const text = fit(cells[0] ?? '', width);
    return [wrong.size > 0 ? style.red(text) : text];
  }
  if (shape.includes(0)) return ['[ ]'];
  const columns = shape.at(-1)!;
  const rows = shape.length === 1 ? 1 : shape.at(-2)!;
  const slices = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  if (slices === 1) return matrix(0);

  const first = [...near].map((k) => Math.floor(k / (rows * columns)))[0];
  return picks(slices, MOST_SLICES, first).flatMap((slice) => {
    if (slice < 0) return ['…'];
    const index: number[] = [];
    let left = slice;
    for (const n of shape.slice(0, -2).reverse()) {
      index.unshift(left % n);
      left = Math.floor(left / n);
    }
    return [style.dim(fit(`[${index.join(', ')}]`, width)), ...matrix(slice * rows * columns)];
  });

  function matrix(start: number): string[] {
    const here = [...near].filter((k) => k >= start && k < start + rows * columns).map((k) => k - start);
    const firstRow = here[0] === undefined ? undefined : Math.floor(here[0] / columns);
    const firstColumn = here[0] === undefined ? undefined : here[0] % columns;
    const rowPicks = picks(rows, MOST, firstRow);
    const show = (columnsShown: number) => lay(rowPicks, picks(columns, columnsShown, firstColumn));
    if (most !== undefined) return show(most);
    for (let shown = Math.max(FEWEST, Math.min(columns, MOST + 1)); ; shown--) {
      const lines = show(shown);
      if (shown <= FEWEST || lines.every((line) => widthOf(line) <= width)) return lines;
    }

    function lay(rowPicks: number[], columnPicks: number[]): string[] {
      const real = rowPicks.filter((r) => r >= 0);
      const drawn = columnPicks.map((c) => {
        if (c < 0) return real.map(() => '…');
        const at = real.map((r) => start + r * columns + c);
        const bad = at.map((k) => wrong.has(k));
        return alignColumn(
          at.map((k) => cells[k] ?? '…'),
          bad,
        ).map((t, i) => (bad[i] ? style.red(t) : t));
      });
      const lines = real.map((_, i) => `[ ${drawn.map((column) => column[i]).join('  ')} ]`);
      // From the back, so that earlier positions keep their meaning.
      for (let i = rowPicks.length - 1; i >= 0; i--)
        if (rowPicks[i]! < 0) lines.splice(rowPicks.slice(0, i).filter((r) => r >= 0).length, 0, '…');
      return lines;
    }
  }
}
