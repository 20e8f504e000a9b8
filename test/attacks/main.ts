/** `npm run attacks`: runs all attacks and writes down what came of them. */
import { writeFileSync } from 'node:fs';
import { holds, page, PAGE, runAll } from './matrix.ts';

const told = await runAll();
for (const { run, errors } of told) {
  process.stderr.write(errors);
  for (const cell of run.cells)
    if (!holds(cell, run.opened))
      process.stdout.write(
        `${run.isolation}, ${run.opened}: ${cell.id} ${cell.says}: ${[cell.word === cell.outcome ? [] : `${cell.word} instead of ${cell.outcome}`, cell.broken].flat().join('; ')}\n`,
      );
}
if (told.some(({ run }) => run.isolation === 'namespaces')) writeFileSync(PAGE, await page(told.map(({ run }) => run)));
else process.stdout.write('This machine has no namespaces: the page stays as it was.\n');
