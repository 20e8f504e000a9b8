import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Tensor } from '#tensor';
import {
  agrees,
  canonical,
  exercise,
  gradeExercise,
  gradeTopic,
  gradientAgrees,
  gradientOf,
  inProcess,
  mean,
  number,
  Odd,
  property,
  pure,
  rejects,
  show,
  staysFinite,
  tensor,
  topic,
  vector,
  type Check,
  type Exercise,
  type Report,
  type Value,
  type ValueRecord,
  type VarTensor,
} from '../../grader/engine/index.ts';
import { runCheck } from '../../grader/engine/run-check.ts';
import { CRASH, subject, TIMEOUT, todo, type Behaviour } from './subjects.ts';

const list = (i: ValueRecord) => i.x as number[];
const total = (i: ValueRecord) => list(i).reduce((s, v) => s + v, 0);

const sumOf = (points: number, checks: Check[], extra: Partial<Exercise> = {}): Exercise => ({
  ...exercise({
    points,
    inputs: { x: vector('n') },
    sizes: { n: [1, 5] },
    oracle: ({ x }) => x.reduce((s, v) => s + v, 0),
    checks,
    misconceptions: {
      'mean for sum': { wrong: ({ x }) => x.reduce((s, v) => s + v, 0) / x.length, says: 'You divide by the number.' },
    },
    hints: ['—'],
  }),
  name: 'f',
  ...extra,
});
const grade = (e: Exercise, behaviour: Behaviour, seed = 1, replay?: string) =>
  gradeExercise(e, 'c/t/f', subject(behaviour), { seed, replay });

describe('timeouts', () => {
  test('a timeout is not shrunk, stops the exercise, and the rest is not run', async () => {
    const s = subject({ functions: { f: (i) => (list(i).length > 2 ? TIMEOUT : total(i)) } });
    const e = sumOf(3, [agrees(), pure(), rejects('nothing', [{ x: [] }], { worth: 1 })]);
    const report = await gradeExercise(e, 'c/t/f', s, { seed: 1 });
    expect(report.verdict).toBe('timeout');
    expect(report.checks.map((c) => c.verdict)).toEqual(['timeout', 'not-run', 'not-run']);
    expect(report.points).toBe(0);
    expect(s.calls).toBeLessThanOrEqual(31);
    expect(report.failure!.replay.case).toMatch(/^0\.\d+$/);
    expect(report.failure!.problem!.verdict).toBe('timeout');
    expect(report.failure!.sentence).toContain('did not finish');
  });

  test('a timeout in a later check stops the checks after it and keeps what was earned', async () => {
    const slow = (i: ValueRecord) => (list(i).length === 0 ? TIMEOUT : total(i));
    const checks = [
      agrees(),
      pure({ worth: 1 }),
      rejects('nothing', [{ x: [] }], { worth: 1 }),
      staysFinite({ worth: 1 }),
    ];
    const report = await grade(sumOf(5, checks), { functions: { f: slow } });
    expect(report.checks.map((c) => `${c.verdict} ${c.points}`)).toEqual([
      'pass 2',
      'pass 1',
      'timeout 0',
      'not-run 0',
    ]);
    expect([report.points, report.maxPoints]).toEqual([3, 5]);
  });

  test('a wrong answer whose smaller cases never end is shrunk past two of them, not past two hundred', async () => {
    let ended = 0;
    const f = (i: ValueRecord) => (list(i).length < 3 ? (ended++, TIMEOUT) : total(i) + 1);
    // Only long lists are drawn first, so the first failure is a wrong number.
    const e = sumOf(1, [agrees()], { where: undefined, sizes: { n: [1, 9] } });
    let seed = 0;
    for (; seed < 50; seed++) {
      ended = 0;
      const report = await grade(e, { functions: { f } }, seed);
      if (report.verdict === 'fail') break;
    }
    expect(ended).toBeLessThanOrEqual(3);
  });

  test('a crash costs that case on, nothing else', async () => {
    const report = await grade(sumOf(1, [agrees()]), { functions: { f: () => CRASH } });
    expect([report.verdict, report.points]).toEqual(['crash', 0]);
  });
});

describe('shrinking', () => {
  test('a failure keeps its kind: a wrong value does not turn into an error, an error not into another', async () => {
    const f = (i: ValueRecord) => {
      if (list(i).length === 1) throw new RangeError('too short');
      return total(i) + 1;
    };
    for (let seed = 0; seed < 10; seed++) {
      const { failure, verdict } = await grade(sumOf(1, [agrees()]), { functions: { f } }, seed);
      const shownInput = failure!.inputs[0].value as { list: number[] };
      if (verdict === 'fail') expect(shownInput.list).toEqual([0, 0]);
      else expect(shownInput.list).toEqual([0]);
    }
    const two = (i: ValueRecord) => {
      if (list(i).length > 3) throw new TypeError('long');
      if (list(i).length < 3) throw new RangeError('short');
      return total(i);
    };
    for (let seed = 0; seed < 10; seed++) {
      const { failure } = await grade(sumOf(1, [agrees()]), { functions: { f: two } }, seed);
      const length = (failure!.inputs[0].value as { list: number[] }).list.length;
      expect(length).toBe(failure!.problem!.message.startsWith('TypeError') ? 4 : 1);
    }
  });

  test('it keeps the output that was wrong: dw does not become db', async () => {
    const e: Exercise = {
      ...sumOf(1, [agrees()]),
      oracle: (i) => ({ dw: list(i).map((v) => 2 * v), db: total(i) }),
      misconceptions: {},
    };
    // dw is right for a list of one; db is always wrong.
    const f = (i: ValueRecord) => ({
      dw: list(i).map((v) => (list(i).length > 1 ? v : 2 * v)),
      db: total(i) + 1,
    });
    for (let seed = 0; seed < 10; seed++) {
      const { failure } = await grade(e, { functions: { f } }, seed);
      const first = await grade(e, { functions: { f } }, seed, '0.0');
      if (first.failure!.outputs[0].name === 'dw') expect(failure!.outputs[0].name).toBe('dw');
    }
  });

  test('replay shows the same failure again, diagnosis and all', async () => {
    const wrongs: Behaviour['functions'][string][] = [
      (i) => total(i) / list(i).length,
      (i) => total(i) + (list(i).length > 2 ? 1 : 0),
      (i) => (list(i)[0] < 0 ? NaN : total(i)),
      (i) => list(i).map(() => 0),
      () => {
        throw new Error('always');
      },
    ];
    const checks = [agrees(), property('never holds', { holds: () => false })];
    for (const f of [...wrongs, total])
      for (let seed = 0; seed < 5; seed++) {
        const { failure, verdict } = await grade(sumOf(1, checks), { functions: { f } }, seed);
        const again = await grade(sumOf(1, checks), { functions: { f } }, seed, failure!.replay.case);
        expect(again.failure).toEqual(failure);
        expect(again.verdict).toBe(verdict);
      }
  });

  test('what fails only where several inputs agree is found at its simplest', async () => {
    const perceptron: Exercise = {
      ...exercise({
        points: 1,
        inputs: { w: vector('n'), x: vector('n'), b: number() },
        sizes: { n: [1, 4] },
        oracle: ({ w, x, b }) => (w.reduce((s, v, i) => s + v * x[i]!, b) >= 0 ? 1 : -1),
        checks: [agrees()],
        misconceptions: {},
        hints: ['—'],
        examples: [{ w: [1, -1, 2], x: [1, 1, 0.5], b: -1 }],
      }),
      name: 'f',
    };
    const f = (i: ValueRecord) => {
      const { w, x, b } = i as { w: number[]; x: number[]; b: number };
      return w.reduce((s, v, k) => s + v * x[k]!, b) > 0 ? 1 : -1;
    };
    let drawn = 0;
    for (let seed = 0; seed < 30; seed++) {
      const { failure } = await grade(perceptron, { functions: { f } }, seed);
      const shown = Object.fromEntries(failure!.inputs.map(({ name, value }) => [name, value]));
      if (failure!.replay.case!.includes('given')) expect(shown.b).toBe(-1);
      else expect([drawn++ >= 0, shown]).toEqual([true, { w: { list: [0] }, x: { list: [0] }, b: 0 }]);
      const again = await grade(perceptron, { functions: { f } }, seed, failure!.replay.case);
      expect(again.failure).toEqual(failure);
    }
    expect(drawn).toBeGreaterThan(5);
  });

  test('a fixed example is shown where it has less to read than what shrinking found', async () => {
    const f = (i: ValueRecord) => total(i) + (list(i).length > 2 || list(i)[0] === 1.5 ? 1 : 0);
    const e = (x: number[]) => sumOf(1, [agrees()], { examples: [{ x }], where: undefined });
    const long = await grade(e([5, 5, 5]), { functions: { f } });
    expect(long.failure!.inputs[0].value).not.toEqual({ list: [5, 5, 5] });
    const only = (i: ValueRecord) => total(i) + (list(i).length > 2 ? 1 : 0);
    const none = await grade(e([1.5]), { functions: { f: only } });
    expect(none.failure!.inputs[0].value).toEqual({ list: [0, 0, 0] });
    // Shrinking a long list does not come to [1.5] by itself.
    const { failure } = await grade(e([1.5]), { functions: { f } });
    expect(failure!.inputs[0].value).toEqual({ list: [1.5] });
    const again = await grade(e([1.5]), { functions: { f } }, 1, failure!.replay.case);
    expect(again.failure).toEqual(failure);
  });

  test('replay of a fixed input, and of a check that is not there', async () => {
    const e = sumOf(2, [agrees(), rejects('nothing', [{ x: [1] }, { x: [] }])]);
    const f = (i: ValueRecord) => {
      if (list(i).length === 1 && list(i)[0] === 1) throw new Error('no');
      return total(i);
    };
    const careful = { functions: { f: (i: ValueRecord) => (list(i).length === 1 ? total(i) : f(i)) } };
    const { failure } = await grade(e, careful);
    expect(failure!.replay.case).toBe('1.given:0');
    expect((await grade(e, careful, 1, '1.given:0')).failure).toEqual(failure);
    const none = await grade(e, careful, 1, '7.3');
    expect([none.verdict, none.points]).toEqual(['not-run', 0]);
  });

  test('a function that answers by luck is shown where it failed', async () => {
    let calls = 0;
    const f = (i: ValueRecord) => (calls++ === 3 ? 99 : total(i));
    const report = await grade(sumOf(1, [agrees()]), { functions: { f } });
    expect(report.verdict).toBe('fail');
    expect(report.failure!.outputs[0].got).toBe(99);
  });
});

describe('a backward pass', () => {
  interface In {
    x: VarTensor;
  }
  const meanSquare = ({ x }: In) => mean(x.data.map((v) => v.mul(v)));
  const back: Exercise = {
    ...exercise({
      points: 3,
      inputs: { x: tensor('n') },
      sizes: { n: [1, 4] },
      parameters: [],
      backwardOf: { forward: 'forward', takes: ['x'] },
      oracle: gradientOf(meanSquare, { wrt: { dx: 'x' } }),
      checks: [gradientAgrees(), pure({ worth: 1 })],
      misconceptions: {},
      hints: ['—'],
    }),
    name: 'backward',
  };
  const forwardTimes =
    (bug: number) =>
    (i: ValueRecord): Value => {
      const x = i.x as Tensor;
      return { loss: x.data.reduce((s, v) => s + v * v, 0) / x.size, cache: { x: x.mul(bug) } };
    };
  const forward = forwardTimes(1);
  const backward = (_: ValueRecord, cache?: Value): Value => {
    const { x } = cache as { x: Tensor };
    return { dx: x.mul(2 / x.size) };
  };
  const standIns = { forward };

  const situations: [string, Behaviour['functions'], string, number, boolean][] = [
    ['both right', { forward, backward }, 'pass', 3, false],
    ['forward wrong, backward right', { forward: forwardTimes(3), backward }, 'pass', 3, true],
    ['forward a stub, backward right', { forward: () => todo('forward'), backward }, 'pass', 3, true],
    ['forward loops, backward right', { forward: () => TIMEOUT, backward }, 'pass', 3, true],
    ['forward without a cache, backward right', { forward: () => ({ loss: 1 }), backward }, 'pass', 3, true],
    [
      'forward right, backward wrong',
      { forward, backward: (_, c) => ({ dx: (c as { x: Tensor }).x }) },
      'fail',
      0,
      false,
    ],
    ['both wrong', { forward: forwardTimes(3), backward: () => ({ dx: 1 }) }, 'fail', 0, false],
    ['forward right, backward a stub', { forward, backward: () => todo('backward') }, 'not-run', 0, false],
    ['forward wrong, backward a stub', { forward: () => 1, backward: () => todo('backward') }, 'not-run', 0, false],
    ['both stubs', { forward: () => todo('forward'), backward: () => todo('backward') }, 'not-run', 0, false],
  ];
  test.each(situations)('%s', async (_, functions, verdict, points, noted) => {
    const report = await grade(back, { functions, standIns });
    expect(report.verdict).toBe(verdict);
    expect(report.points).toBe(points);
    expect(report.notes.length > 0).toBe(noted);
    if (noted) expect(report.notes[0]).toContain('forward');
    expect(report.started).toBe(verdict !== 'not-run');
  });

  test('where the forward is a stub and backward is wrong, what is missing is named', async () => {
    const functions = { forward: () => todo('forward'), backward: () => ({ dx: 1 }) };
    const report = await grade(back, { functions, standIns });
    expect(report.verdict).not.toBe('pass');
    expect(report.failure!.diagnosis!.says).toContain('forward');
  });
});

describe('exports', () => {
  const e = sumOf(2, [agrees(), pure({ worth: 1 })]);
  test.each([
    ['missing', {}, /does not export/],
    ['no function', { f: 'other' as const }, /not a function/],
    ['only inherited', Object.create({ f: 'function' }) as Record<string, 'function'>, /does not export/],
  ])('%s', async (_, exports, message) => {
    const report = await gradeExercise(e, 'c/t/f', subject({ functions: { f: total }, exports }), { seed: 1 });
    expect([report.verdict, report.points, report.maxPoints]).toEqual(['error', 0, 2]);
    expect(report.failure!.sentence).toMatch(message);
  });
  test('a file that cannot be loaded fails each exercise with its reason', async () => {
    const t = topic('t', 'T', { f: e, g: e });
    const failed = { kind: 'failed' as const, why: 'timeout' as const, message: 'never finished' };
    const s = { ...subject({ functions: {} }), loaded: failed };
    const report = await gradeTopic({ id: 'c', folder: 'c', title: '', topics: [t] }, t, s, { seed: 1 });
    expect(report.exercises.map((x) => x.verdict)).toEqual(['timeout', 'timeout']);
    expect([report.points, report.maxPoints, report.load!.message]).toEqual([0, 4, 'never finished']);
  });
});

describe('what an exercise uses', () => {
  const graded = async (functions: Behaviour['functions'], only?: string) => {
    const t = topic('t', 'T', { step: sumOf(1, [agrees()]), neuron: sumOf(1, [agrees()], { uses: ['step'] }) });
    const chapter = { id: 'c', folder: 'c', title: '', topics: [t] };
    const report = await gradeTopic(chapter, t, subject({ functions }), { seed: 1, only });
    return report.exercises.at(-1)!.notes;
  };
  const off = (i: ValueRecord) => total(i) + 1;
  test('is noted where it is not right either, and only there', async () => {
    expect(await graded({ step: off, neuron: off })).toEqual([
      'It is meant to call step, which is not right yet: mend that first.',
    ]);
    expect((await graded({ step: () => todo('step'), neuron: off }))[0]).toContain('not written yet');
    expect(await graded({ step: total, neuron: off })).toEqual([]);
    expect(await graded({ step: off, neuron: total })).toEqual([]);
    expect(await graded({ step: off, neuron: () => todo('neuron') })).toEqual([]);
  });
  test('is noted too where one function alone is asked for', async () => {
    expect(await graded({ step: off, neuron: off }, 'neuron')).toEqual([
      'It is meant to call step, which is not right yet: mend that first.',
    ]);
    expect(await graded({ step: total, neuron: off }, 'neuron')).toEqual([]);
    expect(await graded({ step: off, neuron: total }, 'neuron')).toEqual([]);
  });
  test('must be in the topic', () => {
    const e = sumOf(1, [agrees()], { uses: ['nothing'] });
    expect(() => topic('t', 'T', { f: e })).toThrow(/f uses nothing/);
  });
});

describe('points', () => {
  test('are whole, never above the maximum, and full exactly when everything passes', async () => {
    const spec = fc.record({
      main: fc.boolean(),
      others: fc.array(fc.record({ worth: fc.nat(3), passes: fc.boolean() }), { maxLength: 4 }),
      spare: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(spec, async ({ main, others, spare }) => {
        const points = Math.max(1, others.reduce((s, o) => s + o.worth, 0) + spare);
        const checks = others.map(({ worth, passes }, i) =>
          property(`law ${i}`, { holds: () => passes, worth, cases: 2 }),
        );
        const e = sumOf(points, [agrees({ cases: 3 }), ...checks]);
        const report = await grade(e, { functions: { f: (i) => (main ? total(i) : total(i) + 1) } });
        expect(Number.isInteger(report.points)).toBe(true);
        expect(report.maxPoints).toBe(points);
        expect(report.checks.reduce((s, c) => s + c.maxPoints, 0)).toBe(points);
        expect(report.points).toBe(report.checks.reduce((s, c) => s + c.points, 0));
        expect(report.points).toBeLessThanOrEqual(points);
        if (main && others.every((o) => o.passes)) expect([report.points, report.verdict]).toEqual([points, 'pass']);
        else expect(report.verdict).toBe('fail');
        if (!main) expect(report.points).toBe(0);
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});

describe('hidden checks', () => {
  test('show the input and the own output, never the expected value', async () => {
    const e = sumOf(1, [agrees({ visibility: 'hidden' })]);
    const { failure } = await grade(e, { functions: { f: (i) => total(i) * 3 } });
    expect(failure!.inputs).toHaveLength(1);
    expect(failure!.outputs).toHaveLength(1);
    expect(failure!.outputs[0]).not.toHaveProperty('expected');
    expect(failure!.diagnosis).toBeUndefined();
    const named = await grade(e, { functions: { f: (i) => total(i) / list(i).length } });
    expect(named.failure!.diagnosis!.name).toBe('mean for sum');
    const visible = await grade(sumOf(1, [agrees()]), { functions: { f: (i) => total(i) * 3 } });
    expect(visible.failure!.outputs[0]).toHaveProperty('expected');
  });
});

describe('the canonical report', () => {
  const t = topic('t', 'T', {
    f: sumOf(2, [agrees(), pure({ worth: 1 })]),
    g: sumOf(2, [agrees(), staysFinite()]),
    h: sumOf(1, [agrees()]),
  });
  const functions: Behaviour['functions'] = {
    f: (i) => total(i) / list(i).length,
    g: (i) => (list(i).some((v) => v < -1) ? -Infinity : total(i)),
    h: (i) => (list(i).length > 3 ? NaN : total(i)),
  };
  const full = async (behaviour: Behaviour, seed: number): Promise<Report> => {
    const graded = await gradeTopic({ id: 'c', folder: 'c', title: '', topics: [t] }, t, subject(behaviour), { seed });
    const { points, maxPoints } = graded;
    return {
      schema: 'deep-learning-by-hand/report/1',
      assignment: 'c',
      seed,
      isolation: 'none',
      points,
      maxPoints,
      topics: [graded],
      ms: Math.random(),
    };
  };

  test('is the same again and again, however slowly the subject answers', async () => {
    const first = JSON.stringify(canonical(await full({ functions }, 5)));
    expect(JSON.stringify(canonical(await full({ functions }, 5)))).toBe(first);
    const slow = { functions, delay: (call: number) => (call % 7 === 0 ? 3 : undefined) } as Behaviour;
    expect(JSON.stringify(canonical(await full(slow, 5)))).toBe(first);
    expect(JSON.stringify(canonical(await full({ functions }, 6)))).not.toBe(first);
  });

  test('survives JSON: no number that JSON does not know', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const report = canonical(await full({ functions }, seed));
      expect(JSON.parse(JSON.stringify(report))).toEqual(report);
      expect(report).not.toHaveProperty('ms');
    }
  });
});

describe('whatever comes back', () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const odd = fc.constantFrom<unknown>(
    new Odd('a Promise'),
    Promise.resolve(1),
    () => 1,
    Symbol('s'),
    10n,
    new Map([[1, 2]]),
    new Float64Array(3),
    new Date(0),
    /x/,
    cyclic,
    'x'.repeat(100_000),
    Array.from({ length: 50_000 }, (_, i) => i),
    new Tensor([200, 1000], new Float64Array(200_000).fill(NaN)),
    Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i])),
    Array.from({ length: 300 }, () => Array.from({ length: 300 }, () => 0.1)),
  );
  const { any } = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 6 },
      fc.double(),
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.constantFrom(null, undefined),
      odd,
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('a', 'b', 'c', '__proto__')), tie('any'), { maxKeys: 4 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }).chain((shape) => {
        const size = shape.reduce((a, b) => a * b, 1);
        return fc.array(fc.double(), { minLength: size, maxLength: size }).map((data) => new Tensor(shape, data));
      }),
    ),
  }));
  const expecteds: Value[] = [
    0.123,
    [0.5, 0.25],
    new Tensor([2, 2], [1, 2, 3, 4.5]),
    { a: 0.7, b: new Tensor([2], [1, 2.5]), c: [[0.5], [1.5]] },
    'an answer',
    [{ a: 0.3 }, null, true],
    new Uint8Array([3, 1]),
  ];
  const exerciseFor = (expected: Value): Exercise => ({
    ...sumOf(1, [
      agrees({ cases: 2 }),
      property('p', { holds: ({ y }: { y: { a: number } }) => y.a > 0 && Object.keys(y).length > 1e9, cases: 2 }),
      staysFinite({ cases: 2 }),
      pure({ cases: 2 }),
    ]),
    oracle: () => expected,
    misconceptions: { one: { wrong: () => 1, says: 'x' }, none: { wrong: () => undefined, says: 'y' } },
  });

  test('grading never throws, never passes what is not equal, and its report is small and plain JSON', async () => {
    await fc.assert(
      fc.asyncProperty(any, fc.constantFrom(...expecteds), async (result, expected) => {
        const e = exerciseFor(expected);
        const s = inProcess({ f: () => result as Value });
        for (const check of e.checks) {
          const r = await runCheck(e, check, s, { seed: 1, exerciseId: 'x' });
          if (check.kind === 'agrees' || check.kind === 'property') expect(r.verdict).not.toBe('pass');
          const text = JSON.stringify(r);
          expect(JSON.parse(text)).toEqual(r);
          expect(text.length).toBeLessThan(400_000);
        }
      }),
      { numRuns: 400, seed: 1 },
    );
  });

  test('the right value passes, so the fuzz above fails for the right reason', async () => {
    for (const expected of expecteds)
      expect(
        (
          await gradeExercise({ ...exerciseFor(expected), checks: [agrees()] }, 'x', inProcess({ f: () => expected }), {
            seed: 1,
          })
        ).verdict,
      ).toBe('pass');
  });

  test('thrown things that are no errors', async () => {
    for (const thrown of [null, undefined, 'text', 5, { message: 7 }, new Odd('x')]) {
      const f = () => {
        throw thrown;
      };
      const r = await gradeExercise(sumOf(1, [agrees()]), 'x', inProcess({ f }), { seed: 1 });
      expect(r.verdict).toBe('error');
      expect(JSON.parse(JSON.stringify(r))).toEqual(r);
    }
  });

  test('a long message is shortened', async () => {
    const f = () => {
      throw new Error('x'.repeat(1_000_000));
    };
    const r = await gradeExercise(sumOf(1, [agrees()]), 'x', inProcess({ f }), { seed: 1 });
    expect(JSON.stringify(r).length).toBeLessThan(5_000);
  });

  test('show: six digits, no −0, non-finite as text, sizes capped', () => {
    expect(show([1 / 3, -0, NaN, Infinity, 1e-320])).toEqual({ list: [0.333333, 0, 'NaN', 'Infinity', 9.99989e-321] });
    const big = Array.from({ length: 500 }, () => Array.from({ length: 500 }, () => 1));
    expect(JSON.stringify(show(big)).length).toBeLessThan(20_000);
    expect(JSON.stringify(show(new Tensor([100, 100], new Float64Array(10_000)))).length).toBeLessThan(20_000);
  });
});
