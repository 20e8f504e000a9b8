/**
 * Starts a command of the grader quickly: `node grader/cli/start.mjs grade chapter-1`.
 *
 * The grader is many small TypeScript files. Loading them one by one costs more than grading does, so they are bundled
 * once, into node_modules/.cache, and again whenever one of them changes. Where that folder cannot be written, tsx runs
 * the files as they are: the same program, only slower to start.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const command = process.argv[2] ?? '';
const entry = join(root, 'grader', 'cli', `${command}.ts`);
// The command sees its own name where it would stand without this detour.
process.argv.splice(1, 2, entry);

/** Every source file behind a command, with what tells one version from another. */
function* versions(folder) {
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.isDirectory()) yield* versions(path);
    else if (item.name.endsWith('.ts')) {
      const { size, mtimeMs } = statSync(path);
      yield `${path} ${size} ${mtimeMs}`;
    }
  }
}

function cacheFolder() {
  const parts = [
    process.version,
    readFileSync(join(root, 'package.json'), 'utf8'),
    readFileSync(fileURLToPath(import.meta.url), 'utf8'),
  ];
  for (const folder of ['grader', 'solutions/tensor']) parts.push(...versions(join(root, folder)));
  const key = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
  return join(root, 'node_modules', '.cache', 'deep-learning-by-hand', key);
}

/** Bundles all commands into `folder`, completely or not at all. */
async function bundle(folder) {
  const { build } = await import('esbuild');
  const half = `${folder}.${process.pid}`;
  const commands = readdirSync(join(root, 'grader', 'cli')).filter((name) => name.endsWith('.ts'));
  await build({
    entryPoints: commands.map((name) => join(root, 'grader', 'cli', name)),
    outdir: half,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outExtension: { '.js': '.mjs' },
    external: ['esbuild', 'typescript'],
    sourcemap: 'linked',
    banner: {
      js: "import { createRequire as $require } from 'node:module'; const require = $require(import.meta.url);",
    },
    logLevel: 'silent',
    plugins: [
      {
        name: 'own-place',
        // A file finds its neighbours by its own place, not by that of the bundle.
        setup: (b) =>
          b.onLoad({ filter: /[\\/]grader[\\/].*\.ts$/ }, ({ path }) => ({
            contents: readFileSync(path, 'utf8').replaceAll(
              'import.meta.url',
              JSON.stringify(pathToFileURL(path).href),
            ),
            loader: 'ts',
          })),
      },
    ],
  });
  const parent = join(folder, '..');
  for (const old of readdirSync(parent))
    if (!half.endsWith(old)) rmSync(join(parent, old), { recursive: true, force: true });
  renameSync(half, folder);
}

async function bundled() {
  try {
    const folder = cacheFolder();
    if (!existsSync(folder)) {
      mkdirSync(join(folder, '..'), { recursive: true });
      await bundle(folder);
    }
    return pathToFileURL(join(folder, `${command}.mjs`)).href;
  } catch {
    return undefined;
  }
}

const fast = await bundled();
if (!fast) (await import('tsx/esm/api')).register();
await import(fast ?? pathToFileURL(entry).href);
