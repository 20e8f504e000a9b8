/**
 * Text for a terminal: how wide it is, how it wraps, and what must never reach the screen.
 */

/* eslint-disable no-control-regex -- control characters are what this file is about */
const ESCAPE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g;
const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const COLOUR = /\u001b\[[\d;]*m/g;
/* eslint-enable no-control-regex */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const NARROWEST = /[\p{Mn}\p{Me}\p{Cf}]/u;

/**
 * A student's text, fit to be printed: no escape sequences, no control characters, no reversed writing direction, no half
 * of a character; tabs become two spaces. Line ends stay.
 */
export function clean(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(ESCAPE, '')
    .replace(/\t/g, '  ')
    .replace(CONTROL, '')
    .replace(HALF, '\ufffd');
}

function charWidth(ch: string): number {
  if (ch < '\u0300') return 1;
  return WIDE.test(ch) ? 2 : NARROWEST.test(ch) ? 0 : 1;
}

/** How many columns a text takes; colours take none, Chinese characters two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const ch of text.replace(COLOUR, '')) width += charWidth(ch);
  return width;
}

/** The text followed by spaces up to a width. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** The text, cut off with … where it is too wide. Plain text only. */
export function fit(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return `${take(text, Math.max(0, width - 1)).trimEnd()}…`;
}

/** As much of the beginning as fits. */
function take(text: string, width: number): string {
  let used = 0;
  let out = '';
  for (const ch of text) {
    used += charWidth(ch);
    if (used > width) break;
    out += ch;
  }
  return out;
}

/** Pieces between which a line may be broken: words with the space before them, and single Chinese characters. */
function pieces(text: string): string[] {
  const out: string[] = [];
  for (const word of text.split(/(?<=\S)(?=\s)/)) {
    let run = '';
    for (const ch of word) {
      if (WIDE.test(ch)) {
        // No line begins with a closing mark.
        if (/[，。、；：！？）》」』】]/.test(ch) && (run || out.length > 0)) {
          if (run) run += ch;
          else out[out.length - 1] += ch;
          continue;
        }
        if (run) out.push(run);
        run = ch;
        out.push(run);
        run = '';
      } else run += ch;
    }
    if (run) out.push(run);
  }
  return out;
}

/**
 * Wraps plain text.
 *
 * @param first what stands before the first line; it counts towards the width
 * @param rest  what stands before the others (default: as many spaces as `first` is wide)
 */
export function wrap(text: string, width: number, first = '', rest = ' '.repeat(widthOf(first))): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let prefix = lines.length === 0 ? first : rest;
    let line = '';
    const flush = () => {
      lines.push((prefix + line).trimEnd());
      prefix = rest;
      line = '';
    };
    for (const piece of pieces(paragraph)) {
      const room = () => Math.max(1, width - widthOf(prefix));
      if (widthOf(line + piece) <= room()) {
        line += line === '' && lines.length > 0 ? piece.trimStart() : piece;
        continue;
      }
      if (line !== '') flush();
      let left = piece.trimStart();
      while (widthOf(left) > room()) {
        line = take(left, room()) || [...left][0]!;
        // A path is best broken between its folders.
        const slash = line.lastIndexOf('/') + 1;
        if (slash > line.length / 3) line = line.slice(0, slash);
        left = left.slice(line.length);
        flush();
      }
      line = left;
    }
    flush();
  }
  return lines;
}

/** "1 check", "7 checks". */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
