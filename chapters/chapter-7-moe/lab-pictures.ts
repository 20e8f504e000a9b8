/** What the lab of chapter 7 draws: who works on what while the router learns, and a letter as each model turns it. */
import { label, picture, short } from '../chapter-5-transformer/lab-pictures.ts';

/** A training seen from the router: at some moments the share of each task's tokens that each expert got. */
export interface Routing {
  name: string;
  /** (moments, tasks, E), each from 0 to 1 */
  shares: number[][][];
}

/** For each training a column of fields, one for each task: a row for each expert, time from left to right, dark for 1. */
export function routingSvg(
  id: string,
  title: string,
  story: string,
  runs: Routing[],
  { tasks, steps }: { tasks: string[]; steps: number },
): string {
  const experts = runs[0].shares[0][0].length;
  const [left, top, wide, row, gap] = [90, 50, 260, 14, 16];
  const high = experts * row;
  const body = runs.flatMap(({ name, shares }, r) => {
    const x = left + r * (wide + 40);
    const w = wide / shares.length;
    const fields = tasks.flatMap((task, k) => {
      const y = top + k * (high + gap);
      const cells = shares.flatMap((moment, m) =>
        moment[k].flatMap((v, e) =>
          v < 0.02
            ? []
            : `<rect class="cell" x="${short(x + m * w)}" y="${y + e * row}" width="${short(w)}" height="${row}" fill-opacity="${v.toFixed(2)}"/>`,
        ),
      );
      const names = r > 0 ? [] : [label(left - 30, y + high / 2 + 4, task, 'end')];
      const numbers = r > 0 ? [] : Array.from({ length: experts }, (_, e) => label(left - 10, y + (e + 0.5) * row + 4, String(e))); // prettier-ignore
      return [...cells, `<rect class="frame" x="${x}" y="${y}" width="${wide}" height="${high}"/>`, ...names, ...numbers]; // prettier-ignore
    });
    const bottom = top + tasks.length * (high + gap);
    return [
      label(x, top - 22, name, 'start'),
      ...fields,
      ...[0, 0.5, 1].map((part) => label(x + part * wide, bottom + 6, String(Math.round(part * steps)))),
      label(x + wide / 2, bottom + 24, 'step'),
    ];
  });
  return picture(left + runs.length * (wide + 40), top + tasks.length * (high + gap) + 36, id, title, story, body);
}

/** The same in letters: a line for each task and expert. */
export function routingText({ shares }: Routing, tasks: string[]): string {
  const SHADES = ' .:-=+*#%@';
  const widest = Math.max(...tasks.map((task) => task.length));
  return tasks
    .map((task, k) =>
      shares[0][k]
        .map((_, e) => {
          const line = shares.map((moment) => SHADES[Math.round(9 * moment[k][e])]).join('');
          return `${(e === 0 ? task : '').padEnd(widest)}  ${e} |${line}|`;
        })
        .join('\n'),
    )
    .join('\n\n');
}

type Point = [number, number];

/** The letter F, upright, as one line that is drawn without lifting the pen. */
export const LETTER: Point[] = [[-0.4, -0.7], [-0.4, 0.7], [0.5, 0.7], [-0.4, 0.7], [-0.4, 0.1], [0.3, 0.1]]; // prettier-ignore

/** Points along a line, near one another. */
export function along(line: Point[], every = 0.1): Point[] {
  const parts = line.slice(1).flatMap(([u, v], i): Point[] => {
    const [a, b] = line[i];
    const pieces = Math.max(1, Math.round(Math.hypot(u - a, v - b) / every));
    return Array.from({ length: pieces }, (_, n) => [a + ((u - a) * n) / pieces, b + ((v - b) * n) / pieces]);
  });
  return [...parts, line[line.length - 1]];
}

/** A letter for each model (down) and task (across): pale as it should be, and as the model has it. */
export function lettersSvg(
  id: string,
  title: string,
  story: string,
  tasks: string[],
  truth: Point[][],
  models: { name: string; letters: Point[][] }[],
): string {
  const [left, top, size] = [150, 36, 110];
  const line = (points: Point[], column: number, row: number) =>
    `M${points
      .map(
        ([u, v]) =>
          `${short(left + size * (column + 0.5) + (u * size) / 2.8)} ${short(top + size * (row + 0.5) - (v * size) / 2.8)}`,
      )
      .join('L')}`;
  const body = [
    ...tasks.map((task, k) => label(left + (k + 0.5) * size, 22, task)),
    ...models.flatMap(({ name, letters }, row) => [
      label(left - 12, top + (row + 0.5) * size + 4, name, 'end'),
      ...letters.flatMap((letter, k) => [
        `<path class="path p0" style="stroke-width:9;stroke-opacity:0.25" d="${line(truth[k], k, row)}"/>`,
        `<path class="path p1" style="stroke-dasharray:none" d="${line(letter, k, row)}"/>`,
      ]),
    ]),
  ];
  return picture(left + tasks.length * size + 10, top + models.length * size + 10, id, title, story, body);
}
