/**
 * `npm run update`: brings a newer version of the course into a clone with work in it, and loses none of that work.
 *
 * In this order, so that stopping anywhere loses nothing: look, fetch, copy the work to `chapters/.backups/`, commit it,
 * merge. Where student and course changed the same lines, the student's lines stay.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BACKUPS, keepBackup, stampOf } from '../course/backups.ts';
import { Course, findRoot } from '../course/layout.ts';
import { Refusal } from '../course/refusal.ts';
import { runCommand, type Command } from './words.ts';

const command = {
  name: 'update',
  about:
    'Brings a newer version of the course in. Your work stays; a copy of it is kept in chapters/.backups/ as well.',
  usage: [''],
  atMost: 0,
  flags: {},
} satisfies Command;

await runCommand(command, () => update(findRoot()));

function update(root: string): number {
  const { run, must, paths } = gitIn(root);

  // Look, before anything is touched.
  const top = run('rev-parse', '--show-toplevel');
  if (top.code !== 0 && !/not a git repository/i.test(top.err)) {
    throw new Refusal(
      `git cannot read this folder: ${top.err}`,
      'Nothing was changed. Follow what git says, then run "npm run update" again.',
    );
  }
  if (top.code !== 0 || realpathSync(top.out) !== realpathSync(root)) {
    throw new Refusal(
      'This copy of the course was not made with "git clone", so git cannot update it.',
      'Nothing was changed. Clone the course into a new folder, then copy your chapters/ folder over the one in there.',
    );
  }
  if (run('rev-parse', '--verify', '--quiet', 'HEAD^{commit}').code !== 0) {
    throw new Refusal(
      'This git repository has no commit yet, so there is nothing to update.',
      'Clone the course into a new folder, then copy your chapters/ folder over the one in there.',
    );
  }
  for (const [mark, what] of [
    ['MERGE_HEAD', 'merge'],
    ['rebase-merge', 'rebase'],
    ['rebase-apply', 'rebase'],
    ['CHERRY_PICK_HEAD', 'cherry-pick'],
    ['REVERT_HEAD', 'revert'],
  ] as const) {
    if (existsSync(resolve(root, must('rev-parse', '--git-path', mark)))) {
      throw new Refusal(
        `A git ${what} is not finished here.`,
        `Nothing was changed. Finish it, or go back to before it with "git ${what} --abort"; then run "npm run update" again.`,
      );
    }
  }
  const branch = run('symbolic-ref', '--quiet', '--short', 'HEAD').out;
  if (branch === '') {
    throw new Refusal(
      'You are on no branch (git calls it a detached HEAD), where commits are easily lost.',
      'Nothing was changed. Run "git switch -c my-work", then "npm run update" again.',
    );
  }

  // Fetch: without network everything stays as it is.
  const { remote, ref } = upstreamOf(run, branch);
  const shallow = run('rev-parse', '--is-shallow-repository').out === 'true' ? ['--unshallow'] : [];
  const fetched = run('fetch', '--quiet', '--no-tags', ...shallow, remote, ref);
  if (fetched.code !== 0) {
    throw new Refusal(
      `The course could not be fetched from "${remote}":\n  ${fetched.err.replaceAll('\n', '\n  ')}`,
      'Nothing was changed. Is there a network connection? Then run "npm run update" again. Your work needs no update to go on.',
    );
  }
  const news = must('rev-parse', 'FETCH_HEAD');
  if (run('merge-base', '--is-ancestor', news, 'HEAD').code === 0) {
    console.log('The course is up to date. Nothing was changed.');
    return 0;
  }
  const base = run('merge-base', 'HEAD', news).out;
  if (base === '') {
    throw new Refusal(
      `What "${remote}" has is not a newer version of this course: the two have no commit in common.`,
      'Nothing was changed. Clone the course into a new folder, then copy your chapters/ folder over the one in there.',
    );
  }

  // Copy: everything of the student's that git has not got yet, and every file that both sides changed.
  const dirty = paths(
    'status',
    '--porcelain=v1',
    '-z',
    '--no-renames',
    '--untracked-files=all',
    '--',
    'chapters',
    `:(exclude)${BACKUPS}`,
  ).map((entry) => entry.slice(3));
  const changed = (from: string, to: string) => paths('diff', '--name-only', '--no-renames', '-z', from, to);
  const theirs = new Set(changed(base, news));
  const committed = changed(base, 'HEAD').filter((path) => theirs.has(path));
  // An ignored file would be overwritten by one that the update brings: git thinks little of ignored files.
  const ignored = paths('ls-files', '--others', '--ignored', '--exclude-standard', '-z', '--', 'chapters').filter(
    (path) => theirs.has(path),
  );
  const stamp = stampOf();
  const copies: string[] = [];
  for (const path of new Set([...dirty, ...committed, ...ignored])) {
    const inside = /^chapters\/(.+)$/.exec(path)?.[1];
    if (
      inside !== undefined &&
      !path.startsWith(`${BACKUPS}/`) &&
      lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile()
    ) {
      copies.push(keepBackup(root, inside, stamp));
    }
  }

  // Commit.
  const identity = identityFor(run);
  if (paths('status', '--porcelain=v1', '-z', '--untracked-files=no').length > 0 || dirty.length > 0) {
    must('add', '--update');
    if (existsSync(join(root, 'chapters'))) {
      must('add', '--all', '--', 'chapters');
      // In case a student's .gitignore has lost the line for the backups.
      run('reset', '--quiet', '--', BACKUPS);
    }
    if (run('diff', '--cached', '--quiet').code !== 0) {
      must(...identity, 'commit', '--quiet', '--no-verify', '-m', 'My work before the update');
      console.log(`Your work is committed on the branch ${branch}, as "My work before the update".`);
    }
  }

  // Merge.
  const both = changed(base, 'HEAD').filter(
    (path) => theirs.has(path) && run('rev-parse', `HEAD:${path}`).out !== run('rev-parse', `${news}:${path}`).out,
  );
  const gone = both.filter((path) => run('cat-file', '-e', `${news}:${path}`).code !== 0);
  const back: string[] = [];
  const merge = run(
    ...identity,
    'merge',
    '--quiet',
    '--ff',
    '--no-edit',
    '--no-verify',
    '-X',
    'ours',
    '-m',
    'Update of the course',
    news,
  );
  if (merge.code !== 0) {
    if (!existsSync(resolve(root, must('rev-parse', '--git-path', 'MERGE_HEAD')))) {
      throw new Refusal(
        `git could not start the update:\n  ${merge.err.replaceAll('\n', '\n  ')}`,
        `Nothing was lost${copies.length > 0 ? `, and copies of your files are in ${BACKUPS}/` : ''}. ` +
          'If it names files of yours that are in the way, move them to another place; then run "npm run update" again.',
      );
    }
    back.push(...settle(gitIn(root)));
    const done = run(...identity, 'commit', '--quiet', '--no-verify', '--no-edit');
    if (done.code !== 0 || paths('ls-files', '--unmerged', '-z').length > 0) {
      run('merge', '--abort');
      throw new Refusal(
        `git could not join the update with your work:\n  ${done.err || 'some conflicts are left'}`,
        `The update was taken back and your files are as they were. Copies are in ${BACKUPS}/ too. Please report this.`,
      );
    }
  }

  // Report.
  const course = new Course(root);
  console.log(`The course is updated: ${theirs.size} file${theirs.size === 1 ? '' : 's'} changed.`);
  const subjects = run('log', '--format=%s', '--no-merges', '--max-count=11', `${base}..${news}`)
    .out.split('\n')
    .filter(Boolean);
  for (const subject of subjects.slice(0, 10)) console.log(`  · ${subject}`);
  if (subjects.length > 10) console.log('  · …');
  report(
    'You had changed these, and so did the update. Your lines were kept where the two clashed:',
    both.filter((path) => !gone.includes(path) && !back.includes(path)),
  );
  report(
    'The course no longer has these; yours were kept:',
    gone.filter((path) => existsSync(join(root, path))),
  );
  report(
    'The course moved or renamed these, and took your lines along (the copies are below):',
    gone.filter((path) => !existsSync(join(root, path))),
  );
  report('You had deleted these; the update brought them back:', back);
  const stubs = both.flatMap((path) => {
    const inside = path.replace(/^chapters\//, '');
    const topic =
      path.startsWith('chapters/') &&
      course
        .folders()
        .flatMap((folder) => folder.topics)
        .find((each) => each.path === inside);
    return topic && !back.includes(path) ? [course.word(topic)] : [];
  });
  if (stubs.length > 0) {
    console.log('\nTo begin one of them again from its new stub (what you wrote is kept as a backup):');
    for (const word of stubs) console.log(`  npm run reset ${word}`);
  }
  if (copies.length > 0) {
    console.log(`\nCopies of your files from before the update:`);
    for (const copy of copies) console.log(`  ${copy}`);
  }
  if (theirs.has('package-lock.json') || theirs.has('package.json'))
    console.log('\nThe tools have changed too: run "npm install" once.');
  return 0;
}

function report(title: string, files: string[]): void {
  if (files.length === 0) return;
  console.log(`\n${title}`);
  for (const file of files) console.log(`  ${file}`);
}

interface Ran {
  code: number;
  out: string;
  err: string;
}

type Run = (...args: string[]) => Ran;

interface Git {
  run: Run;
  must: (...args: string[]) => string;
  /** The output of a command with -z, taken apart. */
  paths: (...args: string[]) => string[];
}

/** git in one folder, whatever the folder we were started from. */
function gitIn(root: string): Git {
  // Inside a git hook the GIT_* paths point to somewhere else.
  const elsewhere = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX', 'GIT_OBJECT_DIRECTORY'];
  const kept = Object.entries(process.env).filter(([name]) => !elsewhere.includes(name));
  const env: NodeJS.ProcessEnv = { ...Object.fromEntries(kept), LC_ALL: 'C' };
  // Without a terminal nobody could answer a question for a password: fail instead of waiting for ever.
  if (!process.stdin.isTTY) env.GIT_TERMINAL_PROMPT = '0';
  // A folder renamed by the course must not carry a student's own files away with it.
  const settings = [
    'commit.gpgSign=false',
    'core.safecrlf=false',
    'merge.directoryRenames=false',
    'submodule.recurse=false',
  ];
  const spawn = (args: string[]) => {
    const done = spawnSync('git', [...settings.flatMap((setting) => ['-c', setting]), ...args], {
      cwd: root,
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (done.error) {
      if ((done.error as NodeJS.ErrnoException).code !== 'ENOENT') throw done.error;
      throw new Refusal(
        'git is not installed, or not found.',
        'Nothing was changed. Install it from https://git-scm.com, open a new terminal and try again.',
      );
    }
    return { code: done.status ?? 1, raw: done.stdout, err: done.stderr.trim() };
  };
  const check = (args: string[]) => {
    const done = spawn(args);
    if (done.code !== 0) {
      throw new Refusal(
        `"git ${args.find((arg) => /^[a-z]+(-[a-z]+)*$/.test(arg))}" failed:\n  ${(done.err || done.raw.trim()).replaceAll('\n', '\n  ')}`,
        'Nothing was lost. When that is mended, run "npm run update" again.',
      );
    }
    return done.raw;
  };
  return {
    run: (...args) => {
      const { code, raw, err } = spawn(args);
      return { code, out: raw.trim(), err: err || raw.trim() };
    },
    must: (...args) => check(args).trim(),
    paths: (...args) => check(args).split('\0').filter(Boolean),
  };
}

/** Where the course comes from: a remote called "upstream" (a fork has one), what the branch tracks, or origin. */
function upstreamOf(run: Run, branch: string): { remote: string; ref: string } {
  const remotes = run('remote').out.split('\n').filter(Boolean);
  if (remotes.includes('upstream')) return { remote: 'upstream', ref: 'HEAD' };
  const remote = run('config', `branch.${branch}.remote`).out;
  const ref = run('config', `branch.${branch}.merge`).out;
  if (remotes.includes(remote) && ref !== '') return { remote, ref };
  if (remotes.includes('origin')) return { remote: 'origin', ref: 'HEAD' };
  if (remotes.length === 1) return { remote: remotes[0]!, ref: 'HEAD' };
  throw new Refusal(
    'git does not know where the course comes from: there is no remote "origin".',
    'Nothing was changed. Run "git remote add origin" with the address of the course after it, then "npm run update" again.',
  );
}

/** Settings for a commit by somebody who never told git their name. */
function identityFor(run: Run): string[] {
  if (
    run('-c', 'user.useConfigOnly=true', 'var', 'GIT_COMMITTER_IDENT').code === 0 &&
    run('-c', 'user.useConfigOnly=true', 'var', 'GIT_AUTHOR_IDENT').code === 0
  ) {
    return [];
  }
  const missing = [
    ['user.name', 'Student'],
    ['user.email', 'student@localhost'],
  ].filter(([key]) => run('config', key!).out === '');
  return missing.flatMap(([key, value]) => ['-c', `${key}=${value}`]);
}

/**
 * Settles the conflicts that `-X ours` cannot, such as a file changed by one side and deleted by the other.
 * The student's file stays; where the student has none, the course's new one comes in. Returns the latter.
 */
function settle({ must, paths }: Git): string[] {
  const stages = new Map<string, Set<string>>();
  for (const entry of paths('ls-files', '--unmerged', '-z')) {
    const [, stage, path] = /^\d+ [0-9a-f]+ (\d)\t([^]+)$/.exec(entry)!;
    stages.set(path!, (stages.get(path!) ?? new Set()).add(stage!));
  }
  const back: string[] = [];
  for (const [path, has] of stages) {
    if (has.has('2')) must('checkout', '--ours', '--', path);
    else if (has.has('3')) {
      must('checkout', '--theirs', '--', path);
      back.push(path);
    }
    if (has.has('2') || has.has('3')) must('add', '--force', '--', path);
    else must('rm', '--quiet', '--cached', '--', path);
  }
  return back;
}
