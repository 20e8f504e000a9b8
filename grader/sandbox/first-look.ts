/** What a file may be judged by before anything is parsed. */
import type { Loaded } from '../engine/sandbox.ts';

type Failed = Extract<Loaded, { kind: 'failed' }>;

/** A larger file was not written by hand, and could exhaust the parser. */
export const largestFile = 256 * 1024;

/** @param file the path under the folder of chapters, for messages */
export function firstLook(text: string, file: string): Failed | undefined {
  return holdsCode(text) ? undefined : { kind: 'failed', why: 'empty', message: `${file} is empty: is it saved?` };
}

/** In place of a file that no parser should have to read to the end. */
export const tooMuch = (file: string): Failed => ({
  kind: 'failed',
  why: 'syntax',
  message: `${file} is too much for the bundler: is something nested thousands of levels deep, or doubled again and again?`,
});

/** In place of a file that is larger than {@link largestFile}. */
export const tooLarge = (file: string): string => `${file} is larger than ${largestFile / 1024} KB`;

/** Whether a file holds more than blanks and comments; a comment that is never closed is for the parser to say. */
const holdsCode = (text: string): boolean => afterBlanks(text, 0) < text.length;

/**
 * Where the blanks and comments end that begin at a place. One step after the other: the text may be hostile.
 * A comment that is never closed is none.
 */
export function afterBlanks(text: string, from: number): number {
  const blank = /[\s\uFEFF]*/y;
  for (let at = from; ;) {
    blank.lastIndex = at;
    at += blank.exec(text)![0].length;
    const close = text.startsWith('//', at) ? '\n' : text.startsWith('/*', at) ? '*/' : undefined;
    if (close === undefined) return at;
    const end = text.indexOf(close, at + 2);
    if (end < 0) return close === '*/' ? at : text.length;
    at = end + close.length;
  }
}
