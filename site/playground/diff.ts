/** What differs between two texts, line by line. */

export interface Line {
  sign: ' ' | '-' | '+' | '…';
  text: string;
}

/** The lines that go and come, with a few around them; a longest common subsequence of lines. */
export function difference(before: string, after: string, around = 2): Line[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const width = y.length + 1;
  const common = new Uint16Array((x.length + 1) * width);
  for (let i = x.length - 1; i >= 0; i--)
    for (let j = y.length - 1; j >= 0; j--)
      common[i * width + j] =
        x[i] === y[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
  const middle: Line[] = [];
  let [i, j] = [0, 0];
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      middle.push({ sign: ' ', text: x[i]! });
      i++;
      j++;
    } else if (i < x.length && (j === y.length || common[(i + 1) * width + j]! >= common[i * width + j + 1]!))
      middle.push({ sign: '-', text: x[i++]! });
    else middle.push({ sign: '+', text: y[j++]! });
  }
  const same = (text: string): Line => ({ sign: ' ', text });
  const all = [...a.slice(0, start).map(same), ...middle, ...a.slice(a.length - end).map(same)];
  const near = all.map((_, k) => all.slice(Math.max(0, k - around), k + around + 1).some(({ sign }) => sign !== ' '));
  return all.flatMap((line, k) => {
    if (near[k]) return [line];
    return k > 0 && near[k - 1] ? [{ sign: '…', text: '' } as const] : [];
  });
}
