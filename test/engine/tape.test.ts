import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Tensor } from '#tensor';
import { gradientOf, valueOf } from '../../grader/engine/index.ts';
import {
  Var,
  VarTensor,
  differentiate,
  dot,
  gradient,
  max,
  mean,
  range,
  softmax,
  sum,
  table,
  trace,
} from '../../grader/engine/tape.ts';

/** The derivative of f at x and an estimate of its error: Richardson's table over halved central differences. */
function richardson(f: (x: number) => number, x: number, h0: number): { slope: number; error: number } {
  const rows: number[][] = [];
  let best = { slope: NaN, error: Infinity };
  for (let i = 0; i < 8; i++) {
    const h = h0 / 2 ** i;
    const row = [(f(x + h) - f(x - h)) / (2 * h)];
    for (let j = 1; j <= i; j++) row.push(row[j - 1] + (row[j - 1] - rows[i - 1][j - 1]) / (4 ** j - 1));
    if (i > 0) {
      const error = Math.max(Math.abs(row[i] - row[i - 1]), Math.abs(row[i] - rows[i - 1][i - 1]));
      if (error < best.error) best = { slope: row[i], error };
    }
    rows.push(row);
  }
  return best;
}

function expectSlope(got: number, f: (x: number) => number, x: number, h0 = 0.02): void {
  const { slope, error } = richardson(f, x, h0);
  const rounding = (1e-13 * Math.max(1, Math.abs(f(x)))) / h0;
  expect(Math.abs(got - slope)).toBeLessThanOrEqual(10 * error + rounding + 1e-9 * Math.abs(slope));
}

const eighths = (min: number, max: number) => fc.integer({ min: min * 8, max: max * 8 }).map((k) => k / 8);

/** Every operation of one argument, where it is smooth. */
const unary: Record<string, { f: (v: Var) => Var; plain: (x: number) => number; at: fc.Arbitrary<number> }> = {
  neg: { f: (v) => v.neg(), plain: (x) => -x, at: eighths(-5, 5) },
  square: { f: (v) => v.pow(2), plain: (x) => x * x, at: eighths(-5, 5) },
  cube: { f: (v) => v.pow(3), plain: (x) => x * x * x, at: eighths(-5, 5) },
  'power −2': { f: (v) => v.pow(-2), plain: (x) => 1 / (x * x), at: eighths(1, 5) },
  'power 2.5': { f: (v) => v.pow(2.5), plain: (x) => x ** 2.5, at: eighths(1, 5) },
  sqrt: { f: (v) => v.sqrt(), plain: Math.sqrt, at: eighths(1, 9) },
  exp: { f: (v) => v.exp(), plain: Math.exp, at: eighths(-6, 6) },
  log: { f: (v) => v.log(), plain: Math.log, at: eighths(1, 9) },
  sin: { f: (v) => v.sin(), plain: Math.sin, at: eighths(-6, 6) },
  cos: { f: (v) => v.cos(), plain: Math.cos, at: eighths(-6, 6) },
  tanh: { f: (v) => v.tanh(), plain: Math.tanh, at: eighths(-6, 6) },
  sigmoid: { f: (v) => v.sigmoid(), plain: (x) => 1 / (1 + Math.exp(-x)), at: eighths(-6, 6) },
  // The integral of e^(−t²) by Simpson's rule: nothing of the library's own erf.
  erf: {
    f: (v) => v.erf(),
    plain: (x) => {
      const n = 400;
      let s = 0;
      for (let i = 0; i <= n; i++) s += (i === 0 || i === n ? 1 : i % 2 ? 4 : 2) * Math.exp(-(((i * x) / n) ** 2));
      return ((2 / Math.sqrt(Math.PI)) * s * x) / (3 * n);
    },
    at: eighths(-2, 2),
  },
  relu: { f: (v) => v.relu(), plain: (x) => (x > 0 ? x : 0), at: eighths(-5, 5).filter((x) => Math.abs(x) > 0.1) },
  abs: { f: (v) => v.abs(), plain: (x) => (x > 0 ? x : -x), at: eighths(-5, 5).filter((x) => Math.abs(x) > 0.1) },
};

const binary: Record<string, { f: (a: Var, b: Var | number) => Var; plain: (a: number, b: number) => number }> = {
  add: { f: (a, b) => a.add(b), plain: (a, b) => a + b },
  sub: { f: (a, b) => a.sub(b), plain: (a, b) => a - b },
  mul: { f: (a, b) => a.mul(b), plain: (a, b) => a * b },
  div: { f: (a, b) => a.div(b), plain: (a, b) => a / b },
};

const slopeAt = (f: (v: Var) => Var, x: number): number => {
  const v = new Var(x);
  differentiate([[f(v), 1]]);
  return v.grad;
};

describe('each operation', () => {
  for (const [name, { f, plain, at }] of Object.entries(unary))
    test(`${name}: value and slope`, () => {
      fc.assert(
        fc.property(at, (x) => {
          expect(f(new Var(x)).value).toBeCloseTo(plain(x), 10);
          expectSlope(slopeAt(f, x), plain, x);
        }),
        { numRuns: 150, seed: 1 },
      );
    });

  for (const [name, { f, plain }] of Object.entries(binary))
    test(`${name}: value and both slopes, with a Var and with a number`, () => {
      const nonzero = eighths(-5, 5).filter((x) => Math.abs(x) > 0.2);
      fc.assert(
        fc.property(nonzero, nonzero, (a, b) => {
          expect(f(new Var(a), new Var(b)).value).toBe(plain(a, b));
          expect(f(new Var(a), b).value).toBe(plain(a, b));
          expectSlope(
            slopeAt((v) => f(v, new Var(b)), a),
            (x) => plain(x, b),
            a,
          );
          expectSlope(
            slopeAt((v) => f(v, b), a),
            (x) => plain(x, b),
            a,
          );
          expectSlope(
            slopeAt((v) => f(new Var(a), v), b),
            (x) => plain(a, x),
            b,
          );
        }),
        { numRuns: 150, seed: 2 },
      );
    });

  test('a power 0 is flat, also at 0, and a power 1 has slope 1 there', () => {
    expect(slopeAt((v) => v.pow(0), 0)).toBe(0);
    expect(slopeAt((v) => v.pow(0), 2)).toBe(0);
    expect(slopeAt((v) => v.pow(1), 0)).toBe(1);
    expect(slopeAt((v) => v.pow(2), 0)).toBe(0);
  });

  test('sigmoid and tanh neither overflow nor lose their slope far out', () => {
    for (const x of [-800, -40, 40, 800]) {
      const s = new Var(x).sigmoid();
      expect(s.value).toBeCloseTo(x > 0 ? 1 : 0, 10);
      expect(Number.isFinite(slopeAt((v) => v.sigmoid(), x))).toBe(true);
      expect(slopeAt((v) => v.tanh(), x)).toBeCloseTo(0, 10);
    }
    // At −40 the slope is e^−40 to full precision: nothing was cancelled.
    expect(slopeAt((v) => v.sigmoid(), -40) / Math.exp(-40)).toBeCloseTo(1, 12);
    expect(slopeAt((v) => v.sigmoid(), 40) / Math.exp(-40)).toBeCloseTo(1, 12);
  });

  test('the conventions at kinks: relu′(0) = 0, |·|′(0) = 0', () => {
    expect(slopeAt((v) => v.relu(), 0)).toBe(0);
    expect(slopeAt((v) => v.abs(), 0)).toBe(0);
  });
});

/** Random expressions over three variables: smooth everywhere, bounded, with shared nodes. */
type Expression = (vars: Var[]) => Var;
const leaf: fc.Arbitrary<Expression> = fc.oneof(
  fc.nat(2).map(
    (i): Expression =>
      (vars) =>
        vars[i],
  ),
  eighths(-2, 2).map(
    (c): Expression =>
      () =>
        new Var(c),
  ),
);
const { tree: expressions } = fc.letrec<{ tree: Expression }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc.tuple(tie('tree'), tie('tree')).map(
      ([a, b]): Expression =>
        (v) =>
          a(v).add(b(v)),
    ),
    fc.tuple(tie('tree'), tie('tree')).map(
      ([a, b]): Expression =>
        (v) =>
          a(v).sub(b(v).mul(0.5)),
    ),
    fc.tuple(tie('tree'), tie('tree')).map(
      ([a, b]): Expression =>
        (v) =>
          a(v).mul(b(v)).tanh(),
    ),
    fc.tuple(tie('tree'), tie('tree')).map(
      ([a, b]): Expression =>
        (v) =>
          a(v).div(b(v).pow(2).add(1)),
    ),
    tie('tree').map(
      (a): Expression =>
        (v) =>
          a(v).sigmoid(),
    ),
    tie('tree').map(
      (a): Expression =>
        (v) =>
          a(v).sin().add(a(v).cos()),
    ),
    tie('tree').map(
      (a): Expression =>
        (v) =>
          a(v).tanh().exp(),
    ),
    tie('tree').map(
      (a): Expression =>
        (v) =>
          a(v).pow(2).add(1).log(),
    ),
    tie('tree').map(
      (a): Expression =>
        (v) =>
          a(v).pow(2).add(1).sqrt().neg(),
    ),
    tie('tree').map(
      (a): Expression =>
        (v) =>
          a(v).erf(),
    ),
    // One node used three times: its gradients add up.
    tie('tree').map((a): Expression => (v) => {
      const shared = a(v).tanh();
      return shared.mul(shared).add(shared);
    }),
    fc.tuple(tie('tree'), tie('tree')).map(
      ([a, b]): Expression =>
        (v) =>
          mean([a(v), b(v), a(v)]).tanh(),
    ),
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]): Expression => (v) => {
      const [p, q] = softmax([a(v).tanh(), b(v).tanh(), new Var(0.5)]);
      return p.sub(q.mul(2));
    }),
  ),
}));

describe('compositions', () => {
  test('the gradient of any expression is its numerical derivative, in every variable', () => {
    fc.assert(
      fc.property(expressions, fc.tuple(eighths(-2, 2), eighths(-2, 2), eighths(-2, 2)), (expression, at) => {
        const vars = at.map((x) => new Var(x));
        const y = expression(vars);
        differentiate([[y, 1]]);
        vars.forEach((v, i) =>
          expectSlope(v.grad, (x) => expression(at.map((a, j) => new Var(j === i ? x : a))).value, at[i]),
        );
      }),
      { numRuns: 1500, seed: 3 },
    );
  });

  test('x·x·x through one shared node, and a diamond', () => {
    const x = new Var(3);
    differentiate([[x.mul(x).mul(x), 1]]);
    expect(x.grad).toBe(27);
    const y = new Var(2);
    const a = y.mul(3);
    differentiate([[a.mul(a).add(a), 1]]);
    expect(y.grad).toBe(2 * 9 * 2 + 3);
  });

  test('a dot product is the sum of the products, also where a number stands on both sides', () => {
    const [a, b, c] = [2, -3, 5].map((v) => new Var(v));
    const y = dot([a, b, a], [c, a, a]);
    expect(y.value).toBe(2 * 5 - 3 * 2 + 2 * 2);
    differentiate([[y, 1]]);
    expect([a.grad, b.grad, c.grad]).toEqual([5 - 3 + 4, 2, 2]);
    expect(() => dot([a], [])).toThrow(/1 numbers with 0/);
  });

  test('differentiating twice does not add up', () => {
    const x = new Var(3);
    const y = x.mul(x);
    differentiate([[y, 1]]);
    differentiate([[y, 1]]);
    expect(x.grad).toBe(6);
  });

  test('an output that lies below another output keeps its own weight too', () => {
    const x = new Var(3);
    const y = x.mul(x);
    const z = y.mul(2);
    for (const outputs of [
      [
        [y, 10],
        [z, 1],
      ],
      [
        [z, 1],
        [y, 10],
      ],
    ] as [Var, number][][]) {
      differentiate(outputs);
      expect(x.grad).toBe(12 * 6);
    }
    // The input itself as an output, twice.
    differentiate([
      [x, 1],
      [y, 1],
      [x, 1],
    ]);
    expect(x.grad).toBe(8);
  });

  test('a chain of 10,000 nodes and a wide sum of 10,000 need no stack', () => {
    const x = new Var(1);
    let y = x;
    for (let i = 0; i < 10_000; i++) y = i % 2 ? y.mul(1) : y.add(1);
    differentiate([[y, 1]]);
    expect(x.grad).toBe(1);
    expect(y.value).toBe(5001);
    let doubled = x;
    for (let i = 0; i < 60; i++) doubled = doubled.add(doubled);
    // 2^60 paths, visited once each.
    differentiate([[doubled, 1]]);
    expect(x.grad).toBe(2 ** 60);
    const terms = range(10_000, () => x);
    differentiate([[sum(terms), 1]]);
    expect(x.grad).toBe(10_000);
    expect(sum([]).value).toBe(0);
  });

  test('softmax stays finite for large numbers, sums to 1, and its gradient of a constant cotangent is 0', () => {
    const vars = [1000, 1001, -1000].map((v) => new Var(v));
    const p = softmax(vars);
    expect(p.reduce((s, v) => s + v.value, 0)).toBeCloseTo(1, 14);
    differentiate(p.map((v) => [v, 1]));
    for (const v of vars) expect(Math.abs(v.grad)).toBeLessThan(1e-15);
  });
});

describe('margins', () => {
  const marginOf = (f: (x: Var) => Var, x: number) => trace(({ x }: { x: Var }) => f(x), { x }).margin;
  test('the distance to the nearest kink met, over all operations', () => {
    expect(marginOf((x) => x.relu(), 0.3)).toBeCloseTo(0.3, 15);
    expect(marginOf((x) => x.relu(), -0.3)).toBeCloseTo(0.3, 15);
    expect(marginOf((x) => x.abs(), -0.2)).toBeCloseTo(0.2, 15);
    expect(marginOf((x) => x.sub(1).relu().add(x.abs()), 0.75)).toBeCloseTo(0.25, 15);
    expect(marginOf((x) => max([x, new Var(2), new Var(1)]), 1.5)).toBeCloseTo(0.5, 15);
    expect(marginOf((x) => max([x, x]), 1.5)).toBe(0);
    expect(marginOf((x) => max([x]), 1.5)).toBe(Infinity);
    expect(marginOf((x) => x.tanh().exp(), 0)).toBe(Infinity);
    expect(marginOf((x) => softmax([x, x])[0], 1)).toBe(Infinity);
  });
  test('one run does not see the kinks of the last', () => {
    marginOf((x) => x.relu(), 0);
    expect(marginOf((x) => x.relu(), 4)).toBe(4);
  });
  test('max passes its gradient to the winner alone', () => {
    const vars = [1, 3, 2].map((v) => new Var(v));
    const m = max(vars);
    expect(m.value).toBe(3);
    differentiate([[m.mul(5), 1]]);
    expect(vars.map((v) => v.grad)).toEqual([0, 5, 0]);
  });
});

describe('tensors of Vars', () => {
  test('table and at agree, on any shape', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }), (shape) => {
        const code = (index: number[]) => index.reduce((s, i) => s * 10 + i + 1, 0);
        const t = table(shape, (...index) => new Var(code(index)));
        expect(t.data).toHaveLength(shape.reduce((a, b) => a * b, 1));
        const index = shape.map(() => 0);
        for (const v of t.data) {
          expect(t.at(...index)).toBe(v);
          expect(v.value).toBe(code(index));
          for (let axis = shape.length - 1; axis >= 0; axis--) {
            if (++index[axis] < shape[axis]) break;
            index[axis] = 0;
          }
        }
      }),
      { seed: 4 },
    );
  });
  test('an axis of length 0 gives an empty table', () => {
    expect(table([2, 0], () => new Var(1)).data).toEqual([]);
  });
});

describe('gradient', () => {
  interface I {
    x: VarTensor;
    w: VarTensor;
    mask: boolean[];
  }
  const two = ({ x, w }: I) => ({
    y: table([2], (i) => x.at(i).mul(w.at(i))),
    s: sum(x.data.map((v) => v.pow(2))),
    state: { h: x.at(0).add(w.at(1)) },
  });
  const inputs = { x: new Tensor([2], [3, 5]), w: new Tensor([2], [7, 11]), mask: [true, false] };

  test('an upstream record weighs each output, nested ones too; outputs it does not name count nothing', () => {
    const upstream = { y: new Tensor([2], [1, 10]), s: 100, state: { h: 1000 } };
    const { gradients } = gradient(two, inputs, upstream, ['x', 'w'], ['mask']);
    expect(gradients.x).toEqual(new Tensor([2], [7 + 600 + 1000, 110 + 1000]));
    expect(gradients.w).toEqual(new Tensor([2], [3, 50 + 1000]));
    expect(gradient(two, inputs, { s: 1 }, ['x', 'w'], ['mask']).gradients).toEqual({
      x: new Tensor([2], [6, 10]),
      w: new Tensor([2], [0, 0]),
    });
  });

  test('an input that plays no part has gradient 0; lists and records keep their form', () => {
    const f = ({ a, b }: { a: Var[]; b: { c: Var; d: Var } }) => a[0].mul(b.c);
    expect(gradient(f, { a: [2, 3], b: { c: 5, d: 7 } }, undefined, ['a', 'b']).gradients).toEqual({
      a: [5, 0],
      b: { c: 2, d: 0 },
    });
  });

  test('without an upstream gradient only one number can be differentiated', () => {
    expect(() => gradient(two, inputs, undefined, ['x'], ['mask'])).toThrow(/one number/);
  });

  test('an upstream gradient of another shape, or of an output that is not there, is an error of the author', () => {
    expect(() => gradient(two, inputs, { y: new Tensor([3], [1, 2, 3]) }, ['x'], ['mask'])).toThrow(/upstream/);
    expect(() => gradient(two, inputs, { y: new Tensor([1], [1]) }, ['x'], ['mask'])).toThrow(/upstream/);
    expect(() => gradient(two, inputs, { z: 1 }, ['x'], ['mask'])).toThrow(/upstream/);
    expect(() => gradient(two, inputs, { y: undefined }, ['x'], ['mask'])).toThrow(/upstream/);
    expect(() => gradient(({ x }: I) => x.at(0), inputs, { y: 1 }, ['x'], ['mask'])).toThrow(/upstream/);
  });

  test('gradientOf: a single name, a record of names, several upstream inputs, a margin', () => {
    const withUpstream = { ...inputs, dy: new Tensor([2], [1, 10]), ds: 100 };
    const options = { upstream: { y: 'dy', s: 'ds' }, plain: ['mask'] };
    const x = new Tensor([2], [607, 1110]);
    expect(gradientOf(two, { wrt: 'x', ...options })(withUpstream)).toEqual(x);
    expect(gradientOf(two, { wrt: { dx: 'x' }, ...options })(withUpstream)).toEqual({ dx: x });
    const relu = gradientOf(({ x }: I) => sum(x.data.map((v) => v.sub(4).relu())), { wrt: 'x' });
    expect(relu.margin!(inputs)).toBe(1);
    expect(relu({ x: inputs.x })).toEqual(new Tensor([2], [0, 1]));
  });

  test('valueOf gives plain data in the form of the definition', () => {
    expect(valueOf(two, { plain: ['mask'] })(inputs)).toEqual({
      y: new Tensor([2], [21, 55]),
      s: 34,
      state: { h: 14 },
    });
  });

  test('a gradient through every input of a small network is its numerical derivative', () => {
    interface Net {
      x: VarTensor;
      w: VarTensor;
      v: VarTensor;
    }
    const loss = ({ x, w, v }: Net) => {
      const h = range(3, (i) => sum(range(2, (j) => w.at(i, j).mul(x.at(j)))).tanh());
      const p = softmax(range(2, (k) => sum(range(3, (i) => v.at(k, i).mul(h[i])))));
      return p[1].log().neg();
    };
    const numbers = (n: number) => fc.array(eighths(-2, 2), { minLength: n, maxLength: n });
    fc.assert(
      fc.property(numbers(2), numbers(6), numbers(6), (x, w, v) => {
        const at = { x: new Tensor([2], x), w: new Tensor([3, 2], w), v: new Tensor([2, 3], v) };
        const { gradients } = gradient(loss, at, undefined, ['x', 'w', 'v']);
        for (const name of ['x', 'w', 'v'] as const)
          at[name].data.forEach((a, i) => {
            const f = (z: number) => {
              const moved = Float64Array.from(at[name].data, (y, j) => (j === i ? z : y));
              return trace(loss, { ...at, [name]: new Tensor(at[name].shape, moved) }).value as number;
            };
            expectSlope((gradients[name] as Tensor).data[i], f, a);
          });
      }),
      { numRuns: 60, seed: 5 },
    );
  });
});
