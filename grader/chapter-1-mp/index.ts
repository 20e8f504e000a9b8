import type { Chapter } from '../engine/index.ts';

export const chapter: Chapter = {
  id: 'chapter-1',
  folder: 'chapter-1-mp',
  title: 'MP: the first neurons',
  topics: [],
};
