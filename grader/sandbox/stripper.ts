/**
 * The stripper on the command line, within limits. It only reads a student's file, but some few lines can make a parser
 * work for hours, so it works in a thread of its own, which is ended when a file is too much for it.
 */
import { Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { TooMuch } from './bundler.ts';
import { kept } from './kept.ts';
import type { strip } from './strip.ts';

type Result = ReturnType<typeof strip>;

/** Milliseconds for one file; it takes 10. Less than the bundler has, which waits for it. */
const limit = 4_000;
/** Megabytes of the thread's heap; it takes 10. */
const memory = 256;

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

async function start(): Promise<Worker> {
  code ??= kept('strip.js', makeCode);
  const thread = new Worker(await code, {
    eval: true,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: memory, stackSizeMb: 4 },
  });
  thread.unref();
  return thread;
}

/** A thread that has nothing to do. */
let idle: Worker | undefined;

/**
 * As `strip`, in another thread; rejects with {@link TooMuch} beyond the limits.
 * @param file the path under the folder of chapters, for messages
 */
export async function stripWithin(source: string, file: string): Promise<Result> {
  let thread = idle;
  idle = undefined;
  thread ??= await start();
  return new Promise<Result>((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
    };
    const end = (error: Error) => {
      done();
      // What it still says is for nobody.
      thread.on('error', () => undefined);
      void thread.terminate();
      reject(error);
    };
    const onMessage = (result: Result) => {
      done();
      if (idle) void thread.terminate();
      else idle = thread;
      resolve(result);
    };
    const onError = (error: Error & { code?: string }) =>
      end(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new TooMuch() : error);
    const onExit = () => end(new TooMuch());
    // The timer also keeps the judge alive while it waits.
    const timer = setTimeout(onExit, limit);
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    thread.postMessage({ source, file });
  });
}
