/** The page and the command line say the same of the same file, in a real browser. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHAPTERS } from '../../grader/chapters.ts';
import { gradeRun } from '../../grader/course/grade-run.ts';
import { parseRegions } from '../../grader/course/regions.ts';
import { canonical, type Chapter, type Report } from '../../grader/engine/index.ts';
import { chromiumPath, root } from './built.ts';
import { misconceptions } from './misconceptions.ts';
import { bench, source, type Bench } from './playground.ts';

const standIns = join(root, 'solutions');
const chapters: Chapter[] = await Promise.all(CHAPTERS.map((each) => each.load()));
const topics = chapters.flatMap((chapter) => chapter.topics.map((topic) => ({ chapter, topic })));

let inPage: Bench;
let mine = '';
beforeAll(async () => {
  if (chromiumPath) inPage = await bench();
  mine = mkdtempSync(join(tmpdir(), 'same-'));
}, 120_000);
afterAll(async () => {
  await inPage?.close();
  rmSync(mine, { recursive: true, force: true });
});

/** The reports of one file, of the page and of the command line, without what says where it ran. */
async function both(path: string, text: string, only?: string): Promise<[page: Report, line: Report]> {
  for (let tries = 1; ; tries++) {
    const [page, line] = await once(path, text, only);
    // A machine that does much else may let right code come too late, in either place: then that is what is tried again.
    const late = [page, line].map((r) => r.topics[0]!.exercises.filter((e) => e.verdict === 'timeout').length);
    if (late[0] === late[1] || tries === 3) return [page, line];
  }
}

async function once(path: string, text: string, only?: string): Promise<[page: Report, line: Report]> {
  const [folder, name] = path.replace(/\.ts$/, '').split('/') as [string, string];
  const entry = CHAPTERS.find((each) => each.folder === folder)!;
  const chapter = chapters.find((each) => each.folder === folder)!;
  mkdirSync(dirname(join(mine, path)), { recursive: true });
  writeFileSync(join(mine, path), text);
  const [page, line] = await Promise.all([
    inPage.grade({ chapter: chapter.id, topic: name, text, skeleton: source.skeleton(path), ...(only && { only }) }),
    gradeRun({
      files: { chapters: mine, standIns, tensor: join(standIns, 'tensor', 'index.ts'), skeleton: source.skeleton },
      goals: [{ chapter: entry, topic: name, fn: only }],
    }),
  ]);
  return [page, line].map((report) => canonical({ ...report, isolation: '' })) as [Report, Report];
}

/** A solution with a mistake in every other of its functions. */
function spoiled(path: string): string {
  const lines = readFileSync(join(standIns, path), 'utf8').split('\n');
  const slips: [RegExp, string][] = [[/ \* /, ' + '], [/\.mul\(/, '.add('], [/ \+ /, ' - '], [/\.add\(/, '.sub('], [/ < /, ' <= '], [/ - /, ' + '], [/, 1\)/, ', 0)']]; // prettier-ignore
  parseRegions(lines.join('\n'), path).forEach((region, i) => {
    if (i % 2 === 1) return;
    for (let at = region.end - 2; at >= region.line; at--) {
      const slip = slips.find(([pattern]) => pattern.test(lines[at]!) && !lines[at]!.includes('//'));
      if (!slip) continue;
      lines[at] = lines[at]!.replace(...slip);
      return;
    }
  });
  // And one that throws.
  const last = parseRegions(lines.join('\n'), path).at(-1)!;
  lines[last.line - 1] = `    throw new RangeError('spoiled');`;
  return lines.join('\n');
}

const NEURON = 'chapter-1-mp/neuron.ts';
const solved = readFileSync(join(standIns, NEURON), 'utf8');
/** The solution of the neuron with another body for `step`. */
const step = (body: string) =>
  solved.replace(/(export function step\(z: number\): number \{)[^]*?\n\}/, `$1\n${body}\n}`);

describe.skipIf(!chromiumPath)('page and command line', () => {
  test.each(topics.map(({ chapter, topic }) => `${chapter.folder}/${topic.name}.ts`))(
    '%s: the solution, and the solution with mistakes',
    async (path) => {
      const [page, line] = await both(path, readFileSync(join(standIns, path), 'utf8'));
      expect(page).toEqual(line);
      expect(page.points).toBe(page.maxPoints);
      const [wrong, alike] = await both(path, spoiled(path));
      expect(wrong).toEqual(alike);
      expect(wrong.points).toBeLessThan(wrong.maxPoints);
    },
    120_000,
  );

  test('the untouched file, and one with a single function written', async () => {
    const skeleton = source.skeleton(NEURON);
    const [page, line] = await both(NEURON, skeleton);
    expect(page).toEqual(line);
    expect(page.points).toBe(0);
    const [one, same] = await both(
      NEURON,
      skeleton.replace("throw new Error('TODO: step');", 'return z >= 0 ? 1 : 0;'),
    );
    expect(one).toEqual(same);
    expect(one.points).toBe(1);
    const [only, alike] = await both(NEURON, solved, 'step');
    expect(only).toEqual(alike);
    expect(only.topics[0]!.exercises).toHaveLength(1);
  });

  test.each([
    ['a syntax error', step('  return (z >= ;')],
    ['a brace too few', solved.replace('\n}\n', '\n')],
    ['a mistake that only the engine finds', step('  return /(/.test("") ? 1 : 0;')],
    ['an empty file', '// nothing\n'],
    ['no exports', 'const a = 1;\n'],
    ['await outside a function', `${solved}\nawait 1;\n`],
    ['an import from elsewhere', `import fs from 'node:fs';\n${step('  return fs ? 1 : 0;')}`],
    ['an import that is a call', step("  void import('#tensor');\n  return z >= 0 ? 1 : 0;")],
    ['an import of a computed name', step("  void import(String(z));\n  return z >= 0 ? 1 : 0;")],
    ['a list that ends too early', step('  return [1, 2;')],
    ['a file that is not there', `import { a } from './mine.ts';\n${step('  return a;')}`],
    ['an import of a later topic', `import { trainPerceptron } from './perceptron.ts';\n${step('  return trainPerceptron as never;')}`],
    ['a name that is not exported', `import { softmaxx } from '#tensor';\n${step('  return softmaxx(z);')}`],
    ['a throw while loading', `${solved}\nthrow new RangeError('too early');\n`],
    ['a throw, at its place', step("  const text: string = 'a';\n  throw new TypeError(`no ${text as string} here`);")],
    ['an error of the engine, at its place', step('  return (z as unknown as { a: { b: number } }).a.b;')],
    ['an error inside the library', `import { ones } from '#tensor';\n${step('  return ones(2, 3).matmul(ones(2, 3)).item();')}`],
    ['a thrown text', step("  throw 'up';")],
    ['NaN', step('  return NaN;')],
    ['a promise', step('  return Promise.resolve(1) as unknown as number;')],
    ['a proxy', step('  return new Proxy({}, {}) as unknown as number;')],
    ['a map, a date, a boxed number, a generator', step('  return [new Map(), new Date(0), new Number(1), (function* () {})(), /a/, new Error("e"), new Set(), (function () { return arguments; })()] as unknown as number;')],
    ['what is printed', step("  console.log('z is', z);\n  return z > 0 ? 1 : 0;")],
    ['a loop that never ends', step('  for (;;);')],
    ['an enum and a parameter property', `enum Kind { No, Yes }\nclass Box { constructor(readonly k: number) {} }\n${step('  return new Box(z >= 0 ? Kind.Yes : Kind.No).k;')}`],
    ['a function that was renamed', solved.replace('export function step(', 'export function stepp(').replaceAll('step(', 'stepp(')],
    ['CRLF and a byte-order mark', `\uFEFF${step('  throw new Error(String(z));').replaceAll('\n', '\r\n')}`],
  ])('%s', async (_, text) => {
    const [page, line] = await both(NEURON, text);
    expect(page).toEqual(line);
    expect(page.maxPoints).toBeGreaterThan(0);
  }); // prettier-ignore
});

/** Twice as long as test/chapters/misconceptions.test.ts takes: by default one of each exercise. */
const all = process.env.COMPARE_ALL !== undefined;

describe.skipIf(!chromiumPath)(all ? 'every misconception' : 'a misconception of every exercise', () => {
  let wrong: Bench;
  beforeAll(async () => {
    wrong = await bench('test/site/judge-misconceptions.ts');
  }, 120_000);
  afterAll(() => wrong?.close());

  test.each(topics.map(({ chapter, topic }) => [`${chapter.id}/${topic.name}`, chapter, topic] as const))(
    '%s',
    async (_, chapter, topic) => {
      const [page, line] = await Promise.all([
        wrong.grade({ chapter: chapter.id, topic: topic.name, text: all ? 'all' : '', skeleton: '' }),
        misconceptions(chapter, topic.name, all),
      ]);
      expect(page).toEqual(line);
      expect(line.length).toBeGreaterThan(0);
    },
    900_000,
  );
});
