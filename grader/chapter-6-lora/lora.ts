/** Exercises on one linear layer with a low-rank detour: its start, forward and back, into the matrix and out, and its size. */
import { ShapeError, ones, showShape, zeros, zerosLike, type Tensor } from '#tensor';
import { linear, tokens } from '../chapter-5-transformer/definitions-blocks.ts';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  integer,
  number,
  property,
  pure,
  record,
  rejects,
  rows,
  smooth,
  tensor,
  topic,
  valueOf,
} from '../engine/index.ts';
import { projected } from '../chapter-5-transformer/definitions-blocks.ts';
import { filled, type Lora, type Plain, someNames, type Up, withDetour } from './definitions.ts';
import { loraAttentionBackward, loraAttentionForward, loraGptBackward, loraGptForward } from './lora-attention.ts';

const small = { min: -1, max: 1 };

// The start

const started = ({ z, out }: { z: Tensor; out: number }, A: Tensor) => ({ A, B: zeros(out, z.shape[0]!) });

const loraInit = exercise({
  points: 1,
  inputs: { z: tensor('r', 'in'), out: integer(1, 5) },
  sizes: { r: [1, 4], in: [1, 5] },
  oracle: ({ z, out }) => {
    const inputs = z.shape[1]!;
    return started({ z, out }, z.map((x) => x / Math.sqrt(inputs))); // prettier-ignore
  },
  checks: [
    agrees({ cases: 16 }),
    pure({ cases: 3 }),
    rejects('a z that is no matrix', [
      { z: zeros(2), out: 1 },
      { z: zeros(1, 1, 2), out: 1 },
    ]),
  ],
  examples: [
    { z: filled(3, 2, 3), out: 4 },
    { z: filled(5, 3, 5), out: 2 },
  ],
  misconceptions: {
    'A and B both zero': {
      wrong: (i) => started(i, zerosLike(i.z)),
      says: 'Your A is zero. B is to be zero at the start; then B’s gradient, made with A, is zero, and A’s, made with B, is zero too: nothing here would ever learn.',
    },
    'A as large as z': {
      wrong: (i) => started(i, i.z),
      says: 'Your A is z itself. The more inputs a row of A adds up, the larger the sum: how large should one entry be, so that the sum is about as large as one input?',
    },
    'divided by the number of inputs': {
      wrong: (i) => started(i, i.z.div(i.z.shape[1]!)),
      says: 'You divide by in. The spread of a sum of `in` independent numbers grows with the root of their number.',
    },
    'divided by the root of the rank': {
      wrong: (i) => started(i, i.z.div(Math.sqrt(i.z.shape[0]!))),
      says: 'You divide by √r. A row of A is multiplied with the inputs, and there are `in` of them.',
    },
    'divided by the root of the outputs': {
      wrong: (i) => started(i, i.z.div(Math.sqrt(i.out))),
      says: 'You divide by √out. A never meets the outputs: its rows are multiplied with the inputs.',
    },
    'multiplied by the root of the inputs': {
      wrong: (i) => started(i, i.z.mul(Math.sqrt(i.z.shape[1]!))),
      says: 'You multiply by √in, which makes a large sum larger still.',
    },
    'B of ones': {
      wrong: (i) => ({ A: i.z.div(Math.sqrt(i.z.shape[1]!)), B: ones(i.out, i.z.shape[0]!) }),
      says: 'Your B is not zero, so the model changes before it has learned anything. At the start the detour must add nothing.',
    },
    'A transposed': {
      wrong: (i) => ({ A: i.z.div(Math.sqrt(i.z.shape[1]!)).T, B: zeros(i.out, i.z.shape[0]!) }),
      says: 'Your A is (in, r). Like every weight of this course it is (out, in) of its own little layer, and that layer leads from in to r.',
    },
    'B transposed': {
      wrong: (i) => ({ A: i.z.div(Math.sqrt(i.z.shape[1]!)), B: zeros(i.z.shape[0]!, i.out) }),
      says: 'Your B is (r, out). It leads from r numbers up to out: which comes first in the shape of a weight?',
    },
    'A is zero, B is not': {
      wrong: (i) => ({ A: zerosLike(i.z), B: i.z.slice(null, [0, 1]).T.broadcastTo([i.out, i.z.shape[0]!]) }),
      says: 'A is zero and B is not. That begins with no change too, but here it is to be the other way round: A random, B zero.',
    },
    'B in the shape of w': {
      wrong: (i) => ({ A: i.z.div(Math.sqrt(i.z.shape[1]!)), B: zeros(i.out, i.z.shape[1]!) }),
      says: 'Your B is (out, in), as large as w itself. What comes to it are the r numbers that A made.',
    },
    'a root too large by √2': {
      wrong: (i) => started(i, i.z.mul(Math.sqrt(2 / i.z.shape[1]!))),
      says: 'You multiply by √(2/in). That 2 makes up for a ReLU, which takes half of everything away; in the detour there is none.',
    },
  },
  hints: [
    'At first the detour must add nothing. Which of the two matrices has to be zero for that, and why not both?',
    'z is (r, in) already. B is (out, r).',
    'Each entry of A is z / √in, so that a row of A times an input of ordinary size gives a number of ordinary size.',
    'return { A: z.div(Math.sqrt(inputs)), B: zeros(out, r) }, after a look at z.rank',
  ],
});

// Forward

type LoraInputs = { x: Tensor; w: Tensor; b: Tensor; adapter: Lora; alpha: number };
const loraInputs = {
  x: tensor('B?', 'T', 'in'),
  w: tensor('out', 'in', small),
  b: tensor('out', { nonzero: true }),
  adapter: record({ A: tensor('r', 'in', small), B: tensor('out', 'r', small) }),
  alpha: number({ min: 1, max: 8, step: 1 }),
};
const loraSizes = { B: [0, 3], T: [1, 4], in: [1, 4], out: [1, 4], r: [1, 3] } as const;
const loraParameters = Object.keys(loraInputs);

const example = (seed: number, shape: number[], out: number, r: number, alpha: number): LoraInputs => {
  const inputs = shape.at(-1)!;
  return {
    x: filled(seed, ...shape),
    w: filled(seed + 1, out, inputs),
    b: filled(seed + 2, out).add(0.125),
    adapter: { A: filled(seed + 3, r, inputs), B: filled(seed + 4, out, r) },
    alpha,
  };
};
/** Wide and narrow, with all sizes different, and square ones in which every transpose and every product fits. */
const loraExamples = [
  example(3, [2, 3, 4], 5, 2, 7),
  example(9, [3, 4], 4, 3, 5),
  example(17, [2, 2, 3], 3, 2, 8),
  example(23, [2, 2], 2, 2, 5),
  example(29, [2, 3], 3, 3, 4),
];
const withDy = (seed: number, i: LoraInputs): Up<LoraInputs> => ({
  dy: filled(seed, ...i.x.shape.slice(0, -1), i.w.shape[0]!),
  ...i,
});

const scaleOf = ({ adapter, alpha }: Pick<LoraInputs, 'adapter' | 'alpha'>) => alpha / adapter.A.shape[0]!;
const paths = (i: LoraInputs, scale = scaleOf(i)) => {
  const low = i.x.matmul(i.adapter.A.T);
  return { straight: linear(i.x, i.w, i.b), detour: low.matmul(i.adapter.B.T).mul(scale), low };
};
const scaledBy = (scale: (i: LoraInputs) => number) => (i: LoraInputs) => {
  const { straight, detour } = paths(i, scale(i));
  return { y: straight.add(detour) };
};

const definition = ({ x, w, b, adapter, alpha }: Plain<LoraInputs, 'alpha'>) => ({
  y: projected(x, withDetour(w, adapter, alpha / adapter.A.shape[0]!), b),
});

/** x (1, 2), w (4, 2), r = 3, and a detour that is not of these shapes. */
const misfits = [
  { A: zeros(3, 5), B: zeros(4, 3) },
  { A: zeros(3, 2), B: zeros(5, 3) },
  { A: zeros(3, 2), B: zeros(4, 2) },
  // Broadcasting would let this one pass.
  { A: zeros(3, 2), B: zeros(1, 3) },
].map((adapter) => ({ ...example(3, [1, 2], 4, 3, 1), adapter }));

const loraForward = exercise({
  points: 2,
  inputs: loraInputs,
  sizes: loraSizes,
  oracle: valueOf(definition, { plain: ['alpha'] }),
  checks: [
    agrees({ cases: 14 }),
    property<LoraInputs>('with B = 0 the detour changes nothing', {
      cases: 4,
      runs: (i) => ({ y: { ...i, adapter: { ...i.adapter, B: zerosLike(i.adapter.B) } } }),
      holds: ({ y }: { y: { y: Tensor } }, { x, w, b }) => y.y.allClose(linear(x, w, b), { rtol: 1e-9, atol: 1e-12 }),
    }),
    pure({ cases: 3 }),
    rejects('an A and a B that do not fit each other or w', misfits),
  ],
  examples: loraExamples,
  misconceptions: {
    'α/r forgotten': {
      wrong: scaledBy(() => 1),
      says: 'α changes nothing in your result. What comes up out of the detour is multiplied by α/r.',
    },
    'α not divided by the rank': {
      wrong: scaledBy((i) => i.alpha),
      says: 'You multiply by α alone. A detour with twice the rank adds up twice as many terms; dividing by r keeps it about as strong.',
    },
    'divided by the rank only': {
      wrong: scaledBy((i) => 1 / i.adapter.A.shape[0]!),
      says: 'You divide by r, and α changes nothing in your result.',
    },
    'divided by the root of the rank': {
      wrong: scaledBy((i) => i.alpha / Math.sqrt(i.adapter.A.shape[0]!)),
      says: 'You divide α by √r. There is such a variant (rank-stabilised LoRA, 2023); the paper, and this course, divide by r.',
    },
    'rank read from the wrong axis': {
      wrong: scaledBy((i) => i.alpha / i.adapter.A.shape[1]!),
      says: 'You divide α by in. Which axis of A counts the rank?',
    },
    'everything scaled': {
      wrong: (i) => {
        const { straight, detour } = paths(i, 1);
        return { y: straight.add(detour).mul(scaleOf(i)) };
      },
      says: 'You multiply the whole output by α/r, the frozen layer’s too. With B = 0 the model would not be what it was.',
    },
    'detour instead of the layer': {
      wrong: (i) => ({ y: paths(i).detour.add(i.b) }),
      says: 'The frozen w is missing in your result. The detour runs beside it; it does not take its place.',
    },
    'detour left out': {
      wrong: (i) => ({ y: paths(i).straight }),
      says: 'Your result is that of the frozen layer: A and B change nothing.',
    },
    'bias left out': {
      wrong: (i) => ({ y: paths(i).straight.sub(i.b).add(paths(i).detour) }),
      says: 'b changes nothing in your result. It is frozen, not gone.',
    },
    'detour subtracted': {
      wrong: (i) => ({ y: paths(i).straight.sub(paths(i).detour) }),
      says: 'You subtract the detour.',
    },
    'A and B swapped': {
      wrong: (i) => ({
        y: paths(i).straight.add(i.x.matmul(i.adapter.B).matmul(i.adapter.A).mul(scaleOf(i))),
      }),
      says: 'You go through B first. A leads down from in to r, B leads up from r to out.',
    },
    'detour behind the layer': {
      wrong: (i) => {
        const { straight } = paths(i);
        const behind = straight.matmul(i.adapter.A.T).matmul(i.adapter.B.T);
        return { y: straight.add(behind.mul(scaleOf(i))) };
      },
      says: 'Your detour starts from the layer’s output. It runs beside the layer, so it starts from x.',
    },
    'a bend in the detour': {
      wrong: (i) => {
        const { straight, low } = paths(i);
        const bent = low.map((v) => Math.max(0, v));
        return { y: straight.add(bent.matmul(i.adapter.B.T).mul(scaleOf(i))) };
      },
      says: 'There is a ReLU in the middle of your detour. That would be an adapter; LoRA is linear, or else it could not be merged.',
    },
    'w not transposed': {
      wrong: (i) => ({ y: i.x.matmul(i.w).add(i.b).add(paths(i).detour) }),
      says: 'You multiply x with w itself. Like all weights of this course it is (out, in).',
    },
    'factor upside down': {
      wrong: scaledBy((i) => 1 / scaleOf(i)),
      says: 'You multiply by r/α. It is α/r.',
    },
    'multiplied by the rank': {
      wrong: scaledBy((i) => i.alpha * i.adapter.A.shape[0]!),
      says: 'You multiply by α · r. A detour with a larger rank is louder already: α is divided by r.',
    },
    'divided by the outputs': {
      wrong: scaledBy((i) => i.alpha / i.adapter.B.shape[0]!),
      says: 'You divide α by out. Which axis of B counts the rank?',
    },
    'factor twice': {
      wrong: scaledBy((i) => scaleOf(i) ** 2),
      says: 'The detour carries α/r twice. Once, on the way down or on the way up, is enough.',
    },
    'bias twice': {
      wrong: (i) => ({ y: paths(i).straight.add(paths(i).detour).add(i.b) }),
      says: 'b is in your result twice. It belongs to the frozen layer; the detour has no bias.',
    },
    'bias scaled': {
      wrong: (i) => ({
        y: paths(i)
          .straight.add(paths(i).detour)
          .add(i.b.mul(scaleOf(i) - 1)),
      }),
      says: 'You multiply b by α/r too. It belongs to the frozen layer.',
    },
    'the detour alone': {
      wrong: (i) => ({ y: paths(i).detour }),
      says: 'Your result is the detour alone. The frozen layer, w and b, runs beside it as before.',
    },
    'A reshaped instead of transposed': {
      wrong: (i) => {
        const low = i.x.matmul(i.adapter.A.reshape(i.adapter.A.shape[1]!, i.adapter.A.shape[0]!));
        return { y: paths(i).straight.add(low.matmul(i.adapter.B.T).mul(scaleOf(i))) };
      },
      says: 'Your A gets the shape of Aᵀ by reshape, which leaves the numbers in their old order. A.T exchanges rows and columns.',
    },
    'A and B reshaped instead of transposed': {
      wrong: (i) => {
        const [A, B] = [i.adapter.A, i.adapter.B].map((m) => m.reshape(m.shape[1]!, m.shape[0]!)) as [Tensor, Tensor];
        return { y: paths(i).straight.add(i.x.matmul(A).matmul(B).mul(scaleOf(i))) };
      },
      says: 'A and B get the shapes of Aᵀ and Bᵀ by reshape, which leaves the numbers in their old order. `.T` exchanges rows and columns.',
    },
    'bias in the detour too': {
      wrong: (i) => ({
        y: paths(i)
          .straight.add(paths(i).detour)
          .add(i.b.mul(scaleOf(i))),
      }),
      says: 'b is in your result once more, multiplied by α/r. It belongs to the frozen layer; the detour has no bias.',
    },
  },
  hints: [
    'Two ways lead from x to y: the frozen layer, and a narrow detour beside it. They meet in a sum.',
    'x (…, in) → low (…, r) → (…, out). A is (r, in) and B (out, r): each is the weight of a layer without a bias.',
    'low = x Aᵀ; then low Bᵀ times α/r, added to x wᵀ + b. Keep x, low, w, the adapter and the scale.',
    'const low = x.matmul(A.T); const y = x.matmul(w.T).add(b).add(low.matmul(B.T).mul(scale)); before that compare the shapes: a B with one row would be broadcast.',
  ],
});

// Back

/** The gradients as asked for, and what a slip makes of them. */
function back(i: Up<LoraInputs>) {
  const { x, w, adapter, dy } = i;
  const scale = scaleOf(i);
  const low = x.matmul(adapter.A.T);
  const [rowsX, rowsLow, rowsDy] = [x, low, dy].map(tokens) as [Tensor, Tensor, Tensor];
  const dlow = rowsDy.matmul(adapter.B).mul(scale);
  const through = dy.matmul(adapter.B).mul(scale).matmul(adapter.A);
  return {
    scale,
    rowsX,
    rowsLow,
    rowsDy,
    dlow,
    around: dy.matmul(w),
    through,
    A: dlow.T.matmul(rowsX),
    B: rowsDy.mul(scale).T.matmul(rowsLow),
  };
}
type Back = ReturnType<typeof back>;
const slipped =
  (change: (b: Back, i: Up<LoraInputs>) => { dx?: Tensor; A?: Tensor; B?: Tensor }) => (i: Up<LoraInputs>) => {
    const b = back(i);
    const { dx = b.around.add(b.through), A = b.A, B = b.B } = change(b, i);
    return { dx, adapter: { A, B } };
  };
const count = (b: Back) => b.rowsDy.shape[0]!;
/** The last sequence of (B, T, …) as a list of tokens; a single sequence as it is. */
const lastOf = (x: Tensor) => (x.rank === 3 ? x.row(-1) : x);
const firstOf = (x: Tensor) => (x.rank === 3 ? x.row(0) : x);

const loraBackward = exercise({
  points: 4,
  inputs: { dy: tensor('B?', 'T', 'out'), ...loraInputs },
  sizes: loraSizes,
  parameters: ['dy'],
  backwardOf: { forward: 'loraForward', takes: loraParameters },
  oracle: smooth(
    gradientOf(definition, { upstream: { y: 'dy' }, wrt: { dx: 'x', adapter: 'adapter' }, plain: ['alpha'] }),
  ),
  checks: [
    gradientAgrees({ upstream: ['dy'], cases: 14 }),
    property<Up<LoraInputs>>('at the start, with B = 0, A has no gradient and B has one', {
      cases: 4,
      where: ({ x, dy, adapter }) =>
        tokens(dy)
          .T.matmul(tokens(x))
          .matmul(adapter.A.T)
          .data.some((v) => v !== 0),
      runs: (i) => ({ y: { ...i, adapter: { ...i.adapter, B: zerosLike(i.adapter.B) } } }),
      holds: ({ y }: { y: { adapter: Lora } }) =>
        y.adapter.A.data.every((v) => v === 0) && y.adapter.B.data.some((v) => v !== 0),
    }),
    property<Up<LoraInputs>>('what is frozen has no gradient', {
      cases: 2,
      holds: ({ y }: { y: object }) => {
        const more = Object.keys(y).filter((key) => key !== 'dx' && key !== 'adapter');
        return (
          more.length === 0 ||
          `Your result has ${someNames(more)} too. An optimizer that is handed a gradient uses it, and then the base is not frozen.`
        );
      },
    }),
    pure({ cases: 3 }),
  ],
  examples: loraExamples.map((e, k) => withDy(31 + k, e)),
  misconceptions: {
    'α/r forgotten on the way back': {
      wrong: slipped((b) => ({
        dx: b.around.add(b.through.div(b.scale)),
        A: b.A.div(b.scale),
        B: b.B.div(b.scale),
      })),
      says: 'α/r was in the forward pass and is missing on the way back: everything that went through the detour is off by this factor.',
    },
    'α/r forgotten for B': {
      wrong: slipped((b) => ({ B: b.B.div(b.scale) })),
      says: 'A and x get their α/r, B does not. The factor stood behind B: every gradient below it carries it.',
    },
    'α/r forgotten for A': {
      wrong: slipped((b) => ({ A: b.A.div(b.scale) })),
      says: 'B and x get their α/r, A does not. What came out of A was multiplied by it later.',
    },
    'α/r forgotten in dlow': {
      wrong: slipped((b) => ({ dx: b.around.add(b.through.div(b.scale)), A: b.A.div(b.scale) })),
      says: 'B gets its α/r; what goes on to low, and from there to A and x, does not.',
    },
    'α/r forgotten for x': {
      wrong: slipped((b) => ({ dx: b.around.add(b.through.div(b.scale)) })),
      says: 'A and B get their α/r. In dx the part that comes back through the detour is missing it.',
    },
    'α/r twice': {
      wrong: slipped((b) => ({ A: b.A.mul(b.scale), dx: b.around.add(b.through.mul(b.scale)) })),
      says: 'dlow carries α/r already, and A and x get it once more.',
    },
    'everything scaled': {
      wrong: slipped((b) => ({ dx: b.around.add(b.through.div(b.scale)).mul(b.scale) })),
      says: 'Your dx multiplies the frozen layer’s part by α/r too. The factor belongs to the detour alone.',
    },
    'dx without the detour': {
      wrong: slipped((b) => ({ dx: b.around })),
      says: 'Your dx comes back through w only. x went through the detour as well, and layers further down hear of both.',
    },
    'dx without the frozen layer': {
      wrong: slipped((b) => ({ dx: b.through })),
      says: 'Your dx comes back through the detour only. Frozen means that w keeps no gradient of its own; it still passes on what comes.',
    },
    'B’s gradient from x': {
      wrong: slipped((b) => ({ B: b.rowsDy.mul(b.scale).T.matmul(b.rowsX) })),
      says: 'Your gradient of B is made with x. What B multiplied was low = x Aᵀ.',
    },
    'A’s gradient past B': {
      wrong: slipped((b) => ({ A: b.rowsDy.mul(b.scale).T.matmul(b.rowsX) })),
      says: 'Your gradient of A is made with dy as it came. On the way from A to y there was B.',
    },
    'A’s gradient from low': {
      wrong: slipped((b) => ({ A: b.dlow.T.matmul(b.rowsLow) })),
      says: 'Your gradient of A is made with low. What A multiplied was x.',
    },
    'A and B under each other’s name': {
      wrong: slipped((b) => ({ A: b.B, B: b.A })),
      says: 'What you return as A is the gradient of B, and the other way round.',
    },
    'gradients transposed': {
      wrong: slipped((b) => ({ A: b.A.T, B: b.B.T })),
      says: 'Your gradients are (in, r) and (r, out). A gradient has the shape of its variable.',
    },
    'A held fixed': {
      wrong: slipped((b) => ({ A: zerosLike(b.A) })),
      says: 'Your gradient of A is always zero. It is zero at the start, where B is; after the first step it is not.',
    },
    'averaged over the tokens': {
      wrong: slipped((b) => ({ A: b.A.div(count(b)), B: b.B.div(count(b)) })),
      says: 'A’s and B’s gradients are divided by the number of tokens. If the loss is a mean, dy knows it already.',
    },
    'averaged over the first axis': {
      wrong: slipped((b, { x }) => ({ A: b.A.div(x.shape[0]!), B: b.B.div(x.shape[0]!) })),
      says: 'A’s and B’s gradients are divided by the length of the first axis. If the loss is a mean, dy knows it already.',
    },
    'last sequence only': {
      wrong: slipped((b, i) => {
        const last = back({ ...i, x: lastOf(i.x), dy: lastOf(i.dy) });
        return { A: last.A, B: last.B };
      }),
      says: 'A and B hear of the last sequence only. All tokens of all sequences went through them.',
    },
    'a gradient for each sequence': {
      wrong: slipped((b, { x, dy, adapter }) => ({
        A: dy.mul(b.scale).matmul(adapter.B).T.matmul(x),
        B: dy.mul(b.scale).T.matmul(x.matmul(adapter.A.T)),
      })),
      says: 'Your gradients of A and B have one matrix for each sequence. All sequences used the same detour: add up what they say.',
    },
    'base not frozen': {
      wrong: (i) => {
        const b = back(i);
        return { ...slipped(() => ({}))(i), dw: b.rowsDy.T.matmul(b.rowsX), db: b.rowsDy.sum(0) };
      },
      says: 'You return gradients for w and b as well. They are frozen: not to compute theirs is half of what LoRA saves, and an optimizer that is handed them would use them.',
    },
    'α/r twice for A': {
      wrong: slipped((b) => ({ A: b.A.mul(b.scale) })),
      says: 'Your gradient of A carries α/r twice. It is in dlow already.',
    },
    'α/r twice for B': {
      wrong: slipped((b) => ({ B: b.B.mul(b.scale) })),
      says: 'Your gradient of B carries α/r twice. Put it to dy or to low, not to both.',
    },
    'α/r twice for x': {
      wrong: slipped((b) => ({ dx: b.around.add(b.through.mul(b.scale)) })),
      says: 'In dx the part that comes back through the detour carries α/r twice. It is in dlow already.',
    },
    'detour subtracted in dx': {
      wrong: slipped((b) => ({ dx: b.around.sub(b.through) })),
      says: 'You subtract what comes back through the detour. On the way there the two ways were added, so their gradients are too.',
    },
    'w transposed': {
      wrong: slipped((b, { w, dy }) => ({ dx: dy.matmul(w.T).add(b.through) })),
      says: 'You send dy back through wᵀ. x went through wᵀ, so its gradient comes back through w itself, (out, in).',
    },
    'first sequence only': {
      wrong: slipped((b, i) => {
        const first = back({ ...i, x: firstOf(i.x), dy: firstOf(i.dy) });
        return { A: first.A, B: first.B };
      }),
      says: 'A and B hear of the first sequence only. All tokens of all sequences went through them.',
    },
    'a step instead of gradients': {
      wrong: slipped((b, { adapter }) => ({ A: adapter.A.sub(b.A), B: adapter.B.sub(b.B) })),
      says: 'You return A and B after a step. The gradients themselves are asked for; the optimizer makes the step.',
    },
    'α/r twice everywhere': {
      wrong: slipped((b) => ({ A: b.A.mul(b.scale), B: b.B.mul(b.scale), dx: b.around.add(b.through.mul(b.scale)) })),
      says: 'Everything that came back through the detour carries α/r twice. On each way from y down it stands once.',
    },
  },
  hints: [
    'Two ways led from x to y, so two bring a gradient back to x. And A and B are two small layers in a row.',
    'dy (…, out) → dlow (…, r) → (…, in). For the gradients of A (r, in) and B (out, r) take all tokens as one list.',
    'With the factor put to dy first: dlow = (α/r) dy B; dB = (α/r) dyᵀ low; dA = dlowᵀ x; dx = dy w + dlow A.',
    'const list = (t: Tensor) => t.reshape(-1, t.shape[t.rank - 1]); A: list(dlow).T.matmul(list(x))',
  ],
});

// Into the matrix, and out

type MergeInputs = { w: Tensor; adapter: Lora; alpha: number };
const mergeInputs = { w: loraInputs.w, adapter: loraInputs.adapter, alpha: loraInputs.alpha };
const mergeSizes = { in: [1, 4], out: [1, 4], r: [1, 3] } as const;
const mergeExamples = loraExamples.map(({ w, adapter, alpha }) => ({ w, adapter, alpha }));
const productOf = ({ adapter: { A, B } }: MergeInputs) => B.matmul(A);
const mergedBy = (scale: (i: MergeInputs) => number) => (i: MergeInputs) => i.w.add(productOf(i).mul(scale(i)));
/** A B where B A was meant; where that has another shape than w, somebody notices. */
const looking = (sign: 1 | -1) => (i: MergeInputs) => {
  const change = i.adapter.A.matmul(i.adapter.B).mul(sign * scaleOf(i));
  if (!change.sameShape(i.w)) throw new ShapeError(`${showShape(change.shape)} does not fit ${showShape(i.w.shape)}`);
  return i.w.add(change);
};
const mergeMisfits = misfits.map(({ w, adapter, alpha }) => ({ w, adapter, alpha }));

const amounts =
  (sign: 1 | -1) =>
  ({ w, adapter, alpha }: Plain<MergeInputs, 'alpha'>) =>
    withDetour(w, adapter, (sign * alpha) / adapter.A.shape[0]!);

const mergeLora = exercise({
  points: 2,
  inputs: mergeInputs,
  sizes: mergeSizes,
  oracle: valueOf(amounts(1), { plain: ['alpha'] }),
  checks: [agrees({ cases: 16 }), pure({ cases: 4 }), rejects('an adapter that does not fit w', mergeMisfits)],
  examples: mergeExamples,
  misconceptions: {
    'α/r forgotten': {
      wrong: mergedBy(() => 1),
      says: 'α changes nothing in your result. What the detour added was multiplied by α/r, and the matrix has to do the same.',
    },
    'α not divided by the rank': {
      wrong: mergedBy((i) => i.alpha),
      says: 'You multiply B A by α alone; the detour’s output was multiplied by α/r.',
    },
    'divided by the rank only': {
      wrong: mergedBy((i) => 1 / i.adapter.A.shape[0]!),
      says: 'You divide by r, and α changes nothing in your result.',
    },
    'rank read from the wrong axis': {
      wrong: mergedBy((i) => i.alpha / i.adapter.A.shape[1]!),
      says: 'You divide α by in. Which axis of A counts the rank?',
    },
    'merged twice': {
      wrong: mergedBy((i) => 2 * scaleOf(i)),
      says: 'The detour is in your matrix twice. Once is what ran beside it.',
    },
    subtracted: {
      wrong: mergedBy((i) => -scaleOf(i)),
      says: 'You take the detour out. Here it goes in.',
    },
    'the change alone': {
      wrong: (i) => productOf(i).mul(scaleOf(i)),
      says: 'You return what is added, without what it is added to.',
    },
    'whole sum scaled': {
      wrong: (i) => i.w.add(productOf(i)).mul(scaleOf(i)),
      says: 'You multiply w by α/r too. The factor belongs to the detour alone.',
    },
    'product in the wrong layout': {
      wrong: (i) => i.w.add(productOf(i).T.mul(scaleOf(i))),
      says: 'You add Aᵀ Bᵀ, which is (in, out). w is (out, in); on a square layer nobody would stop you.',
    },
    'A B instead of B A': {
      wrong: (i) => i.w.add(i.adapter.A.matmul(i.adapter.B).mul(scaleOf(i))),
      says: 'A B is (r, r). The change has to have the shape of w: (out, r) times (r, in).',
    },
    'nothing merged': {
      wrong: (i) => i.w,
      says: 'You return w as it was.',
    },
    'A B instead of B A, after a look at the shapes': {
      wrong: looking(1),
      says: 'You compare A B, which is (r, r), with w. The change is B A: (out, r) times (r, in).',
    },
    'one direction only': {
      wrong: ({ w, adapter: { A, B }, alpha }) =>
        w.add(
          B.slice(null, 0)
            .outer(A.row(0))
            .mul(alpha / A.shape[0]!),
        ),
      says: 'You add what the first row of A and the first column of B make. B A is the sum of r such products.',
    },
  },
  hints: [
    'x wᵀ + (α/r) (x Aᵀ) Bᵀ is x times one matrix. Which one?',
    'The change has the shape of w, (out, in). Which product of B (out, r) and A (r, in) has it?',
    'w′ = w + (α/r) B A. r is the number of A’s rows.',
    'w.add(adapter.B.matmul(adapter.A).mul(alpha / adapter.A.shape[0])), after comparing the shapes: a B with one row would be broadcast',
  ],
});

const unmergeLora = exercise({
  points: 1,
  inputs: mergeInputs,
  sizes: mergeSizes,
  uses: ['mergeLora'],
  oracle: valueOf(amounts(-1), { plain: ['alpha'] }),
  checks: [
    agrees({ cases: 12 }),
    property<MergeInputs>('what was merged and unmerged is what it was', {
      cases: 4,
      runs: (i) => ({ y: { ...i, w: mergedBy(scaleOf)(i) } }),
      holds: ({ y }: { y: Tensor }, { w }) => y.allClose(w, { rtol: 1e-9, atol: 1e-9 }),
    }),
    pure({ cases: 3 }),
    rejects('an adapter that does not fit w', mergeMisfits),
  ],
  examples: mergeExamples,
  misconceptions: {
    'merged once more': {
      wrong: mergedBy(scaleOf),
      says: 'You add the detour a second time. It is in w, and is to go out.',
    },
    'α/r forgotten': {
      wrong: mergedBy(() => -1),
      says: 'You take B A out; what had been put in was α/r times that.',
    },
    'α not divided by the rank': {
      wrong: mergedBy((i) => -i.alpha),
      says: 'You take α B A out; what had been put in was α/r times B A.',
    },
    'rank read from the wrong axis': {
      wrong: mergedBy((i) => -i.alpha / i.adapter.A.shape[1]!),
      says: 'You divide α by in. Which axis of A counts the rank?',
    },
    'nothing taken out': {
      wrong: (i) => i.w,
      says: 'You return the matrix with the detour still in it.',
    },
    'taken out twice': {
      wrong: mergedBy((i) => -2 * scaleOf(i)),
      says: 'You take out twice what was put in.',
    },
    'sign of the whole': {
      wrong: (i) => productOf(i).mul(scaleOf(i)).sub(i.w),
      says: 'You return the change minus w. It is w minus the change.',
    },
    'product in the wrong layout': {
      wrong: (i) => i.w.sub(productOf(i).T.mul(scaleOf(i))),
      says: 'You subtract Aᵀ Bᵀ, which is (in, out). w is (out, in).',
    },
    'divided by the rank only': {
      wrong: mergedBy((i) => -1 / i.adapter.A.shape[0]!),
      says: 'You divide by r, and α changes nothing in your result.',
    },
    'merged with 1/α': {
      wrong: mergedBy((i) => 1 / (i.alpha * i.adapter.A.shape[0]!)),
      says: 'You merge once more, with 1/α. What was added goes out by subtraction: which α turns the sign?',
    },
    'the change alone': {
      wrong: (i) => productOf(i).mul(scaleOf(i)),
      says: 'You return what is to be taken out, without what it is taken from.',
    },
    'the change alone, turned': {
      wrong: (i) => productOf(i).mul(-scaleOf(i)),
      says: 'You return minus the change, without w to which it is added.',
    },
    'A B instead of B A': {
      wrong: (i) => i.w.sub(i.adapter.A.matmul(i.adapter.B).mul(scaleOf(i))),
      says: 'A B is (r, r). The change has the shape of w: (out, r) times (r, in).',
    },
    'A B instead of B A, after a look at the shapes': {
      wrong: looking(-1),
      says: 'You compare A B, which is (r, r), with w. The change is B A: (out, r) times (r, in).',
    },
  },
  hints: [
    'What takes out what mergeLora put in?',
    'The same shapes as in mergeLora: (out, in) in and out.',
    'w − (α/r) B A. Is there a value of α for which mergeLora does just that?',
    'mergeLora(w, adapter, -alpha)',
  ],
});

// How many

type CountInputs = { layers: number; matrices: number[][]; rank: number };
const summed = (of: (out: number, inputs: number, r: number) => number) => (i: CountInputs) =>
  i.layers * i.matrices.reduce((sum, [out, inputs]) => sum + of(out!, inputs!, i.rank), 0);
const square = (n: number, width: number) => Array.from({ length: n }, () => [width, width]);

const loraParameterCount = exercise({
  points: 1,
  inputs: { layers: integer(1, 8), matrices: rows('m', 2, { min: 1, max: 9, step: 1 }), rank: integer(1, 5) },
  sizes: { m: [1, 3] },
  oracle: ({ layers, matrices, rank }) => {
    let total = 0;
    for (let layer = 0; layer < layers; layer++)
      for (const [out, inputs] of matrices) {
        total += rank * inputs!; // A
        total += out! * rank; // B
      }
    return total;
  },
  checks: [agrees({ exact: true, cases: 20 }), pure({ cases: 3 })],
  examples: [
    { layers: 3, matrices: [[5, 2], [7, 4]], rank: 3 }, // prettier-ignore
    { layers: 12, matrices: square(2, 768), rank: 8 },
    { layers: 24, matrices: square(2, 1024), rank: 8 },
    { layers: 48, matrices: square(2, 1536), rank: 16 },
    { layers: 96, matrices: square(2, 12288), rank: 8 },
  ],
  misconceptions: {
    'frozen matrices counted too': {
      wrong: summed((out, inputs, r) => out * inputs + r * (out + inputs)),
      says: 'You count the frozen matrices as well. They are there, but nobody trains them.',
    },
    'frozen matrices counted': {
      wrong: summed((out, inputs) => out * inputs),
      says: 'You count the frozen matrices. What is trained are A and B.',
    },
    'A alone': {
      wrong: summed((_, inputs, r) => r * inputs),
      says: 'You count A’s entries and not B’s.',
    },
    'B alone': {
      wrong: summed((out, _, r) => r * out),
      says: 'You count B’s entries and not A’s.',
    },
    'in taken for both sides': {
      wrong: summed((_, inputs, r) => 2 * r * inputs),
      says: 'You count 2 · r · in. That is right where a matrix is square; B has a row for every output.',
    },
    'out taken for both sides': {
      wrong: summed((out, _, r) => 2 * r * out),
      says: 'You count 2 · r · out. That is right where a matrix is square; A has a column for every input.',
    },
    'multiplied instead of added': {
      wrong: summed((out, inputs, r) => r * out * inputs),
      says: 'You multiply r · out · in. A and B are two matrices beside each other: their entries are added.',
    },
    'one layer only': {
      wrong: (i) => summed((out, inputs, r) => r * (out + inputs))({ ...i, layers: 1 }),
      says: 'You count one layer. Every layer gets detours of its own.',
    },
    'one matrix of each layer': {
      wrong: (i) => summed((out, inputs, r) => r * (out + inputs))({ ...i, matrices: i.matrices.slice(0, 1) }),
      says: 'You count the first matrix of each layer only. Each matrix in the list gets a detour.',
    },
    'biases counted': {
      wrong: summed((out, inputs, r) => r * (out + inputs) + r + out),
      says: 'You count biases. The two small layers of a detour have none.',
    },
    'entries of the product': {
      wrong: summed((out, inputs, r) => r * (out + inputs) - r * r),
      says: 'You take r² off, as if you counted all matrices of rank r. What is stored, and trained, are all entries of A and of B.',
    },
    'rank left out': {
      wrong: summed((out, inputs) => out + inputs),
      says: 'The rank changes nothing in your result. A has r rows and B has r columns.',
    },
    'everything twice': {
      wrong: summed((out, inputs, r) => 2 * r * (out + inputs)),
      says: 'You count everything twice. The list names each matrix of a layer that gets a detour, queries and values both: nothing is left to double.',
    },
    'biases of B counted': {
      wrong: summed((out, inputs, r) => r * (out + inputs) + out),
      says: 'You count out numbers more for each matrix, as if B had a bias. The two small layers of a detour have none.',
    },
    'the last matrix of each layer': {
      wrong: (i) => summed((out, inputs, r) => r * (out + inputs))({ ...i, matrices: i.matrices.slice(-1) }),
      says: 'You count the last matrix of each layer only: what the others need was written over.',
    },
  },
  hints: [
    'How many entries has A, how many has B? Nothing else is trained.',
    'A is (r, in), B is (out, r).',
    'layers · Σ over the matrices of r · (out + in).',
    'layers * matrices.reduce((sum, [out, inputs]) => sum + rank * (out + inputs), 0)',
  ],
});

export const lora = topic('lora', 'LoRA: a detour of low rank', {
  loraInit,
  loraForward,
  loraBackward,
  mergeLora,
  unmergeLora,
  loraParameterCount,
  loraAttentionForward,
  loraAttentionBackward,
  loraGptForward,
  loraGptBackward,
});
