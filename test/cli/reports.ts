/** Reports written by hand. */
import {
  REPORT_SCHEMA,
  total,
  type CheckReport,
  type ExerciseReport,
  type Failure,
  type Report,
  type Shown,
  type TopicReport,
} from '../../grader/engine/report.ts';

export const matrix = (shape: number[], ...data: (number | string)[]): Shown => ({ tensor: { shape, data } });

export function check(more: Partial<CheckReport> = {}): CheckReport {
  return {
    id: 'agrees',
    sentence: 'agrees with the definition',
    verdict: 'pass',
    points: 0,
    maxPoints: 0,
    cases: 30,
    visibility: 'visible',
    ...more,
  };
}

export function exercise(name: string, more: Partial<ExerciseReport> = {}): ExerciseReport {
  const verdict = more.verdict ?? 'pass';
  const points = verdict === 'pass' ? 2 : 0;
  return {
    id: `chapter-5/attention/${name}`,
    name,
    points,
    maxPoints: 2,
    verdict,
    started: verdict !== 'not-run',
    checks: [
      check({ verdict, points, maxPoints: 2 }),
      check({ id: 'pure', sentence: 'leaves its inputs as they are' }),
    ],
    notes: [],
    hints: 3,
    ...more,
  };
}

export function failure(more: Partial<Failure> = {}): Failure {
  return {
    check: 'agrees',
    sentence: 'the result is wrong',
    inputs: [],
    outputs: [],
    facts: [],
    replay: { seed: 1, case: '0.3:1' },
    ...more,
  };
}

export const failing = (name: string, what: Partial<Failure>, more: Partial<ExerciseReport> = {}): ExerciseReport =>
  exercise(name, { verdict: 'fail', failure: failure(what), ...more });

export function topic(exercises: ExerciseReport[], more: Partial<TopicReport> = {}): TopicReport {
  return {
    id: 'chapter-5/attention',
    file: 'chapter-5-transformer/attention.ts',
    title: 'Attention',
    ...total(exercises),
    exercises,
    ...more,
  };
}

export function report(topics: TopicReport[], more: Partial<Report> = {}): Report {
  return {
    schema: REPORT_SCHEMA,
    assignment: 'chapter-5/attention',
    seed: 1,
    isolation: 'process',
    ...total(topics),
    topics,
    ...more,
  };
}

/** The report of the failure that everything else is measured by. */
export const scaled = report([
  topic([
    exercise('attention', { checks: Array.from({ length: 7 }, (_, i) => check({ id: String(i) })) }),
    failing('attentionBackward', {
      sentence: 'the gradient of k is wrong',
      inputs: [
        { name: 'q', value: matrix([1, 2], 0.5, -1) },
        { name: 'upstream', value: matrix([1, 1], 1) },
        { name: 'k', value: matrix([2, 2], 1, 0, 0, 1) },
        { name: 'v', value: matrix([2, 1], 2, 0) },
      ],
      outputs: [
        {
          name: 'dk',
          expected: matrix([2, 2], 0.1351, -0.2702, -0.1351, 0.2702),
          got: matrix([2, 2], 0.191, -0.3821, -0.191, 0.2702),
          wrong: [0, 1, 2],
        },
      ],
      facts: ['every entry is 1.41421 times too large: that is √d_k'],
      diagnosis: {
        kind: 'misconception',
        name: 'scale',
        says: 'the scale is in the forward pass but not in the gradient of k.',
      },
    }),
    exercise('multiHeadAttention', { verdict: 'not-run' }),
  ]),
]);
