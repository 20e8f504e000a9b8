/**
 * A whole class: everybody's work goes to a judge, every result is on disk as soon as it is known, and what did not
 * change since the last run is not graded again.
 */
import { availableParallelism } from 'node:os';
import type { Setting } from '../cli/setting.ts';
import type { Goal } from '../course/grade-run.ts';
import { listed, nearest } from '../course/nearest.ts';
import { Refusal } from '../course/refusal.ts';
import { strongest, type Isolation } from '../sandbox/node/isolation.ts';
import { afterLateness, lateness, type LateRules } from './deadline.ts';
import { Pool, type Outcome } from './pool.ts';
import { RESULT_SCHEMA, verdictOf, type Person, type Result } from './result.ts';
import { fingerprint, seedFor, sign } from './secret.ts';
import { BATCH_SCHEMA, Store, type Batch } from './store.ts';
import type { Found, Submission } from './submissions.ts';
import { openAssignment, type Assignment } from './terms.ts';

/** Milliseconds for one submission. */
export const BUDGET = 600_000;

export interface ClassOptions {
  setting: Setting;
  goal: Goal;
  found: Found;
  /** The folder of results. */
  out: string;
  secret: string;
  /** Folder of hidden checks. */
  checks?: string | undefined;
  late?: LateRules | undefined;
  shard?: Batch['shard'];
  /** Only this person, and even if nothing changed. */
  only?: string | undefined;
  /** Everybody, even if nothing changed. */
  again?: boolean;
  jobs?: number | undefined;
  budget?: number | undefined;
  /** Where students' code runs; default: the strongest level that this machine has. */
  isolation?: Isolation | undefined;
  /** The command of a collector: two-phase grading. */
  collector?: string | undefined;
  signal?: AbortSignal;
  onResult?: (result: Result, progress: Progress) => void;
  onJudge?: (pid: number) => void;
  onTake?: (pid: number, path: string) => void;
}

export interface Progress {
  done: number;
  all: number;
  /** Of those done, how many were as they had been. */
  kept: number;
}

export interface ClassRun {
  batch: Batch;
  store: Store;
  progress: Progress;
}

/** Grades a class, or its part. Rejects only for what is wrong with the request itself. */
export async function gradeClass(options: ClassOptions): Promise<ClassRun> {
  const { setting, goal, found, secret, signal, shard = { index: 1, of: 1 } } = options;
  const assignment = await openAssignment(setting, goal, options.checks);
  const seed = seedFor(secret, assignment.id);
  const mine = chosen(found.submissions, shard, options.only);
  const store = new Store(options.out, secret);
  const batch: Batch = {
    schema: BATCH_SCHEMA,
    assignment: assignment.id,
    title: assignment.title,
    spec: assignment.spec,
    grader: assignment.grader,
    secret: fingerprint(secret),
    exercises: assignment.exercises,
    maxPoints: assignment.maxPoints,
    ...(options.late && { late: options.late }),
    people: found.submissions.map(({ path: _, ...rest }) => rest),
    strays: found.strays,
    shard,
  };
  refuseOtherAssignment(store, batch);
  const unlock = store.lock(shard);
  const budget = options.budget ?? BUDGET;
  const isolation = options.isolation ?? (await strongest());
  const pool = new Pool({
    size: Math.max(1, Math.min(options.jobs ?? availableParallelism(), mine.length)),
    setUp: {
      assignment: assignment.id,
      checks: options.checks,
      seed,
      isolation,
      collector: options.collector,
      budget,
      parallel: 1,
    },
    ...(options.onJudge && { onStart: options.onJudge }),
    ...(options.onTake && { onTake: options.onTake }),
  });
  const stop = () => pool.close();
  signal?.addEventListener('abort', stop, { once: true });
  const progress: Progress = { done: 0, all: mine.length, kept: 0 };
  try {
    store.writeBatch(batch);
    let next = 0;
    const take = async () => {
      while (next < mine.length && !signal?.aborted) {
        const submission = mine[next++]!;
        const began = performance.now();
        const before = store.read(submission.id);
        const usable = isCurrent(before, assignment, seed) && !options.again && options.only === undefined;
        const outcome = await gradeOne(submission, pool, usable ? (before?.submission.sha256 ?? undefined) : undefined);
        if (signal?.aborted) return;
        const kept = outcome.kind === 'same' && before !== undefined;
        const draft = kept ? before : resultOf(submission, outcome, assignment, seed, performance.now() - began);
        const result = finish(draft, submission, options.late, secret);
        if (!kept || result.signature !== before.signature) store.write(result);
        progress.done++;
        if (kept) progress.kept++;
        options.onResult?.(result, progress);
      }
    };
    await Promise.all(Array.from({ length: pool.size }, take));
    return { batch, store, progress };
  } finally {
    signal?.removeEventListener('abort', stop);
    pool.close();
    unlock();
  }
}

/** Whose turn it is here: every part takes each n-th, so that no part gets all the slow ones of one kind of name. */
function chosen(submissions: readonly Submission[], shard: Batch['shard'], only: string | undefined): Submission[] {
  if (only !== undefined) {
    const found = submissions.filter(({ id }) => id === only);
    if (found.length > 0) return found;
    const ids = submissions.map(({ id }) => id);
    throw new Refusal(
      `There is no submission of "${only}".`,
      `Did you mean ${nearest(only, ids)}? There are ${ids.length}: ${listed(ids.slice(0, 5))}${ids.length > 5 ? ' …' : ''}`,
      2,
    );
  }
  return submissions.filter((_, i) => i % shard.of === shard.index - 1);
}

/** A folder holds the results of one assignment. */
function refuseOtherAssignment(store: Store, batch: Batch): void {
  const other = store.batches().find((b) => b.assignment !== batch.assignment);
  if (other)
    throw new Refusal(
      `${store.folder} holds results of ${other.assignment}, not of ${batch.assignment}.`,
      'Grade into another folder with --out.',
      2,
    );
}

const isCurrent = (result: Result | undefined, assignment: Assignment, seed: number): boolean =>
  result?.status === 'graded' &&
  result.course.assignment === assignment.id &&
  result.course.spec === assignment.spec &&
  result.course.grader === assignment.grader &&
  result.course.seed === seed;

type One = Outcome | { kind: 'missing' } | { kind: 'refused'; why: string };

async function gradeOne(submission: Submission, pool: Pool, known: string | undefined): Promise<One> {
  const { path, problem } = submission;
  if (problem !== undefined) return path === undefined ? { kind: 'missing' } : { kind: 'refused', why: problem };
  if (path === undefined) return { kind: 'missing' };
  return pool.grade(path, known);
}

type Draft = Omit<Result, 'grade' | 'signature' | 'late'>;

const personOf = ({ id, name, email }: Person): Person => ({
  id,
  ...(name !== undefined && { name }),
  ...(email !== undefined && { email }),
});

function resultOf(submission: Submission, outcome: One, assignment: Assignment, seed: number, ms: number): Draft {
  const common = {
    schema: RESULT_SCHEMA,
    submission: { ...personOf(submission), sha256: null, submittedAt: submission.submittedAt ?? null },
    course: { assignment: assignment.id, spec: assignment.spec, grader: assignment.grader, seed },
    isolation: null,
    points: 0,
    maxPoints: assignment.maxPoints,
    gradedAt: new Date().toISOString(),
    ms: Math.round(ms),
  } as const;
  switch (outcome.kind) {
    case 'graded': {
      const { report, intake, cutShort } = outcome;
      const { sha256, ...shown } = intake;
      return {
        ...common,
        submission: { ...common.submission, sha256 },
        isolation: report.isolation,
        status: 'graded',
        verdict: verdictOf(report),
        points: report.points,
        maxPoints: report.maxPoints,
        ...(cutShort !== undefined && { reason: cutShort }),
        intake: shown,
        report,
      };
    }
    case 'refused':
      return { ...common, status: 'ungradable', verdict: 'error', reason: sentence(outcome.why) };
    case 'missing':
      return {
        ...common,
        status: 'missing',
        verdict: 'not-run',
        reason: submission.problem ?? 'Nothing was handed in.',
      };
    default:
      return {
        ...common,
        status: 'grader-error',
        verdict: 'crash',
        reason: `The judge was lost twice while it graded this: ${outcome.kind === 'lost' ? outcome.why : 'no answer'}`,
      };
  }
}

/** "holds a link: …" as a sentence of its own. */
const sentence = (why: string) => (/^[a-z]/.test(why) ? `The submission ${why}${/[.!?]$/.test(why) ? '' : '.'}` : why);

/** Who it is, when it came and what that costs may change from run to run, the report not. */
function finish(draft: Draft, submission: Submission, rules: LateRules | undefined, secret: string): Result {
  const submittedAt = submission.submittedAt ?? null;
  const late =
    rules && draft.status !== 'missing' ? lateness(rules, submission.submittedAt, submission.deadline) : undefined;
  const { late: _, signature: __, ...rest } = draft as Result;
  const result: Result = {
    ...rest,
    submission: { ...personOf(submission), sha256: draft.submission.sha256, submittedAt },
    ...(late && { late }),
    grade: afterLateness(draft.points, late),
    signature: '',
  };
  return { ...result, signature: sign(secret, result) };
}
