/**
 * Full marks that are still good: a topic whose files have not changed since it got them need not be graded again, for
 * the same seed gives the same report. Kept with the bundles of the commands (see sandbox/kept.ts), so that any change of
 * the course's own files forgets them.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TopicReport } from '../engine/report.ts';
import { keep, readKept } from '../sandbox/kept.ts';

/** What a verdict depends on besides the files. */
export interface Circumstances {
  /** `chapter-1/perceptron` */
  topicId: string;
  /** The folder that holds the chapter folders. */
  chapters: string;
  seed: number;
  /** Where the code runs. */
  isolation: string;
}

interface Kept {
  /** Hashes of the student's files that had a part in it, by path. */
  files: Record<string, string>;
  report: TopicReport;
}

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

const nameOf = ({ topicId, chapters, seed, isolation }: Circumstances) =>
  join('full-marks', `${sha(JSON.stringify([topicId, chapters, seed, isolation])).slice(0, 24)}.json`);

/** The report of an earlier run that gave full marks, if every file is still as it was. */
export function stillFullMarks(circumstances: Circumstances): TopicReport | undefined {
  const text = readKept(nameOf(circumstances));
  if (text === undefined) return undefined;
  try {
    const { files, report } = JSON.parse(text) as Kept;
    const same = Object.entries(files).every(
      ([path, hash]) => sha(readFileSync(join(circumstances.chapters, path), 'utf8')) === hash,
    );
    return same ? report : undefined;
  } catch {
    // A file is gone, or the text is not what was written.
    return undefined;
  }
}

/** @param sources text of the student's files that were graded, by path under `chapters` */
export function keepFullMarks(
  circumstances: Circumstances,
  report: TopicReport,
  sources: ReadonlyMap<string, string>,
): void {
  if (report.points < report.maxPoints || report.exercises.some((e) => e.verdict !== 'pass')) return;
  const files = Object.fromEntries([...sources].map(([path, text]) => [path, sha(text)]));
  keep(nameOf(circumstances), JSON.stringify({ files, report } satisfies Kept));
}
