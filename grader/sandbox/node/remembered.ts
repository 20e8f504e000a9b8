/**
 * What gradings of a topic remember, on disk (see `kept.ts`, which forgets it with any change of the course's own files):
 * for each check the request, as it was sent, and digests of the answers that passed.
 *
 * The file holds a SHA-256 of all that follows it; the length of the index, and the index as JSON; the requests. What does
 * not have this form, or not this digest, is no memory and is written anew.
 */
import { createHash } from 'node:crypto';
import type { RememberedPass } from '../../engine/sandbox.ts';
import type { Asked, Packed } from '../hosted.ts';
import { keep, keptSize, readKeptBytes } from '../kept.ts';
import { headerLength } from './packing.ts';

interface Entry {
  asked: Asked;
  /** The newest first. */
  passes: ({ digest: string } & RememberedPass)[];
}

type Index = [name: string, entry: { asked: Omit<Asked, 'programs'> & { bytes: number }; passes: Entry['passes'] }][];

/** A larger request costs more to keep than to make. */
const LARGEST = 512 * 1024;
/** Right answers of a check that are told apart: they differ in the last bit, as the code that gives them does. */
const PASSES = 4;
const DIGEST = 32;

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** The same for the same answers, however many came at a time. */
export function digestOf(answers: readonly Packed[]): string {
  const hash = createHash('sha256');
  for (const { packed } of answers) hash.update(packed.subarray(headerLength));
  return hash.digest('base64');
}

export class Remembered {
  readonly #file: string;
  #entries: Map<string, Entry> | undefined;
  #changed = false;

  /** @param name names the topic and whatever else the requests depend on */
  constructor(name: string) {
    this.#file = `remembered/${sha(Buffer.from(name)).toString('hex').slice(0, 24)}`;
  }

  get #known(): Map<string, Entry> {
    this.#entries ??= read(readKeptBytes(this.#file));
    return this.#entries;
  }

  /** Bytes that are remembered; 0 for nothing. */
  get size(): number {
    return keptSize(this.#file);
  }

  find(name: string): Entry | undefined {
    return this.#known.get(name);
  }

  keep(name: string, asked: Asked, answers: readonly Packed[], pass: RememberedPass): void {
    if (asked.programs.length > LARGEST) return;
    const digest = digestOf(answers);
    const others = (this.find(name)?.passes ?? []).filter((p) => p.digest !== digest);
    this.#known.set(name, { asked, passes: [{ digest, ...pass }, ...others].slice(0, PASSES) });
    this.#changed = true;
  }

  /** Writes what is new. */
  save(): void {
    if (!this.#changed) return;
    this.#changed = false;
    const entries = [...this.#known];
    const index = entries.map(([name, { asked, passes }]): Index[number] => {
      const { programs, ...rest } = asked;
      return [name, { asked: { ...rest, bytes: programs.length }, passes }];
    });
    const text = Buffer.from(JSON.stringify(index));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    const content = Buffer.concat([length, text, ...entries.map(([, { asked }]) => asked.programs)]);
    keep(this.#file, Buffer.concat([sha(content), content]));
  }
}

function read(bytes: Buffer | undefined): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  if (!bytes || bytes.length < DIGEST + 4 || !sha(bytes.subarray(DIGEST)).equals(bytes.subarray(0, DIGEST)))
    return entries;
  let at = DIGEST + 4 + bytes.readUInt32LE(DIGEST);
  for (const [name, { asked, passes }] of JSON.parse(bytes.toString('utf8', DIGEST + 4, at)) as Index) {
    const { bytes: length, ...rest } = asked;
    entries.set(name, { asked: { ...rest, programs: bytes.subarray(at, at + length) }, passes });
    at += length;
  }
  return entries;
}
