/**
 * The program of the child process: it keeps the student's realm, runs programs in it one at a time, and answers.
 * The judge bundles this file and starts it with `node -e`, so the child needs no file at all.
 *
 * Three layers keep student code in: the realm has no way to ask for anything (no process, no import, no eval), this
 * process may open no file and start nothing, and the judge believes only what has the form of a result.
 */
import { fstatSync, writeSync } from 'node:fs';
import { Script, constants, createContext } from 'node:vm';
import type { Bridge } from '../realm/lab.ts';
import type { Finished, Realm } from '../realm/realm.ts';
import type { Wire } from '../wire.ts';
import type { Answer, Loading, Ran, Reply, Request, Thrown, WireCall } from './protocol.ts';
import { freezeLanguage } from './freeze.ts';
import { field, reader } from './read.ts';

declare const MAX_DEPTH: number;
declare const MAX_SIZE: number;

const fileName = 'exercise.js';
let realm: Realm;
let read: ReturnType<typeof reader>;
let context: ReturnType<typeof createContext>;
const emptyScript = new Script('0');

// `timeout` is a feature of scripts, so a call is made by a script that calls `go`. It runs in this realm: a script of
// the student's realm would empty that realm's microtasks before the result could be copied.
let task: () => unknown;
Object.assign(globalThis, { go: () => task() });
const goScript = new Script('"use strict";go()');

/** Runs `f` for at most so many milliseconds. */
function timed<T>(f: () => T, limit: number): T {
  task = f;
  return goScript.runInThisContext({ ...timeout(limit), displayErrors: false }) as T;
}

const timeout = (limit: number) => (limit === Infinity ? {} : { timeout: Math.max(1, Math.ceil(limit)) });
const isTimeout = (thrown: unknown) => (thrown as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';

/** Runs what the student's code has put off with promises; call it inside `timed`. */
function runMicrotasks(): void {
  emptyScript.runInContext(context, { displayErrors: false });
}

function timer(limit: number): () => number {
  const end = performance.now() + limit;
  return () => end - performance.now();
}

/** `wasm`: whether the realm may compile WebAssembly, as a lab's library does. */
function load(code: string, limit: number, wasm = false): Loading {
  const left = timer(limit);
  let script: Script;
  try {
    script = new Script(code, { filename: fileName });
  } catch (thrown) {
    const { name, message, stack } = thrown as Error;
    return { kind: 'syntax', name, message, stack: String(stack) };
  }
  try {
    // The constant is missing from the types of Node 20.
    const plain = (constants as unknown as { DONT_CONTEXTIFY: object }).DONT_CONTEXTIFY;
    context = createContext(plain, {
      codeGeneration: { strings: false, wasm },
      microtaskMode: 'afterEvaluate',
    });
    realm = script.runInContext(context, { ...timeout(left()), displayErrors: false }) as Realm;
    read = reader(realm.prototypes, MAX_DEPTH, MAX_SIZE);
    const end = timed(() => {
      const end = realm.load();
      runMicrotasks();
      return end;
    }, left());
    if (!end.ok) return { kind: 'throws', ...thrownBy(end) };
    const words = timed(() => realm.exports(), left()).split('\0');
    const exports: [string, string][] = [];
    for (let i = 0; i + 1 < words.length; i += 2) exports.push([words[i], words[i + 1]]);
    return { kind: 'loaded', exports };
  } catch (thrown) {
    if (isTimeout(thrown)) return { kind: 'timeout' };
    throw thrown;
  }
}

const thrownBy = ({ name, message, stack }: Finished & { ok: false }): Thrown => ({ name, message, stack });

/** A piece of an earlier result that is not there. */
class Missing {
  readonly fn: string;
  readonly message: string;
  constructor(fn: string, message: string) {
    this.fn = fn;
    this.message = message;
  }
}

/** Builds an argument out of the realm's own objects. */
function build(wire: Wire, calls: WireCall[], results: unknown[]): unknown {
  if (typeof wire !== 'object' || wire === null) return wire;
  if (wire instanceof Uint8Array) {
    const bytes = realm.make.bytes(wire.length);
    Uint8Array.prototype.set.call(bytes, wire);
    return bytes;
  }
  switch (wire.t) {
    case 'tensor': {
      const data = realm.make.numbers(wire.data.length);
      Float64Array.prototype.set.call(data, wire.data);
      return realm.make.tensor(list(wire.shape) as number[], data);
    }
    case 'array':
      return list(wire.items.map((item) => build(item, calls, results)));
    case 'record': {
      const record = realm.make.record();
      wire.keys.forEach((key, i) => put(record, key, build(wire.values[i], calls, results)));
      return record;
    }
    case 'function':
      return realm.make.named(wire.name, build(wire.data, calls, results));
    case 'result': {
      if (wire.field === undefined) return results[wire.call];
      const found = field(results[wire.call], wire.field);
      const fn = calls[wire.call].fn;
      if (!found) throw new Missing(fn, `\`${fn}\` gave back no \`${wire.field}\``);
      return found.value;
    }
    case 'odd':
      return undefined;
  }
}

function put(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** An array of the student's realm. */
function list(items: unknown[]): unknown[] {
  const array = realm.make.array();
  items.forEach((item, i) => put(array, String(i), item));
  return array;
}

/** How long quick programs are gathered into one message: a message costs more than most programs do. */
const gather = 3;

/**
 * Runs programs from `first` on, under one time limit, until they have taken a moment or the time is up. The last answer
 * may be a timeout.
 */
function runSome(request: Request & { type: 'run' }, first: number): Answer<Ran>[] {
  const answers: Answer<Ran>[] = [];
  const start = performance.now();
  try {
    timed(() => {
      for (let i = first; i < request.programs.length; i++) {
        const what = runCalls(request.programs[i], request.echo, false);
        runMicrotasks();
        answers.push({ what, console: printed() });
        if (request.singly || performance.now() - start > gather) return;
      }
    }, request.limit + gather);
  } catch (thrown) {
    if (!isTimeout(thrown)) throw thrown;
    answers.push({ what: { kind: 'timeout' }, console: printed() });
  }
  return answers;
}

function runCalls(calls: WireCall[], echo: boolean, paused: boolean): Ran {
  const results: unknown[] = [];
  let args: unknown[] = [];
  for (const { fn, args: wires, standIn } of calls) {
    let end: Finished;
    try {
      args = wires.map((wire) => build(wire, calls, results));
      const last = results.length === calls.length - 1;
      end = (paused && last ? realm.callPaused : realm.call)(fn, list(args), standIn);
    } catch (thrown) {
      if (thrown instanceof Missing)
        return { kind: 'error', fn: thrown.fn, name: '', message: thrown.message, stack: '' };
      throw thrown;
    }
    if (!end.ok) return { kind: 'error', fn, ...thrownBy(end) };
    results.push(end.value);
  }
  // Read at once: what the student's promises still change afterwards comes too late.
  const ran: Ran = { kind: 'value', value: read(results.at(-1), 'cache') };
  if (echo) ran.argsAfter = calls.at(-1)!.args.map((wire, i) => after(wire, args[i]));
  return ran;
}

/** An argument after the call; what never leaves the sandbox is only named. */
function after(wire: Wire, value: unknown): Wire {
  const t = typeof wire === 'object' && wire !== null && 't' in wire ? wire.t : undefined;
  if (t === 'result') return { t: 'odd', what: 'a piece of an earlier result' };
  return read(value);
}

function printed(): string {
  const text: unknown = realm ? realm.printed() : '';
  return typeof text === 'string' ? text : '';
}

/** Resolves when the message is on its way, so that what the next program does cannot take it back. */
function send(reply: Reply<Loading | Ran>): Promise<void> {
  return new Promise((sent) => {
    process.send!(reply, undefined, undefined, (error) => (error ? process.exit() : sent()));
  });
}

/** Runs a lab; it speaks through standard output, which can be written in the middle of a loop. */
function lab(request: Request & { type: 'lab' }): Loading | Ran {
  const loading = load(request.code, Infinity, true);
  if (loading.kind !== 'loaded') return loading;
  let last = -Infinity;
  const bridge: Bridge = {
    send(kind, name, text, fraction) {
      if (kind === 'progress') {
        // A loop may report a million times a second; a reader wants thirty.
        const now = performance.now();
        if (fraction < 1 && now - last < 30) return;
        last = now;
      }
      writeAll(JSON.stringify([kind, name, text, fraction]) + '\n');
    },
    // The judge writes a byte into this file when Ctrl-C is pressed: a loop has no time for messages.
    stopped: () => fstatSync(request.stopFd).size > 0,
    now: () => performance.now(),
  };
  let end = realm.lab(bridge, request.files, request.options);
  runMicrotasks();
  if (end.ok)
    end = realm.labEnd() ?? {
      ok: false,
      name: '',
      message: 'the lab waits for a promise that nothing will ever keep',
      stack: '',
    };
  return end.ok ? { kind: 'value', value: undefined } : { kind: 'error', fn: 'lab', ...thrownBy(end) };
}

function writeAll(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') process.exit();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

const sendOne = (id: string, what: Loading | Ran) => send({ id, index: 0, answers: [{ what, console: printed() }] });

async function debug(request: Request & { type: 'debug' }): Promise<void> {
  const inspector = await import('node:inspector');
  inspector.open(0, '127.0.0.1');
  await new Promise<void>((sent) => process.send!({ id: request.id, url: inspector.url() }, () => sent()));
  inspector.waitForDebugger();
  const loading = load(request.code, Infinity);
  if (loading.kind !== 'loaded') return sendOne(request.id, loading);
  const what = runCalls(request.program, false, true);
  runMicrotasks();
  await sendOne(request.id, what);
}

let cancelled = 0;
/** Requests wait for one another here. */
let queue: Promise<void> = Promise.resolve();

async function answer(request: Request, mayStop: () => boolean): Promise<void> {
  if (request.type === 'load') await sendOne(request.id, load(request.code, request.limit));
  if (request.type === 'lab') await sendOne(request.id, lab(request));
  if (request.type === 'debug') await debug(request);
  if (request.type === 'run') {
    let turn = performance.now();
    for (let index = 0; index < request.programs.length;) {
      if (mayStop()) return;
      const answers = runSome(request, index);
      await send({ id: request.id, index, answers });
      index += answers.length;
      // The judge starts a fresh process after this one.
      if (answers.at(-1)!.what.kind === 'timeout') return;
      // Now and then look whether the judge has lost interest.
      if (performance.now() - turn < 5) continue;
      for (let i = 0; i < 2; i++) await new Promise((next) => setImmediate(next));
      turn = performance.now();
    }
  }
}

/** An error here is the course's mistake, not the student's: end loudly. */
function fail(error: unknown): void {
  writeSync(2, `Error in the sandbox: ${String((error as Error).stack)}\n`);
  process.exit(70);
}

process.on('message', (request: Request) => {
  if (request.type === 'cancel') {
    cancelled++;
    return;
  }
  const at = cancelled;
  queue = queue.then(() => answer(request, () => cancelled !== at)).catch(fail);
});
// The judge is gone: nobody wants an answer.
process.on('disconnect', () => process.exit());
// Ctrl-C reaches every process of the terminal; the judge decides what it means.
process.on('SIGINT', () => undefined);
for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name);
freezeLanguage();
