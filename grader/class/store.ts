/**
 * Results on disk: one file for each person, written whole or not at all, so that a run that was ended in the middle goes
 * on where it stopped.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Refusal } from '../course/refusal.ts';
import type { LateRules } from './deadline.ts';
import { fileNameFor } from './intake/names.ts';
import { RESULT_SCHEMA, type Result } from './result.ts';
import { isSigned } from './secret.ts';
import type { Submission } from './submissions.ts';
import type { Planned } from './terms.ts';

export const BATCH_SCHEMA = 'deep-learning-by-hand/batch/1';

/** What a run was about; parts of one class agree in all but the shard. */
export interface Batch {
  schema: typeof BATCH_SCHEMA;
  assignment: string;
  title: string;
  spec: string;
  grader: string;
  /** Tells whether parts were graded with one secret. */
  secret: string;
  exercises: Planned[];
  maxPoints: number;
  late?: LateRules;
  /** The whole class, also of a part. */
  people: Omit<Submission, 'path'>[];
  strays: string[];
  shard: { index: number; of: number };
}

export class Store {
  readonly folder: string;
  readonly #secret: string;

  constructor(folder: string, secret: string) {
    this.folder = folder;
    this.#secret = secret;
  }

  static secretFile = (folder: string): string => join(folder, '.secret');

  file(id: string): string {
    return join(this.folder, 'results', `${fileNameFor(id)}.json`);
  }

  /** A result as it was written; what is broken, of somebody else or not signed with our secret is none. */
  read(id: string): Result | undefined {
    return this.look(id).result;
  }

  /** The same, with the reason where a file is there that does not count. */
  look(id: string): { result?: Result; why?: string } {
    let text: string;
    try {
      text = readFileSync(this.file(id), 'utf8');
    } catch {
      return {};
    }
    try {
      const result = JSON.parse(text) as Result;
      if (result.schema !== RESULT_SCHEMA) return { why: 'it has another format' };
      if (result.submission.id !== id) return { why: `it is the result of ${JSON.stringify(result.submission.id)}` };
      if (!isSigned(this.#secret, result))
        return { why: 'its signature is not right: it was changed, or graded with another secret' };
      return { result };
    } catch {
      return { why: 'it is no JSON' };
    }
  }

  write(result: Result): void {
    writeWhole(this.file(result.submission.id), `${JSON.stringify(result, null, 1)}\n`);
  }

  batchFile({ index, of }: Batch['shard']): string {
    return join(this.folder, of === 1 ? 'batch.json' : `batch-${index}-of-${of}.json`);
  }

  writeBatch(batch: Batch): void {
    writeWhole(this.batchFile(batch.shard), `${JSON.stringify(batch, null, 1)}\n`);
  }

  /** What runs into this folder were about. */
  batches(): Batch[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder)
      .filter((name) => /^batch(-\d+-of-\d+)?\.json$/.test(name))
      .sort()
      .map((name) => JSON.parse(readFileSync(join(this.folder, name), 'utf8')) as Batch)
      .filter((batch) => batch.schema === BATCH_SCHEMA);
  }

  /**
   * Makes sure that no other run writes the same results; what a run left behind that was killed is tidied up.
   * @returns what ends it
   */
  lock(shard: Batch['shard']): () => void {
    const file = join(this.folder, shard.of === 1 ? '.lock' : `.lock-${shard.index}-of-${shard.of}`);
    mkdirSync(join(this.folder, 'results'), { recursive: true });
    const own = `${process.pid} ${hostname()}\n`;
    try {
      writeFileSync(file, own, { flag: 'wx' });
    } catch {
      const [pid, host] = readFileSync(file, 'utf8').trim().split(' ');
      if (host === hostname() && Number(pid) !== process.pid && isAlive(Number(pid)))
        throw new Refusal(
          `Another run is writing into ${this.folder} (process ${pid}).`,
          'Wait for it, or grade into another folder with --out.',
        );
      if (host !== undefined && host !== hostname())
        process.stderr.write(`A run on ${host} was writing into ${this.folder}; it is taken to be over.\n`);
      writeFileSync(file, own);
    }
    if (shard.of === 1)
      for (const name of readdirSync(join(this.folder, 'results')))
        if (name.endsWith('.tmp')) rmSync(join(this.folder, 'results', name), { force: true });
    return () => rmSync(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Writes a file so that there is, whatever happens, either the old one or the new one. */
export function writeWhole(file: string, text: string | Buffer): void {
  mkdirSync(join(file, '..'), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  const fd = openSync(draft, 'w');
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, file);
}
