/** The search index of one language, as the browser loads it. */
import MiniSearch from 'minisearch';
import { OPTIONS } from '../search/tokens.ts';

/** A section of a page. */
export interface Entry {
  /** Where it is, from the root of the site, with its anchor. */
  path: string;
  title: string;
  heading: string;
  text: string;
  /** Whether it is in another language than the page asks for. */
  foreign?: boolean;
}

export function searchIndex(entries: readonly Entry[]): string {
  const index = new MiniSearch(OPTIONS);
  index.addAll(
    entries.map((entry, id) => ({
      ...entry,
      id,
      start: entry.text.trim().slice(0, 150),
    })),
  );
  return JSON.stringify(index);
}
