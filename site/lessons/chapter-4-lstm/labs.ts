/** What the lesson of the lab shows: the lab's own output and pictures, run in full and stored. */
import { results } from '../results.ts';
import type { AddingResults } from '../results/adding.ts';

const adding = () => results<AddingResults>('adding');
const wave = () => results<AddingResults>('wave');

/** The lines of a lab's output behind one that begins so, up to the next one that begins so. */
function between({ lines }: AddingResults, from: string, to: string): string {
  const start = lines.findIndex((line) => line.startsWith(from));
  const end = lines.findIndex((line, i) => i > start && line.startsWith(to));
  if (start < 0 || end < 0) throw new Error(`the lab prints nothing from "${from}" to "${to}".`);
  return lines.slice(start + 1, end).join('\n');
}

/** What stands behind these words in a lab's output. */
function said({ lines }: AddingResults, pattern: RegExp): string {
  const found = lines.map((line) => pattern.exec(line)?.[1]).find(Boolean);
  if (found === undefined) throw new Error(`the lab prints nothing like ${String(pattern)}.`);
  return found;
}

export const values: Record<string, () => string | number> = {
  labBaseline: () => (2 / 12).toFixed(3),
  labBudget: () => Number(said(adding(), /at most (\d+) steps/)).toLocaleString('en-US'),
  labRnnError: () => said(adding(), /^RNN +.*error ([\d.]+)/),
  labGruSteps: () => said(adding(), /^GRU +done after (\d+) steps/),
  labLstmSteps: () => said(adding(), /^LSTM +done after (\d+) steps/),
  labMarked: () => said(adding(), /input gate: ([\d.]+) at the marks/),
  labElsewhere: () => said(adding(), /at the marks, ([\d.]+) elsewhere/),
  labWaveNumbers: () => Number(said(wave(), /; (\d+) numbers to learn/)).toLocaleString('en-US'),
  labWaveSoon: () => said(wave(), /error: ([\d.]+) over the first/),
  labWaveLate: () => said(wave(), /values, ([\d.]+) over all/),
};

export const prints: Record<string, () => string> = {
  labTable: () => between(adding(), 'On 500 sequences', 'The LSTM reads').trim(),
  labStrips: () => between(adding(), 'The LSTM reads', 'The first one').replace(/^\n+|\n+$/g, ''),
  labWaveSteps: () => between(wave(), 'They hear waves', 'The error while').trim(),
};

export const figures: Record<string, () => string> = {
  adding: () => adding().files['adding.svg']!,
  gates: () => adding().files['gates.svg']!,
  wave: () => wave().files['wave.svg']!,
};
