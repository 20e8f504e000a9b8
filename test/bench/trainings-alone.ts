/**
 * The workloads that train, bundled as a lab is, and each in a process of its own, as a lab has one: what else has run in a
 * process changes what V8 makes of the code, by up to a half.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { openCourse } from '../../grader/course/layout.ts';
import { summarise, type Figure } from './time.ts';
import { trainings } from './training.ts';

export interface Alone {
  workload: string;
  measure: (runs: number) => Figure;
}

export async function trainingsAlone(): Promise<Alone[]> {
  const { root } = openCourse(import.meta.dirname);
  const outfile = join(root, 'node_modules', '.cache', 'bench-training.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'training-alone.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  return trainings().map(({ workload }) => ({
    workload,
    measure(runs) {
      const printed = execFileSync(process.execPath, [outfile, workload, String(runs)], { encoding: 'utf8' });
      return summarise(workload, JSON.parse(printed) as number[]);
    },
  }));
}
