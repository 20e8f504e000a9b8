/**
 * The scorecard as a value: what was measured, chapter by chapter. It is kept in `scorecard.json`; the page in the repository
 * and the one on the site are views of it.
 */

/** With which code something was measured, and when. */
export interface Measured {
  code: string;
  /** 2026-11-22 */
  day: string;
}

export interface Scorecard {
  chapters: Record<string, ChapterCard>;
  robustness?: Robustness;
  /** What was measured with other code than there is now: "the mutants of chapter 3". */
  older: string[];
}

export interface ChapterCard {
  title: string;
  /** All of them: `neuron/step`. */
  exercises: string[];
  right?: Right;
  answers?: Answers;
  mutants?: Mutants;
  goldens?: Goldens;
}

/** Right answers, graded over and over. */
export interface Right extends Measured {
  topics: number;
  /** Topics that have only the course's own solution. */
  alone: string[];
  sources: { source: string; files: number; cases: number }[];
  /** Right answers that were rejected. */
  rejected: string[];
}

/** Wrong answers: misconceptions, people's, and those of the notes. */
export interface Answers extends Measured {
  exercises: Record<string, ExerciseAnswers>;
  notes: { total: number; rejected: number; named: number };
  /** Wrong, and full marks. */
  accepted: string[];
  wronglyNamed: string[];
  /** The bank has the cause, and it was not named. */
  notNamed: string[];
  /** Could not be handed in: the file that they change has changed. */
  unfit: string[];
  /** Counterexamples with a tensor or list of more than 4×4 entries. */
  large: Large[];
}

export interface ExerciseAnswers {
  misconceptions: { total: number; rejected: number; named: number };
  /** Wrong answers of people whose cause is in the bank. */
  inBank: { total: number; named: number; wronglyNamed: number; accepted: number };
  /** … and those whose cause is not. */
  others: { total: number; pattern: number; place: number; silent: number; wronglyNamed: number; accepted: number };
  /** Entries of each counterexample, those of some mutants among them. */
  sizes: number[];
}

export interface Large {
  exercise: string;
  kind: string;
  mistake: string;
  entries: number;
  largest: number;
  /** How it was decided that there is no smaller one, or the size of one that there is. */
  smaller: string;
  found: boolean;
}

export interface Mutants extends Measured {
  exercises: Record<string, { total: number; rejected: number; equivalent: number; surviving: number }>;
  /** How many are equivalent, by reason. */
  reasons: Record<string, number>;
  /** How the rejected ones ended, by verdict. */
  verdicts: Record<string, number>;
  surviving: string[];
  stale: string[];
}

export interface Goldens extends Measured {
  /** How many each exercise has. */
  exercises: Record<string, number>;
  /** Oracles and solutions that disagree with a golden. */
  disagree: string[];
  /** Pairs of a golden and a misconception of its exercise, and how many of them the golden tells from the right answer. */
  pairs: number;
  told: number;
  /** Those that it cannot tell, and why. */
  blind: { golden: string; misconception: string; why: string }[];
  /** Misconceptions of exercises with goldens that no golden tells. */
  seenByNone: number;
}

export interface Robustness extends Measured {
  values: number;
  inChild: number;
  gradings: number;
  taken: number;
  refused: number;
  near: number;
  wrongAccepts: string[];
  wrongRejects: string[];
  faults: string[];
}
