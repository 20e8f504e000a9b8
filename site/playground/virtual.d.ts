declare module 'virtual:judge' {
  import type { Chapter } from '../../grader/engine/exercise.ts';
  import type { Catalogue } from '../../grader/sandbox/page/link.ts';
  /** The specs of the chapters that this site grades, by id; the build writes this module. */
  export const SPECS: Record<string, (() => Promise<Chapter>) | undefined>;
  export const CATALOGUE: Catalogue;
  /** What #tensor exports. */
  export const LIBRARY: readonly string[];
  /** The first half of a student's script. */
  export const WORKER: string;
}
