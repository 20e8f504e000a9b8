/** One LSTM cell with its gates in your hands. */
import { tensor } from '#tensor';
import { lstmStep } from '../../solutions/chapter-4-lstm/lstm.ts';
import { plot } from '../lessons/svg.ts';
import type { Interactive, State } from './interactive.ts';
import { both, short, steps, wobble } from './parts.ts';

const T = 30;

interface Trace {
  x: number[];
  c: number[];
  h: number[];
  gates: { i: number; f: number; o: number };
}

/** A cell of width 1 whose input gate opens when something comes in; the biases are the settings. */
function trace(state: State): Trace {
  const noise = wobble(Number(state.seed), T);
  const x = Array.from({ length: T }, (_, t) =>
    t === 2 ? 1 : t > 5 && Math.abs(noise[t]!) > 0.86 ? Math.sign(noise[t]!) : 0,
  );
  const weights = {
    // In the order i, f, g, o: the candidate follows x; the gates are set by their biases.
    wIh: tensor([[0], [0], [2], [0]]),
    wHh: tensor([[0], [0], [0], [0]]),
    bIh: tensor([Number(state.input), Number(state.forget), 0, Number(state.output)]),
    bHh: tensor([0, 0, 0, 0]),
  };
  let [h, c] = [tensor([[0]]), tensor([[0]])];
  const out: Trace = { x, c: [], h: [], gates: { i: 0, f: 0, o: 0 } };
  for (const now of x) {
    const step = lstmStep(tensor([[now]]), h, c, weights);
    ({ h, c } = step);
    out.c.push(c.data[0]!);
    out.h.push(h.data[0]!);
    out.gates = { i: step.cache.i.data[0]!, f: step.cache.f.data[0]!, o: step.cache.o.data[0]! };
  }
  return out;
}

export const figure: Interactive = {
  name: 'lstm-gates',
  chapter: 'chapter-4',
  lesson: 'chapter-4-lstm/lstm',
  title: both('Three gates, one memory', '三个门，一个记忆'),
  caption: both(
    'Inputs come as single pulses. Open the forget gate (a large bias) and the cell keeps them; close it and they fade. Close the output gate, and the memory is there but says nothing.',
    '输入是一个个脉冲。把遗忘门打开（偏置大），细胞就记住它们；关上，它们就消退。关上输出门，记忆还在，但一言不发。',
  ),
  description: both(
    'Over thirty time steps: inputs as marks at +1 and −1, the cell state and the hidden state as two lines.',
    '三十个时间步：输入是 +1 和 −1 处的记号，细胞状态与隐状态是两条线。',
  ),
  size: [600, 340],
  controls: [
    {
      kind: 'slider',
      key: 'forget',
      label: both('Forget gate, bias', '遗忘门偏置'),
      values: steps(-3, 6, 0.5),
      start: 3,
    },
    {
      kind: 'slider',
      key: 'input',
      label: both('Input gate, bias', '输入门偏置'),
      values: steps(-4, 4, 0.5),
      start: 2,
    },
    {
      kind: 'slider',
      key: 'output',
      label: both('Output gate, bias', '输出门偏置'),
      values: steps(-4, 4, 0.5),
      start: 1,
    },
    { kind: 'slider', key: 'seed', label: both('Seed of the pulses', '脉冲的种子'), values: steps(1, 9), start: 1 },
  ],
  draw(state, language) {
    const { x, c, h } = trace(state);
    const p = plot({
      x: [0, T - 1],
      y: [-3, 3],
      width: 600,
      height: 340,
      xLabel: language === 'zh' ? '时间步' : 'time step',
    });
    const clip = (v: number) => Math.max(-3, Math.min(3, v));
    const names = language === 'zh' ? ['细胞 c', '隐状态 h', '输入 x'] : ['cell c', 'hidden state h', 'input x'];
    return [
      p.axes(),
      p.line([[0, 0], [T - 1, 0]], 'neutral'), // prettier-ignore
      p.scatter(
        x.flatMap((v, t) => (v === 0 ? [] : [[t, v] as const])),
        'key',
      ),
      p.line(
        c.map((v, t) => [t, clip(v)] as const),
        'value',
      ),
      p.line(
        h.map((v, t) => [t, clip(v)] as const),
        'query',
      ),
      p.legend([['value', names[0]!], ['query', names[1]!]]), // prettier-ignore
      p.label([2.4, 1.25], names[2]!, 'start'),
    ].join('');
  },
  say(state) {
    const { gates } = trace(state);
    const left = gates.f ** 20;
    return both(
      `i = ${short(gates.i)}, f = ${short(gates.f)}, o = ${short(gates.o)}. After 20 steps f²⁰ = ${short(left)} of a memory is left, and of its gradient.`,
      `i = ${short(gates.i)},f = ${short(gates.f)},o = ${short(gates.o)}。20 步之后，记忆还剩 f²⁰ = ${short(left)}，它的梯度也是。`,
    );
  },
};
