/** `--debug`: the failing case alone, in a process that waits for a debugger. */
import { join } from 'node:path';
import { gradeRun, laterThan, type Files, type Goal } from '../course/grade-run.ts';
import { Refusal } from '../course/refusal.ts';
import type { Exercise } from '../engine/exercise.ts';
import { gradeTopic } from '../engine/grade.ts';
import { show } from '../engine/report.ts';
import { inSandbox, programFor, type CallOptions, type Subject } from '../engine/subject.ts';
import type { ValueRecord } from '../engine/value.ts';
import { styleFor, wantsColour, widthFor } from '../reports/colours.ts';
import { draw, leaves } from '../reports/matrices.ts';
import { clean, wrap } from '../reports/wrap.ts';
import { debugProgram } from '../sandbox/node/debug.ts';
import { openSandbox } from '../sandbox/node/sandbox.ts';

export interface DebugOptions {
  files: Files;
  /** With an exercise. */
  goal: Goal;
  seed: number;
  /** Which case; default: the one that fails. */
  replay?: string | undefined;
  fileName: (path: string) => string;
}

export async function debugExercise({ files, goal, seed, replay, fileName }: DebugOptions): Promise<number> {
  const style = styleFor(wantsColour(process.stdout));
  const width = widthFor(process.stdout);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const report = await gradeRun({ files, goals: [goal], seed, replay });
  const topic = report.topics[0]!;
  const graded = topic.exercises[0]!;
  if (topic.load)
    throw new Refusal(`${fileName(topic.file)} does not load: ${clean(topic.load.message)}`, 'Mend that first; there is nothing to step through yet.'); // prettier-ignore
  if (!graded.started)
    throw new Refusal(`${graded.name} is not written yet.`, `Write it in ${fileName(topic.file)}, then debug it.`);
  const path = replay ?? graded.failure?.replay.case ?? (graded.verdict === 'pass' ? '0.0' : undefined);
  if (path === undefined)
    throw new Refusal(clean(graded.failure?.sentence ?? `${graded.name} cannot be run.`), 'There is nothing to step through yet.'); // prettier-ignore

  const { inputs, called, calling } = await inputsOf(files, goal, seed, path);

  say('');
  say(
    graded.verdict === 'pass'
      ? `${graded.name} passes; this is its first case:`
      : `${style.red('✗')} ${graded.name}: ${clean(graded.failure?.sentence ?? '')}`,
  );
  for (const name of [...new Set([...(called.backwardOf?.takes ?? []), ...called.parameters])])
    for (const leaf of leaves(name, show(inputs[name]))) {
      const [first, ...rest] = draw(leaf, { width: width - leaf.name.length - 6, style });
      say(`    ${style.dim(leaf.name)}  ${first}`);
      for (const line of rest) say(' '.repeat(leaf.name.length + 6) + line);
    }
  say('');

  const outcome = await debugProgram(
    { chapters: files.chapters, standIns: files.standIns, tensor: files.tensor, topic: `${goal.chapter.folder}/${goal.topic}`, mode: 'grade' }, // prettier-ignore
    programFor(called, inputs, calling),
    (url) => {
      say(`Waiting for a debugger at ${style.cyan(url)}`);
      const port = new URL(url.replace(/^ws:/, 'http:')).host;
      for (const line of [
        `VS Code: set a breakpoint in ${fileName(topic.file)}, then "Debug: Attach to Node Process" (Ctrl+Shift+P).`,
        `Chrome: open chrome://inspect, "Configure…" with ${port}, then "inspect".`,
        'It stops by itself right before your function is called: step into it. Ctrl-C here ends it.',
      ])
        for (const text of wrap(line, width, '  ', '    ')) say(style.dim(text));
    },
  );

  say('');
  if (outcome.console)
    for (const line of clean(outcome.console).trimEnd().split('\n')) say(`  ${style.dim('│')} ${line}`);
  if (outcome.kind === 'value') {
    say(`${graded.name} returned:`);
    for (const leaf of leaves('', show(outcome.value)))
      for (const line of draw(leaf, { width: width - 4, style }))
        say(`    ${leaf.name ? `${leaf.name}  ` : ''}${line}`);
    return graded.verdict === 'pass' ? 0 : 1;
  }
  if (outcome.kind === 'error') {
    say(`${graded.name} threw ${clean(`${outcome.name}: ${outcome.message}`)}`);
    if (outcome.at) say(style.dim(`    at ${fileName(outcome.at.file)}:${outcome.at.line}:${outcome.at.column}`));
  } else say(`It ended: ${outcome.kind === 'crash' ? outcome.detail : outcome.kind}`);
  return 1;
}

/** The inputs of a case, exactly: the engine is asked to replay it, and what it asks for is written down. */
async function inputsOf(files: Files, goal: Goal, seed: number, path: string) {
  const chapter = await goal.chapter.load();
  const topic = chapter.topics.find((t) => t.name === goal.topic)!;
  const sandbox = await openSandbox({
    chapters: files.chapters,
    standIns: files.standIns,
    tensor: files.tensor,
    topic: join(chapter.folder, topic.name).replaceAll('\\', '/'),
    mode: 'grade',
    later: laterThan(chapter, topic),
  });
  let inputs: ValueRecord | undefined;
  let called: Exercise | undefined;
  let calling: CallOptions = {};
  const real = inSandbox(sandbox);
  const noting: Subject = {
    loaded: real.loaded,
    standIns: real.standIns,
    call(exercise, list, options) {
      // The replayed case comes first; what follows is the engine looking for the cause.
      inputs ??= list[0];
      called ??= exercise;
      calling = options;
      return real.call(exercise, list, options);
    },
  };
  try {
    await gradeTopic(chapter, topic, noting, { seed, only: goal.fn, replay: path });
  } finally {
    await sandbox.close();
  }
  if (!inputs || !called)
    throw new Refusal(`There is no case ${path} with the seed ${seed}.`, 'Copy the whole command from the report of a failure.', 2); // prettier-ignore
  return { inputs, called, calling };
}
