/**
 * One script out of the realm's code, the course's library, the stand-in and the student's file.
 *
 * Every file goes through the rules below: a student's file may import `#tensor`, the course's earlier topics and files
 * of its own beside it, and nothing else. Paths inside the bundle are relative and have forward slashes on every
 * system: "student:chapter-1-mp/neuron.ts".
 */
import { realpathSync, statSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ImportKind, type Message, type Plugin, build } from 'esbuild';
import type { Loaded, Place } from '../engine/sandbox.ts';
import { memoryApart } from './apart.ts';
import { TooMuch, buildWithin } from './bundler.ts';
import { firstLook, largestFile, tooLarge, tooMuch } from './first-look.ts';
import { isOwnLibrary, kept } from './kept.ts';
import { freshName } from './kept-bundle.ts';
import { bundleName, place, studentPrefix } from './stack.ts';
import { stripWithin } from './stripper.ts';

export interface BundleOptions {
  /** Folder with the student's files. */
  chapters: string;
  /** Folder with the same files, solved: other topics are taken from here. */
  standIns: string;
  /** Path of the pristine library's index.ts. */
  tensor: string;
  /** Path of the file under `chapters`, without ".ts": "chapter-1-mp/neuron". */
  topic: string;
  /** `lab`: everything, the library too, is the student's own. */
  mode: 'grade' | 'lab';
  /** Whether a topic comes after this one: its stand-in would do this topic's work, and cannot be imported. */
  later?: (topic: string) => boolean;
}

export interface Bundle {
  kind: 'bundle';
  code: string;
  /** The source map, as JSON text. */
  map: string;
  /** The one name of it that the student's code could see: not to be guessed. */
  name: string;
  /** Text of the student's files by their path under `chapters`. */
  sources: Map<string, string>;
}

type Failed = Extract<Loaded, { kind: 'failed' }>;

const realm = fileURLToPath(new URL('./realm/realm.ts', import.meta.url));

const common = {
  bundle: true,
  write: false,
  platform: 'neutral',
  target: 'es2022',
  charset: 'utf8',
  logLevel: 'silent',
  legalComments: 'none',
  tsconfigRaw: { compilerOptions: { target: 'es2022', alwaysStrict: true } },
} as const;

/** A file that runs when it is asked for, and then hands over its exports, the missing ones not among them. */
const loader = (module: string) =>
  `import { realmReceive } from 'realm'; import * as all from ${JSON.stringify(module)}; realmReceive(all);`;

/** Bundles one topic. A mistake of the student's comes back as `failed`; one of the course's own is thrown. */
export async function bundle(options: BundleOptions): Promise<Bundle | Failed> {
  const { chapters, topic } = options;
  const file = `${topic}.ts`;
  let text: string;
  try {
    text = readFileSync(path.join(chapters, file), 'utf8');
  } catch {
    return { kind: 'failed', why: 'missing-file', message: `there is no file ${file}` };
  }
  const problem = firstLook(text, file);
  if (problem) return problem;

  const result = freshName();
  const sources = new Map<string, string>();
  const ownLibrary = options.mode === 'lab' && isFile(path.join(chapters, 'tensor', 'index.ts'));
  const library = ownLibrary ? undefined : await prelude(options.tensor);
  try {
    const { outputFiles } = await buildWithin({
      stdin: { contents: entry(options), loader: 'ts', sourcefile: 'entry', resolveDir: path.dirname(realm) },
      ...common,
      mainFields: ['module', 'main'],
      format: 'iife',
      globalName: result,
      // With `import(…)` compiled away, no expression of the student's can reach the host's loader.
      supported: { 'dynamic-import': false },
      sourcemap: 'external',
      sourcesContent: false,
      outfile: path.join(chapters, bundleName),
      absWorkingDir: chapters,
      banner: { js: '(function () { "use strict";' },
      footer: { js: `return ${result}.default; })();` },
      plugins: [rules(options, library, sources)],
    });
    const [map, code] = outputFiles;
    return { kind: 'bundle', code: code.text, map: map.text, name: result, sources };
  } catch (error) {
    if (error instanceof TooMuch) return tooMuch(file);
    const [first] = (error as { errors?: Message[] }).errors ?? [];
    if (!first) throw error;
    return explain(first, file, sources);
  }
}

interface Prelude {
  code: string;
  /** What the library exports. */
  names: string[];
}
const preludes = new Map<string, Promise<Prelude>>();

/**
 * The realm's code and the pristine library as one module: the same for every topic, so that bundling a topic means
 * reading little more than the topic.
 */
function prelude(library: string): Promise<Prelude> {
  const known = preludes.get(library);
  if (known) return known;
  const json = async () => JSON.stringify(await makePrelude(library));
  const made = isOwnLibrary(library)
    ? kept('prelude.json', json).then((text) => JSON.parse(text) as Prelude)
    : makePrelude(library);
  preludes.set(library, made);
  made.catch(() => preludes.delete(library));
  return made;
}

async function makePrelude(library: string): Promise<Prelude> {
  const contents =
    "export * from '#tensor'; export { start as realmStart, receive as realmReceive } from './realm.ts';";
  const { outputFiles, metafile } = await build({
    ...common,
    mainFields: ['module', 'main'],
    stdin: { contents, resolveDir: path.dirname(realm) },
    format: 'esm',
    metafile: true,
    plugins: [
      { name: 'library', setup: (builder) => builder.onResolve({ filter: /^#tensor$/ }, () => ({ path: library })) },
      memoryApart(library),
    ],
  });
  const names = Object.values(metafile.outputs)[0].exports.filter((name) => !name.startsWith('realm'));
  return { code: outputFiles[0].text, names };
}

/** The program that is bundled. `require` keeps a file from running before it is asked to. */
function entry({ standIns, topic, mode }: BundleOptions): string {
  const hasStandIn = mode === 'grade' && isFile(path.join(standIns, `${topic}.ts`));
  return `
    import { realmStart } from 'realm';
    export default realmStart({
      lab: ${mode === 'lab'},
      student: () => void require(${JSON.stringify(`load:student:${topic}.ts`)}),
      ${hasStandIn ? `standIn: () => void require(${JSON.stringify(`load:stand-in:${topic}.ts`)}),` : ''}
    });`;
}

const isFile = (file: string) => statSync(file, { throwIfNoEntry: false })?.isFile() === true;
const slashes = (file: string) => file.split(path.sep).join('/');

/** The path of `file` under `folder` with forward slashes, or undefined if it lies outside. */
function under(folder: string, file: string): string | undefined {
  const relative = path.relative(folder, file);
  if (relative === '' || relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative))
    return undefined;
  return slashes(relative);
}

/** The file that a specifier means, as TypeScript would find it: the ending is optional. */
function find(base: string): string | undefined {
  const candidates = [base, `${base}.ts`, path.join(base, 'index.ts'), base.replace(/\.js$/, '.ts')];
  return candidates.find((file) => file.endsWith('.ts') && isFile(file));
}

function rules(
  { chapters, standIns, tensor, mode, topic: graded, later }: BundleOptions,
  library: Prelude | undefined,
  sources: Map<string, string>,
): Plugin {
  const libraryFolder = path.dirname(tensor);
  const refuse = (text: string) => ({ errors: [{ text, pluginName: 'imports' }] });

  /** `import(…)` and `require(…)`; a lab may wait for them. */
  const isCall = (kind: ImportKind) => mode === 'grade' && kind !== 'import-statement';
  const asStatement = (specifier: string) =>
    refuse(`write \`import … from '${specifier}'\` at the beginning of the file`);

  /** What `#tensor` means: in a lab, the student's own copy. */
  const theLibrary = library
    ? { namespace: 'course', path: '#tensor' }
    : { namespace: 'student', path: 'tensor/index.ts' };

  const fromStudent = (specifier: string, importer: string) => {
    const base = path.resolve(path.join(chapters, path.dirname(importer)), specifier);
    const inFolder = under(chapters, base);
    if (/^\.\.?(\/|$)/.test(specifier) && inFolder !== undefined) {
      if (mode === 'grade') {
        const topic = find(path.join(standIns, inFolder));
        if (topic === tensor) return theLibrary;
        if (topic !== undefined && under(libraryFolder, topic) !== undefined)
          return refuse(`import the library as '#tensor', not one of its files`);
        // In small letters: some systems find `./Neuron.ts` as well.
        const name = topic && under(standIns, topic)?.toLowerCase();
        // What is graded is never taken from its own stand-in.
        if (name === `${graded}.ts`) return { namespace: 'student', path: name };
        if (name !== undefined && later?.(name.slice(0, -'.ts'.length)))
          return refuse(`\`${specifier}\` comes later in the course: an exercise may import ${allowed}`);
        if (name !== undefined) return { namespace: 'stand-in', path: name };
      }
      const file = find(base);
      if (file !== undefined) return { namespace: 'student', path: under(chapters, file) };
      return refuse(`there is no file \`${specifier}\`; an exercise may import ${allowed}`);
    }
    return refuse(`\`${specifier}\` cannot be imported: an exercise may import ${allowed}`);
  };

  const fromStandIn = (specifier: string, importer: string) => {
    const file = find(path.resolve(path.join(standIns, path.dirname(importer)), specifier));
    if (file === tensor) return theLibrary;
    const inFolder = file === undefined ? undefined : under(standIns, file);
    if (inFolder?.toLowerCase() === `${graded}.ts`)
      return refuse(`${importer} is built on this topic, and cannot be imported here`);
    return inFolder === undefined ? undefined : { namespace: 'stand-in', path: inFolder };
  };

  return {
    name: 'imports',
    setup(builder) {
      builder.onResolve({ filter: /^#tensor$/ }, ({ namespace, kind, path: specifier }) =>
        namespace === 'student' && isCall(kind) ? asStatement(specifier) : theLibrary,
      );
      builder.onResolve({ filter: /^realm$/ }, ({ namespace }) =>
        namespace === 'student' ? undefined : { namespace: 'course', path: 'realm' },
      );
      builder.onResolve({ filter: /.*/ }, ({ path: specifier, importer, namespace, kind }) => {
        if (namespace === 'student') {
          const found = fromStudent(specifier, importer);
          return 'errors' in found || !isCall(kind) ? found : asStatement(specifier);
        }
        if (namespace === 'stand-in') return fromStandIn(specifier, importer);
        const top = /^(load|student|stand-in):(.*)$/.exec(specifier);
        return top ? { namespace: top[1], path: top[2] } : undefined;
      });
      builder.onLoad({ filter: /.*/, namespace: 'student' }, async ({ path: file }) => {
        const full = path.join(chapters, file);
        if (under(realpathSync(chapters), realpathSync(full)) === undefined)
          return refuse(`${file} lies outside the folder of chapters`);
        if (statSync(full).size > largestFile) return refuse(tooLarge(file));
        const contents = read(full);
        sources.set(file, contents);
        const stripped = await stripWithin(contents, file).catch((error: unknown): Failed => {
          if (!(error instanceof TooMuch)) throw error;
          return tooMuch(file);
        });
        if (stripped.kind === 'failed') return { errors: [{ text: stripped.message, detail: stripped }] };
        // Makes every file a module, also one without an export.
        return { contents: `${stripped.code}\nexport {};`, loader: 'js' };
      });
      builder.onLoad({ filter: /.*/, namespace: 'load' }, ({ path: module }) => ({
        contents: loader(module),
        loader: 'js',
      }));
      builder.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path: file }) => ({
        contents: read(path.join(standIns, file)),
        loader: 'ts',
      }));
      builder.onLoad({ filter: /^realm$/, namespace: 'course' }, () => ({
        contents: library?.code ?? "export { start as realmStart, receive as realmReceive } from './realm.ts'",
        loader: 'js',
        resolveDir: path.dirname(realm),
      }));
      builder.onLoad({ filter: /^#tensor$/, namespace: 'course' }, () => ({
        contents: `export { ${library?.names.join(', ')} } from 'realm'`,
        loader: 'js',
      }));
    },
  };
}

const allowed = "#tensor, the course's earlier topics and your own files beside it";
const read = (file: string) => readFileSync(file, 'utf8').replace(/^\uFEFF/, '');

/** The bundler's first error in the words of the course. */
function explain({ text, location, detail, pluginName }: Message, file: string, sources: Map<string, string>): Failed {
  if ((detail as Partial<Failed> | undefined)?.kind === 'failed') return detail as Failed;
  const from = location?.file ?? '';
  const stray = !from.startsWith(studentPrefix);
  if (stray && from !== '' && pluginName !== 'imports') throw new Error(`${from}:${location?.line}: ${text}`);
  const at: Place | undefined =
    location && !stray
      ? place(from.slice(studentPrefix.length), location.line, column(location.lineText, location.column), sources)
      : undefined;
  const failed = (why: Failed['why'], message: string): Failed => ({
    kind: 'failed',
    why,
    message,
    ...(at && { at }),
  });
  if (pluginName === 'imports') return failed('import', text);
  const missing = /^No matching export in "(?:[a-z-]+:)?(.*?)" for import "(.*)"$/.exec(text);
  if (missing) return failed('import', `${missing[1]} does not export \`${missing[2]}\``);
  return failed('syntax', stray ? `${file}: ${text}` : text);
}

/** The bundler counts columns in bytes from 0; an editor counts characters from 1. */
const column = (line: string, bytes: number) => Buffer.from(line).subarray(0, bytes).toString().length + 1;
