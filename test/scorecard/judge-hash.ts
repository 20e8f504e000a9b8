/** The hash of everything that has a part in a topic's verdicts: what was found out earlier holds as long as it stays. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { openCourse } from '../../grader/course/layout.ts';

export const ROOT = openCourse(import.meta.dirname).root;
export const CACHE = join(ROOT, 'node_modules', '.cache', 'scorecard');

export const sha = (...texts: string[]) => createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 20);

/**
 * The spec, the engine, the sandbox, and the solutions that a file of this topic may import.
 *
 * @param topic with its chapter's folder: `chapter-1-mp/neuron`
 */
export function judgeHash(topic: string): string {
  const { outputFiles } = buildSync({
    stdin: {
      contents: [
        `grader/${topic}`,
        'grader/sandbox/node/sandbox',
        'grader/sandbox/node/child',
        'grader/sandbox/realm/realm',
        `solutions/${topic}`,
      ]
        .map((path, i) => `export * as part${i} from './${path}.ts';`)
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
