/** Exercises from text to tokens and back: by characters, and by byte pairs. */
import { utf8Decode, utf8Encode } from '#tensor';
import {
  agrees,
  exercise,
  indices,
  integer,
  pattern,
  property,
  pure,
  range,
  rejects,
  text,
  topic,
} from '../engine/index.ts';

/** The characters of a text. */
const points = (s: string): string[] => Array.from(s);
const code = (c: string): number => c.codePointAt(0)!;

// Characters

const vocabularyOf = (characters: string[]) => [...new Set(characters)].sort((a, b) => code(a) - code(b));

const characterVocabulary = exercise({
  points: 1,
  inputs: { text: text('N') },
  sizes: { N: [0, 8] },
  oracle: ({ text: s }) => vocabularyOf(points(s)),
  checks: [agrees({ exact: true })],
  examples: [
    { text: 'banana' },
    { text: 'Cab' },
    { text: 'Zürich' },
    { text: '手搓深度学习' },
    { text: '😀😎' },
    { text: '😀！' },
    { text: '！𠮷' },
    { text: 'cafe\u0301' },
    { text: 'e\u0301é' },
  ],
  misconceptions: {
    'emoji cut in two': {
      wrong: ({ text: s }) => [...new Set(s.split(''))].sort((a, b) => code(a) - code(b)),
      says: 'An emoji has become two halves, neither of which is a character. JavaScript’s strings are made of 16-bit units, and some characters take two of them.',
    },
    'in the order of the text': {
      wrong: ({ text: s }) => [...new Set(points(s))],
      says: 'Your characters stand in the order in which the text first needs them. Two texts with the same characters should have the same vocabulary.',
    },
    'sorted by 16-bit units': {
      wrong: ({ text: s }) => [...new Set(points(s))].sort(),
      says: 'sort() without a comparison looks at 16-bit units, and puts 😀 before ！. Code points are asked for: which is larger?',
    },
    'sorted as in a dictionary': {
      wrong: ({ text: s }) => [...new Set(points(s))].sort((a, b) => a.localeCompare(b)),
      says: 'localeCompare sorts as a dictionary does, small letters beside capitals, and differently in other countries. Code points are the same everywhere.',
    },
    'sorted by frequency': {
      wrong: ({ text: s }) => {
        const all = points(s);
        const often = (c: string) => all.filter((other) => other === c).length;
        return [...new Set(all)].sort((a, b) => often(b) - often(a));
      },
      says: 'Your most frequent character comes first. Sorted by code points, the vocabulary depends on which characters there are, and not on how often.',
    },
    'characters not made unique': {
      wrong: ({ text: s }) => points(s).sort((a, b) => code(a) - code(b)),
      says: 'A character that comes twice in the text stands twice in your list. Which of its two places would be its token?',
    },
    'text normalised first': {
      wrong: ({ text: s }) => vocabularyOf(points(s.normalize('NFC'))),
      says: 'You have joined an e and its accent into one é. That looks the same, but the text that comes back is another one than went in.',
    },
  },
  hints: [
    'Two steps: which characters are there at all, and in which order should they stand?',
    'for … of and Array.from go through a string by code points; indexing and split(\'\') do not. A Set keeps each once.', // prettier-ignore
    'sort takes a comparison: a negative number when the first belongs before the second. codePointAt(0) gives the number of a character.',
    '[...new Set(text)].sort((a, b) => a.codePointAt(0) - b.codePointAt(0)), with ! behind each codePointAt(0) for TypeScript.',
  ],
});

/** A text and the vocabulary of another that has all its characters and some more. */
const spelled = {
  text: text('N'),
  more: text('K'),
};
const spelledSizes = { N: [0, 6], K: [0, 4] } as const;

const encodeCharacters = exercise({
  points: 1,
  inputs: spelled,
  sizes: spelledSizes,
  derive: ({ text: s, more }) => ({ text: s, vocabulary: vocabularyOf(points(s + more)) }),
  parameters: ['text', 'vocabulary'],
  oracle: ({ text: s, vocabulary }) => points(s).map((c) => vocabulary.findIndex((entry) => entry === c)),
  checks: [
    agrees({ exact: true }),
    pure({ cases: 3 }),
    rejects('a character that is not in the vocabulary', [
      { text: 'abc', vocabulary: ['a', 'b'] },
      { text: 'é', vocabulary: ['e', '\u0301'] },
      { text: '😀', vocabulary: ['😎'] },
      { text: 'a', vocabulary: [] },
    ]),
  ],
  examples: [
    { text: 'cab', vocabulary: ['a', 'b', 'c'] },
    { text: '习学', vocabulary: ['学', '习'] },
    { text: '😀a', vocabulary: ['a', '😀'] },
    { text: 'a😎', vocabulary: ['a', '😎'] },
  ],
  misconceptions: {
    'read by 16-bit units': {
      wrong: ({ text: s, vocabulary }) => s.split('').map((c) => vocabulary.indexOf(c)),
      says: 'A text of one emoji gives two tokens of −1: you looked up its two halves. Go through the text by code points.',
    },
    'code points as tokens': {
      wrong: ({ text: s }) => points(s).map(code),
      says: 'Your tokens are the characters’ numbers in Unicode. A token is the place in this vocabulary, so that V rows are enough for all of them.',
    },
    'counted from 1': {
      wrong: ({ text: s, vocabulary }) => points(s).map((c) => vocabulary.indexOf(c) + 1),
      says: 'Your first character has the token 1. Places in a list start at 0, and row 0 of an embedding is a row like any other.',
    },
    'each character once': {
      wrong: ({ text: s, vocabulary }) => [...new Set(s)].map((c) => vocabulary.indexOf(c)),
      says: 'A character that comes again in the text has no second token. The vocabulary holds each once; the text is told whole.',
    },
  },
  hints: [
    'Each character becomes one number: where does it stand in the list?',
    'indexOf says where, and −1 when nowhere. What should happen to −1?',
    'Array.from(text, (character) => …): one place for each code point, or a RangeError.',
  ],
});

const decodeCharacters = exercise({
  points: 1,
  inputs: { places: indices('N', 'V'), characters: text('V') },
  sizes: { N: [0, 6], V: [1, 6] },
  derive: ({ places, characters }) => {
    const vocabulary = vocabularyOf(points(characters));
    return { tokens: places.map((p) => p % vocabulary.length), vocabulary };
  },
  parameters: ['tokens', 'vocabulary'],
  oracle: ({ tokens, vocabulary }) => tokens.reduce((s, t) => s + vocabulary[t]!, ''),
  checks: [
    agrees({ exact: true }),
    pure({ cases: 3 }),
    rejects('a token that is no place in the vocabulary', [
      { tokens: [2], vocabulary: ['a', 'b'] },
      { tokens: [0, -1], vocabulary: ['a', 'b'] },
      { tokens: [0.5], vocabulary: ['a', 'b'] },
      { tokens: [NaN], vocabulary: ['a', 'b'] },
    ]),
  ],
  examples: [
    { tokens: [1, 0, 1], vocabulary: ['a', 'b'] },
    { tokens: [0, 1, 2], vocabulary: ['a', '学', '😀'] },
  ],
  misconceptions: {
    'back to front': {
      wrong: ({ tokens, vocabulary }) =>
        tokens
          .map((t) => vocabulary[t]!)
          .reverse()
          .join(''),
      says: 'Your text runs backwards: each character has been put in front of those before it.',
    },
    'commas in between': {
      wrong: ({ tokens, vocabulary }) => tokens.map((t) => vocabulary[t]!).join(),
      says: 'There are commas between your characters: that is what join() puts there when it is not told what to put.',
    },
    'spaces in between': {
      wrong: ({ tokens, vocabulary }) => tokens.map((t) => vocabulary[t]!).join(' '),
      says: 'There are spaces between your characters. A space is a character too, and has a token of its own where there is one.',
    },
    'tokens as code points': {
      wrong: ({ tokens }) => String.fromCodePoint(...tokens),
      says: 'You read the tokens as numbers of Unicode. They are places in the vocabulary.',
    },
    'counted from 1': {
      wrong: ({ tokens, vocabulary }) => tokens.map((t) => vocabulary[t - 1] ?? '').join(''),
      says: 'Each of your characters is the one before the right one: token 0 is the first entry.',
    },
    'the vocabulary itself': {
      wrong: ({ tokens, vocabulary }) => vocabulary.slice(0, tokens.length).join(''),
      says: 'You give back the vocabulary’s characters in their order. The tokens say which of them, and in which order.',
    },
  },
  hints: [
    'The token is the place: take what stands there.',
    'vocabulary[token] is undefined where there is no such place, and negative or broken numbers are no places either.',
    'Map each token to its character, refusing what is undefined, and join with an empty string.',
  ],
});

// Counting and merging pairs

interface Pair {
  left: number;
  right: number;
  count: number;
}
type Merge = [left: number, right: number];
type Key = (left: number, right: number) => number | string;
const apart: Key = (left, right) => `${left} ${right}`;

/** Pairs at the given places, counted under their keys in the order in which they first occur. */
function tally(tokens: number[], places: number[], key: Key = apart): Pair[] {
  const found = new Map<number | string, Pair>();
  for (const i of places) {
    const [left, right] = [tokens[i]!, tokens[i + 1]!];
    const known = found.get(key(left, right));
    if (known) known.count++;
    else found.set(key(left, right), { left, right, count: 1 });
  }
  return [...found.values()];
}
const neighbours = (tokens: number[]) => range(Math.max(0, tokens.length - 1), (i) => i);
/** Places of pairs that do not overlap with the one before, where both are the same pair: what merging would find. */
function apartPlaces(tokens: number[]): number[] {
  const last = new Map<string, number>();
  return neighbours(tokens).filter((i) => {
    const key = `${tokens[i]} ${tokens[i + 1]}`;
    if (last.get(key) === i - 1) return false;
    last.set(key, i);
    return true;
  });
}
const counted = (tokens: number[]) => tally(tokens, neighbours(tokens));
const asRecords = (pairs: Pair[]) => pairs.map(({ left, right, count }) => ({ left, right, count }));

const someTokens = (axis: string) => pattern(axis, 97, 98, 256);

const countPairs = exercise({
  points: 2,
  inputs: { tokens: someTokens('N') },
  sizes: { N: [0, 8] },
  oracle: ({ tokens }) => asRecords(counted(tokens)),
  checks: [agrees({ exact: true }), pure({ cases: 3 })],
  examples: [
    { tokens: [97, 97, 97] },
    { tokens: [98, 97, 98, 97] },
    { tokens: [97, 98, 97] },
    { tokens: [98, 98, 98, 98, 97] },
    { tokens: [97, 98, 256, 98, 256] },
    { tokens: [98, 97, 97, 97] },
    { tokens: [1, 12, 11, 2] },
    { tokens: [11, 25, 1, 125] },
    { tokens: [97, 256, 98, 0] },
    { tokens: [98, 257, 99, 1] },
  ],
  misconceptions: {
    'every other pair': {
      wrong: ({ tokens }) =>
        asRecords(
          tally(
            tokens,
            neighbours(tokens).filter((i) => i % 2 === 0),
          ),
        ),
      says: 'You cut the list into twos. Every token but the last has a neighbour to its right: a b c holds (a, b) and (b, c).',
    },
    'last pair missing': {
      wrong: ({ tokens }) => asRecords(tally(tokens, neighbours(tokens).slice(0, -1))),
      says: 'Your last two tokens form no pair: the loop ends one step too early.',
    },
    'a pair beyond the end': {
      wrong: ({ tokens }) =>
        asRecords(
          tally(
            tokens,
            range(tokens.length, (i) => i),
          ),
        ),
      says: 'Your last pair is the last token and nothing: it has no neighbour to its right.',
    },
    'pairs that overlap counted once': {
      wrong: ({ tokens }) => asRecords(tally(tokens, apartPlaces(tokens))),
      says: 'You count a a a as one (a, a), as merging would. Counting only looks: the pairs may overlap, and there are two.',
    },
    'order within the pair ignored': {
      wrong: ({ tokens }) =>
        asRecords(tally(tokens, neighbours(tokens), (l, r) => `${Math.min(l, r)} ${Math.max(l, r)}`)),
      says: 'You count (a, b) and (b, a) as the same pair. They are written differently, and are merged into different tokens.',
    },
    'both orders under the smaller token': {
      wrong: ({ tokens }) =>
        asRecords(
          counted(tokens)
            .map(({ left, right, count }) => ({ left: Math.min(left, right), right: Math.max(left, right), count }))
            .reduce<Pair[]>((all, p) => {
              const known = all.find((q) => q.left === p.left && q.right === p.right);
              if (known) known.count += p.count;
              else all.push(p);
              return all;
            }, []),
        ),
      says: 'You put the smaller token of a pair on the left. (b, a) is another pair than (a, b): what stands on the left in the text is left.',
    },
    'every pair new': {
      wrong: ({ tokens }) => asRecords(neighbours(tokens).flatMap((i) => tally(tokens, [i]))),
      says: 'Every pair stands in your list as often as in the text, each time with the count 1: a pair that comes again is not found. A Map compares arrays and objects by which one they are, and not by what is in them; a string or a number makes a key.',
    },
    'counted from 0': {
      wrong: ({ tokens }) => asRecords(counted(tokens).map((p) => ({ ...p, count: p.count - 1 }))),
      says: 'All your counts are too small by one: a pair that is put into the list has occurred once already.',
    },
    'sorted by count': {
      wrong: ({ tokens }) => asRecords(counted(tokens).sort((a, b) => b.count - a.count)),
      says: 'The counts are right, but you list the most frequent pair first. The order asked for is that of the text.',
    },
    'sorted by token': {
      wrong: ({ tokens }) => asRecords(counted(tokens).sort((a, b) => a.left - b.left || a.right - b.right)),
      says: 'The counts are right, but the pairs are sorted by their tokens. An object with numbers for keys does that by itself; a Map keeps the order in which things came.',
    },
    'keys that run into each other': {
      wrong: ({ tokens }) => asRecords(tally(tokens, neighbours(tokens), (l, r) => `${l}${r}`)),
      says: 'The pairs (1, 12) and (11, 2) share a count: written without anything in between, both are 112.',
    },
    'keys of two bytes': {
      wrong: ({ tokens }) => asRecords(tally(tokens, neighbours(tokens), (l, r) => 256 * l + r)),
      says: 'The pairs (97, 256) and (98, 0) share a count: 256 · left + right tells bytes apart, but tokens go beyond 255.',
    },
  },
  hints: [
    'Walk through the list once. What do you have to remember of a pair, so that you know it when it comes again?',
    'n tokens have n − 1 pairs. A Map whose keys name the pair keeps them in the order of their first coming.',
    'For i from 0 to n − 2: the key is `${left},${right}`; raise the count under it, or put it there with 1.',
    'Keep the whole record { left, right, count } in the Map, and return [...map.values()].',
  ],
});

interface MergeInputs {
  tokens: number[];
  pair: number[];
  merged: number;
}

/** From left to right, taking what has been merged out of the game. */
function merge(tokens: number[], [left, right]: readonly number[], merged: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const found = tokens[i] === left && tokens[i + 1] === right;
    out.push(found ? merged : tokens[i]!);
    if (found) i++;
  }
  return out;
}
const isPair = (tokens: number[], i: number, [left, right]: readonly number[]) =>
  tokens[i] === left && tokens[i + 1] === right;
const spliced = (tokens: number[], i: number, merged: number) => [
  ...tokens.slice(0, i),
  merged,
  ...tokens.slice(i + 2),
];

const mergePair = exercise({
  points: 2,
  inputs: { tokens: someTokens('N'), pair: pattern(2, 97, 98, 256), merged: integer(257, 257) },
  sizes: { N: [0, 8] },
  oracle: ({ tokens, pair, merged }) => merge(tokens, pair, merged),
  checks: [agrees({ exact: true, cases: 40 }), pure({ fixed: () => [{ tokens: [97, 98, 97, 98, 97], pair: [97, 98], merged: 256 }] })], // prettier-ignore
  examples: [
    { tokens: [97, 97, 97], pair: [97, 97], merged: 257 },
    { tokens: [97, 97, 97, 97, 97], pair: [97, 97], merged: 257 },
    { tokens: [97, 98, 99, 97, 98], pair: [97, 98], merged: 256 },
    { tokens: [98, 97, 98, 97, 98], pair: [98, 97], merged: 256 },
    { tokens: [97, 98, 98, 98], pair: [97, 98], merged: 97 },
    { tokens: [98, 98, 98, 98], pair: [98, 98], merged: 98 },
  ],
  misconceptions: {
    'the left half is enough, but for the last token': {
      wrong: ({ tokens, pair, merged }: MergeInputs) => {
        const out: number[] = [];
        for (let i = 0; i < tokens.length; i++) {
          const found = tokens[i] === pair[0] && i + 1 < tokens.length;
          out.push(found ? merged : tokens[i]!);
          if (found) i++;
        }
        return out;
      },
      says: 'You merge wherever the left token stands, whatever comes after it. Both halves have to be there.',
    },
    'the right token stays': {
      wrong: ({ tokens, pair, merged }: MergeInputs) => tokens.map((t, i) => (isPair(tokens, i, pair) ? merged : t)),
      says: 'You write the new token, and the right half of the pair after it once more. Two tokens became one: the next to look at is two places on.',
    },
    'the left half is enough': {
      wrong: ({ tokens, pair, merged }: MergeInputs) => {
        const out: number[] = [];
        for (let i = 0; i < tokens.length; i++) {
          out.push(tokens[i] === pair[0] ? merged : tokens[i]!);
          if (tokens[i] === pair[0]) i++;
        }
        return out;
      },
      says: 'You merge wherever the left token stands, whatever comes after it. Both halves have to be there.',
    },
    'a token lost behind each pair': {
      wrong: ({ tokens, pair, merged }: MergeInputs) => {
        const out: number[] = [];
        for (let i = 0; i < tokens.length; i++) {
          out.push(isPair(tokens, i, pair) ? merged : tokens[i]!);
          if (isPair(tokens, i, pair)) i += 2;
        }
        return out;
      },
      says: 'The token after each merged pair is gone. A for loop adds 1 by itself, so i += 2 in it goes on by three places.',
    },
    'from right to left': {
      wrong: ({ tokens, pair, merged }: MergeInputs) =>
        merge([...tokens].reverse(), [pair[1]!, pair[0]!], merged).reverse(),
      says: 'Of a a a you merge the last two. Reading from left to right, the first two come first.',
    },
    'only where it first stands': {
      wrong: ({ tokens, pair, merged }: MergeInputs) => {
        const i = tokens.findIndex((_, j) => isPair(tokens, j, pair));
        return i < 0 ? tokens : spliced(tokens, i, merged);
      },
      says: 'You merge the pair once and stop. It is to be written as one token wherever it stands.',
    },
    'last token lost': {
      wrong: ({ tokens, pair, merged }: MergeInputs) => {
        const out: number[] = [];
        for (let i = 0; i < tokens.length - 1; i++) {
          if (isPair(tokens, i, pair)) {
            out.push(merged);
            i++;
          } else out.push(tokens[i]!);
        }
        return out;
      },
      says: 'The last token gets lost unless it is the right half of a pair: your loop ends where the last pair could begin.',
    },
    'either order': {
      wrong: ({ tokens, pair, merged }: MergeInputs) => {
        const out: number[] = [];
        for (let i = 0; i < tokens.length; i++) {
          const found = isPair(tokens, i, pair) || isPair(tokens, i, [pair[1]!, pair[0]!]);
          out.push(found ? merged : tokens[i]!);
          if (found) i++;
        }
        return out;
      },
      says: 'You merge the pair the other way round as well. Then nobody could tell the two apart again.',
    },
    'merged once more': {
      wrong: ({ tokens, pair, merged }: MergeInputs) => {
        let out = tokens;
        for (let left = tokens.length; left > 0; left--) {
          const now = out;
          const i = now.findIndex((_, j) => isPair(now, j, pair));
          if (i < 0) break;
          out = spliced(now, i, merged);
        }
        return out;
      },
      says: 'You start again from the beginning until no pair is left, so a token you have just written can become half of the next pair. What has become a token is not used again.',
    },
  },
  hints: [
    'Go through the list with your finger and write a new one. When do you move your finger by one place, and when by two?',
    'At place i there is a pair when tokens[i] is the left one and tokens[i + 1] the right one. At the last place there is none.',
    'A pair: write merged, go on two places. No pair: write tokens[i], go on one.',
    'A while loop with its own i: i += found ? 2 : 1.',
  ],
});

// Byte-pair encoding

const bytesOf = (s: string): number[] => Array.from(utf8Encode(s));
/** More frequent first; of equal ones the smaller left token, then the smaller right one. */
const preferred = (a: Pair, b: Pair) => b.count - a.count || a.left - b.left || a.right - b.right;

interface TrainSlips {
  start?: (s: string) => number[];
  pairs?: (tokens: number[]) => Pair[];
  order?: (a: Pair, b: Pair) => number;
  least?: number;
  first?: number;
  /** The pairs are never counted again after a merge. */
  once?: boolean;
  /** What is merged becomes visible to the next count. */
  apply?: typeof merge;
}

function train(s: string, count: number, slips: TrainSlips = {}): Merge[] {
  const { start = bytesOf, pairs = counted, order = preferred, least = 2, first = 256, apply = merge } = slips;
  let tokens = start(s);
  const worth = (list: number[]) =>
    pairs(list)
      .filter((p) => p.count >= least)
      .sort(order);
  if (slips.once) return worth(tokens).slice(0, count).map((p): Merge => [p.left, p.right]); // prettier-ignore
  const merges: Merge[] = [];
  while (merges.length < count) {
    const [best] = worth(tokens);
    if (!best) break;
    tokens = apply(tokens, [best.left, best.right], first + merges.length);
    merges.push([best.left, best.right]);
  }
  return merges;
}
type TrainInputs = { text: string; count: number };
const slippedTrain =
  (slips: TrainSlips) =>
  ({ text: s, count }: TrainInputs) =>
    train(s, count, slips);
const byCount = (a: Pair, b: Pair) => b.count - a.count;

const trainBpe = exercise({
  points: 4,
  inputs: { text: text('N'), count: integer(0, 6) },
  sizes: { N: [0, 12] },
  uses: ['countPairs', 'mergePair'],
  oracle: ({ text: s, count }) => train(s, count),
  checks: [
    agrees({ exact: true, cases: 40 }),
    rejects(
      'a number of merges that is no whole number from 0 on',
      [
        { text: 'aaaa', count: -1 },
        { text: 'aaaa', count: 1.5 },
        { text: 'aaaa', count: NaN },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    { text: 'banana bandana', count: 5 },
    { text: 'ababcbcb', count: 3 },
    { text: 'cbabcbab', count: 2 },
    { text: 'acbcacbc', count: 1 },
    { text: 'acabacab', count: 1 },
    { text: 'acadabacadab', count: 1 },
    { text: 'bdbebcbdbebc', count: 2 },
    { text: 'bcac bcac', count: 6 },
    { text: 'aaa', count: 2 },
    { text: 'aaabcbc', count: 1 },
    { text: 'abab abab', count: 6 },
    { text: '学习学习', count: 6 },
    { text: '😀😀', count: 4 },
    { text: 'éaéa', count: 3 },
  ],
  misconceptions: {
    'of equal counts the first in the text': {
      wrong: slippedTrain({ order: byCount }),
      says: 'Of equally frequent pairs you merge the one that comes first in the text. The rule for ties looks at the tokens, so that it holds however the pairs were counted.',
    },
    'of equal counts the last in the text': {
      wrong: slippedTrain({ pairs: (t) => counted(t).reverse(), order: byCount }),
      says: 'Of equally frequent pairs you merge the one that comes last: that is what >= does where > would keep the first. The rule for ties looks at the tokens.',
    },
    'of equal counts the larger tokens': {
      wrong: slippedTrain({ order: (a, b) => b.count - a.count || b.left - a.left || b.right - a.right }),
      says: 'Of equally frequent pairs you prefer the one with the larger tokens. The smaller left token wins.',
    },
    'of equal left tokens the first in the text': {
      wrong: slippedTrain({ order: (a, b) => b.count - a.count || a.left - b.left }),
      says: 'You compare the left tokens, and where those are equal too, the pair that comes first in the text wins. Then the right ones decide.',
    },
    'of equal left tokens the larger right one': {
      wrong: slippedTrain({ order: (a, b) => b.count - a.count || a.left - b.left || b.right - a.right }),
      says: 'Of pairs with equal counts and equal left tokens you take the one with the larger right token. The smaller one wins there as well.',
    },
    'ties by the right token first': {
      wrong: slippedTrain({ order: (a, b) => b.count - a.count || a.right - b.right || a.left - b.left }),
      says: 'Of equally frequent pairs you compare the right tokens first. The left ones decide; the right ones only where those are equal.',
    },
    'pairs that occur once': {
      wrong: slippedTrain({ least: 1 }),
      says: 'You merge pairs that stand there only once. Such a merge costs an entry of the vocabulary, and what it saves is one token of this one text.',
    },
    'pairs that occur three times only': {
      wrong: slippedTrain({ least: 3 }),
      says: 'You stop while there is still a pair that stands there twice. Twice is enough.',
    },
    'characters instead of bytes': {
      wrong: slippedTrain({ start: (s) => points(s).map(code) }),
      says: 'You start from the numbers of the characters. Byte-pair encoding starts from the bytes in UTF-8, of which 学 has three: then 256 tokens are enough for every text there is.',
    },
    'counted once for all': {
      wrong: slippedTrain({ once: true }),
      says: 'You count the pairs once and take the most frequent ones. After each merge the text is another one: old pairs have gone, and there are new ones with the new token.',
    },
    'nothing merged': {
      wrong: slippedTrain({ apply: (tokens) => tokens }),
      says: 'Your merges are all the same: the pair is noted, but the tokens in which you count stay as they were.',
    },
    'pairs that overlap counted once': {
      wrong: slippedTrain({ pairs: (t) => tally(t, apartPlaces(t)) }),
      says: 'In a a a you find the pair (a, a) once. countPairs lets pairs overlap and finds it twice.',
    },
    'one merge too many': {
      wrong: ({ text: s, count }: TrainInputs) => train(s, count + 1),
      says: 'You learn one merge more than was asked for: with <= the loop runs once more than with <.',
    },
    'every merge writes 256': {
      wrong: slippedTrain({ apply: (tokens, pair) => merge(tokens, pair, 256) }),
      says: 'All your merges write the same token, 256, so different pairs cannot be told apart any more. Merge i writes 256 + i.',
    },
    'new tokens from 257': {
      wrong: slippedTrain({ first: 257 }),
      says: 'Your first new token is 257. The bytes are 0 to 255, so the first free number is 256.',
    },
  },
  hints: [
    'One merge is three steps: count the pairs, find the best, write it as one token. Then the same again with what you have now.',
    'countPairs and mergePair do the first and the last step. In between, a comparison of two pairs by three things in turn.',
    'a is better than b when its count is larger; at equal counts, when its left token is smaller; at equal left tokens, when its right one is.',
    'best = pairs.reduce((a, b) => (better(b, a) ? b : a)), unless there are none; if best.count < 2, stop; the new token is 256 + merges.length.',
  ],
});

/** A text made of what another one holds, and of a few characters more; and the merges learned from that other one. */
const learned = { training: text('N'), count: integer(0, 5), picks: indices('M', 'N'), odd: text('K') };
const learnedSizes = { N: [1, 10], M: [0, 10], K: [0, 2] } as const;
function learnedFrom({
  training,
  count,
  picks,
  odd,
}: {
  training: string;
  count: number;
  picks: number[];
  odd: string;
}) {
  const characters = points(training);
  return { text: picks.map((i) => characters[i]!).join('') + odd, merges: train(training, count) };
}

const encode = (s: string, merges: Merge[]) =>
  merges.reduce((tokens, pair, i) => merge(tokens, pair, 256 + i), bytesOf(s));
/** The bytes that a token stands for. */
const unfold = (token: number, merges: Merge[]): number[] =>
  token < 256 ? [token] : merges[token - 256]!.flatMap((t) => unfold(t, merges));
const decode = (tokens: number[], merges: Merge[]) => utf8Decode(tokens.flatMap((t) => unfold(t, merges)));

const texts = [
  '',
  'naïve café — “quotes”',
  '手搓深度学习，从一个神经元开始',
  '👩‍👩‍👧‍👦 and 👍🏽 and 🇩🇪',
  'e\u0301e\u0301é',
  '𠮷野家 𠮷野家',
  'न मस्ते नमस्ते',
  '\u0000\t\r\n',
];

/** Each of the texts, with merges learned from all of them. */
function encoded(): { text: string; merges: Merge[] }[] {
  const merges = train(texts.join(''), 8);
  return texts.map((s) => ({ text: s, merges }));
}

/** Always the longest token that fits, from the left. */
function longestFirst(s: string, merges: Merge[]): number[] {
  const known = merges.map((_, i) => unfold(256 + i, merges));
  const bytes = bytesOf(s);
  const out: number[] = [];
  for (let i = 0; i < bytes.length;) {
    let best = -1;
    known.forEach((token, m) => {
      const fits = token.every((byte, j) => bytes[i + j] === byte);
      if (fits && (best < 0 || token.length > known[best]!.length)) best = m;
    });
    out.push(best < 0 ? bytes[i]! : 256 + best);
    i += best < 0 ? 1 : known[best]!.length;
  }
  return out;
}

const encodeBpe = exercise({
  points: 2,
  inputs: learned,
  sizes: learnedSizes,
  derive: learnedFrom,
  parameters: ['text', 'merges'],
  uses: ['mergePair'],
  oracle: ({ text: s, merges }) => encode(s, merges),
  checks: [
    agrees({ exact: true, cases: 40 }),
    property<{ text: string; merges: Merge[] }>('every text can be told from its tokens again', {
      fixed: encoded,
      holds: ({ y }, { text: s, merges }) => decode(y, merges) === s,
    }),
    pure({ cases: 3 }),
  ],
  examples: [
    { text: 'abab', merges: [[97, 98], [256, 256]] }, // prettier-ignore
    { text: 'abcabc', merges: [[98, 99], [97, 98], [97, 256]] }, // prettier-ignore
    { text: 'aabaab', merges: [[97, 98], [97, 256], [97, 97]] }, // prettier-ignore
    { text: 'xabyab', merges: [[97, 98]] },
    { text: '学学', merges: [[229, 173], [256, 166]] }, // prettier-ignore
    { text: 'abcd', merges: [[98, 99], [97, 98], [257, 99], [256, 100]] }, // prettier-ignore
    { text: 'abcb', merges: [[98, 99], [97, 98], [257, 99]] }, // prettier-ignore
    { text: 'aabab', merges: [[97, 97], [97, 98]] }, // prettier-ignore
    { text: 'abcbc', merges: [[97, 98], [98, 99]] }, // prettier-ignore
  ],
  misconceptions: {
    'bytes left as they are': {
      wrong: ({ text: s }) => bytesOf(s),
      says: 'Your tokens are the bytes of the text. The merges have not been applied.',
    },
    'merges in reverse': {
      wrong: ({ text: s, merges }) => merges.reduceRight((tokens, pair, i) => merge(tokens, pair, 256 + i), bytesOf(s)),
      says: 'You apply the last merge first. It was learned when the earlier ones had been made, and needs the tokens they write.',
    },
    'longest token first': {
      wrong: ({ text: s, merges }) => longestFirst(s, merges),
      says: 'You take the longest token that fits at each place. Byte-pair encoding replays what it learned, merge by merge, and that can cut otherwise.',
    },
    'characters instead of bytes': {
      wrong: ({ text: s, merges }) => merges.reduce((tokens, pair, i) => merge(tokens, pair, 256 + i), points(s).map(code)), // prettier-ignore
      says: 'You start from the numbers of the characters. The merges speak of bytes in UTF-8.',
    },
    'the most frequent pair first': {
      wrong: ({ text: s, merges }) => {
        const place = (p: Pair) => merges.findIndex(([l, r]) => l === p.left && r === p.right);
        let tokens = bytesOf(s);
        for (;;) {
          const [best] = counted(tokens).filter((p) => place(p) >= 0).sort(byCount); // prettier-ignore
          if (!best) return tokens;
          tokens = merge(tokens, [best.left, best.right], 256 + place(best));
        }
      },
      says: 'Of the pairs you know you merge the one that is most frequent in this text. The counts were for learning; now the order in which the merges were learned decides.',
    },
    'learned anew': {
      wrong: ({ text: s, merges }) => encode(s, train(s, merges.length)),
      says: 'You learn merges from the text that is to be encoded. The ones to apply are given, and token 256 has to mean the same in every text.',
    },
    'each merge only once': {
      wrong: ({ text: s, merges }) =>
        merges.reduce((tokens, pair, i) => {
          const at = tokens.findIndex((_, j) => isPair(tokens, j, pair));
          return at < 0 ? tokens : spliced(tokens, at, 256 + i);
        }, bytesOf(s)),
      says: 'Each merge is applied where its pair first stands, and nowhere else.',
    },
    'new tokens from 0': {
      wrong: ({ text: s, merges }) => merges.reduce((tokens, pair, i) => merge(tokens, pair, i), bytesOf(s)),
      says: 'Merge i writes your token i. The numbers up to 255 are taken: they are the bytes.',
    },
    'new tokens from 257': {
      wrong: ({ text: s, merges }) => merges.reduce((tokens, pair, i) => merge(tokens, pair, 257 + i), bytesOf(s)),
      says: 'Your first merge writes 257. The bytes end at 255.',
    },
  },
  hints: [
    'Learning wrote down what it did, step by step. Do the same steps to another text.',
    'Start from Array.from(utf8Encode(text)). Merge i makes the token 256 + i.',
    'For each merge, in order: tokens = mergePair(tokens, merges[i], 256 + i).',
    'merges.reduce((tokens, pair, i) => mergePair(…), bytes)',
  ],
});

const decodeBpe = exercise({
  points: 3,
  inputs: learned,
  sizes: learnedSizes,
  derive: (drawn) => {
    const { text: s, merges } = learnedFrom(drawn);
    return { tokens: encode(s, merges), merges };
  },
  parameters: ['tokens', 'merges'],
  oracle: ({ tokens, merges }) => decode(tokens, merges),
  checks: [
    agrees({ exact: true, cases: 40 }),
    property<{ tokens: number[]; merges: Merge[] }>('gives back any text that was encoded', {
      fixed: () => encoded().map(({ text: s, merges }) => ({ tokens: encode(s, merges), merges })),
      holds: ({ y }, { tokens, merges }) => bytesOf(y).join() === tokens.flatMap((t) => unfold(t, merges)).join(),
    }),
    pure({ cases: 3 }),
    rejects(
      'a token that is neither a byte nor a merge',
      [
        { tokens: [97, 256], merges: [] },
        { tokens: [258], merges: [[97, 98], [256, 256]] }, // prettier-ignore
        { tokens: [-1], merges: [[97, 98]] },
        { tokens: [97.5], merges: [[97, 98]] },
        { tokens: [256.5], merges: [[97, 98], [256, 256]] }, // prettier-ignore
        { tokens: [NaN], merges: [[97, 98]] },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    { tokens: [257, 256, 97], merges: [[97, 98], [256, 256]] }, // prettier-ignore
    { tokens: [258], merges: [[97, 98], [256, 99], [257, 257]] }, // prettier-ignore
    { tokens: [229, 173, 166], merges: [] },
    { tokens: [256, 166, 97], merges: [[229, 173]] },
    { tokens: [195, 169], merges: [] },
  ],
  misconceptions: {
    '256 taken for a byte': {
      wrong: ({ tokens, merges }) => {
        const bytes = (t: number): number[] => (t <= 256 ? [t] : merges[t - 256]!.flatMap(bytes));
        return utf8Decode(tokens.flatMap(bytes));
      },
      says: 'You take 256 for a byte. The bytes are 0 to 255, and 256 is what the first merge wrote.',
    },
    'each token read by itself': {
      wrong: ({ tokens, merges }) => tokens.map((t) => utf8Decode(unfold(t, merges))).join(''),
      says: 'You turn each token into text and join the texts. A token can end in the middle of a character, and half a character cannot be read: there are � in your result.',
    },
    'bytes as characters': {
      wrong: ({ tokens, merges }) => String.fromCharCode(...tokens.flatMap((t) => unfold(t, merges))),
      says: 'You read each byte as a character of its own. Beyond plain English a character takes two to four bytes: é has become Ã©.',
    },
    'unfolded by one step': {
      wrong: ({ tokens, merges }) => utf8Decode(tokens.flatMap((t) => (t < 256 ? [t] : merges[t - 256]!))),
      says: 'You take a token apart once, and read its two halves as bytes. A half may be a merged token itself.',
    },
    'merged tokens from 257': {
      wrong: ({ tokens, merges }) => {
        const bytes = (t: number): number[] => (t <= 256 ? [t] : merges[t - 257]!.flatMap(bytes));
        return utf8Decode(tokens.flatMap(bytes));
      },
      says: 'You take 256 for a byte. The bytes are 0 to 255, and 256 is what the first merge wrote.',
    },
    'right half first': {
      wrong: ({ tokens, merges }) => {
        const turned = (t: number): number[] => (t < 256 ? [t] : [...merges[t - 256]!].reverse().flatMap(turned));
        return utf8Decode(tokens.flatMap(turned));
      },
      says: 'You write the right half of a merged token before its left half.',
    },
    'merged tokens left out': {
      wrong: ({ tokens }) => utf8Decode(tokens.filter((t) => t < 256)),
      says: 'Tokens from 256 on are missing in your text: only those that are bytes have been read.',
    },
  },
  hints: [
    'Take the box apart: in it are two boxes, or bytes. When do you stop?',
    'A token below 256 is a byte. Token 256 + i is merges[i], two tokens, and each of them may be either.',
    'bytes(token) = [token], or bytes(left) followed by bytes(right). Collect the bytes of all tokens, then utf8Decode once.',
    'tokens.flatMap(bytes): a function within the function that calls itself, and throws where there is no such merge.',
  ],
});

export const tokenizer = topic('tokenizer', 'From text to tokens', {
  characterVocabulary,
  encodeCharacters,
  decodeCharacters,
  countPairs,
  mergePair,
  trainBpe,
  encodeBpe,
  decodeBpe,
});
