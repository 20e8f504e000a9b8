/**
 * Generic patterns in wrong numbers, for mistakes that no misconception names: a constant factor, a sign, a transpose, zeros,
 * permuted blocks, a shift in time, NaN, a wrong type. A pattern counts only if it holds in every case looked at.
 */
import { Tensor } from '#tensor';
import { close } from './compare.ts';
import type { Sizes } from './inputs.ts';
import type { Diagnosis } from './report.ts';
import { identical, isRecord, Odd, scalars, type Value, type ValueRecord } from './value.ts';

/** One case seen whole: what went in, what should have come out, what came out. */
export interface Sample {
  sizes: Sizes;
  inputs: ValueRecord;
  expected: Value;
  /** `undefined` where it threw. */
  got: Value;
  /** The message of the error that was thrown instead of returning. */
  threw?: string;
}

/** One result in one case, as flat numbers. */
interface Pair {
  sizes: Sizes;
  inputs: ValueRecord;
  want: number[];
  have: number[];
  shape: readonly number[];
  /** It came out right: no evidence for a pattern, but it may be evidence against. */
  right: boolean;
}

const pattern = (name: string, says: string): Diagnosis => ({ kind: 'pattern', name, says });

/**
 * The first pattern that explains the named result in all samples: where it is wrong, and why it is right elsewhere.
 *
 * @param shown the case that the pattern is shown with, whose sizes and shapes its text speaks of; default: the first in
 *   which the result is wrong
 */
export function findPattern(name: string, samples: readonly Sample[], shown?: Sample): Diagnosis | undefined {
  const what = name || 'The result';
  const returned = samples.filter((s) => s.threw === undefined);
  const parts = returned.map((sample) => ({ sample, want: pick(sample.expected, name), have: pick(sample.got, name) }));
  const example = shown
    ? { sample: shown, want: pick(shown.expected, name), have: pick(shown.got, name) }
    : (parts.find(({ want, have }) => !identical(want, have)) ?? parts[0]);
  if (!example || example.sample.threw !== undefined) return undefined;
  if ([...parts, example].some(({ want, have }) => wrongType('', want, have)))
    return wrongType(what, example.want, example.have);
  if ([...parts, example].some(({ want, have }) => shapesDiffer(want, have))) return wrongShape(what, parts, example);

  const pairs = parts.map(pairOf).filter((p) => p !== undefined);
  const shownPair = shown && pairOf(example);
  if (shown && !shownPair) return undefined;
  if (pairs.every((p) => p.right) || shownPair?.right) return undefined;
  // The wrong ones first: a pattern words itself after the first.
  pairs.sort((a, b) => Number(a.right) - Number(b.right));
  const withShown = shownPair ? [shownPair, ...pairs] : pairs;
  const broken = notFinite(what, shownPair ? [shownPair] : pairs, pairs);
  if (broken) return broken;
  if (isDiscrete(parts.map(({ want }) => want))) return undefined;
  for (const look of [zeros, factor]) {
    const found = look(what, withShown);
    if (found) return found;
  }
  // A small case may have too few rows to show an order: it is no evidence here.
  for (const look of [transposed, returnedInput, shifted, permuted, offset]) {
    const found = look(what, pairs);
    if (found) return found;
  }
  return undefined;
}

interface Part {
  sample: Sample;
  want: Value;
  have: Value;
}

function pairOf({ sample, want, have }: Part): Pair | undefined {
  const [wants, haves] = [scalars(want), scalars(have)];
  if (wants.length === 0 || wants.length !== haves.length) return undefined;
  return {
    sizes: sample.sizes,
    inputs: sample.inputs,
    want: wants,
    have: haves,
    shape: shapeOf(want),
    right: same(wants, haves),
  };
}

/** Different right values below which a relation between numbers is soon an accident. */
const DIFFERENT = 4;

/** Decisions, labels, counts of a few: results of which a sign, a factor or an order says nothing. */
function isDiscrete(wants: readonly Value[]): boolean {
  const numeric = (v: Value): boolean =>
    typeof v === 'number' ||
    v instanceof Tensor ||
    (Array.isArray(v) && v.every(numeric)) ||
    (isRecord(v) && Object.values(v).every(numeric));
  if (!wants.every(numeric)) return true;
  // −0 is 0, and what differs by rounding is alike.
  const seen = new Set(wants.flatMap(scalars).map((x) => Number(x.toPrecision(9))));
  return seen.size < DIFFERENT;
}

const wrongOnes = (pairs: readonly Pair[]) => pairs.filter((p) => !p.right);
const entriesOf = (pairs: readonly Pair[]) => pairs.reduce((n, p) => n + p.want.length, 0);

/** The part of a value that a result's name speaks of: "", "dw", "params.w", "layers[1].dw". */
export function pick(value: Value, name: string): Value {
  let at: Value = value;
  for (const key of name.split(/[.[\]]+/).filter(Boolean)) {
    if (Array.isArray(at)) at = at[Number(key)];
    else if (isRecord(at)) at = at[key];
    else return undefined;
  }
  return at;
}

function shapeOf(value: Value): readonly number[] {
  if (value instanceof Tensor) return value.shape;
  if (Array.isArray(value)) return Array.isArray(value[0]) ? [value.length, value[0].length] : [value.length];
  return [];
}

const scale = (x: readonly number[]) => Math.max(0, ...x.map((v) => (Number.isFinite(v) ? Math.abs(v) : 0)));
const same = (a: readonly number[], b: readonly number[]) => {
  const tolerance = 1e-9 * Math.max(scale(a), 1e-3);
  return a.length === b.length && a.every((x, i) => close(x, b[i]!, tolerance));
};

function wrongType(what: string, want: Value, have: Value): Diagnosis | undefined {
  if (have instanceof Odd && have.what === 'a Promise')
    return pattern(
      'promise',
      `${what} is a Promise: an exercise returns its value directly. Remove \`async\` from the function.`,
    );
  if (have === undefined && want !== undefined)
    return pattern(
      'undefined',
      name(what, 'is undefined: does every path of the function reach a `return`, with this name?'),
    );
  if (want instanceof Tensor && Array.isArray(have))
    return pattern('array', name(what, 'is a plain array where a Tensor is asked for: wrap it with `tensor(…)`.'));
  if (Array.isArray(want) && have instanceof Uint8Array)
    return pattern(
      'bytes',
      name(what, 'is a Uint8Array where a plain array is asked for: `Array.from(…)` makes one of it.'),
    );
  if (Array.isArray(want) && have instanceof Odd && /^an? \w+Array$/.test(have.what))
    return pattern(
      'typed array',
      name(what, `is ${have.what} where a plain array is asked for: \`Array.from(…)\` makes one of it.`),
    );
  if (Array.isArray(want) && have instanceof Tensor)
    return pattern('tensor', name(what, 'is a Tensor where a plain array is asked for: `.toArray()` gives one.'));
  if (typeof want === 'number' && have instanceof Tensor)
    return pattern(
      'tensor',
      name(what, 'is a Tensor where a number is asked for: `.item()` takes the number out of a Tensor of one entry.'),
    );
  return undefined;
}

const name = (what: string, rest: string) => `${what} ${rest}`;

const shapesDiffer = (want: Value, have: Value): boolean =>
  want instanceof Tensor && have instanceof Tensor && want.shape.join() !== have.shape.join();

const isReversed = (a: readonly number[], b: readonly number[]) => a.join() === [...b].reverse().join();

/** What may be wrong with a shape; it must be so wherever the shape is wrong. */
const SHAPES: [name: string, is: (want: readonly number[], have: readonly number[]) => boolean][] = [
  ['transposed', isReversed],
  ['kept axis', (a, b) => a.filter((n) => n !== 1).join() === b.filter((n) => n !== 1).join()],
  ['not summed', (a, b) => b.length === a.length + 1 && a.join() === b.slice(1).join()],
];

function wrongShape(what: string, parts: readonly Part[], { want, have }: Part): Diagnosis | undefined {
  const shapes = parts.flatMap(({ want, have }) =>
    want instanceof Tensor && have instanceof Tensor ? [[want.shape, have.shape] as const] : [],
  );
  const wrong = shapes.filter(([a, b]) => a.join() !== b.join());
  // Where all axes are equally long, a transposition does not show in the shape.
  const complete = shapes.length === parts.filter((p) => p.want instanceof Tensor).length;
  const fits = (name: string, is: (typeof SHAPES)[number][1]) =>
    name === 'transposed' ? complete && shapes.every(([a, b]) => is(a, b)) : wrong.every(([a, b]) => is(a, b));
  const found = SHAPES.find(([name, is]) => fits(name, is))?.[0];
  if (!(want instanceof Tensor) || !(have instanceof Tensor) || !found) return undefined;
  const [a, b] = [want.shape, have.shape];
  const sizes = a.join() === b.join() ? '' : `: (${b.join(', ')}) where (${a.join(', ')}) is asked for`;
  if (found === 'transposed')
    return pattern(
      found,
      `${what} has its axes the wrong way round${sizes}. A gradient has the shape of its variable.`,
    );
  if (sizes === '') return undefined;
  return found === 'kept axis'
    ? pattern(found, `${what} differs only in an axis of length 1${sizes}. Look at keepDims, or at a reshape.`)
    : pattern(found, `${what} still has an axis in front, of length ${b[0]}: something is not summed over it.`);
}

function notFinite(what: string, pairs: readonly Pair[], all: readonly Pair[]): Diagnosis | undefined {
  const bad = pairs.flatMap((p) => p.have.filter((x, i) => !Number.isFinite(x) && Number.isFinite(p.want[i]!)));
  if (bad.length === 0) return undefined;
  // Where right results are infinite too, one may be put in the wrong place: nothing was divided by 0 for it.
  const may = new Set(all.flatMap((p) => p.want));
  if (bad.every((x) => may.has(x) && !Number.isNaN(x))) return undefined;
  return bad.some(Number.isNaN)
    ? pattern(
        'NaN',
        `${what} contains NaN. It is born from 0/0, ∞ − ∞, 0·∞, the square root or logarithm of a negative number, or an index outside an array; print the steps before it to see where.`,
      )
    : pattern(
        'Infinity',
        `${what} contains Infinity. It comes from dividing by 0, the logarithm of 0, or an exponential that is too large.`,
      );
}

function zeros(what: string, pairs: readonly Pair[]): Diagnosis | undefined {
  return entriesOf(wrongOnes(pairs)) >= 3 && pairs.every((p) => p.have.every((x) => x === 0))
    ? pattern('zeros', `${what} is all zeros: it is never written, or multiplied away.`)
    : undefined;
}

/** Sizes, their roots and products, that a factor may come from. */
function* candidates(sizes: Sizes): Iterable<[string, number]> {
  const symbols = Object.entries(sizes);
  for (const [s, n] of symbols) {
    yield [s, n];
    yield [`√${s}`, Math.sqrt(n)];
  }
  for (const [i, [s, n]] of symbols.entries()) for (const [t, m] of symbols.slice(i + 1)) yield [`${s}·${t}`, n * m];
}

function factor(what: string, all: readonly Pair[]): Diagnosis | undefined {
  // A result that is all zeros stays right, whatever it is multiplied by.
  const pairs = all.filter((p) => !p.right || p.want.some((x) => x !== 0));
  const ratios: number[] = [];
  let entries = 0;
  for (const { want, have, right } of pairs) {
    const biggest = want.reduce((best, x, i) => (Math.abs(x) > Math.abs(want[best]!) ? i : best), 0);
    const ratio = have[biggest]! / want[biggest]!;
    if (!Number.isFinite(ratio) || ratio === 0) return undefined;
    if (
      !same(
        want.map((x) => x * ratio),
        have,
      )
    )
      return undefined;
    ratios.push(ratio);
    if (!right) entries += want.filter((x) => x !== 0).length;
  }
  if (entries < 3) return undefined;
  // An axis that may be missing has length 0 then, and no factor comes from it.
  const alike = (a: number, b: number) => Number.isFinite(b) && Math.abs(a - b) <= 1e-8 * Math.abs(b);
  const r = ratios[0]!;
  if (ratios.every((x) => alike(x, -1)))
    return pattern('sign', `${what} has the right size and the wrong sign, everywhere.`);
  if (ratios.every((x) => alike(x, r)) && ratios.length > 1)
    return pattern('factor', `${what} is ${show(r)} times what it should be, in every entry.`);
  // A fixed example has no drawn sizes.
  const sized = pairs.map((p, i) => [p, ratios[i]!] as const).filter(([p]) => Object.keys(p.sizes).length > 0);
  for (const [c, words] of [
    [1, ''],
    [-1, 'minus '],
    [2, '2 '],
    [0.5, '½ '],
  ] as const) {
    for (const [symbol] of candidates(sized[0]?.[0].sizes ?? {})) {
      const below = symbol.includes('·') ? `(${symbol})` : symbol;
      const value = (p: Pair) => new Map(candidates(p.sizes)).get(symbol)!;
      if (new Set(sized.map(([p]) => value(p))).size < 2) continue;
      const here = pairs[0]!.sizes === sized[0]![0].sizes ? ` (${symbol} = ${show(value(pairs[0]!))} here)` : '';
      if (sized.every(([p, ratio]) => alike(ratio, c * value(p))))
        return pattern('factor', `${what} is ${words}${symbol} times what it should be, in every entry${here}.`);
      if (sized.every(([p, ratio]) => alike(ratio, c / value(p))))
        return pattern('factor', `${what} is ${words}1/${below} of what it should be, in every entry${here}.`);
    }
  }
  return undefined;
}

const show = (x: number) => String(Number(x.toPrecision(6)));

function offset(what: string, pairs: readonly Pair[]): Diagnosis | undefined {
  const difference = pairs[0]!.have[0]! - pairs[0]!.want[0]!;
  if (entriesOf(pairs) < 3 || !Number.isFinite(difference)) return undefined;
  return pairs.every((p) =>
    same(
      p.want.map((x) => x + difference),
      p.have,
    ),
  )
    ? pattern('offset', `${what} is off by ${show(difference)} everywhere.`)
    : undefined;
}

function transposed(what: string, pairs: readonly Pair[]): Diagnosis | undefined {
  const holds = pairs.every(({ want, have, shape }) => {
    const [n, m] = shape;
    if (shape.length !== 2 || n !== m) return false;
    return same(
      want.map((_, i) => want[(i % m!) * m! + Math.floor(i / m!)]!),
      have,
    );
  });
  return holds ? pattern('transposed', `${what} is transposed: rows and columns are swapped.`) : undefined;
}

function returnedInput(what: string, pairs: readonly Pair[]): Diagnosis | undefined {
  const wrong = wrongOnes(pairs);
  // A few numbers are soon the same by accident.
  const enough =
    wrong.length >= 2 &&
    wrong.some((p) => p.have.length >= 3) &&
    new Set(wrong.flatMap((p) => p.have)).size >= DIFFERENT;
  if (!enough) return undefined;
  const input = Object.keys(pairs[0]!.inputs).find((key) =>
    pairs.every((p) => shapeOf(p.inputs[key]).join() === p.shape.join() && same(scalars(p.inputs[key]), p.have)),
  );
  if (input === undefined) return undefined;
  return pattern(
    'unchanged',
    what === input ? `${what} comes back as it went in.` : `${what} is just ${input}, as it came in.`,
  );
}

/** The same rows one step earlier or later. */
function shifted(what: string, pairs: readonly Pair[]): Diagnosis | undefined {
  const by = (step: number) =>
    pairs.every(({ want, have, shape, right }) => {
      const rows = shape[0] ?? 1;
      const width = want.length / rows;
      if (rows < 3 && !right) return false;
      const from = Math.max(0, -step) * width;
      const to = Math.max(0, step) * width;
      const count = (rows - 1) * width;
      return same(want.slice(from, from + count), have.slice(to, to + count));
    });
  // Rows that are alike look shifted by any step.
  const moved = wrongOnes(pairs).reduce((sum, { want, shape }) => {
    const width = want.length / (shape[0] ?? 1);
    return sum + want.slice(width).filter((x, i) => x !== want[i]).length;
  }, 0);
  if (moved < 3) return undefined;
  if (by(1)) return pattern('shifted', `${what} is one step late: row i holds what belongs in row i − 1.`);
  if (by(-1)) return pattern('shifted', `${what} is one step early: row i holds what belongs in row i + 1.`);
  return undefined;
}

/** The right blocks of rows in another order (gates, heads, samples). */
function permuted(what: string, pairs: readonly Pair[]): Diagnosis | undefined {
  const holds = pairs.every(({ want, have, shape }) => {
    const rows = shape[0] ?? 1;
    if (rows < 2) return false;
    const width = want.length / rows;
    const row = (x: readonly number[], i: number) => x.slice(i * width, (i + 1) * width);
    const free = new Set(Array.from({ length: rows }, (_, i) => i));
    for (let i = 0; i < rows; i++) {
      const match = [...free].find((j) => same(row(want, j), row(have, i)));
      if (match === undefined) return false;
      free.delete(match);
    }
    return true;
  });
  const reversed =
    holds &&
    pairs.every(({ want, have, shape }) => {
      const width = want.length / shape[0]!;
      return Array.from({ length: shape[0]! }, (_, i) => i).every((i) =>
        same(want.slice(i * width, (i + 1) * width), have.slice((shape[0]! - 1 - i) * width, (shape[0]! - i) * width)),
      );
    });
  // Few different numbers are soon found in another order: two labels always are.
  const wrong = wrongOnes(pairs).map((p) => new Set(p.want).size);
  if (!wrong.some((different) => different >= (wrong.length > 1 ? 3 : 4))) return undefined;
  if (reversed) return pattern('reversed', `${what} has the right entries in reverse order.`);
  return holds ? pattern('permuted', `${what} has the right rows in the wrong order.`) : undefined;
}
