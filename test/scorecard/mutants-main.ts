/**
 * `npm run mutants [chapter or topic …]`: grades every mutant of every solution, on all processors, and lists those that
 * get full marks and are not written down (test/equivalents) as doing the same as the solution. What is known from an
 * earlier run is not graded again. Exit code 1 when a mutant survives or a record no longer holds.
 */
import { fileURLToPath } from 'node:url';
import { CHAPTERS } from '../../grader/chapters.ts';
import { equivalentsOf, sorted } from './equivalents.ts';
import { judgeMutants, type Judged } from './mutation.ts';
import { endPart, inParts, partOf } from './parts.ts';

const { rest: words, part } = partOf(process.argv.slice(2));
const chosen = (words.length > 0 ? words : CHAPTERS.map(({ id }) => id)).map((word) => {
  const [id, topic] = word.split('/');
  return { word, id: id!, topic };
});

for (const { word, id, topic } of chosen) {
  const entry = CHAPTERS.find((c) => c.id === id);
  const topics = entry ? (await entry.load()).topics.map((t) => t.name) : CHAPTERS.map((c) => c.id);
  if (entry && (topic === undefined || topics.includes(topic))) continue;
  console.error(`There is no ${word}; ${entry ? `${id} has` : 'there are'} ${topics.join(', ')}.`);
  process.exit(2);
}

if (part) {
  for (const { id, topic } of chosen)
    for await (const judged of judgeMutants(id, part, topic)) console.log(JSON.stringify(judged));
  await endPart();
}

let bad = 0;
for (const { word, id, topic } of chosen) {
  const mutants: Judged[] = [];
  await inParts<Judged>(fileURLToPath(import.meta.url), [word], (mutant) => mutants.push(mutant));
  mutants.sort((a, b) => a.topic.localeCompare(b.topic) || a.line - b.line);
  const records = (await equivalentsOf(id)).filter((r) => topic === undefined || r.topic === topic);
  const { killed, equivalent, surviving, stale } = sorted(mutants, records);

  for (const m of surviving) {
    console.log(`  ${m.topic}.ts:${m.line} ${m.exercise}: ${m.operator}: ${m.before}  →  ${m.after}`);
    console.log(`      ${m.on.length > 110 ? `${m.on.slice(0, 109)}…` : m.on}`);
  }
  for (const { record: r, killed } of stale) {
    console.log(`  stale record: ${r.topic} ${r.exercise}: ${r.operator}: ${r.before}  →  ${r.after}`);
    const where = killed.map((m) => `line ${m.line} (${m.verdict})`).join(', ');
    console.log(`      ${killed.length > 0 ? `it was told from the solution: ${where}` : 'there is no such mutant'}`);
  }
  const all = mutants.length - equivalent.length;
  const share = all > 0 ? ` (${((100 * killed.length) / all).toFixed(2)} %)` : '';
  console.log(
    `${word}: ${mutants.length} mutants, ${equivalent.length} equivalent; of ${all} others ${killed.length} rejected${share}, ${surviving.length} surviving${stale.length > 0 ? `; ${stale.length} stale records` : ''}`,
  );
  bad += surviving.length + stale.length;
}
process.exit(bad === 0 ? 0 : 1);
