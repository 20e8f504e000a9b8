/**
 * All attacks at one isolation level, as one class with honest submissions between them, graded by one real judge. A
 * program of its own, so that it also shows that the grader ends as it should: writes what came of it to standard output.
 *
 *   node --import tsx test/attacks/run.ts process|namespaces closed|realm|node
 */
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { gradeClass } from '../../grader/class/batch.ts';
import { forStudent } from '../../grader/class/for-student.ts';
import { gradescopeResults } from '../../grader/class/gradebooks/gradescope.ts';
import { writeGradebooks } from '../../grader/class/gradebooks/write.ts';
import { canonicalResult, type Result } from '../../grader/class/result.ts';
import { findSubmissions } from '../../grader/class/submissions.ts';
import { goalFor, openSetting } from '../../grader/cli/setting.ts';
import type { Isolation } from '../../grader/sandbox/node/isolation.ts';
import { GROUPS, PLACES, type Attack } from './attacks.ts';
import { ASSIGNMENT, base, honest, repository } from './base.ts';

/** `realm`: Node's API is within reach; `node`: and without its permission model. */
export type Opened = 'closed' | 'realm' | 'node';

/** What came of one attack. */
export interface Cell {
  id: string;
  says: string;
  outcome: Attack['outcome'];
  /** The outcome word that it came to, or LOST. */
  word: string;
  /** Invariants that did not hold. */
  broken: string[];
  ms: number;
}

export interface Run {
  isolation: Isolation;
  opened: Opened;
  cells: Cell[];
  /** Levels that the results name. */
  levels: (string | null)[];
}

const SECRET = 'a secret of the attacks, long enough';
/** What the hidden check expects of its one case, as a page would show it. */
const EXPECTED = '6.31445';
const CHECKS = `
// BODY-OF-A-HIDDEN-CHECK
export default ({ agrees }) => ({
  'linear-unit/meanSquaredError': [
    { ...agrees({ id: 'hidden' }), fixed: () => [{ outputs: [3, 5], targets: [1, 2.0625] }] },
  ],
});`;

const ERRS = ['error', 'timeout', 'oom', 'crash'];
const VERDICTS = ['pass', 'fail', ...ERRS, 'inconclusive', 'not-run'];

const number = (i: number) => String(i).padStart(3, '0');

export async function run(isolation: Isolation, opened: Opened): Promise<Run> {
  const attacks = GROUPS.flatMap(({ attacks }) => attacks).filter(({ os }) => opened === 'closed' || os);
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'attacks-')));
  const folders = Object.fromEntries(
    ['results', 'submissions', 'checks', 'temporary'].map((name) => [name, join(root, name)]),
  ) as Record<'results' | 'submissions' | 'checks' | 'temporary', string>;
  for (const folder of Object.values(folders)) mkdirSync(folder);
  const marker = `attack-${randomBytes(6).toString('hex')}`;
  const placed = (text: string, i: number) =>
    text
      .replaceAll(PLACES.results, folders.results)
      .replaceAll(PLACES.submissions, folders.submissions)
      .replaceAll(PLACES.checks, folders.checks)
      .replaceAll(PLACES.course, repository.replace(/[\\/]$/, ''))
      .replaceAll(PLACES.marker, `${marker}-${number(i)}`);
  // Where an attack gets at more than its own process, each is followed by an honest submission; otherwise every third.
  const isFollowed = (i: number) => opened !== 'closed' || i % 3 === 2 || i === attacks.length - 1;
  const followedBy = (i: number): number => (isFollowed(i) ? i : followedBy(i + 1));
  const hand = (id: string, files: Record<string, string>) => {
    for (const [path, text] of Object.entries(files)) {
      const file = join(folders.submissions, id, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  };
  const mine = { 'linear-unit.ts': `// WORK-OF-ANOTHER\n${honest}` };
  hand('000-a', mine);
  hand('000-b', { 'linear-unit.ts': base });
  attacks.forEach(({ files }, i) => {
    hand(`${number(i + 1)}-a`, Object.fromEntries(Object.entries(files).map(([p, text]) => [p, placed(text, i + 1)])));
    if (isFollowed(i)) hand(`${number(i + 1)}-b`, mine);
  });
  writeFileSync(join(folders.checks, 'chapter-1.ts'), CHECKS);

  // Judges inherit this environment.
  process.env.TMPDIR = folders.temporary;
  process.env.SOMETHING = 'ENVIRONMENT-OF-THE-JUDGE';
  if (opened !== 'closed') {
    process.env.HOLE = opened;
    process.env.NODE_OPTIONS = `--import ${pathToFileURL(join(repository, 'test/attacks/hole.mjs')).href}`;
  }
  try {
    const setting = openSetting();
    const { batch, store } = await gradeClass({
      setting,
      goal: await goalFor(setting, ASSIGNMENT),
      found: findSubmissions(folders.submissions, undefined),
      out: folders.results,
      secret: SECRET,
      checks: folders.checks,
      jobs: 1,
      isolation,
    });
    const alive = processesWith(marker);
    for (const { pid } of alive) process.kill(pid, 'SIGKILL');
    writeGradebooks(batch, folders.results, ({ id }) => store.look(id));
    const results = new Map(batch.people.map(({ id }) => [id, store.read(id)]));
    const [first, wrong] = [results.get('000-a')!, results.get('000-b')!];
    const files = filesWith(marker, [...Object.values(folders), repository]);
    const left = readdirSync(folders.temporary);
    const cells = attacks.map((attack, i): Cell => {
      const [id, next] = [`${number(i + 1)}-a`, results.get(`${number(followedBy(i) + 1)}-b`)];
      const result = results.get(id);
      const mark = `${marker}-${number(i + 1)}`;
      const broken = [
        result && result.points > wrong.points && 'I1: it scores more',
        !isWhole(result) && 'I2: the judge was lost',
        alone(next) !== alone(first) && 'I3: the next submission got something else',
        (alive.some(({ args }) => args.includes(mark)) ? 'I4: a process of its own outlives it' : false) ||
          (files.some((file) => file.includes(mark)) && 'I4: a file of its own outlives it'),
        result &&
          tells(result, folders.results, [
            ...SECRETS,
            String(result.course.seed),
            ...(attack.never ?? []).map((text) => placed(text, i + 1)),
          ]) &&
          'I5: it reads what it must not',
        !VERDICTS.includes(result?.verdict ?? '') && 'I6: no verdict',
      ].filter((text): text is string => typeof text === 'string');
      return {
        id: attack.id,
        says: attack.says,
        outcome: attack.outcome,
        word: wordOf(attack, result, wrong),
        broken,
        ms: result?.ms ?? 0,
      };
    });
    if (left.length > 0) cells.at(-1)!.broken.push(`I4: left in the temporary folder: ${left.join(', ')}`);
    const levels = [...new Set([...results.values()].map((r) => r?.isolation ?? null))];
    for (const file of files) rmSync(file, { force: true });
    return { isolation, opened, cells, levels };
  } finally {
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

const json = (path: string) => JSON.parse(readFileSync(join(repository, path), 'utf8')) as object;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addSchema(json('grader/engine/report.schema.json'));
const isValid = ajv.compile(json('grader/class/result.schema.json'));

const isWhole = (result: Result | undefined): boolean =>
  result !== undefined && result.status !== 'grader-error' && isValid(result);

/** The part of a result that must be the same for everybody with these files. */
const alone = (result: Result | undefined): string =>
  result ? JSON.stringify({ ...canonicalResult(result), submission: result.submission.sha256 }) : '';

/** What no student may read, whatever they hand in. */
const SECRETS = ['BODY-OF-A-HIDDEN-CHECK', 'WORK-OF-ANOTHER', 'ENVIRONMENT-OF-THE-JUDGE', EXPECTED, SECRET];

/** Whether a student's pages hold a text. */
function tells(result: Result, out: string, texts: readonly string[]): boolean {
  const { id } = result.submission;
  const pages = [`students/${id}.html`, `junit/${id}.xml`].map((file) => readFileSync(join(out, file), 'utf8'));
  const all = [...pages, JSON.stringify(forStudent(result)), JSON.stringify(gradescopeResults(forStudent(result)))];
  return texts.some((text, i) => (i < SECRETS.length + 1 ? all : pages).some((page) => page.includes(text)));
}

function wordOf({ outcome, on }: Attack, result: Result | undefined, wrong: Result): string {
  if (!result || result.status === 'grader-error') return 'LOST';
  if (result.status === 'ungradable') return 'REJECT';
  const exercises = result.report!.topics.flatMap((topic) => topic.exercises);
  const before = new Map(wrong.report!.topics.flatMap((topic) => topic.exercises).map((e) => [e.name, e]));
  const word = (verdict: string) => (ERRS.includes(verdict) ? 'ERR' : verdict === 'fail' ? 'FAIL' : verdict);
  if (on) {
    const [words, others] = [
      new Set(exercises.filter(({ name }) => on.some((n) => n === name)).map(({ verdict }) => word(verdict))),
      exercises.filter(({ name }) => !on.some((n) => n === name)),
    ];
    if (others.some(({ name, verdict }) => verdict !== before.get(name)!.verdict)) return 'others changed';
    return [...words].join(' and ');
  }
  if (exercises.every(({ verdict }) => ERRS.includes(verdict))) return 'ERR';
  const more = exercises.some(({ name, verdict }) => verdict === 'pass' && before.get(name)!.verdict !== 'pass');
  return more ? 'passes more' : outcome === 'NEUTRAL' ? 'NEUTRAL' : 'no error';
}

function processesWith(marker: string): { pid: number; args: string }[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const args = readFileSync(`/proc/${name}/cmdline`, 'latin1');
      return args.includes(marker) ? [{ pid: Number(name), args }] : [];
    } catch {
      return [];
    }
  });
}

/** Files whose names hold the marker, wherever attacks try to write. */
function filesWith(marker: string, folders: readonly string[]): string[] {
  const caches = join(repository, 'node_modules', '.cache');
  return [...folders, '/tmp', '/dev/shm', '/var/tmp', caches, process.cwd(), '/'].flatMap((folder) => {
    try {
      return readdirSync(folder)
        .filter((name) => name.includes(marker))
        .map((name) => join(folder, name));
    } catch {
      return [];
    }
  });
}

if (process.argv[1]?.endsWith('run.ts')) {
  const [isolation, opened] = process.argv.slice(2) as [Isolation, Opened];
  process.stdout.write(JSON.stringify(await run(isolation, opened)));
}
