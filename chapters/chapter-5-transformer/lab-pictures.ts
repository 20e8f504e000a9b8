/** What the labs draw with from chapter 5 on: attention as fields of squares, and curves, as SVG and in letters. */

/** What a lab may do to the world around it. */
export interface LabIo {
  print(text: string): void;
  /** How far along the lab is, from 0 to 1. */
  progress(fraction: number, note?: string): void;
  save(fileName: string, text: string): void | Promise<void>;
  /** What was saved under that name, in this run or the last. */
  load(fileName: string): string | undefined;
  option<T extends number | string | boolean>(name: string, fallback: T): T;
  /** Whether somebody asked to stop. */
  stopped(): boolean;
  /** Milliseconds on some clock. */
  now(): number;
}

/** Weights of attention: a row for each query, a column for each key, and their names. */
export interface AttentionMap {
  name: string;
  /** (T, S), each from 0 to 1 */
  rows: number[][];
  queries: string[];
  keys: string[];
}

/** How a kind of picture looks: the class of its root, and the style for what has that class. */
export interface Look {
  name: string;
  style: string;
}

const style = `<style>
.look text { font: 13px system-ui, sans-serif; fill: #24292f; }
.look .ground { fill: #ffffff; }
.look .frame { fill: none; stroke: #8c959f; }
.look .cell { fill: #0b62c4; }
.look .path { fill: none; stroke-width: 2; }
.look .p0 { stroke: #0b62c4; } .look .p1 { stroke: #a34700; stroke-dasharray: 8 4; }
.look .p2 { stroke: #8a2bb0; stroke-dasharray: 2 3; } .look .p3 { stroke: #1a7030; stroke-dasharray: 9 3 2 3; }
@media (prefers-color-scheme: dark) {
.look text { fill: #e6edf3; }
.look .ground { fill: #16181d; }
.look .frame { stroke: #6e7681; }
.look .cell { fill: #6cb0ff; }
.look .p0 { stroke: #6cb0ff; } .look .p1 { stroke: #ffab66; }
.look .p2 { stroke: #d79bf2; } .look .p3 { stroke: #6fd583; }
}
</style>`;
const look: Look = { name: 'look', style };

const signs: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string) => text.replace(/[&<>"]/g, (sign) => signs[sign]);
/** A number with one digit after the point, as places in a picture are written. */
export const short = (v: number) => String(Math.round(v * 10) / 10 || 0);

/** The whole picture: a title, a story for those who cannot see it, and what is drawn. */
export function picture(
  width: number,
  height: number,
  id: string,
  title: string,
  story: string,
  body: string[],
  { name, style } = look,
): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-labelledby="${id}-t ${id}-d" class="${name}">
<title id="${id}-t">${escape(title)}</title>
<desc id="${id}-d">${escape(story)}</desc>
${style}
<rect class="ground" width="${width}" height="${height}"/>
${body.join('\n')}
</svg>
`;
}

/** Words at a place in a picture. */
export const label = (x: number, y: number, text: string, anchor = 'middle') =>
  `<text x="${short(x)}" y="${short(y)}" text-anchor="${anchor}">${escape(text)}</text>`;

/** Fields of squares, dark for 1, two or three in a row: queries from top to bottom, keys from left to right. */
export function mapsSvg(id: string, title: string, story: string, maps: AttentionMap[], size = 22): string {
  const longest = (words: string[]) => 12 + 8 * Math.max(...words.map((word) => word.length));
  const left = Math.max(...maps.map(({ queries }) => longest(queries)));
  const wide = left + 20 + Math.max(...maps.map(({ name, keys }) => Math.max(size * keys.length, 7 * name.length)));
  const high = 66 + size * Math.max(...maps.map(({ queries }) => queries.length));
  const columns = maps.length === 4 ? 2 : Math.min(3, maps.length);
  const body = maps.map(({ name, rows, queries, keys }, k) => {
    const [x, y] = [left + (k % columns) * wide, 56 + Math.floor(k / columns) * high];
    const cells = rows.flatMap((row, i) =>
      row.flatMap((v, j) =>
        v < 0.02
          ? []
          : `<rect class="cell" x="${x + j * size}" y="${y + i * size}" width="${size}" height="${size}" fill-opacity="${v.toFixed(2)}"/>`,
      ),
    );
    return [
      ...cells,
      `<rect class="frame" x="${x}" y="${y}" width="${size * keys.length}" height="${size * queries.length}"/>`,
      label(x, y - 32, name, 'start'),
      ...keys.map((word, j) => label(x + (j + 0.5) * size, y - 8, word)),
      ...queries.map((word, i) => label(x - 8, y + (i + 0.5) * size + 4, word, 'end')),
    ].join('\n');
  });
  return picture(columns * wide + 10, 10 + high * Math.ceil(maps.length / columns), id, title, story, body);
}

/** Curves over the same steps, from 0 up to `most`, each with its name at its end. */
export function curvesSvg(
  id: string,
  title: string,
  story: string,
  curves: { name: string; values: number[] }[],
  { steps, most, what }: { steps: number; most: number; what: string },
): string {
  const [left, top, wide, high] = [60, 30, 480, 240];
  const px = (step: number) => short(left + (step / steps) * wide);
  const py = (v: number) => short(top + (1 - Math.min(v, most) / most) * high);
  const ends = curves.map(({ values }) => Number(py(values[values.length - 1])));
  // Names that would lie on one another move apart.
  const order = ends.map((_, k) => k).sort((a, b) => ends[a] - ends[b]);
  order.forEach((k, n) => {
    if (n > 0) ends[k] = Math.max(ends[k], ends[order[n - 1]] + 16);
  });
  const body = curves.flatMap(({ name, values }, k) => [
    `<path class="path p${k % 4}" d="M${values.map((v, i) => `${px(((i + 1) / values.length) * steps)} ${py(v)}`).join('L')}"/>`,
    label(left + wide + 8, ends[k] + 4, name, 'start'),
  ]);
  const room = 20 + 8 * Math.max(...curves.map(({ name }) => name.length));
  return picture(left + wide + room, top + high + 50, id, title, story, [
    `<path class="frame" d="M${left} ${top}V${top + high}H${left + wide}"/>`,
    ...[0, 0.25, 0.5, 0.75, 1].map((v) => label(left - 8, Number(py(v * most)) + 4, String(Number((v * most).toFixed(2))), 'end')), // prettier-ignore
    ...[0, 0.25, 0.5, 0.75, 1].map((v) => label(Number(px(v * steps)), top + high + 18, String(Math.round(v * steps)))),
    label(left + wide / 2, top + high + 38, 'step'),
    label(left + 8, 16, what, 'start'),
    ...body,
  ]);
}

const SHADES = ' .:-=+*#%@';

/** A field of attention in letters, dark for 1: a line for each query. */
export function mapText({ rows, queries, keys }: AttentionMap): string {
  const left = Math.max(...queries.map((word) => word.length));
  const each = Math.max(...keys.map((word) => word.length)) + 1;
  const head = ' '.repeat(left + 2) + keys.map((word) => word.padStart(each)).join('');
  const lines = rows.map((row, i) => {
    const shades = row.map((v) => SHADES[Math.min(9, Math.max(0, Math.round(v * 9)))]);
    return `${queries[i].padStart(left)} |${shades.map((s) => s.padStart(each)).join('')} |`;
  });
  return [head, ...lines].join('\n');
}

/** Curves in letters, 60 columns and 11 rows, from 0 to `most`: the last one's letter lies on top. */
export function curvesText(curves: { letter: string; values: number[] }[], most: number): string {
  const [rows, columns] = [11, 60];
  const grid = Array.from({ length: rows }, () => Array.from({ length: columns }, () => ' '));
  for (const { letter, values } of curves) {
    values.forEach((v, i) => {
      const c = Math.round((i / Math.max(1, values.length - 1)) * (columns - 1));
      const r = Math.round((1 - Math.min(v, most) / most) * (rows - 1));
      if (Number.isFinite(r)) grid[Math.min(rows - 1, r)][c] = letter;
    });
  }
  const label = (r: number) => (r % 5 === 0 ? ((1 - r / (rows - 1)) * most).toFixed(2) : '');
  return grid.map((row, r) => `${label(r).padStart(6)} |${row.join('')}`.trimEnd()).join('\n');
}

/** The mean of each `window` numbers. */
export function smoothed(values: number[], window: number): number[] {
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  return Array.from({ length: Math.ceil(values.length / window) }, (_, k) =>
    mean(values.slice(k * window, (k + 1) * window)),
  );
}
