/** Gradescope's `results.json`. https://gradescope-autograders.readthedocs.io/en/latest/specs/ */
import { count } from '../../reports/wrap.ts';
import type { StudentResult } from '../for-student.ts';
import { failureText, wrongWith } from './words.ts';

export type GradescopeVisibility = 'hidden' | 'after_due_date' | 'after_published' | 'visible';

export interface GradescopeTest {
  score: number;
  max_score: number;
  status: 'passed' | 'failed';
  name: string;
  name_format: 'text';
  number: string;
  output: string;
  output_format: 'text';
  tags: string[];
  visibility: GradescopeVisibility;
}

export interface GradescopeResults {
  score: number;
  output: string;
  output_format: 'text';
  test_output_format: 'text';
  test_name_format: 'text';
  visibility: GradescopeVisibility;
  stdout_visibility: 'hidden';
  extra_data: Record<string, string | null>;
  tests: GradescopeTest[];
}

/** Longer outputs are cut: the whole file has to stay readable. */
const LONGEST = 20_000;
const cut = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}\n…` : text);

/**
 * @param visibility when students see it; a single hidden test would hide the total from them, so there is one for all
 */
export function gradescopeResults(
  result: StudentResult,
  visibility: GradescopeVisibility = 'visible',
): GradescopeResults {
  const { report } = result;
  const tests = (report?.topics ?? []).flatMap((topic, t) =>
    topic.exercises.map((exercise, e): GradescopeTest => ({
      score: exercise.points,
      max_score: exercise.maxPoints,
      status: exercise.verdict === 'pass' ? 'passed' : 'failed',
      name: `${topic.id.split('/')[1]}: ${exercise.name}`,
      name_format: 'text',
      number: `${t + 1}.${e + 1}`,
      output: cut(
        exercise.verdict === 'pass'
          ? `${count(exercise.checks.length, 'check')} passed`
          : [wrongWith(exercise, topic)!, '', ...failureText(exercise, topic)].join('\n').trim(),
      ),
      output_format: 'text',
      tags: [result.course.assignment, topic.id],
      visibility,
    })),
  );
  const late = result.late && result.late.percent > 0 ? `\n${result.late.percent} % off for being late.` : '';
  const reason = result.reason === undefined ? '' : `\n${result.reason}`;
  const aside = (result.intake?.ignored ?? []).slice(0, 20).map(({ path, why }) => `  ${path}: ${why}`);
  return {
    score: result.grade,
    output: cut(
      `${result.points} of ${result.maxPoints} points.${late}${reason}${aside.length > 0 ? `\nLeft aside:\n${aside.join('\n')}` : ''}`,
    ),
    output_format: 'text',
    test_output_format: 'text',
    test_name_format: 'text',
    visibility,
    stdout_visibility: 'hidden',
    extra_data: { sha256: result.submission.sha256, isolation: result.isolation, grader: result.course.grader },
    tests,
  };
}
