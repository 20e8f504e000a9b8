/**
 * Wrong answers, graded as a student's would be, and what the grader said of each: whether it was rejected, which cause was
 * named, and how much there was to read.
 *
 * They come from four places: the named misconceptions of every exercise; wrong answers of people who had seen only lesson
 * and stub (`test/wrong-answers/<chapter>`); the mistakes in the programs of the notes that the course grew out of
 * (`test/wrong-answers/notes.ts`); and every tenth mutant, for its counterexample only.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  gradeExercise,
  inProcess,
  type Chapter,
  type Diagnosis,
  type Exercise,
  type ExerciseReport,
  type Subject,
  type Topic,
  type Verdict,
} from '../../grader/engine/index.ts';
import { NOTES } from '../wrong-answers/notes.ts';
import type { WrongAnswer } from '../wrong-answers/wrong-answer.ts';
import { counterexampleOf, type Counterexample } from './counterexample.ts';
import { ROOT, judgeHash, sha } from './judge-hash.ts';
import { Known } from './known.ts';
import { mutantsOf } from './mutants.ts';
import { WHOLE, type Part } from './parts.ts';
import { chapterOf, Desk, hasFullMarks, SEED } from './submit.ts';

export type Kind = 'misconception' | 'wrong answer' | 'notes' | 'mutant';

export interface Answer {
  kind: Kind;
  chapter: string;
  topic: string;
  exercise: string;
  /** A misconception's name, or what is wrong in its author's words. */
  mistake: string;
  /** Misconceptions of the bank that describe it; a misconception describes itself. */
  causes: readonly string[];
}

/** What became of it. */
export interface Told {
  /** It got full marks: the grader did not see that it is wrong. */
  accepted: boolean;
  verdict: Verdict;
  /** The cause that was named, or the pattern that was seen. */
  diagnosis?: Pick<Diagnosis, 'kind' | 'name'>;
  /** An error was shown with its place in the file. */
  placed: boolean;
  shown?: Counterexample;
}

export interface JudgedAnswer extends Answer, Partial<Told> {
  /** Why it could not be handed in: its change does not fit the file that it is a change of. */
  unfit?: string;
}

/** Every so many mutants one is shown. */
const EVERY = 10;

interface Task extends Answer {
  /** The whole file, or why there is none; nothing for a misconception, which is a function already. */
  text?: string;
  unfit?: string;
}

/** Judges the wrong answers of a chapter, or a part of them; those of one kind, where it is named. */
export async function* judgeAnswers(chapterId: string, part: Part = WHOLE, only?: Kind): AsyncGenerator<JudgedAnswer> {
  const chapter = await chapterOf(chapterId);
  const known = new Known(`answers-${chapter.id}`);
  const desk = new Desk(chapter);
  let count = 0;
  try {
    for (const topic of chapter.topics) {
      const judge = judgeHash(`${chapter.folder}/${topic.name}`);
      for (const { text, unfit, ...answer } of await tasks(chapter, topic)) {
        if (only !== undefined && answer.kind !== only) continue;
        if (count++ % part.of !== part.index) continue;
        if (unfit !== undefined) {
          yield { ...answer, unfit };
          continue;
        }
        const key = sha(judge, answer.kind, answer.exercise, text ?? answer.mistake);
        const before = known.get(key);
        if (before !== undefined) {
          yield { ...answer, ...(JSON.parse(before) as Told) };
          continue;
        }
        const exercise = topic.exercises.find((e) => e.name === answer.exercise)!;
        const id = `${chapter.id}/${topic.name}/${exercise.name}`;
        const told =
          text === undefined
            ? await examine(
                exercise,
                id,
                inProcess({ [exercise.name]: exercise.misconceptions[answer.mistake]!.wrong }),
              )
            : await desk.submit(topic, text, (subject) => examine(exercise, id, subject));
        known.set(key, JSON.stringify(told));
        yield { ...answer, ...told };
      }
    }
  } finally {
    desk.close();
  }
}

async function examine(exercise: Exercise, id: string, subject: Subject): Promise<Told> {
  const report: ExerciseReport = await gradeExercise(exercise, id, subject, { seed: SEED });
  const { diagnosis, problem } = report.failure ?? {};
  const shown = await counterexampleOf(exercise, report, subject);
  return {
    accepted: hasFullMarks(report),
    verdict: report.verdict,
    ...(diagnosis && { diagnosis: { kind: diagnosis.kind, name: diagnosis.name } }),
    placed: problem?.at !== undefined,
    ...(shown && { shown }),
  };
}

/** All wrong answers to a topic. */
async function tasks(chapter: Chapter, topic: Topic): Promise<Task[]> {
  const about = { chapter: chapter.id, topic: topic.name };
  const file = `${chapter.folder}/${topic.name}.ts`;
  const solution = readFileSync(join(ROOT, 'solutions', file), 'utf8');
  const named = topic.exercises.flatMap((e) =>
    Object.keys(e.misconceptions).map((name): Task => ({
      kind: 'misconception',
      ...about,
      exercise: e.name,
      mistake: name,
      causes: [name],
    })),
  );
  const ofNotes = NOTES.filter((n) => n.topic === `${chapter.id}/${topic.name}`).map((n) => ({
    kind: 'notes' as const,
    ...about,
    ...changed(n, topic, solution, `solutions/${file}`),
  }));
  const mutants = mutantsOf(solution, file)
    .filter((_, i) => i % EVERY === 0)
    .map(({ exercise, line, operator, before, after, text }): Task => ({
      kind: 'mutant',
      ...about,
      exercise,
      mistake: `line ${line}: ${operator}: ${before} → ${after}`,
      causes: [],
      text,
    }));
  return [...named, ...(await byPeople(about, topic, file)), ...ofNotes, ...mutants];
}

/** The wrong answers of people; none where nobody has written any. */
async function byPeople(about: Pick<Answer, 'chapter' | 'topic'>, topic: Topic, file: string): Promise<Task[]> {
  const path = join(ROOT, 'test', 'wrong-answers', file);
  if (!existsSync(path)) return [];
  const { wrongAnswers } = (await import(pathToFileURL(path).href)) as { wrongAnswers?: WrongAnswer[] };
  if (!Array.isArray(wrongAnswers)) throw new Error(`test/wrong-answers/${file} exports no list \`wrongAnswers\`.`);
  const alternative = join(ROOT, 'test', 'alternatives', file);
  const text = existsSync(alternative) ? readFileSync(alternative, 'utf8') : undefined;
  return wrongAnswers.map((answer) => ({
    kind: 'wrong answer',
    ...about,
    ...changed(answer, topic, text, `test/alternatives/${file}`),
  }));
}

/** A right file with the change of a wrong answer. */
export function changed(
  { exercise, mistake, find, put, causes }: WrongAnswer,
  topic: Topic,
  text: string | undefined,
  path: string,
): Omit<Task, 'kind' | 'chapter' | 'topic'> {
  const answer = { exercise, mistake, causes };
  if (text === undefined) return { ...answer, unfit: `there is no ${path}` };
  const bank = topic.exercises.find((e) => e.name === exercise)?.misconceptions;
  if (!bank) return { ...answer, unfit: `${topic.name} has no exercise ${exercise}` };
  const missing = causes.find((cause) => !Object.hasOwn(bank, cause));
  if (missing !== undefined) return { ...answer, unfit: `the bank of ${exercise} has no '${missing}'` };
  const times = text.split(find).length - 1;
  if (times !== 1) return { ...answer, unfit: `what it changes stands ${times} times in ${path}: ${find}` };
  return { ...answer, text: text.replace(find, () => put) };
}

/** How a wrong answer was diagnosed. */
export type Diagnosed =
  | 'accepted'
  /** Its cause is in the bank, and was named. */
  | 'named'
  /** A misconception was named that does not describe it. */
  | 'wrongly named'
  /** Rejected without a cause: with a pattern in the numbers, an error's place, or only the counterexample. */
  | 'pattern'
  | 'place'
  | 'silent';

export function diagnosed({ accepted, diagnosis, causes, placed }: JudgedAnswer): Diagnosed {
  if (accepted) return 'accepted';
  if (diagnosis?.kind === 'misconception') return causes.includes(diagnosis.name) ? 'named' : 'wrongly named';
  if (diagnosis) return 'pattern';
  return placed ? 'place' : 'silent';
}
