/** Values as bytes: what lies beside a value changes nothing about it. */
import { DefaultSerializer } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { pack, unpack } from '../../grader/sandbox/node/packing.ts';
import { digestOf } from '../../grader/sandbox/node/remembered.ts';

const answer = (value: unknown, console = '') => ({ what: { kind: 'value', value }, console });
const tensor = () => ({ t: 'tensor', shape: [2], data: Float64Array.of(-0, 0.1) });
const ANSWERS = [
  ...['', 'a', 'ab', 'abc'].map((text) => answer(text)),
  ...['≥', 'a ≥ 0', '梯度'].map((text) => answer(text, text)),
  answer({ t: 'array', items: [tensor(), tensor()] }),
  { what: { kind: 'error', fn: 'f', name: 'RangeError', message: 'needs a ≥ 0', stack: '' }, console: 'a' },
  answer(Uint8Array.of(1, 2, 3)),
  answer(undefined),
];

describe('packed values', () => {
  test('come back as they were', () => {
    expect(unpack(pack(ANSWERS), ANSWERS.length)).toEqual(ANSWERS);
    expect(unpack(pack([]), 0)).toEqual([]);
    // Wherever the bytes lie.
    const packed = pack(ANSWERS);
    const beside = new Uint8Array(packed.length + 7);
    beside.set(packed, 3);
    expect(unpack(beside.subarray(3, -4), ANSWERS.length)).toEqual(ANSWERS);
  });

  test('have a digest that depends on their order, and not on how they were grouped', () => {
    // Of each a copy: answers that come out of a realm share no objects.
    const grouped = (...groups: (typeof ANSWERS)[]) =>
      digestOf(
        groups.map((some) => ({
          count: some.length,
          packed: pack(some.map((value) => structuredClone(value))),
          ended: false,
        })),
      );
    for (const a of ANSWERS)
      for (const b of ANSWERS) {
        expect(grouped([a], [b])).toBe(grouped([a, b]));
        if (a !== b) expect(grouped([b], [a])).not.toBe(grouped([a, b]));
      }
    for (let at = 1; at < ANSWERS.length; at++)
      expect(grouped(ANSWERS.slice(0, at), ANSWERS.slice(at))).toBe(grouped(ANSWERS));
  });

  test('are refused where they are not so many', () => {
    const packed = pack(ANSWERS);
    expect(() => unpack(packed, ANSWERS.length + 1)).toThrow();
    expect(() => unpack(packed.subarray(0, -1), ANSWERS.length)).toThrow();
    const writer = new DefaultSerializer();
    writer.writeHeader();
    for (const value of [1, 2]) writer.writeValue(value);
    expect(() => unpack(writer.releaseBuffer(), 1)).toThrow('value 0 has no end');
  });
});
