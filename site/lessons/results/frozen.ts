/** The lab's training with biases that never move: on the moons as they are, and moved so that their centre is 0. */
import { random, tensor } from '#tensor';
import { accuracy, chosen, moons, newNetwork, train } from '../../../solutions/chapter-2-bp/lab.ts';
import type { Data, Optimizer } from '../../../solutions/chapter-2-bp/lab.ts';

export interface FrozenResults {
  /** test accuracy, averaged over ten seeds */
  frozen: number;
  frozenCentred: number;
}

/** Every second parameter is a bias, and stays. */
const frozen: Optimizer = (first) => {
  const update = chosen.optimizer(first);
  return (parameters, gradients, rate) =>
    update(parameters, gradients, rate).map((p, i) => (i % 2 === 1 ? parameters[i]! : p));
};

/** The two half circles are each other's image under a half turn about this point. */
const CENTRE = tensor([0.5, 0.25]);
const centred = ({ x, labels }: Data): Data => ({ x: x.sub(CENTRE), labels });

export function compute(): FrozenResults {
  const run = (change: (data: Data) => Data) => {
    let sum = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const { training, test } = moons(seed);
      const start = newNetwork(random(`weights ${seed}`));
      const settings = { ...chosen, optimizer: frozen };
      const layers = train(change(training), start, settings, random(`order ${seed}`), () => true);
      sum += accuracy(change(test), layers, chosen.activation);
    }
    return sum / 10;
  };
  return { frozen: run((data) => data), frozenCentred: run(centred) };
}
