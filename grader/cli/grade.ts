/** `npm run grade`: the first child process starts while the rest of the grader is still being read. */
import { optimiseLater } from '../sandbox/node/optimise-later.ts';
import { prewarm } from '../sandbox/node/sandbox.ts';

optimiseLater();
if (!process.argv.includes('--help') && !process.argv.includes('-h')) prewarm();
await import('./grade-main.ts');
