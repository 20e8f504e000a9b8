/**
 * The kinds of check. Each draws inputs, says which calls of the student's function it needs, and judges what came back.
 */
import { compare, EXACT, type Mismatch } from './compare.ts';
import type { Exercise } from './exercise.ts';
import {
  mapNumbers,
  copy,
  describe,
  identical,
  isRecord,
  NamedFunction,
  Odd,
  scalars,
  type Value,
  type ValueRecord,
} from './value.ts';
import { gradientTolerance, norm, roundingTolerance } from './tolerance.ts';
import { shortened } from './report.ts';
import type { Outcome } from './sandbox.ts';
import type { CallOptions } from './subject.ts';

/** What a check finds wrong with one case. */
export interface Finding {
  /** In one sentence, to stand behind "✗ name": "the gradient of k is wrong". */
  sentence: string;
  /** Results to show side by side. */
  mismatches: Mismatch[];
  /** Other results worth seeing, without a right value beside them. */
  seen?: { name: string; value: Value }[];
  facts?: string[];
}

/** What one case asks of the student's function. */
export interface Check {
  id: string;
  kind: 'agrees' | 'gradient' | 'property' | 'finite' | 'rejects' | 'pure' | 'learns' | 'cache';
  /** The end of "it …": "agrees with the definition". */
  sentence: string;
  /** How many cases are drawn. */
  cases: number;
  /** Points of the exercise that hang on this check alone; 0 for the main one. */
  worth: number;
  visibility: 'visible' | 'hidden';
  /** Another exercise whose inputs are drawn and whose function is called: a forward pass is asked about its backward. */
  of?: Exercise;
  /** How the functions are called. */
  call?: Pick<CallOptions, 'backwardFromStandIn' | 'twice'>;
  /** Inputs that are used instead of drawn ones. */
  fixed?: (exercise: Exercise) => ValueRecord[];
  /** Which drawn inputs this check may use, beyond the exercise's own `where`. */
  where?: (inputs: ValueRecord, exercise: Exercise) => boolean;
  /** Inputs for each call, from one case; default: the case itself. */
  runs?: (inputs: ValueRecord, exercise: Exercise) => ValueRecord[];
  /** A further call, given what came back so far; for checks that feed results back. */
  next?: (inputs: ValueRecord, got: Value[]) => ValueRecord | undefined;
  /** Whether the arguments are wanted back after the call. */
  echo?: boolean;
  /** An error thrown by the student's function is what is asked for. */
  wantsError?: boolean;
  /** An error is judged like a result. */
  judgesErrors?: boolean;
  /** What a right function returns for one call's inputs; for diagnosis. Where several results are right, `got` may be one. */
  expected?: (inputs: ValueRecord, exercise: Exercise, got: Value) => Value;
  /**
   * Of a result that leaves much open (weights, say), what it does. Mistakes are recognised by that, whatever the student
   * chose of the rest. It may throw where a result has not the form that it reads.
   */
  reads?: (got: Value, inputs: ValueRecord) => Value;
  /** Judges one case from the outcomes of its calls, all of kind `value` (or `error` with `wantsError`). */
  judge(inputs: ValueRecord, outcomes: Outcome[], exercise: Exercise): Finding | undefined;
}

type Options = Partial<Pick<Check, 'cases' | 'worth' | 'visibility'>>;

const DEFAULTS = { cases: 30, worth: 0, visibility: 'visible' } as const;

const valueIn = (outcome: Outcome | undefined): Value => (outcome?.kind === 'value' ? outcome.value : undefined);

/** "the result is not right", "dw and db are not right", "dx, dw, db and 1 more are …"; it must suit a plural name too. */
function wrongSentence(mismatches: readonly Mismatch[]): string {
  const names = mismatches.map((m) => m.name || 'the result');
  const first = mismatches[0]!;
  if (mismatches.length > 1) {
    const shown = names.slice(0, 3).join(', ');
    const all = names.length > 3 ? `${shown} and ${names.length - 3} more` : shown.replace(/, ([^,]*)$/, ' and $1');
    return `${all} are not right`;
  }
  if (first.kind === 'missing') return first.says;
  if (first.kind === 'type') return `${names[0]}: ${first.says}`;
  if (first.kind === 'shape') return `${names[0]}: the wrong shape, ${first.says}`;
  if (first.kind === 'nonfinite') return `${names[0]} ${first.says}`;
  return `${names[0]} is not right`;
}

/**
 * Equals the oracle on generated inputs, within what rounding can do.
 *
 * @param options.exact nothing is rounded here (labels, counts, dyadic arithmetic): every bit counts
 */
export function agrees(options: Options & { exact?: boolean } = {}): Check {
  return {
    ...DEFAULTS,
    id: 'agrees',
    kind: 'agrees',
    sentence: 'agrees with the definition',
    ...options,
    expected: (inputs, exercise) => exercise.oracle(copy(inputs)),
    judge(inputs, [outcome], exercise) {
      const expected = exercise.oracle(copy(inputs));
      const tolerance = options.exact ? EXACT : roundingTolerance(exercise.oracle, inputs, exercise.inputs, expected);
      const mismatches = compare(expected, valueIn(outcome), tolerance);
      return mismatches.length > 0 ? { sentence: wrongSentence(mismatches), mismatches } : undefined;
    },
  };
}

/** Smallest distance to a kink that a gradient check accepts. */
const MARGIN = 0.05;

/**
 * The backward pass equals the derivative of the oracle's forward definition. Inputs near a kink (a ReLU at 0, a tie of a
 * maximum) are left out, while shrinking too.
 *
 * @param options.upstream names of the inputs that hold upstream gradients
 */
export function gradientAgrees(options: Options & { upstream?: string[] } = {}): Check {
  const { upstream = [], ...rest } = options;
  return {
    ...DEFAULTS,
    id: 'gradient',
    kind: 'gradient',
    sentence: 'is the derivative of the forward pass',
    ...rest,
    where: (inputs, exercise) => (exercise.oracle.margin?.(inputs) ?? Infinity) >= MARGIN,
    expected: (inputs, exercise) => exercise.oracle(copy(inputs)),
    judge(inputs, [outcome], exercise) {
      const expected = exercise.oracle(copy(inputs));
      const cotangent = norm(upstream.flatMap((name) => scalars(inputs[name])));
      const size = norm(scalars(Object.fromEntries(Object.entries(inputs).filter(([k]) => !upstream.includes(k)))));
      const allowed = tensorwise(expected, (ref) => gradientTolerance(ref, upstream.length > 0 ? cotangent : 1, size));
      const mismatches = compare(expected, valueIn(outcome), (k) => allowed[k]!);
      if (mismatches.length === 0) return undefined;
      const first = mismatches[0]!;
      const named = mismatches.length === 1 && first.kind === 'value' && /^d[A-Za-z]/.test(first.name);
      return {
        sentence: named ? `the gradient of ${first.name.slice(1)} is wrong` : wrongSentence(mismatches),
        mismatches,
      };
    },
  };
}

/** One bound per tensor (or number) of a value, repeated for each of its scalars. */
function tensorwise(value: Value, bound: (entries: number[]) => number): number[] {
  if (isRecord(value)) return Object.values(value).flatMap((v) => tensorwise(v, bound));
  if (Array.isArray(value) && !value.every((v) => typeof v === 'number'))
    return value.flatMap((v) => tensorwise(v, bound));
  const entries = scalars(value);
  return new Array<number>(entries.length).fill(bound(entries));
}

/** What a law says of the outputs: true, or what is wrong in a sentence. */
export type Holds = boolean | string;

/**
 * A law of the field that holds whatever the numbers are.
 *
 * @param law as a sentence: "each row of the weights sums to 1"
 * @param plan.runs named inputs for each call, from one case (default: one call, `y`, with the case itself)
 * @param plan.holds judges the calls' results by those names
 * @param plan.reads see Check; for a law of one call
 */
export function property<I = ValueRecord>(
  law: string,
  plan: {
    runs?: (inputs: I) => Record<string, ValueRecord>;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- an author destructures whatever the function returns
    holds: (outputs: any, inputs: I) => Holds;
    where?: (inputs: I) => boolean;
    fixed?: () => (I & ValueRecord)[];
    reads?: (got: Value, inputs: I) => Value;
  } & Options,
): Check {
  const { runs, holds, where, fixed, reads, ...options } = plan;
  const named = (inputs: ValueRecord) => (runs ? runs(inputs as I) : { y: inputs });
  return {
    ...DEFAULTS,
    id: law,
    kind: 'property',
    sentence: law,
    ...options,
    ...(where && { where: (inputs: ValueRecord) => where(inputs as I) }),
    ...(fixed && { fixed: () => fixed() }),
    ...(reads && { reads: (got: Value, inputs: ValueRecord) => reads(got, inputs as I) }),
    runs: (inputs) => Object.values(named(inputs)),
    judge(inputs, outcomes) {
      const names = Object.keys(named(inputs));
      const outputs = Object.fromEntries(names.map((name, i) => [name, valueIn(outcomes[i])]));
      const seen = names.map((name, i) => ({ name: names.length > 1 ? name : '', value: valueIn(outcomes[i]) }));
      const broken = outputsFault(Object.values(outputs), scalars(inputs).some(Number.isNaN));
      if (broken) return { sentence: broken, mismatches: [], seen };
      let verdict: Holds;
      try {
        verdict = holds(outputs, inputs as I);
      } catch {
        // A result of another form than the law speaks of breaks it too.
        return { sentence: `its result does not have the form that "${law}" speaks of`, mismatches: [], seen };
      }
      if (verdict === true) return undefined;
      return {
        sentence: `does not hold: ${law}`,
        mismatches: [],
        seen,
        ...(typeof verdict === 'string' && { facts: [verdict] }),
      };
    },
  };
}

/** What no law can hold for: nothing, no plain data, NaN that was not put in. Else `a === b` holds for undefined twice. */
function outputsFault(outputs: readonly Value[], nanGiven: boolean): string | undefined {
  for (const output of outputs) {
    if (output === undefined) return 'the result is undefined';
    const odd = findOdd(output);
    if (odd) return `the result ${output === odd ? 'is' : 'contains'} ${describe(odd)}`;
    if (!nanGiven && scalars(output).some(Number.isNaN)) return 'the result contains NaN';
  }
  return undefined;
}

function findOdd(value: Value): Odd | undefined {
  if (value instanceof Odd) return value;
  const inside = Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];
  for (const v of inside) {
    const odd = findOdd(v);
    if (odd) return odd;
  }
  return undefined;
}

/** Extreme inputs give finite results: each continuous input is multiplied by `scale`. */
export function staysFinite(
  options: Options & { scale?: number; only?: string[]; fixed?: () => ValueRecord[] } = {},
): Check {
  const { scale = 1000, only, fixed, ...rest } = options;
  const grow = (inputs: ValueRecord, exercise: Exercise) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [
        name,
        !only || only.includes(name) ? (exercise.inputs[name]?.nudge(copy(value), (x) => x * scale) ?? value) : value,
      ]),
    );
  return {
    ...DEFAULTS,
    id: 'finite',
    kind: 'finite',
    sentence: `stays finite for inputs ${scale} times larger`,
    ...rest,
    ...(fixed && { fixed, sentence: 'stays finite for extreme inputs' }),
    runs: (inputs, exercise) => [fixed ? inputs : grow(inputs, exercise)],
    expected: (inputs, exercise) => exercise.oracle(copy(inputs)),
    judge(inputs, [outcome], exercise) {
      const got = valueIn(outcome);
      const expected = exercise.oracle(fixed ? copy(inputs) : grow(inputs, exercise));
      const zero = (v: Value): Value => mapNumbers(v, () => 0);
      const bad = compare(zero(expected), got, () => Number.MAX_VALUE);
      return bad.length > 0
        ? {
            sentence: wrongSentence(bad).replace(/ (is|are) not right$/, ' $1 not finite'),
            mismatches: bad.map((m) => ({ ...m, expected: undefined })),
          }
        : undefined;
    },
  };
}

/**
 * Bad input gets an error; never its wording. An untouched stub's error does not count, nor does what is thrown without
 * being an Error (`throw 'bad'`).
 *
 * @param what a noun: "a key of another width than the query"
 */
export function rejects(what: string, make: ValueRecord[] | (() => ValueRecord[]), options: Options = {}): Check {
  return {
    ...DEFAULTS,
    id: `rejects ${what}`,
    kind: 'rejects',
    sentence: `rejects ${what}`,
    ...options,
    fixed: () => (typeof make === 'function' ? make() : make),
    wantsError: true,
    judge(_inputs, [outcome], exercise) {
      // A backward pass rejects nothing when its forward pass already threw.
      if (outcome?.kind === 'error') {
        if (outcome.fn === exercise.name && outcome.name !== '') return undefined;
        if (outcome.fn === exercise.name)
          return {
            sentence: `throws for ${what}, but not an Error: \`throw new RangeError('…')\``,
            mismatches: [],
            facts: [`It threw: ${shortened(outcome.message)}`],
          };
        return {
          sentence: `cannot be asked: ${outcome.fn} threw before it was called`,
          mismatches: [],
          facts: [`${outcome.fn} said: ${shortened(outcome.message)}`],
        };
      }
      const got = valueIn(outcome);
      return {
        sentence: `accepts ${what}; it should throw an error that says what is wrong`,
        mismatches: [],
        seen: got === undefined ? [] : [{ name: '', value: got }],
        facts: got === undefined ? ['It returned nothing and threw nothing.'] : [],
      };
    },
  };
}

/**
 * Inputs are not changed.
 *
 * @param options.fixed inputs on which the function has work to do, where drawn ones may leave it at once
 */
export function pure(options: Options & { fixed?: () => ValueRecord[] } = {}): Check {
  return {
    ...DEFAULTS,
    id: 'pure',
    kind: 'pure',
    sentence: 'leaves its inputs as they are',
    ...options,
    cases: options.cases ?? 6,
    echo: true,
    judge(inputs, [outcome], exercise) {
      if (outcome?.kind !== 'value' || !outcome.argsAfter)
        return { sentence: 'its inputs did not come back after the call', mismatches: [] };
      const after = outcome.argsAfter;
      // A function cannot be changed, and does not come back as data.
      const changed = exercise.parameters.filter(
        (name, i) => !(inputs[name] instanceof NamedFunction) && !identical(inputs[name], after[i]),
      );
      if (changed.length === 0) return undefined;
      return {
        sentence: `changes ${changed.join(' and ')}, which the caller still needs`,
        mismatches: changed.map((name) => {
          const i = exercise.parameters.indexOf(name);
          const [difference] = compare(inputs[name], after[i], EXACT);
          return {
            name: `${name} after the call`,
            kind: 'value',
            says: 'was changed',
            expected: inputs[name],
            got: after[i],
            wrong: difference?.wrong ?? [],
          };
        }),
      };
    },
  };
}

/**
 * Applied a few times on fixed data, each time to its own last result, it follows the oracle's trajectory.
 *
 * @param plan.start the first call's inputs
 * @param plan.feed the next call's inputs from the last result
 * @param plan.steps how many calls, five at most
 */
export function learns<I = ValueRecord>(
  what: string,
  plan: { start: () => I & ValueRecord; feed: (inputs: I, result: Value) => I & ValueRecord; steps: number } & Options,
): Check {
  const { start, feed, steps, ...options } = plan;
  const after = (inputs: ValueRecord, results: readonly Value[]) =>
    results.reduce<ValueRecord>((now, result) => feed(now as I, result), inputs);
  return {
    ...DEFAULTS,
    id: `learns ${what}`,
    kind: 'learns',
    sentence: `learns: ${what}`,
    ...options,
    fixed: () => [start()],
    next: (inputs, got) => (got.length < steps ? after(inputs, got) : undefined),
    judge(inputs, outcomes, exercise) {
      let now = inputs;
      const results: Value[] = [];
      for (const outcome of outcomes) {
        const expected = exercise.oracle(copy(now));
        const allowed = roundingTolerance(exercise.oracle, now, exercise.inputs, expected);
        const grown = 10 ** results.length;
        const mismatches = compare(
          expected,
          valueIn(outcome),
          (k, difference) => allowed(k, difference / grown) * grown,
        );
        if (mismatches.length > 0)
          return { sentence: `${wrongSentence(mismatches)} after step ${results.length + 1} of ${steps}`, mismatches };
        results.push(expected);
        now = feed(now as I, expected);
      }
      // Every result so far was right, yet one is missing.
      return results.length < steps
        ? { sentence: `stops after step ${results.length} of ${steps}`, mismatches: [] }
        : undefined;
    },
  };
}
