import { describe, expect, test } from 'vitest';
import { Tensor } from '#tensor';
import { NamedFunction, ResultOf } from '../../grader/engine/sandbox.ts';
import { Odd, type Value } from '../../grader/engine/value.ts';
import { NotAResult, decode, encode } from '../../grader/sandbox/wire.ts';
import { call, one, open, outcomes, result, student, workshop } from './workshop.ts';

const identity = 'export const f = (x: unknown) => x;';
const tensor = (shape: number[], ...data: number[]) => new Tensor(shape, Float64Array.from(data));

describe('values cross unchanged', () => {
  const values: [string, Value][] = [
    ['numbers that JSON loses', [NaN, Infinity, -Infinity, -0, 5e-324, 2 ** 53]],
    ['a tensor', tensor([2, 3], 1, -0, NaN, Infinity, -Infinity, 0.1)],
    ['a scalar tensor and an empty one', [tensor([], 7), tensor([2, 0])]],
    ['text, truth and nothing', ['梯度 🎉', true, false, null, undefined]],
    ['bytes', Uint8Array.of(0, 255, 7)],
    ['records', { a: 1, nested: { b: [tensor([1], 2)], 'a key': 'x' }, empty: {}, none: [] }],
  ];
  test.each(values)('%s', async (_, value) => {
    expect(await result(identity, value)).toEqual({ kind: 'value', value });
  });

  test('-0 stays -0 in numbers and in tensors', async () => {
    const sandbox = await student(identity);
    const outcome = await one(sandbox, 'f', [-0, tensor([1], -0)]);
    const value = (outcome as unknown as { value: [number, Tensor] }).value;
    expect(Object.is(value[0], -0)).toBe(true);
    expect(Object.is(value[1].data[0], -0)).toBe(true);
  });

  test('a key named __proto__ is only a key', async () => {
    const outcome = await result(`export const f = () => JSON.parse('{"__proto__": {"polluted": 1}}');`);
    const { value } = outcome as { value: Record<string, unknown> };
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).polluted).toBe(undefined);
    expect((value as { polluted?: number }).polluted).toBe(undefined);
  });

  test('arguments are objects of the realm: instanceof and methods work', async () => {
    const text = `import { Tensor } from '#tensor';
      export const f = (a: unknown, b: unknown, c: unknown, d: object) =>
        [a instanceof Tensor, b instanceof Array, c instanceof Uint8Array, d instanceof Object,
         (a as Tensor).data instanceof Float64Array, (a as Tensor).add(1)];`;
    const outcome = await result(text, tensor([1], 2), [1], Uint8Array.of(1), {});
    expect(outcome).toEqual({ kind: 'value', value: [true, true, true, true, true, tensor([1], 3)] });
  });
});

describe('what is not plain data is named', () => {
  const odd: [string, string, string][] = [
    ['a Promise', 'export async function f() { return 1 }', 'a Promise'],
    ['a rejected Promise', 'export async function f() { throw new Error("x") }', 'a Promise'],
    [
      'a thenable',
      'export const f = () => ({ then(done: any) { done(1) } })',
      'an object with a `then` function, like a Promise',
    ],
    ['a function', 'export const f = () => () => 1', 'a function'],
    ['a symbol', 'export const f = () => Symbol.iterator', 'a symbol'],
    ['a BigInt', 'export const f = () => 2n', 'a BigInt'],
    ['a Proxy', 'export const f = () => new Proxy({}, { ownKeys() { throw new Error("touched") } })', 'a Proxy'],
    ['a Proxy of an array', 'export const f = () => new Proxy([1], {})', 'a Proxy'],
    ['a Proxy of a function', 'export const f = () => new Proxy(() => 1, {})', 'a Proxy'],
    ['a Map', 'export const f = () => new Map()', 'a Map'],
    ['a Set', 'export const f = () => new Set()', 'a Set'],
    ['a Date', 'export const f = () => new Date()', 'a Date'],
    ['an Error', 'export const f = () => new TypeError("x")', 'an Error'],
    ['a generator', 'export function* f() { yield 1 }', 'a generator'],
    ['a boxed number', 'export const f = () => new Number(1)', 'a Number object'],
    ['a bare typed array', 'export const f = () => new Float64Array(2)', 'a Float64Array'],
    ['another typed array', 'export const f = () => new Int32Array(2)', 'an Int32Array'],
    ['an instance', 'class Neuron {} export const f = () => new Neuron()', 'an object of class Neuron'],
    [
      'a class that mentions itself',
      'class Layer { static x = Layer } export const f = () => new Layer()',
      'an object of class Layer',
    ],
    ['a sparse array', 'export const f = () => [1, , 3]', 'an array with holes'],
    ['a very sparse array', 'export const f = () => { const a = []; a[4e9] = 1; return a }', 'an array with holes'],
    ['a subclass of Array', 'export const f = () => new (class extends Array {})()', 'an array of a class of its own'],
    [
      'too many numbers',
      'export const f = () => new Array(4_000_001).fill(0)',
      'something with more than 4 million numbers',
    ],
    ['too much text', 'export const f = () => "x".repeat(5_000_000)', 'something with more than 4 million numbers'],
    [
      'too many in a tensor',
      `import { zeros } from '#tensor'; export const f = () => zeros(3000, 2000)`,
      'something with more than 4 million numbers',
    ],
    [
      'a look-alike',
      'export const f = () => ({ shape: [1], data: new Float64Array(1) })',
      'an object that only looks like a Tensor',
    ],
    [
      'a subclass of Tensor',
      `import { Tensor } from '#tensor'; class Mine extends Tensor {} export const f = () => new Mine([1], [1])`,
      'an object that only looks like a Tensor',
    ],
    [
      'a broken Tensor',
      `import { Tensor } from '#tensor'; export const f = () => Object.setPrototypeOf({ shape: [3], data: new Float64Array(1) }, Tensor.prototype)`,
      'a Tensor whose data does not fit its shape',
    ],
    [
      'a Tensor whose shape is a Proxy',
      `import { Tensor } from '#tensor'; export const f = () => Object.setPrototypeOf({ shape: new Proxy([1], {}), data: new Float64Array(1) }, Tensor.prototype)`,
      'a Tensor whose data does not fit its shape',
    ],
  ];
  test.each(odd)('%s', async (_, text, what) => {
    expect(await result(text)).toEqual({ kind: 'value', value: new Odd(what) });
  });

  test('inside a record, at its place', async () => {
    const text = `export const f = () => {
      const cycle: any = { a: 1 };
      cycle.self = cycle;
      const record = { ok: 1, wait: Promise.resolve(1), cycle, then: 2 };
      Object.defineProperty(record, 'trap', { enumerable: true, get() { throw new Error('touched') } });
      return record;
    }`;
    expect(await result(text)).toEqual({
      kind: 'value',
      value: {
        ok: 1,
        wait: new Odd('a Promise'),
        cycle: { a: 1, self: new Odd('an object that contains itself') },
        then: 2,
        trap: new Odd('a getter'),
      },
    });
  });

  test('deep nesting', async () => {
    const outcome = await result(
      'export const f = () => { let a: unknown = 1; for (let i = 0; i < 200; i++) a = [a]; return a }',
    );
    let value = (outcome as { value: Value }).value;
    while (Array.isArray(value)) value = value[0];
    expect(value).toEqual(new Odd('something nested more than 20 levels deep'));
  });

  test('a tensor on a buffer that can change its length', async () => {
    const text = `import { Tensor } from '#tensor';
      export const f = () => new Tensor([2], new Float64Array(new (ArrayBuffer as any)(16, { maxByteLength: 64 })));`;
    expect(await result(text)).toEqual({ kind: 'value', value: new Odd('a Tensor whose data can change its length') });
  });

  test('elements are read once, without their getters', async () => {
    const text = `export const f = () => {
      let n = 0;
      const a = [0];
      Object.defineProperty(a, 0, { get: () => ++n });
      return [a, n];
    }`;
    expect(await result(text)).toEqual({ kind: 'value', value: [[new Odd('a getter')], 0] });
  });

  test('what a promise changes after the return comes too late', async () => {
    const text = 'export const f = () => { const a = [0]; Promise.resolve().then(() => (a[0] = 42)); return a };';
    expect(await result(text)).toEqual({ kind: 'value', value: [0] });
  });
});

describe('arguments', () => {
  test('echo shows what the function did to them', async () => {
    const sandbox = await student('export function f(a: number[], t: any) { a.push(9); t.data[0] = 5; return 0 }');
    const [first] = await outcomes(sandbox, [[call('f', [1], tensor([1], 1))]], { echo: true });
    expect(first).toEqual({ kind: 'value', value: 0, argsAfter: [[1, 9], tensor([1], 5)] });
  });

  test('are fresh on every call', async () => {
    const sandbox = await student(`const seen: unknown[] = [];
      export function f(a: number[]) { const known = seen.includes(a); seen.push(a); for (const s of seen) (s as number[])[0] += 1; return [known, a[0]] }`);
    const a = [1];
    const all = await outcomes(sandbox, [[call('f', a)], [call('f', a)], [call('f', a)]]);
    expect(all.map((o) => (o as { value: Value }).value)).toEqual([
      [false, 2],
      [false, 2],
      [false, 2],
    ]);
    expect(a).toEqual([1]);
  });

  test('functions by name', async () => {
    const sandbox = await student(`export const at = (f: (x: unknown) => unknown, x: unknown) => f(x);`);
    const polynomial = new NamedFunction('polynomial', [1, 2, 3]);
    expect(await one(sandbox, 'at', polynomial, 2)).toEqual({ kind: 'value', value: 17 });
    const quadratic = new NamedFunction('quadratic-form', { A: tensor([2, 2], 2, 1, 1, 4), b: tensor([2], 1, -1) });
    expect(await one(sandbox, 'at', quadratic, tensor([2], 1, 2))).toEqual({ kind: 'value', value: 10 });
    const perEntry = new NamedFunction('tensor-polynomial', { coefficients: tensor([2, 2, 1], 1, 2, 3, 4) });
    expect(await one(sandbox, 'at', perEntry, tensor([2, 1], 10, 100))).toEqual({ kind: 'value', value: 433 });
    await expect(one(sandbox, 'at', new NamedFunction('no such', 1))).rejects.toThrow('no such');
  });

  test('a cache goes from one call to the next and never comes out', async () => {
    const sandbox = await student(`export const forward = (x: number) => ({ y: 2 * x, cache: new Map([['x', x]]) });
      export const backward = (dy: number, cache: Map<string, number>) => dy * cache.get('x')!;
      export const plain = (x: number) => x + 1;`);
    const results = await outcomes(sandbox, [
      [call('forward', 3)],
      [call('forward', 3), call('backward', 10, new ResultOf(0, 'cache'))],
      [call('plain', 1), call('plain', new ResultOf(0))],
      [call('plain', 1), call('backward', 1, new ResultOf(0, 'cache'))],
    ]);
    expect(results).toEqual([
      { kind: 'value', value: { y: 6 } },
      { kind: 'value', value: 30 },
      { kind: 'value', value: 3 },
      { kind: 'error', fn: 'plain', name: '', message: '`plain` gave back no `cache`', todo: false },
    ]);
  });

  test('the stand-in of the same topic', async () => {
    const shop = workshop(
      { 'one/topic.ts': 'export const forward = () => ({ cache: 1 }); export const backward = (c: number) => c * 10;' },
      { 'one/topic.ts': 'export const forward = () => ({ cache: 2 });' },
    );
    const sandbox = await open(shop);
    const results = await outcomes(sandbox, [
      [{ ...call('forward'), standIn: true }, call('backward', new ResultOf(0, 'cache'))],
      [call('forward'), call('backward', new ResultOf(0, 'cache'))],
    ]);
    expect(results.map((o) => (o as { value: Value }).value)).toEqual([20, 10]);
  });
});

describe('the judge believes nothing', () => {
  const lies: [string, unknown][] = [
    ['a function', () => 1],
    ['a bigint', 1n],
    ['an unknown tag', { t: 'pass' }],
    ['no tag', { score: 1 }],
    ['a shape that does not fit', { t: 'tensor', shape: [3], data: new Float64Array(2) }],
    ['a negative shape', { t: 'tensor', shape: [-1, -2], data: new Float64Array(2) }],
    ['a fractional shape', { t: 'tensor', shape: [0.5, 4], data: new Float64Array(2) }],
    ['the wrong kind of data', { t: 'tensor', shape: [2], data: [1, 2] }],
    ['keys without values', { t: 'record', keys: ['a'], values: [] }],
    ['keys that are no text', { t: 'record', keys: [1], values: [1] }],
    ['an argument', { t: 'result', call: 0 }],
    ['a Date', new Date()],
    ['too much', { t: 'tensor', shape: [4_100_000], data: new Float64Array(4_100_000) }],
  ];
  test.each(lies)('%s', (_, wire) => expect(() => decode(wire)).toThrow(NotAResult));

  test('too deep', () => {
    let wire: unknown = 1;
    for (let i = 0; i < 10_000; i++) wire = { t: 'array', items: [wire] };
    expect(() => decode(wire)).toThrow(NotAResult);
  });

  test('an argument must be plain', () => expect(() => encode(new Odd('a Promise'))).toThrow('a Promise'));
});
