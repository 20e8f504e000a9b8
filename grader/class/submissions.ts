/** Whose work there is to grade, and where it lies: a folder with one entry for each, a roster, or both. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { Refusal } from '../course/refusal.ts';
import { parseTime } from './deadline.ts';
import { archiveKind } from './intake/handed-in.ts';
import { shownName } from './intake/names.ts';
import type { Person } from './result.ts';
import { columnOf, readTable } from './table.ts';

export interface Submission extends Person {
  /** Folder or archive; undefined: nothing was handed in. */
  path?: string;
  /** ISO 8601. */
  submittedAt?: string;
  /** A deadline of this person's own, ISO 8601. */
  deadline?: string;
  /** Why it cannot be graded, whatever it holds. */
  problem?: string;
}

export interface Found {
  /** Sorted by id. */
  submissions: Submission[];
  /** What lay there and is nobody's submission. */
  strays: string[];
}

/**
 * @param source a folder with a folder or an archive for each person, or a roster (.csv) with a column `path`
 * @param roster names, addresses and times for the people of a folder
 */
export function findSubmissions(source: string, roster?: string): Found {
  const stat = statSync(source, { throwIfNoEntry: false });
  if (!stat)
    throw new Refusal(
      `There is nothing at ${source}.`,
      'Name a folder with one entry for each person, or a roster.',
      2,
    );
  if (stat.isFile() && /\.csv$/i.test(source)) {
    if (roster !== undefined) throw new Refusal('Two rosters were given.', 'Name the folder of submissions first.', 2);
    return { submissions: sorted(readRoster(source, undefined)), strays: [] };
  }
  if (!stat.isDirectory())
    throw new Refusal(
      `${source} is neither a folder nor a roster.`,
      'Put it into a folder: each folder or archive in it is one submission. A roster ends in .csv.',
      2,
    );
  const found = inFolder(source);
  if (roster === undefined) {
    if (found.submissions.length === 0)
      throw new Refusal(
        `There is no submission in ${source}.`,
        'Each folder, .zip, .tar or .tar.gz in it is one; its name is the person’s id.',
        2,
      );
    return { ...found, submissions: sorted(found.submissions) };
  }
  const known = new Map(found.submissions.map((s) => [s.id, s]));
  const people = readRoster(roster, known);
  const ids = new Set(people.map(({ id }) => id));
  const strangers = found.submissions.filter(({ id }) => !ids.has(id)).map(({ id }) => id);
  return { submissions: sorted(people), strays: [...found.strays, ...strangers].sort() };
}

const sorted = (list: Submission[]) => list.sort((a, b) => (a.id < b.id ? -1 : 1));

function inFolder(folder: string): Found {
  const strays: string[] = [];
  const byId = new Map<string, Submission>();
  const entries = readdirSync(folder, { withFileTypes: true });
  if (entries.some((e) => e.isDirectory() && (e.name === 'chapters' || /^chapter-\d+-/.test(e.name))))
    throw new Refusal(
      `${folder} looks like one person's work.`,
      'Name the folder in which each folder or archive is one submission. For a single one: npm run grade chapter-1 -- --from DIR',
      2,
    );
  for (const entry of entries) {
    const { name } = entry;
    const kind = archiveKind(name);
    // Links are submissions too: they are refused, not followed, and somebody is told.
    const link = entry.isSymbolicLink();
    if (name.startsWith('.') || name === '__MACOSX' || (!entry.isDirectory() && !kind && !link)) {
      if (!name.startsWith('.')) strays.push(shownName(name));
      continue;
    }
    const id = (kind && !entry.isDirectory() ? name.replace(/\.(zip|tar|tar\.gz|tgz)$/i, '') : name).normalize('NFC');
    const submission: Submission = { id, path: path.join(folder, name) };
    const twin = byId.get(id);
    if (twin)
      submission.problem = `There are two submissions of this name: ${shownName(path.basename(twin.path!))} and ${shownName(name)}.`;
    byId.set(id, submission);
  }
  return { submissions: [...byId.values()], strays: strays.sort() };
}

function readRoster(file: string, known: ReadonlyMap<string, Submission> | undefined): Submission[] {
  const { rows } = readTable(file);
  const [header, ...people] = rows;
  const column = {
    id: columnOf(
      header!,
      'id',
      'student id',
      'login',
      'username',
      'user',
      'sis login id',
      'id number',
      'github',
      'student',
    ),
    path: columnOf(header!, 'path', 'file', 'folder', 'submission'),
    name: columnOf(header!, 'name', 'full name', 'student name'),
    email: columnOf(header!, 'email', 'e mail', 'email address', 'mail'),
    submitted: columnOf(header!, 'submitted', 'submitted at', 'submission time', 'time'),
    deadline: columnOf(header!, 'deadline', 'extension', 'due'),
  };
  for (const needed of known ? (['id'] as const) : (['id', 'path'] as const))
    if (column[needed] < 0)
      throw new Refusal(
        `${file} has no column "${needed}".`,
        `Its first row names the columns: id,path and, if you like, name, email, submitted, deadline.`,
        2,
      );
  const seen = new Set<string>();
  return people.map((row, i): Submission => {
    const cell = (at: number) => row[at]?.trim() || undefined;
    const where = `${file}, row ${i + 2}`;
    const id = cell(column.id)?.normalize('NFC');
    if (id === undefined) throw new Refusal(`${where}: there is no id.`, 'Give everybody an id of their own.', 2);
    if (seen.has(id))
      throw new Refusal(`${where}: "${shownName(id)}" is there twice.`, 'Give everybody an id of their own.', 2);
    seen.add(id);
    const given = cell(column.path);
    const place = given === undefined ? known?.get(id)?.path : path.resolve(path.dirname(file), given);
    const there = place !== undefined && existsSync(place);
    const [name, email] = [cell(column.name), cell(column.email)];
    const [submitted, deadline] = [cell(column.submitted), cell(column.deadline)];
    const problem = given === undefined ? known?.get(id)?.problem : undefined;
    return {
      id,
      ...(name !== undefined && { name }),
      ...(email !== undefined && { email }),
      ...(there && { path: place }),
      ...(submitted !== undefined && { submittedAt: parseTime(submitted, `${where}, submitted`) }),
      ...(deadline !== undefined && { deadline: parseTime(deadline, `${where}, deadline`) }),
      ...(problem !== undefined && { problem }),
      ...(!there && given !== undefined && { problem: `There is nothing at ${shownName(given)}.` }),
    };
  });
}
