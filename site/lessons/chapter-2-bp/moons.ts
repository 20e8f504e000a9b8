/** What the lesson of the lab shows: the lab's own output and pictures, run once in full and stored. */
import { linspace } from '#tensor';
import { WIDTHS, chosen, percent, tableText } from '../../../solutions/chapter-2-bp/lab.ts';
import { results } from '../results.ts';
import type { FrozenResults } from '../results/frozen.ts';
import { RATES, type MoonsResults } from '../results/moons.ts';

const run = () => results<MoonsResults>('moons');
const frozen = () => results<FrozenResults>('frozen');

/** The lines of the lab's output from one that begins so, up to the next one that begins so. */
function between(from: string, to: string): string {
  const { lines } = run();
  const start = lines.findIndex((line) => line.startsWith(from));
  const end = lines.findIndex((line, i) => i > start && line.startsWith(to));
  if (start < 0 || end < 0) throw new Error(`the lab prints nothing from "${from}" to "${to}".`);
  return lines.slice(start, end).join('\n');
}

/** What stands behind these words in the lab's output. */
function said(pattern: RegExp): string {
  const found = run()
    .lines.map((line) => pattern.exec(line)?.[1])
    .find(Boolean);
  if (found === undefined) throw new Error(`the lab prints nothing like ${String(pattern)}.`);
  return found;
}

/** The share of points that nobody can do better than: at each place, name the class that is more likely there. */
function bayes(noise = 0.2): number {
  const [step, angles] = [0.03, Array.from(linspace(0, Math.PI, 181).data)];
  const density = (x: number, y: number, moon: (t: number) => [number, number]) => {
    let sum = 0;
    for (const t of angles) {
      const [a, b] = moon(t);
      sum += Math.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * noise ** 2));
    }
    return sum / angles.length / (2 * Math.PI * noise ** 2);
  };
  let right = 0;
  for (let x = -2.1; x <= 3.1; x += step) {
    for (let y = -1.6; y <= 2.1; y += step) {
      const upper = density(x, y, (t) => [Math.cos(t), Math.sin(t)]);
      const lower = density(x, y, (t) => [1 - Math.cos(t), 0.5 - Math.sin(t)]);
      right += (Math.max(upper, lower) / 2) * step * step;
    }
  }
  return right;
}

function network(): string {
  return tableText([
    ['layer', 'weights', 'biases', 'numbers'],
    ...WIDTHS.slice(1).map((out, l) => [
      String(l + 1),
      `(${out}, ${WIDTHS[l]})`,
      `(${out})`,
      String(out * WIDTHS[l]! + out),
    ]),
  ]);
}

function validation(): string {
  return tableText([
    ['', 'validation accuracy'],
    ...run().validation.map(({ name, accuracy }) => [name, percent(accuracy)]),
  ]);
}

function slips(): string {
  const { none, biases, derivative } = run().sampleBySample;
  return tableText([
    ['sample by sample', 'test accuracy'],
    ['as it should be', percent(none)],
    ['biases never move', percent(biases)],
    ['derivative of the output', percent(derivative)],
  ]);
}

function rates(): string {
  const short = (loss: number) => (Number.isFinite(loss) ? loss.toFixed(3) : '∞');
  return tableText([
    ['', ...RATES.map(String)],
    ...run().rates.map(({ name, losses }) => [name, ...losses.map(short)]),
  ]);
}

const steps = chosen.epochs * Math.ceil(700 / chosen.batch);

export const values: Record<string, () => string | number> = {
  moonsParameters: () => WIDTHS.slice(1).reduce((n, out, l) => n + out * WIDTHS[l]! + out, 0),
  moonsBayes: () => (100 * bayes()).toFixed(1),
  moonsSteps: () => steps,
  moonsSingles: () => 101 * 700,
  moonsAverage: () => said(/^on average (.*) %$/),
  moonsFrozen: () => percent(frozen().frozen),
  moonsFrozenCentred: () => percent(frozen().frozenCentred),
};

export const prints: Record<string, () => string> = {
  moonsNetwork: network,
  moonsValidation: validation,
  moonsPlanes: () => between('before training', 'The loss, epoch by epoch'),
  moonsCurve: () => between(' 0.', 'The 300 test points'),
  moonsCounts: () => between('The 300 test points', 'Test accuracy over'),
  moonsSeeds: () => between('Test accuracy over', '20 epochs from'),
  moonsOptimizers: () => between('20 epochs from', 'And on a plane'),
  moonsWalks: () => between('And on a plane', 'Next:'),
  moonsRates: rates,
  moonsSlips: slips,
};

export const figures: Record<string, () => string> = {
  'moons-boundary': () => run().files['moons.svg']!,
  'moons-paths': () => run().files['optimizers.svg']!,
};
