/**
 * One check against one subject: draw, call, judge, shrink, diagnose.
 */
import type { Check, Finding } from './check.ts';
import { caseAt, cases, drawCases, lessToRead, smallest, type Case } from './cases.ts';
import { diagnose, recognise, withoutRefuted } from './diagnose.ts';
import type { Exercise } from './exercise.ts';
import type { Sample } from './patterns.ts';
import { withoutRests } from './rest.ts';
import {
  problemFor,
  sentenceOf,
  shortened,
  show,
  type Diagnosis,
  type Failure,
  type Problem,
  type Verdict,
} from './report.ts';
import { IDLE, type Outcome } from './sandbox.ts';
import type { CallOptions, Subject } from './subject.ts';
import { copy, countScalars, isRecord, type Value, type ValueRecord } from './value.ts';

/** Calls that shrinking may spend. */
const SHRINK_CALLS = 400;
/** What is still read at a glance: a matrix of 4×4. */
const GLANCE = 16;
/** Further cases that are drawn where only an example shows a mistake, and is too large for a glance. */
const FURTHER_CASES = 300;
/** How many of them are judged at a time, the smallest first. */
const AT_A_TIME = 20;
/** Smaller cases that may end the sandbox (a loop, a crash) before shrinking gives up: each costs a whole time limit. */
const SHRINK_STOPS = 2;

/** What a check came to. */
export interface CheckResult {
  verdict: Verdict;
  cases: number;
  /** Nothing but the untouched stub's error was seen. */
  notStarted: boolean;
  failure?: Failure;
  console?: string;
}

export interface CheckContext {
  /** Seed of the whole run; each check derives its own. */
  seed: number;
  exerciseId: string;
  /** Only this case (from a failure's `replay`). */
  replay?: string | undefined;
  forwardFromStandIn?: boolean;
  /** Only the verdict. */
  brief?: boolean;
}

/** What one case came to: its finding or problem, and the outcomes behind it. */
interface Judged {
  finding?: Finding;
  problem?: Problem & { todo: boolean; fn: string };
  outcomes: Outcome[];
}

/** A 32-bit seed from texts and numbers (FNV-1a), so that no two checks see the same cases. */
export function deriveSeed(...parts: (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const ch of parts.join('\u0000')) hash = Math.imul(hash ^ ch.codePointAt(0)!, 0x01000193);
  return hash | 0;
}

const asCase = (inputs: ValueRecord): Case => ({ sizes: {}, drawn: inputs, inputs });

const arbitraryOf = (exercise: Exercise, check: Check, context: CheckContext) =>
  cases({
    name: context.exerciseId,
    inputs: exercise.inputs,
    sizes: exercise.sizes,
    derive: exercise.derive,
    where: (inputs) => (exercise.where?.(inputs) ?? true) && (check.where?.(inputs, exercise) ?? true),
  });

export async function runCheck(
  examined: Exercise,
  check: Check,
  subject: Subject,
  context: CheckContext,
): Promise<CheckResult> {
  const exercise = check.of ?? examined;
  const memory = mayRemember(check, context) ? subject.memory : undefined;
  const name = nameOf(examined, check, context);
  const before = await memory?.again(name);
  if (before && 'pass' in before) return { verdict: 'pass', notStarted: false, ...before.pass };
  const seed = deriveSeed(context.seed, context.exerciseId, check.id);
  const arbitrary = arbitraryOf(exercise, check, context);
  const drawn = check.fixed || context.replay ? [] : drawCases(arbitrary, seed, check.cases);
  const compares = check.kind === 'agrees' || check.kind === 'gradient' || check.kind === 'cache';
  const examples = compares ? exercise.examples.filter((e) => check.where?.(e, exercise) ?? true) : [];
  const given = (check.fixed ? check.fixed(exercise) : examples).map(asCase);
  const list = context.replay
    ? replayed(context.replay, given, (path) => caseAt(arbitrary, seed, path))
    : [...drawn, ...given];

  const options: CallOptions = {
    echo: check.echo ?? false,
    forwardFromStandIn: context.forwardFromStandIn ?? false,
    ...check.call,
  };
  const judged = await judgeAll(exercise, check, before ? answered(subject, before.outcomes) : subject, list, options);
  const first = judged.findIndex((j) => j.finding || j.problem);
  const printed = judged.find((j) => consoleOf(j));
  if (first < 0) {
    const result = { cases: judged.length, ...(printed && { console: consoleOf(printed)! }) };
    // No outcome at all would be no pass.
    const passes = judged.length === list.length && list.length > 0;
    if (passes) memory?.keep(name, result);
    return { verdict: passes ? 'pass' : 'inconclusive', notStarted: false, ...result };
  }

  const todo = judged[first]!.problem;
  if (
    todo?.todo &&
    todo.fn === examined.name &&
    judged.every((j) => j.outcomes.every((o) => o.kind === 'error' && o.todo))
  )
    return { verdict: 'not-run', cases: 0, notStarted: true };

  if (context.brief)
    return { verdict: judged[first]!.problem?.verdict ?? 'fail', cases: judged.length, notStarted: false };

  // One small case explains nothing: a replay looks at the same cases as the run that it repeats.
  const whole = context.replay ? [...(check.fixed ? [] : drawCases(arbitrary, seed, check.cases)), ...given] : list;
  const seen = whole === list ? judged : await judgeAll(exercise, check, subject, whole, options);
  let shown = list[first]!;
  let outcome = judged[first]!;
  let path = first < drawn.length ? String(first) : `given:${first - drawn.length}`;
  const worthShrinking = outcome.finding ?? (outcome.problem?.verdict === 'error' ? outcome.problem : undefined);
  const shrink = async (index: number) => {
    const kindBefore = kindOf(outcome);
    let last: Judged | undefined;
    let stopped = 0;
    const shrunk = await smallest(arbitrary, seed, index, SHRINK_CALLS, async (c) => {
      if (stopped >= SHRINK_STOPS) return false;
      const [j] = await judgeAll(exercise, check, subject, [c], options);
      if (stops(j?.outcomes.at(-1))) stopped++;
      // A smaller case that fails in another way is another mistake.
      if (!j || kindOf(j) !== kindBefore) return false;
      last = j;
      return true;
    });
    if (shrunk && last) {
      shown = shrunk.found;
      path = shrunk.path;
      outcome = last;
    }
  };
  if (first < drawn.length && worthShrinking) await shrink(first);
  // A fixed example that fails in the same way is shown where it has less to read.
  const large = !atAGlance(shown);
  for (let i = Math.max(first + 1, drawn.length); i < judged.length && (first < drawn.length || large); i++) {
    if (kindOf(judged[i]!) !== kindOf(outcome) || !lessToRead(list[i]!.inputs, shown.inputs)) continue;
    [shown, outcome, path] = [list[i]!, judged[i]!, `given:${i - drawn.length}`];
  }
  if (first >= drawn.length && worthShrinking && !check.fixed && !context.replay && !atAGlance(shown)) {
    const kindBefore = kindOf(outcome);
    const further = drawCases(arbitrary, seed, check.cases + FURTHER_CASES)
      .map((c, index) => ({ c, index, size: countScalars(c.inputs) }))
      .slice(check.cases)
      .filter(({ c }) => lessToRead(c.inputs, shown.inputs))
      .sort((a, b) => a.size - b.size);
    for (let at = 0; at < further.length; at += AT_A_TIME) {
      const some = further.slice(at, at + AT_A_TIME);
      const found = await judgeAll(exercise, check, subject, some.map(({ c }) => c), options); // prettier-ignore
      const k = found.findIndex((j) => kindOf(j) === kindBefore);
      if (k >= 0) {
        [shown, outcome, path] = [some[k]!.c, found[k]!, String(some[k]!.index)];
        await shrink(some[k]!.index);
      }
      if (k >= 0 || stops(found.at(-1)?.outcomes.at(-1))) break;
    }
  }
  const diagnosis = diagnosisOf(exercise, check, whole, seen, context, { case: shown, judged: outcome });
  if (context.replay) path = context.replay.slice(context.replay.indexOf('.') + 1);
  const failure = failureOf(exercise, check, shown, outcome, diagnosis, {
    seed: context.seed,
    case: `${examined.checks.indexOf(check)}.${path}`,
  });
  const text = consoleOf(outcome) ?? (printed && consoleOf(printed));
  return {
    verdict: outcome.problem?.verdict ?? 'fail',
    cases: judged.length,
    notStarted: false,
    failure,
    ...(text !== undefined && { console: text }),
  };
}

/** A check that feeds results back asks anew after each case; a replay asks for one case only. */
const mayRemember = (check: Check, { replay }: CheckContext): boolean => !check.next && replay === undefined;

/** The name of everything that a check asks for. */
const nameOf = (examined: Exercise, check: Check, { seed, exerciseId, forwardFromStandIn }: CheckContext): string =>
  [seed, exerciseId, examined.checks.indexOf(check), check.id, forwardFromStandIn ? 'stand-in' : ''].join('\n');

/** A subject that has already been asked. */
const answered = (subject: Subject, outcomes: readonly Outcome[]): Subject => ({
  ...subject,
  async *call() {
    yield* outcomes;
  },
});

/** Whether no input has more entries than are read at a glance. */
const atAGlance = ({ inputs }: Case): boolean => Object.values(inputs).every((value) => largestOf(value) <= GLANCE);

/** Entries of the largest tensor or list in a value. */
function largestOf(value: Value): number {
  if (isRecord(value)) return Math.max(0, ...Object.values(value).map(largestOf));
  if (Array.isArray(value) && value.some(isRecord)) return Math.max(...value.map(largestOf));
  return countScalars(value);
}

/** The one case that a replay names: `2.13:0:1`, or `2.given:0` for a fixed one. */
function replayed(replay: string, given: Case[], at: (path: string) => Case | undefined): Case[] {
  const path = replay.slice(replay.indexOf('.') + 1);
  const found = path.startsWith('given:') ? given[Number(path.slice('given:'.length))] : at(path);
  return found ? [found] : [];
}

async function judgeAll(
  exercise: Exercise,
  check: Check,
  subject: Subject,
  list: readonly Case[],
  options: CallOptions,
): Promise<Judged[]> {
  const runs = list.map((c) => (check.runs ? check.runs(c.inputs, exercise) : [c.inputs]));
  const request = (inputs: ValueRecord[]) => subject.call(exercise, inputs, options)[Symbol.asyncIterator]();
  // A check that feeds results back asks anew after each case, and a subject answers one request at a time.
  let outcomes = request(check.next ? [] : runs.flat());
  const judged: Judged[] = [];
  for (let i = 0; i < list.length; i++) {
    const own: Outcome[] = [];
    if (check.next) outcomes = request(runs[i]!);
    while (own.length < runs[i]!.length && !stops(own.at(-1))) {
      const { value, done } = await outcomes.next();
      if (done) break;
      own.push(value);
    }
    if (check.next) await outcomes.return?.();
    if (check.next) await feedBack(exercise, check, subject, list[i]!.inputs, own, options);
    if (own.length === 0) break;
    judged.push(judge(exercise, check, list[i]!, own));
    if (stops(own.at(-1))) break;
  }
  await outcomes.return?.();
  return judged;
}

/** After these the sandbox has ended and later cases have no outcome. */
const stops = (outcome: Outcome | undefined): boolean =>
  outcome !== undefined && outcome.kind !== 'value' && outcome.kind !== 'error';

async function feedBack(
  exercise: Exercise,
  check: Check,
  subject: Subject,
  inputs: ValueRecord,
  outcomes: Outcome[],
  options: CallOptions,
): Promise<void> {
  for (;;) {
    const got = outcomes.flatMap((o) => (o.kind === 'value' ? [o.value] : []));
    if (got.length < outcomes.length) return;
    let following: ValueRecord | undefined;
    try {
      following = check.next!(inputs, got);
    } catch {
      // The result has not the form that the next step needs; the judge will say so.
      return;
    }
    if (!following) return;
    for await (const outcome of subject.call(exercise, [following], options)) outcomes.push(outcome);
    if (outcomes.length === got.length) return;
  }
}

function judge(exercise: Exercise, check: Check, c: Case, outcomes: Outcome[]): Judged {
  const bad = outcomes.find(
    (o) => o.kind !== 'value' && !((check.wantsError || check.judgesErrors) && o.kind === 'error' && !o.todo),
  );
  if (bad && bad.kind !== 'value') {
    const fn = bad.kind === 'error' ? bad.fn : exercise.name;
    return { problem: { ...problemOf(bad), todo: bad.kind === 'error' && bad.todo, fn }, outcomes };
  }
  const finding = check.judge(copy(c.inputs), outcomes, exercise);
  return finding ? { finding, outcomes } : { outcomes };
}

/** An outcome that is no value, for a person. */
export function problemOf(outcome: Exclude<Outcome, { kind: 'value' }>): Problem {
  switch (outcome.kind) {
    case 'error': {
      const thrown = outcome.name ? `${outcome.name}: ${outcome.message}` : outcome.message;
      const message = outcome.todo ? `this part is not written yet (${shortened(outcome.message)})` : shortened(thrown);
      return { verdict: 'error', message, ...(outcome.at && { at: outcome.at }) };
    }
    case 'timeout':
      return {
        verdict: 'timeout',
        message: outcome.idle
          ? `did not finish within ${outcome.ms / 1000} s, and ${IDLE}`
          : `did not finish within ${outcome.ms / 1000} s: endless, or far too slow`,
      };
    case 'oom':
      return {
        verdict: 'oom',
        message: `needed more than ${outcome.megabytes} MB of memory: look for something that grows in a loop`,
      };
    case 'crash':
      return { verdict: 'crash', message: outcome.detail };
  }
}

/** Failures of one kind may be shrunk into each other. */
const kindOf = (j: Judged): string =>
  j.problem
    ? `${j.problem.verdict} ${j.problem.message.split(':')[0]}`
    : j.finding
      ? j.finding.mismatches
          .slice(0, 1)
          .map((m) => `${m.kind} ${m.name.replace(/\d+/g, '')}`)
          .join() || 'law'
      : '';

const consoleOf = (j: Judged): string | undefined => j.outcomes.find((o) => o.console)?.console;

function diagnosisOf(
  exercise: Exercise,
  check: Check,
  list: readonly Case[],
  judged: readonly Judged[],
  context: CheckContext,
  shown: { case: Case; judged: Judged },
): Diagnosis | undefined {
  const unfinished = judged.find((j) => j.problem?.todo)?.problem;
  if (unfinished)
    return {
      kind: 'pattern',
      name: 'not written yet',
      says:
        unfinished.fn === exercise.name
          ? 'Part of this function is still the stub that throws.'
          : `It needs ${unfinished.fn}, which is still a stub: write that first.`,
    };
  interface Single {
    case: Case;
    inputs: ValueRecord;
    failed: boolean;
    got: Value;
    threw?: string;
  }
  const singly = (j: Judged, c: Case): Single[] => {
    const outcome = j.outcomes[0];
    if (j.outcomes.length !== 1 || !outcome) return [];
    const inputs = check.runs ? check.runs(c.inputs, exercise)[0]! : c.inputs;
    const seen = { case: c, inputs, failed: Boolean(j.finding) };
    if (outcome.kind === 'value') return [{ ...seen, got: outcome.value }];
    return outcome.kind === 'error' ? [{ ...seen, got: undefined, threw: outcome.message }] : [];
  };
  const single = judged.flatMap((j, i) => singly(j, list[i]!));
  // What is accepted although it is bad says nothing of the rest.
  if (['pure', 'cache', 'rejects'].includes(check.kind)) return undefined;
  // Right results tell as much as wrong ones here: of two mistakes that fail alike, one may be right where the other is not.
  if (check.reads)
    return recognise(
      possible(),
      single.filter((s) => s.threw === undefined),
      check.reads,
    );
  if (!check.expected) {
    const failing = single.filter((s) => s.failed && s.threw === undefined);
    return recognise(breaking(possible()), failing.length > 0 ? failing : wholeRuns(exercise, check, list, judged));
  }
  const sampled = ({ case: c, inputs, got, threw }: Single): Sample[] => {
    try {
      const expected = check.expected!(inputs, exercise, got);
      return [{ sizes: c.sizes, inputs, expected, got, ...(threw !== undefined && { threw }) }];
    } catch {
      return [];
    }
  };
  return diagnose(possible(), single.flatMap(sampled), singly(shown.judged, shown.case).flatMap(sampled)[0]);

  /** Numbers that a law tells apart may be alike to the eye: what keeps it cannot be the cause of breaking it. */
  function breaking(candidates: Exercise): Exercise {
    if (check.next) return candidates;
    const broken = list.filter((_, i) => judged[i]?.finding);
    const breaks = ([, { wrong }]: [string, Exercise['misconceptions'][string]]): boolean =>
      broken.every(({ inputs }) => {
        const runs = check.runs?.(inputs, exercise) ?? [inputs];
        try {
          const outcomes = runs.map((run): Outcome => ({ kind: 'value', value: wrong(copy(run)) }));
          return check.judge(copy(inputs), outcomes, exercise) !== undefined;
        } catch {
          return true;
        }
      });
    const misconceptions = Object.fromEntries(Object.entries(candidates.misconceptions).filter(breaks));
    return { ...candidates, misconceptions };
  }

  /** Where the main check passed, only what passes it too can be the cause. */
  function possible(): Exercise {
    const main = exercise.checks[0];
    if (check === main || !main?.expected || main.kind === 'finite') return exercise;
    return withoutRefuted(
      exercise,
      casesOf(exercise, main, context).map((c) => c.inputs),
      (inputs, got) => main.expected!(inputs, exercise, got),
    );
  }
}

/** The cases that a check draws. */
const casesOf = (exercise: Exercise, check: Check, context: CheckContext): Case[] =>
  check.fixed
    ? check.fixed(exercise).map(asCase)
    : drawCases(
        arbitraryOf(exercise, check, context),
        deriveSeed(context.seed, context.exerciseId, check.id),
        check.cases,
      );

/** Every call of a law with several runs, as inputs and result. */
function wholeRuns(exercise: Exercise, check: Check, list: readonly Case[], judged: readonly Judged[]) {
  return judged.flatMap((j, i) =>
    (check.runs?.(list[i]!.inputs, exercise) ?? []).flatMap((inputs, k): { inputs: ValueRecord; got: Value }[] => {
      const outcome = j.outcomes[k];
      return outcome?.kind === 'value' ? [{ inputs, got: outcome.value }] : [];
    }),
  );
}

function failureOf(
  exercise: Exercise,
  check: Check,
  c: Case,
  judged: Judged,
  diagnosis: Diagnosis | undefined,
  replay: Failure['replay'],
): Failure {
  const { finding, problem } = judged;
  const runs = check.runs?.(c.inputs, exercise) ?? [];
  const fed = runs.length === 1 ? runs[0]! : c.inputs;
  const names = [...new Set([...(exercise.backwardOf?.takes ?? []), ...exercise.parameters])];
  return {
    check: check.id,
    sentence: sentenceOf(finding?.sentence ?? (problem!.verdict === 'error' ? 'throws an error' : problem!.message)),
    inputs: names.filter((n) => fed[n] !== undefined).map((name) => ({ name, value: show(fed[name]) })),
    outputs: [
      ...(finding?.mismatches ?? []).map((m) => {
        const { expected, got } = withoutRests(m);
        return {
          name: m.name,
          ...(m.expected !== undefined && check.visibility === 'visible' && { expected: show(expected) }),
          got: show(got),
          wrong: m.wrong,
        };
      }),
      ...(finding?.seen ?? []).map((s) => ({ name: s.name, got: show(s.value), wrong: [] })),
    ],
    facts: (finding?.facts ?? []).map(sentenceOf),
    // A factor or an offset would give the hidden value away.
    ...(diagnosis && (check.visibility === 'visible' || diagnosis.kind === 'misconception') && { diagnosis }),
    ...(problem && { problem: problemFor(problem) }),
    replay,
  };
}
