/**
 * Regions: the marked parts of a solution that a student writes.
 *
 *   export function step(x: number): number {
 *     // #region step
 *     return x >= 0 ? 1 : 0;
 *     // #endregion
 *   }
 *
 * A region stands inside the exported function whose name it carries, one per function. The skeleton is the same file
 * with each region, markers included, replaced by one line that throws.
 *
 * Everything here reads lines, not syntax: the files are formatted by prettier, so a top-level declaration starts and
 * ends at the left margin, and a wrong mark gets a message about lines, which is what its author looks at.
 */
import { distance } from './nearest.ts';
import { Refusal } from './refusal.ts';

/** One marked part of a solution. */
export interface Region {
  /** The name of the region, which is that of the exported function around it. */
  name: string;
  /** The line of the `#region` marker, counted from 1. */
  line: number;
  /** The line of the `#endregion` marker, counted from 1. */
  end: number;
  /** The white space in front of the `#region` marker. */
  indent: string;
  /** The lines between the markers, as they stand in the file. */
  lines: string[];
}

const NAME = String.raw`[\p{ID_Start}$_][\p{ID_Continue}$]*`;
const FUNCTION = new RegExp(String.raw`^(export\s+)?(?:async\s+)?function\s*\*?\s*(${NAME})`, 'u');
const OPEN = /^(\s*)\/\/ #region(?:[ \t]+(.*?))?\s*$/;
const CLOSE = /^\s*\/\/ #endregion(?:[ \t]+(.*?))?\s*$/;
const TODO = new RegExp(String.raw`^\s*throw new Error\('TODO: (${NAME})'\);$`, 'u');

/** Text as the course keeps it: line feeds only, no byte-order mark. */
export function normalise(text: string): string {
  return text.replace(/^\uFEFF+/, '').replace(/\r\n?/g, '\n');
}

/** The line that stands where a student is to write, without its indentation. */
export function todoLine(name: string): string {
  return `throw new Error('TODO: ${name}');`;
}

/**
 * The regions of a solution, in order.
 * @param file how the file is called in messages
 * @throws Refusal with file and line when a mark is wrong
 */
export function parseRegions(text: string, file: string): Region[] {
  const lines = normalise(text).split('\n');
  const exported = lines.flatMap((line) => {
    const found = FUNCTION.exec(line);
    return found?.[1] ? [found[2]!] : [];
  });
  const regions: Region[] = [];
  let open: Region | undefined;
  let around: { name: string; exported: boolean } | undefined;

  const wrong = (line: number, what: string, next: string): never => {
    throw new Refusal(`${file}:${line}: ${what}`, next);
  };

  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    const opening = OPEN.exec(line);
    const closing = CLOSE.exec(line);

    if (opening) {
      const name = opening[2] ?? '';
      if (open) {
        wrong(
          number,
          `a region opens here while "${open.name}" (line ${open.line}) is still open.`,
          `Close "${open.name}" first with a line "// #endregion"; regions do not nest.`,
        );
      }
      if (name === '') {
        wrong(
          number,
          'this region has no name.',
          `Write "// #region ${around?.name ?? 'NAME'}", the name of the function around it.`,
        );
      }
      const twin = regions.find((region) => region.name === name);
      if (twin) {
        wrong(
          number,
          `there is already a region "${name}" (line ${twin.line}).`,
          'Each function has exactly one region: join the two, or move one into a function of its own.',
        );
      }
      if (!around?.exported || around.name !== name) {
        wrong(
          number,
          around
            ? `the region "${name}" stands in the function "${around.name}"${around.exported ? '' : ', which is not exported'}.`
            : `the region "${name}" stands in no function.`,
          around?.exported
            ? `Call it "// #region ${around.name}", after the exported function around it.`
            : `Put it into the body of a top-level "export function ${name}".`,
        );
      }
      open = { name, line: number, end: number, indent: opening[1]!, lines: [] };
      continue;
    }

    if (closing) {
      if (!open) {
        wrong(
          number,
          '"#endregion" without a region.',
          `Delete the line, or open the region with "// #region ${around?.name ?? 'NAME'}".`,
        );
      }
      const region = open!;
      if (closing[1] && closing[1] !== region.name) {
        wrong(
          number,
          `this closes "${closing[1]}", but the open region is "${region.name}" (line ${region.line}).`,
          'Write just "// #endregion".',
        );
      }
      if (region.lines.every((inside) => /^\s*(\/\/.*)?$/.test(inside))) {
        wrong(
          region.line,
          `the region "${region.name}" is empty.`,
          'Put the code that a student writes between the markers, or delete both markers.',
        );
      }
      region.end = number;
      regions.push(region);
      open = undefined;
      continue;
    }

    const meant = nearlyMarker(line, exported);
    if (meant) {
      wrong(
        number,
        `"${line.trim()}" looks like a marker but is not one.`,
        `Write "// ${meant}${meant === '#region' ? ` ${around?.name ?? 'NAME'}` : ''}" on a line of its own.`,
      );
    }

    const top = FUNCTION.exec(line);
    const leaves = /^(\}\s*;?\s*$|[\p{L}$_@])/u.test(line);
    if (open && (top || /^\}\s*;?\s*$/.test(line))) {
      wrong(
        open.line,
        `the region "${open.name}" is not closed before its function ends (line ${number}).`,
        'Put a line "// #endregion" after the last line that a student writes.',
      );
    }
    if (top) around = { name: top[2]!, exported: top[1] !== undefined };
    else if (leaves) around = undefined;
    open?.lines.push(line);
  }
  if (open) {
    wrong(
      open.line,
      `the region "${open.name}" is never closed.`,
      'Put a line "// #endregion" after the last line that a student writes.',
    );
  }
  return regions;
}

/** The marker that a line was probably meant to be, or undefined when it is an ordinary line. */
function nearlyMarker(line: string, exported: readonly string[]): '#region' | '#endregion' | undefined {
  const comment = /(?:^|[\s;{}])(?:\/\/+|\/\*+)\s*(#\s*)?(end[\s-]+)?([A-Za-z]+)[:\s]*([^\s*]*)/i.exec(line);
  if (!comment) return undefined;
  const [, hash, end, rest, after] = comment;
  const word = ((end ? 'end' : '') + rest!).toLowerCase();
  if (hash) {
    if (distance(word, 'endregion') <= 2) return '#endregion';
    if (distance(word, 'region') <= 2) return '#region';
    return undefined;
  }
  // Without the "#" it may be prose about a region of the plane; only a bare marker counts.
  if (word === 'endregion') return '#endregion';
  return word === 'region' && exported.includes(after!) ? '#region' : undefined;
}

/**
 * The skeleton of a solution: the same text with each region replaced by a line that throws. A text without regions
 * comes back as it is, except for line ends and a byte-order mark.
 */
export function deriveSkeleton(text: string, file: string): string {
  const lines = normalise(text).split('\n');
  for (const region of parseRegions(text, file).reverse()) {
    lines.splice(region.line - 1, region.end - region.line + 1, region.indent + todoLine(region.name));
  }
  return lines.join('\n');
}

/** The names of the functions that a skeleton leaves to the student, in order. */
export function todos(skeleton: string): string[] {
  return normalise(skeleton)
    .split('\n')
    .flatMap((line) => TODO.exec(line)?.[1] ?? []);
}

/** Lines without the indentation that all of them share. */
export function dedent(lines: readonly string[]): string[] {
  const filled = lines.filter((line) => line.trim() !== '');
  const margin = Math.min(...filled.map((line) => /^\s*/.exec(line)![0].length));
  return lines.map((line) => (line.trim() === '' ? '' : line.slice(margin)));
}
