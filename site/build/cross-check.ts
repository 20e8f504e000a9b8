/** What can only be seen when all pages are there: links and anchors that lead nowhere, ids that exist twice. */
import type { Mistake } from '../lessons/fill.ts';

// Text in our pages has its quotation marks escaped, so this is an attribute wherever it stands.
const ID = / id="([^"]+)"/g;

/** Every id in a page's HTML, and those that stand there more than once. */
export function ids(html: string): { all: Set<string>; twice: string[] } {
  const all = new Set<string>();
  const twice = new Set<string>();
  for (const [, id] of html.matchAll(ID)) (all.has(id!) ? twice : all).add(id!);
  return { all, twice: [...twice] };
}

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
 * @param there the ids on each page, by the page's path
 */
export function dead(links: readonly Linked[], there: ReadonlyMap<string, ReadonlySet<string>>): Mistake[] {
  return links.flatMap(({ from, file, line, to }) => {
    const [path = '', anchor] = to.split('#');
    const page = to.startsWith('#') ? from : path;
    const anchors = there.get(page);
    if (!anchors) return [{ file, line, what: `there is no page ${page || 'at the root'}.` }];
    if (anchor === undefined || anchor === '' || anchors.has(decodeURIComponent(anchor))) return [];
    return [{ file, line, what: `the page ${page || 'at the root'} has no anchor "#${decodeURIComponent(anchor)}".` }];
  });
}
