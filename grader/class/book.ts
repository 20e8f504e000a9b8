/**
 * The book: the class in rows, from which every gradebook and the summary are written. Nothing in it depends on when, where
 * or in how many parts the class was graded.
 */
import type { Verdict } from '../engine/report.ts';
import type { Lateness } from './deadline.ts';
import type { Person, Result, Status } from './result.ts';
import type { Batch } from './store.ts';
import type { Planned } from './terms.ts';

export interface Cell {
  points: number;
  verdict: Verdict;
  started: boolean;
  /** The named mistake, where one was recognised. */
  mistake?: { kind: 'misconception' | 'pattern'; name: string; says: string };
}

export interface Row {
  person: Person;
  status: Status;
  verdict: Verdict;
  points: number;
  maxPoints: number;
  /** After the late rules. */
  grade: number;
  submittedAt: string | null;
  late?: Lateness;
  reason?: string;
  isolation: string | null;
  sha256: string | null;
  /** By exercise id; empty where there is no report. */
  cells: ReadonlyMap<string, Cell>;
}

export interface Book {
  assignment: string;
  title: string;
  exercises: readonly Planned[];
  maxPoints: number;
  strays: readonly string[];
  rows: readonly Row[];
}

/** One row of the book; the report itself is not kept. */
export function rowOf(result: Result): Row {
  const cells = new Map<string, Cell>();
  for (const exercise of result.report?.topics.flatMap((topic) => topic.exercises) ?? []) {
    const { diagnosis } = exercise.failure ?? {};
    cells.set(exercise.id, {
      points: exercise.points,
      verdict: exercise.verdict,
      started: exercise.started,
      ...(diagnosis && { mistake: diagnosis }),
    });
  }
  const { id, name, email, submittedAt, sha256 } = result.submission;
  return {
    person: { id, ...(name !== undefined && { name }), ...(email !== undefined && { email }) },
    status: result.status,
    verdict: result.verdict,
    points: result.points,
    maxPoints: result.maxPoints,
    grade: result.grade,
    submittedAt,
    ...(result.late && { late: result.late }),
    ...(result.reason !== undefined && { reason: result.reason }),
    isolation: result.isolation,
    sha256,
    cells,
  };
}

/** The row of somebody whose result is not there. */
export const notGraded = (person: Person, maxPoints: number, reason: string): Row => ({
  person,
  status: 'grader-error',
  verdict: 'not-run',
  points: 0,
  maxPoints,
  grade: 0,
  submittedAt: null,
  reason,
  isolation: null,
  sha256: null,
  cells: new Map(),
});

export function bookOf(batch: Batch, rows: readonly Row[]): Book {
  const { assignment, title, exercises, maxPoints, strays } = batch;
  return { assignment, title, exercises, maxPoints, strays, rows };
}
