/** `npm run lab:results`: runs the long labs whose stored results are stale, or those that are named. For authors. */
import { runCommand, type Command } from '../../grader/cli/words.ts';
import { Refusal } from '../../grader/course/refusal.ts';
import { look, make, names } from './results.ts';

const command = {
  name: 'lab:results',
  about: 'Runs the long labs whose results in site/lessons/results are stale, or those named. For authors.',
  usage: ['', 'moons', '-- --check'],
  flags: { check: { type: 'boolean', help: 'only look; exit code 1 when some are stale' } },
} satisfies Command;

await runCommand(command, async ({ words, flags }) => {
  const all = names();
  const unknown = words.find((word) => !all.includes(word));
  if (unknown !== undefined) {
    throw new Refusal(`There are no results called "${unknown}".`, `There are ${all.join(', ')}.`);
  }
  const wanted = (words.length > 0 ? words : all).filter(
    (name) => (words.length > 0 && !flags.check) || !look(name).fresh,
  );
  if (flags.check) {
    for (const name of wanted) console.log(`stale    ${name}`);
    if (wanted.length === 0) console.log('All results were made by the code that is here.');
    return wanted.length === 0 ? 0 : 1;
  }
  for (const name of wanted) {
    const began = performance.now();
    await make(name);
    console.log(`made     ${name}, in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  if (wanted.length === 0) console.log('All results were up to date.');
  return 0;
});
