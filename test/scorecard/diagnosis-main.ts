/**
 * `npm run diagnosis [chapter …]`: grades all wrong answers, on all processors, and says what became of them: those that
 * got full marks, those whose cause was not named or wrongly named, and counterexamples that could be smaller. What is
 * known from an earlier run is not graded again. Exit code 1 when one got full marks or could not be handed in.
 */
import { fileURLToPath } from 'node:url';
import { diagnosed, judgeAnswers, type JudgedAnswer } from './answers.ts';
import { endPart, inParts, partOf } from './parts.ts';
import { chaptersIn } from './words.ts';
import { median } from './median.ts';

const { rest, part } = partOf(process.argv.slice(2));
const chapters = chaptersIn(rest);

if (part) {
  for (const chapter of chapters)
    for await (const answer of judgeAnswers(chapter, part)) console.log(JSON.stringify(answer));
  await endPart();
}

let bad = 0;
for (const chapter of chapters) {
  const all: JudgedAnswer[] = [];
  await inParts<JudgedAnswer>(fileURLToPath(import.meta.url), [chapter], (answer) => all.push(answer));
  for (const answer of all) {
    const { kind, topic, exercise, mistake, unfit, diagnosis, shown, causes } = answer;
    const line = (what: string) => console.log(`  ${what}: ${topic}/${exercise}: ${mistake}`);
    if (unfit !== undefined) {
      line('cannot be handed in');
      console.log(`      ${unfit}`);
      bad++;
      continue;
    }
    if (shown?.smaller?.kind === 'found') {
      line(`a counterexample of ${shown.entries} entries could be smaller (${kind})`);
      const { entries, largest } = shown.smaller.size;
      console.log(
        `      its largest tensor has ${shown.largest} entries; ${entries} with a largest of ${largest} fail, too`,
      );
    }
    if (kind === 'mutant') continue;
    const how = diagnosed(answer);
    if (how === 'accepted') {
      line('full marks');
      bad++;
    } else if (how === 'wrongly named') line(`named "${diagnosis!.name}"`);
    else if (how !== 'named' && causes.length > 0) line(`not named (${how}; it is "${causes.join('" or "')}")`);
  }

  const count = (kind: string, ...how: string[]) =>
    all.filter((a) => a.kind === kind && a.unfit === undefined && how.includes(diagnosed(a))).length;
  const people = all.filter((a) => a.kind === 'wrong answer' && a.unfit === undefined);
  const inBank = people.filter((a) => a.causes.length > 0);
  const named = inBank.filter((a) => diagnosed(a) === 'named').length;
  const wrongly = people.filter((a) => diagnosed(a) === 'wrongly named').length;
  const sizes = all.flatMap((a) => (a.shown ? [a.shown.entries] : []));
  console.log(
    `${chapter}: ${count('misconception', 'named')} of ${all.filter((a) => a.kind === 'misconception').length} misconceptions named; ` +
      `${people.length} wrong answers: ${count('wrong answer', 'accepted')} accepted, ${named} of ${inBank.length} named, ${wrongly} wrongly named; ` +
      `counterexamples: median ${median(sizes)}, worst ${Math.max(0, ...sizes)} entries`,
  );
}
process.exit(bad === 0 ? 0 : 1);
