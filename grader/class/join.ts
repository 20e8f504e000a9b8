/** Parts of one class, as the whole. */
import { listed } from '../course/nearest.ts';
import { Refusal } from '../course/refusal.ts';
import { canonicalJson } from './secret.ts';
import type { Batch } from './store.ts';

/** @throws Refusal where the parts do not belong together, or one is missing */
export function joinBatches(batches: readonly Batch[], secret: string): Batch {
  const [first] = batches;
  if (!first) throw new Refusal('There are no results in it.', 'Name the folders that were given to --out.', 2);
  const say = (what: string, next: string) => new Refusal(`The parts do not belong together: ${what}.`, next);
  const differing = (pick: (batch: Batch) => unknown) => new Set(batches.map((b) => canonicalJson(pick(b) ?? null))).size > 1; // prettier-ignore
  if (differing((b) => b.assignment))
    throw say(
      `they are of ${listed([...new Set(batches.map((b) => b.assignment))])}`,
      'Merge the parts of one of them.',
    );
  if (differing((b) => [b.spec, b.grader]))
    throw say('they were graded with different versions of the course or its hidden checks', 'Grade the older ones again.'); // prettier-ignore
  if (batches.some((b) => b.secret !== secret))
    throw new Refusal('They were graded with another secret.', 'Give the right one with --secret FILE.');
  if (differing((b) => b.late)) throw say('they have different deadlines or late rules', 'Grade them with the same --deadline.'); // prettier-ignore
  if (differing((b) => b.people)) throw say('they know different people', 'Grade all parts from the same submissions and roster.'); // prettier-ignore
  if (differing((b) => b.shard.of)) throw say('the class was cut into different numbers of parts', 'Merge parts of one cut.'); // prettier-ignore
  const there = new Set(batches.map((b) => b.shard.index));
  const missing = Array.from({ length: first.shard.of }, (_, i) => i + 1).filter((i) => !there.has(i));
  if (missing.length > 0)
    throw new Refusal(
      `${missing.length === 1 ? 'A part is' : 'Parts are'} missing: ${listed(missing.map((i) => `${i}/${first.shard.of}`))}.`,
      'Name the folders of all parts.',
    );
  return { ...first, shard: { index: 1, of: 1 } };
}
