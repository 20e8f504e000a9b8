/** What the lesson on the experts shows: every number, printed block and figure in it is computed here. */
import { random, tensor, uniform, zeros } from '#tensor';
import type { FeedForwardWeights } from '../../../solutions/chapter-5-transformer/feed-forward.ts';
import {
  dispatchTokens,
  expertCapacity,
  expertsBackward,
  expertsForward,
  type Assignment,
} from '../../../solutions/chapter-7-moe/experts.ts';
import { chooseExperts, gateForward } from '../../../solutions/chapter-7-moe/router.ts';
import { lines } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, text } from '../svg.ts';

const cell = (v: number, digits = 2) => (Math.abs(v) < 0.5 * 10 ** -digits ? 0 : v).toFixed(digits).replace('-', '−');

// Five tokens, three experts, two choices each, room for three

const chosen = [
  [0, 1],
  [0, 2],
  [0, 1],
  [0, 1],
  [1, 0],
];
const E = 3;
const room = expertCapacity(chosen.length, E, 2, 0.75);
const piles = dispatchTokens(chosen, E, room);
const named = ({ token, slot }: Assignment) => `${token}${slot === 0 ? 'a' : 'b'}`;
const droppedBy = (dealt: Assignment[][]) =>
  chosen.flatMap((row, token) =>
    row.flatMap((e, slot) => (dealt[e]!.some((a) => a.token === token && a.slot === slot) ? [] : [{ token, slot }])),
  );
/** What would come of dealing out all choices of a token at once. */
function tokenByToken(): Assignment[][] {
  const dealt: Assignment[][] = Array.from({ length: E }, () => []);
  chosen.forEach((row, token) =>
    row.forEach((e, slot) => {
      if (dealt[e]!.length < room) dealt[e]!.push({ token, slot });
    }),
  );
  return dealt;
}
function dealt(): string {
  const show = (name: string, all: Assignment[][]) => [
    name,
    ...all.map((pile) => pile.map(named).join(' ')),
    droppedBy(all).map(named).join(' '),
  ];
  return lines([
    ['', 'expert 0', 'expert 1', 'expert 2', 'dropped'],
    show('first choices first', piles),
    show('token by token', tokenByToken()),
  ]);
}

// Experts of one unit, that can be followed in the head: token t is the number t + 1, expert e says (e + 1) x

const simple = (factor: number): FeedForwardWeights => ({
  w1: tensor([[1]]),
  b1: zeros(1),
  w2: tensor([[factor]]),
  b2: zeros(1),
});
const few = [simple(1), simple(2), simple(10)];
const x = tensor([[1], [2], [3], [4], [5]]);
const gates = tensor([
  [0.75, 0.25],
  [0.5, 0.5],
  [0.75, 0.25],
  [0.5, 0.5],
  [0.75, 0.25],
]);
const run = expertsForward(x, gates, piles, few);
const dy = tensor([[1], [1], [1], [1], [1]]);
const back = expertsBackward(dy, run.cache);
function worked(): string {
  const part = (t: number, s: number) => {
    const e = chosen[t]![s]!;
    const taken = piles[e]!.some((a) => a.token === t && a.slot === s);
    return taken ? `${cell(gates.at(t, s))} · ${(e === 2 ? 10 : e + 1) * (t + 1)}` : 'dropped';
  };
  return lines([
    ['token', 'x', 'first choice', 'second choice', 'y', 'dx', 'dgates'],
    ...[0, 1, 2, 3, 4].map((t) => [
      String(t),
      cell(x.at(t, 0), 0),
      part(t, 0),
      part(t, 1),
      cell(run.y.at(t, 0)).padStart(6),
      cell(back.dx.at(t, 0)).padStart(5),
      [0, 1].map((s) => cell(back.dgates.at(t, s), 0).padStart(3)).join(' '),
    ]),
  ]);
}
const idle = () => {
  const alone = expertsForward(x, gates, dispatchTokens(chosen.map(() => [0, 1]), E, 5), few); // prettier-ignore
  return cell(expertsBackward(dy, alone.cache).experts[2]!.w2.at(0, 0), 0);
};

// How many assignments find no room when everybody chooses at random

const [T, MANY] = [1024, 16];
function lost(factor: number, k: number): number {
  const logits = uniform([T, MANY], random('a fair router'));
  const fair = chooseExperts(logits, k);
  const kept = dispatchTokens(fair, MANY, expertCapacity(T, MANY, k, factor)).flat().length;
  return 1 - kept / (T * k);
}
function drops(): string {
  return lines([
    ['capacity factor', 'room', 'dropped, k = 1', 'dropped, k = 2'],
    ...[0.5, 1, 1.125, 1.25, 1.5].map((factor) => [
      String(factor).padStart(15),
      String(expertCapacity(T, MANY, 1, factor)).padStart(4),
      `${(100 * lost(factor, 1)).toFixed(1)} %`.padStart(14),
      `${(100 * lost(factor, 2)).toFixed(1)} %`.padStart(14),
    ]),
  ]);
}

// With all experts chosen the mixture is the dense one

function allOfThem(): string {
  const rng = random('all of them');
  const logits = uniform([4, 3], rng, -1, 1);
  const every = chooseExperts(logits, 3);
  const { gates: g, probabilities } = gateForward(logits, every, 'renormalised');
  const four = uniform([4, 1], rng, 0, 1);
  const y = expertsForward(four, g, dispatchTokens(every, 3, Infinity), few).y;
  const dense = (t: number) =>
    [1, 2, 10].reduce((sum, factor, e) => sum + probabilities.at(t, e) * factor * four.at(t, 0), 0);
  const apart = Math.max(...[0, 1, 2, 3].map((t) => Math.abs(y.at(t, 0) - dense(t))));
  return apart < 1e-14 ? 'nothing but rounding' : cell(apart, 6);
}

/** Five tokens dealt out on three piles, worked through, and put back. */
function pilesFigure(): string {
  const place = (i: number) => 30 + i * 46;
  const tokens = (px: number, names: string[], role: 'query' | 'value') =>
    names.map((name, i) => box(px, place(i), 36, 32, name, role)).join('');
  const pile = (e: number) => {
    const y = 18 + e * 88;
    const words = piles[e]!.map(named);
    return [
      text(166, y + 16, `expert ${e}`, 'start'),
      ...Array.from({ length: room }, (_, i) =>
        box(166 + i * 40, y + 24, 34, 30, words[i] ?? '', words[i] ? 'key' : 'neutral'),
      ),
      arrow([70, 136], [160, y + 40], 'query'),
      arrow([166 + room * 40 + 4, y + 40], [430, 136], 'value'),
    ].join('');
  };
  return figure(
    {
      title: 'Tokens on piles, and back to where they stood',
      description: `On the left five tokens, 0 to 4. In the middle three experts with room for ${room} each: expert 0 holds ${piles[0]!.map(named).join(', ')}, expert 1 holds ${piles[1]!.map(named).join(', ')}, expert 2 holds ${piles[2]!.map(named).join(', ')} and has empty places. On the right the five tokens again, each with the sum of what was said of it.`,
      width: 500,
      height: 290,
    },
    tokens(24, ['0', '1', '2', '3', '4'], 'query'),
    ...[0, 1, 2].map(pile),
    tokens(440, ['y₀', 'y₁', 'y₂', 'y₃', 'y₄'], 'value'),
  );
}

export const values = {
  expertsRoom: () => room,
  expertsTokens: () => T,
  expertsIdle: idle,
  expertsDense: allOfThem,
};
export const prints = { expertsDealt: dealt, expertsWorked: worked, expertsDrops: drops };
export const figures = { 'piles-of-tokens': pilesFigure };
