/** One submission, from what was handed in to a report. Whatever it holds, the answer is a value. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goalId, gradeRun, levelOf, type Files, type Goal } from '../course/grade-run.ts';
import { cutShortTopic } from '../engine/grade.ts';
import { REPORT_SCHEMA, total, type ExerciseReport, type Report } from '../engine/report.ts';
import type { Isolation } from '../sandbox/node/isolation.ts';
import { gather, type Intake, type Layout } from './intake/gather.ts';
import { open } from './intake/handed-in.ts';
import { Refused } from './intake/refused.ts';

/** What all submissions of a class are graded with. */
export interface Terms {
  goal: Goal;
  layout: Layout;
  /** Stand-ins and library; the folder of chapters is the submission's. */
  files: Omit<Files, 'chapters'>;
  seed: number;
  /** Where the student's code runs. */
  isolation: Isolation;
  /** The command of a collector, for two-phase grading. */
  collector?: string | undefined;
  /** Milliseconds for one submission. */
  budget: number;
  /** Topics that are graded at a time. */
  parallel: number;
}

export type Graded =
  /** Its files have the hash that was asked about. */
  | { kind: 'same' }
  | { kind: 'refused'; why: string }
  | { kind: 'graded'; intake: Intake; report: Report; cutShort?: string };

/**
 * Grades what lies at a path: a folder or an archive.
 * @param known a hash of taken files for which a result is already there
 */
export async function gradeSubmission(path: string, terms: Terms, known?: string): Promise<Graded> {
  // A fresh folder for each: no submission finds anything of another.
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'submission-')));
  try {
    const chapters = join(scratch, 'chapters');
    let intake: Intake;
    try {
      const handed = await open(path);
      try {
        intake = await gather(handed, terms.layout, chapters);
      } finally {
        handed.close();
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { kind: 'refused', why: error.message };
    }
    if (intake.sha256 === known) return { kind: 'same' };
    return { kind: 'graded', intake, ...(await gradeWithin(chapters, terms)) };
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Grades until the time is used up; what is done by then counts. */
async function gradeWithin(chapters: string, terms: Terms): Promise<{ report: Report; cutShort?: string }> {
  const { goal, files, seed, isolation, collector, budget, parallel } = terms;
  const done = new Map<string, ExerciseReport>();
  const during = new Map<string, string>();
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), budget);
  try {
    const report = await gradeRun({
      files: { ...files, chapters },
      goals: [goal],
      seed,
      isolation,
      collector,
      parallel,
      signal: stop.signal,
      onCheck: (topic, exercise) => during.set(topic, `${topic}/${exercise.name}`),
      // What ends because it was stopped has no verdict of its own.
      onExercise: (exercise) => !stop.signal.aborted && done.set(exercise.id, exercise),
    });
    if (!stop.signal.aborted) return { report };
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  const cutShort = `The time for one whole submission, ${budget / 1000} s, was used up: this was not graded to its end.`;
  const chapter = await goal.chapter.load();
  const now = new Set([...during.values()].filter((id) => !done.has(id)));
  const topics = chapter.topics
    .filter((topic) => goal.topic === undefined || topic.name === goal.topic)
    .map((topic) => cutShortTopic(chapter, topic, done, now, cutShort, goal.fn));
  const report: Report = {
    schema: REPORT_SCHEMA,
    assignment: goalId(goal),
    seed,
    isolation: levelOf(terms),
    ...total(topics),
    topics,
  };
  return { report, cutShort };
}
