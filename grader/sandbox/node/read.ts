/**
 * Reads a result out of the student's realm (in the child, from outside that realm): own data properties only, each
 * once, copied at once. Nothing of the student's runs while it reads: proxies are recognised before they are touched,
 * getters are never called, and numbers are taken from typed arrays by their internal slots.
 */
import { types } from 'node:util';
import type { Realm } from '../realm/realm.ts';
import type { Wire } from '../wire.ts';

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const slot = (name: string | symbol) => {
  const get = Object.getOwnPropertyDescriptor(typedArray, name)?.get as () => unknown;
  return (array: unknown) => Reflect.apply(get, array, []);
};
/** "Float64Array" for a real one of any realm, undefined for everything else. */
const typeOf = slot(Symbol.toStringTag) as (value: unknown) => string | undefined;
const lengthOf = slot('length') as (array: unknown) => number;
const bufferOf = slot('buffer') as (array: unknown) => ArrayBuffer;
const isResizable = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'resizable')?.get;

const builtIns: [is: (value: unknown) => boolean, what: string][] = [
  [types.isPromise, 'a Promise'],
  [types.isMap, 'a Map'],
  [types.isSet, 'a Set'],
  [types.isDate, 'a Date'],
  [types.isRegExp, 'a RegExp'],
  [types.isNativeError, 'an Error'],
  [types.isWeakMap, 'a WeakMap'],
  [types.isWeakSet, 'a WeakSet'],
  [types.isGeneratorObject, 'a generator'],
  [types.isMapIterator, 'an iterator'],
  [types.isSetIterator, 'an iterator'],
  [types.isAnyArrayBuffer, 'an ArrayBuffer'],
  [types.isDataView, 'a DataView'],
  [types.isNumberObject, 'a Number object'],
  [types.isStringObject, 'a String object'],
  [types.isBooleanObject, 'a Boolean object'],
  [types.isBoxedPrimitive, 'a boxed value'],
  [types.isArgumentsObject, 'an arguments object'],
];

const odd = (what: string): Wire => ({ t: 'odd', what });
const article = (noun: string) => (/^[aeiou]/i.test(noun) && !/^u(int|ni)/i.test(noun) ? 'an ' : 'a ') + noun;

/** An own data property, else undefined; for objects that are not proxies. */
function own(object: object, key: string): unknown {
  return Reflect.getOwnPropertyDescriptor(object, key)?.value;
}

/** A field of an earlier result, or undefined if it has none that can be read without running code. */
export function field(result: unknown, key: string): { value: unknown } | undefined {
  if (typeof result !== 'object' || result === null || types.isProxy(result)) return undefined;
  const found = Reflect.getOwnPropertyDescriptor(result, key);
  return found && 'value' in found ? { value: found.value } : undefined;
}

const tooLarge = {};

/** A function that reads values of one realm. The limits are passed in: this file is bundled into the child alone. */
export function reader(prototypes: Realm['prototypes'], maxDepth: number, maxSize: number) {
  return (result: unknown, except?: string): Wire => {
    let size = 0;
    const above = new Set<object>();

    const count = (n: number) => {
      size += n;
      if (size > maxSize) throw tooLarge;
    };

    const numbers = (array: unknown): Float64Array => {
      count(lengthOf(array));
      const copy = new Float64Array(lengthOf(array));
      copy.set(array as Float64Array);
      return copy;
    };

    const tensor = (value: object): Wire => {
      const shape = own(value, 'shape');
      const data = own(value, 'data');
      const broken = odd('a Tensor whose data does not fit its shape');
      if (types.isProxy(shape) || types.isProxy(data) || !Array.isArray(shape)) return broken;
      if (typeOf(data) !== 'Float64Array' || shape.length > 32) return broken;
      const buffer = bufferOf(data);
      if (types.isSharedArrayBuffer(buffer) || (isResizable && Reflect.apply(isResizable, buffer, []) === true))
        return odd('a Tensor whose data can change its length');
      const sizes: number[] = [];
      let product = 1;
      for (let i = 0; i < shape.length; i++) {
        const n = own(shape, String(i));
        if (typeof n !== 'number' || !Number.isSafeInteger(n) || n < 0) return broken;
        sizes.push(n);
        product *= n;
      }
      if (product !== lengthOf(data)) return broken;
      return { t: 'tensor', shape: sizes, data: numbers(data) };
    };

    const array = (value: object, depth: number): Wire => {
      const length = own(value, 'length') as number;
      const hole = (i: number) => !Reflect.getOwnPropertyDescriptor(value, String(i));
      if (length > 0 && (hole(0) || hole(length - 1))) return odd('an array with holes');
      count(length);
      const items: Wire[] = [];
      for (let i = 0; i < length; i++) {
        if (hole(i)) return odd('an array with holes');
        items.push(property(value, String(i), depth));
      }
      return { t: 'array', items };
    };

    const record = (value: object, depth: number): Wire => {
      const keys: string[] = [];
      const values: Wire[] = [];
      for (const key of Reflect.ownKeys(value)) {
        if (typeof key !== 'string' || (depth === 0 && key === except)) continue;
        if (!Reflect.getOwnPropertyDescriptor(value, key)?.enumerable) continue;
        count(1 + key.length);
        keys.push(key);
        values.push(property(value, key, depth));
      }
      return { t: 'record', keys, values };
    };

    const property = (owner: object, key: string, depth: number): Wire => {
      const found = Reflect.getOwnPropertyDescriptor(owner, key);
      return found && 'value' in found ? walk(found.value, depth + 1) : odd('a getter');
    };

    const walk = (value: unknown, depth: number): Wire => {
      if (value === undefined || value === null) return value;
      if (typeof value === 'string') count(value.length);
      if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
      if (typeof value === 'function') return odd(types.isProxy(value) ? 'a Proxy' : 'a function');
      if (typeof value !== 'object') return odd(typeof value === 'bigint' ? 'a BigInt' : 'a symbol');
      if (types.isProxy(value)) return odd('a Proxy');
      const builtIn = builtIns.find(([is]) => is(value));
      if (builtIn) return odd(builtIn[1]);
      const prototype = Reflect.getPrototypeOf(value);
      const elements = typeOf(value);
      if (elements === 'Uint8Array' && prototype === prototypes.bytes) {
        if (types.isSharedArrayBuffer(bufferOf(value))) return odd('shared memory');
        count(lengthOf(value));
        const copy = new Uint8Array(lengthOf(value));
        copy.set(value as Uint8Array);
        return copy;
      }
      if (elements) return odd(article(elements));
      if (prototype === prototypes.tensor) return tensor(value);
      if (depth > maxDepth) return odd(`something nested more than ${maxDepth} levels deep`);
      if (above.has(value)) return odd('an object that contains itself');
      above.add(value);
      const wire = compound(value, prototype, depth);
      above.delete(value);
      return wire;
    };

    const compound = (value: object, prototype: object | null, depth: number): Wire => {
      if (Array.isArray(value)) {
        if (prototype !== prototypes.array) return odd('an array of a class of its own');
        return array(value, depth);
      }
      if (prototype !== prototypes.object && prototype !== null) {
        for (let p: object | null = prototype; p && !types.isProxy(p); p = Reflect.getPrototypeOf(p))
          if (p === prototypes.tensor) return odd('an object that only looks like a Tensor');
        return odd(instance(prototype));
      }
      if (typeof own(value, 'then') === 'function') return odd('an object with a `then` function, like a Promise');
      if (typeOf(own(value, 'data')) === 'Float64Array' && Reflect.getOwnPropertyDescriptor(value, 'shape'))
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
function instance(prototype: object): string {
  const made = types.isProxy(prototype) ? undefined : own(prototype, 'constructor');
  const name = typeof made === 'function' && !types.isProxy(made) ? own(made, 'name') : undefined;
  if (typeof name !== 'string' || !/^[\p{L}_$][\p{L}\p{N}_$]{0,60}$/u.test(name)) return 'an object of some class';
  // The bundler puts an underscore before the name of a class that mentions itself.
  return `an object of class ${name.replace(/^_(?=\p{Lu})/u, '')}`;
}
