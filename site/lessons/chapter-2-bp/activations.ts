/** What the lesson on activations shows: every number, printed block and figure in it is computed here. */
import { Tensor, ones, tensor } from '#tensor';
import * as a from '../../../solutions/chapter-2-bp/activations.ts';
import { figure, plot } from '../svg.ts';
import type { Role } from '../svg.ts';
import { lines, scientific, show, written } from './words.ts';

const one = (x: number) => tensor([x]);
const unit = ones(1);

/** Value and slope of each activation at one number. */
const curves: Record<string, { value: (x: number) => number; slope: (x: number) => number }> = {
  sigmoid: {
    value: (x) => a.sigmoidForward(one(x)).y.item(),
    slope: (x) => a.sigmoidBackward(unit, a.sigmoidForward(one(x)).cache).item(),
  },
  tanh: {
    value: (x) => a.tanhForward(one(x)).y.item(),
    slope: (x) => a.tanhBackward(unit, a.tanhForward(one(x)).cache).item(),
  },
  ReLU: {
    value: (x) => a.reluForward(one(x)).y.item(),
    slope: (x) => a.reluBackward(unit, a.reluForward(one(x)).cache).item(),
  },
  GELU: {
    value: (x) => a.geluForward(one(x)).y.item(),
    slope: (x) => a.geluBackward(unit, a.geluForward(one(x)).cache).item(),
  },
  SiLU: {
    value: (x) => a.siluForward(one(x)).y.item(),
    slope: (x) => a.siluBackward(unit, a.siluForward(one(x)).cache).item(),
  },
  softplus: {
    value: (x) => a.softplusForward(one(x)).y.item(),
    slope: (x) => a.softplusBackward(unit, a.softplusForward(one(x)).cache).item(),
  },
};

const drawn: [string, Role][] = [
  ['sigmoid', 'query'],
  ['tanh', 'key'],
  ['ReLU', 'loss'],
  ['GELU', 'gradient'],
];
const grid = Array.from({ length: 161 }, (_, i) => -4 + i / 20);

function valuesFigure(): string {
  const p = plot({ x: [-4, 4], y: [-1.2, 3], width: 600, height: 340, xLabel: 'x', yLabel: 'y' });
  return figure(
    {
      title: 'Four activations',
      description:
        'Against x from −4 to 4: the sigmoid rises from 0 to 1, tanh from −1 to 1, both flat on either side. ReLU is 0 on the left and x on the right, with a corner at 0. GELU follows it without a corner, and dips a little below 0 on the left.',
      width: 600,
      height: 340,
    },
    p.axes(),
    ...drawn.map(([name, role]) =>
      p.line(
        grid.map((x): [number, number] => [x, curves[name].value(x)]).filter(([, y]) => y <= 3),
        role,
      ),
    ),
    p.label([3.9, 0.72], 'sigmoid', 'end'),
    p.label([3.9, 1.1], 'tanh', 'end'),
    p.label([2.3, 2.6], 'ReLU', 'end'),
    p.label([1.75, 1.45], 'GELU', 'start'),
  );
}

function slopesFigure(): string {
  const p = plot({ x: [-4, 4], y: [-0.2, 1.2], width: 600, height: 300, xLabel: 'x', yLabel: 'slope' });
  return figure(
    {
      title: 'Their slopes',
      description:
        'Against x from −4 to 4: the slope of the sigmoid is a low hill of height one quarter, that of tanh a hill of height 1; both are almost 0 beyond 3. The slope of ReLU jumps from 0 to 1. That of GELU rises smoothly, from a little below 0 to a little above 1.',
      width: 600,
      height: 300,
    },
    p.axes(),
    ...drawn.flatMap(([name, role]) => {
      const points = grid.map((x): [number, number] => [x, curves[name].slope(x)]);
      if (name !== 'ReLU') return [p.line(points, role)];
      return [p.line(points.filter(([x]) => x <= 0), role), p.line([[0, 1], [4, 1]], role)]; // prettier-ignore
    }),
    p.label([0, 0.29], 'sigmoid'),
    p.label([-0.75, 0.75], 'tanh', 'end'),
    p.label([3.9, 0.9], 'ReLU', 'end'),
    p.label([2.1, 1.12], 'GELU', 'start'),
  );
}

function slopes(): string {
  const at = [-4, -2, -1, 0, 1, 2, 4];
  return lines([
    ['x', ...Object.keys(curves)],
    ...at.map((x) => [x, ...Object.values(curves).map(({ slope }) => slope(x))]),
  ]);
}

const naive = {
  sigmoid: (x: number) => Math.exp(x) / (1 + Math.exp(x)),
  softplus: (x: number) => Math.log(1 + Math.exp(x)),
};
const word = (x: number) => (Number.isFinite(x) ? show(x) : String(x).replace('-', '−'));

function overflow(): string {
  const row = tensor([0, 1000]);
  const e = row.exp();
  const far = a.softmaxForward(row).y;
  const list = (t: Tensor) => `(${Array.from(t.data, word).join(', ')})`;
  return lines([
    ['', 'as it is defined', 'as you will write it'],
    ['eˣ/(1 + eˣ) at 1000', word(naive.sigmoid(1000)), word(curves['sigmoid'].value(1000))],
    ['log(1 + eˣ) at 1000', word(naive.softplus(1000)), word(curves['softplus'].value(1000))],
    ['softmax of (0, 1000)', list(e.div(e.sum())), list(far)],
    ['its logarithm', list(far.log()), list(a.logSoftmaxForward(row).y)],
  ]);
}

const scores = tensor([[2, 1, 0]]);
const dyRow = tensor([[1, 0, 0]]);
const p = a.softmaxForward(scores);
const log = a.logSoftmaxForward(scores);

const bent = a.preluForward(tensor([-2, -1, 3]), tensor([0.25]));
const bentBack = a.preluBackward(tensor([1, 2, 1]), bent.cache);

export const values: Record<string, () => string | number> = {
  sigmoidDeep: () => scientific(curves['sigmoid'].slope(0) ** 10),
  geluSteepest: () => curves['GELU'].slope(Math.SQRT2).toFixed(3),
  geluGap: () =>
    scientific(Math.max(...grid.map((x) => Math.abs(a.geluTanh(one(x)).item() - curves['GELU'].value(x))))),
  softmaxRow: () => written(p.y.row(0)),
  softmaxDx: () => written(a.softmaxBackward(dyRow, p.cache).row(0)),
  softmaxDiagonal: () => written(dyRow.mul(p.y).mul(p.y.neg().add(1)).row(0)),
  softmaxOnes: () => written(a.softmaxBackward(ones(1, 3), p.cache).row(0)),
  logSoftmaxRow: () => written(log.y.row(0)),
  logSoftmaxDx: () => written(a.logSoftmaxBackward(dyRow, log.cache).row(0)),
  preluY: () => written(bent.y),
  preluDx: () => written(bentBack.dx),
  preluDa: () => written(bentBack.da),
};

export const prints: Record<string, () => string> = { slopes, overflow };

export const figures: Record<string, () => string> = {
  activations: valuesFigure,
  'activation-slopes': slopesFigure,
};
