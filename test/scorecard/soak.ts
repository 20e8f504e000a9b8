/**
 * Right answers, graded over and over with other seeds: not one may be rejected. The course's own solutions, and every
 * other complete solution in `test/alternatives`.
 *
 * Which seeds a file has passed is kept under the hash of all code that judged it, so a soak that was stopped goes on.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHAPTERS } from '../../grader/chapters.ts';
import { gradeTopic, inSandbox, type ExerciseReport } from '../../grader/engine/index.ts';
import { openSandbox } from '../../grader/sandbox/node/sandbox.ts';
import { CACHE, ROOT, judgeHash, sha } from './judge-hash.ts';

/** What became of one file under one seed. */
export interface Soaked {
  /** `solutions`, or the name of an alternative's folder. */
  source: string;
  chapter: string;
  topic: string;
  seed: number;
  /** Cases that were judged. */
  cases: number;
  /** What was rejected although it is right. */
  rejected: ExerciseReport[];
}

/** The complete solutions of a topic: ours first. */
function sourcesOf(file: string): { name: string; folder: string }[] {
  const all = [
    { name: 'solutions', folder: join(ROOT, 'solutions') },
    { name: 'alternatives', folder: join(ROOT, 'test', 'alternatives') },
  ];
  return all.filter(({ folder }) => existsSync(join(folder, file)));
}

/**
 * Soaks a chapter: seeds 1, 2, 3 … for each of its files until all together have seen so many cases.
 *
 * @param part every n-th of its files, from the i-th on
 */
export async function* soak(
  chapterId: string,
  wanted: number,
  part: { index: number; of: number } = { index: 0, of: 1 },
): AsyncGenerator<Soaked> {
  const entry = CHAPTERS.find(({ id }) => id === chapterId);
  if (!entry) throw new Error(`There is no ${chapterId}; there are ${CHAPTERS.map((c) => c.id).join(', ')}.`);
  const chapter = await entry.load();
  const judge = judgeHash(chapter.folder);
  const files = chapter.topics.flatMap((topic) =>
    sourcesOf(`${chapter.folder}/${topic.name}.ts`).map((source) => ({ topic, source })),
  );
  const share = wanted / files.length;
  for (const [i, { topic, source }] of files.entries()) {
    if (i % part.of !== part.index) continue;
    const text = readFileSync(join(source.folder, chapter.folder, `${topic.name}.ts`), 'utf8');
    const known = passed(sha(judge, text));
    const solutions = join(ROOT, 'solutions');
    const sandbox = await openSandbox({
      chapters: source.folder,
      standIns: solutions,
      tensor: join(solutions, 'tensor', 'index.ts'),
      topic: `${chapter.folder}/${topic.name}`,
      mode: 'grade',
    });
    try {
      let cases = 0;
      for (let seed = 1; cases < share; seed++) {
        const before = known.get(seed);
        const common = { source: source.name, chapter: chapter.id, topic: topic.name, seed };
        if (before !== undefined) {
          cases += before;
          yield { ...common, cases: before, rejected: [] };
          continue;
        }
        const { exercises } = await gradeTopic(chapter, topic, inSandbox(sandbox), { seed });
        const now = exercises.reduce((sum, e) => sum + e.checks.reduce((n, c) => n + c.cases, 0), 0);
        const rejected = exercises.filter((e) => e.verdict !== 'pass');
        cases += Math.max(1, now);
        if (rejected.length === 0) known.note(seed, now);
        yield { ...common, cases: now, rejected };
      }
    } finally {
      await sandbox.close();
    }
  }
}

/** The seeds that a file has passed before this judge, with the number of cases of each. */
function passed(key: string): { get(seed: number): number | undefined; note(seed: number, cases: number): void } {
  const path = join(CACHE, `soak-${key}.txt`);
  mkdirSync(CACHE, { recursive: true });
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  const seeds = new Map(lines.map((line) => line.split(' ').map(Number) as [number, number]));
  return {
    get: (seed) => seeds.get(seed),
    note: (seed, cases) => appendFileSync(path, `${seed} ${cases}\n`),
  };
}
