/** Exercises on telling attention where a token stands: a learned table, sines and cosines, rotations. */
import { Tensor, tensor as toTensor, zeros } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientAgrees,
  gradientOf,
  integer,
  property,
  pure,
  range,
  rejects,
  sum,
  table as varTable,
  tensor,
  topic,
  valueOf,
  vector,
  type Lifted,
  type ValueRecord,
} from '../engine/index.ts';
import { AXES, cutTo, smooth } from './definitions.ts';

// A learned table

interface LearnedInputs {
  x: Tensor;
  table: Tensor;
  start: number;
}
type LiftedLearned = Lifted<Pick<LearnedInputs, 'x' | 'table'>> & { start: number };

const learnedDrawn = { x: tensor('B', 'T', 'C'), table: tensor('L', 'C'), from: integer(0, 3) };
const learnedSizes = { B: [1, 3], T: [1, 4], C: [1, 4], L: [1, 6] } as const;
/** A table that is long enough, and a start that leaves room. */
function placed({ x, table, from }: { x: Tensor; table: Tensor; from: number }): LearnedInputs {
  const T = Math.min(x.shape[1]!, table.shape[0]!);
  return { x: x.slice(null, [0, T]), table, start: Math.min(from, table.shape[0]! - T) };
}
const learned = ({ x, table, start }: LiftedLearned) => ({
  y: varTable(x.shape, (b, t, c) => x.at(b!, t!, c!).add(table.at(start + t!, c!))),
});

/** (B, T, C) with an entry of the table, chosen by a rule, added to each. */
const added =
  (rule: (b: number, t: number, i: LearnedInputs) => number) =>
  (i: LearnedInputs): { y: Tensor } => {
    const [T, C] = [i.x.shape[1]!, i.x.shape[2]!];
    return {
      y: i.x.map((v, at) => v + i.table.at(rule(Math.floor(at / (T * C)), Math.floor(at / C) % T, i), at % C)),
    };
  };

const learnedPositionsForward = exercise<typeof learnedDrawn, LearnedInputs & ValueRecord>({
  points: 2,
  inputs: learnedDrawn,
  sizes: learnedSizes,
  derive: (i) => ({ ...placed(i) }),
  parameters: ['x', 'table', 'start'],
  oracle: valueOf(learned, { plain: ['start'] }),
  checks: [
    agrees({ exact: true }),
    pure({ cases: 3 }),
    rejects('a text longer than the table, a start that is no place, or rows of another width', [
      { x: zeros(1, 3, 2), table: zeros(4, 2), start: 2 },
      { x: zeros(1, 3, 2), table: zeros(2, 2), start: 0 },
      { x: zeros(1, 3, 2), table: zeros(4, 2), start: -1 },
      // Counted from the end, these would be places of the table.
      { x: zeros(1, 1, 2), table: zeros(4, 2), start: -2 },
      { x: zeros(1, 3, 2), table: zeros(4, 2), start: 0.5 },
      { x: zeros(1, 3, 2), table: zeros(4, 3), start: 0 },
      { x: zeros(1, 3, 2), table: zeros(4, 1), start: 0 },
    ]),
  ],
  examples: [
    { x: toTensor([[[1], [2]], [[3], [4]]]), table: toTensor([[10], [20], [30], [40]]), start: 1 }, // prettier-ignore
    { x: toTensor([[[0, 1]], [[2, 0]]]), table: toTensor([[1, 2], [3, 4], [5, 6]]), start: 1 }, // prettier-ignore
    { x: toTensor([[[1, 1], [2, 0], [0, 1]], [[0, 2], [1, 0], [1, 1]]]), table: toTensor([[1, 2], [3, 4], [5, 6], [7, 8]]), start: 0 }, // prettier-ignore
  ],
  misconceptions: {
    'row of the sequence instead of the place, counted from start': {
      wrong: added((b, _, { start, table }) => (start + b) % table.shape[0]!),
      says: 'All tokens of a sequence get the same row, and each sequence another one. The row is that of the place in the sequence.',
    },
    'the rows alone': {
      wrong: ({ x, table, start }) => ({ y: table.slice([start, start + x.shape[1]!]).broadcastTo(x.shape) }),
      says: 'x has no part in your result: it is the rows of the table alone. A place is told by adding its vector.',
    },
    'start ignored': {
      wrong: added((_, t) => t),
      says: 'Your first token always gets row 0. When a text is continued it stands at `start`: positions do not begin anew.',
    },
    'row of the sequence instead of the place': {
      wrong: added((b, _, { table }) => b % table.shape[0]!),
      says: 'All tokens of a sequence get the same row, and each sequence another one. The row is that of the place in the sequence.',
    },
    'one row for all': {
      wrong: added((_b, _t, { start }) => start),
      says: 'Every token gets row `start`. Token t stands t places further on.',
    },
    'counted through the whole batch': {
      wrong: added((b, t, { start, x, table }) => (start + b * x.shape[1]! + t) % table.shape[0]!),
      says: 'Your places run on from one sequence of the batch to the next. Each sequence begins at the same place.',
    },
    'multiplied instead of added': {
      wrong: ({ x, table, start }) => ({ y: x.mul(table.slice([start, start + x.shape[1]!])) }),
      says: 'You multiply by the row. A place is told by adding its vector.',
    },
    'last rows of the table': {
      wrong: added((_, t, { x, table }) => table.shape[0]! - x.shape[1]! + t),
      says: 'You take the last rows of the table. The first token stands at `start`, counted from the beginning.',
    },
  },
  hints: [
    'Which row of the table does token t get? Does it depend on the sequence of the batch it is in?',
    'T rows of the table are (T, C), and that broadcasts over the batch.',
    'y = x + rows start … start + T − 1.',
    'table.slice([start, start + T]) after looking at start, T, L and C.',
  ],
});

interface LearnedBack extends LearnedInputs {
  dy: Tensor;
}
const learnedBackDrawn = { dy: tensor('B', 'T', 'C'), ...learnedDrawn };
/** dtable with the rows of `grad` (T, C) from row `at`. */
const inTable = ({ table }: LearnedBack, grad: Tensor, at: number) =>
  zeros(...table.shape).withSlice([[at, at + grad.shape[0]!]], grad);

const learnedPositionsBackward = exercise<typeof learnedBackDrawn, LearnedBack & ValueRecord>({
  points: 2,
  inputs: learnedBackDrawn,
  sizes: learnedSizes,
  derive: (i) => {
    const fed = placed(i);
    return { dy: i.dy.slice(null, [0, fed.x.shape[1]!]), ...fed };
  },
  parameters: ['dy'],
  backwardOf: { forward: 'learnedPositionsForward', takes: ['x', 'table', 'start'] },
  oracle: smooth(
    gradientOf<LiftedLearned>(learned, {
      upstream: { y: 'dy' },
      wrt: { dx: 'x', dtable: 'table' },
      plain: ['start'],
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 20 }), pure({ cases: 3 })],
  examples: [
    { dy: toTensor([[[1], [2]], [[3], [5]]]), x: zeros(2, 2, 1), table: zeros(4, 1), start: 1 }, // prettier-ignore
    { dy: toTensor([[[1, -1]], [[2, 0.5]], [[4, 1]]]), x: zeros(3, 1, 2), table: zeros(3, 2), start: 2 }, // prettier-ignore
  ],
  misconceptions: {
    'gradient halved between x and the table': {
      wrong: (i) => ({ dx: i.dy.div(2), dtable: inTable(i, i.dy.sum(0).div(2), i.start) }),
      says: 'You share the gradient out between x and the table. A sum hands the whole of it to each.',
    },
    'start ignored': {
      wrong: (i) => ({ dx: i.dy, dtable: inTable(i, i.dy.sum(0), 0) }),
      says: 'Your gradient goes into the first rows of the table. The rows used began at `start`.',
    },
    'last sequence wins': {
      wrong: (i) => ({ dx: i.dy, dtable: inTable(i, i.dy.row(-1), i.start) }),
      says: 'Your dtable holds the gradient of the last sequence only: it was assigned where it should have been added. All sequences used the same rows.',
    },
    'first sequence only': {
      wrong: (i) => ({ dx: i.dy, dtable: inTable(i, i.dy.row(0), i.start) }),
      says: 'Your dtable holds the gradient of the first sequence only. All sequences used the same rows.',
    },
    'averaged over the batch': {
      wrong: (i) => ({ dx: i.dy, dtable: inTable(i, i.dy.mean(0), i.start) }),
      says: 'Your dtable is a mean over the batch. A row that was used by several sequences gets the sum of their gradients.',
    },
    'summed over time too': {
      wrong: (i) => ({
        dx: i.dy,
        dtable: inTable(i, i.dy.sum([0, 1], { keepDims: true }).squeeze(0).broadcastTo(i.dy.row(0).shape), i.start),
      }),
      says: 'Every row gets the gradients of all places together. Row start + t was added at place t, and nowhere else.',
    },
    'rows that were not used left out': {
      wrong: (i) => ({ dx: i.dy, dtable: i.dy.sum(0) }),
      says: 'Your dtable has T rows. The gradient of a table has the table’s shape; rows nobody used have gradient 0.',
    },
    'no gradient for x': {
      wrong: (i) => ({ dx: i.dy.mul(0), dtable: inTable(i, i.dy.sum(0), i.start) }),
      says: 'Your dx is zero. x was one of the two terms of a sum, and a sum hands its gradient to both.',
    },
  },
  hints: [
    'y = x + something: what is the gradient of each of the two terms? And who used a row of the table?',
    'dx has the shape of dy. dtable is (L, C), and the cache knows L and where the rows began.',
    'Sum dy over the batch, (T, C), and put it into rows start … start + T − 1 of zeros.',
    'zeros(length, C).withSlice([[start, start + T]], dy.sum(0))',
  ],
});

// Sines and cosines

interface Sines {
  length: number;
  dModel: number;
}
/** PE by a rule: the angle of position p in column c, and whether that column has the sine. */
const waves = (
  { length, dModel: d }: Sines,
  angle = (p: number, c: number) => p * 10_000 ** ((-2 * Math.floor(c / 2)) / d),
  isSine = (c: number) => c % 2 === 0,
) =>
  new Tensor(
    [length, d],
    range(length * d, (at) => {
      const [p, c] = [Math.floor(at / d), at % d];
      return isSine(c) ? Math.sin(angle(p, c)) : Math.cos(angle(p, c));
    }),
  );

const width = choice(2, 4, 6, 8);

const sinusoidalPositions = exercise({
  points: 2,
  inputs: { length: integer(1, 9), dModel: width },
  oracle: (i) => waves(i),
  checks: [
    agrees({ cases: 16 }),
    rejects('a width that is odd, or no whole number from 2 on', [
      { length: 3, dModel: 3 },
      { length: 3, dModel: 0 },
      { length: 3, dModel: 2.5 },
      { length: 3, dModel: -2 },
      { length: 3, dModel: NaN },
    ]),
  ],
  examples: [
    { length: 3, dModel: 4 },
    { length: 4, dModel: 6 },
    { length: 60, dModel: 8 },
  ],
  misconceptions: {
    'another speed for every column': {
      wrong: (i) => waves(i, (p, c) => p * 10_000 ** (-c / i.dModel)),
      says: 'The sine and the cosine of a pair turn at different speeds. Columns 2i and 2i + 1 share one ω: it is the number of the pair that counts.',
    },
    'exponent without the 2': {
      wrong: (i) => waves(i, (p, c) => p * 10_000 ** (-Math.floor(c / 2) / i.dModel)),
      says: 'Your exponent is −i/d, so the slow pairs turn far too fast. With d/2 pairs, −2i/d runs from 0 to almost −1.',
    },
    'the 2 twice': {
      wrong: (i) => waves(i, (p, c) => p * 10_000 ** ((-2 * c) / i.dModel)),
      says: 'Your exponent is −2c/d with c the column. In 2i the 2 is there already: column 2i and its neighbour have the exponent −2i/d.',
    },
    'slowest pair at 1/10000': {
      wrong: (i) => waves(i, (p, c) => p * 10_000 ** (i.dModel === 2 ? 0 : -Math.floor(c / 2) / (i.dModel / 2 - 1))),
      says: 'Your exponents run from 0 to −1, with i/(d/2 − 1). Some libraries do it so; the paper and this course divide by the whole of d/2, and never quite reach −1.',
    },
    'sines only': {
      wrong: (i) => waves(i, undefined, () => true),
      says: 'All your columns are sines. Odd ones hold the cosine: without it a hand’s place is told only by half.',
    },
    'sines first, then cosines': {
      wrong: (i) => {
        const half = i.dModel / 2;
        return waves(
          i,
          (p, c) => p * 10_000 ** ((-2 * (c % half)) / i.dModel),
          (c) => c < half,
        );
      },
      says: 'All your sines come first, then all cosines. Some libraries do it so; here sine and cosine of a pair stand side by side.',
    },
    'sine and cosine exchanged': {
      wrong: (i) => waves(i, undefined, (c) => c % 2 === 1),
      says: 'Your even columns hold the cosine. Position 0 is to begin 0, 1, 0, 1.',
    },
    'positions from 1': {
      wrong: (i) => waves(i, (p, c) => (p + 1) * 10_000 ** ((-2 * Math.floor(c / 2)) / i.dModel)),
      says: 'Your first row is that of position 1. The first position is 0: no sine has moved yet.',
    },
    'faster instead of slower': {
      wrong: (i) => waves(i, (p, c) => p * 10_000 ** ((2 * Math.floor(c / 2)) / i.dModel)),
      says: 'Your later pairs turn faster and faster. The exponent is negative: the last pair hardly moves.',
    },
    'divided by a product': {
      wrong: (i) => waves(i, (p, c) => (c < 2 ? p : p / ((10_000 * 2 * Math.floor(c / 2)) / i.dModel))),
      says: 'You multiply 10000 by 2i/d. It is raised to that power.',
    },
    'rows and columns exchanged': {
      wrong: (i) => waves(i).T,
      says: 'Your result has a column for each position. A row for each is asked for, so that it can be added to the tokens.',
    },
  },
  hints: [
    'A clock with d/2 hands: position p is where they all point. How far does hand i move in one step?',
    'frequencies(d), in the same file, gives all ω at once, (d/2). Angles are (length, d/2).',
    'Column 2i is sin(p ω_i), column 2i + 1 is cos(p ω_i).',
    'Make a tensor of zeros of (length, d) and map it: the flat index at is p = ⌊at/d⌋, c = at mod d.',
  ],
});

interface Shift {
  shift: number;
  dModel: number;
}
/** (d, d) with a 2 × 2 block of each pair's angle, in columns that a rule names. */
function blocks(
  { shift, dModel: d }: Shift,
  block = (s: number, c: number) => [c, s, -s, c],
  angle = (i: number) => shift * 10_000 ** ((-2 * i) / d),
  columns = (i: number) => [2 * i, 2 * i + 1],
): Tensor {
  const out = zeros(d, d);
  for (let i = 0; i < d / 2; i++) {
    const [a, b] = columns(i) as [number, number];
    const entries = block(Math.sin(angle(i)), Math.cos(angle(i)));
    [a * d + a, a * d + b, b * d + a, b * d + b].forEach((at, n) => (out.data[at] = entries[n]! + 0));
  }
  return out;
}

const shiftRotation = exercise({
  points: 2,
  inputs: { shift: integer(-5, 5), dModel: width },
  oracle: (i) => blocks(i),
  checks: [
    agrees({ cases: 16 }),
    property<Shift>('it moves every position on', {
      cases: 4,
      holds: ({ y }: { y: Tensor }, { shift, dModel }) => {
        const at = (p: number) =>
          waves({ length: 1, dModel }, (_, c) => p * 10_000 ** ((-2 * Math.floor(c / 2)) / dModel));
        return range(4, (p) => p).every((p) =>
          at(p)
            .matmul(y.T)
            .allClose(at(p + shift), { rtol: 0, atol: 1e-10 }),
        );
      },
    }),
  ],
  examples: [
    { shift: 3, dModel: 4 },
    { shift: -2, dModel: 6 },
    { shift: 0, dModel: 4 },
  ],
  misconceptions: {
    'sine and cosine exchanged, the minus below': {
      wrong: (i) => blocks(i, (s, c) => [s, c, -c, s]),
      says: 'Sine and cosine have changed places in your blocks. For a shift of 0 nothing should move: there the diagonal is cos 0 = 1.',
    },
    'turned the other way': {
      wrong: (i) => blocks(i, (s, c) => [c, -s, s, c]),
      says: 'Your R goes back where it should go on. The usual rotation matrix turns (cos, sin); here the sine stands first.',
    },
    'one minus sign missing': {
      wrong: (i) => blocks(i, (s, c) => [c, s, s, c]),
      says: 'Your blocks stretch: their two off-diagonal entries are equal. In a rotation they differ in sign.',
    },
    mirrored: {
      wrong: (i) => blocks(i, (s, c) => [c, s, s, -c]),
      says: 'Your blocks are mirrors. For a shift of 0 nothing should change, and yours turns the cosine around.',
    },
    'sine and cosine exchanged': {
      wrong: (i) => blocks(i, (s, c) => [s, c, c, -s]),
      says: 'Sine and cosine have changed places in your blocks. For a shift of 0 nothing should move: there the diagonal is cos 0 = 1.',
    },
    'one speed for all pairs': {
      wrong: (i) => blocks(i, undefined, () => i.shift),
      says: 'All your pairs turn by the same angle. Each pair has its own ω, and has turned by shift · ω.',
    },
    'exponent without the 2': {
      wrong: (i) => blocks(i, undefined, (n) => i.shift * 10_000 ** (-n / i.dModel)),
      says: 'Your angles use 10000^(−i/d). The positions turned by 10000^(−2i/d).',
    },
    'pairs half the width apart': {
      wrong: (i) => blocks(i, undefined, undefined, (n) => [n, n + i.dModel / 2]),
      says: 'Your blocks pair column i with column i + d/2. The sine and the cosine of a pair stand side by side, in 2i and 2i + 1.',
    },
    'direction of the shift forgotten': {
      wrong: (i) => blocks(i, undefined, (n) => Math.abs(i.shift) * 10_000 ** ((-2 * n) / i.dModel)),
      says: 'Backwards and forwards are the same in your result. A negative shift turns back.',
    },
  },
  hints: [
    'Take one pair: sin(α) and cos(α) are given, sin(α + β) and cos(α + β) wanted. Which formulas from school?',
    'R is (d, d), zero but for d/2 blocks of 2 × 2 on the diagonal. Its rows make new columns 2i and 2i + 1.',
    'sin(α + β) = cos β sin α + sin β cos α, and cos(α + β) = −sin β sin α + cos β cos α, with β = shift · ω_i.',
    'Row 2i: cos β at column 2i, sin β at column 2i + 1. Row 2i + 1: −sin β, then cos β.',
  ],
});

// Rotations

interface Turned {
  x: Tensor;
  positions: number[];
}
type LiftedTurned = { x: Lifted<Tensor>; positions: number[] };

/** Twice as many columns as pairs were drawn. */
const turnedDrawn = {
  x: tensor('B', 'h', 'T', '2P'),
  positions: vector('T', { min: 0, max: 9, step: 1 }),
  axes: choice(...AXES),
};
const turnedSizes = { B: [1, 2], h: [1, 2], T: [1, 4], P: [1, 3] } as const;

const rotated = ({ x, positions }: LiftedTurned) => {
  const [T, d] = [x.shape.at(-2)!, x.shape.at(-1)!];
  const angle = (t: number, i: number) => positions[t]! * 10_000 ** ((-2 * i) / d);
  return {
    y: varTable(x.shape, (...at) => {
      const [c, t] = [at.at(-1)!, at.at(-2)!];
      const first = x.at(...at.slice(0, -1), c - (c % 2));
      const second = x.at(...at.slice(0, -1), c - (c % 2) + 1);
      const [cos, sin] = [Math.cos(angle(t % T, (c - (c % 2)) / 2)), Math.sin(angle(t % T, (c - (c % 2)) / 2))];
      return c % 2 === 0 ? sum([first.mul(cos), second.mul(-sin)]) : sum([first.mul(sin), second.mul(cos)]);
    }),
  };
};

interface TurnSlips {
  /** θ of position p, pair i. */
  angle?: (p: number, i: number, d: number) => number;
  /** The place of token t, which is row `row` of all. */
  place?: (t: number, positions: number[], row: number, rows: number) => number;
  /** Pairs are i and i + d/2. */
  halves?: boolean;
  /** The new numbers of a pair. */
  pair?: (a: number, b: number, cos: number, sin: number) => [number, number];
}
const onwards = (a: number, b: number, cos: number, sin: number): [number, number] => [a * cos - b * sin, a * sin + b * cos]; // prettier-ignore
const backwards = (a: number, b: number, cos: number, sin: number) => onwards(a, b, cos, -sin);

function turn(x: Tensor, positions: number[], slips: TurnSlips = {}): Tensor {
  const { angle = (p, i, d) => p * 10_000 ** ((-2 * i) / d), place = (t, all) => all[t]!, pair = onwards } = slips;
  const [T, d] = [x.shape.at(-2)!, x.shape.at(-1)!];
  const out = x.map((v) => v);
  for (let row = 0; row < x.size / d; row++)
    for (let i = 0; i < d / 2; i++) {
      const [a, b] = (slips.halves ? [i, i + d / 2] : [2 * i, 2 * i + 1]).map((c) => row * d + c) as [number, number];
      const theta = angle(place(row % T, positions, row, x.size / d), i, d);
      [out.data[a], out.data[b]] = pair(x.data[a]!, x.data[b]!, Math.cos(theta), Math.sin(theta));
    }
  return out;
}
/** Slips that both directions can have, with the words for each. */
const turnSlips: Record<string, { slips: TurnSlips; says: string }> = {
  'pairs half the width apart': {
    slips: { halves: true },
    says: 'You pair column i with column i + d/2. Llama’s code does so, the paper and this course pair neighbours: 2i and 2i + 1.',
  },
  'positions restarted': {
    slips: { place: (t) => t },
    says: 'You turn token t by t. When a text is continued the first token stands at positions[0], and that need not be 0.',
  },
  'one speed for all pairs': {
    slips: { angle: (p) => p },
    says: 'All your pairs turn by the same angle. Pair i turns by 10000^(−2i/d) for each position.',
  },
  'exponent without the 2': {
    slips: { angle: (p, i, d) => p * 10_000 ** (-i / d) },
    says: 'Your pair i turns by 10000^(−i/d). With d/2 pairs the exponent is −2i/d.',
  },
  'positions counted through': {
    slips: { place: (_t, positions, row) => positions[row] ?? 0 },
    says: 'With matrices this is right. With a batch or heads in front, your count of rows runs on past the T positions: each sequence begins with positions[0] again.',
  },
  'positions counted beyond their end': {
    slips: { place: (_t, positions, row) => positions[row] ?? NaN },
    says: 'With matrices this is right. With a batch or heads in front, your count of rows runs on past the T positions, where there is nothing: each sequence begins with positions[0] again.',
  },
  'another axis for time': {
    slips: { place: (_t, positions, row, rows) => positions[Math.floor(row / (rows / positions.length))]! },
    says: 'With matrices this is right. With a batch or heads in front, time is the last axis but one, whatever stands before it: neighbouring rows are neighbouring tokens.',
  },
  'a minus sign lost': {
    slips: { pair: (a, b, cos, sin) => [a * cos + b * sin, a * sin + b * cos] },
    says: 'Your pairs get longer and shorter: one of the two sines has to be negative. A rotation keeps lengths.',
  },
};

const rotaryExamples: { x: Tensor; positions: number[] }[] = [
  { x: toTensor([[1, 2, 3, 4], [0.5, -1, 2, 1]]), positions: [2, 5] }, // prettier-ignore
  { x: toTensor([[1, 0, -1, 2, 0.5, 1], [2, 1, 0, -1, 1, 1], [0, 1, 1, 0, 2, -1]]), positions: [7, 8, 9] }, // prettier-ignore
];

const rotaryForward = exercise({
  points: 3,
  inputs: turnedDrawn,
  sizes: turnedSizes,
  derive: ({ x, positions, axes }): Turned & ValueRecord => ({ x: cutTo(x, axes), positions }),
  parameters: ['x', 'positions'],
  oracle: valueOf(rotated, { plain: ['positions'] }),
  checks: [
    agrees({ cases: 20 }),
    property<Turned>('products of what was turned depend on the distance alone', {
      cases: 6,
      runs: ({ x, positions }) => ({ here: { x, positions }, there: { x, positions: positions.map((p) => p + 11) } }),
      holds: ({ here, there }: Record<string, { y: Tensor }>) =>
        here!.y.matmul(here!.y.T).allClose(there!.y.matmul(there!.y.T), { rtol: 1e-9, atol: 1e-9 }),
    }),
    pure({ cases: 3 }),
    rejects(
      'an odd width, or another number of positions than of tokens',
      [
        { x: zeros(2, 3), positions: [0, 1] },
        { x: zeros(2, 4), positions: [0] },
        { x: zeros(2, 4), positions: [0, 1, 2] },
        { x: zeros(2, 3, 4), positions: [0, 1] },
      ],
      { worth: 1 },
    ),
  ],
  examples: rotaryExamples as (Turned & ValueRecord)[],
  misconceptions: {
    ...Object.fromEntries(
      Object.entries(turnSlips).map(([name, { slips, says }]) => [
        name,
        { wrong: ({ x, positions }: Turned) => ({ y: turn(x, positions, slips) }), says },
      ]),
    ),
    'turned the other way': {
      wrong: ({ x, positions }) => ({ y: turn(x, positions, { pair: backwards }) }),
      says: 'You turn clockwise. Products of two turned vectors come out right all the same, so no model would notice; whoever loads somebody else’s weights would.',
    },
    'second number from the new first': {
      wrong: ({ x, positions }) => ({
        y: turn(x, positions, {
          pair: (a, b, cos, sin) => {
            const first = a * cos - b * sin;
            return [first, first * sin + b * cos];
          },
        }),
      }),
      says: 'The second number of each pair is made from the first one’s new value. Both need the old ones.',
    },
    'positions added instead': {
      wrong: ({ x, positions }) => {
        const d = x.shape.at(-1)!;
        const T = x.shape.at(-2)!;
        return {
          y: x.map((v, at) => {
            const [c, t] = [at % d, Math.floor(at / d) % T];
            const theta = positions[t]! * 10_000 ** ((-2 * Math.floor(c / 2)) / d);
            return v + (c % 2 === 0 ? Math.sin(theta) : Math.cos(theta));
          }),
        };
      },
      says: 'You add sines and cosines to x. Rotary positions turn what is there, and add nothing: a vector of zeros stays one.',
    },
  },
  hints: [
    'Each pair of columns is a point in a plane. It is turned about the origin, by an angle that position and pair decide.',
    'The last axis is d, the one before it T; whatever stands in front does not matter. Angles are (T, d/2).',
    'θ = positions[t] · ω_i. New first: a cos θ − b sin θ. New second: a sin θ + b cos θ, with the old a and b.',
    'x.map((value, at) => …): column c = at % d, token t = ⌊at/d⌋ % T, and the partner of column c is the one beside it, at + 1 or at − 1.',
  ],
});

interface TurnedBack extends Turned {
  dy: Tensor;
}
const turnedBackDrawn = { dy: tensor('B', 'h', 'T', '2P'), ...turnedDrawn };

const rotaryBackward = exercise<typeof turnedBackDrawn, TurnedBack & ValueRecord>({
  points: 2,
  inputs: turnedBackDrawn,
  sizes: turnedSizes,
  derive: ({ dy, x, positions, axes }) => ({ dy: cutTo(dy, axes), x: cutTo(x, axes), positions }),
  parameters: ['dy'],
  backwardOf: { forward: 'rotaryForward', takes: ['x', 'positions'] },
  uses: ['rotaryForward'],
  oracle: smooth(gradientOf<LiftedTurned>(rotated, { upstream: { y: 'dy' }, wrt: 'x', plain: ['positions'] })),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 16 }), pure({ cases: 3 })],
  examples: rotaryExamples.map(({ x, positions }) => ({ dy: x.map((v, i) => v + i), x, positions })),
  misconceptions: {
    'differentiated by the angle': {
      wrong: ({ dy, positions }) =>
        turn(dy, positions, { pair: (a, b, cos, sin) => [-a * sin - b * cos, a * cos - b * sin] }),
      says: 'You have put in the derivatives of sine and cosine. Nobody asks how y changes with the angle: for x the angles are constants.',
    },
    'turned on instead of back': {
      wrong: ({ dy, positions }) => turn(dy, positions),
      says: 'You turn the gradient the same way as x. The gradient of y = R x is Rᵀ dy, and the transpose of a rotation turns back.',
    },
    'not turned at all': {
      wrong: ({ dy }) => dy,
      says: 'The upstream gradient comes out as it went in. x was turned before it became y.',
    },
    ...Object.fromEntries(
      Object.entries(turnSlips).map(([name, { slips, says }]) => [
        name,
        {
          wrong: ({ dy, positions }: TurnedBack) => turn(dy, positions, { pair: backwards, ...slips }),
          says,
        },
      ]),
    ),
    'second number from the new first': {
      wrong: ({ dy, positions }) =>
        turn(dy, positions, {
          pair: (a, b, cos, sin) => {
            const first = a * cos + b * sin;
            return [first, -first * sin + b * cos];
          },
        }),
      says: 'The second number of each pair is made from the first one’s new value. Both need the old ones.',
    },
    'sines left out': {
      wrong: ({ dy, positions }) => turn(dy, positions, { pair: (a, b, cos) => [a * cos, b * cos] }),
      says: 'Each number of dx looks at its own dy only. x_2i went into both y_2i and y_2i+1.',
    },
  },
  hints: [
    'y is x, turned. Which way must a change of y be turned to become a change of x?',
    'dx has the shape of dy. All it needs from the cache is the positions.',
    'For a rotation the transpose is the inverse: turn by −θ.',
    'Turning by −θ is what rotaryForward does with negative positions.',
  ],
});

export const positionalEncoding = topic('positional-encoding', 'Where a token stands', {
  learnedPositionsForward,
  learnedPositionsBackward,
  sinusoidalPositions,
  shiftRotation,
  rotaryForward,
  rotaryBackward,
});
