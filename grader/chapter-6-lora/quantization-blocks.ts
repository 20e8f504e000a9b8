/** Exercises of ggml's block formats, byte by byte: q8_0 and q4_0, there and back. */
import { fromHalfBits, halfBits } from '#tensor';
import { agrees, exercise, pure, range, rejects, vector, type ValueRecord } from '../engine/index.ts';
import {
  extreme,
  float,
  fromHalf,
  fromQ4Block,
  fromQ8Block,
  halfOf,
  largest,
  nearest,
  q4Block,
  q8Block,
} from './definitions-quantization.ts';

interface Numbers {
  x: number[];
}
interface Bytes {
  bytes: number[];
}

const block = { x: vector(32, { step: 0.125 }) };
const zeros = range(32, () => 0);
/** Not zeros yet, but zeros in float32. */
const nothing = range(32, () => 1e-50);
const wrongLengths = (name: string, right: number) =>
  [right - 1, right + 1, 0].map((n) => ({ [name]: range(n, () => 1) }));

// Blocks that tell the ways apart. With d = 1 halves are exact; with d = 41 division and multiplication by 1/d differ in
// float32, with 49, 75, 77 and 107 float32 and float64 do; with 11 / 127 (q8_0) and 0.0875 (q4_0) it matters that the numbers
// themselves are floats, and the scale of 11, too; ten to the minus seven has no scale left in half precision.
const halves = (d: number, most: number) => [most * d, ...range(31, (i) => d * (i - 14.5))];
const levels = (d: number) => [-8 * d, ...range(31, (i) => d * ((i % 15) - 7.5))];
const tiny = (scale: number) => range(32, (i) => scale * (((7 * i) % 31) - 15));
const shades = (m: number) => range(32, (i) => ((11 * i + m) % 37) / 37 - 0.45);

// q8_0

interface Ways8 {
  /** the scale, in float32 */
  d: (values: number[]) => number;
  /** what a number becomes, given d */
  step: (value: number, d: number) => number;
  byte: (q: number) => number;
  /** d as it is stored */
  head: (d: number) => number[];
  /** what every intermediate result is rounded to */
  round: (x: number) => number;
  /** what is done to the numbers first */
  read: (x: number) => number;
}
const q8 =
  (ways: Partial<Ways8>) =>
  ({ x }: Numbers) => {
    const round = ways.round ?? float;
    const inverse = (d: number) => (d === 0 ? 0 : round(1 / d));
    const values = x.map(ways.read ?? round);
    const d = (ways.d ?? ((v) => round(largest(v) / 127)))(values);
    const step = ways.step ?? ((value, by) => nearest(round(value * inverse(by))));
    const byte = ways.byte ?? ((q) => (q < 0 ? 256 + q : q + 0));
    return [...(ways.head ?? halfOf)(d), ...values.map((value) => byte(step(value, d)))];
  };

const viaHalf = (d: number) => fromHalfBits(halfBits(d));
const scaled = (value: number, d: number) => float(value * (d === 0 ? 0 : float(1 / d)));

export const packQ8 = exercise({
  points: 3,
  inputs: block,
  oracle: ({ x }) => q8Block(x),
  checks: [
    agrees({ exact: true, cases: 20 }),
    pure({ cases: 2 }),
    rejects('a block that has not 32 numbers', wrongLengths('x', 32), { worth: 1 }),
  ],
  examples: [
    { x: halves(1, 127) },
    { x: halves(-2, 127) },
    ...[41, 47, 49, 107, 11 / 127, 22 / 127].map((d) => ({ x: halves(d, 127) })),
    { x: tiny(1e-9) },
    { x: tiny(-2e-9) },
    { x: shades(3) },
    { x: shades(20) },
    { x: zeros },
    { x: nothing },
    { x: [...zeros.slice(1), -2] },
    { x: range(32, (j) => -1 - j / 16) },
    { x: range(32, (j) => (j % 5) / 2 - 2.5) },
    { x: range(32, (j) => (j % 7) / 2 - 30) },
  ],
  misconceptions: {
    'Math.round': {
      wrong: q8({ step: (value, d) => Math.round(scaled(value, d)) }),
      says: 'Negative halves go the wrong way: Math.round(-2.5) is −2. roundAwayFromZero is to send it to −3.',
    },
    'cut off instead of rounded': {
      wrong: q8({ step: (value, d) => Math.trunc(scaled(value, d)) }),
      says: 'Your steps are cut off towards zero. 3.9 steps are nearly 4 of them, and should become 4.',
    },
    'scale in half precision before 1/d': {
      wrong: q8({ step: (value, d) => nearest(scaled(value, float(viaHalf(d)))) }),
      says: 'You round d to half precision first and divide by what is left of it. ggml computes the steps with d as it is, and rounds only what is stored.',
    },
    'divided by d': {
      wrong: q8({ step: (value, d) => (d === 0 ? 0 : nearest(float(value / d))) }),
      says: 'You divide each number by d, or your 1/d keeps all its digits. ggml computes 1/d once, rounds it to float32 and multiplies by it; now and then that is one step less or more, and here every bit counts.',
    },
    'product not rounded to float32': {
      wrong: q8({ step: (value, d) => nearest(d === 0 ? 0 : value * float(1 / d)) }),
      says: 'The product with 1/d keeps all the digits of a JavaScript number. In C it is a float: what does Math.fround make of it, just beside a half?',
    },
    'scale not rounded to float32': {
      wrong: q8({ d: (values) => largest(values) / 127 }),
      says: 'Your d keeps all the digits of a JavaScript number. In C it is a float, and 1/d is made from that float: what does Math.fround make of max |x| / 127?',
    },
    'numbers not rounded to float32': {
      wrong: q8({ read: (x) => x }),
      says: 'You compute with x as it comes, in 64 bits. In C the numbers are floats before anything is done with them: Math.fround first.',
    },
    'in double precision': {
      wrong: q8({ round: (x) => x }),
      says: 'You compute with JavaScript’s 64 bits throughout. Every step is to be rounded to 32 of them, or some byte will differ from ggml’s.',
    },
    'high byte first': {
      wrong: q8({ head: (d) => halfOf(d).reverse() }),
      says: 'The two bytes of the scale have changed places. Which of them comes first?',
    },
    'scale stored inverted': {
      wrong: q8({ head: (d) => halfOf(d === 0 ? 0 : float(1 / d)) }),
      says: 'You store 1/d. Whoever unpacks multiplies by what is stored.',
    },
    'numbers from 128': {
      wrong: q8({ byte: (q) => q + 128 }),
      says: 'You add 128 to every step, so that none is negative. An int8 keeps 0 … 127 as they are, and counts the negative ones down from 256.',
    },
    'sign in the highest bit': {
      wrong: q8({ byte: (q) => (q < 0 ? 128 - q : q + 0) }),
      says: 'You store the size and a bit for the sign. An int8 is a two’s complement: −1 is 255, not 129.',
    },
    'one’s complement': {
      wrong: q8({ byte: (q) => (q < 0 ? 255 + q : q + 0) }),
      says: 'Your negative steps are one too low: −1 has become 254. Counting down from 256, which byte comes first?',
    },
    'negative bytes': {
      wrong: q8({ byte: (q) => q }),
      says: 'Some of your bytes are negative. A byte is 0 … 255; what stands for −1 in it?',
    },
    '128 steps': {
      wrong: q8({
        d: (values) => float(largest(values) / 128),
        byte: (q) => (q + 256) % 256,
      }),
      says: 'You divide the largest number by 128. Then it becomes step 128, for which an int8 has no place: it comes out as −128.',
    },
    'scale with a sign': {
      wrong: q8({ d: (values) => float(extreme(values) / 127) }),
      says: 'Your scale takes over the sign of the largest number. That is q4_0’s way; here the scale is made of sizes, max |x|.',
    },
    'largest instead of largest in size': {
      wrong: q8({ d: (values) => float(Math.max(...values) / 127) }),
      says: 'Your scale comes from max x. What if the largest number in size is negative?',
    },
    'largest instead of largest in size, in eight bits': {
      wrong: q8({ d: (values) => float(Math.max(...values) / 127), byte: (q) => q & 255 }),
      says: 'Your scale comes from max x. What if the largest number in size is negative?',
    },
    'largest, but not below zero': {
      wrong: q8({ d: (values) => float(Math.max(0, ...values) / 127) }),
      says: 'Your scale comes from max x, begun at 0. What if the largest number in size is negative?',
    },
    'largest, but not below zero, in eight bits': {
      wrong: q8({ d: (values) => float(Math.max(0, ...values) / 127), byte: (q) => q & 255 }),
      says: 'Your scale comes from max x, begun at 0. What if the largest number in size is negative?',
    },
    'nothing divided by nothing': {
      wrong: ({ x }) => (largest(x.map(float)) === 0 ? [0, 0, ...range(32, () => NaN)] : q8Block(x)),
      says: 'A block of zeros gives NaN: its scale is 0, and 1/d is infinite. What should 1/d be there?',
    },
    'scale at the end': {
      wrong: ({ x }) => {
        const [low, high, ...rest] = q8Block(x);
        return [...rest, low!, high!];
      },
      says: 'Your scale stands behind the numbers. In the format it comes first.',
    },
    'four bytes of scale': {
      wrong: q8({ head: (d) => range(4, (i) => new DataView(Float32Array.of(d).buffer).getUint8(i)) }),
      says: 'Your scale takes four bytes. It is stored in half precision: `halfBits` gives its 16 bits.',
    },
    'floats in double precision': {
      wrong: q8({ read: float, round: (x) => x }),
      says: 'You round the numbers to float32 and compute with JavaScript’s 64 bits from there. Every step is to be rounded to 32 of them, or some byte will differ from ggml’s.',
    },
  },
  hints: [
    'What is the largest size in this block, and how large must one of 127 steps be to reach it?',
    '2 bytes for the scale, then 32 for the steps: [...scale, ...steps]. Each step of arithmetic goes through Math.fround.',
    'd = fround(amax / 127), id = fround(1 / d) or 0, q = roundAwayFromZero(fround(x · id)); q & 255 is its byte; halfBits(d) & 255 and halfBits(d) >> 8 are those of the scale.',
    'const values = x.map(Math.fround); const d = Math.fround(Math.max(...values.map(Math.abs)) / 127);',
  ],
  uses: ['roundAwayFromZero'],
});

/** Bytes of blocks, for the way back: some packed, some of all kinds. */
const anyBytes = (n: number, low: number, high: number, by: number) => [
  low,
  high,
  ...range(n - 2, (i) => (by * i + 7 * (i % 3) + 100) % 256),
];
const examples8 = [
  anyBytes(34, 0, 60, 37),
  anyBytes(34, 51, 46, 91),
  [...halfOf(0.25), ...range(32, (i) => 128 + i)],
  [...halfOf(1.5), ...range(32, (i) => 143 - i)],
];

const from8 =
  (ways: { d?: (low: number, high: number) => number; q?: (byte: number) => number }) =>
  ({ bytes: [low, high, ...rest] }: Bytes) => {
    const d = (ways.d ?? fromHalf)(low!, high!);
    return rest.map((byte) => float(d * (ways.q ?? ((b: number) => (b > 127 ? b - 256 : b)))(byte)));
  };

export const unpackQ8 = exercise<typeof block, Bytes & ValueRecord>({
  points: 2,
  inputs: block,
  derive: ({ x }) => ({ bytes: q8Block(x) }),
  parameters: ['bytes'],
  oracle: ({ bytes }) => fromQ8Block(bytes),
  checks: [
    agrees({ exact: true, cases: 15 }),
    pure({ cases: 2 }),
    rejects('a block that has not 34 bytes', wrongLengths('bytes', 34), { worth: 1 }),
  ],
  examples: examples8.map((bytes) => ({ bytes })),
  misconceptions: {
    'bytes without a sign': {
      wrong: from8({ q: (byte) => byte }),
      says: 'Your numbers are never negative: you take 255 for 255. As an int8 it stands for −1.',
    },
    'numbers from 128': {
      wrong: from8({ q: (byte) => byte - 128 }),
      says: 'You subtract 128 from every byte. Of an int8 only those above 127 stand for something negative, and byte 0 is 0.',
    },
    'sign in the highest bit': {
      wrong: from8({ q: (byte) => (byte > 127 ? 128 - byte : byte) }),
      says: 'You take the highest bit for a sign and the rest for a size. In two’s complement 255 is −1 and 129 is −127.',
    },
    'one too far': {
      wrong: from8({ q: (byte) => (byte > 127 ? byte - 255 : byte) }),
      says: 'Your negative numbers are one step off. Byte 255 is −1: how far down is that?',
    },
    '128 taken for positive': {
      wrong: from8({ q: (byte) => (byte > 128 ? byte - 256 : byte) }),
      says: 'Byte 128 comes out as +128. An int8 ends at 127, and 128 is −128.',
    },
    'high byte first': {
      wrong: from8({ d: (low, high) => fromHalf(high, low) }),
      says: 'You read the scale with its bytes exchanged. The low one comes first.',
    },
    'bits taken for the scale': {
      wrong: from8({ d: (low, high) => low + 256 * high }),
      says: 'Your scale is the 16 bits read as a whole number. They are a number in half precision: `fromHalfBits`.',
    },
    'low byte only': {
      wrong: from8({ d: (low) => fromHalfBits(low) }),
      says: 'You make the scale from its first byte alone. The second holds its sign, its exponent and the higher digits.',
    },
    'divided by 127 once more': {
      wrong: from8({ d: (low, high) => fromHalf(low, high) / 127 }),
      says: 'You divide by 127 again. The scale that is stored is amax / 127 already.',
    },
    'steps without the scale': {
      wrong: from8({ d: () => 1 }),
      says: 'These are the steps. What is one of them worth?',
    },
    'scale taken for numbers': {
      wrong: ({ bytes }) => {
        const d = fromHalf(bytes[0]!, bytes[1]!);
        return bytes.map((byte) => float(d * (byte > 127 ? byte - 256 : byte)));
      },
      says: 'You have 34 numbers. The first two bytes are the scale and stand for no numbers of their own.',
    },
  },
  hints: [
    'The first two bytes say what a step is worth, the others how many steps.',
    'bytes.slice(2) are 32 numbers; those above 127 stand for negative ones.',
    'd = fromHalfBits(low + 256 · high); y_j = fround(d · q_j) with q_j = byte, or byte − 256.',
    'const d = fromHalfBits(bytes[0] | (bytes[1] << 8));',
  ],
});

// q4_0

interface Ways4 {
  d: (values: number[]) => number;
  level: (value: number, d: number) => number;
  head: (d: number) => number[];
  bytes: (q: number[]) => number[];
  round: (x: number) => number;
  read: (x: number) => number;
}
const joined = (q: number[]) => range(16, (j) => q[j]! + 16 * q[j + 16]!);
const q4 =
  (ways: Partial<Ways4>) =>
  ({ x }: Numbers) => {
    const round = ways.round ?? float;
    const values = x.map(ways.read ?? round);
    const d = (ways.d ?? ((v) => round(extreme(v) / -8)))(values);
    const inverse = d === 0 ? 0 : round(1 / d);
    const level = ways.level ?? ((value: number) => Math.min(15, Math.trunc(round(round(value * inverse) + 8.5))));
    return [...(ways.head ?? halfOf)(d), ...(ways.bytes ?? joined)(values.map((value) => level(value, d)))];
  };

export const packQ4 = exercise({
  points: 3,
  inputs: block,
  oracle: ({ x }) => q4Block(x),
  checks: [
    agrees({ exact: true, cases: 20 }),
    pure({ cases: 2 }),
    rejects('a block that has not 32 numbers', wrongLengths('x', 32), { worth: 1 }),
  ],
  examples: [
    ...[1, -2, 3, 7, 13, 75, 77, 0.0875, 0.175].map((d) => ({ x: levels(d) })),
    { x: tiny(1e-9) },
    { x: tiny(-2e-9) },
    { x: shades(3) },
    { x: shades(20) },
    { x: zeros },
    { x: nothing },
    { x: [...zeros.slice(1), 2] },
    { x: [1, -2, 2, ...zeros.slice(3)] },
    { x: [1, 3, -3, ...zeros.slice(3)] },
    { x: range(32, (j) => j - 15) },
  ],
  misconceptions: {
    'neighbours in one byte': {
      wrong: q4({ bytes: (q) => range(16, (j) => q[2 * j]! + 16 * q[2 * j + 1]!) }),
      says: 'You put neighbours into one byte, 0 with 1, 2 with 3. In ggml’s block the partner of number j stands half a block further on.',
    },
    'nibbles exchanged': {
      wrong: q4({ bytes: (q) => range(16, (j) => 16 * q[j]! + q[j + 16]!) }),
      says: 'Low and high half of your bytes have changed places. Which of the two numbers goes into the low four bits?',
    },
    'scale without the sign': {
      wrong: q4({ d: (values) => float(largest(values) / -8) }),
      says: 'You divide max |x| by −8. The sign of the largest number belongs to it: it is what brings this number to level −8, wherever it lay.',
    },
    'divided by 8': {
      wrong: q4({ d: (values) => float(extreme(values) / 8) }),
      says: 'You divide the largest number by 8. Then it lands on level +8, which does not exist; the levels reach from −8 to 7.',
    },
    'seven levels on both sides': {
      wrong: q4({
        d: (values) => float(largest(values) / 7),
        level: (value, d) => nearest(scaled(value, d)) + 8,
      }),
      says: 'You use the levels −7 … 7, as plain absmax would. q4_0 has a 16th level, −8, and chooses its scale to make use of it.',
    },
    'size divided by eight': {
      wrong: q4({ d: (values) => float(largest(values) / 8) }),
      says: 'Your d is never negative. It is the number of largest size, with its sign, divided by −8: where that number is positive, d is negative, and the whole scale is turned round.',
    },
    'size divided by seven': {
      wrong: q4({ d: (values) => float(largest(values) / 7) }),
      says: 'Your d is max |x| / 7, as for levels −7 … 7. q4_0 has a 16th level, −8, and d is the number of largest size, with its sign, divided by −8.',
    },
    'divided by −7': {
      wrong: q4({ d: (values) => float(extreme(values) / -7) }),
      says: 'You divide the number of largest size by −7. Then it lies on level −7, and −8, which only q4_0 has, is never used.',
    },
    'largest instead of largest in size': {
      wrong: q4({ d: (values) => float(Math.max(...values) / -8), level: (value, d) => Math.max(0, Math.min(15, Math.trunc(float(scaled(value, d) + 8.5)))) }), // prettier-ignore
      says: 'Your scale comes from max x. The entry of largest size may be negative.',
    },
    'the last of equal ones': {
      wrong: q4({ d: (values) => float(extreme([...values].reverse()) / -8) }),
      says: 'Where two numbers have the same size and different signs, you take the later one. It is the first that counts.',
    },
    'level 16': {
      wrong: q4({ level: (value, d) => Math.trunc(float(scaled(value, d) + 8.5)) }),
      says: 'Some of your levels are 16, one more than four bits can hold. What lies opposite the largest number needs a limit.',
    },
    'rounded, then moved': {
      wrong: q4({ level: (value, d) => Math.min(15, nearest(scaled(value, d)) + 8) }),
      says: 'You round to the nearest level, halves away from zero, and add 8. ggml adds 8.5 and cuts off, which sends negative halves the other way.',
    },
    'cut off without the half': {
      wrong: q4({ level: (value, d) => Math.min(15, Math.trunc(float(scaled(value, d) + 8))) }),
      says: 'You add 8 and cut off. So 2.9 levels become 2; the half that makes a rounding of it is missing.',
    },
    'rounded after adding the half': {
      wrong: q4({ level: (value, d) => Math.min(15, Math.round(float(scaled(value, d) + 8.5))) }),
      says: 'You add 8.5 and round. The half in it is the rounding already: what is left to do is to cut off, or nearly every level is one too high.',
    },
    'levels with a sign': {
      wrong: q4({ level: (value, d) => (Math.min(15, Math.trunc(float(scaled(value, d) + 8.5))) + 8) % 16 }),
      says: 'You store the levels in two’s complement. In q4_0 they are moved up by 8, so that 0 stands for −8 and 8 for nothing.',
    },
    'scale in half precision before 1/d': {
      wrong: q4({ level: (value, d) => Math.min(15, Math.trunc(float(scaled(value, float(viaHalf(d))) + 8.5))) }),
      says: 'You round d to half precision first and divide by what is left of it. ggml computes the levels with d as it is, and rounds only what is stored.',
    },
    'divided by d': {
      wrong: q4({ level: (value, d) => Math.min(15, Math.trunc(float((d === 0 ? 0 : float(value / d)) + 8.5))) }),
      says: 'You divide each number by d, or your 1/d keeps all its digits. ggml computes 1/d once, rounds it to float32 and multiplies by it; now and then that is one level less or more.',
    },
    'sum not rounded to float32': {
      wrong: q4({ level: (value, d) => Math.min(15, Math.trunc(scaled(value, d) + 8.5)) }),
      says: 'Your sum with 8.5 keeps all the digits of a JavaScript number. In C it is a float, and just below a whole number it may round up to it.',
    },
    'neither product nor sum rounded to float32': {
      wrong: q4({ level: (value, d) => Math.min(15, Math.trunc((d === 0 ? 0 : value * float(1 / d)) + 8.5)) }),
      says: 'Product and sum keep all the digits of a JavaScript number. In C both are floats, and a float just below a whole number may round up to it.',
    },
    'numbers not rounded to float32': {
      wrong: q4({ read: (x) => x }),
      says: 'You compute with x as it comes, in 64 bits. In C the numbers are floats before anything is done with them: Math.fround first.',
    },
    'in double precision': {
      wrong: q4({ round: (x) => x }),
      says: 'You compute with JavaScript’s 64 bits throughout. Every step is to be rounded to 32 of them, or some nibble will differ from ggml’s.',
    },
    'high byte first': {
      wrong: q4({ head: (d) => halfOf(d).reverse() }),
      says: 'The two bytes of the scale have changed places. Which of them comes first?',
    },
    'nothing divided by nothing': {
      wrong: ({ x }) => (largest(x.map(float)) === 0 ? [...halfOf(-0), ...range(16, () => NaN)] : q4Block(x)),
      says: 'A block of zeros gives NaN: its scale is 0, and 1/d is infinite. What should 1/d be there?',
    },
    'zeros packed as zero bytes': {
      wrong: ({ x }) => (largest(x.map(float)) === 0 ? range(18, () => 0) : q4Block(x)),
      says: 'For a block of zeros you return zero bytes. A nibble of 0 means level −8; and 0 / −8 is −0, whose sign is stored like any other. No special case is needed.',
    },
    'rounded levels with a sign': {
      wrong: q4({ level: (value, d) => Math.max(-8, Math.min(7, nearest(scaled(value, d)))) & 15 }),
      says: 'You round to −8 … 7 and keep the four bits of that. In q4_0 levels are moved up by 8, so that 0 stands for −8 and 8 for nothing; adding 8.5 and cutting off does both, the rounding and the moving.',
    },
    'minus zero without its sign': {
      wrong: ({ x }) => (largest(x.map(float)) === 0 ? [0, 0, ...range(16, () => 136)] : q4Block(x)),
      says: 'The scale of a block of zeros is 0 / −8, and that is −0 for JavaScript as for C. In half precision its sign is a bit like any other: byte 1 is 128.',
    },
    'floats in double precision': {
      wrong: q4({ read: float, round: (x) => x }),
      says: 'You round the numbers to float32 and compute with JavaScript’s 64 bits from there. Every step is to be rounded to 32 of them, or some nibble will differ from ggml’s.',
    },
  },
  hints: [
    'Sixteen levels, −8 … 7 times d. Which number of the block shall lie on −8, and what must d be for that?',
    '2 bytes for the scale, then 16, each with two numbers: j low, j + 16 high.',
    'd = fround(m / −8), id = fround(1 / d) or 0, q = min(15, trunc(fround(fround(x · id) + 8.5))), byte = q_j + 16 q_{j+16}.',
    'values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0) is m.',
  ],
});

const examples4 = [
  [...halfOf(1), ...range(16, (j) => 16 * j + ((3 * j + 1) % 16))],
  anyBytes(18, 0, 184, 37),
  anyBytes(18, 51, 46, 91),
];

const from4 =
  (ways: {
    d?: (low: number, high: number) => number;
    levels?: (pairs: number[]) => number[];
    value?: (level: number) => number;
  }) =>
  ({ bytes: [low, high, ...pairs] }: Bytes) => {
    const d = (ways.d ?? fromHalf)(low!, high!);
    const apart = ways.levels ?? ((all) => [...all.map((b) => b % 16), ...all.map((b) => b >> 4)]);
    return apart(pairs).map((level) => float(d * (ways.value ?? ((l: number) => l - 8))(level)));
  };

export const unpackQ4 = exercise<typeof block, Bytes & ValueRecord>({
  points: 2,
  inputs: block,
  derive: ({ x }) => ({ bytes: q4Block(x) }),
  parameters: ['bytes'],
  oracle: ({ bytes }) => fromQ4Block(bytes),
  checks: [
    agrees({ exact: true, cases: 15 }),
    pure({ cases: 2 }),
    rejects('a block that has not 18 bytes', wrongLengths('bytes', 18), { worth: 1 }),
  ],
  examples: examples4.map((bytes) => ({ bytes })),
  misconceptions: {
    'neighbours in one byte': {
      wrong: from4({ levels: (pairs) => pairs.flatMap((b) => [b % 16, b >> 4]) }),
      says: 'You read the two numbers of a byte as neighbours. The high one belongs half a block further on.',
    },
    'nibbles exchanged': {
      wrong: from4({ levels: (pairs) => [...pairs.map((b) => b >> 4), ...pairs.map((b) => b % 16)] }),
      says: 'Your two halves of the block have changed places: the first sixteen numbers are the low four bits.',
    },
    'scale taken for numbers': {
      wrong: ({ bytes }) => from4({})({ bytes: [...bytes.slice(0, 2), ...bytes.slice(1, 17)] }),
      says: 'You begin to unpack at byte 1, which belongs to the scale still. The numbers begin at byte 2.',
    },
    'eight not subtracted': {
      wrong: from4({ value: (level) => level }),
      says: 'Your levels run from 0 to 15. What is stored is q − (−8): the middle, 8, stands for nothing.',
    },
    'seven subtracted': {
      wrong: from4({ value: (level) => level - 7 }),
      says: 'All your numbers are one level too high. Which level stands for zero?',
    },
    'middle between the levels': {
      wrong: from4({ value: (level) => level - 7.5 }),
      says: 'You take 7.5 for the middle, so that nothing is zero. Level 8 is zero; there is one level more below it than above.',
    },
    'levels in two’s complement': {
      wrong: from4({ value: (level) => (level > 7 ? level - 16 : level) }),
      says: 'You read the nibbles as whole numbers with a sign. They are levels moved up by 8: 0 stands for −8, 15 for 7.',
    },
    'high nibble not moved down': {
      wrong: from4({ levels: (pairs) => [...pairs.map((b) => b % 16), ...pairs.map((b) => b & 240)] }),
      says: 'The numbers of the second half are sixteen times too large before the 8 is taken off: the high four bits must be moved down.',
    },
    'high nibble with a fraction': {
      wrong: from4({ levels: (pairs) => [...pairs.map((b) => b % 16), ...pairs.map((b) => b / 16)] }),
      says: 'Your levels of the second half are no whole numbers: dividing a byte by 16 leaves the low four bits as a fraction. Cut them off, or move the bits with `>> 4`.',
    },
    'low nibble not cut out': {
      wrong: from4({ levels: (pairs) => [...pairs, ...pairs.map((b) => b >> 4)] }),
      says: 'In the first half you use whole bytes. Of each byte only the low four bits belong there.',
    },
    'high byte first': {
      wrong: from4({ d: (low, high) => fromHalf(high, low) }),
      says: 'You read the scale with its bytes exchanged. The low one comes first.',
    },
    'bits taken for the scale': {
      wrong: from4({ d: (low, high) => low + 256 * high }),
      says: 'Your scale is the 16 bits read as a whole number. They are a number in half precision: `fromHalfBits`.',
    },
    'scale without its sign': {
      wrong: from4({ d: (low, high) => Math.abs(fromHalf(low, high)) }),
      says: 'Some of your blocks come out with every sign reversed. The scale may be negative, and then it must stay so.',
    },
  },
  hints: [
    'Each byte holds two numbers that were sixteen places apart.',
    'byte & 15 is the low number, byte >> 4 the high one: first all low ones, then all high ones.',
    'd = fromHalfBits(low + 256 · high); y_j = fround(d · (q_j − 8)).',
    'const q = [...pairs.map((byte) => byte & 15), ...pairs.map((byte) => byte >> 4)];',
  ],
});
