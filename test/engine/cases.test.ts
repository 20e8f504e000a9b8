import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Tensor } from '#tensor';
import { caseAt, cases, drawCases, smallest, type Case, type CasePlan } from '../../grader/engine/cases.ts';
import {
  choice,
  fixed,
  functionOf,
  indices,
  integer,
  listOf,
  number,
  optional,
  pattern,
  record,
  rows,
  scalars,
  sizeOf,
  tensor,
  text as someText,
  vector,
  type Input,
  type ValueRecord,
} from '../../grader/engine/index.ts';
import { gradientAgrees, exercise, gradientOf, sum, type VarTensor } from '../../grader/engine/index.ts';

/** One of every kind of input, on axes of several forms. */
const everything: CasePlan = {
  name: 'everything',
  inputs: {
    x: tensor('T', 'd'),
    wide: tensor('4d', 'T+1', { min: 0, max: 1, step: 0.5 }),
    v: vector('n', { nonzero: true }),
    r: rows('n', 'd'),
    k: integer(-3, 3),
    z: number({ min: -1, max: 4, step: 0.125 }),
    mode: choice('a', 'b', 'c'),
    one: fixed('same'),
    labels: indices('T', 'n'),
    bits: pattern('d', 0, 1),
    state: record({ h: tensor('d'), list: listOf('T', vector('n')) }),
    maybe: optional(tensor('T')),
    f: functionOf('polynomial', vector(3)),
  },
  sizes: { T: [1, 5], d: [1, 4], n: [2, 6] },
};

const shrinks = (plan: CasePlan, from: Case): Case[] => [...cases(plan).shrink(from, undefined)].map((v) => v.value_);

/** Plain bytes of a case, for comparing. */
const text = (c: Case) =>
  JSON.stringify(c, (_, v: unknown) => (v instanceof Tensor ? { shape: v.shape, data: Array.from(v.data) } : v));

const axisLengths = ({ inputs: i }: Case) => {
  const x = i.x as Tensor;
  const state = i.state as { h: Tensor; list: number[][] };
  return {
    T: [x.shape[0], (i.wide as Tensor).shape[1] - 1, (i.labels as number[]).length, state.list.length],
    d: [x.shape[1], (i.wide as Tensor).shape[0] / 4, (i.bits as number[]).length, state.h.shape[0]],
    n: [(i.v as number[]).length, (i.r as number[][]).length, ...state.list.map((l) => l.length)],
  };
};

/** Every declared bound of {@link everything} holds. */
function expectValid(c: Case): void {
  for (const [symbol, lengths] of Object.entries(axisLengths(c))) {
    const [min, max] = everything.sizes[symbol];
    expect(c.sizes[symbol]).toBeGreaterThanOrEqual(min);
    expect(c.sizes[symbol]).toBeLessThanOrEqual(max);
    expect(new Set([...lengths, c.sizes[symbol]]).size).toBe(1);
  }
  const { x, wide, v, k, z, mode, one, labels, bits, maybe } = c.inputs;
  const onGrid = (list: number[], min: number, max: number, step: number) =>
    expect(list.every((e) => e >= min && e <= max && Number.isInteger(e / step) && !Object.is(e, -0))).toBe(true);
  onGrid(scalars(x), -2, 2, 0.25);
  onGrid(scalars(wide), 0, 1, 0.5);
  onGrid(scalars(v), -2, 2, 0.25);
  expect(scalars(v)).not.toContain(0);
  onGrid([k as number], -3, 3, 1);
  onGrid([z as number], -1, 4, 0.125);
  expect(['a', 'b', 'c']).toContain(mode);
  expect(one).toBe('same');
  onGrid(labels as number[], 0, c.sizes.n - 1, 1);
  onGrid(bits as number[], 0, 1, 1);
  if (maybe !== undefined) expect((maybe as Tensor).shape).toEqual([c.sizes.T]);
}

describe('drawing', () => {
  test('every drawn case keeps every bound, and the sizes of one symbol agree everywhere', () => {
    for (const c of drawCases(cases(everything), 1, 400)) expectValid(c);
  });

  test('sizes mostly differ from each other; the smallest of all and the largest come too', () => {
    const drawn = drawCases(cases(everything), 2, 600);
    const distinct = drawn.filter(({ sizes }) => new Set(Object.values(sizes)).size === 3).length;
    expect(distinct / drawn.length).toBeGreaterThan(0.7);
    expect(drawn.some(({ sizes }) => sizes.T === 1 && sizes.d === 1 && sizes.n === 2)).toBe(true);
    for (const [symbol, [min, max]] of Object.entries(everything.sizes))
      for (let n = min; n <= max; n++) expect(drawn.some((c) => c.sizes[symbol] === n)).toBe(true);
    expect(drawn.some((c) => c.inputs.maybe === undefined)).toBe(true);
    expect(drawn.some((c) => c.inputs.maybe !== undefined)).toBe(true);
  });

  test('a seed gives the same cases again, for good', () => {
    const draw = (seed: number) => drawCases(cases(everything), seed, 20).map(text);
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    const plan = { name: '', inputs: { v: vector('n'), k: integer(0, 9) }, sizes: { n: [1, 4] as const } };
    expect(drawCases(cases(plan), 42, 3).map((c) => c.inputs)).toMatchInlineSnapshot(`
      [
        {
          "k": 3,
          "v": [
            1,
            -1.75,
            2,
            -1.25,
          ],
        },
        {
          "k": 4,
          "v": [
            -1.5,
            0.75,
            1.25,
          ],
        },
        {
          "k": 3,
          "v": [
            -1.25,
            1.75,
            -0.25,
          ],
        },
      ]
    `);
    // The first cases do not depend on how many are asked for.
    expect(drawCases(cases(everything), 7, 5).map(text)).toEqual(draw(7).slice(0, 5));
  });

  test("a 'where' that nothing satisfies is an error that names the exercise, not a loop", () => {
    const plan = { ...everything, name: 'chapter-9/topic/f', where: () => false };
    expect(() => drawCases(cases(plan), 1, 1)).toThrow(/chapter-9\/topic\/f/);
  });

  test('a grid without a number that may be drawn is an error, not a loop', () => {
    const draw = (input: Input) => () => drawCases(cases({ name: '', inputs: { input }, sizes: {} }), 1, 1);
    expect(draw(number({ min: 0, max: 0.1, nonzero: true }))).toThrow(/no number to draw/);
    expect(draw(number({ min: 0.3, max: 0.4 }))).toThrow(/no number to draw/);
    expect(draw(number({ min: 2, max: 1 }))).toThrow(/no number to draw/);
    expect(draw(number({ min: 0, max: 0 }))).not.toThrow();
  });

  test('an axis that is no axis is an error', () => {
    expect(() => tensor('T d')).toThrow(/axis/);
    expect(() => vector('2T+')).toThrow(/axis/);
    expect(() => tensor('h*')).toThrow(/axis/);
    expect(() => tensor('T', 'B?')).toThrow(/first axis/);
  });

  test('a width that is a product comes with its factors; a first axis of size 0 is left out, while shrinking too', () => {
    const plan: CasePlan = {
      name: 'heads',
      inputs: { x: tensor('B?', 'T', 'h*d'), heads: sizeOf('h'), wide: sizeOf('2h') },
      sizes: { B: [0, 3], T: [1, 4], h: [1, 3], d: [1, 3] },
    };
    const check = ({ sizes, inputs }: Case) => {
      const { x, heads, wide } = inputs as { x: Tensor; heads: number; wide: number };
      const rest = [sizes.T, sizes.h * sizes.d];
      expect(x.shape).toEqual(sizes.B === 0 ? rest : [sizes.B, ...rest]);
      expect([heads, wide]).toEqual([sizes.h, 2 * sizes.h]);
    };
    const drawn = drawCases(cases(plan), 1, 60);
    for (const c of drawn) {
      check(c);
      for (const next of shrinks(plan, c)) check(next);
    }
    expect(new Set(drawn.map((c) => (c.inputs.x as Tensor).rank))).toEqual(new Set([2, 3]));
    // Of the first sequence, or of the last, its tokens stay.
    const x = new Tensor([2, 1, 2], [1, 2, 3, 4]);
    const input = tensor('B?', 'T', 'C');
    expect(input.cut(x, { B: 0, T: 1, C: 2 }).toArray()).toEqual([[1, 2]]);
    expect(input.cut(x, { B: 0, T: 1, C: 1 }, 'last').toArray()).toEqual([[4]]);
    expect(input.shape).toBe('(B?, T, C)');
    expect(tensor('T', 'h*d').shape).toBe('(T, h·d)');
  });
});

describe('shrinking', () => {
  /** What there is to read: sizes first, then the numbers. */
  const size = ({ sizes }: Case) => Object.values(sizes).reduce((a, b) => a + b, 0);

  test('every step yields valid cases only, and each is smaller or plainer', () => {
    for (const c of drawCases(cases(everything), 3, 25))
      for (const next of shrinks(everything, c)) {
        expectValid(next);
        expect(size(next)).toBeLessThanOrEqual(size(c));
        expect(text(next)).not.toBe(text(c));
      }
  });

  test('it always ends, whichever smaller case is taken', () => {
    fc.assert(
      fc.property(fc.integer(), fc.infiniteStream(fc.nat()), (seed, picks) => {
        let [now] = drawCases(cases(everything), seed, 1);
        for (let steps = 0; ; steps++) {
          expect(steps).toBeLessThan(3_000);
          const smaller = shrinks(everything, now);
          if (smaller.length === 0) break;
          now = smaller[(picks.next().value as number) % smaller.length];
        }
        // Nothing is left to simplify: the smallest sizes and the plainest numbers.
        expect(now.sizes).toEqual({ T: 1, d: 1, n: 2 });
        expect(scalars(now.inputs.x)).toEqual([0]);
        expect(now.inputs.v).toEqual([1, 1]);
        expect(now.inputs.mode).toBe('a');
        expect(now.inputs.maybe).toBeUndefined();
      }),
      { numRuns: 15, seed: 1 },
    );
  });

  test("'where' and 'derive' hold for every smaller case, and on what is fed, not on what is drawn", () => {
    const plan: CasePlan = {
      name: '',
      inputs: { a: vector('n'), b: vector('n') },
      sizes: { n: [2, 5] },
      derive: ({ a, b }) => ({ total: (a as number[]).map((x, i) => x + (b as number[])[i]) }),
      where: (i) => Object.keys(i).join() === 'total' && (i.total as number[]).every((x) => Math.abs(x) >= 0.5),
    };
    for (const c of drawCases(cases(plan), 5, 40))
      for (const next of shrinks(plan, c)) {
        expect(next.inputs).toEqual(plan.derive!(next.drawn));
        expect(plan.where!(next.inputs)).toBe(true);
      }
  });

  test('the margin from a kink holds while shrinking', () => {
    const reluSum = exercise({
      points: 1,
      inputs: { x: tensor('n') },
      oracle: gradientOf(({ x }: { x: VarTensor }) => sum(x.data.map((v) => v.relu())), { wrt: 'x' }),
      checks: [gradientAgrees()],
      misconceptions: {},
      hints: ['—'],
    });
    const plan: CasePlan = {
      name: '',
      inputs: reluSum.inputs,
      sizes: { n: [1, 4] },
      where: (i) => gradientAgrees().where!(i, reluSum),
    };
    for (const c of drawCases(cases(plan), 6, 60))
      for (const next of [c, ...shrinks(plan, c)])
        expect(scalars(next.inputs.x).every((v) => Math.abs(v) >= 0.05)).toBe(true);
  });
});

describe('smallest', () => {
  const plan: CasePlan = {
    name: '',
    inputs: { x: tensor('n', 'm'), k: integer(0, 50) },
    sizes: { n: [1, 6], m: [1, 6] },
  };
  const arbitrary = cases(plan);
  const fails = (c: Case) => (c.inputs.x as Tensor).data.some((v) => v > 1) || (c.inputs.k as number) > 30;

  test('finds the least counterexample, which caseAt reproduces exactly from its path', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const drawn = drawCases(arbitrary, seed, 30);
      const index = drawn.findIndex(fails);
      const result = await smallest(arbitrary, seed, index, 400, async (c) => fails(c));
      expect(result).toBeDefined();
      const { found, path } = result!;
      expect(fails(found)).toBe(true);
      expect(text(caseAt(arbitrary, seed, path)!)).toBe(text(found));
      expect(path.split(':')[0]).toBe(String(index));
      expect(found.sizes).toEqual({ n: 1, m: 1 });
      // Either the entry or k is to blame; the other is 0.
      expect([2, 31]).toContain(scalars(found.inputs.x)[0] + (found.inputs.k as number));
    }
  });

  test('the path of an unshrunk case is its number', () => {
    const drawn = drawCases(arbitrary, 9, 10);
    drawn.forEach((c, i) => expect(text(caseAt(arbitrary, 9, String(i))!)).toBe(text(c)));
  });

  test('never asks more often than allowed, and stays with a case that failed', async () => {
    for (const calls of [1, 2, 7, 50]) {
      let asked = 0;
      let last: Case | undefined;
      const result = await smallest(arbitrary, 3, 0, calls, async (c) => {
        asked++;
        last = c;
        return true;
      });
      expect(asked).toBeLessThanOrEqual(calls);
      expect(text(result!.found)).toBe(text(last!));
    }
  });

  test('a case that does not fail again yields nothing', async () => {
    expect(await smallest(arbitrary, 3, 0, 400, async () => false)).toBeUndefined();
  });
});

describe('texts', () => {
  const plan: CasePlan = { name: '', inputs: { words: someText('n') }, sizes: { n: [0, 6] } };
  const words = (c: Case) => c.inputs.words as string;
  const drawn = drawCases(cases(plan), 1, 300);

  test('are well formed, as long as their axis, and of every kind of character', () => {
    for (const c of drawn) {
      expect(Array.from(words(c))).toHaveLength(c.sizes.n);
      expect(words(c)).not.toMatch(/\p{Surrogate}/u);
    }
    const all = drawn.map(words).join('');
    for (const one of ['a', 'B', 'é', '\u0301', '汉', '！', '😀', '𠮷']) expect(all).toContain(one);
    expect(drawn.some((c) => /(..).*\1/u.test(words(c)))).toBe(true);
  });

  test('shrink to fewer characters and plainer ones, well formed on the way', async () => {
    for (const c of drawn.slice(0, 40))
      for (const next of shrinks(plan, c)) {
        expect(Array.from(words(next))).toHaveLength(next.sizes.n);
        expect(words(next)).not.toMatch(/\p{Surrogate}/u);
        expect(words(next)).not.toBe(words(c));
      }
    const least = async (fails: (t: string) => boolean) => {
      const index = drawn.findIndex((c) => fails(words(c)));
      return words((await smallest(cases(plan), 1, index, 400, async (c) => fails(words(c))))!.found);
    };
    expect(await least((t) => t.length > Array.from(t).length)).toBe('😀');
    expect(await least((t) => /(.).*\1/u.test(t))).toBe('aa');
    expect(await least((t) => /(.)(?!\1)(.).*\1\2/u.test(t))).toMatch(/^[ab]+$/);
  });
});

test('inputs are nudged only where they are continuous', () => {
  const [c] = drawCases(cases(everything), 11, 1);
  const up = (name: string): unknown => everything.inputs[name].nudge(c.inputs[name], (x) => x + 100);
  for (const name of ['k', 'mode', 'one', 'labels', 'bits']) expect(up(name)).toEqual(c.inputs[name]);
  for (const name of ['x', 'wide', 'v', 'r', 'z'])
    expect(scalars(up(name) as ValueRecord)).toEqual(scalars(c.inputs[name]).map((x) => x + 100));
});
