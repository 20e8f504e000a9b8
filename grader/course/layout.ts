/**
 * Where things are in the course, and what a student means by "1/neuron".
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { listed, nearest } from './nearest.ts';
import { sourceOf, standInsOf, type Source } from './pristine.ts';
import { Refusal } from './refusal.ts';
import { todos } from './regions.ts';

/** One file of the course. */
export interface Topic {
  /** The folder: `chapter-1-mp`, or `tensor`. */
  chapter: string;
  /** The path inside the folder without `.ts`: `neuron`, `lab`. */
  topic: string;
  /** The path under `chapters/`: `chapter-1-mp/neuron.ts`. */
  path: string;
}

/** One folder of the course. */
export interface Chapter {
  /** `chapter-1-mp`, or `tensor`. */
  name: string;
  /** 1 for `chapter-1-mp`; the tensor folder has none. */
  number: number | undefined;
  topics: Topic[];
}

/** What a word on the command line names: a folder, one file of it, or one function of that file. */
export interface Target {
  chapter: Chapter;
  topic?: Topic;
  fn?: string;
}

const NAME = 'deep-learning-by-hand';

/**
 * The folder of the course: the nearest one, from `from` upwards, whose package.json carries the course's name.
 */
export function findRoot(from: string = process.cwd()): string {
  for (let at = resolve(from); ; at = dirname(at)) {
    try {
      const about = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8').replace(/^\uFEFF/, '')) as unknown;
      if (typeof about === 'object' && about !== null && 'name' in about && about.name === NAME) return at;
    } catch {
      // No package.json here, or somebody else's broken one: look further up.
    }
    if (at === dirname(at)) break;
  }
  throw new Refusal(
    `This is not inside the course: no package.json with the name "${NAME}" in ${from} or above.`,
    'Go into the folder of the course (cd …) and try again.',
  );
}

/** The course on disk, with the source its pristine files come from. */
export class Course {
  readonly root: string;
  readonly source: Source;
  #folders: Chapter[] | undefined;

  constructor(root: string, source: Source = sourceOf(root)) {
    this.root = root;
    this.source = source;
  }

  /** The chapters in order, then the tensor folder. */
  folders(): Chapter[] {
    if (this.#folders) return this.#folders;
    const folders = new Map<string, Chapter>();
    for (const path of this.source.files()) {
      const slash = path.indexOf('/');
      const chapter = path.slice(0, slash);
      const number = /^chapter-(\d+)/.exec(chapter)?.[1];
      const folder = folders.get(chapter) ?? {
        name: chapter,
        number: number === undefined ? undefined : Number(number),
        topics: [],
      };
      folder.topics.push({ chapter, topic: path.slice(slash + 1).replace(/\.ts$/, ''), path });
      folders.set(chapter, folder);
    }
    this.#folders = [...folders.values()].sort(
      (a, b) => (a.number ?? Infinity) - (b.number ?? Infinity) || (a.name < b.name ? -1 : 1),
    );
    return this.#folders;
  }

  /** The chapters in order, without the tensor folder. */
  chapters(): Chapter[] {
    return this.folders().filter((folder) => folder.number !== undefined);
  }

  /** The text of a topic as a student first gets it. */
  skeleton(topic: Topic): string {
    return this.source.skeleton(topic.path);
  }

  /** The functions of a topic that a student writes, in order; none for a lab or a file of the tensor library. */
  exercises(topic: Topic): string[] {
    return todos(this.skeleton(topic));
  }

  /** Where the student's copy of a topic is. */
  file(topic: Topic): string {
    return join(this.root, 'chapters', ...topic.path.split('/'));
  }

  /** Where the solution of a topic is; in a handout it is minified. */
  solution(topic: Topic): string {
    return join(this.standIns, ...topic.path.split('/'));
  }

  /** The folder with the same files as `chapters/`, solved. */
  get standIns(): string {
    return standInsOf(this.root);
  }

  /** The shortest word that names a topic: `chapter-1/neuron`. */
  word(topic: Topic): string {
    return `${topic.chapter.replace(/^(chapter-\d+)-.*$/, '$1')}/${topic.topic}`;
  }

  /**
   * What a word on the command line names: `1`, `chapter-1`, `chapter-1-mp`, `chapter-1/neuron`,
   * `chapter-1/neuron/step`, `tensor`, or a path such as `chapters\chapter-1-mp\neuron.ts`.
   * @param graded what is to be graded: also a function's bare name (`step`, `chapter-1/step`), and no lab or array
   * library is proposed
   * @throws Refusal that names the nearest thing there is
   */
  resolve(word: string, { graded = false } = {}): Target {
    const given = word.trim().normalize('NFC');
    const parts = this.#parts(given);
    const folders = this.folders();
    if (folders.length === 0) {
      throw new Refusal(
        `There are no chapters in ${this.root}.`,
        'Is this a complete copy of the course? "git status" shows what is missing.',
      );
    }
    const proposed = graded ? this.chapters() : folders;
    const [first, ...rest] = parts;
    const chapter = folders.find((folder) => aliases(folder).includes((first ?? '').toLowerCase()));
    if (!chapter) {
      const byName = this.#bare(parts, graded) ?? (graded && parts.length === 1 && this.#function(first!));
      if (byName) return byName;
      if (graded && parts.length === 1) throw this.#noSuch(given);
      const near = nearest(
        first ?? '',
        proposed.flatMap((folder) => [folder.name, ...aliases(folder).filter((alias) => alias.length > 2)]),
      );
      throw new Refusal(
        given === '' ? 'An empty word names no chapter.' : `There is no chapter "${first || given}".`,
        `Did you mean ${near}? There are ${listed(proposed.map((folder) => folder.name))}.`,
        2,
      );
    }
    if (rest.length === 0) return { chapter };

    const path = rest.join('/').toLowerCase();
    const topic = chapter.topics
      .filter(({ topic }) => path === topic.toLowerCase() || path.startsWith(`${topic.toLowerCase()}/`))
      .sort((a, b) => b.topic.length - a.topic.length)[0];
    if (!topic) {
      const byName = graded && rest.length === 1 ? this.#function(rest[0]!, [chapter]) : undefined;
      if (byName) return byName;
      const names = chapter.topics.map((topic) => topic.topic).filter((name) => !graded || name !== 'lab');
      throw new Refusal(
        `There is no "${rest[0]}" in ${chapter.name}.`,
        `Did you mean ${short(chapter)}/${nearest(rest[0]!, names)}? There are ${listed(names)}.`,
        2,
      );
    }
    const fn = rest.slice(topic.topic.split('/').length).join('/');
    if (fn === '') return { chapter, topic };

    const functions = this.exercises(topic);
    const found = functions.find((name) => name === fn) ?? functions.find((n) => n.toLowerCase() === fn.toLowerCase());
    if (found === undefined) {
      throw new Refusal(
        `There is no function "${fn}" to write in ${this.word(topic)}.`,
        functions.length === 0
          ? 'That file has nothing for you to write; leave the function out.'
          : `Did you mean ${this.word(topic)}/${nearest(fn, functions)}? There are ${listed(functions)}.`,
        2,
      );
    }
    return { chapter, topic, fn: found };
  }

  /** The segments of a word, with what people add to it taken off: backslashes, `./`, `chapters/`, `.ts`, a last slash. */
  #parts(word: string): string[] {
    let path = word;
    if (isAbsolute(path) && path.startsWith(this.root)) path = relative(this.root, path);
    const parts = path
      .replaceAll('\\', '/')
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .map((part) => part.replace(/\.ts$/i, ''));
    return parts.length > 1 && (parts[0] === 'chapters' || parts[0] === 'solutions') ? parts.slice(1) : parts;
  }

  /** `neuron` or `neuron/step` without a chapter, when only one chapter has such a file. */
  #bare([name, fn, ...more]: string[], graded: boolean): Target | undefined {
    if (name === undefined || more.length > 0) return undefined;
    const found = this.chapters().flatMap((chapter) =>
      chapter.topics
        .filter(({ topic }) => topic.toLowerCase() === name.toLowerCase())
        .map((topic) => ({ chapter, topic })),
    );
    if (found.length > 1) {
      throw new Refusal(
        `More than one chapter has a "${name}".`,
        `Say which: ${listed(
          found.map(({ topic }) => this.word(topic)),
          'or',
        )}.`,
        2,
      );
    }
    if (found.length === 0) return undefined;
    return fn === undefined ? found[0] : this.resolve(`${this.word(found[0]!.topic)}/${fn}`, { graded });
  }

  /** A function by its bare name, when only one topic has it. */
  #function(name: string, chapters: readonly Chapter[] = this.chapters()): Target | undefined {
    const all = this.#functions(chapters);
    const exact = all.filter(({ fn }) => fn === name);
    const found = exact.length > 0 ? exact : all.filter(({ fn }) => fn.toLowerCase() === name.toLowerCase());
    if (found.length > 1)
      throw new Refusal(`There is more than one ${found[0]!.fn}.`, `Say which: ${listed(found.map((f) => this.#id(f)), 'or')}.`, 2); // prettier-ignore
    return found[0];
  }

  #functions(chapters: readonly Chapter[]): (Target & { topic: Topic; fn: string })[] {
    return chapters.flatMap((chapter) =>
      chapter.topics.flatMap((topic) => this.exercises(topic).map((fn) => ({ chapter, topic, fn }))),
    );
  }

  #id = ({ topic, fn }: { topic: Topic; fn: string }) => `${this.word(topic)}/${fn}`;

  /** A word that names nothing to grade: the nearest of all that can be named. */
  #noSuch(word: string): Refusal {
    const chapters = this.chapters();
    const names = new Map<string, string>();
    const add = (name: string, id: string) => void (names.has(name) || names.set(name, id));
    for (const chapter of chapters)
      for (const alias of aliases(chapter)) if (alias.length > 2) add(alias, short(chapter));
    for (const { topic, chapter } of chapters.flatMap((c) => c.topics.map((topic) => ({ topic, chapter: c }))))
      if (topic.topic !== 'lab') add(topic.topic, `${short(chapter)}/${topic.topic}`);
    for (const target of this.#functions(chapters)) add(target.fn, this.#id(target));
    const near = names.get(nearest(word, [...names.keys()]) ?? '');
    return new Refusal(
      `There is no chapter, topic or exercise "${word}".`,
      `${near === undefined ? '' : `Did you mean ${near}? `}The chapters are ${listed(chapters.map((c) => c.name))}.`,
      2,
    );
  }
}

/** The course that `from` is in. */
export function openCourse(from: string = process.cwd(), source?: (root: string) => Source): Course {
  const root = findRoot(from);
  return new Course(root, source?.(root));
}

function short(chapter: Chapter): string {
  return chapter.number === undefined ? chapter.name : `chapter-${chapter.number}`;
}

/** Every word that names a folder, in lower case: `chapter-1-mp`, `chapter-1`, `chapter1`, `1`, `mp`. */
function aliases(folder: Chapter): string[] {
  const name = folder.name.toLowerCase();
  if (folder.number === undefined) return [name];
  const n = folder.number;
  return [name, `chapter-${n}`, `chapter${n}`, `${n}`, name.replace(/^chapter-\d+-?/, '')].filter(
    (alias) => alias !== '',
  );
}
