/** What TypeScript thinks of the student's files: found in a process of its own, shown below the report, never counted. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Report } from '../engine/report.ts';
import { styleFor, wantsColour } from '../reports/colours.ts';
import { clean, count, wrap } from '../reports/wrap.ts';
import { Progress } from './progress.ts';
import type { Note } from './type-advice.ts';

const MOST = 5;
/** How long anyone is kept waiting for advice. */
const PATIENCE = 4_000;

export interface Advice {
  /** Prints the notes on topics that do not have full marks. */
  print(report: Report, options: { width: number; write: (text: string) => void }): Promise<void>;
  stop(): void;
}

/**
 * Starts looking.
 *
 * @param files paths under `chapters/`
 */
export function startAdvice(root: string, files: readonly string[]): Advice {
  const bundled = globalThis.courseCache && join(globalThis.courseCache.folder, 'type-advice.mjs');
  const program = bundled ?? fileURLToPath(new URL('./type-advice.ts', import.meta.url));
  const loader = () => ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href];
  const child = spawn(process.execPath, [...(bundled ? [] : loader()), program, root, ...files], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  });
  child.unref();
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const notes = new Promise<Note[]>((resolve) => {
    child.once('error', () => resolve([]));
    child.once('close', () => {
      try {
        resolve(JSON.parse(text) as Note[]);
      } catch {
        // Advice that fails is no advice.
        resolve([]);
      }
    });
  });
  const stop = () => void child.kill();
  process.once('exit', stop);

  return {
    stop,
    async print(report, { width, write }) {
      const progress = new Progress();
      progress.update('Looking at the types …');
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<Note[]>((resolve) => (timer = setTimeout(resolve, PATIENCE, [])));
      const found = await Promise.race([notes, late]);
      clearTimeout(timer);
      progress.end();
      stop();
      const open = report.topics.filter((t) => t.points < t.maxPoints && !t.load && t.exercises.some((e) => e.started));
      const here = found.filter((note) => open.some((t) => t.file === note.file));
      if (here.length > 0) write(adviceText(here, width, wantsColour(process.stdout)));
    },
  };
}

export function adviceText(notes: readonly Note[], width: number, colour: boolean): string {
  const style = styleFor(colour);
  const lines = wrap('TypeScript notes (advice, never a verdict):', width).map((t) => style.dim(t));
  for (const { file, line, column, message } of notes.slice(0, MOST)) {
    const where = `chapters/${file}:${line}:${column}`;
    const [first, ...rest] = wrap(`${where}  ${clean(message)}`, width, '  ', '    ');
    lines.push(first!.replace(where, style.dim(where)), ...rest);
  }
  if (notes.length > MOST) lines.push(style.dim(`  … and ${count(notes.length - MOST, 'more note')}`));
  return `\n${lines.join('\n')}\n`;
}
