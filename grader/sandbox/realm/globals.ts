/**
 * What a student's code finds in its realm: the language itself and `console`, the same on the command line, in the
 * page and in labs. Names that only some engines know (Iterator, Float16Array) are left out, so that a file behaves
 * alike everywhere; so are Intl (its answers depend on the machine), shared memory, and FinalizationRegistry (its
 * callbacks would run when no program is being timed).
 */
export const allowedGlobals: readonly string[] = [
  ...['globalThis', 'undefined', 'NaN', 'Infinity'],
  ...['eval', 'isFinite', 'isNaN', 'parseFloat', 'parseInt'],
  ...['decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent'],
  ...['Object', 'Function', 'Boolean', 'Symbol', 'Number', 'BigInt', 'Math', 'Date', 'String', 'RegExp', 'JSON'],
  ...['Array', 'Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'Promise', 'Proxy', 'Reflect'],
  ...['Error', 'AggregateError', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'],
  ...['ArrayBuffer', 'DataView', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array'],
  ...['Int8Array', 'Int16Array', 'Int32Array', 'Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array'],
  'console',
];

/** A lab trains for long: there the library may multiply its matrices in WebAssembly, with the same results. */
const allowedInLabs: readonly string[] = [...allowedGlobals, 'WebAssembly'];

/** Deletes every global that is not on the list. */
export function removeOtherGlobals(lab: boolean): void {
  const allowed = lab ? allowedInLabs : allowedGlobals;
  for (const name of Reflect.ownKeys(globalThis))
    if (typeof name !== 'string' || !allowed.includes(name)) Reflect.deleteProperty(globalThis, name);
}
