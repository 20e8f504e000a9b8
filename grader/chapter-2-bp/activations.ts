import { Tensor, erf, tensor as toTensor } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientAgrees,
  gradientOf,
  property,
  pure,
  range,
  rejects,
  softmax as softmaxOf,
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

interface X {
  x: Tensor;
}
interface Back extends X {
  dy: Tensor;
}

/** A definition that treats every entry alike. */
const entrywise =
  (f: (v: Var) => Var) =>
  ({ x }: Lifted<X>) =>
    table(x.shape, (...i) => f(x.at(...i)));

/** The forward's oracle: the definition's values under the name y. */
const forwardOf = <I>(definition: (inputs: I) => VarTensor) => valueOf<I>((inputs) => ({ y: definition(inputs) }));
/** The backward's oracle: the definition's derivative in x. */
const backwardOf = <I>(definition: (inputs: I) => VarTensor) => gradientOf<I>(definition, { upstream: 'dy', wrt: 'x' });

/** Wrong answers: entry by entry, as a forward's result, and as a backward's. */
const y = (x: Tensor, f: (v: number) => number) => ({ y: x.map(f) });
const dx = ({ x, dy }: Back, f: (v: number) => number) => dy.mul(x.map(f));

/** Other shapes than the drawn matrices: a number, a row, three axes. */
const shapes = () => [
  { x: toTensor(0.75) },
  { x: toTensor([-1.5, 0.5, 2]) },
  { x: toTensor([[[-0.25, 1.25]], [[1.75, -2]], [[0.5, -1]]]) },
];
const upstreams = [toTensor(-2), toTensor([1, -0.5, 3]), toTensor([[[2, -1]], [[0.5, 1]], [[-3, 0.25]]])];
const shapesBack = () => shapes().map(({ x }, i) => ({ dy: upstreams[i]!, x }));

const forgotten =
  'These are the slopes of y itself. How much the loss cares for each entry of y is what dy says; it multiplies every slope.';

const sigma = (v: number) => 1 / (1 + Math.exp(-v));
const normal = (v: number) => 0.5 * (1 + erf(v / Math.SQRT2));
const bell = (v: number) => Math.exp((-v * v) / 2) / Math.sqrt(2 * Math.PI);

// sigmoid

const sigmoid = entrywise((v) => v.sigmoid());

const sigmoidForward = exercise({
  points: 2,
  inputs: { x: tensor('N', 'd') },
  oracle: forwardOf(sigmoid),
  checks: [
    agrees({ cases: 20 }),
    staysFinite({ scale: 1000, cases: 10, worth: 1 }),
    property<X>('far out it is small, or nearly 1, but never cut off', {
      fixed: () => [{ x: toTensor([-40, -25, 25, 36]) }],
      holds: (out, { x }) => out.y.y.data.every((v: number, i: number) => Math.abs(v - sigma(x.data[i]!)) <= 1e-15),
    }),
    pure(),
  ],
  examples: shapes(),
  misconceptions: {
    'overflows for large x': {
      wrong: ({ x }) => y(x, (v) => Math.exp(v) / (1 + Math.exp(v))),
      says: 'For x = 1000 your eˣ is Infinity above and below the line, and Infinity/Infinity is NaN. The docstring has a second form of the same function; where does its exponential go?',
    },
    'sign of the exponent': {
      wrong: ({ x }) => y(x, (v) => 1 / (1 + Math.exp(v))),
      says: 'Your curve falls: large x gives 0. Look at the sign in the exponent.',
    },
    'brackets missing': {
      wrong: ({ x }) => y(x, (v) => 1 / 1 + Math.exp(-v)),
      says: '1 / 1 + e is (1/1) + e: without brackets around the denominator the division ends at the first 1.',
    },
    tanh: {
      wrong: ({ x }) => y(x, Math.tanh),
      says: 'Yours runs from −1 to 1. That is tanh; the sigmoid runs from 0 to 1.',
    },
    'cut off to be finite': {
      wrong: ({ x }) => y(x, (v) => sigma(Math.min(Math.max(v, -20), 20))),
      says: 'You cut x off so that nothing overflows: from there on your curve is level, and σ(−40) is a billion times too large. With the exponential on the safe side nothing needs cutting.',
    },
    'cut off further out': {
      wrong: ({ x }) => y(x, (v) => sigma(Math.min(Math.max(v, -30), 30))),
      says: 'You cut x off so that nothing overflows: from there on your curve is level, and σ(−40) is thousands of times too large. With the exponential on the safe side nothing needs cutting.',
    },
  },
  hints: [
    'Far left it is 0, far right 1, at 0 it is ½.',
    'Entry by entry: x.map((v) => …) keeps the shape.',
    'y = 1 / (1 + e^(−x)): for x = −1000 the exponential is Infinity, and 1/Infinity is 0, as it should be.',
    'const y = x.map((v) => 1 / (1 + Math.exp(-v))); return { y, cache: { y } };',
  ],
});

const sigmoidBackward = exercise({
  points: 1,
  inputs: { dy: tensor('N', 'd'), x: tensor('N', 'd') },
  parameters: ['dy'],
  backwardOf: { forward: 'sigmoidForward', takes: ['x'] },
  oracle: backwardOf(sigmoid),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 20 }), pure()],
  examples: shapesBack(),
  misconceptions: {
    'sigmoid taken again': {
      wrong: (i) => dx(i, (v) => sigma(sigma(v)) * (1 - sigma(sigma(v)))),
      says: 'You take the sigmoid of y, which is a sigmoid already. The cache holds the output: put it into the formula as it is.',
    },
    'input for output': {
      wrong: (i) => dx(i, (v) => v * (1 - v)),
      says: 'The rule y (1 − y) wants the output of the sigmoid; you feed it the input.',
    },
    'second factor missing': {
      wrong: (i) => dx(i, sigma),
      says: 'You multiply by y alone, which never becomes small on the right. But the sigmoid is flat there, too.',
    },
    'derivative of tanh': {
      wrong: (i) => dx(i, (v) => 1 - sigma(v) ** 2),
      says: '1 − y² belongs to tanh.',
    },
    'upstream forgotten': {
      wrong: ({ x, dy }) => dx({ x, dy: dy.map(() => 1) }, (v) => sigma(v) * (1 - sigma(v))),
      says: forgotten,
    },
  },
  hints: [
    'At y = 0 and at y = 1 the curve is flat: the slope must be 0 there.',
    'dy and y have the same shape; everything is entry by entry.',
    'dx = dy · y · (1 − y), with the y of the cache.',
  ],
});

// tanh

const tanh = entrywise((v) => v.tanh());

const tanhForward = exercise({
  points: 1,
  inputs: { x: tensor('N', 'd') },
  oracle: forwardOf(tanh),
  checks: [agrees({ cases: 20 }), staysFinite({ scale: 1000, cases: 10 }), pure()],
  examples: shapes(),
  misconceptions: {
    'overflows for large x': {
      wrong: ({ x }) => y(x, (v) => (Math.exp(v) - Math.exp(-v)) / (Math.exp(v) + Math.exp(-v))),
      says: 'For x = 1000 you divide Infinity by Infinity. Math.tanh, and tanh() of a Tensor, know better.',
    },
    sigmoid: {
      wrong: ({ x }) => y(x, sigma),
      says: 'Yours runs from 0 to 1. That is the sigmoid; tanh runs from −1 to 1.',
    },
    'half the argument': {
      wrong: ({ x }) => y(x, (v) => 2 * sigma(v) - 1),
      says: '2σ(x) − 1 is tanh(x/2): the right shape, half as steep.',
    },
    sinh: {
      wrong: ({ x }) => y(x, Math.sinh),
      says: 'Your curve grows without end. The lower half of the fraction is missing.',
    },
  },
  hints: [
    'It is there already: look at the methods of a Tensor.',
    'The shape stays.',
    'const y = x.tanh(); the cache keeps y.',
  ],
});

const tanhBackward = exercise({
  points: 1,
  inputs: { dy: tensor('N', 'd'), x: tensor('N', 'd') },
  parameters: ['dy'],
  backwardOf: { forward: 'tanhForward', takes: ['x'] },
  oracle: backwardOf(tanh),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 20 }), pure()],
  examples: shapesBack(),
  misconceptions: {
    'input for output': {
      wrong: (i) => dx(i, (v) => 1 - v * v),
      says: 'You compute 1 − x². The rule is 1 − y²: it wants the output of tanh.',
    },
    'tanh taken again': {
      wrong: (i) => dx(i, (v) => 1 - Math.tanh(Math.tanh(v)) ** 2),
      says: 'You take tanh of y, which is a tanh already. The cache holds the output: put it into the formula as it is.',
    },
    'not squared': {
      wrong: (i) => dx(i, (v) => 1 - Math.tanh(v)),
      says: 'You compute 1 − y. At y = −1 that is 2, but tanh is flat there.',
    },
    'derivative of the sigmoid': {
      wrong: (i) => dx(i, (v) => Math.tanh(v) * (1 - Math.tanh(v))),
      says: 'y (1 − y) belongs to the sigmoid.',
    },
    'upstream forgotten': {
      wrong: ({ x, dy }) => dx({ x, dy: dy.map(() => 1) }, (v) => 1 - Math.tanh(v) ** 2),
      says: forgotten,
    },
  },
  hints: [
    'At y = −1 and at y = 1 the curve is flat, at y = 0 it is steepest: slope 1.',
    'dy and y have the same shape; everything is entry by entry.',
    'dx = dy · (1 − y²), with the y of the cache.',
  ],
});

// ReLU

const relu = entrywise((v) => v.relu());
const atZero = (of: Tensor, dy: Tensor) => [{ x: of, dy }];

const reluForward = exercise({
  points: 1,
  inputs: { x: tensor('N', 'd') },
  oracle: forwardOf(relu),
  checks: [agrees({ exact: true, cases: 20 }), pure()],
  examples: shapes(),
  misconceptions: {
    'absolute value': {
      wrong: ({ x }) => y(x, Math.abs),
      says: 'You fold the left side up. ReLU cuts it off: what is below 0 becomes 0.',
    },
    step: {
      wrong: ({ x }) => y(x, (v) => (v > 0 ? 1 : 0)),
      says: 'You say whether x is positive. ReLU lets a positive x through as it is.',
    },
    'the wrong side': {
      wrong: ({ x }) => y(x, (v) => Math.min(v, 0)),
      says: 'You keep what is negative, and cut the rest off.',
    },
  },
  hints: [
    'What is positive passes, what is negative becomes 0.',
    'The shape stays.',
    'x.maximum(0); the cache keeps x.',
  ],
});

const reluBackward = exercise({
  points: 1,
  inputs: { dy: tensor('N', 'd'), x: tensor('N', 'd', { nonzero: true }) },
  parameters: ['dy'],
  backwardOf: { forward: 'reluForward', takes: ['x'] },
  oracle: backwardOf(relu),
  checks: [
    gradientAgrees({ upstream: ['dy'], cases: 20 }),
    property<Back>('at x = 0 the gradient is 0', {
      fixed: () => atZero(toTensor([0, 1, -1, 0]), toTensor([2, 3, 4, -5])),
      holds: (out) => out.y.data[0] === 0 && out.y.data[3] === 0,
    }),
    pure(),
  ],
  examples: shapesBack(),
  misconceptions: {
    'mask of the upstream': {
      wrong: ({ dy }) => dy.map((g) => (g > 0 ? g : 0)),
      says: 'You let positive gradients through. Which entries pass was decided on the way forward, by the sign of x; the sign of dy has no say in it.',
    },
    'both masks': {
      wrong: ({ x, dy }) => dy.map((g, i) => (g > 0 && x.data[i]! > 0 ? g : 0)),
      says: 'The mask of x is right, but you cut negative gradients off as well. A gradient may have any sign.',
    },
    'everything passes': {
      wrong: ({ dy }) => dy,
      says: 'All of dy comes through. Where x was negative, y did not change with x at all.',
    },
    'times the output': {
      wrong: (i) => dx(i, (v) => Math.max(v, 0)),
      says: 'You multiply by the value of ReLU. Its slope is asked for, which is 1 on the right, however large x is.',
    },
    'upstream forgotten': {
      wrong: ({ x }) => x.map((v) => (v > 0 ? 1 : 0)),
      says: forgotten,
    },
    'slope 1 at 0': {
      wrong: (i) => dx(i, (v) => (v >= 0 ? 1 : 0)),
      says: 'At 0 there is a corner and no slope, so there has to be a convention. This course (and PyTorch) takes 0 there.',
    },
    'the wrong side': {
      wrong: (i) => dx(i, (v) => (v > 0 ? 0 : 1)),
      says: 'Your mask is the wrong way round: the gradient comes through where x was cut off, and is stopped where it passed.',
    },
  },
  hints: [
    'Each entry either passed on the way forward, or did not.',
    'dy and x have the same shape; a mask of 0 and 1 does it.',
    'dx = dy where x > 0, else 0.',
    'return dy.mul(cache.x.greater(0));',
  ],
});

// leaky ReLU and PReLU

/** x on the right, slope · x on the left: slope · x and, on the right, what is missing to x. */
const bent = (x: VarTensor, slope: Var) =>
  table(x.shape, (...i) => {
    const v = x.at(...i);
    const right = v.relu();
    return v.mul(slope).add(right.sub(right.mul(slope)));
  });

interface Leaky extends X {
  slope: number;
}
const leaky = ({ x, slope }: Lifted<Leaky>) => bent(x, slope);
const anySlope = () => choice<number>(0.25, 0.125, 2, -0.5);
const shapesLeaky = () => shapes().map((i, k) => ({ ...i, slope: [0.25, 2, -0.5][k]! }));

const bendSays = {
  side: 'The slope acts on the right side. What is positive passes as it is.',
  fixed: 'You use a slope of your own. It is given: 0.01 is a common choice, not the only one.',
  cut: 'The left side is cut off: that is the ordinary ReLU, whose units stay off for ever once they are off.',
  larger:
    'max(x, slope · x) is the same thing only as long as the slope lies between 0 and 1. A slope may be anything.',
  minus: 'You take the slope away from x. It is a factor.',
};

const leakyReluForward = exercise({
  points: 1,
  inputs: { x: tensor('N', 'd'), slope: anySlope() },
  oracle: forwardOf(leaky),
  checks: [agrees({ exact: true, cases: 20 }), pure()],
  examples: shapesLeaky(),
  misconceptions: {
    'slope on the wrong side': { wrong: ({ x, slope }) => y(x, (v) => (v > 0 ? slope * v : v)), says: bendSays.side },
    'plain ReLU': { wrong: ({ x }) => y(x, (v) => Math.max(v, 0)), says: bendSays.cut },
    'slope of one’s own': { wrong: ({ x }) => y(x, (v) => (v > 0 ? v : 0.01 * v)), says: bendSays.fixed },
    'the larger of the two': { wrong: ({ x, slope }) => y(x, (v) => Math.max(v, slope * v)), says: bendSays.larger },
    'slope subtracted': { wrong: ({ x, slope }) => y(x, (v) => (v > 0 ? v : v - slope)), says: bendSays.minus },
    'slope for value': {
      wrong: ({ x, slope }) => y(x, (v) => (v > 0 ? v : slope)),
      says: 'On the left you return the slope itself, the same number for every x. The line goes through 0 with that slope.',
    },
    'left side turned up': {
      wrong: ({ x, slope }) => y(x, (v) => (v > 0 ? v : -slope * v)),
      says: 'Your left side has the wrong sign: a small positive slope should lead below 0 there.',
    },
  },
  hints: [
    'Two straight lines that meet at 0.',
    'The shape stays; x.map lets you decide for each entry.',
    'x where x > 0, slope · x elsewhere. The cache keeps x and the slope.',
  ],
});

const leakyReluBackward = exercise({
  points: 1,
  inputs: { dy: tensor('N', 'd'), x: tensor('N', 'd', { nonzero: true }), slope: anySlope() },
  parameters: ['dy'],
  backwardOf: { forward: 'leakyReluForward', takes: ['x', 'slope'] },
  oracle: backwardOf(leaky),
  checks: [
    gradientAgrees({ upstream: ['dy'], cases: 20 }),
    property<Back & Leaky>('at x = 0 the gradient is slope · dy', {
      fixed: () => [{ x: toTensor([0, 1, -1, 0]), dy: toTensor([2, 3, 4, -4]), slope: 0.25 }],
      holds: (out) => out.y.data[0] === 0.5 && out.y.data[3] === -1,
    }),
    pure(),
  ],
  examples: shapesBack().map((i) => ({ ...i, slope: 0.25 })),
  misconceptions: {
    'slope on the wrong side': { wrong: (i) => dx(i, (v) => (v > 0 ? i.slope : 1)), says: bendSays.side },
    'plain ReLU': { wrong: (i) => dx(i, (v) => (v > 0 ? 1 : 0)), says: bendSays.cut },
    'mask of the upstream': {
      wrong: ({ dy, slope }) => dy.map((g) => (g > 0 ? g : slope * g)),
      says: 'You choose the slope by the sign of dy. It was decided on the way forward, by the sign of x.',
    },
    'value for slope': {
      wrong: (i) => dx(i, (v) => (v > 0 ? 1 : i.slope * v)),
      says: 'On the left you multiply by slope · x, which is the value of the function. How fast does it grow there?',
    },
    'upstream forgotten': { wrong: ({ x, slope }) => x.map((v) => (v > 0 ? 1 : slope)), says: forgotten },
    'slope 1 at 0': {
      wrong: (i) => dx(i, (v) => (v >= 0 ? 1 : i.slope)),
      says: 'At 0 there is a corner, so there has to be a convention: here 0 belongs to the left side.',
    },
  },
  hints: [
    'Two straight lines, so two slopes.',
    'dy and x have the same shape.',
    'dx = dy where x > 0, slope · dy elsewhere; both x and slope are in the cache.',
  ],
});

interface Prelu extends X {
  a: Tensor;
}
const prelu = ({ x, a }: Lifted<Prelu>) => bent(x, a.at(0));
const shapesPrelu = () => shapes().map((i, k) => ({ ...i, a: toTensor([[0.25, 2, -0.5][k]!]) }));

const preluForward = exercise({
  points: 1,
  inputs: { x: tensor('N', 'd'), a: tensor(1) },
  oracle: forwardOf(prelu),
  checks: [
    agrees({ exact: true, cases: 20 }),
    pure(),
    rejects('a slope that is not one number in a Tensor of shape (1)', [
      { x: toTensor([[1, -1]]), a: toTensor([0.25, 0.5]) },
      { x: toTensor([[1, -1]]), a: toTensor([[0.25]]) },
    ]),
  ],
  examples: shapesPrelu(),
  misconceptions: {
    'slope on the wrong side': {
      wrong: ({ x, a }) => y(x, (v) => (v > 0 ? a.data[0]! * v : v)),
      says: bendSays.side,
    },
    'plain ReLU': { wrong: ({ x }) => y(x, (v) => Math.max(v, 0)), says: bendSays.cut },
    'slope of one’s own': { wrong: ({ x }) => y(x, (v) => (v > 0 ? v : 0.01 * v)), says: bendSays.fixed },
    'the larger of the two': {
      wrong: ({ x, a }) => y(x, (v) => Math.max(v, a.data[0]! * v)),
      says: bendSays.larger,
    },
    'left side turned up': {
      wrong: ({ x, a }) => y(x, (v) => (v > 0 ? v : -a.data[0]! * v)),
      says: 'Your left side has the wrong sign: with a small positive a it should lie below 0.',
    },
  },
  hints: [
    'Leaky ReLU, with the slope in a Tensor of one entry.',
    'x in any shape, a in shape (1), y in the shape of x.',
    'x where x > 0, a.item() · x elsewhere. The cache keeps both.',
  ],
});

interface PreluBack extends Back {
  a: Tensor;
}
const preluWrong = (i: PreluBack, da: Tensor) => ({ dx: dx(i, (v) => (v > 0 ? 1 : i.a.data[0]!)), da });
const reached = ({ x, dy }: Back) => dy.mul(x.map((v) => Math.min(v, 0)));

const preluBackward = exercise({
  points: 2,
  inputs: { dy: tensor('N', 'd'), x: tensor('N', 'd', { nonzero: true }), a: tensor(1) },
  parameters: ['dy'],
  backwardOf: { forward: 'preluForward', takes: ['x', 'a'] },
  oracle: gradientOf<Lifted<Prelu>>(prelu, { upstream: 'dy', wrt: { dx: 'x', da: 'a' } }),
  checks: [
    gradientAgrees({ upstream: ['dy'], cases: 20 }),
    property<PreluBack>('at x = 0 the gradient of x is a · dy', {
      fixed: () => [{ x: toTensor([0, 1, -1, 0]), dy: toTensor([2, 3, 4, -4]), a: toTensor([0.25]) }],
      holds: ({ y: { dx } }) => dx.data[0] === 0.5 && dx.data[3] === -1,
    }),
    pure(),
  ],
  examples: shapesBack().map((i) => ({ ...i, a: toTensor([0.25]) })),
  misconceptions: {
    'da not summed': {
      wrong: (i) => preluWrong(i, reached(i)),
      says: 'da has an entry for each x. There is only one a, and every entry has used it: what it owes to each of them goes into one sum, of shape (1).',
    },
    'da averaged': {
      wrong: (i) => preluWrong(i, toTensor([reached(i).mean().item()])),
      says: 'You average over the entries. Each of them changes the loss on its own when a changes; the changes add up.',
    },
    'da from all entries': {
      wrong: (i) => preluWrong(i, toTensor([i.dy.mul(i.x).sum().item()])),
      says: 'Your da counts the positive x, too. They have passed without ever meeting a.',
    },
    'da without x': {
      wrong: (i) =>
        preluWrong(
          i,
          toTensor([
            i.dy
              .mul(i.x.map((v) => (v > 0 ? 0 : 1)))
              .sum()
              .item(),
          ]),
        ),
      says: 'In da every entry counts alike. How fast a · x grows with a depends on x.',
    },
    'dx of a plain ReLU': {
      wrong: (i) => ({ dx: dx(i, (v) => (v > 0 ? 1 : 0)), da: toTensor([reached(i).sum().item()]) }),
      says: 'In dx nothing comes through on the left. There the slope is a, not 0.',
    },
    'dx with x for the slope': {
      wrong: (i) => ({ dx: dx(i, (v) => (v > 0 ? 1 : v)), da: toTensor([reached(i).sum().item()]) }),
      says: 'On the left, dx is multiplied by x. Two derivatives of a · x are asked for: one with respect to x, one with respect to a.',
    },
    'upstream forgotten': {
      wrong: ({ x, a }) => {
        const i = { x, a, dy: x.map(() => 1) };
        return preluWrong(i, toTensor([reached(i).sum().item()]));
      },
      says: forgotten,
    },
    'last entry only': {
      wrong: (i) => {
        const each = reached(i).data.filter((_, k) => i.x.data[k]! < 0);
        return preluWrong(i, toTensor([each.at(-1) ?? 0]));
      },
      says: 'In da only the last of the entries on the left counts: = where += is meant. All of them have used the one a.',
    },
    'upstream forgotten in da': {
      wrong: (i) => preluWrong(i, toTensor([i.x.minimum(0).sum().item()])),
      says: 'Your da is the slope of the sum of all y. How much the loss cares for each entry is what dy says; it belongs in every term of the sum.',
    },
    'slope 1 at 0': {
      wrong: (i) => ({ dx: dx(i, (v) => (v >= 0 ? 1 : i.a.data[0]!)), da: toTensor([reached(i).sum().item()]) }),
      says: 'At 0 there is a corner, so there has to be a convention: here 0 belongs to the left side.',
    },
  },
  hints: [
    'For one entry on the left: y = a · x. What is its derivative with respect to x, and with respect to a?',
    'dx has the shape of x. da has the shape (1): one number for all entries.',
    'da = the sum of dy · x over the entries with x ≤ 0. min(x, 0) is x there and 0 elsewhere.',
    'da: dy.mul(x.minimum(0)).sum().reshape(1); dx as in leaky ReLU with the slope a.item().',
  ],
});

// GELU

const gelu = entrywise((v) => v.mul(v.div(Math.SQRT2).erf().add(1)).mul(0.5));
const tanhInside = (v: number, cube = v ** 3, factor = Math.sqrt(2 / Math.PI)) => factor * (v + 0.044715 * cube);
const geluByTanh = (v: number) => 0.5 * v * (1 + Math.tanh(tanhInside(v)));

const geluForward = exercise({
  points: 1,
  inputs: { x: tensor('N', 'd') },
  oracle: forwardOf(gelu),
  checks: [agrees({ cases: 20 }), pure()],
  examples: shapes(),
  misconceptions: {
    'the approximation': {
      wrong: ({ x }) => y(x, geluByTanh),
      says: 'These are the numbers of the approximation by tanh, off by a few ten-thousandths. Here the exact one is asked for; erf is in #tensor.',
    },
    'root of 2 missing': {
      wrong: ({ x }) => y(x, (v) => 0.5 * v * (1 + erf(v))),
      says: 'erf belongs to a normal distribution of variance ½. To get variance 1, its argument has to be divided by something.',
    },
    'half missing': {
      wrong: ({ x }) => y(x, (v) => v * (1 + erf(v / Math.SQRT2))),
      says: 'Twice too much: 1 + erf runs from 0 to 2, and a probability from 0 to 1.',
    },
    'the probability alone': {
      wrong: ({ x }) => y(x, normal),
      says: 'This is Φ(x), the share of x that passes. The share of what?',
    },
    'sigmoid approximation': {
      wrong: ({ x }) => y(x, (v) => v * sigma(1.702 * v)),
      says: 'x · σ(1.702 x) is a quick approximation that some programs use. Here the exact one is asked for.',
    },
    'density for probability': {
      wrong: ({ x }) => y(x, (v) => v * bell(v)),
      says: 'You multiply by the bell curve φ. The area under it, left of x, is Φ, and that is the factor.',
    },
    '1 missing': {
      wrong: ({ x }) => y(x, (v) => 0.5 * v * erf(v / Math.SQRT2)),
      says: 'Your curve is even: for −2 the same as for 2. erf runs from −1 to 1, and a probability from 0 to 1; halving alone does not bring it there.',
    },
  },
  hints: [
    'The share of x that passes is the probability that a normal number lies below x.',
    'erf and erfc take a Tensor as well as a number: entry by entry, as exp does.',
    'y = ½ x (1 + erf(x / √2)).',
    'x.mul(0.5).mul(erf(x.div(Math.SQRT2)).add(1)), or with erfc(x.div(-Math.SQRT2)) instead of the bracket.',
  ],
});

const geluBackward = exercise({
  points: 2,
  inputs: { dy: tensor('N', 'd'), x: tensor('N', 'd') },
  parameters: ['dy'],
  backwardOf: { forward: 'geluForward', takes: ['x'] },
  oracle: backwardOf(gelu),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 20 }), pure()],
  examples: shapesBack(),
  misconceptions: {
    'second term missing': {
      wrong: (i) => dx(i, normal),
      says: 'You hold Φ(x) as if it were a constant. It depends on x as well: a product has two terms in its derivative.',
    },
    'first term missing': {
      wrong: (i) => dx(i, (v) => v * bell(v)),
      says: 'You differentiate Φ and forget the x in front. A product has two terms in its derivative.',
    },
    'density without its constant': {
      wrong: (i) => dx(i, (v) => normal(v) + v * Math.exp((-v * v) / 2)),
      says: 'The area under your bell curve is not 1: a density has a factor in front.',
    },
    'exponent without ½': {
      wrong: (i) => dx(i, (v) => normal(v) + (v * Math.exp(-v * v)) / Math.sqrt(2 * Math.PI)),
      says: 'Your bell curve is too narrow. Look at the exponent of the standard normal density.',
    },
    'derivative of erf without the chain rule': {
      wrong: (i) => dx(i, (v) => normal(v) + (v * Math.exp((-v * v) / 2)) / Math.sqrt(Math.PI)),
      says: 'The second term is √2 times too large: the argument of erf is x/√2, and its inner derivative is missing.',
    },
    'derivative of the approximation': {
      wrong: (i) =>
        dx(i, (v) => {
          const t = Math.tanh(tanhInside(v));
          return 0.5 * (1 + t) + 0.5 * v * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * v * v);
        }),
      says: 'This is the derivative of the approximation by tanh, off by about a thousandth. The forward pass is the exact GELU.',
    },
    'upstream forgotten': {
      wrong: ({ x }) => x.map((v) => normal(v) + v * bell(v)),
      says: forgotten,
    },
    'density without the root': {
      wrong: (i) => dx(i, (v) => normal(v) + (v * Math.exp((-v * v) / 2)) / (2 * Math.PI)),
      says: 'Your bell curve is too low: in front of the exponential you divide by 2π. Look at that factor in the formula of φ again.',
    },
    'density that grows': {
      wrong: (i) => dx(i, (v) => normal(v) + (v * Math.exp((v * v) / 2)) / Math.sqrt(2 * Math.PI)),
      says: 'Your bell curve grows on both sides. A density falls away from the middle: look at the sign of its exponent (in code, -v ** 2 does not even compile, and (-v) ** 2 is positive).',
    },
    'x missing in the second term': {
      wrong: (i) => dx(i, (v) => normal(v) + bell(v)),
      says: 'In the second term the other factor of the product is missing: Φ′ = φ is multiplied by what?',
    },
  },
  hints: [
    'y is a product of two things that both depend on x.',
    'Φ and its derivative φ, entry by entry; then times dy.',
    'dx = dy · (Φ(x) + x · φ(x)), φ(x) = e^(−x²/2) / √(2π).',
    'erfc(x.div(-Math.SQRT2)).mul(0.5) is Φ, and x.square().mul(-0.5).exp().div(Math.sqrt(2 * Math.PI)) is φ. Together, times dy.',
  ],
});

const geluTanh = exercise({
  points: 1,
  inputs: { x: tensor('N', 'd') },
  oracle: valueOf(
    entrywise((v) => {
      const bracket = v.add(v.mul(v).mul(v).mul(0.044715));
      return v
        .mul(
          bracket
            .mul(Math.sqrt(2 / Math.PI))
            .tanh()
            .add(1),
        )
        .mul(0.5);
    }),
  ),
  checks: [agrees({ cases: 20 }), staysFinite({ scale: 1000, cases: 10 }), pure()],
  examples: shapes(),
  misconceptions: {
    'the exact one': {
      wrong: ({ x }) => x.map((v) => v * normal(v)),
      says: 'This is the exact GELU. Here the approximation is asked for, to the last digit: a model that was trained with one should run with the same one.',
    },
    'square for cube': {
      wrong: ({ x }) => x.map((v) => 0.5 * v * (1 + Math.tanh(tanhInside(v, v * v)))),
      says: 'x² makes the curve lopsided: it is x³ in the bracket, which turns its sign with x.',
    },
    'root over 2 only': {
      wrong: ({ x }) => x.map((v) => 0.5 * v * (1 + Math.tanh(tanhInside(v, v ** 3, Math.SQRT2 / Math.PI)))),
      says: 'The root covers the whole fraction, 2/π, and not the 2 alone.',
    },
    'root outside the bracket’s reach': {
      wrong: ({ x }) => x.map((v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * v + 0.044715 * v ** 3))),
      says: 'The root multiplies only x. A bracket stands around both terms.',
    },
    'overflows for large x': {
      wrong: ({ x }) =>
        x.map((v) => {
          const e = Math.exp(2 * tanhInside(v));
          return 0.5 * v * (1 + (e - 1) / (e + 1));
        }),
      says: 'Your tanh is made of exponentials that overflow: Infinity/Infinity is NaN. Math.tanh does not.',
    },
    'factor left out': {
      wrong: ({ x }) => x.map((v) => 0.5 * v * (1 + Math.tanh(tanhInside(v, v ** 3, 1)))),
      says: 'In front of the bracket a factor is missing: compare the formula.',
    },
    'factor without its root': {
      wrong: ({ x }) => x.map((v) => 0.5 * v * (1 + Math.tanh(tanhInside(v, v ** 3, 2 / Math.PI)))),
      says: 'You multiply the bracket by 2/π itself. Look at that factor in the formula again.',
    },
    '2π under the root': {
      wrong: ({ x }) => x.map((v) => 0.5 * v * (1 + Math.tanh(tanhInside(v, v ** 3, Math.sqrt(2 * Math.PI))))),
      says: 'Your factor in front of the bracket is √(2π), which belongs to the normal density. Here π stands below the line.',
    },
    'half missing': {
      wrong: ({ x }) => x.map((v) => 2 * geluByTanh(v)),
      says: 'Twice too much: 1 + tanh runs from 0 to 2, and the share that passes from 0 to 1.',
    },
    'cubic term subtracted': {
      wrong: ({ x }) => x.map((v) => 0.5 * v * (1 + Math.tanh(tanhInside(v, -(v ** 3))))),
      says: 'The cubic term is taken off. It makes the curve steeper: look at its sign.',
    },
  },
  hints: [
    'A formula to be copied, with care for its brackets.',
    'Entry by entry; the shape stays, and there is no cache.',
    'inner = √(2/π) · (x + 0.044715 x³); y = ½ x (1 + tanh(inner)).',
  ],
});

// SiLU

const silu = entrywise((v) => v.mul(v.sigmoid()));
/** Naively made of eˣ: NaN or Infinity for large x. */
const naiveSigma = (v: number) => Math.exp(v) / (1 + Math.exp(v));

const siluForward = exercise({
  points: 1,
  uses: ['sigmoidForward'],
  inputs: { x: tensor('N', 'd') },
  oracle: forwardOf(silu),
  checks: [agrees({ cases: 20 }), staysFinite({ scale: 1000, cases: 10 }), pure()],
  examples: shapes(),
  misconceptions: {
    'overflows for large x': {
      wrong: ({ x }) => y(x, (v) => v * naiveSigma(v)),
      says: 'For x = 1000 your eˣ is Infinity above and below the line. You have a sigmoid that does not overflow.',
    },
    'sigmoid alone': {
      wrong: ({ x }) => y(x, sigma),
      says: 'This is σ(x), the share of x that passes. The share of what?',
    },
    'sign of the exponent': {
      wrong: ({ x }) => y(x, (v) => v / (1 + Math.exp(v))),
      says: 'Yours lets the negative side through. Look at the sign in the exponent.',
    },
    'tanh for sigmoid': {
      wrong: ({ x }) => y(x, (v) => v * Math.tanh(v)),
      says: 'You multiply by tanh, which is negative on the left. The factor here is the sigmoid.',
    },
  },
  hints: [
    'Like a ReLU whose switch is a dimmer: the share of x that passes is σ(x).',
    'Entry by entry; the shape stays.',
    'y = x · σ(x), and σ is an exercise you have solved: sigmoidForward(x).y.',
  ],
});

const siluSlope = (v: number) => sigma(v) + v * sigma(v) * (1 - sigma(v));

const siluBackward = exercise({
  points: 2,
  uses: ['sigmoidForward'],
  inputs: { dy: tensor('N', 'd'), x: tensor('N', 'd') },
  parameters: ['dy'],
  backwardOf: { forward: 'siluForward', takes: ['x'] },
  oracle: backwardOf(silu),
  checks: [
    gradientAgrees({ upstream: ['dy'], cases: 20 }),
    staysFinite({ scale: 1000, only: ['x'], cases: 10 }),
    pure(),
  ],
  examples: shapesBack(),
  misconceptions: {
    'second term missing': {
      wrong: (i) => dx(i, sigma),
      says: 'You hold σ(x) as if it were a constant. It depends on x as well: a product has two terms in its derivative.',
    },
    'first term missing': {
      wrong: (i) => dx(i, (v) => v * sigma(v) * (1 - sigma(v))),
      says: 'You differentiate σ and forget the x in front. A product has two terms in its derivative.',
    },
    'x missing in the second term': {
      wrong: (i) => dx(i, (v) => sigma(v) + sigma(v) * (1 - sigma(v))),
      says: 'In the second term the other factor of the product is missing: σ′ is multiplied by what?',
    },
    'derivative of σ from y': {
      wrong: (i) => dx(i, (v) => sigma(v) + v * (v * sigma(v)) * (1 - v * sigma(v))),
      says: 'You put y into s (1 − s). That rule wants the sigmoid’s own output, and y is x times that.',
    },
    'upstream forgotten': { wrong: ({ x }) => x.map(siluSlope), says: forgotten },
    'overflows for large x': {
      wrong: (i) => dx(i, (v) => naiveSigma(v) + v * naiveSigma(v) * (1 - naiveSigma(v))),
      says: 'For x = 1000 your eˣ is Infinity above and below the line. You have a sigmoid that does not overflow.',
    },
    'slope of the sigmoid alone': {
      wrong: (i) => dx(i, (v) => sigma(v) * (1 - sigma(v))),
      says: 'This is the slope of the sigmoid. SiLU is x times a sigmoid, and x stands in the derivative of that product twice.',
    },
    'output for the share': {
      wrong: (i) =>
        dx(i, (v) => {
          const s = v * sigma(v);
          return s + v * s * (1 - s);
        }),
      says: 'You take y for σ(x) everywhere. y is x · σ(x) already; the formula wants the share that passes, a number from 0 to 1.',
    },
    '1 − s missing': {
      wrong: (i) => dx(i, (v) => sigma(v) + v * sigma(v)),
      says: 'In the second term you multiply by s alone. What is the derivative of the sigmoid, in terms of s?',
    },
  },
  hints: [
    'y is a product of two things that both depend on x.',
    'Everything is entry by entry, in the shape of x.',
    'With s = σ(x): the derivative of x · s is s + x · s (1 − s).',
    'const s = sigmoidForward(cache.x).y; dy times (s + x · s · (1 − s)).',
  ],
});

// softplus

/** log(1 + u) for u > 0; where 1 + u would round u away, its series. */
const logOfOnePlus = (u: Var) => {
  if (u.value > 1e-5) return u.add(1).log();
  return u.sub(u.mul(u).div(2)).add(u.mul(u).mul(u).div(3));
};
/** log(1 + eˣ), from the side that does not overflow. */
const softplus = entrywise((v) => (v.value > 0 ? v.add(logOfOnePlus(v.neg().exp())) : logOfOnePlus(v.exp())));

const softplusForward = exercise({
  points: 2,
  inputs: { x: tensor('N', 'd') },
  oracle: forwardOf(softplus),
  checks: [
    agrees({ cases: 20 }),
    staysFinite({ scale: 1000, cases: 10, worth: 1 }),
    property<X>('far out on the right it is x itself', {
      fixed: () => [{ x: toTensor([100, 1000, 5000]) }],
      holds: (out) => out.y.y.data.every((v: number, i: number) => v === [100, 1000, 5000][i]),
    }),
    property<X>('far out on the left it is small, but not 0', {
      fixed: () => [{ x: toTensor([-40, -50, 1000]) }],
      holds: (out, { x }) =>
        out.y.y.data.every((v: number, i: number) => x.data[i]! > 0 || Math.abs(v / Math.exp(x.data[i]!) - 1) <= 1e-9),
    }),
    pure(),
  ],
  examples: shapes(),
  misconceptions: {
    'overflows for large x': {
      wrong: ({ x }) => y(x, (v) => Math.log(1 + Math.exp(v))),
      says: 'For x = 1000 eˣ is Infinity, and so is its logarithm; softplus of 1000 is 1000. The docstring has a second form of the same function.',
    },
    'plain ReLU': {
      wrong: ({ x }) => y(x, (v) => Math.max(v, 0)),
      says: 'The corner is still sharp: the logarithm, which rounds it, is missing.',
    },
    'only the rounding': {
      wrong: ({ x }) => y(x, (v) => Math.log1p(Math.exp(-Math.abs(v)))),
      says: 'This is what is added to max(x, 0) near the corner. Far right it is 0, where softplus is x.',
    },
    'sign of the exponent': {
      wrong: ({ x }) => y(x, (v) => Math.log1p(Math.exp(-v))),
      says: 'Your curve falls. Without the bars of |x|, e^(−x) grows on the left.',
    },
    'cut off to be finite': {
      wrong: ({ x }) => y(x, (v) => Math.log1p(Math.exp(Math.min(v, 50)))),
      says: 'You cut x off at 50 so that nothing overflows. Now softplus of 1000 is 50; it should be 1000.',
    },
    'log of 1 + a tiny number': {
      wrong: ({ x }) => y(x, (v) => Math.max(v, 0) + Math.log(1 + Math.exp(-Math.abs(v)))),
      says: 'For x = −40 you get exactly 0: beside the 1, a number of 4e-18 is rounded away before the logarithm sees it. The docstring names a function that never writes that 1 down.',
    },
    'bars missing': {
      wrong: ({ x }) => y(x, (v) => Math.max(v, 0) + Math.log1p(Math.exp(-v))),
      says: 'For negative x your result is too large, and for −1000 Infinity: with max(x, 0) in front, the exponent is never above 0. Look for the bars of |x|.',
    },
    'exponent that grows': {
      wrong: ({ x }) => y(x, (v) => Math.max(v, 0) + Math.log1p(Math.exp(Math.abs(v)))),
      says: 'Your exponential grows on both sides, and overflows. What is added to max(x, 0) should vanish far from the corner: look at the sign in front of |x|.',
    },
  },
  hints: [
    'log(1 + eˣ) overflows for large x, and there it is almost exactly x. Can the x be taken out first?',
    'Entry by entry; the shape stays.',
    'y = max(x, 0) + log(1 + e^(−|x|)): now the exponential is never above 1.',
    'x.map((v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)))).',
  ],
});

const softplusBackward = exercise({
  points: 1,
  uses: ['sigmoidForward'],
  inputs: { dy: tensor('N', 'd'), x: tensor('N', 'd') },
  parameters: ['dy'],
  backwardOf: { forward: 'softplusForward', takes: ['x'] },
  oracle: backwardOf(softplus),
  checks: [
    gradientAgrees({ upstream: ['dy'], cases: 20 }),
    staysFinite({ scale: 1000, only: ['x'], cases: 10 }),
    pure(),
  ],
  examples: shapesBack(),
  misconceptions: {
    'derivative of the sigmoid': {
      wrong: (i) => dx(i, (v) => sigma(v) * (1 - sigma(v))),
      says: 'You went one derivative too far: the slope of softplus is the sigmoid itself.',
    },
    'a step': {
      wrong: (i) => dx(i, (v) => (v > 0 ? 1 : 0)),
      says: 'That is the slope of ReLU, which jumps. Softplus has no corner; its slope goes over smoothly.',
    },
    'sign of the exponent': {
      wrong: (i) => dx(i, (v) => sigma(-v)),
      says: 'Your slope falls from 1 to 0, but softplus is flat on the left. Either a sign is turned, or in log u, u = 1 + eˣ, the inner derivative is missing.',
    },
    'overflows for large x': {
      wrong: (i) => dx(i, naiveSigma),
      says: 'For x = 1000 your eˣ is Infinity above and below the line. You have a sigmoid that does not overflow.',
    },
    'upstream forgotten': { wrong: ({ x }) => x.map(sigma), says: forgotten },
  },
  hints: [
    'Far left its slope is 0, far right 1, at 0 it is ½. You know that curve.',
    'Entry by entry, in the shape of x.',
    'dx = dy · σ(x): chain rule on log(1 + eˣ) gives eˣ / (1 + eˣ).',
  ],
});

// softmax

/** Rows along the last axis, each passed through f. */
const byRows =
  (f: (row: Var[]) => Var[]) =>
  ({ x }: Lifted<X>) => {
    const C = x.shape.at(-1)!;
    const rows = range(x.data.length / C, (r) => f(x.data.slice(r * C, (r + 1) * C)));
    return new VarTensor(x.shape, rows.flat());
  };
const softmax = byRows((row) => softmaxOf(row));
const logSoftmax = byRows((row) => {
  const m = Math.max(...row.map((v) => v.value));
  const shifted = row.map((v) => v.sub(m));
  const log = sum(shifted.map((v) => v.exp())).log();
  return shifted.map((v) => v.sub(log));
});

const rowShapes = () => [
  { x: toTensor([-1.5, 0.5, 2]) },
  { x: toTensor([[[-0.25, 1.25]], [[1.75, -2]], [[0.5, -1]]]) },
  { x: toTensor([[1, 2, 0.5], [-1, 0, 2]]) }, // prettier-ignore
];
const rowUpstreams = [
  toTensor([1, -0.5, 3]),
  toTensor([[[2, -1]], [[0.5, 1]], [[-3, 0.25]]]),
  toTensor([[1, -1, 2], [0.5, 3, -2]]), // prettier-ignore
];
const rowShapesBack = () => rowShapes().map(({ x }, i) => ({ dy: rowUpstreams[i]!, x }));

const keep = { keepDims: true };
const every = (x: Tensor) => [...x.shape.keys()];
const probabilities = (x: Tensor, axis: number | number[] = -1, m: Tensor | number = x.max(axis, keep)) => {
  const e = x.sub(m).exp();
  return e.div(e.sum(axis, keep));
};

const raised = (x: Tensor) => x.add(1000);
const nearly = (a: Tensor, b: Tensor) => a.allClose(b, { atol: 1e-12, rtol: 1e-12 });

const softmaxForward = exercise({
  points: 3,
  inputs: { x: tensor('N', 'C') },
  sizes: { N: [1, 4], C: [2, 5] },
  oracle: forwardOf(softmax),
  checks: [
    agrees({ cases: 20 }),
    staysFinite({ scale: 1000, cases: 20, worth: 1 }),
    property<X>('adding 1000 to all scores of a row changes nothing', {
      cases: 6,
      runs: ({ x }) => ({ plain: { x }, raised: { x: raised(x) } }),
      holds: (out) => nearly(out.raised.y, out.plain.y),
    }),
    pure(),
    rejects('a Tensor without axes, which has no rows', [{ x: toTensor(1) }], { worth: 1 }),
  ],
  examples: rowShapes(),
  misconceptions: {
    'over the whole tensor': {
      wrong: ({ x }) => ({ y: probabilities(x, every(x)) }),
      says: 'All your numbers together sum to 1. Each row is a distribution of its own.',
    },
    'over the columns': {
      wrong: ({ x }) => ({ y: probabilities(x, 0) }),
      says: 'Your columns sum to 1. A row holds the scores of one sample, and it is the row that becomes a distribution: the last axis.',
    },
    'largest not subtracted': {
      wrong: ({ x }) => ({ y: probabilities(x, -1, 0) }),
      says: 'For ordinary scores this is right, for a score of 1000 e¹⁰⁰⁰ is Infinity and the row NaN. What may be subtracted from all scores of a row without changing the result?',
    },
    'largest of the whole tensor': {
      wrong: ({ x }) => ({ y: probabilities(x, -1, x.max()) }),
      says: 'You subtract the largest entry of the whole tensor. A row that lies far below it has only exponentials of 0, and 0/0 is NaN: every row needs its own largest.',
    },
    'not normalised': {
      wrong: ({ x }) => ({ y: x.sub(x.max(-1, keep)).exp() }),
      says: 'The largest of each row is 1 in your result. The exponentials are there; what are they divided by?',
    },
    'subtracted above the line only': {
      wrong: ({ x }) => ({ y: x.sub(x.max(-1, keep)).exp().div(x.exp().sum(-1, keep)) }),
      says: 'Above the line you subtract the largest score, below it you do not: the factor does not cancel.',
    },
    'scores divided by their sum': {
      wrong: ({ x }) => ({ y: x.div(x.sum(-1, keep)) }),
      says: 'Scores may be negative, and so may your “probabilities”. The exponential, which makes them positive, is missing.',
    },
    'cut off to be finite': {
      wrong: ({ x }) => ({ y: probabilities(x.clip(-50, 50), -1, 0) }),
      says: 'You cut the scores off so that nothing overflows: 900 and 1000 then get the same probability. Subtracting loses nothing.',
    },
    'differences divided by their sum': {
      wrong: ({ x }) => {
        const z = x.sub(x.max(-1, keep));
        return { y: z.div(z.sum(-1, keep)) };
      },
      says: 'You subtract the largest score and divide what is left by its sum, so that the largest gets 0. The exponential is missing.',
    },
  },
  hints: [
    'Exponentials are positive; divided by their sum they make a distribution. Which numbers belong to one sum?',
    'x (…, C): the sum and the maximum run over the last axis; with keepDims they have shape (…, 1) and broadcast back.',
    'e = exp(x − max of the row), y = e / (sum of e over the row).',
    'const e = x.sub(x.max(-1, { keepDims: true })).exp(); const y = e.div(e.sum(-1, { keepDims: true }));',
  ],
});

const softmaxWrong = ({ x, dy }: Back, f: (p: Tensor, dy: Tensor) => Tensor) => f(probabilities(x), dy);

const softmaxBackward = exercise({
  points: 3,
  inputs: { dy: tensor('N', 'C'), x: tensor('N', 'C') },
  sizes: { N: [1, 4], C: [2, 5] },
  parameters: ['dy'],
  backwardOf: { forward: 'softmaxForward', takes: ['x'] },
  oracle: backwardOf(softmax),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 20 }), pure()],
  examples: [
    ...rowShapesBack(),
    // as many rows as columns, where a sum that lost its axis still fits
    { dy: toTensor([[1, -0.5], [2, 0.25]]), x: toTensor([[0.5, -1], [1.5, 2]]) }, // prettier-ignore
  ],
  misconceptions: {
    'diagonal only': {
      wrong: (i) => softmaxWrong(i, (p, dy) => dy.mul(p).mul(p.neg().add(1))),
      says: 'dy · y · (1 − y) treats every entry as if it were alone, like a sigmoid. But raising one score lowers all the other probabilities of the row.',
    },
    'cross terms with the wrong sign': {
      wrong: (i) => softmaxWrong(i, (p, dy) => p.mul(dy.add(dy.mul(p).sum(-1, keep)))),
      says: 'The cross terms are there, with the wrong sign: a higher score for one class takes probability from the others.',
    },
    'sum over the columns': {
      wrong: (i) => softmaxWrong(i, (p, dy) => p.mul(dy.sub(dy.mul(p).sum(0, keep)))),
      says: 'Your sum runs down the columns. The samples of a batch know nothing of each other; it is within a row that entries compete.',
    },
    'sum over the whole tensor': {
      wrong: (i) => softmaxWrong(i, (p, dy) => p.mul(dy.sub(dy.mul(p).sum()))),
      says: 'Your sum runs over the whole tensor. The samples of a batch know nothing of each other: one sum for each row.',
    },
    'dy summed without the probabilities': {
      wrong: (i) => softmaxWrong(i, (p, dy) => p.mul(dy.sub(dy.sum(-1, keep)))),
      says: 'In the sum each dy_k has its y_k as weight: a probability of almost 0 cannot lose anything.',
    },
    'y in front missing': {
      wrong: (i) => softmaxWrong(i, (p, dy) => dy.sub(dy.mul(p).sum(-1, keep))),
      says: 'The bracket is right; the factor in front of it is missing. A class of probability 0 cannot be moved.',
    },
    'gradient of log-softmax': {
      wrong: (i) => softmaxWrong(i, (p, dy) => dy.sub(p.mul(dy.sum(-1, keep)))),
      says: 'This is the gradient of the LOGARITHM of softmax, which is the exercise after the next.',
    },
    'plain mean for the weighted one': {
      wrong: (i) => softmaxWrong(i, (p, dy) => p.mul(dy.sub(dy.mean(-1, keep)))),
      says: 'You subtract the plain mean of dy. Each dy_k counts with its own probability: the average is a weighted one.',
    },
    'divided by the number of classes': {
      wrong: (i) => softmaxWrong(i, (p, dy) => p.mul(dy.sub(dy.mul(p).mean(-1, keep)))),
      says: 'You weigh dy with the probabilities and then divide by their number. The weights add up to 1 already: their sum is the average.',
    },
    'row sums laid along the columns': {
      wrong: (i) => softmaxWrong(i, (p, dy) => p.mul(dy.sub(dy.mul(p).sum(-1)))),
      says: 'Your sums have lost their axis: (N) beside (N, C) is broadcast along the row, so that a sample meets the sums of others (or the shapes do not fit). They should stay (N, 1).',
    },
    'only each output by itself': {
      wrong: (i) => softmaxWrong(i, (p, dy) => p.mul(dy)),
      says: 'You multiply dy by y, and that is the first half. Raising one score also takes something from every probability of its row, the sum of all dy_k y_k.',
    },
  },
  hints: [
    'Raise one score a little: its own probability grows, and all others of the row shrink. Each of these changes has its dy.',
    'dy and y are (…, C). One sum for each row, kept as (…, 1), so that it broadcasts back over the row.',
    'dx_c = y_c (dy_c − Σ_k dy_k y_k).',
    'return y.mul(dy.sub(dy.mul(y).sum(-1, { keepDims: true })));',
  ],
});

// log-softmax

/** x − m − log Σ exp(x − m), with an m of one's choice. */
const logProbabilities = (x: Tensor, m: Tensor | number, axis: number | number[] = -1) => {
  const shifted = x.sub(m);
  return shifted.sub(shifted.exp().sum(axis, keep).log());
};

const logSoftmaxForward = exercise({
  points: 3,
  inputs: { x: tensor('N', 'C') },
  sizes: { N: [1, 4], C: [2, 5] },
  oracle: forwardOf(logSoftmax),
  checks: [
    agrees({ cases: 20 }),
    staysFinite({ scale: 1000, cases: 20, worth: 1 }),
    property<X>('adding 1000 to all scores of a row changes nothing', {
      cases: 6,
      runs: ({ x }) => ({ plain: { x }, raised: { x: raised(x) } }),
      holds: (out) => nearly(out.raised.y, out.plain.y),
    }),
    pure(),
    rejects('a Tensor without axes, which has no rows', [{ x: toTensor(1) }], { worth: 1 }),
  ],
  examples: rowShapes(),
  misconceptions: {
    'logarithm of softmax': {
      wrong: ({ x }) => ({ y: probabilities(x).log() }),
      says: 'You take the logarithm of a finished softmax. For the scores (0, 1000) its first entry is 0 to a float64, and log 0 is −Infinity, where −1000 would be right. Take the logarithm on paper first.',
    },
    'largest not subtracted': {
      wrong: ({ x }) => ({ y: logProbabilities(x, 0) }),
      says: 'For a score of 1000 the sum of exponentials is Infinity, and so is its logarithm. What may be subtracted from all scores of a row without changing the result?',
    },
    'largest of the whole tensor': {
      wrong: ({ x }) => ({ y: logProbabilities(x, x.max()) }),
      says: 'You subtract the largest entry of the whole tensor. A row that lies far below it has only exponentials of 0, and log 0 is −Infinity: every row needs its own largest.',
    },
    'softmax itself': {
      wrong: ({ x }) => ({ y: probabilities(x) }),
      says: 'These are the probabilities. Their logarithms are asked for.',
    },
    'logarithm of the sum missing': {
      wrong: ({ x }) => ({ y: x.sub(x.max(-1, keep)) }),
      says: 'The largest of each row is 0 in your result, as if its probability were 1. What softmax divides by becomes something to subtract.',
    },
    'over the columns': {
      wrong: ({ x }) => ({ y: logProbabilities(x, x.max(0, keep), 0) }),
      says: 'Your columns are the distributions. It is the row that holds the scores of one sample: the last axis.',
    },
    'over the whole tensor': {
      wrong: ({ x }) => ({ y: logProbabilities(x, x.max(), every(x)) }),
      says: 'All your probabilities together sum to 1. Each row is a distribution of its own.',
    },
    'largest subtracted inside only': {
      wrong: ({ x }) => ({ y: x.sub(x.sub(x.max(-1, keep)).exp().sum(-1, keep).log()) }),
      says: 'Inside the logarithm you subtract the largest score, in front of it you do not: your probabilities no longer sum to 1. What is taken from x in one place is taken from it in both.',
    },
    'sum without its logarithm': {
      wrong: ({ x }) => {
        const z = x.sub(x.max(-1, keep));
        return { y: z.sub(z.exp().sum(-1, keep)) };
      },
      says: 'You subtract the sum of the exponentials itself. On paper: the logarithm of a quotient is the difference of two logarithms.',
    },
  },
  hints: [
    'The logarithm of a quotient is a difference, and log eˣ is x. Do both on paper before you compute anything.',
    'x (…, C): the sum and the maximum run over the last axis; with keepDims they have shape (…, 1) and broadcast back.',
    'With z = x − max of the row: y = z − log Σ e^z.',
    'const z = x.sub(x.max(-1, { keepDims: true })); const y = z.sub(z.exp().sum(-1, { keepDims: true }).log());',
  ],
});

const logSoftmaxBackward = exercise({
  points: 2,
  inputs: { dy: tensor('N', 'C'), x: tensor('N', 'C') },
  sizes: { N: [1, 4], C: [2, 5] },
  parameters: ['dy'],
  backwardOf: { forward: 'logSoftmaxForward', takes: ['x'] },
  oracle: backwardOf(logSoftmax),
  checks: [gradientAgrees({ upstream: ['dy'], cases: 20 }), pure()],
  examples: rowShapesBack(),
  misconceptions: {
    'gradient of softmax': {
      wrong: (i) => softmaxWrong(i, (p, dy) => p.mul(dy.sub(dy.mul(p).sum(-1, keep)))),
      says: 'This is the gradient of softmax. Of its logarithm it is simpler: write out y_c = x_c − log Σ e^(x_k), and differentiate that.',
    },
    'upstream counted as 1': {
      wrong: (i) => softmaxWrong(i, (p, dy) => dy.sub(p)),
      says: 'dy − probabilities is right when the entries of dy sum to 1 in each row, as in a cross-entropy. In general they do not.',
    },
    'logarithms for probabilities': {
      wrong: (i) => softmaxWrong(i, (p, dy) => dy.sub(p.log().mul(dy.sum(-1, keep)))),
      says: 'The cache holds logarithms, and you use them as if they were probabilities.',
    },
    'each entry for itself': {
      wrong: (i) => softmaxWrong(i, (p, dy) => dy.sub(p.mul(dy))),
      says: 'dy (1 − y) treats every entry as if it were alone. The sum under the logarithm contains every score of the row.',
    },
    'sum over the columns': {
      wrong: (i) => softmaxWrong(i, (p, dy) => dy.sub(p.mul(dy.sum(0, keep)))),
      says: 'Your sum runs down the columns. It is within a row that entries compete.',
    },
    'mean for sum': {
      wrong: (i) => softmaxWrong(i, (p, dy) => dy.sub(p.mul(dy.mean(-1, keep)))),
      says: 'You take the mean of dy over the row. Every output contains the same logarithm, so their gradients in it add up.',
    },
    'dy weighted in the sum': {
      wrong: (i) => softmaxWrong(i, (p, dy) => dy.sub(p.mul(dy.mul(p).sum(-1, keep)))),
      says: 'In your sum each dy_k has its probability as a weight. That belongs to softmax; here every output contains the same logarithm, so their gradients in it simply add up.',
    },
    'sum over the whole tensor': {
      wrong: (i) => softmaxWrong(i, (p, dy) => dy.sub(p.mul(dy.sum()))),
      says: 'Your sum runs over the whole tensor. The samples of a batch know nothing of each other: one sum for each row.',
    },
    'probabilities missing': {
      wrong: (i) => softmaxWrong(i, (_p, dy) => dy.sub(dy.sum(-1, keep))),
      says: 'You take the whole sum off every entry. A score moves the logarithm of the sum only as much as its share in that sum: which numbers are those shares?',
    },
  },
  hints: [
    'y_c = x_c − log Σ e^(x_k): two terms. The first touches only its own entry, the second all of the row.',
    'dy and y are (…, C); one sum of dy for each row, kept as (…, 1).',
    'The derivative of log Σ e^(x_k) in x_c is the probability of c, e^(y_c). So dx_c = dy_c − e^(y_c) Σ_k dy_k.',
    'return dy.sub(cache.y.exp().mul(dy.sum(-1, { keepDims: true })));',
  ],
});

export const activations = topic('activations', 'Activations, forward and backward', {
  sigmoidForward,
  sigmoidBackward,
  tanhForward,
  tanhBackward,
  reluForward,
  reluBackward,
  leakyReluForward,
  leakyReluBackward,
  preluForward,
  preluBackward,
  geluForward,
  geluBackward,
  geluTanh,
  siluForward,
  siluBackward,
  softplusForward,
  softplusBackward,
  softmaxForward,
  softmaxBackward,
  logSoftmaxForward,
  logSoftmaxBackward,
});
