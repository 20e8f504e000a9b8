/** A worker of `npm run grade-class`; not a command of its own. */
import { work } from '../class/worker.ts';

work();
