/** What the lesson on optimizers shows. */
import { tensor } from '#tensor';
import type { Tensor } from '#tensor';
import {
  adagradInit,
  adagradStep,
  adamInit,
  adamStep,
  adamwStep,
  clipByNorm,
  momentumInit,
  momentumStep,
  nesterovStep,
  rmspropInit,
  rmspropStep,
  sgdStep,
} from '../../../solutions/chapter-2-bp/optimizers.ts';
import type { Updated } from '../../../solutions/chapter-2-bp/optimizers.ts';
import { figure, plot } from '../svg.ts';

const show = (x: number, digits = 4): string => String(Number(x.toFixed(digits)) || 0).replace('-', '−');
const short = (x: number): string =>
  (x < 0.001 ? x.toExponential(2) : String(Number(x.toPrecision(3)))).replace('-', '−');
const all = (t: Tensor, digits = 4) => `(${Array.from(t.data, (x) => show(x, digits)).join(', ')})`;

function lines(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, j) => Math.max(...rows.map((row) => row[j].length)));
  return rows
    .map((row) =>
      row
        .map((cell, j) => (j === 0 ? cell.padEnd(widths[j]) : cell.padStart(widths[j])))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

// A ravine: f(x, y) = ½ (x² + 25 y²), twenty-five times as steep across as along.

const STEEP = 25;
const loss = (x: number, y: number) => 0.5 * (x * x + STEEP * y * y);
const gradientAt = (p: Tensor) => tensor([p.data[0], STEEP * p.data[1]]);
const start = tensor([-4, 0.8]);

type Walk = { name: string; path: Tensor[] };

/** The places of an optimizer on the ravine, the start included. */
function walk<S>(name: string, steps: number, state: S, step: (p: Tensor[], g: Tensor[], s: S) => Updated<S>): Walk {
  let now = [start];
  const path = [start];
  for (let k = 0; k < steps; k++) {
    const next = step(now, [gradientAt(now[0])], state);
    now = next.parameters;
    state = next.state;
    path.push(now[0]);
  }
  return { name, path };
}

const sgd = (learningRate: number, steps: number) =>
  walk(`SGD, η = ${learningRate}`, steps, undefined, (p, g) => ({
    parameters: sgdStep(p, g, { learningRate }),
    state: undefined,
  }));

const STEPS = 100;
const walks = (): Walk[] => [
  sgd(0.01, STEPS),
  sgd(0.075, STEPS),
  sgd(0.081, STEPS),
  walk('momentum, η = 0.02, μ = 0.8', STEPS, momentumInit([start]), (p, g, s) =>
    momentumStep(p, g, s, { learningRate: 0.02, momentum: 0.8 }),
  ),
  walk('Nesterov, η = 0.02, μ = 0.8', STEPS, momentumInit([start]), (p, g, s) =>
    nesterovStep(p, g, s, { learningRate: 0.02, momentum: 0.8 }),
  ),
  walk('Adagrad, η = 0.5', STEPS, adagradInit([start]), (p, g, s) =>
    adagradStep(p, g, s, { learningRate: 0.5, epsilon: 1e-8 }),
  ),
  walk('RMSprop, η = 0.05, ρ = 0.9', STEPS, rmspropInit([start]), (p, g, s) =>
    rmspropStep(p, g, s, { learningRate: 0.05, decay: 0.9, epsilon: 1e-8 }),
  ),
  walk('Adam, η = 0.2', STEPS, adamInit([start]), (p, g, s) =>
    adamStep(p, g, s, { learningRate: 0.2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
  ),
];

function race(): string {
  const at = ({ path }: Walk, k: number) => short(loss(path[k].data[0], path[k].data[1]));
  return lines([
    ['loss after', '1 step', '10', '30', '100'],
    ...walks().map((w) => [w.name, at(w, 1), at(w, 10), at(w, 30), at(w, 100)]),
  ]);
}

function ravine(): string {
  const p = plot({ x: [-4.6, 1.4], y: [-1.2, 1.2], width: 640, height: 380, xLabel: 'x', yLabel: 'y' });
  const points = (w: Walk, n: number) => w.path.slice(0, n + 1).map((t) => [t.data[0], t.data[1]] as const);
  const [, zigzag, , ball, , , , adam] = walks();
  const drawn = [
    [zigzag, 'fail'],
    [ball, 'query'],
    [adam, 'gradient'],
  ] as const;
  return figure(
    {
      title: 'Three ways down a ravine',
      description:
        'Contour lines of a long narrow valley, and thirty steps of three optimizers from the same start on its left slope. Plain gradient descent jumps from one side to the other while it creeps along; momentum swings from side to side less and less while it runs along the floor to the goal; Adam sets out diagonally, with equal steps in both directions, and overshoots the goal a little.',
      width: 640,
      height: 380,
    },
    p.contour(loss, [0.5, 2, 5, 10], 'neutral'),
    p.axes(),
    ...drawn.map(([w, role]) => p.line(points(w, 30), role) + p.scatter(points(w, 30), role)),
    p.legend([
      ['fail', 'SGD'],
      ['query', 'momentum'],
      ['gradient', 'Adam'],
    ]),
  );
}

// Bias correction: equal gradients of 1, β₁ = 0.9, β₂ = 0.999.

function bias(): string {
  const settings = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  let parameters = [tensor([0])];
  let state = adamInit(parameters);
  const rows = [['t', 'm', 'v', 'm / √v', 'm corrected', 'v corrected', 'step taken']];
  for (let t = 1; t <= 100; t++) {
    const next = adamStep(parameters, [tensor([1])], state, settings);
    const [m, v] = [next.state.m[0].item(), next.state.v[0].item()];
    if ([1, 2, 10, 100].includes(t))
      rows.push([
        String(t),
        show(m),
        show(v, 6),
        show(m / Math.sqrt(v), 3),
        show(m / (1 - 0.9 ** t)),
        show(v / (1 - 0.999 ** t)),
        show(parameters[0].item() - next.parameters[0].item()),
      ]);
    ({ parameters, state } = next);
  }
  return lines(rows);
}

/** Two weights of 1 under gradients that average to zero, one of them a hundred times as large; how much is left of each? */
function decay(): string {
  const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const lambda = 0.1;
  const noise = (t: number) => tensor([0.1, 10]).mul(t % 2 ? 1 : -1);
  let [coupled, free] = [[tensor([1, 1])], [tensor([1, 1])]];
  let [s, f] = [adamInit(coupled), adamInit(free)];
  for (let t = 1; t <= 1000; t++) {
    const inside = adamStep(coupled, [noise(t).add(coupled[0].mul(lambda))], s, settings);
    const beside = adamwStep(free, [noise(t)], f, { ...settings, weightDecay: lambda });
    [coupled, s, free, f] = [inside.parameters, inside.state, beside.parameters, beside.state];
  }
  return lines([
    ['left of a weight of 1 after 1,000 steps', 'gradients ±0.1', 'gradients ±10'],
    ['decay through the gradient (Adam)', show(coupled[0].data[0], 3), show(coupled[0].data[1], 3)],
    ['decay beside it (AdamW)', show(free[0].data[0], 3), show(free[0].data[1], 3)],
  ]);
}

const long = [tensor([3, 0]), tensor([0, 4])];
const clipped = clipByNorm(long, 1);

const small = [tensor([0])];
const firstStep = (g: number) =>
  -adamStep(small, [tensor([g])], adamInit(small), {
    learningRate: 0.1,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
  }).parameters[0].item();

export const values: Record<string, () => string | number> = {
  optSteep: () => STEEP,
  optStart: () => loss(start.data[0], start.data[1]),
  optCritical: () => show(2 / STEEP),
  optFirstTiny: () => show(firstStep(0.001)),
  optFirstHuge: () => show(firstStep(1000)),
  optRootOutside: () => show(Math.sqrt(1e-6) + 0.01, 3),
  optRootInside: () => show(Math.sqrt(1e-6 + 0.01), 3),
  optClipNorm: () => show(clipped.norm),
  optClipped: () => clipped.gradients.map((t) => all(t)).join(' and '),
  optShrink: () => show((1 - 0.01 * 0.1) ** 1000, 3),
};

export const prints: Record<string, () => string> = { optRace: race, optBias: bias, optDecay: decay };

export const figures: Record<string, () => string> = { 'optimizers-ravine': ravine };
