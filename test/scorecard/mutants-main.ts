/**
 * `npm run mutants [chapter …]`: grades every mutant of every solution, on all processors, and lists those that get full
 * marks. What is known from an earlier run is not graded again.
 */
import { fileURLToPath } from 'node:url';
import { CHAPTERS } from '../../grader/chapters.ts';
import { judgeMutants, type Judged } from './mutation.ts';
import { inParts, partOf } from './parts.ts';

const { rest: words, part } = partOf(process.argv.slice(2));
const all = CHAPTERS.map(({ id }) => id);
const unknown = words.find((word) => !all.includes(word));
if (unknown !== undefined) {
  console.error(`There is no ${unknown}; there are ${all.join(', ')}.`);
  process.exit(2);
}
const chapters = words.length > 0 ? words : all;

if (part) {
  for (const chapter of chapters)
    for await (const judged of judgeMutants(chapter, part)) console.log(JSON.stringify(judged));
  process.exit(0);
}

for (const chapter of chapters) {
  let judged = 0;
  const survivors: Judged[] = [];
  await inParts<Judged>(fileURLToPath(import.meta.url), [chapter], (mutant) => {
    judged++;
    if (mutant.verdict === 'pass') survivors.push(mutant);
  });
  survivors.sort((a, b) => a.topic.localeCompare(b.topic) || a.line - b.line);
  for (const { topic, line, exercise, operator, before, after } of survivors)
    console.log(`  ${topic}.ts:${line} ${exercise}: ${operator}: ${before}  →  ${after}`);
  console.log(`${chapter}: ${survivors.length} of ${judged} mutants get full marks`);
}
