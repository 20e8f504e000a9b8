/** All blocks of a fuzz together. */
import type { Block } from './fuzz.ts';

export interface Sum extends Omit<Block, 'kind' | 'block'> {
  /** Values that came from a real child process. */
  inChild: number;
  /** Submissions that were graded as a whole. */
  gradings: number;
}

export function summed(blocks: readonly Block[]): Sum {
  const sum = (of: (block: Block) => number) => blocks.reduce((total, block) => total + of(block), 0);
  return {
    values: sum((b) => b.values),
    inChild: sum((b) => (b.kind === 'child' ? b.values : 0)),
    gradings: blocks.filter((b) => b.kind === 'grading').length,
    taken: sum((b) => b.taken),
    refused: sum((b) => b.refused),
    near: sum((b) => b.near),
    wrongAccepts: blocks.flatMap((b) => b.wrongAccepts),
    wrongRejects: blocks.flatMap((b) => b.wrongRejects),
    faults: blocks.flatMap((b) => b.faults),
  };
}
