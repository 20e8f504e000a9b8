/**
 * Figures for the lessons: SVG that follows the reader's light or dark theme, and that can be read without colour and
 * without sight. A role has a colour, a dash pattern and a marker, the same in every figure of the course.
 *
 *   const p = plot({ x: [0, 10], y: [0, 1], xLabel: 'step', yLabel: 'loss' });
 *   return figure({ title: 'The loss falls', description: '…' }, p.axes(), p.line(points, 'loss'), p.legend([['loss', 'training']]));
 *
 * Coordinates are rounded to hundredths, so that the same figure is the same text on every machine.
 */

/** What something in a figure stands for. */
export type Role = 'query' | 'key' | 'value' | 'gradient' | 'loss' | 'pass' | 'fail' | 'neutral';

/** A mark on a scatter plot. */
export type Marker = 'circle' | 'square' | 'triangle' | 'diamond' | 'cross' | 'plus' | 'wedge' | 'ring';

/** How each role looks: colours for light and dark (each at least 4.5 to 1 on its ground), dashes, and a marker of its own. */
export const roles: Record<Role, { light: string; dark: string; dash: string; marker: Marker }> = {
  query: { light: '#0b62c4', dark: '#6cb0ff', dash: '14 3', marker: 'circle' },
  key: { light: '#a34700', dark: '#ffab66', dash: '7 4', marker: 'square' },
  value: { light: '#00705a', dark: '#4fd1ae', dash: '2 3', marker: 'diamond' },
  gradient: { light: '#8a2bb0', dark: '#d79bf2', dash: '9 3 2 3', marker: 'triangle' },
  loss: { light: '#b3261e', dark: '#ff8f85', dash: '', marker: 'wedge' },
  pass: { light: '#1a7030', dark: '#6fd583', dash: '5 2', marker: 'plus' },
  fail: { light: '#b3261e', dark: '#ff8f85', dash: '4 4 1 4', marker: 'cross' },
  neutral: { light: '#5c6370', dark: '#a8b0bd', dash: '3 6', marker: 'ring' },
};

type Point = readonly [x: number, y: number];
type Range = readonly [low: number, high: number];

const round = (x: number) => String(Math.round(x * 100) / 100 || 0);
const escape = (text: string) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);
const each = (write: (role: Role) => string) => (Object.keys(roles) as Role[]).map(write).join('');

/** The whole picture. The title says what it shows, the description what there is to see; both are read aloud. */
export function figure(
  about: { title: string; description: string; width?: number; height?: number },
  ...parts: string[]
): string {
  const { title, description, width = 480, height = 320 } = about;
  if (title.trim() === '' || description.trim() === '') throw new Error('A figure needs a title and a description.');
  // Several figures may stand on one page, so the ids carry a hash of the content.
  let hash = 5381;
  for (const sign of title + description) hash = (Math.imul(hash, 33) ^ sign.codePointAt(0)!) >>> 0;
  const id = `figure-${hash.toString(36)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="figure" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id} ${id}-more">`,
    `<title id="${id}">${escape(title)}</title>`,
    `<desc id="${id}-more">${escape(description)}</desc>`,
    `<style>.figure{color:#1f2328;--ground:#fff;${each((role) => `--${role}:${roles[role].light};`)}font:13px system-ui,sans-serif;background:var(--ground)}`,
    `@media(prefers-color-scheme:dark){.figure{color:#e6e9ee;--ground:#16181d;${each((role) => `--${role}:${roles[role].dark};`)}}}`,
    `.figure text{fill:currentColor;stroke:var(--ground);stroke-width:3px;paint-order:stroke}</style>`,
    ...parts,
    '</svg>',
  ].join('\n');
}

/** A word in the picture, at a place in pixels. */
export function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end' = 'middle'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escape(words)}</text>`;
}

/** An arrow from one place to another, in pixels, with words beside its middle. */
export function arrow(from: Point, to: Point, role: Role = 'neutral', words = ''): string {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const head = [-4, 4].map((side) => `${round(to[0] - 9 * ux - side * uy)},${round(to[1] - 9 * uy + side * ux)}`);
  return (
    `<path d="M${round(from[0])} ${round(from[1])}L${round(to[0] - 8 * ux)} ${round(to[1] - 8 * uy)}" ${stroke(role)}/>` +
    `<path d="M${round(to[0])},${round(to[1])}L${head.join('L')}Z" ${paint(role, 'fill')}/>` +
    (words === '' ? '' : text((from[0] + to[0]) / 2 - 12 * uy, (from[1] + to[1]) / 2 + 12 * ux + 4, words))
  );
}

/** A box with words in it, at a place in pixels. */
export function box(
  x: number,
  y: number,
  width: number,
  height: number,
  words: string,
  role: Role = 'neutral',
): string {
  return (
    `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="6" ${stroke(role)}/>` +
    text(x + width / 2, y + height / 2 + 4, words)
  );
}

/** The colour of a role: by theme where custom properties are understood, else the light one. */
function paint(role: Role, ...what: ('fill' | 'stroke')[]): string {
  const plain = what.map((name) => `${name}="${roles[role].light}"`).join(' ');
  return `${plain} style="${what.map((name) => `${name}:var(--${role})`).join(';')}"`;
}

function stroke(role: Role): string {
  const { dash } = roles[role];
  return `fill="none" ${paint(role, 'stroke')} stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''}`;
}

function mark(x: number, y: number, role: Role): string {
  const at = (dx: number, dy: number) => `${round(x + dx)} ${round(y + dy)}`;
  const shapes: Record<Marker, string> = {
    circle: `M${at(-4, 0)}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z`,
    square: `M${at(-4, -4)}h8v8h-8Z`,
    triangle: `M${at(0, -5)}L${at(5, 4)}L${at(-5, 4)}Z`,
    wedge: `M${at(0, 5)}L${at(5, -4)}L${at(-5, -4)}Z`,
    ring: `M${at(-4, 0)}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z`,
    diamond: `M${at(0, -5)}L${at(5, 0)}L${at(0, 5)}L${at(-5, 0)}Z`,
    cross: `M${at(-4, -4)}L${at(4, 4)}M${at(-4, 4)}L${at(4, -4)}`,
    plus: `M${at(-5, 0)}h10M${at(0, -5)}v10`,
  };
  const { marker } = roles[role];
  const hollow = ['cross', 'plus', 'ring'].includes(marker);
  return `<path d="${shapes[marker]}" ${hollow ? `fill="none" ${paint(role, 'stroke')}` : paint(role, 'fill', 'stroke')} stroke-width="2"/>`;
}

/** About `count` round numbers within a range. */
export function ticks([low, high]: Range, count = 5): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** What a plot can draw; places are in the units of its axes. */
export interface Plot {
  axes: () => string;
  line: (points: readonly Point[], role: Role) => string;
  scatter: (points: readonly Point[], role: Role) => string;
  /** A grid of numbers as cells, first row on top: the greater, the fuller. `show` prints the numbers too. */
  cells: (rows: readonly (readonly number[])[], role?: Role, show?: boolean) => string;
  /** The lines where a function has the given values, each labelled with it. */
  contour: (f: (x: number, y: number) => number, levels: readonly number[], role?: Role) => string;
  arrow: (from: Point, to: Point, role?: Role, words?: string) => string;
  label: (at: Point, words: string, anchor?: 'start' | 'middle' | 'end') => string;
  /** One row for each role, in the upper right corner; `points` shows markers instead of lines. */
  legend: (rows: readonly (readonly [Role, string])[], points?: boolean) => string;
}

/** A plot with axes over the given ranges, to put into a `figure` of the same size. */
export function plot(options: {
  x: Range;
  y: Range;
  width?: number;
  height?: number;
  xLabel?: string;
  yLabel?: string;
}): Plot {
  const { x, y, width = 480, height = 320, xLabel = '', yLabel = '' } = options;
  if (!(x[0] < x[1] && y[0] < y[1])) throw new Error('The ranges of a plot run from a lower to a higher number.');
  const [left, right, top, bottom] = [56, width - 16, 28, height - 48];
  const px = (value: number) => left + ((value - x[0]) / (x[1] - x[0])) * (right - left);
  const py = (value: number) => bottom - ((value - y[0]) / (y[1] - y[0])) * (bottom - top);
  const at = ([a, b]: Point): Point => {
    if (!Number.isFinite(a) || !Number.isFinite(b)) throw new Error(`(${a}, ${b}) is no place in a plot.`);
    return [px(a), py(b)];
  };
  const path = (points: readonly Point[]) =>
    points
      .map(at)
      .map(([a, b], i) => `${i ? 'L' : 'M'}${round(a)} ${round(b)}`)
      .join('');

  return {
    axes: () =>
      [
        `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="currentColor"/>`,
        ...ticks(x).map(
          (t) => `<path d="M${round(px(t))} ${bottom}v5" stroke="currentColor"/>${text(px(t), bottom + 19, String(t))}`,
        ),
        ...ticks(y).map(
          (t) =>
            `<path d="M${left} ${round(py(t))}h-5" stroke="currentColor"/>${text(left - 9, py(t) + 4, String(t), 'end')}`,
        ),
        xLabel && text((left + right) / 2, height - 10, xLabel),
        yLabel && text(8, 16, yLabel, 'start'),
      ]
        .filter(Boolean)
        .join('\n'),
    line: (points, role) => `<path d="${path(points)}" ${stroke(role)} stroke-linejoin="round"/>`,
    scatter: (points, role) =>
      points
        .map(at)
        .map(([a, b]) => mark(a, b, role))
        .join(''),
    cells(rows, role = 'query', show = false) {
      const all = rows.flat();
      const [low, high] = [Math.min(...all), Math.max(...all)];
      return rows
        .flatMap((row, i) =>
          row.map((value, j) => {
            const [w, h] = [(right - left) / row.length, (bottom - top) / rows.length];
            // Never fuller than half, so that the number on top stays readable.
            const full = high > low ? (value - low) / (high - low) / 2 : 0.25;
            const cell = `<rect x="${round(left + j * w)}" y="${round(top + i * h)}" width="${round(w)}" height="${round(h)}" fill="${roles[role].light}" fill-opacity="${round(full)}" stroke="#fff" style="fill:var(--${role});stroke:var(--ground)"/>`;
            return (
              cell +
              (show ? text(left + (j + 0.5) * w, top + (i + 0.5) * h + 4, String(Number(value.toPrecision(3)))) : '')
            );
          }),
        )
        .join('\n');
    },
    contour(f, levels, role = 'neutral') {
      const n = 48;
      const gx = (i: number) => x[0] + (i / n) * (x[1] - x[0]);
      const gy = (j: number) => y[0] + (j / n) * (y[1] - y[0]);
      const grid = Array.from({ length: n + 1 }, (_, i) => Array.from({ length: n + 1 }, (_, j) => f(gx(i), gy(j))));
      return levels
        .map((level) => {
          const pieces: [Point, Point][] = [];
          // Each square of the grid as two triangles: a line crosses a triangle in two sides or in none.
          for (let i = 0; i < n; i++) {
            for (let j = 0; j < n; j++) {
              for (const third of [
                [i + 1, j],
                [i, j + 1],
              ] as const) {
                const corners = [[i, j], third, [i + 1, j + 1]] as const;
                const hits = corners.flatMap(([a, b], k): Point[] => {
                  const [c, d] = corners[(k + 1) % 3]!;
                  const [p, q] = [grid[a]![b]! - level, grid[c]![d]! - level];
                  if (p >= 0 === q >= 0) return [];
                  const t = p / (p - q);
                  return [[gx(a) + t * (gx(c) - gx(a)), gy(b) + t * (gy(d) - gy(b))]];
                });
                if (hits.length === 2) pieces.push([hits[0]!, hits[1]!]);
              }
            }
          }
          if (pieces.length === 0) return '';
          const [a, b] = at(pieces[Math.floor(pieces.length / 2)]![0]);
          return `<path d="${pieces.map(path).join('')}" fill="none" ${paint(role, 'stroke')} stroke-width="1.5"/>${text(a, b - 3, String(level))}`;
        })
        .join('\n');
    },
    arrow: (from, to, role, words) => arrow(at(from), at(to), role, words),
    label: (place, words, anchor) => text(...at(place), words, anchor),
    legend: (rows, points = false) =>
      rows
        .map(([role, words], i) => {
          const row = top + 10 + 20 * i;
          const sample = points ? mark(right - 12, row, role) : `<path d="M${right - 30} ${row}h30" ${stroke(role)}/>`;
          return sample + text(right - 38, row + 4, words, 'end');
        })
        .join('\n'),
  };
}
