import { describe, expect, test } from 'vitest';
import { Tensor } from '#tensor';
import { agrees, exercise, gradeExercise, inProcess } from '../../grader/engine/index.ts';
import { tensor } from '../../grader/engine/inputs.ts';
import { withoutRests } from '../../grader/engine/rest.ts';

const vector = (...data: number[]) => new Tensor([data.length], data);
const rests = (expected: number[], got: number[], wrong: number[]) => {
  const out = withoutRests({ name: '', kind: 'value', says: '', expected: vector(...expected), got: vector(...got), wrong }); // prettier-ignore
  return [out.expected, out.got].map((x) => Array.from((x as Tensor).data));
};

describe('what is left of a sum that cancels', () => {
  test('is shown as 0 beside numbers that it is nothing to', () => {
    expect(rests([0.3, 5e-19], [0.6, -2e-17], [0])).toEqual([[0.3, 0], [0.6, 0]]); // prettier-ignore
    expect(rests([0.3, 0.2], [0.6, 5e-19], [0, 1])).toEqual([[0.3, 0.2], [0.6, 0]]); // prettier-ignore
  });

  test('a wrong entry never looks right, and small numbers among small ones stay', () => {
    expect(rests([1, 4e-18], [1, 3e-18], [1])).toEqual([[1, 4e-18], [1, 3e-18]]); // prettier-ignore
    expect(rests([4e-18, 2e-18], [4e-18, 1e-18], [1])).toEqual([[4e-18, 2e-18], [4e-18, 1e-18]]); // prettier-ignore
  });

  test('infinities and NaN stay, and so does what is no list of numbers', () => {
    expect(rests([Infinity, 1e-20], [NaN, 0], [0])).toEqual([[Infinity, 1e-20], [NaN, 0]]); // prettier-ignore
    const record = { name: '', kind: 'type', says: '', expected: { a: 1e-20 }, got: undefined, wrong: [] } as const;
    expect(withoutRests({ ...record, wrong: [] })).toEqual({ expected: record.expected, got: undefined });
  });

  test('in a report', async () => {
    const ones = exercise({
      points: 1,
      inputs: { x: tensor('N') },
      sizes: { N: [2, 3] },
      oracle: ({ x }) => x.mul(0).add(1),
      checks: [agrees()],
      misconceptions: {},
      hints: ['…'],
    });
    const wrong = ({ x }: { x: Tensor }) => x.map(() => 5e-19);
    const report = await gradeExercise({ ...ones, name: 'd' }, 'a/b/d', inProcess({ d: wrong as never }), { seed: 1 }); // prettier-ignore
    const { got } = report.failure!.outputs[0]!;
    expect((got as { tensor: { data: number[] } }).tensor.data.slice(0, 2)).toEqual([0, 0]);
  });
});
