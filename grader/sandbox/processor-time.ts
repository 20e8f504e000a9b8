/**
 * The processor time of a student's program. On a machine with much else to do, a second may pass in which a program got
 * hardly any of it: a limit that has only seen the clock would reject what is right.
 */

/** A reading older than this is taken anew, in milliseconds: a reading costs as much as a quick program. */
const FRESH = 20;

/** What one process has used since it was last set back. */
export class ProcessorTime {
  readonly #read: () => number | undefined;
  #from = 0;
  #readAt = -Infinity;
  #others = 0;

  /**
   * @param read the process's milliseconds so far; undefined where the system does not tell
   * @param others milliseconds that may go to something else, until the first restart
   */
  constructor(read: () => number | undefined, others = 0) {
    this.#read = read;
    this.restart();
    this.#others = others;
  }

  restart(): void {
    this.#others = 0;
    const now = performance.now();
    if (now - this.#readAt < FRESH) return;
    this.#from = this.#read() ?? 0;
    this.#readAt = now;
  }

  /** Whether the system says that it was less than this. */
  isBelow(milliseconds: number): boolean {
    const total = this.#read();
    return total !== undefined && total - this.#from - this.#others < milliseconds;
  }
}

/** Linux counts in hundredths of a second, whatever its kernel does. */
const TICK = 10;

/**
 * The processor time of a process in milliseconds, all its threads together; undefined where the system does not count
 * (no process has run for no time at all).
 * @param stat what Linux has in `/proc/<pid>/stat`
 */
export function millisecondsIn(stat: string): number | undefined {
  // The second field is the program's name, which may hold anything; the 14th and 15th are for user and system.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks > 0 ? ticks * TICK : undefined;
}
