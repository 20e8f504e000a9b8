/** The interactive figures. A lesson may place its own with `<!-- interactive: name -->` on a line of its own. */
import { figure as attentionHeads } from './attention-heads.ts';
import { figure as expertRouting } from './expert-routing.ts';
import type { Interactive } from './interactive.ts';
import { figure as loraRank } from './lora-rank.ts';
import { figure as lstmGates } from './lstm-gates.ts';
import { figure as optimizerPaths } from './optimizer-paths.ts';
import { figure as perceptronBoundary } from './perceptron-boundary.ts';
import { figure as vanishingGradient } from './vanishing-gradient.ts';

export const INTERACTIVES: readonly Interactive[] = [
  perceptronBoundary,
  optimizerPaths,
  vanishingGradient,
  lstmGates,
  attentionHeads,
  loraRank,
  expertRouting,
];
