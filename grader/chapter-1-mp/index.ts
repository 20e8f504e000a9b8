import type { Chapter } from '../engine/index.ts';
import { linearUnit } from './linear-unit.ts';
import { neuron } from './neuron.ts';
import { perceptron } from './perceptron.ts';

export const chapter: Chapter = {
  id: 'chapter-1',
  folder: 'chapter-1-mp',
  title: 'MP: the first neurons',
  topics: [neuron, perceptron, linearUnit],
};
