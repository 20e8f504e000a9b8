/**
 * What a value is, found out with nothing but the language: each built-in has a method or a getter that works on its own
 * kind only. Loaded into the realm before the student's file, while these are still the real ones.
 */
import { Tensor } from '#tensor';
import type { Kinds } from '../realm/read.ts';

const { apply, getPrototypeOf, getOwnPropertyDescriptor, defineProperty, construct } = Reflect;
type Method = (...args: never[]) => unknown;

/** Whether a method of a built-in accepts a value as its own kind. */
const accepts = (method: Method | undefined, args: unknown[] = []) => {
  return (value: object): boolean => {
    try {
      apply(method!, value, args);
      return true;
    } catch {
      return false;
    }
  };
};
const getter = (of: object, name: string) => getOwnPropertyDescriptor(of, name)?.get as Method | undefined;

const inherits = (prototype: object) => (value: object) => {
  let p = getPrototypeOf(value);
  for (; p !== null; p = getPrototypeOf(p)) if (p === prototype) return true;
  return false;
};
const prototypeOf = (value: object) => getPrototypeOf(value) as object;
const generator = prototypeOf(prototypeOf(prototypeOf((function* () {})()))); // prettier-ignore
const key = {};

const builtIns: [is: (value: object) => boolean, what: string][] = [
  [inherits(Promise.prototype), 'a Promise'],
  [accepts(getter(Map.prototype, 'size')), 'a Map'],
  [accepts(getter(Set.prototype, 'size')), 'a Set'],
  [accepts(Date.prototype.getTime), 'a Date'],
  [accepts(RegExp.prototype.exec, ['']), 'a RegExp'],
  [inherits(Error.prototype), 'an Error'],
  [accepts(WeakMap.prototype.has, [key]), 'a WeakMap'],
  [accepts(WeakSet.prototype.has, [key]), 'a WeakSet'],
  [inherits(generator), 'a generator'],
  [inherits(prototypeOf(new Map().keys())), 'an iterator'],
  [inherits(prototypeOf(new Set().keys())), 'an iterator'],
  [accepts(getter(ArrayBuffer.prototype, 'byteLength')), 'an ArrayBuffer'],
  [accepts(Number.prototype.valueOf), 'a Number object'],
  [accepts(String.prototype.valueOf), 'a String object'],
  [accepts(Boolean.prototype.valueOf), 'a Boolean object'],
  [accepts(BigInt.prototype.valueOf), 'a boxed value'],
  [accepts(Symbol.prototype.valueOf), 'a boxed value'],
];
const isDataView = accepts(getter(DataView.prototype, 'byteLength'));
const toText = Object.prototype.toString;
const [plain, tensor, isArray, isView] = [Object.prototype, Tensor.prototype, Array.isArray, ArrayBuffer.isView];

const proxies = new WeakSet<object>();
const has = WeakSet.prototype.has;
const add = WeakSet.prototype.add;

/** Replaces `Proxy` by one that remembers what it made: the language itself cannot tell a proxy from what it stands for. */
export function watchProxies(): void {
  const Real = Proxy;
  const remember = (proxy: object) => {
    apply(add, proxies, [proxy]);
    return proxy;
  };
  const made = {
    Proxy: function (target: object, handler: ProxyHandler<object>) {
      if (new.target === undefined) throw new TypeError("Constructor Proxy requires 'new'");
      return remember(construct(Real, [target, handler]));
    },
    revocable: (target: object, handler: ProxyHandler<object>) => {
      const both = Real.revocable(target, handler);
      remember(both.proxy);
      return both;
    },
  };
  made.Proxy.prototype = undefined;
  defineProperty(made.Proxy, 'revocable', { value: made.revocable, writable: true, configurable: true });
  defineProperty(globalThis, 'Proxy', { value: made.Proxy, writable: true, configurable: true });
}

export const kinds: Kinds = {
  isProxy: (value) =>
    ((typeof value === 'object' && value !== null) || typeof value === 'function') && apply(has, proxies, [value]),
  // The realm has no shared memory.
  isSharedArrayBuffer: () => false,
  builtIn(value) {
    const prototype: unknown = getPrototypeOf(value);
    // What nearly all results are; asking all the built-ins takes a while.
    if (prototype === plain)
      return apply(toText, value, []) === '[object Arguments]' ? 'an arguments object' : undefined;
    if (prototype === tensor || prototype === null || isArray(value)) return undefined;
    if (isView(value)) return isDataView(value) ? 'a DataView' : undefined;
    for (let i = 0; i < builtIns.length; i++) {
      const entry = builtIns[i]!;
      if (entry[0](value)) return entry[1];
    }
    return undefined;
  },
};
