/** `npm run handout`: the repository that students get. */
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { readChecks, writeHandout } from '../class/handout/handout.ts';
import { CHAPTERS, type ChapterEntry } from '../chapters.ts';
import { openCourse } from '../course/layout.ts';
import { listed } from '../course/nearest.ts';
import { Refusal } from '../course/refusal.ts';
import { count } from '../reports/wrap.ts';
import { Progress } from './progress.ts';
import { runCommand, type Command } from './words.ts';

const command = {
  name: 'handout',
  about: 'Writes the repository that students get: without solutions and hidden checks, and it still grades itself.',
  usage: ['-- --chapters 1-3 --out ../handout', '-- --chapters 2 --out ../handout --checks ../private'],
  atMost: 0,
  flags: {
    chapters: { type: 'string', value: 'LIST', help: 'which: 1-5, or 1,3 (default: all)' },
    out: { type: 'string', value: 'DIR', help: 'a new folder' },
    checks: { type: 'string', value: 'DIR', help: 'hidden checks, of which nothing may be in it' },
  },
} satisfies Command;

await runCommand(command, async ({ flags }) => {
  if (flags.out === undefined)
    throw new Refusal(
      'Where is it to go? Name a new folder with --out.',
      'For example: npm run handout -- --chapters 1-3 --out ../handout',
      2,
    );
  if (flags.checks !== undefined && !existsSync(flags.checks))
    throw new Refusal(`There is no folder ${flags.checks}.`, 'Look for a typing mistake.', 2);
  const chapters = chosen(flags.chapters);
  const out = resolve(flags.out);
  const progress = new Progress();
  const { files, points } = await writeHandout({
    course: openCourse(),
    chapters,
    out,
    checks: flags.checks === undefined ? new Map<string, string>() : readChecks(resolve(flags.checks)),
    onStep: (step) => progress.update(`Handout: ${step}`),
  }).finally(() => progress.end());
  const where = relative(process.cwd(), out);
  process.stdout.write(
    `${count(files, 'file')} for ${listed(chapters.map(({ id }) => id))}: no solution and no hidden check among them.\n` +
      `The solutions have all ${points} points beside its stand-ins.\n\n` +
      `To try it:  cd ${where} && npm install && npm run grade\n`,
  );
  return 0;
});

/** "1-3", "1,3", "chapter-2" */
function chosen(text: string | undefined): ChapterEntry[] {
  if (text === undefined) return [...CHAPTERS];
  const there = listed(CHAPTERS.map(({ id }) => id));
  const numbers = text.split(',').flatMap((part) => {
    const [, from, to = from] = /^\s*(?:chapter-)?(\d+)(?:\s*-\s*(?:chapter-)?(\d+))?\s*$/.exec(part) ?? [];
    if (from === undefined || Number(to) < Number(from) || Number(to) > 99)
      throw new Refusal(`--chapters: "${part}" names no chapters.`, `Write 1-3 or 1,3. There are ${there}.`, 2);
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => Number(from) + i);
  });
  const missing = numbers.find((n) => !CHAPTERS.some(({ id }) => id === `chapter-${n}`));
  if (missing !== undefined)
    throw new Refusal(`There is no chapter ${missing} that can be graded.`, `There are ${there}.`, 2);
  return CHAPTERS.filter(({ id }) => numbers.includes(Number(id.slice('chapter-'.length))));
}
