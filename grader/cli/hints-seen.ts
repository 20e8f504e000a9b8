/** Which hints a student has seen: a small file in `chapters/`, ignored by git and safe to delete. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const PROGRESS_FILE = 'chapters/.progress.json';

export class HintsSeen {
  readonly #file: string;
  #seen: Record<string, number>;

  constructor(root: string) {
    this.#file = join(root, PROGRESS_FILE);
    this.#seen = read(this.#file);
  }

  /** How many hints of an exercise have been shown. */
  of(exerciseId: string): number {
    return Object.hasOwn(this.#seen, exerciseId) ? this.#seen[exerciseId]! : 0;
  }

  set(exerciseId: string, count: number): void {
    // Another window may have written in the meantime.
    this.#seen = { ...read(this.#file), [exerciseId]: count };
    mkdirSync(dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.${process.pid}`;
    writeFileSync(draft, `${JSON.stringify({ hints: this.#seen }, null, 2)}\n`);
    renameSync(draft, this.#file);
  }
}

/** Whatever is wrong with the file, the worst that may happen is that hints begin again. */
function read(file: string): Record<string, number> {
  try {
    const { hints } = JSON.parse(readFileSync(file, 'utf8')) as { hints?: Record<string, unknown> };
    const whole = Object.entries(hints ?? {}).filter(([, n]) => Number.isInteger(n) && (n as number) >= 0);
    return Object.fromEntries(whole) as Record<string, number>;
  } catch {
    return {};
  }
}
