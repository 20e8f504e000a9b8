/** What the lesson on the GRU shows: every number, printed block and figure in it is computed here. */
import { concat, full, ones, split, tensor, zeros, type Tensor } from '#tensor';
import {
  gruBackward,
  gruForward,
  gruStep,
  gruStepBackward,
  type GruWeights,
} from '../../../solutions/chapter-4-lstm/gru.ts';
import { lines, show } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, text } from '../svg.ts';

const pair = (t: Tensor) => `(${Array.from(t.data, show).join(', ')})`;

// A memory of one unit, set by hand: rows r, z, n. The update gate is shut (z near 1) unless x is large.

const byHand: GruWeights = {
  wIh: tensor([[0], [-6], [2]]),
  wHh: tensor([[1], [1], [1]]),
  bIh: tensor([0, 3, 0]),
  bHh: tensor([0, 0, 0.5]),
};
const inputs = [1, 0, 0, 0];
const run = gruForward(tensor(inputs.map((v) => [[v]])), zeros(1, 1), byHand);

function forward(): string {
  return lines([
    ['t', 'x', 'r', 'z', 'm', 'n', 'h'],
    ...run.cache.steps.map(({ r, z, m, n }, t) => [
      t + 1,
      inputs[t],
      ...[r, z, m, n].map((v) => v.item()),
      run.y.at(t, 0, 0),
    ]),
  ]);
}

/** ∂h_T/∂h_t by the three ways at each step, in the order of walking back. */
function ways(): string {
  let dh = ones(1, 1);
  const rows: (string | number)[][] = [['t', 'dh', 'direct', 'through r and z', 'through m', 'dh back']];
  for (const [t, cache] of [...run.cache.steps.entries()].reverse()) {
    const back = gruStepBackward(dh, cache);
    const { h, r, z, n, m } = cache;
    const dan = dh.mul(z.neg().add(1)).mul(n.square().neg().add(1));
    const daz = dh.mul(h.sub(n)).mul(z).mul(z.neg().add(1));
    const dar = dan.mul(m).mul(r).mul(r.neg().add(1));
    const [wr, wz, wn] = split(byHand.wHh, 3, 0);
    const gates = dar.matmul(wr).add(daz.matmul(wz));
    rows.push([t + 1, dh.item(), dh.mul(z).item(), gates.item(), dan.mul(r).matmul(wn).item(), back.dh.item()]);
    dh = back.dh;
  }
  return lines(rows);
}

// The same weights in PyTorch's form and in the paper's.

const twice: GruWeights = {
  wIh: tensor([[0.5], [-0.5], [0], [0], [1], [-1]]),
  wHh: tensor([
    [1, 0],
    [0, -1],
    [0, 0],
    [0, 0],
    [0.5, 1],
    [-1, 0.5],
  ]),
  bIh: zeros(6),
  bHh: tensor([0, 0, 0, 0, 0.5, 0.5]),
};

/** The step as the paper of 2014 has it: r ⊙ h first, then the product; the bias outside. */
function paper(x: Tensor, h: Tensor, { wIh, wHh, bIh, bHh }: GruWeights) {
  const sigma = (t: Tensor) => t.map((v) => 1 / (1 + Math.exp(-v)));
  const [ar, az, an] = split(x.matmul(wIh.T).add(bIh), 3, 1);
  const [wr, wz, wn] = split(wHh, 3, 0);
  const [br, bz, bn] = split(bHh, 3, 0);
  const r = sigma(ar.add(h.matmul(wr.T)).add(br));
  const z = sigma(az.add(h.matmul(wz.T)).add(bz));
  const n = an.add(r.mul(h).matmul(wn.T)).add(bn).tanh();
  return { r, n, h: n.add(z.mul(h.sub(n))) };
}
function forms(): string {
  const x = tensor([[1]]);
  const h = tensor([[0.5, -1]]);
  const here = gruStep(x, h, twice);
  const there = paper(x, h, twice);
  return lines([
    ['', 'r', 'n', 'h′'],
    ['r ⊙ (h Wᵀ + b)', pair(here.cache.r), pair(here.cache.n), pair(here.h)],
    ['(r ⊙ h) Wᵀ + b', pair(there.r), pair(there.n), pair(there.h)],
  ]);
}

// A GRU whose update gate is shut for good.

const T = 10;
const stuck = (() => {
  const bias = concat([zeros(1), full([1], 100), zeros(1)]);
  const { cache, hn } = gruForward(ones(T, 1, 1), full([1, 1], 0.25), { ...byHand, bIh: bias });
  return { hn, back: gruBackward(ones(T, 1, 1), zeros(1, 1), cache) };
})();

/** One step, and the three ways by which the old state gets into the new one. */
function three(): string {
  const [road, gates, bottom] = [60, 200, 290];
  return figure(
    {
      title: 'One step of a GRU: three ways from the old state to the new one',
      description:
        'On top a straight line from h to h prime, with the signs times z and plus on it. From h a line goes down and along the bottom, where x joins it, into three boxes z, r and m; m is made of h alone. The box z feeds the times sign on top, and a box times one minus z. The product of r and m, with x, makes n, which goes through times one minus z up to the plus sign. Three dashed arrows are numbered: 1 along the top, 2 through the gates, 3 through m.',
      width: 700,
      height: 330,
    },
    text(40, road + 5, 'h'),
    text(662, road + 5, 'h′'),
    arrow([56, road], [178, road], 'value'),
    box(180, road - 18, 48, 36, '⊙ z', 'key'),
    arrow([230, road], [528, road], 'value'),
    box(530, road - 18, 44, 36, '+', 'key'),
    arrow([576, road], [646, road], 'value'),
    arrow([646, 26], [70, 26], 'gradient'),
    text(360, 18, '1: direct, ⊙ z'),
    arrow([100, road + 2], [100, bottom], 'neutral'),
    text(40, bottom + 5, 'x'),
    arrow([52, bottom], [432, bottom], 'neutral'),
    ...(
      [
        [182, 44, 'z', 'query'],
        [292, 44, 'r', 'query'],
        [392, 64, 'm: of h', 'value'],
      ] as const
    ).flatMap(([left, width, name, role]) => [
      box(left, gates, width, 34, name, role),
      arrow([left + width / 2, bottom], [left + width / 2, gates + 36], 'neutral'),
    ]),
    arrow([204, gates], [204, road + 20], 'query'),
    box(350, 128, 130, 34, 'n: r ⊙ m and x', 'value'),
    arrow([314, gates - 2], [372, 164], 'query'),
    arrow([424, gates - 2], [416, 164], 'value'),
    box(512, 128, 80, 34, '⊙ (1 − z)', 'key'),
    arrow([480, 145], [510, 145], 'value'),
    arrow([552, 126], [552, road + 20], 'value'),
    arrow([190, gates + 62], [112, gates + 62], 'gradient'),
    text(259, gates + 66, '2: the gates'),
    arrow([510, gates + 17], [462, gates + 17], 'gradient'),
    text(518, gates + 22, '3: through m, behind r', 'start'),
  );
}

const [D, H] = [16, 32];
const numbers = (blocks: number) => blocks * H * (D + H + 2);

export const values: Record<string, () => string | number> = {
  gruNumbers: () => numbers(3),
  gruLstmNumbers: () => numbers(4),
  gruPeak: () => show(run.y.at(0, 0, 0)),
  gruLast: () => show(run.hn.item()),
  gruStuckState: () => show(stuck.hn.item()),
  gruStuckStart: () => show(stuck.back.dh0.item()),
  gruStuckWeights: () => show(Math.max(...Object.values(stuck.back.weights).map((w: Tensor) => w.norm()))),
};

export const prints: Record<string, () => string> = { gruTrace: forward, gruWays: ways, gruForms: forms };

export const figures: Record<string, () => string> = { 'gru-ways': three };
