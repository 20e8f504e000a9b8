/** Temporary folders of student files and stand-ins, and sandboxes that are closed after each test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import type { Arg, Call, Outcome, Program, RunOptions } from '../../grader/engine/sandbox.ts';
import { type NodeSandbox, type SandboxOptions, openSandbox } from '../../grader/sandbox/node/sandbox.ts';

export const tensorPath = fileURLToPath(new URL('../../solutions/tensor/index.ts', import.meta.url));

const folders: string[] = [];
const sandboxes: NodeSandbox[] = [];

afterEach(async () => {
  for (const sandbox of sandboxes.splice(0)) await sandbox.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export interface Workshop {
  root: string;
  chapters: string;
  standIns: string;
}

/** Writes files under a fresh folder; a folder's name may be chosen. */
export function workshop(
  files: Record<string, string>,
  standIns: Record<string, string> = {},
  name = 'course',
): Workshop {
  const root = mkdtempSync(path.join(tmpdir(), 'sandbox-'));
  folders.push(root);
  const shop = { root, chapters: path.join(root, name, 'chapters'), standIns: path.join(root, name, 'solutions') };
  for (const [folder, contents] of [
    [shop.chapters, files],
    [shop.standIns, standIns],
  ] as const) {
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(contents)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    }
  }
  return shop;
}

/** Opens the sandbox of `one/topic`. */
export async function open(shop: Workshop, options: Partial<SandboxOptions> = {}): Promise<NodeSandbox> {
  const { chapters, standIns } = shop;
  const sandbox = await openSandbox({
    chapters,
    standIns,
    tensor: tensorPath,
    topic: 'one/topic',
    mode: 'grade',
    ...options,
  });
  sandboxes.push(sandbox);
  return sandbox;
}

/** A sandbox with this text as the student's file. */
export function student(text: string, options: Partial<SandboxOptions> = {}): Promise<NodeSandbox> {
  return open(workshop({ 'one/topic.ts': text }), options);
}

export const call = (fn: string, ...args: Arg[]): Call => ({ fn, args });

export async function outcomes(sandbox: NodeSandbox, programs: Program[], options?: RunOptions): Promise<Outcome[]> {
  const all: Outcome[] = [];
  for await (const outcome of sandbox.run(programs, options)) all.push(outcome);
  return all;
}

/** The outcome of one call. */
export async function one(sandbox: NodeSandbox, fn: string, ...args: Arg[]): Promise<Outcome> {
  return (await outcomes(sandbox, [[call(fn, ...args)]]))[0];
}

/** What a file's exported `f` gives back for these arguments. */
export async function result(text: string, ...args: Arg[]): Promise<Outcome> {
  return one(await student(text), 'f', ...args);
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Waits until a process is gone. */
export async function gone(pid: number, within = 15_000): Promise<boolean> {
  for (const end = Date.now() + within; Date.now() < end; await new Promise((f) => setTimeout(f, 25)))
    if (!isAlive(pid)) return true;
  return false;
}
