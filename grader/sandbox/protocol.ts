/** The messages between the judge and its child process. */
import type { Wire } from './wire.ts';

export interface WireCall {
  fn: string;
  args: Wire[];
  standIn: boolean;
}

/** Judge → child. `id` cannot be guessed and comes back with every reply. */
export type Request =
  | { type: 'load'; id: string; code: string; limit: number }
  /** `singly`: an answer is on its way before the next program starts; otherwise a few quick ones share a message. */
  | { type: 'run'; id: string; programs: WireCall[][]; limit: number; echo: boolean; singly: boolean }
  /** The same with everything packed (see `node/packing.ts`), and the answers too; only a child process knows it. */
  | { type: 'packed'; id: string; programs: Uint8Array; limit: number; echo: boolean }
  /** Stop after the program that is running. */
  | { type: 'cancel' }
  | { type: 'debug'; id: string; program: WireCall[]; code: string }
  | { type: 'lab'; id: string; code: string; files: string; options: string; stopFd: number };

export interface Thrown {
  name: string;
  message: string;
  stack: string;
}

export type Loading =
  { kind: 'loaded'; exports: [string, string][] } | ({ kind: 'syntax' | 'throws' } & Thrown) | { kind: 'timeout' };

export type Ran =
  { kind: 'value'; value: Wire; argsAfter?: Wire[] } | ({ kind: 'error'; fn: string } & Thrown) | { kind: 'timeout' };

/** Child → judge: the answers to one program or to a few in a row, the first of which has this index. */
export interface Reply<T> {
  id: string;
  index: number;
  answers: Answer<T>[];
}

/** The reply to a packed request: so many answers as bytes. */
export interface PackedReply {
  id: string;
  index: number;
  count: number;
  packed: Uint8Array;
  /** Nothing more will come, however much was asked: the last answer is a timeout. */
  ended: boolean;
}

export interface Answer<T> {
  what: T;
  console: string;
}

/** The one answer of a reply to a request that has only one; empty for a message of another form. */
export function onlyAnswer(message: object): { what?: Record<string, unknown>; console?: string } {
  const { answers } = message as { answers?: unknown };
  const first: unknown = Array.isArray(answers) ? answers[0] : undefined;
  return typeof first === 'object' && first !== null ? first : {};
}
