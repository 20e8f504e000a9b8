/** What the grader has to reach, and whether it does. */
import type { ChapterCard, Scorecard } from './card.ts';

export const BARS = {
  /** Generated cases that right answers of each kind must pass, in each chapter. */
  cases: 100_000,
  /** Of the mutants that do something else than the solution, so many must be rejected. */
  mutants: 0.99,
  /** Of the wrong answers whose cause is in the bank, so many must be named. */
  named: 0.9,
  /** Of all wrong answers, no more may be given a wrong cause. */
  wronglyNamed: 0.02,
  /** Hostile values that the judge must survive. */
  values: 1_000_000,
} as const;

export interface Bar {
  /** "No right answer is rejected" */
  asks: string;
  /** "0 of 1,234,567 cases" */
  measured: string;
  /** Nothing: not everything that it speaks of has been measured. */
  holds: boolean | undefined;
  /** Where it does not hold, one line each. */
  where: string[];
}

export const count = (n: number): string => n.toLocaleString('en');
/** With one decimal, rounded down: 100 % is all of them. */
export const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${(Math.floor((1000 * part) / whole) / 10).toFixed(1)}\u00a0%`;
export const sum = <T>(list: readonly T[], of: (item: T) => number): number =>
  list.reduce((n, item) => n + of(item), 0);

/** The numbers of all exercises of a chapter's answers, together. */
export function people(cards: readonly ChapterCard[]) {
  const all = cards.flatMap((card) => Object.values(card.answers?.exercises ?? {}));
  const inBank = sum(all, (e) => e.inBank.total);
  const others = sum(all, (e) => e.others.total);
  return {
    total: inBank + others,
    inBank,
    others,
    named: sum(all, (e) => e.inBank.named),
    wronglyNamed: sum(all, (e) => e.inBank.wronglyNamed + e.others.wronglyNamed),
    accepted: sum(all, (e) => e.inBank.accepted + e.others.accepted),
    pattern: sum(all, (e) => e.others.pattern),
    place: sum(all, (e) => e.others.place),
    silent: sum(all, (e) => e.others.silent),
    wronglyNamedOthers: sum(all, (e) => e.others.wronglyNamed),
  };
}

/**
 * @param chapters the chapters that are asked about
 * @param robust whether the fuzz is asked about, too
 */
export function bars(card: Scorecard, chapters: readonly string[], robust = true): Bar[] {
  const all = chapters.map(
    (id) => ({ id, ...(card.chapters[id] ?? { title: '', exercises: [] }) }) as ChapterCard & { id: string },
  );
  const list = (of: (c: ChapterCard) => readonly string[] | undefined) =>
    all.flatMap((c) => (of(c) ?? []).map((text) => `${c.id}/${text}`));
  const bar = (asks: string, known: boolean, fine: boolean, measured: string, where: string[] = []): Bar => ({
    asks,
    measured: known ? measured : 'not measured',
    holds: known ? fine : undefined,
    where,
  });

  const right = all.every((c) => c.right);
  const sources = all.flatMap((c) => (c.right?.sources ?? []).map((s) => ({ id: c.id, ...s })));
  const rejected = list((c) => c.right?.rejected);
  const short = sources
    .filter((s) => s.cases < BARS.cases)
    .map((s) => `${s.id}: ${count(s.cases)} cases of ${s.source}`);
  const alone = list((c) => c.right?.alone);

  const told = all.every((c) => c.answers);
  const exercises = all.flatMap((c) => Object.values(c.answers?.exercises ?? {}));
  const misconceptions = sum(exercises, (e) => e.misconceptions.total);
  const namedOnes = sum(exercises, (e) => e.misconceptions.named);
  const notes = {
    total: sum(all, (c) => c.answers?.notes.total ?? 0),
    rejected: sum(all, (c) => c.answers?.notes.rejected ?? 0),
  };
  const byPeople = people(all);
  const large = all.flatMap((c) => (c.answers?.large ?? []).map((l) => ({ id: c.id, ...l })));
  const tooLarge = large.filter((l) => l.found);

  const mutated = all.every((c) => c.mutants);
  const mutants = all.flatMap((c) => Object.values(c.mutants?.exercises ?? {}));
  const killed = sum(mutants, (m) => m.rejected);
  const surviving = sum(mutants, (m) => m.surviving);
  const stale = list((c) => c.mutants?.stale);

  const compared = all.every((c) => c.goldens);
  const goldens = sum(all, (c) => sum(Object.values(c.goldens?.exercises ?? {}), (n) => n));
  const disagree = list((c) => c.goldens?.disagree);
  const pairs = sum(all, (c) => c.goldens?.pairs ?? 0);
  const seen = sum(all, (c) => c.goldens?.told ?? 0);

  const { robustness } = card;
  const broken = robustness ? [...robustness.wrongAccepts, ...robustness.wrongRejects, ...robustness.faults] : [];
  return [
    bar(
      `No right answer is rejected, over ${count(BARS.cases)} generated cases a chapter for the solutions, and as many for others’`,
      right,
      rejected.length === 0 && short.length === 0,
      `${count(sum(sources, (s) => s.cases))} cases, ${rejected.length} rejected`,
      [...rejected, ...short],
    ),
    bar(
      'Every topic has a complete solution in another style',
      right,
      alone.length === 0,
      `${sum(all, (c) => c.right?.topics ?? 0) - alone.length} of ${sum(all, (c) => c.right?.topics ?? 0)} topics`,
      alone,
    ),
    bar(
      'Every named misconception is rejected, and named',
      told,
      namedOnes === misconceptions,
      `${count(namedOnes)} of ${count(misconceptions)}`,
    ),
    bar(
      'Every mistake in the programs of the notes is rejected',
      told,
      notes.rejected === notes.total,
      `${notes.rejected} of ${notes.total}`,
    ),
    bar(
      `At least ${100 * BARS.mutants} % of the mutants that do something else than the solution are rejected`,
      mutated,
      killed >= BARS.mutants * (killed + surviving) && stale.length === 0,
      `${count(killed)} of ${count(killed + surviving)}, ${percent(killed, killed + surviving)}${stale.length === 0 ? '' : `; ${stale.length} stale ${stale.length === 1 ? 'record' : 'records'}`}`,
      [...list((c) => c.mutants?.surviving), ...stale],
    ),
    bar(
      'No wrong answer that was written blind gets full marks',
      told && byPeople.total > 0,
      byPeople.accepted === 0 && list((c) => c.answers?.unfit).length === 0,
      `${byPeople.accepted} of ${count(byPeople.total)}`,
      [...list((c) => c.answers?.accepted), ...list((c) => c.answers?.unfit)],
    ),
    bar(
      `Where the cause of such an answer is in the bank, it is named in at least ${100 * BARS.named} %`,
      told && byPeople.total > 0,
      byPeople.named >= BARS.named * byPeople.inBank,
      `${count(byPeople.named)} of ${count(byPeople.inBank)}, ${percent(byPeople.named, byPeople.inBank)}`,
      list((c) => c.answers?.notNamed),
    ),
    bar(
      `A wrong cause is named in no more than ${100 * BARS.wronglyNamed} % of all`,
      told && byPeople.total > 0,
      byPeople.wronglyNamed <= BARS.wronglyNamed * byPeople.total,
      `${byPeople.wronglyNamed} of ${count(byPeople.total)}, ${percent(byPeople.wronglyNamed, byPeople.total)}`,
      list((c) => c.answers?.wronglyNamed),
    ),
    bar(
      'No counterexample shows a tensor or list of more than 4×4 entries where a smaller one was found',
      told,
      tooLarge.length === 0,
      `${tooLarge.length} of ${count(sum(exercises, (e) => e.sizes.length))}`,
      tooLarge.map((l) => `${l.id}/${l.exercise}: ${l.mistake}: ${l.smaller}`),
    ),
    bar(
      'Oracles and solutions agree with the goldens',
      compared,
      disagree.length === 0,
      `${goldens} goldens, ${disagree.length} disagree`,
      disagree,
    ),
    bar(
      'Every golden rejects its exercise’s misconceptions, or it is written down why it cannot',
      compared,
      all.every((c) => !c.goldens || c.goldens.pairs === c.goldens.told + c.goldens.blind.length),
      `${count(seen)} of ${count(pairs)} pairs told apart, ${count(pairs - seen)} with a reason`,
    ),
    ...(robust
      ? [
          bar(
            `${count(BARS.values)} hostile values: no crash, none taken for what it is not`,
            robustness !== undefined,
            broken.length === 0 && (robustness?.values ?? 0) >= BARS.values,
            `${count(robustness?.values ?? 0)} values, ${broken.length} faults`,
            broken,
          ),
        ]
      : []),
  ];
}
