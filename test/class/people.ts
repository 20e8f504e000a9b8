/** Classes to grade: folders of submissions that do all kinds of things, in a temporary place. */
import {
  cpSync,
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
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { onTestFinished } from 'vitest';
import { gradeClass, type ClassOptions, type ClassRun } from '../../grader/class/batch.ts';
import type { Result } from '../../grader/class/result.ts';
import { findSubmissions } from '../../grader/class/submissions.ts';
import { goalFor, openSetting } from '../../grader/cli/setting.ts';

export const repository = fileURLToPath(new URL('../../', import.meta.url));
export const SECRET = 'a secret of the tests, long enough';

const json = (path: string) => JSON.parse(readFileSync(join(repository, path), 'utf8')) as object;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
ajv.addSchema(json('grader/engine/report.schema.json'));
export const validResult = ajv.compile(json('grader/class/result.schema.json'));

export function temporary(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'class-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

export function write(folder: string, files: Record<string, string | Buffer>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** One of chapter 1's files, solved. */
export const solved = (topic: string): string =>
  readFileSync(join(repository, 'solutions', 'chapter-1-mp', `${topic}.ts`), 'utf8');

/** The same, as a student gets it. */
export const stub = (topic: string): string =>
  readFileSync(join(repository, 'chapters', 'chapter-1-mp', `${topic}.ts`), 'utf8');

/** A stub with one body written. */
export const withBody = (topic: string, name: string, body: string): string => {
  const todo = `throw new Error('TODO: ${name}');`;
  if (!stub(topic).includes(todo)) throw new Error(`no stub of ${name}`);
  return stub(topic).replace(todo, () => body);
};

/** Grades the folder of submissions as the command does. */
export async function grade(
  source: string,
  out: string,
  more: Partial<Omit<ClassOptions, 'found' | 'out'>> & { chapter?: string; roster?: string } = {},
): Promise<ClassRun & { results: Map<string, Result> }> {
  const { chapter = 'chapter-1/neuron', roster, ...options } = more;
  const setting = openSetting();
  const run = await gradeClass({
    setting,
    goal: await goalFor(setting, chapter),
    found: findSubmissions(source, roster),
    out,
    secret: SECRET,
    jobs: 2,
    ...options,
  });
  return { ...run, results: resultsIn(out) };
}

export function resultsIn(out: string): Map<string, Result> {
  const folder = join(out, 'results');
  return new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result)
      .map((result) => [result.submission.id, result]),
  );
}

export const copy = (from: string, to: string): void => cpSync(from, to, { recursive: true });
