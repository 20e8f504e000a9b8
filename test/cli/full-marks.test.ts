/** Full marks are taken over while nothing changes, and only then. */
import { describe, expect, it } from 'vitest';
import { canonical, type Report } from '../../grader/engine/report.ts';
import { TestCourse } from './course.ts';

const NOT_AGAIN = 'so not graded again';

/** A course in which neuron and perceptron are solved. */
function solved(): TestCourse {
  const course = new TestCourse();
  course.solve('neuron');
  course.solve('perceptron');
  return course;
}

describe('a topic with full marks', () => {
  it('is not graded again while its file stays, and the report is the same', async () => {
    const course = solved();
    const first = await course.run(['grade', 'chapter-1', '--json']);
    const plain = await course.run(['grade', 'chapter-1']);
    expect(plain.out).toContain('Unchanged since full marks, so not graded again: 2 of 3 topics');
    const again = await course.run(['grade', 'chapter-1', '--json']);
    const [a, b] = [first, again].map(({ out }) => canonical(JSON.parse(out) as Report));
    expect(b).toEqual(a);
    expect(a!.points).toBeGreaterThan(0);
    expect(again.code).toBe(first.code);
  });

  it('is graded again after an edit, with --fresh, with another seed, and by the name of one function', async () => {
    const course = solved();
    await course.run(['grade', 'chapter-1/neuron']);
    expect((await course.run(['grade', 'chapter-1/neuron'])).out).toContain('not graded again: this topic');
    for (const words of [['--fresh'], ['--seed', '5']])
      expect((await course.run(['grade', 'chapter-1/neuron', ...words])).out).not.toContain(NOT_AGAIN);
    expect((await course.run(['grade', 'chapter-1/neuron/step'])).out).not.toContain(NOT_AGAIN);
    course.solve('neuron', (text) => text.replace('z >= 0 ? 1 : 0', 'z > 0 ? 1 : 0'));
    const wrong = await course.run(['grade', 'chapter-1/neuron']);
    expect(wrong.code).toBe(1);
    expect(wrong.out).not.toContain(NOT_AGAIN);
  });

  it('is graded again when a file beside it that it imports has changed, or is gone', async () => {
    const course = solved();
    const helper = 'chapters/chapter-1-mp/helper.ts';
    course.write(helper, 'export const threshold = 0;\n');
    const use = "import { threshold } from './helper.ts';\n";
    course.solve('neuron', (text) => use + text.replace('z >= 0 ? 1 : 0', 'z >= threshold ? 1 : 0'));
    expect((await course.run(['grade', 'chapter-1/neuron'])).code).toBe(0);
    expect((await course.run(['grade', 'chapter-1/neuron'])).out).toContain(NOT_AGAIN);
    course.write(helper, 'export const threshold = 1;\n');
    const wrong = await course.run(['grade', 'chapter-1/neuron']);
    expect({ code: wrong.code, again: wrong.out.includes(NOT_AGAIN) }).toEqual({ code: 1, again: false });
  });

  it('less than full marks are never kept', async () => {
    const course = new TestCourse();
    course.solve('neuron', (text) => text.replace('z >= 0 ? 1 : 0', 'z > 0 ? 1 : 0'));
    for (let i = 0; i < 2; i++) {
      const { code, out } = await course.run(['grade', 'chapter-1/neuron']);
      expect({ code, kept: out.includes(NOT_AGAIN) }).toEqual({ code: 1, kept: false });
    }
  });
});
