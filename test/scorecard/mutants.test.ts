import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import type { Equivalent } from '../equivalents/equivalent.ts';
import { sorted } from './equivalents.ts';
import { mutantsOf } from './mutants.ts';
import type { Judged } from './mutation.ts';
import { soak } from './soak.ts';

const file = (body: string) => `
const SCALE = 2;
/** Twice, or so. */
export function f(x: Tensor, w: Tensor, rows: 1 | 2): Tensor {
  // #region f
  ${body}
  // #endregion
}
`;
/** What becomes of a body, change by change. */
const changed = (body: string) => mutantsOf(file(body), 'f.ts').map((m) => `${m.operator}: ${m.before} → ${m.after}`);

describe('mutants', () => {
  test.each([
    ['return a + b;', ['sign: + → -', 'left out: a + b → a', 'left out: a + b → b']],
    ['return a < b;', ['comparison: < → <=', 'comparison: < → >']],
    ['total += x;', ['left out: total += x; → ;', 'missing sum: += → =', 'missing sum: += → -=']],
    ['return xs[t];', ['off by one: t → t - 1', 'off by one: t → t + 1']],
    ['return w.T;', ['transpose: w.T → w']],
    ['return x.sum(0);', ['missing sum: sum → mean', 'axis or argument: 0 → 1']],
    ['return x.matmul(w);', ['swapped operands: x.matmul(w) → (w).matmul(x)']],
    ['return -x;', ['sign: -x → x']],
    ['return { dx, dw };', ['swapped results: { dx, dw } → { dx: dw, dw: dx }']],
  ])('%s', (body, expected) => expect(changed(body)).toEqual(expected));

  test('only what a student writes is changed, never types, and every mutant is another, well-formed program', () => {
    const text = readFileSync(new URL('../../solutions/chapter-1-mp/neuron.ts', import.meta.url), 'utf8');
    const mutants = mutantsOf(text, 'neuron.ts');
    expect(mutants.length).toBeGreaterThan(50);
    expect(new Set(mutants.map((m) => m.text)).size).toBe(mutants.length);
    expect(mutants.every((m) => m.text !== text)).toBe(true);
    for (const m of mutants) {
      const { diagnostics } = ts.transpileModule(m.text, { reportDiagnostics: true });
      expect(diagnostics, `${m.line}: ${m.before} → ${m.after}`).toEqual([]);
    }
    expect(changed('const n: 1 = rows; return n;')).toEqual([]);
  });
});

describe('records of equivalent mutants', () => {
  const mutant = (change: Partial<Judged>): Judged => ({
    chapter: 'chapter-1',
    topic: 'neuron',
    exercise: 'step',
    operator: 'sign',
    line: 4,
    before: '+',
    after: '-',
    on: 'return a + 0;',
    from: 9,
    to: 10,
    verdict: 'pass',
    ...change,
  });
  const record = (change: Partial<Equivalent> = {}): Equivalent => {
    const { topic, exercise, operator, before, after } = mutant({});
    return { topic, exercise, operator, before, after, reason: 'same value', ...change };
  };

  test('a survivor is one that no record speaks of', () => {
    const { killed, equivalent, surviving, stale } = sorted(
      [mutant({}), mutant({ line: 5, before: '*' }), mutant({ line: 6, before: '/', verdict: 'fail' })],
      [record()],
    );
    expect(killed.map((m) => m.line)).toEqual([6]);
    expect(equivalent.map((e) => [e.mutant.line, e.record.reason])).toEqual([[4, 'same value']]);
    expect(surviving.map((m) => m.line)).toEqual([5]);
    expect(stale).toEqual([]);
  });

  test('a record is stale when one of its mutants is killed, or when it has none', () => {
    const { surviving, stale } = sorted(
      [mutant({}), mutant({ line: 5, on: 'return a + b;', verdict: 'fail' })],
      [record(), record({ exercise: 'gone' })],
    );
    expect(stale.map((s) => s.killed.map((m) => m.line))).toEqual([[5], []]);
    expect(surviving).toEqual([]);
  });

  test('`on` picks one of several places', () => {
    const places = [mutant({}), mutant({ line: 5, on: 'return a + b;', verdict: 'fail' })];
    expect(sorted(places, [record({ on: 'a + 0' })]).stale).toEqual([]);
    expect(sorted(places, [record({ on: 'a + b' })]).surviving.map((m) => m.line)).toEqual([4]);
  });

  test('of several places on one line, it picks the one around the change', () => {
    const on = 'return a + b + c;';
    const places = [mutant({ on, from: 9, to: 10 }), mutant({ on, from: 13, to: 14, verdict: 'fail' })];
    const [first] = mutantsOf(file(on), 'f.ts');
    expect([first!.on, first!.from, first!.to]).toEqual([on, 13, 14]);
    expect(sorted(places, [record({ on: 'a + b' })]).stale).toEqual([]);
    expect(sorted(places, [record({ on: 'b + c' })]).stale.length).toBe(1);
  });
});

test('a soak judges the solutions with one seed after another', async () => {
  const seen = [];
  for await (const soaked of soak('chapter-1', 900)) seen.push(soaked);
  expect(seen.reduce((sum, s) => sum + s.cases, 0)).toBeGreaterThanOrEqual(900);
  expect(new Set(seen.map((s) => s.topic)).size).toBe(3);
  expect(seen.flatMap((s) => s.rejected)).toEqual([]);
});
