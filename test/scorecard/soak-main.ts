/**
 * `npm run soak [chapter …] [-- --cases 100000]`: grades the right answers with one seed after another, on all processors.
 * Exit code 1 when one was rejected.
 */
import { fileURLToPath } from 'node:url';
import { CHAPTERS } from '../../grader/chapters.ts';
import { inParts, partOf } from './parts.ts';
import { soak, type Soaked } from './soak.ts';

const { rest, part } = partOf(process.argv.slice(2));
const at = rest.indexOf('--cases');
const cases = at < 0 ? 100_000 : Number(rest[at + 1]);
const words = at < 0 ? rest : rest.filter((_, i) => i !== at && i !== at + 1);
const all = CHAPTERS.map(({ id }) => id);
const unknown = words.find((word) => !all.includes(word));
if (unknown !== undefined || !(cases > 0)) {
  console.error(
    unknown === undefined ? '--cases needs a number above 0.' : `There is no ${unknown}; there are ${all.join(', ')}.`,
  );
  process.exit(2);
}
const chapters = words.length > 0 ? words : all;

if (part) {
  for (const chapter of chapters)
    for await (const soaked of soak(chapter, cases, part)) console.log(JSON.stringify(soaked));
  process.exit(0);
}

let rejected = 0;
for (const chapter of chapters) {
  let seen = 0;
  const files = new Set<string>();
  await inParts<Soaked>(fileURLToPath(import.meta.url), [chapter, '--cases', String(cases)], (soaked) => {
    seen += soaked.cases;
    files.add(`${soaked.source}/${soaked.topic}`);
    for (const report of soaked.rejected) {
      rejected++;
      console.log(
        `  rejected: ${report.id} of ${soaked.source}, seed ${soaked.seed}: ${report.failure?.sentence ?? report.verdict}`,
      );
      console.log(`    npm run grade ${report.id} -- --seed ${soaked.seed} --from ${soaked.source}`);
    }
  });
  console.log(`${chapter}: ${seen.toLocaleString('en')} cases over ${files.size} complete files`);
}
console.log(rejected === 0 ? 'No right answer was rejected.' : `${rejected} right answers were rejected.`);
process.exit(rejected === 0 ? 0 : 1);
