/**
 * `npm run base:train`: makes solutions/chapter-6-lora/base.ts, the small GPT that chapter 6's lab starts from. For authors; it
 * takes a minute or two. The same code on the same version of Node gives the same file; sums in another order, or another exp,
 * give another file with nearly the same loss.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommand, type Command } from '../../grader/cli/words.ts';
import { corpus, toTokens } from '../../solutions/chapter-5-transformer/writer.ts';
import {
  STEPS,
  baseLoss,
  packBase,
  toText,
  trainBase,
  unpackBase,
} from '../../solutions/chapter-6-lora/base-training.ts';

const command = {
  name: 'base:train',
  about: 'Trains the base of the lab of chapter 6, and writes solutions/chapter-6-lora/base.ts. For authors.',
  usage: [''],
  atMost: 0,
  flags: {},
} satisfies Command;

await runCommand(command, () => {
  const weights = trainBase(STEPS, (losses) => {
    if (losses.length % 250 === 0) {
      const lately = losses.slice(-50);
      const loss = lately.reduce((a, b) => a + b, 0) / lately.length;
      console.log(`step ${losses.length} of ${STEPS}, loss ${loss.toFixed(3)}`);
    }
    return true;
  });
  const { training, characters } = corpus();
  const tokens = toTokens(training, characters);
  const bytes = packBase(weights);
  const [before, after] = [weights, unpackBase(bytes)].map((w) => baseLoss(tokens, w));
  const lines = toText(bytes).match(/.{1,112}/g)!;
  const file = fileURLToPath(new URL('../../solutions/chapter-6-lora/base.ts', import.meta.url));
  writeFileSync(
    file,
    `/**
 * The base of the lab: the weights of a small GPT that has read the poems of chapter 3, in blocks of q8_0, six bits a letter.
 * Made by \`npm run base:train\`; base-training.ts says how.
 */
export const BASE = {
  steps: ${STEPS},
  /** mean loss per character on the poems: as it was trained, and as it lies here in 8 bits */
  loss: { trained: ${before!.toFixed(4)}, packed: ${after!.toFixed(4)} },
  weights: [
${lines.map((line) => `    '${line}',`).join('\n')}
  ].join(''),
};
`,
  );
  console.log(`Wrote solutions/chapter-6-lora/base.ts: ${bytes.length} bytes of weights.`);
  console.log(`Loss on the poems ${before!.toFixed(4)}, in 8 bits ${after!.toFixed(4)}. Now: npm run skeletons`);
  return 0;
});
