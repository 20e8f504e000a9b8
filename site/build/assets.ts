/** Style sheet, fonts and scripts: bundled, made small, named after their content. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build, transform } from 'esbuild';
import subset from 'subset-font';
import { cacheFolder } from './code.ts';

export const hash = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 8);

/** Files under `assets/`, by name. */
export type Assets = Map<string, string | Uint8Array>;

const require = createRequire(import.meta.url);

/** What the Latin fonts cover whatever the pages say: what somebody may type tomorrow. */
const LATIN = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('') + '\u00a0–—‘’“”…·×−°äéöüß→';

const TEXT_FONTS = [
  { file: 'source-serif-4/files/source-serif-4-latin-wght-normal.woff2', name: 'serif', family: 'Source Serif', style: 'normal', weight: '400 700', axes: { wght: { min: 400, max: 700 } } }, // prettier-ignore
  { file: 'source-serif-4/files/source-serif-4-latin-wght-italic.woff2', name: 'serif-italic', family: 'Source Serif', style: 'italic', weight: '400', axes: { wght: 400 } }, // prettier-ignore
  { file: 'jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2', name: 'mono', family: 'Course Mono', style: 'normal', weight: '400', axes: { wght: 400 } }, // prettier-ignore
] as const;

/** A font with only these characters; kept on disk, since it takes a moment. */
async function subsetted(root: string, file: string, characters: string, axes?: object): Promise<Uint8Array> {
  const source = readFileSync(file);
  const folder = join(cacheFolder(root), 'fonts');
  const kept = join(
    folder,
    `${hash(Buffer.concat([source, Buffer.from(characters + JSON.stringify(axes ?? {}))]))}.woff2`,
  );
  if (existsSync(kept)) return readFileSync(kept);
  const font = await subset(source, characters, {
    targetFormat: 'woff2',
    ...(axes && { variationAxes: axes as Record<string, number> }),
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(kept, font);
  return font;
}

export interface Styles {
  assets: Assets;
  css: string;
  /** The font that every page begins with. */
  preload: string;
}

/** What the pages show: characters beyond ASCII, and those of each of KaTeX's fonts. */
export interface Shown {
  text: string;
  math: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The style sheet with its fonts, which hold the characters that are shown. */
export async function styles(root: string, shown: Shown): Promise<Styles> {
  const assets: Assets = new Map();
  const faces: string[] = [];
  let preload = '';
  const latin = [...new Set(LATIN + shown.text)].sort().join('');
  for (const { file, name, family, style, weight, axes } of TEXT_FONTS) {
    const font = await subsetted(root, require.resolve(`@fontsource-variable/${file}`), latin, axes);
    const asset = `${name}-${hash(font)}.woff2`;
    assets.set(asset, font);
    if (name === 'serif') preload = asset;
    faces.push(
      `@font-face{font-family:'${family}';font-style:${style};font-weight:${weight};font-display:swap;src:url(${asset}) format('woff2')}`,
    );
  }
  const katexFolder = join(require.resolve('katex/package.json'), '..', 'dist');
  let katex = readFileSync(join(katexFolder, 'katex.min.css'), 'utf8');
  for (const block of katex.match(/@font-face\{[^}]*\}/g) ?? []) {
    const file = /url\(fonts\/([^)]+\.woff2)\)/.exec(block)![1]!;
    const name = file.replace(/^KaTeX_|\.woff2$/g, '');
    const signs = shown.math.get(name);
    // A font that no formula asks for is not there at all.
    if (!signs) {
      katex = katex.replace(block, '');
      continue;
    }
    const font = await subsetted(root, join(katexFolder, 'fonts', file), [...signs].sort().join(''));
    const asset = `katex-${name.toLowerCase()}-${hash(font)}.woff2`;
    assets.set(asset, font);
    katex = katex.replace(block, block.replace(/src:[^}]*/, `src:url(${asset}) format("woff2");font-display:swap`));
  }
  // The fonts' licences go where the fonts go.
  const packages = ['@fontsource-variable/source-serif-4', '@fontsource-variable/jetbrains-mono', 'katex'];
  const licences = packages.map((name) => {
    const folder = join(require.resolve(`${name}/package.json`), '..');
    return `${name}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}\n`;
  });
  assets.set('fonts-licence.txt', licences.join('\n\n'));
  const theme = join(root, 'site', 'theme');
  const own = readdirSync(theme)
    .filter((name) => name.endsWith('.css'))
    .sort()
    .map((name) => readFileSync(join(theme, name), 'utf8'))
    .join('\n');
  const { code } = await transform(`${faces.join('')}\n${katex}\n${own}`, {
    loader: 'css',
    minify: true,
    legalComments: 'none',
    target: ['chrome111', 'firefox113', 'safari16.4'],
  });
  const css = `style-${hash(code)}.css`;
  assets.set(css, code);
  return { assets, css, preload };
}

export interface Scripts {
  assets: Assets;
  main: string;
}

/**
 * The pages' scripts.
 * @param figures names of the interactive figures that pages may load
 */
export async function scripts(root: string, figures: readonly string[]): Promise<Scripts> {
  const result = await build({
    entryPoints: { main: join(root, 'site', 'client', 'main.ts') },
    bundle: true,
    splitting: true,
    write: false,
    format: 'esm',
    target: ['es2022'],
    minify: true,
    // No source map, and no comment: a bundle may carry solutions before their day.
    sourcemap: false,
    legalComments: 'none',
    outdir: 'assets',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    absWorkingDir: root,
    alias: { '#tensor': join(root, 'solutions', 'tensor', 'index.ts') },
    logLevel: 'silent',
    plugins: [
      {
        name: 'figures',
        setup(api) {
          api.onResolve({ filter: /^virtual:figures$/ }, () => ({ path: 'figures', namespace: 'figures' }));
          api.onLoad({ filter: /.*/, namespace: 'figures' }, () => ({
            contents: `export const FIGURES = {${figures
              .map(
                (name) => `${JSON.stringify(name)}: () => import(${JSON.stringify(`./site/interactive/${name}.ts`)})`,
              )
              .join(',')}};`,
            resolveDir: root,
            loader: 'ts',
          }));
        },
      },
    ],
  });
  const assets: Assets = new Map(
    result.outputFiles.map((file) => [file.path.split(/[\\/]/).at(-1)!, file.text] as const),
  );
  return { assets, main: [...assets.keys()].find((name) => /^main-\w+\.js$/.test(name))! };
}
