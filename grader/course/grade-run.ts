/**
 * Grading on this machine: which files, in which sandboxes, to one report. Used by the command line, and by whatever
 * grades many students.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ChapterEntry } from '../chapters.ts';
import { gradeTopic, untouchedTopic } from '../engine/grade.ts';
import type { Chapter, Exercise, Topic } from '../engine/exercise.ts';
import { REPORT_SCHEMA, total, type ExerciseReport, type Report, type TopicReport } from '../engine/report.ts';
import { inSandbox } from '../engine/subject.ts';
import type { Check } from '../engine/check.ts';
import type { Isolation } from '../sandbox/node/isolation.ts';
import { Remembered } from '../sandbox/node/remembered.ts';
import { endIdle, openSandbox } from '../sandbox/node/sandbox.ts';
import { openRemote } from '../sandbox/remote/sandbox.ts';
import { keepFullMarks, stillFullMarks } from './full-marks.ts';
import { laterThan } from './later.ts';
import { normalise } from './regions.ts';
import { DEFAULT_SEED } from './seed.ts';

export { laterThan };

/** Which files are graded, and what they are graded with. */
export interface Files {
  /** The folder that holds the chapter folders to grade. */
  chapters: string;
  /** The folder with the same files, solved: imports of other topics go there. */
  standIns: string;
  /** The pristine array library's index.ts. */
  tensor: string;
  /** The text of a file as a student first gets it; a file that still is this text is not run at all. */
  skeleton?: (path: string) => string | undefined;
}

/** A chapter, a topic of it, or one exercise. */
export interface Goal {
  chapter: ChapterEntry;
  topic?: string | undefined;
  fn?: string | undefined;
}

export interface GradeRunOptions {
  files: Files;
  goals: readonly Goal[];
  /** What was asked for, for the report; default: the only goal, or `course`. */
  assignment?: string;
  seed?: number;
  /** A failure's `replay.case`: only this case; there must be one goal with an exercise. */
  replay?: string | undefined;
  /** Sandboxes at a time; default: as many as there are processors. */
  parallel?: number;
  /** How the student's code is kept apart, which the report says; default: `process`, which is there everywhere. */
  isolation?: Isolation;
  /** The command of a collector: the code runs there, at the level `two-phase`. */
  collector?: string | undefined;
  /**
   * Full marks are kept for the next run; `use` also takes over those of an earlier run where no file has changed since.
   * Default: neither. With either, the student's code is asked for what it was asked before, and answers that are, bit
   * by bit, those of an earlier pass need not be judged anew.
   */
  keep?: 'use' | 'renew';
  /** Told before each check. */
  onCheck?: (topicId: string, exercise: Exercise, check: Check) => void;
  /** Told of a topic whose full marks were taken over. */
  onKept?: (topicId: string) => void;
  /** Told when an exercise is done. */
  onExercise?: (report: ExerciseReport) => void;
  /** Told when a topic is done. */
  onTopic?: (report: TopicReport, done: number, all: number) => void;
  /** Stops early; the promise then rejects. */
  signal?: AbortSignal;
  /** Told what there is to do, once the specs are loaded. */
  onPlan?: (exercises: number) => void;
}

export const goalId = ({ chapter, topic, fn }: Goal): string =>
  [chapter.id, topic, fn].filter((part) => part !== undefined).join('/');

/** One process for each processor; where the judge has more to do than they, some more, so that none of it stands still. */
const parallelFor = ({ keep }: GradeRunOptions): number =>
  keep === undefined ? availableParallelism() + 2 : Math.max(2, availableParallelism());

/** How long a job takes, in no unit: what is remembered of it, or many times that where nothing is. */
function sizeOf({ chapter, topic, only }: Job, { keep }: GradeRunOptions): number {
  if (only !== undefined) return 0;
  const remembered = keep && new Remembered(idOf(chapter, topic)).size;
  return remembered || topic.exercises.length * 1_000_000;
}

const idOf = (chapter: Chapter, topic: Topic) => `${chapter.id}/${topic.name}`;

interface Job {
  chapter: Chapter;
  topic: Topic;
  only: string | undefined;
}

/** Grades; a file that cannot be loaded, loops or crashes is part of the report, never an exception. */
export async function gradeRun(options: GradeRunOptions): Promise<Report> {
  const started = performance.now();
  const { goals, seed = DEFAULT_SEED } = options;
  const loaded = await Promise.all(goals.map(async (goal) => ({ goal, chapter: await goal.chapter.load() })));
  const jobs = loaded.flatMap(({ goal, chapter }): Job[] =>
    chapter.topics
      .filter((topic) => goal.topic === undefined || topic.name === goal.topic)
      .map((topic) => ({ chapter, topic, only: goal.fn })),
  );
  options.onPlan?.(
    jobs.reduce((sum, { topic, only }) => sum + topic.exercises.filter((e) => !only || e.name === only).length, 0),
  );

  const topics = new Array<TopicReport>(jobs.length);
  // What takes longest begins first, so that nobody waits for it alone at the end.
  const sizes = jobs.map((job) => sizeOf(job, options));
  const order = [...jobs.keys()].sort((a, b) => sizes[b]! - sizes[a]!);
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < jobs.length) {
      options.signal?.throwIfAborted();
      const index = order[next++]!;
      topics[index] = await gradeJob(jobs[index]!, options, seed);
      options.onTopic?.(topics[index], ++done, jobs.length);
    }
  };
  const parallel = Math.max(1, options.parallel ?? parallelFor(options));
  try {
    await Promise.all(Array.from({ length: Math.min(parallel, jobs.length) }, work));
  } finally {
    endIdle();
  }

  return {
    schema: REPORT_SCHEMA,
    assignment: options.assignment ?? (goals.length === 1 ? goalId(goals[0]!) : 'course'),
    seed,
    isolation: levelOf(options),
    ...total(topics),
    topics,
    ms: Math.round(performance.now() - started),
  };
}

async function gradeJob({ chapter, topic, only }: Job, options: GradeRunOptions, seed: number): Promise<TopicReport> {
  const { files, replay, onCheck } = options;
  const path = `${chapter.folder}/${topic.name}.ts`;
  if (isUntouched(files, path)) return untouchedTopic(chapter, topic, only);
  const id = idOf(chapter, topic);
  const circumstances = { topicId: id, chapters: files.chapters, seed, isolation: levelOf(options) };
  const keep = only === undefined && replay === undefined ? options.keep : undefined;
  const known = keep === 'use' ? stillFullMarks(circumstances) : undefined;
  if (known) {
    options.onKept?.(id);
    return known;
  }
  const place = { chapters: files.chapters, topic: `${chapter.folder}/${topic.name}` };
  const later = laterThan(chapter, topic);
  const remote =
    options.collector === undefined
      ? undefined
      : await openRemote({ ...place, command: options.collector, later: topicsUnder(files.standIns).filter(later) });
  const here = remote
    ? undefined
    : await openSandbox({
        ...place,
        standIns: files.standIns,
        tensor: files.tensor,
        mode: 'grade',
        later,
        isolation: options.isolation ?? 'process',
        // Whoever keeps anything grades their own work, topic by topic.
        shared: options.keep !== undefined,
        // Other seeds come once and do not come again.
        ...(options.keep && seed === DEFAULT_SEED && { remembered: new Remembered(id) }),
      });
  const sandbox = (remote ?? here)!;
  const stop = () => void sandbox.close();
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    options.signal?.throwIfAborted();
    const report = await gradeTopic(chapter, topic, inSandbox(sandbox), {
      seed,
      only,
      replay,
      ...(onCheck && { onCheck: (exercise: Exercise, check: Check) => onCheck(id, exercise, check) }),
      ...(options.onExercise && { onExercise: options.onExercise }),
    });
    if (keep && here) keepFullMarks(circumstances, report, here.sources);
    return report;
  } finally {
    options.signal?.removeEventListener('abort', stop);
    await sandbox.close();
  }
}

/** How the student's code is kept apart; every report says it. */
export const levelOf = ({ collector, isolation }: Pick<GradeRunOptions, 'collector' | 'isolation'>): string =>
  collector === undefined ? (isolation ?? 'process') : 'two-phase';

const topicsUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => path.replaceAll('\\', '/').slice(0, -'.ts'.length));

/** Whether a file is still what the student was given. */
export function isUntouched({ chapters, skeleton }: Files, path: string): boolean {
  const given = skeleton?.(path);
  if (given === undefined) return false;
  try {
    return normalise(readFileSync(join(chapters, path), 'utf8')) === normalise(given);
  } catch {
    return false;
  }
}
