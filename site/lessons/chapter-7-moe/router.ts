/** What the lesson on the router shows: every number, printed block and figure in it is computed here. */
import { normal, random, tensor, type Tensor } from '#tensor';
import {
  chooseExperts,
  gateBackward,
  gateForward,
  noisyLogitsForward,
} from '../../../solutions/chapter-7-moe/router.ts';
import { moeCost } from '../../../solutions/chapter-7-moe/moe-block.ts';
import { lines, show } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, text } from '../svg.ts';

const cell = (v: number, digits = 3) => (Math.abs(v) < 0.5 * 10 ** -digits ? 0 : v).toFixed(digits).replace('-', '−');
const row = (x: Tensor, digits = 3) => Array.from(x.data, (v) => cell(v, digits).padStart(digits + 4)).join('');

// What a larger layer costs: the feed-forward layer of a small Transformer, and more of it

const [C, M] = [512, 2048];
const dense = (times: number) => {
  const { parameters, flops } = moeCost(C, times * M, 1, 1);
  // One expert needs no router.
  return { parameters: parameters - C, flops: flops - 2 * C };
};
const millions = (n: number) => (n / 1e6).toFixed(1);
function larger(): string {
  const mixture = moeCost(C, M, 8, 1);
  return lines([
    ['layer', 'parameters, millions', 'operations for a token, millions'],
    ['one, M = 2048', millions(dense(1).parameters).padStart(20), millions(dense(1).flops).padStart(32)],
    ['one, M = 16384', millions(dense(8).parameters).padStart(20), millions(dense(8).flops).padStart(32)],
    ['eight, M = 2048', millions(mixture.parameters).padStart(20), millions(mixture.flops).padStart(32)],
  ]);
}

// Three tokens and four experts

const logits = tensor([
  [2, 1, 0, -1],
  [0, 1.5, 1, 0.5],
  [-1, 0, 0, 2],
]);
const chosen = chooseExperts(logits, 2);
const [rawGates, shares] = [gateForward(logits, chosen, 'raw'), gateForward(logits, chosen, 'renormalised')];
const near = (x: Tensor) => Array.from(x.data, (v) => cell(v, 2)).join('  ');
const plain = (x: Tensor) => Array.from(x.data, show).join(' ');
function gated(): string {
  return lines([
    ['token', 'logits', 'probabilities', 'chosen', 'raw gates', 'renormalised'],
    ...[0, 1, 2].map((t) => [
      String(t),
      plain(logits.row(t)),
      near(rawGates.probabilities.row(t)),
      chosen[t]!.join(' '),
      near(rawGates.gates.row(t)),
      near(shares.gates.row(t)),
    ]),
  ]);
}

// Back: the loss wants more of the first choice

const wanted = tensor([
  [1, 0],
  [1, 0],
  [1, 0],
]);
function pulled(): string {
  const back = (form: 'raw' | 'renormalised') => gateBackward(wanted, gateForward(logits, chosen, form).cache);
  const [raw, renormalised] = [back('raw'), back('renormalised')];
  return lines([
    ['token', 'chosen', 'dlogits, raw', 'dlogits, renormalised'],
    ...[0, 1, 2].map((t) => [String(t), chosen[t]!.join(' '), row(raw.row(t)), row(renormalised.row(t))]),
  ]);
}
function alone(): string {
  const one = chooseExperts(logits, 1);
  const up = tensor([[1], [1], [1]]);
  const [raw, only] = [gateForward(logits, one, 'raw'), gateForward(logits, one, 'renormalised')];
  const [some, none] = [gateBackward(up, raw.cache), gateBackward(up, only.cache)];
  return lines([
    ['token', 'raw gate', 'its dlogits', 'renormalised', 'its dlogits'],
    ...[0, 1, 2].map((t) => [
      String(t),
      cell(raw.gates.at(t, 0)).padStart(8),
      row(some.row(t)).trimStart(),
      cell(only.gates.at(t, 0)).padStart(12),
      plain(none.row(t)),
    ]),
  ]);
}

// How often noise lets the second best have a go: logits 1 and 0.5, noise of a given size

const DRAWS = 4000;
const inverse = (size: number) => Math.log(Math.expm1(size));
function secondBest(size: number): number {
  const x = tensor(Array.from({ length: DRAWS }, () => [1]));
  const wNoise = tensor([[inverse(size)], [inverse(size)]]);
  const noise = normal([DRAWS, 2], random('a second chance'));
  const { logits: noisy } = noisyLogitsForward(x, tensor([[1], [0.5]]), wNoise, noise);
  return chooseExperts(noisy, 1).filter(([e]) => e === 1).length / DRAWS;
}
function chances(): string {
  return lines([
    ['size of the noise', 'expert 1 is tried'],
    ...[0.1, 0.25, 0.5, 1, 2].map((s) => [
      s.toFixed(2).padStart(17),
      `${(100 * secondBest(s)).toFixed(0)} of 100 times`.padStart(17),
    ]),
  ]);
}

// Before you run anything: the router's matrix ten times as large

function louder(): string {
  const times = (f: number) => gateForward(logits.mul(f), chosen, 'renormalised').gates;
  return lines([
    ['token', 'chosen', 'gates', 'gates, logits × 10', 'gates, logits / 10'],
    ...[0, 1, 2].map((t) => [
      String(t),
      chooseExperts(logits.mul(10), 2)[t]!.join(' '),
      row(times(1).row(t)),
      row(times(10).row(t)),
      row(times(0.1).row(t)),
    ]),
  ]);
}

/** A token, the router, four experts of which two work, and the weighed sum. */
function asking(): string {
  const experts = [0, 1, 2, 3].map((e) => {
    const y = 34 + e * 62;
    const busy = e === 0 || e === 2;
    return [
      box(250, y, 92, 40, `expert ${e}`, busy ? 'value' : 'neutral'),
      ...(busy ? [arrow([64, 150], [250, y + 20], 'query'), arrow([342, y + 20], [452, 150], 'value')] : []),
    ].join('');
  });
  return figure(
    {
      title: 'A router and four experts, two of them at work',
      description:
        'On the left a token x. It goes up to a box, the router, which gives four probabilities, 0.6, 0.1, 0.2 and 0.1. From x two arrows lead to experts 0 and 2, and none to experts 1 and 3, which are drawn in grey. What experts 0 and 2 say is weighed by gates g 0 and g 2 and added to y on the right.',
      width: 520,
      height: 300,
    },
    box(16, 130, 48, 40, 'x', 'query'),
    arrow([40, 130], [40, 74], 'query'),
    box(8, 34, 96, 40, 'router', 'key'),
    text(112, 50, '0.6  0.1  0.2  0.1', 'start'),
    text(112, 68, 'first and third', 'start'),
    ...experts,
    text(410, 80, 'g₀', 'middle'),
    text(400, 200, 'g₂', 'middle'),
    box(452, 130, 52, 40, 'y', 'value'),
  );
}

export const values = {
  routerShare: () => cell(rawGates.gates.at(0, 0) + rawGates.gates.at(0, 1), 2),
};
export const prints = {
  routerLarger: larger,
  routerGated: gated,
  routerPulled: pulled,
  routerAlone: alone,
  routerChances: chances,
  routerLouder: louder,
};
export const figures = { 'asking-experts': asking };
