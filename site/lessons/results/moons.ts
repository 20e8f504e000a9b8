/** The lab of chapter 2 in full, what its settings were chosen by, and two programs with old mistakes in them. */
import { random } from '#tensor';
import type { LabIo } from '../../../solutions/chapter-1-mp/lab.ts';
import {
  accuracy,
  adamw,
  chosen,
  lab,
  moons,
  newNetwork,
  optimizers,
  part,
  train,
  type Data,
  type Settings,
} from '../../../solutions/chapter-2-bp/lab.ts';

export interface MoonsResults {
  /** what the lab printed, without the line that says how long it took */
  lines: string[];
  /** what it saved, by file name */
  files: Record<string, string>;
  /** accuracy on validation data, averaged over ten seeds, in the order of `candidates` */
  validation: { name: string; accuracy: number }[];
  /** for each optimizer, the loss after 20 epochs at each rate, averaged over three seeds */
  rates: { name: string; losses: number[] }[];
  /** test accuracy of a program that learns sample by sample, averaged over ten seeds */
  sampleBySample: Record<Slip, number>;
}

const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
const seeds = Array.from({ length: 10 }, (_, k) => k + 1);
/** A fifth of the training data tells which settings are good; the test data are not looked at. */
const learning = (data: Data) => part(data, 0, 560);
const validating = (data: Data) => part(data, 560, 700);

export const candidates: Record<string, Partial<Settings>> = {
  'as chosen': {},
  'without decay': { optimizer: adamw(0) },
  'at a constant rate': { falling: false },
  'constant, without decay': { falling: false, optimizer: adamw(0) },
  ReLU: { activation: 'relu' },
  'ReLU, constant, without decay': { activation: 'relu', falling: false, optimizer: adamw(0) },
};

export const RATES = [1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001];

function validate(settings: Settings, seed: number): number {
  const { training } = moons(seed);
  const order = random(`order ${seed}`);
  const network = newNetwork(random(`weights ${seed}`));
  const trained = train(learning(training), network, settings, order, () => true);
  return accuracy(validating(training), trained, settings.activation);
}

function lossAfter(name: string, learningRate: number, seed: number): number {
  let last = Infinity;
  const settings = { ...chosen, optimizer: optimizers[name], learningRate, falling: false, epochs: 20 };
  const { training } = moons(seed);
  train(learning(training), newNetwork(random(`weights ${seed}`)), settings, random(`order ${seed}`), (_, loss) => {
    last = loss;
    return true;
  });
  return last;
}

/** What a hand-written program got wrong. */
export type Slip = 'none' | 'biases' | 'derivative' | 'both';

/**
 * Gradient descent sample by sample, in plain loops, with up to two slips: biases that never move, and the derivative of
 * tanh taken at the activation in place of the pre-activation (1 − tanh²(h) where h is already the tanh).
 */
export function sampleBySample(seed: number, slip: Slip, epochs = 101, rate = 0.01): number {
  const { training, test } = moons(seed);
  const layers = newNetwork(random(`weights ${seed}`)).map(({ w, b }) => ({
    out: w.shape[0],
    into: w.shape[1],
    w: w.data.slice(),
    b: b.data.slice(),
  }));
  const forward = (x: number[]) => {
    const h = [x];
    layers.forEach(({ out, into, w, b }, l) => {
      const z = Array.from({ length: out }, (_, k) => {
        let s = b[k];
        for (let j = 0; j < into; j++) s += w[k * into + j] * h[l][j];
        return s;
      });
      h.push(l < layers.length - 1 ? z.map(Math.tanh) : z);
    });
    return h;
  };
  const rows = (data: Data) => data.x.toArray() as number[][];
  const [xs, examined] = [rows(training), rows(test)];
  for (let epoch = 0; epoch < epochs; epoch++) {
    xs.forEach((x, i) => {
      const h = forward(x);
      const p = 1 / (1 + Math.exp(h[4][0] - h[4][1]));
      let d = training.labels[i] ? [1 - p, p - 1] : [-p, p];
      for (let l = layers.length - 1; l >= 0; l--) {
        const { out, into, w, b } = layers[l];
        const below = h[l].map((a, j) => {
          let s = 0;
          for (let k = 0; k < out; k++) s += w[k * into + j] * d[k];
          const t = slip === 'derivative' || slip === 'both' ? Math.tanh(a) : a;
          return s * (1 - t * t);
        });
        for (let k = 0; k < out; k++) {
          for (let j = 0; j < into; j++) w[k * into + j] -= rate * d[k] * h[l][j];
          if (slip === 'none' || slip === 'derivative') b[k] -= rate * d[k];
        }
        d = below;
      }
    });
  }
  const right = examined.filter((x, i) => {
    const y = forward(x)[4];
    return (y[1] > y[0] ? 1 : 0) === test.labels[i];
  });
  return right.length / examined.length;
}

export async function compute(): Promise<MoonsResults> {
  const lines: string[] = [];
  const files: Record<string, string> = {};
  const io: LabIo = {
    print: (text) => lines.push(...text.split('\n')),
    progress: () => undefined,
    save: (name, text) => {
      files[name] = text;
    },
    option: (_, fallback) => fallback,
    stopped: () => false,
    now: () => 0,
  };
  await lab(io);
  const slips: Slip[] = ['none', 'biases', 'derivative', 'both'];
  return {
    lines: lines.filter((line) => !/ epochs in .* s\.$/.test(line)),
    files,
    validation: Object.entries(candidates).map(([name, change]) => ({
      name,
      accuracy: mean(seeds.map((seed) => validate({ ...chosen, ...change }, seed))),
    })),
    rates: Object.keys(optimizers).map((name) => ({
      name,
      losses: RATES.map((rate) => mean([1, 2, 3].map((seed) => lossAfter(name, rate, seed)))),
    })),
    sampleBySample: Object.fromEntries(
      slips.map((slip) => [slip, mean(seeds.map((seed) => sampleBySample(seed, slip)))]),
    ) as Record<Slip, number>,
  };
}
