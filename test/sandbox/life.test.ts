/** Children are there when needed and gone afterwards. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { childCode } from '../../grader/sandbox/node/process.ts';
import { prewarm } from '../../grader/sandbox/node/sandbox.ts';
import { call, gone, isAlive, one, open, outcomes, student, tensorPath, workshop } from './workshop.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('requests', () => {
  test('close leaves nothing running', async () => {
    const sandbox = await student('export const f = () => 1;');
    const pid = sandbox.pid!;
    expect(isAlive(pid)).toBe(true);
    await sandbox.close();
    expect(isAlive(pid)).toBe(false);
    await expect(one(sandbox, 'f')).rejects.toThrow('closed');
    await sandbox.close();
  });

  test('closed while it runs, it ends at once, and starts nothing again', async () => {
    const sandbox = await student(
      'export const f = () => { for (const end = Date.now() + 400; Date.now() < end; ); return 1 };',
    );
    const running = outcomes(
      sandbox,
      Array.from({ length: 100 }, () => [call('f')]),
      { limit: 5_000 },
    );
    await new Promise((resolve) => setTimeout(resolve, 600));
    await sandbox.close();
    const all = await running;
    expect(all.length).toBeLessThan(100);
    expect(all.at(-1)).toMatchObject({ kind: 'crash' });
    expect(sandbox.pid).toBeUndefined();
  });

  test('a child that timed out is gone', async () => {
    const sandbox = await student('export const f = () => { for (;;); };');
    const pid = sandbox.pid!;
    await outcomes(sandbox, [[call('f')]], { limit: 100 });
    expect(isAlive(pid)).toBe(false);
  });

  test('a child killed from outside is a crash, and is replaced', async () => {
    const sandbox = await student(
      'export const f = (x: number) => { for (const end = Date.now() + x; Date.now() < end; ); return x };',
    );
    const running = outcomes(sandbox, [[call('f', 0)], [call('f', 20_000)]], { limit: 30_000 });
    // The first death may have taken answers with it, so what is missing is asked once more.
    const killed = new Set<number>();
    const killer = setInterval(() => {
      const { pid } = sandbox;
      if (pid === undefined || killed.has(pid)) return;
      killed.add(pid);
      // The second has to load the file first, which may take its time on a busy machine.
      setTimeout(() => isAlive(pid) && process.kill(pid, 'SIGKILL'), killed.size === 1 ? 300 : 4_000);
    }, 20);
    expect(await running).toMatchObject([
      { kind: 'value' },
      { kind: 'crash', detail: expect.stringContaining('SIGKILL') },
    ]);
    clearInterval(killer);
    expect(killed.size).toBe(2);
    expect(await one(sandbox, 'f', 0)).toEqual({ kind: 'value', value: 0 });
  });

  test('a child killed once by somebody else costs nothing', async () => {
    const sandbox = await student(
      'export const f = (x: number) => { for (const end = Date.now() + x; Date.now() < end; ); return x };',
    );
    const running = outcomes(sandbox, [[call('f', 0)], [call('f', 600)], [call('f', 1)]], { limit: 30_000 });
    setTimeout(() => process.kill(sandbox.pid!, 'SIGKILL'), 300);
    expect(await running).toEqual([0, 600, 1].map((value) => ({ kind: 'value', value })));
  });

  test('one that dies between requests is replaced', async () => {
    const sandbox = await student('export const f = () => 1;');
    const pid = sandbox.pid!;
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    await new Promise((f) => setTimeout(f, 50));
    expect(await one(sandbox, 'f')).toEqual({ kind: 'value', value: 1 });
  });

  test('a reader may leave early; the same child answers the next request', async () => {
    const sandbox = await student(
      'let calls = 0; export const f = () => ++calls; export const slow = () => { calls++; for (const end = Date.now() + 300; Date.now() < end; ); return 0 };',
    );
    const { pid } = sandbox;
    for await (const outcome of sandbox.run([
      [call('f')],
      [call('slow')],
      ...Array.from({ length: 100 }, () => [call('slow')]),
    ])) {
      expect(outcome.kind).toBe('value');
      break;
    }
    const [outcome] = await outcomes(sandbox, [[call('f')]], { limit: 500 });
    expect(outcome).toMatchObject({ kind: 'value' });
    expect((outcome as { value: number }).value).toBeLessThan(10);
    expect(sandbox.pid).toBe(pid);
  });

  test('two requests at once are a mistake of the caller', async () => {
    const sandbox = await student('export const f = () => 1;');
    const first = sandbox.run([[call('f')], [call('f')]])[Symbol.asyncIterator]();
    await first.next();
    await expect(one(sandbox, 'f')).rejects.toThrow('one request at a time');
    await first.return!();
    expect(await one(sandbox, 'f')).toMatchObject({ kind: 'value' });
  });

  test('a judge that was busy itself takes no answer for late', async () => {
    const sandbox = await student('export const f = () => 1;');
    const all: unknown[] = [];
    for await (const outcome of sandbox.run([[call('f')], [call('f')]], { limit: 50 })) {
      all.push(outcome);
      for (const end = Date.now() + 1_500; Date.now() < end;);
    }
    expect(all).toMatchObject([{ kind: 'value' }, { kind: 'value' }]);
  });

  test('no programs, no outcomes', async () => {
    expect(await outcomes(await student('export const f = 1;'), [])).toEqual([]);
  });

  test('a child started in advance is used, and one for a file that fails is kept', async () => {
    prewarm();
    prewarm();
    const failed = await student('export const f = (');
    expect(failed.loaded.kind).toBe('failed');
    const sandbox = await student('export const f = () => 1;');
    expect(await one(sandbox, 'f')).toEqual({ kind: 'value', value: 1 });
  });

  test('memory is reported', async () => {
    const sandbox = await student('export const f = () => 1;');
    await one(sandbox, 'f');
    expect(sandbox.memoryLimited).toBe(process.platform !== 'win32');
    if (process.platform === 'linux') expect(sandbox.peakMegabytes).toBeGreaterThan(20);
  });

  test("the child's program fits on a command line of Windows", async () => {
    expect((await childCode()).length).toBeLessThan(24_000);
  });
});

/** A judge of its own that prints the process id of its child, and then what the code says. */
function judge(code: string) {
  const shop = workshop({
    'one/topic.ts':
      'export const f = (x: number) => { for (const end = Date.now() + x; Date.now() < end; ); return x };',
  });
  const file = path.join(shop.root, 'judge.mts');
  const { chapters, standIns } = shop;
  const options = JSON.stringify({ chapters, standIns, tensor: tensorPath, topic: 'one/topic', mode: 'grade' });
  writeFileSync(
    file,
    `const { openSandbox } = await import(${JSON.stringify(pathToFileURL(path.join(root, 'grader/sandbox/node/sandbox.ts')).href)});
     const sandbox = await openSandbox(${options});
     const run = (x, limit) => sandbox.run([[{ fn: 'f', args: [x] }]], { limit })[Symbol.asyncIterator]().next();
     console.log(sandbox.pid);
     ${code}\n`,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = new Promise<number>((resolve) =>
    child.stdout.on('data', (text) => resolve(Number(String(text).split('\n')[0]))),
  );
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.on('exit', (code, signal) => resolve({ code, signal })),
  );
  return { child, pid, exited };
}

const spinning = 'const first = run(60_000, 3_000); setTimeout(() => console.log("spinning"), 300); await first;';

describe('the end of the judge', () => {
  test('killed while the child spins: the child ends by itself', async () => {
    const { child, pid, exited } = judge(spinning);
    const childPid = await pid;
    await new Promise((resolve) => child.stdout.on('data', resolve));
    child.kill('SIGKILL');
    await exited;
    expect(await gone(childPid)).toBe(true);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s takes the child along at once', async (signal) => {
    const { child, pid, exited } = judge(spinning.replace('3_000', '60_000'));
    const childPid = await pid;
    await new Promise((resolve) => child.stdout.on('data', resolve));
    child.kill(signal);
    expect(await exited).toEqual({ code: null, signal });
    expect(await gone(childPid)).toBe(true);
  });

  test('process.exit in the middle of a request takes the child along', async () => {
    const { pid, exited } = judge('void run(60_000, 60_000); setTimeout(() => process.exit(3), 200);');
    const childPid = await pid;
    expect((await exited).code).toBe(3);
    expect(await gone(childPid)).toBe(true);
  });

  test('a judge that forgets to close still ends', async () => {
    const { pid, exited } = judge('await run(1, 1_000);');
    const childPid = await pid;
    expect((await exited).code).toBe(0);
    expect(await gone(childPid)).toBe(true);
  });
});

test('two sandboxes of two topics live side by side', async () => {
  const shop = workshop({ 'one/topic.ts': 'export const f = () => 1;', 'one/second.ts': 'export const f = () => 2;' });
  const [a, b] = await Promise.all([open(shop), open(shop, { topic: 'one/second' })]);
  expect(await Promise.all([one(a, 'f'), one(b, 'f')])).toEqual([
    { kind: 'value', value: 1 },
    { kind: 'value', value: 2 },
  ]);
});
