import { readFileSync, readdirSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';

const folder = new URL('../../solutions/tensor/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));

it('runs in a realm that has only the bare language', () => {
  const { outputFiles } = buildSync({
    stdin: {
      contents: `
        import * as library from './index.ts';
        const { tensor, random, normal, utf8Encode, utf8Decode, erf, roundHalf, Tensor } = library;
        const x = normal([3, 4], random('bare'));
        const y = x.matmul(x.T).add(1).sum(0).reshape(-1, 1);
        globalThis.result = [
          y.shape.join(), String(tensor([1, 2])), utf8Decode(utf8Encode('手')), erf(1) > 0.84, roundHalf(0.1),
          new Tensor([2], foreign).data === foreign, Object.keys(library).length,
        ];
      `,
      resolveDir: folder.pathname,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'iife',
  });
  const foreign = Float64Array.of(1, 2); // made in this realm, used in the other
  const realm = createContext({ foreign });
  runInContext(outputFiles[0].text, realm);
  const result = [...(realm.result as unknown[])];
  expect(result.slice(0, 6)).toEqual(['3,1', 'Tensor (2)\n[  1  2 ]', '手', true, 0.0999755859375, true]);
  expect(result[6]).toBeGreaterThan(25);
});

describe.each(files)('%s', (name) => {
  const text = readFileSync(new URL(name, folder), 'utf8');

  it('imports only its neighbours, by their file names', () => {
    const sources = [...text.matchAll(/^(?:import|export)[^;]*? from '([^']+)'/gm)].map((match) => match[1]);
    expect(sources.filter((source) => !/^\.\/[a-z]+\.ts$/.test(source))).toEqual([]);
    expect(sources.filter((source) => !files.includes(source.slice(2)))).toEqual([]);
    expect(text).not.toMatch(/\bimport\(|\brequire\(/);
  });

  it('begins by saying what it is', () => {
    expect(text.startsWith('/**')).toBe(true);
  });
});
