/**
 * The handout: the repository that students get. What they read and write, the grader, and minified stand-ins in the place of
 * the solutions. Everything in it was chosen; nothing is there because it happened to lie around.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { ChapterEntry } from '../../chapters.ts';
import { gradeRun } from '../../course/grade-run.ts';
import type { Course } from '../../course/layout.ts';
import { PACKED, PACKED_SKELETONS, readText } from '../../course/pristine.ts';
import { Refusal } from '../../course/refusal.ts';
import { findLeaks } from './leaks.ts';
import { lockFor, type Lock } from './lock.ts';
import { importsOf, minified } from './stand-ins.ts';

export interface HandoutOptions {
  course: Course;
  /** The chapters of the handout, in order. */
  chapters: readonly ChapterEntry[];
  /** A folder that does not exist yet, or is empty; `.git` and `node_modules` may be in it. */
  out: string;
  /** Hidden checks that must not be in it, by path. */
  checks: ReadonlyMap<string, string>;
  onStep?: (step: string) => void;
}

export interface Handout {
  files: number;
  /** Points of the solutions, graded with the handout's stand-ins. */
  points: number;
}

/** The commands that students have. */
const COMMANDS = ['grade', 'hint', 'reset', 'lab', 'update'];
/** Programs of the command line that are the author's or the instructor's. */
const NOT_STUDENTS = /^(skeletons|grade-class|class-worker|merge|handout|bundle-gradescope|grade-one)\.ts$/;

/** Writes a handout, and takes it back if something is in it that must not be. */
export async function writeHandout(options: HandoutOptions): Promise<Handout> {
  const { course, out, onStep } = options;
  if (!existsSync(join(course.root, 'solutions')))
    throw new Refusal('This copy of the course is a handout itself.', 'Make handouts from the whole repository.', 2);
  refuseUsed(out);
  mkdirSync(out, { recursive: true });
  try {
    onStep?.('copying');
    writeChapters(options);
    await writeStandIns(options);
    writeGrader(options);
    writePackage(options);
    writeReadme(options);
    onStep?.('looking for what must not be in it');
    refuseLeaks(options);
    onStep?.('grading the solutions with its stand-ins');
    return { files: countFiles(out), points: await prove(options) };
  } catch (error) {
    empty(out);
    throw error;
  }
}

const KEPT = ['.git', 'node_modules'];

function refuseUsed(out: string): void {
  if (!existsSync(out)) return;
  const inside = readdirSync(out).filter((name) => !KEPT.includes(name));
  if (inside.length > 0)
    throw new Refusal(`${out} is not empty: there is ${inside[0]} in it.`, 'Name a new folder, or empty this one.', 2);
}

function empty(out: string): void {
  for (const name of readdirSync(out))
    if (!KEPT.includes(name)) rmSync(join(out, name), { recursive: true, force: true });
}

const put = (out: string, path: string, text: string) => {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), text);
};

const chosenFolders = ({ chapters }: HandoutOptions) => [...chapters.map(({ folder }) => folder), 'tensor'];

/** Lessons and figures as they are, code as it is first given: never from what somebody has written in it. */
function writeChapters(options: HandoutOptions): void {
  const { course, out } = options;
  put(out, 'chapters/package.json', readText(join(course.root, 'chapters/package.json'), 'chapters/package.json'));
  for (const folder of chosenFolders(options)) {
    const from = join(course.root, 'chapters', folder);
    const walk = (below: string) => {
      for (const name of readdirSync(join(from, below))) {
        const path = below === '' ? name : `${below}/${name}`;
        if (name.startsWith('.') || path === 'out') continue;
        if (statSync(join(from, path)).isDirectory()) walk(path);
        else if (/\.(md|svg|png)$/.test(name)) {
          mkdirSync(dirname(join(out, 'chapters', folder, path)), { recursive: true });
          cpSync(join(from, path), join(out, 'chapters', folder, path));
        }
      }
    };
    if (existsSync(from)) walk('');
  }
  const skeletons: Record<string, string> = {};
  for (const path of course.source.files())
    if (chosenFolders(options).includes(path.slice(0, path.indexOf('/')))) {
      skeletons[path] = course.source.skeleton(path);
      put(out, `chapters/${path}`, skeletons[path]);
    }
  put(out, `${PACKED}/${PACKED_SKELETONS}`, `${JSON.stringify(skeletons)}\n`);
}

/** The chosen chapters' solutions, and what they import of earlier ones; the library as it is, since everybody has it. */
async function writeStandIns(options: HandoutOptions): Promise<void> {
  const { course, out } = options;
  const all = course.source.files();
  const wanted = all.filter((path) => chosenFolders(options).includes(path.slice(0, path.indexOf('/'))));
  const done = new Set<string>();
  while (wanted.length > 0) {
    const path = wanted.pop()!;
    if (done.has(path)) continue;
    done.add(path);
    const source = readText(join(course.root, 'solutions', path), `solutions/${path}`);
    put(out, `${PACKED}/${path}`, path.startsWith('tensor/') ? source : await minified(source, path));
    for (const wish of importsOf(source)) {
      const target = posix.join(posix.dirname(path), wish);
      if (all.includes(target)) wanted.push(target);
    }
  }
}

/** The engine, the sandbox, the commands of a student, and the chosen chapters' specs with what they import of others. */
function writeGrader(options: HandoutOptions): void {
  const { course, chapters, out } = options;
  const grader = join(course.root, 'grader');
  const specs = specsOf(grader, chapters);
  const walk = (below: string) => {
    for (const name of readdirSync(join(grader, below))) {
      const path = below === '' ? name : `${below}/${name}`;
      if (path === 'class' || (below === 'cli' && NOT_STUDENTS.test(name)) || name.startsWith('.')) continue;
      if (statSync(join(grader, path)).isDirectory()) walk(path);
      else if (path === 'chapters.ts')
        put(out, 'grader/chapters.ts', chaptersFile(readText(join(grader, path), path), chapters));
      else if (!/^chapter-\d/.test(path) || specs.has(path))
        put(out, `grader/${path}`, readText(join(grader, path), path));
    }
  };
  walk('');
}

/** Spec files of the chosen chapters, and of others where those import them. */
function specsOf(grader: string, chapters: readonly ChapterEntry[]): Set<string> {
  const specs = new Set<string>();
  const wanted = chapters.map(({ folder }) => `${folder}/index.ts`);
  while (wanted.length > 0) {
    const path = wanted.pop()!;
    if (specs.has(path)) continue;
    specs.add(path);
    for (const wish of importsOf(readText(join(grader, path), `grader/${path}`))) {
      const target = posix.join(posix.dirname(path), wish);
      if (/^chapter-\d/.test(target)) wanted.push(target);
    }
  }
  return specs;
}

/** `grader/chapters.ts` with the chosen chapters only. */
function chaptersFile(text: string, chapters: readonly ChapterEntry[]): string {
  const start = text.indexOf('export const CHAPTERS');
  if (start < 0) throw new Error('grader/chapters.ts has no list CHAPTERS.');
  const entries = chapters.map(
    ({ id, folder, title }) =>
      `  {\n    id: ${JSON.stringify(id)},\n    folder: ${JSON.stringify(folder)},\n    title: ${JSON.stringify(title)},\n` +
      `    load: async () => (await import('./${folder}/index.ts')).chapter,\n  },\n`,
  );
  return `${text.slice(0, start)}export const CHAPTERS: readonly ChapterEntry[] = [\n${entries.join('')}];\n`;
}

interface About {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  imports: unknown;
  [more: string]: unknown;
}

/** What npm needs: the course's own dependencies, those of its authors left out; nothing that is not in the course. */
function writePackage({ course, out }: HandoutOptions): void {
  const read = (name: string) => readText(join(course.root, name), name);
  const about = JSON.parse(read('package.json')) as About;
  const { devDependencies: _, scripts, imports: __, ...rest } = about;
  const own = {
    ...rest,
    imports: { '#tensor': `./${PACKED}/tensor/index.ts` },
    scripts: Object.fromEntries(COMMANDS.map((name) => [name, scripts[name]!])),
  };
  put(out, 'package.json', `${JSON.stringify(own, null, 2)}\n`);
  if (existsSync(join(course.root, 'package-lock.json'))) {
    const lock = JSON.parse(read('package-lock.json')) as Lock;
    put(out, 'package-lock.json', `${JSON.stringify(lockFor(lock, rest.dependencies), null, 2)}\n`);
  }
  const config = JSON.parse(read('tsconfig.json')) as Record<string, unknown>;
  put(out, 'tsconfig.json', `${JSON.stringify({ ...config, include: ['chapters', 'grader'] }, null, 2)}\n`);
  for (const name of ['.gitignore', '.gitattributes', '.editorconfig', '.npmrc', 'LICENSE'])
    if (existsSync(join(course.root, name))) put(out, name, read(name));
}

/** The README's beginning and what it says to those who learn. */
function writeReadme({ course, chapters, out }: HandoutOptions): void {
  const text = readText(join(course.root, 'README.md'), 'README.md');
  const [top, ...sections] = text.split(/^(?=## )/m);
  const keep = ['## If you are learning', '## How the grader decides', '## Licence'];
  const kept = sections.filter((section) => keep.some((title) => section.startsWith(title)));
  if (kept.length !== keep.length) throw new Error(`README.md has not the sections ${keep.join(', ')}.`);
  const head = top!
    .split('\n')
    .filter((line) => !/npm test|^- \[If you are (teaching|writing)|^- \[Figures/.test(line))
    .filter(
      (line) => !/^\| \[\d+ · /.test(line) || chapters.some(({ folder }) => line.includes(`(chapters/${folder}/`)),
    )
    .join('\n');
  const note =
    'The folder `stand-ins/` holds what your file is graded beside: the course’s own functions, made unreadable. Somebody\n' +
    'determined can dig them out, as the definitions in `grader/`. It would teach nobody anything: grades rest on checks\n' +
    'that are not in this folder.\n\n';
  const body = kept.join('').replace(/(?=^## Licence)/m, `## What lies here\n\n${note}`);
  // The values that the tests compare with stay where the tests are.
  put(out, 'README.md', head + body.replace(/ The golden values[^]*?$/m, '').trimEnd() + '\n');
}

function refuseLeaks({ course, out, checks }: HandoutOptions): void {
  const solutions = new Map(
    course.source.files().map((path) => [path, readText(join(course.root, 'solutions', path), `solutions/${path}`)]),
  );
  const leaks = findLeaks(out, solutions, checks);
  if (leaks.length === 0) return;
  throw new Refusal(
    `The handout would hold what it must not:\n${leaks
      .slice(0, 10)
      .map(({ file, what }) => `  ${file}: ${what}`)
      .join('\n')}`,
    'Nothing was kept. Take it out of these files, then try again.',
  );
}

/** The solutions have full marks beside the stand-ins, or the handout is of no use. */
async function prove({ course, chapters, out }: HandoutOptions): Promise<number> {
  const standIns = join(out, PACKED);
  const report = await gradeRun({
    files: { chapters: join(course.root, 'solutions'), standIns, tensor: join(standIns, 'tensor', 'index.ts') },
    goals: chapters.map((chapter) => ({ chapter })),
  });
  if (report.points === report.maxPoints) return report.points;
  const lost = report.topics.flatMap((topic) => topic.exercises).filter((e) => e.points < e.maxPoints);
  throw new Refusal(
    `The solutions have ${report.points} of ${report.maxPoints} points beside the handout's stand-ins.`,
    `Grade the solutions here first: npm run grade ${lost[0]!.id} -- --solutions`,
  );
}

const countFiles = (folder: string): number =>
  readdirSync(folder)
    .filter((name) => !KEPT.includes(name))
    .reduce((sum, name) => sum + (statSync(join(folder, name)).isDirectory() ? countFiles(join(folder, name)) : 1), 0);

/** Hidden checks of a folder, by path; everything that is text counts. */
export function readChecks(folder: string): Map<string, string> {
  const texts = new Map<string, string>();
  const walk = (at: string) => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (entry.isDirectory() && entry.name !== 'node_modules') walk(join(at, entry.name));
      else if (entry.isFile() && /\.(ts|mjs|js|json|md)$/.test(entry.name))
        texts.set(join(at, entry.name), readFileSync(join(at, entry.name), 'utf8'));
    }
  };
  walk(folder);
  return texts;
}
