/**
 * Cases for a check, as a fast-check arbitrary: sizes first, then every input; shrinking makes axes shorter, then numbers
 * plainer. Fully seeded, so a case is named for good by (seed, path).
 */
import fc from 'fast-check';
import { simplest, weight, type Inputs, type Sizes } from './inputs.ts';
import { identical, scalars, type ValueRecord } from './value.ts';

/** One drawn case. */
export interface Case {
  sizes: Sizes;
  /** What was drawn, before `derive`. */
  drawn: ValueRecord;
  /** What the exercise is fed. */
  inputs: ValueRecord;
}

export interface CasePlan {
  inputs: Inputs;
  /** Smallest and largest size per symbol. */
  sizes: Record<string, readonly [min: number, max: number]>;
  /** Computes the inputs from what was drawn: labels from points, say. */
  derive?: ((drawn: ValueRecord) => ValueRecord) | undefined;
  /** Which cases may be used; must hold while shrinking too. */
  where?: ((inputs: ValueRecord) => boolean) | undefined;
  /** For messages to the author. */
  name: string;
}

const TRIES = 2_000;

/** The context of a case in which one input was made plainer: making several plainer at once has just been tried. */
const PLAINER = 'plainer';

class CaseArbitrary extends fc.Arbitrary<Case> {
  readonly #plan: CasePlan;
  readonly #symbols: string[];

  constructor(plan: CasePlan) {
    super();
    this.#plan = plan;
    this.#symbols = Object.keys(plan.sizes);
  }

  generate(rng: fc.Random): fc.Value<Case> {
    for (let i = 0; i < TRIES; i++) {
      const sizes = this.#drawSizes(rng);
      const drawn = Object.fromEntries(
        Object.entries(this.#plan.inputs).map(([name, input]) => [name, input.draw(rng, sizes)]),
      );
      const found = this.#finish(sizes, drawn);
      if (found) return new fc.Value(found, undefined);
    }
    throw new Error(`${this.#plan.name}: 'where' refused ${TRIES} cases in a row; draw inputs that it accepts.`);
  }

  canShrinkWithoutContext(value: unknown): value is Case {
    return typeof value === 'object' && value !== null && 'drawn' in value;
  }

  shrink(value: Case, context: unknown): fc.Stream<fc.Value<Case>> {
    return fc.stream(this.#smaller(value, context !== PLAINER));
  }

  /** Mostly sizes that differ from each other, so that a swapped axis shows; now and then the smallest of all. */
  #drawSizes(rng: fc.Random): Sizes {
    const kind = rng.nextInt(0, 7);
    const sizes: Sizes = {};
    for (const symbol of this.#symbols) {
      const [min, max] = this.#plan.sizes[symbol]!;
      const taken = Object.values(sizes);
      const free = Array.from({ length: max - min + 1 }, (_, i) => min + i).filter((n) => n > 1 && !taken.includes(n));
      if (kind === 0) sizes[symbol] = min;
      else if (kind < 6 && free.length > 0) sizes[symbol] = free[rng.nextInt(0, free.length - 1)]!;
      else sizes[symbol] = rng.nextInt(min, max);
    }
    return sizes;
  }

  #finish(sizes: Sizes, drawn: ValueRecord): Case | undefined {
    const inputs = this.#plan.derive ? this.#plan.derive(drawn) : drawn;
    return !this.#plan.where || this.#plan.where(inputs) ? { sizes, drawn, inputs } : undefined;
  }

  *#smaller({ sizes, drawn }: Case, together: boolean): IterableIterator<fc.Value<Case>> {
    const declared = Object.entries(this.#plan.inputs);
    if (together) {
      const least = Object.fromEntries(this.#symbols.map((s) => [s, this.#plan.sizes[s]![0]]));
      const cut = declared.map(([name, input]) => [name, input.cut(drawn[name], least, 'first')] as const);
      if (this.#symbols.some((s) => sizes[s] !== least[s])) yield* this.#plainest(least, Object.fromEntries(cut), []);
    }
    for (const symbol of this.#symbols) {
      const now = sizes[symbol]!;
      const min = this.#plan.sizes[symbol]![0];
      for (const size of new Set([min, Math.floor((min + now) / 2), now - 1])) {
        if (size < min || size >= now) continue;
        const fewer = { ...sizes, [symbol]: size };
        for (const keep of ['first', 'last'] as const) {
          const cut = Object.fromEntries(declared.map(([name, input]) => [name, input.cut(drawn[name], fewer, keep)]));
          const found = this.#finish(fewer, cut);
          if (found) yield new fc.Value(found, undefined);
        }
      }
    }
    // What fails only at an edge stays there only if several inputs change together.
    if (together) {
      yield* this.#plainest(sizes, drawn, []);
      for (const [name] of declared) yield* this.#plainest(sizes, drawn, [name]);
    }
    for (const [name, input] of declared)
      for (const value of input.simpler(drawn[name])) {
        const found = this.#finish(sizes, { ...drawn, [name]: value });
        if (found) yield new fc.Value(found, PLAINER);
      }
  }

  /** The case with every input but some at its simplest (already at their simplest: nothing new). */
  *#plainest(sizes: Sizes, drawn: ValueRecord, but: readonly string[]): IterableIterator<fc.Value<Case>> {
    const plain = Object.fromEntries(
      Object.entries(this.#plan.inputs).map(([name, input]) => [
        name,
        but.includes(name) ? drawn[name] : simplest(input, drawn[name]),
      ]),
    );
    const changed = (name: string) => !identical(plain[name], drawn[name]);
    if (but.some((name) => identical(simplest(this.#plan.inputs[name]!, drawn[name]), drawn[name]))) return;
    if (!Object.keys(plain).some(changed)) return;
    const found = this.#finish(sizes, plain);
    if (found) yield new fc.Value(found, undefined);
  }
}

/** Whether a case has less to read than another: fewer numbers, then plainer ones. */
export function lessToRead(a: ValueRecord, b: ValueRecord): boolean {
  const [x, y] = [scalars(a), scalars(b)];
  const heavy = (list: readonly number[]) => list.reduce((sum, v) => sum + weight(v), 0);
  return x.length === y.length ? heavy(x) < heavy(y) : x.length < y.length;
}

/** The arbitrary of a plan's cases. */
export function cases(plan: CasePlan): fc.Arbitrary<Case> {
  return new CaseArbitrary(plan);
}

/** The first `count` cases of a seed; the same ones that `smallest` and a replay see. */
export function drawCases(arbitrary: fc.Arbitrary<Case>, seed: number, count: number): Case[] {
  return fc.sample(arbitrary, { seed, numRuns: count });
}

/** The case at a fast-check path of a seed. */
export function caseAt(arbitrary: fc.Arbitrary<Case>, seed: number, path: string): Case | undefined {
  return fc.sample(arbitrary, { seed, path, numRuns: 1 })[0];
}

/**
 * Shrinks the failing case number `index` of a seed. `fails` is asked at most `calls` times: a limit in calls, never in
 * time, keeps the result the same on every machine.
 */
export async function smallest(
  arbitrary: fc.Arbitrary<Case>,
  seed: number,
  index: number,
  calls: number,
  fails: (c: Case) => Promise<boolean>,
): Promise<{ found: Case; path: string } | undefined> {
  let left = calls;
  const property = fc.asyncProperty(arbitrary, async (c) => !(left-- > 0 && (await fails(c))));
  const { counterexample, counterexamplePath } = await fc.check(property, { seed, path: String(index), numRuns: 1 });
  if (!counterexample || counterexamplePath === null) return undefined;
  return { found: counterexample[0], path: counterexamplePath };
}
