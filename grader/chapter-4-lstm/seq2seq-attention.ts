/** Exercises from one sequence to another: through a single vector, then with additive and with dot-product attention. */
import { ones, stack, zeros, zerosLike, type Tensor } from '#tensor';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  pure,
  range,
  record,
  rejects,
  softmax,
  staysFinite,
  sum,
  table,
  tensor,
  topic,
  valueOf,
  Var,
  VarTensor,
  type Lifted,
} from '../engine/index.ts';
import { filled, layer, layerBack, lstmLayer, smooth, weightsLike, type State, type Weights } from './definitions.ts';

const small = { min: -1, max: 1 };

// Encoder and decoder

const lstmFrom = (D: string) =>
  record({
    wIh: tensor('4H', D, small),
    wHh: tensor('4H', 'H', small),
    bIh: tensor('4H', small),
    bHh: tensor('4H', small),
  });

interface Translation {
  source: Tensor;
  target: Tensor;
  encoder: Weights;
  decoder: Weights;
}
const translationInputs = {
  source: tensor('S', 'B', 'D'),
  target: tensor('T', 'B', 'E'),
  encoder: lstmFrom('D'),
  decoder: lstmFrom('E'),
};
const translationSizes = { S: [1, 4], T: [1, 4], B: [1, 3], D: [1, 3], E: [1, 3], H: [1, 3] } as const;

const translate = (i: Lifted<Translation>) => {
  const [B, H] = [i.source.shape[1]!, i.encoder.wHh.shape[1]!];
  const nothing = () => table([B, H], () => new Var(0));
  const { state } = lstmLayer(i.source, { h: nothing(), c: nothing() }, i.encoder);
  return { y: lstmLayer(i.target, state, i.decoder).y };
};

/** Which state the decoder starts from, given the one in which the encoder ended. */
type Door = (state: State, first: State) => State;
const through: Door = (state) => state;

function translated({ source, target, encoder, decoder }: Translation, door = through, fromTheEnd = false) {
  const start = zeros(source.shape[1]!, encoder.wHh.shape[1]!);
  const read = layer(source, { h: start, c: start }, encoder, { fromTheEnd });
  const first = { h: read.raw[0]!, c: read.cells[0]! };
  return { read, written: layer(target, door(read.state, first), decoder) };
}
const slippedDoor = (door: Door) => (i: Translation) => ({ y: translated(i, door).written.y });

const seq2seqForward = exercise({
  points: 2,
  inputs: translationInputs,
  sizes: translationSizes,
  oracle: valueOf(translate),
  checks: [agrees({ cases: 12 }), pure({ cases: 3 })],
  misconceptions: {
    'only the hidden state handed over': {
      wrong: slippedDoor(({ h, c }) => ({ h, c: zerosLike(c) })),
      says: 'Your decoder gets the encoder’s hidden state, and an empty cell. What an LSTM remembers is in both.',
    },
    'only the cell state handed over': {
      wrong: slippedDoor(({ h, c }) => ({ h: zerosLike(h), c })),
      says: 'Your decoder gets the encoder’s cell, and a hidden state of zeros. Both states go through the door.',
    },
    'the decoder starts from zeros': {
      wrong: slippedDoor(({ h, c }) => ({ h: zerosLike(h), c: zerosLike(c) })),
      says: 'The source changes nothing in your result: the decoder starts from zeros and never hears of it.',
    },
    'hidden and cell state exchanged': {
      wrong: slippedDoor(({ h, c }) => ({ h: c, c: h })),
      says: 'The encoder’s cell became the decoder’s hidden state, and the other way round.',
    },
    'the encoder’s first state handed over': {
      wrong: slippedDoor((_, first) => first),
      says: 'Your decoder starts from the state after the first input of the source. Which state has seen all of it?',
    },
    'the encoder’s outputs': {
      wrong: (i) => ({ y: translated(i).read.y }),
      says: 'You return what the encoder gave out. It reads; the one that writes is the decoder.',
    },
    'hidden state in both places': {
      wrong: slippedDoor(({ h }) => ({ h, c: h })),
      says: 'Your decoder’s cell starts from the encoder’s hidden state. The encoder has a cell of its own to hand over.',
    },
    'source read from the end': {
      wrong: (i) => ({ y: translated(i, through, true).written.y }),
      says: 'Your encoder reads the source from its end. A famous trick of 2014; here it is read as it stands.',
    },
    'the encoder’s first output handed over': {
      wrong: slippedDoor(({ c }, first) => ({ h: first.h, c })),
      says: 'Your decoder’s hidden state starts from the encoder’s output at its first input. Which of its hidden states has seen all of the source?',
    },
  },
  hints: [
    'Two LSTMs in a row. What is the only thing that the second gets from the first?',
    'The encoder starts from zeros (B, H), where H is the number of columns of its wHh. Its outputs y are thrown away.',
    'The decoder reads the target with h0 = hn and c0 = cn of the encoder.',
    'const read = lstmForward(source, start, start, encoder); lstmForward(target, read.hn, read.cn, decoder)',
  ],
});

interface TranslationBack extends Translation {
  dy: Tensor;
}

interface DoorSlips {
  /** What of the door's gradient goes through. */
  pass?: (d: State) => State;
  /** dy's last entry counted as the gradient of hn as well. */
  finalTwice?: boolean;
  /** The door's gradient given to every output of the encoder. */
  everyOutput?: boolean;
  /** The door's gradient given to the encoder's last output as well. */
  lastOutputToo?: boolean;
  /** dy given to the encoder's outputs, where the lengths allow it. */
  upstreamToEncoder?: boolean;
  exchanged?: boolean;
  inputsExchanged?: boolean;
}

const slippedBack = (slips: DoorSlips) => (i: TranslationBack) => {
  const { read, written } = translated(i);
  const none = zerosLike(i.dy.row(0));
  const back = layerBack(i.dy, { h: slips.finalTwice ? i.dy.row(-1) : none, c: none }, written);
  const door = (slips.pass ?? ((d: State) => d))(back.dstate);
  const S = i.source.shape[0]!;
  const silent = zerosLike(read.y);
  const dRead = slips.everyOutput
    ? stack(range(S, () => door.h))
    : slips.lastOutputToo
      ? silent.withSlice([S - 1], door.h)
      : slips.upstreamToEncoder
        ? silent.add(i.dy)
        : silent;
  const first = layerBack(dRead, slips.everyOutput ? { h: none, c: door.c } : door, read);
  const [encoder, decoder] = slips.exchanged ? [back.layer, first.layer] : [first.layer, back.layer];
  const [dsource, dtarget] = slips.inputsExchanged ? [back.dx, first.dx] : [first.dx, back.dx];
  return { dsource, dtarget, encoder: { ...encoder }, decoder: { ...decoder } };
};

/** A source as long as its target: taking one for the other throws no error there. */
const equallyLong = (seed: number) => ({
  dy: filled(seed, 3, 2, 2),
  source: filled(seed + 1, 3, 2, 2),
  target: filled(seed + 2, 3, 2, 2),
  encoder: weightsLike(seed + 3, 2, 2),
  decoder: weightsLike(seed + 8, 2, 2),
});

const seq2seqBackward = exercise({
  points: 3,
  inputs: { dy: tensor('T', 'B', 'H'), ...translationInputs },
  sizes: translationSizes,
  parameters: ['dy'],
  backwardOf: { forward: 'seq2seqForward', takes: ['source', 'target', 'encoder', 'decoder'] },
  oracle: smooth(
    gradientOf<Lifted<Translation>>(translate, {
      upstream: { y: 'dy' },
      wrt: { dsource: 'source', dtarget: 'target', encoder: 'encoder', decoder: 'decoder' },
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 8 }), pure({ cases: 2 })],
  examples: [equallyLong(3), equallyLong(50)],
  misconceptions: {
    'nothing comes through the door': {
      wrong: slippedBack({ pass: ({ h, c }) => ({ h: zerosLike(h), c: zerosLike(c) }) }),
      says: 'Your encoder gets no gradient at all, so it could never learn what to hand over. What does the decoder’s first step say about the states it began with?',
    },
    'gradient of the handed-over cell dropped': {
      wrong: slippedBack({ pass: ({ h, c }) => ({ h, c: zerosLike(c) }) }),
      says: 'dh0 comes through the door, dc0 does not. Two states were handed over.',
    },
    'gradient of the handed-over hidden state dropped': {
      wrong: slippedBack({ pass: ({ h, c }) => ({ h: zerosLike(h), c }) }),
      says: 'dc0 comes through the door, dh0 does not. Two states were handed over.',
    },
    'gradients exchanged at the door': {
      wrong: slippedBack({ pass: ({ h, c }) => ({ h: c, c: h }) }),
      says: 'The encoder takes the gradient of its cell for that of its hidden state, and the other way round.',
    },
    'last output counted twice': {
      wrong: slippedBack({ finalTwice: true }),
      says: 'The last row of dy goes in twice, as the gradient of the last output and as that of the final state. Nobody reads the decoder’s final state.',
    },
    'door’s gradient at every encoder step': {
      wrong: slippedBack({ everyOutput: true }),
      says: 'You give the gradient of the handed-over state to every output of the encoder. Only its last state went through the door.',
    },
    'door’s gradient counted twice': {
      wrong: slippedBack({ lastOutputToo: true }),
      says: 'The gradient of the handed-over state goes in twice: as that of the encoder’s final state and as that of its last output. They are one and the same tensor, so it counts once.',
    },
    'dy given to the encoder': {
      wrong: slippedBack({ upstreamToEncoder: true }),
      says: 'dy enters the encoder as the gradient of its outputs. It belongs to the decoder’s; nobody read the encoder’s outputs.',
    },
    'encoder and decoder exchanged': {
      wrong: slippedBack({ exchanged: true }),
      says: 'The gradients of the two LSTMs have changed places.',
    },
    'dsource and dtarget exchanged': {
      wrong: slippedBack({ inputsExchanged: true }),
      says: 'dsource and dtarget have changed places: the source was read by the encoder.',
    },
  },
  hints: [
    'Start where the loss is: at the decoder. What comes out of its backward pass belongs to the states it started from; whose states are those?',
    'Gradients of things nobody reads are zeros of their shape: (B, H) for the decoder’s final states, (S, B, H) for the encoder’s outputs.',
    'The decoder’s dh0 and dc0 are the encoder’s dhn and dcn.',
    'lstmBackward(zerosLike(cache.encoded), written.dh0, written.dc0, cache.encoder)',
  ],
});

// The average

interface AttendInputs {
  scores: Tensor;
  values: Tensor;
}
const row = (x: VarTensor, i: number) => range(x.shape[1]!, (j) => x.at(i, j));

/** The weights of each query, and the values averaged with them. */
function average(scores: VarTensor, values: VarTensor) {
  const [T, S] = scores.shape as [number, number];
  const shares = range(T, (i) => softmax(row(scores, i)));
  return {
    y: table([T, values.shape[1]!], (i, d) => sum(range(S, (j) => shares[i!]![j]!.mul(values.at(j, d!))))),
    weights: table([T, S], (i, j) => shares[i!]![j!]!),
  };
}
const attendDefinition = ({ scores, values }: Lifted<AttendInputs>) => average(scores, values);
const attendInputs = { scores: tensor('T', 'S'), values: tensor('S', 'd_v') };
const attendSizes = { T: [1, 4], S: [1, 5], d_v: [1, 4] } as const;

const soft = (x: Tensor, axis: number | number[] = -1) => {
  const e = x.sub(x.max(axis, { keepDims: true })).exp();
  return e.div(e.sum(axis, { keepDims: true }));
};
const averaged = (weights: Tensor, values: Tensor) => ({ y: weights.matmul(values), weights });
/** All weight for the best key, the first of equal ones. */
const hard = (scores: Tensor) => {
  const best = scores.argmax(-1);
  return scores.map((_, flat) => (flat % scores.shape[1]! === best.at(Math.floor(flat / scores.shape[1]!)) ? 1 : 0));
};

const attend = exercise({
  points: 2,
  inputs: attendInputs,
  sizes: attendSizes,
  oracle: valueOf(attendDefinition),
  checks: [
    agrees({ cases: 20 }),
    staysFinite({ scale: 1000, cases: 6 }),
    pure({ cases: 3 }),
    rejects('another number of scores than of values', [
      { scores: zeros(2, 3), values: zeros(2, 3) },
      { scores: zeros(3, 2), values: zeros(3, 1) },
    ]),
  ],
  misconceptions: {
    'softmax over the queries': {
      wrong: ({ scores, values }) => averaged(soft(scores, 0), values),
      says: 'Your weights sum to 1 down the columns, so the queries compete for each key. Each query is to share out its own attention among the keys.',
    },
    'softmax over all scores': {
      wrong: ({ scores, values }) => averaged(soft(scores, [0, 1]), values),
      says: 'All weights together sum to 1, so with more queries each gets less. Every query has a whole 1 to give away.',
    },
    'scores as weights': {
      wrong: ({ scores, values }) => averaged(scores, values),
      says: 'You multiply the values by the bare scores. They may be negative and sum to anything; an average needs weights that do not.',
    },
    'exponentials not divided by their sum': {
      wrong: ({ scores, values }) => averaged(scores.exp(), values),
      says: 'Your weights are positive, but they do not sum to 1.',
    },
    'all attention to the best key': {
      wrong: ({ scores, values }) => averaged(hard(scores), values),
      says: 'Each query takes one value, that of its best key. Such a choice has no slope to learn by; softmax is its smooth form.',
    },
    'sigmoid of each score': {
      wrong: ({ scores, values }) => averaged(scores.map((s) => 1 / (1 + Math.exp(-s))), values), // prettier-ignore
      says: 'You judge each key by itself. The weights of one query should be shares of a whole: more for one means less for the others.',
    },
    'scores divided by their sum': {
      wrong: ({ scores, values }) => averaged(scores.div(scores.sum(-1, { keepDims: true })), values),
      says: 'Your weights are the scores divided by their sum. Scores may be negative, and their sum may be 0: first they have to become positive.',
    },
    'exponentials not divided, the largest subtracted': {
      wrong: ({ scores, values }) => averaged(scores.sub(scores.max(-1, { keepDims: true })).exp(), values),
      says: 'Your largest weight is always 1, and the others come on top of it: nothing divides them by their sum.',
    },
  },
  hints: [
    'Each row of the result belongs to one query: it is an average of all values. Which numbers say how much of each?',
    'softmaxForward works along the last axis: (T, S) stays (T, S), and each row sums to 1.',
    'y = weights · values: (T, S) (S, d_v) → (T, d_v).',
    'const { y: weights, cache: softmax } = softmaxForward(scores); and then weights.matmul(values)',
  ],
});

interface AttendBackInputs extends AttendInputs {
  dy: Tensor;
}
/** Back through a softmax of each row. */
const softBack = (d: Tensor, w: Tensor, axis = -1) => w.mul(d.sub(d.mul(w).sum(axis, { keepDims: true })));
const attended = ({ dy, scores, values }: AttendBackInputs) => {
  const weights = soft(scores);
  return { weights, dweights: dy.matmul(values.T), dvalues: weights.T.matmul(dy) };
};
const slippedAttend =
  (change: (d: ReturnType<typeof attended>, i: AttendBackInputs) => { dscores?: Tensor; dvalues?: Tensor }) =>
  (i: AttendBackInputs) => {
    const d = attended(i);
    return { dscores: softBack(d.dweights, d.weights), dvalues: d.dvalues, ...change(d, i) };
  };

const attendBackward = exercise({
  points: 3,
  inputs: { dy: tensor('T', 'd_v'), ...attendInputs },
  sizes: attendSizes,
  parameters: ['dy'],
  backwardOf: { forward: 'attend', takes: ['scores', 'values'] },
  oracle: smooth(
    gradientOf<Lifted<AttendInputs>>(attendDefinition, {
      upstream: { y: 'dy' },
      wrt: { dscores: 'scores', dvalues: 'values' },
    }),
  ),
  // As many queries as keys: there a forgotten transpose throws nothing, and shows in its numbers.
  examples: [6, 70].map((seed) => ({
    dy: filled(seed, 3, 2),
    scores: filled(seed + 1, 3, 3).mul(4),
    values: filled(seed + 2, 3, 2),
  })),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 16 }), pure({ cases: 3 })],
  misconceptions: {
    'softmax passed over': {
      wrong: slippedAttend(({ dweights }) => ({ dscores: dweights })),
      says: 'Your dscores is the gradient of the weights. Between scores and weights there is a softmax.',
    },
    'softmax with its diagonal only': {
      wrong: slippedAttend(({ weights: w, dweights }) => ({ dscores: dweights.mul(w).mul(w.neg().add(1)) })),
      says: 'You went back through the softmax with w(1 − w) alone. Raising one score lowers the weights of all other keys, and that counts too.',
    },
    'back through a softmax over the queries': {
      wrong: slippedAttend(({ weights, dweights }) => ({ dscores: softBack(dweights, weights, 0) })),
      says: 'On the way back your softmax runs down the columns. On the way there each row summed to 1.',
    },
    'weights not applied in the softmax': {
      wrong: slippedAttend(({ weights: w, dweights: d }) => ({
        dscores: d.sub(d.mul(w).sum(-1, { keepDims: true })),
      })),
      says: 'You subtract the mean gradient of a row, as one should, but a key with hardly any weight gets as much gradient as the others. One factor is missing.',
    },
    'gradient of the values from the scores': {
      wrong: slippedAttend((_, { dy, scores }) => ({ dvalues: scores.T.matmul(dy) })),
      says: 'Your dvalues multiplies dy by the scores. It was the weights that multiplied the values.',
    },
    'gradient of the values averaged over the queries': {
      wrong: slippedAttend((_, { dy, scores }) => ({ dvalues: soft(scores).T.matmul(dy).div(scores.shape[0]!) })),
      says: 'Your dvalues is divided by the number of queries. Every query that took from a value adds its part.',
    },
    'gradient of the values not weighted': {
      wrong: slippedAttend((_, { dy, scores }) => ({ dvalues: ones(...scores.shape).T.matmul(dy) })),
      says: 'Every value gets the same gradient, as if all had been taken in full. How much did query i take of value j?',
    },
    'mean gradient not subtracted': {
      wrong: slippedAttend(({ weights: w, dweights }) => ({ dscores: dweights.mul(w) })),
      says: 'You multiply by the weights, as one should, but nothing is subtracted. The weights of a row always sum to 1: what one key gains, the others lose.',
    },
    'mean gradient not weighted': {
      wrong: slippedAttend(({ weights: w, dweights: d }) => ({
        dscores: w.mul(d.sub(d.mean(-1, { keepDims: true }))),
      })),
      says: 'You subtract the plain mean of a row’s gradients. What a query gets on average depends on its weights.',
    },
    'mean gradient of all queries': {
      wrong: slippedAttend(({ weights: w, dweights: d }) => ({ dscores: w.mul(d.sub(d.mul(w).sum())) })),
      says: 'What you subtract is one number for all queries. Each row has its own softmax, and so its own average.',
    },
    'weights not transposed for the values': {
      wrong: slippedAttend(({ weights }, { dy }) => ({ dvalues: weights.matmul(dy) })),
      says: 'Your dvalues sums over the wrong index: row j collects from all queries i, so the weights have to be transposed.',
    },
  },
  hints: [
    'y = weights · values is a matrix product: you know the gradients of both factors. Behind one of them there is a softmax.',
    'dvalues is (S, d_v) and dweights is (T, S): only one order of the factors, and one transpose, gives these shapes.',
    'dvalues = weightsᵀ dy, dweights = dy valuesᵀ, and dscores is dweights after the softmax’s own backward.',
    'softmaxBackward(dy.matmul(values.T), cache.softmax)',
  ],
});

// Additive attention

interface Parameters {
  wQ: Tensor;
  wK: Tensor;
  v: Tensor;
}
interface ScoreInputs {
  q: Tensor;
  k: Tensor;
  parameters: Parameters;
}

const score = ({ q, k, parameters: { wQ, wK, v } }: Lifted<ScoreInputs>) =>
  table([q.shape[0]!, k.shape[0]!], (i, j) =>
    sum(
      range(v.shape[0]!, (a) => {
        const fromQ = sum(range(q.shape[1]!, (d) => wQ.at(a, d).mul(q.at(i!, d))));
        const fromK = sum(range(k.shape[1]!, (d) => wK.at(a, d).mul(k.at(j!, d))));
        return v.at(a).mul(fromQ.add(fromK).tanh());
      }),
    ),
  );

const scoreInputs = {
  q: tensor('T', 'd_q', small),
  k: tensor('S', 'd_k', small),
  parameters: record({ wQ: tensor('A', 'd_q', small), wK: tensor('A', 'd_k', small), v: tensor('A') }),
};
const scoreSizes = { T: [1, 3], S: [1, 4], d_q: [1, 3], d_k: [1, 3], A: [1, 4], d_v: [1, 4] } as const;

/** wQ q_i and wK k_j as (T, 1, A) and (1, S, A), and their sum's tanh. */
function pairs({ q, k, parameters: { wQ, wK } }: ScoreInputs) {
  const [fromQ, fromK] = [q.matmul(wQ.T).expandDims(1), k.matmul(wK.T).expandDims(0)];
  const a = fromQ.add(fromK);
  return { fromQ, fromK, a, e: a.tanh() };
}
const scored = (change: (p: ReturnType<typeof pairs>, v: Tensor) => Tensor) => (i: ScoreInputs) => ({
  scores: change(pairs(i), i.parameters.v),
});
const right = ({ e }: ReturnType<typeof pairs>, v: Tensor) => e.matmul(v);

const additiveScores = exercise({
  points: 3,
  inputs: scoreInputs,
  sizes: scoreSizes,
  oracle: valueOf((i: Lifted<ScoreInputs>) => ({ scores: score(i) })),
  checks: [
    agrees({ cases: 20 }),
    pure({ cases: 3 }),
    rejects(
      'queries, keys or parameters that do not fit each other',
      [
        { q: zeros(2, 3), k: zeros(4, 2), parameters: { wQ: zeros(5, 2), wK: zeros(5, 2), v: zeros(5) } },
        { q: zeros(2, 3), k: zeros(4, 2), parameters: { wQ: zeros(5, 3), wK: zeros(5, 3), v: zeros(5) } },
        { q: zeros(2, 3), k: zeros(4, 2), parameters: { wQ: zeros(1, 3), wK: zeros(5, 2), v: zeros(5) } },
        { q: zeros(2, 3), k: zeros(4, 2), parameters: { wQ: zeros(5, 3), wK: zeros(1, 2), v: zeros(5) } },
        { q: zeros(2, 3), k: zeros(4, 2), parameters: { wQ: zeros(5, 3), wK: zeros(5, 2), v: zeros(1) } },
      ],
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'tanh left out': {
      wrong: scored(({ a }, v) => a.matmul(v)),
      says: 'Without the tanh your score is one number from the query plus one from the key, and the softmax over the keys forgets the first. Nothing has compared the two.',
    },
    'tanh of each alone': {
      wrong: scored(({ fromQ, fromK }, v) => fromQ.tanh().add(fromK.tanh()).matmul(v)),
      says: 'You squash the query’s part and the key’s part apart, and add afterwards. They have to meet before the tanh.',
    },
    'tanh of the score': {
      wrong: scored(({ a }, v) => a.matmul(v).tanh()),
      says: 'Your tanh comes after v: it squashes the finished score. The hidden layer of this small network is what needs it.',
    },
    'multiplied instead of added': {
      wrong: scored(({ fromQ, fromK }, v) => fromQ.mul(fromK).tanh().matmul(v)),
      says: 'You multiply the query’s part by the key’s part. That is a kind of dot product; additive attention adds them.',
    },
    'queries and keys exchanged': {
      wrong: (i) => ({ scores: scored(right)(i).scores.T }),
      says: 'Your scores are (S, T): a row per key. A row per query is asked for, a column per key.',
    },
    'v left out': {
      wrong: scored(({ e }) => e.sum(-1)),
      says: 'v changes nothing in your result: you sum the A numbers of a pair as they are.',
    },
    'mean instead of sum': {
      wrong: scored(({ e }, v) => e.matmul(v).div(v.shape[0]!)),
      says: 'Your scores are divided by A. v · e is a plain sum of products.',
    },
    'key subtracted from the query': {
      wrong: scored(({ fromQ, fromK }, v) => fromQ.sub(fromK).tanh().matmul(v)),
      says: 'You take the difference of the query’s part and the key’s part. They are added; wK may learn the sign by itself.',
    },
    'v inside the tanh': {
      wrong: scored(({ a }, v) => a.mul(v).tanh().sum(-1)),
      says: 'v multiplies what goes into your tanh. It weighs what comes out.',
    },
    'sigmoid for tanh': {
      wrong: scored(({ a }, v) => a.neg().exp().add(1).reciprocal().matmul(v)),
      says: 'Your hidden units are never negative: they are sigmoids. Asked for is the tanh.',
    },
    'relu for tanh': {
      wrong: scored(({ a }, v) => a.maximum(0).matmul(v)),
      says: 'Your hidden units are 0 for everything negative: they are rectified. Asked for is the tanh.',
    },
  },
  hints: [
    'For every pair of a query and a key: a hidden layer of A tanh units, and one number out of it.',
    'wQ q is needed once for each query, (T, A), and wK k once for each key, (S, A). All pairs: (T, 1, A) + (1, S, A).',
    'e = tanh(of that sum), (T, S, A); scores = e · v over the last axis.',
    'q.matmul(wQ.T).expandDims(1).add(k.matmul(wK.T).expandDims(0)).tanh().matmul(v)',
  ],
});

interface ScoreSlips {
  /** What stands in place of 1 − e². */
  slope?: 'none' | 'twice' | 'raw' | 'notSquared';
  /** v not multiplied in. */
  noV?: boolean;
  /** How v's gradient is gathered from the pairs. */
  dv?: 'unweighted' | 'raw' | 'perQuery' | 'lastQuery' | 'firstQuery' | 'lastPair' | 'mean' | 'da';
  /** Queries or keys (or both) hear the last of their pairs only. */
  lastPair?: 'queries' | 'keys' | 'both';
  averaged?: boolean;
}

function scoresBack(dscores: Tensor, i: ScoreInputs, slips: ScoreSlips = {}) {
  const { q, k, parameters } = i;
  const { a, e } = pairs(i);
  const [T, S] = dscores.shape as [number, number];
  const up = dscores.expandDims(2);
  const de = up.mul(slips.noV ? ones(...parameters.v.shape) : parameters.v);
  const squashed = slips.slope === 'raw' ? a : slips.slope === 'twice' ? e.tanh() : e;
  const square = slips.slope === 'notSquared' ? e : squashed.square();
  const da = slips.slope === 'none' ? de : de.mul(square.neg().add(1));
  const last = (who: 'queries' | 'keys') => slips.lastPair === who || slips.lastPair === 'both';
  const dQ = last('queries') ? da.slice(null, S - 1) : slips.averaged ? da.mean(1) : da.sum(1);
  const dK = last('keys') ? da.slice(T - 1) : slips.averaged ? da.mean(0) : da.sum(0);
  const met = slips.dv === 'unweighted' ? e : slips.dv === 'da' ? da : up.mul(slips.dv === 'raw' ? a : e);
  const dv =
    slips.dv === 'perQuery'
      ? met.sum(1)
      : slips.dv === 'lastQuery' || slips.dv === 'firstQuery'
        ? met.row(slips.dv === 'lastQuery' ? -1 : 0).sum(0)
        : slips.dv === 'lastPair'
          ? met.slice(-1, -1)
          : slips.dv === 'mean'
            ? met.mean([0, 1])
            : met.sum([0, 1]);
  return {
    dq: dQ.matmul(parameters.wQ),
    dk: dK.matmul(parameters.wK),
    parameters: { wQ: dQ.T.matmul(q), wK: dK.T.matmul(k), v: dv },
  };
}
interface ScoreBackInputs extends ScoreInputs {
  dscores: Tensor;
}
const slippedScores = (slips: ScoreSlips) => (i: ScoreBackInputs) => scoresBack(i.dscores, i, slips);

const additiveScoresBackward = exercise({
  points: 4,
  inputs: { dscores: tensor('T', 'S'), ...scoreInputs },
  sizes: scoreSizes,
  parameters: ['dscores'],
  backwardOf: { forward: 'additiveScores', takes: ['q', 'k', 'parameters'] },
  oracle: smooth(
    gradientOf<Lifted<ScoreInputs>>(score, {
      upstream: 'dscores',
      wrt: { dq: 'q', dk: 'k', parameters: 'parameters' },
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dscores'], cases: 14 }), pure({ cases: 3 })],
  misconceptions: {
    'tanh′ missing': {
      wrong: slippedScores({ slope: 'none' }),
      says: 'Between the score and the weights there is a tanh, and your gradient passes it as if it were not there. A unit that is nearly at ±1 should hardly learn.',
    },
    'tanh′ of a value squashed twice': {
      wrong: slippedScores({ slope: 'twice' }),
      says: 'e in the cache has been through tanh already. Its slope is 1 minus the square of e itself.',
    },
    'tanh′ from what went in': {
      wrong: slippedScores({ slope: 'raw' }),
      says: 'You take 1 minus the square of what went INTO the tanh. The slope of tanh is 1 minus the square of what comes out.',
    },
    'v missing on the way back': {
      wrong: slippedScores({ noV: true }),
      says: 'dq, dk and the matrices’ gradients do not depend on v in your result. On the way there v multiplied every unit.',
    },
    'gradient of v without the upstream': {
      wrong: slippedScores({ dv: 'unweighted' }),
      says: 'The gradient of v adds up all e as they are. How much does each score matter to the loss?',
    },
    'gradient of v before the tanh': {
      wrong: slippedScores({ dv: 'raw' }),
      says: 'The gradient of v is made from what went into the tanh. What v multiplied came out of it.',
    },
    'gradient of v kept for each query': {
      wrong: slippedScores({ dv: 'perQuery' }),
      says: 'The gradient of v still has a row per query. One v served every pair: sum over both axes.',
    },
    'gradient of v from the last query only': {
      wrong: slippedScores({ dv: 'lastQuery' }),
      says: 'The gradient of v is what the last query contributed: the others were written over.',
    },
    'gradient of v averaged over the pairs': {
      wrong: slippedScores({ dv: 'mean' }),
      says: 'The gradient of v is a mean over all pairs. Gradients of something used many times add up.',
    },
    'last pair only': {
      wrong: slippedScores({ lastPair: 'both' }),
      says: 'Each query hears only from the last key, and each key only from the last query: a loop that sets where it should add?',
    },
    'averaged over the pairs': {
      wrong: slippedScores({ averaged: true }),
      says: 'You take means over the other axis. A query was used once for every key, and what comes back from all of them adds up.',
    },
    '1 − e for 1 − e²': {
      wrong: slippedScores({ slope: 'notSquared' }),
      says: 'You take 1 minus e. Something is not squared.',
    },
    'gradient of v from the first query only': {
      wrong: slippedScores({ dv: 'firstQuery' }),
      says: 'The gradient of v is what the first query contributed. Every query used the same v.',
    },
    'gradient of v taken behind the tanh': {
      wrong: slippedScores({ dv: 'da' }),
      says: 'The gradient of v is the sum of what went back through the tanh. v multiplied e: what it gets is dscores times e.',
    },
    'gradient of v from the last pair only': {
      wrong: slippedScores({ dv: 'lastPair' }),
      says: 'The gradient of v is what the last pair contributed: a loop that sets where it should add?',
    },
    'keys hear the last query only': {
      wrong: slippedScores({ lastPair: 'keys' }),
      says: 'Each key hears only from the last query: the others were written over. A key belongs to all T pairs of its column.',
    },
    'queries hear the last key only': {
      wrong: slippedScores({ lastPair: 'queries' }),
      says: 'Each query hears only from the last key: the others were written over. A query belongs to all S pairs of its row.',
    },
  },
  hints: [
    'Everything happens in (T, S, A), one hidden layer for each pair. Walk back to there first; then ask who was shared by which pairs.',
    'de = dscores (T, S, 1) times v (A). After the tanh′ it is da (T, S, A). A query belongs to all S pairs of its row.',
    'dQ = da summed over the keys (T, A), dK = da summed over the queries (S, A); from there it is two linear layers without bias.',
    'const da = dscores.expandDims(2).mul(v).mul(e.square().neg().add(1)); dQ = da.sum(1), dK = da.sum(0)',
  ],
});

interface AdditiveInputs extends ScoreInputs {
  values: Tensor;
}
const additive = (i: Lifted<AdditiveInputs>) => average(score(i), i.values);
const additiveInputs = {
  q: scoreInputs.q,
  k: scoreInputs.k,
  values: tensor('S', 'd_v'),
  parameters: scoreInputs.parameters,
};
const scoresOf = (i: ScoreInputs) => right(pairs(i), i.parameters.v);

const mismatched = {
  q: zeros(2, 3),
  k: zeros(4, 2),
  values: zeros(3, 2),
  parameters: { wQ: zeros(5, 3), wK: zeros(5, 2), v: zeros(5) },
};

/** Keys as wide as the values: taking one for the other throws no error there. */
const alike = (seed: number) => ({
  q: filled(seed, 3, 2),
  k: filled(seed + 1, 4, 2),
  values: filled(seed + 2, 4, 2),
  parameters: { wQ: filled(seed + 3, 3, 2), wK: filled(seed + 4, 3, 2), v: filled(seed + 5, 3) },
});

const additiveAttention = exercise({
  points: 2,
  uses: ['additiveScores', 'attend'],
  inputs: additiveInputs,
  sizes: scoreSizes,
  oracle: valueOf(additive),
  checks: [agrees({ cases: 16 }), pure({ cases: 3 }), rejects('another number of keys than of values', [mismatched])],
  examples: [alike(5), alike(60)],
  misconceptions: {
    'softmax over the queries': {
      wrong: (i) => averaged(soft(scoresOf(i), 0), i.values),
      says: 'Your weights sum to 1 down the columns: the queries compete for each key. Each query shares out its own attention among the keys.',
    },
    'keys averaged instead of the values': {
      wrong: (i) => averaged(soft(scoresOf(i)), i.k),
      says: 'You average the keys. A key is what is found by; the value is what is found.',
    },
    'scores as weights': {
      wrong: (i) => averaged(scoresOf(i), i.values),
      says: 'You multiply the values by the bare scores. An average needs weights that are positive and sum to 1.',
    },
    'tanh left out': {
      wrong: (i) => averaged(soft(pairs(i).a.matmul(i.parameters.v)), i.values),
      says: 'Without the tanh every query gets the same weights: its own part is the same for all keys, and the softmax forgets what is the same for all.',
    },
    'weights before the softmax returned': {
      wrong: (i) => ({ ...averaged(soft(scoresOf(i)), i.values), weights: scoresOf(i) }),
      says: 'y is right; what you return as weights are the scores.',
    },
    'found by the values': {
      wrong: (i) => averaged(soft(scoresOf({ ...i, k: i.values })), i.values),
      says: 'Your scores compare the queries with the values. A key is what is found by; the value is what is found.',
    },
    'softmax twice': {
      wrong: (i) => averaged(soft(soft(scoresOf(i))), i.values),
      says: 'The scores go through two softmaxes: attend does it already.',
    },
  },
  hints: [
    'Two functions you have: one makes scores, the other makes an average of them.',
    'scores (T, S), values (S, d_v), y (T, d_v). The queries are in y’s rows, the values’ features in its columns.',
    'The cache holds both functions’ caches, under the names of AdditiveCache.',
    'const { scores, cache } = additiveScores(q, k, parameters); const { y, weights, cache: attended } = attend(scores, values);',
  ],
});

interface AdditiveBackInputs extends AdditiveInputs {
  dy: Tensor;
}
const slippedAdditive =
  (
    slips: {
      dscores?: (d: ReturnType<typeof attended>, i: AdditiveBackInputs) => Tensor;
      dvalues?: (i: AdditiveBackInputs) => Tensor;
      /** The gradient of the values added to that of the keys. */
      oneRole?: boolean;
    } & ScoreSlips,
  ) =>
  (i: AdditiveBackInputs) => {
    const d = attended({ dy: i.dy, scores: scoresOf(i), values: i.values });
    const dscores = slips.dscores ? slips.dscores(d, i) : softBack(d.dweights, d.weights);
    const back = scoresBack(dscores, i, slips);
    return {
      ...back,
      ...(slips.oneRole && { dk: back.dk.add(d.dvalues) }),
      dvalues: slips.dvalues ? slips.dvalues(i) : d.dvalues,
    };
  };

const additiveAttentionBackward = exercise({
  points: 2,
  examples: [7, 80].map((seed) => ({ dy: filled(seed + 6, 3, 2), ...alike(seed) })),
  uses: ['attendBackward', 'additiveScoresBackward'],
  inputs: { dy: tensor('T', 'd_v'), ...additiveInputs },
  sizes: scoreSizes,
  parameters: ['dy'],
  backwardOf: { forward: 'additiveAttention', takes: ['q', 'k', 'values', 'parameters'] },
  oracle: smooth(
    gradientOf<Lifted<AdditiveInputs>>(additive, {
      upstream: { y: 'dy' },
      wrt: { dq: 'q', dk: 'k', dvalues: 'values', parameters: 'parameters' },
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 12 }), pure({ cases: 2 })],
  misconceptions: {
    'softmax passed over': {
      wrong: slippedAdditive({ dscores: ({ dweights }) => dweights }),
      says: 'The gradient of the weights goes into the scores as it is. Between the two there is a softmax.',
    },
    'weights taken as constants': {
      wrong: slippedAdditive({ dscores: ({ dweights }) => zerosLike(dweights) }),
      says: 'Only the values get a gradient, so attention could never learn where to look. The weights were computed too.',
    },
    'tanh′ missing': {
      wrong: slippedAdditive({ slope: 'none' }),
      says: 'On the way from the scores to the queries and keys there is a tanh, and your gradient passes it as if it were not there.',
    },
    'gradient of v averaged over the pairs': {
      wrong: slippedAdditive({ dv: 'mean' }),
      says: 'The gradient of v is a mean over all pairs. One v served them all: their parts add up.',
    },
    'gradient of the values from the scores': {
      wrong: slippedAdditive({ dvalues: (i) => scoresOf(i).T.matmul(i.dy) }),
      says: 'Your dvalues multiplies dy by the scores. It was the weights that multiplied the values.',
    },
    'gradient of the values added to the keys’': {
      wrong: slippedAdditive({ oneRole: true }),
      says: 'Your dk holds dvalues as well. That sum belongs to whoever gives one tensor in both roles; here keys and values are two inputs, each with its own gradient.',
    },
  },
  hints: [
    'Forwards: scores, then average. Backwards: the same two, the other way round.',
    'attendBackward gives dscores (T, S) and dvalues (S, d_v); one of them goes on.',
    'Four results: dq, dk and parameters from the scores’ backward, dvalues from the average’s.',
    'const { dscores, dvalues } = attendBackward(dy, cache.attend); additiveScoresBackward(dscores, cache.scores)',
  ],
});

// Dot products

interface DotInputs {
  q: Tensor;
  k: Tensor;
  values: Tensor;
}
const dot = ({ q, k, values }: Lifted<DotInputs>) =>
  average(
    table([q.shape[0]!, k.shape[0]!], (i, j) => sum(range(q.shape[1]!, (d) => q.at(i!, d).mul(k.at(j!, d))))),
    values,
  );
const dotInputs = { q: tensor('T', 'd', small), k: tensor('S', 'd', small), values: tensor('S', 'd_v') };
const dotSizes = { T: [1, 4], S: [1, 4], d: [1, 4], d_v: [1, 4] } as const;
const unit = (x: Tensor) => x.div(x.square().sum(-1, { keepDims: true }).sqrt());
/** Keys as wide as the values, and as many as queries. */
const squareDot = (seed: number) => ({
  q: filled(seed, 3, 2),
  k: filled(seed + 1, 3, 2),
  values: filled(seed + 2, 3, 2),
});

const dotAttention = exercise({
  points: 2,
  examples: [squareDot(4), squareDot(40)],
  uses: ['attend'],
  inputs: dotInputs,
  sizes: dotSizes,
  oracle: valueOf(dot),
  checks: [
    agrees({ cases: 20 }),
    staysFinite({ scale: 100, cases: 6 }),
    pure({ cases: 3 }),
    rejects('keys that do not fit the queries or the values', [
      { q: zeros(2, 3), k: zeros(4, 2), values: zeros(4, 1) },
      { q: zeros(2, 3), k: zeros(4, 3), values: zeros(2, 3) },
    ]),
  ],
  misconceptions: {
    'divided by √d': {
      wrong: ({ q, k, values }) => averaged(soft(q.matmul(k.T).div(Math.sqrt(q.shape[1]!))), values),
      says: 'Your scores are divided by √d. A good idea, and chapter 5 will have a reason for it; here the product stays as it is.',
    },
    'cosine instead of the product': {
      wrong: ({ q, k, values }) => averaged(soft(unit(q).matmul(unit(k).T)), values),
      says: 'You divide by the lengths of query and key: that is their cosine. The dot product keeps the lengths.',
    },
    'softmax over the queries': {
      wrong: ({ q, k, values }) => averaged(soft(q.matmul(k.T), 0), values),
      says: 'Your weights sum to 1 down the columns: the queries compete for each key. Each query shares out its own attention among the keys.',
    },
    'keys averaged instead of the values': {
      wrong: ({ q, k }) => averaged(soft(q.matmul(k.T)), k),
      says: 'You average the keys. A key is what is found by; the value is what is found.',
    },
    'scores as weights': {
      wrong: ({ q, k, values }) => averaged(q.matmul(k.T), values),
      says: 'You multiply the values by the bare products. An average needs weights that are positive and sum to 1.',
    },
    'divided by d': {
      wrong: ({ q, k, values }) => averaged(soft(q.matmul(k.T).div(q.shape[1]!)), values),
      says: 'Your scores are divided by d. The dot product is a plain sum; nothing is averaged.',
    },
    'found by the values': {
      wrong: ({ q, values }) => averaged(soft(q.matmul(values.T)), values),
      says: 'Your scores compare the queries with the values. A key is what is found by; the value is what is found.',
    },
    'keys ask the queries': {
      wrong: ({ q, k, values }) => averaged(soft(k.matmul(q.T)), values),
      says: 'Your scores are (S, T): a row per key. A row per query is asked for, a column per key.',
    },
  },
  hints: [
    'Only the first half is new: how well do a query and a key agree, without any parameter?',
    'q (T, d) and k (S, d) must become (T, S). Which one has to be transposed?',
    'scores = q kᵀ, and the rest is attend.',
    'attend(q.matmul(k.T), values)',
  ],
});

interface DotBackInputs extends DotInputs {
  dy: Tensor;
}
const dotBack =
  (change: (d: { dscores: Tensor; weights: Tensor; dweights: Tensor }, i: DotBackInputs) => Record<string, Tensor>) =>
  (i: DotBackInputs) => {
    const d = attended({ dy: i.dy, scores: i.q.matmul(i.k.T), values: i.values });
    const all = { ...d, dscores: softBack(d.dweights, d.weights) };
    return { dq: all.dscores.matmul(i.k), dk: all.dscores.T.matmul(i.q), dvalues: d.dvalues, ...change(all, i) };
  };

const dotAttentionBackward = exercise({
  points: 2,
  examples: [8, 90].map((seed) => ({ dy: filled(seed + 6, 3, 2), ...squareDot(seed) })),
  uses: ['attendBackward'],
  inputs: { dy: tensor('T', 'd_v'), ...dotInputs },
  sizes: dotSizes,
  parameters: ['dy'],
  backwardOf: { forward: 'dotAttention', takes: ['q', 'k', 'values'] },
  oracle: smooth(
    gradientOf<Lifted<DotInputs>>(dot, {
      upstream: { y: 'dy' },
      wrt: { dq: 'q', dk: 'k', dvalues: 'values' },
    }),
  ),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 14 }), pure({ cases: 2 })],
  misconceptions: {
    'softmax passed over': {
      wrong: dotBack(({ dweights }, { q, k }) => ({ dq: dweights.matmul(k), dk: dweights.T.matmul(q) })),
      says: 'dq and dk are made from the gradient of the weights. Between weights and scores there is a softmax.',
    },
    'softmax with its diagonal only': {
      wrong: dotBack(({ weights: w, dweights }, { q, k }) => {
        const d = dweights.mul(w).mul(w.neg().add(1));
        return { dq: d.matmul(k), dk: d.T.matmul(q) };
      }),
      says: 'You went back through the softmax with w(1 − w) alone. Raising one score lowers the weights of all other keys.',
    },
    'weights taken as constants': {
      wrong: dotBack((_, { q, k }) => ({ dq: zerosLike(q), dk: zerosLike(k) })),
      says: 'Only the values get a gradient, so nothing could learn where to look. The weights were computed from q and k.',
    },
    'divided by √d on the way back': {
      wrong: dotBack(({ dscores }, { q, k }) => {
        const d = dscores.div(Math.sqrt(q.shape[1]!));
        return { dq: d.matmul(k), dk: d.T.matmul(q) };
      }),
      says: 'dq and dk are divided by √d. Nothing was, on the way there.',
    },
    'weights in place of their gradient': {
      wrong: dotBack(({ weights }, { q, k }) => ({ dq: weights.matmul(k), dk: weights.T.matmul(q) })),
      says: 'dq and dk are averages made with the weights themselves: the upstream gradient has no part in them. Which gradient has the shape (T, S)?',
    },
    'gradient of the keys forgotten': {
      wrong: dotBack((_, { k }) => ({ dk: zerosLike(k) })),
      says: 'Your dk is zero everywhere: only the queries learn. The product has two factors.',
    },
    'queries and keys exchanged': {
      wrong: dotBack(({ dscores }, { q, k }) => ({ dq: dscores.matmul(q), dk: dscores.T.matmul(k) })),
      says: 'You multiply dscores with the queries for dq and with the keys for dk. In a product each factor gets its partner.',
    },
    'dscores not transposed for the keys': {
      wrong: dotBack(({ dscores }, { q }) => ({ dk: dscores.matmul(q) })),
      says: 'Your dk sums over the wrong index: row j of dk collects from all queries i, so dscores has to be transposed.',
    },
    'gradient of the values added to the keys’': {
      wrong: dotBack((d, { q, dy }) => ({ dk: d.dscores.T.matmul(q).add(d.weights.T.matmul(dy)) })),
      says: 'Your dk holds dvalues as well. That sum belongs to whoever gives one tensor in both roles; here keys and values are two inputs, each with its own gradient.',
    },
    'dq and dk exchanged': {
      wrong: dotBack(({ dscores }, { q, k }) => ({ dq: dscores.T.matmul(q), dk: dscores.matmul(k) })),
      says: 'dq and dk have changed places: look at their shapes.',
    },
  },
  hints: [
    'Back through the average you know already. What is left is a matrix product.',
    'dscores is (T, S); dq must be (T, d) and dk (S, d).',
    'scores = q kᵀ: so dq = dscores k and dk = dscoresᵀ q.',
    'const { dscores, dvalues } = attendBackward(dy, cache.attend);',
  ],
});

export const seq2seqAttention = topic('seq2seq-attention', 'From sequence to sequence, and attention', {
  seq2seqForward,
  seq2seqBackward,
  attend,
  attendBackward,
  additiveScores,
  additiveScoresBackward,
  additiveAttention,
  additiveAttentionBackward,
  dotAttention,
  dotAttentionBackward,
});
