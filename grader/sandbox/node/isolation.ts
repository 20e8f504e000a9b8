/**
 * How far a student's process is kept from the rest of the machine. What each level promises is in the README; what it
 * holds, and what it does not, is shown in `test/attacks/README.md`.
 */
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const ISOLATIONS = ['process', 'namespaces'] as const;

/**
 * `process`: an own process without rights, as Node can take them away; everywhere.
 * `namespaces`: beyond that, Linux namespaces: no network, no process but its own, no file but the system's programs and
 * Node, and those read-only.
 */
export type Isolation = (typeof ISOLATIONS)[number];

/** A command and its arguments that start a program at a level. */
export function commandAt(isolation: Isolation, command: readonly string[]): [string, ...string[]] {
  if (isolation === 'process') return command as [string, ...string[]];
  return [tools().setpriv!, ...outside(), ...inside(), ...command];
}

/** Found once; a system without one of them has no namespaces for us. */
let found: Record<string, string | undefined> | undefined;
function tools() {
  found ??= Object.fromEntries(
    ['setpriv', 'unshare', 'sh', 'mount', 'mkdir', 'ln', 'touch', 'chroot'].map((name) => [
      name,
      ['/usr/bin', '/usr/sbin', '/bin', '/sbin'].map((folder) => `${folder}/${name}`).find((file) => existsSync(file)),
    ]),
  );
  return found;
}

/** Namespaces for everything there are any for. When the judge dies or ends the outermost process, all of it ends. */
const outside = () => [
  '--pdeathsig=KILL',
  tools().unshare!,
  ...['--user', '--map-root-user', '--mount', '--pid', '--net', '--ipc', '--uts', '--cgroup'],
  ...['--fork', '--kill-child=SIGKILL'],
];

/**
 * A root of its own, in memory: the folders of the system's programs and libraries, read-only, Node, and nothing else. Its
 * own "root" could mount and change all this: it gives up every right for good before Node starts.
 */
function inside(): string[] {
  const { sh, mount, mkdir, ln, touch, chroot } = tools();
  const folders = ['/usr/bin', '/usr/lib', '/usr/lib64', '/bin', '/lib', '/lib64'].filter((f) => existsSync(f));
  // Most systems keep everything below /usr, and links where it was.
  const links = folders.filter((folder) => lstatSync(folder).isSymbolicLink());
  const mounted = folders.filter((folder) => !links.includes(folder));
  const node = mounted.some((folder) => process.execPath.startsWith(`${folder}/`)) ? [] : [process.execPath];
  const places = [...mounted, ...node.map((file) => path.dirname(file))];
  const quoted = (words: string[]) => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const here = (file: string) => `.${file}`;
  const script = [
    'set -e',
    `${mount} -t tmpfs -o size=1m,mode=755,nosuid,nodev sandbox ${quoted([tmpdir()])}`,
    `cd ${quoted([tmpdir()])}`,
    `${mkdir} -p ${quoted(places.map(here))}`,
    ...node.map((file) => `${touch} ${quoted([here(file)])}`),
    ...links.map((link) => `${ln} -s ${quoted([readlinkSync(link), here(link)])}`),
    ...[...mounted, ...node].map((place) => `${mount} --rbind -o ro ${quoted([place, here(place)])}`),
    `${mount} -o remount,ro,nosuid,nodev sandbox .`,
    'unset PATH PWD OLDPWD',
    `exec ${chroot} . ${tools().setpriv} --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`,
  ];
  return [sh!, '-c', script.join('\n'), 'sandbox'];
}

/**
 * The process that runs the command, of which the started one is only the guardian; undefined while it is not there yet.
 */
export function innerProcess(isolation: Isolation, pid: number): number | undefined {
  if (isolation === 'process') return pid;
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ');
    return Number(child) || undefined;
  } catch {
    return undefined;
  }
}

const tried = new Map<Isolation, Promise<boolean>>();

/** Whether a level can be had on this machine; tried once. */
export function isAvailable(isolation: Isolation): Promise<boolean> {
  const known = tried.get(isolation);
  if (known) return known;
  const trying = isolation === 'process' ? Promise.resolve(true) : tryNamespaces();
  tried.set(isolation, trying);
  return trying;
}

async function tryNamespaces(): Promise<boolean> {
  if (process.platform !== 'linux' || Object.values(tools()).includes(undefined)) return false;
  // Without this list nobody could watch the memory of what runs inside.
  if (!existsSync(`/proc/${process.pid}/task/${process.pid}/children`)) return false;
  const program = 'process.exit(process.pid === 1 && require("fs").readdirSync("/").includes("usr") ? 42 : 1)';
  const [file, ...args] = commandAt('namespaces', [process.execPath, '--no-warnings', '-e', program]);
  return new Promise((resolve) => {
    const options = { env: {}, cwd: '/', timeout: 30_000, killSignal: 'SIGKILL' } as const;
    execFile(file, args, options, (error) => resolve((error as { code?: unknown } | null)?.code === 42));
  });
}

/** The strongest level that this machine has. */
export async function strongest(): Promise<Isolation> {
  return (await isAvailable('namespaces')) ? 'namespaces' : 'process';
}
