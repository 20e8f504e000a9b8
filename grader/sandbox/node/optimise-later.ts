/** How eagerly V8 optimises, in processes that live for a second. */
import { setFlagsFromString } from 'node:v8';

/**
 * Lets a function run seven times as much as V8 has chosen before it is optimised: most of an exercise's functions, and
 * most of the judge's, run for a few milliseconds in all, and optimising them takes longer. What runs for a second is
 * optimised as ever. Each version has settings of its own; one that it does not know it names on standard error, so
 * versions that nobody has tried keep what V8 has chosen.
 */
export function optimiseLater(): void {
  const version = Number.parseInt(process.versions.node, 10);
  if (version < 22) setFlagsFromString('--interrupt-budget=500000');
  else if (version <= 24) {
    setFlagsFromString('--invocation-count-for-maglev=2800');
    setFlagsFromString('--invocation-count-for-turbofan=21000');
  }
}
