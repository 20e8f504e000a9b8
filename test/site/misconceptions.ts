/** Misconceptions of a topic, submitted as plain functions; runs in Node and in a browser. */
import { gradeExercise, inProcess, type Chapter, type ExerciseReport } from '../../grader/engine/index.ts';

/** @param all all of them, or one of each exercise */
export async function misconceptions(chapter: Chapter, topic: string, all: boolean): Promise<ExerciseReport[]> {
  const reports: ExerciseReport[] = [];
  for (const exercise of chapter.topics.find((each) => each.name === topic)!.exercises) {
    const id = `${chapter.id}/${topic}/${exercise.name}`;
    for (const { wrong } of Object.values(exercise.misconceptions).slice(0, all ? undefined : 1))
      reports.push(await gradeExercise(exercise, id, inProcess({ [exercise.name]: wrong }), { seed: 1 }));
  }
  return reports;
}
