/**
 * How many letters must be changed, added, dropped or swapped with their neighbour to turn one word into the other
 * (the "optimal string alignment" distance).
 */
export function distance(a: string, b: string): number {
  const s = [...a];
  const t = [...b];
  let before: number[] = [];
  let last = Array.from({ length: t.length + 1 }, (_, j) => j);
  for (let i = 1; i <= s.length; i++) {
    const row = [i];
    for (let j = 1; j <= t.length; j++) {
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (s[i - 1] === t[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && s[i - 1] === t[j - 2] && s[i - 2] === t[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[t.length]!;
}

/** The word of the list that is spelled most like `word`, or undefined when the list is empty. The first one wins a tie. */
export function nearest(word: string, list: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of list) {
    const d = distance(word.toLowerCase(), candidate.toLowerCase());
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

/** "a", "a and b", "a, b and c". */
export function listed(words: readonly string[], joint = 'and'): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1)}`;
}
