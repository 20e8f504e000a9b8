/**
 * What must not be in a handout: what a student is to write, and hidden checks. Looked for in what was written to disk, not
 * in what was meant to be written.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseRegions } from '../../course/regions.ts';

export interface Leak {
  /** The file of the handout. */
  file: string;
  what: string;
}

/** Shorter bodies ("return x;") are found in any program. */
const SHORTEST = 60;
/** The last hint of an exercise may be its line; whole bodies of so many lines are in no hint. */
const HINTED = 3;
/** A line of a hidden check that is as long as this is found nowhere by chance. */
const SHORTEST_LINE = 40;

/** Text without comments and white space: neither hides a copy. */
export const bare = (text: string): string => text.replace(/\/\*[^]*?\*\/|(^|[^:])\/\/.*/g, '$1').replace(/\s+/g, '');

/**
 * @param solutions texts of all solutions, by path
 * @param checks texts of hidden checks, by path
 */
export function findLeaks(
  folder: string,
  solutions: ReadonlyMap<string, string>,
  checks: ReadonlyMap<string, string>,
): Leak[] {
  const bodies = [...solutions].flatMap(([path, text]) =>
    parseRegions(text, path).map((region) => ({
      what: `the solution of ${region.name} (${path})`,
      text: bare(region.lines.join('\n')),
      lines: region.lines.filter((line) => bare(line) !== '').length,
    })),
  );
  const lines = [...checks].flatMap(([path, text]) =>
    text.split('\n').map((line) => ({ what: `a hidden check (${path})`, text: bare(line), lines: Infinity })),
  );
  const wanted = [
    ...bodies.filter(({ text }) => text.length >= SHORTEST),
    ...lines.filter(({ text }) => text.length >= SHORTEST_LINE),
  ];
  return filesIn(folder).flatMap((file): Leak[] => {
    if (/(^|\/)solutions\/|\.map$|(^|\/)\.secret$/.test(file))
      return [{ file, what: 'a file that has no place in a handout' }];
    const text = readFileSync(join(folder, file), 'utf8');
    // A packed file holds other files as strings.
    const forms = file.endsWith('.json') ? [bare(text), bare(stringsOf(text))] : [bare(text)];
    const spec = /^grader\/chapter-/.test(file);
    const found = wanted.find(
      (each) => !(spec && each.lines < HINTED) && forms.some((form) => form.includes(each.text)),
    );
    return found ? [{ file, what: found.what }] : [];
  });
}

function stringsOf(json: string): string {
  const texts: string[] = [];
  try {
    JSON.parse(json, (_, value: unknown) => {
      if (typeof value === 'string') texts.push(value);
      return value;
    });
  } catch {
    // Then it is searched as it is.
  }
  return texts.join('\n');
}

/** Every file below a folder, as paths with forward slashes. */
export function filesIn(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below))
    .sort()
    .flatMap((name) => {
      const path = below === '' ? name : `${below}/${name}`;
      if (name === 'node_modules' || name === '.git') return [];
      return statSync(join(folder, path)).isDirectory() ? filesIn(folder, path) : [path];
    });
}
