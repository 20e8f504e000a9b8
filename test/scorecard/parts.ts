/** Runs a script in as many processes as there are processors, each with its part, and gathers the lines they print. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';

/** Every n-th of the things to do, from the i-th on. */
export interface Part {
  index: number;
  of: number;
}

export const WHOLE: Part = { index: 0, of: 1 };

/**
 * @param script a file that takes `--part i/n` and prints one JSON value a line
 * @param on told each value
 */
export async function inParts<T>(script: string, words: readonly string[], on: (value: T) => void): Promise<void> {
  const of = availableParallelism();
  await Promise.all(
    Array.from({ length: of }, (_, index) => {
      const child = spawn(process.execPath, ['--import', 'tsx', script, ...words, '--part', `${index}/${of}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout }).on('line', (line) => on(JSON.parse(line) as T));
      const read = new Promise((resolve) => lines.on('close', resolve));
      return new Promise<void>((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code) => {
          if (code === 0) void read.then(() => resolve());
          else reject(new Error(`part ${index + 1} of ${of} ended with exit code ${code}`));
        });
      });
    }),
  );
}

/** The part that this process was given. */
export function partOf(words: readonly string[]): { rest: string[]; part?: Part } {
  const at = words.indexOf('--part');
  if (at < 0) return { rest: [...words] };
  const [index, of] = words[at + 1]!.split('/').map(Number);
  return { rest: words.filter((_, i) => i !== at && i !== at + 1), part: { index: index!, of: of! } };
}

/** Ends a part once all its lines are on their way: what waits in a pipe would be lost. */
export async function endPart(): Promise<never> {
  await new Promise<void>((written) => process.stdout.write('', () => written()));
  process.exit(0);
}
