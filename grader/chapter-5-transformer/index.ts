import type { Chapter } from '../engine/index.ts';
import { attention } from './attention.ts';
import { decoder } from './decoder.ts';
import { encoder } from './encoder.ts';
import { feedForwardTopic } from './feed-forward.ts';
import { gpt } from './gpt.ts';
import { multiHeadAttention } from './multi-head-attention.ts';
import { normalization } from './normalization.ts';
import { positionalEncoding } from './positional-encoding.ts';
import { tokenizer } from './tokenizer.ts';

export const chapter: Chapter = {
  id: 'chapter-5',
  folder: 'chapter-5-transformer',
  title: 'Transformer: attention is all there is',
  topics: [
    tokenizer,
    attention,
    positionalEncoding,
    multiHeadAttention,
    normalization,
    feedForwardTopic,
    encoder,
    decoder,
    gpt,
  ],
};
