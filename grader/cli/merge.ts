/** `npm run merge`: the parts of a class, joined; with one folder, its gradebooks written anew. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { exportFlags, finishClass } from '../class/finish.ts';
import { joinBatches } from '../class/join.ts';
import { fingerprint, loadSecret } from '../class/secret.ts';
import { Store } from '../class/store.ts';
import { Refusal } from '../course/refusal.ts';
import { runCommand, type Command } from './words.ts';

const command = {
  name: 'merge',
  about: 'Joins the results of a class that was graded in parts, and writes its gradebooks.',
  usage: ['PART1 PART2 PART3 -- --out results --secret FILE', 'results -- --canvas export.csv'],
  example: 'results',
  flags: {
    out: { type: 'string', value: 'DIR', help: 'the folder of the whole (default: the only part)' },
    secret: { type: 'string', value: 'FILE', help: 'the secret that the parts were graded with' },
    ...exportFlags,
  },
} satisfies Command;

await runCommand(command, ({ words, flags }) => {
  const example = 'For example: npm run merge part-1 part-2 -- --out results --secret secret.txt';
  if (words.length === 0) throw new Refusal('Which folders of results?', example, 2);
  if (words.length > 1 && flags.out === undefined) throw new Refusal('Where is the whole to go?', example, 2);
  const folders = words.map((word) => resolve(word));
  for (const [i, folder] of folders.entries())
    if (!existsSync(folder)) throw new Refusal(`There is no folder ${words[i]}.`, 'Look for a typing mistake.', 2);
  const out = resolve(flags.out ?? folders[0]!);
  const own =
    folders.length === 1 && existsSync(Store.secretFile(folders[0]!)) ? Store.secretFile(folders[0]!) : undefined;
  const secret = loadSecret(flags.secret, own);
  const stores = folders.map((folder) => new Store(folder, secret));
  const batch = joinBatches(
    stores.flatMap((store) => store.batches()),
    fingerprint(secret),
  );
  const whole = new Store(out, secret);
  const unlock = whole.lock(batch.shard);
  try {
    const read = ({ id }: { id: string }) => {
      const seen = stores.map((store) => store.look(id));
      // Of two results of one person, the later one: somebody was graded again.
      const [result] = seen
        .flatMap((each) => each.result ?? [])
        .filter((each) => each.course.spec === batch.spec && each.course.grader === batch.grader)
        .sort((a, b) => (a.gradedAt < b.gradedAt ? 1 : -1));
      if (result && out !== folders[0]) whole.write(result);
      const why = seen.find((each) => each.why !== undefined)?.why;
      return result ? { result } : why === undefined ? {} : { why };
    };
    // Where the parts lie, they stay parts.
    if (!folders.includes(out)) whole.writeBatch(batch);
    return finishClass(batch, out, read, flags);
  } finally {
    unlock();
  }
});
