/** The sandbox on the command line: one child process for one topic. */
import type { Memory, Outcome, RememberedPass, Sandbox } from '../../engine/sandbox.ts';
import type { BundleOptions } from '../bundle.ts';
import { HostedSandbox, type HostedOptions } from '../hosted.ts';
import { keptBundle } from '../kept-bundle.ts';
import { stackMapper } from '../stack.ts';
import type { Isolation } from './isolation.ts';
import { pack, unpack } from './packing.ts';
import { Child, canLimitMemory } from './process.ts';
import { type Remembered, digestOf } from './remembered.ts';

export interface SandboxOptions extends BundleOptions {
  /** Limit of resident memory in megabytes (default 512). */
  memory?: number;
  /** Where the code runs (default `process`); ask `isAvailable` first. */
  isolation?: Isolation;
  /** Limit for loading the file in milliseconds (default 5,000). */
  loadLimit?: number;
  /** Where earlier gradings of the topic are remembered (default: nowhere). */
  remembered?: Remembered | undefined;
  /**
   * Whether the child may have served another topic of the same learner, and may serve the next: most of the time of a
   * small topic is the start of its child. Each topic still has a realm of its own, and what a child's end takes with it
   * is asked again in a fresh one. Never between learners; end what is left with {@link endIdle}.
   */
  shared?: boolean;
}

export interface NodeSandbox extends Sandbox {
  /** False where the system offers no way to see a process's memory (Windows): say so. */
  readonly memoryLimited: boolean;
  /** The most resident memory any child of this sandbox used, in megabytes. */
  readonly peakMegabytes: number;
  /** Text of the student's files that are loaded, by path under the folder of chapters. */
  readonly sources: ReadonlyMap<string, string>;
  /** The child process, while there is one. */
  readonly pid: number | undefined;
}

const defaultMemory = 512;
/** How much later than the child's own limit the judge kills it. */
const grace = 1_000;

/** A child whose memory has ever been larger (in megabytes) serves nobody else, who might be blamed for it. */
const small = 192;

let spare: Promise<Child> | undefined;
/** Children that have served a topic and wait for another. */
const idle: Child[] = [];
const haveServed = new WeakSet<Child>();

/** Starts a child before it is known what it will run; the next `openSandbox` takes it. */
export function prewarm(isolation: Isolation = 'process', memory = defaultMemory): void {
  if (spare) return;
  const started = Child.start({ memory, isolation, mode: 'grade' });
  // Whoever takes it sees the error.
  started.catch(() => undefined);
  spare = started;
}

/** Ends the shared children that nobody uses. */
export function endIdle(): void {
  for (const child of idle.splice(0)) child.kill();
}

async function takeChild(memory: number, isolation: Isolation, shared: boolean): Promise<Child> {
  const suits = (child: Child) =>
    child.alive && child.options.memory === memory && child.options.isolation === isolation;
  const known = shared ? idle.findIndex(suits) : -1;
  if (known >= 0) return idle.splice(known, 1)[0];
  const waiting = spare;
  spare = undefined;
  if (waiting) {
    const child = await waiting;
    if (suits(child)) return child;
    child.kill();
  }
  return Child.start({ memory, isolation, mode: 'grade' });
}

/** The bundler is loaded only for what has to be bundled. */
const bundle = async (options: BundleOptions): ReturnType<typeof keptBundle> =>
  (await import('../bundle.ts')).bundle(options);

/** Bundles a topic's file and loads it in a child process. */
export async function openSandbox(options: SandboxOptions): Promise<NodeSandbox> {
  const { memory = defaultMemory, isolation = 'process', shared = false } = options;
  // The two do not need each other.
  const child = takeChild(memory, isolation, shared);
  child.catch(() => undefined);
  const bundled = await (shared ? keptBundle(options, bundle) : bundle(options)).catch(async (error: unknown) => {
    (await child).kill();
    throw error;
  });
  const made = bundled.kind === 'bundle' ? bundled : undefined;
  const { remembered } = options;
  const hosted: HostedOptions<Child> = {
    start: () => Child.start({ memory, isolation, mode: 'grade' }),
    code: made?.code ?? '',
    places: made ? stackMapper(made.map, made.sources) : () => [],
    memory,
    loadLimit: options.loadLimit ?? 5_000,
    grace,
    singly: false,
    noun: 'process',
    ...(remembered && { packing: { pack, unpack } }),
  };
  const sandbox = new ChildSandbox(hosted, remembered, shared);
  if (made) sandbox.sources = made.sources;
  if (bundled.kind === 'failed') {
    sandbox.loaded = bundled;
    const untouched = await child;
    if (shared && haveServed.has(untouched)) idle.push(untouched);
    else if (spare) untouched.kill();
    else spare = child;
    return sandbox;
  }
  await sandbox.open(await child);
  const { loaded } = sandbox;
  // Whose fault the end of a shared child was, shows in one of its own.
  if (haveServed.has(await child) && loaded.kind === 'failed' && ENDS.has(loaded.why))
    await sandbox.open(await hosted.start());
  return sandbox;
}

/** How loading fails where the child ends over it. */
const ENDS = new Set(['oom', 'crash']);

class ChildSandbox extends HostedSandbox<Child> implements NodeSandbox, Memory {
  readonly memoryLimited = canLimitMemory;
  readonly memory: Memory | undefined;
  sources: ReadonlyMap<string, string> = new Map();
  readonly #remembered: Remembered | undefined;
  readonly #shared: boolean;
  #peak = 0;

  constructor(options: HostedOptions<Child>, remembered: Remembered | undefined, shared: boolean) {
    super(options);
    this.#shared = shared;
    this.#remembered = remembered;
    this.memory = remembered && this;
  }

  get peakMegabytes(): number {
    return Math.max(this.#peak, this.host?.peak ?? 0);
  }

  get pid(): number | undefined {
    return this.host?.alive ? this.host.pid : undefined;
  }

  async again(name: string): Promise<{ pass: RememberedPass } | { outcomes: Outcome[] } | undefined> {
    const known = this.#remembered?.find(name);
    const answers = known && (await this.ask(known.asked));
    if (!answers) return undefined;
    this.last = { asked: known.asked, answers };
    const digest = digestOf(answers);
    const pass = known.passes.find((p) => p.digest === digest);
    if (!pass) return { outcomes: this.outcomesIn(answers, known.asked.limit) };
    const { cases, console } = pass;
    return { pass: { cases, ...(console !== undefined && { console }) } };
  }

  keep(name: string, pass: RememberedPass): void {
    if (this.last) this.#remembered?.keep(name, this.last.asked, this.last.answers, pass);
  }

  override async close(): Promise<void> {
    this.#remembered?.save();
    await super.close();
  }

  protected override takesBack(child: Child): boolean {
    this.left(child);
    if (!this.#shared || this.#peak > small) return false;
    haveServed.add(child);
    idle.push(child);
    return true;
  }

  protected override left(child: Child): void {
    this.#peak = Math.max(this.#peak, child.peak);
  }
}
