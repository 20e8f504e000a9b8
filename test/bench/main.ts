/**
 * `npm run bench`: times what people wait for, each the median of ten after a warm-up, and prints a table. `-- --json`
 * prints JSON; words choose workloads by the beginning of their names; `--runs=60` takes the median of 60.
 */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openSandbox } from '../../grader/sandbox/node/sandbox.ts';
import { CHAPTERS, type ChapterEntry } from '../../grader/chapters.ts';
import { gradeTopic, inSandbox } from '../../grader/engine/index.ts';
import { measureClass, type ClassFigures } from './class-200.ts';
import { copyCourse, type CourseCopy } from './course-copy.ts';
import { repeat, run, timeCommand, type Figure } from './time.ts';
import { measureSite } from './site.ts';
import { trainingsAlone } from './trainings-alone.ts';

const RUNS = Number(process.argv.find((w) => w.startsWith('--runs='))?.slice('--runs='.length) ?? 10);
if (!(RUNS >= 1)) throw new Error('--runs needs a number, such as --runs=60');
const words = process.argv.slice(2).filter((w) => !w.startsWith('--'));
const json = process.argv.includes('--json');

interface Memory {
  what: string;
  megabytes: number;
}

async function main(): Promise<void> {
  const course = copyCourse();
  const figures: Figure[] = [];
  const memory: Memory[] = [];
  let whole: ClassFigures | undefined;
  const asked = (workload: string) => {
    if (words.length > 0 && !words.some((w) => workload.startsWith(w))) return false;
    if (!json) process.stderr.write(`${workload} …\n`);
    return true;
  };
  const measure = async (workload: string, once: () => Promise<number>, runs = RUNS) => {
    if (!asked(workload)) return;
    figures.push(await repeat(workload, runs, once));
  };
  try {
    for (const { workload, measure } of await trainingsAlone()) if (asked(workload)) figures.push(measure(RUNS));
    await measure('npm-run-floor', () => timeCommand(['npm', 'run', '--silent', 'floor'], course.root));
    const trivial = trivialTest(course);
    await measure('vitest-trivial', () => timeCommand(['npx', 'vitest', 'run', '--root', trivial], course.root));
    for (const entry of CHAPTERS) {
      const { id } = entry;
      for (const kind of ['solved', 'unsolved'] as const) {
        course.fill(kind);
        const command = ['npm', 'run', '--silent', 'grade', id];
        const code = kind === 'solved' ? [0] : [1];
        await measure(`grade-${id}-${kind}`, () => timeCommand([...command, '--', '--fresh'], course.root, code));
        // Nothing that an earlier grading remembers helps with a seed that is new.
        if (kind === 'solved' && id === 'chapter-5')
          await measure(`grade-${id}-new-seed`, () =>
            timeCommand([...command, '--', '--fresh', '--seed', String(++seeds)], course.root, code),
          );
        // As a student does it: one topic has just been edited, the others have their full marks.
        if (kind === 'solved')
          await measure(`grade-${id}-one-edited`, async () => {
            await editTopic(course, entry);
            return timeCommand(command, course.root, code);
          });
      }
    }
    course.fill('solved');
    await measureWatch(course, measure);
    await measureSite(measure);
    if (words.length === 0 || words.includes('memory')) memory.push(...(await measureMemory(course)));
    if (words.length === 0 || words.includes('class-200')) {
      if (!json) process.stderr.write('class-200 …\n');
      whole = await measureClass(course);
    }
  } finally {
    course.remove();
  }
  if (json)
    console.log(
      JSON.stringify({ node: process.version, platform: process.platform, figures, memory, class200: whole }, null, 2),
    );
  else print(figures, memory, whole);
}

let edits = 0;
let seeds = 1_000;

/** Adds a comment to the last topic of a chapter, another one each time. */
async function editTopic(course: CourseCopy, entry: ChapterEntry): Promise<void> {
  const { folder, topics } = await entry.load();
  appendFileSync(join(course.root, 'chapters', folder, `${topics.at(-1)!.name}.ts`), `// Edit ${++edits}\n`);
}

function trivialTest(course: CourseCopy): string {
  const folder = join(course.root, 'trivial');
  mkdirSync(folder);
  const text = "import { expect, test } from 'vitest';\ntest('one', () => expect(1).toBe(1));\n";
  writeFileSync(join(folder, 'one.test.ts'), text);
  return folder;
}

/** Saves a file again and again, right and wrong in turn, and waits until the verdict is out. */
async function measureWatch(
  course: CourseCopy,
  measure: (workload: string, once: () => Promise<number>) => Promise<void>,
): Promise<void> {
  const file = join(course.root, 'chapters', 'chapter-1-mp', 'neuron.ts');
  const right = readFileSync(file, 'utf8');
  const wrong = right.replace('z >= 0 ? 1 : 0', 'z > 0 ? 1 : 0');
  if (wrong === right) throw new Error('The text that the watch benchmark changes is no longer in neuron.ts.');
  // Not through npm, which would not pass the end of the watch on to it.
  const child = run(['node', 'grader/cli/start.mjs', 'grade', 'chapter-1/neuron', '--watch'], course.root);
  let text = '';
  let seen: () => void = () => undefined;
  child.stdout!.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    seen();
  });
  const until = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No verdict within 20 s; the watch printed:\n${text}`)), 20_000);
      seen = () => {
        if (!pattern.test(text)) return;
        clearTimeout(timer);
        resolve();
      };
      seen();
    });
  try {
    await until(/waiting for a save/);
    let broken = false;
    await measure('watch-save-to-verdict', async () => {
      // A person does not save twice in the same instant.
      await new Promise((resolve) => setTimeout(resolve, 300));
      broken = !broken;
      text = '';
      const start = performance.now();
      writeFileSync(file, broken ? wrong : right);
      await until(/waiting for a save/);
      return performance.now() - start;
    });
  } finally {
    child.kill();
  }
}

/** Resident memory at its peak, for grading chapter 1 solved. */
async function measureMemory(course: CourseCopy): Promise<Memory[]> {
  const chapter = await CHAPTERS[0]!.load();
  let sandboxes = 0;
  for (const topic of chapter.topics) {
    const sandbox = await openSandbox({
      chapters: join(course.root, 'chapters'),
      standIns: join(course.root, 'solutions'),
      tensor: join(course.root, 'solutions', 'tensor', 'index.ts'),
      topic: `${chapter.folder}/${topic.name}`,
      mode: 'grade',
    });
    await gradeTopic(chapter, topic, inSandbox(sandbox), { seed: 1 });
    sandboxes = Math.max(sandboxes, sandbox.peakMegabytes);
    await sandbox.close();
  }
  return [
    { what: 'sandbox of one topic, peak', megabytes: Math.round(sandboxes) },
    // This process has judged chapter 1 as `npm run grade` does; maxRSS is in kilobytes.
    { what: 'judge, peak', megabytes: Math.round(process.resourceUsage().maxRSS / 1024) },
  ];
}

/** One digit after the point, three for what is shorter than a millisecond. */
const shown = (ms: number) => ms.toFixed(ms < 10 ? 3 : 1);

function print(figures: readonly Figure[], memory: readonly Memory[], whole: ClassFigures | undefined): void {
  const width = Math.max(10, ...figures.map((f) => f.workload.length));
  console.log(`Node ${process.version}, ${process.platform}; milliseconds, median of ${RUNS} (smallest – largest)\n`);
  for (const f of figures)
    console.log(
      `${f.workload.padEnd(width)}  ${shown(f.ms).padStart(9)}   (${shown(f.min)} – ${shown(f.max)})${f.runs === RUNS ? '' : `, ${f.runs} runs`}`,
    );
  if (memory.length > 0) console.log('\nMegabytes of resident memory');
  for (const m of memory) console.log(`${m.what.padEnd(48)}  ${String(m.megabytes).padStart(5)}`);
  if (!whole) return;
  console.log(`\nclass-200: ${whole.submissions} mixed submissions of chapter 1, two judges`);
  console.log(
    `  ${whole.seconds.toFixed(0)} s, ${whole.perMinute.toFixed(0)} a minute; ${whole.peakMegabytes} MB at the peak, all processes together`,
  );
  console.log(
    `  killed half-way and resumed: ${whole.resumedSeconds.toFixed(0)} s, ${whole.same ? 'the same gradebook' : 'ANOTHER GRADEBOOK'}`,
  );
}

await main();
