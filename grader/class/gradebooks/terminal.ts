/** The class on a terminal: how many, how far, and what cost most. */
import { styleFor, type Style } from '../../reports/colours.ts';
import { clean, count, fit, pad, widthOf, wrap } from '../../reports/wrap.ts';
import { listed } from '../../course/nearest.ts';
import type { Book, Row } from '../book.ts';
import { stepLabel, type ClassSummary } from '../summary.ts';

export interface SummaryOptions {
  width?: number;
  colour?: boolean;
  unicode?: boolean;
}

/** Lines of each list; the pages and tables have all of it. */
const MOST = 6;

export function renderSummary(book: Book, summary: ClassSummary, options: SummaryOptions = {}): string {
  const { width = 80, colour = false, unicode = true } = options;
  const style = styleFor(colour);
  const title = `${book.assignment} · ${book.title}`;
  const right = `${count(summary.people, 'person').replace('persons', 'people')}`;
  const lines = ['', style.bold(pad(fit(title, width - widthOf(right) - 2), width - widthOf(right))) + right, ''];
  lines.push(...statusLines(summary, width, style), '');
  if (summary.graded > 0) {
    lines.push(...distribution(book, summary, width, style), '');
    lines.push(...exercises(summary, width, style));
    lines.push(...mistakes(summary, width, style));
  }
  lines.push(...attention(book, summary, width, style));
  const text = lines.map((line) => line.trimEnd()).join('\n');
  return unicode ? text : text.replace(/[█·…]/g, (ch) => ({ '█': '#', '·': '-', '…': '~' })[ch]!);
}

function statusLines({ statuses, verdicts }: ClassSummary, width: number, style: Style): string[] {
  const parts = [
    `${statuses.graded} graded`,
    ...(statuses.missing > 0 ? [`${statuses.missing} handed in nothing`] : []),
    ...(statuses.ungradable > 0 ? [`${statuses.ungradable} cannot be graded`] : []),
    ...(statuses['grader-error'] > 0 ? [`${statuses['grader-error']} lost by the grader`] : []),
  ];
  const ends = (['timeout', 'oom', 'crash'] as const).flatMap((v) => (verdicts[v] ? [`${verdicts[v]} ${v}`] : []));
  return wrap(parts.join(', ') + (ends.length > 0 ? style.dim(`  (${ends.join(', ')})`) : ''), width);
}

function distribution(book: Book, summary: ClassSummary, width: number, style: Style): string[] {
  const { distribution: bins, mean, median, lowest, highest } = summary;
  const number = (x: number) => String(Math.round(x * 10) / 10);
  const most = Math.max(...bins.map((bin) => bin.people));
  const room = Math.min(40, width - 24);
  const head = `Points of ${book.maxPoints}: median ${number(median!)}, mean ${number(mean!)}, from ${lowest} to ${highest}`;
  const rows = bins.map((bin) => {
    const bar = bin.people === 0 ? '' : '█'.repeat(Math.max(1, Math.round((bin.people / most) * room)));
    return `  ${pad(stepLabel(bin), 9)}${style.green(bar)}${bin.people > 0 ? ` ${bin.people}` : ''}`;
  });
  return [...wrap(head, width), '', ...rows];
}

function exercises({ exercises: all, graded }: ClassSummary, width: number, style: Style): string[] {
  const costly = all.filter(({ lost }) => lost > 0).slice(0, MOST);
  if (costly.length === 0) return [];
  const names = costly.map(({ topic, name }) => `${topic}/${name}`);
  const nameWidth = Math.min(Math.max(...names.map(widthOf)), width - 40);
  return [
    style.bold('Exercises that cost most'),
    ...costly.map(
      ({ solved, started, lost }, i) =>
        `  ${pad(fit(names[i]!, nameWidth), nameWidth)}  ${String(lost).padStart(5)} points lost  ${style.dim(`${solved} of ${graded} have it${started < graded ? `, ${graded - started} not begun` : ''}`)}`,
    ),
    '',
  ];
}

function mistakes({ mistakes: all }: ClassSummary, width: number, style: Style): string[] {
  const costly = all.filter(({ kind }) => kind === 'misconception').slice(0, MOST);
  if (costly.length === 0) return [];
  return [
    style.bold('Mistakes that cost most'),
    ...costly.flatMap(({ exercise, name, people, lost }) => [
      ...wrap(`${clean(name)}`, width, `  ${pad(`${people}×`, 5)}`),
      style.dim(fit(`       ${exercise}, ${count(lost, 'point')} lost`, width)),
    ]),
    '',
  ];
}

/** Whom a person should look at. */
function attention(book: Book, { identical }: ClassSummary, width: number, style: Style): string[] {
  const odd = book.rows.filter(({ status }) => status === 'ungradable' || status === 'grader-error');
  const lines: string[] = [];
  const list = (title: string, rows: readonly Row[]) => {
    if (rows.length === 0) return;
    lines.push(style.bold(title));
    for (const { person, reason = '' } of rows.slice(0, 2 * MOST))
      lines.push(...wrap(`${clean(person.id)}: ${clean(reason)}`, width, '  ', '    '));
    if (rows.length > 2 * MOST) lines.push(style.dim(`  … and ${rows.length - 2 * MOST} more`));
    lines.push('');
  };
  list(
    'To be asked again',
    odd.filter(({ status }) => status === 'ungradable'),
  );
  list(
    'Lost by the grader (grade them again with --only)',
    odd.filter(({ status }) => status === 'grader-error'),
  );
  list(
    'Cut short',
    book.rows.filter(({ status, reason }) => status === 'graded' && reason !== undefined),
  );
  if (identical.length > 0) {
    lines.push(style.bold('The very same files'));
    for (const ids of identical.slice(0, MOST)) lines.push(...wrap(clean(listed(ids)), width, '  ', '    '));
    lines.push('');
  }
  if (book.strays.length > 0)
    lines.push(...wrap(`Nobody's submission: ${listed(book.strays.slice(0, 8).map(clean))}${book.strays.length > 8 ? ' …' : ''}`, width).map((t) => style.dim(t)), ''); // prettier-ignore
  return lines;
}
