/**
 * From what was handed in to a clean tree: which files are graded, which are not, and why.
 *
 * An allow-list: of a whole repository only the chapter's TypeScript files are taken, and files of the student's own that
 * they may import. Tests, settings, a lock file, an edited array library: none of it is ever looked at.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Entry, HandedIn } from './handed-in.ts';
import { LIMITS } from './limits.ts';
import { nameKey, shownName, unsafeName } from './names.ts';
import { Refused } from './refused.ts';

/** What the course knows of its own files. */
export interface Layout {
  /** The folder of the chapter that is graded: `chapter-1-mp`. */
  chapter: string;
  /** Every file of the course, as its path under `chapters/`: `chapter-1-mp/neuron.ts`, `tensor/index.ts`. */
  files: readonly string[];
}

/** What was taken in, and what was not. */
export interface Intake {
  kind: HandedIn['kind'];
  /** sha256 of the taken files' names and contents. */
  sha256: string;
  /** Paths under `chapters/`, sorted. */
  taken: string[];
  /** What was left aside, with the reason; `path` is fit to be shown. */
  ignored: { path: string; why: string }[];
  /** How many more were left aside than are listed. */
  more: number;
  /** Remarks: a file taken although its name is written in capitals. */
  notes: string[];
}

/** Folders that never hold a student's chapters. */
const NEVER = /^(\..*|solutions|stand-ins|grader|site|test|dist|node_modules|results)$/;

interface Candidate {
  entry: Entry;
  /** The path below the folder of chapters. */
  path: string;
}

/**
 * Writes the gradable files of a submission below an empty folder.
 * @param into the folder that becomes `chapters`
 * @throws Refused where nothing can be graded, or it cannot be told what was meant
 */
export async function gather(handed: HandedIn, layout: Layout, into: string): Promise<Intake> {
  const ignored: Intake['ignored'] = handed.skipped.map((path) => ({ path, why: 'not looked into' }));
  const notes: string[] = [];
  const aside = (entry: Entry, why: string) => ignored.push({ path: shownName(entry.parts.join('/')), why });

  const files = handed.entries.filter(({ parts }) => parts.length > 0);
  const code = files.filter(({ parts }) => /\.ts$/i.test(parts.at(-1)!));
  const place = findPlace(code, layout);
  if (!place) {
    const names = topicsOf(layout).map((topic) => `${topic}.ts`);
    throw new Refused(
      files.length === 0
        ? 'is empty'
        : `holds no file of ${layout.chapter}: looked for a folder of that name, and for ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}`,
    );
  }

  const wanted: Candidate[] = [];
  for (const entry of files) {
    const path = pathUnder(entry, place, layout, notes);
    if (typeof path === 'string') wanted.push({ entry, path });
    else aside(entry, path.why);
  }
  const chosen = withoutCollisions(wanted);
  if (chosen.length > LIMITS.files)
    throw new Refused(`holds more than ${LIMITS.files} TypeScript files for ${layout.chapter}`);

  const hash = createHash('sha256');
  let bytes = 0;
  const taken: string[] = [];
  for (const { entry, path } of chosen.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (entry.bytes > LIMITS.file) {
      aside(entry, `larger than ${LIMITS.file / 1024} KB`);
      continue;
    }
    const contents = await entry.read();
    bytes += contents.length;
    if (bytes > LIMITS.taken) throw new Refused('holds too much TypeScript to have been written by hand');
    const target = join(into, ...path.split('/'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, contents, { flag: 'wx', mode: 0o600 });
    hash.update(`${path}\0${contents.length}\0`).update(contents);
    taken.push(path);
  }
  ignored.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return {
    kind: handed.kind,
    sha256: hash.digest('hex'),
    taken,
    ignored: ignored.slice(0, LIMITS.listed),
    more: Math.max(0, ignored.length - LIMITS.listed),
    notes: notes.sort(),
  };
}

const topicsOf = ({ chapter, files }: Layout) =>
  files
    .filter((path) => path.startsWith(`${chapter}/`))
    .map((path) => path.slice(chapter.length + 1, -'.ts'.length))
    .filter((topic) => topic !== 'lab');

/** Where the chapter is in a submission: below a folder of chapters, or flat in some folder. */
type Place = { flat: boolean; prefix: string[] };

function findPlace(code: readonly Entry[], layout: Layout): Place | undefined {
  const topics = new Set(topicsOf(layout).map((topic) => `${topic}.ts`));
  const found = new Map<string, Place & { topics: number }>();
  const vote = (flat: boolean, prefix: string[], isTopic: boolean) => {
    if (prefix.some((part) => NEVER.test(part))) return;
    const key = `${flat} ${prefix.join('/')}`;
    const place = found.get(key) ?? { flat, prefix, topics: 0 };
    if (isTopic) place.topics++;
    found.set(key, place);
  };
  for (const { parts } of code) {
    const at = parts.slice(0, -1).findIndex((part) => part.toLowerCase() === layout.chapter);
    const name = parts.at(-1)!.toLowerCase();
    if (at >= 0) vote(false, parts.slice(0, at), at === parts.length - 2 && topics.has(name));
    else if (topics.has(name)) vote(true, parts.slice(0, -1), true);
  }
  // A folder of the chapter's name says most; then where most of its topics are; `chapters` before others; the shallowest.
  const last = (place: Place) => Number(place.prefix.at(-1) !== 'chapters');
  return [...found.values()].sort(
    (a, b) =>
      Number(a.flat) - Number(b.flat) ||
      b.topics - a.topics ||
      last(a) - last(b) ||
      a.prefix.length - b.prefix.length ||
      (a.prefix.join('/') < b.prefix.join('/') ? -1 : 1),
  )[0];
}

/** Where a file goes, or why it is left aside. */
function pathUnder(entry: Entry, place: Place, layout: Layout, notes: string[]): string | { why: string } {
  const { parts } = entry;
  const name = parts.at(-1)!;
  const below = parts.slice(0, place.prefix.length).join('/') === place.prefix.join('/');
  if (!/\.ts$/i.test(name) || /\.d\.ts$/i.test(name)) return { why: 'not a TypeScript file that can be graded' };
  if (!below) return { why: 'outside the chapters that were taken' };
  let rest = parts.slice(place.prefix.length);
  if (rest.some((part) => part.startsWith('.') || part === 'node_modules')) return { why: 'not part of the chapters' };
  if (place.flat) rest = [layout.chapter, ...rest];
  else if (place.prefix.at(-1) !== 'chapters' && !isChapter(rest[0]!, layout))
    return { why: 'not part of the chapters' };

  const given = rest.join('/');
  const known = layout.files.find((path) => path === given) ?? layout.files.find((p) => nameKey(p) === nameKey(given));
  if (known === undefined) {
    if (rest[0]!.toLowerCase() === 'tensor') return { why: "the course's own array library is used" };
    for (const part of rest) {
      const why = unsafeName(part);
      if (why) throw new Refused(`holds a file whose name ${why}: "${shownName(given)}"`);
    }
    return given;
  }
  if (known.startsWith('tensor/')) return { why: "the course's own array library is used" };
  if (known.endsWith('/lab.ts')) return { why: 'labs are not graded' };
  if (!known.startsWith(`${layout.chapter}/`)) return { why: `not part of ${layout.chapter}` };
  if (known !== given) notes.push(`${shownName(given)} was taken as ${known}`);
  return known;
}

const isChapter = (folder: string, { files }: Layout) =>
  files.some((path) => path.startsWith(`${folder.toLowerCase()}/`));

/** Two names that some systems cannot tell apart: which one is meant is anybody's guess. */
function withoutCollisions(wanted: readonly Candidate[]): Candidate[] {
  const seen = new Map<string, Candidate>();
  for (const candidate of wanted) {
    const key = nameKey(candidate.path);
    const other = seen.get(key);
    if (other)
      throw new Refused(
        `holds two files whose names differ only in capitals or in how accents are written: ` +
          `"${shownName(other.entry.parts.join('/'))}" and "${shownName(candidate.entry.parts.join('/'))}"`,
      );
    seen.set(key, candidate);
  }
  for (const key of seen.keys())
    for (let at = key.indexOf('/'); at >= 0; at = key.indexOf('/', at + 1))
      if (seen.has(key.slice(0, at)))
        throw new Refused(`holds a file and a folder of the same name: "${shownName(key.slice(0, at))}"`);
  return [...seen.values()];
}
