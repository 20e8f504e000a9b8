/**
 * What an author writes: topics made of exercises, each with its oracle, checks, misconceptions and hints. Data, to be read
 * aloud.
 */
import { cacheServes, cacheStays } from './cache.ts';
import type { Check } from './check.ts';
import type { Fed, Inputs } from './inputs.ts';
import { gradient, trace, type Definition } from './tape.ts';
import type { Value, ValueRecord } from './value.ts';

/** The definition that decides: inputs by name to the expected result. It throws where the student's code must throw. */
export interface Oracle<I = ValueRecord> {
  (inputs: I): Value;
  /** Distance of these inputs to the nearest kink; only for derivatives. */
  margin?: (inputs: I) => number;
}

/** A wrong implementation that students plausibly write. */
export interface Misconception<I = ValueRecord> {
  wrong: (inputs: I) => Value;
  /** Explains without giving the answer away. */
  says: string;
}

export interface Exercise<I = ValueRecord> {
  /** The exported function. */
  name: string;
  /** Its points; a whole number. Checks may claim some of them (`worth`), the rest hangs on the main check and all others. */
  points: number;
  /** What is drawn, by name. */
  inputs: Inputs;
  /** Smallest and largest size of each axis symbol; default 1 to 4. */
  sizes: Record<string, readonly [min: number, max: number]>;
  /** Computes the function's inputs from what was drawn; default: as drawn. */
  derive?: (drawn: ValueRecord) => I & ValueRecord;
  /** Which inputs may be used. */
  where?: (inputs: I) => boolean;
  /** The order of arguments; default: the order of `inputs`. */
  parameters: string[];
  /**
   * For a backward pass: the forward function of the same file that yields its cache, with its arguments' names. The
   * backward function gets `parameters` and then the cache.
   */
  backwardOf?: { forward: string; takes: string[] };
  /** Functions of the same topic that this one is meant to call: until they are right, it can hardly be. */
  uses?: string[];
  oracle: Oracle<I>;
  /** The first is the main one: others count only once it passes. */
  checks: Check[];
  misconceptions: Record<string, Misconception<I>>;
  /** From idea to shape to formula to line. */
  hints: string[];
  /** Fixed inputs that tell mistakes apart, added to the drawn ones. */
  examples: (Partial<I> & ValueRecord)[];
  /** Milliseconds one call may take. */
  limit: number;
}

/** What an author gives; the rest has defaults. */
export type ExerciseSpec<S extends Inputs, I> = Pick<
  Exercise<NoInfer<I>>,
  'points' | 'oracle' | 'checks' | 'misconceptions' | 'hints'
> &
  Partial<Omit<Exercise<NoInfer<I>>, 'name' | 'inputs' | 'derive'>> & {
    inputs: S;
    derive?: (drawn: Fed<S>) => I & ValueRecord;
  };

/**
 * Declares an exercise. Its name is the key it has in its topic.
 *
 * @throws Error where the declaration contradicts itself, so that an author meets it before a student does
 */
export function exercise<S extends Inputs, I = Fed<S>>(spec: ExerciseSpec<S, I>): Exercise {
  const symbols = new Set(Object.values(spec.inputs).flatMap((input) => input.symbols));
  const sizes = Object.fromEntries([...symbols].map((s) => [s, spec.sizes?.[s] ?? ([1, 4] as const)]));
  if (!Number.isInteger(spec.points) || spec.points < 1) throw new Error('points must be a whole number, 1 or more.');
  if (spec.checks.length === 0) throw new Error('An exercise needs a check.');
  if (spec.hints.length === 0) throw new Error('An exercise needs a hint.');
  const [main, ...others] = spec.checks;
  if (main!.worth !== 0) throw new Error('The first check has what the others leave of the points: give it no worth.');
  if (others.some((c) => !Number.isInteger(c.worth) || c.worth < 0))
    throw new Error('What a check is worth must be a whole number, 0 or more.');
  if (others.reduce((sum, c) => sum + c.worth, 0) > spec.points)
    throw new Error('The checks are worth more than the exercise has points.');
  return {
    limit: 1_000,
    examples: [],
    parameters: Object.keys(spec.inputs),
    ...spec,
    name: '',
    sizes,
  } as unknown as Exercise;
}

/** The exercises of one file. */
export interface Topic {
  /** The file's name without `.ts`: `attention`. */
  name: string;
  title: string;
  exercises: Exercise[];
}

/**
 * Declares a topic: its file name, a title, and its exercises by the names of the exported functions. Every pair of forward
 * and backward gets the checks of `cache.ts`.
 *
 * @throws Error where an exercise uses one that the topic does not have
 */
export function topic(name: string, title: string, exercises: Record<string, Exercise>): Topic {
  for (const [key, { uses = [] }] of Object.entries(exercises)) {
    const unknown = uses.find((used) => used === key || !Object.hasOwn(exercises, used));
    if (unknown !== undefined) throw new Error(`${key} uses ${unknown}, which is no other exercise of ${name}.`);
  }
  const named = Object.entries(exercises).map(([key, e]) => ({ ...e, name: key }));
  for (const backward of named.filter((e) => e.backwardOf)) {
    const forward = named.find((e) => e.name === backward.backwardOf!.forward);
    if (forward) forward.checks = [...forward.checks, cacheServes(backward)];
    backward.checks = [...backward.checks, cacheStays(backward)];
  }
  return { name, title, exercises: named };
}

export interface Chapter {
  /** `chapter-1` */
  id: string;
  /** `chapter-1-mp` */
  folder: string;
  title: string;
  topics: Topic[];
}

/** Fits whatever inputs the exercise declares; the definition's own type says what it reads. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
type AnyInputs = any;

/** An oracle without kinks: nothing has to be kept clear of them, and the tape runs once instead of twice. */
export const smooth =
  <I>(oracle: Oracle<I>): Oracle<I> =>
  (inputs: I) =>
    oracle(inputs);

/** An oracle from a definition on the tape: its values. */
export function valueOf<I>(definition: Definition<I>, options: { plain?: string[] } = {}): Oracle<AnyInputs> {
  return ((inputs: ValueRecord) => trace(definition, inputs, options.plain).value) as Oracle<AnyInputs>;
}

/**
 * An oracle for a backward pass: the derivative of a definition on the tape.
 *
 * @param options.wrt result name → input name: `{ dx: 'x', dw: 'w' }`; a single name makes the gradient itself the result
 * @param options.upstream the input that holds the upstream gradient (none: the definition is a scalar loss), or output
 *   name → input name where the forward has several
 * @param options.plain inputs that are not differentiable (labels, masks) and stay ordinary values
 */
export function gradientOf<I>(
  definition: Definition<I>,
  options: { wrt: Record<string, string> | string; upstream?: string | Record<string, string>; plain?: string[] },
): Oracle<AnyInputs> {
  const { wrt, upstream, plain } = options;
  const single = typeof wrt === 'string';
  const names = single ? { '': wrt } : wrt;
  const run = (inputs: ValueRecord) => {
    const u =
      upstream === undefined
        ? undefined
        : typeof upstream === 'string'
          ? inputs[upstream]
          : Object.fromEntries(Object.entries(upstream).map(([output, input]) => [output, inputs[input]]));
    return gradient(definition, inputs, u, Object.values(names), plain);
  };
  const oracle = (inputs: ValueRecord): Value => {
    const { gradients } = run(inputs);
    if (single) return gradients[wrt];
    return Object.fromEntries(Object.entries(names).map(([out, input]) => [out, gradients[input]]));
  };
  return Object.assign(oracle, { margin: (inputs: ValueRecord) => run(inputs).margin }) as unknown as Oracle<AnyInputs>;
}
