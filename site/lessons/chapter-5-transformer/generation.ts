/** What the lesson on writing shows: every number, print and figure in it is computed here. */
import { type Tensor, random, tensor } from '#tensor';
import { softmaxWithTemperature, topKFilter } from '../../../solutions/chapter-3-rnn/language-model.ts';
import {
  cachedStep,
  chooseToken,
  gptForward,
  nothingKept,
  topPFilter,
  type GptSettings,
  type KeyValues,
} from '../../../solutions/chapter-5-transformer/gpt.ts';
import { WRITER, newGpt } from '../../../solutions/chapter-5-transformer/writer.ts';
import { lines, show } from '../chapter-2-bp/words.ts';
import { results } from '../results.ts';
import type { WriterResults } from '../results/writer.ts';
import { figure, text, roles } from '../svg.ts';

// Which letters may come

const letters = ['e', 'a', 'o', 'i', 'u', 'y'];
const logits = tensor([2, 1.5, 1, 0, -1, -2]);
const probabilities = (z: Tensor) => softmaxWithTemperature(z, 1);
const shares = (z: Tensor) => Array.from(probabilities(z).data, (p) => (p === 0 ? '·' : p.toFixed(3)));
const kept = (z: Tensor) => z.data.filter((x) => x > -Infinity).length;

function ways(): string {
  return lines([
    ['', ...letters],
    ['as they are', ...shares(logits)],
    ['temperature 0.5', ...shares(logits.div(0.5))],
    ['temperature 2', ...shares(logits.div(2))],
    ['top-k, k = 2', ...shares(topKFilter(logits, 2))],
    ['top-p, p = 0.8', ...shares(topPFilter(logits, 0.8))],
  ]);
}

function walk(): string {
  const p = probabilities(logits).data;
  let before = 0;
  return lines([
    ['', 'p', 'before it', 'kept'],
    ...letters.map((letter, v) => {
      const row = [letter, p[v].toFixed(3), before.toFixed(3), before < 0.8 ? 'yes' : 'no'];
      before += p[v];
      return row;
    }),
  ]);
}

const sure = tensor([5, 1, 0.5, 0, -1, -2]);

const firstK = topPFilter(topKFilter(logits, 3), 0.8);
const firstP = topKFilter(topPFilter(logits, 0.8), 3);
const hot = topPFilter(logits.div(2), 0.8);

// What is computed anew

/** Rows that go through the blocks while n letters are written after a prompt of one. */
const again = (n: number) => (n * (n + 1)) / 2;

function triangle(): string {
  const n = 9;
  const [left, top, side] = [36, 52, 22];
  const square = (x: number, y: number, own: boolean) =>
    `<rect x="${x}" y="${y}" width="${side - 4}" height="${side - 4}" rx="3" fill="${roles[own ? 'query' : 'key'].light}" fill-opacity="${own ? 0.85 : 0.28}" style="fill:var(--${own ? 'query' : 'key'})"/>`;
  const field = (at: number, cached: boolean) =>
    Array.from({ length: n }, (_, step) =>
      Array.from({ length: step + 1 }, (_, row) =>
        cached && row < step ? '' : square(at + row * side, top + step * side, row === step),
      ).join(''),
    ).join('\n');
  const second = left + n * side + 70;
  return figure(
    {
      title: 'Rows that go through the blocks, with and without a cache',
      description: `Two fields of ${n} lines, one for each letter written. On the left every line is one square longer than the one above: all the text is read again. On the right each line has a single square: only the newest token is read.`,
      width: 540,
      height: 280,
    },
    text(left, 28, `all again: ${again(n)} rows`, 'start'),
    text(second, 28, `with a cache: ${n} rows`, 'start'),
    field(left, false),
    field(second, true),
    text(left, top + n * side + 18, 'place →', 'start'),
    text(second, top + n * side + 18, 'place →', 'start'),
  );
}

const model = (() => {
  const settings: GptSettings = { heads: 4, activation: 'gelu' };
  const rng = random('cached');
  const weights = newGpt({ ...WRITER, layers: 3, context: 16 }, 30, rng);
  const read = Array.from({ length: 17 }, () => rng.integer(30));
  return { settings, weights, read };
})();

/** The largest difference between the logits of two ways. */
const apart = (a: Tensor, b: Tensor) => a.sub(b).abs().max().item();
const lastRow = (read: number[]) => gptForward([read], model.weights, model.settings).logits.row(0).row(-1);

const together = (() => {
  let kept: KeyValues[] = nothingKept(model.weights);
  const differences = model.read.slice(0, 16).map((token, t) => {
    const step = cachedStep(token, kept, model.weights, model.settings);
    kept = step.kept;
    return apart(step.logits, lastRow(model.read.slice(0, t + 1)));
  });
  return { worst: Math.max(...differences), kept };
})();

/** Logits after 8 tokens, when the keys and values kept were made at other places, or the new token stands at another. */
const slips = (() => {
  const { weights, settings, read } = model;
  const after = (from: number, to: number, start: KeyValues[] = nothingKept(weights)) => {
    let [kept, logits] = [start, lastRow([read[0]])];
    for (const token of read.slice(from, to)) ({ kept, logits } = cachedStep(token, kept, weights, settings));
    return { kept, logits };
  };
  const right = lastRow(read.slice(0, 8));
  // Every token believes that it stands at place 0.
  const restarted = { ...weights, positions: weights.positions.map((_, k) => weights.positions.data[k % 32]) };
  let kept = nothingKept(weights);
  let wrong = right;
  for (const token of read.slice(0, 8)) ({ kept, logits: wrong } = cachedStep(token, kept, restarted, settings));
  // Beyond the last place: drop the oldest, keep the others as they were.
  const full = after(0, 16).kept.map(({ k, v }) => ({ k: k.slice(null, [1, 16]), v: v.slice(null, [1, 16]) }));
  const slid = cachedStep(read[16], full, weights, settings).logits;
  const size = (z: Tensor) => z.square().mean().sqrt().item();
  return { restarted: apart(wrong, right), slid: apart(slid, lastRow(read.slice(1, 17))), size: size(right) };
})();

// The lab

const lab = () => results<WriterResults>('writer');

function between(from: RegExp, to: RegExp): string {
  const { lines: all } = lab();
  const start = all.findIndex((line) => from.test(line));
  const end = all.findIndex((line, i) => i > start && to.test(line));
  if (start < 0 || end < 0) throw new Error(`the lab prints nothing from ${String(from)} to ${String(to)}.`);
  return all.slice(start, end).join('\n').trim();
}
function said(pattern: RegExp): string {
  const found = lab().lines.map((line) => pattern.exec(line)?.[1]).find(Boolean); // prettier-ignore
  if (found === undefined) throw new Error(`the lab prints nothing like ${String(pattern)}.`);
  return found;
}
const count = (n: number) => n.toLocaleString('en-US');

export const values: Record<string, () => string | number> = {
  nucleusFlat: () => kept(topPFilter(logits, 0.8)),
  nucleusSure: () => kept(topPFilter(sure, 0.8)),
  sureShare: () => probabilities(sure).at(0).toFixed(2),
  firstK: () => kept(firstK),
  firstP: () => kept(firstP),
  hot: () => kept(hot),
  drawnLow: () => letters[chooseToken(logits, 0.3, { temperature: 1, topK: 6, topP: 1 })],
  drawnHigh: () => letters[chooseToken(logits, 0.95, { temperature: 1, topK: 6, topP: 1 })],
  drawnHighP: () => letters[chooseToken(logits, 0.95, { temperature: 1, topK: 6, topP: 0.8 })],
  rowsAgain: () => count(again(1000)),
  cacheWorst: () => show(together.worst),
  keptNumbers: () => count(together.kept.reduce((n, { k, v }) => n + k.size + v.size, 0)),
  gpt2Kept: () => count(2 * 12 * 1024 * 768),
  slipRestarted: () => show(Number(slips.restarted.toFixed(2))),
  slipSlid: () => show(Number(slips.slid.toFixed(2))),
  slipSize: () => show(Number(slips.size.toFixed(2))),
  labSteps: () => Number(said(/^After (\d+) steps/)).toLocaleString('en-US'),
  labNumbers: () => Number(said(/heads, (\d+) numbers/)).toLocaleString('en-US'),
  labSeen: () => said(/has read: ([\d.]+)/),
  labUnseen: () => said(/that it has not: ([\d.]+)\.$/),
};

export const prints: Record<string, () => string> = {
  ways,
  walk,
  labBefore: () => between(/^Before the first step/, /^Step 300/),
  labEarly: () => between(/^Step 300,/, /^Step 750/),
  labLater: () => between(/^Step 1500,/, /^After /),
  labAfter: () => between(/^At temperature 0\.5/, /^At temperature 1/),
};

export const figures: Record<string, () => string> = {
  'cache-triangle': triangle,
  'gpt-loss': () => lab().files['gpt-loss.svg']!,
  'gpt-heads': () => lab().files['gpt-heads.svg']!,
};
