/** Classroom 50's `result.json` (classroom50/result/v1): integers, hyphens in its keys, nothing at the top that it does not know. */
import type { StudentResult } from '../for-student.ts';
import { parseTime } from '../deadline.ts';

export interface Classroom50Result {
  schema: 'classroom50/result/v1';
  classroom: string;
  assignment: string;
  assignment_type: string;
  owner: string;
  submission: string;
  commit: string;
  release: string;
  review: string;
  /** When it was handed in: the same for every regrade. */
  datetime: string;
  graded_at: string;
  score: number;
  'max-score': number;
  tests: { 'test-name': string; passed: boolean; score: number; 'max-score': number }[];
  submitted_by?: { username: string; id: number };
}

/** What the platform says about a submission, in its environment variables. */
export function classroom50Place(
  env: NodeJS.ProcessEnv,
): Omit<Classroom50Result, 'schema' | 'graded_at' | 'score' | 'max-score' | 'tests'> {
  const get = (name: string) => env[name] ?? '';
  // The tag carries the moment: submit/2026-06-01T14-32-05Z-a1b2c3d.
  const [, day, h, m, s] = /(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})Z/.exec(get('SUBMISSION_TAG')) ?? [];
  const moment = env.COMMIT_DATETIME ?? (day === undefined ? undefined : `${day}T${h}:${m}:${s}Z`);
  const username = get('USERNAME');
  const actor = Number(env.GITHUB_ACTOR_ID);
  return {
    classroom: get('CLASSROOM'),
    assignment: get('ASSIGNMENT'),
    assignment_type: get('ASSIGNMENT_TYPE') || 'individual',
    owner: get('OWNER') || username,
    submission: get('SUBMISSION_TAG'),
    commit: get('COMMIT_URL'),
    release: get('RELEASE_URL'),
    review: get('REVIEW_URL'),
    datetime: seconds(
      moment === undefined ? new Date(0).toISOString() : parseTime(moment, 'the time of the submission'),
    ),
    ...(username !== '' && Number.isSafeInteger(actor) && actor > 0 && { submitted_by: { username, id: actor } }),
  };
}

const seconds = (iso: string) => iso.replace(/\.\d+Z$/, 'Z');

export function classroom50Result(
  result: StudentResult,
  place: ReturnType<typeof classroom50Place>,
): Classroom50Result {
  const { submitted_by, ...where } = place;
  const tests = (result.report?.topics ?? []).flatMap((topic) =>
    topic.exercises.map((exercise) => ({
      'test-name': `${topic.id.split('/')[1]}: ${exercise.name}`,
      passed: exercise.verdict === 'pass',
      score: exercise.points,
      'max-score': exercise.maxPoints,
    })),
  );
  return {
    schema: 'classroom50/result/v1',
    ...where,
    graded_at: seconds(result.gradedAt),
    score: result.grade,
    'max-score': result.maxPoints,
    tests,
    ...(submitted_by && { submitted_by }),
  };
}
