import { describe, expect, test } from 'vitest';
import { scalars } from '../../grader/engine/index.ts';
import { GOLDENS } from './index.ts';
import { exerciseOf, expectedBy, oracleDiffers, solutionDiffers, sourceOf, tells } from './verdicts.ts';

const found = await Promise.all(GOLDENS.map(async (golden) => ({ golden, ...(await exerciseOf(golden)) })));

describe.each(found.map((f) => [`${f.golden.exercise}: ${sourceOf(f.golden)}'s ${f.golden.name}`, f] as const))(
  '%s',
  (_title, { golden, exercise }) => {
    test('has something to compare', () => {
      expect(scalars(expectedBy(golden)).length).toBeGreaterThan(0);
    });

    test('the oracle agrees', async () => {
      expect(await oracleDiffers(golden)).toEqual([]);
    });

    test('the solution agrees', async () => {
      expect(await solutionDiffers(golden)).toEqual([]);
    });

    test.each(Object.keys(exercise.misconceptions))('it tells "%s" from the right answer', (name) => {
      // A golden that turns out to see a "blind" one must not go on claiming that it cannot.
      expect(tells(golden, exercise, name)).toBe(!(golden.blind && name in golden.blind));
    });

    test('speaks only of misconceptions that exist', () => {
      expect(Object.keys(golden.blind ?? {}).filter((name) => !(name in exercise.misconceptions))).toEqual([]);
    });
  },
);
