/** `npm run lab chapter-1`: trains something real with the student's own functions. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { listed } from '../course/nearest.ts';
import { Refusal } from '../course/refusal.ts';
import { todos } from '../course/regions.ts';
import { styleFor, wantsColour, wantsUnicode, widthFor } from '../reports/colours.ts';
import { clean, wrap } from '../reports/wrap.ts';
import { openLab, type LabEnd } from '../sandbox/node/lab.ts';
import { Progress } from './progress.ts';
import { entryOf, openSetting, type Setting } from './setting.ts';
import { runCommand, type Command, type Flag } from './words.ts';

const OWN = {
  solutions: { type: 'boolean', help: "run it with the course's solutions" },
} satisfies Record<string, Flag>;

const command = {
  name: 'lab',
  about: 'Runs the lab of a chapter with your own functions. Ctrl-C asks it to stop, twice ends it.',
  usage: ['chapter-1', 'chapter-1 -- --solutions', 'chapter-1 -- --epochs 50'],
  atMost: 1,
  flags: OWN,
} satisfies Command;

/** Files of an earlier run that a lab may load again; larger ones were not meant for it. */
const LARGEST = 8 * 2 ** 20;

// The flags include the lab's own settings, so the chapter must be known first.
const { chapter = 'chapter-1', asked } = settings();
const flagged = { ...command, example: chapter, flags: { ...OWN, ...asked } } as Command;

await runCommand(flagged, async ({ words, flags }) => {
  const setting = openSetting();
  const { course } = setting;
  if (words.length === 0)
    throw new Refusal(
      'The lab of which chapter?',
      `For example: npm run lab ${setting.chapters[0]?.id}. There are ${listed(setting.chapters.map((c) => c.id))}.`,
      2,
    );
  const target = course.resolve(words[0]!);
  const entry = entryOf(setting, target);
  const { solutions, ...given } = flags;
  const folder = solutions ? basename(course.standIns) : 'chapters';
  if (!existsSync(join(course.root, folder, entry.folder, 'lab.ts')))
    throw new Refusal(
      `${entry.id} has no lab: there is no ${folder}/${entry.folder}/lab.ts.`,
      target.chapter.topics.some((t) => t.topic === 'lab')
        ? `To get it back: npm run reset ${entry.id}/lab`
        : `What it has: ${listed(target.chapter.topics.map((t) => t.topic))}.`,
      2,
    );

  const style = styleFor(wantsColour(process.stdout));
  const width = widthFor(process.stdout);
  const progress = new Progress({ after: 500 });
  const begun = performance.now();
  const out = `chapters/${entry.folder}/out${solutions ? '/solutions' : ''}`;
  const saved = new Set<string>();
  const lab = await openLab({
    chapters: join(course.root, folder),
    tensor: setting.files.tensor,
    chapter: entry.folder,
    files: earlier(join(course.root, out)),
    options: Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)])),
    on: {
      print: (text) => progress.print(() => process.stdout.write(`${fitted(clean(text), width)}\n`)),
      progress: (fraction, note) => progress.update(bar(fraction, clean(note), performance.now() - begun)),
      save: (name, text) => {
        mkdirSync(join(course.root, out), { recursive: true });
        writeFileSync(join(course.root, out, name), text);
        saved.add(name);
      },
    },
  });

  let asked = 0;
  const interrupt = () => {
    if (++asked > 1) return void lab.close();
    lab.stop();
    progress.print(() =>
      process.stderr.write(style.dim('Stopping after this step; Ctrl-C once more ends it at once.\n')),
    );
  };
  process.on('SIGINT', interrupt);
  const end = await lab.done;
  process.off('SIGINT', interrupt);
  progress.end();

  if (saved.size > 0)
    process.stdout.write(`\n${wrap(`Saved in ${out}/: ${listed([...saved])}`, width).map((t) => style.dim(t)).join('\n')}\n`); // prettier-ignore
  return endOf(end, setting, entry.id, folder);
});

/** What a lab prints, its sentences broken where the terminal ends. Tables and curves, which have runs of spaces, stay. */
function fitted(text: string, width: number): string {
  const lines = text.split('\n').flatMap((line) => (/\S {2,}\S/.test(line) ? line : wrap(line, width)));
  return lines.join('\n');
}

/** What the end of a lab means. */
function endOf(end: LabEnd, { course }: Setting, chapter: string, folder: string): number {
  const place = (at: { file: string; line: number; column: number } | undefined) =>
    at ? `${folder}/${clean(at.file)}:${at.line}:${at.column}` : undefined;
  switch (end.kind) {
    case 'done':
      return 0;
    case 'closed':
      process.stderr.write('\nStopped.\n');
      return 130;
    case 'failed': {
      const { message, at } = end.loaded;
      throw new Refusal(
        `This lab cannot start: ${clean(message)}${at ? `\n  at ${place(at)}` : ''}`,
        `See what the grader says: npm run grade ${chapter}`,
      );
    }
    case 'error': {
      const name = /^TODO:? *([\w$]+)/.exec(end.message)?.[1];
      if (end.todo && name !== undefined) {
        const topic = course.chapters().flatMap((c) => c.topics.filter((t) => t.path === end.at?.file))[0];
        const home = topic ?? course.chapters().flatMap((c) => c.topics.filter((t) => todos(course.skeleton(t)).includes(name)))[0]; // prettier-ignore
        throw new Refusal(
          `This lab needs ${name}, which is not written yet.`,
          `Write it${home ? ` in chapters/${home.path}` : ''}, then: npm run grade ${home ? course.word(home) : chapter}\n` +
            `To see the lab with the course's solutions: npm run lab ${chapter} -- --solutions`,
        );
      }
      throw new Refusal(
        `The lab stopped: ${clean(end.name ? `${end.name}: ${end.message}` : end.message)}${end.at ? `\n  at ${place(end.at)}` : ''}`,
        `Does the grader know more? npm run grade ${chapter}`,
      );
    }
    case 'oom':
      throw new Refusal(
        `The lab needed more than ${end.megabytes} MB of memory.`,
        'Look for something that grows with every step.',
      );
    case 'crash':
      throw new Refusal(`The lab ended unexpectedly: ${clean(end.detail)}.`, `Does the grader know more? npm run grade ${chapter}`); // prettier-ignore
  }
}

/** "████░░░░ 43 %  epoch 12 · about 20 s left" */
function bar(fraction: number, note: string, elapsed: number): string {
  const [full, empty] = wantsUnicode() ? ['█', '░'] : ['#', '.'];
  const done = Math.round(fraction * 20);
  const left = fraction > 0.02 && elapsed > 1_000 ? (elapsed / fraction) * (1 - fraction) : undefined;
  const time = left === undefined || fraction >= 1 ? '' : `about ${duration(left)} left`;
  const what = [note, time].filter(Boolean).join(' · ');
  return `${full.repeat(done)}${empty.repeat(20 - done)} ${String(Math.round(100 * fraction)).padStart(3)} %  ${what}`;
}

function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** What an earlier run saved. */
function earlier(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  return Object.fromEntries(
    readdirSync(folder).flatMap((name) => {
      const file = join(folder, name);
      const about = statSync(file);
      return about.isFile() && about.size <= LARGEST ? [[name, readFileSync(file, 'utf8')]] : [];
    }),
  );
}

/**
 * The settings that a lab asks for, as flags: wherever its text says `io.option('epochs', 50` it asks for a number called
 * epochs, also through a helper `const whole = (name, …) => … io.option(name, …`. A fallback that is computed is a number.
 * Its text is that of `lab.ts` and of the files beside it that it imports.
 */
function settings(): { chapter?: string; asked: Record<string, Flag> } {
  try {
    const { course } = openSetting();
    // Whatever the flags are: the first word that is a chapter.
    const word = process.argv.slice(2).find((w) => /^(\.?[\\/]|chapter|\d+$|[a-z]+$)/.test(w));
    if (word === undefined) return { asked: {} };
    const { chapter } = course.resolve(word);
    const lab = chapter.topics.find((t) => t.topic === 'lab');
    if (!lab) return { asked: {} };
    const main = course.skeleton(lab);
    const parts = [...main.matchAll(/^import .*? from '\.\/([\w-]+)\.ts';$/gm)].map(([, name]) => name);
    const beside = chapter.topics.filter(({ topic }) => parts.includes(topic)).map((part) => course.skeleton(part));
    const text = [main, ...beside].join('\n');
    const helpers = [...text.matchAll(/const (\w+) = \(name\b[^;]*?io\.option\(name\b/g)].map(([, name]) => name);
    const ask = ['io\\.option', ...helpers].join('|');
    const fallback = String.raw`-?[\d.][\w.]*|true|false|'[^']*'|"[^"]*"|[A-Za-z_][\w.]*`;
    const asks = text.matchAll(new RegExp(String.raw`(?:${ask})\(\s*['"]([a-z][\w-]*)['"]\s*,\s*(${fallback})`, 'g'));
    const asked: Record<string, Flag> = {};
    for (const [, name, given] of asks) {
      const type = /^(true|false)$/.test(given!) ? 'boolean' : /^['"]/.test(given!) ? 'string' : 'number';
      const computed = /^[A-Za-z_]/.test(given!) && type === 'number';
      const help = `a setting of this lab${computed ? '' : ` (default ${given!.replace(/['"]/g, '')})`}`;
      // Parts of a lab may ask for the same with defaults of their own.
      asked[name!] = { type, help: (asked[name!]?.help ?? help) === help ? help : 'a setting of this lab' };
    }
    return { chapter: course.word(lab).split('/')[0]!, asked };
  } catch {
    // The command itself will say what is wrong.
    return { asked: {} };
  }
}
