/**
 * What an instructor sets. Everything else about the site follows from the course itself.
 *
 * Days are written '2026-09-01' and begin at midnight UTC. A site is plain files: what a day opens appears with the first
 * build on or after it, so build daily (the workflow in .github/workflows/site.yml does).
 */

/** `'2026-09-01'` */
export type Day = `${number}-${number}-${number}`;

/**
 * Which parts of the grader the pages of a chapter may carry. All of them can be dug out of a page by someone determined.
 * Exercises can be solved in the page where all three are allowed.
 */
export interface InPage {
  /** Minified solutions. The interactive figures run on them: without them a figure is a still picture. */
  standIns: boolean;
  /** The definitions that decide what is right. Grading in the page needs them. */
  oracles: boolean;
  /** The bank of wrong implementations; the list of common mistakes on each exercise card comes from it. */
  misconceptions: boolean;
}

export interface Settings {
  /** The course's name, in each language. */
  title: { en: string; zh: string };
  /** Where the site will stand; any host, any path. SITE_URL in the environment takes precedence. */
  url: string;
  /** The repository's page, without a slash at the end; "edit this page" and file names link there. */
  repository: string;
  /** The branch that those links point to. */
  branch: string;
  /** The first and the last day of the term, said on the home page. */
  term?: { starts: Day; ends: Day };
  /** `'all'`, or the day on which each chapter opens: `{ 'chapter-1': '2026-09-01' }`. A chapter not named stays closed. */
  released: 'all' | Record<string, Day>;
  /** From when solutions are shown on the exercise cards: never, from a day, or chapter by chapter. */
  solutions: 'never' | Day | Record<string, Day>;
  /** What pages may carry, for all chapters. */
  inPage: InPage;
  /** Exceptions: `{ 'chapter-5': { standIns: false } }`. */
  inPageExcept: Record<string, Partial<InPage>>;
}

export const settings: Settings = {
  title: { en: 'Deep Learning by Hand', zh: '手搓深度学习' },
  url: 'https://example.org/deep-learning-by-hand/',
  repository: 'https://github.com/example/deep-learning-by-hand',
  branch: 'main',
  released: 'all',
  solutions: 'never',
  inPage: { standIns: true, oracles: true, misconceptions: true },
  inPageExcept: {},
};
