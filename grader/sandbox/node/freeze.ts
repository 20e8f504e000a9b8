/**
 * Freezes the language itself in the child's own realm.
 *
 * No object of that realm is handed to the student's, but errors get through: where V8 asks Node to write a stack trace,
 * code of the child's realm runs on the student's stack, and what it throws (a name that is a symbol, a stack that is full)
 * is an error of that realm. From an error one comes to `Object.prototype` and `Function.prototype`, and whoever can
 * change those is heard by everything in the process. Frozen, they are worth nothing.
 *
 * Node's own flag `--frozen-intrinsics` does the same, for 40 ms of every start instead of 2.
 */

import { allowedGlobals } from '../realm/globals.ts';

/** Names that programs give to objects of their own although a prototype has them, which freezing would forbid. */
const OFTEN_OWN = new Set([
  'constructor',
  'toString',
  'toLocaleString',
  'valueOf',
  'name',
  'message',
  'toJSON',
  'then',
]);

/** What a student's realm has not, and this one has. */
const MORE = ['SharedArrayBuffer', 'Atomics', 'FinalizationRegistry', 'Iterator', 'Float16Array', 'SuppressedError'];

/** Where to start: all of the language, by its global names and by syntax that makes objects without one. */
function roots(): object[] {
  const names = [...allowedGlobals, ...MORE].filter((name) => name !== 'globalThis' && name !== 'console');
  // Asked for one by one: some of Node's own globals are made when they are looked at, which takes long.
  const named = names.map((name) => Reflect.getOwnPropertyDescriptor(globalThis, name)?.value as unknown);
  const unnamed = [
    function* () {},
    async () => {},
    async function* () {},
    [][Symbol.iterator](),
    new Map().entries(),
    new Set().entries(),
    ''[Symbol.iterator](),
    ''.matchAll(/./g),
  ].map((made) => Object.getPrototypeOf(made) as object);
  return [...named.filter(isObject), ...unnamed];
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Call it once everything of the child's own is loaded. */
export function freezeLanguage(): void {
  const seen = new Set<object>();
  const waiting = roots();
  for (let object = waiting.pop(); object; object = waiting.pop()) {
    if (seen.has(object)) continue;
    seen.add(object);
    const above = Reflect.getPrototypeOf(object);
    if (above) waiting.push(above);
    for (const key of Reflect.ownKeys(object)) {
      const found = Reflect.getOwnPropertyDescriptor(object, key)!;
      waiting.push(...([found.value, found.get, found.set] as unknown[]).filter(isObject));
    }
  }
  for (const object of seen) {
    if (isPrototype(object)) keepAssignable(object);
    Object.freeze(object);
  }
}

const isPrototype = (object: object) =>
  typeof (Reflect.getOwnPropertyDescriptor(object, 'constructor')?.value as unknown) === 'function';

/** Lets objects below a frozen prototype still have properties of these names by assignment. */
function keepAssignable(prototype: object): void {
  for (const key of OFTEN_OWN) {
    const found = Reflect.getOwnPropertyDescriptor(prototype, key);
    if (!found?.configurable || !('value' in found)) continue;
    const value: unknown = found.value;
    const accessors = {
      get: () => value,
      set(this: unknown, own: unknown) {
        if (this === prototype || typeof this !== 'object' || this === null) throw new TypeError(`${key} is frozen`);
        Object.defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true });
      },
    };
    Object.freeze(accessors.get);
    // A method has no `prototype` that would have to be frozen, too.
    Object.freeze(accessors.set);
    Object.defineProperty(prototype, key, { ...accessors, enumerable: found.enumerable ?? false, configurable: false });
  }
}
