/** Each case a file that attacks, and what the judge still gets. */
import { describe, expect, test, vi } from 'vitest';
import { Tensor, normal, random } from '#tensor';
import { NamedFunction, type Outcome } from '../../grader/engine/sandbox.ts';
import { Odd, type Value } from '../../grader/engine/value.ts';
import { allowedGlobals } from '../../grader/sandbox/realm/globals.ts';
import { call, one, outcomes, result, student } from './workshop.ts';

const value = (value: Value): Outcome => ({ kind: 'value', value });
const kinds = (all: Outcome[]) => all.map(({ kind }) => kind);

describe('time', () => {
  test('a loop in case 7 loses case 7 onward and nothing else; the next request works', async () => {
    const sandbox = await student('export const f = (x: number) => { if (x === 7) for (;;); return x };');
    const programs = Array.from({ length: 10 }, (_, i) => [call('f', i + 1)]);
    const all = await outcomes(sandbox, programs, { limit: 300 });
    expect(all).toEqual([1, 2, 3, 4, 5, 6].map(value).concat({ kind: 'timeout', ms: 300 }));
    expect(await one(sandbox, 'f', 8)).toEqual(value(8));
  });

  test('promises that never come to an end are charged to the program that made them', async () => {
    const sandbox = await student(`export const f = (x: number) => x;
      export const g = () => { const again = (): unknown => Promise.resolve().then(again); again(); return 1 };`);
    const all = await outcomes(sandbox, [[call('f', 1)], [call('g')], [call('f', 2)]], { limit: 300 });
    expect(kinds(all)).toEqual(['value', 'timeout']);
    expect(await one(sandbox, 'f', 2)).toEqual(value(2));
  });

  test('a loop while loading', async () => {
    // A file that hardly got the processor is loaded once more, and killed from outside: then its text is lost.
    await vi.waitFor(
      async () => {
        const sandbox = await student("console.log('hm'); for (;;); export const f = 1;", { loadLimit: 300 });
        expect(sandbox.loaded).toMatchObject({
          kind: 'failed',
          why: 'timeout',
          console: 'hm',
          message: expect.stringContaining('never finished loading'),
        });
        expect(sandbox.pid).toBe(undefined);
      },
      { timeout: 40_000 },
    );
  });

  test('promises without end while loading', async () => {
    const sandbox = await student('const g = (): unknown => Promise.resolve().then(g); g(); export const f = 1;', {
      loadLimit: 300,
    });
    expect(sandbox.loaded).toMatchObject({ kind: 'failed', why: 'timeout' });
  });

  test('work that V8 does not interrupt is killed from outside', async () => {
    const sandbox = await student(
      "export const f = () => /^(a+)+$/.test('a'.repeat(40) + 'b') || [3n ** 30_000_000n].length;",
    );
    expect(kinds(await outcomes(sandbox, [[call('f')]], { limit: 300 }))).toEqual(['timeout']);
  });

  test('a getter of a thrown value that loops', async () => {
    const sandbox = await student(
      'export const f = () => { throw Object.create(Error.prototype, { message: { get() { for (;;); } } }) };',
    );
    expect(kinds(await outcomes(sandbox, [[call('f')]], { limit: 300 }))).toEqual(['timeout']);
  });

  test('an async function that never returns is a Promise', async () => {
    expect(await result('export async function f() { await new Promise(() => {}); }')).toEqual(
      value(new Odd('a Promise')),
    );
  });
});

describe('memory', () => {
  const options = { memory: 200 };
  const memory = process.platform === 'win32' ? test.skip : test;
  test('a heap bomb', async () => {
    const sandbox = await student(
      'export const f = () => { const a: unknown[] = []; for (;;) a.push({ n: [a.length] }); }; export const g = () => 1;',
      options,
    );
    expect(await outcomes(sandbox, [[call('g')], [call('f')], [call('g')]], { limit: 30_000 })).toEqual([
      value(1),
      { kind: 'oom', megabytes: 200 },
    ]);
    expect(await one(sandbox, 'g')).toEqual(value(1));
  });

  memory('typed arrays, which the heap limit does not count', async () => {
    const sandbox = await student(
      'export const f = () => { const a: unknown[] = []; for (;;) a.push(new Float64Array(1e5).fill(1)); };',
      options,
    );
    expect(await outcomes(sandbox, [[call('f')]], { limit: 30_000 })).toEqual([{ kind: 'oom', megabytes: 200 }]);
    expect(sandbox.peakMegabytes).toBeGreaterThan(150);
  });

  memory('a bomb while loading', async () => {
    const sandbox = await student(
      'const a: unknown[] = []; for (;;) a.push(new Uint8Array(new ArrayBuffer(1e6)).fill(1)); export const f = 1;',
      { ...options, loadLimit: 30_000 },
    );
    expect(sandbox.loaded).toMatchObject({
      kind: 'failed',
      why: 'oom',
      message: 'loading the file took more than 200 MB of memory',
    });
  });

  test('one buffer that is far too large is an ordinary error', async () => {
    expect(await result('export const f = () => new Float64Array(2 ** 40)')).toMatchObject({
      kind: 'error',
      name: 'RangeError',
    });
    expect(await result("export const f = () => 'a'.repeat(2 ** 30)")).toMatchObject({
      kind: 'error',
      name: 'RangeError',
    });
  });

  test('endless recursion is an ordinary error, and the same child goes on', async () => {
    const sandbox = await student('export const f = (x: number): number => f(x + 1) + 1; export const g = () => 1;');
    const { pid } = sandbox;
    const all = await outcomes(sandbox, [[call('f', 1)], [call('g')], [call('f', 1)], [call('g')]]);
    expect(all).toMatchObject([
      { kind: 'error', name: 'RangeError', at: { line: 1 } },
      value(1),
      { kind: 'error' },
      value(1),
    ]);
    expect(sandbox.pid).toBe(pid);
  });
});

describe('a way out', () => {
  test('the globals are exactly the list', async () => {
    const sandbox = await student('export const f = () => Reflect.ownKeys(globalThis).map(String).sort();');
    expect(await one(sandbox, 'f')).toEqual(value([...allowedGlobals].sort()));
  });

  test('and so they are at the start of the file, and V8’s console is gone', async () => {
    const sandbox = await student(
      'const names = Reflect.ownKeys(globalThis).length; const t = typeof (console as any).memory + typeof (console as any).profile; export const f = () => [names, t];',
    );
    expect(await one(sandbox, 'f')).toEqual(value([allowedGlobals.length, 'undefinedundefined']));
  });

  test.each([
    'process.exit(0)',
    'process.kill(process.pid)',
    "require('fs')",
    'fetch("x")',
    'setTimeout(() => 0)',
    'queueMicrotask(() => 0)',
    'go()',
    'bundled',
  ])('%s is not defined', async (code) => {
    const outcome = await result(
      `// @ts-nocheck\nconst load = 1;\nexport const f = () => ${code.replace('require(', 'globalThis.require(')};`,
    );
    expect(outcome).toMatchObject({ kind: 'error', at: { line: 3 } });
    expect((outcome as { message: string }).message).toMatch(/is not defined|is not a function/);
  });

  test.each([
    "eval('1')",
    "new Function('return 1')()",
    "(this as any ?? globalThis).constructor.constructor('return process')()",
    "(f as any).constructor('return process')()",
    '(async () => {}).constructor(\'return import("fs")\')()',
    "(Object as any).getPrototypeOf(function* () {}).constructor('yield 1')()",
    "(console.log as any).constructor('return process')()",
  ])('%s makes no code out of text', async (code) => {
    const outcome = await result(`export const f: any = () => ${code};`);
    expect(outcome).toMatchObject({ kind: 'error', name: 'EvalError' });
  });

  test('import of a computed name', async () => {
    const { loaded } = await student(`const name = ['node', 'fs'].join(':');
      export const start = () => { void import(name); return 0 };`);
    expect(loaded).toMatchObject({ kind: 'failed', why: 'syntax', at: { line: 2 } });
    expect(loaded).toMatchObject({ message: 'an import takes the name of a file, in quotes' });
  });

  test('no object of the outer realm in arguments, stack frames, overflow errors or callers', async () => {
    const text = `// @ts-nocheck
      export const f = (tensor, list, record, bytes, named) => {
        const foreign = [];
        const home = (x, name) => {
          for (let p = x; p !== null && p !== undefined; p = Object.getPrototypeOf(p)) {
            const c = p.constructor;
            if (typeof c === 'function' && !(c instanceof Function)) foreign.push(name);
          }
        };
        for (const [name, x] of Object.entries({ tensor, list, record, bytes, named })) home(x, name);
        home(tensor.shape, 'shape'); home(tensor.data, 'data'); home(tensor.data.buffer, 'buffer');
        home(console, 'console'); home(console.log, 'log');
        home((() => { try { null.x } catch (e) { return e } })(), 'error');
        let deepest;
        const dive = () => { try { dive() } catch (e) { deepest = e; try { void e.stack } catch (e2) { deepest = e2 } } };
        dive();
        home(deepest, 'overflow');
        try { BigInt(0.5) } catch (e) { home(e, 'bigint') }
        try { eval('1') } catch (e) { home(e, 'eval') }
        Error.prepareStackTrace = (error, sites) => {
          home(sites, 'sites');
          for (const site of sites) {
            home(site, 'site'); home(site.getThis?.(), 'this'); home(site.getFunction?.(), 'function');
            if (site.getThis?.() ?? site.getFunction?.()) foreign.push('frame ' + site.getFunctionName());
          }
          return 'mine';
        };
        void new Error('x').stack;
        return foreign;
      };`;
    const sandbox = await student(text);
    const named = new NamedFunction('polynomial', [1]);
    expect(await one(sandbox, 'f', new Tensor([1], [1]), [1], { a: 1 }, Uint8Array.of(1), named)).toEqual(value([]));
  });

  test('no number lies beside those of an argument or of a result', async () => {
    const sandbox = await student(`
      import { ones, tensor } from '#tensor';
      export const f = (x) =>
        [x, x.add(x), x.T, x.reshape(8, 5), x.sum(0), x.matmul(x.T), tensor(x.toArray()), ones(20)]
          .map(({ data }) => data.buffer.byteLength - data.byteLength);`);
    const beside = normal([5, 8], random(1)); // in the judge's memory
    expect(beside.data.buffer.byteLength).toBeGreaterThan(beside.data.byteLength);
    expect(await one(sandbox, 'f', beside)).toEqual(value([0, 0, 0, 0, 0, 0, 0, 0]));
  });
});

describe('errors of the outer realm', () => {
  const provoke = `// @ts-nocheck
    const RealError = Error, RealObject = Object;
    const foreign = [];
    const keep = (f) => { try { f() } catch (e) { if (!(e instanceof RealError)) foreign.push(e) } };
    keep(() => { const e = new RealError('x'); e.name = Symbol('s'); void e.stack });
    let n = 0;
    const getter = { configurable: true, get: () => (n++ > 0 ? undefined : { prepareStackTrace() {} }) };
    keep(() => { const e = new RealError('y'); Object.defineProperty(globalThis, 'Error', getter); void e.stack });
    Object.defineProperty(globalThis, 'Error', { configurable: true, writable: true, value: RealError });
    RealError.stackTraceLimit = 1;
    const dive = (n) => { if (n > 0) return dive(n - 1) + 0; keep(() => void new RealError('z').stack); return dive(0) + 0 };
    try { dive(5000) } catch {}`;

  test('get through, and all that they lead to is frozen', async () => {
    const sandbox = await student(`${provoke}
      export const f = () => {
        const soft = new Set(), seen = new Set(foreign);
        const waiting = foreign.map((e) => RealObject.getPrototypeOf(e));
        for (let o = waiting.pop(); o; o = waiting.pop()) {
          if (seen.has(o)) continue;
          seen.add(o);
          if (!RealObject.isFrozen(o)) soft.add(String(o));
          for (const x of [RealObject.getPrototypeOf(o), ...Reflect.ownKeys(o).flatMap((k) => { const d = Reflect.getOwnPropertyDescriptor(o, k); return [d.value, d.get, d.set] })])
            if (x && (typeof x === 'object' || typeof x === 'function')) waiting.push(x);
        }
        return [foreign.length > 1, seen.size > 50, [...soft]];
      };`);
    expect(await one(sandbox, 'f')).toEqual(value([true, true, []]));
  });

  test('make no code, and the sandbox goes on as before', async () => {
    const sandbox = await student(`${provoke}
      export const f = () => {
        for (const e of foreign) {
          try { return e.constructor.constructor('return process')() } catch {}
          for (let p = e.__proto__; p; p = p.__proto__)
            for (const k of ['kind', 'what', 'push', 'call', 'map', 'then', 'hacked'])
              try { p[k] = () => 'hacked' } catch {}
        }
        return 'as before';
      };`);
    expect(await outcomes(sandbox, [[call('f')], [call('f')]])).toEqual([value('as before'), value('as before')]);
  });
});

describe('throwing', () => {
  test.each([
    ['null', 'throw null', 'null'],
    ['undefined', 'throw undefined', 'undefined'],
    ['text', "throw 'why'", 'why'],
    ['a record', 'throw { code: 1 }', '{ code: 1 }'],
    [
      'a Proxy',
      'throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 }, ownKeys() { throw 3 } })',
      'something that cannot be shown',
    ],
    [
      'a hostile getter',
      'throw Object.defineProperty(new Error("x"), "message", { get() { throw 1 } })',
      'something that cannot be shown',
    ],
    ['a symbol', "throw Symbol('s')", 'Symbol(s)'],
  ])('%s', async (_, body, message) => {
    expect(await result(`export const f = () => { ${body} };`)).toEqual({
      kind: 'error',
      name: '',
      message,
      todo: false,
      fn: 'f',
    });
  });

  test('a name and a message that are no text', async () => {
    const outcome = await result(
      "export const f = () => { throw Object.assign(new Error('x'), { name: { a: 1 }, message: 5, stack: [] }) };",
    );
    expect(outcome).toMatchObject({ kind: 'error', name: 'Error', message: '' });
  });

  test('a message without end', async () => {
    const outcome = await result("export const f = () => { throw new Error('x'.repeat(1e7)) };");
    expect((outcome as { message: string }).message).toHaveLength(2_000);
  });

  test('while loading', async () => {
    expect((await student('export const f = 1; throw null;')).loaded).toMatchObject({
      why: 'throws',
      message: 'threw null',
    });
  });
});

describe('patching the language changes no verdict', () => {
  const patches: [string, string][] = [
    [
      'Array.prototype',
      "for (const k of ['map', 'push', 'every', 'some', 'slice', 'filter', 'forEach', 'join', 'reduce', 'includes', 'indexOf']) (Array.prototype as any)[k] = () => 'patched';",
    ],
    ['Array.from and isArray', 'Array.from = (() => []) as any; Array.isArray = (() => true) as any;'],
    ['JSON', 'JSON.stringify = () => \'{"score":1}\'; JSON.parse = () => ({ score: 1 });'],
    [
      'Object.defineProperty and friends',
      "for (const k of ['defineProperty', 'keys', 'entries', 'getOwnPropertyDescriptor', 'getPrototypeOf', 'freeze', 'assign']) (Object as any)[k] = () => { throw 1 };",
    ],
    [
      'Reflect',
      "for (const k of Reflect.ownKeys(Reflect)) if (typeof k === 'string') (Reflect as any)[k] = () => { throw 1 };",
    ],
    ['Promise', 'Promise.prototype.then = function () { return this } as any; (globalThis as any).Promise = class {};'],
    [
      'Float64Array.prototype.set and the constructor',
      "for (const k of ['set', 'slice', 'fill']) (Float64Array.prototype as any)[k] = () => { throw 1 }; (globalThis as any).Float64Array = class {}; (globalThis as any).Uint8Array = class {};",
    ],
    [
      'the typed arrays’ own prototype',
      "const p = Object.getPrototypeOf(Float64Array.prototype); for (const k of ['length', 'buffer', Symbol.toStringTag]) Object.defineProperty(p, k, { get: () => 0 }); p.set = () => {};",
    ],
    [
      'iteration',
      'Array.prototype[Symbol.iterator] = function* () { yield 666 } as any; Object.defineProperty(Array, Symbol.species, { value: class {} });',
    ],
    [
      'Function.prototype',
      'Function.prototype.call = Function.prototype.apply = Function.prototype.bind = (() => 1) as any;',
    ],
    [
      'instanceof',
      'Object.defineProperty(Error, Symbol.hasInstance, { value: () => { throw 1 } }); Object.defineProperty(Array, Symbol.hasInstance, { value: () => false });',
    ],
    ['Error.prepareStackTrace', 'Error.prepareStackTrace = () => { throw 1 }; Error.stackTraceLimit = 0;'],
    ['Error', '(globalThis as any).Error = class { static prepareStackTrace() { throw 1 } };'],
    [
      'setters on Object.prototype',
      "for (const k of ['ok', 'name', 'message', 'stack', 'kind', 't', 'shape', 'value']) Object.defineProperty(Object.prototype, k, { set() { throw 1 }, get: () => 'pass', configurable: true });",
    ],
    [
      'numbered setters',
      "Object.defineProperty(Array.prototype, 0, { set() { throw 1 }, get: () => 'pass', configurable: true });",
    ],
    [
      'String.prototype',
      "for (const k of ['slice', 'padEnd', 'trimEnd', 'replace', 'split']) (String.prototype as any)[k] = () => 'patched'; (globalThis as any).String = () => 'patched';",
    ],
    ['the clock and chance', 'Date.now = () => 0; Math.random = () => 0;'],
    ['the console', '(globalThis as any).console = null;'],
    [
      'test functions',
      '(globalThis as any).expect = (globalThis as any).test = (globalThis as any).describe = () => 1;',
    ],
  ];
  // Without #tensor in the file: what the student's own calls into the library do after a patch is the student's affair.
  test.each(patches)('%s', async (_, patch) => {
    const sandbox = await student(`${patch}
      export const same = (x: unknown) => x;
      export const wrong = () => 1;
      export const bad = () => { throw null };`);
    expect(sandbox.loaded).toEqual({
      kind: 'loaded',
      exports: { same: 'function', wrong: 'function', bad: 'function' },
    });
    const all = await outcomes(sandbox, [
      [call('same', [1, { a: 'x' }, 2])],
      [call('wrong')],
      [call('bad')],
      [call('missing')],
    ]);
    expect(all.map(({ console: _, ...outcome }) => outcome)).toMatchObject([
      value([1, { a: 'x' }, 2]),
      value(1),
      { kind: 'error', name: '' },
      { kind: 'error', message: '`missing` is not exported' },
    ]);
  });

  test('a file that patches everything does not reach the next sandbox', async () => {
    await student(`${patches.map(([, patch]) => `{ ${patch} }`).join('\n')}\nexport const f = 1;`);
    const outcome = await result("import { tensor } from '#tensor'; export const f = () => tensor([1, 2]).add(1)");
    expect(outcome).toEqual(value(new Tensor([2], [2, 3])));
  });

  test('a stand-in cannot be changed through its import', async () => {
    const sandbox = await student(
      "import * as t from '#tensor'; export const f = () => { (t as any).Tensor = 1; return 'changed' };",
    );
    expect(sandbox.loaded).toMatchObject({ kind: 'failed', why: 'syntax', at: { line: 1 } });
    expect(
      await result(
        "import * as t from '#tensor'; export const f = () => { const u: any = t; u.Tensor = 1; return 'changed' };",
      ),
    ).toMatchObject({ kind: 'error', name: 'TypeError' });
  });
});
