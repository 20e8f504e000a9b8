/**
 * Chapter 5, topic 1: from text to tokens and back. A model never sees a letter: it sees whole numbers. First one number
 * for each character; then byte-pair encoding, which starts from the 256 bytes and learns which of them to write as one.
 */
import { utf8Decode, utf8Encode } from '#tensor';

/** How often two tokens stand side by side. */
export interface PairCount {
  left: number;
  right: number;
  /** ≥ 1 */
  count: number;
}

/** What byte-pair encoding learned: merge i writes the pair [left, right] as the token 256 + i. */
export type Merges = [left: number, right: number][];

/** The tokens that are single bytes: 0 … 255. The first merge makes token 256. */
export const BYTES = 256;

/**
 * The characters of a text, each once, sorted by their code points. A character is a code point: an emoji or a 汉字 is
 * one, although JavaScript's `length` may count it as two.
 *
 * @param text any well-formed string
 * @returns the vocabulary, V strings of one code point each; the token of a character is its place in this list
 */
export function characterVocabulary(text: string): string[] {
  throw new Error('TODO: characterVocabulary');
}

/**
 * A text as tokens: for each character its place in the vocabulary.
 *
 * @param text       any well-formed string
 * @param vocabulary as characterVocabulary gives it, possibly of another text
 * @returns one token for each code point of the text, 0 … V − 1
 * @throws RangeError when a character is not in the vocabulary
 */
export function encodeCharacters(text: string, vocabulary: string[]): number[] {
  throw new Error('TODO: encodeCharacters');
}

/**
 * The way back: the characters of the tokens, one after the other.
 *
 * @param tokens     whole numbers from 0 to V − 1
 * @param vocabulary V characters
 * @returns the text
 * @throws RangeError when a token is not a whole number from 0 to V − 1
 */
export function decodeCharacters(tokens: number[], vocabulary: string[]): string {
  throw new Error('TODO: decodeCharacters');
}

/**
 * Counts every pair of neighbours. The pairs overlap: a a a holds the pair (a, a) twice.
 *
 * @param tokens any number of tokens
 * @returns each pair that occurs, with its count, in the order in which the pairs first occur; fewer than two tokens have none
 */
export function countPairs(tokens: number[]): PairCount[] {
  throw new Error('TODO: countPairs');
}

/**
 * Writes one pair as a single token, wherever it stands. It reads from left to right, and what has become a token is not
 * used again: of a a a the first two become one, and the third stays.
 *
 * @param tokens  any number of tokens; not changed
 * @param pair    [left, right]
 * @param merged  the token to write instead
 * @returns the new list, never longer than the old one
 */
export function mergePair(tokens: number[], pair: [left: number, right: number], merged: number): number[] {
  throw new Error('TODO: mergePair');
}

/**
 * Learns byte-pair encoding from a text.
 *
 *   tokens = the bytes of the text in UTF-8                         0 … 255
 *   then, as often as asked:
 *     the pair with the largest count is merged, into token 256, 257, … in turn
 *     of equal counts the pair with the smaller left token wins; of equal left tokens, the one with the smaller right token
 *     when no pair stands there at least twice, it stops early: there is nothing left to gain
 *
 * @param text  any well-formed string
 * @param count how many merges to learn at most, a whole number ≥ 0
 * @returns the merges, in the order in which they were learned
 * @throws RangeError when count is not a whole number ≥ 0
 * @see Sennrich, Haddow & Birch 2016, "Neural machine translation of rare words with subword units", §3.2;
 *      Radford et al. 2019 (GPT-2), §2.2, for starting from bytes
 */
export function trainBpe(text: string, count: number): Merges {
  throw new Error('TODO: trainBpe');
}

/**
 * A text as tokens of a learned byte-pair encoding: its bytes, with every merge applied in the order in which it was
 * learned.
 *
 * @param text   any well-formed string, also one with bytes that the training text never had
 * @param merges from trainBpe
 * @returns tokens from 0 to 255 + merges.length; none for the empty string
 */
export function encodeBpe(text: string, merges: Merges): number[] {
  throw new Error('TODO: encodeBpe');
}

/**
 * The way back: each token becomes the bytes it was made of, and the bytes become text. A token alone need not be a whole
 * character: only all the bytes together are read as UTF-8.
 *
 * @param tokens from 0 to 255 + merges.length
 * @param merges from trainBpe
 * @returns the text; decodeBpe(encodeBpe(text, merges), merges) is the text itself
 * @throws RangeError when a token is not a whole number from 0 to 255 + merges.length
 */
export function decodeBpe(tokens: number[], merges: Merges): string {
  throw new Error('TODO: decodeBpe');
}
