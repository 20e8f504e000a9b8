/** A tiny course in a temporary folder, and the tools as a student starts them. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const tsx = import.meta.resolve('tsx');

export const NEURON = `import { Tensor } from '#tensor';

/** The step function. */
export function step(x: number): number {
  // #region step
  return x >= 0 ? 1 : 0;
  // #endregion
}

/** The weighted sum, 加权和. */
export function weightedSum(
  w: number[],
  x: number[],
): number {
  // #region weightedSum
  let total = 0;
  for (let i = 0; i < w.length; i++) {
    total += w[i]! * x[i]!;
  }
  return total;
  // #endregion
}
`;

export const NEURON_STUB = `import { Tensor } from '#tensor';

/** The step function. */
export function step(x: number): number {
  throw new Error('TODO: step');
}

/** The weighted sum, 加权和. */
export function weightedSum(
  w: number[],
  x: number[],
): number {
  throw new Error('TODO: weightedSum');
}
`;

export const PERCEPTRON = `/** The prediction of a perceptron. */
export function predict(x: number): number {
  // #region predict
  return x > 0 ? 1 : -1;
  // #endregion
}
`;

export const FILES: Record<string, string> = {
  'package.json': '{ "name": "deep-learning-by-hand", "type": "module" }\n',
  '.gitignore': 'node_modules/\nchapters/.backups/\n',
  'solutions/chapter-1-mp/neuron.ts': NEURON,
  'solutions/chapter-1-mp/perceptron.ts': PERCEPTRON,
  'solutions/chapter-1-mp/lab.ts': "console.log('lab');\n",
  'solutions/chapter-2-bp/backward.ts': PERCEPTRON.replaceAll('predict', 'backward'),
  'solutions/chapter-2-bp/lab.ts': "console.log('lab 2');\n",
  'solutions/tensor/index.ts': 'export class Tensor {}\n',
};

export class Sandpit {
  readonly root: string;
  constructor(root: string) {
    this.root = root;
  }
  path(path: string): string {
    return join(this.root, path);
  }
  has(path: string): boolean {
    return existsSync(this.path(path));
  }
  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }
  write(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }
  remove(path: string): void {
    rmSync(this.path(path), { recursive: true });
  }
  list(path: string): string[] {
    return this.has(path) ? readdirSync(this.path(path), { recursive: true, encoding: 'utf8' }).sort() : [];
  }
  backups(): string[] {
    return this.list('chapters/.backups').filter((name) => name.endsWith('.ts'));
  }
  git(...args: string[]): string {
    return git(this.root, ...args);
  }
  /** Starts a tool as npm would, in the folder of the course. */
  run(tool: string, ...args: string[]): Ran {
    return this.runWith({}, tool, ...args);
  }
  runWith(
    { env = {}, uid, cwd }: { env?: Record<string, string>; uid?: number; cwd?: string },
    tool: string,
    ...args: string[]
  ): Ran {
    const done = spawnSync(process.execPath, ['--import', tsx, join(repository, tool), ...args], {
      cwd: cwd ?? this.root,
      encoding: 'utf8',
      env: { ...cleanEnv(), ...env },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    return { code: done.status, out: done.stdout, err: done.stderr };
  }
}

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** The environment without what npm, git and the person running the tests have put there. */
export function cleanEnv(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|GIT_|VITEST|FORCE_COLOR)/i.test(name));
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    NO_COLOR: '1',
    GIT_CONFIG_GLOBAL: process.platform === 'win32' ? 'NUL' : '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
}

export function git(cwd: string, ...args: string[]): string {
  const me = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', '-c', 'init.defaultBranch=main'];
  return execFileSync('git', [...me, ...args], {
    cwd,
    encoding: 'utf8',
    env: cleanEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** An empty temporary folder that goes away with the test. */
export function temporary(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'course ü ')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A tiny course with its skeletons. */
export function tinyCourse(files: Record<string, string> = FILES): Sandpit {
  const pit = new Sandpit(temporary());
  for (const [path, text] of Object.entries(files)) pit.write(path, text);
  return pit;
}

/** The same, with the skeletons written. */
export function courseWithStubs(): Sandpit {
  return tinyCourse({ ...FILES, ...STUBS });
}

export const STUBS: Record<string, string> = Object.fromEntries(
  Object.entries(FILES)
    .filter(([path]) => path.startsWith('solutions/'))
    .map(([path, text]) => [
      path.replace('solutions/', 'chapters/'),
      text.replace(/^( *)\/\/ #region (\w+)\n[^]*?\/\/ #endregion\n/gm, "$1throw new Error('TODO: $2');\n"),
    ]),
);
