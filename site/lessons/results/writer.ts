/** The lab's GPT in full, 3,000 steps: what it prints and draws. */
import { lab, type LabIo } from '../../../solutions/chapter-5-transformer/lab.ts';

export interface WriterResults {
  lines: string[];
  /** the pictures */
  files: Record<string, string>;
}

export async function compute(): Promise<WriterResults> {
  const lines: string[] = [];
  const files: Record<string, string> = {};
  const io: LabIo = {
    print: (text) => void lines.push(...text.split('\n')),
    progress: () => {},
    save: (name, text) => void (name.endsWith('.svg') && (files[name] = text)),
    load: () => undefined,
    option: <T extends number | string | boolean>(name: string, fallback: T) =>
      name === 'steps' ? (3000 as T) : fallback,
    stopped: () => false,
    now: () => 0,
  };
  await lab(io);
  return { lines, files };
}
