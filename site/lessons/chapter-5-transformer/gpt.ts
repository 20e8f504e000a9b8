/** What the lesson on the GPT shows: every number, print and figure in it is computed here. */
import { Tensor, random } from '#tensor';
import { adamInit, adamStep } from '../../../solutions/chapter-2-bp/optimizers.ts';
import { sequenceLoss } from '../../../solutions/chapter-3-rnn/language-model.ts';
import { causalMask } from '../../../solutions/chapter-5-transformer/attention.ts';
import { encoderForward } from '../../../solutions/chapter-5-transformer/encoder.ts';
import {
  embedTokens,
  generateText,
  gptBackward,
  gptForward,
  lmHead,
  trainStep,
  type GptSettings,
  type GptWeights,
} from '../../../solutions/chapter-5-transformer/gpt.ts';
import { countParameters, parametersOf, withParameters } from '../../../solutions/chapter-5-transformer/parameters.ts';
import { WRITER, newGpt } from '../../../solutions/chapter-5-transformer/writer.ts';
import { lines, show } from '../chapter-2-bp/words.ts';
import { arrow, box, figure, text } from '../svg.ts';

const count = (n: number) => n.toLocaleString('en-US');
const minus = (words: string) => words.replace('-', '−');

// The whole of it

function path(): string {
  const [y, high] = [60, 52];
  const [wide, gap] = [92, 68];
  const names = ['entrance', 'block 1', 'block n', 'exit'];
  const at = (k: number) => 62 + k * (wide + gap);
  const middle = y + high / 2;
  const between = ['(B, T, C)', '(B, T, C)', '(B, T, C)'];
  const table = { x: at(1) - 10, y: 190, width: 2 * wide + gap + 20, height: 40 };
  return figure(
    {
      title: 'A GPT from tokens to logits',
      description:
        'Four boxes in a row: entrance, first block, last block, exit. Tokens of shape (B, T) go into the entrance; between the boxes travels a tensor of shape (B, T, C); logits of shape (B, T, V) come out of the exit. Below them lies the table of tokens, (V, C), with one arrow up to the entrance and one up to the exit.',
      width: 720,
      height: 245,
    },
    ...names.map((name, k) => box(at(k), y, wide, high, name, k === 0 || k === 3 ? 'key' : 'query')),
    arrow([14, middle], [at(0) - 3, middle]),
    text(28, middle - 12, '(B, T)'),
    ...between.map(
      (shape, k) =>
        arrow([at(k) + wide + 2, middle], [at(k + 1) - 3, middle]) +
        text(at(k) + wide + gap / 2, middle - 12, shape) +
        (k === 1 ? text(at(k) + wide + gap / 2, middle + 22, '…') : ''),
    ),
    arrow([at(3) + wide + 2, middle], [at(3) + wide + 48, middle]),
    text(at(3) + wide + 40, middle - 12, '(B, T, V)'),
    box(table.x, table.y, table.width, table.height, 'table of tokens (V, C)', 'value'),
    arrow([table.x + 12, table.y - 2], [at(0) + wide / 2, y + high + 3], 'value'),
    arrow([table.x + table.width - 12, table.y - 2], [at(3) + wide / 2, y + high + 3], 'value'),
    text(at(0) + wide - 10, 166, 'a token’s row', 'end'),
    text(at(3) + 10, 166, 'fit with each row', 'start'),
  );
}

// How the sum grows from block to block, in a deep GPT that nobody has trained

const deep = (() => {
  const settings = { ...WRITER, layers: 24 };
  const rng = random('a deep GPT');
  const weights = newGpt(settings, 30, rng);
  const index = Array.from({ length: 8 }, () => Array.from({ length: 32 }, () => rng.integer(30)));
  const start = embedTokens(index, weights.tokens, weights.positions, 0).y;
  const rms = (x: Tensor) => Math.sqrt(x.square().mean().item());
  return [0, 1, 4, 12, 24].map((n) => {
    const order = { heads: 4, activation: 'gelu', order: 'pre' } as const;
    const x = encoderForward(start, causalMask(32, 32), weights.blocks.slice(0, n), order).y;
    const bare = x.matmul(weights.tokens.T);
    const { logits } = lmHead(x, weights.norm, weights.tokens);
    return { n, size: rms(x), bare: rms(bare), normed: rms(logits) };
  });
})();

function growth(): string {
  return lines([
    ['blocks', 'size of x', 'of logits without the norm', 'with it'],
    ...deep.map(({ n, size, bare, normed }) => [n, size.toFixed(2), bare.toFixed(2), normed.toFixed(2)]),
  ]);
}

// A table that is used twice

const twice = (() => {
  const rng = random('twice');
  const settings: GptSettings = { heads: 2, activation: 'gelu' };
  const weights = newGpt({ ...WRITER, width: 4, layers: 1, context: 4 }, 3, rng);
  const [read, targets] = [[[0, 1, 2]], [[1, 2, 1]]];
  const { logits, cache } = gptForward(read, weights, settings);
  const { loss, dlogits } = sequenceLoss(logits, targets);
  const both = gptBackward(dlogits, cache).tokens;
  // Told that its head is not tied, the backward pass hands out the two gradients one by one.
  const apart = gptBackward(dlogits, { ...cache, tied: false });
  const nudged = (k: number, by: number) => {
    const tokens = weights.tokens.map((x, i) => (i === k ? x + by : x));
    return sequenceLoss(gptForward(read, { ...weights, tokens }, settings).logits, targets).loss;
  };
  const numeric = (k: number) => (nudged(k, 1e-5) - nudged(k, -1e-5)) / 2e-5;
  return { loss, both, entrance: apart.tokens, head: apart.head!, numeric };
})();

function twoUses(): string {
  const four = (x: number) => minus(x.toFixed(4)).padStart(7);
  const row = [0, 1, 2, 3].map((c) => 4 + c);
  const line = (of: (k: number) => number) => row.map((k) => four(of(k))).join('  ');
  return lines([
    ['gradient of token 1', ''],
    ['through the entrance', line((k) => twice.entrance.data[k])],
    ['through the head', line((k) => twice.head.data[k])],
    ['both together', line((k) => twice.both.data[k])],
    ['the loss, nudged', line(twice.numeric)],
  ]);
}

// A text by heart, and the classical mistake

const WORD = 'abracadabra';
const letters = [...new Set(WORD)].sort();
const tokens = [...WORD].map((c) => letters.indexOf(c));
const spell = (list: number[]) => list.map((t) => letters[t]).join('');
const small: GptSettings = { heads: 2, activation: 'gelu' };
const training = { learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, maxNorm: 1 };
const STEPS = [1, 10, 20, 40, 80];

function byHeart(shifted: boolean): { losses: number[]; writes: string } {
  let weights: GptWeights = newGpt({ ...WRITER, width: 16, context: 12 }, letters.length, random('by heart'));
  let state = adamInit(parametersOf(weights));
  const losses: number[] = [];
  for (let step = 1; step <= STEPS[STEPS.length - 1]; step++) {
    if (shifted) {
      const after = trainStep([tokens], weights, state, small, training);
      ({ weights, state } = after);
      losses.push(after.loss);
    } else {
      const read = [tokens.slice(0, -1)];
      const { logits, cache } = gptForward(read, weights, small);
      const { loss, dlogits } = sequenceLoss(logits, read);
      const { maxNorm: _limit, ...adam } = training;
      const after = adamStep(parametersOf(weights), parametersOf(gptBackward(dlogits, cache)), state, adam);
      [weights, state] = [withParameters(weights, after.parameters), after.state];
      losses.push(loss);
    }
  }
  const greedy = { temperature: 0, topK: letters.length, topP: 1 };
  const written = generateText([0], weights, small, new Array<number>(WORD.length - 1).fill(0.5), greedy);
  return { losses, writes: spell([0, ...written]) };
}
const learned = { right: byHeart(true), wrong: byHeart(false) };

function loss(run: 'right' | 'wrong', heading: string): string {
  return lines([
    ['step', heading],
    ...STEPS.map((s) => [s, learned[run].losses[s - 1].toFixed(4)]),
    ['writes', learned[run].writes],
  ]);
}

function questions(): string {
  return lines([
    ['place', 'reads', 'is asked for'],
    ...[0, 1, 2, 3, 4].map((t) => [t, WORD.slice(0, t + 1), WORD[t + 1]]),
  ]);
}

const gpt2 = { V: 50_257, C: 768, L: 1024, n: 12 };
const formula = ({ V, C, L, n }: typeof gpt2) => V * C + L * C + n * (12 * C * C + 13 * C) + 2 * C;

export const values: Record<string, () => string | number> = {
  labParameters: () => count(countParameters(newGpt(WRITER, 30, random(1)))),
  labFormula: () => count(formula({ V: 30, C: 32, L: 32, n: 1 })),
  gpt2Parameters: () => count(formula(gpt2)),
  gpt2Table: () => count(gpt2.V * gpt2.C),
  smallLoss: () => show(twice.loss),
  logThree: () => show(Math.log(3)),
  deepest: () => deep[deep.length - 1].bare.toFixed(1),
  deepestNormed: () => deep[deep.length - 1].normed.toFixed(1),
};

export const prints: Record<string, () => string> = {
  growth,
  twoUses,
  questions,
  lossShifted: () => loss('right', 'loss, targets shifted'),
  lossUnshifted: () => loss('wrong', 'loss, not shifted'),
};

export const figures: Record<string, () => string> = { 'gpt-path': path };
