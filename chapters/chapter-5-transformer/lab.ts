/**
 * The lab of chapter 5, on your own functions. By default a GPT reads a handful of poems and learns to write; Ctrl-C keeps a
 * checkpoint, and the next run goes on from there. With --task reverse or sort an encoder and a decoder learn to turn one
 * sequence into another, and --task order asks who knows the order of the words.
 *
 *   npm run lab chapter-5
 *   npm run lab chapter-5 -- --seconds 60
 *   npm run lab chapter-5 -- --fresh --layers 2 --steps 2000
 *   npm run lab chapter-5 -- --task reverse
 *   npm run lab chapter-5 -- --task sort
 *   npm run lab chapter-5 -- --task order
 */
import { run as ordering } from './order.ts';
import { run as translating } from './sequences.ts';
import { run as writing } from './writer.ts';
import type { LabIo } from './lab-pictures.ts';

export type { LabIo } from './lab-pictures.ts';

export async function lab(io: LabIo): Promise<void> {
  const task = io.option('task', 'write');
  if (task === 'write') return writing(io);
  if (task === 'reverse' || task === 'sort') return translating(io, { task });
  if (task === 'order') return ordering(io);
  throw new Error(`the option task is "write", "reverse", "sort" or "order", not "${task}"`);
}
