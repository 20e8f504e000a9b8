/** The program of a thread that strips types; see `stripper.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { strip } from './strip.ts';

const { source, file } = workerData as { source: string; file: string };
parentPort!.postMessage(strip(source, file));
