/** `npm run bundle:gradescope`: a zip that Gradescope takes as an autograder. */
import { randomBytes } from 'node:crypto';
import { relative, resolve } from 'node:path';
import { bundleGradescope } from '../class/handout/gradescope.ts';
import { hiddenCheckFiles, withHiddenChecks } from '../class/hidden-checks.ts';
import { loadSecret } from '../class/secret.ts';
import { goalId } from '../course/grade-run.ts';
import { Refusal } from '../course/refusal.ts';
import { Progress } from './progress.ts';
import { goalFor, openSetting } from './setting.ts';
import { runCommand, type Command } from './words.ts';

const VISIBILITIES = ['visible', 'hidden', 'after_due_date', 'after_published'];

const command = {
  name: 'bundle:gradescope',
  about: 'Packs an autograder for Gradescope: upload the zip, and every submission is graded there.',
  usage: [
    '-- --chapter chapter-1 --out autograder.zip',
    '-- --chapter chapter-1 --out autograder.zip --checks ../private',
  ],
  atMost: 0,
  flags: {
    chapter: { type: 'string', value: 'CHAPTER', help: 'what to grade: chapter-1, or a topic of it' },
    out: { type: 'string', value: 'FILE', help: 'the zip file (default: autograder.zip)' },
    secret: { type: 'string', value: 'FILE', help: 'from which the seed comes (default: a new one)' },
    checks: { type: 'string', value: 'DIR', help: 'a folder of hidden checks' },
    visibility: { type: 'string', value: 'WHEN', help: 'when students see results (default: visible)' },
  },
} satisfies Command;

await runCommand(command, async ({ flags }) => {
  const example = 'For example: npm run bundle:gradescope -- --chapter chapter-1';
  if (flags.chapter === undefined) throw new Refusal('What is to be graded? Name it with --chapter.', example, 2);
  const { visibility = 'visible' } = flags;
  if (!VISIBILITIES.includes(visibility))
    throw new Refusal(`--visibility: there is no "${visibility}".`, `There are ${VISIBILITIES.join(', ')}.`, 2);
  const setting = openSetting();
  const goal = await goalFor(setting, flags.chapter);
  const checks = flags.checks === undefined ? [] : hiddenCheckFiles(resolve(flags.checks), goal.chapter);
  // A mistake in them is better met here than in the container.
  await withHiddenChecks(goal.chapter, checks).load();
  const out = resolve(flags.out ?? 'autograder.zip');
  const progress = new Progress();
  const files = await bundleGradescope({
    course: setting.course,
    chapter: goal.chapter,
    assignment: goalId(goal),
    out,
    secret: flags.secret === undefined ? randomBytes(32).toString('hex') : loadSecret(flags.secret, undefined),
    checks,
    visibility,
    onStep: (step) => progress.update(`Autograder: ${step}`),
  }).finally(() => progress.end());
  process.stdout.write(
    `${files} files in ${relative(process.cwd(), out)}. In Gradescope: Configure Autograder, Zip file upload.\n` +
      'Students’ code runs at the strongest isolation level that Gradescope’s container allows: each result names it.\n',
  );
  return 0;
});
