import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tensor } from '../../grader/engine/inputs.ts';
import { agrees, exercise, gradeExercise, inProcess, topic, type Exercise } from '../../grader/engine/index.ts';
import { Tensor } from '#tensor';
import { NOTES } from '../wrong-answers/notes.ts';
import { changed, diagnosed, judgeAnswers, type JudgedAnswer } from './answers.ts';
import { bars, BARS } from './bars.ts';
import type { ChapterCard, Scorecard } from './card.ts';
import { counterexampleOf, sizeOf } from './counterexample.ts';
import { olderIn } from './hashes.ts';
import { answers } from './measure.ts';
import { CARD, CONTENT, content, foundIn, page, PAGE, readCard } from './page.ts';

describe('what is published', () => {
  test('the page and the site’s page are made of the card', () => {
    expect(existsSync(CARD)).toBe(true);
    const card = readCard();
    expect(readFileSync(PAGE, 'utf8')).toBe(page(card));
    expect(readFileSync(CONTENT, 'utf8')).toBe(content(card));
  });

  test('what was measured with other code than there is now is called older: `npm run scorecard -- --note`', async () => {
    const card = readCard();
    expect(card.older).toEqual(await olderIn(card));
  });

  test('another hash is older, and what was never measured is not', async () => {
    const [id] = Object.keys(readCard().chapters);
    const measured = { code: 'other code', day: '2026-01-01' };
    const card: Scorecard = {
      chapters: { [id!]: { title: '', exercises: [], goldens: { ...perfect().goldens!, ...measured } } },
      older: [],
    };
    expect(await olderIn(card)).toEqual([`the goldens of ${id!.replace('-', ' ')}`]);
  });

  test('what is written by hand becomes a section', () => {
    expect(foundIn('## Title\n\nA line\nand more.\n\n- one\n  of two\n- two\n')).toEqual({
      title: 'Title',
      blocks: [
        { kind: 'text', text: 'A line and more.' },
        { kind: 'list', items: ['one of two', 'two'] },
      ],
    });
  });
});

const measured = { code: '', day: '2026-01-01' };
const perfect = (): ChapterCard => ({
  title: 'A chapter',
  exercises: ['topic/f'],
  right: {
    ...measured,
    topics: 1,
    alone: [],
    sources: ['solutions', 'test/alternatives'].map((source) => ({ source, files: 1, cases: BARS.cases })),
    rejected: [],
  },
  answers: {
    ...measured,
    exercises: {
      'topic/f': {
        misconceptions: { total: 5, rejected: 5, named: 5 },
        inBank: { total: 100, named: 90, wronglyNamed: 2, accepted: 0 },
        others: { total: 0, pattern: 0, place: 0, silent: 0, wronglyNamed: 0, accepted: 0 },
        sizes: [1, 2, 3],
      },
    },
    notes: { total: 1, rejected: 1, named: 1 },
    accepted: [],
    wronglyNamed: [],
    notNamed: [],
    unfit: [],
    large: [],
  },
  mutants: {
    ...measured,
    exercises: { 'topic/f': { total: 110, rejected: 99, equivalent: 10, surviving: 1 } },
    reasons: {},
    verdicts: {},
    surviving: ['topic/f: + → -'],
    stale: [],
  },
  goldens: { ...measured, exercises: { 'topic/f': 1 }, disagree: [], pairs: 5, told: 4, blind: [{ golden: 'g', misconception: 'm', why: 'so' }], seenByNone: 1 }, // prettier-ignore
});

const cardOf = (chapter: ChapterCard): Scorecard => ({
  chapters: { 'chapter-1': chapter },
  robustness: { ...measured, values: BARS.values, inChild: 1, gradings: 1, taken: 1, refused: 1, near: 0, wrongAccepts: [], wrongRejects: [], faults: [] }, // prettier-ignore
  older: [],
});

describe('bars', () => {
  const failing = (card: Scorecard) =>
    bars(card, ['chapter-1']).flatMap(({ holds }, i) => (holds === false ? [i] : []));

  test('all hold where everything is just good enough', () => {
    const all = bars(cardOf(perfect()), ['chapter-1']);
    expect(all.length).toBe(12);
    expect(all.filter(({ holds }) => holds !== true)).toEqual([]);
  });

  test('nothing holds that was not measured', () => {
    const all = bars({ chapters: {}, older: [] }, ['chapter-1']);
    expect(all.filter(({ holds }) => holds !== undefined)).toEqual([]);
  });

  const f = (c: ChapterCard) => c.answers!.exercises['topic/f']!;
  test.each<[string, (c: ChapterCard, card: Scorecard) => unknown, number[]]>([
    ['a right answer is rejected', (c) => c.right!.rejected.push('x'), [0]],
    ['a case is missing', (c) => (c.right!.sources[1]!.cases -= 1), [0]],
    ['a topic has one solution only', (c) => c.right!.alone.push('topic'), [1]],
    ['a misconception is not named', (c) => (f(c).misconceptions.named = 4), [2]],
    ['a mistake of the notes passes', (c) => (c.answers!.notes.rejected = 0), [3]],
    ['one more mutant survives', (c) => Object.assign(c.mutants!.exercises['topic/f']!, { rejected: 98, surviving: 2 }), [4]], // prettier-ignore
    ['a record does not hold', (c) => c.mutants!.stale.push('x'), [4]],
    ['a wrong answer gets full marks', (c) => Object.assign(f(c).inBank, { total: 101, accepted: 1, named: 91 }), [5]],
    ['a wrong answer does not fit', (c) => c.answers!.unfit.push('x'), [5]],
    ['one cause fewer is named', (c) => (f(c).inBank.named = 89), [6]],
    ['one more wrong cause is named', (c) => (f(c).inBank.wronglyNamed = 3), [7]],
    ['a counterexample could be smaller', (c) => c.answers!.large.push({ exercise: 'topic/f', kind: 'misconception', mistake: 'm', entries: 20, largest: 20, smaller: 's', found: true }), [8]], // prettier-ignore
    ['an oracle disagrees with PyTorch', (c) => c.goldens!.disagree.push('x'), [9]],
    ['a golden misses a misconception without a reason', (c) => (c.goldens!.blind = []), [10]],
    ['a hostile value is taken', (_, card) => card.robustness!.wrongAccepts.push('x'), [11]],
    ['the judge breaks', (_, card) => card.robustness!.faults.push('x'), [11]],
    ['a value is missing', (_, card) => (card.robustness!.values -= 1), [11]],
  ])('one is missed where %s', (_what, spoil, expected) => {
    const card = cardOf(perfect());
    spoil(card.chapters['chapter-1']!, card);
    expect(failing(card)).toEqual(expected);
  });
});

describe('wrong answers', () => {
  const answer: JudgedAnswer = { kind: 'wrong answer', chapter: 'chapter-1', topic: 'topic', exercise: 'f', mistake: 'm', causes: ['a'], accepted: false, verdict: 'fail', placed: false }; // prettier-ignore

  test.each<[string, Partial<JudgedAnswer>]>([
    ['accepted', { accepted: true }],
    ['named', { diagnosis: { kind: 'misconception', name: 'a' } }],
    ['wrongly named', { diagnosis: { kind: 'misconception', name: 'b' } }],
    ['pattern', { diagnosis: { kind: 'pattern', name: 'factor' } }],
    ['place', { placed: true }],
    ['silent', {}],
  ])('%s', (expected, change) => expect(diagnosed({ ...answer, ...change })).toBe(expected));

  test('a wrong cause counts as wrong, whether the bank has the right one or not', () => {
    const diagnosis = { kind: 'misconception', name: 'b' } as const;
    const { exercises } = answers(
      [
        { ...answer, diagnosis },
        { ...answer, causes: [], diagnosis },
      ],
      measured,
    );
    expect(exercises['topic/f']!.inBank).toEqual({ total: 1, named: 0, wronglyNamed: 1, accepted: 0 });
    expect(exercises['topic/f']!.others).toEqual({ total: 1, pattern: 0, place: 0, silent: 0, wronglyNamed: 1, accepted: 0 }); // prettier-ignore
  });

  test('a change that does not fit is no wrong answer', () => {
    const one = topic('topic', '', { f: narrow });
    const change = { exercise: 'f', mistake: 'm', find: 'a', put: 'b', causes: [] };
    expect(changed(change, one, 'xay', 'p').text).toBe('xby');
    expect(changed(change, one, 'aa', 'p').unfit).toContain('stands 2 times');
    expect(changed(change, one, undefined, 'p').unfit).toContain('there is no p');
    expect(changed({ ...change, causes: ['none'] }, one, 'xay', 'p').unfit).toContain("has no 'none'");
    expect(changed({ ...change, exercise: 'g' }, one, 'xay', 'p').unfit).toContain('no exercise g');
  });

  test('the mistakes of the notes are rejected, and named', async () => {
    const seen: JudgedAnswer[] = [];
    for (const chapter of new Set(NOTES.map((n) => n.topic.split('/')[0]!)))
      for await (const judged of judgeAnswers(chapter, undefined, 'notes')) seen.push(judged);
    expect(seen.length).toBe(NOTES.length);
    expect(seen.filter((a) => a.unfit !== undefined || diagnosed(a) !== 'named')).toEqual([]);
  }, 300_000);
});

/** Doubles a matrix of at least so many rows. */
const doubling = (rows: [number, number], examples: { x: Tensor }[] = []): Exercise => ({
  ...exercise({
    points: 1,
    inputs: { x: tensor('n', 3) },
    sizes: { n: rows },
    oracle: ({ x }) => x.mul(2),
    checks: [agrees()],
    misconceptions: {},
    hints: ['Twice.'],
    examples,
  }),
  name: 'f',
});
const narrow = doubling([1, 4]);

describe('counterexamples', () => {
  test('a tensor is counted whole, and a list of lists as a matrix', () => {
    const list = (...list: number[]) => ({ list });
    const shown = [
      { value: { tensor: { shape: [2, 3], data: [] } } },
      { value: { list: [list(1, 2), list(3, 4), list(5, 6), list(7, 8)] } },
      { value: { record: { a: 1, b: list(1, 2, 3) } } },
    ];
    expect(sizeOf(shown)).toEqual({ entries: 18, largest: 8 });
  });

  const shownFor = async (e: Exercise, wrong: (x: Tensor) => Tensor) => {
    const subject = inProcess({ f: ({ x }) => wrong(x as Tensor) });
    return counterexampleOf(e, await gradeExercise(e, 'c/t/f', subject, { seed: 1 }), subject);
  };

  test('a small one is not looked at twice', async () => {
    expect(await shownFor(narrow, (x) => x.mul(3))).toMatchObject({ largest: 3 });
  });

  test('of an exercise whose smallest input is large, none is smaller', async () => {
    const shown = await shownFor(doubling([6, 8]), (x) => x.mul(3));
    expect(shown).toMatchObject({ largest: 18, smaller: { kind: 'none exists' } });
  });

  test('a mistake that only large inputs show has no smaller one that fails', async () => {
    const shown = await shownFor(doubling([1, 8]), (x) => x.mul(x.shape[0]! > 6 ? 3 : 2));
    expect(shown).toMatchObject({ largest: 21, smaller: { kind: 'none fails' } });
  });

  test('a large example in the place of small ones is found out', async () => {
    // The check draws one case only, on which the wrong answer is right; of the examples the first is shown.
    const rows = (n: number) => new Tensor([n, 3], new Float64Array(3 * n).fill(7));
    const e = { ...doubling([1, 4], [{ x: rows(9) }, { x: rows(2) }]), checks: [agrees({ cases: 1 })] };
    const shown = await shownFor(e, (x) => x.mul(x.data[0] === 7 ? 3 : 2));
    expect(shown).toMatchObject({ largest: 27, smaller: { kind: 'found', size: { largest: 6 } } });
  });
});
