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
import { runner, thrownBy } from '../realm/calls.ts';
import { languageIsFrozen, reader } from '../realm/read.ts';
import type { Realm } from '../realm/realm.ts';
import type { Answer, Loading, PackedReply, Ran, Reply, Request, WireCall } from '../protocol.ts';
import { freezeLanguage } from './freeze.ts';
import { kinds } from './kinds.ts';
import { optimiseLater } from './optimise-later.ts';
import { pack, unpack } from './packing.ts';

declare const MAX_DEPTH: number;
declare const MAX_SIZE: number;

const fileName = 'exercise.js';
let realm: Realm | undefined;
let runCalls: ReturnType<typeof runner>;
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
  // A shared child has served another topic.
  realm = undefined;
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
    const made = script.runInContext(context, { ...timeout(left()), displayErrors: false }) as Realm;
    realm = made;
    runCalls = runner(made, reader(made.prototypes, MAX_DEPTH, MAX_SIZE, kinds), kinds);
    const end = timed(() => {
      const end = made.load();
      runMicrotasks();
      return end;
    }, left());
    if (!end.ok) return { kind: 'throws', ...thrownBy(end) };
    const words = timed(() => made.exports(), left()).split('\0');
    const exports: [string, string][] = [];
    for (let i = 0; i + 1 < words.length; i += 2) exports.push([words[i], words[i + 1]]);
    return { kind: 'loaded', exports };
  } catch (thrown) {
    if (isTimeout(thrown)) return { kind: 'timeout' };
    throw thrown;
  }
}

/** How long quick programs are gathered into one message: a message costs more than most programs do. */
const gather = 25;

interface How {
  limit: number;
  echo: boolean;
  singly: boolean;
}

/**
 * Runs programs from `first` on, under one time limit, until they have taken a moment or the time is up. The last answer
 * may be a timeout.
 */
function runSome(programs: WireCall[][], first: number, { limit, echo, singly }: How): Answer<Ran>[] {
  const answers: Answer<Ran>[] = [];
  const start = performance.now();
  try {
    timed(() => {
      for (let i = first; i < programs.length; i++) {
        const what = runCalls(programs[i], echo);
        runMicrotasks();
        answers.push({ what: withoutOwnFrames(what), console: printed() });
        if (singly || performance.now() - start > gather) return;
      }
    }, limit + gather);
  } catch (thrown) {
    if (!isTimeout(thrown)) throw thrown;
    answers.push({ what: { kind: 'timeout' }, console: printed() });
  }
  return answers;
}

/** A stack up to the realm's last frame: those below are this program's, and differ with how programs are gathered. */
function withoutOwnFrames(ran: Ran): Ran {
  if (ran.kind !== 'error') return ran;
  const { stack } = ran;
  const end = stack.indexOf('\n', stack.lastIndexOf(fileName));
  return end < 0 ? ran : { ...ran, stack: stack.slice(0, end) };
}

function printed(): string {
  const text: unknown = realm ? realm.printed() : '';
  return typeof text === 'string' ? text : '';
}

/** Resolves when the message is on its way, so that what the next program does cannot take it back. */
function send(reply: Reply<Loading | Ran> | PackedReply): Promise<void> {
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
  let end = realm!.lab(bridge, request.files, request.options);
  runMicrotasks();
  if (end.ok)
    end = realm!.labEnd() ?? {
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
  if (request.type === 'load') {
    optimiseLater();
    await sendOne(request.id, load(request.code, request.limit));
  }
  if (request.type === 'lab') await sendOne(request.id, lab(request));
  if (request.type === 'debug') await debug(request);
  if (request.type === 'run')
    await runAll(request.programs, request, mayStop, (index, answers) => send({ id: request.id, index, answers }));
  if (request.type === 'packed') {
    const { id, programs } = request;
    await runAll(unpack(programs, 1)[0] as WireCall[][], { ...request, singly: false }, mayStop, (index, answers) =>
      send({ id, index, count: answers.length, packed: pack(answers), ended: timedOut(answers) }),
    );
  }
}

const timedOut = (answers: Answer<Ran>[]) => answers.at(-1)!.what.kind === 'timeout';

async function runAll(
  programs: WireCall[][],
  how: How,
  mayStop: () => boolean,
  reply: (index: number, answers: Answer<Ran>[]) => Promise<void>,
): Promise<void> {
  let turn = performance.now();
  for (let index = 0; index < programs.length;) {
    if (mayStop()) return;
    const answers = runSome(programs, index, how);
    await reply(index, answers);
    index += answers.length;
    // The judge starts a fresh process after this one.
    if (timedOut(answers)) return;
    // Now and then look whether the judge has lost interest.
    if (performance.now() - turn < 5) continue;
    for (let i = 0; i < 2; i++) await new Promise((next) => setImmediate(next));
    turn = performance.now();
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
languageIsFrozen();
