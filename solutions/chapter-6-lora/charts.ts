/** What the lab of chapter 6 draws with: bars beside one another, and roads through a plane, as SVG. */
import { label, picture, short } from '../chapter-5-transformer/lab-pictures.ts';
import type { Look } from '../chapter-5-transformer/lab-pictures.ts';

const style = `<style>
.tune text { font: 13px system-ui, sans-serif; fill: #24292f; }
.tune .ground { fill: #ffffff; }
.tune .frame { fill: none; stroke: #8c959f; }
.tune .bar { fill: #0b62c4; }
.tune .way { fill: none; stroke-width: 2; }
.tune .w0 { stroke: #0b62c4; } .tune .w1 { stroke: #a34700; stroke-dasharray: 8 4; }
.tune .w2 { stroke: #8a2bb0; stroke-dasharray: 2 3; } .tune .w3 { stroke: #1a7030; stroke-dasharray: 9 3 2 3; }
.tune .w4 { stroke: #b3261e; stroke-dasharray: 5 5; }
@media (prefers-color-scheme: dark) {
.tune text { fill: #e6edf3; }
.tune .ground { fill: #16181d; }
.tune .frame { stroke: #6e7681; }
.tune .bar { fill: #6cb0ff; }
.tune .w0 { stroke: #6cb0ff; } .tune .w1 { stroke: #ffab66; }
.tune .w2 { stroke: #d79bf2; } .tune .w3 { stroke: #6fd583; } .tune .w4 { stroke: #ff8f85; }
}
</style>`;
const tune: Look = { name: 'tune', style };

/** One quantity: its name, a number for each row, and how the number is written. */
export interface Column {
  name: string;
  values: number[];
  written: (value: number) => string;
}

/** A row for each method, a column for each quantity; the longest bar of a column fills it. */
export function barsSvg(id: string, title: string, story: string, rows: string[], columns: Column[]): string {
  const [left, top, wide, high] = [84, 52, 150, 30];
  const body = columns.flatMap(({ name, values, written }, c) => {
    const x = left + c * wide;
    const most = Math.max(...values, 1e-9);
    return [
      label(x, top - 14, name, 'start'),
      `<path class="frame" d="M${x} ${top - 4}V${top + rows.length * high}"/>`,
      ...values.map((v, r) => {
        const y = top + r * high;
        const length = (v / most) * (wide - 78);
        return `<rect class="bar" x="${x}" y="${y + 4}" width="${short(length)}" height="14"/>${label(x + length + 6, y + 16, written(v), 'start')}`;
      }),
    ];
  });
  return picture(
    left + columns.length * wide,
    top + rows.length * high + 14,
    id,
    title,
    story,
    [...rows.map((name, r) => label(left - 10, top + r * high + 16, name, 'end')), ...body],
    tune,
  );
}

/** A road through the plane for each method, from the point where all begin, its name where it ends. */
export function waysSvg(
  id: string,
  title: string,
  story: string,
  ways: { name: string; points: [x: number, y: number][] }[],
  names: { x: string; y: string },
): string {
  const [left, top, wide, high] = [56, 36, 470, 330];
  const all = ways.flatMap(({ points }) => points);
  const most = (axis: 0 | 1) => Math.ceil(2 * Math.max(...all.map((p) => p[axis]), 0.5)) / 2;
  const [mx, my] = [most(0), most(1)];
  const px = (v: number) => left + (v / mx) * wide;
  const py = (v: number) => top + (1 - v / my) * high;
  const ticks = (m: number) => Array.from({ length: Math.floor(m) + 1 }, (_, k) => k);
  const ends = ways.map(({ points }) => points[points.length - 1]);
  // Names that would lie on one another move apart.
  const heights = ends.map(([, y]) => py(y) + 4);
  const order = heights.map((_, k) => k).sort((a, b) => heights[a] - heights[b]);
  order.forEach((k, n) => {
    if (n > 0) heights[k] = Math.max(heights[k], heights[order[n - 1]] + 15);
  });
  return picture(
    left + wide + 30,
    top + high + 52,
    id,
    title,
    story,
    [
      `<path class="frame" d="M${left} ${top}V${top + high}H${left + wide}"/>`,
      ...ticks(mx).map((v) => label(px(v), top + high + 18, String(v))),
      ...ticks(my).map((v) => label(left - 8, py(v) + 4, String(v), 'end')),
      label(left + wide / 2, top + high + 40, names.x),
      label(8, 18, names.y, 'start'),
      ...ways.flatMap(({ name, points }, k) => [
        `<path class="way w${k % 5}" d="M${points.map(([x, y]) => `${short(px(x))} ${short(py(y))}`).join('L')}"/>`,
        ...points.slice(1).map(([x, y]) => `<circle class="way w${k % 5}" style="stroke-dasharray:none" cx="${short(px(x))}" cy="${short(py(y))}" r="2"/>`), // prettier-ignore
        label(px(ends[k][0]) - 8, heights[k], name, 'end'),
      ]),
    ],
    tune,
  );
}
