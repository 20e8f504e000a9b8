/** What the lesson on the lab shows: every number, printed block and figure in it comes from stored runs of it. */
import { SETTINGS } from '../../../solutions/chapter-7-moe/lab.ts';
import { lines } from '../chapter-2-bp/words.ts';
import { results } from '../results.ts';
import type { Ended, MixtureResults } from '../results/mixture.ts';

const cell = (v: number, digits = 2) => v.toFixed(digits);

const lab = () => results<MixtureResults>('mixture');
const section = (from: string, lineCount: number, skip = 0) => {
  const { lines: printed } = lab().run;
  const at = printed.findIndex((line) => line.includes(from));
  if (at < 0) throw new Error(`The lab prints no line with "${from}".`);
  return printed.slice(at + skip, at + skip + lineCount).join('\n');
};
const drawing = (name: string) => lab().run.files[`${name}.svg`]!.trim();
const small = (v: number) => v.toFixed(5);
const share = (of: number[][], e: number) => of.reduce((sum, row) => sum + row[e]!, 0) / of.length;
const idle = ({ shares }: Ended) => shares[0]!.filter((_, e) => share(shares, e) < 0.01).length;
const owned = ({ shares }: Ended) => shares.filter((row) => Math.max(...row) >= 0.95).length;
const below = (v: number) => (v < 0.00001 ? 'less than 0.00001' : small(v));
function seeds(): string {
  return lines([
    ['', '', 'without the balance loss', '', 'α = 0.1', ''],
    ['seed', 'dense', 'error', 'idle', 'error', 'owned'],
    ...lab().seeds.map(({ seed, dense, alone, balanced }) => [
      String(seed),
      small(dense),
      small(alone.error),
      String(idle(alone)),
      small(balanced.error),
      String(owned(balanced)),
    ]),
  ]);
}
const dealt = ({ shares }: Ended) =>
  lines([
    ['task', ...[0, 1, 2, 3].map((e) => `expert ${e}`)],
    ...['turn', 'mirror', 'swap', 'lean'].map((name, t) => [name, ...shares[t]!.map((v) => cell(v).padStart(8))]),
  ]);

const ofSeed = (seed: number) => lab().seeds.find((each) => each.seed === seed)!;

export const values = {
  labSteps: () => SETTINGS.steps.toLocaleString('en'),
  labDenseError: () => small(ofSeed(SETTINGS.seed).dense),
  labAloneError: () => small(ofSeed(SETTINGS.seed).alone.error),
  labBalancedError: () => below(ofSeed(SETTINGS.seed).balanced.error),
  labRenormalisedError: () => small(lab().renormalised.error),
};
export const prints = {
  labTable: () => section('weights  active', 4),
  labSeeds: seeds,
  labFair: () => dealt(lab().fair),
  labRenormalised: () => dealt(lab().renormalised),
};
export const figures = { routing: () => drawing('routing'), letters: () => drawing('letters') };
