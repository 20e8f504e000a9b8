/** The lab of chapter 7: one run as it prints, and what becomes of other seeds, and of a router that starts fair. */
import { SETTINGS, lab, trainDense, trainMixture, type Settings } from '../../../solutions/chapter-7-moe/lab.ts';
import { watched, type Watched } from './order.ts';

export interface MixtureResults {
  run: Watched;
  /** for each seed the error of the dense layer and of both mixtures, and the busiest expert's share without balance loss */
  seeds: { seed: number; dense: number; alone: number; busiest: number; balanced: number }[];
  /** without a bias and without the balance loss */
  fair: { error: number; shares: number[][] };
}

const on = () => true;
/** The largest share of all tokens, the tasks being equally long. */
const busiest = (shares: number[][]) =>
  Math.max(...shares[0]!.map((_, e) => shares.reduce((sum, of) => sum + of[e]!, 0) / shares.length));

function outcome(seed: number) {
  const settings: Settings = { ...SETTINGS, seed };
  const alone = trainMixture(0, settings, on);
  return {
    seed,
    dense: trainDense(settings, on).loss,
    alone: alone.loss,
    busiest: busiest(alone.shares),
    balanced: trainMixture(0.1, settings, on).loss,
  };
}

export async function compute(): Promise<MixtureResults> {
  const fair = trainMixture(0, { ...SETTINGS, bias: 0 }, on);
  return {
    run: await watched(lab),
    seeds: [1, 2, 3, 4, 5].map(outcome),
    fair: { error: fair.loss, shares: fair.shares },
  };
}
