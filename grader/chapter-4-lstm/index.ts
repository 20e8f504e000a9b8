import type { Chapter } from '../engine/index.ts';
import { bidirectional } from './bidirectional.ts';
import { gru } from './gru.ts';
import { lstm } from './lstm.ts';
import { seq2seqAttention } from './seq2seq-attention.ts';
import { stackedLstm } from './stacked-lstm.ts';

export const chapter: Chapter = {
  id: 'chapter-4',
  folder: 'chapter-4-lstm',
  title: 'LSTM: memory with gates',
  topics: [lstm, stackedLstm, gru, bidirectional, seq2seqAttention],
};
