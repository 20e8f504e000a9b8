/** Topics of one learner share a child process, and nothing else. */
import { afterEach, describe, expect, test } from 'vitest';
import { endIdle, type SandboxOptions } from '../../grader/sandbox/node/sandbox.ts';
import { call, gone, isAlive, one, open, outcomes, workshop } from './workshop.ts';

afterEach(endIdle);

/** A sandbox of its own learner's `one/topic`, in a child that may be shared. */
const shared = (text: string, options: Partial<SandboxOptions> = {}) =>
  open(workshop({ 'one/topic.ts': text }), { shared: true, ...options });

const idleSpin = 'for (const end = Date.now() + 300; Date.now() < end; );';

describe('a child that has served a topic', () => {
  test('serves the next', async () => {
    const first = await shared('export const f = () => 1;');
    const { pid } = first;
    expect(await one(first, 'f')).toEqual({ kind: 'value', value: 1 });
    await first.close();
    expect(isAlive(pid!)).toBe(true);
    const second = await shared('export const f = () => 2;');
    expect(second.pid).toBe(pid);
    expect(await one(second, 'f')).toEqual({ kind: 'value', value: 2 });
  });

  test('is ended in the end', async () => {
    const sandbox = await shared('export const f = () => 1;');
    const pid = sandbox.pid!;
    await sandbox.close();
    endIdle();
    expect(await gone(pid)).toBe(true);
  });

  test('is ended at once when it is not shared, and takes nobody else’s place', async () => {
    const first = await shared('export const f = () => 1;', { shared: false });
    const pid = first.pid!;
    await first.close();
    expect(isAlive(pid)).toBe(false);
    const kept = await shared('export const f = () => 1;');
    const waiting = kept.pid;
    await kept.close();
    const other = await shared('export const f = () => 1;', { shared: false });
    expect(other.pid).not.toBe(waiting);
  });

  test('is not used by another that may need more memory', async () => {
    const first = await shared('export const f = () => 1;');
    const { pid } = first;
    await first.close();
    const second = await shared('export const f = () => 1;', { memory: 300 });
    expect(second.pid).not.toBe(pid);
  });
});

describe('the next topic sees nothing of the last', () => {
  test('neither what it has left nor what it has made of the language', async () => {
    const first = await shared(`
      Object.assign(globalThis, { left: 1 });
      Object.assign(Array.prototype, { left: 1 });
      Math.max = () => 7;
      Array.prototype.push = () => 7;
      export const f = () => { console.log('from the first'); return Math.max(1, 2); };`);
    const { pid } = first;
    expect(await one(first, 'f')).toMatchObject({ value: 7, console: 'from the first' });
    await first.close();
    const second = await shared(`export const f = () => {
      const list = [1]; list.push(2);
      return ['left' in globalThis, 'left' in [], Math.max(1, 2), list.length];
    };`);
    expect(second.pid).toBe(pid);
    expect(await one(second, 'f')).toEqual({ kind: 'value', value: [false, false, 2, 2] });
  });

  test('a place in an error is a place in its own file', async () => {
    const first = await shared('\n\n\nexport const f = () => 1;');
    await first.close();
    const second = await shared("export const f = () => {\n  throw new Error('here');\n};");
    expect(await one(second, 'f')).toMatchObject({ kind: 'error', at: { line: 2 } });
  });
});

describe('a child that is worn is not shared', () => {
  test('after a loop', async () => {
    const first = await shared('export const f = () => { for (;;); };');
    const { pid } = first;
    expect(await outcomes(first, [[call('f')]], { limit: 200 })).toMatchObject([{ kind: 'timeout' }]);
    await first.close();
    expect(await gone(pid!)).toBe(true);
  });

  test('while a program of an abandoned request still runs', async () => {
    const first = await shared(`export const f = () => 1; export const slow = () => { ${idleSpin} return 1; };`);
    const { pid } = first;
    for await (const outcome of first.run([[call('f')], ...Array.from({ length: 50 }, () => [call('slow')])])) {
      expect(outcome.kind).toBe('value');
      break;
    }
    await first.close();
    expect(isAlive(pid!)).toBe(false);
  });

  test.skipIf(process.platform !== 'linux')('after it has used much memory', async () => {
    const first = await shared('const all: Float64Array[] = []; export const f = () => all.push(new Float64Array(3e7).fill(1));'); // prettier-ignore
    const { pid } = first;
    expect(await one(first, 'f')).toEqual({ kind: 'value', value: 1 });
    await first.close();
    expect(isAlive(pid!)).toBe(false);
  });
});

describe('the end of a shared child', () => {
  test('costs the topic nothing that it ends under', async () => {
    const first = await shared('export const f = () => 1;');
    const { pid } = first;
    await first.close();
    const second = await shared(`export const f = (x: number) => { ${idleSpin} return x; };`);
    expect(second.pid).toBe(pid);
    const running = outcomes(second, [1, 2, 3].map((x) => [call('f', x)])); // prettier-ignore
    setTimeout(() => process.kill(pid!, 'SIGKILL'), 450);
    expect(await running).toEqual([1, 2, 3].map((value) => ({ kind: 'value', value })));
    expect(second.pid).not.toBe(pid);
  });

  test.skipIf(process.platform === 'win32')('is told of the right topic, also while it loads', async () => {
    const first = await shared('export const f = () => 1;', { memory: 200 });
    const { pid } = first;
    await first.close();
    const second = await shared(
      `const all: Float64Array[] = []; for (let i = 0; i < 60; i++) all.push(new Float64Array(1e6).fill(1));
       for (const end = Date.now() + 2_000; Date.now() < end; ); export const f = () => all.length;`,
      { memory: 200 },
    );
    expect(second.loaded).toMatchObject({ kind: 'failed', why: 'oom' });
    expect(await gone(pid!)).toBe(true);
    const third = await shared('export const f = () => 3;', { memory: 200 });
    expect(await one(third, 'f')).toEqual({ kind: 'value', value: 3 });
  });

  test('a file that does not load leaves the child to the next', async () => {
    const first = await shared('export const f = () => 1;');
    const { pid } = first;
    await first.close();
    const second = await shared('export const f = (');
    expect(second.loaded).toMatchObject({ kind: 'failed', why: 'syntax' });
    const third = await shared('export const f = () => 3;');
    expect(third.pid).toBe(pid);
  });
});
