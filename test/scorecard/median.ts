/** The middle one, the lower of two. */
export const median = (numbers: readonly number[]): number =>
  numbers.length === 0 ? 0 : [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)]!;
