/** What the lesson on positions shows: every number, print and figure in it is computed here. */
import { type Tensor, ones, tensor, zeros } from '#tensor';
import {
  frequencies,
  learnedPositionsBackward,
  learnedPositionsForward,
  rotaryBackward,
  rotaryForward,
  shiftRotation,
  sinusoidalPositions,
} from '../../../solutions/chapter-5-transformer/positional-encoding.ts';
import { lines } from '../chapter-2-bp/words.ts';
import { figure, plot, roles, text } from '../svg.ts';

const fixed = (x: number, digits = 3) => (Math.abs(x) < 1e-9 ? 0 : x).toFixed(digits).replace('-', '−');
const cell = (x: number, digits = 3) => fixed(x, digits).padStart(digits + 3);
const row = (x: Tensor, i: number, digits = 3) => Array.from(x.row(i).data, (v) => cell(v, digits)).join(' ');

// Clocks

const HANDS = 8;
const shownPositions = [0, 1, 2, 3, 10, 40];

function clocks(): string {
  const pe = sinusoidalPositions(shownPositions.at(-1)! + 1, HANDS);
  const [left, top, step, r] = [110, 46, 66, 22];
  const paint = (role: 'query' | 'neutral') => `stroke="${roles[role].light}" style="stroke:var(--${role})"`;
  const hands = shownPositions.flatMap((p, i) =>
    Array.from({ length: HANDS / 2 }, (_, pair) => {
      const [x, y] = [left + pair * 90, top + i * step + 12];
      // The sine to the right, the cosine upwards: at position 0 all hands point to twelve, and turn as clocks do.
      const [dx, dy] = [pe.at(p, 2 * pair) * r, -pe.at(p, 2 * pair + 1) * r];
      const round = (v: number) => String(Math.round(v * 100) / 100 || 0);
      return (
        `<circle cx="${x}" cy="${y}" r="${r + 3}" fill="none" ${paint('neutral')}/>` +
        `<path d="M${x} ${y}L${round(x + dx)} ${round(y + dy)}" fill="none" ${paint('query')} stroke-width="3" stroke-linecap="round"/>`
      );
    }),
  );
  return figure(
    {
      title: 'A position is where the hands of several clocks point',
      description: `Six rows of four clocks, for the positions ${shownPositions.join(', ')}. At position 0 all hands point upwards. The first clock turns by one radian from each position to the next, the second ten times slower, the third a hundred times slower, the fourth a thousand times slower; at position 40 it has hardly moved.`,
      width: 480,
      height: 450,
    },
    ...Array.from({ length: HANDS / 2 }, (_, pair) => text(left + pair * 90, 22, `pair ${pair}`)),
    ...shownPositions.map((p, i) => text(left - 44, top + i * step + 16, `p = ${p}`, 'end')),
    ...hands,
  );
}

// Sines and cosines in numbers

const pe = sinusoidalPositions(5, 4);
const table = () =>
  lines([
    ['p', ' sin(p)  cos(p)  sin(p/100) cos(p/100)'],
    ...[0, 1, 2, 3, 4].map((p) => [
      p,
      [0, 1, 2, 3].map((c) => cell(pe.at(p, c)).padStart([7, 7, 11, 10][c]!)).join(' '),
    ]),
  ]);

function shifted(): string {
  const R = shiftRotation(2, 4);
  const moved = R.matmul(pe.row(1));
  return lines([
    ['R for a shift of 2', 'PE[1]', 'R PE[1]', 'PE[3]'],
    ...[0, 1, 2, 3].map((i) => [row(R, i), cell(pe.at(1, i)), cell(moved.at(i)), cell(pe.at(3, i))]),
  ]);
}

// Products of what was turned

const q = tensor([[1, 0.5, -1, 2]]);
const k = tensor([[0.5, 2, 1, 1]]);
const dot = (a: Tensor, b: Tensor) => a.mul(b).sum().item();
const turnedProduct = (m: number, n: number) => dot(rotaryForward(q, [m]).y, rotaryForward(k, [n]).y);
const places: [number, number][] = [
  [5, 2],
  [15, 12],
  [1005, 1002],
  [2, 5],
  [2, 2],
];

function distances(): string {
  const all = sinusoidalPositions(1006, 4);
  return lines([
    ['query at', 'key at', 'm − n', 'turned', 'sines added'],
    ...places.map(([m, n]) => [
      m,
      n,
      m - n,
      cell(turnedProduct(m, n)),
      cell(dot(q.add(all.row(m)), k.add(all.row(n)))),
    ]),
  ]);
}

const D = 64;
function nearness(): string {
  const far = 60;
  const alike = ones(1, D);
  const product = (n: number) => dot(alike, rotaryForward(alike, [n]).y) / D;
  const p = plot({
    x: [0, far],
    y: [0, 1],
    width: 560,
    height: 300,
    xLabel: 'distance between query and key, in tokens',
    yLabel: 'product, as a share of that at distance 0',
  });
  return figure(
    {
      title: 'The same key, further and further away',
      description: `The product of a query and a key that are equal, both of width ${D} and turned by their positions, against the distance between them. It is 1 at distance 0, falls to ${product(16).toFixed(1)} within sixteen tokens, and then ripples about one half: ${product(far).toFixed(1)} at ${far}.`,
      width: 560,
      height: 300,
    },
    p.axes(),
    p.line(
      Array.from({ length: far * 4 + 1 }, (_, i) => [i / 4, product(i / 4)] as const),
      'query',
    ),
  );
}

// A rotation by hand, and back

const x = tensor([[3, 1]]);
const turned = rotaryForward(x, [2]);
const back = rotaryBackward(turned.y, turned.cache);
const pair = (t: Tensor) => `(${Array.from(t.data, (v) => fixed(v)).join(', ')})`;

// A learned table: two sequences of two tokens, from place 1

const learned = learnedPositionsForward(zeros(2, 2, 1), tensor([[10], [20], [30], [40]]), 1);
const upstream = tensor([
  [[1], [2]],
  [[3], [5]],
]);
const { dtable } = learnedPositionsBackward(upstream, learned.cache);
const column = (t: Tensor) => `(${Array.from(t.data).join(', ')})`;

const slowest = (d: number) => (2 * Math.PI) / frequencies(d).at(d / 2 - 1);

export const values: Record<string, () => string | number> = {
  hands: () => HANDS / 2,
  fastest: () => fixed(2 * Math.PI, 2),
  slowest: () => Math.round(slowest(D)).toLocaleString('en-US'),
  slowWidth: () => D,
  learnedRows: () => column(learned.y.row(0)),
  dtable: () => column(dtable),
  turned: () => pair(turned.y),
  lengthBefore: () => fixed(x.norm()),
  lengthAfter: () => fixed(turned.y.norm()),
  back: () => pair(back),
  same: () => fixed(turnedProduct(5, 2)),
};

export const prints: Record<string, () => string> = { sines: table, shifted, distances };

export const figures: Record<string, () => string> = { clocks, 'rotary-distance': nearness };
