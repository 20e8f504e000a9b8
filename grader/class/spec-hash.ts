/** Which grader a result came from: its version, and a hash of everything that can change a verdict. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { normalise } from '../course/regions.ts';

export interface SpecFiles {
  /** The root of the course. */
  root: string;
  /** `chapter-1-mp` */
  chapter: string;
  /** The folder that imports of other topics are taken from. */
  standIns: string;
  /** Files of hidden checks. */
  checks: readonly string[];
}

/** "sha256:…" of the engine, the sandbox, the chapter's spec, the stand-ins and the hidden checks. */
export function specHash({ root, chapter, standIns, checks }: SpecFiles): string {
  const hash = createHash('sha256');
  const add = (name: string, path: string) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory())
      for (const entry of readdirSync(path).sort()) add(`${name}/${entry}`, join(path, entry));
    else if (/\.(ts|mjs|js|json)$/.test(name)) {
      // A copy with the line ends of Windows is the same grader.
      const text = normalise(readFileSync(path, 'utf8'));
      hash.update(`${name}\0${text.length}\0${text}`);
    }
  };
  for (const part of ['engine', 'sandbox', 'course', chapter]) add(`grader/${part}`, join(root, 'grader', part));
  add('stand-ins', standIns);
  checks.forEach((file, i) => add(`checks/${i}.ts`, file));
  return `sha256:${hash.digest('hex')}`;
}

/** The version in package.json. */
export function graderVersion(root: string): string {
  const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version?: string };
  return about.version ?? '0';
}
