/**
 * A small GPT that has learned a word by heart is taught to write it backwards, in four ways. For the lessons' tables; the
 * lab does the same with poems.
 */
import { normal, random, zeros, type Random, type Tensor } from '#tensor';
import { adamInit, adamStep } from '../../../solutions/chapter-2-bp/optimizers.ts';
import { sequenceLoss } from '../../../solutions/chapter-3-rnn/language-model.ts';
import { causalMask } from '../../../solutions/chapter-5-transformer/attention.ts';
import { selfAttentionBackward, selfAttentionForward } from '../../../solutions/chapter-5-transformer/encoder.ts';
import { feedForward, feedForwardBackward } from '../../../solutions/chapter-5-transformer/feed-forward.ts';
import {
  gptBackward,
  gptForward,
  trainStep,
  type GptSettings,
  type GptWeights,
} from '../../../solutions/chapter-5-transformer/gpt.ts';
import { countParameters, parametersOf, withParameters } from '../../../solutions/chapter-5-transformer/parameters.ts';
import { WRITER, newGpt } from '../../../solutions/chapter-5-transformer/writer.ts';
import {
  adapterBackward,
  adapterForward,
  adapterInit,
  type AdapterWeights,
} from '../../../solutions/chapter-6-lora/adapter.ts';
import { frozenGptBackward, frozenGptForward } from '../../../solutions/chapter-6-lora/frozen-gpt.ts';
import {
  loraGptBackward,
  loraGptForward,
  loraInit,
  type AttentionLora,
} from '../../../solutions/chapter-6-lora/lora.ts';
import {
  prefixSelfAttentionBackward,
  prefixSelfAttentionForward,
  type Prefix,
} from '../../../solutions/chapter-6-lora/prefix-tuning.ts';

export const WORD = 'abracadabra';
export const BACKWARDS = [...WORD].reverse().join('');
const letters = [...new Set(WORD)].sort();
const tokensOf = (word: string) => [...word].map((c) => letters.indexOf(c));

export const WIDTH = 16;
const settings: GptSettings = { heads: 2, activation: 'gelu' };
const learning = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };

const rows = (word: string) => ({ read: [tokensOf(word).slice(0, -1)], targets: [tokensOf(word).slice(1)] });

/** The GPT that knows the word. */
export const base: GptWeights = (() => {
  let weights = newGpt({ ...WRITER, width: WIDTH, layers: 2, context: 12 }, letters.length, random('by heart'));
  let state = adamInit(parametersOf(weights));
  for (let step = 0; step < 100; step++)
    ({ weights, state } = trainStep([tokensOf(WORD)], weights, state, settings, {
      ...learning,
      learningRate: 0.01,
      maxNorm: 1,
    }));
  return weights;
})();

/** A way to fine-tune: what is trained, and how logits and gradients come of it. */
interface Way<P> {
  start: (rng: Random) => P;
  forward: (index: number[][], p: P) => { logits: Tensor; back: (dlogits: Tensor) => P };
}

const full: Way<GptWeights> = {
  start: () => base,
  forward: (index, p) => {
    const { logits, cache } = gptForward(index, p, settings);
    return { logits, back: (d) => gptBackward(d, cache) };
  },
};

const lora = (rank: number, alpha = 8): Way<AttentionLora[]> => ({
  start: (rng) =>
    base.blocks.map(() => {
      const one = () => loraInit(normal([rank, WIDTH], rng), WIDTH);
      return { q: one(), v: one() };
    }),
  forward: (index, p) => {
    const { logits, cache } = loraGptForward(index, base, p, alpha, settings);
    return { logits, back: (d) => loraGptBackward(d, cache) };
  },
});

interface TwoAdapters {
  attention: AdapterWeights;
  feedForward: AdapterWeights;
}
/** An adapter behind each sublayer, before it is added to what goes around. */
const adapters = (m: number): Way<TwoAdapters[]> => ({
  start: (rng) =>
    base.blocks.map(() => ({
      attention: adapterInit(normal([m, WIDTH], rng)),
      feedForward: adapterInit(normal([m, WIDTH], rng)),
    })),
  forward: (index, p) => {
    const mask = causalMask(index[0].length, index[0].length);
    const behind = <C>(inner: { y: Tensor; cache: C }, weights: AdapterWeights) => {
      const outer = adapterForward(inner.y, weights);
      return { y: outer.y, cache: { inner: inner.cache, outer: outer.cache } };
    };
    const { logits, cache } = frozenGptForward(index, base, (block, i) => ({
      attention: (t) => behind(selfAttentionForward(t, mask, block.attention, settings.heads), p[i].attention),
      feedForward: (t) => behind(feedForward(t, block.feedForward, settings.activation), p[i].feedForward),
    }));
    const back = (d: Tensor) =>
      frozenGptBackward(
        d,
        (dy, c) => {
          const outer = adapterBackward(dy, c.outer);
          return { dx: selfAttentionBackward(outer.dx, c.inner).dx, adapter: outer.weights };
        },
        (dy, c) => {
          const outer = adapterBackward(dy, c.outer);
          return { dx: feedForwardBackward(outer.dx, c.inner).dx, adapter: outer.weights };
        },
        cache,
      ).map((b) => ({ attention: b.attention.adapter, feedForward: b.feedForward.adapter }));
    return { logits, back };
  },
});

const prefixes = (P: number): Way<Prefix[]> => ({
  start: (rng) => base.blocks.map(() => ({ k: normal([P, WIDTH], rng), v: zeros(P, WIDTH) })),
  forward: (index, p) => {
    const mask = causalMask(index[0].length, index[0].length);
    const { logits, cache } = frozenGptForward(index, base, (block, i) => ({
      attention: (t) => prefixSelfAttentionForward(t, mask, block.attention, p[i], settings.heads),
      feedForward: (t) => feedForward(t, block.feedForward, settings.activation),
    }));
    const back = (d: Tensor) =>
      frozenGptBackward(d, prefixSelfAttentionBackward, feedForwardBackward, cache).map((b) => b.attention.prefix);
    return { logits, back };
  },
});

export interface Learned {
  /** how many numbers were trained */
  trained: number;
  /** of the new word, after each of some steps */
  losses: number[];
  /** of the old word, at the end */
  old: number;
  writes: string;
}

export const STEPS = [0, 10, 20, 50, 100];

function teach<P>(seed: string, way: Way<P>, learningRate: number): Learned {
  let p = way.start(random(seed));
  let state = adamInit(parametersOf(p));
  const lossOn = (word: string) => {
    const { read, targets } = rows(word);
    const { logits, back } = way.forward(read, p);
    return { ...sequenceLoss(logits, targets), back };
  };
  const losses: number[] = [];
  const last = STEPS[STEPS.length - 1];
  for (let step = 0; step <= last; step++) {
    const { loss, dlogits, back } = lossOn(BACKWARDS);
    if (STEPS.includes(step)) losses.push(loss);
    if (step === last) break;
    const gradients = parametersOf(back(dlogits));
    const after = adamStep(parametersOf(p), gradients, state, { ...learning, learningRate });
    [p, state] = [withParameters(p, after.parameters), after.state];
  }
  const written = tokensOf(BACKWARDS).slice(0, 1);
  while (written.length < WORD.length) {
    const { logits } = way.forward([written], p);
    written.push(logits.row(0).row(-1).argmax().item());
  }
  const writes = written.map((t) => letters[t]).join('');
  return { trained: countParameters(p), losses, old: lossOn(WORD).loss, writes };
}

/** Each way once, when somebody asks for it. */
const ways = {
  full: () => teach('full', full, 0.01),
  lora1: () => teach('LoRA, r = 1', lora(1), 0.01),
  lora2: () => teach('LoRA, r = 2', lora(2), 0.01),
  adapter: () => teach('adapters, m = 2', adapters(2), 0.03),
  prefixSlow: () => teach('prefix, P = 4', prefixes(4), 0.01),
  prefix: () => teach('prefix, P = 4', prefixes(4), 0.1),
};
const done = new Map<keyof typeof ways, Learned>();
export function learned(way: keyof typeof ways): Learned {
  const known = done.get(way) ?? ways[way]();
  done.set(way, known);
  return known;
}

/** The untouched model's loss on a word. */
export const baseLoss = (word: string) => {
  const { read, targets } = rows(word);
  return sequenceLoss(gptForward(read, base, settings).logits, targets).loss;
};
