/** For bundles in which work is graded: every result of the library gets a buffer of its own (see `realm/memory.ts`). */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

const ours = fileURLToPath(new URL('realm/memory.ts', import.meta.url));

/** @param library the file that `#tensor` means */
export const memoryApart = (library: string): Plugin => ({
  name: 'memory-apart',
  setup(builder) {
    builder.onResolve({ filter: /^\.\/memory\.ts$/ }, ({ resolveDir }) =>
      path.relative(path.dirname(library), resolveDir) === '' ? { path: ours } : undefined,
    );
  },
});
