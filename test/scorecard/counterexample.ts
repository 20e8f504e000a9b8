/** How much there is to read in a counterexample, and whether a smaller one exists. */
import type { Check } from '../../grader/engine/check.ts';
import {
  show,
  type Exercise,
  type ExerciseReport,
  type Failure,
  type Shown,
  type Subject,
  type ValueRecord,
} from '../../grader/engine/index.ts';
import { runCheck } from '../../grader/engine/run-check.ts';

/** What is still read at a glance: a matrix of 4×4. */
export const GLANCE = 16;
/** Smaller inputs that are tried before it is said that none fails. */
const TRIED = 300;

/** The size of what is shown. */
export interface Size {
  /** Numbers, words and other single things in all inputs together. */
  entries: number;
  /** Entries of the largest tensor or plain list among them. */
  largest: number;
}

export interface Counterexample extends Size {
  /** The check that failed, and the case, as `--case` takes it. */
  check: string;
  case: string;
  /** Only where the largest is beyond a glance: what was found when smaller ones were looked for. */
  smaller?: Smaller;
}

/**
 * How it was decided whether a smaller input makes the same function fail the same check. A smaller one counts where its
 * largest tensor or list is smaller than that of the counterexample.
 *
 * `found`: this one does, so the counterexample could be smaller. `none fails`: so many smaller inputs were drawn as the
 * exercise declares them, or taken from its fixed ones, and the function is right on all of them. `none exists`: no
 * smaller input can be drawn from the declaration, and there is no smaller fixed one.
 */
export type Smaller = { kind: 'found'; size: Size } | { kind: 'none fails'; tried: number } | { kind: 'none exists' };

/** The size of inputs as they are shown. */
export function sizeOf(inputs: readonly { value: Shown }[]): Size {
  const size = { entries: 0, largest: 0 };
  const see = (n: number) => {
    size.entries += n;
    size.largest = Math.max(size.largest, n);
  };
  const walk = (value: Shown): void => {
    if (typeof value !== 'object' || value === null) return see(1);
    if ('tensor' in value) return see(value.tensor.shape.reduce((a, b) => a * b, 1));
    if ('bytes' in value) return see(value.bytes.length);
    if ('record' in value) return Object.values(value.record).forEach(walk);
    if (!('list' in value)) return see(1);
    const { list } = value;
    // A list of lists is read as one matrix.
    const flat = list.flatMap((row) => (typeof row === 'object' && row !== null && 'list' in row ? row.list : [row]));
    if (flat.every((entry) => typeof entry !== 'object' || entry === null)) see(flat.length);
    else list.forEach(walk);
  };
  inputs.forEach(({ value }) => walk(value));
  return size;
}

const namesOf = ({ backwardOf, parameters }: Exercise) => [...new Set([...(backwardOf?.takes ?? []), ...parameters])];

const sizeOfCase = (exercise: Exercise, inputs: ValueRecord): Size =>
  sizeOf(namesOf(exercise).flatMap((name) => (inputs[name] === undefined ? [] : [{ value: show(inputs[name]) }])));

/** What a report shows; nothing where it fails without an input (a function that is not exported). */
export async function counterexampleOf(
  exercise: Exercise,
  report: ExerciseReport,
  subject: Subject,
): Promise<Counterexample | undefined> {
  const { failure } = report;
  if (!failure || failure.replay.case === undefined || failure.inputs.length === 0) return undefined;
  const { check, replay } = failure;
  const size = sizeOf(failure.inputs);
  const found = { check, case: replay.case!, ...size };
  if (size.largest <= GLANCE) return found;
  return { ...found, smaller: await smallerThan(size.largest, exercise, report, failure, subject) };
}

async function smallerThan(
  largest: number,
  exercise: Exercise,
  report: ExerciseReport,
  failure: Failure,
  subject: Subject,
): Promise<Smaller> {
  const check = exercise.checks[Number.parseInt(failure.replay.case!, 10)]!;
  const examined = check.of ?? exercise;
  // Which inputs failed is looked at from outside: every one that fails is remembered with its size.
  let smallest: Size | undefined;
  let tried = 0;
  // A glance first: it has the fewest sizes, and most of what is drawn below is hardly smaller than what was shown.
  for (const most of new Set([Math.min(GLANCE, largest - 1), largest - 1])) {
    const fits = (inputs: ValueRecord) => sizeOfCase(examined, inputs).largest <= most;
    const limited: Check = {
      ...check,
      cases: TRIED,
      where: (inputs, e) => fits(inputs) && (check.where?.(inputs, e) ?? true),
      ...(check.fixed && { fixed: (e: Exercise) => check.fixed!(e).filter(fits) }),
      judge(inputs, outcomes, e) {
        tried++;
        const finding = check.judge(inputs, outcomes, e);
        if (finding) smallest = less(smallest, sizeOfCase(examined, inputs));
        return finding;
      },
    };
    try {
      const { verdict } = await runCheck({ ...exercise, checks: [limited] }, limited, subject, {
        seed: failure.replay.seed,
        exerciseId: report.id,
        forwardFromStandIn: report.notes.some((note) => note.startsWith('Right, given the cache')),
        brief: true,
      });
      // It threw, or did not end: that is a failure too, of an input that fits.
      if (!smallest && verdict !== 'pass' && verdict !== 'inconclusive') smallest = { entries: 0, largest: most };
    } catch (error) {
      if (!/refused \d+ cases in a row/.test(String(error))) throw error;
    }
    if (smallest) return { kind: 'found', size: smallest };
  }
  return tried > 0 ? { kind: 'none fails', tried } : { kind: 'none exists' };
}

const less = (a: Size | undefined, b: Size): Size =>
  a && (a.largest < b.largest || (a.largest === b.largest && a.entries <= b.entries)) ? a : b;
