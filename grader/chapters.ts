/** The chapters that can be graded. Specs are loaded only when asked for, which keeps one chapter's grading quick. */
import type { Chapter } from './engine/index.ts';

export interface ChapterEntry {
  /** `chapter-1` */
  id: string;
  /** `chapter-1-mp` */
  folder: string;
  title: string;
  load(): Promise<Chapter>;
}

export const CHAPTERS: readonly ChapterEntry[] = [
  {
    id: 'chapter-1',
    folder: 'chapter-1-mp',
    title: 'MP: the first neurons',
    load: async () => (await import('./chapter-1-mp/index.ts')).chapter,
  },
  {
    id: 'chapter-2',
    folder: 'chapter-2-bp',
    title: 'BP: backpropagation',
    load: async () => (await import('./chapter-2-bp/index.ts')).chapter,
  },
  {
    id: 'chapter-3',
    folder: 'chapter-3-rnn',
    title: 'RNN: networks with a memory',
    load: async () => (await import('./chapter-3-rnn/index.ts')).chapter,
  },
  {
    id: 'chapter-4',
    folder: 'chapter-4-lstm',
    title: 'LSTM: memory with gates',
    load: async () => (await import('./chapter-4-lstm/index.ts')).chapter,
  },
  {
    id: 'chapter-5',
    folder: 'chapter-5-transformer',
    title: 'Transformer: attention is all there is',
    load: async () => (await import('./chapter-5-transformer/index.ts')).chapter,
  },
  {
    id: 'chapter-6',
    folder: 'chapter-6-lora',
    title: 'LoRA: learning little',
    load: async () => (await import('./chapter-6-lora/index.ts')).chapter,
  },
  {
    id: 'chapter-7',
    folder: 'chapter-7-moe',
    title: 'MoE: many experts, few at work',
    load: async () => (await import('./chapter-7-moe/index.ts')).chapter,
  },
];
