import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CHAPTERS } from '../../grader/chapters.ts';
import { laterThan } from '../../grader/course/grade-run.ts';
import { bundle } from '../../grader/sandbox/bundle.ts';
import { TooMuch, buildWithin } from '../../grader/sandbox/bundler.ts';
import { call, one, open, outcomes, student, tensorPath, workshop } from './workshop.ts';

const allowed = "an exercise may import #tensor, the course's earlier topics and your own files beside it";

/** How loading this text failed. */
async function failure(text: string, more: Record<string, string> = {}, standIns: Record<string, string> = {}) {
  const sandbox = await open(workshop({ 'one/topic.ts': text, ...more }, standIns));
  return sandbox.loaded;
}

describe('a file that does not load says why and where', () => {
  test('a syntax error', async () => {
    expect(await failure('export function f() {\n  return (1 + ;\n}\n')).toEqual({
      kind: 'failed',
      why: 'syntax',
      message: 'Unexpected ";"',
      at: { file: 'one/topic.ts', line: 2, column: 15, text: '  return (1 + ;' },
    });
  });

  test('columns count characters, whatever comes before', async () => {
    const loaded = await failure("export const 梯度 = '🎉é' + ;");
    expect(loaded).toMatchObject({ why: 'syntax', at: { line: 1, column: 27 } });
  });

  test('a brace that is never closed points to the end of the file, never behind it', async () => {
    expect(await failure('export function f() {\n  return 1;\n')).toEqual({
      kind: 'failed',
      why: 'syntax',
      message: 'Unexpected end of file: is a } missing in f?',
      at: { file: 'one/topic.ts', line: 2, column: 12, text: '  return 1;' },
    });
  });

  const whole = 'export function a() {\n  return 1;\n}\n\n';
  const next = '\n/** What comes { after. */\nexport function c() {\n  return 3;\n}\n';
  test.each([
    [`${whole}export function b() {\n  if (1) {\n    return '}';\n}\n${next}`, 'Unexpected "export": is a } missing above this line, in b?', 11], // prettier-ignore
    [`${whole}function h() {\n  return 2;\n\nfunction b() {\n  return 2;\n}\n${next}`, 'Unexpected "export": is a } missing above this line, in h?', 13], // prettier-ignore
    [`${whole}export const b = () => {\n  return 2;\n${next}`, 'Unexpected "export": is a } missing above this line, in b?', 9], // prettier-ignore
    [`${whole}export class B {\n  f() {\n    return 1;\n  }\n${next}`, 'Unexpected "function": is a } missing above this line, in B?', 11], // prettier-ignore
    [`export interface A {\n  a: number;\n\nexport interface B {\n  b: number;\n}\n`, 'Expected ";" but found "interface": is a } missing above this line, in A?', 4], // prettier-ignore
    [`export interface A {\n  a: number;\n${next}`, 'Expected ";" but found "function": is a } missing above this line, in A?', 5], // prettier-ignore
    [`${whole}export function b(x {\n  return 1;\n}\n`, 'Expected ")" but found "{"', 5],
    [`${whole}export function b() {\n  return { n: 1;\n}\n`, 'Expected "}" but found ";"', 6],
    [`${whole}export function b() {\n  return [1, 2`, 'Expected "]" but found end of file: is a ] missing in b?', 6],
    [`${whole}export function b( {`, 'Unexpected end of file: is a } missing in b?', 5],
  ])('%j: the function with a brace too few', async (text, message, line) => {
    expect(await failure(text)).toMatchObject({ message, at: { line } });
  });

  test('a mistake that only the engine finds', async () => {
    const loaded = await failure('export const a = 1;\nexport const r = /(/;\n');
    expect(loaded).toMatchObject({
      why: 'syntax',
      at: { file: 'one/topic.ts', line: 2, text: 'export const r = /(/;' },
    });
    expect(loaded).toMatchObject({ message: expect.stringContaining('regular expression') });
  });

  test('no file', async () => {
    const sandbox = await open(workshop({ 'one/other.ts': 'export const f = 1' }));
    expect(sandbox.loaded).toEqual({ kind: 'failed', why: 'missing-file', message: 'there is no file one/topic.ts' });
    expect(await one(sandbox, 'f')).toMatchObject({ kind: 'crash', detail: expect.stringContaining('did not load') });
  });

  test.each([
    ['nothing at all', ''],
    ['blanks', ' \r\n\t\n'],
    ['only comments', '\uFEFF// export function f() {}\n/* later */\n'],
  ])('%s', async (_, text) => {
    expect(await failure(text)).toEqual({
      kind: 'failed',
      why: 'empty',
      message: 'one/topic.ts is empty: is it saved?',
    });
  });

  test('no exports', async () => {
    expect(await failure('function f() { return 1 }')).toMatchObject({
      why: 'empty',
      message: expect.stringContaining('exports nothing'),
    });
  });

  test.each([
    ["import x from 'fs';", 'fs', 15],
    ["import * as x from 'node:fs';", 'node:fs', 20],
    ["import x from '../../../../etc/passwd';", '../../../../etc/passwd', 15],
    ["import x from '/etc/passwd';", '/etc/passwd', 15],
    ["import x from 'lodash';", 'lodash', 15],
    ["import x from '#realm';", '#realm', 15],
    ["import x from 'realm';", 'realm', 15],
    ["import x from 'stand-in:one/topic.ts';", 'stand-in:one/topic.ts', 15],
    ["import x from 'data:text/javascript,1';", 'data:text/javascript,1', 15],
    ["import x from 'https://example.com/x.js';", 'https://example.com/x.js', 15],
    ["import x from 'C:/Windows/win.ini';", 'C:/Windows/win.ini', 15],
    ["export * from 'child_process';", 'child_process', 15],
    ["const x = require('fs');", 'fs', 19],
    ["const x = import('node:fs');", 'node:fs', 18],
  ])('%s', async (line, name, column) => {
    expect(await failure(`// first\n${line}\nexport const f = () => x;`)).toEqual({
      kind: 'failed',
      why: 'import',
      message: `\`${name}\` cannot be imported: ${allowed}`,
      at: { file: 'one/topic.ts', line: 2, column, text: line },
    });
  });

  test('a file that is not there', async () => {
    const loaded = await failure("import { g } from './helper';\nexport const f = g;");
    expect(loaded).toMatchObject({
      why: 'import',
      message: expect.stringContaining('there is no file `./helper`'),
      at: { line: 1 },
    });
  });

  test('a name that another topic does not export', async () => {
    const loaded = await failure(
      "import { g } from './other.ts';\nexport const f = () => g();",
      {},
      { 'one/other.ts': 'export const h = 1;' },
    );
    expect(loaded).toMatchObject({
      why: 'import',
      message: 'one/other.ts does not export `g`',
      at: { line: 1, column: 10 },
    });
  });

  test('a symlink out of the folder', async () => {
    const shop = workshop({ 'one/topic.ts': "import { secret } from './link.ts';\nexport const f = () => secret;" });
    writeFileSync(path.join(shop.root, 'secret.ts'), "export const secret = 'hidden';");
    symlinkSync(path.join(shop.root, 'secret.ts'), path.join(shop.chapters, 'one/link.ts'));
    const sandbox = await open(shop);
    expect(sandbox.loaded).toMatchObject({ why: 'import', message: 'one/link.ts lies outside the folder of chapters' });
  });

  test('a topic that is itself a symlink', async () => {
    const shop = workshop({}, { 'one/topic.ts': 'export const f = () => 1;' });
    mkdirSync(path.join(shop.chapters, 'one'));
    symlinkSync(path.join(shop.standIns, 'one/topic.ts'), path.join(shop.chapters, 'one/topic.ts'));
    expect((await open(shop)).loaded).toMatchObject({ kind: 'failed', why: 'import' });
  });

  test('a file that is far too large', async () => {
    expect(await failure(`export const f = '${'x'.repeat(300_000)}';`)).toMatchObject({
      why: 'import',
      message: expect.stringContaining('larger than'),
    });
  });

  test('a file nested beyond reason, and the next file still loads', async () => {
    const loaded = await failure(`export const f = ${'['.repeat(120_000)}`);
    expect(loaded).toMatchObject({ kind: 'failed', why: 'syntax' });
    expect((await student('export const f = 1')).loaded).toMatchObject({ kind: 'loaded' });
  });

  const doubled = (n: number) =>
    `enum E { a0 = 'xxxxxxxxxxxxxxxx', ${Array.from({ length: n }, (_, i) => `a${i + 1} = a${i} + a${i}`).join(', ')} }\nexport const f = E.a${n};`;
  test.each([
    ['grammar that is tried both ways', `export const f = ${'<T>(a = '.repeat(2_000)}1${') => 1'.repeat(2_000)};`, 'syntax'],
    ['what only looks like comments, before a mistake', `export const f = g(${'`/*`, '.repeat(40_000)}1 2);`, 'syntax'],
    ['an enum whose strings double', doubled(30), 'oom'],
  ])('%s is too much; what is bundled beside it and after it is not', async (_, text, why) => {
    const [bomb, beside] = await Promise.all([student(text), student('export const f = 1;')]);
    // A fast machine comes to the end of the first, and to its mistake, within the limit.
    expect(bomb.loaded).toMatchObject({ why, message: expect.stringMatching(/too much for the bundler|more than .* MB|Expected "\)"/) });
    expect(beside.loaded).toMatchObject({ kind: 'loaded' });
    expect((await student('export const f = 1;')).loaded).toMatchObject({ kind: 'loaded' });
  }); // prettier-ignore

  test('the bundler, which reads what is stripped, has limits of its own', async () => {
    const options = (contents: string) =>
      ({ stdin: { contents, loader: 'ts' }, write: false, bundle: true, logLevel: 'silent' }) as const;
    const [bomb, beside] = await Promise.allSettled([
      buildWithin(options(doubled(20))),
      buildWithin(options('export const f = 1;')),
    ]);
    expect(bomb).toMatchObject({ status: 'rejected', reason: expect.any(TooMuch) });
    expect(beside).toMatchObject({ status: 'fulfilled' });
  });

  test('comments that never close are looked through once', async () => {
    expect(await failure('/*'.repeat(120_000))).toMatchObject({ why: 'syntax' });
    expect(await failure(`${'/**/'.repeat(50_000)}//`)).toMatchObject({ why: 'empty' });
  });

  test('top-level await', async () => {
    const loaded = await failure('export const f = 1;\nawait new Promise(() => {});');
    expect(loaded).toMatchObject({
      why: 'syntax',
      message: expect.stringContaining('top-level await'),
      at: { line: 2 },
    });
  });

  test('top-level await in a file it imports', async () => {
    const loaded = await failure("import './helper.ts';\nexport const f = 1;", {
      'one/helper.ts': 'await 1;\nexport const g = 1;',
    });
    expect(loaded).toMatchObject({ why: 'syntax', message: expect.stringContaining('top-level await') });
  });

  test('an error while loading', async () => {
    const loaded = await failure("console.log('before');\nexport const f = 1;\nthrow new RangeError('too early');");
    expect(loaded).toEqual({
      kind: 'failed',
      why: 'throws',
      message: 'RangeError: too early',
      at: { file: 'one/topic.ts', line: 3, column: 7, text: "throw new RangeError('too early');" },
      console: 'before',
    });
  });
});

describe('what a file may import', () => {
  test("the library, another topic's stand-in, and a file of one's own", async () => {
    const shop = workshop(
      {
        'one/topic.ts': `import { Tensor } from '#tensor';
          import { g } from './other.ts';
          import { h } from '../two/deep.ts';
          import { mine } from './mine';
          export const f = () => [g(), h(), mine(), new Tensor([1], [1])];`,
        'one/other.ts': "export const g = () => 'broken';",
        'one/mine.ts': "import { g } from './other'; export const mine = () => 'mine ' + g();",
        'two/deep.ts': 'this is not even TypeScript',
      },
      {
        'one/other.ts': "export const g = () => 'stand-in';",
        'two/deep.ts':
          "import { g } from '../one/other.ts'; import { ones } from '#tensor'; export const h = () => g() + ones(1).data[0];",
      },
    );
    const outcome = await one(await open(shop), 'f');
    expect((outcome as { value: unknown[] }).value.slice(0, 3)).toEqual(['stand-in', 'stand-in1', 'mine stand-in']);
  });

  test('never the stand-in of what is graded, by whatever way', async () => {
    const standIns = {
      'one/topic.ts': 'export const f = () => "right"; export const g = f;',
      'one/later.ts': "import { f } from './topic.ts'; export const h = f;",
      'one/earlier.ts': 'export const e = () => 1;',
      'two/last.ts': 'export const l = () => 1;',
    };
    const later = (name: string) => name === 'two/last';
    const shop = (text: string, more: Record<string, string> = {}) =>
      open(workshop({ 'one/topic.ts': text, ...more }, standIns), { later });

    expect((await shop("export * from './topic.ts';")).loaded).toMatchObject({ kind: 'failed', why: 'empty' });
    expect((await shop("export * from './Topic';")).loaded).toMatchObject({ kind: 'failed' });
    const through = await shop("import { g } from './mine.ts'; export const f = () => g;", {
      'one/mine.ts': "import * as t from './topic.ts'; export const g = Object.keys(t).join();",
    });
    expect(await one(through, 'f')).toEqual({ kind: 'value', value: 'f' });
    expect((await shop("export { h as f } from './later.ts';")).loaded).toMatchObject({
      why: 'import',
      message: expect.stringContaining('is built on this topic'),
    });
    expect((await shop("export { l as f } from '../two/last.ts';")).loaded).toMatchObject({
      why: 'import',
      message: expect.stringContaining('`../two/last.ts` comes later in the course'),
      at: { line: 1 },
    });
    expect(await one(await shop("export { e as f } from './earlier.ts';"), 'f')).toEqual({ kind: 'value', value: 1 });
  });

  test.each(["import('./mine.ts')", "require('./mine')", "import('#tensor')"])(
    '%s is written as a statement',
    async (text) => {
      const shop = { 'one/mine.ts': 'export const g = 1;' };
      expect(await failure(`export const f = () => ${text};`, shop)).toMatchObject({
        why: 'import',
        message: expect.stringMatching(/^write `import … from '.*'` at the beginning of the file$/),
        at: { line: 1 },
      });
    },
  );

  test('no topic of the course needs a later one', async () => {
    const solutions = fileURLToPath(new URL('../../solutions/', import.meta.url));
    const importsOf = (file: string): string[] =>
      [...readFileSync(path.join(solutions, `${file}.ts`), 'utf8').matchAll(/from '(\.[^']*)\.ts'/g)].map(([, name]) =>
        path.posix.join(path.posix.dirname(file), name),
      );
    let seen = 0;
    for (const entry of CHAPTERS) {
      const chapter = await entry.load();
      for (const topic of chapter.topics) {
        const later = laterThan(chapter, topic);
        const waiting = importsOf(`${chapter.folder}/${topic.name}`);
        const known = new Set<string>();
        for (let file = waiting.pop(); file; file = waiting.pop()) {
          if (known.has(file)) continue;
          known.add(file);
          seen++;
          expect(later(file), `${chapter.folder}/${topic.name} imports ${file}`).toBe(false);
          waiting.push(...importsOf(file));
        }
      }
    }
    expect(seen).toBeGreaterThan(50);
  });

  test('in a lab, everything is the student’s own', async () => {
    const shop = workshop(
      {
        'one/lab.ts':
          "import { g } from './other.ts'; import { Tensor } from '#tensor'; export const lab = () => g() + Tensor.x;",
        'one/other.ts': 'export const g = () => 1;',
        'tensor/index.ts': 'export class Tensor { static x = 2 }',
      },
      { 'one/other.ts': 'export const g = () => 100;' },
    );
    const bundled = await bundle({ ...shop, tensor: tensorPath, topic: 'one/lab', mode: 'lab' });
    expect(bundled.kind === 'bundle' && [...bundled.sources.keys()].sort()).toEqual([
      'one/lab.ts',
      'one/other.ts',
      'tensor/index.ts',
    ]);
  });

  test('types, enums and other TypeScript', async () => {
    const sandbox = await student(`import type { Tensor } from '#tensor';
      import { Shape } from '#tensor';
      export type Cache = { x: Tensor; s: Shape };
      enum Kind { A = 3 }
      abstract class Base { constructor(protected readonly k: number) {} }
      class Derived extends Base { get value() { return this.k satisfies number } }
      export function f<T extends number>(this: void, x: T): number { return (x as number) + Kind.A + new Derived(1).value; }`);
    expect(await one(sandbox, 'f', 1)).toEqual({ kind: 'value', value: 5 });
  });

  test('CRLF, a byte order mark and a path that is not ASCII', async () => {
    const text =
      "\uFEFFimport { Tensor } from '#tensor';\r\n\r\nexport function f() {\r\n  throw new Error('梯度');\r\n}\r\n";
    const shop = workshop({ '第一章 é/神经元.ts': text }, {}, '手搓 深度学习');
    const sandbox = await open(shop, { topic: '第一章 é/神经元' });
    expect(await one(sandbox, 'f')).toMatchObject({
      message: '梯度',
      at: { file: '第一章 é/神经元.ts', line: 4, column: 9, text: "  throw new Error('梯度');" },
    });
  });
});

describe('exports', () => {
  test('are listed with their kind', async () => {
    const { loaded } = await student(
      'export const f = () => 1; export class C {}; export const n = 1; export default 2;',
    );
    expect(loaded).toEqual({ kind: 'loaded', exports: { f: 'function', C: 'function', n: 'other', default: 'other' } });
  });

  test('one that is missing costs only itself', async () => {
    const sandbox = await student('export const f = () => 1; export const n = 1;');
    expect(await outcomes(sandbox, [[call('g')], [call('n')], [call('toString')], [call('f')]])).toMatchObject([
      { kind: 'error', fn: 'g', name: '', message: '`g` is not exported' },
      { kind: 'error', fn: 'n', message: '`n` is exported, but it is not a function' },
      { kind: 'error', fn: 'toString', message: '`toString` is not exported' },
      { kind: 'value', value: 1 },
    ]);
  });

  test('an export named then is an export like any other', async () => {
    const sandbox = await student(
      'export function then(done: (x: number) => void) { done(1); return 5 }\nexport const f = () => 1;',
    );
    expect(sandbox.loaded).toMatchObject({ exports: { then: 'function', f: 'function' } });
    expect(await one(sandbox, 'f')).toEqual({ kind: 'value', value: 1 });
  });
});

describe('errors', () => {
  test('point to the innermost line of the student, past the library', async () => {
    const sandbox = await student(`import { ones } from '#tensor';
function inner() {
  return ones(2, 3).matmul(ones(2, 3));
}
export function f() {
  return inner();
}`);
    expect(await one(sandbox, 'f')).toMatchObject({
      kind: 'error',
      name: 'ShapeError',
      at: { file: 'one/topic.ts', line: 3 },
    });
  });

  test('in a file of one’s own point there', async () => {
    const shop = workshop({
      'one/topic.ts': "import { g } from './mine.ts';\nexport const f = () => g();",
      'one/mine.ts': '\n\nexport const g = () => null!.x;',
    });
    expect(await one(await open(shop), 'f')).toMatchObject({ name: 'TypeError', at: { file: 'one/mine.ts', line: 3 } });
  });

  test('of a stub are told apart', async () => {
    const sandbox = await student(
      "export const f = () => { throw new Error('TODO: write the forward pass') }; export const g = () => { throw new Error('not TODO') }",
    );
    expect(await one(sandbox, 'f')).toMatchObject({ todo: true, name: 'Error' });
    expect(await one(sandbox, 'g')).toMatchObject({ todo: false });
  });

  test('have the name of their class', async () => {
    const sandbox = await student('class MyError extends Error {} export const f = () => { throw new MyError("x") }');
    expect(await one(sandbox, 'f')).toMatchObject({ name: 'MyError', message: 'x' });
  });
});
