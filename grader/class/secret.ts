/**
 * What hangs on the course's secret: the seed of a class, so that nobody can look up its inputs beforehand, and the
 * signature of a result, so that a result from elsewhere, of somebody else or of another version is recognised.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Refusal } from '../course/refusal.ts';
import { DEFAULT_SEED } from '../course/seed.ts';

/** Where the secret may also stand, for machines that keep secrets in the environment. */
export const SECRET_VARIABLE = 'DLBH_SECRET';

/**
 * The secret: of a file, else of the environment, else one made for this folder of results and kept in it.
 *
 * @param file what `--secret` names
 * @param own where a secret of the folder's own is kept; undefined: there must be one from outside
 */
export function loadSecret(file: string | undefined, own: string | undefined): string {
  if (file !== undefined) {
    if (!existsSync(file))
      throw new Refusal(
        `There is no file ${file}.`,
        `To make a secret: node -p "crypto.randomBytes(32).toString('hex')" > ${file}`,
        2,
      );
    return strong(readFileSync(file, 'utf8').trim(), file);
  }
  const given = process.env[SECRET_VARIABLE];
  if (given !== undefined && given !== '') return strong(given.trim(), `$${SECRET_VARIABLE}`);
  if (own === undefined)
    throw new Refusal(
      'Parts of a class must be graded with one secret, so that they see the same inputs.',
      `Give each part --secret FILE, or set ${SECRET_VARIABLE}.`,
      2,
    );
  if (!existsSync(own)) {
    mkdirSync(dirname(own), { recursive: true });
    writeFileSync(own, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  }
  return readFileSync(own, 'utf8').trim();
}

function strong(secret: string, where: string): string {
  if (secret.length < 16)
    throw new Refusal(
      `The secret in ${where} is shorter than 16 characters: it could be guessed.`,
      'Take a longer one.',
      2,
    );
  return secret;
}

/** A secret for one purpose: knowing one of them tells nothing of another. */
const keyFor = (secret: string, purpose: string) => createHmac('sha256', secret).update(purpose).digest();

/** The seed of an assignment: the same on every machine that has the secret. */
export function seedFor(secret: string, assignment: string): number {
  const seed = keyFor(secret, `seed\0${assignment}`).readUIntBE(0, 6);
  return seed === DEFAULT_SEED ? seed + 1 : seed;
}

/** JSON with its keys in order, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** The signature of a value, its own `signature` left out. */
export function sign(secret: string, value: object): string {
  const { signature: _, ...rest } = value as { signature?: unknown };
  return createHmac('sha256', keyFor(secret, 'result')).update(canonicalJson(rest)).digest('hex');
}

export function isSigned(secret: string, value: object): boolean {
  const { signature } = value as { signature?: unknown };
  if (typeof signature !== 'string') return false;
  const [given, right] = [Buffer.from(signature), Buffer.from(sign(secret, value))];
  return given.length === right.length && timingSafeEqual(given, right);
}

/** Tells whether two results were graded with one secret, and nothing else of it. */
export const fingerprint = (secret: string): string => keyFor(secret, 'fingerprint').toString('hex').slice(0, 16);
