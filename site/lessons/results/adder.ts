/** The adding lab in full as it prints, and the same training with other widths and seeds. */
import {
  BITS,
  SHOWN,
  add,
  lab,
  onPaper,
  statesSvg,
  trainAdder,
  type LabIo,
} from '../../../solutions/chapter-3-rnn/lab.ts';
import { jacobianProductNorms } from '../../../solutions/chapter-3-rnn/gradient-flow.ts';

export interface AdderResults {
  /** what the lab printed */
  lines: string[];
  /** for each width: steps until it stopped, and the worse of the two exams, for each of five seeds */
  widths: { width: number; steps: number[]; right: number[] }[];
  /** a picture of the states while it adds */
  states: string;
  /** 65535 + 1 as the network writes it */
  longest: string;
  /** in the trained network, during 65535 + 1: the norm of ∂h_16/∂h_{16−k} for k = 0 … 16 */
  norms: number[];
}

export async function compute(): Promise<AdderResults> {
  const lines: string[] = [];
  const io: LabIo = {
    print: (text) => void lines.push(...text.split('\n')),
    progress: () => {},
    save: () => {},
    option: (_name, fallback) => fallback,
    stopped: () => false,
    now: () => 0,
  };
  await lab(io);
  const widths: AdderResults['widths'] = [];
  for (const width of [16, 8, 4, 2]) {
    const runs = [];
    for (let seed = 1; seed <= 5; seed++) runs.push(await trainAdder({ width, seed, limit: 1000 }));
    widths.push({
      width,
      steps: runs.map((r) => r.steps),
      right: runs.map((r) => Math.min(r.exam.any, r.exam.long)),
    });
  }
  const { adder } = await trainAdder({ width: 16, seed: 1, limit: 1500 });
  const pair = [2 ** BITS - 1, 1] as const;
  return {
    lines,
    widths,
    states: statesSvg(adder, SHOWN),
    longest: onPaper(adder, pair),
    norms: jacobianProductNorms(add(adder, pair).states.slice([0, BITS]), adder.rnn.wHh),
  };
}
