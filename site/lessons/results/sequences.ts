/** The lab of chapter 5 in which an encoder and a decoder learn to reverse, and to sort. */
import { run } from '../../../solutions/chapter-5-transformer/sequences.ts';
import { watched, type Watched } from './order.ts';

export const compute = async (): Promise<Record<'reverse' | 'sort', Watched>> => ({
  reverse: await watched((io) => run(io, { task: 'reverse' })),
  sort: await watched((io) => run(io, { task: 'sort' })),
});
