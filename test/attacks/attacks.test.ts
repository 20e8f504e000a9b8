/** Every attack at every level of this machine: see README.md beside this file. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { isAvailable } from '../../grader/sandbox/node/isolation.ts';
import { holds, page, PAGE, runAll, type Told } from './matrix.ts';

let all: Told[];
beforeAll(async () => {
  all = await runAll();
}, 900_000);

const bad = ({ run }: Told) =>
  run.cells
    .filter((cell) => !holds(cell, run.opened))
    .map(({ id, says, outcome, word, broken }) => `${id} ${says}: ${word} instead of ${outcome}; ${broken.join('; ')}`);

describe('attacks', () => {
  test('the grader ends as it should, whatever it was given, and names the level in every result', () => {
    expect(all.length).toBeGreaterThanOrEqual(3);
    for (const { run, code, errors } of all) {
      expect(errors, `${run.isolation} ${run.opened}`).toBe('');
      expect(code).toBe(0);
      expect(run.levels.filter((level) => level !== null)).toEqual([run.isolation]);
    }
  });

  test('no attack comes to anything, at any level', () => {
    for (const told of all.filter(({ run }) => run.opened === 'closed')) {
      expect(told.run.cells.length).toBeGreaterThan(70);
      expect(bad(told), told.run.isolation).toEqual([]);
    }
  });

  test('namespaces hold although the sandbox was opened from the inside; a process alone does not', () => {
    for (const told of all.filter(({ run }) => run.opened !== 'closed')) {
      expect(told.run.cells.length).toBeGreaterThan(20);
      if (told.run.isolation === 'namespaces') expect(bad(told), told.run.opened).toEqual([]);
      // Otherwise nothing was opened, and the line above says nothing.
      else expect(bad(told).length).toBeGreaterThan(2);
    }
  });

  test('the page is what came of it', async () => {
    const written = readFileSync(PAGE, 'utf8');
    const made = await page(all.map(({ run }) => run));
    if (await isAvailable('namespaces')) expect(written).toBe(made);
    else expect(written.split('\n').length).toBe(made.split('\n').length);
  });
});
