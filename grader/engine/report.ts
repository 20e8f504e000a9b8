/**
 * The report: the one value that grading yields. Everything printed or exported is a view of it.
 * Its JSON schema is `report.schema.json` beside this file.
 */
import { Tensor } from '#tensor';
import type { Place } from './sandbox.ts';
import { formula } from './functions.ts';
import { isRecord, NamedFunction, Odd, type Value } from './value.ts';

export const REPORT_SCHEMA = 'deep-learning-by-hand/report/1';

/** How a check or an exercise ended. `not-run`: not started, or an earlier step made it meaningless. */
export type Verdict = 'pass' | 'fail' | 'error' | 'timeout' | 'oom' | 'crash' | 'inconclusive' | 'not-run';

/** A value as JSON: numbers with six significant digits, non-finite ones as strings. */
export type Shown =
  | number
  | string
  | boolean
  | null
  | { tensor: { shape: number[]; data: (number | string)[] } }
  | { bytes: number[] }
  | { odd: string }
  | { text: string }
  | { list: Shown[] }
  | { record: Record<string, Shown> };

export interface Report {
  schema: typeof REPORT_SCHEMA;
  /** What was asked for: `chapter-1`, `chapter-1/perceptron` or `chapter-1/perceptron/predict`. */
  assignment: string;
  seed: number;
  /** Where the student's code ran. */
  isolation: string;
  points: number;
  maxPoints: number;
  topics: TopicReport[];
  /** Milliseconds; not part of the canonical report. */
  ms?: number;
}

export interface TopicReport {
  /** `chapter-1/perceptron` */
  id: string;
  /** Path of the student's file below the folder of chapters. */
  file: string;
  title: string;
  points: number;
  maxPoints: number;
  /** Why the file could not be loaded; its exercises are then `error`, `timeout`, … */
  load?: Problem;
  /** Printed while the file was loaded. */
  console?: string;
  exercises: ExerciseReport[];
}

export interface ExerciseReport {
  /** `chapter-1/perceptron/predict` */
  id: string;
  /** The exported function. */
  name: string;
  points: number;
  maxPoints: number;
  verdict: Verdict;
  /** False while the stub is untouched. */
  started: boolean;
  checks: CheckReport[];
  failure?: Failure;
  /** Remarks on how it was graded, and on what to mend first: "graded with the course's own forward". */
  notes: string[];
  /** How many hints there are. */
  hints: number;
  /** What the student's code printed while this exercise was graded, capped. */
  console?: string;
}

export interface CheckReport {
  id: string;
  /** What it asks, as the end of a sentence: "agrees with the definition". */
  sentence: string;
  verdict: Verdict;
  points: number;
  maxPoints: number;
  cases: number;
  visibility: 'visible' | 'hidden';
}

/** What went wrong, ready to be shown. */
export interface Failure {
  /** The check's id. */
  check: string;
  /** In one sentence: "the gradient of k is wrong". */
  sentence: string;
  /** The smallest failing inputs. */
  inputs: { name: string; value: Shown }[];
  /** Results that differ; empty when there is nothing to compare. */
  outputs: ShownOutput[];
  /** Plain observations: "every entry is twice too large". */
  facts: string[];
  diagnosis?: Diagnosis;
  problem?: Problem;
  /** Give these to `--seed` and `--case` to see this very input again. */
  replay: { seed: number; case?: string };
}

export interface ShownOutput {
  /** Name of the result, "" for the whole. */
  name: string;
  /** Absent where there is no single right value (a law), or where it must stay hidden. */
  expected?: Shown;
  got: Shown;
  /** Flat positions (row-major) of the entries that are wrong. */
  wrong: number[];
}

/** Named misconceptions win; else a pattern in the numbers. */
export interface Diagnosis {
  kind: 'misconception' | 'pattern';
  name: string;
  says: string;
}

/** An error, timeout or crash. */
export interface Problem {
  verdict: Verdict;
  message: string;
  at?: Place;
}

function shownNumber(x: number): number | string {
  if (!Number.isFinite(x)) return String(x);
  const short = Number(x.toPrecision(6));
  return short === 0 ? 0 : short;
}

/** How many numbers, texts and lists a shown value may have: nobody reads more, and a report stays small. */
const SHOWN = 4096;
/** How many characters all texts and names in a shown value may have together. */
const SHOWN_LETTERS = 50_000;
/** Longest text shown: a string, a name, the message of an error. */
const SHOWN_TEXT = 500;
/** Longest sentence of the grader's own, which may quote what a student has named or returned. */
const SHOWN_SENTENCE = 1_000;
/** Longest line of a student's file that is shown with a place in it. */
const SHOWN_LINE = 2_000;

/** A text cut to a length that can be read. */
export const shortened = (text: string, most = SHOWN_TEXT): string =>
  text.length > most ? `${text.slice(0, most)}…` : text;

/** As {@link shortened}, for a whole sentence. */
export const sentenceOf = (text: string): string => shortened(text, SHOWN_SENTENCE);

/** A problem of a length that can be read; where a line of the file is longer, its number has to do. */
export function problemFor({ verdict, message, at }: Problem): Problem {
  const long = (at?.text?.length ?? 0) > SHOWN_LINE;
  return {
    verdict,
    message: sentenceOf(message),
    ...(at && { at: long ? { file: at.file, line: at.line, column: at.column } : at }),
  };
}

/** A value for the report; what is beyond some thousand entries is left out. */
export function show(value: Value): Shown {
  return shown(value, { left: SHOWN, letters: SHOWN_LETTERS });
}

function shown(value: Value, room: { left: number; letters: number }): Shown {
  room.left--;
  const take = (n: number) => {
    const most = Math.max(0, Math.min(n, room.left));
    room.left -= most;
    return most;
  };
  const inside = <T, R>(items: readonly T[], f: (item: T) => R): R[] => {
    const out: R[] = [];
    for (const item of items) {
      if (room.left <= 0 || room.letters <= 0) break;
      out.push(f(item));
    }
    return out;
  };
  const text = (whole: string): string => {
    const short = shortened(whole);
    room.letters -= short.length;
    return short;
  };
  if (value === undefined) return { odd: 'undefined' };
  if (value === null) return null;
  if (typeof value === 'number') return shownNumber(value);
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return { text: text(value) };
  if (value instanceof Odd) return { odd: value.what };
  if (value instanceof NamedFunction) return { odd: formula(value) };
  if (value instanceof Tensor)
    return {
      tensor: { shape: [...value.shape], data: Array.from(value.data.subarray(0, take(value.size)), shownNumber) },
    };
  if (value instanceof Uint8Array) return { bytes: Array.from(value.subarray(0, take(value.length))) };
  if (Array.isArray(value)) return { list: inside(value, (v) => shown(v, room)) };
  if (isRecord(value))
    return { record: Object.fromEntries(inside(Object.entries(value), ([k, v]) => [text(k), shown(v, room)])) };
  return { odd: 'something unknown' };
}

/** The report without times, console text and stack places' source text: the same on every machine for a file and seed. */
export function canonical(report: Report): Report {
  const clean = <T extends object>(x: T, ...drop: string[]): T =>
    Object.fromEntries(Object.entries(x).filter(([k]) => !drop.includes(k))) as T;
  return {
    ...clean(report, 'ms'),
    topics: report.topics.map((t) => ({
      ...clean(t, 'console'),
      exercises: t.exercises.map((e) => clean(e, 'console')),
    })),
  };
}

/** Points, summed. */
export const total = (parts: readonly { points: number; maxPoints: number }[]) => ({
  points: parts.reduce((sum, p) => sum + p.points, 0),
  maxPoints: parts.reduce((sum, p) => sum + p.maxPoints, 0),
});
