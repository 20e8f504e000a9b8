/**
 * The report as a terminal shows it. Pure: the same report and options give the same text.
 */
import { DEFAULT_SEED } from '../course/seed.ts';
import {
  total,
  type CheckReport,
  type ExerciseReport,
  type Failure,
  type Problem,
  type Report,
  type Shown,
  type ShownOutput,
  type TopicReport,
} from '../engine/report.ts';
import { styleFor, type Style } from './colours.ts';
import { draw, drawAlike, leaves, shapeText, type Leaf } from './matrices.ts';
import { clean, count, fit, pad, widthOf, wrap } from './wrap.ts';

export interface RenderOptions {
  /** Columns; 80 by default. No line is longer. */
  width?: number;
  colour?: boolean;
  /** False: nothing beyond ASCII of our own. */
  unicode?: boolean;
  /** What a student's file is called, from its path below the folder of chapters. */
  fileName?: (path: string) => string;
  /** Flags that commands in the report must repeat: `['--solutions']`. */
  flags?: readonly string[];
  /** How many hints of an exercise the student has seen. */
  hintsSeen?: (exerciseId: string) => number;
  /** Also say how to stop in a debugger. */
  debugHints?: boolean;
  /** Commands that full marks lead to: "npm run lab chapter-1". */
  whatNext?: readonly string[];
  /** Titles of chapters, by id. */
  titles?: Readonly<Record<string, string>>;
  /** Only these topics are shown with everything; the others in a line. */
  focus?: ReadonlySet<string>;
  /** The report is of this one case. */
  replay?: string;
}

/** Failures of one topic that are shown with everything there is to say. */
const IN_FULL = 2;
const CONSOLE_LINES = 12;
/** Pieces of one value (fields, layers) that are drawn. */
const MOST_LEAVES = 12;

type Optional = 'focus' | 'replay';
type Look = Required<Omit<RenderOptions, 'colour' | Optional>> & Pick<RenderOptions, Optional> & Style;

function look(options: RenderOptions): Look {
  return {
    width: 80,
    unicode: true,
    fileName: (path) => `chapters/${path}`,
    flags: [],
    hintsSeen: () => 0,
    debugHints: false,
    titles: {},
    whatNext: [],
    ...options,
    ...styleFor(options.colour ?? false),
  };
}

/** The report of a chapter, a topic or an exercise. */
export function renderReport(report: Report, options: RenderOptions = {}): string {
  const l = look(options);
  if (l.replay !== undefined) return renderReplay(report, l);
  const asked = report.assignment.split('/').length;
  const lines: string[] = [''];
  if (asked === 1 && isFull(report) && report.topics.length > 0) lines.push(...solvedChapter(report, l));
  else {
    let opened = false;
    for (const topic of report.topics) {
      const aside = l.focus && !l.focus.has(topic.id);
      const brief = aside || (asked === 1 && (isFull(topic) || (opened && untouched(topic))));
      if (!isFull(topic)) opened = true;
      lines.push(...(brief ? briefTopic(topic, l) : topicLines(topic, report, l, asked)), '');
    }
  }
  lines.push(...ending(report, l), '');
  return finish(lines, l);
}

/** One case by itself: there are no points to be had, only an answer. */
function renderReplay(report: Report, l: Look): string {
  const topic = report.topics[0]!;
  const exercise = topic.exercises[0]!;
  const [chapter, name] = topic.id.split('/');
  const which = `case ${l.replay}${report.seed === DEFAULT_SEED ? '' : `, seed ${report.seed}`}`;
  const title = fit(`${chapter} · ${name} · ${exercise.name}`, l.width);
  const lines = ['', ...sides(l.bold(title), l.dim(which), l), ''];
  if (topic.load) lines.push(...loadProblem(topic, topic.load, l));
  else if (isPass(exercise)) {
    const check = exercise.checks.find((c) => c.verdict === 'pass');
    lines.push(...wrap(`This case passes: ${clean(check?.sentence ?? '')}`, l.width, `  ${l.green('✓')} `));
    if (exercise.console) lines.push('', ...printed('Printed by your code:', exercise.console, l, 4));
    lines.push('', ...command('All of it:', ['npm run grade', exercise.id], l.flags, 0, l));
  } else if (!exercise.started) lines.push(`  ${l.dim('· not started')}`);
  else if (exercise.failure) {
    lines.push(...wrap(clean(exercise.failure.sentence), l.width, `  ${l.red('✗')} `), '');
    lines.push(...failureLines(exercise, exercise.failure, report, l));
  }
  return finish(['', ...squeeze(lines), '', ''], l);
}

/** All chapters: points, bars, and what to do next. */
export function renderOverview(report: Report, options: RenderOptions = {}): string {
  const l = look(options);
  const chapters = new Map<string, TopicReport[]>();
  for (const topic of report.topics) {
    const id = topic.id.split('/')[0]!;
    chapters.set(id, [...(chapters.get(id) ?? []), topic]);
  }
  const lines = ['', ...sides(l.bold('Deep Learning by Hand'), pointsOf(report, l), l), ''];
  const scores = [...chapters].map(([id, topics]) => ({ id, topics, ...total(topics) }));
  const most = String(Math.max(0, ...scores.map((s) => s.maxPoints))).length;
  const idWidth = Math.max(0, ...scores.map((s) => s.id.length));
  const barWidth = l.width >= 60 ? 20 : l.width >= 44 ? 10 : 0;
  for (const { id, points, maxPoints, topics } of scores) {
    const sign = points === maxPoints ? l.green('✓') : topics.some((t) => t.exercises.some(isBad)) ? l.red('✗') : '·';
    const score = `${String(points).padStart(most)} of ${String(maxPoints).padStart(most)}`;
    const right = `${barWidth > 0 ? `${bar(points, maxPoints, barWidth, l)}  ` : ''}${score}`;
    const left = `  ${points === 0 && sign === '·' ? l.dim(sign) : sign} ${pad(id, idWidth)}`;
    const room = l.width - widthOf(left) - widthOf(right) - 4;
    const title = fit(l.titles[id] ?? '', Math.max(0, room));
    lines.push(`${left}  ${pad(room > 8 ? l.dim(title) : '', Math.max(0, room))}  ${right}`);
  }
  lines.push('', ...ending(report, l), '');
  return finish(lines, l);
}

function bar(points: number, maxPoints: number, width: number, l: Look): string {
  // Full only when it is, empty only when it is.
  const share = maxPoints === 0 ? 0 : points / maxPoints;
  const full = share === 1 ? width : share === 0 ? 0 : Math.min(width - 1, Math.max(1, Math.round(share * width)));
  return `${l.green('█'.repeat(full))}${l.dim('░'.repeat(width - full))}`;
}

const isFull = (x: { points: number; maxPoints: number }) => x.points === x.maxPoints;
const isPass = (e: ExerciseReport) => e.verdict === 'pass';
const isBad = (e: ExerciseReport) => !isPass(e) && e.started;
const untouched = (t: TopicReport) => !t.load && t.exercises.every((e) => !e.started);

const ASCII: Record<string, string> = {
  '✓': '+',
  '✗': 'x',
  '·': '-',
  '…': '~',
  '█': '#',
  '░': '.',
  '│': '|',
  '−': '-',
};

function finish(lines: string[], l: Look): string {
  const text = lines.map((line) => line.trimEnd()).join('\n');
  return l.unicode ? text : text.replace(/[✓✗·…█░│−]/g, (ch) => ASCII[ch]!);
}

/** Two texts at the two ends of a line, or below each other where they do not fit. */
function sides(left: string, right: string, l: Look): string[] {
  const gap = l.width - widthOf(left) - widthOf(right);
  return gap >= 2
    ? [left + ' '.repeat(gap) + right]
    : [left, ' '.repeat(Math.max(0, l.width - widthOf(right))) + right];
}

function pointsOf(x: { points: number; maxPoints: number }, l: Look): string {
  const text = `${x.points} of ${count(x.maxPoints, 'point')}`;
  return isFull(x) ? l.green(text) : text;
}

function heading(topic: TopicReport, l: Look, more = ''): string[] {
  const [chapter, name] = topic.id.split('/');
  return sides(l.bold(fit(`${chapter} · ${name}${more}`, l.width)), pointsOf(topic, l), l);
}

/** A topic that needs no attention now. */
function briefTopic(topic: TopicReport, l: Look): string[] {
  const n = topic.exercises.length;
  const text = isFull(topic)
    ? `${l.green('✓')} ${l.dim(n === 1 ? 'its exercise' : `all ${n} exercises`)}`
    : untouched(topic)
      ? l.dim(`· ${n === 1 ? 'its exercise' : `its ${n} exercises`} not started`)
      : `${l.red('✗')} ${l.dim(topic.load ? 'does not load' : `${topic.exercises.filter(isPass).length} of ${count(n, 'exercise')} done`)}`;
  return [...heading(topic, l), `  ${text}`];
}

function solvedChapter(report: Report, l: Look): string[] {
  const id = report.assignment;
  const title = l.titles[id] ?? '';
  const lines = [...sides(l.bold(fit(title ? `${id} · ${title}` : id, l.width)), pointsOf(report, l), l), ''];
  const names = report.topics.map((t) => t.id.split('/')[1]!);
  const width = Math.max(...names.map(widthOf)) + 4;
  report.topics.forEach((topic, i) => {
    const checks = topic.exercises.flatMap((e) => e.checks).length;
    const text = `${count(topic.exercises.length, 'exercise')}, ${count(checks, 'check')}`;
    lines.push(`  ${l.green('✓')} ${pad(names[i]!, width)}${l.dim(fit(text, l.width - width - 4))}`);
  });
  return [...lines, ''];
}

function topicLines(topic: TopicReport, report: Report, l: Look, asked: number): string[] {
  if (asked === 3 && topic.exercises.length === 1 && !topic.load)
    return exerciseAlone(topic.exercises[0]!, topic, report, l);
  const lines = [...heading(topic, l), ''];
  if (topic.load) return [...lines, ...loadProblem(topic, topic.load, l)];

  const names = topic.exercises.map((e) => e.name);
  const nameWidth = Math.min(Math.max(...names.map(widthOf)), Math.max(12, Math.floor(l.width * 0.45)));
  let detailed = 0;
  const rest: ExerciseReport[] = [];
  for (const exercise of topic.exercises) {
    const text = oneLine(exercise);
    const colour = isPass(exercise) || !exercise.started ? l.dim : (t: string) => t;
    lines.push(...entry(signOf(exercise, l), exercise.name, text, nameWidth, colour, l));
    if (!isBad(exercise) || !exercise.failure) continue;
    if (detailed < IN_FULL) {
      detailed++;
      lines.push('', ...failureLines(exercise, exercise.failure, report, l), '');
    } else rest.push(exercise);
  }
  if (rest.length > 0) {
    const one = rest[0]!;
    const what = rest.length === 1 ? `${one.name} in detail:` : `${rest.length} more in detail, one at a time:`;
    lines.push('', ...command(l.dim(what), ['npm run grade', one.id], l.flags, 2, l));
  }
  if (topic.console && !topic.exercises.some((e) => e.console))
    lines.push('', ...printed('Printed while the file was loaded:', topic.console, l, 2));
  return squeeze(lines);
}

/** Never two empty lines after each other, none at the end. */
function squeeze(lines: string[]): string[] {
  const out = lines.filter((line, i) => line !== '' || (i > 0 && lines[i - 1] !== ''));
  while (out.at(-1) === '') out.pop();
  return out;
}

function signOf({ verdict, started }: Pick<ExerciseReport, 'verdict' | 'started'>, l: Look): string {
  if (verdict === 'pass') return l.green('✓');
  return started && verdict !== 'not-run' ? l.red('✗') : l.dim('·');
}

function oneLine(exercise: ExerciseReport): string {
  if (isPass(exercise)) return count(exercise.checks.length, 'check');
  if (!exercise.started) return 'not started';
  const why =
    exercise.failure?.sentence ?? (exercise.verdict === 'inconclusive' ? 'could not be judged' : 'not graded');
  return clean(exercise.points > 0 ? `${exercise.points} of ${exercise.maxPoints}: ${why}` : why);
}

/** A sign, a name in a column of its own, and a text that wraps beside it. */
function entry(sign: string, name: string, text: string, nameWidth: number, colour: (t: string) => string, l: Look) {
  const beside = l.width - nameWidth - 6;
  const wide = widthOf(name) > nameWidth || beside < 16;
  const indent = wide ? 4 : nameWidth + 6;
  const wrapped = wrap(text, l.width - indent);
  const head = `  ${sign} ${wide ? fit(name, l.width - 4) : `${pad(name, nameWidth)}  ${colour(wrapped[0]!)}`}`;
  const below = (wide ? wrapped : wrapped.slice(1)).map((t) => ' '.repeat(indent) + colour(t));
  return [head, ...below];
}

/** One exercise asked for by itself: its checks, one by one. */
function exerciseAlone(exercise: ExerciseReport, topic: TopicReport, report: Report, l: Look): string[] {
  const lines = [...heading(topic, l, ` · ${exercise.name}`), ''];
  if (!exercise.started) return [...lines, `  ${l.dim('· not started')}`];
  const { failure } = exercise;
  const failing = failure && exercise.checks.find((c) => c.id === failure.check && c.verdict !== 'not-run');
  // What went wrong before any check, as a missing export.
  if (failure && !failing) {
    lines.push(...wrap(clean(failure.sentence), l.width, `  ${l.red('✗')} `), '');
    lines.push(...failureLines(exercise, failure, report, l), '');
  }
  for (const check of exercise.checks) {
    const waits = waitsFor(check, exercise);
    const sign = waits === undefined ? signOf({ verdict: check.verdict, started: true }, l) : l.dim('·');
    const text = `${clean(check.sentence)}${waits ?? pointsOfCheck(check, exercise)}${sinceNotRun(check)}`;
    const colour = check.verdict === 'not-run' ? l.dim : (t: string) => t;
    lines.push(...wrap(text, l.width - 4).map((t, i) => (i === 0 ? `  ${sign} ` : '    ') + colour(t)));
    if (check === failing) lines.push('', ...failureLines(exercise, failure!, report, l, true), '');
  }
  if (exercise.verdict === 'inconclusive' && !failure) lines.push('', '    It could not be judged.');
  if (isPass(exercise) && exercise.console) lines.push('', ...printed('Printed by your code:', exercise.console, l, 4));
  return squeeze(lines);
}

/** Said only where there is more than one share of the points. */
const pointsOfCheck = (check: CheckReport, { checks }: ExerciseReport) =>
  check.maxPoints > 0 && checks.some((c) => c !== check && c.maxPoints > 0)
    ? `  (${check.points} of ${count(check.maxPoints, 'point')})`
    : '';

/** Why a check that passed has no points yet; undefined where that is not so. */
function waitsFor(check: CheckReport, { checks }: ExerciseReport): string | undefined {
  if (check.verdict !== 'pass' || check.maxPoints === 0 || check.points > 0) return undefined;
  const other = checks.find((c) => c.verdict !== 'pass' && c.maxPoints === 0);
  return `  (passed; its ${count(check.maxPoints, 'point')} ${check.maxPoints === 1 ? 'waits' : 'wait'} for ${other ? `"${clean(other.sentence)}"` : 'the other checks'})`;
}

const sinceNotRun = (check: CheckReport) => (check.verdict === 'not-run' ? ': not reached' : '');

function loadProblem(topic: TopicReport, problem: Problem, l: Look): string[] {
  const lines = wrap(clean(problem.message), l.width - 4).map((t, i) =>
    i === 0 ? `  ${l.red('✗')} ${t}` : `    ${t}`,
  );
  lines.push(...placeLines(problem, l, 4));
  if (topic.console) lines.push('', ...printed('Printed by your code:', topic.console, l, 4));
  const names = topic.exercises.map((e) => e.name).join(', ');
  const n = topic.exercises.length;
  const wait = n === 1 ? 'This waits until the file loads:' : `These ${n} wait until the file loads:`;
  lines.push('', ...wrap(`${wait} ${names}`, l.width, '  · ', '    ').map(l.dim));
  return lines;
}

function placeLines(problem: Problem, l: Look, indent: number): string[] {
  const { at } = problem;
  if (!at) return [];
  const margin = ' '.repeat(indent);
  const where = `at ${l.fileName(clean(at.file))}:${at.line}:${at.column}`;
  const lines = wrap(where, l.width - indent).map((t) => margin + l.dim(t));
  if (at.text === undefined) return lines;
  const number = `${at.line} │ `;
  const room = l.width - indent - number.length;
  const text = at.text.replace(/[\r\n]/g, '');
  const before = clean(text.slice(0, Math.max(0, at.column - 1)));
  const whole = clean(text).trimEnd();
  const characters = [...whole];
  const caret = [...before].length;
  const indented = whole.length - whole.trimStart().length;
  // Where the line is too long, the part around the place.
  const long = widthOf(whole.slice(indented)) > room && caret - indented > room / 2;
  const start = long
    ? Math.max(0, Math.min(caret - Math.floor(room / 2), characters.length - room + 1))
    : Math.min(indented, caret);
  const lead = long ? '…' : '';
  const shown = fit(lead + characters.slice(start).join(''), room);
  const column = widthOf(lead + characters.slice(start, caret).join(''));
  lines.push(margin + l.dim(number) + shown);
  if (column < room) lines.push(margin + l.dim(`${' '.repeat(number.length - 2)}│ `) + ' '.repeat(column) + l.red('^'));
  return lines;
}

function printed(title: string, text: string, l: Look, indent: number): string[] {
  const margin = ' '.repeat(indent);
  const all = clean(text).replace(/\n+$/, '').split('\n');
  const shown = all.length > CONSOLE_LINES ? all.slice(0, CONSOLE_LINES - 1) : all;
  const lines = shown.map((line) => `${margin}  ${l.dim('│')} ${fit(line, l.width - indent - 4)}`);
  if (shown.length < all.length)
    lines.push(`${margin}  ${l.dim(`│ … ${count(all.length - shown.length, 'more line')}`)}`);
  return [margin + title, ...lines];
}

/** Everything there is to say about a failure. */
function failureLines(exercise: ExerciseReport, failure: Failure, report: Report, l: Look, alone = false): string[] {
  const margin = '    ';
  const blocks: string[][] = [];
  const said = exercise.checks.find((c) => c.id === failure.check)?.sentence ?? '';
  // The check's own line has just said it.
  if (alone && !failure.problem && !failure.sentence.endsWith(said))
    blocks.push(wrap(clean(failure.sentence), l.width - 4).map((t) => margin + t));
  if (failure.inputs.length > 0) {
    const all = failure.inputs.flatMap(({ name, value }) => leaves(name, value));
    // What loops, or takes all memory, is not tried again on smaller inputs.
    const tried = exercise.verdict === 'fail' || exercise.verdict === 'error';
    const which = tried && l.replay === undefined ? 'For this input (the smallest found):' : 'For this input:';
    blocks.push([`${margin}${which}`.slice(0, l.width), ...flow(all, l, 6)]);
  }
  if (failure.outputs.length > 0) blocks.push(outputLines(failure.outputs, l, 4));
  if (failure.problem && failure.problem.message !== failure.sentence)
    blocks.push([
      ...wrap(clean(failure.problem.message), l.width - 4).map((t) => margin + l.red(t)),
      ...placeLines(failure.problem, l, 6),
    ]);
  else if (failure.problem) {
    const message = alone ? wrap(clean(failure.problem.message), l.width - 4).map((t) => margin + l.red(t)) : [];
    blocks.push([...message, ...placeLines(failure.problem, l, alone ? 6 : 4)]);
  }
  if (failure.facts.length > 0) blocks.push(failure.facts.flatMap((f) => wrap(clean(f), l.width, '      ')));
  if (exercise.console) blocks.push(printed('Printed by your code:', exercise.console, l, 4));
  if (exercise.notes.length > 0) blocks.push(exercise.notes.flatMap((n) => wrap(clean(n), l.width, margin)));
  if (failure.diagnosis) {
    const cause = wrap(`Looks like: ${clean(failure.diagnosis.says)}`, l.width, margin);
    blocks.push(cause.map((t) => t.replace('Looks like:', l.yellow('Looks like:'))));
  }
  blocks.push([...hintLine(exercise, l), ...againLines(exercise, failure, report, l)]);
  return blocks.filter((block) => block.length > 0).flatMap((block, i) => (i === 0 ? block : ['', ...block]));
}

function hintLine(exercise: ExerciseReport, l: Look): string[] {
  if (exercise.hints === 0) return [];
  const [chapter, topic, name] = exercise.id.split('/');
  const seen = l.hintsSeen(exercise.id);
  const words = ['npm run hint', `${chapter}/${topic}/${name}`];
  return seen >= exercise.hints
    ? command(`All ${exercise.hints} hints once more:`, words, ['--again'], 4, l)
    : command(`Hint ${seen + 1} of ${exercise.hints}:`, words, [], 4, l);
}

function againLines(exercise: ExerciseReport, failure: Failure, report: Report, l: Look): string[] {
  const seed = report.seed === DEFAULT_SEED ? [] : [`--seed ${report.seed}`];
  // Without a case there is nothing smaller to run.
  if (failure.replay.case === undefined) return [];
  const which = [`--case ${failure.replay.case}`];
  const words = ['npm run grade', exercise.id];
  const lines = command('Only this case:', words, [...l.flags, ...seed, ...which], 4, l);
  if (l.debugHints)
    lines.push(...command('In a debugger:', words, [...l.flags, ...seed, ...(l.replay ? which : []), '--debug'], 4, l));
  return lines;
}

/**
 * A command to copy, after a few words. Where it does not fit, it is broken with the shell's own `\`, so that it still
 * can be copied.
 */
export function command(
  words: string,
  parts: readonly string[],
  flags: readonly string[],
  indent: number,
  l: Pick<Look, 'width' | 'cyan'>,
) {
  const margin = ' '.repeat(indent);
  const whole = [...parts, ...(flags.length > 0 ? ['--', ...flags] : [])].join(' ');
  const line = `${margin}${words}${words ? ' ' : ''}`;
  if (widthOf(line) + widthOf(whole) <= l.width) return [line + l.cyan(whole)];
  const below = `${margin}  `;
  if (widthOf(below + whole) <= l.width) return [line.trimEnd(), below + l.cyan(whole)];
  const lines = words ? [line.trimEnd()] : [];
  // A flag stays with its value.
  const pieces = [...parts.flatMap((p) => p.split(' ')), ...(flags.length > 0 ? ['--', ...flags] : [])];
  const inside = pieces.every((p) => widthOf(`${below}${p} \\`) <= l.width) ? below : '';
  let now = '';
  const flush = (end: string) => {
    lines.push(inside + l.cyan(now + end));
    now = '';
  };
  for (const piece of pieces) {
    if (now !== '' && widthOf(`${inside}${now} ${piece} \\`) > l.width) flush(' \\');
    now += (now === '' ? '' : ' ') + piece;
    // Not even one word fits: the shell joins its halves when nothing stands between them.
    while (widthOf(now) + 2 > l.width) {
      const rest = now.slice(l.width - 1);
      now = now.slice(0, l.width - 1);
      flush('\\');
      now = rest;
    }
  }
  flush('');
  return lines;
}

interface Box {
  label: string;
  lines: string[];
}

const labelOf = (leaf: Leaf) => [leaf.name, shapeText(leaf.shape)].filter(Boolean).join(' ');

/** Named values in as many columns as fit. */
function flow(all: Leaf[], l: Look, indent: number): string[] {
  const width = l.width - indent;
  const kept = readable(all);
  const boxes = kept.map((leaf): Box => ({ label: labelOf(leaf), lines: draw(leaf, { width, style: l }) }));
  const margin = ' '.repeat(indent);
  for (let most = Math.min(3, boxes.length); most >= 1; most--) {
    // Four are two by two, not three and one.
    const columns = Math.ceil(boxes.length / Math.ceil(boxes.length / most));
    const rows = Array.from({ length: Math.ceil(boxes.length / columns) }, (_, r) =>
      boxes.slice(r * columns, (r + 1) * columns),
    );
    const widths = Array.from({ length: columns }, (_, c) => {
      const here = rows.flatMap((row) => row[c] ?? []);
      const label = Math.max(...here.map((b) => widthOf(b.label)));
      return { label, whole: label + 2 + Math.max(...here.flatMap((b) => b.lines.map(widthOf))) };
    });
    if (widths.reduce((sum, w) => sum + w.whole, 4 * (columns - 1)) > width) continue;
    return [
      ...rows.flatMap((row) => beside(row, widths).map((line) => margin + line)),
      ...more(all.length - kept.length, margin, l),
    ];
  }
  // Not even one fits beside its label.
  const lines = boxes.flatMap((b) => {
    const inner = b.lines.map((line) => (widthOf(line) + 2 <= width ? `  ${line}` : line));
    return [l.dim(fit(b.label, width)), ...inner].map((line) => margin + line);
  });
  return [...lines, ...more(all.length - kept.length, margin, l)];

  function beside(row: Box[], widths: { label: number; whole: number }[]): string[] {
    const height = Math.max(...row.map((b) => b.lines.length));
    return Array.from({ length: height }, (_, i) =>
      row
        .map((b, c) => {
          const label = l.dim(pad(i === 0 ? b.label : '', widths[c]!.label));
          return pad(`${label}  ${b.lines[i] ?? ''}`, widths[c]!.whole);
        })
        .join('    ')
        .trimEnd(),
    );
  }
}

const limited = <T>(all: T[]) => (all.length > MOST_LEAVES ? all.slice(0, MOST_LEAVES) : all);
/** Single numbers cost no room, and a case cannot be recomputed without its settings: they all stay. */
const readable = (all: Leaf[]) => {
  const large = limited(all.filter((leaf) => leaf.shape?.length));
  return all.filter((leaf) => !leaf.shape?.length || large.includes(leaf));
};
const more = (hidden: number, margin: string, l: Look) => (hidden > 0 ? [margin + l.dim(`… and ${hidden} more`)] : []);

interface Pair {
  label: string;
  yours: string[];
  expected: string[];
}

/** Results: the student's beside the expected ones, wrong cells marked by colour and by a star. */
function outputLines(outputs: ShownOutput[], l: Look, indent: number): string[] {
  const width = l.width - indent;
  const margin = ' '.repeat(indent);
  const asked = outputs.some((o) => o.expected !== undefined);
  const all = outputs.flatMap((o) => outputLeaves(o));
  if (all.some((leaf) => !leaf.got) || (asked && all.some((leaf) => !leaf.expected))) return unlike(all, l, indent);
  const starred = all.some((p) => p.wrong.size > 0 && (p.got?.shape?.length ?? 0) > 0);
  const heads = [starred ? 'yours (* wrong)' : 'yours', asked ? 'expected' : ''];

  const draft = (each: number): Pair[] =>
    limited(all).map(({ name, got, expected, wrong }) => {
      const sameShape = expected === undefined || shapeText(got?.shape) === shapeText(expected.shape);
      const label = [name || 'result', sameShape ? shapeText(got?.shape) : ''].filter(Boolean).join(' ');
      if (sameShape && got && expected) {
        const [yours, wanted] = drawAlike(got, expected, { width: each, style: l, wrong });
        return { label, yours, expected: wanted };
      }
      const own = (leaf: Leaf | undefined) => {
        if (!leaf) return [];
        const lines = draw(leaf, { width: each, style: l, ...(leaf === got && { wrong }) });
        // A single number needs no shape.
        return sameShape || !leaf.shape || leaf.shape.length === 0 ? lines : [l.dim(shapeText(leaf.shape)), ...lines];
      };
      return { label, yours: own(got), expected: own(expected) };
    });
  const widest = (lists: string[][], head: string) => Math.max(widthOf(head), ...lists.flat().map(widthOf));

  // Beside each other if all of it fits; else below each other.
  const labels = Math.max(
    ...limited(all).map((p) => widthOf([p.name || 'result', shapeText(p.got?.shape)].join(' ').trim())),
  );
  const each = asked ? Math.floor((width - labels - 2 - 4) / 2) : width - labels - 2;
  const pairs = draft(Math.max(8, each));
  const label = Math.max(...pairs.map((p) => widthOf(p.label)));
  const yours = widest(
    pairs.map((p) => p.yours),
    heads[0]!,
  );
  const expected = asked
    ? widest(
        pairs.map((p) => p.expected),
        heads[1]!,
      )
    : 0;
  const same = (a: Pair[], b: Pair[]) => JSON.stringify(a) === JSON.stringify(b);
  const below = draft(width - 2);
  // Left out for want of room, and not because there is too much of it.
  const elided = !same(pairs, draft(Infinity));
  const better = elided && (each < 24 || same(below, draft(Infinity)));
  if (label + 2 + yours + (asked ? 4 + expected : 0) <= width && !better) {
    const row = (a: string, b: string, c: string) =>
      `${margin}${pad(a, label)}  ${asked ? `${pad(b, yours)}    ${c}` : b}`;
    const lines = [l.dim(row('', heads[0]!, heads[1]!))];
    for (const p of pairs)
      for (let i = 0; i < Math.max(1, p.yours.length, p.expected.length); i++)
        lines.push(row(l.dim(i === 0 ? p.label : ''), p.yours[i] ?? '', p.expected[i] ?? ''));
    return [
      ...lines.map((t) => t.trimEnd()),
      ...sameDigits(all, l, indent),
      ...more(all.length - limited(all).length, margin, l),
    ];
  }
  const lines = below.flatMap((p) => [
    l.dim(fit(`${p.label}, ${heads[0]}:`, width)),
    ...p.yours.map((t) => `  ${t}`),
    ...(asked ? [l.dim('expected:'), ...p.expected.map((t) => `  ${t}`)] : []),
  ]);
  return [
    ...lines.map((t) => margin + t),
    ...sameDigits(all, l, indent),
    ...more(all.length - limited(all).length, margin, l),
  ];
}

/** Results of another form than the expected ones have no cells to compare. */
function unlike(all: OutputLeaf[], l: Look, indent: number): string[] {
  const side = (title: string, pick: (leaf: OutputLeaf) => Leaf | undefined) => {
    const found = all.flatMap((leaf) => {
      const one = pick(leaf);
      return one ? [{ ...one, name: one.name || 'result' }] : [];
    });
    return found.length > 0 ? [' '.repeat(indent) + l.dim(title), ...flow(found, l, indent + 2)] : [];
  };
  return [...side('yours', (leaf) => leaf.got), ...side('expected', (leaf) => leaf.expected)];
}

interface OutputLeaf {
  name: string;
  got: Leaf | undefined;
  expected: Leaf | undefined;
  wrong: Set<number>;
  /** The largest difference of a wrong entry from the right one; 0 where none can be told. */
  off: number;
}

/** A result cut into leaves; the student's and the expected ones are matched by name. */
function outputLeaves({ name, got, expected, wrong }: ShownOutput): OutputLeaf[] {
  // "network after the call" has pieces like "network.hiddenWeights after the call".
  const after = name.endsWith(AFTER) ? AFTER : '';
  const bare = name.slice(0, name.length - after.length);
  const own = bare.startsWith('[') ? `result${bare}` : bare;
  const gots = leaves(own, got);
  const wants = expected === undefined ? [] : leaves(own, expected);
  const names = [...new Set([...wants, ...gots].map((leaf) => leaf.name))];
  return names.map((n) => {
    const mine = gots.find((leaf) => leaf.name === n);
    const want = wants.find((leaf) => leaf.name === n);
    const marks = names.length === 1 ? wrong : after ? changed(mine, want) : [];
    const off = names.length === 1 ? difference(got, expected, wrong) : 0;
    return { name: n + after, got: mine, expected: want, wrong: new Set(marks), off };
  });
}

function difference(got: Shown, expected: Shown | undefined, wrong: readonly number[]): number {
  const numbers = (v: Shown | undefined): readonly unknown[] => {
    if (typeof v !== 'object' || v === null) return [v];
    return 'tensor' in v ? v.tensor.data : 'list' in v ? v.list : [];
  };
  const [have, want] = [numbers(got), numbers(expected)];
  const all = wrong.map((k) => Math.abs(Number(have[k]) - Number(want[k])));
  return Math.max(0, ...all.filter(Number.isFinite));
}

const AFTER = ' after the call';

/** The cells of an input that are not what they were. */
function changed(now: Leaf | undefined, before: Leaf | undefined): number[] {
  if (!now || !before || shapeText(now.shape) !== shapeText(before.shape)) return [];
  return now.cells.flatMap((cell, k) => (cell === before.cells[k] ? [] : [k]));
}

/** Six digits may be too few to see the difference. */
function sameDigits(all: OutputLeaf[], l: Look, indent: number): string[] {
  const alike = all.filter(
    ({ got, expected, wrong }) =>
      wrong.size > 0 && expected && got && [...wrong].every((k) => got.cells[k] === expected.cells[k]),
  );
  if (alike.length === 0) return [];
  const off = Math.max(...alike.map((leaf) => leaf.off));
  const size = off > 0 ? `, ${off.toPrecision(1)} at most,` : '';
  const says = `The difference${size} is beyond the six digits shown.`;
  return wrap(says, l.width, ' '.repeat(indent)).map((t) => l.dim(t));
}

/** The exercise to do next: the first that fails, else the first not started. */
export function nextOf(report: Report): { exercise: ExerciseReport; topic: TopicReport } | undefined {
  const all = report.topics.flatMap((topic) => topic.exercises.map((exercise) => ({ exercise, topic })));
  // Within the first topic that is not done: what fails comes before what is not begun.
  const first = all.find(({ exercise }) => !isPass(exercise))?.topic;
  const here = all.filter(({ topic }) => topic === first);
  return here.find(({ exercise }) => isBad(exercise)) ?? here.find(({ exercise }) => !isPass(exercise));
}

function ending(report: Report, l: Look): string[] {
  const asked = report.assignment.split('/').length;
  const next = nextOf(report);
  const points = `${report.points} of ${count(report.maxPoints, 'point')}.`;
  if (!next) {
    if (report.maxPoints === 0) return wrap('There is nothing to grade here yet.', l.width);
    const praise =
      report.assignment === 'course'
        ? 'All of it, by hand. There is nothing left to teach you here.'
        : asked === 1
          ? `${l.titles[report.assignment] ? 'All of this chapter' : 'All of it'} is yours now.`
          : asked === 2
            ? 'This topic is yours now.'
            : 'Done.';
    const lines = wrap(praise, l.width).map((t) => l.green(t));
    const commands = l.whatNext.flatMap((c, i) => command(i === 0 ? 'Next:' : 'Then:', [c], [], 0, l));
    return [...lines, ...commands];
  }
  const { exercise, topic } = next;
  const file = l.fileName(topic.file);
  if (topic.load) return wrap(`${points} Next: make ${file} load.`, l.width);
  if (!exercise.started) {
    const begin = report.topics.every(untouched) ? 'Begin with' : `${points} Next: write`;
    return wrap(`${begin} ${exercise.name} in ${file}`, l.width);
  }
  const lines = wrap(`${points} Next: ${exercise.name} in ${file}`, l.width);
  return report.assignment === 'course'
    ? [...lines, ...command('', ['npm run grade', topic.id], l.flags, 0, l)]
    : lines;
}
