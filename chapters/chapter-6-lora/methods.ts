/**
 * Five ways to teach a trained GPT something new, each as the same four things: what is trained, how the model runs with it,
 * the gradients, and what has to be kept meanwhile. All of it is made of your own functions; nothing here is yours to write.
 */
import { Tensor, normal } from '#tensor';
import type { Random } from '#tensor';
import { causalMask } from '../chapter-5-transformer/attention.ts';
import { selfAttentionBackward, selfAttentionForward } from '../chapter-5-transformer/encoder.ts';
import type { EncoderBlockWeights } from '../chapter-5-transformer/encoder.ts';
import { feedForward, feedForwardBackward } from '../chapter-5-transformer/feed-forward.ts';
import { gptBackward, gptForward } from '../chapter-5-transformer/gpt.ts';
import type { GptSettings, GptWeights } from '../chapter-5-transformer/gpt.ts';
import { projectForward } from '../chapter-5-transformer/multi-head-attention.ts';
import { countParameters } from '../chapter-5-transformer/parameters.ts';
import { adapterBackward, adapterForward, adapterInit } from './adapter.ts';
import type { AdapterWeights } from './adapter.ts';
import { frozenGptBackward, frozenGptForward } from './frozen-gpt.ts';
import { loraGptBackward, loraGptForward, loraInit, mergeLora } from './lora.ts';
import type { AttentionLora } from './lora.ts';
import { prefixSelfAttentionBackward, prefixSelfAttentionForward } from './prefix-tuning.ts';
import type { Prefix } from './prefix-tuning.ts';
import { BLOCK, dequantizeMatrix, quantizeMatrix } from './quantization.ts';
import type { QuantizedMatrix } from './quantization.ts';

/** A model with something in it that learns. W: what learns. */
export interface Method<W> {
  name: string;
  /** for the terminal's chart */
  letter: string;
  start: W;
  learningRate: number;
  /** logits (B, T, V), and a function from their gradient to that of W */
  run: (index: number[][], learned: W) => { logits: Tensor; back: (dlogits: Tensor) => W };
  /** bytes that the frozen part takes */
  frozenBytes: number;
}

/** Whatever it is that learns: the lab only ever takes it apart and puts it together. */
export type AnyMethod = Method<unknown>;

/** Numbers in 64 bits. */
const bytesOf = (tree: unknown) => 8 * countParameters(tree);

/** While it learns, each number has beside it a gradient and Adam's two moments. */
export const memoryOf = ({ start, frozenBytes }: AnyMethod): number => frozenBytes + 4 * bytesOf(start);

export interface Sizes {
  /** of LoRA */
  rank: number;
  alpha: number;
  /** m, of the adapters */
  bottleneck: number;
}

/** Every number learns. */
export function fullMethod(base: GptWeights, settings: GptSettings, learningRate: number): Method<GptWeights> {
  return {
    name: 'full',
    letter: 'f',
    start: base,
    learningRate,
    run(index, weights) {
      const { logits, cache } = gptForward(index, weights, settings);
      return { logits, back: (dlogits) => gptBackward(dlogits, cache) };
    },
    frozenBytes: 0,
  };
}

const detours = (base: GptWeights, rank: number, rng: Random): AttentionLora[] =>
  base.blocks.map(({ attention: { wQ } }) => {
    const [out, inputs] = wQ.shape;
    const one = () => loraInit(normal([rank, inputs], rng), out);
    return { q: one(), v: one() };
  });

/** Detours beside the projections of queries and values. */
export function loraMethod(
  base: GptWeights,
  settings: GptSettings,
  { rank, alpha }: Sizes,
  rng: Random,
  learningRate: number,
): Method<AttentionLora[]> {
  return {
    name: 'LoRA',
    letter: 'l',
    start: detours(base, rank, rng),
    learningRate,
    run(index, adapters) {
      const { logits, cache } = loraGptForward(index, base, adapters, alpha, settings);
      return { logits, back: (dlogits) => loraGptBackward(dlogits, cache) };
    },
    frozenBytes: bytesOf(base),
  };
}

/** The GPT in which the detours have been added into their matrices. */
export function merged(base: GptWeights, adapters: AttentionLora[], alpha: number): GptWeights {
  const blocks = base.blocks.map((block, i) => {
    const { wQ, wV } = block.attention;
    const { q, v } = adapters[i];
    return { ...block, attention: { ...block.attention, wQ: mergeLora(wQ, q, alpha), wV: mergeLora(wV, v, alpha) } };
  });
  return { ...base, blocks };
}

interface BlockAdapters {
  attention: AdapterWeights;
  feedForward: AdapterWeights;
}

/** A bottleneck after each sublayer. */
export function adapterMethod(
  base: GptWeights,
  { heads, activation }: GptSettings,
  { bottleneck }: Sizes,
  rng: Random,
  learningRate: number,
): Method<BlockAdapters[]> {
  const C = base.tokens.shape[1];
  const one = () => adapterInit(normal([bottleneck, C], rng));
  return {
    name: 'adapter',
    letter: 'a',
    start: base.blocks.map(() => ({ attention: one(), feedForward: one() })),
    learningRate,
    run(index, adapters) {
      const mask = causalMask(index[0].length, index[0].length);
      const { logits, cache } = frozenGptForward(index, base, (block, i) => ({
        attention: (t) => {
          const inner = selfAttentionForward(t, mask, block.attention, heads);
          const after = adapterForward(inner.y, adapters[i].attention);
          return { y: after.y, cache: { inner: inner.cache, after: after.cache } };
        },
        feedForward: (t) => {
          const inner = feedForward(t, block.feedForward, activation);
          const after = adapterForward(inner.y, adapters[i].feedForward);
          return { y: after.y, cache: { inner: inner.cache, after: after.cache } };
        },
      }));
      return {
        logits,
        back: (dlogits) =>
          frozenGptBackward(
            dlogits,
            (dy, { inner, after }) => {
              const { dx, weights } = adapterBackward(dy, after);
              return { dx: selfAttentionBackward(dx, inner).dx, weights };
            },
            (dy, { inner, after }) => {
              const { dx, weights } = adapterBackward(dy, after);
              return { dx: feedForwardBackward(dx, inner).dx, weights };
            },
            cache,
          ).map((block) => ({ attention: block.attention.weights, feedForward: block.feedForward.weights })),
      };
    },
    frozenBytes: bytesOf(base),
  };
}

/**
 * The keys and values that the base itself makes of a few tokens, block by block: a prefix begins as a piece of text, as in the
 * paper (Li & Liang 2021), and not as noise.
 */
function keysAndValues(base: GptWeights, { heads, activation }: GptSettings, tokens: number[]): Prefix[] {
  const mask = causalMask(tokens.length, tokens.length);
  const prefixes: Prefix[] = [];
  frozenGptForward([tokens], base, ({ attention: a, feedForward: f }) => ({
    attention: (t) => {
      prefixes.push({ k: projectForward(t, a.wK, a.bK).y.row(0), v: projectForward(t, a.wV, a.bV).y.row(0) });
      return selfAttentionForward(t, mask, a, heads);
    },
    feedForward: (t) => feedForward(t, f, activation),
  }));
  return prefixes;
}

/** Keys and values more in every attention, at first those of the given tokens. */
export function prefixMethod(
  base: GptWeights,
  settings: GptSettings,
  tokens: number[],
  learningRate: number,
): Method<Prefix[]> {
  const { heads, activation } = settings;
  return {
    name: 'prefix',
    letter: 'p',
    start: keysAndValues(base, settings, tokens),
    learningRate,
    run(index, prefixes) {
      const mask = causalMask(index[0].length, index[0].length);
      const { logits, cache } = frozenGptForward(index, base, (block, i) => ({
        attention: (t) => prefixSelfAttentionForward(t, mask, block.attention, prefixes[i], heads),
        feedForward: (t) => feedForward(t, block.feedForward, activation),
      }));
      return {
        logits,
        back: (dlogits) =>
          frozenGptBackward(dlogits, prefixSelfAttentionBackward, feedForwardBackward, cache).map(
            ({ attention }) => attention.prefix,
          ),
      };
    },
    frozenBytes: bytesOf(base),
  };
}

// LoRA on a quantised base

/** A block whose six matrices are bytes. */
interface PackedBlock {
  rest: EncoderBlockWeights;
  matrices: QuantizedMatrix[];
}

/** The matrices of a block, and the block with others in their place. */
const matricesOf = ({ attention: a, feedForward: f }: EncoderBlockWeights) => [a.wQ, a.wK, a.wV, a.wO, f.w1, f.w2];
const withMatrices = (block: EncoderBlockWeights, [wQ, wK, wV, wO, w1, w2]: Tensor[]): EncoderBlockWeights => ({
  ...block,
  attention: { ...block.attention, wQ, wK, wV, wO },
  feedForward: { ...block.feedForward, w1, w2 },
});

/** Whether the rows of every block's matrices can be cut into blocks of 32. */
export const canBePacked = (base: GptWeights) =>
  base.blocks.every((block) => matricesOf(block).every((w) => w.shape[1] % BLOCK === 0));

export function packBlocks(base: GptWeights, format: 'q8_0' | 'q4_0'): PackedBlock[] {
  return base.blocks.map((block) => ({
    rest: block,
    matrices: matricesOf(block).map((w) => quantizeMatrix(w, format)),
  }));
}

/** The GPT that the bytes stand for. */
export const unpackBlocks = (base: GptWeights, packed: PackedBlock[]): GptWeights => ({
  ...base,
  blocks: packed.map(({ rest, matrices }) => withMatrices(rest, matrices.map(dequantizeMatrix))),
});

/** Detours in 64 bits beside matrices in 4. They are unpacked whenever the model runs, and forgotten. */
export function qloraMethod(
  base: GptWeights,
  settings: GptSettings,
  sizes: Sizes,
  rng: Random,
  learningRate: number,
): Method<AttentionLora[]> {
  const packed = packBlocks(base, 'q4_0');
  const bytes = packed.flatMap(({ matrices }) => matrices.map((m) => m.bytes.length)).reduce((a, b) => a + b, 0);
  const matrices = base.blocks.flatMap(matricesOf);
  return {
    name: 'QLoRA',
    letter: 'q',
    start: detours(base, sizes.rank, rng),
    learningRate,
    run(index, adapters) {
      const { logits, cache } = loraGptForward(index, unpackBlocks(base, packed), adapters, sizes.alpha, settings);
      return { logits, back: (dlogits) => loraGptBackward(dlogits, cache) };
    },
    frozenBytes: bytesOf(base) - bytesOf(matrices) + bytes,
  };
}
