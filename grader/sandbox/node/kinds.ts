/** What a value is, as Node knows it. */
import { types } from 'node:util';
import type { Kinds } from '../realm/read.ts';

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

export const kinds: Kinds = {
  isProxy: types.isProxy,
  isSharedArrayBuffer: types.isSharedArrayBuffer,
  builtIn: (value) => builtIns.find(([is]) => is(value))?.[1],
};
