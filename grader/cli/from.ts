/** `--from DIR`: files to grade that are somewhere else. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Files } from '../course/grade-run.ts';
import type { Chapter } from '../course/layout.ts';
import { Refusal } from '../course/refusal.ts';
import type { Setting } from './setting.ts';

interface From {
  files: Files;
  word: string | undefined;
  fileName: (path: string) => string;
  repeat: string[];
  clean: () => void;
}

/**
 * The files of a folder that is a repository with `chapters/`, a folder with chapter folders, or one chapter's folder,
 * whatever its name.
 */
export function filesFrom(
  setting: Setting,
  dir: string,
  word: string | undefined,
  { watch }: { watch: boolean },
): From {
  const full = resolve(dir);
  if (!isFolder(full))
    throw new Refusal(`There is no folder ${dir}.`, 'Look for a typing mistake, or give the full path.', 2);
  const shown = relative(process.cwd(), full) || '.';
  const nice = (inside: string) => [shown === '.' ? '' : shown, inside].filter(Boolean).join('/').replaceAll('\\', '/');
  const chapters = setting.course.chapters();
  const found = (chapters: string, prefix: string): From => ({
    // Its own folder of the system may hide behind a link; the sandbox compares real paths.
    files: { ...setting.files, chapters: realpathSync(chapters) },
    word,
    fileName: (path) => nice(prefix + path),
    repeat: [`--from ${/[\s'"]/.test(dir) ? JSON.stringify(dir) : dir}`],
    clean: () => undefined,
  });
  const holdsChapters = (folder: string) => chapters.some((c) => isFolder(join(folder, c.name)));

  if (holdsChapters(join(full, 'chapters'))) return found(join(full, 'chapters'), 'chapters/');
  if (holdsChapters(full)) return found(full, '');

  const chapter = chapterIn(setting, full, word);
  if (!chapter)
    throw new Refusal(
      `There is no chapter in ${dir}.`,
      'It may be a copy of the course, a folder with chapter folders in it, or one chapter’s folder with its .ts files.',
      2,
    );
  const inside = (path: string) => nice(path.slice(path.indexOf('/') + 1));
  const asked = word ?? chapter.name;
  if (basename(full) === chapter.name) return { ...found(dirname(full), ''), word: asked, fileName: inside };

  // The sandbox knows files by chapter and name, so they are put into a folder of the chapter's name.
  if (watch)
    throw new Refusal(
      `--watch needs the folder to carry its chapter's name.`,
      `Call it ${chapter.name}, or leave --watch out.`,
      2,
    );
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'grade-')));
  const clean = () => rmSync(copy, { recursive: true, force: true });
  process.once('exit', clean);
  mkdirSync(join(copy, chapter.name));
  for (const entry of readdirSync(full, { withFileTypes: true }))
    if (entry.isFile() && entry.name.endsWith('.ts'))
      copyFileSync(join(full, entry.name), join(copy, chapter.name, entry.name));
  return { ...found(copy, ''), word: asked, fileName: inside, clean };
}

/** Which chapter's files a folder holds: the one asked for, else the one whose file names it has most of. */
function chapterIn({ course }: Setting, folder: string, word: string | undefined): Chapter | undefined {
  const has = (chapter: Chapter) =>
    chapter.topics.filter(({ topic }) => topic !== 'lab' && existsSync(join(folder, `${topic}.ts`))).length;
  if (word !== undefined) {
    const { chapter } = course.resolve(word, { graded: true });
    return has(chapter) > 0 ? chapter : undefined;
  }
  const named = course.chapters().find((chapter) => chapter.name === basename(folder));
  if (named) return named;
  const [best] = course
    .chapters()
    .map((chapter) => ({ chapter, files: has(chapter) }))
    .filter(({ files }) => files > 0)
    .sort((a, b) => b.files - a.files);
  return best?.chapter;
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
