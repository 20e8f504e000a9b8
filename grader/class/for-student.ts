/**
 * What a student may see of a result. Whatever shows a result to a student shows this one: no seed, no case to replay with
 * it, of a hidden check nothing but the input and the own output, and of others nothing at all.
 */
import type { ExerciseReport, Report } from '../engine/report.ts';
import type { Result } from './result.ts';

export type StudentReport = Omit<Report, 'seed'>;
export type StudentResult = Omit<Result, 'course' | 'report' | 'signature' | 'intake'> & {
  course: Omit<Result['course'], 'seed' | 'spec'>;
  intake?: NonNullable<Result['intake']>;
  report?: StudentReport;
};

export function forStudent(result: Result): StudentResult {
  const { course, report, signature: _, ...rest } = result;
  const { seed: __, spec: ___, ...shown } = course;
  return {
    ...rest,
    // What went wrong inside the grader is nothing for a student to read.
    ...(result.status === 'grader-error' && { reason: 'This could not be graded. Your instructor knows.' }),
    course: shown,
    ...(report && { report: reportFor(report) }),
  };
}

function reportFor({ seed: _, topics, ...report }: Report): StudentReport {
  return { ...report, topics: topics.map((topic) => ({ ...topic, exercises: topic.exercises.map(exerciseFor) })) };
}

function exerciseFor(exercise: ExerciseReport): ExerciseReport {
  const { failure } = exercise;
  const isHidden = ({ visibility }: { visibility: string }) => visibility === 'hidden';
  const check = exercise.checks.find(({ id }) => id === failure?.check);
  const hidden = check !== undefined && isHidden(check);
  // What was printed could be all the inputs of a hidden check.
  const { console: _, ...silent } = exercise;
  if (!failure) return exercise.checks.some(isHidden) ? silent : exercise;
  const { diagnosis, ...rest } = failure;
  const kept = diagnosis && (!hidden || diagnosis.kind === 'misconception') ? { diagnosis } : {};
  return {
    ...(hidden ? silent : exercise),
    failure: {
      ...rest,
      ...kept,
      ...(hidden && {
        outputs: failure.outputs.map(({ name, got }) => ({ name, got, wrong: [] })),
        facts: [],
      }),
      replay: { seed: 0 },
    },
  };
}
