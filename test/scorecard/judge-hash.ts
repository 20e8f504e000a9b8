/** Hashes of code: what was found out earlier holds as long as the code that found it stays. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { buildSync, transformSync } from 'esbuild';
import { openCourse } from '../../grader/course/layout.ts';

export const ROOT = openCourse(import.meta.dirname).root;
export const CACHE = join(ROOT, 'node_modules', '.cache', 'scorecard');

export const sha = (...texts: string[]) => createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 20);

/** A file's code without comments, types and spaces. */
export const codeOf = (text: string): string =>
  transformSync(text, { loader: 'ts', minifyWhitespace: true, minifySyntax: true, legalComments: 'none' }).code;

/**
 * Modules with all that they import; comments, types and spaces do not count.
 *
 * @param modules from the root, without `.ts`
 * @param without imports that are not followed
 */
export function hashOf(modules: readonly string[], without: readonly string[] = []): string {
  const { outputFiles } = buildSync({
    stdin: {
      contents: modules.map((path, i) => `export * as part${i} from './${path}.ts';`).join('\n'),
      resolveDir: ROOT,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    external: [...without],
    minify: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
  return sha(outputFiles[0]!.text);
}

/**
 * Everything that has a part in the verdicts on some topics: specs, engine, sandbox, and the solutions that a file of such
 * a topic may import.
 *
 * @param topics with their chapters' folders: `chapter-1-mp/neuron`
 */
export const judgeHash = (...topics: string[]): string =>
  hashOf([
    ...topics.map((topic) => `grader/${topic}`),
    'grader/sandbox/node/sandbox',
    'grader/sandbox/node/child',
    'grader/sandbox/realm/realm',
    ...topics.map((topic) => `solutions/${topic}`),
  ]);
