/** Exercises of numbers in few bits: rounding, absmax, blocks, ggml's formats, and LoRA on a quantised matrix. */
import { Tensor, tensor as asTensor, zeros } from '#tensor';
import {
  agrees,
  choice,
  dot,
  exercise,
  gradientAgrees,
  gradientOf,
  integer,
  number,
  property,
  pure,
  range,
  record,
  rejects,
  smooth,
  tensor,
  topic,
  valueOf,
  VarTensor,
  type Lifted,
  type ValueRecord,
} from '../engine/index.ts';
import {
  largest,
  nearest,
  packed,
  pieces,
  q4Block,
  q8Block,
  unpacked,
  type Format,
  type Matrix,
} from './definitions-quantization.ts';
import { packQ4, packQ8, unpackQ4, unpackQ8 } from './quantization-blocks.ts';

const list = (x: Tensor) => Array.from(x.data);

// Rounding

const roundAwayFromZero = exercise({
  points: 1,
  inputs: { x: number({ min: -6, max: 6 }) },
  oracle: ({ x }) => nearest(x),
  checks: [agrees({ exact: true, cases: 40 })],
  examples: [2.5, -2.5, 0.5, -0.5, -0.25, 0.75, 1.5, -1.5, -126.5, -2, 7].map((x) => ({ x })),
  misconceptions: {
    'Math.round': {
      wrong: ({ x }) => Math.round(x),
      says: 'Positive halves go away from zero, negative ones towards it: Math.round always sends a half upwards, so −2.5 becomes −2.',
    },
    'halves to the even one': {
      wrong: ({ x }) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : nearest(x)),
      says: 'Your halves go to the even neighbour, as in Python. C’s roundf sends both 2.5 and 3.5 away from zero.',
    },
    'halves towards zero': {
      wrong: ({ x }) => Math.sign(x) * Math.ceil(Math.abs(x) - 0.5),
      says: 'Your halves go towards zero. 2.5 is to become 3, and −2.5 is to become −3.',
    },
    'cut off': {
      wrong: ({ x }) => Math.trunc(x),
      says: 'You cut the fraction off. 2.75 is nearer to 3.',
    },
    'cut off after adding a half': {
      wrong: ({ x }) => Math.trunc(x + 0.5),
      says: 'Adding ½ and cutting off is right for positive numbers. For a negative one the half must go the other way.',
    },
    'always down': {
      wrong: ({ x }) => Math.floor(x),
      says: 'You round down, whatever the fraction is.',
    },
    'always away': {
      wrong: ({ x }) => Math.sign(x) * Math.ceil(Math.abs(x)),
      says: 'Every fraction goes away from zero in your function. Only a half does when both neighbours are equally near; otherwise the nearer one wins.',
    },
    'sign lost': {
      wrong: ({ x }) => Math.round(Math.abs(x)),
      says: 'Your result is never negative. The size is rounded rightly; give it its sign back.',
    },
  },
  hints: [
    'Rounding the size is easy: there, up is away from zero.',
    'Take the sign off, round, put the sign on again.',
    'sign(x) · round(|x|).',
    'Math.sign(x) * Math.round(Math.abs(x))',
  ],
});

// One scale

/** Every entry is a whole number of steps with exact halves (a scale that is a power of two), or well away from a half. */
function clearOfHalves(values: readonly number[], levels: number): boolean {
  const scale = largest(values) / levels;
  if (scale === 0 || Number.isInteger(Math.log2(scale))) return true;
  return values.every((v) => Math.abs((Math.abs(v / scale) % 1) - 0.5) > 0.01);
}

interface Whole {
  x: Tensor;
}
const absmaxed =
  (ways: {
    scale?: (values: number[]) => number;
    step?: (value: number, scale: number) => number;
    stored?: (scale: number) => number;
  }) =>
  ({ x }: Whole) => {
    const values = list(x);
    const scale = (ways.scale ?? ((v) => largest(v) / 127))(values);
    const step = ways.step ?? ((v, by) => nearest(v / by));
    return { q: values.map((v) => (scale === 0 ? 0 : step(v, scale))), scale: (ways.stored ?? ((s) => s))(scale) };
  };

const absmaxQuantize = exercise({
  points: 2,
  inputs: { x: tensor('B?', 'n', { step: 0.125 }) },
  sizes: { B: [0, 3], n: [1, 6] },
  where: ({ x }) => clearOfHalves(list(x), 127),
  oracle: ({ x }) => {
    const scale = largest(list(x)) / 127;
    return { q: list(x).map((v) => (scale === 0 ? 0 : nearest(v / scale))), scale };
  },
  checks: [
    agrees({ cases: 25 }),
    property<Whole>('is at most half a step away from what was there', {
      cases: 10,
      holds: ({ y }, { x }) => list(x).every((v, i) => Math.abs(v - y.q[i] * y.scale) <= 0.501 * y.scale),
    }),
    pure({ cases: 3 }),
  ],
  examples: [
    { x: asTensor([127, 2.5, -2.5, -0.5]) },
    { x: asTensor([-254, 5, -5, 11]) },
    { x: asTensor([-2, 1.25, 0.5]) },
    { x: asTensor([1, 1.25, 1.875]) },
    { x: asTensor([-1, -1.25, -1.875]) },
    { x: zeros(2, 3) },
    { x: zeros(1) },
    { x: asTensor([[1, -0.25], [0.75, -2]]) }, // prettier-ignore
  ],
  misconceptions: {
    'from smallest to largest': {
      wrong: ({ x }) => {
        const values = list(x);
        const low = Math.min(...values);
        const scale = (Math.max(...values) - low) / 255;
        return { q: values.map((v) => (scale === 0 ? 0 : nearest((v - low) / scale) - 128)), scale };
      },
      says: 'You spread the 256 whole numbers from the smallest to the largest entry. Absmax looks at sizes only, and keeps 0 at 0.',
    },
    'from smallest to largest, 254 steps': {
      wrong: ({ x }) => {
        const values = list(x);
        const low = Math.min(...values);
        const scale = (Math.max(...values) - low) / 254;
        return { q: values.map((v) => (scale === 0 ? 0 : nearest((v - low) / scale) - 127)), scale };
      },
      says: 'You spread −127 … 127 from the smallest to the largest entry. Absmax looks at sizes only, and keeps 0 at 0.',
    },
    'largest instead of largest in size': {
      wrong: absmaxed({ scale: (v) => Math.max(...v) / 127 }),
      says: 'Your scale comes from max x. What if the entry of largest size is negative?',
    },
    'largest, but not below zero': {
      wrong: absmaxed({ scale: (v) => Math.max(0, ...v) / 127 }),
      says: 'Your scale comes from max x, begun at 0. What if the entry of largest size is negative?',
    },
    '128 steps': {
      wrong: absmaxed({ scale: (v) => largest(v) / 128 }),
      says: 'You divide by 128. Then the largest entry becomes 128, which an int8 cannot hold.',
    },
    '255 steps': {
      wrong: absmaxed({ scale: (v) => largest(v) / 255 }),
      says: 'You divide by 255. Half of the whole numbers are for negative entries: to each side there are 127.',
    },
    'mean size for the largest': {
      wrong: absmaxed({ scale: (v) => v.reduce((sum, each) => sum + Math.abs(each), 0) / v.length / 127 }),
      says: 'Your scale comes from the mean of the sizes. Then the larger entries do not fit into 127 steps.',
    },
    'Math.round': {
      wrong: absmaxed({ step: (v, by) => Math.round(v / by) }),
      says: 'Negative halves go the wrong way: Math.round(-2.5) is −2. roundAwayFromZero is to send it to −3.',
    },
    'not rounded': {
      wrong: absmaxed({ step: (v, by) => v / by }),
      says: 'Your q are not whole numbers. What is stored in eight bits has no fraction.',
    },
    'cut off instead of rounded': {
      wrong: absmaxed({ step: (v, by) => Math.trunc(v / by) }),
      says: 'You cut the fraction off: 3.9 steps are nearly 4 of them, and should become 4.',
    },
    'multiplied by the scale': {
      wrong: absmaxed({ step: (v, by) => nearest(v * by) }),
      says: 'You multiply by the scale where you should ask how many steps fit: nearly everything has become 0.',
    },
    'scale inverted': {
      wrong: absmaxed({ stored: (s) => (s === 0 ? 0 : 1 / s) }),
      says: 'Your q are right; the scale that you return is 127 / max |x|. Whoever reads it multiplies by it to come back.',
    },
    'scale inverted, even of zeros': {
      wrong: absmaxed({ stored: (s) => 1 / s }),
      says: 'Your q are right; the scale that you return is 127 / max |x|, and of zeros it is infinite. Whoever reads it multiplies by it to come back.',
    },
    'largest for the scale': {
      wrong: absmaxed({ stored: (s) => 127 * s }),
      says: 'Your q are right; what you return as scale is max |x|. The scale is what *one* step is worth.',
    },
    'one scale for each row': {
      wrong: ({ x }) => {
        const rows = pieces(list(x), x.shape.at(-1)!).map((row) => absmaxed({})({ x: asTensor(row) }));
        return { q: rows.flatMap((row) => row.q), scale: largest(list(x)) / 127 };
      },
      says: 'You measure each row by its own largest entry. There is one scale for the whole tensor.',
    },
    'nothing divided by nothing': {
      wrong: ({ x }) => {
        const scale = largest(list(x)) / 127;
        return { q: list(x).map((v) => nearest(v / scale)), scale };
      },
      says: 'A tensor of zeros gives NaN: its scale is 0, and 0 / 0 is no number.',
    },
    'a scale of one for zeros': {
      wrong: absmaxed({ stored: (s) => s || 1 }),
      says: 'For a tensor of zeros you return the scale 1. The definition gives 0, and 0 · 0 is 0 as well.',
    },
    'the span for the largest size': {
      wrong: absmaxed({ scale: (v) => (Math.max(...v) - Math.min(...v)) / 254 }),
      says: 'Your scale comes from the span, (max x − min x) / 254. That is right only where both ends lie equally far from 0.',
    },
  },
  hints: [
    'Which entry decides how large a step must be?',
    'scale is one number for the whole tensor; q is a plain list as long as x.data.',
    'scale = max |x| / 127; q = roundAwayFromZero(x / scale), or 0 everywhere when scale is 0.',
    'const scale = x.abs().max().item() / 127; Array.from(x.data, (value) => …)',
  ],
  uses: ['roundAwayFromZero'],
});

const absmaxDequantize = exercise({
  points: 1,
  inputs: { x: tensor('B?', 'n', { min: -127, max: 127, step: 1 }), scale: number({ min: 0, max: 1, step: 0.125 }) },
  sizes: { B: [0, 3], n: [1, 4] },
  derive: ({ x, scale }) => ({ quantized: { q: list(x), scale }, shape: [...x.shape] }),
  parameters: ['quantized', 'shape'],
  oracle: ({ quantized: { q, scale }, shape }) =>
    new Tensor(
      shape,
      q.map((step) => step * scale),
    ),
  checks: [agrees({ cases: 15 }), pure({ cases: 3 })],
  misconceptions: {
    'divided by the scale': {
      wrong: ({ quantized: { q, scale }, shape }) =>
        new Tensor(
          shape,
          q.map((step) => (scale === 0 ? 0 : step / scale)),
        ),
      says: 'You divide by the scale. It is what one step is worth, and q says how many steps.',
    },
    'divided by the scale, even by 0': {
      wrong: ({ quantized: { q, scale }, shape }) =>
        new Tensor(
          shape,
          q.map((step) => step / scale),
        ),
      says: 'You divide by the scale. It is what one step is worth, and q says how many steps; a scale of 0 must give zeros.',
    },
    'divided by 127 once more': {
      wrong: ({ quantized: { q, scale }, shape }) =>
        new Tensor(
          shape,
          q.map((step) => (step * scale) / 127),
        ),
      says: 'You divide by 127. The scale has that in it already.',
    },
    'scale forgotten': {
      wrong: ({ quantized: { q }, shape }) => new Tensor(shape, q),
      says: 'These are the steps themselves. What is one of them worth?',
    },
    'shape forgotten': {
      wrong: ({ quantized: { q, scale } }) => asTensor(q.map((step) => step * scale)),
      says: 'Your numbers are right and lie in one long row. The shape is the second argument.',
    },
  },
  hints: [
    'So many steps, each worth so much.',
    'q is a flat list in the order of a tensor’s data; the second argument is the shape.',
    'x_i = q_i · scale.',
    'new Tensor(shape, q.map((step) => …))',
  ],
});

// One scale for each block

interface Blocks {
  x: Tensor;
  size: number;
  bits: number;
}
const most = (bits: number) => 2 ** (bits - 1) - 1;
const inBlocks =
  (ways: {
    levels?: (bits: number) => number;
    scale?: (block: number[], levels: number) => number;
    step?: (value: number, scale: number, levels: number) => number;
    back?: (step: number, scale: number) => number;
    cut?: (values: number[], size: number) => number[][];
  }) =>
  ({ x, size, bits }: Blocks) => {
    const levels = (ways.levels ?? most)(bits);
    const step = ways.step ?? ((v, by) => nearest(v / by));
    const back = ways.back ?? ((n, by) => n * by);
    const out = (ways.cut ?? pieces)(list(x), size).map((block) => {
      const scale = (ways.scale ?? ((b, n) => largest(b) / n))(block, levels);
      return block.map((v) => (scale === 0 ? 0 : back(step(v, scale, levels), scale)));
    });
    return asTensor(out.flat());
  };

const quantizeInBlocks = exercise({
  points: 2,
  inputs: { x: tensor('n', { step: 0.125 }), size: integer(1, 5), bits: integer(2, 8) },
  sizes: { n: [1, 9] },
  where: ({ x, size, bits }) => pieces(list(x), size).every((block) => clearOfHalves(block, most(bits))),
  oracle: ({ x, size, bits }) => {
    const values = list(x);
    const levels = 2 ** (bits - 1) - 1;
    return asTensor(
      values.map((value, i) => {
        const first = i - (i % size);
        const scale = largest(values.slice(first, first + size)) / levels;
        return scale === 0 ? 0 : scale * nearest(value / scale);
      }),
    );
  },
  checks: [
    agrees({ cases: 30 }),
    property<Blocks>('is exact where every block has a single number', {
      cases: 6,
      runs: ({ x, bits }) => ({ y: { x, size: 1, bits } }),
      holds: ({ y }, { x }) => list(x).every((v, i) => Math.abs(v - y.data[i]) <= 1e-9),
    }),
    pure({ cases: 3 }),
  ],
  examples: [
    { x: asTensor([7, 2.5, -2.5, 1, -3.5, 0.5, 14, -5]), size: 4, bits: 4 },
    { x: asTensor([-3, 1.5, -1.5, 3, 0.5]), size: 3, bits: 3 },
    { x: asTensor([2, 0.25, 0, 0, -0.5, 0.375, 1]), size: 2, bits: 4 },
    { x: asTensor([1, -0.25, 0.375, 2, -1.625, 0.75, 0.125]), size: 3, bits: 5 },
    { x: asTensor([-1, -0.25, -0.375, -2, -1.625]), size: 2, bits: 4 },
    { x: zeros(3), size: 2, bits: 4 },
    { x: zeros(1), size: 1, bits: 8 },
    { x: asTensor([2, -1.75, 0.375, 1.125, -0.625, 0.125, 1.625, 0.75, -0.875]), size: 5, bits: 4 },
    { x: asTensor([1, 2, -0.625, 0.25, 1.75]), size: 8, bits: 3 },
  ],
  misconceptions: {
    'one scale for all': {
      wrong: inBlocks({ cut: (values) => [values] }),
      says: 'You use one scale for the whole vector. Each block has its own largest entry.',
    },
    'as many blocks as the size says': {
      wrong: inBlocks({ cut: (values, size) => pieces(values, Math.ceil(values.length / size)) }),
      says: 'You cut the vector into `size` blocks. `size` is how many numbers are in one of them.',
    },
    'blocks that take turns': {
      wrong: ({ x, size, bits }) => {
        const values = list(x);
        const count = Math.ceil(values.length / size);
        const levels = most(bits);
        return asTensor(
          values.map((v, i) => {
            const scale = largest(values.filter((_, j) => j % count === i % count)) / levels;
            return scale === 0 ? 0 : scale * nearest(v / scale);
          }),
        );
      },
      says: 'Your blocks are made of every so-many-th entry. A block is `size` entries that stand side by side.',
    },
    'last block left as it is': {
      wrong: ({ x, size, bits }) => {
        const whole = list(x).length - (list(x).length % size);
        const y = list(inBlocks({})({ x, size, bits }));
        return asTensor(y.map((v, i) => (i < whole ? v : x.data[i]!)));
      },
      says: 'The last block, where it is shorter, comes through untouched. It has a largest entry like the others.',
    },
    'last block dropped': {
      wrong: ({ x, size, bits }) => {
        const whole = list(x).length - (list(x).length % size);
        return asTensor(list(inBlocks({})({ x, size, bits })).map((v, i) => (i < whole ? v : 0)));
      },
      says: 'Where the last block is shorter than the others, its entries are 0 in your result.',
    },
    'last block missing': {
      wrong: ({ x, size, bits }) => {
        const whole = list(x).length - (list(x).length % size);
        return new Tensor([whole], list(inBlocks({})({ x, size, bits })).slice(0, whole));
      },
      says: 'Where the last block is shorter than the others, it is missing from your result. y is as long as x.',
    },
    'last block filled up': {
      wrong: ({ x, size, bits }) => {
        const y = list(inBlocks({})({ x, size, bits }));
        return asTensor([...y, ...range((size - (y.length % size)) % size, () => 0)]);
      },
      says: 'You fill the last block up with zeros and return them, too. It may be shorter; y is as long as x.',
    },
    'largest so far': {
      wrong: ({ x, size, bits }) => {
        let sofar = 0;
        return inBlocks({ scale: (block, n) => (sofar = Math.max(sofar, largest(block))) / n })({ x, size, bits });
      },
      says: 'Your largest size is carried on from block to block. Each block begins anew, at 0.',
    },
    'steps instead of numbers': {
      wrong: inBlocks({ back: (step) => step }),
      says: 'You return the whole numbers. Multiply them with their block’s scale again: we want to see what is left of x.',
    },
    'one level too many': {
      wrong: inBlocks({ levels: (bits) => 2 ** (bits - 1) }),
      says: 'You divide by 2^(bits − 1). Of 4 bits that is 8, and +8 does not fit.',
    },
    'no bit for the sign': {
      wrong: inBlocks({ levels: (bits) => 2 ** bits - 1 }),
      says: 'You use 2^bits − 1 steps to each side. One of the bits goes to the sign.',
    },
    'always 127 steps': {
      wrong: inBlocks({ levels: () => 127 }),
      says: 'You use 127 steps whatever `bits` says.',
    },
    'largest instead of largest in size': {
      wrong: inBlocks({ scale: (block, n) => Math.max(...block) / n }),
      says: 'A block’s scale comes from its max in your code. What if its entry of largest size is negative?',
    },
    'largest, but not below zero': {
      wrong: inBlocks({ scale: (block, n) => Math.max(0, ...block) / n }),
      says: 'A block’s scale comes from its max, begun at 0, in your code. What if its entry of largest size is negative?',
    },
    '^ for a power': {
      wrong: inBlocks({ levels: (bits) => 2 ^ (bits - 2) }),
      says: 'In JavaScript `^` is no power but “exclusive or” of bits. A power is written `2 ** (bits - 1)`.',
    },
    'Math.round': {
      wrong: inBlocks({ step: (v, by) => Math.round(v / by) }),
      says: 'Negative halves go the wrong way: Math.round(-2.5) is −2. roundAwayFromZero is to send it to −3.',
    },
    'cut off instead of rounded': {
      wrong: inBlocks({ step: (v, by) => Math.trunc(v / by) }),
      says: 'You cut the fraction off: 3.9 steps are nearly 4 of them, and should become 4.',
    },
    'nothing divided by nothing': {
      wrong: ({ x, size, bits }) =>
        asTensor(
          pieces(list(x), size).flatMap((block) => {
            const scale = largest(block) / most(bits);
            return block.map((v) => scale * nearest(v / scale));
          }),
        ),
      says: 'A block of zeros gives NaN: its scale is 0, and 0 / 0 is no number.',
    },
  },
  hints: [
    'Entry i stands in a block. Where does that block begin?',
    'The block of entry i: from start = i − i % size, size entries, or as many as are left. y is as long as x.',
    'levels = 2^(bits − 1) − 1, scale = max |block| / levels, y = scale · roundAwayFromZero(x / scale).',
    'const block = x.data.slice(start, start + size);',
  ],
  uses: ['roundAwayFromZero'],
});

// A matrix in blocks

// Fewer bytes are less to read, so q4_0 is the simpler one.
const format = choice<Format>('q4_0', 'q8_0');
const weights = tensor('out', '32k', { step: 0.125 });
const matrixSizes = { out: [1, 3], k: [1, 2] } as const;
const matrix = (out: number, inputs: number, by: number) =>
  new Tensor(
    [out, inputs],
    range(out * inputs, (i) => ((by * i + 5) % 41) / 8 - 2.5),
  );
const other = (f: Format): Format => (f === 'q8_0' ? 'q4_0' : 'q8_0');

const quantizeMatrix = exercise({
  points: 2,
  inputs: { w: weights, format },
  sizes: matrixSizes,
  oracle: ({ w, format: f }) => ({ ...packed(w, f) }),
  checks: [
    agrees({ exact: true, cases: 10 }),
    pure({ cases: 2 }),
    rejects(
      'rows that cannot be cut into blocks of 32, and what is no matrix',
      [
        { w: zeros(2, 16), format: 'q8_0' },
        { w: zeros(32, 33), format: 'q4_0' },
        { w: zeros(4, 48), format: 'q8_0' },
        { w: zeros(32), format: 'q8_0' },
        { w: zeros(2, 2, 32), format: 'q4_0' },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    { w: matrix(32, 32, 17), format: 'q8_0' },
    { w: matrix(2, 64, 17), format: 'q8_0' },
    { w: matrix(2, 64, 11), format: 'q4_0' },
    { w: matrix(3, 64, 13), format: 'q4_0' },
  ],
  misconceptions: {
    'blocks down the columns': {
      wrong: ({ w, format: f }) => ({ format: f, shape: [...w.shape], bytes: columns(w, f) }),
      says: 'Your blocks run down the columns. What belongs to one output stands in one row, and the blocks follow it.',
    },
    'all first blocks first': {
      wrong: ({ w, format: f }) => {
        const blocks = pieces(packed(w, f).bytes, f === 'q8_0' ? 34 : 18);
        const each = w.shape[1]! / 32;
        const order = range(each, (k) => range(w.shape[0]!, (row) => blocks[row * each + k]!)).flat();
        return { format: f, shape: [...w.shape], bytes: order.flat() };
      },
      says: 'You write the first block of every row, then the second of every row. A row is finished before the next one begins.',
    },
    'scales first': {
      wrong: ({ w, format: f }) => {
        const blocks = pieces(packed(w, f).bytes, f === 'q8_0' ? 34 : 18);
        const bytes = [...blocks.flatMap((b) => b.slice(0, 2)), ...blocks.flatMap((b) => b.slice(2))];
        return { format: f, shape: [...w.shape], bytes };
      },
      says: 'You collect all scales in front. In ggml’s formats each block carries its own, so that it can be read by itself.',
    },
    'the other format': {
      wrong: ({ w, format: f }) => ({ ...packed(w, f), bytes: packed(w, other(f)).bytes }),
      says: 'Your two formats have changed places: q8_0 is the one with 34 bytes to a block.',
    },
    'always q8_0': {
      wrong: ({ w, format: f }) => ({ ...packed(w, f), bytes: packed(w, 'q8_0').bytes }),
      says: 'You pack in 8 bits whatever `format` says.',
    },
    'always q4_0': {
      wrong: ({ w, format: f }) => ({ ...packed(w, f), bytes: packed(w, 'q4_0').bytes }),
      says: 'You pack in 4 bits whatever `format` says.',
    },
    'a list of lists': {
      wrong: ({ w, format: f }) => ({
        ...packed(w, f),
        bytes: pieces(list(w), 32).map(f === 'q8_0' ? q8Block : q4Block),
      }),
      says: 'Your bytes are a list of blocks. They are wanted as one flat list, as they lie in a file.',
    },
    'shape turned round': {
      wrong: ({ w, format: f }) => ({ ...packed(w, f), shape: [...w.shape].reverse() }),
      says: 'Your shape is turned round. It is that of w: out first, then in.',
    },
    'shape of the blocks': {
      wrong: ({ w, format: f }) => ({ ...packed(w, f), shape: [w.shape[0]!, w.shape[1]! / 32] }),
      says: 'Your shape counts blocks. It is the shape of the matrix, out and in.',
    },
    'only the first block of a row': {
      wrong: ({ w, format: f }) => {
        const rows = pieces(list(w), w.shape[1]!).map((row) => row.slice(0, 32));
        return { ...packed(w, f), bytes: rows.flatMap(f === 'q8_0' ? q8Block : q4Block) };
      },
      says: 'Of each row only 32 numbers are in your bytes. A longer row has several blocks.',
    },
  },
  hints: [
    'In memory the rows lie one behind the other, and each is a whole number of blocks: what does that mean for the cutting?',
    'out · in / 32 blocks, each of 34 bytes or of 18; bytes is one flat list.',
    'Block i holds w.data[32 i] … w.data[32 i + 31]; pack it with packQ8 or packQ4.',
    'blocks.flatMap(pack), with blocks a list of lists of 32 numbers',
  ],
  uses: ['packQ8', 'packQ4'],
});

/** Blocks of 32 down the columns, as far as they reach. */
function columns(w: Tensor, f: Format): number[] {
  const turned = w.T;
  return pieces(list(turned), 32).flatMap((block) => {
    const full = [...block, ...range(32 - block.length, () => 0)];
    return f === 'q8_0' ? q8Block(full) : q4Block(full);
  });
}

const dequantizeMatrix = exercise({
  points: 2,
  inputs: { w: weights, format },
  sizes: matrixSizes,
  derive: ({ w, format: f }) => ({ matrix: { ...packed(w, f) } }),
  parameters: ['matrix'],
  oracle: ({ matrix: m }) => unpacked(m),
  checks: [agrees({ exact: true, cases: 10 }), pure({ cases: 2 })],
  examples: (['q8_0', 'q4_0'] as const).flatMap((f) =>
    [13, 17].map((by) => ({ matrix: { ...packed(matrix(2, 64, by), f) } })),
  ),
  misconceptions: {
    'a flat list': {
      wrong: ({ matrix: m }) => asTensor(list(unpacked(m))),
      says: 'Your numbers are right and lie in one long row. The shape is in the record.',
    },
    'rows and columns exchanged': {
      wrong: ({ matrix: m }) => new Tensor([m.shape[1]!, m.shape[0]!], list(unpacked(m))),
      says: 'Your shape is turned round. It is (out, in), as it stands in the record.',
    },
    transposed: {
      wrong: ({ matrix: m }) => unpacked(m).T,
      says: 'You return the transpose. The blocks run along the rows of (out, in).',
    },
    'only the first block of a row': {
      wrong: ({ matrix: m }) => {
        const rows = pieces(list(unpacked(m)), m.shape[1]!).map((row) => row.map((v, i) => (i < 32 ? v : 0)));
        return new Tensor(m.shape, rows.flat());
      },
      says: 'Of each row you have read 32 numbers. A longer row has several blocks.',
    },
    'down the columns': {
      wrong: ({ matrix: m }) => new Tensor([m.shape[1]!, m.shape[0]!], list(unpacked(m))).T,
      says: 'You fill the matrix column by column. The numbers stand row after row in the bytes.',
    },
    'all first blocks first': {
      wrong: ({ matrix: m }) => {
        const blocks = pieces(list(unpacked(m)), 32);
        const [out, each] = [m.shape[0]!, m.shape[1]! / 32];
        return new Tensor(m.shape, range(out, (row) => range(each, (k) => blocks[k * out + row]!)).flat(2));
      },
      says: 'You take the first blocks of all rows to come first. A row is finished before the next one begins.',
    },
    'one scale for all blocks': {
      wrong: ({ matrix: m }) => {
        const size = m.format === 'q8_0' ? 34 : 18;
        const head = m.bytes.slice(0, 2);
        return unpacked({ ...m, bytes: pieces(m.bytes, size).flatMap((b) => [...head, ...b.slice(2)]) });
      },
      says: 'You use the first block’s scale for all of them. Each block begins with its own two bytes.',
    },
  },
  hints: [
    'The bytes are blocks, one behind the other, all of the same length.',
    'bytes.length / size blocks, size = BLOCK_BYTES[format]; 32 numbers come out of each.',
    'Block i is bytes[size · i] … bytes[size · (i + 1) − 1]; all numbers together fill the shape row by row.',
    'new Tensor(shape, blocks.flat())',
  ],
  uses: ['unpackQ8', 'unpackQ4'],
});

// A detour beside it

interface Adapter {
  A: Tensor;
  B: Tensor;
}
interface Qlora {
  x: Tensor;
  matrix: Matrix;
  b: Tensor;
  adapter: Adapter;
  alpha: number;
}
type Up = Qlora & { dy: Tensor };
type Traced = Omit<Lifted<Qlora>, 'matrix' | 'alpha'> & Pick<Qlora, 'matrix' | 'alpha'>;
const plain = ['matrix', 'alpha'];

const layer = {
  // First, so that it is also the first to be made simpler.
  format,
  x: tensor('N?', 'T', 32, { step: 0.5 }),
  w: tensor('out', 32, { step: 0.125 }),
  b: tensor('out'),
  adapter: record({ A: tensor('r', 32, { step: 0.5 }), B: tensor('out', 'r', { nonzero: true }) }),
  alpha: number({ min: 1, max: 6, step: 1 }),
};
const layerSizes = { N: [0, 2], T: [1, 3], out: [2, 4], r: [1, 3] } as const;
const layerArguments = ['x', 'matrix', 'b', 'adapter', 'alpha'];
const withMatrix = <I extends { w: Tensor; format: Format }>({ w, format: f, ...rest }: I) => ({
  ...rest,
  matrix: { ...packed(w, f) },
});

/** y = x ŵᵀ + b + (α/r)(x Aᵀ) Bᵀ, with ŵ the numbers that the bytes stand for; one number at a time. */
function definition({ x, matrix: m, b, adapter: { A, B }, alpha }: Traced): VarTensor {
  const w = unpacked(m);
  const [out, inputs] = [m.shape[0]!, m.shape[1]!];
  const r = A.shape[0]!;
  const row = (t: VarTensor, i: number, n: number) => t.data.slice(i * n, (i + 1) * n);
  const data = range(x.data.length / inputs, (t) => {
    const token = row(x, t, inputs);
    const low = range(r, (k) => dot(token, row(A, k, inputs)));
    return range(out, (o) => {
      const frozen = token.map((v, i) => v.mul(w.data[o * inputs + i]!)).reduce((a, c) => a.add(c));
      return frozen.add(b.data[o]!).add(dot(low, row(B, o, r)).mul(alpha / r));
    });
  });
  return new VarTensor([...x.shape.slice(0, -1), out], data.flat());
}

interface Parts {
  w: Tensor;
  scale: number;
  low: Tensor;
  x: Tensor;
  A: Tensor;
  B: Tensor;
}
const parts = ({ x, matrix: m, adapter: { A, B }, alpha }: Qlora): Parts => ({
  w: unpacked(m),
  scale: alpha / A.shape[0]!,
  low: x.matmul(A.T),
  x,
  A,
  B,
});

const qloraForward = exercise({
  points: 1,
  inputs: layer,
  sizes: layerSizes,
  derive: (drawn): Qlora & ValueRecord => withMatrix(drawn),
  parameters: layerArguments,
  oracle: valueOf((i: Traced) => ({ y: definition(i) }), { plain }),
  checks: [agrees({ cases: 8 }), pure({ cases: 2 })],
  misconceptions: {
    'detour left out': {
      wrong: (i) => ({ y: i.x.matmul(parts(i).w.T).add(i.b) }),
      says: 'A and B change nothing in your result. The bytes are one way through the layer, the detour is the other.',
    },
    'frozen matrix left out': {
      wrong: (i) => {
        const { low, scale, B } = parts(i);
        return { y: low.matmul(B.T).mul(scale).add(i.b) };
      },
      says: 'Only the detour is in your result. The frozen matrix, unpacked, is the main road.',
    },
    'bias left out': {
      wrong: (i) => {
        const { low, scale, B, w } = parts(i);
        return { y: i.x.matmul(w.T).add(low.matmul(B.T).mul(scale)) };
      },
      says: 'The bias changes nothing in your result.',
    },
    'alpha not divided by the rank': {
      wrong: (i) => {
        const { low, B, w } = parts(i);
        return { y: i.x.matmul(w.T).add(i.b).add(low.matmul(B.T).mul(i.alpha)) };
      },
      says: 'Your detour is multiplied by α, and not by α/r.',
    },
    'divided by the rank twice': {
      wrong: (i) => {
        const { low, B, w, scale, A } = parts(i);
        return {
          y: i.x
            .matmul(w.T)
            .add(i.b)
            .add(low.matmul(B.T).mul(scale / A.shape[0]!)),
        };
      },
      says: 'Your detour is divided by the rank twice. loraForward takes α, and divides it by r itself.',
    },
    'alpha of one': {
      wrong: (i) => {
        const { low, B, w, A } = parts(i);
        return { y: i.x.matmul(w.T).add(i.b).add(low.matmul(B.T).div(A.shape[0]!)) };
      },
      says: 'α changes nothing in your result: the detour is multiplied by 1/r where it should be α/r.',
    },
    'no scale': {
      wrong: (i) => {
        const { low, B, w } = parts(i);
        return { y: i.x.matmul(w.T).add(i.b).add(low.matmul(B.T)) };
      },
      says: 'α changes nothing in your result. The detour is multiplied by α/r.',
    },
    'merged and packed again': {
      wrong: (i) => {
        const { w, A, B, scale } = parts(i);
        const again = unpacked(packed(w.add(B.matmul(A).mul(scale)), i.matrix.format));
        return { y: i.x.matmul(again.T).add(i.b) };
      },
      says: 'You add the detour into the matrix and pack the sum. Then it is rounded with the rest; small changes, which is what learning makes, would vanish in half a step.',
    },
    'x in blocks too': {
      wrong: (i) => {
        const { A, B, w, scale } = parts(i);
        const x = unpacked(packed(i.x.reshape(-1, 32), i.matrix.format)).reshape(...i.x.shape);
        return { y: x.matmul(w.T).add(i.b).add(x.matmul(A.T).matmul(B.T).mul(scale)) };
      },
      says: 'You quantise x as well. Only the frozen matrix is stored in few bits; everything that flows is computed in full.',
    },
    'A in blocks too': {
      wrong: (i) => {
        const { A, B, w, scale } = parts(i);
        const rough = unpacked(packed(A, i.matrix.format));
        return { y: i.x.matmul(w.T).add(i.b).add(i.x.matmul(rough.T).matmul(B.T).mul(scale)) };
      },
      says: 'Your A went through the blocks, too. The detour stays in full precision: it is what learns, in steps far smaller than a level.',
    },
  },
  hints: [
    'Two things that you have: a matrix that can be unpacked, and a layer with a detour.',
    'dequantizeMatrix(matrix) is (out, in), just what loraForward calls w.',
    'y = loraForward(x, dequantizeMatrix(matrix), b, adapter, alpha).',
    'return loraForward(…): its y and its cache are yours.',
  ],
  uses: ['dequantizeMatrix'],
});

type Gradients = { dx: Tensor; adapter: { A: Tensor; B: Tensor } };
const tokens = (t: Tensor) => t.reshape(-1, t.shape.at(-1)!);
const gradients = (i: Up): Gradients => {
  const { w, scale, low, x, A, B } = parts(i);
  const dlow = i.dy.matmul(B).mul(scale);
  return {
    dx: i.dy.matmul(w).add(dlow.matmul(A)),
    adapter: { A: tokens(dlow).T.matmul(tokens(x)), B: tokens(i.dy).T.matmul(tokens(low)).mul(scale) },
  };
};
const slipped =
  (
    change: (
      p: Parts & { dy: Tensor; dlow: Tensor },
      right: Gradients,
    ) => Partial<Gradients['adapter']> & { dx?: Tensor },
  ) =>
  (i: Up): ValueRecord => {
    const p = parts(i);
    const right = gradients(i);
    const {
      dx = right.dx,
      A = right.adapter.A,
      B = right.adapter.B,
    } = change({ ...p, dy: i.dy, dlow: i.dy.matmul(p.B).mul(p.scale) }, right);
    return { dx, adapter: { A, B } };
  };

const backwardInputs = { dy: tensor('N?', 'T', 'out'), ...layer };
const qloraBackward = exercise<typeof backwardInputs, Up & ValueRecord>({
  points: 2,
  inputs: backwardInputs,
  sizes: layerSizes,
  derive: (drawn) => withMatrix(drawn),
  parameters: ['dy'],
  backwardOf: { forward: 'qloraForward', takes: layerArguments },
  oracle: smooth(gradientOf(definition, { upstream: 'dy', wrt: { dx: 'x', adapter: 'adapter' }, plain })),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 8 }), pure({ cases: 2 })],
  misconceptions: {
    'dx without the detour': {
      wrong: slipped(({ dy, w }) => ({ dx: dy.matmul(w) })),
      says: 'Your dx comes back through the frozen matrix alone. x went through the detour as well.',
    },
    'dx without the frozen matrix': {
      wrong: slipped(({ dlow, A }) => ({ dx: dlow.matmul(A) })),
      says: 'Your dx comes back through the detour alone. Frozen means that the matrix does not change, not that nothing passes through it.',
    },
    'scale forgotten': {
      wrong: slipped(({ dy, w, A, B, x, low }) => ({
        dx: dy.matmul(w).add(dy.matmul(B).matmul(A)),
        A: tokens(dy.matmul(B)).T.matmul(tokens(x)),
        B: tokens(dy).T.matmul(tokens(low)),
      })),
      says: 'α/r is in the forward pass and in none of your gradients.',
    },
    'scale twice': {
      wrong: slipped(({ dy, w, dlow, A, scale }, { adapter }) => ({
        dx: dy.matmul(w).mul(scale).add(dlow.matmul(A).mul(scale)),
        A: adapter.A.mul(scale),
        B: adapter.B.mul(scale),
      })),
      says: 'All your gradients are multiplied by α/r once more. loraBackward does that already, and the way through the frozen matrix has no α/r at all.',
    },
    'scale forgotten in the gradient of B': {
      wrong: slipped(({ dy, low }) => ({ B: tokens(dy).T.matmul(tokens(low)) })),
      says: 'The gradient of B lacks α/r: what B made was multiplied by it.',
    },
    'averaged over the tokens': {
      wrong: slipped(({ x }, { adapter }) => {
        const n = tokens(x).shape[0]!;
        return { A: adapter.A.div(n), B: adapter.B.div(n) };
      }),
      says: 'Your gradients of A and B are means over the tokens. One A and one B served them all: gradients of something used many times add up.',
    },
    'of the first sequence only': {
      wrong: slipped(({ dlow, x, dy, low, scale }) => {
        const first = (t: Tensor) => (t.rank === 3 ? t.row(0) : t);
        return {
          A: first(dlow).T.matmul(first(x)),
          B: first(dy).T.matmul(first(low)).mul(scale),
        };
      }),
      says: 'Only the first sequence of the batch is in your gradients of A and B.',
    },
    'scale twice for A and B': {
      wrong: slipped(({ scale }, { adapter }) => ({ A: adapter.A.mul(scale), B: adapter.B.mul(scale) })),
      says: 'Your gradients of A and B are multiplied by α/r once more. loraBackward does that already.',
    },
    'A and B under each other’s name': {
      wrong: slipped((_, { adapter }) => ({ A: adapter.B, B: adapter.A })),
      says: 'What you return as A is the gradient of B, and the other way round.',
    },
  },
  hints: [
    'Whose cache is it? Who knows what to do with it?',
    'dx is as x, adapter.A is (r, in), adapter.B is (out, r).',
    'The unpacked matrix plays w; nothing else is different from LoRA’s own way back.',
    'return loraBackward(dy, cache);',
  ],
});

export const quantization = topic('quantization', 'Quantisation: numbers in few bits', {
  roundAwayFromZero,
  absmaxQuantize,
  absmaxDequantize,
  quantizeInBlocks,
  packQ8,
  unpackQ8,
  packQ4,
  unpackQ4,
  quantizeMatrix,
  dequantizeMatrix,
  qloraForward,
  qloraBackward,
});
