/** What a class is graded with, from the words of a command: the same in the command and in its workers. */
import type { Setting } from '../cli/setting.ts';
import { goalId, type Goal } from '../course/grade-run.ts';
import { Refusal } from '../course/refusal.ts';
import type { Chapter, Exercise } from '../engine/exercise.ts';
import type { Terms } from './grade-submission.ts';
import { hiddenCheckFiles, withHiddenChecks } from './hidden-checks.ts';
import { graderVersion, specHash } from './spec-hash.ts';

/** One exercise of an assignment, as gradebooks list it. */
export interface Planned {
  id: string;
  name: string;
  topic: string;
  maxPoints: number;
}

/** Everything about an assignment that does not depend on who is graded. */
export interface Assignment {
  id: string;
  title: string;
  goal: Goal;
  chapter: Chapter;
  exercises: Planned[];
  maxPoints: number;
  spec: string;
  grader: string;
  /** Folder of hidden checks. */
  checks: string | undefined;
}

/** @throws Refusal where there is no such chapter, or its hidden checks cannot be used */
export async function openAssignment(setting: Setting, goal: Goal, checks: string | undefined): Promise<Assignment> {
  const files = checks === undefined ? [] : hiddenCheckFiles(checks, goal.chapter);
  const entry = withHiddenChecks(goal.chapter, files);
  const chapter = await entry.load();
  const exercises = chapter.topics
    .filter((topic) => goal.topic === undefined || topic.name === goal.topic)
    .flatMap((topic) =>
      topic.exercises
        .filter((e: Exercise) => goal.fn === undefined || e.name === goal.fn)
        .map((e) => ({
          id: `${chapter.id}/${topic.name}/${e.name}`,
          name: e.name,
          topic: topic.name,
          maxPoints: e.points,
        })),
    );
  if (exercises.length === 0) throw new Refusal(`${goalId(goal)} has nothing to grade.`, 'Name a whole chapter.', 2);
  const { root } = setting.course;
  return {
    id: goalId(goal),
    title: chapter.title,
    goal: { ...goal, chapter: { ...entry, load: async () => chapter } },
    chapter,
    exercises,
    maxPoints: exercises.reduce((sum, e) => sum + e.maxPoints, 0),
    spec: specHash({ root, chapter: entry.folder, standIns: setting.files.standIns, checks: files }),
    grader: graderVersion(root),
    checks,
  };
}

/** How one submission is graded. */
export function termsOf(
  setting: Setting,
  assignment: Assignment,
  how: Pick<Terms, 'seed' | 'isolation' | 'collector' | 'budget' | 'parallel'>,
): Terms {
  const { chapters: _, ...files } = setting.files;
  return {
    goal: assignment.goal,
    layout: { chapter: assignment.goal.chapter.folder, files: setting.course.source.files() },
    files,
    ...how,
  };
}
