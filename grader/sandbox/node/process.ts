/** Child processes: started without rights, watched, and killed; none outlives the judge. */
import { type ChildProcess, spawn, execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { End, Host } from '../hosted.ts';
import { kept } from '../kept.ts';
import { maxDepth, maxSize } from '../wire.ts';
import { type Isolation, commandAt, innerProcess } from './isolation.ts';
import { millisecondsIn } from '../processor-time.ts';
import type { Request } from '../protocol.ts';

/** Whether memory beyond V8's own heap can be limited on this system. */
export const canLimitMemory = process.platform === 'linux' || process.platform === 'darwin';

let code: Promise<string> | undefined;

/** Only what was not kept needs the bundler. */
const builder = async () => (await import('esbuild')).build;

/** The child's program as one line of JavaScript. */
export function childCode(): Promise<string> {
  code ??= kept('child.js', makeChildCode);
  return code;
}

async function makeChildCode(): Promise<string> {
  const build = await builder();
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./child.ts', import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    banner: { js: '"use strict";' },
    define: { MAX_DEPTH: String(maxDepth), MAX_SIZE: String(maxSize) },
    tsconfigRaw: {},
  });
  return outputFiles[0].text;
}

export interface ChildOptions {
  /** Limit of resident memory in megabytes. */
  memory: number;
  /** `debug` drops the permission flag, which forbids the inspector on some versions of Node. */
  mode: 'grade' | 'lab' | 'debug';
  /** Default: `process`. */
  isolation?: Isolation;
  /** A file of which the child may ask the size (labs). */
  stopFd?: number;
}

const running = new Set<Child>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function killAll(): void {
  for (const child of running) child.kill();
}

function onSignal(signal: NodeJS.Signals): void {
  // Another listener decides what the signal means; if it ends the judge, `exit` does the rest.
  if (process.listenerCount(signal) > 1) return;
  killAll();
  process.removeListener(signal, onSignal);
  process.kill(process.pid, signal);
}

function register(child: Child): void {
  if (running.size === 0) {
    process.on('exit', killAll);
    for (const signal of signals) process.on(signal, onSignal);
  }
  running.add(child);
}

function unregister(child: Child): void {
  running.delete(child);
  if (running.size > 0) return;
  process.removeListener('exit', killAll);
  for (const signal of signals) process.removeListener(signal, onSignal);
}

/** Milliseconds in which what an ended process has written is read, if anybody still holds the other end. */
const afterExit = 1_000;

/** One child process. While nobody waits for it, it does not keep the judge alive. */
export class Child implements Host {
  readonly options: ChildOptions;
  readonly process: ChildProcess;
  /** Resolves when the process is gone and everything it sent has been delivered. */
  readonly ended: Promise<End>;
  readonly #isolation: Isolation;
  #dead = false;
  #oom = false;
  #peak = 0;
  #errors = '';
  #watch: NodeJS.Timeout | undefined;

  private constructor(options: ChildOptions, program: string) {
    this.options = options;
    const lab = options.mode === 'lab';
    this.#isolation = options.isolation ?? 'process';
    const [file, ...args] = commandAt(this.#isolation, [process.execPath, ...flags(options), '-e', program]);
    this.process = spawn(file, args, {
      cwd: tmpdir(),
      // Windows cannot start a process without it.
      env: process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot } : {},
      stdio: [
        'ignore',
        lab ? 'pipe' : 'ignore',
        'pipe',
        'ipc',
        ...(options.stopFd === undefined ? [] : [options.stopFd]),
      ],
      serialization: 'advanced',
      windowsHide: true,
    });
    register(this);
    this.process.on('error', (error) => (this.#errors += String(error)));
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (this.#errors.length < 16_000) this.#errors += text;
    });
    this.ended = new Promise((resolve) => {
      const end = (exit: number | null, signal: NodeJS.Signals | null) => {
        this.#dead = true;
        this.unwatch();
        unregister(this);
        resolve(this.#describeEnd(exit, signal));
      };
      this.process.once('close', end);
      // A process that it has left behind would keep its standard error open, and the judge waiting.
      this.process.once('exit', () =>
        setTimeout(() => setImmediate(() => this.process.stderr?.destroy()), afterExit).unref(),
      );
      // A process that could not be started never closes.
      this.process.once('error', () => this.process.pid === undefined && end(null, null));
    });
    this.process.unref();
    this.process.channel?.unref();
    for (const stream of [this.process.stdout, this.process.stderr]) (stream as { unref?(): void } | null)?.unref?.();
  }

  static async start(options: ChildOptions): Promise<Child> {
    return new Child(options, await childCode());
  }

  get alive(): boolean {
    return !this.#dead && this.process.connected;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** The most resident memory seen, in megabytes. */
  get peak(): number {
    this.#measureExactly();
    return this.#peak;
  }

  send(request: Request): void {
    // A failed send shows as the end of the process.
    this.process.send(request, () => undefined);
  }

  /** While somebody listens, the memory is watched. */
  listen(hear: (message: unknown) => void): () => void {
    this.process.on('message', hear);
    this.watch();
    return () => {
      this.process.off('message', hear);
      this.unwatch();
    };
  }

  kill(): void {
    this.#measureExactly();
    this.#kill();
  }

  #kill(): void {
    // The guardian's end is the end of all; the other only gets it earlier.
    const { pid } = this.process;
    const inner = this.#dead || pid === undefined || this.#isolation === 'process' ? undefined : this.#inner();
    this.process.kill('SIGKILL');
    try {
      if (inner !== undefined) process.kill(inner, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }

  /** Linux tells, and within a container as well. */
  cpu(): number | undefined {
    if (this.#dead || process.platform !== 'linux') return undefined;
    try {
      return millisecondsIn(readFileSync(`/proc/${this.#inner()}/stat`, 'latin1'));
    } catch {
      // It has just ended, or is not there yet.
      return undefined;
    }
  }

  /** The process that the student's code runs in. */
  #inner(): number | undefined {
    return this.pid === undefined ? undefined : innerProcess(this.#isolation, this.pid);
  }

  /** Kills the process as soon as it holds more than it may. */
  watch(): void {
    if (this.#watch || !canLimitMemory || this.options.mode === 'debug') return;
    this.#watch = setInterval(() => this.#look(), process.platform === 'linux' ? 20 : 100);
    this.#watch.unref();
  }

  unwatch(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #look(): void {
    if (process.platform === 'linux') {
      try {
        // The second number of statm is the resident set in pages of 4 KB.
        this.#judge(Number(readFileSync(`/proc/${this.#inner()}/statm`, 'latin1').split(' ')[1]) / 256);
      } catch {
        // It has just ended.
      }
      return;
    }
    execFile('ps', ['-o', 'rss=', '-p', String(this.pid)], (_error, text) => this.#judge(Number(text) / 1024));
  }

  #judge(megabytes: number): void {
    if (this.#dead || !(megabytes > 0)) return;
    this.#peak = Math.max(this.#peak, megabytes);
    if (megabytes <= this.options.memory) return;
    this.#oom = true;
    this.#kill();
  }

  /** Linux remembers the peak. */
  #measureExactly(): void {
    if (this.#dead || process.platform !== 'linux') return;
    try {
      const kilobytes = /VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${this.#inner()}/status`, 'latin1'))?.[1];
      this.#peak = Math.max(this.#peak, Number(kilobytes ?? 0) / 1024);
    } catch {
      // It has just ended.
    }
  }

  #describeEnd(exit: number | null, signal: NodeJS.Signals | null): End {
    const heap = /heap out of memory|Reached heap limit|Array buffer allocation failed|process out of memory/i;
    if (this.#oom || heap.test(this.#errors)) return { kind: 'oom' };
    const how = signal ? `was ended by ${signal}` : `ended with exit code ${exit}`;
    const said = this.#errors.split('\n').find((line) => /error|fatal/i.test(line));
    return { kind: 'exit', detail: `the process ${how}${said ? `: ${said.trim().slice(0, 300)}` : ''}` };
  }
}

function flags({ memory, mode }: ChildOptions): string[] {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  return [
    ...(mode === 'debug' ? [] : [permission]),
    '--no-warnings',
    '--disallow-code-generation-from-strings',
    // A rejected promise of the student's is no error of the child's.
    '--unhandled-rejections=none',
    // The heap's own limit comes first: its end is cleaner than a kill.
    ...(mode === 'debug' ? [] : [`--max-old-space-size=${Math.max(64, memory - 96)}`]),
  ];
}
