/**
 * Grading: a topic's exercises against a subject, to a report.
 */
import type { Check } from './check.ts';
import type { Chapter, Exercise, Topic } from './exercise.ts';
import {
  problemFor,
  total,
  type CheckReport,
  type ExerciseReport,
  type Problem,
  type TopicReport,
  type Verdict,
} from './report.ts';
import { runCheck, type CheckContext, type CheckResult } from './run-check.ts';
import type { Loaded } from './sandbox.ts';
import type { Subject } from './subject.ts';

export interface GradeOptions {
  seed: number;
  /** Only this exercise. */
  only?: string | undefined;
  /** Only this case of it: a failure's `replay.case`. */
  replay?: string | undefined;
  /** Only verdicts and points: neither the smallest input nor the cause is looked for, which is most of the work. */
  brief?: boolean;
  /** Told before each check. */
  onCheck?: (exercise: Exercise, check: Check) => void;
  /** Told when an exercise is done: should the rest be cut short, what is done still counts. */
  onExercise?: (report: ExerciseReport) => void;
}

/** Grades one topic. */
export async function gradeTopic(
  chapter: Chapter,
  topic: Topic,
  subject: Subject,
  options: GradeOptions,
): Promise<TopicReport> {
  const id = `${chapter.id}/${topic.name}`;
  const chosen = topic.exercises.filter((e) => !options.only || e.name === options.only);
  const { loaded } = subject;
  const exercises: ExerciseReport[] = [];
  for (const exercise of chosen) {
    const report =
      loaded.kind === 'failed'
        ? ungradable(exercise, id, loaded)
        : await gradeExercise(exercise, `${id}/${exercise.name}`, subject, options);
    exercises.push(report);
    options.onExercise?.(report);
  }
  if (loaded.kind === 'loaded') noteWhatIsUsed(chosen, [...exercises, ...(await gradeWhatIsUsed())]);
  return {
    id,
    file: `${chapter.folder}/${topic.name}.ts`,
    title: topic.title,
    ...total(exercises),
    ...(loaded.kind === 'failed' && { load: loadProblem(loaded) }),
    ...(loaded.console && { console: loaded.console }),
    exercises,
  };

  /** Who asked for one function is told of the others too, where it fails and may not be to blame. */
  async function gradeWhatIsUsed(): Promise<ExerciseReport[]> {
    const [report] = exercises;
    if (!options.only || options.replay || !report?.started || report.verdict === 'pass') return [];
    const reports: ExerciseReport[] = [];
    for (const exercise of topic.exercises.filter((e) => chosen[0]?.uses?.includes(e.name))) {
      const { seed } = options;
      reports.push(await gradeExercise(exercise, `${id}/${exercise.name}`, subject, { seed, brief: true }));
    }
    return reports;
  }
}

/** Notes, with what fails, which of the functions that it is meant to call are not right either. */
function noteWhatIsUsed(exercises: readonly Exercise[], reports: readonly ExerciseReport[]): void {
  const verdicts = new Map(reports.map((r) => [r.name, r]));
  exercises.forEach(({ uses = [] }, i) => {
    const report = reports[i]!;
    if (report.verdict === 'pass' || !report.started) return;
    for (const name of uses) {
      const used = verdicts.get(name);
      if (!used || used.verdict === 'pass') continue;
      report.notes.unshift(
        used.started
          ? `It is meant to call ${name}, which is not right yet: mend that first.`
          : `It is meant to call ${name}, which is not written yet: write that first.`,
      );
    }
  });
}

const VERDICT_OF_LOAD: Partial<Record<Extract<Loaded, { kind: 'failed' }>['why'], Verdict>> = {
  timeout: 'timeout',
  oom: 'oom',
  crash: 'crash',
};

const loadProblem = ({ why, message, at }: Extract<Loaded, { kind: 'failed' }>): Problem =>
  problemFor({ verdict: VERDICT_OF_LOAD[why] ?? 'error', message, ...(at && { at }) });

const checkReport = (
  check: Check,
  result: Pick<CheckResult, 'verdict' | 'cases'>,
  points: number,
  maxPoints: number,
): CheckReport => ({
  id: check.id,
  sentence: check.sentence,
  verdict: result.verdict,
  points,
  maxPoints,
  cases: result.cases,
  visibility: check.visibility,
});

/** Points that hang on the main check and all others without points of their own. */
const basePoints = (exercise: Exercise) => exercise.points - exercise.checks.reduce((sum, c) => sum + c.worth, 0);

const NOT_RUN = { verdict: 'not-run', cases: 0 } as const;

function blank(exercise: Exercise, id: string, verdict: Verdict, started: boolean): ExerciseReport {
  return {
    id,
    name: exercise.name,
    points: 0,
    maxPoints: exercise.points,
    verdict,
    started,
    checks: exercise.checks.map((c, i) => checkReport(c, NOT_RUN, 0, i === 0 ? basePoints(exercise) : c.worth)),
    notes: [],
    hints: exercise.hints.length,
  };
}

function ungradable(exercise: Exercise, topicId: string, loaded: Extract<Loaded, { kind: 'failed' }>): ExerciseReport {
  return blank(exercise, `${topicId}/${exercise.name}`, loadProblem(loaded).verdict, true);
}

/** The report of a topic whose file is the untouched skeleton: nothing has to be run to know it. */
export function untouchedTopic(chapter: Chapter, topic: Topic, only?: string): TopicReport {
  const id = `${chapter.id}/${topic.name}`;
  const exercises = topic.exercises
    .filter((e) => !only || e.name === only)
    .map((e) => blank(e, `${id}/${e.name}`, 'not-run', false));
  return { id, file: `${chapter.folder}/${topic.name}.ts`, title: topic.title, ...total(exercises), exercises };
}

/**
 * The report of a topic whose grading was cut short: what was done counts.
 *
 * @param done reports of `onExercise`, by exercise id
 * @param during ids of the exercises that were being graded
 * @param why for the exercises that were not finished
 */
export function cutShortTopic(
  chapter: Chapter,
  topic: Topic,
  done: ReadonlyMap<string, ExerciseReport>,
  during: ReadonlySet<string>,
  why: string,
  only?: string,
): TopicReport {
  const topicId = `${chapter.id}/${topic.name}`;
  const exercises = topic.exercises
    .filter((e) => !only || e.name === only)
    .map((e) => {
      const id = `${topicId}/${e.name}`;
      return done.get(id) ?? { ...blank(e, id, during.has(id) ? 'timeout' : 'not-run', true), notes: [why] };
    });
  return {
    id: topicId,
    file: `${chapter.folder}/${topic.name}.ts`,
    title: topic.title,
    ...total(exercises),
    exercises,
  };
}

/** Grades one exercise: the main check first; the others count only once it passes. */
export async function gradeExercise(
  exercise: Exercise,
  id: string,
  subject: Subject,
  options: GradeOptions,
): Promise<ExerciseReport> {
  const { loaded } = subject;
  const kind =
    loaded.kind === 'loaded' && Object.hasOwn(loaded.exports, exercise.name)
      ? loaded.exports[exercise.name]
      : undefined;
  if (kind !== 'function') {
    const message =
      kind === undefined
        ? `the file does not export a function called ${exercise.name}: was it renamed, or its \`export\` removed?`
        : `${exercise.name} is exported, but it is not a function`;
    return {
      ...blank(exercise, id, 'error', true),
      failure: {
        check: exercise.checks[0]!.id,
        sentence: message,
        inputs: [],
        outputs: [],
        facts: [],
        problem: { verdict: 'error', message },
        replay: { seed: options.seed },
      },
    };
  }

  const { seed, replay, brief } = options;
  const context: CheckContext = { seed, exerciseId: id, replay, ...(brief && { brief }) };
  // A course function cannot be called beside plain functions: there, a cache is nobody's concern.
  const possible = exercise.checks.filter((c) => subject.standIns || !c.call?.backwardFromStandIn);
  const chosen = options.replay
    ? exercise.checks.filter((_, i) => i === Number.parseInt(options.replay!, 10))
    : possible;
  const results = new Map<Check, CheckResult>();
  const notes: string[] = [];
  for (const check of chosen) {
    options.onCheck?.(exercise, check);
    let result = await runCheck(exercise, check, subject, context);
    if (check === chosen[0] && result.verdict !== 'pass' && !result.notStarted && exercise.backwardOf) {
      const again = await runCheck(exercise, check, subject, { ...context, forwardFromStandIn: true });
      if (again.verdict === 'pass' || again.notStarted) {
        result = again;
        context.forwardFromStandIn = true;
        if (!again.notStarted)
          notes.push(
            `Right, given the cache of the course's own ${exercise.backwardOf.forward}; yours still needs work.`,
          );
      }
    }
    results.set(check, result);
    if (check === chosen[0] && result.verdict !== 'pass') break;
    // A loop that never ends is as likely to meet the next check: do not make anyone wait for it twice.
    if (result.verdict === 'timeout' || result.verdict === 'oom') break;
  }

  const passed = (c: Check) => results.get(c)?.verdict === 'pass';
  const base = possible.every((c) => c.worth > 0 || passed(c));
  const checks = exercise.checks.map((c, i) => {
    const max = i === 0 ? basePoints(exercise) : c.worth;
    const earned = i === 0 ? base : passed(c);
    return checkReport(c, results.get(c) ?? NOT_RUN, earned ? max : 0, max);
  });
  const firstBad = [...results.values()].find((r) => r.verdict !== 'pass');
  const printed = firstBad?.console ?? [...results.values()].find((r) => r.console)?.console;
  return {
    id,
    name: exercise.name,
    ...total(checks),
    verdict: firstBad?.verdict ?? (results.size > 0 ? 'pass' : 'not-run'),
    started: !firstBad?.notStarted,
    checks,
    ...(firstBad?.failure && { failure: firstBad.failure }),
    notes,
    hints: exercise.hints.length,
    ...(printed !== undefined && { console: printed }),
  };
}
