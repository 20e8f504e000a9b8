import {
  agrees,
  choice,
  exercise,
  integer,
  number,
  property,
  pure,
  record,
  rejects,
  topic,
  type ValueRecord,
} from '../engine/index.ts';

const base = number({ min: 0.25, max: 1 });
const minimum = number({ min: 0, max: 0.125, step: 0.0625 });

const stepDecay = exercise({
  points: 1,
  inputs: { step: integer(1, 24), base, factor: choice<number>(0.5, 0.25, 0.1), every: integer(1, 6) },
  oracle: (i) => {
    let rate = i.base;
    for (let done = i.every; done < i.step; done += i.every) rate *= i.factor;
    return rate;
  },
  checks: [
    agrees(),
    rejects('steps that are no whole number from 1, or a rate below 0', [
      { step: 0, base: 1, factor: 0.5, every: 2 },
      { step: 1.5, base: 1, factor: 0.5, every: 2 },
      { step: 1, base: 1, factor: 0.5, every: 0 },
      { step: 1, base: -1, factor: 0.5, every: 2 },
    ]),
  ],
  examples: [
    { step: 10, base: 1, factor: 0.5, every: 10 },
    { step: 11, base: 1, factor: 0.5, every: 10 },
    { step: 30, base: 1, factor: 0.5, every: 10 },
    { step: 3, base: 0, factor: 0.5, every: 2 },
  ],
  misconceptions: {
    'one step too early': {
      wrong: ({ step, base, factor, every }) => base * factor ** Math.floor(step / every),
      says: 'Your rate falls one step too early: with every = 10, step 10 should still have the old rate. Steps count from 1, so how many are done before step t?',
    },
    'falling all the time': {
      wrong: ({ step, base, factor, every }) => base * factor ** ((step - 1) / every),
      says: 'Your rate falls a little with every step. Between the drops it should be constant.',
    },
    'at every step': {
      wrong: ({ step, base, factor }) => base * factor ** (step - 1),
      says: 'Your rate drops after every step, whatever every says.',
    },
    'only once': {
      wrong: ({ step, base, factor, every }) => (step > every ? base * factor : base),
      says: 'Your rate drops once and then stays. It drops after every so many steps.',
    },
    'factor times the number of drops': {
      wrong: ({ step, base, factor, every }) => (step > every ? base * factor * Math.floor((step - 1) / every) : base),
      says: 'Several drops multiply: a half and a half again is a quarter.',
    },
    'divided by the factor': {
      wrong: ({ step, base, factor, every }) => base / factor ** Math.floor((step - 1) / every),
      says: 'Your rate grows: you divide by the factor, or its exponent has a minus too many.',
    },
    'rounded up': {
      wrong: ({ step, base, factor, every }) => base * factor ** Math.ceil((step - 1) / every),
      says: 'Your rate falls right after step 1. A stair counts only once it lies wholly behind you: which way do you round?',
    },
  },
  hints: [
    'A staircase going down. How many stairs lie behind you at step t?',
    'Whole numbers in, one rate out; Math.floor counts the stairs.',
    'η(t) = base · factor^⌊(t − 1)/every⌋.',
    'return base * factor ** Math.floor((step - 1) / every);',
  ],
});

interface Cosine {
  step: number;
  total: number;
  base: number;
  minimum: number;
}
/** From base to minimum as the angle goes from 0 to π. */
const along = ({ base, minimum }: Omit<Cosine, 'step' | 'total'>, progress: number, turn = Math.PI) =>
  minimum + ((base - minimum) * (1 + Math.cos(turn * progress))) / 2;

const cosine = exercise({
  points: 2,
  inputs: { step: integer(1, 16), total: integer(1, 10), base, minimum },
  oracle: (i) => (i.step > i.total ? i.minimum : along(i, (i.step - 1) / i.total)),
  checks: [
    agrees(),
    rejects('steps that are no whole number from 1, or a minimum that is none', [
      { step: 0, total: 4, base: 1, minimum: 0 },
      { step: 1, total: 0, base: 1, minimum: 0 },
      { step: 2.5, total: 4, base: 1, minimum: 0 },
      { step: 1, total: 4, base: 1, minimum: 2 },
      { step: 1, total: 4, base: 1, minimum: -0.5 },
    ]),
  ],
  examples: [
    { step: 1, total: 4, base: 1, minimum: 0.125 },
    { step: 3, total: 4, base: 1, minimum: 0.125 },
    { step: 4, total: 4, base: 1, minimum: 0.125 },
    { step: 7, total: 4, base: 1, minimum: 0.125 },
    { step: 9, total: 4, base: 1, minimum: 0 },
    { step: 2, total: 7, base: 1, minimum: 0 },
    { step: 3, total: 4, base: 0.5, minimum: 0.5 },
  ],
  misconceptions: {
    'no ½': {
      wrong: (i) => i.minimum + (i.base - i.minimum) * (1 + Math.cos(Math.PI * Math.min(1, (i.step - 1) / i.total))),
      says: 'Your curve begins twice as high as it should: 1 + cos runs from 2 to 0. Halve it.',
    },
    rising: {
      wrong: (i) => along(i, 1 - Math.min(1, (i.step - 1) / i.total)),
      says: 'Your rate rises. 1 − cos starts at 0; which sign starts at 2?',
    },
    'no minimum': {
      wrong: (i) => along({ ...i, minimum: 0 }, Math.min(1, (i.step - 1) / i.total)),
      says: 'The minimum changes nothing in your result.',
    },
    'step counted from 0': {
      wrong: (i) => along(i, Math.min(1, i.step / i.total)),
      says: 'Your curve is one step ahead: step 1 should have the base rate in full. How much of the way lies behind you at step 1?',
    },
    'up again after the end': {
      wrong: (i) => along(i, (i.step - 1) / i.total),
      says: 'After the last step your rate rises again, as a cosine does. It should stay at the minimum.',
    },
    'minimum on top': {
      wrong: (i) => i.minimum + (i.base * (1 + Math.cos(Math.PI * Math.min(1, (i.step - 1) / i.total)))) / 2,
      says: 'Your curve begins at base + minimum. The wave lies between the two, so it is as high as their difference.',
    },
    'minimum as a floor': {
      wrong: (i) => Math.max(i.minimum, along({ ...i, minimum: 0 }, Math.min(1, (i.step - 1) / i.total))),
      says: 'You let the curve run to 0 and cut it off at the minimum. It should arrive there gently, just at the end.',
    },
    'quarter of a wave': {
      wrong: (i) => i.minimum + (i.base - i.minimum) * Math.cos((Math.PI / 2) * Math.min(1, (i.step - 1) / i.total)),
      says: 'You use a quarter of the wave, which ends steeply. The half wave, from its top to its bottom, is flat at both ends.',
    },
    'arrived at the last step': {
      wrong: (i) => along(i, i.total === 1 ? (i.step > 1 ? 1 : 0) : Math.min(1, (i.step - 1) / (i.total - 1))),
      says: 'Your curve reaches the minimum at step total. Here it does so one step later, so that the last step still counts: divide by total.',
    },
    degrees: {
      wrong: (i) => along(i, Math.min(1, (i.step - 1) / i.total), 180),
      says: 'Math.cos takes radians: half a turn is π, not 180.',
    },
    'rising, then the minimum': {
      wrong: (i) => (i.step > i.total ? i.minimum : along(i, 1 - (i.step - 1) / i.total)),
      says: 'Your rate rises up to the last step. 1 − cos starts at 0; which sign starts at 2?',
    },
    'ends at 0': {
      wrong: (i) =>
        i.step > i.total ? i.minimum : ((i.base - i.minimum) * (1 + Math.cos((Math.PI * (i.step - 1)) / i.total))) / 2,
      says: 'Your curve runs from base − minimum down to 0: the height of the wave is right, but the wave stands on the ground. What is it to be added to?',
    },
    'whole wave': {
      wrong: (i) => (i.step > i.total ? i.minimum : along(i, (i.step - 1) / i.total, 2 * Math.PI)),
      says: 'Your rate has fallen by the middle and then rises again: you run through a whole wave, and half of one is asked for.',
    },
  },
  hints: [
    'From its top (at 0) to its bottom (at π) a cosine falls from 1 to −1. Stretch that to fall from base to minimum.',
    'How much of the way lies behind you at step t, as a number from 0 to 1?',
    'progress = min(1, (t − 1)/total); η = minimum + ½ (base − minimum)(1 + cos(π · progress)).',
    'return minimum + 0.5 * (base - minimum) * (1 + Math.cos(Math.PI * Math.min(1, (step - 1) / total)));',
  ],
});

const linearWarmup = exercise({
  points: 1,
  inputs: { step: integer(1, 12), warmup: integer(0, 8), base },
  oracle: ({ step, warmup, base }) => (step >= warmup ? base : (base * step) / warmup),
  checks: [
    agrees(),
    rejects('steps that make no sense, or a rate below 0', [
      { step: 0, warmup: 4, base: 1 },
      { step: 1.5, warmup: 4, base: 1 },
      { step: 1, warmup: -1, base: 1 },
      { step: 1, warmup: 2, base: -1 },
    ]),
  ],
  examples: [
    { step: 1, warmup: 4, base: 1 },
    { step: 4, warmup: 4, base: 1 },
    { step: 5, warmup: 4, base: 1 },
    { step: 1, warmup: 0, base: 0.5 },
    { step: 1, warmup: 1, base: 0.5 },
    { step: 1, warmup: 2, base: 0 },
  ],
  misconceptions: {
    'starts at 0': {
      wrong: ({ step, warmup, base }) => (warmup === 0 ? base : base * Math.min(1, (step - 1) / warmup)),
      says: 'Your first step has the rate 0 and moves nothing. Steps count from 1, and step 1 already takes its share.',
    },
    'never levels off': {
      wrong: ({ step, warmup, base }) => (warmup === 0 ? base : (base * step) / warmup),
      says: 'After the warm-up your rate goes on rising. It should stay at the base rate.',
    },
    'no warm-up': {
      wrong: ({ base }) => base,
      says: 'Every step has the base rate. Where is the rise?',
    },
    'late by one step': {
      wrong: ({ step, warmup, base }) => base * Math.min(1, step / (warmup + 1)),
      says: 'The whole rate is reached one step too late: step warmup is the first to have it.',
    },
    quadratic: {
      wrong: ({ step, warmup, base }) => (step >= warmup ? base : base * (step / warmup) ** 2),
      says: 'Your rise is a parabola; a straight line is asked for.',
    },
    'starts at 0, and jumps at the end': {
      wrong: ({ step, warmup, base }) => (step >= warmup ? base : (base * (step - 1)) / warmup),
      says: 'Your first step has the rate 0 and moves nothing. Steps count from 1, and step 1 already takes its share.',
    },
    'rise too flat': {
      wrong: ({ step, warmup, base }) => (step >= warmup ? base : (base * step) / (warmup + 1)),
      says: 'Your stairs are too low: the last of them, from step warmup − 1 to step warmup, is twice as high as the others. Into how many equal parts is the rise divided?',
    },
    'base left out': {
      wrong: ({ step, warmup, base }) => (step >= warmup ? base : step / warmup),
      says: 'During the rise your rate is the share alone, whatever the base rate is.',
    },
  },
  hints: [
    'A ramp, and then level ground.',
    'The share of the base rate at step t is a number from 1/warmup to 1.',
    'η(t) = base · min(1, t/warmup), and base when warmup is 0.',
    'return warmup === 0 ? base : base * Math.min(1, step / warmup);',
  ],
});

interface WarmupCosine extends Cosine {
  warmup: number;
}
const ramp = ({ step, warmup, base }: WarmupCosine) => (base * step) / warmup;
const falling = (i: WarmupCosine, step: number, total: number) => along(i, Math.min(1, (step - 1) / total));

const warmupCosine = exercise({
  points: 2,
  uses: ['cosine', 'linearWarmup'],
  inputs: { step: integer(1, 16), warmup: integer(0, 4), total: integer(5, 12), base, minimum },
  oracle: (i) => {
    if (i.step <= i.warmup) return (i.base * i.step) / i.warmup;
    if (i.step > i.total) return i.minimum;
    return along(i, (i.step - i.warmup - 1) / (i.total - i.warmup));
  },
  checks: [
    agrees(),
    rejects('a warm-up as long as the training, or settings out of range', [
      { step: 1, warmup: 4, total: 4, base: 1, minimum: 0 },
      { step: 1, warmup: 5, total: 4, base: 1, minimum: 0 },
      { step: 0, warmup: 2, total: 4, base: 1, minimum: 0 },
      { step: 1, warmup: 2, total: 4, base: 1, minimum: 2 },
      { step: 3, warmup: -1, total: 4, base: 1, minimum: 0 },
    ]),
  ],
  examples: [
    { step: 1, warmup: 4, total: 12, base: 0.25, minimum: 0.125 },
    { step: 1, warmup: 3, total: 8, base: 0.25, minimum: 0.125 },
    { step: 1, warmup: 4, total: 12, base: 1, minimum: 0.125 },
    { step: 4, warmup: 4, total: 12, base: 1, minimum: 0.125 },
    { step: 5, warmup: 4, total: 12, base: 1, minimum: 0.125 },
    { step: 8, warmup: 4, total: 12, base: 1, minimum: 0.125 },
    { step: 12, warmup: 4, total: 12, base: 1, minimum: 0.125 },
    { step: 14, warmup: 4, total: 12, base: 1, minimum: 0.125 },
    { step: 3, warmup: 0, total: 12, base: 1, minimum: 0 },
  ],
  misconceptions: {
    'clock of the fall one ahead': {
      wrong: (i) => (i.step <= i.warmup ? ramp(i) : falling(i, i.step - i.warmup + 1, i.total - i.warmup)),
      says: 'The first step of your fall is already below the base rate. For the cosine the first step after the warm-up is step 1.',
    },
    'clock of the fall one behind': {
      wrong: (i) =>
        i.step <= i.warmup
          ? ramp(i)
          : along(i, Math.max(0, Math.min(1, (i.step - i.warmup - 2) / (i.total - i.warmup)))),
      says: 'Your fall begins one step late: two steps after the warm-up have nearly the base rate. The first one is step 1 of the cosine.',
    },
    'minimum in the warm-up': {
      wrong: (i) =>
        i.step <= i.warmup ? Math.max(i.minimum, ramp(i)) : falling(i, i.step - i.warmup, i.total - i.warmup),
      says: 'Your warm-up never goes below the minimum. It rises from zero; the minimum belongs to the fall.',
    },
    'cosine from step 1': {
      wrong: (i) => (i.step <= i.warmup ? ramp(i) : falling(i, i.step, i.total)),
      says: 'After the warm-up your cosine is already on its way down, as if it had started at step 1. It begins where the rise ends.',
    },
    'total too long': {
      wrong: (i) => (i.step <= i.warmup ? ramp(i) : falling(i, i.step - i.warmup, i.total)),
      says: 'Your fall takes total steps, and the training is over before it ends. The warm-up has used some of them up.',
    },
    'product of both': {
      wrong: (i) => Math.min(1, i.warmup === 0 ? 1 : i.step / i.warmup) * falling(i, i.step, i.total),
      says: 'You multiply the two schedules. They come one after the other.',
    },
    'rising from the minimum': {
      wrong: (i) =>
        i.step <= i.warmup
          ? i.minimum + ((i.base - i.minimum) * i.step) / i.warmup
          : falling(i, i.step - i.warmup, i.total - i.warmup),
      says: 'Your warm-up rises from the minimum. It rises from zero: step 1 has base / warmup.',
    },
    'up again after the end': {
      wrong: (i) => (i.step <= i.warmup ? ramp(i) : along(i, (i.step - i.warmup - 1) / (i.total - i.warmup))),
      says: 'After the last step your rate rises again, as a cosine does. It should stay at the minimum.',
    },
    'total shortened, clock not reset': {
      wrong: (i) => (i.step <= i.warmup ? ramp(i) : falling(i, i.step, i.total - i.warmup)),
      says: 'The fall is as long as it should be, but its clock goes on from the warm-up: it begins in the middle and is over too early.',
    },
    'no minimum': {
      wrong: (i) =>
        i.step <= i.warmup ? ramp(i) : falling({ ...i, minimum: 0 }, i.step - i.warmup, i.total - i.warmup),
      says: 'The minimum changes nothing in your result.',
    },
  },
  hints: [
    'You have both halves already; this one only decides which of them speaks, and what time it is for it.',
    'For the second half the clock starts anew: its step 1 is the first one after the warm-up.',
    't ≤ warmup: linearWarmup(t, warmup, base); else cosine(t − warmup, total − warmup, base, minimum).',
    'Compute both (cosine with Math.max(1, step - warmup)), so that bad settings are always noticed; then return the one that is due.',
  ],
});

interface Transformer {
  step: number;
  dModel: number;
  warmup: number;
}

const inverseSquareRoot = exercise({
  points: 1,
  inputs: { step: integer(1, 40), dModel: integer(1, 16), warmup: integer(1, 16) },
  oracle: ({ step, dModel, warmup }: Transformer) =>
    step < warmup ? step / (warmup * Math.sqrt(warmup * dModel)) : 1 / Math.sqrt(step * dModel),
  checks: [
    agrees(),
    property<Transformer>('it is largest where the warm-up ends', {
      cases: 10,
      runs: (i) => ({
        before: { ...i, step: Math.max(1, i.warmup - 1) },
        at: { ...i, step: i.warmup },
        after: { ...i, step: i.warmup + 1 },
      }),
      holds: ({ before, at, after }) => before <= at && after < at,
    }),
    rejects('numbers that are not whole, or below 1', [
      { step: 0, dModel: 4, warmup: 4 },
      { step: 1, dModel: 0, warmup: 4 },
      { step: 1, dModel: 4, warmup: 0 },
      { step: 1.5, dModel: 4, warmup: 4 },
    ]),
  ],
  examples: [
    { step: 1, dModel: 4, warmup: 9 },
    { step: 9, dModel: 4, warmup: 9 },
    { step: 36, dModel: 4, warmup: 9 },
  ],
  misconceptions: {
    'larger of the two': {
      wrong: ({ step, dModel, warmup }) => dModel ** -0.5 * Math.max(step ** -0.5, step * warmup ** -1.5),
      says: 'You take the larger arm, so the rate is huge at the start and grows without end. The smaller one is meant.',
    },
    'width left out': {
      wrong: ({ step, warmup }) => Math.min(step ** -0.5, step * warmup ** -1.5),
      says: 'The width of the model changes nothing in your result; wider models should learn more slowly.',
    },
    'width as a factor': {
      wrong: ({ step, dModel, warmup }) => dModel ** 0.5 * Math.min(step ** -0.5, step * warmup ** -1.5),
      says: 'Your rate grows with the width of the model. The exponent of d_model is negative.',
    },
    'no warm-up': {
      wrong: ({ step, dModel }) => dModel ** -0.5 * step ** -0.5,
      says: 'Your rate falls from the first step on. The rise over the warm-up is missing.',
    },
    'wrong power of the warm-up': {
      wrong: ({ step, dModel, warmup }) => dModel ** -0.5 * Math.min(step ** -0.5, step / warmup),
      says: 'Your two arms do not meet at t = warmup. Which power of warmup makes t · warmupᵖ equal to t^(−½) there?',
    },
    'warm-up without the 3': {
      wrong: ({ step, dModel, warmup }) => dModel ** -0.5 * Math.min(step ** -0.5, step * warmup ** -0.5),
      says: 'Your two arms do not meet at t = warmup: the rise is far too steep. Which power of warmup makes t · warmupᵖ equal to t^(−½) there?',
    },
    'only the rise': {
      wrong: ({ step, dModel, warmup }) => dModel ** -0.5 * step * warmup ** -1.5,
      says: 'Your rate rises without end. After the warm-up the other arm counts.',
    },
    'falls with 1/t': {
      wrong: ({ step, dModel, warmup }) =>
        step < warmup ? dModel ** -0.5 * step * warmup ** -1.5 : (dModel ** -0.5 * warmup ** 0.5) / step,
      says: 'After the warm-up your rate falls with 1/t. It should fall with the root of t, which is much slower.',
    },
    'width without its root': {
      wrong: ({ step, dModel, warmup }) => Math.min(step ** -0.5, step * warmup ** -1.5) / dModel,
      says: 'You divide by the width itself. Look at the exponent of d_model.',
    },
  },
  hints: [
    'Two arms, one rising and one falling; the lower one counts.',
    'One number from three; dModel only scales it.',
    'η(t) = dModel^(−½) · min(t^(−½), t · warmup^(−3/2)).',
    'return dModel ** -0.5 * Math.min(step ** -0.5, step * warmup ** -1.5);',
  ],
});

interface Plateau {
  state: { learningRate: number; best: number; bad: number };
  loss: number;
  settings: { factor: number; patience: number; threshold: number; minimum: number };
}
interface PlateauSlips {
  improved?: (i: Plateau) => boolean;
  due?: (bad: number, patience: number) => boolean;
  keepCount?: boolean;
  keepBest?: boolean;
  noReset?: boolean;
  noMinimum?: boolean;
  bestOnDrop?: boolean;
  latest?: boolean;
}

/** The rules one after the other, with the places where students slip as switches. */
function plateau(i: Plateau, slips: PlateauSlips = {}): ValueRecord {
  const { factor, patience, threshold, minimum } = i.settings;
  let { learningRate, best, bad } = i.state;
  if (slips.improved ? slips.improved(i) : i.loss < best - threshold) {
    if (!slips.keepBest) best = i.loss;
    if (!slips.noReset) bad = 0;
  } else {
    bad += 1;
    if (slips.latest) best = i.loss;
  }
  if (slips.due ? slips.due(bad, patience) : bad > patience) {
    const lower = factor * learningRate;
    if (lower >= minimum || slips.noMinimum) learningRate = lower;
    else if (learningRate > minimum) learningRate = minimum;
    if (!slips.keepCount) bad = 0;
    if (slips.bestOnDrop) best = i.loss;
  }
  return { learningRate, best, bad };
}

const plateauSettings = { factor: 0.5, patience: 2, threshold: 0.25, minimum: 0.125 };
const at = (learningRate: number, best: number, bad: number) => ({ learningRate, best, bad });

const reduceOnPlateau = exercise({
  points: 3,
  inputs: {
    state: record({
      learningRate: choice<number>(1, 0.5, 0.25),
      best: number({ min: 1, max: 2 }),
      bad: integer(0, 3),
    }),
    loss: number({ min: 0.5, max: 2.5 }),
    settings: record({
      factor: choice<number>(0.5, 0.25),
      patience: integer(0, 3),
      threshold: choice<number>(0, 0.25, 0.5),
      minimum: choice<number>(0, 0.1875),
    }),
  },
  // Such a state cannot arise: the count never stands above the patience.
  where: (i) => i.state.bad <= i.settings.patience,
  oracle: (i) => plateau(i),
  checks: [
    agrees({ exact: true, cases: 80 }),
    pure(),
    rejects(
      'settings that make no sense',
      [
        { state: at(1, 1, 0), loss: 1, settings: { ...plateauSettings, factor: 1 } },
        { state: at(1, 1, 0), loss: 1, settings: { ...plateauSettings, factor: 0 } },
        { state: at(1, 1, 0), loss: 1, settings: { ...plateauSettings, patience: -1 } },
        { state: at(1, 1, 0), loss: 1, settings: { ...plateauSettings, patience: 1.5 } },
        { state: at(1, 1, 0), loss: 1, settings: { ...plateauSettings, threshold: -1 } },
        { state: at(1, 1, 0), loss: 1, settings: { ...plateauSettings, minimum: -1 } },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    { state: at(1, Infinity, 0), loss: 3, settings: plateauSettings },
    { state: at(1, 2, 1), loss: 1.75, settings: plateauSettings },
    { state: at(1, 2, 2), loss: 1.75, settings: plateauSettings },
    { state: at(1, 2, 2), loss: 2.5, settings: plateauSettings },
    { state: at(0.1875, 2, 2), loss: 2.5, settings: plateauSettings },
    { state: at(0.1875, 1.5, 0), loss: 2.5, settings: { ...plateauSettings, patience: 0 } },
    { state: at(0.0625, 2, 2), loss: 2, settings: plateauSettings },
    { state: at(0.0625, 1.5, 0), loss: 2.5, settings: { ...plateauSettings, patience: 0 } },
    { state: at(1, 2, 0), loss: Number.NaN, settings: plateauSettings },
    { state: at(1, 2, 2), loss: Number.NaN, settings: plateauSettings },
    { state: at(1, 2, 1), loss: 1.5, settings: plateauSettings },
  ],
  misconceptions: {
    'patience one short': {
      wrong: (i) => plateau(i, { due: (bad, patience) => bad >= patience }),
      says: 'The rate drops one step early: a patience of 2 forgives two bad steps, and the third one is too many.',
    },
    'best forgotten at the drop': {
      wrong: (i) => plateau(i, { bestOnDrop: true }),
      says: 'When the rate drops you take the present loss for the best. The best loss stays the best, however long ago it was.',
    },
    'one bad loss too early': {
      wrong: (i) => plateau(i, { due: (bad, patience) => bad >= patience && bad > 0 }),
      says: 'You lower the rate when the bad losses reach the patience. A patience of 2 forgives two; the third one is too many.',
    },
    'count not reset after lowering': {
      wrong: (i) => plateau(i, { keepCount: true }),
      says: 'After lowering the rate your count goes on, so that the next bad loss lowers it again at once. Give the new rate its own patience.',
    },
    'count not reset by an improvement': {
      wrong: (i) => plateau(i, { noReset: true }),
      says: 'An improvement does not forgive the bad losses before it. Bad losses count in a row.',
    },
    'compared with the last loss': {
      wrong: (i) => plateau(i, { latest: true }),
      says: 'best takes over the new loss even when it is no improvement. It is the lowest so far, not the latest.',
    },
    'threshold ignored': {
      wrong: (i) => plateau(i, { improved: ({ loss, state }) => loss < state.best }),
      says: 'Every little gain counts as an improvement with you. It has to be greater than the threshold.',
    },
    'equal counts as better': {
      wrong: (i) => plateau(i, { improved: ({ loss, state, settings }) => loss <= state.best - settings.threshold }),
      says: 'A gain of exactly the threshold (a loss equal to the best, when it is 0) counts as an improvement with you. It must be greater.',
    },
    'minimum ignored': {
      wrong: (i) => plateau(i, { noMinimum: true }),
      says: 'Your rate falls below the minimum.',
    },
    'best not updated': {
      wrong: (i) => plateau(i, { keepBest: true }),
      says: 'After an improvement best still holds the old value, so that the same loss counts as an improvement for ever.',
    },
    'NaN counts as better': {
      wrong: (i) => plateau(i, { improved: ({ loss, state, settings }) => !(loss >= state.best - settings.threshold) }),
      says: 'A loss of NaN counts as an improvement with you and becomes the best. Every comparison with NaN is false: ask for what is better, not for what is not worse.',
    },
    'threshold added': {
      wrong: (i) => plateau(i, { improved: ({ loss, state, settings }) => loss < state.best + settings.threshold }),
      says: 'A loss that is a little worse than the best counts as an improvement with you: the threshold makes it harder to improve, not easier.',
    },
    'best follows small gains': {
      wrong: (i) => ({ ...plateau(i), best: Math.min(i.state.best, i.loss) }),
      says: 'A gain within the threshold moves your best, though it is no improvement. Then many small gains never add up to one that counts.',
    },
    'raised to the minimum': {
      wrong: (i) => {
        const after = plateau(i);
        const lowered = !(i.loss < i.state.best - i.settings.threshold) && i.state.bad + 1 > i.settings.patience;
        return lowered
          ? { ...after, learningRate: Math.max(i.settings.minimum, i.settings.factor * i.state.learningRate) }
          : after;
      },
      says: 'A rate that is below the minimum to begin with is raised by your lowering. Then it stays as it is.',
    },
  },
  hints: [
    'One question, and two answers: was this loss better than the best so far, by more than the threshold?',
    'Three numbers go in as a state and three come out, as a new object.',
    'Better: best′ = loss, bad′ = 0. Else bad′ = bad + 1, and if that is more than patience: learningRate′ = factor · learningRate (not below minimum), bad′ = 0.',
    'if (loss < state.best - threshold) return { learningRate, best: loss, bad: 0 }; if (state.bad < patience) return { ...state, bad: state.bad + 1 }; else the lowered rate, with bad: 0.',
  ],
});

export const schedules = topic('schedules', 'Learning-rate schedules', {
  stepDecay,
  cosine,
  linearWarmup,
  warmupCosine,
  inverseSquareRoot,
  reduceOnPlateau,
});
