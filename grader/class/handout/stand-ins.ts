/** Stand-ins for a handout: the solutions without names, comments and types, so that nobody reads them by accident. */
import { transform } from 'esbuild';

const MINIFIED = { minify: true, format: 'esm', target: 'es2022', charset: 'utf8', legalComments: 'none', tsconfigRaw: {} } as const; // prettier-ignore

/**
 * One file, minified. Its imports stay as they are.
 * @throws Error where the result means something else as TypeScript than it means as JavaScript
 */
export async function minified(source: string, file: string): Promise<string> {
  const { code } = await transform(source, { ...MINIFIED, loader: 'ts', sourcefile: file });
  // The sandbox reads it as TypeScript, in which a<b>(c) is a call with a type.
  const [ts, js] = await Promise.all((['ts', 'js'] as const).map((loader) => transform(code, { ...MINIFIED, loader })));
  if (ts!.code !== js!.code) throw new Error(`${file}, minified, reads otherwise as TypeScript than as JavaScript.`);
  return code;
}

/** The files that a file imports by relative paths, as they stand in it. */
export function importsOf(source: string): string[] {
  return [...source.matchAll(/^\s*(?:import|export)\b[^;'"]*?(?:from\s*)?['"](\.[^'"]+)['"]/gm)].map(
    ([, path]) => path!,
  );
}
