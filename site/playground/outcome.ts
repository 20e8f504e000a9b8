/** A report as the page shows it: the same sentences and the same matrices as in the terminal. */
import type { ExerciseReport, Failure, Problem, Report, Shown, TopicReport } from '../../grader/engine/report.ts';
import { PLAIN } from '../../grader/reports/colours.ts';
import { draw, leaves, shapeText } from '../../grader/reports/matrices.ts';
import { clean } from '../../grader/reports/wrap.ts';
import { words } from './words.ts';

type Child = Node | string | undefined;

/** An element with a class and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name = '',
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  // prettier-ignore
  const made = document.createElement(tag);
  if (name !== '') made.className = name;
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

export interface Actions {
  /** Shows a line of the editor. */
  toLine(line: number): void;
  hint?: (() => void) | undefined;
}

/** Columns of a matrix that fit the place. */
const columns = (place: HTMLElement) => Math.max(24, Math.floor((place.clientWidth || 600) / 8.4));

/** The report of one exercise, or of all of a file. */
export function showReport(report: Report, place: HTMLElement, actions: Actions): HTMLElement[] {
  const topic = report.topics[0]!;
  const width = columns(place);
  if (topic.load) return loading(topic, topic.load, actions);
  return topic.exercises.map((exercise) => one(exercise, topic, report, width, actions, topic.exercises.length > 1));
}

/** In a sentence, for the status line. */
export function summary({ topics: [topic], points, maxPoints }: Report): string {
  if (topic!.load) return clean(topic!.load.message);
  if (topic!.exercises.length > 1) return words.points(points, maxPoints);
  return headline(topic!.exercises[0]!);
}

function headline(exercise: ExerciseReport): string {
  const { name, verdict, started, failure, points, maxPoints } = exercise;
  if (verdict === 'pass') return words.passed(name, exercise.checks.length, words.points(points, maxPoints));
  if (!started) return words.notStarted(name);
  const some = points > 0 ? ` (${words.points(points, maxPoints)})` : '';
  return `${name}: ${clean(failure?.sentence ?? exercise.notes[0] ?? verdict)}${some}`;
}

const sign = (verdict: string, started = true) => (verdict === 'pass' ? '✓' : started && verdict !== 'not-run' ? '✗' : '·'); // prettier-ignore

function one(
  exercise: ExerciseReport,
  topic: TopicReport,
  report: Report,
  width: number,
  actions: Actions,
  many: boolean,
): HTMLElement {
  // prettier-ignore
  const { failure, started, verdict } = exercise;
  const mark = element('span', verdict === 'pass' ? 'right' : started ? 'wrong' : 'soft', `${sign(verdict, started)} `);
  mark.ariaHidden = 'true';
  const box = element('section', 'verdict', element(many ? 'h4' : 'p', 'headline', mark, headline(exercise)));
  for (const note of exercise.notes) box.append(element('p', 'note', clean(note)));
  if (failure) box.append(...explained(failure, exercise, report, width, actions));
  const printed = exercise.console ?? topic.console;
  if (printed && (verdict !== 'pass' || !many))
    box.append(
      element('details', 'console', element('summary', '', words.console), element('pre', '', clean(printed))),
    );
  if (!many && started) {
    const rows = exercise.checks.map((check) => {
      const late = check.verdict === 'not-run' ? `: ${words.notReached}` : '';
      return element('li', '', `${sign(check.verdict)} ${clean(check.sentence)}${late}`);
    });
    box.append(element('details', 'all-checks', element('summary', '', words.checks), element('ul', '', ...rows)));
  }
  return box;
}

function explained(
  failure: Failure,
  exercise: ExerciseReport,
  report: Report,
  width: number,
  actions: Actions,
): HTMLElement[] {
  // prettier-ignore
  const out: HTMLElement[] = [];
  if (failure.problem && failure.problem.message !== failure.sentence)
    out.push(element('p', 'problem', clean(failure.problem.message)));
  if (failure.problem) out.push(...placed(failure.problem, actions));
  if (failure.inputs.length > 0) {
    out.push(element('p', 'soft', words.input));
    out.push(
      element('pre', 'values', failure.inputs.flatMap(({ name, value }) => value_(name, value, width)).join('\n')),
    );
  }
  for (const { name, got, expected, wrong } of failure.outputs) {
    out.push(element('p', 'soft', words.outputs));
    out.push(element('pre', 'values', value_(name, got, width, new Set(wrong)).join('\n')));
    if (expected === undefined) continue;
    out.push(element('p', 'soft', words.expected));
    out.push(element('pre', 'values', value_(name, expected, width).join('\n')));
  }
  for (const fact of failure.facts) out.push(element('p', 'fact', clean(fact)));
  if (failure.diagnosis)
    out.push(element('p', 'diagnosis', element('strong', '', `${words.looksLike} `), clean(failure.diagnosis.says)));
  const row = element('p', 'after');
  if (actions.hint && exercise.hints > 0) row.append(button(words.nextHint, actions.hint));
  const replay = failure.replay.case === undefined ? '' : ` -- --case ${failure.replay.case}`;
  const seed = report.seed === 1 ? '' : ` --seed ${report.seed}`;
  row.append(
    element('small', 'soft', `${words.command} `, element('code', '', `npm run grade ${exercise.id}${replay}${seed}`)),
  );
  out.push(row);
  return out;
}

function loading(topic: TopicReport, problem: Problem, actions: Actions): HTMLElement[] {
  const mark = element('span', 'wrong', '✗ ');
  mark.ariaHidden = 'true';
  const box = element('section', 'verdict', element('p', 'headline', mark, clean(problem.message)), ...placed(problem, actions)); // prettier-ignore
  if (topic.console)
    box.append(element('details', 'console', element('summary', '', words.console), element('pre', '', clean(topic.console)))); // prettier-ignore
  return [box];
}

function placed({ at }: Problem, actions: Actions): HTMLElement[] {
  if (!at) return [];
  const out: HTMLElement[] = [];
  if (at.text !== undefined && at.text.trim() !== '') {
    const text = clean(at.text);
    const caret = `${' '.repeat(Math.max(0, Math.min(at.column - 1, text.length)))}^`;
    out.push(element('pre', 'values', `${text}\n${caret}`));
  }
  out.push(
    element(
      'p',
      'after',
      button(words.toLine(at.line), () => actions.toLine(at.line)),
    ),
  );
  return out;
}

export function button(text: string, act: () => void): HTMLButtonElement {
  const made = element('button', '', text);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
}

/** A value as lines: its name and shape, and its matrix below. */
function value_(name: string, value: Shown, width: number, wrong?: ReadonlySet<number>): string[] {
  return leaves(name, value)
    .slice(0, 12)
    .flatMap((leaf, i, all) => {
      const marks = wrong && all.length === 1 ? wrong : new Set<number>();
      const title = [clean(leaf.name), shapeText(leaf.shape)].filter((part) => part !== '').join(' ');
      const lines = draw(leaf, { width: width - 2, style: PLAIN, wrong: marks });
      const starred = marks.size > 0 && leaf.shape === undefined ? lines.map((line) => `${line}*`) : lines;
      return starred.length === 1 && title.length + starred[0]!.length + 2 <= width
        ? [title === '' ? starred[0]! : `${title}  ${starred[0]}`]
        : [...(title === '' ? [] : [title]), ...starred.map((line) => `  ${line}`)];
    });
}
