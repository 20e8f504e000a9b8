/**
 * Filling a lesson: every number, printed block, piece of code and figure in the prose is put there by running code.
 *
 *   The loss is <!--=loss-->0.0312<!--/--> now.
 *
 *   <!-- print: training -->            a block that a function printed
 *   <!-- /print -->
 *   <!-- code: solutions/chapter-1-mp/neuron.ts#step -->      also #step:signature and #function:step
 *   <!-- /code -->
 *   <!-- figure: boundary | The line between the two classes -->
 *   <!-- /figure -->
 *
 * The passages are comments, so the Markdown reads well everywhere, and filling a filled lesson changes nothing.
 */
import { nearest } from '../../grader/course/nearest.ts';

/** What a chapter's module exports: the functions behind the names in its lessons. */
export interface LessonCode {
  /** For `<!--=name-->`. A number prints with six significant digits at most, a whole number with all of its digits. */
  values?: Record<string, () => string | number>;
  /** For `<!-- print: name -->`: what the block shows. */
  prints?: Record<string, () => string>;
  /** For `<!-- figure: name | alt -->`: the text of an SVG. */
  figures?: Record<string, () => string>;
}

export type Kind = keyof LessonCode;

/** A mistake in a lesson or its module, at `file:line`. */
export interface Mistake {
  file: string;
  line: number;
  what: string;
}

/** Where filled text comes from; each function may throw an Error, whose message becomes a mistake. */
export interface Sources {
  value: (name: string) => string;
  print: (name: string) => string;
  figure: (name: string) => void;
  code: (reference: string) => { text: string; language: string };
}

export interface Filled {
  text: string;
  mistakes: Mistake[];
  used: Record<Kind, { name: string; line: number }[]>;
}

const OPEN = /^(\s*)<!-- (print|code|figure):\s*(.*?)\s*-->\s*$/;
const CLOSE = /^\s*<!-- \/(print|code|figure) -->\s*$/;
const LOOKS = /<!--\s*\/?\s*(print|code|figure)\b/i;
const INLINE = /<!--=(.*?)-->(?:((?:(?!<!--).)*)<!--\/-->)?/g;
const NAME = /^[\p{L}_][\p{L}\p{N}_-]*$/u;

/** A number as the prose shows it: six significant digits at most, but every digit of a whole number. */
export function showNumber(x: number): string {
  if (Number.isSafeInteger(x)) return String(x === 0 ? 0 : x);
  return String(Number(x.toPrecision(6)));
}

/** Fills the passages of one lesson. */
export function fill(text: string, file: string, sources: Sources): Filled {
  const mistakes: Mistake[] = [];
  const used: Filled['used'] = { values: [], prints: [], figures: [] };
  const out: string[] = [];
  const lines = text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n');
  const attempt = (line: number, work: () => string[], otherwise: string[]): string[] => {
    try {
      return work();
    } catch (error) {
      mistakes.push({ file, line, what: error instanceof Error ? error.message : String(error) });
      return otherwise;
    }
  };

  let fence: string | undefined;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const number = i + 1;
    const bar = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== undefined) {
      if (bar && bar[0] === fence[0] && bar.length >= fence.length && line.trim() === bar) fence = undefined;
      else if (OPEN.test(line) || /<!--=/.test(line)) {
        mistakes.push({
          file,
          line: number,
          what: 'inside a code fence a reader sees the marker itself; use a print block.',
        });
      }
      out.push(line);
      continue;
    }
    if (bar) {
      fence = bar;
      out.push(line);
      continue;
    }

    const open = OPEN.exec(line);
    if (open) {
      const [, indent, kind, argument] = open as unknown as [string, string, 'print' | 'code' | 'figure', string];
      const close = closing(lines, i + 1, kind);
      if (close === undefined) {
        mistakes.push({
          file,
          line: number,
          what: `this ${kind} is not closed: put a line "<!-- /${kind} -->" after it.`,
        });
        out.push(line);
        continue;
      }
      const body = attempt(
        number,
        () => passage(kind, argument, number, sources, used).map((inner) => (inner === '' ? inner : indent + inner)),
        lines.slice(i + 1, close),
      );
      out.push(line, '', ...body, '', lines[close]!);
      i = close;
      continue;
    }
    if (CLOSE.test(line)) {
      mistakes.push({ file, line: number, what: `"${line.trim()}" closes nothing.` });
    } else if (LOOKS.test(line)) {
      mistakes.push({
        file,
        line: number,
        what: `"${line.trim()}" looks like a passage but is not: write "<!-- print: name -->" on a line of its own.`,
      });
    }

    const replaced = line.replace(INLINE, (whole: string, name: string, now: string | undefined, at: number) => {
      const [result] = attempt(number, () => {
        if (now === undefined)
          throw new Error(`the value "${name}" is not closed: put <!--/--> after it, on the same line.`);
        named(name, 'value');
        if ((line.slice(0, at).match(/`/g) ?? []).length % 2 === 1)
          throw new Error(`the value "${name}" is inside \`code\`, where a reader sees the marker itself.`);
        // A line that begins with a comment is raw HTML to Markdown, and so the paragraph would end before it.
        if (line.slice(0, at).trim() === '')
          throw new Error(`the value "${name}" begins its line, which ends the paragraph: put a word before it.`);
        used.values.push({ name, line: number });
        return [`<!--=${name}-->${sources.value(name)}<!--/-->`];
      }, [whole]);
      return result!;
    });
    if (/<!--\/-->/.test(line.replace(INLINE, '')))
      mistakes.push({ file, line: number, what: '"<!--/-->" closes nothing.' });
    out.push(replaced);
  }
  return { text: out.join('\n'), mistakes, used };
}

/** The line that closes a passage, before any other passage or heading begins. */
function closing(lines: string[], from: number, kind: string): number | undefined {
  let fence: string | undefined;
  for (let i = from; i < lines.length; i++) {
    const bar = /^\s*(`{3,}|~{3,})/.exec(lines[i]!)?.[1];
    if (fence !== undefined) {
      if (bar && bar[0] === fence[0] && bar.length >= fence.length && lines[i]!.trim() === bar) fence = undefined;
      continue;
    }
    if (bar) fence = bar;
    else if (CLOSE.exec(lines[i]!)) return CLOSE.exec(lines[i]!)![1] === kind ? i : undefined;
    else if (OPEN.test(lines[i]!)) return undefined;
  }
  return undefined;
}

function passage(
  kind: 'print' | 'code' | 'figure',
  argument: string,
  line: number,
  sources: Sources,
  used: Filled['used'],
): string[] {
  if (kind === 'print') {
    named(argument, 'print');
    once(used.prints, argument, line, 'print');
    return fenced(sources.print(argument), 'text');
  }
  if (kind === 'code') {
    if (argument === '')
      throw new Error('this code passage names no file: write "<!-- code: solutions/…/neuron.ts#step -->".');
    const { text, language } = sources.code(argument);
    return fenced(text, language);
  }
  const bar = argument.indexOf('|');
  const name = (bar < 0 ? argument : argument.slice(0, bar)).trim();
  const alt = bar < 0 ? '' : argument.slice(bar + 1).trim();
  named(name, 'figure');
  if (alt === '')
    throw new Error(
      `the figure "${name}" needs a text for those who cannot see it: write "<!-- figure: ${name} | what it shows -->".`,
    );
  once(used.figures, name, line, 'figure');
  sources.figure(name);
  return [`![${alt.replace(/[[\]\\]/g, '\\$&')}](figures/${name}.svg)`];
}

function once(list: { name: string; line: number }[], name: string, line: number, kind: string): void {
  const before = list.find((each) => each.name === name);
  list.push({ name, line });
  if (before) throw new Error(`the ${kind} "${name}" stands in line ${before.line} already.`);
}

function named(name: string, kind: string): void {
  if (name === '') throw new Error(`this ${kind} has no name.`);
  if (!NAME.test(name)) throw new Error(`"${name}" is no name for a ${kind}: use letters, digits, "-" and "_".`);
}

/** A fenced block that no backticks in its text can close. */
function fenced(text: string, language: string): string[] {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const bar = '`'.repeat(longest + 1);
  return [bar + language, ...text.split('\n'), bar];
}

/** Calls the function behind a name, and refuses a result that must not be printed. */
export function produce(code: LessonCode, kind: Kind, name: string, moduleFile: string): string {
  const record = code[kind] ?? {};
  if (!Object.hasOwn(record, name)) {
    const near = nearest(name, Object.keys(record));
    throw new Error(`${moduleFile} has no "${name}" in its ${kind}.${near ? ` Did you mean "${near}"?` : ''}`);
  }
  let result: unknown;
  try {
    result = record[name]!();
  } catch (error) {
    throw new Error(
      `${kind}.${name} in ${moduleFile} threw: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const wrong = (what: string) => new Error(`${kind}.${name} in ${moduleFile} returned ${what}.`);
  if (typeof result === 'number' && kind === 'values') {
    if (!Number.isFinite(result)) throw wrong(`${result}, which no prose should say`);
    return showNumber(result);
  }
  if (typeof result !== 'string') throw wrong(`${result === null ? 'null' : `a ${typeof result}`}, not text`);
  const text = result
    .replace(/\r\n?/g, '\n')
    .replace(/^\n+|\s+$/g, '')
    .replace(/[ \t]+$/gm, '');
  if (text === '') throw wrong('nothing');
  if (kind === 'values' && /\n|<!--|-->/.test(text))
    throw wrong('a text that does not fit into a line; make it a print');
  if (kind === 'figures' && !/^(<\?xml[^>]*>\s*)?<svg[\s>][^]*<\/svg>$/.test(text))
    throw wrong('something that is not an SVG');
  return text;
}
