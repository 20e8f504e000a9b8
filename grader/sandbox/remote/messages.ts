/**
 * What judge and collector say to each other, as lines of JSON. The collector runs students' code: the judge believes
 * nothing that comes from there.
 */
import { Tensor } from '#tensor';
import type { Loaded, Outcome, Place } from '../../engine/sandbox.ts';
import { Odd, isRecord, type Value } from '../../engine/value.ts';
import type { WireCall } from '../protocol.ts';
import { NotAResult, decode, type Wire } from '../wire.ts';

/** Judge → collector. */
export type Asked =
  /** `files`: the student's, by their path under the chapters; `later`: topics that may not be imported. */
  | { type: 'open'; topic: string; files: [path: string, text: string][]; later: string[] }
  | { type: 'run'; programs: WireCall[][]; limit: number; echo: boolean };

/** A line of JSON; numbers that JSON loses, bytes and `undefined` are kept. */
export function toLine(message: unknown): string {
  return `${JSON.stringify(message, (_, value: unknown) => {
    if (value === undefined) return { $: 'undefined' };
    if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
      return { $: Object.is(value, -0) ? '-0' : String(value) };
    if (value instanceof Float64Array) return { $: 'numbers', data: base64(value) };
    if (value instanceof Uint8Array) return { $: 'bytes', data: base64(value) };
    return value;
  })}\n`;
}

const base64 = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64');

/** @throws SyntaxError, NotAResult */
export function fromLine(line: string): unknown {
  const parsed: unknown = JSON.parse(line, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '$')) return value;
    const { $: kind, data } = value as { $: unknown; data?: unknown };
    // What a reviver gives back as undefined is deleted: it is put in below.
    if (kind === 'undefined') return ABSENT;
    if (kind === '-0' || kind === 'NaN' || kind === 'Infinity' || kind === '-Infinity') return Number(kind);
    if (typeof data !== 'string') throw new NotAResult('data');
    const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
    if (kind === 'bytes') return bytes;
    if (kind === 'numbers' && bytes.length % 8 === 0) return new Float64Array(bytes.buffer);
    throw new NotAResult('data');
  });
  return withUndefined(parsed);
}

const ABSENT = Symbol('undefined');

function withUndefined(value: unknown): unknown {
  if (value === ABSENT) return undefined;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    // An own property already: this only changes its value, even if it is called __proto__.
    Object.defineProperty(value, key, { value: withUndefined(inner), writable: true, enumerable: true, configurable: true }); // prettier-ignore
  }
  return value;
}

/** A result, as it came out of the collector's own sandbox. */
function wired(value: Value): Wire {
  if (value instanceof Odd) return { t: 'odd', what: value.what };
  if (value instanceof Tensor) return { t: 'tensor', shape: [...value.shape], data: value.data };
  if (Array.isArray(value)) return { t: 'array', items: value.map(wired) };
  if (value instanceof Uint8Array) return value;
  if (isRecord(value)) return { t: 'record', keys: Object.keys(value), values: Object.values(value).map(wired) };
  return value as Wire;
}

/** Names are the student's, and could mean something as keys of JSON: they go as a list. */
export const loadedForJudge = (loaded: Loaded): object =>
  loaded.kind === 'loaded' ? { ...loaded, exports: Object.entries(loaded.exports) } : loaded;

export function outcomeForJudge(outcome: Outcome): object {
  if (outcome.kind !== 'value') return outcome;
  const { argsAfter, ...rest } = outcome;
  return { ...rest, value: wired(outcome.value), ...(argsAfter && { argsAfter: argsAfter.map(wired) }) };
}

const text = (value: unknown, length: number): string => (typeof value === 'string' ? value.slice(0, length) : '');

function placeOf(value: unknown): Place | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { file, line, column, text: shown } = value as Record<string, unknown>;
  if (typeof file !== 'string' || !Number.isSafeInteger(line) || !Number.isSafeInteger(column)) return undefined;
  const known = { file: file.slice(0, 500), line: line as number, column: column as number };
  return typeof shown === 'string' ? { ...known, text: shown.slice(0, 2_000) } : known;
}

const WHYS = ['missing-file', 'empty', 'syntax', 'import', 'throws', 'timeout', 'oom', 'crash'] as const;

/** @throws NotAResult */
export function loadedFrom(message: unknown): Loaded {
  const { loaded } = (message ?? {}) as { loaded?: Record<string, unknown> };
  const printed = printedBy(loaded);
  if (loaded?.kind === 'loaded' && Array.isArray(loaded.exports)) {
    const exports = loaded.exports.slice(0, 1_000).map((pair: unknown) => {
      const [name, kind] = Array.isArray(pair) ? (pair as unknown[]) : [];
      return [text(name, 200), kind === 'function' ? 'function' : 'other'] as const;
    });
    return { kind: 'loaded', exports: Object.fromEntries(exports), ...printed };
  }
  const why = WHYS.find((known) => known === loaded?.why);
  if (loaded?.kind !== 'failed' || why === undefined) throw new NotAResult('its kind');
  const at = placeOf(loaded.at);
  return { kind: 'failed', why, message: text(loaded.message, 4_000), ...(at && { at }), ...printed };
}

/**
 * @param limit the time limit that the judge gave: a number from the collector is not shown
 * @throws NotAResult
 */
export function outcomeFrom(message: unknown, limit: number): Outcome {
  const { outcome } = (message ?? {}) as { outcome?: Record<string, unknown> };
  const printed = printedBy(outcome);
  switch (outcome?.kind) {
    case 'value': {
      const value = decode(outcome.value);
      if (!Array.isArray(outcome.argsAfter)) return { kind: 'value', value, ...printed };
      return { kind: 'value', value, argsAfter: outcome.argsAfter.map(decode), ...printed };
    }
    case 'error': {
      const said = text(outcome.message, 2_000);
      const at = placeOf(outcome.at);
      const [name, fn] = [text(outcome.name, 200), text(outcome.fn, 200)];
      return { kind: 'error', name, message: said, ...(at && { at }), todo: /^TODO\b/.test(said), fn, ...printed };
    }
    case 'timeout':
      return { kind: 'timeout', ms: limit, ...(outcome.idle === true && { idle: true }), ...printed };
    case 'oom': {
      const { megabytes } = outcome;
      if (typeof megabytes !== 'number' || !Number.isFinite(megabytes)) throw new NotAResult('megabytes');
      return { kind: 'oom', megabytes, ...printed };
    }
    case 'crash':
      return { kind: 'crash', detail: text(outcome.detail, 500), ...printed };
    default:
      throw new NotAResult('its kind');
  }
}

function printedBy(of: Record<string, unknown> | undefined): { console?: string } {
  const printed = text(of?.console, 70_000);
  return printed === '' ? {} : { console: printed };
}
