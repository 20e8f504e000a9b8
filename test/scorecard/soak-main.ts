/**
 * `npm run soak [chapter …] [-- --cases 100000]`: grades the right answers with one seed after another, on all processors,
 * until those of each source have seen so many generated cases.
 * Exit code 1 when one was rejected.
 */
import { fileURLToPath } from 'node:url';
import { endPart, inParts, partOf } from './parts.ts';
import { soak, type Soaked, type Source } from './soak.ts';
import { chaptersIn, numberIn } from './words.ts';

const { rest: words, part } = partOf(process.argv.slice(2));
const { value: cases, rest } = numberIn(words, '--cases', 100_000);
const chapters = chaptersIn(rest);

if (part) {
  for (const chapter of chapters)
    for await (const soaked of soak(chapter, cases, part)) console.log(JSON.stringify(soaked));
  await endPart();
}

let rejected = 0;
for (const chapter of chapters) {
  const seen = new Map<Source, { cases: number; files: Set<string> }>();
  await inParts<Soaked>(fileURLToPath(import.meta.url), [chapter, '--cases', String(cases)], (soaked) => {
    const { source } = soaked;
    const so = seen.get(source) ?? { cases: 0, files: new Set() };
    so.cases += soaked.cases;
    so.files.add(soaked.topic);
    seen.set(source, so);
    for (const report of soaked.rejected) {
      rejected++;
      console.log(
        `  rejected: ${report.id} of ${source}, seed ${soaked.seed}: ${report.failure?.sentence ?? report.verdict}`,
      );
      console.log(`    npm run grade ${report.id} -- --seed ${soaked.seed} --from ${source}`);
    }
  });
  for (const [source, { cases, files }] of seen)
    console.log(`${chapter}: ${cases.toLocaleString('en')} cases over ${files.size} files of ${source}`);
}
console.log(rejected === 0 ? 'No right answer was rejected.' : `${rejected} right answers were rejected.`);
process.exit(rejected === 0 ? 0 : 1);
