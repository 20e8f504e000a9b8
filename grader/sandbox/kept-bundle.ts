/**
 * A topic's bundle as it was made for the same text: to bundle a topic takes longer than to run it. One is kept for each
 * topic, with what depends only on the course's own files (see `kept.ts`), and only where the student's one file is all
 * of the student's that went into it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Loaded } from '../engine/sandbox.ts';
import type { Bundle, BundleOptions } from './bundle.ts';
import { isOwnLibrary, keep, readKeptBytes } from './kept.ts';

/** What is kept: a digest of all that follows, these lengths in bytes, and the three texts one after the other. */
interface Index {
  name: string;
  source: number;
  code: number;
  map: number;
}

interface Kept extends Pick<Bundle, 'code' | 'map' | 'name'> {
  /** Text of the student's file. */
  source: string;
}

const sha = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

/** The one name of a bundle that the student's code could see: not to be guessed. */
export const freshName = (): string => `bundle_${randomBytes(12).toString('hex')}`;

/** As `bundle`, which it calls only for a text that is new. */
export async function keptBundle(
  options: BundleOptions,
  make: (options: BundleOptions) => Promise<Bundle | Extract<Loaded, { kind: 'failed' }>>,
): Promise<Bundle | Extract<Loaded, { kind: 'failed' }>> {
  const { chapters, standIns, tensor, topic, mode } = options;
  if (!isOwnLibrary(tensor) || path.dirname(path.dirname(tensor)) !== path.resolve(standIns)) return make(options);
  const file = `${topic}.ts`;
  const name = `bundles/${sha(JSON.stringify([chapters, standIns, tensor, topic, mode])).slice(0, 24)}`;
  const known = read(name);
  if (known && known.source === textOf(path.join(chapters, file))) {
    // A name of its own, each time.
    const fresh = freshName();
    const code = known.code.replaceAll(known.name, fresh);
    return { kind: 'bundle', code, map: known.map, name: fresh, sources: new Map([[file, known.source]]) };
  }
  const made = await make(options);
  const source = made.kind === 'bundle' && made.sources.size === 1 ? made.sources.get(file) : undefined;
  if (made.kind === 'bundle' && source !== undefined) write(name, { ...made, source });
  return made;
}

function write(file: string, { name, source, code, map }: Kept): void {
  const texts = [source, code, map].map((text) => Buffer.from(text));
  const lengths = { name, source: texts[0]!.length, code: texts[1]!.length, map: texts[2]!.length } satisfies Index;
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(lengths)}\n`), ...texts]);
  keep(file, Buffer.concat([Buffer.from(`${sha(content)}\n`), content]));
}

/** What was kept, unless it is damaged. */
function read(file: string): Kept | undefined {
  const kept = readKeptBytes(file);
  const end = kept?.indexOf('\n') ?? -1;
  if (kept === undefined || end < 0) return undefined;
  const content = kept.subarray(end + 1);
  if (sha(content) !== kept.toString('latin1', 0, end)) return undefined;
  let at = content.indexOf('\n') + 1;
  const { name, source, code, map } = JSON.parse(content.toString('utf8', 0, at)) as Index;
  const text = (length: number) => content.toString('utf8', at, (at += length));
  return { name, source: text(source), code: text(code), map: text(map) };
}

/** As the bundler reads it. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    return undefined;
  }
}
