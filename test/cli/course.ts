/** A copy of the course in a temporary folder, and its commands as a student starts them. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { solutionsSource } from '../../grader/course/pristine.ts';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

export class TestCourse {
  readonly root: string;

  /** With every file as a student first gets it. */
  constructor() {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'course-')));
    onTestFinished(() => rmSync(this.root, { recursive: true, force: true, maxRetries: 5 }));
    const about = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Record<string, unknown>;
    const { name, type, imports, scripts } = about;
    this.write('package.json', JSON.stringify({ name, type, imports, scripts }));
    cpSync(join(repository, 'tsconfig.json'), join(this.root, 'tsconfig.json'));
    cpSync(join(repository, 'solutions'), join(this.root, 'solutions'), { recursive: true });
    symlinkSync(join(repository, 'grader'), join(this.root, 'grader'), 'junction');
    symlinkSync(join(repository, 'node_modules'), join(this.root, 'node_modules'), 'junction');
    this.write('chapters/package.json', JSON.stringify({ imports: { '#tensor': './tensor/index.ts' } }));
    const source = solutionsSource(this.root);
    for (const path of source.files()) this.write(`chapters/${path}`, source.skeleton(path));
  }

  path(path: string): string {
    return join(this.root, ...path.split('/'));
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  /** Writes bodies of functions into a stub of chapter 1: `{ step: 'return 1;' }`. */
  fill(topic: string, bodies: Record<string, string>): void {
    const path = `chapters/chapter-1-mp/${topic}.ts`;
    let text = this.read(path);
    for (const [name, body] of Object.entries(bodies)) {
      const stub = `throw new Error('TODO: ${name}');`;
      if (!text.includes(stub)) throw new Error(`no stub of ${name} in ${path}`);
      text = text.replace(stub, () => body);
    }
    this.write(path, text);
  }

  /** The solution in place of the stub; its text may be changed. */
  solve(topic: string, change: (text: string) => string = (t) => t): void {
    this.write(`chapters/chapter-1-mp/${topic}.ts`, change(this.read(`solutions/chapter-1-mp/${topic}.ts`)));
  }

  /** A command, not waited for. */
  start(words: string[], env: NodeJS.ProcessEnv = {}): Running {
    const [name, ...rest] = words;
    const program = join(this.root, 'grader', 'cli', 'start.mjs');
    return new Running(process.execPath, [program, name!, ...rest], this.root, env);
  }

  /** `grade chapter-1 --json`, waited for. */
  async run(words: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return this.start(words, env).ended;
  }

  /** Through npm, in a shell. */
  async npm(line: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const running = new Running(npm, line.split(' '), this.root, env, process.platform === 'win32');
    return running.ended;
  }
}

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  out = '';
  err = '';

  constructor(program: string, args: string[], cwd: string, env: NodeJS.ProcessEnv, shell = false) {
    const clean = Object.fromEntries(
      Object.entries(process.env).filter(([k]) => !/^(npm_|NO_COLOR|FORCE_COLOR|CI$|VITEST|NODE_OPTIONS)/.test(k)),
    );
    this.child = spawn(program, args, { cwd, env: { ...clean, ...env }, shell, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.ended = new Promise((resolve) =>
      this.child.once('close', (code) => resolve({ code, out: this.out, err: this.err })),
    );
    onTestFinished(async () => {
      this.child.kill('SIGKILL');
      await this.ended;
    });
  }

  /** Waits until something is printed behind `from`, and gives where it ends. */
  async until(what: RegExp | string, from = 0, limit = 30_000): Promise<number> {
    const end = Date.now() + limit;
    for (;;) {
      const at = this.out.slice(from).search(what);
      if (at >= 0) return from + at + 1;
      if (Date.now() > end || this.child.exitCode !== null)
        throw new Error(`never printed ${String(what)}:\n${this.out.slice(from)}\n${this.err}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
