/** The learning path: what each chapter is about, in a line, and a small picture of how its parameters are arranged. */
import type { Language } from '../build/html.ts';

export interface Stop {
  id: string;
  /** The name on the path; the same in all languages. */
  short: string;
  /** The chapter's title in Chinese; the English one is the spec's. */
  zh: string;
  idea: Record<Language, string>;
  /** The inside of a 64 × 64 SVG. Strokes: `s` ink, `g` soft, `q`, `k`, `v`, `d` roles; fills with a capital letter. */
  glyph: string;
}

const dot = (x: number, y: number, kind = 'S', r = 4) => `<circle class="${kind}" cx="${x}" cy="${y}" r="${r}"/>`;
const line = (x1: number, y1: number, x2: number, y2: number, kind = 'g') =>
  `<path class="${kind}" d="M${x1} ${y1}L${x2} ${y2}"/>`;

const layers = (() => {
  const columns = [
    [14, 32, 50],
    [14, 32, 50],
    [23, 41],
  ];
  const xs = [10, 32, 54];
  const wires = columns
    .slice(1)
    .flatMap((to, c) => columns[c]!.flatMap((a) => to.map((b) => line(xs[c]!, a, xs[c + 1]!, b))));
  return wires.join('') + columns.flatMap((ys, c) => ys.map((y) => dot(xs[c]!, y, c === 2 ? 'D' : 'S'))).join('');
})();

const attention = (() => {
  const xs = [8, 24, 40, 56];
  const bold = new Set(['0-1', '1-0', '2-3', '3-1']);
  const wires = xs.flatMap((a, i) => xs.map((b, j) => line(a, 50, b, 14, bold.has(`${i}-${j}`) ? 'q' : 'g')));
  return wires.join('') + xs.map((x) => dot(x, 50, 'Q') + dot(x, 14, 'V')).join('');
})();

export const STOPS: readonly Stop[] = [
  {
    id: 'chapter-1',
    short: 'MP',
    zh: 'MP：最初的神经元',
    idea: { en: 'A neuron decides, and learns from its mistakes.', zh: '一个神经元作出判断，并从错误中学习。' },
    glyph: `${line(8, 14, 34, 32)}${line(8, 32, 34, 32)}${line(8, 50, 34, 32)}${line(34, 32, 58, 32, 's')}${dot(8, 14)}${dot(8, 32)}${dot(8, 50)}<circle class="P" cx="34" cy="32" r="11"/><path class="d" d="M28 37h6v-10h6"/>`,
  },
  {
    id: 'chapter-2',
    short: 'BP',
    zh: 'BP：反向传播',
    idea: { en: 'Bend the layers, and send the error back through them.', zh: '让每一层弯曲，再把误差传回去。' },
    glyph: layers,
  },
  {
    id: 'chapter-3',
    short: 'RNN',
    zh: 'RNN：有记忆的网络',
    idea: { en: 'The same layer at every step: a network with a memory.', zh: '每一步都用同一层：有记忆的网络。' },
    glyph: `${line(22, 62, 22, 45)}${line(22, 19, 22, 2)}<path class="q" d="M37 25C66 8 66 56 40 40"/><path class="Q" d="M36 37l10 0-5 8z"/><rect class="P" x="8" y="20" width="28" height="24" rx="5"/>${dot(22, 32, 'S', 4)}`,
  },
  {
    id: 'chapter-4',
    short: 'LSTM',
    zh: 'LSTM：带门的记忆',
    idea: { en: 'A road through time that a gradient can survive.', zh: '一条梯度能走完的时间之路。' },
    glyph: `${line(2, 18, 62, 18, 'v')}<path class="V" d="M63 18l-8-4v8z"/><circle class="P" cx="20" cy="18" r="7"/><path class="k" d="M17 15l6 6m0-6l-6 6"/><circle class="P" cx="42" cy="18" r="7"/><path class="k" d="M42 14v8m-4-4h8"/>${line(20, 25, 20, 46)}${line(42, 25, 42, 46)}<path class="g" d="M6 56h52"/><rect class="P" x="13" y="40" width="14" height="10" rx="3"/><rect class="P" x="35" y="40" width="14" height="10" rx="3"/>`,
  },
  {
    id: 'chapter-5',
    short: 'Transformer',
    zh: 'Transformer：注意力',
    idea: { en: 'Every word looks at every other, all at once.', zh: '每个词同时看向所有的词。' },
    glyph: attention,
  },
  {
    id: 'chapter-6',
    short: 'LoRA',
    zh: 'LoRA：低秩适配',
    idea: {
      en: 'Leave the great matrix alone; learn two thin ones beside it.',
      zh: '大矩阵不动，在旁边学两个瘦矩阵。',
    },
    glyph: `<rect class="g" x="4" y="10" width="28" height="44" rx="3"/><path class="g" d="M4 24h28M4 39h28M13.3 10v44M22.6 10v44"/><path class="s" d="M38 32h6m-3-3v6"/><rect class="K" x="49" y="10" width="5" height="28" rx="2"/><rect class="Q" x="47" y="46" width="16" height="5" rx="2"/>`,
  },
  {
    id: 'chapter-7',
    short: 'MoE',
    zh: 'MoE：混合专家',
    idea: { en: 'Many experts, and a router that asks only a few.', zh: '许多专家，由路由器只请教其中几位。' },
    glyph: `${line(10, 32, 38, 10)}${line(10, 32, 38, 25, 'q')}${line(10, 32, 38, 39)}${line(10, 32, 38, 54, 'q')}${dot(10, 32, 'D', 6)}${[10, 25, 39, 54].map((y, i) => `<rect class="${i % 2 ? 'Q' : 'P'}" x="38" y="${y - 5}" width="20" height="10" rx="3"/>`).join('')}`,
  },
];

/** A chapter's glyph as a small picture beside its name. */
export function glyph(id: string, size: number): string {
  const stop = STOPS.find((each) => each.id === id);
  if (!stop) return '';
  return `<svg class="glyph" viewBox="0 0 64 64" width="${size}" height="${size}" aria-hidden="true">${stop.glyph}</svg>`;
}

/** A chapter's title in a language. */
export const titleIn = (id: string, title: string, language: Language): string =>
  (language === 'zh' && STOPS.find((each) => each.id === id)?.zh) || title;
