/** The hash of everything that has a part in a chapter's verdicts: what was found out earlier holds as long as it stays. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { openCourse } from '../../grader/course/layout.ts';

export const ROOT = openCourse(import.meta.dirname).root;
export const CACHE = join(ROOT, 'node_modules', '.cache', 'scorecard');

export const sha = (...texts: string[]) => createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 20);

/** @param folder of the chapter: `chapter-1-mp` */
export function judgeHash(folder: string): string {
  const { outputFiles } = buildSync({
    stdin: {
      contents: [`${folder}/index.ts`, 'sandbox/node/sandbox.ts', 'sandbox/node/child.ts', 'sandbox/realm/realm.ts']
        .map((path) => `export * from './grader/${path}';`)
        .join('\n'),
      resolveDir: ROOT,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    minify: true,
    legalComments: 'none',
  });
  return sha(outputFiles[0]!.text);
}
