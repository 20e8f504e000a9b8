/** CSV files of other people: rosters and gradebooks, read as they are and written back as they were. */
import { readFileSync } from 'node:fs';
import papaparse from 'papaparse';
import { Refusal } from '../course/refusal.ts';

export interface Table {
  rows: string[][];
  delimiter: string;
  /** Line ends, a byte-order mark: some programs need what they wrote themselves. */
  newline: string;
  mark: boolean;
}

/** Reads a CSV file. @throws Refusal where it is none */
export function readTable(file: string): Table {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Refusal(`There is no file ${file} that can be read.`, 'Look for a typing mistake.', 2);
  }
  const mark = text.startsWith('\uFEFF');
  const { data, errors, meta } = papaparse.parse<string[]>(mark ? text.slice(1) : text, { skipEmptyLines: 'greedy' });
  const serious = errors.find(({ code }) => code !== 'UndetectableDelimiter');
  if (serious)
    throw new Refusal(
      `${file} is no CSV file that can be read: ${serious.message}${serious.row === undefined ? '' : ` (row ${serious.row + 1})`}.`,
      'Export it again as CSV.',
    );
  if (data.length === 0) throw new Refusal(`${file} is empty.`, 'Export it again as CSV.');
  return { rows: data, delimiter: meta.delimiter || ',', newline: meta.linebreak || '\n', mark };
}

/**
 * A table as CSV. Texts that a spreadsheet would run as a formula get an apostrophe before them; numbers stay numbers.
 *
 * @param own for each cell whether it is ours: what came from the reader's own file goes back untouched
 */
export function writeTable(
  { rows, delimiter = ',', newline = '\r\n', mark = false }: Pick<Table, 'rows'> & Partial<Table>,
  own: (row: number, column: number) => boolean = () => true,
): string {
  const safe = rows.map((row, r) => row.map((cell, c) => (own(r, c) ? harmless(cell) : cell)));
  return `${mark ? '\uFEFF' : ''}${papaparse.unparse(safe, { delimiter, newline })}${newline}`;
}

/** A cell that no spreadsheet takes for a formula, and that stays in its line. */
export function harmless(cell: string): string {
  // eslint-disable-next-line no-control-regex -- that is what must not be there
  const text = cell.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ').replace(/[\n\t]+/g, ' ');
  if (/^-?\d+(\.\d+)?$/.test(text)) return text;
  return /^\s*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
}

/** Which column has one of these names; -1 where none has. Capitals and spaces at the ends do not matter. */
export function columnOf(header: readonly string[], ...names: string[]): number {
  const plain = header.map((cell) => cell.trim().toLowerCase().replace(/[_-]/g, ' '));
  for (const name of names) {
    const at = plain.indexOf(name);
    if (at >= 0) return at;
  }
  return -1;
}
