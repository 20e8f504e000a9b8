/** `grades.csv`: one row for each person, one column for each exercise. */
import type { Book } from '../book.ts';
import { writeTable } from '../table.ts';

export function gradesCsv({ exercises, rows }: Book): string {
  const header = [
    'id', 'name', 'email', 'status', 'verdict', 'points', 'max points', 'grade', 'submitted', 'seconds late',
    'percent lost', 'remark',
    ...exercises.map(({ topic, name }) => `${topic}/${name}`),
  ]; // prettier-ignore
  const body = rows.map(({ person, cells, late, ...row }) => [
    person.id,
    person.name ?? '',
    person.email ?? '',
    row.status,
    row.verdict,
    String(row.points),
    String(row.maxPoints),
    String(row.grade),
    row.submittedAt ?? '',
    late?.seconds === undefined || late.seconds === null ? '' : String(late.seconds),
    late ? String(late.percent) : '',
    row.reason ?? '',
    ...exercises.map(({ id }) => String(cells.get(id)?.points ?? '')),
  ]);
  return writeTable({ rows: [header, ...body] });
}
