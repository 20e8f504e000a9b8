/** What can only be seen when all pages are there: links and anchors that lead nowhere, ids that exist twice. */
import type { Mistake } from '../lessons/fill.ts';

/** Every id in a page's HTML that stands there more than once. */
export function twice(html: string): string[] {
  const seen = new Set<string>();
  const found = new Set<string>();
  for (const [, id] of html.matchAll(/<[^>]*?\sid="([^"]+)"/g)) (seen.has(id!) ? found : seen).add(id!);
  return [...found];
}

export const idsOf = (html: string): Set<string> =>
  new Set([...html.matchAll(/<[^>]*?\sid="([^"]+)"/g)].map(([, id]) => id!));

export interface Linked {
  /** The page that has the link: `chapter-1-mp/neuron/`. */
  from: string;
  file: string;
  line: number;
  /** `chapter-1-mp/perceptron/#the-exercises`, or `#the-exercises` on the same page. */
  to: string;
}

/**
 * Links whose page or anchor is not there.
 * @param ids the ids on each page, by the page's path
 */
export function dead(links: readonly Linked[], ids: ReadonlyMap<string, ReadonlySet<string>>): Mistake[] {
  return links.flatMap(({ from, file, line, to }) => {
    const [path = '', anchor] = to.split('#');
    const page = to.startsWith('#') ? from : path;
    const there = ids.get(page);
    if (!there) return [{ file, line, what: `there is no page ${page || 'at the root'}.` }];
    if (anchor === undefined || anchor === '' || there.has(decodeURIComponent(anchor))) return [];
    return [{ file, line, what: `the page ${page || 'at the root'} has no anchor "#${decodeURIComponent(anchor)}".` }];
  });
}
