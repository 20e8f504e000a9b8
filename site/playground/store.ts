/**
 * What the browser keeps: a student's files, one by one, with what they were made from and their earlier versions, and the
 * points of each exercise. Nothing is ever overwritten that is not kept somewhere.
 */

export interface Kept {
  text: string;
  /** ISO time. */
  when: string;
  why: 'reset' | 'import' | 'update' | 'elsewhere' | 'restore';
}

export interface Saved {
  text: string;
  /** The course's file that it was begun with. */
  base: string;
  /** Earlier versions, the newest first. */
  kept: Kept[];
}

export interface Score {
  points: number;
  maxPoints: number;
  runs: number;
}

/** `none`: this browser keeps nothing here. `full`: it did until now. */
export type Written = 'saved' | 'full' | 'none';

/** The oldest ones beyond so many go. */
const MOST_KEPT = 8;

/** Where the site stands, so that two courses on one host do not mix; the same for all its pages and languages. */
export function siteRoot(): string {
  const sheet = document.querySelector<HTMLLinkElement>('link[rel=stylesheet]')?.href ?? location.href;
  return new URL('..', sheet).pathname;
}

export class Store {
  readonly #prefix: string;
  readonly #storage: Storage | undefined;

  constructor(prefix = siteRoot()) {
    this.#prefix = `by-hand ${prefix} `;
    try {
      this.#storage = localStorage;
    } catch {
      this.#storage = undefined;
    }
  }

  /** @param file its path under the folder of chapters */
  read(file: string): Saved | undefined {
    const found = this.#get(`file ${file}`) as Partial<Saved> | undefined;
    if (typeof found?.text !== 'string' || typeof found.base !== 'string') return undefined;
    return { text: found.text, base: found.base, kept: Array.isArray(found.kept) ? found.kept : [] };
  }

  write(file: string, { text, base, kept }: Saved): Written {
    return this.#set(`file ${file}`, { text, base, kept: kept.slice(0, MOST_KEPT) });
  }

  scores(): Record<string, Score> {
    return (this.#get('scores') as Record<string, Score> | undefined) ?? {};
  }

  /** Notes a run of an exercise; its points are those of the last run. */
  score(id: string, points: number, maxPoints: number): Written {
    const scores = this.scores();
    return this.#set('scores', { ...scores, [id]: { points, maxPoints, runs: (scores[id]?.runs ?? 0) + 1 } });
  }

  /** Told when another tab has written a file. */
  onElsewhere(file: string, hear: (saved: Saved) => void): void {
    addEventListener('storage', (event) => {
      if (event.key !== `${this.#prefix}file ${file}`) return;
      const saved = this.read(file);
      if (saved) hear(saved);
    });
  }

  #get(name: string): unknown {
    try {
      const text = this.#storage?.getItem(this.#prefix + name);
      return text === null || text === undefined ? undefined : (JSON.parse(text) as unknown);
    } catch {
      return undefined;
    }
  }

  #set(name: string, value: unknown): Written {
    if (!this.#storage) return 'none';
    try {
      this.#storage.setItem(this.#prefix + name, JSON.stringify(value));
      return 'saved';
    } catch {
      return this.#storage.length === 0 ? 'none' : 'full';
    }
  }
}
