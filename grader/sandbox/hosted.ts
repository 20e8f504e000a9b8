/**
 * The judge's end of a sandbox: requests, replies, limits and restarts, whatever the other end is (a child process, a
 * worker behind a frame).
 */
import { IDLE, type Loaded, type Outcome, type Place, type Program, type RunOptions, type Sandbox } from '../engine/sandbox.ts'; // prettier-ignore
import type { Value } from '../engine/value.ts';
import { ProcessorTime } from './processor-time.ts';
import type { Request, WireCall } from './protocol.ts';
import type { StackMapper } from './stack.ts';
import { NotAResult, decode, encode } from './wire.ts';

export type End =
  | { kind: 'oom' }
  /** Killed by `kill`, or it left by itself. */
  | { kind: 'exit'; detail: string };

/** Where the student's code runs. */
export interface Host {
  readonly alive: boolean;
  /** Resolves when it is gone and everything it sent has been delivered. */
  readonly ended: Promise<End>;
  send(request: Request): void;
  /** Hears every message; gives back what ends the listening. */
  listen(hear: (message: unknown) => void): () => void;
  kill(): void;
  /** Milliseconds of processor time so far, where the system tells. */
  cpu?(): number | undefined;
}

export interface HostedOptions<H extends Host> {
  /** Starts another host in the place of one that is gone. */
  start: () => Promise<H>;
  /** What is sent to be loaded. */
  code: string;
  places: StackMapper;
  /** Limit of memory in megabytes, for messages. */
  memory: number;
  /** Limit for loading the file in milliseconds. */
  loadLimit: number;
  /** How much later than its own limit a host is killed. */
  grace: number;
  /** How much longer what hardly got the processor may take, when it is tried once more (default 20,000). */
  patience?: number;
  /** Whether a host answers programs one by one from the start. */
  singly: boolean;
  /** What to call the host in messages: "process". */
  noun: string;
  /** With it, requests are made in bytes, and the last one is there to be looked at. */
  packing?: Packing | undefined;
}

/** How a host that knows it is asked in bytes. */
export interface Packing {
  pack(values: readonly unknown[]): Uint8Array;
  /** @throws Error where the bytes are not so many values */
  unpack(bytes: Uint8Array, count: number): unknown[];
}

/** A request as it was sent. */
export interface Asked {
  programs: Uint8Array;
  count: number;
  limit: number;
  echo: boolean;
}

/** So many answers, as bytes. */
export interface Packed {
  count: number;
  packed: Uint8Array;
  /** The last of them is a timeout: nothing follows. */
  ended: boolean;
}

/** A request on its way, and again when a part of it has to be asked again. */
interface Run {
  programs: WireCall[][];
  limit: number;
  echo: boolean;
  singly: boolean;
}

function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

interface Answered {
  kind: 'reply';
  what: Record<string, unknown>;
  console: string;
  /** Its message holds further answers. */
  more?: boolean;
}

/** What the judge received, or why there is nothing more to receive. */
type Event = Answered | ({ kind: 'packed' } & Packed) | { kind: 'late' } | End;

/** In place of what is no answer; the judge takes it for a crash. */
const BROKEN: Answered = { kind: 'reply', what: { kind: 'broken' }, console: '' };

/** An answer as it was sent, if it has the form of one. */
function answerIn(answer: unknown): Answered | undefined {
  const { what, console } = (answer ?? {}) as Record<string, unknown>;
  if (typeof what !== 'object' || what === null) return undefined;
  const printed = typeof console === 'string' ? console.slice(0, 70_000) : '';
  return { kind: 'reply', what: what as Record<string, unknown>, console: printed };
}

/** An outcome without an answer. */
type Lost = Exclude<Outcome, { kind: 'value' | 'error' }>;

/** A request on its way: the replies with its id, in order, each once. */
class Exchange {
  readonly id = randomId();
  readonly #stop: () => void;
  readonly #replies: (Answered | ({ kind: 'packed' } & Packed))[] = [];
  #received = 0;
  #end: End | undefined;
  #wake: () => void = () => undefined;
  readonly #onMessage = (message: unknown) => {
    if (typeof message !== 'object' || message === null) return;
    const { id, index, answers, count, packed, ended } = message as Record<string, unknown>;
    // The first answer to a question is final; others are not listened to.
    if (id !== this.id || index !== this.#received) return;
    if (packed instanceof Uint8Array && typeof count === 'number' && count > 0) {
      this.#received += count;
      this.#replies.push({ kind: 'packed', count, packed, ended: ended === true });
    } else if (Array.isArray(answers)) {
      for (const [i, answer] of (answers as unknown[]).entries()) {
        const reply = answerIn(answer);
        if (!reply) return;
        this.#received++;
        this.#replies.push({ ...reply, more: i < answers.length - 1 });
      }
    } else return;
    this.#wake();
  };

  constructor(host: Host) {
    this.#stop = host.listen(this.#onMessage);
    void host.ended.then((end) => {
      this.#end = end;
      this.#wake();
    });
  }

  close(): void {
    this.#stop();
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
      if (reply) return reply;
      if (this.#end) return this.#end;
    }
    return { kind: 'late' };
  }
}

const isTimeout = (event: Event): boolean =>
  event.kind === 'late' ||
  (event.kind === 'packed' && event.ended) ||
  (event.kind === 'reply' && event.what.kind === 'timeout');

export class HostedSandbox<H extends Host> implements Sandbox {
  loaded: Loaded = { kind: 'failed', why: 'crash', message: 'not loaded yet' };
  protected host: H | undefined;
  /** The last request and all of its answers, where they were made in bytes and each was a value or an error. */
  protected last: { asked: Asked; answers: readonly Packed[] } | undefined;
  readonly #options: HostedOptions<H>;
  #busy = false;
  #closed = false;
  /** How long a program of an abandoned request may still run before the host listens again. */
  #owed = 0;

  constructor(options: HostedOptions<H>) {
    this.#options = options;
  }

  async open(host: H): Promise<void> {
    this.loaded = await this.#load(host);
  }

  /** How long something may take that hardly got the processor when it had its limit. */
  #patient(limit: number): number {
    return limit + (this.#options.patience ?? 20_000);
  }

  async *run(programs: Program[], options: RunOptions = {}): AsyncGenerator<Outcome> {
    const { limit = 1_000, echo = false } = options;
    if (this.#busy) throw new Error('a sandbox runs one request at a time: finish or leave the last one first');
    if (this.#closed) throw new Error('this sandbox is closed');
    if (programs.length === 0) return;
    const request: Run = {
      programs: programs.map((program) =>
        program.map(({ fn, args, standIn = false }) => ({ fn, args: args.map(encode), standIn })),
      ),
      limit,
      echo,
      singly: this.#options.singly,
    };
    this.last = undefined;
    this.#busy = true;
    try {
      // A process that dies takes the answers with it that it had gathered: what is missing is asked again, one by one,
      // and only what dies then has lost. What was late because the machine is busy gets more time, once.
      const rest = { ...request };
      for (;;) {
        const ready = await this.#ready();
        if ('kind' in ready) {
          yield ready;
          return;
        }
        const left = yield* this.#exchange(ready.host, rest, limit);
        if (left === undefined) return;
        rest.programs = rest.programs.slice(left.answered);
        rest.singly = true;
        if (left.starved) rest.limit = this.#patient(limit);
      }
    } finally {
      this.#busy = false;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const { host } = this;
    const idle = !this.#busy && this.#owed === 0;
    if (host?.alive && idle && this.takesBack(host)) this.host = undefined;
    else await this.#discard();
  }

  /** Whether a host that has nothing left to do is kept for something else, and not ended. */
  protected takesBack(_host: H): boolean {
    return false;
  }

  /**
   * Asks what was asked before. The answers as they came, up to the first that is the last (a timeout); undefined when
   * the host ended over it, or hardly got the processor: then it has to be asked in the ordinary way.
   */
  protected async ask(asked: Asked): Promise<Packed[] | undefined> {
    if (this.#busy) throw new Error('a sandbox runs one request at a time: finish or leave the last one first');
    this.#busy = true;
    try {
      const ready = await this.#ready();
      if ('kind' in ready) return undefined;
      const exchange = new Exchange(ready.host);
      const { programs, count, limit, echo } = asked;
      const answers: Packed[] = [];
      try {
        ready.host.send({ type: 'packed', id: exchange.id, programs, limit, echo });
        const used = new ProcessorTime(() => ready.host.cpu?.(), this.#owed);
        for (let received = 0; received < count;) {
          const event = await exchange.next(limit + this.#options.grace + (received === 0 ? this.#owed : 0));
          this.#owed = 0;
          const starved = isTimeout(event) && used.isBelow(limit / 2);
          if (event.kind !== 'packed' || event.count > count - received || starved) {
            await this.#discard();
            return undefined;
          }
          used.restart();
          answers.push(event);
          received += event.count;
          if (!event.ended) continue;
          await this.#discard();
          break;
        }
      } finally {
        exchange.close();
      }
      return answers;
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Yields outcomes; returns how many when the rest should be asked again: the process has ended, or it hardly got the
   * processor.
   * @param limit the limit that counts; the request's own may be a patient one
   */
  async *#exchange(
    host: H,
    request: Run,
    limit: number,
  ): AsyncGenerator<Outcome, { answered: number; starved: boolean } | undefined> {
    const exchange = new Exchange(host);
    const { length } = request.programs;
    const patient = request.limit > limit;
    const asked = this.#packed(request);
    const answers: Packed[] = [];
    let done = 0;
    try {
      if (asked) host.send({ type: 'packed', id: exchange.id, programs: asked.programs, limit, echo: request.echo });
      else host.send({ type: 'run', ...request, id: exchange.id });
      const used = new ProcessorTime(() => host.cpu?.(), this.#owed);
      while (done < length) {
        const wait = request.limit + this.#options.grace + (done === 0 ? this.#owed : 0);
        this.#owed = 0;
        const event = patient
          ? await this.#nextWhile(exchange, wait, () => used.isBelow(2 * limit))
          : await exchange.next(wait);
        const starved = isTimeout(event) && used.isBelow(limit / 2);
        // Before a timeout in the same message nothing is restarted: it is the timeout that has taken the time.
        if (event.kind === 'packed' || (event.kind === 'reply' && !event.more)) used.restart();
        if (event.kind === 'packed') answers.push(event);
        for (const answer of event.kind === 'packed' ? this.#unpacked(event) : [event]) {
          if ((starved && !patient && isTimeout(answer)) || (answer.kind !== 'reply' && !request.singly)) {
            await this.#discard();
            const answered = done;
            done = Infinity;
            return { answered, starved };
          }
          const outcome = this.#outcome(answer, limit);
          done = ['value', 'error'].includes(outcome.kind) ? done + 1 : Infinity;
          if (done === Infinity) await this.#discard();
          if (done === length && asked) this.last = { asked, answers };
          yield outcome.kind === 'timeout' && starved ? { ...outcome, ms: request.limit, idle: true } : outcome;
          if (done >= length) break;
        }
      }
      return undefined;
    } finally {
      exchange.close();
      if (done < length) {
        // The reader has left: finish the program that is running, forget the rest.
        host.send({ type: 'cancel' });
        this.#owed = request.limit;
      }
    }
  }

  /** The next reply, waited for at most so long, and only as long as this holds. */
  async #nextWhile(exchange: Exchange, wait: number, holds: () => boolean): Promise<Event> {
    for (const end = performance.now() + wait; ;) {
      const event = await exchange.next(100);
      if (event.kind !== 'late' || performance.now() > end) return event;
      // One that has ended has no processor time either, and is about to say how.
      if (!holds()) return exchange.next(100);
    }
  }

  #packed({ programs, limit, echo, singly }: Run): Asked | undefined {
    const { packing } = this.#options;
    if (!packing || singly) return undefined;
    return { programs: packing.pack([programs]), count: programs.length, limit, echo };
  }

  #unpacked({ packed, count }: Packed): Exclude<Event, { kind: 'packed' }>[] {
    try {
      return this.#options.packing!.unpack(packed, count).map((answer) => answerIn(answer) ?? BROKEN);
    } catch {
      return [BROKEN];
    }
  }

  /** The outcomes that lie in packed answers. */
  protected outcomesIn(answers: readonly Packed[], limit: number): Outcome[] {
    return answers.flatMap((some) => this.#unpacked(some)).map((answer) => this.#outcome(answer, limit));
  }

  #outcome(event: Exclude<Event, { kind: 'packed' }>, limit: number): Outcome {
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
      return { kind: 'crash', detail: `the ${this.#options.noun} sent something that is not a result`, ...printed };
    }
  }

  #thrown(what: Record<string, unknown>) {
    const text = (value: unknown, length = 2_000) => (typeof value === 'string' ? value.slice(0, length) : '');
    const at: Place | undefined = this.#options.places(text(what.stack, 20_000))[0];
    return { fn: text(what.fn), name: text(what.name, 200), message: text(what.message), at };
  }

  /** The outcome when no answer came. */
  #lost(event: Exclude<Event, { kind: 'reply' | 'packed' }>, limit: number): Lost {
    if (event.kind === 'late') return { kind: 'timeout', ms: limit };
    if (event.kind === 'oom') return { kind: 'oom', megabytes: this.#options.memory };
    return { kind: 'crash', detail: event.detail };
  }

  /** A host with the file loaded, or the outcome to give instead. */
  async #ready(): Promise<{ host: H } | Outcome> {
    if (this.loaded.kind === 'failed')
      return { kind: 'crash', detail: `the file did not load: ${this.loaded.message}` };
    if (this.host?.alive) return { host: this.host };
    await this.#discard();
    const host = this.#closed ? undefined : await this.#options.start();
    // Closed while it ran: what its process took with it is not asked again.
    if (!host || this.#closed) {
      host?.kill();
      return { kind: 'crash', detail: 'the sandbox was closed' };
    }
    const again = await this.#load(host);
    if (again.kind === 'failed') return { kind: 'crash', detail: `the file did not load again: ${again.message}` };
    return { host };
  }

  async #load(host: H): Promise<Loaded> {
    const { loadLimit } = this.#options;
    const first = await this.#loadWithin(host, loadLimit);
    const again = first.starved && !this.#closed ? await this.#options.start() : undefined;
    if (!again || this.#closed) {
      again?.kill();
      return first.loaded;
    }
    return (await this.#loadWithin(again, this.#patient(loadLimit))).loaded;
  }

  async #loadWithin(host: H, limit: number): Promise<{ loaded: Loaded; starved: boolean }> {
    this.host = host;
    this.#owed = 0;
    const exchange = new Exchange(host);
    const { loadLimit, grace, code } = this.#options;
    host.send({ type: 'load', id: exchange.id, code, limit });
    const used = new ProcessorTime(() => host.cpu?.());
    // Starting the process is not the student's time.
    const wait = limit + grace + 10_000;
    const event =
      limit > loadLimit
        ? await this.#nextWhile(exchange, wait, () => used.isBelow(2 * loadLimit))
        : await exchange.next(wait);
    const starved = isTimeout(event) && used.isBelow(loadLimit / 2);
    exchange.close();
    const loaded = this.#loading(event, starved ? limit : undefined);
    if (loaded.kind === 'failed') await this.#discard();
    return { loaded, starved };
  }

  /** @param idle the milliseconds that it had, if it hardly got the processor in them */
  #loading(event: Event, idle?: number): Loaded {
    // Nobody asked for bytes here.
    if (event.kind === 'packed') event = BROKEN;
    const ms = idle ?? this.#options.loadLimit;
    const late: Lost = { kind: 'timeout', ms, ...(idle !== undefined && { idle: true }) };
    if (event.kind !== 'reply')
      return this.#neverLoaded(event.kind === 'late' ? late : this.#lost(event, this.#options.loadLimit));
    const { what } = event;
    const printed = event.console === '' ? {} : { console: event.console };
    if (what.kind === 'timeout') return { ...this.#neverLoaded(late), ...printed };
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

  #neverLoaded(lost: Lost): Extract<Loaded, { kind: 'failed' }> {
    const messages = {
      timeout:
        lost.kind === 'timeout' && lost.idle
          ? `the file did not finish loading within ${lost.ms / 1000} s, and ${IDLE}`
          : `the file never finished loading (limit ${this.#options.loadLimit} ms): is there a loop outside every function?`,
      oom: `loading the file took more than ${this.#options.memory} MB of memory`,
      crash: lost.kind === 'crash' ? `loading the file ended the ${this.#options.noun}: ${lost.detail}` : '',
    };
    return { kind: 'failed', why: lost.kind, message: messages[lost.kind] };
  }

  async #discard(): Promise<void> {
    const { host } = this;
    this.host = undefined;
    if (!host) return;
    host.kill();
    // Nothing may be left running when this resolves; the timer keeps the judge there to see it.
    const stay = setTimeout(() => undefined, 10_000);
    await host.ended;
    clearTimeout(stay);
    this.left(host);
  }

  /** Called with each host when it is gone. */
  protected left(_host: H): void {}
}
