/**
 * The code that is loaded into the student's realm before the student's file. It is bundled in front of that file, so
 * it runs while everything is still as the language made it, and keeps what it needs.
 *
 * The judge's side of the process calls these functions with strings, numbers and things they made themselves, and
 * nothing else: no object from outside ever enters the realm (labs alone keep a bridge, see `lab.ts`).
 */
import { Tensor } from '#tensor';
import { installConsole, show } from './console.ts';
import { buildFunction } from './functions.ts';
import { removeOtherGlobals } from './globals.ts';
import { makeIo, type Bridge } from './lab.ts';

/** A module as the bundle hands it over: an object with one property per export. */
export type Module = Record<string, unknown>;

/** How a call into the student's code ended; a record made here, of strings and the value itself. */
export type Finished = { ok: true; value: unknown } | { ok: false; name: string; message: string; stack: string };

/** What the judge's side of the process holds of the realm. */
export interface Realm {
  make: {
    array(): unknown[];
    record(): Record<string, unknown>;
    numbers(length: number): Float64Array;
    bytes(length: number): Uint8Array;
    tensor(shape: number[], data: Float64Array): Tensor;
    named(name: string, data: unknown): unknown;
  };
  prototypes: { object: object; array: object; bytes: object; tensor: object };
  /** Runs the student's file. */
  load(): Finished;
  /** Export names of the student's file, each with "function" or "other", all followed by a zero character. */
  exports(): string;
  call(name: string, args: unknown[], standIn: boolean): Finished;
  /** The same with a `debugger` statement right before the call. */
  callPaused(name: string, args: unknown[], standIn: boolean): Finished;
  /** Runs the student's `lab(io)`; what came of it is in `labEnd` once the microtasks are done. */
  lab(bridge: Bridge, files: string, options: string): Finished;
  labEnd(): Finished | undefined;
  /** What was printed since the last time. */
  printed(): string;
}

const { apply, ownKeys, getOwnPropertyDescriptor } = Reflect;
const slice = Function.prototype.call.bind(String.prototype.slice) as (
  text: string,
  from: number,
  to: number,
) => string;
const then = Function.prototype.call.bind(Promise.prototype.then) as (
  promise: unknown,
  done: (value: unknown) => void,
  failed: (reason: unknown) => void,
) => unknown;
const [RealFloat64Array, RealUint8Array, RealPromise, RealError] = [Float64Array, Uint8Array, Promise, Error];

/** A thrown value as text. The student's getters may run here: inside their own realm and their own time. */
function describe(thrown: unknown): Finished {
  try {
    if (!(thrown instanceof RealError))
      return { ok: false, name: '', message: slice(show(thrown), 0, 2_000), stack: '' };
    const text = (value: unknown, length: number) => (typeof value === 'string' ? slice(value, 0, length) : '');
    let name = text(thrown.name, 200);
    if (name === 'Error' || name === '') name = text(thrown.constructor.name, 200);
    return {
      ok: false,
      name: name || 'Error',
      message: text(thrown.message, 2_000),
      stack: text(thrown.stack, 20_000),
    };
  } catch {
    return { ok: false, name: '', message: 'something that cannot be shown', stack: '' };
  }
}

const refuse = (message: string): Finished => ({ ok: false, name: '', message, stack: '' });

let received: Module | undefined;

/** Called by each module that `start` asks for, with its exports. */
export function receive(module: Module): void {
  received = module;
}

/** Prepares the realm. The modules come as functions, so that the student's file runs only when asked to. */
export function start(modules: { student: () => void; standIn?: () => void; lab: boolean }): Realm {
  const console = installConsole();
  removeOtherGlobals(modules.lab);
  // Room for the frames of the library above the student's own line.
  Error.stackTraceLimit = 40;
  modules.standIn?.();
  const standIn = received;
  received = undefined;
  let student: Module = {};
  let labEnd: Finished | undefined;

  /** The function to call, or why there is none. */
  const find = (name: string, fromStandIn: boolean): Finished => {
    const module = fromStandIn ? standIn : student;
    if (!module || !getOwnPropertyDescriptor(module, name))
      return refuse(fromStandIn ? `the stand-in does not export \`${name}\`` : `\`${name}\` is not exported`);
    const value = module[name];
    if (typeof value !== 'function') return refuse(`\`${name}\` is exported, but it is not a function`);
    return { ok: true, value };
  };

  return {
    make: {
      array: () => [],
      record: () => ({}),
      numbers: (length) => new RealFloat64Array(length),
      bytes: (length) => new RealUint8Array(length),
      tensor: (shape, data) => new Tensor(shape, data),
      named: buildFunction,
    },
    prototypes: {
      object: Object.prototype,
      array: Array.prototype,
      bytes: Uint8Array.prototype,
      tensor: Tensor.prototype,
    },
    load() {
      try {
        modules.student();
        student = received!;
        return { ok: true, value: undefined };
      } catch (thrown) {
        return describe(thrown);
      }
    },
    exports() {
      // Text, because an array would be filled through whatever the student has made of Array.prototype.
      let found = '';
      const keys = ownKeys(student);
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i];
        if (typeof key === 'string')
          found += key + '\0' + (typeof student[key] === 'function' ? 'function' : 'other') + '\0';
      }
      return found;
    },
    call(name, args, fromStandIn) {
      try {
        const found = find(name, fromStandIn);
        if (!found.ok) return found;
        return { ok: true, value: apply(found.value as () => unknown, undefined, args) };
      } catch (thrown) {
        return describe(thrown);
      }
    },
    callPaused(name, args, fromStandIn) {
      try {
        const found = find(name, fromStandIn);
        if (!found.ok) return found;
        const yourFunction = found.value as () => unknown;
        // Step into the next line to arrive in your own file.
        debugger; // eslint-disable-line no-debugger
        return { ok: true, value: apply(yourFunction, undefined, args) };
      } catch (thrown) {
        return describe(thrown);
      }
    },
    lab(bridge, files, options) {
      try {
        const io = makeIo(bridge, files, options);
        console.redirect(io.print);
        const found = find('lab', false);
        if (!found.ok) return found;
        const value: unknown = apply(found.value as () => unknown, undefined, [io]);
        if (!(value instanceof RealPromise)) return (labEnd = { ok: true, value: undefined });
        then(
          value,
          () => (labEnd = { ok: true, value: undefined }),
          (reason) => (labEnd = describe(reason)),
        );
        return { ok: true, value: undefined };
      } catch (thrown) {
        return (labEnd = describe(thrown));
      }
    },
    labEnd: () => labEnd,
    printed: console.take,
  };
}
