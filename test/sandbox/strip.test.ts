/** The stripper: what is left means what esbuild makes of the same file, and stands where it stood. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { transformSync } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { openCourse } from '../../grader/course/layout.ts';
import { asFunction, link, type Catalogue } from '../../grader/sandbox/page/link.ts';
import { strip } from '../../grader/sandbox/strip.ts';

const course = openCourse(import.meta.dirname);
const same = { minifySyntax: true, minifyWhitespace: true, target: 'es2022', format: 'esm', legalComments: 'none', tsconfigRaw: { compilerOptions: { target: 'es2022' } } } as const; // prettier-ignore

function stripped(source: string) {
  const result = strip(source, 'one/topic.ts');
  if (result.kind === 'failed') throw new Error(result.message);
  return result;
}

/** Compares with esbuild; the lines are the same lines. */
function check(source: string): void {
  const { code } = stripped(source);
  expect(transformSync(code, { ...same, loader: 'js' }).code).toBe(
    transformSync(source, { ...same, loader: 'ts' }).code,
  );
  expect(code.split('\n').length).toBe(source.split('\n').length);
}

describe('types go, the rest stays', () => {
  test('of every file of the course', () => {
    for (const file of course.source.files()) {
      check(course.source.skeleton(file));
      check(readFileSync(path.join(course.standIns, file), 'utf8'));
    }
    expect(course.source.files().length).toBeGreaterThan(30);
  });

  test.each([
    'export const f = (x: number): {\n  a: number;\n} => ({ a: x });',
    'const a = <T,>(x: T): x is T & {} => true;\nexport { a };',
    'let a = 1 as unknown as number\n;[a] = [2]\nexport { a }',
    'export const a = { b: 1 } as const satisfies Record<string, number>;',
    'class A<T> extends Array<T> implements Iterable<T>, ArrayLike<T> { private readonly x!: number; declare y: string; static #z?: T; abstract?: 1; get [Symbol.species](): unknown { return 1 } }\nexport { A }',
    'abstract class A extends Object { abstract f(): void; protected abstract g: number; override h(this: A, a?: number, ...b: string[]): void {} }\nexport { A }',
    'export function f(a: string): string;\nexport function f(a: number): number;\nexport function f(a: unknown): unknown { return a!; }',
    'import { type A, B, C } from "#tensor";\nimport type { D } from "./d.ts";\nimport * as E from "#tensor";\nexport const f = (b: A & D): C => new B(b) as E.F;',
    'export type { A } from "./a.ts";\nexport interface B { a: number }\nexport default interface C {}\ndeclare const d: number;\nexport const e = d;',
    'export default function <T>(x: T) { return x; }',
    'const f = async <T>(x: T) => { for await (const y of [x]) console.log(y); };\nexport { f as g };',
    'const x = a < (b as number) || c! > d;\nexport { x };\nvar a: any, b: any, c: any, d: any;',
    'try { f<number>(1) } catch (e: unknown) { throw e as Error }\nfunction f<T>(x: T) { return new Map<string, T>() }\nexport { f };',
    'export let { a, b: [c = 1] }: { a: number; b: number[] } = { a: 1, b: [] };',
  ])('%s', (source) => check(source)); // prettier-ignore

  test('columns stay where they were', () => {
    const source = 'export function f(x: number, y?: Map<string, number>): number { return (x as number) + y!.size; }';
    const { code } = stripped(source);
    expect(code.indexOf('return')).toBe(source.indexOf('return'));
    expect(code.indexOf('size')).toBe(source.indexOf('size'));
  });

  test('an enum counts on, knows its members and its names', () => {
    const { code } = stripped('enum A { X = 1 << 2, Y, Z = X | Y, T = "t" }\nexport const a = A;');
    const all = new Function(code.replace('export const a = A', 'return A'))() as Record<string, unknown>;
    expect(all).toEqual({ X: 4, Y: 5, Z: 5, T: 't', 4: 'X', 5: 'Z' });
  });

  test('parameter properties are written out, behind super', () => {
    const source = 'class A {}\nclass B extends A { constructor(public a = 1, private readonly b?: string) { super(); a = 2; } }\nexport const made = new B();'; // prettier-ignore
    const { made } = new Function(`return ${asFunction(stripped(source))}`)()([]) as { made: unknown };
    expect({ ...(made as object) }).toEqual({ a: 1, b: undefined });
  });

  test.each([
    ['namespace A { export const x = 1 }', 'the course’s TypeScript has no namespaces: write the functions into the file itself'],
    ['@f class A {}', 'This experimental syntax requires enabling one of the following parser plugin(s): "decorators", "decorators-legacy"'],
    ['let a = 1; let a = 2;', "Identifier 'a' has already been declared"],
    ['return 1;', "'return' outside of function"],
    ['a <!--b', 'Unexpected "<!--": put blanks around the <'],
    ['const s = "abc', 'Unterminated string constant'],
    ['await 1;', 'an exercise cannot wait: `await` outside an async function (top-level await) is not allowed'],
  ])('%s is refused', (source, message) => {
    expect(strip(`var b = 1;\n${source}`, 'one/topic.ts')).toMatchObject({ kind: 'failed', why: 'syntax', message, at: { line: 2 } });
  }); // prettier-ignore
});

describe('a file as a function of its imports', () => {
  type Run = (imports: unknown[]) => Record<string, unknown>;
  const run = (source: string) => new Function(`return ${asFunction(stripped(source))}`)() as Run;

  test('exports under their names, and as they are now', () => {
    const all = run(
      'import d, { a as b, c } from "#tensor";\nexport let n = 0;\nexport const add = () => (n += b + c + d);\nconst x = 1, y = 2;\nexport { x, y as "a name" };\nexport default x + y;\nexport * from "./more.ts";',
    )([{ more: 4 }, { a: 1, c: 2, default: 3 }]);
    (all.add as () => void)();
    expect(all).toMatchObject({ n: 6, x: 1, 'a name': 2, default: 3, more: 4 });
  });

  test('its code begins in the second line', () => {
    const text = asFunction(stripped('export const a = 1;\nexport const b = 2;'));
    expect(text.split('\n')[1]!.trim()).toBe('const a = 1;');
  });

  const catalogue: Catalogue = {
    'one/topic.ts': { code: 'function(){}', imports: [], exports: [] },
    'one/other.ts': { code: 'function(i){ return { g: 1 } }', imports: ['#tensor', 'two/deep.ts'], exports: ['g'] },
    'two/deep.ts': { code: 'function(){ return {} }', imports: [], exports: [] },
  };
  test('takes along what it needs, and nothing else', () => {
    const linked = link("import { g } from './other';\nexport const f = g;", 'one/topic.ts', catalogue, []);
    expect(linked.kind).toBe('linked');
    const script = (linked as { script: string }).script;
    expect(script.indexOf('"two/deep.ts"')).toBeGreaterThan(0);
    expect(script.lastIndexOf('["two/deep.ts"')).toBeLessThan(script.lastIndexOf('["one/other.ts"'));
    expect((linked as { before: number }).before).toBe(
      script.slice(0, script.indexOf('const f')).split('\n').length - 2,
    );
  });
});
