/** Optimizers walk down the same surface from the same start. */
import { tensor, type Tensor } from '#tensor';
import {
  adagradInit,
  adagradStep,
  adamInit,
  adamStep,
  momentumInit,
  momentumStep,
  nesterovStep,
  rmspropInit,
  rmspropStep,
  sgdStep,
} from '../../solutions/chapter-2-bp/optimizers.ts';
import { plot, type Role } from '../lessons/svg.ts';
import type { Interactive, State } from './interactive.ts';
import { both, short, steps, wobble } from './parts.ts';

interface Surface {
  f: (x: number, y: number) => number;
  slope: (x: number, y: number) => [number, number];
  levels: number[];
}

const SURFACES: Record<string, Surface> = {
  ravine: {
    f: (x, y) => 0.5 * (x * x + 25 * y * y),
    slope: (x, y) => [x, 25 * y],
    levels: [0.5, 2, 5, 10, 20],
  },
  bowl: { f: (x, y) => 0.5 * (x * x + 4 * y * y), slope: (x, y) => [x, 4 * y], levels: [0.5, 2, 5, 10] },
  saddle: {
    f: (x, y) => 0.5 * x * x - 2 * y * y + y ** 4 + 1,
    slope: (x, y) => [x, -4 * y + 4 * y ** 3],
    levels: [0.2, 0.6, 1, 2, 5, 9],
  },
};

const METHODS: Record<
  string,
  { role: Role; walk: (state: State, surface: Surface, start: Tensor) => [number, number][] }
> = {
  sgd: { role: 'query', walk: walker((w, g, rate) => [sgdStep(w, g, { learningRate: rate }), undefined]) },
  momentum: {
    role: 'key',
    walk: walker((w, g, learningRate, memory) => {
      const s = momentumStep(w, g, (memory ?? momentumInit(w)) as never, { learningRate, momentum: 0.8 });
      return [s.parameters, s.state];
    }),
  },
  nesterov: {
    role: 'key',
    walk: walker((w, g, learningRate, memory) => {
      const s = nesterovStep(w, g, (memory ?? momentumInit(w)) as never, { learningRate, momentum: 0.8 });
      return [s.parameters, s.state];
    }),
  },
  adagrad: {
    role: 'value',
    walk: walker((w, g, learningRate, memory) => {
      const s = adagradStep(w, g, (memory ?? adagradInit(w)) as never, { learningRate, epsilon: 1e-8 });
      return [s.parameters, s.state];
    }),
  },
  rmsprop: {
    role: 'value',
    walk: walker((w, g, learningRate, memory) => {
      const s = rmspropStep(w, g, (memory ?? rmspropInit(w)) as never, { learningRate, decay: 0.9, epsilon: 1e-8 });
      return [s.parameters, s.state];
    }),
  },
  adam: {
    role: 'gradient',
    walk: walker((w, g, learningRate, memory) => {
      const s = adamStep(w, g, (memory ?? adamInit(w)) as never, {
        learningRate,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
      });
      return [s.parameters, s.state];
    }),
  },
};

function walker(step: (w: Tensor[], g: Tensor[], rate: number, memory: unknown) => [Tensor[], unknown]) {
  return (state: State, surface: Surface, start: Tensor): [number, number][] => {
    let w = [start];
    let memory: unknown;
    const path: [number, number][] = [[start.data[0]!, start.data[1]!]];
    for (let k = 0; k < Number(state.steps); k++) {
      const [x, y] = path.at(-1)!;
      [w, memory] = step(w, [tensor(surface.slope(x, y))], Number(state.rate), memory);
      const next: [number, number] = [w[0]!.data[0]!, w[0]!.data[1]!];
      if (!next.every((v) => Math.abs(v) < 1e6)) break;
      path.push(next);
    }
    return path;
  };
}

/** Seed 1 is the start that the lesson has. */
function startOfSeed(seed: number): Tensor {
  if (seed === 1) return tensor([-4, 0.8]);
  const [a, b] = wobble(seed, 2) as [number, number];
  return tensor([Math.sign(a || 1) * (2.5 + 2 * Math.abs(a)), Math.sign(b || 1) * (0.4 + 0.9 * Math.abs(b))]);
}

const contours = new Map<string, string>();
const X = [-5, 5] as const;
const Y = [-1.6, 1.6] as const;
const inside = ([x, y]: [number, number]): [number, number] => [
  Math.min(X[1], Math.max(X[0], x)),
  Math.min(Y[1], Math.max(Y[0], y)),
];

export const figure: Interactive = {
  name: 'optimizer-paths',
  chapter: 'chapter-2',
  lesson: 'chapter-2-bp/optimizers',
  title: both('Ways down a loss surface', '沿损失曲面下山的路'),
  caption: both(
    'Raise the learning rate until plain gradient descent breaks, then try the others at that rate. On the saddle, see who gets away from the middle.',
    '把学习率调高，直到普通梯度下降失败，再用这个学习率试试其他方法。在鞍面上，看谁能离开中间。',
  ),
  description: both(
    'Contour lines of a surface in two parameters, and the path of an optimizer over them, from a start on the left toward the lowest point. A thin line is plain gradient descent with the same rate.',
    '两个参数的曲面的等高线，以及一个优化器从左边的起点走向最低点的路径。细线是同样学习率的普通梯度下降。',
  ),
  size: [640, 360],
  controls: [
    {
      kind: 'choice',
      key: 'method',
      label: both('Optimizer', '优化器'),
      start: 'momentum',
      options: [
        { value: 'sgd', label: both('gradient descent (SGD)', '梯度下降（SGD）') },
        { value: 'momentum', label: both('momentum, μ = 0.8', '动量，μ = 0.8') },
        { value: 'nesterov', label: both('Nesterov, μ = 0.8', 'Nesterov,μ = 0.8') },
        { value: 'adagrad', label: both('Adagrad', 'Adagrad') },
        { value: 'rmsprop', label: both('RMSprop, ρ = 0.9', 'RMSprop,ρ = 0.9') },
        { value: 'adam', label: both('Adam', 'Adam') },
      ],
    },
    {
      kind: 'choice',
      key: 'surface',
      label: both('Surface', '曲面'),
      start: 'ravine',
      options: [
        { value: 'ravine', label: both('ravine', '峡谷') },
        { value: 'bowl', label: both('bowl', '碗') },
        { value: 'saddle', label: both('saddle', '鞍面') },
      ],
    },
    { kind: 'slider', key: 'rate', label: both('Learning rate η', '学习率 η'), values: [0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.075, 0.079, 0.081, 0.1, 0.2, 0.5, 1], start: 0.04 }, // prettier-ignore
    { kind: 'slider', key: 'steps', label: both('Steps', '步数'), values: steps(0, 60), start: 40, play: true },
    { kind: 'slider', key: 'seed', label: both('Start (seed)', '起点（种子）'), values: steps(1, 8), start: 1 },
  ],
  draw(state) {
    const surface = SURFACES[state.surface as string]!;
    const p = plot({ x: X, y: Y, width: 640, height: 360, xLabel: 'θ₁', yLabel: 'θ₂' });
    const key = String(state.surface);
    if (!contours.has(key)) contours.set(key, p.contour(surface.f, surface.levels));
    const start = startOfSeed(Number(state.seed));
    const { role, walk } = METHODS[state.method as string]!;
    const path = walk(state, surface, start).map(inside);
    const plain = METHODS.sgd!.walk(state, surface, start).map(inside);
    return [
      contours.get(key)!,
      p.axes(),
      state.method === 'sgd' ? '' : `<g opacity="0.55">${p.line(plain, 'query')}</g>`,
      p.line(path, role),
      // One mark in five: more would hide the line.
      p.scatter(
        path.filter((_, k) => k % 5 === 0 || k === path.length - 1),
        role,
      ),
      p.label([path[0]![0], path[0]![1] + 0.16], 'start'),
    ].join('');
  },
  say(state) {
    const surface = SURFACES[state.surface as string]!;
    const path = METHODS[state.method as string]!.walk(state, surface, startOfSeed(Number(state.seed)));
    const [from, to] = [path[0]!, path.at(-1)!].map(([x, y]) => short(surface.f(x, y)));
    const lost =
      path.length - 1 < Number(state.steps) || Math.abs(path.at(-1)![0]) > 5 || Math.abs(path.at(-1)![1]) > 1.6;
    return lost
      ? both(
          `The loss began at ${from} and the path has left the picture: this rate is too large here.`,
          `损失从 ${from} 开始，路径已经跑出画面：这里学习率太大了。`,
        )
      : both(
          `The loss went from ${from} to ${to} in ${state.steps} steps.`,
          `${state.steps} 步之内，损失从 ${from} 变为 ${to}。`,
        );
  },
};
