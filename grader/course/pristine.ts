/**
 * Pristine copies: the text of each file as a student first gets it, derived in memory and never read from `chapters/`,
 * which the student edits.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deriveSkeleton } from './regions.ts';
import { Refusal } from './refusal.ts';

/** Where pristine files come from: the solutions here, something packed in a handout. */
export interface Source {
  /** Every file, as its path under `chapters/` with forward slashes: `chapter-1-mp/neuron.ts`. Sorted. */
  files(): string[];
  /** The text of one of these files as a student first gets it. */
  skeleton(path: string): string;
}

/** The folders that have a twin under `chapters/`. */
export const FOLDER = /^(chapter-\d+(-.+)?|tensor)$/;

/** The source that derives every skeleton from `solutions/`. */
export function solutionsSource(root: string): Source {
  const folder = join(root, 'solutions');
  const derived = new Map<string, string>();
  return {
    files: () => (existsSync(folder) ? tsFiles(folder) : []),
    skeleton(path) {
      let text = derived.get(path);
      if (text === undefined) {
        text = deriveSkeleton(readText(join(folder, path), `solutions/${path}`), `solutions/${path}`);
        derived.set(path, text);
      }
      return text;
    },
  };
}

/** The folder that stands for `solutions/` in a handout: the same files, minified, and the skeletons as one file. */
export const PACKED = 'stand-ins';
export const PACKED_SKELETONS = 'skeletons.json';

/** Where imports of other topics are taken from: the solutions here, minified copies of them in a handout. */
export function standInsOf(root: string): string {
  return join(root, existsSync(join(root, PACKED, PACKED_SKELETONS)) ? PACKED : 'solutions');
}

/** Where the pristine files of a copy of the course come from. */
export function sourceOf(root: string): Source {
  return standInsOf(root).endsWith(PACKED) ? packedSource(root) : solutionsSource(root);
}

/** The source that a handout carries. */
export function packedSource(root: string): Source {
  const file = `${PACKED}/${PACKED_SKELETONS}`;
  const skeletons = new Map(
    Object.entries(JSON.parse(readText(join(root, PACKED, PACKED_SKELETONS), file)) as Record<string, string>),
  );
  return {
    files: () => [...skeletons.keys()].sort(),
    skeleton(path) {
      const text = skeletons.get(path);
      if (text === undefined) throw new Refusal(`There is no ${path} in ${file}.`, 'Look for a typing mistake.');
      return text;
    },
  };
}

/** Every `.ts` file in the chapter folders and the tensor folder of `parent`, as relative paths, sorted. */
export function tsFiles(parent: string): string[] {
  const found: string[] = [];
  const walk = (at: string) => {
    for (const entry of readdirSync(join(parent, at), { withFileTypes: true })) {
      const path = `${at}/${entry.name}`;
      if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules') walk(path);
      else if (entry.isFile() && entry.name.endsWith('.ts')) found.push(path);
    }
  };
  for (const entry of readdirSync(parent, { withFileTypes: true })) {
    if (entry.isDirectory() && FOLDER.test(entry.name)) walk(entry.name);
  }
  return found.sort();
}

/**
 * The text of a file that must be there.
 * @param name how the file is called in the message
 */
export function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Refusal(`There is no file ${name}.`, 'Look for a typing mistake in its name.');
  }
}
