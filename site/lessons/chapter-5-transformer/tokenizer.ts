/** What the lesson on tokens shows: every number, print and figure in it is computed here. */
import { utf8Encode } from '#tensor';
import { POEMS } from '../../../solutions/chapter-3-rnn/text.ts';
import {
  characterVocabulary,
  countPairs,
  decodeBpe,
  encodeBpe,
  mergePair,
  trainBpe,
  type Merges,
} from '../../../solutions/chapter-5-transformer/tokenizer.ts';
import { lines } from '../chapter-2-bp/words.ts';
import { figure, plot } from '../svg.ts';

const MOST = 400;
const poems = POEMS.map((p) => p.text).join('\n');
const merges = trainBpe(poems, MOST);
/** How long the poems are after the first n merges. */
const lengths = (() => {
  let tokens = Array.from(utf8Encode(poems));
  return [
    tokens.length,
    ...merges.map((pair, i) => {
      tokens = mergePair(tokens, pair, 256 + i);
      return tokens.length;
    }),
  ];
})();

/** A piece of text as prose can show it: spaces and line ends made visible. */
const visible = (s: string) => s.replaceAll(' ', '␣').replaceAll('\n', '⏎');
const pieces = (s: string, learned: Merges) =>
  encodeBpe(s, learned).map((token) => visible(decodeBpe([token], learned)));

function shorter(): string {
  const p = plot({
    x: [0, MOST],
    y: [0, 7000],
    width: 560,
    height: 320,
    xLabel: 'merges learned',
    yLabel: 'tokens',
  });
  return figure(
    {
      title: 'The same poems in fewer and fewer tokens',
      description: `The number of tokens that ${POEMS.length} poems take, against the number of merges learned from them. It falls from ${lengths[0]} bytes, steeply for the first fifty merges, then ever more slowly, to ${lengths[MOST]} after ${MOST} merges.`,
      width: 560,
      height: 320,
    },
    p.axes(),
    p.line(
      lengths.map((n, i) => [i, n] as const),
      'loss',
    ),
    p.label([8, lengths[0]! + 250], 'one token per byte', 'start'),
    p.label([50, lengths[50]! + 350], '50 merges', 'start'),
    p.label([MOST, lengths[MOST]! + 350], `${MOST} merges`, 'end'),
  );
}

function characters(): string {
  return lines([
    ['character', 'code point', 'length in JavaScript', 'bytes in UTF-8'],
    ...['a', 'é', '学', '😀'].map((c) => [
      c,
      `U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`,
      c.length,
      Array.from(utf8Encode(c)).join(' '),
    ]),
  ]);
}

const example = 'banana bandana';
const learned = trainBpe(example, 9);

/** One row for each merge: the pair, what it reads as, and what is left. */
function banana(): string {
  let tokens = Array.from(utf8Encode(example));
  const shown = () => tokens.map((t) => visible(decodeBpe([t], learned))).join(' ');
  const rows: (string | number)[][] = [['', '', '', tokens.length, shown()]];
  learned.forEach((pair, i) => {
    const count = countPairs(tokens).find((c) => c.left === pair[0] && c.right === pair[1])!.count;
    tokens = mergePair(tokens, pair, 256 + i);
    rows.push([String(256 + i), `(${pair.join(', ')})`, `${count}×`, tokens.length, shown()]);
  });
  return lines([['new token', 'pair', 'stands there', 'tokens', 'the text'], ...rows]);
}

function firstCounts(): string {
  const counts = countPairs(Array.from(utf8Encode(example)));
  return lines([
    ['pair', 'reads', 'count'],
    ...counts.map(({ left, right, count }) => [
      `(${left}, ${right})`,
      visible(String.fromCharCode(left, right)),
      count,
    ]),
  ]);
}

function poemTokens(): string {
  const name = (i: number) => visible(decodeBpe([256 + i], merges));
  return [
    `first   ${merges.slice(0, 12).map((_, i) => name(i)).join('  ')}`, // prettier-ignore
    `later   ${[61, 82, 99, 150, 203, 250, 301, 350, 399].map(name).join('  ')}`,
  ].join('\n');
}

const unseen = ['burning bright', 'unbelievable', 'gradient descent', '手搓深度学习'];
function elsewhere(): string {
  return lines([
    ['text', 'characters', 'tokens', 'pieces'],
    ...unseen.map((s) => [
      s,
      Array.from(s).length,
      encodeBpe(s, merges).length,
      pieces(s, merges)
        .map((piece) => piece.replaceAll('\ufffd', '·'))
        .join(' '),
    ]),
  ]);
}

const chinese = '学而时习之 不亦说乎 学而不思则罔 思而不学则殆';
const chineseMerges = trainBpe(chinese, 12);

const width = 32;
export const values: Record<string, () => string | number> = {
  poems: () => POEMS.length,
  poemBytes: () => lengths[0]!.toLocaleString('en-US'),
  after50: () => lengths[50]!.toLocaleString('en-US'),
  after400: () => lengths[MOST]!.toLocaleString('en-US'),
  ratio: () => (lengths[0]! / lengths[MOST]!).toFixed(1),
  saving: () => ((lengths[0]! / lengths[MOST]!) ** 2).toFixed(0),
  firstSaves: () => lengths[0]! - lengths[1]!,
  lastSaves: () => lengths[MOST - 1]! - lengths[MOST]!,
  most: () => MOST,
  vocabulary: () => characterVocabulary(poems).length,
  rows: () => ((256 + MOST) * width).toLocaleString('en-US'),
  characterRows: () => (characterVocabulary(poems).length * width).toLocaleString('en-US'),
  width: () => width,
  gpt2: () => ((50_257 * 768) / 1e6).toFixed(1),
  nine: () => learned.length,
  hanTokens: () => encodeBpe(unseen[3]!, merges).length,
  chineseBytes: () => utf8Encode(chinese).length,
  chineseCharacters: () => Array.from(chinese).length,
  chineseTokens: () => encodeBpe(chinese, chineseMerges).length,
};

export const prints: Record<string, () => string> = { characters, firstCounts, banana, poemTokens, elsewhere };

export const figures: Record<string, () => string> = { 'fewer-tokens': shorter };
