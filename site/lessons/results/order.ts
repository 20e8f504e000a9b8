/** The lab of chapter 5 that asks who knows the order of the words. */
import type { LabIo } from '../../../solutions/chapter-5-transformer/lab-pictures.ts';
import { run } from '../../../solutions/chapter-5-transformer/order.ts';

export interface Watched {
  /** what the lab printed */
  lines: string[];
  /** what it saved, by file name */
  files: Record<string, string>;
}

/** A lab run with its default options: what it printed and saved. */
export async function watched(lab: (io: LabIo) => Promise<void>): Promise<Watched> {
  const lines: string[] = [];
  const files: Record<string, string> = {};
  await lab({
    print: (text) => void lines.push(...text.split('\n')),
    progress: () => undefined,
    save: (name, text) => void (files[name] = text),
    load: () => undefined,
    option: (_, fallback) => fallback,
    stopped: () => false,
    now: () => 0,
  });
  return { lines, files };
}

export const compute = (): Promise<Watched> => watched(run);
