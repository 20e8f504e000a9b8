/** Timing whole processes, and what they need. */
import { spawn, type ChildProcess } from 'node:child_process';
import { performance } from 'node:perf_hooks';

export interface Figure {
  workload: string;
  /** Median. */
  ms: number;
  min: number;
  max: number;
  runs: number;
}

export function summarise(workload: string, times: number[]): Figure {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  const round = (x: number) => Math.round(x * 10_000) / 10_000;
  return { workload, ms: round(median), min: round(sorted[0]!), max: round(sorted.at(-1)!), runs: times.length };
}

/** Milliseconds until a command ends. Throws when it ends with another code than one of `codes`. */
export async function timeCommand(command: string[], cwd: string, codes: number[] = [0]): Promise<number> {
  const start = performance.now();
  const child = run(command, cwd);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const ms = performance.now() - start;
  if (code === null || !codes.includes(code)) throw new Error(`${command.join(' ')} ended with ${code}.`);
  return ms;
}

/** Starts a command; npm is a script with an extension on Windows. */
export function run(command: string[], cwd: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(command[0]!, command.slice(1), {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  }).on('error', (error) => {
    throw error;
  });
}

/** `count` measurements after one that does not count. */
export async function repeat(workload: string, count: number, once: () => Promise<number>): Promise<Figure> {
  await once();
  const times: number[] = [];
  for (let i = 0; i < count; i++) times.push(await once());
  return summarise(workload, times);
}
