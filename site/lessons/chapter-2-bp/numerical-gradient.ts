/** What the lesson on numerical gradients shows: every number, printed block and figure in it is computed here. */
import { Tensor, tensor } from '#tensor';
import { reluForward } from '../../../solutions/chapter-2-bp/activations.ts';
import { mulForward } from '../../../solutions/chapter-2-bp/chain-rule.ts';
import {
  centralDifference,
  checkGradient,
  forwardDifference,
  numericalGradient,
  relativeError,
} from '../../../solutions/chapter-2-bp/numerical-gradient.ts';
import { figure, plot } from '../svg.ts';
import { lines, scientific, show, written } from './words.ts';

// Only + · / in here: every machine computes the same bits.
const f = (x: number) => 1 / (1 + x * x);
const at = 0.5;
const slope = -0.64;

const errors = {
  forward: (h: number) => Math.abs(forwardDifference(f, at, h) - slope),
  central: (h: number) => Math.abs(centralDifference(f, at, h) - slope),
};
/** The step 10^−k as it is written in a program. */
const tenth = (k: number) => Number(`1e-${k}`);

/** Error against step, both as powers of ten; four steps a decade. */
function curve(): string {
  const p = plot({
    x: [-16, 0],
    y: [-14, 0],
    width: 600,
    height: 380,
    xLabel: 'log₁₀ of the step h',
    yLabel: 'log₁₀ of the error',
  });
  const points = (error: (h: number) => number) =>
    Array.from({ length: 61 }, (_, i) => -16 + i / 4).flatMap((e): [number, number][] => {
      const h = Number(`${[1, 1.8, 3.2, 5.6][((i) => i % 4)((e + 16) * 4)]}e${Math.floor(e)}`);
      const wrong = error(h);
      return wrong > 1e-14 ? [[Math.log10(h), Math.min(0, Math.log10(wrong))]] : [];
    });
  return figure(
    {
      title: 'The error of a difference against its step',
      description:
        'Two curves, each a valley. From the right, both errors fall as the step shrinks: the forward difference by one power of ten for each, the central difference by two. Then rounding takes over, and both climb to the left along the same ragged slope. The forward difference is best near a step of 1e−8, the central one near 1e−5, and far lower.',
      width: 600,
      height: 380,
    },
    p.axes(),
    p.line(points(errors.forward), 'fail'),
    p.line(points(errors.central), 'query'),
    p.label([-3.4, -2.6], 'forward: error ~ h', 'end'),
    p.label([-3.3, -8.2], 'central: error ~ h²', 'start'),
    p.label([-12.6, -1.2], 'rounding: error ~ 1/h', 'start'),
  );
}

function table(): string {
  return lines([
    ['h', 'forward', 'error', 'central', 'error'],
    ...[1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16].map((k) => {
      const h = tenth(k);
      const digits = (x: number) => x.toFixed(12).replace('-', '−');
      return [
        `1e−${k}`,
        digits(forwardDifference(f, at, h)),
        scientific(errors.forward(h)),
        digits(centralDifference(f, at, h)),
        scientific(errors.central(h)),
      ];
    }),
  ]);
}

const cube = (x: number) => x * x * x;

const features = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
const upstream = tensor([
  [1, 0, 1],
  [0, 1, 1],
]);
/** The product of the last lesson as a loss of its scale: Σ dy · (a · b). */
const loss = (b: Tensor) => mulForward(features, b).y.mul(upstream).sum().item();
const scale = tensor([2, 1, -1]);
const step = 2 ** -10;

function claims(): string {
  const rows = (
    [
      ['as derived', [1, 5, 9]],
      ['averaged over the rows', [0.5, 2.5, 4.5]],
      ['last row only', [0, 5, 6]],
      ['one sign lost', [1, -5, 9]],
      ['a thousandth off', [1, 5, 9.009]],
    ] as [string, number[]][]
  ).map(([name, g]) => {
    const c = checkGradient(loss, scale, tensor(g), step, 1e-6);
    return [
      name,
      written(tensor(g)),
      c.ok ? 'ok' : 'wrong',
      c.error === 0 ? '0' : scientific(c.error),
      c.worst,
      c.given,
      c.numerical,
    ];
  });
  return lines([['db', 'given', 'verdict', 'error', 'worst', 'given', 'numerical'], ...rows]);
}

const almost = [tensor([1000, 1e-17]), tensor([1000, 0])] as const;
const relu = (x: Tensor) => reluForward(x).y.sum().item();

const widths = [2, 25, 50, 25, 2];
const parameters = widths.slice(1).reduce((sum, out, i) => sum + out * widths[i] + out, 0);

export const values: Record<string, () => string | number> = {
  cubeForward: () => show(forwardDifference(cube, 1, 0.5)),
  cubeCentral: () => show(centralDifference(cube, 1, 0.5)),
  cubeCentralHalf: () => show(centralDifference(cube, 1, 0.25)),
  forwardAt8: () => scientific(errors.forward(tenth(8))),
  centralAt5: () => scientific(errors.central(tenth(5))),
  vanished: () => show(forwardDifference(f, at, tenth(17))),
  numericalDb: () => written(numericalGradient(loss, scale, step)),
  wholeError: () => scientific(relativeError(...almost)),
  kinkNumerical: () => show(numericalGradient(relu, tensor([0.0001]), 0.001).item()),
  moonsParameters: () => parameters,
  moonsCalls: () => 2 * parameters,
};

export const prints: Record<string, () => string> = { differences: table, claims };

export const figures: Record<string, () => string> = { 'difference-error': curve };
