/**
 * Backups: copies of a student's files in `chapters/.backups/`, made before a tool changes anything.
 * A copy is named after its file and the time: `chapter-1-mp/neuron.20250131-235959.ts`. None is ever overwritten.
 */
import { constants, copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';

/** Where the backups are, as seen from the root of the course. */
export const BACKUPS = 'chapters/.backups';

/** The time as it stands in the name of a backup, on the student's own clock: `20250131-235959`. */
export function stampOf(time: Date = new Date()): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${time.getFullYear()}${two(time.getMonth() + 1)}${two(time.getDate())}`;
  return `${day}-${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
}

/** One backup of a file. */
export interface Backup {
  /** Its path from the root of the course, with forward slashes. */
  path: string;
  stamp: string;
  /** 1, or 2, 3 … for further copies within the same second. */
  copy: number;
}

/**
 * Copies a file of `chapters/`, byte for byte, and says where the copy is (from the root, with forward slashes).
 * @param path the path under `chapters/`
 */
export function keepBackup(root: string, path: string, stamp: string): string {
  const folder = dirname(path) === '.' ? '' : `${dirname(path)}/`;
  const ending = extname(path);
  const name = basename(path, ending);
  mkdirSync(join(root, BACKUPS, folder), { recursive: true });
  for (let copy = 1; ; copy++) {
    const backup = `${BACKUPS}/${folder}${name}.${stamp}${copy === 1 ? '' : `-${copy}`}${ending}`;
    try {
      copyFileSync(join(root, 'chapters', path), join(root, backup), constants.COPYFILE_EXCL);
      return backup;
    } catch (error) {
      // Two resets within a second: the next number is free.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** The backups of a file of `chapters/`, newest first. */
export function backupsOf(root: string, path: string): Backup[] {
  const folder = dirname(path) === '.' ? '' : `${dirname(path)}/`;
  const ending = extname(path);
  const name = basename(path, ending);
  const at = join(root, BACKUPS, folder);
  if (!existsSync(at)) return [];
  return readdirSync(at)
    .flatMap((entry) => {
      if (!entry.startsWith(`${name}.`) || !entry.endsWith(ending)) return [];
      const middle = entry.slice(name.length + 1, entry.length - ending.length);
      const found = /^(\d{8}-\d{6})(?:-(\d+))?$/.exec(middle);
      return found ? [{ path: `${BACKUPS}/${folder}${entry}`, stamp: found[1]!, copy: Number(found[2] ?? 1) }] : [];
    })
    .sort((a, b) => (a.stamp === b.stamp ? b.copy - a.copy : a.stamp < b.stamp ? 1 : -1));
}
