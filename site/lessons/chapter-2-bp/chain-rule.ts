/** What the lesson on the chain rule shows: every number, printed block and figure in it is computed here. */
import { tensor } from '#tensor';
import {
  backThroughChain,
  mulBackward,
  mulForward,
  partials,
  sumToShape,
  vectorJacobianProduct,
} from '../../../solutions/chapter-2-bp/chain-rule.ts';
import { arrow, box, figure, text } from '../svg.ts';
import { lines, show, written } from './words.ts';

const [x, y, z] = [2, -1, 3];
const at = partials(x, y, z);
const q = x * y + z;
/** ∂f/∂q, which is ∂f/∂z as well. */
const dq = at.dz;

/** The graph of f = x · (x y + z)²: numbers forward, gradients back. */
function graph(): string {
  const [w, h] = [92, 40];
  const nodes = {
    x: [16, 40, `x = ${show(x)}`],
    y: [16, 150, `y = ${show(y)}`],
    z: [16, 260, `z = ${show(z)}`],
    p: [170, 150, `x·y = ${show(x * y)}`],
    q: [324, 205, `q = ${show(q)}`],
    s: [478, 205, `q² = ${show(q * q)}`],
    f: [632, 120, `f = ${show(at.f)}`],
  } as const;
  type Name = keyof typeof nodes;
  const centre = (name: Name) => [nodes[name][0] + w / 2, nodes[name][1] + h / 2] as const;
  /** Where the way from the middle of one box to the middle of another leaves the first. */
  const edge = (from: Name, to: Name) => {
    const [[ax, ay], [bx, by]] = [centre(from), centre(to)];
    const [dx, dy] = [bx - ax, by - ay];
    const t = Math.min((w / 2 + 4) / Math.abs(dx || 1e-9), (h / 2 + 4) / Math.abs(dy || 1e-9));
    return [ax + t * dx, ay + t * dy] as const;
  };
  const way = (from: Name, to: Name, gradient: number) => {
    const [a, b] = [edge(from, to), edge(to, from)];
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    const [ox, oy] = [(-5 * (b[1] - a[1])) / length, (5 * (b[0] - a[0])) / length];
    return [
      arrow([a[0] - ox, a[1] - oy], [b[0] - ox, b[1] - oy]),
      arrow([b[0] + ox, b[1] + oy], [a[0] + ox, a[1] + oy], 'gradient'),
      text((a[0] + b[0]) / 2 + 3.4 * ox, (a[1] + b[1]) / 2 + 3.4 * oy + 4, show(gradient)),
    ].join('');
  };
  return figure(
    {
      title: 'A computation graph, forward and backward',
      description:
        'Boxes for x, y, z, for x times y, for q, for q squared and for f, joined by arrows to the right. Beside each of them an arrow runs back to the left, with the gradient that it carries. Two arrows come back to x, one straight from f and one from x times y.',
      width: 740,
      height: 320,
    },
    ...(Object.keys(nodes) as Name[]).map((name) =>
      box(nodes[name][0], nodes[name][1], w, h, nodes[name][2], name === 'f' ? 'loss' : 'value'),
    ),
    way('x', 'p', dq * y),
    way('y', 'p', dq * x),
    way('p', 'q', dq),
    way('z', 'q', dq),
    way('q', 's', dq),
    way('s', 'f', x),
    way('x', 'f', q * q),
  );
}

/** Each of x, y, z moved by a little, and f computed again: what the partial derivatives promise. */
function nudges(): string {
  const h = 2 ** -10;
  const moved = (['x', 'y', 'z'] as const).map((name, i) => {
    const now = [x, y, z].map((v, j) => (j === i ? v + h : v)) as [number, number, number];
    return [name, (partials(...now).f - at.f) / h, [at.dx, at.dy, at.dz][i]];
  });
  return lines([['moved by 2⁻¹⁰', 'f grows by, per unit', 'by the chain rule'], ...moved]);
}

const J = tensor([
  [3, 2],
  [1, 1],
  [4, 0],
]);
const dyJ = tensor([1, -1, 0.5]);

const chain = [
  tensor([
    [1, 2],
    [0, 1],
  ]),
  tensor([
    [3, 0],
    [1, 1],
  ]),
];
const end = tensor([1, -1]);

/** Multiplications for a chain of square steps of one width and a last one to a single number. */
function work(): string {
  const rows = [10, 100, 1000].map((n) => {
    const steps = 5;
    const backward = steps * n * n;
    const forward = (steps - 1) * n ** 3 + n * n;
    return [n, backward.toLocaleString('en-US'), forward.toLocaleString('en-US'), show(forward / backward)];
  });
  const [head, ...body] = [['width', 'a vector backward', 'matrices forward', 'ratio'], ...rows];
  const widths = head.map((_, j) => Math.max(...[head, ...body].map((row) => String(row[j]).length)));
  return [head, ...body].map((row) => row.map((c, j) => String(c).padStart(widths[j])).join('   ')).join('\n');
}

const g = tensor([
  [1, 2, 3],
  [10, 20, 30],
]);
const sums = () =>
  lines([
    ['shape', 'summed over', 'gradient'],
    ...(
      [
        [[2, 3], 'nothing'],
        [[3], 'axis 0, which was missing'],
        [[2, 1], 'axis 1, of length 1'],
        [[1, 3], 'axis 0, of length 1'],
        [[], 'both'],
      ] as [number[], string][]
    ).map(([shape, over]) => [`(${shape.join(', ')})`, over, written(sumToShape(g, shape))]),
  ]);

const features = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
const scale = tensor([2, 1, -1]);
const upstream = tensor([
  [1, 0, 1],
  [0, 1, 1],
]);
const product = mulForward(features, scale);
const back = mulBackward(upstream, product.cache);

const three = tensor([3]);
const square = mulBackward(tensor([1]), mulForward(three, three).cache);

export const values: Record<string, () => string | number> = {
  graphDq: () => show(dq),
  graphDirect: () => show(q * q),
  graphThrough: () => show(dq * y),
  graphDx: () => show(at.dx),
  graphDy: () => show(at.dy),
  graphDz: () => show(at.dz),
  vjp: () => written(vectorJacobianProduct(dyJ, J)),
  chained: () => written(backThroughChain(end, chain)),
  chainedWrong: () => written(backThroughChain(end, [...chain].reverse())),
  mulY: () => written(product.y),
  mulDa: () => written(back.da),
  mulDb: () => written(back.db),
  squareDa: () => show(square.da.item()),
  squareDb: () => show(square.db.item()),
  squareBoth: () => show(square.da.add(square.db).item()),
};

export const prints: Record<string, () => string> = { nudges, work, sums };

export const figures: Record<string, () => string> = { 'chain-graph': graph };
