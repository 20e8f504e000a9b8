/** The product in WebAssembly gives the bits of the plain loop, and where it cannot be had nothing changes. */
import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { buildSync } from 'esbuild';
import fc from 'fast-check';
import wabt from 'wabt';
import { describe, expect, it } from 'vitest';
import { erf, erfc, normal, random } from '#tensor';
import { plainProduct } from '../../solutions/tensor/matmul.ts';
import { product } from '../../solutions/tensor/simd.ts';

const folder = new URL('../../solutions/tensor/', import.meta.url);

/** NaN, zeros of both signs and infinities among ordinary numbers; some so large that sums overflow. */
const odd = [NaN, 0, -0, Infinity, -Infinity, 1e308, -1e308, 5e-324];
function numbers(size: number, seed: number, wild: boolean): Float64Array {
  const { data } = normal([size], random(seed));
  if (wild) for (let i = 0; i < size; i += 7) data[i] = odd[(i + seed) % odd.length];
  return data;
}

describe('the product in WebAssembly', () => {
  it('has the bits of the plain loop, whatever the sizes', () => {
    const size = fc.integer({ min: 1, max: 37 });
    let used = 0;
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 37 }), size, size, fc.nat(1000), fc.boolean(), (m, k, n, seed, wild) => {
        const [a, b] = [numbers(m * k, seed, wild), numbers(k * n, seed + 1, wild)];
        const one = (each: (aAt: number, bAt: number, outAt: number) => void) => each(0, 0, 0);
        const fast = product(a, b, m * n, { m, k, n }, one);
        if (fast === undefined) return;
        used++;
        const plain = plainProduct(a, b, m * n, { m, k, n }, one);
        expect(fast.every((x, i) => Object.is(x, plain[i]))).toBe(true);
      }),
      { numRuns: 400 },
    );
    expect(used).toBeGreaterThan(100);
  });

  it('does so in batches, the leading axes broadcast, and after its memory has grown', () => {
    for (const [aShape, bShape] of [
      [
        [3, 1, 8, 20],
        [2, 20, 9],
      ],
      [
        [200, 90],
        [5, 90, 70],
      ],
    ]) {
      const [a, b] = [normal(aShape, random(1)), normal(bShape, random(2))];
      const y = a.matmul(b);
      // Every matrix alone is multiplied one row at a time: those are too small for WebAssembly.
      const batch = y.shape.slice(0, -2);
      const [aAll, bAll] = [a, b].map((x) => x.broadcastTo([...batch, ...x.shape.slice(-2)]));
      const [as, bs, ys] = [aAll, bAll, y].map((x) => x.reshape(-1, ...x.shape.slice(-2)));
      for (let i = 0; i < ys.shape[0]; i++)
        for (let row = 0; row < ys.shape[1]; row++)
          expect(as.slice(i, row).matmul(bs.row(i)).equals(ys.slice(i, row))).toBe(true);
    }
  });

  it('keeps nothing: the result is its own memory, and the operands are as they were', () => {
    const [a, b] = [normal([30, 30], random(1)), normal([30, 30], random(2))];
    const [before, y] = [a.data.slice(), a.matmul(b)];
    const first = y.data.slice();
    b.matmul(a);
    expect(a.data).toEqual(before);
    expect(y.data).toEqual(first);
    y.data.fill(0);
    expect(a.matmul(b).data).toEqual(first);
  });
});

it.each(['simd', 'exponentials'])('%s.ts holds what %s.wat compiles to', async (name) => {
  const module = (await wabt()).parseWat(name, readFileSync(new URL(`${name}.wat`, folder), 'utf8'), { simd: true });
  const hex = Buffer.from(module.toBinary({}).buffer).toString('hex');
  expect(readFileSync(new URL(`${name}.ts`, folder), 'utf8')).toContain(`'${hex}'`);
});

describe('without WebAssembly', () => {
  const { outputFiles } = buildSync({
    stdin: {
      contents: `
        import { erf, erfc, normal, random } from './index.ts';
        const [a, b] = [normal([20, 30], random(1)), normal([30, 10], random(2))];
        globalThis.result = [a.matmul(b), a.exp(), erf(a), erfc(a)].map((x) => x.data.join());`,
      resolveDir: folder.pathname,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'iife',
  });
  const [a, b] = [normal([20, 30], random(1)), normal([30, 10], random(2))];
  const expected = [a.matmul(b), a.exp(), erf(a), erfc(a)].map((x) => x.data.join());

  it.each([
    ['in a realm that has none', { globals: 'delete globalThis.WebAssembly;', wasm: true }],
    ['in a realm that forbids it', { globals: '', wasm: false }],
    [
      'on an engine whose WebAssembly knows no SIMD',
      { globals: "WebAssembly.Module = function () { throw new Error('no SIMD') };", wasm: true },
    ],
  ])('%s the results are the same', (_, { globals, wasm }) => {
    const realm = createContext({}, { codeGeneration: { strings: false, wasm } });
    runInContext(globals, realm);
    runInContext(outputFiles[0].text, realm);
    expect([...(realm.result as string[])]).toEqual(expected);
  });
});
