/** Mutants of solutions that no check can tell from the solution, because they do the same. */

/** Why a mutant does the same as the solution. A reason is a class: it holds for many mutants. */
export const REASONS = {
  'same value': 'Another expression with the same value for every input.',
  'same within rounding': 'Differs from the solution by rounding only, for every input.',
  'never reached': 'The place is reached for no input that the docstring allows.',
  'promised input': 'Differs only for inputs that the docstring rules out.',
  'message only': 'Changes the wording of an error; that there is an error is what is asked.',
  'name only': 'Renames something that only the student’s own code reads.',
  'effort only': 'Computes the same with more or less work.',
  'free choice': 'The docstring leaves this open, and any choice is right.',
} as const;

/**
 * One mutant, or all of an exercise with the same change. A file `test/equivalents/<chapter>.ts` exports a list of them as
 * `equivalents`.
 */
export interface Equivalent {
  topic: string;
  exercise: string;
  /** The kind of change, as `npm run mutants` names it: "sign", "axis" … */
  operator: string;
  /** What stood there and what the mutant has, as `npm run mutants` prints them. */
  before: string;
  after: string;
  /**
   * A part of the solution's line, where the same change is made in several places and only this one changes nothing. Of
   * several on one line, those inside the part are meant.
   */
  on?: string;
  reason: keyof typeof REASONS;
  /** Why the reason holds here, in a sentence; where it is not plain from the reason itself. */
  because?: string;
}
