/**
 * From wrong numbers to a cause. A misconception is named only when it reproduces the student's numbers in several cases
 * and no other does; otherwise a generic pattern, otherwise nothing. It is better to say nothing than something wrong.
 */
import { close, compare, EXACT } from './compare.ts';
import type { Exercise } from './exercise.ts';
import { findPattern, pick, type Sample } from './patterns.ts';
import type { Diagnosis } from './report.ts';
import { copy, identical, scalars, type Value, type ValueRecord } from './value.ts';

/** Cases a misconception must explain before it is named. */
const SEVERAL = 2;

/** Equal for the purpose of recognising code: both may hold the same NaN. */
function alike(a: Value, b: Value): boolean {
  const [x, y] = [scalars(a), scalars(b)];
  if (x.length !== y.length) return false;
  if (x.length === 0) return identical(a, b);
  const size = Math.max(0, ...x.filter(Number.isFinite).map(Math.abs));
  if (!sameForm(a, b)) return false;
  return x.every((v, i) => Object.is(v, y[i]!) || v === y[i] || Math.abs(v - y[i]!) <= 1e-9 * Math.max(size, 1e-6));
}

/** Same types and shapes: an infinite tolerance leaves only those (and NaN, which is compared as numbers above). */
function sameForm(a: Value, b: Value): boolean {
  return compare(a, b, () => Infinity).every((m) => m.kind === 'value' || m.kind === 'nonfinite');
}

/** Names of the results that visibly differ: by more than rounding, measured against the largest number of the result. */
function differing(expected: Value, got: Value): string[] {
  return compare(expected, got, EXACT)
    .filter((m) => {
      if (m.kind !== 'value') return true;
      const [want, have] = [scalars(m.expected), scalars(m.got)];
      const size = want.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1);
      return want.length === 0 || !want.every((x, i) => close(x, have[i]!, 1e-9 * size));
    })
    .map((m) => m.name);
}

/** Names of the results that differ from the expected ones in any sample. */
function wrongNames(samples: readonly Sample[]): string[] {
  const returned = samples.filter((s) => s.threw === undefined);
  return [...new Set(returned.flatMap((s) => differing(s.expected, s.got)))];
}

/**
 * The cause of wrong results.
 *
 * @param samples unshrunk cases and fixed discriminating ones, right and wrong alike: a cause must explain all of them
 * @param shown the case that is shown with the cause: a pattern must speak of a result that is wrong there
 */
export function diagnose(exercise: Exercise, samples: readonly Sample[], shown?: Sample): Diagnosis | undefined {
  const wrong = wrongNames(samples);
  if (wrong.length === 0 && samples.every((s) => s.threw === undefined)) return undefined;
  const visible = shown && wrongNames([shown]);
  const named = nameMisconception(exercise, samples, wrong);
  if (named) return named;
  const about = visible ? visible[0] : wrong[0];
  return about === undefined ? undefined : findPattern(about, samples, shown);
}

function nameMisconception(
  exercise: Exercise,
  samples: readonly Sample[],
  wrong: readonly string[],
): Diagnosis | undefined {
  const matches = Object.entries(exercise.misconceptions).flatMap(([name, { wrong: wrongly, says }]) => {
    const explained = explains(wrongly, samples, wrong);
    return explained ? [{ name, says, ...explained }] : [];
  });
  // One that explains every wrong result beats one that explains some of them.
  const full = matches.filter((m) => m.whole);
  const best = full.length > 0 ? full : matches;
  if (best.length === 1) return { kind: 'misconception', name: best[0]!.name, says: best[0]!.says };
  return undefined;
}

/**
 * Whether a wrong implementation gives the student's numbers wherever it speaks: in every sample, for every result that it
 * gets wrong. `whole` when that covers every result the student gets wrong.
 */
function explains(
  wrongly: (inputs: ValueRecord) => Value,
  samples: readonly Sample[],
  wrong: readonly string[],
): { whole: boolean } | undefined {
  const results: ({ value: Value } | { threw: string })[] = [];
  const touches = new Set<string>();
  let telling = 0;
  let inNumbers = 0;
  for (const s of samples) {
    const result = attempt(wrongly, s.inputs);
    const names = 'value' in result ? differing(s.expected, result.value) : [];
    // Most are refuted by the first sample they speak of; the rest of the samples need not be computed.
    if ('value' in result ? s.threw !== undefined : s.threw === undefined) return undefined;
    if ('value' in result && names.some((n) => !alike(pick(result.value, n), pick(s.got, n)))) return undefined;
    results.push(result);
    if (names.length > 0) inNumbers++;
    if (names.length > 0 || 'threw' in result) telling++;
    for (const n of names) touches.add(n);
  }
  // What an error says depends on who noticed first, so where enough numbers agree it is enough that both throw.
  const sameError = inNumbers < SEVERAL;
  if (telling < Math.min(SEVERAL, samples.length)) return undefined;
  const matches = samples.every((s, i) => {
    const result = results[i]!;
    if ('threw' in result) return sameError ? s.threw === result.threw : s.threw !== undefined;
    return s.threw === undefined && [...touches].every((n) => alike(pick(result.value, n), pick(s.got, n)));
  });
  return matches ? { whole: wrong.every((n) => touches.has(n)) } : undefined;
}

function attempt(f: (inputs: ValueRecord) => Value, inputs: ValueRecord): { value: Value } | { threw: string } {
  try {
    return { value: f(copy(inputs)) };
  } catch (error) {
    return { threw: String((error as Error).message) };
  }
}

/** The exercise without the misconceptions that give wrong results where the student's were right. */
export function withoutRefuted(
  exercise: Exercise,
  passed: readonly ValueRecord[],
  expected: (inputs: ValueRecord, got: Value) => Value,
): Exercise {
  const possible = Object.entries(exercise.misconceptions).filter(([, { wrong }]) =>
    passed.every((inputs) => {
      try {
        const got = wrong(copy(inputs));
        return differing(expected(inputs, got), got).length === 0;
      } catch {
        return false;
      }
    }),
  );
  return { ...exercise, misconceptions: Object.fromEntries(possible) };
}

/**
 * For results of which only the form can be judged (a law): which misconception returns just this?
 *
 * @param reads what of a result to look at (`Check.reads`)
 */
export function recognise(
  exercise: Exercise,
  seen: readonly { inputs: ValueRecord; got: Value }[],
  reads: (got: Value, inputs: ValueRecord) => Value = (got) => got,
): Diagnosis | undefined {
  const matches = Object.entries(exercise.misconceptions).filter(([, { wrong }]) =>
    seen.every(({ inputs, got }) => {
      try {
        return alike(reads(wrong(copy(inputs)), inputs), reads(got, inputs));
      } catch {
        return false;
      }
    }),
  );
  if (matches.length !== 1 || seen.length === 0) return undefined;
  const [name, { says }] = matches[0]!;
  return { kind: 'misconception', name, says };
}
