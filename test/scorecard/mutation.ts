/**
 * Every mutant of every solution, graded as a student's file would be: in a sandbox, by its exercise's own checks. One
 * that gets full marks has survived.
 *
 * What is known of a mutant is kept under the hash of all code that judged it, so a run that was stopped goes on, and one
 * after a change of a single topic's spec does only that topic.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gradeTopic, type Verdict } from '../../grader/engine/index.ts';
import { ROOT, judgeHash, sha } from './judge-hash.ts';
import { Known } from './known.ts';
import { mutantsOf, type Mutant } from './mutants.ts';
import type { Part } from './parts.ts';
import { chapterOf, Desk, hasFullMarks, SEED } from './submit.ts';

export interface Judged extends Omit<Mutant, 'text'> {
  chapter: string;
  topic: string;
  verdict: Verdict;
}

/** Judges the mutants of a chapter, or a part of them; of one topic, where it is named. */
export async function* judgeMutants(chapterId: string, part: Part, only?: string): AsyncGenerator<Judged> {
  const chapter = await chapterOf(chapterId);
  const known = new Known(chapter.id);
  const desk = new Desk(chapter);
  let count = 0;
  try {
    for (const topic of chapter.topics.filter((t) => only === undefined || t.name === only)) {
      const file = `${chapter.folder}/${topic.name}.ts`;
      const text = readFileSync(join(ROOT, 'solutions', file), 'utf8');
      const judge = judgeHash(`${chapter.folder}/${topic.name}`);
      for (const { text: changed, ...mutant } of mutantsOf(text, file)) {
        if (count++ % part.of !== part.index) continue;
        const key = sha(judge, changed);
        let verdict = known.get(key) as Verdict | undefined;
        if (verdict === undefined) {
          const { exercise } = mutant;
          const report = await desk.submit(topic, changed, (subject) =>
            gradeTopic(chapter, topic, subject, { seed: SEED, only: exercise, brief: true }),
          );
          const said = report.exercises[0]?.verdict ?? 'error';
          verdict = hasFullMarks(report) ? 'pass' : said === 'pass' ? 'fail' : said;
          known.set(key, verdict);
        }
        yield { chapter: chapter.id, topic: topic.name, ...mutant, verdict };
      }
    }
  } finally {
    desk.close();
  }
}
