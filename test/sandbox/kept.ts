/** A folder for what is kept between runs, as a command of the course has one; for one test file. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** Each test begins with an empty folder. */
export function withKeptFolder(): void {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'kept-'));
    globalThis.courseCache = { folder, root };
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    globalThis.courseCache = undefined;
  });
}

/** The files that are kept under a name, by their whole paths. */
export function keptFiles(name: string): string[] {
  const folder = path.join(globalThis.courseCache!.folder, name);
  try {
    return readdirSync(folder).map((file) => path.join(folder, file));
  } catch {
    return [];
  }
}
