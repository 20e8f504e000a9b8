/** What the lesson on automatic differentiation shows. */
import { Value, backward, neuronGradient, topologicalOrder } from '../../../solutions/chapter-2-bp/autograd.ts';
import { arrow, box, figure, text } from '../svg.ts';

/** A number as people write it: four digits behind the point at most, a real minus sign. */
const show = (x: number): string => String(Number(x.toFixed(4)) || 0).replace('-', '−');

/** Rows of cells as text; all columns but the first to the right. */
function lines(rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? show(cell) : cell)));
  const widths = cells[0].map((_, j) => Math.max(...cells.map((row) => row[j].length)));
  return cells
    .map((row) =>
      row
        .map((cell, j) => (j === 0 ? cell.padEnd(widths[j]) : cell.padStart(widths[j])))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

// L = (a b + b)² at a = 2, b = −1: b is used twice.

function example() {
  const a = new Value(2);
  const b = new Value(-1);
  const c = a.mul(b);
  const d = c.add(b);
  const L = d.pow(2);
  return { a, b, c, d, L };
}
const first = example();
first.L.backward();

function graph(): string {
  const { a, b, c, d, L } = first;
  const node = (x: number, y: number, name: string, v: Value) => [
    box(x, y, 118, 58, '', 'neutral'),
    text(x + 59, y + 18, name),
    text(x + 59, y + 35, `data ${show(v.data)}`),
    text(x + 59, y + 51, `grad ${show(v.grad)}`),
  ];
  const slope = (v: Value, k: number) => show(v.slopes[k]);
  return figure(
    {
      title: 'A graph with its numbers',
      description: `Five nodes. The leaves a and b lead to c = a times b; c and b lead to d, their sum; d leads to L, its square. Each arrow carries the slope of the node it points to with respect to the node it comes from. b has two arrows going out, and its gradient, ${show(b.grad)}, is the sum of two shares.`,
      width: 680,
      height: 230,
    },
    ...node(10, 20, 'a', a),
    ...node(10, 150, 'b', b),
    ...node(190, 20, 'c = a · b', c),
    ...node(370, 85, 'd = c + b', d),
    ...node(550, 85, 'L = d²', L),
    arrow([128, 49], [190, 49], 'gradient', slope(c, 0)),
    arrow([100, 150], [200, 78], 'gradient', slope(c, 1)),
    arrow([308, 60], [372, 94], 'gradient', slope(d, 0)),
    arrow([128, 180], [372, 132], 'gradient', slope(d, 1)),
    arrow([488, 114], [550, 114], 'gradient', slope(L, 0)),
  );
}

/** The walk back, node by node: what each hands to its parents. */
function walk(): string {
  const { a, b, c, d, L } = example();
  const names = new Map([a, b, c, d, L].map((v, i) => [v, 'abcdL'[i]]));
  const nodes = [a, b, c, d, L];
  const parents = nodes.map((v) => v.parents.map((p) => nodes.indexOf(p)));
  const so = nodes.map(() => 0);
  so[4] = 1;
  const rows: (string | number)[][] = [['node', 'its d', 'hands down', 'so far: a', 'b', 'c', 'd', 'L']];
  for (const i of topologicalOrder(parents, 4).reverse()) {
    const shares = parents[i].map((p, k) => {
      const share = nodes[i].slopes[k] * so[i];
      so[p] += share;
      return `${show(share)} to ${names.get(nodes[p])}`;
    });
    rows.push([names.get(nodes[i])!, so[i], shares.join(', ') || 'nothing, a leaf', ...so]);
  }
  return lines(rows);
}

// L = u + 2u with u = x²: u is met at once, and again behind v.

const detour = { parents: [[], [0], [1], [1, 2]], slopes: [[], [6], [2], [1, 1]] };

/** The same walk in another order, each node once. */
function inOrder(order: number[]): number {
  const d = [0, 0, 0, 1];
  for (const i of order) detour.parents[i].forEach((p, k) => (d[p] += detour.slopes[i][k] * d[i]));
  return d[0];
}

// z = 3 y, y = 2 x: two passes.

const chain = { parents: [[], [0], [1]], slopes: [[], [2], [3]] };

function twice(): string {
  const once = backward(chain, 2, [0, 0, 0]);
  const again = backward(chain, 2, once);
  // What happens when the second walk goes on with the sums of the first.
  const mixed = [...once];
  mixed[2] = 1;
  for (const i of [2, 1]) chain.parents[i].forEach((p, k) => (mixed[p] += chain.slopes[i][k] * mixed[i]));
  return lines([
    ['', 'x', 'y', 'z'],
    ['after one pass', ...once],
    ['after two, each afresh', ...again],
    ['after two, sums handed on', ...mixed],
  ]);
}

const neuron = { x: [1, -2], w: [0.5, 0.25], b: 0.25, target: 0.5 };
const learned = neuronGradient(neuron.x, neuron.w, neuron.b, neuron.target);

function descent(): string {
  let { w, b } = neuron;
  const rows: (string | number)[][] = [['step', 'loss', 'w_1', 'w_2', 'b']];
  for (let step = 0; step <= 20; step++) {
    const g = neuronGradient(neuron.x, w, b, neuron.target);
    if ([0, 1, 2, 5, 20].includes(step)) rows.push([String(step), g.loss, ...w, b]);
    w = w.map((wi, i) => wi - 0.05 * g.dw[i]);
    b -= 0.05 * g.db;
  }
  return lines(rows);
}

/** x · x · x at 2, differentiated once or twice. */
function cube(passes: number): number {
  const x = new Value(2);
  const y = x.mul(x).mul(x);
  for (let pass = 0; pass < passes; pass++) y.backward();
  return x.grad;
}

/** x + 1 + 1 + … */
function long(n: number): number {
  const x = new Value(1);
  let y = x;
  for (let i = 0; i < n; i++) y = y.add(1);
  y.backward();
  return x.grad;
}

export const values: Record<string, () => string | number> = {
  autogradA: () => show(first.a.grad),
  autogradB: () => show(first.b.grad),
  autogradDetourRight: () => backward(detour, 3, [0, 0, 0, 0])[0],
  autogradDetourWrong: () => inOrder([3, 1, 2, 0]),
  autogradLoss: () => show(learned.loss),
  autogradDw: () => learned.dw.map(show).join(', '),
  autogradDb: () => show(learned.db),
  autogradCube: () => cube(1),
  autogradCubeTwice: () => cube(2),
  autogradLong: () => long(10_000),
};

export const prints: Record<string, () => string> = {
  autogradWalk: walk,
  autogradTwice: twice,
  autogradDescent: descent,
};

export const figures: Record<string, () => string> = { 'autograd-graph': graph };
