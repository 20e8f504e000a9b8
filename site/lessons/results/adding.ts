/** The lab of chapter 4 as it runs by itself: the adding problem at length 100. */
import { lab, type LabIo } from '../../../solutions/chapter-4-lstm/lab.ts';

export interface AddingResults {
  /** what the lab printed, without the seconds */
  lines: string[];
  /** what it saved, by file name */
  files: Record<string, string>;
}

/** A lab run with the given options: what it printed and saved. */
export async function watched(options: Record<string, string | number>): Promise<AddingResults> {
  const lines: string[] = [];
  const files: Record<string, string> = {};
  const io: LabIo = {
    print: (text) => void lines.push(...text.replace(/, in \d+ s$/, '').split('\n')),
    progress: () => undefined,
    save: (name, text) => void (files[name] = text),
    option: <T extends number | string>(name: string, fallback: T) => (options[name] as T | undefined) ?? fallback,
    stopped: () => false,
    now: () => 0,
  };
  await lab(io);
  return { lines, files };
}

/** The default run. */
export const compute = (): Promise<AddingResults> => watched({});
