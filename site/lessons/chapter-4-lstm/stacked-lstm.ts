/** What the lesson on stacked LSTMs shows: every number, printed block and figure in it is computed here. */
import { normal, ones, random, tensor, uniform, zeros, zerosLike, type Tensor } from '#tensor';
import {
  layerBackward,
  layerForward,
  stackedBackward,
  stackedForward,
  type LstmLayer,
  type LstmState,
} from '../../../solutions/chapter-4-lstm/stacked-lstm.ts';
import { lines, show } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, text } from '../svg.ts';

const [T, B, D, H, P] = [6, 3, 4, 8, 2];

/** One layer as PyTorch draws it; without a projection when `narrow` is 0. */
function layer(seed: string, width: number, narrow: number): LstmLayer {
  const rng = random(seed);
  const bound = 1 / Math.sqrt(H);
  const draw = (...shape: number[]) => uniform(shape, rng, -bound, bound);
  const weights = {
    wIh: draw(4 * H, width),
    wHh: draw(4 * H, narrow || H),
    bIh: draw(4 * H),
    bHh: draw(4 * H),
  };
  return narrow ? { ...weights, wHr: draw(narrow, H) } : weights;
}
const rest = (narrow: number): LstmState => ({ h: zeros(B, narrow || H), c: zeros(B, H) });
const sizes = (l: LstmLayer) => Object.values(l).reduce((sum: number, w: Tensor) => sum + w.size, 0);

function shapes(): string {
  const of = (t: Tensor | undefined) => (t ? `(${t.shape.join(', ')})` : '');
  const projected = [layer('a', D, P), layer('b', P, P)];
  const plain = [layer('a', D, 0), layer('b', H, 0)];
  return lines([
    ['', 'wIh', 'wHh', 'bIh, bHh', 'wHr', 'numbers'],
    ...[...plain, ...projected].map((l, k) => [
      `${k < 2 ? 'H = 8        ' : 'H = 8, P = 2 '} layer ${(k % 2) + 1}`,
      of(l.wIh),
      of(l.wHh),
      of(l.bIh),
      of(l.wHr),
      sizes(l),
    ]),
  ]);
}

// A projection from two numbers to one, over two steps.

const narrow: LstmLayer = {
  wIh: tensor([[1], [0], [0], [1], [2], [-1], [0], [0.5]]),
  wHh: zeros(8, 1),
  bIh: tensor([0, 1, 1, 1, 0, 0, 1, -1]),
  bHh: zeros(8),
  wHr: tensor([[1, 2]]),
};
const two = layerForward(tensor([[[1]], [[2]]]), { h: zeros(1, 1), c: zeros(1, 2) }, narrow);
const ofTwo = layerBackward(ones(2, 1, 1), { h: zeros(1, 1), c: zeros(1, 2) }, two.cache);
const cells = [two.cache.steps[1].c, two.state.c];
const pair = (t: Tensor) => `(${Array.from(t.data, show).join(', ')})`;

function projection(): string {
  return lines([
    ['t', 'c', 'u = o ⊙ tanh c', 'h = u wHrᵀ'],
    ...cells.map((c, t) => [t + 1, pair(c), pair(two.cache.projections![t].h), two.y.at(t, 0, 0)]),
  ]);
}

// Two layers, a loss that looks at the last output only.

const layers = [layer('lower', D, 0), layer('upper', H, 0)];
const states = [rest(0), rest(0)];
const x = normal([T, B, D], random('sequence'));
const run = stackedForward(x, states, layers);
const dy = zeros(T, B, H).withSlice([T - 1], normal([B, H], random('upstream')));
const none = states.map(() => rest(0));
const right = stackedBackward(dy, none, run.cache);
const upper = layerBackward(dy, none[1], run.cache.layers[1]);
/** As if only the last output of the lower layer had been read. */
const last = layerBackward(zerosLike(upper.dx).withSlice([T - 1], upper.dx.row(T - 1)), none[0], run.cache.layers[0]);

function coming(): string {
  return lines([
    ['t', ...Array.from({ length: T }, (_, t) => String(t + 1))],
    ['‖dy_t‖', ...Array.from({ length: T }, (_, t) => dy.row(t).norm())],
    ['‖dx_t‖ of the upper layer', ...Array.from({ length: T }, (_, t) => upper.dx.row(t).norm())],
  ]);
}
const cosine = (a: Tensor, b: Tensor) => a.flatten().dot(b.flatten()) / (a.norm() * b.norm());
const [whole, part] = [right.layers[0].wIh, last.layer.wIh];

/** What the wrong rule does to the lower layer's gradients. */
function lost(): string {
  return lines([
    ['gradient of the lower layer', 'right', 'last step only', 'cosine between them'],
    ...(['wIh', 'wHh', 'bIh'] as const).map((name) => [
      name,
      right.layers[0][name].norm(),
      last.layer[name].norm(),
      cosine(right.layers[0][name], last.layer[name]),
    ]),
  ]);
}

/** Layers over time: the way forward and the way back. */
function lattice(): string {
  const [columns, rows] = [4, 3];
  const [w, h, dx, dy2] = [76, 40, 150, 92];
  const left = (t: number) => 70 + t * dx;
  const top = (l: number) => 46 + (rows - 1 - l) * dy2;
  const parts: string[] = [];
  for (let l = 0; l < rows; l++) {
    parts.push(text(30, top(l) + h / 2 + 4, `layer ${l + 1}`));
    for (let t = 0; t < columns; t++) {
      const [bx, by] = [left(t), top(l)];
      parts.push(box(bx, by, w, h, `h, c`, 'key'));
      if (t + 1 < columns) {
        parts.push(arrow([bx + w + 2, by + 12], [left(t + 1) - 2, by + 12], 'value'));
        parts.push(arrow([left(t + 1) - 2, by + 28], [bx + w + 2, by + 28], 'gradient'));
      }
      parts.push(arrow([bx + 28, by + h + dy2 - h - 2], [bx + 28, by + h + 2], 'value'));
      if (l > 0) parts.push(arrow([bx + 50, by + h + 2], [bx + 50, by + dy2 - 2], 'gradient'));
      else parts.push(text(bx + 28, by + dy2 + 12, `x at t = ${t + 1}`));
    }
  }
  parts.push(arrow([left(columns - 1) + 28, top(rows - 1) - 2], [left(columns - 1) + 28, 14], 'value'));
  parts.push(arrow([left(columns - 1) + 50, 14], [left(columns - 1) + 50, top(rows - 1) - 2], 'gradient'));
  parts.push(text(left(columns - 1) + 100, 22, 'loss'));
  return figure(
    {
      title: 'Three layers over four time steps, forward and back',
      description:
        'A grid of boxes, layers upward and time to the right. Dotted arrows go right from box to box within a layer and up from layer to layer. Dash-dotted arrows go back along every one of them: left within a layer, and down from each box to the one below it, at every time step. A loss touches only the last box of the top layer.',
      width: 680,
      height: 350,
    },
    ...parts,
  );
}

export const values: Record<string, () => string | number> = {
  stackedLost: () => `${((100 * part.norm()) / whole.norm()).toFixed(0)} %`,
  stackedRightShare: () => pair(ofTwo.layer.wHr!),
  stackedCellShare: () => pair(cells[0].add(cells[1])),
  stackedPlain: () => sizes(layers[0]) + sizes(layers[1]),
  stackedProjected: () => sizes(layer('a', D, P)) + sizes(layer('b', P, P)),
};

export const prints: Record<string, () => string> = {
  stackedShapes: shapes,
  stackedProjection: projection,
  stackedComing: coming,
  stackedLostTable: lost,
};

export const figures: Record<string, () => string> = { 'stacked-lattice': lattice };
