/** Exercises of the router: noisy logits, the choice, the gates. */
import { Tensor, tensor as toTensor, zeros } from '#tensor';
import {
  agrees,
  choice,
  dot,
  exercise,
  gradientAgrees,
  gradientOf,
  integer,
  property,
  pure,
  range,
  rejects,
  softmax,
  staysFinite,
  table,
  tensor,
  topic,
  valueOf,
  Var,
  VarTensor,
  type Lifted,
} from '../engine/index.ts';
import {
  chosenBy,
  filled,
  fromRows,
  gatesOf,
  largest,
  rowsIn,
  rowsOf,
  small,
  unheard,
  type GateForm,
} from './definitions.ts';

// Noisy logits

type Noisy = { x: Tensor; wGate: Tensor; wNoise: Tensor; noise: Tensor };
type LiftedNoisy = Lifted<Omit<Noisy, 'noise'>> & Pick<Noisy, 'noise'>;

const sizes = { T: [1, 5], C: [1, 4], E: [1, 5] } as const;
const noisyInputs = {
  x: tensor('T', 'C'),
  wGate: tensor('E', 'C', small),
  wNoise: tensor('E', 'C', small),
  noise: tensor('T', 'E'),
};
const someNoise = (seed: number, T: number, C: number, E: number): Noisy => ({
  x: filled(seed, T, C).mul(2),
  wGate: filled(seed + 1, E, C),
  wNoise: filled(seed + 2, E, C),
  noise: filled(seed + 3, T, E).mul(2),
});
const noisyExamples = [someNoise(3, 4, 3, 2), someNoise(31, 3, 2, 4)];

/** log(1 + e^z) = max(z, 0) + log(1 + e^−|z|) */
const softplus = (z: Var): Var => {
  const rest = (z.value > 0 ? z.neg() : z).exp().add(1).log();
  return z.value > 0 ? z.add(rest) : rest;
};
const times = (x: VarTensor, w: VarTensor): VarTensor => {
  const [tokens, rows] = [rowsOf(x), rowsOf(w)];
  return table([tokens.length, rows.length], (t, e) => dot(tokens[t!]!, rows[e!]!));
};

/** One logit from its two products and its noise; slips are other ways. */
type Logit = (clean: Var, size: Var, noise: number) => Var;
const logit: Logit = (clean, size, noise) => clean.add(softplus(size).mul(noise));
const noisy = (f: Logit, how: (i: LiftedNoisy) => [VarTensor, VarTensor]) => (i: LiftedNoisy) => {
  const [clean, size] = how(i);
  return { logits: table(clean.shape, (t, e) => f(clean.at(t!, e!), size.at(t!, e!), i.noise.at(t!, e!))) };
};
const products = (i: LiftedNoisy): [VarTensor, VarTensor] => [times(i.x, i.wGate), times(i.x, i.wNoise)];
const noisyValue = (f: Logit, how = products) => valueOf(noisy(f, how), { plain: ['noise'] });

const noisyLogitsForward = exercise<typeof noisyInputs, Noisy>({
  points: 2,
  inputs: noisyInputs,
  sizes,
  oracle: noisyValue(logit),
  checks: [
    agrees({ cases: 14 }),
    staysFinite({ cases: 5 }),
    pure({ cases: 3 }),
    rejects('noise or a noise matrix that does not fit', [
      { ...someNoise(1, 3, 2, 4), noise: zeros(1, 4) },
      { ...someNoise(1, 3, 2, 4), noise: zeros(3, 1) },
      { ...someNoise(1, 3, 2, 4), wNoise: zeros(1, 2) },
      { ...someNoise(1, 3, 2, 4), x: zeros(3, 3) },
    ]),
  ],
  examples: noisyExamples,
  misconceptions: {
    'noise of one size': {
      wrong: noisyValue((clean, _, n) => clean.add(n)),
      says: 'You add the noise as it is given: wNoise changes nothing. How much noise there is depends on the token, through x wNoiseᵀ.',
    },
    'noise left out': {
      wrong: noisyValue((clean) => clean),
      says: 'Your logits are those without noise. Where noise is given, it is added, each number times its own size.',
    },
    'softplus left out': {
      wrong: noisyValue((clean, size, n) => clean.add(size.mul(n))),
      says: 'You multiply the noise by x wNoiseᵀ itself. Softplus makes a size of it, which is never negative.',
    },
    'softplus over the product': {
      wrong: noisyValue((clean, size, n) => clean.add(softplus(size.mul(n)))),
      says: 'You put the noise inside softplus, so that it can only ever push up. Softplus makes the size; the noise, with its sign, stands outside.',
    },
    'noise added to the size': {
      wrong: noisyValue((clean, size, n) => clean.add(softplus(size.add(n)))),
      says: 'You add the noise to x wNoiseᵀ and then take softplus. With noise 0 the logits would still be changed; the noise multiplies the size.',
    },
    'softplus always added': {
      wrong: noisyValue((clean, size, n) => clean.add(softplus(size)).add(n)),
      says: 'You add the size and the noise side by side. The size is a factor of the noise: without noise there is none of it.',
    },
    'sigmoid for softplus': {
      wrong: noisyValue((clean, size, n) => clean.add(size.sigmoid().mul(n))),
      says: 'Your size of the noise is a sigmoid, which never exceeds 1. That is softplus’s slope; softplus itself is log(1 + e^z).',
    },
    'ReLU for softplus': {
      wrong: noisyValue((clean, size, n) => clean.add(size.relu().mul(n))),
      says: 'Your size of the noise is a ReLU. It is 0 wherever x wNoiseᵀ is negative, and no gradient could bring the noise back. Softplus has its corner rounded.',
    },
    'exp for softplus': {
      wrong: noisyValue((clean, size, n) => clean.add(size.exp().mul(n))),
      says: 'Your size of the noise is e^z, which runs away. Softplus is log(1 + e^z).',
    },
    'noise on everything': {
      wrong: noisyValue((clean, size, n) => clean.add(softplus(size)).mul(n)),
      says: 'You multiply the clean logits by the noise too: with noise 0, when the model is used, all experts would be alike.',
    },
    'noise subtracted': {
      wrong: noisyValue((clean, size, n) => clean.sub(softplus(size).mul(n))),
      says: 'You subtract the noise. Noise has no preferred sign, but the one that is given is to be added.',
    },
    'matrices exchanged': {
      wrong: noisyValue(logit, (i) => [times(i.x, i.wNoise), times(i.x, i.wGate)]),
      says: 'wNoise gives your logits, and wGate the size of their noise. It is the other way round.',
    },
    'the size from wGate': {
      wrong: noisyValue(logit, (i) => [times(i.x, i.wGate), times(i.x, i.wGate)]),
      says: 'The size of your noise comes from the clean logits. It has a matrix of its own, wNoise.',
    },
    'noise as a factor': {
      wrong: noisyValue((clean, size, n) => clean.mul(softplus(size).mul(n))),
      says: 'You multiply the logits by their noise. It is added: with noise 0 the clean logits stay.',
    },
    'softplus that overflows': {
      wrong: noisyValue((clean, size, n) => clean.add(size.exp().add(1).log().mul(n))),
      says: 'For large tokens e^z is Infinity. softplusForward of chapter 2 knows a form that does not overflow.',
    },
  },
  hints: [
    'Two products with x: one says how good each expert is, the other how unsure we are about it.',
    'x (T, C) times wᵀ (C, E) gives (T, E), twice; noise is (T, E) too, and everything else is entry by entry.',
    'clean + noise ⊙ softplus(x wNoiseᵀ). Compare shapes yourself before you multiply: a noise of (1, E) would be broadcast without a word.',
    'const { y: size, cache: softplus } = softplusForward(x.matmul(wNoise.T)); logits: x.matmul(wGate.T).add(noise.mul(size))',
  ],
});

const noisyGradient = (f: Logit, how = products) =>
  gradientOf<LiftedNoisy>(noisy(f, how), {
    upstream: { logits: 'dlogits' },
    wrt: { dx: 'x', dwGate: 'wGate', dwNoise: 'wNoise' },
    plain: ['noise'],
  });
const noisyOracle = noisyGradient(logit);
/** The values of `right`, the slope of `taken`. */
const sloped = (right: Var, taken: Var): Var => new Var(right.value, [taken], [1]);
const stillVar = (v: Var): Var => new Var(v.value);

const noisyBackInputs = { dlogits: tensor('T', 'E'), ...noisyInputs };
const noisyLogitsBackward = exercise<typeof noisyBackInputs, Noisy & { dlogits: Tensor }>({
  points: 2,
  inputs: noisyBackInputs,
  sizes,
  parameters: ['dlogits'],
  backwardOf: { forward: 'noisyLogitsForward', takes: ['x', 'wGate', 'wNoise', 'noise'] },
  oracle: noisyOracle,
  checks: [gradientAgrees({ upstream: ['dlogits'], cases: 14 }), pure({ cases: 3 })],
  examples: noisyExamples.map((e, k) => ({ dlogits: filled(90 + k, ...e.noise.shape), ...e })),
  misconceptions: {
    'noise forgotten on the way back': {
      wrong: noisyGradient((clean, size, n) => sloped(clean.add(softplus(size).mul(n)), clean.add(softplus(size)))),
      says: 'What goes back to wNoise was not multiplied by the noise. On the way there it was a factor; factors meet the gradient again.',
    },
    'the noise twice': {
      wrong: noisyGradient((clean, size, n) => sloped(logit(clean, size, n), clean.add(softplus(size).mul(n * n)))),
      says: 'The noise meets what goes back to wNoise twice. It was a factor once.',
    },
    'softplus passed over': {
      wrong: noisyGradient((clean, size, n) => sloped(clean, clean.add(size.mul(n)))),
      says: 'Your gradient goes through softplus as if it were straight. Its slope is the sigmoid of what went in.',
    },
    'the sigmoid’s slope for softplus': {
      wrong: noisyGradient((clean, size, n) => sloped(clean, clean.add(size.sigmoid().mul(n)))),
      says: 'You multiply by σ(1 − σ), one derivative too far. The slope of softplus is σ itself.',
    },
    'softplus for its slope': {
      wrong: noisyGradient((clean, size, n) => sloped(clean, clean.add(size.mul(n * softplus(size).value)))),
      says: 'You multiply by softplus where its slope belongs.',
    },
    'slope at what came out': {
      wrong: noisyGradient((clean, size, n) => {
        const out = softplus(size).value;
        return sloped(clean, clean.add(size.mul(n / (1 + Math.exp(-out)))));
      }),
      says: 'You take softplus’s slope at its output. It belongs to what went in.',
    },
    'dx through the gate only': {
      wrong: (i) => ({
        ...(noisyOracle(i) as object),
        dx: (noisyGradient(logit, (j) => [times(j.x, j.wGate), times(unheard(j.x), j.wNoise)])(i) as Noisy & { dx: Tensor }).dx, // prettier-ignore
      }),
      says: 'Your dx has come back through wGate alone. The token also decided how much noise there is.',
    },
    'dx through the noise only': {
      wrong: (i) => ({
        ...(noisyOracle(i) as object),
        dx: (noisyGradient(logit, (j) => [times(unheard(j.x), j.wGate), times(j.x, j.wNoise)])(i) as Noisy & { dx: Tensor }).dx, // prettier-ignore
      }),
      says: 'Your dx has come back through wNoise alone. The clean logits were made of x too.',
    },
    'the matrices’ gradients exchanged': {
      wrong: (i) => {
        const { dx, dwGate, dwNoise } = noisyOracle(i) as Record<string, Tensor>;
        return { dx, dwGate: dwNoise, dwNoise: dwGate };
      },
      says: 'What you return as dwGate is the gradient of wNoise, and the other way round.',
    },
    'wNoise gets nothing': {
      wrong: noisyGradient((clean, size, n) => logit(clean, stillVar(size), n)),
      says: 'Your dwNoise is 0. The noise is a constant; how large it is made is not.',
    },
    'both matrices alike': {
      wrong: (i) => {
        const { dx, dwGate } = noisyOracle(i) as Record<string, Tensor>;
        return { dx, dwGate, dwNoise: dwGate };
      },
      says: 'wNoise gets the gradient of wGate. Between it and the logits stand the noise and softplus.',
    },
    'averaged over the tokens': {
      wrong: (i) => {
        const { dx, dwGate, dwNoise } = noisyOracle(i) as Record<string, Tensor>;
        const T = i.x.shape[0]!;
        return { dx, dwGate: dwGate!.div(T), dwNoise: dwNoise!.div(T) };
      },
      says: 'The matrices’ gradients are divided by the number of tokens. If the loss is a mean, dlogits knows it already.',
    },
  },
  hints: [
    'A sum of two roads: dlogits goes back along both, and x is at the end of both.',
    'Call what comes back before softplus draw, (T, E). Then both matrices are linear layers without bias: dw = (T, E)ᵀ (T, C).',
    'draw = (dlogits ⊙ noise) back through softplus. dx = dlogits wGate + draw wNoise, dwGate = dlogitsᵀ x, dwNoise = drawᵀ x.',
    'const draw = softplusBackward(dlogits.mul(noise), softplus); dx: dlogits.matmul(wGate).add(draw.matmul(wNoise))',
  ],
});

// The choice

type Choosing = { logits: Tensor; k: number };
const choosing = (f: (row: number[], k: number, logits: Tensor) => number[]) => (i: Choosing) =>
  rowsIn(i.logits).map((row) => f(row, i.k, i.logits));
const asWords = (row: number[]) =>
  range(row.length, (e) => e).sort((a, b) => {
    const [x, y] = [String(row[a]), String(row[b])];
    return x < y ? 1 : x > y ? -1 : a - b;
  });

const chooseExperts = exercise({
  points: 2,
  inputs: { logits: tensor('T', 'E', { min: -3, max: 12, step: 0.5 }), k: integer(1, 4) },
  sizes,
  derive: ({ logits, k }): Choosing => ({ logits, k: Math.min(k, logits.shape[1]!) }),
  parameters: ['logits', 'k'],
  oracle: ({ logits, k }) => {
    const E = logits.shape[1]!;
    if (!(Number.isInteger(k) && k >= 1 && k <= E)) throw new RangeError('k');
    return chosenBy(logits, k);
  },
  checks: [
    agrees({ exact: true, cases: 30 }),
    pure({ cases: 3 }),
    rejects('a k that is not a whole number from 1 to E', [
      { logits: zeros(2, 3), k: 0 },
      { logits: zeros(2, 3), k: 4 },
      { logits: zeros(2, 3), k: -1 },
      { logits: zeros(2, 3), k: 1.5 },
      { logits: zeros(2, 3), k: NaN },
    ]),
  ],
  examples: [
    { logits: toTensor([[1, 3, 2, 3], [0, 0, 0, 0], [-1, -2, -2, -3]]), k: 2 }, // prettier-ignore
    { logits: toTensor([[9, 10, 8.5, 1], [2, 1, 3, 12]]), k: 3 }, // prettier-ignore
    { logits: toTensor([[-3, 1, 2], [4, 4, 0.5], [0, -2, -1]]), k: 2 }, // prettier-ignore
    { logits: toTensor([[1, 1, 3], [2, 5, 0], [1, 0, 0]]), k: 1 }, // prettier-ignore
    { logits: toTensor([[5, 0, 1, 2, 3, 4, 5, 5, 6, 1, 2, 12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]]), k: 12 }, // prettier-ignore
    { logits: toTensor([[0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 7]]), k: 2 }, // prettier-ignore
    { logits: toTensor([[-2000, 3, -900, 800], [5, -1000, 900, -2000]]), k: 3 }, // prettier-ignore
    { logits: toTensor([[-3000, -2000, 1000], [-900, 900, 0]]), k: 3 }, // prettier-ignore
  ],
  misconceptions: {
    'the smallest first': {
      wrong: choosing((row, k) => range(row.length, (e) => e).sort((a, b) => row[a]! - row[b]! || a - b).slice(0, k)), // prettier-ignore
      says: 'You choose the experts with the smallest logits: sort((a, b) => a - b) puts the smallest in front.',
    },
    'the best, by index': {
      wrong: choosing((row, k) => largest(row, k).sort((a, b) => a - b)),
      says: 'The right experts, in the order of their numbers. They stand by falling logit: who comes first is served first when room is short.',
    },
    'the best, worst of them first': {
      wrong: choosing((row, k) => largest(row, k).reverse()),
      says: 'The right experts, but the best of them stands last. By falling logit, it is first.',
    },
    'the later of equal ones': {
      wrong: choosing((row, k) => range(row.length, (e) => e).sort((a, b) => row[b]! - row[a]! || b - a).slice(0, k)), // prettier-ignore
      says: 'Of equal logits you take the larger index first. The docstring prefers the smaller one.',
    },
    'numbers sorted as words': {
      wrong: choosing((row, k) => asWords(row).slice(0, k)),
      says: 'sort() without a comparison turns numbers into words, and "10" comes before "9" in a dictionary. Give it one.',
    },
    'words, looked up by the logit': {
      wrong: choosing((row, k) =>
        [...row]
          .sort()
          .reverse()
          .slice(0, k)
          .map((v) => row.indexOf(v)),
      ),
      says: 'Two things at once: sort() without a comparison takes numbers for words, and indexOf finds the first of two equal logits twice. Sort the indices, by their logits.',
    },
    'by size without the sign': {
      wrong: choosing((row, k) =>
        largest(
          row.map((v) => Math.abs(v)),
          k,
        ),
      ),
      says: 'You go by the size of a logit and forget its sign. −3 is a poor expert, not a good one.',
    },
    'the best one, k times': {
      wrong: choosing((row, k) => range(k, () => largest(row, 1)[0]!)),
      says: 'You find the same expert k times. Once it is chosen, it is out of the race.',
    },
    'the logits instead of the experts': {
      wrong: choosing((row, k) => largest(row, k).map((e) => row[e]!)),
      says: 'You return the k largest logits. Asked for is whose they are.',
    },
    'over the tokens': {
      wrong: ({ logits, k }: Choosing) => {
        const columns = rowsIn(logits.T).map((column) => largest(column, k));
        return range(k, (s) => columns.map((column) => column[s] ?? 0));
      },
      says: 'You look for the best tokens of each expert. Here the tokens choose: one row of k experts for each of them.',
    },
    'the first k': {
      wrong: choosing((_, k) => range(k, (e) => e)),
      says: 'Every token gets the experts 0 … k − 1: their logits are not looked at.',
    },
    'all equal ones chosen': {
      wrong: choosing((row, k) => largest(row, row.length).filter((e) => row[e]! >= row[largest(row, k)[k - 1]!]!)),
      says: 'Where several logits equal the k-th you take them all. Exactly k, the smaller index first.',
    },
    'the places sorted as words': {
      wrong: choosing((row, k) => range(row.length, String).sort((a, b) => row[Number(b)]! - row[Number(a)]! || (a < b ? -1 : 1)).slice(0, k).map(Number)), // prettier-ignore
      says: 'Your experts are strings, where equal logits put "10" before "9". Object.keys gives strings; row.keys() gives numbers.',
    },
    'looked up by the logit': {
      wrong: choosing((row, k) => largest(row, k).map((e) => row.indexOf(row[e]!))),
      says: 'You sort the logits and ask indexOf whose they are. Of two equal ones it finds the first twice: sort the indices instead.',
    },
    'struck out with 0': {
      wrong: choosing((row, k) => {
        const left = [...row];
        return range(k, () => {
          const best = largest(left, 1)[0]!;
          left[best] = 0;
          return best;
        });
      }),
      says: 'You strike out a chosen expert by setting its logit to 0, which is still larger than a negative one. −Infinity would do.',
    },
    'all of them': {
      wrong: choosing((row) => largest(row, row.length)),
      says: 'All experts, well sorted. Each token has the first k of them.',
    },
    'the best, sorted as words': {
      wrong: choosing((row, k) => largest(row, k).map(String).sort().map(Number)), // prettier-ignore
      says: 'The right experts, sorted once more by sort(), which takes numbers for words: 10 before 9. They stand by falling logit already.',
    },
    'by the probabilities': {
      wrong: choosing((row, k) => largest(soft(row), k)),
      says: 'You go by the softmax, where poor experts beside a very good one all round to 0 and seem equal. The logits still differ.',
    },
    'one more': {
      wrong: choosing((row, k) => largest(row, k + 1)),
      says: 'You return k + 1 experts where there are as many.',
    },
  },
  hints: [
    'For each token: all experts’ numbers, sorted by what their logit says, and the first k of them.',
    'logits.row(t).data are E numbers. What is sorted are the indices 0 … E − 1, not the numbers.',
    'A comparison for falling logits, and for equal ones rising index: row[b] − row[a], or a − b where that is 0.',
    'Array.from(row.keys()).sort((a, b) => row[b] - row[a] || a - b).slice(0, k)',
  ],
});

// The gates

type Gating = { logits: Tensor; chosen: number[][]; form: GateForm };
type LiftedGating = Lifted<Pick<Gating, 'logits'>> & Omit<Gating, 'logits'>;
const gatePlain = ['chosen', 'form'];

const drawnGates = {
  logits: tensor('T', 'E', { min: -3, max: 3 }),
  k: integer(1, 4),
  form: choice<GateForm>('renormalised', 'raw'),
};
const formed = ({ logits, k, form }: { logits: Tensor; k: number; form: GateForm }): Gating => ({
  logits,
  chosen: chosenBy(logits, Math.min(k, logits.shape[1]!)),
  form,
});
const someGates: Gating[] = [
  formed({ logits: toTensor([[2, 0.5, -1, 1], [-1, 0, 2.5, 1], [0.5, 3, 0, -2]]), k: 2, form: 'renormalised' }), // prettier-ignore
  formed({ logits: toTensor([[2, 0.5, -1, 1], [-1, 0, 2.5, 1], [0.5, 3, 0, -2]]), k: 2, form: 'raw' }), // prettier-ignore
  formed({ logits: toTensor([[1, -0.5, 2, 0], [0, 1.5, -1, 0.5]]), k: 3, form: 'renormalised' }), // prettier-ignore
  formed({ logits: toTensor([[1, -0.5, 2, 0], [0, 1.5, -1, 0.5]]), k: 1, form: 'raw' }), // prettier-ignore
];

const soft = (row: number[]) => {
  const e = row.map((v) => Math.exp(v - Math.max(...row)));
  return e.map((v) => v / e.reduce((a, b) => a + b, 0));
};
/** Gates from a token's probabilities, its logits, its experts, and the form. */
type Weigh = (p: number[], z: number[], chosen: number[], form: GateForm) => number[];
const renormalised: Weigh = (_, z, chosen) => soft(chosen.map((e) => z[e]!));
const raw: Weigh = (p, _, chosen) => chosen.map((e) => p[e]!);
const weighed =
  (forRenormalised: Weigh, forRaw: Weigh, probabilities?: (i: Gating) => Tensor) =>
  (i: Gating): { gates: Tensor; probabilities: Tensor } => {
    const p = probabilities ? probabilities(i) : fromRows(rowsIn(i.logits).map(soft));
    const rows = rowsIn(i.logits).map((z, t) =>
      (i.form === 'raw' ? forRaw : forRenormalised)(rowsIn(p)[t]!, z, i.chosen[t]!, i.form),
    );
    return { gates: fromRows(rows), probabilities: p };
  };
const overTokens = ({ logits }: Gating) => fromRows(rowsIn(logits.T).map(soft)).T;

const gateForward = exercise<typeof drawnGates, Gating>({
  points: 3,
  inputs: drawnGates,
  sizes,
  derive: formed,
  parameters: ['logits', 'chosen', 'form'],
  oracle: valueOf(
    ({ logits, chosen, form }: LiftedGating) => {
      const p = rowsOf(logits).map(softmax);
      return { gates: gatesOf(logits, chosen, form), probabilities: table(logits.shape, (t, e) => p[t!]![e!]!) };
    },
    { plain: gatePlain },
  ),
  checks: [
    agrees({ cases: 20 }),
    property<Gating>('renormalised gates of a token sum to 1', {
      cases: 6,
      where: ({ form }) => form === 'renormalised',
      holds: ({ y }: { y: { gates: Tensor } }) => y.gates.sum(1).data.every((s) => Math.abs(s - 1) < 1e-9),
    }),
    staysFinite({
      fixed: () => [
        { logits: toTensor([[1000, -1000, 999], [-1000, 0, 1000]]), chosen: [[0, 2], [2, 1]], form: 'raw' }, // prettier-ignore
        { logits: toTensor([[1000, -1000, 999], [-1000, 0, 1000]]), chosen: [[0, 2], [2, 1]], form: 'renormalised' }, // prettier-ignore
        { logits: toTensor([[-1000, -1001], [-999, -1000]]), chosen: [[0], [0]], form: 'renormalised' }, // prettier-ignore
      ],
    }),
    pure({ cases: 3 }),
  ],
  examples: someGates,
  misconceptions: {
    'raw for both': {
      wrong: weighed(raw, raw),
      says: 'Your gates are the raw probabilities whatever the form. Renormalised, those of the k chosen experts sum to 1.',
    },
    'renormalised for both': {
      wrong: weighed(renormalised, renormalised),
      says: 'Your gates are renormalised whatever the form. ‘raw’ keeps each probability as it is among all E experts.',
    },
    'forms exchanged': {
      wrong: weighed(raw, renormalised),
      says: 'You renormalise where ‘raw’ is asked for, and keep the probabilities as they are where they are to be renormalised.',
    },
    'softmax of the probabilities': {
      wrong: weighed((p, _, chosen) => soft(chosen.map((e) => p[e]!)), raw),
      says: 'You take a softmax of what has been through one already. It is either a softmax of the chosen LOGITS, or the probabilities divided by their sum; both give the same.',
    },
    'divided by k': {
      wrong: weighed((p, _, chosen) => chosen.map((e) => p[e]! / chosen.length), raw),
      says: 'You divide the probabilities by k. That does not make their sum 1: divide by what they sum to.',
    },
    'an equal share each': {
      wrong: weighed((_p, _z, chosen) => chosen.map(() => 1 / chosen.length), raw),
      says: 'Your renormalised gates are 1/k each. Who has the larger logit has the larger gate.',
    },
    'divided by the sum of all tokens': {
      wrong: (i) => {
        const { gates, probabilities } = weighed(raw, raw)(i);
        return { gates: i.form === 'raw' ? gates : gates.div(gates.sum().item()), probabilities };
      },
      says: 'You divide by the sum over all tokens. Each token has a sum of its own: sum(1, { keepDims: true }).',
    },
    'divided by the largest': {
      wrong: weighed((p, _, chosen) => chosen.map((e) => p[e]! / p[chosen[0]!]!), raw),
      says: 'You divide by the best expert’s probability. Divide by the sum over the k chosen ones, so that the gates sum to 1.',
    },
    'the chosen logits': {
      wrong: weighed((_, z, chosen) => chosen.map((e) => z[e]!), (_, z, chosen) => chosen.map((e) => z[e]!)), // prettier-ignore
      says: 'Your gates are logits, which may be negative and sum to anything. A softmax makes weights of them.',
    },
    'raw logits': {
      wrong: weighed(renormalised, (_, z, chosen) => chosen.map((e) => z[e]!)),
      says: 'Your raw gates are logits, which may be negative and sum to anything. ‘raw’ means the probability among all E experts, before it is renormalised.',
    },
    'by place instead of by expert': {
      wrong: weighed((_p, z, chosen) => soft(chosen.map((_e, s) => z[s]!)), (p, _, chosen) => chosen.map((_e, s) => p[s]!)), // prettier-ignore
      says: 'You read columns 0 … k − 1 of each row. chosen says which columns are meant.',
    },
    'by expert’s number': {
      wrong: weighed(
        (p, z, chosen, form) => renormalised(p, z, chosen.toSorted((a, b) => a - b), form), // prettier-ignore
        (p, z, chosen, form) => raw(p, z, chosen.toSorted((a, b) => a - b), form), // prettier-ignore
      ),
      says: 'Your gates stand in the order of the experts’ numbers. They belong in the order of chosen: gates[t, s] is that of chosen[t][s].',
    },
    'softmax over the tokens': {
      wrong: weighed(
        (p, _, chosen) => chosen.map((e) => p[e]! / chosen.reduce((a, c) => a + p[c]!, 0)),
        raw,
        overTokens,
      ),
      says: 'Your softmax runs over the tokens. Experts compete for a token: each row sums to 1.',
    },
    'probabilities of the chosen only': {
      wrong: (i) => {
        const { gates, probabilities } = weighed(renormalised, raw)(i);
        const shown = fromRows(
          rowsIn(probabilities).map((p, t) => p.map((v, e) => (i.chosen[t]!.includes(e) ? v : 0))),
        );
        return { gates, probabilities: shown };
      },
      says: 'Your probabilities are 0 for experts that were not chosen. The balance loss needs them whole: softmax over all E.',
    },
    'probabilities renormalised too': {
      wrong: (i) => {
        const { gates, probabilities } = weighed(renormalised, raw)(i);
        if (i.form === 'raw') return { gates, probabilities };
        const shown = fromRows(
          rowsIn(gates).map((row, t) => range(i.logits.shape[1]!, (e) => row[i.chosen[t]!.indexOf(e)] ?? 0)),
        );
        return { gates, probabilities: shown };
      },
      says: 'The probabilities you return are the gates, spread out. They are the softmax over all E experts, whatever the form.',
    },
    'gates for all experts': {
      wrong: (i) => {
        const { gates, probabilities } = weighed(renormalised, raw)(i);
        const spread = rowsIn(gates).map((row, t) => range(i.logits.shape[1]!, (e) => row[i.chosen[t]!.indexOf(e)] ?? 0)); // prettier-ignore
        return { gates: fromRows(spread), probabilities };
      },
      says: 'Your gates have a column for each expert. They have one for each of the k choices, in their order.',
    },
  },
  hints: [
    'One softmax over all experts gives p. What is kept of it for the chosen ones is the gate; the form says whether it is scaled up.',
    'p is (T, E), gates (T, k): pickChosen takes the entries at the chosen places of either logits or p.',
    'raw: pickChosen(p, chosen). renormalised: softmax over the k chosen logits, which is the same as dividing by the sum and cannot be 0/0.',
    "const gates = form === 'raw' ? pickChosen(probabilities, chosen) : softmaxForward(pickChosen(logits, chosen)).y;",
  ],
});

const drawnGatesBack = { dgates: tensor('T', 'E'), ...drawnGates };
const gateGradient = gradientOf<LiftedGating>(({ logits, chosen, form }) => gatesOf(logits, chosen, form), {
  upstream: 'dgates',
  wrt: 'logits',
  plain: gatePlain,
});

type GatingBack = Gating & { dgates: Tensor };
/** One token: its dlogits from its dgates; slips are other ways. */
type Pull = (d: number[], z: number[], chosen: number[]) => number[];
const placed = (d: number[], chosen: number[], E: number) => {
  const row = range(E, () => 0);
  chosen.forEach((e, s) => (row[e] = d[s]!));
  return row;
};
/** s ⊙ (d − Σ d s) */
const throughSoftmax = (d: number[], s: number[]) => {
  const common = d.reduce((a, v, j) => a + v * s[j]!, 0);
  return d.map((v, j) => s[j]! * (v - common));
};
const backRaw: Pull = (d, z, chosen) => throughSoftmax(placed(d, chosen, z.length), soft(z));
const backRenormalised: Pull = (d, z, chosen) =>
  placed(throughSoftmax(d, soft(chosen.map((e) => z[e]!))), chosen, z.length);
/** As if the k raw gates were all that the softmax gave. */
const backFromRawGates: Pull = (d, z, chosen) => {
  const p = soft(z);
  return placed(throughSoftmax(d, chosen.map((e) => p[e]!)), chosen, z.length); // prettier-ignore
};
const pulled =
  (forRenormalised: Pull, forRaw: Pull) =>
  ({ dgates, logits, chosen, form }: GatingBack): Tensor =>
    fromRows(
      rowsIn(logits).map((z, t) => (form === 'raw' ? forRaw : forRenormalised)(rowsIn(dgates)[t]!, z, chosen[t]!)),
    );
const diagonal = (d: number[], s: number[]) => d.map((v, j) => v * s[j]! * (1 - s[j]!));
const ownShare =
  (gates: (z: number[], chosen: number[]) => number[]): Pull =>
  (d, z, chosen) => {
    const g = gates(z, chosen);
    return placed(d.map((v, s) => v * g[s]!), chosen, z.length); // prettier-ignore
  };
/** d g in columns 0 … k − 1, less Σ d g times what the softmax gave to each expert. */
const misplaced = (d: number[], g: number[], chosen: number[], E: number, all: (g: number[]) => number[]) => {
  const own = d.map((v, s) => v * g[s]!);
  const common = own.reduce((a, b) => a + b, 0);
  const first = placed(own, range(chosen.length, (s) => s), E); // prettier-ignore
  return all(g).map((v, e) => first[e]! - common * v);
};

const gateBackward = exercise<typeof drawnGatesBack, GatingBack>({
  points: 3,
  inputs: drawnGatesBack,
  sizes,
  derive: ({ dgates, ...rest }) => {
    const gating = formed(rest);
    return { dgates: dgates.slice(null, [0, gating.chosen[0]!.length]), ...gating };
  },
  parameters: ['dgates'],
  backwardOf: { forward: 'gateForward', takes: ['logits', 'chosen', 'form'] },
  oracle: gateGradient,
  checks: [
    gradientAgrees({ upstream: ['dgates'], cases: 20 }),
    property<GatingBack>('with one expert per token, renormalised gates teach nothing', {
      cases: 4,
      where: ({ form, chosen }) => form === 'renormalised' && chosen[0]!.length === 1,
      holds: ({ y }: { y: Tensor }) => y.data.every((v) => Math.abs(v) < 1e-12),
    }),
    pure({ cases: 3 }),
  ],
  examples: someGates.map((g, k) => ({ dgates: filled(70 + k, g.chosen.length, g.chosen[0]!.length), ...g })),
  misconceptions: {
    'gradient to experts that were not chosen': {
      wrong: pulled(backRaw, backRaw),
      says: 'With renormalised gates your unchosen experts get a gradient. Their logits have no part in the softmax over the k chosen ones.',
    },
    'no gradient to experts that were not chosen': {
      wrong: pulled(backRenormalised, backRenormalised),
      says: 'With raw gates you go back through a softmax over the k chosen ones. It was over all E: an unchosen expert’s logit makes the others’ probabilities smaller.',
    },
    'forms exchanged': {
      wrong: pulled(backRaw, backRenormalised),
      says: 'You go back through the softmax over all E experts where only k took part, and the other way round.',
    },
    'forms exchanged, with the gates at hand': {
      wrong: pulled(backRaw, backFromRawGates),
      says: 'You have the two forms exchanged: raw gates go to their places first and back through the softmax over E, renormalised ones the other way round.',
    },
    'forms exchanged in what is taken away': {
      wrong: pulled((d, z, chosen) => {
        const [p, g] = [soft(z), soft(chosen.map((e) => z[e]!))];
        const common = d.reduce((a, v, s) => a + v * g[s]!, 0);
        const own = placed(d.map((v, s) => v * g[s]!), chosen, z.length); // prettier-ignore
        return own.map((v, e) => v - common * p[e]!);
      }, backFromRawGates),
      says: 'What you take away belongs to the other form: with renormalised gates it reaches all E experts, with raw ones only the k chosen. Which logits stood in the denominator?',
    },
    'the softmax’s sum left out': {
      wrong: pulled(ownShare((z, chosen) => soft(chosen.map((e) => z[e]!))), ownShare((z, chosen) => { const p = soft(z); return chosen.map((e) => p[e]!); })), // prettier-ignore
      says: 'You multiply by the gates and stop. The way back through a softmax subtracts what the token meets on average, Σ dgates · gates: softmaxBackward of chapter 2 knows.',
    },
    'the softmax’s sum left out among the chosen': {
      wrong: pulled(ownShare((z, chosen) => soft(chosen.map((e) => z[e]!))), backRaw), // prettier-ignore
      says: 'With renormalised gates you multiply by the gates and stop. Their denominator moves with the logits as well: the way back through that softmax subtracts Σ dgates · gates.',
    },
    'unchosen experts cut off': {
      wrong: pulled(backRenormalised, (d, z, chosen) =>
        backRaw(d, z, chosen).map((v, e) => (chosen.includes(e) ? v : 0)),
      ),
      says: 'With raw gates your unchosen experts get 0: set to 0 at the end, or never reached because you went back through the k gates alone. They stood in the denominator of the softmax: place dgates first, and go back through all E.',
    },
    'softmax passed over': {
      wrong: pulled(
        (d, z, chosen) => placed(d, chosen, z.length),
        (d, z, chosen) => placed(d, chosen, z.length),
      ),
      says: 'You put dgates at the chosen places and stop there. Between the gates and the logits stands a softmax.',
    },
    'only s(1 − s)': {
      wrong: pulled(
        (d, z, chosen) => placed(diagonal(d, soft(chosen.map((e) => z[e]!))), chosen, z.length),
        (d, z, chosen) => diagonal(placed(d, chosen, z.length), soft(z)),
      ),
      says: 'Each of your gates hears only its own logit. In a softmax all logits move all results: softmaxBackward of chapter 2 knows.',
    },
    'the sum taken as a constant': {
      wrong: pulled((d, z, chosen) => {
        const p = soft(z);
        const S = chosen.reduce((a, e) => a + p[e]!, 0);
        return throughSoftmax(placed(d, chosen, z.length), p).map((v) => v / S);
      }, backRaw),
      says: 'With renormalised gates you divide the gradient by the sum of the chosen probabilities, as if that were a constant. It moves with the logits too; the softmax over the chosen ones has it all in one.',
    },
    'the probabilities for the gates': {
      wrong: pulled(backFromRawGates, backRaw),
      says: 'With renormalised gates you go back through the softmax with the probabilities among all E. What came out of the softmax over the chosen ones are the gates.',
    },
    'own part in the first columns': {
      wrong: pulled(
        (d, z, chosen) => misplaced(d, soft(chosen.map((e) => z[e]!)), chosen, z.length, (g) => placed(g, chosen, z.length)), // prettier-ignore
        (d, z, chosen) => { const p = soft(z); return misplaced(d, chosen.map((e) => p[e]!), chosen, z.length, () => p); }, // prettier-ignore
      ),
      says: 'What gate s gives to its own logit ends in column s. It belongs to the expert that was chosen: column chosen[t][s].',
    },
    'placed in the first columns': {
      wrong: pulled(
        (d, z, chosen) => placed(throughSoftmax(d, soft(chosen.map((e) => z[e]!))), range(chosen.length, (s) => s), z.length), // prettier-ignore
        (d, z, chosen) => throughSoftmax(placed(d, range(chosen.length, (s) => s), z.length), soft(z)), // prettier-ignore
      ),
      says: 'You put the gradient of choice s into column s. It belongs to the expert that was chosen: column chosen[t][s].',
    },
    'the gates as constants': {
      wrong: pulled((_d, z) => z.map(() => 0), (_d, z) => z.map(() => 0)), // prettier-ignore
      says: 'No gradient leaves your gates. The choice cannot be differentiated, but what the chosen ones weigh can.',
    },
    'averaged over the tokens': {
      wrong: (i) => (gateGradient(i) as Tensor).div(i.logits.shape[0]!),
      says: 'Your gradient is divided by the number of tokens. If the loss is a mean, dgates knows it already.',
    },
  },
  hints: [
    'Two roads for the two forms, with the same two steps in another order: back through a softmax, and out to the places of the chosen.',
    'dgates (T, k) → (T, E) by placeChosen, which puts zeros elsewhere. softmaxBackward wants the softmax’s own output: p (T, E) or gates (T, k).',
    'raw: first to the places, then back through the softmax over E. renormalised: first back through the softmax over k, then to the places.',
    'raw: softmaxBackward(placeChosen(dgates, chosen, E), { y: probabilities }); else: placeChosen(softmaxBackward(dgates, { y: gates }), chosen, E)',
  ],
});

export const router = topic('router', 'The router', {
  noisyLogitsForward,
  noisyLogitsBackward,
  chooseExperts,
  gateForward,
  gateBackward,
});
