/** What the lesson of the lab shows: the lab's own output and pictures, run in full and stored. */
import { RECIPES } from '../../../solutions/chapter-6-lora/recipes.ts';
import { SETTINGS } from '../../../solutions/chapter-6-lora/lab.ts';
import { BASE_SETTINGS, STEPS } from '../../../solutions/chapter-6-lora/base-training.ts';
import { results } from '../results.ts';
import type { TuningResults } from '../results/tuning.ts';

const lab = () => results<TuningResults>('tuning');
const count = (n: number) => n.toLocaleString('en-US');

/** What the lab printed behind a line that begins so, up to one that begins so. */
function between(from: string, to: string): string {
  const { lines } = lab();
  const start = lines.findIndex((line) => line.startsWith(from));
  const end = lines.findIndex((line, i) => i > start && line.startsWith(to));
  if (start < 0 || end < 0) throw new Error(`the lab prints nothing from "${from}" to "${to}".`);
  return lines
    .slice(start + 1, end)
    .join('\n')
    .replace(/^\n+|\n+$/g, '');
}

/** The cells of a row of the table. */
function row(name: string): string[] {
  const line = lab().lines.find((each) => each.startsWith(`  ${name} `) && /\d\.\d{3}$/.test(each));
  if (line === undefined) throw new Error(`the lab's table has no row "${name}".`);
  return line.trim().split(/ {2,}/);
}
const recipes = (name: string) => row(name).at(-3)!;
const poems = (name: string) => row(name).at(-1)!;
const memory = (name: string) => row(name).find((cell) => cell.endsWith('kB'))!;
const said = (pattern: RegExp): string => {
  const found = lab().lines.map((line) => pattern.exec(line)?.[1]).find(Boolean); // prettier-ignore
  if (found === undefined) throw new Error(`the lab prints nothing like ${String(pattern)}.`);
  return found;
};

/** Where the road of the full method passes the level that LoRA reached on the recipes, and what it cost in poems there. */
function passing(): string {
  const svg = lab().files['tuning-ways.svg']!;
  const [full, lora] = ['w0', 'w1'].map((kind) =>
    new RegExp(`class="way ${kind}" d="M([^"]+)"`)
      .exec(svg)![1]!
      .split('L')
      .map((point) => point.split(' ').map(Number) as [number, number]),
  );
  const [x, end] = lora!.at(-1)!;
  const after = full!.findIndex(([at]) => at <= x);
  const [[x0, y0], [x1, y1]] = [full![after - 1]!, full![after]!];
  const there = y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
  // In the picture more loss is further up, which is less y.
  if (there >= end) throw new Error('the full method has not forgotten more than LoRA at the same level any more.');
  return 'more';
}

export const values: Record<string, () => string | number> = {
  baseSteps: () => count(STEPS),
  baseWidth: () => BASE_SETTINGS.width,
  baseNumbers: () => count(Number(said(/blocks, (\d+) numbers/))),
  recipeCount: () => RECIPES.length,
  steps: () => SETTINGS.steps,
  rank: () => SETTINGS.rank,
  bottleneck: () => SETTINGS.bottleneck,
  keys: () => SETTINGS.prefix,
  guess: () => said(/even guess: ([\d.]+)\./),
  poemsBefore: () => poems('before'),
  recipesBefore: () => recipes('before'),
  recipesFull: () => recipes('full'),
  newFull: () => row('full').at(-2)!,
  newLora: () => row('LoRA').at(-2)!,
  poemsFull: () => poems('full'),
  recipesLora: () => recipes('LoRA'),
  recipesAdapter: () => recipes('adapter'),
  poemsLora: () => poems('LoRA'),
  recipesQlora: () => recipes('QLoRA'),
  memoryFull: () => memory('full'),
  memoryLora: () => memory('LoRA'),
  memoryQlora: () => memory('QLoRA'),
  passing,
};

/** What a model wrote, without the margin that it has in the terminal. */
const sample = (from: string, to: string) => between(from, to).replace(/^ {4}/gm, '');

export const prints: Record<string, () => string> = {
  before: () => sample('What it writes now', 'Who will learn'),
  full: () => sample('full: ', 'LoRA: '),
  lora: () => sample('LoRA: ', 'adapter: '),
  // Its first line is indented like all the others, and must stay so.
  table: () => between('QLoRA: ', 'Memory: ').replace(/^[^]*?(?= {2,}learns)/, ''),
};

export const figures: Record<string, () => string> = {
  'tuning-bars': () => lab().files['tuning-bars.svg']!.trimEnd(),
  'tuning-ways': () => lab().files['tuning-ways.svg']!.trimEnd(),
};
