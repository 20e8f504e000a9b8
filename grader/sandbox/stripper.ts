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
import { TooMuch } from './bundler.ts';
import { kept } from './kept.ts';
import type { strip } from './strip.ts';

type Result = ReturnType<typeof strip>;

/** Milliseconds for one file at once; it takes 10. */
const atOnce = 250;
/** Milliseconds for one file in a thread. Less than the bundler has, which waits for it. */
const limit = 4_000;
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

/**
 * As `strip`; rejects with {@link TooMuch} beyond the limits.
 * @param file the path under the folder of chapters, for messages
 */
export async function stripWithin(source: string, file: string): Promise<Result> {
  // Loaded when there is something to strip.
  const { strip } = await import('./strip.ts');
  return inTime(() => strip(source, file), atOnce) ?? (await inThread(source, file));
}

let code: Promise<string> | undefined;

async function makeCode(): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./strip-thread.ts', import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    tsconfigRaw: {},
  });
  return outputFiles[0].text;
}

async function inThread(source: string, file: string): Promise<Result> {
  code ??= kept('strip.js', makeCode);
  const thread = new Worker(await code, {
    eval: true,
    execArgv: [],
    env: {},
    workerData: { source, file },
    resourceLimits: { maxOldGenerationSizeMb: memory, stackSizeMb: 4 },
  });
  const timer = setTimeout(() => void thread.terminate(), limit);
  try {
    return await new Promise<Result>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', (error: Error & { code?: string }) =>
        reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new TooMuch() : error),
      );
      thread.once('exit', () => reject(new TooMuch()));
    });
  } finally {
    clearTimeout(timer);
    void thread.terminate();
  }
}
