import type { Chapter } from '../engine/index.ts';
import { gpt } from './gpt.ts';
import { normalization } from './normalization.ts';

export const chapter: Chapter = {
  id: 'chapter-5',
  folder: 'chapter-5-transformer',
  title: 'Transformer: attention is all there is',
  topics: [normalization, gpt],
};
