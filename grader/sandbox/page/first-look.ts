import type { Loaded } from '../../engine/sandbox.ts';

/** A larger file was not written by hand, and could exhaust the parser. */
export const largestFile = 256 * 1024;

/** What a file may be judged by before anything is parsed. */
export function firstLook(text: string, file: string): Extract<Loaded, { kind: 'failed' }> | undefined {
  if (text.length > largestFile)
    return { kind: 'failed', why: 'import', message: `${file} is larger than ${largestFile / 1024} KB` };
  const code = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '').trim();
  if (code.replace(/^\uFEFF/, '') === '')
    return { kind: 'failed', why: 'empty', message: `${file} is empty: is it saved?` };
  return undefined;
}
