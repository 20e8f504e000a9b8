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
import { isOwnLibrary, keep, readKept } from './kept.ts';

interface Kept extends Pick<Bundle, 'code' | 'map' | 'name'> {
  /** Text of the student's file. */
  source: string;
}

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

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
  if (made.kind === 'bundle' && source !== undefined) {
    const text = JSON.stringify({ code: made.code, map: made.map, name: made.name, source } satisfies Kept);
    keep(name, `${sha(text)}\n${text}`);
  }
  return made;
}

/** What was kept, unless it is damaged. */
function read(name: string): Kept | undefined {
  const kept = readKept(name);
  const end = kept?.indexOf('\n') ?? -1;
  if (kept === undefined || end < 0) return undefined;
  const text = kept.slice(end + 1);
  return sha(text) === kept.slice(0, end) ? (JSON.parse(text) as Kept) : undefined;
}

/** As the bundler reads it. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    return undefined;
  }
}
