import type { Chapter } from '../engine/index.ts';
import { balance } from './balance.ts';
import { experts } from './experts.ts';
import { moeBlock } from './moe-block.ts';
import { router } from './router.ts';

export const chapter: Chapter = {
  id: 'chapter-7',
  folder: 'chapter-7-moe',
  title: 'MoE: many experts, few at work',
  topics: [router, experts, balance, moeBlock],
};
