import type { Chapter } from '../engine/index.ts';
import { embedding } from './embedding.ts';
import { gradientFlow } from './gradient-flow.ts';
import { languageModel } from './language-model.ts';
import { rnn } from './rnn.ts';

export const chapter: Chapter = {
  id: 'chapter-3',
  folder: 'chapter-3-rnn',
  title: 'RNN: networks with a memory',
  topics: [embedding, rnn, languageModel, gradientFlow],
};
