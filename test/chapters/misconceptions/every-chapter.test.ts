import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CHAPTERS } from '../../../grader/chapters.ts';

test.each(CHAPTERS.map(({ id }) => id))("%s's named mistakes are tested", (id) => {
  expect(existsSync(new URL(`./${id}.test.ts`, import.meta.url))).toBe(true);
});
