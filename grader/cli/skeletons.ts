/**
 * `npm run skeletons`: writes the files of `chapters/` that are derived from `solutions/`. A tool for authors.
 *
 * It overwrites only what it could have written itself: a file that equals what the solution at git HEAD yields, or
 * what it wrote here last. Anything else may be somebody's work.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BACKUPS } from '../course/backups.ts';
import { openCourse } from '../course/layout.ts';
import { tsFiles } from '../course/pristine.ts';
import { Refusal } from '../course/refusal.ts';
import { deriveSkeleton, normalise } from '../course/regions.ts';
import { runCommand, type Command } from './words.ts';

const command = {
  name: 'skeletons',
  about: 'Writes the skeletons in chapters/ from the solutions. For authors.',
  usage: ['', '-- --check'],
  atMost: 0,
  flags: {
    check: { type: 'boolean', help: 'only compare; exit code 1 when something differs' },
    force: { type: 'boolean', help: 'overwrite files that have been edited, too' },
  },
} satisfies Command;

await runCommand(command, ({ flags }) => {
  const { root, source } = openCourse();
  const chapters = join(root, 'chapters');
  const paths = source.files();
  if (paths.length === 0) {
    throw new Refusal(
      'There is no solution in solutions/.',
      'Only a repository with the solutions can derive skeletons.',
    );
  }
  // Derive everything before writing anything: a wrong mark in the last file must not leave half of the work done.
  const derived = new Map(paths.map((path) => [path, source.skeleton(path)]));
  const here = existsSync(chapters) ? tsFiles(chapters) : [];
  const extra = here.filter((path) => !derived.has(path));
  const missing = paths.filter((path) => !existsSync(join(chapters, path)));
  const differing = paths.filter(
    (path) => !missing.includes(path) && normalise(readFileSync(join(chapters, path), 'utf8')) !== derived.get(path),
  );

  if (flags.check) {
    for (const path of differing) console.log(`differs  chapters/${path}`);
    for (const path of missing) console.log(`missing  chapters/${path}`);
    for (const path of extra) console.log(`extra    chapters/${path} has no solution`);
    if (differing.length + missing.length + extra.length === 0) {
      console.log(`All ${count(paths.length, 'skeleton')} are what the solutions yield.`);
      return 0;
    }
    console.log('\n"npm run skeletons" writes those that differ or are missing; delete the extra ones yourself.');
    return 1;
  }

  const record = readRecord(root);
  const ours = (path: string) => {
    const text = normalise(readFileSync(join(chapters, path), 'utf8'));
    return record[path] === hash(text) || text === atHead(root, path);
  };
  const edited = flags.force ? [] : differing.filter((path) => !ours(path));
  const written = [...missing, ...differing.filter((path) => !edited.includes(path))].sort();
  for (const path of written) {
    mkdirSync(dirname(join(chapters, path)), { recursive: true });
    writeFileSync(join(chapters, path), derived.get(path)!);
    console.log(`wrote    chapters/${path}`);
  }
  for (const path of extra) {
    if (ours(path)) {
      rmSync(join(chapters, path));
      console.log(`deleted  chapters/${path}, since its solution is gone`);
    } else console.log(`left     chapters/${path}, which has no solution`);
  }
  const kept = paths.filter((path) => !edited.includes(path));
  writeRecord(root, Object.fromEntries(kept.map((path) => [path, hash(derived.get(path)!)])));

  if (edited.length > 0) {
    throw new Refusal(
      `Somebody has edited ${count(edited.length, 'skeleton')}, so nothing was written there:\n` +
        edited.map((path) => `  chapters/${path}`).join('\n'),
      'If it is work worth keeping, move it into solutions/ (or copy it away). To overwrite it:\n  npm run skeletons -- --force',
    );
  }
  console.log(
    written.length === 0
      ? `All ${count(paths.length, 'skeleton')} were up to date.`
      : `Wrote ${written.length} of ${count(paths.length, 'skeleton')}.`,
  );
  return 0;
});

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** The skeleton that the solution in the last commit yields, if there is one. */
function atHead(root: string, path: string): string | undefined {
  try {
    const text = execFileSync('git', ['show', `HEAD:./solutions/${path}`], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    });
    return deriveSkeleton(text, path);
  } catch {
    // No git, no commit, no such file, or marks that were wrong then: nothing to compare with.
    return undefined;
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What this tool wrote here last, by hash: an author edits a solution many times between two commits. */
function recordFile(root: string): string {
  return join(root, BACKUPS, 'skeletons.json');
}

function readRecord(root: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(recordFile(root), 'utf8')) as Record<string, string>;
  } catch {
    return {};
  }
}

function writeRecord(root: string, record: Record<string, string>): void {
  mkdirSync(dirname(recordFile(root)), { recursive: true });
  writeFileSync(recordFile(root), `${JSON.stringify(record, null, 2)}\n`);
}
