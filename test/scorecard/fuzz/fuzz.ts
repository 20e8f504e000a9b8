/**
 * What comes back from the sandbox, fuzzed: values that are, or only nearly are, the expected ones take the way that every
 * result takes (read out of the realm, carried between processes, decoded, judged) and must neither break the judge nor pass
 * for what they are not.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Check } from '../../../grader/engine/check.ts';
import {
  copy,
  gradeExercise,
  show,
  type Exercise,
  type Outcome,
  type Subject,
  type Value,
  type ValueRecord,
} from '../../../grader/engine/index.ts';
import { ROOT } from '../judge-hash.ts';
import { sheetOf, type Desk, type Sheet } from './desks.ts';
import { likeness, toPlain, type Likeness } from './expected.ts';
import type { Meaning } from './hostile.ts';
import { inChild, type Crossed, type Hostile } from './realm.ts';

/** Values of a block that one case of an exercise is given. */
const A_CASE = 40;
/** The longest text a judge may say: longer than any sentence of the course, shorter than a page. */
export const LONGEST = 4_000;
/** The largest report of an exercise, as JSON: what `show` leaves of a value, with room. */
export const LARGEST = 8_000_000;

/** What a block of values came to. */
export interface Block {
  /** `values`: one by one, each judged by a check. `grading`: as all results of a submission. `child`: by a real process. */
  kind: 'values' | 'grading' | 'child';
  block: number;
  values: number;
  /** Values that were the expected one, and taken; that were something else, and refused; that rounding decides. */
  taken: number;
  refused: number;
  near: number;
  /** Something else than expected, and taken. */
  wrongAccepts: string[];
  /** The expected value, and refused. */
  wrongRejects: string[];
  /** The judge threw, said too much, or was changed. */
  faults: string[];
}

const empty = (kind: Block['kind'], block: number): Block => ({
  kind,
  block,
  values: 0,
  taken: 0,
  refused: 0,
  near: 0,
  wrongAccepts: [],
  wrongRejects: [],
  faults: [],
});

/** Checks that compare a single result with the expected one. */
const compares = ({ kind, fixed, runs, next, call, of }: Check): boolean =>
  (kind === 'agrees' || kind === 'gradient') && !fixed && !runs && !next && !call && !of;

const asOutcome = (crossed: Crossed, fn: string): Outcome =>
  crossed.kind === 'value' ? crossed : { ...crossed, todo: false, fn };

/** A block of single values. */
export function values(hostile: Hostile, desks: readonly Desk[], block: number, count: number): Block {
  const found = empty('values', block);
  for (const { sheet, desk, seeds } of sheets(desks, block, count)) {
    for (const seed of seeds) {
      found.values++;
      const where = `${desk.id}, block ${block}, seed ${seed}`;
      try {
        const like = likeness(sheet.expected, JSON.parse(hostile.meaning(sheet.text, seed)) as Meaning);
        weigh(found, where, like, sheet, asOutcome(hostile.value(sheet.text, seed), sheet.exercise.name));
      } catch (error) {
        found.faults.push(`${where}: ${String((error as Error).stack).slice(0, 600)}`);
      }
    }
  }
  lookAround(found);
  return found;
}

function* sheets(desks: readonly Desk[], block: number, count: number) {
  for (let done = 0, i = 0; done < count; done += A_CASE, i++) {
    // Every exercise has its turn, in steps that have no factor in common with their number.
    const desk = desks[(block * 131 + i * 37) % desks.length]!;
    const seeds = Array.from({ length: Math.min(A_CASE, count - done) }, (_, k) => block * count + done + k + 1);
    yield { desk, sheet: sheetOf(desk, block * 1_000 + i), seeds };
  }
}

/** Has every check of the exercise that can judge a single result judge this one. */
function weigh(found: Block, where: string, like: Likeness, { inputs, exercise }: Sheet, outcome: Outcome): void {
  let taken: boolean | undefined;
  for (const check of exercise.checks) {
    if (check.next || check.fixed || check.of || (check.where && !check.where(inputs, exercise))) continue;
    const runs = check.runs?.(inputs, exercise) ?? [inputs];
    // What is thrown never comes before a judge that has not asked for it.
    if (outcome.kind !== 'value' && !check.wantsError && !check.judgesErrors) {
      taken ??= false;
      continue;
    }
    const said = check.judge(
      copy(inputs),
      runs.map(() => withArguments(outcome, check, inputs, exercise)),
      exercise,
    );
    if (compares(check)) taken = said === undefined;
    const texts = said ? [said.sentence, ...(said.facts ?? [])] : [];
    if (texts.some((text) => typeof text !== 'string' || text.length > LONGEST))
      found.faults.push(`${where}: ${check.id} says ${Math.max(...texts.map((t) => t.length))} characters`);
    for (const mismatch of said?.mismatches ?? []) {
      const size = JSON.stringify([show(mismatch.got), mismatch.name]).length;
      if (size > LARGEST) found.faults.push(`${where}: ${check.id} shows ${size} characters`);
    }
  }
  if (taken === undefined) {
    // Nothing here compares a single result: the other checks only had to live.
    found.refused++;
    return;
  }
  note(found, where, like, taken);
}

const withArguments = (outcome: Outcome, check: Check, inputs: ValueRecord, exercise: Exercise): Outcome =>
  outcome.kind === 'value' && check.echo
    ? { ...outcome, argsAfter: exercise.parameters.map(() => outcome.value) }
    : outcome;

function note(found: Block, where: string, like: Likeness, taken: boolean): void {
  if (like === 'near') found.near++;
  else if (taken && like === 'equal') found.taken++;
  else if (!taken && like === 'different') found.refused++;
  else if (taken) found.wrongAccepts.push(where);
  else found.wrongRejects.push(where);
}

/** What was read has left the judge's own language as it was. */
function lookAround(found: Block): void {
  const added = [Object.prototype, Array.prototype, Function.prototype].flatMap((p) => Object.keys(p));
  if (added.length > 0)
    found.faults.push(`block ${found.block}: the judge's own prototypes have got ${added.join(', ')}`);
}

const schema = JSON.parse(readFileSync(join(ROOT, 'grader/engine/report.schema.json'), 'utf8')) as {
  $id: string;
  $defs: Record<string, object>;
};
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addSchema(schema);
const isReport = ajv.compile({ $ref: `${schema.$id}#/$defs/exercise` });

/** One submission whose every result is hostile, graded as a whole: drawn, judged, shrunk, diagnosed, reported. */
export async function grading(hostile: Hostile, desks: readonly Desk[], block: number): Promise<Block> {
  const found = empty('grading', block);
  const { id, exercise } = desks[(block * 101) % desks.length]!;
  const main = exercise.checks[0]!;
  let during: Check | undefined;
  let different = 0;
  // One in two makes the same mistake everywhere: so it has a smallest case, and patterns to be found.
  const steady = block % 2 === 1;
  let seed = block * 100_000;
  const subject: Subject = {
    loaded: { kind: 'loaded', exports: { [exercise.name]: 'function' } },
    standIns: false,
    async *call(asked, inputs, { echo }) {
      for (const given of inputs) {
        found.values++;
        if (!steady) seed++;
        const expected = expectedOf(asked, given);
        const text = JSON.stringify(toPlain(expected));
        if (during === main && likeness(expected, JSON.parse(hostile.meaning(text, seed)) as Meaning) === 'different')
          different++;
        const outcome = asOutcome(hostile.value(text, seed), asked.name);
        yield outcome.kind === 'value' && echo
          ? { ...outcome, argsAfter: asked.parameters.map((name) => copy(given[name])) }
          : outcome;
      }
    },
  };
  const where = `${id}, grading ${block}`;
  try {
    const report = await gradeExercise(exercise, id, subject, { seed: block, onCheck: (_, check) => (during = check) });
    const wrong = different > 0 && compares(main);
    if (report.points > 0 && wrong && report.checks[0]!.verdict === 'pass') found.wrongAccepts.push(where);
    else if (report.verdict === 'pass') found.taken += found.values;
    else found.refused += found.values;
    const json = JSON.stringify(report);
    if (json.length > LARGEST) found.faults.push(`${where}: a report of ${json.length} characters`);
    if (!isReport(JSON.parse(json))) found.faults.push(`${where}: ${ajv.errorsText(isReport.errors)}`);
    const { failure } = report;
    const texts = [failure?.sentence, failure?.diagnosis?.says, failure?.problem?.message, ...(failure?.facts ?? []), ...report.notes]; // prettier-ignore
    const longest = Math.max(0, ...texts.map((text) => text?.length ?? 0));
    if (longest > LONGEST) found.faults.push(`${where}: a text of ${longest} characters`);
  } catch (error) {
    found.faults.push(`${where}: ${String((error as Error).stack).slice(0, 600)}`);
  }
  lookAround(found);
  return found;
}

/** A bad input (an example that must be rejected) has no expected value, or none that is plain data. */
function expectedOf(exercise: Exercise, inputs: ValueRecord): Value {
  try {
    const expected = exercise.oracle(copy(inputs));
    toPlain(expected);
    return expected;
  } catch {
    return undefined;
  }
}

/** A block of single values that a real child process gives back. */
export async function throughChild(
  hostile: Hostile,
  desks: readonly Desk[],
  block: number,
  count: number,
): Promise<Block> {
  const found = empty('child', block);
  const sandbox = await inChild();
  try {
    for (const { sheet, desk, seeds } of sheets(desks, block, count)) {
      const programs = seeds.flatMap((seed) => [
        [{ fn: 'hostile', args: [sheet.text, seed] }],
        [{ fn: 'clean', args: [] }],
      ]);
      for (let at = 0; at < programs.length;) {
        for await (const outcome of sandbox.run(programs.slice(at))) {
          const [index, isValue] = [at >> 1, at % 2 === 0];
          at++;
          if (!isValue) continue;
          found.values++;
          const seed = seeds[index]!;
          const where = `${desk.id}, child block ${block}, seed ${seed}`;
          try {
            const like = likeness(sheet.expected, JSON.parse(hostile.meaning(sheet.text, seed)) as Meaning);
            // A value that takes too long to make or to read ends the child; the next one is asked in a new one.
            if (outcome.kind === 'value' || outcome.kind === 'error') weigh(found, where, like, sheet, outcome);
            else if (outcome.kind === 'crash') found.faults.push(`${where}: ${outcome.detail}`);
            else if (like === 'equal') found.wrongRejects.push(`${where}: ${outcome.kind}`);
            else found.refused++;
          } catch (error) {
            found.faults.push(`${where}: ${String((error as Error).stack).slice(0, 600)}`);
          }
        }
      }
    }
  } finally {
    await sandbox.close();
  }
  lookAround(found);
  return found;
}
