/**
 * `npm run fuzz [-- --values 1000000]`: that many hostile values go through the judge, on all processors; what is known of a
 * block from an earlier run is not done again. Exit code 1 when the judge broke, or took what it must not take.
 */
import { fileURLToPath } from 'node:url';
import { endPart, inParts, partOf } from '../parts.ts';
import { numberIn } from '../words.ts';
import { blocks } from './blocks.ts';
import { summed } from './summed.ts';
import type { Block } from './fuzz.ts';

const { rest, part } = partOf(process.argv.slice(2));
const { value: wanted } = numberIn(rest, '--values', 1_000_000);

if (part) {
  for await (const block of blocks(wanted, part)) console.log(JSON.stringify(block));
  await endPart();
}

const all: Block[] = [];
await inParts<Block>(fileURLToPath(import.meta.url), ['--values', String(wanted)], (block) => all.push(block));
const sum = summed(all);
for (const text of [...sum.wrongAccepts, ...sum.wrongRejects, ...sum.faults]) console.log(`  ${text}`);
const n = (x: number) => x.toLocaleString('en');
console.log(
  `${n(sum.values)} values (${n(sum.inChild)} of them from a real process, ${n(sum.gradings)} whole gradings): ` +
    `${n(sum.taken)} right and taken, ${n(sum.refused)} wrong and refused, ${n(sum.near)} within rounding; ` +
    `${sum.wrongAccepts.length} wrongly taken, ${sum.wrongRejects.length} wrongly refused, ${sum.faults.length} faults`,
);
process.exit(sum.wrongAccepts.length + sum.wrongRejects.length + sum.faults.length === 0 ? 0 : 1);
