import type { Golden } from './golden.ts';
import { goldens as chapter1 } from './chapter-1.ts';
import { goldens as calculus } from './chapter-2-calculus.ts';
import { goldens as losses } from './chapter-2-losses.ts';
import { goldens as optimizers } from './chapter-2-optimizers.ts';
import { goldens as regularization } from './chapter-2-regularization.ts';
import { goldens as chapter3 } from './chapter-3.ts';
import { goldens as attention } from './chapter-4-attention.ts';
import { goldens as lstm } from './chapter-4-lstm.ts';
import { goldens as blocks } from './chapter-5-blocks.ts';
import { goldens as scaledAttention } from './chapter-5-attention.ts';
import { goldens as encoder } from './chapter-5-encoder.ts';
import { goldens as gpt } from './chapter-5-gpt.ts';
import { goldens as adapters } from './chapter-6-adapters.ts';
import { goldens as mixture } from './chapter-7-mixture.ts';
import { goldens as quantization } from './chapter-6-quantization.ts';

export const GOLDENS: readonly Golden[] = [
  ...chapter1,
  ...calculus,
  ...losses,
  ...optimizers,
  ...regularization,
  ...chapter3,
  ...lstm,
  ...attention,
  ...blocks,
  ...scaledAttention,
  ...encoder,
  ...gpt,
  ...adapters,
  ...mixture,
  ...quantization,
];
