/** What the lesson on losses shows: every number, printed block and figure in it is computed here. */
import { Tensor, tensor } from '#tensor';
import { sigmoidForward, softmaxForward } from '../../../solutions/chapter-2-bp/activations.ts';
import {
  bceWithLogitsForward,
  crossEntropyBackward,
  crossEntropyForward,
  entropy,
  huberBackward,
  huberForward,
  klDivergence,
  l1Forward,
  mseForward,
} from '../../../solutions/chapter-2-bp/losses.ts';
import { figure, plot } from '../svg.ts';

const minus = (text: string) => text.replaceAll('-', '−');
const fixed = (x: number, digits = 4) => minus(x.toFixed(digits));
const points = (f: (x: number) => number, from: number, to: number, n = 200): [number, number][] =>
  Array.from({ length: n + 1 }, (_, k) => from + ((to - from) * k) / n).map((x) => [x, f(x)]);

/** Rows of cells as text, every column as wide as its widest cell. */
function table(rows: string[][]): string {
  const widths = rows[0].map((_, j) => Math.max(...rows.map((row) => row[j].length)));
  return rows
    .map((row) =>
      row
        .map((cell, j) => (j === 0 ? cell.padEnd(widths[j]) : cell.padStart(widths[j])))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

// Distributions

const fair = tensor([0.5, 0.5]);
const bent = tensor([0.9, 0.1]);

function distances(): string {
  const row = (name: string, p: Tensor, q: Tensor) => {
    const kl = klDivergence(p, q);
    return [name, fixed(entropy(p)), fixed(kl), fixed(entropy(p) + kl)];
  };
  return table([
    ['true, believed', 'H(p)', 'KL(p ‖ q)', 'H(p, q)'],
    row('fair, fair', fair, fair),
    row('fair, bent', fair, bent),
    row('bent, fair', bent, fair),
    row('bent, bent', bent, bent),
  ]);
}

// Cross-entropy

const logits = tensor([
  [2, 1, 0],
  [0, 0, 0],
  [4, 1, 0],
]);
const labels = [0, 2, 1];
const run = crossEntropyForward(logits, labels);

function rows(): string {
  const p = run.cache.probabilities;
  return table([
    ['logits', 'label', 'probabilities', 'surprise'],
    ...labels.map((label, i) => [
      Array.from(logits.row(i).data).join(' '),
      String(label),
      Array.from(p.row(i).data, (x) => x.toFixed(4)).join(' '),
      fixed(-Math.log(p.at(i, label))),
    ]),
  ]);
}

function gradient(): string {
  const d = crossEntropyBackward(run.cache);
  return table([
    ['row', 'class 0', 'class 1', 'class 2'],
    ...labels.map((_, i) => [String(i), ...Array.from(d.row(i).data, (x) => fixed(x))]),
  ]);
}

const smooth = crossEntropyForward(logits, labels, 0.1);

/** A confident mistake, louder and louder: through the softmax, and past it. */
function naive(): string {
  return table([
    ['logits', '−log(softmax)', 'from the logits'],
    ...[1, 10, 100, 1000].map((s) => {
      const z = tensor([[s, 0, -s]]);
      const p = softmaxForward(z).y.at(0, 2);
      return [
        `${s}, 0, −${s}`,
        p > 0 ? String(Number((-Math.log(p)).toPrecision(6))) : 'Infinity',
        String(Number(crossEntropyForward(z, [2]).loss.toPrecision(6))),
      ];
    }),
  ]);
}

// One number for five

const five = [1, 2, 3, 5, 100];
const constant = (c: number) => tensor(five.map(() => c));
/** Where the Huber loss with δ = 2 is smallest: the zero of its gradient, by halving. */
const huberCentre = (() => {
  let [low, high] = [1, 100];
  for (let k = 0; k < 80; k++) {
    const middle = (low + high) / 2;
    const { cache } = huberForward(constant(middle), tensor(five), 2);
    if (huberBackward(cache).sum().item() < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
})();
const pull = (c: number) =>
  huberBackward(huberForward(constant(c), tensor(five), 2).cache)
    .mul(five.length)
    .data.at(-1);

// Figures

function surprise(): string {
  const f = (p: number) => -Math.log(p);
  const marks = [0.9, 0.5, 0.1, 0.02].map((p): [number, number] => [p, f(p)]);
  const p = plot({ x: [0, 1], y: [0, 4.5], xLabel: 'probability given to what happened', yLabel: 'surprise, in nats' });
  return figure(
    {
      title: 'Surprise is minus the logarithm of the probability',
      description:
        'A curve that is 0 where the probability is 1 and climbs without end as the probability goes to 0. Marked are 0.9, 0.5, 0.1 and 0.02.',
    },
    p.axes(),
    p.line(points(f, 0.0112, 1), 'loss'),
    p.scatter(marks, 'query'),
    ...marks.map(([x, y]) => p.label([x + 0.03, y + 0.16], `${x}: ${y.toFixed(2)}`, x > 0.8 ? 'end' : 'start')),
  );
}

function bowls(): string {
  const squared = (s: number) => mseForward(tensor([s]), tensor([1])).loss;
  const binary = (s: number) => bceWithLogitsForward(tensor([s]), tensor([1])).loss / Math.LN2;
  const p = plot({ x: [-2, 4], y: [0, 5], xLabel: 'score of a sample of class +1', yLabel: 'loss' });
  return figure(
    {
      title: 'Two bowls over the staircase',
      description:
        'Against the score of a sample of class +1: mistakes drop from 1 to 0 at score 0. The squared error falls to 0 at score 1 and rises again beyond it. The cross-entropy falls and keeps falling.',
    },
    p.axes(),
    p.line(
      [
        [-2, 1],
        [0, 1],
        [0, 0],
        [4, 0],
      ],
      'neutral',
    ),
    p.line(
      points(squared, -1.2, 3.2).filter(([, y]) => y <= 3.4),
      'key',
    ),
    p.line(points(binary, -2, 4), 'query'),
    p.legend([
      ['neutral', 'mistakes'],
      ['key', 'squared error to 1'],
      ['query', 'cross-entropy, in bits'],
    ]),
  );
}

export const values: Record<string, () => string | number> = {
  entropyFair: () => fixed(entropy(fair)),
  entropyBent: () => fixed(entropy(bent)),
  entropyDie: () => fixed(entropy(tensor(Array.from({ length: 6 }, () => 1 / 6)))),
  lossRows: () => fixed(run.loss),
  lossSmooth: () => fixed(smooth.loss),
  smoothRight: () => fixed(smooth.cache.targets.at(0, 0)),
  smoothWrong: () => fixed(smooth.cache.targets.at(0, 1)),
  lossTen: () => fixed(crossEntropyForward(tensor([Array.from({ length: 10 }, () => 0)]), [3]).loss),
  sigmoidForty: () => sigmoidForward(tensor([40])).y.item(),
  bceForty: () => bceWithLogitsForward(tensor([40]), tensor([0])).loss,
  fiveMean: () => tensor(five).mean().item(),
  fiveHuber: () => fixed(huberCentre),
  fivePull: () => minus(String(pull(huberCentre))),
  fiveSquares: () => mseForward(constant(3), tensor(five)).loss,
  fiveAbsolute: () => l1Forward(constant(3), tensor(five)).loss,
};

export const prints: Record<string, () => string> = { distances, rows, gradient, naive };

export const figures: Record<string, () => string> = { surprise, bowls };
