/**
 * Names: what a path inside a submission may look like, and how a person's id becomes the name of a file.
 *
 * Nothing is ever written under a name that a submission chose unless it went through here, and then only below a fresh
 * folder. The rules are those of the strictest system, so that the same submission is taken or refused everywhere.
 */
import { createHash } from 'node:crypto';
import { clean } from '../../reports/wrap.ts';
import { LIMITS } from './limits.ts';
import { Refused } from './refused.ts';

/* eslint-disable no-control-regex -- control characters are what is looked for */
/** What no name may hold: control characters, what Windows forbids, and what turns the direction of writing. */
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f<>:"|?*\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/;
/* eslint-enable no-control-regex */
const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i;

/** A path of a submission, fit to be shown: no escapes, no turned writing, not endless. */
export function shownName(path: string): string {
  const text = clean(path).replace(/\n/g, ' ');
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

/**
 * The parts of a path that an archive gives, or a refusal: of what leads out of the archive, whoever wrote it.
 * A folder's trailing slash and `./` are dropped.
 */
export function partsOf(path: string): string[] {
  const where = `"${shownName(path)}"`;
  if (path.includes('\0')) throw new Refused(`holds a name with a zero byte in it: ${where}`);
  if (path.includes('\\'))
    throw new Refused(`holds names with backslashes, which mean another thing on every system: ${where}`);
  if (path.startsWith('/') || /^[a-z]:/i.test(path)) throw new Refused(`holds an absolute path: ${where}`);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new Refused(`holds a path that leads out of it: ${where}`);
  if (path.length > LIMITS.path || parts.length > LIMITS.depth)
    throw new Refused(`holds a path that is too long or too deep: ${where}`);
  return parts;
}

/** Why a file of this name cannot be written on every system; undefined when it can. */
export function unsafeName(part: string): string | undefined {
  if (part.length > LIMITS.name) return 'is too long';
  if (FORBIDDEN.test(part)) return 'has characters that are not shown, or not allowed';
  if (/[. ]$/.test(part) || part.startsWith(' ')) return 'begins or ends with a space or a full stop';
  if (RESERVED.test(part)) return 'is reserved on Windows';
  if (!isWellFormed(part)) return 'is not valid Unicode';
  return undefined;
}

/** Two names that some file system takes for one have the same key. */
export const nameKey = (path: string): string => path.normalize('NFKC').toLowerCase().normalize('NFC');

/**
 * The name under which a person's result is kept: the id itself where it is plain, else something like it with a part
 * of its hash, so that no two ids ever share a file, whatever the rest of the class is called.
 */
export function fileNameFor(id: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id) && !unsafeName(id) && !id.includes('..')) return id;
  const plain = id
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 10);
  return `${plain || 'submission'}~${hash}`;
}

const isWellFormed = (text: string) =>
  !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
