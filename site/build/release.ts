/** What the instructor's settings mean on a given day. */
import type { Day, InPage, Settings } from '../settings.ts';
import type { Mistake } from '../lessons/fill.ts';

export interface Release {
  /** True once a chapter is open. */
  open(chapter: string): boolean;
  /** The day on which a closed chapter opens, if one is set. */
  opens(chapter: string): Day | undefined;
  /** True once a chapter's solutions may be shown; never before the chapter itself is open. */
  solutions(chapter: string): boolean;
  /** What a chapter's pages may carry. */
  inPage(chapter: string): InPage;
}

/** @param today a day such as '2026-09-01' */
export function release(settings: Settings, today: Day): Release {
  const { released, solutions, inPage, inPageExcept } = settings;
  const reached = (day: Day | undefined) => day !== undefined && day <= today;
  const open = (chapter: string) => released === 'all' || reached(released[chapter]);
  return {
    open,
    opens: (chapter) => (released === 'all' || open(chapter) ? undefined : released[chapter]),
    solutions: (chapter) =>
      open(chapter) && solutions !== 'never' && reached(typeof solutions === 'string' ? solutions : solutions[chapter]),
    inPage: (chapter) => ({ ...inPage, ...inPageExcept[chapter] }),
  };
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** True for a day that the calendar has. */
export function isDay(text: string): text is Day {
  if (!DAY.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** Settings that cannot be meant: days that do not exist, chapters that nobody has heard of, an address without a host. */
export function settingsMistakes(settings: Settings, chapters: readonly string[], source: string): Mistake[] {
  const file = 'site/settings.ts';
  const found: Mistake[] = [];
  const lineOf = (word: string) => Math.max(1, source.split('\n').findIndex((line) => line.includes(word)) + 1);
  const wrong = (word: string, what: string) => found.push({ file, line: lineOf(word), what });
  const day = (text: string, name: string) => {
    if (!isDay(text)) wrong(text, `${name}: "${text}" is no day; write one as '2026-09-01'.`);
  };
  const chapter = (id: string, name: string) => {
    if (!chapters.includes(id)) wrong(`'${id}'`, `${name} speaks of "${id}", but there are ${chapters.join(', ')}.`);
  };
  const days = (record: Record<string, Day>, name: string) => {
    for (const [id, text] of Object.entries(record)) {
      chapter(id, name);
      day(text, `${name} of ${id}`);
    }
  };
  if (settings.term) {
    day(settings.term.starts, 'the first day of the term');
    day(settings.term.ends, 'the last day of the term');
    if (settings.term.ends < settings.term.starts) wrong('ends:', 'the term ends before it starts.');
  }
  if (settings.released !== 'all') days(settings.released, 'released');
  if (typeof settings.solutions === 'object') days(settings.solutions, 'solutions');
  else if (settings.solutions !== 'never') day(settings.solutions, 'solutions');
  for (const id of Object.keys(settings.inPageExcept)) chapter(id, 'inPageExcept');
  for (const [name, url] of [
    ['url', settings.url],
    ['repository', settings.repository],
  ] as const) {
    if (!URL.canParse(url) || !/^https?:/.test(url))
      wrong(`${name}:`, `${name}: "${url}" is no address; write one as 'https://example.org/course/'.`);
  }
  return found;
}
