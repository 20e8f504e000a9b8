/** Exercises of stacked LSTMs: any depth, with a projection or without. */
import { stack, Tensor, zeros } from '#tensor';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  pure,
  range,
  rejects,
  sum,
  table,
  tensor,
  topic,
  valueOf,
  type Input,
  type Lifted,
  type Sizes,
} from '../engine/index.ts';
import {
  filled,
  layer as runLayer,
  layerBack,
  lstmLayer,
  smooth,
  type Layer,
  type LayerSlips,
  type State,
  type TimeSlips,
} from './definitions.ts';

// The size P is 0 where there is no projection, so the width R of what a layer gives out is not a plain axis.

/** The width of what a layer gives out and reads back. */
const R = (s: Sizes) => s.P! || s.H!;

/** The same tensor for other sizes: cut, or filled up with zeros. */
function resized(x: Tensor, shape: readonly number[], keep: 'first' | 'last' = 'first'): Tensor {
  const offset = shape.map((n, axis) => (keep === 'last' ? Math.max(0, x.shape[axis]! - n) : 0));
  const out = zeros(...shape);
  for (let flat = 0; flat < out.size; flat++) {
    let left = flat;
    let from = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const i = (left % shape[axis]!) + offset[axis]!;
      left = Math.floor(left / shape[axis]!);
      from = i < x.shape[axis]! ? from + i * stride : NaN;
      stride *= x.shape[axis]!;
    }
    out.data[flat] = x.data[from] ?? 0;
  }
  return out;
}

type Fields<T> = { [K in keyof T]-?: (sizes: Sizes) => number[] | undefined };

/** Tensors under names, each with a shape computed from the sizes; a field without a shape is left out. */
function tensors<T extends object>(
  symbols: string[],
  shape: string,
  fields: Fields<T>,
  most: number,
): Input<T & never> {
  const grid = { min: -most, max: most };
  const present = (sizes: Sizes) =>
    Object.entries<(s: Sizes) => number[] | undefined>(fields).flatMap(([name, of]) => {
      const axes = of(sizes);
      return axes ? [[name, axes] as const] : [];
    });
  const input: Input<Record<string, Tensor>> = {
    symbols,
    shape,
    draw: (rng, sizes) =>
      Object.fromEntries(present(sizes).map(([name, axes]) => [name, tensor(...axes, grid).draw(rng, {})])),
    cut: (value, sizes, keep) =>
      Object.fromEntries(
        present(sizes).map(([name, axes]) => [name, resized(value[name] ?? zeros(...axes), axes, keep)]),
      ),
    *simpler(value) {
      for (const [name, x] of Object.entries(value))
        for (const plainer of tensor(...x.shape, grid).simpler(x)) yield { ...value, [name]: plainer };
    },
    nudge: (value, f) => Object.fromEntries(Object.entries(value).map(([name, x]) => [name, x.map(f)])),
  };
  return input as never;
}

const one = (shape: string, symbols: string[], axes: (s: Sizes) => number[]): Input<Tensor> => {
  const boxed = tensors<{ x: Tensor }>(symbols, shape, { x: axes }, 2) as unknown as Input<{ x: Tensor }>;
  return {
    symbols,
    shape,
    draw: (rng, sizes) => boxed.draw(rng, sizes).x,
    cut: (x, sizes, keep) => boxed.cut({ x }, sizes, keep).x,
    *simpler(x) {
      for (const plainer of boxed.simpler({ x })) yield plainer.x;
    },
    nudge: (x, f) => x.map(f),
  };
};

const states = tensors<State>(
  ['B', 'H', 'P'],
  '{ h (B, R), c (B, H) }',
  { h: (s) => [s.B!, R(s)], c: (s) => [s.B!, s.H!] },
  2,
) as Input<never>;
const layerOf = (width: (s: Sizes) => number, name: string) =>
  tensors<Layer>(
    ['D', 'H', 'P'],
    `{ wIh (4H, ${name}), wHh (4H, R), bIh (4H), bHh (4H), wHr (P, H) or none }`,
    {
      wIh: (s) => [4 * s.H!, width(s)],
      wHh: (s) => [4 * s.H!, R(s)],
      bIh: (s) => [4 * s.H!],
      bHh: (s) => [4 * s.H!],
      wHr: (s) => (s.P ? [s.P, s.H!] : undefined),
    },
    1,
  ) as Input<never>;

/** As many as there are layers; the lowest differs. */
function perLayer(lowest: Input<never>, others: Input<never>): Input<never> {
  const of = (l: number) => (l === 0 ? lowest : others);
  const kept = (list: never[], sizes: Sizes, keep?: 'first' | 'last') =>
    keep === 'last' ? list.slice(list.length - sizes.L!) : list.slice(0, sizes.L);
  const input: Input<never[]> = {
    symbols: ['L', ...lowest.symbols],
    shape: `L × ${lowest.shape}`,
    draw: (rng, sizes) => range(sizes.L!, (l) => of(l).draw(rng, sizes)),
    cut: (value, sizes, keep) => kept(value, sizes, keep).map((v, l) => of(l).cut(v, sizes, keep)),
    *simpler(value) {
      for (let l = 0; l < value.length; l++)
        for (const v of of(l).simpler(value[l]!)) yield value.map((w, j) => (j === l ? v : w));
    },
    nudge: (value, f) => value.map((v, l) => of(l).nudge(v, f)),
  };
  return input as never;
}

// The projection

interface ProjectInputs {
  h: Tensor;
  wHr: Tensor;
}
const projected = ({ h, wHr }: Lifted<ProjectInputs>) =>
  table([h.shape[0]!, wHr.shape[0]!], (b, p) => sum(range(wHr.shape[1]!, (k) => h.at(b!, k).mul(wHr.at(p!, k)))));
const projectInputs = { h: tensor('B', 'H'), wHr: tensor('P', 'H') };

const project = exercise({
  points: 1,
  inputs: projectInputs,
  oracle: valueOf((i: Lifted<ProjectInputs>) => ({ y: projected(i) })),
  // As many rows as columns: there a forgotten transpose throws nothing, and shows in its numbers.
  examples: [1, 40].map((seed) => ({ h: filled(seed, 3, 2), wHr: filled(seed + 1, 2, 2) })),
  checks: [
    agrees(),
    pure({ cases: 3 }),
    rejects('a projection for another width than H', [
      { h: zeros(2, 3), wHr: zeros(3, 2) },
      { h: zeros(2, 3), wHr: zeros(1, 4) },
    ]),
  ],
  misconceptions: {
    'wHr not transposed': {
      wrong: ({ h, wHr }) => ({ y: h.matmul(wHr) }),
      says: 'You multiply with wHr itself. Like all weights it is (out, in), so its transpose has to stand on the right.',
    },
    'squashed once more': {
      wrong: ({ h, wHr }) => ({ y: h.matmul(wHr.T).tanh() }),
      says: 'Your result has been through a tanh. The projection is a plain product; the squashing has been done before it.',
    },
    'result transposed': {
      wrong: ({ h, wHr }) => ({ y: wHr.matmul(h.T) }),
      says: 'Rows and columns are swapped: row b of the result belongs to sample b.',
    },
  },
  hints: [
    'It is a linear layer that has lost its bias.',
    '(B, H) times something of shape (H, P) gives (B, P).',
    'y = h wHrᵀ, and backward will need both of them again.',
    'return { y: h.matmul(wHr.T), cache: { h, wHr } };',
  ],
});

const projectBackward = exercise({
  points: 2,
  inputs: { dy: tensor('B', 'P'), ...projectInputs },
  parameters: ['dy'],
  backwardOf: { forward: 'project', takes: ['h', 'wHr'] },
  oracle: smooth(gradientOf<Lifted<ProjectInputs>>(projected, { upstream: 'dy', wrt: { dh: 'h', dwHr: 'wHr' } })),
  examples: [3, 60].map((seed) => ({
    dy: filled(seed, 3, 2),
    h: filled(seed + 1, 3, 2),
    wHr: filled(seed + 2, 2, 2),
  })),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 20 }), pure({ cases: 3 })],
  misconceptions: {
    'dwHr transposed': {
      wrong: ({ dy, h, wHr }) => ({ dh: dy.matmul(wHr), dwHr: h.T.matmul(dy) }),
      says: 'Your dwHr is (H, P). A gradient has the shape of its variable: wHr is (P, H).',
    },
    'averaged over the batch': {
      wrong: ({ dy, h, wHr }) => ({ dh: dy.matmul(wHr), dwHr: dy.T.matmul(h).div(h.shape[0]!) }),
      says: 'Your dwHr is a mean over the batch. If the loss is a mean, dy knows it already.',
    },
    'gradients exchanged': {
      wrong: ({ dy, h, wHr }) => ({ dh: dy.T.matmul(h), dwHr: dy.matmul(wHr) }),
      says: 'dh and dwHr have changed places: look at their shapes.',
    },
    'dh not multiplied by the weights': {
      wrong: ({ dy, h }) => ({ dh: dy, dwHr: dy.T.matmul(h) }),
      says: 'Your dh is just dy. Every entry of h went through a column of wHr on its way.',
    },
    'dh through the transpose': {
      wrong: ({ dy, h, wHr }) => ({ dh: dy.matmul(wHr.T), dwHr: dy.T.matmul(h) }),
      says: 'Your dh goes through wHrᵀ, as h did on the way there. On the way back it is wHr itself: (B, P) has to become (B, H).',
    },
    'the last sample only': {
      wrong: ({ dy, h, wHr }) => ({ dh: dy.matmul(wHr), dwHr: dy.row(-1).outer(h.row(-1)) }),
      says: 'Your dwHr is what the last sample contributed: each one overwrites those before it. One wHr served them all.',
    },
  },
  hints: [
    'The gradients of a linear layer without its bias.',
    'dh must be (B, H), dwHr (P, H); dy is (B, P). Only one product of the right matrices gives each.',
    'dh = dy wHr, dwHr = dyᵀ h.',
    'return { dh: dy.matmul(cache.wHr), dwHr: dy.T.matmul(cache.h) };',
  ],
});

// One layer

interface LayerInputs {
  x: Tensor;
  state: State;
  layer: Layer;
}
const oneLayer = (i: Lifted<LayerInputs>) => lstmLayer(i.x, i.state, i.layer);
const layerInputs = {
  x: tensor('T', 'B', 'D'),
  state: states,
  layer: layerOf((s) => s.D!, 'D'),
};
const layerSizes = { T: [1, 4], B: [1, 3], D: [1, 3], H: [1, 3], P: [0, 2] } as const;

const parametersLike = (seed: number, D: number, H: number, P: number): Layer => ({
  wIh: filled(seed, 4 * H, D),
  wHh: filled(seed + 1, 4 * H, P || H),
  bIh: filled(seed + 2, 4 * H),
  bHh: filled(seed + 3, 4 * H),
  ...(P > 0 && { wHr: filled(seed + 4, P, H) }),
});
const stateLike = (seed: number, B: number, H: number, P: number): State => ({
  h: filled(seed, B, P || H),
  c: filled(seed + 1, B, H),
});

/** A projection to the same width: nothing throws there, and mistakes of width show in their numbers. */
const square = (seed: number) => ({
  x: filled(seed, 3, 2, 3),
  state: stateLike(seed + 10, 2, 2, 2),
  layer: parametersLike(seed + 20, 3, 2, 2),
});

const slippedLayer = (slips: LayerSlips) => (i: LayerInputs) => {
  const { y, state } = runLayer(i.x, i.state, i.layer, slips);
  return { y, state: { ...state } };
};

const layerForward = exercise<typeof layerInputs, LayerInputs>({
  points: 2,
  uses: ['project'],
  inputs: layerInputs,
  sizes: layerSizes,
  oracle: valueOf(oneLayer),
  checks: [agrees({ cases: 12 }), pure({ cases: 3 })],
  examples: [square(5), square(77)] as never,
  misconceptions: {
    'recurrence on the unprojected state': {
      wrong: slippedLayer({ rawRecurrence: true, rawFinal: true }),
      says: 'Your outputs are projected, but the next step reads the state as it was before the projection. wHh has P columns: it expects the narrow one.',
    },
    'outputs not projected': {
      wrong: slippedLayer({ rawOutputs: true }),
      says: 'Your recurrence reads the projected state, and your outputs are still the wide ones.',
    },
    'final state not projected': {
      wrong: slippedLayer({ rawFinal: true }),
      says: 'The h you return as final state is the wide one. It is what a continuation would start from, so it has to be what the next step would have read.',
    },
    'every step from the first state': {
      wrong: slippedLayer({ forgetState: true }),
      says: 'Each of your steps starts from the first state again, so nothing is remembered.',
    },
    'cell state not handed on': {
      wrong: slippedLayer({ forgetCell: true }),
      says: 'The hidden state travels from step to step, but every step starts from the first cell state.',
    },
    'initial state ignored': {
      wrong: slippedLayer({ zeroStart: true }),
      says: 'You start from zeros whatever the state is.',
    },
    'cell projected instead of the hidden state': {
      wrong: slippedLayer({ projects: 'cell' }),
      says: 'You project the cell. The projection is a view of what lstmStep gives out as h: the cell has still to go through its tanh and the output gate.',
    },
    'projected before the output gate': {
      wrong: slippedLayer({ projects: 'tanhCell' }),
      says: 'You project tanh(c). What lstmStep gives out as h has met the output gate as well.',
    },
    'projection squashed': {
      wrong: slippedLayer({ squashedView: true }),
      says: 'Your projected state has been through one more tanh. The projection is a plain product.',
    },
    'projection left out': {
      wrong: slippedLayer({ unprojected: true }),
      says: 'wHr changes nothing in your result: the wide state is given out and read back.',
    },
    'hidden state not handed on': {
      wrong: slippedLayer({ forgetHidden: true }),
      says: 'The cell travels from step to step, but every step reads the first hidden state.',
    },
    'read from the end': {
      wrong: slippedLayer({ fromTheEnd: true }),
      says: 'Your first step reads the last input. Time runs from row 0 on.',
    },
    'first state returned': {
      wrong: (i) => ({ y: runLayer(i.x, i.state, i.layer).y, state: { ...i.state } }),
      says: 'The state you return is the one that came in. The name stands for two things here: asked for is the state after the last step.',
    },
    'cell state never changed': {
      wrong: slippedLayer({ keepsCell: 'always' }),
      says: 'The first cell state enters every one of your steps, and you return it. What a step returns as c is what the next one starts from.',
    },
    'cell state lost beside the projection': {
      wrong: slippedLayer({ keepsCell: 'projected' }),
      says: 'With a projection the first cell state enters every one of your steps, and without one all is well. The cell goes from step to step in either case.',
    },
  },
  hints: [
    'lstmForward with one more line in the loop: where does the projection go so that the next step sees it too?',
    'lstmStep gives h of (B, H); project makes it (B, P); that is both the output of this step and the h of the next.',
    'The cell state is left alone. Without wHr nothing is projected, and R = H.',
    'const step = lstmStep(x.row(t), h, c, layer); const p = layer.wHr && project(step.h, layer.wHr); h = p ? p.y : step.h; c = step.c;',
  ],
});

interface LayerBackInputs extends LayerInputs {
  dy: Tensor;
  dstate: State;
}
const slippedLayerBack = (slips: TimeSlips) => (i: LayerBackInputs) => {
  const { dx, dstate, layer } = layerBack(i.dy, i.dstate, runLayer(i.x, i.state, i.layer), slips);
  return { dx, dstate: { ...dstate }, layer: { ...layer } };
};
const layerBackInputs = {
  dy: one('(T, B, R)', ['T', 'B', 'H', 'P'], (s) => [s.T!, s.B!, R(s)]),
  dstate: states,
  ...layerInputs,
};

const layerBackward = exercise<typeof layerBackInputs, LayerBackInputs>({
  points: 4,
  uses: ['projectBackward'],
  inputs: layerBackInputs,
  sizes: layerSizes,
  parameters: ['dy', 'dstate'],
  backwardOf: { forward: 'layerForward', takes: ['x', 'state', 'layer'] },
  oracle: smooth(
    gradientOf<Lifted<LayerInputs>>(oneLayer, {
      upstream: { y: 'dy', state: 'dstate' },
      wrt: { dx: 'x', dstate: 'state', layer: 'layer' },
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy', 'dstate'], cases: 8 }), pure({ cases: 2 })],
  examples: [7, 91].map((seed) => ({
    dy: filled(seed + 40, 3, 2, 2),
    dstate: stateLike(seed + 50, 2, 2, 2),
    ...square(seed),
  })) as never,
  misconceptions: {
    'projection’s gradient with the cell': {
      wrong: slippedLayerBack({ projectionSees: 'cell' }),
      says: 'Your wHr’s gradient is taken with the cell states. What did the projection multiply, going forward?',
    },
    'projection’s gradient without the output gate': {
      wrong: slippedLayerBack({ projectionSees: 'tanhCell' }),
      says: 'Your wHr’s gradient is taken with tanh(c). Between that and the projection stood a gate.',
    },
    'projection’s gradient from the last step only': {
      wrong: slippedLayerBack({ projectionShare: 'last' }),
      says: 'Your wHr’s gradient is the last step’s share. The projection was used at every step.',
    },
    'carried gradient past the projection': {
      wrong: slippedLayerBack({ pastProjection: true }),
      says: 'Only dy_t goes back through your projection; what comes from the next step is added behind it. The next step read the projected state too.',
    },
    'cell gradient dropped between time steps': {
      wrong: slippedLayerBack({ dropCell: true }),
      says: 'Your cell’s gradient dies at every step: each step back starts again from dc = 0.',
    },
    'hidden gradient dropped between time steps': {
      wrong: slippedLayerBack({ dropHidden: true }),
      says: 'Each of your steps back hears its own dy_t only. The next step read the hidden state as well.',
    },
    'gradient of the final state forgotten': {
      wrong: slippedLayerBack({ noFinalHidden: true, noFinalCell: true }),
      says: 'dstate, as it comes in, changes nothing in your result. Whoever continues from the final state has something to say about it.',
    },
    'gradient of the first state forgotten': {
      wrong: slippedLayerBack({ noStart: true }),
      says: 'Your dstate is zeros. It is what is left in your hands after the last step back.',
    },
    'projection’s gradient overwritten': {
      wrong: slippedLayerBack({ projectionShare: 'first' }),
      says: 'Your wHr’s gradient is the first step’s share: each step back overwrites what the others had put there.',
    },
    'projection’s gradient from the outputs alone': {
      wrong: slippedLayerBack({ projectionHears: 'output' }),
      says: 'Your wHr’s gradient is made from dy_t. The next step read the projected state too, so dh_t is what came back from both.',
    },
    'projection left out on the way back': {
      wrong: slippedLayerBack({ noProjection: true }),
      says: 'Your gradient goes into the step as it comes, past the projection. It was the last thing on the way there, so it is the first on the way back.',
    },
    'cell gradient kept from the earlier steps': {
      wrong: slippedLayerBack({ cellStays: 'zero' }),
      says: 'Only the last step gets a dc; all before it are given zeros. What one step back returns as dc is what the next one back has to be given.',
    },
    'hidden gradient kept from the earlier steps': {
      wrong: slippedLayerBack({ hiddenStays: 'zero' }),
      says: 'Before the last step only dy_t enters: the dh that the step after it returned is lost.',
    },
    'gradient of the final cell forgotten': {
      wrong: slippedLayerBack({ noFinalCell: true }),
      says: 'dstate.c, as it comes in, changes nothing in your result. The walk starts with both halves of dstate.',
    },
    'gradient of the final hidden state forgotten': {
      wrong: slippedLayerBack({ noFinalHidden: true }),
      says: 'dstate.h, as it comes in, changes nothing in your result. The walk starts with both halves of dstate.',
    },
    'dx in the order of computation': {
      wrong: slippedLayerBack({ computedOrder: true }),
      says: 'Your dx runs backwards in time: its first entry belongs to the last step. You walk from the end, so put each dx_t in its place.',
    },
    'shares overwritten': {
      wrong: slippedLayerBack({ keepShare: 'first' }),
      says: 'The parameters’ gradients are those of the first time step alone: each step back overwrites what the others had put there.',
    },
    'only the last step’s share': {
      wrong: slippedLayerBack({ keepShare: 'last' }),
      says: 'The parameters’ gradients hold what the last time step contributed and nothing else. The same parameters served at every step.',
    },
    'bias gradient not summed over time': {
      wrong: slippedLayerBack({ biasShare: 'first' }),
      says: 'The matrices collect over time, the biases do not: they hold the first time step’s share only.',
    },
    'cell gradient never handed back': {
      wrong: slippedLayerBack({ neverBack: 'cell' }),
      says: 'What a step back returns as dc is never used: the dstate.c that came in enters every step, and it is what you return. The dc of one step is what the step before it has to be given.',
    },
    'hidden gradient never handed back': {
      wrong: slippedLayerBack({ neverBack: 'hidden' }),
      says: 'What a step back returns as dh is never used: the dstate.h that came in enters every step, and it is what you return. The dh of one step is what the step before it has to be given.',
    },
    'bias gradient of the last step only': {
      wrong: slippedLayerBack({ biasShare: 'last' }),
      says: 'The matrices collect over time, the biases do not: they hold the last time step’s share only.',
    },
    'upstream gradient of the outputs ignored': {
      wrong: slippedLayerBack({ upstreamIgnored: true }),
      says: 'dy changes nothing in your result: only dstate comes in. Every output may have been looked at.',
    },
    'upstream gradient at the last step only': {
      wrong: slippedLayerBack({ lastUpstreamOnly: true }),
      says: 'Only the last entry of dy enters. Every output may have been looked at, so at every step dy_t joins what comes from the future.',
    },
  },
  hints: [
    'Read the body of your forward loop from the bottom to the top: the projection was last, so it comes first now.',
    'dh is (B, R), what comes out of projectBackward (B, H), and lstmStepBackward turns that into (B, R) again.',
    'At time t: dh + dy_t, through the projection, through the step. Every parameter collects a share, wHr too.',
    'const p = cache.projections && projectBackward(dh.add(dy.row(t)), cache.projections[t]); lstmStepBackward(p ? p.dh : …, dc, cache.steps[t])',
  ],
});

// The stack

interface StackInputs {
  x: Tensor;
  states: State[];
  layers: Layer[];
}
const wholeStack = (i: Lifted<StackInputs>) => {
  let y = i.x;
  const finals = i.layers.map((parameters, l) => {
    const run = lstmLayer(y, i.states[l]!, parameters);
    y = run.y;
    return run.state;
  });
  return { y, states: finals };
};
// The number of layers is drawn first, so that it gets its share of the sizes that differ.
const stackInputs = {
  states: perLayer(states, states),
  x: tensor('T', 'B', 'D'),
  layers: perLayer(
    layerOf((s) => s.D!, 'D, above the lowest R'),
    layerOf(R, 'R'),
  ),
};
const stackSizes = { L: [1, 3], T: [1, 4], B: [1, 3], D: [1, 3], H: [1, 3], P: [0, 2] } as const;

/** Three layers of different widths, or of one width, which is also the input's. */
const tower = (seed: number, D: number, widths: [H: number, P: number][]) => ({
  x: filled(seed, 3, 2, D),
  states: widths.map(([H, P], l) => stateLike(seed + 7 * l, 2, H, P)),
  layers: widths.map(([H, P], l) => {
    const [belowH, belowP] = widths[l - 1] ?? [D, 0];
    return parametersLike(seed + 11 * l + 1, belowP || belowH, H, P);
  }),
});
const uneven: [number, number][] = [
  [3, 2],
  [2, 0],
  [3, 1],
];
const even: [number, number][] = [
  [2, 0],
  [2, 0],
  [2, 0],
];

interface StackSlips {
  sharedState?: boolean;
  zeroStates?: boolean;
  /** A layer starts from the state in which the one below it ended. */
  statesHandedUp?: boolean;
  allReadX?: boolean;
  lastOutputOnly?: boolean;
}
function climb(i: StackInputs, slips: StackSlips = {}) {
  let y = i.x;
  let below: State | undefined;
  return i.layers.map((parameters, l) => {
    const T = y.shape[0]!;
    const input = slips.allReadX || l === 0 ? i.x : slips.lastOutputOnly ? stack(range(T, () => y.row(T - 1))) : y;
    const own = slips.statesHandedUp && below ? below : i.states[slips.sharedState ? 0 : l]!;
    const run = runLayer(input, own, parameters, { zeroStart: slips.zeroStates });
    y = run.y;
    below = run.state;
    return run;
  });
}
const plain = (s: State) => ({ h: s.h, c: s.c });
const slippedStack = (slips: StackSlips) => (i: StackInputs) => {
  const runs = climb(i, slips);
  return { y: runs.at(-1)!.y, states: runs.map((r) => plain(r.state)) };
};

const stackedForward = exercise<typeof stackInputs, StackInputs>({
  points: 3,
  uses: ['layerForward'],
  inputs: stackInputs,
  sizes: stackSizes,
  parameters: ['x', 'states', 'layers'],
  oracle: valueOf(wholeStack),
  checks: [
    agrees({ cases: 10 }),
    pure({ cases: 2 }),
    rejects(
      'no layers, or not as many states as layers',
      [
        { x: zeros(2, 1, 2), states: [], layers: [] },
        { x: zeros(2, 1, 2), states: [stateLike(1, 1, 2, 0)], layers: even.map((_, l) => parametersLike(l, 2, 2, 0)) },
        { x: zeros(2, 1, 2), states: even.map(() => stateLike(1, 1, 2, 0)), layers: [parametersLike(1, 2, 2, 0)] },
      ] as never,
      { worth: 1 },
    ),
  ],
  examples: [tower(3, 2, even), tower(4, 2, even), tower(9, 2, uneven)] as never,
  misconceptions: {
    'layers share the first state': {
      wrong: slippedStack({ sharedState: true }),
      says: 'All your layers start from the state of the lowest one. Each layer has a memory of its own.',
    },
    'every layer reads x': {
      wrong: slippedStack({ allReadX: true }),
      says: 'Your layers stand side by side: each reads x. In a stack a layer reads what the one below it gives out.',
    },
    'only the last output goes up': {
      wrong: slippedStack({ lastOutputOnly: true }),
      says: 'The upper layers see the last output of the layer below, again and again. At time t they read its output of time t.',
    },
    'outputs of the lowest layer': {
      wrong: (i) => {
        const runs = climb(i);
        return { y: runs[0]!.y, states: runs.map((r) => plain(r.state)) };
      },
      says: 'Your y is what the lowest layer gives out. The stack speaks through its top.',
    },
    'state of the top layer only': {
      wrong: (i) => {
        const runs = climb(i);
        return { y: runs.at(-1)!.y, states: [plain(runs.at(-1)!.state)] };
      },
      says: 'You return one final state. To continue the sequence, every layer needs its own.',
    },
    'states from the top down': {
      wrong: (i) => {
        const runs = climb(i);
        return { y: runs.at(-1)!.y, states: runs.map((r) => plain(r.state)).reverse() };
      },
      says: 'Your final states come in reverse: the lowest layer’s state belongs first, as it came in.',
    },
    'initial states ignored': {
      wrong: slippedStack({ zeroStates: true }),
      says: 'Your layers start from zeros whatever the states are.',
    },
    'states handed from layer to layer': {
      wrong: slippedStack({ statesHandedUp: true }),
      says: 'Each upper layer starts from the state in which the layer below it ended. What goes up is the sequence of outputs; the states stay within their layer.',
    },
    'first states returned': {
      wrong: (i) => ({ y: climb(i).at(-1)!.y, states: i.states.map(plain) }),
      says: 'The states you return are those that came in. Asked for are the states after the last step.',
    },
  },
  hints: [
    'A sequence goes into a layer, a sequence comes out: so a layer can stand on a layer.',
    'Layer l takes the y of layer l − 1, states[l] and layers[l]; collect one state and one cache from each.',
    'The y that goes up is the whole (T, B, R), and the stack’s y is that of the top layer.',
    'layers.forEach((layer, l) => { const result = layerForward(y, states[l], layer); y = result.y; … });',
  ],
});

interface StackBackInputs extends StackInputs {
  dy: Tensor;
  dstates: State[];
}
interface DescentSlips {
  lastTimeOnly?: 'between' | 'everywhere';
  upstreamEverywhere?: boolean;
  topStateOnly?: boolean;
  carriedAcross?: boolean;
  /** Both lists begin with the top layer, or one of them does. */
  topFirst?: 'both' | 'states' | 'layers';
  /** Which entry of dstates a layer gets. */
  finals?: 'lowest' | 'reversed' | 'none';
  dxOfTop?: boolean;
  /** What goes down is the gradient of the layer's first hidden state, the same at every time. */
  startDown?: boolean;
  upwards?: boolean;
  time?: TimeSlips;
}
const descend = (slips: DescentSlips) => (i: StackBackInputs) => {
  const runs = climb(i);
  const zero = (s: State): State => ({ h: s.h.mul(0), c: s.c.mul(0) });
  let d = i.dy;
  let above: State | undefined;
  const order = slips.upwards ? [...runs.entries()] : [...runs.entries()].reverse();
  const backs = order.map(([l, run]) => {
    const top = l === runs.length - 1;
    const given = i.dstates[slips.finals === 'lowest' ? 0 : slips.finals === 'reversed' ? runs.length - 1 - l : l]!;
    const own = (slips.topStateOnly && !top) || slips.finals === 'none' ? zero(given) : given;
    const start = slips.carriedAcross && above ? above : own;
    const { hiddenDown, ...time } = slips.time ?? {};
    const back = layerBack(slips.upstreamEverywhere ? i.dy : d, start, run, {
      ...time,
      hiddenDown: hiddenDown && l > 0,
    });
    above = back.dstate;
    const T = back.dx.shape[0]!;
    const cut = slips.lastTimeOnly === 'everywhere' || (slips.lastTimeOnly && l > 0);
    d = cut ? back.dx.mul(0).withSlice([T - 1], back.dx.row(T - 1)) : back.dx;
    if (slips.startDown && l > 0) d = back.dx.mul(0).add(back.dstate.h);
    return { ...back, dx: d };
  });
  const upward = slips.upwards ? backs : [...backs].reverse();
  const listed = (which: 'states' | 'layers') =>
    slips.topFirst === 'both' || slips.topFirst === which ? [...upward].reverse() : upward;
  return {
    dx: slips.dxOfTop ? backs[0]!.dx : d,
    dstates: listed('states').map((b) => plain(b.dstate)),
    layers: listed('layers').map((b) => ({ ...b.layer })),
  };
};
const stackBackInputs = {
  dstates: perLayer(states, states),
  dy: layerBackInputs.dy,
  ...stackInputs,
};

const stackedBackward = exercise<typeof stackBackInputs, StackBackInputs>({
  points: 4,
  uses: ['layerBackward'],
  inputs: stackBackInputs,
  sizes: stackSizes,
  parameters: ['dy', 'dstates'],
  backwardOf: { forward: 'stackedForward', takes: ['x', 'states', 'layers'] },
  oracle: smooth(
    gradientOf<Lifted<StackInputs>>(wholeStack, {
      upstream: { y: 'dy', states: 'dstates' },
      wrt: { dx: 'x', dstates: 'states', layers: 'layers' },
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy', 'dstates'], cases: 6 }), pure({ cases: 2 })],
  examples: [
    { dy: filled(31, 3, 2, 2), dstates: even.map(([H, P], l) => stateLike(60 + l, 2, H, P)), ...tower(13, 2, even) },
    { dy: filled(33, 3, 2, 2), dstates: even.map(([H, P], l) => stateLike(70 + l, 2, H, P)), ...tower(17, 2, even) },
    {
      dy: filled(35, 3, 2, 1),
      dstates: uneven.map(([H, P], l) => stateLike(80 + l, 2, H, P)),
      ...tower(19, 2, uneven),
    },
  ] as never,
  misconceptions: {
    'lower layers learn from the last step only': {
      wrong: descend({ lastTimeOnly: 'between' }),
      says: 'Only the last time step of the upper layer’s dx goes down. The layer above read an output at every time step, so at every time step a gradient comes down.',
    },
    'hidden gradient handed down': {
      wrong: descend({ time: { hiddenDown: true } }),
      says: 'What your layers hand down is the gradient of their own hidden state, through wHh. The layer below was read through wIh: its gradient is the dx of the one above.',
    },
    'upstream gradient given to every layer': {
      wrong: descend({ upstreamEverywhere: true }),
      says: 'dy enters each of your layers. It belongs to the top one’s outputs; the others hear of the loss only through the layer above them.',
    },
    'final states’ gradients of the lower layers forgotten': {
      wrong: descend({ topStateOnly: true }),
      says: 'Only the top layer’s entry of dstates counts in your result. Every layer returned a final state, and each may have been used.',
    },
    'state gradient carried from layer to layer': {
      wrong: descend({ carriedAcross: true }),
      says: 'Each lower layer starts from the dh and dc that were left over from the layer above. Those belong to that layer’s first state; the one below starts from its own entry of dstates.',
    },
    'cell gradient dropped between time steps': {
      wrong: descend({ time: { dropCell: true } }),
      says: 'Your cell’s gradient dies at every step: each step back starts again from dc = 0.',
    },
    'top layer listed first': {
      wrong: descend({ topFirst: 'both' }),
      says: 'Your lists begin with the top layer, in the order of computation. They begin with the lowest, as layers and states did.',
    },
    'only the last step of every dx': {
      wrong: descend({ lastTimeOnly: 'everywhere' }),
      says: 'Of each layer’s dx you keep the last time step only, the lowest layer’s included. Every layer was read at every time step, so at every time step a gradient comes down.',
    },
    'states’ gradients from the top down': {
      wrong: descend({ topFirst: 'states' }),
      says: 'Your dstates begin with the top layer, in the order of computation. They begin with the lowest, as states did.',
    },
    'parameters’ gradients from the top down': {
      wrong: descend({ topFirst: 'layers' }),
      says: 'Your layers begin with the top one, in the order of computation. They begin with the lowest, as they came in.',
    },
    'one final gradient for all layers': {
      wrong: descend({ finals: 'lowest' }),
      says: 'Every layer starts from dstates[0]. Each has its own entry.',
    },
    'final gradients in reverse': {
      wrong: descend({ finals: 'reversed' }),
      says: 'The top layer starts from the lowest one’s entry of dstates. You walk from the top, so take the entries from the end.',
    },
    'final states’ gradients forgotten': {
      wrong: descend({ finals: 'none' }),
      says: 'dstates, as they come in, change nothing in your result. Whoever continues from the final states has something to say about it.',
    },
    'dx of the top layer': {
      wrong: descend({ dxOfTop: true }),
      says: 'The dx you return is the top layer’s: it belongs to the outputs of the layer below. x was read by the lowest one.',
    },
    'layers walked upwards': {
      wrong: descend({ upwards: true }),
      says: 'You begin with the lowest layer, but dy belongs to the top one’s outputs. The way back begins where the way there ended.',
    },
    'first state’s gradient handed down': {
      wrong: descend({ startDown: true }),
      says: 'What your layers hand down is the gradient of their first hidden state, the same at every time. The layer below gave its outputs at every time: their gradients are the dx of the layer above.',
    },
  },
  hints: [
    'Who reads the output of a lower layer, and when?',
    'The dx of layer l is (T, B, R): just the shape of the output of layer l − 1, and it is its upstream gradient.',
    'From the top: layerBackward(d, dstates[l], cache.layers[l]), then d = dx. What is left at the bottom is dx (T, B, D).',
    'for (let l = cache.layers.length - 1; l >= 0; l--) { const back = layerBackward(dx, dstates[l], cache.layers[l]); dx = back.dx; … }',
  ],
});

export const stackedLstm = topic('stacked-lstm', 'Stacked LSTMs: depth, and a state wider than what it shows', {
  project,
  projectBackward,
  layerForward,
  layerBackward,
  stackedForward,
  stackedBackward,
});
