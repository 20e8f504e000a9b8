/**
 * A file as a function of its imports: what a bundler makes of many files, for a page that has none. The student's file
 * becomes one while it is graded, the stand-ins when the site is built.
 */
import type { Loaded, Place } from '../../engine/sandbox.ts';
import { firstLook, largestFile, tooLarge } from '../first-look.ts';
import { strip, type Stripped } from '../strip.ts';

type Failed = Extract<Loaded, { kind: 'failed' }>;

/** A file of the course that others may import. */
export interface StandIn {
  /** A function of its imports, as text. */
  code: string;
  /** What it imports: "#tensor", or the path of another file under the folder of chapters. */
  imports: string[];
  exports: string[];
}

/** Stand-ins by their path: "chapter-1-mp/neuron.ts". */
export type Catalogue = Record<string, StandIn>;

export const LIBRARY = '#tensor';

/** Names that no student would write. */
const GIVEN = '$$imports$$';
/** How the script calls what `worker.ts` leaves for it. */
export const REGISTER = '$$exercise$$';

/** A stripped file as the text of a function that takes its imports and gives back its exports. Its code begins in line 2. */
export function asFunction({ code, imports, exports, exportMarks }: Stripped): string {
  const edits = [...exportMarks, ...imports.map(({ start, end }) => ({ start, end, text: '' }))];
  let body = code;
  for (const { start, end, text } of edits.sort((a, b) => b.start - a.start)) {
    if (end <= start) continue;
    const blank = body.slice(start, end).replace(/[^\n\r\u2028\u2029]/g, ' ');
    const breaks = blank.replace(/ /g, '');
    body = body.slice(0, start) + (text === '' ? blank : text.padEnd(end - start - breaks.length) + breaks) + body.slice(end); // prettier-ignore
  }
  const bindings = imports.flatMap(({ names, kind }, i) =>
    kind === 'import'
      ? names.map(({ imported, local }) =>
          imported === '*'
            ? `const ${local}=${GIVEN}[${i}];`
            : `const ${local}=${GIVEN}[${i}][${JSON.stringify(imported)}];`,
        )
      : [],
  );
  const value = ({ local, from }: Stripped['exports'][number]) =>
    from === undefined ? local : local === '*' ? `${GIVEN}[${from}]` : `${GIVEN}[${from}][${JSON.stringify(local)}]`;
  const out = exports.map((each) =>
    each.exported === '*'
      ? `...${GIVEN}[${each.from}]`
      : `get ${JSON.stringify(each.exported)}(){return ${value(each)}}`,
  );
  return `function(${GIVEN}){"use strict";${bindings.join('')}\n${body}\nreturn{__proto__:null,${out.join(',')}}}`;
}

export interface Linked {
  kind: 'linked';
  /** The script behind `worker.ts`'s code. */
  script: string;
  /** How many lines of it stand before the student's own. */
  before: number;
}

export const allowed = "#tensor, the course's earlier topics and your own files beside it";

/**
 * Links a student's file.
 * @param file its path under the folder of chapters: "chapter-1-mp/neuron.ts"
 * @param library what #tensor exports
 * @param later whether a topic, such as "chapter-1-mp/neuron", comes after this one
 */
export function link(
  given: string,
  file: string,
  catalogue: Catalogue,
  library: readonly string[],
  later: (topic: string) => boolean = () => false,
): Linked | Failed {
  // prettier-ignore
  const text = given.replace(/^\uFEFF/, '');
  if (text.length > largestFile) return { kind: 'failed', why: 'import', message: tooLarge(file) };
  const problem = firstLook(text, file);
  if (problem) return problem;
  const stripped = strip(text, file);
  if (stripped.kind === 'failed') return stripped;

  const failed = (message: string, offset: number): Failed => {
    const lines = stripped.code.slice(0, offset).split(/\r\n|\n|\r/);
    const line = lines.length;
    const at: Place = { file, line, column: lines.at(-1)!.length + 1, text: text.split(/\r\n|\n|\r/)[line - 1]! };
    return { kind: 'failed', why: 'import', message, at };
  };

  const targets: string[] = [];
  for (const { from, at, kind } of [...stripped.imports].sort((a, b) => a.at - b.at)) {
    const target = resolve(from, file, catalogue);
    if (target.path === undefined) return failed(target.message, at);
    if (target.path === file) return failed('a file cannot import itself', at);
    if (later(target.path.replace(/\.ts$/, '')))
      return failed(`\`${from}\` comes later in the course: an exercise may import ${allowed}`, at);
    if (kind === 'call') return failed(`write \`import … from '${from}'\` at the beginning of the file`, at);
  }
  for (const { from, names } of stripped.imports) {
    const { path } = resolve(from, file, catalogue) as { path: string };
    targets.push(path);
    const known = path === LIBRARY ? library : catalogue[path]!.exports;
    const missing = names.find(({ imported }) => imported !== '*' && !known.includes(imported));
    if (missing) return failed(`${path} does not export \`${missing.imported}\``, missing.at);
  }

  const needed: string[] = [];
  // What is graded is never taken from its own stand-in.
  let built: string | undefined;
  const need = (path: string): void => {
    if (path === LIBRARY || needed.includes(path)) return;
    for (const each of catalogue[path]!.imports) {
      if (each === file) built ??= path;
      need(each);
    }
    needed.push(path);
  };
  const own = catalogue[file];
  if (own) need(file);
  targets.forEach(need);
  if (built !== undefined)
    return { kind: 'failed', why: 'import', message: `${built} is built on this topic, and cannot be imported here` };
  const modules = needed.map(
    (path) => `[${JSON.stringify(path)},${JSON.stringify(catalogue[path]!.imports)},${catalogue[path]!.code}]`,
  );
  const head = `${REGISTER}([${modules.join(',\n')}],${own ? JSON.stringify(file) : 'undefined'},${JSON.stringify(targets)},`;
  return {
    kind: 'linked',
    script: `${head}${asFunction(stripped)});\n//# sourceURL=exercise.js\n`,
    before: head.split('\n').length,
  };
}

/** What a specifier in a student's file means, where these are the files there are. */
export function resolve(
  from: string,
  importer: string,
  catalogue: Readonly<Record<string, unknown>>,
): { path: string } | { path?: undefined; message: string } {
  // prettier-ignore
  if (from === LIBRARY) return { path: LIBRARY };
  const parts = importer.split('/').slice(0, -1);
  if (/^\.\.?(\/|$)/.test(from)) {
    let inside = true;
    for (const part of from.split('/')) {
      if (part === '..') inside &&= parts.pop() !== undefined;
      else if (part !== '.' && part !== '') parts.push(part);
    }
    const base = parts.join('/');
    if (inside && base !== '') {
      const candidates = [base, `${base}.ts`, `${base}/index.ts`, base.replace(/\.js$/, '.ts')];
      if (candidates.includes('tensor/index.ts')) return { path: LIBRARY };
      if (base.startsWith('tensor/')) return { message: `import the library as '#tensor', not one of its files` };
      const found = candidates.find((path) => Object.hasOwn(catalogue, path));
      return found === undefined
        ? { message: `there is no file \`${from}\`; an exercise may import ${allowed}` }
        : { path: found };
    }
  }
  return { message: `\`${from}\` cannot be imported: an exercise may import ${allowed}` };
}
