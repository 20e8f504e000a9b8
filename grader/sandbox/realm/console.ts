/** The `console` of the student's realm: it collects text instead of writing it. */
import { inspect } from 'loupe';
import { Tensor } from '#tensor';

/** How many characters one program may print. */
export const consoleLimit = 64 * 1024;
const cut = '\n… and more: an exercise may print 64 KB in one call; the rest is not shown.';

// Held from before the student's code runs, so that a patched prototype breaks nothing here.
const call = Function.prototype.call;
const slice = call.bind(String.prototype.slice) as (text: string, from: number, to?: number) => string;
const padEnd = call.bind(String.prototype.padEnd) as (text: string, length: number) => string;
const padStart = call.bind(String.prototype.padStart) as (text: string, length: number) => string;
const trimEnd = call.bind(String.prototype.trimEnd) as (text: string) => string;
const text = String;
const keysOf = Object.keys;
const isArray = Array.isArray;
const isInstance = call.bind(Function.prototype[Symbol.hasInstance]) as (type: unknown, value: unknown) => boolean;

/** A value as `console.log` shows it. Never throws. */
export function show(value: unknown, nested = false): string {
  try {
    if (typeof value === 'string' && !nested) return value;
    if (typeof value === 'function') return `[Function ${value.name || 'without a name'}]`;
    if (isInstance(Tensor, value)) return text(value);
    // `truncate` also bounds the work: a huge array is not walked to its end.
    const options = { truncate: 10_000, depth: 6 };
    if (value === 0) return 1 / value > 0 ? '0' : '-0';
    if (typeof value === 'object' && value !== null) return inspect(withOwnText(value, 0), options);
    return inspect(value, options);
  } catch {
    return '(something that cannot be shown)';
  }
}

/** Stands for a value that has its own text inside a record or an array while loupe lays it out. */
class Shown {
  readonly inspect: () => string;
  constructor(value: unknown) {
    this.inspect = () => text(value);
  }
}

/** The first entries of plain arrays and records, with every Tensor replaced by its text, and 0, which loupe shows as +0. */
function withOwnText(value: unknown, depth: number): unknown {
  if (value === 0 && 1 / value > 0) return new Shown(value);
  if (typeof value !== 'object' || value === null || depth > 6) return value;
  if (isInstance(Tensor, value)) return new Shown(value);
  if (isArray(value)) {
    if (value.length > 10_000) return value;
    let changed = false;
    const copy: unknown[] = [];
    for (let i = 0; i < value.length; i++) {
      copy[i] = withOwnText(value[i], depth + 1);
      changed ||= copy[i] !== value[i];
    }
    return changed ? copy : value;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const record = value as Record<string, unknown>;
  let changed = false;
  const copy: Record<string, unknown> = {};
  const keys = keysOf(record);
  if (keys.length > 1_000) return value;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    copy[key] = withOwnText(record[key], depth + 1);
    changed ||= copy[key] !== record[key];
  }
  return changed ? copy : value;
}

function join(values: unknown[]): string {
  let line = '';
  for (let i = 0; i < values.length; i++) line += (i > 0 ? ' ' : '') + show(values[i]);
  return line;
}

/** `console.table`: rows of records, of arrays or of numbers; anything else is shown as by `log`. */
function table(value: unknown): string {
  if (typeof value !== 'object' || value === null || isInstance(Tensor, value)) return show(value);
  const data = value as Record<string, unknown>;
  const rows = keysOf(data);
  const columns: string[] = [''];
  const cells: string[][] = [];
  for (let r = 0; r < rows.length && r < 1_000; r++) {
    const row = data[rows[r]];
    const line: string[] = [rows[r]];
    const put = (name: string, cell: unknown) => {
      let at = 1;
      while (at < columns.length && columns[at] !== name) at++;
      columns[at] = name;
      line[at] = show(cell, true);
    };
    if (typeof row === 'object' && row !== null && !isInstance(Tensor, row)) {
      const names = keysOf(row);
      for (let c = 0; c < names.length && c < 50; c++) put(names[c], (row as Record<string, unknown>)[names[c]]);
    } else put('value', row);
    cells[r] = line;
  }
  const widths: number[] = [];
  for (let c = 0; c < columns.length; c++) {
    widths[c] = columns[c].length;
    for (let r = 0; r < cells.length; r++) widths[c] = Math.max(widths[c], (cells[r][c] ?? '').length);
  }
  let out = '';
  for (let r = -1; r < cells.length; r++) {
    let line = '';
    for (let c = 0; c < columns.length; c++) {
      const cell = (r < 0 ? columns[c] : cells[r][c]) ?? '';
      line += c === 0 ? padEnd(cell, widths[c]) : '  ' + padStart(cell, widths[c]);
    }
    out += (r < 0 ? '' : '\n') + trimEnd(line);
  }
  return out;
}

/** Installs `console` and gives back what takes the collected text; a lab passes `emit` to have each line at once. */
export function installConsole(emit?: (line: string) => void): { take(): string; redirect(to: typeof emit): void } {
  let printed = '';
  let full = false;
  const add = (line: string) => {
    if (emit) return emit(line);
    if (full) return;
    const next = printed === '' ? line : printed + '\n' + line;
    full = next.length > consoleLimit;
    printed = full ? slice(next, 0, consoleLimit) + cut : next;
  };
  const log = (...values: unknown[]) => {
    if (!full || emit) add(join(values));
  };
  const console = {
    log,
    info: log,
    warn: log,
    error: log,
    debug: log,
    dir: (value: unknown) => add(show(value)),
    table: (value: unknown) => {
      let shown: string;
      try {
        shown = table(value);
      } catch {
        shown = show(value);
      }
      add(shown);
    },
    assert: (condition: unknown, ...values: unknown[]) => {
      if (!condition) add('Assertion failed' + (values.length > 0 ? ': ' + join(values) : ''));
    },
  };
  Object.defineProperty(globalThis, 'console', {
    value: console,
    writable: true,
    configurable: true,
    enumerable: false,
  });
  return {
    take() {
      const taken = printed;
      printed = '';
      full = false;
      return taken;
    },
    redirect(to) {
      emit = to;
    },
  };
}
