/** Writes every gradebook of a class, from the results on disk, one result in memory at a time. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bookOf, notGraded, rowOf, type Book, type Row } from '../book.ts';
import { forStudent } from '../for-student.ts';
import { fileNameFor } from '../intake/names.ts';
import type { Person, Result } from '../result.ts';
import { writeWhole, type Batch } from '../store.ts';
import { summarise, type ClassSummary } from '../summary.ts';
import { classPage } from './class-page.ts';
import { gradesCsv } from './csv.ts';
import { fillCanvas, fillMoodle, type Filled } from './filling.ts';
import { junitXml } from './junit.ts';
import { studentPage } from './student-page.ts';

export interface Gradebooks {
  book: Book;
  summary: ClassSummary;
  /** What was written, from the folder of results. */
  written: string[];
  canvas?: Filled;
  moodle?: Filled;
}

/**
 * @param read a person's result, or why there is none
 */
export function writeGradebooks(
  batch: Batch,
  out: string,
  read: (person: Person) => { result?: Result; why?: string },
  exports: { canvas?: string; canvasColumn?: string; moodle?: string; moodleColumn?: string } = {},
): Gradebooks {
  const rows: Row[] = [];
  const pages = new Set<string>();
  const junit: string[] = [];
  for (const person of batch.people) {
    const { result, why } = read(person);
    if (!result) {
      const reason = why === undefined ? 'It was not graded yet.' : `Its result does not count: ${why}.`;
      rows.push(notGraded(person, batch.maxPoints, reason));
      continue;
    }
    rows.push(rowOf(result));
    const name = fileNameFor(person.id);
    const shown = forStudent(result);
    writeWhole(join(out, 'students', `${name}.html`), studentPage(shown, batch.title));
    writeWhole(join(out, 'junit', `${name}.xml`), junitXml(batch.assignment, [shown]));
    pages.add(name);
    junit.push(name);
  }
  // Pages of people who are no longer in the class, or whose result is gone, would say what is not so.
  for (const [folder, ending] of [
    ['students', '.html'],
    ['junit', '.xml'],
  ] as const)
    // prettier-ignore
    if (existsSync(join(out, folder)))
      for (const file of readdirSync(join(out, folder)))
        if (!pages.has(file.slice(0, -ending.length))) rmSync(join(out, folder, file), { force: true });
  const book = bookOf(batch, rows);
  const summary = summarise(book);
  const written = ['students/', 'junit/', 'grades.csv', 'class.html', 'class.json'];
  writeWhole(join(out, 'grades.csv'), gradesCsv(book));
  writeWhole(join(out, 'class.html'), classPage(book, summary, (id) => `students/${encodeURIComponent(fileNameFor(id))}.html`)); // prettier-ignore
  writeWhole(join(out, 'class.json'), `${JSON.stringify({ assignment: batch.assignment, ...summary }, null, 2)}\n`);
  const done: Gradebooks = { book, summary, written };
  if (exports.canvas !== undefined) {
    done.canvas = fillCanvas(book, exports.canvas, exports.canvasColumn);
    writeWhole(join(out, 'canvas.csv'), done.canvas.text);
    written.push('canvas.csv');
  }
  if (exports.moodle !== undefined) {
    done.moodle = fillMoodle(book, exports.moodle, exports.moodleColumn);
    writeWhole(join(out, 'moodle.csv'), done.moodle.text);
    written.push('moodle.csv');
  }
  return done;
}
