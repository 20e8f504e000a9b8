import { describe, expect, test } from 'vitest';
import { cases, drawCases } from '../../grader/engine/cases.ts';
import { Tensor } from '#tensor';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  mapNumbers,
  mean,
  number,
  range,
  scalars,
  softmax,
  table,
  tensor,
  type Exercise,
  type Value,
  type ValueRecord,
  type VarTensor,
} from '../../grader/engine/index.ts';
import { roundingTolerance } from '../../grader/engine/tolerance.ts';
import { backwards, compensated, families, forwards, pairwise, type Family } from './algebra.ts';

const CASES = 2_000;

const exerciseOf = ({ inputs, sizes, derive, ways }: Family): Exercise =>
  exercise({
    ...(derive && { derive }),
    points: 1,
    inputs,
    sizes,
    oracle: ways[0],
    checks: [agrees()],
    misconceptions: {},
    hints: ['—'],
  });

const draw = (e: Exercise, seed: number, count: number) =>
  drawCases(cases({ name: '', inputs: e.inputs, sizes: e.sizes, derive: e.derive }), seed, count).map((c) => c.inputs);

const accepts = (e: Exercise, inputs: ValueRecord, value: number | number[]): boolean =>
  agrees().judge(inputs, [{ kind: 'value', value }], e) === undefined;

/** How much an entry answers to relative changes of single inputs, from differences one input at a time. */
function condition(e: Exercise, inputs: ValueRecord): number[] {
  const base = scalars(e.oracle(inputs));
  const sums = base.map(() => 0);
  const count = scalars(inputs).length;
  for (let k = 0; k < count; k++) {
    let at = 0;
    const moved = Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [
        name,
        (e.inputs[name] ?? number()).nudge(value, (x) => {
          const far = 1e-7 * Math.max(1, Math.abs(x));
          return at++ === k ? x + far : x;
        }),
      ]),
    );
    scalars(e.oracle(moved)).forEach((x, i) => (sums[i] += Math.abs(x - base[i]) / 1e-7));
  }
  return sums;
}

describe('right answers written in another way are accepted', () => {
  for (const [name, family] of Object.entries(families))
    test(`${name}: ${family.ways.length} ways`, () => {
      const e = exerciseOf(family);
      const rejected: unknown[] = [];
      for (const inputs of draw(e, 1, CASES))
        for (const [way, f] of family.ways.entries())
          if (!accepts(e, inputs, f(inputs)))
            rejected.push({
              way,
              inputs,
              want: e.oracle(inputs),
              got: f(inputs),
              allowed: scalars(e.oracle(inputs)).map((_, k) =>
                roundingTolerance(e.oracle, inputs, e.inputs, e.oracle(inputs))(k, 1e-10),
              ),
            });
      expect(rejected.slice(0, 2)).toEqual([]);
      expect(rejected).toHaveLength(0);
    });
});

describe('a relative error of one in a million is rejected', () => {
  for (const [name, family] of Object.entries(families))
    test(name, () => {
      const e = exerciseOf(family);
      let told = 0;
      let ill = 0;
      for (const inputs of draw(e, 2, 300)) {
        const right = family.ways[0](inputs);
        const list = [right].flat();
        const conditions = condition(e, inputs);
        const size = Math.max(...list.map(Math.abs));
        list.forEach((x, i) => {
          if (conditions[i] + size >= 1e4 * Math.abs(x)) return void ill++;
          for (const factor of [1 + 1e-6, 1 - 1e-6]) {
            const wrong = list.map((y, j) => (j === i ? y * factor : y));
            expect(accepts(e, inputs, Array.isArray(right) ? wrong : wrong[0])).toBe(false);
            told++;
          }
        });
      }
      expect(told).toBeGreaterThan(50);
      if (!name.includes('cancels')) expect(told).toBeGreaterThan(ill);
    });
});

describe('gradients', () => {
  interface NormInputs {
    x: Tensor;
    gamma: Tensor;
    g: Tensor;
  }
  type Sum = typeof forwards;
  const rowsOf = (x: Tensor) =>
    range(x.shape[0], (i) => Array.from(x.data.subarray(i * x.shape[1], (i + 1) * x.shape[1])));
  const tensorOf = (rows: number[][]) => new Tensor([rows.length, rows[0].length], rows.flat());

  const normBackward =
    (sum: Sum, multiplied: boolean) =>
    ({ x, gamma, g }: NormInputs): ValueRecord => {
      const n = x.shape[1];
      const dgamma = new Array<number>(n).fill(0);
      const dx = rowsOf(x).map((row, r) => {
        const mean = sum(row) / n;
        const inverse = 1 / Math.sqrt(sum(row.map((v) => (v - mean) ** 2)) / n + 1e-5);
        const hat = row.map((v) => (v - mean) * inverse);
        const up = rowsOf(g)[r];
        up.forEach((v, i) => (dgamma[i] += v * hat[i]));
        const d = up.map((v, i) => v * gamma.data[i]);
        const dot = sum(d.map((v, i) => v * hat[i]));
        return multiplied
          ? d.map((v, i) => (inverse / n) * (n * v - sum(d) - hat[i] * dot))
          : d.map((v, i) => inverse * v - (inverse * sum(d)) / n - (hat[i] * inverse * dot) / n);
      });
      return { dx: tensorOf(dx), dgamma: new Tensor([n], dgamma) };
    };
  const norm = exercise({
    points: 1,
    inputs: { x: tensor('N', 'd'), gamma: tensor('d'), g: tensor('N', 'd') },
    sizes: { N: [1, 4], d: [1, 5] },
    oracle: gradientOf(
      ({ x, gamma }: { x: VarTensor; gamma: VarTensor }) => {
        const [N, d] = x.shape;
        const entries = range(N, (i) => {
          const mu = mean(range(d, (j) => x.at(i, j)));
          const variance = mean(range(d, (j) => x.at(i, j).sub(mu).pow(2)));
          return range(d, (j) => x.at(i, j).sub(mu).div(variance.add(1e-5).sqrt()).mul(gamma.at(j)));
        });
        return table([N, d], (i, j) => entries[i][j]);
      },
      { wrt: { dx: 'x', dgamma: 'gamma' }, upstream: 'g' },
    ),
    checks: [gradientAgrees({ upstream: ['g'] })],
    misconceptions: {},
    hints: ['—'],
  });

  const softmaxBackward =
    (sum: Sum, way: number) =>
    ({ x, g }: NormInputs): Value =>
      tensorOf(
        rowsOf(x).map((row, r) => {
          const shift = way === 0 ? Math.max(...row) : 0;
          const z = sum(row.map((v) => Math.exp(v - shift)));
          const p = row.map((v) => Math.exp(v - shift) / z);
          const up = rowsOf(g)[r];
          if (way === 2) return p.map((pi, i) => sum(p.map((pj, j) => pi * ((i === j ? 1 : 0) - pj) * up[j])));
          const inner = sum(p.map((v, i) => v * up[i]));
          return p.map((v, i) => (way === 0 ? v * (up[i] - inner) : v * up[i] - v * inner));
        }),
      );
  const soft = exercise({
    points: 1,
    inputs: { x: tensor('N', 'd'), g: tensor('N', 'd') },
    sizes: { N: [1, 4], d: [1, 6] },
    oracle: gradientOf(
      ({ x }: { x: VarTensor }) => {
        const rows = range(x.shape[0], (i) => softmax(range(x.shape[1], (j) => x.at(i, j))));
        return table(x.shape, (i, j) => rows[i][j]);
      },
      { wrt: 'x', upstream: 'g' },
    ),
    checks: [gradientAgrees({ upstream: ['g'] })],
    misconceptions: {},
    hints: ['—'],
  });

  const judge = (e: Exercise, inputs: ValueRecord, value: Value) =>
    e.checks[0].judge(inputs, [{ kind: 'value', value }], e);
  const ways: [string, Exercise, ((i: NormInputs) => Value)[]][] = [
    [
      'LayerNorm',
      norm,
      [forwards, backwards, pairwise, compensated].flatMap((s) => [normBackward(s, true), normBackward(s, false)]),
    ],
    [
      'softmax',
      soft,
      [forwards, backwards, pairwise, compensated].flatMap((s) => [0, 1, 2].map((way) => softmaxBackward(s, way))),
    ],
  ];
  test.each(ways)('%s: a right backward pass is accepted however its sums are ordered', (_, e, functions) => {
    for (const inputs of draw(e, 3, 1_500))
      for (const f of functions) expect(judge(e, inputs, f(inputs as unknown as NormInputs))).toBeUndefined();
  });

  test.each(ways)('%s: an error of one in a million in the largest entry is rejected, and so are zeros', (_, e) => {
    for (const inputs of draw(e, 4, 200)) {
      const right = e.oracle(inputs);
      const most = Math.max(...scalars(right).map(Math.abs));
      if (most < 1e-3) continue;
      let done = false;
      const wrong = mapNumbers(right, (x) => (!done && Math.abs(x) === most ? ((done = true), x * (1 + 1e-6)) : x));
      expect(judge(e, inputs, wrong)).toBeDefined();
      expect(
        judge(
          e,
          inputs,
          mapNumbers(right, () => 0),
        ),
      ).toBeDefined();
      expect(
        judge(
          e,
          inputs,
          mapNumbers(right, () => NaN),
        ),
      ).toBeDefined();
    }
  });
});
