/** The same functions by name as the judge has, built here from the judge's data. */
export { buildFunction, functionNames } from '../../engine/functions.ts';
