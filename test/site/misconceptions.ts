/** Every misconception of a topic, submitted as a plain function; runs in Node and in a browser. */
import { gradeExercise, inProcess, type Chapter, type ExerciseReport } from '../../grader/engine/index.ts';

export async function misconceptions(chapter: Chapter, topic: string): Promise<ExerciseReport[]> {
  const reports: ExerciseReport[] = [];
  for (const exercise of chapter.topics.find((each) => each.name === topic)!.exercises) {
    const id = `${chapter.id}/${topic}/${exercise.name}`;
    for (const { wrong } of Object.values(exercise.misconceptions))
      reports.push(await gradeExercise(exercise, id, inProcess({ [exercise.name]: wrong }), { seed: 1 }));
  }
  return reports;
}
