/** The messages between the judge and its child process. Types only: nothing here costs the child a byte. */
import type { Wire } from '../wire.ts';

export interface WireCall {
  fn: string;
  args: Wire[];
  standIn: boolean;
}

/** Judge → child. `id` cannot be guessed and comes back with every reply. */
export type Request =
  | { type: 'load'; id: string; code: string; limit: number }
  | { type: 'run'; id: string; programs: WireCall[][]; limit: number; echo: boolean }
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

/** Child → judge: one message for each program. */
export interface Reply<T> {
  id: string;
  index: number;
  what: T;
  console: string;
}
