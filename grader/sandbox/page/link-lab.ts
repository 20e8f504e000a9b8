/** A lab and everything it imports as one script: all of it the student's own, as in `npm run lab`. */
import type { Loaded, Place } from '../../engine/sandbox.ts';
import { largestFile, tooLarge } from '../first-look.ts';
import { place, positions, type StackMapper } from '../stack.ts';
import { strip, type Stripped } from '../strip.ts';
import { allowed, asFunction, LIBRARY, REGISTER, resolve } from './link.ts';

type Failed = Extract<Loaded, { kind: 'failed' }>;

export interface LinkedLab {
  kind: 'linked';
  /** The script behind `worker.ts`'s code. */
  script: string;
  /** Finds places of the students' files, given how many lines stand before the script. */
  places(before: number): StackMapper;
}

/**
 * Links a lab.
 * @param files texts by their path under the folder of chapters
 * @param entry the lab: "chapter-1-mp/lab.ts"
 * @param library what #tensor exports
 */
export function linkLab(
  files: Readonly<Record<string, string>>,
  entry: string,
  library: readonly string[],
): LinkedLab | Failed {
  const modules = new Map<string, { stripped: Stripped; imports: string[] }>();
  const failed = (file: string, message: string, offset: number): Failed => {
    const lines = files[file]!.slice(0, offset).split(/\r\n|\n|\r/);
    const at: Place = place(file, lines.length, lines.at(-1)!.length + 1, new Map([[file, files[file]!]]));
    return { kind: 'failed', why: 'import', message, at };
  };

  /** A module after all that it imports. */
  const add = (file: string, above: readonly string[]): Failed | undefined => {
    if (file === LIBRARY || modules.has(file)) return undefined;
    const text = files[file]!.replace(/^\uFEFF/, '');
    if (text.length > largestFile) return { kind: 'failed', why: 'import', message: tooLarge(file) };
    const stripped = strip(text, file);
    if (stripped.kind === 'failed') return stripped;
    const imports: string[] = [];
    for (const { from, at, kind, names } of stripped.imports) {
      const target = resolve(from, file, files);
      if (target.path === undefined) return failed(file, target.message, at);
      if (kind === 'call') return failed(file, `write \`import … from '${from}'\` at the beginning of the file`, at);
      if (target.path === file || above.includes(target.path))
        return failed(file, `\`${from}\` imports this file itself: in the page, imports cannot go in a circle`, at);
      const problem = add(target.path, [...above, file]);
      if (problem) return problem;
      const known =
        target.path === LIBRARY ? library : modules.get(target.path)!.stripped.exports.map(({ exported }) => exported);
      const missing = known.includes('*')
        ? undefined
        : names.find(({ imported }) => imported !== '*' && !known.includes(imported));
      if (missing) return failed(file, `${target.path} does not export \`${missing.imported}\``, missing.at);
      imports.push(target.path);
    }
    modules.set(file, { stripped, imports });
    return undefined;
  };
  if (!Object.hasOwn(files, entry))
    return { kind: 'failed', why: 'missing-file', message: `there is no file ${entry}; a lab may import ${allowed}` };
  const problem = add(entry, []);
  if (problem) return problem;

  // Nothing of the student's runs before the realm is ready, so the modules are made inside one function.
  let script = `${REGISTER}([],undefined,[${JSON.stringify(LIBRARY)}],function(given){"use strict";const made={__proto__:null,[${JSON.stringify(LIBRARY)}]:given[0]};`;
  const starts: { file: string; line: number; lines: number }[] = [];
  for (const [file, { stripped, imports }] of modules) {
    script += `\nmade[${JSON.stringify(file)}]=(`;
    // Its code begins in the second line of the function.
    const line = script.split('\n').length + 1;
    starts.push({ file, line, lines: files[file]!.split(/\r\n|\n|\r/).length });
    script += `${asFunction(stripped)})([${imports.map((path) => `made[${JSON.stringify(path)}]`).join(',')}]);`;
  }
  script += `\nreturn made[${JSON.stringify(entry)}]});\n//# sourceURL=exercise.js\n`;

  const sources = new Map(Object.entries(files).map(([file, text]) => [file, text.replace(/^\uFEFF/, '')]));
  const places = (before: number): StackMapper => {
    return (stack) => {
      const found: Place[] = [];
      for (const { line, column } of positions(stack)) {
        const at = line - before;
        const of = starts.find((start) => at >= start.line && at < start.line + start.lines);
        if (of) found.push(place(of.file, at - of.line + 1, column + 1, sources));
      }
      return found;
    };
  };
  return { kind: 'linked', script, places };
}
