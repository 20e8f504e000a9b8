/**
 * A sandbox at the other end of a command: what runs there may be in a container or on another machine, and holds nothing
 * that a student must not see. The judge only reads lines, and checks every one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Loaded, Outcome, Program, RunOptions, Sandbox } from '../../engine/sandbox.ts';
import { NotAResult, encode } from '../wire.ts';
import { fromLine, loadedFrom, outcomeFrom, toLine, type Asked } from './messages.ts';

export interface RemoteOptions {
  /** The shell command that starts a collector. */
  command: string;
  /** Folder with the student's files. */
  chapters: string;
  /** `chapter-1-mp/neuron` */
  topic: string;
  /** Topics that the student's file may not import. */
  later: readonly string[];
}

/** Milliseconds for a container to start, and for a file to be bundled and loaded. */
const START = 120_000;
/** Milliseconds beyond a program's own limit: the collector ends what loops, is patient on a busy machine, starts afresh. */
const GRACE = 60_000;
/** Characters of one line: four million numbers as the longest result there may be. */
const LONGEST = 100_000_000;

/** Starts a collector and lets it load a topic. */
export async function openRemote(options: RemoteOptions): Promise<Sandbox> {
  const sandbox = new RemoteSandbox(options);
  await sandbox.open();
  return sandbox;
}

class RemoteSandbox implements Sandbox {
  loaded: Loaded = { kind: 'failed', why: 'crash', message: 'not loaded yet' };
  readonly #options: RemoteOptions;
  #collector: Collector | undefined;
  /** The reader has left before the last answer. */
  #unread = false;
  #closed = false;

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { command, chapters, topic, later } = this.#options;
    const collector = new Collector(command);
    this.#collector = collector;
    const ready = await collector.next(START);
    // Whoever gave a command that cannot be run has to hear of it.
    if ((ready as { ready?: unknown } | undefined)?.ready !== true && !this.#closed)
      throw new Error(`Two-phase grading: ${collector.end ?? 'the command says nothing that a collector says'}`);
    collector.say({ type: 'open', topic, files: filesUnder(chapters), later: [...later] });
    const line = await collector.next(START);
    this.#unread = false;
    try {
      if (line === undefined) throw new NotAResult('nothing');
      this.loaded = loadedFrom(line);
    } catch (error) {
      if (!(error instanceof NotAResult)) throw error;
      collector.kill();
      const message = collector.end ?? 'the collector did not say how the file loads';
      this.loaded = { kind: 'failed', why: 'crash', message };
    }
  }

  async *run(programs: Program[], options: RunOptions = {}): AsyncGenerator<Outcome> {
    const { limit = 1_000, echo = false } = options;
    if (this.#closed) throw new Error('this sandbox is closed');
    if (programs.length === 0) return;
    if (this.#unread || !this.#collector?.alive) {
      this.#collector?.kill();
      await this.open();
      if (this.loaded.kind === 'failed') {
        yield { kind: 'crash', detail: `the file did not load again: ${this.loaded.message}` };
        return;
      }
    }
    const collector = this.#collector!;
    collector.say({
      type: 'run',
      programs: programs.map((calls) =>
        calls.map(({ fn, args, standIn = false }) => ({ fn, standIn, args: args.map(encode) })),
      ),
      limit,
      echo,
    });
    this.#unread = true;
    for (let i = 0; i < programs.length; i++) {
      const line = await collector.next(limit + GRACE);
      let outcome: Outcome;
      try {
        if (line === undefined)
          outcome =
            collector.end === undefined ? { kind: 'timeout', ms: limit } : { kind: 'crash', detail: collector.end };
        else outcome = outcomeFrom(line, limit);
      } catch (error) {
        if (!(error instanceof NotAResult)) throw error;
        outcome = { kind: 'crash', detail: 'the collector sent something that is not a result' };
      }
      const last = i === programs.length - 1 || !['value', 'error'].includes(outcome.kind);
      // Its last line is read with the last outcome, so that who stops there leaves nothing behind.
      if (last && line !== undefined) {
        const done = await collector.next(GRACE);
        this.#unread = (done as { done?: unknown } | undefined)?.done !== true;
      }
      yield outcome;
      if (last) return;
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#collector?.kill();
    return this.#collector?.gone ?? Promise.resolve();
  }
}

/** The student's files, which intake has chosen. */
function filesUnder(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [path.relative(folder, file).split(path.sep).join('/'), readFileSync(file, 'utf8')]);
}

class Collector {
  readonly #process: ChildProcess;
  readonly gone: Promise<void>;
  /** How it ended. */
  end: string | undefined;
  readonly #lines: unknown[] = [];
  #parts: string[] = [];
  #length = 0;
  #wake: () => void = () => undefined;

  constructor(command: string) {
    const own = process.platform !== 'win32';
    // A group of its own: a shell may stand between it and us.
    this.#process = spawn(command, { shell: true, stdio: ['pipe', 'pipe', 'pipe'], detached: own, windowsHide: true });
    let said = '';
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 2_000) said += text;
    });
    this.#process.stdin!.on('error', () => undefined);
    this.#process.stdout!.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.gone = new Promise((resolve) => {
      const ended = (how: string) => {
        this.end ??= [`the collector ${how}`, said.trim().slice(0, 500)].filter(Boolean).join(': ');
        this.#wake();
        resolve();
      };
      this.#process.on('error', (error) => ended(`could not be started (${error.message})`));
      this.#process.on('close', (code, signal) =>
        ended(signal ? `was ended by ${signal}` : `ended with exit code ${code}`),
      );
    });
  }

  get alive(): boolean {
    return this.end === undefined;
  }

  say(asked: Asked): void {
    this.#process.stdin!.write(toLine(asked));
  }

  /** The next line, waited for at most so long; undefined if there is none. */
  async next(limit: number): Promise<unknown> {
    if (this.#lines.length === 0 && this.alive)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limit);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    if (this.#lines.length > 0) return this.#lines.shift();
    this.kill();
    return undefined;
  }

  kill(): void {
    const { pid } = this.#process;
    try {
      if (process.platform !== 'win32' && pid !== undefined && this.alive) process.kill(-pid, 'SIGKILL');
      else this.#process.kill('SIGKILL');
    } catch {
      // It has just ended.
    }
  }

  #read(text: string): void {
    const [first, ...rest] = text.split('\n');
    this.#add(first!);
    for (const part of rest) {
      this.#line(this.#parts.join(''));
      this.#parts = [];
      this.#length = 0;
      this.#add(part);
    }
  }

  #add(part: string): void {
    this.#length += part.length;
    if (this.#length > LONGEST) {
      this.end ??= 'the collector sent a line without end';
      this.kill();
      this.#wake();
    } else if (part !== '') this.#parts.push(part);
  }

  #line(line: string): void {
    try {
      this.#lines.push(fromLine(line));
    } catch {
      // No JSON: read as a message of no kind.
      this.#lines.push(null);
    }
    this.#wake();
  }
}
