/** What a page needs to grade by itself: the judge with its specs, the worker's program and the stand-ins. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, transform, type BuildOptions, type Plugin } from 'esbuild';
import { memoryApart } from '../../grader/sandbox/apart.ts';
import { asFunction, LIBRARY, type Catalogue } from '../../grader/sandbox/page/link.ts';
import { strip } from '../../grader/sandbox/strip.ts';

export interface Gradable {
  /** `chapter-1` */
  id: string;
  /** `chapter-1-mp` */
  folder: string;
}

const common = {
  bundle: true,
  write: false,
  minify: true,
  target: 'es2022',
  charset: 'utf8',
  sourcemap: false,
  legalComments: 'none',
  logLevel: 'silent',
} satisfies BuildOptions;

/** The solutions of some chapters as functions of their imports, without names, comments and types. */
async function catalogue(root: string, files: readonly string[]): Promise<Catalogue> {
  const made: Catalogue = {};
  for (const path of files) {
    const source = readFileSync(join(root, 'solutions', path), 'utf8');
    const { code } = await transform(source, { loader: 'ts', format: 'esm', minify: true, target: 'es2022', charset: 'utf8', legalComments: 'none', tsconfigRaw: {} }); // prettier-ignore
    const stripped = strip(code, path);
    if (stripped.kind === 'failed') throw new Error(`solutions/${path}: ${stripped.message}`);
    const small = await transform(`export default ${asFunction(stripped)}`, { loader: 'js', minifyWhitespace: true, charset: 'utf8' }); // prettier-ignore
    const target = (from: string) => (from === LIBRARY ? LIBRARY : join('/', path, '..', from).replaceAll('\\', '/').slice(1)); // prettier-ignore
    const imports = stripped.imports.map(({ from }) => target(from)).map((each) => (each === LIBRARY || each.endsWith('.ts') ? each : `${each}.ts`)); // prettier-ignore
    made[path] = {
      code: small.code.replace(/^export default |;?\s*$/g, ''),
      imports: imports.map((each) => (each === 'tensor/index.ts' ? LIBRARY : each)),
      exports: stripped.exports.map(({ exported }) => exported),
    };
  }
  // A file that imports one that may not be there cannot be there either.
  for (let before = -1; before !== Object.keys(made).length;) {
    before = Object.keys(made).length;
    for (const [path, { imports }] of Object.entries(made))
      if (imports.some((each) => each !== LIBRARY && !made[each])) Reflect.deleteProperty(made, path);
  }
  return made;
}

/** Leaves out of the parser what it knows beyond TypeScript; a parser that looks otherwise stays whole. */
export const slimParser: Plugin = {
  name: 'slim-parser',
  setup(api) {
    api.onLoad({ filter: /[\\/]@babel[\\/]parser[\\/]lib[\\/]index\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        /const mixinPlugins = \{[^}]*\}/,
        'const mixinPlugins = { typescript }',
      ),
      loader: 'js',
    }));
  },
};

export interface Judge {
  /** Files under `assets/`, by name. */
  assets: Map<string, string>;
  /** The name of the judge's script. */
  script: string;
  /** The paths of the files that can be graded: `chapter-1-mp/neuron.ts`. */
  files: string[];
}

/**
 * Builds the judge.
 * @param chapters which chapters it grades; stand-ins of others are not in it
 * @param files the files of the course, by their path under the folder of chapters
 * @param entry another entry than the page's, for tests
 */
export async function judge(
  root: string,
  chapters: readonly Gradable[],
  files: readonly string[],
  entry = 'site/playground/judge.ts',
): Promise<Judge> {
  // prettier-ignore
  const alias = { [LIBRARY]: join(root, 'solutions', 'tensor', 'index.ts') };
  const standIns = await catalogue(root, files.filter((path) => chapters.some(({ folder }) => path.startsWith(`${folder}/`)))); // prettier-ignore
  const worker = await build({
    ...common,
    entryPoints: [join(root, 'grader', 'sandbox', 'page', 'worker.ts')],
    format: 'iife',
    absWorkingDir: root,
    alias,
    plugins: [memoryApart(alias[LIBRARY]!)],
  });
  const library = await build({ ...common, entryPoints: [alias[LIBRARY]!], format: 'esm', metafile: true, absWorkingDir: root }); // prettier-ignore
  const names = Object.values(library.metafile.outputs)[0]!.exports;
  const virtual: Plugin = {
    name: 'judge',
    setup(api) {
      api.onResolve({ filter: /^virtual:judge$/ }, () => ({ path: 'judge', namespace: 'judge' }));
      api.onLoad({ filter: /.*/, namespace: 'judge' }, () => ({
        contents: `export const SPECS = {${chapters
          .map(
            ({ id, folder }) =>
              `${JSON.stringify(id)}: async () => (await import(${JSON.stringify(`./grader/${folder}/index.ts`)})).chapter`,
          ) // prettier-ignore
          .join(',')}};
          export const CATALOGUE = ${JSON.stringify(standIns)};
          export const LIBRARY = ${JSON.stringify(names)};
          export const WORKER = ${JSON.stringify(worker.outputFiles[0]!.text.trim())};`,
        resolveDir: root,
        loader: 'js',
      }));
    },
  };
  const result = await build({
    ...common,
    entryPoints: { judge: join(root, entry) },
    splitting: true,
    format: 'esm',
    outdir: 'assets',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    absWorkingDir: root,
    alias,
    plugins: [virtual, slimParser],
  });
  const assets = new Map(result.outputFiles.map((file) => [file.path.split(/[\\/]/).at(-1)!, file.text] as const));
  return {
    assets,
    script: [...assets.keys()].find((name) => /^judge-\w+\.js$/.test(name))!,
    files: Object.keys(standIns),
  };
}
