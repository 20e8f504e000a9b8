/**
 * Starts a command: `node grader/cli/start.mjs grade chapter-1`.
 *
 * Plain JavaScript, because it decides how the TypeScript is run. Translating the grader's hundred files takes longer
 * than grading a chapter, so they are bundled into one file, kept in node_modules/.cache under a name that changes
 * with any of them. If that fails for whatever reason (a read-only disk), or with DLBH_DEBUG set, the files are run as
 * they are.
 *
 * Several copies of the course may share one node_modules through a link, and a window with --watch may outlive a
 * change of the files. So a name belongs to one copy in one state, every start freshens the time of the folder it uses,
 * and only what nobody has used for a day is deleted.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const cli = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(cli, '..', '..');
const name = process.argv[2];
const source = path.join(cli, `${name}.ts`);
// The command sees itself as the program, as if it had been started directly.
process.argv.splice(1, 2, source);

/** The commands that are bundled. */
const ENTRIES = ['grade', 'hint', 'lab', 'type-advice', 'grade-class', 'class-worker', 'grade-one', 'merge', 'collect'];

/** Bundles that were not used for so long are deleted. */
const UNUSED = 24 * 60 * 60_000;

/** What gradings have kept there is large, and only saves time: it goes earlier. */
const LARGE = ['remembered', 'bundles'];
const LARGE_UNUSED = 60 * 60_000;

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
    // A handout has only the commands of a student.
    entryPoints: ENTRIES.map((entry) => path.join(cli, `${entry}.ts`)).filter((file) => existsSync(file)),
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
    external: ['esbuild', 'typescript', 'tsx', 'loupe', 'papaparse', 'tar', 'yauzl'],
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
  deleteUnused(path.dirname(folder));
  try {
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another window was faster.
    if (!existsSync(folder)) throw error;
  }
}

function deleteUnused(cache) {
  for (const name of readdirSync(cache)) {
    const place = path.join(cache, name);
    try {
      const unused = Date.now() - statSync(place).mtimeMs;
      if (unused > UNUSED) rmSync(place, { recursive: true, force: true });
      else if (unused > LARGE_UNUSED)
        for (const large of LARGE) rmSync(path.join(place, large), { recursive: true, force: true });
    } catch {
      // Another window was faster, or holds it open.
    }
  }
}

/** Says that the folder is in use; on a disk that cannot be written nothing is deleted either. */
function freshen(folder) {
  try {
    utimesSync(folder, new Date(), new Date());
  } catch {
    // As above.
  }
}

/** The bundled command, or undefined. */
async function bundled() {
  if (process.env.DLBH_DEBUG) return undefined;
  try {
    const cache = path.join(realpathSync(path.join(root, 'node_modules')), '.cache', 'deep-learning-by-hand');
    const folder = path.join(
      cache,
      stateOf(['grader', 'solutions', 'stand-ins'].map((name) => path.join(root, name)).filter((f) => existsSync(f))),
    );
    if (!existsSync(folder)) {
      mkdirSync(cache, { recursive: true });
      await makeBundle(folder);
    }
    freshen(folder);
    globalThis.courseCache = { folder, root };
    return path.join(folder, `${name}.mjs`);
  } catch {
    return undefined;
  }
}

async function runSource() {
  globalThis.courseCache = undefined;
  await import('tsx');
  await import(pathToFileURL(source).href);
}

const file = await bundled();
if (!file) await runSource();
else {
  const { folder } = globalThis.courseCache;
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    // Somebody has deleted a part of the bundle. What is left of it goes too, to be made anew the next time.
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).includes(path.basename(folder))) throw error;
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Then it is run from its sources the next time, too.
    }
    await runSource();
  }
}
