/**
 * The bundler, within limits. It only reads a student's file, but some few lines can make it work for hours (grammar that
 * it tries both ways, nested) or fill the memory (an enum whose strings are each twice the last).
 *
 * Its work is done by one service process for all bundles of this process: what is too much ends the service, and what
 * was going on beside it is bundled again.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { type BuildOptions, type BuildResult, type SameShape, build, stop } from 'esbuild';
import { ProcessorTime, millisecondsIn } from './processor-time.ts';

/** In milliseconds. */
export interface TimeLimit {
  limit: number;
  /** How much longer it may take on a machine that is too busy to give it half of its limit. */
  patience: number;
}

/** For one file, which takes 5; more than the stripper has, which is asked in between. */
const ours: TimeLimit = { limit: 6_000, patience: 25_000 };
/** Megabytes of the service; it takes 30. */
const memory = 512;
/** Characters of the result; the course's own files come to 200,000. */
const largest = 4_000_000;

/** The file cannot be bundled within the limits. */
export class TooMuch extends Error {}

/** How many bundles are being made. */
let underWay = 0;
/** Second tries wait for one another here. */
let alone: Promise<unknown> = Promise.resolve();

/** The service as it is seen here: what still waits when it ends will not hear of it from esbuild. */
class Service {
  #tell: () => void = () => undefined;
  readonly ended = new Promise<undefined>((resolve) => (this.#tell = () => resolve(undefined)));

  /** Ends it once for all whose it was; the next bundle starts another. */
  end(): void {
    if (this !== service) return;
    service = new Service();
    for (const pid of processes()) kill(pid);
    void stop();
    this.#tell();
  }
}
let service = new Service();

/** As esbuild's `build`; rejects with {@link TooMuch} beyond the limits. */
export async function buildWithin<T extends BuildOptions>(
  options: SameShape<BuildOptions, T>,
  time = ours,
): Promise<BuildResult<T>> {
  const first = await attempt<T>(options, time);
  if (first.result) return first.result;
  if (!first.others) throw new TooMuch();
  // The service ended through this file or through one beside it: which, shows when each is alone.
  const again = alone.then(() => attempt<T>(options, time));
  alone = again.catch(() => undefined);
  const { result } = await again;
  if (!result) throw new TooMuch();
  return result;
}

/** One try: the result, or none if the service ended, and then whether others were under way. */
async function attempt<T extends BuildOptions>(
  options: SameShape<BuildOptions, T>,
  time: TimeLimit,
): Promise<{ result?: BuildResult<T>; others: boolean }> {
  let others = ++underWay > 1;
  const mine = service;
  const started = performance.now();
  let used: ProcessorTime | undefined;
  const watch = setInterval(() => {
    others ||= underWay > 1;
    // Only now, since the service may have to be started first.
    used ??= new ProcessorTime(serviceMilliseconds);
    if (tooLarge() || isOver(time, started, used)) mine.end();
  }, 50);
  try {
    const built = build<T>(options);
    built.catch(() => undefined);
    const result = await Promise.race([built, mine.ended]);
    if (!result) return { others };
    const size = (result.outputFiles ?? []).reduce((sum, file) => sum + file.contents.length, 0);
    if (size > largest) throw new TooMuch();
    return { result, others };
  } catch (error) {
    if (error instanceof TooMuch || !/service|stopped|EPIPE/i.test(String(error))) throw error;
    mine.end();
    return { others };
  } finally {
    clearInterval(watch);
    underWay--;
  }
}

/** Whether what began then has had its time. */
export function isOver({ limit, patience }: TimeLimit, started: number, used: ProcessorTime): boolean {
  const elapsed = performance.now() - started;
  return elapsed > limit + patience || (elapsed > limit && !used.isBelow(limit / 2));
}

/** Of the service and of this process, in which its plugin strips files; undefined where the system does not tell. */
function serviceMilliseconds(): number | undefined {
  const pids = processes();
  if (pids.length === 0) return undefined;
  return pids.reduce((sum, pid) => sum + (millisecondsIn(textOf(`/proc/${pid}/stat`)) ?? 0), ownMilliseconds());
}

/** Processor time of this process, all its threads together. */
export function ownMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

const tooLarge = () => processes().some((pid) => residentMegabytes(pid) > memory);

let known: number[] = [];

/** The service's process, where the system tells. */
function processes(): number[] {
  if (process.platform !== 'linux') return [];
  known = known.filter(isService);
  if (known.length === 0)
    known = readdirSync('/proc').flatMap((name) =>
      /^\d+$/.test(name) && isService(Number(name)) ? [Number(name)] : [],
    );
  return known;
}

function isService(pid: number): boolean {
  const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(textOf(`/proc/${pid}/stat`)) ?? [];
  return name === 'esbuild' && Number(parent) === process.pid;
}

const residentMegabytes = (pid: number): number => (Number(textOf(`/proc/${pid}/statm`).split(' ')[1]) || 0) / 256;

/** Empty once the process has ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
