import { describe, expect, it } from 'vitest';
import { FILES, git, NEURON, Sandpit, STUBS, temporary } from './course.ts';

const update = 'grader/cli/update.ts';
const FILE = 'chapters/chapter-1-mp/neuron.ts';
const TODO = "  throw new Error('TODO: step');";
const MINE = '  return +(x >= 0); // 我的';

/** The course's own repository, a bare one that everybody pulls from, and a student's clone. */
function class_(): {
  course: Sandpit;
  student: Sandpit;
  publish: (files: Record<string, string | undefined>, subject?: string) => void;
} {
  const folder = temporary();
  const course = new Sandpit(`${folder}/course`);
  for (const [path, text] of Object.entries({ ...FILES, ...STUBS })) course.write(path, text);
  course.git('init', '-q');
  course.git('add', '.');
  course.git('commit', '-qm', 'The course');
  git(folder, 'clone', '-q', '--bare', 'course', 'course.git');
  git(folder, 'clone', '-q', 'course.git', 'student');
  return {
    course,
    student: new Sandpit(`${folder}/student`),
    publish(files, subject = 'A better text') {
      for (const [path, text] of Object.entries(files)) {
        if (text === undefined) course.remove(path);
        else course.write(path, text);
      }
      course.git('add', '-A');
      course.git('commit', '-qm', subject);
      course.git('push', '-q', '../course.git', 'main');
    },
  };
}

const work = (pit: Sandpit) => pit.write(FILE, pit.read(FILE).replace(TODO, MINE));
const betterDocs = () => ({
  [FILE]: STUBS[FILE]!.replace('The weighted sum', 'A weighted sum'),
  'solutions/chapter-1-mp/neuron.ts': NEURON.replace('The weighted sum', 'A weighted sum'),
});
/** The course changes the very line that the student replaced. */
const clash = () => ({
  [FILE]: STUBS[FILE]!.replace(TODO, "  throw new Error('TODO: step, new');").replace(
    'The weighted sum',
    'A weighted sum',
  ),
});

describe.each(['committed', 'not committed'])('npm run update, work %s', (how) => {
  const finish = (pit: Sandpit) => {
    if (how === 'committed') {
      pit.git('add', '-A');
      pit.git('commit', '-qm', 'mine');
    }
  };

  it('joins the work with the update and keeps a copy', () => {
    const { student, publish } = class_();
    work(student);
    student.write('chapters/chapter-1-mp/我的 helper.ts', 'my helper');
    student.write('chapters/notes.md', 'my notes');
    finish(student);
    const before = student.read(FILE);
    publish({ ...betterDocs(), 'chapters/chapter-3-rnn/cell.ts': 'new\n' }, 'Chapter 3');
    const done = student.run(update);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(student.read(FILE)).toBe(before.replace('The weighted sum', 'A weighted sum'));
    expect(student.read('chapters/chapter-3-rnn/cell.ts')).toBe('new\n');
    expect(student.read('chapters/chapter-1-mp/我的 helper.ts')).toBe('my helper');
    expect(student.read('chapters/notes.md')).toBe('my notes');
    expect(done.out).toMatch(/· Chapter 3[^]*so did the update[^]*neuron\.ts[^]*npm run reset chapter-1\/neuron/);
    const copy = student.backups().find((name) => name.includes('neuron'))!;
    expect(student.read(`chapters/.backups/${copy}`)).toBe(before);
    expect(student.git('status', '--porcelain')).toBe('');
    expect(student.git('log', '--format=%s')).toContain(how === 'committed' ? 'mine' : 'My work before the update');
    expect(student.run(update).out).toContain('up to date');
  });

  it("keeps the student's lines where both changed the same ones", () => {
    const { student, publish } = class_();
    work(student);
    finish(student);
    publish(clash());
    expect(student.run(update)).toMatchObject({ code: 0, err: '' });
    expect(student.read(FILE)).toContain(MINE);
    expect(student.read(FILE)).toContain('A weighted sum');
    expect(student.read(FILE)).not.toMatch(/^[<=>]{7}|TODO: step/m);
  });

  it("keeps the student's file when the course deleted it, and when both added one", () => {
    const { student, publish } = class_();
    work(student);
    student.write('chapters/chapter-1-mp/new.ts', 'mine\nshared\nmine too\n');
    finish(student);
    const before = student.read(FILE);
    publish({
      [FILE]: undefined,
      'solutions/chapter-1-mp/neuron.ts': undefined,
      'chapters/chapter-1-mp/new.ts': 'theirs\nshared\ntheirs too\n',
    });
    const done = student.run(update);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toMatch(/no longer has these; yours were kept:\n {2}chapters\/chapter-1-mp\/neuron\.ts/);
    expect(student.read(FILE)).toBe(before);
    expect(student.read('chapters/chapter-1-mp/new.ts')).toBe('mine\nshared\nmine too\n');
  });

  it('survives a deleted stub and a deleted folder', () => {
    const { student, publish } = class_();
    student.remove(FILE);
    student.remove('chapters/chapter-2-bp');
    finish(student);
    publish(betterDocs());
    const done = student.run(update);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(student.read(FILE)).toBe(betterDocs()[FILE]);
    expect(done.out).toMatch(/had deleted these; the update brought them back:\n.*neuron/);
    expect(student.has('chapters/chapter-2-bp')).toBe(false);
  });

  it('takes the lines along when the course renames a file, and leaves own files where they are', () => {
    const { student, publish } = class_();
    work(student);
    student.write('chapters/chapter-1-mp/helper.ts', 'my helper');
    finish(student);
    const moves = ['neuron', 'perceptron', 'lab'].flatMap((name) => [
      [`chapters/chapter-1-mp/${name}.ts`, undefined],
      [`chapters/chapter-1-unit/${name}.ts`, STUBS[`chapters/chapter-1-mp/${name}.ts`]],
    ]);
    publish(Object.fromEntries(moves));
    const done = student.run(update);
    expect(done).toMatchObject({ code: 0, err: '' });
    const all = student
      .list('chapters')
      .filter((name) => /^chapter-1.*\.ts$/.test(name))
      .map((name) => student.read(`chapters/${name}`));
    expect(all.some((text) => text.includes(MINE))).toBe(true);
    expect(student.read('chapters/chapter-1-mp/helper.ts')).toBe('my helper');
    expect(
      student
        .backups()
        .map((name) => student.read(`chapters/.backups/${name}`))
        .some((text) => text.includes(MINE)),
    ).toBe(true);
  });
});

describe('npm run update', () => {
  it('works for a student whom git does not know, and who edited the tools', () => {
    const { student, publish } = class_();
    work(student);
    student.write('package.json', '{ "name": "deep-learning-by-hand", "type": "module", "mine": 1 }\n');
    publish(betterDocs());
    expect(student.runWith({ env: { EMAIL: '', USER: '', LOGNAME: '' } }, update)).toMatchObject({ code: 0, err: '' });
    expect(student.read('package.json')).toContain('mine');
    expect(student.git('log', '-2', '--format=%an')).toContain('Student');
  });

  it('commits nothing when there is nothing to commit', () => {
    const { student, course, publish } = class_();
    publish(betterDocs());
    expect(student.run(update).code).toBe(0);
    expect(student.git('rev-parse', 'HEAD')).toBe(course.git('rev-parse', 'HEAD'));
    expect(student.backups()).toEqual([]);
  });

  it('takes a fork’s "upstream", and what a branch without tracking comes from', () => {
    const { student, publish } = class_();
    publish(betterDocs());
    student.git('switch', '-qc', 'my-work');
    expect(student.run(update)).toMatchObject({ code: 0, err: '' });
    expect(student.read(FILE)).toBe(betterDocs()[FILE]);
    publish({ 'new.txt': 'new' });
    student.git('remote', 'rename', 'origin', 'upstream');
    expect(student.run(update)).toMatchObject({ code: 0, err: '' });
    expect(student.read('new.txt')).toBe('new');
  });

  it('keeps an ignored file that the update would overwrite', () => {
    const { student, publish } = class_();
    student.write('.git/info/exclude', '*.csv\n');
    student.write('chapters/chapter-1-mp/data.csv', 'my data');
    publish({ 'chapters/chapter-1-mp/data.csv': 'their data' });
    expect(student.run(update)).toMatchObject({ code: 0, err: '' });
    const copy = student.list('chapters/.backups').find((name) => name.endsWith('.csv'))!;
    expect(student.read(`chapters/.backups/${copy}`)).toBe('my data');
  });

  it.each<[string, (pit: Sandpit) => void, RegExp]>([
    [
      'no network',
      (pit) => pit.git('remote', 'set-url', 'origin', '/nowhere/course.git'),
      /could not be fetched from "origin"[^]*network/,
    ],
    ['no remote', (pit) => pit.git('remote', 'remove', 'origin'), /no remote "origin"/],
    ['no git repository', (pit) => pit.remove('.git'), /not made with "git clone"/],
    ['no branch', (pit) => pit.git('checkout', '-q', '--detach'), /on no branch[^]*git switch -c/],
    ['half a merge', (pit) => pit.write('.git/MERGE_HEAD', pit.git('rev-parse', 'HEAD')), /git merge is not finished/],
    [
      'a stranger’s repository',
      (pit) => {
        const other = new Sandpit(`${temporary()}/other`);
        other.write('a.txt', 'a');
        other.git('init', '-q');
        other.git('add', '.');
        other.git('commit', '-qm', 'a');
        pit.git('remote', 'set-url', 'origin', other.root);
      },
      /no commit in common/,
    ],
    [
      'an untracked file in the way',
      (pit) => pit.write('new.txt', 'mine'),
      /could not start the update[^]*new\.txt[^]*Nothing was lost/,
    ],
    ['no git', () => undefined, /git is not installed/],
  ])('%s: a clear message, and nothing is lost', (what, spoil, message) => {
    const { student, publish } = class_();
    work(student);
    const before = student.read(FILE);
    publish({ ...betterDocs(), 'new.txt': 'theirs' });
    spoil(student);
    const env: Record<string, string> = what === 'no git' ? { PATH: '/nowhere', Path: '/nowhere' } : {};
    const done = student.runWith({ env }, update);
    expect(done.err).toMatch(message);
    expect(done.err).not.toMatch(/^\s+at /m);
    expect(done.code).toBe(1);
    expect(student.read(FILE)).toBe(before);
    if (what === 'an untracked file in the way') expect(student.read('new.txt')).toBe('mine');
  });
});

describe('plain git pull', () => {
  const pull = (pit: Sandpit, ...how: string[]): boolean => {
    try {
      pit.git('pull', '-q', ...how);
      return true;
    } catch {
      return false;
    }
  };

  it('leaves uncommitted work alone: it refuses', () => {
    const { student, publish } = class_();
    work(student);
    const before = student.read(FILE);
    publish(clash());
    expect(pull(student)).toBe(false);
    expect(student.read(FILE)).toBe(before);
    expect(student.run(update).code).toBe(0);
    expect(student.read(FILE)).toContain(MINE);
  });

  it('merges committed work, or stops with both sides in the file and in history', () => {
    const { student, publish } = class_();
    work(student);
    student.git('commit', '-qam', 'mine');
    const before = student.read(FILE);
    publish(betterDocs());
    expect(pull(student)).toBe(false);
    expect(student.read(FILE)).toBe(before);
    expect(pull(student, '--no-rebase', '--no-edit')).toBe(true);
    expect(student.read(FILE)).toContain(MINE);
    publish(clash());
    expect(pull(student, '--no-rebase', '--no-edit')).toBe(false);
    expect(student.read(FILE)).toContain(MINE);
    expect(student.run(update).err).toContain('git merge --abort');
    student.git('merge', '--abort');
    expect(student.run(update).code).toBe(0);
    expect(student.read(FILE)).toContain(MINE);
  });
});
