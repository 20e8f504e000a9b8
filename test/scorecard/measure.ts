/** From what the commands find to the parts of the scorecard. */
import type { Topic } from '../../grader/engine/index.ts';
import { GOLDENS } from '../goldens/index.ts';
import { exerciseOf, oracleDiffers, solutionDiffers, sourceOf, tells } from '../goldens/verdicts.ts';
import { diagnosed, type JudgedAnswer } from './answers.ts';
import type { Answers, ExerciseAnswers, Goldens, Large, Measured, Mutants, Right, Robustness } from './card.ts';
import type { Smaller } from './counterexample.ts';
import { equivalentsOf, sorted } from './equivalents.ts';
import type { Block } from './fuzz/fuzz.ts';
import { summed } from './fuzz/summed.ts';
import type { Judged } from './mutation.ts';
import { filesOf, SOURCES, type Soaked } from './soak.ts';
import { chapterOf } from './submit.ts';

const at = ({ topic, exercise }: { topic: string; exercise: string }) => `${topic}/${exercise}`;
/** A text that can stand in a line of a table. */
const line = (text: string) => text.replace(/\s+/g, ' ').trim();

export async function right(chapterId: string, soaked: readonly Soaked[], measured: Measured): Promise<Right> {
  const { folder, topics } = await chapterOf(chapterId);
  const others = filesOf('test/alternatives', folder, topics);
  return {
    ...measured,
    topics: topics.length,
    alone: topics.filter((topic: Topic) => !others.includes(topic)).map(({ name }) => name),
    sources: SOURCES.map((source) => {
      const own = soaked.filter((s) => s.source === source);
      const files = new Set(own.map((s) => s.topic)).size;
      return { source, files, cases: own.reduce((n, s) => n + s.cases, 0) };
    }).filter(({ files }) => files > 0),
    rejected: soaked.flatMap(({ source, topic, seed, rejected }) =>
      rejected.map((r) => line(`${topic}/${r.name} of ${source}, seed ${seed}: ${r.failure?.sentence ?? r.verdict}`)),
    ),
  };
}

const nobody = (): ExerciseAnswers => ({
  misconceptions: { total: 0, rejected: 0, named: 0 },
  inBank: { total: 0, named: 0, wronglyNamed: 0, accepted: 0 },
  others: { total: 0, pattern: 0, place: 0, silent: 0, wronglyNamed: 0, accepted: 0 },
  sizes: [],
});

const decided = (smaller: Smaller): string =>
  smaller.kind === 'found'
    ? `one of ${smaller.size.entries} entries, ${smaller.size.largest} in its largest, fails, too`
    : smaller.kind === 'none exists'
      ? 'the exercise has no smaller input'
      : `of ${smaller.tried} smaller inputs none fails`;

export function answers(all: readonly JudgedAnswer[], measured: Measured): Answers {
  const exercises: Record<string, ExerciseAnswers> = {};
  const found: Answers = {
    ...measured,
    exercises,
    notes: { total: 0, rejected: 0, named: 0 },
    accepted: [],
    wronglyNamed: [],
    notNamed: [],
    unfit: [],
    large: [],
  };
  for (const answer of all) {
    const { kind, mistake, unfit, shown, causes, diagnosis } = answer;
    const said = line(`${at(answer)}: ${mistake}`);
    const own = (exercises[at(answer)] ??= nobody());
    if (unfit !== undefined) {
      found.unfit.push(`${said} (${line(unfit)})`);
      continue;
    }
    if (shown) own.sizes.push(shown.entries);
    if (shown?.smaller) {
      const { entries, largest, smaller } = shown;
      const large: Large = { exercise: at(answer), kind, mistake: line(mistake), entries, largest, smaller: decided(smaller), found: smaller.kind === 'found' }; // prettier-ignore
      found.large.push(large);
    }
    if (kind === 'mutant') continue;
    const how = diagnosed(answer);
    const named = how === 'named';
    if (kind === 'misconception' || kind === 'notes') {
      const tally = kind === 'notes' ? found.notes : own.misconceptions;
      tally.total++;
      if (how !== 'accepted') tally.rejected++;
      if (named) tally.named++;
      continue;
    }
    const tally = causes.length > 0 ? own.inBank : own.others;
    tally.total++;
    if (how === 'accepted') {
      tally.accepted++;
      found.accepted.push(said);
    } else if (how === 'wrongly named') {
      tally.wronglyNamed++;
      found.wronglyNamed.push(`${said} → “${diagnosis!.name}”`);
    } else if (causes.length === 0) own.others[how as 'pattern' | 'place' | 'silent']++;
    else if (named) own.inBank.named++;
    else found.notNamed.push(`${said} (${how})`);
  }
  return found;
}

export async function mutants(chapterId: string, all: readonly Judged[], measured: Measured): Promise<Mutants> {
  const { killed, equivalent, surviving, stale } = sorted(all, await equivalentsOf(chapterId));
  const exercises: Mutants['exercises'] = {};
  const of = (m: Judged) => (exercises[at(m)] ??= { total: 0, rejected: 0, equivalent: 0, surviving: 0 });
  const verdicts: Record<string, number> = {};
  const reasons: Record<string, number> = {};
  for (const m of killed) {
    of(m).rejected++;
    verdicts[m.verdict] = (verdicts[m.verdict] ?? 0) + 1;
  }
  for (const { mutant, record } of equivalent) {
    of(mutant).equivalent++;
    reasons[record.reason] = (reasons[record.reason] ?? 0) + 1;
  }
  for (const m of surviving) of(m).surviving++;
  for (const m of all) of(m).total++;
  return {
    ...measured,
    exercises,
    reasons,
    verdicts,
    surviving: surviving.map((m) => line(`${at(m)}, line ${m.line}: ${m.operator}: ${m.before} → ${m.after}`)),
    stale: stale.map(({ record: r }) => line(`${at(r)}: recorded as equivalent, and is not: ${r.before} → ${r.after}`)),
  };
}

export async function goldens(chapterId: string, measured: Measured): Promise<Goldens> {
  const found: Goldens = { ...measured, exercises: {}, disagree: [], pairs: 0, told: 0, blind: [], seenByNone: 0 };
  const seen = new Map<string, Set<string>>();
  const all = new Map<string, string[]>();
  for (const golden of GOLDENS.filter((g) => g.exercise.startsWith(`${chapterId}/`))) {
    const { topic, exercise } = await exerciseOf(golden);
    const name = at({ topic: topic.name, exercise: exercise.name });
    const title = `${name}: ${sourceOf(golden)}’s ${golden.name}`;
    found.exercises[name] = (found.exercises[name] ?? 0) + 1;
    if ((await oracleDiffers(golden)).length > 0) found.disagree.push(`${title}, the oracle`);
    if ((await solutionDiffers(golden)).length > 0) found.disagree.push(`${title}, the solution`);
    const misconceptions = Object.keys(exercise.misconceptions);
    all.set(name, misconceptions);
    if (!seen.has(name)) seen.set(name, new Set());
    for (const misconception of misconceptions) {
      found.pairs++;
      const why = golden.blind?.[misconception];
      if (tells(golden, exercise, misconception)) {
        found.told++;
        seen.get(name)!.add(misconception);
      } else if (why !== undefined) found.blind.push({ golden: title, misconception, why });
    }
  }
  for (const [name, misconceptions] of all)
    found.seenByNone += misconceptions.filter((m) => !seen.get(name)!.has(m)).length;
  return found;
}

export const robustness = (blocks: readonly Block[], measured: Measured): Robustness => ({
  ...measured,
  ...summed(blocks),
});
