/** Code that means harm, in the page: it reaches nothing, it forges nothing, and the next run works. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExerciseReport } from '../../grader/engine/index.ts';
import { chromiumPath, root } from './built.ts';
import { bench, source, type Bench } from './playground.ts';

const NEURON = 'chapter-1-mp/neuron.ts';
const solved = readFileSync(join(root, 'solutions', NEURON), 'utf8');
const skeleton = source.skeleton(NEURON);
/** The solution with another `step`, and something before and after it. */
const file = (body: string, before = '') =>
  `${solved.replace(/(export function step\(z: number\): number \{)[^]*?\n\}/, `$1\n${body}\n}`)}\n${before}`;
const right = 'return z >= 0 ? 1 : 0;';

describe.skipIf(!chromiumPath)('in the page', () => {
  let inPage: Bench;
  beforeAll(async () => {
    inPage = await bench();
  }, 120_000);
  afterAll(() => inPage?.close());

  const run = async (text: string): Promise<ExerciseReport> => {
    const report = await inPage.grade({ chapter: 'chapter-1', topic: 'neuron', only: 'step', text, skeleton });
    const [topic] = report.topics;
    return topic!.exercises[0]!;
  };
  /** What an expression is in the student's realm, as text: `step` prints it. */
  const look = async (expression: string): Promise<string | undefined> =>
    (await run(file(`console.log(String(${expression}));\n  ${right}`))).console;
  const works = async () => expect((await run(solved)).verdict).toBe('pass');

  test('the realm holds the language and console, and no way out', async () => {
    const names = await look(
      '(() => { const all: string[] = []; for (let o: object | null = globalThis; o !== null && o !== Object.prototype; o = Object.getPrototypeOf(o)) for (const k of Reflect.ownKeys(o)) all.push(String(k)); return all.sort().join(" "); })()',
    );
    const allowed =
      /^(globalThis|undefined|NaN|Infinity|eval|is(Finite|NaN)|parse(Float|Int)|(de|en)codeURI(Component)?|Object|Function|Boolean|Symbol|Number|BigInt|Math|Date|String|RegExp|JSON|Array|(Weak)?(Map|Set)|WeakRef|Promise|Proxy|Reflect|(Aggregate|Eval|Range|Reference|Syntax|Type|URI)?Error|ArrayBuffer|DataView|(Float(32|64)|Big(Int|Uint)64|U?[iI]nt(8|16|32)|Uint8Clamped)Array|console)$/;
    // Numbers that Chromium does not let go.
    const left = names!.split(' ').filter((name) => !allowed.test(name) && !/^(TEMPORARY|PERSISTENT)$/.test(name));
    expect(left).toEqual([]);
    expect(names).toContain('Float64Array');
  });

  test('nothing of a browser is there', async () => {
    const names = 'fetch XMLHttpRequest WebSocket EventSource navigator indexedDB caches localStorage sessionStorage self window parent top document postMessage onmessage addEventListener importScripts Worker SharedArrayBuffer Atomics WebAssembly BroadcastChannel MessageChannel setTimeout queueMicrotask close crypto performance location URL Blob Event EventTarget'; // prettier-ignore
    const there = await look(`'${names}'.split(' ').filter((name) => name in globalThis).join(' ')`);
    expect(there ?? '').toBe('');
  });

  test('no code out of text, no import, however it is asked for', async () => {
    const wrong = "(() => { try { return Function('return 1')(); } catch (e) { return (e as Error).name; } })()";
    expect(await look(wrong)).toBe('EvalError');
    expect(await look("(() => { try { return (0, eval)('1'); } catch (e) { return (e as Error).name; } })()")).toBe('EvalError'); // prettier-ignore
    expect(await look("(() => { try { return (async () => {}).constructor('return 1')(); } catch (e) { return (e as Error).name; } })()")).toBe('EvalError'); // prettier-ignore
    const report = await inPage.grade({ chapter: 'chapter-1', topic: 'neuron', skeleton, text: file(right, "void import('https://example.org/x.js');") }); // prettier-ignore
    expect(report.topics[0]!.load?.message).toContain('cannot be imported');
    const computed = await inPage.grade({ chapter: 'chapter-1', topic: 'neuron', skeleton, text: file(right, "const where = 'data:text/javascript,1';\nvoid import(where);") }); // prettier-ignore
    expect(computed.topics[0]!.load?.message).toContain('an import takes the name of a file');
    await works();
  });

  test('no number lies beside those of an argument or of a result', async () => {
    const topic = 'chapter-2-bp/linear';
    const all = '[x, w, b, x.matmul(w.T), x.add(x), w.mul(2)]';
    const text = readFileSync(join(root, 'solutions', `${topic}.ts`), 'utf8').replace(
      '// #region linearForward\n',
      `console.log(String(${all}.map(({ data }) => data.buffer.byteLength - data.byteLength)));\n`,
    );
    const skeleton = source.skeleton(`${topic}.ts`);
    const report = await inPage.grade({ chapter: 'chapter-2', topic: 'linear', only: 'linearForward', text, skeleton });
    const [exercise] = report.topics[0]!.exercises;
    expect(exercise!.verdict).toBe('pass');
    expect(new Set(exercise!.console!.trim().split('\n'))).toEqual(new Set(['0,0,0,0,0,0']));
  });

  test('the frame has no origin, and may load nothing', async () => {
    const found = await inPage.page.evaluate(async () => {
      const { runner } = globalThis as unknown as { runner: { run(task: unknown): Promise<unknown> } };
      const text =
        'export function step(z: number): number { const end = Date.now() + 20; while (Date.now() < end); return z; }';
      const going = runner.run({ chapter: 'chapter-1', topic: 'neuron', only: 'step', text, skeleton: '' });
      while (!document.querySelector('iframe')) await new Promise((next) => setTimeout(next, 5));
      const frame = document.querySelector('iframe')!;
      const seen = { sandbox: frame.getAttribute('sandbox'), document: frame.contentDocument, policy: /content="([^"]*)"/.exec(frame.srcdoc)![1]! }; // prettier-ignore
      await going;
      return { ...seen, left: document.querySelectorAll('iframe').length };
    });
    expect(found.sandbox).toBe('allow-scripts');
    expect(found.document).toBeNull();
    expect(found.policy).toMatch(/^default-src 'none'; script-src 'nonce-[\w-]+'; worker-src blob:$/);
    expect(found.left).toBe(0);
  });

  test.each([
    ['builtins that lie', 'Array.prototype.map = Array.prototype.push = Array.prototype.find = () => 1 as never; Math.abs = () => 0; Float64Array.prototype.set = () => {}; JSON.stringify = () => "1"; Reflect.apply = () => 1 as never; Reflect.ownKeys = () => []; Object.defineProperty = (o: never) => o;'],
    ['promises that never come back', 'Promise.prototype.then = () => 1 as never; Object.defineProperty(Promise.prototype, "constructor", { get() { for (;;); } });'],
    ['setters on every object', 'for (const k of ["id", "index", "answers", "what", "kind", "value", "console", "t"]) Object.defineProperty(Object.prototype, k, { set() {}, get() { return "forged"; }, configurable: true }); Object.defineProperty(Array.prototype, "0", { set() {}, get() { return 1; }, configurable: true });'],
    ['functions that call others', 'Function.prototype.call = Function.prototype.apply = function () { return 1; } as never; Symbol.hasInstance.toString(); Function.prototype.bind = () => (() => 1) as never;'],
  ])('%s: neither harm nor help', async (_, tamper) => {
    const honest = await run(file('return z > 0 ? 1 : 0;'));
    const forged = await run(file('return z > 0 ? 1 : 0;', tamper));
    expect(forged.verdict).not.toBe('pass');
    expect(forged.points).toBe(honest.points);
    expect((await run(file(right, tamper))).verdict).toMatch(/pass|fail|error|crash/);
    await works();
  }); // prettier-ignore

  test.each([
    ['a message of a result', 'postMessage({ id: 1, index: 0, answers: [{ what: { kind: "value", value: 1 }, console: "" }] })'],
    ['a message to the page', 'self.parent.postMessage({ frame: 1, syntax: { message: "x" } }, "*")'],
    ['a listener for the port', 'addEventListener("message", (e) => e.ports[0].postMessage({ index: 0 }))'],
    ['an event of their own', 'Object.getPrototypeOf(Object.getPrototypeOf(globalThis)).dispatchEvent.call(globalThis, {})'],
  ])('%s cannot be sent', async (_, forgery) => {
    const { verdict, points, failure } = await run(file(`${forgery};\n  return z > 0 ? 1 : 0;`));
    expect(verdict).toBe('error');
    expect(points).toBe(0);
    expect(failure!.problem!.message).toMatch(/^(Reference|Type)Error/);
    await works();
  }); // prettier-ignore

  test('messages that come from elsewhere in the page are not heard', async () => {
    const report = await inPage.page.evaluate(
      async ([text, skeleton]) => {
        const { runner } = globalThis as unknown as { runner: { run(task: unknown): Promise<unknown> } };
        const flood = setInterval(() => {
          postMessage({ frame: 1, syntax: { message: 'forged', line: 1, column: 1 } }, '*');
          for (const frame of document.querySelectorAll('iframe'))
            postMessage({ frame: /nonce="([^"]*)"/.exec(frame.srcdoc)![1], detail: 'gone' }, '*');
        }, 1);
        try {
          return await runner.run({ chapter: 'chapter-1', topic: 'neuron', only: 'step', text, skeleton });
        } finally {
          clearInterval(flood);
        }
      },
      [solved, skeleton] as const,
    );
    expect((report as { points: number }).points).toBe(1);
  });

  test('a loop without end is ended on time; the page stays alive, and the next run works', async () => {
    const alive = inPage.page.evaluate(async () => {
      let longest = 0;
      for (let last = performance.now(), end = last + 2500; last < end;) {
        await new Promise((next) => setTimeout(next, 20));
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
      }
      return longest;
    });
    const { verdict, failure } = await run(file('for (;;);'));
    expect(verdict).toBe('timeout');
    expect(failure!.problem!.verdict).toBe('timeout');
    // Not a measure of speed: a page that waited for the loop would not have answered at all.
    expect(await alive).toBeLessThan(2_400);
    await works();
    expect((await run(file(right, 'for (;;);'))).verdict).toBe('timeout');
    expect((await run(file(`Promise.resolve().then(() => { for (;;); });\n  ${right}`))).verdict).toBe('timeout');
    await works();
  }, 120_000);

  test('somebody who presses Stop gets the page back', async () => {
    const stopped = await inPage.page.evaluate(
      async ([text, skeleton]) => {
        const { runner } = globalThis as unknown as { runner: { run(task: unknown): Promise<unknown>; stop(): void } };
        const going = runner.run({ chapter: 'chapter-1', topic: 'neuron', only: 'step', text, skeleton });
        setTimeout(() => runner.stop(), 300);
        return going.then(
          () => 'done',
          (error: unknown) => (error as Error).message + document.querySelectorAll('iframe').length,
        );
      },
      [file('for (;;);'), skeleton] as const,
    );
    expect(stopped).toBe('stopped0');
    await works();
  });

  test('more memory than there is costs that run only', async () => {
    const bomb = 'const all: Float64Array[] = [];\n  for (;;) all.push(new Float64Array(2 ** 24).fill(1));';
    const { verdict, points } = await run(file(bomb));
    expect(['error', 'timeout', 'oom', 'crash']).toContain(verdict);
    expect(points).toBe(0);
    await works();
  }, 120_000);

  test('nothing of all this has asked the network for anything', async () => {
    const asked: string[] = [];
    inPage.page.on('request', (request) => asked.push(request.url()));
    await run(file("try { (globalThis as never as { fetch(a: string): void }).fetch('https://example.org/'); } catch { return 1; }\n  return 0;")); // prettier-ignore
    expect(asked.filter((url) => !url.startsWith('blob:') && !url.startsWith('about:'))).toEqual([]);
  });
});
