/** What a class came to: the spread of points, and the exercises and mistakes that cost most. */
import type { Verdict } from '../engine/report.ts';
import type { Book, Row } from './book.ts';
import type { Status } from './result.ts';

export interface ExerciseCost {
  id: string;
  name: string;
  topic: string;
  maxPoints: number;
  /** Of those graded, how many have all its points. */
  solved: number;
  /** How many began it. */
  started: number;
  /** Points lost by everybody together. */
  lost: number;
}

export interface MistakeCost {
  exercise: string;
  kind: 'misconception' | 'pattern';
  name: string;
  says: string;
  people: number;
  lost: number;
}

export interface ClassSummary {
  people: number;
  graded: number;
  statuses: Record<Status, number>;
  verdicts: Partial<Record<Verdict, number>>;
  /** Of those graded; null where nobody was. */
  mean: number | null;
  median: number | null;
  highest: number | null;
  lowest: number | null;
  /** Ten steps of the points, as equal as whole numbers allow; full marks stand by themselves. */
  distribution: { from: number; to: number; people: number }[];
  exercises: ExerciseCost[];
  mistakes: MistakeCost[];
  /** People whose files are the very same, byte for byte, and earned points. */
  identical: string[][];
}

export function summarise(book: Book): ClassSummary {
  const graded = book.rows.filter(({ status }) => status === 'graded');
  const points = graded.map((row) => row.points).sort((a, b) => a - b);
  const middle = points.length / 2;
  const statuses: Record<Status, number> = { graded: 0, ungradable: 0, missing: 0, 'grader-error': 0 };
  const verdicts: Partial<Record<Verdict, number>> = {};
  for (const row of book.rows) {
    statuses[row.status]++;
    verdicts[row.verdict] = (verdicts[row.verdict] ?? 0) + 1;
  }
  return {
    people: book.rows.length,
    graded: graded.length,
    statuses,
    verdicts,
    mean: points.length === 0 ? null : points.reduce((a, b) => a + b, 0) / points.length,
    median:
      points.length === 0
        ? null
        : points.length % 2
          ? points[Math.floor(middle)]!
          : (points[middle - 1]! + points[middle]!) / 2,
    highest: points.at(-1) ?? null,
    lowest: points[0] ?? null,
    distribution: steps(book.maxPoints).map(({ from, to }) => ({
      from,
      to,
      people: points.filter((p) => p >= from && p <= to).length,
    })),
    exercises: exerciseCosts(book, graded),
    mistakes: mistakeCosts(book, graded),
    identical: identical(graded),
  };
}

const steps = (most: number) =>
  Array.from({ length: 11 }, (_, i) => ({
    from: i === 10 ? most : Math.ceil((i * most) / 10),
    to: i === 10 ? most : Math.ceil(((i + 1) * most) / 10) - 1,
  })).filter(({ from, to }) => from <= to);

/** "0–3", "40" */
export const stepLabel = ({ from, to }: { from: number; to: number }): string =>
  from === to ? String(from) : `${from}–${to}`;

/** The exercise that cost most first. */
function exerciseCosts({ exercises }: Book, graded: readonly Row[]): ExerciseCost[] {
  return exercises
    .map(({ id, name, topic, maxPoints }) => {
      const cells = graded.flatMap((row) => row.cells.get(id) ?? []);
      return {
        id,
        name,
        topic,
        maxPoints,
        solved: cells.filter((cell) => cell.points === maxPoints).length,
        started: cells.filter((cell) => cell.started).length,
        lost: cells.reduce((sum, cell) => sum + maxPoints - cell.points, 0),
      };
    })
    .sort((a, b) => b.lost - a.lost);
}

function mistakeCosts({ exercises }: Book, graded: readonly Row[]): MistakeCost[] {
  const found = new Map<string, MistakeCost>();
  for (const { id, maxPoints } of exercises)
    for (const row of graded) {
      const cell = row.cells.get(id);
      if (!cell?.mistake) continue;
      const key = `${id}\0${cell.mistake.name}`;
      const cost = found.get(key) ?? { exercise: id, ...cell.mistake, people: 0, lost: 0 };
      cost.people++;
      cost.lost += maxPoints - cell.points;
      found.set(key, cost);
    }
  return [...found.values()].sort(
    (a, b) => b.lost - a.lost || b.people - a.people || (a.exercise < b.exercise ? -1 : 1),
  );
}

function identical(graded: readonly Row[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const { sha256, person, points } of graded)
    if (sha256 !== null && points > 0) groups.set(sha256, [...(groups.get(sha256) ?? []), person.id]);
  return [...groups.values()].filter((ids) => ids.length > 1);
}
