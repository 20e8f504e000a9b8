/**
 * Right answers, graded over and over with other seeds: not one may be rejected. The course's own solutions, and every
 * other complete solution in `test/alternatives`.
 *
 * Which seeds a file has passed is kept under the hash of all code that judged it, so a soak that was stopped goes on.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gradeTopic, inSandbox, type ExerciseReport, type Topic } from '../../grader/engine/index.ts';
import { ROOT, judgeHash, sha } from './judge-hash.ts';
import { Known } from './known.ts';
import { WHOLE, type Part } from './parts.ts';
import { chapterOf, open } from './submit.ts';

/** Where complete solutions are. */
export const SOURCES = ['solutions', 'test/alternatives'] as const;
export type Source = (typeof SOURCES)[number];

/** What became of one file under one seed. */
export interface Soaked {
  source: Source;
  chapter: string;
  topic: string;
  seed: number;
  /** Generated cases that were judged; fixed examples, the same under every seed, are not counted. */
  cases: number;
  /** What was rejected although it is right. */
  rejected: ExerciseReport[];
}

/** The topics of which a source has a complete solution. */
export const filesOf = (source: Source, folder: string, topics: readonly Topic[]): Topic[] =>
  topics.filter(({ name }) => existsSync(join(ROOT, source, folder, `${name}.ts`)));

/**
 * Soaks a chapter: seeds 1, 2, 3 … for each of its files until those of each source together have seen so many cases.
 *
 * @param part every n-th seed, from the i-th on
 */
export async function* soak(chapterId: string, wanted: number, part: Part = WHOLE): AsyncGenerator<Soaked> {
  const chapter = await chapterOf(chapterId);
  for (const source of SOURCES) {
    const topics = filesOf(source, chapter.folder, chapter.topics);
    for (const topic of topics) {
      const name = `${chapter.folder}/${topic.name}`;
      const text = readFileSync(join(ROOT, source, `${name}.ts`), 'utf8');
      const known = new Known(`right-${sha(judgeHash(name), text)}`);
      const share = wanted / topics.length / part.of;
      const sandbox = await open(join(ROOT, source), name);
      try {
        let cases = 0;
        for (let seed = 1 + part.index; cases < share; seed += part.of) {
          const before = known.get(String(seed));
          const common = { source, chapter: chapter.id, topic: topic.name, seed };
          if (before !== undefined) {
            cases += Number(before);
            yield { ...common, cases: Number(before), rejected: [] };
            continue;
          }
          const { exercises } = await gradeTopic(chapter, topic, inSandbox(sandbox), { seed });
          const now = generated(topic, exercises);
          const rejected = exercises.filter((e) => e.verdict !== 'pass');
          cases += Math.max(1, now);
          if (rejected.length === 0) known.set(String(seed), String(now));
          yield { ...common, cases: now, rejected };
        }
      } finally {
        await sandbox.close();
      }
    }
  }
}

/** How many of the judged cases were drawn from the seed. */
function generated(topic: Topic, reports: readonly ExerciseReport[]): number {
  let sum = 0;
  for (const report of reports) {
    const { checks } = topic.exercises.find((e) => e.name === report.name)!;
    report.checks.forEach(({ cases }, i) => {
      if (!checks[i]!.fixed) sum += Math.min(cases, checks[i]!.cases);
    });
  }
  return sum;
}
