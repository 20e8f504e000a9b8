/**
 * Results of labs that take too long to be run whenever the lessons are built.
 *
 * `site/lessons/results/<name>.ts` exports `compute()`, and `<name>.json` beside it holds what that returned, with the
 * hash of the code that made it: the module and everything it imports, without comments, types and spaces. `npm run lab:results`
 * makes the stale ones anew. A lesson that shows a stale one fails, in `npm run lessons` and in `-- --check`.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

const FOLDER = fileURLToPath(new URL('./results/', import.meta.url));

interface Stored {
  /** hash of the code that made the results */
  code: string;
  results: unknown;
}

/** A hash of a module with all that it imports; comments, types and names of files do not count. */
export function codeHash(module: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [module],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
  });
  return createHash('sha256').update(outputFiles[0]!.text).digest('hex').slice(0, 16);
}

/** The names of all results that there are to make. */
export function names(folder = FOLDER): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3))
    .sort();
}

/** What is stored under a name, and whether the code of today made it. */
export function look(name: string, folder = FOLDER): { fresh: boolean; stored?: Stored } {
  const json = join(folder, `${name}.json`);
  if (!existsSync(json)) return { fresh: false };
  const stored = JSON.parse(readFileSync(json, 'utf8')) as Stored;
  return { fresh: stored.code === codeHash(join(folder, `${name}.ts`)), stored };
}

/** The results of that name, for a lesson. @throws Error when they are missing, or made by other code than today's */
export function results<T>(name: string, folder = FOLDER): T {
  const { fresh, stored } = look(name, folder);
  if (fresh) return stored!.results as T;
  const what = stored ? 'was made by other code than there is now' : 'is missing';
  throw new Error(`results/${name}.json ${what}: run "npm run lab:results ${name}".`);
}

/** Runs a module's `compute()` and stores what it returns. */
export async function make(name: string, folder = FOLDER): Promise<void> {
  const module = join(folder, `${name}.ts`);
  const { compute } = (await import(pathToFileURL(module).href)) as { compute: () => Promise<unknown> };
  const stored: Stored = { code: codeHash(module), results: await compute() };
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(stored, null, 1)}\n`);
}
