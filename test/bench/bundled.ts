/** The workloads that train, bundled as a lab is: run straight from their sources, every small function costs more. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { openCourse } from '../../grader/course/layout.ts';
import type { Training } from './training.ts';

export async function bundledTrainings(): Promise<Training[]> {
  const { root } = openCourse(import.meta.dirname);
  const outfile = join(root, 'node_modules', '.cache', 'bench-training.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'training.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  const { trainings } = (await import(pathToFileURL(outfile).href)) as { trainings: () => Training[] };
  return trainings();
}
