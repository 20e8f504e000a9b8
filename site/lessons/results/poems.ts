/** The reading lab in full, as it prints. */
import { lab, type LabIo } from '../../../solutions/chapter-3-rnn/lab.ts';

export interface PoemResults {
  lines: string[];
}

export async function compute(): Promise<PoemResults> {
  const lines: string[] = [];
  const io: LabIo = {
    print: (text) => void lines.push(...text.split('\n')),
    progress: () => {},
    save: () => {},
    option: <T extends number | string>(name: string, fallback: T) => (name === 'task' ? ('text' as T) : fallback),
    stopped: () => false,
    now: () => 0,
  };
  await lab(io);
  return { lines };
}
