/** Four heads of attention over one sentence, each asking another question. */
import { ones, tensor, type Tensor } from '#tensor';
import { attentionForward, causalMask } from '../../solutions/chapter-5-transformer/attention.ts';
import { arrow, text } from '../lessons/svg.ts';
import type { Interactive, State } from './interactive.ts';
import { both, short, steps } from './parts.ts';

const WORDS = ['the', 'cat', 'sat', 'because', 'the', 'cat', 'it', 'saw', 'sat'];
const T = WORDS.length;
const NOUNS = new Set(['cat']);

const rows = (f: (t: number, j: number) => number, width: number): Tensor =>
  tensor(Array.from({ length: T }, (_, t) => Array.from({ length: width }, (_, j) => f(t, j))));

/** Queries and keys made by hand, so that each head's question can be said in words. */
const HEADS: Record<string, { q: Tensor; k: Tensor }> = {
  before: { q: rows((t, j) => (j === t - 1 ? 4 : 0), T), k: rows((t, j) => (j === t ? 4 : 0), T) },
  same: {
    q: rows((t, j) => (WORDS.indexOf(WORDS[t]!) === j ? 4 : 0), T),
    k: rows((t, j) => (WORDS.indexOf(WORDS[t]!) === j ? 4 : 0), T),
  },
  noun: {
    q: rows((_, j) => (j === 0 ? 4 : 0), T),
    k: rows((t, j) => (j === 0 && NOUNS.has(WORDS[t]!) ? 4 : 0), T),
  },
  mean: { q: rows(() => 0, T), k: rows(() => 0, T) },
};

function weights(state: State): number[][] {
  const { q, k } = HEADS[state.head as string]!;
  const mask = state.mask === 'causal' ? causalMask(T, T) : ones(T, T);
  // Values are the words themselves, one-hot: what comes out is the weights.
  const result = attentionForward(
    q.mul(Number(state.sharp)),
    k,
    rows((t, j) => (t === j ? 1 : 0), T),
    mask,
  );
  return result.weights.toArray() as number[][];
}

export const figure: Interactive = {
  name: 'attention-heads',
  chapter: 'chapter-5',
  lesson: 'chapter-5-transformer/attention',
  title: both('What a head looks at', '一个头在看什么'),
  caption: both(
    'Each head compares queries with keys in its own way. Make the queries longer and the choice becomes hard; shorter, and every word gets the same.',
    '每个头用自己的方式比较查询与键。查询越长，选择越硬；越短，每个词分到的就越平均。',
  ),
  description: both(
    'A sentence below, the same sentence above, and lines from one word below to the words that it attends to, thicker for a greater weight; beside it all weights as a grid.',
    '下面一句话，上面同一句话，从下面的一个词连到它注意的词，权重越大线越粗；旁边是全部权重的方格。',
  ),
  size: [680, 330],
  controls: [
    {
      kind: 'choice',
      key: 'head',
      label: both('Head', '头'),
      start: 'same',
      options: [
        { value: 'same', label: both('the same word', '同一个词') },
        { value: 'before', label: both('the word before', '前一个词') },
        { value: 'noun', label: both('nouns', '名词') },
        { value: 'mean', label: both('everything alike', '一视同仁') },
      ],
    },
    {
      kind: 'choice',
      key: 'mask',
      label: both('Mask', '掩码'),
      start: 'causal',
      options: [
        { value: 'causal', label: both('causal: only earlier words', '因果：只看前面的词') },
        { value: 'none', label: both('none', '无') },
      ],
    },
    {
      kind: 'slider',
      key: 'word',
      label: both('Query', '查询'),
      values: steps(0, T - 1),
      start: 5,
      show: (t) => WORDS[t]!,
      play: true,
    },
    {
      kind: 'slider',
      key: 'sharp',
      label: both('Length of the queries', '查询的长度'),
      values: [0, 0.1, 0.25, 0.5, 1, 2],
      start: 0.5,
    },
  ],
  draw(state) {
    const all = weights(state);
    const at = Number(state.word);
    const px = (t: number) => 28 + t * 45;
    const out: string[] = [];
    all[at]!.forEach((w, t) => {
      if (w > 0.01)
        out.push(`<path d="M${px(at)} 252L${px(t)} 62" fill="none" class="s-query" stroke-width="${(1 + 7 * w).toFixed(2)}" stroke-opacity="${(0.3 + 0.7 * w).toFixed(2)}"/>`); // prettier-ignore
    });
    WORDS.forEach((word, t) => {
      out.push(text(px(t), t % 2 ? 24 : 42, word), text(px(t), t % 2 ? 290 : 272, t === at ? `[${word}]` : word));
    });
    const [left, top, cell] = [452, 62, 21];
    all.forEach((row, i) =>
      row.forEach(
        (w, j) =>
        out.push(`<rect x="${left + j * cell}" y="${top + i * cell}" width="${cell}" height="${cell}" class="f-query s-ground" fill-opacity="${(0.04 + 0.96 * w).toFixed(3)}"${i === at ? ' stroke-width="2"' : ''}/>`), // prettier-ignore
      ),
    );
    out.push(arrow([left - 22, top + (at + 0.5) * cell], [left - 3, top + (at + 0.5) * cell], 'query'));
    out.push(text(left + 4.5 * cell, top - 12, 'keys (S)'), text(left + 4.5 * cell, top + T * cell + 22, '(T, S)'));
    return out.join('');
  },
  say(state) {
    const row = weights(state)[Number(state.word)]!;
    const best = row.indexOf(Math.max(...row));
    const [from, to] = [WORDS[Number(state.word)]!, WORDS[best]!];
    return both(
      `“${from}” gives most, ${short(row[best]!)}, to “${to}” at place ${best + 1}.`,
      `“${from}”给第 ${best + 1} 个词“${to}”的权重最大，为 ${short(row[best]!)}。`,
    );
  },
};
