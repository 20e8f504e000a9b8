/** The program of a collector (two-phase grading): `node grader/cli/start.mjs collect`, started by the judge's `--collector`. */
import { collect } from '../sandbox/remote/collect.ts';

await collect();
