/** The end of `grade-class` and of `merge`: gradebooks are written, and the class is summed up on the terminal. */
import { relative } from 'node:path';
import type { Flag } from '../cli/words.ts';
import { listed } from '../course/nearest.ts';
import { wantsColour, wantsUnicode, widthFor } from '../reports/colours.ts';
import { clean, wrap } from '../reports/wrap.ts';
import { renderSummary } from './gradebooks/terminal.ts';
import { writeGradebooks } from './gradebooks/write.ts';
import type { Person, Result } from './result.ts';
import type { Batch } from './store.ts';

export const exportFlags = {
  canvas: { type: 'string', value: 'FILE', help: 'fill this gradebook, exported from Canvas' },
  'canvas-column': { type: 'string', value: 'NAME', help: 'its column, where it is not called like the chapter' },
  moodle: { type: 'string', value: 'FILE', help: 'fill this gradebook, exported from Moodle' },
  'moodle-column': { type: 'string', value: 'NAME', help: 'its column, where it is not called like the chapter' },
} as const satisfies Record<string, Flag>;

type Exports = { [K in keyof typeof exportFlags]?: string };

/** @returns the exit code: 1 where the grader lost somebody */
export function finishClass(
  batch: Batch,
  out: string,
  read: (person: Person) => { result?: Result; why?: string },
  flags: Exports,
): 0 | 1 {
  const { canvas, moodle, 'canvas-column': canvasColumn, 'moodle-column': moodleColumn } = flags;
  const books = writeGradebooks(batch, out, read, {
    ...(canvas !== undefined && { canvas }),
    ...(canvasColumn !== undefined && { canvasColumn }),
    ...(moodle !== undefined && { moodle }),
    ...(moodleColumn !== undefined && { moodleColumn }),
  });
  const width = widthFor(process.stdout);
  const print = (lines: string[]) => process.stdout.write(`${lines.join('\n')}\n`);
  process.stdout.write(
    renderSummary(books.book, books.summary, {
      width,
      colour: wantsColour(process.stdout),
      unicode: wantsUnicode(),
    }),
  );
  for (const [name, filled] of [
    ['Canvas', books.canvas],
    ['Moodle', books.moodle],
  ] as const)
    // prettier-ignore
    if (filled) {
      const absent = filled.absent.length > 0 ? ` Not in the export: ${listed(filled.absent.slice(0, 8).map(clean))}${filled.absent.length > 8 ? ' …' : ''}.` : ''; // prettier-ignore
      print(wrap(`${name}: ${filled.filled} of ${books.book.rows.length} grades filled in.${absent}`, width));
    }
  const where = relative(process.cwd(), out) || '.';
  const levels = [...new Set(books.book.rows.flatMap(({ isolation }) => isolation ?? []))];
  if (levels.length > 0) print(wrap(`Isolation of students' code: ${listed(levels)}.`, width));
  print(wrap(`In ${where}: ${listed(books.written)}; the whole results in results/.`, width));
  return books.summary.statuses['grader-error'] > 0 ? 1 : 0;
}
