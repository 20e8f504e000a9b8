/**
 * `npm run scorecard [chapter …]`: measures how well the grader grades, on all processors, and writes it down: in
 * `scorecard.json`, from which the site makes its page, and in `SCORECARD.md`. What is known from an earlier run is not
 * measured again. Exit code 1 where a bar is not reached.
 *
 * `-- --cases N` and `-- --values N` ask for other numbers than those of the bars; `-- --only right,answers` for some parts
 * only (right, answers, mutants, goldens, fuzz); `-- --note` measures nothing and only notes on the page what is older than
 * the code.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JudgedAnswer } from './answers.ts';
import { bars, BARS, count } from './bars.ts';
import type { ChapterCard, Measured, Scorecard } from './card.ts';
import { fuzzHash } from './fuzz/blocks.ts';
import type { Block } from './fuzz/fuzz.ts';
import { hashesOf, olderIn } from './hashes.ts';
import { answers, goldens, mutants, right, robustness } from './measure.ts';
import type { Judged } from './mutation.ts';
import { CARD, CONTENT, content, page, PAGE, readCard } from './page.ts';
import { inParts } from './parts.ts';
import type { Soaked } from './soak.ts';
import { chapterOf } from './submit.ts';
import { ALL, chaptersIn, numberIn } from './words.ts';

const PARTS = ['right', 'answers', 'mutants', 'goldens', 'fuzz'] as const;
type Part = (typeof PARTS)[number];

const given = process.argv.slice(2);
const note = given.includes('--note');
const { value: cases, rest: withoutCases } = numberIn(given.filter((word) => word !== '--note'), '--cases', BARS.cases); // prettier-ignore
const { value: values, rest: withoutValues } = numberIn(withoutCases, '--values', BARS.values);
const { parts, rest } = partsIn(withoutValues);
const chapters = chaptersIn(rest);

function partsIn(words: readonly string[]): { parts: readonly Part[]; rest: string[] } {
  const at = words.indexOf('--only');
  // The fuzz is about the judge and no chapter: who asks for some chapters does not ask for it.
  if (at < 0) return { parts: PARTS.filter((p) => p !== 'fuzz' || words.length === 0), rest: [...words] };
  const asked = (words[at + 1] ?? '').split(',');
  const unknown = asked.find((word) => !PARTS.some((part) => part === word));
  if (unknown !== undefined) {
    console.error(`--only takes some of ${PARTS.join(', ')}, with commas between them; "${unknown}" is none of them.`);
    process.exit(2);
  }
  return {
    parts: PARTS.filter((part) => asked.includes(part)),
    rest: words.filter((_, i) => i !== at && i !== at + 1),
  };
}

const card: Scorecard = existsSync(CARD) ? readCard() : { chapters: {}, older: [] };

async function write(): Promise<void> {
  card.older = await olderIn(card);
  card.chapters = Object.fromEntries(ALL.flatMap((id) => (card.chapters[id] ? [[id, card.chapters[id]]] : [])));
  writeFileSync(CARD, `${JSON.stringify(card, null, 1)}\n`);
  writeFileSync(PAGE, page(card));
  writeFileSync(CONTENT, content(card));
}

const script = (name: string) => join(import.meta.dirname, name);
const began = performance.now();

/** Runs a command in parts, saying now and then how far it is. */
async function gather<T>(what: string, name: string, words: readonly string[]): Promise<T[]> {
  const found: T[] = [];
  const from = performance.now();
  const tell = () => process.stderr.write(`${clock()}  ${what}: ${count(found.length)}\n`);
  const timer = setInterval(tell, 15_000);
  try {
    await inParts<T>(script(name), words, (value) => found.push(value));
  } finally {
    clearInterval(timer);
  }
  process.stderr.write(`${clock()}  ${what}: ${count(found.length)}, in ${((performance.now() - from) / 1000).toFixed(0)} s\n`); // prettier-ignore
  return found;
}

function clock(): string {
  const seconds = Math.floor((performance.now() - began) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`.padStart(6);
}

if (!note) {
  const day = new Date().toISOString().slice(0, 10);
  for (const id of chapters) {
    const chapter = await chapterOf(id);
    const hashes = await hashesOf(id);
    const own: ChapterCard = {
      ...card.chapters[id],
      title: chapter.title,
      exercises: chapter.topics.flatMap((topic) => topic.exercises.map((e) => `${topic.name}/${e.name}`)),
    };
    card.chapters[id] = own;
    const measured = (section: keyof typeof hashes): Measured => ({ code: hashes[section], day });
    if (parts.includes('answers')) {
      const all = await gather<JudgedAnswer>(`${id}, wrong answers`, 'diagnosis-main.ts', [id]);
      own.answers = answers(inOrder(all, own.exercises), measured('answers'));
    }
    if (parts.includes('mutants')) {
      const all = await gather<Judged>(`${id}, mutants`, 'mutants-main.ts', [id]);
      own.mutants = await mutants(id, inOrder(all, own.exercises), measured('mutants'));
    }
    if (parts.includes('goldens')) own.goldens = await goldens(id, measured('goldens'));
    if (parts.includes('right')) {
      const all = await gather<Soaked>(`${id}, right answers`, 'soak-main.ts', [id, '--cases', String(cases)]);
      own.right = await right(id, all, measured('right'));
    }
    await write();
  }
  if (parts.includes('fuzz')) {
    const all = await gather<Block>('hostile values, in blocks', 'fuzz/main.ts', ['--values', String(values)]);
    card.robustness = robustness(all, { code: fuzzHash(), day });
  }
}
await write();

/** In the order of the exercises, however the processes shared the work. */
function inOrder<T extends { topic: string; exercise: string }>(all: readonly T[], exercises: readonly string[]): T[] {
  const rank = new Map(exercises.map((name, i) => [name, i]));
  const of = (x: T) => rank.get(`${x.topic}/${x.exercise}`) ?? exercises.length;
  const text = new Map(all.map((x) => [x, JSON.stringify(x)]));
  return [...all].sort((a, b) => of(a) - of(b) || (text.get(a)! < text.get(b)! ? -1 : 1));
}

if (note) {
  console.log(card.older.length === 0 ? 'Measured with the code that is here.' : `Older than the code: ${card.older.join(', ')}.`); // prettier-ignore
  process.exit(0);
}
let below = 0;
for (const { holds, asks, measured, where } of bars(card, chapters, parts.includes('fuzz') || rest.length === 0)) {
  if (holds === undefined) {
    console.log(`–  ${asks}: ${measured}`);
    continue;
  }
  console.log(`${holds ? '✓' : '✗'}  ${asks}: ${measured}`);
  if (holds) continue;
  below++;
  for (const text of where.slice(0, 20)) console.log(`     ${text}`);
  if (where.length > 20) console.log(`     … and ${where.length - 20} more, in SCORECARD.md`);
}
console.log(below === 0 ? '\nNo bar is missed.' : `\n${below} bars are missed.`);
process.exit(below === 0 ? 0 : 1);
