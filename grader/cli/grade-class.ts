/** `npm run grade-class`: a whole class, and its gradebooks. */
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import { gradeClass } from '../class/batch.ts';
import { exportFlags, finishClass } from '../class/finish.ts';
import { parseDuration, parseLate, parseTime, type LateRules } from '../class/deadline.ts';
import { loadSecret } from '../class/secret.ts';
import { Store } from '../class/store.ts';
import { findSubmissions } from '../class/submissions.ts';
import { Telling } from '../class/telling.ts';
import { Refusal } from '../course/refusal.ts';
import { isolationFrom } from './isolation-flag.ts';
import { goalFor, openSetting } from './setting.ts';
import { runCommand, type Command, type Words } from './words.ts';

const command = {
  name: 'grade-class',
  about: 'Grades a whole class, and writes its gradebooks. Run it again to go on where it stopped.',
  usage: [
    'SUBMISSIONS -- --chapter chapter-1 --out results',
    'roster.csv -- --chapter chapter-1 --out results',
    'SUBMISSIONS -- --chapter chapter-1 --out results --only alice',
  ],
  atMost: 1,
  example: 'SUBMISSIONS',
  flags: {
    chapter: { type: 'string', value: 'CHAPTER', help: 'what to grade: chapter-1, or a topic of it' },
    out: { type: 'string', value: 'DIR', help: 'the folder of results' },
    roster: { type: 'string', value: 'FILE', help: 'a CSV file with id, and name, email, submitted, deadline' },
    only: { type: 'string', value: 'ID', help: 'only this person, and even if nothing changed' },
    again: { type: 'boolean', help: 'everybody, even if nothing changed' },
    jobs: { type: 'number', help: 'how many are graded at a time (default: one for each processor)' },
    shard: { type: 'string', value: 'I/N', help: 'only the I-th of N parts; then: npm run merge' },
    secret: { type: 'string', value: 'FILE', help: 'from which the seed and the signatures come' },
    checks: { type: 'string', value: 'DIR', help: 'a folder of hidden checks' },
    deadline: { type: 'string', value: 'TIME', help: 'when it was due: 2026-11-20T23:59:00+08:00' },
    late: { type: 'string', value: 'RULE', help: 'what being late costs: 10%/day' },
    grace: { type: 'string', value: 'TIME', help: 'how late is not late yet: 15m' },
    cutoff: { type: 'string', value: 'TIME', help: 'how late is too late for any points: 3d' },
    isolation: { type: 'string', value: 'LEVEL', help: 'insist on process or namespaces (default: the strongest)' },
    collector: { type: 'string', value: 'COMMAND', help: 'two-phase: students’ code runs where this command leads' },
    budget: { type: 'number', help: 'seconds for one submission (default 600)' },
    ...exportFlags,
  },
} satisfies Command;

type Flags = Words<typeof command.flags>['flags'];

await runCommand(command, async ({ words, flags }) => {
  const { source, out } = places(words, flags);
  const setting = openSetting();
  const goal = await goalFor(setting, flags.chapter!);
  const shard = shardOf(flags.shard);
  const found = findSubmissions(source, flags.roster && resolve(flags.roster));
  const late = rulesOf(flags);
  const secret = loadSecret(flags.secret, shard.of === 1 ? Store.secretFile(out) : undefined);
  const jobs = wholeNumber(flags.jobs, 'jobs', 2);

  const stop = new AbortController();
  const interrupt = () => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  const told = new Telling(found.submissions.length);
  const run = await gradeClass({
    setting,
    goal,
    found,
    out,
    secret,
    late,
    shard,
    jobs: jobs ?? availableParallelism(),
    checks: flags.checks && resolve(flags.checks),
    isolation: await isolationFrom(flags.isolation),
    collector: flags.collector,
    only: flags.only,
    again: flags.again ?? false,
    budget: flags.budget === undefined ? undefined : 1000 * wholeNumber(flags.budget, 'budget', 60)!,
    signal: stop.signal,
    onResult: (result, count) => told.result(result, count),
  }).finally(() => {
    told.end();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
  });

  const { done, all, kept } = run.progress;
  if (stop.signal.aborted) {
    process.stderr.write(`\nStopped. ${done} of ${all} are done and stay; the same command goes on from there.\n`);
    return 130;
  }
  if (kept > 0) process.stdout.write(`${kept} of ${all} had not changed and were not graded again.\n`);
  if (shard.of > 1) {
    process.stdout.write(
      `Part ${shard.index} of ${shard.of}: ${all} results are in ${shownPath(out)}. When all parts are done:\n` +
        `  npm run merge -- PART1 PART2 … --out results --secret FILE\n`,
    );
    return 0;
  }
  return finishClass(run.batch, out, ({ id }) => run.store.look(id), flags);
});

function places(words: string[], flags: Flags): { source: string; out: string } {
  const example = 'For example: npm run grade-class submissions -- --chapter chapter-1 --out results';
  if (words.length === 0)
    throw new Refusal('Whose work is to be graded? Name the folder of submissions, or a roster.', example, 2);
  if (flags.chapter === undefined) throw new Refusal('What is to be graded? Name it with --chapter.', example, 2);
  if (flags.out === undefined) throw new Refusal('Where are the results to go? Name a folder with --out.', example, 2);
  const [source, out] = [resolve(words[0]!), resolve(flags.out)];
  if (source === out || !relative(source, out).startsWith('..'))
    throw new Refusal('The results would lie among the submissions.', 'Choose another folder with --out.', 2);
  if (flags.only !== undefined && (flags.shard !== undefined || flags.again))
    throw new Refusal('--only grades one person, whatever the part.', 'Leave --shard and --again out.', 2);
  return { source, out };
}

function shardOf(text: string | undefined): { index: number; of: number } {
  if (text === undefined) return { index: 1, of: 1 };
  const [, index, of] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (!(shard.index >= 1 && shard.index <= shard.of))
    throw new Refusal(`--shard: "${text}" is no part of a class.`, 'Parts count from 1: --shard 1/8 … --shard 8/8.', 2);
  return shard;
}

function rulesOf(flags: Flags): LateRules | undefined {
  const { deadline, late, grace, cutoff } = flags;
  if (deadline === undefined) {
    if (late ?? grace ?? cutoff) throw new Refusal('Late rules need a deadline.', 'Name it with --deadline.', 2);
    return undefined;
  }
  return {
    deadline: parseTime(deadline, '--deadline'),
    grace: grace === undefined ? 0 : parseDuration(grace, 'grace'),
    ...(late === undefined ? { percent: 0, period: 0 } : parseLate(late)),
    ...(cutoff !== undefined && { cutoff: parseDuration(cutoff, 'cutoff') }),
  };
}

function wholeNumber(n: number | undefined, flag: string, example: number): number | undefined {
  if (n === undefined) return undefined;
  if (!Number.isSafeInteger(n) || n < 1)
    throw new Refusal(`--${flag} needs a whole number, 1 or more.`, `For example: --${flag} ${example}`, 2);
  return n;
}

function shownPath(path: string): string {
  return relative(process.cwd(), path) || '.';
}
