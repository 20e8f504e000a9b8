/** What a lab is given: the only way out of the realm while a program runs, and only for strings and numbers. */

/** Called with strings and numbers, gives back the like. Never handed to the student's code. */
export interface Bridge {
  send(kind: 'print' | 'progress' | 'save', name: string, text: string, fraction: number): void;
  stopped(): boolean;
  now(): number;
}

/** The argument of a lab: `export function lab(io: LabIo)`, synchronous or async. */
export interface LabIo {
  /** Prints a line. */
  print(text: unknown): void;
  /** How far the lab is, from 0 to 1, with a few words. */
  progress(fraction: number, note?: string): void;
  /** Writes a file into the chapter's folder of results: `save('loss.svg', svg)`. */
  save(fileName: string, text: string): void;
  /** A file saved earlier, in this run or in the last. */
  load(fileName: string): string | undefined;
  /** A setting from the command line, of the type of its default. */
  option<T extends number | string | boolean>(name: string, fallback: T): T;
  /** True once the student has pressed Ctrl-C: save what you have and return. */
  stopped(): boolean;
  /** Milliseconds since some moment; subtract two. */
  now(): number;
}

/** A plain file name: no folder, nothing that Windows or a shell would take amiss. */
export function isPlainFileName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    /^[\p{L}\p{N}_][\p{L}\p{N} ._-]{0,99}$/u.test(name) &&
    !/[ .]$/.test(name) &&
    !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name)
  );
}

/** Builds `io`; files and options arrive as JSON text. */
export function makeIo(bridge: Bridge, files: string, options: string): LabIo {
  const saved = new Map<string, string>(JSON.parse(files) as [string, string][]);
  const given = new Map<string, string>(JSON.parse(options) as [string, string][]);
  // An error of the bridge belongs to the other realm and must not be seen here.
  const safely = <T>(f: () => T): T => {
    let result: T;
    try {
      result = f();
    } catch {
      throw new Error('the lab has lost its connection to the command line');
    }
    return result;
  };
  const check = (name: unknown) => {
    if (!isPlainFileName(name))
      throw new Error(`a lab saves to a plain file name such as "loss.svg", not ${String(name)}`);
    return name;
  };
  return {
    print: (text) => safely(() => bridge.send('print', '', String(text), 0)),
    progress: (fraction, note = '') => {
      const share = Math.min(1, Math.max(0, Number(fraction) || 0));
      safely(() => bridge.send('progress', '', String(note), share));
    },
    save(fileName, text) {
      const name = check(fileName);
      if (typeof text !== 'string') throw new Error(`save('${name}', …) takes text`);
      saved.set(name, text);
      safely(() => bridge.send('save', name, text, 0));
    },
    load: (fileName) => saved.get(check(fileName)),
    option<T extends number | string | boolean>(name: string, fallback: T): T {
      const text = given.get(name);
      if (text === undefined) return fallback;
      if (typeof fallback === 'string') return text as T;
      if (typeof fallback === 'boolean') return (text !== 'false' && text !== '0' && text !== 'no') as T;
      const value = Number(text);
      if (text === '' || Number.isNaN(value)) throw new Error(`the option ${name} takes a number, not "${text}"`);
      return value as T;
    },
    stopped: () => safely(() => bridge.stopped()),
    now: () => safely(() => bridge.now()),
  };
}
