/** The scorecard as paragraphs and tables: what the page in the repository and the one on the site both show. */
import { REASONS } from '../equivalents/equivalent.ts';
import { bars, count, people, percent, sum, type Bar } from './bars.ts';
import type { ChapterCard, Scorecard } from './card.ts';
import { median } from './median.ts';

/** A text in which `code` and **strong** stand as in Markdown. */
export type Text = string;

export type Block =
  | { kind: 'text'; text: Text }
  | { kind: 'list'; items: Text[] }
  | { kind: 'table'; head: Text[]; rows: Text[][]; words: number }
  /** Folded until somebody asks. */
  | { kind: 'details'; says: Text; blocks: Block[] };

export interface Section {
  title: string;
  blocks: Block[];
}

/** @param words how many columns, from the left, hold words; the rest holds numbers */
const table = (head: Text[], rows: Text[][], words = 1): Block => ({ kind: 'table', head, rows, words });
const text = (says: Text): Block => ({ kind: 'text', text: says });
const details = (says: Text, ...blocks: Block[]): Block => ({ kind: 'details', says, blocks });

type Named = ChapterCard & { id: string };
const numberOf = (id: string) => Number(id.slice('chapter-'.length));
const titled = ({ id, title }: Named) => `${numberOf(id)} · ${title.split(':')[0]}`;

/** Rows for the chapters of which a part was measured, and their sums where there are several. */
function rows(
  chapters: readonly Named[],
  has: (c: Named) => unknown,
  cells: (cs: readonly Named[]) => Text[],
): Text[][] {
  const known = chapters.filter(has);
  const all = known.map((c) => [titled(c), ...cells([c])]);
  return known.length > 1 ? [...all, ['**all**', ...cells(known)]] : all;
}

const verdict = ({ holds }: Bar): Text => (holds === undefined ? '–' : holds ? '✓' : '✗');

/** @param code whether lines of solutions may be quoted: on the site they may not be, before their day */
export function sections(card: Scorecard, code = true): Section[] {
  const chapters: Named[] = Object.entries(card.chapters)
    .map(([id, chapter]) => ({ id, ...chapter }))
    .sort((a, b) => numberOf(a.id) - numberOf(b.id));
  const all = bars(card, chapters.map((c) => c.id)); // prettier-ignore
  return [
    { title: 'The bars', blocks: theBars(all, card, chapters, code) },
    { title: 'Right answers are accepted', blocks: rightAnswers(chapters) },
    { title: 'Wrong answers are rejected', blocks: wrongAnswers(chapters, code) },
    { title: 'The cause is named', blocks: diagnosis(chapters) },
    { title: 'Counterexamples are small', blocks: counterexamples(chapters) },
    { title: 'PyTorch agrees', blocks: goldens(chapters) },
    { title: 'The judge holds', blocks: robustness(card) },
    { title: 'Exercise by exercise', blocks: chapters.map(exercises) },
  ].filter(({ blocks }) => blocks.length > 0);
}

function theBars(all: readonly Bar[], card: Scorecard, chapters: readonly Named[], quotes: boolean): Block[] {
  const days = chapters.flatMap((c) => [c.right, c.answers, c.mutants, c.goldens]).flatMap((part) => part?.day ?? []);
  const day = [...days, ...(card.robustness ? [card.robustness.day] : [])].sort().at(-1);
  const when = day === undefined ? 'Nothing was measured yet.' : `Last measured on ${day}`;
  const { older } = card;
  const fresh =
    day === undefined
      ? when
      : older.length === 0
        ? `${when}, all of it with the code that is here.`
        : `${when}. **Older** than the code that is here: ${listed(older)}. What they say may have changed since; \`npm run scorecard\` measures them again.`;
  const failing = all.filter((bar) => quotes && bar.holds === false && bar.where.length > 0);
  return [
    text(fresh),
    table(['', 'bar', 'measured'], all.map((bar) => [verdict(bar), bar.asks, bar.measured]), 3), // prettier-ignore
    ...failing.map(({ asks, where }) => details(`✗ ${asks}`, { kind: 'list', items: where.map(code) })),
  ];
}

const listed = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;

/** Text that may hold signs of Markdown. */
const code = (text: string): Text => (text.includes('`') ? text : `\`${text}\``);

function rightAnswers(chapters: readonly Named[]): Block[] {
  const cases = (cs: readonly Named[], which: string) =>
    count(sum(cs, (c) => c.right!.sources.find((s) => s.source === which)?.cases ?? 0));
  return [
    text(
      'A grader that rejects right work is worse than none. So the course’s own solutions are graded with one seed after another, and so is a second complete solution of every topic, written by somebody who had read the lesson and the stub and nothing else, in another style: loops for array operations, sums in another order, recomputing for caching. Fixed examples, the same under every seed, are not counted.',
    ),
    table(
      ['chapter', 'topics', 'with a second solution', 'cases, ours', 'cases, the others', 'rejected'],
      rows(chapters, (c) => c.right, (cs) => [
        count(sum(cs, (c) => c.right!.topics)),
        count(sum(cs, (c) => c.right!.topics - c.right!.alone.length)),
        cases(cs, 'solutions'),
        cases(cs, 'test/alternatives'),
        count(sum(cs, (c) => c.right!.rejected.length)),
      ]), // prettier-ignore
    ),
  ];
}

function wrongAnswers(chapters: readonly Named[], quotes: boolean): Block[] {
  const of = (cs: readonly Named[], key: 'total' | 'rejected' | 'equivalent' | 'surviving') =>
    sum(cs.flatMap((c) => Object.values(c.mutants!.exercises)), (m) => m[key]); // prettier-ignore
  const named = (cs: readonly Named[], key: 'total' | 'rejected' | 'named') =>
    sum(cs.flatMap((c) => Object.values(c.answers!.exercises)), (e) => e.misconceptions[key]); // prettier-ignore
  const reasons = new Map<string, number>();
  for (const c of chapters)
    for (const [reason, n] of Object.entries(c.mutants?.reasons ?? {}))
      reasons.set(reason, (reasons.get(reason) ?? 0) + n);
  const stale = quotes ? chapters.flatMap((c) => c.mutants?.stale ?? []) : [];
  return [
    text(
      'The bank of an exercise holds wrong implementations that students plausibly write. Each must fail, and be named by its own message. The notes that the course grew out of contain programs with mistakes of their own, and a few conventions that the course does not share; handed in as answers, they must fail, too.',
    ),
    table(
      ['chapter', 'exercises', 'misconceptions', 'rejected', 'named', 'of the notes', 'rejected'],
      rows(chapters, (c) => c.answers, (cs) => [
        count(sum(cs, (c) => c.exercises.length)),
        count(named(cs, 'total')),
        count(named(cs, 'rejected')),
        count(named(cs, 'named')),
        count(sum(cs, (c) => c.answers!.notes.total)),
        count(sum(cs, (c) => c.answers!.notes.rejected)),
      ]), // prettier-ignore
    ),
    text(
      'A mutant is a solution with one small change, made on its syntax tree: a sign, a factor, an axis, a transpose, operands or results exchanged, an index one off, a constant, a step left out. Each is bundled and graded as a file of its own. One that gets full marks must do the same as the solution, and it is written down in `test/equivalents` why; else it has survived, and a check is missing.',
    ),
    table(
      ['chapter', 'mutants', 'equivalent', 'others', 'rejected', 'surviving', 'rejected'],
      rows(chapters, (c) => c.mutants, (cs) => [
        count(of(cs, 'total')),
        count(of(cs, 'equivalent')),
        count(of(cs, 'rejected') + of(cs, 'surviving')),
        count(of(cs, 'rejected')),
        count(of(cs, 'surviving')),
        percent(of(cs, 'rejected'), of(cs, 'rejected') + of(cs, 'surviving')),
      ]), // prettier-ignore
    ),
    ...(reasons.size === 0
      ? []
      : [
          table(
            ['why they are equivalent', '', 'mutants'],
            Object.entries(REASONS)
              .filter(([reason]) => reasons.has(reason))
              .map(([reason, says]) => [reason, says, count(reasons.get(reason)!)]),
            2,
          ),
        ]),
    ...(stale.length === 0 ? [] : [details(stale.length === 1 ? 'A record that does not hold' : `${stale.length} records that do not hold`, { kind: 'list', items: stale.map(code) })]), // prettier-ignore
  ];
}

function diagnosis(chapters: readonly Named[]): Block[] {
  if (people(chapters).total === 0) return [];
  return [
    text(
      'Wrong answers written blind, from the lesson and the stub alone, without a look at the bank or a solution. Which misconceptions truly describe each was decided by reading the bank, before anything was graded. Then the banks were mended, and what they have now counts; the figures before that stand above.',
    ),
    table(
      ['chapter', 'wrong answers', 'full marks', 'cause in the bank', 'named', 'of those', 'wrongly named'],
      rows(chapters, (c) => c.answers, (cs) => {
        const p = people(cs);
        return [p.total, p.accepted, p.inBank].map(count).concat([count(p.named), percent(p.named, p.inBank), count(p.wronglyNamed)]);
      }),
    ), // prettier-ignore
    text('Where the bank has not the cause, the grader must not invent one:'),
    table(
      ['chapter', 'cause not in the bank', 'pattern', 'place', 'neither', 'wrongly named'],
      rows(chapters, (c) => c.answers, (cs) => {
        const p = people(cs);
        return [p.others, p.pattern, p.place, p.silent, p.wronglyNamedOthers].map(count);
      }),
    ), // prettier-ignore
    text(
      '“Pattern”: the grader says what it sees in the numbers, a factor, a sign, a transpose, NaN. “Place”: an error with its line. “Neither”: the smallest input with what was expected, and nothing beyond.',
    ),
  ];
}

function counterexamples(chapters: readonly Named[]): Block[] {
  const sizes = (cs: readonly Named[]) =>
    cs.flatMap((c) => Object.values(c.answers!.exercises)).flatMap((e) => e.sizes);
  const large = chapters.flatMap((c) =>
    (c.answers?.large ?? []).map((l) => ({ ...l, exercise: `${c.id}/${l.exercise}` })),
  );
  return [
    text(
      'The entries of all inputs that are shown with a failure, counted over all wrong answers above and every tenth mutant. Where one tensor or list has more than 4×4 of them, smaller ones are looked for: 300 inputs in which none has more than 4×4 entries, then 300 in which the largest is smaller than the one shown, are drawn as the exercise declares them, together with its fixed ones, and the wrong answer is asked for each. One that fails the same check says that the counterexample could be smaller.',
    ),
    table(
      ['chapter', 'counterexamples', 'median', 'worst', 'above 4×4', 'could be smaller'],
      rows(chapters, (c) => c.answers, (cs) => [
        count(sizes(cs).length),
        count(median(sizes(cs))),
        count(Math.max(0, ...sizes(cs))),
        count(sum(cs, (c) => c.answers!.large.length)),
        count(sum(cs, (c) => c.answers!.large.filter((l) => l.found).length)),
      ]), // prettier-ignore
    ),
    ...(large.length === 0
      ? []
      : [
          details(
            `${large.length} counterexamples with a tensor or list of more than 4×4 entries`,
            table(
              ['exercise', 'mistake', 'smaller?', 'entries', 'largest'],
              large.map((l) => [code(l.exercise), plain(l.mistake), l.smaller, count(l.entries), count(l.largest)]),
              3,
            ),
          ),
        ]),
  ];
}

/** Words of people, in which nothing is Markdown. */
const plain = (text: string): Text => (/[`*_|<\\]/.test(text) ? code(text) : text);

function goldens(chapters: readonly Named[]): Block[] {
  const blind = chapters.flatMap((c) => (c.goldens?.blind ?? []).map((b) => ({ ...b, golden: `${c.id}/${b.golden}` })));
  return [
    text(
      'Where PyTorch has the operation, its float64 results decide whether oracle and solution are right; quantized bytes come from a program of ggml’s rules. And each of these cases is asked whether it would notice the exercise’s misconceptions. One that cannot notice some of them (a mean over one row is a sum) says so, with the reason; other checks of the exercise reject those.',
    ),
    table(
      ['chapter', 'goldens', 'exercises', 'disagree', 'pairs', 'told apart', 'with a reason', 'seen by none'],
      rows(chapters, (c) => c.goldens, (cs) => [
        count(sum(cs, (c) => sum(Object.values(c.goldens!.exercises), (n) => n))),
        count(sum(cs, (c) => Object.keys(c.goldens!.exercises).length)),
        count(sum(cs, (c) => c.goldens!.disagree.length)),
        count(sum(cs, (c) => c.goldens!.pairs)),
        count(sum(cs, (c) => c.goldens!.told)),
        count(sum(cs, (c) => c.goldens!.blind.length)),
        count(sum(cs, (c) => c.goldens!.seenByNone)),
      ]), // prettier-ignore
    ),
    text('A pair is a golden and a misconception of its exercise. “Seen by none”: misconceptions that none of their exercise’s goldens tells from the right answer.'), // prettier-ignore
    ...(blind.length === 0
      ? []
      : [
          details(
            `${blind.length} pairs that cannot be told apart, and why`,
            table(['golden', 'misconception', 'why'], grouped(blind), 3),
          ),
        ]),
  ];
}

/** One row for all misconceptions of a golden with the same reason. */
function grouped(blind: readonly { golden: string; misconception: string; why: string }[]): Text[][] {
  const found = new Map<string, { golden: string; why: string; misconceptions: string[] }>();
  for (const { golden, misconception, why } of blind) {
    const key = `${golden}\0${why}`;
    const group = found.get(key) ?? { golden, why, misconceptions: [] };
    group.misconceptions.push(misconception);
    found.set(key, group);
  }
  return [...found.values()].map((g) => [plain(g.golden), g.misconceptions.map(plain).join(', '), plain(g.why)]);
}

function robustness({ robustness: r }: Scorecard): Block[] {
  if (!r) return [];
  return [
    text(
      `${count(r.values)} hostile values took the way that every result takes: read out of the student’s realm, carried between processes, decoded, judged. They are the right result of some exercise, changed: by one entry, by its shape, by its type; with getters that throw or change, proxies, holes, cycles, forged tensors, typed arrays that lie about their length, thenables, prototypes that were tampered with, a hundred thousand levels, millions of entries; or not changed at all. What each truly is, was said by the program that planned it, and not by the code that reads it.`,
    ),
    table(
      ['values', 'from a real process', 'whole gradings', 'right and taken', 'wrong and refused', 'within rounding', 'wrongly taken', 'wrongly refused', 'faults of the judge'],
      [[r.values, r.inChild, r.gradings, r.taken, r.refused, r.near, r.wrongAccepts.length, r.wrongRejects.length, r.faults.length].map(count)],
      0,
    ), // prettier-ignore
    text(
      'A fault is an exception, a text of more than 4,000 characters, a report that is too large or does not fit its schema, or a change of the judge’s own language.',
    ),
  ];
}

function exercises(chapter: Named): Block {
  const { answers, mutants, goldens } = chapter;
  const shown = chapter.exercises.map((name) => {
    const a = answers?.exercises[name];
    const m = mutants?.exercises[name];
    const p = a && { total: a.inBank.total + a.others.total, accepted: a.inBank.accepted + a.others.accepted, wrong: a.inBank.wronglyNamed + a.others.wronglyNamed }; // prettier-ignore
    return [
      code(name),
      a ? `${a.misconceptions.named}/${a.misconceptions.total}` : '–',
      p ? `${p.total - p.accepted}/${p.total}` : '–',
      a && a.inBank.total > 0 ? `${a.inBank.named}/${a.inBank.total}` : '–',
      p ? String(p.wrong) : '–',
      m ? `${m.rejected}/${m.total - m.equivalent}` : '–',
      m ? String(m.equivalent) : '–',
      a && a.sizes.length > 0 ? `${median(a.sizes)}, ${Math.max(...a.sizes)}` : '–',
      String(goldens?.exercises[name] ?? (goldens ? 0 : '–')),
    ];
  });
  return details(
    `Chapter ${titled(chapter)}`,
    table(
      ['exercise', 'misconceptions named', 'blind wrong answers rejected', 'causes named', 'wrongly named', 'mutants rejected', 'equivalent', 'entries: median, worst', 'goldens'],
      shown,
    ), // prettier-ignore
  );
}

export const INTRODUCTION: Text[] = [
  'Who grades the grader? Graders of other courses have passed empty notebooks, tested their own answer key, and accepted attention without its scale. Here is what ours does with right and wrong work, measured by a command that you can run yourself: `npm run scorecard`.',
  `It fails below any of the bars. A run that was stopped goes on where it was, and chapters can be named: \`npm run scorecard chapter-3\`. Its parts have commands of their own: \`npm run soak\`, \`npm run diagnosis\`, \`npm run mutants\`, \`npm run fuzz\`.`,
];
