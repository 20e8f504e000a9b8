/** How eagerly V8 optimises, in processes that live for a second. */
import { setFlagsFromString } from 'node:v8';

/**
 * Lets a function run seven times as much as V8 has chosen before it is optimised: most of an exercise's functions, and
 * most of the judge's, run for a few milliseconds in all, and optimising them takes longer. What runs for a second is
 * optimised as ever. Node 22 and later have no such setting, and say so on standard error.
 */
export function optimiseLater(): void {
  if (Number.parseInt(process.versions.node, 10) < 22) setFlagsFromString('--interrupt-budget=500000');
}
