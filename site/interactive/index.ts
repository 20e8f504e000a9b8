/** The interactive figures; a lesson asks for one with `<!-- interactive: name -->` on a line of its own. */
import type { Interactive } from './interactive.ts';

export const INTERACTIVES: readonly Interactive[] = [];
