/**
 * Starts a command: `node grader/cli/start.mjs grade chapter-1`.
 *
 * Plain JavaScript, because it decides how the TypeScript is run. Translating the grader's hundred files takes longer
 * than grading a chapter, so they are bundled into one file, kept in node_modules/.cache under a name that changes
 * with any of them. If that fails for whatever reason (a read-only disk), or with DLBH_DEBUG set, the files are run as
 * they are.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const cli = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(cli, '..', '..');
const name = process.argv[2];
const source = path.join(cli, `${name}.ts`);
// The command sees itself as the program, as if it had been started directly.
process.argv.splice(1, 2, source);

/** A name for the state of everything that goes into the bundles. */
function stateOf(folders) {
  const hash = createHash('sha256').update(`${process.version} ${root}`);
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) visit(file);
      else if (/\.(ts|mjs|json)$/.test(entry.name)) {
        const { mtimeMs, size } = statSync(file);
        hash.update(`${file} ${mtimeMs} ${size}\n`);
      }
    }
  };
  folders.forEach(visit);
  hash.update(String(statSync(path.join(root, 'package-lock.json'), { throwIfNoEntry: false })?.mtimeMs));
  return hash.digest('hex').slice(0, 16);
}

async function makeBundle(folder) {
  const { build } = await import('esbuild');
  const draft = `${folder}.${process.pid}`;
  await build({
    entryPoints: ['grade', 'hint', 'lab', 'type-advice'].map((entry) => path.join(cli, `${entry}.ts`)),
    outdir: draft,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'silent',
    external: ['esbuild', 'typescript', 'tsx', 'loupe'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    plugins: [
      {
        // A file still finds its neighbours where it was written.
        name: 'where',
        setup(builder) {
          builder.onLoad({ filter: /[\\/]grader[\\/].*\.ts$/ }, ({ path: file }) => ({
            contents: readFileSync(file, 'utf8').replaceAll(
              'import.meta.url',
              JSON.stringify(pathToFileURL(file).href),
            ),
            loader: 'ts',
          }));
        },
      },
    ],
  });
  // Older ones are of no use any more.
  const cache = path.dirname(folder);
  for (const old of readdirSync(cache)) {
    const place = path.join(cache, old);
    if (place !== draft && Date.now() - statSync(place).mtimeMs > 60_000)
      rmSync(place, { recursive: true, force: true });
  }
  try {
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another window was faster.
    if (!existsSync(folder)) throw error;
  }
}

/** The bundled command, or undefined. */
async function bundled() {
  if (process.env.DLBH_DEBUG) return undefined;
  try {
    const cache = path.join(realpathSync(path.join(root, 'node_modules')), '.cache', 'deep-learning-by-hand');
    const folder = path.join(cache, stateOf([path.join(root, 'grader'), path.join(root, 'solutions')]));
    if (!existsSync(folder)) {
      mkdirSync(cache, { recursive: true });
      await makeBundle(folder);
    }
    globalThis.courseCache = { folder, root };
    return path.join(folder, `${name}.mjs`);
  } catch {
    return undefined;
  }
}

const file = await bundled();
if (!file) await import('tsx');
await import(pathToFileURL(file ?? source).href);
