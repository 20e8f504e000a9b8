/** The page that says which attacks were tried at which level, and what held. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { isAvailable, type Isolation } from '../../grader/sandbox/node/isolation.ts';
import { GROUPS } from './attacks.ts';
import { repository } from './base.ts';
import type { Cell, Opened, Run } from './run.ts';

export const PAGE: string = join(repository, 'test/attacks/README.md');

const SETUPS: readonly (readonly [Isolation, Opened])[] = [
  ['namespaces', 'closed'],
  ['process', 'closed'],
  ['namespaces', 'realm'],
  ['process', 'realm'],
  ['namespaces', 'node'],
  ['process', 'node'],
];

/** What the program said, and how it ended. */
export interface Told {
  run: Run;
  code: number | null;
  errors: string;
}

/** Runs everything that this machine has levels for, three at a time. */
export async function runAll(): Promise<Told[]> {
  const namespaces = await isAvailable('namespaces');
  const setups = SETUPS.filter(([isolation]) => namespaces || isolation === 'process');
  const told: Told[] = [];
  const waiting = [...setups];
  const work = async () => {
    for (let setup = waiting.shift(); setup; setup = waiting.shift()) told.push(await runOne(...setup));
  };
  // What freezes is waited for: meanwhile the others go on.
  await Promise.all([work(), work(), work()]);
  return told;
}

function runOne(isolation: Isolation, opened: Opened): Promise<Told> {
  const args = ['--import', 'tsx', join(repository, 'test/attacks/run.ts'), isolation, opened];
  const child = spawn(process.execPath, args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      try {
        resolve({ run: JSON.parse(out) as Run, code, errors });
      } catch {
        reject(new Error(`${isolation} ${opened}: ended with ${code} and said: ${errors.slice(0, 2_000)}`));
      }
    });
  });
}

/** Whether a cell is as it should be. With an open realm an attack may also end its own process. */
export const holds = (cell: Cell, opened: Opened): boolean =>
  cell.broken.length === 0 &&
  (cell.word === cell.outcome || (opened !== 'closed' && ['ERR', 'FAIL', 'NEUTRAL'].includes(cell.word)));

function shown(run: Run | undefined, id: string, says: string): string {
  const cell = run?.cells.find((c) => c.id === id && c.says === says);
  if (!run) return '?';
  if (!cell) return '';
  if (holds(cell, run.opened)) return run.opened === 'closed' ? cell.word : '✓';
  const why = [...new Set(cell.broken.map((text) => text.slice(0, 2)))].sort();
  return `✗ ${why.length > 0 ? why.join(', ') : cell.word}`;
}

const INTRODUCTION = `# Attacks

Made by \`npm run attacks\`, which runs them all; a test fails where this page is not what came of it. What the levels
promise stands in the [README](../../README.md#if-you-are-teaching).

Each attack is a small submission (\`attacks.ts\`). They are graded as a class, by a real judge, with hidden checks, and
honest submissions between them. Numbers with an N were thought of while this was written; N2, N3, N4, N8 and N9 worked
until then.

**FAIL**: the attacked functions fail. **ERR**: they, or the whole file, get a verdict of error, timeout, oom or crash.
**NEUTRAL**: the file scores what it scores without the attack, or less. And for every one of them:

- **I1** it scores no more than the same file without the attack;
- **I2** the judge lives, and writes a whole result that fits the schema;
- **I3** the next honest submission gets the very result that it gets alone;
- **I4** no process and no file of its own is left;
- **I5** no expected value, body or seed of a hidden check, nothing of others, of the judge's environment or memory is on a
  page that a student sees, and no way out is open on which they could be sent;
- **I6** there is a verdict.

The first two columns are the levels as they are. In the others a test has opened the sandbox from the inside, to
show what a level holds by itself, should somebody find a way out: first the realm (the attack has Node's \`process\` and
\`require\`), then also Node's permission model (the attack may do what the level lets it). ✗ says what does not hold there.
An empty cell: the attack needs nothing of the operating system.
`;

const ELSEWHERE = `
## What is tested elsewhere, or not at all

| number | | where |
| --- | --- | --- |
| 67 | text of a function that is handed in | functions go by name and are built in the realm: \`test/sandbox/values.test.ts\` |
| 73 | asking until it is green | a class's seed comes from a secret and is shown nowhere (I5); how often one may hand in is the platform's to limit |
| 74 | telling hidden inputs through messages, times or which function ends how | what is printed while a hidden check runs is not shown (row 74); the message of an error and the duration are: **accepted** |
| 88, 100–104 | links, traversal, bombs, colliding and reserved names, protected files | \`test/class/intake.test.ts\` |
| 98 | slow but legal | \`test/class/batch.test.ts\`, "times" |
| 109 | results that are forged, replayed or somebody else's | \`test/class/batch.test.ts\`, "what was graded before"; \`test/class/commands.test.ts\` |
| 110 | the same hostile text in every gradebook | \`test/class/gradebooks.test.ts\` |
| | two-phase grading | \`test/attacks/two-phase.test.ts\` |

Not claimed at any level: that nobody ever finds a way out of V8, Node or the kernel; that an earlier topic's
functions cannot be called by importing that topic (it is the course's way of keeping one topic's bug from costing points in
the next); that a way out of the realm does not reach the stand-in of the same topic, which lies in the same realm.
`;

/** The page, as prettier writes it. */
export async function page(runs: readonly Run[]): Promise<string> {
  const of = (isolation: Isolation, opened: Opened) =>
    runs.find((run) => run.isolation === isolation && run.opened === opened);
  const columns = (['closed', 'realm', 'node'] as const).flatMap((opened) =>
    (['process', 'namespaces'] as const).map((isolation) => of(isolation, opened)),
  );
  const escaped = (text: string) => text.replaceAll('|', '\\|');
  const tables = GROUPS.map(({ name, attacks }) =>
    [
      `\n## ${name}\n`,
      '| number | attack | process | namespaces | realm open: process | namespaces | permissions open, too: process | namespaces |',
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      ...attacks.map(
        ({ id, says }) => `| ${id} | ${escaped(says)} | ${columns.map((run) => shown(run, id, says)).join(' | ')} |`,
      ),
    ].join('\n'),
  );
  const text = [INTRODUCTION, ...tables, ELSEWHERE].join('\n');
  return format(text, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
}
