/**
 * Gradebooks of learning platforms are filled, not made: the instructor exports one, one column of it gets our numbers, and
 * everything else goes back as it came.
 */
import { listed, nearest } from '../../course/nearest.ts';
import { Refusal } from '../../course/refusal.ts';
import type { Book, Row } from '../book.ts';
import { columnOf, readTable, writeTable, type Table } from '../table.ts';

export interface Filled {
  text: string;
  filled: number;
  /** People of ours who are not in the export. */
  absent: string[];
}

/** Which people of a platform's table are which of ours: by id, login, number or address, never by name alone. */
function finder(book: Book): (values: readonly string[]) => Row | undefined {
  const byKey = new Map<string, Row | null>();
  const add = (key: string | undefined, row: Row) => {
    if (key === undefined || key === '') return;
    const plain = key.trim().toLowerCase();
    // Two people with one address are nobody's match.
    byKey.set(plain, byKey.has(plain) && byKey.get(plain) !== row ? null : row);
  };
  for (const row of book.rows) {
    add(row.person.id, row);
    add(row.person.email, row);
    const at = row.person.email?.indexOf('@') ?? -1;
    if (at > 0 && !book.rows.some(({ person }) => person.id === row.person.email!.slice(0, at)))
      add(row.person.email!.slice(0, at), row);
  }
  return (values) => {
    for (const value of values) {
      const row = byKey.get(value.trim().toLowerCase());
      if (row) return row;
    }
    return undefined;
  };
}

/** What has no grade leaves its cell as it is: nothing handed in is the instructor's to decide, an error too. */
const gradeOf = (row: Row): string | undefined => (row.status === 'graded' ? String(row.grade) : undefined);

/** Fills a Canvas gradebook: the column of the assignment, found by its name. */
export function fillCanvas(book: Book, file: string, column?: string): Filled {
  const table = readTable(file);
  const [header] = table.rows;
  const keys = ['id', 'sis user id', 'sis login id', 'integration id'].map((name) => columnOf(header!, name));
  if (columnOf(header!, 'student') < 0 || keys.every((at) => at < 0))
    throw new Refusal(
      `${file} is not what Canvas exports: it should have the columns Student and ID.`,
      'In Canvas: Grades, Export, Export Entire Gradebook.',
      2,
    );
  const at = assignmentColumn(header!, column ?? book.assignment, file, 'canvas-column');
  // Canvas puts "Points Possible" and "Manual Posting" rows below the header.
  const isPerson = (row: string[]) => !/^\s*(points possible|student, test)/i.test(row[0] ?? '') && !isBlank(row, keys);
  return fill(book, table, keys, isPerson, (row, person) => {
    const grade = gradeOf(person);
    if (grade !== undefined) row[at] = grade;
    return grade !== undefined ? [at] : [];
  });
}

/** Fills a Moodle gradebook: the column of the assignment, and its feedback if there is one. */
export function fillMoodle(book: Book, file: string, column?: string): Filled {
  const table = readTable(file);
  const [header] = table.rows;
  const keys = ['email address', 'id number', 'username'].map((name) => columnOf(header!, name));
  if (keys.every((at) => at < 0))
    throw new Refusal(
      `${file} is not what Moodle exports: it should have a column "Email address" or "ID number".`,
      'In Moodle: Grades, Export, Plain text file.',
      2,
    );
  const at = assignmentColumn(header!, column ?? book.assignment, file, 'moodle-column');
  const name = header![at]!.replace(/\s*\((real|points?)\)\s*$/i, '').toLowerCase();
  let feedback = header!.findIndex((cell) => {
    const plain = cell.toLowerCase();
    return (plain.startsWith('feedback') && plain.includes(name)) || plain === `${name} (feedback)`;
  });
  if (feedback < 0) {
    feedback = header!.length;
    header!.push(`Feedback: ${header![at]!}`);
    for (const row of table.rows.slice(1)) row.push('');
  }
  return fill(
    book,
    table,
    keys,
    () => true,
    (row, person) => {
      const grade = gradeOf(person);
      if (grade === undefined) return [];
      row[at] = grade;
      row[feedback] = feedbackOf(book, person);
      return [at, feedback];
    },
  );
}

/** One line for a student, without anything that the student wrote. */
export function feedbackOf(book: Book, row: Row): string {
  const open = book.exercises.filter(({ id, maxPoints }) => (row.cells.get(id)?.points ?? 0) < maxPoints);
  const late = row.late && row.late.percent > 0 ? ` ${row.late.percent} % off for being late.` : '';
  if (open.length === 0) return `${row.points} of ${row.maxPoints} points: all of it.${late}`;
  const names = open.slice(0, 8).map(({ topic, name }) => `${topic}/${name}`);
  const rest = open.length > 8 ? ` and ${open.length - 8} more` : '';
  return `${row.points} of ${row.maxPoints} points. Not right yet: ${names.join(', ')}${rest}.${late}`;
}

const isBlank = (row: string[], keys: readonly number[]) => keys.every((at) => at < 0 || !row[at]?.trim());

function assignmentColumn(header: readonly string[], wanted: string, file: string, flag: string): number {
  const plain = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();
  const [want] = [plain(wanted)];
  const exact = header.flatMap((cell, i) => (plain(cell) === want ? [i] : []));
  // Canvas adds the assignment's number: "Chapter 5 (123456)"; Moodle what it counts: "Chapter 5 (Real)".
  const near = header.flatMap((cell, i) =>
    plain(cell.replace(/\s*\([^)]*\)\s*$/, '').replace(/^assignment:\s*/i, '')) === want ? [i] : [],
  );
  const feedback = (i: number) => /feedback/i.test(header[i]!);
  const found = (exact.length > 0 ? exact : near).filter((i) => !feedback(i));
  if (found.length === 1) return found[0]!;
  const names = header.filter((cell) => cell.trim() !== '');
  throw new Refusal(
    found.length > 1
      ? `${file} has more than one column "${wanted}": ${listed(found.map((i) => header[i]!))}.`
      : `${file} has no column "${wanted}".`,
    `Name the column as the export does: --${flag} ${JSON.stringify(nearest(wanted, names) ?? 'Chapter 1 (123456)')}`,
    2,
  );
}

function fill(
  book: Book,
  table: Table,
  keys: readonly number[],
  isPerson: (row: string[]) => boolean,
  write: (row: string[], person: Row) => number[],
): Filled {
  const find = finder(book);
  const ours = new Map<number, number[]>();
  const met = new Set<Row>();
  let filled = 0;
  table.rows.forEach((row, r) => {
    if (r === 0 || !isPerson(row)) return;
    const person = find(keys.flatMap((at) => (at < 0 ? [] : [row[at] ?? ''])));
    if (!person) return;
    met.add(person);
    const cells = write(row, person);
    ours.set(r, cells);
    if (cells.length > 0) filled++;
  });
  const absent = book.rows.filter((row) => row.status === 'graded' && !met.has(row)).map(({ person }) => person.id);
  return { text: writeTable(table, (r, c) => ours.get(r)?.includes(c) ?? false), filled, absent };
}
