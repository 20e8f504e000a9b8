import { beforeAll, describe, expect, test } from 'vitest';
import { allDesks, type Desk } from './desks.ts';
import { likeness } from './expected.ts';
import { grading, throughChild, values } from './fuzz.ts';
import { inThisProcess, type Hostile } from './realm.ts';

let hostile: Hostile;
let desks: Desk[];
beforeAll(async () => {
  [desks, hostile] = await Promise.all([allDesks(), inThisProcess()]);
});

const fine = { wrongAccepts: [], wrongRejects: [], faults: [] };

describe('hostile values', () => {
  test('none breaks the judge, none is taken for what it is not', () => {
    const found = values(hostile, desks, 0, 400);
    expect(found).toMatchObject({ values: 400, ...fine });
    expect(found.taken).toBeGreaterThan(20);
    expect(found.refused).toBeGreaterThan(200);
  });

  test('nor does a submission of nothing else', async () => {
    for (const block of [3, 8]) {
      const found = await grading(hostile, desks, block);
      expect(found).toMatchObject(fine);
      expect(found.values).toBeGreaterThan(0);
    }
  });

  test('nor those that a real process gives back', async () => {
    const found = await throughChild(hostile, desks, 24, 80);
    expect(found).toMatchObject({ values: 80, ...fine });
    expect(found.taken).toBeGreaterThan(2);
  });

  test('a judge that breaks, or is deceived, would be seen', async () => {
    const broken: Hostile = { ...hostile, value: () => { throw new Error('broken'); } }; // prettier-ignore
    expect(values(broken, desks, 0, 40).faults.length).toBe(40);
    // Says of what is right that it is something else, and the other way round.
    const deceived: Hostile = {
      ...hostile,
      meaning: (text) => JSON.stringify({ s: `not ${text}` }),
    };
    expect(values(deceived, desks, 0, 400).wrongAccepts.length).toBeGreaterThan(20);
    const modest: Hostile = { ...hostile, meaning: (text) => text };
    expect(values(modest, desks, 0, 400).wrongRejects.length).toBeGreaterThan(100);
    const polluting: Hostile = {
      ...hostile,
      value(text, seed) {
        Object.defineProperty(Object.prototype, 'polluted', { value: 1, enumerable: true, configurable: true });
        return hostile.value(text, seed);
      },
    };
    const { faults } = await Promise.resolve(values(polluting, desks, 0, 1));
    Reflect.deleteProperty(Object.prototype, 'polluted');
    expect(faults.at(-1)).toContain('polluted');
  });
});

test('what is alike is said without the judge’s own comparison', () => {
  const means = (...fields: [string, object][]) => ({ r: fields }) as never;
  expect(likeness({ a: 1 }, means(['a', { n: 1 }], ['more', { odd: 'x' }]))).toBe('equal');
  expect(likeness({ a: 1 }, means(['a', { n: 1 + 1e-9 }]))).toBe('near');
  expect(likeness({ a: 1 }, means(['a', { n: 1.001 }]))).toBe('different');
  expect(likeness({ a: 1 }, means(['a', { n: 'NaN' }]))).toBe('different');
  expect(likeness({ a: 1 }, means(['a', { s: '1' }]))).toBe('different');
  expect(likeness({ a: 1 }, means())).toBe('different');
  expect(likeness(NaN, { n: 'NaN' })).toBe('different');
  expect(likeness(-Infinity, { n: '-Infinity' })).toBe('equal');
});
