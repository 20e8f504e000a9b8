/** What is said while a class is graded. */
import { Progress } from '../cli/progress.ts';
import { clean, fit } from '../reports/wrap.ts';
import type { Progress as Count } from './batch.ts';
import type { Result } from './result.ts';

/** Says how far it is: a line that renews itself for a person, a line for each submission in a log. */
export class Telling {
  readonly #progress = new Progress();
  readonly #began = performance.now();
  readonly #person = process.stderr.isTTY === true;

  constructor(all: number) {
    this.#progress.update(`Grading  (0 of ${all})`);
  }

  result(result: Result, { done, all, kept }: Count): void {
    const graded = done - kept;
    const left = graded > 0 ? ((performance.now() - this.#began) / graded) * (all - done) : 0;
    const soon = done < all && graded > 1 ? `, ${timeLeft(left)} left` : '';
    const id = clean(result.submission.id);
    if (this.#person) return this.#progress.update(`Grading  (${done} of ${all}${soon})  ${id}`);
    const came =
      result.status === 'graded' ? `${result.points} of ${result.maxPoints}  ${result.verdict}` : result.status;
    process.stderr.write(`${fit(`${String(done).padStart(String(all).length)}/${all}  ${id}  ${came}`, 100)}${soon}\n`);
  }

  end(): void {
    this.#progress.end();
  }
}

/** "40 s", "3 min", "2 h 10 min" */
function timeLeft(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (ms < 90_000) return `${Math.max(1, Math.round(ms / 1000))} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
