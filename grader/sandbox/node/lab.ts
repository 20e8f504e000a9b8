/** Labs: the student's own functions, all of them together, trained for as long as it takes. */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Loaded, Place } from '../../engine/sandbox.ts';
import { bundle } from '../bundle.ts';
import { isPlainFileName } from '../realm/lab.ts';
import { stackMapper } from '../stack.ts';
import { Child, canLimitMemory } from './process.ts';
import { onlyAnswer } from '../protocol.ts';

export interface LabOptions {
  /** Folder whose `<chapter>/lab.ts` is run, with everything it imports: the student's chapters, or the solutions. */
  chapters: string;
  /** Path of the pristine library, for a folder that has no `tensor/index.ts` of its own. */
  tensor: string;
  /** "chapter-1-mp" */
  chapter: string;
  /** Files saved by an earlier run, for `io.load`. */
  files?: Record<string, string>;
  /** Settings for `io.option`. */
  options?: Record<string, string>;
  /** Limit of resident memory in megabytes (default 2,048). */
  memory?: number;
  /** Called in the order of the lab's calls, while it runs. */
  on: {
    print(text: string): void;
    progress(fraction: number, note: string): void;
    /** The name is a plain file name. */
    save(fileName: string, text: string): void;
  };
}

export type LabEnd =
  | { kind: 'done' }
  | { kind: 'failed'; loaded: Extract<Loaded, { kind: 'failed' }> }
  | { kind: 'error'; name: string; message: string; at?: Place; todo: boolean }
  | { kind: 'oom'; megabytes: number }
  | { kind: 'crash'; detail: string }
  /** `close` was called. */
  | { kind: 'closed' };

export interface Lab {
  readonly done: Promise<LabEnd>;
  /** Makes `io.stopped()` true: the lab may save and return. */
  stop(): void;
  /** Ends it at once. */
  close(): Promise<void>;
  readonly pid: number | undefined;
  /** False where the system offers no way to see a process's memory. */
  readonly memoryLimited: boolean;
}

/** Starts a lab. */
export async function openLab(options: LabOptions): Promise<Lab> {
  const { chapters, tensor, chapter } = options;
  const topic = `${chapter}/lab`;
  const bundled = await bundle({ chapters, standIns: chapters, tensor, topic, mode: 'lab' });
  if (bundled.kind === 'failed') {
    const done = Promise.resolve<LabEnd>({ kind: 'failed', loaded: bundled });
    const nothing = async () => undefined;
    return { done, stop: () => undefined, close: nothing, pid: undefined, memoryLimited: canLimitMemory };
  }

  // The child asks this file's size to learn of Ctrl-C, in the middle of a loop and on every system.
  const folder = mkdtempSync(path.join(tmpdir(), 'lab-'));
  const stopFile = openSync(path.join(folder, 'stop'), 'w+');
  const memory = options.memory ?? 2_048;
  const child = await Child.start({ memory, mode: 'lab', stopFd: stopFile });
  child.watch();
  let closed = false;
  let running = true;
  const id = randomBytes(16).toString('hex');
  const stream = listen(child, options.on);

  const places = stackMapper(bundled.map, bundled.sources);
  const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 20_000) : '');
  const reply = new Promise<LabEnd>((resolve) => {
    child.process.on('message', (message: unknown) => {
      if (typeof message !== 'object' || message === null || (message as { id?: unknown }).id !== id) return;
      const { kind, name, message: said, stack } = onlyAnswer(message).what ?? {};
      const at = places(text(stack))[0];
      if (kind === 'value') resolve({ kind: 'done' });
      else if (kind === 'error')
        resolve({ kind, name: text(name), message: text(said), ...(at && { at }), todo: /^TODO\b/.test(text(said)) });
      else {
        const why = kind === 'syntax' ? 'syntax' : 'throws';
        resolve({
          kind: 'failed',
          loaded: { kind: 'failed', why, message: `${text(name)}: ${text(said)}`, ...(at && { at }) },
        });
      }
    });
  });
  const lost = child.ended.then<LabEnd>((end) => {
    if (closed) return { kind: 'closed' };
    return end.kind === 'oom' ? { kind: 'oom', megabytes: memory } : { kind: 'crash', detail: end.detail };
  });

  const finish = async (): Promise<LabEnd> => {
    // A lab has no time limit; this keeps the judge there.
    const stay = setInterval(() => undefined, 60_000);
    const end = await Promise.race([reply, lost]);
    child.kill();
    await child.ended;
    await stream;
    clearInterval(stay);
    running = false;
    closeSync(stopFile);
    rmSync(folder, { recursive: true, force: true });
    return end;
  };
  child.send({
    type: 'lab',
    id,
    code: bundled.code,
    files: JSON.stringify(Object.entries(options.files ?? {})),
    options: JSON.stringify(Object.entries(options.options ?? {})),
    stopFd: 4,
  });
  const done = finish();
  return {
    done,
    stop() {
      if (running) writeSync(stopFile, '.');
    },
    async close() {
      closed = true;
      child.kill();
      await done;
    },
    pid: child.pid,
    memoryLimited: canLimitMemory,
  };
}

/** Reads the lab's calls, one line of JSON each; resolves when the stream has ended. */
function listen(child: Child, on: LabOptions['on']): Promise<void> {
  let rest = '';
  const line = (json: string) => {
    const [kind, name, text, fraction] = JSON.parse(json) as [string, string, string, number];
    if (kind === 'print') on.print(String(text));
    if (kind === 'progress') on.progress(Number(fraction), String(text));
    if (kind === 'save' && isPlainFileName(name)) on.save(name, String(text));
  };
  return new Promise((resolve) => {
    child.process.stdout!.setEncoding('utf8');
    child.process.stdout!.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const json of lines) line(json);
    });
    child.process.stdout!.on('close', resolve);
  });
}
