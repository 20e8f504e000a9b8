import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Course, findRoot, openCourse } from '../../grader/course/layout.ts';
import { distance, nearest } from '../../grader/course/nearest.ts';
import type { Source } from '../../grader/course/pristine.ts';
import { Refusal } from '../../grader/course/refusal.ts';
import { NEURON_STUB, tinyCourse } from './course.ts';

const shipped: Source = {
  files: () => [
    'chapter-1-mp/lab.ts',
    'chapter-1-mp/neuron.ts',
    'chapter-10-moe/lab.ts',
    'chapter-10-moe/parts/gate.ts',
    'chapter-2-bp/relu.ts',
    'tensor/index.ts',
  ],
  skeleton: (path) => (path.endsWith('neuron.ts') ? NEURON_STUB : ''),
};
const course = new Course('/course', shipped);

function named(word: string): string {
  const { chapter, topic, fn } = course.resolve(word);
  return [chapter.name, topic?.topic, fn].filter(Boolean).join(' ');
}

function refusal(word: string): string {
  try {
    course.resolve(word);
  } catch (error) {
    if (error instanceof Refusal) return `${error.message} ${error.next}`;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('the layout', () => {
  it('comes from the solutions, chapters by their number', () => {
    const pit = tinyCourse();
    pit.write('solutions/chapter-10-moe/gate.ts', '');
    pit.write('solutions/notes/a.ts', '');
    const here = openCourse(pit.path('solutions/chapter-1-mp'));
    expect(here.root).toBe(pit.root);
    expect(here.folders().map((folder) => folder.name)).toEqual([
      'chapter-1-mp',
      'chapter-2-bp',
      'chapter-10-moe',
      'tensor',
    ]);
    const [lab, neuron] = here.chapters()[0]!.topics;
    expect(here.skeleton(neuron!)).toBe(NEURON_STUB);
    expect(here.exercises(neuron!)).toEqual(['step', 'weightedSum']);
    expect(here.exercises(lab!)).toEqual([]);
    expect(here.file(neuron!)).toBe(pit.path('chapters/chapter-1-mp/neuron.ts'));
    expect(here.resolve(pit.path('solutions/chapter-1-mp/neuron.ts')).topic).toEqual(neuron);
  });

  it('passes by packages of other names, broken ones too', () => {
    const pit = tinyCourse();
    pit.write('chapters/package.json', '{ "private": true }');
    pit.write('chapters/chapter-1-mp/package.json', '{ broken');
    expect(findRoot(pit.path('chapters/chapter-1-mp'))).toBe(pit.root);
    expect(() => findRoot('/')).toThrow(/not inside the course/);
  });
});

describe('what a word names', () => {
  it.each([
    ['1', 'chapter-1-mp'],
    ['chapter-1', 'chapter-1-mp'],
    ['Chapter-1-MP/', 'chapter-1-mp'],
    ['chapter1', 'chapter-1-mp'],
    ['mp', 'chapter-1-mp'],
    ['10', 'chapter-10-moe'],
    ['chapter-1/neuron', 'chapter-1-mp neuron'],
    ['1/neuron.ts', 'chapter-1-mp neuron'],
    ['chapters\\chapter-1-mp\\neuron.ts', 'chapter-1-mp neuron'],
    ['./chapters/chapter-1-mp/neuron.ts', 'chapter-1-mp neuron'],
    [' chapter-1/neuron/weightedSum/ ', 'chapter-1-mp neuron weightedSum'],
    ['chapter-1/neuron.ts/STEP', 'chapter-1-mp neuron step'],
    ['neuron', 'chapter-1-mp neuron'],
    ['neuron/step', 'chapter-1-mp neuron step'],
    ['10/parts/gate', 'chapter-10-moe parts/gate'],
    ['tensor', 'tensor'],
    ['tensor/index', 'tensor index'],
  ])('%s', (word, expected) => {
    expect(named(word)).toBe(expected);
  });

  it.each([
    [
      'chapter-3',
      /no chapter "chapter-3"\. Did you mean chapter-\d+\S*\? There are chapter-1-mp, chapter-2-bp, chapter-10-moe and tensor/,
    ],
    ['tensr', /Did you mean tensor\?/],
    ['', /empty word/],
    ['/', /no chapter "\/"/],
    ['lab', /More than one chapter has a "lab"\. Say which: chapter-1\/lab or chapter-10\/lab/],
    ['1/nueron', /no "nueron" in chapter-1-mp\. Did you mean chapter-1\/neuron\? There are lab and neuron/],
    ['1/neuron/stpe', /no function "stpe"[^]*Did you mean chapter-1\/neuron\/step\?/],
    ['1/lab/main', /nothing for you to write/],
    ['../../etc/passwd', /no chapter/],
    ['__proto__', /no chapter/],
  ])('refuses %j', (word, says) => {
    expect(refusal(word)).toMatch(says);
  });

  describe('to be graded', () => {
    const twice: Source = {
      files: () => [...shipped.files(), 'chapter-2-bp/neuron2.ts'],
      skeleton: (path) => (path.includes('neuron2') ? "throw new Error('TODO: step');\n" : shipped.skeleton(path)),
    };
    const graded = (word: string, of = course) => {
      const { chapter, topic, fn } = of.resolve(word, { graded: true });
      return [chapter.name, topic?.topic, fn].filter(Boolean).join(' ');
    };
    const refused = (word: string, of = course) => {
      const error = (() => {
        try {
          return graded(word, of);
        } catch (e) {
          return e;
        }
      })();
      if (!(error instanceof Refusal)) throw new Error(`expected a refusal, got ${String(error)}`);
      return `${error.message} ${error.next}`;
    };

    it.each([
      ['step', 'chapter-1-mp neuron step'],
      ['WeightedSum', 'chapter-1-mp neuron weightedSum'],
      ['1/step', 'chapter-1-mp neuron step'],
      ['neuron', 'chapter-1-mp neuron'],
    ])('finds %s by its bare name', (word, expected) => {
      expect(graded(word)).toBe(expected);
    });

    it('asks which one is meant', () => {
      const both = new Course('/course', twice);
      expect(refused('step', both)).toContain(
        'There is more than one step. Say which: chapter-1/neuron/step or chapter-2/neuron2/step.',
      );
      expect(graded('chapter-2/step', both)).toBe('chapter-2-bp neuron2 step');
    });

    it.each([
      ['stpe', /no chapter, topic or exercise "stpe"\. Did you mean chapter-1\/neuron\/step\?/],
      ['nueron', /Did you mean chapter-1\/neuron\?/],
      ['chaper-1', /Did you mean chapter-1\?/],
      ['tensr', /The chapters are chapter-1-mp, chapter-2-bp and chapter-10-moe\./],
      ['1/lav', /Did you mean chapter-1\/neuron\? There are neuron\./],
    ])('proposes for %s only what can be graded', (word, says) => {
      expect(refused(word)).toMatch(says);
      expect(refused(word)).not.toMatch(/\b(lab|tensor)\b/);
    });
  });

  it('is a target or a refusal, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), (word, graded) => {
        try {
          expect(course.folders()).toContain(course.resolve(word, { graded }).chapter);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
    );
  });
});

describe('edit distance', () => {
  it.each([
    ['', '', 0],
    ['step', 'step', 0],
    ['stpe', 'step', 1],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['神经', '神經', 1],
  ])('%s to %s is %d', (a, b, expected) => {
    expect(distance(a, b)).toBe(expected);
    expect(distance(b, a)).toBe(expected);
  });

  it('finds the nearest, or nothing in an empty list', () => {
    expect(nearest('wach', ['seed', 'watch', 'from'])).toBe('watch');
    expect(nearest('x', [])).toBeUndefined();
  });
});
