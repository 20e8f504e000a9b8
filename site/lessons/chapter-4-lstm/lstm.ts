/** What the lesson on the LSTM shows: every number, printed block and figure in it is computed here. */
import { normal, ones, random, tensor, uniform, zeros, type Tensor } from '#tensor';
import { rnnForward, rnnStepBackward } from '../../../solutions/chapter-3-rnn/rnn.ts';
import {
  lstmBackward,
  lstmForward,
  lstmStepBackward,
  type LstmWeights,
} from '../../../solutions/chapter-4-lstm/lstm.ts';
import { lines, scientific, show } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, plot, text } from '../svg.ts';

// A memory of one unit, set by hand: rows i, f, g, o.

const column = (...v: number[]) => tensor(v.map((x) => [x]));
const byHand: LstmWeights = {
  wIh: column(4, 0, 2, 0),
  wHh: column(0, 0, 0, 1),
  bIh: tensor([-2, 3, 0, 1]),
  bHh: zeros(4),
};
const inputs = [1, 0, 0, 0];
const x = tensor(inputs.map((v) => [[v]]));
const run = lstmForward(x, zeros(1, 1), zeros(1, 1), byHand);
const steps = run.cache.steps;
const T = steps.length;

function forward(): string {
  return lines([
    ['t', 'x', 'i', 'f', 'g', 'o', 'c', 'h'],
    ...steps.map(({ i, f, g, o }, t) => [
      t + 1,
      inputs[t],
      ...[i, f, g, o].map((v) => v.item()),
      t + 1 < T ? steps[t + 1].c.item() : run.cn.item(),
      run.y.at(t, 0, 0),
    ]),
  ]);
}

/** Back from a loss that is h_T itself. */
const walk = (() => {
  let [dh, dc] = [ones(1, 1), zeros(1, 1)];
  return [...steps.entries()].reverse().map(([t, cache]) => {
    const back = lstmStepBackward(dh, dc, cache);
    const row = { t: t + 1, dh: dh.item(), dc: dc.item(), f: cache.f.item(), back };
    ({ dh, dc } = back);
    return row;
  });
})();

function backward(): string {
  return lines([
    ['t', 'dh', 'dc', 'δ', 'f', 'dc back', 'share of wIh (row g)'],
    ...walk.map(({ t, dh, dc, f, back }) => [
      t,
      dh,
      dc,
      back.dc.item() / f,
      f,
      back.dc.item(),
      back.weights.wIh.at(2, 0),
    ]),
  ]);
}
const whole = lstmBackward(zeros(T, 1, 1), ones(1, 1), zeros(1, 1), run.cache);

// How far a gradient travels: the norm of the state's gradient against the lag.

const LAGS = 60;
const WIDTH = 16;
const bound = 1 / Math.sqrt(WIDTH);

/** Weights as PyTorch draws them, and a bias for the forget gates. */
function layer(forgetBias: number): LstmWeights {
  const rng = random('highway');
  const draw = (...shape: number[]) => uniform(shape, rng, -bound, bound);
  const weights = { wIh: draw(4 * WIDTH, 1), wHh: draw(4 * WIDTH, WIDTH), bIh: draw(4 * WIDTH), bHh: zeros(4 * WIDTH) };
  return { ...weights, bHh: weights.bHh.withSlice([[WIDTH, 2 * WIDTH]], forgetBias) };
}
const long = normal([LAGS, 1, 1], random('input'));
const away = normal([1, WIDTH], random('upstream'));
const unit = away.div(away.norm());

/** ‖(∂L/∂h_t, ∂L/∂c_t)‖ for t = T … 0, L being a fixed direction in h_T. */
function travel(forgetBias: number, cut = false): number[] {
  const { cache } = lstmForward(long, zeros(1, WIDTH), zeros(1, WIDTH), layer(forgetBias));
  let [dh, dc] = [unit, zeros(1, WIDTH)];
  const norms = [1];
  for (const step of [...cache.steps].reverse()) {
    const back = lstmStepBackward(dh, dc, step);
    dh = back.dh;
    dc = cut ? back.dc.mul(0) : back.dc;
    norms.push(Math.hypot(dh.norm(), dc.norm()));
  }
  return norms;
}
function travelRnn(): number[] {
  const rng = random('highway');
  const draw = (...shape: number[]) => uniform(shape, rng, -bound, bound);
  const weights = { wIh: draw(WIDTH, 1), wHh: draw(WIDTH, WIDTH), bIh: draw(WIDTH), bHh: zeros(WIDTH) };
  const { cache } = rnnForward(long, zeros(1, WIDTH), weights);
  let dh: Tensor = unit;
  const norms = [1];
  for (const step of [...cache.steps].reverse()) {
    dh = rnnStepBackward(dh, step).dh;
    norms.push(dh.norm());
  }
  return norms;
}
const open = travel(4);
const usual = travel(1);
const cutOff = travel(4, true);
const rnn = travelRnn();

function lags(): string {
  const p = plot({
    x: [0, LAGS],
    y: [-16, 1],
    width: 560,
    height: 340,
    xLabel: 'steps back',
    yLabel: 'log₁₀ of the norm',
  });
  const points = (norms: number[]) =>
    norms.map((n, k): [number, number] => [k, Math.log10(n)]).filter(([, y]) => y >= -16);
  const last = (norms: number[]) => points(norms).at(-1)!;
  return figure(
    {
      title: 'How much of a gradient is left after how many steps back',
      description:
        'Four curves of the norm of the gradient of the state, on a logarithmic scale, against the number of steps back. The LSTM with open forget gates stays nearly level; with forget bias 1 it falls slowly; the same open LSTM without the cell gradient and the plain RNN fall steeply, along straight lines, out of the picture.',
      width: 560,
      height: 340,
    },
    p.axes(),
    p.line(points(open), 'pass'),
    p.line(points(usual), 'query'),
    p.line(points(cutOff), 'fail'),
    p.line(points(rnn), 'neutral'),
    p.label([LAGS, last(open)[1] - 1.1], 'LSTM, forget bias 4', 'end'),
    p.label([LAGS, last(usual)[1] - 1.2], 'LSTM, forget bias 1', 'end'),
    p.label([last(cutOff)[0] + 1, -15.2], 'bias 4, cell gradient dropped', 'start'),
    p.label([last(rnn)[0] - 1, -12.4], 'RNN', 'end'),
  );
}

/** One step: the cell's straight road on top, the hidden state below. */
function highway(): string {
  const [top, gates, bottom] = [70, 190, 290];
  return figure(
    {
      title: 'One step of an LSTM: the cell’s road',
      description:
        'On top a straight line from the old cell state to the new one. On it stand two signs only, times f and plus. Below, the old hidden state and x feed four boxes: f, i, g and o. f goes up to the times sign, the product of i and g to the plus sign. Behind the plus sign a branch goes down through tanh and times o to the new hidden state. A dashed arrow along the top runs back, from the new cell to the old one, marked times f.',
      width: 700,
      height: 340,
    },
    arrow([70, top], [152, top], 'value'),
    box(154, top - 18, 44, 36, '⊙ f', 'key'),
    arrow([200, top], [342, top], 'value'),
    box(344, top - 18, 44, 36, '+', 'key'),
    arrow([390, top], [630, top], 'value'),
    text(46, top + 5, 'c'),
    text(650, top + 5, 'c′'),
    arrow([630, 28], [70, 28], 'gradient', ''),
    text(350, 20, 'gradient of the cell: on the way back only ⊙ f'),
    ...(
      [
        [154, 'f'],
        [264, 'i'],
        [374, 'g'],
        [484, 'o'],
      ] as const
    ).map(([left, name]) => box(left, gates, 44, 34, name, name === 'g' ? 'value' : 'query')),
    arrow([176, gates], [176, top + 20], 'query'),
    box(324, 124, 84, 34, 'i ⊙ g', 'neutral'),
    arrow([290, gates - 2], [336, 160], 'query'),
    arrow([394, gates - 2], [376, 160], 'value'),
    arrow([366, 124], [366, top + 20], 'value'),
    arrow([560, top], [560, 122], 'value'),
    box(524, 124, 72, 34, 'tanh', 'neutral'),
    arrow([560, 158], [560, 228], 'value'),
    box(538, 230, 44, 34, '⊙ o', 'key'),
    arrow([528, gates + 34], [540, 234], 'query'),
    arrow([560, 264], [560, bottom + 4], 'value'),
    text(560, bottom + 24, 'h′'),
    text(46, bottom + 4, 'x, h'),
    arrow([66, bottom], [506, bottom], 'neutral'),
    ...[176, 286, 396, 506].map((at) => arrow([at, bottom], [at, gates + 36], 'neutral')),
  );
}

const sigma = (v: number) => 1 / (1 + Math.exp(-v));

export const values: Record<string, () => string | number> = {
  lstmKeep: () => show(sigma(3)),
  lstmFirstC: () => show(steps[1].c.item()),
  lstmLastC: () => show(run.cn.item()),
  lstmGRow: () => show(whole.weights.wIh.at(2, 0)),
  lstmLeftHalf: () => scientific(sigma(0) ** 20),
  lstmLeftOne: () => show(sigma(1) ** 20),
  lstmLeftFive: () => show(sigma(5) ** 20),
  lstmOpenLeft: () => show(open[LAGS]),
  lstmUsualLeft: () => scientific(usual[LAGS]),
  lstmCutLeft: () => scientific(cutOff[LAGS]),
  lstmRnnLeft: () => scientific(rnn[LAGS]),
};

export const prints: Record<string, () => string> = { lstmForwardTrace: forward, lstmBackwardTrace: backward };

export const figures: Record<string, () => string> = { 'lstm-highway': highway, 'lstm-lags': lags };
