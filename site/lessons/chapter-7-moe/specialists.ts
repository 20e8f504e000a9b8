/** What the lesson on the lab shows: every number, printed block and figure in it comes from stored runs of it. */
import { SETTINGS } from '../../../solutions/chapter-7-moe/lab.ts';
import { lines } from '../chapter-2-bp/words.ts';
import { results } from '../results.ts';
import type { MixtureResults } from '../results/mixture.ts';

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
function seeds(): string {
  return lines([
    ['seed', 'dense', 'no balance loss', 'busiest expert', 'α = 0.1'],
    ...lab().seeds.map(({ seed, dense, alone, busiest, balanced }) => [
      String(seed),
      small(dense),
      small(alone).padStart(15),
      `${(100 * busiest).toFixed(0)} %`.padStart(14),
      small(balanced),
    ]),
  ]);
}
const fair = () =>
  lines([
    ['task', ...[0, 1, 2, 3].map((e) => `expert ${e}`)],
    ...['turn', 'mirror', 'swap', 'lean'].map((name, t) => [
      name,
      ...lab().fair.shares[t]!.map((v) => cell(v).padStart(8)),
    ]),
  ]);

const ofSeed = (seed: number) => lab().seeds.find((each) => each.seed === seed)!;

export const values = {
  labSteps: () => SETTINGS.steps.toLocaleString('en'),
  labFairError: () => small(lab().fair.error),
  labDenseError: () => small(ofSeed(2).dense),
  labAloneError: () => small(ofSeed(2).alone),
  labBalancedError: () => small(ofSeed(2).balanced),
};
export const prints = {
  labTable: () => section('weights  active', 4),
  labSeeds: seeds,
  labFair: fair,
};
export const figures = { routing: () => drawing('routing'), letters: () => drawing('letters') };
