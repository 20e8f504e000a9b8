import type { Golden } from './golden.ts';
import { goldens as chapter1 } from './chapter-1.ts';

export const GOLDENS: readonly Golden[] = [...chapter1];
