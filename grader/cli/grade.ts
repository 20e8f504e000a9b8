/** `npm run grade`: the first child processes start while the rest of the grader is still being read. */
import { optimiseLater } from '../sandbox/node/optimise-later.ts';
import { prewarm } from '../sandbox/node/sandbox.ts';

optimiseLater();
const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
// Two for a whole chapter: while one loads its topic, the other already runs.
if (!process.argv.includes('--help') && !process.argv.includes('-h')) prewarm(words[0]?.includes('/') ? 1 : 2);
await import('./grade-main.ts');
