/** Each named mistake of a chapter fails, and is named by its own message; each oracle, submitted, gets full marks. */
import { describe, expect, test } from 'vitest';
import { CHAPTERS } from '../../../grader/chapters.ts';
import { gradeExercise, inProcess } from '../../../grader/engine/index.ts';

/** The tests of one chapter. A file for each, so that they run side by side. */
export async function testMisconceptions(chapterId: string): Promise<void> {
  const chapter = await CHAPTERS.find(({ id }) => id === chapterId)!.load();
  for (const topic of chapter.topics) {
    describe(`${chapter.id}/${topic.name}`, () => {
      for (const exercise of topic.exercises) {
        const id = `${chapter.id}/${topic.name}/${exercise.name}`;
        test.each(Object.keys(exercise.misconceptions))(`${exercise.name}: "%s" fails and is named`, async (name) => {
          const { wrong, says } = exercise.misconceptions[name]!;
          const report = await gradeExercise(exercise, id, inProcess({ [exercise.name]: wrong }), { seed: 1 });
          expect(report.verdict).not.toBe('pass');
          expect(report.points).toBeLessThan(report.maxPoints);
          expect(report.failure?.diagnosis).toEqual({ kind: 'misconception', name, says });
        });

        test(`${exercise.name}: its oracle, submitted, gets full marks`, async () => {
          // Checks that ask for an error are not the oracle's business: it defines values only.
          const values = { ...exercise, checks: exercise.checks.filter((c) => !c.wantsError) };
          const report = await gradeExercise(values, id, inProcess({ [exercise.name]: exercise.oracle }), { seed: 7 });
          expect(report.failure).toBeUndefined();
          expect(report.verdict).toBe('pass');
        });
      }
    });
  }
}
