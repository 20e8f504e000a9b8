/** What earlier runs found out, in `node_modules/.cache/scorecard`: a text for each key. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from './judge-hash.ts';

export class Known {
  readonly #path: string;
  readonly #found = new Map<string, string>();

  constructor(name: string) {
    mkdirSync(CACHE, { recursive: true });
    this.#path = join(CACHE, `${name}.txt`);
    if (!existsSync(this.#path)) return;
    for (const line of readFileSync(this.#path, 'utf8').split('\n')) {
      const space = line.indexOf(' ');
      if (space > 0) this.#found.set(line.slice(0, space), line.slice(space + 1));
    }
  }
  get(key: string): string | undefined {
    return this.#found.get(key);
  }
  /** @param text one line */
  set(key: string, text: string): void {
    this.#found.set(key, text);
    // A line at a time: another process may write to the same file.
    appendFileSync(this.#path, `${key} ${text}\n`);
  }
}
