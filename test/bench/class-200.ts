/** `class-200`: two hundred mixed submissions of chapter 1 on two judges, and the same once more, killed half-way. */
import { execFileSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { CourseCopy } from './course-copy.ts';
import { run } from './time.ts';

export interface ClassFigures {
  submissions: number;
  seconds: number;
  perMinute: number;
  /** Of the command, its judges and their sandboxes together; 0 where the system does not tell. */
  peakMegabytes: number;
  /** Seconds of both runs together, the first killed with -9 when half of the results were there. */
  resumedSeconds: number;
  /** Whether both gave the same gradebook. */
  same: boolean;
}

const TOPICS = ['neuron', 'perceptron', 'linear-unit'];
/** Slips that students make, as changes of the solved file. */
const SLIPS: [from: RegExp, to: string][] = [
  [/z >= 0 \? 1 : 0/, 'z > 0 ? 1 : 0'],
  [/>= threshold|>= n\b/, '> 1'],
  [/\.mul\(2\)/, ''],
  [/\.transpose\(\)|\.T\b/, ''],
  [/\+ bias|, bias\)/, ', 0)'],
];
const BOMB = 'const all: string[][] = []; for (;;) all.push("x".repeat(2 ** 20).split(""));';

/** Of two hundred: 90 solved, 70 with a slip, 20 untouched, 10 that loop, 10 that eat memory. */
function submissions(course: CourseCopy, count: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'class-'));
  const read = (where: string, topic: string) =>
    readFileSync(join(course.root, where, 'chapter-1-mp', `${topic}.ts`), 'utf8');
  for (let i = 0; i < count; i++) {
    const share = i % 20;
    const kind = share < 9 ? 'solved' : share < 16 ? 'slip' : share < 18 ? 'stub' : share < 19 ? 'loop' : 'bomb';
    const place = join(folder, `student-${String(i).padStart(3, '0')}`, 'chapters', 'chapter-1-mp');
    mkdirSync(place, { recursive: true });
    TOPICS.forEach((topic, t) => {
      let text = read(kind === 'stub' ? 'chapters' : 'solutions', topic);
      const [from, to] = SLIPS[i % SLIPS.length]!;
      if (kind === 'slip') text = text.replace(from, to);
      if (t === 0 && (kind === 'loop' || kind === 'bomb'))
        text = read('chapters', topic).replace("throw new Error('TODO: step');", kind === 'loop' ? 'for (;;);' : BOMB);
      // Nobody hands in the same bytes.
      writeFileSync(join(place, `${topic}.ts`), kind === 'stub' ? text : `${text}// ${i}\n`);
    });
  }
  return folder;
}

export async function measureClass(course: CourseCopy, count = 200): Promise<ClassFigures> {
  course.fill('unsolved');
  const folder = submissions(course, count);
  const outs = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'results-')));
  const command = (out: string) => [
    'node',
    'grader/cli/start.mjs',
    'grade-class',
    folder,
    '--chapter',
    'chapter-1',
    '--out',
    out,
    '--jobs',
    '2',
  ];
  const env = { DLBH_SECRET: 'the secret of the benchmark' };
  try {
    // The first start bundles the grader.
    await ended(run(['node', 'grader/cli/start.mjs', 'grade-class', '--help'], course.root));
    let began = performance.now();
    const child = run(command(outs[0]!), course.root, env);
    const watch = new MemoryWatch(child.pid!);
    await ended(child);
    const seconds = (performance.now() - began) / 1000;
    const peakMegabytes = watch.end();

    began = performance.now();
    const first = run(command(outs[1]!), course.root, env);
    const results = join(outs[1]!, 'results');
    while (!existsSync(results) || readdirSync(results).length < count / 2)
      await new Promise((r) => setTimeout(r, 100));
    first.kill('SIGKILL');
    await ended(first);
    await ended(run(command(outs[1]!), course.root, env));
    const resumedSeconds = (performance.now() - began) / 1000;
    const [a, b] = outs.map((out) => readFileSync(join(out, 'grades.csv'), 'utf8'));
    return {
      submissions: count,
      seconds,
      perMinute: (60 * count) / seconds,
      peakMegabytes,
      resumedSeconds,
      same: a === b,
    };
  } finally {
    for (const place of [folder, ...outs]) rmSync(place, { recursive: true, force: true });
  }
}

const ended = (child: ChildProcess) => {
  child.stdout?.resume();
  return new Promise<number | null>((resolve) => child.once('close', resolve));
};

/** The resident memory of a process and everything below it. */
class MemoryWatch {
  #peak = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => (this.#peak = Math.max(this.#peak, megabytesBelow(pid))), 250);
  }

  end(): number {
    clearInterval(this.#timer);
    return Math.round(this.#peak);
  }
}

function megabytesBelow(root: number): number {
  if (process.platform === 'win32') return 0;
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,rss='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [pid: number, ppid: number, kilobytes: number]);
  const inside = new Set([root]);
  for (let before = 0; before < inside.size;) {
    before = inside.size;
    for (const [pid, ppid] of rows) if (inside.has(ppid)) inside.add(pid);
  }
  return rows.reduce((sum, [pid, , kilobytes]) => sum + (inside.has(pid) ? kilobytes : 0), 0) / 1024;
}
