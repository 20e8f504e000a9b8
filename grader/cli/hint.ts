/** `npm run hint chapter-1 trainPerceptron`: one more hint each time. */
import { gradeRun } from '../course/grade-run.ts';
import { widthFor } from '../reports/colours.ts';
import { nextOf } from '../reports/terminal.ts';
import { giveHint } from './hints.ts';
import { Progress } from './progress.ts';
import { openSetting, type Setting } from './setting.ts';
import { runCommand, type Command } from './words.ts';

const command = {
  name: 'hint',
  about: 'Gives a hint, and one more each time you ask.',
  usage: ['', 'chapter-1 trainPerceptron', 'chapter-1/perceptron/trainPerceptron', 'trainPerceptron -- --again'],
  atMost: 3,
  flags: { again: { type: 'boolean', help: 'the last hint once more' } },
} satisfies Command;

await runCommand(command, async ({ words, flags }) => {
  const setting = openSetting();
  const asked = words.length > 0 ? words : await nextExercise(setting);
  if (!asked) {
    process.stdout.write('Every exercise is done; there is nothing left to hint at.\n');
    return 0;
  }
  const text = await giveHint(setting, asked, { width: widthFor(process.stdout), again: flags.again ?? false });
  process.stdout.write(text);
  return 0;
});

/** The next exercise that is not done, chapter by chapter. */
async function nextExercise({ chapters, files }: Setting): Promise<string[] | undefined> {
  const progress = new Progress();
  try {
    for (const chapter of chapters) {
      progress.update(`Looking for what is next in ${chapter.id} …`);
      const next = nextOf(await gradeRun({ files, goals: [{ chapter }], keep: 'use' }));
      if (next) return [next.exercise.id];
    }
  } finally {
    progress.end();
  }
  return undefined;
}
