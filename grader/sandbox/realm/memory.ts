/**
 * Stands in the place of the library's `memory.ts` where work is graded. There the student's code and the course's own
 * share the library, and numbers that lie beside one's own in a common block could be another's answers.
 */

/** A new array of so many zeros, in a buffer of its own. */
export const allocate = (size: number): Float64Array => new Float64Array(size);

/** A new array of the same numbers, in a buffer of its own. */
export const copyOf = (data: Float64Array): Float64Array => data.slice();
