/** Exercises of the mixture as a layer, of the Transformer block that it stands in, and of what it costs. */
import { Tensor } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientAgrees,
  gradientOf,
  integer,
  number,
  property,
  pure,
  range,
  record,
  sizeOf,
  softmax,
  table,
  tensor,
  topic,
  trace,
  valueOf,
  Var,
  VarTensor,
  type Definition,
  type Lifted,
  type ValueRecord,
} from '../engine/index.ts';
import {
  attending,
  attentionWeights,
  norming,
  normWeights,
  ownMask,
  residual,
  someAttention,
  someNorm,
  spread,
  tokens,
  wrongBackward,
  wrongForward,
  type Connection,
  type Order,
} from '../chapter-5-transformer/definitions-layers.ts';
import type { MultiHead } from '../chapter-5-transformer/definitions-blocks.ts';
import {
  clearBy,
  expertSays,
  expertWeights,
  filled,
  heard,
  largest,
  mixture,
  plus,
  rowsIn,
  rowsOf,
  sharesOf,
  small,
  someExperts,
  still,
  unheard,
  type GateForm,
  type Mixture,
  type MixtureSlips,
  type Routing,
} from './definitions.ts';

/** How far a choice must be from being another. */
const CLEAR = 1 / 32;

// The layer

type Layered = { x: Tensor; weights: Mixture; settings: Routing };
type LiftedLayered = Lifted<Omit<Layered, 'settings'>> & Pick<Layered, 'settings'>;

const routing = record({
  k: integer(1, 3),
  form: choice<GateForm>('renormalised', 'raw'),
  capacityFactor: choice<number>(Infinity, 1, 0.5, 1.25),
});
/** Never more experts per token than there are. */
const within = (settings: Routing, E: number): Routing => ({ ...settings, k: Math.min(settings.k, E) });
const drawnLayer = {
  x: tensor('B?', 'T', 'C'),
  weights: record({ wGate: tensor('E', 'C', small), experts: expertWeights('C') }),
  settings: routing,
};
const layerSizes = { B: [0, 2], T: [1, 3], C: [1, 3], E: [1, 3], M: [1, 3] } as const;
const layered = <I extends Layered>(i: I): I => ({ ...i, settings: within(i.settings, i.weights.experts.length) });
const asTokens = (x: Tensor) => x.reshape(-1, x.shape.at(-1)!);
const clearChoice = ({ x, weights, settings }: Layered) =>
  clearBy(rowsIn(asTokens(x).matmul(weights.wGate.T)), settings.k) >= CLEAR;

const someMixture = (seed: number, E: number, C: number, M: number): Mixture => ({
  wGate: filled(seed, E, C),
  experts: someExperts(seed + 5, E, C, M),
});
const someLayer = (seed: number, shape: number[], E: number, M: number, settings: Routing): Layered => {
  const C = shape.at(-1)!;
  for (let s = seed; ; s += 7) {
    const layer = { x: filled(s, ...shape).mul(2), weights: someMixture(s + 3, E, C, M), settings };
    if (clearChoice(layer)) return layer;
  }
};
const someLayers: Layered[] = [
  someLayer(3, [2, 3, 3], 4, 2, { k: 2, form: 'renormalised', capacityFactor: 1 }),
  someLayer(5, [2, 2, 3], 4, 3, { k: 2, form: 'raw', capacityFactor: 0.5 }),
  someLayer(11, [2, 3, 2], 3, 2, { k: 1, form: 'raw', capacityFactor: 1 }),
  someLayer(17, [3, 2, 3], 3, 2, { k: 2, form: 'raw', capacityFactor: Infinity }),
  someLayer(29, [2, 3, 2], 4, 2, { k: 1, form: 'renormalised', capacityFactor: 1 }),
  someLayer(43, [2, 3, 3], 3, 2, { k: 2, form: 'renormalised', capacityFactor: 0.5 }),
];

type Outcome = { y: VarTensor; balance: Var; z: Var };
const layerPlain = ['settings'];
const layer =
  (slips: (i: LiftedLayered) => MixtureSlips = () => ({})): ((i: LiftedLayered) => Outcome) =>
  (i) =>
    mixture(i.x, i.weights, i.settings, slips(i));
const layerValue = (slips: MixtureSlips | ((i: LiftedLayered) => MixtureSlips) = {}) =>
  valueOf(layer(typeof slips === 'function' ? slips : () => slips), { plain: layerPlain });
const rightLayer = layerValue();
/** Both losses see a softmax. */
const ofProbabilities = layerValue({
  seen: (logits) => {
    const p = rowsOf(logits).map(softmax);
    return table(logits.shape, (t, e) => p[t!]![e!]!);
  },
});
const layerParts = (i: Layered, f = rightLayer) => f(i) as { y: Tensor; balance: number; z: number };

/** Every expert's word on every token, weighed by its probability. */
function dense({ x, weights }: Layered): Tensor {
  const list = asTokens(x);
  const logits = rowsIn(list.matmul(weights.wGate.T));
  const words = weights.experts.map(({ w1, b1, w2, b2 }) => list.matmul(w1.T).add(b1).maximum(0).matmul(w2.T).add(b2));
  const y = list.map((_, at) => {
    const [t, c] = [Math.floor(at / list.shape[1]!), at % list.shape[1]!];
    const e = logits[t]!.map((v) => Math.exp(v - Math.max(...logits[t]!)));
    const total = e.reduce((a, b) => a + b, 0);
    return words.reduce((sum, word, n) => sum + (e[n]! / total) * word.at(t, c), 0);
  });
  return y.reshape(...x.shape);
}
const near = (a: Tensor, b: Tensor) => a.sameShape(b) && a.sub(b).data.every((v) => Math.abs(v) < 1e-8);

const moeLayerForward = exercise<typeof drawnLayer, Layered>({
  points: 3,
  inputs: drawnLayer,
  sizes: layerSizes,
  derive: layered as never,
  where: clearChoice,
  parameters: ['x', 'weights', 'settings'],
  oracle: rightLayer,
  checks: [
    agrees({ cases: 8 }),
    property<Layered>('with k = E and nothing dropped it is the dense mixture', {
      cases: 3,
      runs: (i) => ({
        all: { ...i, settings: { ...i.settings, k: i.weights.experts.length, capacityFactor: Infinity } },
      }),
      holds: ({ all }: { all: { y: Tensor } }, i) =>
        near(all.y, dense(i)) ||
        'When every token has all experts, y is Σ_e p_e expert_e(x), with p the softmax of the router’s logits.',
    }),
    pure({ cases: 2 }),
  ],
  examples: someLayers as never,
  misconceptions: {
    'f after the drop': {
      wrong: layerValue({
        shares: (_, piles) => {
          const kept = piles.map((pile) => pile.length);
          const all = kept.reduce((a, b) => a + b, 0);
          return kept.map((n) => n / all);
        },
      }),
      says: 'Your balance loss counts what the piles hold. When an expert overflows, that hides just how uneven the load is: count what was chosen, before anything is dropped.',
    },
    'f after the drop, as a share of all': {
      wrong: layerValue({
        shares: (chosen, piles) => piles.map((pile) => pile.length / chosen.flat().length),
      }),
      says: 'Your balance loss counts what the piles hold, and the less they hold the smaller it gets. Count what was chosen, before anything is dropped.',
    },
    'capacity of one sequence': {
      wrong: layerValue(({ x }) => ({
        room: (tokens, E, k, factor) => Math.max(1, Math.ceil((factor * k * (x.shape.length > 2 ? x.shape.at(-2)! : tokens)) / E)), // prettier-ignore
      })),
      says: 'You compute the capacity from the tokens of one sequence. All B · T tokens come in one list, and share the same experts.',
    },
    'capacity of the first axis': {
      wrong: layerValue(({ x }) => ({
        room: (_, E, k, factor) => Math.max(1, Math.ceil((factor * k * x.shape[0]!) / E)),
      })),
      says: 'You compute the capacity from the first axis of x, the number of sequences. It is that of all B · T tokens.',
    },
    'k and E exchanged in the capacity': {
      wrong: layerValue({ room: (tokens, E, k, factor) => Math.max(1, Math.ceil((factor * E * tokens) / k)) }),
      says: 'You hand k to expertCapacity where the number of experts belongs, and the other way round: it wants tokens, experts, k and the factor, in this order.',
    },
    'capacity without k': {
      wrong: layerValue({ room: (tokens, E, _, factor) => Math.max(1, Math.ceil((factor * tokens) / E)) }),
      says: 'Your capacity leaves k out: expertCapacity wants tokens, experts, k and the factor, in this order.',
    },
    'nothing dropped': {
      wrong: layerValue({ room: () => Infinity }),
      says: 'Nothing is ever dropped in your layer: the capacity is not used.',
    },
    'factor left out': {
      wrong: layerValue({ room: (tokens, E, k) => Math.max(1, Math.ceil((k * tokens) / E)) }),
      says: 'capacityFactor changes nothing in your layer.',
    },
    'the factor as the capacity': {
      // A pile of one has room while 1 < 1.25.
      wrong: layerValue({ room: (_t, _E, _k, factor) => Math.ceil(factor) }),
      says: 'You hand capacityFactor itself to dispatchTokens. What it wants is a number of tokens, from expertCapacity.',
    },
    'always one expert': {
      wrong: layerValue({ k: () => 1 }),
      says: 'Each token has one expert in your layer, whatever k says.',
    },
    'one chosen, with room for k': {
      wrong: layerValue({ choose: (row) => largest(row, 1) }),
      says: 'Each token chooses one expert in your layer, whatever k says: hand settings.k to chooseExperts.',
    },
    'always all experts': {
      wrong: layerValue({ k: (_, E) => E }),
      says: 'All experts work on every token in your layer, whatever k says. That is what a mixture is meant to save.',
    },
    'always renormalised': {
      wrong: layerValue({ form: () => 'renormalised' }),
      says: 'Your gates are renormalised whatever settings.form says.',
    },
    'always raw': {
      wrong: layerValue({ form: () => 'raw' }),
      says: 'Your gates are raw whatever settings.form says.',
    },
    'the gate weighs the input': {
      wrong: layerValue({
        word: (token, gate, expert) =>
          expertSays(
            token.data.map((v) => v.mul(gate)),
            expert,
          ),
      }),
      says: 'Your gates weigh what the experts are told. They weigh what the experts say.',
    },
    'losses exchanged': {
      wrong: layerValue({ losses: ({ balance, z }) => ({ balance: z, z: balance }) }),
      says: 'What you return as balance is the z-loss, and the other way round.',
    },
    'first choices only in the balance': {
      wrong: layerValue({ shares: (chosen, _, E) => sharesOf(chosen.map((row) => [row[0]!]), E) }), // prettier-ignore
      says: 'Your balance loss counts first choices only. Give it chosen as it is: all k choices count.',
    },
    'balance of the probabilities': {
      wrong: (i) => ({ ...layerParts(i), balance: layerParts(i, ofProbabilities).balance }),
      says: 'You give probabilities to balanceLossForward. It takes logits, and does the softmax itself.',
    },
    'z of the probabilities': {
      wrong: (i) => ({ ...layerParts(i), z: layerParts(i, ofProbabilities).z }),
      says: 'You give probabilities to zLossForward. It takes logits: in a softmax’s result their size is gone.',
    },
    'losses of the probabilities': {
      wrong: ofProbabilities,
      says: 'You give probabilities to the two losses. They take logits, and do the softmax themselves.',
    },
    'x added already': {
      wrong: layerValue({ end: (y, x) => plus(y, x) }),
      says: 'You have added x to the result. That is the residual connection, and the block’s business, not the layer’s.',
    },
    'left as one list': {
      wrong: (i) => {
        const { y, ...losses } = rightLayer(i) as { y: Tensor };
        return { y: asTokens(y), ...losses };
      },
      says: 'Your y is still one list of tokens. It has the shape of x.',
    },
  },
  hints: [
    'Everything is there already: router, experts, balance. This function puts six calls in a row.',
    'x (…, C) → tokens (N, C) → logits (N, E) → chosen, gates (N, k) → piles → y (N, C) → the shape of x.',
    'chooseExperts, gateForward, expertCapacity, dispatchTokens, expertsForward; and balanceLossForward and zLossForward on the same logits, the first with chosen.',
    'const tokens = x.reshape(-1, C); const logits = tokens.matmul(wGate.T); const piles = dispatchTokens(chosen, E, expertCapacity(N, E, k, capacityFactor));',
  ],
});

type LayeredBack = Layered & { dy: Tensor; dbalance: number; dz: number };
const drawnLayerBack = {
  dy: tensor('B?', 'T', 'C'),
  dbalance: number({ nonzero: true }),
  dz: number({ nonzero: true }),
  ...drawnLayer,
};
const layerBack = (slips: (i: LiftedLayered) => MixtureSlips = () => ({})) =>
  gradientOf<LiftedLayered>(layer(slips) as Definition<LiftedLayered>, {
    upstream: { y: 'dy', balance: 'dbalance', z: 'dz' },
    wrt: { dx: 'x', weights: 'weights' },
    plain: layerPlain,
  });
const layerOracle = layerBack();
type LayerGradients = { dx: Tensor; weights: Mixture };
const rightLayerBack = (i: LayeredBack) => layerOracle(i) as LayerGradients;
const layerFrom = (change: (i: LayeredBack) => Partial<LayeredBack>) => (i: LayeredBack) =>
  rightLayerBack({ ...i, ...change(i) });

const moeLayerBackward = exercise<typeof drawnLayerBack, LayeredBack>({
  points: 3,
  inputs: drawnLayerBack,
  sizes: layerSizes,
  derive: layered as never,
  where: clearChoice,
  parameters: ['dy', 'dbalance', 'dz'],
  backwardOf: { forward: 'moeLayerForward', takes: ['x', 'weights', 'settings'] },
  oracle: layerOracle,
  checks: [gradientAgrees({ upstream: ['dy', 'dbalance', 'dz'], cases: 8 }), pure({ cases: 2 })],
  examples: someLayers.map((l, n) => ({ dy: filled(60 + n, ...l.x.shape), dbalance: [0.5, -1, 2, 0.25, -0.5, 1.5][n]!, dz: [0.25, 1.5, -0.5, 1, 2, -1][n]!, ...l })) as never, // prettier-ignore
  misconceptions: {
    'the balance loss forgotten': {
      wrong: layerFrom(() => ({ dbalance: 0 })),
      says: 'Nothing comes back from the balance loss. Three losses pull at the logits; their gradients are added.',
    },
    'the z-loss forgotten': {
      wrong: layerFrom(() => ({ dz: 0 })),
      says: 'Nothing comes back from the z-loss. Three losses pull at the logits; their gradients are added.',
    },
    'both losses forgotten': {
      wrong: layerFrom(() => ({ dbalance: 0, dz: 0 })),
      says: 'Only the task teaches your router. The balance loss and the z-loss pull at its logits too.',
    },
    'the losses not weighed': {
      wrong: layerFrom(() => ({ dbalance: 1, dz: 1 })),
      says: 'The two losses pull with their full weight, whatever dbalance and dz say. Those are their upstream gradients: factors.',
    },
    'the weights of the losses exchanged': {
      wrong: layerFrom(({ dbalance, dz }) => ({ dbalance: dz, dz: dbalance })),
      says: 'dz weighs your balance loss, and dbalance your z-loss.',
    },
    'the gates as constants': {
      wrong: layerBack(() => ({ gates: unheard })),
      says: 'The task teaches your router nothing: what comes back to the gates, dgates, has to go on to the logits, through gateBackward.',
    },
    'dx through the experts only': {
      wrong: (i) => ({ ...rightLayerBack(i), dx: (layerBack(() => ({ read: unheard }))(i) as LayerGradients).dx }),
      says: 'Your dx has come back through the experts alone. The router read the tokens too.',
    },
    'dx through the router only': {
      wrong: (i) => ({ ...rightLayerBack(i), dx: (layerBack(() => ({ heardBy: unheard }))(i) as LayerGradients).dx }),
      says: 'Your dx has come back through the router alone. The experts read the tokens too.',
    },
    'dx without the two losses': {
      wrong: (i) => ({ ...rightLayerBack(i), dx: rightLayerBack({ ...i, dbalance: 0, dz: 0 }).dx }),
      says: 'In your dx the two extra losses are missing. They pull at the logits, and the logits were made of x.',
    },
    'the router’s matrix from the task only': {
      wrong: (i) => {
        const right = rightLayerBack(i);
        const { wGate } = rightLayerBack({ ...i, dbalance: 0, dz: 0 }).weights;
        return { ...right, weights: { ...right.weights, wGate } };
      },
      says: 'In your dwGate the two extra losses are missing. All of dlogits goes on to the matrix.',
    },
    'averaged over the tokens': {
      wrong: (i) => {
        const right = rightLayerBack(i);
        return { ...right, weights: { ...right.weights, wGate: right.weights.wGate.div(asTokens(i.x).shape[0]!) } };
      },
      says: 'dwGate is divided by the number of tokens. If the loss is a mean, the upstream gradients know it already.',
    },
    'the sublayers’ dy weighed by the balance': {
      wrong: layerFrom(({ dy, dbalance }) => ({ dy: dy.mul(dbalance) })),
      says: 'dbalance multiplies dy as well. It is the upstream gradient of the balance loss alone.',
    },
    'dy added already': {
      wrong: (i) => {
        const right = rightLayerBack(i);
        return { ...right, dx: right.dx.add(i.dy) };
      },
      says: 'You have added dy to dx. That is what comes back around the layer, by the residual connection, and the block’s business.',
    },
    'dx left as one list': {
      wrong: (i) => {
        const { dx, weights } = rightLayerBack(i);
        return { dx: asTokens(dx), weights };
      },
      says: 'Your dx is still one list of tokens. It has the shape of x, which the cache remembers.',
    },
  },
  hints: [
    'Backward through the experts first; what comes back to the gates goes on to the logits, where two other losses wait.',
    'dy (…, C) as a list (N, C); dgates (N, k) → dlogits (N, E). x was read twice, by the experts and by the router.',
    'dlogits = gateBackward(dgates) + dbalance · balanceLossBackward + dz · zLossBackward. dx = what the experts give + dlogits wGate; dwGate = dlogitsᵀ x.',
    'const dlogits = gateBackward(mixed.dgates, gate).add(balanceLossBackward(balance).mul(dbalance)).add(zLossBackward(z).mul(dz));',
  ],
});

// The block

type BlockWeights = {
  attention: MultiHead;
  norm1: { gamma: Tensor; beta: Tensor };
  moe: Mixture;
  norm2: { gamma: Tensor; beta: Tensor };
};
interface Settings {
  heads: number;
  activation: 'relu' | 'gelu';
  order: Order;
}
interface Block {
  x: Tensor;
  mask: Tensor;
  weights: BlockWeights;
  settings: Settings;
  routing: Routing;
}
type LiftedBlock = Lifted<Pick<Block, 'x' | 'weights'>> & Omit<Block, 'x' | 'weights'>;
const blockPlain = ['mask', 'settings', 'routing'];

const drawnBlock = {
  x: tokens('T'),
  mask: ownMask,
  weights: record({
    attention: attentionWeights,
    norm1: normWeights,
    moe: record({ wGate: tensor('E', 'h*d', small), experts: expertWeights('h*d') }),
    norm2: normWeights,
  }),
  settings: record({
    heads: sizeOf('h'),
    activation: choice<Settings['activation']>('relu'),
    order: choice<Order>('post', 'pre'),
  }),
  routing,
};
const blockSizes = { B: [1, 2], T: [1, 2], h: [1, 2], d: [2, 2], E: [1, 3], M: [1, 2] } as const;
const blocked = <I extends Block>(i: I): I => ({ ...i, routing: within(i.routing, i.weights.moe.experts.length) });

/** What may go wrong in a block: its connections, its inputs, what the mixture reads, what becomes of its losses. */
interface BlockSlips {
  attention?: Connection;
  mixture?: Connection;
  mask?: (mask: Tensor) => Tensor;
  weights?: (w: Lifted<BlockWeights>) => Lifted<BlockWeights>;
  settings?: Partial<Settings>;
  memory?: (t: VarTensor) => VarTensor;
  /** In place of what attention's connection gave. */
  between?: (a: VarTensor, x: VarTensor) => VarTensor;
  /** The mixture stands first. */
  exchanged?: boolean;
  layer?: MixtureSlips;
  losses?: (losses: { balance: Var; z: Var }, i: LiftedBlock) => { balance: Var; z: Var };
  end?: (y: VarTensor, a: VarTensor, x: VarTensor) => VarTensor;
}
const block =
  (slips: BlockSlips = {}) =>
  (i: LiftedBlock): Outcome => {
    const w = slips.weights?.(i.weights) ?? i.weights;
    const { heads, order } = { ...i.settings, ...slips.settings };
    const mask = slips.mask?.(i.mask) ?? i.mask;
    let losses = { balance: new Var(0), z: new Var(0) };
    const attend = (t: VarTensor) =>
      (slips.attention ?? residual)(t, norming(w.norm1), order, attending(w.attention, mask, heads, slips.memory));
    const mix = (t: VarTensor) =>
      (slips.mixture ?? residual)(t, norming(w.norm2), order, (read) => {
        const { y, ...rest } = mixture(read, w.moe, i.routing, slips.layer);
        losses = rest;
        return y;
      });
    if (slips.exchanged) return { y: attend(mix(i.x)), ...losses };
    const a = attend(i.x);
    const y = mix(slips.between?.(a, i.x) ?? a);
    return { y: slips.end?.(y, a, i.x) ?? y, ...(slips.losses?.(losses, i) ?? losses) };
  };
const blockValue = (slips: BlockSlips = {}) => valueOf(block(slips), { plain: blockPlain });

/** Whether all choices in the block are far from being others. */
function clearBlock(i: Block): boolean {
  if (!spread(i)) return false;
  let gap = Infinity;
  const choose = (row: readonly number[], k: number) => {
    gap = Math.min(gap, clearBy([[...row]], k));
    return largest(row, k);
  };
  trace(block({ layer: { choose } }), i as unknown as ValueRecord, blockPlain);
  return gap >= CLEAR;
}

const someBlock = (seed: number, order: Order, routed: Routing): Block => {
  for (let s = seed; ; s += 7) {
    const found: Block = {
      x: filled(s, 2, 2, 4),
      mask: new Tensor([2, 2], [1, 1, 0, 1]),
      weights: {
        attention: someAttention(s + 1, 4),
        norm1: someNorm(s + 11, 4),
        moe: someMixture(s + 21, 3, 4, 2),
        norm2: someNorm(s + 31, 4),
      },
      settings: { heads: 2, activation: 'relu', order },
      routing: routed,
    };
    if (clearBlock(found)) return found;
  }
};
const someBlocks = [
  someBlock(3, 'pre', { k: 2, form: 'renormalised', capacityFactor: Infinity }),
  someBlock(5, 'post', { k: 1, form: 'raw', capacityFactor: 1 }),
  someBlock(9, 'pre', { k: 2, form: 'raw', capacityFactor: 1 }),
];

const moeBlockForward = exercise<typeof drawnBlock, Block>({
  points: 2,
  inputs: drawnBlock,
  sizes: blockSizes,
  derive: blocked as never,
  where: clearBlock,
  parameters: ['x', 'mask', 'weights', 'settings', 'routing'],
  uses: ['moeLayerForward'],
  oracle: blockValue(),
  checks: [agrees({ cases: 4 }), pure({ cases: 2 })],
  examples: someBlocks as never,
  misconceptions: {
    'the mixture before attention': {
      wrong: blockValue({ exchanged: true }),
      says: 'Your tokens go to their experts first and listen afterwards. Attention comes first.',
    },
    'the mixture reads x': {
      wrong: blockValue({ between: (_, x) => x }),
      says: 'What attention gave has no part in your result: the mixture’s connection reads x. It is the second in a row.',
    },
    'norms exchanged': {
      wrong: blockValue({ weights: (w) => ({ ...w, norm1: w.norm2, norm2: w.norm1 }) }),
      says: 'norm1 stands where norm2 belongs. The first one is the attention’s.',
    },
    'norm2 for both': {
      wrong: blockValue({ weights: (w) => ({ ...w, norm1: w.norm2 }) }),
      says: 'norm2 is used twice, and norm1 not at all. Each sublayer has a norm of its own.',
    },
    'one norm for both': {
      wrong: blockValue({ weights: (w) => ({ ...w, norm2: w.norm1 }) }),
      says: 'norm1 is used twice, and norm2 not at all. Each sublayer has a norm of its own.',
    },
    'mask forgotten': {
      wrong: blockValue({ mask: (m) => m.map(() => 1) }),
      says: 'Your mask changes nothing: every token attends to every other.',
    },
    'post-norm for both': {
      wrong: blockValue({ settings: { order: 'post' } }),
      says: 'Your block is post-norm whatever settings.order says.',
    },
    'pre-norm for both': {
      wrong: blockValue({ settings: { order: 'pre' } }),
      says: 'Your block is pre-norm whatever settings.order says.',
    },
    'one head': {
      wrong: blockValue({ settings: { heads: 1 } }),
      says: 'Your attention has one head whatever settings.heads says.',
    },
    'attention not added to x': {
      wrong: blockValue({ attention: wrongForward.nothingAround }),
      says: 'What attention gives replaces x. Both sublayers stand in a residual connection.',
    },
    'the mixture not added': {
      wrong: blockValue({ mixture: wrongForward.nothingAround }),
      says: 'What the mixture gives replaces what it read. Both sublayers stand in a residual connection; a token that no expert took would be lost.',
    },
    'what the mixture read, added inside': {
      wrong: blockValue({ layer: { end: plus } }),
      says: 'You add what the mixture read inside the sublayer, and residualForward adds around it once more. Hand on the layer’s y as it is.',
    },
    'the mixture reads a without the norm': {
      wrong: blockValue({ mixture: wrongForward.noNormPre }),
      says: 'With ‘pre’ your mixture reads what attention’s connection gave. The sublayer is a function of t, and t is what norm2 has made of that: give it t.',
    },
    'losses of the tokens before the norm': {
      wrong: blockValue({
        losses: (_, { x, weights, routing: r }) => {
          const { balance, z } = mixture(x, weights.moe, r);
          return { balance, z };
        },
      }),
      says: 'Your losses are those of a router that reads x. Hand on those of the mixture in the block, of the logits that it had.',
    },
    'losses not handed on': {
      wrong: blockValue({ losses: () => ({ balance: new Var(0), z: new Var(0) }) }),
      says: 'balance and z come out as 0. moeLayerForward gives them inside the residual connection: catch them there.',
    },
    'losses exchanged': {
      wrong: blockValue({ losses: ({ balance, z }) => ({ balance: z, z: balance }) }),
      says: 'What you return as balance is the z-loss, and the other way round.',
    },
  },
  hints: [
    'The encoder block of chapter 5 with another second sublayer; and two numbers that have to get out of it.',
    'x, a and y are all (B, T, C). What residualForward wants of a sublayer is { y, cache }; moeLayerForward gives balance and z besides.',
    'Declare the two numbers before the second connection, and set them inside its function (t) => ….',
    'const m = residualForward(a.y, weights.norm2, order, (t) => { const layer = moeLayerForward(t, weights.moe, routing); balance = layer.balance; z = layer.z; return layer; });',
  ],
});

type BlockBack = Block & { dy: Tensor; dbalance: number; dz: number };
const drawnBlockBack = {
  dy: tokens('T'),
  dbalance: number({ nonzero: true }),
  dz: number({ nonzero: true }),
  ...drawnBlock,
};
const blockBack = (slips: BlockSlips = {}, definition: (i: LiftedBlock) => Outcome = block(slips)) =>
  gradientOf<LiftedBlock>(definition as Definition<LiftedBlock>, {
    upstream: { y: 'dy', balance: 'dbalance', z: 'dz' },
    wrt: { dx: 'x', weights: 'weights' },
    plain: blockPlain,
  });
const blockOracle = blockBack();
type BlockGradients = { dx: Tensor; weights: BlockWeights };
const rightBlockBack = (i: BlockBack) => blockOracle(i) as BlockGradients;
const blockFrom = (change: (i: BlockBack) => Partial<BlockBack>) => (i: BlockBack) =>
  rightBlockBack({ ...i, ...change(i) });

const moeBlockBackward = exercise<typeof drawnBlockBack, BlockBack>({
  points: 2,
  inputs: drawnBlockBack,
  sizes: blockSizes,
  derive: blocked as never,
  where: clearBlock,
  parameters: ['dy', 'dbalance', 'dz'],
  uses: ['moeLayerBackward'],
  backwardOf: { forward: 'moeBlockForward', takes: ['x', 'mask', 'weights', 'settings', 'routing'] },
  oracle: blockOracle,
  checks: [gradientAgrees({ upstream: ['dy', 'dbalance', 'dz'], cases: 4 }), pure({ cases: 2 })],
  examples: someBlocks.map((b, n) => ({ dy: filled(60 + n, ...b.x.shape), dbalance: [0.5, -1, 2][n]!, dz: [0.25, 1.5, -0.5][n]!, ...b })) as never, // prettier-ignore
  misconceptions: {
    'the losses forgotten': {
      wrong: blockFrom(() => ({ dbalance: 0, dz: 0 })),
      says: 'dbalance and dz change nothing in your gradients. Hand them to moeLayerBackward.',
    },
    'the weights of the losses exchanged': {
      wrong: blockFrom(({ dbalance, dz }) => ({ dbalance: dz, dz: dbalance })),
      says: 'You hand dz to moeLayerBackward where dbalance belongs, and the other way round.',
    },
    'only the losses': {
      wrong: blockFrom(({ dy }) => ({ dy: dy.mul(0) })),
      says: 'dy changes nothing in your gradients.',
    },
    'gradient of the memory dropped': {
      wrong: blockBack({ memory: unheard }),
      says: 'Your dx lacks what came back through keys and values. In self-attention x was the memory too: selfAttentionBackward adds both.',
    },
    'both sublayers get dy': {
      wrong: blockBack({ between: (a) => unheard(a), end: (y, a) => heard(y, y, a) }),
      says: 'You give dy to the attention’s connection as well. Its output was read by the mixture: what comes back from there is its upstream gradient.',
    },
    'stopped before the attention': {
      wrong: (i) =>
        ({
          ...rightBlockBack(i),
          dx: (blockBack({ attention: (x, norm, order, f) => residual(unheard(x), norm, order, f), between: (a, x) => heard(a, a, x) })(i) as BlockGradients).dx, // prettier-ignore
        }) as BlockGradients,
      says: 'Your dx is the gradient of what stands between the two sublayers. x stands before the attention.',
    },
    'the norms’ gradients exchanged': {
      wrong: (i) => {
        const { dx, weights } = rightBlockBack(i);
        return { dx, weights: { ...weights, norm1: weights.norm2, norm2: weights.norm1 } };
      },
      says: 'What you return as norm1 is the gradient of norm2, and the other way round.',
    },
    'residual dropped around the attention': {
      wrong: blockBack({ attention: wrongBackward.nothingAround }),
      says: 'Around the attention nothing comes back in your dx. There x was added.',
    },
    'residual dropped around the mixture': {
      wrong: blockBack({ mixture: wrongBackward.nothingAround }),
      says: 'Around the mixture nothing comes back: the attention hears only what went through the experts and the router.',
    },
    'the router hears the losses only': {
      wrong: blockBack({ layer: { gates: (g) => table(g.shape, (t, s) => still(g.at(t!, s!))) } }),
      says: 'The task teaches your router nothing. In moeLayerBackward, dgates goes on to the logits through gateBackward.',
    },
  },
  hints: [
    'Two calls of residualBackward, in the reverse order: what was last comes first.',
    'The first one’s dx (B, T, C) is the second one’s upstream gradient. `inner` is what the sublayer’s backward returned: its weights are in there.',
    'residualBackward wants a function of (dy, cache); moeLayerBackward has four arguments. A small arrow function fills in the other two.',
    'const m = residualBackward(dy, (d, c: MoeLayerCache) => moeLayerBackward(d, dbalance, dz, c), cache.moe);',
  ],
});

// What it costs

type Size = { dModel: number; hidden: number; experts: number; k: number };
type Parts = { router: number; matrices: number; biases: number };
const priced =
  (f: (parts: Parts, size: Size) => { parameters: number; active: number; flops: number }) => (size: Size) =>
    f(
      {
        router: size.experts * size.dModel,
        matrices: 2 * size.dModel * size.hidden,
        biases: size.hidden + size.dModel,
      },
      size,
    );
const price = priced(({ router, matrices, biases }, { experts, k }) => ({
  parameters: router + experts * (matrices + biases),
  active: router + k * (matrices + biases),
  flops: 2 * (router + k * matrices),
}));

const moeCost = exercise({
  points: 2,
  inputs: { dModel: integer(1, 8), hidden: integer(1, 9), experts: integer(1, 7), k: integer(1, 3) },
  where: ({ experts, k }) => k <= experts,
  oracle: ({ dModel, hidden, experts, k }) => {
    // One expert number by number: a row and a bias for each hidden unit, and for each feature that comes out.
    const units = range(hidden, () => dModel + 1).reduce((a, b) => a + b, 0);
    const features = range(dModel, () => hidden + 1).reduce((a, b) => a + b, 0);
    const met = experts * dModel + k * (units - hidden + features - dModel);
    return {
      parameters: experts * dModel + experts * (units + features),
      active: experts * dModel + k * (units + features),
      flops: 2 * met,
    };
  },
  checks: [agrees({ exact: true, cases: 20 })],
  examples: [
    { dModel: 512, hidden: 2048, experts: 8, k: 2 },
    { dModel: 5, hidden: 3, experts: 6, k: 1 },
    { dModel: 4, hidden: 7, experts: 3, k: 3 },
  ],
  misconceptions: {
    'the router left out': {
      wrong: priced(({ matrices, biases }, { experts, k }) => ({
        parameters: experts * (matrices + biases),
        active: k * (matrices + biases),
        flops: 2 * k * matrices,
      })),
      says: 'You count the experts only. The router’s matrix (E, C) is learned too, and every token meets all of it.',
    },
    'biases left out': {
      wrong: priced(({ router, matrices }, { experts, k }) => ({
        parameters: router + experts * matrices,
        active: router + k * matrices,
        flops: 2 * (router + k * matrices),
      })),
      says: 'Your experts have no biases. b1 and b2 are parameters; only in the flops they are left out.',
    },
    'one matrix for an expert': {
      wrong: priced(({ router, matrices, biases }, { experts, k }) => ({
        parameters: router + experts * (matrices / 2 + biases),
        active: router + k * (matrices / 2 + biases),
        flops: 2 * (router + (k * matrices) / 2),
      })),
      says: 'You count one matrix for each expert. There are two: one up, one down.',
    },
    'all experts active': {
      wrong: priced(({ router, matrices, biases }, { experts }) => ({
        parameters: router + experts * (matrices + biases),
        active: router + experts * (matrices + biases),
        flops: 2 * (router + experts * matrices),
      })),
      says: 'You let every token meet all experts. It meets k of them; that is the point of it all.',
    },
    'one expert active': {
      wrong: priced(({ router, matrices, biases }, { experts }) => ({
        parameters: router + experts * (matrices + biases),
        active: router + matrices + biases,
        flops: 2 * (router + matrices),
      })),
      says: 'You let each token meet one expert, whatever k is.',
    },
    'one operation for each weight': {
      wrong: (i) => ({ ...price(i), flops: price(i).flops / 2 }),
      says: 'You count one operation for each weight. It is multiplied, and the product is added: two.',
    },
    'two for each active parameter': {
      wrong: (i) => ({ ...price(i), flops: 2 * price(i).active }),
      says: 'Your flops count the biases. Asked for are the matrix products only.',
    },
    'no flops for the router': {
      wrong: priced((parts, { k, ...size }) => ({ ...price({ k, ...size }), flops: 2 * k * parts.matrices })),
      says: 'Your flops leave out the router. Every token is multiplied by its matrix.',
    },
    'the flops of all experts': {
      wrong: priced(({ router, matrices }, size) => ({ ...price(size), flops: 2 * (router + size.experts * matrices) })), // prettier-ignore
      says: 'Your flops are those of all experts. Only k of them work on a token.',
    },
    'k rows of the router active': {
      wrong: priced(({ router, matrices, biases }, { dModel, experts, k }) => ({
        parameters: router + experts * (matrices + biases),
        active: k * dModel + k * (matrices + biases),
        flops: 2 * (k * dModel + k * matrices),
      })),
      says: 'You let a token meet k rows of the router. To know which experts are the best it has to meet all of them.',
    },
    'active with k rows of the router': {
      wrong: (i) => ({ ...price(i), active: price(i).active - (i.experts - i.k) * i.dModel }),
      says: 'Among the active parameters you count k rows of the router. To know which experts are the best a token has to meet all of them.',
    },
    'active with all experts': {
      wrong: (i) => ({ ...price(i), active: price(i).parameters }),
      says: 'Your active parameters are all of them. A token meets k experts; that is the point of it all.',
    },
    'a bias for the router': {
      wrong: priced((_, size) => {
        const right = price(size);
        return { ...right, parameters: right.parameters + size.experts, active: right.active + size.experts };
      }),
      says: 'You give the router a bias of E numbers. wGate is all it has.',
    },
  },
  hints: [
    'Count one expert, count the router, and then ask how many of each.',
    'w1 (M, C), b1 (M), w2 (C, M), b2 (C); the router (E, C).',
    'An expert has 2CM + M + C numbers. flops: 2 · (E C + k · 2CM).',
  ],
});

export const moeBlock = topic('moe-block', 'The block', {
  moeLayerForward,
  moeLayerBackward,
  moeBlockForward,
  moeBlockBackward,
  moeCost,
});
