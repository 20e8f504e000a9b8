/** Runs on the page's side: starts the judge when it is first needed, opens frames for it, and can stop everything. */
import type { Report } from '../../grader/engine/report.ts';
import { openFrame } from './frame.ts';
import type { PageLabEnd } from '../../grader/sandbox/page/lab.ts';
import type { FromJudge, LabEvent, LabTask, Task, ToJudge } from './protocol.ts';

/** A run that somebody stopped. */
export class Stopped extends Error {}

export class Runner {
  readonly #url: string | URL;
  #judge: Worker | undefined;
  readonly #frames = new Map<number, () => void>();
  #end: Going | undefined;

  /** @param url the address of the judge's script */
  constructor(url: string | URL) {
    this.#url = url;
  }

  get busy(): boolean {
    return this.#end !== undefined;
  }

  /** Grades; one run at a time. */
  run(task: Task, onCheck: OnCheck = () => undefined): Promise<Report> {
    return this.#ask<Report>({ type: 'grade', task }, { onCheck });
  }

  /** Runs a lab; one run at a time. */
  lab(task: LabTask, onEvent: (event: LabEvent) => void): Promise<PageLabEnd> {
    return this.#ask<PageLabEnd>({ type: 'lab', task }, { onEvent });
  }

  #ask<T>(message: ToJudge, hear: Pick<Going, 'onCheck' | 'onEvent'>): Promise<T> {
    if (this.#end) throw new Error('one run at a time');
    const judge = (this.#judge ??= this.#start());
    return new Promise<T>((resolve, reject) => {
      this.#end = { ...hear, resolve: resolve as (value: unknown) => void, reject };
      judge.postMessage(message);
    });
  }

  /** Ends whatever runs. */
  stop(): void {
    this.#finish((end) => end.reject(new Stopped('stopped')));
    this.#reset();
  }

  #finish(how: (end: Going) => void): void {
    const end = this.#end;
    this.#end = undefined;
    if (end) how(end);
  }

  #reset(): void {
    this.#judge?.terminate();
    this.#judge = undefined;
    for (const close of this.#frames.values()) close();
    this.#frames.clear();
  }

  #start(): Worker {
    const judge = new Worker(this.#url, { type: 'module' });
    judge.onmessage = ({ data, ports }: MessageEvent<FromJudge>) => this.#hear(judge, data, ports);
    judge.onerror = (event) => {
      event.preventDefault();
      this.#finish((end) => end.reject(new Error(event.message || 'the judge did not load')));
      this.#reset();
    };
    return judge;
  }

  #hear(judge: Worker, message: FromJudge, ports: readonly MessagePort[]): void {
    switch (message.type) {
      case 'open': {
        const { frame } = message;
        const { ended, close } = openFrame(message.script, ports[0]!);
        this.#frames.set(frame, close);
        void ended.then((end) => judge.postMessage({ type: 'ended', frame, end } satisfies ToJudge));
        return;
      }
      case 'close':
        this.#frames.get(message.frame)?.();
        this.#frames.delete(message.frame);
        return;
      case 'check':
        this.#end?.onCheck?.(message.exercise, message.sentence);
        return;
      case 'report':
        return this.#finish((end) => end.resolve(message.report));
      case 'lab':
        this.#end?.onEvent?.(message.event);
        return;
      case 'lab-end':
        return this.#finish((end) => end.resolve(message.end));
      case 'broken':
        return this.#finish((end) => end.reject(new Error(message.message)));
    }
  }
}

type OnCheck = (exercise: string, sentence: string) => void;

interface Going {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
  onCheck?: OnCheck;
  onEvent?: (event: LabEvent) => void;
}
