/** One more hint each time. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../course/refusal.ts';
import { styleFor, wantsColour } from '../reports/colours.ts';
import { command } from '../reports/terminal.ts';
import { clean, wrap } from '../reports/wrap.ts';
import { HintsSeen, PROGRESS_FILE } from './hints-seen.ts';
import { exerciseFor, type Setting } from './setting.ts';

export interface HintOptions {
  width: number;
  /** The hint seen last once more. */
  again?: boolean;
}

/** The text of the next hint for the exercise that words name; it counts as seen. */
export async function giveHint(setting: Setting, words: readonly string[], options: HintOptions): Promise<string> {
  const { width, again = false } = options;
  const { id, exercise, entry, topic } = await exerciseFor(setting, words);
  const style = styleFor(wantsColour(process.stdout));
  const seen = new HintsSeen(setting.course.root);
  const before = Math.min(seen.of(id), exercise.hints.length);
  const all = exercise.hints.length;
  const look = { width, cyan: style.cyan };
  const lines = [''];

  if (!again && before === all) {
    const lesson = [`chapters/${entry.folder}/${topic}.md`, `chapters/${entry.folder}/README.md`];
    const there = lesson.find((file) => existsSync(join(setting.course.root, file))) ?? lesson[1]!;
    lines.push(style.bold(`${id} · no more hints`), '');
    lines.push(
      ...wrap(`You have seen all ${all}. What else helps: the lesson in ${there}, and these:`, width, '  '), // prettier-ignore
      ...command('the last hint:', ['npm run hint', id], ['--again'], 4, look),
      ...command('what fails, and where:', ['npm run grade', id], [], 4, look),
      ...command('step by step:', ['npm run grade', id], ['--debug'], 4, look),
      '',
    );
    return lines.join('\n') + '\n';
  }

  const number = again ? Math.max(1, before) : before + 1;
  if (number > before) {
    try {
      seen.set(id, number);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Refusal(
        `${PROGRESS_FILE} cannot be written (${code ?? 'no reason given'}).`,
        'It remembers which hints you have seen. Make chapters/ writable, then ask again.',
      );
    }
  }
  lines.push(style.bold(`${id} · hint ${number} of ${all}`), '');
  lines.push(...wrap(clean(exercise.hints[number - 1]!), width, '  '), '');
  lines.push(
    ...(number < all
      ? command('One more:', ['npm run hint', id], [], 0, look)
      : command('That was the last one. Again:', ['npm run hint', id], ['--again'], 0, look)),
    '',
  );
  return lines.join('\n') + '\n';
}
