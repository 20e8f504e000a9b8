/** Sentences about an exercise that several gradebooks share; all of them plain text. */
import type { ExerciseReport, TopicReport } from '../../engine/report.ts';
import { draw, leaves, shapeText, type Leaf } from '../../reports/matrices.ts';
import { PLAIN } from '../../reports/colours.ts';
import { clean } from '../../reports/wrap.ts';
import type { Shown } from '../../engine/report.ts';

const DRAWING = { width: 72, style: PLAIN };
/** Pieces of a value that are drawn; nobody reads more. */
const MOST = 10;

const block = (leaf: Leaf, wrong?: ReadonlySet<number>): string[] => {
  const label = [leaf.name, shapeText(leaf.shape)].filter(Boolean).join(' ');
  const [first, ...rest] = draw(leaf, { ...DRAWING, ...(wrong && { wrong }) });
  const margin = ' '.repeat(label.length + 2);
  return [`${label}  ${first ?? ''}`, ...rest.map((line) => margin + line)];
};

/** A named value as lines of text. */
export function valueLines(name: string, value: Shown, wrong: readonly number[] = []): string[] {
  const all = leaves(clean(name) || 'result', value);
  const marks = all.length === 1 ? new Set(wrong) : undefined;
  const lines = all.slice(0, MOST).flatMap((leaf) => block(leaf, marks));
  return all.length > MOST ? [...lines, `… and ${all.length - MOST} more`] : lines;
}

/** What is the matter with an exercise, in one sentence; undefined when it is right. */
export function wrongWith(exercise: ExerciseReport, topic: TopicReport): string | undefined {
  if (exercise.verdict === 'pass') return undefined;
  if (topic.load) return clean(topic.load.message);
  if (exercise.failure) {
    const check = exercise.checks.find(({ id }) => id === exercise.failure!.check);
    const hidden = check?.visibility === 'hidden' ? ' (a check of your instructor’s)' : '';
    return clean(exercise.failure.sentence) + hidden;
  }
  if (exercise.notes.length > 0) return clean(exercise.notes[0]!);
  if (!exercise.started) return 'not started';
  return exercise.verdict === 'inconclusive' ? 'could not be judged' : 'not graded';
}

/** Everything about a failure, as lines of text: for places that show no more than text. */
export function failureText(exercise: ExerciseReport, topic: TopicReport): string[] {
  const { failure } = exercise;
  const problem = topic.load ?? failure?.problem;
  const lines: string[] = [];
  const part = (...more: string[]) => lines.push(...(lines.length > 0 ? [''] : []), ...more);
  if (problem) part(clean(problem.message), ...(problem.at ? [`at ${clean(problem.at.file)}:${problem.at.line}:${problem.at.column}`] : [])); // prettier-ignore
  if (failure && failure.inputs.length > 0)
    part('For this input:', ...failure.inputs.flatMap(({ name, value }) => valueLines(name, value)));
  for (const { name, got, expected, wrong } of failure?.outputs ?? []) {
    part('yours:', ...valueLines(name, got, wrong));
    if (expected !== undefined) lines.push('expected:', ...valueLines(name, expected));
  }
  if (failure && failure.facts.length > 0) part(...failure.facts.map(clean));
  if (exercise.notes.length > 0) part(...exercise.notes.map(clean));
  if (failure?.diagnosis) part(`Looks like: ${clean(failure.diagnosis.says)}`);
  return lines;
}
