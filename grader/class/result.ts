/**
 * The result of one submission: what was handed in, what it was graded with, and the report. Everything a gradebook says
 * is a view of results. The JSON schema is `result.schema.json` beside this file.
 */
import type { Report, Verdict } from '../engine/report.ts';
import { canonical } from '../engine/report.ts';
import type { Lateness } from './deadline.ts';
import type { Intake } from './intake/gather.ts';

export const RESULT_SCHEMA = 'deep-learning-by-hand/result/1';

/**
 * How far grading came. `ungradable` (refused at the door) is not zero points: somebody should ask the student again;
 * `grader-error` is never the student's fault.
 */
export type Status = 'graded' | 'ungradable' | 'missing' | 'grader-error';

export interface Person {
  id: string;
  name?: string;
  email?: string;
}

export interface Result {
  schema: typeof RESULT_SCHEMA;
  submission: Person & {
    /** Hash of the files that were taken; null where none were. */
    sha256: string | null;
    /** When it was handed in, where that is known: never a file's own time. */
    submittedAt: string | null;
  };
  course: {
    assignment: string;
    /** Hash of everything that can change a verdict. */
    spec: string;
    grader: string;
    seed: number;
  };
  /** Where the student's code ran; null where none ran. */
  isolation: string | null;
  status: Status;
  verdict: Verdict;
  /** Points for the work. */
  points: number;
  maxPoints: number;
  /** Present where there is a deadline. */
  late?: Lateness;
  /** Points after the late rules: what goes into a gradebook. */
  grade: number;
  /** Why there is no report, or why it is not whole. */
  reason?: string;
  intake?: Pick<Intake, 'kind' | 'taken' | 'ignored' | 'more' | 'notes'>;
  report?: Report;
  gradedAt: string;
  ms: number;
  signature: string;
}

/** From the worst to the best: what a submission came to is the worst that happened in it. */
const WORST: readonly Verdict[] = ['crash', 'oom', 'timeout', 'error', 'fail', 'inconclusive', 'not-run', 'pass'];

/** One word for a whole report. Points say the rest. */
export function verdictOf(report: Report): Verdict {
  const exercises = report.topics.flatMap((topic) => topic.exercises);
  if (exercises.every((e) => !e.started)) return 'not-run';
  const worst = WORST.find((verdict) => exercises.some((e) => e.verdict === verdict)) ?? 'inconclusive';
  // What is partly done has been run.
  return worst === 'not-run' ? 'fail' : worst;
}

/** The part of a result that is the same on every machine, whatever was graded beside it: no times, no signature. */
export function canonicalResult({ gradedAt: _, ms: __, signature: ___, report, ...rest }: Result): object {
  return { ...rest, ...(report && { report: canonical(report) }) };
}
