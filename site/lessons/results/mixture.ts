/** The lab of chapter 7: one run as it prints; what becomes of other seeds, of a fair start, and of gates that teach nothing. */
import { SETTINGS, lab, trainDense, trainMixture, type Settings } from '../../../solutions/chapter-7-moe/lab.ts';
import { watched, type Watched } from './order.ts';

/** How a mixture ended: its error, and for each task the share of its tokens that each expert gets. */
export interface Ended {
  error: number;
  shares: number[][];
}

export interface MixtureResults {
  run: Watched;
  seeds: { seed: number; dense: number; alone: Ended; balanced: Ended }[];
  /** without a bias and without the balance loss */
  fair: Ended;
  /** with the balance loss, and renormalised gates */
  renormalised: Ended;
}

function ended(alpha: number, settings: Settings): Ended {
  const { loss, shares } = trainMixture(alpha, settings, () => true);
  return { error: loss, shares };
}

export async function compute(): Promise<MixtureResults> {
  return {
    run: await watched(lab),
    seeds: [1, 2, 3, 4, 5].map((seed) => {
      const settings = { ...SETTINGS, seed };
      const dense = trainDense(settings, () => true).loss;
      return { seed, dense, alone: ended(0, settings), balanced: ended(0.1, settings) };
    }),
    fair: ended(0, { ...SETTINGS, bias: 0 }),
    renormalised: ended(0.1, { ...SETTINGS, form: 'renormalised' }),
  };
}
