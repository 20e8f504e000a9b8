declare module 'virtual:figures' {
  import type { Interactive } from '../interactive/interactive.ts';
  /** The interactive figures of this site, by name; the build writes this module. */
  export const FIGURES: Record<string, (() => Promise<{ figure: Interactive }>) | undefined>;
}
