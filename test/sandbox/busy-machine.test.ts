/** A limit of time is for what the student's code does, not for what else the machine has to do. */
import type { PluginBuild } from 'esbuild';
import { describe, expect, test, vi } from 'vitest';
import { problemOf } from '../../grader/engine/run-check.ts';
import type { Outcome } from '../../grader/engine/sandbox.ts';
import { TooMuch, buildWithin } from '../../grader/sandbox/bundler.ts';
import { HostedSandbox, type End, type Host } from '../../grader/sandbox/hosted.ts';
import { millisecondsIn, ProcessorTime } from '../../grader/sandbox/processor-time.ts';
import { Child } from '../../grader/sandbox/node/process.ts';
import type { Request } from '../../grader/sandbox/protocol.ts';
import { outcomeFrom } from '../../grader/sandbox/remote/messages.ts';
import { stripWithin } from '../../grader/sandbox/stripper.ts';
import { call, isAlive, outcomes, student } from './workshop.ts';

const linux = process.platform === 'linux' ? test : test.skip;

/** Milliseconds by the clock for loading and for each program, and how much of them the processor gives. */
interface Machine {
  loads?: number;
  runs: number;
  /** Undefined where the system does not tell. */
  share: number | undefined;
  /** All answer at once but the last one, which loops; one message tells of all. */
  lastLoops?: true;
}

/** A process on a machine of which the test decides how busy it is. */
class StubHost implements Host {
  alive = true;
  readonly requests: Request[] = [];
  readonly ended: Promise<End>;
  readonly cpu?: () => number;
  readonly #machine: Machine;
  readonly #hearers = new Set<(message: unknown) => void>();
  #end!: (end: End) => void;
  #since: number | undefined;
  #used = 50;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    const { share } = machine;
    if (share !== undefined)
      this.cpu = () => this.#used + (this.#since === undefined ? 0 : performance.now() - this.#since) * share;
  }

  listen(hear: (message: unknown) => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  send(request: Request): void {
    this.requests.push(request);
    const { loads = 0, runs } = this.#machine;
    if (request.type === 'load') void this.#work(request, 1, loads, { kind: 'loaded', exports: [['f', 'function']] });
    if (request.type === 'run') void this.#work(request, request.programs.length, runs, { kind: 'value', value: 1 });
  }

  /** As the real child does: answers each program, or says that its time is up. */
  async #work(request: { id: string; limit: number }, n: number, takes: number, result: object): Promise<void> {
    const late = takes > request.limit;
    if (this.#machine.lastLoops && n > 1) {
      this.#since = performance.now();
      await new Promise((done) => setTimeout(done, request.limit).unref());
      this.#used = this.cpu?.() ?? 0;
      this.#since = undefined;
      const answers = Array.from({ length: n }, (_, i) => ({
        what: i < n - 1 ? result : { kind: 'timeout' },
        console: '',
      }));
      for (const hear of this.#hearers) hear({ id: request.id, index: 0, answers });
      return;
    }
    for (let index = 0; index < (late ? 1 : n) && this.alive; index++) {
      this.#since = performance.now();
      await new Promise((done) => setTimeout(done, Math.min(takes, request.limit)).unref());
      this.#used = this.cpu?.() ?? 0;
      this.#since = undefined;
      const answers = [{ what: late ? { kind: 'timeout' } : result, console: '' }];
      if (this.alive) for (const hear of this.#hearers) hear({ id: request.id, index, answers });
    }
  }

  kill(): void {
    this.alive = false;
    this.#end({ kind: 'exit', detail: 'killed' });
  }
}

/** A sandbox whose processes find the machine like this, one after the other; the last stays so. */
const on = (...machines: Machine[]) => within(1_000, machines);

async function within(patience: number, machines: Machine[]) {
  const hosts: StubHost[] = [];
  const start = () => {
    const host = new StubHost(machines[Math.min(hosts.length, machines.length - 1)]!);
    hosts.push(host);
    return Promise.resolve(host);
  };
  const options = {
    code: '',
    places: () => [],
    memory: 100,
    loadLimit: 200,
    grace: 100,
    patience,
    noun: 'process',
  };
  const sandbox = new HostedSandbox<StubHost>({ ...options, start, singly: false });
  await sandbox.open(await start());
  const run = async (programs = 1) => {
    const all: Outcome[] = [];
    for await (const outcome of sandbox.run(Array(programs).fill([call('f')]), { limit: 200 })) all.push(outcome);
    return all;
  };
  return { sandbox, hosts, run };
}

const value: Outcome = { kind: 'value', value: 1 };

describe('on a machine that gives a twentieth of its time', () => {
  test('a program that is late is run once more, singly, with more time', async () => {
    const { hosts, run } = await on({ runs: 400, share: 0.05 });
    expect(await run(2)).toEqual([value, value]);
    const asked = hosts.map(({ requests }) => requests.at(-1));
    expect(asked).toMatchObject([
      { type: 'run', limit: 200, singly: false },
      { type: 'run', limit: 1_200, singly: true },
    ]);
    expect(hosts[0]!.alive).toBe(false);
  });

  test('what was answered before is not asked again', async () => {
    const { hosts, run } = await on({ runs: 100, share: 0.05 }, { runs: 100, share: 0.05 });
    expect(await run(3)).toEqual([value, value, value]);
    expect(hosts.length).toBe(1);
  });

  test('a program that waits for ever comes to an end, with a message that is true', async () => {
    const { hosts, run } = await on({ runs: Infinity, share: 0 });
    const all = await run();
    expect(all).toEqual([{ kind: 'timeout', ms: 1_200, idle: true }]);
    expect(hosts.length).toBe(2);
    expect(hosts.every(({ alive }) => !alive)).toBe(true);
    expect(problemOf(all[0] as Exclude<Outcome, { kind: 'value' }>)).toEqual({
      verdict: 'timeout',
      message:
        'did not finish within 1.2 s, and hardly used the processor: the machine is too busy, so grade it again later (or it waits for something)',
    });
  });

  test('a loop that gets the processor the second time ends with what it has used, and is a loop', async () => {
    const { hosts, run } = await within(3_600_000, [
      { runs: Infinity, share: 0.05 },
      { runs: Infinity, share: 1 },
    ]);
    expect(await run()).toEqual([{ kind: 'timeout', ms: 200 }]);
    expect(hosts.length).toBe(2);
  });

  test('a loop of which the same message tells as of quick answers is a loop, and not run again', async () => {
    const { hosts, run } = await on({ runs: 1, share: 1, lastLoops: true });
    expect(await run(3)).toEqual([value, value, { kind: 'timeout', ms: 200 }]);
    expect(hosts.length).toBe(1);
  });

  test('loading is tried once more', async () => {
    const { sandbox, hosts } = await on({ loads: 400, runs: 1, share: 0.05 });
    expect(sandbox.loaded).toEqual({ kind: 'loaded', exports: { f: 'function' } });
    expect(hosts.map(({ requests }) => (requests[0] as { limit: number }).limit)).toEqual([200, 1_200]);
  });

  test('loading that waits for ever comes to an end', async () => {
    const { sandbox, hosts } = await on({ loads: Infinity, runs: 1, share: 0 });
    expect(sandbox.loaded).toMatchObject({
      why: 'timeout',
      message: expect.stringContaining('did not finish loading within 1.2 s, and hardly used the processor'),
    });
    expect(hosts.map(({ alive }) => alive)).toEqual([false, false]);
  });
});

describe('nothing is asked twice', () => {
  test.each([
    ['of a loop that has the processor to itself', 1],
    ['of one that has more than half of it', 0.6],
    ['where the system does not tell', undefined],
  ])('%s', async (_, share) => {
    const { hosts, run } = await on({ runs: Infinity, share });
    expect(await run(2)).toEqual([{ kind: 'timeout', ms: 200 }]);
    expect(hosts.length).toBe(1);
  });

  test('of a loop while loading', async () => {
    const { sandbox, hosts } = await on({ loads: Infinity, runs: 1, share: 1 });
    expect(sandbox.loaded).toMatchObject({ why: 'timeout', message: expect.stringContaining('a loop outside') });
    expect(hosts.length).toBe(1);
  });
});

describe('a real process', () => {
  const spin = 'const spin = (ms: number) => { for (const end = Date.now() + ms; Date.now() < end; ); };';

  linux('one that was kept from the processor is asked again', async () => {
    const sandbox = await student(`${spin} export const f = (x: number) => { spin(x); return x };`);
    const pid = sandbox.pid!;
    const running = outcomes(sandbox, [[call('f', 1)], [call('f', 200)], [call('f', 2)]], { limit: 400 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(pid, 'SIGSTOP');
    setTimeout(() => isAlive(pid) && process.kill(pid, 'SIGCONT'), 900);
    expect(await running).toEqual([1, 200, 2].map((x) => ({ kind: 'value', value: x })));
    expect(sandbox.pid).not.toBe(pid);
    expect(isAlive(pid)).toBe(false);
  });

  linux('one that is stopped for good is asked again, too', async () => {
    const sandbox = await student('export const f = () => 1;');
    process.kill(sandbox.pid!, 'SIGSTOP');
    expect(await outcomes(sandbox, [[call('f')]], { limit: 100 })).toEqual([{ kind: 'value', value: 1 }]);
  });

  test('a loop that has the processor to itself is a loop at once: no other process is started', async () => {
    const sandbox = await student('export const f = () => { for (;;); };');
    const start = vi.spyOn(Child, 'start');
    const cpu = vi.spyOn(Child.prototype, 'cpu').mockImplementation(() => performance.now());
    expect(await outcomes(sandbox, [[call('f')]], { limit: 300 })).toEqual([{ kind: 'timeout', ms: 300 }]);
    expect(start).not.toHaveBeenCalled();
    start.mockRestore();
    cpu.mockRestore();
  });

  linux('its time is what Linux says', async () => {
    const child = await Child.start({ memory: 200, mode: 'grade' });
    await vi.waitUntil(() => (child.cpu() ?? 0) >= 20, 10_000);
    child.kill();
    await child.ended;
    expect(child.cpu()).toBeUndefined();
  });
});

describe('reading a file', () => {
  // What looks like comments, before a mistake, is looked through again from each place: a second.
  const slow = `export const f = g(${'`/*`, '.repeat(20_000)}1 2);`;

  test('a stripper that hardly gets the processor has more time', async () => {
    const idle = vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 1_000, system: 1_000 });
    const read = await stripWithin(slow, 'one/topic.ts', { limit: 50, patience: 60_000 });
    idle.mockRestore();
    expect(read).toMatchObject({ kind: 'failed', why: 'syntax' });
  });

  test('one that uses the processor has not', async () => {
    const reading = stripWithin(slow, 'one/topic.ts', { limit: 50, patience: 3_600_000 });
    await expect(reading).rejects.toThrow(TooMuch);
  });

  const options = { stdin: { contents: 'import "slow";' }, write: false, bundle: true, logLevel: 'silent' } as const;
  const waiting = (milliseconds: number) => ({
    ...options,
    plugins: [
      {
        name: 'slow',
        setup(builder: PluginBuild) {
          builder.onResolve({ filter: /slow/ }, () => ({ namespace: 'slow', path: 'slow' }));
          builder.onLoad({ filter: /slow/ }, async () => {
            await new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
            return { contents: 'export const f = 1;' };
          });
        },
      },
    ],
  });

  linux('a bundler that hardly gets the processor has more time', async () => {
    expect((await buildWithin(waiting(2_500), { limit: 2_000, patience: 60_000 })).outputFiles.length).toBe(1);
  });

  test('but not without end', async () => {
    await expect(buildWithin(waiting(3_600_000), { limit: 300, patience: 300 })).rejects.toThrow(TooMuch);
  });
});

test('the fields of /proc/<pid>/stat are found behind any name', () => {
  const rest = `S ${Array.from({ length: 10 }, (_, i) => i).join(' ')} 120 34 0 0`;
  expect(millisecondsIn(`17 (node) ${rest}`)).toBe(1_540);
  expect(millisecondsIn(`17 (a ) S 9 (b) ${rest}`)).toBe(1_540);
});

test('a system that does not count is no system that says that a program was idle', () => {
  const nothing = `17 (node) S ${'0 '.repeat(30)}`;
  expect(millisecondsIn(nothing)).toBeUndefined();
  expect(millisecondsIn('')).toBeUndefined();
  expect(new ProcessorTime(() => millisecondsIn(nothing)).isBelow(500)).toBe(false);
});

test('what belongs to an earlier program does not count', () => {
  let now = 100;
  const used = new ProcessorTime(() => now, 1_000);
  now = 1_300;
  expect(used.isBelow(500)).toBe(true);
  expect(used.isBelow(150)).toBe(false);
});

test('a collector may say that a program was idle, and nothing else about time', () => {
  const said = (outcome: object) => outcomeFrom({ outcome }, 1_000);
  expect(said({ kind: 'timeout', ms: 21_000, idle: true })).toEqual({ kind: 'timeout', ms: 1_000, idle: true });
  expect(said({ kind: 'timeout', ms: 21_000, idle: 'yes' })).toEqual({ kind: 'timeout', ms: 1_000 });
});
