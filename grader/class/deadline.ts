/** Deadlines and what being late costs. Points stay whole numbers, and every step of the sum is recorded. */
import { Refusal } from '../course/refusal.ts';

export interface LateRules {
  /** ISO 8601 with its time zone. */
  deadline: string;
  /** Seconds after the deadline that are forgiven. */
  grace: number;
  /** Percent of the points that each begun period costs. */
  percent: number;
  /** Seconds of a period; 0: any lateness costs the percentage once. */
  period: number;
  /** Seconds after the deadline from which a submission gets nothing; undefined: never. */
  cutoff?: number;
}

/** How late a submission was, and what it costs. */
export interface Lateness {
  /** The deadline that held for this person. */
  deadline: string;
  /** Seconds; 0 when in time; null when it is not known when it was handed in. */
  seconds: number | null;
  /** Percent of the points that are lost. */
  percent: number;
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, day: 86_400, hour: 3600, week: 604_800 };

/** "15m", "36h", "2d", "day" in seconds. */
export function parseDuration(text: string, flag: string): number {
  const [, number = '1', unit] = /^(\d+(?:\.\d+)?)?\s*(s|m|h|d|day|hour|week)s?$/i.exec(text.trim()) ?? [];
  if (unit === undefined) throw new Refusal(`--${flag}: "${text}" is no length of time.`, 'Write 15m, 36h or 2d.', 2);
  return Number(number) * UNITS[unit.toLowerCase()]!;
}

/** "10%/day", "5%/12h", "20%" (once). */
export function parseLate(text: string): { percent: number; period: number } {
  const [, percent, period] = /^(\d+(?:\.\d+)?)\s*%(?:\s*\/\s*(.+))?$/.exec(text.trim()) ?? [];
  if (percent === undefined || Number(percent) > 100)
    throw new Refusal(`--late: "${text}" is no rule.`, 'Write 10%/day, 5%/12h, or 20% for once and for all.', 2);
  return { percent: Number(percent), period: period === undefined ? 0 : parseDuration(period, 'late') };
}

/**
 * A moment, as ISO 8601 in UTC.
 * @param where how it is called in the message
 */
export function parseTime(text: string, where: string): string {
  const given = text.trim();
  const zoned = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})$/i.test(given);
  const time = zoned ? new Date(given.replace(' ', 'T').replace(/\s+/g, '')) : new Date(NaN);
  if (Number.isNaN(time.getTime()))
    throw new Refusal(
      `${where}: "${given}" is no moment that means the same everywhere.`,
      'Write date, time and time zone: 2026-11-20T23:59:00+08:00 or 2026-11-20T15:59:00Z.',
      2,
    );
  return time.toISOString();
}

/**
 * How late a submission is.
 * @param submittedAt when it was handed in, if that is known
 * @param extension a later deadline of this person's own
 */
export function lateness(rules: LateRules, submittedAt: string | undefined, extension?: string): Lateness {
  const deadline = extension ?? rules.deadline;
  if (submittedAt === undefined) return { deadline, seconds: null, percent: 0 };
  const seconds = Math.max(0, Math.ceil((Date.parse(submittedAt) - Date.parse(deadline)) / 1000));
  if (seconds <= rules.grace) return { deadline, seconds, percent: 0 };
  if (rules.cutoff !== undefined && seconds > rules.cutoff) return { deadline, seconds, percent: 100 };
  const periods = rules.period === 0 ? 1 : Math.ceil(seconds / rules.period);
  return { deadline, seconds, percent: Math.min(100, rules.percent * periods) };
}

/** The points that remain: rounded down to a whole number. */
export const afterLateness = (points: number, late: Lateness | undefined): number =>
  late ? Math.floor((points * (1e4 - Math.round(late.percent * 100))) / 1e4) : points;
