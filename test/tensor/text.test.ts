import fc from 'fast-check';
import { expect, it } from 'vitest';
import { utf8Decode, utf8Encode } from '#tensor';
import { thrown } from './naive.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

it('encodes as TextEncoder does, lone surrogates included', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    fc.array(fc.integer({ min: 0xd700, max: 0xe0ff })).map((units) => String.fromCharCode(...units)),
  );
  fc.assert(
    fc.property(text, (text) => {
      expect(utf8Encode(text)).toEqual(new Uint8Array(encoder.encode(text)));
    }),
    { numRuns: 500 },
  );
});

it('decodes any bytes as TextDecoder does', () => {
  const lead = fc.constantFrom(0xc0, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff);
  const rest = fc.constantFrom(0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0x41, 0x7f);
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.array(fc.oneof(lead, rest, rest)).map((list) => Uint8Array.from(list)),
  );
  fc.assert(
    fc.property(bytes, (bytes) => {
      expect(utf8Decode(bytes)).toBe(decoder.decode(bytes));
      expect(utf8Decode([...bytes])).toBe(decoder.decode(bytes));
    }),
    { numRuns: 2000 },
  );
});

it('brings every well-formed text back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      fc.pre(!/\p{Surrogate}/u.test(text));
      expect(utf8Decode(utf8Encode(text))).toBe(text);
    }),
  );
  expect(utf8Decode(utf8Encode('手搓深度学习 🌱 é a\u0000'))).toBe('手搓深度学习 🌱 é a\u0000');
});

it('knows the four lengths and their edges', () => {
  const bytesOf = (code: number) => [...utf8Encode(String.fromCodePoint(code))];
  expect([0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff].map(bytesOf)).toEqual([
    [0x7f],
    [0xc2, 0x80],
    [0xdf, 0xbf],
    [0xe0, 0xa0, 0x80],
    [0xef, 0xbf, 0xbf],
    [0xf0, 0x90, 0x80, 0x80],
    [0xf4, 0x8f, 0xbf, 0xbf],
  ]);
});

it('replaces each malformed piece once, and keeps a byte order mark', () => {
  expect(utf8Decode([0x61, 0xe6, 0x89, 0x62])).toBe('a\ufffdb');
  expect(utf8Decode([0xf0, 0x9f, 0x8c])).toBe('\ufffd');
  expect(utf8Decode([0xed, 0xa0, 0x80])).toBe('\ufffd\ufffd\ufffd');
  expect(utf8Decode([0xef, 0xbb, 0xbf, 0x61])).toBe('\ufeffa');
  expect(utf8Decode([])).toBe('');
  expect(thrown(() => utf8Encode(undefined as never))).toBe('TypeError: utf8Encode needs a string, got undefined');
});
