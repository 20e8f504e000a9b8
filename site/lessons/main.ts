/**
 * `npm run lessons`: fills the generated passages of the lessons, `chapters/<chapter>/*.md`, with what the code of
 * `site/lessons/<chapter>/<lesson>.ts` returns, or, for lessons without a module of their own, `site/lessons/<chapter>.ts`.
 * A tool for authors; `fill.ts` says what the passages look like.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { runCommand, type Command } from '../../grader/cli/words.ts';
import { openCourse } from '../../grader/course/layout.ts';
import { FOLDER } from '../../grader/course/pristine.ts';
import { Refusal } from '../../grader/course/refusal.ts';
import { excerpt, pieceOf } from './excerpt.ts';
import { fill, produce, type Kind, type LessonCode, type Mistake } from './fill.ts';

const command = {
  name: 'lessons',
  about: 'Fills the numbers, printed blocks, code and figures of the lessons by running code. For authors.',
  usage: ['', 'chapter-1', '-- --check'],
  flags: { check: { type: 'boolean', help: 'only compare; exit code 1 when a lesson or figure is stale' } },
} satisfies Command;

const KINDS: Kind[] = ['values', 'prints', 'figures'];

/** A module of values, prints and figures, and what the lessons have asked of it. */
class LessonModule {
  readonly file: string;
  readonly #code: LessonCode;
  readonly #made = new Map<string, string>();

  constructor(file: string, code: LessonCode) {
    this.file = file;
    this.#code = code;
  }

  /** One call per name: the same number is the same number wherever it stands. */
  make(kind: Kind, name: string): string {
    const key = `${kind}.${name}`;
    const text = this.#made.get(key) ?? produce(this.#code, kind, name, this.file);
    this.#made.set(key, text);
    return text;
  }

  /** Names that are there twice, empty, or used by no lesson. */
  mistakes(names: readonly Declared[]): Mistake[] {
    const found: Mistake[] = [];
    for (const { kind, name, line, twin } of names) {
      if (twin === undefined) continue;
      found.push({ file: this.file, line, what: `${kind}.${name} is there already, in line ${twin}.` });
    }
    for (const kind of KINDS) {
      for (const name of Object.keys(this.#code[kind] ?? {})) {
        if (this.#made.has(`${kind}.${name}`)) continue;
        const line = names.find((each) => each.kind === kind && each.name === name)?.line ?? 1;
        const what = name.trim() === '' ? `a name in ${kind} is empty.` : `no lesson uses ${kind}.${name}.`;
        found.push({ file: this.file, line, what });
      }
    }
    return found;
  }
}

interface Declared {
  kind: Kind;
  name: string;
  line: number;
  twin?: number;
}

/** A module, or nothing when there is none. */
async function load(path: string, name: string): Promise<LessonCode> {
  if (!existsSync(path)) return {};
  try {
    return (await import(pathToFileURL(path).href)) as LessonCode;
  } catch (error) {
    throw new Refusal(
      `${name} could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
      'Mend it, then run "npm run lessons" again.',
    );
  }
}

/** The names that a module's records declare, with their lines; `twin` is the line that had the name before. */
function declared(path: string): Declared[] {
  if (!existsSync(path)) return [];
  const tree = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
  const found: Declared[] = [];
  const lineOf = (node: ts.Node) => tree.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) {
      const kind = KINDS.find((each) => each === (node.name as ts.Identifier).text);
      let value = node.initializer;
      while (value && (ts.isSatisfiesExpression(value) || ts.isAsExpression(value))) value = value.expression;
      if (kind && value && ts.isObjectLiteralExpression(value)) {
        for (const property of value.properties) {
          const key = property.name;
          if (!key || !(ts.isIdentifier(key) || ts.isStringLiteral(key))) continue;
          const twin = found.find((each) => each.kind === kind && each.name === key.text)?.line;
          found.push({ kind, name: key.text, line: lineOf(property), ...(twin === undefined ? {} : { twin }) });
        }
      }
    }
  };
  for (const statement of tree.statements) {
    if (ts.isVariableStatement(statement)) statement.declarationList.declarations.forEach(visit);
  }
  return found;
}

await runCommand(command, async ({ words, flags }) => {
  const course = openCourse();
  const { root } = course;
  const wanted = words.map((word) => course.resolve(word).chapter.name);
  const chapters = join(root, 'chapters');
  const folders = existsSync(chapters)
    ? readdirSync(chapters, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && FOLDER.test(entry.name))
        .map((entry) => entry.name)
        .filter((name) => wanted.length === 0 || wanted.includes(name))
        .sort()
    : [];

  const mistakes: Mistake[] = [];
  const results = new Map<string, string>();
  const orphans: string[] = [];
  let lessons = 0;
  for (const chapter of folders) {
    const folder = join(chapters, chapter);
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.md'))
      .sort();
    const modules = new Map<string, LessonModule>();
    const moduleFor = async (lesson: string) => {
      const own = `site/lessons/${chapter}/${lesson.replace(/\.md$/, '')}.ts`;
      const file = existsSync(join(root, own)) ? own : `site/lessons/${chapter}.ts`;
      const known = modules.get(file) ?? new LessonModule(file, await load(join(root, file), file));
      modules.set(file, known);
      return known;
    };
    const shown = new Map<string, string>();
    for (const name of files) {
      const file = `chapters/${chapter}/${name}`;
      lessons++;
      const code = await moduleFor(name);
      const filled = fill(readFileSync(join(root, file), 'utf8'), file, {
        value: (value) => code.make('values', value),
        print: (print) => code.make('prints', print),
        figure: (figure) => {
          const before = shown.get(figure);
          if (before !== undefined && before !== file)
            throw new Error(`the figure "${figure}" stands in ${before} already.`);
          shown.set(figure, file);
          results.set(`chapters/${chapter}/figures/${figure}.svg`, `${code.make('figures', figure)}\n`);
        },
        code: (reference) => codeOf(reference),
      });
      mistakes.push(...filled.mistakes);
      results.set(file, filled.text);
    }
    for (const found of modules.values()) mistakes.push(...found.mistakes(declared(join(root, found.file))));
    const prose = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
    const figures = join(folder, 'figures');
    if (existsSync(figures)) {
      for (const name of readdirSync(figures)) {
        if (
          name.endsWith('.svg') &&
          !prose.includes(`figures/${name}`) &&
          !results.has(`chapters/${chapter}/figures/${name}`)
        )
          orphans.push(`chapters/${chapter}/figures/${name}`);
      }
    }
  }

  function codeOf(reference: string): { text: string; language: string } {
    const [path = '', fragment = '', ...more] = reference.split('#');
    const piece = more.length === 0 ? pieceOf(fragment) : undefined;
    if (!piece)
      throw new Error(`"${reference}" names no code: write file#step, file#step:signature or file#function:step.`);
    const clean = normalize(path).replaceAll('\\', '/');
    if (clean.startsWith('..') || clean.startsWith('/') || clean !== path)
      throw new Error(`"${path}" is not a path from the root of the course.`);
    // A student's copy may be half solved; the prose shows the stub as everybody first gets it.
    const pristine = /^chapters\/(.*)$/.exec(path)?.[1];
    let text: string;
    if (pristine !== undefined && course.source.files().includes(pristine)) text = course.source.skeleton(pristine);
    else if (existsSync(join(root, path))) text = readFileSync(join(root, path), 'utf8');
    else throw new Error(`there is no file ${path}.`);
    try {
      return { text: excerpt(text, path, piece), language: extname(path).slice(1) || 'text' };
    } catch (error) {
      throw error instanceof Refusal ? new Error(`${error.message} ${error.next}`, { cause: error }) : error;
    }
  }

  if (mistakes.length > 0) {
    throw new Refusal(
      mistakes.map(({ file, line, what }) => `${file}:${line}: ${what}`).join('\n'),
      `${mistakes.length === 1 ? 'One mistake' : `${mistakes.length} mistakes`}; nothing was written. Mend ${mistakes.length === 1 ? 'it' : 'them'}, then run "npm run lessons" again.`,
    );
  }
  const stale = [...results].filter(
    ([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text,
  );
  for (const path of orphans) console.log(`unused   ${path}: no lesson shows it`);
  if (flags.check) {
    for (const [path] of stale) console.log(`stale    ${path}`);
    if (stale.length + orphans.length === 0) {
      console.log(`${lessons === 1 ? 'The lesson says' : `All ${lessons} lessons say`} what the code yields.`);
      return 0;
    }
    console.log('\n"npm run lessons" writes what is stale; delete what is unused yourself.');
    return 1;
  }
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(`wrote    ${path}`);
  }
  if (stale.length === 0)
    console.log(`${lessons === 1 ? 'The lesson was' : `All ${lessons} lessons were`} up to date.`);
  return 0;
});
