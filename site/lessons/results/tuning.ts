/** The lab of chapter 6 in full: what it prints and draws. The times are those of the machine that made it. */
import { lab, type LabIo } from '../../../solutions/chapter-6-lora/lab.ts';

export interface TuningResults {
  lines: string[];
  /** the pictures */
  files: Record<string, string>;
}

export async function compute(): Promise<TuningResults> {
  const lines: string[] = [];
  const files: Record<string, string> = {};
  const io: LabIo = {
    print: (text) => void lines.push(...text.split('\n')),
    progress: () => {},
    save: (name, text) => void (files[name] = text),
    load: () => undefined,
    option: <T extends number | string | boolean>(_name: string, fallback: T) => fallback,
    stopped: () => false,
    now: () => performance.now(),
  };
  await lab(io);
  return { lines, files };
}
