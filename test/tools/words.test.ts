import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { asRefusal, helpText, readWords, type Command } from '../../grader/cli/words.ts';
import { Refusal } from '../../grader/course/refusal.ts';
import { cleanEnv, Sandpit, temporary } from './course.ts';

const command = {
  name: 'grade',
  about: 'Grades.',
  usage: ['chapter-1'],
  knows: (word) => word.startsWith('chapter-'),
  flags: {
    watch: { type: 'boolean', short: 'w', help: 'again after each save' },
    seed: { type: 'number', help: 'another seed' },
    from: { type: 'string', value: 'FOLDER', help: 'where the submissions are' },
    to: { type: 'string', help: 'where the results go', accepts: (word) => word.endsWith('.csv') },
    'dry-run': { type: 'boolean', help: 'only say what would happen' },
  },
} satisfies Command;

const read = (argv: string[], npm: Record<string, string> = {}, event = 'grade') =>
  readWords(command, argv, {
    npm_lifecycle_event: event,
    // What is always there.
    npm_config_yes: '',
    npm_config_fund: '',
    npm_config_cache: '/home/me/.npm',
    ...Object.fromEntries(Object.entries(npm).map(([name, value]) => [`npm_config_${name}`, value])),
  });

function refusal(work: () => unknown): Refusal {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('flags after --', () => {
  it.each([
    [['chapter-1', '--watch', '--seed', '7'], ['chapter-1'], { watch: true, seed: 7 }],
    [['--seed=-3', '-w', 'chapter-1'], ['chapter-1'], { watch: true, seed: -3 }],
    [['--seed', '-3'], [], { seed: -3 }],
    [['--no-watch', '--dry-run=false', '--from', './d'], [], { watch: false, 'dry-run': false, from: './d' }],
    [['--', '--watch'], ['--watch'], {}],
    [[], [], {}],
  ])('%j', (argv, words, flags) => {
    expect(read(argv)).toEqual({ words, flags, help: false });
  });
});

describe('flags that npm took', () => {
  it.each([
    [['chapter-5'], { watch: 'true' }, ['chapter-5'], { watch: true }],
    [['chapter-5', '7'], { seed: 'true' }, ['chapter-5'], { seed: 7 }],
    [['7', 'chapter-5'], { seed: 'true' }, ['chapter-5'], { seed: 7 }],
    [['chapter-5'], { seed: '7', watch: '' }, ['chapter-5'], { seed: 7, watch: false }],
    [['chapter-5', './d'], { from: 'true' }, ['chapter-5'], { from: './d' }],
    [['./d'], { from: 'true', dry_run: 'true' }, [], { from: './d', 'dry-run': true }],
    [['./d', 'chapter-5', '7'], { from: 'true', seed: 'true' }, ['chapter-5'], { from: './d', seed: 7 }],
    [['chapter-5', 'a.csv'], { to: 'true' }, ['chapter-5'], { to: 'a.csv' }],
    [['--watch', '--seed', '2'], { seed: '7' }, [], { watch: true, seed: 2 }],
  ])('%j with %j', (argv, npm, words, flags) => {
    expect(read(argv, npm)).toEqual({ words, flags, help: false });
  });

  it.each([
    [['5', '7'], { seed: 'true' }, /not clear which of "5" and "7"/],
    [['chapter-5'], { seed: 'true' }, /--seed needs a number/],
    [['a', 'b'], { from: 'true' }, /not clear/],
    [[], { seed: 'seven' }, /needs a number, but got "seven"/],
    [[], { watch: '7' }, /takes no value/],
    [[], { wach: 'true' }, /no flag --wach/],
  ])('%j with %j is refused rather than guessed', (argv, npm, says) => {
    const error = refusal(() => read(argv, npm));
    expect(error.message).toMatch(says);
    expect(error.code).toBe(2);
  });

  it('of another script are not ours', () => {
    expect(read([], { watch: 'true', seed: '7' }, 'test').flags).toEqual({});
  });

  it('arrive through npm itself', () => {
    const pit = new Sandpit(temporary());
    pit.write('package.json', '{ "name": "x", "scripts": { "grade": "node show.cjs" } }');
    pit.write('show.cjs', 'console.log(JSON.stringify([process.argv.slice(2), process.env]))');
    const said = execFileSync(
      'npm',
      ['run', '--silent', 'grade', 'chapter-5', '--watch', '--seed', '7', '--from=./d'],
      {
        cwd: pit.root,
        encoding: 'utf8',
        env: cleanEnv(),
        stdio: ['ignore', 'pipe', 'ignore'],
        shell: process.platform === 'win32',
      },
    );
    const [argv, env] = JSON.parse(said) as [string[], NodeJS.ProcessEnv];
    expect(readWords(command, argv, env)).toEqual({
      words: ['chapter-5'],
      flags: { watch: true, seed: 7, from: './d' },
      help: false,
    });
  });
});

describe('wrong use', () => {
  it.each([
    [
      ['--wathc'],
      /no flag --wathc/,
      /Did you mean --watch\? Its flags are --watch, --seed, --from, --to, --dry-run and --help/,
    ],
    [['--no-seed'], /no flag --no-seed/, /--seed/],
    [['--seed'], /needs a number/, /--seed 7/],
    [['--seed', 'x'], /needs a number, but got "x"/, /--seed 7/],
    [['--seed', ''], /needs a number/, /--seed 7/],
    [['--from', '--watch'], /--from needs a value/, /--from FOLDER/],
    [['--watch=7'], /takes no value/, /--watch/],
    [['--constructor'], /no flag --constructor/, /Its flags/],
  ])('%j', (argv, message, next) => {
    const error = refusal(() => read(argv));
    expect(error.message).toMatch(message);
    expect(error.next).toMatch(next);
    expect(error.code).toBe(2);
  });

  it('more words than it takes', () => {
    const none = { ...command, atMost: 0 };
    expect(refusal(() => readWords(none, ['x'], {})).message).toContain('takes no words, but got "x"');
    expect(readWords(none, ['x', '-h'], {}).help).toBe(true);
  });

  it('of a short flag that npm dropped: says where to write it', () => {
    const lab: Command = { ...command, name: 'lab', atMost: 1, flags: { n: { type: 'number', help: 'how many' } } };
    const npm = { npm_lifecycle_event: 'lab' };
    const error = refusal(() => readWords(lab, ['chapter-1', '3'], npm));
    expect(error.message).toContain('takes one word, but got "3" too');
    expect(error.next).toContain('Write "--" first:\nnpm run lab chapter-1 -- --n 3');
    expect(refusal(() => readWords(lab, ['chapter-1', '3'], {})).next).toContain('Leave it out.');
    expect(refusal(() => readWords(lab, ['chapter-1', 'x'], npm)).next).toContain('Leave it out.');
  });

  it('gives examples that work', () => {
    const error = refusal(() => readWords({ ...command, example: 'chapter-1' }, ['chapter-1', '--seed', 'x'], {}));
    expect(error.next).toBe('For example: npm run grade chapter-1 -- --seed 7');
  });
});

it('help lists every flag', () => {
  expect(helpText(command)).toContain('  npm run grade chapter-1\n');
  expect(helpText(command)).toMatch(/-w, --watch +again after each save/);
  expect(helpText(command)).toMatch(/--from FOLDER +where/);
});

it('an unexpected error shows no stack', () => {
  const answer = asRefusal(new TypeError('x is undefined'));
  expect(answer.message + answer.next).toMatch(/x is undefined[^]*report/);
  expect(answer.message + answer.next).not.toMatch(/\n\s+at /);
  expect(asRefusal(Object.assign(new Error(), { code: 'ENOSPC', path: 'a' })).message).toContain('disk is full');
});
