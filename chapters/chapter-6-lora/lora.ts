/**
 * Chapter 6, topic 1: low-rank adaptation. A trained layer stays as it is; beside it runs a narrow detour, down to r numbers
 * and up again, and only the detour learns. Afterwards the two are added into one matrix, and nothing is left to pay.
 */
import { ShapeError, Tensor, showShape, zeros } from '#tensor';
import { attentionBackward, attentionForward, causalMask } from '../chapter-5-transformer/attention.ts';
import { feedForward, feedForwardBackward } from '../chapter-5-transformer/feed-forward.ts';
import type { FeedForwardCache } from '../chapter-5-transformer/feed-forward.ts';
import type { GptSettings, GptWeights } from '../chapter-5-transformer/gpt.ts';
import {
  mergeHeads,
  projectBackward,
  projectForward,
  splitHeads,
} from '../chapter-5-transformer/multi-head-attention.ts';
import type { MultiHeadWeights, ProjectCache } from '../chapter-5-transformer/multi-head-attention.ts';
import type { AttentionCache } from '../chapter-5-transformer/attention.ts';
import { frozenGptBackward, frozenGptForward } from './frozen-gpt.ts';
import type { FrozenGptCache } from './frozen-gpt.ts';

/** A low-rank detour, or the gradients of a loss with respect to it. */
export interface LoraWeights {
  /** (r, in) down */
  A: Tensor;
  /** (out, r) up */
  B: Tensor;
}

export interface LoraCache {
  /** (…, in) */
  x: Tensor;
  /** (…, r) x Aᵀ */
  low: Tensor;
  /** (out, in), frozen */
  w: Tensor;
  adapter: LoraWeights;
  /** α / r */
  scale: number;
}

/** The detours of one attention: beside its queries' and its values' projection, as in the paper. */
export interface AttentionLora {
  q: LoraWeights;
  v: LoraWeights;
}

export interface LoraAttentionCache {
  q: LoraCache;
  k: ProjectCache;
  v: LoraCache;
  attention: AttentionCache;
  o: ProjectCache;
}

export type LoraGptCache = FrozenGptCache<LoraAttentionCache, FeedForwardCache>;

/**
 * The start of a detour: A random, B zero, so that at first nothing changes, and yet B has a gradient.
 *
 *   A = z / √in      (r, in)
 *   B = 0            (out, r)
 *
 * @param z   (r, in) standard normal random numbers
 * @param out ≥ 1
 * @returns A (r, in) and B (out, r)
 * @throws ShapeError when z is not a matrix
 * @see Hu et al. 2022, "LoRA: low-rank adaptation of large language models", §4.1
 */
export function loraInit(z: Tensor, out: number): LoraWeights {
  throw new Error('TODO: loraInit');
}

/**
 * A frozen linear layer with a detour.
 *
 *   y = x wᵀ + b + (α/r) · (x Aᵀ) Bᵀ      (…, out)
 *
 * The detour is computed in this order, through r numbers: A and B are never multiplied with each other.
 *
 * @param x       (…, in) tokens, with one or more axes in front
 * @param w       (out, in) frozen
 * @param b       (out) frozen
 * @param adapter A (r, in), B (out, r); r ≥ 1
 * @param alpha   α: divided by r, so that another rank does not ask for another learning rate
 * @returns y (…, out), and the cache for loraBackward
 * @throws ShapeError when A and B do not fit each other or w: also where broadcasting would hide it (a B with one row)
 * @see Hu et al. 2022, eq. 3
 */
export function loraForward(
  x: Tensor,
  w: Tensor,
  b: Tensor,
  adapter: LoraWeights,
  alpha: number,
): { y: Tensor; cache: LoraCache } {
  throw new Error('TODO: loraForward');
}

/**
 * The gradients of the detour. w and b are frozen: nobody wants theirs. But x went both ways, so both bring a gradient back.
 *
 *   dlow = (α/r) · dy B                       (…, r)
 *   dB   = (α/r) · Σ over tokens of dyᵀ low   (out, r)
 *   dA   = Σ over tokens of dlowᵀ x           (r, in)
 *   dx   = dy w + dlow A                      (…, in)
 *
 * @param dy    (…, out) upstream gradient of y
 * @param cache from loraForward
 * @returns dx (…, in), and adapter: the gradients of A and B
 */
export function loraBackward(dy: Tensor, cache: LoraCache): { dx: Tensor; adapter: LoraWeights } {
  throw new Error('TODO: loraBackward');
}

/**
 * Adds a detour into the matrix beside which it ran: the layer then does the same at no extra cost.
 *
 *   w′ = w + (α/r) · B A      (out, in)
 *
 * @param w       (out, in); not changed
 * @param adapter A (r, in), B (out, r)
 * @param alpha   α
 * @returns w′ (out, in)
 * @throws ShapeError when they do not fit: also where broadcasting would hide it (a B with one row)
 */
export function mergeLora(w: Tensor, adapter: LoraWeights, alpha: number): Tensor {
  throw new Error('TODO: mergeLora');
}

/**
 * Takes a detour out again, to put another one in: mergeLora undone, but for rounding.
 *
 * @param w       (out, in) with the detour added; not changed
 * @param adapter the same A and B
 * @param alpha   the same α
 * @returns (out, in) without it
 * @throws ShapeError when they do not fit
 */
export function unmergeLora(w: Tensor, adapter: LoraWeights, alpha: number): Tensor {
  throw new Error('TODO: unmergeLora');
}

/**
 * How many numbers there are to train, when every layer of a model gets detours beside the same matrices.
 *
 *   per matrix (out, in): r · in for A and out · r for B
 *
 * @param layers   how many layers the model has
 * @param matrices [out, in] of each matrix of one layer that gets a detour
 * @param rank     r
 * @returns a whole number
 * @see Hu et al. 2022, table 2 and §4.2
 */
export function loraParameterCount(layers: number, matrices: [out: number, inputs: number][], rank: number): number {
  throw new Error('TODO: loraParameterCount');
}

/**
 * Self-attention with detours beside the projections of queries and values, and everything else frozen.
 *
 *   q = splitHeads(lora(x, wQ, bQ, adapters.q))      (B, h, T, C/h)
 *   k = splitHeads(x wKᵀ + bK)
 *   v = splitHeads(lora(x, wV, bV, adapters.v))
 *   y = mergeHeads(attention(q, k, v, mask)) wOᵀ + bO      (B, T, C)
 *
 * @param x        (B, T, C)
 * @param mask     (T, T), or any shape that broadcasts to (B, h, T, T)
 * @param weights  of multi-head attention; frozen
 * @param adapters q and v, A (r, C) and B (C, r) each
 * @param alpha    α, the same for both
 * @param heads    h, divides C
 * @returns y (B, T, C), and the cache for loraAttentionBackward
 */
export function loraAttentionForward(
  x: Tensor,
  mask: Tensor,
  weights: MultiHeadWeights,
  adapters: AttentionLora,
  alpha: number,
  heads: number,
): { y: Tensor; cache: LoraAttentionCache } {
  throw new Error('TODO: loraAttentionForward');
}

/**
 * The way back through it. Frozen matrices pass the gradient on and keep none.
 *
 *   dx = the sum of what comes back through queries, keys and values      (B, T, C)
 *
 * @param dy    (B, T, C) upstream gradient of y
 * @param cache from loraAttentionForward
 * @returns dx (B, T, C), and adapters: the gradients of A and B of q and of v
 */
export function loraAttentionBackward(dy: Tensor, cache: LoraAttentionCache): { dx: Tensor; adapters: AttentionLora } {
  throw new Error('TODO: loraAttentionBackward');
}

/**
 * Chapter 5's GPT, frozen, with detours in the attention of every block.
 *
 * `frozenGptForward` (given) runs the GPT with sublayers of your choice: here the attention is loraAttentionForward under a
 * causal mask, and the feed-forward layer is the GPT's own.
 *
 * @param index    (B, T) in rows: tokens
 * @param base     the frozen GPT
 * @param adapters one AttentionLora for each block
 * @param alpha    α
 * @param settings of the GPT: heads, activation
 * @returns logits (B, T, V), and the cache for loraGptBackward
 */
export function loraGptForward(
  index: number[][],
  base: GptWeights,
  adapters: AttentionLora[],
  alpha: number,
  settings: GptSettings,
): { logits: Tensor; cache: LoraGptCache } {
  throw new Error('TODO: loraGptForward');
}

/**
 * The way back: gradients for the detours, and for nothing else.
 *
 * `frozenGptBackward` (given) walks back through the blocks and returns, for each block, all that the two backward functions
 * returned.
 *
 * @param dlogits (B, T, V) upstream gradient of the logits
 * @param cache   from loraGptForward
 * @returns for each block, the first one first, the gradients of its adapters
 */
export function loraGptBackward(dlogits: Tensor, cache: LoraGptCache): AttentionLora[] {
  throw new Error('TODO: loraGptBackward');
}
