/** The mutants that are written down as doing the same as the solution, and which of these records still hold. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { REASONS, type Equivalent } from '../equivalents/equivalent.ts';
import { ROOT } from './judge-hash.ts';
import type { Judged } from './mutation.ts';

/** The records of a chapter; none where it has no file of them. */
export async function equivalentsOf(chapterId: string): Promise<readonly Equivalent[]> {
  const path = join(ROOT, 'test', 'equivalents', `${chapterId}.ts`);
  if (!existsSync(path)) return [];
  const { equivalents } = (await import(pathToFileURL(path).href)) as { equivalents?: Equivalent[] };
  if (!Array.isArray(equivalents)) throw new Error(`test/equivalents/${chapterId}.ts exports no list \`equivalents\`.`);
  const unknown = equivalents.find(({ reason }) => !Object.hasOwn(REASONS, reason));
  if (unknown)
    throw new Error(
      `test/equivalents/${chapterId}.ts: '${unknown.reason}' is no reason; there are ${Object.keys(REASONS).join(', ')}.`,
    );
  return equivalents;
}

type Change = Omit<Judged, 'verdict'>;

const isLike = (record: Equivalent, mutant: Change): boolean =>
  record.topic === mutant.topic &&
  record.exercise === mutant.exercise &&
  record.operator === mutant.operator &&
  record.before === mutant.before &&
  record.after === mutant.after &&
  (record.on === undefined || mutant.on.includes(record.on));

/** Whether the change is made inside the record's part of the line. */
function isInside({ on }: Equivalent, mutant: Change): boolean {
  if (on === undefined) return false;
  for (let at = mutant.on.indexOf(on); at >= 0; at = mutant.on.indexOf(on, at + 1))
    if (at <= mutant.from && mutant.to <= at + on.length) return true;
  return false;
}

/** The mutants that a record speaks of: those inside its part of a line, else all on lines with that part. */
function meantBy<M extends Change>(record: Equivalent, mutants: readonly M[]): M[] {
  const like = mutants.filter((m) => isLike(record, m));
  const inside = like.filter((m) => isInside(record, m));
  return inside.length > 0 ? inside : like;
}

/** A chapter's mutants by what became of them. */
export interface Sorted {
  /** Did not get full marks. */
  killed: Judged[];
  /** Got full marks, and are written down as doing the same as the solution. */
  equivalent: { mutant: Judged; record: Equivalent }[];
  /** Got full marks, and nothing is written down: the checks miss something. */
  surviving: Judged[];
  /** Records that do not hold: no mutant is meant, or one that is meant was killed. */
  stale: { record: Equivalent; killed: Judged[] }[];
}

export function sorted(mutants: readonly Judged[], records: readonly Equivalent[]): Sorted {
  const result: Sorted = { killed: [], equivalent: [], surviving: [], stale: [] };
  const recordOf = new Map<Judged, Equivalent>();
  for (const record of records) {
    const meant = meantBy(record, mutants);
    for (const mutant of meant) recordOf.set(mutant, record);
    const killed = meant.filter((m) => m.verdict !== 'pass');
    if (meant.length === 0 || killed.length > 0) result.stale.push({ record, killed });
  }
  for (const mutant of mutants) {
    const record = recordOf.get(mutant);
    if (mutant.verdict !== 'pass') result.killed.push(mutant);
    else if (record) result.equivalent.push({ mutant, record });
    else result.surviving.push(mutant);
  }
  return result;
}
