/** Results are cut from common blocks, and nobody can tell: every one has its own numbers, and all of them begin as 0. */
import { describe, expect, it } from 'vitest';
import { Tensor, arange, normal, random, tensor, zeros } from '#tensor';
import { allocate, copyOf } from '../../solutions/tensor/memory.ts';

const SIZES = [0, 1, 8, 9, 100, 1000, 2047, 2048, 2049, 5000];

describe('allocate', () => {
  it('gives arrays of zeros of the length asked for', () => {
    for (let round = 0; round < 40; round++) {
      for (const size of SIZES) {
        const fresh = allocate(size);
        expect(fresh.length).toBe(size);
        expect(fresh.every((x) => Object.is(x, 0))).toBe(true);
        fresh.fill(7); // would be seen by whoever shared a number with it
      }
    }
  });

  it('gives no number twice', () => {
    const taken = new Map<ArrayBufferLike, [number, number][]>();
    const kept = Array.from({ length: 400 }, (_, i) => allocate(SIZES[i % SIZES.length]!));
    for (const { buffer, byteOffset, byteLength } of kept) {
      const others = taken.get(buffer) ?? [];
      for (const [start, end] of others) expect(byteOffset >= end || byteOffset + byteLength <= start).toBe(true);
      taken.set(buffer, [...others, [byteOffset, byteOffset + byteLength]]);
    }
    expect(taken.size).toBeLessThan(kept.length); // or nothing was cut from a block
  });

  it('copies with copyOf', () => {
    for (const size of SIZES) {
      const x = normal([size], random(size)).data;
      const copy = copyOf(x);
      expect(copy).toEqual(x);
      copy.fill(9);
      expect(x.includes(9)).toBe(false);
    }
  });
});

describe('results', () => {
  const x = tensor([
    [1, 2, 3, 4, 5],
    [6, 7, 8, 9, 10],
  ]);
  it.each<[string, () => Tensor]>([
    ['add', () => x.add(x)],
    ['mul', () => x.mul(2)],
    ['T', () => x.T],
    ['transpose', () => x.transpose(1, 0)],
    ['reshape', () => x.reshape(5, 2)],
    ['map', () => x.map((v) => v)],
    ['slice', () => x.slice(null, [0, 5])],
    ['broadcastTo', () => x.broadcastTo([2, 5])],
    ['matmul', () => x.matmul(x.T)],
    ['row', () => x.broadcastTo([3, 2, 5]).row(1)],
  ])('%s: what is written into one changes no other', (_, make) => {
    const before = make();
    const values = Array.from(before.data);
    const [one, two] = [make(), make()];
    one.data.fill(-1);
    expect(Array.from(before.data)).toEqual(values);
    expect(Array.from(two.data)).toEqual(values);
    expect(Array.from(x.data)).toEqual(Array.from(arange(1, 11).data));
  });

  it('zeros are zero, whatever was written before', () => {
    for (let i = 0; i < 200; i++) zeros(30).data.fill(i + 1);
    expect(Array.from(zeros(30).data)).toEqual(Array<number>(30).fill(0));
  });
});

describe('shapes', () => {
  it('are the caller’s no longer: changing the list changes no tensor, also one made of an equal list', () => {
    const shape = [2, 3];
    const [a, b] = [new Tensor(shape, new Float64Array(6)), new Tensor([2, 3], new Float64Array(6))];
    shape[0] = 6;
    shape[1] = 1;
    expect([a.shape, b.shape]).toEqual([
      [2, 3],
      [2, 3],
    ]);
    expect(() => ((a.shape as number[])[0] = 1)).toThrow(TypeError);
    expect(new Tensor(shape, new Float64Array(6)).shape).toEqual([6, 1]);
  });

  it('are told apart though there are very many of them', () => {
    for (let m = 0; m < 40; m++)
      for (let n = 0; n < 40; n++) {
        expect(new Tensor([m, n], new Float64Array(m * n)).shape).toEqual([m, n]);
        expect(new Tensor([n, 1, m], new Float64Array(m * n)).shape).toEqual([n, 1, m]);
      }
  });
});
