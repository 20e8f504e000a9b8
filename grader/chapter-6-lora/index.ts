import type { Chapter } from '../engine/index.ts';
import { quantization } from './quantization.ts';

export const chapter: Chapter = {
  id: 'chapter-6',
  folder: 'chapter-6-lora',
  title: 'LoRA: learning little',
  topics: [quantization],
};
