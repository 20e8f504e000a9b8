/**
 * What a hostile file may give back: values that are, or only nearly are, the expected one. It is handed in like a student's
 * file and runs in the student's realm.
 *
 * A value is planned first and made afterwards, so that another realm, in which nothing hostile happens, can say what the
 * same plan means: `meaning` tells what somebody reads who takes own data properties for what they are and runs no code.
 */
import { Tensor } from '#tensor';

/** Plain data as JSON. Numbers that JSON has not are words: "NaN". */
export type Plain = Meaning;
export type Meaning =
  | { n: number | string }
  | { s: string }
  | { b: boolean }
  | { z: 'null' | 'undefined' }
  | { t: number[]; d: (number | string)[] }
  | { y: number[] }
  | { a: Meaning[] }
  | { r: [string, Meaning][] }
  /** No plain data. */
  | { odd: string };

interface Plan {
  means: Meaning;
  make: () => unknown;
}

/** A source of chance: the same for the same seed, in every realm. */
class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0;
  }
  /** 0 ≤ n < below */
  to(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let h = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    h ^= h + Math.imul(h ^ (h >>> 7), h | 61);
    return ((h ^ (h >>> 14)) >>> 0) % below;
  }
  of<T>(list: readonly T[]): T {
    return list[this.to(list.length)]!;
  }
  once(in_: number): boolean {
    return this.to(in_) === 0;
  }
}

const number = (n: number | string): number => (typeof n === 'number' ? n : Number(n));
const asJson = (x: number): number | string =>
  Number.isFinite(x) && !Object.is(x, -0) ? x : Object.is(x, -0) ? '-0' : String(x);
const odd = (what: string, make: () => unknown): Plan => ({ means: { odd: what }, make });
const plain = (means: Meaning): Plan => ({ means, make: () => build(means) });

function build(m: Meaning): unknown {
  if ('n' in m) return number(m.n);
  if ('s' in m) return m.s;
  if ('b' in m) return m.b;
  if ('z' in m) return m.z === 'null' ? null : undefined;
  if ('t' in m) return new Tensor(m.t, m.d.map(number));
  if ('y' in m) return Uint8Array.from(m.y);
  if ('a' in m) return m.a.map(build);
  if ('r' in m) return record(m.r.map(([key, value]) => [key, build(value)]));
  throw new Error('nothing to build');
}

function record(entries: [string, unknown][], prototype: object | null = Object.prototype): object {
  const made = Object.create(prototype) as object;
  for (const [key, value] of entries)
    Object.defineProperty(made, key, { value, writable: true, enumerable: true, configurable: true });
  return made;
}

const getter = (get: () => unknown) => ({ get, enumerable: true, configurable: true });
const never = () => {
  throw new Error('touched');
};

/** As it should be, sometimes in an unusual but harmless way. */
function faithful(e: Plain, chance: Chance): Plan {
  if ('t' in e) {
    const data = () => e.d.map(number);
    return {
      means: e,
      make: chance.of([
        () => new Tensor(e.t, data()),
        () => new Tensor(e.t, Float64Array.from(data())),
        // A view that begins in the middle of its buffer.
        () => {
          const whole = new Float64Array(data().length + 3).fill(NaN);
          whole.set(data(), 2);
          return new Tensor(e.t, whole.subarray(2, 2 + data().length));
        },
        // Typed arrays that say what they like, and hold what they hold.
        () => {
          class Liar extends Float64Array {
            override get length() {
              return 1;
            }
            override get [Symbol.toStringTag](): never {
              return 'Array' as never;
            }
          }
          const made = Object.create(Tensor.prototype) as object;
          return Object.assign(made, { shape: [...e.t], data: new Liar(data()) });
        },
        () =>
          Object.assign(Object.create(Tensor.prototype) as object, {
            data: Float64Array.from(data()),
            shape: [...e.t],
          }),
        () => Object.assign(new Tensor(e.t, data()), { more: never, then: never, toJSON: never }),
        () => Object.freeze(new Tensor(e.t, data())),
      ]),
    };
  }
  if ('a' in e) {
    const items = e.a.map((item) => faithful(item, chance));
    const made = () => items.map(({ make }) => make());
    return {
      means: e,
      make: chance.of([
        made,
        made,
        () => Object.freeze(made()),
        () => Object.assign(made(), { length: items.length, more: never, toJSON: never }),
        () => {
          const all = made();
          all.forEach((value, i) => Object.defineProperty(all, i, { value, enumerable: false }));
          return all;
        },
        () => Object.defineProperty(made(), Symbol.iterator, { value: never }),
      ]),
    };
  }
  if ('r' in e) {
    const fields = e.r.map(([key, value]) => [key, faithful(value, chance)] as const);
    const made = (): [string, unknown][] => fields.map(([key, { make }]) => [key, make()]);
    return {
      means: e,
      make: chance.of([
        () => record(made()),
        () => record(made()),
        () => record(made(), null),
        () => record(made().reverse()),
        () => record([...made(), ['more', 1], ['toJSON', never], ['valueOf', never]]),
        () => Object.defineProperty(record(made()), 'another', getter(never)),
        () => Object.assign(record(made()), { [Symbol.toPrimitive]: never, [Symbol('s')]: never }),
        () => Object.freeze(record(made())),
        () => record([...made(), ['__proto__', { polluted: 1 }], ['constructor', 1]]),
      ]),
    };
  }
  return plain(e);
}

/** Something else in the place of the expected value: near it, or far from it. */
function corrupted(e: Plain, chance: Chance): Plan {
  if (chance.once(4)) return anything(chance);
  if (chance.once(8)) return chance.once(2) ? wrapped(e, chance) : disguised(e, chance);
  if ('n' in e) return wrongNumber(number(e.n), chance);
  if ('t' in e) return wrongTensor(e, chance);
  if ('a' in e) return wrongList(e, chance);
  if ('r' in e) return wrongRecord(e, chance);
  if ('s' in e) return wrongText(e.s, chance);
  if ('y' in e) return wrongBytes(e.y, chance);
  if ('b' in e) return plain(chance.of<Meaning>([{ b: !e.b }, { n: Number(e.b) }, { s: String(e.b) }, { z: 'null' }]));
  return anything(chance);
}

const off = (x: number, chance: Chance): number => {
  const size = Math.max(1, Number.isFinite(x) ? Math.abs(x) : 1);
  return chance.of([
    x + size * 1e-3,
    x - size,
    -x - size,
    x * 2 + size,
    x + size * (1 + chance.to(1000)),
    NaN,
    Infinity,
    -Infinity,
    1e308,
    Number.MIN_VALUE + x + size * 0.01,
  ]);
};
/** By less than rounding, or not at all. */
const nearly = (x: number, chance: Chance): number =>
  chance.of([x * (1 + 2 ** -52), x * (1 - 2 ** -53), x === 0 ? -0 : x, x + Math.abs(x) * 1e-15]);

function wrongNumber(x: number, chance: Chance): Plan {
  const text = String(x);
  return chance.of<Plan>([
    plain({ n: asJson(off(x, chance)) }),
    plain({ n: asJson(off(x, chance)) }),
    plain({ n: asJson(nearly(x, chance)) }),
    plain({ s: text }),
    plain({ a: [{ n: asJson(x) }] }),
    plain({ t: [], d: [asJson(x)] }),
    plain({ t: [1], d: [asJson(x)] }),
    plain({ b: x === 1 }),
    odd('a boxed number', () => Object(x) as unknown),
    odd('a number by valueOf', () => ({ valueOf: () => x, toString: () => text, [Symbol.toPrimitive]: () => x })),
    odd('a BigInt', () => BigInt(Number.isSafeInteger(x) ? x : 3)),
    odd('a Date', () => new Date(Number.isSafeInteger(x) ? x : 0)),
    odd('a function', () => () => x),
  ]);
}

function wrongTensor({ t, d }: { t: number[]; d: (number | string)[] }, chance: Chance): Plan {
  const data = d.map(number);
  const at = data.length > 0 ? chance.to(data.length) : 0;
  const one = (x: number): (number | string)[] => d.map((v, i) => (i === at ? asJson(x) : v));
  const numbers = () => Float64Array.from(data);
  const forged = (shape: unknown, held: unknown) =>
    Object.assign(Object.create(Tensor.prototype) as object, { shape, data: held });
  const accessor = (key: 'shape' | 'data') => {
    const made = forged([...t], numbers());
    let asked = 0;
    const right: unknown = key === 'shape' ? [...t] : numbers();
    return Object.defineProperty(
      made,
      key,
      getter(() => (asked++ > 1 ? right : key === 'shape' ? [1] : new Float64Array(1))),
    );
  };
  class Better extends Tensor {}
  const list: (() => Plan)[] = [
    () => (data.length > 0 ? plain({ t, d: one(off(data[at]!, chance)) }) : anything(chance)),
    () => (data.length > 0 ? plain({ t, d: one(off(data[at]!, chance)) }) : anything(chance)),
    () => (data.length > 0 ? plain({ t, d: one(nearly(data[at]!, chance)) }) : anything(chance)),
    () => plain({ t, d: data.map((x) => asJson(off(x, chance))) }),
    () => plain({ t: [...t].reverse(), d }),
    () => plain({ t: [1, ...t], d }),
    () => plain({ t: [...t, 1], d }),
    () => plain({ t: [data.length], d }),
    () => plain({ t: [...t, 0], d: [] }),
    () => plain({ t, d: [...d].reverse() }),
    () => plain({ a: d.map((n) => ({ n })) }),
    () =>
      plain({
        r: [
          ['shape', { a: t.map((n) => ({ n })) }],
          ['data', { a: d.map((n) => ({ n })) }],
        ],
      }),
    () => odd('only looks like a Tensor', () => ({ shape: [...t], data: numbers() })),
    () => odd('of a class that extends Tensor', () => new Better(t, numbers())),
    () => odd('a Proxy of a Tensor', () => new Proxy(new Tensor(t, numbers()), {})),
    () =>
      odd(
        'a Proxy with traps',
        () => new Proxy(new Tensor(t, numbers()), { get: never, getPrototypeOf: never, ownKeys: never }),
      ),
    () => odd('a shape that is read twice', () => accessor('shape')),
    () => odd('data that is read twice', () => accessor('data')),
    () => odd('data in a plain array', () => forged([...t], data)),
    () => odd('data in single precision', () => forged([...t], Float32Array.from(data))),
    () => odd('data of a Proxy', () => forged([...t], new Proxy(numbers(), {}))),
    () => odd('a shape of a Proxy', () => forged(new Proxy([...t], {}), numbers())),
    () => odd('a shape of words', () => forged([...t.map(String), '1'], numbers())),
    () => odd('a shape with a half', () => forged([...t, 0.5], numbers())),
    () => odd('a shape below zero', () => forged([...t, -1, -1], numbers())),
    () => odd('a shape with a hole', () => forged(Object.assign([...t], { length: t.length + 1 }), numbers())),
    () =>
      odd('a shape with a getter', () =>
        forged(
          Object.defineProperty(
            [...t, 1],
            t.length,
            getter(() => 1),
          ),
          numbers(),
        ),
      ),
    () => odd('a shape that is too large', () => forged([...t, 2 ** 40, 2 ** 40], numbers())),
    () => odd('a shape of forty axes', () => forged([...t, ...new Array<number>(40).fill(1)], numbers())),
    () => odd('a shape of NaN', () => forged([NaN], numbers())),
    () => odd('one number too many', () => forged([...t], new Float64Array(data.length + 1))),
    () => odd('one number too few', () => forged([...t, 2], numbers())),
    () =>
      odd('data that can shrink', () => {
        // The types of this target know no buffer that can change its length.
        const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
        const buffer = new Resizable(8 * data.length, { maxByteLength: 8 * data.length + 64 });
        const held = new Float64Array(buffer);
        held.set(data);
        return forged([...t], held);
      }),
    () => odd('inherits from a Tensor', () => Object.create(new Tensor(t, numbers())) as object),
    () =>
      odd(
        'a Tensor of a prototype of its own',
        () => Object.setPrototypeOf(new Tensor(t, numbers()), { __proto__: Tensor.prototype }) as object,
      ),
    () => odd('Tensor.prototype', () => Tensor.prototype),
    () => odd('Tensor', () => Tensor),
  ];
  return chance.of(list)();
}

function wrongList({ a }: { a: Plain[] }, chance: Chance): Plan {
  const items = () => a.map(build);
  class Better extends Array<unknown> {}
  const list: (() => Plan)[] = [
    () => plain({ a: [...a, { n: 0 }] }),
    () => plain({ a: a.slice(1) }),
    () => plain({ a: [...a].reverse() }),
    () => plain({ a: [{ a }] }),
    () => plain({ a: a.map(() => ({ z: 'undefined' })) }),
    () => plain({ a: a.map((_, i) => ({ n: i })) }),
    () => plain({ r: a.map((item, i): [string, Plain] => [String(i), item]) }),
    () => odd('one hole', () => Object.assign(items(), { length: a.length + 1 })),
    () => odd('nothing but holes', () => Object.assign([], { length: chance.of([1, 7, 2 ** 20, 2 ** 32 - 1]) })),
    () =>
      odd('a hole in the middle', () => {
        const made: unknown[] = [...items(), 1, 2, 3];
        Reflect.deleteProperty(made, made.length - 2);
        return made;
      }),
    () => odd('of a class that extends Array', () => Better.from(items())),
    () => odd('without a prototype', () => Object.setPrototypeOf(items(), null) as object),
    () =>
      odd(
        'a Proxy of an array',
        () => new Proxy(items(), { get: (all, key) => (key === 'length' ? a.length : all[0]) }),
      ),
    () =>
      odd('only looks like an array', () =>
        Object.assign(Object.create(Array.prototype) as object, { ...items(), length: a.length }),
      ),
    () =>
      odd('contains itself', () => {
        const made = items();
        made.push(made);
        return made;
      }),
    () => odd('a Set', () => new Set(items())),
    () => odd('an iterator', () => items()[Symbol.iterator]()),
    () =>
      odd('arguments', () =>
        (function (..._all: unknown[]) {
          // eslint-disable-next-line prefer-rest-params
          return arguments;
        })(...items().slice(0, 100)),
      ),
    () => odd('numbers of another kind', () => Int32Array.from([1, 2, 3])),
    () =>
      odd('a getter at the end', () =>
        Object.defineProperty(
          [...items(), 1],
          a.length,
          getter(() => 1),
        ),
      ),
  ];
  if (a.length > 0) {
    const at = chance.to(a.length);
    list.push(
      () => ({
        means: { a: a.map((item, i) => (i === at ? { odd: 'a getter' } : item)) },
        make: () =>
          Object.defineProperty(
            items(),
            at,
            getter(() => build(a[at]!)),
          ),
      }),
      () => ({
        means: { a: a.map((item, i) => (i === at ? { odd: 'a function' } : item)) },
        make: () => Object.assign(items(), { [at]: () => build(a[at]!) }),
      }),
    );
  }
  return chance.of(list)();
}

function wrongRecord({ r }: { r: [string, Plain][] }, chance: Chance): Plan {
  const fields = (): [string, unknown][] => r.map(([key, value]) => [key, build(value)]);
  const at = r.length > 0 ? chance.to(r.length) : 0;
  const [key, value] = r[at] ?? ['none', { n: 0 }];
  const without = r.filter(([name]) => name !== key);
  const redefined = (descriptor: PropertyDescriptor) => () => Object.defineProperty(record(fields()), key, descriptor);
  let asked = 0;
  class Result {
    constructor() {
      Object.assign(this, record(fields()));
    }
  }
  const list: (() => Plan)[] = [
    () => plain({ r: without }),
    () => plain({ r: [...without, [key, { z: 'undefined' }]] }),
    () => plain({ r: [...without, [`${key} `, value]] }),
    () => plain({ r: [...without, [key.toUpperCase() + '2', value]] }),
    () => plain({ r: r.map(([name], i): [string, Plain] => [name, r[(i + 1) % r.length]![1]]) }),
    () => plain({ a: r.map(([, each]) => each) }),
    () => plain(value),
    () => ({ means: { r: [...without, [key, { odd: 'a getter' }]] }, make: redefined(getter(() => build(value))) }),
    () => ({
      means: { r: [...without, [key, { odd: 'a getter that changes' }]] },
      make: redefined(getter(() => (asked++ > 0 ? build(value) : NaN))),
    }),
    () => ({ means: { r: [...without, [key, { odd: 'a getter that throws' }]] }, make: redefined(getter(never)) }),
    () => ({ means: { r: without }, make: redefined({ value: build(value), enumerable: false, configurable: true }) }),
    () => ({
      means: { r: [...without, [key, { odd: 'a setter' }]] },
      make: redefined({ set: never, enumerable: true, configurable: true }),
    }),
    () => odd('inherited', () => Object.create(record(fields())) as object),
    () => odd('of a class', () => new Result()),
    () => odd('a Proxy', () => new Proxy(record(fields()), {})),
    () =>
      odd(
        'a Proxy with traps',
        () => new Proxy(record(fields()), { get: never, ownKeys: never, getOwnPropertyDescriptor: never }),
      ),
    () => odd('a prototype of a Proxy', () => record(fields(), new Proxy({}, { getPrototypeOf: never, get: never }))),
    () => odd('a Map', () => new Map(fields())),
    () => odd('thenable', () => record([...fields(), ['then', (done: (x: unknown) => void) => done(1)]])),
    () => odd('a Promise', () => Promise.resolve(record(fields()))),
    () =>
      odd('contains itself', () => {
        const made = record(fields());
        return Object.assign(made, { [key]: made });
      }),
    () => odd('an array with names', () => Object.assign([], record(fields()))),
    () => odd('a function with fields', () => Object.assign(() => 1, { fields: record(fields()) })),
  ];
  return chance.of(list)();
}

function wrongText(s: string, chance: Chance): Plan {
  return chance.of<() => Plan>([
    () => plain({ s: s + ' ' }),
    () => plain({ s: s.slice(1) + '\u0000' }),
    () => plain({ s: s.normalize('NFD') + '\u0301' }),
    () => plain({ s: s + '\ud800' }),
    () => plain({ a: [...s].map((c) => ({ s: c })) }),
    () => plain({ n: s.length }),
    () => odd('a boxed text', () => Object(s) as unknown),
    () => odd('a text by toString', () => ({ toString: () => s })),
  ])();
}

function wrongBytes(y: number[], chance: Chance): Plan {
  class Better extends Uint8Array {}
  const at = chance.to(Math.max(1, y.length));
  return chance.of<() => Plan>([
    () => plain({ y: [...y, 0] }),
    () => plain({ y: y.length > 0 ? y.map((b, i) => (i === at ? b ^ 1 : b)) : [1] }),
    () => plain({ y: y.slice(1) }),
    () => plain({ a: y.map((n) => ({ n })) }),
    () => odd('bytes of a class', () => Better.from(y)),
    () => odd('signed bytes', () => Int8Array.from(y)),
    () => odd('clamped bytes', () => Uint8ClampedArray.from(y)),
    () => odd('a buffer', () => Uint8Array.from(y).buffer),
    () => odd('a view', () => new DataView(Uint8Array.from(y).buffer)),
    () => odd('a Proxy of bytes', () => new Proxy(Uint8Array.from(y), {})),
  ])();
}

function wrapped(e: Plain, chance: Chance): Plan {
  return chance.of<() => Plan>([
    () => plain({ a: [e] }),
    () => plain({ r: [['y', e]] }),
    () =>
      plain({
        r: [
          ['value', e],
          ['cache', { n: 1 }],
        ],
      }),
    () => odd('a Promise', () => Promise.resolve(build(e))),
    () =>
      odd('a generator', () =>
        (function* () {
          yield build(e);
        })(),
      ),
    () => odd('a function', () => () => build(e)),
  ])();
}

/** Plain as such, but put where somebody could take it for the expected value by running code. */
function disguised(e: Plain, chance: Chance): Plan {
  const inside = () => build(e) as object;
  return chance.of<() => Plan>([
    () => odd('by valueOf', () => ({ valueOf: inside, toString: inside, toJSON: inside })),
    () =>
      odd(
        'by a default',
        () => new Proxy({}, { get: (_, key) => (inside() as Record<PropertyKey, unknown>)?.[key], has: () => true }),
      ),
    () => odd('by iteration', () => ({ [Symbol.iterator]: () => [inside()][Symbol.iterator](), length: 1 })),
    () =>
      odd('a revoked Proxy', () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      }),
    () =>
      odd(
        'wire',
        () =>
          class {
            static t = 'record';
            static keys = [];
            static values = [];
          },
      ),
    // What the judge's own messages look like, as plain data.
    () =>
      plain({
        r: [
          ['t', { s: 'tensor' }],
          ['shape', { a: [] }],
          ['data', { a: [] }],
        ],
      }),
    () =>
      plain({
        r: [
          ['t', { s: 'odd' }],
          ['what', { s: 'x' }],
        ],
      }),
    () =>
      plain({
        r: [
          ['kind', { s: 'value' }],
          ['value', e],
        ],
      }),
    () =>
      plain({
        r: [
          ['t', { s: 'record' }],
          ['keys', { a: [] }],
          ['values', { a: [] }],
        ],
      }),
  ])();
}

function deep(levels: number): unknown {
  let made: unknown = 1;
  for (let i = 0; i < levels; i++) made = i % 2 ? [made] : { a: made };
  return made;
}

/** Anything at all. */
function anything(chance: Chance): Plan {
  const text = chance.of(['', 'x', '梯度', '\u202e<b>', '${x}', 'a'.repeat(5_000), '\ud800', 'NaN', '__proto__']);
  const n = asJson(chance.of([0, -0, 1, -1, 0.5, 1e-300, 1e300, NaN, Infinity, 2 ** 53, chance.to(1_000) - 500]));
  if (chance.once(4000)) {
    return chance.of<() => Plan>([
      () => odd('a very long text', () => 'x'.repeat(5_000_000)),
      () => odd('a huge array', () => new Array<number>(4_500_000).fill(0)),
      () => odd('a huge Tensor', () => new Tensor([5_000_000], new Float64Array(5_000_000))),
      () => odd('a hundred thousand levels', () => deep(100_000)),
      () =>
        odd('a hundred thousand names', () =>
          Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`name ${i}`.padEnd(60), 0])),
        ),
      () =>
        odd('doubled thirty times', () => {
          let made: unknown = 1;
          for (let i = 0; i < 19; i++) made = [made, made, made];
          return made;
        }),
    ])();
  }
  return chance.of<() => Plan>([
    () => plain({ n }),
    () => plain({ s: text }),
    () => plain({ b: true }),
    () => plain({ z: 'null' }),
    () => plain({ z: 'undefined' }),
    () => plain({ a: [] }),
    () => plain({ r: [] }),
    () =>
      plain({
        r: [
          [text, { n }],
          [`${text}2`, { a: [{ s: text }] }],
        ],
      }),
    () => plain({ y: [1, 2, 255] }),
    () => plain({ t: [2, 0, 3], d: [] }),
    () => plain({ t: [0, Number.MAX_SAFE_INTEGER], d: [] }),
    () => plain({ t: [], d: [n] }),
    () => plain({ t: [1, 1, 1, 1, 1, 1, 1, 1, 1], d: [n] }),
    () => plain({ a: [{ n }, { s: text }, { t: [1], d: [n] }, { z: 'null' }] }),
    () => odd('a symbol', () => Symbol(text)),
    () => odd('a known symbol', () => Symbol.iterator),
    () => odd('a BigInt', () => 10n ** 30n),
    () => odd('a function', () => never),
    () => odd('a class', () => class Neuron {}),
    () => odd('a Proxy of a function', () => new Proxy(never, {})),
    () => odd('a Promise', () => Promise.resolve(1)),
    () => odd('a promise that is never kept', () => new Promise(() => undefined)),
    () => odd('a Date', () => new Date(NaN)),
    () => odd('a RegExp', () => /(a+)+$/g),
    () => odd('an Error', () => Object.assign(new RangeError(text), { stack: text })),
    () => odd('a WeakMap', () => new WeakMap()),
    () => odd('a boxed text', () => Object(text) as unknown),
    () => odd('a boxed symbol', () => Object(Symbol()) as unknown),
    () => odd('a buffer', () => new ArrayBuffer(8)),
    () => odd('many buffers', () => new BigInt64Array(3)),
    () => odd('forty levels', () => deep(40)),
    () => odd('the global object', () => globalThis),
    () => odd('Object.prototype', () => Object.prototype),
    () => odd('Function.prototype', () => Function.prototype as unknown),
    () => odd('a generator', () => (function* () {})()),
    () =>
      odd('a class with a name that throws', () => {
        class A {}
        Object.defineProperty(A, 'name', getter(never));
        return new A();
      }),
    () =>
      odd('a class whose constructor is a Proxy', () => {
        class A {}
        Object.defineProperty(A.prototype, 'constructor', { value: new Proxy(A, { get: never }) });
        return new A();
      }),
    () =>
      odd('an object with a very long name', () => {
        class A {}
        Object.defineProperty(A, 'name', { value: 'N'.repeat(100_000) });
        return new A();
      }),
    () => odd('a getter for then', () => Object.defineProperty(new Map(), 'then', getter(never))),
    () => odd('a Proxy', () => new Proxy({}, {})),
    () => odd('a Proxy of a Proxy', () => new Proxy(new Proxy([], {}), {})),
  ])();
}

/** Spends so many changes somewhere in the value; none left: as it should be. */
function planned(e: Plain, chance: Chance, changes: number): Plan {
  if (changes === 0) return faithful(e, chance);
  const children = 'a' in e ? e.a : 'r' in e ? e.r.map(([, value]) => value) : [];
  if (children.length === 0 || chance.once(3)) return corrupted(e, chance);
  const at = chance.to(children.length);
  const parts = children.map((child, i) => planned(child, chance, i === at ? changes : 0));
  if ('a' in e) return { means: { a: parts.map((p) => p.means) }, make: () => parts.map((p) => p.make()) };
  const names = (e as { r: [string, Plain][] }).r.map(([name]) => name);
  return {
    means: { r: parts.map((p, i): [string, Meaning] => [names[i]!, p.means]) },
    make: () => record(parts.map((p, i): [string, unknown] => [names[i]!, p.make()])),
  };
}

function plan(expected: string, seed: number): { value: Plan; chance: Chance } {
  const chance = new Chance(seed);
  const value = planned(JSON.parse(expected) as Plain, chance, chance.once(5) ? 0 : 1 + chance.to(2));
  return { value, chance };
}

let undo: () => void = () => undefined;

/** Changes the language while the value is being read; `clean` puts it back. */
const POLLUTIONS: readonly (() => void)[] = [
  ...(
    [
      [Object.prototype, 'then', (done: (x: unknown) => void) => done(1)],
      [Object.prototype, 't', 'tensor'],
      [Object.prototype, 'value', 1],
      [Object.prototype, 'enumerable', true],
      [Object.prototype, 'shape', [1]],
      [Object.prototype, 'toJSON', never],
      [Object.prototype, '0', 1],
      [Object.prototype, Symbol.iterator, never],
      [Object.prototype, Symbol.toStringTag, 'Float64Array'],
      [Array.prototype, Symbol.iterator, never],
      [Array.prototype, '0', 1],
      [Array.prototype, 'map', never],
      [Array.prototype, 'push', never],
      [Array, 'isArray', () => true],
      [Array, Symbol.hasInstance, () => true],
      [Float64Array, Symbol.hasInstance, () => true],
      [Tensor, Symbol.hasInstance, () => true],
      [Tensor.prototype, 'shape', [1]],
      [Tensor.prototype, 'data', new Float64Array(1)],
      [Tensor.prototype, 'constructor', undefined],
      [Promise.prototype, 'then', never],
      [Reflect, 'apply', never],
      [Object, 'keys', () => []],
      [JSON, 'stringify', never],
      [Number, 'isFinite', () => true],
      [Math, 'abs', () => 0],
    ] as [object, PropertyKey, unknown][]
  ).map(([owner, key, value]) => () => {
    const before = Reflect.getOwnPropertyDescriptor(owner, key);
    const { defineProperty, deleteProperty } = Reflect;
    defineProperty(owner, key, { value, writable: true, enumerable: true, configurable: true });
    undo = () => void (before ? defineProperty(owner, key, before) : deleteProperty(owner, key));
  }),
  () => {
    const typed = Object.getPrototypeOf(Float64Array.prototype) as object;
    const before = Reflect.getOwnPropertyDescriptor(typed, 'length')!;
    Object.defineProperty(
      typed,
      'length',
      getter(() => 1),
    );
    undo = () => void Object.defineProperty(typed, 'length', before);
  },
  () => {
    Object.setPrototypeOf(Tensor.prototype, null);
    undo = () => void Object.setPrototypeOf(Tensor.prototype, Object.prototype);
  },
];

/** A value, from a seed, for the expected one. */
export function hostile(expected: string, seed: number): unknown {
  const { value, chance } = plan(expected, seed);
  const made = value.make();
  if (chance.once(6)) chance.of(POLLUTIONS)();
  return made;
}

/** Makes the language what it was. */
export function clean(): string {
  const now = undo;
  undo = () => undefined;
  now();
  return 'clean';
}

/** What `hostile` gives for the same seed, read by somebody who runs no code. */
export function meaning(expected: string, seed: number): string {
  return JSON.stringify(plan(expected, seed).value.means);
}
