/** The sandbox on the command line: one child process for one topic. */
import type { Memory, Outcome, RememberedPass, Sandbox } from '../../engine/sandbox.ts';
import { type BundleOptions, bundle } from '../bundle.ts';
import { HostedSandbox, type HostedOptions } from '../hosted.ts';
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

let spare: Promise<Child> | undefined;

/** Starts a child before it is known what it will run; the next `openSandbox` takes it. */
export function prewarm(isolation: Isolation = 'process', memory = defaultMemory): void {
  if (spare) return;
  const started = Child.start({ memory, isolation, mode: 'grade' });
  // Whoever takes it sees the error.
  started.catch(() => undefined);
  spare = started;
}

async function takeChild(memory: number, isolation: Isolation): Promise<Child> {
  const waiting = spare;
  spare = undefined;
  if (waiting) {
    const child = await waiting;
    if (child.alive && child.options.memory === memory && child.options.isolation === isolation) return child;
    child.kill();
  }
  return Child.start({ memory, isolation, mode: 'grade' });
}

/** Bundles a topic's file and loads it in a child process. */
export async function openSandbox(options: SandboxOptions): Promise<NodeSandbox> {
  const { memory = defaultMemory, isolation = 'process' } = options;
  // The two do not need each other.
  const child = takeChild(memory, isolation);
  child.catch(() => undefined);
  const bundled = await bundle(options).catch(async (error: unknown) => {
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
  const sandbox = new ChildSandbox(hosted, remembered);
  if (made) sandbox.sources = made.sources;
  if (bundled.kind === 'failed') {
    sandbox.loaded = bundled;
    // Nobody has touched it.
    if (spare) (await child).kill();
    else spare = child;
  } else await sandbox.open(await child);
  return sandbox;
}

class ChildSandbox extends HostedSandbox<Child> implements NodeSandbox, Memory {
  readonly memoryLimited = canLimitMemory;
  readonly memory: Memory | undefined;
  sources: ReadonlyMap<string, string> = new Map();
  readonly #remembered: Remembered | undefined;
  #peak = 0;

  constructor(options: HostedOptions<Child>, remembered: Remembered | undefined) {
    super(options);
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

  protected override left(child: Child): void {
    this.#peak = Math.max(this.#peak, child.peak);
  }
}
