/**
 * One judge of many: a process that grades one submission after the other, as its parent asks. Should a submission find
 * a way to harm the judge, it is this process that is lost, and the parent starts another.
 */
import { goalFor, openSetting } from '../cli/setting.ts';
import type { Isolation } from '../sandbox/node/isolation.ts';
import { prewarm } from '../sandbox/node/sandbox.ts';
import { gradeSubmission, type Graded, type Terms } from './grade-submission.ts';
import { openAssignment, termsOf } from './terms.ts';

/** Sent once, before anything else. */
export interface SetUp {
  type: 'set-up';
  /** `chapter-1` */
  assignment: string;
  checks: string | undefined;
  seed: number;
  isolation: Isolation;
  collector: string | undefined;
  budget: number;
  parallel: number;
}

export interface Job {
  type: 'grade';
  path: string;
  known: string | undefined;
}

export type Answer = { type: 'ready' } | { type: 'graded'; graded: Graded } | { type: 'failed'; error: string };

/** Answers until the parent is gone. */
export function work(): void {
  let terms: Promise<Terms> | undefined;
  let isolation: Isolation = 'process';
  let collector: string | undefined;
  const answer = (message: Answer) => process.send?.(message);
  const failed = (error: unknown) =>
    answer({ type: 'failed', error: String((error as Error | undefined)?.stack ?? error).slice(0, 4_000) });

  process.on('message', (message: SetUp | Job) => {
    if (message.type === 'set-up') {
      ({ isolation, collector } = message);
      terms = setUp(message);
      terms.then(() => answer({ type: 'ready' }), failed);
      return;
    }
    if (!terms) return failed('not set up');
    terms
      .then((known) => gradeSubmission(message.path, known, message.known))
      .then((graded) => answer({ type: 'graded', graded }))
      .catch(failed)
      // The next submission's first child starts while this one's result is written.
      .finally(() => collector ?? prewarm(isolation));
  });
  // Otherwise this signal would open Node's debugger to every process of the machine.
  process.on('SIGUSR1', () => undefined);
  // Killed with -9, the parent leaves workers behind: they must not go on.
  process.on('disconnect', () => process.exit(1));
}

async function setUp({ assignment, checks, ...how }: SetUp): Promise<Terms> {
  const setting = openSetting();
  const goal = await goalFor(setting, assignment);
  return termsOf(setting, await openAssignment(setting, goal, checks), how);
}
