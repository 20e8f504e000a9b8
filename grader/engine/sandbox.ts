/**
 * The door between judge and sandbox: what the judge asks for and what may come back.
 * `grader/sandbox` implements it for Node; a browser worker can implement it too.
 */
import type { Value } from './value.ts';

export { NamedFunction } from './value.ts';

/** Call one exported function of the student's file. */
export interface Call {
  /** The exported name. */
  fn: string;
  args: Arg[];
  /** Take the function from the stand-in of the same topic instead of the student's file. */
  standIn?: boolean;
}

/** An argument: plain data (functions go by name), or a piece of an earlier call's result in the same program. */
export type Arg = Value | ResultOf;

/** The result of an earlier call of the program, or one field of it. It never leaves the sandbox. */
export class ResultOf {
  readonly call: number;
  readonly field: string | undefined;
  constructor(call: number, field?: string) {
    this.call = call;
    this.field = field;
  }
}

/** Calls made one after the other; the outcome is that of the last. */
export type Program = Call[];

/** A place in a student's file; lines and columns count from 1. */
export interface Place {
  /** Path relative to the folder of chapters, with forward slashes: `chapter-1-mp/neuron.ts`. */
  file: string;
  line: number;
  column: number;
  /** The text of that line, when known. */
  text?: string;
}

/** What one program came to. */
export type Outcome = (
  | {
      kind: 'value';
      /** The last call's result without its top-level `cache`, which stays in the sandbox. */
      value: Value;
      /** The last call's arguments as they are after the call, when asked for with `echo`. */
      argsAfter?: Value[];
    }
  | {
      kind: 'error';
      /** Class name of what was thrown, as "RangeError"; "" when it was not an Error. */
      name: string;
      message: string;
      /** The innermost place in the student's own files. */
      at?: Place;
      /** Thrown by an unwritten stub. */
      todo: boolean;
      /** Which call of the program threw: its exported name. */
      fn: string;
    }
  /** `idle`: it hardly got the processor in all that time. */
  | { kind: 'timeout'; ms: number; idle?: true }
  | { kind: 'oom'; megabytes: number }
  | { kind: 'crash'; detail: string }
) & {
  /** What the student's code printed during this program, capped. */
  console?: string;
};

/** The end of a sentence about an idle timeout. */
export const IDLE =
  'hardly used the processor: the machine is too busy, so grade it again later (or it waits for something)';

/** How loading a file ended. */
export type Loaded =
  | { kind: 'loaded'; exports: Record<string, 'function' | 'other'>; console?: string }
  | {
      kind: 'failed';
      /** `syntax`, `import` (a refused or missing one) come from bundling; the rest from running the module. */
      why: 'missing-file' | 'empty' | 'syntax' | 'import' | 'throws' | 'timeout' | 'oom' | 'crash';
      message: string;
      at?: Place;
      console?: string;
    };

export interface RunOptions {
  /** Limit for one program in milliseconds (default 1,000). */
  limit?: number;
  /** Send the arguments back as they are after the call. */
  echo?: boolean;
}

/** What a check came to, as far as it is remembered. */
export interface RememberedPass {
  cases: number;
  console?: string;
}

/**
 * Remembers what was asked for a check, and which answers were right: neither the inputs nor what is right about them
 * have to be worked out again while the student's code answers as it did. It is asked all the same, every time.
 */
export interface Memory {
  /**
   * Asks again what was asked under this name. `pass`: the answers are, bit by bit, those of an earlier pass.
   * `outcomes`: they are others, for the judge to look at. Undefined: nothing is remembered, or no answer came.
   */
  again(name: string): Promise<{ pass: RememberedPass } | { outcomes: Outcome[] } | undefined>;
  /** Remembers under this name what was asked last, and that its answers passed. */
  keep(name: string, pass: RememberedPass): void;
}

/** One topic's file, loaded apart from the judge. */
export interface Sandbox {
  readonly loaded: Loaded;
  /**
   * Runs programs in one request and yields their outcomes in order, each as soon as it is known.
   * After a timeout, running out of memory or a crash the iteration ends early; the next `run` starts afresh.
   */
  run(programs: Program[], options?: RunOptions): AsyncIterable<Outcome>;
  /** Where earlier gradings are remembered. */
  readonly memory?: Memory | undefined;
  close(): Promise<void>;
}
