/** With which code each part of the scorecard was measured. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CHAPTERS } from '../../grader/chapters.ts';
import { codeOf, judgeHash, ROOT, sha } from './judge-hash.ts';
import { fuzzHash } from './fuzz/blocks.ts';
import type { ChapterCard, Scorecard } from './card.ts';
import { chapterOf } from './submit.ts';

export type Section = 'right' | 'answers' | 'mutants' | 'goldens';

/** In words, before "of chapter 3". */
export const WORDS: Record<Section, string> = {
  right: 'the right answers',
  answers: 'the wrong answers',
  mutants: 'the mutants',
  goldens: 'the goldens',
};

/** A file, or all files of a folder, as one text; code without its comments. */
function textOf(path: string): string {
  const full = join(ROOT, path);
  if (!existsSync(full)) return '';
  if (!statSync(full).isDirectory())
    return path.endsWith('.ts') ? codeOf(readFileSync(full, 'utf8')) : readFileSync(full, 'utf8');
  return readdirSync(full)
    .sort()
    .map((name) => `${name}\0${textOf(`${path}/${name}`)}`)
    .join('\0');
}

/** The hashes of a chapter's parts as the code is now. */
export async function hashesOf(chapterId: string): Promise<Record<Section, string>> {
  const chapter = await chapterOf(chapterId);
  const judge = judgeHash(...chapter.topics.map((topic) => `${chapter.folder}/${topic.name}`));
  const alternatives = textOf(`test/alternatives/${chapter.folder}`);
  const here = (...files: string[]) => files.map((file) => textOf(`test/scorecard/${file}.ts`));
  return {
    right: sha('right', judge, alternatives),
    answers: sha(
      'answers',
      judge,
      alternatives,
      textOf(`test/wrong-answers/${chapter.folder}`),
      textOf('test/wrong-answers/notes.ts'),
      ...here('answers', 'counterexample', 'mutants'),
    ),
    mutants: sha('mutants', judge, textOf(`test/equivalents/${chapter.id}.ts`), ...here('mutants', 'equivalents')),
    goldens: sha('goldens', judge, textOf('test/goldens'), textOf('test/golden')),
  };
}

/** What of a scorecard was measured with other code than there is now, in words; what was never measured is not older. */
export async function olderIn(card: Scorecard): Promise<string[]> {
  const found: string[] = [];
  for (const { id } of CHAPTERS) {
    const measured: ChapterCard | undefined = card.chapters[id];
    if (!measured) continue;
    const now = await hashesOf(id);
    for (const section of Object.keys(WORDS) as Section[])
      if (measured[section] && measured[section].code !== now[section])
        found.push(`${WORDS[section]} of ${id.replace('-', ' ')}`);
  }
  if (card.robustness && card.robustness.code !== fuzzHash()) found.push('the fuzz');
  return found;
}
