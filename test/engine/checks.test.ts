import { describe, expect, test } from 'vitest';
import { Tensor } from '#tensor';
import {
  agrees,
  exercise,
  gradeExercise,
  gradientAgrees,
  gradientOf,
  identical,
  inProcess,
  learns,
  number,
  Odd,
  property,
  pure,
  record,
  rejects,
  scalars,
  staysFinite,
  tensor,
  vector,
  type Check,
  type Exercise,
  type Value,
  type ValueRecord,
  type Var,
} from '../../grader/engine/index.ts';
import { runCheck } from '../../grader/engine/run-check.ts';
import { subject, todo, type Behaviour } from './subjects.ts';

type Numbers = { x: number[] };
const softmaxOf = (x: readonly number[]) => {
  const m = Math.max(...x);
  const e = x.map((v) => Math.exp(v - m));
  const z = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / z);
};

/** Softmax of a list, with the given checks. */
const soft = (...checks: Check[]): Exercise => ({
  ...exercise({
    points: 4,
    inputs: { x: vector('n') },
    sizes: { n: [1, 5] },
    oracle: ({ x }) => softmaxOf(x),
    checks,
    misconceptions: {},
    hints: ['—'],
  }),
  name: 'f',
});

const verdict = async (e: Exercise, f: Behaviour['functions'][string], echo = true, check = e.checks[0]) =>
  (await runCheck(e, check, subject({ functions: { [e.name]: f }, echo }), { seed: 1, exerciseId: 'x' })).verdict;
const asList = (f: (x: number[]) => Value) => (inputs: ValueRecord) => f((inputs as unknown as Numbers).x);
const right = asList(softmaxOf);

/** What no check of a value may accept. */
const impostors: Record<string, Behaviour['functions'][string]> = {
  'the untouched stub': () => todo('f'),
  'its input': ({ x }) => x,
  zeros: asList((x) => x.map(() => 0)),
  NaN: asList((x) => x.map(() => NaN)),
  infinities: asList((x) => x.map(() => Infinity)),
  nothing: () => undefined,
  null: () => null,
  'a Promise': () => new Odd('a Promise'),
  'a list of Promises': asList((x) => x.map(() => new Odd('a Promise'))),
  'an empty list': () => [],
  'an empty record': () => ({}),
  'a Tensor for a list': asList((x) => new Tensor([x.length], softmaxOf(x))),
  'a record that looks like a list': asList((x) => ({ ...softmaxOf(x), length: x.length })),
  texts: asList((x) => softmaxOf(x).map(String)),
  'one entry more': asList((x) => [...softmaxOf(x), 0]),
  'a column': asList((x) => softmaxOf(x).map((v) => [v])),
  true: () => true,
  'an error': () => {
    throw new Error('no');
  },
  'an error of nothing': () => {
    throw new Error('');
  },
};

const mains: Record<string, Check> = {
  agrees: agrees(),
  'agrees exactly': agrees({ exact: true }),
  'a law': property('the entries sum to 1 and none is negative', {
    holds: (o: { y: number[] }, i: ValueRecord) =>
      o.y.length === (i.x as number[]).length &&
      Math.abs(o.y.reduce((a, b) => a + b, 0) - 1) < 1e-9 &&
      o.y.every((v) => typeof v === 'number' && v >= 0),
  }),
  'a law of two calls': property<Numbers>('adding 1 everywhere changes nothing', {
    runs: (i) => ({ once: { ...i }, moved: { ...i, x: i.x.map((v) => v + 1) } }),
    holds: ({ once, moved }: Record<string, number[]>) =>
      identical(
        scalars(once).map((v) => Math.round(v * 1e6)),
        scalars(moved).map((v) => Math.round(v * 1e6)),
      ),
  }),
  learns: learns<Numbers>('softmax of softmax', {
    start: () => ({ x: [1, 2, -1] }),
    feed: (_, result) => ({ x: result as number[] }),
    steps: 4,
  }),
};

describe('every kind accepts the right and none of the impostors', () => {
  for (const [kind, check] of Object.entries(mains)) {
    test(`${kind}: the right function passes`, async () => {
      expect(await verdict(soft(check), right)).toBe('pass');
    });
    // A law need not tell every wrong function from a right one: zeros do not change when the input does.
    const beyond =
      kind === 'a law of two calls'
        ? ['zeros', 'infinities', 'null', 'true', 'an empty list', 'an empty record'].concat(
            'a Tensor for a list',
            'a record that looks like a list',
            'one entry more',
            'a column',
            'texts',
          )
        : [];
    test.each(Object.keys(impostors).filter((name) => !beyond.includes(name)))(`${kind}: not %s`, async (name) => {
      expect(await verdict(soft(check), impostors[name])).not.toBe('pass');
    });
  }

  test('a law that compares two results does not hold because both are undefined, or both Promises', async () => {
    const e = soft(
      property('always true', {
        runs: (i) => ({ a: { ...i }, b: { ...i } }),
        holds: ({ a, b }: Record<string, Value>) => identical(a, b),
      }),
    );
    expect(await verdict(e, right)).toBe('pass');
    for (const name of ['nothing', 'a Promise', 'a list of Promises', 'NaN'])
      expect(await verdict(e, impostors[name])).toBe('fail');
  });

  test('a law holds only when it says true: not for NaN, 1, undefined or a text', async () => {
    for (const says of [NaN, 1, undefined, null, '', 'why'])
      expect(await verdict(soft(property('p', { holds: () => says as unknown as boolean })), right)).toBe('fail');
  });

  test('a law that throws on a strange result is a failure, not a fault of the judge', async () => {
    const e = soft(property('p', { holds: ({ y }: { y: { a: { b: number } } }) => y.a.b === 1 }));
    expect(await verdict(e, right)).toBe('fail');
  });
});

describe('gradientAgrees', () => {
  const e: Exercise = {
    ...exercise({
      points: 1,
      inputs: { x: tensor('n'), g: number({ nonzero: true }) },
      sizes: { n: [2, 5] },
      oracle: gradientOf(
        ({ x }: { x: { data: Var[] } }) => x.data.map((v) => v.relu().pow(2)).reduce((a, b) => a.add(b)),
        { wrt: { dx: 'x' }, upstream: 'g' },
      ),
      checks: [gradientAgrees({ upstream: ['g'] })],
      misconceptions: {},
      hints: ['—'],
    }),
    name: 'f',
  };
  const back = (slope: (x: number) => number) => (i: ValueRecord) => {
    const { x, g } = i as unknown as { x: Tensor; g: number };
    return {
      dx: new Tensor(
        x.shape,
        Float64Array.from(x.data, (v) => slope(v) * g),
      ),
    };
  };
  test('accepts the right derivative and refuses the wrong ones', async () => {
    expect(
      await verdict(
        e,
        back((v) => (v > 0 ? 2 * v : 0)),
      ),
    ).toBe('pass');
    expect(
      await verdict(
        e,
        back((v) => 2 * v),
      ),
    ).toBe('fail');
    expect(
      await verdict(
        e,
        back((v) => (v > 0 ? v : 0)),
      ),
    ).toBe('fail');
    expect(
      await verdict(
        e,
        back((v) => (v > 0 ? 2 * v * (1 + 1e-6) : 0)),
      ),
    ).toBe('fail');
    expect(
      await verdict(
        e,
        back(() => 0),
      ),
    ).toBe('fail');
    expect(
      await verdict(
        e,
        back(() => NaN),
      ),
    ).toBe('fail');
    for (const bad of Object.values(impostors).filter((f) => f !== impostors['its input']))
      expect(await verdict(e, () => bad({ x: [1] }))).not.toBe('pass');
  });
  test('its sentence speaks of the variable', async () => {
    const result = await runCheck(e, e.checks[0], subject({ functions: { f: back((v) => v) } }), {
      seed: 1,
      exerciseId: 'x',
    });
    expect(result.failure!.sentence).toBe('the gradient of x is wrong');
  });
});

describe('rejects', () => {
  const e = soft(rejects('an empty list', [{ x: [] }, { x: [NaN] }]));
  const careful = asList((x) => {
    if (x.length === 0 || x.some(Number.isNaN)) throw new RangeError('softmax of nothing');
    return softmaxOf(x);
  });
  test('an error is asked for, whatever it says', async () => {
    expect(await verdict(e, careful)).toBe('pass');
    expect(await verdict(e, right)).toBe('fail');
    expect(await verdict(e, () => undefined)).toBe('fail');
    expect(await verdict(e, () => new Odd('a Promise'))).toBe('fail');
    expect(
      await verdict(
        e,
        asList((x) => {
          if (x.length === 0) throw new Error('one of the two');
          return x;
        }),
      ),
    ).toBe('fail');
  });
  test('what is thrown must be an Error', async () => {
    for (const thrown of ['bad', null, undefined, 7, { message: 'bad' }]) {
      const f = asList((x) => {
        if (x.length === 0 || x.some(Number.isNaN)) throw thrown;
        return softmaxOf(x);
      });
      const result = await runCheck(e, e.checks[0], inProcess({ f }), { seed: 1, exerciseId: 'x' });
      expect(result.verdict).toBe('fail');
      expect(result.failure!.sentence).toContain("throw new RangeError('…')");
    }
    const own = asList(() => {
      throw new (class Mine extends Error {})('bad');
    });
    expect((await runCheck(e, e.checks[0], inProcess({ f: own }), { seed: 1, exerciseId: 'x' })).verdict).toBe('pass');
  });
  test("a stub's TODO is no rejection, also when it is thrown by hand or by another stub", async () => {
    expect(await verdict(e, () => todo('f'))).toBe('not-run');
    expect(await verdict(e, () => todo('forward'))).toBe('error');
    expect(
      await verdict(e, () => {
        throw new Error('TODO: f');
      }),
    ).not.toBe('pass');
    const plain = await runCheck(
      e,
      e.checks[0],
      inProcess({
        f: () => {
          throw new Error('TODO: f');
        },
      }),
      { seed: 1, exerciseId: 'x' },
    );
    expect(plain.verdict).not.toBe('pass');
  });
  test('a backward pass does not reject what its forward pass rejected', async () => {
    const back: Exercise = { ...e, name: 'backward', backwardOf: { forward: 'f', takes: ['x'] } };
    const never = () => [1];
    const result = await runCheck(back, back.checks[0], subject({ functions: { f: careful, backward: never } }), {
      seed: 1,
      exerciseId: 'x',
    });
    expect(result.verdict).toBe('fail');
    expect(result.failure!.facts.join()).toContain('softmax of nothing');
    const lenient = subject({ functions: { f: () => ({ cache: 1 }), backward: careful } });
    expect((await runCheck(back, back.checks[0], lenient, { seed: 1, exerciseId: 'x' })).verdict).toBe('pass');
  });
});

describe('pure', () => {
  const nested: Exercise = {
    ...exercise({
      points: 1,
      inputs: { p: record({ w: tensor('n'), list: vector('n') }), k: number() },
      sizes: { n: [1, 3] },
      oracle: () => 1,
      checks: [pure()],
      misconceptions: {},
      hints: ['—'],
    }),
    name: 'f',
  };
  interface In {
    p: { w: Tensor; list: number[]; more?: number };
    k: number;
  }
  const doing = (f: (i: In) => void) => (i: ValueRecord) => {
    f(i as unknown as In);
    return 1;
  };
  test('sees every change, however deep', async () => {
    expect(
      await verdict(
        nested,
        doing(() => {}),
      ),
    ).toBe('pass');
    expect(
      await verdict(
        nested,
        doing((i) => void i.p.list.slice().sort()),
      ),
    ).toBe('pass');
    expect(
      await verdict(
        nested,
        doing((i) => (i.p.w.data[0] += 1)),
      ),
    ).toBe('fail');
    expect(
      await verdict(
        nested,
        doing((i) => (i.p.list[0] += 1)),
      ),
    ).toBe('fail');
    expect(
      await verdict(
        nested,
        doing((i) => i.p.list.push(0)),
      ),
    ).toBe('fail');
    expect(
      await verdict(
        nested,
        doing((i) => i.p.list.pop()),
      ),
    ).toBe('fail');
    expect(
      await verdict(
        nested,
        doing((i) => (i.p.more = 1)),
      ),
    ).toBe('fail');
    expect(
      await verdict(
        nested,
        doing((i) => delete (i.p as Partial<In['p']>).list),
      ),
    ).toBe('fail');
    expect(
      await verdict(
        nested,
        doing((i) => (i.p.w.data[0] = NaN)),
      ),
    ).toBe('fail');
    expect(
      await verdict(
        nested,
        doing((i) => (i.p = { ...i.p, list: [...i.p.list, 1] })),
      ),
    ).toBe('fail');
  });
  test('says which argument changed', async () => {
    const result = await runCheck(
      nested,
      nested.checks[0],
      subject({ functions: { f: doing((i) => (i.p.w.data[0] += 1)) } }),
      { seed: 1, exerciseId: 'x' },
    );
    expect(result.failure!.sentence).toBe('changes p, which the caller still needs');
  });
  test('arguments that did not come back are no proof', async () => {
    expect(
      await verdict(
        nested,
        doing(() => {}),
        false,
      ),
    ).not.toBe('pass');
  });
});

describe('staysFinite', () => {
  const e = soft(staysFinite());
  test('accepts what stays finite; refuses Infinity, NaN, and another form', async () => {
    expect(await verdict(e, right)).toBe('pass');
    const naive = asList((x) => {
      const z = x.reduce((s, v) => s + Math.exp(v), 0);
      return x.map((v) => Math.exp(v) / z);
    });
    expect(await verdict(e, naive)).toBe('fail');
    expect(await verdict(soft(agrees()), naive)).toBe('pass');
    for (const bad of [NaN, Infinity, -Infinity]) {
      expect(
        await verdict(
          e,
          asList((x) => x.map((_, i) => (i === 0 ? bad : 1))),
        ),
      ).toBe('fail');
    }
    for (const name of ['nothing', 'a Promise', 'an empty list', 'an error', 'texts', 'null'])
      expect(await verdict(e, impostors[name])).not.toBe('pass');
  });
  test('fixed inputs are used as they are', async () => {
    const f = soft(staysFinite({ fixed: () => [{ x: [710, -710] }] }));
    expect(await verdict(f, right)).toBe('pass');
    expect(
      await verdict(
        f,
        asList((x) => x.map(Math.exp)),
      ),
    ).toBe('fail');
  });
});

describe('learns', () => {
  const walk: Exercise = {
    ...exercise({
      points: 1,
      inputs: { w: number(), v: number() },
      oracle: ({ w, v }) => ({ w: w - 0.1 * (0.9 * v + w), v: 0.9 * v + w }),
      checks: [
        learns<{ w: number; v: number }>('momentum', {
          start: () => ({ w: 1, v: 0 }),
          feed: (i, result) => ({ ...i, ...(result as { w: number; v: number }) }),
          steps: 5,
        }),
      ],
      misconceptions: {},
      hints: ['—'],
    }),
    name: 'f',
  };
  const step = (i: ValueRecord, mu = 0.9) => {
    const { w, v } = i as { w: number; v: number };
    return { w: w - 0.1 * (mu * v + w), v: mu * v + w };
  };
  test('accepts the right state; catches state that is dropped, kept elsewhere, or late', async () => {
    expect(await verdict(walk, (i) => step(i))).toBe('pass');
    // Right in the first step, where v is still 0.
    expect(await verdict(walk, (i) => step(i, 0))).toBe('fail');
    expect(await verdict(walk, (i) => ({ ...step(i), v: 0 }))).toBe('fail');
    expect(await verdict(walk, (i) => ({ w: step(i).w }))).toBe('fail');
    let kept = 0;
    expect(
      await verdict(walk, (i) => {
        const w = i.w as number;
        kept = 0.9 * kept + w * 1.001;
        return { w: w - 0.1 * kept, v: kept };
      }),
    ).toBe('fail');
    let calls = 0;
    expect(await verdict(walk, (i) => (++calls > 4 ? { w: NaN, v: 0 } : step(i)))).toBe('fail');
    calls = 0;
    expect(await verdict(walk, (i) => (++calls > 4 ? todo('f') : step(i)))).toBe('error');
  });
  test('a trajectory that breaks off is no pass', async () => {
    let calls = 0;
    const half = {
      ...subject({ functions: { f: (i) => step(i) } }),
      async *call(_: Exercise, inputs: readonly ValueRecord[]) {
        for (const i of inputs) if (calls++ < 3) yield { kind: 'value' as const, value: step(i) };
      },
    };
    expect((await runCheck(walk, walk.checks[0], half, { seed: 1, exerciseId: 'x' })).verdict).not.toBe('pass');
  });
});

describe('a declaration that contradicts itself', () => {
  const declare =
    (points: number, ...checks: Check[]) =>
    () =>
      exercise({ points, inputs: { x: number() }, oracle: () => 1, checks, misconceptions: {}, hints: ['—'] });
  test('points and what checks are worth must be whole and add up', () => {
    expect(declare(2, agrees(), pure({ worth: 1 }))).not.toThrow();
    expect(declare(2, agrees(), pure({ worth: 2 }))).not.toThrow();
    expect(declare(2, agrees(), pure({ worth: 3 }))).toThrow(/worth/);
    expect(declare(2, agrees(), pure({ worth: 0.5 }))).toThrow(/whole/);
    expect(declare(2, agrees(), pure({ worth: -1 }))).toThrow(/worth/);
    expect(declare(2, agrees({ worth: 1 }), pure())).toThrow(/first check/);
    expect(declare(1.5, agrees())).toThrow(/points/);
    expect(declare(1)).toThrow(/check/);
  });
});

test('an exercise whose only check is a law gets its points from it', async () => {
  const e = soft(mains['a law']);
  const report = await gradeExercise(e, 'x', subject({ functions: { f: right } }), { seed: 1 });
  expect([report.points, report.maxPoints, report.verdict]).toEqual([4, 4, 'pass']);
});
