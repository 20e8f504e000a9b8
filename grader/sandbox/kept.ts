/**
 * Texts that depend on nothing but the course's own files, kept on disk between runs. `grader/cli/start.mjs` names a
 * folder that is new whenever one of those files is; without a folder nothing is kept.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

declare global {
  var courseCache: { folder: string; root: string } | undefined;
}

/** The root of the course that the kept texts belong to. */
export const keptRoot = (): string | undefined => globalThis.courseCache?.root;

/** Whether this is the library of the course whose state names the folder; what is made with another is not kept. */
export function isOwnLibrary(tensor: string): boolean {
  const root = keptRoot();
  const folders = root === undefined ? [] : ['solutions', 'stand-ins'].map((name) => path.join(root, name));
  return folders.some((folder) => path.resolve(tensor) === path.join(folder, 'tensor', 'index.ts'));
}

/** A text by its name, as kept; undefined when there is none. */
export const readKept = (name: string): string | undefined => readKeptBytes(name)?.toString('utf8');

/** The same for bytes. */
export function readKeptBytes(name: string): Buffer | undefined {
  const folder = globalThis.courseCache?.folder;
  if (folder === undefined) return undefined;
  try {
    return readFileSync(path.join(folder, name));
  } catch {
    return undefined;
  }
}

/** How many bytes are kept under a name; 0 for none. */
export function keptSize(name: string): number {
  const folder = globalThis.courseCache?.folder;
  return folder === undefined ? 0 : (statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
}

/** Keeps a text or bytes; on a disk that cannot be written nothing is kept. */
export function keep(name: string, text: string | Uint8Array): void {
  const folder = globalThis.courseCache?.folder;
  if (folder === undefined) return;
  const file = path.join(folder, name);
  // To replace a file by the same one costs more than to look.
  if (readKeptBytes(name)?.equals(Buffer.from(text))) return;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, text);
    renameSync(draft, file);
  } catch {
    // It is made again the next time.
  }
}

/** A text by its name: as kept, or made now and kept for the next time. */
export async function kept(name: string, make: () => Promise<string>): Promise<string> {
  const known = readKept(name);
  if (known !== undefined) return known;
  const text = await make();
  keep(name, text);
  return text;
}
