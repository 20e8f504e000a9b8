/** Labs in a page, seen from the judge's worker: the same realm, the same `io`, as long as it takes. */
import type { Place } from '../../engine/sandbox.ts';
import { onlyAnswer, type Request } from '../protocol.ts';
import { isPlainFileName } from '../realm/lab.ts';
import { linkLab } from './link-lab.ts';
import type { Frames } from './sandbox.ts';

export interface PageLabOptions {
  /** The student's files and the lab, by their path under the folder of chapters. */
  files: Readonly<Record<string, string>>;
  /** "chapter-1-mp" */
  chapter: string;
  /** Settings for `io.option`. */
  options: Readonly<Record<string, string>>;
  /** What the site's build has made of `worker.ts`. */
  worker: string;
  /** What #tensor exports. */
  library: readonly string[];
  frames: Frames;
  on: {
    print(text: string): void;
    progress(fraction: number, note: string): void;
    save(fileName: string, text: string): void;
  };
}

export type PageLabEnd =
  | { kind: 'done' }
  /** `todo`: a function that is not written yet. */
  | { kind: 'error'; message: string; todo?: string; at?: Place };

/** Characters of one message that are heard; a picture has 100,000. */
const MOST = 2_000_000;
const text = (value: unknown, length = MOST) => (typeof value === 'string' ? value.slice(0, length) : '');

/** Runs a lab to its end; who wants it to end earlier closes the frame. */
export async function runPageLab({
  files,
  chapter,
  options,
  worker,
  library,
  frames,
  on,
}: PageLabOptions): Promise<PageLabEnd> {
  // prettier-ignore
  const linked = linkLab(files, `${chapter}/lab.ts`, library);
  if (linked.kind === 'failed') return { kind: 'error', message: linked.message, ...(linked.at && { at: linked.at }) };
  const places = linked.places(worker.split('\n').length);
  const { port, ended, close } = frames.open(`${worker}\n${linked.script}`);
  const ids = [crypto.randomUUID(), crypto.randomUUID()] as const;
  const hearers = new Map<unknown, (what: Record<string, unknown>) => void>();
  port.onmessage = ({ data }: MessageEvent) => {
    const { id, lab } = (data ?? {}) as { id?: unknown; lab?: unknown };
    if (Array.isArray(lab) && id === ids[1]) {
      const [kind, name, said, fraction] = lab as unknown[];
      if (kind === 'print') on.print(text(said));
      if (kind === 'progress') on.progress(Math.min(1, Math.max(0, Number(fraction) || 0)), text(said, 500));
      if (kind === 'save' && isPlainFileName(name)) on.save(name, text(said));
      return;
    }
    const what = typeof data === 'object' && data !== null ? onlyAnswer(data as object).what : undefined;
    if (what) hearers.get(id)?.(what);
  };
  const lost = ended.then(({ syntax, detail }) => ({
    kind: 'error',
    name: '',
    message: syntax ? syntax.message.replace(/^Uncaught /, '') : detail,
    stack: syntax ? `    at exercise.js:${syntax.line}:${syntax.column}` : '',
  }));
  const ask = (request: Request & { id: string }): Promise<Record<string, unknown>> => {
    const answer = new Promise<Record<string, unknown>>((resolve) => hearers.set(request.id, resolve));
    port.postMessage(request);
    return Promise.race([answer, lost]);
  };
  try {
    let end = await ask({ type: 'load', id: ids[0], code: '', limit: Infinity });
    if (end.kind === 'loaded')
      end = await ask({ type: 'lab', id: ids[1], code: '', files: '[]', options: JSON.stringify(Object.entries(options)), stopFd: 0 }); // prettier-ignore
    if (end.kind === 'value') return { kind: 'done' };
    const message = text(end.message, 2_000);
    const at = places(text(end.stack, 20_000))[0];
    const name = text(end.name, 200);
    const todo = /^TODO:? *([\w$]+)/.exec(message)?.[1];
    return {
      kind: 'error',
      message: name === '' ? message : `${name}: ${message}`,
      ...(todo !== undefined && { todo }),
      ...(at && { at }),
    };
  } finally {
    port.close();
    close();
  }
}
