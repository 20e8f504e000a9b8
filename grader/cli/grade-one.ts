/** `npm run grade-one`: one submission, and the file that a learning platform reads. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { forStudent } from '../class/for-student.ts';
import { classroom50Place, classroom50Result } from '../class/gradebooks/classroom50.ts';
import { gradescopeResults, type GradescopeVisibility } from '../class/gradebooks/gradescope.ts';
import { junitXml } from '../class/gradebooks/junit.ts';
import { studentPage } from '../class/gradebooks/student-page.ts';
import { fromMetadata, gradeOne } from '../class/one.ts';
import type { Result } from '../class/result.ts';
import { loadSecret, SECRET_VARIABLE } from '../class/secret.ts';
import { writeWhole } from '../class/store.ts';
import { listed } from '../course/nearest.ts';
import { Refusal } from '../course/refusal.ts';
import { isolationFrom } from './isolation-flag.ts';
import { goalFor, openSetting } from './setting.ts';
import { asRefusal, runCommand, type Command, type Words } from './words.ts';

const NO_SECRET = 'no secret was given';
const VISIBILITIES = ['visible', 'hidden', 'after_due_date', 'after_published'];

const command = {
  name: 'grade-one',
  about: 'Grades one submission and writes the files that learning platforms read.',
  usage: [
    'SUBMISSION -- --chapter chapter-1 --gradescope results.json',
    'SUBMISSION -- --chapter chapter-1 --page report.html',
  ],
  atMost: 1,
  example: 'SUBMISSION',
  flags: {
    chapter: { type: 'string', value: 'CHAPTER', help: 'what to grade: chapter-1, or a topic of it' },
    gradescope: { type: 'string', value: 'FILE', help: 'write results.json for Gradescope' },
    metadata: { type: 'string', value: 'FILE', help: "Gradescope's submission_metadata.json" },
    visibility: { type: 'string', value: 'WHEN', help: `when students see it there: ${listed(VISIBILITIES, 'or')}` },
    classroom50: { type: 'string', value: 'FILE', help: 'write result.json for Classroom 50' },
    junit: { type: 'string', value: 'FILE', help: 'write JUnit XML' },
    page: { type: 'string', value: 'FILE', help: "write the student's page" },
    result: { type: 'string', value: 'FILE', help: 'write the whole result, which is not for students' },
    id: { type: 'string', value: 'ID', help: 'whose it is' },
    secret: { type: 'string', value: 'FILE', help: 'from which the seed and the signature come' },
    checks: { type: 'string', value: 'DIR', help: 'a folder of hidden checks' },
    isolation: { type: 'string', value: 'LEVEL', help: 'insist on process or namespaces (default: the strongest)' },
    collector: { type: 'string', value: 'COMMAND', help: 'two-phase: students’ code runs where this command leads' },
    budget: { type: 'number', help: 'seconds (default 600)' },
  },
} satisfies Command;

await runCommand(command, async ({ words, flags }) => {
  try {
    const result = await grade(words, flags);
    writeAll(result, flags);
    process.stdout.write(
      `${result.status === 'graded' ? `${result.points} of ${result.maxPoints} points` : (result.reason ?? result.status)}\n`,
    );
    return result.status === 'grader-error' ? 1 : 0;
  } catch (error) {
    // A platform shows an empty file as nothing at all: say at least that it was not the student's fault.
    if (flags.gradescope !== undefined)
      writeWhole(resolve(flags.gradescope), JSON.stringify({ score: 0, output: `This could not be graded, which is not your fault. For the instructor: ${asRefusal(error).message}` })); // prettier-ignore
    throw error;
  }
});

type Flags = Words<typeof command.flags>['flags'];

async function grade(words: string[], flags: Flags): Promise<Result> {
  const example = 'For example: npm run grade-one submission -- --chapter chapter-1 --gradescope results.json';
  if (words.length === 0) throw new Refusal('Which submission? Name a folder or an archive.', example, 2);
  if (flags.chapter === undefined) throw new Refusal('What is to be graded? Name it with --chapter.', example, 2);
  if (flags.visibility !== undefined && !VISIBILITIES.includes(flags.visibility))
    throw new Refusal(`--visibility: there is no "${flags.visibility}".`, `There are ${listed(VISIBILITIES)}.`, 2);
  const setting = openSetting();
  const path = resolve(words[0]!);
  const known = flags.metadata !== undefined && existsSync(flags.metadata) ? fromMetadata(readFileSync(flags.metadata, 'utf8')) : { id: 'submission' }; // prettier-ignore
  return gradeOne({
    setting,
    goal: await goalFor(setting, flags.chapter),
    submission: {
      ...known,
      id: flags.id ?? known.id,
      ...(existsSync(path) ? { path } : { problem: `There is nothing at ${words[0]}.` }),
    },
    // Without a secret the inputs can be known beforehand, as in `npm run grade`.
    secret:
      flags.secret === undefined && !process.env[SECRET_VARIABLE] ? NO_SECRET : loadSecret(flags.secret, undefined),
    checks: flags.checks && resolve(flags.checks),
    isolation: await isolationFrom(flags.isolation),
    collector: flags.collector,
    budget: flags.budget === undefined ? undefined : 1000 * flags.budget,
  });
}

function writeAll(result: Result, flags: Flags): void {
  const shown = forStudent(result);
  const json = (file: string | undefined, make: () => unknown) =>
    file !== undefined && writeWhole(resolve(file), `${JSON.stringify(make(), null, 2)}\n`);
  json(flags.gradescope, () => gradescopeResults(shown, flags.visibility as GradescopeVisibility | undefined));
  json(flags.classroom50, () => classroom50Result(shown, classroom50Place(process.env)));
  json(flags.result, () => result);
  if (flags.junit !== undefined) writeWhole(resolve(flags.junit), junitXml(result.course.assignment, [shown]));
  if (flags.page !== undefined)
    writeWhole(resolve(flags.page), studentPage(shown, result.report?.topics[0]?.title ?? result.course.assignment));
}
