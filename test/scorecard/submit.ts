/** Hands in a changed file, as a student would. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHAPTERS } from '../../grader/chapters.ts';
import { inSandbox, type Chapter, type Subject, type Topic } from '../../grader/engine/index.ts';
import { openSandbox, prewarm } from '../../grader/sandbox/node/sandbox.ts';
import { ROOT } from './judge-hash.ts';

/** The seed that students see. */
export const SEED = 1;

export async function chapterOf(id: string): Promise<Chapter> {
  const entry = CHAPTERS.find((c) => c.id === id);
  if (!entry) throw new Error(`There is no ${id}; there are ${CHAPTERS.map((c) => c.id).join(', ')}.`);
  return entry.load();
}

export const hasFullMarks = (report: { points: number; maxPoints: number }): boolean =>
  report.points === report.maxPoints;

/** A folder of chapters in which one file after another is handed in. */
export class Desk {
  readonly #chapter: Chapter;
  readonly #folder = mkdtempSync(join(tmpdir(), 'scorecard-'));

  constructor(chapter: Chapter) {
    this.#chapter = chapter;
    mkdirSync(join(this.#folder, chapter.folder));
  }

  /**
   * @param text the topic's whole file
   * @param judge told the file in a sandbox of its own, which is closed afterwards
   */
  async submit<T>(topic: Topic, text: string, judge: (subject: Subject) => Promise<T>): Promise<T> {
    const name = `${this.#chapter.folder}/${topic.name}`;
    writeFileSync(join(this.#folder, `${name}.ts`), text);
    const sandbox = await open(this.#folder, name);
    prewarm();
    try {
      return await judge(inSandbox(sandbox));
    } finally {
      await sandbox.close();
    }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A topic's file in a sandbox, with the solutions as stand-ins. @param topic `chapter-1-mp/neuron` */
export function open(chapters: string, topic: string): ReturnType<typeof openSandbox> {
  const standIns = join(ROOT, 'solutions');
  return openSandbox({ chapters, standIns, tensor: join(standIns, 'tensor', 'index.ts'), topic, mode: 'grade' });
}
