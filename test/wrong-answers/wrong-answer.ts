/** Wrong answers of people who had seen only the lesson and the skeleton: what the scorecard measures diagnoses by. */

/**
 * One wrong answer: a change of the alternative solution of the same topic (`test/alternatives/<chapter>/<topic>.ts`).
 * A file `test/wrong-answers/<chapter>/<topic>.ts` exports a list of them as `wrongAnswers`.
 */
export interface WrongAnswer {
  /** The function that is wrong. */
  exercise: string;
  /** The mistake in its author's words, written before anything was graded. */
  mistake: string;
  /** What stands in the alternative, exactly once in the file … */
  find: string;
  /** … and what its author wrote instead. */
  put: string;
  /**
   * The misconceptions of the exercise's bank that truly describe the mistake, judged by reading the bank and not by what
   * the grader said; empty: the bank has none.
   */
  causes: readonly string[];
}
