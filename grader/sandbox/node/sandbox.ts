/** The sandbox on the command line: one child process for one topic. */
import { randomBytes } from 'node:crypto';
import type { Loaded, Outcome, Place, Program, RunOptions, Sandbox } from '../../engine/sandbox.ts';
import type { Value } from '../../engine/value.ts';
import { type Bundle, type BundleOptions, bundle } from '../bundle.ts';
import { type StackMapper, stackMapper } from '../stack.ts';
import { NotAResult, decode, encode } from '../wire.ts';
import type { Isolation } from './isolation.ts';
import { Child, type End, canLimitMemory } from './process.ts';
import type { Request } from './protocol.ts';

export interface SandboxOptions extends BundleOptions {
  /** Limit of resident memory in megabytes (default 512). */
  memory?: number;
  /** Where the code runs (default `process`); ask `isAvailable` first. */
  isolation?: Isolation;
  /** Limit for loading the file in milliseconds (default 5,000). */
  loadLimit?: number;
}

export interface NodeSandbox extends Sandbox {
  /** False where the system offers no way to see a process's memory (Windows): say so. */
  readonly memoryLimited: boolean;
  /** The most resident memory any child of this sandbox used, in megabytes. */
  readonly peakMegabytes: number;
  /** The child process, while there is one. */
  readonly pid: number | undefined;
}

const defaultMemory = 512;
/** How much later than the child's own limit the judge kills it. */
const grace = 1_000;

let spare: Promise<Child> | undefined;

/** Starts a child before it is known what it will run; the next `openSandbox` takes it. */
export function prewarm(isolation: Isolation = 'process', memory = defaultMemory): void {
  if (spare) return;
  const started = Child.start({ memory, isolation, mode: 'grade' });
  // Whoever takes it sees the error.
  started.catch(() => undefined);
  spare = started;
}

async function takeChild(memory: number, isolation: Isolation): Promise<Child> {
  const waiting = spare;
  spare = undefined;
  if (waiting) {
    const child = await waiting;
    if (child.alive && child.options.memory === memory && child.options.isolation === isolation) return child;
    child.kill();
  }
  return Child.start({ memory, isolation, mode: 'grade' });
}

/** Bundles a topic's file and loads it in a child process. */
export async function openSandbox(options: SandboxOptions): Promise<NodeSandbox> {
  const { memory = defaultMemory, isolation = 'process' } = options;
  // The two do not need each other.
  const child = takeChild(memory, isolation);
  child.catch(() => undefined);
  const bundled = await bundle(options).catch(async (error: unknown) => {
    (await child).kill();
    throw error;
  });
  const sandbox = new ChildSandbox(bundled, { memory, isolation }, options.loadLimit ?? 5_000);
  if (bundled.kind === 'failed') {
    sandbox.loaded = bundled;
    // Nobody has touched it.
    if (spare) (await child).kill();
    else spare = child;
  } else await sandbox.open(await child);
  return sandbox;
}

/** What the judge received, or why there is nothing more to receive. */
type Event = { kind: 'reply'; what: Record<string, unknown>; console: string } | { kind: 'late' } | End;

/** A request on its way: the replies with its id, in order, each once. */
class Exchange {
  readonly id = randomBytes(16).toString('hex');
  readonly #child: Child;
  readonly #replies: { what: Record<string, unknown>; console: string }[] = [];
  #received = 0;
  #end: End | undefined;
  #wake: () => void = () => undefined;
  readonly #onMessage = (message: unknown) => {
    if (typeof message !== 'object' || message === null) return;
    const { id, index, answers } = message as Record<string, unknown>;
    // The first answer to a question is final; others are not listened to.
    if (id !== this.id || index !== this.#received || !Array.isArray(answers)) return;
    for (const answer of answers as unknown[]) {
      const { what, console } = (answer ?? {}) as Record<string, unknown>;
      if (typeof what !== 'object' || what === null) return;
      this.#received++;
      const printed = typeof console === 'string' ? console.slice(0, 70_000) : '';
      this.#replies.push({ what: what as Record<string, unknown>, console: printed });
    }
    this.#wake();
  };

  constructor(child: Child) {
    this.#child = child;
    child.process.on('message', this.#onMessage);
    void child.ended.then((end) => {
      this.#end = end;
      this.#wake();
    });
    child.watch();
  }

  close(): void {
    this.#child.process.off('message', this.#onMessage);
    this.#child.unwatch();
  }

  /** The next reply, waited for at most so long. */
  async next(limit: number): Promise<Event> {
    // Looked at twice: while the judge itself was busy, the answer may have come without having been read.
    for (const wait of [limit, 100]) {
      if (this.#replies.length === 0 && !this.#end)
        await new Promise<void>((resolve) => {
          // This timer also keeps the judge alive while it waits.
          const timer = setTimeout(resolve, wait);
          this.#wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      const reply = this.#replies.shift();
      if (reply) return { kind: 'reply', ...reply };
      if (this.#end) return this.#end;
    }
    return { kind: 'late' };
  }
}

class ChildSandbox implements NodeSandbox {
  loaded: Loaded = { kind: 'failed', why: 'crash', message: 'not loaded yet' };
  readonly memoryLimited = canLimitMemory;
  readonly #bundle: Bundle | undefined;
  readonly #places: StackMapper;
  readonly #memory: number;
  readonly #isolation: Isolation;
  readonly #loadLimit: number;
  #child: Child | undefined;
  #peak = 0;
  #busy = false;
  #closed = false;
  /** How long a program of an abandoned request may still run before the child listens again. */
  #owed = 0;

  constructor(
    bundled: Awaited<ReturnType<typeof bundle>>,
    { memory, isolation }: { memory: number; isolation: Isolation },
    loadLimit: number,
  ) {
    this.#bundle = bundled.kind === 'bundle' ? bundled : undefined;
    this.#places = this.#bundle ? stackMapper(this.#bundle.map, this.#bundle.sources) : () => [];
    this.#memory = memory;
    this.#isolation = isolation;
    this.#loadLimit = loadLimit;
  }

  get peakMegabytes(): number {
    return Math.max(this.#peak, this.#child?.peak ?? 0);
  }

  get pid(): number | undefined {
    return this.#child?.alive ? this.#child.pid : undefined;
  }

  async open(child: Child): Promise<void> {
    this.loaded = await this.#load(child);
  }

  async *run(programs: Program[], options: RunOptions = {}): AsyncGenerator<Outcome> {
    const { limit = 1_000, echo = false } = options;
    if (this.#busy) throw new Error('a sandbox runs one request at a time: finish or leave the last one first');
    if (this.#closed) throw new Error('this sandbox is closed');
    if (programs.length === 0) return;
    const request: Request & { type: 'run' } = {
      type: 'run',
      id: '',
      programs: programs.map((program) =>
        program.map(({ fn, args, standIn = false }) => ({ fn, args: args.map(encode), standIn })),
      ),
      limit,
      echo,
      singly: false,
    };
    this.#busy = true;
    try {
      // A process that dies takes the answers with it that it had gathered: what is missing is asked again, one by one,
      // and only what dies then has lost.
      const rest = { ...request };
      for (;;) {
        const child = await this.#ready();
        if (!(child instanceof Child)) {
          yield child;
          return;
        }
        const answered = yield* this.#exchange(child, rest, limit);
        if (answered === undefined) return;
        rest.programs = rest.programs.slice(answered);
        rest.singly = true;
      }
    } finally {
      this.#busy = false;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#discard();
  }

  /** Yields outcomes; returns how many when the process has ended and the rest should be asked again. */
  async *#exchange(
    child: Child,
    request: Request & { type: 'run' },
    limit: number,
  ): AsyncGenerator<Outcome, number | undefined> {
    const exchange = new Exchange(child);
    const { length } = request.programs;
    let done = 0;
    try {
      child.send({ ...request, id: exchange.id });
      while (done < length) {
        const event = await exchange.next(limit + grace + (done === 0 ? this.#owed : 0));
        this.#owed = 0;
        if (event.kind !== 'reply' && !request.singly) {
          await this.#discard();
          const answered = done;
          done = Infinity;
          return answered;
        }
        const outcome = this.#outcome(event, limit);
        done = ['value', 'error'].includes(outcome.kind) ? done + 1 : Infinity;
        if (done === Infinity) await this.#discard();
        yield outcome;
      }
      return undefined;
    } finally {
      exchange.close();
      if (done < length) {
        // The reader has left: finish the program that is running, forget the rest.
        child.send({ type: 'cancel' });
        this.#owed = limit;
      }
    }
  }

  #outcome(event: Event, limit: number): Outcome {
    if (event.kind !== 'reply') return this.#lost(event, limit);
    const { what } = event;
    const printed = event.console === '' ? {} : { console: event.console };
    if (what.kind === 'timeout') return { kind: 'timeout', ms: limit, ...printed };
    if (what.kind === 'error') {
      const { fn, name, message, at } = this.#thrown(what);
      return { kind: 'error', name, message, ...(at && { at }), todo: /^TODO\b/.test(message), fn, ...printed };
    }
    try {
      if (what.kind !== 'value') throw new NotAResult('its kind');
      const value = decode(what.value);
      if (!Array.isArray(what.argsAfter)) return { kind: 'value', value, ...printed };
      const argsAfter: Value[] = what.argsAfter.map(decode);
      return { kind: 'value', value, argsAfter, ...printed };
    } catch (error) {
      if (!(error instanceof NotAResult)) throw error;
      return { kind: 'crash', detail: 'the process sent something that is not a result', ...printed };
    }
  }

  #thrown(what: Record<string, unknown>) {
    const text = (value: unknown, length = 2_000) => (typeof value === 'string' ? value.slice(0, length) : '');
    const at: Place | undefined = this.#places(text(what.stack, 20_000))[0];
    return { fn: text(what.fn), name: text(what.name, 200), message: text(what.message), at };
  }

  /** The outcome when no answer came. */
  #lost(event: Exclude<Event, { kind: 'reply' }>, limit: number): Exclude<Outcome, { kind: 'value' | 'error' }> {
    if (event.kind === 'late') return { kind: 'timeout', ms: limit };
    if (event.kind === 'oom') return { kind: 'oom', megabytes: this.#memory };
    return { kind: 'crash', detail: event.detail };
  }

  /** A child with the file loaded, or the outcome to give instead. */
  async #ready(): Promise<Child | Outcome> {
    if (this.loaded.kind === 'failed')
      return { kind: 'crash', detail: `the file did not load: ${this.loaded.message}` };
    if (this.#child?.alive) return this.#child;
    await this.#discard();
    const child = this.#closed ? undefined : await this.#start();
    // Closed while it ran: what its process took with it is not asked again.
    if (!child || this.#closed) {
      child?.kill();
      return { kind: 'crash', detail: 'the sandbox was closed' };
    }
    const again = await this.#load(child);
    if (again.kind === 'failed') return { kind: 'crash', detail: `the file did not load again: ${again.message}` };
    return this.#child!;
  }

  #start(): Promise<Child> {
    return Child.start({ memory: this.#memory, isolation: this.#isolation, mode: 'grade' });
  }

  async #load(child: Child): Promise<Loaded> {
    this.#child = child;
    this.#owed = 0;
    const exchange = new Exchange(child);
    const limit = this.#loadLimit;
    child.send({ type: 'load', id: exchange.id, code: this.#bundle!.code, limit });
    // Starting the process is not the student's time.
    const event = await exchange.next(limit + grace + 10_000);
    exchange.close();
    const loaded = this.#loading(event);
    if (loaded.kind === 'failed') await this.#discard();
    return loaded;
  }

  #loading(event: Event): Loaded {
    if (event.kind !== 'reply') return this.#neverLoaded(this.#lost(event, this.#loadLimit));
    const { what } = event;
    const printed = event.console === '' ? {} : { console: event.console };
    if (what.kind === 'timeout') return { ...this.#neverLoaded({ kind: 'timeout', ms: this.#loadLimit }), ...printed };
    if (what.kind === 'syntax' || what.kind === 'throws') {
      const { name, message, at } = this.#thrown(what);
      const text = name === '' ? `threw ${message}` : `${name}: ${message}`;
      return { kind: 'failed', why: what.kind, message: text, ...(at && { at }), ...printed };
    }
    const names = Array.isArray(what.exports) ? what.exports.slice(0, 1_000) : [];
    const exports = names.flatMap((pair: unknown) => {
      if (!Array.isArray(pair) || typeof pair[0] !== 'string') return [];
      return [[pair[0].slice(0, 200), pair[1] === 'function' ? 'function' : 'other'] as const];
    });
    if (exports.length === 0) {
      const message = 'the file exports nothing: each function of the exercise starts with `export function`';
      return { kind: 'failed', why: 'empty', message, ...printed };
    }
    return { kind: 'loaded', exports: Object.fromEntries(exports), ...printed };
  }

  #neverLoaded(lost: Exclude<Outcome, { kind: 'value' | 'error' }>): Extract<Loaded, { kind: 'failed' }> {
    const messages = {
      timeout: `the file never finished loading (limit ${this.#loadLimit} ms): is there a loop outside every function?`,
      oom: `loading the file took more than ${this.#memory} MB of memory`,
      crash: lost.kind === 'crash' ? `loading the file ended the process: ${lost.detail}` : '',
    };
    return { kind: 'failed', why: lost.kind, message: messages[lost.kind] };
  }

  async #discard(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    child.kill();
    // Nothing may be left running when this resolves; the timer keeps the judge there to see it.
    const stay = setTimeout(() => undefined, 10_000);
    await child.ended;
    clearTimeout(stay);
    this.#peak = Math.max(this.#peak, child.peak);
  }
}
