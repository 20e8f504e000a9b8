/**
 * The judges: as many processes as there are processors, each with one submission at a time. One that dies, hangs or
 * is stopped is replaced, its submission gets a second chance with a fresh one, and nobody else notices.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Graded } from './grade-submission.ts';
import { SECRET_VARIABLE } from './secret.ts';
import type { Answer, Job, SetUp } from './worker.ts';

const START = fileURLToPath(new URL('../cli/start.mjs', import.meta.url));

/** Milliseconds beyond a submission's own budget until a judge is given up: it has to unpack, start and tidy up. */
const GRACE = 60_000;
/** A submission that ends two judges is not given a third. */
const TRIES = 2;

export type Outcome = Graded | { kind: 'lost'; why: string };

export interface PoolOptions {
  size: number;
  setUp: Omit<SetUp, 'type'>;
  /** Milliseconds beyond the budget until a judge is given up. */
  grace?: number;
  /** Told the process id of each judge that starts. */
  onStart?: (pid: number) => void;
  /** Told which judge has been given which submission. */
  onTake?: (pid: number, path: string) => void;
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #idle: Judge[] = [];
  readonly #all = new Set<Judge>();
  #closed = false;
  /** The most resident memory of any judge so far, in megabytes, where the system tells. */
  peakMegabytes = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#options.size;
  }

  /** Grades one submission; at most `size` at a time. Never throws for what a submission does. */
  async grade(path: string, known?: string): Promise<Outcome> {
    let why = '';
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const judge = this.#idle.pop() ?? this.#start();
      const asked = judge.ask({ type: 'grade', path, known }, this.#limit);
      this.#options.onTake?.(judge.pid, path);
      const answer = await asked;
      if (this.#closed) return { kind: 'lost', why: 'grading was stopped' };
      if (answer.type === 'graded') {
        this.#idle.push(judge);
        return answer.graded;
      }
      why = answer.type === 'failed' ? answer.error : 'an answer that was not asked for';
      this.#give(judge);
    }
    return { kind: 'lost', why };
  }

  close(): void {
    this.#closed = true;
    for (const judge of this.#all) this.#give(judge);
  }

  get #limit(): number {
    return this.#options.setUp.budget + (this.#options.grace ?? GRACE);
  }

  #start(): Judge {
    const judge = new Judge({ type: 'set-up', ...this.#options.setUp });
    this.#all.add(judge);
    this.#options.onStart?.(judge.pid);
    return judge;
  }

  #give(judge: Judge): void {
    this.#all.delete(judge);
    judge.kill();
  }
}

/** On POSIX each judge leads a group of processes, so that its sandboxes end with it. */
const GROUPS = process.platform !== 'win32';

class Judge {
  readonly #child: ChildProcess;
  /** All that it keeps for a while is in here, so that nothing stays when it is lost. */
  readonly #temporary = realpathSync(mkdtempSync(join(tmpdir(), 'judge-')));
  #settle: ((answer: Answer) => void) | undefined;
  #end: Answer | undefined;

  constructor(setUp: SetUp) {
    const { [SECRET_VARIABLE]: _, ...env } = process.env;
    this.#child = fork(START, ['class-worker'], {
      env: { ...env, TMPDIR: this.#temporary, TEMP: this.#temporary, TMP: this.#temporary },
      detached: GROUPS,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // What the parent was started with (a loader, a debugger's port) is not the judge's.
      execArgv: [],
    });
    let said = '';
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 4_000) said += text;
    });
    this.#child.on('message', (message: Answer) => {
      if (message.type === 'ready') return;
      this.#answer(message);
    });
    const gone = (how: string) => {
      this.#end ??= { type: 'failed', error: [`the judge ${how}`, said.trim()].filter(Boolean).join(': ') };
      this.#answer(this.#end);
      this.#tidy();
    };
    this.#child.on('error', (error) => gone(`could not be started (${error.message})`));
    this.#child.on('exit', (code, signal) => gone(signal ? `was ended by ${signal}` : `ended with exit code ${code}`));
    this.#child.send(setUp, () => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Asks, and waits so long for the answer. */
  async ask(job: Job, limit: number): Promise<Answer> {
    if (this.#end) return this.#end;
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => this.#answer({ type: 'failed', error: `the judge did not answer within ${Math.round(limit / 1000)} s` }),
        limit,
      );
      this.#settle = (answer) => {
        clearTimeout(timer);
        this.#settle = undefined;
        resolve(answer);
      };
      this.#child.send(job, () => undefined);
    });
  }

  kill(): void {
    this.#end ??= { type: 'failed', error: 'the judge was ended' };
    this.#answer(this.#end);
    try {
      if (GROUPS && this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
      else this.#child.kill('SIGKILL');
    } catch {
      // It is gone already.
    }
    this.#tidy();
  }

  /** Once at its end, and once more when it is certainly gone. */
  #tidy(): void {
    try {
      rmSync(this.#temporary, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // Something in it is still in use.
    }
  }

  #answer(answer: Answer): void {
    this.#settle?.(answer);
  }
}
