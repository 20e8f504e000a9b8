import type { Chapter } from '../engine/index.ts';
import { activations } from './activations.ts';
import { autograd } from './autograd.ts';
import { chainRule } from './chain-rule.ts';
import { linear } from './linear.ts';
import { losses } from './losses.ts';
import { mlp } from './mlp.ts';
import { numericalGradient } from './numerical-gradient.ts';
import { optimizers } from './optimizers.ts';
import { regularization } from './regularization.ts';
import { schedules } from './schedules.ts';

export const chapter: Chapter = {
  id: 'chapter-2',
  folder: 'chapter-2-bp',
  title: 'BP: backpropagation',
  topics: [
    chainRule,
    numericalGradient,
    activations,
    losses,
    linear,
    mlp,
    autograd,
    optimizers,
    schedules,
    regularization,
  ],
};
