/**
 * Reads a result out of the student's realm: own data properties only, each once, copied at once. Proxies are recognised
 * before they are touched, getters are never called, and numbers are taken from typed arrays by their internal slots.
 *
 * On the command line this runs outside that realm; in the page it must run inside, so everything it needs is taken from
 * the language while that is still as it was made, and nothing is looked up later.
 */
import type { Realm } from './realm.ts';
import type { Wire } from '../wire.ts';

/** What a value is by its internal slots, which nobody can forge: `util.types` in Node, and `page/kinds.ts`. */
export interface Kinds {
  isProxy(value: unknown): boolean;
  isSharedArrayBuffer(value: unknown): boolean;
  /** "a Promise", "a Map" and so on; undefined for plain objects, arrays and typed arrays. */
  builtIn(value: object): string | undefined;
}

const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
const { isArray } = Array;
const { isSafeInteger } = Number;
const [Float64, Uint8, text] = [Float64Array, Uint8Array, String];
const call = Function.prototype.call;
const setFloat64 = call.bind(Float64Array.prototype.set) as (to: Float64Array, from: unknown) => void;
const setUint8 = call.bind(Uint8Array.prototype.set) as (to: Uint8Array, from: unknown) => void;
const matches = call.bind(RegExp.prototype.test) as (pattern: RegExp, value: string) => boolean;
const cut = call.bind(String.prototype.slice) as (value: string, from: number) => string;

const typedArray = getPrototypeOf(Uint8Array.prototype) as object;
const slot = (name: string | symbol) => {
  const get = getOwnPropertyDescriptor(typedArray, name)?.get as () => unknown;
  return (array: unknown) => apply(get, array, []);
};
/** "Float64Array" for a real one of any realm, undefined for everything else. */
const typeOf = slot(Symbol.toStringTag) as (value: unknown) => string | undefined;
const lengthOf = slot('length') as (array: unknown) => number;
const bufferOf = slot('buffer') as (array: unknown) => ArrayBuffer;
const isResizable = getOwnPropertyDescriptor(ArrayBuffer.prototype, 'resizable')?.get;

let frozen = false;

/** To be told by whoever has frozen this realm's language before any code of a student's: nobody hears of an assignment. */
export function languageIsFrozen(): void {
  frozen = true;
}

/** Appends without asking what the student has made of arrays; to an array of this realm. */
export function append<T>(array: T[], value: T): void {
  if (frozen) array[array.length] = value;
  else put(array, array.length, value);
}

/** One for all: making it anew takes longer than using it. */
const plain = { __proto__: null, value: undefined as unknown, writable: true, enumerable: true, configurable: true };

/** Defines a plain property, whatever setters there are. */
export function put(object: object, key: string | number, value: unknown): void {
  plain.value = value;
  defineProperty(object, key, plain as PropertyDescriptor);
  plain.value = undefined;
}

const odd = (what: string): Wire => ({ t: 'odd', what });
const article = (noun: string) => (matches(/^[aeiou]/i, noun) && !matches(/^u(int|ni)/i, noun) ? 'an ' : 'a ') + noun;

/** An own data property, else undefined; for objects that are not proxies. */
function own(object: object, key: string): unknown {
  return getOwnPropertyDescriptor(object, key)?.value;
}

/** A field of an earlier result, or undefined if it has none that can be read without running code. */
export function field(result: unknown, key: string, kinds: Kinds): { value: unknown } | undefined {
  if (typeof result !== 'object' || result === null || kinds.isProxy(result)) return undefined;
  const found = getOwnPropertyDescriptor(result, key);
  return found && 'value' in found ? { value: found.value } : undefined;
}

const tooLarge = {};

/** A function that reads values of one realm. The limits are passed in: this file is bundled into the child alone. */
export function reader(prototypes: Realm['prototypes'], maxDepth: number, maxSize: number, kinds: Kinds) {
  return (result: unknown, except?: string): Wire => {
    let size = 0;
    const above: object[] = [];

    const count = (n: number) => {
      size += n;
      if (size > maxSize) throw tooLarge;
    };

    const numbers = (array: unknown): Float64Array => {
      count(lengthOf(array));
      const copy = new Float64(lengthOf(array));
      setFloat64(copy, array);
      return copy;
    };

    const tensor = (value: object): Wire => {
      const shape = own(value, 'shape');
      const data = own(value, 'data');
      const broken = odd('a Tensor whose data does not fit its shape');
      if (kinds.isProxy(shape) || kinds.isProxy(data) || !isArray(shape)) return broken;
      if (typeOf(data) !== 'Float64Array' || shape.length > 32) return broken;
      const buffer = bufferOf(data);
      if (kinds.isSharedArrayBuffer(buffer) || (isResizable && apply(isResizable, buffer, []) === true))
        return odd('a Tensor whose data can change its length');
      const sizes: number[] = [];
      let product = 1;
      for (let i = 0; i < shape.length; i++) {
        const n = own(shape, text(i));
        if (typeof n !== 'number' || !isSafeInteger(n) || n < 0) return broken;
        append(sizes, n);
        product *= n;
      }
      if (product !== lengthOf(data)) return broken;
      return { t: 'tensor', shape: sizes, data: numbers(data) };
    };

    const array = (value: object, depth: number): Wire => {
      const length = own(value, 'length') as number;
      const hole = (i: number) => !getOwnPropertyDescriptor(value, text(i));
      if (length > 0 && (hole(0) || hole(length - 1))) return odd('an array with holes');
      count(length);
      const items: Wire[] = [];
      for (let i = 0; i < length; i++) {
        if (hole(i)) return odd('an array with holes');
        append(items, property(value, text(i), depth));
      }
      return { t: 'array', items };
    };

    const record = (value: object, depth: number): Wire => {
      const keys: string[] = [];
      const values: Wire[] = [];
      const all = ownKeys(value);
      for (let i = 0; i < all.length; i++) {
        const key = all[i]!;
        if (typeof key !== 'string' || (depth === 0 && key === except)) continue;
        if (!getOwnPropertyDescriptor(value, key)?.enumerable) continue;
        count(1 + key.length);
        append(keys, key);
        append(values, property(value, key, depth));
      }
      return { t: 'record', keys, values };
    };

    const property = (owner: object, key: string, depth: number): Wire => {
      const found = getOwnPropertyDescriptor(owner, key);
      return found && 'value' in found ? walk(found.value, depth + 1) : odd('a getter');
    };

    const walk = (value: unknown, depth: number): Wire => {
      if (value === undefined || value === null) return value;
      if (typeof value === 'string') count(value.length);
      if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
      if (typeof value === 'function') return odd(kinds.isProxy(value) ? 'a Proxy' : 'a function');
      if (typeof value !== 'object') return odd(typeof value === 'bigint' ? 'a BigInt' : 'a symbol');
      if (kinds.isProxy(value)) return odd('a Proxy');
      const builtIn = kinds.builtIn(value);
      if (builtIn !== undefined) return odd(builtIn);
      const prototype = getPrototypeOf(value);
      const elements = typeOf(value);
      if (elements === 'Uint8Array' && prototype === prototypes.bytes) {
        if (kinds.isSharedArrayBuffer(bufferOf(value))) return odd('shared memory');
        count(lengthOf(value));
        const copy = new Uint8(lengthOf(value));
        setUint8(copy, value);
        return copy;
      }
      if (elements) return odd(article(elements));
      if (prototype === prototypes.tensor) return tensor(value);
      if (depth > maxDepth) return odd(`something nested more than ${maxDepth} levels deep`);
      for (let i = 0; i < above.length; i++) if (above[i] === value) return odd('an object that contains itself');
      append(above, value);
      const wire = compound(value, prototype, depth);
      above.length--;
      return wire;
    };

    const compound = (value: object, prototype: object | null, depth: number): Wire => {
      if (isArray(value)) {
        if (prototype !== prototypes.array) return odd('an array of a class of its own');
        return array(value, depth);
      }
      if (prototype !== prototypes.object && prototype !== null) {
        for (let p: object | null = prototype; p && !kinds.isProxy(p); p = getPrototypeOf(p))
          if (p === prototypes.tensor) return odd('an object that only looks like a Tensor');
        return odd(instance(prototype, kinds));
      }
      if (typeof own(value, 'then') === 'function') return odd('an object with a `then` function, like a Promise');
      if (typeOf(own(value, 'data')) === 'Float64Array' && getOwnPropertyDescriptor(value, 'shape'))
        return odd('an object that only looks like a Tensor');
      return record(value, depth);
    };

    try {
      return walk(result, 0);
    } catch (thrown) {
      if (thrown !== tooLarge) throw thrown;
      return odd(`something with more than ${maxSize / 1_000_000} million numbers`);
    }
  };
}

/** "an object of class Neuron", where the class has a name. */
function instance(prototype: object, kinds: Kinds): string {
  const made = kinds.isProxy(prototype) ? undefined : own(prototype, 'constructor');
  const name = typeof made === 'function' && !kinds.isProxy(made) ? own(made, 'name') : undefined;
  if (typeof name !== 'string' || !matches(/^[\p{L}_$][\p{L}\p{N}_$]{0,60}$/u, name)) return 'an object of some class';
  // The bundler puts an underscore before the name of a class that mentions itself.
  return `an object of class ${matches(/^_\p{Lu}/u, name) ? cut(name, 1) : name}`;
}
