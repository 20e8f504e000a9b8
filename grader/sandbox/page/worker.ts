/**
 * The first half of the script that runs in the page's worker; the second is the student's file, linked. By the time that
 * file runs, the worker's realm holds the language and `console`, as everywhere, and the port to the judge lies where no
 * name leads.
 */
import * as library from '#tensor';
import { runner, thrownBy } from '../realm/calls.ts';
import type { Loading, Ran, Request } from '../protocol.ts';
import { append, reader } from '../realm/read.ts';
import { receive, start, type Module } from '../realm/realm.ts';
import { maxDepth, maxSize } from '../wire.ts';
import { kinds, watchProxies } from './kinds.ts';
import { LIBRARY, REGISTER } from './link.ts';

type Run = (imports: Module[]) => Module;
type Listed = [path: string, imports: string[], run: Run];

const { deleteProperty, getPrototypeOf, ownKeys } = Reflect;
const objectPrototype = Object.prototype;
const now = performance.now.bind(performance);
let port: MessagePort;

/** What follows a program in a task of its own, once its promises have run. */
let then: (() => void) | undefined;
const ticker = new MessageChannel();
ticker.port1.onmessage = () => {
  const next = then;
  then = undefined;
  next?.();
};
function soon(next: () => void): void {
  then = next;
  ticker.port2.postMessage(0);
}

/** Called by the second half of the script. */
function register(modules: Listed[], standIn: string | undefined, imports: string[], student: Run): void {
  deleteProperty(globalThis, REGISTER);
  const loaded = new Map<string, Module>([[LIBRARY, library]]);
  const get = (path: string): Module => {
    const known = loaded.get(path);
    if (known) return known;
    const [, needs, run] = modules.find(([name]) => name === path)!;
    const made = run(needs.map(get));
    loaded.set(path, made);
    return made;
  };
  const given = imports.map(get);

  // The port comes with the first message; the worker's own events are for nobody after that.
  addEventListener('message', (event) => {
    if (port !== undefined) return;
    port = event.ports[0]!;
    port.onmessage = (message) => hear(message.data as Request);
  });
  watchProxies();
  const realm = start({
    lab: false,
    student: () => receive(student(given)),
    ...(standIn !== undefined && { standIn: () => receive(get(standIn)) }),
  });
  // What a worker inherits: events, timers, the network.
  for (let p = getPrototypeOf(globalThis); p !== null && p !== objectPrototype; p = getPrototypeOf(p)) {
    const keys = ownKeys(p);
    for (let i = 0; i < keys.length; i++) deleteProperty(p, keys[i]!);
  }
  const run = runner(realm, reader(realm.prototypes, maxDepth, maxSize, kinds), kinds);

  const reply = (id: string, index: number, what: Loading | Ran): void => {
    port.postMessage({ id, index, answers: [{ what, console: realm.printed() }] });
  };

  const load = (): Loading => {
    const end = realm.load();
    if (!end.ok) return { kind: 'throws', ...thrownBy(end) };
    const names = realm.exports();
    // Without a look at what the student has made of strings and arrays.
    const exports: [string, string][] = [];
    let word = '';
    let name: string | undefined;
    for (let i = 0; i < names.length; i++) {
      if (names[i] !== '\0') word += names[i];
      else {
        if (name === undefined) name = word;
        else {
          const pair = [] as unknown as [string, string];
          append(pair, name);
          append(pair, word);
          append(exports, pair);
          name = undefined;
        }
        word = '';
      }
    }
    return { kind: 'loaded', exports };
  };

  /** A lab speaks while it runs; to stop it, the page ends the worker. */
  const lab = ({ id, files, options }: Request & { type: 'lab' }): void => {
    let last = -Infinity;
    const end = realm.lab(
      {
        send(kind, name, text, fraction) {
          if (kind === 'progress') {
            // A loop may report a million times a second; a reader wants thirty.
            const time = now();
            if (fraction < 1 && time - last < 30) return;
            last = time;
          }
          const message = [] as unknown[];
          append(message, kind);
          append(message, name);
          append(message, text);
          append(message, fraction);
          port.postMessage({ id, lab: message });
        },
        stopped: () => false,
        now,
      },
      files,
      options,
    );
    soon(() => {
      const last = end.ok ? realm.labEnd() : end;
      if (last?.ok) return reply(id, 0, { kind: 'value', value: undefined });
      const message = 'the lab waits for a promise that nothing will ever keep';
      const thrown = last ? thrownBy(last) : { name: '', message, stack: '' };
      reply(id, 0, { kind: 'error', fn: 'lab', ...thrown });
    });
  };

  let current: Request | undefined;
  const step = (request: Request & { type: 'run' }, index: number): void => {
    let what: Ran;
    try {
      what = run(request.programs[index]!, request.echo);
    } catch {
      // Not a result: the judge takes it for a crash.
      what = undefined as unknown as Ran;
    }
    soon(() => {
      if (current !== request) return;
      reply(request.id, index, what ?? ({ kind: 'broken' } as unknown as Ran));
      if (index + 1 < request.programs.length) step(request, index + 1);
    });
  };

  function hear(request: Request): void {
    current = request;
    if (request.type === 'load') {
      const what = load();
      soon(() => reply(request.id, 0, what));
    }
    // Whatever is still to follow an abandoned program is forgotten with it.
    if (request.type === 'run') step(request, 0);
    if (request.type === 'lab') lab(request);
  }
}

Object.defineProperty(globalThis, REGISTER, { value: register, configurable: true });
