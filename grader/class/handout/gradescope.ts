/**
 * A ready autograder for Gradescope: a zip with `setup.sh` and `run_autograder` at its root. In it is a handout, so that there
 * are no solutions to be found in the container, with what grades one submission added.
 */
import {
  createWriteStream,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ChapterEntry } from '../../chapters.ts';
import type { Course } from '../../course/layout.ts';
import { Refusal } from '../../course/refusal.ts';
import { writeHandout } from './handout.ts';
import { filesIn } from './leaks.ts';
import { lockFor, type Lock } from './lock.ts';

export interface BundleOptions {
  course: Course;
  chapter: ChapterEntry;
  /** What is graded: the chapter's id, or a topic of it. */
  assignment: string;
  /** The zip file. */
  out: string;
  secret: string;
  /** Files of hidden checks. */
  checks: readonly string[];
  visibility: string;
  onStep?: (step: string) => void;
}

/** The commands that the container runs, beside those of a student. */
const PROGRAMS = ['grade-one.ts', 'class-worker.ts'];
/** Archives inside a submission are read with these. */
const LIBRARIES = ['tar', 'yauzl'];
/** One time for all files: the same course gives the same zip. */
const TIME = new Date(Date.UTC(2025, 0, 1));

/** @returns how many files are in it */
export async function bundleGradescope(options: BundleOptions): Promise<number> {
  const { course, chapter, out } = options;
  const folder = mkdtempSync(join(tmpdir(), 'gradescope-'));
  try {
    const inner = join(folder, 'course');
    await writeHandout({
      course,
      chapters: [chapter],
      out: inner,
      checks: new Map(),
      ...(options.onStep && { onStep: options.onStep }),
    });
    for (const path of ['class', ...PROGRAMS.map((name) => `cli/${name}`)])
      cpSync(join(course.root, 'grader', path), join(inner, 'grader', path), {
        recursive: true,
        filter: (from) => !from.startsWith(join(course.root, 'grader', 'class', 'handout')),
      });
    addLibraries(course, inner);
    for (const file of options.checks) {
      mkdirSync(join(folder, 'checks'), { recursive: true });
      cpSync(file, join(folder, 'checks', `${chapter.id}${file.slice(file.lastIndexOf('.'))}`));
    }
    writeFileSync(join(folder, 'secret.txt'), `${options.secret}\n`);
    writeFileSync(join(folder, 'setup.sh'), SETUP);
    writeFileSync(join(folder, 'run_autograder'), program(options));
    options.onStep?.('packing');
    return await pack(folder, out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function addLibraries(course: Course, inner: string): void {
  const whole = JSON.parse(readFileSync(join(course.root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const dependencies = { ...whole.dependencies };
  for (const name of LIBRARIES) dependencies[name] = whole.dependencies[name] ?? whole.devDependencies[name]!;
  const about = JSON.parse(readFileSync(join(inner, 'package.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(inner, 'package.json'), `${JSON.stringify({ ...about, dependencies }, null, 2)}\n`);
  const lock = JSON.parse(readFileSync(join(course.root, 'package-lock.json'), 'utf8')) as Lock;
  writeFileSync(join(inner, 'package-lock.json'), `${JSON.stringify(lockFor(lock, dependencies), null, 2)}\n`);
}

async function pack(folder: string, out: string): Promise<number> {
  const { ZipFile } = await import('yazl');
  const zip = new ZipFile();
  const files = filesIn(folder);
  for (const file of files) {
    const program = file === 'setup.sh' || file === 'run_autograder';
    zip.addFile(join(folder, file), file, { mtime: TIME, mode: program ? 0o100755 : 0o100644 });
  }
  if (!existsSync(dirname(out)))
    throw new Refusal(`There is no folder ${dirname(out)}.`, 'Make it, or name another.', 2);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(out));
  return files.length;
}

/** Makes the image: Node where there is none that is new enough, the packages, and the grader's own bundle. */
const SETUP = `#!/usr/bin/env bash
set -euo pipefail
root="\${AUTOGRADER_ROOT:-/autograder}"
new_enough() { command -v node >/dev/null && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 8) || (a == 20 && b >= 18) ? 0 : 1)'; }
if ! new_enough; then
  apt-get update
  apt-get install -y --no-install-recommends ca-certificates curl xz-utils
  case "$(uname -m)" in aarch64 | arm64) cpu=arm64 ;; *) cpu=x64 ;; esac
  cd "$(mktemp -d)"
  from=https://nodejs.org/dist/latest-v22.x
  curl -fsSLO "$from/SHASUMS256.txt"
  file="$(grep -o "node-v22[^ ]*-linux-$cpu.tar.xz" SHASUMS256.txt | head -n 1)"
  curl -fsSLO "$from/$file"
  grep " $file\\$" SHASUMS256.txt | sha256sum -c -
  tar -xJf "$file" -C /usr/local --strip-components=1
fi
cd "$root/source/course"
npm ci --no-audit --no-fund
node grader/cli/start.mjs grade-one --help >/dev/null
`;

function program({ assignment, visibility, checks }: BundleOptions): string {
  const flags = [
    `--chapter ${assignment}`,
    `--visibility ${visibility}`,
    ...(checks.length > 0 ? ['--checks "$root/source/checks"'] : []),
  ];
  return `#!/usr/bin/env bash
# Grades one submission. Whatever happens, there is a results.json at the end.
root="\${AUTOGRADER_ROOT:-/autograder}"
results="$root/results/results.json"
mkdir -p "$root/results"
cd "$root/source/course" &&
  node grader/cli/start.mjs grade-one "$root/submission" ${flags.join(' ')} \\
    --secret "$root/source/secret.txt" --metadata "$root/submission_metadata.json" --gradescope "$results"
[ -s "$results" ] || printf '{"score": 0, "output": "This could not be graded, which is not your fault. Your instructor can see why."}' >"$results"
exit 0
`;
}
