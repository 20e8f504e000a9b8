/**
 * Chapter 5, topic 1, by another hand: plain loops and switches over code points, records of pairs nested by their left
 * token, linked tokens where a list would do, recursion where a table would do.
 */
import { utf8Decode, utf8Encode } from '#tensor';

export interface PairCount {
  left: number;
  right: number;
  count: number;
}

export type Merges = [left: number, right: number][];

export const BYTES = 256;

export function characterVocabulary(text: string): string[] {
  const codes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    let low = 0;
    let high = codes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (codes[middle] < code) low = middle + 1;
      else high = middle;
    }
    if (codes[low] !== code) codes.splice(low, 0, code);
  }
  return codes.map((code) => String.fromCodePoint(code));
}

export function encodeCharacters(text: string, vocabulary: string[]): number[] {
  const tokens: number[] = [];
  let at = 0;
  while (at < text.length) {
    const code = text.codePointAt(at)!;
    const character = String.fromCodePoint(code);
    const token = vocabulary.indexOf(character);
    if (token === -1) throw new RangeError(`there is no token for ${character}`);
    tokens.push(token);
    at += code > 0xffff ? 2 : 1;
  }
  return tokens;
}

export function decodeCharacters(tokens: number[], vocabulary: string[]): string {
  return tokens.reduce((text, token) => {
    const known = Number.isInteger(token) && token >= 0 && token < vocabulary.length;
    if (!known) throw new RangeError(`${token} is no token of ${vocabulary.length}`);
    return text + vocabulary[token];
  }, '');
}

export function countPairs(tokens: number[]): PairCount[] {
  const found: PairCount[] = [];
  const rows = new Map<number, Map<number, PairCount>>();
  for (let i = 1; i < tokens.length; i++) {
    const left = tokens[i - 1];
    const right = tokens[i];
    let row = rows.get(left);
    if (!row) rows.set(left, (row = new Map()));
    const seen = row.get(right);
    if (seen) {
      seen.count += 1;
    } else {
      const entry = { left, right, count: 1 };
      row.set(right, entry);
      found.push(entry);
    }
  }
  return found;
}

export function mergePair(tokens: number[], pair: [left: number, right: number], merged: number): number[] {
  const [left, right] = pair;
  const out: number[] = [];
  let waiting: number | undefined;
  for (const token of tokens) {
    if (waiting === undefined) {
      waiting = token;
    } else if (waiting === left && token === right) {
      out.push(merged);
      waiting = undefined;
    } else {
      out.push(waiting);
      waiting = token;
    }
  }
  if (waiting !== undefined) out.push(waiting);
  return out;
}

export function trainBpe(text: string, count: number): Merges {
  if (!(Number.isInteger(count) && count >= 0)) throw new RangeError(`cannot learn ${count} merges`);
  const learn = (tokens: number[], merges: Merges): Merges => {
    if (merges.length === count) return merges;
    const [best] = countPairs(tokens).sort((a, b) => b.count - a.count || a.left - b.left || a.right - b.right);
    if (best === undefined || best.count < 2) return merges;
    const pair: [number, number] = [best.left, best.right];
    return learn(mergePair(tokens, pair, BYTES + merges.length), [...merges, pair]);
  };
  return learn([...utf8Encode(text)], []);
}

export function encodeBpe(text: string, merges: Merges): number[] {
  return merges.reduce((tokens, pair, i) => mergePair(tokens, pair, BYTES + i), Array.from(utf8Encode(text)));
}

export function decodeBpe(tokens: number[], merges: Merges): string {
  const bytes: number[] = [];
  const largest = BYTES + merges.length - 1;
  const open = [...tokens].reverse();
  for (const token of open) {
    if (!Number.isInteger(token) || token < 0 || token > largest) throw new RangeError(`${token} is not a token`);
  }
  while (open.length > 0) {
    const token = open.pop()!;
    if (token < BYTES) {
      bytes.push(token);
    } else {
      const [left, right] = merges[token - BYTES];
      open.push(right, left);
    }
  }
  return utf8Decode(bytes);
}
