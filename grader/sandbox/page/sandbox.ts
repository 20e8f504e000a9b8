/** The sandbox in a page, seen from the judge's worker: another worker, behind a frame of no origin. */
import type { Loaded, Place, Sandbox } from '../../engine/sandbox.ts';
import type { Request } from '../protocol.ts';
import { HostedSandbox, type End, type Host } from '../hosted.ts';
import { place, positions, type StackMapper } from '../stack.ts';
import { link, type Catalogue } from './link.ts';

/** How a frame's worker ended by itself. */
export interface FrameEnd {
  /** A script that the engine could not read. */
  syntax?: { message: string; line: number; column: number };
  detail: string;
}

/** What only the page can do for the judge. */
export interface Frames {
  /**
   * Starts a script in a worker behind a new frame.
   * @returns the port to it; `ended` resolves when it can answer no more
   */
  open(script: string): { port: MessagePort; ended: Promise<FrameEnd>; close(): void };
}

class Frame implements Host {
  alive = true;
  readonly ended: Promise<End>;
  readonly #port: MessagePort;
  readonly #close: () => void;
  readonly #hearers = new Set<(message: unknown) => void>();
  #end!: (end: End) => void;
  #loading: string | undefined;

  constructor(frames: Frames, script: string) {
    const { port, ended, close } = frames.open(script);
    this.#port = port;
    this.#close = close;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    port.onmessage = ({ data }: MessageEvent) => {
      for (const hear of this.#hearers) hear(data);
    };
    void ended.then(({ syntax, detail }) => {
      if (syntax && this.#loading !== undefined) {
        const [, name, message] = /^(?:Uncaught )?(?:(\w*Error): )?([^]*)$/.exec(syntax.message)!;
        const stack = `    at exercise.js:${syntax.line}:${syntax.column}`;
        const what = { kind: 'syntax', name: name ?? 'SyntaxError', message: message!, stack };
        for (const hear of this.#hearers) hear({ id: this.#loading, index: 0, answers: [{ what, console: '' }] });
      } else this.#finish({ kind: 'exit', detail });
    });
  }

  send(request: Request): void {
    if (request.type === 'load') this.#loading = request.id;
    this.#port.postMessage(request);
  }

  listen(hear: (message: unknown) => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  kill(): void {
    this.#finish({ kind: 'exit', detail: 'the worker was ended' });
  }

  #finish(end: End): void {
    if (!this.alive) return;
    this.alive = false;
    this.#port.close();
    this.#close();
    this.#end(end);
  }
}

export interface PageSandboxOptions {
  /** The student's file. */
  text: string;
  /** Its path under the folder of chapters: "chapter-1-mp/neuron.ts". */
  file: string;
  /** What the site's build has made of `worker.ts`. */
  worker: string;
  catalogue: Catalogue;
  /** What #tensor exports. */
  library: readonly string[];
  /** Whether a topic comes after this one, and cannot be imported. */
  later: (topic: string) => boolean;
  frames: Frames;
}

/** Links a file and loads it in a worker. */
export async function openPageSandbox({
  text,
  file,
  worker,
  catalogue,
  library,
  later,
  frames,
}: PageSandboxOptions): Promise<Sandbox> {
  // prettier-ignore
  const linked = link(text, file, catalogue, library, later);
  if (linked.kind === 'failed') return refused(linked);
  const script = `${worker}\n${linked.script}`;
  const before = worker.split('\n').length + linked.before;
  const start = () => Promise.resolve(new Frame(frames, script));
  const sandbox = new HostedSandbox({
    start,
    code: '',
    places: places(file, text.replace(/^\uFEFF/, ''), before),
    memory: 0,
    loadLimit: 5_000,
    grace: 500,
    singly: true,
    noun: 'worker',
  });
  await sandbox.open(await start());
  return sandbox;
}

/** A sandbox for a file that never got as far as running. */
function refused(loaded: Extract<Loaded, { kind: 'failed' }>): Sandbox {
  return {
    loaded,
    async *run() {
      yield { kind: 'crash', detail: `the file did not load: ${loaded.message}` };
    },
    close: () => Promise.resolve(),
  };
}

/** Types are blanks, so a place in the script is a place in the file, some lines further down. */
function places(file: string, text: string, before: number): StackMapper {
  const sources = new Map([[file, text]]);
  const lines = text.split(/\r\n|\n|\r/).length;
  return (stack) => {
    const found: Place[] = [];
    for (const { line, column } of positions(stack))
      if (line > before && line <= before + lines) found.push(place(file, line - before, column + 1, sources));
    return found;
  };
}
