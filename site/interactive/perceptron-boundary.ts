/** A perceptron learns sample by sample, and its boundary moves on every mistake. */
import { perceptronUpdate, predict, type Perceptron } from '../../solutions/chapter-1-mp/perceptron.ts';
import { plot } from '../lessons/svg.ts';
import type { Interactive, State } from './interactive.ts';
import { both, short, steps, wobble } from './parts.ts';

interface Data {
  samples: number[][];
  labels: number[];
}

const CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]; // prettier-ignore

function data(state: State): Data {
  if (state.data === 'and') return { samples: CORNERS, labels: [-1, -1, -1, 1] };
  if (state.data === 'or') return { samples: CORNERS, labels: [-1, 1, 1, 1] };
  if (state.data === 'xor') return { samples: CORNERS, labels: [-1, 1, 1, -1] };
  // Two clouds with a gap between them, on a line that the seed turns.
  const noise = wobble(Number(state.seed), 26);
  const [a, b] = [noise[24]!, noise[25]! || 0.5];
  const norm = Math.hypot(a, b) || 1;
  const samples = Array.from({ length: 12 }, (_, i) => [noise[2 * i]! * 1.1 + 0.5, noise[2 * i + 1]! * 1.1 + 0.5]);
  const labels = samples.map(([x, y]) => ((x! - 0.5) * a + (y! - 0.5) * b >= 0 ? 1 : -1));
  const apart = samples.map(([x, y], i) => [x! + (labels[i]! * 0.22 * a) / norm, y! + (labels[i]! * 0.22 * b) / norm]);
  return { samples: apart, labels };
}

/** The perceptron after some samples, one after another. */
function run(state: State): { now: Perceptron; mistakes: number; data: Data } {
  const of = data(state);
  let now: Perceptron = { weights: [0, 0], bias: 0 };
  let mistakes = 0;
  for (let k = 0; k < Number(state.step); k++) {
    const i = k % of.samples.length;
    if (predict(of.samples[i]!, now.weights, now.bias) !== of.labels[i]) mistakes++;
    now = perceptronUpdate(of.samples[i]!, of.labels[i]!, now.weights, now.bias, Number(state.rate));
  }
  return { now, mistakes, data: of };
}

export const figure: Interactive = {
  name: 'perceptron-boundary',
  chapter: 'chapter-1',
  lesson: 'chapter-1-mp/perceptron',
  title: both('A boundary that learns', '会学习的边界'),
  caption: both(
    'Walk through the samples one by one. The line moves only on a mistake. Then choose XOR, and see it never come to rest.',
    '逐个样本往前走。只有出错时直线才会移动。再选 XOR，看它永远停不下来。',
  ),
  description: both(
    'A plane with samples of two classes, squares for +1 and circles for −1, the perceptron’s boundary as a line, and a cross on each sample that it gets wrong.',
    '平面上有两类样本，方块为 +1，圆为 −1；一条直线是感知机的边界，每个分错的样本上有一个叉。',
  ),
  size: [480, 400],
  controls: [
    {
      kind: 'choice',
      key: 'data',
      label: both('Samples', '样本'),
      start: 'and',
      options: [
        { value: 'and', label: both('AND', 'AND') },
        { value: 'or', label: both('OR', 'OR') },
        { value: 'xor', label: both('XOR', 'XOR') },
        { value: 'clouds', label: both('two clouds', '两团点') },
      ],
    },
    {
      kind: 'slider',
      key: 'step',
      label: both('Samples seen', '看过的样本'),
      values: steps(0, 48),
      start: 21,
      play: true,
    },
    {
      kind: 'slider',
      key: 'rate',
      label: both('Learning rate η', '学习率 η'),
      values: [0.1, 0.25, 0.5, 1, 2],
      start: 1,
    },
    { kind: 'slider', key: 'seed', label: both('Seed (two clouds)', '种子（两团点）'), values: steps(1, 9), start: 1 },
  ],
  draw(state, language) {
    const { now, data: of } = run(state);
    const p = plot({ x: [-1, 2], y: [-1, 2], width: 480, height: 400, xLabel: 'x₁', yLabel: 'x₂' });
    const [w1, w2] = now.weights as [number, number];
    const out = [p.axes()];
    // w · x + b = 0 from edge to edge of the square.
    const ends: [number, number][] = [];
    for (const e of [-1, 2]) {
      const y = -(w1 * e + now.bias) / w2;
      if (Number.isFinite(y) && y >= -1 && y <= 2) ends.push([e, y]);
      const x = -(w2 * e + now.bias) / w1;
      if (Number.isFinite(x) && x > -1 && x < 2) ends.push([x, e]);
    }
    if (ends.length >= 2) {
      out.push(p.line([ends[0]!, ends[1]!], 'gradient'));
      const middle = [(ends[0]![0] + ends[1]![0]) / 2, (ends[0]![1] + ends[1]![1]) / 2] as const;
      const norm = Math.hypot(w1, w2);
      out.push(p.arrow(middle, [middle[0] + (0.3 * w1) / norm, middle[1] + (0.3 * w2) / norm], 'gradient', 'w'));
    }
    for (const [kind, role] of [
      [1, 'key'],
      [-1, 'query'],
    ] as const)
      // prettier-ignore
      out.push(p.scatter(of.samples.filter((_, i) => of.labels[i] === kind) as unknown as [number, number][], role));
    const wrong = of.samples.filter((x, i) => predict(x, now.weights, now.bias) !== of.labels[i]);
    out.push(p.scatter(wrong as unknown as [number, number][], 'fail'));
    out.push(p.legend([['key', '+1'], ['query', '−1'], ['fail', language === 'zh' ? '现在分错' : 'wrong now']], true)); // prettier-ignore
    return out.join('');
  },
  say(state) {
    const { now, mistakes, data: of } = run(state);
    const wrong = of.samples.filter((x, i) => predict(x, now.weights, now.bias) !== of.labels[i]).length;
    const weights = `w = (${now.weights.map(short).join(', ')}), b = ${short(now.bias)}`;
    return both(
      `After ${state.step} samples: ${mistakes} ${mistakes === 1 ? 'mistake' : 'mistakes'} on the way, ${wrong} of ${of.samples.length} wrong now; ${weights}.`,
      `看过 ${state.step} 个样本：途中错了 ${mistakes} 次，现在 ${of.samples.length} 个里错 ${wrong} 个；${weights}。`,
    );
  },
};
