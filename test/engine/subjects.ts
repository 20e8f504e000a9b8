/** Subjects for the tests: plain functions behind the door of the sandbox, with whatever can go wrong there. */
import {
  isRecord,
  type Exercise,
  type Outcome,
  type Subject,
  type Value,
  type ValueRecord,
} from '../../grader/engine/index.ts';
import { copy } from '../../grader/engine/index.ts';

type Function = (inputs: ValueRecord) => Value;

/** Outcomes that a function may ask for instead of returning. */
export class Ends {
  readonly outcome: Outcome;
  constructor(outcome: Outcome) {
    this.outcome = outcome;
  }
}
export const TIMEOUT = new Ends({ kind: 'timeout', ms: 1000 });
export const CRASH = new Ends({ kind: 'crash', detail: 'exited' });
export const todo = (fn: string) => new Ends({ kind: 'error', name: 'Error', message: `TODO: ${fn}`, todo: true, fn });

export interface Behaviour {
  /** Called with the exercise's inputs and, for a backward pass, the cache. */
  functions: Record<string, (inputs: ValueRecord, cache?: Value) => Value | Ends>;
  /** The course's own forward functions. */
  standIns?: Record<string, Function>;
  /** Milliseconds before each outcome. */
  delay?: (call: number) => number;
  exports?: Record<string, 'function' | 'other'>;
  echo?: boolean;
}

/** A subject, and how many calls it was asked for. */
export function subject({
  functions,
  standIns = {},
  delay,
  exports,
  echo = true,
}: Behaviour): Subject & { calls: number } {
  const run = (fn: string, f: (typeof functions)[string] | undefined, inputs: ValueRecord, cache?: Value): Outcome => {
    try {
      const value = f!(inputs, cache);
      return value instanceof Ends ? value.outcome : { kind: 'value', value: copy(value) };
    } catch (error) {
      const { name, message } = error as Error;
      return { kind: 'error', name, message, todo: message.startsWith('TODO'), fn };
    }
  };
  const one = (exercise: Exercise, inputs: ValueRecord, standIn: boolean): Outcome => {
    const own = copy(inputs);
    let cache: Value;
    const back = exercise.backwardOf;
    if (back) {
      const first = run(back.forward, standIn ? standIns[back.forward] : functions[back.forward], own);
      if (first.kind !== 'value') return first;
      cache = isRecord(first.value) ? first.value.cache : undefined;
    }
    const outcome = run(exercise.name, functions[exercise.name], own, cache);
    return outcome.kind === 'value' && echo
      ? { ...outcome, argsAfter: exercise.parameters.map((name) => own[name]) }
      : outcome;
  };
  const made: Subject & { calls: number } = {
    calls: 0,
    standIns: false,
    loaded: {
      kind: 'loaded',
      exports: exports ?? Object.fromEntries(Object.keys(functions).map((name) => [name, 'function'])),
    },
    async *call(exercise, inputs, options) {
      for (const i of inputs) {
        const wait = delay?.(made.calls);
        made.calls++;
        if (wait !== undefined) await new Promise((resolve) => setTimeout(resolve, wait));
        const outcome = one(exercise, i, options.forwardFromStandIn ?? false);
        yield outcome;
        if (outcome.kind !== 'value' && outcome.kind !== 'error') return;
      }
    },
  };
  return made;
}
