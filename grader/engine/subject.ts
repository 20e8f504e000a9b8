/**
 * Who is examined: a student's file in a sandbox, or plain functions (how the tests submit each misconception).
 */
import { Tensor } from '#tensor';
import type { Exercise } from './exercise.ts';
import {
  ResultOf,
  type Loaded,
  type Memory,
  type Outcome,
  type Program,
  type RunOptions,
  type Sandbox,
} from './sandbox.ts';
import { copy, isRecord, Odd, type Value, type ValueRecord } from './value.ts';

export interface Subject {
  readonly loaded: Loaded;
  /** Whether the course's own functions can be called beside the student's. */
  readonly standIns: boolean;
  readonly memory?: Memory | undefined;
  /** Calls the exercise's function for each of the inputs, in order. */
  call(exercise: Exercise, inputs: readonly ValueRecord[], options: CallOptions): AsyncIterable<Outcome>;
}

export interface CallOptions extends RunOptions {
  /** For a backward pass: take the forward's cache from the course's own forward. */
  forwardFromStandIn?: boolean;
  /** For a backward pass: the course's own, on the cache of the student's forward. */
  backwardFromStandIn?: boolean;
  /** For a backward pass: call it twice on one cache, and take the second result. */
  twice?: boolean;
}

/** What has to be called in the sandbox for one set of inputs. */
export function programFor(exercise: Exercise, inputs: ValueRecord, options: CallOptions = {}): Program {
  const args = exercise.parameters.map((name) => inputs[name]);
  const back = exercise.backwardOf;
  if (!back) return [{ fn: exercise.name, args }];
  const { forwardFromStandIn = false, backwardFromStandIn = false, twice = false } = options;
  const forward = { fn: back.forward, args: back.takes.map((name) => inputs[name]), standIn: forwardFromStandIn };
  const backward = { fn: exercise.name, args: [...args, new ResultOf(0, 'cache')], standIn: backwardFromStandIn };
  return twice ? [forward, backward, backward] : [forward, backward];
}

/** A student's file, examined through a sandbox. */
export function inSandbox(sandbox: Sandbox): Subject {
  return {
    loaded: sandbox.loaded,
    standIns: true,
    memory: sandbox.memory,
    call: (exercise, inputs, options) =>
      sandbox.run(
        inputs.map((i) => programFor(exercise, i, options)),
        { limit: options.limit ?? exercise.limit, echo: options.echo ?? false },
      ),
  };
}

/** Functions by exercise name, each taking the exercise's named inputs; called in this very process. */
export function inProcess(functions: Record<string, (inputs: ValueRecord) => Value>): Subject {
  return {
    loaded: { kind: 'loaded', exports: Object.fromEntries(Object.keys(functions).map((name) => [name, 'function'])) },
    standIns: false,
    async *call(exercise, inputs) {
      for (const i of inputs) {
        const own = copy(i);
        try {
          const value = functions[exercise.name]!(own);
          // As in the sandbox, the caller's arguments and the result do not share memory.
          yield {
            kind: 'value',
            value: copy(withoutCache(plain(value))),
            argsAfter: exercise.parameters.map((name) => own[name]),
          };
        } catch (error) {
          const [name, message] = error instanceof Error ? [error.name, error.message] : ['', String(error)];
          yield { kind: 'error', name, message, todo: /^TODO\b/.test(message), fn: exercise.name };
        }
      }
    },
  };
}

/** As the sandbox reports them: what is no plain data becomes an {@link Odd}. */
function plain(value: Value): Value {
  if (value instanceof Promise) return new Odd('a Promise');
  if (typeof value === 'function') return new Odd('a function');
  return value;
}

function withoutCache(value: Value): Value {
  if (!isRecord(value) || value instanceof Tensor) return value;
  const { cache: _cache, ...rest } = value;
  return rest;
}
