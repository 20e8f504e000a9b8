/** The fuzz in blocks: what is known of one is kept under the hash of the code that judged it. */
import { hashOf, sha } from '../judge-hash.ts';
import { Known } from '../known.ts';
import type { Part } from '../parts.ts';
import { allDesks } from './desks.ts';
import { grading, throughChild, values, type Block } from './fuzz.ts';
import { inThisProcess } from './realm.ts';

/** Values in a block. */
const SIZE = 2_000;
/** Of so many blocks the last comes from a real child process; it is smaller, since each value is a message. */
const CHILD_EVERY = 25;
const CHILD_SIZE = 1_000;
/** Whole gradings beside each block. */
const GRADINGS = 2;

/** The code that reads and judges values, and what is fuzzed with; specs are not in it. */
export const fuzzHash = (): string =>
  hashOf(['test/scorecard/fuzz/fuzz', 'test/scorecard/fuzz/hostile', 'grader/sandbox/node/child'], ['*/chapters.ts']);

/**
 * @param wanted how many values there are to be, at least
 * @param part every n-th block, from the i-th on
 */
export async function* blocks(wanted: number, part: Part): AsyncGenerator<Block> {
  const known = new Known(`fuzz-${sha(fuzzHash())}`);
  const [desks, hostile] = await Promise.all([allDesks(), inThisProcess()]);
  // Which blocks there are does not depend on what they come to, so that every process knows its own.
  let planned = 0;
  for (let block = 0; planned < wanted; block++) {
    const isChild = block % CHILD_EVERY === CHILD_EVERY - 1;
    planned += isChild ? CHILD_SIZE : SIZE;
    if (block % part.of !== part.index) continue;
    const make: [string, () => Block | Promise<Block>][] = isChild
      ? [[`child-${block}`, () => throughChild(hostile, desks, block, CHILD_SIZE)]]
      : [
          [`values-${block}`, () => values(hostile, desks, block, SIZE)],
          ...Array.from({ length: GRADINGS }, (_, i): [string, () => Promise<Block>] => {
            const number = block * GRADINGS + i;
            return [`grading-${number}`, () => grading(hostile, desks, number)];
          }),
        ];
    for (const [name, once] of make) {
      const before = known.get(name);
      const found = before === undefined ? await once() : (JSON.parse(before) as Block);
      const fine = found.wrongAccepts.length + found.wrongRejects.length + found.faults.length === 0;
      if (before === undefined && fine) known.set(name, JSON.stringify(found));
      yield found;
    }
  }
}
