/**
 * The parts of the course that are programs: specs and interactive figures. They are bundled anew when their files change,
 * so that `--serve` shows what was saved (Node keeps a module once imported).
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { ChapterEntry } from '../../grader/chapters.ts';
import type { Chapter } from '../../grader/engine/exercise.ts';
import type { Interactive } from '../interactive/interactive.ts';
import type { Settings } from '../settings.ts';

export interface Code {
  chapters: { entry: Omit<ChapterEntry, 'load'>; spec: Chapter }[];
  interactives: Interactive[];
  settings: Settings;
  /** Every file that was read, from the root. */
  files: string[];
}

const ENTRY = `
import { CHAPTERS } from './grader/chapters.ts';
import { settings } from './site/settings.ts';
import { INTERACTIVES } from './site/interactive/index.ts';
export const interactives = INTERACTIVES;
export { settings };
export const chapters = await Promise.all(CHAPTERS.map(async ({ load, ...entry }) => ({ entry, spec: await load() })));
`;

/** Where the site's build keeps what it need not make twice. */
export const cacheFolder = (root: string): string => join(root, 'node_modules', '.cache', 'course-site');

/** Loads specs, interactive figures and settings as they are on disk now. */
export async function loadCode(root: string): Promise<Code> {
  const result = await build({
    stdin: { contents: ENTRY, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    alias: { '#tensor': join(root, 'solutions', 'tensor', 'index.ts') },
    absWorkingDir: root,
    logLevel: 'silent',
  });
  const text = result.outputFiles[0]!.text;
  const folder = join(cacheFolder(root), 'code');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 16)}.mjs`);
  writeFileSync(file, text);
  try {
    const module = (await import(pathToFileURL(file).href)) as Omit<Code, 'files'>;
    const { chapters, interactives, settings } = module;
    return { chapters, interactives, settings, files: Object.keys(result.metafile.inputs) };
  } finally {
    rmSync(file, { force: true });
  }
}

/** A file of the course as text. */
export const read = (root: string, path: string): string =>
  readFileSync(join(root, path), 'utf8')
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n');
