/** What the lesson on schedules shows. */
import { random } from '#tensor';
import {
  cosine,
  inverseSquareRoot,
  linearWarmup,
  plateauInit,
  reduceOnPlateau,
  stepDecay,
  warmupCosine,
} from '../../../solutions/chapter-2-bp/schedules.ts';
import { figure, plot } from '../svg.ts';

const show = (x: number, digits = 4): string => String(Number(x.toFixed(digits)) || 0).replace('-', '−');

function lines(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, j) => Math.max(...rows.map((row) => row[j].length)));
  return rows
    .map((row) =>
      row
        .map((cell, j) => cell.padStart(widths[j]))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

const TOTAL = 100;
const steps = Array.from({ length: TOTAL }, (_, k) => k + 1);
/** At its highest the Transformer's rate is 1 here. */
const transformer = (t: number) => inverseSquareRoot(t, 1, 10) / inverseSquareRoot(10, 1, 10);

function curves(): string {
  const p = plot({ x: [0, 100], y: [0, 1.2], width: 640, height: 340, xLabel: 'step', yLabel: 'rate / base' });
  const line = (rate: (t: number) => number) => steps.map((t) => [t, rate(t)] as const);
  // A staircase has upright sides.
  const stairs = steps.flatMap((t) =>
    [t, t + 1].map((end) => [Math.min(end, TOTAL), stepDecay(t, 1, 0.5, 25)] as const),
  );
  return figure(
    {
      title: 'Four schedules over a hundred steps',
      description:
        'The learning rate against the step. Step decay halves every 25 steps. Cosine falls slowly, then quickly, then slowly again. Warm-up and cosine rises in a straight line over ten steps and then falls as a cosine. The inverse square root rises over ten steps too, falls steeply at first, and has a long tail that is still at about a third in the end.',
      width: 640,
      height: 340,
    },
    p.axes(),
    p.line(stairs, 'key'),
    p.line(line((t) => cosine(t, TOTAL, 1, 0)), 'query'), // prettier-ignore
    p.line(line((t) => warmupCosine(t, 10, TOTAL, 1, 0)), 'gradient'), // prettier-ignore
    p.line(line(transformer), 'value'),
    p.legend([
      ['key', 'step decay'],
      ['query', 'cosine'],
      ['gradient', 'warm-up, then cosine'],
      ['value', 'inverse square root'],
    ]),
  );
}

function table(): string {
  const row = (t: number) =>
    [stepDecay(t, 1, 0.5, 4), cosine(t, 8, 1, 0.1), linearWarmup(t, 4, 1), warmupCosine(t, 2, 8, 1, 0.1)].map((x) =>
      show(x),
    );
  return lines([
    ['step', 'stepDecay', 'cosine', 'linearWarmup', 'warmupCosine'],
    ...[1, 2, 3, 4, 5, 8, 9].map((t) => [String(t), ...row(t)]),
  ]);
}

/** The mean square of x after gradient descent on ½ x² with noisy gradients, over 2,000 runs. */
function noisy(rate: (t: number) => number): number {
  const rng = random('schedules');
  let total = 0;
  for (let run = 0; run < 2000; run++) {
    let x = 5;
    for (let t = 1; t <= TOTAL; t++) x -= rate(t) * (x + rng.normal());
    total += x * x;
  }
  return total / 2000;
}

function noise(): string {
  const rows: [string, (t: number) => number][] = [
    ['constant 0.5', () => 0.5],
    ['constant 0.1', () => 0.1],
    ['constant 0.01', () => 0.01],
    ['cosine from 0.5', (t) => cosine(t, TOTAL, 0.5, 0)],
  ];
  return [
    'rate               mean of x² after 100 steps',
    ...rows.map(([name, rate]) => `${name.padEnd(16)}   ${show(noisy(rate), 3)}`),
  ].join('\n');
}

function plateau(): string {
  const settings = { factor: 0.5, patience: 1, threshold: 0.01, minimum: 0.1 };
  let state = plateauInit(1);
  return lines([
    ['loss', 'rate', 'best', 'bad'],
    ...[3, 2, 2.1, 1.995, 1.5, 1.6, 1.55, 1.4].map((loss) => {
      state = reduceOnPlateau(state, loss, settings);
      return [show(loss), show(state.learningRate), show(state.best), String(state.bad)];
    }),
  ]);
}

export const values: Record<string, () => string | number> = {
  scheduleBall: () => show(0.5 / (2 - 0.5), 3),
  schedulePeak: () => inverseSquareRoot(4000, 512, 4000).toExponential(2).replace('-', '−'),
  scheduleFirst: () => inverseSquareRoot(1, 512, 4000).toExponential(2).replace('-', '−'),
};

export const prints: Record<string, () => string> = {
  scheduleTable: table,
  scheduleNoise: noise,
  schedulePlateau: plateau,
};

export const figures: Record<string, () => string> = { 'schedules-curves': curves };
