import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeHash, look, make, names, results } from '../../site/lessons/results.ts';

let folder: string;
const put = (name: string, text: string) => writeFileSync(join(folder, name), text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'results-'));
  put('rule.ts', 'export const factor = 2;\n');
  put('long.ts', "import { factor } from './rule.ts';\nexport const compute = () => [factor * 21];\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('stored results', () => {
  it('are read back while the code is the same', async () => {
    expect(names(folder)).toContain('long');
    await make('long', folder);
    expect(look('long', folder).fresh).toBe(true);
    expect(results<number[]>('long', folder)).toEqual([42]);
  });

  it('are refused when they are missing', () => {
    expect(() => results('long', folder)).toThrow(/missing: run "npm run lab:results long"/);
  });

  it('are refused when something that the code imports has changed', async () => {
    await make('long', folder);
    put('rule.ts', 'export const factor = 3;\n');
    expect(() => results('long', folder)).toThrow(/other code.*npm run lab:results long/);
  });

  it('stay when only comments, types, spaces or the folder change', () => {
    const before = codeHash(join(folder, 'long.ts'));
    put('rule.ts', '/** Twice. */\nexport const factor: number = 2; // even\n');
    expect(codeHash(join(folder, 'long.ts'))).toBe(before);
    const other = folder;
    folder = mkdtempSync(join(tmpdir(), 'results-elsewhere-'));
    put('rule.ts', 'export const factor = 2;\n');
    put('long.ts', "import { factor } from './rule.ts';\n\nexport const compute = () => [factor * 21];\n");
    expect(codeHash(join(folder, 'long.ts'))).toBe(before);
    rmSync(other, { recursive: true });
  });
});
