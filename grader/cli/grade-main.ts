/** `npm run grade`: what it understands, and what it prints. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gradeRun, type Files, type Goal } from '../course/grade-run.ts';
import { Refusal } from '../course/refusal.ts';
import { normalise } from '../course/regions.ts';
import { DEFAULT_SEED } from '../course/seed.ts';
import type { Report } from '../engine/report.ts';
import { styleFor, wantsColour, wantsUnicode, widthFor } from '../reports/colours.ts';
import { renderOverview, renderReport, type RenderOptions } from '../reports/terminal.ts';
import { wrap } from '../reports/wrap.ts';
import { startAdvice, type Advice } from './advice.ts';
import { filesFrom } from './from.ts';
import { HintsSeen } from './hints-seen.ts';
import { Progress } from './progress.ts';
import { goalFor, openSetting, type Setting } from './setting.ts';
import { runCommand, type Command, type Words } from './words.ts';

const command = {
  name: 'grade',
  about: 'Grades what you have written, and says what is wrong and what to do next.',
  usage: ['', 'chapter-1', 'chapter-1/perceptron', 'chapter-1/perceptron/predict', 'predict', 'chapter-1 -- --watch'],
  atMost: 1,
  knows: (word) => /^(chapter|chapters|tensor|\.)/.test(word),
  flags: {
    watch: { type: 'boolean', short: 'w', help: 'grade again whenever you save' },
    seed: { type: 'number', help: `draw other inputs (default ${DEFAULT_SEED})` },
    case: { type: 'string', value: 'CASE', help: 'only this case of an exercise', accepts: (w) => CASE.test(w) },
    debug: { type: 'boolean', help: 'stop in a debugger at the failing case of an exercise' },
    solutions: { type: 'boolean', help: "grade the course's solutions instead" },
    from: { type: 'string', value: 'DIR', help: 'grade files from another folder' },
    fresh: { type: 'boolean', help: 'grade also what has not changed since it got full marks' },
    json: { type: 'boolean', help: 'print the report as JSON and nothing else' },
  },
} satisfies Command;

type Flags = Words<typeof command.flags>['flags'];

const CASE = /^\d+\.(given:\d+|\d+(:\d+)*)$/;

await runCommand(command, async ({ words, flags }) => {
  check(words, flags);
  const setting = openSetting();
  const seed = flags.seed ?? DEFAULT_SEED;
  const place = placeOf(setting, words[0], flags);
  const goal = place.word === undefined ? undefined : await goalFor(setting, place.word);
  if (flags.case !== undefined || flags.debug) await checkCase(goal, flags);
  const goals = goal ? [goal] : setting.chapters.map((chapter): Goal => ({ chapter }));
  const shown = (): RenderOptions => renderOptions(setting, place, goal);

  if (flags.debug) {
    const { debugExercise } = await import('./debug.ts');
    return debugExercise({ files: place.files, goal: goal!, seed, replay: flags.case, fileName: place.fileName });
  }
  if (flags.watch) {
    const { watch } = await import('./watch.ts');
    return watch({ setting, files: place.files, goals, whole: !goal, seed, shown, fileName: place.fileName });
  }

  const progress = new Progress();
  let advice: Advice | undefined;
  const own = place.files === setting.files;
  let kept = 0;
  let planned = 0;
  let begun = 0;
  let last = '';
  const report = await gradeRun({
    files: place.files,
    goals,
    seed,
    replay: flags.case,
    ...(own && { keep: flags.fresh ? 'renew' : 'use' }),
    onKept: () => kept++,
    onPlan: (exercises) => (planned = exercises),
    onCheck: (topicId, exercise) => {
      if (`${topicId}/${exercise.name}` !== last) begun++;
      last = `${topicId}/${exercise.name}`;
      progress.update(`Grading ${last}  (${Math.min(begun, planned)} of ${planned})`);
    },
    onTopic: (topic) => {
      if (own && !flags.json && topic.points < topic.maxPoints && topic.exercises.some((e) => e.started))
        advice ??= startAdvice(setting.course.root, studentFiles(setting, goals));
    },
  }).finally(() => progress.end());

  if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else if (flags.case !== undefined) print(replayText(report, flags.case, shown()));
  else print(goal ? renderReport(report, shown()) : renderOverview(report, shown()));
  if (kept > 0 && !flags.json) print(unchanged(kept, report));
  if (own && !flags.json) for (const line of tensorWarning(setting)) print(`${line}\n`);
  if (advice && !flags.json) await advice.print(report, { width: widthFor(process.stdout), write: print });
  place.clean();
  return exitCode(report, flags);
});

/** Says that something was not graded again, and how to have it graded. */
function unchanged(kept: number, { topics }: Report): string {
  const what = topics.length === 1 ? 'this topic' : `${kept} of ${topics.length} topics`;
  const text = `Unchanged since full marks, so not graded again: ${what} (to grade everything, add -- --fresh).`;
  const style = styleFor(wantsColour(process.stdout));
  const lines = wrap(text, widthFor(process.stdout)).map((line) => style.dim(line));
  return `\n${lines.join('\n')}\n`;
}

function exitCode(report: Report, flags: Flags): 0 | 1 {
  if (flags.case !== undefined) return report.topics[0]?.exercises[0]?.verdict === 'pass' ? 0 : 1;
  return report.points === report.maxPoints ? 0 : 1;
}

/** The students' files of these goals, as paths under `chapters/`. */
function studentFiles({ course }: Setting, goals: readonly Goal[]): string[] {
  return course
    .chapters()
    .flatMap((folder) => folder.topics)
    .filter(({ chapter, topic }) =>
      goals.some((goal) => goal.chapter.folder === chapter && (goal.topic ?? topic) === topic && topic !== 'lab'),
    )
    .map(({ path }) => path)
    .filter((path) => existsSync(join(course.root, 'chapters', path)));
}

function print(text: string): void {
  process.stdout.write(text);
}

/** Flags that do not go together. */
function check(words: string[], flags: Flags): void {
  const pairs = [
    ['watch', 'json'],
    ['watch', 'debug'],
    ['watch', 'case'],
    ['debug', 'json'],
    ['solutions', 'from'],
  ] as const;
  for (const [a, b] of pairs)
    if (flags[a] && flags[b]) throw new Refusal(`--${a} and --${b} do not go together.`, 'Leave one of them out.', 2);
  if (flags.seed !== undefined && !Number.isSafeInteger(flags.seed))
    throw new Refusal('--seed needs a whole number.', 'For example: npm run grade chapter-1 -- --seed 7', 2);
  for (const flag of ['case', 'debug'] as const)
    if (flags[flag] && words.length === 0)
      throw new Refusal(
        `--${flag} needs one exercise.`,
        `For example: npm run grade chapter-1/neuron/step -- --${flag}${flag === 'case' ? ' 0.3:1' : ''}`,
        2,
      );
}

async function checkCase(goal: Goal | undefined, flags: Flags): Promise<void> {
  const name = flags.case === undefined ? 'debug' : 'case';
  const exercises = (await goal!.chapter.load()).topics
    .filter((t) => !goal!.topic || t.name === goal!.topic)
    .flatMap((t) => t.exercises.map((e) => ({ e, id: `${goal!.chapter.id}/${t.name}/${e.name}` })));
  if (goal!.fn === undefined)
    throw new Refusal(
      `--${name} needs one exercise, not a whole ${goal!.topic ? 'topic' : 'chapter'}.`,
      `For example: npm run grade ${exercises[0]?.id} -- --${name}${flags.case ? ` ${flags.case}` : ''}`,
      2,
    );
  if (flags.case === undefined) return;
  const { e } = exercises.find(({ e }) => e.name === goal!.fn)!;
  if (!CASE.test(flags.case) || Number.parseInt(flags.case, 10) >= e.checks.length)
    throw new Refusal(
      `"${flags.case}" is no case of ${e.name}.`,
      'Copy the whole command from the report of a failure; its end looks like --case 0.3:1',
      2,
    );
}

/** Where the files are, and what they are called on the screen. */
interface PlaceOfFiles {
  files: Files;
  word: string | undefined;
  fileName: (path: string) => string;
  /** Flags that commands on the screen repeat. */
  repeat: string[];
  clean: () => void;
}

function placeOf(setting: Setting, word: string | undefined, flags: Flags): PlaceOfFiles {
  const nothing = () => undefined;
  if (flags.solutions)
    return {
      files: setting.solutions,
      word,
      fileName: (path) => `solutions/${path}`,
      repeat: ['--solutions'],
      clean: nothing,
    };
  if (flags.from !== undefined) return filesFrom(setting, flags.from, word, { watch: flags.watch ?? false });
  return { files: setting.files, word, fileName: (path) => `chapters/${path}`, repeat: [], clean: nothing };
}

function renderOptions(setting: Setting, place: PlaceOfFiles, goal: Goal | undefined): RenderOptions {
  const hints = new HintsSeen(setting.course.root);
  const at = setting.chapters.findIndex((c) => c.id === goal?.chapter.id);
  return {
    width: widthFor(process.stdout),
    colour: wantsColour(process.stdout),
    unicode: wantsUnicode(),
    fileName: place.fileName,
    flags: place.repeat,
    hintsSeen: (id) => hints.of(id),
    debugHints: goal?.fn !== undefined,
    titles: Object.fromEntries(setting.chapters.map((c) => [c.id, c.title])),
    ...(place.files === setting.files && goal && { whatNext: whatNext(setting, goal, at) }),
  };
}

/** What full marks lead to. */
function whatNext({ chapters }: Setting, { chapter, topic }: Goal, at: number): string[] {
  if (topic !== undefined) return [`npm run grade ${chapter.id}`];
  const following = chapters[at + 1];
  return [`npm run lab ${chapter.id}`, ...(following ? [`npm run grade ${following.id}`] : [])];
}

function replayText(report: Report, path: string, options: RenderOptions): string {
  const exercise = report.topics[0]!.exercises[0]!;
  if (exercise.verdict === 'inconclusive')
    throw new Refusal(
      `There is no case ${path} of ${exercise.name} with the seed ${report.seed}.`,
      'Copy the whole command from the report of a failure, with its --seed if it has one.',
      2,
    );
  return renderReport(report, { ...options, replay: path });
}

/** An edited array library is graded with the course's own. */
function tensorWarning({ course }: Setting): string[] {
  const edited = course.folders().some((folder) =>
    folder.name === 'tensor'
      ? folder.topics.some((topic) => {
          try {
            return (
              normalise(readFileSync(join(course.root, 'chapters', topic.path), 'utf8')) !== course.skeleton(topic)
            );
          } catch {
            return false;
          }
        })
      : false,
  );
  if (!edited) return [];
  const style = styleFor(wantsColour(process.stdout));
  const text = "chapters/tensor has been edited: your copy is used in labs only; grading uses the course's own.";
  return [...wrap(text, widthFor(process.stdout)).map((t) => style.yellow(t)), ''];
}
