import { describe, expect, it } from 'vitest';
import { courseWithStubs, NEURON, NEURON_STUB, STUBS, tinyCourse } from './course.ts';

const skeletons = 'grader/cli/skeletons.ts';
const FILE = 'chapters/chapter-1-mp/neuron.ts';
const SOLUTION = 'solutions/chapter-1-mp/neuron.ts';

describe('npm run skeletons', () => {
  it('writes what is missing, and --check agrees afterwards', () => {
    const pit = tinyCourse();
    expect(pit.run(skeletons, '--check')).toMatchObject({ code: 1, out: expect.stringContaining(`missing  ${FILE}`) });
    expect(pit.run(skeletons)).toMatchObject({ code: 0, err: '' });
    for (const [path, text] of Object.entries(STUBS)) expect(pit.read(path)).toBe(text);
    expect(pit.read(FILE)).toBe(NEURON_STUB);
    expect(pit.run(skeletons, '--check')).toMatchObject({ code: 0, out: expect.stringContaining('All 6 skeletons') });
  });

  it('follows the solution through several changes without a commit', () => {
    const pit = tinyCourse();
    pit.run(skeletons);
    for (const word of ['staircase', 'Heaviside']) {
      pit.write(SOLUTION, NEURON.replace('The step', `The ${word}`));
      expect(pit.run(skeletons).code).toBe(0);
      expect(pit.read(FILE)).toContain(`The ${word}`);
    }
  });

  it('overwrites what the last commit derived, but never work', () => {
    const pit = courseWithStubs();
    pit.git('init', '-q');
    pit.git('add', '.');
    pit.git('commit', '-qm', 'course');
    pit.write(SOLUTION, NEURON.replace('The step', 'The Heaviside'));
    pit.write('chapters/chapter-1-mp/perceptron.ts', 'my work');
    pit.write('chapters/chapter-1-mp/mine.ts', 'my own file');
    const check = pit.run(skeletons, '--check');
    expect(check.code).toBe(1);
    expect(check.out).toMatch(/differs {2}.*neuron[^]*differs {2}.*perceptron[^]*extra .*mine/);

    const done = pit.run(skeletons);
    expect(done.code).toBe(1);
    expect(done.err).toMatch(/edited 1 skeleton[^]*chapters\/chapter-1-mp\/perceptron\.ts[^]*--force/);
    expect(pit.read(FILE)).toContain('The Heaviside');
    expect(pit.read('chapters/chapter-1-mp/perceptron.ts')).toBe('my work');

    expect(pit.run(skeletons, '--force').code).toBe(0);
    expect(pit.read('chapters/chapter-1-mp/perceptron.ts')).toBe(STUBS['chapters/chapter-1-mp/perceptron.ts']);
    expect(pit.read('chapters/chapter-1-mp/mine.ts')).toBe('my own file');
  });

  it('writes nothing at all when one solution is marked wrongly', () => {
    const pit = tinyCourse();
    pit.write('solutions/tensor/z.ts', '// #endregion\n');
    const done = pit.run(skeletons);
    expect(done).toMatchObject({ code: 1, err: expect.stringContaining('solutions/tensor/z.ts:1:') });
    expect(pit.has('chapters')).toBe(false);
  });

  it('deletes the skeleton of a solution that is gone, unless it was edited', () => {
    const pit = tinyCourse();
    pit.run(skeletons);
    pit.remove('solutions/chapter-1-mp/lab.ts');
    pit.remove('solutions/chapter-2-bp/lab.ts');
    pit.write('chapters/chapter-2-bp/lab.ts', 'my lab');
    expect(pit.run(skeletons).code).toBe(0);
    expect(pit.has('chapters/chapter-1-mp/lab.ts')).toBe(false);
    expect(pit.read('chapters/chapter-2-bp/lab.ts')).toBe('my lab');
  });
});
