/** Exercises of a GPT: its entrance and its exit, all of it forward and back, and a step of training. */
import { Tensor, tensor as toTensor, zeros, zerosLike } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradient,
  gradientAgrees,
  gradientOf,
  indices,
  integer,
  isRecord,
  learns,
  listOf,
  property,
  pure,
  range,
  record,
  rejects,
  sizeOf,
  tensor,
  topic,
  trace,
  valueOf,
  type Lifted,
  type Value,
  type ValueRecord,
} from '../engine/index.ts';
import { projected } from './definitions-blocks.ts';
import { smooth } from './definitions.ts';
import {
  anyGpt,
  embedded,
  gptInput,
  logitsOf,
  lossOf,
  normed,
  normInput,
  type Gpt,
  type GptSlips,
  type Norm,
  type Settings,
} from './definitions-gpt.ts';
import { cachedAttention, cachedStep, chooseToken, generateCached, generateText, topPFilter } from './gpt-writing.ts';

// The entrance

type Entrance = { index: number[][]; tokens: Tensor; positions: Tensor; start: number };
type EntranceBack = Entrance & { dy: Tensor };

const entranceInputs = {
  index: listOf('B', indices('T', 'V')),
  tokens: tensor('V', 'C'),
  positions: tensor('L', 'C'),
  start: integer(0, 2),
};
const entranceSizes = { B: [1, 3], T: [1, 4], V: [1, 5], L: [1, 6], C: [1, 3] } as const;
const fits = ({ index, positions, start }: Entrance) => start + index[0]!.length <= positions.shape[0]!;
const entrancePlain = ['index', 'start'];

const entrance = ({
  index,
  tokens,
  positions,
  start,
}: Lifted<Pick<Entrance, 'tokens' | 'positions'>> & Pick<Entrance, 'index' | 'start'>) => ({
  y: embedded(index, tokens, positions, start),
});

/** y by a rule for each number. */
function embedBy({ index, tokens }: Entrance, rule: (token: number, t: number, c: number, b: number) => number) {
  const [B, T, C] = [index.length, index[0]!.length, tokens.shape[1]!];
  const entry = (k: number) => {
    const [b, t, c] = [Math.floor(k / (T * C)), Math.floor(k / C) % T, k % C];
    return rule(index[b]![t]!, t, c, b);
  };
  return { y: new Tensor([B, T, C], range(B * T * C, entry)) };
}
const textAndPlaces: Entrance[] = [
  {
    index: [[2, 0, 2]],
    tokens: toTensor([
      [1, 2],
      [3, -1],
      [0.5, 4],
    ]),
    positions: toTensor([
      [10, 20],
      [30, 50],
      [70, 110],
      [130, 170],
      [190, 230],
    ]),
    start: 1,
  },
  {
    index: [
      [1, 0],
      [0, 0],
    ],
    tokens: toTensor([
      [1, 2, 3],
      [-4, 5, 0],
    ]),
    positions: toTensor([
      [0.5, 0, 2],
      [-1, 1.5, 0.25],
      [3, 1, -2],
    ]),
    start: 0,
  },
];

const embedTokens = exercise({
  points: 1,
  inputs: entranceInputs,
  sizes: entranceSizes,
  where: fits,
  oracle: valueOf(entrance, { plain: entrancePlain }),
  checks: [
    agrees({ cases: 20 }),
    pure({ cases: 3 }),
    rejects('a text longer than there are places, or a token that the table does not have', [
      { index: [[0, 1, 0]], tokens: zeros(2, 2), positions: zeros(2, 2), start: 0 },
      { index: [[0, 1]], tokens: zeros(2, 2), positions: zeros(3, 2), start: 2 },
      { index: [[0, 2]], tokens: zeros(2, 2), positions: zeros(3, 2), start: 0 },
      { index: [[-1, 0]], tokens: zeros(2, 2), positions: zeros(3, 2), start: 0 },
    ]),
  ],
  examples: textAndPlaces,
  misconceptions: {
    'places left out': {
      wrong: (i) => embedBy(i, (token, _t, c) => i.tokens.at(token, c)),
      says: 'Your tokens do not know where they stand: the table of positions changes nothing. To attention a text would be a bag of words.',
    },
    'start ignored': {
      wrong: (i) => embedBy(i, (token, t, c) => i.tokens.at(token, c) + i.positions.at(t, c)),
      says: 'Your first token always stands at place 0. When a text is continued, it stands at `start`.',
    },
    'the place of the start for all': {
      wrong: (i) => embedBy(i, (token, _t, c) => i.tokens.at(token, c) + i.positions.at(i.start, c)),
      says: 'All tokens get the row of the first place. Each further token stands one place further.',
    },
    'the token as its place': {
      wrong: (i) => embedBy(i, (token, _t, c) => i.tokens.at(token, c) + i.positions.at(token % i.positions.shape[0]!, c)), // prettier-ignore
      says: 'You look the position up by the token. What a token is says nothing of where it stands.',
    },
    'the sequence as the place': {
      wrong: (i) =>
        embedBy(i, (token, _t, c, b) => i.tokens.at(token, c) + i.positions.at((i.start + b) % i.positions.shape[0]!, c)), // prettier-ignore
      says: 'Your place grows with the sequence’s number in the batch. It grows along a text: the second axis, t.',
    },
    multiplied: {
      wrong: (i) => embedBy(i, (token, t, c) => i.tokens.at(token, c) * i.positions.at(i.start + t, c)),
      says: 'You multiply token and place. They are added; the network can learn to keep them apart.',
    },
    'scaled by √C': {
      wrong: (i) => embedBy(i, (token, t, c) => i.tokens.at(token, c) * Math.sqrt(i.tokens.shape[1]!) + i.positions.at(i.start + t, c)), // prettier-ignore
      says: 'Your tokens are √C times too large. The Transformer of 2017 did that; a GPT adds token and place as they are.',
    },
    'only the places': {
      wrong: (i) => embedBy(i, (_token, t, c) => i.positions.at(i.start + t, c)),
      says: 'Your result is the same for every text: the tokens’ own vectors are not in it.',
    },
  },
  hints: [
    'Two tables are looked up, one by what a token is and one by where it stands. You have written both.',
    'index (B, T) → embeddingForward gives (B, T, C); the places are added to that, the same rows in every sequence.',
    'embeddingForward(tokens, index), then learnedPositionsForward of its y with `positions` and `start`. Keep both caches.',
    'const embedding = embeddingForward(tokens, index); const places = learnedPositionsForward(embedding.y, positions, start);',
  ],
});

/** dtokens and dpositions by how each share is put to what is there. */
function entranceBack(
  { dy, index, tokens, positions, start }: EntranceBack,
  slip: {
    token?: (old: number, now: number) => number;
    place?: (old: number, now: number) => number;
    at?: (t: number, token: number) => number;
    row?: (token: number, t: number) => number;
    sequences?: number;
  } = {},
) {
  const [dtokens, dpositions] = [zerosLike(tokens), zerosLike(positions)];
  const C = tokens.shape[1]!;
  const plus = (old: number, now: number) => old + now;
  const place = slip.at ?? ((t: number) => start + t);
  index.forEach((row, b) =>
    row.forEach((token, t) =>
      range(C, (c) => {
        const [i, j] = [(slip.row ? slip.row(token, t) : token) * C + c, place(t, token) * C + c];
        dtokens.data[i] = (slip.token ?? plus)(dtokens.data[i]!, dy.at(b, t, c));
        if (b < (slip.sequences ?? Infinity))
          dpositions.data[j] = (slip.place ?? plus)(dpositions.data[j]!, dy.at(b, t, c));
      }),
    ),
  );
  return { dtokens, dpositions };
}
const timesRead = ({ index, tokens }: Entrance) =>
  range(tokens.shape[0]!, (v) => index.flat().filter((token) => token === v).length);

const embedTokensBackward = exercise({
  points: 2,
  inputs: { dy: tensor('B', 'T', 'C'), ...entranceInputs },
  sizes: entranceSizes,
  where: fits,
  parameters: ['dy'],
  backwardOf: { forward: 'embedTokens', takes: ['index', 'tokens', 'positions', 'start'] },
  oracle: smooth(
    gradientOf(entrance, {
      upstream: { y: 'dy' },
      wrt: { dtokens: 'tokens', dpositions: 'positions' },
      plain: entrancePlain,
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 20 }), pure({ cases: 3 })],
  examples: [
    { ...textAndPlaces[0]!, dy: toTensor([[[1, 2], [3, 5], [7, 11]]]) }, // prettier-ignore
    { ...textAndPlaces[1]!, dy: toTensor([[[1, 2, 3], [5, 7, 11]], [[13, 17, 19], [23, 29, 31]]]) }, // prettier-ignore
  ],
  misconceptions: {
    'the two tables exchanged': {
      wrong: (i) => {
        const { dtokens, dpositions } = entranceBack(i, {});
        return { dtokens: dpositions, dpositions: dtokens };
      },
      says: 'What you return as dtokens is the gradient of the positions, and the other way round. The dtable of learnedPositionsBackward is dpositions.',
    },
    'last repeat of a token wins': {
      wrong: (i) => entranceBack(i, { token: (_old, now) => now }),
      says: 'When a token was read more than once, one of its gradients overwrites the others in dtokens. They add up.',
    },
    'last sequence wins at a place': {
      wrong: (i) => entranceBack(i, { place: (_old, now) => now }),
      says: 'Every sequence of the batch used the same row of places. In dpositions only the last one’s gradient is left; they add up.',
    },
    'only the first sequence teaches the places': {
      wrong: (i) => entranceBack(i, { sequences: 1 }),
      says: 'Your dpositions hears of the first sequence only. All sequences of the batch used these rows.',
    },
    'places averaged over the batch': {
      wrong: (i) => {
        const right = entranceBack(i);
        return { ...right, dpositions: right.dpositions.div(i.index.length) };
      },
      says: 'Your dpositions is divided by the number of sequences. The mean, if there is one, is in the loss; here the gradients are summed.',
    },
    'places of a continued text at 0': {
      wrong: (i) => entranceBack(i, { at: (t) => t }),
      says: 'Your dpositions begins in row 0. It was row `start` that the first token got.',
    },
    'repeats averaged': {
      wrong: (i) => {
        const [right, times] = [entranceBack(i), timesRead(i)];
        const C = i.tokens.shape[1]!;
        return { ...right, dtokens: right.dtokens.map((x, k) => x / Math.max(1, times[Math.floor(k / C)]!)) };
      },
      says: 'A token that was read twice gets the mean of its gradients. Each time it was read it moved the loss: they are summed.',
    },
    'the places get nothing': {
      wrong: (i) => ({ ...entranceBack(i), dpositions: zerosLike(i.positions) }),
      says: 'Your dpositions is zero everywhere, so the places could never be learned. A sum hands its gradient to both of its parts.',
    },
    'gradient halved between token and place': {
      wrong: (i) => {
        const { dtokens, dpositions } = entranceBack(i);
        return { dtokens: dtokens.div(2), dpositions: dpositions.div(2) };
      },
      says: 'You share the gradient out between token and place. A sum hands the whole of it to each.',
    },
  },
  hints: [
    'y is a sum of two looked-up rows. What does each part of a sum get of the upstream gradient?',
    'dtokens is (V, C) and dpositions (L, C): as large as the tables, with zeros in rows that nobody used.',
    'learnedPositionsBackward gives dtable and dx; dx is the upstream gradient of the embedding.',
    'const { dx, dtable } = learnedPositionsBackward(dy, cache.positions); dtokens = embeddingBackward(dx, cache.embedding)',
  ],
});

// The exit

type Exit = { x: Tensor; norm: Norm; table: Tensor };
type ExitBack = Exit & { dlogits: Tensor };
const exitInputs = { x: tensor('B', 'T', 'h*d'), norm: normInput, table: tensor('V', 'h*d') };
const exitSizes = { B: [1, 3], T: [1, 3], h: [1, 1], d: [2, 4], V: [1, 5] } as const;

const exit = ({ x, norm, table: words }: Lifted<Exit>) => ({ logits: projected(normed(x, norm), words) });

/** A LayerNorm's parts, and those of a slip. */
function normal({ x, norm }: Exit, slip: { axis?: number; count?: number; epsilon?: (root: number) => number } = {}) {
  const axis = slip.axis ?? -1;
  const off = x.sub(x.mean(axis, { keepDims: true }));
  const variance = off.square().sum(axis, { keepDims: true }).div(slip.count ?? x.shape.at(axis)!); // prettier-ignore
  const root = slip.epsilon ? variance.map(slip.epsilon) : variance.add(1e-5).sqrt();
  const xHat = off.div(root);
  return { xHat, root, h: xHat.mul(norm.gamma).add(norm.beta) };
}
const against = (h: Tensor, words: Tensor) => ({ logits: h.matmul(words.T) });
const probabilities = (z: Tensor) => {
  const e = z.sub(z.max(-1, { keepDims: true })).exp();
  return e.div(e.sum(-1, { keepDims: true }));
};

const lmHead = exercise({
  points: 1,
  inputs: exitInputs,
  sizes: exitSizes,
  oracle: valueOf(exit),
  checks: [agrees({ cases: 12 }), pure({ cases: 3 })],
  misconceptions: {
    'gamma and beta exchanged': {
      wrong: (i) => against(normal(i).xHat.mul(i.norm.beta).add(i.norm.gamma), i.table),
      says: 'Your last norm multiplies by beta and adds gamma. gamma is the scale, beta the shift.',
    },
    'last norm left out': {
      wrong: (i) => against(i.x, i.table),
      says: 'The product is taken with x itself. Blocks with the norm in front leave their sum un-normed, and it grows from block to block: the last norm stands before the head.',
    },
    'norm without its scale and shift': {
      wrong: (i) => against(normal(i).xHat, i.table),
      says: 'Your last norm has no gamma and beta: it only normalises.',
    },
    'gamma left out': {
      wrong: (i) => against(normal(i).xHat.add(i.norm.beta), i.table),
      says: 'Your last norm is not scaled by gamma.',
    },
    'beta left out': {
      wrong: (i) => against(normal(i).xHat.mul(i.norm.gamma), i.table),
      says: 'Your last norm is not shifted by beta.',
    },
    probabilities: {
      wrong: (i) => ({ logits: probabilities(against(normal(i).h, i.table).logits) }),
      says: 'You return probabilities. The loss takes the logits, and so do temperature, top-k and top-p.',
    },
    'scaled by √C': {
      wrong: (i) => ({ logits: against(normal(i).h, i.table).logits.div(Math.sqrt(i.table.shape[1]!)) }),
      says: 'Your logits are divided by √C, as attention’s scores are. The head has no such factor.',
    },
    'norm along the text': {
      wrong: (i) => against(normal(i, { axis: 1 }).h, i.table),
      says: 'Your mean and variance run over the tokens of a text, so a token’s logits depend on those that come later. They run along the features of one token.',
    },
    'norm after the product': {
      wrong: (i) => {
        const logits = i.x.matmul(i.table.T);
        return { logits: normal({ ...i, x: logits, norm: { gamma: toTensor(1), beta: toTensor(0) } }).h };
      },
      says: 'You normalise the logits. It is the tokens’ vectors that go through the norm, before the product.',
    },
  },
  hints: [
    'How well does what the model has made of a token fit each word of the vocabulary? A dot product measures that.',
    '(B, T, C) and (V, C): which of them must be transposed for the result to be (B, T, V)?',
    'h = layerNormForward(x, gamma, beta, EPSILON).y, then h.matmul(table.T). The cache holds the norm’s cache, h and the table.',
    'const { y: h, cache: normCache } = layerNormForward(x, norm.gamma, norm.beta, EPSILON);',
  ],
});

const flat = (x: Tensor) => x.reshape(-1, x.shape.at(-1)!);
/** The right way back through the exit, with all it passes. */
function exitBack(i: ExitBack) {
  const { xHat, root, h } = normal(i);
  const dh = i.dlogits.matmul(i.table);
  const dHat = dh.mul(i.norm.gamma);
  const along = (t: Tensor) => t.mean(-1, { keepDims: true });
  const dx = dHat.sub(along(dHat)).sub(xHat.mul(along(dHat.mul(xHat)))).div(root); // prettier-ignore
  const norm = { gamma: dh.mul(xHat).sum([0, 1]), beta: dh.sum([0, 1]) };
  return { xHat, h, dh, dHat, root, dx, norm, dtable: flat(i.dlogits).T.matmul(flat(h)) };
}
const slippedExit =
  (change: (back: ReturnType<typeof exitBack>, i: ExitBack) => { dx?: Tensor; norm?: Norm; dtable?: Tensor }) =>
  (i: ExitBack) => {
    const back = exitBack(i);
    return { dx: back.dx, norm: back.norm, dtable: back.dtable, ...change(back, i) };
  };

const lmHeadBackward = exercise({
  points: 2,
  inputs: { dlogits: tensor('B', 'T', 'V'), ...exitInputs },
  sizes: exitSizes,
  parameters: ['dlogits'],
  backwardOf: { forward: 'lmHead', takes: ['x', 'norm', 'table'] },
  oracle: smooth(
    gradientOf(exit, { upstream: { logits: 'dlogits' }, wrt: { dx: 'x', norm: 'norm', dtable: 'table' } }),
  ),
  checks: [gradientAgrees({ upstream: ['dlogits'], cases: 10 }), pure({ cases: 3 })],
  misconceptions: {
    'table’s gradient of the last sequence': {
      wrong: slippedExit(({ h }, { dlogits }) => ({ dtable: dlogits.row(-1).T.matmul(h.row(-1)) })),
      says: 'Your dtable hears of the last sequence only: are the gradients set where they should be added?',
    },
    'norm passed over': {
      wrong: slippedExit(({ dh }) => ({ dx: dh })),
      says: 'Your dx is the gradient of what the norm gave. Between x and the product there is a LayerNorm.',
    },
    'table’s gradient from x': {
      wrong: slippedExit((_, { dlogits, x }) => ({ dtable: flat(dlogits).T.matmul(flat(x)) })),
      says: 'Your dtable multiplies dlogits by x. What the table was multiplied with was h, after the norm.',
    },
    'table’s gradient from the bare norm': {
      wrong: slippedExit(({ xHat }, { dlogits }) => ({ dtable: flat(dlogits).T.matmul(flat(xHat)) })),
      says: 'Your dtable uses x̂, before gamma and beta. What the table was multiplied with was h, with both.',
    },
    'table’s gradient averaged over the batch': {
      wrong: slippedExit(({ dtable }, { dlogits }) => ({ dtable: dtable.div(dlogits.shape[0]!) })),
      says: 'Your dtable is divided by the number of sequences. The mean is in the loss, and so in dlogits already.',
    },
    'table’s gradient averaged over all tokens': {
      wrong: slippedExit(({ dtable }, { dlogits }) => ({ dtable: dtable.div(dlogits.shape[0]! * dlogits.shape[1]!) })),
      says: 'Your dtable is divided by the number of tokens. The mean is in the loss, and so in dlogits already.',
    },
    'only the last token teaches the table': {
      wrong: slippedExit(({ h }, { dlogits }) => {
        const last = dlogits.shape[1]! - 1;
        return { dtable: dlogits.slice(null, last).T.matmul(h.slice(null, last)) };
      }),
      says: 'Only the last place of each text is in your dtable. Every place gave logits, and every place teaches.',
    },
    'gradient of gamma from h': {
      wrong: slippedExit(({ dh, h, norm }) => ({ norm: { ...norm, gamma: dh.mul(h).sum([0, 1]) } })),
      says: 'Your gradient of gamma multiplies by h. Gamma was multiplied with x̂, before beta came.',
    },
    'norm’s gradients of the first sequence only': {
      wrong: slippedExit(({ dh, xHat }) => ({ norm: { gamma: dh.mul(xHat).row(0).sum(0), beta: dh.row(0).sum(0) } })),
      says: 'Gamma and beta hear of the first sequence only. All tokens of all sequences used them.',
    },
    'gamma left out on the way back': {
      wrong: slippedExit(({ dh, xHat, root }) => {
        const along = (t: Tensor) => t.mean(-1, { keepDims: true });
        return { dx: dh.sub(along(dh)).sub(xHat.mul(along(dh.mul(xHat)))).div(root) }; // prettier-ignore
      }),
      says: 'Your dx goes back through the norm as if gamma were 1.',
    },
  },
  hints: [
    'logits = h tableᵀ is a matrix product: each factor’s gradient is the upstream gradient times the other factor.',
    'dh must be (B, T, C) and dtable (V, C). For dtable take all tokens of all sequences as one list of B · T rows.',
    'dh = dlogits table, then layerNormBackward. dtable = flat dlogitsᵀ times flat h.',
    'const { dx, dgamma, dbeta } = layerNormBackward(dlogits.matmul(cache.table), cache.norm); dlogits.reshape(-1, V).T.matmul(h.reshape(-1, C))',
  ],
});

// All of it

type Run = { index: number[][]; weights: Gpt; settings: Settings };
type RunBack = Run & { dlogits: Tensor };

const runSizes = { B: [1, 2], T: [1, 3], V: [2, 4], L: [3, 4], h: [1, 2], d: [2, 3], M: [1, 3], n: [1, 2] } as const;
const runInputs = { index: listOf('B', indices('T', 'V')), weights: gptInput };
const runPlain = ['index', 'settings'];
type LiftedRun = Lifted<Pick<Run, 'weights'>> & Pick<Run, 'index' | 'settings'>;

const run =
  (slips: GptSlips = {}) =>
  ({ index, weights, settings }: LiftedRun) => ({
    logits: logitsOf(index, weights, settings, slips),
  });
const slipped = (slips: GptSlips | ((i: Run) => GptSlips)) => (i: Run) =>
  trace(run(typeof slips === 'function' ? slips(i) : slips), i, runPlain).value;

/** Two blocks, with a tied head and with one of its own. */
const examples: (RunBack & ValueRecord)[] = [true, false].map((headTied) => {
  const dlogits = new Tensor([1, 3, 3], [1, -0.5, 2, 0.25, -1.5, 0.75, -1, 0.5, 1.25]);
  const weights = anyGpt({ V: 3, L: 3, C: 4, M: 2, n: 2 }, 'two blocks', headTied);
  return { index: [[0, 2, 1]], dlogits, weights, settings: { heads: 2, activation: 'gelu' } };
});

const gptForward = exercise({
  points: 3,
  inputs: {
    ...runInputs,
    settings: record({ heads: sizeOf('h'), activation: choice<'gelu' | 'relu'>('gelu', 'relu') }),
  },
  sizes: runSizes,
  oracle: valueOf(run(), { plain: runPlain }),
  uses: ['embedTokens', 'lmHead'],
  examples: examples.map(({ dlogits: _dlogits, ...rest }) => rest),
  checks: [
    agrees({ cases: 8 }),
    pure({ cases: 2 }),
    rejects(
      'a text longer than there are places',
      () => {
        const weights = {
          tokens: zeros(2, 2),
          positions: zeros(2, 2),
          blocks: [],
          norm: { gamma: zeros(2), beta: zeros(2) },
        };
        return [{ index: [[0, 1, 1]], weights, settings: { heads: 1, activation: 'gelu' } }];
      },
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'blocks left out': {
      wrong: (i) => slipped({})({ ...i, weights: { ...i.weights, blocks: [] } }),
      says: 'The blocks have no part in your result: the exit reads what the entrance gave.',
    },
    'no causal mask': {
      wrong: slipped({ sees: () => true }),
      says: 'Your tokens see what comes after them. A model that reads the answer learns nothing but to copy it, and when it writes, there is no answer to read.',
    },
    'mask turned round': {
      wrong: slipped({ sees: (i, j) => j >= i }),
      says: 'Your tokens see what comes after them and nothing of what came before. Queries are the rows of the mask, keys its columns.',
    },
    'mask hides the token itself': {
      wrong: slipped({ sees: (i, j) => j < i }),
      says: 'Your tokens do not see themselves, and the first one sees nothing at all. The diagonal is allowed.',
    },
    'norm after each sublayer': {
      wrong: slipped({ order: 'post' }),
      says: 'Your blocks are those of 2017, with the norm after the sum. A GPT’s norm stands before each sublayer.',
    },
    'last norm left out': {
      wrong: slipped({ lastNorm: false }),
      says: 'Between the last block and the product with the table a LayerNorm is missing: lmHead has one.',
    },
    'places left out': {
      wrong: slipped({ noPlaces: true }),
      says: 'The table of positions changes nothing in your result.',
    },
    'always tied': {
      wrong: slipped({ alwaysTied: true }),
      says: 'Your head is the table of tokens even where the weights bring a head of their own.',
    },
    'heads ignored': {
      wrong: slipped({ settings: { heads: 1 } }),
      says: 'Your attention has one head, whatever the settings say.',
    },
    'always ReLU': {
      wrong: slipped({ settings: { activation: 'relu' } }),
      says: 'Your feed-forward layers take ReLU, whatever the settings say.',
    },
    'always GELU': {
      wrong: slipped({ settings: { activation: 'gelu' } }),
      says: 'Your feed-forward layers take GELU, whatever the settings say.',
    },
    'blocks in reverse': {
      wrong: slipped({ chain: 'reversed' }),
      says: 'Your last block reads first. On the way there, the first block is the first.',
    },
    'only the first block': {
      wrong: slipped({ chain: 'first' }),
      says: 'Only the first block has a part in your result. Each reads what the one before gave.',
    },
    'every block reads the entrance': {
      wrong: slipped({ chain: 'last' }),
      says: 'Only the last block has a part in your result, as if every block read the entrance. Each reads what the one before gave.',
    },
    probabilities: {
      wrong: slipped({ probabilities: true }),
      says: 'You return probabilities. What is asked for are logits.',
    },
  },
  hints: [
    'Nothing new is computed here: an entrance, a stack of encoder blocks that may not look ahead, an exit.',
    'index (B, T) → (B, T, C) → (B, T, C) → (B, T, V). The mask is (T, T), the same for all sequences and heads.',
    'embedTokens from place 0; encoderForward with causalMask(T, T) and order "pre"; lmHead with weights.head, or weights.tokens where there is none. Keep three caches, and whether the head was tied.',
    'encoderForward(start.y, causalMask(T, T), weights.blocks, { ...settings, order: "pre" })',
  ],
});

/** The gradients of all weights, of a definition with slips. */
function backThrough(i: RunBack, slips: GptSlips = {}): Gpt {
  const { dlogits, ...inputs } = i;
  return gradient(run(slips), inputs, { logits: dlogits }, ['weights'], runPlain).gradients['weights'] as Gpt;
}
const gptBackward = exercise({
  points: 4,
  inputs: {
    dlogits: tensor('B', 'T', 'V'),
    ...runInputs,
    settings: record({ heads: sizeOf('h'), activation: choice<'gelu' | 'relu'>('gelu') }),
  },
  sizes: runSizes,
  parameters: ['dlogits'],
  backwardOf: { forward: 'gptForward', takes: ['index', 'weights', 'settings'] },
  uses: ['embedTokensBackward', 'lmHeadBackward'],
  oracle: smooth((i: RunBack) => backThrough(i)),
  checks: [
    gradientAgrees({ upstream: ['dlogits'], cases: 6 }),
    property<RunBack>('a tied head has no gradient of its own', {
      cases: 2,
      where: ({ weights }) => weights.head === undefined,
      holds: ({ y }: { y: Gpt }) =>
        y.head === undefined ||
        'Your gradients have a `head` where the weights have none. trainStep would hand the optimizer one tensor more than there are parameters.',
    }),
    pure({ cases: 2 }),
  ],
  examples,
  misconceptions: {
    'only the head teaches a tied table': {
      wrong: (i) => (i.weights.head ? backThrough(i) : backThrough(i, { stillEntrance: true })),
      says: 'With a tied head your table of tokens gets the head’s gradient only. The entrance used it too.',
    },
    'only the entrance teaches a tied table': {
      wrong: (i) => (i.weights.head ? backThrough(i) : backThrough(i, { stillHead: true })),
      says: 'With a tied head your table of tokens gets the entrance’s gradient only. The head used it too.',
    },
    'the two uses averaged': {
      wrong: (i) => {
        const right = backThrough(i);
        return i.weights.head ? right : { ...right, tokens: right.tokens.mul(0.5) };
      },
      says: 'Your tied table gets the mean of its two gradients. What is used twice moves the loss twice: they are added.',
    },
    'always added': {
      wrong: (i) => {
        const right = backThrough(i);
        return right.head ? { ...right, tokens: right.tokens.add(right.head) } : right;
      },
      says: 'The head’s gradient is added to the tokens even where the head is a table of its own.',
    },
    'the head’s own gradient missing': {
      wrong: (i) => {
        const { head: _dropped, ...rest } = backThrough(i);
        return rest;
      },
      says: 'Where the head is not tied it is a parameter like the others, and wants its gradient.',
    },
    'blocks passed over': {
      wrong: (i) => {
        const { tokens, positions } = backThrough(i, { straightDown: true });
        return { ...backThrough(i), tokens, positions };
      },
      says: 'The entrance gets the gradient that came out of the head. It has to go back through the blocks first.',
    },
    'gradients of the blocks in reverse': {
      wrong: (i) => {
        const right = backThrough(i);
        return { ...right, blocks: [...right.blocks].reverse() };
      },
      says: 'The list of your blocks’ gradients begins with the last block, as the way back does. The first block’s gradients come first.',
    },
    'places get nothing': {
      wrong: (i) => ({ ...backThrough(i), positions: zerosLike(i.weights.positions) }),
      says: 'The table of positions gets no gradient. It was added at the entrance.',
    },
    'last norm gets nothing': {
      wrong: (i) => ({
        ...backThrough(i),
        norm: { gamma: zerosLike(i.weights.norm.gamma), beta: zerosLike(i.weights.norm.beta) },
      }),
      says: 'The last norm’s gamma and beta get no gradient; lmHeadBackward has them.',
    },
  },
  hints: [
    'Three lines forward, the same three back, from the exit to the entrance, each with its own cache.',
    'dlogits (B, T, V) → dx (B, T, C) → dx (B, T, C) → two tables. The result has the form of GptWeights.',
    'lmHeadBackward, encoderBackward, embedTokensBackward. With a tied head: tokens = dtokens + dtable. Else head = dtable.',
    'cache.tied ? { ...rest, tokens: dtokens.add(dtable) } : { ...rest, tokens: dtokens, head: dtable }',
  ],
});

// A step of training

type Adam = { step: number; m: Tensor[]; v: Tensor[] };
type Training = { learningRate: number; beta1: number; beta2: number; epsilon: number; maxNorm: number };
type TrainInputs = { text: number[][]; weights: Gpt; state: Adam; settings: Settings; training: Training };

/** All tensors, fields in alphabetical order, lists from first to last: the order of parametersOf. */
function leaves(tree: Value): Tensor[] {
  if (tree instanceof Tensor) return [tree];
  if (Array.isArray(tree)) return tree.flatMap(leaves);
  if (!isRecord(tree)) return [];
  return Object.keys(tree)
    .sort()
    .flatMap((key) => leaves(tree[key]));
}
/** The same tree with each tensor replaced, in that order. */
function replaced(tree: Value, by: Tensor[]): Value {
  const rest = [...by];
  const walk = (part: Value): Value => {
    if (part instanceof Tensor) return rest.shift()!;
    if (Array.isArray(part)) return part.map(walk);
    if (!isRecord(part)) return part;
    return Object.fromEntries(Object.keys(part).sort().map((key) => [key, walk(part[key])])); // prettier-ignore
  };
  return walk(tree);
}
const lengthOf = (list: readonly Tensor[]) =>
  Math.sqrt(list.reduce((s, t) => s + t.data.reduce((a, x) => a + x * x, 0), 0));

interface TrainSlips {
  read?: (row: number[]) => number[];
  targets?: (row: number[]) => number[];
  asked?: (t: number, T: number) => boolean;
  /** What the loss is multiplied with, from the number of places and of sequences. */
  times?: (places: number, sequences: number) => number;
  clip?: 'none' | 'each' | 'always' | 'weights';
  uphill?: boolean;
  state?: 'old' | 'forgotten' | 'stepOnly';
  lossAfter?: boolean;
  still?: boolean;
  /** θ − η g */
  plain?: boolean;
}

function train(i: TrainInputs, slips: TrainSlips = {}) {
  const { text, weights, state, settings } = i;
  const { learningRate, beta1, beta2, epsilon, maxNorm } = i.training;
  const read = text.map(slips.read ?? ((row) => row.slice(0, -1)));
  const targets = text.map(slips.targets ?? ((row) => row.slice(1)));
  const factor = slips.times ? slips.times(read.flat().length, read.length) : 1;
  const loss = (lifted: { weights: Lifted<Gpt> }) =>
    lossOf(read, targets, lifted.weights, settings, slips.asked).mul(factor);
  const parameters = leaves(weights);
  const all = gradient(loss, { weights }, undefined, ['weights']).gradients['weights'];
  const raw = leaves(all!).map((g) => (slips.uphill ? g.neg() : g));
  const shorten = (list: Tensor[], up = false) => {
    const length = lengthOf(list);
    return length + 1e-6 > maxNorm || up ? list.map((g) => g.mul(maxNorm / (length + 1e-6))) : list;
  };
  const g =
    slips.clip === 'none' || slips.clip === 'weights'
      ? raw
      : slips.clip === 'each'
        ? raw.flatMap((t) => shorten([t]))
        : shorten(raw, slips.clip === 'always');
  const before =
    slips.state === 'forgotten' ? { step: 0, m: state.m.map(zerosLike), v: state.v.map(zerosLike) } : state;
  const t = before.step + 1;
  const m = g.map((x, k) => before.m[k]!.mul(beta1).add(x.mul(1 - beta1)));
  const v = g.map((x, k) => before.v[k]!.mul(beta2).add(x.square().mul(1 - beta2)));
  const moved = parameters.map((p, k) => {
    const mean = m[k]!.div(1 - beta1 ** t);
    const root = v[k]!.div(1 - beta2 ** t).sqrt().add(epsilon); // prettier-ignore
    return p.sub((slips.plain ? g[k]! : mean.div(root)).mul(learningRate));
  });
  const after = replaced(weights, slips.clip === 'weights' ? shorten(moved) : moved) as Gpt;
  const seen = slips.lossAfter ? after : weights;
  return {
    loss: trace(loss, { weights: seen }).value as number,
    weights: slips.still ? weights : after,
    state: slips.state === 'old' ? state : slips.state === 'stepOnly' ? { ...state, step: t } : { step: t, m, v },
  };
}

/** Adam's state for weights: that of the beginning, or of some steps later. */
const stateFor = (weights: Gpt, step: number): Adam => {
  const list = leaves(weights);
  return {
    step,
    m: list.map((p) => (step === 0 ? zerosLike(p) : p.mul(0.125))),
    v: list.map((p) => (step === 0 ? zerosLike(p) : p.square().mul(0.0625).add(0.03125))),
  };
};
const usual: Training = { learningRate: 0.125, beta1: 0.75, beta2: 0.875, epsilon: 0.03125, maxNorm: 0.25 };

/** A short text and a small model, at the beginning or later. */
const byHeart = (step: number, maxNorm = 0.25): TrainInputs & ValueRecord => {
  const one = anyGpt({ V: 3, L: 3, C: 3, M: 1, n: 1 }, 'by heart');
  const settings = { heads: 1, activation: 'gelu' } as const;
  const training = { ...usual, maxNorm };
  return { text: [[0, 1, 2]], weights: one, state: stateFor(one, step), settings, training };
};

const trainStep = exercise({
  points: 3,
  inputs: {
    text: listOf('B', indices('T+1', 'V')),
    weights: gptInput,
    step: choice(0, 3),
    maxNorm: choice(0.25, 64),
  },
  sizes: { ...runSizes, B: [1, 2], T: [1, 3], V: [2, 3], h: [1, 1], M: [1, 1], n: [1, 1] },
  derive: ({ text, weights, step, maxNorm }): TrainInputs => ({
    text,
    weights,
    state: stateFor(weights, step),
    settings: { heads: 1, activation: 'gelu' },
    training: { ...usual, maxNorm },
  }),
  parameters: ['text', 'weights', 'state', 'settings', 'training'],
  uses: ['gptForward', 'gptBackward'],
  oracle: (i) => train(i),
  examples: [byHeart(3), byHeart(3, 64), byHeart(0, 64)],
  checks: [
    agrees({ cases: 2 }),
    learns<TrainInputs>('a short text by heart', {
      steps: 3,
      start: () => byHeart(0),
      feed: (i, result) => {
        const { weights, state } = result as unknown as Pick<TrainInputs, 'weights' | 'state'>;
        return { ...i, weights, state };
      },
    }),
    pure({ cases: 2 }),
  ],
  misconceptions: {
    'the sum of the losses shown': {
      wrong: (i) => {
        const after = train(i);
        return { ...after, loss: after.loss * i.text.flat().length - after.loss * i.text.length };
      },
      says: 'The step is right, and the loss that you show is a sum over the places. It is their mean.',
    },
    'plain gradient descent': {
      wrong: (i) => train(i, { plain: true }),
      says: 'Your weights move by learningRate times the gradient. Adam’s step is another: adamStep gives the new parameters.',
    },
    'targets not shifted': {
      wrong: (i) => train(i, { targets: (row) => row.slice(0, -1) }),
      says: 'The loss asks for the token that the model has just read, not for the one that comes next. Its loss would fall to nothing, and its samples would repeat one letter.',
    },
    'the token before asked for': {
      wrong: (i) => train(i, { read: (row) => row.slice(1), targets: (row) => row.slice(0, -1) }),
      says: 'Your model reads the text without its first token and is asked for what came before. It is to go on, not back.',
    },
    'only the last place asked': {
      wrong: (i) => train(i, { asked: (t, T) => t === T - 1 }),
      says: 'Only the last place is in your loss. Every place has a next token, and all T of them are asked in one go: that is what the mask is for.',
    },
    'loss summed': {
      wrong: (i) => train(i, { times: (places) => places }),
      says: 'Your loss is a sum over the places. It is their mean.',
    },
    'loss summed over the text': {
      wrong: (i) => train(i, { times: (places, sequences) => places / sequences }),
      says: 'Your loss is a mean over the sequences and a sum over the places of each. It is the mean over all B · T places.',
    },
    'not clipped': {
      wrong: (i) => train(i, { clip: 'none' }),
      says: 'Long gradients are not shortened: maxNorm changes nothing.',
    },
    'each tensor clipped by itself': {
      wrong: (i) => train(i, { clip: 'each' }),
      says: 'You clip each tensor by its own norm, which turns the direction of the step. There is one norm, that of all gradients together.',
    },
    'always scaled to maxNorm': {
      wrong: (i) => train(i, { clip: 'always' }),
      says: 'Short gradients are stretched to maxNorm. It is a limit, not a goal.',
    },
    'the weights clipped': {
      wrong: (i) => train(i, { clip: 'weights' }),
      says: 'You clip the weights after the step. It is the gradients that must not be too long, before it.',
    },
    uphill: {
      wrong: (i) => train(i, { uphill: true }),
      says: 'Your step goes up: the gradients are negated before Adam, which does the subtracting itself.',
    },
    'the state not handed on': {
      wrong: (i) => train(i, { state: 'old' }),
      says: 'You return the state you were given. Adam’s next step needs the m, the v and the count of this one.',
    },
    'Adam starts anew each time': {
      wrong: (i) => train(i, { state: 'forgotten' }),
      says: 'Your Adam begins at zero in every step: the state that is given is not used.',
    },
    'the loss after the step': {
      wrong: (i) => train(i, { lossAfter: true }),
      says: 'Your loss is measured with the new weights. Asked for is the one before the step, whose gradients were taken.',
    },
    'weights as they were': {
      wrong: (i) => train(i, { still: true }),
      says: 'The weights you return are those you were given. adamStep returns new ones, and withParameters puts them back into form.',
    },
  },
  hints: [
    'Read, be asked at every place, go back, clip, step. Each of them is a function you have.',
    'text is (B, T + 1): all but the last token of each row is read, all but the first is asked for. adamStep wants lists.',
    'gptForward → sequenceLoss → gptBackward → parametersOf → clipByNorm → adamStep → withParameters.',
    'const { gradients } = clipByNorm(parametersOf(gptBackward(dlogits, cache)), training.maxNorm);',
  ],
});

export const gpt = topic('gpt', 'A GPT', {
  embedTokens,
  embedTokensBackward,
  lmHead,
  lmHeadBackward,
  gptForward,
  gptBackward,
  trainStep,
  topPFilter,
  chooseToken,
  generateText,
  cachedAttention,
  cachedStep,
  generateCached,
});
