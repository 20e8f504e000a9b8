/** What was handed in, as a list: nothing is unpacked to look at it. */
import { createReadStream, lstatSync, openSync, readdirSync, fstatSync, readSync, closeSync, constants } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { LIMITS } from './limits.ts';
import { partsOf, shownName } from './names.ts';
import { Refused } from './refused.ts';

/** One regular file of a submission. */
export interface Entry {
  /** Its path inside the submission. */
  parts: string[];
  /** Bytes, as the archive says; what comes is checked against it. */
  bytes: number;
  /** Its contents; only for files no larger than one that is taken may be. */
  read: () => Promise<Buffer>;
}

export interface HandedIn {
  kind: 'folder' | 'zip' | 'tar';
  entries: Entry[];
  /** Folders that were not looked into. */
  skipped: string[];
  close: () => void;
}

/** Folders that hold no work of anybody's; links in them do no harm, since nothing in them is read. */
const NOT_LOOKED_INTO = /^(node_modules|\.git|\.hg|\.svn|__MACOSX|\.venv|__pycache__)$/;

/** What a submission's file is, by its name. */
export function archiveKind(name: string): 'zip' | 'tar' | undefined {
  if (/\.zip$/i.test(name)) return 'zip';
  if (/\.(tar|tar\.gz|tgz)$/i.test(name)) return 'tar';
  return undefined;
}

/** Lists what was handed in. @throws Refused where it must not be taken */
export async function open(path: string): Promise<HandedIn> {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) throw new Refused('is a link, not a folder or an archive');
  if (stat.isDirectory()) {
    const inside = onlyArchive(path);
    return inside === undefined ? openFolder(path) : open(inside);
  }
  if (!stat.isFile()) throw new Refused('is neither a folder nor a file');
  const kind = archiveKind(path);
  if (!kind) throw new Refused('is neither a folder nor an archive (.zip, .tar, .tar.gz, .tgz)');
  if (stat.size > LIMITS.archive)
    throw new Refused(`is larger than ${LIMITS.archive / 2 ** 20} MB: was node_modules packed with it?`);
  if (stat.size === 0) throw new Refused('is empty');
  return kind === 'zip' ? openZip(path) : openTar(path);
}

/** Learning platforms put each upload into a folder of its own. */
function onlyArchive(folder: string): string | undefined {
  const names = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  const [one] = names;
  return names.length === 1 && one!.isFile() && archiveKind(one!.name) ? join(folder, one!.name) : undefined;
}

/** A count that refuses to go on for ever. */
function tooMany(): (n?: number) => void {
  let seen = 0;
  return (n = 1) => {
    seen += n;
    if (seen > LIMITS.entries)
      throw new Refused(`holds more than ${LIMITS.entries} files: was node_modules packed with it?`);
  };
}

function openFolder(root: string): HandedIn {
  const entries: Entry[] = [];
  const skipped: string[] = [];
  const another = tooMany();
  const walk = (parts: string[]) => {
    if (parts.length > LIMITS.depth) throw new Refused(`holds folders deeper than ${LIMITS.depth} levels`);
    for (const entry of readdirSync(join(root, ...parts), { withFileTypes: true })) {
      another();
      const inside = [...parts, entry.name];
      const shown = shownName(inside.join('/'));
      if (NOT_LOOKED_INTO.test(entry.name)) skipped.push(shown);
      else if (entry.isDirectory()) walk(inside);
      else if (entry.isFile()) entries.push(fileEntry(root, inside));
      else throw new Refused(`holds ${entry.isSymbolicLink() ? 'a link' : 'something that is no file'}: "${shown}"`);
    }
  };
  walk([]);
  return { kind: 'folder', entries, skipped, close: () => undefined };
}

function fileEntry(root: string, parts: string[]): Entry {
  const path = join(root, ...parts);
  return {
    parts,
    bytes: lstatSync(path).size,
    read: async () => {
      // Not through a link, should somebody have put one there since; not waiting, should it be a pipe by now.
      const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
      try {
        const stat = fstatSync(fd);
        if (!stat.isFile() || stat.size > LIMITS.file) throw new Refused(`changed while it was read`);
        const bytes = Buffer.alloc(stat.size);
        return bytes.subarray(0, readSync(fd, bytes, 0, stat.size, 0));
      } finally {
        closeSync(fd);
      }
    },
  };
}

async function openZip(path: string): Promise<HandedIn> {
  const { getFileNameLowLevel, openPromise } = await import('yauzl');
  const zip = await openPromise(path, { autoClose: false, decodeStrings: false }).catch((error: unknown) => {
    throw unreadable('zip file', error);
  });
  const entries: Entry[] = [];
  const skipped = new Set<string>();
  const taken = new Set<string>();
  try {
    tooMany()(zip.entryCount);
    for await (const entry of zip.eachEntry()) {
      const { generalPurposeBitFlag, extraFields, uncompressedSize } = entry;
      const name = getFileNameLowLevel(generalPurposeBitFlag, entry.fileNameRaw, extraFields, true);
      const parts = partsOf(name);
      const shut = parts.findIndex((part) => NOT_LOOKED_INTO.test(part));
      if (shut >= 0) {
        skipped.add(shownName(parts.slice(0, shut + 1).join('/')));
        continue;
      }
      // The upper half holds the file's mode where a Unix system made the archive.
      const type = (entry.externalFileAttributes >>> 16) & 0o170000;
      const folder = name.endsWith('/') || type === 0o040000;
      if (folder) continue;
      refuseTwice(taken, parts);
      if (type !== 0 && type !== 0o100000)
        throw new Refused(`holds ${type === 0o120000 ? 'a link' : 'something that is no file'}: "${shownName(name)}"`);
      if (entry.isEncrypted()) throw new Refused('is protected with a password');
      entries.push({
        parts,
        bytes: uncompressedSize,
        read: async () => {
          if (!entry.canDecodeFileData())
            throw new Refused(`uses a compression that is not known here: "${shownName(name)}"`);
          try {
            const chunks: Buffer[] = [];
            let size = 0;
            for await (const chunk of await zip.openReadStreamPromise(entry)) {
              size += (chunk as Buffer).length;
              if (size > LIMITS.file)
                throw new Refused(`holds a file that is larger than it says: "${shownName(name)}"`);
              chunks.push(chunk as Buffer);
            }
            return Buffer.concat(chunks);
          } catch (error) {
            throw unreadable('zip file', error);
          }
        },
      });
    }
  } catch (error) {
    zip.close();
    throw unreadable('zip file', error);
  }
  return { kind: 'zip', entries, skipped: [...skipped], close: () => zip.close() };
}

/** A tar is read once from beginning to end; what may be taken is kept in memory, the rest runs by. */
async function openTar(path: string): Promise<HandedIn> {
  const { Parser } = await import('tar');
  const entries: Entry[] = [];
  const skipped = new Set<string>();
  const seen = new Set<string>();
  const another = tooMany();
  let kept = 0;
  let fault: Error | undefined;
  const parser = new Parser({ strict: true, maxMetaEntrySize: 64 * 1024 });
  const stop = (error: unknown) => {
    fault ??= error instanceof Error ? error : new Error(String(error));
  };
  parser.on('ignoredEntry', (entry: { path: string }) => {
    stop(new Refused(`holds something that is no file: "${shownName(entry.path)}"`));
  });
  parser.on('entry', (entry: import('tar').ReadEntry) => {
    try {
      another();
      const parts = partsOf(entry.path);
      const shut = parts.findIndex((part) => NOT_LOOKED_INTO.test(part));
      const shown = shownName(entry.path);
      if (shut >= 0) skipped.add(shownName(parts.slice(0, shut + 1).join('/')));
      else {
        if (entry.type === 'Link' || entry.type === 'SymbolicLink') throw new Refused(`holds a link: "${shown}"`);
        const file = entry.type === 'File' || entry.type === 'OldFile' || entry.type === 'ContiguousFile';
        if (!file && entry.type !== 'Directory' && entry.type !== 'GNUDumpDir')
          throw new Refused(`holds something that is no file: "${shown}"`);
        if (file) {
          refuseTwice(seen, parts);
          const small = entry.size <= LIMITS.file && /\.ts$/i.test(entry.path);
          const chunks: Buffer[] = [];
          if (small) {
            kept += entry.size;
            if (kept > 4 * LIMITS.taken) throw new Refused('holds too much TypeScript to have been written by hand');
            entry.on('data', (chunk: Buffer) => chunks.push(chunk));
          }
          entries.push({ parts, bytes: entry.size, read: async () => Buffer.concat(chunks) });
          if (small) return;
        }
      }
    } catch (error) {
      stop(error);
    }
    entry.resume();
  });
  let size = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length;
      if (size > LIMITS.unpacked) stop(new Refused(`unfolds into more than ${LIMITS.unpacked / 2 ** 20} MB`));
      done(fault, chunk);
    },
  });
  const zipped = /gz$/i.test(path);
  const parsed = new Promise<void>((resolve, reject) => {
    parser.on('end', resolve);
    parser.on('error', reject);
  });
  try {
    const source = createReadStream(path);
    const into = async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks)
        if (!parser.write(chunk)) await Promise.race([new Promise((r) => parser.once('drain', r)), parsed]);
      parser.end();
    };
    parsed.catch(() => undefined);
    if (zipped) await pipeline(source, createGunzip(), meter, into);
    else await pipeline(source, meter, into);
    await parsed;
    if (fault) throw fault;
  } catch (error) {
    throw unreadable('tar file', fault ?? error);
  }
  return { kind: 'tar', entries, skipped: [...skipped], close: () => undefined };
}

/** Which of two files of one name is meant is anybody's guess. */
function refuseTwice(seen: Set<string>, parts: string[]): void {
  const path = parts.join('/');
  if (seen.has(path)) throw new Refused(`holds the same name twice: "${shownName(path)}"`);
  seen.add(path);
}

function unreadable(what: string, error: unknown): Error {
  if (error instanceof Refused) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new Refused(`is no ${what} that can be read: ${shownName(said)}`);
}
