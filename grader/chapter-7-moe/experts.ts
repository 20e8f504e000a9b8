/** Exercises of the experts: how much room there is, who gets which token, and what comes of it, there and back. */
import { Tensor, zerosLike } from '#tensor';
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
  sum,
  table,
  tensor,
  topic,
  valueOf,
  Var,
  VarTensor,
  type Lifted,
} from '../engine/index.ts';
import { gelu } from '../chapter-5-transformer/definitions-blocks.ts';
import {
  chosenBy,
  dealt,
  expertSays,
  expertWeights,
  filled,
  heard,
  mixed,
  rowsOf,
  someExperts,
  still,
  tokenAt,
  unheard,
  weighedWord,
  type Assignment,
  type FeedForward,
  type Word,
} from './definitions.ts';

// Room

type Room = { tokens: number; experts: number; k: number; factor: number };

/** In every order of the same product the same ceiling, so that rounding decides nothing. */
const sameInEveryOrder = ({ tokens, experts, k, factor }: Room) =>
  new Set(
    [
      (factor * k * tokens) / experts,
      factor * ((k * tokens) / experts),
      factor * k * (tokens / experts),
      (factor / experts) * k * tokens,
      (k / experts) * tokens * factor,
    ].flatMap((v) => [Math.ceil(v), Math.ceil(v - 1e-9)]),
  ).size === 1;
const room =
  (f: (even: number, i: Room) => number) =>
  (i: Room): number =>
    f((i.factor * i.k * i.tokens) / i.experts, i);

const expertCapacity = exercise({
  points: 1,
  inputs: {
    tokens: integer(1, 24),
    experts: integer(1, 9),
    k: integer(1, 3),
    factor: choice<number>(1, 1.25, 2, 0.5, 1.5),
  },
  where: (i: Room) => i.k <= i.experts && sameInEveryOrder(i),
  oracle: ({ tokens, experts, k, factor }: Room) => Math.max(1, Math.ceil((factor * k * tokens) / experts)),
  checks: [agrees({ exact: true, cases: 40 })],
  examples: [
    { tokens: 10, experts: 4, k: 1, factor: 1 },
    { tokens: 9, experts: 4, k: 2, factor: 1.25 },
    { tokens: 6, experts: 8, k: 1, factor: 0.5 },
    { tokens: 9, experts: 8, k: 2, factor: 1 },
    { tokens: 8, experts: 4, k: 2, factor: 1 },
    { tokens: 0, experts: 4, k: 2, factor: 1.25 },
    { tokens: 0, experts: 3, k: 1, factor: 1 },
    { tokens: 5, experts: 2, k: 1, factor: Infinity },
    { tokens: 8, experts: 4, k: 1, factor: Infinity },
  ],
  misconceptions: {
    'k left out': {
      wrong: room((_, { tokens, experts, factor }) => Math.max(1, Math.ceil((factor * tokens) / experts))),
      says: 'k changes nothing in your capacity. Each token is handed out k times, so there are k · T places to fill.',
    },
    'divided by k': {
      wrong: room((_, { tokens, experts, k, factor }) => Math.max(1, Math.ceil((factor * tokens) / (k * experts)))),
      says: 'You divide by k. Each token is handed out k times, so there are more places to fill, not fewer.',
    },
    'rounded down': {
      wrong: room((v) => Math.max(1, Math.floor(v))),
      says: 'You round down. With factor 1 and an even load there would not be room for everybody.',
    },
    'rounded down, to nothing': {
      wrong: room((v) => Math.floor(v)),
      says: 'You round down, where few tokens meet many experts even to 0. Round up.',
    },
    'cut off by | 0': {
      wrong: room((v) => Math.max(1, v | 0)),
      says: 'You cut the fraction off with | 0, which rounds down and makes 0 of Infinity. Math.ceil rounds up, and leaves Infinity as it is.',
    },
    'never more than there are tokens': {
      wrong: room((v, { tokens }) => Math.max(1, Math.min(tokens, Math.ceil(v)))),
      says: 'You keep the capacity at the number of tokens. More room than that is never used; but the docstring’s formula has no such bound, and Infinity stays Infinity.',
    },
    'never more than there are tokens, not even 1': {
      wrong: room((v, { tokens }) => Math.min(tokens, Math.max(1, Math.ceil(v)))),
      says: 'You keep the capacity at the number of tokens. More room than that is never used; but the docstring’s formula has no such bound, Infinity stays Infinity, and without tokens it is still 1.',
    },
    'rounded to the nearest': {
      wrong: room((v) => Math.max(1, Math.round(v))),
      says: 'You round to the nearest whole number, which is down for 2.25. Up: everybody is to have room when the load is even.',
    },
    'not rounded': {
      wrong: room((v) => Math.max(1, v)),
      says: 'Your capacity is no whole number. Two and a half tokens do not fit anywhere.',
    },
    'factor left out': {
      wrong: room((_, { tokens, experts, k }) => Math.max(1, Math.ceil((k * tokens) / experts))),
      says: 'The factor changes nothing in your capacity.',
    },
    'factor after rounding': {
      wrong: room((_, { tokens, experts, k, factor }) => Math.max(1, Math.ceil(factor * Math.ceil((k * tokens) / experts)))), // prettier-ignore
      says: 'You round twice: once before the factor, once after it. Only the end result is rounded.',
    },
    'not shared among the experts': {
      wrong: room((_, { tokens, k, factor }) => Math.max(1, Math.ceil(factor * k * tokens))),
      says: 'You do not divide by the number of experts: each of yours has room for everybody.',
    },
    'one more than the floor': {
      wrong: room((v) => (v === Infinity ? v : Math.floor(v) + 1)),
      says: 'You take the whole part and add 1, which is one too many where nothing is left over.',
    },
    'never less than 1 forgotten': {
      wrong: room((v) => Math.ceil(v)),
      says: 'Without tokens your capacity is 0. The docstring wants at least 1.',
    },
  },
  hints: [
    'k · T assignments shared evenly among E experts, with some slack.',
    'factor · k · T / E is a number that need not be whole; an expert’s room is.',
    'Math.ceil rounds up; Math.max keeps it at 1 or more.',
  ],
});

// Dealing out

type Dealing = { chosen: number[][]; experts: number; capacity: number };
/** Whose turn it is: all assignments in some order. */
type Turns = (chosen: number[][]) => Assignment[];
const slotsFirst: Turns = (chosen) =>
  range(chosen[0]?.length ?? 0, (slot) => chosen.map((_, token) => ({ token, slot }))).flat();
const tokensFirst: Turns = (chosen) => chosen.flatMap((row, token) => row.map((_, slot) => ({ token, slot })));
/** Dealt in an order, each as a rule allows. */
const dealtBy = (turns: Turns, takes: (pile: Assignment[], at: Assignment, i: Dealing, piles: Assignment[][]) => boolean) => (i: Dealing) => {
    const piles = range(i.experts, (): Assignment[] => []);
    for (const at of turns(i.chosen)) {
      const pile = piles[i.chosen[at.token]![at.slot]!]!;
      if (takes(pile, at, i, piles)) pile.push(at);
    }
    return piles;
  }; // prettier-ignore
const hasRoom = (pile: Assignment[], _: Assignment, { capacity }: Dealing) => pile.length < capacity;

const drawnDeal = { preference: tensor('T', 'E'), k: integer(1, 3), capacity: choice<number>(2, 1, 3, 0, Infinity) };
const dispatchTokens = exercise<typeof drawnDeal, Dealing>({
  points: 3,
  inputs: drawnDeal,
  sizes: { T: [1, 6], E: [1, 5] },
  derive: ({ preference, k, capacity }): Dealing => {
    const experts = preference.shape[1]!;
    return { chosen: chosenBy(preference, Math.min(k, experts)), experts, capacity };
  },
  parameters: ['chosen', 'experts', 'capacity'],
  oracle: ({ chosen, experts, capacity }) => dealt(chosen, experts, capacity),
  checks: [agrees({ exact: true, cases: 30 }), pure({ cases: 3 })],
  examples: [
    { chosen: [[0, 1], [1, 0], [0, 1], [1, 0]], experts: 3, capacity: 2 }, // prettier-ignore
    { chosen: [[0, 1], [0, 1], [0, 2], [1, 0]], experts: 4, capacity: 2 }, // prettier-ignore
    { chosen: [[1, 0], [0, 1], [1, 2]], experts: 3, capacity: 1 }, // prettier-ignore
    { chosen: [[2, 0], [2, 1], [2, 0], [2, 1]], experts: 3, capacity: 2 }, // prettier-ignore
    { chosen: [[1], [1], [1], [0]], experts: 2, capacity: 2 },
    { chosen: [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1]], experts: 3, capacity: 3 }, // prettier-ignore
    { chosen: [[0, 1], [1, 0]], experts: 2, capacity: 0 }, // prettier-ignore
    { chosen: [[2, 1], [0, 1], [2, 0], [1, 2]], experts: 4, capacity: Infinity }, // prettier-ignore
  ],
  misconceptions: {
    'token by token': {
      wrong: dealtBy(tokensFirst, hasRoom),
      says: 'You deal out all choices of token 0, then all of token 1. Then a second choice may take the place of somebody’s first. First choices of all tokens come first.',
    },
    'capacity ignored': {
      wrong: dealtBy(slotsFirst, () => true),
      says: 'Your piles are as high as they come: capacity changes nothing.',
    },
    'one too many': {
      wrong: dealtBy(slotsFirst, (pile, _, { capacity }) => pile.length <= capacity),
      says: 'Your piles hold one more than the capacity. Ask whether there is room before you put something down.',
    },
    'the last ones kept': {
      wrong: (i) => dealtBy(slotsFirst, () => true)(i).map((pile) => pile.slice(Math.max(0, pile.length - i.capacity))),
      says: 'When a pile is full you drop those who came first. What comes too late is dropped.',
    },
    'cut by slice(-capacity)': {
      wrong: (i) => dealtBy(slotsFirst, () => true)(i).map((pile) => pile.slice(-i.capacity)),
      says: 'slice(-capacity) keeps those who came last, and with a capacity of 0 it keeps all. slice(0, capacity) keeps the first ones.',
    },
    'one pile for all': {
      wrong: (i) => {
        const pile = slotsFirst(i.chosen).slice(0, i.capacity);
        return range(i.experts, () => [...pile]);
      },
      says: 'All your piles are the same: Array(E).fill([]) puts one list into all places. Array.from({ length: E }, () => []) makes E of them.',
    },
    'piles up to the last one chosen': {
      wrong: (i) => dealt(i.chosen, i.experts, i.capacity).slice(0, Math.max(...i.chosen.flat()) + 1),
      says: 'You make piles up to the largest number in chosen. There are `experts` of them, whether somebody chose the last ones or not.',
    },
    'the place on the pile for the slot': {
      wrong: (i) => dealt(i.chosen, i.experts, i.capacity).map((pile) => pile.map(({ token }, slot) => ({ token, slot }))), // prettier-ignore
      says: 'Your slot is the place on the pile. It is the column of chosen: was the expert the token’s first choice, or its second?',
    },
    'ended by the first full pile': {
      wrong: (i) => {
        let open = true;
        return dealtBy(slotsFirst, (pile) => (open &&= pile.length < i.capacity))(i);
      },
      says: 'As soon as one expert is full you stop dealing. The others may have room: only that one assignment is dropped.',
    },
    'a choice’s own capacity': {
      wrong: dealtBy(slotsFirst, (pile, { slot }, { capacity }) => pile.filter((a) => a.slot === slot).length < capacity), // prettier-ignore
      says: 'You count first and second choices apart, and an expert may have its capacity in each. It is one pile, and one capacity.',
    },
    'a full expert ends the token': {
      wrong: (i) => {
        const dropped = new Set<number>();
        return dealtBy(slotsFirst, (pile, { token }, { capacity }) => {
          if (pile.length >= capacity) dropped.add(token);
          return !dropped.has(token);
        })(i);
      },
      says: 'A token that finds its first expert full gets none at all from you. Its other choices still stand: each assignment is dropped by itself.',
    },
    'handed on to the next': {
      wrong: (i) => {
        const piles = range(i.experts, (): Assignment[] => []);
        for (const at of slotsFirst(i.chosen)) {
          const first = i.chosen[at.token]![at.slot]!;
          const free = range(i.experts, (d) => (first + d) % i.experts).find((e) => piles[e]!.length < i.capacity);
          if (free !== undefined) piles[free]!.push(at);
        }
        return piles;
      },
      says: 'Where an expert is full you give the token to the next one with room. Nobody chose that one: what does not fit is dropped.',
    },
    'second choices first': {
      wrong: dealtBy((chosen) => range(chosen[0]?.length ?? 0, (s) => chosen.map((row, token) => ({ token, slot: row.length - 1 - s }))).flat(), hasRoom), // prettier-ignore
      says: 'You begin with the last choices. Column 0 of chosen is the first one.',
    },
    'each pile by token': {
      wrong: (i) => dealt(i.chosen, i.experts, i.capacity).map((pile) => pile.toSorted((a, b) => a.token - b.token || a.slot - b.slot)), // prettier-ignore
      says: 'The right assignments, but each pile is sorted by token. They lie in the order in which they came: first choices before second ones.',
    },
    'from the last token': {
      wrong: dealtBy((chosen) => range(chosen[0]?.length ?? 0, (slot) => chosen.map((_, t) => ({ token: chosen.length - 1 - t, slot }))).flat(), hasRoom), // prettier-ignore
      says: 'You begin with the last token. Token 0 comes first.',
    },
    'first choices only': {
      wrong: dealtBy((chosen) => slotsFirst(chosen).filter(({ slot }) => slot === 0), hasRoom),
      says: 'Only first choices are dealt out. Each token is handed to all k of its experts.',
    },
    'token and slot exchanged': {
      wrong: (i) => dealt(i.chosen, i.experts, i.capacity).map((pile) => pile.map(({ token, slot }) => ({ token: slot, slot: token }))), // prettier-ignore
      says: 'Your token is the slot, and your slot the token. chosen[token][slot] is the expert.',
    },
    'the expert for the slot': {
      wrong: (i) => dealt(i.chosen, i.experts, i.capacity).map((pile, e) => pile.map(({ token }) => ({ token, slot: e }))), // prettier-ignore
      says: 'Your slot is the expert’s number, which the pile’s place says already. It is the column of chosen: was it the token’s first choice, or its second?',
    },
    'tokens without their slots': {
      wrong: (i) => dealt(i.chosen, i.experts, i.capacity).map((pile) => pile.map(({ token }) => token)),
      says: 'Your piles hold numbers of tokens. Which of a token’s gates weighs the word has to be known as well: { token, slot }.',
    },
    'no piles for idle experts': {
      wrong: (i) => dealt(i.chosen, i.experts, i.capacity).filter((pile) => pile.length > 0),
      says: 'Experts without a token have no pile in your list, and the others move up. An idle expert has an empty pile.',
    },
  },
  hints: [
    'Two loops and a question. Which loop is the outer one decides who is served first.',
    'E piles of { token, slot }. Array(E).fill([]) would give all experts the same pile: Array.from({ length: E }, () => []).',
    'for each slot, for each token: the pile is that of chosen[token][slot]; put { token, slot } on it if it has fewer than capacity.',
    'const pile = piles[chosen[token][slot]]; if (pile.length < capacity) pile.push({ token, slot });',
  ],
});

// At work

type Work = { x: Tensor; gates: Tensor; piles: Assignment[][]; experts: FeedForward[] };
type LiftedWork = Lifted<Omit<Work, 'piles'>> & Pick<Work, 'piles'>;

const drawnWork = {
  x: tensor('T', 'C'),
  gates: tensor('T', 'E', { min: 0.25, max: 1.5 }),
  preference: tensor('T', 'E'),
  k: integer(1, 2),
  capacity: choice<number>(Infinity, 2, 1),
  experts: expertWeights('C'),
};
const workSizes = { T: [1, 4], C: [1, 3], E: [1, 4], M: [1, 3] } as const;
type Drawn = Work & { preference: Tensor; k: number; capacity: number };
const atWork = ({ x, gates, preference, k, capacity, experts }: Drawn): Work => {
  const few = Math.min(k, experts.length);
  const piles = dealt(chosenBy(preference, few), experts.length, capacity);
  return { x, gates: gates.slice(null, [0, few]), piles, experts };
};
const workParameters = ['x', 'gates', 'piles', 'experts'];
/** Tokens with all of their choices, with some, with none; an expert with nothing to do. */
const works: Work[] = [
  {
    x: filled(3, 4, 2).mul(2),
    gates: new Tensor([4, 2], [0.75, 0.25, 0.5, 0.25, 1.25, 0.5, 0.25, 1]),
    piles: dealt([[0, 1], [1, 0], [0, 3], [3, 0]], 4, 2), // prettier-ignore
    experts: someExperts(11, 4, 2, 3),
  },
  {
    x: filled(5, 4, 3).mul(2),
    gates: new Tensor([4, 1], [0.75, 0.5, 0.25, 1.5]),
    piles: dealt([[1], [1], [0], [1]], 3, 2),
    experts: someExperts(23, 3, 3, 2),
  },
  {
    x: filled(9, 3, 2).mul(2),
    gates: new Tensor([3, 2], [0.5, 0.75, 1.25, 0.25, 0.5, 1]),
    piles: dealt([[2, 0], [2, 1], [0, 2]], 3, Infinity), // prettier-ignore
    experts: someExperts(37, 3, 2, 3),
  },
  {
    x: filled(13, 4, 3).mul(2),
    gates: new Tensor([4, 2], [0.5, 0.25, 0.75, 0.5, 0.25, 1, 0.5, 1.25]),
    piles: dealt([[0, 1], [0, 2], [1, 0], [0, 1]], 3, 1), // prettier-ignore
    experts: someExperts(53, 3, 3, 2),
  },
];

const working =
  (word: Word = weighedWord) =>
  (i: LiftedWork) => ({ y: mixed(i.x, i.gates, i.piles, i.experts, word) });
const workValue = (word?: Word) => valueOf(working(word), { plain: ['piles'] });
const workChanged = (change: (i: LiftedWork) => LiftedWork, end?: (y: VarTensor, i: LiftedWork) => VarTensor) =>
  valueOf((i: LiftedWork) => {
    const { y } = working()(change(i));
    return { y: end ? end(y, i) : y };
  }, { plain: ['piles'] }); // prettier-ignore
const same = (i: LiftedWork) => i;
const piled = (piles: Assignment[][], token: number) => piles.flat().filter((a) => a.token === token);
const addedTo = (y: VarTensor, x: VarTensor, when: (t: number) => boolean) =>
  table(y.shape, (t, c) => (when(t!) ? y.at(t!, c!).add(x.at(t!, c!)) : y.at(t!, c!)));
/** Only the last word on a token counts. */
const lastWord = ({ piles, ...rest }: LiftedWork): LiftedWork => {
  const all = piles.flatMap((pile, e) => pile.map((at) => ({ e, at })));
  const kept = all.filter(({ at }, n) => !all.slice(n + 1).some((later) => later.at.token === at.token));
  return { ...rest, piles: piles.map((_, e) => kept.filter((one) => one.e === e).map(({ at }) => at)) };
};
const otherBend =
  (bend: (z: Var) => Var): Word =>
  (token, gate, { w1, b1, w2, b2 }) => {
    const hidden = rowsOf(w1).map((row, m) => bend(dot(token.data, row).add(b1.at(m))));
    return rowsOf(w2).map((row, c) => dot(hidden, row).add(b2.at(c)).mul(gate));
  };

const expertsForward = exercise<typeof drawnWork, Work>({
  points: 3,
  inputs: drawnWork,
  sizes: workSizes,
  derive: atWork as never,
  parameters: workParameters,
  oracle: workValue(),
  checks: [
    agrees({ cases: 12 }),
    property<Work>('a token that nobody took gets 0', {
      cases: 4,
      where: ({ x, piles }) => range(x.shape[0]!, (t) => t).some((t) => piled(piles, t).length === 0),
      holds: ({ y: { y } }: { y: { y: Tensor } }, { x, piles }) =>
        range(x.shape[0]!, (t) => t).every((t) => piled(piles, t).length > 0 || y.row(t).data.every((v) => v === 0)),
    }),
    pure({ cases: 3 }),
  ],
  examples: works,
  misconceptions: {
    'the gate weighs the input': {
      wrong: workValue((token, gate, expert) =>
        expertSays(
          token.data.map((v) => v.mul(gate)),
          expert,
        ),
      ),
      says: 'Your gate multiplies what the expert is told. It weighs what the expert says: between the two stand biases and a bend.',
    },
    'the last expert overwrites': {
      wrong: workChanged(lastWord),
      says: 'A token keeps only what the last of its experts said. Their words are added.',
    },
    'gates left out': {
      wrong: workValue((token, _, expert) => expertSays(token.data, expert)),
      says: 'Your experts’ words are added as they are. Each is weighed by its gate.',
    },
    'the first gate for all': {
      wrong: workChanged((i) => ({ ...i, gates: table(i.gates.shape, (t) => i.gates.at(t!, 0)) })),
      says: 'Every word on a token is weighed by the gate of its first choice. The slot says which gate is meant.',
    },
    'gates by the place in the pile': {
      wrong: (i) =>
        valueOf(
          (j: LiftedWork) => ({
            y: mixed(j.x, j.gates, j.piles, j.experts, (token, _, expert, at) => {
              const place = j.piles.find((pile) => pile.includes(at))!.indexOf(at);
              return expertSays(token.data, expert).map((v) => v.mul(j.gates.at(place, at.slot)));
            }),
          }),
          { plain: ['piles'] },
        )(i),
      says: 'The i-th word of a pile is weighed by the gate of token i. It lies at place i of the pile, but it is about the token that the assignment names.',
    },
    'put back by the place in the pile': {
      wrong: (i) =>
        valueOf(
          (j: LiftedWork) => {
            const T = j.x.shape[0]!;
            const words = range(T, (): Var[][] => []);
            j.piles.forEach((pile, e) =>
              pile.forEach(
                (at, place) =>
                words[place]!.push(weighedWord(tokenAt(j.x, at.token), j.gates.at(at.token, at.slot), j.experts[e]!, at)), // prettier-ignore
              ),
            );
            return { y: table(j.x.shape, (t, c) => sum(words[t!]!.map((said) => said[c!]!))) };
          },
          { plain: ['piles'] },
        )(i),
      says: 'The i-th word of a pile ends in row i of y. It goes back to where its token stood.',
    },
    'rescaled for what was dropped': {
      wrong: workChanged((i) => ({
        ...i,
        gates: table(i.gates.shape, (t, s) => {
          const kept = piled(i.piles, t!).map(({ slot }) => i.gates.at(t!, slot));
          const all = range(i.gates.shape[1]!, (slot) => i.gates.at(t!, slot));
          return kept.length > 0 ? i.gates.at(t!, s!).mul(sum(all)).div(sum(kept)) : i.gates.at(t!, s!);
        }),
      })),
      says: 'Where a choice was dropped you make the other gates larger. They stay as they are; and where all were dropped there would be 0/0.',
    },
    'rescaled to 1 for what was dropped': {
      wrong: workChanged((i) => ({
        ...i,
        gates: table(i.gates.shape, (t, s) => {
          const kept = piled(i.piles, t!).map(({ slot }) => i.gates.at(t!, slot));
          return kept.length > 0 ? i.gates.at(t!, s!).div(sum(kept)) : i.gates.at(t!, s!);
        }),
      })),
      says: 'You divide by the gates that found room, so that they sum to 1. Gates stay as they are: raw ones are meant to sum to less, and what was dropped is not made up for.',
    },
    'divided by the sum of the gates': {
      wrong: workChanged((i) => ({
        ...i,
        gates: table(i.gates.shape, (t, s) =>
          i.gates.at(t!, s!).div(sum(range(i.gates.shape[1]!, (slot) => i.gates.at(t!, slot)))),
        ),
      })),
      says: 'You normalise the gates once more. They come as they are to be used; raw ones are meant to sum to less than 1.',
    },
    'tokens that nobody took pass through': {
      wrong: workChanged(same, (y, { x, piles }) => addedTo(y, x, (t) => piled(piles, t).length === 0)),
      says: 'A token that nobody took comes out as it came in. It gets 0: in a block the residual connection carries it on, and twice would be once too often.',
    },
    'the mean of the words': {
      wrong: workChanged(same, (y, { gates }) => table(y.shape, (t, c) => y.at(t!, c!).div(gates.shape[1]!))),
      says: 'You divide by k. The gates are the weights already: the words are summed.',
    },
    'one expert for all': {
      wrong: workChanged((i) => ({ ...i, experts: i.experts.map(() => i.experts[0]!) })),
      says: 'Every pile is worked through by expert 0.',
    },
    'no activation': {
      wrong: workValue(otherBend((z) => z)),
      says: 'Nothing bends inside your experts. They are feed-forward layers with ReLU.',
    },
    'GELU for ReLU': {
      wrong: workValue(otherBend(gelu)),
      says: 'Your experts bend with GELU. Here they have ReLU.',
    },
    'x added already': {
      wrong: workChanged(same, (y, { x }) => addedTo(y, x, () => true)),
      says: 'You have added x to the result. That is the residual connection, and the block’s business.',
    },
  },
  hints: [
    'Pile by pile: fetch the pile’s tokens, let the expert work through all of them at once, and add each word, weighed, to its token’s row.',
    'A pile of n: x.gather(tokens) is (n, C), what the expert says is (n, C), and each of its rows meets one number of gates.',
    'gates.at(token, slot) is the weight of the i-th word, and addToRow(y, token, …) puts it back. Leave empty piles out, and keep undefined for them in the cache.',
    "const said = feedForward(x.gather(pile.map(({ token }) => token)), experts[e], 'relu'); pile.forEach(({ token, slot }, i) => addToRow(y, token, said.y.row(i).mul(gates.at(token, slot))));",
  ],
});

type WorkBack = Work & { dy: Tensor };
const workBack = (definition: (i: LiftedWork) => { y: VarTensor }) =>
  gradientOf<LiftedWork>(definition, {
    upstream: { y: 'dy' },
    wrt: { dx: 'x', dgates: 'gates', experts: 'experts' },
    plain: ['piles'],
  });
const workOracle = workBack(working());
type WorkGradients = { dx: Tensor; dgates: Tensor; experts: FeedForward[] };
const rightBack = (i: WorkBack) => workOracle(i) as WorkGradients;
const partsFrom =
  (other: (i: WorkBack) => unknown, ...names: (keyof WorkGradients)[]) =>
  (i: WorkBack) => {
    const wrong = other(i) as WorkGradients;
    return { ...rightBack(i), ...Object.fromEntries(names.map((name) => [name, wrong[name]])) } as WorkGradients;
  };
/** dgates by a rule: what the expert said of the token, its upstream gradient, and where. */
const dgatesBy =
  (f: (said: number[], d: number[], i: WorkBack, at: Assignment, place: number) => number) => (i: WorkBack) => {
    const dgates = zerosLike(i.gates);
    i.piles.forEach((pile, e) =>
      pile.forEach((at, place) => {
        const said = saidOf(i, e, at.token);
        dgates.data[at.token * i.gates.shape[1]! + at.slot] = f(said, rowIn(i.dy, at.token), i, at, place);
      }),
    );
    return { ...rightBack(i), dgates };
  };
const rowIn = (x: Tensor, t: number) => Array.from(x.row(t).data);
const dotted = (a: number[], b: number[]) => a.reduce((s, v, c) => s + v * b[c]!, 0);
function saidOf({ x, experts }: Work, e: number, token: number): number[] {
  const { w1, b1, w2, b2 } = experts[e]!;
  const h = w1.matmul(x.row(token)).add(b1).maximum(0);
  return Array.from(w2.matmul(h).add(b2).data);
}
const scaledWeights = (experts: FeedForward[], by: (e: number) => number): FeedForward[] =>
  experts.map(({ w1, b1, w2, b2 }, e) => ({ w1: w1.mul(by(e)), b1: b1.mul(by(e)), w2: w2.mul(by(e)), b2: b2.mul(by(e)) })); // prettier-ignore
/** The value of the first, the gradient of the second. */
const heardAs = (value: Var[], taken: Var[]): Var[] =>
  heard(unheard(new VarTensor([value.length], value)), new VarTensor([taken.length], taken)).data as Var[];

const drawnWorkBack = { dy: tensor('T', 'C'), ...drawnWork };
const expertsBackward = exercise<typeof drawnWorkBack, WorkBack>({
  points: 4,
  inputs: drawnWorkBack,
  sizes: workSizes,
  derive: ((drawn: Drawn & { dy: Tensor }) => ({ dy: drawn.dy, ...atWork(drawn) })) as never,
  parameters: ['dy'],
  backwardOf: { forward: 'expertsForward', takes: workParameters },
  oracle: workOracle,
  checks: [
    gradientAgrees({ upstream: ['dy'], cases: 12 }),
    property<WorkBack>('an expert without a token learns nothing', {
      cases: 4,
      where: ({ piles }) => piles.some((pile) => pile.length === 0),
      holds: ({ y }: { y: WorkGradients }, { piles }) =>
        piles.every((pile, e) => pile.length > 0 || Object.values(y.experts[e]!).every((w) => w.data.every((v) => v === 0))), // prettier-ignore
    }),
    pure({ cases: 3 }),
  ],
  examples: works.map((w, k) => ({ dy: filled(80 + k, ...w.x.shape), ...w })),
  misconceptions: {
    'the gates as constants': {
      wrong: (i) => ({ ...rightBack(i), dgates: zerosLike(i.gates) }),
      says: 'Your dgates are 0. How much a word weighs can be learned: this is the only road on which the task teaches the router.',
    },
    'not weighed on the way back': {
      wrong: partsFrom(
        workBack(
          working((token, gate, expert) => {
            const said = expertSays(token.data, expert);
            const weighed = said.map((v) => v.mul(gate));
            return heardAs(weighed, said);
          }),
        ),
        'dx',
        'experts',
      ),
      says: 'Each expert gets dy as it is. Its word was multiplied by the gate, so what comes back to it is too.',
    },
    'weighed twice': {
      wrong: partsFrom(
        workBack(
          working((token, gate, expert) => {
            const said = expertSays(token.data, expert);
            const weighed = said.map((v) => v.mul(gate));
            return heardAs(
              weighed,
              weighed.map((v) => v.mul(still(gate))),
            );
          }),
        ),
        'dx',
        'experts',
      ),
      says: 'The gate comes in twice on the way back to the expert. Once is enough.',
    },
    'dx weighed twice': {
      wrong: partsFrom(
        workBack(
          working((token, gate, expert) => {
            const told = new VarTensor(token.shape, heardAs([...token.data], token.data.map((v) => v.mul(still(gate))))); // prettier-ignore
            return weighedWord(told, gate, expert, { token: 0, slot: 0 });
          }),
        ),
        'dx',
      ),
      says: 'What comes out of the expert is weighed by the gate once more before it is added to dx. It was weighed when it went in.',
    },
    'dx of the last expert': {
      wrong: partsFrom(
        workBack((i) => {
          const last = lastWord(i).piles;
          return working((token, gate, expert, at) => {
            const counts = last.some((pile) => pile.includes(at));
            return weighedWord(counts ? token : unheard(token), gate, expert, at);
          })(i);
        }),
        'dx',
      ),
      says: 'A token’s dx comes from the last of its experts only. It was read by all of them: the rows are summed.',
    },
    'dx by the place in the pile': {
      wrong: (i) => {
        const dx = zerosLike(i.x);
        i.piles.forEach((pile, e) =>
          pile.forEach((at, place) => {
            const alone = i.piles.map((_, other) => (other === e ? [at] : []));
            const back = rightBack({ ...i, piles: alone }).dx;
            for (let c = 0; c < i.x.shape[1]!; c++) dx.data[place * i.x.shape[1]! + c]! += back.at(at.token, c);
          }),
        );
        return { ...rightBack(i), dx };
      },
      says: 'The i-th row that comes out of an expert ends in row i of dx. It belongs to the token that the assignment names.',
    },
    'dy by the place in the pile': {
      wrong: (i) => {
        const moved = i.piles.map((pile, e) => {
          const dy = i.dy.map(() => 0);
          const C = i.dy.shape[1]!;
          pile.forEach(({ token }, place) => {
            for (let c = 0; c < C; c++) dy.data[token * C + c] = i.dy.at(place, c);
          });
          return rightBack({ ...i, dy, piles: i.piles.map((p, other) => (other === e ? p : [])) });
        });
        return {
          dx: moved.reduce((a, m) => a.add(m.dx), zerosLike(i.x)),
          dgates: moved.reduce((a, m) => a.add(m.dgates), zerosLike(i.gates)),
          experts: moved.map((m, e) => m.experts[e]!),
        };
      },
      says: 'The i-th word of a pile meets row i of dy. Gather the rows of the tokens that are in the pile.',
    },
    'dgates with the weighed word': {
      wrong: dgatesBy((said, d, i, { token, slot }) => dotted(d, said) * i.gates.at(token, slot)),
      says: 'In your dgates stands the word after it was weighed. The derivative of gate · said with respect to the gate is what was said.',
    },
    'dgates with the mixture': {
      wrong: dgatesBy((_, d, i, { token }) => dotted(d, rowIn((workValue()(i) as { y: Tensor }).y, token))),
      says: 'In your dgates stands y, the whole mixture. Each gate weighed one expert’s word: that one.',
    },
    'dgates with the token': {
      wrong: dgatesBy((_, d, i, { token }) => dotted(d, rowIn(i.x, token))),
      says: 'In your dgates stands the token, what the expert was told. The gate weighed what it said.',
    },
    'dgates without the sum': {
      wrong: dgatesBy((said, d) => d[0]! * said[0]!),
      says: 'Your dgates come from the first feature alone. One gate weighed all C of them: sum over the features.',
    },
    'dgates by the mean': {
      wrong: dgatesBy((said, d) => dotted(d, said) / d.length),
      says: 'Your dgates are a mean over the features. One gate weighed all C of them, so their shares are added.',
    },
    'averaged over the pile': {
      wrong: (i) => {
        const right = rightBack(i);
        return { ...right, experts: scaledWeights(right.experts, (e) => 1 / Math.max(1, i.piles[e]!.length)) };
      },
      says: 'Each expert’s gradients are divided by the number of its tokens. If the loss is a mean, dy knows it already.',
    },
    'idle experts left out': {
      wrong: (i) => {
        const right = rightBack(i);
        return { ...right, experts: right.experts.filter((_, e) => i.piles[e]!.length > 0) };
      },
      says: 'Your list of gradients has no place for experts without a token, and the others move up. Idle experts get zeros in the shapes of their weights.',
    },
  },
  hints: [
    'Pile by pile again. Three things come of each: the expert’s gradients, a row of dx for each of its tokens, a number of dgates for each.',
    'For a pile of n: upstream = dy.gather(tokens) is (n, C), the gates of its assignments (n, 1), said (n, C). dgates is a dot product of two rows.',
    'feedForwardBackward(upstream ⊙ gates, cache) gives dx (n, C) and the weights’ gradients. dgates[t, s] = Σ_c upstream_ic · said_ic, of the unweighed word. Rows of dx are added, with addToRow.',
    'const back = feedForwardBackward(upstream.mul(new Tensor([n, 1], share)), said.cache); const agreement = upstream.mul(said.y).sum(1); dgates.data[token * k + slot] = agreement.at(i);',
  ],
});

export const experts = topic('experts', 'The experts', {
  expertCapacity,
  dispatchTokens,
  expertsForward,
  expertsBackward,
});
