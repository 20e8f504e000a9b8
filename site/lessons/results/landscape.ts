/** A deep network at several learning rates: without batch normalization, with it, and with it and noise after it. */
import { normal, ones, random, uniform, zeros } from '#tensor';
import type { Random, Tensor } from '#tensor';
import { reluBackward, reluForward } from '../../../solutions/chapter-2-bp/activations.ts';
import { moons, part } from '../../../solutions/chapter-2-bp/lab.ts';
import { linearBackward, linearForward } from '../../../solutions/chapter-2-bp/linear.ts';
import { crossEntropyBackward, crossEntropyForward } from '../../../solutions/chapter-2-bp/losses.ts';
import { heNormal } from '../../../solutions/chapter-2-bp/mlp.ts';
import { batchNormTrain, batchNormTrainBackward } from '../../../solutions/chapter-2-bp/regularization.ts';

export type Kind = 'without' | 'with batch norm' | 'with batch norm and noise';

export interface LandscapeResults {
  kinds: Kind[];
  rates: number[];
  /** losses[r][k]: the loss after 100 steps at rate r, of kind k */
  losses: number[][];
}

interface Norm {
  gamma: Tensor;
  beta: Tensor;
}

/** A network of five hidden layers of 20 ReLU units on 100 points of the moons: its loss after some steps of descent. */
function descend(kind: Kind, learningRate: number, steps: number): number {
  const data = part(moons(1).training, 0, 100);
  const rng = random('deep');
  const widths = [2, 20, 20, 20, 20, 20, 2];
  const layers = widths.slice(1).map((out, l) => ({ w: heNormal(normal([out, widths[l]!], rng)), b: zeros(out) }));
  const norms: Norm[] = widths.slice(1, -1).map((d) => ({ gamma: ones(d), beta: zeros(d) }));
  const noise = random('noise');
  let loss = NaN;
  for (let step = 0; step <= steps; step++) {
    const back: ((dy: Tensor) => Tensor)[] = [];
    const down = (p: Tensor, g: Tensor) => p.sub(g.mul(learningRate));
    let h = data.x;
    layers.forEach((layer, l) => {
      const linear = linearForward(h, layer.w, layer.b);
      h = linear.y;
      back.push((dy) => {
        const { dx, dw, db } = linearBackward(dy, linear.cache);
        layers[l] = { w: down(layer.w, dw), b: down(layer.b, db) };
        return dx;
      });
      if (l === layers.length - 1) return;
      if (kind !== 'without') {
        const norm = norms[l]!;
        const d = norm.beta.size;
        const normed = batchNormTrain(h, norm.gamma, norm.beta, zeros(d), ones(d), 0.1, 1e-5);
        h = normed.y;
        back.push((dy) => {
          const { dx, dgamma, dbeta } = batchNormTrainBackward(dy, normed.cache);
          norms[l] = { gamma: down(norm.gamma, dgamma), beta: down(norm.beta, dbeta) };
          return dx;
        });
        if (kind === 'with batch norm and noise') {
          const [stretch, shift] = [shaken(noise, d, 1), shaken(noise, d, 0)];
          h = h.mul(stretch).add(shift);
          back.push((dy) => dy.mul(stretch));
        }
      }
      const bent = reluForward(h);
      h = bent.y;
      back.push((dy) => reluBackward(dy, bent.cache));
    });
    const result = crossEntropyForward(h, data.labels);
    loss = result.loss;
    let dy = crossEntropyBackward(result.cache);
    for (const through of back.reverse()) dy = through(dy);
  }
  return loss;
}

/** Another mean and another width for every feature, drawn anew at each step: the shift that was thought to be the harm. */
const shaken = (rng: Random, d: number, around: number) => uniform([d], rng, around - 0.25, around + 0.25);

const KINDS: Kind[] = ['without', 'with batch norm', 'with batch norm and noise'];
const RATES = [0.01, 0.03, 0.1, 0.3, 1, 3];

export function compute(): LandscapeResults {
  return { kinds: KINDS, rates: RATES, losses: RATES.map((rate) => KINDS.map((kind) => descend(kind, rate, 100))) };
}
