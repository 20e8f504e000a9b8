/** `--watch`: grades again whenever a file is saved, and only what the save touches. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, watch as watchFolder, type FSWatcher } from 'node:fs';
import { join, posix } from 'node:path';
import { gradeRun, type Files, type Goal } from '../course/grade-run.ts';
import { Refusal } from '../course/refusal.ts';
import { total, type Report, type TopicReport } from '../engine/report.ts';
import { nextOf, renderOverview, renderReport, type RenderOptions } from '../reports/terminal.ts';
import { wrap } from '../reports/wrap.ts';
import { styleFor, wantsColour, widthFor } from '../reports/colours.ts';
import { prewarm } from '../sandbox/node/sandbox.ts';
import { giveHint } from './hints.ts';
import { Progress } from './progress.ts';
import type { Setting } from './setting.ts';

export interface WatchOptions {
  setting: Setting;
  files: Files;
  goals: readonly Goal[];
  /** The whole course, not one chapter. */
  whole: boolean;
  seed: number;
  shown: () => RenderOptions;
  fileName: (path: string) => string;
}

/** Editors write a file in several steps; this long after the last one it is read. */
const SETTLE = 25;
/** Some editors take the old file away before the new one is there. */
const GONE = 300;

export async function watch(options: WatchOptions): Promise<number> {
  const watcher = new Watch(options);
  return watcher.run();
}

class Watch {
  readonly #options: WatchOptions;
  readonly #folders: string[];
  #hashes = new Map<string, string>();
  #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #savedAt = 0;
  #running: AbortController | undefined;
  readonly #warming = new AbortController();
  /** Topics whose grading was cut short by a newer save. */
  #owed = new Set<string>();
  #topics = new Map<string, TopicReport>();
  #report: Report | undefined;
  #end: (code: number) => void = () => undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#folders = options.goals.map((goal) => goal.chapter.folder);
    for (const folder of this.#folders)
      if (!existsSync(join(options.files.chapters, folder)))
        throw new Refusal(
          `There is no folder ${options.fileName(folder)}.`,
          'Without it there is nothing to watch. "npm run reset" brings the files back.',
        );
  }

  async run(): Promise<number> {
    const ended = new Promise<number>((resolve) => (this.#end = resolve));
    this.#hashes = this.#read();
    for (const folder of this.#folders) this.#look(folder);
    this.#listenToKeys();
    // Kept until the end: the sandbox's own listener leaves a signal alone while there is another.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.#end(this.#code()));
    await this.#grade(undefined);
    void this.#warm();
    const code = await ended;
    this.#running?.abort();
    for (const watcher of this.#watchers) watcher.close();
    clearTimeout(this.#timer);
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    process.stdin.pause();
    // A spare child waits for a save that will not come.
    setImmediate(() => process.exit(code));
    return code;
  }

  /** The first save should not have to wait for what the second finds ready: the bundler, a child, compiled code. */
  async #warm(): Promise<void> {
    const { setting, goals } = this.#options;
    const chapter = goals[0]!.chapter;
    const { topics } = await chapter.load();
    try {
      const goal = { chapter, topic: goals[0]!.topic ?? topics[0]!.name };
      await gradeRun({ files: setting.solutions, goals: [goal], signal: this.#warming.signal });
    } catch {
      // Somebody has saved already.
    }
    prewarm();
  }

  #code(): number {
    return this.#report && this.#report.points === this.#report.maxPoints ? 0 : 1;
  }

  /** Watches a chapter's folder, and again when it was taken away and came back. */
  #look(folder: string): void {
    const path = join(this.#options.files.chapters, folder);
    const again = () => setTimeout(() => (existsSync(path) ? (this.#look(folder), this.#touched()) : again()), 500);
    try {
      const watcher = watchFolder(path, () => this.#touched());
      watcher.on('error', () => {
        watcher.close();
        again();
      });
      this.#watchers.push(watcher);
    } catch {
      again();
    }
  }

  #touched(): void {
    if (!this.#timer) this.#savedAt = performance.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settled(), SETTLE);
  }

  #settled(): void {
    this.#timer = undefined;
    const now = this.#read();
    const changed = [...now.keys(), ...this.#hashes.keys()].filter((f) => now.get(f) !== this.#hashes.get(f));
    const gone = changed.filter((f) => !now.has(f));
    if (gone.length > 0 && gone.length === changed.length && performance.now() - this.#savedAt < GONE) {
      this.#timer = setTimeout(() => this.#settled(), SETTLE);
      return;
    }
    this.#hashes = now;
    if (changed.length > 0) void this.#grade(new Set(changed));
  }

  /** Every .ts file of the watched chapters, by what is in it. */
  #read(): Map<string, string> {
    const { chapters } = this.#options.files;
    const found = new Map<string, string>();
    for (const folder of this.#folders)
      for (const name of list(join(chapters, folder))) {
        if (!name.endsWith('.ts') || name.startsWith('.')) continue;
        try {
          const text = readFileSync(join(chapters, folder, name));
          found.set(`${folder}/${name}`, createHash('sha1').update(text).digest('base64'));
        } catch {
          // It is being replaced this very moment; the next look sees it.
        }
      }
    return found;
  }

  /** The topics that changed files touch: themselves, or those that import them, however indirectly. */
  async #touchedTopics(changed: ReadonlySet<string>): Promise<Goal[]> {
    const { goals, files } = this.#options;
    const touched: Goal[] = [];
    for (const goal of goals) {
      const { topics, folder } = await goal.chapter.load();
      for (const { name } of topics) {
        if (goal.topic !== undefined && goal.topic !== name) continue;
        const own = new Set(topics.map((t) => `${folder}/${t.name}.ts`));
        const reached = reachable(files.chapters, `${folder}/${name}.ts`, own);
        if ([...changed].some((file) => reached.has(file)) || this.#owed.has(`${goal.chapter.id}/${name}`))
          touched.push({ chapter: goal.chapter, topic: name, fn: goal.fn });
      }
    }
    return touched;
  }

  /** @param changed what was saved; undefined grades everything */
  async #grade(changed: ReadonlySet<string> | undefined): Promise<void> {
    const since = changed ? this.#savedAt : performance.now();
    const { goals, files, seed } = this.#options;
    const now = changed ? await this.#touchedTopics(changed) : goals;
    if (now.length === 0) return;
    if (changed) this.#warming.abort();
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    const ids = now.filter((g) => g.topic !== undefined).map((g) => `${g.chapter.id}/${g.topic}`);
    for (const id of ids) this.#owed.add(id);

    const progress = new Progress();
    try {
      const part = await gradeRun({
        files,
        goals: now,
        seed,
        signal: running.signal,
        // What was kept serves the first look; who saves, or asks for all of it, wants it graded.
        keep: changed || this.#report ? 'renew' : 'use',
        onCheck: (topicId, exercise) => progress.update(`Grading ${topicId}/${exercise.name}`),
      });
      if (running.signal.aborted) return;
      this.#owed.clear();
      for (const topic of part.topics) this.#topics.set(topic.id, topic);
      this.#show(part, changed !== undefined, performance.now() - since, progress);
    } catch (error) {
      if (!running.signal.aborted) {
        progress.end();
        process.stdout.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
      }
    } finally {
      progress.end();
    }
    if (!running.signal.aborted) prewarm();
  }

  #show(part: Report, afterSave: boolean, ms: number, progress: Progress): void {
    const { goals, whole, shown } = this.#options;
    const topics = [...this.#topics.values()];
    const assignment = whole
      ? 'course'
      : [goals[0]!.chapter.id, goals[0]!.topic, goals[0]!.fn].filter(Boolean).join('/');
    const report: Report = { ...part, assignment, ...total(topics), topics: this.#inOrder(topics) };
    this.#report = report;
    const options = shown();
    progress.end();
    if (process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H');
    if (whole && afterSave && part.topics.some((t) => t.points < t.maxPoints)) {
      // What was saved in full, and the whole in its one line.
      const id = part.topics[0]!.id.split('/')[0]!;
      const here = report.topics.filter((t) => t.id.startsWith(`${id}/`));
      const chapter = { ...report, assignment: id, topics: here, ...total(here) };
      process.stdout.write(renderReport(chapter, { ...options, focus: new Set(part.topics.map((t) => t.id)) }));
    } else if (whole) process.stdout.write(renderOverview(report, options));
    else {
      const focus = afterSave ? { focus: new Set(part.topics.map((t) => t.id)) } : {};
      process.stdout.write(renderReport(report, { ...options, ...focus }));
    }
    this.#status(ms);
  }

  #inOrder(topics: TopicReport[]): TopicReport[] {
    const { goals } = this.#options;
    const place = (t: TopicReport) => goals.findIndex((g) => t.id.startsWith(`${g.chapter.id}/`));
    return topics.sort((a, b) => place(a) - place(b));
  }

  #status(ms: number): void {
    const style = styleFor(wantsColour(process.stdout));
    const time = new Date().toTimeString().slice(0, 8);
    const keys = process.stdin.isTTY ? ' · h hint · a all · q quit' : '';
    const text = `${time} · graded in ${Math.round(ms)} ms · waiting for a save${keys}`;
    const lines = wrap(text, widthFor(process.stdout)).map((t) => style.dim(t));
    process.stdout.write(`\n${lines.join('\n')}\n`);
  }

  #listenToKeys(): void {
    const { stdin } = process;
    if (!stdin.isTTY) return;
    stdin.setRawMode(true);
    stdin.setEncoding('utf8');
    stdin.on('data', (keys: string) => {
      for (const key of keys) {
        if (key === 'q' || key === '\u0003' || key === '\u0004') this.#end(this.#code());
        if (key === 'a' || key === '\r') void this.#grade(undefined);
        if (key === 'h') void this.#hint();
      }
    });
  }

  async #hint(): Promise<void> {
    const next = this.#report && nextOf(this.#report);
    if (!next) return;
    process.stdout.write(
      await giveHint(this.#options.setting, [next.exercise.id], { width: widthFor(process.stdout) }),
    );
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const IMPORT = /\b(?:from|import)\s*\(?\s*['"](\.[^'"]*)['"]/g;

/**
 * A file, and the files it imports that are graded with it. Another topic is not followed: while grading, an import of
 * it leads to the course's own.
 */
export function reachable(chapters: string, file: string, topics: ReadonlySet<string>): Set<string> {
  const seen = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path) || (topics.has(path) && path !== file)) return;
    seen.add(path);
    let text: string;
    try {
      text = readFileSync(join(chapters, path), 'utf8');
    } catch {
      return;
    }
    for (const [, specifier] of text.matchAll(IMPORT)) {
      const to = posix.join(posix.dirname(path), specifier!);
      visit(to.endsWith('.ts') ? to : to.endsWith('.js') ? to.replace(/\.js$/, '.ts') : `${to}.ts`);
    }
  };
  visit(file);
  return seen;
}
