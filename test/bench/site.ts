/** The course site: the whole of it from cold, and one lesson from save to built while `--serve` runs. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { findRoot } from '../../grader/course/layout.ts';
import { cacheFolder } from '../../site/build/code.ts';
import { run, timeCommand } from './time.ts';

type Measure = (workload: string, once: () => Promise<number>, runs?: number) => Promise<void>;

export async function measureSite(measure: Measure): Promise<void> {
  const root = findRoot(import.meta.dirname);
  const copy = mkdtempSync(join(tmpdir(), 'site-bench-'));
  for (const name of ['package.json', 'tsconfig.json', 'README.md', 'chapters', 'solutions', 'grader', 'site'])
    cpSync(join(root, name), join(copy, name), {
      recursive: true,
      filter: (path) => !/[\\/](dist|\.backups)$/.test(path),
    });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  try {
    await measure(
      'site-cold',
      () => {
        rmSync(cacheFolder(root), { recursive: true, force: true });
        return timeCommand(['npm', 'run', '--silent', 'site'], copy);
      },
      3,
    );
    await measureIncremental(copy, measure);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Saves a lesson again and again and waits until the preview says that it is built. */
async function measureIncremental(root: string, measure: Measure): Promise<void> {
  let child: ReturnType<typeof run> | undefined;
  let text = '';
  let seen: () => void = () => undefined;
  const until = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Not built within 120 s; it said:\n${text}`)), 120_000);
      seen = () => {
        if (!pattern.test(text)) return;
        clearTimeout(timer);
        resolve();
      };
      seen();
    });
  const start = async () => {
    child = run(['node', '--import', 'tsx', 'site/build/main.ts', '--serve', '--port', '4399'], root);
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      seen();
    });
    await until(/http:\/\/localhost:4399/);
  };
  const file = join(root, 'chapters', 'chapter-1-mp', 'neuron.md');
  const lesson = readFileSync(file, 'utf8');
  let count = 0;
  try {
    await measure('site-incremental', async () => {
      if (!child) await start();
      await new Promise((resolve) => setTimeout(resolve, 300));
      text = '';
      const began = performance.now();
      writeFileSync(file, `${lesson}\nSaved once more: ${++count}.\n`);
      await until(/neuron\.md: \d+ files/);
      return performance.now() - began;
    });
  } finally {
    child?.kill();
    writeFileSync(file, lesson);
  }
}
