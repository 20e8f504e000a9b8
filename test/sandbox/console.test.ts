import { describe, expect, test } from 'vitest';
import { call, outcomes, student } from './workshop.ts';

async function printed(body: string): Promise<string | undefined> {
  const sandbox = await student(`import { Tensor } from '#tensor';\nexport const f = () => { ${body}; return 0 };`);
  return (await outcomes(sandbox, [[call('f')]]))[0].console;
}

describe('console', () => {
  test('shows values', async () => {
    expect(await printed("console.log('loss', 0.5, -0, [1, 'a'], { b: null }, undefined, 3n)")).toBe(
      "loss 0.5 -0 [ 1, 'a' ] { b: null } undefined 3n",
    );
  });

  test('shows zero as 0', async () => {
    expect(await printed('console.log(0, [0, -0, { a: 0 }])')).toBe('0 [ 0, -0, { a: 0 } ]');
  });

  test('shows tensors as the library prints them, inside records too', async () => {
    const text = await printed('const t = new Tensor([1, 2], [1, 2]); console.log(t); console.log({ t, n: [t] })');
    expect(text).toContain('Tensor (1, 2)\n[  1  2 ]');
    expect(text).not.toContain('Float64Array');
  });

  test('has the usual names', async () => {
    expect(
      await printed(
        "console.info(1); console.warn(2); console.error(3); console.debug(4); console.dir({ a: 5 }); console.assert(1 > 2, 'six'); console.assert(true)",
      ),
    ).toBe('1\n2\n3\n4\n{ a: 5 }\nAssertion failed: six');
  });

  test('lays out tables', async () => {
    expect(await printed('console.table([{ step: 1, loss: 0.5 }, { step: 10, loss: 0.25 }])')).toBe(
      '   step  loss\n0     1   0.5\n1    10  0.25',
    );
    expect(await printed('console.table([[1, 2], [3, 4]])')).toBe('   0  1\n0  1  2\n1  3  4');
    expect(await printed("console.table('text')")).toBe('text');
  });

  test('belongs to the program that printed', async () => {
    const sandbox = await student(
      "console.log('loading'); export const f = (x: number) => { console.log(x); return x }; export const g = () => 1;",
    );
    expect(sandbox.loaded.console).toBe('loading');
    const all = await outcomes(sandbox, [[call('f', 1)], [call('g')], [call('f', 2), call('f', 3)]]);
    expect(all.map((outcome) => outcome.console)).toEqual(['1', undefined, '2\n3']);
  });

  test('is kept when the program times out', async () => {
    const sandbox = await student("export const f = () => { console.log('here'); for (;;); }");
    expect(await outcomes(sandbox, [[call('f')]], { limit: 200 })).toEqual([
      { kind: 'timeout', ms: 200, console: 'here' },
    ]);
  });

  test('a flood is cut with a notice', async () => {
    const text = await printed("for (let i = 0; i < 100_000; i++) console.log('x'.repeat(100))");
    expect(text!.length).toBeLessThan(66_000);
    expect(text).toMatch(/an exercise may print 64 KB in one call; the rest is not shown\.$/);
    expect((await printed("console.log('x'.repeat(1e8))"))!.length).toBeLessThan(66_000);
    expect((await printed('console.log(new Array(1e6).fill(7))'))!.length).toBeLessThan(66_000);
  });

  test('hostile values do no harm', async () => {
    const text =
      await printed(`console.log({ get x() { throw 1 } }, new Proxy({}, { getPrototypeOf() { throw 1 } }), Object.create(null), Symbol('s'));
      const cycle: any = {}; cycle.me = cycle; console.log(cycle); console.log({ toString: null, constructor: null }); console.table({ get x() { throw 1 } })`);
    expect(typeof text).toBe('string');
  });
});
