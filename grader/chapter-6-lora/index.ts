import type { Chapter } from '../engine/index.ts';
import { adapter } from './adapter.ts';
import { lora } from './lora.ts';
import { prefixTuning } from './prefix-tuning.ts';
import { quantization } from './quantization.ts';

export const chapter: Chapter = {
  id: 'chapter-6',
  folder: 'chapter-6-lora',
  title: 'LoRA: learning little',
  topics: [lora, adapter, prefixTuning, quantization],
};
