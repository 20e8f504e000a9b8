/** What the lesson on balance shows: every number, printed block and figure in it is computed here. */
import { normal, random, tensor, type Tensor } from '#tensor';
import {
  assignmentFractions,
  balanceLossBackward,
  balanceLossForward,
  zLossBackward,
  zLossForward,
} from '../../../solutions/chapter-7-moe/balance.ts';
import { dispatchTokens, expertCapacity } from '../../../solutions/chapter-7-moe/experts.ts';
import { moeLayerBackward, moeLayerForward, type MoeWeights } from '../../../solutions/chapter-7-moe/moe-block.ts';
import { chooseExperts, gateForward } from '../../../solutions/chapter-7-moe/router.ts';
import { lines, scientific } from '../chapter-2-bp/words.ts';
import { results } from '../results.ts';
import type { MixtureResults } from '../results/mixture.ts';
import { figure, plot } from '../svg.ts';

const cell = (v: number, digits = 3) => (Math.abs(v) < 0.5 * 10 ** -digits ? 0 : v).toFixed(digits).replace('-', '−');
const row = (x: Tensor, digits = 3) => Array.from(x.data, (v) => cell(v, digits).padStart(digits + 4)).join('');
const softmaxOf = (logits: Tensor) => gateForward(logits, chooseExperts(logits, 1), 'raw').probabilities;

// A router that starts fair, in the lab

const fair = () => results<MixtureResults>('mixture').fair.shares;
const idleOnes = () => fair()[0]!.filter((_, e) => fair().every((of) => of[e]! < 0.01)).length;

// Six tokens, three experts

const logits = tensor([
  [1, 0, 0],
  [1, 0, -1],
  [2, 0, 1],
  [1, 0.5, 0],
  [0, 1, 0],
  [1, -1, 0],
]);
const chosen = chooseExperts(logits, 1);
const loss = balanceLossForward(logits, chosen);
function counted(): string {
  const f = assignmentFractions(chosen, 3);
  const P = softmaxOf(logits).mean(0);
  return lines([
    ['expert', 'tokens', 'f', 'P', '3 f P'],
    ...[0, 1, 2].map((e) => [
      String(e),
      cell(f.at(e) * 6, 0).padStart(6),
      cell(f.at(e)),
      cell(P.at(e)),
      cell(3 * f.at(e) * P.at(e)),
    ]),
    ['', '', '', 'loss', cell(loss.loss)],
  ]);
}
function pulled(): string {
  const p = softmaxOf(logits);
  const d = balanceLossBackward(loss.cache);
  return lines([
    ['token', 'chosen', '        probabilities', '              dlogits'],
    ...[0, 2, 4].map((t) => [String(t), String(chosen[t]![0]), row(p.row(t), 2), row(d.row(t))]),
  ]);
}

// Less than 1: three tokens choose expert 0 by a hair, one chooses expert 1 with all its heart

const hair = tensor([
  [0.1, 0],
  [0.1, 0],
  [0.1, 0],
  [0, 5],
]);
const below = () => balanceLossForward(hair, chooseExperts(hair, 1)).loss;

// What a full pile hides

const crowd = tensor(Array.from({ length: 8 }, (_, t) => (t < 6 ? [2, 0, 0, 0] : t < 7 ? [0, 2, 0, 0] : [0, 0, 2, 0])));
const crowded = chooseExperts(crowd, 1);
function hidden(): string {
  const room = expertCapacity(8, 4, 1, 1);
  const piles = dispatchTokens(crowded, 4, room);
  const kept = piles.map((pile) => pile.length);
  const after = tensor(kept).div(kept.reduce((a, b) => a + b, 0));
  const P = softmaxOf(crowd).mean(0);
  const before = assignmentFractions(crowded, 4);
  return lines([
    ['', '    f of experts 0 … 3', 'loss'],
    ['of what was chosen', row(before, 2), cell(4 * before.dot(P), 2)],
    ['of what found room', row(after, 2), cell(4 * after.dot(P), 2)],
  ]);
}

// A prejudice for expert 0

const [T, E] = [64, 4];
const opinions = normal([T, E], random('opinions'));
const biased = (b: number) => opinions.map((v, at) => (at % E === 0 ? v + b : v));
function prejudice(b: number) {
  const z = biased(b);
  const { loss, cache } = balanceLossForward(z, chooseExperts(z, 1));
  return { loss, pull: balanceLossBackward(cache).sum(0).at(0) };
}
const steps = Array.from({ length: 39 }, (_, i) => 0.5 + i / 4);
function prejudiceFigure(): string {
  const p = plot({ x: [0.5, 10], y: [0, 4], xLabel: 'bias for expert 0', yLabel: 'balance loss, and its slope' });
  return figure(
    {
      title: 'The balance loss against a prejudice',
      description:
        'With a small bias for expert 0 the loss is near 1. It climbs towards 4 as the bias grows, and is nearly level from 6 on. Its slope rises to a maximum near a bias of 2 and falls to nothing beyond 8.',
    },
    p.axes(),
    p.line(
      steps.map((b) => [b, prejudice(b).loss] as const),
      'loss',
    ),
    p.line(
      steps.map((b) => [b, prejudice(b).pull] as const),
      'gradient',
    ),
    p.label([5, 3.2], 'loss', 'start'),
    p.label([4.6, 0.5], 'slope', 'start'),
  );
}

// z

function sizes(): string {
  const rows = [
    [1, 0, 0, 0],
    [6, 5, 5, 5],
    [0, 0, 0, 0],
    [-1.386, -1.386, -1.386, -1.386],
    [100, 0, 0, 0],
  ];
  return lines([
    ['logits', 'softmax', 'z', 'z²'],
    ...rows.map((r) => {
      const one = tensor([r]);
      const { loss } = zLossForward(one);
      const z = Math.sqrt(loss) * (Math.max(...r) < -1 ? -1 : 1);
      const logits = Number.isInteger(r[0]) ? row(one, 0) : row(one, 2);
      return [logits.trim(), row(softmaxOf(one), 2).trim(), cell(z, 2).padStart(6), cell(loss, 2).padStart(8)];
    }),
  ]);
}

// Who teaches the router?

const C = 3;
const rng = random('who teaches the router');
const x = normal([32, C], rng);
const weights: MoeWeights = {
  wGate: normal([E, C], rng),
  experts: Array.from({ length: E }, () => ({
    w1: normal([5, C], rng),
    b1: normal([5], rng),
    w2: normal([C, 5], rng),
    b2: normal([C], rng),
  })),
};
const dy = normal([32, C], rng).div(32);
function pulls(k: number, form: 'raw' | 'renormalised'): number[] {
  const { cache } = moeLayerForward(x, weights, { k, form, capacityFactor: Infinity });
  const nothing = dy.mul(0);
  return [
    moeLayerBackward(dy, 0, 0, cache),
    moeLayerBackward(nothing, 1, 0, cache),
    moeLayerBackward(nothing, 0, 1, cache),
  ].map((back) => back.weights.wGate.norm());
}
function teachers(): string {
  return lines([
    ['experts per token', 'gates', 'task', 'balance', 'z'],
    ...(
      [
        [1, 'raw'],
        [1, 'renormalised'],
        [2, 'raw'],
        [2, 'renormalised'],
      ] as const
    ).map(([k, form]) => [String(k), form, ...pulls(k, form).map((v) => (v === 0 ? '0' : cell(v)))]),
  ]);
}

// Before you run anything: even counts, uneven opinions

const uneven = tensor([
  [5, 0],
  [5, 0],
  [0, 0.1],
  [0, 0.1],
]);
const evenCounts = balanceLossForward(uneven, chooseExperts(uneven, 1));
function unevenOpinions(): string {
  const P = softmaxOf(uneven).mean(0);
  return lines([
    ['expert', 'f', 'P', 'largest dlogit'],
    ...[0, 1].map((e) => [
      String(e),
      cell(assignmentFractions(chooseExperts(uneven, 1), 2).at(e), 2),
      cell(P.at(e), 2),
      cell(Math.max(...[0, 1, 2, 3].map((t) => Math.abs(balanceLossBackward(evenCounts.cache).at(t, e)))), 2).padStart(14), // prettier-ignore
    ]),
  ]);
}

const tiny = () => scientific(prejudice(10).pull, 0);
const zeroLogits = zLossForward(tensor([[0, 0, 0, 0]])).loss;
const zSlope = () => row(zLossBackward(zLossForward(tensor([[6, 5, 5, 5]])).cache), 2).trim();

export const values = {
  balanceIdle: () => ['none', 'one', 'two', 'three'][idleOnes()]!,
  balanceLoss: () => cell(loss.loss),
  balanceBelow: () => cell(below()),
  balanceEven: () => cell(evenCounts.loss, 2),
  balanceTiny: tiny,
  balanceFour: () => cell(prejudice(4).pull, 2),
  balanceZero: () => cell(Math.sqrt(zeroLogits), 2),
  balanceZSlope: zSlope,
};
export const prints = {
  balanceCounted: counted,
  balancePulled: pulled,
  balanceHidden: hidden,
  balanceSizes: sizes,
  balanceTeachers: teachers,
  balanceUneven: unevenOpinions,
};
export const figures = { 'balance-prejudice': prejudiceFigure };
