/** What the scorecard's commands are told. */
import { CHAPTERS } from '../../grader/chapters.ts';

export const ALL: readonly string[] = CHAPTERS.map(({ id }) => id);

/** The chapters that are named, or all. Ends the program at a word that is none. */
export function chaptersIn(words: readonly string[]): readonly string[] {
  const unknown = words.find((word) => !ALL.includes(word));
  if (unknown === undefined) return words.length > 0 ? words : ALL;
  console.error(`There is no ${unknown}; there are ${ALL.join(', ')}.`);
  process.exit(2);
}

/** The value of an option that takes a number, and the other words. Ends the program at anything else. */
export function numberIn(
  words: readonly string[],
  option: string,
  otherwise: number,
): { value: number; rest: string[] } {
  const at = words.indexOf(option);
  if (at < 0) return { value: otherwise, rest: [...words] };
  const value = Number(words[at + 1]);
  if (!(value > 0)) {
    console.error(`${option} needs a number above 0.`);
    process.exit(2);
  }
  return { value, rest: words.filter((_, i) => i !== at && i !== at + 1) };
}
