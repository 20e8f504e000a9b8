/** Wrong answers of the tokenizer. */
import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'characterVocabulary',
    mistake: 'The characters stand in the order in which they first come, not sorted.',
    find: `return codes.map((code) => String.fromCodePoint(code));`,
    put: `return [...new Set(text)];`,
    causes: ['in the order of the text'],
  },
  {
    exercise: 'characterVocabulary',
    mistake:
      'sort() without a comparison: it goes by 16-bit units, and puts an emoji before the last characters of 16 bits.',
    find: `return codes.map((code) => String.fromCodePoint(code));`,
    put: `return [...new Set(text)].sort();`,
    causes: ['sorted by 16-bit units'],
  },
  {
    exercise: 'characterVocabulary',
    mistake: 'The text is cut with split(""), into halves of emojis.',
    find: `return codes.map((code) => String.fromCodePoint(code));`,
    put: `return [...new Set(text.split(''))].sort();`,
    causes: ['emoji cut in two'],
  },
  {
    exercise: 'characterVocabulary',
    mistake: 'Every character goes in as often as it comes.',
    find: `if (codes[low] !== code) codes.splice(low, 0, code);`,
    put: `codes.splice(low, 0, code);`,
    causes: ['characters not made unique'],
  },
  {
    exercise: 'encodeCharacters',
    mistake: 'One step of the index for each character, also behind an emoji.',
    find: `at += code > 0xffff ? 2 : 1;`,
    put: `at += 1;`,
    causes: ['read by 16-bit units'],
  },
  {
    exercise: 'encodeCharacters',
    mistake: 'What indexOf gives is taken as it is, so an unknown character becomes −1.',
    find: `    if (token === -1) throw new RangeError(\`there is no token for \${character}\`);\n`,
    put: ``,
    causes: [],
  },
  {
    exercise: 'encodeCharacters',
    mistake: 'A character that is not known is left out without a word.',
    find: `    if (token === -1) throw new RangeError(\`there is no token for \${character}\`);
    tokens.push(token);`,
    put: `    if (token !== -1) tokens.push(token);`,
    causes: [],
  },
  {
    exercise: 'encodeCharacters',
    mistake: 'The number of a character is its code point, not its place in the vocabulary.',
    find: `    tokens.push(token);
    at +=`,
    put: `    tokens.push(code);
    at +=`,
    causes: ['code points as tokens'],
  },
  {
    exercise: 'encodeCharacters',
    mistake: 'Places are counted from 1.',
    find: `    tokens.push(token);
    at +=`,
    put: `    tokens.push(token + 1);
    at +=`,
    causes: ['counted from 1'],
  },
  {
    exercise: 'decodeCharacters',
    mistake: 'A token from outside is looked up all the same, and "undefined" gets into the text.',
    find: `    if (!known) throw new RangeError(\`\${token} is no token of \${vocabulary.length}\`);\n`,
    put: ``,
    causes: [],
  },
  {
    exercise: 'decodeCharacters',
    mistake: 'The bound is one too far: the token V is taken for a token.',
    find: `token < vocabulary.length;`,
    put: `token <= vocabulary.length;`,
    causes: [],
  },
  {
    exercise: 'decodeCharacters',
    mistake: 'The characters are joined with join() without an argument, so commas stand between them.',
    find: `return text + vocabulary[token];`,
    put: `return text === '' ? vocabulary[token] : text + ',' + vocabulary[token];`,
    causes: ['commas in between'],
  },
  {
    exercise: 'decodeCharacters',
    mistake: 'Each character is put in front of the text so far.',
    find: `return text + vocabulary[token];`,
    put: `return vocabulary[token] + text;`,
    causes: ['back to front'],
  },
  {
    exercise: 'decodeCharacters',
    mistake: 'The tokens are read as code points.',
    find: `return text + vocabulary[token];`,
    put: `return text + String.fromCodePoint(token);`,
    causes: ['tokens as code points'],
  },
  {
    exercise: 'decodeCharacters',
    mistake: 'Only too small and too large is checked, not that a token is a whole number.',
    find: `const known = Number.isInteger(token) && token >= 0`,
    put: `const known = token >= 0`,
    causes: [],
  },
  {
    exercise: 'countPairs',
    mistake: 'The loop ends one too early and never sees the last pair.',
    find: `for (let i = 1; i < tokens.length; i++) {`,
    put: `for (let i = 1; i < tokens.length - 1; i++) {`,
    causes: ['last pair missing'],
  },
  {
    exercise: 'countPairs',
    mistake: 'Steps of two: pairs that overlap are counted once.',
    find: `for (let i = 1; i < tokens.length; i++) {`,
    put: `for (let i = 1; i < tokens.length; i += 2) {`,
    causes: ['every other pair'],
  },
  {
    exercise: 'countPairs',
    mistake: 'The key writes left and right behind one another, so that 1, 12 and 11, 2 are the same pair.',
    find: `    let row = rows.get(left);
    if (!row) rows.set(left, (row = new Map()));
    const seen = row.get(right);
    if (seen) {
      seen.count += 1;
    } else {
      const entry = { left, right, count: 1 };
      row.set(right, entry);`,
    put: `    const key = Number(\`\${left}\${right}\`);
    let row = rows.get(0);
    if (!row) rows.set(0, (row = new Map()));
    const seen = row.get(key);
    if (seen) {
      seen.count += 1;
    } else {
      const entry = { left, right, count: 1 };
      row.set(key, entry);`,
    causes: ['keys that run into each other'],
  },
  {
    exercise: 'countPairs',
    mistake: 'The key is 256 · left + right, although tokens may be larger than 255.',
    find: `    let row = rows.get(left);
    if (!row) rows.set(left, (row = new Map()));
    const seen = row.get(right);
    if (seen) {
      seen.count += 1;
    } else {
      const entry = { left, right, count: 1 };
      row.set(right, entry);`,
    put: `    const key = 256 * left + right;
    let row = rows.get(0);
    if (!row) rows.set(0, (row = new Map()));
    const seen = row.get(key);
    if (seen) {
      seen.count += 1;
    } else {
      const entry = { left, right, count: 1 };
      row.set(key, entry);`,
    causes: ['keys of two bytes'],
  },
  {
    exercise: 'countPairs',
    mistake: 'a, b and b, a are counted together.',
    find: `    const right = tokens[i];
    let row`,
    put: `    const right = tokens[i];
    const turned = rows.get(right)?.get(left);
    if (turned) {
      turned.count += 1;
      continue;
    }
    let row`,
    causes: ['order within the pair ignored'],
  },
  {
    exercise: 'countPairs',
    mistake: 'The list comes sorted by count instead of by first occurrence.',
    find: `return found;`,
    put: `return found.sort((a, b) => b.count - a.count);`,
    causes: ['sorted by count'],
  },
  {
    exercise: 'countPairs',
    mistake: 'A pair that is seen for the first time starts with the count 0.',
    find: `const entry = { left, right, count: 1 };`,
    put: `const entry = { left, right, count: 0 };`,
    causes: ['counted from 0'],
  },
  {
    exercise: 'mergePair',
    mistake: 'The last token, behind which nothing comes, is lost.',
    find: `  if (waiting !== undefined) out.push(waiting);\n`,
    put: ``,
    causes: ['last token lost'],
  },
  {
    exercise: 'mergePair',
    mistake: 'The right half is written once more behind the merged token.',
    find: `      out.push(merged);
      waiting = undefined;`,
    put: `      out.push(merged);
      waiting = token;`,
    causes: ['the right token stays'],
  },
  {
    exercise: 'mergePair',
    mistake: 'The pair is also merged where it stands the other way round.',
    find: `} else if (waiting === left && token === right) {`,
    put: `} else if ((waiting === left && token === right) || (waiting === right && token === left)) {`,
    causes: ['either order'],
  },
  {
    exercise: 'mergePair',
    mistake: 'It goes from right to left, so of three equal ones the last two are merged.',
    find: `  const [left, right] = pair;
  const out: number[] = [];
  let waiting`,
    put: `  const [left, right] = pair;
  const out: number[] = [];
  if (tokens) {
    for (let i = tokens.length - 1; i >= 0; i--) {
      if (i > 0 && tokens[i - 1] === left && tokens[i] === right) {
        out.unshift(merged);
        i--;
      } else {
        out.unshift(tokens[i]);
      }
    }
    return out;
  }
  let waiting`,
    causes: ['from right to left'],
  },
  {
    exercise: 'mergePair',
    mistake: 'It splices the list that it was given.',
    find: `  const [left, right] = pair;
  const out: number[] = [];
  let waiting`,
    put: `  const [left, right] = pair;
  const out: number[] = [];
  if (tokens) {
    for (let i = 0; i + 1 < tokens.length; i++) {
      if (tokens[i] === left && tokens[i + 1] === right) tokens.splice(i, 2, merged);
    }
    return tokens;
  }
  let waiting`,
    causes: [],
  },
  {
    exercise: 'mergePair',
    mistake: 'Only the first place where the pair stands is merged.',
    find: `} else if (waiting === left && token === right) {`,
    put: `} else if (waiting === left && token === right && !out.includes(merged)) {`,
    causes: ['only where it first stands'],
  },
  {
    exercise: 'mergePair',
    mistake: 'Only the left half is looked at.',
    find: `} else if (waiting === left && token === right) {`,
    put: `} else if (waiting === left) {`,
    causes: ['the left half is enough', 'the left half is enough, but for the last token'],
  },
  {
    exercise: 'trainBpe',
    mistake: 'Of equal counts the pair wins that came first in the text.',
    find: `sort((a, b) => b.count - a.count || a.left - b.left || a.right - b.right)`,
    put: `sort((a, b) => b.count - a.count)`,
    causes: ['of equal counts the first in the text'],
  },
  {
    exercise: 'trainBpe',
    mistake: 'Of equal counts the smaller left token wins, but of equal left tokens the one that came first.',
    find: `sort((a, b) => b.count - a.count || a.left - b.left || a.right - b.right)`,
    put: `sort((a, b) => b.count - a.count || a.left - b.left)`,
    causes: ['of equal left tokens the first in the text'],
  },
  {
    exercise: 'trainBpe',
    mistake: 'Of equal counts the larger tokens win.',
    find: `sort((a, b) => b.count - a.count || a.left - b.left || a.right - b.right)`,
    put: `sort((a, b) => b.count - a.count || b.left - a.left || b.right - a.right)`,
    causes: ['of equal counts the larger tokens'],
  },
  {
    exercise: 'trainBpe',
    mistake: 'It goes on merging pairs that stand there only once.',
    find: `if (best === undefined || best.count < 2) return merges;`,
    put: `if (best === undefined) return merges;`,
    causes: ['pairs that occur once'],
  },
  {
    exercise: 'trainBpe',
    mistake: 'It stops already when the best pair stands there twice.',
    find: `best.count < 2)`,
    put: `best.count <= 2)`,
    causes: ['pairs that occur three times only'],
  },
  {
    exercise: 'trainBpe',
    mistake: 'The first merged token is 257.',
    find: `mergePair(tokens, pair, BYTES + merges.length)`,
    put: `mergePair(tokens, pair, BYTES + merges.length + 1)`,
    causes: ['new tokens from 257'],
  },
  {
    exercise: 'trainBpe',
    mistake: 'The pairs are counted once, and the most frequent of that one list are taken.',
    find: `  const learn = (`,
    put: `  if (text !== undefined) {
    return countPairs([...utf8Encode(text)])
      .filter((pair) => pair.count > 1)
      .sort((a, b) => b.count - a.count || a.left - b.left || a.right - b.right)
      .slice(0, count)
      .map(({ left, right }) => [left, right]);
  }
  const learn = (`,
    causes: ['counted once for all'],
  },
  {
    exercise: 'trainBpe',
    mistake: 'It starts from code points instead of bytes.',
    find: `return learn([...utf8Encode(text)], []);`,
    put: `return learn(Array.from(text, (character) => character.codePointAt(0)!), []);`,
    causes: ['characters instead of bytes'],
  },
  {
    exercise: 'trainBpe',
    mistake: 'No look at count: a negative one learns for ever or nothing, and 2.5 goes through.',
    find: `  if (!(Number.isInteger(count) && count >= 0)) throw new RangeError(\`cannot learn \${count} merges\`);\n`,
    put: `  count = Math.max(0, Math.ceil(count));\n`,
    causes: [],
  },
  {
    exercise: 'encodeBpe',
    mistake: 'It starts from code points instead of bytes.',
    find: `Array.from(utf8Encode(text)));`,
    put: `Array.from(text, (character) => character.codePointAt(0)!));`,
    causes: ['characters instead of bytes'],
  },
  {
    exercise: 'encodeBpe',
    mistake: 'The merges are applied from the last to the first.',
    find: `return merges.reduce((tokens, pair, i)`,
    put: `return merges.reduceRight((tokens, pair, i)`,
    causes: ['merges in reverse'],
  },
  {
    exercise: 'encodeBpe',
    mistake: 'Merge i writes the token i and not 256 + i.',
    find: `mergePair(tokens, pair, BYTES + i)`,
    put: `mergePair(tokens, pair, i)`,
    causes: ['new tokens from 0'],
  },
  {
    exercise: 'encodeBpe',
    mistake: 'The first merge writes 257.',
    find: `mergePair(tokens, pair, BYTES + i)`,
    put: `mergePair(tokens, pair, BYTES + i + 1)`,
    causes: ['new tokens from 257'],
  },
  {
    exercise: 'encodeBpe',
    mistake: 'At each place it takes the longest token that fits.',
    find: `  return merges.reduce((tokens, pair, i)`,
    put: `  if (merges) {
    const spelled: number[][] = Array.from({ length: BYTES }, (_, byte) => [byte]);
    for (const [left, right] of merges) spelled.push([...spelled[left], ...spelled[right]]);
    const bytes = [...utf8Encode(text)];
    const out: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      let best = bytes[at];
      spelled.forEach((spelling, token) => {
        if (spelling.length > spelled[best].length && spelling.every((byte, k) => bytes[at + k] === byte)) best = token;
      });
      out.push(best);
      at += spelled[best].length;
    }
    return out;
  }
  return merges.reduce((tokens, pair, i)`,
    causes: ['longest token first'],
  },
  {
    exercise: 'encodeBpe',
    mistake: 'It learns merges anew from the text to be encoded, as many as there are.',
    find: `  return merges.reduce((tokens, pair, i)`,
    put: `  merges = trainBpe(text, merges.length);
  return merges.reduce((tokens, pair, i)`,
    causes: ['learned anew'],
  },
  {
    exercise: 'decodeBpe',
    mistake: 'Every token is read as UTF-8 by itself.',
    find: `  return utf8Decode(bytes);`,
    put: `  const spell = (token: number): number[] =>
    token < BYTES ? [token] : [...spell(merges[token - BYTES][0]), ...spell(merges[token - BYTES][1])];
  return tokens.map((token) => utf8Decode(spell(token))).join('');`,
    causes: ['each token read by itself'],
  },
  {
    exercise: 'decodeBpe',
    mistake: 'The right half comes before the left one.',
    find: `open.push(right, left);`,
    put: `open.push(left, right);`,
    causes: ['right half first'],
  },
  {
    exercise: 'decodeBpe',
    mistake: 'A merged token is taken apart once, although its halves may be merged tokens too.',
    find: `open.push(right, left);`,
    put: `bytes.push(left, right);`,
    causes: ['unfolded by one step'],
  },
  {
    exercise: 'decodeBpe',
    mistake: '256 is taken for a byte.',
    find: `if (token < BYTES) {`,
    put: `if (token <= BYTES) {`,
    causes: ['merged tokens from 257', '256 taken for a byte'],
  },
  {
    exercise: 'decodeBpe',
    mistake: 'Each byte is turned into a character with String.fromCharCode.',
    find: `  return utf8Decode(bytes);`,
    put: `  return String.fromCharCode(...bytes);`,
    causes: ['bytes as characters'],
  },
];
