/** What every command works on: the course, the chapters that can be graded, and the files. */
import { join } from 'node:path';
import { CHAPTERS, type ChapterEntry } from '../chapters.ts';
import type { Files, Goal } from '../course/grade-run.ts';
import { openCourse, type Course, type Target } from '../course/layout.ts';
import { listed, nearest } from '../course/nearest.ts';
import { Refusal } from '../course/refusal.ts';
import type { Exercise } from '../engine/exercise.ts';

export interface Setting {
  course: Course;
  chapters: readonly ChapterEntry[];
  /** The student's own files. */
  files: Files;
  /** The course's solutions, as files to grade. */
  solutions: Files;
}

export function openSetting(course: Course = openCourse(), chapters: readonly ChapterEntry[] = CHAPTERS): Setting {
  const { standIns } = course;
  const tensor = join(standIns, 'tensor', 'index.ts');
  const known = new Set(course.source.files());
  const skeleton = (path: string) => (known.has(path) ? course.source.skeleton(path) : undefined);
  return {
    course,
    chapters,
    files: { chapters: join(course.root, 'chapters'), standIns, tensor, skeleton },
    solutions: { chapters: standIns, standIns, tensor },
  };
}

/** What a word on the command line asks to grade. */
export async function goalFor(setting: Setting, word: string): Promise<Goal> {
  if (/^[./\\]*lab(\.ts)?$/i.test(word.trim()))
    throw new Refusal('A lab is not graded; it is to be run.', `Try: npm run lab ${setting.chapters[0]?.id}`, 2);
  const target = setting.course.resolve(word, { graded: true });
  const chapter = entryOf(setting, target);
  const { topic, fn } = target;
  if (topic?.topic === 'lab')
    throw new Refusal('A lab is not graded; it is to be run.', `Try: npm run lab ${chapter.id}`, 2);
  if (topic) await specOf(chapter, topic.topic, fn);
  return { chapter, topic: topic?.topic, fn };
}

export function entryOf({ chapters }: Setting, { chapter }: Target): ChapterEntry {
  const entry = chapters.find((c) => c.folder === chapter.name);
  if (entry) return entry;
  if (chapter.number === undefined)
    throw new Refusal(
      `The array library is not graded: it is there to be read, and changed if you like.`,
      `What can be graded: ${listed(chapters.map((c) => c.id))}.`,
      2,
    );
  throw new Refusal(
    `${chapter.name} cannot be graded yet.`,
    `What can be graded: ${listed(chapters.map((c) => c.id))}.`,
    2,
  );
}

async function specOf(entry: ChapterEntry, topicName: string, fn?: string): Promise<void> {
  const { topics } = await entry.load();
  const topic = topics.find((t) => t.name === topicName);
  if (!topic)
    throw new Refusal(
      `${entry.id}/${topicName} has nothing to grade.`,
      `${entry.id} has ${listed(topics.map((t) => `${entry.id}/${t.name}`))}.`,
      2,
    );
  if (fn !== undefined && !topic.exercises.some((e) => e.name === fn))
    throw new Refusal(
      `${fn} is not graded by itself.`,
      `Try: npm run grade ${entry.id}/${topicName}/${nearest(fn, topic.exercises.map((e) => e.name))}`, // prettier-ignore
      2,
    );
}

/** One exercise and where it stands. */
export interface Found {
  entry: ChapterEntry;
  topic: string;
  exercise: Exercise;
  /** `chapter-1/perceptron/predict` */
  id: string;
}

/** The exercise that words name: `chapter-1/perceptron/predict`, `chapter-1 predict`, `predict`. */
export async function exerciseFor(setting: Setting, words: readonly string[]): Promise<Found> {
  const all = words.flatMap((word) => word.replaceAll('\\', '/').split('/')).filter(Boolean);
  const name = all.at(-1) ?? '';
  const before = all.slice(0, -1).join('/');
  if (before === '') {
    // Perhaps just the name of a function.
    const everywhere = await foundIn(setting.chapters);
    const here = everywhere.filter((f) => f.exercise.name.toLowerCase() === name.toLowerCase());
    if (here.length === 1) return here[0]!;
    if (here.length > 1)
      throw new Refusal(`There is more than one ${name}.`, `Say which: ${listed(here.map((f) => f.id), 'or')}.`, 2); // prettier-ignore
    let target: Target;
    try {
      target = setting.course.resolve(name, { graded: true });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const near = nearest(name, everywhere.map((f) => f.exercise.name)); // prettier-ignore
      throw new Refusal(`There is no exercise "${name}".`, `Did you mean ${everywhere.find((f) => f.exercise.name === near)?.id}?`, 2); // prettier-ignore
    }
    const inside = (await foundIn([entryOf(setting, target)])).filter(
      (f) => !target.topic || f.topic === target.topic.topic,
    );
    throw new Refusal('A hint for which exercise?', `For example ${inside[0]?.id}. There are ${listed(inside.map((f) => f.exercise.name))}.`, 2); // prettier-ignore
  }
  const target = setting.course.resolve(before, { graded: true });
  const entry = entryOf(setting, target);
  const inside = (await foundIn([entry])).filter((f) => !target.topic || f.topic === target.topic.topic);
  const exact =
    inside.find((f) => f.exercise.name === name) ??
    inside.find((f) => f.exercise.name.toLowerCase() === name.toLowerCase());
  if (exact) return exact;
  const names = inside.map((f) => f.exercise.name);
  const near = nearest(name, [...names, ...new Set(inside.map((f) => f.topic))]);
  const there = inside.find((f) => f.exercise.name === near);
  if (inside.some((f) => f.topic === name))
    throw new Refusal(
      'A hint for which exercise?',
      `${before}/${name} has ${listed(inside.filter((f) => f.topic === name).map((f) => f.exercise.name))}.`,
      2,
    );
  throw new Refusal(
    `There is no exercise "${name}" in ${before}.`,
    `Did you mean ${there?.id ?? `${entry.id}/${near}`}? There are ${listed(names)}.`,
    2,
  );
}

async function foundIn(entries: readonly ChapterEntry[]): Promise<Found[]> {
  const loaded = await Promise.all(entries.map(async (entry) => ({ entry, chapter: await entry.load() })));
  return loaded.flatMap(({ entry, chapter }) =>
    chapter.topics.flatMap((topic) =>
      topic.exercises.map((exercise) => ({
        entry,
        topic: topic.name,
        exercise,
        id: `${entry.id}/${topic.name}/${exercise.name}`,
      })),
    ),
  );
}
