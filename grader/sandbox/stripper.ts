/**
 * The stripper on the command line, within limits. It only reads a student's file, but some few lines can make a parser
 * work for hours.
 *
 * A file is nearly always stripped at once. One that takes longer is begun again in a thread, so that the judge stays
 * awake, and that thread is ended when it is too much for it, too. (To start a thread takes longer than to strip ten
 * files.)
 */
import { Script } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { TooMuch, isOver, ownMilliseconds, type TimeLimit } from './bundler.ts';
import { kept } from './kept.ts';
import { ProcessorTime } from './processor-time.ts';
import type { strip } from './strip.ts';

type Result = ReturnType<typeof strip>;

/** Milliseconds for one file at once; it takes 10. */
const atOnce = 250;
/** For one file in a thread. Less than the bundler has, which waits for it. */
const ours: TimeLimit = { limit: 4_000, patience: 20_000 };
/** Megabytes of the thread's heap; it takes 10. */
const memory = 256;

const name = Symbol.for('course: what is to be done in time');
const task = new Script(`globalThis[Symbol.for(${JSON.stringify(name.description)})]()`);

/** Runs `f`, or gives undefined when it takes longer. A limit of time is a feature of scripts. */
function inTime<T>(f: () => T, milliseconds: number): T | undefined {
  Object.assign(globalThis, { [name]: f });
  try {
    return task.runInThisContext({ timeout: milliseconds, displayErrors: false }) as T;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  } finally {
    Reflect.deleteProperty(globalThis, name);
  }
}

type Strip = typeof strip;
let loaded: Promise<Strip> | undefined;
let code: Promise<string> | undefined;

/** The stripper as an expression of JavaScript. */
function stripperCode(): Promise<string> {
  code ??= kept('strip.js', makeCode);
  return code;
}

async function makeCode(): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./strip.ts', import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    globalName: 'stripper',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'node20',
    logLevel: 'silent',
    tsconfigRaw: {},
    banner: { js: '(function () { "use strict";' },
    footer: { js: 'return stripper.strip; })()' },
  });
  return outputFiles[0].text.trim();
}

/** What students' files are full of: the parts of the parser that it needs are kept compiled. */
const SAMPLE = `import { type Shape, Tensor } from '#tensor';
/** What backward needs. */
export interface Cache { x: Tensor; sizes?: readonly number[] }
export type Pair = [a: number, b: { y: Tensor; cache: Cache }];
export function f<T extends object>(x: Tensor, { rate = 0.1 }: { rate?: number } = {}, ...more: T[]): Pair[1] {
  const y = x.map((value, i) => (value >= 0 ? value * rate : -1));
  for (let i = 0; i < y.data.length; i++) if (!y.data[i]!) y.data[i] += Math.max(i ** 2, 1) as number;
  for (const one of more) { const { a, ...rest } = { a: [1, ...more], one, f }; while (rest && a === null) break; }
  if (y.shape.length !== 1) throw new Error(\`shape \${String(y.shape)}\`);
  return { y, cache: { x, sizes: [...(y.shape as Shape)] } };
}
export class Layer { readonly #n: number; constructor(n = 1) { this.#n = n; } get n(): number { return this.#n; } }
const g = (t: number): number => { try { return t ?? 0; } catch { return /a/.test('b') ? t % 2 : 1; } };
export { g as h };
`;

async function load(): Promise<Strip> {
  if (globalThis.courseCache === undefined) return (await import('./strip.ts')).strip;
  const text = await stripperCode();
  // Compiled code, since compiling takes longer than stripping.
  const compiled = await kept('strip.compiled', () => {
    const script = new Script(text);
    (script.runInThisContext() as Strip)(SAMPLE, 'sample.ts');
    return Promise.resolve(script.createCachedData().toString('base64'));
  });
  return new Script(text, { cachedData: Buffer.from(compiled, 'base64') }).runInThisContext() as Strip;
}

/**
 * As `strip`; rejects with {@link TooMuch} beyond the limits.
 * @param file the path under the folder of chapters, for messages
 */
export async function stripWithin(source: string, file: string, time = ours): Promise<Result> {
  loaded ??= load();
  const strip = await loaded;
  return inTime(() => strip(source, file), atOnce) ?? (await inThread(source, file, time));
}

async function inThread(source: string, file: string, time: TimeLimit): Promise<Result> {
  const program = `const { parentPort, workerData: { source, file } } = require('node:worker_threads');
    parentPort.postMessage(${await stripperCode()}(source, file));`;
  const thread = new Worker(program, {
    eval: true,
    execArgv: [],
    env: {},
    workerData: { source, file },
    resourceLimits: { maxOldGenerationSizeMb: memory, stackSizeMb: 4 },
  });
  const used = new ProcessorTime(ownMilliseconds);
  const started = performance.now();
  const watch = setInterval(() => isOver(time, started, used) && void thread.terminate(), 50);
  try {
    return await new Promise<Result>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', (error: Error & { code?: string }) =>
        reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new TooMuch() : error),
      );
      thread.once('exit', () => reject(new TooMuch()));
    });
  } finally {
    clearInterval(watch);
    void thread.terminate();
  }
}
