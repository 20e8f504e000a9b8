/** How much of a gradient is left after going back through a recurrent network. */
import { normal, random, tensor, type Tensor } from '#tensor';
import { jacobianProductNorms, largestSingularValue } from '../../solutions/chapter-3-rnn/gradient-flow.ts';
import { rnnForward } from '../../solutions/chapter-3-rnn/rnn.ts';
import { plot } from '../lessons/svg.ts';
import type { Interactive, State } from './interactive.ts';
import { both, short, steps } from './parts.ts';

const H = 6;
const T = 40;

function norms(state: State): number[] {
  const rng = random(Number(state.seed));
  const raw = normal([H, H], rng);
  const largest = largestSingularValue(raw, tensor(Array.from({ length: H }, (_, i) => 1 + i / 7)), 60);
  const wHh = raw.mul(Number(state.size) / largest);
  const x: Tensor = normal([T, 1, 2], rng).mul(Number(state.input));
  const zero = tensor(Array.from({ length: H }, () => 0));
  const { y } = rnnForward(x, tensor([Array.from({ length: H }, () => 0)]), {
    wIh: normal([H, 2], rng),
    wHh,
    bIh: zero,
    bHh: zero,
  });
  const all = jacobianProductNorms(y.reshape(T, H), wHh);
  return all.map((norm) => norm / all[0]!);
}

export const figure: Interactive = {
  name: 'vanishing-gradient',
  chapter: 'chapter-3',
  lesson: 'chapter-3-rnn/gradient-flow',
  title: both('What is left of a gradient', '梯度还剩多少'),
  caption: both(
    'The recurrent matrix is scaled so that its largest singular value is what you set. Below 1 every step back takes its share. Above 1 the gradient may explode, until strong inputs flatten the tanh.',
    '循环矩阵被缩放到你设定的最大奇异值。小于 1 时每退一步都打折扣。大于 1 时梯度可能爆炸，直到强输入把 tanh 压平。',
  ),
  description: both(
    'A curve over the number of steps back: the size of the gradient relative to the last step, on a scale of powers of ten.',
    '横轴是往回的步数，纵轴是相对于最后一步的梯度大小，以十的幂为刻度。',
  ),
  size: [560, 340],
  controls: [
    {
      kind: 'slider',
      key: 'size',
      label: both('Largest singular value', '最大奇异值'),
      values: steps(0.4, 3, 0.1),
      start: 0.9,
      play: true,
    },
    {
      kind: 'slider',
      key: 'input',
      label: both('Strength of the inputs', '输入的强度'),
      values: steps(0, 2, 0.25),
      start: 0.25,
    },
    { kind: 'slider', key: 'seed', label: both('Seed', '种子'), values: steps(1, 9), start: 1 },
  ],
  draw(state, language) {
    const p = plot({ x: [0, T], y: [-16, 8], width: 560, height: 340, xLabel: language === 'zh' ? '往回的步数' : 'steps back', yLabel: language === 'zh' ? 'log₁₀ 梯度' : 'log₁₀ of the gradient' }); // prettier-ignore
    const logs = norms(state).map((v, k) => [k, Math.min(8, Math.max(-16, Math.log10(Math.max(v, 1e-300))))] as const);
    return [
      p.axes(),
      p.line([[0, 0], [T, 0]], 'neutral'), // prettier-ignore
      p.line(logs, 'gradient'),
      p.scatter(
        logs.filter((_, k) => k % 5 === 0),
        'gradient',
      ),
    ].join('');
  },
  say(state) {
    const all = norms(state);
    return both(
      `Ten steps back ${short(all[10]!)} of the gradient is left, ${T} steps back ${short(all[T]!)}.`,
      `往回 10 步，梯度还剩 ${short(all[10]!)}；往回 ${T} 步，剩 ${short(all[T]!)}。`,
    );
  },
};
