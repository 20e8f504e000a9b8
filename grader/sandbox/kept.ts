/**
 * Texts that depend on nothing but the course's own files, kept on disk between runs. `grader/cli/start.mjs` names a
 * folder that is new whenever one of those files is; without a folder nothing is kept.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

declare global {
  var courseCache: { folder: string; root: string } | undefined;
}

/** The root of the course that the kept texts belong to. */
export const keptRoot = (): string | undefined => globalThis.courseCache?.root;

/** A text by its name: as kept, or made now and kept for the next time. */
export async function kept(name: string, make: () => Promise<string>): Promise<string> {
  const folder = globalThis.courseCache?.folder;
  if (folder === undefined) return make();
  const file = path.join(folder, name);
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const text = await make();
    try {
      mkdirSync(folder, { recursive: true });
      const draft = `${file}.${process.pid}`;
      writeFileSync(draft, text);
      renameSync(draft, file);
    } catch {
      // A read-only disk: it is made again the next time.
    }
    return text;
  }
}
