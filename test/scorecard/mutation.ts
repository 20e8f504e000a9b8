/**
 * Every mutant of every solution, graded as a student's file would be: in a sandbox, by its exercise's own checks. One
 * that gets full marks has survived.
 *
 * What is known of a mutant is kept in `node_modules/.cache/scorecard`, under the hash of all code that judged it, so a
 * run that was stopped goes on, and one after a change of a single chapter's specs does only that chapter.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHAPTERS } from '../../grader/chapters.ts';
import { gradeTopic, inSandbox, type Chapter, type Topic, type Verdict } from '../../grader/engine/index.ts';
import { openSandbox, prewarm } from '../../grader/sandbox/node/sandbox.ts';
import { CACHE, ROOT, judgeHash, sha } from './judge-hash.ts';
import { mutantsOf, type Mutant } from './mutants.ts';

export interface Judged extends Omit<Mutant, 'text'> {
  chapter: string;
  topic: string;
  verdict: Verdict;
}

const SEED = 1;

/** What earlier runs found out, by mutant. */
class Known {
  readonly #path: string;
  readonly #verdicts = new Map<string, Verdict>();

  constructor(name: string) {
    mkdirSync(CACHE, { recursive: true });
    this.#path = join(CACHE, `${name}.txt`);
    if (!existsSync(this.#path)) return;
    for (const line of readFileSync(this.#path, 'utf8').split('\n')) {
      const [key, verdict] = line.split(' ');
      if (key && verdict) this.#verdicts.set(key, verdict as Verdict);
    }
  }
  get(key: string): Verdict | undefined {
    return this.#verdicts.get(key);
  }
  set(key: string, verdict: Verdict): void {
    this.#verdicts.set(key, verdict);
    // A line at a time: another process may write to the same file.
    appendFileSync(this.#path, `${key} ${verdict}\n`);
  }
}

export interface Part {
  /** Every n-th mutant, from the i-th on. */
  index: number;
  of: number;
}

/** Judges the mutants of a chapter, or a part of them. */
export async function* judgeMutants(chapterId: string, part: Part): AsyncGenerator<Judged> {
  const entry = CHAPTERS.find(({ id }) => id === chapterId);
  if (!entry) throw new Error(`There is no ${chapterId}; there are ${CHAPTERS.map((c) => c.id).join(', ')}.`);
  const chapter = await entry.load();
  const judge = judgeHash(chapter.folder);
  const known = new Known(chapter.id);
  const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
  mkdirSync(join(folder, chapter.folder));
  let count = 0;
  try {
    for (const topic of chapter.topics) {
      const file = `${chapter.folder}/${topic.name}.ts`;
      const text = readFileSync(join(ROOT, 'solutions', file), 'utf8');
      for (const { text: changed, ...mutant } of mutantsOf(text, file)) {
        if (count++ % part.of !== part.index) continue;
        const key = sha(judge, changed);
        let verdict = known.get(key);
        if (verdict === undefined) {
          writeFileSync(join(folder, file), changed);
          verdict = await verdictOn(chapter, topic, mutant.exercise, folder);
          known.set(key, verdict);
        }
        yield { chapter: chapter.id, topic: topic.name, ...mutant, verdict };
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The verdict on one function of a file: `pass` is full marks. */
async function verdictOn(chapter: Chapter, topic: Topic, exercise: string, chapters: string): Promise<Verdict> {
  const solutions = join(ROOT, 'solutions');
  const sandbox = await openSandbox({
    chapters,
    standIns: solutions,
    tensor: join(solutions, 'tensor', 'index.ts'),
    topic: `${chapter.folder}/${topic.name}`,
    mode: 'grade',
  });
  prewarm();
  try {
    const report = await gradeTopic(chapter, topic, inSandbox(sandbox), { seed: SEED, only: exercise, brief: true });
    const { points, maxPoints, exercises } = report;
    const verdict = exercises[0]?.verdict ?? 'error';
    return points === maxPoints ? 'pass' : verdict === 'pass' ? 'fail' : verdict;
  } finally {
    await sandbox.close();
  }
}
