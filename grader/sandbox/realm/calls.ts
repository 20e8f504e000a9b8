/**
 * Runs programs in the student's realm, in the child process as in the page's worker. Like `read.ts`, it may run inside
 * that realm: loops by index, and nothing that a student could have replaced.
 */
import type { Ran, Thrown, WireCall } from '../protocol.ts';
import { append, field, put, type Kinds, type reader } from './read.ts';
import type { Finished, Realm } from './realm.ts';
import type { Wire } from '../wire.ts';

const call = Function.prototype.call;
const setFloat64 = call.bind(Float64Array.prototype.set) as (to: Float64Array, from: Float64Array) => void;
const setUint8 = call.bind(Uint8Array.prototype.set) as (to: Uint8Array, from: Uint8Array) => void;
const isBytes = call.bind(Function.prototype[Symbol.hasInstance], Uint8Array) as (
  value: unknown,
) => value is Uint8Array;

export const thrownBy = ({ name, message, stack }: Finished & { ok: false }): Thrown => ({ name, message, stack });

/** A piece of an earlier result that is not there. */
class Missing {
  readonly fn: string;
  readonly message: string;
  constructor(fn: string, message: string) {
    this.fn = fn;
    this.message = message;
  }
}

/** A function that runs one program: its calls, one after the other. */
export function runner(realm: Realm, read: ReturnType<typeof reader>, kinds: Kinds) {
  /** An array of the student's realm. */
  const list = (length: number, item: (i: number) => unknown): unknown[] => {
    const array = realm.make.array();
    for (let i = 0; i < length; i++) put(array, i, item(i));
    return array;
  };

  /** Builds an argument out of the realm's own objects. */
  const build = (wire: Wire, calls: WireCall[], results: unknown[]): unknown => {
    if (typeof wire !== 'object' || wire === null) return wire;
    if (isBytes(wire)) {
      const bytes = realm.make.bytes(wire.length);
      setUint8(bytes, wire);
      return bytes;
    }
    switch (wire.t) {
      case 'tensor': {
        const data = realm.make.numbers(wire.data.length);
        setFloat64(data, wire.data);
        return realm.make.tensor(list(wire.shape.length, (i) => wire.shape[i]) as number[], data);
      }
      case 'array':
        return list(wire.items.length, (i) => build(wire.items[i], calls, results));
      case 'record': {
        const record = realm.make.record();
        for (let i = 0; i < wire.keys.length; i++) put(record, wire.keys[i], build(wire.values[i], calls, results));
        return record;
      }
      case 'function':
        return realm.make.named(wire.name, build(wire.data, calls, results));
      case 'result': {
        if (wire.field === undefined) return results[wire.call];
        const found = field(results[wire.call], wire.field, kinds);
        const fn = calls[wire.call].fn;
        if (!found) throw new Missing(fn, `\`${fn}\` gave back no \`${wire.field}\``);
        return found.value;
      }
      case 'odd':
        return undefined;
    }
  };

  /** An argument after the call; what never leaves the sandbox is only named. */
  const after = (wire: Wire, value: unknown): Wire => {
    const t = typeof wire === 'object' && wire !== null && 't' in wire ? wire.t : undefined;
    return t === 'result' ? { t: 'odd', what: 'a piece of an earlier result' } : read(value);
  };

  return (calls: WireCall[], echo: boolean, paused = false): Ran => {
    const results: unknown[] = [];
    let args: unknown[] = [];
    for (let k = 0; k < calls.length; k++) {
      const { fn, args: wires, standIn } = calls[k];
      let end: Finished;
      try {
        args = [];
        for (let i = 0; i < wires.length; i++) append(args, build(wires[i], calls, results));
        const given = args;
        const last = k === calls.length - 1;
        end = (paused && last ? realm.callPaused : realm.call)(fn, list(given.length, (i) => given[i]), standIn); // prettier-ignore
      } catch (thrown) {
        if (thrown instanceof Missing)
          return { kind: 'error', fn: thrown.fn, name: '', message: thrown.message, stack: '' };
        throw thrown;
      }
      if (!end.ok) return { kind: 'error', fn, name: end.name, message: end.message, stack: end.stack };
      append(results, end.value);
    }
    // Read at once: what the student's promises still change afterwards comes too late.
    const ran: Ran = { kind: 'value', value: read(results[results.length - 1], 'cache') };
    if (echo) {
      const wires = calls[calls.length - 1].args;
      const argsAfter: Wire[] = [];
      for (let i = 0; i < wires.length; i++) append(argsAfter, after(wires[i], args[i]));
      ran.argsAfter = argsAfter;
    }
    return ran;
  };
}
