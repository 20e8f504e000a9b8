/** Exercises of the two small losses that keep a router in order. */
import { Tensor, tensor as toTensor } from '#tensor';
import {
  agrees,
  exercise,
  gradientAgrees,
  gradientOf,
  integer,
  mean,
  property,
  pure,
  range,
  softmax,
  staysFinite,
  tensor,
  topic,
  valueOf,
  Var,
  VarTensor,
  type Lifted,
} from '../engine/index.ts';
import {
  balanceOf,
  chosenBy,
  filled,
  fromRows,
  gatesOf,
  logSumExp,
  rowsIn,
  rowsOf,
  sharesOf,
  zOf,
} from './definitions.ts';

const sizes = { T: [1, 6], E: [1, 5] } as const;

// Shares

type Counted = { chosen: number[][]; experts: number };
const drawnChoice = { preference: tensor('T', 'E'), k: integer(1, 3) };
const counts = ({ chosen, experts }: Counted, among = (slot: number) => slot >= 0): number[] =>
  range(experts, (e) => chosen.flatMap((row) => row.filter((c, s) => c === e && among(s))).length);
const shared = (f: (n: number[], i: Counted) => number[]) => (i: Counted) => toTensor(f(counts(i), i));

const assignmentFractions = exercise<typeof drawnChoice, Counted>({
  points: 1,
  inputs: drawnChoice,
  sizes,
  derive: ({ preference, k }) => {
    const experts = preference.shape[1]!;
    return { chosen: chosenBy(preference, Math.min(k, experts)), experts };
  },
  parameters: ['chosen', 'experts'],
  oracle: ({ chosen, experts }) => toTensor(sharesOf(chosen, experts)),
  checks: [agrees({ cases: 20 }), pure({ cases: 3 })],
  examples: [
    { chosen: [[0, 2], [2, 0], [1, 2], [0, 1]], experts: 4 }, // prettier-ignore
    { chosen: [[0], [0], [1]], experts: 3 },
    { chosen: [[2, 0, 1], [2, 1, 3]], experts: 5 }, // prettier-ignore
  ],
  misconceptions: {
    'shares of the tokens': {
      wrong: shared((n, { chosen }) => n.map((c) => c / chosen.length)),
      says: 'You divide by the number of tokens, and with k = 2 your shares sum to 2. Each token makes k assignments; the shares are of those.',
    },
    'counts instead of shares': {
      wrong: shared((n) => n),
      says: 'You count, but do not divide. The shares sum to 1.',
    },
    'first choices only': {
      wrong: (i) => toTensor(counts(i, (slot) => slot === 0).map((c) => c / i.chosen.length)),
      says: 'You count first choices only. All k choices of a token are assignments.',
    },
    'first choices among all assignments': {
      wrong: (i) => toTensor(counts(i, (slot) => slot === 0).map((c) => c / i.chosen.flat().length)),
      says: 'You count first choices only, and divide by all assignments. All k choices of a token count.',
    },
    'divided by the number of experts': {
      wrong: shared((n, { experts }) => n.map((c) => c / experts)),
      says: 'You divide by the number of experts. A share is a part of all assignments.',
    },
    'times E already': {
      wrong: shared((n, { chosen, experts }) => n.map((c) => (c * experts) / chosen.flat().length)),
      says: 'Your shares sum to E. The factor E belongs to the loss, and comes there once.',
    },
    'idle experts left out': {
      wrong: shared((n, { chosen }) => n.filter((c) => c > 0).map((c) => c / chosen.flat().length)),
      says: 'Experts that nobody chose have no entry, and the others move up. Their share is 0.',
    },
    'as many as were chosen': {
      wrong: shared((n, { chosen }) => n.slice(0, Math.max(...chosen.flat()) + 1).map((c) => c / chosen.flat().length)),
      says: 'Your list ends with the largest number in chosen. It has an entry for each of the experts; the last ones may have a share of 0.',
    },
    'everybody alike': {
      wrong: shared((n) => n.map(() => 1 / n.length)),
      says: 'Your shares are all 1/E, whoever was chosen. That is what the loss hopes for; count what happened.',
    },
  },
  hints: [
    'Count how often each expert’s number occurs, anywhere in chosen.',
    'E counts that sum to T · k. chosen.flat() is one list of all assignments.',
    'counts[e] += 1 for each; then divide all by how many there were.',
  ],
});

// The balance loss

type Balanced = { logits: Tensor; chosen: number[][] };
type LiftedBalanced = { logits: VarTensor; chosen: number[][] };
const drawnBalance = { logits: tensor('T', 'E', { min: -3, max: 3 }), k: integer(1, 3) };
const routed = ({ logits, k }: { logits: Tensor; k: number }): Balanced => ({
  logits,
  chosen: chosenBy(logits, Math.min(k, logits.shape[1]!)),
});
const someLogits = [
  toTensor([[2, 0.5, -1, 1], [1.5, 0, 1, -2], [3, 0.25, 0, 1], [-1, 2, 0.5, 0], [0.5, 2.5, -1, 1]]), // prettier-ignore
  toTensor([[1, -0.5, 2], [0, 1.5, 2.5], [2, 0.5, 0.25], [1, 0, 3]]), // prettier-ignore
  toTensor([[0, 1.5, -1, 0.5, 2], [1, 2, 0.5, -2, 0], [0.5, 0, 1, 3, -1]]), // prettier-ignore
];
const balances = someLogits.map((logits, n) => routed({ logits, k: [1, 2, 3][n]! }));

const loss = (f: (i: LiftedBalanced) => Var) => (i: LiftedBalanced) => ({ loss: f(i) });
const lossValue = (f: (i: LiftedBalanced) => Var) => valueOf(loss(f), { plain: ['chosen'] });
const numbersOf = (i: Balanced) => ({ p: rowsIn(i.logits).map(soft), f: sharesOf(i.chosen, i.logits.shape[1]!) });
const soft = (row: number[]) => {
  const e = row.map((v) => Math.exp(v - Math.max(...row)));
  return e.map((v) => v / e.reduce((a, b) => a + b, 0));
};
const meanOf = (rows: number[][]) =>
  range(rows[0]!.length, (e) => rows.reduce((a, row) => a + row[e]!, 0) / rows.length);
const total = (list: number[]) => list.reduce((a, b) => a + b, 0);
const product = (a: number[], b: number[]) => total(a.map((v, e) => v * b[e]!));
/** A loss from the probabilities (T, E) and the shares. */
const balanced =
  (f: (p: number[][], f: number[], i: Balanced) => number) =>
  (i: Balanced): { loss: number } => {
    const { p, f: shares } = numbersOf(i);
    return { loss: f(p, shares, i) };
  };

const balanceLossForward = exercise<typeof drawnBalance, Balanced>({
  points: 2,
  inputs: drawnBalance,
  sizes,
  derive: routed,
  parameters: ['logits', 'chosen'],
  uses: ['assignmentFractions'],
  oracle: lossValue(({ logits, chosen }) => balanceOf(logits, chosen)),
  checks: [
    agrees({ cases: 20 }),
    property<Balanced>('with all logits of a token equal it is 1, whoever was chosen', {
      cases: 5,
      runs: (i) => ({ even: { ...i, logits: i.logits.map((_, at) => Math.floor(at / i.logits.shape[1]!) / 4) } }),
      holds: ({ even }: { even: { loss: number } }) => Math.abs(even.loss - 1) < 1e-9,
    }),
    staysFinite({ cases: 4 }),
    pure({ cases: 3 }),
  ],
  examples: balances,
  misconceptions: {
    'E left out': {
      wrong: balanced((p, f) => product(f, meanOf(p))),
      says: 'Your loss lacks the factor E. With it an even load gives 1, however many experts there are.',
    },
    'shares of the tokens': {
      wrong: balanced((p, f, { chosen }) => p[0]!.length * product(f, meanOf(p)) * chosen[0]!.length),
      says: 'Your f sums to k: those are shares of the tokens. They are shares of the T · k assignments.',
    },
    'first choices only': {
      wrong: balanced((p, _, { chosen }) => p[0]!.length * product(sharesOf(chosen.map((row) => [row[0]!]), p[0]!.length), meanOf(p))), // prettier-ignore
      says: 'Your f counts first choices only. With k > 1 all choices are assignments.',
    },
    'the probabilities of the chosen only': {
      wrong: balanced((p, f, { chosen }) => p[0]!.length * product(f, meanOf(p.map((row, t) => row.map((v, e) => (chosen[t]!.includes(e) ? v : 0)))))), // prettier-ignore
      says: 'Your P averages the probabilities of chosen experts only. It is the mean of the whole softmax, chosen or not.',
    },
    'P from the renormalised gates': {
      wrong: lossValue(({ logits, chosen }) => {
        const [T, E] = logits.shape as [number, number];
        const gates = rowsOf(gatesOf(logits, chosen, 'renormalised'));
        const f = sharesOf(chosen, E);
        const P = (e: number) =>
          mean(range(T, (t) => (chosen[t]!.includes(e) ? gates[t]![chosen[t]!.indexOf(e)]! : new Var(0))));
        return range(E, (e) => P(e).mul(f[e]! * E)).reduce((a, b) => a.add(b));
      }),
      says: 'Your P is made of renormalised gates. With k = 1 those are always 1, and there would be nothing to learn from. It is made of the softmax over all E.',
    },
    'counts only': {
      wrong: balanced((p, f) => p[0]!.length * product(f, f)),
      says: 'Your loss is made of counts alone, E Σ f². It says how uneven the load is, but counts have no gradient. One of the two factors is P.',
    },
    'probabilities only': {
      wrong: balanced((p) => p[0]!.length * product(meanOf(p), meanOf(p))),
      says: 'Your loss is E Σ P², and chosen changes nothing in it. One of the two factors is f, what really happened.',
    },
    'softmax over the tokens': {
      wrong: (i) =>
        balanced((_, f) => f.length * product(f, meanOf(rowsIn(fromRows(rowsIn(i.logits.T).map(soft)).T))))(i),
      says: 'Your softmax runs over the tokens. Experts compete for a token: each row sums to 1.',
    },
    'summed over the tokens': {
      wrong: balanced((p, f) => p[0]!.length * p.length * product(f, meanOf(p))),
      says: 'Your P is a sum over the tokens, and the loss grows with the batch. It is a mean.',
    },
    'the mean over the experts': {
      wrong: balanced((p, f) => product(f, meanOf(p)) / p[0]!.length),
      says: 'You take the mean of f P over the experts. It is E times their sum.',
    },
    'token by token': {
      wrong: balanced((p, _, { chosen }) => p[0]!.length * (total(p.map((row, t) => total(chosen[t]!.map((e) => row[e]!)))) / chosen.flat().length)), // prettier-ignore
      says: 'You multiply each token’s choices by its own probabilities. First each expert is averaged over all tokens, f by itself and P by itself; then they meet.',
    },
    'less 1': {
      wrong: balanced((p, f) => p[0]!.length * product(f, meanOf(p)) - 1),
      says: 'You have subtracted 1. That changes no gradient; but the loss is what the docstring says.',
    },
    'softmax twice': {
      wrong: balanced((p, f) => p[0]!.length * product(f, meanOf(p.map(soft)))),
      says: 'You take a softmax of probabilities: nearly flat, whatever the router thinks. One is enough.',
    },
    'softmax of the mean logits': {
      wrong: balanced((_, f, { logits }) => f.length * product(f, soft(meanOf(rowsIn(logits))))),
      says: 'You average the logits and take one softmax. It is the mean of the tokens’ softmaxes: softmax first, then the mean.',
    },
    'the logits for the softmax': {
      wrong: balanced((p, f, { logits }) => p[0]!.length * product(f, meanOf(rowsIn(logits)))),
      says: 'Your P is a mean of logits. Probabilities are asked for.',
    },
  },
  hints: [
    'Two lists with an entry for each expert: what share of the assignments it got, and what probability it had on average.',
    'softmax (T, E), its mean over the tokens (E), f (E). The loss is one number.',
    'E · Σ_e f_e P_e: the dot product of the two, times E. Keep the probabilities and f.',
    'E * fractions.dot(probabilities.mean(0))',
  ],
});

type BalancedBack = Balanced;
const balanceGradient = (f: (i: LiftedBalanced) => Var) =>
  gradientOf<LiftedBalanced>(f, { wrt: 'logits', plain: ['chosen'] });
const balanceOracle = balanceGradient(({ logits, chosen }) => balanceOf(logits, chosen));
/** dlogits by rows, from a row of probabilities and what is at hand. */
const pulled =
  (f: (p: number[], shares: number[], i: Balanced, t: number) => number[]) =>
  (i: BalancedBack): Tensor => {
    const { p, f: shares } = numbersOf(i);
    return fromRows(p.map((row, t) => f(row, shares, i, t)));
  };
const throughSoftmax = (d: number[], s: number[]) => {
  const common = product(d, s);
  return d.map((v, e) => s[e]! * (v - common));
};
const upstream = (f: number[], T: number) => f.map((v) => (v * f.length) / T);
const tokensOf = (i: Balanced) => i.chosen.length;

const balanceLossBackward = exercise<typeof drawnBalance, Balanced>({
  points: 2,
  inputs: drawnBalance,
  sizes,
  derive: routed,
  parameters: [],
  backwardOf: { forward: 'balanceLossForward', takes: ['logits', 'chosen'] },
  oracle: balanceOracle,
  checks: [
    gradientAgrees({ cases: 20 }),
    property<Balanced>('the gradient of each token sums to 0', {
      cases: 4,
      holds: ({ y }: { y: Tensor }) => rowsIn(y).every((row) => Math.abs(total(row)) < 1e-9),
    }),
  ],
  examples: balances,
  misconceptions: {
    'no gradient': {
      wrong: pulled((p) => p.map(() => 0)),
      says: 'Your gradient is 0. Counts have none, but the other factor, P, has: it moves with every logit.',
    },
    'E left out': {
      wrong: pulled((p, f, i) =>
        throughSoftmax(
          upstream(f, tokensOf(i)).map((v) => v / p.length),
          p,
        ),
      ),
      says: 'Your gradient is E times too small. In front of the loss stands a factor E, and its mean runs over the tokens alone, not over the experts.',
    },
    'the mean forgotten': {
      wrong: pulled((p, f) => throughSoftmax(upstream(f, 1), p)),
      says: 'Your gradient is T times too large. P is a mean over the tokens, so each has a part of 1/T in it.',
    },
    'divided by all assignments': {
      wrong: pulled((p, f, i) => throughSoftmax(upstream(f, i.chosen.flat().length), p)),
      says: 'You divide by T · k. P is a mean over the T tokens; the k was needed for f only.',
    },
    'softmax passed over': {
      wrong: pulled((_, f, i) => upstream(f, tokensOf(i))),
      says: 'You stop at the probabilities. Between them and the logits stands a softmax.',
    },
    'only s(1 − s)': {
      wrong: pulled((p, f, i) => upstream(f, tokensOf(i)).map((v, e) => v * p[e]! * (1 - p[e]!))),
      says: 'Each probability hears only its own logit. In a softmax all logits move all results: softmaxBackward of chapter 2 knows.',
    },
    'the softmax’s sum left out': {
      wrong: pulled((p, f, i) => upstream(f, tokensOf(i)).map((v, e) => v * p[e]!)),
      says: 'You multiply by the probabilities and stop. The softmax’s way back subtracts what the token meets on average, Σ_j f_j p_tj: softmaxBackward of chapter 2 knows.',
    },
    'P for f': {
      wrong: (i) => {
        const P = meanOf(numbersOf(i).p);
        return pulled((p) => throughSoftmax(upstream(P, tokensOf(i)), p))(i);
      },
      says: 'You send P back where f belongs. The derivative of a product f · P by P is the other factor.',
    },
    'both factors differentiated': {
      wrong: (i) => {
        const P = meanOf(numbersOf(i).p);
        return pulled((p, f) => throughSoftmax(upstream(f.map((v, e) => v + P[e]!), tokensOf(i)), p))(i); // prettier-ignore
      },
      says: 'You differentiate f as if it were P. Counts do not move when a logit moves a little: f is a constant.',
    },
    'to the chosen only': {
      wrong: pulled((p, f, i, t) => throughSoftmax(upstream(f, tokensOf(i)), p).map((v, e) => (i.chosen[t]!.includes(e) ? v : 0))), // prettier-ignore
      says: 'Experts that a token did not choose get no gradient from it. But their probability is part of P, and they are just the ones to be pulled up.',
    },
    'each token’s own choices': {
      wrong: pulled((p, _, i, t) => throughSoftmax(upstream(sharesOf([i.chosen[t]!], p.length), tokensOf(i)), p)),
      says: 'You take for f what each token chose itself. f is the share over all tokens, the same for every row.',
    },
    'the sign turned': {
      wrong: (i) => (balanceOracle(i) as Tensor).neg(),
      says: 'Your sign is turned: going down along this gradient would give the busiest expert still more.',
    },
  },
  hints: [
    'Only P moves with the logits, and P is a mean of softmaxes.',
    'dp (T, E) has the same row for every token: E f / T. Then softmaxBackward, with the probabilities (T, E).',
    'fractions.mul(E / T), broadcast to (T, E), is the upstream gradient of the probabilities.',
    'softmaxBackward(fractions.mul(E / T).broadcastTo([T, E]), { y: probabilities })',
  ],
});

// The z-loss

type Logits = { logits: Tensor };
type LiftedLogits = Lifted<Logits>;
const drawnLogits = { logits: tensor('T', 'E', { min: -4, max: 4 }) };
const zExamples = [...someLogits, filled(5, 3, 2).mul(4)].map((logits) => ({ logits }));
const zValue = (f: (rows: Var[][], i: LiftedLogits) => Var) =>
  valueOf((i: LiftedLogits) => ({ loss: f(rowsOf(i.logits), i) }));
const squares = (rows: Var[][]) => rows.map((row) => logSumExp(row).pow(2));
const extremes = () => [
  { logits: toTensor([[1000, 0, -1000], [999, 1000, 998]]) }, // prettier-ignore
  { logits: toTensor([[-1000, -1001], [-999, -1000]]) }, // prettier-ignore
  { logits: toTensor([[1000, 999], [-1000, -1001]]) }, // prettier-ignore
  { logits: toTensor([[-999, -1000], [900, 1000]]) }, // prettier-ignore
  { logits: toTensor([[-1000, 0, 1000]]) },
];

const zLossForward = exercise<typeof drawnLogits, Logits>({
  points: 2,
  inputs: drawnLogits,
  sizes,
  oracle: zValue((_, i) => zOf(i.logits)),
  checks: [agrees({ cases: 20 }), staysFinite({ fixed: extremes }), pure({ cases: 3 })],
  examples: zExamples,
  misconceptions: {
    'not squared': {
      wrong: zValue((rows) => mean(rows.map(logSumExp))),
      says: 'You average log Σ e^x itself. Not squared, it could be lowered for ever; squared, it is pulled towards 0.',
    },
    'squared after the mean': {
      wrong: zValue((rows) => mean(rows.map(logSumExp)).pow(2)),
      says: 'You average first and square the mean, where tokens with positive and negative z cancel. Square each token’s, then average.',
    },
    'summed over the tokens': {
      wrong: zValue((rows) => mean(squares(rows)).mul(rows.length)),
      says: 'Your loss is a sum over the tokens. It is their mean.',
    },
    halved: {
      wrong: zValue((rows) => mean(squares(rows)).div(2)),
      says: 'Your loss is half of what it should be: there is no ½ in front.',
    },
    'log left out': {
      wrong: zValue((rows) => mean(rows.map((row) => row.map((v) => v.exp()).reduce((a, b) => a.add(b)).pow(2)))), // prettier-ignore
      says: 'You square Σ e^x. Its logarithm is squared.',
    },
    'the shift not given back': {
      wrong: zValue((rows) => mean(rows.map((row) => logSumExp(row).sub(Math.max(...row.map((v) => v.value))).pow(2)))), // prettier-ignore
      says: 'You subtract the largest logit so that nothing overflows, and do not add it again. In a softmax it cancels; in log Σ e^x it does not.',
    },
    'the largest logit only': {
      wrong: zValue((rows) => mean(rows.map((row) => row.reduce((a, b) => (b.value > a.value ? b : a)).pow(2)))),
      says: 'You square the largest logit. log Σ e^x is near it, and a little larger.',
    },
    'softmax first': {
      wrong: zValue((rows) => mean(squares(rows.map(softmax)))),
      says: 'You take log Σ e^x of the probabilities. x are the logits themselves: of a softmax’s result the size is gone, and it is the size that counts here.',
    },
    'squared logits': {
      wrong: zValue((rows) => mean(rows.flat().map((v) => v.pow(2)))),
      says: 'Your loss is the mean of the squared logits. Asked for is the square of each token’s log Σ e^x.',
    },
    'squared logits, summed over the experts': {
      wrong: zValue((rows) => mean(rows.map((row) => row.map((v) => v.pow(2)).reduce((a, b) => a.add(b))))),
      says: 'Your loss is made of the squared logits. Asked for is the square of each token’s log Σ e^x.',
    },
    'over the tokens': {
      wrong: zValue((rows) => mean(squares(range(rows[0]!.length, (e) => rows.map((row) => row[e]!))))),
      says: 'You sum e^x over the tokens, one z for each expert. It is one for each token, over its experts.',
    },
    'over everything at once': {
      wrong: zValue((rows) => logSumExp(rows.flat()).pow(2)),
      says: 'You sum e^x over all tokens at once. Each token has a z of its own.',
    },
    'the mean of e^x': {
      wrong: zValue((rows) => mean(rows.map((row) => logSumExp(row).sub(Math.log(row.length)).pow(2)))),
      says: 'You take the logarithm of the mean of e^x. It is that of the sum.',
    },
    'one largest for all tokens': {
      wrong: zValue((rows) => {
        const m = Math.max(...rows.flat().map((v) => v.value));
        return mean(rows.map((row) => row.map((v) => v.sub(m).exp()).reduce((a, b) => a.add(b)).log().add(m).pow(2))); // prettier-ignore
      }),
      says: 'You take the largest logit of all tokens out of each. Beside a token with 1000, one with −1000 has a sum of 0, and no logarithm. Each row has a largest of its own.',
    },
    overflow: {
      wrong: zValue((rows) => mean(rows.map((row) => row.map((v) => v.exp()).reduce((a, b) => a.add(b)).log().pow(2)))), // prettier-ignore
      says: 'e^1000 is Infinity, and the logarithm comes too late. Take the largest logit of the token out first, and give it back behind the logarithm.',
    },
  },
  hints: [
    'Each token has one number z that says how large its logits are, all of them together.',
    'largest (T, 1) with keepDims, e^(logits − largest) (T, E), its sum over the experts (T, 1).',
    'log Σ e^x = m + log Σ e^(x − m), with m the largest of the row. Keep the probabilities e / Σ e, and z as (T, 1).',
    'const logSum = total.log().add(largest); loss: logSum.square().mean().item(), where total is logits.sub(largest).exp().sum(1, { keepDims: true })',
  ],
});

const zOracle = gradientOf<LiftedLogits>(({ logits }) => zOf(logits), { wrt: 'logits' });
/** dlogits by rows: from a token's probabilities, its z, its logits, and T. */
const zBack =
  (f: (p: number[], z: number, row: number[], T: number) => number[]) =>
  ({ logits }: Logits): Tensor =>
    fromRows(
      rowsIn(logits).map((row) => {
        const m = Math.max(...row);
        const z = m + Math.log(total(row.map((v) => Math.exp(v - m))));
        return f(soft(row), z, row, logits.shape[0]!);
      }),
    );

const zLossBackward = exercise<typeof drawnLogits, Logits>({
  points: 1,
  inputs: drawnLogits,
  sizes,
  parameters: [],
  backwardOf: { forward: 'zLossForward', takes: ['logits'] },
  oracle: zOracle,
  checks: [gradientAgrees({ cases: 20 }), staysFinite({ fixed: extremes })],
  examples: zExamples,
  misconceptions: {
    '2 left out': {
      wrong: zBack((p, z, _, T) => p.map((v) => (v * z) / T)),
      says: 'Your gradient is half of what it should be: the derivative of a square has a 2.',
    },
    'the mean forgotten': {
      wrong: zBack((p, z) => p.map((v) => 2 * v * z)),
      says: 'Your gradient is T times too large. The loss is a mean over the tokens.',
    },
    'divided by all numbers': {
      wrong: zBack((p, z, _, T) => p.map((v) => (2 * v * z) / (T * p.length))),
      says: 'You divide by T · E. The mean runs over the T tokens: z has one entry for each.',
    },
    'z left out': {
      wrong: zBack((p, _z, _row, T) => p.map((v) => (2 * v) / T)),
      says: 'Your gradient is that of z, not that of its square: z itself is missing from the product.',
    },
    'softmax left out': {
      wrong: zBack((p, z, _, T) => p.map(() => (2 * z) / T)),
      says: 'Every expert gets the same from you. The derivative of log Σ e^x by x_e is the softmax of x at e.',
    },
    'the logits for the softmax': {
      wrong: zBack((p, z, row, T) => p.map((_, e) => (2 * z * row[e]!) / T)),
      says: 'You multiply z by the logits. The derivative of log Σ e^x is the softmax.',
    },
    'back through the softmax too': {
      wrong: zBack((p, z, _, T) =>
        throughSoftmax(
          p.map((v) => (2 * z * v) / T),
          p,
        ),
      ),
      says: 'You go back through a softmax. There is none in the forward pass: it appears as the derivative of log Σ e^x.',
    },
    'the squared z': {
      wrong: zBack((p, z, _, T) => p.map((v) => (2 * v * z * z) / T)),
      says: 'You multiply by z². The derivative of z² is 2 z.',
    },
    'the sign turned': {
      wrong: (i) => (zOracle(i) as Tensor).neg(),
      says: 'Your sign is turned: going down along this gradient would make the logits larger.',
    },
  },
  hints: [
    'A chain of three: the mean, the square, log Σ e^x.',
    'z is (T, 1) and the probabilities (T, E): multiplied, each row by its own z.',
    '(2/T) · z_t · softmax(logits)[t, e], and both factors lie in the cache.',
  ],
});

export const balance = topic('balance', 'Balance', {
  assignmentFractions,
  balanceLossForward,
  balanceLossBackward,
  zLossForward,
  zLossBackward,
});
