/** JUnit XML: one suite for each person, one case for each exercise. */
import type { ExerciseReport } from '../../engine/report.ts';
import type { StudentResult } from '../for-student.ts';
import { failureText, wrongWith } from './words.ts';

/** Text as it may stand in an attribute or an element; what XML 1.0 cannot hold at all becomes a question mark. */
export function xml(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex -- that is what must not be there
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
      .replace(/[&<>"'\r\n\t]/g, (ch) => `&#${ch.charCodeAt(0)};`)
  );
}

const attributes = (all: Record<string, string | number>) =>
  Object.entries(all)
    .map(([name, value]) => ` ${name}="${xml(String(value))}"`)
    .join('');

const ENDS: Partial<Record<ExerciseReport['verdict'], string>> = {
  error: 'Error',
  timeout: 'Timeout',
  oom: 'OutOfMemory',
  crash: 'Crash',
};

interface Counts {
  tests: number;
  failures: number;
  errors: number;
  skipped: number;
}

const kindOf = ({ verdict }: ExerciseReport): 'passed' | 'failures' | 'errors' | 'skipped' =>
  verdict === 'pass' ? 'passed' : verdict === 'fail' ? 'failures' : ENDS[verdict] ? 'errors' : 'skipped';

function suite(result: StudentResult): { lines: string[]; counts: Counts } {
  const counts: Counts = { tests: 0, failures: 0, errors: 0, skipped: 0 };
  const cases: string[] = [];
  const open = (name: string, classname: string) => `    <testcase${attributes({ name, classname })}>`;
  for (const topic of result.report?.topics ?? [])
    for (const exercise of topic.exercises) {
      counts.tests++;
      const kind = kindOf(exercise);
      const head = open(exercise.name, topic.id.replace('/', '.'));
      if (kind === 'passed') {
        cases.push(head.replace(/>$/, '/>'));
        continue;
      }
      counts[kind]++;
      const message = wrongWith(exercise, topic)!;
      const body =
        kind === 'skipped'
          ? `<skipped${attributes({ message })}/>`
          : `<${kind.slice(0, -1)}${attributes({ message, type: ENDS[exercise.verdict] ?? 'WrongAnswer' })}>${xml(failureText(exercise, topic).join('\n'))}</${kind.slice(0, -1)}>`;
      cases.push(head, `      ${body}`, '    </testcase>');
    }
  if (!result.report) {
    // A suite without a case would look like one without a failure.
    counts.tests = counts.errors = 1;
    const message = result.reason ?? 'not graded';
    cases.push(open('submission', result.course.assignment), `      <error${attributes({ message, type: result.status })}/>`, '    </testcase>'); // prettier-ignore
  }
  const properties = { points: result.points, 'max points': result.maxPoints, grade: result.grade, isolation: result.isolation ?? 'none' }; // prettier-ignore
  return {
    counts,
    lines: [
      `  <testsuite${attributes({ name: result.submission.id, ...counts })}>`,
      '    <properties>',
      ...Object.entries(properties).map(([name, value]) => `      <property${attributes({ name, value })}/>`),
      '    </properties>',
      ...cases,
      '  </testsuite>',
    ],
  };
}

/** The suites of some people, under one name. Without times, so that a regrade of the same work gives the same file. */
export function junitXml(name: string, results: Iterable<StudentResult>): string {
  const lines: string[] = [];
  const sum: Counts = { tests: 0, failures: 0, errors: 0, skipped: 0 };
  for (const result of results) {
    const { lines: more, counts } = suite(result);
    lines.push(...more);
    for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts[key];
  }
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites${attributes({ name, ...sum })}>`, ...lines, '</testsuites>', ''].join('\n'); // prettier-ignore
}
