import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Tensor } from '#tensor';
import {
  agrees,
  exercise,
  gradeExercise,
  inProcess,
  number,
  property,
  rejects,
  tensor,
  vector,
} from '../../grader/engine/index.ts';
import {
  Odd,
  scalars,
  type Diagnosis,
  type Exercise,
  type Misconception,
  type Value,
  type ValueRecord,
} from '../../grader/engine/index.ts';
import { diagnose } from '../../grader/engine/diagnose.ts';
import { findPattern, type Sample } from '../../grader/engine/patterns.ts';
import { subject, type Behaviour } from './subjects.ts';

/** Numbers without any accidental structure, from an integer. */
function randoms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let z = Math.imul(state ^ (state >>> 16), 0x45d9f3b);
    z ^= z >>> 16;
    return (z >>> 0) / 2 ** 31 - 1;
  };
}

const SIZES = [
  { n: 3, m: 3 },
  { n: 4, m: 4 },
  { n: 5, m: 5 },
];
const RECTANGLES = [
  { n: 3, m: 2 },
  { n: 4, m: 5 },
  { n: 5, m: 3 },
];

/** Samples whose right results are random matrices, and whose wrong ones are made from them. */
function samplesOf(
  sizes: readonly { n: number; m: number }[],
  wrong: (want: Tensor, x: Tensor) => Value,
  seed = 1,
): Sample[] {
  const next = randoms(seed);
  const matrix = (n: number, m: number) => new Tensor([n, m], Float64Array.from({ length: n * m }, next));
  return sizes.map(({ n, m }) => {
    const [want, x] = [matrix(n, m), matrix(n, m)];
    return { sizes: { n, m }, inputs: { x, k: 3 }, expected: { dw: want }, got: { dw: wrong(want, x) } };
  });
}
const look = (sizes: readonly { n: number; m: number }[], wrong: (want: Tensor, x: Tensor) => Value) =>
  findPattern('dw', samplesOf(sizes, wrong))?.name;
const rowsIn = (t: Tensor, order: (i: number, n: number) => number) =>
  new Tensor(
    t.shape,
    t.data.map((_, at) => t.data[order(Math.floor(at / t.shape[1]), t.shape[0]) * t.shape[1] + (at % t.shape[1])]),
  );

describe('patterns', () => {
  const recognised: [string, readonly { n: number; m: number }[], (want: Tensor, x: Tensor) => Value][] = [
    ['undefined', RECTANGLES, () => undefined],
    ['array', RECTANGLES, (w) => w.toArray() as Value],
    ['transposed', RECTANGLES, (w) => w.T],
    ['transposed', SIZES, (w) => w.T],
    ['kept axis', RECTANGLES, (w) => new Tensor([1, ...w.shape], w.data)],
    ['not summed', RECTANGLES, (w) => new Tensor([2, ...w.shape], [...w.data, ...w.data])],
    ['NaN', RECTANGLES, (w) => w.mul(NaN)],
    [
      'Infinity',
      RECTANGLES,
      (w) =>
        new Tensor(
          w.shape,
          w.data.map((v, i) => (i === 0 ? Infinity : v)),
        ),
    ],
    ['zeros', RECTANGLES, (w) => w.mul(0)],
    ['sign', RECTANGLES, (w) => w.mul(-1)],
    ['factor', RECTANGLES, (w) => w.mul(2)],
    ['factor', RECTANGLES, (w) => w.mul(0.5)],
    ['factor', RECTANGLES, (w) => w.mul(w.shape[0])],
    ['factor', RECTANGLES, (w) => w.mul(1 / w.shape[1])],
    ['factor', RECTANGLES, (w) => w.mul(Math.sqrt(w.shape[1]))],
    ['factor', RECTANGLES, (w) => w.mul(2 / (w.shape[0] * w.shape[1]))],
    ['factor', RECTANGLES, (w) => w.mul(-w.shape[0])],
    ['unchanged', RECTANGLES, (_, x) => x],
    ['shifted', RECTANGLES, (w) => rowsIn(w, (i) => Math.max(0, i - 1))],
    ['shifted', RECTANGLES, (w) => rowsIn(w, (i, n) => Math.min(n - 1, i + 1))],
    ['reversed', RECTANGLES, (w) => rowsIn(w, (i, n) => n - 1 - i)],
    ['permuted', RECTANGLES, (w) => rowsIn(w, (i) => (i < 2 ? 1 - i : i))],
    ['offset', RECTANGLES, (w) => w.add(0.5)],
  ];
  test.each(recognised)('%s, on %j', (name, sizes, wrong) => {
    expect(look(sizes, wrong)).toBe(name);
  });

  test('a factor that is a size says which size', () => {
    expect(
      findPattern(
        'dw',
        samplesOf(RECTANGLES, (w) => w.mul(1 / Math.sqrt(w.shape[1]))),
      )!.says,
    ).toContain('1/√m');
    expect(
      findPattern(
        'dw',
        samplesOf(RECTANGLES, (w) => w.mul(w.shape[0] * w.shape[1])),
      )!.says,
    ).toContain('n·m');
    expect(
      findPattern(
        'dw',
        samplesOf(RECTANGLES, (w) => w.mul(2)),
      )!.says,
    ).toContain('2 times');
  });

  test('a fraction of two sizes has them in brackets', () => {
    expect(
      findPattern(
        'dw',
        samplesOf(RECTANGLES, (w) => w.mul(1 / (w.shape[0] * w.shape[1]))),
      )!.says,
    ).toContain('1/(n·m) of');
  });

  test('an infinity where right results have some of their own is no accident of arithmetic', () => {
    const infinite = (place: number, x: number) => (t: Tensor) =>
      new Tensor(
        t.shape,
        t.data.map((v, i) => (i === place ? x : v)),
      );
    const named = (x: number) =>
      findPattern(
        'dw',
        samplesOf(RECTANGLES, infinite(1, x)).map((s) => ({
          ...s,
          expected: { dw: infinite(0, -Infinity)((s.expected as { dw: Tensor }).dw) },
        })),
      )?.name;
    expect([named(-Infinity), named(Infinity), named(NaN)]).toEqual([undefined, 'Infinity', 'NaN']);
  });

  test('a size of 1 does not hide a factor of that size: there the result is right', () => {
    const sizes = [...RECTANGLES, { n: 1, m: 4 }];
    expect(
      findPattern(
        'dw',
        samplesOf(sizes, (w) => w.mul(w.shape[0])),
      )!.says,
    ).toContain('n times');
  });

  test('unrelated wrong numbers get no diagnosis', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(SIZES, RECTANGLES), (seed, sizes) => {
        const next = randoms(seed);
        const samples = samplesOf(sizes, (w) => new Tensor(w.shape, w.data.map(next)), seed + 1);
        expect(findPattern('dw', samples)).toBeUndefined();
      }),
      { numRuns: 3_000, seed: 1 },
    );
  });

  test('wrong in one entry, in some cases only, or by another factor in each: no diagnosis', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(), fc.constantFrom(SIZES, RECTANGLES), (seed, at, sizes) => {
        const next = randoms(seed);
        const one = (w: Tensor) =>
          new Tensor(
            w.shape,
            w.data.map((v, i) => (i === at % w.size ? v + 0.3 : v)),
          );
        expect(findPattern('dw', samplesOf(sizes, one, seed))).toBeUndefined();
        expect(
          findPattern(
            'dw',
            samplesOf(sizes, (w) => w.mul(1.5 + next()), seed),
          ),
        ).toBeUndefined();
        let k = 0;
        for (const bug of [
          (w: Tensor) => w.mul(-1),
          (w: Tensor) => w.mul(2),
          (w: Tensor) => w.add(1),
          (w: Tensor) => w.mul(0),
        ])
          expect(
            findPattern(
              'dw',
              samplesOf(sizes, (w) => (k++ % 3 === 0 ? w : bug(w)), seed),
            ),
          ).toBeUndefined();
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  test('labels: two values are soon negated, shifted or permuted by accident', () => {
    const labels = (want: number[], have: number[]): Sample => ({
      sizes: { n: want.length },
      inputs: { k: 9 },
      expected: want,
      got: have,
    });
    const of = (...samples: Sample[]) => findPattern('', samples)?.name;
    expect(of(labels([1, -1], [-1, 1]), labels([-1, 1, 1], [1, -1, 1]), labels([1, 1], [1, 1]))).toBeUndefined();
    expect(of(labels([1, 1, 1], [-1, 1, 1]), labels([1, 1, 1, 1], [-1, 1, 1, 1]))).toBeUndefined();
    // A decision that is wrong is off by 2, or negated, whatever the cause.
    const one = (want: number, have: number): Sample => ({ sizes: {}, inputs: { k: 9 }, expected: want, got: have });
    expect(of(one(1, -1), one(1, -1), one(1, -1), one(-1, -1), one(-1, -1))).toBeUndefined();
    expect(of(one(0, 1), one(0, 1), one(0, 1), one(1, 1))).toBeUndefined();
    expect(of(one(1, -1), one(-1, 1), one(1, -1), one(-1, 1))).toBeUndefined();
  });

  test('bits, truth values, texts and counts of a few are wrong without a pattern; what is no number still has one', () => {
    const of = (name: string, ...pairs: [Value, Value][]) =>
      findPattern(
        name,
        pairs.map(([expected, got], k): Sample => ({ sizes: {}, inputs: { k }, expected, got })),
      )?.name;
    expect(of('', [1, 0], [1, 0], [1, 0], [1, 0])).toBeUndefined();
    expect(of('', [0, -0], [1, 2], [0, 1], [1, 2])).toBeUndefined();
    expect(of('', [3, 4], [5, 6], [3, 4], [5, 6])).toBeUndefined();
    expect(of('', [3, 4], [5, 6], [2, 3], [7, 8])).toBe('offset');
    const done = (converged: boolean) => ({ converged, updates: 3 });
    expect(of('converged', [done(false), done(true)], [done(false), done(true)], [done(false), done(true)])).toBe(
      undefined,
    );
    expect(of('', ['a', 'b'], ['c', 'd'], ['e', 'f'], ['g', 'h'])).toBeUndefined();
    expect(of('', [1, undefined], [0, undefined])).toBe('undefined');
    expect(of('', [1, NaN], [0, NaN])).toBe('NaN');
    const floats = new Odd('a Float64Array');
    expect(of('', [[1, 0], floats], [[0, 1], floats])).toBe('typed array');
    expect(of('', [[1, 0], new Odd('a Map')], [[0, 1], new Odd('a Map')])).toBeUndefined();
  });

  test('a result is called an input as it came in only where that can be no accident', () => {
    const of = (what: string, ...cases: [input: number[], want: number[], have: number[]][]) =>
      findPattern(
        what,
        cases.map(([w, want, have]): Sample => ({
          sizes: {},
          inputs: { w },
          expected: { [what]: want },
          got: { [what]: have },
        })),
      );
    const [a, b] = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(of('out', [a, [2, 9, 4], a], [b, [1, 7, 0], b])?.says).toBe('out is just w, as it came in.');
    expect(of('w', [a, [2, 9, 4], a], [b, [1, 7, 0], b])?.says).toBe('w comes back as it went in.');
    // Once only; too short; changed where that is right.
    expect(of('w', [a, [2, 9, 4], a], [b, b, b])).toBeUndefined();
    expect(of('w', [[1], [7], [1]], [[2], [9], [2]], [[3], [0], [3]], [[4], [5], [4]])).toBeUndefined();
    expect(of('w', [a, [2, 9, 4], a], [b, [1, 7, 0], b], [b, [3, 2, 1], [3, 2, 1]])).toBeUndefined();
  });

  test('the text speaks of the case that is shown: its sizes, its shapes, a result that is wrong there', () => {
    const by = (wrong: (w: Tensor) => Value, shownSize: { n: number; m: number }) => {
      const [shown] = samplesOf([shownSize], wrong, 5);
      return findPattern('dw', samplesOf(RECTANGLES, wrong), shown)?.says;
    };
    expect(by((w) => w.mul(w.shape[0]), { n: 2, m: 1 })).toContain('(n = 2 here)');
    expect(by((w) => w.mul(w.shape[0]), { n: 1, m: 1 })).toBeUndefined();
    expect(by((w) => new Tensor([1, ...w.shape], w.data), { n: 2, m: 1 })).toContain('(1, 2, 1) where (2, 1)');
    expect(by((w) => new Tensor([2, ...w.shape], [...w.data, ...w.data]), { n: 1, m: 1 })).toContain('of length 2');
    expect(by((w) => w.T, { n: 1, m: 2 })).toContain('(2, 1) where (1, 2)');
    // A fixed example has no sizes to speak of.
    const [shown] = samplesOf([{ n: 2, m: 2 }], (w) => w.mul(2), 6);
    const says = findPattern(
      'dw',
      samplesOf(RECTANGLES, (w) => w.mul(w.shape[0])),
      { ...shown, sizes: {} },
    )!.says;
    expect(says).toBe('dw is n times what it should be, in every entry.');
  });

  test('a shape that is reversed once is not a transposition', () => {
    const samples = samplesOf(RECTANGLES, () => new Tensor([2, 3], [1, 2, 3, 4, 5, 6]));
    expect(findPattern('dw', samples)).toBeUndefined();
  });
});

describe('misconceptions', () => {
  interface In {
    x: number[];
  }
  const total = (x: readonly number[]) => x.reduce((s, v) => s + v, 0);
  const oracle = ({ x }: In) => ({ dw: x.map((v) => 2 * v), db: total(x) });
  const misconceptions: Record<string, Misconception<In>> = {
    'factor missing': { wrong: ({ x }) => ({ dw: [...x], db: total(x) }), says: 'a' },
    'mean for sum': { wrong: ({ x }) => ({ dw: x.map((v) => 2 * v), db: total(x) / x.length }), says: 'b' },
    'throws on many': {
      wrong: (i) => {
        if (i.x.length > 3) throw new Error('index out of range');
        return oracle(i);
      },
      says: 'c',
    },
    'both wrong': { wrong: ({ x }) => ({ dw: x.map((v) => 3 * v), db: 0 }), says: 'd' },
  };
  const make = (named: string[], checks = [agrees()]): Exercise => ({
    ...exercise({
      points: 1,
      inputs: { x: vector('n', { nonzero: true }) },
      sizes: { n: [1, 5] },
      oracle,
      checks,
      misconceptions: Object.fromEntries(named.map((n) => [n, misconceptions[n.replace(/′/, '')]])),
      hints: ['—'],
    }),
    name: 'f',
  });
  const all = Object.keys(misconceptions);
  const cause = async (e: Exercise, f: (i: In) => unknown, seed = 1): Promise<Diagnosis | undefined> => {
    const functions = { f: f as unknown as Behaviour['functions'][string] };
    return (await gradeExercise(e, 'x', subject({ functions }), { seed })).failure?.diagnosis;
  };

  test.each(all)('"%s" is named, whatever the seed', async (name) => {
    for (let seed = 0; seed < 20; seed++)
      expect(await cause(make(all), misconceptions[name].wrong, seed)).toEqual({
        kind: 'misconception',
        name,
        says: misconceptions[name].says,
      });
  });

  test('two that say the same name none', async () => {
    expect((await cause(make([...all, 'mean for sum′']), misconceptions['mean for sum'].wrong))?.kind).not.toBe(
      'misconception',
    );
  });

  test('a second bug in another output does not hide the first', async () => {
    const both = ({ x }: In) => ({ dw: [...x], db: total(x) + x[0] * 7 });
    expect((await cause(make(all), both))?.name).toBe('factor missing');
    const other = ({ x }: In) => ({ dw: x.map((v) => v ** 3 + 1), db: total(x) / x.length });
    expect((await cause(make(all), other))?.name).toBe('mean for sum');
  });

  test('two of them at once, in different outputs: none is called the only cause', async () => {
    const two = ({ x }: In) => ({ dw: [...x], db: total(x) / x.length });
    expect((await cause(make(all), two))?.kind).not.toBe('misconception');
  });

  test('another error than the one that is known is not taken for it', async () => {
    const error = (message: string) => (i: In) => {
      if (i.x.length > 3) throw new Error(message);
      return oracle(i);
    };
    expect((await cause(make(all), error('index out of range')))?.name).toBe('throws on many');
    expect(await cause(make(all), error('something else'))).toBeUndefined();
    const sooner = (i: In) => {
      if (i.x.length > 2) throw new Error('index out of range');
      return oracle(i);
    };
    expect(await cause(make(all), sooner)).toBeUndefined();
  });

  test('where enough numbers agree, another error in the same cases counts, one in other cases does not', async () => {
    const misfit = (above: number, message: string) => (i: In) => {
      if (i.x.length > above) throw new Error(message);
      return { ...oracle(i), db: -7 };
    };
    const known: Misconception<In> = { wrong: misfit(3, 'do not align') as never, says: 'e' };
    const e: Exercise = { ...make(all), misconceptions: { misfit: known as never } };
    expect((await cause(e, misfit(3, 'x and h differ in B')))?.name).toBe('misfit');
    expect((await cause(e, misfit(2, 'do not align')))?.name).toBeUndefined();
    expect((await cause(e, misfit(4, 'do not align')))?.name).toBeUndefined();
  });

  test('a right answer but for one entry, or one case, is no misconception', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const entry = (i: In) => {
        const { dw, db } = oracle(i);
        return { dw: dw.map((v, k) => (k === 0 ? v + 0.125 : v)), db };
      };
      expect((await cause(make(all), entry, seed))?.kind).not.toBe('misconception');
      const rarely = (i: In) => (i.x[0] === 1 ? misconceptions['mean for sum'].wrong(i) : oracle(i));
      expect((await cause(make(all), rarely, seed))?.kind).not.toBe('misconception');
      const mixed = (i: In) => misconceptions[i.x[0] > 0 ? 'mean for sum' : 'factor missing'].wrong(i);
      expect((await cause(make(all), mixed, seed))?.kind).not.toBe('misconception');
    }
  });

  test('random wrong numbers name nothing', async () => {
    const next = randoms(3);
    for (let seed = 0; seed < 20; seed++)
      expect(await cause(make(all), ({ x }) => ({ dw: x.map(next), db: next() }), seed)).toBeUndefined();
  });

  test('one sample is enough only where there is only one', () => {
    const e = make(['mean for sum']);
    const sample = (x: number[], got: Value): Sample => ({
      sizes: { n: x.length },
      inputs: { x },
      expected: oracle({ x }),
      got,
    });
    const right = (x: number[]) => sample(x, oracle({ x }));
    const wrong = (x: number[]) => sample(x, misconceptions['mean for sum'].wrong({ x }));
    expect(diagnose(e, [right([1]), right([2]), wrong([1, 2]), wrong([1, 2, 3])])?.name).toBe('mean for sum');
    // A list of one cannot tell a mean from a sum.
    expect(diagnose(e, [right([1]), right([2]), wrong([1, 2])])?.kind).not.toBe('misconception');
    expect(diagnose(e, [right([1]), right([2])])).toBeUndefined();
  });

  test('large results: what only rounding tells apart is no difference', () => {
    const big =
      (f: number) =>
      ({ x }: In) =>
        x.reduce((s, v) => s + v * f, 0);
    const e: Exercise = {
      ...make([]),
      oracle: (i: ValueRecord) => big(1e9)(i as unknown as In),
      misconceptions: {
        doubled: { wrong: (i: ValueRecord) => big(2e9)(i as unknown as In) * (1 + 1e-15), says: 'e' },
      },
    };
    const samples = [
      [1, 2],
      [0.1, 0.7],
      [3, 1],
    ].map((x): Sample => ({ sizes: {}, inputs: { x }, expected: big(1e9)({ x }), got: big(2e9)({ x }) }));
    expect(diagnose(e, samples)?.name).toBe('doubled');
    const rounded = samples.map((s) => ({ ...s, got: (s.expected as number) * (1 + 2e-16) }));
    expect(diagnose(e, rounded)).toBeUndefined();
  });

  test('a function that passed the main check is not accused of what would have failed it', async () => {
    // It forgets to validate; so does the misconception, which also divides, but not for an empty list.
    const lenient: Record<string, Misconception<In>> = {
      'mean for sum': {
        wrong: ({ x }) => ({ dw: x.map((v) => 2 * v), db: x.length ? total(x) / x.length : 0 }),
        says: 'b',
      },
    };
    const checks = [agrees(), rejects('an empty list', [{ x: [] }]), property('never', { holds: () => false })];
    const e = { ...make([], checks), misconceptions: lenient as unknown as Exercise['misconceptions'] };
    expect(await cause(e, oracle)).toBeUndefined();
    const careful = (i: In) => {
      if (i.x.length === 0) throw new Error('empty');
      return oracle(i);
    };
    expect(await cause(e, careful)).toBeUndefined();
    // Nor for accepting bad input: most wrong versions do.
    lenient['no check'] = { wrong: oracle, says: 'f' };
    const both = { ...e, misconceptions: lenient as unknown as Exercise['misconceptions'] };
    const accepting = await gradeExercise(both, 'x', inProcess({ f: oracle as never }), { seed: 1 });
    expect(accepting.failure!.check).toContain('rejects');
    expect(accepting.failure!.diagnosis).toBeUndefined();
    // A law names what is right wherever it is defined.
    expect((await cause(both, careful))?.name).toBe('no check');
  });
});

test('of a result that leaves much open, a law recognises mistakes by what it does', async () => {
  // Any list whose sum is x will do; both mistakes double an x above 1, and one of them doubles those below as well.
  const sumOf = (list: Value) => (list as number[]).reduce((s, v) => s + v, 0);
  const e: Exercise = {
    ...exercise({
      points: 1,
      inputs: { x: number() },
      oracle: ({ x }) => [x],
      checks: [
        property<{ x: number }>('its sum is x', {
          fixed: () => [{ x: 2 }, { x: 0.5 }, { x: 3 }],
          holds: ({ y }, { x }) => sumOf(y as Value) === x,
          reads: sumOf,
        }),
      ],
      misconceptions: {
        'always doubled': { wrong: ({ x }) => [2 * x], says: 'a' },
        'doubled above 1': { wrong: ({ x }) => [x > 1 ? 2 * x : x], says: 'b' },
      },
      hints: ['—'],
    }),
    name: 'f',
  };
  const cause = async (f: (x: number) => Value) => {
    const behaviour = { functions: { f: ({ x }: ValueRecord) => f(x as number) } };
    return (await gradeExercise(e, 'x', subject(behaviour), { seed: 1 })).failure?.diagnosis?.name;
  };
  expect(await cause((x) => [x, x])).toBe('always doubled');
  expect(await cause((x) => (x > 1 ? [1, 2 * x, -1] : [x]))).toBe('doubled above 1');
  expect(await cause((x) => [x, 1])).toBeUndefined();
  // What cannot be read is no mistake that we know.
  expect(await cause((x) => 2 * x)).toBeUndefined();
});

test('a pattern is about an output that is wrong in the case shown', async () => {
  const e: Exercise = {
    ...exercise({
      points: 1,
      inputs: { x: vector('n', { nonzero: true }), k: vector('n', { nonzero: true }) },
      sizes: { n: [1, 4] },
      oracle: ({ x, k }) => ({ dw: x.map((v) => v * 2.5), db: k.map((v) => v * 1.5) }),
      checks: [agrees()],
      misconceptions: {},
      hints: ['—'],
    }),
    name: 'f',
  };
  // dw is n times too large, so right for a list of one; db is always wrong.
  const f = ({ x, k }: ValueRecord) => ({
    dw: (x as number[]).map((v, _, all) => v * 2.5 * all.length),
    db: (k as number[]).map((v) => v * -1.5),
  });
  for (let seed = 0; seed < 10; seed++) {
    const { failure } = await gradeExercise(e, 'x', subject({ functions: { f } }), { seed });
    const shown = failure!.outputs.map((o) => o.name);
    expect(shown).toContain(failure!.diagnosis!.says.split(' ')[0]);
  }
});

test('a matrix exercise graded from end to end: the pattern is found although the counterexample is 1 × 1', async () => {
  const e: Exercise = {
    ...exercise({
      points: 1,
      inputs: { A: tensor('n', 'm'), B: tensor('m', 'k') },
      sizes: { n: [1, 4], m: [1, 4], k: [1, 4] },
      oracle: ({ A, B }) => A.matmul(B),
      checks: [agrees()],
      misconceptions: {},
      hints: ['—'],
    }),
    name: 'f',
  };
  const f = ({ A, B }: ValueRecord) => (A as Tensor).matmul(B as Tensor).T;
  const { failure } = await gradeExercise(e, 'x', subject({ functions: { f } }), { seed: 2 });
  expect(failure!.diagnosis!.name).toBe('transposed');
  expect(scalars({ a: failure!.inputs.length })).toEqual([2]);
});
