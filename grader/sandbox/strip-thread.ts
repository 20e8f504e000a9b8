/** The program of the thread that strips types; see `stripper.ts`. */
import { parentPort } from 'node:worker_threads';
import { strip } from './strip.ts';

parentPort!.on('message', ({ source, file }: { source: string; file: string }) =>
  parentPort!.postMessage(strip(source, file)),
);
